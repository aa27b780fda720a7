/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_test.c - controllers that advertise, scan, connect and talk on a simulated medium.
 */
#include "ll_hosts.h"

/* ---- HCI ---- */

static void test_identity(void **state)
{
    start(1, 1);
    CHECK(0, a, 3, 0x03, NULL, 0);
    CHECK(0, a, 4, 0x01, NULL, 0);
    assert_int_equal(sim_reply[1], 0x0B);
    CHECK(0, a, 4, 0x09, NULL, 0);
    assert_memory_equal(sim_reply + 1, a->address, 6);
    CHECK(0, a, 8, 0x02, NULL, 0);
    assert_int_equal(get16(sim_reply + 1), 251);
    assert_int_equal(sim_reply[3], LL_ACL);
    CHECK(0, a, 8, 0x03, NULL, 0);
    assert_int_equal(get16(sim_reply + 1), LL_FEATURES);
    CHECK(0, a, 8, 0x18, NULL, 0);
    CHECK(UNKNOWN_COMMAND, a, 8, 0x36, NULL, 0);      /* extended advertising */
    CHECK(INVALID_PARAMETERS, a, 8, 0x02, "x", 1);    /* too long */
    CHECK(INVALID_PARAMETERS, a, 3, 0x01, "x", 1);    /* too short */
    CHECK(UNKNOWN_CONNECTION, a, 8, 0x15, "\0\0", 2); /* nobody there */
    CHECK(UNKNOWN_CONNECTION, a, 1, 0x06, "\xFF\x0F\x13", 3);
}

/* Every command that Read Local Supported Commands claims is known, and no other is. */
static void test_supported_commands(void **state)
{
    static const struct {
        uint8_t octet, bit, ogf, ocf;
    } known[] = {
        {0, 5, 1, 0x06},  {2, 7, 1, 0x1D},  {5, 6, 3, 0x01},  {10, 2, 3, 0x2D}, {14, 3, 4, 0x01},
        {15, 5, 5, 0x05}, {25, 0, 8, 0x01}, {27, 7, 8, 0x18}, {28, 3, 8, 0x1C}, {33, 4, 8, 0x20},
        {34, 2, 8, 0x26}, {35, 6, 8, 0x32}, {36, 0, 8, 0x33}, {36, 1, 8, 0x35}, {28, 4, 8, 0x1D},
    };

    start(1, 1);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        uint8_t long_one[255] = {0};
        bool claimed;

        CHECK(0, a, 4, 0x02, NULL, 0);
        claimed = sim_reply[1 + known[i].octet] >> known[i].bit & 1;
        assert_int_equal(sim_command(a, known[i].ogf, known[i].ocf, long_one, 255),
                         claimed ? INVALID_PARAMETERS : UNKNOWN_COMMAND);
    }
}

/* ---- advertising and scanning ---- */

static void test_passive_scan(void **state)
{
    const uint8_t *e;

    start(2, 2);
    advertise(a);
    scan(b, false, false, 0);
    for (int i = 0; i < 10; i++) {
        e = sim_wait(b, LE(0x02), SECOND);
        assert_non_null(e);
        assert_int_equal(e[4], 0);
        assert_memory_equal(e + 6, a->address, 6);
        assert_int_equal(e[12], 9);
        assert_int_equal((int8_t)e[13 + 9], -40);
    }
    scan_off(b);
    sim_forget(b);
    assert_null(sim_wait(b, LE(0x02), SECOND));
}

/* With active scanning the response comes once, then the duplicates filter is silent. */
static void test_active_scan(void **state)
{
    unsigned responses = 0, reports = 0;
    const uint8_t *e;

    start(2, 3);
    advertise(a);
    scan(b, true, true, 0);
    while ((e = sim_wait(b, LE(0x02), 2 * SECOND))) {
        reports++;
        if (e[4] == 4) {
            responses++;
            assert_int_equal(e[12], 4);
        }
    }
    assert_int_equal(reports, 2);
    assert_int_equal(responses, 1);
}

