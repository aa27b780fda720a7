/*
 * STM32WB55: times of serial lines, which must not drift
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_TIMING_H
#define HW_ORRERY_STM32WB55_TIMING_H

#include "qemu/host-utils.h"
#include "qemu/timer.h"

/* A point in time: whole ns and 2^-32 ns. What follows another thing starts at its exact end. */
typedef struct WbTime {
    int64_t ns;
    uint32_t frac;
} WbTime;

/* @sixteenths / 16 of @unit (2^-32 ns, as a Clock's period; at most 2^62) later. */
static inline WbTime wb_after(WbTime from, uint64_t unit, uint32_t sixteenths)
{
    uint64_t low, high;

    mulu64(&low, &high, unit, sixteenths);
    low = low >> 4 | high << 60;
    high >>= 4;
    low += from.frac;
    high += low < from.frac;
    return (WbTime){ from.ns + (int64_t)(high << 32 | low >> 32),
                     (uint32_t)low };
}

/* To the nearest ns. */
static inline int64_t wb_ns(WbTime t)
{
    return t.ns + (t.frac >> 31);
}

static inline WbTime wb_now(void)
{
    return (WbTime){ qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), 0 };
}

#endif
