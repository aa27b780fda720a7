/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card.c - a card by ISO 7816-3: answer to reset, PPS, T=0. terminal.c is the other end
 * (card.yaml).
 *
 * CLA 80: INS 10 keeps P3 bytes, all at once; 12 the same, one by one; 14 gives them back; 16 takes
 * 120 ms, more than the waiting time, with NULL bytes; FE ends it. Anything else is 6D00.
 */
#include "test.h"

#define ETU(f, d) ((uint32_t)(f)*16u / (d))
#define MODE                                                                                       \
    (IART_CTRL_EN | IART_CTRL_ISO | IART_CTRL_CLKPIN | IART_CTRL_NACK | IART_CTRL_REPEAT(3))

static uint8_t kept[256];
static unsigned kept_count;

static uint8_t receive(void)
{
    while (!(IART_STAT & IART_RXNE)) {
    }
    return (uint8_t)IART_DATA;
}

static void send(uint8_t byte)
{
    while (!(IART_STAT & IART_TXE)) {
    }
    IART_DATA = byte;
}

static void sent(void)
{
    while (!(IART_STAT & IART_TC)) {
    }
}

static void status_word(unsigned sw)
{
    send((uint8_t)(sw >> 8));
    send((uint8_t)sw);
}

static void set_rate(uint32_t etu)
{
    sent();
    IART_CTRL = 0;
    IART_ETU = etu;
    IART_CTRL = MODE;
}

/* T=0; 512/32 on offer; a waiting time of 960 * 372 clocks */
static void answer_to_reset(void)
{
    static const uint8_t atr[] = {0x3b, 0x96, 0x96, 0x40, 0x01, 'O', 'r', 'r', 'e', 'r', 'y'};

    for (unsigned i = 0; i < sizeof(atr); i++) {
        send(atr[i]);
    }
}

/* 9.3: what is refused is left out of the answer. */
static void pps(void)
{
    uint8_t pps0 = receive(), pps1 = 0, pck;

    if (pps0 & 0x10) {
        pps1 = receive();
    }
    pck = receive();
    if ((0xff ^ pps0 ^ pps1 ^ pck) || (pps0 & 0x6f)) {
        return; /* the terminal's time runs out */
    }
    if (pps1 != 0x96) {
        pps0 = 0;
        pps1 = 0;
    }
    send(0xff);
    send(pps0);
    if (pps0) {
        send(pps1);
    }
    send(0xff ^ pps0 ^ pps1);
    if (pps1) {
        set_rate(ETU(512, 32));
    }
}

static void keep(uint8_t ins, unsigned count, bool one_by_one)
{
    kept_count = count;
    if (!one_by_one) {
        send(ins);
    }
    for (unsigned i = 0; i < count; i++) {
        if (one_by_one) {
            send((uint8_t)~ins);
        }
        kept[i] = receive();
    }
}

static void give(uint8_t ins)
{
    send(ins);
    for (unsigned i = 0; i < kept_count; i++) {
        send(kept[i]);
    }
}

static void command(uint8_t cla)
{
    uint8_t ins = receive(), p3;

    receive();
    receive();
    p3 = receive();
    if (cla != 0x80) {
        status_word(0x6e00);
        return;
    }
    switch (ins) {
    case 0x10:
    case 0x12:
        keep(ins, p3, ins == 0x12);
        break;
    case 0x14:
        if (p3 != kept_count) {
            status_word(0x6c00 | kept_count);
            return;
        }
        give(ins);
        break;
    case 0x16:
        for (unsigned i = 0; i < 4; i++) {
            delay_us(30000);
            send(0x60);
        }
        break;
    case 0xfe:
        status_word(0x9000);
        sent();
        delay_us(10000);
        finish();
    default:
        status_word(0x6d00);
        return;
    }
    status_word(0x9000);
}

void test(void)
{
    kept_count = 0;
    IART_ETU = ETU(372, 1);
    IART_GUARD = 1;
    IART_CTRL = MODE;
    delay_us(500); /* 8.1: from 400 to 40,000 clocks of 4 MHz */
    answer_to_reset();
    for (;;) {
        uint8_t first = receive();

        if (first == 0xff) {
            pps();
        } else {
            command(first);
        }
    }
}
