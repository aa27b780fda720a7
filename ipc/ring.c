/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.c - lanes: single-producer single-consumer rings in the segment, the private queue
 * that orders what came out of them, and the backlog of what did not fit into one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

static struct slot *slot_at(const struct lane_view *view, uint64_t index)
{
    return (struct slot *)(view->ring->slots +
                           (size_t)(index & (view->slots - 1)) * view->slot_bytes);
}

static bool before(const struct node *a, const struct node *b)
{
    if (a->arrival_ns != b->arrival_ns) {
        return a->arrival_ns < b->arrival_ns;
    }
    if (a->source != b->source) {
        return a->source < b->source;
    }
    return a->seq < b->seq;
}

static bool heap_push(struct orrery_member *m, struct node *node)
{
    size_t i;

    if (m->heap_count == m->heap_capacity) {
        size_t capacity = m->heap_capacity ? 2 * m->heap_capacity : 64;
        struct node **heap = realloc(m->heap, capacity * sizeof(*heap));

        if (!heap) {
            return false;
        }
        m->heap = heap;
        m->heap_capacity = capacity;
    }
    for (i = m->heap_count++; i > 0 && before(node, m->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        m->heap[i] = m->heap[(i - 1) / 2];
    }
    m->heap[i] = node;
    return true;
}

static struct node *heap_pop(struct orrery_member *m)
{
    struct node *top = m->heap[0], *last = m->heap[--m->heap_count];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= m->heap_count) {
            break;
        }
        if (child + 1 < m->heap_count && before(m->heap[child + 1], m->heap[child])) {
            child++;
        }
        if (!before(m->heap[child], last)) {
            break;
        }
        m->heap[i] = m->heap[child];
        i = child;
    }
    if (m->heap_count) {
        m->heap[i] = last;
    }
    return top;
}

static struct node *node_get(struct orrery_member *m)
{
    struct node *node = m->free_nodes;

    if (node) {
        m->free_nodes = node->next_free;
        return node;
    }
    return malloc(sizeof(*node) + m->node_payload);
}

static void node_put(struct orrery_member *m, struct node *node)
{
    node->next_free = m->free_nodes;
    m->free_nodes = node;
}

static void broken_by(struct orrery_member *m, unsigned lane, unsigned member, const char *what)
{
    char reason[160];

    snprintf(reason, sizeof(reason), "lane %.64s: %s", orrery_seg_lane_name(m->seg, lane), what);
    orrery_mark_dead(m->seg, (int)member, reason);
}

static void broken(struct orrery_member *m, unsigned lane, const char *what)
{
    broken_by(m, lane, m->seg->views[lane].src, what);
}

/* Everything in a slot was written by another process: believe nothing (untrusted input). */
static bool take_slot(struct orrery_member *m, unsigned lane, const struct lane_view *view,
                      const struct slot *slot)
{
    struct node *node;
    /* Read once: what is checked is what is used. */
    uint32_t len = load_relaxed(&slot->len);
    uint64_t arrival = load_relaxed(&slot->arrival_ns), send = load_relaxed(&slot->send_ns);

    if (len > view->payload_max) {
        broken(m, lane, "message longer than the lane allows");
        return false;
    }
    if (arrival >= ORRERY_TIME_INF || arrival < m->executed) {
        char what[96];

        snprintf(what, sizeof(what), "message in the past (%llu, now at %llu)",
                 (unsigned long long)arrival, (unsigned long long)m->executed);
        broken(m, lane, what);
        return false;
    }
    if (arrival < send || arrival - send < m->seg->views[lane].least_ns) {
        broken(m, lane, "message faster than the lane's latency");
        return false;
    }
    node = node_get(m);
    if (!node) {
        broken(m, lane, "out of memory");
        return false;
    }
    node->arrival_ns = arrival;
    node->send_ns = send;
    node->seq = slot->seq;
    node->lane = lane;
    node->source = view->src;
    node->len = (uint16_t)len;
    memcpy(node->payload, slot->payload, len);
    if (!heap_push(m, node)) {
        free(node);
        broken(m, lane, "out of memory");
        return false;
    }
    return true;
}

/*
 * Where the source may overwrite up to: head, or what a tap has read if that is less; never back. A
 * tap that has gone is forgotten once what it held is free again.
 */
