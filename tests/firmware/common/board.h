/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board.h - what a test program may ask of the board it runs on.
 *
 * Three boards implement it: board_b_l475e.c, board_lm3s6965.c and board_virt.c. A program is one
 * or two C files plus everything in common/; it has an int main(void), whose result ends the
 * instance through semihosting.
 *
 * UARTs are numbered as QEMU numbers its serial ports:
 *
 *     board            0                 1                 2
 *     b-l475e-iot01a   USART1 (serial0)  USART2 (serial1)  USART3 (serial2)
 *     lm3s6965evb      UART0  (serial0)  UART1  (serial1)  UART2  (serial2)
 *     riscv32 virt     ns16550 (serial0) pci-serial-2x, first and second port (bus1, bus2)
 *
 * Time is in nanoseconds since the timer was started, which is the first thing that happens after
 * reset, before RAM is initialised: two programs built for the same board with the same
 * definitions therefore agree about where zero is. (On virt it is mtime, and zero is power-on.)
 *
 * Definitions that a program may be built with:
 *
 *     CONSOLE_UART        the UART that print() writes to; 1 unless said otherwise
 *     BOARD_TICK_NS       period of the SysTick interrupt (Cortex-M boards)
 *     BOARD_NO_TIMEBASE   leave SysTick off: no timer runs and timer_*() must not be called
 *     BOARD_SYSCLK_DIV    lm3s6965evb: system clock = 200 MHz / this
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#if defined(BOARD_B_L475E)
#include "b_l475e.h"
#elif defined(BOARD_LM3S6965)
#include "lm3s6965.h"
#elif defined(BOARD_VIRT)
#include "virt.h"
#else
#error "build with -DBOARD_B_L475E, -DBOARD_LM3S6965 or -DBOARD_VIRT"
#endif

#ifndef CONSOLE_UART
#define CONSOLE_UART 1
#endif

#define NS_PER_US 1000u
#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

/* A deadline that never comes. */
#define TIMER_NEVER UINT64_MAX

/* --- start, end ---------------------------------------------------------------------------- */

/* Clock tree only. Runs before .data and .bss exist, so it touches no variable. */
void board_clock_init(void);

/* The rest: interrupt controller, timer interrupt. UARTs are brought up one by one. */
void board_init(void);

/* End the instance with this exit code, by semihosting SYS_EXIT_EXTENDED. */
_Noreturn void board_exit(unsigned code);

/* Say why on the console and exit with code 3. */
_Noreturn void board_panic(const char *why);

/* --- CPU ----------------------------------------------------------------------------------- */

/* Mask interrupts; the result goes back to irq_restore(). */
unsigned irq_save(void);
void irq_restore(unsigned state);

/* Sleep until an interrupt is pending, masked or not. Nothing is lost if it already is. */
void cpu_wfi(void);

/* --- time ---------------------------------------------------------------------------------- */

uint64_t timer_now_ns(void);

/*
 * Sleep in WFI until about ns or the next interrupt of any kind, and return early whenever that
 * is simpler: the caller loops. Call it with interrupts masked, so that no wake-up falls between
 * the caller's check and the sleep.
 */
void timer_sleep_until(uint64_t ns);

/* Called from the SysTick interrupt; a program may define its own. */
void board_tick(void);

/* --- UART ---------------------------------------------------------------------------------- */

/* 8 data bits, no parity, 1 stop bit; receive interrupt on. */
void uart_init(unsigned n, uint32_t baud);
void uart_putc(unsigned n, uint8_t byte);

#endif
