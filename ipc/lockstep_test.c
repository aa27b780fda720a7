/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockstep_test.c - the rules, one at a time. Most tests hold all members in one thread and
 * step them by hand; where a call blocks, a thread waits in it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "layout.h"

#define INF ORRERY_TIME_INF
#define D 5000

/* broker and three members; lanes: */
enum { AB, BA, BC, A0, ZA, ZB, LANES };

struct run {
    int fd;
    struct orrery_segment *seg;
    struct orrery_member *broker, *a, *b, *c;
};

static struct orrery_member *join(struct run *r, unsigned self)
{
    struct orrery_error err;
    struct orrery_member *m = orrery_member_create(r->seg, self, &err);

    assert_non_null(m);
    return m;
}

static void start_mode(struct run *r, enum orrery_mode mode, uint64_t jitter)
{
    static const struct orrery_member_spec members[] = {{"broker"}, {"a"}, {"b"}, {"c"}};
    static const struct orrery_lane_spec lanes[LANES] = {
        {"ab", 1, 2, 1000, 2, 8}, {"ba", 2, 1, 700, 8, 8}, {"bc", 2, 3, 400, 8, 8},
        {"a0", 1, 0, 0, 4, 8},    {"0a", 0, 1, 0, 2, 8},   {"0b", 0, 2, 0, 2, 8},
    };
    static const struct orrery_state_spec states[] = {{"s", 64, {1, 2, 3}, 3}};
    struct orrery_topology topo = {.run_id = 1,
                                   .mode = mode,
                                   .reaction_ns = D,
                                   .jitter_seed = jitter,
                                   .members = members,
                                   .member_count = 4,
                                   .lanes = lanes,
                                   .lane_count = LANES,
                                   .states = states,
                                   .state_count = 1};
    struct orrery_error err;

    r->fd = memfd_create("lockstep", MFD_CLOEXEC);
    r->seg = orrery_segment_format(r->fd, &topo, &err);
    assert_non_null(r->seg);
    r->broker = join(r, 0);
    r->a = join(r, 1);
    r->b = join(r, 2);
    r->c = join(r, 3);
    orrery_raise_ceiling(r->broker, INF);
    orrery_start(r->broker);
}

static void start(struct run *r)
{
    start_mode(r, ORRERY_PARALLEL, 0);
}

static void finish(struct run *r)
{
    orrery_member_destroy(r->broker);
    orrery_member_destroy(r->a);
    orrery_member_destroy(r->b);
    orrery_member_destroy(r->c);
    orrery_segment_detach(r->seg);
    close(r->fd);
}

static uint64_t horizon(struct orrery_member *m, uint64_t now_ns)
{
    uint64_t h;

    orrery_window(m, now_ns, &h);
    return h;
}

static void send(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns)
{
    assert_true(orrery_send(m, lane, send_ns, arrival_ns, &arrival_ns, sizeof(arrival_ns)));
}

static void expect_dead(struct run *r, int who, const char *why)
{
    char text[200];

    assert_int_equal(orrery_state(r->seg), ORRERY_DEAD);
    assert_int_equal(orrery_dead_reason(r->seg, text, sizeof(text)), who);
    if (!strstr(text, why)) {
        fail_msg("expected \"%s\" in \"%s\"", why, text);
    }
}

/* ---- a thread that waits ---- */

struct waiting {
    struct orrery_member *m;
    uint64_t now_ns, own_ns, need_ns;
    bool ordered, broker;
    enum orrery_wake why;
    pthread_t thread;
};

static void *waiting_main(void *arg)
{
    struct waiting *w = arg;

    if (w->broker) {
        w->why = orrery_broker_wait(w->m, w->need_ns, -1);
    } else if (w->ordered) {
        w->why = orrery_ordered_wait(w->m, 0, w->need_ns);
    } else {
        w->why = orrery_wait(w->m, w->now_ns, w->own_ns, w->need_ns);
    }
    return NULL;
}

/* Returns once the thread sleeps (or is about to: its flag is up). */
static void begin(struct waiting *w)
{
    assert_int_equal(pthread_create(&w->thread, NULL, waiting_main, w), 0);
    while (!load_total(&w->m->me->futex)) {
        sched_yield();
    }
}

static enum orrery_wake end(struct waiting *w)
{
    pthread_join(w->thread, NULL);
    return w->why;
}

/* ---- words and horizons ---- */