static void test_adv_kinds(void **state)
{
    start(2, 4);
    scan(b, true, false, 0);
    assert_int_equal(advertise_as(a, 3, 0, NULL), 0); /* nonconnectable: nobody asks */
    sim_run(SECOND);
    while (sim_has(b, LE(0x02))) {
        assert_int_equal(sim_wait(b, LE(0x02), 0)[4], 3);
    }
    CHECK(0, a, 8, 0x0A, "\0", 1);
    sim_forget(b);
    assert_int_equal(advertise_as(a, 2, 0, NULL), 0); /* scannable */
    assert_int_equal(sim_wait(b, LE(0x02), SECOND)[4], 2);
    assert_int_equal(sim_wait(b, LE(0x02), SECOND)[4], 4);
    CHECK(0, a, 8, 0x0A, "\0", 1);
    sim_forget(b);
    assert_int_equal(advertise_as(a, 4, 0, sim[1].address), 0); /* directed to b */
    assert_int_equal(sim_wait(b, LE(0x02), SECOND)[4], 1);
}

/* High duty cycle directed advertising ends by itself after 1.28 s. */
static void test_directed_timeout(void **state)
{
    const uint8_t nobody[6] = {9, 9, 9, 9, 9, 9}, *e;
    uint64_t begun;

    start(2, 5);
    begun = sim_us;
    assert_int_equal(advertise_as(a, 1, 0, nobody), 0);
    e = sim_wait(a, LE(0x01), 2 * SECOND);
    assert_non_null(e);
    assert_int_equal(e[3], ADVERTISING_TIMEOUT);
    assert_in_range(sim_us - begun, 1280000, 1290000);
    assert_int_equal(advertise_as(a, 0, 0, NULL), 0);
}

/* The advertising interval, and the random delay of up to 10 ms. */
static void test_adv_interval(void **state)
{
    uint64_t before;

    start(1, 6);
    advertise(a);
    before = sim_packets;
    sim_run(100 * SECOND);
    /* 3 packets each 20 to 30 ms */
    assert_in_range(sim_packets - before, 3 * 100 * 1000 / 26, 3 * 100 * 1000 / 24);
}

static void filter_add(struct sim_node *n, const struct sim_node *who)
{
    uint8_t p[7] = {0};

    memcpy(p + 1, who->address, 6);
    CHECK(0, n, 8, 0x11, p, 7);
}

static void test_filter_list(void **state)
{
    const uint8_t *e;

    start(3, 7);
    filter_add(a, &sim[2]);
    assert_int_equal(advertise_as(a, 0, 3, NULL), 0); /* only for node 2 */
    CHECK(COMMAND_DISALLOWED, a, 8, 0x10, NULL, 0);   /* in use */
    scan(b, true, false, 0);
    sim_run(SECOND);
    while (sim_has(b, LE(0x02))) {
        assert_int_equal(sim_wait(b, LE(0x02), 0)[4], 0); /* no scan response */
    }
    scan_off(b);
    assert_int_equal(create(b, a, 24, 0, 100), 0);
    sim_run(2 * SECOND);
    assert_int_equal(a->connections, 0);
    filter_add(&sim[2], a);
    scan(&sim[2], true, false, 1);
    while ((e = sim_wait(&sim[2], LE(0x02), SECOND)) && e[4] != 4) {
    }
    assert_non_null(e);
    scan_off(&sim[2]);
    assert_int_equal(create(&sim[2], NULL, 24, 0, 100), 0); /* by the list */
    assert_non_null(sim_wait(&sim[2], LE(0x01), 5 * SECOND));
    assert_non_null(sim_wait(a, LE(0x01), SECOND));
}

static void test_create_cancel(void **state)
{
    const uint8_t *e;

    start(2, 8);
    assert_int_equal(create(a, b, 24, 0, 100), 0);
    assert_int_equal(create(a, b, 24, 0, 100), COMMAND_DISALLOWED);
    sim_run(SECOND);
    CHECK(0, a, 8, 0x0E, NULL, 0);
    e = sim_wait(a, LE(0x01), SECOND);
    assert_non_null(e);
    assert_int_equal(e[3], UNKNOWN_CONNECTION);
    CHECK(COMMAND_DISALLOWED, a, 8, 0x0E, NULL, 0);
}

/* ---- connections ---- */

