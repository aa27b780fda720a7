// SPDX-License-Identifier: Apache-2.0
/* capture_test.c - capture files, octet by octet; tests/e2e/hci.sh shows them to tshark. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"

/* HCI_Reset from the host, seen after 1.5 s and 1 us */
static const uint8_t reset[] = {0, 0, 4, 0, 0x01, 0x03, 0x0c, 0x00};
#define RESET_NS UINT64_C(1500001999)

static void test_btsnoop(void **state)
{
    static const uint8_t head[] = {'b', 't', 's', 'n', 'o', 'o', 'p', 0, 0, 0, 0, 1, 0, 0, 3, 0xea};
    static const uint8_t record[] = {0,    0,    0,    4,    0, 0, 0,    4,    0,    0,
                                     0,    2,    0,    0,    0, 0, 0,    0xe2, 0x7c, 0xb7,
                                     0xa4, 0xd5, 0xe3, 0x61, 1, 3, 0x0c, 0};
    uint8_t out[CAPTURE_RECORD_MAX];
    uint64_t us = 0;

    (void)state;
    assert_int_equal(orrery_capture_head(ORRERY__ATTACH__CAPTURE__BTSNOOP, out), sizeof(head));
    assert_memory_equal(out, head, sizeof(head));
    assert_int_equal(orrery_capture_packet(ORRERY__ATTACH__CAPTURE__BTSNOOP, RESET_NS, reset,
                                           sizeof(reset), out),
                     sizeof(record));
    assert_memory_equal(out, record, 16);
    assert_memory_equal(out + 24, record + 24, 4);
    for (unsigned i = 16; i < 24; i++) {
        us = us << 8 | out[i];
    }
    /* days from what all readers take as the year 0 to 1970, and from there to 2020 */
    assert_true(us == (UINT64_C(719540) + 18262) * 86400 * 1000000 + 1500001);
}

static void test_pcapng(void **state)
{
    static const uint8_t event[] = {1, 0, 7, 0, 0x04, 0x0e, 0x04, 0x01, 0x03, 0x0c, 0x00};
    uint8_t out[CAPTURE_RECORD_MAX];
    size_t len;

    (void)state;
    assert_int_equal(orrery_capture_head(ORRERY__ATTACH__CAPTURE__PCAPNG, out), 60);
    assert_int_equal(out[28 + 8], 201);
    len = orrery_capture_packet(ORRERY__ATTACH__CAPTURE__PCAPNG, 1, event, sizeof(event), out);
    assert_int_equal(len, 28 + 4 + 7 + 1 + 4);
    assert_int_equal(out[4], len);
    assert_int_equal(out[20], 11); /* octets here, with the direction */
    assert_int_equal(out[24], 11);
    assert_int_equal(out[31], 1); /* to the host */
    assert_memory_equal(out + 32, event + 4, 7);
    assert_int_equal(out[len - 4], len);
}

/* The sender saw only part of it; and one that lies about its length. */
static void test_cut(void **state)
{
    uint8_t packet[ORRERY_MAX_PAYLOAD] = {0, 0, 0xff, 0xff, 2};
    uint8_t out[CAPTURE_RECORD_MAX];

    (void)state;
    assert_int_equal(
        orrery_capture_packet(ORRERY__ATTACH__CAPTURE__BTSNOOP, 0, packet, sizeof(packet), out),
        24 + ORRERY_MAX_PAYLOAD - ORRERY_HCI_HEAD);
    assert_int_equal(out[2] << 8 | out[3], 0xffff);
    assert_int_equal(out[11], 0); /* data */
    packet[2] = packet[3] = 0;
    orrery_capture_packet(ORRERY__ATTACH__CAPTURE__BTSNOOP, 0, packet, 100, out);
    assert_int_equal(out[3], 96);
    assert_in_range(
        orrery_capture_packet(ORRERY__ATTACH__CAPTURE__PCAPNG, 0, packet, sizeof(packet), out),
        ORRERY_MAX_PAYLOAD, sizeof(out));
}

/* Heads and lengths; that the CRC is right tshark says in tests/e2e/hci.sh. */
static void test_air(void **state)
{
    static const uint8_t packet[] = {0xe8, 3,    0,    0,    0, 0, 0,  0, 0xd6, 0xbe, 0x89,
                                     0x8e, 0x55, 0x55, 0x55, 0, 0, 12, 0, 38,   0xf6, 0,
                                     8,    0,    0x00, 0x06, 1, 2, 3,  4, 5,    6};
    uint8_t out[CAPTURE_RECORD_MAX];
    size_t len;

    (void)state;
    assert_int_equal(orrery_capture_head(ORRERY__ATTACH__CAPTURE__AIR, out), 60);
    assert_int_equal(out[28 + 8] | out[28 + 9] << 8, 256);
    len = orrery_capture_packet(ORRERY__ATTACH__CAPTURE__AIR, 0, packet, sizeof(packet), out);
    assert_int_equal(len, 28 + 10 + 4 + 8 + 3 + 3 + 4);
    assert_int_equal(out[20], 25);
    assert_int_equal(out[28], 12);
    assert_int_equal(out[29], 0xf6);
    assert_int_equal(out[36] | out[37] << 8, 0x0c13);
    assert_memory_equal(out + 38, packet + 8, 4);
    assert_memory_equal(out + 42, packet + 24, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btsnoop),
        cmocka_unit_test(test_pcapng),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_air),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
