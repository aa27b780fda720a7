/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chip.h - what the platform touches of the STM32WB55, as CPU2 sees it (RM0434).
 *
 * Only for files that are not built for the host's tests.
 */
#ifndef CPU2_CHIP_H
#define CPU2_CHIP_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

/* RCC: system clock, and CPU2's clock enables */
#define RCC_CR REG32(0x58000000)
#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CFGR REG32(0x58000008)
#define RCC_CFGR_SW 3u
#define RCC_CFGR_SW_HSE 2u
#define RCC_CFGR_SW_PLL 3u
#define RCC_CRRCR REG32(0x58000098)
#define RCC_CRRCR_HSI48ON (1u << 0)
#define RCC_C2AHB3ENR REG32(0x58000150)
#define RCC_AHB3_IPCC (1u << 20)
#define RCC_AHB3_HSEM (1u << 19)
#define RCC_AHB3_RNG (1u << 18)
#define RCC_C2APB3ENR REG32(0x58000164)
#define RCC_APB3_BLE (1u << 0)

/* PWR: how deep CPU2's deep sleep lets the system go; CPU1 sets it before C2BOOT */
#define PWR_C2CR1 REG32(0x58000480)
#define PWR_LPMS 7u
#define PWR_LPMS_STOP2 2u

/* IPCC, CPU2's half */
#define IPCC_C1TOC2SR REG32(0x58000c0c)
#define IPCC_C2CR REG32(0x58000c10)
#define IPCC_CR_RXOIE (1u << 0)
#define IPCC_CR_TXFIE (1u << 16)
#define IPCC_C2MR REG32(0x58000c14)
#define IPCC_C2SCR REG32(0x58000c18)
#define IPCC_C2TOC1SR REG32(0x58000c1c)

/* HSEM, CPU2's half */
#define HSEM_R(n) REG32(0x58001400 + 4 * (n))
#define HSEM_RLR(n) REG32(0x58001480 + 4 * (n)) /* to read is to take */
#define HSEM_LOCK (1u << 31)
#define HSEM_CPU2 (8u << 8)
#define HSEM_C2IER REG32(0x58001510)
#define HSEM_C2ICR REG32(0x58001514)
#define HSEM_C2MISR REG32(0x5800151c)

/* FLASH: the lock is both cores', an operation's registers are CPU2's */
#define FLASH_BASE 0x08000000u
#define FLASH_KEYR REG32(0x58004008)
#define FLASH_KEY1 0x45670123u
#define FLASH_KEY2 0xcdef89abu
#define FLASH_CR REG32(0x58004014)
#define FLASH_CR_LOCK (1u << 31)
#define FLASH_IPCCBR REG32(0x5800403c)
#define FLASH_C2SR REG32(0x58004060)
#define FLASH_SR_EOP (1u << 0)
#define FLASH_SR_ERRORS 0x3fau
#define FLASH_SR_BSY (1u << 16)
#define FLASH_C2CR REG32(0x58004064)
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_PER (1u << 1)
#define FLASH_CR_PNB 3 /* shift */
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_EOPIE (1u << 24)

/* RNG: CPU2's own */
#define RNG_CR REG32(0x58001000)
#define RNG_CR_RNGEN (1u << 2)
#define RNG_SR REG32(0x58001004)
#define RNG_SR_DRDY (1u << 0)
#define RNG_SR_CECS (1u << 1)
#define RNG_DR REG32(0x58001008)

/* the radio (docs/radio.md): its time, and the compare that is the main loop's */
#define RADIO_CR REG32(0x60000004)
#define RADIO_SR REG32(0x60000008)
#define RADIO_IER REG32(0x6000000c)
#define RADIO_COMPARE3 (1u << 11) /* in SR and IER */
#define RADIO_TIME REG32(0x60000010)
#define RADIO_CCER REG32(0x60000018)
#define RADIO_CC3 (1u << 3)
#define RADIO_CCR3 REG32(0x6000002c)

/* unique device number: 32 bits, then ST's company number and the device's (RM0434 38.1) */
#define UID64_LOW REG32(0x1fff7580)
#define UID64_HIGH REG32(0x1fff7584)

/* core */
#define NVIC_ISER REG32(0xe000e100)
#define NVIC_ICER REG32(0xe000e180)
#define NVIC_ICPR REG32(0xe000e280)
#define SCB_VTOR REG32(0xe000ed08)
#define SCB_SCR REG32(0xe000ed10)
#define SCB_SCR_SLEEPDEEP (1u << 2)

/* IRQ(number, name): the handler is irq_NAME, weak; whoever needs it defines it */
#define CPU2_IRQS(IRQ)                                                                             \
    IRQ(2, RTC)                                                                                    \
    IRQ(3, USB_CRS)                                                                                \
    IRQ(4, RCC_FLASH_C1SEV)                                                                        \
    IRQ(5, EXTI0_1)                                                                                \
    IRQ(6, EXTI2_3)                                                                                \
    IRQ(7, EXTI4_15)                                                                               \
    IRQ(8, TSC)                                                                                    \
    IRQ(9, DMA1_CH1_3)                                                                             \
    IRQ(10, DMA1_CH4_7)                                                                            \
    IRQ(11, DMA2)                                                                                  \
    IRQ(19, IPCC_HSEM)                                                                             \
    IRQ(20, AES1_RNG_PKA)                                                                          \
    IRQ(22, LCD)                                                                                   \
    IRQ(23, I2C_EV)                                                                                \
    IRQ(24, I2C_ER)                                                                                \
    IRQ(30, RADIO)                                                                                 \
    IRQ(31, H4)

#define IRQ_NUMBER(number, name) IRQ_##name = number,
enum { CPU2_IRQS(IRQ_NUMBER) IRQ_COUNT = 32 };
#undef IRQ_NUMBER

#define IRQ_HANDLER(number, name) void irq_##name(void);
CPU2_IRQS(IRQ_HANDLER)
#undef IRQ_HANDLER

static inline void irq_enable(unsigned irq)
{
    NVIC_ISER = 1u << irq;
}

/* What irqs_restore() takes. */
static inline uint32_t irqs_off(void)
{
    uint32_t primask;

    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

static inline void irqs_restore(uint32_t primask)
{
    __asm__ volatile("msr primask, %0" ::"r"(primask) : "memory");
}

/* Everything written before is seen by CPU1 before what is written after. */
static inline void barrier(void)
{
    __asm__ volatile("dmb" ::: "memory");
}

static inline void wfi(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

#endif
