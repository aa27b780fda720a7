// SPDX-License-Identifier: Apache-2.0
#include "decode_7816.h"

#include <ctype.h>
#include <inttypes.h>

#define ATR_MAX 33 /* 8.2.1: TS and at most 32 characters */
#define PPSS 0xff
#define NULL_BYTE 0x60

static unsigned ones(unsigned bits)
{
    return (unsigned)__builtin_popcount(bits);
}

static uint8_t all_xor(const uint8_t *bytes, size_t count)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum ^= bytes[i];
    }
    return sum;
}

/* Tables 7 and 8 of 8.3: TA1, PPS1; 0 is not used. */
static void print_rate(FILE *to, uint8_t ta1)
{
    static const uint16_t f[16] = {372, 372, 558, 744,  1116, 1488, 1860, 0,
                                   0,   512, 768, 1024, 1536, 2048, 0,    0};
    static const uint16_t d[16] = {0, 1, 2, 4, 8, 16, 32, 64, 12, 20};

    fprintf(to, ", F/D %u/%u", f[ta1 >> 4], d[ta1 & 15]);
}

static void flush(struct card_line *c, const struct decoder *d, uint64_t at_ns, const char *what)
{
    decode_begin(d, at_ns);
    fprintf(d->to, " %s", what);
    decode_hex(d, c->bytes, c->count);
}

static void end_line(struct card_line *c, const struct decoder *d, int state)
{
    fputc('\n', d->to);
    c->count = 0;
    c->state = state;
}

/* ---- answer to reset (8.2) ---- */

/* How long it is, as far as it can be told: more than count when it goes on. *tck: it has one. */
static size_t atr_length(const uint8_t *bytes, size_t count, bool *tck)
{
    size_t at = 1; /* T0, then each TD */

    *tck = false;
    for (;;) {
        if (at >= count) {
            return at + 1;
        }
        *tck |= at > 1 && (bytes[at] & 15);
        if (!(bytes[at] & 0x80)) {
            break;
        }
        at += ones(bytes[at] >> 4);
    }
    return at + 1 + ones(bytes[at] >> 4) + (bytes[1] & 15) + *tck;
}

static void print_atr(struct card_line *c, const struct decoder *d, uint64_t at_ns, bool tck)
{
    flush(c, d, at_ns, "ATR");
    fprintf(d->to, ": %s convention", c->inverse ? "inverse" : "direct");
    if (c->bytes[1] & 0x10) {
        print_rate(d->to, c->bytes[2]);
    }
    if (c->bytes[1] & 15) {
        fprintf(d->to, ", \"");
        for (size_t i = c->count - tck - (c->bytes[1] & 15); i < c->count - tck; i++) {
            fputc(c->bytes[i] < 128 && isprint(c->bytes[i]) ? c->bytes[i] : '.', d->to);
        }
        fprintf(d->to, "\"");
    }
    if (tck && all_xor(c->bytes + 1, c->count - 1)) {
        fprintf(d->to, ", TCK is wrong");
    }
    end_line(c, d, CARD_HEADER);
}

/* 8.1: TS; seen in the direct convention, that of the inverse one is 03. */
static bool starts_atr(struct card_line *c, const struct decoder *d, uint8_t wire)
{
    if (wire != 0x3b && wire != 0x03) {
        return false;
    }
    c->inverse = wire == 0x03;
    c->card = c->from = d;
    c->bytes[0] = c->inverse ? 0x3f : 0x3b;
    c->count = 1;
    c->state = CARD_ATR;
    return true;
}

static void in_atr(struct card_line *c, const struct decoder *d, uint64_t at_ns)
{
    bool tck;
    size_t length = atr_length(c->bytes, c->count, &tck);

    if (c->count >= length) {
        print_atr(c, d, at_ns, tck);
    } else if (length > ATR_MAX) {
        flush(c, d, at_ns, "no ATR:");
        end_line(c, d, CARD_LOOSE);
    }
}

/* ---- PPS (9.2) ---- */

static void in_pps(struct card_line *c, const struct decoder *d, uint64_t at_ns)
{
    const uint8_t *b = c->bytes;
    bool asked = c->state == CARD_PPS;

    if (c->count < 2 || c->count < 3 + ones(b[1] & 0x70)) {
        return;
    }
    flush(c, d, at_ns, asked ? "PPS request" : "PPS answer");
    fprintf(d->to, ": T=%u", b[1] & 15u);
    if (b[1] & 0x10) {
        print_rate(d->to, b[2]);
    }
    if (all_xor(b, c->count)) {
        fprintf(d->to, ", PCK is wrong");
    }
    end_line(c, d, asked ? CARD_PPS_ANSWER : CARD_HEADER);
}

/* ---- T=0 (10.3) ---- */

