/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - the trace hash. Each lane has a SHA-256 over its messages in the order they were
 * sent, made by the sender; the run's hash is the SHA-256 over the lanes in their order. This
 * file hashes the lanes that the broker sends on, and puts all together.
 *
 * One message: send_ns, arrival_ns, seq (u64, little endian each), len (u16, little endian),
 * payload. Messages sent at or after the end of the run are not part of the trace; as the end
 * is known only later, what is sent waits here until it is known to be before it.
 */
#ifndef ORRERY_BROKER_TRACE_H
#define ORRERY_BROKER_TRACE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "orrery.h"
#include "orrery.pb-c.h"

struct trace;

/* One message into a running SHA-256. */
void orrery_trace_message(GChecksum *sum, uint64_t send_ns, uint64_t arrival_ns, uint64_t seq,
                          const void *payload, uint16_t len);

struct trace *orrery_trace_create(size_t lanes);
void orrery_trace_destroy(struct trace *trace); /* accepts NULL */

/* The broker sent this. send_ns never decreases on a lane. */
void orrery_trace_add(struct trace *trace, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                      uint64_t seq, const void *payload, uint16_t len);
/* What was sent below upto_ns is part of the trace. */
void orrery_trace_commit(struct trace *trace, uint64_t upto_ns);
/* The digest of a lane, of what was committed. */
void orrery_trace_lane(struct trace *trace, unsigned lane, uint8_t digest[ORRERY_DIGEST_SIZE]);

/*
 * The run's hash: SHA-256 over, for every lane in order, its name with the NUL, its latency
 * (u64 little endian) and its digest, which the segment holds; and over the identity, if any. 64
 * hex digits; g_free() it.
 */
char *orrery_trace_hash(const struct orrery_segment *seg, const char *identity);

/*
 * What a run starts from that its manifest does not hold: for every instance that keeps its
 * flash in a file, its name with the NUL and SHA-256 of the file as it is now (of nothing, when it
 * is not there yet). Hex digits to g_free(), or NULL when no instance does.
 */
char *orrery_trace_identity(const Orrery__Plan *plan);

#endif
