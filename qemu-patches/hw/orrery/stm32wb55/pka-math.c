/*
 * STM32WB55 PKA: the arithmetic on the words of its RAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "PKA public key accelerator": for each mode the addresses of operands and results. A
 * number is little-endian in words; its length in bits is an operand too. Numbers are the
 * guest's: every length is bounded before it is used, and every divisor may be zero, even, or
 * composite where it should be prime.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include <gmp.h>
#include "pka-math.h"

#define MAX_RSA_BITS 3136
#define MAX_ECC_BITS 640
#define AT(address) (((address) - PKA_RAM_BASE) / 4)
#define WORDS(bits) (((bits) + 31) / 32)

/* operands and results that several modes share */
enum {
    LENGTH_A = AT(0x400),
    LENGTH_B = AT(0x404),
    OP1 = AT(0x8b4),
    OP2 = AT(0xa44),
    OP3 = AT(0xd5c),
    RESULT = AT(0xbd0),
    MONTGOMERY = AT(0x594),
    EXPONENT_BASE = AT(0xa44),
    EXPONENT = AT(0xbd0),
    MODULUS = AT(0xd5c),
    MODEXP_RESULT = AT(0x724),
};

/* ECC: scalar multiplication, point check and signature */
enum {
    A_SIGN = AT(0x408),
    A_COEFF = AT(0x40c),
    GF = AT(0x460),
    ECC_MONTGOMERY = AT(0x4b4),
    K = AT(0x508),
    POINT_X = AT(0x55c),
    POINT_Y = AT(0x5b0),
    B_COEFF = AT(0x7fc),
    CHECK_RESULT = AT(0x400),
    SIGN_HASH = AT(0xde8),
    SIGN_KEY = AT(0xe3c),
    SIGN_ORDER = AT(0xe94),
    SIGN_R = AT(0x700),
    SIGN_S = AT(0x754),
    SIGN_ERROR = AT(0xee8),
    SIGN_X = AT(0x103c),
    SIGN_Y = AT(0x1090),
};

enum {
    VERIFY_ORDER_BITS = AT(0x404),
    VERIFY_GF_BITS = AT(0x4b4),
    VERIFY_A_SIGN = AT(0x45c),
    VERIFY_A = AT(0x460),
    VERIFY_GF = AT(0x4b8),
    VERIFY_X = AT(0x5e8),
    VERIFY_Y = AT(0x63c),
    VERIFY_KEY_X = AT(0xf40),
    VERIFY_KEY_Y = AT(0xf94),
    VERIFY_R = AT(0x1098),
    VERIFY_S = AT(0xa44),
    VERIFY_HASH = AT(0xfe8),
    VERIFY_ORDER = AT(0xd5c),
    VERIFY_RESULT = AT(0x5b0),
};

enum {
    CRT_DP = AT(0x65c),
    CRT_DQ = AT(0xbd0),
    CRT_QINV = AT(0x7ec),
    CRT_P = AT(0x97c),
    CRT_Q = AT(0xd5c),
    CRT_BASE = AT(0xeec),
};

/* ---- words and numbers ---- */

static void load(mpz_t z, const uint32_t *ram, unsigned at, unsigned bits)
{
    unsigned words = MIN(WORDS(bits), PKA_RAM_WORDS - at);

    mpz_import(z, words, -1, 4, 0, 0, ram + at);
}

/* The low @words words of @z. */
static void store(uint32_t *ram, unsigned at, const mpz_t z, unsigned words)
{
    for (unsigned i = 0; i < MIN(words, PKA_RAM_WORDS - at); i++) {
        mp_limb_t limb = mpz_getlimbn(z, i * 32 / GMP_NUMB_BITS);

        ram[at + i] = (uint32_t)(limb >> (i * 32 % GMP_NUMB_BITS));
    }
}

/* x mod m, and 0 where there is no such thing */
static void reduce(mpz_t x, const mpz_t m)
{
    if (mpz_sgn(m) > 0) {
        mpz_mod(x, x, m);
    } else {
        mpz_set_ui(x, 0);
    }
}

static void invert(mpz_t out, const mpz_t x, const mpz_t m)
{
    if (mpz_sgn(m) <= 0 || !mpz_invert(out, x, m)) {
        mpz_set_ui(out, 0);
    }
}

