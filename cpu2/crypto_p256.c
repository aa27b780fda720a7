/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto_p256.c - point multiplication on P-256 (FIPS 186-4 D.1.2.3), one bit of the scalar a step.
 *
 * A step is a doubling and at most an addition, about 20 field multiplications of some 2,500
 * instructions on CPU2. Its time depends on the scalar: a model has no side channel to guard.
 */
#include <string.h>

#include "crypto.h"

static const p256_int prime = {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 0, 1, 0xFFFFFFFF};
static const p256_int order = {0xFC632551, 0xF3B9CAC2, 0xA7179E84, 0xBCE6FAAD,
                               0xFFFFFFFF, 0xFFFFFFFF, 0,          0xFFFFFFFF};
static const p256_int curve_b = {0x27D2604B, 0x3BCE3C3E, 0xCC53B0F6, 0x651D06B0,
                                 0x769886BC, 0xB3EBBD55, 0xAA3A93E7, 0x5AC635D8};
static const p256_int base_x = {0xD898C296, 0xF4A13945, 0x2DEB33A0, 0x77037D81,
                                0x63A440F2, 0xF8BCE6E5, 0xE12C4247, 0x6B17D1F2};
static const p256_int base_y = {0x37BF51F5, 0xCBB64068, 0x6B315ECE, 0x2BCE3357,
                                0x7C0F9E16, 0x8EE7EB4A, 0xFE1A7F9B, 0x4FE342E2};
static const p256_int one = {1};

/* ---- integers of 256 bits ---- */

static bool is_zero(const p256_int a)
{
    uint32_t any = 0;

    for (int i = 0; i < 8; i++) {
        any |= a[i];
    }
    return any == 0;
}

static bool is_less(const p256_int a, const p256_int b)
{
    for (int i = 7; i >= 0; i--) {
        if (a[i] != b[i]) {
            return a[i] < b[i];
        }
    }
    return false;
}

static uint32_t add_words(p256_int r, const p256_int a, const p256_int b)
{
    uint64_t sum = 0;

    for (int i = 0; i < 8; i++) {
        sum += (uint64_t)a[i] + b[i];
        r[i] = (uint32_t)sum;
        sum >>= 32;
    }
    return (uint32_t)sum;
}

static uint32_t subtract_words(p256_int r, const p256_int a, const p256_int b)
{
    uint32_t borrow = 0;

    for (int i = 0; i < 8; i++) {
        uint64_t difference = (uint64_t)a[i] - b[i] - borrow;

        r[i] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 63);
    }
    return borrow;
}

/* ---- modulo the prime ---- */

static void add(p256_int r, const p256_int a, const p256_int b)
{
    if (add_words(r, a, b) || !is_less(r, prime)) {
        subtract_words(r, r, prime);
    }
}

static void subtract(p256_int r, const p256_int a, const p256_int b)
{
    if (subtract_words(r, a, b)) {
        add_words(r, r, prime);
    }
}

/* CPU2 multiplies 32 by 32 bits to 32. */
static uint64_t product(uint32_t a, uint32_t b)
{
#ifdef __ARM_ARCH_6M__
    uint32_t al = a & 0xFFFF, ah = a >> 16, bl = b & 0xFFFF, bh = b >> 16;
    uint32_t low = al * bl, mid = ah * bl + (low >> 16), mid2 = al * bh + (mid & 0xFFFF);

    return (uint64_t)(ah * bh + (mid >> 16) + (mid2 >> 16)) << 32 | (mid2 << 16 | (low & 0xFFFF));
#else
    return (uint64_t)a * b;
#endif
}

/* FIPS 186-4 D.2.3: the upper half of t folded into the lower, word by word. */
static void reduce(p256_int r, const uint32_t w[16])
{
    int64_t t[16], sum = 0;

    for (int i = 0; i < 16; i++) {
        t[i] = w[i];
    }
    t[0] += t[8] + t[9] - t[11] - t[12] - t[13] - t[14];
    t[1] += t[9] + t[10] - t[12] - t[13] - t[14] - t[15];
    t[2] += t[10] + t[11] - t[13] - t[14] - t[15];
    t[3] += 2 * (t[11] + t[12]) + t[13] - t[15] - t[8] - t[9];
    t[4] += 2 * (t[12] + t[13]) + t[14] - t[9] - t[10];
    t[5] += 2 * (t[13] + t[14]) + t[15] - t[10] - t[11];
    t[6] += 3 * t[14] + 2 * t[15] + t[13] - t[8] - t[9];
    t[7] += 3 * t[15] + t[8] - t[10] - t[11] - t[12] - t[13];
    for (int i = 0; i < 8; i++) {
        sum += t[i];
        r[i] = (uint32_t)sum;
        sum >>= 32; /* arithmetic */
    }
    while (sum < 0) {
        sum += add_words(r, r, prime);
    }
    while (sum > 0 || !is_less(r, prime)) {
        sum -= subtract_words(r, r, prime);
    }
}

