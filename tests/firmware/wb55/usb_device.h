/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb_device.h - a small USB device for the tests of USB. A program has the tables
 * device_descriptor and configuration before it includes this, and has what is declared below.
 */
#ifndef USB_DEVICE_H
#define USB_DEVICE_H

#include "test.h"

#define PMA 0x40006c00u
#define EP(n) REG32(USB_BASE + 4 * (n))
#define CTR_RX 0x8000u
#define SETUP 0x0800u
#define CTR_TX 0x0080u
#define STAT_RX 0x3000u
#define STAT_TX 0x0030u
#define KEEP 0x070fu
#define VALID_RX 0x3000u
#define STALL_TX 0x0010u
#define NAK_TX 0x0020u
#define VALID_TX 0x0030u
#define CONTROL 0x0200u
#define INTERRUPT 0x0600u
#define ISO 0x0400u
#define DTOG_TX 0x0040u
#define DTOG_RX 0x4000u

#define ISTR_CTR 0x8000u
#define ISTR_SUSP 0x0800u
#define ISTR_RESET 0x0400u
#define ISTR_SOF 0x0200u

/* packet memory: the table, then buffers of 64 bytes */
#define COUNT_RX0 6u
#define TX0 0x40u
#define RX0 0x80u
#define IN1 0xc0u
#define OUT1 0x100u
#define RX_64 0x8400u /* two blocks of 32 */

#define CNTR_FSUSP 0x0008u
#define CNTR_LP_MODE 0x0004u
#define CNTR_RESUME 0x0010u
#define ISTR_ESOF 0x0100u
#define ISTR_WKUP 0x1000u

/* Registers of endpoints 1 and up as they are after a reset. */
static const uint16_t endpoints[2];
/* Other requests than those of every device; false: stall. */
static bool class_request(uint16_t request, uint16_t value, uint16_t length);
/* What follows a request of the class. */
static void class_data(unsigned length);
/* An endpoint has something to tell. */
static void on_endpoint(unsigned n);

static volatile unsigned resets, frames, suspends, transfers;
static volatile unsigned esofs, wakeups;
static volatile bool configured;
static uint8_t address;
static const uint8_t *sending;
static unsigned left;
static bool data_follows;

static uint16_t pma(unsigned at)
{
    return REG16(PMA + at);
}

static void set_pma(unsigned at, uint16_t value)
{
    REG16(PMA + at) = value;
}

/* Set STAT fields of an endpoint to `wanted`: they toggle. */
static void set_stat(unsigned n, uint32_t field, uint32_t wanted)
{
    uint32_t ep = EP(n);

    EP(n) = (ep & KEEP) | CTR_RX | CTR_TX | ((ep ^ wanted) & field);
}

static void clear_ctr(unsigned n, uint32_t which)
{
    EP(n) = (EP(n) & KEEP) | ((CTR_RX | CTR_TX) & ~which);
}

static void send_packet(unsigned n, unsigned buffer, const uint8_t *data, unsigned length)
{
    for (unsigned i = 0; i < length; i += 2) {
        set_pma(buffer + i, data[i] | (i + 1 < length ? data[i + 1] << 8 : 0));
    }
    set_pma(8 * n + 2, length);
    set_stat(n, STAT_TX, VALID_TX);
}

static void send_some(void)
{
    unsigned length = left < 64 ? left : 64;

    send_packet(0, TX0, sending, length);
    sending += length;
    left -= length;
}

static void on_reset(void)
{
    static const uint16_t table[] = {TX0,  0,     RX0,   RX_64, IN1,  0,
                                     OUT1, RX_64, 0x140, 0,     OUT1, RX_64};

    resets++;
    USB_BTABLE = 0;
    for (unsigned i = 0; i < 12; i++) {
        set_pma(2 * i, table[i]);
    }
    EP(0) = CONTROL | VALID_RX | NAK_TX;
    EP(1) = endpoints[0];
    EP(2) = endpoints[1];
    USB_DADDR = 0x80;
    address = 0;
    configured = false;
}

static void reply(const uint8_t *data, unsigned size, unsigned asked)
{
    sending = data;
    left = size < asked ? size : asked;
    send_some();
}

static void on_setup(void)
{
    uint16_t request = pma(RX0), value = pma(RX0 + 2), length = pma(RX0 + 6);

    transfers++;
    left = 0;
    if (request == 0x0680 && value >> 8 == 1) {
        reply(device_descriptor, sizeof(device_descriptor), length);
    } else if (request == 0x0680 && value >> 8 == 2) {
        reply(configuration, sizeof(configuration), length);
    } else if (request == 0x0500) {
        address = value;
        send_packet(0, TX0, NULL, 0);
    } else if (request == 0x0900) {
        configured = value == 1;
        send_packet(0, TX0, NULL, 0);
    } else if (!class_request(request, value, length)) {
        set_stat(0, STAT_TX, STALL_TX);
    }
}

static void control(void)
{
    uint32_t ep = EP(0);

    if (ep & CTR_RX) {
        clear_ctr(0, CTR_RX);
        if (ep & SETUP) {
            on_setup();
        } else if (data_follows) {
            data_follows = false;
            class_data(pma(COUNT_RX0) & 0x3ff);
            send_packet(0, TX0, NULL, 0);
        }
        set_stat(0, STAT_RX, VALID_RX);
    }
    if (ep & CTR_TX) {
        clear_ctr(0, CTR_TX);
        if (address && !(USB_DADDR & 0x7f)) {
            USB_DADDR = 0x80 | address;
        }
        if (left) {
            send_some();
        }
    }
}

void irq_USB_LP(void)
{
    uint32_t istr = USB_ISTR;

    if (istr & ISTR_RESET) {
        USB_ISTR = ~ISTR_RESET & 0xffff;
        on_reset();
    }
    if (istr & ISTR_SOF) {
        USB_ISTR = ~ISTR_SOF & 0xffff;
        frames++;
    }
    if (istr & ISTR_ESOF) {
        USB_ISTR = ~ISTR_ESOF & 0xffff;
        esofs++;
    }
    if (istr & ISTR_WKUP) {
        USB_ISTR = ~ISTR_WKUP & 0xffff;
        USB_CNTR &= ~CNTR_FSUSP;
        wakeups++;
    }
    if (istr & ISTR_SUSP) {
        USB_ISTR = ~ISTR_SUSP & 0xffff;
        suspends++;
    }
    while ((istr = USB_ISTR) & ISTR_CTR) {
        if ((istr & 0xf) == 0) {
            control();
        } else {
            on_endpoint(istr & 0xf);
        }
    }
}

/* ---- for the checks ---- */

static bool wait_ms(volatile unsigned *what, unsigned wanted, unsigned ms)
{
    for (; ms && *what < wanted; ms--) {
        delay_us(1000);
    }
    return *what >= wanted;
}

static void uarts_on(void)
{
    USART1_BRR = 556; /* 64 MHz / 115200 */
    USART1_CR1 = 13;
    LPUART1_BRR = 142222; /* 256 times that */
    LPUART1_CR1 = 13;
}

/* The other board: bytes from one UART to the other. */
static _Noreturn void relay(void)
{
    for (;;) {
        if (USART1_ISR & 0x20) {
            LPUART1_TDR = USART1_RDR;
        }
        if (LPUART1_ISR & 0x20) {
            uint8_t byte = LPUART1_RDR;

            if (byte == 0xff) { /* the end */
                exit_with(0);
            }
            USART1_TDR = byte;
        }
    }
}

#endif
