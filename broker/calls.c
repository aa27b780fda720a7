/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conductor.h"
#include "control.h"
#include "members.h"
#include "status.h"
#include "tap.h"

/* The message and what hangs on it live in one list of blocks, freed together. */
static void *block(GPtrArray *blocks, size_t size)
{
    void *memory = g_malloc0(size);

    g_ptr_array_add(blocks, memory);
    return memory;
}

static Orrery__Uart *welcome_uart(GPtrArray *blocks, const struct layout_port *port)
{
    const struct uart_format *format = &port->format;
    Orrery__Uart *uart = block(blocks, sizeof(*uart));

    orrery__uart__init(uart);
    uart->baud = format->baud;
    uart->data_bits = format->data_bits;
    uart->stop_halves = format->stop_halves;
    uart->parity = block(blocks, 2);
    uart->parity[0] = format->parity;
    if (port->uart) {
        uart->drop_ppb = port->uart->drop_ppb;
        uart->corrupt_ppb = port->uart->corrupt_ppb;
        uart->fault_seed = port->uart->fault_seed;
        uart->iso7816 = port->uart->iso7816;
    }
    return uart;
}

static Orrery__Port *welcome_port(GPtrArray *blocks, const struct layout_port *from)
{
    Orrery__Port *port = block(blocks, sizeof(*port));

    orrery__port__init(port);
    port->name = (char *)from->name;
    port->kind = from->kind;
    port->pull = from->pull;
    port->n_lanes = from->lane_count;
    port->lanes = block(blocks, from->lane_count * sizeof(*port->lanes));
    for (size_t i = 0; i < from->lane_count; i++) {
        Orrery__Lane *lane = port->lanes[i] = block(blocks, sizeof(*lane));

        orrery__lane__init(lane);
        lane->tx = from->lanes[i].tx;
        lane->rx = from->lanes[i].rx;
        lane->peer = (char *)from->lanes[i].peer;
        lane->path_db = from->lanes[i].path_db;
    }
    if (from->radio) {
        port->radio = block(blocks, sizeof(*port->radio));
        orrery__radio__init(port->radio);
        port->radio->seed = from->radio->seed;
        port->radio->loss_ppb = from->radio->loss_ppb;
    }
    if (from->kind == ORRERY__LINK__KIND__UART) {
        port->uart = welcome_uart(blocks, from);
    }
    return port;
}

static Orrery__SharedState *welcome_state(GPtrArray *blocks, const Orrery__State *from, size_t i)
{
    Orrery__SharedState *state = block(blocks, sizeof(*state));

    orrery__shared_state__init(state);
    state->name = from->name;
    state->index = (uint32_t)i;
    return state;
}

static bool touches(const Orrery__State *state, unsigned member)
{
    bool found = false;

    for (size_t i = 0; i < state->n_members && !found; i++) {
        found = state->members[i] == member;
    }
    return found;
}

static void add_states(GPtrArray *blocks, const Orrery__Plan *plan, unsigned member,
                       Orrery__Welcome *welcome)
{
    welcome->states = block(blocks, (plan->n_states + 1) * sizeof(*welcome->states));
    for (size_t i = 0; i < plan->n_states; i++) {
        if (touches(plan->states[i], member)) {
            welcome->states[welcome->n_states++] = welcome_state(blocks, plan->states[i], i);
        }
    }
}

static void send_welcome(struct broker *broker, struct call *call, unsigned member)
{
    const struct layout *layout = broker->layout;
    GPtrArray *blocks = g_ptr_array_new_with_free_func(g_free);
    Orrery__Reply reply = ORRERY__REPLY__INIT;
    Orrery__Welcome welcome = ORRERY__WELCOME__INIT;
    char path[64];

    welcome.ports = block(blocks, (layout->port_count + 1) * sizeof(*welcome.ports));
    for (size_t i = 0; i < layout->port_count; i++) {
        if (layout->ports[i].member == member) {
            welcome.ports[welcome.n_ports++] = welcome_port(blocks, &layout->ports[i]);
        }
    }
    welcome.trace_dir = broker->plan->trace_dir;
    welcome.pictures = broker->plan->pictures;
    add_states(blocks, broker->plan, member, &welcome);
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), broker->segment_fd);
    welcome.member = member;
    welcome.run_id = broker->plan->run_id;
    welcome.segment_path = path;
    welcome.stimulus_lane = layout->stimulus_lanes[member];
    welcome.answer_lane = layout->answer_lanes[member];
    welcome.reaction_ns = broker->plan->clock->reaction_ns;
    reply.result_case = ORRERY__REPLY__RESULT_WELCOME;
    reply.welcome = &welcome;
    orrery_call_reply(call, &reply);
    g_ptr_array_unref(blocks);
}

