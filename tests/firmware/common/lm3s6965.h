/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lm3s6965.h - Stellaris LM3S6965: registers (data sheet, DS-LM3S6965) and the numbers of the
 * evaluation board.
 *
 * QEMU's general-purpose timers fire but cannot be read, so SysTick tells the time and timer 0
 * wakes a sleeper.
 */
#ifndef LM3S6965_H
#define LM3S6965_H

#include "cortexm.h"

#define BOARD_NAME "lm3s6965evb"
#define BOARD_UARTS 3u

/*
 * The PLL's 200 MHz divided by 4 are the 50 MHz that the part is made for: SysTick counts 20 ns.
 * QEMU takes any divisor; with 1 the clock counts 5 ns, which tells the 16 ns instructions of
 * `-icount shift=4` apart. No real part does that: for measuring programs only.
 */
#ifndef BOARD_SYSCLK_DIV
#define BOARD_SYSCLK_DIV 4u
#endif
#define BOARD_SYSCLK_HZ (200000000u / BOARD_SYSCLK_DIV)
#define BOARD_SYSTICK_HALF_NS (10u * BOARD_SYSCLK_DIV)
#ifndef BOARD_TICK_NS
#define BOARD_TICK_NS 50000000u
#endif

/* Interrupt numbers, data sheet table 2-9 */
#define IRQ_WATCHDOG 18u
#define IRQ_TIMER0A 19u

/* Chapter 5, System Control */
#define SYSCTL_RIS REG32(0x400fe050)
#define SYSCTL_RIS_PLLLRIS (1u << 6)
#define SYSCTL_RCC REG32(0x400fe060)
#define SYSCTL_RCC_SYSDIV(div) (((div)-1u) << 23)
#define SYSCTL_RCC_SYSDIV_MASK (15u << 23)
#define SYSCTL_RCC_USESYSDIV (1u << 22)
#define SYSCTL_RCC_PWRDN (1u << 13)
#define SYSCTL_RCC_BYPASS (1u << 11)
#define SYSCTL_RCC_XTAL_MASK (15u << 6)
#define SYSCTL_RCC_XTAL_8MHZ (14u << 6)
#define SYSCTL_RCC_OSCSRC_MASK (3u << 4)
#define SYSCTL_RCC_MOSCDIS (1u << 0)
#define SYSCTL_RCGC0 REG32(0x400fe100)
#define SYSCTL_RCGC0_WDT (1u << 3)
#define SYSCTL_RCGC1 REG32(0x400fe104)
#define SYSCTL_RCGC1_TIMER0 (1u << 16)
#define SYSCTL_RCGC1_UARTS 7u
#define SYSCTL_RCGC2 REG32(0x400fe108)
#define SYSCTL_RCGC2_GPIOA (1u << 0)
#define SYSCTL_RCGC2_GPIOD (1u << 3)
#define SYSCTL_RCGC2_GPIOG (1u << 6)

/* Chapter 8, GPIO */
#define GPIO_AFSEL(base) REG32((base) + 0x420)
#define GPIO_DEN(base) REG32((base) + 0x51c)

/* Chapter 9, General-Purpose Timers */
#define TIMER0_BASE 0x40030000
#define GPTM_CFG(base) REG32((base) + 0x00)
#define GPTM_CFG_32BIT 0u
#define GPTM_TAMR(base) REG32((base) + 0x04)
#define GPTM_TAMR_ONE_SHOT 1u
#define GPTM_CTL(base) REG32((base) + 0x0c)
#define GPTM_CTL_TAEN (1u << 0)
#define GPTM_IMR(base) REG32((base) + 0x18)
#define GPTM_ICR(base) REG32((base) + 0x24)
#define GPTM_INT_TATO (1u << 0)
#define GPTM_TAILR(base) REG32((base) + 0x28)

/* Chapter 10, Watchdog */
#define WDT_LOAD REG32(0x40000000)
#define WDT_CTL REG32(0x40000008)
#define WDT_CTL_RESEN (1u << 1)
#define WDT_CTL_INTEN (1u << 0)

/* Chapter 12, UART */
#define UART_DR(base) REG32((base) + 0x00)
#define UART_DR_ERRORS (15u << 8) /* overrun, break, parity, framing */
#define UART_FR(base) REG32((base) + 0x18)
#define UART_FR_TXFF (1u << 5)
#define UART_FR_RXFE (1u << 4)
#define UART_IBRD(base) REG32((base) + 0x24)
#define UART_FBRD(base) REG32((base) + 0x28)
#define UART_LCRH(base) REG32((base) + 0x2c)
#define UART_LCRH_WLEN_8 (3u << 5)
#define UART_CTL(base) REG32((base) + 0x30)
#define UART_CTL_RXE (1u << 9)
#define UART_CTL_TXE (1u << 8)
#define UART_CTL_LBE (1u << 7)
#define UART_CTL_UARTEN (1u << 0)
#define UART_IM(base) REG32((base) + 0x38)
#define UART_ICR(base) REG32((base) + 0x44)
#define UART_INT_OE (1u << 10)
#define UART_INT_RX (1u << 4)

#define UART_BASE(n) (0x4000c000 + 0x1000 * (n))

#endif
