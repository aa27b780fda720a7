/*
 * STM32WB55 system on chip: what CPU1 sees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 2.2 (memory map), 12.3 (vectors), 11.3 (DMAMUX requests).
 */
#include "qemu/osdep.h"
#include "rcc.h"
#include "soc_view.h"

#define EXTI(n) WB_EXTI(n)
#define IRQ(n) WB_IRQ(n)

static const WbRow rows[] = {
    /* what others are wired to comes first */
    { "RCC", "stm32wb-rcc", 0x58000000, { IRQ(5) } },
    { "PWR", "stm32wb-pwr", 0x58000400, { EXTI(16), EXTI(31), EXTI(33), IRQ(43) } },
    /* RM0434 12.3: EXTI0..4, 9_5, 15_10, PVD, RTC_TAMP, RTC_WKUP, RTC_ALARM, COMP, C2SEV */
    { "EXTI", "stm32wb-exti", 0x58000800,
      { IRQ(6), IRQ(7), IRQ(8), IRQ(9), IRQ(10), IRQ(23), IRQ(40), IRQ(1),
        IRQ(2), IRQ(3), IRQ(41), IRQ(22), IRQ(21) } },
    { "FLASH", "stm32wb-flash", 0x58004000, { IRQ(4) } },
    { "SYSCFG", "stm32wb-syscfg", 0x40010000 },
    { "VREFBUF", "stm32wb-vrefbuf", 0x40010030 }, /* within SYSCFG: the later row shows */
    { "DMAMUX1", "stm32wb-dmamux", 0x40020800, { IRQ(62) } },
    { "DMA1", "stm32wb-dma", 0x40020000,
      { IRQ(11), IRQ(12), IRQ(13), IRQ(14), IRQ(15), IRQ(16), IRQ(17) } },
    { "DMA2", "stm32wb-dma", 0x40020400,
      { IRQ(55), IRQ(56), IRQ(57), IRQ(58), IRQ(59), IRQ(60), IRQ(61) } },
    { "GPIOA", "stm32wb-gpio", 0x48000000 },
    { "GPIOB", "stm32wb-gpio", 0x48000400 },
    { "GPIOC", "stm32wb-gpio", 0x48000800 },
    { "GPIOD", "stm32wb-gpio", 0x48000C00 },
    { "GPIOE", "stm32wb-gpio", 0x48001000 },
    { "GPIOH", "stm32wb-gpio", 0x48001C00 },

    { "TIM2", "stm32wb-tim", 0x40000000, { IRQ(28) }, 0,
      { { "ch1", 28 }, { "ch2", 29 }, { "ch3", 30 }, { "ch4", 31 }, { "up", 32 } } },
    { "LCD", "stm32wb-lcd", 0x40002400, { IRQ(49) }, 43 },
    { "RTC", "stm32wb-rtc", 0x40002800, { EXTI(17), EXTI(18), EXTI(19) } },
    { "WWDG", "stm32wb-wwdg", 0x40002C00, { IRQ(0) } },
    { "IWDG", "stm32wb-iwdg", 0x40003000 },
    { "SPI2", "stm32wb-spi", 0x40003800, { IRQ(35) }, 0, { { "rx", 8 }, { "tx", 9 } } },
    { "I2C1", "stm32wb-i2c", 0x40005400, { IRQ(30), IRQ(31) }, 22,
      { { "rx", 10 }, { "tx", 11 } } },
    { "I2C3", "stm32wb-i2c", 0x40005C00, { IRQ(32), IRQ(33) }, 23,
      { { "rx", 12 }, { "tx", 13 } } },
    { "CRS", "stm32wb-crs", 0x40006000, { IRQ(42) } },
    { "USB", "stm32wb-usb", 0x40006800, { IRQ(19), IRQ(20) }, 28 },
    { "LPTIM1", "stm32wb-lptim", 0x40007C00, { IRQ(47) }, 29 },
    { "LPUART1", "stm32wb-usart", 0x40008000, { IRQ(37) }, 25,
      { { "rx", 16 }, { "tx", 17 } } },
    { "LPTIM2", "stm32wb-lptim", 0x40009400, { IRQ(48) }, 30 },
    { "COMP", "stm32wb-comp", 0x40010200, { EXTI(20), EXTI(21) } },
    { "TIM1", "stm32wb-tim", 0x40012C00, { IRQ(24), IRQ(25), IRQ(26), IRQ(27) }, 0,
      { { "ch1", 21 }, { "ch2", 22 }, { "ch3", 23 }, { "ch4", 24 }, { "up", 25 },
        { "trig", 26 }, { "com", 27 } } },
    { "SPI1", "stm32wb-spi", 0x40013000, { IRQ(34) }, 0, { { "rx", 6 }, { "tx", 7 } } },
    { "USART1", "stm32wb-usart", 0x40013800, { IRQ(36) }, 24,
      { { "rx", 14 }, { "tx", 15 } } },
    { "TIM16", "stm32wb-tim", 0x40014400, { IRQ(25) }, 0, { { "ch1", 33 }, { "up", 34 } } },
    { "TIM17", "stm32wb-tim", 0x40014800, { IRQ(26) }, 0, { { "ch1", 35 }, { "up", 36 } } },
    { "SAI1", "stm32wb-sai", 0x40015400, { IRQ(38) }, 0, { { "a", 18 }, { "b", 19 } } },
    { "CRC", "stm32wb-crc", 0x40023000 },
    { "TSC", "stm32wb-tsc", 0x40024000, { IRQ(39) } },
    { "ADC1", "stm32wb-adc", 0x50040000, { IRQ(18) }, 0, { { "adc", 5 } } },
    { "AES1", "stm32wb-aes", 0x50060000, { IRQ(51) }, 0, { { "in", 37 }, { "out", 38 } } },
    /* receive (the other core's flag) and transmit (one's own is free): RM0434 37.3 */
    { "IPCC", "stm32wb-ipcc", 0x58000C00, { IRQ(44), IRQ(45) }, 36 },
    { "RNG", "stm32wb-rng", 0x58001000, { IRQ(53) } },
    { "HSEM", "stm32wb-hsem", 0x58001400, { IRQ(46) }, 38 },
    { "AES2", "stm32wb-aes", 0x58001800, { IRQ(52) }, 0, { { "in", 39 }, { "out", 40 } } },
    { "PKA", "stm32wb-pka", 0x58002000, { IRQ(29) } },
    { "QUADSPI", "stm32wb-quadspi", 0xA0001000, { IRQ(50) }, 0, { { "fifo", 20 } } },
    /* in the core's private peripheral bus: mapped over armv7m's default region */
    { "DBGMCU", "stm32wb-dbgmcu", 0xE0042000 },
};

