/*
 * STM32WB55: load a firmware image into flash and SRAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "../image.h"
#include "flash.h"
#include "load.h"

static void extend(WbExtent *all, uint32_t base, const OrreryImageExtent *e)
{
    if (e->end) {
        all->first = all->end ? MIN(all->first, base + e->first) : base + e->first;
        all->end = MAX(all->end, base + e->end);
    }
}

bool stm32wb55_load_image(Stm32wb55Soc *s, const char *file, uint32_t at,
                          WbExtent *extent, Error **errp)
{
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(s, "FLASH"));
    uint8_t *array = memory_region_get_ram_ptr(&flash->array);
    uint8_t *sram2a = memory_region_get_ram_ptr(&s->sram2a);
    uint8_t *sram2b = memory_region_get_ram_ptr(&s->sram2b);
    const OrreryImageArea areas[] = {
        { "flash", WB_FLASH_BASE, WB_FLASH_SIZE, array },
        { "flash", 0, WB_FLASH_SIZE, array }, /* its alias */
        { "SRAM1", WB_SRAM1_BASE, WB_SRAM1_SIZE,
          memory_region_get_ram_ptr(&s->sram1) },
        { "SRAM2a", WB_SRAM2A_BASE, WB_SRAM2_SIZE, sram2a },
        { "SRAM2b", WB_SRAM2B_BASE, WB_SRAM2_SIZE, sram2b },
        { "SRAM2a", WB_SRAM2A_CODE, WB_SRAM2_SIZE, sram2a },
        { "SRAM2b", WB_SRAM2B_CODE, WB_SRAM2_SIZE, sram2b },
        { "system memory", WB_SYSTEM_BASE, WB_SYSTEM_SIZE,
          memory_region_get_ram_ptr(&s->system) },
        { "OTP and option bytes", WB_INFO_BASE, WB_INFO_SIZE,
          memory_region_get_ram_ptr(&flash->info) },
    };
    OrreryImageExtent written[ARRAY_SIZE(areas)] = { 0 };
    const OrreryImageTarget target = { areas, ARRAY_SIZE(areas), "flash or SRAM",
                                       written };
    WbExtent in_flash = { 0 }, in_sram = { 0 };

    if (!orrery_load_image(&target, file, at, errp)) {
        return false;
    }
    extend(&in_flash, WB_FLASH_BASE, &written[0]);
    extend(&in_flash, WB_FLASH_BASE, &written[1]);
    for (int i = 2; i < 5; i++) {
        extend(&in_sram, areas[i].base, &written[i]);
    }
    if (extent) {
        *extent = in_flash.end ? in_flash : in_sram;
    }
    return true;
}
