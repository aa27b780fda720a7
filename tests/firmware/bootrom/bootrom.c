/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootrom.c - what machine stm32wb55 has in system memory, in the place of ST's boot loader.
 *
 * AN3155, the USART protocol, version 3.1, on USART1 (PA9 and PA10, as on the part; PB6 and PB7,
 * the board's console), 8E1, at the rate of the first 0x7F. A frame that is not a command gets
 * NACK. Left out: checksums of memory (0xA1), writing option bytes as memory, USB and I2C.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "an3155.h"
#include "registers.h"

/* A test's tool may know another part only: tests/e2e/stm32flash.sh. */
#ifndef DEVICE_ID
#define DEVICE_ID 0x495
#endif

#define RDP_LEVEL_0 0xaa
#define RDP_LEVEL_1 0xbb

#define ISR_RXNE (1u << 5)
#define ISR_TC (1u << 6)
#define ISR_TXE (1u << 7)
#define CR1_RXNEIE (1u << 5)
#define CR1_TXEIE (1u << 7)
#define ISR_ABRE (1u << 14)
#define ISR_ABRF (1u << 15)

#define SR_BSY (1u << 16)
#define SR_ERRORS 0xc3fau
#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_STRT (1u << 16)
#define CR_OPTSTRT (1u << 17)
#define CR_OBL_LAUNCH (1u << 27)
#define CR_LOCK (1u << 31)

#define PAGE 4096u
#define SRAM_OWN 0x5000u
#define MASS_ERASE 0xffffu
#define BANK1_ERASE 0xfffeu

extern uint32_t __stack_top[];

_Noreturn void reset_handler(void);

static uint16_t pages[256];

/* ---- the line ---- */

/* Sleep until the flag is there: interrupts are masked, and one that is pending wakes. */
static void wait_for(uint32_t flag, uint32_t enable)
{
    USART1_CR1 |= enable;
    while (!(USART1_ISR & flag)) {
        __asm__ volatile("dsb\n\twfi" ::: "memory");
        NVIC_ICPR(IRQ_USART1 / 32) = 1u << IRQ_USART1 % 32;
    }
    USART1_CR1 &= ~enable;
}

void an3155_send(uint8_t byte)
{
    wait_for(ISR_TXE, CR1_TXEIE);
    USART1_TDR = byte;
}

uint8_t an3155_receive(void)
{
    wait_for(ISR_RXNE, CR1_RXNEIE);
    return (uint8_t)USART1_RDR;
}

/* PA9, PA10, PB6, PB7: alternate function 7, pulled up; the core and USART1 on HSI16. */
static void open_line(void)
{
    RCC_CR |= 1u << 8;
    while (!(RCC_CR & 1u << 10)) {
    }
    RCC_CFGR = (RCC_CFGR & ~3u) | 1;
    while ((RCC_CFGR >> 2 & 3) != 1) {
    }
    RCC_AHB2ENR |= 3;
    RCC_APB2ENR |= 1u << 14;
    RCC_CCIPR = (RCC_CCIPR & ~3u) | 2;
    GPIOA_AFRH = (GPIOA_AFRH & ~0xff0u) | 0x770;
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(0xfu << 18)) | 5u << 18;
    GPIOA_MODER = (GPIOA_MODER & ~(0xfu << 18)) | 0xau << 18;
    GPIOB_AFRL = (GPIOB_AFRL & ~0xff000000u) | 0x77000000;
    GPIOB_PUPDR = (GPIOB_PUPDR & ~(0xfu << 12)) | 5u << 12;
    GPIOB_MODER = (GPIOB_MODER & ~(0xfu << 12)) | 0xau << 12;
}