static void test_horizon(void **state)
{
    struct run r;

    start(&r); /* dist: ab 1000, ba 700, bc 400, ac 1400; nothing comes from c */
    assert_int_equal(horizon(r.a, 0), 700);
    assert_int_equal(horizon(r.b, 0), 1000);
    assert_int_equal(horizon(r.c, 0), 400);
    orrery_publish(r.b, 300, 300);
    assert_int_equal(horizon(r.a, 0), 1000);
    assert_int_equal(horizon(r.c, 0), 700);
    orrery_publish(r.b, 300, INF); /* b sleeps: c hears from a through b at the earliest */
    assert_int_equal(horizon(r.c, 0), 1400);
    assert_int_equal(horizon(r.a, 0), INF);
    finish(&r);

    start(&r); /* the ceiling bounds everybody, and only a park takes it back */
    orrery_publish(r.b, 0, INF);
    assert_int_equal(orrery_ceiling(r.seg), INF);
    orrery_raise_ceiling(r.broker, 10);
    assert_int_equal(orrery_ceiling(r.seg), INF);
    finish(&r);
}

static void test_forming(void **state)
{
    struct run r;

    start(&r);
    r.seg->header->state = ORRERY_FORMING;
    assert_int_equal(horizon(r.a, 0), 0);
    orrery_start(r.broker);
    assert_int_equal(horizon(r.a, 0), 700);
    orrery_end(r.broker, 500);
    assert_int_equal(orrery_end_time(r.seg), 500);
    assert_int_equal(horizon(r.a, 0), 0);
    assert_int_equal(orrery_wait(r.a, 0, 0, 0), ORRERY_STATE_ENDED);
    orrery_done(r.a);
    assert_true(orrery_is_done(r.seg, 1));
    finish(&r);
}

/* An idle member's window reaches its event: it must not creep there in steps of a latency. */
static void test_idle_window(void **state)
{
    struct run r;

    start(&r);
    orrery_publish(r.b, 0, 50000);
    orrery_publish(r.a, 0, 40000);
    assert_true(orrery_window(r.a, 0, NULL) > 40000);
    finish(&r);
}

static void test_jitter(void **state)
{
    struct run r;
    bool shorter = false;

    start_mode(&r, ORRERY_PARALLEL, 99);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t h, limit = orrery_window(r.a, 0, &h);

        assert_int_equal(h, 700);
        assert_true(limit > 0 && limit <= h);
        shorter |= limit < h;
    }
    assert_true(shorter);
    finish(&r);
}

static void test_publish(void **state)
{
    struct run r;

    start(&r);
    assert_int_equal(orrery_publish(r.b, 100, 100), 100);
    assert_int_equal(orrery_publish(r.b, 50, 50), 100); /* never down */
    assert_int_equal(orrery_publish(r.b, 100, 9000), 9000);
    send(r.a, AB, 0, 5000); /* lowers b */
    assert_int_equal(orrery_word(r.seg, 2), 5000);
    send(r.a, AB, 10, 6000); /* not this: the first is earlier */
    assert_int_equal(orrery_word(r.seg, 2), 5000);
    assert_int_equal(orrery_publish(r.b, 100, 9000), 5000);  /* the undelivered message */
    assert_int_equal(orrery_publish(r.b, 5500, 9000), 5500); /* busy past it */
    assert_int_equal(orrery_publish(r.b, 5600, INF), 5600);
    finish(&r);
}

/* R3, R4: a lowering always moves the version, so that the owner's compare-and-swap fails. */
static void test_version(void **state)
{
    struct run r;
    uint64_t before, after;

    start(&r);
    before = load_total(&r.b->me->word);
    send(r.a, AB, 0, 1000);
    after = load_total(&r.b->me->word);
    assert_int_equal(WORD_TIME(after), WORD_TIME(before));
    assert_int_equal(after & VERSION_MASK, (before + 1) & VERSION_MASK);
    for (unsigned i = 0; i <= VERSION_MASK; i++) { /* wraps without touching the time */
        lower_word(r.seg, 2, 7);
    }
    assert_int_equal(load_total(&r.b->me->word), after);
    assert_int_equal(load_total(&r.a->me->sent), 1);
    finish(&r);
}

/* R3: what I send may be answered: a + dist(j, i). */
static void test_own_sends(void **state)
{
    struct run r;

    start(&r);
    orrery_publish(r.b, 0, INF);
    assert_int_equal(horizon(r.a, 0), INF);
    send(r.a, AB, 10, 2000);
    assert_int_equal(orrery_horizon(r.a), 2700);
    assert_int_equal(orrery_last_seq(r.a), 1);
    finish(&r);
}

