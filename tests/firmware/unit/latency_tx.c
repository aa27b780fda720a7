/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latency_tx.c - writes bytes to the link at instants that it knows to the nanosecond.
 *
 * For lm3s6965evb with -DBOARD_SYSCLK_DIV=1: SysTick then counts 5 ns, and with `-icount shift=4`
 * an instruction is 16 ns. The program never sleeps, so every access happens at a multiple of
 * 16 ns after the timer was started, and a reading (rounded down to 5 ns) names one of them. The
 * write is the instruction between two readings of the timer, 16 ns after one and before the other.
 *
 * Prints "tx I byte B at N ns" once a byte. latency_rx, built for the same board with the same
 * definitions, has the same zero, some microseconds of virtual time after power-on; N differs
 * from the times of a trace by that constant. arrival = N + one frame.
 */
#include "board.h"
#include "print.h"
#include "uart.h"

#ifndef COUNT
#define COUNT 100
#endif
#define LINK_UART 0
#define INSTRUCTION_NS 16u

/* Systick counts: before and after the write. */
static void write_between_readings(uint8_t byte, uint32_t *before, uint32_t *after)
{
    __asm__ volatile("ldr %0, [%2]\n\t"
                     "str %4, [%3]\n\t"
                     "ldr %1, [%2]"
                     : "=&r"(*before), "=&r"(*after)
                     : "r"(&SYST_CVR), "r"(&UART_DR(UART_BASE(LINK_UART))), "r"((uint32_t)byte)
                     : "memory");
}

static uint64_t next_instruction(uint64_t ns)
{
    return (ns + INSTRUCTION_NS - 1) / INSTRUCTION_NS * INSTRUCTION_NS;
}

/* Returns when the byte was written; *exact tells whether the two readings agree on it. */
static uint64_t send_at(uint64_t due_ns, uint8_t byte, bool *exact)
{
    uint64_t tick_ns, before_ns, after_ns;
    uint32_t before, after;
    unsigned state;

    while (timer_now_ns() < due_ns) {
    }
    state = irq_save();
    tick_ns = timebase_next_tick_ns();
    write_between_readings(byte, &before, &after);
    irq_restore(state);
    before_ns = next_instruction(tick_ns - before * (BOARD_SYSTICK_HALF_NS / 2u));
    after_ns = next_instruction(tick_ns - after * (BOARD_SYSTICK_HALF_NS / 2u));
    *exact = after_ns - before_ns == 2 * INSTRUCTION_NS;
    return before_ns + INSTRUCTION_NS;
}

int main(void)
{
    unsigned inexact = 0;

    console_init();
    uart_init(LINK_UART, 115200);
    for (unsigned i = 1; i <= COUNT; i++) {
        /* Off any round number, and never near the tick, which comes every 50 ms. */
        uint64_t due_ns = i * (5ull * NS_PER_MS + 1237);
        bool exact;
        uint64_t sent_ns = send_at(due_ns, (uint8_t)i, &exact);

        print("tx %u byte %u at %llu ns%s\n", i, i & 255, sent_ns, exact ? "" : " INEXACT");
        inexact += !exact;
    }
    print("latency_tx: %u sent, %u inexact\n", COUNT, inexact);
    return inexact != 0;
}
