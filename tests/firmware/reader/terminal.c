/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.c - for a stm32wb55: the terminal of ../st33/card.c, as drivers of card readers are
 * written. It resets the card, reads its answer, changes the rate by PPS, and talks T=0; resets it
 * in the middle of a command and begins again.
 */
#include "test.h"

enum {
    CR1_UE = 1,
    CR1_RE = 4,
    CR1_TE = 8,
    CR1_PCE = 0x400,
    CR1_M0 = 0x1000,
    CR2_RTOEN = 0x800000,
    CR2_STOP_1_5 = 3 << 12,
    CR3_NACK = 0x10,
    CR3_SCEN = 0x20,
    ISR_ERRORS = 0x0e, /* framing (refused), noise, overrun */
    ISR_RXNE = 0x20,
    ISR_TC = 0x40,
    ISR_RTOF = 0x800,
};
#define SCARCNT_3 (3u << 17)
#define CARD_CLK 4000000u
#define RESET_PIN 12u /* of port C */
#define NOTHING 0x100u
#define DATA 60u

static uint8_t answer[300];
static unsigned wi;    /* the card's waiting time integer */
static uint64_t wt_ns; /* the waiting time */

/* ---- the line ---- */

/* 10.2: the waiting time is WI * 960 * F clocks. The USART counts it from a character that came. */
static void set_rate(unsigned f, unsigned d)
{
    USART1_CR1 = 0;
    USART1_CR2 = CR2_STOP_1_5 | CR2_RTOEN;
    USART1_CR3 = CR3_SCEN | CR3_NACK | SCARCNT_3;
    USART1_GTPR = 2 << 8 | 1;
    USART1_BRR = (uint32_t)((uint64_t)core_hz * f / d / CARD_CLK);
    USART1_RTOR = 960 * wi * d;
    wt_ns = 1000000000ull * 960 * wi * f / CARD_CLK;
    USART1_ICR = ~0u;
    USART1_CR1 = CR1_UE | CR1_RE | CR1_TE | CR1_PCE | CR1_M0;
}

static void send(uint8_t byte)
{
    USART1_TDR = byte;
    wait_until(&USART1_ISR, ISR_TC, ISR_TC, ~0u);
    USART1_ICR = ISR_RTOF;
}

static unsigned receive(void)
{
    uint32_t from = cycles();

    while (!(USART1_ISR & ISR_RXNE)) {
        if ((USART1_ISR & ISR_RTOF) || ns_since(from) > wt_ns) {
            return NOTHING;
        }
    }
    return USART1_RDR & 0xff;
}

/* ---- answer to reset ---- */

static void hold_reset(bool low)
{
    GPIOC_BSRR = low ? 1u << (RESET_PIN + 16) : 1u << RESET_PIN;
}

