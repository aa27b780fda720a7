/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.c - random accesses to all registers, in all sizes and at all offsets: the machine lives on.
 */
#include "test.h"

#ifndef ACCESSES
#define ACCESSES 50000u
#endif

static uint32_t seed = 12345;
static volatile uint32_t nmis;

void exc_NMI(void)
{
    nmis++;
    TAMPER_NMIEN = 0;
}

static uint32_t dice(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static const struct {
    uint32_t base, size;
} blocks[] = {
    {0x40000000, 0x14}, /* SYS, but what resets and switches off */
    {0x40001004, 0x05}, /* MMU, but what is direct: this program is */
    {0x40001014, 0x20}, {0x40001800, 0x220},   {0x40002000, 0x300},   {0x40003000, 0x04},
    {0x40004000, 0x70}, {0x40004400, 0x70},    {0x40005000, 0x40},    {0x40006000, 0x30},
    {0x40007000, 0x20}, {0x40008000, 0x10},    {0x40009000, 0x20},    {0x4000a000, 0x60},
    {0x4000b000, 0x90}, {0x4000c000, 0x20},    {0x4000c400, 0xe00},   {0x4000e000, 0x10},
    {0x4000e014, 0x40}, {0x20000000, 0x10000}, {0x60000000, 0x10000},
};

/* Each a 16-bit instruction, as try_read() and try_write() need it. */
static void access(uint32_t address, uint32_t value)
{
    if (value & 1) {
        try_read(address, NULL);
    } else {
        try_write(address, dice() & 1 ? value : dice() >> (dice() & 31));
    }
}

void test(void)
{
    unsigned answered;

    FLASH_PROT = 0x00240000;
    MMU_FDIRECT = 0x00240000;
    MMU_RDIRECT = RAM_START + 0x2000;
    MMU_CTRL |= MMU_CTRL_EN;
    irqs_off();
    for (uint32_t i = 0; i < ACCESSES; i++) {
        uint32_t roll = dice(), n = roll % (sizeof(blocks) / sizeof(blocks[0]));
        uint32_t offset = dice() % blocks[n].size;

        /* mostly words; else what straddles two */
        access(blocks[n].base + (roll >> 28 ? offset & ~3u : offset), dice());
        if (i % 64 == 0) {
            FLASH_KEY = FLASH_KEY_VALUE;
        }
    }
    answered = (SYS_ID == 0x53543333) + (FLASH_PROT >= 0x00240000);
    CHECK_EQ("it lives on", answered, 2);
}
