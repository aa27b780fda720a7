/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_hosts.c - what hosts do with controllers, for the tests.
 */
#include "ll_hosts.h"

static void mask_all(struct sim_node *n)
{
    const uint8_t all[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F};

    CHECK(0, n, 3, 0x01, all, 8);
    CHECK(0, n, 3, 0x63, all, 8);
    CHECK(0, n, 8, 0x01, all, 8);
}

void start(unsigned nodes, uint32_t seed)
{
    sim_start(nodes, seed);
    for (unsigned i = 0; i < nodes; i++) {
        mask_all(&sim[i]);
    }
}

int advertise_as(struct sim_node *n, uint8_t type, uint8_t filter, const uint8_t *to)
{
    uint8_t p[15] = {0x20, 0, 0x20, 0, type, 0, 0, 0, 0, 0, 0, 0, 0, 7, filter};
    const uint8_t on = 1;

    if (to) {
        memcpy(p + 7, to, 6);
    }
    CHECK(0, n, 8, 0x06, p, 15);
    return sim_command(n, 8, 0x0A, &on, 1);
}

void advertise(struct sim_node *n)
{
    const uint8_t data[32] = {9, 2, 1, 6, 5, 9, 'n', 'o', 'd', 'e'};
    const uint8_t response[32] = {4, 3, 3, 0x0D, 0x18};

    CHECK(0, n, 8, 0x08, data, 32);
    CHECK(0, n, 8, 0x09, response, 32);
    assert_int_equal(advertise_as(n, 0, 0, NULL), 0);
}

void scan(struct sim_node *n, bool active, bool filter_duplicates, uint8_t policy)
{
    const uint8_t p[7] = {active, 0x30, 0, 0x30, 0, 0, policy};
    const uint8_t on[2] = {1, filter_duplicates};

    CHECK(0, n, 8, 0x0B, p, 7);
    CHECK(0, n, 8, 0x0C, on, 2);
}

void scan_off(struct sim_node *n)
{
    const uint8_t off[2] = {0, 0};

    CHECK(0, n, 8, 0x0C, off, 2);
}

int create(struct sim_node *n, const struct sim_node *to, unsigned interval, unsigned latency,
           unsigned timeout)
{
    uint8_t p[25] = {0x30, 0, 0x30, 0};

    if (to) {
        memcpy(p + 6, to->address, 6);
    } else {
        p[4] = 1;
    }
    put16(p + 13, interval);
    put16(p + 15, interval);
    put16(p + 17, latency);
    put16(p + 19, timeout);
    return sim_command(n, 8, 0x0D, p, 25);
}

void connect_pair(struct sim_node *central, struct sim_node *peripheral, unsigned interval,
                  unsigned latency, unsigned timeout, unsigned *hc, unsigned *hp)
{
    const uint8_t *e;

    advertise(peripheral);
    assert_int_equal(create(central, peripheral, interval, latency, timeout), 0);
    e = sim_wait(central, LE(0x01), 5 * SECOND);
    assert_non_null(e);
    assert_int_equal(e[3], 0);
    assert_int_equal(e[6], 0);
    assert_memory_equal(e + 8, peripheral->address, 6);
    assert_int_equal(get16(e + 14), interval);
    *hc = get16(e + 4);
    e = sim_wait(peripheral, LE(0x01), SECOND);
    assert_non_null(e);
    assert_int_equal(e[3], 0);
    assert_int_equal(e[6], 1);
    assert_memory_equal(e + 8, central->address, 6);
    *hp = get16(e + 4);
    assert_non_null(sim_wait(central, LE(0x14), SECOND));
    e = sim_wait(peripheral, LE(0x14), SECOND);
    assert_non_null(e);
    assert_int_equal(e[5], 1); /* algorithm #2 */
}

int disconnect(struct sim_node *n, unsigned handle)
{
    uint8_t p[3] = {0, 0, 0x13};

    put16(p, handle);
    return sim_command(n, 1, 0x06, p, 3);
}

/* Each octet of data tells its place in the stream. */
void check_acl(struct sim_node *n, const uint8_t *packet, size_t len)
{
    assert_int_equal(get16(packet + 2), len - 4);
    for (size_t i = 4; i < len; i++) {
        assert_int_equal(packet[i], (uint8_t)(n->acl_check * 7 + (n->acl_check >> 8)));
        n->acl_check++;
    }
}

/* As many packets as there are credits for, of random lengths. */
void feed(struct stream *s)
{
    while (s->from->credits && s->packets) {
        uint8_t data[251];
        unsigned len = 1 + sim_random() % 251;

        for (unsigned i = 0; i < len; i++) {
            data[i] = (uint8_t)(s->made * 7 + (s->made >> 8));
            s->made++;
        }
        s->from->credits--;
        s->packets--;
        assert_true(sim_acl(s->from, s->handle, 0, data, len));
    }
}

void exchange(unsigned ha, unsigned hb, unsigned packets, uint64_t us)
{
    struct stream s[2] = {{a, ha, 0, packets}, {b, hb, 0, packets}};
    uint64_t end = sim_us + us;

    a->on_acl = b->on_acl = check_acl;
    a->acl_check = b->acl_check = 0;
    while (sim_us < end &&
           (s[0].packets || s[1].packets || a->acl_check < s[1].made || b->acl_check < s[0].made)) {
        feed(&s[0]);
        feed(&s[1]);
        sim_run(1000);
    }
    assert_int_equal(s[0].packets, 0);
    assert_int_equal(s[1].packets, 0);
    assert_int_equal(b->acl_check, s[0].made);
    assert_int_equal(a->acl_check, s[1].made);
    sim_run(200000);
    assert_int_equal(a->credits, LL_ACL);
    assert_int_equal(b->credits, LL_ACL);
}
