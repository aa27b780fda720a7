/* SPDX-License-Identifier: Apache-2.0 */
/* host_security_test.c - pairing, bonding and what they guard, between two hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_world.h"
#include "smp.h"

static struct node *const periph = &nodes[0], *const central = &nodes[1];

enum { DISPLAY, YES_NO, KEYBOARD, NONE, KEYBOARD_DISPLAY };

struct settings {
    int io, bonding, mitm, sc;
};

static void settings(struct node *node, struct settings s)
{
    cpu1_ok(node, 0xFC85, "b", s.io);
    cpu1_ok(node, 0xFC86, "bbbbbbbwb", s.bonding, s.mitm, s.sc, 1, 7, 16, 1, (uint32_t)0, 0);
}

static uint16_t service, secret;

/* A characteristic with these security permissions. */
static void add_secret(int permissions)
{
    service = get16(cpu1_ok(periph, 0xFD02, "bhbb", 1, 0xABCD, 1, 6));
    secret = get16(
        cpu1_ok(periph, 0xFD04, "hbhhbbbbb", service, 1, 0xABCE, 4, 0x1A, permissions, 1, 16, 0));
}

static void begin(struct settings a, struct settings b, int permissions)
{
    world_gap();
    for (int i = 0; i < 2; i++) {
        uint8_t root[16] = {(uint8_t)(i + 1), 7};

        cpu1_ok(&nodes[i], 0xFC0C, "bbm", 0x18, 16, root, 16);
        cpu1_ok(&nodes[i], 0xFC94, "");
    }
    settings(periph, a);
    settings(central, b);
    add_secret(permissions);
    world_connect();
    drop_events(periph);
    drop_events(central);
}

static void paired(uint8_t status, uint8_t reason)
{
    for (int i = 0; i < 2; i++) {
        size_t n;
        const uint8_t *e = expect_event(&nodes[i], EV_GAP_PAIRING_COMPLETE, &n);

        assert_int_equal(n, 4);
        assert_int_equal(get16(e), nodes[i].handle);
        assert_int_equal(e[2], status);
        if (reason) {
            assert_int_equal(e[3], reason);
        }
    }
}

static int level(struct node *node)
{
    const uint8_t *ret = cpu1_ok(node, 0xFC90, "h", node->handle);

    assert_int_equal(ret[0], 1);
    return ret[1];
}

/* The ATT error that reading the secret gives; 0: it can be read. */
static int read_secret(void)
{
    int code = 0;

    cpu1_ok(central, 0xFD18, "hh", central->handle, secret + 1);
    if (has_event(central, EV_GATT_ERROR_RESP)) {
        code = expect_event(central, EV_GATT_ERROR_RESP, NULL)[5];
    }
    expect_event(central, EV_GATT_PROC_COMPLETE, NULL);
    return code;
}

static void reconnect(void)
{
    cpu1_ok(central, 0xFC93, "hb", central->handle, 0x13);
    world_run();
    drop_events(periph);
    drop_events(central);
    world_connect();
}

/* Pairs, as CPU1s with these passkeys do. */
static void pair(uint32_t a, uint32_t b)
{
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    if (has_event(central, EV_GAP_PASS_KEY_REQ)) {
        expect_event(central, EV_GAP_PASS_KEY_REQ, NULL);
        expect_event(periph, EV_GAP_PASS_KEY_REQ, NULL);
        cpu1_ok(central, 0xFC88, "hw", central->handle, b);
        cpu1_ok(periph, 0xFC88, "hw", periph->handle, a);
    }
}

static void test_just_works(void **state)
{
    struct settings s = {NONE, 0, 0, 0};

    (void)state;
    begin(s, s, 4);
    assert_int_equal(read_secret(), ATT_INSUFFICIENT_AUTHENTICATION);
    assert_int_equal(level(periph), 1);
    pair(0, 0);
    paired(0, 0);
    expect_hci(central, 0x08, 0, NULL);
    expect_hci(periph, 0x08, 0, NULL);
    assert_int_equal(level(periph), 2);
    assert_int_equal(level(central), 2);
    assert_int_equal(read_secret(), 0);
    assert_int_equal(cpu1_ok(central, 0xFCA3, "")[0], 0); /* nothing is kept */
    /* a new connection is not encrypted */
    reconnect();
    assert_int_equal(read_secret(), ATT_INSUFFICIENT_AUTHENTICATION);
}

