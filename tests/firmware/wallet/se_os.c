// SPDX-License-Identifier: Apache-2.0
/*
 * se_os.c - the secure element's OS: it owns the screen, the buttons and the link to the MCU, and
 * runs one app, unprivileged, in memory that the MMU brings in page by page when it is touched.
 */
#include "phone.h"
#include "screen.h"
#include "se_api.h"
#include "seproxyhal.h"
#include "test.h"

extern uint32_t __app_stack_top[];

#define PAGE_BITS 10
#define PAGE (1u << PAGE_BITS)
#define APP_CODE 0x10000000u
#define APP_CODE_SIZE 0x10000u
#define APP_FLASH 0x00240000u
#define APP_RAM 0x20000000u
#define APP_RAM_SIZE 0x2000u
#define OS_RAM_END 0x00602000u
/* Fewer pages than an app has, so that they are replaced: entry 0 is the app's stack and stays. */
#define ENTRIES 6

#ifndef TICK_MS
#define TICK_MS 100
#endif

enum { BUTTON_LEFT = 1, BUTTON_RIGHT = 2 };

static uint32_t faults, next_entry = 1;
static volatile uint32_t buttons;
static uint8_t packet[PACKET_MAX];
static bool our_turn;

/* ---- pages ---- */

/* Where the page with this address of the app's is, and its rights; 0: nowhere. */
static uint32_t page_of(uint32_t address)
{
    if (address - APP_CODE < APP_CODE_SIZE) {
        return ((APP_FLASH + address - APP_CODE) & ~(PAGE - 1)) | MMU_V | MMU_PR | MMU_UR | MMU_UX;
    }
    if (address - APP_RAM < APP_RAM_SIZE) {
        return ((OS_RAM_END + address - APP_RAM) & ~(PAGE - 1)) | MMU_V | MMU_PR | MMU_PW | MMU_UR |
               MMU_UW;
    }
    return 0;
}

static void bring_in(unsigned entry, uint32_t address)
{
    MMU_VA(entry) = address & ~(PAGE - 1);
    MMU_PA(entry) = page_of(address);
}

/* A page that is not there, for the app or for us in a call of its. */
void exc_BusFault(void)
{
    uint32_t stat = MMU_FSTAT, address = MMU_FADDR;

    if (!(stat & MMU_FSTAT_VALID) || !(stat & MMU_FSTAT_MISS) || !page_of(address)) {
        unexpected_exception();
    }
    bring_in(next_entry, address);
    next_entry = next_entry % (ENTRIES - 1) + 1;
    faults++;
    SCB_CFSR = SCB_CFSR;
    MMU_FSTAT = 0;
}

/* ---- the link ---- */

void irq_IART(void)
{
    IART_IRQEN = 0; /* it was to wake the core */
}

void irq_GPIO(void)
{
    buttons |= GPIO_FLAG & (BUTTON_LEFT | BUTTON_RIGHT);
    GPIO_FLAG = 0xffff;
}

static uint8_t receive_byte(void)
{
    for (;;) {
        irqs_off();
        if (IART_STAT & IART_RXNE) {
            irqs_on();
            return (uint8_t)IART_DATA;
        }
        IART_IRQEN = IART_RXNE;
        wfi();
        irqs_on();
    }
}

/* What the MCU refuses is sent again; too often, and there is no talking to it. */
static void send_byte(uint8_t byte)
{
    while (!(IART_STAT & IART_TXE)) {
    }
    if (IART_STAT & (IART_NAK | IART_OVR | IART_COLL)) {
        exit_with(4);
    }
    IART_DATA = byte;
}

static void send_packet(uint8_t tag, const uint8_t *payload, uint32_t len)
{
    send_byte(tag);
    send_byte((uint8_t)(len >> 8));
    send_byte((uint8_t)len);
    for (uint32_t i = 0; i < len; i++) {
        send_byte(payload[i]);
    }
}

static void give_turn(void)
{
    static const uint8_t done[2] = {0, 0};

    send_packet(STATUS_GENERAL, done, sizeof(done));
    our_turn = false;
}

/* The MCU's next event: its length, head included. */
static uint32_t receive_packet(void)
{
    uint32_t len;

    packet[0] = receive_byte();
    packet[1] = receive_byte();
    packet[2] = receive_byte();
    len = (uint32_t)packet[1] << 8 | packet[2];
    if (len > sizeof(packet) - 3) {
        len = sizeof(packet) - 3;
    }
    for (uint32_t i = 0; i < len; i++) {
        packet[3 + i] = receive_byte();
    }
    our_turn = true;
    return len + 3;
}

/* ---- calls of the app ---- */

/* Buttons are ours: one that was pressed comes to the app in the place of a tick. */
static uint32_t exchange(uint8_t *buffer, uint32_t room)
{
    uint32_t len;

    if (our_turn) {
        give_turn();
    }
    len = receive_packet();
    if (packet[0] == EVENT_TICKER && buttons) {
        packet[0] = EVENT_BUTTON;
        packet[1] = 0;
        packet[2] = 1;
        packet[3] = (uint8_t)buttons;
        buttons = 0;
        len = 4;
    }
    for (uint32_t i = 0; i < len && i < room; i++) {
        buffer[i] = packet[i];
    }
    return len;
}

