/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tim.c - TIM1, TIM2, TIM16, TIM17. Needs tim.yaml: PA8 (TIM1_CH1) - PA0 (TIM2_CH1), PA9 (TIM1_CH2)
 * - PA1 (TIM2_CH2), PB10 - PA12 (TIM1_ETR), PB11 - PB12 (TIM1_BKIN).
 */
#include "test.h"

#define CEN 1u
#define UG 1u
#define OUTPUT 1u
#define AF 2u

static volatile unsigned updates, matches, captures, breaks, triggers;
static volatile uint32_t at;

void irq_TIM2(void)
{
    uint32_t sr = TIM2_SR;

    at = cycles();
    TIM2_SR = ~sr;
    updates += sr & 1;
    matches += sr >> 1 & 1;
    captures += sr >> 2 & 1;
    triggers += sr >> 6 & 1;
}

void irq_TIM1_UP_TIM16(void)
{
    TIM1_SR = ~1u;
    TIM16_SR = ~1u;
    updates++;
}

void irq_TIM1_BRK(void)
{
    TIM1_SR = ~(1u << 7);
    breaks++;
    TIM1_DIER = 0;
}

static void pin(uint32_t port, unsigned n, unsigned mode, unsigned af)
{
    volatile uint32_t *afr = &REG32(port + 0x20 + n / 8 * 4);

    *afr = (*afr & ~(15u << n % 8 * 4)) | af << n % 8 * 4;
    REG32(port) = (REG32(port) & ~(3u << 2 * n)) | mode << 2 * n;
}

static void reset_timers(void)
{
    RCC_APB2RSTR = 1u << 11 | 3u << 17;
    RCC_APB1RSTR1 = 1;
    RCC_APB2RSTR = 0;
    RCC_APB1RSTR1 = 0;
    updates = matches = captures = breaks = triggers = 0;
}

static void counting(void)
{
    uint32_t from, a, b;

    TIM2_CR1 = CEN;
    a = TIM2_CNT;
    delay_cycles(1000);
    b = TIM2_CNT;
    CHECK_RANGE("TIM2 counts at 64 MHz", b - a, 990, 1100);
    TIM2_CR1 = 0;
    a = TIM2_CNT;
    CHECK_EQ("and stands", TIM2_CNT, a);

    reset_timers();
    irq_enable(IRQ_TIM2);
    TIM2_PSC = 63;
    TIM2_ARR = 999;
    TIM2_EGR = UG;
    CHECK_EQ("UG sets UIF", TIM2_SR & 1, 1);
    TIM2_SR = 0;
    TIM2_DIER = 1;
    from = cycles();
    TIM2_CR1 = CEN;
    while (!updates) {
    }
    CHECK_RANGE("1 ms of 1 MHz", ns_since(from) - (cycles() - at) * 1000 / 64, 995000, 1030000);
    from = at;
    while (updates < 11) {
    }
    CHECK_RANGE("ten more: 10 ms, no drift", (uint64_t)(at - from) * 1000 / 64, 9995000, 10015000);
    TIM2_CR1 = 0;
    TIM2_SR = 0;

    TIM2_DIER = 0;
    TIM2_CNT = 100;
    TIM2_CR1 = CEN | 0x10;
    delay_us(50);
    CHECK_RANGE("counts down", TIM2_CNT, 40, 51);
    delay_us(100);
    CHECK_RANGE("from ARR again", TIM2_CNT, 900, 952);
    CHECK_EQ("underflow: UIF", TIM2_SR & 1, 1);
    TIM2_CR1 = 0;

    TIM2_CNT = 0;
    TIM2_SR = 0;
    TIM2_CR1 = CEN | 0x20;
    delay_us(1500);
    CHECK_RANGE("centre-aligned: on the way down", TIM2_CNT, 470, 500);
    CHECK_EQ("DIR shows it", TIM2_CR1 & 0x10, 0x10);
    TIM2_CR1 = 0;
}

