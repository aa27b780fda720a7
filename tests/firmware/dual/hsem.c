/* SPDX-License-Identifier: Apache-2.0 */
/* hsem.c - two cores fight for one semaphore, and only who has it touches the memory. */
#include "dual.h"

#ifndef ATTEMPTS
#define ATTEMPTS 20000u /* of each core */
#endif
#define MUTEX 3

enum { WON, LOST, BROKEN };
enum { OWNER, COUNT }; /* shared memory */

static __attribute__((noinline)) void critical_section(struct result *r, uint32_t turn)
{
    uint32_t count;

    r->counts[BROKEN] += SHARED->memory[OWNER] != 0;
    SHARED->memory[OWNER] = CORE;
    count = SHARED->memory[COUNT];
    pause_for(turn % 5);
    SHARED->memory[COUNT] = count + 1;
    r->counts[BROKEN] += SHARED->memory[OWNER] != CORE;
    SHARED->memory[OWNER] = 0;
    r->counts[WON]++;
}

void work(struct result *r)
{
    uint32_t noise = CORE;

    for (uint32_t i = 0; i < ATTEMPTS; i++) {
        uint8_t process = i & 1 ? i & 0xff : 0;

        if (process ? try_lock_as(MUTEX, process) : try_lock(MUTEX)) {
            critical_section(r, i);
            unlock(MUTEX, process);
        } else {
            r->counts[LOST]++;
        }
        noise = noise * 1664525u + 1013904223u;
        pause_for(noise >> 29);
    }
}

#if CORE == 1
void judge(const struct result *one, const struct result *two)
{
    uint32_t won = one->counts[WON] + two->counts[WON];

    CHECK_EQ("CPU1 never met another owner", one->counts[BROKEN], 0);
    CHECK_EQ("CPU2 never met another owner", two->counts[BROKEN], 0);
    CHECK_EQ("each lock counted once", SHARED->memory[COUNT], won);
    CHECK_EQ("every attempt won or lost", won + one->counts[LOST] + two->counts[LOST],
             2 * ATTEMPTS);
    CHECK_RANGE("CPU1 made progress", one->counts[WON], ATTEMPTS / 20, ATTEMPTS);
    CHECK_RANGE("CPU2 made progress", two->counts[WON], ATTEMPTS / 20, ATTEMPTS);
    CHECK("there was contention", one->counts[LOST] + two->counts[LOST] > ATTEMPTS / 20);
    CHECK("the semaphore is free", HSEM_R(MUTEX) == 0);
    note_hex("CPU1 won", one->counts[WON]);
    note_hex("CPU2 won", two->counts[WON]);
}
#endif
