/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analog.c - COMP, TSC, LCD and SAI1: the flags that drivers wait for, their interrupts and times.
 *
 * On the pins (analog.yaml): PA1 (IN6) 1 V, PA3 (IN8) a sine of 1 kHz about 0.6 V, PA4 (IN9) 0.8 V.
 */
#include "test.h"

#define VALUE (1u << 30)
#define EXTI_COMP2 (1u << 21)

static volatile unsigned comp_edges, tsc_irqs, lcd_irqs, sai_irqs;
static volatile uint32_t sai_flags;

void irq_COMP(void)
{
    comp_edges++;
    EXTI_PR1 = EXTI_COMP2;
}

void irq_TSC(void)
{
    tsc_irqs++;
    TSC_ICR = 3;
}

void irq_LCD(void)
{
    lcd_irqs++;
    LCD_CLR = 0xa;
}

void irq_SAI1(void)
{
    sai_irqs++;
    sai_flags |= SAI1_ASR;
    SAI1_ACLRFR = 0x7f;
}

static void comp(void)
{
    uint32_t half = 1u | 2u << 7 | 1u << 23 | 1u << 22 | 1u << 4; /* PA1 and 1/2 VREFINT */

    COMP1_CSR = half;
    CHECK("1 V is above half of VREFINT", COMP1_CSR & VALUE);
    GPIOB_AFRL = 12; /* PB0: COMP1_OUT */
    GPIOB_MODER = (GPIOB_MODER & ~3u) | 2;
    CHECK("its output on a pin", GPIOB_IDR & 1);
    COMP1_CSR = half | 1u << 15;
    CHECK("inverted", !(COMP1_CSR & VALUE));
    CHECK("the pin, too", !(GPIOB_IDR & 1));
    COMP1_CSR = 1u | 2u << 7 | 1u << 23 | 3u << 4;
    CHECK("1 V is below VREFINT", !(COMP1_CSR & VALUE));
    COMP1_CSR = 1u | 2u << 7 | 7u << 4 | 2u << 25;
    CHECK("1 V is above PA4", COMP1_CSR & VALUE);
    COMP1_CSR = half | 1u << 31;
    COMP1_CSR = 0;
    CHECK_EQ("LOCK holds", COMP1_CSR, half | 1u << 31 | VALUE);

    EXTI_RTSR1 |= EXTI_COMP2;
    EXTI_C1IMR1 |= EXTI_COMP2;
    irq_enable(IRQ_COMP);
    COMP2_CSR = 1u | 2u << 7 | 1u << 23 | 1u << 22 | 1u << 4; /* PA3 */
    delay_us(10000);
    CHECK_RANGE("rising edges in 10 ms", comp_edges, 9, 11);
    COMP2_CSR = 0;
    irq_disable(IRQ_COMP);
}

static void tsc(void)
{
    uint32_t start;

    TSC_CR = 1u | 3u << 28 | 3u << 24 | 2u << 5 | 4u << 12; /* 1023 counts, by 16 */
    TSC_IOGCSR = 1;
    CHECK_EQ("TSC: no flag", TSC_ISR, 0);
    start = cycles();
    TSC_CR |= 2;
    CHECK("TSC: START stays", TSC_CR & 2);
    CHECK("TSC: ends", wait_until(&TSC_ISR, 1, 1, 1000000));
    CHECK_RANGE("TSC: us of 1023 charge transfers", ns_since(start) / 1000, 2557, 2640);
    CHECK_EQ("TSC: without electrode", TSC_ISR, 3);
    CHECK("TSC: START falls", !(TSC_CR & 2));
    CHECK_EQ("TSC: the group is not complete", TSC_IOGCSR, 1);
    TSC_ICR = 3;
    CHECK_EQ("TSC: cleared", TSC_ISR, 0);
    TSC_IER = 1;
    irq_enable(IRQ_TSC);
    TSC_CR |= 2;
    delay_us(5000);
    CHECK_EQ("TSC: interrupt", tsc_irqs, 1);
    irq_disable(IRQ_TSC);
}

