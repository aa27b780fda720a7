/*
 * ST33: HASH, SHA-256 and SHA-512
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, HASH; FIPS 180-4. The registers are ours. One compression of 80 rounds on 64-bit words
 * and one of 64 on 32-bit words; results are there at once, and DONE after the last block's time.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/orrery/stm32wb55/block.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"

REG32(CTRL, 0x00)
    FIELD(CTRL, START, 0, 1)
    FIELD(CTRL, WIDE, 1, 1)
    FIELD(CTRL, FINISH, 2, 1)
    FIELD(CTRL, IRQEN, 3, 1)
REG32(STAT, 0x04)
    FIELD(STAT, BUSY, 0, 1)
    FIELD(STAT, DONE, 1, 1)
REG32(DATA, 0x08)
REG32(DIGEST, 0x40)

#define BLOCK_MOST 128
#define BLOCK_NS 2667 /* 80 cycles of PCLK */

#define TYPE_ST33_HASH "st33-hash"
OBJECT_DECLARE_SIMPLE_TYPE(St33Hash, ST33_HASH)

struct St33Hash {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    QEMUTimer *end;
    bool wide, irqen, busy, done;
    bool closed; /* padded: the digest is in h */
    uint64_t h[8];
    uint64_t length; /* bytes of the message so far */
    uint8_t block[BLOCK_MOST];
    uint32_t filled;
};

