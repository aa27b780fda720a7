/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsem.c - two cores count together, under a semaphore that one of them does not always take;
 * hsem.test.yaml hunts for a seed at which an addition gets lost. How long things take comes from
 * the RNG, and so from the seed. The mistake is marked below.
 */
#include "dual.h"

#define ADDITIONS 100u
#define GUARD 7
#ifndef PATIENCE
#define PATIENCE 164u
#endif

enum { SUM, NOISE }; /* shared memory */

static uint32_t noise;
#if CORE == 1
static uint32_t number; /* of the RNG */
#endif

static uint32_t random_below(uint32_t below)
{
    noise = noise * 1664525u + 1013904223u;
    return (noise >> 16) * below >> 16;
}

/* Here the debugger of a race stops. */
__attribute__((noinline)) static void add(void)
{
    uint32_t sum = SHARED->memory[SUM];

    /* rarely long */
    pause_for(random_below(8) ? 2 : random_below(200));
    SHARED->memory[SUM] = sum + 1;
}

static bool take(void)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (try_lock(GUARD)) {
            return true;
        }
    }
    return false;
}

void work(struct result *r)
{
#if CORE == 1
    SHARED->memory[NOISE] = noise = number;
#else
    while (!SHARED->memory[NOISE]) {
    }
    noise = ~SHARED->memory[NOISE];
#endif
    for (uint32_t i = 0; i < ADDITIONS; i++) {
        bool taken = take();

        add(); /* the mistake: also when it was not taken, "whoever has it has forgotten it" */
        if (taken) {
            unlock(GUARD, 0);
        }
        pause_for(random_below(100));
    }
    r->counts[0] = ADDITIONS;
}

#if CORE == 1

static void say(const char *text)
{
    for (; *text; text++) {
        wait_until(&LPUART1_ISR, 1u << 7, 1u << 7, ~0u);
        LPUART1_TDR = (uint8_t)*text;
    }
    wait_until(&LPUART1_ISR, 1u << 6, 1u << 6, ~0u);
}

void before_boot(void)
{
    RCC_CRRCR |= 1; /* HSI48, which CLK48SEL 0 selects */
    wait_until(&RCC_CRRCR, 2, 2, ~0u);
    RNG_SR = 0;
    RNG_CR = 1u << 2;
    wait_until(&RNG_SR, 1, 1, ~0u);
    number = RNG_DR | 1;
}

void judge(const struct result *one, const struct result *two)
{
    uint32_t wanted = one->counts[0] + two->counts[0];

    LPUART1_BRR = 64000000u / 115200u * 256u;
    LPUART1_CR1 = 1u << 0 | 1u << 3; /* UE, TE */
    if (SHARED->memory[SUM] == wanted) {
        say("hsem: no addition was lost\n");
        return;
    }
    say("hsem: an addition was lost\n");
    for (;;) {
        wfi();
    }
}
#endif
