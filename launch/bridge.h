// SPDX-License-Identifier: Apache-2.0
/*
 * bridge.h - the terminal joined to a descriptor.
 */
#ifndef LAUNCH_BRIDGE_H
#define LAUNCH_BRIDGE_H

#include <stdbool.h>

#include "problem.h"

/* Connect to a Unix socket; -1 and why. what: for the message, "ping's monitor". */
int unix_connect(const char *path, const char *what, struct problem *why);

/*
 * Copy stdin to fd and fd to stdout until the other side closes, ^] is typed (when stdin is a
 * terminal, which is then in raw mode), or a signal asks us to end. At the end of a stdin that
 * is no terminal, what still comes is copied until nothing has come for linger_ms.
 */
void bridge(int fd, int linger_ms);

#endif