static unsigned ones(unsigned bits)
{
    unsigned count = 0;

    for (; bits; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* Its length; 0: none came in time. */
static unsigned answer_to_reset(void)
{
    unsigned count = 0, last = 2, td = 1;

    wi = 10;
    hold_reset(true);
    set_rate(372, 1);
    delay_us(1000);
    hold_reset(false);
    while (count < last) {
        unsigned byte = receive();

        if (byte == NOTHING) {
            return 0;
        }
        answer[count] = (uint8_t)byte;
        if (count == td) { /* T0 or TDi */
            last += ones(byte >> 4) + (td == 1 ? byte & 15 : 0u);
            td = byte & 0x80 ? td + ones(byte >> 4) : 0;
        }
        count++;
    }
    wi = answer[4]; /* TC2: of a card that has TD1 and TC2, as ours */
    set_rate(372, 1);
    return count;
}

/* ---- PPS ---- */

/* 9.3: the answer repeats what the card accepts. */
static bool pps(uint8_t pps1)
{
    const uint8_t request[] = {0xff, 0x10, pps1, 0xff ^ 0x10 ^ pps1};
    unsigned first, pps0, accepted;

    for (unsigned i = 0; i < sizeof(request); i++) {
        send(request[i]);
    }
    first = receive();
    pps0 = receive();
    accepted = pps0 & 0x10 ? receive() : 0;
    if (first != 0xff || (first ^ pps0 ^ accepted ^ receive()) || accepted != pps1) {
        return false;
    }
    delay_us(500); /* 10.2: 16 ETU from its last character to ours */
    return true;
}

/* ---- T=0 (10.3) ---- */

static unsigned nulls;

/* The status word, or 0: the waiting time ran out. Data goes out from @data, or comes to answer. */
static unsigned exchange(uint8_t ins, uint8_t p3, const uint8_t *data)
{
    const uint8_t header[] = {0x80, ins, 0, 0, p3};
    unsigned done = 0, byte;

    for (unsigned i = 0; i < sizeof(header); i++) {
        send(header[i]);
    }
    nulls = 0;
    for (;;) {
        unsigned end = p3;

        byte = receive();
        if (byte == 0x60) {
            nulls++;
            continue;
        }
        if (byte != ins && byte != (uint8_t)~ins) {
            break;
        }
        end = byte == ins ? p3 : done + 1;
        for (; done < end; done++) {
            if (data) {
                send(data[done]);
            } else {
                answer[done] = (uint8_t)receive();
            }
        }
    }
    return byte == NOTHING ? 0 : byte << 8 | (receive() & 0xff);
}

static bool is_pattern(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (answer[i] != (uint8_t)(i * 7)) {
            return false;
        }
    }
    return true;
}

static void session(const char *which, bool fast)
{
    static uint8_t data[DATA];
    unsigned atr = answer_to_reset();
    uint32_t from;

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7);
    }
    CHECK_EQ(name(which, "answer to reset: eleven characters"), atr, 11);
    CHECK(name(which, "direct convention, 512/32 on offer"),
          answer[0] == 0x3b && answer[2] == 0x96);
    if (fast) {
        CHECK(name(which, "PPS is taken"), pps(0x96));
        set_rate(512, 32);
    }
    from = cycles();
    CHECK_EQ(name(which, "a command with data"), exchange(0x10, DATA, data), 0x9000);
    /* 65 characters there, 3 back; 12 ETU each, and what the link adds until a refusal could have
     * come */
    CHECK_RANGE(name(which, "in ms"), (uint32_t)(ns_since(from) / 1000000), fast ? 3 : 75,
                fast ? 9 : 95);
    CHECK_EQ(name(which, "the wrong length"), exchange(0x14, 5, NULL), 0x6c00 | DATA);
    CHECK_EQ(name(which, "an answer"), exchange(0x14, DATA, NULL), 0x9000);
    CHECK(name(which, "what was kept"), is_pattern(DATA));
    CHECK_EQ(name(which, "byte by byte"), exchange(0x12, 20, data), 0x9000);
    CHECK_EQ(name(which, "and back"), exchange(0x14, 20, NULL), 0x9000);
    CHECK(name(which, "what was kept then"), is_pattern(20));
    CHECK_EQ(name(which, "a command that takes long"), exchange(0x16, 0, NULL), 0x9000);
    CHECK_EQ(name(which, "four times more time"), nulls, 4);
    CHECK_EQ(name(which, "an unknown instruction"), exchange(0x77, 0, NULL), 0x6d00);
    CHECK_EQ(name(which, "no error"), USART1_ISR & ISR_ERRORS, 0);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    GPIOC_MODER = (GPIOC_MODER & ~(3u << (2 * RESET_PIN))) | 1u << (2 * RESET_PIN);
    session("first rate:", false);
    session("by PPS:", true);

    CHECK_EQ("another session", answer_to_reset(), 11);
    CHECK("PPS with a rate that is not on offer is not taken", !pps(0x18));
    CHECK_EQ("and the card lives", answer_to_reset(), 11);
    CHECK("PPS", pps(0x96));
    CHECK("the terminal stays slow: nothing good comes", exchange(0x77, 0, NULL) != 0x6d00);

    answer_to_reset();
    for (unsigned i = 0; i < 3; i++) {
        send(0x80); /* the beginning of a command, and then a reset */
    }
    session("after a reset in its middle:", true);
    CHECK_EQ("the end", exchange(0xfe, 0, NULL), 0x9000);
    finish();
}