/* Wait for 0x7F, which tells the baud rate. */
static void measure_baud(void)
{
    for (;;) {
        USART1_CR1 = 0;
        USART1_BRR = 139;
        USART1_CR2 = 2u << 21 | 1u << 20;                /* ABRMOD 2, ABREN */
        USART1_CR1 = 1u << 12 | 1u << 10 | 1u << 2 | 1u; /* 9 bits with even parity */
        wait_for(ISR_ABRF | ISR_ABRE, CR1_RXNEIE);
        if (!(USART1_ISR & ISR_ABRE)) {
            break;
        }
    }
    an3155_receive();
    USART1_ICR = 0xffffffff;
    USART1_CR1 |= 1u << 3;
}

/* As after reset, for the program that comes. */
static void leave(void)
{
    while (!(USART1_ISR & ISR_TC)) {
    }
    RCC_APB2RSTR = 1u << 14;
    RCC_APB2RSTR = 0;
    RCC_AHB2RSTR = 3;
    RCC_AHB2RSTR = 0;
    RCC_CCIPR &= ~3u;
    RCC_CFGR &= ~3u;
    while (RCC_CFGR >> 2 & 3) {
    }
    RCC_CR &= ~(1u << 8);
    RCC_APB2ENR &= ~(1u << 14);
    RCC_AHB2ENR &= ~3u;
    NVIC_ICER(IRQ_USART1 / 32) = 1u << IRQ_USART1 % 32;
}

/* ---- flash ---- */

static bool is_read_protected(void)
{
    return (FLASH_OPTR & 0xff) != RDP_LEVEL_0;
}

static void unlock(void)
{
    if (FLASH_CR & CR_LOCK) {
        FLASH_KEYR = 0x45670123;
        FLASH_KEYR = 0xcdef89ab;
    }
}

static bool flash_done(void)
{
    bool good;

    while (FLASH_SR & SR_BSY) {
    }
    good = !(FLASH_SR & SR_ERRORS);
    FLASH_SR = SR_ERRORS;
    return good;
}

static bool erase_page(unsigned page)
{
    bool good;

    unlock();
    FLASH_CR = CR_PER | page << 3;
    FLASH_CR = CR_PER | page << 3 | CR_STRT;
    good = flash_done();
    FLASH_CR = 0;
    return good;
}

/* Mass erase is not for CPU1: all pages below CPU2's. */
static bool erase_all(void)
{
    unsigned end = FLASH_SFR & 0xff;
    bool good = true;

    for (unsigned page = 0; page < end; page++) {
        good &= erase_page(page);
    }
    return good;
}

static uint32_t word_at(const uint8_t *bytes, unsigned count, unsigned at)
{
    uint32_t word = 0xffffffff;

    for (unsigned i = 0; i < 4 && at + i < count; i++) {
        word &= ~(0xffu << 8 * i) | (uint32_t)bytes[at + i] << 8 * i;
    }
    return word;
}

static bool program(uint32_t address, const uint8_t *bytes, unsigned count)
{
    bool good = address % 8 == 0;

    unlock();
    FLASH_CR = CR_PG;
    for (unsigned at = 0; at < count && good; at += 8) {
        REG32(address + at) = word_at(bytes, count, at);
        REG32(address + at + 4) = word_at(bytes, count, at + 4);
        good = flash_done();
    }
    FLASH_CR = 0;
    return good;
}

static void unlock_options(void)
{
    unlock();
    FLASH_OPTKEYR = 0x08192a3b;
    FLASH_OPTKEYR = 0x4c5d6e7f;
}

/* Store the option registers, tell the host, and start again. */
static void store_options(void)
{
    FLASH_CR = CR_OPTSTRT;
    an3155_answer(flash_done());
    while (!(USART1_ISR & ISR_TC)) {
    }
    FLASH_CR = CR_OBL_LAUNCH;
}

/* ---- memory ---- */

static bool within(uint32_t address, uint32_t count, uint32_t base, uint32_t size)
{
    return address >= base && address - base < size && count <= size - (address - base);
}

static bool is_flash(uint32_t address, uint32_t count)
{
    return within(address, count, FLASH_MEMORY, (FLASH_SFR & 0xff) * PAGE);
}

