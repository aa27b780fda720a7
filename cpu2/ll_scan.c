/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_scan.c - the scanner (4.4.3), which also listens for the initiator: with both enabled the
 * initiator's interval and window count, and what it does not answer is reported.
 */
#include "ll.h"

#define MARGIN_US 2u
#define SHORTEST_US 600u /* no less is worth opening the receiver for */

enum { STEP_LISTEN, STEP_REQUEST, STEP_RESPONSE, STEP_CONNECT };

static uint32_t interval_us(void)
{
    return (ll.init.enabled ? ll.init.interval : ll.scan.interval) * 625u;
}

static uint32_t window_us(void)
{
    return (ll.init.enabled ? ll.init.window : ll.scan.window) * 625u;
}

/* When to listen next: in what is left of this window, or from the next one, on the next channel.
 */
static void plan(uint32_t earliest)
{
    struct scanner *scan = &ll.scan;

    if (!scan->enabled && !ll.init.enabled) {
        return;
    }
    if (!before(earliest + SHORTEST_US, scan->end)) {
        scan->begin += interval_us();
        if (before(scan->begin + window_us(), earliest + SHORTEST_US)) {
            scan->begin = earliest; /* far behind */
        }
        scan->end = scan->begin + window_us();
        scan->channel = scan->channel == 39 ? 37 : scan->channel + 1;
    }
    ll_arm(&scan->activity, before(earliest, scan->begin) ? scan->begin : earliest);
}

/* Listen from start for as long as window and others let us. */
static void listen(uint32_t start)
{
    struct scanner *scan = &ll.scan;
    uint32_t until = ll_free_until(&scan->activity);

    if (before(scan->end, until)) {
        until = scan->end;
    }
    if (before(until, start + SHORTEST_US)) {
        plan(before(until, start) ? start + SHORTEST_US : until + SHORTEST_US);
        ll_release(&scan->activity);
        return;
    }
    scan->step = STEP_LISTEN;
    ll_tune_advertising(scan->channel); /* also for requests in this window */
    radio_listen(start, until - start, rx_buffer(), RADIO_PDU_MAX);
}

void scan_begin(void)
{
    listen(ll.scan.activity.at);
}

void scan_lost(void)
{
    plan(now_us() + SHORTEST_US);
}

void scan_nothing(void)
{
    uint32_t start = now_us() + RADIO_RAMP_US + 20;

    if (ll.scan.step == STEP_RESPONSE) {
        ll.scan.failures++;
        ll.scan.successes = 0;
        if (ll.scan.failures >= 2) {
            ll.scan.failures = 0;
            ll.scan.upper_limit = ll.scan.upper_limit < 128 ? ll.scan.upper_limit * 2 : 255;
        }
        ll.scan.backoff = 1 + ll_random() % ll.scan.upper_limit;
    }
    listen(start);
}

static void response_came(void)
{
    struct scanner *scan = &ll.scan;

    scan->successes++;
    scan->failures = 0;
    if (scan->successes >= 2) {
        scan->successes = 0;
        scan->upper_limit = scan->upper_limit > 1 ? scan->upper_limit / 2 : 1;
    }
    scan->backoff = 1 + ll_random() % scan->upper_limit;
}

void scan_sent(uint32_t end)
{
    struct scanner *scan = &ll.scan;

    if (scan->step == STEP_CONNECT) {
        init_connected(end);
        plan(now_us() + 1000);
        ll_release(&scan->activity);
        return;
    }
    scan->step = STEP_RESPONSE;
    radio_listen(end + T_IFS_US - MARGIN_US, 2 * MARGIN_US + radio_sync_us(PHY_1M), rx_buffer(),
                 RADIO_PDU_MAX);
}

/* Known and seen already? The oldest makes room. kind: TxAdd, and whether a scan response. */
static bool is_duplicate(const uint8_t *pdu)
{
    struct scanner *scan = &ll.scan;
    uint8_t kind = (pdu[0] & ADV_TXADD) | ((pdu[0] & ADV_TYPE) == SCAN_RSP);

    for (unsigned i = 0; i < scan->seen_count; i++) {
        if (scan->seen[i].kind == kind && !memcmp(scan->seen[i].address, pdu + 2, 6)) {
            return true;
        }
    }
    memcpy(scan->seen[scan->seen_next].address, pdu + 2, 6);
    scan->seen[scan->seen_next].kind = kind;
    scan->seen_next = (scan->seen_next + 1) % LL_SEEN;
    if (scan->seen_count < LL_SEEN) {
        scan->seen_count++;
    }
    return false;
}

