/* SPDX-License-Identifier: Apache-2.0 */
/* system.c - SYSCFG, CRC, RNG, HSEM, IPCC. RM0434 10, 6, 22, 38, 37. */
#include "test.h"

/* --- SYSCFG --- */

static void remap(void)
{
    CHECK_EQ("boot from flash", SYSCFG_MEMRMP, 0);
    REG32(SRAM1_MEMORY + 0x20000) = 0x600df00d;
    irqs_off();
    SYSCFG_MEMRMP = 3;
    CHECK_EQ("MEM_MODE 3 shows SRAM1 at 0", REG32(0x20000), 0x600df00d);
    SYSCFG_MEMRMP = 2;
    CHECK_EQ("a reserved MEM_MODE changes nothing", SYSCFG_MEMRMP, 3);
    SYSCFG_MEMRMP = 0;
    CHECK_EQ("MEM_MODE 0 shows flash at 0", REG32(0), REG32(FLASH_MEMORY));
    irqs_on();
}

static void sram2(void)
{
    REG32(SRAM2A_MEMORY + 0x400) = 1;
    REG32(SRAM2A_MEMORY + 0x800) = 1;
    REG32(SRAM2B_MEMORY) = 1;
    SYSCFG_SWPR = 1u << 1;
    CHECK_EQ("SWPR reads back", SYSCFG_SWPR, 1u << 1);
    REG32(SRAM2A_MEMORY + 0x400) = 2;
    REG32(0x10000400) = 2;
    REG32(SRAM2A_MEMORY + 0x800) = 2;
    CHECK_EQ("a protected page of SRAM2a", REG32(SRAM2A_MEMORY + 0x400), 1);
    CHECK_EQ("the page after it", REG32(SRAM2A_MEMORY + 0x800), 2);
    SYSCFG_SCSR = 1;
    CHECK_EQ("SRAM2ER is locked", SYSCFG_SCSR, 0);
    SYSCFG_SKR = 0xca;
    SYSCFG_SKR = 0x53;
    SYSCFG_SCSR = 1;
    CHECK("SRAM2BSY", SYSCFG_SCSR & 2);
    CHECK("SRAM2 erase ends", wait_until(&SYSCFG_SCSR, 3, 0, 100000));
    CHECK_EQ("SRAM2b is erased", REG32(SRAM2B_MEMORY), 0);
}

static void syscfg(void)
{
    CHECK_EQ("CFGR1 after reset", SYSCFG_CFGR1, 0x7c000001);
    SYSCFG_EXTICR2 = 0x7654;
    CHECK_EQ("EXTICR2 reads back", SYSCFG_EXTICR2, 0x7654);
    SYSCFG_EXTICR2 = 0;
    SYSCFG_CFGR2 = 1;
    SYSCFG_CFGR2 = 0;
    CHECK_EQ("CFGR2's locks stay", SYSCFG_CFGR2, 1);
    SYSCFG_IMR1 = 0xffffffff;
    CHECK_EQ("IMR1 has its bits", SYSCFG_IMR1, 0xffe0e000);
    SYSCFG_IMR1 = 0;
    remap();
    sram2();
}

/* --- CRC: check values of the "123456789" catalogue --- */

static uint32_t crc_of_digits(uint32_t cr, uint32_t pol, uint32_t init)
{
    CRC_POL = pol;
    CRC_INIT = init;
    CRC_CR = cr | 1;
    for (char c = '1'; c <= '9'; c++) {
        BYTE(CRC_DR) = (uint8_t)c;
    }
    return CRC_DR;
}

static void widths(void)
{
    uint32_t words, mirrored;

    CRC_POL = 0x04c11db7;
    CRC_INIT = 0xffffffff;
    CRC_CR = 1;
    CRC_DR = 0x31323334;
    words = CRC_DR;
    CRC_CR = 1;
    HALF(CRC_DR) = 0x3132;
    HALF(CRC_DR) = 0x3334;
    CHECK_EQ("a word is its halfwords, high one first", CRC_DR, words);
    CRC_CR = 1;
    for (unsigned i = 0; i < 4; i++) {
        BYTE(CRC_DR) = (uint8_t)(0x31 + i);
    }
    CHECK_EQ("and its bytes", CRC_DR, words);
    CRC_CR = 1 | 3u << 5;
    CRC_DR = 0x80000000;
    mirrored = CRC_DR;
    CRC_CR = 1;
    CRC_DR = 1;
    CHECK_EQ("mirrored words", CRC_DR, mirrored);
}

