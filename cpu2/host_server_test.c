/* SPDX-License-Identifier: Apache-2.0 */
/* host_server_test.c - the GATT server and GAP peripheral, as an application of ST's uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_world.h"

static struct node *const server = &nodes[0], *const client = &nodes[1];

static const uint8_t uuid128[16] = {0x8F, 0xE5, 0xB3, 0xD5, 0x2E, 0x7F, 0x4A, 0x98,
                                    0x2A, 0x48, 0x7A, 0xCC, 0x40, 0xFE, 0x00, 0x00};

/* A PDU from the client's side, and the server's answer, taken from the air. */
static uint8_t answer[256];

static size_t ask(const void *pdu, size_t n)
{
    /* the client's host has asked nothing, so it ignores the response: look at the ACL */
    size_t got = 0;
    bool more = true, wanted;
    uint8_t sdu[256];

    world_inject_sdu(server, CID_ATT, pdu, n);
    while (more) {
        more = false;
        if (server->in_count && server->has_room()) {
            struct packet p = server->in[server->in_first];

            server->in_first = (server->in_first + 1) % PACKETS;
            server->in_count--;
            if (p.acl) {
                server->takes_acl(p.octets, p.n);
            } else {
                server->takes_event(p.octets, p.n);
            }
            more = true;
        }
        more |= server->work();
        server->next_us(world_now, &wanted);
        while (client->in_count) {
            struct packet p = client->in[client->in_first];

            client->in_first = (client->in_first + 1) % PACKETS;
            client->in_count--;
            assert_true(p.acl && got + p.n - 4 <= sizeof sdu);
            memcpy(sdu + got, p.octets + 4, p.n - 4u);
            got += p.n - 4u;
            more = true;
        }
        if (server->acl_held) {
            uint8_t b[7] = {0x13, 5, 1};

            put16(b + 3, server->handle);
            put16(b + 5, (uint16_t)server->acl_held);
            server->acl_held = 0;
            server->takes_event(b, sizeof b);
            more = true;
        }
    }
    if (got == 0) {
        return 0;
    }
    assert_true(got >= 4 && get16(sdu) == got - 4 && get16(sdu + 2) == CID_ATT);
    memcpy(answer, sdu + 4, got - 4);
    return got - 4;
}

#define ASK(...) ask((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void check(size_t n, const char *expected)
{
    char text[2 * sizeof answer + 1] = "";

    for (size_t i = 0; i < n; i++) {
        sprintf(text + 2 * i, "%02x", answer[i]);
    }
    assert_string_equal(text, expected);
}

static uint16_t handle_of(const uint8_t *ret)
{
    return get16(ret);
}

/* The vendor's peer-to-peer server: service, LED (read, write without response), button (notify).
 */
static uint16_t p2p_service, p2p_led, p2p_button;

static void add_p2p(void)
{
    static uint8_t led[16], button[16];

    memcpy(led, uuid128, 16);
    memcpy(button, uuid128, 16);
    led[12] = 0x41;
    button[12] = 0x42;
    p2p_service = handle_of(cpu1_ok(server, 0xFD02, "bmbb", 2, uuid128, 16, 1, 8));
    p2p_led = handle_of(
        cpu1_ok(server, 0xFD04, "hbmhbbbbb", p2p_service, 2, led, 16, 2, 0x06, 0, 1, 10, 1));
    p2p_button = handle_of(
        cpu1_ok(server, 0xFD04, "hbmhbbbbb", p2p_service, 2, button, 16, 2, 0x10, 0, 1, 10, 1));
}

static void test_start(void **state)
{
    const uint8_t *ret;
    static const uint8_t address[6] = {1, 2, 3, 4, 5, 6};

    (void)state;
    assert_int_equal(cpu1(server, NULL, 0xFC8A, "bbb", 1, 0, 8), ST_DISALLOWED);
    cpu1_ok(server, 0xFC0C, "bbm", 0, 6, address, 6);
    assert_memory_equal(server->address, address, 6);
    ret = cpu1_ok(server, 0xFC0D, "b", 0);
    assert_int_equal(ret[0], 6);
    assert_memory_equal(ret + 1, address, 6);
    assert_int_equal(cpu1(server, NULL, 0xFC0C, "bbm", 0x18, 6, address, 6), ST_INVALID_PARAMETERS);
    cpu1_ok(server, 0xFC0F, "bb", 1, 0x18);
    assert_int_equal(server->power_dbm, 0);
    assert_false(server->is_active());
    cpu1_ok(server, 0xFD01, "");
    assert_true(server->is_active());
    ret = cpu1_ok(server, 0xFC8A, "bbb", 1, 0, 8);
    assert_int_equal(get16(ret), 5); /* the handles of ST's stack */
    assert_int_equal(get16(ret + 2), 6);
    assert_int_equal(get16(ret + 4), 8);
    add_p2p();
    assert_int_equal(p2p_service, 12);
    assert_int_equal(p2p_led, 13);
    assert_int_equal(p2p_button, 15);
    assert_int_equal(cpu1(server, NULL, 0xFCFF, ""), ST_UNKNOWN_COMMAND);
    assert_int_equal(cpu1(server, NULL, 0xFD02, "b", 1), ST_BAD_HCI_PARAMETERS);
    assert_int_equal(cpu1(server, NULL, 0xFCB0, ""), ST_UNSUPPORTED);
}

