// SPDX-License-Identifier: Apache-2.0
#include "call.h"
#include "number.h"

#include <errno.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/req.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "arena.h"
#include "counters.h"
#include "orrery.h"
#include "rundir.h"

static bool fail_nng(const struct connection *c, int error, struct problem *why)
{
    if (error == NNG_ECONNREFUSED || error == NNG_ENOENT) {
        return problem_broke(why, "run %s: its broker does not listen", rundir_name(c->run_dir));
    }
    return problem_broke(why, "run %s: the broker: %s", rundir_name(c->run_dir),
                         nng_strerror(error));
}

/* What callbacks use that may come after nng_close(). */
static struct arena for_ever;

/* Runs in a thread of NNG's. */
static void on_gone(nng_pipe pipe, nng_pipe_ev event, void *context)
{
    const int *fd = context;
    uint64_t one = 1;

    (void)pipe;
    (void)event;
    if (write(*fd, &one, sizeof(one)) < 0) {
        return; /* an eventfd that is full is readable already */
    }
}

bool connection_open(struct connection *c, enum channel channel, const char *run_dir,
                     struct problem *why)
{
    const char *name = channel == CHANNEL_CALLS ? "broker" : "events";
    char url[RUNDIR_PATH_SIZE + 32];
    int *gone = arena_alloc(&for_ever, sizeof(*gone));
    int error;

    c->run_dir = run_dir;
    c->gone_fd = *gone = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->gone_fd < 0) {
        return problem_broke(why, "eventfd: %s", error_text(errno));
    }
    snprintf(url, sizeof(url), "ipc://%s/%s.sock", run_dir, name);
    error = channel == CHANNEL_CALLS ? nng_req0_open(&c->socket) : nng_sub0_open(&c->socket);
    if (error) {
        close(c->gone_fd);
        return fail_nng(c, error, why);
    }
    if (channel == CHANNEL_CALLS) {
        /* `until` may take an hour; asking again would step twice. */
        nng_socket_set_ms(c->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    } else {
        nng_socket_set(c->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0);
    }
    /* No second try once dropped: closing in the middle of its handshake makes the listener of
     * NNG 1.5 deaf (nanomsg/nng issue 1518). */
    nng_socket_set_ms(c->socket, NNG_OPT_RECONNMINT, 60000);
    nng_socket_set_ms(c->socket, NNG_OPT_RECONNMAXT, 60000);
    nng_pipe_notify(c->socket, NNG_PIPE_EV_REM_POST, on_gone, gone);
    error = nng_dial(c->socket, url, NULL, 0);
    if (error) {
        connection_close(c);
        return fail_nng(c, error, why);
    }
    return true;
}

void connection_close(struct connection *c)
{
    nng_close(c->socket);
    /* gone_fd stays open: a callback may be on its way, and must not write into whatever file
     * would get that number next. */
}

nng_msg *connection_receive(struct connection *c, int timeout_ms, struct problem *why)
{
    struct pollfd fds[2] = {{.events = POLLIN}, {.fd = c->gone_fd, .events = POLLIN}};
    nng_msg *msg = NULL;
    int error = nng_socket_get_int(c->socket, NNG_OPT_RECVFD, &fds[0].fd), ready = -1;

    timeout_ms = timeout_ms < 0 ? timeout_ms : (int)orrery_patience_ms((uint64_t)timeout_ms);
    if (error) {
        fail_nng(c, error, why);
        return NULL;
    }
    do {
        ready = poll(fds, 2, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    error = nng_recvmsg(c->socket, &msg, NNG_FLAG_NONBLOCK);
    if (!error) {
        return msg;
    }
    if (!ready) {
        problem_broke(why, "run %s: its broker did not answer in %d s", rundir_name(c->run_dir),
                      timeout_ms / 1000);
    } else if (fds[1].revents) {
        problem_broke(why, "run %s is over", rundir_name(c->run_dir));
    } else {
        fail_nng(c, error, why);
    }
    return NULL;
}

bool connection_request(struct connection *c, Orrery__Request__CallCase what, void *message,
                        struct problem *why)
{
    Orrery__Request request = ORRERY__REQUEST__INIT;
    nng_msg *msg;
    int error;

    request.version = ORRERY__PROTOCOL__PROTOCOL_VERSION;
    request.call_case = what;
    request.status = message; /* all members of the union are pointers to messages */
    error = nng_msg_alloc(&msg, orrery__request__get_packed_size(&request));
    if (error) {
        out_of_memory();
    }
    orrery__request__pack(&request, nng_msg_body(msg));
    error = nng_sendmsg(c->socket, msg, 0);
    if (error) {
        nng_msg_free(msg);
        return fail_nng(c, error, why);
    }
    return true;
}

Orrery__Reply *connection_unpack(struct connection *c, nng_msg *msg, struct problem *why)
{
    Orrery__Reply *reply = orrery__reply__unpack(NULL, nng_msg_len(msg),
                                                 (const uint8_t *)nng_msg_body(msg));

    if (!reply) {
        problem_broke(why, "run %s: the broker's answer makes no sense; is it another version?",
                      rundir_name(c->run_dir));
    } else if (reply->error[0]) {
        problem_broke(why, "run %s: %s", rundir_name(c->run_dir), reply->error);
        orrery__reply__free_unpacked(reply, NULL);
        reply = NULL;
    }
    return reply;
}

Orrery__Reply *broker_call(const char *run_dir, Orrery__Request__CallCase what, void *message,
                           int timeout_ms, struct problem *why)
{
    struct connection c;
    Orrery__Reply *reply = NULL;
    nng_msg *msg;

    if (!connection_open(&c, CHANNEL_CALLS, run_dir, why)) {
        return NULL;
    }
    if (connection_request(&c, what, message, why)) {
        msg = connection_receive(&c, timeout_ms, why);
        if (msg) {
            reply = connection_unpack(&c, msg, why);
            nng_msg_free(msg);
        }
    }
    connection_close(&c);
    return reply;
}

bool broker_ask(const char *run_dir, Orrery__Request__CallCase what, void *message,
                struct problem *why)
{
    Orrery__Reply *reply = broker_call(run_dir, what, message, CALL_NO_TIMEOUT, why);
    char when[TIME_TEXT_SIZE];

    if (!reply) {
        return false;
    }
    if (reply->result_case == ORRERY__REPLY__RESULT_STOPPED) {
        printf("%s\n", format_time(reply->stopped->at_ns, when));
    }
    orrery__reply__free_unpacked(reply, NULL);
    return true;
}

uint64_t lane_counter(const Orrery__LaneStatus *lane, size_t which)
{
    const uint64_t values[COUNTERS] = {
        lane->sent,     lane->delivered, lane->overruns,  lane->framing_errors,
        lane->too_fast, lane->dropped,   lane->corrupted, lane->delayed,
    };

    return values[which];
}
