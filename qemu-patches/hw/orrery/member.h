/*
 * Orrery: this QEMU as a member of a lockstep
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_MEMBER_H
#define HW_ORRERY_MEMBER_H

#include "qom/object.h"
#include "ipc/orrery.h"

#define TYPE_ORRERY_MEMBER "orrery-member"
OBJECT_DECLARE_SIMPLE_TYPE(OrreryMember, ORRERY_MEMBER)

/* Lanes to and from another end of the same link. */
typedef struct OrreryPeer {
    uint32_t tx_lane, rx_lane;
    char *name; /* "mcu.serial0", or "broker" */
    uint32_t path_db; /* of a radio */
} OrreryPeer;

#define EXIT_BROKEN 3 /* something broke at run time */

/* The level of a pin of that name, 0 or 1; -1: there is none. */
typedef int OrreryLevelFn(void *opaque, const char *line);

/* From now on what comes in at a port is hit by a fault: of FAULT, rate_ppb, count and delay_ns. */
typedef void OrreryFaultFn(void *opaque, const struct orrery_stimulus *fault);

/* One port of this instance, as the broker's Welcome describes it. */
typedef struct OrreryPortInfo {
    char *name;
    int kind; /* Orrery__Link__Kind */
    OrreryPeer *peers; /* at least one; of a wire with two ends one */
    size_t peer_count;
    /* peers[0] */
    uint32_t tx_lane, rx_lane;
    /* what the manifest says of a UART: the fastest it may be */
    uint32_t baud;
    uint8_t data_bits, stop_halves;
    char parity;
    bool iso7816; /* both ends are to be set to ISO 7816-3 */
    /* and how it loses frames or turns bits over, in parts of 10^9 */
    uint32_t drop_ppb, corrupt_ppb;
    uint64_t fault_seed;
    OrreryFaultFn *set_fault; /* NULL: who uses it knows no faults */
    void *set_fault_opaque;
    /* of a radio: packets lost, of 10^9 */
    uint64_t radio_seed;
    uint32_t radio_loss_ppb;
    bool used; /* somebody asked for it */
    uint8_t pull; /* of a GPIO link, OrreryNetPull */
} OrreryPortInfo;

/* Called in the vCPU thread with the BQL, at the message's time or at the first instruction
 * boundary after it. */
typedef void OrreryDeliver(void *opaque, const struct orrery_message *msg);

/* An input of the machine, by its name, gets a level from outside. False: there is none. */
typedef bool OrreryLineFn(void *opaque, const char *line, int level);

typedef struct OrreryLane {
    OrreryDeliver *deliver;
    void *opaque;
    bool heard_when_off;
} OrreryLane;

/* Ordered shared state that this instance may touch, as the broker's Welcome names it. */
typedef struct OrreryStateInfo {
    char *name;
    unsigned index; /* in the segment */
} OrreryStateInfo;

struct OrreryMember {
    Object parent_obj;

    /* properties */
    char *broker, *name;
    uint64_t run_id;

    unsigned self;
    struct orrery_segment *seg;
    struct orrery_member *lockstep; /* the vCPU thread's */
    OrreryPortInfo *ports;
    size_t port_count;
    uint32_t stimulus_lane;
    uint32_t answer_lane; /* of a test's questions; 0: it has none */
    char *pictures; /* path and beginning of the names of files for pictures */
    OrreryLineFn *set_line; /* NULL: this machine has no such inputs */
    OrreryLevelFn *get_level; /* NULL: the same */
    void *set_line_opaque; /* of both */
    OrreryStateInfo *states;
    size_t state_count;
    OrreryLane *lanes; /* [lane] */
    char *trace_dir; /* "": the trace is hashed only */
    struct OrreryTrace *trace;
    struct OrreryControl *control;
};

/* The member of this process, or NULL when there is none. */
OrreryMember *orrery_member_get(void);

/* The port of that name, for the device that is going to use it; or NULL. */
const OrreryPortInfo *orrery_member_port(OrreryMember *m, const char *name);

/* Who gets what arrives on a lane. */
void orrery_member_on_message(OrreryMember *m, uint32_t lane,
                              OrreryDeliver *deliver, void *opaque);

/* Who puts faults on what comes in at a port. */
void orrery_member_on_fault(OrreryMember *m, const char *port, OrreryFaultFn *set_fault,
                            void *opaque);

/* What arrives there counts while this instance is off, too: it tells of the world outside. */
void orrery_member_hear_when_off(OrreryMember *m, uint32_t lane);

/* Who gets what a person or script does to the machine's inputs ("orrery button"), and knows the
 * levels of its pins; and calls the latter, when one of them has changed. */
void orrery_member_on_line(OrreryMember *m, OrreryLineFn *set_line, OrreryLevelFn *get_level,
                           void *opaque);
void orrery_member_level_changed(void);

/* Send and trace. vCPU thread only; @now is the clock as the guest reads it. */
void orrery_member_send(OrreryMember *m, uint32_t lane, uint64_t now,
                        uint64_t arrival, const void *payload, size_t len);

/*
 * Something of the guest's that others see and that is no message (an LED): into the trace hash, in
 * the first lane I send on, with the sequence number UINT64_MAX. Nothing without a port.
 */
void orrery_member_note(const char *text);

/* control.c: the broker's REQ/REP calls */
struct OrreryControl *orrery_control_open(OrreryMember *m, Error **errp);
bool orrery_control_hello(OrreryMember *m, char **segment_path, Error **errp);
/* @unused: a port that no device has, or NULL: then the run ends, with a line that says so. */
bool orrery_control_ready(OrreryMember *m, const char *unused, Error **errp);
/* Ask for a reset of this instance, at a virtual time of the broker's. */
bool orrery_control_reset(OrreryMember *m, Error **errp);
void orrery_control_close(struct OrreryControl *control);

/* port.c: the first port that no device of the machine uses, or NULL */
const char *orrery_port_unused(void);

/* pacer.c */
void orrery_pacer_install(OrreryMember *m);
void orrery_pacer_machine_ready(OrreryMember *m);
/* A send may have brought the horizon nearer than the end of the running window. */
void orrery_pacer_sent(void);
/* The time of a reset from outside has come; or of a change of the supply. */
void orrery_pacer_reset(void);
void orrery_pacer_power(bool on);
bool orrery_pacer_is_off(void);

/* trace.c: one SHA-256 per lane I send on; with a directory, what it is of in a file as well */
struct OrreryTrace *orrery_trace_new(struct orrery_segment *seg, const char *dir);
void orrery_trace_add(struct OrreryTrace *trace, uint32_t lane, uint64_t send,
                      uint64_t arrival, uint64_t seq,
                      const void *payload, size_t len);
/* Fold what was sent before @safe into the hashes; nothing below it can come. */
bool orrery_trace_wants_fold(const struct OrreryTrace *trace);
void orrery_trace_fold(struct OrreryTrace *trace, uint64_t safe);
void orrery_trace_finish(struct OrreryTrace *trace, uint64_t cut,
                         struct orrery_segment *seg, unsigned self);

#endif
