/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_peer_test.c - peers that our own controller would not be: what they send is put into the queue
 * of one side by hand. And connections that come about in other ways: channel selection #1, random
 * addresses, directed advertising.
 */
#include "ll_hosts.h"

static unsigned ha, hb;

static void pair(uint32_t seed)
{
    start(2, seed);
    connect_pair(a, b, 12, 0, 200, &ha, &hb);
}

/* A control PDU from n, as it is. */
static void send(struct sim_node *n, unsigned h, const uint8_t *pdu, unsigned len)
{
    ll_now = &n->controller;
    assert_true(control_send(conn_find(h), pdu, len, 0));
    sim_run(100000);
}

/* The control PDU with that opcode that n has received. */
static const uint8_t *got(struct sim_node *n, uint8_t opcode)
{
    static const uint8_t none[24] = {0xFF};

    for (unsigned i = 0; i < LL_RX; i++) {
        const struct rx_pdu *rx = &n->controller.rx[i];

        if (rx->handle != RX_ADV && (rx->pdu[0] & 3) == LLID_CONTROL && rx->pdu[2] == opcode) {
            return rx->pdu + 2;
        }
    }
    fail_msg("opcode %#x did not come", opcode);
    return none;
}

static void check_lost(struct sim_node *n, uint8_t reason)
{
    const uint8_t *e = sim_wait(n, DISCONNECTED, SECOND);

    assert_non_null(e);
    assert_int_equal(e[5], reason);
}

static void test_unknown(void **state)
{
    const uint8_t unknown[3] = {0x42, 1, 2}, too_long[3] = {0x08, 1, 2};
    const uint8_t *pdu;

    pair(1);
    send(a, ha, unknown, 3);
    pdu = got(a, 0x07);
    assert_int_equal(pdu[1], 0x42);
    pair(2);
    send(a, ha, too_long, 3); /* LL_FEATURE_REQ has 9 */
    pdu = got(a, 0x07);
    assert_int_equal(pdu[1], 0x08);
    pair(3);
    send(a, ha, (const uint8_t[9]){0x0E}, 9); /* for a peripheral to send */
    got(a, 0x07);
    exchange(ha, hb, 5, 10 * SECOND);
}

/* An instant that is not ahead, and parameters that are none. */
static void test_bad_instants(void **state)
{
    uint8_t update[12] = {0x00, 1, 0, 0, 24, 0, 0, 0, 200, 0};
    uint8_t map[8] = {0x01, 0xFF, 0xFF}, phy[5] = {0x18, 2, 2};

    pair(4);
    put16(update + 10, a->controller.conn[ha].event - 1u);
    send(a, ha, update, 12);
    check_lost(b, INSTANT_PASSED);
    pair(5);
    put16(map + 6, a->controller.conn[ha].event - 1u);
    send(a, ha, map, 8);
    check_lost(b, INSTANT_PASSED);
    pair(6);
    put16(phy + 3, a->controller.conn[ha].event - 1u);
    send(a, ha, phy, 5);
    check_lost(b, INSTANT_PASSED);
    pair(7);
    put16(update + 10, a->controller.conn[ha].event + 20u);
    update[4] = 3; /* 3.75 ms */
    send(a, ha, update, 12);
    check_lost(b, INVALID_LL_PARAMETERS);
    pair(8);
    memset(map, 0, sizeof(map));
    map[0] = 1;
    map[1] = 1; /* one channel */
    put16(map + 6, a->controller.conn[ha].event + 20u);
    send(a, ha, map, 8);
    check_lost(b, INVALID_LL_PARAMETERS);
    pair(9);
    phy[1] = 4;
    put16(phy + 3, a->controller.conn[ha].event + 20u);
    send(a, ha, phy, 5);
    check_lost(b, INVALID_LL_PARAMETERS);
    pair(10); /* the same are nothing to a central */
    put16(update + 10, a->controller.conn[ha].event - 1u);
    send(b, hb, update, 12);
    exchange(ha, hb, 5, 10 * SECOND);
}

/* Encryption's PDUs out of order. */
static void test_encryption_order(void **state)
{
    for (uint8_t opcode = 0x03; opcode <= 0x0B; opcode++) {
        uint8_t pdu[23] = {opcode};
        unsigned len = opcode == 3 ? 23 : opcode == 4 ? 13 : 1;

        if (opcode >= 0x07 && opcode <= 0x09) {
            continue;
        }
        pair(20 + opcode);
        send(b, hb, pdu, len);
        if (opcode != 3) { /* that one is where it belongs */
            send(a, ha, pdu, len);
        }
        exchange(ha, hb, 5, 10 * SECOND);
        assert_false(a->controller.conn[ha].rx_encrypted);
        assert_false(b->controller.conn[hb].rx_encrypted);
    }
}

