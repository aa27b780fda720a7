/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cortexm.c - reset, vectors, SysTick time and semihosting of the Cortex-M boards.
 *
 * Section numbers are those of the Armv7-M Architecture Reference Manual, DDI 0403E.
 */
#include "cortexm.h"

#include "board.h"
#include "print.h"

#define SYSTICK_PERIOD (BOARD_TICK_NS / BOARD_SYSTICK_HALF_NS * 2u)

_Static_assert(SYSTICK_PERIOD <= 1u << 24, "SysTick has 24 bits");
_Static_assert((uint64_t)SYSTICK_PERIOD *BOARD_SYSTICK_HALF_NS == 2ull * BOARD_TICK_NS,
               "a tick is a whole number of clocks");

extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];
extern uint32_t __stack_top[];

int main(void);
_Noreturn void reset_handler(void);

static volatile uint64_t tick_count;

/* --- time ---------------------------------------------------------------------------------- */

/*
 * The counter runs SYSTICK_PERIOD - 1 .. 1, 0, and the interrupt comes on the step to 0. Zero is
 * ambiguous: in QEMU an access whose instruction ends after the deadline reads 0 before the timer
 * has run and the interrupt is pending. It lasts one clock, so read again.
 *
 * What is read is the time rounded down: QEMU's ptimer shows a value until its clock period is
 * over, so 0 <= true time - what timer_now_ns() says <= one clock of SysTick.
 */
static uint32_t systick_read(void)
{
    uint32_t cvr;

    do {
        cvr = SYST_CVR;
    } while (cvr == 0);
    return cvr;
}

uint64_t timer_now_ns(void)
{
    unsigned state = irq_save();
    uint32_t cvr = systick_read();
    uint64_t ticks = tick_count;

    if (SCB_ICSR & SCB_ICSR_PENDSTSET) {
        ticks++;
        cvr = systick_read();
    }
    irq_restore(state);
    return ticks * BOARD_TICK_NS + (SYSTICK_PERIOD - cvr) * BOARD_SYSTICK_HALF_NS / 2u;
}

uint64_t timebase_next_tick_ns(void)
{
    return (tick_count + 1) * BOARD_TICK_NS;
}

__attribute__((weak)) void board_tick(void)
{
}

static void systick_handler(void)
{
    tick_count++;
    board_tick();
}

/* --- CPU ----------------------------------------------------------------------------------- */

unsigned irq_save(void)
{
    unsigned primask;

    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

void irq_restore(unsigned state)
{
    __asm__ volatile("msr primask, %0\n\tisb" ::"r"(state) : "memory");
}

void cpu_wfi(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

_Noreturn void cpu_system_reset(void)
{
    cpu_dsb();
    SCB_AIRCR = SCB_AIRCR_VECTKEY | SCB_AIRCR_SYSRESETREQ;
    cpu_dsb();
    for (;;) {
    }
}

/*
 * Semihosting for AArch32 and AArch64, Arm 100863: BKPT 0xab, operation in r0, its argument in r1.
 * SYS_EXIT cannot carry an exit code on 32 bits; SYS_EXIT_EXTENDED takes a block of two words.
 */
#define SYS_EXIT_EXTENDED 0x20u
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

_Noreturn void board_exit(unsigned code)
{
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, code};
    register uint32_t operation __asm__("r0") = SYS_EXIT_EXTENDED;
    register const uint32_t *argument __asm__("r1") = block;

    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
    for (;;) {
        cpu_wfi();
    }
}

_Noreturn void board_panic(const char *why)
{
    print("panic: %s\n", why);
    board_exit(3);
}

/* --- reset and vectors ---------------------------------------------------------------------- */

static inline void timebase_start(void)
{
#ifndef BOARD_NO_TIMEBASE
    SYST_RVR = SYSTICK_PERIOD - 1;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
#endif
}

_Noreturn void reset_handler(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
    board_clock_init();
    timebase_start();
    for (uint32_t *to = __data_start, *from = __data_load; to < __data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = __bss_start; to < __bss_end;) {
        *to++ = 0;
    }
    board_init();
    irq_restore(0);
    board_exit((unsigned)main());
}

static void fault_handler(void)
{
    board_panic("unexpected exception");
}

__attribute__((weak)) void pendsv_handler(void)
{
    fault_handler();
}

/* IPSR holds the number of the active exception; the external ones start at 16 (B1.5.2). */
static void irq_handler(void)
{
    uint32_t ipsr;

    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    board_irq(ipsr - 16);
}

#define VECTORS_4(handler) handler, handler, handler, handler
#define VECTORS_16(handler)                                                                        \
    VECTORS_4(handler), VECTORS_4(handler), VECTORS_4(handler), VECTORS_4(handler)

struct vector_table {
    uint32_t *stack_top;
    void (*exception[15])(void);
    void (*irq[96])(void);
};

__attribute__((section(".vectors"), used)) static const struct vector_table vectors = {
    .stack_top = __stack_top,
    .exception =
        {
            [0] = reset_handler,
            [1] = fault_handler,  /* NMI */
            [2] = fault_handler,  /* HardFault */
            [3] = fault_handler,  /* MemManage */
            [4] = fault_handler,  /* BusFault */
            [5] = fault_handler,  /* UsageFault */
            [10] = fault_handler, /* SVCall */
            [11] = fault_handler, /* DebugMonitor */
            [13] = pendsv_handler,
            [14] = systick_handler,
        },
    .irq = {VECTORS_16(irq_handler), VECTORS_16(irq_handler), VECTORS_16(irq_handler),
            VECTORS_16(irq_handler), VECTORS_16(irq_handler), VECTORS_16(irq_handler)},
};
