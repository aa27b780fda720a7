/* SPDX-License-Identifier: Apache-2.0 */
/* crs.c - HSI48 measured against LSE; RM0434 10. */
#include "test.h"

#define CR_ERRIE (1u << 2)
#define CR_CEN (1u << 5)
#define CR_AUTOTRIMEN (1u << 6)
#define CR_SWSYNC (1u << 7)
#define ISR_SYNCOKF (1u << 0)
#define ISR_SYNCWARNF (1u << 1)
#define ISR_ERRF (1u << 2)
#define ISR_ESYNCF (1u << 3)
#define ISR_SYNCERR (1u << 8)
#define ISR_SYNCMISS (1u << 9)
#define ISR_FEDIR (1u << 15)
#define SOURCE_LSE (1u << 28)
/* 48 MHz * 8 / 32768 Hz = 11718.75 */
#define DIV8 (3u << 24)

static volatile uint32_t interrupts;

void irq_CRS(void)
{
    interrupts++;
    CRS_CR &= ~CR_ERRIE;
}

static uint32_t measure(uint32_t reload, uint32_t felim)
{
    CRS_CR = 0x2000;
    CRS_ICR = 0xf;
    CRS_CFGR = SOURCE_LSE | DIV8 | felim << 16 | reload;
    CRS_CR |= CR_CEN | CR_AUTOTRIMEN;
    delay_us(400); /* the first event is anywhere */
    CRS_ICR = 0xf;
    delay_us(1000);
    return CRS_ISR;
}

void test(void)
{
    uint32_t isr;

    RCC_CRRCR |= 1;
    RCC_APB1ENR1 |= 1u << 24;
    PWR_CR1 |= 1u << 8;
    lse_on();
    isr = measure(11718, 34);
    CHECK_EQ("on target", isr & 0xff0f, ISR_SYNCOKF | ISR_ESYNCF);
    CHECK_RANGE("no error", isr >> 16, 0, 2);
    CHECK_EQ("TRIM stays", CRS_CR >> 8 & 63, 32);
    isr = measure(11718 + 200, 34);
    CHECK_EQ("SYNCWARN", isr & 0xff07, ISR_SYNCWARNF | ISR_FEDIR);
    CHECK_RANGE("the error", isr >> 16, 198, 202);
    CHECK("TRIM goes up", (CRS_CR >> 8 & 63) > 32);
    isr = measure(11718 - 50, 34);
    CHECK_EQ("above target: upwards", isr & 0x8007, ISR_SYNCOKF);
    CHECK("TRIM goes down", (CRS_CR >> 8 & 63) < 32);
    isr = measure(11718 + 2000, 10);
    CHECK_EQ("SYNCERR", isr & (ISR_SYNCERR | ISR_ERRF), ISR_SYNCERR | ISR_ERRF);

    CRS_CR = 0x2000;
    CRS_ICR = 0xf;
    CHECK_EQ("flags cleared", CRS_ISR & 0x70f, 0);
    CRS_CFGR = 2u << 28 | 1u << 16 | 999; /* no USB */
    irq_enable(IRQ_CRS);
    CRS_CR |= CR_CEN | CR_ERRIE;
    delay_us(200);
    CHECK_EQ("SYNCMISS", CRS_ISR & (ISR_SYNCMISS | ISR_ERRF), ISR_SYNCMISS | ISR_ERRF);
    CHECK_EQ("error interrupt", interrupts, 1);
    CRS_CFGR = 0;
    CHECK("CFGR is fixed while it counts", CRS_CFGR != 0);
}