/* Data while encryption starts is not from who it seems to be. */
static void test_data_in_start(void **state)
{
    const uint8_t request[23] = {0x03};
    const uint8_t *e;

    pair(40);
    send(a, ha, request, 23);
    assert_non_null(sim_wait(b, LE(0x05), SECOND));
    assert_true(sim_acl(a, ha, 0, (const uint8_t *)"x", 1));
    e = sim_wait(b, DISCONNECTED, SECOND);
    assert_non_null(e);
    assert_int_equal(e[5], MIC_FAILURE);
    assert_int_equal(b->acl_packets, 0);
}

/* A central that asks for parameters; both answers of the peripheral's host. */
static void test_param_request(void **state)
{
    const uint8_t request[24] = {0x0F, 24, 0, 40, 0, 1, 0, 100, 0, 0, 7, 0, 1, 0, 0xFF, 0xFF};
    uint8_t yes[14] = {0, 0, 32, 0, 32, 0, 1, 0, 100, 0}, no[3] = {0, 0, UNACCEPTABLE_PARAMETERS};
    uint8_t bad[24] = {0x0F, 24, 0, 20, 0, 1, 0, 100, 0};
    const uint8_t *pdu;

    pair(41);
    put16(yes, hb);
    put16(no, hb);
    send(a, ha, request, 24);
    assert_non_null(sim_wait(b, LE(0x06), SECOND));
    CHECK(0, b, 8, 0x20, yes, 14);
    sim_run(100000);
    pdu = got(a, 0x10);
    assert_int_equal(get16(pdu + 1), 32);
    assert_memory_equal(pdu + 10, request + 10, 14);
    pair(42);
    send(a, ha, request, 24);
    assert_non_null(sim_wait(b, LE(0x06), SECOND));
    CHECK(0, b, 8, 0x21, no, 3);
    sim_run(100000);
    pdu = got(a, 0x11);
    assert_int_equal(pdu[1], 0x0F);
    assert_int_equal(pdu[2], UNACCEPTABLE_PARAMETERS);
    pair(43);
    send(a, ha, bad, 24); /* least interval above the most */
    pdu = got(a, 0x11);
    assert_int_equal(pdu[2], INVALID_LL_PARAMETERS);
}

/* A peer without the procedures that came after 4.0. */
static void test_old_peer(void **state)
{
    uint8_t p[7] = {0, 0, 0, 2, 2}, length[6] = {0, 0, 251, 0, 0x48, 0x08}, update[14];
    const uint8_t unknown[2] = {0x07, 0x16}, *e;

    pair(44);
    b->controller.conn[hb].features_known = true; /* of a 4.0 */
    b->controller.conn[hb].features[0] = 1;
    put16(p, hb);
    CHECK(0, b, 8, 0x32, p, 7);
    e = sim_wait(b, LE(0x0C), SECOND);
    assert_non_null(e);
    assert_int_equal(e[3], UNSUPPORTED_REMOTE);
    put16(update, hb);
    memcpy(update + 2, "\x18\0\x18\0\0\0\xC8\0\0\0\0\0", 12);
    CHECK(UNSUPPORTED_REMOTE, b, 8, 0x13, update, 14);
    pair(45);
    put16(p, ha);
    b->controller.conn[hb].control_count = 0;
    CHECK(0, a, 8, 0x32, p, 7); /* and one that says so only when asked */
    send(b, hb, unknown, 2);
    e = sim_wait(a, LE(0x0C), SECOND);
    assert_non_null(e);
    put16(length, ha);
    CHECK(0, a, 8, 0x22, length, 6);
    exchange(ha, hb, 5, 10 * SECOND);
}

/* A peripheral that goes on asking and acknowledges, but never reads: it loses us, not others. */
static void test_flood(void **state)
{
    static const uint8_t ping[] = {0x12};

    pair(46);
    for (int i = 0; i < 2000; i++) {
        ll_now = &b->controller;
        if (conn_find(hb) && b->controller.conn[hb].control_count < LL_CONTROL) {
            control_send(conn_find(hb), ping, 1, 0);
        }
        sim_run(500);
    }
    exchange(ha, hb, 5, 10 * SECOND);
}

/* ---- other ways to connect ---- */

/* A central that does not know algorithm #2. */
static void test_channel_selection_1(void **state)
{
    const uint8_t map[5] = {0xF0, 0x0F, 0xFF, 0, 0x1F};
    const uint8_t *e;

    start(2, 50);
    advertise(b);
    assert_int_equal(create(a, b, 12, 2, 200), 0);
    a->controller.init.pdu[0] &= (uint8_t)~ADV_CHSEL;
    e = sim_wait(a, LE(0x01), SECOND);
    assert_non_null(e);
    ha = get16(e + 4);
    e = sim_wait(b, LE(0x14), SECOND);
    assert_non_null(e);
    hb = get16(e + 3);
    assert_int_equal(e[5], 0);
    exchange(ha, hb, 100, 60 * SECOND);
    CHECK(0, a, 8, 0x14, map, 5);
    sim_run(3 * SECOND);
    assert_memory_equal(b->controller.conn[hb].channels.map, map, 5);
    sim_loss = 200;
    exchange(ha, hb, 50, 100 * SECOND);
    assert_int_equal(a->disconnections, 0);
}