static void power(mpz_t out, const mpz_t x, const mpz_t e, const mpz_t m)
{
    if (mpz_sgn(m) > 0) {
        mpz_powm(out, x, e, m);
    } else {
        mpz_set_ui(out, 0);
    }
}

/* R mod m, R = 2^(32 * words): what Montgomery's form multiplies by */
static void radix(mpz_t r, const mpz_t m, unsigned bits)
{
    mpz_set_ui(r, 1);
    mpz_mul_2exp(r, r, 32 * WORDS(bits));
    reduce(r, m);
}

/* The parameter: R^2 mod m. */
static void montgomery_param(mpz_t out, const mpz_t m, unsigned bits)
{
    radix(out, m, bits);
    mpz_mul(out, out, out);
    reduce(out, m);
}

/*
 * The fast modes take that parameter from RAM. With a wrong one, numbers enter Montgomery's
 * form multiplied by what it is wrong by, and results are wrong accordingly.
 */
static void scale_by_param(mpz_t x, const uint32_t *ram, unsigned at,
                           const mpz_t m, unsigned bits)
{
    mpz_t given, right;

    mpz_inits(given, right, NULL);
    load(given, ram, at, bits);
    montgomery_param(right, m, bits);
    if (mpz_cmp(given, right)) {
        invert(right, right, m);
        mpz_mul(x, x, given);
        mpz_mul(x, x, right);
        reduce(x, m);
    }
    mpz_clears(given, right, NULL);
}

/* ---- RSA and plain arithmetic ---- */

static void run_modexp(uint32_t *ram, bool fast)
{
    unsigned bits = ram[LENGTH_B];
    mpz_t x, e, m;

    mpz_inits(x, e, m, NULL);
    load(x, ram, EXPONENT_BASE, bits);
    load(e, ram, EXPONENT, ram[LENGTH_A]);
    load(m, ram, MODULUS, bits);
    if (fast) {
        scale_by_param(x, ram, MONTGOMERY, m, bits);
    } else {
        mpz_t param;

        mpz_init(param);
        montgomery_param(param, m, bits);
        store(ram, MONTGOMERY, param, WORDS(bits));
        mpz_clear(param);
    }
    power(x, x, e, m);
    store(ram, MODEXP_RESULT, x, WORDS(bits));
    mpz_clears(x, e, m, NULL);
}

/* PKCS #1 5.1.2: m1 = c^dP mod p, m2 = c^dQ mod q, m2 + q * ((m1 - m2) qInv mod p) */
static void run_rsa_crt(uint32_t *ram)
{
    unsigned bits = ram[LENGTH_B];
    unsigned half = bits / 2;
    mpz_t c, p, q, d, m1, m2;

    mpz_inits(c, p, q, d, m1, m2, NULL);
    load(c, ram, CRT_BASE, bits);
    load(p, ram, CRT_P, half);
    load(q, ram, CRT_Q, half);
    load(d, ram, CRT_DP, half);
    power(m1, c, d, p);
    load(d, ram, CRT_DQ, half);
    power(m2, c, d, q);
    load(d, ram, CRT_QINV, half);
    mpz_sub(m1, m1, m2);
    mpz_mul(m1, m1, d);
    reduce(m1, p);
    mpz_addmul(m2, q, m1);
    store(ram, MODEXP_RESULT, m2, WORDS(bits));
    mpz_clears(c, p, q, d, m1, m2, NULL);
}

static void run_montgomery_param(uint32_t *ram)
{
    unsigned bits = ram[LENGTH_B];
    mpz_t m, param;

    mpz_inits(m, param, NULL);
    load(m, ram, MODULUS, bits);
    montgomery_param(param, m, bits);
    store(ram, MONTGOMERY, param, WORDS(bits));
    mpz_clears(m, param, NULL);
}

