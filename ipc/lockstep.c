/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockstep.c - the words: snapshot, horizon, publish, send, ordered access. docs/lockstep.md
 * has the rules R1..R12 and their proof.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "random.h"

/* ---- the handle ---- */

static bool collect_peers(struct orrery_member *m)
{
    const struct orrery_segment *seg = m->seg;
    size_t n = seg->member_count;

    m->upstream = calloc(n, sizeof(*m->upstream));
    m->upstream_dist = calloc(n, sizeof(*m->upstream_dist));
    m->downstream = calloc(n, sizeof(*m->downstream));
    m->downstream_dist = calloc(n, sizeof(*m->downstream_dist));
    m->counters = calloc(n, sizeof(*m->counters));
    if (!m->upstream || !m->upstream_dist || !m->downstream || !m->downstream_dist ||
        !m->counters) {
        return false;
    }
    for (unsigned j = 0; j < n; j++) {
        if (j == m->self) {
            continue;
        }
        /* Whoever can reach a member that can reach me can reach me: the set is closed, so a
         * snapshot over it cannot be fooled from outside. Turn mode looks at everybody. */
        uint64_t to_me = seg_dist(seg, j, m->self);

        if (to_me < ORRERY_TIME_INF || seg->mode == ORRERY_TURNS) {
            m->upstream[m->upstream_count] = (uint16_t)j;
            m->upstream_dist[m->upstream_count++] = to_me;
        }
        uint64_t from_me = seg_dist(seg, m->self, j);

        if (from_me < ORRERY_TIME_INF && j != ORRERY_BROKER) {
            m->downstream[m->downstream_count] = (uint16_t)j;
            m->downstream_dist[m->downstream_count++] = from_me;
        }
    }
    return true;
}

/* Those whose horizon my word is in, the broker, and whoever may wait in an ordered access. */
static bool collect_sleepers(struct orrery_member *m)
{
    const struct orrery_segment *seg = m->seg;

    m->sleepers = calloc(seg->member_count, sizeof(*m->sleepers));
    if (!m->sleepers) {
        return false;
    }
    for (unsigned j = 0; j < seg->member_count; j++) {
        bool may = seg_dist(seg, m->self, j) < ORRERY_TIME_INF;

        for (unsigned i = 0; i < seg->state_count; i++) {
            may |= seg->states[i].touchers[j / 64] >> (j % 64) & 1;
        }
        if (may && j != m->self) {
            m->sleepers[m->sleeper_count++] = (uint16_t)j;
        }
    }
    return true;
}

static bool collect_lanes(struct orrery_member *m)
{
    const struct orrery_segment *seg = m->seg;

    m->inbound = calloc(seg->lane_count + 1, sizeof(*m->inbound));
    m->heads = calloc(seg->lane_count + 1, sizeof(*m->heads));
    m->tails = calloc(seg->lane_count + 1, sizeof(*m->tails));
    if (!m->inbound || !m->heads || !m->tails) {
        return false;
    }
    m->publish_every = ORRERY_TIME_INF;
    for (unsigned lane = 0; lane < seg->lane_count; lane++) {
        const struct lane_view *view = &seg->views[lane];

        if (view->dst == m->self) {
            m->inbound[m->inbound_count++] = lane;
            m->heads[lane] = load_total(&view->ring->head);
            if (view->payload_max > m->node_payload) {
                m->node_payload = view->payload_max;
            }
        }
        if (view->src == m->self) {
            m->tails[lane] = load_total(&view->ring->tail);
            if (view->dst != ORRERY_BROKER) {
                m->publish_every = time_min(m->publish_every, view->latency_ns);
            }
        }
    }
    m->window_max = WINDOW_MAX_NS;
    if (seg->reaction_ns) {
        m->window_max = time_min(m->window_max, time_max(seg->reaction_ns / 2, 1)); /* R8 */
    }
    for (unsigned i = 0; i < seg->state_count; i++) {
        if (seg->states[i].touchers[m->self / 64] >> (m->self % 64) & 1) {
            m->window_max = time_min(m->window_max, WINDOW_SHARED_NS);
        }
    }
    return true;
}

struct orrery_member *orrery_member_create(struct orrery_segment *seg, unsigned self,
                                           struct orrery_error *err)
{
    struct orrery_member *m = calloc(1, sizeof(*m));

