/* SPDX-License-Identifier: Apache-2.0 */
/* conductor_parts.h - how conductor.c, conductor_commands.c and conductor_script.c share the work.
 * Private to these three; all of it runs in the conductor's thread. */
#ifndef ORRERY_BROKER_CONDUCTOR_PARTS_H
#define ORRERY_BROKER_CONDUCTOR_PARTS_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "broker.h"
#include "pace.h"

struct call;
struct mailbox;
struct script;
struct trace;

struct conductor {
    struct broker *broker;
    struct orrery_segment *seg;
    struct orrery_member *self;
    pthread_t thread;

    struct mailbox *mailbox;

    /* the conductor's own */
    struct trace *trace;   /* NULL: no hash wanted */
    struct script *script; /* NULL: none */
    int *port_of_lane;     /* [lane]: index into layout->ports, -1 */
    bool can_inject, has_output;
    uint64_t for_ns, limit_ns; /* limit: the batch goal, for_ns rounded up to a turn */
    uint64_t goal_ns;          /* the ceiling goes there and no further */
    uint64_t floor_ns;         /* everybody has been there: no stop and no input before it */
    bool hold_at_goal;         /* and then everybody stays */
    bool parked_there;         /* the goal is where a park stopped them */
    bool script_over;          /* and the run ends, or has been told to stand */
    bool throttled;            /* more input waits at the ceiling */
    bool paced;
    struct pace pace;
    uint64_t parked_at; /* wall time */
    GQueue waiters;     /* calls answered at the goal */
    struct call *asked; /* the call whose step an open script is at; NULL: none */

    atomic_bool holding, over, ended_well;
    _Atomic uint64_t started_ns; /* wall time, 0: not yet */
};

/* ---- conductor.c ---- */

/* Up to the end of a turn. */
uint64_t conductor_round_up(const struct conductor *c, uint64_t ns);
/* R9. False: call (may be NULL) has its error. */
bool conductor_park(struct conductor *c, int timeout_ms, uint64_t *c_ns, struct call *call);

/* ---- conductor_commands.c: what people ask ---- */

void conductor_pause(struct conductor *c, struct call *call);
void conductor_step(struct conductor *c, uint64_t ns, struct call *call);
void conductor_until(struct conductor *c, uint64_t ns, struct call *call);
void conductor_resume(struct conductor *c, struct call *call);
void conductor_fail_waiters(struct conductor *c, const char *why);
void conductor_publish(struct conductor *c, Orrery__Event__Kind kind, uint64_t at_ns);
void conductor_start_pacing(struct conductor *c);
void conductor_run_freely(struct conductor *c);

/* ---- conductor_script.c: what a test asks ---- */

/* Everybody is there: those who sleep beyond the ceiling may yet be woken at it. */
uint64_t conductor_reached(const struct conductor *c, uint64_t bound_ns);
/* R8: how far the script lets everybody go. What it does at the broker's word goes into the input.
 */
uint64_t conductor_follow_script(struct conductor *c, uint64_t bound_ns);
/* Is the script over? Then so is the run, or everybody stands there for a debugger. True: just now,
 * and they may be there already. */
bool conductor_end_script(struct conductor *c);
/* What the script says of a run that ended well. */
void conductor_end_by_script(struct conductor *c, uint64_t end_ns, bool all_off);
/* Which bound the conductor waits for on its behalf. */
uint64_t conductor_script_need(struct conductor *c, uint64_t bound_ns, uint64_t word);

/* An open script: a call brings its next step, or its end. */
void conductor_perform(struct conductor *c, struct call *call);
/* The call is answered once its step is done and everybody stands. */
void conductor_answer_step(struct conductor *c, uint64_t bound_ns);
void conductor_fail_step(struct conductor *c, const char *why);
/* Is the script without a step? And does everybody stand, until one comes? */
bool conductor_script_asks(const struct conductor *c);
bool conductor_awaits_step(const struct conductor *c, uint64_t bound_ns);

#endif
