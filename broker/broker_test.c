/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker_test.c - the real broker, its members played by test_player.c.
 *
 *     broker-test PATH-OF-ORRERY-BROKER
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "orrery.h"
#include "test_kit.h"
#include "test_player.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

#define TALK_A "period=200000 say=10"
#define TALK_B "period=330000 say=7"

static struct test_run talk(uint64_t for_ns)
{
    return (struct test_run){.for_ns = for_ns,
                             .attach_to = ORRERY__ATTACH__TO__STDOUT,
                             .attach_b_to = ORRERY__ATTACH__TO__STDOUT,
                             .options = {TALK_A, TALK_B}};
}

static void finish(struct test_run *run, double timeout_s)
{
    test_finish(run, timeout_s);
    if (getenv("VERBOSE")) {
        fprintf(stderr, "exit %d in %.3f s\n%s%s", run->exit_code, run->wall_s, run->out, run->err);
    }
}

static void play(struct test_run *run)
{
    assert_true(test_start(run));
    finish(run, 30);
}

/* The hash and output of an undisturbed talk of 100 ms. */
static char talk_hash[80], *talk_out;

static void remember_talk(void)
{
    struct test_run run = talk(100 * MS);

    if (talk_hash[0]) {
        return;
    }
    play(&run);
    assert_int_equal(run.exit_code, 0);
    snprintf(talk_hash, sizeof(talk_hash), "%s", run.hash);
    talk_out = strdup(run.out);
    assert_true(test_clean(&run));
}

/* ---- batch ---- */

static void test_batch(void **state)
{
    remember_talk();
    assert_int_equal(strlen(talk_hash), 64);
    assert_non_null(strstr(talk_out, "] a.serial1 | tick 10\n"));
    assert_non_null(strstr(talk_out, "] b.serial1 | tick 7\n"));
    /* 10 periods, then one frame of 86805 ns (10 bits at 115200) until the first byte is in */
    assert_non_null(strstr(talk_out, "[  0.002086806] a.serial1 | tick 10\n"));
}

static void expect_same(struct test_run *run)
{
    remember_talk();
    play(run);
    assert_string_equal(run->err, "");
    assert_int_equal(run->exit_code, 0);
    assert_string_equal(run->hash, talk_hash);
    assert_string_equal(run->out, talk_out);
    assert_true(test_clean(run));
}

static void test_same_again(void **state)
{
    for (int i = 0; i < 5; i++) {
        struct test_run run = talk(100 * MS);

        run.no_uring = i % 2;
        run.jitter_seed = i > 2 ? (uint64_t)i : 0;
        expect_same(&run);
    }
}

static void test_same_in_turns(void **state)
{
    struct test_run run = talk(100 * MS);

    run.turns = true;
    expect_same(&run);
}

static void test_same_paced(void **state)
{
    struct test_run run = talk(100 * MS);

    run.pace = 1.0;
    expect_same(&run);
    assert_true(run.wall_s > 0.09);
}

/* ---- ends ---- */

static void test_power_off(void **state)
{
    struct test_run run = talk(0);

    run.options[0] = "period=200000 say=10 off=50000000";
    run.options[1] = "period=330000 say=7 off=60000000";
    play(&run);
    assert_string_equal(run.err, "");
    assert_int_equal(run.exit_code, 0);
    assert_int_equal(strlen(run.hash), 64);
    assert_true(test_clean(&run));
}

static void test_guest_fails(void **state)
{
    char hash[80] = "";

    for (int i = 0; i < 3; i++) {
        struct test_run run = talk(0);

        run.options[1] = "period=330000 say=7 fail=50000000 code=7";
        run.jitter_seed = (uint64_t)i;
        play(&run);
        assert_string_equal(run.err, "orrery: b exited with code 7 at 0.050000000\n");
        assert_int_equal(run.exit_code, 1);
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
    struct test_run run = talk(0);

    /* Still on the wire when the run ends: 20 bytes take 1.7 ms. */
    run.options[0] = "text=all~done-without-end off=2000";
    run.options[1] = "off=1000";
    play(&run);
    assert_int_equal(run.exit_code, 0);
    assert_non_null(strstr(run.out, "[  0.000087806] a.serial1 | all\n"));
    assert_non_null(strstr(run.out, " a.serial1 | done-without-end\n"));
    assert_true(test_clean(&run));
}

static void test_starved(void **state)
{
    struct test_run run = talk(0);

    run.options[0] = "text=good~night period=0";
    run.options[1] = "period=0";
    play(&run);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, "orrery: nothing can happen after "));
    assert_non_null(strstr(run.out, " a.serial1 | night\n"));
    assert_true(test_clean(&run));
}

