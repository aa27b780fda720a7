/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_fuzz_test.c - hostile peers and a hostile CPU1, from a seed: whatever they send, the host
 * answers CPU1 in well-formed events, stays within its buffers (the sanitizers look) and serves a
 * good peer afterwards. ORRERY_FUZZ_SEED and ORRERY_FUZZ_ROUNDS choose another run, a longer one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_world.h"

static uint32_t state_of_random;

static uint32_t random_below(uint32_t n)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 17;
    state_of_random ^= state_of_random << 5;
    return n ? state_of_random % n : 0;
}

static unsigned number(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);

    return text ? (unsigned)strtoul(text, NULL, 0) : otherwise;
}

static void begin(void)
{
    static const uint8_t uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    int events[4] = {1, 2, 4, 8 | 1};

    world_gap();
    for (int k = 0; k < 2; k++) {
        cpu1_ok(&nodes[k], 0xFC86, "bbbbbbbwb", 1, 0, k, 1, 7, 16, 1, (uint32_t)0, 0);
        cpu1_ok(&nodes[k], 0xFC85, "b", 4);
        for (int i = 0; i < 4; i++) {
            uint16_t s = get16(cpu1_ok(&nodes[k], 0xFD02, "bmbb", 2, uuid, 16, 1, 6));

            cpu1_ok(&nodes[k], 0xFD04, "hbmhbbbbb", s, 2, uuid, 16, 20 + 100 * i, 0x3E,
                    i == 3 ? 0x24 : 0, events[i], 7, i & 1);
        }
    }
    world_connect();
}

/* A PDU that may be taken for a real one: an opcode that is known, and fields that are small. */
static size_t some_pdu(uint8_t *b, uint16_t cid)
{
    static const uint8_t att[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B,
                                  0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x18,
                                  0x19, 0x1B, 0x1D, 0x1E, 0x20, 0x21, 0x23, 0x52, 0xD2, 0x12, 0x12,
                                  0x12, 0x52, 0x52, 0x52, 0x16, 0x16, 0x16, 0x18, 0x18, 0x18};
    size_t n = random_below(random_below(4) ? 24 : 247) + 1;

    for (size_t i = 0; i < n; i++) {
        b[i] = (uint8_t)(random_below(3) ? random_below(40) : random_below(256));
        if (random_below(4) == 0) {
            b[i] = 0;
        }
    }
    if (cid == CID_ATT && random_below(16)) {
        b[0] = att[random_below(sizeof att)];
        if (n >= 5 && random_below(4)) { /* handles that are there; an offset or an end */
            put16(b + 1,
                  (uint16_t)(random_below(2) ? 1 + random_below(36) : 14 + 6 * random_below(4)));
            put16(b + 3, (uint16_t)(random_below(2) ? 0 : 0xFFFF >> random_below(16)));
        }
    } else if (cid == CID_SMP && random_below(16)) {
        static const uint8_t sizes[] = {1, 7, 7, 17, 17, 2, 17, 11, 17, 8, 17, 2, 65, 17, 2};

        b[0] = (uint8_t)random_below(sizeof sizes);
        n = random_below(8) ? sizes[b[0]] : n;
        if (b[0] == 1 || b[0] == 2) {
            b[1] %= 5;
            b[2] = 0;
            b[4] = 16;
        }
    } else if (cid == CID_SIGNAL && n >= 4 && random_below(8)) {
        b[0] = (uint8_t)random_below(0x20);
        put16(b + 2, (uint16_t)(n - 4));
    }
    return n;
}

static void hostile_peer(struct node *node)
{
    static const uint16_t cids[] = {CID_ATT, CID_ATT, CID_ATT, CID_SIGNAL, CID_SMP, CID_SMP};
    uint16_t cid = cids[random_below(6)];
    uint8_t b[4 + 247];
    size_t n = some_pdu(b + 4, cid), at = 0;

    put16(b, (uint16_t)n);
    put16(b + 2, cid);
    if (random_below(20) == 0) {
        b[random_below(4)] ^= (uint8_t)(1 << random_below(8));
    }
    n += 4;
    if (random_below(4)) {
        world_inject(node, 2, b, n);
        return;
    }
    while (at < n) { /* in fragments, of which some are lost */
        size_t part = random_below((uint32_t)(n - at)) + 1;

        if (random_below(16)) {
            world_inject(node, at ? 1 : 2, b + at, part);
        }
        at += part;
    }
}

/* A command with parameters of chance, often with a true connection handle in front. */
static void hostile_cpu1(struct node *node)
{
    static const uint16_t groups[][2] = {
        {0xFC00, 0x3F}, {0xFC81, 0x50}, {0xFD01, 0x48}, {0xFD81, 2}, {0xFF00, 4}};
    const uint16_t *g = groups[random_below(5)];
    uint16_t opcode = (uint16_t)(g[0] + random_below(g[1]));
    uint8_t b[3 + 255], n = (uint8_t)(random_below(4) ? random_below(24) : random_below(256));
    unsigned before = node->event_count;

    if ((opcode == 0xFD01 || opcode == 0xFF00 || opcode == 0xFC3B || opcode == 0xFC93 ||
         opcode == 0xFD08) &&
        random_below(50)) {
        return; /* too often, and nothing else would be reached */
    }
    put16(b, opcode);
    b[2] = n;
    for (size_t i = 0; i < n; i++) {
        b[3 + i] = (uint8_t)(random_below(3) ? random_below(30) * random_below(2)
                                             : random_below(256));
    }
    if (n >= 2 && random_below(3)) {
        put16(b + 3, random_below(2) ? node->handle : (uint16_t)(12 + 6 * random_below(4)));
    }
    node->host_command(b, 3u + n - (n && random_below(30) == 0 ? 1 : 0));
    world_run();
    if (node->event_count <= before && !node->cpu1_full) {
        fail_msg("command %04X was not answered", opcode);
    }
}