/* ---- messages ---- */

static void test_order(void **state)
{
    struct orrery_message msg;
    struct run r;

    static const struct {
        uint64_t arrival_ns, seq;
        unsigned source;
    } want[] = {{2000, 3, 0}, {2000, 2, 1}, {2000, 3, 1}, {3000, 1, 1}};

    start(&r);
    store_total(&r.broker->me->word, WORD(0, 0)); /* so that the broker may still act */
    send(r.a, AB, 0, 3000);
    send(r.a, AB, 0, 2000);
    send(r.broker, ZA, 0, 100);
    send(r.broker, ZA, 0, 100);
    orrery_publish(r.b, 0, INF); /* makes room */
    send(r.a, AB, 0, 2000);
    send(r.broker, ZB, 0, 2000);
    orrery_publish(r.b, 0, INF);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(orrery_next_arrival(r.b), want[i].arrival_ns);
        assert_false(orrery_take(r.b, want[i].arrival_ns - 1, &msg));
        assert_true(orrery_take(r.b, want[i].arrival_ns, &msg));
        assert_int_equal(msg.arrival_ns, want[i].arrival_ns);
        assert_int_equal(msg.source, want[i].source);
        assert_int_equal(msg.seq, want[i].seq);
        assert_int_equal(msg.len, 8);
        assert_memory_equal(msg.payload, &msg.arrival_ns, 8);
    }
    assert_false(orrery_take(r.b, INF, &msg));
    finish(&r);
}

static void test_refused_sends(void **state)
{
    struct run r;

    start(&r);
    assert_false(orrery_send(r.a, BA, 0, 5000, "", 1)); /* not mine */
    assert_false(orrery_send(r.a, LANES, 0, 5000, "", 1));
    assert_false(orrery_send(r.a, AB, 0, 5000, "123456789", 9)); /* too long */
    assert_int_equal(orrery_state(r.seg), ORRERY_RUNNING);
    assert_false(orrery_send(r.a, AB, 0, 999, "", 1));
    expect_dead(&r, 1, "too early");
    finish(&r);

    start(&r);
    orrery_publish(r.a, 100, 100);
    assert_false(orrery_send(r.a, AB, 99, 5000, "", 1)); /* below my word */
    expect_dead(&r, 1, "too early");
    finish(&r);
}

/* R7: a full ring keeps the word back, and the room that comes is noticed asleep. */
static void test_backlog(void **state)
{
    struct orrery_message msg;
    struct run r;

    start(&r); /* ab has two slots */
    orrery_publish(r.b, 0, INF);
    for (unsigned i = 0; i < 5; i++) {
        send(r.a, AB, 100 * i, 2000 + 100 * i);
    }
    assert_int_equal(orrery_publish(r.a, 900, 900), 200); /* the third is not in the ring */
    assert_int_equal(horizon(r.a, 900), 0);               /* wait for room first */
    struct waiting w = {.m = r.a, .now_ns = 900, .own_ns = 900, .need_ns = 900};

    begin(&w);
    for (unsigned i = 0; i < 5; i++) { /* in order, whatever the ring holds at a time */
        while (orrery_next_arrival(r.b) == INF) {
            orrery_publish(r.b, 0, INF);
        }
        assert_true(orrery_take(r.b, 2000 + 100 * i, &msg));
        assert_int_equal(msg.arrival_ns, 2000 + 100 * i);
        assert_int_equal(msg.seq, i + 1);
    }
    assert_int_equal(end(&w), ORRERY_READY);
    assert_int_equal(orrery_word(r.seg, 1), 900);
    finish(&r);
}

/* R8: the broker's word waits for its backlog too, and so does what it believes of others. */
static void test_broker_backlog(void **state)
{
    struct run r;

    start(&r);
    store_total(&r.broker->me->word, WORD(0, 0));
    r.broker->ceiling_ns = 0;
    for (unsigned i = 0; i < 4; i++) {
        send(r.broker, ZA, 100 * i, 100 * i);
    }
    orrery_raise_ceiling(r.broker, 10000);
    assert_int_equal(orrery_ceiling(r.seg), 200);
    orrery_publish(r.a, 90000, INF);
    orrery_publish(r.b, 90000, INF);
    orrery_publish(r.c, 90000, INF);
    assert_true(orrery_lower_bound(r.broker) <= 200);
    orrery_broker_drain(r.broker);
    assert_int_equal(orrery_ceiling(r.seg), 10000);
    finish(&r);
}

