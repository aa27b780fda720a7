// SPDX-License-Identifier: Apache-2.0
/*
 * ensemble.h - the processes of one run, from the first to the last.
 *
 * Order: the keeper; the broker, until it says that it listens; the QEMUs. The run lasts as long as
 * the broker, whose exit code is the run's. Then what is left of the QEMUs is ended, and the run
 * directory goes. When the launcher is killed the kernel kills the QEMUs (PR_SET_PDEATHSIG), and
 * the broker, which watches the launcher, says so and ends; the keeper removes the directory.
 */
#ifndef LAUNCH_ENSEMBLE_H
#define LAUNCH_ENSEMBLE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "driver.h"
#include "keeper.h"
#include "manifest.h"
#include "orrery.h"
#include "plan.h"
#include "rundir.h"

/* One QEMU. */
struct member_process {
    pid_t pid; /* 0: not started, or gone and waited for */
    int status;
    char *log_path;
    int log_fd;
    int shared_fd; /* between the starts of a chip's two cores: their memories; else -1 */
};

struct ensemble {
    const struct manifest *manifest;
    struct driver *driver; /* NULL: none */
    struct run_plan plan;
    struct rundir dir;
    struct keeper keeper;
    struct arena *arena;
    pid_t broker; /* 0: gone */
    int broker_status;
    int ready_fd;
    struct orrery_segment *seg;
    int signal_fd;
    struct member_process *members;
    int first_dead;       /* index of the QEMU that left before the run was over, or -1 */
    unsigned interrupts;  /* SIGINT, SIGTERM, SIGHUP seen */
    uint64_t deadline_ms; /* when to lose patience; 0: never */
    bool told_broker;     /* that it is gone */
};

/* Run the plan; manifest, run_id, log_dir, ... are set, run_dir is filled here. Everything
 * has ended and is tidied up when it returns the exit code. */
int ensemble_run(struct ensemble *e, struct problem *why);

#endif
