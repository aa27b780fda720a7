/* SPDX-License-Identifier: Apache-2.0 */
/* test_aes.h - AES-128 for tests, plain and slow (FIPS 197); little endian, as HCI has it. */
#ifndef TEST_AES_H
#define TEST_AES_H

#include <stdint.h>

static inline uint8_t test_aes_times(uint8_t a, uint8_t b)
{
    uint8_t p = 0;

    for (; b; b >>= 1) {
        p ^= b & 1 ? a : 0;
        a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1B : 0));
    }
    return p;
}

static inline uint8_t test_aes_s(uint8_t x)
{
    uint8_t inverse = 1, s;

    for (int i = 0; i < 254; i++) { /* x to the power of 254 */
        inverse = test_aes_times(inverse, x);
    }
    s = inverse;
    for (int i = 1; i < 5; i++) {
        s ^= (uint8_t)(inverse << i | inverse >> (8 - i));
    }
    return s ^ 0x63;
}

static inline void test_aes(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    uint8_t k[16], s[16], t[16], rcon = 1;

    for (int i = 0; i < 16; i++) {
        k[i] = key[15 - i];
        s[i] = in[15 - i] ^ k[i];
    }
    for (int round = 1; round <= 10; round++) {
        for (int i = 0; i < 16; i++) { /* SubBytes, ShiftRows */
            t[i] = test_aes_s(s[(i + 4 * (i % 4)) % 16]);
        }
        for (int i = 0; i < 4; i++) { /* the next round key */
            k[i] ^= test_aes_s(k[12 + (i + 1) % 4]) ^ (i ? 0 : rcon);
        }
        for (int i = 4; i < 16; i++) {
            k[i] ^= k[i - 4];
        }
        rcon = test_aes_times(rcon, 2);
        for (int i = 0; i < 16; i++) { /* MixColumns, not in the last round */
            const uint8_t *c = t + i / 4 * 4;

            s[i] = round == 10 ? t[i]
                               : (uint8_t)(test_aes_times(c[i % 4], 2) ^
                                           test_aes_times(c[(i + 1) % 4], 3) ^ c[(i + 2) % 4] ^
                                           c[(i + 3) % 4]);
            s[i] ^= k[i];
        }
    }
    for (int i = 0; i < 16; i++) {
        out[i] = s[15 - i];
    }
}

#endif
