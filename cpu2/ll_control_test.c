/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_control_test.c - procedures of the link layer between two controllers, and encryption.
 */
#include "ll_hosts.h"

#define UPDATE LE(0x03)
#define FEATURES LE(0x04)
#define LTK_REQUEST LE(0x05)
#define PARAM_REQUEST LE(0x06)
#define DATA_LENGTH LE(0x07)
#define PHY LE(0x0C)
#define VERSION 0x0C
#define ENCRYPTED 0x08
#define REFRESHED 0x30
#define PAYLOAD_TIMEOUT 0x57

static unsigned ha, hb;

static void pair(uint32_t seed, unsigned interval, unsigned latency)
{
    start(2, seed);
    connect_pair(a, b, interval, latency, 400, &ha, &hb);
}

static int with_handle(struct sim_node *n, unsigned ogf, unsigned ocf, unsigned handle)
{
    uint8_t p[2];

    put16(p, handle);
    return sim_command(n, ogf, ocf, p, 2);
}

/* Its main loop looks at no PDUs any more; its radio acknowledges them. */
static void stall(struct sim_node *n)
{
    n->host_full = true;
    n->controller.backlog_len = LL_BACKLOG;
    memset(n->controller.backlog, 0, LL_BACKLOG);
}

static void test_features_and_version(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = i ? b : a;
        unsigned h;
        const uint8_t *e;

        pair(20 + i, 24, 0);
        h = i ? hb : ha;
        assert_int_equal(with_handle(n, 8, 0x16, h), 0);
        e = sim_wait(n, FEATURES, SECOND);
        assert_non_null(e);
        assert_int_equal(e[3], 0);
        assert_int_equal(get16(e + 6), LL_FEATURES);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(with_handle(n, 1, 0x1D, h), 0);
            e = sim_wait(n, VERSION, SECOND);
            assert_non_null(e);
            assert_int_equal(e[2], 0);
            assert_int_equal(e[5], LL_VERSION);
            assert_int_equal(get16(e + 6), LL_COMPANY);
        }
        assert_int_equal(with_handle(n, 5, 0x05, h), 0);
        assert_int_equal((int8_t)sim_reply[3], -40);
        exchange(ha, hb, 20, 10 * SECOND);
    }
}

static int set_length(struct sim_node *n, unsigned h, unsigned octets, unsigned time)
{
    uint8_t p[6];

    put16(p, h);
    put16(p + 2, octets);
    put16(p + 4, time);
    return sim_command(n, 8, 0x22, p, 6);
}

/* Longer PDUs: both sides are told. */
static void test_data_length(void **state)
{
    const uint8_t *e;

    pair(22, 24, 0);
    exchange(ha, hb, 100, 60 * SECOND);
    assert_int_equal(set_length(a, ha, 251, 2120), 0);
    e = sim_wait(a, DATA_LENGTH, SECOND);
    assert_non_null(e);
    assert_int_equal(get16(e + 5), 251);
    assert_int_equal(get16(e + 7), 2120);
    e = sim_wait(b, DATA_LENGTH, SECOND);
    assert_non_null(e);
    assert_int_equal(get16(e + 5), 27); /* b has not asked for more */
    assert_int_equal(get16(e + 9), 251);
    assert_int_equal(set_length(b, hb, 251, 2120), 0);
    assert_non_null(sim_wait(b, DATA_LENGTH, SECOND));
    exchange(ha, hb, 100, 60 * SECOND);
    assert_int_equal(set_length(a, ha, 26, 328), INVALID_PARAMETERS);
    assert_int_equal(set_length(a, ha, 252, 2120), INVALID_PARAMETERS);
}

static int set_phy(struct sim_node *n, unsigned h, uint8_t tx, uint8_t rx)
{
    uint8_t p[7] = {0, 0, 0, tx, rx};

    put16(p, h);
    return sim_command(n, 8, 0x32, p, 7);
}

