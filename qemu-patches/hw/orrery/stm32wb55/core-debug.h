/*
 * STM32WB55: the debug units of CPU1 that software uses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_CORE_DEBUG_H
#define HW_ORRERY_STM32WB55_CORE_DEBUG_H

#include "hw/arm/armv7m.h"
#include "qom/object.h"

#define TYPE_CORE_DEBUG "stm32wb-core-debug"
OBJECT_DECLARE_SIMPLE_TYPE(CoreDebug, CORE_DEBUG)

/* Make one for @core, which is realized, as @owner's child "core-debug", and map it. */
bool core_debug_create(Object *owner, ARMv7MState *core, Error **errp);

#endif
