/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pka.c - the public key accelerator: each operation against numbers made elsewhere, its flags,
 * interrupt, RAM rules and busy time.
 */
#include "test.h"
#include "pka_vectors.h"

#define RAM(address) REG32(PKA_BASE + (address))
#define WORDS(array) (sizeof(array) / sizeof((array)[0]))

#define EN 1u
#define START 2u
#define MODE(n) ((n) << 8)
#define PROCEND (1u << 17)
#define RAMERR (1u << 19)
#define ADDRERR (1u << 20)
#define BUSY (1u << 16)

static void put(uint32_t address, const uint32_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        RAM(address + 4 * i) = words[i];
    }
    RAM(address + 4 * n) = 0;
}

static bool same(uint32_t address, const uint32_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (RAM(address + 4 * i) != words[i]) {
            note_hex("word", i);
            note_hex("got", RAM(address + 4 * i));
            note_hex("wanted", words[i]);
            return false;
        }
    }
    return true;
}

#define PUT(address, array) put((address), (array), WORDS(array))
#define CHECK_RAM(what, address, array)                                                            \
    CHECK((what), ended &&same((address), (array), WORDS(array)))

static bool run(unsigned mode)
{
    bool ended;

    PKA_CR = EN | MODE(mode);
    PKA_CR = EN | MODE(mode) | START;
    ended = wait_until(&PKA_SR, PROCEND, PROCEND, 10000000);
    PKA_CLRFR = PROCEND;
    return ended && PKA_SR == 0;
}

static void arithmetic(void)
{
    bool ended;

    RAM(0x404) = 256;
    PUT(0x8b4, arith_a);
    PUT(0xa44, arith_b);
    PUT(0xd5c, arith_m);
    ended = run(0x09);
    CHECK_RAM("addition, with its carry", 0xbd0, arith_sum);
    ended = run(0x0a);
    CHECK_RAM("subtraction", 0xbd0, arith_diff);
    ended = run(0x0b);
    CHECK_RAM("multiplication", 0xbd0, arith_product);
    ended = run(0x0c);
    CHECK("comparison: greater", ended && RAM(0xbd0) == 1);
    ended = run(0x0e);
    CHECK_RAM("modular addition", 0xbd0, arith_modsum);
    ended = run(0x10);
    CHECK_RAM("Montgomery multiplication", 0xbd0, arith_montgomery);
    PUT(0x8b4, arith_b);
    PUT(0xa44, arith_a);
    ended = run(0x0a);
    CHECK_RAM("subtraction below zero", 0xbd0, arith_minus);
    ended = run(0x0f);
    CHECK_RAM("modular subtraction below zero", 0xbd0, arith_moddiff);
    ended = run(0x0c);
    CHECK("comparison: less", ended && RAM(0xbd0) == 2);
    PUT(0xa44, arith_b);
    ended = run(0x0c);
    CHECK("comparison: equal", ended && RAM(0xbd0) == 0);
    ended = run(0x01);
    CHECK_RAM("Montgomery parameter", 0x594, arith_param);
    PUT(0x8b4, arith_a);
    PUT(0xa44, prime);
    ended = run(0x08);
    CHECK_RAM("modular inversion", 0xbd0, inverse);
    RAM(0x400) = 512;
    PUT(0x8b4, wide);
    PUT(0xa44, arith_m);
    ended = run(0x0d);
    CHECK_RAM("modular reduction", 0xbd0, reduced);
}