static void test_sleepers_end_in_time(void **state)
{
    struct test_run run = talk(3600 * SECOND);

    run.options[0] = run.options[1] = "period=0";
    play(&run);
    assert_string_equal(run.err, "");
    assert_int_equal(run.exit_code, 0);
    assert_true(run.wall_s < 5);
    assert_true(test_clean(&run));
}

/* ---- deaths ---- */

static void test_member_killed(void **state)
{
    struct test_run run = talk(0);
    uint64_t killed;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.members[1], SIGKILL);
    killed = test_now_ns();
    finish(&run, 5);
    assert_true(test_now_ns() - killed < 2 * SECOND);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, "orrery: b (pid "));
    assert_non_null(strstr(run.err, " died at virtual time "));
    assert_non_null(strstr(run.err, "killed by signal 9"));
    assert_true(test_clean(&run));
}

static void test_killed_before_start(void **state)
{
    struct test_run run = talk(0);

    run.options[1] = "unready=1";
    assert_true(test_start(&run));
    for (int i = 0; i < 100 && access(run.run_dir, F_OK) == 0; i++) {
        test_sleep_ms(5); /* long enough to join */
    }
    kill(run.members[1], SIGKILL);
    finish(&run, 5);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, "orrery: b (pid "));
    assert_true(test_clean(&run));
}

static void test_never_joins(void **state)
{
    struct test_run run = talk(0);

    run.options[1] = NULL;
    run.join_timeout_ms = 300;
    play(&run);
    assert_string_equal(run.err, "orrery: b never joined within 300 ms\n");
    assert_int_equal(run.exit_code, 3);
    assert_true(test_clean(&run));

    run = talk(0);
    run.options[1] = "unready=1";
    run.join_timeout_ms = 300;
    play(&run);
    assert_string_equal(run.err, "orrery: b joined but never said ready within 300 ms\n");
    assert_int_equal(run.exit_code, 3);
    assert_true(test_clean(&run));
}

static void test_interrupted(void **state)
{
    struct test_run run = talk(0);
    uint64_t sent;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.broker, SIGINT);
    sent = test_now_ns();
    finish(&run, 5);
    assert_true(test_now_ns() - sent < 2 * SECOND);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, "orrery: interrupted at "));
    assert_int_equal(strlen(run.hash), 64); /* everybody stood at one time: a whole trace */
    assert_true(test_clean(&run));
}

static void test_interrupted_while_stopped(void **state)
{
    struct test_run run = talk(0);
    uint64_t sent;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.members[0], SIGSTOP);
    test_sleep_ms(100);
    kill(run.broker, SIGTERM);
    sent = test_now_ns();
    finish(&run, 5);
    assert_true(test_now_ns() - sent < 2 * SECOND);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, "orrery: interrupted at "));
    assert_true(test_clean(&run));
}

static void test_lingering_member(void **state)
{
    struct test_run run = talk(100 * MS);

    run.options[0] = TALK_A " hang=1";
    remember_talk();
    play(&run);
    assert_int_equal(run.exit_code, 0);
    assert_string_equal(run.hash, talk_hash);
    assert_true(test_clean(&run));
}

static void test_launcher_dies(void **state)
{
    struct test_run run = talk(0);

    run.watch_launcher = true;
    run.options[0] = TALK_A " hang=1";
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.launcher, SIGKILL);
    finish(&run, 5);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, "orrery: the launcher (pid "));
    assert_int_equal(access(run.run_dir, F_OK), -1);
    assert_true(test_clean(&run));
}