static void test_connect_disconnect(void **state)
{
    unsigned ha, hb;
    const uint8_t *e;

    start(2, 9);
    for (int i = 0; i < 20; i++) {
        connect_pair(a, b, 6 + i, 0, 100, &ha, &hb);
        sim_run(200000);
        assert_int_equal(disconnect(i % 2 ? a : b, i % 2 ? ha : hb), 0);
        e = sim_wait(a, DISCONNECTED, SECOND);
        assert_non_null(e);
        assert_int_equal(e[5], i % 2 ? LOCAL_TERMINATED : REMOTE_TERMINATED);
        e = sim_wait(b, DISCONNECTED, SECOND);
        assert_non_null(e);
        assert_int_equal(e[5], i % 2 ? REMOTE_TERMINATED : LOCAL_TERMINATED);
    }
}

/* One side disappears. */
static void test_supervision(void **state)
{
    unsigned ha, hb;
    const uint8_t *e;
    uint64_t begun;

    start(2, 10);
    connect_pair(a, b, 24, 0, 50, &ha, &hb);
    sim_run(SECOND);
    CHECK(0, a, 3, 0x03, NULL, 0);
    begun = sim_us;
    e = sim_wait(b, DISCONNECTED, SECOND);
    assert_non_null(e);
    assert_int_equal(e[5], CONNECTION_TIMEOUT);
    assert_in_range(sim_us - begun, 440000, 550000);
}

/* The advertiser is gone when the initiator's CONNECT_IND goes out. */
static void test_not_established(void **state)
{
    unsigned ha = 0;
    const uint8_t *e;

    start(2, 11);
    advertise(b);
    assert_int_equal(create(a, b, 24, 0, 100), 0);
    while (!a->connections) {
        sim_run(100);
        if (a->controller.conn[0].state == CONN_CREATED) {
            CHECK(0, b, 3, 0x03, NULL, 0);
        }
    }
    e = sim_wait(a, LE(0x01), SECOND);
    ha = get16(e + 4);
    e = sim_wait(a, DISCONNECTED, SECOND);
    assert_non_null(e);
    assert_int_equal(get16(e + 3), ha);
    assert_int_equal(e[5], NOT_ESTABLISHED);
}

static void test_data(void **state)
{
    unsigned ha, hb;

    start(2, 12);
    connect_pair(a, b, 24, 0, 100, &ha, &hb);
    exchange(ha, hb, 1000, 200 * SECOND);
}

/* A fifth of all packets is lost, half of those by their CRC. */
static void test_data_loss(void **state)
{
    for (uint32_t seed = 1; seed <= 4; seed++) {
        unsigned ha, hb;

        start(2, 100 + seed);
        connect_pair(a, b, 12, seed - 1, 600, &ha, &hb);
        sim_loss = 200;
        sim_work_us = 3000;
        exchange(ha, hb, 500, 600 * SECOND);
        assert_int_equal(a->disconnections + b->disconnections, 0);
    }
}

static uint32_t answers; /* that the peripheral has given */
static bool heard;

static void hears_request(struct sim_node *n, const uint8_t *packet, size_t len)
{
    assert_int_equal(n->completed, answers);
    heard = true;
}

static void hears_answer(struct sim_node *n, const uint8_t *packet, size_t len)
{
    heard = true;
}

static void run_until_heard(void)
{
    uint64_t end = sim_us + SECOND;

    heard = false;
    while (!heard && sim_us < end) {
        sim_run(100);
    }
    assert_true(heard);
}

/* The request that comes after an answer carries its acknowledgement, which the host hears first.
 */
static void test_data_order(void **state)
{
    unsigned ha, hb;

    start(2, 18);
    connect_pair(a, b, 12, 0, 100, &ha, &hb);
    a->on_acl = hears_answer;
    b->on_acl = hears_request;
    for (answers = 0; answers < 100; answers++) {
        assert_true(sim_acl(a, ha, 0, (const uint8_t *)"?", 1));
        run_until_heard();
        assert_true(sim_acl(b, hb, 0, (const uint8_t *)"!", 1));
        run_until_heard();
    }
}

/* A host that takes nothing stops the air, loses nothing, and goes on. */
static void test_host_full(void **state)
{
    struct stream s = {a, 0, 0, 60};
    unsigned hb;

    start(2, 13);
    connect_pair(a, b, 12, 0, 100, &s.handle, &hb);
    b->on_acl = check_acl;
    b->host_full = true;
    for (int i = 0; i < 1000; i++) {
        feed(&s);
        sim_run(2000);
    }
    assert_true(s.packets > 30);
    b->host_full = false;
    sim_work(b);
    for (int i = 0; i < 2000 && (s.packets || b->acl_check < s.made); i++) {
        feed(&s);
        sim_run(2000);
    }
    assert_int_equal(b->acl_check, s.made);
    assert_int_equal(b->disconnections, 0);
}