static uint64_t released(struct ring *ring, uint64_t head, uint64_t tap)
{
    uint64_t before = load_relaxed(&ring->head);

    if (tap == TAP_GONE) {
        __atomic_compare_exchange_n(&ring->tap, &tap, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
        return head;
    }
    head = tap && tap - 1 < head ? tap - 1 : head;
    return head - before <= UINT32_MAX ? head : before;
}

void ring_drain(struct orrery_member *m)
{
    for (size_t i = 0; i < m->inbound_count; i++) {
        unsigned lane = m->inbound[i];
        const struct lane_view *view = &m->seg->views[lane];
        uint64_t head = m->heads[lane];
        /* Pairs with the store_release() in ring_push(): slots below tail are whole. */
        uint64_t tail = load_acquire(&view->ring->tail);
        uint64_t tap = load_total(&view->ring->tap);

        if (tail == head && !tap) {
            continue;
        }
        if (tail - head > view->slots) {
            broken(m, lane, "ring is corrupt");
            return;
        }
        for (; head != tail; head++) {
            if (!take_slot(m, lane, view, slot_at(view, head))) {
                return;
            }
        }
        m->heads[lane] = head;
        /* Pairs with the load in ring_push(): slots below head may be overwritten. In the
         * total order: a source that finds no slot either sees this store or is seen starved. */
        store_total(&view->ring->head, released(view->ring, head, tap));
        if (load_total(&view->ring->starved)) {
            store_total(&view->ring->starved, 0);
            wake_member(m->seg, view->src);
        }
    }
}

bool ring_push(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
               uint64_t seq, const void *payload, size_t len)
{
    const struct lane_view *view = &m->seg->views[lane];
    uint64_t tail = m->tails[lane];
    /* Pairs with the store of head in ring_drain(). */
    uint64_t used = tail - load_total(&view->ring->head);
    struct slot *slot;

    if (used >= view->slots) {
        /* Say so, then look again: pairs with the look at starved in ring_drain(). */
        store_total(&view->ring->starved, 1);
        used = tail - load_total(&view->ring->head);
    }
    if (used > view->slots) {
        broken_by(m, lane, view->dst, "ring is corrupt");
        return false;
    }
    if (used == view->slots) {
        return false;
    }
    slot = slot_at(view, tail);
    slot->send_ns = send_ns;
    slot->arrival_ns = arrival_ns;
    slot->seq = seq;
    slot->len = (uint32_t)len;
    memcpy(slot->payload, payload, len);
    m->tails[lane] = tail + 1;
    /* Pairs with the load_acquire() in ring_drain(). In the total order, so that a broker
     * about to sleep either sees it or is seen asleep. */
    store_total(&view->ring->tail, tail + 1);
    if (view->dst == ORRERY_BROKER && used + 1 >= view->slots / 2) {
        wake_member(m->seg, ORRERY_BROKER);
    }
    return true;
}

bool backlog_add(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                 uint64_t seq, const void *payload, size_t len)
{
    struct backlog_entry *entry = malloc(sizeof(*entry) + len);

    if (!entry) {
        broken_by(m, lane, m->self, "out of memory");
        return false;
    }
    entry->send_ns = send_ns;
    entry->arrival_ns = arrival_ns;
    entry->seq = seq;
    entry->lane = lane;
    entry->len = (uint32_t)len;
    entry->next = NULL;
    memcpy(entry->payload, payload, len);
    *m->backlog_tail = entry;
    m->backlog_tail = &entry->next;
    return true;
}

/* Is an inbound ring at least half full? */
bool ring_pressing(const struct orrery_member *m)
{
    for (size_t i = 0; i < m->inbound_count; i++) {
        const struct lane_view *view = &m->seg->views[m->inbound[i]];

        if (load_total(&view->ring->tail) - m->heads[m->inbound[i]] >= view->slots / 2) {
            return true;
        }
    }
    return false;
}

void queue_clear(struct orrery_member *m)
{
    while (m->heap_count) {
        node_put(m, heap_pop(m));
    }
}

uint64_t orrery_next_arrival(const struct orrery_member *m)
{
    return m->heap_count ? m->heap[0]->arrival_ns : ORRERY_TIME_INF;
}

bool orrery_take(struct orrery_member *m, uint64_t upto_ns, struct orrery_message *out)
{
    struct node *node;

    if (m->taken) {
        node_put(m, m->taken);
        m->taken = NULL;
    }
    if (!m->heap_count || m->heap[0]->arrival_ns > upto_ns) {
        if (upto_ns < ORRERY_TIME_INF) { /* nothing may arrive below it now */
            m->executed = time_max(m->executed, upto_ns + 1);
        }
        return false;
    }
    node = heap_pop(m);
    m->taken = node;
    out->send_ns = node->send_ns;
    out->arrival_ns = node->arrival_ns;
    out->seq = node->seq;
    out->lane = node->lane;
    out->source = node->source;
    out->len = node->len;
    out->payload = node->payload;
    count(&m->seg->lanes[node->lane].stats.delivered);
    return true;
}