static void test_member_stops_for_a_while(void **state)
{
    struct test_run run = talk(100 * MS);

    remember_talk();
    run.pace = 1.0; /* so that it is caught under way */
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    kill(run.members[0], SIGSTOP);
    test_sleep_ms(1000);
    kill(run.members[0], SIGCONT);
    finish(&run, 10);
    assert_int_equal(run.exit_code, 0);
    assert_string_equal(run.hash, talk_hash);
    assert_true(test_clean(&run));
}

/* ---- calls ---- */

static Orrery__Reply *ask(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns)
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

static uint64_t stopped_at(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns)
{
    Orrery__Reply *reply = ask(run, kind, ns);
    uint64_t at_ns;

    assert_string_equal(reply->error, "");
    assert_int_equal(reply->result_case, ORRERY__REPLY__RESULT_STOPPED);
    at_ns = reply->stopped->at_ns;
    orrery__reply__free_unpacked(reply, NULL);
    return at_ns;
}

static void refused(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns,
                    const char *why)
{
    Orrery__Reply *reply = ask(run, kind, ns);

    if (!strstr(reply->error, why)) {
        fail_msg("'%s' instead of '%s'", reply->error, why);
    }
    orrery__reply__free_unpacked(reply, NULL);
}

static void everybody_at(struct test_run *run, uint64_t at_ns)
{
    Orrery__Reply *reply = ask(run, ORRERY__REQUEST__CALL_STATUS, 0);

    assert_int_equal(reply->result_case, ORRERY__REPLY__RESULT_STATUS);
    assert_string_equal(reply->status->state, "paused");
    assert_int_equal(reply->status->n_members, 2);
    assert_int_equal(reply->status->members[0]->time_ns, at_ns);
    assert_int_equal(reply->status->members[1]->time_ns, at_ns);
    orrery__reply__free_unpacked(reply, NULL);
}

static void stops(double pace, bool turns, uint64_t jitter_seed)
{
    struct test_run run = talk(100 * MS);
    uint64_t at;

    remember_talk();
    run.turns = turns;
    run.jitter_seed = jitter_seed;
    run.pace = pace; /* else it would be over before we call */
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    at = stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0);
    everybody_at(&run, at);
    assert_int_equal(stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0), at);
    for (int i = 0; i < 20 && !turns; i++) {
        uint64_t step = i % 2 ? 10000 : 777;

        assert_int_equal(stopped_at(&run, ORRERY__REQUEST__CALL_STEP, step), at + step);
        at += step;
        everybody_at(&run, at);
    }
    refused(&run, ORRERY__REQUEST__CALL_UNTIL, at, "already past");
    refused(&run, ORRERY__REQUEST__CALL_STEP, 0, "step");
    orrery__reply__free_unpacked(ask(&run, ORRERY__REQUEST__CALL_RESUME, 0), NULL);
    at = stopped_at(&run, ORRERY__REQUEST__CALL_UNTIL, 60 * MS);
    if (!turns) {
        assert_int_equal(at, 60 * MS);
    }
    everybody_at(&run, at);
    orrery__reply__free_unpacked(ask(&run, ORRERY__REQUEST__CALL_RESUME, 0), NULL);
    for (int i = 0; i < 3; i++) {
        stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0);
        orrery__reply__free_unpacked(ask(&run, ORRERY__REQUEST__CALL_RESUME, 0), NULL);
    }
    assert_int_equal(stopped_at(&run, ORRERY__REQUEST__CALL_UNTIL, 100 * MS), 100 * MS);
    finish(&run, 10);
    assert_int_equal(run.exit_code, 0);
    assert_string_equal(run.hash, talk_hash);
    assert_string_equal(run.out, talk_out);
    assert_true(test_clean(&run));
}

static void test_stops(void **state)
{
    stops(0.3, false, 0);
    stops(0.3, false, 5);
}

static void test_stops_in_turns(void **state)
{
    stops(0.3, true, 0);
}

