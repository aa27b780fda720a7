/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h - the wall clock as a ceiling: virtual time runs at most so much faster. */
#ifndef ORRERY_BROKER_PACE_H
#define ORRERY_BROKER_PACE_H

#include <stdint.h>

struct pace {
    double rate;                  /* virtual seconds per wall second; 0: no pacing */
    uint64_t wall_ns, virtual_ns; /* they were these at the same moment */
};

void orrery_pace_start(struct pace *pace, double rate, uint64_t wall_ns, uint64_t virtual_ns);

/*
 * The ceiling now, in steps of 1 ms of wall time. An ensemble that has fallen behind (bound_ns:
 * how far everybody is) by more than 200 ms of wall time, because the host is too slow or
 * somebody sits in a debugger, does not race to catch up: the clock waits for it.
 */
uint64_t orrery_pace_ceiling(struct pace *pace, uint64_t wall_ns, uint64_t bound_ns);

/* Wall time until the ceiling will have reached virtual_ns, in us: at least one step. */
int64_t orrery_pace_wait_us(const struct pace *pace, uint64_t ceiling_ns, uint64_t virtual_ns);

#endif
