/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto_test.c - AES, CCM, P-256 and channel selection against published samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ll_sim.h"

/* "0a 0B..." to octets; how many. */
static size_t hex(uint8_t *out, const char *text)
{
    size_t n = 0;
    unsigned octet;

    while (sscanf(text, " %2x", &octet) == 1) {
        out[n++] = (uint8_t)octet;
        text += *text == ' ' ? 3 : 2;
    }
    return n;
}

/* The same, most significant first in the text and last in the octets. */
static void number(uint8_t out[32], const char *text)
{
    uint8_t octets[32];

    assert_int_equal(hex(octets, text), 32);
    for (int i = 0; i < 32; i++) {
        out[i] = octets[31 - i];
    }
}

/* FIPS-197 C.1 */
static void test_aes(void **state)
{
    uint8_t key[16], text[16], expected[16];
    struct aes_key expanded;

    hex(key, "000102030405060708090a0b0c0d0e0f");
    hex(text, "00112233445566778899aabbccddeeff");
    hex(expected, "69c4e0d86a7b0430d8cdb78070b4c55a");
    aes_expand(&expanded, key);
    aes_encrypt(&expanded, text, text);
    assert_memory_equal(text, expected, 16);
}

static void check_packet(const struct aes_key *key, unsigned counter, bool from_central,
                         uint8_t header, const char *plain, const char *encrypted)
{
    uint8_t nonce[13] = {(uint8_t)counter}, data[64], expected[64], original[64];
    size_t len = hex(data, plain);

    nonce[4] = from_central ? 0x80 : 0;
    hex(nonce + 5, "24ABDCBABEBAAFDE");
    memcpy(original, data, len);
    assert_int_equal(hex(expected, encrypted), len + 4);
    ccm_encrypt(key, nonce, header, data, len);
    assert_memory_equal(data, expected, len + 4);
    assert_true(ccm_decrypt(key, nonce, header, data, len));
    assert_memory_equal(data, original, len);
    memcpy(data, expected, len + 4);
    data[sim_random() % (len + 4)] ^= 1;
    assert_false(ccm_decrypt(key, nonce, header, data, len));
    memcpy(data, expected, len + 4);
    assert_false(ccm_decrypt(key, nonce, header ^ 1, data, len));
}

/* Core Specification, Vol 6 Part C 1 */
static void test_ccm(void **state)
{
    uint8_t ltk[16], skd[16], session[16], expected[16];
    struct aes_key key;

    sim_start(1, 1);
    hex(ltk, "4C68384139F574D836BCF34E9DFB01BF");
    hex(skd, "0213243546576879ACBDCEDFE0F10213");
    hex(expected, "99AD1B5226A37E3E058E3B8E27C2C666");
    aes_expand(&key, ltk);
    aes_encrypt(&key, skd, session);
    assert_memory_equal(session, expected, 16);
    aes_expand(&key, session);
    check_packet(&key, 0, true, 3, "06", "9FCDA7F448");
    check_packet(&key, 0, false, 3, "06", "A34C13A415");
    check_packet(&key, 1, true, 2, "1700636465666768696A6B6C6D6E6F707131323334353637383930",
                 "7A70D66415226DF26B17839A060405596BD6564F796B5B9CE6FF32F75A6D33");
    check_packet(&key, 1, false, 2,
                 "17003736353433323130414243444546474849"
                 "4A4B4C4D4E4F5051",
                 "F38881E7BD94C9C369B9A66846DD4786AA8C39CE540D0DAE3ADCDF89B96088");
}

static void multiply(const uint8_t k[32], const uint8_t *x, const uint8_t *y, uint8_t rx[32],
                     uint8_t ry[32])
{
    struct p256_job job;

    if (x) {
        assert_true(p256_start(&job, k, x, y));
    } else {
        p256_start_base(&job, k);
    }
    while (!p256_step(&job)) {
    }
    p256_result(&job, rx, ry);
}

/* Vol 2 Part G 7.1.2.1 */
static void test_p256(void **state)
{
    uint8_t ka[32], kb[32], ax[32], ay[32], bx[32], by[32], dh[32], x[32], y[32];

    number(ka, "3f49f6d4a3c55f3874c9b3e3d2103f504aff607beb40b7995899b8a6cd3c1abd");
    number(kb, "55188b3d32f6bb9a900afcfbeed4e72a59cb9ac2f19d7cfb6b4fdd49f47fc5fd");
    number(ax, "20b003d2f297be2c5e2c83a7e9f9a5b9eff49111acf4fddbcc0301480e359de6");
    number(ay, "dc809c49652aeb6d63329abf5a52155c766345c28fed3024741c8ed01589d28b");
    number(bx, "1ea1f0f01faf1d9609592284f19e4c0047b58afd8615a69f559077b22faaa190");
    number(by, "4c55f33e429dad377356703a9ab85160472d1130e28e36765f89aff915b1214a");
    number(dh, "ec0234a357c8ad05341010a60a397d9b99796b13b4f866f1868d34f373bfa698");
    multiply(ka, NULL, NULL, x, y);
    assert_memory_equal(x, ax, 32);
    assert_memory_equal(y, ay, 32);
    multiply(kb, NULL, NULL, x, y);
    assert_memory_equal(x, bx, 32);
    assert_memory_equal(y, by, 32);
    multiply(ka, bx, by, x, y);
    assert_memory_equal(x, dh, 32);
    multiply(kb, ax, ay, x, y);
    assert_memory_equal(x, dh, 32);
}

