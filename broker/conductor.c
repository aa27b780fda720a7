/* SPDX-License-Identifier: Apache-2.0 */
#include "conductor.h"

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "conductor_parts.h"
#include "control.h"
#include "ending.h"
#include "input.h"
#include "mailbox.h"
#include "output.h"
#include "say.h"
#include "script.h"
#include "trace.h"

#define NEVER (ORRERY_TIME_INF + 1) /* no word ever reaches it */
#define OUTPUT_EVERY_US 20000       /* wall time; a full ring wakes us earlier */
#define INTERRUPT_TIMEOUT_MS 300
#define DEBUGGER_GRACE_NS UINT64_C(500000000)
#define CONGESTED_NS UINT64_C(5000000)
#define BACKLOG_MAX (8u << 20) /* bytes of output that wait before the ensemble does */

struct conductor *orrery_conductor_create(struct broker *broker, struct orrery_error *err)
{
    const struct layout *layout = broker->layout;
    struct conductor *c = g_new0(struct conductor, 1);

    c->self = orrery_member_create(broker->seg, ORRERY_BROKER, err);
    if (!c->self) {
        g_free(c);
        return NULL;
    }
    c->broker = broker;
    c->seg = broker->seg;
    c->script = broker->script;
    if (c->script) {
        orrery_script_attach(c->script, c->seg);
    }
    c->mailbox = orrery_mailbox_create();
    g_queue_init(&c->waiters);
    c->trace = broker->plan->trace_hash ? orrery_trace_create(layout->lane_count) : NULL;
    c->port_of_lane = g_new(int, layout->lane_count + 1);
    for (size_t i = 0; i < layout->lane_count; i++) {
        c->port_of_lane[i] = -1;
    }
    for (size_t i = layout->first_attach; i < layout->port_count; i++) {
        c->port_of_lane[layout->ports[i].lanes[0].tx] = (int)i;
        c->can_inject = c->can_inject || orrery_layout_can_inject(&layout->ports[i]);
        c->has_output = true;
    }
    return c;
}

void orrery_conductor_destroy(struct conductor *c)
{
    if (!c) {
        return;
    }
    orrery_trace_destroy(c->trace);
    orrery_member_destroy(c->self);
    g_queue_clear(&c->waiters);
    orrery_mailbox_destroy(c->mailbox);
    g_free(c->port_of_lane);
    g_free(c);
}

/* ---- from other threads ---- */

void orrery_conductor_wake(struct conductor *c)
{
    orrery_mailbox_ring(c->mailbox);
    orrery_kick(c->self);
}

void orrery_conductor_command(struct conductor *c, enum command_kind kind, uint64_t ns,
                              struct call *call)
{
    struct command command = {kind, ns, call};

    if (orrery_mailbox_put(c->mailbox, &command)) {
        orrery_kick(c->self);
    } else if (call) {
        orrery_call_error(call, "the run is over");
    }
}

bool orrery_conductor_stimulate(struct conductor *c, unsigned member,
                                const struct orrery_stimulus *stimulus, uint64_t for_ns,
                                struct call *call)
{
    if (atomic_load(&c->over) || atomic_load(&c->started_ns) == 0 ||
        !orrery_input_stimulate(c->broker->input, member, stimulus, for_ns, call)) {
        return false;
    }
    orrery_conductor_wake(c);
    if (atomic_load(&c->over)) { /* perhaps too late to be seen */
        orrery_input_refuse(c->broker->input, "the run is over");
    }
    return true;
}

bool orrery_conductor_is_holding(const struct conductor *c)
{
    return atomic_load(&c->holding);
}

bool orrery_conductor_is_over(const struct conductor *c)
{
    return atomic_load(&c->over);
}

bool orrery_conductor_ended_well(const struct conductor *c)
{
    return atomic_load(&c->ended_well);
}

double orrery_conductor_wall_s(const struct conductor *c)
{
    uint64_t started = atomic_load(&c->started_ns);

    return started ? (double)(orrery_host_ns() - started) / 1e9 : 0;
}

/* ---- output ---- */

static void put_frame(struct conductor *c, unsigned port, const struct orrery_message *msg)
{
    struct orrery_uart_frame frame;

    memcpy(&frame, msg->payload, sizeof(frame));
    if (!(frame.flags & ORRERY_UART_BREAK)) {
        if (c->script) {
            orrery_script_byte(c->script, port, msg->arrival_ns, (uint8_t)frame.data);
        }
        orrery_output_byte(c->broker->output, port, msg->arrival_ns, (uint8_t)frame.data);
    }
}

