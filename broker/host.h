/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h - the host's side of attached ports: stdout, files, pseudo-terminals, TCP on loopback,
 * and the logs. Io loop's thread only.
 */
#ifndef ORRERY_BROKER_HOST_H
#define ORRERY_BROKER_HOST_H

#include "broker.h"

/* Open all of them. NULL with err filled. */
struct host *orrery_host_create(struct broker *broker, struct orrery_error *err);
void orrery_host_destroy(struct host *host); /* accepts NULL */

/* Something happened in the conductor: write what came out, read on where there is room. */
void orrery_host_serve(struct host *host);
/* No more will come. */
void orrery_host_finish(struct host *host);
/* A line of the broker's own on stdout. */
void orrery_host_print(struct host *host, const char *text);

/* For Status; valid as long as the host. */
Orrery__HostPort **orrery_host_ports(struct host *host, size_t *count);

#endif
