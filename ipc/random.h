/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - the one generator for whatever a run draws from its seed: jitter, line faults, torn
 * flash. */
#ifndef ORRERY_RANDOM_H
#define ORRERY_RANDOM_H

#include <stdint.h>

/* xorshift64* (Vigna 2016). *state is not 0; the upper bits are the better ones. */
static inline uint64_t orrery_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Is it one of so many draws of 10^9? */
static inline int orrery_happens(uint64_t draw, uint32_t ppb)
{
    return (draw >> 32) * UINT64_C(1000000000) >> 32 < ppb;
}

#endif
