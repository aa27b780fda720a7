// SPDX-License-Identifier: Apache-2.0
/*
 * call.h - talking to the broker of a run over NNG.
 */
#ifndef LAUNCH_CALL_H
#define LAUNCH_CALL_H

#include <nng/nng.h>
#include <stdbool.h>

#include "orrery.pb-c.h"
#include "problem.h"

#define CALL_NO_TIMEOUT (-1)
#define CALL_TIMEOUT_MS 3000

/*
 * Ask the broker of the run in run_dir. message: the Orrery__... that `what` names. The caller
 * frees the reply with orrery__reply__free_unpacked(reply, NULL). NULL, and why: nobody
 * answers in time, the run ended while we waited, or the broker said no.
 */
Orrery__Reply *broker_call(const char *run_dir, Orrery__Request__CallCase what, void *message,
                           int timeout_ms, struct problem *why);

/* The same for what stops or happens at a virtual time, which is printed when it is told. */
bool broker_ask(const char *run_dir, Orrery__Request__CallCase what, void *message,
                struct problem *why);

/* A connection that stays, to calls (REQ) or events (SUB). */
struct connection {
    nng_socket socket;
    const char *run_dir;
    int gone_fd; /* readable once the broker has closed the connection */
};

enum channel { CHANNEL_CALLS, CHANNEL_EVENTS };

bool connection_open(struct connection *c, enum channel channel, const char *run_dir,
                     struct problem *why);
void connection_close(struct connection *c);

/* The next message (nng_msg_free it), or NULL and why: too late, or the run is over. */
nng_msg *connection_receive(struct connection *c, int timeout_ms, struct problem *why);

/* On a connection to calls: a request goes out; what came back, unpacked, or NULL and why. */
bool connection_request(struct connection *c, Orrery__Request__CallCase what, void *message,
                        struct problem *why);
Orrery__Reply *connection_unpack(struct connection *c, nng_msg *msg, struct problem *why);

/* What counter_names[which] of this lane stands at. */
uint64_t lane_counter(const Orrery__LaneStatus *lane, size_t which);

#endif
