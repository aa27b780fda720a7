/*
 * Orrery: calls to the broker when this instance joins
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two requests over NNG, before the vCPU runs: Hello (who am I, which ports have I) and Ready
 * (the machine stands). After that the socket tells whether the broker still lives, and carries a
 * monitor's wish for a reset.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "member.h"
#include "orrery.pb-c.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#define REPLY_TIMEOUT_MS 20000
#define REPLY_MAX_BYTES (1 << 20)

struct OrreryControl {
    nng_socket socket;
};

static void broker_gone(nng_pipe pipe, nng_pipe_ev event, void *opaque)
{
    OrreryMember *m = opaque;

    if (m->seg && orrery_state(m->seg) != ORRERY_ENDED) {
        orrery_mark_dead(m->seg, ORRERY_BROKER, "the broker went away");
    }
}

struct OrreryControl *orrery_control_open(OrreryMember *m, Error **errp)
{
    struct OrreryControl *control = g_new0(struct OrreryControl, 1);
    int timeout_ms = orrery_patience_ms(REPLY_TIMEOUT_MS);
    int rc = nng_req0_open(&control->socket);

    if (rc != 0) {
        error_setg(errp, "orrery-member: %s", nng_strerror(rc));
        g_free(control);
        return NULL;
    }
    nng_socket_set_ms(control->socket, NNG_OPT_RECVTIMEO, timeout_ms);
    nng_socket_set_ms(control->socket, NNG_OPT_SENDTIMEO, timeout_ms);
    nng_socket_set_size(control->socket, NNG_OPT_RECVMAXSZ, REPLY_MAX_BYTES);
    nng_pipe_notify(control->socket, NNG_PIPE_EV_REM_POST, broker_gone, m);
    rc = nng_dial(control->socket, m->broker, NULL, 0);
    if (rc != 0) {
        error_setg(errp, "orrery-member: no broker at %s: %s", m->broker,
                   nng_strerror(rc));
        orrery_control_close(control);
        return NULL;
    }
    return control;
}

void orrery_control_close(struct OrreryControl *control)
{
    if (control) {
        nng_close(control->socket);
        g_free(control);
    }
}

/* One request, one reply; NULL with @errp set on any failure, the broker's own included. */
static Orrery__Reply *call(OrreryMember *m, Orrery__Request *request,
                           Error **errp)
{
    g_autofree uint8_t *out = NULL;
    size_t len;
    Orrery__Reply *reply = NULL;
    nng_socket socket = m->control->socket;
    uint8_t *in = NULL;
    size_t in_len = 0;
    int rc;

    request->version = ORRERY__PROTOCOL__PROTOCOL_VERSION;
    len = orrery__request__get_packed_size(request);
    out = g_malloc(len);
    orrery__request__pack(request, out);
    rc = nng_send(socket, out, len, 0);
    if (rc == 0) {
        rc = nng_recv(socket, &in, &in_len, NNG_FLAG_ALLOC);
    }
    if (rc != 0) {
        error_setg(errp, "orrery-member: broker: %s", nng_strerror(rc));
        return NULL;
    }
    reply = orrery__reply__unpack(NULL, in_len, in);
    nng_free(in, in_len);
    if (!reply) {
        error_setg(errp, "orrery-member: broker: malformed reply");
    } else if (reply->error && reply->error[0]) {
        error_setg(errp, "orrery-member: broker: %s", reply->error);
        orrery__reply__free_unpacked(reply, NULL);
        reply = NULL;
    }
    return reply;
}

/* The same, of a call that has nothing to tell. */
static bool ask(OrreryMember *m, Orrery__Request *request, Error **errp)
{
    Orrery__Reply *reply = call(m, request, errp);

    if (reply) {
        orrery__reply__free_unpacked(reply, NULL);
    }
    return reply != NULL;
}

static void copy_peers(OrreryPortInfo *port, const Orrery__Port *from)
{
    port->peers = g_new0(OrreryPeer, from->n_lanes);
    port->peer_count = from->n_lanes;
    for (size_t i = 0; i < from->n_lanes; i++) {
        port->peers[i].tx_lane = from->lanes[i]->tx;
        port->peers[i].rx_lane = from->lanes[i]->rx;
        port->peers[i].name = g_strdup(from->lanes[i]->peer);
        port->peers[i].path_db = from->lanes[i]->path_db;
    }
    port->tx_lane = port->peers[0].tx_lane;
    port->rx_lane = port->peers[0].rx_lane;
}