/* Controller to host flow control: three packets, then none until they are returned. */
static void test_host_flow_control(void **state)
{
    const uint8_t size[7] = {251, 0, 0, 3, 0, 0, 0};
    uint8_t returned[5] = {1, 0, 0, 2, 0};
    struct stream s = {a, 0, 0, 8};
    unsigned hb;

    start(2, 14);
    CHECK(0, b, 3, 0x33, size, 7);
    CHECK(0, b, 3, 0x31, "\1", 1);
    connect_pair(a, b, 12, 0, 100, &s.handle, &hb);
    b->on_acl = check_acl;
    for (int i = 0; i < 8; i++) {
        uint8_t octet = (uint8_t)i;

        b->on_acl = NULL;
        assert_true(sim_acl(a, s.handle, 0, &octet, 1));
    }
    sim_run(SECOND);
    assert_int_equal(b->acl_packets, 3);
    put16(returned + 1, hb);
    assert_int_equal(sim_command(b, 3, 0x35, returned, 5), -1); /* no answer to this one */
    sim_run(SECOND);
    assert_int_equal(b->acl_packets, 5);
    returned[3] = 200;
    CHECK(INVALID_PARAMETERS, b, 3, 0x35, returned, 5);
}

/* A host with small buffers gets PDUs in pieces, and all of them. */
static void test_host_buffers(void **state)
{
    const uint8_t size[7] = {70, 0, 0, 4, 0, 0, 0}, length[4] = {251, 0, 0x48, 0x08};
    struct stream s = {a, 0, 0, 20};
    unsigned hb;

    start(2, 17);
    CHECK(COMMAND_DISALLOWED, b, 3, 0x31, "\1", 1);
    CHECK(INVALID_PARAMETERS, b, 3, 0x33, "\x1A\0\0\4\0\0\0", 7);
    CHECK(0, b, 3, 0x33, size, 7);
    CHECK(0, b, 3, 0x31, "\1", 1);
    CHECK(0, a, 8, 0x24, length, 4);
    connect_pair(a, b, 12, 0, 100, &s.handle, &hb);
    sim_run(SECOND);
    b->on_acl = check_acl;
    for (int i = 0; i < 1000 && (s.packets || b->acl_check < s.made); i++) {
        uint8_t returned[5] = {1, 0, 0, b->controller.conn[hb].given};

        feed(&s);
        put16(returned + 1, hb);
        sim_command(b, 3, 0x35, returned, 5);
        sim_run(5000);
    }
    assert_int_equal(b->acl_check, s.made);
    assert_true(b->acl_packets > 30);
}

/* Latency: the peripheral sleeps, and still answers at once when it has something to say. */
static void test_latency(void **state)
{
    unsigned ha, hb;
    uint64_t packets, asked;

    start(2, 15);
    connect_pair(a, b, 24, 9, 400, &ha, &hb); /* 30 ms, 300 ms asleep */
    sim_run(SECOND);
    packets = sim_packets;
    sim_run(30 * SECOND);
    /* 1,000 of the central's, 100 answers */
    assert_in_range(sim_packets - packets, 1090, 1110);
    a->on_acl = NULL;
    asked = sim_us;
    assert_true(sim_acl(b, hb, 0, (const uint8_t *)"hello", 5));
    while (!a->acl_packets) {
        sim_run(1000);
    }
    assert_in_range(sim_us - asked, 0, 65000);
    assert_int_equal(a->disconnections, 0);
}

