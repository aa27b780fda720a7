/* SPDX-License-Identifier: Apache-2.0 */
/* broker_test.c - batch runs, their ends, and deaths. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "orrery.h"
#include "test_talk.h"

/* ---- batch ---- */

static void test_batch(void **state)
{
    test_remember_talk();
    assert_int_equal(strlen(test_talk_hash), 64);
    assert_non_null(strstr(test_talk_out, "] a.serial1 | tick 10\n"));
    assert_non_null(strstr(test_talk_out, "] b.serial1 | tick 7\n"));
    /* 10 periods, then 8 frames of 86806 ns (10 bits at 115200) until the line is in */
    assert_non_null(strstr(test_talk_out, "[  0.002694448] a.serial1 | tick 10\n"));
}

static void expect_same(struct test_run *run)
{
    test_remember_talk();
    test_play(run);
    assert_string_equal(run->err, "");
    test_ended(run, 0);
    assert_string_equal(run->hash, test_talk_hash);
    assert_string_equal(run->out, test_talk_out);
    assert_true(test_clean(run));
}

static void test_same_again(void **state)
{
    for (int i = 0; i < 5; i++) {
        struct test_run run = test_talk(100 * MS);

        run.no_uring = i % 2;
        run.jitter_seed = i > 2 ? (uint64_t)i : 0;
        expect_same(&run);
    }
}

static void test_same_in_turns(void **state)
{
    struct test_run run = test_talk(100 * MS);

    run.turns = true;
    expect_same(&run);
}

static void test_same_paced(void **state)
{
    struct test_run run = test_talk(100 * MS);

    run.pace = 1.0;
    expect_same(&run);
    assert_true(run.wall_s > 0.09);
}

/* ---- ends ---- */

static void test_power_off(void **state)
{
    struct test_run run = test_talk(0);

    run.options[0] = "period=200000 say=10 off=50000000";
    run.options[1] = "period=330000 say=7 off=60000000";
    test_play(&run);
    assert_string_equal(run.err, "");
    test_ended(&run, 0);
    assert_int_equal(strlen(run.hash), 64);
    assert_true(test_clean(&run));
}

static void test_guest_fails(void **state)
{
    char hash[80] = "";

    for (int i = 0; i < 3; i++) {
        struct test_run run = test_talk(0);

        run.options[1] = "period=330000 say=7 fail=50000000 code=7";
        run.jitter_seed = (uint64_t)i;
        test_play(&run);
        assert_string_equal(run.err, "orrery: b exited with code 7 at 0.050000000\n");
        test_ended(&run, 1);
        assert_int_equal(strlen(run.hash), 64);
        if (i) {
            assert_string_equal(run.hash, hash);
        }
        snprintf(hash, sizeof(hash), "%s", run.hash);
        assert_true(test_clean(&run));
    }
}

static void test_last_words(void **state)
{
    struct test_run run = test_talk(0);

    /* Still on the wire when the run ends: 20 bytes take 1.7 ms. */
    run.options[0] = "text=all~done-without-end off=2000";
    run.options[1] = "off=1000";
    test_play(&run);
    test_ended(&run, 0);
    assert_non_null(strstr(run.out, "[  0.000348224] a.serial1 | all\n"));
    assert_non_null(strstr(run.out, " a.serial1 | done-without-end\n"));
    assert_true(test_clean(&run));
}

static void test_starved(void **state)
{
    struct test_run run = test_talk(0);

    run.options[0] = "text=good~night period=0";
    run.options[1] = "period=0";
    test_play(&run);
    test_ended(&run, 3);
    assert_non_null(strstr(run.err, "orrery: nothing can happen after "));
    assert_non_null(strstr(run.out, " a.serial1 | night\n"));
    assert_true(test_clean(&run));
}

static void test_sleepers_end_in_time(void **state)
{
    struct test_run run = test_talk(3600 * SECOND);

    run.options[0] = run.options[1] = "period=0";
    test_play(&run);
    assert_string_equal(run.err, "");
    test_ended(&run, 0);
    assert_true(run.wall_s < 5);
    assert_true(test_clean(&run));
}

/* ---- deaths ---- */

static void test_member_killed(void **state)
{
    struct test_run run = test_talk(0);
    uint64_t killed;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.members[1], SIGKILL);
    killed = test_now_ns();
    test_finish(&run, 5);
    assert_true(test_within(killed, 2));
    test_ended(&run, 3);
    assert_non_null(strstr(run.err, "orrery: b (pid "));
    assert_non_null(strstr(run.err, " died at virtual time "));
    assert_non_null(strstr(run.err, "killed by signal 9"));
    assert_true(test_clean(&run));
}

static void test_killed_before_start(void **state)
{
    struct test_run run = test_talk(0);

    run.options[1] = "unready=1";
    assert_true(test_start(&run));
    for (int i = 0; i < 100 && access(run.run_dir, F_OK) == 0; i++) {
        test_sleep_ms(5); /* long enough to join */
    }
    kill(run.members[1], SIGKILL);
    test_finish(&run, 5);
    test_ended(&run, 3);
    assert_non_null(strstr(run.err, "orrery: b (pid "));
    assert_true(test_clean(&run));
}

