/* SPDX-License-Identifier: Apache-2.0 */
/* park.c - R9 (pause now) and the broker's side of a run: start, ceiling, end. */
#include "layout.h"

/* how often a park that somebody does not answer looks at its timeout */
#define PARK_LOOK_US 10000

/* how often a snapshot is tried while others send */
#define BOUND_TRIES 100000

/* ---- the members' side ---- */

/* Where I can stand: my next instruction starts there, all my effects are stamped below. */
void park_answer(struct orrery_member *m, uint64_t now_ns)
{
    uint64_t stamp_end = m->last_stamp ? m->last_stamp + 1 : 0;

    /* Before ack_gen, stopped or off: pairs with acknowledged(), which looks at them first. */
    store_relaxed(&m->me->ack_ns, time_max(now_ns, stamp_end));
}

/* Is the run parked? Then I have published, acknowledged and may not execute. */
bool park_check(struct orrery_member *m, uint64_t now_ns)
{
    uint32_t park = load_total(&m->seg->header->park);

    if (!park || m->self == ORRERY_BROKER) {
        return false;
    }
    if (m->me->ack_gen != park) {
        m->horizon = 0; /* discarded: it may lie beyond the C to come */
        orrery_publish(m, now_ns, now_ns);
        park_answer(m, now_ns);
        store_total(&m->me->ack_gen, park);
        wake_member(m->seg, ORRERY_BROKER);
    }
    return true;
}

void orrery_stopped(struct orrery_member *m, uint64_t now_ns)
{
    m->horizon = 0;
    orrery_publish(m, now_ns, now_ns);
    park_answer(m, now_ns);
    /* In the total order with the broker's park. */
    store_total(&m->me->stopped, 1);
    wake_member(m->seg, ORRERY_BROKER);
}

void orrery_resumed(struct orrery_member *m)
{
    /* Before the next park_check(): either the broker sees us going or we see its park. */
    store_total(&m->me->stopped, 0);
}

/* ---- the broker's side ---- */

uint64_t orrery_lower_bound(struct orrery_member *m)
{
    const struct orrery_segment *seg = m->seg;

    /* A bound of before is one still: nobody keeps the broker here by sending for ever. */
    for (unsigned tries = 0; tries < BOUND_TRIES; tries++) {
        uint64_t before = 0, after = 0, least = ORRERY_TIME_INF;

        /* R5, over everybody; the counters only grow, so equal sums mean equal counters. */
        for (unsigned i = 1; i < seg->member_count; i++) {
            before += load_total(&seg->members[i].sent);
        }
        for (unsigned i = 1; i < seg->member_count; i++) {
            least = time_min(least, word_time(&seg->members[i]));
        }
        /* What a full ring keeps here has lowered nobody yet. */
        for (const struct backlog_entry *entry = m->backlog; entry; entry = entry->next) {
            least = time_min(least, entry->send_ns);
        }
        for (unsigned i = 1; i < seg->member_count; i++) {
            after += load_total(&seg->members[i].sent);
        }
        if (before == after) {
            return m->bound_ns = least;
        }
        cpu_relax();
    }
    return m->bound_ns;
}

bool orrery_all_reached(struct orrery_member *m, uint64_t t_ns)
{
    return orrery_lower_bound(m) >= t_ns;
}

void orrery_broker_drain(struct orrery_member *m)
{
    ring_drain(m);
    ceiling_apply(m);
}

void orrery_start(struct orrery_member *m)
{
    uint32_t forming = ORRERY_FORMING;

    /* not over a death that somebody marked meanwhile */
    cas_total(&m->seg->header->state, &forming, ORRERY_RUNNING);
    wake_everybody(m->seg);
}

void orrery_end(struct orrery_member *m, uint64_t end_ns)
{
    uint32_t running = ORRERY_RUNNING;

    store_total(&m->seg->header->end_ns, end_ns);
    cas_total(&m->seg->header->state, &running, ORRERY_ENDED);
    wake_everybody(m->seg);
}

