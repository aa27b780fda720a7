// SPDX-License-Identifier: Apache-2.0
/*
 * mcu.c - the wallet's MCU: lets the secure element out of reset, gives it events one by one, and
 * does what its commands say. What both say is on LPUART1; a tick and its status are shown once
 * only.
 *
 * The secure element speaks HCI: what it sends for Bluetooth goes to CPU2 by the mailbox, and what
 * comes back goes to it.
 */
#include "seproxyhal.h"
#include "test.h"
#include "tl.h"

#define CONSOLE_BAUD 115200
#define PIN_RESET 12        /* of port C, to the secure element's reset */
#define STATUS_US 10000000u /* a status that is later is missing */
#define START_US 1000000u   /* to answer a session's start */

static uint32_t interval_us = 100000;
static bool off;
static volatile bool reset_wanted; /* and the secure element is in reset already */
static bool waiting;               /* for a session's first status, not the first time */
static uint32_t exchanges;

/* ---- the console ---- */

#define TXE (1u << 7)   /* ISR */
#define TXEIE (1u << 7) /* CR1 */

/* Asleep until a UART takes a character; its interrupt clears TXEIE. */
static void wait_for_room(volatile uint32_t *isr, volatile uint32_t *cr1)
{
    while (!(*isr & TXE)) {
        irqs_off();
        *cr1 |= TXEIE;
        wfi();
        irqs_on();
    }
}

void irq_LPUART1(void)
{
    LPUART1_CR1 &= ~TXEIE;
}

static void put(char c)
{
    wait_for_room(&LPUART1_ISR, &LPUART1_CR1);
    LPUART1_TDR = (uint8_t)c;
}

static void say(const char *text)
{
    for (; *text; text++) {
        put(*text);
    }
}

static void say_hex(uint8_t byte)
{
    put("0123456789abcdef"[byte >> 4]);
    put("0123456789abcdef"[byte & 15]);
}

static void say_number(uint32_t number)
{
    char text[11] = {0}, *p = text + sizeof(text) - 1;

    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    say(p);
}

static _Noreturn void broken(const char *what)
{
    say("mcu: ");
    say(what);
    say("\r\n");
    wait_until(&LPUART1_ISR, 1u << 6, 1u << 6, ~0u);
    exit_with(1);
}

static const char *name_of(uint8_t tag)
{
    static const struct {
        uint8_t tag;
        const char *name;
    } names[] = {
        {EVENT_SESSION_START, "session start"}, {EVENT_TICKER, "ticker"},
        {EVENT_BLE_RECV, "BLE receive"},        {COMMAND_BLE_SEND, "BLE send"},
        {COMMAND_DEVICE_OFF, "device off"},     {COMMAND_MORE_TIME, "more time"},
        {COMMAND_TICKER, "ticker interval"},    {COMMAND_PRINTF, "printf"},
        {STATUS_GENERAL, "general status"},
    };

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].tag == tag) {
            return names[i].name;
        }
    }
    return "?";
}

static void show(const char *direction, const uint8_t *packet)
{
    unsigned len = (unsigned)packet[1] << 8 | packet[2];

    say(direction);
    say_hex(packet[0]);
    put(' ');
    say(name_of(packet[0]));
    for (unsigned i = 0; i < len && packet[0] != COMMAND_PRINTF; i++) {
        put(' ');
        say_hex(packet[3 + i]);
    }
    if (packet[0] == COMMAND_PRINTF) {
        say(": ");
        for (unsigned i = 0; i < len; i++) {
            put((char)packet[3 + i]);
        }
    }
    say("\r\n");
}

/* ---- the link ---- */

static volatile uint8_t ring[1024];
static volatile uint32_t ring_in, ring_out;

/* A character with wrong parity is refused, and comes again. */
void irq_USART1(void)
{
    if (USART1_ISR & 0xe) { /* framing (or refused too often), noise, overrun */
        broken("the line is too bad");
    }
    USART1_ICR = 1;
    USART1_CR1 &= ~TXEIE;
    while (USART1_ISR & (1u << 5)) {
        ring[ring_in++ % sizeof(ring)] = (uint8_t)USART1_RDR;
    }
}