/* Signals between blocks other than interrupts, DMA requests and clocks */
static const WbWire wires[] = {
    { NULL, "SYSRESETREQ", 0, "RCC", "sysresetreq", 0 },
    { "RCC", "nmi", 0, NULL, "NMI", 0 },
    { "RCC", "backup-reset", 0, "RTC", "backup-reset", 0 },
    { "RCC", "lse-css", 0, "RTC", "lse-css", 0 },
    { "PWR", "backup-writable", 0, "RCC", "backup-writable", 0 },
    { "PWR", "backup-writable", 1, "RTC", "backup-writable", 0 },
    { "PWR", "smps", 0, "RCC", "smps", 0 },
    { "RTC", "internal-wakeup", 0, "PWR", "internal-wakeup", 0 },
    /* RM0434 3.4.2: loading option bytes resets the system */
    { "FLASH", "option-reset", 0, "RCC", "reset", WB_RESET_OPTION_BYTES },
    { "PWR", "mode", 0, "IWDG", "mode", 0 },
    { "IWDG", "reset", 0, "RCC", "reset", 29 },
    { "IWDG", "running", 0, "RCC", "iwdg-running", 0 },
    { "WWDG", "reset", 0, "RCC", "reset", 30 },
    { "USB", "sof", 0, "CRS", "sof", 0 },
    { "EXTI", "line", 0, "DMAMUX1", "sync", 0, 16 },
    /* breaks: RM0434, figure "Break and Break2 circuitry overview" */
    { NULL, "LOCKUP", 0, "SYSCFG", "lockup", 0 },
    { "PWR", "pvd", 0, "SYSCFG", "pvd", 0 },
    { "SYSCFG", "break", 0, "TIM1", "system-break", 0 },
    { "SYSCFG", "break", 0, "TIM16", "system-break", 0 },
    { "SYSCFG", "break", 0, "TIM17", "system-break", 0 },
    { "RCC", "nmi", 0, "TIM1", "system-break", 1 },
    { "RCC", "nmi", 0, "TIM16", "system-break", 1 },
    { "RCC", "nmi", 0, "TIM17", "system-break", 1 },
    { "COMP", "out", 0, "TIM1", "COMP-in", 0, 2 },
    { "COMP", "out", 0, "TIM16", "COMP-in", 0, 2 },
    { "COMP", "out", 0, "TIM17", "COMP-in", 0, 2 },
    { "COMP", "out", 0, "TIM2", "COMP-in", 0, 2 },
    { "ADC1", "awd", 0, "TIM1", "AWD-in", 0, 3 },
    { "RTC", "wakeup-timer", 0, "TIM16", "RTC-in", 0 },
    /* RM0434, tables "LPTIM1 / LPTIM2 external trigger connection" */
    { "RTC", "alarm", 0, "LPTIM1", "trig", 1, 2 },
    { "RTC", "alarm", 0, "LPTIM2", "trig", 1, 2 },
    { "RTC", "tamper", 0, "LPTIM1", "trig", 3, 3 },
    { "RTC", "tamper", 0, "LPTIM2", "trig", 3, 3 },
    { "COMP", "out", 0, "LPTIM1", "trig", 6, 2 },
    { "COMP", "out", 0, "LPTIM2", "trig", 6, 2 },
    /* RM0434, tables "TIM1 / TIM2 internal trigger connection" */
    { "USB", "sof", 0, "TIM2", "itr", 1 },
    { "TIM2", "trgo", 0, "TIM1", "itr", 1 },
    { "TIM17", "cc", 0, "TIM1", "itr", 3 },
    { "TIM1", "trgo", 0, "TIM2", "itr", 0 },
    { "EXTI", "line", 11, "ADC1", "EXTI11", 0 },
    { "EXTI", "line", 15, "ADC1", "EXTI15", 0 },
    { "TIM1", "trgo", 0, "ADC1", "TIM1_TRGO", 0 },
    { "TIM1", "trgo2", 0, "ADC1", "TIM1_TRGO2", 0 },
    { "TIM1", "cc", 0, "ADC1", "TIM1_CC1", 0 },
    { "TIM1", "cc", 1, "ADC1", "TIM1_CC2", 0 },
    { "TIM1", "cc", 2, "ADC1", "TIM1_CC3", 0 },
    { "TIM1", "cc", 3, "ADC1", "TIM1_CC4", 0 },
    { "TIM2", "trgo", 0, "ADC1", "TIM2_TRGO", 0 },
    { "TIM2", "cc", 0, "ADC1", "TIM2_CC1", 0 },
    { "TIM2", "cc", 1, "ADC1", "TIM2_CC2", 0 },
    { "LPTIM1", "trigger", 0, "DMAMUX1", "sync", 18 },
    { "LPTIM2", "trigger", 0, "DMAMUX1", "sync", 19 },
    { "DMAMUX1", "lptim-wanted", 0, "LPTIM1", "trigger-wanted", 0 },
    { "DMAMUX1", "lptim-wanted", 1, "LPTIM2", "trigger-wanted", 0 },
    { "DMAMUX1", "channel", 0, "DMA1", "request", 0, 7 },
    { "DMAMUX1", "channel", 7, "DMA2", "request", 0, 7 },
    { "DMA1", "ack", 0, "DMAMUX1", "ack", 0, 7 },
    { "DMA2", "ack", 0, "DMAMUX1", "ack", 7, 7 },
};

/* Clocks that a block looks at besides its own: RCC's output, by the block's input */
static const WbFurtherClock further_clocks[] = {
    { "TIM2", "etr", "lse" },
    { "TIM16", "ti1-1", "lsi" },
    { "TIM16", "ti1-2", "lse" },
    { "TIM17", "ti1-1", "msi" },
    { "TIM17", "ti1-2", "hse-div32" },
    { "TIM17", "ti1-3", "mco" },
};

const WbView stm32wb55_cpu1_view = {
    .core = "cortex-m4",
    .midr = 0x410FC241, /* Cortex-M4 r0p1 */
    .core_clock = "hclk1",
    .tick_clock = "systick",
    .irqs = 64, /* 63 used; ICTR counts groups of 32 */
    .priority_bits = 4,
    .bitband = true,
    .rows = rows,
    .row_count = ARRAY_SIZE(rows),
    .wires = wires,
    .wire_count = ARRAY_SIZE(wires),
    .further_clocks = further_clocks,
    .further_clock_count = ARRAY_SIZE(further_clocks),
};
