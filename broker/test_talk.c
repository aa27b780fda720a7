/* SPDX-License-Identifier: Apache-2.0 */
#include "test_talk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_player.h"

char test_talk_hash[80], *test_talk_out;

struct test_run test_talk(uint64_t for_ns)
{
    return (struct test_run){.for_ns = for_ns,
                             .attach_to = ORRERY__ATTACH__TO__STDOUT,
                             .attach_b_to = ORRERY__ATTACH__TO__STDOUT,
                             .options = {TALK_A, TALK_B}};
}

void test_play(struct test_run *run)
{
    assert_true(test_start(run));
    test_finish(run, 30);
}

void test_ended(const struct test_run *run, int exit_code)
{
    if (run->exit_code != exit_code) {
        fail_msg("exit code %d, not %d, after %.3f s: %s", run->exit_code, exit_code, run->wall_s,
                 run->err);
    }
}

void test_remember_talk(void)
{
    struct test_run run = test_talk(100 * MS);

    if (test_talk_hash[0]) {
        return;
    }
    test_play(&run);
    test_ended(&run, 0);
    snprintf(test_talk_hash, sizeof(test_talk_hash), "%s", run.hash);
    test_talk_out = strdup(run.out);
    assert_true(test_clean(&run));
}

Orrery__Reply *test_ask(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns)
{
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    Orrery__Step step = ORRERY__STEP__INIT;
    Orrery__Until until = ORRERY__UNTIL__INIT;
    Orrery__Down down = ORRERY__DOWN__INIT;
    Orrery__Reply *reply;

    request.call_case = kind;
    switch (kind) {
    case ORRERY__REQUEST__CALL_STEP:
        step.ns = ns;
        request.step = &step;
        break;
    case ORRERY__REQUEST__CALL_UNTIL:
        until.ns = ns;
        request.until = &until;
        break;
    case ORRERY__REQUEST__CALL_DOWN:
        request.down = &down;
        break;
    default:
        request.pause = &empty; /* status and resume are Empty too */
        break;
    }
    reply = test_call(run->run_dir, &request);
    assert_non_null(reply);
    return reply;
}

uint64_t test_stopped_at(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns)
{
    Orrery__Reply *reply = test_ask(run, kind, ns);
    uint64_t at_ns;

    assert_string_equal(reply->error, "");
    assert_int_equal(reply->result_case, ORRERY__REPLY__RESULT_STOPPED);
    at_ns = reply->stopped->at_ns;
    orrery__reply__free_unpacked(reply, NULL);
    return at_ns;
}

void test_refused(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns,
                  const char *why)
{
    Orrery__Reply *reply = test_ask(run, kind, ns);

    if (!strstr(reply->error, why)) {
        fail_msg("'%s' instead of '%s'", reply->error, why);
    }
    orrery__reply__free_unpacked(reply, NULL);
}

void test_do(struct test_run *run, Orrery__Request__CallCase kind)
{
    orrery__reply__free_unpacked(test_ask(run, kind, 0), NULL);
}

int test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
    if (argc > 2 && strcmp(argv[1], "--player") == 0) {
        return orrery_test_player(argc - 2, argv + 2);
    }
    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH-OF-ORRERY-BROKER [PATTERN]\n", argv[0]);
        return 2;
    }
    if (argc > 2) {
        cmocka_set_test_filter(argv[2]);
    }
    signal(SIGPIPE, SIG_IGN);
    alarm(170);
    test_program("/proc/self/exe", argv[1]);
    return _cmocka_run_group_tests("broker", tests, count, NULL, NULL);
}