/* FIPS 180-4, 4.2.3: the first 32 bits of the first 64 are SHA-256's constants (4.2.2). */
static const uint64_t k[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
    0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
    0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
    0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
    0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
    0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
    0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
    0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
    0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
    0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
    0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
    0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
    0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
    0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
    0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
    0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
    0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint64_t first_512[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* ---- FIPS 180-4, 6.2 and 6.4 ---- */

static uint32_t turn32(uint32_t x, unsigned a, unsigned b, unsigned c)
{
    return ror32(x, a) ^ ror32(x, b) ^ ror32(x, c);
}

static uint64_t turn64(uint64_t x, unsigned a, unsigned b, unsigned c)
{
    return ror64(x, a) ^ ror64(x, b) ^ ror64(x, c);
}

static void compress_256(St33Hash *s)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++) {
        w[i] = ldl_be_p(s->block + 4 * i);
    }
    for (int i = 16; i < 64; i++) {
        w[i] = w[i - 16] + w[i - 7] +
               (ror32(w[i - 15], 7) ^ ror32(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (ror32(w[i - 2], 17) ^ ror32(w[i - 2], 19) ^ w[i - 2] >> 10);
    }
    for (int i = 0; i < 8; i++) {
        v[i] = s->h[i];
    }
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = v[7] + turn32(v[4], 6, 11, 25) +
                      ((v[4] & v[5]) ^ (~v[4] & v[6])) + (uint32_t)(k[i] >> 32) +
                      w[i];
        uint32_t t2 = turn32(v[0], 2, 13, 22) +
                      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        s->h[i] = (uint32_t)(s->h[i] + v[i]);
    }
}

static void compress_512(St33Hash *s)
{
    uint64_t w[80], v[8];

    for (int i = 0; i < 16; i++) {
        w[i] = ldq_be_p(s->block + 8 * i);
    }
    for (int i = 16; i < 80; i++) {
        w[i] = w[i - 16] + w[i - 7] +
               (ror64(w[i - 15], 1) ^ ror64(w[i - 15], 8) ^ w[i - 15] >> 7) +
               (ror64(w[i - 2], 19) ^ ror64(w[i - 2], 61) ^ w[i - 2] >> 6);
    }
    memcpy(v, s->h, sizeof(v));
    for (int i = 0; i < 80; i++) {
        uint64_t t1 = v[7] + turn64(v[4], 14, 18, 41) +
                      ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint64_t t2 = turn64(v[0], 28, 34, 39) +
                      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        s->h[i] += v[i];
    }
}

/* ---- a message ---- */

static uint32_t block_size(St33Hash *s)
{
    return s->wide ? 128 : 64;
}

static void add_byte(St33Hash *s, uint8_t byte)
{
    s->block[s->filled++] = byte;
    if (s->filled == block_size(s)) {
        if (s->wide) {
            compress_512(s);
        } else {
            compress_256(s);
        }
        s->filled = 0;
    }
}

static void start(St33Hash *s, bool wide)
{
    s->wide = wide;
    s->length = s->filled = 0;
    s->done = s->busy = s->closed = false;
    timer_del(s->end);
    for (int i = 0; i < 8; i++) {
        /* SHA-256's are the first 32 bits of SHA-512's (5.3.3, 5.3.5) */
        s->h[i] = wide ? first_512[i] : first_512[i] >> 32;
    }
}

/* 5.1: a one, zeros, and the length in bits at the end of a block. */
static void pad(St33Hash *s)
{
    uint64_t bits = s->length * 8;
    uint32_t tail = s->wide ? 16 : 8;

    add_byte(s, 0x80);
    while (s->filled != block_size(s) - tail) {
        add_byte(s, 0);
    }
    for (uint32_t i = 0; i < tail - 8; i++) {
        add_byte(s, 0);
    }
    for (int i = 7; i >= 0; i--) {
        add_byte(s, bits >> 8 * i);
    }
}

static void update_irq(St33Hash *s)
{
    qemu_set_irq(s->irq, s->done && s->irqen);
}

static void finished(void *opaque)
{
    St33Hash *s = opaque;

    s->busy = false;
    s->done = true;
    update_irq(s);
}

static uint32_t digest(St33Hash *s, unsigned word)
{
    if (!s->closed || s->busy || word >= (s->wide ? 16 : 8)) {
        return 0;
    }
    return bswap32(s->wide ? s->h[word / 2] >> (word % 2 ? 0 : 32) : s->h[word]);
}

/* ---- registers ---- */

static uint32_t hash_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Hash *s = ST33_HASH(b);

    switch (offset) {
    case A_CTRL:
        return FIELD_DP32(0, CTRL, WIDE, s->wide) |
               FIELD_DP32(0, CTRL, IRQEN, s->irqen);
    case A_STAT:
        return FIELD_DP32(0, STAT, BUSY, s->busy) |
               FIELD_DP32(0, STAT, DONE, s->done);
    case A_DATA:
        return 0;
    case A_DIGEST ... A_DIGEST + 0x3C:
        return digest(s, (offset - A_DIGEST) / 4);
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_ctrl(St33Hash *s, uint32_t value)
{
    s->irqen = FIELD_EX32(value, CTRL, IRQEN);
    if (FIELD_EX32(value, CTRL, START)) {
        start(s, FIELD_EX32(value, CTRL, WIDE));
    }
    if (FIELD_EX32(value, CTRL, FINISH) && !s->closed) {
        pad(s);
        s->busy = s->closed = true;
        timer_mod(s->end, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + BLOCK_NS);
    }
    update_irq(s);
}

static void hash_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    St33Hash *s = ST33_HASH(b);

    switch (offset) {
    case A_CTRL:
        write_ctrl(s, value & mask);
        break;
    case A_STAT:
        s->done &= !FIELD_EX32(value & mask, STAT, DONE);
        update_irq(s);
        break;
    case A_DATA:
        value >>= b->access_offset % 4 * 8;
        for (unsigned i = 0; i < b->access_size && !s->closed; i++) {
            add_byte(s, value >> 8 * i);
            s->length++;
        }
        break;
    case A_DIGEST ... A_DIGEST + 0x3C:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

/* ---- the device ---- */

static void hash_reset(Object *obj, ResetType type)
{
    St33Hash *s = ST33_HASH(obj);

    start(s, false);
    s->irqen = false;
}

static void hash_reset_exit(Object *obj, ResetType type)
{
    update_irq(ST33_HASH(obj));
}

static void hash_init(Object *obj)
{
    St33Hash *s = ST33_HASH(obj);

    s->end = timer_new_ns(QEMU_CLOCK_VIRTUAL, finished, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static void hash_finalize(Object *obj)
{
    timer_free(ST33_HASH(obj)->end);
}

static int hash_post_load(void *opaque, int version_id)
{
    St33Hash *s = opaque;

    return s->filled < block_size(s) ? 0 : -EINVAL;
}

static const VMStateDescription hash_vmstate = {
    .name = TYPE_ST33_HASH,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = hash_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Hash),
        VMSTATE_TIMER_PTR(end, St33Hash),
        VMSTATE_BOOL(wide, St33Hash),
        VMSTATE_BOOL(irqen, St33Hash),
        VMSTATE_BOOL(busy, St33Hash),
        VMSTATE_BOOL(done, St33Hash),
        VMSTATE_BOOL(closed, St33Hash),
        VMSTATE_UINT64_ARRAY(h, St33Hash, 8),
        VMSTATE_UINT64(length, St33Hash),
        VMSTATE_UINT8_ARRAY(block, St33Hash, BLOCK_MOST),
        VMSTATE_UINT32(filled, St33Hash),
        VMSTATE_END_OF_LIST()
    },
};

static void hash_class_init(ObjectClass *klass, void *data)
{
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    DEVICE_CLASS(klass)->vmsd = &hash_vmstate;
    rc->phases.hold = hash_reset;
    rc->phases.exit = hash_reset_exit;
    bc->read = hash_read;
    bc->write = hash_write;
}

static const TypeInfo hash_types[] = {
    {
        .name = TYPE_ST33_HASH,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Hash),
        .instance_init = hash_init,
        .instance_finalize = hash_finalize,
        .class_init = hash_class_init,
    },
};

DEFINE_TYPES(hash_types)