/* The board's button resets the secure element, whatever it is doing. */
void irq_EXTI4(void)
{
    EXTI_PR1 = 1u << 4;
    GPIOC_BSRR = 0x10000u << PIN_RESET;
    reset_wanted = true;
}

/* -1: it was reset, or says nothing. */
static int receive_byte(uint64_t until)
{
    while (ring_in == ring_out) {
        if (reset_wanted || tl_us() > until) {
            return -1;
        }
        wfi(); /* a byte or the tick */
    }
    return ring[ring_out++ % sizeof(ring)];
}

/* False: it was reset in the middle, or it is late. */
static bool receive(uint8_t *packet, uint64_t until)
{
    unsigned len = 3;

    for (unsigned i = 0; i < len; i++) {
        int byte = receive_byte(until);

        if (byte < 0) {
            return false;
        }
        packet[i] = (uint8_t)byte;
        if (i == 2) {
            len += (unsigned)packet[1] << 8 | packet[2];
        }
        if (len > PACKET_MAX) {
            broken("too long a packet");
        }
    }
    return true;
}

static void transmit(const uint8_t *packet)
{
    unsigned len = 3 + ((unsigned)packet[1] << 8 | packet[2]);

    for (unsigned i = 0; i < len; i++) {
        wait_for_room(&USART1_ISR, &USART1_CR1);
        USART1_TDR = packet[i];
    }
}

/* ---- commands ---- */

/* What CPU2 answered, to be told as an event: an HCI packet with its type. */
static uint8_t bluetooth[PACKET_MAX];
static unsigned bluetooth_len;

static void ble_send(const uint8_t *packet, unsigned len)
{
    unsigned opcode = len >= 4 ? (unsigned)(packet[1] | packet[2] << 8) : 0;
    uint8_t *event = bluetooth + 3;

    if (len < 4 || packet[0] != 1 || packet[3] != len - 4) {
        broken("BLE send: this is no command");
    }
    event[6] = (uint8_t)hci(opcode, packet + 4, packet[3], event + 7, 64);
    event[0] = 4; /* an event: command complete */
    event[1] = 0x0e;
    event[2] = (uint8_t)(4 + hci_answer_len);
    event[3] = 1;
    event[4] = packet[1];
    event[5] = packet[2];
    bluetooth_len = 7 + (unsigned)hci_answer_len;
    bluetooth[0] = EVENT_BLE_RECV;
    bluetooth[1] = 0;
    bluetooth[2] = (uint8_t)bluetooth_len;
}

/* The oldest event of CPU2's own, if there is one. */
static void take_event(void)
{
    struct tl_packet *packet = tl_event(0);

    if (packet && packet->type == 4) {
        bluetooth_len = 3u + packet->data[1];
        bluetooth[0] = EVENT_BLE_RECV;
        bluetooth[1] = 0;
        bluetooth[2] = (uint8_t)bluetooth_len;
        bluetooth[3] = 4;
        for (unsigned i = 0; i < 2u + packet->data[1]; i++) {
            bluetooth[4 + i] = packet->data[i];
        }
    }
    if (packet) {
        tl_release(packet);
    }
}

static void obey(const uint8_t *packet)
{
    unsigned len = (unsigned)packet[1] << 8 | packet[2];

    switch (packet[0]) {
    case COMMAND_TICKER:
        interval_us = (uint32_t)(packet[3] << 8 | packet[4]) * 1000;
        break;
    case COMMAND_BLE_SEND:
        ble_send(packet + 3, len);
        break;
    case COMMAND_DEVICE_OFF:
        off = true;
        break;
    }
}

/* Its turn: commands, until a status ends it. False: it was reset, or a session did not start. */
static bool exchange(const uint8_t *event)
{
    static uint8_t packet[PACKET_MAX];
    static bool quiet;
    bool tick = event[0] == EVENT_TICKER, start = event[0] == EVENT_SESSION_START;

    if (!waiting && (!tick || !quiet)) {
        show("SE < ", event);
    }
    if (ring_in != ring_out) {
        broken("it spoke out of turn");
    }
    transmit(event);
    do {
        if (!receive(packet, tl_us() + (start ? START_US : STATUS_US))) {
            if (!start && !reset_wanted) {
                broken("no status within 10 s");
            }
            return false;
        }
        if (!is_status(packet[0])) {
            obey(packet);
        }
        if (!tick || !quiet || !is_status(packet[0])) {
            show("SE > ", packet);
        }
    } while (!is_status(packet[0]));
    quiet = quiet || tick;
    exchanges++;
    return true;
}

