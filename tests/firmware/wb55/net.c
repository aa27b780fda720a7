/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - nets of pins that two instances share. Needs net.yaml. */
#include "test.h"

/*
 * Both instances run the same instructions until they have started TIM2, so its counts (64 MHz) are
 * one time for both. What b does when is in b_plan(); a looks in between.
 */
#define MS 64000u
#define US 64u
#define LATENCY (10 * US)

enum { IN, OUT, AF, ANALOG };
enum { NONE, UP, DOWN };

static void until(uint32_t count)
{
    while ((int32_t)(TIM2_CNT - count) < 0) {
    }
}

static void field(volatile uint32_t *reg, unsigned pin, uint32_t value)
{
    *reg = (*reg & ~(3u << 2 * pin)) | value << 2 * pin;
}

/* Pin of port C. */
static void mode(unsigned pin, uint32_t value)
{
    field(&GPIOC_MODER, pin, value);
}

static void drive(unsigned pin, unsigned level)
{
    GPIOC_BSRR = level ? 1u << pin : 0x10000u << pin;
    mode(pin, OUT);
}

static unsigned level(unsigned pin)
{
    return GPIOC_IDR >> pin & 1;
}

/* ---- b ---- */

/* Toggles PA0 at 10 ms and twice more, 1 ms apart, by its timer. */
static void b_edges(void)
{
    TIM2_CCMR1_Output = 3u << 4; /* toggle on match */
    TIM2_CCR1 = 10 * MS;
    TIM2_CCER = 1;
    GPIOA_AFRL = 1;
    field(&GPIOA_MODER, 0, AF);
    for (unsigned i = 11; i <= 12; i++) {
        until(TIM2_CCR1 + US);
        TIM2_CCR1 = i * MS;
    }
}

/* Copies PC1, the open-drain net, to PC0 until then. */
static void b_copy(uint32_t end)
{
    mode(0, OUT);
    while ((int32_t)(TIM2_CNT - end) < 0) {
        GPIOC_BSRR = level(1) ? 1 : 0x10000;
    }
}

static void b_plan(void)
{
    b_edges();
    GPIOC_OTYPER |= 1u << 1;
    drive(1, 1); /* open drain, let go */
    b_copy(22 * MS);
    drive(1, 0); /* low from 22 to 24 ms */
    b_copy(24 * MS);
    drive(1, 1);
    b_copy(26 * MS);
    until(30 * MS);
    field(&GPIOC_PUPDR, 2, DOWN);
    mode(2, IN);
    until(32 * MS);
    field(&GPIOC_PUPDR, 2, UP);
    until(40 * MS);
    drive(3, 1); /* against a's 0 */
    until(42 * MS);
    mode(3, IN);
    drive(6, 1); /* hands over to a at 44 ms */
    until(44 * MS);
    mode(6, IN);
    until(50 * MS);
    field(&GPIOB_MODER, 8, OUT); /* wired to PB7, which is on the link */
    GPIOB_BSRR = 1u << 8;
    until(52 * MS);
    GPIOB_BRR = 1u << 8;
    for (;;) {
        wfi(); /* until a resets it */
    }
}

/* After a's reset: PC0 is high for 4 ms. */
static void b_again(void)
{
    drive(0, 1);
    until(4 * MS);
}

/* ---- a ---- */

static void edges(void)
{
    uint32_t at[3];

    TIM2_CCMR1_Input = 1; /* CC1 is TI1 */
    TIM2_CCER = 1 | 0xa;  /* both edges */
    TIM2_SR = ~2u;        /* as an output it has matched already */
    GPIOA_AFRL = 1;
    field(&GPIOA_MODER, 0, AF);
    for (int i = 0; i < 3; i++) {
        CHECK("an edge comes", wait_until(&TIM2_SR, 2, 2, 10000000));
        at[i] = TIM2_CCR1;
    }
    /* the input stage of a timer takes two cycles of its own */
    CHECK_RANGE("10us after it was made", at[0], 10 * MS + LATENCY, 10 * MS + LATENCY + 3);
    CHECK_EQ("the next exactly 1 ms later", at[1] - at[0], 1 * MS);
    CHECK_EQ("and the next", at[2] - at[1], 1 * MS);
}

