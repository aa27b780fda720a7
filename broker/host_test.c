/* SPDX-License-Identifier: Apache-2.0 */
/* host_test.c - ports attached to terminals, sockets, files, stdout; and the logs. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "orrery.h"
#include "test_talk.h"

static char *host_port(struct test_run *run)
{
    Orrery__Reply *reply = test_ask(run, ORRERY__REQUEST__CALL_STATUS, 0);
    char *where;

    assert_int_equal(reply->result_case, ORRERY__REPLY__RESULT_STATUS);
    assert_int_equal(reply->status->n_host_ports, 1);
    assert_string_equal(reply->status->host_ports[0]->port, "a.serial1");
    where = strdup(reply->status->host_ports[0]->where);
    orrery__reply__free_unpacked(reply, NULL);
    return where;
}

static int open_client(struct test_run *run)
{
    char *where = host_port(run);
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(strchr(where, ':') + 1)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    free(where);
    return fd;
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
    struct test_run run = test_talk(0);
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
        fd = open_client(&run);
    }
    assert_true(fd >= 0);
    expect_echo(fd, "hello", "HELLO");
    expect_echo(fd, " world, this takes a little longer", " WORLD, THIS TAKES A LITTLE LONGER");
    close(fd);
    kill(run.broker, SIGINT);
    test_finish(&run, 5);
    test_ended(&run, 3);
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

/* More than any queue holds: the host waits, nothing is lost, all is echoed in order. */
static void paste(double pace)
{
    enum { BYTES = 20000 };
    struct test_run run = test_talk(0);
    size_t sent = 0, got = 0;
    char out[256], in[4096];
    int fd;

    run.attach_to = ORRERY__ATTACH__TO__TCP;
    run.attach_b_to = -1;
    run.pace = pace;
    run.options[0] = "echo=1";
    run.options[1] = "period=10000000";
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    fd = open_client(&run);
    for (int i = 0; i < 5000 && got < BYTES; i++) {
        size_t want = BYTES - sent < sizeof(out) ? BYTES - sent : sizeof(out);
        ssize_t n;

        for (size_t k = 0; k < want; k++) {
            out[k] = (char)('a' + (sent + k) % 23);
        }
        n = want ? write(fd, out, want) : 0;
        sent += n > 0 ? (size_t)n : 0;
        n = read(fd, in, sizeof(in));
        for (ssize_t k = 0; k < n; k++, got++) {
            assert_int_equal(in[k], 'A' + got % 23);
        }
        if (n <= 0) {
            test_sleep_ms(1);
        }
    }
    assert_int_equal(got, BYTES);
    close(fd);
    fd = open_client(&run); /* the next client finds the port free */
    expect_echo(fd, "again", "AGAIN");
    close(fd);
    kill(run.broker, SIGINT);
    test_finish(&run, 5);
    assert_true(test_clean(&run));
}

static void test_paste(void **state)
{
    paste(5.0);
    paste(0);
}

/* What the terminal program sets is what the wire has: 9600 8N1 is 1041667 ns a frame. */
static void test_pty_baud(void **state)
{
    struct test_run run = test_talk(0);
    char log_dir[64] = "/tmp/orrery-log-XXXXXX", path[128];
    unsigned long long s[2], ns[2];
    unsigned byte[2];
    struct termios termios;
    FILE *input;
    int fd;

    assert_non_null(mkdtemp(log_dir));
    run.attach_to = ORRERY__ATTACH__TO__PTY;
    run.attach_b_to = -1;
    run.pace = 1.0;
    run.log_dir = log_dir;
    run.options[0] = "echo=1";
    run.options[1] = "period=10000000";
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    snprintf(path, sizeof(path), "%s/a.serial1.pty", run.run_dir);
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_int_equal(tcgetattr(fd, &termios), 0);
    cfsetspeed(&termios, B9600);
    assert_int_equal(tcsetattr(fd, TCSANOW, &termios), 0);
    expect_echo(fd, "ab", "AB");
    close(fd);
    kill(run.broker, SIGINT);
    test_finish(&run, 5);
    snprintf(path, sizeof(path), "%s/input.log", log_dir);
    input = fopen(path, "r");
    assert_non_null(input);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fscanf(input, "%llu.%llu a.serial1 %x\n", &s[i], &ns[i], &byte[i]), 3);
    }
    fclose(input);
    assert_int_equal(byte[0], 'a');
    assert_int_equal((s[1] - s[0]) * SECOND + ns[1] - ns[0], 1041667);
    snprintf(path, sizeof(path), "rm -r %s", log_dir);
    assert_int_equal(system(path), 0);
    assert_true(test_clean(&run));
}