/*
 * Out of reset, and a session. A secure element that does not answer is not reset: it may be in
 * recovery, and somebody writes its flash.
 */
static void start_session(void)
{
    static const uint8_t session[] = {EVENT_SESSION_START, 0, 1, 0};
    bool there;

    do {
        tl_sleep_us(1000);
        reset_wanted = false;
        GPIOC_BSRR = 1u << PIN_RESET;
        tl_sleep_us(20000);
        ring_in = ring_out = 0;
        bluetooth_len = 0;
        there = exchange(session);
        if (!there && !reset_wanted && !waiting) {
            say("mcu: no answer of the secure element; asked again each second\r\n");
            waiting = true;
        }
    } while (!there);
    waiting = false;
}

/* ---- start ---- */

static void start_ports(void)
{
    RCC_AHB2ENR |= 7u;
    RCC_APB2ENR |= 1u << 14;
    RCC_APB1ENR2 |= 1u;
    GPIOC_BSRR = 0x10000u << PIN_RESET;
    GPIOC_MODER = (GPIOC_MODER & ~(3u << 2 * PIN_RESET)) | 1u << 2 * PIN_RESET;
    GPIOC_MODER &= ~(3u << 8); /* PC4: the board's button */
    SYSCFG_EXTICR2 = 2;
    EXTI_FTSR1 |= 1u << 4;
    EXTI_C1IMR1 |= 1u << 4;
    irq_enable(IRQ_EXTI4);
    GPIOB_MODER = (GPIOB_MODER & ~(0xfu << 12)) | 0xau << 12; /* PB6, PB7: USART1 */
    GPIOB_AFRL |= 0x77u << 24;
    USART1_BRR = (core_hz + LINK_BAUD / 2) / LINK_BAUD;
    /* a smartcard's (ISO 7816-3): even parity, 1.5 stop bits, NACK, seven repetitions */
    USART1_CR2 = 3u << 12;
    USART1_CR3 = 1u << 5 | 1u << 4 | 7u << 17;
    USART1_GTPR = 1u << 8 | 1;
    USART1_CR1 = 1u << 0 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 10 | 1u << 12;
    irq_enable(IRQ_USART1);
    GPIOA_MODER = (GPIOA_MODER & ~(3u << 4)) | 2u << 4; /* PA2: LPUART1 */
    GPIOA_AFRL = (GPIOA_AFRL & ~(0xfu << 8)) | 8u << 8;
    LPUART1_BRR = (uint32_t)(((uint64_t)core_hz << 8) / CONSOLE_BAUD);
    LPUART1_CR1 = 1u << 0 | 1u << 3;
    irq_enable(IRQ_LPUART1);
}

void test(void)
{
    static const uint8_t ticker[] = {EVENT_TICKER, 0, 0};
    uint64_t next;

    if (!tl_start_ble()) {
        exit_with(2);
    }
    start_ports();
    say("mcu: CPU2 is up; the secure element may start\r\n");
    start_session();
    next = tl_us();
    while (!off) {
        bool there = true;

        if (!bluetooth_len) {
            take_event();
        }
        if (bluetooth_len) {
            bluetooth_len = 0;
            there = exchange(bluetooth);
        } else if (tl_us() >= next) {
            next += interval_us;
            there = exchange(ticker);
        } else {
            wfi();
        }
        if (!there || reset_wanted) {
            say("mcu: the secure element was reset\r\n");
            start_session();
            next = tl_us();
        }
    }
    say("mcu: off, after ");
    say_number(exchanges);
    say(" exchanges\r\n");
    wait_until(&LPUART1_ISR, 1u << 6, 1u << 6, ~0u);
}
