/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery.c - what machine st33 has in its recovery ROM: docs/st33.md, Recovery.
 *
 * The commands of ST's AN3155 that a flasher needs, on the IART at 115200 baud, 8E1, so that
 * stm32flash is the tool for both parts of a wallet. A write erases the pages that it touches.
 */
#include <stdbool.h>
#include <stdint.h>

#include "an3155.h"
#include "registers.h"

#define DEVICE_ID 0x470 /* that stm32flash knows; another, and it ends */

#define ETU_115200 4167u
#define STAT_ERRORS 0x7cu

extern uint32_t __stack_top[];

_Noreturn void reset_handler(void);

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

void an3155_send(uint8_t byte)
{
    wait_for(IART_TXE);
    IART_DATA = byte;
}

uint8_t an3155_receive(void)
{
    wait_for(IART_RXNE);
    return (uint8_t)IART_DATA;
}

/* As after reset, for the program that comes: a reset would start this ROM again. */
static void leave(void)
{
    wait_for(IART_TC);
    IART_CTRL = 0;
    IART_ETU = 5952;
    IART_STAT = ~0u;
    FLASH_KEY = 0;
    NVIC_ICER(0) = 1u << IRQ_IART;
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

static bool is_program(uint32_t address)
{
    return address % 128 == 0 && is_flash(address, 8);
}

static bool store(uint32_t address, const uint8_t *from, unsigned count)
{
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

static const struct an3155_part part = {
    .id = DEVICE_ID,
    .is_protected = is_locked,
    .is_readable = is_flash,
    .is_writable = is_flash,
    .is_program = is_program,
    .store = store,
    .leave = leave,
};

_Noreturn void reset_handler(void)
{
    __asm__ volatile("cpsid i");
    NVIC_ISER(0) = 1u << IRQ_IART;
    IART_ETU = ETU_115200;
    IART_CTRL = IART_CTRL_EN | IART_CTRL_EVEN;
    while (an3155_receive() != AN3155_INIT) {
    }
    an3155_serve(&part);
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