/* stdout is a terminal: colours, a progress line, and no way in for the guest's escapes. */
static void test_terminal(void **state)
{
    struct test_run run = test_talk(1500 * MS);
    char buf[16384] = "";
    size_t got = 0;
    ssize_t n;
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    setenv("TERM", "xterm", 1);
    run.stdout_fd = slave;
    run.pace = 1.0;
    run.options[0] = "text=plain~\033[31mred~\033]0;title\007~";
    run.options[1] = "period=100000000";
    assert_true(test_start(&run));
    fcntl(master, F_SETFL, O_NONBLOCK);
    while (run.exit_code == 0 && got < sizeof(buf) - 1 && !strstr(buf, "trace-hash")) {
        n = read(master, buf + got, sizeof(buf) - 1 - got);
        got += n > 0 ? (size_t)n : 0;
        buf[got] = '\0';
        test_sleep_ms(2);
    }
    test_finish(&run, 10);
    close(slave);
    close(master);
    test_ended(&run, 0);
    assert_non_null(strstr(buf, "\033[36ma.serial1\033[0m | plain\r\n"));
    assert_non_null(strstr(buf, " | \033[31mred\033[0m\r\n"));
    assert_non_null(strstr(buf, " | \\x1b]0;title\\x07\r\n"));
    assert_non_null(strstr(buf, " x real time"));
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

/* Nobody has anything to do until somebody types: time stands still, and no core is busy. */
static void test_pty_all_asleep(void **state)
{
    struct test_run run = test_talk(0);
    uint64_t start;
    char path[128];
    int fd;

    run.attach_to = ORRERY__ATTACH__TO__PTY;
    run.attach_b_to = -1;
    run.options[0] = "echo=1";
    run.options[1] = "period=0";
    assert_true(test_start(&run));
    assert_true(test_wait_state(&run, "running"));
    snprintf(path, sizeof(path), "%s/a.serial1.pty", run.run_dir);
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    for (int i = 0; i < 10; i++) {
        start = test_now_ns();
        expect_echo(fd, "x", "X");
        assert_true(test_within(start, 1));
        test_sleep_ms(30);
    }
    assert_true(test_cpu_ms(run.broker) < 200);
    close(fd);
    kill(run.broker, SIGINT);
    test_finish(&run, 5);
    assert_true(test_clean(&run));
}

static void test_tcp(void **state)
{
    echo(ORRERY__ATTACH__TO__TCP, 1.0, false);
    echo(ORRERY__ATTACH__TO__TCP, 0, true);
}

static void test_file_and_logs(void **state)
{
    struct test_run run = test_talk(100 * MS);
    char dir[64] = "/tmp/orrery-log-XXXXXX", path[200], log_dir[128], text[64] = "";
    FILE *file;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/out", dir);
    snprintf(log_dir, sizeof(log_dir), "%s/logs", dir);
    run.attach_to = ORRERY__ATTACH__TO__FILE;
    run.file_path = path;
    run.log_dir = log_dir;
    test_play(&run);
    assert_string_equal(run.err, "");
    test_ended(&run, 0);
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
    assert_string_equal(text, "[  0.002694448] a.serial1 | tick 10\n");
    snprintf(path, sizeof(path),
             "cd %s && test -s logs/a.serial1.log && test -s "
             "logs/b.serial1.log && test -e logs/input.log && rm -r %s",
             dir, dir);
    assert_int_equal(system(path), 0);
    assert_true(test_clean(&run));
}

static void test_full_disk(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct test_run run = test_talk(0);

        run.attach_to = ORRERY__ATTACH__TO__FILE;
        run.file_path = "/dev/full";
        run.no_uring = i;
        test_play(&run);
        assert_string_equal(run.err,
                            "orrery: cannot write to /dev/full: No space left on device\n");
        test_ended(&run, 3);
        assert_true(test_clean(&run));
    }
}

static void test_stdout_closed(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct test_run run = test_talk(0);
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        run.stdout_fd = ends[1];
        run.no_uring = i;
        test_play(&run);
        close(ends[1]);
        assert_string_equal(run.err, "orrery: cannot write to stdout: Broken pipe\n");
        test_ended(&run, 3);
        assert_true(test_clean(&run));
    }
}

/* Nobody reads stdout for a while: the ensemble waits, nothing is lost. */
static void test_slow_stdout(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct test_run run = test_talk(2 * SECOND);
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
        test_finish(&run, 10);
        test_ended(&run, 0);
        assert_string_equal(run.err, "");
        assert_true(bytes > 300000);
        assert_true(test_clean(&run));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pty),
        cmocka_unit_test(test_pty_unpaced),
        cmocka_unit_test(test_pty_all_asleep),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_paste),
        cmocka_unit_test(test_pty_baud),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_file_and_logs),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_stdout_closed),
        cmocka_unit_test(test_slow_stdout),
    };

    return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
