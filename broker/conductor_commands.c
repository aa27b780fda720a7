/* SPDX-License-Identifier: Apache-2.0 */
/* conductor_commands.c - pause, step, until, resume: everybody at one virtual time. */
#include "conductor_parts.h"

#include "conductor.h"
#include "control.h"
#include "say.h"

#define PARK_TIMEOUT_MS 2000

void conductor_fail_waiters(struct conductor *c, const char *why)
{
    struct call *call;

    while ((call = g_queue_pop_head(&c->waiters)) != NULL) {
        orrery_call_error(call, "%s", why);
    }
}

void conductor_publish(struct conductor *c, Orrery__Event__Kind kind, uint64_t at_ns)
{
    orrery_control_event(c->broker->control, kind, at_ns, "", "");
}

/* Everybody goes to goal_ns and stays; call is answered there. */
static void hold_at(struct conductor *c, uint64_t goal_ns, struct call *call)
{
    c->goal_ns = conductor_round_up(c, goal_ns);
    if (c->goal_ns > c->limit_ns) {
        c->goal_ns = c->limit_ns;
    }
    c->hold_at_goal = true;
    atomic_store(&c->holding, false);
    g_queue_push_tail(&c->waiters, call);
}

void conductor_pause(struct conductor *c, struct call *call)
{
    uint64_t at_ns;

    if (atomic_load(&c->holding)) {
        orrery_call_stopped(call, c->goal_ns);
    } else if (c->hold_at_goal && c->parked_there) {
        c->parked_at = orrery_host_ns(); /* this caller, too, may wait a while for a debugger */
        g_queue_push_tail(&c->waiters, call);
    } else if (conductor_park(c, PARK_TIMEOUT_MS, &at_ns, call)) {
        conductor_fail_waiters(c, "paused by another command");
        c->parked_there = true;
        hold_at(c, at_ns, call);
    }
}

static bool busy(struct conductor *c, struct call *call)
{
    if (c->hold_at_goal && !atomic_load(&c->holding)) {
        orrery_call_error(call, "another pause, step or until is under way");
        return true;
    }
    return false;
}

void conductor_step(struct conductor *c, uint64_t ns, struct call *call)
{
    uint64_t from = c->goal_ns;

    if (busy(c, call)) {
        return;
    }
    if (ns == 0 || ns >= ORRERY_TIME_INF) {
        orrery_call_error(call, "step: not between 1 ns and 13 days");
        return;
    }
    if (!atomic_load(&c->holding) && !conductor_park(c, PARK_TIMEOUT_MS, &from, call)) {
        return;
    }
    c->parked_there = c->paced = false; /* a step does not wait for the wall clock */
    hold_at(c, from + ns, call);
}

void conductor_start_pacing(struct conductor *c)
{
    double rate = c->broker->plan->clock->pace;

    c->paced = rate > 0;
    if (c->paced) {
        orrery_pace_start(&c->pace, rate, orrery_host_ns(), orrery_ceiling(c->seg));
    }
}

void conductor_until(struct conductor *c, uint64_t ns, struct call *call)
{
    uint64_t from = c->goal_ns;
    char when[ORRERY_TIME_TEXT];

    if (busy(c, call)) {
        return;
    }
    if (ns >= ORRERY_TIME_INF) {
        orrery_call_error(call, "until: not within 13 days");
        return;
    }
    if (!atomic_load(&c->holding)) {
        if (c->paced) {
            from = orrery_ceiling(c->seg); /* granted, and soon reached */
        } else if (!conductor_park(c, PARK_TIMEOUT_MS, &from, call)) {
            return;
        }
    }
    if (ns <= from) {
        orrery_call_error(call, "until: already past: everybody is at %s",
                          orrery_time_text(when, from));
        return; /* if it ran, it goes on */
    }
    c->parked_there = false;
    if (atomic_load(&c->holding)) {
        conductor_start_pacing(c);
    }
    hold_at(c, ns, call);
}

void conductor_run_freely(struct conductor *c)
{
    c->goal_ns = c->limit_ns;
    c->hold_at_goal = c->parked_there = false;
    atomic_store(&c->holding, false);
    conductor_start_pacing(c);
}

void conductor_resume(struct conductor *c, struct call *call)
{
    if (c->hold_at_goal) {
        conductor_fail_waiters(c, "resumed by another command");
        conductor_run_freely(c);
        conductor_publish(c, ORRERY__EVENT__KIND__RESUMED, orrery_ceiling(c->seg));
    }
    orrery_call_ok(call);
}
