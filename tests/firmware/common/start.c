/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - vectors, reset and unexpected exceptions. See test.h. */
#include "test.h"

extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];
extern uint32_t __stack_top[];

_Noreturn void reset_handler(void);
_Noreturn void run_test(void);

_Noreturn void reset_handler(void)
{
    for (uint32_t *to = __data_start, *from = __data_load; to < __data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = __bss_start; to < __bss_end;) {
        *to++ = 0;
    }
    run_test();
}

/* IPSR is the number of the active exception; the external ones start at 16 (DDI 0403E B1.5.2). */
_Noreturn void unexpected_exception(void)
{
    uint32_t ipsr;

    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    note_hex("unexpected exception", ipsr);
    note_hex("CFSR", SCB_CFSR);
    note_hex("BFAR", SCB_BFAR);
    note_fault();
    exit_with(3);
}

__attribute__((weak)) void note_fault(void)
{
}

#define WEAK __attribute__((weak, alias("unexpected_exception")))

WEAK void exc_NMI(void);
WEAK void exc_MemManage(void);
WEAK void exc_BusFault(void);
WEAK void exc_UsageFault(void);
WEAK void exc_SVCall(void);
WEAK void exc_DebugMon(void);
WEAK void exc_PendSV(void);
WEAK void exc_SysTick(void);

#define WEAK_IRQ(number, name) WEAK void irq_##name(void);
TEST_IRQS(WEAK_IRQ)

struct vector_table {
    uint32_t *stack_top;
    void (*exception[15])(void);
    void (*irq[IRQ_COUNT])(void);
};

#define VECTOR(number, name) [number] = irq_##name,

__attribute__((section(".vectors"), used)) static const struct vector_table vectors = {
    .stack_top = __stack_top,
    .exception =
        {
            [0] = reset_handler,
            [1] = exc_NMI,
            [2] = exc_HardFault,
            [3] = exc_MemManage,
            [4] = exc_BusFault,
            [5] = exc_UsageFault,
            [10] = exc_SVCall,
            [11] = exc_DebugMon,
            [13] = exc_PendSV,
            [14] = exc_SysTick,
        },
    .irq = {TEST_IRQS(VECTOR)},
};