/* Is it what ports of this kind send? */
static bool is_in_form(Orrery__Link__Kind kind, size_t len)
{
    switch (kind) {
    case ORRERY__LINK__KIND__HCI:
        return len > ORRERY_HCI_HEAD;
    case ORRERY__LINK__KIND__RADIO:
        return len > ORRERY_RADIO_HEAD;
    default:
        return len == sizeof(struct orrery_uart_frame);
    }
}

static bool is_answer(const struct conductor *c, const struct orrery_message *msg)
{
    return c->script && msg->lane && msg->lane == c->broker->layout->answer_lanes[msg->source];
}

static bool deliver(struct conductor *c, const struct orrery_message *msg)
{
    int port = c->port_of_lane[msg->lane];
    Orrery__Link__Kind kind = port >= 0 ? c->broker->layout->ports[port].kind : 0;

    if (is_answer(c, msg)) {
        orrery_script_answer(c->script, msg->source, msg->arrival_ns, msg->payload, msg->len);
        return true;
    }
    if (port < 0 || !is_in_form(kind, msg->len)) {
        orrery_run_break(&c->broker->run, msg->source, "%s sent something that is no frame on %s",
                         orrery_seg_member_name(c->seg, msg->source),
                         orrery_seg_lane_name(c->seg, msg->lane));
        return false;
    }
    if (kind == ORRERY__LINK__KIND__UART) {
        put_frame(c, (unsigned)port, msg);
    } else {
        orrery_output_packet(c->broker->output, (unsigned)port, msg->arrival_ns, msg->payload,
                             msg->len);
    }
    return true;
}

/*
 * What has arrived before bound_ns: it is all here, and in order. Not beyond the ceiling: what
 * the host still types there may be answered before a time that everybody sleeps through. Taken
 * one by one: where all sleep for ever an answer may still come from before.
 */
static void release(struct conductor *c, uint64_t bound_ns)
{
    uint64_t arrival_ns;
    struct orrery_message msg;

    bound_ns = conductor_reached(c, bound_ns);
    if (c->for_ns && bound_ns > c->for_ns) {
        bound_ns = c->for_ns; /* turn mode runs on to the end of the window */
    }
    while ((arrival_ns = orrery_next_arrival(c->self)) < bound_ns &&
           orrery_take(c->self, arrival_ns, &msg) && deliver(c, &msg)) {
    }
    if (c->trace) {
        orrery_trace_commit(c->trace, bound_ns);
    }
    orrery_output_flush(c->broker->output, bound_ns);
}

/* The run ended at end_ns: what was sent before is part of it, though still on the wire. */
static void release_last(struct conductor *c, uint64_t end_ns)
{
    struct orrery_message msg;

    orrery_broker_drain(c->self);
    while (orrery_take(c->self, ORRERY_TIME_INF - 1, &msg)) {
        if (msg.send_ns < end_ns && !deliver(c, &msg)) {
            break;
        }
    }
    if (c->trace) {
        orrery_trace_commit(c->trace, end_ns);
    }
    orrery_output_flush(c->broker->output, ORRERY_TIME_INF);
}

/* Does stdout or a file hang back so far that the ensemble has to wait for it? */
static bool congested(struct conductor *c)
{
    return c->has_output &&
           orrery_output_waiting(c->broker->output) + atomic_load(&c->broker->run.backlog) >
               BACKLOG_MAX;
}

/* ---- the ceiling ---- */

uint64_t conductor_round_up(const struct conductor *c, uint64_t ns)
{
    uint64_t unit = orrery_seg_turn_ns(c->seg), over = ns % unit;

    if (ns >= ORRERY_TIME_INF || over == 0) {
        return ns;
    }
    return ns + (unit - over) < ORRERY_TIME_INF ? ns + (unit - over) : ORRERY_TIME_INF;
}

static void raise_to(struct conductor *c, uint64_t target_ns)
{
    uint64_t word = orrery_ceiling(c->seg), next, to;

    target_ns = conductor_round_up(c, target_ns);
    if (target_ns <= word) {
        return;
    }
    orrery_input_happen(c->broker->input, c->broker, c->self, c->trace, word);
    next = orrery_input_next(c->broker->input);
    to = orrery_input_send(c->broker->input, c->self, c->trace, c->broker->output, word,
                           next < target_ns ? next : target_ns);
    orrery_output_flush(c->broker->output, 0);
    c->throttled = to < target_ns;
    orrery_raise_ceiling(c->self, to);
}

