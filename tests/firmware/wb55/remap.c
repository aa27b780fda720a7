/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remap.c - what timers take from inside the part in place of a pin: comparators, the ADC's
 * watchdogs, LSE, the RTC.
 *
 * On the pins (remap.yaml): PA1 (IN6, COMP1) 1 V, PA3 (IN8, COMP2) a sine of 1 kHz about 0.6 V.
 */
#include "test.h"

#define CEN 1u
#define UG 1u
#define ECE (1u << 14)
#define TS_ETR (7u << 4)
#define EXTERNAL1 7u
#define TRIGGER 6u
#define ENABLE 1u
#define SINGLE 2u
#define CONTINUOUS 4u

#define HALF_VREFINT (1u | 2u << 7 | 1u << 23 | 1u << 22 | 1u << 4)
#define INVERTED (1u << 15)

/* COMP1 is low, then gives @n pulses. */
static void comp1_pulses(unsigned n)
{
    COMP1_CSR = HALF_VREFINT | INVERTED;
    for (unsigned i = 0; i < n; i++) {
        COMP1_CSR = HALF_VREFINT;
        COMP1_CSR = HALF_VREFINT | INVERTED;
    }
}

static void captures(void)
{
    comp1_pulses(0);
    TIM1_OR = 1u << 4;
    TIM1_CCMR1_Input = 1;
    TIM1_CCER = 1;
    TIM1_CR1 = CEN;
    CHECK_EQ("TIM1 TI1: nothing yet", TIM1_SR & 2, 0);
    comp1_pulses(1);
    CHECK("TIM1 TI1 is COMP1", TIM1_SR & 2);
    TIM1_OR = 0;
    TIM1_SR = 0;
    comp1_pulses(1);
    CHECK_EQ("TIM1 TI1 is the pin again", TIM1_SR & 2, 0);

    COMP2_CSR = HALF_VREFINT; /* the sine */
    TIM2_OR = 2u << 2;
    TIM2_CCMR2_Input = 1u << 8;
    TIM2_CCER = 1u << 12;
    TIM2_CR1 = CEN;
    wait_until(&TIM2_SR, 16, 16, 100000);
    uint32_t first = TIM2_CCR4;
    wait_until(&TIM2_SR, 16, 16, 100000);
    CHECK_RANGE("TIM2 TI4 is COMP2: its period", TIM2_CCR4 - first, 63300, 64700);
    TIM2_OR = 1u << 2;
    TIM2_SR = 0;
    comp1_pulses(1);
    CHECK("TIM2 TI4 is COMP1", TIM2_SR & 16);
    TIM2_CR1 = TIM2_OR = TIM2_CCER = 0;
    TIM1_CR1 = TIM1_CCER = 0;
}

static void external_triggers(void)
{
    TIM1_AF1 = 1u << 14;
    TIM1_SMCR = ECE;
    TIM1_EGR = UG;
    TIM1_CR1 = CEN;
    comp1_pulses(5);
    CHECK_EQ("TIM1 counts COMP1 by ETR", TIM1_CNT, 5);
    TIM1_AF1 = 2u << 14;
    TIM1_EGR = UG;
    delay_us(10000);
    CHECK_RANGE("TIM1 counts COMP2 by ETR", TIM1_CNT, 9, 11);
    TIM1_AF1 = TIM1_SMCR = TIM1_CR1 = 0;

    TIM2_AF = 1u << 14;
    TIM2_SMCR = TS_ETR | EXTERNAL1;
    TIM2_EGR = UG;
    TIM2_CR1 = CEN;
    comp1_pulses(3);
    CHECK_EQ("TIM2 counts COMP1 by ETR", TIM2_CNT, 3);
    TIM2_AF = TIM2_CR1 = TIM2_SMCR = 0;
}

/* IN6 is 1 V, 1241 of 4095 */
static void watchdogs(void)
{
    ADC1_CCR = 1u << 16;
    ADC1_CR = 1u << 28;
    delay_us(20);
    ADC1_CR |= 1;
    wait_until(&ADC1_ISR, 1, 1, 1000);
    ADC1_SQR1 = 6u << 6;
    ADC1_AWD2CR = 1u << 6;
    ADC1_TR2 = 0xffu << 16;
    TIM1_OR = 2;
    TIM1_SMCR = TRIGGER | TS_ETR;
    TIM1_EGR = UG;
    TIM1_SR = 0;
    ADC1_CR |= 4;
    delay_us(20);
    CHECK_EQ("within the thresholds TIM1 waits", TIM1_CR1 & CEN, 0);
    ADC1_TR2 = 0x20u << 16;
    ADC1_CR |= 4;
    delay_us(20);
    CHECK("AWD2 starts TIM1 by ETR", TIM1_CR1 & CEN);
    TIM1_CR1 = TIM1_SMCR = TIM1_OR = 0;
}

