// SPDX-License-Identifier: Apache-2.0
/*
 * problem.h - what went wrong, as the one line the user sees and the code we exit with.
 *
 * Functions that can fail return false and leave their line in a struct problem. The line is
 * lower case, says what and where, and is always printable ASCII or UTF-8 on one line, whatever
 * was in the manifest.
 */
#ifndef LAUNCH_PROBLEM_H
#define LAUNCH_PROBLEM_H

#include <stdbool.h>

enum exit_code {
    EXIT_PASS = 0,
    EXIT_GUEST_FAILED = 1, /* also: a QMP command that was refused */
    EXIT_BAD_INPUT = 2,
    EXIT_BROKE = 3,
};

/* A place in a file, counted from 1; line 0: no place in particular. */
struct mark {
    unsigned line, column;
    const char *file; /* NULL: the one that is being spoken of */
};

struct problem {
    int exit_code;
    char text[1024];
};

/* All of these return false, so that callers can `return problem_...(...)`. */

/* Bad input at file:line:col. */
bool problem_at(struct problem *why, const char *file, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Bad input with no place to point at (a command line). */
bool problem_input(struct problem *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Something broke at run time. */
bool problem_broke(struct problem *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Print the line on stderr and return its exit code. */
int problem_report(const struct problem *why);

/* strerror in lower case: "no such file or directory". Good until the next call. */
const char *error_text(int error);

#endif