static void lcd(void)
{
    uint32_t start;

    CHECK_EQ("LCD: FCR is synchronised", LCD_SR, 0x20);
    LCD_FCR = 3u << 22 | 0u << 18; /* by 8, by 16: 256 Hz with LSE */
    CHECK_EQ("LCD: FCRSF falls", LCD_SR & 0x20, 0);
    CHECK("LCD: FCRSF rises", wait_until(&LCD_SR, 0x20, 0x20, 100000));
    LCD_CR = 1u | 3u << 2; /* 1/4 duty: 64 frames a second */
    CHECK("LCD: ENS", LCD_SR & 1);
    CHECK("LCD: RDY", wait_until(&LCD_SR, 0x10, 0x10, 1000000));
    LCD_CR = 1u;
    CHECK_EQ("LCD: CR is locked while enabled", LCD_CR, 1u | 3u << 2);
    LCD_RAM_COM0 = 0x12345678;
    LCD_SR = 4;
    LCD_RAM_COM0 = 0;
    CHECK_EQ("LCD: RAM is locked after UDR", LCD_RAM_COM0, 0x12345678);
    CHECK("LCD: UDD", wait_until(&LCD_SR, 8, 8, 1000000));
    CHECK_EQ("LCD: UDR falls", LCD_SR & 4, 0);
    LCD_CLR = 0xa;
    CHECK_EQ("LCD: UDD is cleared", LCD_SR & 8, 0);
    wait_until(&LCD_SR, 2, 2, 1000000);
    LCD_CLR = 2;
    start = cycles();
    wait_until(&LCD_SR, 2, 2, 1000000);
    CHECK_RANGE("LCD: us of a frame", ns_since(start) / 1000, 15500, 15700);
    LCD_FCR |= 2;
    LCD_CLR = 2;
    irq_enable(IRQ_LCD);
    delay_us(50000);
    CHECK_RANGE("LCD: interrupts in 50 ms", lcd_irqs, 3, 4);
    LCD_CR = 3u << 2;
    CHECK_EQ("LCD: off", LCD_SR & 0x11, 0);
    irq_disable(IRQ_LCD);
}

/* Both master: A sends, B receives; 16 MHz by 5 and 256: 12.5 kHz, two slots */
static void sai(void)
{
    uint32_t start;

    RCC_CR |= 1u << 8; /* HSI16 */
    wait_until(&RCC_CR, 1u << 10, 1u << 10, 10000);
    RCC_CCIPR = (RCC_CCIPR & ~(3u << 22)) | 2u << 22;
    SAI1_ACR1 = 7u << 5 | 5u << 20;
    SAI1_AFRCR = 63;
    SAI1_ASLOTR = 3u << 16 | 1u << 8;
    CHECK_EQ("SAI: FIFO is empty", SAI1_ASR, 8);
    for (unsigned i = 0; i < 8; i++) {
        SAI1_ADR = i;
    }
    CHECK_EQ("SAI: FIFO is full", SAI1_ASR, 5u << 16);
    start = cycles();
    SAI1_ACR1 |= 1u << 16;
    wait_until(&SAI1_ASR, 7u << 16, 0, 100000);
    CHECK_RANGE("SAI: us for eight words at 12.5 kHz", ns_since(start) / 1000, 318, 324);
    CHECK("SAI: underrun", wait_until(&SAI1_ASR, 1, 1, 100000));
    SAI1_AIM = 1;
    irq_enable(IRQ_SAI1);
    delay_us(100);
    CHECK("SAI: interrupt of the underrun", sai_irqs && (sai_flags & 1));
    irq_disable(IRQ_SAI1);
    SAI1_ACR1 = 0;

    SAI1_BCR1 = 1u | 7u << 5 | 5u << 20;
    SAI1_BFRCR = 63;
    SAI1_BSLOTR = 3u << 16 | 1u << 8;
    SAI1_BCR1 |= 1u << 16;
    CHECK("SAI: receiver fills", wait_until(&SAI1_BSR, 7u << 16, 5u << 16, 100000));
    CHECK("SAI: overrun", wait_until(&SAI1_BSR, 1, 1, 100000));
    CHECK_EQ("SAI: hears zeros", SAI1_BDR, 0);
    SAI1_BCR1 = 0;
    SAI1_BCR2 = 8;
    CHECK_EQ("SAI: flushed", SAI1_BSR >> 16, 0);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    comp();
    tsc();
    if (lse_on()) {
        RCC_BDCR = (RCC_BDCR & ~0x300u) | 0x8100; /* RTCEN, RTCSEL: LSE */
        lcd();
    }
    sai();
}
