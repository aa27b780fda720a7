/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h - what each call of the control plane does. Io loop's thread only. */
#ifndef ORRERY_BROKER_CALLS_H
#define ORRERY_BROKER_CALLS_H

#include "broker.h"

struct call;

/* Answer the call, now or later. The request lives until then. */
void orrery_calls_handle(struct broker *broker, struct call *call, const Orrery__Request *request);

#endif
