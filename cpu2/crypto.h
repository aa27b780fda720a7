/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.h - AES-128, CCM as the link layer uses it, P-256.
 */
#ifndef CPU2_CRYPTO_H
#define CPU2_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- AES-128 (FIPS-197), octets in the order of that standard ---- */

struct aes_key {
    uint32_t round[44];
};

void aes_expand(struct aes_key *key, const uint8_t octets[16]);
void aes_encrypt(const struct aes_key *key, const uint8_t in[16], uint8_t out[16]);

/* ---- CCM with a MIC of 4 octets (Vol 6 Part E 2) ---- */

/* nonce: 13 octets; aad: the first octet of the PDU, less SN, NESN and MD. data has room for the
 * MIC. */
void ccm_encrypt(const struct aes_key *key, const uint8_t nonce[13], uint8_t aad, uint8_t *data,
                 size_t len);
/* len: without the MIC, which follows. False: not authentic. */
bool ccm_decrypt(const struct aes_key *key, const uint8_t nonce[13], uint8_t aad, uint8_t *data,
                 size_t len);

/* ---- P-256: a point multiplication in small steps, for a main loop that has other work ---- */

typedef uint32_t p256_int[8]; /* least significant word first */

struct p256_point { /* Jacobian; z = 0: infinity */
    p256_int x, y, z;
};

struct p256_job {
    p256_int k, x, y;
    struct p256_point sum;
    int bit; /* the next one; -1: done */
};

/* Coordinates and scalars are 32 octets, least significant first, as HCI has them.
 * False: the point is not on the curve, or the scalar is not in 1..n-1. */
bool p256_start(struct p256_job *job, const uint8_t k[32], const uint8_t x[32],
                const uint8_t y[32]);
void p256_start_base(struct p256_job *job, const uint8_t k[32]);
bool p256_step(struct p256_job *job); /* true: done */
void p256_result(struct p256_job *job, uint8_t x[32], uint8_t y[32]);
bool p256_scalar_valid(const uint8_t k[32]);

#endif
