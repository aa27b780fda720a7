/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aes.c - AES1 and AES2: known answers of FIPS 197, SP 800-38A, C, D in all chaining modes, key
 * derivation, data types, suspension, flags, interrupts, DMA, and the time a block takes.
 */
#include "test.h"

typedef struct Aes {
    volatile uint32_t cr, sr, dinr, doutr, key[4], iv[4], key_high[4], susp[8];
} Aes;

#define EN 1u
#define DATATYPE(n) ((n) << 1)
#define ENCRYPT 0u
#define DERIVE (1u << 3)
#define DECRYPT (2u << 3)
#define DERIVE_DECRYPT (3u << 3)
#define ECB 0u
#define CBC (1u << 5)
#define CTR (2u << 5)
#define GCM (3u << 5)
#define CCM (1u << 16)
#define CCFC (1u << 7)
#define ERRC (1u << 8)
#define CCFIE (1u << 9)
#define ERRIE (1u << 10)
#define DMAINEN (1u << 11)
#define DMAOUTEN (1u << 12)
#define HEADER (1u << 13)
#define PAYLOAD (2u << 13)
#define FINAL (3u << 13)
#define GCMPH (3u << 13)
#define LONG_KEY (1u << 18)
#define NPBLB(n) ((n) << 20)
#define NPBLB_MASK (15u << 20)
#define CCF 1u
#define RDERR 2u
#define WRERR 4u

static Aes *aes;
static const char *unit;
static uint32_t key_bits; /* 0 or LONG_KEY */

/* SP 800-38A */
static const uint32_t key128[] = {0x2b7e1516, 0x28aed2a6, 0xabf71588, 0x09cf4f3c};
static const uint32_t key256[] = {0x603deb10, 0x15ca71be, 0x2b73aef0, 0x857d7781,
                                  0x1f352c07, 0x3b6108d7, 0x2d9810a3, 0x0914dff4};
static const uint32_t plain[] = {
    0x6bc1bee2, 0x2e409f96, 0xe93d7e11, 0x7393172a, 0xae2d8a57, 0x1e03ac9c, 0x9eb76fac, 0x45af8e51,
    0x30c81c46, 0xa35ce411, 0xe5fbc119, 0x1a0a52ef, 0xf69f2445, 0xdf4f9b17, 0xad2b417b, 0xe66c3710};
static const uint32_t iv[] = {0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f};
static const uint32_t counter[] = {0xf0f1f2f3, 0xf4f5f6f7, 0xf8f9fafb, 0xfcfdfeff};
static const uint32_t ecb128[] = {
    0x3ad77bb4, 0x0d7a3660, 0xa89ecaf3, 0x2466ef97, 0xf5d3d585, 0x03b9699d, 0xe785895a, 0x96fdbaaf,
    0x43b1cd7f, 0x598ece23, 0x881b00e3, 0xed030688, 0x7b0c785e, 0x27e8ad3f, 0x82232071, 0x04725dd4};
static const uint32_t ecb256[] = {
    0xf3eed1bd, 0xb5d2a03c, 0x064b5a7e, 0x3db181f8, 0x591ccb10, 0xd410ed26, 0xdc5ba74a, 0x31362870,
    0xb6ed21b9, 0x9ca6f4f9, 0xf153e7b1, 0xbeafed1d, 0x23304b7a, 0x39f9f3ff, 0x067d8d8f, 0x9e24ecc7};
static const uint32_t cbc128[] = {
    0x7649abac, 0x8119b246, 0xcee98e9b, 0x12e9197d, 0x5086cb9b, 0x507219ee, 0x95db113a, 0x917678b2,
    0x73bed6b8, 0xe3c1743b, 0x7116e69e, 0x22229516, 0x3ff1caa1, 0x681fac09, 0x120eca30, 0x7586e1a7};
