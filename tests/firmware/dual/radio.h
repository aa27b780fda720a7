/* SPDX-License-Identifier: Apache-2.0 */
/* radio.h - the registers of docs/radio.md, for test programs, and how these use them. */
#ifndef RADIO_H
#define RADIO_H

#include <stdbool.h>
#include <stdint.h>

#include "test.h"

#define RADIO(offset) (*(volatile uint32_t *)(0x60000000u + (offset)))
#define RADIO_ID RADIO(0x00)
#define RADIO_CR RADIO(0x04)
#define RADIO_SR RADIO(0x08)
#define RADIO_IER RADIO(0x0C)
#define RADIO_TIME RADIO(0x10)
#define RADIO_RAMP RADIO(0x14)
#define RADIO_CCER RADIO(0x18)
#define RADIO_CCR(n) RADIO(0x20 + 4 * (n))
#define RADIO_CHANNEL RADIO(0x30)
#define RADIO_PHY RADIO(0x34)
#define RADIO_AA RADIO(0x38)
#define RADIO_CRCINIT RADIO(0x3C)
#define RADIO_WHITEN RADIO(0x40)
#define RADIO_POWER RADIO(0x44)
#define RADIO_TXPTR RADIO(0x48)
#define RADIO_RXPTR RADIO(0x4C)
#define RADIO_RXMAX RADIO(0x50)
#define RADIO_START RADIO(0x54)
#define RADIO_WINDOW RADIO(0x58)
#define RADIO_CMD RADIO(0x5C)
#define RADIO_RXTIME RADIO(0x60)
#define RADIO_RXEND RADIO(0x64)
#define RADIO_RSSI RADIO(0x68)
#define RADIO_RXSTATUS RADIO(0x6C)
#define RADIO_TXEND RADIO(0x70)

#define RADIO_IRQ 30

#define TXDONE (1u << 0)
#define RXDONE (1u << 1)
#define RXTIMEOUT (1u << 2)
#define LATE (1u << 3)
#define SYNC (1u << 4)
#define COMPARE(n) (1u << (8 + (n)))
#define TXBUSY (1u << 16)
#define RXBUSY (1u << 17)

enum { TX = 1, RX = 2, STOP = 3 };

#define ADVERTISING_AA 0x8E89BED6u
#define ADVERTISING_CRC 0x555555u

/* Power on, channel 37 (2402 MHz), LE 1M, as advertising has it. */
static inline void radio_setup(void)
{
    RADIO_CR = 1;
    RADIO_CHANNEL = 0;
    RADIO_PHY = 0;
    RADIO_AA = ADVERTISING_AA;
    RADIO_CRCINIT = ADVERTISING_CRC;
    RADIO_WHITEN = 37;
    RADIO_POWER = 0;
}

static inline void transmit(uint32_t start, const uint8_t *pdu)
{
    RADIO_START = start;
    RADIO_TXPTR = (uint32_t)(uintptr_t)pdu;
    RADIO_CMD = TX;
}

static inline void receive(uint32_t start, uint32_t window, uint8_t *pdu, uint32_t max)
{
    RADIO_START = start;
    RADIO_WINDOW = window;
    RADIO_RXPTR = (uint32_t)(uintptr_t)pdu;
    RADIO_RXMAX = max;
    RADIO_CMD = RX;
}

/* Sleep until one of these flags is there; returns and clears all. */
static inline uint32_t radio_wait(uint32_t flags)
{
    uint32_t seen, enabled = RADIO_IER;

    irqs_off();
    RADIO_IER = enabled | flags;
    irq_enable(RADIO_IRQ);
    while (!((seen = RADIO_SR) & flags)) {
        wfi();
    }
    RADIO_IER = enabled;
    RADIO_SR = seen;
    irq_disable(RADIO_IRQ);
    irq_clear(RADIO_IRQ);
    irqs_on();
    return seen;
}

/* Sleep until then, by COMPARE1; other flags stay. */
static inline void wait_time(uint32_t us)
{
    uint32_t enabled = RADIO_IER;

    irqs_off();
    RADIO_CCR(1) = us;
    RADIO_CCER = 1 << 1;
    RADIO_IER = COMPARE(1);
    irq_enable(RADIO_IRQ);
    while (!(RADIO_SR & COMPARE(1))) {
        wfi();
    }
    RADIO_SR = COMPARE(1);
    RADIO_IER = enabled;
    irq_disable(RADIO_IRQ);
    irq_clear(RADIO_IRQ);
    irqs_on();
}

/* From the first bit to the last of a packet with so many octets of payload. */
static inline uint32_t air_us(unsigned phy, unsigned payload)
{
    return phy ? 4 * (2 + 4 + 2 + payload + 3) : 8 * (1 + 4 + 2 + payload + 3);
}

#endif