static void preload(void)
{
    reset_timers();
    TIM2_PSC = 63;
    TIM2_ARR = 99;
    TIM2_EGR = UG;
    TIM2_SR = 0;
    TIM2_CR1 = CEN | 0x80;
    TIM2_ARR = 9999;
    delay_us(150);
    CHECK_EQ("ARPE: the new ARR waits for an update", TIM2_SR & 1, 1);
    TIM2_SR = 0;
    delay_us(500);
    CHECK_EQ("then it is in force", TIM2_SR & 1, 0);
    CHECK_RANGE("counting on", TIM2_CNT, 540, 570);
    TIM2_CR1 = CEN | 0x802;
    TIM2_EGR = UG;
    CHECK_EQ("UDIS: no update event", TIM2_SR & 1, 0);
    TIM2_CR1 = CEN | 0x804;
    TIM2_EGR = UG;
    CHECK_EQ("URS: UG does not flag", TIM2_SR & 1, 0);
    TIM2_CR1 = 0x800;
    TIM2_EGR = UG;
    CHECK_EQ("UIFREMAP: the flag in CNT", TIM2_CNT, 0x80000000);

    reset_timers();
    TIM16_PSC = 63;
    TIM16_ARR = 99;
    TIM16_RCR = 3;
    TIM16_EGR = UG;
    TIM16_SR = 0;
    TIM16_CR1 = CEN;
    delay_us(350);
    CHECK_EQ("RCR: three overflows are no update", TIM16_SR & 1, 0);
    delay_us(60);
    CHECK_EQ("the fourth is", TIM16_SR & 1, 1);
    TIM16_CR1 = 0;
    TIM16_CR1 = CEN | 8;
    delay_us(450);
    CHECK_EQ("one pulse: CEN clears itself", TIM16_CR1 & CEN, 0);
}

static void compare(void)
{
    reset_timers();
    irq_enable(IRQ_TIM2);
    TIM2_PSC = 63;
    TIM2_EGR = UG;
    TIM2_SR = 0;
    TIM2_CCR1 = 200;
    TIM2_DIER = 2;
    TIM2_CR1 = CEN;
    while (!matches) {
    }
    CHECK_RANGE("a compare interrupt at the end of its count", TIM2_CNT, 201, 202);
    TIM2_CR1 = 0;
    TIM2_EGR = 4;
    CHECK_EQ("CC2G", TIM2_SR & 4, 4);
    TIM2_DIER = 0;
    TIM2_SR = 0;
    TIM2_PSC = 6399; /* counts of 100 us */
    TIM2_EGR = UG;
    TIM2_CR1 = CEN;
    TIM2_CCR1 = TIM2_CNT;
    TIM2_SR = 0;
    delay_us(30);
    CHECK_EQ("a compare value that becomes the count: not before its end", TIM2_SR & 2, 0);
    delay_us(90);
    CHECK_EQ("then it matches", TIM2_SR & 2, 2);
    TIM2_CCR1 = TIM2_CNT + 1;
    while (TIM2_CNT != TIM2_CCR1) {
    }
    TIM2_SR = 0;
    delay_us(110);
    CHECK_EQ("a flag cleared within the count comes all the same", TIM2_SR & 2, 2);
    TIM2_SR = 0;
    delay_us(210);
    CHECK_EQ("once", TIM2_SR & 2, 0);
    TIM2_CR1 = 0;
}

/* Level of PA8 as it is at a count of TIM1. */
static unsigned level_at(uint32_t count)
{
    TIM1_CR1 &= ~CEN;
    TIM1_CNT = count;
    return GPIOA_IDR >> 8 & 1;
}