static void test_never_joins(void **state)
{
    struct test_run run = test_talk(0);

    run.options[1] = NULL;
    run.join_timeout_ms = 1500;
    test_play(&run);
    assert_string_equal(run.err, "orrery: b never joined within 1500 ms\n");
    test_ended(&run, 3);
    assert_true(test_clean(&run));

    run = test_talk(0);
    run.options[1] = "unready=1";
    run.join_timeout_ms = 1500;
    test_play(&run);
    assert_string_equal(run.err, "orrery: b joined but never said ready within 1500 ms\n");
    test_ended(&run, 3);
    assert_true(test_clean(&run));
}

static void test_interrupted(void **state)
{
    struct test_run run = test_talk(0);
    uint64_t sent;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.broker, SIGINT);
    sent = test_now_ns();
    test_finish(&run, 5);
    assert_true(test_within(sent, 2));
    test_ended(&run, 3);
    assert_non_null(strstr(run.err, "orrery: interrupted at "));
    assert_int_equal(strlen(run.hash), 64); /* everybody stood at one time: a whole trace */
    assert_true(test_clean(&run));
}

static void test_interrupted_while_stopped(void **state)
{
    struct test_run run = test_talk(0);
    uint64_t sent;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.members[0], SIGSTOP);
    test_sleep_ms(100);
    kill(run.broker, SIGTERM);
    sent = test_now_ns();
    test_finish(&run, 5);
    assert_true(test_within(sent, 2));
    test_ended(&run, 3);
    assert_non_null(strstr(run.err, "orrery: interrupted at "));
    assert_true(test_clean(&run));
}

static void test_lingering_member(void **state)
{
    struct test_run run = test_talk(100 * MS);

    run.options[0] = TALK_A " hang=1";
    test_remember_talk();
    test_play(&run);
    test_ended(&run, 0);
    assert_string_equal(run.hash, test_talk_hash);
    assert_true(test_clean(&run));
}

static void test_launcher_dies(void **state)
{
    struct test_run run = test_talk(0);

    run.watch_launcher = true;
    run.options[0] = TALK_A " hang=1";
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.launcher, SIGKILL);
    test_finish(&run, 5);
    test_ended(&run, 3);
    assert_non_null(strstr(run.err, "orrery: the launcher (pid "));
    assert_int_equal(access(run.run_dir, F_OK), -1);
    assert_true(test_clean(&run));
}

static void test_launcher_dies_early(void **state)
{
    struct test_run run = {.watch_launcher = true, .launcher_is_dead = true};

    assert_true(test_start(&run));
    test_finish(&run, 5);
    test_ended(&run, 3);
    assert_ptr_equal(run.err, strstr(run.err, "orrery: the launcher (pid "));
    assert_ptr_equal(strchr(run.err, '\n'), strrchr(run.err, '\n')); /* one line */
    assert_true(test_clean(&run));
}

static void test_member_stops_for_a_while(void **state)
{
    struct test_run run = test_talk(100 * MS);

    test_remember_talk();
    run.pace = 1.0; /* so that it is caught under way */
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.members[0], SIGSTOP);
    test_sleep_ms(1000);
    kill(run.members[0], SIGCONT);
    test_finish(&run, 10);
    test_ended(&run, 0);
    assert_string_equal(run.hash, test_talk_hash);
    assert_true(test_clean(&run));
}

/* Whoever maps the segment may write anything into it. */
static void test_bad_last_words(void **state)
{
    struct test_run run = test_talk(0);
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Tap tap = ORRERY__TAP__INIT;
    struct orrery_segment *seg;
    struct orrery_error err;
    Orrery__Reply *reply;
    int fd;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    tap.port = (char *)"a.serial1";
    request.version = ORRERY__PROTOCOL__PROTOCOL_VERSION;
    request.call_case = ORRERY__REQUEST__CALL_TAP;
    request.tap = &tap;
    reply = test_call(run.run_dir, &request);
    assert_non_null(reply);
    assert_int_equal(reply->result_case, ORRERY__REPLY__RESULT_TAPPED);
    fd = open(reply->tapped->segment_path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    seg = orrery_segment_attach(fd, reply->tapped->run_id, &err);
    assert_non_null(seg);
    orrery_mark_dead(seg, 1,
                     "\033[2J \xc2\x9b"
                     "2J \x9b \xc3\xbc");
    orrery_segment_detach(seg);
    close(fd);
    orrery__reply__free_unpacked(reply, NULL);
    test_finish(&run, 10);
    test_ended(&run, 3);
    assert_string_equal(run.err, "orrery: a: ?[2J ??2J ? \xc3\xbc\n");
    assert_true(test_clean(&run));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_same_in_turns),
        cmocka_unit_test(test_same_paced),
        cmocka_unit_test(test_power_off),
        cmocka_unit_test(test_guest_fails),
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_sleepers_end_in_time),
        cmocka_unit_test(test_member_killed),
        cmocka_unit_test(test_killed_before_start),
        cmocka_unit_test(test_never_joins),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_interrupted_while_stopped),
        cmocka_unit_test(test_lingering_member),
        cmocka_unit_test(test_launcher_dies),
        cmocka_unit_test(test_launcher_dies_early),
        cmocka_unit_test(test_member_stops_for_a_while),
        cmocka_unit_test(test_bad_last_words),
    };

    return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
