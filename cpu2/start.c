// SPDX-License-Identifier: Apache-2.0
/* start.c - vectors and reset. */
#include <stdbool.h>

#include "chip.h"

extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];
extern uint32_t __bss_b_start[], __bss_b_end[], __stack_top[];

int main(void);
_Noreturn void reset_handler(void);
_Noreturn void start_again(void);
_Noreturn void halt(void);

static void clear(uint32_t *from, const uint32_t *end)
{
    while (from < end) {
        *from++ = 0;
    }
}

struct vector_table {
    uint32_t *stack_top;
    void (*exception[15])(void);
    void (*irq[IRQ_COUNT])(void);
};

extern const struct vector_table vectors;

_Noreturn void reset_handler(void)
{
    SCB_VTOR = (uint32_t)&vectors;
    for (uint32_t *to = __data_start, *from = __data_load; to < __data_end;) {
        *to++ = *from++;
    }
    clear(__bss_start, __bss_end);
    clear(__bss_b_start, __bss_b_end);
    main();
    halt();
}

/* As after a reset, but for the peripherals. */
_Noreturn void start_again(void)
{
    __asm__ volatile("msr msp, %0\n\tcpsie i\n\tbx %1" ::"r"(__stack_top), "r"(reset_handler));
    __builtin_unreachable();
}

/* A fault of CPU2's own: CPU1 and the debugger see it stand still. */
_Noreturn void halt(void)
{
    __asm__ volatile("cpsid i");
    for (;;) {
        __asm__ volatile("bkpt 0");
    }
}

#define WEAK __attribute__((weak, alias("halt")))

WEAK void exc_NMI(void);
WEAK void exc_HardFault(void);
WEAK void exc_SVCall(void);
WEAK void exc_PendSV(void);
WEAK void exc_SysTick(void);

#define WEAK_IRQ(number, name) WEAK void irq_##name(void);
CPU2_IRQS(WEAK_IRQ)

volatile bool interrupted; /* main.c: something may have come up */

#define ENTRY(number, name)                                                                        \
    static void enter_##name(void)                                                                 \
    {                                                                                              \
        interrupted = true;                                                                        \
        irq_##name();                                                                              \
    }
#define VECTOR(number, name) [number] = enter_##name,

CPU2_IRQS(ENTRY)

__attribute__((section(".vectors"), used)) const struct vector_table vectors = {
    .stack_top = __stack_top,
    .exception =
        {
            [0] = reset_handler,
            [1] = exc_NMI,
            [2] = exc_HardFault,
            [10] = exc_SVCall,
            [13] = exc_PendSV,
            [14] = exc_SysTick,
        },
    .irq = {CPU2_IRQS(VECTOR)},
};