static void crc(void)
{
    CHECK_EQ("CRC-32/BZIP2", ~crc_of_digits(0, 0x04c11db7, 0xffffffff) & 0xffffffff, 0xfc891918);
    CHECK_EQ("CRC-32, mirrored in and out",
             ~crc_of_digits(1u << 7 | 1u << 5, 0x04c11db7, 0xffffffff) & 0xffffffff, 0xcbf43926);
    CHECK_EQ("CRC-16/CCITT-FALSE", crc_of_digits(1u << 3, 0x1021, 0xffff), 0x29b1);
    CHECK_EQ("CRC-8", crc_of_digits(2u << 3, 0x07, 0), 0xf4);
    CHECK_EQ("CRC-7/MMC", crc_of_digits(3u << 3, 0x09, 0), 0x75);
    widths();
    CRC_IDR = 0x12345678;
    CRC_CR = 1;
    CHECK_EQ("IDR is kept", CRC_IDR, 0x12345678);
}

/* --- RNG --- */

static volatile unsigned rng_interrupts;
static volatile uint32_t rng_number;

void irq_RNG(void)
{
    rng_interrupts++;
    rng_number = RNG_DR;
    RNG_CR = 1u << 2;
}

static void rng(void)
{
    uint32_t first, status, second;

    CHECK_EQ("RNG is off", RNG_SR, 0);
    RNG_CR = 1u << 2;
    CHECK("no kernel clock: CECS", RNG_SR & 2);
    CHECK("no kernel clock: CEIS", RNG_SR & 0x20);
    RNG_CR = 0;
    RCC_CRRCR |= 1; /* HSI48, which CLK48SEL 0 selects */
    wait_until(&RCC_CRRCR, 2, 2, 100000);
    RNG_SR = 0;
    CHECK_EQ("CEIS is cleared by writing 0", RNG_SR, 0);
    RNG_CR = 1u << 2;
    CHECK_EQ("DRDY takes its time", RNG_SR & 1, 0);
    CHECK("DRDY", wait_until(&RNG_SR, 1, 1, 100000));
    first = RNG_DR;
    status = RNG_SR;
    second = RNG_DR;
    CHECK_EQ("reading takes the number", status & 1, 0);
    CHECK_EQ("and 0 is read", second, 0);
    CHECK("DRDY again", wait_until(&RNG_SR, 1, 1, 100000));
    CHECK("another number", RNG_DR != first);
    irq_enable(IRQ_RNG);
    RNG_CR = 1u << 2 | 1u << 3;
    for (unsigned i = 0; i < 10000 && !rng_interrupts; i++) {
        __asm__ volatile("nop");
    }
    CHECK_EQ("interrupt", rng_interrupts, 1);
    irq_disable(IRQ_RNG);
    RNG_CR = 0;
}

/* --- HSEM --- */

#define LOCK (1u << 31)
#define CPU1_ID (4u << 8)

static volatile unsigned hsem_interrupts;

void irq_HSEM(void)
{
    hsem_interrupts++;
    HSEM_C1ICR = HSEM_C1MISR;
}