static void test_phy(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = i ? b : a;
        unsigned h;
        const uint8_t *e;

        pair(24 + i, 24, i);
        h = i ? hb : ha;
        assert_int_equal(set_phy(n, h, 4, 4), UNSUPPORTED);
        assert_int_equal(set_phy(n, h, 2, 2), 0);
        e = sim_wait(n, PHY, 2 * SECOND);
        assert_non_null(e);
        assert_int_equal(e[3], 0);
        assert_int_equal(e[6], 2);
        assert_int_equal(e[7], 2);
        e = sim_wait(i ? a : b, PHY, SECOND);
        assert_non_null(e);
        assert_int_equal(e[6], 2);
        exchange(ha, hb, 100, 60 * SECOND);
        assert_int_equal(set_phy(n, h, 1, 2), 0); /* each way its own */
        e = sim_wait(n, PHY, 2 * SECOND);
        assert_non_null(e);
        assert_int_equal(e[6], 1);
        assert_int_equal(e[7], 2);
        exchange(ha, hb, 100, 60 * SECOND);
        assert_int_equal(set_phy(n, h, 1, 2), 0); /* nothing to change: an event all the same */
        e = sim_wait(n, PHY, 2 * SECOND);
        assert_non_null(e);
        assert_int_equal(e[3], 0);
        assert_int_equal(a->disconnections, 0);
    }
}

static int update(struct sim_node *n, unsigned h, unsigned interval, unsigned latency,
                  unsigned timeout)
{
    uint8_t p[14] = {0};

    put16(p, h);
    put16(p + 2, interval);
    put16(p + 4, interval);
    put16(p + 6, latency);
    put16(p + 8, timeout);
    return sim_command(n, 8, 0x13, p, 14);
}

static void check_update(struct sim_node *n, unsigned interval, unsigned latency, unsigned timeout)
{
    const uint8_t *e = sim_wait(n, UPDATE, 10 * SECOND);

    assert_non_null(e);
    assert_int_equal(e[3], 0);
    assert_int_equal(get16(e + 6), interval);
    assert_int_equal(get16(e + 8), latency);
    assert_int_equal(get16(e + 10), timeout);
}

/* kbit/s from one to the other in 5 s. */
static unsigned rate(struct sim_node *from, struct sim_node *to, unsigned h, unsigned len)
{
    uint64_t begun = sim_us, before = to->acl_octets;
    uint8_t data[251] = {0};

    while (sim_us < begun + 5 * SECOND) {
        while (from->credits) {
            from->credits--;
            assert_true(sim_acl(from, h, 0, data, len));
        }
        sim_run(100);
    }
    return (unsigned)((to->acl_octets - before) * 8 / 5000);
}

/* As much as the air lets through: 27 octets take 676 us with their answer (508 on 2M), 251 take
 * 2,468 (1,404); an event of 30 ms has some of it at its end left over. */
static void test_throughput(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = i ? b : a, *other = i ? a : b;
        unsigned h;

        pair(24, 24, 0);
        h = i ? hb : ha;
        assert_in_range(rate(n, other, h, 27), 300, 320);
        assert_int_equal(set_length(n, h, 251, 2120), 0);
        sim_run(SECOND);
        assert_in_range(rate(n, other, h, 251), 700, 813);
        assert_int_equal(set_phy(n, h, 2, 2), 0);
        sim_run(SECOND);
        assert_in_range(rate(n, other, h, 251), 1350, 1430);
        assert_int_equal(a->disconnections, 0);
    }
}

static void test_update_by_central(void **state)
{
    static const unsigned intervals[] = {6, 80, 7, 3200, 24};
    uint64_t packets;

    pair(26, 24, 3);
    for (size_t i = 0; i < sizeof(intervals) / sizeof(*intervals); i++) {
        assert_int_equal(update(a, ha, intervals[i], 0, 2000), 0);
        assert_int_equal(update(a, ha, intervals[i], 0, 2000), COMMAND_DISALLOWED);
        for (int j = 0; j < 60 && !sim_has(a, UPDATE); j++) {
            sim_run(SECOND);
        }
        check_update(a, intervals[i], 0, 2000);
        for (int j = 0; j < 10 && !sim_has(b, UPDATE); j++) {
            sim_run(SECOND);
        }
        check_update(b, intervals[i], 0, 2000);
    }
    packets = sim_packets;
    sim_run(30 * SECOND);
    assert_in_range(sim_packets - packets, 1990, 2002);
    assert_int_equal(update(a, ha, 5, 0, 100), INVALID_PARAMETERS);
    assert_int_equal(update(a, ha, 100, 10, 100), INVALID_PARAMETERS); /* timeout too short */
    exchange(ha, hb, 50, 60 * SECOND);
}

