/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipcc.c - ping-pong: CPU1 puts a block in SRAM2a and occupies channel 1; CPU2, woken by that,
 * checks it, answers in place and frees the channel, which wakes CPU1. Every fourth round CPU2 also
 * sends on channel 2 by itself, as an event, and CPU1 acknowledges it.
 */
#include "dual.h"

#ifndef ROUNDS
#define ROUNDS 2000u
#endif
#define WORDS 16
#define BLOCK (&SHARED->memory[0])
#define EVENT (SHARED->memory[32])

enum { DONE, WRONG, EVENTS };

static volatile bool received, freed_again;

static uint32_t pattern(uint32_t round, uint32_t i, uint32_t core)
{
    return (round * 16 + i) * 2654435761u ^ core;
}

static void fill(uint32_t round)
{
    for (uint32_t i = 0; i < WORDS; i++) {
        BLOCK[i] = pattern(round, i, CORE);
    }
}

static uint32_t wrong_words(uint32_t round)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < WORDS; i++) {
        wrong += BLOCK[i] != pattern(round, i, 3 - CORE);
    }
    return wrong;
}

/* Asleep until the handler has said so. */
static void wait_for(volatile bool *flag)
{
    __asm__ volatile("cpsid i" ::: "memory");
    while (!*flag) {
        wfi();
        __asm__ volatile("cpsie i\n\tisb\n\tcpsid i" ::: "memory");
    }
    *flag = false;
    __asm__ volatile("cpsie i" ::: "memory");
}

#if CORE == 1

static volatile uint32_t events;

void irq_IPCC_RX(void)
{
    if (RECEIVED_SR & CHANNEL(2)) {
        events += EVENT;
        MY_SCR = CHANNEL(2);
    }
}

void irq_IPCC_TX(void)
{
    MY_MR |= CHANNEL(1) << 16; /* not again */
    freed_again = true;
}

void work(struct result *r)
{
    MY_CR = 1u | 1u << 16;
    MY_MR = ~CHANNEL(2);
    irq_enable(IRQ_IPCC_RX);
    irq_enable(IRQ_IPCC_TX);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        fill(round);
        MY_SCR = CHANNEL(1) << 16;
        MY_MR &= ~(CHANNEL(1) << 16);
        wait_for(&freed_again);
        r->counts[WRONG] += wrong_words(round) + (SENT_SR & CHANNEL(1));
        r->counts[DONE]++;
    }
    while (RECEIVED_SR & CHANNEL(2)) {
    }
    r->counts[EVENTS] = events;
}

void judge(const struct result *one, const struct result *two)
{
    CHECK_EQ("CPU1's rounds", one->counts[DONE], ROUNDS);
    CHECK_EQ("CPU2's rounds", two->counts[DONE], ROUNDS);
    CHECK_EQ("CPU1 read what CPU2 wrote", one->counts[WRONG], 0);
    CHECK_EQ("CPU2 read what CPU1 wrote", two->counts[WRONG], 0);
    CHECK_EQ("CPU2's events", two->counts[EVENTS], ROUNDS / 4);
    CHECK_EQ("each came once", one->counts[EVENTS], ROUNDS / 4);
    CHECK_EQ("all channels are free", SENT_SR | RECEIVED_SR, 0);
}

#else

void on_ipcc(void (*handler)(void));

static void ipcc(void)
{
    if (RECEIVED_SR & CHANNEL(1) & ~MY_MR) {
        MY_MR |= CHANNEL(1);
        received = true;
    }
}

void work(struct result *r)
{
    on_ipcc(ipcc);
    MY_CR = 1;
    MY_MR = ~CHANNEL(1);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        wait_for(&received);
        r->counts[WRONG] += wrong_words(round);
        fill(round);
        if (round % 4 == 3) {
            while (SENT_SR & CHANNEL(2)) {
            }
            EVENT = 1;
            MY_SCR = CHANNEL(2) << 16;
            r->counts[EVENTS]++;
        }
        MY_SCR = CHANNEL(1);
        MY_MR &= ~CHANNEL(1);
        r->counts[DONE]++;
    }
}

#endif