    if (self >= seg->member_count) {
        snprintf(err->text, sizeof(err->text), "no member %u in this segment", self);
        free(m);
        return NULL;
    }
    if (m) {
        m->seg = seg;
        m->self = self;
        m->me = &seg->members[self];
        m->backlog_tail = &m->backlog;
        m->freeze_ns = ORRERY_TIME_INF;
        m->origin = -1;
        if (seg->header->jitter_seed) {
            m->jitter = seg->header->jitter_seed * UINT64_C(0x9e3779b97f4a7c15) + self + 1;
        }
    }
    if (!m || !collect_peers(m) || !collect_sleepers(m) || !collect_lanes(m)) {
        snprintf(err->text, sizeof(err->text), "out of memory");
        orrery_member_destroy(m);
        return NULL;
    }
    waiter_init(m);
    return m;
}

void orrery_member_destroy(struct orrery_member *m)
{
    if (!m) {
        return;
    }
    waiter_finish(m);
    queue_clear(m);
    free(m->taken);
    for (struct node *node = m->free_nodes, *next; node; node = next) {
        next = node->next_free;
        free(node);
    }
    for (struct backlog_entry *entry = m->backlog, *next; entry; entry = next) {
        next = entry->next;
        free(entry);
    }
    free(m->heap);
    free(m->upstream);
    free(m->upstream_dist);
    free(m->downstream);
    free(m->downstream_dist);
    free(m->counters);
    free(m->sleepers);
    free(m->inbound);
    free(m->heads);
    free(m->tails);
    free(m);
}

unsigned orrery_self(const struct orrery_member *m)
{
    return m->self;
}

struct orrery_segment *orrery_segment_of(const struct orrery_member *m)
{
    return m->seg;
}

uint64_t orrery_horizon(const struct orrery_member *m)
{
    return m->horizon;
}

uint64_t orrery_last_seq(const struct orrery_member *m)
{
    return m->seq;
}

/* ---- words ---- */

/*
 * R5. One attempt; false: somebody sent meanwhile, look again. Words alone can be fooled by a
 * message bouncing between idle members: each is seen in the moment it is idle. A sender
 * lowers the receiver, then counts, then may raise itself; so if no counter moved, no message
 * left a word we had yet to read for one we had read already.
 */
bool snapshot_words(struct orrery_member *m, uint64_t *horizon, int *origin)
{
    const struct orrery_segment *seg = m->seg;
    uint64_t least = ORRERY_TIME_INF;

    *origin = -1;
    for (size_t i = 0; i < m->upstream_count; i++) {
        m->counters[i] = load_total(&seg->members[m->upstream[i]].sent);
    }
    for (size_t i = 0; i < m->upstream_count; i++) {
        uint64_t reach = time_add(word_time(&seg->members[m->upstream[i]]), m->upstream_dist[i]);

        if (reach < least) {
            least = reach;
            *origin = m->upstream[i];
        }
    }
    for (size_t i = 0; i < m->upstream_count; i++) {
        if (m->counters[i] != load_total(&seg->members[m->upstream[i]].sent)) {
            return false;
        }
    }
    *horizon = least;
    return true;
}

/* Horizon now, with nothing drained: R1 says snapshot first, drain after. */
uint64_t member_horizon(struct orrery_member *m)
{
    uint64_t horizon = 0;

    if (!backlog_flush(m)) {
        /* R7: a full ring is waited for. What it keeps here has lowered nobody (R3), so no
         * snapshot would say when the answer may come. */
        m->origin = m->seg->views[m->backlog->lane].dst;
        return 0;
    }
    if (m->seg->mode == ORRERY_TURNS && m->self != ORRERY_BROKER) {
        horizon = turns_horizon(m, &m->origin);
        if (horizon) {
            m->turn_end = horizon; /* it is my turn: my word stays until I am there */
        }
        return horizon;
    }
    while (!snapshot_words(m, &horizon, &m->origin)) {
        cpu_relax();
    }
    return horizon;
}

/* R3: a sender lowers the receiver's word; the version always moves, so that an owner that
 * has the old word in hand fails its compare-and-swap and looks into its rings again. */
void lower_word(struct orrery_segment *seg, unsigned member, uint64_t t_ns)
{
    uint64_t *word = &seg->members[member].word;
    uint64_t old = load_total(word);

    while (!cas_total(word, &old, WORD(time_min(WORD_TIME(old), t_ns), old + 1))) {
    }
}

/* The owner sets its word to exactly t (never below what it is): R6 and the broker. */
void raise_word(struct orrery_member *m, uint64_t t_ns)
{
    uint64_t old = load_total(&m->me->word), first = WORD_TIME(old);

    for (;;) {
        if (WORD_TIME(old) >= t_ns) {
            return;
        }
        ring_drain(m);
        if (cas_total(&m->me->word, &old, WORD(t_ns, old))) {
            break;
        }
        first = time_min(first, WORD_TIME(old));
    }
    wake_crossed(m, first, t_ns);
}

