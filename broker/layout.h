/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - from a Plan to lanes, ports and the segment. */
#ifndef ORRERY_BROKER_LAYOUT_H
#define ORRERY_BROKER_LAYOUT_H

#include "orrery.h"
#include "plan.h"

/* To and from another end of the same link. */
struct layout_lane {
    unsigned tx, rx; /* lanes, as the instance sees them */
    const char *peer;
    uint8_t path_db; /* of a radio */
};

/* Where a link or attach ends at an instance. */
struct layout_port {
    Orrery__Link__Kind kind;
    uint32_t pull; /* of a gpio link */
    unsigned member;
    const char *name, *where;       /* the Plan's: serial0, FILE:LINE:COLUMN or empty */
    char full[2 * ORRERY_NAME_MAX]; /* ping.serial0 */
    struct layout_lane *lanes;      /* one for each other end; of an attach one, to the broker */
    size_t lane_count;
    const Orrery__Uart *uart; /* the Plan's, may be NULL */
    struct uart_format format;
    const Orrery__Radio *radio;   /* the Plan's, may be NULL */
    bool script_sends;            /* the plan's script has something for it */
    const Orrery__Attach *attach; /* NULL: it ends at another instance */
};

struct layout {
    struct orrery_member_spec *members;
    size_t member_count;
    struct orrery_lane_spec *lanes;
    size_t lane_count;
    unsigned *leaders;         /* [member]: with whom it is over, 0: nobody */
    unsigned *stimulus_lanes;  /* [member]: from the broker */
    unsigned *answer_lanes;    /* [member]: to the broker, with a script; 0: there is none */
    struct layout_port *ports; /* links' ends in order, then attaches in order */
    size_t port_count, first_attach;
    struct orrery_state_spec *states; /* the Plan's, by the same index */
    size_t state_count;
};

/* Lanes in the manifest's order: for each link and each two of its ends a->b, b->a; for each
 * attach port->broker, broker->port. The plan must outlive the layout. */
struct layout *orrery_layout_create(const Orrery__Plan *plan);
void orrery_layout_destroy(struct layout *layout); /* accepts NULL */

/* The number of the instance of that name; 0: there is none. */
unsigned orrery_layout_member(const struct layout *layout, const char *name);

/* Is it answered by the step's instance? */
bool orrery_layout_is_asked(const Orrery__ScriptStep *step);

/* An attached port's byte may come from the host: its run never starves. */
bool orrery_layout_can_inject(const struct layout_port *port);

/* D of R8. */
uint64_t orrery_layout_reaction_ns(const Orrery__Plan *plan);

/* Make and format the segment. *fd: a sealed memfd. NULL with err filled. */
struct orrery_segment *orrery_layout_segment(const struct layout *layout, const Orrery__Plan *plan,
                                             int *fd, struct orrery_error *err);

#endif
