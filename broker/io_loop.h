/* SPDX-License-Identifier: Apache-2.0 */
/* io_loop.h - what io.c and its two backends share. Private to them. */
#ifndef ORRERY_BROKER_IO_LOOP_H
#define ORRERY_BROKER_IO_LOOP_H

#include <glib.h>

#include "io.h"

struct io_watch {
    struct io *io;
    struct io_watch *next;
    int fd;
    unsigned events, armed_events;
    bool armed;      /* the kernel holds a poll of it (io_uring) */
    bool cancelling; /* and was asked to give it back */
    bool removed;    /* by its owner: freed when nothing refers to it */
    io_event_fn fn;
    void *opaque;
};

struct io_file {
    struct io *io;
    struct io_file *next;
    int fd;
    bool regular;
    bool busy; /* the kernel holds a write (or a poll for one) */
    unsigned busy_tag;
    bool removed;
    bool failed;
    GByteArray *queue;  /* not handed to the kernel yet */
    GByteArray *flight; /* being written */
    size_t flight_done;
    io_error_fn fn;
    void *opaque;
};

struct io_timer {
    struct io_timer *next;
    uint64_t due_ns, period_ns;
    bool removed;
    io_plain_fn fn;
    void *opaque;
};

struct io_backend {
    const char *name;
    bool (*init)(struct io *io);
    void (*finish)(struct io *io);
    /* The watch or file was removed: may it be freed now? */
    bool (*forget_watch)(struct io *io, struct io_watch *watch);
    bool (*forget_file)(struct io *io, struct io_file *file);
    /* Arm what is not armed, start writes, wait at most timeout_ms (-1: no limit), call back. */
    void (*turn)(struct io *io, int timeout_ms);
};

struct io {
    const struct io_backend *backend;
    void *state; /* the backend's */
    struct io_watch *watches;
    struct io_file *files;
    struct io_timer *timers;
    int poke_fd;
    struct io_watch *poke_watch;
    io_plain_fn poke_fn;
    void *poke_opaque;
    bool stop;
};

extern const struct io_backend orrery_io_uring_backend, orrery_io_poll_backend;

/* Has the file something to write? Moves the queue to flight when flight is empty. */
bool orrery_io_file_next(struct io_file *file);
/* A write came back: bytes written, or -errno. */
void orrery_io_file_result(struct io_file *file, int result);

#endif
