/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp_crypto_test.c - the sample data of Core, Vol 3 Part H (2.2.3, 2.2.4, appendix D) and of
 * RFC 4493, in their order: most significant octet first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "smp.h"

#define P256_U "20b003d2f297be2c5e2c83a7e9f9a5b9eff49111acf4fddbcc0301480e359de6"
#define P256_V "55188b3d32f6bb9a900afcfbeed4e72a59cb9ac2f19d7cfb6b4fdd49f47fc5fd"
#define N1 "d5cb8454d177733effffb2ec712baeab"
#define N2 "a6e8e7cc25a75f6e216583f7ff3dc4cf"

/* Hexadecimal text, turned round; a few at a time. */
static const uint8_t *hex(const char *text)
{
    static uint8_t kept[8][32];
    static unsigned next;
    uint8_t *to = kept[next++ % 8];
    size_t n = strlen(text) / 2;

    for (size_t i = 0; i < n; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0};

        to[n - 1 - i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return to;
}

static void same(const uint8_t *got, const char *text)
{
    assert_memory_equal(got, hex(text), strlen(text) / 2);
}

static struct address address(uint8_t type, const char *text)
{
    struct address a = {.type = type};

    memcpy(a.octets, hex(text), 6);
    return a;
}

static void test_c1(void **state)
{
    struct address ia = address(1, "a1a2a3a4a5a6"), ra = address(0, "b1b2b3b4b5b6");
    uint8_t k[16] = {0}, out[16], preq[7], pres[7];

    (void)state;
    memcpy(preq, hex("07071000000101"), 7);
    memcpy(pres, hex("05000800000302"), 7);
    smp_c1(k, hex("5783d52156ad6f0e6388274ec6702ee0"), preq, pres, &ia, &ra, out);
    same(out, "1e1e3fef878988ead2a74dc5bef13b86");
}

static void test_s1(void **state)
{
    uint8_t k[16] = {0}, out[16];

    (void)state;
    smp_s1(k, hex("000f0e0d0c0b0a091122334455667788"), hex("010203040506070899aabbccddeeff00"),
           out);
    same(out, "9a1fe1f0e8b0f49b5b4216ae796da062");
}

static void test_f4(void **state)
{
    uint8_t out[16];

    (void)state;
    smp_f4(hex(P256_U), hex(P256_V), hex(N1), 0, out);
    same(out, "f2c916f107a9bd1cf1eda1bea974872d");
}

static void test_f5(void **state)
{
    struct address a1 = address(0, "56123737bfce"), a2 = address(0, "a713702dcfc1");
    uint8_t mac_key[16], ltk[16];

    (void)state;
    smp_f5(hex("ec0234a357c8ad05341010a60a397d9b99796b13b4f866f1868d34f373bfa698"), hex(N1),
           hex(N2), &a1, &a2, mac_key, ltk);
    same(mac_key, "2965f176a1084a02fd3f6a20ce636e20");
    same(ltk, "6986791169d7cd23980522b594750a38");
}

static void test_f6(void **state)
{
    struct address a1 = address(0, "56123737bfce"), a2 = address(0, "a713702dcfc1");
    uint8_t out[16];

    (void)state;
    smp_f6(hex("2965f176a1084a02fd3f6a20ce636e20"), hex(N1), hex(N2),
           hex("12a3343bb453bb5408da42d20c2d0fc8"), hex("010102"), &a1, &a2, out);
    same(out, "e3c473989cd0e8c5d26c0b09da958f61");
}

static void test_g2(void **state)
{
    (void)state;
    assert_int_equal(smp_g2(hex(P256_U), hex(P256_V), hex(N1), hex(N2)), 0x2f9ed5ba);
}

static void test_ah(void **state)
{
    (void)state;
    assert_int_equal(smp_ah(hex("ec0234a357c8ad05341010a60a397d9b"), hex("708194")), 0x0dfbaa);
}

static void test_cmac(void **state)
{
    static const char message[] =
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    static const struct {
        size_t n;
        const char *mac;
    } cases[] = {
        {0, "bb1d6929e95937287fa37d129b756746"},
        {16, "070a16b46b4d4144f79bdd9dd04a287c"},
        {40, "dfa66747de9ae63030ca32611497c827"},
        {64, "51f0bebf7e3b9d92fc49741779363cfe"},
    };
    uint8_t key[16], m[64], out[16], turned[16];

    (void)state;
    for (int i = 0; i < 16; i++) {
        key[i] = hex("2b7e151628aed2a6abf7158809cf4f3c")[15 - i];
    }
    for (int i = 0; i < 64; i++) {
        char digits[3] = {message[2 * i], message[2 * i + 1], 0};

        m[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        smp_cmac(key, m, cases[c].n, out);
        for (int i = 0; i < 16; i++) {
            turned[i] = out[15 - i];
        }
        same(turned, cases[c].mac);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c1), cmocka_unit_test(test_s1),   cmocka_unit_test(test_f4),
        cmocka_unit_test(test_f5), cmocka_unit_test(test_f6),   cmocka_unit_test(test_g2),
        cmocka_unit_test(test_ah), cmocka_unit_test(test_cmac),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
