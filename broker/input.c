/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"
#include "control.h"
#include "output.h"
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
    struct call *call; /* may be NULL */
};

struct input {
    const struct layout *layout;
    pthread_mutex_t lock;
    struct line **lines; /* [port], NULL: nothing comes from the host there */
    GQueue stimuli;      /* of struct stimulus */
    atomic_size_t waiting;
    uint64_t last_send_ns;
};

struct input *orrery_input_create(const struct layout *layout)
{
    struct input *input = g_new0(struct input, 1);

    input->layout = layout;
    pthread_mutex_init(&input->lock, NULL);
    g_queue_init(&input->stimuli);
    input->lines = g_new0(struct line *, layout->port_count + 1);
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
    g_queue_clear_full(&input->stimuli, g_free);
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

bool orrery_input_stimulate(struct input *input, unsigned member,
                            const struct orrery_stimulus *stimulus, struct call *call)
{
    struct stimulus *copy = NULL;

    pthread_mutex_lock(&input->lock);
    if (g_queue_get_length(&input->stimuli) < STIMULI_MAX) {
        copy = g_new(struct stimulus, 1);
        *copy = (struct stimulus){member, *stimulus, call};
        g_queue_push_tail(&input->stimuli, copy);
        atomic_fetch_add(&input->waiting, 1);
    }
    pthread_mutex_unlock(&input->lock);
    return copy != NULL;
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

static void happen(struct input *input, struct broker *broker, struct orrery_member *self,
                   struct trace *trace, const struct stimulus *stimulus, uint64_t at_ns)
{
    static const char *const words[] = {"reset", "line"};
    unsigned lane = input->layout->stimulus_lanes[stimulus->member];
    const struct orrery_stimulus *what = &stimulus->what;
    char text[ORRERY_LINE_MAX + 32];

    input->last_send_ns = at_ns;
    if (!orrery_send(self, lane, at_ns, at_ns, what, sizeof(*what))) {
        if (stimulus->call) {
            orrery_call_error(stimulus->call, "the run is over");
        }
        return;
    }
    if (trace) {
        orrery_trace_add(trace, lane, at_ns, at_ns, orrery_last_seq(self), what, sizeof(*what));
    }
    snprintf(text, sizeof(text), what->kind == ORRERY_STIMULUS_LINE ? "%s %s %d" : "%s",
             words[what->kind], what->line, what->level);
    orrery_control_event(broker->control, ORRERY__EVENT__KIND__STIMULUS, at_ns,
                         input->layout->members[stimulus->member].name, text);
    if (stimulus->call) {
        orrery_call_stopped(stimulus->call, at_ns);
    }
}

void orrery_input_happen(struct input *input, struct broker *broker, struct orrery_member *self,
                         struct trace *trace, uint64_t at_ns)
{
    struct stimulus *stimulus;

    at_ns = at_ns > input->last_send_ns ? at_ns : input->last_send_ns;
    while ((stimulus = next_stimulus(input)) != NULL) {
        happen(input, broker, self, trace, stimulus, at_ns);
        g_free(stimulus);
    }
}

void orrery_input_refuse(struct input *input, const char *why)
{
    struct stimulus *stimulus;

    while ((stimulus = next_stimulus(input)) != NULL) {
        if (stimulus->call) {
            orrery_call_error(stimulus->call, "%s", why);
        }
        g_free(stimulus);
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
    frame_ns = orrery_uart_frame_ns(frame.baud, frame.data_bits, (char)frame.parity,
                                    frame.stop_halves);
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
