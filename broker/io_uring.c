/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_uring.c - the event loop over io_uring: one-shot polls that are armed again each turn,
 * and one write in flight per file. The kernel refers to watches and files by address, so
 * they stay until their last completion is in.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>

#include "io_loop.h"

#define ENTRIES 128

/* user_data is the address of the watch or file, with its kind in the low bits */
enum tag { TAG_WATCH = 1, TAG_WRITE = 2, TAG_WRITABLE = 3, TAG_MASK = 7 };

struct uring_state {
    struct io_uring ring;
};

static bool uring_init(struct io *io)
{
    struct uring_state *state = g_new0(struct uring_state, 1);
    int error = io_uring_queue_init(ENTRIES, &state->ring, IORING_SETUP_CLAMP);

    /* Waits with a timeout that takes no submission, and writes at the current position. */
    if (error == 0 && (~state->ring.features & (IORING_FEAT_EXT_ARG | IORING_FEAT_RW_CUR_POS))) {
        io_uring_queue_exit(&state->ring);
        error = -ENOSYS;
    }
    if (error < 0) {
        g_free(state);
        errno = -error;
        return false;
    }
    io->state = state;
    return true;
}

static struct io_uring_sqe *get_sqe(struct uring_state *state)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&state->ring);

    if (!sqe) {
        io_uring_submit(&state->ring);
        sqe = io_uring_get_sqe(&state->ring);
    }
    return sqe;
}

static void set_tag(struct io_uring_sqe *sqe, void *object, enum tag tag)
{
    io_uring_sqe_set_data64(sqe, (uint64_t)(uintptr_t)object | tag);
}

static void cancel_poll(struct uring_state *state, void *object, enum tag tag)
{
    struct io_uring_sqe *sqe = get_sqe(state);

    if (sqe) {
        io_uring_prep_poll_remove(sqe, (uint64_t)(uintptr_t)object | tag);
        io_uring_sqe_set_data64(sqe, 0);
    }
}

static void cancel_watch(struct io *io, struct io_watch *watch)
{
    if (watch->armed && !watch->cancelling) {
        watch->cancelling = true;
        cancel_poll(io->state, watch, TAG_WATCH);
        io_uring_submit(&((struct uring_state *)io->state)->ring);
    }
}

static bool uring_forget_watch(struct io *io, struct io_watch *watch)
{
    cancel_watch(io, watch);
    return !watch->armed;
}

static bool uring_forget_file(struct io *io, struct io_file *file)
{
    struct uring_state *state = io->state;
    struct io_uring_sqe *sqe;

    if (file->busy && !file->failed) {
        file->failed = true; /* asked once */
        sqe = get_sqe(state);
        if (sqe) {
            io_uring_prep_cancel64(sqe, (uint64_t)(uintptr_t)file | file->busy_tag, 0);
            io_uring_sqe_set_data64(sqe, 0);
            io_uring_submit(&state->ring);
        }
    }
    return !file->busy;
}

static void arm_watches(struct io *io)
{
    struct uring_state *state = io->state;

    for (struct io_watch *watch = io->watches; watch; watch = watch->next) {
        struct io_uring_sqe *sqe;

        if (watch->armed) {
            if (watch->armed_events != watch->events) {
                cancel_watch(io, watch);
            }
            continue;
        }
        if (watch->removed || !watch->events || !(sqe = get_sqe(state))) {
            continue;
        }
        io_uring_prep_poll_add(sqe, watch->fd,
                               (watch->events & IO_IN ? POLLIN : 0) |
                                   (watch->events & IO_OUT ? POLLOUT : 0));
        set_tag(sqe, watch, TAG_WATCH);
        watch->armed = true;
        watch->cancelling = false;
        watch->armed_events = watch->events;
    }
}

static void start_writes(struct io *io)
{
    struct uring_state *state = io->state;

    for (struct io_file *file = io->files; file; file = file->next) {
        struct io_uring_sqe *sqe;

        if (!file->busy && orrery_io_file_next(file) && (sqe = get_sqe(state))) {
            /* offset -1: the file's own position, as write() has it; pipes and ttys too */
            io_uring_prep_write(sqe, file->fd, file->flight->data + file->flight_done,
                                (unsigned)(file->flight->len - file->flight_done), (uint64_t)-1);
            set_tag(sqe, file, TAG_WRITE);
            file->busy = true;
            file->busy_tag = TAG_WRITE;
        }
    }
}

static void watch_completed(struct io_watch *watch, int res)
{
    unsigned events;

    watch->armed = watch->cancelling = false;
    if (watch->removed || !watch->events || res == -ECANCELED) {
        return;
    }
    events = res < 0 ? IO_HUP
                     : (res & POLLIN ? IO_IN : 0) | (res & POLLOUT ? IO_OUT : 0) |
                           (res & (POLLHUP | POLLERR | POLLNVAL) ? IO_HUP : 0);
    if (events & (watch->events | IO_HUP)) {
        watch->fn(watch->opaque, events);
    }
}

static void write_completed(struct io *io, struct io_file *file, int res)
{
    struct io_uring_sqe *sqe;

    file->busy = false;
    if (file->removed || file->failed) {
        return;
    }
    if (res == -EAGAIN && (sqe = get_sqe(io->state)) != NULL) {
        /* somebody made the descriptor nonblocking: wait for room ourselves */
        io_uring_prep_poll_add(sqe, file->fd, POLLOUT);
        set_tag(sqe, file, TAG_WRITABLE);
        file->busy = true;
        file->busy_tag = TAG_WRITABLE;
        return;
    }
    orrery_io_file_result(file, res);
}

static void complete(struct io *io, uint64_t data, int res)
{
    void *object = (void *)(uintptr_t)(data & ~(uint64_t)TAG_MASK); /* NOLINT */

    switch (data & TAG_MASK) {
    case TAG_WATCH:
        watch_completed(object, res);
        break;
    case TAG_WRITE:
        write_completed(io, object, res);
        break;
    case TAG_WRITABLE:
        ((struct io_file *)object)->busy = false;
        break;
    }
}

static void uring_turn(struct io *io, int timeout_ms)
{
    struct uring_state *state = io->state;
    struct __kernel_timespec ts = {timeout_ms / 1000, timeout_ms % 1000 * 1000000LL};
    struct io_uring_cqe *cqe;

    arm_watches(io);
    start_writes(io);
    io_uring_submit(&state->ring);
    if (io_uring_wait_cqe_timeout(&state->ring, &cqe, timeout_ms < 0 ? NULL : &ts) < 0) {
        return; /* timed out or interrupted */
    }
    /* A callback may submit; what completes meanwhile is for this loop too. */
    while (io_uring_peek_cqe(&state->ring, &cqe) == 0) {
        uint64_t data = cqe->user_data;
        int res = cqe->res;

        io_uring_cqe_seen(&state->ring, cqe);
        complete(io, data, res);
    }
}

static void uring_finish(struct io *io)
{
    struct uring_state *state = io->state;

    io_uring_queue_exit(&state->ring); /* cancels and waits for what the kernel still holds */
    g_free(state);
}

const struct io_backend orrery_io_uring_backend = {
    .name = "io_uring",
    .init = uring_init,
    .finish = uring_finish,
    .forget_watch = uring_forget_watch,
    .forget_file = uring_forget_file,
    .turn = uring_turn,
};