static void lse(void)
{
    TIM2_OR = 2;
    TIM2_SMCR = ECE | 1u << 12; /* by two */
    TIM2_PSC = 0;
    TIM2_ARR = 0xffff;
    TIM2_DIER = 0;
    TIM2_EGR = UG;
    TIM2_CR1 = CEN;
    delay_us(10000);
    CHECK_RANGE("TIM2 counts LSE by two in 10 ms", TIM2_CNT, 163, 164);
    TIM2_SMCR |= 1u << 13; /* by eight */
    TIM2_EGR = UG;
    delay_us(10000);
    CHECK_RANGE("and by eight", TIM2_CNT, 40, 41);
    TIM2_CR1 = TIM2_SMCR = TIM2_OR = 0;
}

static void low_power_timers(void)
{
    RCC_CCIPR = (RCC_CCIPR & ~(15u << 18)); /* PCLK1 */
    COMP2_CSR = 0;
    comp1_pulses(0);
    LPTIM1_OR = 1;
    LPTIM1_CFGR = 1; /* IN1 clocks */
    LPTIM1_CR = ENABLE;
    LPTIM1_ARR = 0xffff;
    LPTIM1_CR = ENABLE | CONTINUOUS;
    comp1_pulses(6);
    CHECK_EQ("LPTIM1 IN1 is COMP1", LPTIM1_CNT, 6);
    LPTIM1_CR = 0;

    LPTIM2_OR = 2;
    LPTIM2_CFGR = 1;
    LPTIM2_CR = ENABLE;
    LPTIM2_ARR = 0xffff;
    LPTIM2_CR = ENABLE | CONTINUOUS;
    comp1_pulses(1);
    CHECK_EQ("LPTIM2 IN1 is COMP2: not COMP1", LPTIM2_CNT, 0);
    COMP2_CSR = HALF_VREFINT;
    delay_us(10000);
    CHECK_RANGE("the sine's periods", LPTIM2_CNT, 9, 11);
    COMP2_CSR = 0;
    LPTIM2_CR = 0;

    LPTIM2_CFGR = 6u << 13 | 1u << 17; /* COMP1, rising */
    LPTIM2_CR = ENABLE;
    LPTIM2_ARR = 0xffff;
    LPTIM2_CR = ENABLE | SINGLE;
    delay_us(10);
    CHECK_EQ("LPTIM2 waits for its trigger", LPTIM2_CNT, 0);
    comp1_pulses(1);
    delay_us(10);
    CHECK("COMP1 triggers LPTIM2", LPTIM2_CNT > 0 && (LPTIM2_ISR & 4));
    LPTIM2_CR = 0;
}

/* An alarm each second triggers LPTIM1, and the wake-up timer is captured by TIM16. */
static void rtc(void)
{
    RCC_BDCR |= 1u << 8 | 1u << 15; /* LSE, RTCEN */
    RTC_WPR = 0xca;
    RTC_WPR = 0x53;
    RTC_CR &= ~(1u << 8 | 1u << 10);
    wait_until(&RTC_ISR, 5, 5, 10000);
    RTC_ALRMAR = 0x80808080;
    RTC_CR |= 1u << 8;
    LPTIM1_OR = 0;
    LPTIM1_ICR = 0x7f;
    LPTIM1_CFGR = 1u << 13 | 1u << 17;
    LPTIM1_CR = ENABLE;
    LPTIM1_ARR = 0xffff;
    LPTIM1_CR = ENABLE | CONTINUOUS;
    CHECK("alarm A triggers LPTIM1", wait_until(&LPTIM1_ISR, 4, 4, 20000000));
    CHECK("the alarm's flag is there", RTC_ISR & 1u << 8);
    LPTIM1_CR = 0;

    RTC_WUTR = 31; /* of RTCCLK by 16: 64 Hz */
    TIM16_OR1 = 3;
    TIM16_PSC = 999; /* 64 kHz */
    TIM16_CCMR1_Input = 1;
    TIM16_CCER = 1;
    TIM16_EGR = UG;
    TIM16_CR1 = CEN;
    TIM16_SR = 0;
    RTC_CR |= 1u << 10 | 1u << 14;
    CHECK("the wake-up timer is TIM16's TI1", wait_until(&TIM16_SR, 2, 2, 1000000));
    uint32_t first = TIM16_CCR1;
    RTC_ISR = ~(1u << 10 | 1u << 7);
    wait_until(&TIM16_SR, 2, 2, 1000000);
    CHECK_RANGE("its period", (TIM16_CCR1 - first) & 0xffff, 999, 1001);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    CHECK("LSE", lse_on());
    captures();
    external_triggers();
    watchdogs();
    lse();
    low_power_timers();
    rtc();
}
