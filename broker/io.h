/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.h - the broker's event loop: descriptors, file writes, timers and pokes from other
 * threads, over io_uring or, where that is forbidden, poll() and write().
 *
 * One thread runs a loop; only orrery_io_poke() may be called from others. Callbacks run in
 * the loop's thread and may add and remove anything, themselves included. The loop owns the
 * handles it returns and never the descriptors.
 */
#ifndef ORRERY_BROKER_IO_H
#define ORRERY_BROKER_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orrery.h"

struct io;
struct io_watch;
struct io_file;
struct io_timer;

enum io_choice {
    IO_ANY,   /* io_uring, or poll when it cannot be had or ORRERY_NO_URING=1 says so */
    IO_URING, /* io_uring or fail */
    IO_POLL,
};

#define IO_IN 0x1u
#define IO_OUT 0x2u
#define IO_HUP 0x4u /* error or hang-up: always reported */

typedef void (*io_event_fn)(void *opaque, unsigned events);
typedef void (*io_plain_fn)(void *opaque);
typedef void (*io_error_fn)(void *opaque, int error);

struct io *orrery_io_create(enum io_choice choice, struct orrery_error *err);
void orrery_io_destroy(struct io *io);              /* accepts NULL */
const char *orrery_io_backend(const struct io *io); /* "io_uring" or "poll" */

/* Run callbacks until orrery_io_stop(). */
void orrery_io_run(struct io *io);
void orrery_io_stop(struct io *io);

/* fn(opaque) soon, in the loop's thread: the one callback for pokes from any thread. */
void orrery_io_on_poke(struct io *io, io_plain_fn fn, void *opaque);
void orrery_io_poke(struct io *io);

/* Call fn while any of events holds on fd (level-triggered). events 0: rest. */
struct io_watch *orrery_io_watch(struct io *io, int fd, unsigned events, io_event_fn fn,
                                 void *opaque);
void orrery_io_watch_set(struct io_watch *watch, unsigned events);
void orrery_io_unwatch(struct io_watch *watch); /* accepts NULL; before fd is closed */

/*
 * A file, pipe or terminal to write to, in order, at its current position. What is written is
 * copied and goes out when it can. The first error is reported once; writes after it vanish.
 */
struct io_file *orrery_io_file(struct io *io, int fd, io_error_fn fn, void *opaque);
void orrery_io_write(struct io_file *file, const void *data, size_t len);
size_t orrery_io_pending(const struct io_file *file); /* bytes not written yet */
void orrery_io_file_close(struct io_file *file);      /* accepts NULL; what is pending is lost */
/* Write out everything of every file: at most so long. False: something is left. */
bool orrery_io_drain(struct io *io, unsigned timeout_ms);

/* fn after delay_ms, then every period_ms (0: once). */
struct io_timer *orrery_io_timer(struct io *io, unsigned delay_ms, unsigned period_ms,
                                 io_plain_fn fn, void *opaque);
void orrery_io_timer_cancel(struct io_timer *timer); /* accepts NULL */

#endif