static void test_advertising(void **state)
{
    static const uint8_t name[] = "\x09P2P", uuids[] = {0x02, 0x0D, 0x18};
    static const uint8_t manufacturer[] = {4, 0xFF, 1, 0x83, 7};
    static const uint8_t expected[] = {2,   1,   6,   2, 0x0A, 6,    4,   9,
                                       'P', '2', 'P', 3, 0x02, 0x0D, 0x18};
    uint8_t big[31] = {30, 0xFF};

    (void)state;
    world_gap();
    cpu1_ok(server, 0xFC83, "bhhbbbmbmhh", 0, 0x80, 0xA0, 0, 0, 4, name, 4, 3, uuids, 3, 0, 0);
    assert_true(server->advertising);
    assert_int_equal(get16(server->adv_params), 0x80);
    assert_int_equal(server->adv_data[0], sizeof expected);
    assert_memory_equal(server->adv_data + 1, expected, sizeof expected);
    cpu1_ok(server, 0xFC8E, "bm", 5, manufacturer, 5);
    assert_int_equal(server->adv_data[0], sizeof expected + 5);
    assert_memory_equal(server->adv_data + 1 + sizeof expected, manufacturer, 5);
    assert_int_equal(cpu1(server, NULL, 0xFC8E, "bm", 31, big, 31), ST_INVALID_PARAMETERS);
    cpu1_ok(server, 0xFC8F, "b", 0x0A);
    assert_int_equal(server->adv_data[0], sizeof expected + 2);
    assert_int_equal(server->adv_data[4], 4); /* the name follows the flags */
    assert_int_equal(cpu1(server, NULL, 0xFC83, "bhhbbbbhh", 0, 0, 0, 0, 0, 0, 0, 0, 0),
                     ST_DISALLOWED);
    cpu1_ok(server, 0xFC81, "");
    assert_false(server->advertising);
    /* a script ends with its first error, and says so */
    server->fail_opcode = HCI_LE_SET_ADV_PARAMETERS;
    assert_int_equal(cpu1(server, NULL, 0xFC83, "bhhbbbbhh", 0, 0, 0, 0, 0, 0, 0, 0, 0), 0x0C);
    assert_false(server->advertising);
    server->fail_opcode = 0;
    /* limited discoverable mode ends by itself */
    cpu1_ok(server, 0xFC82, "bhhbbbbhh", 0, 0, 0, 0, 0, 0, 0, 0, 0);
    assert_int_equal(server->adv_data[3], 5);
    world_sleep(179000000);
    assert_true(server->advertising);
    world_sleep(1000001);
    assert_false(server->advertising);
    expect_event(server, EV_GAP_LIMITED_DISCOVERABLE, NULL);
}

