/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb.c - a CDC ACM device that echoes. The host behind the cable enumerates it and gives it the
 * stream serial2, which usb.yaml joins with USART1 through another board: what this program sends
 * by USART1 comes by USB, and what it sends back by USB arrives at USART1. With the button PD1 held
 * it only echoes, until a vendor request ends it (tests/e2e/usbredir.sh). Another interface has
 * isochronous endpoints: its packets say which frame it is, and what came last in one to it.
 */
#include "test.h"

static const uint8_t device_descriptor[] = {18,   1,    0x00, 0x02, 2, 0, 0, 64, 0x83,
                                            0x04, 0x40, 0x57, 0,    2, 0, 0, 0,  1};
static const uint8_t configuration[] = {
    9,  2,    99,   0,    3,  1,    0,    0xc0, 50, /* configuration */
    9,  4,    0,    0,    1,  2,    2,    1,    0,  /* communication */
    5,  0x24, 0,    0x10, 1,  5,    0x24, 1,    0,    1,    4, 0x24, 2,
    2,  5,    0x24, 6,    0,  1,    7,    5,    0x82, 3,    8, 0,    16, /* notifications */
    9,  4,    1,    0,    2,  10,   0,    0,    0,                       /* data */
    7,  5,    0x81, 2,    64, 0,    0,    7,    5,    0x01, 2, 64,   0,
    0,  9,    4,    2,    0,  0,    0xff, 0,    0,    0, /* isochronous: nothing at first */
    9,  4,    2,    1,    2,  0xff, 0,    0,    0,    7,    5, 0x83, 5,
    16, 0,    1,    7,    5,  0x03, 5,    16,   0,    1,
};

#include "usb_device.h"

static const uint16_t endpoints[2] = {1 | VALID_RX | NAK_TX, INTERRUPT | 2 | NAK_TX};

static volatile uint8_t line_state, stop_bits, data_bits;
static volatile uint32_t baud;
static volatile bool leave;

/* Endpoint 3 has register 3 to the host and 4 from it, with two buffers of 16 bytes each. */
static const uint16_t iso_in[2] = {0x140, 0x150}, iso_out[2] = {0x160, 0x170};
static uint8_t last_packet[4], last_length;

/* What the peripheral does not send next; packets go by themselves. */
static void iso_fill(void)
{
    unsigned buffer = !(EP(3) & DTOG_TX), at = iso_in[buffer];

    set_pma(at, USB_FNR & 0x7ff);
    set_pma(at + 2, last_length | last_packet[0] << 8);
    set_pma(24 + 4 * buffer + 2, 4);
}

static void iso_open(unsigned setting)
{
    for (unsigned i = 0; i < 2; i++) {
        set_pma(24 + 4 * i, iso_in[i]);
        set_pma(24 + 4 * i + 2, 0);
        set_pma(32 + 4 * i, iso_out[i]);
        set_pma(32 + 4 * i + 2, 8u << 10);
    }
    EP(3) = EP(3) & 0x7070; /* all toggles back */
    EP(4) = EP(4) & 0x7070;
    if (setting) {
        EP(3) = ISO | 3 | VALID_TX;
        EP(4) = ISO | 3 | VALID_RX;
    }
}

static void iso_event(unsigned n)
{
    if (n == 3) {
        clear_ctr(3, CTR_TX);
        iso_fill();
        return;
    }
    unsigned buffer = !(EP(4) & DTOG_RX);

    clear_ctr(4, CTR_RX);
    last_length = pma(32 + 4 * buffer + 2) & 0x3ff;
    last_packet[0] = pma(iso_out[buffer]);
}

static bool class_request(uint16_t request, uint16_t value, uint16_t length)
{
    (void)length;
    switch (request) {
    case 0x2021: /* SET_LINE_CODING */
        data_follows = true;
        break;
    case 0x2221: /* SET_CONTROL_LINE_STATE */
        line_state = value;
        send_packet(0, TX0, NULL, 0);
        break;
    case 0x0b01: /* SET_INTERFACE */
        iso_open(value);
        send_packet(0, TX0, NULL, 0);
        break;
    case 0x0102: /* CLEAR_FEATURE of an endpoint: its toggles start anew */
        EP(1) = (EP(1) & (KEEP | 0x4040u)) | CTR_RX | CTR_TX;
        send_packet(0, TX0, NULL, 0);
        break;
    case 0x0240: /* ours: go, and come again */
        leave = true;
        send_packet(0, TX0, NULL, 0);
        break;
    case 0x0140: /* ours: the end */
        exit_with((int)value);
    default:
        return false;
    }
    return true;
}

static void class_data(unsigned length)
{
    if (length == 7) {
        baud = pma(RX0) | pma(RX0 + 2) << 16;
        stop_bits = pma(RX0 + 4);
        data_bits = pma(RX0 + 6);
    }
}

static void on_endpoint(unsigned n)
{
    uint32_t ep = EP(1);

    if (n > 1) {
        iso_event(n);
        return;
    }
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

/* SOFs measure HSI48 for CRS (RM0434 chapter 10): 48,000 ticks apart. */
static void clock_recovery(void)
{
    CRS_CR &= ~0x20u;
    CRS_CFGR = 2u << 28 | 34u << 16 | 47999;
    CRS_CR |= 0x60;
    delay_us(1500);
    CRS_ICR = 0xf; /* the counter began between two */
    delay_us(2000);
    CHECK_EQ("CRS: synchronised by SOF", CRS_ISR & 0x707, 1);
    CRS_CR &= ~0x20u;
}

/* SOF is TIM2's ITR1, if OR says so. */
static void timer_by_frames(void)
{
    TIM2_SMCR = 1u << 4 | 7; /* external clock 1 */
    TIM2_CR1 = 1;
    delay_us(5000);
    CHECK_EQ("TIM2 does not hear frames", TIM2_CNT, 0);
    TIM2_OR = 1;
    delay_us(5000);
    CHECK_RANGE("TIM2 counts frames", TIM2_CNT, 4, 6);
    TIM2_CR1 = 0;
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
    GPIOD_MODER &= ~0xcu;
    GPIOD_PUPDR = (GPIOD_PUPDR & ~0xcu) | 4;
    RCC_CRRCR |= 1; /* HSI48 */
    wait_until(&RCC_CRRCR, 2, 2, 100000);
    CHECK_EQ("CNTR after reset", USB_CNTR, 3);
    USB_CNTR = 1;
    USB_CNTR = 0;
    USB_ISTR = 0;
    irq_enable(IRQ_USB_LP);
    if (!(GPIOD_IDR & 2)) {
        USB_CNTR = 0x8400; /* CTR, RESET */
        USB_BCDR = 0x8000;
        for (;;) {
            __asm__ volatile("wfi");
            if (leave) {
                leave = false;
                delay_us(1000); /* the status stage */
                USB_BCDR = 0;
                delay_us(20000);
                USB_BCDR = 0x8000;
            }
        }
    }
    endpoint_register();
    packet_memory();

    USB_CNTR = 0x8e00; /* CTR, SUSP, RESET, SOF */
    start = cycles();
    USB_BCDR = 0x8000;
    CHECK("bus reset comes", wait_ms(&resets, 1, 500));
    CHECK_RANGE("ms until the reset", ns_since(start) / 1000000, 99, 103);
    CHECK("an idle bus is a suspended one before that", suspends > 0);
    suspends = 0;
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

    clock_recovery();
    timer_by_frames();
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