/* a mod n or its inverse: the modulus is the second operand */
static void run_unary(uint32_t *ram, PkaMode mode)
{
    unsigned bits = ram[LENGTH_B];
    mpz_t a, n;

    mpz_inits(a, n, NULL);
    load(a, ram, OP1, mode == PKA_MOD_RED ? ram[LENGTH_A] : bits);
    load(n, ram, OP2, bits);
    if (mode == PKA_MOD_RED) {
        reduce(a, n);
    } else {
        invert(a, a, n);
    }
    store(ram, RESULT, a, WORDS(bits));
    mpz_clears(a, n, NULL);
}

static void run_compare(uint32_t *ram)
{
    mpz_t a, b;
    int order;

    mpz_inits(a, b, NULL);
    load(a, ram, OP1, ram[LENGTH_B]);
    load(b, ram, OP2, ram[LENGTH_B]);
    order = mpz_cmp(a, b);
    ram[RESULT] = order == 0 ? 0 : order > 0 ? 1 : 2;
    mpz_clears(a, b, NULL);
}

static void run_binary(uint32_t *ram, PkaMode mode)
{
    unsigned bits = ram[LENGTH_B];
    unsigned words = WORDS(bits);
    mpz_t a, b, m;

    mpz_inits(a, b, m, NULL);
    load(a, ram, OP1, bits);
    load(b, ram, OP2, bits);
    load(m, ram, OP3, bits);
    switch (mode) {
    case PKA_ADD:
        mpz_add(a, a, b);
        words++;
        break;
    case PKA_SUB: /* a negative difference comes out modulo the words' size */
        mpz_sub(a, a, b);
        mpz_fdiv_r_2exp(a, a, 32 * words);
        break;
    case PKA_MUL:
        mpz_mul(a, a, b);
        words *= 2;
        break;
    case PKA_MOD_ADD:
        mpz_add(a, a, b);
        reduce(a, m);
        break;
    case PKA_MOD_SUB:
        mpz_sub(a, a, b);
        reduce(a, m);
        break;
    default: /* Montgomery multiplication: a b / R */
        mpz_mul(a, a, b);
        radix(b, m, bits);
        invert(b, b, m);
        mpz_mul(a, a, b);
        reduce(a, m);
        break;
    }
    store(ram, RESULT, a, words);
    mpz_clears(a, b, m, NULL);
}

/* ---- elliptic curves over GF(p), y^2 = x^3 + a x + b ---- */

typedef struct Curve {
    mpz_t p, a;
    mpz_t lambda, t; /* scratch */
} Curve;

typedef struct Point {
    mpz_t x, y;
    bool infinite;
} Point;

static void curve_init(Curve *c, const uint32_t *ram, unsigned sign,
                       unsigned coeff, unsigned gf, unsigned bits)
{
    mpz_inits(c->p, c->a, c->lambda, c->t, NULL);
    load(c->p, ram, gf, bits);
    load(c->a, ram, coeff, bits);
    if (ram[sign]) {
        mpz_neg(c->a, c->a);
    }
    reduce(c->a, c->p);
}

static void curve_finish(Curve *c)
{
    mpz_clears(c->p, c->a, c->lambda, c->t, NULL);
}

static void point_init(Point *q)
{
    mpz_inits(q->x, q->y, NULL);
    q->infinite = true;
}

static void point_load(Point *q, const uint32_t *ram, unsigned x, unsigned y,
                       unsigned bits)
{
    mpz_inits(q->x, q->y, NULL);
    load(q->x, ram, x, bits);
    load(q->y, ram, y, bits);
    q->infinite = false;
}

static void point_finish(Point *q)
{
    mpz_clears(q->x, q->y, NULL);
}

/* r += q; both reduced modulo p */
static void point_add(Curve *c, Point *r, const Point *q)
{
    if (q->infinite) {
        return;
    }
    if (r->infinite) {
        mpz_set(r->x, q->x);
        mpz_set(r->y, q->y);
        r->infinite = false;
        return;
    }
    if (mpz_cmp(r->x, q->x) == 0) { /* doubling, or a point and its negative */
        mpz_mul(c->lambda, r->x, r->x);
        mpz_mul_ui(c->lambda, c->lambda, 3);
        mpz_add(c->lambda, c->lambda, c->a);
        mpz_add(c->t, r->y, q->y);
    } else {
        mpz_sub(c->lambda, q->y, r->y);
        mpz_sub(c->t, q->x, r->x);
    }
    reduce(c->t, c->p);
    invert(c->t, c->t, c->p);
    if (mpz_sgn(c->t) == 0) {
        r->infinite = true;
        return;
    }
    mpz_mul(c->lambda, c->lambda, c->t);
    reduce(c->lambda, c->p);
    mpz_set(c->t, r->x); /* y3 = lambda (x1 - x3) - y1 */
    mpz_add(r->x, r->x, q->x);
    mpz_neg(r->x, r->x);
    mpz_addmul(r->x, c->lambda, c->lambda);
    reduce(r->x, c->p);
    mpz_sub(c->t, c->t, r->x);
    mpz_mul(c->t, c->t, c->lambda);
    mpz_sub(r->y, c->t, r->y);
    reduce(r->y, c->p);
}