static void outputs(void)
{
    reset_timers();
    pin(GPIOA_BASE, 8, AF, 1);
    TIM1_ARR = 99;
    TIM1_CCR1 = 30;
    TIM1_CCMR1_Output = 6u << 4;
    TIM1_CCER = 1;
    CHECK_EQ("without MOE nothing comes out", level_at(0), 0);
    TIM1_BDTR = 0x8000;
    CHECK("PWM 1: high below CCR", level_at(0) && level_at(29) && !level_at(30) && !level_at(99));
    TIM1_CCMR1_Output = 7u << 4;
    CHECK("PWM 2: the other way", !level_at(29) && level_at(30));
    TIM1_CCER = 3;
    CHECK("CC1P inverts", level_at(29) && !level_at(30));
    TIM1_CCER = 1;
    TIM1_CCMR1_Output = 5u << 4;
    CHECK("forced high", level_at(50));
    TIM1_CCMR1_Output = 4u << 4;
    CHECK("forced low", !level_at(50));
    TIM1_CCR2 = 60;
    TIM1_CCMR1_Output = (4u << 4 | 1u << 16) | 7u << 12;
    CHECK("combined PWM 1: OC1 or OC2", level_at(10) && !level_at(40) && level_at(70));
    TIM1_CCMR1_Output = (5u << 4 | 1u << 16) | 6u << 12;
    CHECK("combined PWM 2: OC1 and OC2", !level_at(10) && level_at(40) && !level_at(70));
    TIM1_CCMR1_Output = (6u << 4 | 1u << 16) | 6u << 12;
    TIM1_CR1 = 0x20;
    CHECK("asymmetric: OC1 upwards", level_at(10) && !level_at(40));
    TIM1_CR1 = 0;
    TIM1_CCMR3_Output = 6u << 4;
    TIM1_CCR5 = 10u | 1u << 29;
    TIM1_CCMR1_Output = 6u << 4;
    CHECK("channel 5 in group with channel 1", level_at(9) && !level_at(10));
    TIM1_CCR5 = 0;

    TIM1_CCMR1_Output = 4u << 4;
    TIM1_CCMR1_Output = 3u << 4;
    TIM1_CNT = 0;
    TIM1_PSC = 63;
    TIM1_EGR = UG;
    TIM1_CR1 = CEN;
    delay_us(50);
    CHECK_EQ("toggle: after one match", GPIOA_IDR >> 8 & 1, 1);
    delay_us(100);
    CHECK_EQ("after two", GPIOA_IDR >> 8 & 1, 0);
    TIM1_CR1 = 0;

    pin(GPIOA_BASE, 7, AF, 1);
    TIM1_CCMR1_Output = 6u << 4;
    TIM1_CCER = 5;
    CHECK("the complement",
          level_at(10) && !(GPIOA_IDR & 0x80) && !level_at(40) && (GPIOA_IDR & 0x80));
    TIM1_BDTR = 0x8000 | 100;
    (void)level_at(10);
    CHECK_EQ("dead time: both low at first", GPIOA_IDR & 0x180, 0);
    delay_cycles(150);
    CHECK_EQ("then one high", GPIOA_IDR & 0x180, 0x100);
}

/* TIM1 makes 1 kHz, 30 %; TIM2 measures it (PWM input mode, reset by TI1). */
static void pwm_input(void)
{
    reset_timers();
    pin(GPIOA_BASE, 8, AF, 1);
    pin(GPIOA_BASE, 0, AF, 1);
    TIM1_PSC = 63;
    TIM1_ARR = 999;
    TIM1_CCR1 = 300;
    TIM1_CCMR1_Output = 6u << 4;
    TIM1_CCER = 1;
    TIM1_BDTR = 0x8000;
    TIM1_EGR = UG;
    TIM2_CCMR1_Input = 1u | 2u << 8; /* IC1 rising TI1, IC2 falling TI1 */
    TIM2_CCER = 1u | 3u << 4;
    TIM2_SMCR = 5u << 4 | 4u;
    TIM2_CR1 = CEN;
    TIM1_CR1 = CEN;
    delay_us(3500);
    CHECK_RANGE("1 kHz PWM is 1 kHz: period", TIM2_CCR1, 63999, 64001);
    CHECK_RANGE("30 % high", TIM2_CCR2, 19199, 19201);
    CHECK_EQ("nobody read: overcapture", TIM2_SR >> 10 & 1, 1);
    (void)TIM2_CCR1;
    CHECK_EQ("reading clears the flag", TIM2_SR >> 1 & 1, 0);
    TIM2_CCMR1_Input = 1u | 2u << 2; /* every fourth edge */
    TIM2_SR = 0;
    delay_us(2500);
    CHECK_EQ("input prescaler: not yet", TIM2_SR & 2, 0);
    delay_us(2000);
    CHECK_EQ("the fourth edge", TIM2_SR & 2, 2);
}

