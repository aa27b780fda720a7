/* SPDX-License-Identifier: Apache-2.0 */
/* pair_two.c - CPU2 as a tool of pair_one.c. */
#include "pair.h"

#include "chip.h"

#define SCB_AIRCR REG32(0xe000ed0c)
#define SCB_SCR REG32(0xe000ed10)
#define SCR_SLEEPDEEP (1u << 2)
#define RCC_AHB2ENR REG32(0x5800004c)
#define HSEM_R3 REG32(0x5800140c)
#define HSEM_RLR3 REG32(0x5800148c)
#define HSEM_MINE 0x80000800u
#define FLASH_KEYR REG32(0x58004008)
#define FLASH_CR REG32(0x58004014)
#define FLASH_C2SR REG32(0x58004060)
#define FLASH_C2CR REG32(0x58004064)
#define EXTI_PR1 REG32(0x5800080c)
#define EXTI_PR2 REG32(0x5800082c)

int main(void);

static volatile uint32_t events;

void irq_RCC_FLASH_C1SEV(void)
{
    EXTI_PR2 = 1u << 9;
    events++;
}

void irq_EXTI0_1(void)
{
    EXTI_PR1 = 1;
    events += 256;
}

void irq_IPCC_HSEM(void)
{
    IPCC_C2MR |= 1; /* the main loop looks at the flag */
}

void irq_RADIO(void)
{
    RADIO_SR = RADIO_COMPARE3;
}

/* The radio's time goes on while the system is in Stop. */
static void nap(uint32_t us)
{
    RADIO_CCR3 = RADIO_TIME + us;
    RADIO_CCER = RADIO_CC3;
    RADIO_IER = RADIO_COMPARE3;
    irq_enable(IRQ_RADIO);
    SCB_SCR |= SCR_SLEEPDEEP;
    wfi();
    SCB_SCR &= ~SCR_SLEEPDEEP;
    RADIO_IER = 0;
    IPCC_C2SCR = 1u << 16;
}

static void spin(uint32_t rounds)
{
    while (rounds--) {
        __asm__ volatile("");
    }
}

static uint32_t program(uint32_t at, uint32_t low, uint32_t high)
{
    FLASH_KEYR = 0x45670123;
    FLASH_KEYR = 0xcdef89ab;
    FLASH_C2CR = 1u << 1 | (at - 0x08000000) / 4096 << 3;
    FLASH_C2CR |= 1u << 16;
    while (FLASH_C2SR & (1u << 16)) {
    }
    FLASH_C2CR = 1;
    REG32(at) = low;
    REG32(at + 4) = high;
    while (FLASH_C2SR & (1u << 16)) {
    }
    FLASH_C2CR = 0;
    FLASH_CR |= 1u << 31;
    return FLASH_C2SR;
}

static uint32_t toggle(uint32_t times)
{
    uint32_t wrong = 0, mine = 0;

    while (times--) {
        while (HSEM_RLR3 != HSEM_MINE) {
        }
        wrong += (RCC_AHB2ENR & 2) != mine;
        RCC_AHB2ENR ^= 2;
        mine ^= 2;
        HSEM_R3 = 0x800;
        spin(times % 13);
    }
    return wrong;
}

static uint32_t obey(uint32_t order, uint32_t a, uint32_t b, uint32_t c)
{
    switch (order) {
    case ORDER_PING:
        return SCB_VTOR;
    case ORDER_READ:
        return REG32(a);
    case ORDER_WRITE:
        REG32(a) = b;
        return REG32(a);
    case ORDER_CALL:
        return ((uint32_t(*)(void))(uintptr_t)(a | 1))();
    case ORDER_PROGRAM:
        return program(a, b, c);
    case ORDER_SPIN:
        spin(a);
        return 0;
    case ORDER_TOGGLE:
        return toggle(a);
    case ORDER_EVENT:
        return events;
    case ORDER_RESET:
        SCB_AIRCR = 0x05fa0004;
        for (;;) {
        }
    default:
        return 0;
    }
}

int main(void)
{
    RCC_C2AHB3ENR |= 3u << 19 | 1u << 25;
    PAIR->boots++;
    irq_enable(IRQ_IPCC_HSEM);
    irq_enable(IRQ_RCC_FLASH_C1SEV);
    irq_enable(IRQ_EXTI0_1);
    IPCC_C2CR = IPCC_CR_RXOIE;
    for (;;) {
        uint32_t order, a;

        IPCC_C2MR &= ~1u;
        while (!(IPCC_C1TOC2SR & 1)) {
            wfi();
        }
        SCB_SCR &= ~SCR_SLEEPDEEP;
        order = PAIR->order;
        a = PAIR->a;
        PAIR->result = obey(order, a, PAIR->b, PAIR->c);
        IPCC_C2SCR = 1;
        if (order == ORDER_DEEP) {
            SCB_SCR |= SCR_SLEEPDEEP;
        } else if (order == ORDER_SEND) {
            spin(a);
            IPCC_C2SCR = 1u << 16;
        } else if (order == ORDER_NAP) {
            nap(a);
        }
    }
}
