// SPDX-License-Identifier: Apache-2.0
/*
 * qemu.h - the QEMU of an instance: which program, and its command line.
 *
 * What every instance gets, and why: -nodefaults, -seed and -rtc base=...,clock=vm so that
 * nothing of the host gets in; -icount with sleep=off so that time is instructions; -action so
 * that a guest that stops is kept for the broker to see; the orrery-member object that joins
 * the run; and one orrery-port chardev for each port that has a wire.
 */
#ifndef LAUNCH_QEMU_H
#define LAUNCH_QEMU_H

#include "manifest.h"

/* Fill qemu_path of every instance. */
bool qemu_resolve(struct manifest *m, struct problem *why);

/* The names of an instance's ports that have a wire, serials first, in a fixed order. */
void qemu_ports(const struct manifest *m, unsigned instance, struct arena *arena,
                struct strings *ports);

/* The command line of an instance for the run in run_dir. */
void qemu_command(const struct manifest *m, unsigned instance, const char *run_dir, uint64_t run_id,
                  struct arena *arena, struct strings *argv);

/* One word as sh(1) reads it back. */
const char *shell_quote(struct arena *arena, const char *word);
/* A whole command, quoted, on one line. */
char *shell_command(struct arena *arena, const struct strings *argv);

#endif