static uint64_t round_up(uint64_t t_ns, uint64_t unit)
{
    uint64_t over = t_ns % unit;

    return t_ns >= ORRERY_TIME_INF || over == 0 ? t_ns : time_add(t_ns, unit - over);
}

/* The ceiling as far as the backlog lets it: R8, push and lower before raising. */
static uint64_t ceiling_allowed(struct orrery_member *m)
{
    uint64_t t_ns = m->ceiling_ns;

    if (!backlog_flush(m)) {
        /* Not in the order of time: a park may have lowered the ceiling between two sends. */
        for (const struct backlog_entry *entry = m->backlog; entry; entry = entry->next) {
            t_ns = time_min(t_ns, entry->send_ns);
        }
    }
    return t_ns;
}

void ceiling_apply(struct orrery_member *m)
{
    uint64_t old = word_time(m->me), t_ns = ceiling_allowed(m);

    if (t_ns > old) {
        store_total(&m->me->word, WORD(t_ns, 0)); /* R8: nobody else ever writes it */
        wake_crossed(m, old, t_ns);
    }
}

void orrery_raise_ceiling(struct orrery_member *m, uint64_t t_ns)
{
    t_ns = round_up(time_min(t_ns, ORRERY_TIME_INF), m->seg->turn_ns);
    m->ceiling_ns = time_max(m->ceiling_ns, t_ns);
    ceiling_apply(m);
}

static bool acknowledged(const struct seg_member *who, uint32_t park, uint64_t *ack_ns)
{
    if (load_total(&who->ack_gen) != park && !load_total(&who->stopped) &&
        load_total(&who->off) == MEMBER_ON) {
        return false;
    }
    *ack_ns = load_relaxed(&who->ack_ns);
    return true;
}

/* The first member that has not answered, 0: all have; *c_ns: the maximum of the answers. */
static unsigned missing(const struct orrery_segment *seg, uint32_t park, uint64_t *c_ns)
{
    uint64_t c = 0, ack;

    for (unsigned i = 1; i < seg->member_count; i++) {
        if (!acknowledged(&seg->members[i], park, &ack)) {
            return i;
        }
        c = time_max(c, ack);
    }
    *c_ns = c;
    return 0;
}

static bool parked_or_over(const struct orrery_member *m)
{
    uint64_t c_ns;

    return orrery_state(m->seg) != ORRERY_RUNNING || ring_pressing(m) ||
           missing(m->seg, load_total(&m->seg->header->park), &c_ns) == 0;
}

bool orrery_park(struct orrery_member *m, int timeout_ms, uint64_t *c_ns, int *culprit)
{
    static uint32_t generation; /* one broker per process */
    struct orrery_segment *seg = m->seg;
    uint64_t until = host_ns() + (uint64_t)timeout_ms * 1000000;
    unsigned who;
    bool ok = true;

    if (++generation == 0) {
        generation = 1;
    }
    /* Pairs with park_check(): after it a member either sees the park or has answered. */
    store_total(&seg->header->park, generation);
    wake_everybody(seg);
    while ((who = missing(seg, generation, c_ns)) != 0) {
        uint64_t now = host_ns();

        if (now >= until || orrery_state(seg) != ORRERY_RUNNING) {
            if (culprit) {
                *culprit = (int)who;
            }
            ok = false;
            break;
        }
        orrery_broker_drain(m); /* so that nobody is held up by a full ring to us */
        sleep_unless(m, parked_or_over, PARK_LOOK_US);
    }
    if (ok) {
        /* Never up: an instruction may end past the old ceiling, and a script may want to act
         * at exactly that. */
        *c_ns = time_min(round_up(*c_ns, seg->turn_ns), m->ceiling_ns);
        m->ceiling_ns = *c_ns;
        /* A granted ceiling may be lowered only here: every horizon has been discarded. */
        store_total(&m->me->word, WORD(ceiling_allowed(m), 0));
    }
    store_total(&seg->header->park, 0);
    wake_everybody(seg);
    return ok;
}
