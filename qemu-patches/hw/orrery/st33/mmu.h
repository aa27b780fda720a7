/*
 * ST33: memory management unit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_ST33_MMU_H
#define HW_ORRERY_ST33_MMU_H

#include "hw/arm/armv7m.h"
#include "hw/orrery/stm32wb55/block.h"

#define ST33_MMU_ENTRIES_MOST 256

#define TYPE_ST33_MMU "st33-mmu"
OBJECT_DECLARE_SIMPLE_TYPE(St33Mmu, ST33_MMU)

/* Translate for @cpu, from its next access on. */
void st33_mmu_attach(St33Mmu *s, ARMCPU *cpu);

/* For the bench: a region that translates at each access, as MMIO. */
MemoryRegion *st33_mmu_callbacks(St33Mmu *s);

#endif