static void test_legacy_passkey(void **state)
{
    struct settings a = {DISPLAY, 0, 1, 0}, b = {KEYBOARD, 0, 1, 0};

    (void)state;
    begin(a, b, 1);
    pair(123456, 123456);
    paired(0, 0);
    assert_int_equal(level(central), 3);
    assert_int_equal(read_secret(), 0);
    reconnect();
    pair(123456, 123457);
    paired(2, 0x04);
    assert_int_equal(level(central), 1);
    assert_int_equal(cpu1(central, NULL, 0xFC88, "hw", central->handle, (uint32_t)1),
                     ST_DISALLOWED);
}

static void test_sc_just_works(void **state)
{
    struct settings s = {NONE, 0, 0, 2};

    (void)state;
    begin(s, s, 0x40);
    pair(0, 0);
    paired(0, 0);
    assert_int_equal(level(periph), 2);
    assert_int_equal(read_secret(), 0);
}

static void compare(bool yes_a, bool yes_b)
{
    uint32_t a, b;

    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    a = get32(expect_event(periph, EV_GAP_NUMERIC_COMPARISON, NULL) + 2);
    b = get32(expect_event(central, EV_GAP_NUMERIC_COMPARISON, NULL) + 2);
    assert_int_equal(a, b);
    assert_true(a < 1000000);
    cpu1_ok(central, 0xFCA5, "hb", central->handle, yes_b);
    if (yes_b) {
        cpu1_ok(periph, 0xFCA5, "hb", periph->handle, yes_a);
    }
}

static void test_sc_numeric(void **state)
{
    struct settings a = {YES_NO, 0, 1, 1}, b = {KEYBOARD_DISPLAY, 0, 1, 1};

    (void)state;
    begin(a, b, 0x41);
    compare(true, true);
    paired(0, 0);
    assert_int_equal(level(periph), 4);
    assert_int_equal(level(central), 4);
    assert_int_equal(read_secret(), 0);
    reconnect();
    compare(false, true);
    paired(2, 0x0C);
    reconnect();
    compare(true, false);
    paired(2, 0x0C);
    assert_int_equal(read_secret(), ATT_INSUFFICIENT_AUTHENTICATION);
}

static void test_sc_passkey(void **state)
{
    struct settings a = {KEYBOARD, 0, 1, 2}, b = {DISPLAY, 0, 2, 1};

    (void)state;
    world_synchronous = true;
    begin(a, b, 0x41);
    pair(999999, 999999);
    paired(0, 0);
    assert_int_equal(level(central), 4);
    reconnect();
    pair(0, 1u << 19); /* they differ in the last round's bit alone */
    paired(2, 0x04);
    reconnect();
    /* the peripheral's user is first, and presses keys */
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    cpu1_ok(periph, 0xFCA6, "hb", periph->handle, 1);
    assert_int_equal(expect_event(central, EV_GAP_KEYPRESS, NULL)[2], 1);
    cpu1_ok(periph, 0xFC88, "hw", periph->handle, (uint32_t)42);
    cpu1_ok(central, 0xFC88, "hw", central->handle, (uint32_t)42);
    paired(0, 0);
}

static void test_requirements(void **state)
{
    struct settings none = {NONE, 0, 0, 1}, mitm = {YES_NO, 0, 1, 1}, sc = {NONE, 0, 0, 2},
                    legacy = {NONE, 0, 0, 0};

    (void)state;
    begin(mitm, none, 0); /* nothing to authenticate with */
    pair(0, 0);
    paired(2, 0x03);
    settings(periph, sc);
    settings(central, legacy);
    pair(0, 0);
    paired(2, 0x03);
    settings(periph, none);
    cpu1_ok(periph, 0xFC86, "bbbbbbbwb", 0, 0, 0, 0, 16, 16, 1, (uint32_t)0, 0);
    cpu1_ok(central, 0xFC86, "bbbbbbbwb", 0, 0, 0, 0, 7, 10, 1, (uint32_t)0, 0);
    pair(0, 0);
    paired(2, 0x06);
    assert_int_equal(cpu1(periph, NULL, 0xFC9F, "hb", periph->handle, 1), ST_DISALLOWED);
    /* a short key is a short key */
    cpu1_ok(periph, 0xFC86, "bbbbbbbwb", 0, 0, 0, 0, 7, 16, 1, (uint32_t)0, 0);
    pair(0, 0);
    paired(0, 0);
    for (int i = 10; i < 16; i++) {
        assert_int_equal(central->wanted_key[i], 0);
    }
    cpu1_ok(periph, 0xFD28, "hhb", service, secret + 1, 4);
    assert_int_equal(read_secret(), ATT_INSUFFICIENT_KEY_SIZE);
}

