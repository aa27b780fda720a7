/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conductor.h - member 0: the thread that holds the ceiling. It starts the run, raises the
 * ceiling as batch, pacing, step and until ask, sends host input, releases host output up to
 * the common lower bound, and finds the end (R8, R9).
 */
#ifndef ORRERY_BROKER_CONDUCTOR_H
#define ORRERY_BROKER_CONDUCTOR_H

#include "broker.h"
#include "mailbox.h"

struct conductor *orrery_conductor_create(struct broker *broker, struct orrery_error *err);
void orrery_conductor_destroy(struct conductor *conductor); /* accepts NULL; not running */

bool orrery_conductor_run(struct conductor *conductor); /* starts the thread */
void orrery_conductor_join(struct conductor *conductor);

/* Any thread. call (may be NULL) is answered when the command is done. */
void orrery_conductor_command(struct conductor *conductor, enum command_kind kind, uint64_t ns,
                              struct call *call);
/* The same for something that happens to a member; the call is answered with when. False: not
 * taken, the run is over or too much waits, and the call still open. */
bool orrery_conductor_stimulate(struct conductor *conductor, unsigned member,
                                const struct orrery_stimulus *stimulus, uint64_t for_ns,
                                struct call *call);
/* Look again: input came, the run was marked dead. */
void orrery_conductor_wake(struct conductor *conductor);

/* Any thread. */
bool orrery_conductor_is_holding(const struct conductor *conductor);
bool orrery_conductor_is_over(const struct conductor *conductor);
bool orrery_conductor_ended_well(const struct conductor *conductor); /* the trace is whole */
double orrery_conductor_wall_s(const struct conductor *conductor);

#endif
