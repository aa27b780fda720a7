/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.c - HASH and PKA at all the lengths that padding and words make special. What should come
 * was computed by CPython's hashlib and integers from the same numbers.
 * (Known answers of single operations: blocks.c; wb55/aes.c and wb55/pka.c for the blocks that
 * the STM32WB55 has too.)
 */
#include "test.h"

/* --- hash ------------------------------------------------------------------------------------- */

/* FIPS 180-4's examples of two blocks */
static const char two_256[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const char two_512[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                              "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

/* As it stands there: bytes in order */
static const uint32_t two_256_digest[] = {0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039,
                                          0xa33ce459, 0x64ff2167, 0xf6ecedd4, 0x19db06c1};
static const uint32_t two_512_digest[] = {
    0x8e959b75, 0xdae313da, 0x8cf4f728, 0x14fc143f, 0x8f7779c6, 0xeb9f7fa1, 0x7299aead, 0xb6889018,
    0x501d289e, 0x4900f7e4, 0x331b99de, 0xc4b5433a, 0xc7d329ee, 0xb6dd2654, 0x5e96e55b, 0x874be909};

static void finish_hash(void)
{
    HASH_CTRL = HASH_FINISH;
    wait_until(&HASH_STAT, HASH_DONE, HASH_DONE, 10000);
}

/* By words, halfwords and bytes, as @step says. */
static void put_bytes(const uint8_t *bytes, unsigned count, unsigned step)
{
    while (count >= 4 && step == 4) {
        HASH_DATA = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                    (uint32_t)bytes[3] << 24;
        bytes += 4;
        count -= 4;
    }
    while (count >= 2 && step >= 2) {
        HALF(HASH_DATA) = (uint16_t)(bytes[0] | bytes[1] << 8);
        bytes += 2;
        count -= 2;
    }
    while (count--) {
        HASH_DATA8 = *bytes++;
    }
}

static bool digest_is(const uint32_t *wanted, unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        if (__builtin_bswap32(HASH_DIGEST(i)) != wanted[i]) {
            return false;
        }
    }
    return true;
}

/* The digest of all messages of 0 to 300 bytes, each of them begun by the digest before. */
static void every_length(bool wide)
{
    static const uint32_t last_256[] = {0xa74d1540, 0xad38bda5, 0xc540a629, 0x99188438,
                                        0x316688a4, 0x14edeff6, 0x17fdc088, 0xb2212b31};
    static const uint32_t last_512[] = {0x048253b8, 0x90aae6bc, 0xc8054fce, 0xdccd1967,
                                        0x2ed4b01b, 0x1ef6617c, 0x02c6a43a, 0xde1b0c95,
                                        0xcef48aa6, 0x843622c0, 0xc18780da, 0x40a0bae2,
                                        0x366f93a7, 0x3abaf8d7, 0xaafd6c8c, 0xfd910055};
    static uint8_t message[300 + 64];
    unsigned words = wide ? 16 : 8;

    for (unsigned i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 7);
    }
    for (unsigned n = 0; n <= 300; n++) {
        HASH_CTRL = HASH_START | (wide ? HASH_WIDE : 0);
        put_bytes(message, n, 1u << n % 3);
        finish_hash();
        for (unsigned i = 0; i < 4 * words; i++) {
            message[i] = (uint8_t)(HASH_DIGEST(i / 4) >> 8 * (i % 4));
        }
    }
    CHECK(wide ? "SHA-512 of every length to 300" : "SHA-256 of every length to 300",
          digest_is(wide ? last_512 : last_256, words));
}

static void hash(void)
{
    HASH_CTRL = HASH_START;
    put_bytes((const uint8_t *)two_256, sizeof(two_256) - 1, 4);
    finish_hash();
    CHECK("SHA-256 of two blocks", digest_is(two_256_digest, 8));
    HASH_CTRL = HASH_START | HASH_WIDE;
    put_bytes((const uint8_t *)two_512, sizeof(two_512) - 1, 2);
    finish_hash();
    CHECK("SHA-512 of two blocks", digest_is(two_512_digest, 16));
    every_length(false);
    every_length(true);
}