/* False: a port that leads nowhere. */
static bool copy_ports(OrreryMember *m, const Orrery__Welcome *welcome)
{
    m->self = welcome->member;
    m->stimulus_lane = welcome->stimulus_lane;
    m->answer_lane = welcome->answer_lane;
    m->pictures = g_strdup(welcome->pictures);
    m->trace_dir = g_strdup(welcome->trace_dir);
    m->run_id = welcome->run_id;
    m->port_count = welcome->n_ports;
    m->ports = g_new0(OrreryPortInfo, welcome->n_ports);
    for (size_t i = 0; i < welcome->n_ports; i++) {
        const Orrery__Port *from = welcome->ports[i];
        OrreryPortInfo *port = &m->ports[i];

        if (!from->n_lanes) {
            return false;
        }
        port->name = g_strdup(from->name);
        port->kind = from->kind;
        copy_peers(port, from);
        port->pull = from->pull;
        port->baud = from->uart ? from->uart->baud : 0;
        port->data_bits = from->uart ? from->uart->data_bits : 8;
        port->stop_halves = from->uart ? from->uart->stop_halves : 2;
        port->parity = from->uart && from->uart->parity[0]
                       ? from->uart->parity[0] : 'N';
        if (from->uart) {
            port->drop_ppb = from->uart->drop_ppb;
            port->corrupt_ppb = from->uart->corrupt_ppb;
            port->fault_seed = from->uart->fault_seed;
            port->iso7816 = from->uart->iso7816;
        }
        port->radio_seed = from->radio ? from->radio->seed : 0;
        port->radio_loss_ppb = from->radio ? from->radio->loss_ppb : 0;
    }
    return true;
}

static void copy_states(OrreryMember *m, const Orrery__Welcome *welcome)
{
    m->state_count = welcome->n_states;
    m->states = g_new0(OrreryStateInfo, welcome->n_states);
    for (size_t i = 0; i < welcome->n_states; i++) {
        m->states[i].name = g_strdup(welcome->states[i]->name);
        m->states[i].index = welcome->states[i]->index;
    }
}

bool orrery_control_hello(OrreryMember *m, char **segment_path, Error **errp)
{
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Hello hello = ORRERY__HELLO__INIT;
    Orrery__Reply *reply;

    hello.name = m->name;
    hello.pid = getpid();
    hello.run_id = m->run_id;
    request.call_case = ORRERY__REQUEST__CALL_HELLO;
    request.hello = &hello;
    reply = call(m, &request, errp);
    if (!reply) {
        return false;
    }
    if (reply->result_case != ORRERY__REPLY__RESULT_WELCOME) {
        error_setg(errp, "orrery-member: broker: no welcome in its reply");
        orrery__reply__free_unpacked(reply, NULL);
        return false;
    }
    if (!copy_ports(m, reply->welcome)) {
        error_setg(errp, "orrery-member: broker: a port without lanes");
        orrery__reply__free_unpacked(reply, NULL);
        return false;
    }
    copy_states(m, reply->welcome);
    *segment_path = g_strdup(reply->welcome->segment_path);
    orrery__reply__free_unpacked(reply, NULL);
    return true;
}

bool orrery_control_ready(OrreryMember *m, const char *unused, Error **errp)
{
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Ready ready = ORRERY__READY__INIT;

    ready.member = m->self;
    ready.unused = (char *)(unused ? unused : "");
    request.call_case = ORRERY__REQUEST__CALL_READY;
    request.ready = &ready;
    return ask(m, &request, errp);
}

bool orrery_control_reset(OrreryMember *m, Error **errp)
{
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Stimulus stimulus = ORRERY__STIMULUS__INIT;

    stimulus.instance = m->name;
    stimulus.kind = ORRERY__STIMULUS__KIND__RESET;
    stimulus.at_once = true;
    request.call_case = ORRERY__REQUEST__CALL_STIMULUS;
    request.stimulus = &stimulus;
    return ask(m, &request, errp);
}
