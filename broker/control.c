/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <glib.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"

#define OPEN_CALLS 64           /* members join and tools ask at the same time */
#define REQUEST_MAX (64u << 10) /* bytes; the largest honest one is a Hello */

enum call_state { CALL_RECEIVING, CALL_OPEN, CALL_SENDING };

struct call {
    struct control *control;
    struct call *next; /* among those that came in */
    nng_ctx ctx;
    nng_aio *aio;
    enum call_state state;
    Orrery__Request *request;
    pid_t pid;
};

struct control {
    struct broker *broker;
    nng_socket rep, pub;
    struct call calls[OPEN_CALLS];
    unsigned call_count;
    char *rep_path, *pub_path;
    pthread_mutex_t lock;
    struct call *incoming, **incoming_tail;
    atomic_uint sending;
    atomic_int peers; /* connections of both sockets */
};

static void receive(struct call *call)
{
    call->state = CALL_RECEIVING;
    nng_ctx_recv(call->ctx, call->aio);
}

static pid_t peer_of(nng_msg *msg)
{
    uint64_t pid = 0;

    if (nng_pipe_get_uint64(nng_msg_get_pipe(msg), NNG_OPT_IPC_PEER_PID, &pid) != 0 ||
        pid > INT32_MAX) {
        return 0;
    }
    return (pid_t)pid;
}

static void received(struct call *call)
{
    struct control *control = call->control;
    nng_msg *msg = nng_aio_get_msg(call->aio);

    call->pid = peer_of(msg);
    call->request = orrery__request__unpack(NULL, nng_msg_len(msg), nng_msg_body(msg));
    nng_msg_free(msg);
    call->state = CALL_OPEN;
    call->next = NULL;
    pthread_mutex_lock(&control->lock);
    *control->incoming_tail = call;
    control->incoming_tail = &call->next;
    pthread_mutex_unlock(&control->lock);
    orrery_io_poke(control->broker->io);
}

/* In a thread of NNG's. */
static void completed(void *opaque)
{
    struct call *call = opaque;
    int error = nng_aio_result(call->aio);

    if (call->state == CALL_SENDING) {
        if (error) {
            nng_msg_free(nng_aio_get_msg(call->aio));
        }
        atomic_fetch_sub(&call->control->sending, 1);
        receive(call);
    } else if (error == 0) {
        received(call);
    } else if (error != NNG_ECLOSED && error != NNG_ECANCELED) {
        receive(call); /* e.g. a message that was too large */
    }
}

/* ---- setting up ---- */

static int listen_on(nng_socket socket, const char *path)
{
    char *url = g_strdup_printf("ipc://%s", path);
    nng_listener listener;
    int error = nng_listener_create(&listener, socket, url);

    if (error == 0) {
        nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0600);
        error = nng_listener_start(listener, 0);
    }
    g_free(url);
    return error;
}

/* In a thread of NNG's. */
static void peer_comes_or_goes(nng_pipe pipe, nng_pipe_ev event, void *opaque)
{
    struct control *control = opaque;

    (void)pipe;
    atomic_fetch_add(&control->peers, event == NNG_PIPE_EV_ADD_PRE ? 1 : -1);
}

static void count_peers(struct control *control, nng_socket socket)
{
    nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, peer_comes_or_goes, control);
    nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, peer_comes_or_goes, control);
}

static int open_sockets(struct control *control)
{
    int error = nng_rep0_open(&control->rep);

    if (error) {
        return error;
    }
    error = nng_pub0_open(&control->pub);
    if (error) {
        nng_close(control->rep);
        return error;
    }
    count_peers(control, control->rep);
    count_peers(control, control->pub);
    nng_socket_set_size(control->rep, NNG_OPT_RECVMAXSZ, REQUEST_MAX);
    nng_socket_set_size(control->pub, NNG_OPT_RECVMAXSZ, REQUEST_MAX);
    if ((error = listen_on(control->rep, control->rep_path)) != 0 ||
        (error = listen_on(control->pub, control->pub_path)) != 0) {
        nng_close(control->rep);
        nng_close(control->pub);
    }
    return error;
}

static int open_calls(struct control *control)
{
    for (unsigned i = 0; i < OPEN_CALLS; i++) {
        struct call *call = &control->calls[i];
        int error;

        call->control = control;
        if ((error = nng_ctx_open(&call->ctx, control->rep)) != 0) {
            return error;
        }
        if ((error = nng_aio_alloc(&call->aio, completed, call)) != 0) {
            nng_ctx_close(call->ctx);
            return error;
        }
        control->call_count++;
        receive(call);
    }
    return 0;
}

struct control *orrery_control_create(struct broker *broker, struct orrery_error *err)
{
    struct control *control = g_new0(struct control, 1);
    int error;

