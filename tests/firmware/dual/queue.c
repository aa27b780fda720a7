/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.c - producer and consumer: CPU1 puts numbers into a ring in SRAM2a, CPU2 takes them out. A
 * semaphore guards the ring; who finds it taken sleeps until the semaphore's interrupt.
 */
#include "dual.h"

#ifndef ITEMS
#define ITEMS 5000u
#endif
#define GUARD 7
#define SLOTS 8u

enum { MOVED, WRONG, AGAIN }; /* AGAIN: the ring was full, or empty */
enum { HEAD, TAIL, RING };

static uint32_t item(uint32_t n)
{
    return n * 2246822519u + 1;
}

/* One item, if there is room, or one there. */
static bool move(struct result *r, uint32_t n)
{
    volatile uint32_t *m = SHARED->memory;
    bool can;

    lock(GUARD);
    can = CORE == 1 ? m[HEAD] - m[TAIL] < SLOTS : m[HEAD] != m[TAIL];
    if (can && CORE == 1) {
        m[RING + m[HEAD] % SLOTS] = item(n);
        m[HEAD]++;
    } else if (can) {
        r->counts[WRONG] += m[RING + m[TAIL] % SLOTS] != item(n);
        m[TAIL]++;
    }
    unlock(GUARD, 0);
    return can;
}

void work(struct result *r)
{
    for (uint32_t n = 0; n < ITEMS; n++) {
        while (!move(r, n)) {
            r->counts[AGAIN]++;
            pause_for(20);
        }
        r->counts[MOVED]++;
        pause_for(n * 7 % 31);
    }
}

#if CORE == 1
void judge(const struct result *one, const struct result *two)
{
    CHECK_EQ("CPU1 put all", one->counts[MOVED], ITEMS);
    CHECK_EQ("CPU2 took all", two->counts[MOVED], ITEMS);
    CHECK_EQ("in order, each once", two->counts[WRONG], 0);
    CHECK("the ring was full or empty at times", one->counts[AGAIN] + two->counts[AGAIN] > 0);
}
#endif