static void slaves(void)
{
    reset_timers();
    TIM1_CR2 = 2u << 4; /* TRGO: update */
    TIM1_PSC = 63;
    TIM1_ARR = 99;
    TIM1_EGR = UG;
    TIM2_SMCR = 7; /* external clock: ITR0 */
    TIM2_CNT = 0;
    TIM2_CR1 = CEN;
    TIM1_CR1 = CEN;
    delay_us(1050);
    CHECK_EQ("TIM2 counts TIM1's updates", TIM2_CNT, 10);
    TIM1_CR1 = 0;

    TIM2_CR1 = 0;
    TIM2_SMCR = 6; /* trigger */
    TIM2_SR = 0;
    CHECK_EQ("trigger mode: waits", TIM2_CR1 & CEN, 0);
    TIM1_EGR = UG;
    CHECK_EQ("started by TIM1", TIM2_CR1 & CEN, 1);
    CHECK_EQ("TIF", TIM2_SR >> 6 & 1, 1);

    TIM1_CR2 = 1u << 4; /* TRGO: enable */
    TIM2_SMCR = 5;      /* gated */
    TIM2_CNT = 0;
    delay_us(10);
    CHECK_EQ("gated: stands", TIM2_CNT, 0);
    TIM1_CR1 = CEN;
    delay_us(10);
    TIM1_CR1 = 0;
    CHECK_RANGE("runs while TIM1 is enabled", TIM2_CNT, 640, 720);
}

static void quadrature(unsigned steps, bool forward)
{
    static const uint8_t gray[4] = {0, 1, 3, 2};
    static unsigned phase;

    while (steps--) {
        phase += forward ? 1 : 3;
        GPIOA_BSRR = (uint32_t)gray[phase & 3] << 8 | 0x3000000u;
    }
}

static void encoder(void)
{
    reset_timers();
    GPIOA_BRR = 0x300;
    pin(GPIOA_BASE, 8, OUTPUT, 0);
    pin(GPIOA_BASE, 9, OUTPUT, 0);
    pin(GPIOA_BASE, 0, AF, 1);
    pin(GPIOA_BASE, 1, AF, 1);
    TIM2_CCMR1_Input = 1u | 1u << 8;
    TIM2_SMCR = 3;
    TIM2_CR1 = CEN;
    quadrature(10, true);
    CHECK_EQ("encoder: forward, both edges", TIM2_CNT, 10);
    CHECK_EQ("direction up", TIM2_CR1 & 0x10, 0);
    quadrature(4, false);
    CHECK_EQ("and back", TIM2_CNT, 6);
    CHECK_EQ("direction down", TIM2_CR1 & 0x10, 0x10);
    TIM2_SMCR = 1;
    quadrature(8, true);
    CHECK_EQ("on TI1's edges only", TIM2_CNT, 10);
}

