/*
 * Orrery: monitor commands
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-features.h"
#include "qapi/qmp-registry.h"
#include "qobject/qdict.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "monitor/monitor-internal.h"
#include "member.h"

static const char *const state_names[] = {
    [ORRERY_FORMING] = "forming",
    [ORRERY_RUNNING] = "running",
    [ORRERY_ENDED] = "ended",
    [ORRERY_DEAD] = "dead",
};

/*
 * Where this instance stands in the lockstep, in ns: its virtual clock; the earliest time at which it
 * may act, as told to the others; the time that nobody may pass now; and the state of the run.
 */
static QDict *where_it_stands(Error **errp)
{
    OrreryMember *m = orrery_member_get();
    QDict *time;
    unsigned state;

    if (!m) {
        error_setg(errp, "this machine is in no ensemble");
        return NULL;
    }
    state = orrery_state(m->seg);
    time = qdict_new();
    qdict_put_int(time, "time", qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    qdict_put_int(time, "published", orrery_word(m->seg, m->self));
    qdict_put_int(time, "ceiling", orrery_ceiling(m->seg));
    qdict_put_str(time, "state",
                  state < ARRAY_SIZE(state_names) ? state_names[state] : "unknown");
    return time;
}

static void qmp_x_orrery_time(QDict *args, QObject **ret, Error **errp)
{
    const QDictEntry *argument = qdict_first(args);

    if (argument) {
        error_setg(errp, "Parameter '%s' is unexpected", qdict_entry_key(argument));
    } else {
        QDict *time = where_it_stands(errp);

        *ret = time ? QOBJECT(time) : NULL;
    }
}

void hmp_x_orrery_time(Monitor *mon, const QDict *qdict)
{
    Error *err = NULL;
    g_autoptr(QDict) time = where_it_stands(&err);

    if (hmp_handle_error(mon, err)) {
        return;
    }
    monitor_printf(mon, "time %" PRId64 " published %" PRId64 " ceiling %" PRId64 " %s\n",
                   qdict_get_int(time, "time"), qdict_get_int(time, "published"),
                   qdict_get_int(time, "ceiling"), qdict_get_str(time, "state"));
}

static void register_commands(void)
{
    qmp_register_command(&qmp_commands, "x-orrery-time", qmp_x_orrery_time, 0,
                         1u << QAPI_FEATURE_UNSTABLE);
}

type_init(register_commands)
