// SPDX-License-Identifier: Apache-2.0
/*
 * qmp.h - a QMP client: connect, negotiate, one command at a time.
 */
#ifndef LAUNCH_QMP_H
#define LAUNCH_QMP_H

#include <jansson.h>
#include <stdio.h>

#include "arena.h"
#include "problem.h"

struct qmp {
    FILE *in;
    int fd;
    const char *instance; /* for messages */
};

/* Connect to RUN_DIR/INSTANCE.qmp and leave negotiation mode. */
bool qmp_open(struct qmp *q, const char *run_dir, const char *instance, struct arena *arena,
              struct problem *why);
void qmp_close(struct qmp *q);

/*
 * Execute a command; arguments (a reference is taken over) may be NULL. Events are skipped.
 * NULL: why has the line; its exit code is EXIT_GUEST_FAILED when QEMU refused the command and
 * EXIT_BROKE when the connection did. Free the result with json_decref().
 */
json_t *qmp_execute(struct qmp *q, const char *command, json_t *arguments, struct problem *why);

#endif
