// SPDX-License-Identifier: Apache-2.0
/*
 * record.h - run.json in the run directory: what the other commands need to know of a run and
 * the broker does not.
 */
#ifndef LAUNCH_RECORD_H
#define LAUNCH_RECORD_H

#include <sys/types.h>

#include "manifest.h"

struct record_instance {
    char *name, *machine, *firmware, *target;
    bool elf; /* firmware is one, and so gdb can read it */
};

struct record {
    char *manifest;
    pid_t launcher;
    struct record_instance *instances;
    size_t instance_count;
};

bool record_write(const char *run_dir, const struct manifest *m, struct problem *why);
bool record_read(const char *run_dir, struct record *record, struct arena *arena,
                 struct problem *why);

#endif