/* Scalars at the ends, and points that are none. */
static void test_p256_edges(void **state)
{
    uint8_t order[32], k[32], x[32], y[32], gx[32], gy[32];
    struct p256_job job;

    number(order, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    number(gx, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
    number(gy, "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
    memset(k, 0, 32);
    assert_false(p256_scalar_valid(k));
    assert_false(p256_scalar_valid(order));
    k[0] = 1;
    multiply(k, NULL, NULL, x, y);
    assert_memory_equal(x, gx, 32);
    memcpy(k, order, 32);
    k[0]--; /* (n - 1) G = -G */
    multiply(k, gx, gy, x, y);
    assert_memory_equal(x, gx, 32);
    assert_memory_not_equal(y, gy, 32);
    gy[3] ^= 4;
    assert_false(p256_start(&job, k, gx, gy));
    memset(x, 0, 32);
    assert_false(p256_start(&job, k, x, x));
    memset(x, 0xFF, 32);
    assert_false(p256_start(&job, k, x, x));
}

/* Vol 6 Part C 3 */
static void test_channels(void **state)
{
    static const uint8_t all[5] = {0xFF, 0xFF, 0xFF, 0xFF, 0x1F};
    static const uint8_t nine[5] = {0x00, 0x06, 0xE0, 0x00, 0x1E};
    static const uint8_t first[] = {25, 20, 6, 21}, second[] = {23, 9, 34};
    struct channels channels;

    assert_true(ll_channels_set(&channels, all));
    for (uint16_t i = 0; i < 4; i++) {
        assert_int_equal(ll_channel_2(&channels, ADV_ACCESS_ADDRESS, i), first[i]);
    }
    assert_true(ll_channels_set(&channels, nine));
    for (uint16_t i = 0; i < 3; i++) {
        assert_int_equal(ll_channel_2(&channels, ADV_ACCESS_ADDRESS, 6 + i), second[i]);
    }
    /* #1: 9 is used, 11 is the third of nine by 11 mod 9 */
    assert_int_equal(ll_channel_1(&channels, 9), 9);
    assert_int_equal(ll_channel_1(&channels, 11), 21);
}

/* LE Encrypt has the sample of the session key with its octets reversed. */
static void test_hci_encrypt(void **state)
{
    uint8_t p[32], expected[16], octets[16];

    sim_start(1, 2);
    hex(octets, "4C68384139F574D836BCF34E9DFB01BF");
    for (int i = 0; i < 16; i++) {
        p[i] = octets[15 - i];
    }
    hex(octets, "0213243546576879ACBDCEDFE0F10213");
    for (int i = 0; i < 16; i++) {
        p[16 + i] = octets[15 - i];
    }
    hex(octets, "99AD1B5226A37E3E058E3B8E27C2C666");
    for (int i = 0; i < 16; i++) {
        expected[i] = octets[15 - i];
    }
    assert_int_equal(sim_command(&sim[0], 8, 0x17, p, 32), 0);
    assert_memory_equal(sim_reply + 1, expected, 16);
}

/* Two controllers agree on a key. */
static void test_hci_dhkey(void **state)
{
    const uint8_t all[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F};
    uint8_t public[2][64], key[32], bad[64] = {1};
    const uint8_t *e;

    sim_start(2, 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sim_command(&sim[i], 8, 0x01, all, 8), 0);
        assert_int_equal(sim_command(&sim[i], 3, 0x01, all, 8), 0);
        assert_int_equal(sim_command(&sim[i], 8, 0x26, bad, 64), COMMAND_DISALLOWED);
        assert_int_equal(sim_command(&sim[i], 8, 0x25, NULL, 0), 0);
        assert_int_equal(sim_command(&sim[i], 8, 0x25, NULL, 0), COMMAND_DISALLOWED);
        e = sim_wait(&sim[i], 0x3E08, 5000000);
        assert_non_null(e);
        assert_int_equal(e[3], 0);
        memcpy(public[i], e + 4, 64);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sim_command(&sim[i], 8, 0x26, public[!i], 64), 0);
        e = sim_wait(&sim[i], 0x3E09, 5000000);
        assert_non_null(e);
        assert_int_equal(e[3], 0);
        if (i) {
            assert_memory_equal(e + 4, key, 32);
        }
        memcpy(key, e + 4, 32);
    }
    assert_int_equal(sim_command(&sim[0], 8, 0x26, bad, 64), 0);
    e = sim_wait(&sim[0], 0x3E09, 5000000);
    assert_non_null(e);
    assert_int_equal(e[3], INVALID_PARAMETERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aes),       cmocka_unit_test(test_ccm),
        cmocka_unit_test(test_p256),      cmocka_unit_test(test_p256_edges),
        cmocka_unit_test(test_channels),  cmocka_unit_test(test_hci_encrypt),
        cmocka_unit_test(test_hci_dhkey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
