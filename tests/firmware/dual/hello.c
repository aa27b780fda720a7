/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.c - for examples/dual.yaml, built for each core. CPU1 says hello on USART1 (the ST-LINK's
 * serial port) and starts CPU2. CPU2 has no UART: it writes its greeting into SRAM2a and sets
 * channel 1 of the IPCC; CPU1 prints it and clears the channel. After three greetings it is over.
 */
#if CORE == 1
#include "test.h"
#else
#include "chip.h"
#endif

#define GREETING ((volatile char *)0x20030000)
#define GREETINGS 3

#if CORE == 1

#define C2BOOT (1u << 15)

static void say(const volatile char *text)
{
    for (; *text; text++) {
        wait_until(&USART1_ISR, 1u << 7, 1u << 7, ~0u); /* TXFNF */
        USART1_TDR = (uint8_t)*text;
    }
}

/* PB6 and PB7 are USART1's (alternate function 7), 115200 baud. */
static void set_up(void)
{
    clock_64mhz();
    RCC_EXTCFGR = 8u << 4; /* C2HPRE: CPU2 at 32 MHz */
    RCC_AHB2ENR |= 1u << 1;
    RCC_AHB3ENR |= 1u << 20; /* IPCC */
    RCC_APB2ENR |= 1u << 14;
    GPIOB_MODER = (GPIOB_MODER & ~(15u << 12)) | 10u << 12;
    GPIOB_AFRL |= 0x77u << 24;
    USART1_BRR = (64000000 + 115200 / 2) / 115200;
    USART1_CR1 = 1u << 3 | 1u << 0; /* TE, UE */
}

void test(void)
{
    set_up();
    say("CPU1: hello, I start CPU2\r\n");
    PWR_CR4 |= C2BOOT;
    for (unsigned i = 0; i < GREETINGS; i++) {
        wait_until(&IPCC_C2TOC1SR, 1, 1, ~0u);
        say(GREETING);
        IPCC_C1SCR = 1; /* taken */
    }
    say("CPU1: bye\r\n");
    wait_until(&USART1_ISR, 1u << 6, 1u << 6, ~0u); /* TC */
}

#else

int main(void);

/* The channel is CPU2's to write when CPU1 has taken what was there. */
static void greet(const char *text)
{
    unsigned i = 0;

    while (IPCC_C2TOC1SR & 1) {
    }
    do {
        GREETING[i] = text[i];
    } while (text[i++]);
    IPCC_C2SCR = 1u << 16;
}

int main(void)
{
    RCC_C2AHB3ENR |= RCC_AHB3_IPCC;
    greet("CPU2: hello, I am the Cortex-M0+\r\n");
    greet("CPU2: we share flash and SRAM, and each is a QEMU of its own\r\n");
    greet("CPU2: good night\r\n");
    for (;;) {
        wfi();
    }
}

#endif