static void test_discovery(void **state)
{
    (void)state;
    world_gap();
    add_p2p();
    world_connect();
    /* services: GATT 1 to 4, GAP 5 to 11; the 128-bit one is of another size */
    check(ASK(ATT_GROUP_REQ, 1, 0, 0xFF, 0xFF, 0x00, 0x28), "11060100040001180500"
                                                            "0b000018");
    check(ASK(ATT_GROUP_REQ, 12, 0, 0xFF, 0xFF, 0x00, 0x28),
          "11140c0013008fe5b3d52e7f4a982a487acc40fe0000");
    check(ASK(ATT_GROUP_REQ, 20, 0, 0xFF, 0xFF, 0x00, 0x28), "011014000a");
    check(ASK(ATT_GROUP_REQ, 1, 0, 0xFF, 0xFF, 0x03, 0x28), "0110010010");
    check(ASK(ATT_FIND_VALUE_REQ, 1, 0, 0xFF, 0xFF, 0x00, 0x28, 0x00, 0x18), "0705000b00");
    /* characteristics of GAP: name (read, write), appearance, preferred parameters */
    check(ASK(ATT_READ_TYPE_REQ, 5, 0, 11, 0, 0x03, 0x28), "0907"
                                                           "0600"
                                                           "0a0700002a"
                                                           "0800"
                                                           "020900012a"
                                                           "0a00"
                                                           "020b00042a");
    check(ASK(ATT_READ_TYPE_REQ, 15, 0, 19, 0, 0x03, 0x28),
          "0915"
          "0f00"
          "1010008fe5b3d52e7f4a982a487acc42fe0000");
    check(ASK(ATT_FIND_INFO_REQ, 2, 0, 5, 0), "0501"
                                              "02000328"
                                              "0300052a"
                                              "04000229"
                                              "05000028");
    check(ASK(ATT_FIND_INFO_REQ, 16, 0, 0xFF, 0xFF), "0502"
                                                     "10008fe5b3d52e7f4a982a487acc42fe0000");
    check(ASK(ATT_FIND_INFO_REQ, 17, 0, 0xFF, 0xFF), "0501"
                                                     "11000229");
    /* malformed, out of range */
    check(ASK(ATT_FIND_INFO_REQ, 0, 0, 5, 0), "0104000001");
    check(ASK(ATT_FIND_INFO_REQ, 6, 0, 5, 0), "0104060001");
    check(ASK(ATT_FIND_INFO_REQ, 6, 0, 5), "0104000004");
    check(ASK(0x3E, 6), "013e000006");
    assert_int_equal(ASK(0x72, 1), 0); /* an unknown command */
}

static void test_read_write(void **state)
{
    size_t n;
    const uint8_t *e;

    (void)state;
    world_gap();
    add_p2p();
    cpu1_ok(server, 0xFD06, "hhbbm", 5, 6, 0, 5, "P2PST", 5);
    world_connect();
    check(ASK(ATT_READ_REQ, 7, 0), "0b5032505354");
    check(ASK(ATT_BLOB_REQ, 7, 0, 2, 0), "0d505354");
    check(ASK(ATT_BLOB_REQ, 7, 0, 5, 0), "0d");
    check(ASK(ATT_BLOB_REQ, 7, 0, 6, 0), "010c070007");
    check(ASK(ATT_READ_REQ, 0x77, 0), "010a770001");
    check(ASK(ATT_READ_REQ, 16, 0), "010a100002"); /* notify only */
    check(ASK(ATT_MULTIPLE_REQ, 7, 0, 9, 0), "0f50325053540000");
    check(ASK(ATT_MULTIPLE_VARIABLE_REQ, 7, 0, 9, 0), "210500503250535402000000");
    check(ASK(ATT_WRITE_REQ, 7, 0, 'x'), "13");
    check(ASK(ATT_READ_REQ, 7, 0), "0b78");
    check(ASK(ATT_WRITE_REQ, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), "011207000d");
    check(ASK(ATT_WRITE_REQ, 9, 0, 1, 2), "0112090003");
    /* LED: write without response, and CPU1 learns of it in the vendor's layout */
    check(ASK(ATT_WRITE_REQ, 14, 0, 1, 1), "01120e0003");
    drop_events(server);
    assert_int_equal(ASK(ATT_WRITE_COMMAND, 14, 0, 1, 1), 0);
    e = expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, &n);
    assert_int_equal(n, 10);
    assert_int_equal(get16(e), server->handle);
    assert_memory_equal(e + 2, "\x0e\0\0\0\x02\0\x01\x01", 8);
    assert_int_equal(ASK(ATT_WRITE_COMMAND, 14, 0, 1, 1, 1), 0); /* too long */
    assert_false(has_event(server, EV_GATT_ATTRIBUTE_MODIFIED));
    /* CPU1's masks */
    cpu1_ok(server, 0xFD0A, "w", 0);
    ASK(ATT_WRITE_COMMAND, 14, 0, 1, 0);
    assert_false(has_event(server, EV_GATT_ATTRIBUTE_MODIFIED));
}

/* ST's heart rate service masks the events of its measurement, and counts on this one. */
static void test_subscription_event(void **state)
{
    uint16_t heart, measurement;
    const uint8_t *e;

    (void)state;
    world_gap();
    heart = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0x180D, 1, 12));
    measurement =
        handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", heart, 1, 0x2A37, 5, 0x10, 0, 0, 10, 1));
    world_connect();
    check(ASK(ATT_WRITE_REQ, (uint8_t)(measurement + 2), 0, 1, 0), "13");
    e = expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, NULL);
    assert_int_equal(get16(e + 2), measurement + 2);
}

