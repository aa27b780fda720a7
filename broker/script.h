/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h - what a test does and expects, at exact virtual times (R8).
 *
 * The conductor feeds it what arrives on attached ports, in order, and asks how far the ceiling may
 * rise. A step that waits for what guests do is armed: then everybody stays within one reaction, D,
 * of the common lower bound, so that an answer to what happened at t goes out at exactly t + D.
 * Times are counted from one step to the next: a match at t starts the next step at t, a wait adds
 * to that; what acts (send, reset, a line, the end) does so then, or D after the last thing
 * observed, if that is later. What an instance is asked (its memory) it answers at once, and while
 * that is awaited D is PROBE_REACTION_NS. The same script, manifest and seed therefore give the
 * same run.
 *
 * An open script is told its steps one by one, by a program that decides on what came. While it has
 * none, all stand where the next may act, and what they said before is kept, with its times: so
 * the run is the one that a script with the same steps gives.
 */
#ifndef ORRERY_BROKER_SCRIPT_H
#define ORRERY_BROKER_SCRIPT_H

#include "layout.h"
#include "orrery.h"
#include "plan.h"

struct input;
struct script;

enum script_state {
    SCRIPT_ARMED,  /* waits for what guests do */
    SCRIPT_DUE,    /* acts at a time that is known */
    SCRIPT_ASKING, /* open: the last step is done, the next may act at a time that is known */
    SCRIPT_PASSED, /* over, at a time that is known */
    SCRIPT_FAILED, /* the same; orrery_script_failure() says why */
};

/* NULL with err filled: a port that is not attached, a bad expression, nonsense. plan and layout
 * must outlive it. */
struct script *orrery_script_create(const Orrery__Plan *plan, const struct layout *layout,
                                    uint64_t reaction_ns, struct orrery_error *err);
void orrery_script_destroy(struct script *script); /* accepts NULL */

/* A byte came from layout->ports[port], complete at at_ns. */
void orrery_script_byte(struct script *script, unsigned port, uint64_t at_ns, uint8_t byte);
/* What a member was asked is answered: a struct orrery_answer, or nonsense. */
void orrery_script_answer(struct script *script, unsigned member, uint64_t at_ns,
                          const uint8_t *payload, size_t len);
/* Everything that guests did before bound_ns has been fed. */
void orrery_script_bound(struct script *script, uint64_t bound_ns);
/* Every instance has ended, the last at at_ns, and well. */
void orrery_script_all_off(struct script *script, uint64_t at_ns);

/* ARMED: how near everybody stays to the common lower bound. */
uint64_t orrery_script_reaction_ns(const struct script *script);

/* ARMED: the step's deadline. DUE: when to call orrery_script_act(). PASSED, FAILED: when. */
enum script_state orrery_script_state(const struct script *script, uint64_t *at_ns);

/* DUE: does it look at what everybody did? Then they all have to be there first. */
bool orrery_script_needs_all(const struct script *script);
/* Where the counters of links are. */
void orrery_script_attach(struct script *script, const struct orrery_segment *seg);

/* The broker's word, now_ns, is where it is due, or the end of that turn: put what is to be sent
 * into the input. */
void orrery_script_act(struct script *script, struct input *input, uint64_t now_ns);

/* An open script, when it is asking: its next step, which must stay until it asks again. False with
 * err filled: as orrery_script_create(), and nothing has happened. */
bool orrery_script_add(struct script *script, const Orrery__ScriptStep *step,
                       struct orrery_error *err);
/* The same: there are no more. */
void orrery_script_finish(struct script *script);
/* When the last step was done. */
uint64_t orrery_script_time(const struct script *script);
#define ORRERY_SCRIPT_CAPTURES 10
/* What the last expression that matched captured, the whole first; NULL: nothing. */
const char *orrery_script_captured(const struct script *script, unsigned group);

/* Does it wait for every instance to end? */
bool orrery_script_awaits_exit(const struct script *script);

/* Of the step that failed, or empty. One line: where, what was meant, what came. */
const char *orrery_script_failure(const struct script *script);

#endif
