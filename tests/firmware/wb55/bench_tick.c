/* SPDX-License-Identifier: Apache-2.0 */
/* bench_tick.c - for tests/bench: 100 s at 64 MHz, asleep but for SysTick at 1 kHz. */
#include "test.h"

#define TICKS 100000u

static volatile uint32_t ticks;

void exc_SysTick(void)
{
    ticks++;
}

void test(void)
{
    clock_64mhz();
    SYST_RVR = core_hz / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    while (ticks < TICKS) {
        wfi();
    }
    finish();
}