static const uint32_t cbc256[] = {
    0xf58c4c04, 0xd6e5f1ba, 0x779eabfb, 0x5f7bfbd6, 0x9cfc4e96, 0x7edb808d, 0x679f777b, 0xc6702c7d,
    0x39f23369, 0xa9d9bacf, 0xa530e263, 0x04231461, 0xb2eb05e2, 0xc39be9fc, 0xda6c1907, 0x8c6a9d1b};
static const uint32_t ctr128[] = {
    0x874d6191, 0xb620e326, 0x1bef6864, 0x990db6ce, 0x9806f66b, 0x7970fdff, 0x8617187b, 0xb9fffdff,
    0x5ae4df3e, 0xdbd5d35e, 0x5b4f0902, 0x0db03eab, 0x1e031dda, 0x2fbe03d1, 0x792170a0, 0xf3009cee};
static const uint32_t ctr256[] = {
    0x601ec313, 0x775789a5, 0xb7a7f504, 0xbbf3d228, 0xf443e3ca, 0x4d62b59a, 0xca84e990, 0xcacaf5c5,
    0x2b0930da, 0xa23de94c, 0xe87017ba, 0x2d84988d, 0xdfc9c58d, 0xb67aada6, 0x13c2dd08, 0x457941a6};

/* McGrew and Viega, test case 4 (60 bytes, 20 bytes of header) */
static const uint32_t gcm_key[] = {0xfeffe992, 0x8665731c, 0x6d6a8f94, 0x67308308,
                                   0xfeffe992, 0x8665731c, 0x6d6a8f94, 0x67308308};
static const uint32_t gcm_iv[] = {0xcafebabe, 0xfacedbad, 0xdecaf888, 2};
static const uint32_t gcm_header[8] = {0xfeedface, 0xdeadbeef, 0xfeedface, 0xdeadbeef, 0xabaddad2};
static const uint32_t gcm_plain[16] = {0xd9313225, 0xf88406e5, 0xa55909c5, 0xaff5269a, 0x86a7a953,
                                       0x1534f7da, 0x2e4c303d, 0x8a318a72, 0x1c3c0c95, 0x95680953,
                                       0x2fcf0e24, 0x49a6b525, 0xb16aedf5, 0xaa0de657, 0xba637b39};
static const uint32_t gcm_cipher[2][16] = {
    {0x42831ec2, 0x21777424, 0x4b7221b7, 0x84d0d49c, 0xe3aa212f, 0x2c02a4e0, 0x35c17e23, 0x29aca12e,
     0x21d514b2, 0x5466931c, 0x7d8f6a5a, 0xac84aa05, 0x1ba30b39, 0x6a0aac97, 0x3d58e091},
    {0x522dc1f0, 0x99567d07, 0xf47f37a3, 0x2a84427d, 0x643a8cdc, 0xbfe5c0c9, 0x7598a2bd, 0x2555d1aa,
     0x8cb08e48, 0x590dbb3d, 0xa7b08b10, 0x56828838, 0xc5f61e63, 0x93ba7a0a, 0xbcc9f662},
};
static const uint32_t gcm_tag[2][4] = {{0x5bc94fbc, 0x3221a5db, 0x94fae95a, 0xe7121a47},
                                       {0x76fc6ece, 0x0f4e1768, 0xcddf8853, 0xbb2d551b}};
static const uint32_t gmac_tag[2][4] = {{0x346434fd, 0x51d5cd0c, 0x5887ec63, 0xe39b907a},
                                        {0x9f6be076, 0x03c0b0bd, 0x12728540, 0x63e9c9ba}};

/* SP 800-38C C.3: 24 bytes, 20 bytes of header, tag of 8 */
static const uint32_t ccm_key[] = {0x40414243, 0x44454647, 0x48494a4b, 0x4c4d4e4f,
                                   0x40414243, 0x44454647, 0x48494a4b, 0x4c4d4e4f};
static const uint32_t ccm_b0[] = {0x5a101112, 0x13141516, 0x1718191a, 0x1b000018};
static const uint32_t ccm_header[8] = {0x00140001, 0x02030405, 0x06070809,
                                       0x0a0b0c0d, 0x0e0f1011, 0x12130000};