static void hello(struct broker *broker, struct call *call, const Orrery__Hello *hello)
{
    pid_t caller = orrery_call_pid(call);
    struct orrery_error err;
    unsigned member;

    if (hello->run_id != 0 && hello->run_id != broker->plan->run_id) {
        orrery_call_error(call, "this is run %016" PRIx64 ", not %016" PRIx64, broker->plan->run_id,
                          hello->run_id);
        return;
    }
    /* The broker will signal this pid when the run ends: nobody may name another's. */
    if (caller && caller != hello->pid) {
        orrery_call_error(call, "hello from pid %d says it is pid %d", (int)caller,
                          (int)hello->pid);
        return;
    }
    member = orrery_members_join(broker->members, hello->name, hello->pid, &err);
    if (!member) {
        orrery_call_error(call, "%s", err.text);
        return;
    }
    send_welcome(broker, call, member);
}

/* A port that nobody drives: the manifest, or the test, meant another one. */
static void refuse_port(struct broker *broker, unsigned member, const char *name)
{
    const struct layout *layout = broker->layout;
    const char *where = "";

    for (size_t i = 0; i < layout->port_count; i++) {
        if (layout->ports[i].member == member && !strcmp(layout->ports[i].name, name)) {
            where = layout->ports[i].where;
        }
    }
    orrery_run_end(&broker->run, EXIT_RUN_INPUT,
                   "%.200s%sport '%s.%.60s': no device of this machine drives it", where,
                   *where ? ": " : "", layout->members[member].name, name);
    orrery_run_break(&broker->run, (int)member, "a port that nobody drives");
    orrery_conductor_wake(broker->conductor);
}

static void ready(struct broker *broker, struct call *call, const Orrery__Ready *ready)
{
    struct orrery_error err;

    if (!orrery_members_ready(broker->members, ready->member, orrery_call_pid(call), &err)) {
        orrery_call_error(call, "%s", err.text);
        return;
    }
    if (ready->unused[0]) {
        refuse_port(broker, ready->member, ready->unused);
        orrery_call_error(call, "no device of this machine drives port %.60s", ready->unused);
        return;
    }
    orrery_call_ok(call);
    if (orrery_members_all_ready(broker->members)) {
        orrery_conductor_command(broker->conductor, COMMAND_START, 0, NULL);
    }
}

static void stimulate(struct broker *broker, struct call *call, const Orrery__Stimulus *request)
{
    struct orrery_stimulus stimulus = orrery_plan_stimulus(request);
    unsigned member = orrery_layout_member(broker->layout, request->instance);

    if (!member) {
        orrery_call_error(call, "no instance '%.60s'", request->instance);
        return;
    }
    if (!orrery_plan_stimulus_ok(request)) {
        orrery_call_error(call, "stimulus: unknown kind, level or line");
        return;
    }
    if (!orrery_conductor_stimulate(broker->conductor, member, &stimulus, request->for_ns,
                                    request->at_once ? NULL : call)) {
        orrery_call_error(call, "the run is over, or too much waits already");
    } else if (request->at_once) {
        orrery_call_ok(call);
    }
}

void orrery_calls_handle(struct broker *broker, struct call *call, const Orrery__Request *request)
{
    struct conductor *conductor = broker->conductor;

    switch (request->call_case) {
    case ORRERY__REQUEST__CALL_HELLO:
        hello(broker, call, request->hello);
        break;
    case ORRERY__REQUEST__CALL_READY:
        ready(broker, call, request->ready);
        break;
    case ORRERY__REQUEST__CALL_STATUS:
        orrery_status_send(broker, call);
        break;
    case ORRERY__REQUEST__CALL_PAUSE:
        orrery_conductor_command(conductor, COMMAND_PAUSE, 0, call);
        break;
    case ORRERY__REQUEST__CALL_STEP:
        orrery_conductor_command(conductor, COMMAND_STEP, request->step->ns, call);
        break;
    case ORRERY__REQUEST__CALL_UNTIL:
        orrery_conductor_command(conductor, COMMAND_UNTIL, request->until->ns, call);
        break;
    case ORRERY__REQUEST__CALL_RESUME:
        orrery_conductor_command(conductor, COMMAND_RESUME, 0, call);
        break;
    case ORRERY__REQUEST__CALL_STIMULUS:
        stimulate(broker, call, request->stimulus);
        break;
    case ORRERY__REQUEST__CALL_TAP:
        orrery_taps_add(broker->taps, call, request->tap);
        break;
    case ORRERY__REQUEST__CALL_PERFORM:
        orrery_conductor_command(conductor, COMMAND_PERFORM, 0, call);
        break;
    case ORRERY__REQUEST__CALL_DOWN:
        orrery_conductor_command(conductor, COMMAND_DOWN, 0, call);
        break;
    default:
        orrery_call_error(call, "unknown call");
        break;
    }
}
