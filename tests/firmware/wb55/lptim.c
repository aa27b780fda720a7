/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lptim.c - LPTIM1, LPTIM2. Needs lptim.yaml: PB10 - PB5 (LPTIM1_IN1), PB11 - PB7 (LPTIM1_IN2),
 * PA9 - PB6 (LPTIM1_ETR).
 */
#include "test.h"

#define ENABLE 1u
#define SINGLE 2u
#define CONTINUOUS 4u
#define COUNTRST 8u

enum { CMPM = 1, ARRM = 2, EXTTRIG = 4, CMPOK = 8, ARROK = 16, UP = 32, DOWN = 64 };

static volatile unsigned interrupts;
static volatile uint32_t seen;
static unsigned oks, restarts;

void irq_LPTIM1(void)
{
    interrupts++;
    seen |= LPTIM1_ISR;
    LPTIM1_ICR = LPTIM1_ISR;
}

static void pin(uint32_t port, unsigned n, unsigned mode)
{
    volatile uint32_t *afr = &REG32(port + 0x20 + n / 8 * 4);

    *afr = (*afr & ~(15u << n % 8 * 4)) | 1u << n % 8 * 4;
    REG32(port) = (REG32(port) & ~(3u << 2 * n)) | mode << 2 * n;
}

static void restart(uint32_t cfgr, uint32_t ier, uint32_t arr, uint32_t cmp)
{
    restarts++;
    LPTIM1_CR = 0;
    LPTIM1_ICR = 0x7f;
    LPTIM1_CFGR = cfgr;
    LPTIM1_IER = ier;
    LPTIM1_CR = ENABLE;
    LPTIM1_ARR = arr;
    oks += wait_until(&LPTIM1_ISR, ARROK, ARROK, 200000);
    LPTIM1_CMP = cmp;
    oks += wait_until(&LPTIM1_ISR, CMPOK, CMPOK, 200000);
    LPTIM1_ICR = 0x7f;
    interrupts = seen = 0;
}

static void on_lse(void)
{
    uint32_t from, after;

    RCC_CCIPR = (RCC_CCIPR & ~(3u << 18)) | 3u << 18;
    LPTIM1_CR = ENABLE;
    from = cycles();
    LPTIM1_ARR = 1023;
    CHECK_EQ("ARROK is not there at once", LPTIM1_ISR & ARROK, 0);
    wait_until(&LPTIM1_ISR, ARROK, ARROK, 200000);
    after = cycles();
    CHECK_RANGE("but within some periods of LSE", (after - from) / 64, 30, 130);
    LPTIM1_ICR = 0x7f;
    LPTIM1_CR = ENABLE | CONTINUOUS;
    from = cycles();
    wait_until(&LPTIM1_ISR, ARRM, ARRM, 1000000);
    after = cycles();
    CHECK_EQ("a match ends the count: it is 0 by then", LPTIM1_CNT, 0);
    CHECK_RANGE("1024 periods of 32.768 kHz", (after - from) / 64, 31240, 31300);
    LPTIM1_CR = 0;
    CHECK_EQ("disabled, CNT is 0", LPTIM1_CNT, 0);
    RCC_CCIPR &= ~(3u << 18);
}

static void modes(void)
{
    uint32_t cnt;

    irq_enable(IRQ_LPTIM1);
    restart(6u << 9, ARRM | CMPM, 999, 499); /* 1 MHz */
    LPTIM1_CR = ENABLE | CONTINUOUS;
    delay_us(600);
    CHECK_EQ("compare match", seen, CMPM);
    cnt = LPTIM1_CNT;
    CHECK_RANGE("the counter", cnt, 580, 640);
    delay_us(500);
    CHECK_EQ("reload match", seen, CMPM | ARRM);
    delay_us(2000);
    CHECK_EQ("continuous: two each period", interrupts, 6);
    LPTIM1_CR = ENABLE | CONTINUOUS | COUNTRST;
    wait_until(&LPTIM1_CR, COUNTRST, 0, 1000);
    CHECK_RANGE("COUNTRST", LPTIM1_CNT, 0, 3);

    restart(6u << 9, ARRM, 99, 50);
    LPTIM1_CR = ENABLE | SINGLE;
    delay_us(350);
    CHECK_EQ("single: one match", interrupts, 1);
    CHECK_EQ("and it stands at 0", LPTIM1_CNT, 0);
    LPTIM1_CR = ENABLE | SINGLE;
    delay_us(150);
    CHECK_EQ("again", interrupts, 2);

    restart(6u << 9 | 1u << 22, 0, 99, 50);
    LPTIM1_CR = ENABLE | CONTINUOUS;
    delay_us(20);
    LPTIM1_ARR = 999;
    delay_us(200);
    CHECK_RANGE("PRELOAD: at the end of the period", LPTIM1_CNT, 105, 135);
}