static void rsa(void)
{
    bool ended;

    RAM(0x400) = 17;
    RAM(0x404) = 512;
    PUT(0xa44, rsa_x);
    RAM(0xbd0) = 65537;
    RAM(0xbd4) = 0;
    PUT(0xd5c, rsa_n);
    ended = run(0x00);
    CHECK_RAM("modular exponentiation", 0x724, rsa_y);
    RAM(0x400) = 512;
    PUT(0xa44, rsa_y);
    PUT(0xbd0, rsa_d);
    ended = run(0x02);
    CHECK_RAM("fast exponentiation, with that parameter", 0x724, rsa_x);
    RAM(0x594) ^= 1;
    ended = run(0x02);
    CHECK("fast exponentiation, wrong parameter", ended && !same(0x724, rsa_x, WORDS(rsa_x)));
    PUT(0x65c, rsa_dp);
    PUT(0xbd0, rsa_dq);
    PUT(0x7ec, rsa_qinv);
    PUT(0x97c, rsa_p);
    PUT(0xd5c, rsa_q);
    PUT(0xeec, rsa_y);
    ended = run(0x07);
    CHECK_RAM("RSA with CRT", 0x724, rsa_x);
}

static void put_p256(void)
{
    RAM(0x400) = 256;
    RAM(0x404) = 256;
    RAM(0x408) = 1;
    PUT(0x40c, p256_minus_a);
    PUT(0x460, p256_p);
    PUT(0x508, p256_k);
    PUT(0x55c, p256_gx);
    PUT(0x5b0, p256_gy);
}

static void ecc(void)
{
    bool ended;

    put_p256();
    ended = run(0x20);
    CHECK_RAM("k G on P-256: x", 0x55c, p256_kx);
    CHECK_RAM("k G on P-256: y", 0x5b0, p256_ky);
    CHECK_RAM("k G on P-256: Montgomery parameter", 0x4b4, p256_param);
    put_p256();
    RAM(0x408) = 0;
    PUT(0x40c, p256_a);
    ended = run(0x22);
    CHECK_RAM("k G by fast mode, a not negative: x", 0x55c, p256_kx);

    put_p256();
    PUT(0x7fc, p256_b);
    ended = run(0x28);
    CHECK("point on curve", ended && RAM(0x400) == 0);
    RAM(0x5b0) ^= 1;
    ended = run(0x28);
    CHECK("point not on curve", ended && RAM(0x400) != 0);

    RAM(0x400) = 520;
    RAM(0x404) = 521;
    RAM(0x408) = 1;
    PUT(0x40c, p521_minus_a);
    PUT(0x460, p521_p);
    PUT(0x508, p521_k);
    PUT(0x55c, p521_gx);
    PUT(0x5b0, p521_gy);
    ended = run(0x20);
    CHECK_RAM("k G on P-521: x", 0x55c, p521_x);
    CHECK_RAM("k G on P-521: y", 0x5b0, p521_y);
}

static void put_verification(void)
{
    RAM(0x404) = 256;
    RAM(0x4b4) = 256;
    RAM(0x45c) = 1;
    PUT(0x460, p256_minus_a);
    PUT(0x4b8, p256_p);
    PUT(0x5e8, p256_gx);
    PUT(0x63c, p256_gy);
    PUT(0xf40, p256_qx);
    PUT(0xf94, p256_qy);
    PUT(0x1098, p256_r);
    PUT(0xa44, p256_s);
    PUT(0xfe8, p256_h);
    PUT(0xd5c, p256_n);
}

static void ecdsa(void)
{
    bool ended;

    put_p256();
    PUT(0xde8, p256_h);
    PUT(0xe3c, p256_d);
    PUT(0xe94, p256_n);
    ended = run(0x24);
    CHECK("ECDSA signature: no error", ended && RAM(0xee8) == 0);
    CHECK_RAM("ECDSA signature: r", 0x700, p256_r);
    CHECK_RAM("ECDSA signature: s", 0x754, p256_s);
    CHECK_RAM("ECDSA signature: point x", 0x103c, p256_kx);
    CHECK_RAM("ECDSA signature: point y", 0x1090, p256_ky);
    put_verification();
    ended = run(0x26);
    CHECK("ECDSA verification: valid", ended && RAM(0x5b0) == 0);
    put_verification();
    RAM(0xfe8) ^= 1;
    ended = run(0x26);
    CHECK("ECDSA verification: another hash", ended && RAM(0x5b0) != 0);
    put_verification();
    for (unsigned i = 0; i < 8; i++) {
        RAM(0x1098 + 4 * i) = 0;
    }
    ended = run(0x26);
    CHECK("ECDSA verification: r is 0", ended && RAM(0x5b0) != 0);
}

