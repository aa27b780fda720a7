/*
 * STM32WB55: ticks of a clock, counted when somebody looks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tick k of a running counter is at anchor + k periods exactly, so nothing drifts. A change of the
 * period begins a new grid at that moment.
 */
#ifndef HW_ORRERY_STM32WB55_TICKS_H
#define HW_ORRERY_STM32WB55_TICKS_H

#include "qemu/host-utils.h"
#include "qemu/int128.h"
#include "qemu/timer.h"
#include "migration/vmstate.h"

typedef struct WbTicks {
    int64_t anchor_ns;
    uint64_t period; /* 2^-32 ns, as a Clock's; 0: stopped */
    uint64_t done;   /* ticks since the anchor that have been taken */
} WbTicks;

/* Ticks from the anchor to @now_ns. */
static inline uint64_t wb_ticks_total(const WbTicks *t, int64_t now_ns)
{
    uint64_t low, high;

    if (!t->period || now_ns <= t->anchor_ns) {
        return 0;
    }
    low = (uint64_t)(now_ns - t->anchor_ns) << 32;
    high = (uint64_t)(now_ns - t->anchor_ns) >> 32;
    divu128(&low, &high, t->period);
    return low;
}

/* Ticks that have come since the last call. */
static inline uint64_t wb_ticks_take(WbTicks *t, int64_t now_ns)
{
    uint64_t total = wb_ticks_total(t, now_ns);
    uint64_t fresh = total > t->done ? total - t->done : 0;

    t->done += fresh;
    return fresh;
}

/* Run at @period (0: stand still) from @now_ns on; what came before must have been taken. */
static inline void wb_ticks_run(WbTicks *t, int64_t now_ns, uint64_t period)
{
    if (t->period != period) {
        *t = (WbTicks){ .anchor_ns = now_ns, .period = period };
    }
}

/* When the @n-th tick from those taken will be there; INT64_MAX: never. */
static inline int64_t wb_ticks_when(const WbTicks *t, uint64_t n)
{
    uint64_t low, high, ns;

    if (!t->period || n > INT64_MAX || t->done > INT64_MAX) {
        return INT64_MAX;
    }
    mulu64(&low, &high, t->done + n, t->period);
    if (high >> 30) {
        return INT64_MAX;
    }
    ns = (high << 32 | low >> 32) + ((uint32_t)low != 0);
    return ns < INT64_MAX - t->anchor_ns ? t->anchor_ns + (int64_t)ns
                                         : INT64_MAX;
}

#define VMSTATE_WB_TICKS(_field, _state)                                       \
    VMSTATE_INT64(_field.anchor_ns, _state),                                   \
    VMSTATE_UINT64(_field.period, _state),                                     \
    VMSTATE_UINT64(_field.done, _state)

#endif