static bool is_free_sram(uint32_t address, uint32_t count)
{
    return within(address, count, SRAM1_MEMORY + SRAM_OWN, 0x40000 - SRAM_OWN);
}

static bool is_readable(uint32_t address, uint32_t count)
{
    return is_flash(address, count) || is_free_sram(address, count) ||
           within(address, count, SYSTEM_MEMORY, 0x9000);
}

static bool is_writable(uint32_t address, uint32_t count)
{
    return is_flash(address, count) || is_free_sram(address, count);
}

static bool is_program(uint32_t address)
{
    return is_writable(address, 8);
}

static bool store(uint32_t address, const uint8_t *from, unsigned count)
{
    if (is_flash(address, count)) {
        return program(address, from, count);
    }
    for (unsigned i = 0; i < count; i++) {
        REG8(address + i) = from[i];
    }
    return true;
}

/* ---- commands (AN3155 3.7 to 3.15) ---- */

static bool receive_pages(unsigned count, uint8_t sum)
{
    bool good = true;

    for (unsigned i = 0; i < count; i++) {
        uint8_t high = an3155_receive(), low = an3155_receive();

        sum ^= (uint8_t)(high ^ low);
        good &= i < sizeof(pages) / sizeof(pages[0]);
        if (good) {
            pages[i] = (uint16_t)(high << 8 | low);
        }
    }
    return an3155_receive() == sum && good;
}

static void extended_erase(void)
{
    uint8_t high = an3155_receive(), low = an3155_receive();
    unsigned last = (unsigned)high << 8 | low;
    bool good = true;

    if (last >= 0xfff0) {
        good = an3155_receive() == (high ^ low) && (last == MASS_ERASE || last == BANK1_ERASE);
        an3155_answer(good && erase_all());
        return;
    }
    good = receive_pages(last + 1, high ^ low);
    for (unsigned i = 0; i <= last && good; i++) {
        good = pages[i] < (FLASH_SFR & 0xff) && erase_page(pages[i]);
    }
    an3155_answer(good);
}

/* From the lowest to the highest of the pages that the host lists. */
static void write_protect(void)
{
    uint8_t last = an3155_receive();
    uint32_t low = 0xff, high = 0;

    if (!an3155_receive_bytes(an3155_buffer, last + 1u, last)) {
        an3155_answer(false);
        return;
    }
    for (unsigned i = 0; i <= last; i++) {
        low = an3155_buffer[i] < low ? an3155_buffer[i] : low;
        high = an3155_buffer[i] > high ? an3155_buffer[i] : high;
    }
    unlock_options();
    FLASH_WRP1AR = low | high << 16;
    store_options();
}

static void write_unprotect(void)
{
    unlock_options();
    FLASH_WRP1AR = 0xff;
    FLASH_WRP1BR = 0xff;
    store_options();
}

/* Level 0 again: the flash erases itself (RM0434 3.5.2). */
static void set_readout_level(uint32_t level)
{
    unlock_options();
    FLASH_OPTR = (FLASH_OPTR & ~0xffu) | level;
    store_options();
}

static void readout_protect(void)
{
    set_readout_level(RDP_LEVEL_1);
}

static void readout_unprotect(void)
{
    set_readout_level(RDP_LEVEL_0);
}

static const struct an3155_command commands[] = {
    {0x44, true, extended_erase},  {0x63, true, write_protect},      {0x73, true, write_unprotect},
    {0x82, true, readout_protect}, {0x92, false, readout_unprotect},
};

static const struct an3155_part part = {
    .id = DEVICE_ID,
    .is_protected = is_read_protected,
    .is_readable = is_readable,
    .is_writable = is_writable,
    .is_program = is_program,
    .store = store,
    .leave = leave,
    .commands = commands,
    .command_count = sizeof(commands) / sizeof(commands[0]),
};

_Noreturn void reset_handler(void)
{
    __asm__ volatile("cpsid i");
    NVIC_ISER(IRQ_USART1 / 32) = 1u << IRQ_USART1 % 32;
    open_line();
    measure_baud();
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
