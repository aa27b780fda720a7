/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c - for tests/bench: one thing many times, by CPU1 (-DCPU1=...) and by CPU2 (-DCPU2=...).
 */
#include "dual.h"

#define NOTHING 0
#define BUSY 1  /* 1,600 M instructions; CPU2, at half the clock, 800 M */
#define LOCKS 2 /* 4 million times: take a semaphore, give it back */
#define PLAIN 3 /* 4 million times: read a register that is CPU1's alone, write one */

#define WHAT (CORE == 1 ? CPU1 : CPU2)
#define MILLION 1000000u

void work(struct result *r)
{
    if (WHAT == BUSY) {
        pause_for(800 * MILLION / CORE);
    }
    for (uint32_t i = 0; i < 4 * MILLION && WHAT == LOCKS; i++) {
        r->counts[1] += !try_lock(1);
        unlock(1, 0);
    }
#if CORE == 1
    for (uint32_t i = 0; i < 4 * MILLION && WHAT == PLAIN; i++) {
        r->counts[1] += CRC_POL == 0;
        CRC_INIT = HSEM_OWNER;
    }
#endif
    r->counts[0] = WHAT;
}

#if CORE == 1
void judge(const struct result *one, const struct result *two)
{
    CHECK_EQ("CPU1", one->counts[0], CPU1);
    CHECK_EQ("CPU2", two->counts[0], CPU2);
    CHECK_EQ("as planned", one->counts[1] + two->counts[1], 0);
}
#endif
