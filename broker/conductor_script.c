/* SPDX-License-Identifier: Apache-2.0 */
/* conductor_script.c - the ceiling under a script, and the end that it decides. */
#include "conductor_parts.h"

#include "control.h"
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
    uint64_t reaction_ns, to;
    enum script_state state = orrery_script_state(c->script, &at_ns);

    while (state == SCRIPT_DUE && conductor_round_up(c, at_ns) <= word &&
           (!orrery_script_needs_all(c->script) || conductor_reached(c, bound_ns) >= word)) {
        orrery_script_act(c->script, c->broker->input, word);
        state = orrery_script_state(c->script, &at_ns);
    }
    if (state != SCRIPT_ARMED) {
        return at_ns;
    }
    reaction_ns = orrery_script_reaction_ns(c->script);
    reaction_ns = reaction_ns > unit ? reaction_ns : unit;
    to = conductor_reached(c, bound_ns);
    to = to < ORRERY_TIME_INF - reaction_ns ? to + reaction_ns : ORRERY_TIME_INF;
    return to - to % unit;
}

/* The script is over: so is the run, or everybody stands there for a debugger. True: just now, and
 * they may be there already. */
bool conductor_end_script(struct conductor *c)
{
    uint64_t at_ns;
    enum script_state state = orrery_script_state(c->script, &at_ns);

    if (c->script_over || (state != SCRIPT_PASSED && state != SCRIPT_FAILED)) {
        return false;
    }
    c->script_over = true;
    if (c->for_ns && c->for_ns < at_ns) {
        return true; /* the run ends before */
    }
    if (state == SCRIPT_FAILED && c->broker->plan->script->hold) {
        orrery_say("%s", orrery_script_failure(c->script));
        c->hold_at_goal = true;
        c->goal_ns = conductor_round_up(c, at_ns);
        return true;
    }
    c->for_ns = at_ns;
    c->limit_ns = c->goal_ns = conductor_round_up(c, at_ns);
    return true;
}

/* ---- an open script ---- */

static void reply_performed(struct call *call, Orrery__Performed *performed)
{
    Orrery__Reply reply = ORRERY__REPLY__INIT;

    reply.result_case = ORRERY__REPLY__RESULT_PERFORMED;
    reply.performed = performed;
    orrery_call_reply(call, &reply);
}

static void answer(struct conductor *c)
{
    Orrery__Performed performed = ORRERY__PERFORMED__INIT;
    char *captures[ORRERY_SCRIPT_CAPTURES];

    if (!c->asked) {
        return;
    }
    for (unsigned i = 0; i < ORRERY_SCRIPT_CAPTURES; i++) {
        const char *text = orrery_script_captured(c->script, i);

        captures[i] = (char *)(text ? text : "");
        performed.n_captures = text ? i + 1 : performed.n_captures;
    }
    performed.captures = captures;
    performed.at_ns = orrery_script_time(c->script);
    performed.failure = (char *)orrery_script_failure(c->script);
    reply_performed(c->asked, &performed);
    c->asked = NULL;
}

static void refuse(struct call *call, const char *why)
{
    Orrery__Performed performed = ORRERY__PERFORMED__INIT;

    performed.failure = (char *)why;
    performed.refused = true;
    reply_performed(call, &performed);
}

static bool asks(const struct conductor *c, uint64_t *at_ns)
{
    return c->script && orrery_script_state(c->script, at_ns) == SCRIPT_ASKING;
}

bool conductor_script_asks(const struct conductor *c)
{
    uint64_t at_ns;

    return asks(c, &at_ns);
}

/* Is everybody there, where the next step may act? */
static bool stands(const struct conductor *c, uint64_t bound_ns)
{
    uint64_t at_ns;

    return asks(c, &at_ns) && conductor_reached(c, bound_ns) >= conductor_round_up(c, at_ns);
}

bool conductor_awaits_step(const struct conductor *c, uint64_t bound_ns)
{
    return !c->asked && stands(c, bound_ns);
}

void conductor_answer_step(struct conductor *c, uint64_t bound_ns)
{
    if (c->asked && stands(c, bound_ns)) {
        answer(c);
    }
}

void conductor_fail_step(struct conductor *c, const char *why)
{
    if (c->asked) {
        orrery_call_error(c->asked, "%s", why);
        c->asked = NULL;
    }
}

void conductor_perform(struct conductor *c, struct call *call)
{
    const Orrery__Perform *perform = orrery_call_request(call)->perform;
    struct orrery_error err;

    if (!c->script || !c->broker->plan->script->open) {
        orrery_call_error(call, "this run takes no steps");
    } else if (c->asked || ((perform->step || perform->end) && !conductor_script_asks(c))) {
        orrery_call_error(call, "another step is under way");
    } else if (perform->end) {
        orrery_script_finish(c->script);
        orrery_call_ok(call);
    } else if (perform->step && !orrery_script_add(c->script, perform->step, &err)) {
        refuse(call, err.text);
    } else {
        c->asked = call;
    }
}

/* ---- the end ---- */

/* What the script says of a run that ended well. */
void conductor_end_by_script(struct conductor *c, uint64_t end_ns, bool all_off)
{
    char when[ORRERY_TIME_TEXT];
    uint64_t at_ns;
    enum script_state state = orrery_script_state(c->script, &at_ns);

    if (state == SCRIPT_ASKING && (all_off || at_ns <= end_ns)) {
        answer(c);
        state = SCRIPT_PASSED; /* what came of its steps was told */
    }
    switch (state) {
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
    uint64_t half = orrery_script_reaction_ns(c->script) / 2, at_ns;

    if (orrery_script_state(c->script, &at_ns) == SCRIPT_ARMED &&
        conductor_reached(c, bound_ns) + half < word) {
        return bound_ns + (half ? half : 1);
    }
    return word;
}
