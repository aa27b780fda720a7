/* SPDX-License-Identifier: Apache-2.0 */
/* calls_test.c - pause, step, until, resume, down; and bad requests and plans. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orrery.h"
#include "test_talk.h"

static void everybody_at(struct test_run *run, uint64_t at_ns)
{
    Orrery__Reply *reply = test_ask(run, ORRERY__REQUEST__CALL_STATUS, 0);

    assert_int_equal(reply->result_case, ORRERY__REPLY__RESULT_STATUS);
    assert_string_equal(reply->status->state, "paused");
    assert_int_equal(reply->status->n_members, 2);
    assert_int_equal(reply->status->members[0]->time_ns, at_ns);
    assert_int_equal(reply->status->members[1]->time_ns, at_ns);
    orrery__reply__free_unpacked(reply, NULL);
}

static void stops(double pace, bool turns, uint64_t jitter_seed)
{
    struct test_run run = test_talk(100 * MS);
    uint64_t at;

    test_remember_talk();
    run.turns = turns;
    run.jitter_seed = jitter_seed;
    run.pace = pace; /* else it would be over before we call */
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    at = test_stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0);
    everybody_at(&run, at);
    assert_int_equal(test_stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0), at);
    for (int i = 0; i < 20 && !turns; i++) {
        uint64_t step = i % 2 ? 10000 : 777;

        assert_int_equal(test_stopped_at(&run, ORRERY__REQUEST__CALL_STEP, step), at + step);
        at += step;
        everybody_at(&run, at);
    }
    test_refused(&run, ORRERY__REQUEST__CALL_UNTIL, at, "already past");
    test_refused(&run, ORRERY__REQUEST__CALL_STEP, 0, "step");
    test_do(&run, ORRERY__REQUEST__CALL_RESUME);
    at = test_stopped_at(&run, ORRERY__REQUEST__CALL_UNTIL, 60 * MS);
    if (!turns) {
        assert_int_equal(at, 60 * MS);
    }
    everybody_at(&run, at);
    test_do(&run, ORRERY__REQUEST__CALL_RESUME);
    for (int i = 0; i < 3; i++) {
        test_stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0);
        test_do(&run, ORRERY__REQUEST__CALL_RESUME);
    }
    assert_int_equal(test_stopped_at(&run, ORRERY__REQUEST__CALL_UNTIL, 100 * MS), 100 * MS);
    test_finish(&run, 10);
    test_ended(&run, 0);
    assert_string_equal(run.hash, test_talk_hash);
    assert_string_equal(run.out, test_talk_out);
    assert_true(test_clean(&run));
}

static void test_stops(void **state)
{
    stops(0.05, false, 0);
    stops(0.05, false, 5);
}

static void test_stops_in_turns(void **state)
{
    stops(0.05, true, 0);
}

/* Unpaced: pause takes back a ceiling that was granted. */
static void test_stops_unpaced(void **state)
{
    struct test_run run = test_talk(0);
    uint64_t at, last = 0;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    for (int i = 0; i < 20; i++) {
        at = test_stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0);
        assert_true(at >= last);
        everybody_at(&run, at);
        last = test_stopped_at(&run, ORRERY__REQUEST__CALL_STEP, 1);
        assert_int_equal(last, at + 1);
        test_do(&run, ORRERY__REQUEST__CALL_RESUME);
        test_refused(&run, ORRERY__REQUEST__CALL_UNTIL, 1, "already past");
        at = test_stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0);
        last = test_stopped_at(&run, ORRERY__REQUEST__CALL_UNTIL, at + SECOND);
        assert_int_equal(last, at + SECOND);
        test_do(&run, ORRERY__REQUEST__CALL_RESUME);
    }
    test_stopped_at(&run, ORRERY__REQUEST__CALL_DOWN, 0);
    test_finish(&run, 5);
    test_ended(&run, 3);
    assert_non_null(strstr(run.err, "orrery: interrupted at "));
    assert_true(test_clean(&run));
}

/* A debugger holds b. Where a cannot go on without it, both stand, and a pause finds them so;
 * where it can, the pause says so instead of hanging. The run is none the worse. */