static void hsem(void)
{
    CHECK_EQ("1-step lock", REG32(HSEM_BASE + 0x80 + 4 * 3), LOCK | CPU1_ID);
    CHECK_EQ("1-step lock again", REG32(HSEM_BASE + 0x80 + 4 * 3), LOCK | CPU1_ID);
    CHECK_EQ("R3 shows it", REG32(HSEM_BASE + 4 * 3), LOCK | CPU1_ID);
    REG32(HSEM_BASE + 4 * 3) = CPU1_ID | 1;
    CHECK_EQ("not for another process to free", REG32(HSEM_BASE + 4 * 3), LOCK | CPU1_ID);
    REG32(HSEM_BASE + 4 * 3) = CPU1_ID;
    CHECK_EQ("freed", REG32(HSEM_BASE + 4 * 3), 0);
    CHECK_EQ("freed: raw status", HSEM_C1ISR, 1u << 3);
    CHECK_EQ("freed: not enabled", HSEM_C1MISR, 0);
    HSEM_C1ICR = 1u << 3;
    CHECK_EQ("status is cleared", HSEM_C1ISR, 0);

    REG32(HSEM_BASE + 4 * 5) = LOCK | CPU1_ID | 0x42;
    CHECK_EQ("2-step lock", REG32(HSEM_BASE + 4 * 5), LOCK | CPU1_ID | 0x42);
    REG32(HSEM_BASE + 4 * 5) = LOCK | CPU1_ID | 0x43;
    CHECK_EQ("2-step lock: taken", REG32(HSEM_BASE + 4 * 5), LOCK | CPU1_ID | 0x42);
    REG32(HSEM_BASE + 4 * 6) = LOCK | 8u << 8;
    CHECK_EQ("not in CPU2's name", REG32(HSEM_BASE + 4 * 6), 0);
    irq_enable(IRQ_HSEM);
    HSEM_C1IER0 = 1u << 5;
    REG32(HSEM_BASE + 4 * 5) = CPU1_ID | 0x42;
    delay_cycles(10);
    CHECK_EQ("interrupt when it is freed", hsem_interrupts, 1);

    REG32(HSEM_BASE + 4 * 5) = LOCK | CPU1_ID | 7;
    HSEM_KEYR = 0xabcdu << 16;
    HSEM_CR = 0xabccu << 16 | CPU1_ID;
    CHECK_EQ("clear all: wrong key", REG32(HSEM_BASE + 4 * 5), LOCK | CPU1_ID | 7);
    HSEM_CR = 0xabcdu << 16 | CPU1_ID;
    CHECK_EQ("clear all", REG32(HSEM_BASE + 4 * 5), 0);
    delay_cycles(10);
    CHECK_EQ("clear all: interrupt", hsem_interrupts, 2);
    irq_disable(IRQ_HSEM);
}

/* --- IPCC: CPU2's registers are reached from here, too --- */

static volatile unsigned rx_interrupts, tx_interrupts;

void irq_IPCC_RX(void)
{
    rx_interrupts++;
    IPCC_C1SCR = 1u << 1;
}

void irq_IPCC_TX(void)
{
    tx_interrupts++;
    IPCC_C1MR |= 1u << 16;
}

static void ipcc(void)
{
    CHECK_EQ("channels are masked", IPCC_C1MR, 0xffffffff);
    irq_enable(IRQ_IPCC_RX);
    irq_enable(IRQ_IPCC_TX);
    IPCC_C1CR = 1 | 1u << 16;
    IPCC_C1MR = ~(1u << 1);
    IPCC_C2SCR = 1u << 17;
    delay_cycles(10);
    CHECK_EQ("CPU2 sends on channel 2: interrupt", rx_interrupts, 1);
    CHECK_EQ("and its flag was cleared", IPCC_C2TOC1SR, 0);
    IPCC_C1SCR = 1u << 16;
    CHECK_EQ("CPU1 sends on channel 1", IPCC_C1TO2SR, 1);
    IPCC_C1MR &= ~(1u << 16);
    CHECK_EQ("not free: no interrupt", tx_interrupts, 0);
    IPCC_C2SCR = 1;
    delay_cycles(10);
    CHECK_EQ("CPU2 took it: interrupt", tx_interrupts, 1);
    IPCC_C1CR = 0;
    irq_disable(IRQ_IPCC_RX);
    irq_disable(IRQ_IPCC_TX);
}

void test(void)
{
    clocks_on();
    syscfg();
    crc();
    rng();
    hsem();
    ipcc();
}