static const uint32_t ccm_plain[8] = {0x20212223, 0x24252627, 0x28292a2b,
                                      0x2c2d2e2f, 0x30313233, 0x34353637};
static const uint32_t ccm_cipher[2][8] = {
    {0xe3b201a9, 0xf5b71a7a, 0x9b1ceaec, 0xcd97e70b, 0x6176aad9, 0xa4428aa5},
    {0xa4ce15f5, 0xb1acbdac, 0x939278ed, 0x5cdd95fa, 0x52180231, 0xb4144191},
};
static const uint32_t ccm_tag[2][2] = {{0x484392fb, 0xc1b09951}, {0x287abb37, 0x30c939e4}};

static bool same(const uint32_t *a, const uint32_t *b, unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        if (a[i] != b[i]) {
            note_hex("word", i);
            note_hex("got", a[i]);
            note_hex("wanted", b[i]);
            return false;
        }
    }
    return true;
}

static unsigned append(char *text, unsigned n, const char *more)
{
    while (*more && n < 78) {
        text[n++] = *more++;
    }
    text[n] = 0;
    return n;
}

/* "AES1 256-bit what detail" */
static void verdict2(const char *what, const char *detail, bool pass)
{
    char text[80];
    unsigned n = append(text, 0, unit);

    n = append(text, n, key_bits ? " 256-bit " : " 128-bit ");
    n = append(text, n, what);
    append(text, n, detail);
    check(text, pass, "as wanted");
}

static void verdict(const char *what, bool pass)
{
    verdict2(what, "", pass);
}

/* ---- driving it ---- */

static void set_key(const uint32_t *key)
{
    for (unsigned i = 0; key_bits && i < 4; i++) {
        aes->key_high[3 - i] = *key++;
    }
    for (unsigned i = 0; i < 4; i++) {
        aes->key[3 - i] = *key++;
    }
}

static void set_iv(const uint32_t *v)
{
    for (unsigned i = 0; i < 4; i++) {
        aes->iv[3 - i] = v[i];
    }
}

static bool ccf(void)
{
    bool done = wait_until(&aes->sr, CCF, CCF, 1000);

    aes->cr |= CCFC;
    return done;
}

static void put(const uint32_t *in)
{
    for (unsigned i = 0; i < 4; i++) {
        aes->dinr = in[i];
    }
}

static void get(uint32_t *out)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = aes->doutr;
    }
}

static bool blocks(const uint32_t *in, uint32_t *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        put(in + 4 * i);
        if (!ccf()) {
            return false;
        }
        if (out) {
            get(out + 4 * i);
        }
    }
    return true;
}

static void run(const char *what, uint32_t cr, const uint32_t *vector, const uint32_t *in,
                const uint32_t *wanted)
{
    uint32_t out[16] = {0};
    bool done;

    aes->cr = 0;
    aes->cr = cr | key_bits;
    set_key(key_bits ? key256 : key128);
    set_iv(vector);
    if ((cr & DERIVE_DECRYPT) == DECRYPT && (cr & (GCM | CCM)) <= CBC) {
        aes->cr = (cr & ~DERIVE_DECRYPT) | DERIVE | key_bits;
        aes->cr |= EN;
        done = ccf();
        verdict2(what, ": key derivation ends by itself", done && !(aes->cr & EN));
        aes->cr = cr | key_bits;
    }
    aes->cr |= EN;
    done = blocks(in, out, 4);
    verdict(what, done && same(out, wanted, 16));
    aes->cr = 0;
}

static void chaining(void)
{
    run("ECB encryption", ENCRYPT | ECB, iv, plain, key_bits ? ecb256 : ecb128);
    run("ECB decryption", DECRYPT | ECB, iv, key_bits ? ecb256 : ecb128, plain);
    run("ECB mode 4", DERIVE_DECRYPT | ECB, iv, key_bits ? ecb256 : ecb128, plain);
    run("CBC encryption", ENCRYPT | CBC, iv, plain, key_bits ? cbc256 : cbc128);
    run("CBC decryption", DECRYPT | CBC, iv, key_bits ? cbc256 : cbc128, plain);
    run("CBC mode 4", DERIVE_DECRYPT | CBC, iv, key_bits ? cbc256 : cbc128, plain);
    run("CTR encryption", ENCRYPT | CTR, counter, plain, key_bits ? ctr256 : ctr128);
    run("CTR decryption", DECRYPT | CTR, counter, key_bits ? ctr256 : ctr128, plain);
}

