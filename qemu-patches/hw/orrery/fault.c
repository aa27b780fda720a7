/*
 * Orrery: faults of what comes in at a port
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "ipc/random.h"
#include "fault.h"
#include "trace.h"

static void set(OrreryFaults *f, unsigned kind, uint32_t ppb, uint32_t count)
{
    f->kinds[kind].ppb = ppb;
    f->kinds[kind].left = count;
    f->kinds[kind].without_limit = count == 0;
}

static void change(void *opaque, const struct orrery_stimulus *fault)
{
    OrreryFaults *f = opaque;
    uint32_t ppb = fault->rate_ppb;

    trace_orrery_fault(fault->line, fault->level, ppb, fault->count, fault->delay_ns);
    if (ppb == ORRERY_FAULT_AS_LINK) {
        ppb = f->kinds[fault->level].of_link;
    }
    set(f, fault->level, MIN(ppb, ORRERY_FAULT_ALL), fault->count);
    if (fault->level == ORRERY_FAULT_DELAY && ppb) {
        f->delay_ns = MIN(fault->delay_ns, ORRERY_TIME_INF);
    }
}

void orrery_faults_init(OrreryFaults *f, const OrreryPortInfo *port)
{
    const uint32_t of_link[ORRERY_FAULT_COUNT] = {
        [ORRERY_FAULT_DROP] = port->drop_ppb,
        [ORRERY_FAULT_CORRUPT] = port->corrupt_ppb,
    };

    /* the seed is that of the link: another for each direction, and never 0 */
    f->random = (port->fault_seed + port->rx_lane + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (unsigned i = 0; i < ORRERY_FAULT_COUNT; i++) {
        f->kinds[i].of_link = of_link[i];
        set(f, i, of_link[i], 0);
    }
    orrery_member_on_fault(orrery_member_get(), port->name, change, f);
}

bool orrery_faults_hit(OrreryFaults *f, enum orrery_fault kind)
{
    uint32_t ppb = f->kinds[kind].ppb;

    if (!ppb || (!f->kinds[kind].without_limit && !f->kinds[kind].left)) {
        return false;
    }
    if (ppb < ORRERY_FAULT_ALL && !orrery_happens(orrery_random(&f->random), ppb)) {
        return false;
    }
    f->kinds[kind].left -= !f->kinds[kind].without_limit;
    return true;
}
