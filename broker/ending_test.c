/* SPDX-License-Identifier: Apache-2.0 */
/* ending_test.c - when a run is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ending.h"

#define SLOTS 4u

struct run {
    int fd;
    struct orrery_segment *seg;
    struct orrery_member *broker, *a;
};

/* A broker and members, the first of them with a lane to it. */
static void start_with(struct run *r, size_t members_wanted)
{
    static const struct orrery_member_spec members[] = {{"broker"}, {"a"}, {"b"}};
    static const struct orrery_lane_spec lane = {"a0", 1, 0, 1, SLOTS, 8};
    const struct orrery_topology topology = {.run_id = 1,
                                             .reaction_ns = 5000,
                                             .members = members,
                                             .member_count = members_wanted,
                                             .lanes = &lane,
                                             .lane_count = 1};
    struct orrery_error err;

    r->fd = memfd_create("ending", MFD_CLOEXEC);
    r->seg = orrery_segment_format(r->fd, &topology, &err);
    assert_non_null(r->seg);
    r->broker = orrery_member_create(r->seg, ORRERY_BROKER, &err);
    r->a = orrery_member_create(r->seg, 1, &err);
    assert_true(r->broker && r->a);
    orrery_raise_ceiling(r->broker, ORRERY_TIME_INF);
    orrery_start(r->broker);
}

static void start(struct run *r)
{
    start_with(r, 2);
}

static void finish(struct run *r)
{
    orrery_member_destroy(r->a);
    orrery_member_destroy(r->broker);
    orrery_segment_detach(r->seg);
    close(r->fd);
}

/* One that sleeps for ever is over with its leader, once it has come as far. */
static void test_leader(void **state)
{
    static const unsigned leaders[] = {0, 0, 1};
    static const struct ending_members who = {.leaders = leaders};
    struct run r;
    struct ending found;
    struct orrery_member *b;
    struct orrery_error err;

    start_with(&r, 3);
    b = orrery_member_create(r.seg, 2, &err);
    orrery_power_off(r.a, 2000, 0);
    orrery_publish(b, 1500, 1500);
    found = orrery_ending(r.seg, &who, orrery_lower_bound(r.broker), ORRERY_TIME_INF, 0, false);
    assert_int_equal(found.kind, ENDING_NONE);
    orrery_publish(b, 1500, 9000);
    found = orrery_ending(r.seg, &who, orrery_lower_bound(r.broker), ORRERY_TIME_INF, 0, false);
    assert_int_equal(found.kind, ENDING_OFF);
    assert_int_equal(found.at_ns, 2000);
    orrery_member_destroy(b);
    finish(&r);
}

static enum ending_kind ending(struct run *r, uint64_t for_ns, uint64_t *at_ns)
{
    struct ending found = orrery_ending(r->seg, NULL, orrery_lower_bound(r->broker),
                                        ORRERY_TIME_INF, for_ns, false);

    *at_ns = found.at_ns;
    return found.kind;
}

/* On a loaded machine the last words of a guest that has switched itself off were lost. */
static void test_last_words(void **state)
{
    struct orrery_message msg;
    struct run r;
    uint64_t at_ns, said = 0;

    start(&r);
    for (uint64_t i = 0; i < 3 * SLOTS; i++) {
        assert_true(orrery_send(r.a, 0, 100 * i, 100 * i + 50, &i, sizeof(i)));
    }
    orrery_power_off(r.a, 2000, 0);
    for (unsigned round = 0; ending(&r, 0, &at_ns) == ENDING_NONE; round++) {
        assert_true(round < 10);
        orrery_broker_drain(r.broker);
        orrery_publish(r.a, 2000, ORRERY_TIME_INF);
    }
    orrery_broker_drain(r.broker);
    while (orrery_take(r.broker, ORRERY_TIME_INF - 1, &msg)) {
        said++;
    }
    assert_int_equal(at_ns, 2000);
    assert_int_equal(said, 3 * SLOTS);
    finish(&r);
}

/* Who has no power is off, unless it may come back; and who has yet to hear that it did is not. */
static void test_power(void **state)
{
    static uint32_t power_ons[2];
    struct ending_members who = {.power_ons = power_ons, .may_return = true};
    struct run r;

    start(&r);
    power_ons[1] = 0;
    orrery_power_off(r.a, 2000, 0);
    assert_int_equal(orrery_ending(r.seg, &who, ORRERY_TIME_INF, ORRERY_TIME_INF, 0, true).kind,
                     ENDING_NONE);
    who.may_return = false;
    assert_int_equal(orrery_ending(r.seg, &who, ORRERY_TIME_INF, ORRERY_TIME_INF, 0, true).kind,
                     ENDING_OFF);
    power_ons[1] = 1; /* the message is on its way */
    assert_int_equal(orrery_ending(r.seg, &who, 5000, ORRERY_TIME_INF, 0, true).kind, ENDING_NONE);
    orrery_power_on(r.a);
    assert_int_equal(orrery_ending(r.seg, &who, 5000, ORRERY_TIME_INF, 0, true).kind, ENDING_NONE);
    orrery_power_off(r.a, 7000, 0);
    assert_int_equal(orrery_ending(r.seg, &who, ORRERY_TIME_INF, ORRERY_TIME_INF, 0, true).at_ns,
                     7000);
    finish(&r);
}

static void test_kinds(void **state)
{
    struct run r;
    uint64_t at_ns;

    start(&r);
    assert_int_equal(ending(&r, 0, &at_ns), ENDING_NONE);
    orrery_publish(r.a, 700, 700);
    assert_int_equal(ending(&r, 701, &at_ns), ENDING_NONE);
    assert_int_equal(ending(&r, 700, &at_ns), ENDING_TIME);
    assert_int_equal(at_ns, 700);
    orrery_publish(r.a, 700, ORRERY_TIME_INF);
    assert_int_equal(ending(&r, 0, &at_ns), ENDING_STARVED);
    orrery_fail(r.a, 900, 3);
    assert_int_equal(ending(&r, 0, &at_ns), ENDING_FAILED);
    assert_int_equal(at_ns, 900);
    finish(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_leader),
        cmocka_unit_test(test_power),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
