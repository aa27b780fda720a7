// SPDX-License-Identifier: Apache-2.0
/*
 * races.h - does a firmware's data race change what its chip sends?
 *
 * Instances that share memory without a guard (two cores of a chip) run differently each time in
 * parallel. So the ensemble runs twice, in parallel with jitter and in turns, and all that was sent
 * over each lane is compared.
 */
#ifndef LAUNCH_RACES_H
#define LAUNCH_RACES_H

#include "ensemble.h"

/* Instead of ensemble_run(). The runs' exit code if the same was sent in both, else 1. */
int races_check(struct ensemble *e, struct manifest *m, struct problem *why);

#endif
