// SPDX-License-Identifier: Apache-2.0
/*
 * decode_7816.h - the dialogue on a smartcard's line (ISO 7816-3): answer to reset, PPS, and T=0's
 * headers, procedure bytes, data and status words, each a line. Before an answer to reset, and
 * where the dialogue does not follow the protocol, characters come one by one.
 */
#ifndef LAUNCH_DECODE_7816_H
#define LAUNCH_DECODE_7816_H

#include "decode.h"

/* Both directions of a line. All zero at the start. */
struct card_line {
    enum {
        CARD_LOOSE,
        CARD_ATR,
        CARD_HEADER,
        CARD_PPS,
        CARD_PPS_ANSWER,
        CARD_PROCEDURE,
        CARD_DATA
    } state;
    const struct decoder *card; /* the direction in which it sends */
    const struct decoder *from; /* of the characters in bytes */
    bool inverse;               /* the convention */
    uint64_t last_ns;           /* when the last character ended */
    uint8_t bytes[256];         /* of the line to come */
    size_t count, left;         /* left: data bytes that the procedure byte lets through; 0: all */
    uint8_t header[5];
};

/* The next frame of either direction, which has no flags; d is that direction. */
void decode_7816(struct card_line *c, const struct decoder *d,
                 const struct orrery_uart_frame *frame, uint64_t at_ns);

#endif