    control->broker = broker;
    control->incoming_tail = &control->incoming;
    pthread_mutex_init(&control->lock, NULL);
    control->rep_path = g_strdup_printf("%s/broker.sock", broker->plan->run_dir);
    control->pub_path = g_strdup_printf("%s/events.sock", broker->plan->run_dir);
    error = open_sockets(control);
    if (error) {
        snprintf(err->text, sizeof(err->text), "%s: %s", control->rep_path, nng_strerror(error));
        pthread_mutex_destroy(&control->lock);
        g_free(control->rep_path);
        g_free(control->pub_path);
        g_free(control);
        return NULL;
    }
    error = open_calls(control);
    if (error) {
        snprintf(err->text, sizeof(err->text), "%s: %s", control->rep_path, nng_strerror(error));
        orrery_control_destroy(control, 0);
        return NULL;
    }
    return control;
}

static bool is_busy(struct control *control)
{
    return atomic_load(&control->sending) > 0 || atomic_load(&control->peers) > 0;
}

void orrery_control_destroy(struct control *control, unsigned linger_ms)
{
    if (!control) {
        return;
    }
    /* NNG cannot say whether what is in its queues was sent: who has got all hangs up. */
    for (unsigned ms = 0; ms < linger_ms && is_busy(control); ms++) {
        g_usleep(1000);
    }
    nng_close(control->rep);
    nng_close(control->pub);
    for (unsigned i = 0; i < control->call_count; i++) {
        struct call *call = &control->calls[i];

        nng_aio_stop(call->aio);
        nng_aio_free(call->aio);
        if (call->request) {
            orrery__request__free_unpacked(call->request, NULL);
        }
    }
    unlink(control->rep_path);
    unlink(control->pub_path);
    pthread_mutex_destroy(&control->lock);
    g_free(control->rep_path);
    g_free(control->pub_path);
    g_free(control);
}

/* ---- calls ---- */

void orrery_control_serve(struct control *control)
{
    for (;;) {
        struct call *call;

        pthread_mutex_lock(&control->lock);
        call = control->incoming;
        if (call) {
            control->incoming = call->next;
            if (!control->incoming) {
                control->incoming_tail = &control->incoming;
            }
        }
        pthread_mutex_unlock(&control->lock);
        if (!call) {
            return;
        }
        if (!call->request) {
            orrery_call_error(call, "not a request");
        } else if (call->request->version != ORRERY__PROTOCOL__PROTOCOL_VERSION) {
            orrery_call_error(call, "protocol version %u: this broker speaks %d",
                              call->request->version, ORRERY__PROTOCOL__PROTOCOL_VERSION);
        } else {
            orrery_calls_handle(control->broker, call, call->request);
        }
    }
}

pid_t orrery_call_pid(const struct call *call)
{
    return call->pid;
}

const Orrery__Request *orrery_call_request(const struct call *call)
{
    return call->request;
}

void orrery_call_reply(struct call *call, Orrery__Reply *reply)
{
    size_t size = orrery__reply__get_packed_size(reply);
    nng_msg *msg;

    if (call->request) {
        orrery__request__free_unpacked(call->request, NULL);
        call->request = NULL;
    }
    if (nng_msg_alloc(&msg, size) != 0) {
        receive(call); /* out of memory: the caller times out */
        return;
    }
    orrery__reply__pack(reply, nng_msg_body(msg));
    call->state = CALL_SENDING;
    atomic_fetch_add(&call->control->sending, 1);
    nng_aio_set_msg(call->aio, msg);
    nng_ctx_send(call->ctx, call->aio);
}

void orrery_call_ok(struct call *call)
{
    Orrery__Reply reply = ORRERY__REPLY__INIT;

    orrery_call_reply(call, &reply);
}

void orrery_call_error(struct call *call, const char *format, ...)
{
    Orrery__Reply reply = ORRERY__REPLY__INIT;
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    reply.error = text;
    orrery_call_reply(call, &reply);
}

void orrery_call_stopped(struct call *call, uint64_t at_ns)
{
    Orrery__Stopped stopped = ORRERY__STOPPED__INIT;
    Orrery__Reply reply = ORRERY__REPLY__INIT;

    stopped.at_ns = at_ns;
    reply.result_case = ORRERY__REPLY__RESULT_STOPPED;
    reply.stopped = &stopped;
    orrery_call_reply(call, &reply);
}

/* ---- events ---- */

void orrery_control_event(struct control *control, Orrery__Event__Kind kind, uint64_t at_ns,
                          const char *who, const char *text)
{
    Orrery__Event event = ORRERY__EVENT__INIT;
    nng_msg *msg;

    event.kind = kind;
    event.at_ns = at_ns;
    event.who = (char *)who; /* packed below, not kept */
    event.text = (char *)text;
    if (nng_msg_alloc(&msg, orrery__event__get_packed_size(&event)) != 0) {
        return;
    }
    orrery__event__pack(&event, nng_msg_body(msg));
    if (nng_sendmsg(control->pub, msg, NNG_FLAG_NONBLOCK) != 0) {
        nng_msg_free(msg);
    }
}