static void etr_and_break(void)
{
    reset_timers();
    GPIOB_BRR = 0xc00;
    pin(GPIOB_BASE, 10, OUTPUT, 0);
    pin(GPIOB_BASE, 11, OUTPUT, 0);
    pin(GPIOA_BASE, 12, AF, 1);
    pin(GPIOB_BASE, 12, AF, 1);
    TIM1_SMCR = 1u << 14 | 1u << 12; /* external clock 2, every second edge */
    TIM1_CR1 = CEN;
    for (unsigned i = 0; i < 6; i++) {
        GPIOB_BSRR = 1u << 10;
        GPIOB_BRR = 1u << 10;
    }
    CHECK_EQ("ETR clocks, divided by two", TIM1_CNT, 3);

    irq_enable(IRQ_TIM1_BRK);
    TIM1_BDTR = 0xb000; /* MOE, BKP high, BKE */
    TIM1_DIER = 1u << 7;
    CHECK_EQ("MOE is set", TIM1_BDTR >> 15 & 1, 1);
    GPIOB_BSRR = 1u << 11;
    CHECK_EQ("break clears MOE", TIM1_BDTR >> 15 & 1, 0);
    CHECK_EQ("and interrupts", breaks, 1);
    TIM1_BDTR = 0xb000;
    CHECK_EQ("MOE cannot be set while it lasts", TIM1_BDTR >> 15 & 1, 0);
    GPIOB_BRR = 1u << 11;
    TIM1_BDTR = 0xf000; /* AOE */
    TIM1_SMCR = 0;
    TIM1_EGR = UG;
    CHECK_EQ("AOE: set again at an update", TIM1_BDTR >> 15 & 1, 1);
    TIM1_BDTR |= 1u << 8;
    TIM1_BDTR |= 0x7f;
    CHECK_EQ("LOCK 1 freezes DTG", TIM1_BDTR & 0xff, 0);
}

static void dma(void)
{
    static const uint32_t bursts[6] = {100, 1, 11, 200, 2, 22};
    static uint32_t stamps[4];

    reset_timers();
    RCC_AHB1ENR |= 7;
    REG32(DMAMUX1_BASE) = 32; /* TIM2_UP */
    DMA1_CPAR1 = (uint32_t)&TIM2_DMAR;
    DMA1_CMAR1 = (uint32_t)bursts;
    DMA1_CNDTR1 = 6;
    TIM2_DCR = 2u << 8 | 13; /* three registers from CCR1 */
    DMA1_CCR1 = 0x0a91;      /* words, MINC, from memory */
    TIM2_DIER = 1u << 8;
    TIM2_EGR = UG;
    delay_us(5);
    CHECK("a burst writes three registers",
          TIM2_CCR1 == 100 && TIM2_CCR2 == 1 && TIM2_CCR3 == 11 && DMA1_CNDTR1 == 3);
    TIM2_EGR = UG;
    delay_us(5);
    CHECK("the next update the next three",
          TIM2_CCR1 == 200 && TIM2_CCR3 == 22 && DMA1_CNDTR1 == 0);
    DMA1_CCR1 = 0;

    TIM2_DIER = 0;
    REG32(DMAMUX1_BASE) = 28; /* TIM2_CH1 */
    DMA1_CPAR1 = (uint32_t)&TIM2_CNT;
    DMA1_CMAR1 = (uint32_t)stamps;
    DMA1_CNDTR1 = 4;
    DMA1_CCR1 = 0x0a81;
    TIM2_PSC = 63;
    TIM2_ARR = 99;
    TIM2_CCR1 = 50;
    TIM2_EGR = UG;
    TIM2_DIER = 1u << 9;
    TIM2_CR1 = CEN;
    delay_us(450);
    CHECK_EQ("a request each match", DMA1_CNDTR1, 0);
    CHECK_EQ("read at the end of the match", stamps[3], 51);
    DMA1_CCR1 = 0;
}

/* TIM16 measures LSE against the core's clock, as calibrations do. */
static void clock_capture(void)
{
    uint32_t a, b;

    reset_timers();
    if (!lse_on()) {
        CHECK("LSE", false);
        return;
    }
    TIM16_OR1 = 2;
    TIM16_CCMR1_Input = 1u | 3u << 2; /* every eighth edge */
    TIM16_CCER = 1;
    TIM16_CR1 = CEN;
    while (!(TIM16_SR & 2)) {
    }
    a = TIM16_CCR1;
    while (!(TIM16_SR & 2)) {
    }
    b = TIM16_CCR1;
    CHECK_RANGE("eight periods of LSE", (b - a) & 0xffff, 15624, 15626);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    counting();
    preload();
    compare();
    outputs();
    pwm_input();
    slaves();
    encoder();
    etr_and_break();
    dma();
    clock_capture();
}