static void multiply(p256_int r, const p256_int a, const p256_int b)
{
    uint32_t t[16] = {0};

    for (int i = 0; i < 8; i++) {
        uint64_t carry = 0;

        for (int j = 0; j < 8; j++) {
            carry += product(a[i], b[j]) + t[i + j];
            t[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        t[i + 8] = (uint32_t)carry;
    }
    reduce(r, t);
}

static void square(p256_int r, const p256_int a)
{
    multiply(r, a, a);
}

/* a to the power of prime - 2. */
static void invert(p256_int r, const p256_int a)
{
    p256_int result = {1}, exponent, two = {2};

    subtract_words(exponent, prime, two);
    for (int i = 255; i >= 0; i--) {
        square(result, result);
        if (exponent[i / 32] >> (i % 32) & 1) {
            multiply(result, result, a);
        }
    }
    memcpy(r, result, sizeof(p256_int));
}

/* ---- points: Jacobian, a = -3 ---- */

static void twice(struct p256_point *p)
{
    p256_int delta, gamma, beta, alpha, t;

    square(delta, p->z);
    square(gamma, p->y);
    multiply(beta, p->x, gamma);
    subtract(t, p->x, delta);
    add(alpha, p->x, delta);
    multiply(t, t, alpha);
    add(alpha, t, t);
    add(alpha, alpha, t);
    add(t, p->y, p->z);
    square(t, t);
    subtract(t, t, gamma);
    subtract(p->z, t, delta);
    add(beta, beta, beta);
    add(beta, beta, beta); /* 4 beta */
    square(t, alpha);
    subtract(t, t, beta);
    subtract(p->x, t, beta);
    subtract(t, beta, p->x);
    multiply(t, alpha, t);
    square(gamma, gamma);
    add(gamma, gamma, gamma);
    add(gamma, gamma, gamma);
    add(gamma, gamma, gamma);
    subtract(p->y, t, gamma);
}

/* p += (x, y, 1) */
static void add_point(struct p256_point *p, const p256_int x, const p256_int y)
{
    p256_int zz, h, r, hh, t;

    if (is_zero(p->z)) {
        memcpy(p->x, x, sizeof(p256_int));
        memcpy(p->y, y, sizeof(p256_int));
        memcpy(p->z, one, sizeof(p256_int));
        return;
    }
    square(zz, p->z);
    multiply(h, x, zz);
    subtract(h, h, p->x);
    multiply(r, y, p->z);
    multiply(r, r, zz);
    subtract(r, r, p->y);
    if (is_zero(h)) {
        if (is_zero(r)) {
            twice(p);
        } else {
            memset(p->z, 0, sizeof(p256_int));
        }
        return;
    }
    multiply(p->z, p->z, h);
    square(hh, h);
    multiply(h, h, hh);     /* h^3 */
    multiply(hh, p->x, hh); /* v */
    square(t, r);
    subtract(t, t, h);
    subtract(t, t, hh);
    subtract(p->x, t, hh);
    subtract(hh, hh, p->x);
    multiply(hh, r, hh);
    multiply(h, p->y, h);
    subtract(p->y, hh, h);
}

/* y^2 = x^3 - 3x + b */
static bool is_on_curve(const p256_int x, const p256_int y)
{
    p256_int left, right;

    if (!is_less(x, prime) || !is_less(y, prime)) {
        return false;
    }
    square(left, y);
    square(right, x);
    multiply(right, right, x);
    for (int i = 0; i < 3; i++) {
        subtract(right, right, x);
    }
    add(right, right, curve_b);
    return !memcmp(left, right, sizeof(left));
}

/* ---- jobs ---- */

static void load(p256_int r, const uint8_t octets[32])
{
    for (int i = 0; i < 8; i++) {
        r[i] = octets[4 * i] | (uint32_t)octets[4 * i + 1] << 8 |
               (uint32_t)octets[4 * i + 2] << 16 | (uint32_t)octets[4 * i + 3] << 24;
    }
}

static void store(uint8_t octets[32], const p256_int a)
{
    for (int i = 0; i < 32; i++) {
        octets[i] = (uint8_t)(a[i / 4] >> 8 * (i % 4));
    }
}

bool p256_scalar_valid(const uint8_t k[32])
{
    p256_int scalar;

    load(scalar, k);
    return !is_zero(scalar) && is_less(scalar, order);
}

bool p256_start(struct p256_job *job, const uint8_t k[32], const uint8_t x[32], const uint8_t y[32])
{
    load(job->k, k);
    load(job->x, x);
    load(job->y, y);
    memset(&job->sum, 0, sizeof(job->sum));
    job->bit = 255;
    return p256_scalar_valid(k) && is_on_curve(job->x, job->y);
}

void p256_start_base(struct p256_job *job, const uint8_t k[32])
{
    load(job->k, k);
    memcpy(job->x, base_x, sizeof(p256_int));
    memcpy(job->y, base_y, sizeof(p256_int));
    memset(&job->sum, 0, sizeof(job->sum));
    job->bit = 255;
}

bool p256_step(struct p256_job *job)
{
    if (job->bit < 0) {
        return true;
    }
    if (!is_zero(job->sum.z)) {
        twice(&job->sum);
    }
    if (job->k[job->bit / 32] >> (job->bit % 32) & 1) {
        add_point(&job->sum, job->x, job->y);
    }
    return --job->bit < 0;
}

void p256_result(struct p256_job *job, uint8_t x[32], uint8_t y[32])
{
    p256_int inverse, power, t;

    invert(inverse, job->sum.z);
    square(power, inverse);
    multiply(t, job->sum.x, power);
    store(x, t);
    multiply(power, power, inverse);
    multiply(t, job->sum.y, power);
    store(y, t);
    memset(job, 0, sizeof(*job));
    job->bit = -1;
}
