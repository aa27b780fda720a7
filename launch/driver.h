// SPDX-License-Identifier: Apache-2.0
/*
 * driver.h - `orrery run --drive FD`: a program at the other end of a socket tells the run its
 * steps, one at a time. testlib/orrery-test.h is that program's side.
 *
 * Lines of text, each answered with one before the next is sent:
 *
 *     step STEP            a step as in a test file, on one line: { expect: "on", port: a.serial0 }
 *     begin                nothing; answered when everybody stands at the start, or after the steps
 *                          of the test file itself
 *     count LANE COUNTER   count ping.serial0>pong.serial0 dropped
 *     end                  the run has passed and ends; so it does, broken off, at end of file
 *
 *     ok AT_NS CAPTURE...  done; captures in hexadecimal digits, - for an empty one
 *     ok NUMBER            of count
 *     failed AT_NS TEXT    what was meant did not come
 *     refused TEXT         not a step; nothing has happened
 *     over CODE HASH TEXT  the run has ended, with this exit code and trace hash (-: none); the
 * last line
 */
#ifndef LAUNCH_DRIVER_H
#define LAUNCH_DRIVER_H

#include <poll.h>
#include <stdbool.h>

#include "call.h"
#include "manifest.h"
#include "scenario.h"

#define DRIVER_LINE_MAX 65536

struct driver {
    int fd;                          /* -1: none */
    const struct scenario *scenario; /* defaults of its steps; closed, but not gone */
    struct manifest *manifest;
    struct connection connection;
    bool connected;
    bool waiting; /* for the broker */
    bool ended;   /* it said so */
    char *line;   /* DRIVER_LINE_MAX bytes */
    size_t filled;
};

/* --drive FD. False: why says that it is no socket. */
bool driver_open(struct driver *d, const char *fd, struct problem *why);

/* What its steps are about; both outlive it. */
void driver_knows(struct driver *d, const struct scenario *scenario, struct manifest *m);

/* The broker of run_dir listens. */
bool driver_connect(struct driver *d, const char *run_dir, struct problem *why);

/* What to poll for, and what to do then. False: the other side is gone, and the run is to end. */
#define DRIVER_FDS 2
void driver_fds(const struct driver *d, struct pollfd fds[DRIVER_FDS]);
bool driver_serve(struct driver *d, const struct pollfd fds[DRIVER_FDS]);

/* The run is over: say so. run_dir: has what the broker left; NULL: there was none. */
void driver_over(struct driver *d, const char *run_dir, int code, const char *text);

#endif
