/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <glib.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"
#include "control.h"
#include "output.h"
#include "say.h"
#include "trace.h"

#define QUEUE_FRAMES 4096u /* per port; the host waits beyond */
#define STIMULI_MAX 64u
#define FRAMES_AT_A_TIME 128u /* per port: half of its ring */

struct line {
    struct orrery_uart_frame queue[QUEUE_FRAMES];
    size_t head, count;
    uint64_t free_ns; /* the frame on the wire ends */
    unsigned sent;    /* in this call of orrery_input_send() */
};

/* Something that is about to happen to a member. */
struct stimulus {
    unsigned member;
    struct orrery_stimulus what;
    GBytes *probe;     /* instead, or NULL */
    uint64_t at_ns;    /* of one that the schedule holds */
    uint64_t for_ns;   /* then a line is let go, or power put on; 0: it stays */
    struct call *call; /* may be NULL */
};

struct input {
    const struct layout *layout;
    pthread_mutex_t lock;
    struct line **lines; /* [port], NULL: nothing comes from the host there */
    GQueue stimuli;      /* of struct stimulus */
    GQueue schedule;     /* the same, in the order of their times; the conductor's own */
    atomic_size_t waiting;
    uint64_t last_send_ns;
    /* [member], the conductor's own */
    bool *cut;           /* it has no power */
    uint32_t *power_ons; /* it was put on so often */
    bool cut_by_hand;    /* one of them by somebody who may put it on again */
};

static void forget(gpointer opaque)
{
    struct stimulus *stimulus = opaque;

    g_bytes_unref(stimulus->probe);
    g_free(stimulus);
}

struct input *orrery_input_create(const struct layout *layout)
{
    struct input *input = g_new0(struct input, 1);

    input->layout = layout;
    pthread_mutex_init(&input->lock, NULL);
    g_queue_init(&input->stimuli);
    g_queue_init(&input->schedule);
    input->lines = g_new0(struct line *, layout->port_count + 1);
    input->cut = g_new0(bool, layout->member_count);
    input->power_ons = g_new0(uint32_t, layout->member_count);
    for (size_t i = layout->first_attach; i < layout->port_count; i++) {
        if (orrery_layout_can_inject(&layout->ports[i])) {
            input->lines[i] = g_new0(struct line, 1);
        }
    }
    return input;
}

void orrery_input_destroy(struct input *input)
{
    if (!input) {
        return;
    }
    for (size_t i = 0; i < input->layout->port_count; i++) {
        g_free(input->lines[i]);
    }
    g_free(input->lines);
    g_free(input->cut);
    g_free(input->power_ons);
    g_queue_clear_full(&input->stimuli, forget);
    g_queue_clear_full(&input->schedule, forget);
    pthread_mutex_destroy(&input->lock);
    g_free(input);
}

size_t orrery_input_space(struct input *input, unsigned port)
{
    size_t space;

    pthread_mutex_lock(&input->lock);
    space = QUEUE_FRAMES - input->lines[port]->count;
    pthread_mutex_unlock(&input->lock);
    return space;
}

void orrery_input_push(struct input *input, unsigned port, const struct orrery_uart_frame *frames,
                       size_t count)
{
    struct line *line = input->lines[port];

    pthread_mutex_lock(&input->lock);
    for (size_t i = 0; i < count && line->count < QUEUE_FRAMES; i++) {
        line->queue[(line->head + line->count++) % QUEUE_FRAMES] = frames[i];
        atomic_fetch_add(&input->waiting, 1);
    }
    pthread_mutex_unlock(&input->lock);
}

bool orrery_input_waiting(struct input *input)
{
    return atomic_load(&input->waiting) > 0;
}

static bool put(struct input *input, const struct stimulus *stimulus)
{
    bool room;

    pthread_mutex_lock(&input->lock);
    room = g_queue_get_length(&input->stimuli) < STIMULI_MAX;
    if (room) {
        g_queue_push_tail(&input->stimuli, g_memdup2(stimulus, sizeof(*stimulus)));
        atomic_fetch_add(&input->waiting, 1);
    }
    pthread_mutex_unlock(&input->lock);
    return room;
}

bool orrery_input_stimulate(struct input *input, unsigned member,
                            const struct orrery_stimulus *stimulus, uint64_t for_ns,
                            struct call *call)
{
    struct stimulus copy = {.member = member, .what = *stimulus, .for_ns = for_ns, .call = call};

    return put(input, &copy);
}

