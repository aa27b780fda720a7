/*
 * STM32WB55 voltage reference buffer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_VREFBUF_H
#define HW_ORRERY_STM32WB55_VREFBUF_H

#include "block.h"

/* What it drives VREF+ to, in microvolts; 0: nothing. @b may be of another type: 0. */
uint32_t stm32wb_vrefbuf_uv(Stm32wbBlock *b);

#endif
