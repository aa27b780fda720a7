/* SPDX-License-Identifier: Apache-2.0 */
/* registers.h - the registers of the machine st33 and its interrupts, docs/st33.md. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include "armv7m.h"

#define FLASH_START 0x00200000u
#define PROGRAM_START 0x00200400u
#define RAM_START 0x00600000u

#define SYS_ID REG32(0x40000000)
#define SYS_CONF REG32(0x40000004)
#define SYS_UID0 REG32(0x40000008)
#define SYS_UID1 REG32(0x4000000c)
#define SYS_CLK REG32(0x40000010)
#define SYS_CAUSE REG32(0x40000014)
#define SYS_RESET REG32(0x40000018)
#define SYS_POWER REG32(0x4000001c)
#define SYS_DBG REG32(0x40000020)
#define SYS_CAUSE_POR (1u << 0)
#define SYS_CAUSE_PIN (1u << 1)
#define SYS_CAUSE_SOFT (1u << 2)
#define SYS_CAUSE_WDG (1u << 3)
#define SYS_CAUSE_TAMPER (1u << 4)
#define SYS_RESET_KEY 0x52535421u
#define SYS_POWER_KEY 0x4f464621u

#define MMU_CTRL REG32(0x40001000)
#define MMU_CONF REG32(0x40001004)
#define MMU_CTX REG32(0x40001008)
#define MMU_FDIRECT REG32(0x4000100c)
#define MMU_RDIRECT REG32(0x40001010)
#define MMU_FSTAT REG32(0x40001014)
#define MMU_FADDR REG32(0x40001018)
#define MMU_FCOUNT REG32(0x4000101c)
#define MMU_INVA REG32(0x40001020)
#define MMU_INVC REG32(0x40001024)
#define MMU_INVALL REG32(0x40001028)
#define MMU_FIND REG32(0x4000102c)
#define MMU_FRAME REG32(0x40001030)
#define MMU_FRAME_WORD(n) REG32(0x40001040 + 4 * (n))
#define MMU_VA(n) REG32(0x40001800 + 8 * (n))
#define MMU_PA(n) REG32(0x40001804 + 8 * (n))
#define MMU_CTRL_EN (1u << 0)
#define MMU_CTRL_PSZ(bits) ((uint32_t)(bits) << 8)
#define MMU_V (1u << 0)
#define MMU_G (1u << 1)
#define MMU_PR (1u << 2)
#define MMU_PW (1u << 3)
#define MMU_PX (1u << 4)
#define MMU_UR (1u << 5)
#define MMU_UW (1u << 6)
#define MMU_UX (1u << 7)
#define MMU_FRAME_VALID (1u << 0)
#define MMU_FSTAT_VALID (1u << 0)
#define MMU_FSTAT_MISS (1u << 1)
#define MMU_FSTAT_READ (1u << 2)
#define MMU_FSTAT_WRITE (1u << 3)
#define MMU_FSTAT_FETCH (1u << 4)
#define MMU_FSTAT_PRIV (1u << 5)
#define MMU_FSTAT_MORE (1u << 6)

#define FLASH_KEY REG32(0x40002000)
#define FLASH_CMD REG32(0x40002004)
#define FLASH_ADDR REG32(0x40002008)
#define FLASH_COUNT REG32(0x4000200c)
#define FLASH_STAT REG32(0x40002010)
#define FLASH_IRQEN REG32(0x40002014)
#define FLASH_PROT REG32(0x40002018)
#define FLASH_CADDR REG32(0x4000201c)
#define FLASH_BUF(n) REG32(0x40002100 + 4 * (n))
#define FLASH_NVC(n) REG32(0x40002200 + 4 * (n))
#define FLASH_KEY_VALUE 0x464c5348u
#define FLASH_PROGRAM 1u
#define FLASH_ERASE 2u
#define FLASH_REPLACE 3u
#define FLASH_BUSY (1u << 0)
#define FLASH_DONE (1u << 1)
#define FLASH_EKEY (1u << 2)
#define FLASH_EADDR (1u << 3)
#define FLASH_EPROT (1u << 4)
#define FLASH_EVERIFY (1u << 5)
#define FLASH_ESEQ (1u << 6)
#define FLASH_PAGE 256u

#define WDG_LOAD REG32(0x40003000)
#define WDG_START REG32(0x40003004)
#define WDG_KICK REG32(0x40003008)
#define WDG_LEFT REG32(0x4000300c)
#define WDG_START_KEY 0x57444721u
#define WDG_KICK_KEY 0x4bu

#define TIM_CR1(n) REG32(0x40004000 + 0x400 * (n))
#define TIM_DIER(n) REG32(0x4000400c + 0x400 * (n))
#define TIM_SR(n) REG32(0x40004010 + 0x400 * (n))
#define TIM_EGR(n) REG32(0x40004014 + 0x400 * (n))
#define TIM_CNT(n) REG32(0x40004024 + 0x400 * (n))
#define TIM_PSC(n) REG32(0x40004028 + 0x400 * (n))
#define TIM_ARR(n) REG32(0x4000402c + 0x400 * (n))

#define GPIO_DIR REG32(0x40005000)
#define GPIO_OUT REG32(0x40005004)
#define GPIO_SET REG32(0x40005008)
#define GPIO_CLR REG32(0x4000500c)
#define GPIO_IN REG32(0x40005010)
#define GPIO_OD REG32(0x40005014)
#define GPIO_PU REG32(0x40005018)
#define GPIO_PD REG32(0x4000501c)
#define GPIO_RISE REG32(0x40005020)
#define GPIO_FALL REG32(0x40005024)
#define GPIO_FLAG REG32(0x40005028)

#define IART_CTRL REG32(0x40006000)
#define IART_STAT REG32(0x40006004)
#define IART_IRQEN REG32(0x40006008)
#define IART_DATA REG32(0x4000600c)
#define IART_ETU REG32(0x40006010)
#define IART_GUARD REG32(0x40006014)
#define IART_WAIT REG32(0x40006018)
#define IART_CTRL_EN (1u << 0)
#define IART_CTRL_ISO (1u << 1)
#define IART_CTRL_EVEN (1u << 2)
#define IART_CTRL_ODD (2u << 2)
#define IART_CTRL_STOP2 (1u << 4)
#define IART_CTRL_NACK (1u << 5)
#define IART_CTRL_REPEAT(n) ((uint32_t)(n) << 6)
#define IART_CTRL_INVERSE (1u << 9)
#define IART_CTRL_CLKPIN (1u << 10)
#define IART_RXNE (1u << 0)
#define IART_TXE (1u << 1)
#define IART_TC (1u << 2)
#define IART_PE (1u << 3)
#define IART_FE (1u << 4)
#define IART_OVR (1u << 5)
#define IART_NAK (1u << 6)
#define IART_WTO (1u << 7)
#define IART_COLL (1u << 8)
#define IART_BRK (1u << 9)

#define SPI_CR1 REG32(0x40007000)
#define SPI_CR2 REG32(0x40007004)
#define SPI_SR REG32(0x40007008)
#define SPI_DR8 REG8(0x4000700c)

#define RNG_CR REG32(0x40008000)
#define RNG_SR REG32(0x40008004)
#define RNG_DR REG32(0x40008008)

#define CRC_DR REG32(0x40009000)
#define CRC_CR REG32(0x40009008)

#define AES_CR REG32(0x4000a000)
#define AES_SR REG32(0x4000a004)
#define AES_DINR REG32(0x4000a008)
#define AES_DOUTR REG32(0x4000a00c)
#define AES_KEYR(n) REG32(0x4000a010 + 4 * (n))

#define HASH_CTRL REG32(0x4000b000)
#define HASH_STAT REG32(0x4000b004)
#define HASH_DATA REG32(0x4000b008)
#define HASH_DATA8 REG8(0x4000b008)
#define HASH_DIGEST(n) REG32(0x4000b040 + 4 * (n))
#define HASH_START (1u << 0)
#define HASH_WIDE (1u << 1)
#define HASH_FINISH (1u << 2)
#define HASH_DONE (1u << 1)

#define PKA_CR REG32(0x4000c000)
#define PKA_SR REG32(0x4000c004)
#define PKA_CLRFR REG32(0x4000c008)
#define PKA_RAM(n) REG32(0x4000c400 + 4 * (n))

#define TAMPER_STAT REG32(0x4000e000)
#define TAMPER_RAW REG32(0x4000e004)
#define TAMPER_IRQEN REG32(0x4000e008)
#define TAMPER_NMIEN REG32(0x4000e00c)
#define TAMPER_RSTEN REG32(0x4000e010)
#define TAMPER_SECRET(n) REG32(0x4000e020 + 4 * (n))

#define ST33_IRQS(X)                                                                               \
    X(0, FLASH)                                                                                    \
    X(1, GPIO)                                                                                     \
    X(2, IART)                                                                                     \
    X(3, TIM0)                                                                                     \
    X(4, TIM1)                                                                                     \
    X(5, SPI)                                                                                      \
    X(6, RNG)                                                                                      \
    X(7, AES)                                                                                      \
    X(8, PKA)                                                                                      \
    X(9, HASH)                                                                                     \
    X(10, TAMPER)                                                                                  \
    X(31, SOFTWARE)

#define IRQ_NUMBER(number, name) IRQ_##name = (number),
enum irq { ST33_IRQS(IRQ_NUMBER) IRQ_COUNT = 32 };

#define IRQ_HANDLER(number, name) void irq_##name(void);
ST33_IRQS(IRQ_HANDLER)

#endif