/* R9. False: call (may be NULL) has its error. */
bool conductor_park(struct conductor *c, int timeout_ms, uint64_t *c_ns, struct call *call)
{
    int culprit = 0;

    timeout_ms = (int)orrery_patience_ms((uint64_t)timeout_ms);
    if (orrery_park(c->self, timeout_ms, c_ns, &culprit)) {
        if (*c_ns < c->floor_ns) { /* they sleep, and answered with when they fell asleep */
            orrery_raise_ceiling(c->self, c->floor_ns);
            *c_ns = orrery_ceiling(c->seg);
        }
        c->parked_at = orrery_host_ns();
        return true;
    }
    if (call && orrery_state(c->seg) != ORRERY_RUNNING) {
        orrery_call_error(call, "the run is over");
    } else if (call) {
        orrery_call_error(call, "%s does not answer; nobody was paused",
                          orrery_seg_member_name(c->seg, (unsigned)culprit));
    }
    return false;
}

/* True: the ceiling moved, and what was true of words and rings may not be any more. */
static bool advance(struct conductor *c, uint64_t bound_ns)
{
    uint64_t word = orrery_ceiling(c->seg), target = c->goal_ns, at_ns;
    bool scheduled, waiting;

    if (atomic_load(&c->holding)) {
        orrery_input_happen(c->broker->input, c->broker, c->self, c->trace, word);
        return false;
    }
    scheduled = word == orrery_input_next(c->broker->input);
    waiting = orrery_input_waiting(c->broker->input);
    if (c->throttled && bound_ns < word && !(scheduled && waiting)) {
        return false;
    }
    if (c->script && !c->script_over) {
        uint64_t scripted = conductor_follow_script(c, bound_ns);

        target = scripted < target ? scripted : target;
    }
    if (c->paced) {
        uint64_t paced = orrery_pace_ceiling(&c->pace, orrery_host_ns(), bound_ns);

        target = paced < target ? paced : target;
    } else if ((word == c->goal_ns || scheduled) && waiting &&
               (bound_ns < word || word == ORRERY_TIME_INF)) {
        /* All was granted already: take it back where they are, type there, go on. */
        if (!conductor_park(c, INTERRUPT_TIMEOUT_MS, &at_ns, NULL)) {
            return false;
        }
        raise_to(c, target);
        return true;
    }
    raise_to(c, target);
    return orrery_ceiling(c->seg) != word;
}

/* ---- ends ---- */

/* False: it died in this moment. */
static bool finish_run(struct conductor *c, uint64_t end_ns)
{
    release_last(c, end_ns);
    for (unsigned lane = 0; c->trace && lane < orrery_seg_lanes(c->seg); lane++) {
        uint8_t digest[ORRERY_DIGEST_SIZE];

        if (orrery_seg_lane_src(c->seg, lane) == ORRERY_BROKER) {
            orrery_trace_lane(c->trace, lane, digest);
            orrery_lane_set_digest(c->seg, lane, digest);
        }
    }
    orrery_end(c->self, end_ns);
    if (orrery_state(c->seg) != ORRERY_ENDED) {
        orrery_run_found_dead(&c->broker->run);
        return false;
    }
    atomic_store(&c->ended_well, true);
    atomic_store(&c->broker->run.bound_ns, end_ns);
    conductor_publish(c, ORRERY__EVENT__KIND__ENDED, end_ns);
    return true;
}

static void answer_waiters_at_end(struct conductor *c, uint64_t end_ns)
{
    struct call *call;
    char when[ORRERY_TIME_TEXT];

    while ((call = g_queue_pop_head(&c->waiters)) != NULL) {
        if (end_ns >= c->goal_ns || end_ns == c->for_ns) { /* the goal is a turn's end */
            orrery_call_stopped(call, end_ns);
        } else {
            orrery_call_error(call, "the run ended at %s", orrery_time_text(when, end_ns));
        }
    }
}

