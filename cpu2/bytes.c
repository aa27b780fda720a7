/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.c - packets taken apart and put together, and rings of them. */
#include <string.h>

#include "host.h"

const uint8_t *in_octets(struct in *in, size_t n)
{
    const uint8_t *p = in->p;

    if (in->bad || n > in->left) {
        in->bad = true;
        return NULL;
    }
    in->p += n;
    in->left -= n;
    return p;
}

uint8_t in8(struct in *in)
{
    const uint8_t *p = in_octets(in, 1);

    return p ? p[0] : 0;
}

uint16_t in16(struct in *in)
{
    const uint8_t *p = in_octets(in, 2);

    return p ? get16(p) : 0;
}

uint32_t in32(struct in *in)
{
    const uint8_t *p = in_octets(in, 4);

    return p ? get32(p) : 0;
}

bool in_done(const struct in *in)
{
    return !in->bad && in->left == 0;
}

void out_octets(struct out *out, const void *p, size_t n)
{
    if (n > out->max - out->n) {
        out->full = true;
        return;
    }
    if (n) {
        memcpy(out->p + out->n, p, n);
    }
    out->n += n;
}

void out8(struct out *out, uint8_t v)
{
    out_octets(out, &v, 1);
}

void out16(struct out *out, uint16_t v)
{
    uint8_t b[2];

    put16(b, v);
    out_octets(out, b, sizeof b);
}

void out32(struct out *out, uint32_t v)
{
    uint8_t b[4];

    put32(b, v);
    out_octets(out, b, sizeof b);
}

/* ---- fifo: a record is its length (2 octets) and its octets, wrapping where they wrap ---- */

static void fifo_write(struct fifo *f, const uint8_t *p, size_t n)
{
    size_t at = (f->head + f->used) % f->size;
    size_t first = min_size(n, f->size - at);

    if (n == 0) {
        return;
    }
    memcpy(f->mem + at, p, first);
    memcpy(f->mem, p + first, n - first);
    f->used = (uint16_t)(f->used + n);
}

static void fifo_read(const struct fifo *f, size_t offset, uint8_t *p, size_t n)
{
    size_t at = (f->head + offset) % f->size;
    size_t first = min_size(n, f->size - at);

    memcpy(p, f->mem + at, first);
    memcpy(p + first, f->mem, n - first);
}

size_t fifo_room(const struct fifo *f)
{
    size_t left = (size_t)(f->size - f->used);

    return left > 2 ? left - 2 : 0;
}

bool fifo_put(struct fifo *f, const void *a, size_t na, const void *b, size_t nb)
{
    uint8_t length[2];

    if (na + nb == 0 || na + nb > fifo_room(f)) {
        return false;
    }
    put16(length, (uint16_t)(na + nb));
    fifo_write(f, length, 2);
    fifo_write(f, a, na);
    fifo_write(f, b, nb);
    return true;
}

static size_t fifo_length(const struct fifo *f)
{
    uint8_t length[2];

    if (f->used == 0) {
        return 0;
    }
    fifo_read(f, 0, length, 2);
    return get16(length);
}

size_t fifo_peek(const struct fifo *f, uint8_t *out, size_t max)
{
    size_t n = min_size(fifo_length(f), max);

    if (n) {
        fifo_read(f, 2, out, n);
    }
    return n;
}

void fifo_drop(struct fifo *f)
{
    size_t n = fifo_length(f);

    if (n) {
        f->head = (uint16_t)((f->head + n + 2) % f->size);
        f->used = (uint16_t)(f->used - n - 2);
    }
}
