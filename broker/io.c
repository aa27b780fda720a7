/* SPDX-License-Identifier: Apache-2.0 */
/* io.c - the part of the event loop that does not depend on the backend. */
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io_loop.h"
#include "say.h"

#define NS_PER_MS UINT64_C(1000000)

static void poked(void *opaque, unsigned events)
{
    struct io *io = opaque;
    uint64_t count;

    if (read(io->poke_fd, &count, sizeof(count)) < 0) {
        return; /* another turn took it */
    }
    if (io->poke_fn) {
        io->poke_fn(io->poke_opaque);
    }
}

static bool pick_backend(struct io *io, enum io_choice choice)
{
    const char *no_uring = getenv("ORRERY_NO_URING");
    bool forbidden = no_uring && no_uring[0] && strcmp(no_uring, "0") != 0;

    if (choice == IO_URING || (choice == IO_ANY && !forbidden)) {
        io->backend = &orrery_io_uring_backend;
        if (io->backend->init(io)) {
            return true;
        }
        if (choice == IO_URING) {
            return false;
        }
    }
    io->backend = &orrery_io_poll_backend;
    return io->backend->init(io);
}

struct io *orrery_io_create(enum io_choice choice, struct orrery_error *err)
{
    struct io *io = g_new0(struct io, 1);

    io->poke_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (io->poke_fd < 0) {
        snprintf(err->text, sizeof(err->text), "event loop: %s", strerror(errno));
        g_free(io);
        return NULL;
    }
    if (!pick_backend(io, choice)) {
        snprintf(err->text, sizeof(err->text), "event loop: %s cannot be set up: %s",
                 io->backend->name, strerror(errno));
        close(io->poke_fd);
        g_free(io);
        return NULL;
    }
    io->poke_watch = orrery_io_watch(io, io->poke_fd, IO_IN, poked, io);
    return io;
}

static void free_file(struct io_file *file)
{
    g_byte_array_unref(file->queue);
    g_byte_array_unref(file->flight);
    g_free(file);
}

void orrery_io_destroy(struct io *io)
{
    if (!io) {
        return;
    }
    io->backend->finish(io); /* from here on the kernel refers to nothing of ours */
    for (struct io_watch *watch = io->watches, *next; watch; watch = next) {
        next = watch->next;
        g_free(watch);
    }
    for (struct io_file *file = io->files, *next; file; file = next) {
        next = file->next;
        free_file(file);
    }
    for (struct io_timer *timer = io->timers, *next; timer; timer = next) {
        next = timer->next;
        g_free(timer);
    }
    close(io->poke_fd);
    g_free(io);
}

const char *orrery_io_backend(const struct io *io)
{
    return io->backend->name;
}

/* ---- descriptors ---- */

struct io_watch *orrery_io_watch(struct io *io, int fd, unsigned events, io_event_fn fn,
                                 void *opaque)
{
    struct io_watch *watch = g_new0(struct io_watch, 1);

    watch->io = io;
    watch->fd = fd;
    watch->events = events;
    watch->fn = fn;
    watch->opaque = opaque;
    watch->next = io->watches;
    io->watches = watch;
    return watch;
}

void orrery_io_watch_set(struct io_watch *watch, unsigned events)
{
    watch->events = events;
}

void orrery_io_unwatch(struct io_watch *watch)
{
    if (watch) {
        watch->removed = true;
        watch->io->backend->forget_watch(watch->io, watch);
    }
}

void orrery_io_on_poke(struct io *io, io_plain_fn fn, void *opaque)
{
    io->poke_fn = fn;
    io->poke_opaque = opaque;
}

void orrery_io_poke(struct io *io)
{
    uint64_t one = 1;

    if (write(io->poke_fd, &one, sizeof(one)) < 0) {
        return; /* the counter is full: it is poked already */
    }
}

/* ---- files ---- */

struct io_file *orrery_io_file(struct io *io, int fd, io_error_fn fn, void *opaque)
{
    struct io_file *file = g_new0(struct io_file, 1);
    struct stat st;

    file->io = io;
    file->fd = fd;
    file->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    file->queue = g_byte_array_new();
    file->flight = g_byte_array_new();
    file->fn = fn;
    file->opaque = opaque;
    file->next = io->files;
    io->files = file;
    return file;
}

void orrery_io_write(struct io_file *file, const void *data, size_t len)
{
    if (!file->failed) {
        g_byte_array_append(file->queue, data, (guint)len);
    }
}

size_t orrery_io_pending(const struct io_file *file)
{
    return file->queue->len + file->flight->len - file->flight_done;
}

