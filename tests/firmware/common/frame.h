/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - the framing of the dialogues in pair/ and trio/.
 *
 *     0x7e | type | counter, 16 bit | length | payload ... | CRC, 16 bit
 *
 * Numbers are little-endian; the CRC (CRC-16/CCITT-FALSE) covers type to payload. A start byte
 * within a frame is data: the length says where the frame ends.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_START 0x7e
#define FRAME_PAYLOAD_MAX 64
#define FRAME_OVERHEAD 7
#define FRAME_BYTES_MAX (FRAME_PAYLOAD_MAX + FRAME_OVERHEAD)

struct frame {
    uint8_t type;
    uint16_t counter;
    uint8_t len;
    uint8_t payload[FRAME_PAYLOAD_MAX];
};

/* Write the wire form to `out` (FRAME_BYTES_MAX bytes) and return its length. */
size_t frame_encode(const struct frame *f, uint8_t *out);

enum frame_event {
    FRAME_PENDING,  /* more bytes are needed */
    FRAME_COMPLETE, /* decoder.frame is valid until the next byte */
    FRAME_BROKEN,   /* wrong CRC, or longer than allowed */
};

/* Zeroed memory is a decoder that waits for a start byte. */
struct frame_decoder {
    struct frame frame;
    unsigned at; /* bytes of this frame seen so far */
    uint16_t crc;
    uint16_t crc_received;
    unsigned noise; /* bytes dropped while looking for a start byte */
};

enum frame_event frame_decode(struct frame_decoder *d, uint8_t byte);

void put_u16(uint8_t *p, uint16_t value);
void put_u32(uint8_t *p, uint32_t value);
void put_u64(uint8_t *p, uint64_t value);
uint16_t get_u16(const uint8_t *p);
uint32_t get_u32(const uint8_t *p);
uint64_t get_u64(const uint8_t *p);

#endif
