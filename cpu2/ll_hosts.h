/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_hosts.h - for the tests: what hosts do with controllers, checked by cmocka.
 */
#ifndef CPU2_LL_HOSTS_H
#define CPU2_LL_HOSTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ll_sim.h"

#define SECOND 1000000u
#define LE(subevent) (0x3E00u | (subevent))
#define DISCONNECTED 0x05

#define CHECK(status, ...) assert_int_equal(sim_command(__VA_ARGS__), status)

static struct sim_node *const a = &sim[0], *const b = &sim[1];

/* Packets of random lengths, as many as there are credits for, whose octets tell their place. */
struct stream {
    struct sim_node *from;
    unsigned handle;
    uint32_t made;
    unsigned packets;
};

void start(unsigned nodes, uint32_t seed); /* and no event is masked */
/* type as HCI's; filter as Set Advertising Parameters has it; to: of directed advertising */
int advertise_as(struct sim_node *n, uint8_t type, uint8_t filter, const uint8_t *to);
void advertise(struct sim_node *n);
void scan(struct sim_node *n, bool active, bool filter_duplicates, uint8_t policy);
void scan_off(struct sim_node *n);
/* interval in 1.25 ms, timeout in 10 ms; to: NULL for the filter accept list */
int create(struct sim_node *n, const struct sim_node *to, unsigned interval, unsigned latency,
           unsigned timeout);
/* Both know it; the handles. */
void connect_pair(struct sim_node *central, struct sim_node *peripheral, unsigned interval,
                  unsigned latency, unsigned timeout, unsigned *hc, unsigned *hp);
int disconnect(struct sim_node *n, unsigned handle);
void check_acl(struct sim_node *n, const uint8_t *packet, size_t len);
void feed(struct stream *s);
/* a and b send each other so many packets, which arrive whole and in order in so many us. */
void exchange(unsigned ha, unsigned hb, unsigned packets, uint64_t us);

#endif
