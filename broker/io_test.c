/* SPDX-License-Identifier: Apache-2.0 */
/* io_test.c - the event loop, the same tests on both backends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

#define PATIENCE_MS 60000 /* for what takes a moment, on a busy host */

static struct io *create(void **state)
{
    enum io_choice choice = *(const enum io_choice *)*state;
    struct orrery_error err = {""};
    struct io *io = orrery_io_create(choice, &err);

    if (!io && choice == IO_URING) {
        skip(); /* forbidden here: the poll half still runs */
    }
    assert_non_null(io);
    assert_string_equal(orrery_io_backend(io), choice == IO_URING ? "io_uring" : "poll");
    return io;
}

/* What the callbacks of a test share. */
struct seen {
    struct io *io;
    struct io_watch *watch;
    struct io_timer *timer;
    int fd, count, error;
    unsigned events;
    char text[64];
};

static void read_it(void *opaque, unsigned events)
{
    struct seen *seen = opaque;
    ssize_t n = read(seen->fd, seen->text, sizeof(seen->text) - 1);

    seen->count++;
    seen->events = events;
    seen->text[n > 0 ? n : 0] = '\0';
    if (seen->count == 2) {
        orrery_io_unwatch(seen->watch); /* itself, in its own callback */
        orrery_io_stop(seen->io);
    }
}

static void write_once(void *opaque)
{
    struct seen *seen = opaque;

    assert_int_equal(write(seen->error, "x", 1), 1); /* error holds the writing end */
}

static void test_watch(void **state)
{
    struct seen seen = {.io = create(state)};
    struct io_timer *timer;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    seen.fd = ends[0];
    seen.error = ends[1];
    seen.watch = orrery_io_watch(seen.io, ends[0], IO_IN, read_it, &seen);
    timer = orrery_io_timer(seen.io, 1, 2, write_once, &seen);
    orrery_io_run(seen.io);
    orrery_io_timer_cancel(timer);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.text, "x");
    close(ends[0]);
    close(ends[1]);
    orrery_io_destroy(seen.io);
}

static void stop(void *opaque)
{
    orrery_io_stop(opaque);
}

static void count_event(void *opaque, unsigned events)
{
    struct seen *seen = opaque;

    seen->count++;
    seen->events |= events;
    if (seen->count == 3) {
        orrery_io_watch_set(seen->watch, 0); /* rest, though it is still readable */
    }
}

static void test_rest(void **state)
{
    struct seen seen = {.io = create(state)};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    seen.watch = orrery_io_watch(seen.io, ends[0], IO_IN, count_event, &seen);
    orrery_io_timer(seen.io, 30, 0, stop, seen.io);
    orrery_io_run(seen.io);
    assert_int_equal(seen.count, 3); /* level-triggered: it came again */
    orrery_io_watch_set(seen.watch, IO_IN);
    orrery_io_timer(seen.io, 10, 0, stop, seen.io);
    orrery_io_run(seen.io);
    assert_true(seen.count > 3);
    orrery_io_unwatch(seen.watch);
    close(ends[0]);
    close(ends[1]);
    orrery_io_destroy(seen.io);
}

/* A change of what is waited for while the kernel waits. */
static void want_out(void *opaque)
{
    struct seen *seen = opaque;

    orrery_io_watch_set(seen->watch, IO_OUT);
}

static void can_write(void *opaque, unsigned events)
{
    struct seen *seen = opaque;

    seen->events = events;
    orrery_io_stop(seen->io);
}

static void test_change_events(void **state)
{
    struct seen seen = {.io = create(state)};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    seen.watch = orrery_io_watch(seen.io, pair[0], IO_IN, can_write, &seen);
    orrery_io_timer(seen.io, 5, 0, want_out, &seen);
    orrery_io_run(seen.io);
    assert_int_equal(seen.events, IO_OUT);
    orrery_io_watch_set(seen.watch, IO_IN);
    close(pair[1]);
    orrery_io_run(seen.io);
    assert_true(seen.events & (IO_HUP | IO_IN));
    orrery_io_unwatch(seen.watch);
    close(pair[0]);
    orrery_io_destroy(seen.io);
}