static struct ending look_for_end(struct conductor *c, uint64_t bound_ns)
{
    struct input *input = c->broker->input;
    bool scheduled = orrery_input_next(input) < ORRERY_TIME_INF;
    bool scripted = c->script && !c->script_over, by_hand = orrery_input_is_cut_by_hand(input);
    struct ending_members who = {
        .leaders = c->broker->layout->leaders,
        .power_ons = orrery_input_power_ons(input),
        .may_return = orrery_input_is_cut(input) &&
                      (scheduled || by_hand || c->hold_at_goal ||
                       (scripted && !orrery_script_awaits_exit(c->script))),
    };

    return orrery_ending(c->seg, &who, bound_ns, orrery_ceiling(c->seg), c->for_ns,
                         c->can_inject || c->hold_at_goal || scripted || scheduled || by_hand);
}

/* A guest failed, and its run is to be looked at: everybody stays there. */
static bool stands_at_failure(struct conductor *c, const struct ending *end)
{
    char when[ORRERY_TIME_TEXT];

    if (end->kind != ENDING_FAILED || !c->script || !c->broker->plan->script->hold) {
        return false;
    }
    if (!c->script_over) {
        orrery_say("%s exited with code %d at %s", orrery_seg_member_name(c->seg, end->member),
                   end->exit_code, orrery_time_text(when, end->at_ns));
        c->script_over = c->hold_at_goal = true;
        c->goal_ns = conductor_round_up(c, end->at_ns);
    }
    return true;
}

/* True: the run has ended. */
static bool check_ending(struct conductor *c, uint64_t bound_ns, uint64_t *watch_ns)
{
    struct run *run = &c->broker->run;
    struct ending end = look_for_end(c, bound_ns);
    char when[ORRERY_TIME_TEXT];

    *watch_ns = end.watch_ns;
    if (end.kind == ENDING_OFF && c->script && c->broker->plan->script->open) {
        release_last(c, end.at_ns); /* the step at work may wait for their last words */
    }
    if (end.kind == ENDING_NONE || (end.kind == ENDING_OFF && conductor_script_asks(c)) ||
        stands_at_failure(c, &end)) {
        return false;
    }
    if (end.kind == ENDING_STARVED) {
        orrery_run_break(run, -1,
                         "nothing can happen after %s: every instance sleeps and nothing is "
                         "scheduled",
                         orrery_time_text(when, atomic_load(&run->bound_ns)));
        release_last(c, ORRERY_TIME_INF);
        return true;
    }
    if (!finish_run(c, end.at_ns)) {
        return true; /* it died in this moment */
    }
    if (c->script && end.kind == ENDING_OFF && !c->script_over) {
        orrery_script_all_off(c->script, end.at_ns); /* their last words have been heard */
    }
    if (end.kind == ENDING_FAILED) {
        orrery_run_end(run, EXIT_RUN_GUEST, "%s exited with code %d at %s",
                       orrery_seg_member_name(c->seg, end.member), end.exit_code,
                       orrery_time_text(when, end.at_ns));
    } else if (c->script) {
        conductor_end_by_script(c, end.at_ns, end.kind == ENDING_OFF);
    } else {
        orrery_run_end(run, EXIT_RUN_OK, NULL);
    }
    answer_waiters_at_end(c, end.at_ns);
    return true;
}

/* Down, SIGINT: stop them all at one time, and end there; within a bounded time. */
static void interrupt(struct conductor *c, struct call *call)
{
    struct run *run = &c->broker->run;
    uint64_t until = orrery_host_ns() +
                     2 * orrery_patience_ms(INTERRUPT_TIMEOUT_MS) * UINT64_C(1000000);
    uint64_t at_ns = c->goal_ns;
    bool stands = atomic_load(&c->holding) || conductor_park(c, INTERRUPT_TIMEOUT_MS, &at_ns, NULL);
    char when[ORRERY_TIME_TEXT];

    while (stands && orrery_lower_bound(c->self) < at_ns) {
        if (orrery_host_ns() >= until || orrery_state(c->seg) != ORRERY_RUNNING) {
            stands = false;
        } else {
            orrery_broker_drain(c->self);
            orrery_broker_wait(c->self, at_ns, 10000);
        }
    }
    if (c->for_ns && at_ns > c->for_ns) {
        at_ns = c->for_ns;
    }
    if (stands && finish_run(c, at_ns)) {
        orrery_run_end(run, EXIT_RUN_BROKE, "interrupted at %s", orrery_time_text(when, at_ns));
    } else {
        at_ns = atomic_load(&run->bound_ns);
        orrery_run_break(run, -1, "interrupted at %s", orrery_time_text(when, at_ns));
    }
    conductor_fail_waiters(c, "the run was taken down");
    if (call) {
        orrery_call_stopped(call, at_ns);
    }
}

