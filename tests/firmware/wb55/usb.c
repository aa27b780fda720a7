/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb.c - a CDC ACM device that echoes. The host behind the cable enumerates it and gives it the
 * stream serial2, which usb.yaml joins with USART1 through another board: what this program sends
 * by USART1 comes by USB, and what it sends back by USB arrives at USART1.
 */
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

#define ISTR_CTR 0x8000u
#define ISTR_SUSP 0x0800u
#define ISTR_RESET 0x0400u
#define ISTR_SOF 0x0200u

/* packet memory: the table, then buffers of 64 bytes */
#define TX0 0x40u
#define RX0 0x80u
#define IN1 0xc0u
#define OUT1 0x100u
#define RX_64 0x8400u /* two blocks of 32 */

static const uint8_t device_descriptor[] = {18,   1,    0x00, 0x02, 2, 0, 0, 64, 0x83,
                                            0x04, 0x40, 0x57, 0,    2, 0, 0, 0,  1};
static const uint8_t configuration[] = {
    9, 2,    67,   0,    2,  1,  0,    0xc0, 50, /* configuration */
    9, 4,    0,    0,    1,  2,  2,    1,    0,  /* communication */
    5, 0x24, 0,    0x10, 1,  5,  0x24, 1,    0,  1,    4, 0x24, 2, 2,
    5, 0x24, 6,    0,    1,  7,  5,    0x82, 3,  8,    0, 16, /* notifications */
    9, 4,    1,    0,    2,  10, 0,    0,    0,               /* data */
    7, 5,    0x81, 2,    64, 0,  0,    7,    5,  0x01, 2, 64,   0, 0,
};