/* Both lose their RAM, but for the records that they asked to keep. */
static void power_cycle(void)
{
    static const uint8_t broken[HOST_RECORD_MAX] = {0};

    cpu1_ok(central, 0xFC93, "hb", central->handle, 0x13);
    world_run();
    drop_events(periph);
    drop_events(central);
    for (int i = 0; i < 2; i++) {
        uint8_t kept[HOST_RECORD_MAX];
        size_t n = nodes[i].record(0, kept);

        assert_int_equal(n, HOST_RECORD_MAX);
        assert_true(nodes[i].records_changed & 1);
        nodes[i].records_changed = 0;
        cpu1_ok(&nodes[i], 0xFC94, ""); /* clear the bonds */
        assert_int_equal(nodes[i].record(0, kept), 0);
        assert_int_equal(nodes[i].records_changed, 1);
        assert_int_equal(cpu1_ok(&nodes[i], 0xFCA3, "")[0], 0);
        nodes[i].restore(0, kept, n - 1);
        nodes[i].restore(0, broken, n); /* a key of no octets */
        nodes[i].restore(HOST_RECORDS, kept, n);
        assert_int_equal(cpu1_ok(&nodes[i], 0xFCA3, "")[0], 0);
        nodes[i].restore(0, kept, n);
        nodes[i].records_changed = 0;
    }
    world_connect();
}

static void bond(struct settings a, struct settings b)
{
    const uint8_t *ret;

    begin(a, b, 4);
    pair(7, 7);
    paired(0, 0);
    ret = cpu1_ok(periph, 0xFCA3, "");
    assert_int_equal(ret[0], 1);
    assert_int_equal(ret[1], 0);
    assert_memory_equal(ret + 2, central->address, 6);
    ret = cpu1_ok(central, 0xFCA3, "");
    assert_memory_equal(ret + 2, periph->address, 6);
    cpu1_ok(central, 0xFD1C, "hhbm", central->handle, secret + 2, 2, "\1\0", 2); /* subscribes */
    power_cycle();
    /* with the keys of the bond, and its subscription */
    assert_int_equal(read_secret(), ATT_INSUFFICIENT_ENCRYPTION);
    drop_events(central);
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 0);
    paired(0, 0);
    assert_int_equal(level(central), a.mitm ? (a.sc ? 4 : 3) : 2);
    assert_int_equal(level(periph), level(central));
    assert_int_equal(read_secret(), 0);
    drop_events(central);
    cpu1_ok(periph, 0xFD06, "hhbbm", service, secret, 0, 2, "hi", 2);
    expect_event(central, EV_GATT_NOTIFICATION, NULL);
    /* the peripheral asks for it */
    reconnect();
    cpu1_ok(periph, 0xFC8D, "h", periph->handle);
    paired(0, 0);
}

static void test_bond_legacy(void **state)
{
    struct settings a = {DISPLAY, 1, 1, 0}, b = {KEYBOARD, 1, 1, 0};

    (void)state;
    bond(a, b);
}

static void test_bond_sc(void **state)
{
    struct settings a = {KEYBOARD, 1, 1, 1}, b = {DISPLAY, 1, 1, 1};

    (void)state;
    bond(a, b);
}

