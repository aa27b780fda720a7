/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - the answer to `orrery ps` and `orrery top`. Io loop's thread only. */
#ifndef ORRERY_BROKER_STATUS_H
#define ORRERY_BROKER_STATUS_H

#include "broker.h"

struct call;

void orrery_status_send(struct broker *broker, struct call *call);

#endif