/* Four centrals and four peripherals on one controller, and it advertises and scans besides. */
static void test_many(void **state)
{
    unsigned h[8], peer[8];
    uint64_t before[8];
    unsigned sent[8] = {0}, sent_to_a = 0;

    start(10, 16);
    for (unsigned i = 0; i < 4; i++) {
        connect_pair(a, &sim[1 + i], 40, 0, 200, &h[i], &peer[i]);
    }
    for (unsigned i = 4; i < 8; i++) {
        connect_pair(&sim[1 + i], a, 40 + 2 * (i - 4), 0, 200, &peer[i], &h[i]);
    }
    assert_int_equal(advertise_as(a, 0, 0, NULL), CONNECTION_LIMIT); /* all eight are taken */
    assert_int_equal(advertise_as(a, 3, 0, NULL), 0);
    advertise(&sim[9]);
    scan(a, true, true, 0);
    scan(&sim[9], false, true, 0);
    for (unsigned i = 0; i < 8; i++) {
        before[i] = sim[1 + i].acl_packets;
    }
    for (int round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 8; i++) {
            uint8_t data[20] = {(uint8_t)i, (uint8_t)round};

            if (a->credits) {
                a->credits--;
                sent[i]++;
                assert_true(sim_acl(a, h[i], 0, data, 20));
            }
            if (sim[1 + i].credits) {
                sim[1 + i].credits--;
                sent_to_a++;
                assert_true(sim_acl(&sim[1 + i], peer[i], 0, data, 20));
            }
        }
        sim_run(200000);
    }
    sim_run(SECOND);
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(sent[i], 95, 100);
        assert_int_equal(sim[1 + i].acl_packets - before[i], sent[i]);
        assert_int_equal(sim[1 + i].disconnections, 0);
    }
    assert_int_equal(sent_to_a, 800);
    assert_int_equal(a->acl_packets, 800);
    assert_int_equal(a->disconnections, 0);
    assert_true(sim_has(a, LE(0x02)));       /* it heard node 9 */
    assert_true(sim_has(&sim[9], LE(0x02))); /* and was heard */
}

/* ---- what CPU1 hears of the radio's activities ---- */

static const uint8_t *activity(struct sim_node *n, uint8_t last, uint8_t slot)
{
    const uint8_t *e = sim_wait(n, 0xFF, SECOND);

    assert_non_null(e);
    assert_memory_equal(e + 1, "\x0A\x04\x00", 3);
    assert_int_equal(e[4], last);
    assert_int_equal(e[10], slot);
    return e;
}

/* When the next one begins, in units of 625/256 us. */
static uint32_t next_time(const uint8_t *e)
{
    return get16(e + 6) | (uint32_t)get16(e + 8) << 16;
}

static void test_activities(void **state)
{
    const uint8_t *e;
    unsigned hc, hp;
    uint32_t first;

    start(2, 9);
    advertise(a);
    assert_null(sim_wait(a, 0xFF, SECOND)); /* nobody has asked */
    a->controller.activity_mask = 1u << 1;
    b->controller.activity_mask = 1u << 3 | 1u << 5;
    first = next_time(activity(a, 1, 7));
    e = activity(a, 1, 7);
    assert_int_equal(e[5], 1); /* the next one, too */
    assert_int_equal(e[11], 7);
    assert_in_range(next_time(e) - first, 20000 * 256 / 625, 200000 * 256 / 625);
    scan(b, false, false, 0);
    activity(b, 3, 6);
    scan_off(b);
    sim_forget(b);
    CHECK(0, a, 8, 0x0A, "\0", 1);
    connect_pair(b, a, 24, 0, 100, &hc, &hp);
    sim_forget(b);
    first = next_time(activity(b, 5, 0));
    e = activity(b, 5, 0);
    assert_int_equal(e[5], 5);
    assert_in_range(next_time(e) - first, 12287, 12289); /* 30 ms */
    sim_forget(a);                                       /* it has advertised */
    assert_null(sim_wait(a, 0xFF, SECOND));              /* peripheral: not in its mask */
    CHECK(0, b, 3, 0x03, NULL, 0);
    sim_forget(b);
    scan(b, false, false, 0);
    assert_null(sim_wait(b, 0xFF, SECOND)); /* a reset clears the mask */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_supported_commands),
        cmocka_unit_test(test_activities),
        cmocka_unit_test(test_passive_scan),
        cmocka_unit_test(test_active_scan),
        cmocka_unit_test(test_adv_kinds),
        cmocka_unit_test(test_directed_timeout),
        cmocka_unit_test(test_adv_interval),
        cmocka_unit_test(test_filter_list),
        cmocka_unit_test(test_create_cancel),
        cmocka_unit_test(test_connect_disconnect),
        cmocka_unit_test(test_supervision),
        cmocka_unit_test(test_not_established),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_data_loss),
        cmocka_unit_test(test_data_order),
        cmocka_unit_test(test_host_full),
        cmocka_unit_test(test_host_flow_control),
        cmocka_unit_test(test_host_buffers),
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
