/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_dma.c - for tests/bench: 100,000 frames at 115200 baud out of USART1, by DMA from a buffer
 * of 1,000 bytes; the core sleeps meanwhile.
 */
#include "test.h"

#define FRAMES 100000u
#define BUFFER 1000u

static uint8_t buffer[BUFFER];
static volatile uint32_t blocks;

void irq_DMA1_CH1(void)
{
    DMA1_IFCR = 0xF;
    blocks++;
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    for (uint32_t i = 0; i < BUFFER; i++) {
        buffer[i] = (uint8_t)i;
    }
    DMAMUX1_C0CR = 15; /* USART1_TX */
    DMA1_CPAR1 = (uint32_t)&USART1_TDR;
    DMA1_CMAR1 = (uint32_t)buffer;
    DMA1_CNDTR1 = BUFFER;
    DMA1_CCR1 = 1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 7; /* EN TCIE DIR CIRC MINC */
    irq_enable(IRQ_DMA1_CH1);
    USART1_BRR = (core_hz + 57600u) / 115200u;
    USART1_CR3 = 1u << 7;           /* DMAT */
    USART1_CR1 = 1u << 0 | 1u << 3; /* UE, TE */
    while (blocks < FRAMES / BUFFER) {
        wfi();
    }
    finish();
}
