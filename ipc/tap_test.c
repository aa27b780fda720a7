/* SPDX-License-Identifier: Apache-2.0 */
/* tap_test.c - a second reader of a lane misses nothing, and holds nobody up once it has gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "layout.h"

#define LATENCY 100
#define MESSAGES 200

struct pair {
    struct orrery_segment *seg;
    struct orrery_member *broker, *a, *b;
    uint64_t now;
    uint32_t sent, delivered;
};

static struct pair make_pair(void)
{
    static const struct orrery_member_spec members[] = {{"broker"}, {"a"}, {"b"}};
    static const struct orrery_lane_spec lanes[] = {{"ab", 1, 2, LATENCY, 4, 4},
                                                    {"ba", 2, 1, LATENCY, 4, 4}};
    const struct orrery_topology topo = {.run_id = 1,
                                         .reaction_ns = 10000,
                                         .members = members,
                                         .member_count = 3,
                                         .lanes = lanes,
                                         .lane_count = 2};
    struct orrery_error err = {""};
    struct pair p = {.now = 1000};
    int fd = memfd_create("segment", MFD_CLOEXEC);

    p.seg = orrery_segment_format(fd, &topo, &err);
    close(fd);
    assert_non_null(p.seg);
    p.broker = orrery_member_create(p.seg, 0, &err);
    p.a = orrery_member_create(p.seg, 1, &err);
    p.b = orrery_member_create(p.seg, 2, &err);
    orrery_raise_ceiling(p.broker, ORRERY_TIME_INF - 1);
    orrery_start(p.broker);
    return p;
}

static void free_pair(struct pair *p)
{
    orrery_member_destroy(p->a);
    orrery_member_destroy(p->b);
    orrery_member_destroy(p->broker);
    orrery_segment_detach(p->seg);
}

/* a sends one and goes on; b takes what it may. */
static void step(struct pair *p, bool send)
{
    struct orrery_message message;
    uint64_t horizon;

    p->now += LATENCY;
    if (send) {
        assert_true(orrery_send(p->a, 0, p->now, p->now + LATENCY, &p->sent, sizeof(p->sent)));
        p->sent++;
    }
    orrery_publish(p->a, p->now, p->now);
    orrery_window(p->b, p->now, &horizon);
    while (horizon > 0 && orrery_take(p->b, horizon - 1, &message)) {
        uint32_t number;

        memcpy(&number, message.payload, sizeof(number));
        assert_int_equal(number, p->delivered++);
    }
    orrery_publish(p->b, p->now, p->now);
    orrery_window(p->a, p->now, &horizon);
}

/* True: the next, and the right one. */
static bool read_one(struct pair *p, struct orrery_tap *tap, uint32_t *next)
{
    uint8_t payload[ORRERY_MAX_PAYLOAD];
    struct orrery_message message;
    uint32_t number;

    if (!orrery_tap_read(p->seg, tap, &message, payload)) {
        return false;
    }
    memcpy(&number, message.payload, sizeof(number));
    assert_int_equal(number, (*next)++);
    assert_int_equal(message.arrival_ns, message.send_ns + LATENCY);
    return true;
}

static void test_nothing_missed(void **state)
{
    struct pair p = make_pair();
    struct orrery_tap tap;
    uint32_t next = 3;

    for (unsigned i = 0; i < 3; i++) {
        step(&p, true);
    }
    step(&p, false);
    orrery_tap_open(p.seg, 0, &tap);
    for (unsigned i = 3; i < MESSAGES; i++) {
        step(&p, true);
        if (i % 3 == 0) { /* slower than they come: the ring fills, and the rest waits */
            read_one(&p, &tap, &next);
        }
    }
    assert_true(p.sent - next > 50);
    for (unsigned i = 0; i < 2 * MESSAGES; i++) {
        read_one(&p, &tap, &next);
        step(&p, false);
    }
    assert_int_equal(next, MESSAGES);
    assert_int_equal(p.delivered, MESSAGES);
    assert_int_equal(tap.lost, 0);
    assert_int_equal(orrery_state(p.seg), ORRERY_RUNNING);
    free_pair(&p);
}

static void test_gone(void **state)
{
    struct pair p = make_pair();
    struct orrery_tap tap;

    step(&p, true);
    orrery_tap_open(p.seg, 0, &tap); /* and it never reads */
    for (unsigned i = 1; i < 20; i++) {
        step(&p, true);
    }
    assert_true(p.delivered < 10);
    orrery_tap_close(p.seg, 0);
    for (unsigned i = 0; i < 20; i++) {
        step(&p, false);
    }
    assert_int_equal(p.delivered, 20);
    assert_int_equal(p.seg->views[0].ring->tap, 0);
    free_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_missed),
        cmocka_unit_test(test_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
