/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_init.c - the initiator (4.4.4). The scanner listens for it.
 */
#include "ll.h"

#define CONNECT_LEN 34
#define WINDOW_DELAY_US 1250u
#define UNIT_US 1250u

/* Table of HCI_LE_Create_Connection's parameters, by offset (Vol 4 Part E 7.8.12). */
enum { P_INTERVAL = 0, P_WINDOW = 2, P_POLICY = 4, P_PEER_TYPE = 5, P_PEER = 6, P_OWN_TYPE = 12 };
enum { P_CONN_MIN = 13, P_CONN_MAX = 15, P_LATENCY = 17, P_TIMEOUT = 19 };

static bool runs_too_long(uint32_t v)
{
    unsigned run = 1, longest = 1;

    for (unsigned i = 1; i < 32; i++) {
        run = (v >> i & 1) == (v >> (i - 1) & 1) ? run + 1 : 1;
        longest = run > longest ? run : longest;
    }
    return longest > 6;
}

static unsigned bits(uint32_t v)
{
    unsigned n = 0;

    for (; v; v &= v - 1) {
        n++;
    }
    return n;
}

/* 2.1.2 */
static bool is_access_address(uint32_t v)
{
    uint32_t edges = v ^ v >> 1;

    return !runs_too_long(v) && bits(v ^ ADV_ACCESS_ADDRESS) > 1 && v != (v >> 24) * 0x01010101u &&
           bits(edges & 0x7FFFFFFF) <= 24 && bits(edges >> 26 & 0x1F) >= 2;
}

static bool is_taken(uint32_t access_address)
{
    for (unsigned i = 0; i < LL_CONNECTIONS; i++) {
        if (ll.conn[i].state >= CONN_CREATED && ll.conn[i].access_address == access_address) {
            return true;
        }
    }
    return false;
}

static uint32_t new_access_address(void)
{
    uint8_t octets[4];

    do {
        random_octets(octets, 4);
    } while (!is_access_address(get32(octets)) || is_taken(get32(octets)));
    return get32(octets);
}

/* Everything of the CONNECT_IND that does not depend on who is heard. */
static void prepare(const uint8_t *p)
{
    struct initiator *init = &ll.init;
    uint8_t *data = init->pdu + 14, random[4];
    struct address own;

    own_address(init->own_type, &own);
    random_octets(random, 4);
    init->pdu[0] = CONNECT_IND | ADV_CHSEL | (own.random ? ADV_TXADD : 0);
    init->pdu[1] = CONNECT_LEN;
    memcpy(init->pdu + 2, own.octets, 6);
    put32(data, new_access_address());
    memcpy(data + 4, random, 3);
    data[7] = init->conn_interval > 8 ? 2 : 1; /* transmit window, 1.25 ms */
    put16(data + 10, init->conn_interval);
    memcpy(data + 12, p + P_LATENCY, 4);
    memcpy(data + 16, ll.host_channels, 5);
    data[21] = (uint8_t)(7u << 5 | (5 + random[3] % 12)); /* sleep clock: up to 20 ppm; hop */
    init->free_anchor = conn_free_anchor(init->conn_interval, now_us(), NULL);
}

bool init_start(const uint8_t *p)
{
    struct initiator *init = &ll.init;
    struct conn *c = conn_reserve();

    if (!c) {
        return false;
    }
    init->handle = c->handle;
    init->interval = get16(p + P_INTERVAL);
    init->window = get16(p + P_WINDOW);
    init->by_list = p[P_POLICY] == 1;
    init->peer.random = p[P_PEER_TYPE] & 1;
    memcpy(init->peer.octets, p + P_PEER, 6);
    init->own_type = p[P_OWN_TYPE];
    init->conn_interval = get16(p + P_CONN_MAX);
    prepare(p);
    init->enabled = true;
    scan_restart();
    return true;
}

void init_stop(void)
{
    uint32_t lock = radio_lock();

    if (ll.init.enabled) {
        ll.init.enabled = false;
        conn_unreserve(ll.init.handle);
        scan_restart();
    }
    radio_unlock(lock);
}

static bool is_wanted(const uint8_t *pdu, unsigned len)
{
    const struct initiator *init = &ll.init;
    uint8_t type = pdu[0] & ADV_TYPE, random = !!(pdu[0] & ADV_TXADD);

    if (len < 8 || len > 39 || pdu[1] != len - 2) {
        return false;
    }
    if (type == ADV_DIRECT_IND) {
        /* addressed to us: our address and its type are what CONNECT_IND says */
        if (pdu[1] != 12 || memcmp(pdu + 8, init->pdu + 2, 6) != 0 ||
            !(pdu[0] & ADV_RXADD) != !(init->pdu[0] & ADV_TXADD)) {
            return false;
        }
    } else if (type != ADV_IND) {
        return false;
    }
    if (init->by_list) {
        return filter_has(random, pdu + 2);
    }
    return random == init->peer.random && !memcmp(pdu + 2, init->peer.octets, 6);
}

bool init_heard(const uint8_t *pdu, unsigned len, uint32_t end)
{
    struct initiator *init = &ll.init;
    uint32_t sent_at = end + T_IFS_US + radio_air_us(PHY_1M, CONNECT_LEN), interval_us, offset;

    if (!is_wanted(pdu, len) || before(ll_free_until(&ll.scan.activity), sent_at + 100)) {
        return false;
    }
    memcpy(init->sending, init->pdu, sizeof(init->sending));
    init->sending[0] |= pdu[0] & ADV_TXADD ? ADV_RXADD : 0;
    if (!(pdu[0] & ADV_CHSEL)) {
        init->sending[0] &= (uint8_t)~ADV_CHSEL;
    }
    memcpy(init->sending + 8, pdu + 2, 6);
    interval_us = init->conn_interval * UNIT_US;
    offset = interval_us - (sent_at + WINDOW_DELAY_US - init->free_anchor) % interval_us;
    put16(init->sending + 14 + 8, offset / UNIT_US);
    radio_send(end + T_IFS_US, init->sending);
    return true;
}

void init_connected(uint32_t end)
{
    struct initiator *init = &ll.init;
    struct conn *c = &ll.conn[init->handle];

    init->enabled = false;
    c->own_type = init->own_type;
    c->csa2 = init->sending[0] & ADV_CHSEL;
    conn_start(c, init->sending, end, true);
}
