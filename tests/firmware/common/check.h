/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - what a test program for a machine of ours (stm32wb55, st33) is made of.
 *
 * A program is one C file with a `void test(void)` that makes checks; each becomes a line of TAP in
 * tests/e2e/. Verdicts leave by semihosting (SYS_WRITE0), so that they need no peripheral. The
 * part's test.h includes this after its registers.h, and says what is set up after reset.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "armv7m.h"

/* The program. */
void test(void);

/* --- checks --------------------------------------------------------------------------------- */

/* Names are unique in a program; a name may be built with name(). */
#define CHECK(what, condition) check((what), (condition), #condition)
#define CHECK_EQ(what, got, wanted) check_eq((what), (got), (wanted))
/* low <= got <= high; for times, in whatever unit. */
#define CHECK_RANGE(what, got, low, high) check_range((what), (got), (low), (high))

void check(const char *what, bool pass, const char *condition);
void check_eq(const char *what, uint64_t got, uint64_t wanted);
void check_range(const char *what, uint64_t got, uint64_t low, uint64_t high);

/* "first second"; the text lives until the next call. */
const char *name(const char *first, const char *second);

/* A line that is no verdict. */
void note(const char *text);
void note_hex(const char *text, uint32_t value);

/* End the program now: 0 if all checks passed, else 1. test() returning does the same. */
_Noreturn void finish(void);
_Noreturn void exit_with(unsigned code);

/* --- core ----------------------------------------------------------------------------------- */

_Noreturn void unexpected_exception(void);
/* What the machine adds to what that notes; nothing, unless there is one. */
void note_fault(void);
void exc_NMI(void);
void exc_HardFault(void);
void exc_MemManage(void);
void exc_BusFault(void);
void exc_UsageFault(void);
void exc_SVCall(void);
void exc_DebugMon(void);
void exc_PendSV(void);
void exc_SysTick(void);

static inline void irq_enable(unsigned irq)
{
    NVIC_ISER(irq / 32) = 1u << (irq % 32);
}

static inline void irq_disable(unsigned irq)
{
    NVIC_ICER(irq / 32) = 1u << (irq % 32);
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static inline bool irq_pending(unsigned irq)
{
    return NVIC_ISPR(irq / 32) >> (irq % 32) & 1u;
}

static inline void irq_clear(unsigned irq)
{
    NVIC_ICPR(irq / 32) = 1u << (irq % 32);
}

static inline void irqs_off(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void irqs_on(void)
{
    __asm__ volatile("cpsie i\n\tisb" ::: "memory");
}

static inline void wfi(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

static inline void wfe(void)
{
    __asm__ volatile("dsb\n\twfe" ::: "memory");
}

/* Access an address that may fault: false if it did. Uses exc_HardFault. */
bool try_read(uint32_t address, uint32_t *value);
bool try_write(uint32_t address, uint32_t value);

/* --- clocks and time ------------------------------------------------------------------------ */

/* Frequency of the core now; whoever changes the clock tree by hand sets it. */
extern uint32_t core_hz;

/* DWT's cycle counter; main() has started it. It stands still in Sleep. */
static inline uint32_t cycles(void)
{
    return DWT_CYCCNT;
}

/* Virtual time since `from` (a value of cycles()), at today's core_hz. */
uint64_t ns_since(uint32_t from);

/* Busy-wait. */
void delay_cycles(uint32_t count);
void delay_us(uint32_t us);

/* Spin until *reg & mask == value; false after `limit` reads. */
bool wait_until(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t limit);

#endif