static void derived_key(void)
{
    /* FIPS 197 A.1: w[40..43] of this key */
    static const uint32_t last[] = {0xd014f9a8, 0xc9ee2589, 0xe13f0cc8, 0xb6630ca6};
    uint32_t got[4];

    aes->cr = DERIVE;
    set_key(key128);
    aes->cr |= EN;
    ccf();
    for (unsigned i = 0; i < 4; i++) {
        got[i] = aes->key[3 - i];
    }
    verdict("mode 2 leaves the last round's key in KEYR", same(got, last, 4));
    aes->cr = 0;
}

static uint32_t swapped(uint32_t v, unsigned datatype)
{
    if (datatype == 1) {
        return v << 16 | v >> 16;
    }
    if (datatype >= 2) {
        v = __builtin_bswap32(v);
    }
    if (datatype == 3) {
        v = (v & 0x0f0f0f0f) << 4 | (v >> 4 & 0x0f0f0f0f);
        v = (v & 0x33333333) << 2 | (v >> 2 & 0x33333333);
        v = (v & 0x55555555) << 1 | (v >> 1 & 0x55555555);
    }
    return v;
}

static void data_types(void)
{
    static const char *const names[] = {"words", "halfwords", "bytes", "bits"};
    uint32_t in[4], wanted[4], out[4];

    for (unsigned type = 0; type < 4; type++) {
        for (unsigned i = 0; i < 4; i++) {
            in[i] = swapped(plain[i], type);
            wanted[i] = swapped(ecb128[i], type);
        }
        aes->cr = ENCRYPT | ECB | DATATYPE(type);
        set_key(key128);
        aes->cr |= EN;
        blocks(in, out, 1);
        aes->cr = 0;
        verdict2("DATATYPE ", names[type], same(out, wanted, 4));
    }
}

/* ---- authenticated ---- */

/* Stop after a block as if another message came; go on from the registers alone. */
static void suspend(void)
{
    uint32_t susp[8], v[4], cr = aes->cr;

    for (unsigned i = 0; i < 8; i++) {
        susp[i] = aes->susp[i];
    }
    for (unsigned i = 0; i < 4; i++) {
        v[i] = aes->iv[3 - i];
    }
    aes->cr = 0;
    aes->cr = ENCRYPT | GCM | key_bits;
    set_key(key_bits ? key256 : key128);
    set_iv(counter);
    aes->cr |= EN; /* the other message: it wipes everything */
    ccf();
    aes->cr = 0;
    aes->cr = cr & ~EN;
    for (unsigned i = 0; i < 8; i++) {
        aes->susp[i] = susp[i];
    }
    set_key(gcm_key);
    if ((cr & CCM) != 0) {
        set_key(ccm_key);
    }
    set_iv(v);
    aes->cr |= EN;
}

static bool init_phase(uint32_t cr, const uint32_t *key, const uint32_t *vector)
{
    aes->cr = cr | key_bits;
    set_key(key);
    set_iv(vector);
    aes->cr |= EN;
    return ccf() && !(aes->cr & EN);
}

static void phase(uint32_t which)
{
    aes->cr = (aes->cr & ~GCMPH) | which | EN;
}

