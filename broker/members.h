/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h - who has joined, as processes: admission, the watch over their pidfds, their end.
 * Io loop's thread only.
 */
#ifndef ORRERY_BROKER_MEMBERS_H
#define ORRERY_BROKER_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker.h"

enum member_phase { MEMBER_ABSENT, MEMBER_JOINED, MEMBER_READY, MEMBER_GONE };

struct members *orrery_members_create(struct broker *broker);
void orrery_members_destroy(struct members *members); /* accepts NULL */

/* Start the clock of Plan.join_timeout_ms; who has not joined when it runs out ends the run. */
void orrery_members_expect(struct members *members);

/* An instance says Hello. Its number, or 0 with err filled. */
unsigned orrery_members_join(struct members *members, const char *name, pid_t pid,
                             struct orrery_error *err);
/* It says Ready. False with err filled: it may not. */
bool orrery_members_ready(struct members *members, unsigned member, pid_t pid,
                          struct orrery_error *err);
bool orrery_members_all_ready(const struct members *members);

enum member_phase orrery_members_phase(const struct members *members, unsigned member);
pid_t orrery_members_pid(const struct members *members, unsigned member);

/* From now on nobody's exit is a death. */
void orrery_members_release(struct members *members);
void orrery_members_signal(struct members *members, int signal);
/* Wait until all are gone, at most so long. False: somebody is still there. */
bool orrery_members_gone(struct members *members, int timeout_ms);
/* Wait until all who live have said done. 0, or the first that has not. */
unsigned orrery_members_done(struct members *members, int timeout_ms);

#endif
