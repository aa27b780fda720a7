// SPDX-License-Identifier: Apache-2.0
/*
 * keeper.h - who removes the run directory when `orrery run` is killed with -9.
 *
 * The kernel kills the QEMUs then (PR_SET_PDEATHSIG), and the broker notices by itself and says
 * so; but the launcher can be killed before there is a broker, or after. The keeper is a small
 * process that is there before the run directory and waits on a pipe that only the launcher
 * holds. When that breaks it sweeps. At a normal end it is dismissed. If it is killed itself,
 * the next orrery command sweeps.
 */
#ifndef LAUNCH_KEEPER_H
#define LAUNCH_KEEPER_H

#include <sys/types.h>

#include "problem.h"

struct keeper {
    pid_t pid;
    int pipe; /* -1: none */
};

bool keeper_start(struct keeper *keeper, struct problem *why);
/* The run is over and tidied up. */
void keeper_dismiss(struct keeper *keeper);

/* What the keeper runs, as `orrery keep`. */
int keeper_main(void);

#endif