/* Text of the app's is in its pages; ours must not change while it is copied. */
static uint32_t copy_text(char *to, const char *from, uint32_t room)
{
    uint32_t len = 0;

    while (len < room - 1 && from[len]) {
        to[len] = from[len];
        len++;
    }
    to[len] = 0;
    return len;
}

static _Noreturn void switch_off(void)
{
    send_packet(COMMAND_DEVICE_OFF, NULL, 0);
    give_turn();
    while (!(IART_STAT & IART_TC)) {
    }
    exit_with(0);
}

/* The key is the OS's, and never in the app's memory. */
static void sign(const uint8_t *from, uint8_t *to)
{
    static const uint32_t key[4] = WALLET_KEY;
    uint32_t word = 0;

    AES_CR = 0;
    for (unsigned i = 0; i < 4; i++) {
        AES_KEYR(i) = key[i];
    }
    AES_CR = 1; /* encryption, ECB, words as they are */
    for (unsigned i = 0; i < 16; i += 4) {
        AES_DINR = (uint32_t)from[i] << 24 | (uint32_t)from[i + 1] << 16 |
                   (uint32_t)from[i + 2] << 8 | from[i + 3];
    }
    while (!(AES_SR & 1)) {
    }
    for (unsigned i = 0; i < 16; i++) {
        word = i % 4 ? word : AES_DOUTR;
        to[i] = (uint8_t)(word >> (24 - i % 4 * 8));
    }
    AES_CR = 0;
}

static uint32_t call(const uint32_t *args)
{
    char text[96];
    uint32_t len;

    switch (args[0]) {
    case CALL_EXCHANGE:
        return exchange((uint8_t *)args[1], args[2]);
    case CALL_CLEAR:
        screen_clear();
        return 0;
    case CALL_DRAW:
        copy_text(text, (const char *)args[3], sizeof(text));
        screen_draw(args[1], args[2] & 0xff, args[2] >> 8 & 0xf, text);
        return 0;
    case CALL_SHOW:
        screen_show();
        return 0;
    case CALL_PRINT:
        len = copy_text(text, (const char *)args[1], sizeof(text));
        send_packet(COMMAND_PRINTF, (const uint8_t *)text, len);
        return 0;
    case CALL_MORE_TIME:
        send_packet(COMMAND_MORE_TIME, NULL, 0);
        return 0;
    case CALL_BLE_SEND:
        send_packet(COMMAND_BLE_SEND, (const uint8_t *)args[1], args[2] & 0xff);
        return 0;
    case CALL_SIGN:
        sign((const uint8_t *)args[1], (uint8_t *)args[2]);
        return 0;
    case CALL_FAULTS:
        return faults;
    case CALL_OFF:
        switch_off();
    default:
        return ~0u;
    }
}

/* r0 to r3 of the app are on its stack; the first is the answer. */
void exc_SVCall(void)
{
    uint32_t *frame;

    __asm__ volatile("mrs %0, psp" : "=r"(frame));
    frame[0] = call(frame);
}

/* ---- start ---- */

static void start_link(void)
{
    IART_ETU = (30000000u * 16 + LINK_BAUD / 2) / LINK_BAUD;
    IART_GUARD = 1;
    IART_CTRL = IART_CTRL_EN | IART_CTRL_ISO | IART_CTRL_NACK | IART_CTRL_REPEAT(7);
    irq_enable(IRQ_IART);
}

static void start_buttons(void)
{
    GPIO_PU |= BUTTON_LEFT | BUTTON_RIGHT;
    GPIO_FALL = BUTTON_LEFT | BUTTON_RIGHT;
    GPIO_FLAG = 0xffff;
    irq_enable(IRQ_GPIO);
}

static void start_mmu(void)
{
    SCB_SHPR2 = 0x80u << 24; /* SVCall gives way to BusFault and interrupts */
    SCB_SHCSR |= 1u << 17;   /* BusFault */
    for (uint32_t at = OS_RAM_END; at < OS_RAM_END + APP_RAM_SIZE; at += 4) {
        REG32(at) = 0; /* what an app starts with */
    }
    MMU_FDIRECT = APP_FLASH;
    MMU_RDIRECT = OS_RAM_END;
    MMU_CTRL = MMU_CTRL_EN | MMU_CTRL_PSZ(PAGE_BITS);
    bring_in(0, (uint32_t)__app_stack_top - 4);
}

static _Noreturn void run_app(void)
{
    __asm__ volatile("msr psp, %0\n\t"
                     "mov r0, #3\n\t"
                     "msr control, r0\n\t"
                     "isb\n\t"
                     "bx %1"
                     :
                     : "r"(__app_stack_top), "r"(APP_CODE | 1)
                     : "r0", "memory");
    __builtin_unreachable();
}

static void wait_session(void)
{
    static const uint8_t interval[2] = {TICK_MS >> 8, TICK_MS & 0xff};

    do {
        receive_packet();
        if (packet[0] != EVENT_SESSION_START) {
            give_turn();
        }
    } while (packet[0] != EVENT_SESSION_START);
    send_packet(COMMAND_TICKER, interval, sizeof(interval));
}

void test(void)
{
    SYS_CLK = 0; /* 60 MHz */
    start_link();
    start_buttons();
    screen_start();
    start_mmu();
    wait_session();
    run_app();
}
