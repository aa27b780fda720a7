/*
 * STM32WB55: memory that is CPU2's alone
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 3.5.3, 3.10.15, 3.10.17: flash from page SFSA on, SRAM2a from SBRSA and SRAM2b from SNBRSA
 * on. On CPU1's bus (its core's and its DMA's) they read as zero; a write to flash is a protection
 * error, to SRAM2 nothing; a fetch is a bus error. Only where there is a CPU2: with none, the
 * factory's areas would only be in the way of firmware that takes the whole part.
 */
#ifndef HW_ORRERY_STM32WB55_SECURE_H
#define HW_ORRERY_STM32WB55_SECURE_H

#include "soc.h"

/* CPU1's SoC, once its memories are mapped. */
void stm32wb_secure_init(Stm32wb55Soc *s);

/* As the option bytes in force say. */
void stm32wb_secure_update(Stm32wb55Soc *s);

#endif
