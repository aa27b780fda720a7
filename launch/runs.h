// SPDX-License-Identifier: Apache-2.0
/*
 * runs.h - which of the runs alive a command means.
 */
#ifndef LAUNCH_RUNS_H
#define LAUNCH_RUNS_H

#include "arena.h"
#include "problem.h"
#include "record.h"

/* wanted: the value of --run (a run's name, or its ensemble's when one such runs), or NULL when
 * there should be only one. Sweeps dead runs away first. */
bool runs_choose(const char *wanted, struct arena *arena, char **path, struct problem *why);

/* The run that has an instance of that name. */
bool runs_find_instance(const char *wanted, const char *instance, struct arena *arena, char **path,
                        struct record_instance *found, struct problem *why);

#endif