static void test_notify(void **state)
{
    size_t n;
    const uint8_t *e;

    (void)state;
    world_gap();
    add_p2p();
    world_connect();
    cpu1_ok(server, 0xFD06, "hhbbm", p2p_service, p2p_button, 0, 2, "\x00\x01", 2);
    assert_false(has_event(client, EV_GATT_NOTIFICATION)); /* nobody subscribed */
    check(ASK(ATT_WRITE_REQ, 17, 0, 1, 0), "13");
    e = expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, &n);
    assert_memory_equal(e + 2, "\x11\0\0\0\x02\0\x01\0", 8);
    check(ASK(ATT_READ_REQ, 17, 0), "0b0100");
    check(ASK(ATT_WRITE_REQ, 17, 0, 4, 0), "0112110013");
    check(ASK(ATT_WRITE_REQ, 17, 0, 1), "011211000d");
    cpu1_ok(server, 0xFD06, "hhbbm", p2p_service, p2p_button, 0, 2, "\x00\x01", 2);
    e = expect_event(client, EV_GATT_NOTIFICATION, &n);
    assert_int_equal(n, 7);
    assert_memory_equal(e + 2, "\x10\0\x02\x00\x01", 5);
    /* the next client of that link starts unsubscribed */
    cpu1_ok(client, 0xFC93, "hb", client->handle, 0x13);
    expect_hci(server, 0x05, 0, NULL);
    world_connect();
    check(ASK(ATT_READ_REQ, 17, 0), "0b0000");
}

static void test_notification_complete(void **state)
{
    uint16_t sv, a, b;

    (void)state;
    world_gap();
    sv = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xABCD, 1, 8));
    a = handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", sv, 1, 0x1111, 4, 0x10, 0, 8, 7, 1));
    b = handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", sv, 1, 0x2222, 4, 0x12, 0, 0, 7, 1));
    world_connect();
    assert_int_equal(cpu1(server, NULL, 0xFD31, "hbhh", server->handle, 2, a, b),
                     ST_INVALID_OPERATION);
    check(ASK(ATT_WRITE_REQ, (uint8_t)(a + 2), 0, 1, 0), "13");
    check(ASK(ATT_WRITE_REQ, (uint8_t)(b + 2), 0, 1, 0), "13");
    server->hold_acl = true;
    cpu1_ok(server, 0xFD06, "hhbbm", sv, a, 0, 2, "hi", 2);
    assert_false(has_event(server, EV_GATT_NOTIFICATION_COMPLETE));
    assert_int_equal(cpu1(server, NULL, 0xFD06, "hhbbm", sv, a, 0, 2, "ho", 2), ST_BUSY);
    server->hold_acl = false;
    world_run();
    assert_int_equal(get16(expect_event(server, EV_GATT_NOTIFICATION_COMPLETE, NULL)), a + 1);
    assert_memory_equal(expect_event(client, EV_GATT_NOTIFICATION, NULL) + 5, "hi", 2);
    cpu1_ok(server, 0xFD06, "hhbbm", sv, b, 0, 1, "!", 1);
    expect_event(client, EV_GATT_NOTIFICATION, NULL);
    cpu1_ok(server, 0xFD31, "hbhh", server->handle, 2, a, b);
    assert_memory_equal(expect_event(client, EV_GATT_MULT_NOTIFICATION, NULL) + 2,
                        "\0\0\x0b\0\x0e\0\x02\0hi\x11\0\x01\0!", 15);
}

static void test_notify_flow(void **state)
{
    unsigned sent = 0, got = 0;
    uint8_t status;

    (void)state;
    world_gap();
    add_p2p();
    world_connect();
    ASK(ATT_WRITE_REQ, 17, 0, 1, 0);
    server->hold_acl = true;
    while ((status = cpu1(server, NULL, 0xFD06, "hhbbm", p2p_service, p2p_button, 0, 2, "ab", 2)) ==
           0) {
        assert_true(++sent < 100);
    }
    assert_int_equal(status, ST_NO_RESOURCES);
    assert_true(sent >= 8);
    assert_false(has_event(server, EV_GATT_TX_POOL_AVAILABLE));
    server->hold_acl = false;
    world_run();
    expect_event(server, EV_GATT_TX_POOL_AVAILABLE, NULL);
    while (has_event(client, EV_GATT_NOTIFICATION)) {
        expect_event(client, EV_GATT_NOTIFICATION, NULL);
        got++;
    }
    assert_int_equal(got, sent);
    /* a thousand, with fragments: 100 octets need five of 27 */
    cpu1_ok(client, 0xFD0B, "h", client->handle);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t value[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
        const uint8_t *e;

        cpu1_ok(server, 0xFD06, "hhbbm", p2p_service, p2p_button, 0, 2, value, 2);
        e = expect_event(client, EV_GATT_NOTIFICATION, NULL);
        assert_memory_equal(e + 5, value, 2);
    }
}

