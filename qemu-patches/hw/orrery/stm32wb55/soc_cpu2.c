/*
 * STM32WB55 system on chip: what CPU2 sees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 2.2 (memory map), 12.3 (CPU2's vectors: 32, most of them shared). RCC, PWR, EXTI, SYSCFG,
 * FLASH, IPCC and HSEM are the same peripherals as CPU1's; RNG, PKA and AES2 are CPU2's own, and the
 * radio and its H4 port are docs/radio.md's. Whatever else is on the bus is CPU1's.
 */
#include "qemu/osdep.h"
#include "rcc.h"
#include "soc_view.h"

#define EXTI(n) WB_EXTI(n)
#define IRQ(n) WB_IRQ(n)

static const WbRow rows[] = {
    { "RCC", "stm32wb-rcc", 0x58000000, { IRQ(4) } },
    { "PWR", "stm32wb-pwr", 0x58000400,
      { EXTI(16), EXTI(31), EXTI(33), WB_IRQ_NOWHERE } },
    /* EXTI0..4, 9_5, 15_10, PVD, RTC_TAMP, RTC_WKUP, RTC_ALARM, COMP, C1SEV */
    { "EXTI", "stm32wb-exti", 0x58000800,
      { IRQ(5), IRQ(5), IRQ(6), IRQ(6), IRQ(7), IRQ(7), IRQ(7), IRQ(1),
        IRQ(2), IRQ(2), IRQ(2), IRQ(12), IRQ(4) } },
    { "FLASH", "stm32wb-flash", 0x58004000, { IRQ(4) } },
    { "SYSCFG", "stm32wb-syscfg", 0x40010000 },
    { "IPCC", "stm32wb-ipcc", 0x58000C00, { IRQ(19), IRQ(19) }, 37 },
    { "RNG", "stm32wb-rng", 0x58001000, { IRQ(20) } },
    { "HSEM", "stm32wb-hsem", 0x58001400, { IRQ(19) }, 39 },
    { "AES2", "stm32wb-aes", 0x58001800, { IRQ(21) } },
    { "PKA", "stm32wb-pka", 0x58002000, { IRQ(20) } },
    { "RADIO", "stm32wb-radio", 0x60000000, { IRQ(30) } },
    { "H4", "stm32wb-h4", 0x60000400, { IRQ(31) } },
};

static const WbWire wires[] = {
    { NULL, "SYSRESETREQ", 0, "RCC", "sysresetreq", 0 },
    { "RCC", "nmi", 0, NULL, "NMI", 0 },
    { "PWR", "backup-writable", 0, "RCC", "backup-writable", 0 },
    { "PWR", "smps", 0, "RCC", "smps", 0 },
    { "FLASH", "option-reset", 0, "RCC", "reset", WB_RESET_OPTION_BYTES },
};

const WbView stm32wb55_cpu2_view = {
    .number = 1,
    .core = "cortex-m0",
    .midr = 0x410CC601, /* Cortex-M0+ r0p1: VTOR and SysTick as QEMU's M0 has them */
    .core_clock = "hclk2",
    .tick_clock = "systick2",
    .irqs = 32,
    .priority_bits = 2,
    .rows = rows,
    .row_count = ARRAY_SIZE(rows),
    .wires = wires,
    .wire_count = ARRAY_SIZE(wires),
};
