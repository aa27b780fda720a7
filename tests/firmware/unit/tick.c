/* SPDX-License-Identifier: Apache-2.0 */
/* tick.c - sleeps in WFI through TICKS ticks of SysTick, 1 ms each; exit code 0. */
#include "board.h"
#include "print.h"

#ifndef TICKS
#define TICKS 100000u
#endif

static volatile unsigned ticks;

void board_tick(void)
{
    ticks++;
}

int main(void)
{
    unsigned wakes = 0;

    console_init();
    for (; ticks < TICKS; wakes++) {
        cpu_wfi();
    }
    print("tick: %u ticks, woke %u times, %llu ns\n", ticks, wakes, timer_now_ns());
    return wakes < TICKS - 1 || wakes > TICKS + 1;
}
