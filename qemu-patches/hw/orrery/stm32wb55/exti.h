/*
 * STM32WB55 extended interrupts and events: what other blocks tell it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_EXTI_H
#define HW_ORRERY_STM32WB55_EXTI_H

#include "block.h"

/*
 * SYSCFG calls this after a write to EXTICR1..4 (the ports of lines 0 to 15), IMR1 or IMR2 (CPU1's
 * masks of lines 5 to 15 and of PVD, PVM1, PVM3). EXTI reads those registers where they are.
 */
void stm32wb_exti_syscfg_changed(Stm32wbBlock *exti);

#endif
