/* SPDX-License-Identifier: Apache-2.0 */
/* io_poll.c - the event loop over poll() and write(), for kernels and containers without
 * io_uring. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "io_loop.h"

struct poll_state {
    GArray *fds;        /* struct pollfd */
    GPtrArray *watches; /* parallel to fds; NULL where a file stands */
    GPtrArray *files;
};

static bool poll_init(struct io *io)
{
    struct poll_state *state = g_new0(struct poll_state, 1);

    state->fds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
    state->watches = g_ptr_array_new();
    state->files = g_ptr_array_new();
    io->state = state;
    return true;
}

static void poll_finish(struct io *io)
{
    struct poll_state *state = io->state;

    g_array_unref(state->fds);
    g_ptr_array_unref(state->watches);
    g_ptr_array_unref(state->files);
    g_free(state);
}

/* Removed ones are freed between turns, when no array of ours names them. */
static bool poll_forget_watch(struct io *io, struct io_watch *watch)
{
    return true;
}

static bool poll_forget_file(struct io *io, struct io_file *file)
{
    return true;
}

static void collect(struct io *io, struct poll_state *state)
{
    g_array_set_size(state->fds, 0);
    g_ptr_array_set_size(state->watches, 0);
    g_ptr_array_set_size(state->files, 0);
    for (struct io_watch *watch = io->watches; watch; watch = watch->next) {
        if (!watch->removed && watch->events) {
            struct pollfd pfd = {watch->fd,
                                 (short)((watch->events & IO_IN ? POLLIN : 0) |
                                         (watch->events & IO_OUT ? POLLOUT : 0)),
                                 0};

            g_array_append_val(state->fds, pfd);
            g_ptr_array_add(state->watches, watch);
            g_ptr_array_add(state->files, NULL);
        }
    }
    for (struct io_file *file = io->files; file; file = file->next) {
        if (orrery_io_file_next(file)) {
            struct pollfd pfd = {file->fd, POLLOUT, 0};

            g_array_append_val(state->fds, pfd);
            g_ptr_array_add(state->watches, NULL);
            g_ptr_array_add(state->files, file);
        }
    }
}

static void write_some(struct io_file *file)
{
    size_t len = file->flight->len - file->flight_done;
    ssize_t n;

    if (!file->regular && len > PIPE_BUF) {
        len = PIPE_BUF; /* what a writable pipe takes without blocking */
    }
    n = write(file->fd, file->flight->data + file->flight_done, len);
    orrery_io_file_result(file, n < 0 ? -errno : (int)n);
}

static void poll_turn(struct io *io, int timeout_ms)
{
    struct poll_state *state = io->state;

    collect(io, state);
    if (poll((struct pollfd *)(void *)state->fds->data, state->fds->len, timeout_ms) <= 0) {
        return;
    }
    for (guint i = 0; i < state->fds->len; i++) {
        short revents = g_array_index(state->fds, struct pollfd, i).revents;
        struct io_watch *watch = g_ptr_array_index(state->watches, i);
        struct io_file *file = g_ptr_array_index(state->files, i);
        unsigned events = (revents & POLLIN ? IO_IN : 0) | (revents & POLLOUT ? IO_OUT : 0) |
                          (revents & (POLLHUP | POLLERR | POLLNVAL) ? IO_HUP : 0);

        if (events == 0) {
            continue;
        }
        if (watch && !watch->removed && watch->events) {
            watch->fn(watch->opaque, events);
        } else if (file && !file->removed && !file->failed) {
            write_some(file);
        }
    }
}

const struct io_backend orrery_io_poll_backend = {
    .name = "poll",
    .init = poll_init,
    .finish = poll_finish,
    .forget_watch = poll_forget_watch,
    .forget_file = poll_forget_file,
    .turn = poll_turn,
};