static void test_indicate(void **state)
{
    uint16_t service, ch;

    (void)state;
    world_gap();
    service = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0x1809, 1, 6));
    ch = handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", service, 1, 0x2A1C, 40, 0x20, 0, 1, 7, 1));
    assert_int_equal(ch, service + 1);
    world_connect();
    ASK(ATT_WRITE_REQ, (uint8_t)(ch + 2), 0, 2, 0);
    cpu1_ok(server, 0xFD2C, "hhhbhhbm", 0, service, ch, 2, 3, 0, 3, "abc", 3);
    assert_memory_equal(expect_event(client, EV_GATT_INDICATION, NULL) + 4,
                        "\x03"
                        "abc",
                        4);
    assert_int_equal(cpu1(server, NULL, 0xFD06, "hhbbm", service, ch, 0, 1, "d", 1), ST_DISALLOWED);
    cpu1_ok(client, 0xFD25, "h", client->handle);
    assert_int_equal(cpu1(client, NULL, 0xFD25, "h", client->handle), ST_DISALLOWED);
    expect_event(server, EV_GATT_SERVER_CONFIRMATION, NULL);
    cpu1_ok(server, 0xFD06, "hhbbm", service, ch, 0, 1, "d", 1);
    /* no confirmation for 30 s: the bearer is given up */
    world_sleep(29000000);
    assert_false(has_event(server, EV_GATT_PROC_TIMEOUT));
    world_sleep(1000001);
    expect_event(server, EV_GATT_PROC_TIMEOUT, NULL);
    assert_int_equal(ASK(ATT_READ_REQ, 7, 0), 0);
}

static void test_prepared(void **state)
{
    uint16_t service, ch;
    size_t n;
    const uint8_t *e, *ret;

    (void)state;
    world_gap();
    service = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xABCD, 1, 6));
    ch = handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", service, 1, 0xABCE, 40, 0x0A, 0, 1, 7, 1));
    assert_int_equal(ch, 13);
    world_connect();
    check(ASK(ATT_PREPARE_REQ, 14, 0, 0, 0, 'a', 'b', 'c'), "170e000000616263");
    check(ASK(ATT_PREPARE_REQ, 14, 0, 3, 0, 'd', 'e'), "170e0003006465");
    check(ASK(ATT_EXECUTE_REQ, 1), "19");
    check(ASK(ATT_READ_REQ, 14, 0), "0b6162636465");
    e = expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, &n);
    assert_memory_equal(e + 4,
                        "\0\0\x03\0"
                        "abc",
                        7);
    e = expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, &n);
    assert_memory_equal(e + 4,
                        "\x03\0\x02\0"
                        "de",
                        6);
    check(ASK(ATT_PREPARE_REQ, 14, 0, 0, 0, 'x'), "170e00000078");
    check(ASK(ATT_EXECUTE_REQ, 0), "19");
    check(ASK(ATT_READ_REQ, 14, 0), "0b6162636465");
    /* nothing is written if one part does not fit */
    check(ASK(ATT_PREPARE_REQ, 14, 0, 0, 0, 'x'), "170e00000078");
    check(ASK(ATT_PREPARE_REQ, 14, 0, 39, 0, 'y', 'z'), "170e002700797a");
    check(ASK(ATT_EXECUTE_REQ, 1), "01180e000d");
    check(ASK(ATT_READ_REQ, 14, 0), "0b6162636465");
    check(ASK(ATT_PREPARE_REQ, 14, 0, 50, 0, 'y'), "170e00320079");
    check(ASK(ATT_EXECUTE_REQ, 1), "01180e0007");
    for (int i = 0; i < 8; i++) {
        ASK(ATT_PREPARE_REQ, 14, 0, 0, 0, 'x');
    }
    check(ASK(ATT_PREPARE_REQ, 14, 0, 0, 0, 'x'), "01160e0009");
    check(ASK(ATT_EXECUTE_REQ, 2), "0118000004");
    ret = cpu1_ok(server, 0xFD2A, "hhh", 14, 1, 3);
    assert_memory_equal(ret,
                        "\x05\0\x03\0"
                        "bcd",
                        7);
}

