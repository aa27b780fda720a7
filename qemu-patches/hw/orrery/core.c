/*
 * Orrery: what a machine tells the pacer about its core, and what it hears
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "core.h"

void orrery_core_rate(uint32_t num, uint32_t den)
{
}

void orrery_core_hz(uint64_t hz)
{
}

void orrery_core_on_sleep(OrreryCoreSleepFn *changed, void *opaque)
{
}