static void test_bond_lost(void **state)
{
    struct settings s = {NONE, 1, 0, 1};
    static const uint8_t stranger[6] = {9, 9, 9, 9, 9, 9};

    (void)state;
    bond(s, s);
    reconnect();
    /* the peripheral lost its keys: encryption fails, and says so */
    cpu1_ok(periph, 0xFCAA, "bm", 0, central->address, 6);
    assert_int_equal(cpu1(periph, NULL, 0xFCAA, "bm", 0, central->address, 6), ST_DEVICE_NOT_FOUND);
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 0);
    assert_int_equal(expect_event(central, EV_GAP_PAIRING_COMPLETE, NULL)[2], 3);
    pair(0, 0);
    paired(0, 0);
    /* the central lost its: the peripheral's CPU1 is asked */
    reconnect();
    cpu1_ok(central, 0xFC94, "");
    assert_int_equal(cpu1(periph, NULL, 0xFC95, "h", periph->handle), ST_DISALLOWED);
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 0);
    assert_int_equal(get16(expect_event(periph, EV_GAP_BOND_LOST, NULL)), periph->handle);
    cpu1_ok(periph, 0xFC95, "h", periph->handle);
    paired(0, 0);
    assert_int_equal(cpu1(periph, NULL, 0xFCA4, "bm", 0, stranger, 6), ST_NOT_BONDED);
    assert_memory_equal(cpu1_ok(periph, 0xFCA4, "bm", 0, central->address, 6) + 1, central->address,
                        6);
    cpu1_ok(periph, 0xFC92, "");
    cpu1_ok(periph, 0xFCAB, "bbmb", 1, 0, central->address, 6, 1);
}

static void test_resolvable(void **state)
{
    struct settings s = {NONE, 1, 0, 1};
    /* the central's identity root and a prand make an address of its own */
    uint8_t address[6] = {0, 0, 0, 0x11, 0x22, 0x44}, root[16] = {2, 7}, irk[16];
    uint32_t hash;
    const uint8_t *ret;

    (void)state;
    bond(s, s);
    smp_irk(root, irk);
    hash = smp_ah(irk, address + 3);
    address[0] = (uint8_t)hash;
    address[1] = (uint8_t)(hash >> 8);
    address[2] = (uint8_t)(hash >> 16);
    ret = cpu1_ok(periph, 0xFCA4, "bm", 1, address, 6);
    assert_int_equal(ret[0], 0);
    assert_memory_equal(ret + 1, central->address, 6);
    assert_memory_equal(cpu1_ok(periph, 0xFCA0, "m", address, 6), central->address, 6);
    address[0] ^= 1;
    assert_int_equal(cpu1(periph, NULL, 0xFCA4, "bm", 1, address, 6), ST_NOT_BONDED);
    assert_int_equal(cpu1(periph, NULL, 0xFCA0, "m", address, 6), ST_NOT_RESOLVED);
}

/* Both with privacy: each connection has new addresses, and a bond knows them. */
static void test_privacy(void **state)
{
    struct settings s = {NONE, 1, 0, 1};
    uint8_t first[6];

    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t root[16] = {(uint8_t)(i + 5)};

        cpu1_ok(&nodes[i], 0xFC0C, "bbm", 0x18, 16, root, 16);
        cpu1_ok(&nodes[i], 0xFD01, "");
        cpu1_ok(&nodes[i], 0xFC94, "");
        cpu1_ok(&nodes[i], 0xFC8A, "bbb", i ? 4 : 1, 2, 8);
        settings(&nodes[i], s);
    }
    for (int round = 0; round < 3; round++) {
        cpu1_ok(periph, 0xFC83, "bhhbbbbhh", 0, 0, 0, 2, 0, 0, 0, 0, 0);
        assert_int_equal(periph->random_address[5] & 0xC0, 0x40);
        assert_true(round == 0 || memcmp(first, periph->random_address, 6) != 0);
        memcpy(first, periph->random_address, 6);
        cpu1_ok(central, 0xFC9C, "hhbmbhhhhhh", 0x10, 0x10, 1, first, 6, 2, 24, 24, 0, 100, 0, 0);
        expect_hci(central, 0x3E, 0x01, NULL);
        assert_int_equal(cpu1(central, NULL, 0xFCA4, "bm", 1, first, 6), round ? 0 : ST_NOT_BONDED);
        cpu1_ok(central, 0xFC9F, "hb", central->handle, 0); /* pairs, then has the keys */
        paired(0, 0);
        assert_int_equal(level(periph), 2);
        assert_memory_equal(cpu1_ok(central, 0xFCA3, "") + 2, periph->address, 6);
        cpu1_ok(central, 0xFC93, "hb", central->handle, 0x13);
        drop_events(periph);
        drop_events(central);
    }
}