static void gcm(const char *what, uint32_t mode, bool suspended)
{
    static const uint32_t lengths[] = {0, 160, 0, 480};
    const uint32_t *cipher = gcm_cipher[key_bits != 0];
    const uint32_t *in = mode == ENCRYPT ? gcm_plain : cipher;
    const uint32_t *wanted = mode == ENCRYPT ? cipher : gcm_plain;
    uint32_t out[16], tag[4];
    bool done = init_phase(mode | GCM, gcm_key, gcm_iv);

    phase(HEADER);
    done = done && blocks(gcm_header, NULL, 1);
    if (suspended) {
        suspend();
    }
    done = done && blocks(gcm_header + 4, NULL, 1);
    phase(PAYLOAD);
    done = done && blocks(in, out, 2);
    if (suspended) {
        suspend();
    }
    done = done && blocks(in + 8, out + 8, 1);
    if (mode == ENCRYPT) {
        aes->cr |= NPBLB(4);
    }
    done = done && blocks(in + 12, out + 12, 1);
    phase(FINAL);
    done = done && blocks(lengths, tag, 1);
    aes->cr = 0;
    verdict(what, done && same(out, wanted, 15));
    verdict2(what, ": tag", same(tag, gcm_tag[key_bits != 0], 4));
}

static void gmac(void)
{
    static const uint32_t lengths[] = {0, 160, 0, 0};
    uint32_t tag[4];
    bool done = init_phase(ENCRYPT | GCM, gcm_key, gcm_iv);

    phase(HEADER);
    done = done && blocks(gcm_header, NULL, 2);
    phase(FINAL);
    done = done && blocks(lengths, tag, 1);
    aes->cr = 0;
    verdict("GMAC", done && same(tag, gmac_tag[key_bits != 0], 4));
}

static void ccm(const char *what, uint32_t mode, bool suspended)
{
    const uint32_t *cipher = ccm_cipher[key_bits != 0];
    const uint32_t *in = mode == ENCRYPT ? ccm_plain : cipher;
    const uint32_t *wanted = mode == ENCRYPT ? cipher : ccm_plain;
    uint32_t out[8], tag[4];
    bool done = init_phase(mode | CCM, ccm_key, ccm_b0);

    phase(HEADER);
    done = done && blocks(ccm_header, NULL, 2);
    if (suspended) {
        suspend();
    }
    phase(PAYLOAD);
    done = done && blocks(in, out, 1);
    if (suspended) {
        suspend();
    }
    if (mode != ENCRYPT) {
        aes->cr |= NPBLB(8);
    }
    done = done && blocks(in + 4, out + 4, 1);
    phase(FINAL);
    done = done && ccf();
    get(tag);
    aes->cr = 0;
    verdict(what, done && same(out, wanted, 6));
    verdict2(what, ": tag", same(tag, ccm_tag[key_bits != 0], 2));
}

static void authenticated(void)
{
    gcm("GCM encryption", ENCRYPT, false);
    gcm("GCM decryption", DECRYPT, false);
    gcm("GCM suspended", ENCRYPT, true);
    gmac();
    ccm("CCM encryption", ENCRYPT, false);
    ccm("CCM decryption", DECRYPT, false);
    ccm("CCM suspended", DECRYPT, true);
}

/* ---- flags, interrupts, time ---- */

static volatile unsigned interrupts;
static volatile uint32_t seen;

static void on_interrupt(void)
{
    interrupts++;
    seen = aes->sr;
    aes->cr |= CCFC | ERRC;
}

void irq_AES1(void)
{
    on_interrupt();
}

void irq_AES2(void)
{
    on_interrupt();
}

static void spin(void)
{
    for (unsigned i = 0; i < 500; i++) {
        __asm__ volatile("nop");
    }
}