/* Removed while armed and its descriptor closed: the other end must notice. */
static void test_unwatch_armed(void **state)
{
    struct seen seen = {.io = create(state)};
    int pair[2];
    char c;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    seen.watch = orrery_io_watch(seen.io, pair[0], IO_IN, count_event, &seen);
    orrery_io_timer(seen.io, 5, 0, stop, seen.io);
    orrery_io_run(seen.io);
    orrery_io_unwatch(seen.watch);
    close(pair[0]);
    orrery_io_timer(seen.io, 5, 0, stop, seen.io);
    orrery_io_run(seen.io);
    assert_int_equal(recv(pair[1], &c, 1, MSG_DONTWAIT), 0);
    assert_int_equal(seen.count, 0);
    close(pair[1]);
    orrery_io_destroy(seen.io);
}

static void *poke_often(void *opaque)
{
    for (int i = 0; i < 1000; i++) {
        orrery_io_poke(opaque);
    }
    return NULL;
}

static void poked(void *opaque)
{
    ((struct seen *)opaque)->count++;
}

static void test_poke(void **state)
{
    struct seen seen = {.io = create(state)};
    pthread_t thread;

    orrery_io_on_poke(seen.io, poked, &seen);
    assert_int_equal(pthread_create(&thread, NULL, poke_often, seen.io), 0);
    orrery_io_timer(seen.io, 50, 0, stop, seen.io);
    orrery_io_run(seen.io);
    pthread_join(thread, NULL);
    assert_true(seen.count >= 1 && seen.count <= 1000);
    orrery_io_destroy(seen.io);
}

static void tick(void *opaque)
{
    struct seen *seen = opaque;

    if (++seen->count == 5) {
        orrery_io_timer_cancel(seen->timer);
        orrery_io_timer(seen->io, 20, 0, stop, seen->io);
    }
}

static void test_timers(void **state)
{
    struct seen seen = {.io = create(state)};
    uint64_t start = orrery_host_ns();

    seen.timer = orrery_io_timer(seen.io, 10, 5, tick, &seen);
    orrery_io_run(seen.io);
    assert_int_equal(seen.count, 5);
    assert_true(orrery_host_ns() - start >= 50000000);
    orrery_io_destroy(seen.io);
}

static void failed(void *opaque, int error)
{
    struct seen *seen = opaque;

    seen->count++;
    seen->error = error;
}

static void test_file(void **state)
{
    struct seen seen = {.io = create(state)};
    int fd = memfd_create("test", 0);
    struct io_file *file = orrery_io_file(seen.io, fd, failed, &seen);
    char line[32], *all;
    size_t want = 0;

    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)snprintf(line, sizeof(line), "%d\n", i);

        orrery_io_write(file, line, n);
        want += n;
        if (i == 10000) {
            assert_true(orrery_io_drain(seen.io, PATIENCE_MS));
        }
    }
    assert_true(orrery_io_pending(file) > 0);
    assert_true(orrery_io_drain(seen.io, PATIENCE_MS));
    assert_int_equal(orrery_io_pending(file), 0);
    assert_int_equal(lseek(fd, 0, SEEK_END), (off_t)want);
    all = malloc(want + 1);
    assert_int_equal(pread(fd, all, want, 0), (ssize_t)want);
    all[want] = '\0';
    assert_non_null(strstr(all, "\n9999\n10000\n10001\n"));
    assert_non_null(strstr(all, "\n19998\n19999\n"));
    free(all);
    assert_int_equal(seen.count, 0);
    orrery_io_file_close(file);
    close(fd);
    orrery_io_destroy(seen.io);
}

