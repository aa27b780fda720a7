/* SPDX-License-Identifier: Apache-2.0 */
/* smp_crypto.c - the functions of Core, Vol 3 Part H, 2.2, on AES-128. */
#include <string.h>

#include "crypto.h"
#include "smp.h"

static void reverse(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = from[n - 1 - i];
    }
}

void smp_e(const uint8_t key[16], const uint8_t plain[16], uint8_t out[16])
{
    uint8_t k[16], p[16], c[16];
    struct aes_key expanded;

    reverse(k, key, 16);
    reverse(p, plain, 16);
    aes_expand(&expanded, k);
    aes_encrypt(&expanded, p, c);
    reverse(out, c, 16);
}

/* ---- legacy pairing ---- */

void smp_c1(const uint8_t k[16], const uint8_t r[16], const uint8_t preq[7], const uint8_t pres[7],
            const struct address *ia, const struct address *ra, uint8_t out[16])
{
    uint8_t p1[16], p2[16] = {0};

    p1[0] = ia->type;
    p1[1] = ra->type;
    memcpy(p1 + 2, preq, 7);
    memcpy(p1 + 9, pres, 7);
    memcpy(p2, ra->octets, 6);
    memcpy(p2 + 6, ia->octets, 6);
    for (int i = 0; i < 16; i++) {
        p1[i] ^= r[i];
    }
    smp_e(k, p1, out);
    for (int i = 0; i < 16; i++) {
        p2[i] ^= out[i];
    }
    smp_e(k, p2, out);
}

void smp_s1(const uint8_t k[16], const uint8_t r1[16], const uint8_t r2[16], uint8_t out[16])
{
    uint8_t r[16];

    memcpy(r, r2, 8);
    memcpy(r + 8, r1, 8);
    smp_e(k, r, out);
}

uint32_t smp_ah(const uint8_t irk[16], const uint8_t r[3])
{
    uint8_t b[16] = {r[0], r[1], r[2]};

    smp_e(irk, b, b);
    return get32(b) & 0xFFFFFF;
}

void smp_irk(const uint8_t ir[16], uint8_t out[16])
{
    const uint8_t d1[16] = {1}; /* d = 1, r = 0 */

    smp_e(ir, d1, out);
}

/* ---- AES-CMAC (RFC 4493), in its order of octets ---- */

static void twice(uint8_t k[16])
{
    uint8_t carry = k[0] >> 7;

    for (int i = 0; i < 15; i++) {
        k[i] = (uint8_t)(k[i] << 1 | k[i + 1] >> 7);
    }
    k[15] = (uint8_t)(k[15] << 1 ^ (carry ? 0x87 : 0));
}

void smp_cmac(const uint8_t key[16], const uint8_t *m, size_t n, uint8_t out[16])
{
    struct aes_key expanded;
    uint8_t sub[16] = {0}, last[16] = {0}, x[16] = {0};
    size_t rest = n == 0 ? 0 : (n - 1) % 16 + 1, at = 0;

    aes_expand(&expanded, key);
    aes_encrypt(&expanded, sub, sub);
    twice(sub);
    if (rest < 16) {
        twice(sub);
        last[rest] = 0x80;
    }
    for (; at < n - rest; at += 16) {
        for (int i = 0; i < 16; i++) {
            x[i] ^= m[at + (size_t)i];
        }
        aes_encrypt(&expanded, x, x);
    }
    if (rest) {
        memcpy(last, m + at, rest);
    }
    for (int i = 0; i < 16; i++) {
        x[i] ^= last[i] ^ sub[i];
    }
    aes_encrypt(&expanded, x, out);
}

/* ---- secure connections ---- */

/* A CMAC over parts that are least significant octet first, each turned round. */
struct mac {
    uint8_t m[80];
    size_t n;
};

static void part(struct mac *mac, const uint8_t *p, size_t n)
{
    reverse(mac->m + mac->n, p, n);
    mac->n += n;
}

static void address_part(struct mac *mac, const struct address *a)
{
    mac->m[mac->n++] = a->type;
    part(mac, a->octets, 6);
}

static void mac_end(const struct mac *mac, const uint8_t key[16], uint8_t out[16])
{
    uint8_t k[16], o[16];

    reverse(k, key, 16);
    smp_cmac(k, mac->m, mac->n, o);
    reverse(out, o, 16);
}

void smp_f4(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], uint8_t z,
            uint8_t out[16])
{
    struct mac mac = {.n = 0};

    part(&mac, u, 32);
    part(&mac, v, 32);
    part(&mac, &z, 1);
    mac_end(&mac, x, out);
}

void smp_f5(const uint8_t w[32], const uint8_t n1[16], const uint8_t n2[16],
            const struct address *a1, const struct address *a2, uint8_t mac_key[16],
            uint8_t ltk[16])
{
    static const uint8_t salt[16] = {0xBE, 0x83, 0x60, 0x5A, 0xDB, 0x0B, 0x37, 0x60,
                                     0x38, 0xA5, 0xF5, 0xAA, 0x91, 0x83, 0x88, 0x6C};
    static const uint8_t id[4] = {0x65, 0x6C, 0x74, 0x62}; /* "btle" */
    static const uint8_t length[2] = {0x00, 0x01};         /* 256 */
    uint8_t t[16];

    for (uint8_t counter = 0; counter < 2; counter++) {
        struct mac mac = {.n = 0};

        part(&mac, w, 32);
        mac_end(&mac, salt, t);
        mac.n = 0;
        part(&mac, &counter, 1);
        part(&mac, id, 4);
        part(&mac, n1, 16);
        part(&mac, n2, 16);
        address_part(&mac, a1);
        address_part(&mac, a2);
        part(&mac, length, 2);
        mac_end(&mac, t, counter ? ltk : mac_key);
    }
}

void smp_f6(const uint8_t w[16], const uint8_t n1[16], const uint8_t n2[16], const uint8_t r[16],
            const uint8_t io_cap[3], const struct address *a1, const struct address *a2,
            uint8_t out[16])
{
    struct mac mac = {.n = 0};

    part(&mac, n1, 16);
    part(&mac, n2, 16);
    part(&mac, r, 16);
    part(&mac, io_cap, 3);
    address_part(&mac, a1);
    address_part(&mac, a2);
    mac_end(&mac, w, out);
}

uint32_t smp_g2(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], const uint8_t y[16])
{
    struct mac mac = {.n = 0};
    uint8_t out[16];

    part(&mac, u, 32);
    part(&mac, v, 32);
    part(&mac, y, 16);
    mac_end(&mac, x, out);
    return get32(out);
}
