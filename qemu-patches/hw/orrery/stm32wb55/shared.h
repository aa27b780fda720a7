/*
 * STM32WB55: the memories that both cores see, in one file
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPU1's process and CPU2's map the same file: the flash array, the information block (OTP, factory
 * data, option bytes) and the three SRAMs. CPU1's fills it. What one core writes the other reads at
 * once; who reads what when is for the firmware to order, with HSEM or IPCC, as on the part.
 */
#ifndef HW_ORRERY_STM32WB55_SHARED_H
#define HW_ORRERY_STM32WB55_SHARED_H

#include "exec/memory.h"
#include "soc.h"

typedef enum WbShared {
    WB_SHARED_FLASH,
    WB_SHARED_INFO,
    WB_SHARED_SRAM1,
    WB_SHARED_SRAM2A,
    WB_SHARED_SRAM2B,
} WbShared;

/* Open the file, made as large as need be. An empty one is all zeroes. */
bool stm32wb_shared_open(Stm32wb55Soc *s, const char *path, Error **errp);

/* @mr, RAM of the SoC, is that part of the file from now on. Does nothing without a file. */
bool stm32wb_shared_map(Stm32wb55Soc *s, MemoryRegion *mr, WbShared part, Error **errp);

#endif
