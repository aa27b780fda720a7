/* SPDX-License-Identifier: Apache-2.0 */
/*
 * b_l475e.h - B-L475E-IOT01A: registers of its STM32L475 (RM0351) and the numbers of the board.
 *
 * QEMU models RCC, GPIO, EXTI and the U(S)ARTs. There is no timer but SysTick, so the tick is
 * short: a sleeper wakes at every tick and polls for the rest.
 */
#ifndef B_L475E_H
#define B_L475E_H

#include "cortexm.h"

#define BOARD_NAME "b-l475e-iot01a"
#define BOARD_UARTS 3u

/* The PLL gives 80 MHz: SysTick counts 12.5 ns. */
#define BOARD_SYSCLK_HZ 80000000u
#define BOARD_SYSTICK_HALF_NS 25u
#ifndef BOARD_TICK_NS
#define BOARD_TICK_NS 1000000u
#endif

/* RM0351 6.4, RCC */
#define RCC_BASE 0x40021000
#define RCC_CR REG32(RCC_BASE + 0x00)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CFGR REG32(RCC_BASE + 0x08)
#define RCC_CFGR_SW_PLL 3u
#define RCC_CFGR_SWS_MASK (3u << 2)
#define RCC_CFGR_SWS_PLL (3u << 2)
#define RCC_PLLCFGR REG32(RCC_BASE + 0x0c)
#define RCC_PLLCFGR_PLLREN (1u << 24)
#define RCC_PLLCFGR_PLLN(n) ((n) << 8)
#define RCC_PLLCFGR_PLLSRC_MSI 1u
#define RCC_AHB2ENR REG32(RCC_BASE + 0x4c)
#define RCC_AHB2ENR_GPIOBEN (1u << 1)
#define RCC_AHB2ENR_GPIODEN (1u << 3)
#define RCC_APB1ENR1 REG32(RCC_BASE + 0x58)
#define RCC_APB1ENR1_USART2EN (1u << 17)
#define RCC_APB1ENR1_USART3EN (1u << 18)
#define RCC_APB2ENR REG32(RCC_BASE + 0x60)
#define RCC_APB2ENR_USART1EN (1u << 14)

/* RM0351 3.7.1, FLASH_ACR */
#define FLASH_ACR REG32(0x40022000)
#define FLASH_ACR_LATENCY_4WS 4u

/* RM0351 8.4, GPIO */
#define GPIOB_BASE 0x48000400
#define GPIOD_BASE 0x48000c00
#define GPIO_MODER(base) REG32((base) + 0x00)
#define GPIO_MODE_AF 2u
#define GPIO_AFR(base, pin) REG32((base) + 0x20 + 4 * ((pin) / 8))

/* RM0351 40.8, USART */
#define USART_CR1(base) REG32((base) + 0x00)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_UE (1u << 0)
#define USART_BRR(base) REG32((base) + 0x0c)
#define USART_ISR(base) REG32((base) + 0x1c)
#define USART_ISR_TXE (1u << 7)
#define USART_ISR_RXNE (1u << 5)
#define USART_ISR_ORE (1u << 3)
#define USART_ISR_NF (1u << 2)
#define USART_ISR_FE (1u << 1)
#define USART_ISR_ERRORS (USART_ISR_ORE | USART_ISR_NF | USART_ISR_FE)
#define USART_ICR(base) REG32((base) + 0x20)
#define USART_RDR(base) REG32((base) + 0x24)
#define USART_TDR(base) REG32((base) + 0x28)

#endif
