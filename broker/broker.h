/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker.h - the parts of one broker. main.c makes and destroys them all; everybody else
 * borrows. Two threads: the io loop (main thread: members, control, host, console) and the
 * conductor (clock, input into lanes, output out of lanes). What crosses between them goes
 * through struct run, struct input, struct output and the conductor's commands.
 */
#ifndef ORRERY_BROKER_BROKER_H
#define ORRERY_BROKER_BROKER_H

#include "io.h"
#include "layout.h"
#include "orrery.h"
#include "plan.h"
#include "run.h"

struct members;
struct control;
struct conductor;
struct input;
struct output;
struct script;
struct host;
struct taps;

struct broker {
    Orrery__Plan *plan;
    struct layout *layout;
    struct orrery_segment *seg;
    int segment_fd;
    char *identity; /* orrery_trace_identity(), when the run has a trace hash */
    struct run run;
    struct io *io;
    struct members *members;
    struct control *control;
    struct conductor *conductor;
    struct input *input;
    struct output *output;
    struct script *script; /* NULL: none */
    struct host *host;
    struct taps *taps;
};

#endif
