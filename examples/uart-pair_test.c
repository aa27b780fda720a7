/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test in C of examples/uart-pair.yaml, with cmocka. Copy it, and build it with
 *
 *     cc uart-pair_test.c $(pkg-config --cflags --libs orrery-test cmocka) -o uart-pair_test
 *     ./uart-pair_test uart-pair.yaml
 *
 * <orrery-test.h> has every call; docs/testing.md has what their times mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <orrery-test.h>

static const char *manifest = "uart-pair.yaml";

static int setup(void **state)
{
    struct orrery_test *t;
    int code = orrery_test_start(&t, manifest, NULL);

    *state = t;
    return code;
}

static int teardown(void **state)
{
    return orrery_test_end(*state, NULL);
}

/* A call came to OK; if not, say what it said. */
#define check_ok(t, call)                                                                          \
    do {                                                                                           \
        if ((call) != ORRERY_TEST_OK) {                                                            \
            fail_msg("%s", orrery_test_error(t));                                                  \
        }                                                                                          \
    } while (0)

/* What the program does depends on what came: that is what a test in C is for. */
static void every_request_is_answered(void **state)
{
    struct orrery_test *t = *state;
    uint64_t sent, delivered, before = 0;
    unsigned long bytes = 0;

    for (unsigned i = 1; i <= 20; i++) {
        check_ok(t,
                 orrery_test_match(t, "pong.serial1", "^pong +([0-9]+): request of ([0-9]+) bytes",
                                   ORRERY_MS(100)));
        assert_int_equal(strtoul(orrery_test_captured(t, 1), NULL, 10), i);
        bytes += strtoul(orrery_test_captured(t, 2), NULL, 10);
        assert_true(orrery_test_time(t) > before); /* virtual time: the same in every run */
        before = orrery_test_time(t);
    }
    check_ok(t, orrery_test_expect(t, "ping.serial1", "20 replies, 0 errors", ORRERY_MS(100)));
    check_ok(t, orrery_test_counter(t, "ping.serial0>pong.serial0", "sent", &sent));
    check_ok(t, orrery_test_counter(t, "ping.serial0>pong.serial0", "delivered", &delivered));
    assert_int_equal(sent, delivered);
    assert_true(sent > bytes); /* the frame around a request takes bytes, too */
    check_ok(t, orrery_test_step(t, "{ exit: all, within: 10ms }"));
}

static void reset_starts_it_again(void **state)
{
    struct orrery_test *t = *state;

    check_ok(t, orrery_test_expect(t, "ping.serial1", "ping", ORRERY_MS(100)));
    check_ok(t, orrery_test_until(t, ORRERY_MS(50)));
    assert_int_equal(orrery_test_time(t), ORRERY_MS(50));
    check_ok(t, orrery_test_reset(t, "ping"));
    check_ok(t, orrery_test_expect(t, "ping.serial1", "ping", ORRERY_MS(100)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_request_is_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(reset_starts_it_again, setup, teardown),
    };

    manifest = argc > 1 ? argv[1] : manifest;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