static void test_permit(void **state)
{
    uint16_t service, ch;
    const uint8_t *e;
    size_t n;

    (void)state;
    world_gap();
    service = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xABCD, 1, 6));
    ch = handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", service, 1, 0xABCE, 4, 0x0E, 0, 6, 7, 1));
    world_connect();
    assert_int_equal(ASK(ATT_READ_REQ, 14, 0), 0);
    e = expect_event(server, EV_GATT_READ_PERMIT_REQ, &n);
    assert_memory_equal(e + 2, "\x0e\0\0\0", 4);
    assert_int_equal(ASK(ATT_READ_REQ, 7, 0), 0); /* one request at a time */
    cpu1_ok(server, 0xFD06, "hhbbm", service, ch, 0, 2, "hi", 2);
    cpu1_ok(server, 0xFD27, "h", server->handle); /* ALLOW_READ */
    assert_int_equal(cpu1(server, NULL, 0xFD27, "hbbh", server->handle, 0, 0, 0), ST_DISALLOWED);
    client->in_count = 0;
    assert_int_equal(ASK(ATT_READ_REQ, 14, 0), 0);
    cpu1_ok(server, 0xFD27, "hbbh", server->handle, 1, 0x80, 0);
    assert_int_equal(ASK(ATT_WRITE_REQ, 14, 0, 'z'), 0);
    e = expect_event(server, EV_GATT_WRITE_PERMIT_REQ, &n);
    assert_memory_equal(e + 2, "\x0e\0\x01z", 4);
    cpu1_ok(server, 0xFD26, "hhbbbm", server->handle, 14, 0, 0, 1, "z", 1);
    assert_int_equal(cpu1_ok(server, 0xFD2A, "hhh", 14, 0, 9)[4], 'z');
    /* CPU1 says nothing for 30 s */
    assert_int_equal(ASK(ATT_READ_REQ, 14, 0), 0);
    world_sleep(30000001);
    expect_event(server, EV_GATT_PROC_TIMEOUT, NULL);
}

static void test_database(void **state)
{
    uint16_t a, b, ch, desc;
    uint8_t long_value[255];

    (void)state;
    world_gap();
    a = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xAAAA, 1, 10));
    b = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xBBBB, 2, 4));
    assert_int_equal(b, a + 10);
    ch = handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", a, 1, 0x2222, 300, 0x93, 0, 1, 7, 1));
    assert_int_equal(ch, a + 1); /* value + 2: SCCD, + 3: CCCD, + 4: extended properties */
    desc = handle_of(
        cpu1_ok(server, 0xFD05, "hhbhbbmbbbbb", a, ch, 1, 0x2901, 10, 4, "text", 4, 0, 1, 0, 7, 1));
    assert_int_equal(desc, ch + 5);
    assert_int_equal(
        cpu1(server, NULL, 0xFD05, "hhbhbbbbbbb", a, desc, 1, 0x2901, 0, 0, 0, 1, 0, 7, 1),
        ST_INVALID_HANDLE);
    cpu1_ok(server, 0xFD29, "hhhhbm", a, ch, desc, 0, 2, "hi", 2);
    handle_of(cpu1_ok(server, 0xFD03, "hhhbh", a, b, b + 3, 1, 0xBBBB));
    assert_int_equal(cpu1(server, NULL, 0xFD04, "hbhhbbbbb", b, 1, 0x2222, 300, 0x12, 0, 1, 7, 1),
                     0);
    assert_int_equal(cpu1(server, NULL, 0xFD04, "hbhhbbbbb", b, 1, 0x2222, 3, 2, 0, 1, 7, 1),
                     ST_OUT_OF_HANDLES);
    /* a long value in parts, as the vendor's EXT command allows */
    memset(long_value, 'L', sizeof long_value);
    cpu1_ok(server, 0xFD2C, "hhhbhhbm", 0, a, ch, 0, 300, 0, 200, long_value, 200);
    cpu1_ok(server, 0xFD2C, "hhhbhhbm", 0, a, ch, 1, 300, 200, 100, long_value, 100);
    assert_int_equal(
        cpu1(server, NULL, 0xFD2C, "hhhbhhbm", 0, a, ch, 1, 300, 250, 100, long_value, 100),
        ST_INVALID_PARAMETERS);
    assert_int_equal(get16(cpu1_ok(server, 0xFD2A, "hhh", ch + 1, 290, 100) + 2), 10);
    world_connect();
    check(ASK(ATT_MTU_REQ, 100, 0), "03f700");
    assert_int_equal(ASK(ATT_READ_REQ, (uint8_t)(ch + 1), 0), 100); /* as long as the MTU */
    check(ASK(ATT_READ_REQ, (uint8_t)desc, 0), "0b6869");
}

