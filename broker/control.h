/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - the control plane's sockets: calls in (NNG REP on RUN_DIR/broker.sock), events
 * out (NNG PUB on RUN_DIR/events.sock). Several calls may be open at once; each is answered
 * when its answer is known. What they mean is in calls.c.
 */
#ifndef ORRERY_BROKER_CONTROL_H
#define ORRERY_BROKER_CONTROL_H

#include <sys/types.h>

#include "broker.h"

struct control;
struct call; /* one open call; answered exactly once */

/* Listen. NULL with err filled. Calls wait until orrery_control_serve(). */
struct control *orrery_control_create(struct broker *broker, struct orrery_error *err);
/* Waits up to linger_ms until all are answered and have hung up. Accepts NULL. */
void orrery_control_destroy(struct control *control, unsigned linger_ms);

/* Io loop: handle the calls that came in; poked when there are any. */
void orrery_control_serve(struct control *control);

/* The process that called, as the kernel says; 0: unknown. */
pid_t orrery_call_pid(const struct call *call);

/* What it asks; until it is answered. */
const Orrery__Request *orrery_call_request(const struct call *call);

/* Answers, from any thread. */
void orrery_call_reply(struct call *call, Orrery__Reply *reply);
void orrery_call_ok(struct call *call);
__attribute__((format(printf, 2, 3))) void orrery_call_error(struct call *call, const char *format,
                                                             ...);
void orrery_call_stopped(struct call *call, uint64_t at_ns);

/* Publish, from any thread. */
void orrery_control_event(struct control *control, Orrery__Event__Kind kind, uint64_t at_ns,
                          const char *who, const char *text);

#endif
