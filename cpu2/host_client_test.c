/* SPDX-License-Identifier: Apache-2.0 */
/* host_client_test.c - the GAP central and GATT client against the server of another host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_world.h"

static struct node *const server = &nodes[0], *const client = &nodes[1];

static const uint8_t uuid_service[16] = {1, 0xE5, 0xB3, 0xD5, 0x2E, 0x7F, 0x4A, 0x98,
                                         1, 0x48, 0x7A, 0xCC, 0x40, 0xFE, 0x00, 0x00};
static const uint8_t uuid_value[16] = {2, 0xE5, 0xB3, 0xD5, 0x2E, 0x7F, 0x4A, 0x98,
                                       2, 0x48, 0x7A, 0xCC, 0x40, 0xFE, 0x00, 0x00};

static uint16_t service, value; /* declarations: a 128-bit service with one characteristic */

static void add_service(void)
{
    service = get16(cpu1_ok(server, 0xFD02, "bmbb", 2, uuid_service, 16, 1, 8));
    value = get16(
        cpu1_ok(server, 0xFD04, "hbmhbbbbb", service, 2, uuid_value, 16, 400, 0x1E, 0, 1, 7, 1));
}

static void begin(void)
{
    world_gap();
    add_service();
    world_connect();
    drop_events(server);
    drop_events(client);
}

/* The procedure is over, with this status. */
static void complete(uint8_t status)
{
    size_t n;
    const uint8_t *e = expect_event(client, EV_GATT_PROC_COMPLETE, &n);

    assert_int_equal(n, 3);
    assert_int_equal(get16(e), client->handle);
    assert_int_equal(e[2], status);
}

static void expect(uint16_t ecode, const void *after_handle, size_t n)
{
    size_t got;
    const uint8_t *e = expect_event(client, ecode, &got);

    assert_int_equal(got, n + 2);
    assert_int_equal(get16(e), client->handle);
    assert_memory_equal(e + 2, after_handle, n);
}

static void test_scan_and_connect(void **state)
{
    static const uint8_t name[] = {9, 'o', 'r', 'b'};
    size_t n;
    const uint8_t *e;

    (void)state;
    world_gap();
    cpu1_ok(server, 0xFC83, "bhhbbbmbhh", 0, 0, 0, 0, 0, 4, name, 4, 0, 0, 0);
    cpu1_ok(client, 0xFC97, "hhbb", 0x10, 0x10, 0, 1);
    assert_int_equal(cpu1(client, NULL, 0xFC97, "hhbb", 0x10, 0x10, 0, 1), ST_DISALLOWED);
    e = expect_hci(client, 0x3E, 0x02, &n);
    assert_int_equal(e[0], 1);
    assert_memory_equal(e + 3, server->address, 6);
    world_sleep(10000000);
    assert_false(has_event(client, EV_GAP_PROC_COMPLETE));
    world_sleep(240001);
    e = expect_event(client, EV_GAP_PROC_COMPLETE, &n);
    assert_memory_equal(e, "\x02\0\0", 3);
    assert_false(client->scanning);
    /* limited discovery hides it, until it is limited discoverable */
    cpu1_ok(client, 0xFC96, "hhbb", 0x10, 0x10, 0, 1);
    assert_int_equal(client->event_count, 0);
    assert_int_equal(cpu1(client, NULL, 0xFC9D, "b", 2), ST_INVALID_PARAMETERS);
    cpu1_ok(client, 0xFC9D, "b", 1);
    expect_event(client, EV_GAP_PROC_COMPLETE, NULL);
    cpu1_ok(server, 0xFC81, "");
    cpu1_ok(server, 0xFC82, "bhhbbbbhh", 0, 0, 0, 0, 0, 0, 0, 0, 0);
    cpu1_ok(client, 0xFC96, "hhbb", 0x10, 0x10, 0, 1);
    expect_hci(client, 0x3E, 0x02, NULL);
    cpu1_ok(client, 0xFC9D, "b", 1);
    cpu1_ok(server, 0xFC81, "");
    drop_events(client);
    world_connect();
    assert_int_equal(client->role, 0);
    e = cpu1_ok(client, 0xFC17, "");
    assert_int_equal(e[0], 5);
    assert_int_equal(get16(e + 8), client->handle);
    cpu1_ok(client, 0xFC9E, "hhhhhhh", client->handle, 40, 40, 0, 200, 0, 0);
    expect_hci(client, 0x3E, 0x03, NULL);
    assert_int_equal(cpu1(server, NULL, 0xFC9E, "hhhhhhh", server->handle, 40, 40, 0, 200, 0, 0),
                     ST_DISALLOWED);
    cpu1_ok(client, 0xFC93, "hb", client->handle, 0x13);
    expect_hci(client, 0x05, 0, NULL);
    assert_int_equal(cpu1(client, NULL, 0xFC93, "hb", 0x40, 0x13), ST_UNKNOWN_CONNECTION);
}

