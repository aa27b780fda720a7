/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.c - for tests/e2e/wb55_save.sh: things that take 87 ms, all at once, in the middle of which
 * the machine is saved and loaded again. All is checked at the end only, and said in exact numbers.
 */
#include "test.h"

#define BYTES 1000u
#define FRAME_BITS 10u
#define DIVIDER 34u /* 4 MHz / 34: 117647 baud */

static uint8_t text[BYTES];
static uint32_t copy[BYTES / 4];
static volatile unsigned tim16_updates;

void irq_TIM1_UP_TIM16(void)
{
    TIM16_SR = 0;
    tim16_updates++;
}

static void start_timers(void)
{
    TIM2_PSC = 0;
    TIM2_ARR = ~0u;
    TIM2_EGR = 1;
    TIM2_CR1 = 1;
    TIM16_PSC = 3;
    TIM16_ARR = 999; /* 1 ms */
    TIM16_EGR = 1;
    TIM16_SR = 0;
    TIM16_DIER = 1;
    TIM16_CR1 = 1;
    irq_enable(IRQ_TIM1_UP_TIM16);
}

/* DMA1 channel 1 feeds USART1; 15 is its request (RM0434 table "DMAMUX1 requests"). */
static void start_usart(void)
{
    DMAMUX1_C0CR = 15;
    DMA1_CPAR1 = (uint32_t)&USART1_TDR;
    DMA1_CMAR1 = (uint32_t)text;
    DMA1_CNDTR1 = BYTES;
    DMA1_CCR1 = 1u << 7 | 1u << 4 | 1u << 0; /* MINC, from memory, EN */
    USART1_BRR = DIVIDER;
    USART1_CR3 = 1u << 7;           /* DMAT */
    USART1_CR1 = 1u << 0 | 1u << 3; /* UE, TE */
}

/* DMA1 channel 2 copies a word each update of TIM16: request 34. */
static void start_copy(void)
{
    DMAMUX1_C1CR = 34;
    DMA1_CPAR2 = FLASH_MEMORY;
    DMA1_CMAR2 = (uint32_t)copy;
    DMA1_CNDTR2 = 50;
    /* 32 bits on both sides, MINC, PINC, from the peripheral's side, EN */
    DMA1_CCR2 = 2u << 10 | 2u << 8 | 1u << 7 | 1u << 6 | 1u << 0;
    TIM16_DIER |= 1u << 8; /* UDE */
}

static unsigned words_right(void)
{
    unsigned right = 0;

    while (right < 50 && copy[right] == ((const uint32_t *)FLASH_MEMORY)[right]) {
        right++;
    }
    return right;
}

void test(void)
{
    uint32_t took;

    clocks_on();
    for (unsigned i = 0; i < BYTES; i++) {
        text[i] = (uint8_t)('a' + i % 26);
    }
    start_timers();
    start_usart();
    start_copy();
    /* by itself it never wakes here but for TIM16 */
    while (!(DMA1_ISR & 1u << 1)) {
        wfi();
    }
    wait_until(&USART1_ISR, 1u << 6, 1u << 6, ~0u);
    took = TIM2_CNT;
    /* and one idle frame, which TE begins with */
    CHECK_RANGE("1001 frames took so many cycles", took, (BYTES + 1) * FRAME_BITS * DIVIDER,
                (BYTES + 1) * FRAME_BITS * DIVIDER + 100);
    note_hex("exactly", took);
    CHECK_EQ("ticks of 1 ms in that time", tim16_updates, took / 4000);
    CHECK_EQ("words copied by the timer's request", words_right(), 50);
    CHECK_EQ("no DMA error", DMA1_ISR & 0x88, 0);
    note_hex("cycles of the core", cycles());
}