uint64_t orrery_publish(struct orrery_member *m, uint64_t now_ns, uint64_t own_next_ns)
{
    uint64_t old, t, most = m->freeze_ns;

    /* The horizon is looked at next: the others' words may travel while mine is written. */
    for (size_t i = 0; i < m->upstream_count; i++) {
        __builtin_prefetch(&m->seg->members[m->upstream[i]].word);
    }
    /* R2: an ordered access begun at access_ns and abandoned is done again from the start of
     * its instruction, but it has been published; undelivered messages do not matter to it. */
    now_ns = time_max(now_ns, m->access_ns);
    if (!backlog_flush(m)) {
        /* R3: a send must be in its ring before the word may pass it. */
        most = time_min(most, m->backlog->send_ns);
    }
    old = load_total(&m->me->word);
    for (;;) {
        ring_drain(m);
        t = time_max(now_ns, time_min(own_next_ns, orrery_next_arrival(m)));
        t = time_min(t, most);
        if (t <= WORD_TIME(old) || t < m->turn_end) {
            return WORD_TIME(old); /* in turn mode only the turn's end raises the word */
        }
        if (cas_total(&m->me->word, &old, WORD(t, old))) {
            break;
        }
    }
    wake_crossed(m, WORD_TIME(old), t);
    return t;
}

/* R3, for one message that is due now. False: the ring is full. */
static bool send_now(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                     uint64_t seq, const void *payload, size_t len)
{
    unsigned dst = m->seg->views[lane].dst;

    if (!ring_push(m, lane, send_ns, arrival_ns, seq, payload, len)) {
        return false;
    }
    if (dst != ORRERY_BROKER) { /* R8: bytes to the broker do not touch its word */
        lower_word(m->seg, dst, arrival_ns);
    }
    /* Pairs with snapshot_words(): after the lowering, before any raise of mine. */
    add_total(&m->me->sent, 1);
    if (dst != ORRERY_BROKER) {
        wake_member(m->seg, dst);
    }
    return true;
}

bool backlog_flush(struct orrery_member *m)
{
    struct backlog_entry *entry;

    while ((entry = m->backlog) != NULL) {
        if (!send_now(m, entry->lane, entry->send_ns, entry->arrival_ns, entry->seq, entry->payload,
                      entry->len)) {
            return false;
        }
        m->backlog = entry->next;
        if (!m->backlog) {
            m->backlog_tail = &m->backlog;
        }
        free(entry);
    }
    return true;
}

bool orrery_send(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                 const void *payload, size_t len)
{
    const struct lane_view *view;
    bool broker_end;

    if (lane >= m->seg->lane_count || m->seg->views[lane].src != m->self ||
        len > m->seg->views[lane].payload_max) {
        return false;
    }
    view = &m->seg->views[lane];
    broker_end = view->dst == ORRERY_BROKER || m->self == ORRERY_BROKER;
    if (send_ns < WORD_TIME(load_total(&m->me->word)) || arrival_ns >= ORRERY_TIME_INF ||
        arrival_ns < (broker_end ? send_ns : time_add(send_ns, view->latency_ns))) {
        orrery_mark_dead(m->seg, (int)m->self, "sent a message that would arrive too early");
        return false;
    }
    m->seq++;
    m->last_stamp = time_max(m->last_stamp, send_ns);
    if ((m->backlog || !send_now(m, lane, send_ns, arrival_ns, m->seq, payload, len)) &&
        !backlog_add(m, lane, send_ns, arrival_ns, m->seq, payload, len)) {
        return false;
    }
    if (!broker_end && m->seg->mode == ORRERY_PARALLEL) {
        m->horizon = time_min(m->horizon,
                              time_add(arrival_ns, seg_dist(m->seg, view->dst, m->self)));
    }
    return true;
}

/* ---- windows ---- */

bool jitter_kicks(struct orrery_member *m)
{
    return m->jitter && orrery_random(&m->jitter) % 8 == 0;
}

/*
 * R12. Without a cap two busy members would take turns, each running two latencies while the
 * other waits. So: up to one own latency past base, or further to the point where the nearest
 * peer is released by my word. base is my word when I am idle, so that I get as far as to the
 * event that I sleep for.
 */
static uint64_t release_point(const struct orrery_member *m, uint64_t base_ns)
{
    uint64_t least = ORRERY_TIME_INF;
    uint64_t soon = time_add(base_ns, m->publish_every);

    for (size_t i = 0; i < m->downstream_count; i++) {
        uint64_t word = word_time(&m->seg->members[m->downstream[i]]);

        if (word < ORRERY_TIME_INF) {
            uint64_t dist = m->downstream_dist[i];

            least = time_min(least, time_max(soon, word >= dist ? word - dist + 1 : 0));
        }
    }
    return least;
}

