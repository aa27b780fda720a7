/* SPDX-License-Identifier: Apache-2.0 */
/* core.c - memory map, bit-banding, aliases and the core's identity. */
#include "test.h"

static volatile uint32_t word;

static void memory_map(void)
{
    uint32_t value;

    CHECK_EQ("flash shows at 0", REG32(0), REG32(FLASH_MEMORY));
    CHECK_EQ("flash shows at 0, reset vector", REG32(4), REG32(FLASH_MEMORY + 4));
    REG32(SRAM2A_MEMORY) = 0x12345678;
    CHECK_EQ("SRAM2a shows at 0x10000000", REG32(0x10000000), 0x12345678);
    REG32(SRAM2B_MEMORY + 0x7ffc) = 0x9abcdef0;
    CHECK_EQ("SRAM2b shows at 0x10008000", REG32(0x1000fffc), 0x9abcdef0);
    CHECK("end of SRAM2b", try_read(0x2003fffc, &value));
    CHECK("a bus fault beyond SRAM", !try_read(0x20040000, &value));
    CHECK("a bus fault beyond flash", !try_read(0x08100000, &value));
    CHECK("a bus fault on a write to nowhere", !try_write(0x30000000, 1));
}

static void bit_band(void)
{
    word = 0;
    BITBAND_SRAM(&word, 5) = 1;
    CHECK_EQ("bit-band write to SRAM", word, 1u << 5);
    CHECK_EQ("bit-band read of SRAM", BITBAND_SRAM(&word, 5), 1);
    CHECK_EQ("bit-band read of a clear bit", BITBAND_SRAM(&word, 6), 0);
}

static void identity(void)
{
    CHECK_EQ("CPUID: Cortex-M4 r0p1", SCB_CPUID, 0x410fc241);
    CHECK_EQ("ICTR: two groups of 32 lines", ICTR, 1);
    NVIC_IPR(IRQ_FPU) = 0xff;
    CHECK_EQ("four priority bits", NVIC_IPR(IRQ_FPU), 0xf0);
    NVIC_IPR(IRQ_FPU) = 0;
}

void test(void)
{
    memory_map();
    bit_band();
    identity();
}