/* --- PKA ---------------------------------------------------------------------------------------
 */

#define RAM(offset) REG32(0x4000c000 + (offset))
#define PROCEND (1u << 17)
#define EXP_BITS 37u

static uint32_t seed = 2463534242u, sum = 1;

static uint32_t dice(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* A number of that many bits, or one bit less; a zero above it. */
static void put_number(uint32_t offset, unsigned bits, bool modulus)
{
    unsigned words = (bits + 31) / 32;
    uint32_t top = 1u << (bits - 1) % 32;

    for (unsigned i = 0; i < words; i++) {
        uint32_t word = dice();

        word |= modulus && i == 0;
        if (i == words - 1) {
            word = (word & (top - 1)) | (modulus ? top : 0);
            word |= modulus && words == 1;
        }
        RAM(offset + 4 * i) = word;
    }
    RAM(offset + 4 * words) = 0;
}

static bool run(unsigned mode, uint32_t result, unsigned bits)
{
    bool ended;

    PKA_CR = 1 | mode << 8;
    PKA_CR = 1 | 2 | mode << 8;
    ended = wait_until(&PKA_SR, PROCEND, PROCEND, 10000000);
    PKA_CLRFR = PROCEND;
    for (unsigned i = 0; i < (bits + 31) / 32; i++) {
        sum = (sum ^ RAM(result + 4 * i)) * 16777619u;
    }
    return ended;
}

/* RM0434 22.4: modular exponentiation, sum and difference, product, reduction. */
static bool one_size(unsigned bits)
{
    bool good = true;

    RAM(0x400) = EXP_BITS;
    RAM(0x404) = bits;
    put_number(0xd5c, bits, true);
    put_number(0xa44, bits, false);
    put_number(0xbd0, EXP_BITS, true);
    good &= run(0x00, 0x724, bits);
    RAM(0x404) = bits;
    put_number(0xd5c, bits, true);
    put_number(0x8b4, bits, false);
    put_number(0xa44, bits, false);
    good &= run(0x0e, 0xbd0, bits);
    good &= run(0x0f, 0xbd0, bits);
    good &= run(0x0b, 0xbd0, 2 * bits);
    RAM(0x400) = 2 * bits - 3;
    RAM(0x404) = bits;
    put_number(0x8b4, 2 * bits - 3, false);
    put_number(0xa44, bits, true);
    return good && run(0x0d, 0xbd0, bits);
}

static void pka(void)
{
    static const struct {
        unsigned bits;
        uint32_t sum; /* of all so far */
    } sizes[] = {{9, 0x6b126f62},    {31, 0x660ae27b},   {33, 0x7ba1b277},  {63, 0x8bb7d380},
                 {64, 0xb2ae173b},   {65, 0x26382e57},   {97, 0xb8e4a90b},  {127, 0x3d596e10},
                 {160, 0xee69fb6a},  {191, 0xf22e105f},  {255, 0x5ef2f1c9}, {257, 0x3fe71e13},
                 {384, 0x84057118},  {511, 0xd7d6fa55},  {521, 0x514072df}, {1000, 0xc5f2ef4d},
                 {1023, 0xb4d7a0de}, {1025, 0x7a243cc7}, {1500, 0x4613c63a}};

    PKA_CR = 1;
    wait_until(&PKA_CR, 1, 1, 10000);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        static char title[] = "PKA:      bits";
        unsigned n = sizes[i].bits;

        for (unsigned k = 8; k > 4; k--) {
            title[k] = n ? (char)('0' + n % 10) : ' ';
            n /= 10;
        }
        CHECK(name(title, "end"), one_size(sizes[i].bits));
        CHECK_EQ(name(title, "results"), sum, sizes[i].sum);
    }
}

void test(void)
{
    hash();
    pka();
}
