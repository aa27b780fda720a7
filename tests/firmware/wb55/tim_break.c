/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tim_break.c - what breaks a timer's outputs beside its pin: the comparators (PA1 is at 1 V, PA3
 * at 0.2 V) and, by SYSCFG, the supply, which is below PVD's highest level.
 */
#include "test.h"

#define BDTR_MOE 0x8000u
#define BDTR_ON 0xb000u /* MOE, BKP high, BKE */
#define BIF 0x80u
#define SBIF 0x2000u
#define BKCMP1E 2u
#define BKCMP2E 4u
#define BKCMP1P 0x400u
#define COMP_HALF (1u | 2u << 7 | 1u << 23 | 1u << 22 | 1u << 4) /* plus input, half of VREFINT */
#define COMP_WHOLE (1u | 2u << 7 | 1u << 23 | 3u << 4)

static volatile unsigned breaks;

void irq_TIM1_BRK(void)
{
    TIM1_SR = ~(BIF | SBIF);
    breaks++;
}

static void comparators(void)
{
    TIM1_AF1 = BKCMP1E;
    COMP1_CSR = COMP_WHOLE;
    TIM1_BDTR = BDTR_ON;
    CHECK("COMP1 is low: no break", TIM1_BDTR & BDTR_MOE);
    COMP1_CSR = COMP_HALF;
    CHECK("COMP1 rises: MOE is cleared", !(TIM1_BDTR & BDTR_MOE));
    CHECK_EQ("and the interrupt comes", breaks, 1);
    TIM1_BDTR = BDTR_ON;
    CHECK("MOE cannot be set while it lasts", !(TIM1_BDTR & BDTR_MOE));
    TIM1_AF1 = BKCMP1E | BKCMP1P;
    TIM1_BDTR = BDTR_ON;
    CHECK("inverted: a high output is no break", TIM1_BDTR & BDTR_MOE);
    TIM1_AF1 = BKCMP2E;
    CHECK("COMP2 is off: no break", TIM1_BDTR & BDTR_MOE);
    COMP2_CSR = COMP_HALF | 1u << 15;
    CHECK("COMP2, inverted by itself, breaks", !(TIM1_BDTR & BDTR_MOE));

    TIM16_AF1 = BKCMP1E;
    TIM16_BDTR = BDTR_ON;
    CHECK("TIM16 by COMP1", !(TIM16_BDTR & BDTR_MOE));
    COMP1_CSR = COMP_WHOLE;
    TIM16_BDTR = BDTR_ON;
    CHECK("TIM16 without it", TIM16_BDTR & BDTR_MOE);
    COMP1_CSR = 0;
    COMP2_CSR = 0;
}

static void supply(void)
{
    TIM1_AF1 = 0;
    TIM17_AF1 = 0;
    TIM1_BDTR = BDTR_ON;
    TIM17_BDTR = BDTR_ON;
    breaks = 0;
    PWR_CR2 = 1u | 6u << 1; /* PVDE, 2.9 V */
    CHECK("PVDO: the supply is low", PWR_SR2 & 1u << 11);
    CHECK("without PVDL that is no break", TIM1_BDTR & BDTR_MOE);
    irq_disable(IRQ_TIM1_BRK);
    SYSCFG_CFGR2 = 1u << 2;
    CHECK("with it MOE is cleared", !(TIM1_BDTR & BDTR_MOE));
    CHECK_EQ("by a system break", TIM1_SR & (BIF | SBIF), SBIF);
    CHECK("of TIM17 too", !(TIM17_BDTR & BDTR_MOE) && (TIM17_SR & BIF));
    TIM1_BDTR = BDTR_ON;
    CHECK("MOE cannot be set", !(TIM1_BDTR & BDTR_MOE));
    PWR_CR2 = 0;
    TIM1_BDTR = BDTR_ON;
    CHECK("but when PVD is off", TIM1_BDTR & BDTR_MOE);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    TIM1_DIER = 1u << 7;
    irq_enable(IRQ_TIM1_BRK);
    comparators();
    supply();
}
