/* SPDX-License-Identifier: Apache-2.0 */
/* counter.h - what a port has sent and what came of it, by the names that people use. */
#ifndef ORRERY_BROKER_COUNTER_H
#define ORRERY_BROKER_COUNTER_H

#include "layout.h"
#include "orrery.h"

bool orrery_counter_known(const char *name);

/* Of all lanes that lead from the port; exact when everybody stands. */
uint64_t orrery_counter_read(const struct orrery_segment *seg, const struct layout_port *port,
                             const char *name);

#endif
