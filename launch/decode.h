// SPDX-License-Identifier: Apache-2.0
/*
 * decode.h - what a tap sees, as lines for a person: frame by frame, or the packets that they make.
 */
#ifndef LAUNCH_DECODE_H
#define LAUNCH_DECODE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "orrery.h"
#include "orrery.pb-c.h"

enum decoding { DECODE_RAW, DECODE_SEPROXYHAL, DECODE_HCI, DECODE_7816, DECODE_COUNT };
extern const char *const decoding_names[DECODE_COUNT];

struct card_line;

/* One direction of a link. */
struct decoder {
    FILE *to;
    const char *from_port, *to_port;
    Orrery__Link__Kind kind;
    enum decoding decoding;
    struct card_line *card; /* DECODE_7816: of both directions */
    uint8_t bytes[2048];    /* of the packet under way */
    size_t count;
    uint64_t last_ns; /* when the last byte ended */
};

/* A message of that lane. A line comes out for each frame, or for the packet that it completes. */
void decode(struct decoder *d, const struct orrery_message *message);

/* For decode_7816.c: a line's beginning, bytes, and a frame by itself. */
void decode_begin(const struct decoder *d, uint64_t at_ns);
void decode_hex(const struct decoder *d, const uint8_t *bytes, size_t count);
void decode_frame(const struct decoder *d, const struct orrery_uart_frame *frame, uint64_t at_ns);

#endif
