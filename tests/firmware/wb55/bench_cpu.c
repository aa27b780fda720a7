/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_cpu.c - for tests/bench: what compilers' benchmarks do (records, strings, branches, a
 * little arithmetic), with -DPERIOD=N also an interrupt every N cycles of SysTick. It touches
 * nothing but the core, so that any Cortex-M with this memory map runs it.
 */
#include "bench_work.h"
#include "test.h"

#define ROUNDS 4000000u

static struct record records[4];
static volatile uint32_t interrupts;

void exc_SysTick(void)
{
    interrupts++;
}

void test(void)
{
    uint32_t sum;

#ifdef PERIOD
    SYST_RVR = PERIOD - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
#endif
    sum = work(records, ROUNDS);
    SYST_CSR = 0;
    note_hex("sum", sum);
    finish();
}
