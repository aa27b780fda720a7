/*
 * STM32WB55: load a firmware image into flash and SRAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_IMAGE_H
#define HW_ORRERY_STM32WB55_IMAGE_H

#include "soc.h"

/*
 * Load @file once, as a programmer would before power-on: ELF by its program headers, Intel HEX
 * by its records, anything else raw at @at. The file itself is only read.
 */
bool stm32wb55_load_image(Stm32wb55Soc *s, const char *file, uint32_t at,
                          Error **errp);

#endif
