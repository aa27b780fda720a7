/* SPDX-License-Identifier: Apache-2.0 */
/* segment.c - format, attach and check the shared file; what it says to readers. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layout.h"

#define CONSTANT_BYTES offsetof(struct seg_header, state) /* of the header, never changed */

__attribute__((format(printf, 2, 3))) static void fail(struct orrery_error *err, const char *format,
                                                       ...)
{
    va_list args;

    if (!err) {
        return;
    }
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
}

static uint64_t align_up(uint64_t n)
{
    return (n + CACHE_LINE - 1) & ~(uint64_t)(CACHE_LINE - 1);
}

static uint32_t lane_slot_bytes(uint32_t payload_max)
{
    return (uint32_t)((sizeof(struct slot) + payload_max + 7) & ~(size_t)7);
}

static bool name_ok(const char *name)
{
    return name[0] != '\0' && memchr(name, '\0', ORRERY_NAME_MAX) != NULL;
}

static bool check_lane_spec(const struct orrery_lane_spec *lane, size_t members,
                            struct orrery_error *err)
{
    bool broker_end = lane->src == ORRERY_BROKER || lane->dst == ORRERY_BROKER;

    if (!name_ok(lane->name)) {
        fail(err, "lane without a name");
    } else if (lane->src >= members || lane->dst >= members) {
        fail(err, "lane %s: no such member", lane->name);
    } else if (lane->src == lane->dst) {
        fail(err, "lane %s: loops to its own member", lane->name);
    } else if (!broker_end && (lane->latency_ns == 0 || lane->latency_ns >= ORRERY_TIME_INF)) {
        fail(err, "lane %s: latency must be between 1 ns and 13 days", lane->name);
    } else if (lane->slots < 2 || lane->slots > 4096 || (lane->slots & (lane->slots - 1))) {
        fail(err, "lane %s: %u slots: not a power of two from 2 to 4096", lane->name, lane->slots);
    } else if (lane->payload_max == 0 || lane->payload_max > ORRERY_MAX_PAYLOAD) {
        fail(err, "lane %s: payload of %u bytes: not 1 to %d", lane->name, lane->payload_max,
             ORRERY_MAX_PAYLOAD);
    } else {
        return true;
    }
    return false;
}

/*
 * R4: between an owner's load of its word and its compare-and-swap, at most every slot into it
 * can be filled twice and every sender be in the middle of one more lowering. More lowerings
 * than the version can count could bring the same word back and lose one.
 */
static bool check_version_range(const struct orrery_topology *topo, struct orrery_error *err)
{
    for (unsigned member = 1; member < topo->member_count; member++) {
        uint64_t lowerings = topo->member_count;

        for (size_t i = 0; i < topo->lane_count; i++) {
            if (topo->lanes[i].dst == member) {
                lowerings += 2 * (uint64_t)topo->lanes[i].slots;
            }
        }
        if (lowerings > VERSION_MASK) {
            fail(err, "member %s: too many ring slots into it (%llu lowerings, %llu versions)",
                 topo->members[member].name, (unsigned long long)lowerings,
                 (unsigned long long)VERSION_MASK);
            return false;
        }
    }
    return true;
}

