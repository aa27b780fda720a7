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

/* One direction of a link. */
struct decoder {
    FILE *to;
    const char *from_port, *to_port;
    Orrery__Link__Kind kind;
    enum decoding decoding;
    uint8_t bytes[2048]; /* of the packet under way */
    size_t count;
};

/* A message of that lane. A line comes out for each frame, or for the packet that it completes. */
void decode(struct decoder *d, const struct orrery_message *message);

#endif
