/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latency_rx.c - tells when bytes came from the link.
 *
 * For lm3s6965evb with -DBOARD_SYSCLK_DIV=1, see latency_tx.c. The processor sleeps in WFI with
 * interrupts on, so the interrupt handler begins at the arrival itself. It reads the timer some
 * instructions later; how many is found out at the start, by sending a byte to itself through the
 * UART's loopback (data sheet 12.2.6), which in QEMU takes no time. Unlike the writer, the
 * sleeper wakes at any nanosecond, so that its clock is off the 16 ns grid: what remains is the
 * 5 ns that SysTick counts.
 *
 * Prints "rx I byte B in A..Z ns" once a byte: it came at A at the earliest and at Z at the latest.
 */
#include "board.h"
#include "print.h"
#include "uart.h"

#ifndef COUNT
#define COUNT 100
#endif
#define LINK_UART 0
#define INSTRUCTION_NS 16u
#define SYSTICK_NS (BOARD_SYSTICK_HALF_NS / 2u)

static uint64_t next_instruction(uint64_t ns)
{
    return (ns + INSTRUCTION_NS - 1) / INSTRUCTION_NS * INSTRUCTION_NS;
}

/* Nanoseconds from an arrival to the time that the interrupt handler reads. */
static unsigned measure_lag(void)
{
    uint32_t control = UART_CTL(UART_BASE(LINK_UART));
    struct uart_byte b;
    uint32_t before;
    uint64_t tick_ns, written_ns;

    UART_CTL(UART_BASE(LINK_UART)) = control | UART_CTL_LBE;
    tick_ns = timebase_next_tick_ns();
    __asm__ volatile("ldr %0, [%1]\n\t"
                     "str %3, [%2]"
                     : "=&r"(before)
                     : "r"(&SYST_CVR), "r"(&UART_DR(UART_BASE(LINK_UART))), "r"(0)
                     : "memory");
    while (!uart_read(LINK_UART, &b)) {
    }
    UART_CTL(UART_BASE(LINK_UART)) = control;
    written_ns = next_instruction(tick_ns - before * SYSTICK_NS) + INSTRUCTION_NS;
    return (unsigned)(next_instruction(b.at_ns) - written_ns);
}

int main(void)
{
    unsigned count = 0, wrong = 0, lag_ns;
    struct uart_byte b;

    console_init();
    uart_init(LINK_UART, 115200);
    lag_ns = measure_lag();
    print("latency_rx: the handler reads the timer %u ns after an arrival\n", lag_ns);
    while (count < COUNT) {
        /* A byte that comes between the two is in the ring with its time; the tick ends the sleep.
         */
        cpu_wfi();
        while (uart_read(LINK_UART, &b)) {
            uint64_t earliest_ns = b.at_ns - lag_ns;

            count++;
            print("rx %u byte %u in %llu..%llu ns\n", count, b.byte, earliest_ns,
                  earliest_ns + SYSTICK_NS);
            wrong += b.byte != (uint8_t)count;
        }
    }
    wrong += uart_errors(LINK_UART);
    print("latency_rx: %u received, %u wrong\n", count, wrong);
    return wrong != 0;
}
