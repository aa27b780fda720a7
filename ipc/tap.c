/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.c - reading along on a lane. A tap is a second reader of a ring: while it is there, the
 * lane's destination gives slots back only when the tap, too, has read them. So nothing is missed,
 * and a slow tap makes the source wait (in wall time; a full ring is invisible to guests). Without
 * one nothing is different: ring_drain() looks at a word beside the tail.
 */
#include <string.h>

#include "layout.h"

static struct ring *ring_of(struct orrery_segment *seg, const struct orrery_tap *tap)
{
    return seg->views[tap->lane].ring;
}

static void announce(struct orrery_segment *seg, const struct orrery_tap *tap)
{
    store_total(&ring_of(seg, tap)->tap, tap->next + 1);
}

void orrery_tap_open(struct orrery_segment *seg, unsigned lane, struct orrery_tap *tap)
{
    *tap = (struct orrery_tap){.lane = lane};
    do {
        tap->next = load_total(&ring_of(seg, tap)->head);
        announce(seg, tap);
    } while (load_total(&ring_of(seg, tap)->head) != tap->next);
}

void orrery_tap_close(struct orrery_segment *seg, unsigned lane)
{
    store_total(&seg->views[lane].ring->tap, TAP_GONE);
    wake_member(seg, seg->views[lane].dst);
}

void orrery_tap_poke(struct orrery_segment *seg, const struct orrery_tap *tap)
{
    if (load_total(&ring_of(seg, tap)->starved)) {
        wake_member(seg, seg->views[tap->lane].dst);
    }
}

bool orrery_tap_read(struct orrery_segment *seg, struct orrery_tap *tap, struct orrery_message *out,
                     uint8_t payload[ORRERY_MAX_PAYLOAD])
{
    const struct lane_view *view = &seg->views[tap->lane];

    for (;;) {
        /* Pairs with the store of tail in ring_push(). */
        uint64_t tail = load_acquire(&view->ring->tail);
        const struct slot *slot =
            (const struct slot *)(view->ring->slots +
                                  (size_t)(tap->next & (view->slots - 1)) * view->slot_bytes);
        uint64_t head;
        uint32_t len;

        if (tail == tap->next) {
            return false;
        }
        len = load_relaxed(&slot->len);
        len = len <= view->payload_max ? len : view->payload_max;
        *out = (struct orrery_message){.send_ns = load_relaxed(&slot->send_ns),
                                       .arrival_ns = load_relaxed(&slot->arrival_ns),
                                       .seq = load_relaxed(&slot->seq),
                                       .lane = tap->lane,
                                       .source = view->src,
                                       .len = (uint16_t)len,
                                       .payload = payload};
        memcpy(payload, slot->payload, len);
        /* Only just opened: the slot may have been given back before it was known. */
        head = load_total(&view->ring->head);
        if (head <= tap->next) {
            tap->next++;
            announce(seg, tap);
            orrery_tap_poke(seg, tap);
            return true;
        }
        tap->lost += head - tap->next;
        tap->next = head;
        announce(seg, tap);
    }
}
