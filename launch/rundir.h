// SPDX-License-Identifier: Apache-2.0
/*
 * rundir.h - the private directory of a run: sockets, logs, run.json.
 *
 * It is BASE/NAME-PID, mode 0700, where BASE is orrery-UID in $XDG_RUNTIME_DIR, or in /tmp when
 * that is missing or too long for socket names. The launcher holds a lock (flock) on it as long
 * as it lives; whoever finds one unlocked knows that its run is dead and may remove it. All
 * changes to BASE happen under a lock on BASE itself, so nothing is seen half made.
 */
#ifndef LAUNCH_RUNDIR_H
#define LAUNCH_RUNDIR_H

#include <stdbool.h>

#include "arena.h"
#include "problem.h"

/* BASE/NAME-PID, and room for /INSTANCE.qmp in the 108 bytes of a socket address. */
#define RUNDIR_PATH_SIZE 72

struct rundir {
    char path[RUNDIR_PATH_SIZE];
    int fd; /* open and locked */
};

/* Where the next run of that name would live, for --dry-run; creates nothing. */
bool rundir_preview(struct rundir *dir, const char *name, struct problem *why);

bool rundir_create(struct rundir *dir, const char *name, struct problem *why);
/* Remove it with everything in it. */
void rundir_remove(struct rundir *dir);

/* Remove what dead runs of this user left behind. */
void rundir_sweep(void);

/* The paths of the runs that live, of this user. */
void rundir_list(struct arena *arena, struct strings *paths);

/* The part of a run's path that people type: NAME-PID. */
const char *rundir_name(const char *path);

#endif