/* Three connections of one central, all updated to the same interval: their anchors stay apart. */
static void test_update_of_three(void **state)
{
    unsigned h[3], peer;

    start(4, 29);
    for (unsigned i = 0; i < 3; i++) {
        connect_pair(a, &sim[1 + i], 24 + 8 * i, 0, 400, &h[i], &peer);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(update(a, h[i], 16, 0, 400), 0);
        check_update(a, 16, 0, 400);
    }
    sim_run(SECOND);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < i; j++) {
            const struct conn *c = a->controller.conn;
            uint32_t apart = (c[h[i]].anchor - c[h[j]].anchor + 16 * 1250 * 1000) % (16 * 1250);

            assert_in_range(apart, 3700, 16 * 1250 - 3700);
        }
    }
    sim_run(10 * SECOND);
    assert_int_equal(a->disconnections, 0);
}

/* The peripheral asks; the central's host agrees, or does not. */
static void test_update_by_peripheral(void **state)
{
    uint8_t yes[14] = {0}, no[3] = {0, 0, UNACCEPTABLE_PARAMETERS};
    const uint8_t *e;

    pair(27, 24, 0);
    assert_int_equal(update(b, hb, 40, 2, 300), 0);
    e = sim_wait(a, PARAM_REQUEST, SECOND);
    assert_non_null(e);
    assert_int_equal(get16(e + 5), 40);
    assert_int_equal(get16(e + 9), 2);
    put16(yes, ha);
    memcpy(yes + 2, e + 5, 8);
    CHECK(0, a, 8, 0x20, yes, 14);
    CHECK(COMMAND_DISALLOWED, a, 8, 0x20, yes, 14);
    check_update(a, 40, 2, 300);
    check_update(b, 40, 2, 300);
    exchange(ha, hb, 50, 60 * SECOND);
    assert_int_equal(update(b, hb, 80, 0, 300), 0);
    assert_non_null(sim_wait(a, PARAM_REQUEST, SECOND));
    put16(no, ha);
    CHECK(0, a, 8, 0x21, no, 3);
    e = sim_wait(b, UPDATE, 2 * SECOND);
    assert_non_null(e);
    assert_int_equal(e[3], UNACCEPTABLE_PARAMETERS);
    assert_int_equal(get16(e + 6), 40);
    /* a host that does not want to know */
    CHECK(0, a, 8, 0x01, "\x1F\0\0\0\0\0\0\0", 8);
    assert_int_equal(update(b, hb, 80, 0, 300), 0);
    e = sim_wait(b, UPDATE, 2 * SECOND);
    assert_non_null(e);
    assert_int_equal(e[3], UNSUPPORTED_REMOTE);
}

static void test_channel_map(void **state)
{
    const uint8_t map[5] = {0x0F, 0, 0xF0, 0, 0x10};

    pair(28, 12, 2);
    CHECK(0, a, 8, 0x14, map, 5);
    sim_run(SECOND);
    assert_int_equal(with_handle(a, 8, 0x15, ha), 0);
    assert_memory_equal(sim_reply + 3, map, 5);
    assert_int_equal(with_handle(b, 8, 0x15, hb), 0);
    assert_memory_equal(sim_reply + 3, map, 5);
    CHECK(INVALID_PARAMETERS, a, 8, 0x14, "\1\0\0\0\0", 5);
    for (int i = 0; i < 20; i++) {
        sim_run(12 * 1250);
        assert_true(map[a->tune.channel / 8] >> (a->tune.channel % 8) & 1);
    }
    exchange(ha, hb, 50, 60 * SECOND);
}

/* ---- encryption ---- */

static const uint8_t ltk[16] = {0xBF, 0x01, 0xFB, 0x9D, 0x4E, 0xF3, 0xBC, 0x36,
                                0xD8, 0x74, 0xF5, 0x39, 0x41, 0x38, 0x68, 0x4C};

