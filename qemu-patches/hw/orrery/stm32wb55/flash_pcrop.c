/*
 * STM32WB55: proprietary code readout protection of the flash
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 3.5.4: what lies in a PCROP area can be executed, not read. The area is a window over the
 * array, so that each access to it comes here; code in it runs slowly.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "hw/core/cpu.h"
#include "flash.h"

#define UNIT (2 * KiB)

/* The core fetches while it translates, when there is no host code to come back to. */
bool flash_is_fetch(void)
{
    return current_cpu && !current_cpu->mem_io_pc;
}

static MemTxResult window_read(void *opaque, hwaddr addr, uint64_t *value,
                               unsigned size, MemTxAttrs attrs)
{
    FlashWindow *w = opaque;

    if (flash_is_fetch()) {
        *value = ldn_le_p(w->flash->array_bytes + w->offset + addr, size);
    } else {
        *value = 0;
        flash_refuse_read(w->flash);
    }
    return MEMTX_OK;
}

static MemTxResult window_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size, MemTxAttrs attrs)
{
    FlashWindow *w = opaque;

    return flash_write_memory(w->flash, WB_FLASH_BASE + w->offset + addr, value, size,
                              attrs);
}

static const MemoryRegionOps window_ops = {
    .read_with_attrs = window_read,
    .write_with_attrs = window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.max_access_size = 4,
    .impl.unaligned = true,
};

void flash_pcrop_init(Stm32wbFlash *s)
{
    for (int i = 0; i < 2; i++) {
        FlashWindow *w = &s->window[i];

        w->flash = s;
        memory_region_init_io(&w->mr, OBJECT(s), &window_ops, w, "flash-pcrop",
                              UNIT);
        w->mr.disable_reentrancy_guard = s->parent_obj.state != NULL;
        memory_region_set_enabled(&w->mr, false);
        memory_region_add_subregion_overlap(&s->main, 0, &w->mr, 1 + i);
    }
}

static void place(FlashWindow *w, uint32_t start, uint32_t end)
{
    start = extract32(start, 0, 9);
    end = extract32(end, 0, 9);
    memory_region_set_enabled(&w->mr, start <= end);
    if (start <= end) {
        w->offset = start * UNIT;
        memory_region_set_address(&w->mr, w->offset);
        memory_region_set_size(&w->mr, (end - start + 1) * UNIT);
    }
}

void flash_pcrop_update(Stm32wbFlash *s)
{
    memory_region_transaction_begin();
    place(&s->window[0], s->loaded[WB_PCROP1ASR], s->loaded[WB_PCROP1AER]);
    place(&s->window[1], s->loaded[WB_PCROP1BSR], s->loaded[WB_PCROP1BER]);
    memory_region_transaction_commit();
}