/* ---- the loop ---- */

/* Do what others asked for. False: the run is over. */
static bool obey(struct conductor *c)
{
    struct command command;

    while (orrery_mailbox_get(c->mailbox, &command)) {
        switch (command.kind) {
        case COMMAND_START:
            break;
        case COMMAND_PAUSE:
            conductor_pause(c, command.call);
            break;
        case COMMAND_STEP:
            conductor_step(c, command.ns, command.call);
            break;
        case COMMAND_UNTIL:
            conductor_until(c, command.ns, command.call);
            break;
        case COMMAND_RESUME:
            conductor_resume(c, command.call);
            break;
        case COMMAND_PERFORM:
            conductor_perform(c, command.call);
            break;
        case COMMAND_DOWN:
            interrupt(c, command.call);
            return false;
        }
    }
    return true;
}

/* A pause cannot reach a member that a debugger stopped: say so rather than hang. */
static void check_debugger(struct conductor *c)
{
    char stands[ORRERY_TIME_TEXT], others[ORRERY_TIME_TEXT], text[240];

    if (!c->parked_there || g_queue_is_empty(&c->waiters) ||
        orrery_host_ns() < c->parked_at + DEBUGGER_GRACE_NS) {
        return;
    }
    for (unsigned i = 1; i < orrery_seg_members(c->seg); i++) {
        if (orrery_is_stopped(c->seg, i) && orrery_word(c->seg, i) < c->goal_ns) {
            snprintf(text, sizeof(text),
                     "%s is stopped by its monitor or debugger at %s; the "
                     "others stop at %s at the latest",
                     orrery_seg_member_name(c->seg, i),
                     orrery_time_text(stands, orrery_word(c->seg, i)),
                     orrery_time_text(others, c->goal_ns));
            conductor_fail_waiters(c, text);
            return;
        }
    }
}

static void check_goal(struct conductor *c, uint64_t bound_ns)
{
    struct call *call;

    if (!c->hold_at_goal || atomic_load(&c->holding)) {
        return;
    }
    if (bound_ns < c->goal_ns || orrery_ceiling(c->seg) < c->goal_ns) {
        check_debugger(c);
        return;
    }
    atomic_store(&c->holding, true);
    conductor_publish(c, ORRERY__EVENT__KIND__STOPPED, c->goal_ns);
    while ((call = g_queue_pop_head(&c->waiters)) != NULL) {
        orrery_call_stopped(call, c->goal_ns);
    }
}

static void wait_for_more(struct conductor *c, uint64_t bound_ns, uint64_t watch_ns)
{
    uint64_t word = orrery_ceiling(c->seg), need = NEVER;
    bool holding = atomic_load(&c->holding) || conductor_awaits_step(c, bound_ns);
    int64_t timeout_us = -1;

    /* Beyond the ceiling nothing counts as reached; when time raises it, we look again. */
    if (watch_ns <= word && watch_ns < ORRERY_TIME_INF) {
        need = watch_ns;
    }
    if (c->hold_at_goal && c->goal_ns <= word && c->goal_ns < need) {
        need = c->goal_ns;
    }
    if (c->throttled && word < need) {
        need = word;
    }
    if (c->script && !c->script_over && word < ORRERY_TIME_INF) {
        uint64_t scripted = conductor_script_need(c, bound_ns, word);

        need = scripted < need ? scripted : need;
    }
    if (holding) {
        need = NEVER; /* nothing moves unless somebody asks */
    } else if (need <= bound_ns) {
        return; /* what was waited for is there */
    } else if (need == NEVER && bound_ns < ORRERY_TIME_INF) {
        need = ORRERY_TIME_INF; /* until all sleep for ever */
    }
    if (holding || bound_ns >= ORRERY_TIME_INF) {
        timeout_us = -1; /* no output comes either */
    } else if (c->has_output) {
        timeout_us = OUTPUT_EVERY_US;
    } else if (c->parked_there) {
        timeout_us = 100000; /* check_debugger() */
    }
    if (c->paced && !holding && word < c->goal_ns) {
        timeout_us = orrery_pace_wait_us(&c->pace, word, bound_ns);
    }
    orrery_broker_wait(c->self, need, timeout_us);
}

