/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - the merged stream of the ports attached to stdout, and the progress line:
 *
 *     [  0.001234567] ping.serial1 | hello
 *
 * A line comes out when it ends, with that time. Io loop's thread only.
 */
#ifndef ORRERY_BROKER_CONSOLE_H
#define ORRERY_BROKER_CONSOLE_H

#include "io.h"
#include "layout.h"

struct console;

/* out: stdout; log: console.log or NULL. Both borrowed. tty: out is a terminal. */
struct console *orrery_console_create(const struct layout *layout, struct io_file *out,
                                      struct io_file *log, bool tty);
void orrery_console_destroy(struct console *console); /* accepts NULL */

/* A byte of a port (index into layout->ports). shown: on stdout too, else in the log only. */
void orrery_console_byte(struct console *console, unsigned port, uint64_t at_ns, uint8_t byte,
                         bool shown);
/* Something that happened to a member, as a line of its own. */
void orrery_console_note(struct console *console, unsigned member, uint64_t at_ns, const char *who,
                         const char *text);
/* The run is over: out with the lines that never ended. */
void orrery_console_finish(struct console *console);

/* Rewrite the progress line, where out is a terminal. */
void orrery_console_progress(struct console *console, uint64_t virtual_ns, double wall_s);

#endif