/* Unpaced: pause takes back a ceiling that was granted. */
static void test_stops_unpaced(void **state)
{
    struct test_run run = talk(0);
    uint64_t at, last = 0;

    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    for (int i = 0; i < 20; i++) {
        at = stopped_at(&run, ORRERY__REQUEST__CALL_PAUSE, 0);
        assert_true(at > last);
        everybody_at(&run, at);
        last = stopped_at(&run, ORRERY__REQUEST__CALL_STEP, 1);
        assert_int_equal(last, at + 1);
        orrery__reply__free_unpacked(ask(&run, ORRERY__REQUEST__CALL_RESUME, 0), NULL);
        refused(&run, ORRERY__REQUEST__CALL_UNTIL, 1, "already past");
        last = stopped_at(&run, ORRERY__REQUEST__CALL_UNTIL, last + 5 * SECOND);
        orrery__reply__free_unpacked(ask(&run, ORRERY__REQUEST__CALL_RESUME, 0), NULL);
    }
    stopped_at(&run, ORRERY__REQUEST__CALL_DOWN, 0);
    finish(&run, 5);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, "orrery: interrupted at "));
    assert_true(test_clean(&run));
}

static void test_bad_calls(void **state)
{
    static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0xff, 0x01};
    static uint8_t large[80 << 10];
    struct test_run run = talk(100 * MS);
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Hello hello = ORRERY__HELLO__INIT;
    Orrery__Ready ready = ORRERY__READY__INIT;
    Orrery__Reply *reply;
    const char *const wrong[] = {"c", "", "a"};

    run.options[0] = NULL; /* joins only afterwards */
    assert_true(test_start(&run));
    refused(&run, ORRERY__REQUEST__CALL_PAUSE, 0, "not everybody has joined");
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
    finish(&run, 30);
    remember_talk();
    assert_int_equal(run.exit_code, 0);
    assert_string_equal(run.hash, talk_hash);
    assert_true(test_clean(&run));
}

static void test_joins_once(void **state)
{
    struct test_run run = talk(0);
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
    finish(&run, 5);
    assert_true(test_clean(&run));
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

/* ---- host ports ---- */

static char *host_port(struct test_run *run)
{
    Orrery__Reply *reply = ask(run, ORRERY__REQUEST__CALL_STATUS, 0);
    char *where;

    assert_int_equal(reply->result_case, ORRERY__REPLY__RESULT_STATUS);
    assert_int_equal(reply->status->n_host_ports, 1);
    assert_string_equal(reply->status->host_ports[0]->port, "a.serial1");
    where = strdup(reply->status->host_ports[0]->where);
    orrery__reply__free_unpacked(reply, NULL);
    return where;
}

static void expect_echo(int fd, const char *text, const char *answer)
{
    char got[256] = "";
    size_t n = 0;

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    for (int i = 0; i < 2000 && n < strlen(answer); i++) {
        ssize_t k = read(fd, got + n, sizeof(got) - 1 - n);

        if (k > 0) {
            n += (size_t)k;
        } else {
            test_sleep_ms(2);
        }
    }
    got[n] = '\0';
    assert_string_equal(got, answer);
}

static void echo(int to, double pace, bool no_uring)
{
    struct test_run run = talk(0);
    char *where, log_dir[64] = "/tmp/orrery-log-XXXXXX", path[128], line[128] = "";
    FILE *input;
    int fd;

    assert_non_null(mkdtemp(log_dir));
    run.attach_to = to;
    run.attach_b_to = -1;
    run.pace = pace;
    run.no_uring = no_uring;
    run.log_dir = log_dir;
    run.options[0] = "echo=1";
    run.options[1] = "period=10000000";
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    where = host_port(&run);
    if (to == ORRERY__ATTACH__TO__PTY) {
        snprintf(path, sizeof(path), "%s/a.serial1.pty", run.run_dir);
        fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    } else {
        struct sockaddr_in addr = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(strchr(where, ':') + 1)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    assert_true(fd >= 0);
    expect_echo(fd, "hello", "HELLO");
    expect_echo(fd, " world, this takes a little longer", " WORLD, THIS TAKES A LITTLE LONGER");
    close(fd);
    kill(run.broker, SIGINT);
    finish(&run, 5);
    assert_int_equal(run.exit_code, 3);
    assert_non_null(strstr(run.err, where));
    snprintf(path, sizeof(path), "%s/input.log", log_dir);
    input = fopen(path, "r");
    assert_non_null(input);
    assert_non_null(fgets(line, sizeof(line), input));
    assert_non_null(strstr(line, " a.serial1 68\n"));
    fclose(input);
    snprintf(path, sizeof(path), "rm -r %s", log_dir);
    assert_int_equal(system(path), 0);
    free(where);
    assert_true(test_clean(&run));
}

static void test_pty(void **state)
{
    echo(ORRERY__ATTACH__TO__PTY, 1.0, false);
    echo(ORRERY__ATTACH__TO__PTY, 1.0, true);
}

static void test_pty_unpaced(void **state)
{
    echo(ORRERY__ATTACH__TO__PTY, 0, false);
}

static void test_tcp(void **state)
{
    echo(ORRERY__ATTACH__TO__TCP, 1.0, false);
    echo(ORRERY__ATTACH__TO__TCP, 0, true);
}

static void test_file_and_logs(void **state)
{
    struct test_run run = talk(100 * MS);
    char dir[64] = "/tmp/orrery-log-XXXXXX", path[200], log_dir[128], text[64] = "";
    FILE *file;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/out", dir);
    snprintf(log_dir, sizeof(log_dir), "%s/logs", dir);
    run.attach_to = ORRERY__ATTACH__TO__FILE;
    run.file_path = path;
    run.log_dir = log_dir;
    play(&run);
    assert_string_equal(run.err, "");
    assert_int_equal(run.exit_code, 0);
    assert_null(strstr(run.out, "a.serial1"));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, "tick 10\n");
    snprintf(path, sizeof(path), "%s/console.log", log_dir);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, "[  0.002086806] a.serial1 | tick 10\n");
    snprintf(path, sizeof(path), "cd %s && test -s logs/a.serial1.log && test -s "
             "logs/b.serial1.log && test -e logs/input.log && rm -r %s", dir, dir);
    assert_int_equal(system(path), 0);
    assert_true(test_clean(&run));
}

