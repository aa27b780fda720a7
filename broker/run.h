/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - how a run came out. Whoever is first decides: the exit code and the one line about
 * it. Safe from any thread.
 */
#ifndef ORRERY_BROKER_RUN_H
#define ORRERY_BROKER_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "orrery.h"

enum { EXIT_RUN_OK = 0, EXIT_RUN_GUEST = 1, EXIT_RUN_INPUT = 2, EXIT_RUN_BROKE = 3 };

struct run {
    struct orrery_segment *seg;
    pthread_mutex_t lock;
    bool decided;
    int exit_code;
    char line[512];            /* empty: nothing to say */
    _Atomic uint64_t bound_ns; /* the last finite lower bound the conductor saw */
    _Atomic uint64_t backlog;  /* bytes of output that wait for stdout and files */
};

void orrery_run_init(struct run *run, struct orrery_segment *seg);
void orrery_run_finish(struct run *run);

/* Start it, unless something broke already; broker: its handle of member 0. */
bool orrery_run_start(struct run *run, struct orrery_member *broker);
/* It ended in virtual time: exit code and line (NULL: none). False: it was decided before. */
__attribute__((format(printf, 3, 4))) bool orrery_run_end(struct run *run, int exit_code,
                                                          const char *format, ...);
/*
 * Something broke: mark the segment dead on behalf of member (-1: nobody's fault), exit 3. If
 * another process was first to mark it, its reason is the line.
 */
__attribute__((format(printf, 3, 4))) bool orrery_run_break(struct run *run, int member,
                                                            const char *format, ...);
/* The segment was found dead: take the reason from there. */
void orrery_run_found_dead(struct run *run);

/* The virtual time at which a member stands, as well as can be said. */
uint64_t orrery_run_time_of(struct run *run, unsigned member);

#endif
