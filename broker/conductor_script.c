/* SPDX-License-Identifier: Apache-2.0 */
/* conductor_script.c - the ceiling under a script, and the end that it decides. */
#include "conductor_parts.h"

#include "input.h"
#include "say.h"
#include "script.h"

/* Everybody is there: those who sleep beyond the ceiling may yet be woken at it. */
uint64_t conductor_reached(const struct conductor *c, uint64_t bound_ns)
{
    uint64_t ceiling = orrery_ceiling(c->seg);

    return bound_ns < ceiling ? bound_ns : ceiling;
}

/*
 * R8: how far the script lets everybody go. What it does at the broker's word goes into the input
 * here, and out as the ceiling rises.
 */
uint64_t conductor_follow_script(struct conductor *c, uint64_t bound_ns)
{
    uint64_t unit = orrery_seg_turn_ns(c->seg), word = orrery_ceiling(c->seg), at_ns = 0;
    uint64_t reaction_ns = orrery_layout_reaction_ns(c->broker->plan), to;
    enum script_state state = orrery_script_state(c->script, &at_ns);

    while (state == SCRIPT_DUE && conductor_round_up(c, at_ns) <= word) {
        orrery_script_act(c->script, c->broker->input, word);
        state = orrery_script_state(c->script, &at_ns);
    }
    if (state != SCRIPT_ARMED) {
        return at_ns;
    }
    to = conductor_reached(c, bound_ns);
    to = to < ORRERY_TIME_INF - reaction_ns ? to + reaction_ns : ORRERY_TIME_INF;
    return to - to % unit;
}

/* The script is over: so is the run, or everybody stands there for a debugger. */
void conductor_end_script(struct conductor *c)
{
    uint64_t at_ns;
    enum script_state state = orrery_script_state(c->script, &at_ns);

    if (c->script_over || (state != SCRIPT_PASSED && state != SCRIPT_FAILED)) {
        return;
    }
    c->script_over = true;
    if (c->for_ns && c->for_ns < at_ns) {
        return; /* the run ends before */
    }
    if (state == SCRIPT_FAILED && c->broker->plan->script->hold) {
        orrery_say("%s", orrery_script_failure(c->script));
        c->hold_at_goal = true;
        c->goal_ns = conductor_round_up(c, at_ns);
        return;
    }
    c->for_ns = at_ns;
    c->limit_ns = c->goal_ns = conductor_round_up(c, at_ns);
}

/* What the script says of a run that ended well. */
void conductor_end_by_script(struct conductor *c, uint64_t end_ns)
{
    char when[ORRERY_TIME_TEXT];
    uint64_t at_ns;

    switch (orrery_script_state(c->script, &at_ns)) {
    case SCRIPT_PASSED:
        orrery_run_end(&c->broker->run, EXIT_RUN_OK, NULL);
        break;
    case SCRIPT_FAILED:
        orrery_run_end(&c->broker->run, EXIT_RUN_GUEST, "%s", orrery_script_failure(c->script));
        break;
    default:
        orrery_run_end(&c->broker->run, EXIT_RUN_GUEST, "the run ended at %s, before its script",
                       orrery_time_text(when, end_ns));
        break;
    }
}

/* Armed: look again when everybody is half a reaction further. Else when they are at the ceiling.
 */
uint64_t conductor_script_need(struct conductor *c, uint64_t bound_ns, uint64_t word)
{
    uint64_t half = orrery_layout_reaction_ns(c->broker->plan) / 2, at_ns;

    if (orrery_script_state(c->script, &at_ns) == SCRIPT_ARMED &&
        conductor_reached(c, bound_ns) + half < word) {
        return bound_ns + (half ? half : 1);
    }
    return word;
}