static int encrypt(void)
{
    uint8_t p[28] = {0, 0, 0x90, 0x78, 0x56, 0x34, 0x12, 0xEF, 0xCD, 0xAB, 0x74, 0x24};

    put16(p, ha);
    memcpy(p + 12, ltk, 16);
    return sim_command(a, 8, 0x19, p, 28);
}

static int reply(const uint8_t *key)
{
    const uint8_t *e = sim_wait(b, LTK_REQUEST, 10 * SECOND);
    uint8_t p[18];

    assert_non_null(e);
    assert_int_equal(e[5], 0x90);
    assert_int_equal(get16(e + 13), 0x2474);
    put16(p, hb);
    if (!key) {
        return sim_command(b, 8, 0x1B, p, 2);
    }
    memcpy(p + 2, key, 16);
    return sim_command(b, 8, 0x1A, p, 18);
}

static void check_encrypted(struct sim_node *n, unsigned code, uint8_t status)
{
    const uint8_t *e = sim_wait(n, code, 10 * SECOND);

    assert_non_null(e);
    assert_int_equal(e[2], status);
    if (code == ENCRYPTED) {
        assert_int_equal(e[5], status == 0);
    }
}

static void test_encryption(void **state)
{
    pair(30, 24, 0);
    assert_int_equal(encrypt(), 0);
    assert_int_equal(encrypt(), COMMAND_DISALLOWED);
    assert_int_equal(reply(ltk), 0);
    check_encrypted(a, ENCRYPTED, 0);
    check_encrypted(b, ENCRYPTED, 0);
    exchange(ha, hb, 200, 100 * SECOND);
    assert_int_equal(set_length(a, ha, 251, 2120), 0);
    assert_non_null(sim_wait(a, DATA_LENGTH, SECOND));
    exchange(ha, hb, 200, 100 * SECOND);
    assert_int_equal(set_phy(b, hb, 2, 2), 0);
    assert_non_null(sim_wait(b, PHY, SECOND));
    exchange(ha, hb, 200, 100 * SECOND);
    assert_int_equal(encrypt(), 0); /* again: a pause, a new session key */
    assert_int_equal(reply(ltk), 0);
    check_encrypted(a, REFRESHED, 0);
    check_encrypted(b, REFRESHED, 0);
    exchange(ha, hb, 200, 100 * SECOND);
    assert_int_equal(a->disconnections + b->disconnections, 0);
}

/* With data under way both ways, and losses. */
static void test_encryption_busy(void **state)
{
    for (uint32_t seed = 40; seed < 44; seed++) {
        struct stream s[2];

        pair(seed, 12, 0);
        sim_loss = 100;
        sim_work_us = 4000;
        s[0] = (struct stream){a, ha, 0, 300};
        s[1] = (struct stream){b, hb, 0, 300};
        a->on_acl = b->on_acl = check_acl;
        for (int i = 0; i < 20; i++) {
            feed(&s[0]);
            feed(&s[1]);
            sim_run(1000);
        }
        assert_int_equal(encrypt(), 0);
        for (int i = 0; i < 20000 && !sim_has(b, LTK_REQUEST); i++) {
            feed(&s[0]);
            feed(&s[1]);
            sim_run(1000);
        }
        assert_int_equal(reply(ltk), 0);
        for (int i = 0; i < 60000 && (b->acl_check < s[0].made || a->acl_check < s[1].made ||
                                      s[0].packets || s[1].packets);
             i++) {
            feed(&s[0]);
            feed(&s[1]);
            sim_run(1000);
        }
        check_encrypted(a, ENCRYPTED, 0);
        check_encrypted(b, ENCRYPTED, 0);
        assert_int_equal(b->acl_check, s[0].made);
        assert_int_equal(a->acl_check, s[1].made);
        assert_int_equal(a->disconnections + b->disconnections, 0);
    }
}

static void test_no_key(void **state)
{
    pair(31, 24, 0);
    assert_int_equal(encrypt(), 0);
    assert_int_equal(reply(NULL), 0);
    check_encrypted(a, ENCRYPTED, KEY_MISSING);
    exchange(ha, hb, 50, 60 * SECOND); /* it goes on without */
    assert_int_equal(encrypt(), 0);
    assert_int_equal(reply(ltk), 0);
    check_encrypted(a, ENCRYPTED, 0);
}

