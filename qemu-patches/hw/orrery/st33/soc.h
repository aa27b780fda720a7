/*
 * ST33: system on chip
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_ST33_SOC_H
#define HW_ORRERY_ST33_SOC_H

#include "hw/arm/armv7m.h"
#include "hw/clock.h"
#include "hw/orrery/stm32wb55/block.h"
#include "hw/sysbus.h"
#include "qemu/notify.h"
#include "qom/object.h"

#define ST33_FLASH_BASE 0x00200000
#define ST33_BOOT_OFFSET 0x400 /* in flash: the vector table */
#define ST33_ROM_BASE 0x00100000 /* recovery only */
#define ST33_ROM_SIZE 0x4000
#define ST33_RAM_BASE 0x00600000
#define ST33_VECTORS 0x400 /* bytes of flash seen at 0 */
#define ST33_FLASH_MAX (4 * MiB) /* up to the RAM */
#define ST33_RAM_MAX (1 * MiB)
#define ST33_IRQS 32
#define ST33_TAMPERS 4
#define ST33_PCLK_HZ 30000000

#define TYPE_ST33_SOC "st33-soc"
OBJECT_DECLARE_SIMPLE_TYPE(St33Soc, ST33_SOC)

struct St33Soc {
    SysBusDevice parent_obj;

    ARMv7MState armv7m;
    MemoryRegion memory; /* what the core's bus reaches */
    MemoryRegion ram;
    MemoryRegion vectors; /* at 0 */
    MemoryRegion rom, rom_vectors; /* recovery */
    Clock *pclk;
    Clock *clk_pin;

    uint32_t flash_size, ram_size; /* bytes */
    Notifier power;
};

/* The block of that name ("IART"); aborts if there is none. */
DeviceState *st33_soc_block(St33Soc *s, const char *name);

/* The part starts in its recovery ROM, whose bytes these are: ST33_ROM_SIZE. */
uint8_t *st33_soc_recover(St33Soc *s, Error **errp);

#endif