/* Lengths by type; what is reserved or ours alone is not reported. */
static bool is_report(const uint8_t *pdu, unsigned len)
{
    struct address own;

    if (len < 8 || len > 39 || pdu[1] != len - 2) {
        return false;
    }
    if (ll.scan.filter_policy & 1 && !filter_has(!!(pdu[0] & ADV_TXADD), pdu + 2)) {
        return false;
    }
    switch (pdu[0] & ADV_TYPE) {
    case ADV_IND:
    case ADV_NONCONN_IND:
    case ADV_SCAN_IND:
        return true;
    case ADV_DIRECT_IND:
        return pdu[1] == 12 && own_address(ll.scan.own_type, &own) &&
               !memcmp(own.octets, pdu + 8, 6) && !own.random == !(pdu[0] & ADV_RXADD);
    default:
        return false;
    }
}

/* A scannable advertiser of whom nothing is known yet: ask. True: a SCAN_REQ goes out. */
static bool ask(const uint8_t *pdu, uint32_t end)
{
    struct scanner *scan = &ll.scan;
    uint8_t type = pdu[0] & ADV_TYPE;
    struct address own;

    if (!scan->active || (type != ADV_IND && type != ADV_SCAN_IND) ||
        !own_address(scan->own_type, &own)) {
        return false;
    }
    if (scan->backoff > 1) {
        scan->backoff--;
        return false;
    }
    if (before(ll_free_until(&scan->activity), end + 1000)) {
        return false;
    }
    scan->request[0] = SCAN_REQ | (own.random ? ADV_TXADD : 0) |
                       (pdu[0] & ADV_TXADD ? ADV_RXADD : 0);
    scan->request[1] = 12;
    memcpy(scan->request + 2, own.octets, 6);
    memcpy(scan->request + 8, pdu + 2, 6);
    memcpy(scan->advertiser, pdu + 2, 6);
    scan->advertiser[6] = pdu[0] & ADV_TXADD;
    scan->step = STEP_REQUEST;
    radio_send(end + T_IFS_US, scan->request);
    return true;
}

static bool is_response(const uint8_t *pdu, unsigned len)
{
    return len >= 8 && len <= 39 && pdu[1] == len - 2 && (pdu[0] & ADV_TYPE) == SCAN_RSP &&
           (pdu[0] & ADV_TXADD) == ll.scan.advertiser[6] && !memcmp(pdu + 2, ll.scan.advertiser, 6);
}

static void report(const uint8_t *pdu, int8_t rssi)
{
    if (!ll.scan.filter_duplicates || !is_duplicate(pdu)) {
        rx_pass(RX_ADV, rssi, LL_RX / 2);
    }
}

void scan_received(const struct radio_packet *packet)
{
    const uint8_t *pdu = rx_buffer();

    if (ll.scan.step == STEP_RESPONSE) {
        if (packet->crc_good && is_response(pdu, packet->len)) {
            response_came();
            report(pdu, packet->rssi);
            listen(now_us() + RADIO_RAMP_US + 20);
        } else {
            scan_nothing();
        }
        return;
    }
    if (packet->crc_good && ll.init.enabled && init_heard(pdu, packet->len, packet->end)) {
        ll.scan.step = STEP_CONNECT;
        return;
    }
    if (packet->crc_good && ll.scan.enabled && is_report(pdu, packet->len)) {
        bool asked = ask(pdu, packet->end);

        report(pdu, packet->rssi);
        if (asked) {
            return;
        }
    }
    listen(now_us() + RADIO_RAMP_US + 20);
}

void scan_restart(void)
{
    struct scanner *scan = &ll.scan;
    uint32_t lock = radio_lock();

    ll_disarm(&scan->activity);
    scan->activity.length = SHORTEST_US;
    if (scan->enabled || ll.init.enabled) {
        scan->begin = now_us() + 500;
        scan->end = scan->begin + window_us();
        scan->channel = 37;
        ll_arm(&scan->activity, scan->begin);
        ll_schedule();
    }
    radio_unlock(lock);
}
