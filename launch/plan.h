// SPDX-License-Identifier: Apache-2.0
/*
 * plan.h - the manifest as the broker gets it: a packed orrery.Plan in a memfd.
 */
#ifndef LAUNCH_PLAN_H
#define LAUNCH_PLAN_H

#include "manifest.h"
#include "orrery.pb-c.h"
#include "scenario.h"

struct run_plan {
    const struct manifest *manifest;
    const char *run_dir;
    const char *log_dir;   /* absolute, or NULL */
    const char *trace_dir; /* likewise */
    const char *pictures;  /* absolute, with the beginning of a file's name; or NULL */
    uint64_t run_id;
    uint64_t jitter_seed; /* 0: off */
    uint32_t join_timeout_ms;
    bool trace_hash;
    bool paused;                 /* at 0, until somebody resumes */
    const struct script *script; /* NULL: none */
};

/* A descriptor that reads the plan from its start (close it), or -1. */
int plan_write(const struct run_plan *plan, struct arena *arena, struct problem *why);

/* One step, as the broker gets it. */
Orrery__ScriptStep *plan_step(const struct script_step *step, const struct manifest *m,
                              struct arena *arena);

#endif
