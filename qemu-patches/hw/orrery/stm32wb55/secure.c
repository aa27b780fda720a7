/*
 * STM32WB55: memory that is CPU2's alone
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "cores.h"
#include "flash.h"
#include "secure.h"

#define SRAM2_PAGE KiB

static void say(Stm32wbSecureArea *area, hwaddr addr, const char *what)
{
    if (!area->said) {
        area->said = true;
        qemu_log_mask(LOG_GUEST_ERROR, "%s: CPU1's %s of 0x%08" HWADDR_PRIx
                      ", which is CPU2's\n", memory_region_name(&area->mr), what,
                      area->base + addr);
    }
}

static MemTxResult secure_read(void *opaque, hwaddr addr, uint64_t *value,
                               unsigned size, MemTxAttrs attrs)
{
    Stm32wbSecureArea *area = opaque;

    *value = 0;
    if (flash_is_fetch()) {
        say(area, addr, "fetch");
        return MEMTX_ERROR;
    }
    say(area, addr, "read");
    return MEMTX_OK;
}

static MemTxResult secure_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size, MemTxAttrs attrs)
{
    Stm32wbSecureArea *area = opaque;

    say(area, addr, "write");
    if (area->flash) { /* it is WRPERR */
        return flash_write_memory(area->flash, area->base + addr, value, size, attrs);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps secure_ops = {
    .read_with_attrs = secure_read,
    .write_with_attrs = secure_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.max_access_size = 4,
    .impl.unaligned = true,
};

static void add_area(Stm32wb55Soc *s, unsigned n, const char *name,
                     MemoryRegion *in, Stm32wbFlash *flash)
{
    Stm32wbSecureArea *area = &s->secure[n];

    area->flash = flash;
    memory_region_init_io(&area->mr, OBJECT(s), &secure_ops, area, name, KiB);
    area->mr.disable_reentrancy_guard = true; /* as block.c says of registers */
    memory_region_set_enabled(&area->mr, false);
    memory_region_add_subregion_overlap(in, 0, &area->mr, 8);
}

void stm32wb_secure_init(Stm32wb55Soc *s)
{
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(s, "FLASH"));

    if (!stm32wb_cores_linked()) {
        return;
    }
    s->secured = true;
    add_area(s, 0, "secure-flash", &flash->main, flash);
    add_area(s, 1, "secure-SRAM2A", &s->memory, NULL);
    add_area(s, 2, "secure-SRAM2A-code", &s->memory, NULL);
    add_area(s, 3, "secure-SRAM2B", &s->memory, NULL);
    add_area(s, 4, "secure-SRAM2B-code", &s->memory, NULL);
}

/* @start: in @in, which begins at @base; not before @size: none. */
static void place(Stm32wbSecureArea *area, hwaddr base, hwaddr in, hwaddr start,
                  hwaddr size)
{
    memory_region_set_enabled(&area->mr, start < size);
    if (start < size) {
        area->base = base + start;
        memory_region_set_address(&area->mr, in + start);
        memory_region_set_size(&area->mr, size - start);
    }
}

void stm32wb_secure_update(Stm32wb55Soc *s)
{
    Stm32wbFlash *flash;
    uint32_t sfr, srrvr;
    hwaddr a, b;

    if (!s->secured) {
        return;
    }
    flash = STM32WB_FLASH(stm32wb55_soc_block(s, "FLASH"));
    sfr = stm32wb_flash_option(flash, WB_SFR);
    srrvr = stm32wb_flash_option(flash, WB_SRRVR);
    a = srrvr & WB_SRRVR_BRSD ? WB_SRAM2_SIZE
                              : extract32(srrvr, WB_SRRVR_SBRSA, 5) * SRAM2_PAGE;
    b = srrvr & WB_SRRVR_NBRSD ? WB_SRAM2_SIZE
                               : extract32(srrvr, WB_SRRVR_SNBRSA, 5) * SRAM2_PAGE;
    memory_region_transaction_begin();
    place(&s->secure[0], WB_FLASH_BASE, 0,
          sfr & WB_SFR_FSD ? WB_FLASH_SIZE : (sfr & WB_SFR_SFSA) * WB_FLASH_PAGE,
          WB_FLASH_SIZE);
    place(&s->secure[1], WB_SRAM2A_BASE, WB_SRAM2A_BASE, a, WB_SRAM2_SIZE);
    place(&s->secure[2], WB_SRAM2A_CODE, WB_SRAM2A_CODE, a, WB_SRAM2_SIZE);
    place(&s->secure[3], WB_SRAM2B_BASE, WB_SRAM2B_BASE, b, WB_SRAM2_SIZE);
    place(&s->secure[4], WB_SRAM2B_CODE, WB_SRAM2B_CODE, b, WB_SRAM2_SIZE);
    memory_region_transaction_commit();
}