/* Every event that CPU1 got is what its layout says. */
static void check_events(struct node *node)
{
    for (unsigned i = 0; i < node->event_count; i++) {
        const uint8_t *e = node->events[i].octets;
        size_t n = node->events[i].n;

        assert_true(n >= 2 && n == 2u + e[1]);
        if (e[0] == 0xFF) {
            assert_true(n >= 4);
            if (get16(e + 2) == EV_GATT_ATTRIBUTE_MODIFIED) {
                assert_int_equal(n, 12u + get16(e + 10));
            } else if (get16(e + 2) == EV_GATT_NOTIFICATION || get16(e + 2) == EV_GATT_INDICATION) {
                assert_int_equal(n, 9u + e[8]);
            }
        }
    }
    drop_events(node);
}

/* A good peer's exchange works. */
static void sane(void)
{
    const uint8_t *ret;

    assert_int_equal(world_setup(NULL), 0);
    begin();
    ret = cpu1_ok(&nodes[0], 0xFD2A, "hhh", 7, 0, 10);
    assert_int_equal(get16(ret), 0);
    cpu1_ok(&nodes[1], 0xFD18, "hh", nodes[1].handle, 9);
    assert_int_equal(expect_event(&nodes[1], EV_ATT_READ_RESP, NULL)[2], 2);
}

/* CPU1 as it should be: it permits what it is asked, and lets pairing go on. */
static void good_cpu1(struct node *node)
{
    uint16_t h = node->handle;

    if (has_event(node, EV_GATT_READ_PERMIT_REQ) ||
        has_event(node, EV_GATT_READ_MULTI_PERMIT_REQ)) {
        cpu1(node, NULL, 0xFD27, "h", h);
    }
    if (has_event(node, EV_GATT_WRITE_PERMIT_REQ)) {
        const uint8_t *e = expect_event(node, EV_GATT_WRITE_PERMIT_REQ, NULL);

        cpu1(node, NULL, 0xFD26, "hhbbbm", h, get16(e + 2), random_below(2), 0x80, e[4],
             memcpy((uint8_t[256]){0}, e + 5, e[4]), e[4]);
    }
    if (has_event(node, EV_GATT_INDICATION)) {
        cpu1(node, NULL, 0xFD25, "h", h);
    }
    if (has_event(node, EV_GAP_PASS_KEY_REQ)) {
        cpu1(node, NULL, 0xFC88, "hw", h, (uint32_t)0);
    }
    if (has_event(node, EV_GAP_NUMERIC_COMPARISON)) {
        cpu1(node, NULL, 0xFCA5, "hb", h, 1);
    }
}

static unsigned modified, pairings; /* that the storm got so far */

static void storm(unsigned rounds, bool with_cpu1)
{
    begin();
    for (unsigned i = 0; i < rounds; i++) {
        struct node *node = &nodes[random_below(2)];

        if (nodes[0].handle == 0xFFFF || random_below(150) == 0) {
            sane(); /* all anew */
            continue;
        }
        if (with_cpu1 && random_below(3) == 0) {
            hostile_cpu1(node);
        } else if (!nodes[1].cpu1_full && random_below(40) == 0) {
            cpu1(&nodes[1], NULL, 0xFC9F, "hb", nodes[1].handle,
                 1); /* pairs, with that in between */
        } else {
            hostile_peer(node);
        }
        if (random_below(8) == 0) {
            node->cpu1_full = random_below(4) == 0;
            nodes[0].hold_acl = random_below(8) == 0;
        }
        if (random_below(300) == 0) {
            world_sleep(random_below(40000000));
        }
        if (nodes[0].in_count > PACKETS / 2 || nodes[1].in_count > PACKETS / 2) {
            nodes[0].cpu1_full = nodes[1].cpu1_full = nodes[0].hold_acl = false;
        }
        world_run();
        for (int k = 0; k < 2; k++) {
            modified += has_event(&nodes[k], EV_GATT_ATTRIBUTE_MODIFIED);
            pairings += has_event(&nodes[k], EV_GAP_PAIRING_COMPLETE);
            if (!nodes[k].cpu1_full) {
                good_cpu1(&nodes[k]);
            }
            check_events(&nodes[k]);
        }
    }
}

static void test_peer(void **state)
{
    (void)state;
    state_of_random = number("ORRERY_FUZZ_SEED", 1) | 1;
    storm(number("ORRERY_FUZZ_ROUNDS", 20000), false);
    sane();
    assert_true(modified > 5 && pairings > 20); /* or the storm was none */
}

static void test_peer_and_cpu1(void **state)
{
    (void)state;
    state_of_random = (number("ORRERY_FUZZ_SEED", 1) << 8) | 1;
    storm(number("ORRERY_FUZZ_ROUNDS", 20000), true);
    sane();
}

#define TEST(name) cmocka_unit_test_setup(name, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_peer), TEST(test_peer_and_cpu1)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
