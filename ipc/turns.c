/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.c - turn mode: inside each window [kW, (k+1)W) members run one after the other, in the
 * order of (word, number). The words say whose turn it is; there is no token to lose.
 */
#include "layout.h"

/* The instance with the smallest (word, number), and that word. 0: there is none. */
static unsigned first_in_order(const struct orrery_segment *seg, uint64_t *word_ns)
{
    unsigned first = 0;

    *word_ns = ORRERY_TIME_INF;
    for (unsigned i = 1; i < seg->member_count; i++) {
        uint64_t t = word_time(&seg->members[i]);

        if (t < *word_ns) {
            *word_ns = t;
            first = i;
        }
    }
    return first;
}

static uint64_t window_end(const struct orrery_segment *seg, uint64_t word_ns)
{
    return time_add(word_ns - word_ns % seg->turn_ns, seg->turn_ns);
}

static uint64_t sent_sum(const struct orrery_segment *seg)
{
    uint64_t sum = 0;

    for (unsigned i = 1; i < seg->member_count; i++) {
        sum += load_total(&seg->members[i].sent);
    }
    return sum;
}

/* Horizon of turn mode: the window's end when it is my turn, 0 otherwise. */
uint64_t turns_horizon(struct orrery_member *m, int *origin)
{
    const struct orrery_segment *seg = m->seg;
    uint64_t least, end, before, ceiling;
    unsigned first;

    do {
        before = sent_sum(seg);
        ceiling = orrery_ceiling(seg); /* the broker's word first, then all words */
        first = first_in_order(seg, &least);
    } while (before != sent_sum(seg));
    *origin = (int)first;
    end = window_end(seg, least);
    if (first != m->self) {
        return 0;
    }
    if (ceiling < end) {
        *origin = ORRERY_BROKER;
        return 0;
    }
    return end;
}

/* R6 in turn mode: am I the smallest (time, member)? */
bool turns_may_touch(struct orrery_member *m, uint64_t t_ns)
{
    const struct orrery_segment *seg = m->seg;

    for (;;) {
        uint64_t before = sent_sum(seg);
        bool may = true;

        for (unsigned i = 1; i < seg->member_count && may; i++) {
            uint64_t word = word_time(&seg->members[i]);

            may = i == m->self || word > t_ns || (word == t_ns && i > m->self);
        }
        if (before == sent_sum(seg)) {
            return may;
        }
    }
}

/* After any raise: whoever is first now may be asleep. */
void turns_wake_next(struct orrery_member *m)
{
    uint64_t least;
    unsigned first = first_in_order(m->seg, &least);

    if (first) {
        wake_member(m->seg, first);
    }
}
