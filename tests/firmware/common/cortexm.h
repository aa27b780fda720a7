/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cortexm.h - core registers of Armv7-M, and what cortexm.c offers to the two boards that have it.
 *
 * Section numbers are those of the Armv7-M Architecture Reference Manual, DDI 0403E.
 */
#ifndef CORTEXM_H
#define CORTEXM_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

/* B3.3 SysTick */
#define SYST_CSR REG32(0xe000e010)
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_CLKSOURCE (1u << 2) /* the processor clock */
#define SYST_RVR REG32(0xe000e014)
#define SYST_CVR REG32(0xe000e018)

/* B3.4 NVIC */
#define NVIC_ISER(n) REG32(0xe000e100 + 4 * (n))
#define NVIC_ICER(n) REG32(0xe000e180 + 4 * (n))
#define NVIC_ISPR(n) REG32(0xe000e200 + 4 * (n))
#define NVIC_ICPR(n) REG32(0xe000e280 + 4 * (n))

/* B3.2 System Control Block */
#define SCB_ICSR REG32(0xe000ed04)
#define SCB_ICSR_PENDSVSET (1u << 28)
#define SCB_ICSR_PENDSTSET (1u << 26)
#define SCB_AIRCR REG32(0xe000ed0c)
#define SCB_AIRCR_VECTKEY (0x05fau << 16)
#define SCB_AIRCR_SYSRESETREQ (1u << 2)
#define SCB_SCR REG32(0xe000ed10)
#define SCB_SCR_SEVONPEND (1u << 4)

static inline void cpu_dsb(void)
{
    __asm__ volatile("dsb" ::: "memory");
}

static inline void cpu_isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

static inline void nvic_enable(unsigned irq)
{
    NVIC_ISER(irq / 32) = 1u << (irq % 32);
}

/* Provided by the board: external interrupt `irq` is active. */
void board_irq(unsigned irq);

/* When the next SysTick interrupt is due. Call it with interrupts masked. */
uint64_t timebase_next_tick_ns(void);

/* A program may define its own. */
void pendsv_handler(void);

/* Reset the whole system; does not return. */
_Noreturn void cpu_system_reset(void);

#endif
