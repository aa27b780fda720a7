/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_adv.c - the advertiser (4.4.2).
 */
#include "ll.h"

#define HIGH_DUTY_INTERVAL_US 3750u
#define HIGH_DUTY_END_US 1280000u
#define MARGIN_US 2u /* a receiver opens so much early */

enum { DIRECT_HIGH = 1, SCANNABLE = 2, NONCONNECTABLE = 3, DIRECT_LOW = 4 }; /* HCI's types */
enum { STEP_IND, STEP_LISTEN, STEP_RESPONSE };

static bool is_directed(void)
{
    return ll.adv.type == DIRECT_HIGH || ll.adv.type == DIRECT_LOW;
}

/* PDUs are made in the half that is not on the air, then the halves change places. */
void adv_build(void)
{
    static const uint8_t types[] = {ADV_IND, ADV_DIRECT_IND, ADV_SCAN_IND, ADV_NONCONN_IND,
                                    ADV_DIRECT_IND};
    struct advertiser *adv = &ll.adv;
    uint8_t *pdu = adv->pdu[!adv->which], *response = adv->response_pdu[!adv->which];
    struct address own;
    uint32_t lock;

    if (!own_address(adv->own_type, &own)) {
        memset(&own, 0, sizeof(own));
    }
    pdu[0] = types[adv->type] | (own.random ? ADV_TXADD : 0);
    memcpy(pdu + 2, own.octets, 6);
    if (is_directed()) {
        pdu[0] |= ADV_CHSEL | (adv->direct_type & 1 ? ADV_RXADD : 0);
        pdu[1] = 12;
        memcpy(pdu + 8, adv->direct, 6);
    } else {
        pdu[0] |= adv->type == 0 ? ADV_CHSEL : 0;
        pdu[1] = 6 + adv->data_len;
        memcpy(pdu + 8, adv->data, adv->data_len);
    }
    response[0] = SCAN_RSP | (own.random ? ADV_TXADD : 0);
    response[1] = 6 + adv->response_len;
    memcpy(response + 2, own.octets, 6);
    memcpy(response + 8, adv->response, adv->response_len);
    lock = radio_lock();
    adv->which = !adv->which;
    radio_unlock(lock);
}

static bool is_connectable(void)
{
    return ll.adv.type == 0 || is_directed();
}

bool adv_enable(void)
{
    struct advertiser *adv = &ll.adv;
    uint32_t lock;

    if (is_connectable()) {
        struct conn *c = conn_reserve();

        if (!c) {
            return false;
        }
        adv->handle = c->handle;
    }
    adv_build();
    lock = radio_lock();
    adv->ends = adv->type == DIRECT_HIGH;
    adv->give_up = now_us() + HIGH_DUTY_END_US;
    adv->interval_us = adv->ends ? HIGH_DUTY_INTERVAL_US
                                 : (adv->interval_min + adv->interval_max) / 2 * 625u;
    adv->activity.length = 2500;
    adv->enabled = true;
    ll_arm(&adv->activity, now_us() + 1000);
    ll_schedule();
    radio_unlock(lock);
    return true;
}

void adv_disable(void)
{
    uint32_t lock = radio_lock();

    if (ll.adv.enabled) {
        ll.adv.enabled = false;
        if (is_connectable()) {
            conn_unreserve(ll.adv.handle);
        }
        ll_disarm(&ll.adv.activity);
    }
    radio_unlock(lock);
}

/* To the next event: the interval, and up to 10 ms that keep two advertisers from meeting forever.
 */
static void event_over(uint32_t from)
{
    struct advertiser *adv = &ll.adv;
    uint32_t at = from + adv->interval_us + (adv->ends ? 0 : ll_random() % 10001);

    if (adv->ends && !before(now_us(), adv->give_up)) {
        adv->enabled = false;
        ll.adv_timed_out = true;
        ll_release(&adv->activity);
        return;
    }
    if (before(at, now_us() + 1000)) {
        at = now_us() + 1000;
    }
    ll_arm(&adv->activity, at);
    ll_release(&adv->activity);
}

/* The next channel of the map, or the end of the event. */
static void next_channel(uint32_t start)
{
    struct advertiser *adv = &ll.adv;

    do {
        adv->channel++;
    } while (adv->channel < 40 && !(adv->map >> (adv->channel - 37) & 1));
    if (adv->channel >= 40 || before(ll_free_until(&adv->activity), start + 1000)) {
        event_over(adv->activity.at);
        return;
    }
    adv->step = STEP_IND;
    ll_tune_advertising(adv->channel);
    radio_send(start, adv->pdu[adv->which]);
}