bool orrery_input_ask(struct input *input, unsigned member, const struct orrery_probe *probe,
                      size_t len)
{
    struct stimulus stimulus = {.member = member, .probe = g_bytes_new(probe, len)};
    bool room = put(input, &stimulus);

    if (!room) {
        g_bytes_unref(stimulus.probe);
    }
    return room;
}

static struct stimulus *next_stimulus(struct input *input)
{
    struct stimulus *stimulus;

    pthread_mutex_lock(&input->lock);
    stimulus = g_queue_pop_head(&input->stimuli);
    if (stimulus) {
        atomic_fetch_sub(&input->waiting, 1);
    }
    pthread_mutex_unlock(&input->lock);
    return stimulus;
}

/* Turn mode: everybody stands still at the windows' ends only. */
static uint64_t round_up(const struct orrery_segment *seg, uint64_t ns)
{
    uint64_t unit = orrery_seg_turn_ns(seg), over = ns % unit;

    ns += over ? unit - over : 0;
    return ns < ORRERY_TIME_INF ? ns : ORRERY_TIME_INF;
}

/* Equal ones, too: g_queue_insert_sorted() puts what is new before the first that is not earlier.
 */
static gint is_earlier(gconstpointer there, gconstpointer new, gpointer unused)
{
    const struct stimulus *one = there, *other = new;

    return one->at_ns <= other->at_ns ? -1 : 1;
}

/* After those of the same time. */
static void put_on_schedule(struct input *input, const struct orrery_segment *seg,
                            struct stimulus stimulus)
{
    stimulus.at_ns = round_up(seg, stimulus.at_ns);
    g_queue_insert_sorted(&input->schedule, g_memdup2(&stimulus, sizeof(stimulus)), is_earlier,
                          NULL);
}

void orrery_input_schedule(struct input *input, const struct orrery_segment *seg,
                           const Orrery__Plan *plan)
{
    for (size_t i = 0; i < plan->n_inputs; i++) {
        const Orrery__Input *from = plan->inputs[i];
        struct stimulus stimulus = {.member = from->member,
                                    .what = orrery_plan_stimulus(from->what),
                                    .at_ns = from->at_ns,
                                    .for_ns = from->what->for_ns};

        put_on_schedule(input, seg, stimulus);
    }
}

uint64_t orrery_input_next(struct input *input)
{
    const struct stimulus *next = g_queue_peek_head(&input->schedule);

    return next ? next->at_ns : ORRERY_TIME_INF;
}

#define NOTE 80

/* "drops 0.1 of what comes in, 3 at most" */
static void note_fault(const struct orrery_stimulus *what, char *note)
{
    static const char *const does[] = {"drops", "corrupts", "delays", "is disconnected"};
    static const char *const ends[] = {"drops nothing any more", "corrupts nothing any more",
                                       "delays nothing any more", "is connected again"};
    char rate[24] = "what comes in", time[ORRERY_TIME_TEXT], most[32] = "";

    if (what->rate_ppb == ORRERY_FAULT_AS_LINK || !what->rate_ppb) {
        snprintf(note, NOTE, "%s", ends[what->level]);
        return;
    }
    if (what->level == ORRERY_FAULT_DISCONNECT) {
        snprintf(note, NOTE, "%s", does[what->level]);
        return;
    }
    if (what->rate_ppb < ORRERY_FAULT_ALL) {
        snprintf(rate, sizeof(rate), "%.9g of it", what->rate_ppb / (double)ORRERY_FAULT_ALL);
    }
    if (what->count) {
        snprintf(most, sizeof(most), ", %" PRIu32 " at most", what->count);
    }
    if (what->level == ORRERY_FAULT_DELAY) {
        snprintf(note, NOTE, "delays %s by %s s%s", rate, orrery_time_text(time, what->delay_ns),
                 most);
    } else {
        snprintf(note, NOTE, "%s %s%s", does[what->level], rate, most);
    }
}

