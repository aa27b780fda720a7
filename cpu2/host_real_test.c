/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_real_test.c - two hosts on two of our controllers: the vendor's exchange, and each kind of
 * pairing with true P-256, keys and encrypted packets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_real.h"
#include "host_world.h"

static struct node *const server = &nodes[0], *const client = &nodes[1];
static uint16_t service, value;

static int setup(void **state)
{
    static const struct world_controllers real = {real_start, real_address, real_command, real_acl,
                                                  real_run};

    world_real = &real;
    world_setup(state);
    world_patience_us = 5000;
    world_gap();
    for (int k = 0; k < 2; k++) {
        cpu1_ok(&nodes[k], 0xFC94, "");
    }
    service = get16(cpu1_ok(server, 0xFD02, "bhbb", 1, 0xABCD, 1, 6));
    value = get16(cpu1_ok(server, 0xFD04, "hbhhbbbbb", service, 1, 0xABCE, 200, 0x1A, 4, 1, 7, 1));
    return 0;
}

/* Time for some connection events of 7.5 ms. */
static void wait_ms(unsigned ms)
{
    world_patience_us = ms * 1000;
    world_run();
    world_patience_us = 5000;
}

static void connect(void)
{
    cpu1_ok(server, 0xFC83, "bhhbbbbhh", 0, 0x20, 0x20, 0, 0, 0, 0, 0, 0);
    cpu1_ok(client, 0xFC9C, "hhbmbhhhhhh", 0x10, 0x10, 0, server->address, 6, 0, 6, 6, 0, 100, 0,
            0);
    wait_ms(300);
    expect_hci(server, 0x3E, 0x01, NULL);
    expect_hci(client, 0x3E, 0x01, NULL);
    expect_event(client, EV_GAP_PROC_COMPLETE, NULL);
}

static void disconnect(void)
{
    cpu1_ok(client, 0xFC93, "hb", client->handle, 0x13);
    wait_ms(300);
    expect_hci(server, 0x05, 0, NULL);
    expect_hci(client, 0x05, 0, NULL);
}

static void procedure(uint8_t status)
{
    wait_ms(200);
    assert_int_equal(expect_event(client, EV_GATT_PROC_COMPLETE, NULL)[2], status);
}

static int read_value(void)
{
    int code = 0;

    cpu1_ok(client, 0xFD18, "hh", client->handle, value + 1);
    wait_ms(200);
    if (has_event(client, EV_GATT_ERROR_RESP)) {
        code = expect_event(client, EV_GATT_ERROR_RESP, NULL)[5];
    }
    expect_event(client, EV_GATT_PROC_COMPLETE, NULL);
    return code;
}

static void settings(struct node *node, int io, int bonding, int mitm, int sc)
{
    cpu1_ok(node, 0xFC85, "b", io);
    cpu1_ok(node, 0xFC86, "bbbbbbbwb", bonding, mitm, sc, 0, 7, 16, 1, (uint32_t)0, 0);
}

static void paired(uint8_t status)
{
    wait_ms(1500);
    assert_int_equal(expect_event(server, EV_GAP_PAIRING_COMPLETE, NULL)[2], status);
    assert_int_equal(expect_event(client, EV_GAP_PAIRING_COMPLETE, NULL)[2], status);
}

static void pair(void)
{
    cpu1_ok(client, 0xFC9F, "hb", client->handle, 1);
    wait_ms(1000);
}

static int level(struct node *node)
{
    return cpu1_ok(node, 0xFC90, "h", node->handle)[1];
}

static void test_notifications(void **state)
{
    unsigned got = 0, sent = 0;
    uint32_t began;

    (void)state;
    cpu1_ok(server, 0xFD28, "hhb", service, value + 1, 0);
    cpu1_ok(server, 0xFD28, "hhb", service, value + 2, 0);
    connect();
    cpu1_ok(client, 0xFD0B, "h", client->handle);
    procedure(0);
    cpu1_ok(client, 0xFD12, "h", client->handle);
    procedure(0);
    cpu1_ok(client, 0xFD1C, "hhbm", client->handle, value + 2, 2, "\1\0", 2);
    procedure(0);
    began = world_now;
    while (got < 200) {
        uint8_t v[150] = {(uint8_t)sent, 7};

        if (sent < 200 &&
            cpu1(server, NULL, 0xFD06, "hhbbm", service, value, 0, 150, v, 150) == 0) {
            sent++;
        }
        world_run();
        while (has_event(client, EV_GATT_NOTIFICATION)) {
            const uint8_t *e = expect_event(client, EV_GATT_NOTIFICATION, NULL);

            assert_int_equal(e[4], 150);
            assert_int_equal(e[5], got & 0xFF);
            got++;
        }
        drop_events(server);
        assert_true(world_now - began < 10000000u);
    }
    disconnect();
}

static void test_legacy(void **state)
{
    (void)state;
    settings(server, 0, 1, 1, 0);
    settings(client, 2, 1, 1, 0);
    connect();
    assert_int_equal(read_value(), ATT_INSUFFICIENT_AUTHENTICATION);
    pair();
    cpu1_ok(client, 0xFC88, "hw", client->handle, (uint32_t)123456);
    cpu1_ok(server, 0xFC88, "hw", server->handle, (uint32_t)123456);
    paired(0);
    assert_int_equal(level(server), 3);
    assert_int_equal(read_value(), 0);
    disconnect();
    connect(); /* with the keys of the bond */
    assert_int_equal(read_value(), ATT_INSUFFICIENT_ENCRYPTION);
    cpu1_ok(client, 0xFC9F, "hb", client->handle, 0);
    paired(0);
    assert_int_equal(level(client), 3);
    assert_int_equal(read_value(), 0);
}

static void test_just_works(void **state)
{
    (void)state;
    settings(server, 3, 0, 0, 1);
    settings(client, 3, 0, 0, 1);
    connect();
    pair();
    paired(0);
    assert_int_equal(level(client), 2);
    assert_int_equal(read_value(), 0);
}

static void test_numeric(void **state)
{
    uint32_t a, b;

    (void)state;
    settings(server, 1, 1, 1, 2);
    settings(client, 4, 1, 1, 2);
    connect();
    pair();
    wait_ms(1000);
    a = get32(expect_event(server, EV_GAP_NUMERIC_COMPARISON, NULL) + 2);
    b = get32(expect_event(client, EV_GAP_NUMERIC_COMPARISON, NULL) + 2);
    assert_int_equal(a, b);
    cpu1_ok(server, 0xFCA5, "hb", server->handle, 1);
    cpu1_ok(client, 0xFCA5, "hb", client->handle, 1);
    paired(0);
    assert_int_equal(level(server), 4);
    assert_int_equal(read_value(), 0);
    disconnect();
    connect();
    cpu1_ok(server, 0xFC8D, "h", server->handle); /* the peripheral asks */
    paired(0);
    assert_int_equal(level(server), 4);
}

static void test_passkey(void **state)
{
    (void)state;
    settings(server, 2, 0, 1, 2);
    settings(client, 0, 0, 1, 2);
    connect();
    for (uint32_t wrong = 0; wrong < 2; wrong++) {
        pair();
        cpu1_ok(client, 0xFC88, "hw", client->handle, (uint32_t)7);
        cpu1_ok(server, 0xFC88, "hw", server->handle, (uint32_t)7 + wrong);
        wait_ms(1000);
        paired(wrong ? 2 : 0);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_notifications), TEST(test_legacy),  TEST(test_just_works),
        TEST(test_numeric),       TEST(test_passkey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