static void note_progress(struct conductor *c, uint64_t bound_ns)
{
    bound_ns = conductor_reached(c, bound_ns);
    if (bound_ns < ORRERY_TIME_INF && bound_ns > c->floor_ns) {
        c->floor_ns = bound_ns;
        atomic_store(&c->broker->run.bound_ns, bound_ns);
    }
}

static void run_loop(struct conductor *c)
{
    struct run *run = &c->broker->run;

    while (obey(c)) {
        uint64_t bound_ns, watch_ns;

        if (orrery_state(c->seg) == ORRERY_DEAD) {
            orrery_run_found_dead(run);
            return;
        }
        if (congested(c)) {
            orrery_mailbox_wait(c->mailbox, CONGESTED_NS);
            continue;
        }
        bound_ns = orrery_lower_bound(c->self); /* R8: first the words, then the rings */
        orrery_broker_drain(c->self);
        if (check_ending(c, bound_ns, &watch_ns)) {
            return;
        }
        note_progress(c, bound_ns);
        release(c, bound_ns);
        if (c->script) {
            orrery_script_bound(c->script, conductor_reached(c, bound_ns));
            if (conductor_end_script(c)) {
                continue; /* when it ends is known only now */
            }
        }
        conductor_answer_step(c, bound_ns);
        check_goal(c, bound_ns);
        if (!advance(c, bound_ns)) {
            wait_for_more(c, bound_ns, watch_ns);
        }
    }
}

/* While members join: false when that is over, *start says how. */
static bool form(struct conductor *c, const struct command *command, bool *start)
{
    *start = command->kind == COMMAND_START;
    if (*start) {
        return false;
    }
    if (command->kind == COMMAND_DOWN) {
        orrery_run_break(&c->broker->run, -1, "interrupted before the start");
        if (command->call) {
            orrery_call_stopped(command->call, 0);
        }
        return false;
    }
    if (command->kind == COMMAND_PERFORM) {
        conductor_perform(c, command->call);
    } else if (command->call) {
        orrery_call_error(command->call, "not everybody has joined yet");
    }
    return true;
}

/* Until all are ready. False: it will not come to that. */
static bool wait_for_start(struct conductor *c)
{
    struct command command;
    bool start = false;

    for (;;) {
        bool asked = orrery_mailbox_get(c->mailbox, &command);

        if (orrery_state(c->seg) == ORRERY_DEAD) { /* after the get: it unrings */
            orrery_run_found_dead(&c->broker->run);
            if (asked && command.call) {
                orrery_call_error(command.call, "the run is over");
            }
            return false;
        }
        if (!asked) {
            orrery_mailbox_wait(c->mailbox, 0);
        } else if (!form(c, &command, &start)) {
            return start;
        }
    }
}

static bool begin(struct conductor *c)
{
    c->for_ns = c->broker->plan->clock->for_ns;
    c->limit_ns = c->for_ns ? conductor_round_up(c, c->for_ns) : ORRERY_TIME_INF;
    orrery_input_schedule(c->broker->input, c->seg, c->broker->plan);
    conductor_run_freely(c);
    if (c->broker->plan->paused) {
        c->goal_ns = 0;
        c->hold_at_goal = true;
    }
    atomic_store(&c->started_ns, orrery_host_ns());
    if (!orrery_run_start(&c->broker->run, c->self)) {
        orrery_run_found_dead(&c->broker->run);
        return false;
    }
    conductor_publish(c, ORRERY__EVENT__KIND__RUNNING, 0);
    return true;
}

static void close_commands(struct conductor *c)
{
    struct command command;

    orrery_mailbox_close(c->mailbox);
    while (orrery_mailbox_get(c->mailbox, &command)) {
        if (command.call) {
            orrery_call_error(command.call, "the run is over");
        }
    }
    conductor_fail_waiters(c, "the run is over");
    conductor_fail_step(c, "the run is over");
}

static void *conductor_main(void *opaque)
{
    struct conductor *c = opaque;

    if (wait_for_start(c) && begin(c)) {
        run_loop(c);
    }
    close_commands(c);
    atomic_store(&c->over, true);
    orrery_input_refuse(c->broker->input, "the run is over");
    orrery_io_poke(c->broker->io);
    return NULL;
}

bool orrery_conductor_run(struct conductor *c)
{
    return pthread_create(&c->thread, NULL, conductor_main, c) == 0;
}

void orrery_conductor_join(struct conductor *c)
{
    pthread_join(c->thread, NULL);
}
