/* SPDX-License-Identifier: Apache-2.0 */
/*
 * race.c - a data race: both cores add to one word with nothing to guard it. How many additions get
 * lost depends on what runs when; it leaves the chip as a message on LPUART1. -DGUARDED takes a
 * semaphore.
 */
#include "dual.h"

#define ADDITIONS 3000u
#define GUARD 5

void work(struct result *r)
{
    for (uint32_t i = 0; i < ADDITIONS; i++) {
#ifdef GUARDED
        lock(GUARD);
#endif
        uint32_t sum = SHARED->memory[0];

        pause_for(i % 3);
        SHARED->memory[0] = sum + 1;
#ifdef GUARDED
        unlock(GUARD, 0);
#endif
        pause_for(i * 5 % 11);
    }
    r->counts[0] = ADDITIONS;
}

#if CORE == 1
static void say(uint32_t value)
{
    LPUART1_BRR = 64000000u / 115200u * 256u;
    LPUART1_CR1 = 1u | 1u << 3; /* UE, TE */
    for (unsigned i = 0; i < 4; i++) {
        while (!(LPUART1_ISR & 1u << 7)) {
        }
        LPUART1_TDR = "0123456789abcdef"[value >> (12 - 4 * i) & 15];
    }
    while (!(LPUART1_ISR & 1u << 6)) {
    }
}

void judge(const struct result *one, const struct result *two)
{
    uint32_t sum = SHARED->memory[0];

    CHECK_EQ("both added", one->counts[0] + two->counts[0], 2 * ADDITIONS);
#ifdef GUARDED
    CHECK_EQ("and none was lost", sum, 2 * ADDITIONS);
#else
    CHECK_RANGE("some were lost", sum, ADDITIONS, 2 * ADDITIONS - 1);
#endif
    note_hex("sum", sum);
    say(sum);
}
#endif