static void point_mul(Curve *c, Point *r, const mpz_t k, Point *q)
{
    Point twice;

    reduce(q->x, c->p);
    reduce(q->y, c->p);
    point_init(&twice);
    r->infinite = true;
    for (size_t i = mpz_sgn(k) ? mpz_sizeinbase(k, 2) : 0; i-- > 0;) {
        mpz_set(twice.x, r->x);
        mpz_set(twice.y, r->y);
        twice.infinite = r->infinite;
        point_add(c, r, &twice);
        if (mpz_tstbit(k, i)) {
            point_add(c, r, q);
        }
    }
    if (r->infinite) {
        mpz_set_ui(r->x, 0);
        mpz_set_ui(r->y, 0);
    }
    point_finish(&twice);
}

static void run_ecc_mul(uint32_t *ram, bool fast)
{
    unsigned bits = ram[LENGTH_B];
    Curve c;
    Point q, r;
    mpz_t k;

    mpz_init(k);
    point_init(&r);
    curve_init(&c, ram, A_SIGN, A_COEFF, GF, bits);
    point_load(&q, ram, POINT_X, POINT_Y, bits);
    load(k, ram, K, ram[LENGTH_A]);
    if (fast) {
        scale_by_param(q.x, ram, ECC_MONTGOMERY, c.p, bits);
        scale_by_param(q.y, ram, ECC_MONTGOMERY, c.p, bits);
    } else {
        montgomery_param(c.t, c.p, bits);
        store(ram, ECC_MONTGOMERY, c.t, WORDS(bits));
    }
    point_mul(&c, &r, k, &q);
    store(ram, POINT_X, r.x, WORDS(bits));
    store(ram, POINT_Y, r.y, WORDS(bits));
    mpz_clear(k);
    point_finish(&r);
    point_finish(&q);
    curve_finish(&c);
}

static void run_point_check(uint32_t *ram)
{
    unsigned bits = ram[LENGTH_B];
    Curve c;
    Point q;
    bool bad;

    curve_init(&c, ram, A_SIGN, A_COEFF, GF, bits);
    point_load(&q, ram, POINT_X, POINT_Y, bits);
    load(c.t, ram, B_COEFF, bits); /* b + x (a + x^2) - y^2 */
    mpz_mul(c.lambda, q.x, q.x);
    mpz_add(c.lambda, c.lambda, c.a);
    mpz_addmul(c.t, c.lambda, q.x);
    mpz_submul(c.t, q.y, q.y);
    reduce(c.t, c.p);
    bad = mpz_sgn(c.t) || mpz_cmp(q.x, c.p) >= 0 || mpz_cmp(q.y, c.p) >= 0;
    ram[CHECK_RESULT] = bad;
    point_finish(&q);
    curve_finish(&c);
}