static bool check_topology(const struct orrery_topology *topo, struct orrery_error *err)
{
    if (topo->member_count < 1 || topo->member_count > ORRERY_MAX_MEMBERS) {
        fail(err, "%zu members: not 1 to %d", topo->member_count, ORRERY_MAX_MEMBERS);
        return false;
    }
    if (topo->mode != ORRERY_PARALLEL && topo->mode != ORRERY_TURNS) {
        fail(err, "unknown clock mode %d", (int)topo->mode);
        return false;
    }
    if (topo->reaction_ns >= ORRERY_TIME_INF) {
        fail(err, "reaction of %llu ns: not below 13 days", (unsigned long long)topo->reaction_ns);
        return false;
    }
    if (topo->lane_count > ORRERY_MAX_LANES || topo->state_count > ORRERY_MAX_STATES) {
        fail(err, "%zu lanes and %zu states: at most %d and %d", topo->lane_count,
             topo->state_count, ORRERY_MAX_LANES, ORRERY_MAX_STATES);
        return false;
    }
    for (size_t i = 0; i < topo->member_count; i++) {
        if (!name_ok(topo->members[i].name)) {
            fail(err, "member %zu without a name", i);
            return false;
        }
    }
    for (size_t i = 0; i < topo->lane_count; i++) {
        if (!check_lane_spec(&topo->lanes[i], topo->member_count, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < topo->state_count; i++) {
        const struct orrery_state_spec *state = &topo->states[i];
        bool ok = name_ok(state->name) && state->size > 0 && state->size <= 1u << 24 &&
                  state->toucher_count <= topo->member_count;

        for (unsigned j = 0; ok && j < state->toucher_count; j++) {
            ok = state->touchers[j] < topo->member_count;
        }
        if (!ok) {
            fail(err, "state %zu: bad name, size or touchers", i);
            return false;
        }
    }
    return check_version_range(topo, err);
}

/* Floyd-Warshall over the instances; the broker is on no path (R8). */
static void compute_dist(uint64_t *dist, const struct orrery_topology *topo)
{
    size_t n = topo->member_count;

    for (size_t i = 0; i < n * n; i++) {
        dist[i] = ORRERY_TIME_INF;
    }
    for (size_t i = 0; i < n; i++) {
        dist[i * n + i] = 0;
    }
    for (size_t i = 0; i < topo->lane_count; i++) {
        const struct orrery_lane_spec *lane = &topo->lanes[i];

        if (lane->src != ORRERY_BROKER && lane->dst != ORRERY_BROKER) {
            uint64_t *d = &dist[lane->src * n + lane->dst];

            *d = time_min(*d, lane->latency_ns);
        }
    }
    for (size_t k = 1; k < n; k++) {
        for (size_t i = 1; i < n; i++) {
            for (size_t j = 1; j < n; j++) {
                uint64_t via = time_add(dist[i * n + k], dist[k * n + j]);

                dist[i * n + j] = time_min(dist[i * n + j], via);
            }
        }
    }
    for (size_t i = 1; i < n; i++) {
        dist[i] = 0;     /* broker -> i: the ceiling */
        dist[i * n] = 0; /* i -> broker: the lower bound */
    }
}

/* W of turn mode: the least latency or reaction, whichever is less. */
static uint64_t turn_window(const struct orrery_topology *topo)
{
    uint64_t window = topo->reaction_ns ? topo->reaction_ns : UINT64_C(10000000);

    if (topo->mode != ORRERY_TURNS) {
        return 1;
    }
    for (size_t i = 0; i < topo->lane_count; i++) {
        if (topo->lanes[i].src != ORRERY_BROKER && topo->lanes[i].dst != ORRERY_BROKER) {
            window = time_min(window, topo->lanes[i].latency_ns);
        }
    }
    return window;
}

static uint64_t layout_rings(const struct orrery_topology *topo, uint64_t offset,
                             struct seg_lane *lanes, struct seg_state *states)
{
    for (size_t i = 0; i < topo->lane_count; i++) {
        const struct orrery_lane_spec *lane = &topo->lanes[i];
        uint32_t slot_bytes = lane_slot_bytes(lane->payload_max);

        if (lanes) {
            lanes[i].src = lane->src;
            lanes[i].dst = lane->dst;
            lanes[i].slots = lane->slots;
            lanes[i].payload_max = lane->payload_max;
            lanes[i].slot_bytes = slot_bytes;
            lanes[i].latency_ns = lane->latency_ns;
            lanes[i].ring = offset;
            memcpy(lanes[i].name, lane->name, ORRERY_NAME_MAX);
        }
        offset = align_up(offset + sizeof(struct ring) + (uint64_t)lane->slots * slot_bytes);
    }
    for (size_t i = 0; i < topo->state_count; i++) {
        const struct orrery_state_spec *state = &topo->states[i];

        if (states) {
            states[i].bytes = offset;
            states[i].size = state->size;
            for (unsigned j = 0; j < state->toucher_count; j++) {
                states[i].touchers[state->touchers[j] / 64] |= UINT64_C(1)
                                                               << (state->touchers[j] % 64);
            }
            memcpy(states[i].name, state->name, ORRERY_NAME_MAX);
        }
        offset = align_up(offset + state->size);
    }
    return offset;
}

static void fill_header(struct seg_header *header, const struct orrery_topology *topo,
                        uint64_t file_bytes)
{
    header->magic = SEG_MAGIC;
    header->version = SEG_VERSION;
    header->header_bytes = sizeof(*header);
    header->file_bytes = file_bytes;
    header->run_id = topo->run_id;
    header->mode = topo->mode;
    header->member_count = (uint32_t)topo->member_count;
    header->lane_count = (uint32_t)topo->lane_count;
    header->state_count = (uint32_t)topo->state_count;
    header->members = align_up(sizeof(*header));
    header->dist = align_up(header->members + topo->member_count * sizeof(struct seg_member));
    header->lanes =
        align_up(header->dist + topo->member_count * topo->member_count * sizeof(uint64_t));
    header->states = align_up(header->lanes + topo->lane_count * sizeof(struct seg_lane));
    header->reaction_ns = topo->reaction_ns;
    header->jitter_seed = topo->jitter_seed;
    header->turn_ns = turn_window(topo);
    header->trace_hash = topo->trace_hash;
    header->end_ns = ORRERY_TIME_INF;
    header->dead_member = -1;
}

/* FNV-1a, 64 bit, over what never changes. Against accidents, not against malice. */
uint64_t header_checksum(const struct seg_header *header)
{
    const uint8_t *bytes = (const uint8_t *)header;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < offsetof(struct seg_header, checksum); i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

struct orrery_segment *orrery_segment_format(int fd, const struct orrery_topology *topo,
                                             struct orrery_error *err)
{
    struct seg_header header = {0};
    struct stat st;
    uint64_t rings, bytes;
    uint8_t *base;
    int error;

    if (!check_topology(topo, err)) {
        return NULL;
    }
    if (fstat(fd, &st) < 0) {
        fail(err, "segment: %s", strerror(errno));
        return NULL;
    }
    if (st.st_size != 0) {
        fail(err, "segment: the file is not empty");
        return NULL;
    }
    fill_header(&header, topo, 0);
    rings = align_up(header.states + topo->state_count * sizeof(struct seg_state));
    bytes = layout_rings(topo, rings, NULL, NULL);
    header.file_bytes = bytes;
    if (bytes > SEG_MAX_BYTES) {
        fail(err, "segment: %llu bytes needed, at most 4 GiB", (unsigned long long)bytes);
        return NULL;
    }
    header.checksum = header_checksum(&header);
    /* Not ftruncate(): a full /dev/shm must be an error here and not a SIGBUS later. */
    error = posix_fallocate(fd, 0, (off_t)bytes);
    if (error) {
        fail(err, "segment: %llu bytes: %s", (unsigned long long)bytes, strerror(error));
        return NULL;
    }
    base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        fail(err, "segment: %s", strerror(errno));
        return NULL;
    }
    header.magic = 0; /* until everything is there */
    memcpy(base, &header, sizeof(header));
    for (size_t i = 0; i < topo->member_count; i++) {
        struct seg_member *member = (struct seg_member *)(base + header.members) + i;

        memcpy(member->name, topo->members[i].name, ORRERY_NAME_MAX);
        member->waits_for = -1;
    }
    compute_dist((uint64_t *)(base + header.dist), topo);
    layout_rings(topo, rings, (struct seg_lane *)(base + header.lanes),
                 (struct seg_state *)(base + header.states));
    /* Pairs with the load in check_header(): a magic that is there means all above is. */
    store_release(&((struct seg_header *)base)->magic, SEG_MAGIC);
    munmap(base, bytes);
    return orrery_segment_attach(fd, topo->run_id, err);
}

static bool fits(uint64_t offset, uint64_t n, uint64_t each, uint64_t bytes)
{
    return offset % CACHE_LINE == 0 && offset >= sizeof(struct seg_header) && offset <= bytes &&
           n * each <= bytes - offset;
}

static bool check_header(const struct seg_header *header, uint64_t bytes, uint64_t run_id,
                         struct orrery_error *err)
{
    if (header->magic != SEG_MAGIC) {
        fail(err, "segment: not an orrery segment");
    } else if (header->version != SEG_VERSION || header->header_bytes != sizeof(*header)) {
        fail(err, "segment: version %u, this program speaks %u; rebuild both", header->version,
             SEG_VERSION);
    } else if (run_id != 0 && header->run_id != run_id) {
        fail(err, "segment: of another run (%016llx, expected %016llx)",
             (unsigned long long)header->run_id, (unsigned long long)run_id);
    } else if (header->file_bytes != bytes) {
        fail(err, "segment: truncated: %llu bytes of %llu", (unsigned long long)bytes,
             (unsigned long long)header->file_bytes);
    } else if (header->checksum != header_checksum(header)) {
        fail(err, "segment: corrupt header");
    } else if (header->member_count < 1 || header->member_count > ORRERY_MAX_MEMBERS ||
               header->lane_count > ORRERY_MAX_LANES || header->state_count > ORRERY_MAX_STATES ||
               header->mode > ORRERY_TURNS || header->turn_ns == 0 ||
               !fits(header->members, header->member_count, sizeof(struct seg_member), bytes) ||
               !fits(header->dist, (uint64_t)header->member_count * header->member_count,
                     sizeof(uint64_t), bytes) ||
               !fits(header->lanes, header->lane_count, sizeof(struct seg_lane), bytes) ||
               !fits(header->states, header->state_count, sizeof(struct seg_state), bytes)) {
        fail(err, "segment: inconsistent header");
    } else {
        return true;
    }
    return false;
}

/* A copy: the one in the segment may change at any time. */
static bool take_name(char *copy, const char *name)
{
    memcpy(copy, name, ORRERY_NAME_MAX);
    return name_ok(copy);
}

static bool check_parts(struct orrery_segment *seg, const struct seg_header *header,
                        struct orrery_error *err)
{
    for (size_t i = 0; i < seg->lane_count; i++) {
        const struct seg_lane *lane = &seg->lanes[i];
        struct lane_view *view = &seg->views[i];

        uint64_t ring = lane->ring;

        *view = (struct lane_view){.src = lane->src,
                                   .dst = lane->dst,
                                   .slots = lane->slots,
                                   .payload_max = lane->payload_max,
                                   .slot_bytes = lane->slot_bytes,
                                   .latency_ns = lane->latency_ns};
        if (view->src >= seg->member_count || view->dst >= seg->member_count || view->slots < 2 ||
            view->slots > 4096 || (view->slots & (view->slots - 1)) || view->payload_max == 0 ||
            view->payload_max > ORRERY_MAX_PAYLOAD ||
            view->slot_bytes != lane_slot_bytes(view->payload_max) ||
            !fits(ring, 1, sizeof(struct ring) + (uint64_t)view->slots * view->slot_bytes,
                  seg->bytes) ||
            !take_name(seg->names[seg->member_count + i], lane->name)) {
            fail(err, "segment: inconsistent lane %zu", i);
            return false;
        }
        view->ring = (struct ring *)(seg->base + ring);
        if (view->src != ORRERY_BROKER && view->dst != ORRERY_BROKER) {
            view->least_ns = view->latency_ns;
        }
    }
    memcpy(seg->states, seg->base + header->states, seg->state_count * sizeof(*seg->states));
    for (size_t i = 0; i < seg->state_count; i++) {
        if (!fits(seg->states[i].bytes, 1, seg->states[i].size, seg->bytes)) {
            fail(err, "segment: inconsistent state %zu", i);
            return false;
        }
    }
    for (size_t i = 0; i < seg->member_count; i++) {
        if (!take_name(seg->names[i], seg->members[i].name)) {
            fail(err, "segment: inconsistent member %zu", i);
            return false;
        }
    }
    return true;
}

static void take_header(struct orrery_segment *seg, const struct seg_header *header)
{
    seg->members = (struct seg_member *)(seg->base + header->members);
    seg->dist = (const uint64_t *)(seg->base + header->dist);
    seg->lanes = (struct seg_lane *)(seg->base + header->lanes);
    seg->member_count = header->member_count;
    seg->lane_count = header->lane_count;
    seg->state_count = header->state_count;
    seg->reaction_ns = header->reaction_ns;
    seg->turn_ns = header->turn_ns;
    seg->mode = header->mode;
    seg->trace_hash = header->trace_hash != 0;
}

struct orrery_segment *orrery_segment_attach(int fd, uint64_t run_id, struct orrery_error *err)
{
    struct seg_header header = {0};
    struct orrery_segment *seg;
    struct stat st;

    if (fstat(fd, &st) < 0) {
        fail(err, "segment: %s", strerror(errno));
        return NULL;
    }
    if (st.st_size < (off_t)sizeof(struct seg_header) || (uint64_t)st.st_size > SEG_MAX_BYTES) {
        fail(err, "segment: not an orrery segment");
        return NULL;
    }
    seg = calloc(1, sizeof(*seg));
    if (!seg) {
        fail(err, "segment: out of memory");
        return NULL;
    }
    seg->bytes = (size_t)st.st_size;
    seg->base = mmap(NULL, seg->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (seg->base == MAP_FAILED) {
        fail(err, "segment: %s", strerror(errno));
        free(seg);
        return NULL;
    }
    seg->header = (struct seg_header *)seg->base;
    /* Pairs with the store in orrery_segment_format(). Then a copy, so that what is checked is
     * what is used. */
    if (load_acquire(&seg->header->magic) == SEG_MAGIC) {
        memcpy(&header, seg->header, CONSTANT_BYTES);
    }
    if (!check_header(&header, seg->bytes, run_id, err)) {
        goto error;
    }
    take_header(seg, &header);
    seg->views = calloc(seg->lane_count + 1, sizeof(*seg->views));
    seg->states = calloc(seg->state_count + 1, sizeof(*seg->states));
    seg->names = calloc(seg->member_count + seg->lane_count, sizeof(*seg->names));
    if (!seg->views || !seg->states || !seg->names) {
        fail(err, "segment: out of memory");
        goto error;
    }
    if (!check_parts(seg, &header, err)) {
        goto error;
    }
    return seg;

error:
    orrery_segment_detach(seg);
    return NULL;
}

void orrery_segment_detach(struct orrery_segment *seg)
{
    if (seg) {
        munmap(seg->base, seg->bytes);
        free(seg->views);
        free(seg->states);
        free(seg->names);
        free(seg);
    }
}

/* ---- readers ---- */

size_t orrery_seg_members(const struct orrery_segment *seg)
{
    return seg->member_count;
}

size_t orrery_seg_lanes(const struct orrery_segment *seg)
{
    return seg->lane_count;
}

const char *orrery_seg_member_name(const struct orrery_segment *seg, unsigned member)
{
    return seg->names[member];
}

const char *orrery_seg_lane_name(const struct orrery_segment *seg, unsigned lane)
{
    return seg->names[seg->member_count + lane];
}

uint16_t orrery_seg_lane_src(const struct orrery_segment *seg, unsigned lane)
{
    return seg->views[lane].src;
}

uint16_t orrery_seg_lane_dst(const struct orrery_segment *seg, unsigned lane)
{
    return seg->views[lane].dst;
}

uint64_t orrery_seg_lane_latency(const struct orrery_segment *seg, unsigned lane)
{
    return seg->views[lane].latency_ns;
}

uint64_t orrery_seg_dist(const struct orrery_segment *seg, unsigned from, unsigned to)
{
    return seg_dist(seg, from, to);
}

size_t orrery_seg_states(const struct orrery_segment *seg)
{
    return seg->state_count;
}

bool orrery_seg_touches(const struct orrery_segment *seg, unsigned state, unsigned member)
{
    return state < seg->state_count && member < seg->member_count &&
           (seg->states[state].touchers[member / 64] >> (member % 64) & 1);
}

bool orrery_seg_trace_hash(const struct orrery_segment *seg)
{
    return seg->trace_hash;
}

enum orrery_mode orrery_seg_mode(const struct orrery_segment *seg)
{
    return seg->mode;
}

uint64_t orrery_seg_turn_ns(const struct orrery_segment *seg)
{
    return seg->turn_ns;
}

uint64_t orrery_word(const struct orrery_segment *seg, unsigned member)
{
    return word_time(&seg->members[member]);
}

/* Whose word holds the horizon of a sleeper back, now: it may be another than when it fell asleep,
 * as only who crosses its need wakes it. */
static int nearest_origin(const struct orrery_segment *seg, unsigned member)
{
    uint64_t least = ORRERY_TIME_INF;
    int origin = -1;

    for (unsigned j = 0; j < seg->member_count; j++) {
        uint64_t reach = time_add(word_time(&seg->members[j]), seg_dist(seg, j, member));

        if (j != member && reach < least) {
            least = reach;
            origin = (int)j;
        }
    }
    return origin;
}

int orrery_waits_for(const struct orrery_segment *seg, unsigned member)
{
    int origin = load_relaxed(&seg->members[member].waits_for), nearest;

    if (origin < 0 || origin >= (int)seg->member_count) {
        return -1;
    }
    if (seg->mode == ORRERY_TURNS || load_total(&seg->members[member].need_kind) == NEED_ORDERED) {
        return origin;
    }
    nearest = nearest_origin(seg, member);
    return nearest < 0 ? origin : nearest;
}

bool orrery_is_stopped(const struct orrery_segment *seg, unsigned member)
{
    return load_total(&seg->members[member].stopped) != 0;
}

enum orrery_run_state orrery_state(const struct orrery_segment *seg)
{
    return load_total(&seg->header->state);
}

void orrery_mark_dead(struct orrery_segment *seg, int member, const char *reason)
{
    if (exchange_total(&seg->header->dead_claimed, 1) == 0) {
        seg->header->dead_member = member;
        snprintf(seg->header->dead_reason, sizeof(seg->header->dead_reason), "%s", reason);
        /* Pairs with orrery_state(): who sees DEAD sees the reason. */
        store_total(&seg->header->state, ORRERY_DEAD);
    }
    /* Whoever claimed it may have been killed before it could say so: do not wait for ever. */
    for (unsigned i = 0; orrery_state(seg) != ORRERY_DEAD; i++) {
        if (i > 1000) {
            store_total(&seg->header->state, ORRERY_DEAD);
        }
        sched_yield();
    }
    wake_everybody(seg);
}

int orrery_dead_reason(const struct orrery_segment *seg, char *buf, size_t len)
{
    char text[sizeof(seg->header->dead_reason)];

    memcpy(text, seg->header->dead_reason, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    snprintf(buf, len, "%s", text);
    return seg->header->dead_member;
}

void orrery_lane_stats(const struct orrery_segment *seg, unsigned lane,
                       struct orrery_lane_stats *out)
{
    const struct orrery_lane_stats *stats = &seg->lanes[lane].stats;
    uint64_t delivered;

    out->sent = load_relaxed(&seg->views[lane].ring->tail);
    out->overruns = load_relaxed(&stats->overruns);
    out->framing_errors = load_relaxed(&stats->framing_errors);
    out->too_fast = load_relaxed(&stats->too_fast);
    out->dropped = load_relaxed(&stats->dropped);
    /* what is dropped has come, and is no use to anybody; another process counts meanwhile */
    delivered = load_relaxed(&stats->delivered);
    out->delivered = delivered > out->dropped ? delivered - out->dropped : 0;
    out->corrupted = load_relaxed(&stats->corrupted);
    out->delayed = load_relaxed(&stats->delayed);
}

void orrery_lane_count(struct orrery_segment *seg, unsigned lane, enum orrery_lane_event what)
{
    struct orrery_lane_stats *stats = &seg->lanes[lane].stats;

    switch (what) {
    case ORRERY_LANE_OVERRUN:
        add_relaxed(&stats->overruns, 1);
        break;
    case ORRERY_LANE_FRAMING:
        add_relaxed(&stats->framing_errors, 1);
        break;
    case ORRERY_LANE_TOO_FAST:
        add_relaxed(&stats->too_fast, 1);
        break;
    case ORRERY_LANE_DROPPED:
        add_relaxed(&stats->dropped, 1);
        break;
    case ORRERY_LANE_CORRUPTED:
        add_relaxed(&stats->corrupted, 1);
        break;
    case ORRERY_LANE_DELAYED:
        add_relaxed(&stats->delayed, 1);
        break;
    }
}

void orrery_member_stats(const struct orrery_segment *seg, unsigned member,
                         struct orrery_member_stats *out)
{
    const struct orrery_member_stats *stats = &seg->members[member].stats;

    out->windows = load_relaxed(&stats->windows);
    out->waits = load_relaxed(&stats->waits);
    out->spins = load_relaxed(&stats->spins);
    out->sleeps = load_relaxed(&stats->sleeps);
}

void orrery_lane_set_digest(struct orrery_segment *seg, unsigned lane,
                            const uint8_t digest[ORRERY_DIGEST_SIZE])
{
    memcpy(seg->lanes[lane].digest, digest, ORRERY_DIGEST_SIZE);
}

void orrery_lane_digest(const struct orrery_segment *seg, unsigned lane,
                        uint8_t digest[ORRERY_DIGEST_SIZE])
{
    memcpy(digest, seg->lanes[lane].digest, ORRERY_DIGEST_SIZE);
}

void *orrery_state_bytes(struct orrery_segment *seg, unsigned state, size_t *size)
{
    if (size) {
        *size = seg->states[state].size;
    }
    return seg->base + seg->states[state].bytes;
}

uint64_t orrery_ceiling(const struct orrery_segment *seg)
{
    return word_time(&seg->members[ORRERY_BROKER]);
}

uint64_t orrery_end_time(const struct orrery_segment *seg)
{
    return load_total(&seg->header->end_ns);
}

bool orrery_is_off(const struct orrery_segment *seg, unsigned member, uint64_t *at_ns,
                   int *exit_code)
{
    const struct seg_member *who = &seg->members[member];

    if (load_total(&who->off) != MEMBER_OFF) {
        return false;
    }
    if (at_ns) {
        *at_ns = who->off_ns;
    }
    if (exit_code) {
        *exit_code = who->exit_code;
    }
    return true;
}

bool orrery_is_failed(const struct orrery_segment *seg, unsigned member, uint64_t *at_ns,
                      int *exit_code)
{
    const struct seg_member *who = &seg->members[member];

    if (load_total(&who->off) != MEMBER_FAILED) {
        return false;
    }
    if (at_ns) {
        *at_ns = who->off_ns;
    }
    if (exit_code) {
        *exit_code = who->exit_code;
    }
    return true;
}

uint32_t orrery_power_ons(const struct orrery_segment *seg, unsigned member)
{
    return load_total(&seg->members[member].power_ons);
}

bool orrery_is_done(const struct orrery_segment *seg, unsigned member)
{
    return load_total(&seg->members[member].done) != 0;
}