static void in_header(struct card_line *c, const struct decoder *d, uint64_t at_ns)
{
    if (c->count == 1 && c->bytes[0] == PPSS) {
        c->state = CARD_PPS;
        return;
    }
    if (c->count < sizeof(c->header)) {
        return;
    }
    for (size_t i = 0; i < sizeof(c->header); i++) {
        c->header[i] = c->bytes[i];
    }
    decode_begin(d, at_ns);
    fprintf(d->to, " command: CLA %02x INS %02x P1 %02x P2 %02x P3 %02x", c->header[0],
            c->header[1], c->header[2], c->header[3], c->header[4]);
    end_line(c, d, CARD_PROCEDURE);
}

static void in_procedure(struct card_line *c, const struct decoder *d, uint64_t at_ns)
{
    uint8_t ins = c->header[1], byte = c->bytes[0];

    if (c->count == 2) {
        decode_begin(d, at_ns);
        fprintf(d->to, " SW %02x%02x", c->bytes[0], c->bytes[1]);
        end_line(c, d, CARD_HEADER);
    } else if (byte == NULL_BYTE) {
        flush(c, d, at_ns, "procedure byte:");
        fprintf(d->to, ", NULL: it needs more time");
        end_line(c, d, CARD_PROCEDURE);
    } else if (byte == ins || byte + ins == 0xff) {
        c->left = byte != ins;
        flush(c, d, at_ns, "procedure byte:");
        fprintf(d->to, ", ACK: %s", c->left ? "one byte" : "all bytes");
        end_line(c, d, CARD_DATA);
    } else if ((byte & 0xf0) != 0x60 && (byte & 0xf0) != 0x90) {
        flush(c, d, at_ns, "no procedure byte:");
        end_line(c, d, CARD_LOOSE);
    }
}

/* In either direction. P3 of 0 is 256 bytes from the card. */
static void in_data(struct card_line *c, const struct decoder *d, uint64_t at_ns)
{
    size_t all = c->header[4] ? c->header[4] : 256;

    if (c->count >= (c->left ? c->left : all)) {
        flush(c, d, at_ns, "data");
        if (c->left && c->header[4]) {
            c->header[4]--; /* what is still to come */
        }
        end_line(c, d, CARD_PROCEDURE);
    }
}

/* ---- ---- */

/*
 * May this character come in this state from there? Data begins in the direction it likes. Where a
 * procedure byte is due, TS is none: the card was reset.
 */
static bool in_turn(const struct card_line *c, const struct decoder *d, uint8_t wire)
{
    switch (c->state) {
    case CARD_HEADER:
    case CARD_PPS:
        return d != c->card;
    case CARD_DATA:
        return !c->count || d == c->from;
    case CARD_PROCEDURE:
        return d == c->card &&
               (c->count || wire != 0x3b || c->header[1] == 0x3b || c->header[1] == 0xc4);
    default:
        return d == c->card;
    }
}

/* Without a dialogue so far only a character after some silence may be TS. */
static bool is_quiet(const struct card_line *c, const struct orrery_uart_frame *f, uint64_t at_ns)
{
    uint64_t frame_ns = orrery_uart_frame_ns(f->baud ? f->baud : 1, 8, 'E', 3);

    return !c->last_ns || at_ns - c->last_ns > 3 * frame_ns;
}

static uint8_t turned(uint8_t wire)
{
    uint8_t data = 0;

    for (unsigned i = 0; i < 8; i++) {
        data |= (uint8_t)((wire >> i & 1 ? 0 : 1) << (7 - i));
    }
    return data;
}

static void next_byte(struct card_line *c, const struct decoder *d, uint8_t wire, uint64_t at_ns)
{
    static void (*const in[])(struct card_line *, const struct decoder *, uint64_t) = {
        [CARD_ATR] = in_atr,        [CARD_HEADER] = in_header,       [CARD_PPS] = in_pps,
        [CARD_PPS_ANSWER] = in_pps, [CARD_PROCEDURE] = in_procedure, [CARD_DATA] = in_data,
    };

    c->from = d;
    c->bytes[c->count++] = c->inverse ? turned(wire) : wire;
    in[c->state](c, d, at_ns);
}

void decode_7816(struct card_line *c, const struct decoder *d,
                 const struct orrery_uart_frame *frame, uint64_t at_ns)
{
    uint8_t wire = (uint8_t)frame->data;
    bool may_start = c->state != CARD_LOOSE || is_quiet(c, frame, at_ns);

    c->last_ns = at_ns;
    if (c->state != CARD_LOOSE && in_turn(c, d, wire)) {
        next_byte(c, d, wire, at_ns);
        return;
    }
    if (c->state != CARD_LOOSE && c->count) { /* a reset in its middle, or noise */
        flush(c, c->from, at_ns, "so far:");
        end_line(c, c->from, CARD_LOOSE);
    }
    if (!may_start || !starts_atr(c, d, wire)) {
        c->state = CARD_LOOSE;
        decode_frame(d, frame, at_ns);
    }
}
