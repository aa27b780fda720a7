/*
 * Orrery: the supply of this instance
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When it goes, the machine is reset at that very time: its pins float, what it sends is cut, what its flash
 * has under way is torn. Then it stands (pacer.c) until power comes back, with a second reset and without
 * what RAM held. Whatever outlives a reset on the part but not a power cut hears of both.
 */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "power.h"
#include "trace.h"

static NotifierList listeners = NOTIFIER_LIST_INITIALIZER(listeners);

void orrery_on_power(Notifier *listener)
{
    notifier_list_add(&listeners, listener);
}

typedef struct Ranges {
    struct {
        hwaddr start, len;
    } range[32];
    unsigned count;
} Ranges;

static bool add_ram(Int128 start, Int128 len, const MemoryRegion *mr, hwaddr offset,
                    void *opaque)
{
    Ranges *all = opaque;

    if (memory_region_is_ram((MemoryRegion *)mr) && !mr->readonly && !mr->rom_device &&
        !mr->nonvolatile && all->count < ARRAY_SIZE(all->range)) {
        all->range[all->count].start = int128_get64(start);
        all->range[all->count++].len = int128_get64(len);
    }
    return false;
}

/* All that the core sees as RAM reads as zeros. */
static void lose_ram(void)
{
    AddressSpace *as = cpu_get_address_space(first_cpu, 0);
    Ranges all = { 0 };

    WITH_RCU_READ_LOCK_GUARD() {
        flatview_for_each_range(address_space_to_flatview(as), add_ram, &all);
    }
    for (unsigned i = 0; i < all.count; i++) {
        address_space_set(as, all.range[i].start, 0, all.range[i].len,
                          MEMTXATTRS_UNSPECIFIED);
    }
}

void orrery_power_changes(bool on)
{
    OrreryPower event = { .on = on };

    trace_orrery_power(on);
    notifier_list_notify(&listeners, &event);
    if (on && !event.keeps_ram) {
        lose_ram();
    }
}
