/*
 * STM32WB55: load a firmware image into flash and SRAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_LOAD_H
#define HW_ORRERY_STM32WB55_LOAD_H

#include "soc.h"

/* Addresses; end 0: nothing */
typedef struct WbExtent {
    uint32_t first, end;
} WbExtent;

/*
 * As ../image.h. @extent (may be NULL): what was written of the flash; of the SRAMs when nothing of
 * the flash.
 */
bool stm32wb55_load_image(Stm32wb55Soc *s, const char *file, uint32_t at,
                          WbExtent *extent, Error **errp);

#endif