void orrery_io_file_close(struct io_file *file)
{
    if (file) {
        file->removed = true;
        file->io->backend->forget_file(file->io, file);
    }
}

bool orrery_io_file_next(struct io_file *file)
{
    if (file->failed || file->removed) {
        return false;
    }
    if (file->flight_done == file->flight->len) {
        GByteArray *empty = file->flight;

        g_byte_array_set_size(empty, 0);
        file->flight = file->queue;
        file->queue = empty;
        file->flight_done = 0;
    }
    return file->flight->len > 0;
}

void orrery_io_file_result(struct io_file *file, int result)
{
    if (result == -EINTR || result == -EAGAIN) {
        return; /* the rest of flight is tried again */
    }
    if (result > 0) {
        file->flight_done += (size_t)result; /* a short write: the rest goes next */
        return;
    }
    file->failed = true;
    g_byte_array_set_size(file->queue, 0);
    g_byte_array_set_size(file->flight, 0);
    file->flight_done = 0;
    if (file->fn && !file->removed) {
        file->fn(file->opaque, result < 0 ? -result : EIO);
    }
}

/* ---- timers ---- */

struct io_timer *orrery_io_timer(struct io *io, unsigned delay_ms, unsigned period_ms,
                                 io_plain_fn fn, void *opaque)
{
    struct io_timer *timer = g_new0(struct io_timer, 1);

    timer->due_ns = orrery_host_ns() + delay_ms * NS_PER_MS;
    timer->period_ns = period_ms * NS_PER_MS;
    timer->fn = fn;
    timer->opaque = opaque;
    timer->next = io->timers;
    io->timers = timer;
    return timer;
}

void orrery_io_timer_cancel(struct io_timer *timer)
{
    if (timer) {
        timer->removed = true;
    }
}

static int until_next_timer(const struct io *io, int limit_ms)
{
    uint64_t now = orrery_host_ns(), least = UINT64_MAX, ms;

    for (const struct io_timer *timer = io->timers; timer; timer = timer->next) {
        if (!timer->removed && timer->due_ns < least) {
            least = timer->due_ns;
        }
    }
    if (least == UINT64_MAX) {
        return limit_ms;
    }
    ms = least <= now ? 0 : (least - now + NS_PER_MS - 1) / NS_PER_MS;
    return limit_ms >= 0 && ms > (uint64_t)limit_ms ? limit_ms : (int)ms;
}

static void run_timers(struct io *io)
{
    uint64_t now = orrery_host_ns();

    for (struct io_timer *timer = io->timers; timer; timer = timer->next) {
        if (timer->removed || timer->due_ns > now) {
            continue;
        }
        if (timer->period_ns) {
            timer->due_ns = now + timer->period_ns;
        } else {
            timer->removed = true;
        }
        timer->fn(timer->opaque);
    }
}

/* ---- the loop ---- */

/* Free what was removed and is referred to by nobody; between turns only. */
static void sweep(struct io *io)
{
    for (struct io_watch **link = &io->watches, *watch; (watch = *link) != NULL;) {
        if (watch->removed && io->backend->forget_watch(io, watch)) {
            *link = watch->next;
            g_free(watch);
        } else {
            link = &watch->next;
        }
    }
    for (struct io_file **link = &io->files, *file; (file = *link) != NULL;) {
        if (file->removed && io->backend->forget_file(io, file)) {
            *link = file->next;
            free_file(file);
        } else {
            link = &file->next;
        }
    }
    for (struct io_timer **link = &io->timers, *timer; (timer = *link) != NULL;) {
        if (timer->removed) {
            *link = timer->next;
            g_free(timer);
        } else {
            link = &timer->next;
        }
    }
}

static void turn(struct io *io, int limit_ms)
{
    sweep(io);
    io->backend->turn(io, until_next_timer(io, limit_ms));
    run_timers(io);
}

void orrery_io_run(struct io *io)
{
    io->stop = false;
    while (!io->stop) {
        turn(io, -1);
    }
}

void orrery_io_stop(struct io *io)
{
    io->stop = true;
}

static bool all_written(const struct io *io)
{
    for (const struct io_file *file = io->files; file; file = file->next) {
        if (!file->removed && !file->failed && orrery_io_pending(file) > 0) {
            return false;
        }
    }
    return true;
}

bool orrery_io_drain(struct io *io, unsigned timeout_ms)
{
    uint64_t until = orrery_host_ns() + timeout_ms * NS_PER_MS;

    while (!all_written(io)) {
        uint64_t now = orrery_host_ns();

        if (now >= until) {
            return false;
        }
        turn(io, (int)((until - now) / NS_PER_MS + 1));
    }
    return true;
}
