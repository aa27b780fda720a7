/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "conductor.h"
#include "control.h"
#include "members.h"
#include "status.h"

static void send_welcome(struct broker *broker, struct call *call, unsigned member)
{
    const struct layout *layout = broker->layout;
    Orrery__Reply reply = ORRERY__REPLY__INIT;
    Orrery__Welcome welcome = ORRERY__WELCOME__INIT;
    Orrery__Port *ports = g_new0(Orrery__Port, layout->port_count + 1);
    Orrery__Port **list = g_new0(Orrery__Port *, layout->port_count + 1);
    Orrery__Uart *uarts = g_new0(Orrery__Uart, layout->port_count + 1);
    char parity[256][2]; /* one string for each possible letter */
    char path[64];

    for (size_t i = 0; i < layout->port_count; i++) {
        const struct layout_port *from = &layout->ports[i];
        Orrery__Port *port = &ports[welcome.n_ports];
        Orrery__Uart *uart = &uarts[welcome.n_ports];

        if (from->member != member) {
            continue;
        }
        orrery__port__init(port);
        orrery__uart__init(uart);
        port->name = (char *)from->name;
        port->tx_lane = from->tx_lane;
        port->rx_lane = from->rx_lane;
        port->uart = uart;
        uart->baud = from->format.baud;
        uart->data_bits = from->format.data_bits;
        uart->stop_halves = from->format.stop_halves;
        uart->parity = parity[(uint8_t)from->format.parity];
        snprintf(uart->parity, sizeof(parity[0]), "%c", from->format.parity);
        list[welcome.n_ports++] = port;
    }
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), broker->segment_fd);
    welcome.member = member;
    welcome.run_id = broker->plan->run_id;
    welcome.segment_path = path;
    welcome.reaction_ns = broker->plan->clock->reaction_ns;
    welcome.ports = list;
    reply.result_case = ORRERY__REPLY__RESULT_WELCOME;
    reply.welcome = &welcome;
    orrery_call_reply(call, &reply);
    g_free(uarts);
    g_free(list);
    g_free(ports);
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

static void ready(struct broker *broker, struct call *call, const Orrery__Ready *ready)
{
    struct orrery_error err;

    if (!orrery_members_ready(broker->members, ready->member, orrery_call_pid(call), &err)) {
        orrery_call_error(call, "%s", err.text);
        return;
    }
    orrery_call_ok(call);
    if (orrery_members_all_ready(broker->members)) {
        orrery_conductor_command(broker->conductor, COMMAND_START, 0, NULL);
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
    case ORRERY__REQUEST__CALL_DOWN:
        orrery_conductor_command(conductor, COMMAND_DOWN, 0, call);
        break;
    default:
        orrery_call_error(call, "unknown call");
        break;
    }
}
