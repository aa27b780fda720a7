/* SPDX-License-Identifier: Apache-2.0 */
/* exit_status.h - how a process that is not our child ended, as far as the kernel tells. */
#ifndef ORRERY_BROKER_EXIT_STATUS_H
#define ORRERY_BROKER_EXIT_STATUS_H

#include <stddef.h>
#include <sys/types.h>

/* "killed by signal 9 (Killed)", "exit status 1", or "it is gone" when nobody says. */
void orrery_exit_status(int pidfd, pid_t pid, char *buf, size_t size);

#endif