uint64_t orrery_window(struct orrery_member *m, uint64_t now_ns, uint64_t *horizon_ns)
{
    uint64_t target, base = now_ns;

    count(&m->me->stats.windows);
    m->horizon = 0;
    if (orrery_state(m->seg) == ORRERY_RUNNING && !park_check(m, now_ns)) {
        m->horizon = member_horizon(m);
        ring_drain(m);
    }
    if (horizon_ns) {
        *horizon_ns = m->horizon;
    }
    target = m->horizon;
    if (m->seg->mode == ORRERY_PARALLEL) {
        base = time_max(base, word_time(m->me));
    }
    if (target <= base) {
        return target;
    }
    if (m->seg->mode == ORRERY_PARALLEL) {
        target = time_min(target, release_point(m, base));
        target = time_min(target, time_add(base, m->window_max));
    }
    if (m->jitter && orrery_random(&m->jitter) % 4 != 0) {
        target = base + 1 + orrery_random(&m->jitter) % (target - base);
    }
    return target;
}

/* ---- ordered access ---- */

/* R6: compare the toucher with every k that could still reach it. One attempt of a snapshot. */
static bool may_touch(struct orrery_member *m, const struct seg_state *state, uint64_t t_ns,
                      bool *clean)
{
    const struct orrery_segment *seg = m->seg;
    size_t n = seg->member_count;
    uint64_t sum_before = 0, sum_after = 0;
    bool may = true;

    /* The counters only grow, so equal sums mean equal counters. */
    for (size_t k = 0; k < n; k++) {
        sum_before += load_total(&seg->members[k].sent);
    }
    for (unsigned toucher = 0; toucher < n && may; toucher++) {
        if (toucher == m->self || !(state->touchers[toucher / 64] >> (toucher % 64) & 1)) {
            continue;
        }
        for (unsigned k = 0; k < n && may; k++) {
            uint64_t reach;

            if (k == m->self || k == ORRERY_BROKER) {
                continue; /* the ceiling is above t: t < horizon */
            }
            reach = time_add(word_time(&seg->members[k]), seg_dist(seg, k, toucher));
            may = reach > t_ns || (reach == t_ns && toucher > m->self);
            m->origin = may ? m->origin : (int)k;
        }
    }
    for (size_t k = 0; k < n; k++) {
        sum_after += load_total(&seg->members[k].sent);
    }
    *clean = sum_before == sum_after;
    return may;
}

bool ordered_ready(struct orrery_member *m, unsigned state, uint64_t t_ns)
{
    bool clean = false, may = false;

    if (m->seg->mode == ORRERY_TURNS) {
        return turns_may_touch(m, t_ns);
    }
    while (!clean) {
        may = may_touch(m, &m->seg->states[state], t_ns, &clean);
    }
    return may;
}

/* ---- leaving ---- */

void orrery_power_off(struct orrery_member *m, uint64_t at_ns, int exit_code)
{
    m->me->off_ns = at_ns;
    m->me->exit_code = exit_code;
    park_answer(m, at_ns);
    /* Pairs with orrery_is_off(): the reader sees the time and the code. */
    store_total(&m->me->off, MEMBER_OFF);
    m->horizon = m->turn_end = m->access_ns = 0;
    orrery_publish(m, at_ns, ORRERY_TIME_INF); /* a backlog holds it back, as ever */
    wake_member(m->seg, ORRERY_BROKER);
}

void orrery_power_on(struct orrery_member *m)
{
    if (load_total(&m->me->off) == MEMBER_OFF) {
        store_total(&m->me->off, MEMBER_ON);
    }
    /* Pairs with orrery_power_ons(): whoever sees it sees what I have been since. */
    store_total(&m->me->power_ons, m->me->power_ons + 1);
}

void orrery_fail(struct orrery_member *m, uint64_t at_ns, int exit_code)
{
    m->horizon = m->turn_end = m->access_ns = 0;
    m->freeze_ns = at_ns;
    orrery_publish(m, at_ns, at_ns);
    m->me->off_ns = at_ns;
    m->me->exit_code = exit_code;
    park_answer(m, at_ns);
    /* Pairs with orrery_is_failed(): the reader sees the time and the code. */
    store_total(&m->me->off, MEMBER_FAILED);
    wake_member(m->seg, ORRERY_BROKER);
}

void orrery_done(struct orrery_member *m)
{
    /* Pairs with orrery_is_done(): the digests are there. */
    store_total(&m->me->done, 1);
    wake_member(m->seg, ORRERY_BROKER);
}