void adv_begin(void)
{
    ll.adv.channel = 36;
    next_channel(ll.adv.activity.at);
}

/* Some other time soon, so that the interval holds on the average. */
void adv_lost(void)
{
    struct advertiser *adv = &ll.adv;

    if (adv->ends && !before(now_us(), adv->give_up)) {
        event_over(adv->activity.at);
        return;
    }
    ll_arm(&adv->activity, now_us() + 1000 + ll_random() % 4096);
}

static void go_on(void)
{
    next_channel(now_us() + RADIO_RAMP_US + 20);
}

void adv_sent(uint32_t end)
{
    struct advertiser *adv = &ll.adv;

    if (adv->step != STEP_IND || adv->type == NONCONNECTABLE) {
        go_on();
        return;
    }
    adv->step = STEP_LISTEN;
    radio_listen(end + T_IFS_US - MARGIN_US, 2 * MARGIN_US + radio_sync_us(PHY_1M), rx_buffer(),
                 RADIO_PDU_MAX);
}

void adv_nothing(void)
{
    go_on();
}

static bool is_scan_request(const uint8_t *pdu, const uint8_t *own)
{
    bool scannable = ll.adv.type == 0 || ll.adv.type == SCANNABLE;

    return scannable && (pdu[0] & ADV_TYPE) == SCAN_REQ && pdu[1] == 12 &&
           !(pdu[0] & ADV_RXADD) == !(own[0] & ADV_TXADD) && !memcmp(pdu + 8, own + 2, 6) &&
           (!(ll.adv.filter_policy & 1) || filter_has(!!(pdu[0] & ADV_TXADD), pdu + 2));
}

static bool is_connect_request(const uint8_t *pdu, const uint8_t *own)
{
    if (!is_connectable() || (pdu[0] & ADV_TYPE) != CONNECT_IND || pdu[1] != 34 ||
        !(pdu[0] & ADV_RXADD) != !(own[0] & ADV_TXADD) || memcmp(pdu + 8, own + 2, 6) != 0) {
        return false;
    }
    if (is_directed()) {
        return !(pdu[0] & ADV_TXADD) == !(ll.adv.direct_type & 1) &&
               !memcmp(pdu + 2, ll.adv.direct, 6);
    }
    return !(ll.adv.filter_policy & 2) || filter_has(!!(pdu[0] & ADV_TXADD), pdu + 2);
}

/* What conn_start() computes with must make sense (2.3.3.1). */
static bool is_sane(const uint8_t *data)
{
    unsigned window = data[7], offset = get16(data + 8), interval = get16(data + 10);
    unsigned latency = get16(data + 12), timeout = get16(data + 14);
    struct channels channels;

    return interval >= 6 && interval <= 3200 && latency <= 499 && timeout >= 10 &&
           timeout <= 3200 && timeout * 4 > (1 + latency) * interval && window >= 1 &&
           window <= 8 && window < interval && offset <= interval && (data[21] & 0x1F) >= 5 &&
           (data[21] & 0x1F) <= 16 && ll_channels_set(&channels, data + 16);
}

void adv_received(const struct radio_packet *packet)
{
    struct advertiser *adv = &ll.adv;
    const uint8_t *pdu = rx_buffer(), *own = adv->pdu[adv->which];
    struct conn *c = &ll.conn[adv->handle];

    if (!packet->crc_good || packet->len < 14 || packet->len != 2u + pdu[1]) {
        go_on();
        return;
    }
    if (is_scan_request(pdu, own)) {
        adv->step = STEP_RESPONSE;
        radio_send(packet->end + T_IFS_US, adv->response_pdu[adv->which]);
        return;
    }
    if (!is_connect_request(pdu, own) || !is_sane(pdu + 14)) {
        go_on();
        return;
    }
    adv->enabled = false;
    c->own_type = adv->own_type;
    c->csa2 = pdu[0] & ADV_CHSEL && own[0] & ADV_CHSEL;
    c->rssi = packet->rssi;
    conn_start(c, pdu, packet->end, false);
    ll_release(&adv->activity);
}