static void test_pairing_request_event(void **state)
{
    struct settings s = {NONE, 0, 0, 1};
    uint8_t mode = 8;
    const uint8_t *e;

    (void)state;
    begin(s, s, 0);
    cpu1_ok(periph, 0xFC0C, "bbm", 0xB0, 1, &mode, 1);
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    e = expect_event(periph, EV_GAP_PAIRING_REQUEST, NULL);
    assert_int_equal(e[2], 0);
    cpu1_ok(periph, 0xFCAD, "hb", periph->handle, 0);
    paired(2, 0x05);
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    cpu1_ok(periph, 0xFCAD, "hb", periph->handle, 1);
    paired(0, 0);
    /* just works is forbidden by mode */
    mode = 0x10;
    cpu1_ok(periph, 0xFC0C, "bbm", 0xB0, 1, &mode, 1);
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    paired(2, 0x03);
}

static void test_authorization(void **state)
{
    struct settings s = {NONE, 0, 0, 1};

    (void)state;
    begin(s, s, 2);
    cpu1_ok(periph, 0xFC87, "hb", periph->handle, 1);
    assert_int_equal(read_secret(), ATT_INSUFFICIENT_AUTHORIZATION);
    pair(0, 0);
    paired(0, 0);
    expect_event(periph, EV_GAP_AUTHORIZATION_REQ, NULL);
    cpu1_ok(periph, 0xFC89, "hb", periph->handle, 1);
    assert_int_equal(read_secret(), 0);
}

/* The peer goes while the controller works on P-256: the next pairing waits, and is not given what
 * was meant for the last. */
static void test_gone_meanwhile(void **state)
{
    struct settings s = {NONE, 0, 0, 2};

    (void)state;
    begin(s, s, 4);
    periph->slow_p256 = true;
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1); /* its key is being made */
    reconnect();
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    assert_false(has_event(periph, EV_GAP_PAIRING_COMPLETE));
    world_p256(periph); /* an unused key is as good */
    world_p256(periph); /* DHKey */
    paired(0, 0);
    pair(0, 0);
    world_p256(periph);
    reconnect(); /* while the DHKey is being made */
    pair(0, 0);
    world_p256(periph); /* that of the last */
    assert_false(has_event(periph, EV_GAP_PAIRING_COMPLETE));
    world_p256(periph);
    world_p256(periph);
    paired(0, 0);
    assert_int_equal(read_secret(), 0);
}

static void send(struct node *to, const char *pdu, size_t n)
{
    world_inject_sdu(to, CID_SMP, (const uint8_t *)pdu, n);
    world_run();
}

/* Key and IV of the Core Specification Supplement's sample; what it makes of the text was computed
 * elsewhere. */
static void test_ead(void **state)
{
    static const uint8_t key[16] = {0x19, 0x6A, 0x0A, 0xD1, 0x2A, 0x61, 0x20, 0x1E,
                                    0x13, 0x6E, 0x2E, 0xD1, 0x12, 0xDA, 0xA9, 0x57};
    static const uint8_t iv[8] = {0x46, 0xE7, 0x7A, 0xB1, 0xEF, 0x00, 0x7A, 0x9E};
    static const uint8_t text[] = "\x0F\x09Short Mini-Bus\x03\x19\x0A\x8C";
    static const uint8_t made[] = {0x18, 0xE1, 0x57, 0xCA, 0xDE, 0x74, 0xE4, 0xDC, 0xAF, 0xDC,
                                   0x51, 0xC7, 0x28, 0x28, 0x10, 0xC2, 0x21, 0x7F, 0x0E, 0x4C,
                                   0xEF, 0x43, 0x43, 0x18, 0x1F, 0xBA, 0x00, 0x69, 0xCC};
    const unsigned n = sizeof text - 1;
    const uint8_t *ret;
    uint8_t other[sizeof made];

    (void)state;
    ret = cpu1_ok(periph, 0xFC2F, "bmmhm", 1, key, 16, iv, 8, (int)sizeof made, made,
                  (int)sizeof made);
    assert_int_equal(get16(ret), n);
    assert_memory_equal(ret + 2, text, n);
    ret = cpu1_ok(periph, 0xFC2F, "bmmhm", 0, key, 16, iv, 8, (int)n, text, (int)n);
    assert_int_equal(get16(ret), sizeof other);
    memcpy(other, ret + 2, sizeof other);
    assert_memory_not_equal(other, made, 5);
    ret = cpu1_ok(central, 0xFC2F, "bmmhm", 1, key, 16, iv, 8, (int)sizeof other, other,
                  (int)sizeof other);
    assert_memory_equal(ret + 2, text, n);
    other[7] ^= 1;
    assert_int_equal(cpu1(central, NULL, 0xFC2F, "bmmhm", 1, key, 16, iv, 8, (int)sizeof other,
                          other, (int)sizeof other),
                     ST_FAILED);
    assert_int_equal(cpu1(central, NULL, 0xFC2F, "bmmhm", 1, key, 16, iv, 8, 8, other, 8),
                     ST_BAD_HCI_PARAMETERS);
}