static void flags(unsigned irq)
{
    uint32_t out[4];

    aes->cr = ENCRYPT | ECB;
    set_key(key128);
    aes->dinr = 1;
    verdict("a write while disabled is no error", aes->sr == 0);
    aes->cr |= EN;
    (void)aes->doutr;
    verdict("RDERR before there is output", aes->sr == RDERR);
    aes->cr |= ERRC;
    verdict("ERRC clears RDERR", aes->sr == 0);
    put(plain);
    aes->dinr = 0;
    verdict("WRERR while computing", aes->sr & WRERR);
    verdict("CCF comes all the same", wait_until(&aes->sr, CCF, CCF, 1000));
    aes->cr |= CCFC;
    verdict("CCFC clears CCF", aes->sr == WRERR);
    aes->dinr = 0;
    aes->cr |= ERRC;
    get(out);
    verdict("the result stands", same(out, ecb128, 4) && aes->sr == 0);

    aes->key[0] = 0;
    aes->cr |= CBC | LONG_KEY;
    verdict("configuration is locked while enabled", aes->cr == EN);
    blocks(plain, out, 1);
    verdict("and so is the key", same(out, ecb128, 4));

    irq_enable(irq);
    interrupts = 0;
    aes->cr |= CCFIE | ERRIE;
    put(plain);
    spin();
    verdict("one interrupt, for CCF", interrupts == 1 && seen == CCF);
    get(out);
    (void)aes->doutr;
    spin();
    verdict("one interrupt, for RDERR", interrupts == 2 && seen == RDERR);
    irq_disable(irq);
    aes->cr = 0;
}

/* Core cycles from the last write to CCF. */
static uint32_t latency(const uint32_t *in)
{
    uint32_t start;

    put(in);
    start = cycles();
    while (!(aes->sr & CCF)) {
    }
    start = cycles() - start;
    aes->cr |= CCFC;
    return start;
}

/* Core and AHB run at one rate; besides the latency there is the loop's grain. */
static void timing(void)
{
    uint32_t out[4];
    uint32_t wanted = key_bits ? 75 : 51;

    aes->cr = ENCRYPT | ECB | key_bits;
    set_key(key256);
    aes->cr |= EN;
    verdict("cycles of a block", latency(plain) - wanted + 4 < 44);
    get(out);
    aes->cr = 0;
    init_phase(ENCRYPT | CCM, ccm_key, ccm_b0);
    phase(PAYLOAD);
    wanted = key_bits ? 162 : 114;
    verdict("cycles of a CCM block", latency(plain) - wanted + 4 < 44);
    aes->cr = 0;
}

/* ---- DMA ---- */

static void dma(uint32_t request_in, uint32_t request_out)
{
    static uint32_t out[16];

    DMAMUX1_C0CR = request_in;
    DMAMUX1_C1CR = request_out;
    DMA1_CPAR1 = (uint32_t)&aes->dinr;
    DMA1_CMAR1 = (uint32_t)plain;
    DMA1_CNDTR1 = 16;
    DMA1_CCR1 = 2u << 10 | 2u << 8 | 1u << 7 | 1u << 4 | 1u; /* words, from memory */
    DMA1_CPAR2 = (uint32_t)&aes->doutr;
    DMA1_CMAR2 = (uint32_t)out;
    DMA1_CNDTR2 = 16;
    DMA1_CCR2 = 2u << 10 | 2u << 8 | 1u << 7 | 1u;
    aes->cr = ENCRYPT | CBC | DMAINEN | DMAOUTEN;
    set_key(key128);
    set_iv(iv);
    aes->cr |= EN;
    verdict("DMA is done", wait_until(&DMA1_ISR, 1u << 5, 1u << 5, 10000));
    verdict("DMA without errors", (aes->sr & ~CCF) == 0 && DMA1_CNDTR1 == 0);
    verdict("CBC by DMA", same(out, cbc128, 16));
    aes->cr = CCFC;
    DMA1_CCR1 = 0;
    DMA1_CCR2 = 0;
    DMA1_IFCR = ~0u;
}

static void whole(Aes *which, const char *called, unsigned irq, uint32_t request)
{
    aes = which;
    unit = called;
    for (key_bits = 0; key_bits <= LONG_KEY; key_bits += LONG_KEY) {
        chaining();
        authenticated();
        timing();
    }
    key_bits = 0;
    derived_key();
    data_types();
    flags(irq);
    dma(request, request + 1);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    whole((Aes *)AES1_BASE, "AES1", IRQ_AES1, 37);
    whole((Aes *)AES2_BASE, "AES2", IRQ_AES2, 39);
}