/* FIPS 186-4 6.4: r = (k G).x mod n, s = (e + r d) / k mod n */
static void run_ecdsa_sign(uint32_t *ram)
{
    unsigned order_bits = ram[LENGTH_A], bits = ram[LENGTH_B];
    Curve c;
    Point g, q;
    mpz_t n, k, r, s, d;

    mpz_inits(n, k, r, s, d, NULL);
    point_init(&q);
    curve_init(&c, ram, A_SIGN, A_COEFF, GF, bits);
    point_load(&g, ram, POINT_X, POINT_Y, bits);
    load(n, ram, SIGN_ORDER, order_bits);
    load(k, ram, K, order_bits);
    load(s, ram, SIGN_HASH, order_bits);
    load(d, ram, SIGN_KEY, order_bits);
    point_mul(&c, &q, k, &g);
    mpz_set(r, q.x);
    reduce(r, n);
    mpz_addmul(s, r, d);
    invert(k, k, n);
    mpz_mul(s, s, k);
    reduce(s, n);
    store(ram, SIGN_R, r, WORDS(order_bits));
    store(ram, SIGN_S, s, WORDS(order_bits));
    store(ram, SIGN_X, q.x, WORDS(bits));
    store(ram, SIGN_Y, q.y, WORDS(bits));
    ram[SIGN_ERROR] = mpz_sgn(r) == 0 ? 1 : mpz_sgn(s) == 0 ? 2 : 0;
    mpz_clears(n, k, r, s, d, NULL);
    point_finish(&q);
    point_finish(&g);
    curve_finish(&c);
}

static bool in_range(const mpz_t x, const mpz_t n)
{
    return mpz_sgn(x) > 0 && mpz_cmp(x, n) < 0;
}

/* (e/s) G + (r/s) Q has the x that r is */
static void run_ecdsa_verify(uint32_t *ram)
{
    unsigned order_bits = ram[VERIFY_ORDER_BITS], bits = ram[VERIFY_GF_BITS];
    Curve c;
    Point g, key, u, v;
    mpz_t n, r, s, w;
    bool valid;

    mpz_inits(n, r, s, w, NULL);
    point_init(&u);
    point_init(&v);
    curve_init(&c, ram, VERIFY_A_SIGN, VERIFY_A, VERIFY_GF, bits);
    point_load(&g, ram, VERIFY_X, VERIFY_Y, bits);
    point_load(&key, ram, VERIFY_KEY_X, VERIFY_KEY_Y, bits);
    load(n, ram, VERIFY_ORDER, order_bits);
    load(r, ram, VERIFY_R, order_bits);
    load(s, ram, VERIFY_S, order_bits);
    valid = in_range(r, n) && in_range(s, n);
    invert(s, s, n);
    load(w, ram, VERIFY_HASH, order_bits);
    mpz_mul(w, w, s);
    reduce(w, n);
    point_mul(&c, &u, w, &g);
    mpz_mul(w, r, s);
    reduce(w, n);
    point_mul(&c, &v, w, &key);
    point_add(&c, &u, &v);
    reduce(u.x, n);
    valid = valid && !u.infinite && mpz_cmp(u.x, r) == 0;
    ram[VERIFY_RESULT] = !valid;
    mpz_clears(n, r, s, w, NULL);
    point_finish(&v);
    point_finish(&u);
    point_finish(&key);
    point_finish(&g);
    curve_finish(&c);
}

void pka_run(uint32_t *ram, unsigned mode)
{
    switch (mode) {
    case PKA_MODEXP:
    case PKA_MODEXP_FAST:
        run_modexp(ram, mode == PKA_MODEXP_FAST);
        break;
    case PKA_MONTGOMERY_PARAM:
        run_montgomery_param(ram);
        break;
    case PKA_RSA_CRT:
        run_rsa_crt(ram);
        break;
    case PKA_MOD_INV:
    case PKA_MOD_RED:
        run_unary(ram, mode);
        break;
    case PKA_COMPARE:
        run_compare(ram);
        break;
    case PKA_ECC_MUL:
    case PKA_ECC_MUL_FAST:
        run_ecc_mul(ram, mode == PKA_ECC_MUL_FAST);
        break;
    case PKA_ECDSA_SIGN:
        run_ecdsa_sign(ram);
        break;
    case PKA_ECDSA_VERIFY:
        run_ecdsa_verify(ram);
        break;
    case PKA_POINT_CHECK:
        run_point_check(ram);
        break;
    default:
        run_binary(ram, mode);
        break;
    }
}

/* ---- sizes and times ---- */

