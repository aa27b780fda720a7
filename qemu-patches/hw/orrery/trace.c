/*
 * Orrery: the trace hash
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every lane has a SHA-256 over its messages in the order they were sent: send time, arrival,
 * sequence (u64), length (u16), all little endian, then the payload. A run may end at a time
 * that is known only later, so messages wait here until nobody can end before them. Notes
 * (orrery_member_note) stand among them.
 *
 * With a directory, what a lane's hash is made of goes to a file there, named by the lane's number:
 * a line with the lane's name, then the messages. `orrery run --check-races` compares them.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "member.h"

#define FOLD_AT 256

typedef struct Record {
    uint32_t lane;
    uint16_t len;
    uint64_t send, arrival, seq;
    uint8_t payload[];
} Record;

struct OrreryTrace {
    struct orrery_segment *seg;
    GChecksum **sums;
    const char *dir; /* or NULL */
    FILE **files;
    size_t lanes;
    GQueue pending;
    size_t fold_at;
};

struct OrreryTrace *orrery_trace_new(struct orrery_segment *seg, const char *dir)
{
    struct OrreryTrace *trace = g_new0(struct OrreryTrace, 1);
    size_t lanes = orrery_seg_lanes(seg);

    trace->seg = seg;
    trace->sums = g_new0(GChecksum *, lanes);
    trace->files = g_new0(FILE *, lanes);
    trace->dir = dir && *dir ? dir : NULL;
    trace->lanes = lanes;
    trace->fold_at = FOLD_AT;
    g_queue_init(&trace->pending);
    return trace;
}

void orrery_trace_add(struct OrreryTrace *trace, uint32_t lane, uint64_t send,
                      uint64_t arrival, uint64_t seq,
                      const void *payload, size_t len)
{
    Record *r = g_malloc(sizeof(*r) + len);

    r->lane = lane;
    r->len = len;
    r->send = send;
    r->arrival = arrival;
    r->seq = seq;
    memcpy(r->payload, payload, len);
    g_queue_push_tail(&trace->pending, r);
}

bool orrery_trace_wants_fold(const struct OrreryTrace *trace)
{
    return trace->pending.length >= trace->fold_at;
}

static void open_file(struct OrreryTrace *trace, uint32_t lane)
{
    g_autofree char *path = NULL;

    if (!trace->dir) {
        return;
    }
    path = g_strdup_printf("%s/%u", trace->dir, lane);
    trace->files[lane] = fopen(path, "w");
    if (!trace->files[lane]) {
        warn_report("orrery-member: %s: %s", path, strerror(errno));
        return;
    }
    fprintf(trace->files[lane], "%s\n", orrery_seg_lane_name(trace->seg, lane));
}

static void hash(struct OrreryTrace *trace, const Record *r)
{
    uint8_t head[26];

    if (!trace->sums[r->lane]) {
        trace->sums[r->lane] = g_checksum_new(G_CHECKSUM_SHA256);
        open_file(trace, r->lane);
    }
    stq_le_p(head, r->send);
    stq_le_p(head + 8, r->arrival);
    stq_le_p(head + 16, r->seq);
    stw_le_p(head + 24, r->len);
    g_checksum_update(trace->sums[r->lane], head, sizeof(head));
    g_checksum_update(trace->sums[r->lane], r->payload, r->len);
    if (trace->files[r->lane]) {
        fwrite(head, sizeof(head), 1, trace->files[r->lane]);
        fwrite(r->payload, r->len, 1, trace->files[r->lane]);
    }
}

/* Sent in order, so what is safe is a prefix. */
void orrery_trace_fold(struct OrreryTrace *trace, uint64_t safe)
{
    Record *r;

    while ((r = g_queue_peek_head(&trace->pending)) && r->send < safe) {
        hash(trace, r);
        g_free(g_queue_pop_head(&trace->pending));
    }
    trace->fold_at = trace->pending.length + FOLD_AT;
}

void orrery_trace_finish(struct OrreryTrace *trace, uint64_t cut,
                         struct orrery_segment *seg, unsigned self)
{
    orrery_trace_fold(trace, cut);
    for (unsigned lane = 0; lane < trace->lanes; lane++) {
        GChecksum *sum = trace->sums[lane];
        uint8_t digest[ORRERY_DIGEST_SIZE];
        gsize len = sizeof(digest);

        if (orrery_seg_lane_src(seg, lane) != self) {
            continue;
        }
        if (!sum) {
            sum = trace->sums[lane] = g_checksum_new(G_CHECKSUM_SHA256);
        }
        g_checksum_get_digest(sum, digest, &len);
        orrery_lane_set_digest(seg, lane, digest);
        if (trace->files[lane]) {
            fclose(trace->files[lane]);
        }
    }
}
