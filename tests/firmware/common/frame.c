/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - the framing of the dialogues in pair/ and trio/. */
#include "frame.h"

#include "crc.h"

#define HEADER_BYTES 5 /* start, type, counter, length */

size_t frame_encode(const struct frame *f, uint8_t *out)
{
    size_t at = HEADER_BYTES;

    out[0] = FRAME_START;
    out[1] = f->type;
    put_u16(out + 2, f->counter);
    out[4] = f->len;
    for (unsigned i = 0; i < f->len; i++) {
        out[at++] = f->payload[i];
    }
    put_u16(out + at, crc16(CRC16_INIT, out + 1, at - 1));
    return at + 2;
}

static enum frame_event drop(struct frame_decoder *d)
{
    d->at = 0;
    return FRAME_BROKEN;
}

static void store(struct frame_decoder *d, uint8_t byte)
{
    switch (d->at) {
    case 1:
        d->frame.type = byte;
        break;
    case 2:
        d->frame.counter = byte;
        break;
    case 3:
        d->frame.counter |= (uint16_t)(byte << 8);
        break;
    case 4:
        d->frame.len = byte;
        break;
    default:
        d->frame.payload[d->at - HEADER_BYTES] = byte;
        break;
    }
    d->crc = crc16_byte(d->crc, byte);
}

enum frame_event frame_decode(struct frame_decoder *d, uint8_t byte)
{
    unsigned end = HEADER_BYTES + (d->at >= HEADER_BYTES ? d->frame.len : 0u);

    if (d->at == 0) {
        if (byte != FRAME_START) {
            d->noise++;
            return FRAME_PENDING;
        }
        d->crc = CRC16_INIT;
    } else if (d->at < end) {
        store(d, byte);
        if (d->at == 4 && byte > FRAME_PAYLOAD_MAX) {
            return drop(d);
        }
    } else if (d->at == end) {
        d->crc_received = byte;
    } else {
        d->crc_received |= (uint16_t)(byte << 8);
        d->at = 0;
        return d->crc_received == d->crc ? FRAME_COMPLETE : FRAME_BROKEN;
    }
    d->at++;
    return FRAME_PENDING;
}

void put_u16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

void put_u32(uint8_t *p, uint32_t value)
{
    put_u16(p, (uint16_t)value);
    put_u16(p + 2, (uint16_t)(value >> 16));
}

void put_u64(uint8_t *p, uint64_t value)
{
    put_u32(p, (uint32_t)value);
    put_u32(p + 4, (uint32_t)(value >> 32));
}

uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t get_u32(const uint8_t *p)
{
    return get_u16(p) | (uint32_t)get_u16(p + 2) << 16;
}

uint64_t get_u64(const uint8_t *p)
{
    return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}