static void test_full_disk(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct test_run run = talk(0);

        run.attach_to = ORRERY__ATTACH__TO__FILE;
        run.file_path = "/dev/full";
        run.no_uring = i;
        play(&run);
        assert_string_equal(run.err,
                            "orrery: cannot write to /dev/full: No space left on device\n");
        assert_int_equal(run.exit_code, 3);
        assert_true(test_clean(&run));
    }
}

static void test_stdout_closed(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct test_run run = talk(0);
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        run.stdout_fd = ends[1];
        run.no_uring = i;
        play(&run);
        close(ends[1]);
        assert_string_equal(run.err, "orrery: cannot write to stdout: Broken pipe\n");
        assert_int_equal(run.exit_code, 3);
        assert_true(test_clean(&run));
    }
}

/* Nobody reads stdout for a while: the ensemble waits, nothing is lost. */
static void test_slow_stdout(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct test_run run = talk(2 * SECOND);
        size_t bytes = 0;
        char buf[4096];
        int ends[2];
        ssize_t n;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        run.stdout_fd = ends[1];
        run.no_uring = i;
        run.options[0] = "period=200000 say=1"; /* 10,000 lines */
        assert_true(test_start(&run));
        close(ends[1]);
        test_sleep_ms(500);
        while ((n = read(ends[0], buf, sizeof(buf))) > 0) {
            bytes += (size_t)n;
        }
        close(ends[0]);
        finish(&run, 10);
        assert_int_equal(run.exit_code, 0);
        assert_string_equal(run.err, "");
        assert_true(bytes > 300000);
        assert_true(test_clean(&run));
    }
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
        cmocka_unit_test(test_member_stops_for_a_while),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_stops_in_turns),
        cmocka_unit_test(test_stops_unpaced),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_joins_once),
        cmocka_unit_test(test_bad_plans),
        cmocka_unit_test(test_pty),
        cmocka_unit_test(test_pty_unpaced),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_file_and_logs),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_stdout_closed),
        cmocka_unit_test(test_slow_stdout),
    };

    if (argc > 2 && strcmp(argv[1], "--player") == 0) {
        return orrery_test_player(argc - 2, argv + 2);
    }
    if (argc < 2) {
        fprintf(stderr, "usage: broker-test PATH-OF-ORRERY-BROKER [PATTERN]\n");
        return 2;
    }
    if (argc > 2) {
        cmocka_set_test_filter(argv[2]);
    }
    signal(SIGPIPE, SIG_IGN);
    alarm(170);
    test_program("/proc/self/exe", argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