/* ---- what another process may have spoilt ---- */

static void test_message_in_the_past(void **state)
{
    struct orrery_message msg;
    struct slot *slot;
    struct run r;

    start(&r);
    send(r.b, BA, 0, 1000);
    orrery_publish(r.b, 1000, 1000);
    assert_int_equal(horizon(r.a, 0), 1700);
    assert_true(orrery_take(r.a, 1000, &msg));
    assert_false(orrery_take(r.a, 1000, &msg)); /* I have executed up to 1000 */
    send(r.b, BA, 1000, 1700);
    slot = (struct slot *)(r.seg->views[BA].ring->slots + r.seg->views[BA].slot_bytes);
    slot->arrival_ns = 999;
    orrery_publish(r.a, 1000, 1000);
    expect_dead(&r, 2, "lane ba: message in the past");
    finish(&r);
}

#define SPOIL(change, why)                                                                         \
    do {                                                                                           \
        struct run r;                                                                              \
        struct ring *ring;                                                                         \
        struct slot *slot;                                                                         \
        start(&r);                                                                                 \
        send(r.b, BA, 0, 1000);                                                                    \
        ring = r.seg->views[BA].ring;                                                              \
        slot = (struct slot *)ring->slots;                                                         \
        (void)slot;                                                                                \
        change;                                                                                    \
        orrery_publish(r.a, 0, 0);                                                                 \
        expect_dead(&r, 2, why);                                                                   \
        assert_int_equal(orrery_wait(r.a, 0, 0, 100), ORRERY_STATE_DEAD);                          \
        finish(&r);                                                                                \
    } while (0)

static void test_corrupt_ring(void **state)
{
    SPOIL(ring->tail += 100, "lane ba: ring is corrupt");
    SPOIL(ring->tail -= 2, "lane ba: ring is corrupt");
    SPOIL(slot->len = 9, "lane ba: message longer");
    SPOIL(slot->len = UINT32_MAX, "lane ba: message longer");
    SPOIL(slot->arrival_ns = INF, "lane ba: message in the past");
    SPOIL(slot->send_ns = 301, "lane ba: message faster");
    SPOIL(slot->send_ns = 5000, "lane ba: message faster");
}

static void test_corrupt_head(void **state)
{
    struct run r;

    start(&r);
    r.seg->views[AB].ring->head = 77; /* by its reader, b */
    send(r.a, AB, 0, 1000);
    expect_dead(&r, 2, "lane ab: ring is corrupt");
    finish(&r);
}

/* ---- waiting ---- */

static void test_wait(void **state)
{
    struct run r;

    start(&r);
    struct waiting w = {.m = r.a, .now_ns = 0, .own_ns = 2000, .need_ns = 2000};

    begin(&w); /* woken by the raise that crosses the need */
    assert_int_equal(orrery_word(r.seg, 1), 2000);
    orrery_publish(r.b, 1300, 1300); /* 1300 + 700 is not > 2000 */
    orrery_publish(r.b, 1301, 1301);
    assert_int_equal(end(&w), ORRERY_READY);
    assert_int_equal(orrery_horizon(r.a), 2001);

    w = (struct waiting){.m = r.a, .now_ns = 0, .own_ns = 9000, .need_ns = 9000};
    begin(&w); /* by a message */
    send(r.b, BA, 1400, 2500);
    assert_int_equal(end(&w), ORRERY_MESSAGE);
    assert_int_equal(orrery_next_arrival(r.a), 2500);
    assert_int_equal(orrery_word(r.seg, 1), 2500);

    w.need_ns = 8000;
    orrery_kick(r.a); /* sticky: before the wait */
    assert_int_equal(orrery_wait(r.a, 0, 9000, 2500), ORRERY_KICK);
    w.need_ns = 2500;
    begin(&w); /* by a kick */
    orrery_kick(r.a);
    assert_int_equal(end(&w), ORRERY_KICK);
    begin(&w); /* by the end of everything */
    orrery_mark_dead(r.seg, 3, "c is gone");
    assert_int_equal(end(&w), ORRERY_STATE_DEAD);
    finish(&r);
}