static void test_delete(void **state)
{
    uint16_t a, b, ch;

    (void)state;
    world_gap();
    a = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xAAAA, 1, 10));
    ch = handle_of(cpu1_ok(server, 0xFD04, "hbhhbbbbb", a, 1, 0x2222, 5, 0x12, 0, 1, 7, 1));
    b = handle_of(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xBBBB, 1, 4));
    cpu1_ok(server, 0xFD04, "hbhhbbbbb", b, 1, 0x3333, 5, 2, 0, 1, 7, 1);
    cpu1_ok(server, 0xFD06, "hhbbm", b, b + 1, 0, 5, "value", 5);
    world_connect();
    check(ASK(ATT_WRITE_REQ, 4, 0, 2, 0), "13"); /* Service Changed is indicated */
    check(ASK(ATT_WRITE_REQ, (uint8_t)(ch + 2), 0, 1, 0), "13");
    cpu1_ok(server, 0xFD07, "hh", a, ch);
    assert_memory_equal(expect_event(client, EV_GATT_INDICATION, NULL) + 2,
                        "\x03\0\x04\x0d\0\x0f\0", 7);
    cpu1_ok(client, 0xFD25, "h", client->handle);
    assert_false(has_event(server, EV_GATT_SERVER_CONFIRMATION));
    check(ASK(ATT_READ_REQ, (uint8_t)(b + 2), 0), "0b76616c7565");
    cpu1_ok(server, 0xFD08, "h", a);
    check(ASK(ATT_READ_REQ, (uint8_t)(b + 2), 0), "0b76616c7565");
    check(ASK(ATT_READ_REQ, (uint8_t)a, 0), "010a0c0001");
    assert_int_equal(cpu1(server, NULL, 0xFD08, "h", a), ST_INVALID_HANDLE);
    /* over and over: nothing leaks */
    for (int i = 0; i < 500; i++) {
        a = handle_of(cpu1_ok(server, 0xFD02, "bmbb", 2, uuid128, 16, 1, 10));
        cpu1_ok(server, 0xFD04, "hbhhbbbbb", a, 1, 0x2222, 200, 0x12, 0, 1, 7, 1);
        cpu1_ok(server, 0xFD08, "h", a);
    }
    check(ASK(ATT_READ_REQ, (uint8_t)(b + 2), 0), "0b76616c7565");
}

static void test_full(void **state)
{
    uint8_t status;
    int n = 0;
    const uint8_t *ret;

    (void)state;
    world_gap();
    while ((status = cpu1(server, &ret, 0xFD02, "bhbb", 1, 0xAAAA, 1, 10)) == 0) {
        cpu1(server, NULL, 0xFD04, "hbhhbbbbb", get16(ret), 1, 0x2222, 500, 0x12, 0, 1, 7, 1);
        assert_true(++n < 300);
    }
    assert_int_equal(status, ST_OUT_OF_MEMORY);
    assert_true(n > 20);
}

static void test_signalling(void **state)
{
    static const uint8_t bad[] = {0x33, 9, 0, 0},
                         credit[] = {0x14, 7, 10, 0, 1, 0, 64, 0, 64, 0, 64, 0, 1, 0};
    const uint8_t *e;
    size_t n;

    (void)state;
    world_gap();
    world_connect();
    cpu1_ok(server, 0xFD81, "hhhhh", server->handle, 24, 40, 0, 200);
    assert_int_equal(cpu1(server, NULL, 0xFD81, "hhhhh", server->handle, 24, 40, 0, 200), ST_BUSY);
    e = expect_event(client, EV_L2CAP_UPDATE_REQ, &n);
    assert_int_equal(n, 13);
    assert_memory_equal(e + 3, "\x08\0\x18\0\x28\0\0\0\xC8\0", 10);
    cpu1_ok(client, 0xFD82, "hhhhhhhbb", client->handle, 24, 40, 0, 200, 0, 0, e[2], 1);
    e = expect_event(server, EV_L2CAP_UPDATE_RESP, &n);
    assert_int_equal(n, 4);
    assert_int_equal(get16(e + 2), 0);
    expect_hci(server, 0x3E, 0x03, NULL);
    assert_int_equal(cpu1(server, NULL, 0xFD81, "hhhhh", server->handle, 40, 24, 0, 200),
                     ST_INVALID_PARAMETERS);
    assert_int_equal(cpu1(client, NULL, 0xFD81, "hhhhh", client->handle, 24, 40, 0, 200),
                     ST_DISALLOWED);
    /* nobody answers */
    cpu1_ok(server, 0xFD81, "hhhhh", server->handle, 24, 40, 0, 200);
    world_sleep(30000001);
    expect_event(server, EV_L2CAP_PROC_TIMEOUT, NULL);
    /* what is not known is rejected, a channel refused */
    world_inject_sdu(server, CID_SIGNAL, bad, sizeof bad);
    world_inject_sdu(server, CID_SIGNAL, credit, sizeof credit);
    world_run();
    assert_int_equal(client->event_count,
                     2); /* connection update events at most: no reject event */
}

