/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <string.h>

struct sent {
    uint64_t send_ns, arrival_ns, seq;
    unsigned lane;
    uint16_t len;
    uint8_t payload[];
};

struct trace {
    GChecksum **sums; /* [lane]; NULL: nothing sent */
    size_t lanes;
    GQueue waiting; /* of struct sent, by send_ns */
};

static void put_le(GChecksum *sum, uint64_t value, unsigned bytes)
{
    uint8_t le[8];

    for (unsigned i = 0; i < bytes; i++) {
        le[i] = (uint8_t)(value >> (8 * i));
    }
    g_checksum_update(sum, le, bytes);
}

void orrery_trace_message(GChecksum *sum, uint64_t send_ns, uint64_t arrival_ns, uint64_t seq,
                          const void *payload, uint16_t len)
{
    put_le(sum, send_ns, 8);
    put_le(sum, arrival_ns, 8);
    put_le(sum, seq, 8);
    put_le(sum, len, 2);
    g_checksum_update(sum, payload, len);
}

struct trace *orrery_trace_create(size_t lanes)
{
    struct trace *trace = g_new0(struct trace, 1);

    trace->sums = g_new0(GChecksum *, lanes + 1);
    trace->lanes = lanes;
    g_queue_init(&trace->waiting);
    return trace;
}

void orrery_trace_destroy(struct trace *trace)
{
    if (!trace) {
        return;
    }
    for (size_t i = 0; i < trace->lanes; i++) {
        if (trace->sums[i]) {
            g_checksum_free(trace->sums[i]);
        }
    }
    g_queue_clear_full(&trace->waiting, g_free);
    g_free(trace->sums);
    g_free(trace);
}

void orrery_trace_add(struct trace *trace, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                      uint64_t seq, const void *payload, uint16_t len)
{
    struct sent *sent = g_malloc(sizeof(*sent) + len);

    *sent = (struct sent){send_ns, arrival_ns, seq, lane, len};
    memcpy(sent->payload, payload, len);
    g_queue_push_tail(&trace->waiting, sent);
}

static GChecksum *sum_of(struct trace *trace, unsigned lane)
{
    if (!trace->sums[lane]) {
        trace->sums[lane] = g_checksum_new(G_CHECKSUM_SHA256);
    }
    return trace->sums[lane];
}

void orrery_trace_commit(struct trace *trace, uint64_t upto_ns)
{
    struct sent *sent;

    while ((sent = g_queue_peek_head(&trace->waiting)) != NULL && sent->send_ns < upto_ns) {
        g_queue_pop_head(&trace->waiting);
        orrery_trace_message(sum_of(trace, sent->lane), sent->send_ns, sent->arrival_ns, sent->seq,
                             sent->payload, sent->len);
        g_free(sent);
    }
}

void orrery_trace_lane(struct trace *trace, unsigned lane, uint8_t digest[ORRERY_DIGEST_SIZE])
{
    GChecksum *sum = g_checksum_copy(sum_of(trace, lane)); /* reading it closes it */
    gsize len = ORRERY_DIGEST_SIZE;

    g_checksum_get_digest(sum, digest, &len);
    g_checksum_free(sum);
}

static void add_file(GChecksum *sum, const char *path)
{
    GChecksum *file = g_checksum_new(G_CHECKSUM_SHA256);
    const char *hex;
    char *bytes;
    gsize len;

    if (g_file_get_contents(path, &bytes, &len, NULL)) {
        g_checksum_update(file, (const guchar *)bytes, (gssize)len);
        g_free(bytes);
    }
    hex = g_checksum_get_string(file);
    g_checksum_update(sum, (const guchar *)hex, (gssize)strlen(hex));
    g_checksum_free(file);
}

char *orrery_trace_identity(const Orrery__Plan *plan)
{
    GChecksum *sum = NULL;
    char *hex;

    for (size_t i = 0; i < plan->n_instances; i++) {
        const Orrery__Instance *inst = plan->instances[i];

        if (*inst->flash) {
            sum = sum ? sum : g_checksum_new(G_CHECKSUM_SHA256);
            g_checksum_update(sum, (const guchar *)inst->name, (gssize)strlen(inst->name) + 1);
            add_file(sum, inst->flash);
        }
    }
    hex = sum ? g_strdup(g_checksum_get_string(sum)) : NULL;
    if (sum) {
        g_checksum_free(sum);
    }
    return hex;
}

char *orrery_trace_hash(const struct orrery_segment *seg, const char *identity)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t digest[ORRERY_DIGEST_SIZE];
    char *hex;

    for (unsigned lane = 0; lane < orrery_seg_lanes(seg); lane++) {
        const char *name = orrery_seg_lane_name(seg, lane);

        g_checksum_update(sum, (const guchar *)name, (gssize)strlen(name) + 1);
        put_le(sum, orrery_seg_lane_latency(seg, lane), 8);
        orrery_lane_digest(seg, lane, digest);
        g_checksum_update(sum, digest, sizeof(digest));
    }
    if (identity) {
        g_checksum_update(sum, (const guchar *)identity, (gssize)strlen(identity));
    }
    hex = g_strdup(g_checksum_get_string(sum));
    g_checksum_free(sum);
    return hex;
}