static void test_full_disk(void **state)
{
    struct seen seen = {.io = create(state)};
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct io_file *file = orrery_io_file(seen.io, fd, failed, &seen);

    orrery_io_write(file, "x", 1);
    assert_true(orrery_io_drain(seen.io, PATIENCE_MS));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.error, ENOSPC);
    orrery_io_write(file, "y", 1); /* vanishes */
    assert_int_equal(orrery_io_pending(file), 0);
    orrery_io_file_close(file);
    close(fd);
    orrery_io_destroy(seen.io);
}

/* A pipe that nobody reads takes no more; the loop goes on. */
static void full_pipe(void **state, bool nonblocking)
{
    static char zeros[300000];
    struct seen seen = {.io = create(state)};
    char buf[4096];
    struct io_file *file;
    size_t got = 0;
    int ends[2];

    assert_int_equal(pipe2(ends, nonblocking ? O_NONBLOCK : 0), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    file = orrery_io_file(seen.io, ends[1], failed, &seen);
    orrery_io_write(file, zeros, sizeof(zeros));
    assert_false(orrery_io_drain(seen.io, 50));
    while (got < sizeof(zeros)) {
        ssize_t n = read(ends[0], buf, sizeof(buf));

        if (n > 0) {
            got += (size_t)n;
        } else {
            orrery_io_drain(seen.io, 5);
        }
    }
    assert_true(orrery_io_drain(seen.io, PATIENCE_MS));
    /* and one that breaks while a write waits */
    orrery_io_write(file, zeros, sizeof(zeros));
    assert_false(orrery_io_drain(seen.io, 20));
    close(ends[0]);
    assert_true(orrery_io_drain(seen.io, PATIENCE_MS));
    assert_int_equal(seen.error, EPIPE);
    assert_int_equal(seen.count, 1);
    orrery_io_file_close(file);
    close(ends[1]);
    orrery_io_destroy(seen.io);
}

static void test_full_pipe(void **state)
{
    full_pipe(state, false);
}

static void test_full_nonblocking_pipe(void **state)
{
    full_pipe(state, true);
}

/* Destroyed with everything still under way. */
static void test_destroy_busy(void **state)
{
    static char zeros[300000];
    struct seen seen = {.io = create(state)};
    int ends[2], in[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(in), 0);
    orrery_io_write(orrery_io_file(seen.io, ends[1], failed, &seen), zeros, sizeof(zeros));
    orrery_io_watch(seen.io, in[0], IO_IN, count_event, &seen);
    orrery_io_timer(seen.io, 1000, 0, stop, seen.io);
    orrery_io_timer(seen.io, 5, 0, stop, seen.io);
    orrery_io_run(seen.io);
    close(ends[0]); /* lets the blocked write go */
    orrery_io_destroy(seen.io);
    close(ends[1]);
    close(in[0]);
    close(in[1]);
}

static void test_environment(void **state)
{
    struct orrery_error err = {""};
    struct io *io;

    setenv("ORRERY_NO_URING", "1", 1);
    io = orrery_io_create(IO_ANY, &err);
    assert_non_null(io);
    assert_string_equal(orrery_io_backend(io), "poll");
    orrery_io_destroy(io);
    unsetenv("ORRERY_NO_URING");
    io = orrery_io_create(IO_ANY, &err);
    assert_non_null(io);
    orrery_io_destroy(io);
}

static const enum io_choice poll_choice = IO_POLL, uring_choice = IO_URING;

#define ON_BOTH(test)                                                                              \
    {"poll: " #test, test, NULL, NULL, (void *)&poll_choice},                                      \
    {                                                                                              \
        "io_uring: " #test, test, NULL, NULL, (void *)&uring_choice                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_watch),         ON_BOTH(test_rest),
        ON_BOTH(test_change_events), ON_BOTH(test_unwatch_armed),
        ON_BOTH(test_poke),          ON_BOTH(test_timers),
        ON_BOTH(test_file),          ON_BOTH(test_full_disk),
        ON_BOTH(test_full_pipe),     ON_BOTH(test_full_nonblocking_pipe),
        ON_BOTH(test_destroy_busy),  cmocka_unit_test(test_environment),
    };

    signal(SIGPIPE, SIG_IGN);
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