/* A spin publishes, and gives up by itself. */
static void test_spin(void **state)
{
    struct run r;

    (void)state;
    start(&r);
    assert_false(orrery_spin(r.a, 500, 500, 700)); /* b's 0 + 700 is not > 700 */
    assert_int_equal(orrery_word(r.seg, 1), 500);
    orrery_publish(r.b, 300, 300);
    assert_true(orrery_spin(r.a, 600, 600, 700));
    assert_int_equal(orrery_horizon(r.a), 1000);
    assert_false(orrery_spin(r.a, 600, 600, 1000));
    send(r.b, BA, 300, 1100); /* past the need: does not matter yet */
    orrery_publish(r.b, 900, 900);
    assert_true(orrery_spin(r.a, 700, 700, 1000));
    orrery_mark_dead(r.seg, 3, "c is gone");
    assert_false(orrery_spin(r.a, 700, 700, 1000));
    finish(&r);
}

static void test_broker_wait(void **state)
{
    struct run r;

    start(&r);
    assert_int_equal(orrery_broker_wait(r.broker, 0, -1), ORRERY_READY);
    assert_int_equal(orrery_broker_wait(r.broker, 1, 10), ORRERY_MESSAGE); /* the time is up */
    struct waiting w = {.m = r.broker, .broker = true, .need_ns = 100};

    orrery_publish(r.a, 100, 100);
    orrery_publish(r.b, 200, 200);
    begin(&w); /* by the last word that reaches it */
    orrery_publish(r.c, 100, 100);
    assert_int_equal(end(&w), ORRERY_READY);
    w.need_ns = 1000;
    begin(&w); /* by output: half of four slots */
    send(r.a, A0, 100, 100);
    send(r.a, A0, 100, 100);
    assert_int_equal(end(&w), ORRERY_MESSAGE);
    /* and what came while it looked elsewhere is not slept through */
    assert_int_equal(orrery_broker_wait(r.broker, 1000, -1), ORRERY_MESSAGE);
    orrery_broker_drain(r.broker);
    begin(&w);
    orrery_kick(r.broker);
    end(&w);
    finish(&r);
}

/* ---- ordered access ---- */

static void test_ordered_ready(void **state)
{
    struct run r;

    start(&r);
    orrery_publish(r.b, 500, 500);
    orrery_publish(r.c, 500, 500);
    horizon(r.a, 0);
    assert_int_equal(orrery_ordered_wait(r.a, 0, 500), ORRERY_READY); /* a tie: the lower number */
    assert_int_equal(orrery_word(r.seg, 1), 500);
    struct waiting w = {.m = r.b, .ordered = true, .need_ns = 500};

    horizon(r.b, 500);
    begin(&w); /* b must wait for a to leave 500 */
    orrery_publish(r.a, 501, 501);
    assert_int_equal(end(&w), ORRERY_READY);
    finish(&r);
}

/* A message on its way to a toucher counts, though the toucher itself sleeps. */
static void test_ordered_toucher_woken(void **state)
{
    struct run r;

    start(&r);
    orrery_publish(r.b, 0, INF);
    orrery_publish(r.c, 0, INF);
    assert_int_equal(horizon(r.c, 0), 1400);
    assert_int_equal(horizon(r.a, 0), INF);
    send(r.a, AB, 0, 1000);
    orrery_publish(r.a, 5000, 5000);
    assert_int_equal(horizon(r.c, 0), 1400); /* 1000 + 400 */
    struct waiting w = {.m = r.c, .ordered = true, .need_ns = 1200};

    begin(&w); /* b has the message of 1000 before it and may touch then */
    orrery_publish(r.b, 1201, 1201);
    assert_int_equal(end(&w), ORRERY_READY);
    finish(&r);
}

static void test_ordered_abandon(void **state)
{
    struct run r;

    start(&r);
    assert_int_equal(horizon(r.a, 600), 700);
    assert_int_equal(orrery_ordered_wait(r.a, 0, 700), ORRERY_ABANDON);
    assert_int_equal(orrery_word(r.seg, 1), 700); /* published all the same */
    send(r.b, BA, 0, 700 - 0); /* arrives inside the instruction: lowers nothing for long */
    struct waiting w = {.m = r.a, .now_ns = 600, .own_ns = 600, .need_ns = 700};

    begin(&w); /* not MESSAGE: nothing may be delivered before the restart */
    assert_int_equal(orrery_word(r.seg, 1), 700);
    orrery_publish(r.b, 1, 1);
    assert_int_equal(end(&w), ORRERY_READY);
    finish(&r);
}