static volatile unsigned resets, frames, suspends, transfers;
static volatile bool configured;
static volatile uint8_t line_state, stop_bits, data_bits;
static volatile uint32_t baud;
static uint8_t address;
static const uint8_t *sending;
static unsigned left;
static bool coding_follows;

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
    static const uint16_t table[] = {TX0, 0, RX0, RX_64, IN1, 0, OUT1, RX_64, 0x140, 0, 0, 0};

    resets++;
    USB_BTABLE = 0;
    for (unsigned i = 0; i < 12; i++) {
        set_pma(2 * i, table[i]);
    }
    EP(0) = CONTROL | VALID_RX | NAK_TX;
    EP(1) = 1 | VALID_RX | NAK_TX;
    EP(2) = INTERRUPT | 2 | NAK_TX;
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
    } else if (request == 0x2021) {
        coding_follows = true;
    } else if (request == 0x2221) {
        line_state = value;
        send_packet(0, TX0, NULL, 0);
    } else {
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
        } else if (coding_follows) {
            coding_follows = false;
            baud = pma(RX0) | pma(RX0 + 2) << 16;
            stop_bits = pma(RX0 + 4);
            data_bits = pma(RX0 + 6);
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

static void echo(void)
{
    uint32_t ep = EP(1);

    if (ep & CTR_TX) {
        clear_ctr(1, CTR_TX);
    }
    if (ep & CTR_RX) {
        unsigned length = pma(8 + 6) & 0x3ff;
        uint8_t data[64];

        clear_ctr(1, CTR_RX);
        for (unsigned i = 0; i < length && i < sizeof(data); i++) {
            data[i] = REG8(PMA + OUT1 + i);
        }
        send_packet(1, IN1, data, length);
        set_stat(1, STAT_RX, VALID_RX);
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
    if (istr & ISTR_SUSP) {
        USB_ISTR = ~ISTR_SUSP & 0xffff;
        suspends++;
    }
    while ((istr = USB_ISTR) & ISTR_CTR) {
        if ((istr & 0xf) == 0) {
            control();
        } else {
            echo();
        }
    }
}

/* ---- the checks ---- */

static void endpoint_register(void)
{
    EP(3) = CONTROL | 5;
    CHECK_EQ("EA and type are written", EP(3), CONTROL | 5);
    EP(3) = CONTROL | 5 | 0x3030;
    CHECK_EQ("STAT toggles", EP(3), CONTROL | 5 | 0x3030);
    EP(3) = CONTROL | 5 | 0x1010;
    CHECK_EQ("bit by bit", EP(3), CONTROL | 5 | 0x2020);
    EP(3) = CONTROL | 5 | 0x4040;
    CHECK_EQ("DTOG toggles", EP(3), CONTROL | 5 | 0x6060);
    EP(3) = CONTROL | 5 | CTR_RX | CTR_TX;
    CHECK_EQ("CTR cannot be set", EP(3), CONTROL | 5 | 0x6060);
    EP(3) = 0x6060;
    CHECK_EQ("all back", EP(3), 0);
}

static void packet_memory(void)
{
    REG16(PMA + 0x100) = 0x1234;
    REG16(PMA + 0x102) = 0x5678;
    CHECK_EQ("packet memory: halfwords side by side", REG32(PMA + 0x100), 0x56781234);
    REG8(PMA + 0x101) = 0xab;
    CHECK_EQ("packet memory: bytes", REG16(PMA + 0x100), 0xab34);
    REG16(PMA + 0x3fe) = 0xbeef;
    CHECK_EQ("packet memory: 1 KiB", REG16(PMA + 0x3fe), 0xbeef);
}

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

static uint8_t exchange(uint8_t byte)
{
    USART1_TDR = byte;
    if (!wait_until(&USART1_ISR, 0x20, 0x20, 1000000)) {
        return 0xff;
    }
    return USART1_RDR;
}

void test(void)
{
    static const char text[] = "Orrery by USB";
    unsigned before, right = 0;
    uint32_t start;
    uint64_t us;

    clock_64mhz();
    clocks_on();
    GPIOD_MODER &= ~3u;
    GPIOD_PUPDR = (GPIOD_PUPDR & ~3u) | 1;
    if (!(GPIOD_IDR & 1)) {
        uarts_on();
        relay();
    }
    RCC_CRRCR |= 1; /* HSI48 */
    wait_until(&RCC_CRRCR, 2, 2, 100000);
    CHECK_EQ("CNTR after reset", USB_CNTR, 3);
    USB_CNTR = 1;
    USB_CNTR = 0;
    USB_ISTR = 0;
    endpoint_register();
    packet_memory();

    irq_enable(IRQ_USB_LP);
    USB_CNTR = 0x8e00; /* CTR, SUSP, RESET, SOF */
    start = cycles();
    USB_BCDR = 0x8000;
    CHECK("bus reset comes", wait_ms(&resets, 1, 500));
    CHECK_RANGE("ms until the reset", ns_since(start) / 1000000, 99, 103);
    CHECK("start of frame comes", wait_ms(&frames, 1, 100));
    before = USB_FNR & 0x7ff;
    start = cycles();
    while ((USB_FNR & 0x7ff) < before + 10) {
    }
    us = ns_since(start) / 1000;
    CHECK_RANGE("us of ten frames", us, 9000, 10010);
    for (unsigned i = 0; i < 100 && !line_state; i++) {
        delay_us(1000);
    }
    CHECK("configured", configured);
    CHECK_EQ("address", USB_DADDR, 0x81);
    CHECK_EQ("line coding: baud", baud, 115200);
    CHECK_EQ("line coding: data bits", data_bits, 8);
    CHECK_EQ("line state: DTR, RTS", line_state, 3);
    CHECK_EQ("control transfers", transfers, 9);

    uarts_on();
    for (unsigned i = 0; text[i]; i++) {
        right += exchange(text[i]) == (uint8_t)text[i];
    }
    CHECK_EQ("bytes that come back", right, sizeof(text) - 1);
    CHECK_EQ("one reset only", resets, 1);
    CHECK_EQ("no suspend", suspends, 0);

    USB_BCDR = 0;
    before = frames;
    delay_us(5000);
    CHECK_EQ("no frame without the pull-up", frames, before);
    USB_BCDR = 0x8000;
    CHECK("another reset when it is back", wait_ms(&resets, 2, 500));
    USART1_TDR = 0xff;
    delay_us(1000);
}