static void test_pause_with_debugger(void **state)
{
    for (int linked = 0; linked < 2; linked++) {
        struct test_run run = test_talk(100 * MS);

        run.pace = 0.05;
        run.no_link = !linked;
        assert_true(test_start(&run));
        assert_true(test_wait_state(&run, "running"));
        kill(run.members[1], SIGUSR1);
        test_sleep_ms(50);
        if (!linked) {
            test_refused(&run, ORRERY__REQUEST__CALL_PAUSE, 0,
                         "b is stopped by its monitor or debugger");
        }
        kill(run.members[1], SIGUSR1);
        test_sleep_ms(200); /* it may take a while on a busy machine */
        test_do(&run, ORRERY__REQUEST__CALL_PAUSE);
        test_do(&run, ORRERY__REQUEST__CALL_RESUME);
        test_finish(&run, 10);
        test_ended(&run, 0);
        test_remember_talk();
        assert_true(!linked || strcmp(run.hash, test_talk_hash) == 0);
        assert_true(test_clean(&run));
    }
}

/* One of them does not answer: nobody is paused, and it goes on when it can. */
static void test_pause_with_stopped_process(void **state)
{
    struct test_run run = test_talk(100 * MS);

    test_remember_talk();
    run.pace = 0.1;
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.members[1], SIGSTOP);
    test_refused(&run, ORRERY__REQUEST__CALL_PAUSE, 0, "b does not answer");
    kill(run.members[1], SIGCONT);
    test_finish(&run, 10);
    test_ended(&run, 0);
    assert_string_equal(run.hash, test_talk_hash);
    assert_true(test_clean(&run));
}

/* In a process of its own: all kinds of calls, in each other's way. */
static int caller(const char *run_dir)
{
    static const Orrery__Request__CallCase kinds[] = {
        ORRERY__REQUEST__CALL_PAUSE, ORRERY__REQUEST__CALL_STATUS, ORRERY__REQUEST__CALL_RESUME,
        ORRERY__REQUEST__CALL_STEP};

    for (unsigned i = 0; i < 40; i++) {
        Orrery__Request request = ORRERY__REQUEST__INIT;
        Orrery__Empty empty = ORRERY__EMPTY__INIT;
        Orrery__Step step = ORRERY__STEP__INIT;
        Orrery__Reply *reply;

        request.call_case = kinds[((unsigned)getpid() + i) % 4];
        request.pause = &empty;
        if (request.call_case == ORRERY__REQUEST__CALL_STEP) {
            step.ns = 12345;
            request.step = &step;
        }
        reply = test_call(run_dir, &request);
        if (!reply) {
            return 1;
        }
        orrery__reply__free_unpacked(reply, NULL);
    }
    return 0;
}

/* Many callers at once, each answered. */
static void test_many_callers(void **state)
{
    struct test_run run = test_talk(0);
    pid_t callers[16];
    int status;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    for (int i = 0; i < 16; i++) {
        callers[i] = fork(); /* NNG has threads, but these children only exec */
        if (callers[i] == 0) {
            execl("/proc/self/exe", "caller", "--caller", run.run_dir, (char *)NULL);
            _exit(99);
        }
    }
    for (int i = 0; i < 16; i++) {
        assert_int_equal(waitpid(callers[i], &status, 0), callers[i]);
        assert_int_equal(status, 0);
    }
    test_stopped_at(&run, ORRERY__REQUEST__CALL_DOWN, 0);
    test_finish(&run, 5);
    assert_true(test_clean(&run));
}

static void test_bad_calls(void **state)
{
    static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0xff, 0x01};
    static uint8_t large[80 << 10];
    struct test_run run = test_talk(100 * MS);
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Hello hello = ORRERY__HELLO__INIT;
    Orrery__Ready ready = ORRERY__READY__INIT;
    Orrery__Reply *reply;
    const char *const wrong[] = {"c", "", "a"};

    run.options[0] = NULL; /* joins only afterwards */
    assert_true(test_start(&run));
    test_refused(&run, ORRERY__REQUEST__CALL_PAUSE, 0, "not everybody has joined");
    reply = test_call_bytes(run.run_dir, garbage, sizeof(garbage), 20000);
    assert_non_null(reply);
    assert_string_equal(reply->error, "not a request");
    orrery__reply__free_unpacked(reply, NULL);
    reply = test_call_bytes(run.run_dir, "", 0, 20000);
    assert_non_null(reply);
    assert_non_null(strstr(reply->error, "protocol version 0"));
    orrery__reply__free_unpacked(reply, NULL);
    reply = test_call(run.run_dir, &request);
    assert_string_equal(reply->error, "unknown call");
    orrery__reply__free_unpacked(reply, NULL);
    request.call_case = ORRERY__REQUEST__CALL_HELLO;
    request.hello = &hello;
    for (size_t i = 0; i < 3; i++) {
        hello.name = (char *)wrong[i];
        hello.pid = i < 2 ? getpid() : 1;
        reply = test_call(run.run_dir, &request);
        assert_non_null(strstr(reply->error, i < 2 ? "no instance of that name" : "pid 1"));
        orrery__reply__free_unpacked(reply, NULL);
    }
    hello.pid = getpid();
    hello.run_id = 99;
    reply = test_call(run.run_dir, &request);
    assert_non_null(strstr(reply->error, "this is run 1234567890abcdef"));
    orrery__reply__free_unpacked(reply, NULL);
    request.call_case = ORRERY__REQUEST__CALL_READY;
    request.ready = &ready;
    ready.member = 77;
    reply = test_call(run.run_dir, &request);
    assert_string_equal(reply->error, "member 77 has not joined");
    orrery__reply__free_unpacked(reply, NULL);
    ready.member = 2;
    reply = test_call(run.run_dir, &request);
    assert_non_null(strstr(reply->error, "member 2 "));
    orrery__reply__free_unpacked(reply, NULL);
    /* too large: dropped unseen, and the broker lives on */
    assert_null(test_call_bytes(run.run_dir, large, sizeof(large), 200));
    run.options[0] = TALK_A;
    test_start_member(&run, 0);
    test_finish(&run, 30);
    test_remember_talk();
    test_ended(&run, 0);
    assert_string_equal(run.hash, test_talk_hash);
    assert_true(test_clean(&run));
}

