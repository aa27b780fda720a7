/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.h - from the host into the ensemble. The io loop puts frames in as terminals and
 * sockets deliver them; the conductor gives each its virtual time, one after the other as a
 * wire would carry them, and sends it. Bounded: what does not fit stays in the host's hands.
 */
#ifndef ORRERY_BROKER_INPUT_H
#define ORRERY_BROKER_INPUT_H

#include "layout.h"
#include "orrery.h"

struct broker;
struct call;
struct input;
struct output;
struct trace;

struct input *orrery_input_create(const struct layout *layout);
void orrery_input_destroy(struct input *input); /* accepts NULL */

/* Any thread. port: index into layout->ports. */
size_t orrery_input_space(struct input *input, unsigned port);
void orrery_input_push(struct input *input, unsigned port, const struct orrery_uart_frame *frames,
                       size_t count);
bool orrery_input_waiting(struct input *input);

/*
 * Any thread: something that happens to a member, once its time is chosen; then call (may be
 * NULL) is answered with it. for_ns: a line is let go, power put on or a fault over that much
 * later; 0: never. False: too much waits; call is still open.
 */
bool orrery_input_stimulate(struct input *input, unsigned member,
                            const struct orrery_stimulus *stimulus, uint64_t for_ns,
                            struct call *call);
/* The same for what a script asks of a member; len: octets of it. */
bool orrery_input_ask(struct input *input, unsigned member, const struct orrery_probe *probe,
                      size_t len);
/* Conductor, before the start: what the plan's inputs do, each at its time. */
void orrery_input_schedule(struct input *input, const struct orrery_segment *seg,
                           const Orrery__Plan *plan);
/* Conductor: the time of the next that is scheduled; the ceiling may not pass it. */
uint64_t orrery_input_next(struct input *input);
/* Conductor: let what waits and what is scheduled up to the broker's word happen, at the word or
 * when the last input was sent, if that is later. */
void orrery_input_happen(struct input *input, struct broker *broker, struct orrery_member *self,
                         struct trace *trace, uint64_t word_ns);
/* Conductor: [member], how often its power was put on; is any without, and by somebody's hand? */
const uint32_t *orrery_input_power_ons(const struct input *input);
bool orrery_input_is_cut(const struct input *input);
bool orrery_input_is_cut_by_hand(const struct input *input);
/* Answer all that still waits with an error. */
void orrery_input_refuse(struct input *input, const char *why);

/*
 * Conductor: send what starts on its wire in [from_ns, to_ns), from_ns being the broker's
 * word. Returns how far the ceiling may rise: to_ns, or earlier when more waits than is sent
 * at a time. What is sent goes to the trace (may be NULL) and to the output's input log.
 */
uint64_t orrery_input_send(struct input *input, struct orrery_member *broker, struct trace *trace,
                           struct output *output, uint64_t from_ns, uint64_t to_ns);

#endif
