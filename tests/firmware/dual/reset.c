/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reset.c - CPU1 resets the chip in the middle of a fight for a semaphore, again and again:
 * afterwards nothing of HSEM and IPCC is left of either core, and both fight on as if for the first
 * time.
 */
#include "dual.h"

#ifndef RESETS
#define RESETS 20u
#endif
#define MUTEX 3

enum { WON, BROKEN, STALE };
enum { OWNER, STOP }; /* shared memory */

static void fight(struct result *r)
{
    if (try_lock(MUTEX)) {
        r->counts[BROKEN] += SHARED->memory[OWNER] != 0;
        SHARED->memory[OWNER] = CORE;
        pause_for(r->counts[WON] % 7);
        r->counts[BROKEN] += SHARED->memory[OWNER] != CORE;
        SHARED->memory[OWNER] = 0;
        r->counts[WON]++;
        unlock(MUTEX, 0);
    }
    /* some state of IPCC that a reset must clear, and interrupts on their way */
    MY_SCR = CHANNEL(5) << 16 | CHANNEL(6) << 16 | CHANNEL(5);
    HSEM_ICR = 1u << MUTEX;
}

#if CORE == 1

#define RCC_CSR_SFTRSTF (1u << 28)
#define RCC_CSR_RMVF (1u << 23)

static __attribute__((section(".noinit"))) uint32_t resets, stale;

/* Before CPU2 is started. What it was doing ends a latency after the reset. */
void before_boot(void)
{
    if (!(RCC_CSR & RCC_CSR_SFTRSTF)) {
        resets = stale = 0;
    }
    RCC_CSR |= RCC_CSR_RMVF;
    pause_for(300);
    for (unsigned n = 0; n < 32; n++) {
        stale += HSEM_R(n) != 0;
    }
    stale += SENT_SR || RECEIVED_SR || MY_CR || MY_MR != ~0u || HSEM_IER || HSEM_MISR;
}

void work(struct result *r)
{
    for (uint32_t i = 0; i < 300 + 37 * resets; i++) {
        fight(r);
        pause_for(20 + i % 50);
    }
    if (resets < RESETS) {
        resets++;
        SCB_AIRCR = 0x05fa0004u;
        for (;;) {
        }
    }
    r->counts[STALE] = stale;
    while (!try_lock(MUTEX)) {
    }
    SHARED->memory[STOP] = 1;
    unlock(MUTEX, 0);
}

void judge(const struct result *one, const struct result *two)
{
    CHECK_EQ("resets", resets, RESETS);
    CHECK_EQ("nothing was left after a reset", one->counts[STALE], 0);
    CHECK_EQ("CPU1 never met another owner", one->counts[BROKEN], 0);
    CHECK_EQ("CPU2 never met another owner", two->counts[BROKEN], 0);
    CHECK("both made progress", one->counts[WON] > 20 && two->counts[WON] > 20);
    note_hex("CPU1 won", one->counts[WON]);
    note_hex("CPU2 won", two->counts[WON]);
}

#else

void work(struct result *r)
{
    bool stop = false;

    while (!stop) {
        fight(r);
        while (!try_lock(MUTEX)) {
        }
        stop = SHARED->memory[STOP];
        unlock(MUTEX, 0);
        pause_for(3);
    }
}

#endif
