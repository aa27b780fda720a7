/* SPDX-License-Identifier: Apache-2.0 */
#include "counter.h"

#include <stddef.h>
#include <string.h>

/* As struct orrery_lane_stats; launch/counters.c has the same names. */
static const struct {
    const char *name;
    size_t offset;
} counters[] = {
    {"sent", offsetof(struct orrery_lane_stats, sent)},
    {"delivered", offsetof(struct orrery_lane_stats, delivered)},
    {"overruns", offsetof(struct orrery_lane_stats, overruns)},
    {"framing_errors", offsetof(struct orrery_lane_stats, framing_errors)},
    {"too_fast", offsetof(struct orrery_lane_stats, too_fast)},
    {"dropped", offsetof(struct orrery_lane_stats, dropped)},
    {"corrupted", offsetof(struct orrery_lane_stats, corrupted)},
    {"delayed", offsetof(struct orrery_lane_stats, delayed)},
};

static int find(const char *name)
{
    for (int i = 0; i < (int)(sizeof(counters) / sizeof(counters[0])); i++) {
        if (!strcmp(counters[i].name, name)) {
            return i;
        }
    }
    return -1;
}

bool orrery_counter_known(const char *name)
{
    return find(name) >= 0;
}

uint64_t orrery_counter_read(const struct orrery_segment *seg, const struct layout_port *port,
                             const char *name)
{
    int which = find(name);
    uint64_t sum = 0;

    for (size_t i = 0; i < port->lane_count && which >= 0; i++) {
        struct orrery_lane_stats stats;
        uint64_t value;

        orrery_lane_stats(seg, port->lanes[i].tx, &stats);
        memcpy(&value, (const char *)&stats + counters[which].offset, sizeof(value));
        sum += value;
    }
    return sum;
}
