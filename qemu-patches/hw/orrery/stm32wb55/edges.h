/*
 * STM32WB55: edges of a clock, counted without ticking
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For free-running counters: how many edges there have been is computed from the virtual clock
 * and the frequency in Hz, from an anchor that moves only when the frequency does.
 */
#ifndef HW_ORRERY_STM32WB55_EDGES_H
#define HW_ORRERY_STM32WB55_EDGES_H

#include "migration/vmstate.h"
#include "qemu/timer.h"

typedef struct WbEdges {
    uint64_t hz; /* 0: stopped */
    int64_t anchor_ns;
    uint64_t anchor_edge;
} WbEdges;

/* @ns is not before the last change of frequency. */
static inline uint64_t wb_edges_at(const WbEdges *t, int64_t ns)
{
    return t->anchor_edge +
           (uint64_t)((unsigned __int128)(ns - t->anchor_ns) * t->hz /
                      NANOSECONDS_PER_SECOND);
}

static inline uint64_t wb_edges(const WbEdges *t)
{
    return wb_edges_at(t, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

/* When @edge comes; INT64_MAX: never, or as good as. One before the anchor has come. */
static inline int64_t wb_edges_ns(const WbEdges *t, uint64_t edge)
{
    unsigned __int128 ns = (unsigned __int128)(edge - t->anchor_edge) *
                           NANOSECONDS_PER_SECOND;

    if (!t->hz) {
        return INT64_MAX;
    }
    if (edge <= t->anchor_edge) {
        return t->anchor_ns;
    }
    ns = (unsigned __int128)t->anchor_ns + (ns + t->hz - 1) / t->hz;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

/* A new frequency from now on; the part of a period that has passed is lost. */
static inline void wb_edges_set_hz(WbEdges *t, uint64_t hz)
{
    t->anchor_edge = wb_edges(t);
    t->anchor_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    t->hz = hz;
}

#define VMSTATE_WB_EDGES(_field, _state)                                       \
    VMSTATE_UINT64(_field.hz, _state), VMSTATE_INT64(_field.anchor_ns, _state), \
        VMSTATE_UINT64(_field.anchor_edge, _state)

#endif
