/* SPDX-License-Identifier: Apache-2.0 */
/* armv7m.h - the registers that every ARMv7-M core has, DDI 0403E. */
#ifndef ARMV7M_H
#define ARMV7M_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))
#define REG16(address) (*(volatile uint16_t *)(address))
#define REG8(address) (*(volatile uint8_t *)(address))

/* The same register by halfword or byte: HALF(SPI1_DR). */
#define HALF(reg) (*(volatile uint16_t *)&(reg))
#define BYTE(reg) (*(volatile uint8_t *)&(reg))

/* core: SysTick (B3.3), NVIC (B3.4), SCB (B3.2), DWT and debug (C1.6, C1.8) */
#define SYST_CSR REG32(0xe000e010)
#define SYST_RVR REG32(0xe000e014)
#define SYST_CVR REG32(0xe000e018)
#define SYST_CALIB REG32(0xe000e01c)
#define NVIC_STIR REG32(0xe000ef00)
#define ICTR REG32(0xe000e004)
#define NVIC_ISER(n) REG32(0xe000e100 + 4 * (n))
#define NVIC_ICER(n) REG32(0xe000e180 + 4 * (n))
#define NVIC_ISPR(n) REG32(0xe000e200 + 4 * (n))
#define NVIC_ICPR(n) REG32(0xe000e280 + 4 * (n))
#define NVIC_IPR(irq) REG8(0xe000e400 + (irq))
#define SCB_CPUID REG32(0xe000ed00)
#define SCB_ICSR REG32(0xe000ed04)
#define SCB_VTOR REG32(0xe000ed08)
#define SCB_AIRCR REG32(0xe000ed0c)
#define SCB_SCR REG32(0xe000ed10)
#define SCB_CCR REG32(0xe000ed14)
#define SCB_SHPR1 REG32(0xe000ed18)
#define SCB_SHPR2 REG32(0xe000ed1c)
#define SCB_SHPR3 REG32(0xe000ed20)
#define SCB_SHCSR REG32(0xe000ed24)
#define SCB_CFSR REG32(0xe000ed28)
#define SCB_HFSR REG32(0xe000ed2c)
#define SCB_BFAR REG32(0xe000ed38)
#define SCB_CPACR REG32(0xe000ed88)
#define MPU_TYPE REG32(0xe000ed90)
#define MPU_CTRL REG32(0xe000ed94)
#define MPU_RNR REG32(0xe000ed98)
#define MPU_RBAR REG32(0xe000ed9c)
#define MPU_RASR REG32(0xe000eda0)
#define DEMCR REG32(0xe000edfc)
#define DWT_CTRL REG32(0xe0001000)
#define DWT_CYCCNT REG32(0xe0001004)

#endif