static void test_connect_cancel(void **state)
{
    const uint8_t *e;

    (void)state;
    world_gap();
    cpu1_ok(client, 0xFC9C, "hhbmbhhhhhh", 0x10, 0x10, 0, server->address, 6, 0, 24, 24, 0, 100, 0,
            0);
    assert_true(client->initiating);
    cpu1_ok(client, 0xFC9D, "b", 0x40);
    expect_hci(client, 0x3E, 0x01, NULL);
    e = expect_event(client, EV_GAP_PROC_COMPLETE, NULL);
    assert_int_equal(e[0], 0x40);
    assert_int_equal(e[1], 0x02);
    /* by the accept list */
    cpu1_ok(client, 0xFC99, "hhbhhhhhhbbm", 0x10, 0x10, 0, 24, 24, 0, 100, 0, 0, 1, 0,
            server->address, 6);
    cpu1_ok(server, 0xFC83, "bhhbbbbhh", 0, 0, 0, 0, 0, 0, 0, 0, 0);
    assert_int_equal(expect_event(client, EV_GAP_PROC_COMPLETE, NULL)[0], 0x08);
}

static void test_discovery(void **state)
{
    uint8_t b[64];

    (void)state;
    begin();
    cpu1_ok(client, 0xFD12, "h", client->handle);
    expect(EV_ATT_READ_BY_GROUP_TYPE_RESP, "\x06\x0c\x01\0\x04\0\x01\x18\x05\0\x0b\0\0\x18", 14);
    memcpy(b, "\x14\x14\x0c\0\x13\0", 6);
    memcpy(b + 6, uuid_service, 16);
    expect(EV_ATT_READ_BY_GROUP_TYPE_RESP, b, 22);
    expect(EV_GATT_ERROR_RESP, "\x10\x14\0\x0a", 4);
    complete(0);
    cpu1_ok(client, 0xFD13, "hbm", client->handle, 2, uuid_service, 16);
    expect(EV_ATT_FIND_BY_TYPE_VALUE_RESP, "\x01\x0c\0\x13\0", 5);
    expect(EV_GATT_ERROR_RESP, "\x06\x14\0\x0a", 4);
    complete(0);
    cpu1_ok(client, 0xFD15, "hhh", client->handle, 12, 19);
    memcpy(b, "\x15\x15\x0d\0\x1e\x0e\0", 7);
    memcpy(b + 7, uuid_value, 16);
    expect(EV_ATT_READ_BY_TYPE_RESP, b, 23);
    expect(EV_GATT_ERROR_RESP, "\x08\x0e\0\x0a", 4);
    complete(0);
    cpu1_ok(client, 0xFD16, "hhhbh", client->handle, 1, 0xFFFF, 1, 0x2A01);
    expect(EV_GATT_DISC_READ_CHAR_BY_UUID_RESP, "\x08\0\x05\x02\x09\0\x01\x2a", 8);
    assert_false(has_event(client, EV_GATT_DISC_READ_CHAR_BY_UUID_RESP));
    complete(0);
    drop_events(client);
    cpu1_ok(client, 0xFD17, "hhh", client->handle, value + 1, 19);
    expect(EV_ATT_FIND_INFO_RESP, "\x01\x04\x0f\0\x02\x29", 6);
    expect(EV_GATT_ERROR_RESP, "\x04\x10\0\x0a", 4);
    complete(0);
    cpu1_ok(client, 0xFD14, "hhh", client->handle, 12, 19);
    expect(EV_GATT_ERROR_RESP, "\x08\x0c\0\x0a", 4);
    complete(0);
}