/* To who listens to events, to the log of inputs and to the run's output. */
static void tell(struct input *input, struct broker *broker, const struct stimulus *stimulus,
                 uint64_t at_ns)
{
    static const char *const levels[] = {"held at 0", "held at 1", "let go"};
    static const char *const power[] = {"power off", "power on"};
    const struct orrery_stimulus *what = &stimulus->what;
    const char *name = input->layout->members[stimulus->member].name;
    char who[ORRERY_NAME_MAX + ORRERY_LINE_MAX], text[ORRERY_LINE_MAX + NOTE], note[NOTE] = "reset";

    snprintf(who, sizeof(who), what->line[0] ? "%s.%s" : "%s", name, what->line);
    switch (what->kind) {
    case ORRERY_STIMULUS_LINE:
        snprintf(note, sizeof(note), "%s", levels[what->level]);
        snprintf(text, sizeof(text), "line %s %d", what->line, what->level);
        break;
    case ORRERY_STIMULUS_FAULT:
        note_fault(what, note);
        snprintf(text, sizeof(text), "%s %s", what->line, note);
        break;
    case ORRERY_STIMULUS_POWER:
        snprintf(note, sizeof(note), "%s", power[what->level]);
        /* fall through */
    default:
        snprintf(text, sizeof(text), "%s", note);
        break;
    }
    orrery_control_event(broker->control, ORRERY__EVENT__KIND__STIMULUS, at_ns, name, text);
    orrery_output_note(broker->output, stimulus->member, at_ns, who, note);
}

/* False: the run is over. */
static bool send_to(struct input *input, struct orrery_member *self, struct trace *trace,
                    unsigned member, const struct stimulus *stimulus, uint64_t at_ns)
{
    unsigned lane = input->layout->stimulus_lanes[member];
    size_t len = sizeof(stimulus->what);
    const void *what = stimulus->probe ? g_bytes_get_data(stimulus->probe, &len) : &stimulus->what;

    if (!orrery_send(self, lane, at_ns, at_ns, what, len)) {
        return false;
    }
    if (trace) {
        orrery_trace_add(trace, lane, at_ns, at_ns, orrery_last_seq(self), what, (uint16_t)len);
    }
    return true;
}

/* ---- power ---- */

static bool holds(const Orrery__State *state, unsigned member)
{
    for (size_t i = 0; i < state->n_members; i++) {
        if (state->members[i] == member) {
            return true;
        }
    }
    return false;
}

/* Members that share state are cores of one chip, which has one supply. */
static bool is_same_chip(const Orrery__Plan *plan, unsigned one, unsigned other)
{
    for (size_t i = 0; i < plan->n_states; i++) {
        if (holds(plan->states[i], one) && holds(plan->states[i], other)) {
            return true;
        }
    }
    return one == other;
}

static bool send_power(struct input *input, const Orrery__Plan *plan, struct orrery_member *self,
                       struct trace *trace, const struct stimulus *stimulus, uint64_t at_ns)
{
    bool on = stimulus->what.level != 0, any = false;

    for (unsigned i = 1; i < input->layout->member_count; i++) {
        if (is_same_chip(plan, stimulus->member, i)) {
            if (!send_to(input, self, trace, i, stimulus, at_ns)) {
                return false;
            }
            input->cut[i] = !on;
            input->power_ons[i] += on;
        }
        any = any || input->cut[i];
    }
    input->cut_by_hand = any && (input->cut_by_hand || stimulus->call);
    return true;
}

const uint32_t *orrery_input_power_ons(const struct input *input)
{
    return input->power_ons;
}

bool orrery_input_is_cut(const struct input *input)
{
    for (unsigned i = 1; i < input->layout->member_count; i++) {
        if (input->cut[i]) {
            return true;
        }
    }
    return false;
}

bool orrery_input_is_cut_by_hand(const struct input *input)
{
    return input->cut_by_hand;
}

/* ---- all of them ---- */

/* What follows one that lasts for a time. */
static void end_later(struct input *input, const struct orrery_segment *seg,
                      const struct stimulus *stimulus, uint64_t at_ns)
{
    struct stimulus after = *stimulus;

    if (after.what.kind == ORRERY_STIMULUS_FAULT) {
        after.what.rate_ppb = ORRERY_FAULT_AS_LINK;
    } else {
        after.what.level = after.what.kind == ORRERY_STIMULUS_POWER ? 1 : ORRERY_LINE_FREE;
    }
    after.at_ns = at_ns + stimulus->for_ns;
    after.for_ns = 0;
    after.call = NULL;
    put_on_schedule(input, seg, after);
}

static void happen(struct input *input, struct broker *broker, struct orrery_member *self,
                   struct trace *trace, const struct stimulus *stimulus, uint64_t at_ns)
{
    bool is_power = stimulus->what.kind == ORRERY_STIMULUS_POWER;

