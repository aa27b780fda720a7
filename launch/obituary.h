// SPDX-License-Identifier: Apache-2.0
/*
 * obituary.h - what can still be said of a process that is gone.
 */
#ifndef LAUNCH_OBITUARY_H
#define LAUNCH_OBITUARY_H

#include <sys/types.h>

#include "manifest.h"
#include "orrery.h"

/* The broker's segment, opened through /proc; -1 when it cannot be found. */
int obituary_find_segment(pid_t broker);

/*
 * The broker died of something it could not report: say so with the virtual time that its
 * segment (or NULL) shows, and mark the segment dead so that members that wait leave.
 */
void obituary_of_broker(struct orrery_segment *seg, int status);

/* A QEMU left before the end: how, and what it said last. False: it said nothing, and how it
 * left is the broker's line already. log_fd may be -1. */
bool obituary_of_member(const char *file, const struct instance *inst, int status, int log_fd);

#endif
