/* SPDX-License-Identifier: Apache-2.0 */
/* ending.h - has the run come to its end, and at which virtual time? */
#ifndef ORRERY_BROKER_ENDING_H
#define ORRERY_BROKER_ENDING_H

#include "orrery.h"

enum ending_kind {
    ENDING_NONE,
    ENDING_TIME,    /* everybody has reached for_ns */
    ENDING_OFF,     /* every instance powered off, with success */
    ENDING_FAILED,  /* a guest failed, and everything before that is done */
    ENDING_STARVED, /* nobody will ever do anything again */
};

struct ending {
    enum ending_kind kind;
    uint64_t at_ns;
    unsigned member;   /* FAILED: who */
    int exit_code;     /* FAILED: its */
    uint64_t watch_ns; /* NONE: a lower bound of this may end it */
};

/* What is known of the members. */
struct ending_members {
    const unsigned *leaders; /* [member]: 0, or the one with which it is over, too; may be NULL */
    const uint32_t
        *power_ons;  /* [member]: put on so often; who has yet to hear of that is not off */
    bool may_return; /* power may yet come back to one that lacks it */
};

/*
 * who: may be NULL.
 * bound_ns: a lower bound taken before this call, so that whoever keeps it down is seen here.
 * ceiling_ns: who sleeps beyond it stands there. for_ns: 0, or the end asked for.
 * can_wake: something from outside may still come.
 */
struct ending orrery_ending(const struct orrery_segment *seg, const struct ending_members *who,
                            uint64_t bound_ns, uint64_t ceiling_ns, uint64_t for_ns, bool can_wake);

#endif