static void open_drain(void)
{
    uint32_t from, took;
    bool heard;

    mode(0, IN);
    GPIOC_OTYPER |= 1u << 1;
    drive(1, 1);
    until(20 * MS);
    CHECK_EQ("nobody pulls: the net's resistor does", level(1), 1);
    CHECK_EQ("and b sees it", level(0), 1);
    drive(1, 0);
    from = TIM2_CNT;
    heard = wait_until(&GPIOC_IDR, 1, 0, 100000);
    took = TIM2_CNT - from;
    CHECK("b hears of a's low", heard);
    /* 2 us there, b's loop of some 20 instructions, 10 us back */
    CHECK_RANGE("two latencies and a moment later", took, 12 * US, 13 * US);
    until(22 * MS + 100 * US);
    drive(1, 1);
    until(23 * MS);
    CHECK_EQ("b holds it low when a lets go", level(1), 0);
    until(24 * MS + 20 * US);
    CHECK_EQ("and lets go", level(1), 1);
}

static void pulls(void)
{
    mode(2, IN);
    until(31 * MS);
    CHECK_EQ("b pulls down", level(2), 0);
    until(33 * MS);
    CHECK_EQ("b pulls up", level(2), 1);
    field(&GPIOC_PUPDR, 2, DOWN);
    CHECK_EQ("b up, a down: 0", level(2), 0);
    drive(2, 1);
    CHECK_EQ("an output is stronger", level(2), 1);
}

static void contention(void)
{
    drive(3, 0);
    mode(6, IN);
    until(41 * MS);
    CHECK_EQ("a 0, b 1: 0", level(3), 0);
    drive(3, 1);
    CHECK_EQ("both 1", level(3), 1);
    until(43 * MS);
    CHECK_EQ("a alone", level(3), 1);
    CHECK_EQ("b's level", level(6), 1);
    until(44 * MS + 3 * US);
    drive(6, 0); /* before the news of b's letting go is here */
    until(45 * MS);
    CHECK_EQ("handed over", level(6), 0);
}

static void wired(void)
{
    field(&GPIOB_MODER, 7, IN);
    until(51 * MS);
    CHECK_EQ("a pin that is wired to the link's", GPIOB_IDR >> 7 & 1, 1);
    until(53 * MS);
    CHECK_EQ("goes low", GPIOB_IDR >> 7 & 1, 0);
}

static void reset_line(void)
{
    uint32_t from, took;
    bool started;

    field(&GPIOC_PUPDR, 0, DOWN);
    until(60 * MS);
    drive(12, 0);
    until(65 * MS);
    CHECK_EQ("b in reset drives nothing", level(0), 0);
    drive(12, 1);
    from = TIM2_CNT;
    started = wait_until(&GPIOC_IDR, 1, 1, 1000000);
    took = TIM2_CNT - from;
    CHECK("b starts again", started);
    /* it starts its clocks first, as a did */
    CHECK_RANGE("when the line lets it", took, 300 * US, 400 * US);
}

static void start_tim2(void)
{
    TIM2_ARR = 0xffffffff;
    TIM2_CR1 = 1;
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    field(&GPIOA_PUPDR, 15, NONE);
    field(&GPIOA_MODER, 15, IN);
    start_tim2();
    if (GPIOA_IDR >> 15 & 1) {
        if (RCC_CSR & (1u << 27)) { /* BORRSTF: power has come */
            RCC_CSR |= 1u << 23;    /* RMVF */
            b_plan();
        }
        b_again();
        exit_with(0);
    }
    edges();
    open_drain();
    pulls();
    contention();
    wired();
    reset_line();
}