static volatile unsigned interrupts;
static volatile uint32_t seen;

void irq_PKA(void)
{
    interrupts++;
    seen = PKA_SR;
    PKA_CLRFR = PROCEND | RAMERR | ADDRERR;
}

static void rules(void)
{
    bool ended;

    PKA_CR = 0;
    PKA_CR = START;
    CHECK_EQ("no start while disabled", PKA_SR, 0);

    put_p256();
    PKA_CR = EN | MODE(0x20) | START;
    CHECK_EQ("BUSY", PKA_SR, BUSY);
    CHECK_EQ("START reads as 0", PKA_CR, EN | MODE(0x20));
    PKA_CR = EN | MODE(0x0c);
    CHECK_EQ("MODE is locked while busy", PKA_CR, EN | MODE(0x20));
    RAM(0x55c) = 0;
    CHECK_EQ("RAM error on a write while busy", PKA_SR, BUSY | RAMERR);
    PKA_CLRFR = RAMERR;
    CHECK_EQ("RAM reads as 0 while busy", RAM(0x55c), 0);
    CHECK_EQ("RAM error on a read while busy", PKA_SR, BUSY | RAMERR);
    PKA_CLRFR = RAMERR;
    ended = wait_until(&PKA_SR, PROCEND, PROCEND, 10000000);
    PKA_CLRFR = PROCEND;
    CHECK_RAM("the operation is not disturbed", 0x55c, p256_kx);

    PKA_CR = EN | MODE(0x20) | START;
    PKA_CR = 0;
    CHECK_EQ("clearing EN aborts", PKA_SR, 0);
    (void)RAM(0x1400);
    CHECK_EQ("address error beyond the RAM", PKA_SR, ADDRERR);
    PKA_CLRFR = ADDRERR;
    CHECK_EQ("which is cleared", PKA_SR, 0);
    RAM(0x11f8) = 0x5a;
    CHECK_EQ("the RAM ends at 0x11f8", PKA_SR, ADDRERR);
    PKA_CLRFR = ADDRERR;

    RAM(0x404) = 100000;
    CHECK("a length beyond all bounds ends", run(0x0b));
    RAM(0x404) = 256;
    PUT(0x8b4, arith_a);
    for (unsigned i = 0; i < 9; i++) {
        RAM(0xd5c + 4 * i) = 0;
    }
    CHECK("a modulus of 0 ends", run(0x0e));
    CHECK("a reserved mode ends", run(0x3f));
}

static void interrupt_and_time(void)
{
    uint32_t start;
    uint64_t us;

    irq_enable(IRQ_PKA);
    put_p256();
    PKA_CR = EN | PROCEND | MODE(0x20);
    start = cycles();
    PKA_CR = EN | PROCEND | MODE(0x20) | START;
    while (!interrupts) {
    }
    us = ns_since(start) / 1000;
    CHECK_EQ("interrupt at the end", seen, PROCEND);
    CHECK_RANGE("us that k G takes on P-256 (4.9 M cycles)", us, 70000, 85000);
    PKA_CR = EN | ADDRERR;
    (void)RAM(0x1400);
    for (unsigned i = 0; i < 100 && interrupts < 2; i++) {
        __asm__ volatile("nop");
    }
    CHECK("interrupt at an address error", interrupts == 2 && seen == ADDRERR);
    irq_disable(IRQ_PKA);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    PKA_CR = EN;
    CHECK_EQ("enabled", PKA_CR, EN);
    arithmetic();
    rsa();
    ecc();
    ecdsa();
    rules();
    interrupt_and_time();
}
