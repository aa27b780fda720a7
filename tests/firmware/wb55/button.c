/* SPDX-License-Identifier: Apache-2.0 */
/* button.c - sleeps; says on USART1 for how long PC4 was low, and ends when PD1 is. For net.sh. */
#include "test.h"

static void put(const char *text)
{
    for (; *text; text++) {
        while (!(USART1_ISR & (1u << 7))) {
        }
        USART1_TDR = (uint8_t)*text;
    }
    while (!(USART1_ISR & (1u << 6))) {
    }
}

static void put_number(uint32_t value)
{
    char text[11] = {0};
    unsigned at = sizeof(text) - 1;

    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    put(text + at);
}

void irq_EXTI4(void)
{
    static uint32_t since;
    uint32_t now = TIM2_CNT;

    EXTI_PR1 = 1u << 4;
    if (GPIOC_IDR >> 4 & 1) {
        put("PC4 was low for ");
        put_number((now - since + 500) / 1000);
        put(" ms\n");
    }
    since = now;
}

void irq_EXTI1(void)
{
    exit_with(0);
}

void test(void)
{
    clocks_on(); /* the core stays at 4 MHz */
    TIM2_PSC = 3;
    TIM2_ARR = 0xffffffff;
    TIM2_EGR = 1;
    TIM2_CR1 = 1;
    GPIOB_MODER = (GPIOB_MODER & ~(0xfu << 12)) | 0xau << 12; /* PB6, PB7: USART1 */
    GPIOB_AFRL = 0x77u << 24;
    USART1_BRR = 4000000 / 115200;
    USART1_CR1 = 1u << 0 | 1u << 3;
    GPIOC_MODER &= ~(3u << 8);
    GPIOD_MODER &= ~0xfu;
    SYSCFG_EXTICR1 = 3u << 4; /* EXTI1: PD1 */
    SYSCFG_EXTICR2 = 2;       /* EXTI4: PC4 */
    EXTI_FTSR1 |= 1u << 4 | 1u << 1;
    EXTI_RTSR1 |= 1u << 4;
    EXTI_C1IMR1 |= 1u << 4 | 1u << 1;
    irq_enable(IRQ_EXTI4);
    irq_enable(IRQ_EXTI1);
    for (;;) {
        wfi();
    }
}