/* One look, for those who must not wait. */
static void test_ordered_try(void **state)
{
    struct run r;

    start(&r);
    orrery_publish(r.b, 500, 500);
    orrery_publish(r.c, 500, 500);
    horizon(r.a, 0);
    assert_int_equal(orrery_ordered_try(r.a, 0, 501), ORRERY_MESSAGE); /* not yet */
    assert_int_equal(orrery_word(r.seg, 1), 501);                      /* published all the same */
    orrery_publish(r.b, 502, 502);
    orrery_publish(r.c, 501, 501); /* a tie: the lower number */
    assert_int_equal(orrery_ordered_try(r.a, 0, 501), ORRERY_READY);
    assert_int_equal(orrery_ordered_try(r.a, 0, INF - 1), ORRERY_ABANDON);
    assert_true(orrery_seg_touches(r.seg, 0, 1));
    assert_false(orrery_seg_touches(r.seg, 0, ORRERY_BROKER));
    assert_false(orrery_seg_touches(r.seg, 99, 1));
    assert_false(orrery_seg_touches(r.seg, 0, 99));
    finish(&r);
}

static void test_ordered_kick(void **state)
{
    struct run r;

    start(&r);
    horizon(r.a, 0);
    struct waiting w = {.m = r.a, .ordered = true, .need_ns = 300};

    begin(&w);
    orrery_kick(r.a);
    assert_int_equal(end(&w), ORRERY_KICK);
    begin(&w);
    store_total(&r.seg->header->park, 5); /* R9: nobody waits inside an access */
    wake_everybody(r.seg);
    assert_int_equal(end(&w), ORRERY_KICK);
    store_total(&r.seg->header->park, 0);
    assert_int_equal(orrery_ordered_wait(r.a, 0, 300), ORRERY_ABANDON); /* horizon discarded */
    finish(&r);
}

/* Three processes touch at given times; the log must be in the order of (time, member). */
static void toucher(struct run *r, unsigned self, const uint64_t *times)
{
    struct orrery_error err;
    struct orrery_segment *seg = orrery_segment_attach(r->fd, 1, &err);
    struct orrery_member *m = orrery_member_create(seg, self, &err);
    uint64_t now = 0;

    for (; *times; times++) {
        enum orrery_wake why = ORRERY_ABANDON;

        while (why != ORRERY_READY) {
            orrery_wait(m, now, now, now);
            orrery_window(m, now, NULL);
            why = orrery_ordered_wait(m, 0, *times);
            if (why == ORRERY_ABANDON) {
                orrery_wait(m, now, now, *times);
                orrery_window(m, now, NULL);
                why = orrery_ordered_wait(m, 0, *times);
            }
        }
        uint8_t *log = orrery_state_bytes(seg, 0, NULL);

        log[1 + log[0]++] = (uint8_t)(16 * self + *times / 100 % 16);
        now = *times;
    }
    orrery_publish(m, now + 1, INF);
    _exit(0);
}

static void test_ordered_processes(void **state)
{
    static const uint64_t times[4][6] = {
        {0}, {100, 300, 900, 1500, 0}, {100, 200, 300, 1500, 0}, {300, 800, 900, 1400, 0}};
    static const uint8_t want[] = {12,   0x11, 0x21, 0x22, 0x13, 0x23, 0x33,
                                   0x38, 0x19, 0x39, 0x3e, 0x1f, 0x2f};
    struct run r;
    int status;

    start(&r);
    for (unsigned i = 1; i <= 3; i++) {
        if (fork() == 0) {
            toucher(&r, i, times[i]);
        }
    }
    while (wait(&status) > 0) {
        assert_int_equal(status, 0);
    }
    assert_memory_equal(orrery_state_bytes(r.seg, 0, NULL), want, sizeof(want));
    finish(&r);
}

/* ---- leaving ---- */

