/*
 * Orrery: what a machine tells the pacer about its core, and what it hears
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "system/cpu-timers.h"
#include "core.h"

static struct {
    OrreryCoreSleepFn *changed;
    void *opaque;
    bool asleep;
    int64_t insn_ns, insn_before_ns; /* rounded up; 0: the shift of -icount */
} core;

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

void orrery_core_hz(uint64_t hz)
{
    uint32_t by;

    if (icount_enabled() != ICOUNT_PRECISE || hz == 0 ||
        hz > NANOSECONDS_PER_SECOND) {
        return;
    }
    by = common_divisor(NANOSECONDS_PER_SECOND, hz);
    icount_set_rate(NANOSECONDS_PER_SECOND / by, hz / by);
    core.insn_before_ns = core.insn_ns;
    core.insn_ns = DIV_ROUND_UP(NANOSECONDS_PER_SECOND, hz);
}

int64_t orrery_core_longest_insn_ns(void)
{
    return core.insn_ns ? MAX(core.insn_ns, core.insn_before_ns)
                        : icount_to_ns(1);
}

void orrery_core_on_sleep(OrreryCoreSleepFn *changed, void *opaque)
{
    core.changed = changed;
    core.opaque = opaque;
}

void orrery_core_sleeps(bool asleep)
{
    if (core.asleep != asleep) {
        core.asleep = asleep;
        if (core.changed) {
            core.changed(core.opaque, asleep);
        }
    }
}
