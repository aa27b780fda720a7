/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_fuzz_test.c - peers and hosts that send nonsense, from fixed seeds. The sanitizers watch; and
 * afterwards, with a reset, the controllers still work.
 */
#include "ll_hosts.h"

static uint64_t commands, pdus;

static uint8_t some(void)
{
    /* small values, extremes, and the rest */
    switch (sim_random() % 4) {
    case 0:
        return sim_random() % 4;
    case 1:
        return sim_random() % 2 ? 0xFF : 0x1F;
    default:
        return (uint8_t)sim_random();
    }
}

/* Opcodes that exist, with lengths that are right more often than not. */
static void random_command(struct sim_node *n)
{
    static const uint8_t ogfs[] = {1, 3, 4, 5, 8, 8, 8, 8, 8, 8, 8, 8};
    static const uint8_t lens[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 18, 25, 28, 32, 64, 255};
    uint8_t command[258];
    unsigned ogf = ogfs[sim_random() % sizeof(ogfs)];
    unsigned ocf = sim_random() % 0x50, len = lens[sim_random() % sizeof(lens)];

    if (ogf == 3 && ocf == 3 && sim_random() % 16) {
        return; /* not so many resets */
    }
    put16(command, ogf << 10 | ocf);
    command[2] = (uint8_t)len;
    for (unsigned i = 0; i < len; i++) {
        command[3 + i] = some();
    }
    if (ogf == 8 && ocf >= 0x13 && len >= 2) {
        put16(command + 3, sim_random() % 3); /* a handle that may exist */
    }
    sim_raw_command(n, command, 3 + len - (sim_random() % 64 == 0));
    commands++;
}

static void random_acl(struct sim_node *n)
{
    uint8_t data[251];

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)sim_random();
    }
    sim_acl(n, sim_random() % 4, sim_random() % 4, data, sim_random() % 252);
}

/* After all that. */
static void check_sane(void)
{
    unsigned ha, hb;

    pdus += sim_packets;
    sim_mutate = 0;
    for (int i = 0; i < 4; i++) {
        sim[i].host_full = false;
        sim[i].on_acl = NULL;
        sim_work(&sim[i]);
        CHECK(0, &sim[i], 3, 0x03, NULL, 0);
        CHECK(0, &sim[i], 3, 0x01, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x3F", 8);
        CHECK(0, &sim[i], 8, 0x01, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
        sim_forget(&sim[i]);
        sim[i].credits = LL_ACL;
    }
    connect_pair(a, b, 24, 0, 200, &ha, &hb);
    exchange(ha, hb, 5, 10 * SECOND);
}

static void encrypt(unsigned ha, unsigned hb)
{
    uint8_t p[28] = {0}, q[18] = {0};

    put16(p, ha);
    put16(q, hb);
    sim_command(a, 8, 0x19, p, 28);
    sim_run(300000);
    sim_command(b, 8, 0x1A, q, 18);
}

/* Malformed PDUs of every kind, with a good CRC: advertising, control, data, plain and encrypted.
 */
static void test_air(void **state)
{
    for (uint32_t seed = 1; seed <= 150; seed++) {
        unsigned ha, hb;

        start(4, 1000 + seed);
        connect_pair(a, b, 6, seed % 3, 400, &ha, &hb);
        if (seed % 3 == 0) {
            encrypt(ha, hb);
        }
        advertise(&sim[2]);
        scan(&sim[3], true, seed % 2, 0);
        scan(b, true, false, 0);
        sim_mutate = 30 + 50 * (seed % 8);
        for (int i = 0; i < 60; i++) {
            uint8_t h[2];

            put16(h, sim_random() % 2 ? ha : hb);
            sim_command(sim_random() % 2 ? a : b, 8, 0x16, h, 2);
            random_acl(a);
            random_acl(b);
            if (i % 20 == 19) {
                create(&sim[3], &sim[2], 12, 0, 50);
            }
            if (!a->controller.conn[0].state && !a->controller.init.enabled) {
                sim_command(b, 8, 0x0A, "\1", 1);
                create(a, b, 6, 0, 100);
            }
            sim_run(30000);
        }
        check_sane();
    }
    print_message("# %llu packets\n", (unsigned long long)pdus);
}

static void test_host(void **state)
{
    for (uint32_t seed = 1; seed <= 100; seed++) {
        unsigned ha, hb;

        start(4, 2000 + seed);
        connect_pair(a, b, 6, 0, 400, &ha, &hb);
        for (int i = 0; i < 500; i++) {
            random_command(&sim[sim_random() % 4]);
            random_command(&sim[sim_random() % 2]);
            random_acl(&sim[sim_random() % 4]);
            sim[2].host_full = sim_random() % 2;
            sim_run(sim_random() % 3000);
        }
        check_sane();
    }
    print_message("# %llu commands\n", (unsigned long long)commands);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_air),
        cmocka_unit_test(test_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
