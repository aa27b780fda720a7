/* SPDX-License-Identifier: Apache-2.0 */
#include "pace.h"

#include "orrery.h"

#define STEP_NS UINT64_C(1000000)
#define LAG_NS UINT64_C(200000000)

void orrery_pace_start(struct pace *pace, double rate, uint64_t wall_ns, uint64_t virtual_ns)
{
    pace->rate = rate;
    pace->wall_ns = wall_ns;
    pace->virtual_ns = virtual_ns;
}

static uint64_t to_virtual(const struct pace *pace, uint64_t wall_span_ns)
{
    double span = (double)wall_span_ns * pace->rate;

    return span < (double)ORRERY_TIME_INF ? (uint64_t)span : ORRERY_TIME_INF;
}

static uint64_t saturate(uint64_t a, uint64_t b)
{
    return a >= ORRERY_TIME_INF || b >= ORRERY_TIME_INF - a ? ORRERY_TIME_INF : a + b;
}

uint64_t orrery_pace_ceiling(struct pace *pace, uint64_t wall_ns, uint64_t bound_ns)
{
    uint64_t steps = (wall_ns - pace->wall_ns) / STEP_NS;
    uint64_t ceiling = saturate(pace->virtual_ns, to_virtual(pace, steps * STEP_NS));
    uint64_t most = saturate(bound_ns, to_virtual(pace, LAG_NS));

    if (ceiling > most) {
        pace->wall_ns = wall_ns;
        pace->virtual_ns = ceiling = most;
    }
    return ceiling;
}

int64_t orrery_pace_wait_us(const struct pace *pace, uint64_t ceiling_ns, uint64_t virtual_ns)
{
    double us = 0;

    if (virtual_ns > ceiling_ns) {
        us = (double)(virtual_ns - ceiling_ns) / pace->rate / 1000.0;
    }
    return us < 1000.0 ? 1000 : us > 20000.0 ? 20000 : (int64_t)us;
}
