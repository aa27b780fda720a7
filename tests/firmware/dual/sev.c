/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sev.c - the instruction SEV is heard by the other core (RM0434, EXTI lines 40 and 41): by its
 * event mask, which ends WFE a latency later to the cycle; by its interrupt mask, as C2SEV or
 * C1SEV; and not at all without the mask or an edge. The cores meet by IPCC's channel 1.
 */
#include "dual.h"

#define ROUNDS 500u

#define RTSR2 REG32(0x58000820)
#define FTSR2 REG32(0x58000824)
#define PR2 REG32(0x5800082c)
#define MY_IMR2 REG32(CORE == 1 ? 0x58000890 : 0x580008d0)
#define MY_EMR2 REG32(CORE == 1 ? 0x58000894 : 0x580008d4)
#define FROM_CPU1 (1u << (41 - 32))
#define FROM_CPU2 (1u << (40 - 32))

enum { DONE, SHORTEST, LONGEST, IRQS, PENDING, UNMASKED, EDGELESS, FALLING };

static volatile uint32_t irqs;

static void sev(void)
{
    __asm__ volatile("sev" ::: "memory");
}

#if CORE == 1

#define LATENCY_CYCLES (5 * 64)

void irq_C2SEV(void)
{
    PR2 = FROM_CPU2;
    irqs++;
}

/* CPU2 does its next part, or is about to. */
static void meet(void)
{
    MY_SCR = CHANNEL(1) << 16;
    while (SENT_SR & CHANNEL(1)) {
    }
}

/* From SEV to the end of the WFE that CPU2's answer ends, in cycles: TIM2 counts in Sleep, too. */
static uint32_t __attribute__((noinline)) round_trip(void)
{
    uint32_t from = TIM2_CNT;

    sev();
    wfe(); /* one's own event */
    wfe();
    return TIM2_CNT - from;
}

void work(struct result *r)
{
    TIM2_CR1 = 1;
    RTSR2 |= FROM_CPU1 | FROM_CPU2;
    r->counts[SHORTEST] = ~0u;
    meet();
    MY_EMR2 |= FROM_CPU2; /* CPU2 has sent one to clear its event register */
    while (r->counts[DONE] < ROUNDS) {
        uint32_t took = round_trip();

        r->counts[SHORTEST] = took < r->counts[SHORTEST] ? took : r->counts[SHORTEST];
        r->counts[LONGEST] = took > r->counts[LONGEST] ? took : r->counts[LONGEST];
        r->counts[DONE]++;
    }
    r->counts[PENDING] = PR2;
    MY_EMR2 &= ~FROM_CPU2;
    MY_IMR2 |= FROM_CPU2;
    irq_enable(IRQ_C2SEV);
    meet(); /* CPU2 has sent one more before */
    delay_us(20);
    r->counts[IRQS] = irqs;
    for (unsigned i = 0; i < 4; i++) {
        meet();
        delay_us(20);
        sev();
        delay_us(100);
    }
}

void judge(const struct result *one, const struct result *two)
{
    CHECK_EQ("CPU1's rounds", one->counts[DONE], ROUNDS);
    CHECK_EQ("CPU2's rounds", two->counts[DONE], ROUNDS);
    CHECK("a round is two latencies", one->counts[SHORTEST] >= 2 * LATENCY_CYCLES);
    CHECK("and a few instructions", one->counts[LONGEST] < 2 * LATENCY_CYCLES + 20);
    CHECK("always the same, to CPU2's cycle", one->counts[LONGEST] - one->counts[SHORTEST] <= 2);
    note_hex("shortest", one->counts[SHORTEST]);
    note_hex("longest", one->counts[LONGEST]);
    CHECK_EQ("an event is not pending", one->counts[PENDING], 0);
    CHECK_EQ("by CPU1's interrupt mask: C2SEV", one->counts[IRQS], 1);
    CHECK_EQ("without mask: nothing", two->counts[UNMASKED], 0);
    CHECK_EQ("without edge: nothing", two->counts[EDGELESS], 0);
    CHECK_EQ("the falling edge will do", two->counts[FALLING], 1);
    CHECK_EQ("by CPU2's interrupt mask: C1SEV", two->counts[IRQS], 1);
}

#else

static void wfe(void)
{
    __asm__ volatile("wfe" ::: "memory");
}

void irq_RCC_FLASH_C1SEV(void)
{
    PR2 = FROM_CPU1;
    irqs++;
}

void irq_RADIO(void)
{
    RADIO_SR = RADIO_COMPARE3;
}

static void meet(void)
{
    while (!(RECEIVED_SR & CHANNEL(1))) {
    }
    MY_SCR = CHANNEL(1);
}

/* Does CPU1's next SEV, in 60 us, set the event register? WFE ends at once then, else by the
 * radio's timer. */
static bool event_comes(void)
{
    uint32_t from;

    sev();
    wfe();
    meet();
    pause_for(60 * 32 / 3);
    from = RADIO_TIME;
    RADIO_CCR3 = from + 30;
    RADIO_CCER = RADIO_CC3;
    wfe();
    RADIO_CCER = 0;
    return RADIO_TIME - from < 20;
}

void work(struct result *r)
{
    RCC_C2APB3ENR |= RCC_APB3_BLE;
    RADIO_IER = RADIO_COMPARE3;
    irq_enable(IRQ_RADIO);
    MY_EMR2 |= FROM_CPU1;
    sev();
    wfe(); /* the event register is clear */
    meet();
    while (r->counts[DONE] < ROUNDS) {
        wfe();
        sev();
        wfe(); /* one's own event */
        r->counts[DONE]++;
    }
    pause_for(1000); /* CPU1 changes its masks */
    sev();
    meet();
    MY_EMR2 &= ~FROM_CPU1;
    r->counts[UNMASKED] = event_comes();
    MY_EMR2 |= FROM_CPU1;
    RTSR2 &= ~FROM_CPU1;
    r->counts[EDGELESS] = event_comes();
    FTSR2 |= FROM_CPU1;
    r->counts[FALLING] = event_comes();
    MY_EMR2 &= ~FROM_CPU1;
    MY_IMR2 |= FROM_CPU1;
    irq_enable(IRQ_RCC_FLASH_C1SEV);
    event_comes();
    r->counts[IRQS] = irqs;
}

#endif