    input->last_send_ns = at_ns;
    if (!(is_power ? send_power(input, broker->plan, self, trace, stimulus, at_ns)
                   : send_to(input, self, trace, stimulus->member, stimulus, at_ns))) {
        if (stimulus->call) {
            orrery_call_error(stimulus->call, "the run is over");
        }
        return;
    }
    if (!stimulus->probe) {
        tell(input, broker, stimulus, at_ns);
    }
    if (stimulus->call) {
        orrery_call_stopped(stimulus->call, at_ns);
    }
    if (stimulus->for_ns) {
        end_later(input, orrery_segment_of(self), stimulus, at_ns);
    }
}

void orrery_input_happen(struct input *input, struct broker *broker, struct orrery_member *self,
                         struct trace *trace, uint64_t word_ns)
{
    uint64_t at_ns = word_ns > input->last_send_ns ? word_ns : input->last_send_ns;
    struct stimulus *stimulus;

    do {
        stimulus = orrery_input_next(input) <= word_ns ? g_queue_pop_head(&input->schedule)
                                                       : next_stimulus(input);
        if (stimulus) {
            happen(input, broker, self, trace, stimulus, at_ns);
            forget(stimulus);
        }
    } while (stimulus);
}

void orrery_input_refuse(struct input *input, const char *why)
{
    struct stimulus *stimulus;

    while ((stimulus = next_stimulus(input)) != NULL) {
        if (stimulus->call) {
            orrery_call_error(stimulus->call, "%s", why);
        }
        forget(stimulus);
    }
}

static uint64_t start_of(const struct input *input, const struct line *line, uint64_t from_ns)
{
    uint64_t start = from_ns > line->free_ns ? from_ns : line->free_ns;

    /* A park may have set the word back to before what was sent last. */
    return start > input->last_send_ns ? start : input->last_send_ns;
}

/* The line whose next frame starts first, the lower port at equal times; -1: none waits. */
static int next_line(const struct input *input, uint64_t from_ns, uint64_t *start_ns)
{
    int next = -1;

    for (size_t i = input->layout->first_attach; i < input->layout->port_count; i++) {
        const struct line *line = input->lines[i];

        if (line && line->count > 0) {
            uint64_t start = start_of(input, line, from_ns);

            if (next < 0 || start < *start_ns) {
                next = (int)i;
                *start_ns = start;
            }
        }
    }
    return next;
}

static void send_frame(struct input *input, unsigned port, uint64_t start_ns,
                       struct orrery_member *broker, struct trace *trace, struct output *output)
{
    const struct layout_port *to = &input->layout->ports[port];
    struct line *line = input->lines[port];
    struct orrery_uart_frame frame = line->queue[line->head];
    uint64_t frame_ns, end_ns;

    line->head = (line->head + 1) % QUEUE_FRAMES;
    line->count--;
    line->sent++;
    atomic_fetch_sub(&input->waiting, 1);
    frame_ns = orrery_plan_time(&to->format, &frame);
    end_ns = start_ns + frame_ns;
    line->free_ns = end_ns;
    input->last_send_ns = start_ns;
    if (end_ns >= ORRERY_TIME_INF ||
        !orrery_send(broker, to->lanes[0].rx, start_ns, end_ns, &frame, sizeof(frame))) {
        return; /* past the end of time, or the run is dead */
    }
    if (trace) {
        orrery_trace_add(trace, to->lanes[0].rx, start_ns, end_ns, orrery_last_seq(broker), &frame,
                         sizeof(frame));
    }
    orrery_output_input(output, port, end_ns, (uint8_t)frame.data);
}

uint64_t orrery_input_send(struct input *input, struct orrery_member *broker, struct trace *trace,
                           struct output *output, uint64_t from_ns, uint64_t to_ns)
{
    uint64_t start_ns = 0;
    int port;

    if (!orrery_input_waiting(input)) {
        return to_ns;
    }
    pthread_mutex_lock(&input->lock);
    for (size_t i = input->layout->first_attach; i < input->layout->port_count; i++) {
        if (input->lines[i]) {
            input->lines[i]->sent = 0;
        }
    }
    while ((port = next_line(input, from_ns, &start_ns)) >= 0 && start_ns < to_ns) {
        if (input->lines[port]->sent == FRAMES_AT_A_TIME) {
            to_ns = start_ns; /* the rest when everybody has come here */
            break;
        }
        send_frame(input, (unsigned)port, start_ns, broker, trace, output);
    }
    pthread_mutex_unlock(&input->lock);
    return to_ns;
}