static void test_power_off(void **state)
{
    struct orrery_message msg;
    uint64_t at;
    struct run r;
    int code;

    start(&r);
    assert_false(orrery_is_off(r.seg, 2, NULL, NULL));
    orrery_power_off(r.b, 400, 7);
    assert_true(orrery_is_off(r.seg, 2, &at, &code));
    assert_int_equal(at, 400);
    assert_int_equal(code, 7);
    assert_int_equal(orrery_word(r.seg, 2), INF);
    send(r.a, AB, 0, 1000);
    assert_int_equal(orrery_word(r.seg, 2), 1000);
    struct waiting w = {.m = r.b, .now_ns = 400, .own_ns = INF, .need_ns = 1000};

    begin(&w); /* drains: it is taken at its time, to be dropped, or perhaps not */
    assert_int_equal(orrery_word(r.seg, 2), 1000);
    for (unsigned i = 0; i < 20; i++) { /* more than the ring holds */
        send(r.a, AB, 0, 1000 + i);
    }
    while (orrery_publish(r.a, 100, 100) != 100) {
        sched_yield();
    }
    assert_int_equal(end(&w), ORRERY_READY);
    assert_int_equal(orrery_next_arrival(r.b), 1000);
    for (unsigned i = 0; i < 21; i++) {
        assert_true(orrery_take(r.b, 1019, &msg));
    }
    assert_int_equal(orrery_publish(r.b, 1019, INF), INF);
    finish(&r);
}

/* Which of what comes is dropped does not depend on when it is drained. */
static void test_power_on(void **state)
{
    struct orrery_message msg;
    struct run r;

    start(&r);
    orrery_power_off(r.b, 400, 0);
    assert_true(orrery_is_off(r.seg, 2, NULL, NULL));
    send(r.a, AB, 0, 1000);
    send(r.a, AB, 0, 1500);
    orrery_publish(r.b, 400, INF);
    assert_int_equal(orrery_word(r.seg, 2), 1000);
    assert_true(orrery_take(r.b, 1000, &msg)); /* dropped */
    orrery_power_on(r.b);
    assert_false(orrery_is_off(r.seg, 2, NULL, NULL));
    assert_int_equal(orrery_power_ons(r.seg, 2), 1);
    assert_int_equal(orrery_publish(r.b, 1200, 5000), 1500); /* this one will be heard */
    orrery_power_on(r.b); /* it is on: counted, and that is all */
    assert_int_equal(orrery_power_ons(r.seg, 2), 2);
    orrery_fail(r.b, 1500, 3);
    orrery_power_on(r.b);
    assert_true(orrery_is_failed(r.seg, 2, NULL, NULL));
    finish(&r);
}

static void test_power_off_backlog(void **state)
{
    struct run r;

    start(&r);
    for (unsigned i = 0; i < 4; i++) {
        send(r.a, AB, 100 * i, 2000);
    }
    orrery_power_off(r.a, 400, 0);
    assert_int_equal(orrery_word(r.seg, 1), 200); /* held back by the third */
    orrery_publish(r.b, 0, INF);
    assert_int_equal(orrery_publish(r.a, 400, INF), INF);
    finish(&r);
}

static void test_fail(void **state)
{
    uint64_t at;
    struct run r;
    int code;

    start(&r);
    orrery_fail(r.a, 300, 3);
    assert_true(orrery_is_failed(r.seg, 1, &at, &code));
    assert_false(orrery_is_off(r.seg, 1, NULL, NULL));
    assert_int_equal(at, 300);
    assert_int_equal(code, 3);
    assert_int_equal(orrery_publish(r.a, 9000, INF), 300); /* frozen */
    assert_int_equal(horizon(r.b, 0), 1300);
    finish(&r);
}

/* ---- park ---- */

static void test_park(void **state)
{
    struct waiting wa, wc;
    struct run r;
    uint64_t c;

    start(&r);
    horizon(r.a, 0);
    send(r.a, AB, 520, 1600); /* the last stamp performed counts: 521 */
    orrery_stopped(r.b, 480);
    assert_true(orrery_is_stopped(r.seg, 2));
    wa = (struct waiting){.m = r.a, .now_ns = 500, .own_ns = 500, .need_ns = 5000};
    wc = (struct waiting){.m = r.c, .now_ns = 10, .own_ns = 10, .need_ns = 5000};
    begin(&wa);
    begin(&wc);
    assert_true(orrery_park(r.broker, 5000, &c, NULL));
    assert_int_equal(c, 521);
    assert_int_equal(orrery_ceiling(r.seg), 521); /* lowered from infinity: only so */
    orrery_kick(r.a);
    orrery_kick(r.c);
    end(&wa);
    end(&wc);
    orrery_publish(r.b, 521, 521);
    orrery_resumed(r.b);
    assert_false(orrery_is_stopped(r.seg, 2));
    assert_int_equal(horizon(r.a, 500), 521);
    assert_int_equal(horizon(r.b, 521), 521);
    orrery_publish(r.a, 521, 521);
    orrery_publish(r.c, 521, 521);
    assert_true(orrery_all_reached(r.broker, 521));
    send(r.broker, ZA, 521, 521); /* what somebody typed */
    orrery_raise_ceiling(r.broker, INF);
    assert_true(horizon(r.a, 521) > 521);
    finish(&r);
}