/* Directed advertising from a random address to a random address. */
static void test_directed(void **state)
{
    const uint8_t address_a[6] = {1, 2, 3, 4, 5, 0xC6}, address_b[6] = {6, 5, 4, 3, 2, 0xC1};
    uint8_t adv[15] = {0x20, 0, 0x20, 0, 1, 1, 1}, init[25] = {0x30, 0, 0x30, 0, 0, 1};
    const uint8_t *e;

    for (uint8_t kind = 1; kind <= 4; kind += 3) { /* high and low duty cycle */
        start(3, 51 + kind);
        CHECK(INVALID_PARAMETERS, b, 8, 0x0A, (adv[4] = kind, "\2"), 1);
        CHECK(0, a, 8, 0x05, address_a, 6);
        CHECK(0, b, 8, 0x05, address_b, 6);
        memcpy(adv + 7, address_a, 6);
        adv[13] = 7;
        CHECK(0, b, 8, 0x06, adv, 15);
        CHECK(0, b, 8, 0x0A, "\1", 1);
        CHECK(COMMAND_DISALLOWED, b, 8, 0x05, address_b, 6);
        assert_int_equal(create(&sim[2], b, 24, 0, 100), 0); /* not meant: stays out */
        memcpy(init + 6, address_b, 6);
        init[12] = 1;
        memcpy(init + 13, "\x18\0\x18\0\0\0\xC8\0", 8);
        CHECK(0, a, 8, 0x0D, init, 25);
        e = sim_wait(a, LE(0x01), SECOND);
        assert_non_null(e);
        ha = get16(e + 4);
        assert_int_equal(e[7], 1);
        assert_memory_equal(e + 8, address_b, 6);
        e = sim_wait(b, LE(0x01), SECOND);
        assert_non_null(e);
        assert_int_equal(e[3], 0);
        hb = get16(e + 4);
        assert_int_equal(e[7], 1);
        assert_memory_equal(e + 8, address_a, 6);
        exchange(ha, hb, 5, 10 * SECOND);
        assert_int_equal(sim[2].connections, 0);
    }
}

/* A CONNECT_IND whose numbers make no sense is no connection. */
static void test_bad_connect(void **state)
{
    static const struct {
        uint8_t at, value;
    } bad[] = {
        {7, 0},   /* no transmit window */
        {7, 9},   /* too long a one */
        {10, 5},  /* interval 6.25 ms */
        {13, 2},  /* latency 512 */
        {14, 1},  /* timeout 10 ms */
        {21, 4},  /* hop */
        {21, 17}, /* hop */
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        start(2, 60);
        advertise(b);
        assert_int_equal(create(a, b, 12, 0, 20), 0);
        a->controller.init.pdu[14 + bad[i].at] = bad[i].value;
        sim_run(SECOND);
        assert_int_equal(b->connections, 0);
        assert_false(b->controller.conn[0].state > CONN_RESERVED);
        assert_int_equal(b->disconnections, 0);
    }
}

/* Its next event at that time. */
static void move(struct sim_node *n, unsigned handle, uint32_t to)
{
    struct conn *c = &n->controller.conn[handle];

    ll_now = &n->controller;
    c->anchor = to;
    c->synced_at = to - 24 * 1250;
    c->event = 200;
    c->skipped = 0;
    ll_disarm(&c->activity);
    c->channel = ll_channel_2(&c->channels, c->access_address, c->event);
    ll_arm(&c->activity, c->central ? to : to - 16);
    ll_schedule();
}

/* Two connections of a's whose anchors coincide, as central and as peripheral: both survive. */
static void test_coinciding(void **state)
{
    for (int central = 0; central < 2; central++) {
        unsigned h[2], peer[2];
        uint32_t to, apart;

        start(3, 61);
        for (int i = 0; i < 2; i++) {
            if (central) {
                connect_pair(a, &sim[1 + i], 24, 0, 100, &h[i], &peer[i]);
            } else {
                connect_pair(&sim[1 + i], a, 24, 0, 100, &peer[i], &h[i]);
            }
        }
        sim_run(5000);
        to = a->controller.conn[h[0]].anchor + 24 * 1250 * 4;
        for (int i = 0; i < 2; i++) {
            move(a, h[i], to);
            move(&sim[1 + i], peer[i], to);
        }
        sim_run(60 * SECOND);
        assert_int_equal(a->disconnections + b->disconnections + sim[2].disconnections, 0);
        apart = (a->controller.conn[h[0]].anchor - a->controller.conn[h[1]].anchor) % (24 * 1250);
        assert_true(apart < 100 || apart > 24 * 1250 - 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_bad_instants),
        cmocka_unit_test(test_encryption_order),
        cmocka_unit_test(test_data_in_start),
        cmocka_unit_test(test_param_request),
        cmocka_unit_test(test_old_peer),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_channel_selection_1),
        cmocka_unit_test(test_directed),
        cmocka_unit_test(test_bad_connect),
        cmocka_unit_test(test_coinciding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