const char *pka_check(const uint32_t *ram, unsigned mode)
{
    bool ecc = mode >= PKA_ECC_MUL;
    unsigned limit = ecc ? MAX_ECC_BITS : MAX_RSA_BITS;
    bool second = mode == PKA_MODEXP || mode == PKA_MODEXP_FAST ||
                  mode == PKA_MOD_RED || mode == PKA_ECC_MUL ||
                  mode == PKA_ECC_MUL_FAST || mode == PKA_ECDSA_SIGN;

    switch (mode) {
    case PKA_MODEXP ... PKA_MODEXP_FAST:
    case PKA_RSA_CRT ... PKA_MONTGOMERY_MUL:
    case PKA_ECC_MUL:
    case PKA_ECC_MUL_FAST:
    case PKA_ECDSA_SIGN:
    case PKA_ECDSA_VERIFY:
    case PKA_POINT_CHECK:
        break;
    default:
        return "reserved mode";
    }
    if (ram[LENGTH_B] == 0 || ram[LENGTH_B] > limit ||
        (second && (ram[LENGTH_A] == 0 || ram[LENGTH_A] > limit)) ||
        (mode == PKA_ECDSA_VERIFY &&
         (ram[VERIFY_GF_BITS] == 0 || ram[VERIFY_GF_BITS] > limit))) {
        return "operand length out of range";
    }
    return NULL;
}

/* One Montgomery multiplication; fitted to RM0434's times for full-length exponents. */
static uint64_t multiplication_cycles(unsigned bits)
{
    uint64_t w = WORDS(bits);

    return (629 * w * w + 753 * w + 66200) / 100;
}

static uint64_t modexp_cycles(unsigned bits, unsigned squares, unsigned ones)
{
    return multiplication_cycles(bits) * (squares + ones + 2);
}

static unsigned count_ones(const uint32_t *ram, unsigned at, unsigned bits)
{
    unsigned ones = 0;

    for (unsigned i = 0; i < WORDS(bits); i++) {
        ones += ctpop32(ram[at + i]);
    }
    return ones;
}

/* ECC scalar multiplication: RM0434's times of common moduli, a line between them. */
static uint64_t ecc_cycles(unsigned bits)
{
    static const struct {
        unsigned bits, kilocycles;
    } times[] = {
        { 0, 0 },       { 160, 1634 },  { 192, 2500 },  { 256, 4924 },
        { 320, 8508 },  { 384, 13642 }, { 512, 30348 }, { 521, 33160 },
        { 640, 61000 },
    };
    int i = 1;

    while (i < ARRAY_SIZE(times) - 1 && bits > times[i].bits) {
        i++;
    }
    return (times[i - 1].kilocycles * UINT64_C(1000)) +
           (times[i].kilocycles - times[i - 1].kilocycles) * UINT64_C(1000) *
               (bits - times[i - 1].bits) / (times[i].bits - times[i - 1].bits);
}

uint64_t pka_cycles(const uint32_t *ram, unsigned mode)
{
    unsigned a = ram[LENGTH_A], b = ram[LENGTH_B];
    uint64_t param = multiplication_cycles(b) * (WORDS(b) + 3);

    switch (mode) {
    case PKA_MODEXP:
        return param + modexp_cycles(b, a, count_ones(ram, EXPONENT, a));
    case PKA_MODEXP_FAST:
        return modexp_cycles(b, a, count_ones(ram, EXPONENT, a));
    case PKA_MONTGOMERY_PARAM:
        return param;
    case PKA_RSA_CRT:
        return 2 * modexp_cycles(b / 2, b / 2, b / 4);
    case PKA_MOD_INV:
        return multiplication_cycles(b) * b / 2;
    case PKA_MUL:
    case PKA_MONTGOMERY_MUL:
    case PKA_MOD_RED:
        return multiplication_cycles(MAX(b, mode == PKA_MOD_RED ? a : 0));
    case PKA_ECC_MUL:
        return ecc_cycles(b) * a / b;
    case PKA_ECC_MUL_FAST:
        return ecc_cycles(b) * a / b * 98 / 100;
    case PKA_ECDSA_SIGN:
        return ecc_cycles(b) * 107 / 100;
    case PKA_ECDSA_VERIFY:
        return ecc_cycles(ram[VERIFY_GF_BITS]) * 213 / 100;
    case PKA_POINT_CHECK:
        return multiplication_cycles(b) * 8;
    default:
        return 60 + 8 * WORDS(b);
    }
}
