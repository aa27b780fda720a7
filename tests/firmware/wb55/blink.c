/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blink.c - for examples/stm32wb55.yaml: LD2 (PB0) blinks at 2 Hz by TIM2's interrupt, each change
 * is said on USART1 (the ST-LINK's serial port) at 115200 baud, and after five blinks it is over.
 */
#include "test.h"

#define LD2 0u /* on port B */
#define BAUD 115200u

static volatile unsigned ticks; /* quarters of a second */

void irq_TIM2(void)
{
    TIM2_SR = 0;
    ticks++;
}

static void say(const char *text)
{
    for (; *text; text++) {
        wait_until(&USART1_ISR, 1u << 7, 1u << 7, ~0u); /* TXFNF */
        USART1_TDR = (uint8_t)*text;
    }
}

static void say_flushed(const char *text)
{
    say(text);
    wait_until(&USART1_ISR, 1u << 6, 1u << 6, ~0u); /* TC */
}

/* PB0 is an output, PB6 and PB7 are USART1's (alternate function 7). */
static void set_up_pins(void)
{
    RCC_AHB2ENR |= 1u << 1;
    GPIOB_MODER = (GPIOB_MODER & ~(3u << 0 | 3u << 12 | 3u << 14)) | 1u << 0 | 2u << 12 | 2u << 14;
    GPIOB_AFRL |= 7u << 24 | 7u << 28;
}

static void set_up_usart(void)
{
    RCC_APB2ENR |= 1u << 14;
    USART1_BRR = (core_hz + BAUD / 2) / BAUD;
    USART1_CR1 = 1u << 0 | 1u << 3; /* UE, TE */
}

/* A quarter of a second. */
static void set_up_timer(void)
{
    RCC_APB1ENR1 |= 1u << 0;
    TIM2_PSC = core_hz / 1000000u - 1;
    TIM2_ARR = 250000 - 1;
    TIM2_EGR = 1; /* UG: loads the prescaler */
    TIM2_SR = 0;
    TIM2_DIER = 1;
    TIM2_CR1 = 1;
    irq_enable(IRQ_TIM2);
}

void test(void)
{
    clock_64mhz();
    set_up_pins();
    set_up_usart();
    set_up_timer();
    say("stm32wb55: LD2 blinks\r\n");
    for (unsigned seen = 0; seen < 10; seen++) {
        while (ticks == seen) {
            wfi();
        }
        GPIOB_BSRR = seen % 2 ? 1u << (16 + LD2) : 1u << LD2;
        say(seen % 2 ? "LD2 off\r\n" : "LD2 on\r\n");
    }
    say_flushed("stm32wb55: done\r\n");
}
