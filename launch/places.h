// SPDX-License-Identifier: Apache-2.0
/*
 * places.h - where the parts of Orrery lie, in a build tree or installed under any prefix.
 */
#ifndef LAUNCH_PLACES_H
#define LAUNCH_PLACES_H

#include <stdbool.h>

#include "arena.h"

/* Directories that may hold qemu-system-*, best first: ORRERY_QEMU_DIR alone when it is set,
 * else ../libexec/orrery beside us, the configured -Dqemu_dir, the configured libexec. */
void qemu_directories(struct arena *arena, struct strings *list);

/* Directories for firmware that does not lie beside its manifest. */
void firmware_directories(struct arena *arena, struct strings *list);

/* orrery-broker, or NULL. */
char *find_broker(struct arena *arena);

/* The absolute name of a path that exists; NULL and errno otherwise. */
char *absolute_path(struct arena *arena, const char *path);

#endif
