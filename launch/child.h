// SPDX-License-Identifier: Apache-2.0
/*
 * child.h - start a program with nothing of ours but what it is given.
 *
 * A child gets stdin from /dev/null, the outputs it is told, the descriptors in `pass` as 3, 4,
 * ..., and no other descriptor; default signals; a process group of its own, so that ^C at the
 * terminal reaches orrery alone.
 */
#ifndef LAUNCH_CHILD_H
#define LAUNCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "problem.h"

#define CHILD_PASS_MAX 2

struct child_spec {
    const char *path; /* NULL: argv[0] */
    char *const *argv;
    int out, err; /* -1: ours */
    int pass[CHILD_PASS_MAX];
    unsigned pass_count;
    bool dies_with_us; /* SIGKILL when orrery dies, however it dies */
};

/* The pid, or -1 with the reason in why (the program could not be executed, ...). */
pid_t child_start(const struct child_spec *spec, struct problem *why);

/* SIGCHLD and what asks us to end arrive at one descriptor, nonblocking; -1 with why filled. */
int child_signals(struct problem *why);

/* Milliseconds of wall time, from some moment on. */
uint64_t child_now_ms(void);

/* "exited with status 1", "was killed by signal 9". buf: CHILD_STATUS_SIZE. */
#define CHILD_STATUS_SIZE 64
const char *child_status_text(int status, char *buf);

#endif