static void test_hostile(void **state)
{
    struct settings s = {NONE, 1, 0, 1};
    uint8_t key[65] = {0x0C};

    (void)state;
    begin(s, s, 4);
    /* out of place, malformed */
    central->mute = true;
    send(periph,
         "\x04"
         "0123456789abcdef",
         17);
    send(periph, "\x01\x09\0\0\x10\0\0", 7);
    send(periph, "\x01\0", 2);
    assert_false(has_event(periph, EV_GAP_PAIRING_COMPLETE));
    send(periph, "\x01\x03\0\x08\x10\0\0", 7); /* SC begins */
    send(periph,
         "\x0D"
         "0123456789abcdef",
         17);
    assert_int_equal(expect_event(periph, EV_GAP_PAIRING_COMPLETE, NULL)[2], 2);
    /* a public key that is our own */
    send(periph, "\x01\x03\0\x08\x10\0\0", 7);
    for (int i = 0; i < 32; i++) { /* as the toy controller makes it */
        key[1 + i] = (uint8_t)(periph->private_key[i] ^ 0x5A);
    }
    send(periph, (const char *)key, 65);
    assert_int_equal(expect_event(periph, EV_GAP_PAIRING_COMPLETE, NULL)[3], 0x0A);
    /* a key before the link is encrypted */
    send(periph, "\x01\x03\0\x01\x10\3\3", 7);
    send(periph,
         "\x06"
         "0123456789abcdef",
         17);
    assert_int_equal(expect_event(periph, EV_GAP_PAIRING_COMPLETE, NULL)[2], 2);
    assert_int_equal(cpu1_ok(periph, 0xFCA3, "")[0], 0);
    /* silence: 30 s, and no more pairing on this link */
    send(periph, "\x01\x03\0\x00\x10\0\0", 7);
    world_sleep(30000001);
    assert_int_equal(expect_event(periph, EV_GAP_PAIRING_COMPLETE, NULL)[2], 1);
    send(periph, "\x01\x03\0\x00\x10\0\0", 7);
    world_sleep(30000001);
    assert_false(has_event(periph, EV_GAP_PAIRING_COMPLETE));
    /* it goes away in the middle */
    reconnect();
    central->mute = false;
    settings(periph, (struct settings){DISPLAY, 0, 1, 0});
    settings(central, (struct settings){KEYBOARD, 0, 1, 0});
    cpu1_ok(central, 0xFC9F, "hb", central->handle, 1);
    cpu1_ok(central, 0xFC93, "hb", central->handle, 0x13);
    assert_int_equal(expect_event(periph, EV_GAP_PAIRING_COMPLETE, NULL)[2], 2);
}

#define TEST(name) cmocka_unit_test_setup(name, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_just_works),
        TEST(test_legacy_passkey),
        TEST(test_sc_just_works),
        TEST(test_sc_numeric),
        TEST(test_sc_passkey),
        TEST(test_requirements),
        TEST(test_ead),
        TEST(test_bond_legacy),
        TEST(test_bond_sc),
        TEST(test_bond_lost),
        TEST(test_resolvable),
        TEST(test_authorization),
        TEST(test_pairing_request_event),
        TEST(test_hostile),
        TEST(test_privacy),
        TEST(test_gone_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
