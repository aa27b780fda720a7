/*
 * STM32WB55: ranges of SRAM whose accesses by the two cores are ordered
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The cores' SRAM is plain memory, and who reads what when is for the firmware to order. For firmware
 * that does not, a range can be made ordered (../ordered.h): slow, and the same in every run. What the
 * core fetches from there as instructions, and stacks there at exceptions, is not.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "../ordered.h"
#include "cores.h"
#include "soc.h"

typedef struct OrderedRange {
    MemoryRegion mr;
    OrreryState *state;
    uint8_t *bytes;
    hwaddr base;
} OrderedRange;

static MemTxResult range_read(void *opaque, hwaddr addr, uint64_t *value,
                              unsigned size, MemTxAttrs attrs)
{
    OrderedRange *r = opaque;
    OrreryAccess a = { .addr = r->base + addr, .size = size };

    if (orrery_ordered_begin(r->state, &a, attrs) == ORRERY_ACCESS_GO) {
        a.value = ldn_le_p(r->bytes + addr, size);
        orrery_ordered_end(&a);
    }
    *value = a.value;
    return a.result;
}

static MemTxResult range_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size, MemTxAttrs attrs)
{
    OrderedRange *r = opaque;
    OrreryAccess a = { .write = true, .addr = r->base + addr, .size = size,
                       .value = value };

    if (orrery_ordered_begin(r->state, &a, attrs) == ORRERY_ACCESS_GO) {
        stn_le_p(r->bytes + addr, size, value);
        orrery_ordered_end(&a);
    }
    return a.result;
}

static const MemoryRegionOps range_ops = {
    .read_with_attrs = range_read,
    .write_with_attrs = range_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.min_access_size = 1,
    .impl.max_access_size = 8,
    .impl.unaligned = true,
};

static MemoryRegion *bank_of(Stm32wb55Soc *s, uint64_t from, uint64_t size)
{
    MemoryRegion *banks[] = { &s->sram1, &s->sram2a, &s->sram2b };

    for (int i = 0; i < ARRAY_SIZE(banks); i++) {
        uint64_t end = banks[i]->addr + memory_region_size(banks[i]);

        if (from >= banks[i]->addr && from < end && size <= end - from) {
            return banks[i];
        }
    }
    return NULL;
}

bool stm32wb55_soc_order_sram(Stm32wb55Soc *s, const char *range, Error **errp)
{
    uint64_t from, size;
    const char *rest;
    MemoryRegion *bank;
    OrderedRange *r;
    void *unused;

    if (qemu_strtou64(range, &rest, 0, &from) < 0 || *rest != '+' ||
        qemu_strtou64(rest + 1, NULL, 0, &size) < 0 || size == 0) {
        error_setg(errp, "ordered-sram '%s' is not ADDRESS+BYTES", range);
        return false;
    }
    bank = bank_of(s, from, size);
    if (!bank) {
        error_setg(errp, "ordered-sram '%s' is not within one SRAM", range);
        return false;
    }
    if (!stm32wb_cores_linked()) {
        return true; /* nobody else is there */
    }
    r = g_new0(OrderedRange, 1);
    r->state = orrery_state_find(WB_CORES_PORT, &unused, 0);
    r->base = from;
    r->bytes = (uint8_t *)memory_region_get_ram_ptr(bank) + (from - bank->addr);
    memory_region_init_io(&r->mr, OBJECT(s), &range_ops, r, "ordered-sram", size);
    memory_region_add_subregion(bank, from - bank->addr, &r->mr);
    /* an ordered access may leave the handler for good, and that of the bit-band alias with it */
    r->mr.disable_reentrancy_guard = true;
    for (int i = 0; i < ARRAY_SIZE(s->armv7m.bitband); i++) {
        s->armv7m.bitband[i].iomem.disable_reentrancy_guard = true;
    }
    return true;
}
