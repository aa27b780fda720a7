/*
 * Orrery: monitor commands
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-orrery.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qemu/timer.h"
#include "member.h"

static const char *const state_names[] = {
    [ORRERY_FORMING] = "forming",
    [ORRERY_RUNNING] = "running",
    [ORRERY_ENDED] = "ended",
    [ORRERY_DEAD] = "dead",
};

OrreryTime *qmp_x_orrery_time(Error **errp)
{
    OrreryMember *m = orrery_member_get();
    OrreryTime *time;
    unsigned state;

    if (!m) {
        error_setg(errp, "this machine is in no ensemble");
        return NULL;
    }
    state = orrery_state(m->seg);
    time = g_new0(OrreryTime, 1);
    time->time = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    time->published = orrery_word(m->seg, m->self);
    time->ceiling = orrery_ceiling(m->seg);
    time->state = g_strdup(state < ARRAY_SIZE(state_names)
                           ? state_names[state] : "unknown");
    return time;
}

void hmp_x_orrery_time(Monitor *mon, const QDict *qdict)
{
    Error *err = NULL;
    OrreryTime *time = qmp_x_orrery_time(&err);

    if (hmp_handle_error(mon, err)) {
        return;
    }
    monitor_printf(mon, "time %" PRIu64 " published %" PRIu64
                   " ceiling %" PRIu64 " %s\n", time->time, time->published,
                   time->ceiling, time->state);
    qapi_free_OrreryTime(time);
}