static void test_park_timeout(void **state)
{
    struct run r;
    uint64_t c;
    int culprit = -1;

    start(&r);
    orrery_stopped(r.a, 0);
    orrery_power_off(r.c, 100, 0);
    assert_false(orrery_park(r.broker, 20, &c, &culprit));
    assert_int_equal(culprit, 2);
    assert_int_equal(orrery_ceiling(r.seg), INF);
    assert_int_equal(load_total(&r.seg->header->park), 0);
    finish(&r);
}

/* ---- turn mode ---- */

static void test_turns(void **state)
{
    struct run r;

    start_mode(&r, ORRERY_TURNS, 0); /* W = 400 */
    assert_int_equal(orrery_seg_turn_ns(r.seg), 400);
    assert_int_equal(horizon(r.b, 0), 0); /* a first */
    assert_int_equal(horizon(r.a, 0), 400);
    assert_int_equal(orrery_publish(r.a, 100, 100), 0); /* only the end of the turn raises */
    assert_int_equal(horizon(r.b, 0), 0);
    assert_int_equal(orrery_publish(r.a, 410, 410), 410);
    assert_int_equal(horizon(r.a, 410), 0);
    assert_int_equal(horizon(r.c, 0), 0);
    assert_int_equal(horizon(r.b, 0), 400);
    assert_int_equal(orrery_publish(r.b, 50, 900), 900); /* idle: its turn is over */
    assert_int_equal(horizon(r.c, 0), 400);
    assert_int_equal(orrery_publish(r.c, 400, 400), 400);
    assert_int_equal(horizon(r.c, 400), 800); /* (400, c) before (410, a) */
    finish(&r);
}

static void test_turns_ordered(void **state)
{
    struct run r;

    start_mode(&r, ORRERY_TURNS, 0);
    assert_int_equal(horizon(r.a, 0), 400);
    struct waiting w = {.m = r.a, .ordered = true, .need_ns = 150};

    begin(&w); /* b and c are at 0: the turn passes */
    assert_int_equal(orrery_word(r.seg, 1), 150);
    assert_int_equal(horizon(r.b, 0), 400);
    orrery_publish(r.b, 400, 400);
    assert_int_equal(horizon(r.c, 0), 400);
    orrery_publish(r.c, 400, 400);
    assert_int_equal(end(&w), ORRERY_READY);
    assert_int_equal(orrery_publish(r.a, 200, 200), 150);
    /* past the window: abandoned, and that ends the turn */
    assert_int_equal(orrery_ordered_wait(r.a, 0, 420), ORRERY_ABANDON);
    assert_int_equal(orrery_word(r.seg, 1), 420);
    finish(&r);
}

static void test_turns_ceiling(void **state)
{
    struct run r;

    start_mode(&r, ORRERY_TURNS, 0);
    store_total(&r.broker->me->word, WORD(0, 0));
    r.broker->ceiling_ns = 0;
    assert_int_equal(horizon(r.a, 0), 0);
    orrery_raise_ceiling(r.broker, 401); /* rounded up to a boundary */
    assert_int_equal(orrery_ceiling(r.seg), 800);
    assert_int_equal(horizon(r.a, 0), 400);
    finish(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_horizon),
        cmocka_unit_test(test_forming),
        cmocka_unit_test(test_idle_window),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_publish),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_own_sends),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_refused_sends),
        cmocka_unit_test(test_backlog),
        cmocka_unit_test(test_broker_backlog),
        cmocka_unit_test(test_message_in_the_past),
        cmocka_unit_test(test_corrupt_ring),
        cmocka_unit_test(test_corrupt_head),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_spin),
        cmocka_unit_test(test_broker_wait),
        cmocka_unit_test(test_ordered_ready),
        cmocka_unit_test(test_ordered_toucher_woken),
        cmocka_unit_test(test_ordered_abandon),
        cmocka_unit_test(test_ordered_kick),
        cmocka_unit_test(test_ordered_try),
        cmocka_unit_test(test_ordered_processes),
        cmocka_unit_test(test_power_off),
        cmocka_unit_test(test_power_on),
        cmocka_unit_test(test_power_off_backlog),
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_park),
        cmocka_unit_test(test_park_timeout),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_turns_ordered),
        cmocka_unit_test(test_turns_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