static void test_joins_once(void **state)
{
    struct test_run run = test_talk(0);
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Hello hello = ORRERY__HELLO__INIT;
    Orrery__Reply *reply;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    hello.name = (char *)"a";
    hello.pid = getpid();
    request.call_case = ORRERY__REQUEST__CALL_HELLO;
    request.hello = &hello;
    reply = test_call(run.run_dir, &request);
    assert_non_null(strstr(reply->error, "a has already joined"));
    orrery__reply__free_unpacked(reply, NULL);
    kill(run.broker, SIGTERM);
    test_finish(&run, 5);
    assert_true(test_clean(&run));
}

/* A plan of two instances and one state that is wrong in one way. */
static void bad_state(const char *name, uint32_t size, uint32_t a, uint32_t b, const char *wrong)
{
    Orrery__Plan plan = ORRERY__PLAN__INIT;
    Orrery__Instance one = ORRERY__INSTANCE__INIT, two = ORRERY__INSTANCE__INIT;
    Orrery__Instance *instances[] = {&one, &two};
    Orrery__State state = ORRERY__STATE__INIT;
    Orrery__State *states[] = {&state};
    uint32_t members[] = {a, b};
    char names[][4] = {"one", "two", "bad"}, dir[] = "/tmp/orrery-test.XXXXXX", *err;
    uint8_t bytes[512];

    one.name = names[0];
    two.name = names[1];
    plan.name = names[2];
    plan.run_dir = mkdtemp(dir);
    plan.n_instances = 2;
    plan.instances = instances;
    plan.n_states = 1;
    plan.states = states;
    state.name = (char *)name;
    state.size = size;
    state.members = members;
    state.n_members = b ? 2 : 1;
    assert_true(orrery__plan__get_packed_size(&plan) < sizeof(bytes));
    assert_int_equal(test_plan_bytes(bytes, orrery__plan__pack(&plan, bytes), &err), 2);
    assert_non_null(strstr(err, wrong));
    free(err);
    rmdir(dir);
}

static void test_bad_states(void **state)
{
    bad_state("a/b", 8, 1, 2, "state 1: bad name");
    bad_state("cores", 0, 1, 2, "state 1: not 1 to ");
    bad_state("cores", 1u << 30, 1, 2, "state 1: not 1 to ");
    bad_state("cores", 8, 1, 0, "state 1: not 2 members");
    bad_state("cores", 8, 1, 3, "state 1: no such member");
    bad_state("cores", 8, 2, 2, "state 1: two has two states cores");
}

static void test_bad_plans(void **state)
{
    static const char *const plans[] = {"", "garbage", "\x0a\xff\xff\xff\x7f", "\x0a\x01x"};
    char *err;

    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        assert_int_equal(test_plan_bytes(plans[i], strlen(plans[i]), &err), 2);
        assert_memory_equal(err, "orrery: plan: ", 14);
        assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1); /* one line */
        free(err);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_stops_in_turns),
        cmocka_unit_test(test_stops_unpaced),
        cmocka_unit_test(test_pause_with_debugger),
        cmocka_unit_test(test_pause_with_stopped_process),
        cmocka_unit_test(test_many_callers),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_joins_once),
        cmocka_unit_test(test_bad_plans),
        cmocka_unit_test(test_bad_states),
    };

    if (argc == 3 && strcmp(argv[1], "--caller") == 0) {
        return caller(argv[2]);
    }
    return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
