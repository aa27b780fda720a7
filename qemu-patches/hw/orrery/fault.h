/*
 * Orrery: faults of what comes in at a port
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * They hit at the receiving end, when a message arrives: there the time of each is exact, however
 * early its sender knew of it, and a delay can only make it later than the link's latency.
 */
#ifndef HW_ORRERY_FAULT_H
#define HW_ORRERY_FAULT_H

#include "member.h"

typedef struct OrreryFaults {
    uint64_t random; /* state of the generator; never 0 */
    uint64_t delay_ns;
    struct {
        uint32_t ppb;     /* of 10^9; 0: off */
        uint32_t of_link; /* what the manifest gives the link */
        uint32_t left;    /* hits so many more, unless without_limit */
        bool without_limit;
    } kinds[ORRERY_FAULT_COUNT];
} OrreryFaults;

/* As the manifest gives the link of @port, which others may then change at its times. */
void orrery_faults_init(OrreryFaults *f, const OrreryPortInfo *port);

/* Is what comes now hit? Of faults that are not certain each call draws. */
bool orrery_faults_hit(OrreryFaults *f, enum orrery_fault kind);

#endif