static void test_values(void **state)
{
    uint8_t many[200];

    (void)state;
    begin();
    for (size_t i = 0; i < sizeof many; i++) {
        many[i] = (uint8_t)i;
    }
    cpu1_ok(client, 0xFD1C, "hhbm", client->handle, value + 1, 4, "four", 4);
    complete(0);
    assert_int_equal(expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, NULL)[6], 4);
    cpu1_ok(client, 0xFD18, "hh", client->handle, value + 1);
    expect(EV_ATT_READ_RESP,
           "\x04"
           "four",
           5);
    complete(0);
    cpu1_ok(client, 0xFD23, "hhbm", client->handle, value + 1, 3, "cmd", 3);
    expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, NULL);
    cpu1_ok(client, 0xFD18, "hh", client->handle, 0x99);
    expect(EV_GATT_ERROR_RESP, "\x0a\x99\0\x01", 4);
    complete(ST_FAILED);
    assert_int_equal(cpu1(client, NULL, 0xFD1C, "hhbm", client->handle, value + 1, 21, many, 21),
                     ST_INVALID_PARAMETERS);
    cpu1_ok(client, 0xFD1B, "hbhh", client->handle, 2, value + 1, 9);
    expect(EV_ATT_READ_MULTIPLE_RESP,
           "\x05"
           "cmd\0\0",
           6);
    complete(0);
    /* long ones, in parts */
    cpu1_ok(client, 0xFD1D, "hhhbm", client->handle, value + 1, 0, 100, many, 100);
    for (int i = 0; i < 6; i++) {
        expect_event(client, EV_ATT_PREPARE_WRITE_RESP, NULL);
        expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, NULL);
    }
    expect_event(client, EV_ATT_EXEC_WRITE_RESP, NULL);
    complete(0);
    cpu1_ok(client, 0xFD1A, "hhh", client->handle, value + 1, 0);
    for (int i = 0; i < 5; i++) {
        const uint8_t *e = expect_event(client, EV_ATT_READ_BLOB_RESP, NULL);

        assert_int_equal(e[2], i < 4 ? 22 : 12);
        assert_memory_equal(e + 3, many + 22 * i, e[2]);
    }
    complete(0);
    /* with the largest MTU */
    cpu1_ok(client, 0xFD0B, "h", client->handle);
    expect(EV_ATT_EXCHANGE_MTU_RESP, "\xf7\0", 2);
    complete(0);
    assert_memory_equal(expect_event(server, EV_ATT_EXCHANGE_MTU_RESP, NULL) + 2, "\xf7\0", 2);
    assert_int_equal(cpu1(client, NULL, 0xFD0B, "h", client->handle), ST_DISALLOWED);
    cpu1_ok(client, 0xFD1C, "hhbm", client->handle, value + 1, 200, many, 200);
    complete(0);
    cpu1_ok(client, 0xFD18, "hh", client->handle, value + 1);
    assert_memory_equal(expect_event(client, EV_ATT_READ_RESP, NULL) + 3, many, 200);
    complete(0);
    cpu1_ok(client, 0xFD1E, "hhhbm", client->handle, value + 1, 200, 200, many, 200);
    complete(0);
    cpu1_ok(client, 0xFD1E, "hhhbm", client->handle, value + 1, 300, 200, many, 200);
    complete(ST_FAILED); /* beyond its 400 octets */
    cpu1_ok(client, 0xFD1D, "hhhbm", client->handle, 9, 0, 2, many, 2);
    complete(ST_FAILED); /* not writable */
    cpu1_ok(client, 0xFD19, "hhhbh", client->handle, 1, 0xFFFF, 1, 0x2A01);
    expect(EV_GATT_DISC_READ_CHAR_BY_UUID_RESP, "\x09\0\x02\0\0", 5);
    complete(0);
}

static void test_raw(void **state)
{
    (void)state;
    begin();
    cpu1_ok(client, 0xFD0C, "hhh", client->handle, 1, 4);
    expect(EV_ATT_FIND_INFO_RESP, "\x01\x10\x01\0\0\x28\x02\0\x03\x28\x03\0\x05\x2a\x04\0\x02\x29",
           18);
    complete(0);
    cpu1_ok(client, 0xFD0D, "hhhhbm", client->handle, 1, 0xFFFF, 0x2800, 2, "\x00\x18", 2);
    expect(EV_ATT_FIND_BY_TYPE_VALUE_RESP, "\x01\x05\0\x0b\0", 5);
    complete(0);
    cpu1_ok(client, 0xFD0E, "hhhbh", client->handle, 5, 9, 1, 0x2803);
    expect_event(client, EV_ATT_READ_BY_TYPE_RESP, NULL);
    complete(0);
    cpu1_ok(client, 0xFD0F, "hhhbh", client->handle, 5, 11, 1, 0x2800);
    expect_event(client, EV_ATT_READ_BY_GROUP_TYPE_RESP, NULL);
    complete(0);
    cpu1_ok(client, 0xFD10, "hhhbm", client->handle, value + 1, 0, 2, "ab", 2);
    expect(EV_ATT_PREPARE_WRITE_RESP,
           "\x0e\0\0\0\x02"
           "ab",
           7);
    complete(0);
    cpu1_ok(client, 0xFD11, "hb", client->handle, 1);
    expect(EV_ATT_EXEC_WRITE_RESP, "", 0);
    complete(0);
}

