/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h - what the conductor hands to the io loop: bytes that left or entered the ensemble,
 * and packets that were seen in it, in the order of virtual time. One producer, one consumer,
 * bounded by the producer's asking.
 */
#ifndef ORRERY_BROKER_OUTPUT_H
#define ORRERY_BROKER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io;
struct output;

enum output_kind { OUTPUT_BYTE, OUTPUT_INPUT, OUTPUT_NOTE, OUTPUT_PACKET };

struct output_record {
    uint64_t at_ns;
    uint16_t port; /* index into layout->ports; of a note: the member */
    uint8_t kind, data;
    uint16_t len; /* of a packet or note */
};

struct output *orrery_output_create(struct io *io);
void orrery_output_destroy(struct output *output); /* accepts NULL */

/* Conductor. Nothing is seen before the flush. */
void orrery_output_byte(struct output *output, unsigned port, uint64_t at_ns, uint8_t data);
void orrery_output_input(struct output *output, unsigned port, uint64_t at_ns, uint8_t data);
/* Something that happens at a time that not everybody has reached: a line of its own in the run's
 * output, behind what comes from before. */
void orrery_output_note(struct output *output, unsigned member, uint64_t at_ns, const char *who,
                        const char *text);
/* len: up to ORRERY_MAX_PAYLOAD. */
void orrery_output_packet(struct output *output, unsigned port, uint64_t at_ns,
                          const uint8_t *packet, size_t len);
/* bound_ns: nothing more will come from before. */
void orrery_output_flush(struct output *output, uint64_t bound_ns);
/* Records flushed and not fetched yet. */
size_t orrery_output_waiting(struct output *output);

/* Io loop: take all, in order; fn for each. packet: its bytes; of
 * a note who it is about and what happened, two strings; of other records nothing. */
typedef void (*output_fn)(void *opaque, const struct output_record *record, const uint8_t *packet);
void orrery_output_fetch(struct output *output, output_fn fn, void *opaque);

#endif