static void output(void)
{
    pin(GPIOB_BASE, 2, 2);
    restart(6u << 9, 0, 99, 69);
    LPTIM1_CR = ENABLE | CONTINUOUS;
    delay_us(30);
    CHECK_EQ("PWM: low up to CMP", GPIOB_IDR & 4, 0);
    delay_us(52);
    CHECK_EQ("high above", GPIOB_IDR & 4, 4);
    restart(6u << 9 | 1u << 20 | 1u << 21, 0, 99, 69);
    CHECK_EQ("WAVPOL: high at rest", GPIOB_IDR & 4, 4);
    LPTIM1_CR = ENABLE | SINGLE;
    delay_us(200);
    CHECK_EQ("set-once: it stays", GPIOB_IDR & 4, 0);
    pin(GPIOB_BASE, 2, 3);
}

static void pulse(volatile uint32_t *bsrr, unsigned n)
{
    *bsrr = 1u << n;
    delay_us(1);
    *bsrr = 0x10000u << n;
    delay_us(1);
}

static void external(void)
{
    static const uint8_t gray[4] = {0, 1, 3, 2};

    pin(GPIOB_BASE, 10, 1);
    pin(GPIOB_BASE, 11, 1);
    pin(GPIOA_BASE, 9, 1);
    pin(GPIOB_BASE, 5, 2);
    pin(GPIOB_BASE, 7, 2);
    pin(GPIOB_BASE, 6, 2);
    restart(1u << 23, 0, 1000, 3);
    LPTIM1_CR = ENABLE | CONTINUOUS;
    for (unsigned i = 0; i < 5; i++) {
        pulse(&GPIOB_BSRR, 10);
    }
    CHECK_EQ("counts edges of IN1", LPTIM1_CNT, 5);
    CHECK_EQ("compare match among them", LPTIM1_ISR & CMPM, CMPM);

    restart(1u << 24 | 2u << 1, UP | DOWN, 1000, 900);
    LPTIM1_CR = ENABLE | CONTINUOUS;
    for (unsigned i = 1; i <= 10; i++) {
        GPIOB_BSRR = (uint32_t)gray[i & 3] << 10 | 0x0c000000u;
    }
    CHECK_EQ("encoder up", LPTIM1_CNT, 10);
    for (unsigned i = 9; i >= 7; i--) {
        GPIOB_BSRR = (uint32_t)gray[i & 3] << 10 | 0x0c000000u;
    }
    CHECK_EQ("encoder down", LPTIM1_CNT, 7);
    CHECK_EQ("direction interrupt", seen & DOWN, DOWN);

    restart(6u << 9 | 1u << 17, 0, 999, 500);
    LPTIM1_CR = ENABLE | SINGLE;
    delay_us(20);
    CHECK_EQ("a trigger is awaited", LPTIM1_CNT, 0);
    pulse(&GPIOA_BSRR, 9);
    delay_us(20);
    CHECK_EQ("EXTTRIG", LPTIM1_ISR & EXTTRIG, EXTTRIG);
    CHECK_RANGE("then it counts", LPTIM1_CNT, 18, 30);
    restart(6u << 9 | 1u << 17 | 1u << 19, 0, 999, 100);
    LPTIM1_CR = ENABLE | CONTINUOUS;
    for (unsigned i = 0; i < 5; i++) {
        pulse(&GPIOA_BSRR, 9);
        delay_us(60);
    }
    CHECK_EQ("TIMOUT: triggers in time keep it from CMP", LPTIM1_ISR & CMPM, 0);
    delay_us(100);
    CHECK_EQ("without them it is reached", LPTIM1_ISR & CMPM, CMPM);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    CHECK("LSE", lse_on());
    on_lse();
    modes();
    output();
    external();
    CHECK_EQ("ARROK and CMPOK came each time", oks, 2 * restarts);
}