/* Two keys: the first encrypted PDU is not authentic. */
static void test_wrong_key(void **state)
{
    uint8_t wrong[16] = {1, 2, 3};
    const uint8_t *e;

    pair(32, 24, 0);
    assert_int_equal(encrypt(), 0);
    assert_int_equal(reply(wrong), 0);
    e = sim_wait(b, DISCONNECTED, 10 * SECOND);
    assert_non_null(e);
    assert_int_equal(e[5], MIC_FAILURE);
    e = sim_wait(a, DISCONNECTED, 10 * SECOND);
    assert_non_null(e);
}

/* The ping keeps the authenticated payload timer from expiring; without a peer's host, too. */
static void test_payload_timeout(void **state)
{
    uint8_t p[4];
    const uint8_t *e;

    pair(33, 24, 0);
    assert_int_equal(encrypt(), 0);
    assert_int_equal(reply(ltk), 0);
    check_encrypted(a, ENCRYPTED, 0);
    put16(p, ha);
    put16(p + 2, 100);
    CHECK(0, a, 3, 0x7C, p, 4);
    CHECK(0, a, 3, 0x7B, p, 2);
    assert_int_equal(get16(sim_reply + 3), 100);
    sim_run(20 * SECOND);
    assert_false(sim_has(a, PAYLOAD_TIMEOUT));
    stall(b);
    e = sim_wait(a, PAYLOAD_TIMEOUT, 2 * SECOND);
    assert_non_null(e);
    assert_int_equal(get16(e + 2), ha);
}

/* A procedure that the peer never finishes ends the connection after 40 s. */
static void test_response_timeout(void **state)
{
    const uint8_t *e;
    uint64_t begun;

    pair(34, 24, 0);
    stall(b);
    begun = sim_us;
    assert_int_equal(with_handle(a, 8, 0x16, ha), 0);
    e = sim_wait(a, DISCONNECTED, 50 * SECOND);
    assert_non_null(e);
    assert_int_equal(e[5], RESPONSE_TIMEOUT);
    assert_in_range(sim_us - begun, 40 * SECOND, 41 * SECOND);
}

/* Everything at once from both hosts, with losses: nothing is stuck, nobody is thrown out. */
static void test_all_procedures(void **state)
{
    for (uint32_t seed = 50; seed < 70; seed++) {
        pair(seed, 12, seed % 4);
        sim_loss = 100;
        sim_work_us = 3000;
        for (int i = 0; i < 2; i++) {
            struct sim_node *n = i ? b : a;
            unsigned h = i ? hb : ha;

            with_handle(n, 8, 0x16, h);
            with_handle(n, 1, 0x1D, h);
            set_length(n, h, 100 + 50 * i, 2120);
            set_phy(n, h, 2, 2);
        }
        update(a, ha, 20, 0, 400);
        CHECK(0, a, 8, 0x14, "\xFF\xFF\0\0\x0F", 5);
        encrypt();
        assert_int_equal(reply(ltk), 0);
        for (int i = 0; i < 2; i++) {
            struct sim_node *n = i ? b : a;

            check_encrypted(n, ENCRYPTED, 0);
            assert_non_null(sim_wait(n, FEATURES, 20 * SECOND));
            assert_non_null(sim_wait(n, VERSION, 20 * SECOND));
            assert_non_null(sim_wait(n, PHY, 20 * SECOND));
            check_update(n, 20, 0, 400);
            assert_int_equal(with_handle(n, 8, 0x15, i ? hb : ha), 0);
        }
        exchange(ha, hb, 20, 100 * SECOND);
        assert_int_equal(a->disconnections + b->disconnections, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features_and_version),
        cmocka_unit_test(test_data_length),
        cmocka_unit_test(test_phy),
        cmocka_unit_test(test_throughput),
        cmocka_unit_test(test_update_by_central),
        cmocka_unit_test(test_update_of_three),
        cmocka_unit_test(test_update_by_peripheral),
        cmocka_unit_test(test_channel_map),
        cmocka_unit_test(test_encryption),
        cmocka_unit_test(test_encryption_busy),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_payload_timeout),
        cmocka_unit_test(test_response_timeout),
        cmocka_unit_test(test_all_procedures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