/* A server that lies: answers that no request asked for, that go back, that have no end. */
static void test_lies(void **state)
{
    static const uint8_t back[] = {ATT_GROUP_RSP, 6, 1, 0, 1, 0, 0, 0x18};
    static const uint8_t no_size[] = {ATT_READ_TYPE_RSP, 0, 1, 0, 1, 0, 0, 0x18};
    static const uint8_t uneven[] = {ATT_FIND_INFO_RSP, 1, 1, 0, 1, 0, 0, 0x18, 7};

    (void)state;
    world_gap();
    world_connect();
    drop_events(client);
    world_inject_sdu(client, CID_ATT, back, sizeof back);
    world_run();
    assert_int_equal(client->event_count, 0);
    client->mute = true; /* our requests do not arrive: we answer them ourselves */
    cpu1_ok(client, 0xFD12, "h", client->handle);
    for (int i = 0; i < 2; i++) {
        world_inject_sdu(client, CID_ATT, back, sizeof back);
        world_run();
        expect_event(client, EV_ATT_READ_BY_GROUP_TYPE_RESP, NULL);
    }
    complete(ST_FAILED);
    cpu1_ok(client, 0xFD15, "hhh", client->handle, 1, 0xFFFF);
    world_inject_sdu(client, CID_ATT, no_size, sizeof no_size);
    world_run();
    complete(ST_FAILED);
    cpu1_ok(client, 0xFD17, "hhh", client->handle, 1, 0xFFFF);
    world_inject_sdu(client, CID_ATT, uneven, sizeof uneven);
    world_run();
    complete(ST_FAILED);
    /* no answer for 30 s */
    cpu1_ok(client, 0xFD18, "hh", client->handle, 7);
    assert_int_equal(cpu1(client, NULL, 0xFD18, "hh", client->handle, 7), ST_DISALLOWED);
    world_sleep(29999000);
    assert_false(has_event(client, EV_GATT_PROC_TIMEOUT));
    world_sleep(2000);
    expect_event(client, EV_GATT_PROC_TIMEOUT, NULL);
    assert_int_equal(cpu1(client, NULL, 0xFD18, "hh", client->handle, 7), ST_DISALLOWED);
}

/* The whole of the vendor's peer-to-peer example, with a controller that answers at once. */
static void test_p2p(void **state)
{
    unsigned got = 0;

    (void)state;
    world_synchronous = true;
    begin();
    cpu1_ok(client, 0xFD0B, "h", client->handle);
    complete(0);
    cpu1_ok(client, 0xFD12, "h", client->handle);
    complete(0);
    cpu1_ok(client, 0xFD15, "hhh", client->handle, 12, 19);
    complete(0);
    cpu1_ok(client, 0xFD17, "hhh", client->handle, 14, 19);
    complete(0);
    cpu1_ok(client, 0xFD21, "hhbm", client->handle, 15, 2, "\x01\0", 2);
    complete(0);
    cpu1_ok(client, 0xFD23, "hhbm", client->handle, 14, 2, "\x01\x01", 2);
    for (int i = 0; i < 1000; i++) {
        uint8_t v[2] = {(uint8_t)i, (uint8_t)(i >> 8)};

        cpu1_ok(server, 0xFD06, "hhbbm", service, value, 0, 2, v, 2);
        assert_int_equal(get16(expect_event(client, EV_GATT_NOTIFICATION, NULL) + 5), i);
        got++;
    }
    assert_int_equal(got, 1000);
    cpu1_ok(server, 0xFC93, "hb", server->handle, 0x13);
    expect_hci(client, 0x05, 0, NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_scan_and_connect),
        TEST(test_connect_cancel),
        TEST(test_discovery),
        TEST(test_values),
        TEST(test_raw),
        TEST(test_lies),
        TEST(test_p2p),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
