/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery.c - what machine st33 has in its recovery ROM: docs/st33.md, Recovery.
 *
 * The commands of ST's AN3155 that a flasher needs, on the IART at 115200 baud, 8E1, so that
 * stm32flash is the tool for both parts of a wallet. A write erases the pages that it touches.
 */
#include <stdbool.h>
#include <stdint.h>

#include "registers.h"

#define ACK 0x79
#define NACK 0x1f
#define INIT 0x7f
#define VERSION 0x31
#define DEVICE_ID 0x470 /* that stm32flash knows; another, and it ends */

#define ETU_115200 4167u
#define STAT_ERRORS 0x7cu

extern uint32_t __stack_top[];

_Noreturn void reset_handler(void);

static uint8_t buffer[256];

/* ---- the line ---- */

/* Sleep until the flag is there: interrupts are masked, and one that is pending wakes. */
static void wait_for(uint32_t flag)
{
    IART_IRQEN = flag;
    while (!(IART_STAT & flag)) {
        __asm__ volatile("dsb\n\twfi" ::: "memory");
    }
    IART_IRQEN = 0;
    NVIC_ICPR(0) = 1u << IRQ_IART;
}

static void send(uint8_t byte)
{
    wait_for(IART_TXE);
    IART_DATA = byte;
}

static uint8_t receive(void)
{
    wait_for(IART_RXNE);
    return (uint8_t)IART_DATA;
}

static bool answer(bool good)
{
    send(good ? ACK : NACK);
    return good;
}

/* `count` bytes and their XOR, which starts from `sum`. */
static bool receive_bytes(uint8_t *to, unsigned count, uint8_t sum)
{
    for (unsigned i = 0; i < count; i++) {
        to[i] = receive();
        sum ^= to[i];
    }
    return receive() == sum;
}

static bool receive_address(uint32_t *address)
{
    uint8_t bytes[4];
    bool good = receive_bytes(bytes, 4, 0);

    *address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
               bytes[3];
    return good;
}

/* ---- memory ---- */

static bool is_locked(void)
{
    return SYS_DBG & 3;
}

static bool is_flash(uint32_t address, uint32_t count)
{
    uint32_t size = (SYS_CONF & 0xffff) * 1024;

    return address >= FLASH_START && address - FLASH_START < size &&
           count <= size - (address - FLASH_START);
}

/* Of the page at @page, @count bytes from @at on become @from. */
static bool store_in_page(uint32_t page, uint32_t at, const uint8_t *from, unsigned count)
{
    for (unsigned word = 0; word < FLASH_PAGE; word += 4) {
        uint32_t value = REG32(page + word);

        for (unsigned i = 0; i < 4; i++) {
            unsigned n = word + i;

            if (n >= at && n < at + count) {
                value &= ~(0xffu << 8 * i);
                value |= (uint32_t)from[n - at] << 8 * i;
            }
        }
        FLASH_BUF(word / 4) = value;
    }
    FLASH_KEY = FLASH_KEY_VALUE;
    FLASH_STAT = ~0u;
    FLASH_ADDR = page;
    FLASH_CMD = FLASH_REPLACE;
    while (FLASH_STAT & FLASH_BUSY) {
    }
    return !(FLASH_STAT & STAT_ERRORS);
}

static bool store(uint32_t address, unsigned count)
{
    const uint8_t *from = buffer;
    bool good = true;

    while (count && good) {
        uint32_t at = address % FLASH_PAGE;
        unsigned part = count < FLASH_PAGE - at ? count : FLASH_PAGE - at;

        good = store_in_page(address - at, at, from, part);
        from += part;
        address += part;
        count -= part;
    }
    return good;
}

/* ---- commands (AN3155 3.1 to 3.6) ---- */

static void get(void)
{
    static const uint8_t commands[] = {VERSION, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31};

    send(sizeof(commands) - 1);
    for (unsigned i = 0; i < sizeof(commands); i++) {
        send(commands[i]);
    }
    send(ACK);
}

static void get_version(void)
{
    send(VERSION);
    send(0);
    send(0);
    send(ACK);
}

static void get_id(void)
{
    send(1);
    send(DEVICE_ID >> 8);
    send(DEVICE_ID & 0xff);
    send(ACK);
}

static void read_memory(void)
{
    uint32_t address;
    uint8_t last;

    if (!answer(receive_address(&address) && is_flash(address, 1))) {
        return;
    }
    last = receive();
    if (!answer((receive() ^ last) == 0xff && is_flash(address, last + 1u))) {
        return;
    }
    for (unsigned i = 0; i <= last; i++) {
        send(*(volatile uint8_t *)(address + i));
    }
}

/* A reset would start this ROM again. */
static void go(void)
{
    uint32_t address, stack, start;

    if (!answer(receive_address(&address) && address % 128 == 0 && is_flash(address, 8))) {
        return;
    }
    wait_for(IART_TC);
    IART_CTRL = 0;
    IART_ETU = 5952; /* as after reset */
    IART_STAT = ~0u;
    FLASH_KEY = 0;
    NVIC_ICER(0) = 1u << IRQ_IART;
    stack = REG32(address);
    start = REG32(address + 4);
    SCB_VTOR = address;
    __asm__ volatile("msr msp, %0\n\tcpsie i\n\tbx %1" : : "r"(stack), "r"(start) : "memory");
    __builtin_unreachable();
}

static void write_memory(void)
{
    uint32_t address;
    uint8_t last;

    if (!answer(receive_address(&address) && address % 4 == 0 && is_flash(address, 1))) {
        return;
    }
    last = receive();
    answer(receive_bytes(buffer, last + 1u, last) && is_flash(address, last + 1u) &&
           store(address, last + 1u));
}

static void serve(uint8_t code)
{
    static const struct command {
        uint8_t code;
        bool secret;
        void (*run)(void);
    } commands[] = {
        {0x00, false, get},        {0x01, false, get_version}, {0x02, false, get_id},
        {0x11, true, read_memory}, {0x21, true, go},           {0x31, true, write_memory},
    };

    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].code == code) {
            if (answer(!commands[i].secret || !is_locked())) {
                commands[i].run();
            }
            return;
        }
    }
    answer(false);
}

_Noreturn void reset_handler(void)
{
    __asm__ volatile("cpsid i");
    NVIC_ISER(0) = 1u << IRQ_IART;
    IART_ETU = ETU_115200;
    IART_CTRL = IART_CTRL_EN | IART_CTRL_EVEN;
    while (receive() != INIT) {
    }
    send(ACK);
    for (;;) {
        uint8_t code = receive();

        if ((receive() ^ code) == 0xff) {
            serve(code);
        } else {
            answer(false);
        }
    }
}

static void fault(void)
{
    SCB_AIRCR = 0x05fa0004;
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handler[15])(void);
} vectors = {
    __stack_top,
    {reset_handler, fault, fault, fault, fault, fault},
};
