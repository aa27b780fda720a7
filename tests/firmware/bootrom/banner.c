/* SPDX-License-Identifier: Apache-2.0 */
/* banner.c - what tests/e2e/stm32flash.sh writes and starts: says so on USART1, 57600 8E1. */
#include "test.h"

static void say(const char *text)
{
    while (*text) {
        while (!(USART1_ISR & 1u << 7)) {
        }
        USART1_TDR = (uint8_t)*text++;
    }
}

void test(void)
{
    RCC_AHB2ENR |= 2;
    RCC_APB2ENR |= 1u << 14;
    GPIOB_AFRL = (GPIOB_AFRL & ~0xff000000u) | 0x77000000;
    GPIOB_MODER = (GPIOB_MODER & ~(0xfu << 12)) | 0xau << 12;
    USART1_BRR = 69; /* 4 MHz MSI */
    USART1_CR1 = 1u << 12 | 1u << 10 | 1u << 3 | 1u;
    for (;;) {
        say("banner: written, verified, started\r\n");
        delay_cycles(400000);
    }
}