static void test_cpu1_slow(void **state)
{
    unsigned got = 0;

    (void)state;
    world_gap();
    add_p2p();
    world_connect();
    drop_events(server);
    server->cpu1_full = true;
    for (int i = 0; i < 300; i++) {
        uint8_t pdu[5] = {ATT_WRITE_COMMAND, 14, 0, (uint8_t)i, (uint8_t)(i >> 8)};

        world_inject_sdu(server, CID_ATT, pdu, sizeof pdu);
    }
    world_run();
    assert_true(server->in_count > 100); /* kept back, not lost */
    server->cpu1_full = false;
    world_run();
    while (has_event(server, EV_GATT_ATTRIBUTE_MODIFIED)) {
        const uint8_t *e = expect_event(server, EV_GATT_ATTRIBUTE_MODIFIED, NULL);

        assert_int_equal(get16(e + 8), got);
        got++;
    }
    assert_int_equal(got, 300);
}

static void test_l2cap(void **state)
{
    uint8_t sdu[300] = {19, 0, 4, 0, ATT_WRITE_REQ, 7, 0};

    (void)state;
    world_gap();
    world_connect();
    for (int i = 7; i < 300; i++) {
        sdu[i] = 'n';
    }
    sdu[0] = 11;
    /* octet by octet */
    world_inject(server, 2, sdu, 1);
    for (int i = 1; i < 15; i++) {
        world_inject(server, 1, sdu + i, 1);
    }
    world_run();
    check(ASK(ATT_READ_REQ, 7, 0), "0b6e6e6e6e6e6e6e6e");
    /* a continuation of nothing, more than announced, a length beyond ours, a channel of nobody's
     */
    world_inject(server, 1, sdu, 15);
    world_inject(server, 2, sdu, 40);
    world_inject(server, 1, sdu, 15);
    sdu[0] = 255;
    world_inject(server, 2, sdu, 200);
    world_inject(server, 1, sdu + 200, 59);
    world_inject(server, 2, sdu, 0);
    world_inject_sdu(server, 0x77, sdu, 3);
    world_run();
    check(ASK(ATT_READ_REQ, 7, 0), "0b6e6e6e6e6e6e6e6e");
}

static void test_reset(void **state)
{
    static const uint8_t done[] = {0x0E, 4, 1, 0x03, 0x0C, 0};

    (void)state;
    world_gap();
    world_connect();
    assert_false(server->takes_event(done, sizeof done)); /* CPU1's own reset goes to CPU1 */
    assert_false(server->is_active());
    assert_int_equal(cpu1(server, NULL, 0xFC93, "hb", server->handle, 0x13), ST_DISALLOWED);
    cpu1_ok(server, 0xFF00, "bw", 0, 0);
    cpu1_ok(server, 0xFD01, "");
    cpu1_ok(server, 0xFC18, "h", 0x0206); /* the controller's, like its public address */
    assert_int_equal(server->activity_mask, 0x0206);
}

#define TEST(name) cmocka_unit_test_setup(name, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_start),       TEST(test_advertising),
        TEST(test_discovery),   TEST(test_read_write),
        TEST(test_notify),      TEST(test_subscription_event),
        TEST(test_notify_flow), TEST(test_notification_complete),
        TEST(test_indicate),    TEST(test_prepared),
        TEST(test_permit),      TEST(test_database),
        TEST(test_delete),      TEST(test_full),
        TEST(test_signalling),  TEST(test_cpu1_slow),
        TEST(test_l2cap),       TEST(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
