/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_conn.c - connection events (4.5): both roles, acknowledgement, anchors, instants, timeouts.
 */
#include "ll.h"

#define UNIT_US 1250u
#define WINDOW_DELAY_US 1250u
#define MARGIN_US 2u
#define SOON_US 300u /* an event nearer than this is not begun any more */
#define SHORTEST_EVENT_US 1250u
#define ESTABLISH_EVENTS 6 /* 4.5.2 */

enum { STEP_SEND, STEP_LISTEN };
enum { SENDING_NOTHING, SENDING_EMPTY, SENDING_DATA };

static uint32_t interval_us(const struct conn *c)
{
    return c->interval * UNIT_US;
}

struct conn *conn_find(unsigned handle)
{
    struct conn *c;

    if (handle >= LL_CONNECTIONS) {
        return NULL;
    }
    c = &ll.conn[handle];
    return (c->state == CONN_CREATED || c->state == CONN_ESTABLISHED) && !c->announce ? c : NULL;
}

struct conn *conn_reserve(void)
{
    for (unsigned i = 0; i < LL_CONNECTIONS; i++) {
        struct conn *c = &ll.conn[i];

        if (c->state == CONN_FREE) {
            memset(c, 0, sizeof(*c));
            c->handle = (uint8_t)i;
            c->activity.role = ROLE_CONN;
            c->activity.length = SHORTEST_EVENT_US;
            c->state = CONN_RESERVED;
            return c;
        }
    }
    return NULL;
}

void conn_unreserve(unsigned handle)
{
    if (ll.conn[handle].state == CONN_RESERVED) {
        ll.conn[handle].state = CONN_FREE;
    }
}

void conn_close(struct conn *c, uint8_t reason)
{
    uint32_t lock = radio_lock();

    if (c->state == CONN_CREATED || c->state == CONN_ESTABLISHED) {
        c->state = CONN_CLOSED;
        c->reason = reason;
        ll_disarm(&c->activity);
    }
    radio_unlock(lock);
}

/* 4.2.1, 4.2.4: both sleep clocks may be off. Ours is not, but what we say it is counts. */
static uint32_t widening(const struct conn *c)
{
    static const uint16_t ppm[] = {500, 250, 150, 100, 75, 50, 30, 20};
    uint32_t elapsed = c->anchor - c->synced_at;
    uint32_t us = ((elapsed >> 10) * (ppm[c->peer_sca_ppm_index] + 20u) + 976) / 977 + 16;
    uint32_t most = interval_us(c) / 2 - T_IFS_US;

    return us < most ? us : most;
}

static void arm(struct conn *c)
{
    c->channel = c->csa2 ? ll_channel_2(&c->channels, c->access_address, c->event)
                         : ll_channel_1(&c->channels, c->unmapped);
    ll_arm(&c->activity, c->central ? c->anchor : c->anchor - widening(c));
}

/* The time of an instant: event is the one that it names. */
static void instants(struct conn *c)
{
    if (c->map_pending && c->event == c->map_instant) {
        c->channels = c->new_channels;
        c->map_pending = false;
    }
    if (c->phy_pending && c->event == c->phy_instant) {
        c->tx_phy = c->new_tx_phy;
        c->rx_phy = c->new_rx_phy;
        c->phy_pending = false;
        c->phy_applied = true;
    }
    if (c->update_pending && c->event == c->update.instant) {
        c->anchor += c->update.window_offset * UNIT_US;
        c->window_us = c->update.window_size * UNIT_US;
        c->interval = c->update.interval;
        c->latency = c->update.latency;
        c->timeout = c->update.timeout;
        c->update_pending = false;
        c->update_applied = true;
    }
}

/* The event of an instant is there: the host may know. */
static void instant_came(struct conn *c)
{
    if (c->update_applied) {
        c->update_applied = false;
        c->updated = true;
        c->heard_at = now_us();
    }
    if (c->phy_applied) {
        c->phy_applied = false;
        c->phy_updated = true;
    }
}

static void step_events(struct conn *c, unsigned n)
{
    c->event = (uint16_t)(c->event + n);
    c->anchor += n * interval_us(c);
    c->unmapped = (uint8_t)((c->unmapped + n * c->hop) % 37);
    instants(c);
}

static bool has_instant(const struct conn *c)
{
    return c->map_pending || c->phy_pending || c->update_pending;
}

static bool may_skip(const struct conn *c)
{
    return !c->central && c->latency && c->heard_in_event && c->state == CONN_ESTABLISHED &&
           c->tx_in == c->tx_out && !c->ack_due && !c->closing && !has_instant(c);
}

/* This event is over, or did not happen: is that the end, or when is the next? */
static void advance(struct conn *c)
{
    uint32_t now = now_us();

    if (c->closing && !c->ack_due) {
        conn_close(c, c->closing);
        return;
    }
    if (c->state == CONN_CREATED && ++c->events_without >= ESTABLISH_EVENTS) {
        conn_close(c, NOT_ESTABLISHED);
        return;
    }
    if (!before(now, c->heard_at + c->timeout * 10000u)) {
        conn_close(c, CONNECTION_TIMEOUT);
        return;
    }
    c->skipped = 0;
    if (may_skip(c)) {
        c->skipped = c->latency < 255 ? (uint8_t)c->latency : 255;
    }
    step_events(c, 1u + c->skipped);
    while (before(c->anchor, now + SOON_US + (c->central ? 0 : widening(c)))) {
        step_events(c, 1);
    }
    arm(c);
}

static void event_over(struct conn *c)
{
    if (c->state == CONN_CREATED || c->state == CONN_ESTABLISHED) {
        advance(c);
        ll_release(&c->activity);
    }
}

void conn_lost(struct conn *c)
{
    instant_came(c);
    c->heard_in_event = false;
    advance(c);
}

void conn_wake(struct conn *c)
{
    uint32_t lock = radio_lock(), now = now_us(), n;

    if (c->skipped && c->activity.armed && before(now + 2 * SOON_US, c->activity.at)) {
        n = (c->activity.at - now - 2 * SOON_US) / interval_us(c);
        n = n < c->skipped ? n : c->skipped;
        c->skipped -= (uint8_t)n;
        c->event = (uint16_t)(c->event - n);
        c->anchor -= n * interval_us(c);
        c->unmapped = (uint8_t)((c->unmapped + n * (37u - c->hop)) % 37);
        arm(c);
        ll_schedule();
    }
    radio_unlock(lock);
}

static void tune(const struct conn *c, uint8_t phy)
{
    struct radio_tune to = {
        .access_address = c->access_address,
        .crc_init = c->crc_init,
        .channel = c->channel,
        .phy = phy,
        .power_dbm = ll.power_dbm,
    };

    radio_tune(&to);
}

/* Does another exchange after this time end before somebody else needs the radio? */
static bool fits(const struct conn *c, uint32_t end)
{
    uint32_t until = ll_free_until(&c->activity);
    uint32_t next = c->anchor + interval_us(c) - 2 * SOON_US;

    end += 2 * T_IFS_US + radio_air_us(c->rx_phy, c->effective.rx_octets + MIC_LEN) +
           radio_air_us(c->tx_phy, c->effective.tx_octets + MIC_LEN);
    return !before(until, end) && !before(next, end);
}

/* The main loop is about to make more PDUs ready. */
static bool soon(const struct conn *c)
{
    return c->control_count || (c->acl_count && !c->hold_data);
}

/* What was not acknowledged again, else the next PDU, else an empty one. */
static void send(struct conn *c, uint32_t start)
{
    uint8_t waiting = (uint8_t)(c->tx_in - c->tx_out);
    uint8_t *pdu;

    if (c->sending == SENDING_NOTHING) {
        c->sending = waiting ? SENDING_DATA : SENDING_EMPTY;
    }
    if (c->sending == SENDING_DATA) {
        pdu = c->tx[c->tx_out % LL_TX].pdu;
        pdu[0] &= 3;
        waiting--;
    } else {
        pdu = c->empty;
        pdu[0] = LLID_CONTINUE;
        pdu[1] = 0;
    }
    c->more = (waiting || soon(c)) && fits(c, start + radio_air_us(c->tx_phy, pdu[1]));
    pdu[0] |= (uint8_t)(c->nesn << 2 | c->sn << 3 | c->more << 4);
    c->step = STEP_SEND;
    if (c->tx_phy != c->rx_phy) {
        tune(c, c->tx_phy);
    }
    radio_send(start, pdu);
}

static void listen(struct conn *c, uint32_t start, uint32_t window)
{
    c->step = STEP_LISTEN;
    if (c->tx_phy != c->rx_phy) {
        tune(c, c->rx_phy);
    }
    radio_listen(start, window + radio_sync_us(c->rx_phy), rx_buffer(), RADIO_PDU_MAX);
}

void conn_begin(struct conn *c)
{
    instant_came(c);
    c->heard_in_event = false;
    c->crc_errors = 0;
    c->peer_more = false;
    tune(c, c->tx_phy);
    if (c->central) {
        send(c, c->anchor);
    } else {
        listen(c, c->activity.at, 2 * (c->anchor - c->activity.at) + c->window_us);
    }
}

void conn_sent(struct conn *c, uint32_t end)
{
    c->ack_due = false;
    if (c->central || ((c->more || c->peer_more) && !c->crc_errors && fits(c, end))) {
        listen(c, end + T_IFS_US - MARGIN_US, 2 * MARGIN_US);
    } else {
        event_over(c);
    }
}

void conn_nothing(struct conn *c)
{
    event_over(c);
}

/* Our PDU arrived. True: that ends the connection. */
static bool acknowledged(struct conn *c)
{
    uint8_t flags = 0;

    c->sn = !c->sn;
    if (c->sending == SENDING_DATA) {
        flags = c->tx[c->tx_out % LL_TX].flags;
        c->tx_out++;
        if (flags & TX_LAST) {
            c->completed++;
        }
    }
    c->sending = SENDING_NOTHING;
    return flags & TX_TERMINATE;
}

/* A PDU that is new: take it, or leave it unacknowledged if there is no room. */
static void take(struct conn *c, const uint8_t *pdu, int8_t rssi)
{
    if (pdu[1] == 0 || (pdu[0] & 3) == 0) {
        c->nesn = !c->nesn;
    } else if (rx_pass(c->handle, rssi, 0)) {
        c->nesn = !c->nesn;
        c->ack_due = true;
    }
}

/* The first packet of an event is the anchor, whatever its CRC (4.5.7). */
static void synchronise(struct conn *c, const struct radio_packet *packet)
{
    if (!c->central && !c->heard_in_event && !c->crc_errors) {
        c->anchor = packet->start;
        c->synced_at = packet->start;
        c->window_us = 0;
    }
}

void conn_received(struct conn *c, const struct radio_packet *packet)
{
    const uint8_t *pdu = rx_buffer();

    synchronise(c, packet);
    if (!packet->crc_good || packet->len < 2 || packet->len != 2u + pdu[1]) {
        if (c->central || c->crc_errors++) {
            event_over(c);
        } else {
            send(c, packet->end + T_IFS_US);
        }
        return;
    }
    c->heard_in_event = true;
    c->heard_at = packet->end;
    c->rssi = packet->rssi;
    c->state = CONN_ESTABLISHED;
    c->peer_more = pdu[0] >> 4 & 1;
    if (c->sending != SENDING_NOTHING && (pdu[0] >> 2 & 1) != c->sn && acknowledged(c)) {
        conn_close(c, LOCAL_TERMINATED);
        return;
    }
    if ((pdu[0] >> 3 & 1) == c->nesn) {
        take(c, pdu, packet->rssi);
    }
    if (!c->central || ((c->peer_more || c->more) && fits(c, packet->end))) {
        send(c, packet->end + T_IFS_US);
    } else {
        event_over(c);
    }
}

static void set_phy(struct conn *c)
{
    c->tx_phy = PHY_1M;
    c->rx_phy = PHY_1M;
}

void conn_start(struct conn *c, const uint8_t *pdu, uint32_t end, bool central)
{
    const uint8_t *data = pdu + 14;

    c->central = central;
    memcpy(c->peer.octets, central ? pdu + 8 : pdu + 2, 6);
    c->peer.random = !!(pdu[0] & (central ? ADV_RXADD : ADV_TXADD));
    c->access_address = get32(data);
    c->crc_init = get32(data + 4) & 0xFFFFFF;
    c->window_us = central ? 0 : data[7] * UNIT_US;
    c->anchor = end + WINDOW_DELAY_US + get16(data + 8) * UNIT_US;
    c->interval = get16(data + 10);
    c->latency = get16(data + 12);
    c->timeout = get16(data + 14);
    ll_channels_set(&c->channels, data + 16);
    c->hop = data[21] & 0x1F;
    c->unmapped = c->hop;
    c->peer_sca_ppm_index = data[21] >> 5;
    c->synced_at = end;
    c->heard_at = end;
    c->effective = (struct data_length){DATA_OCTETS_MIN, DATA_TIME_MIN_US, DATA_OCTETS_MIN,
                                        DATA_TIME_MIN_US};
    set_phy(c);
    c->announce = true;
    c->state = CONN_CREATED;
    arm(c);
}

static unsigned gcd(unsigned a, unsigned b)
{
    while (b) {
        unsigned rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* How near an anchor at this time comes to those of the other connections, in the long run. */
static uint32_t distance(uint32_t at, uint16_t interval, const struct conn *except)
{
    uint32_t least = UINT32_MAX;

    for (unsigned i = 0; i < LL_CONNECTIONS; i++) {
        const struct conn *c = &ll.conn[i];

        if (c != except && (c->state == CONN_CREATED || c->state == CONN_ESTABLISHED)) {
            uint32_t period = gcd(c->interval, interval) * UNIT_US;
            uint32_t d = (at + 0x40000000u / period * period - c->anchor) % period;

            d = d < period - d ? d : period - d;
            least = d < least ? d : least;
        }
    }
    return least;
}

uint32_t conn_free_anchor(uint16_t interval, uint32_t from, const struct conn *except)
{
    uint32_t best = from, best_distance = 0;

    for (unsigned i = 0; i < interval && i < 64; i++) {
        uint32_t at = from + i * UNIT_US, d = distance(at, interval, except);

        if (d > best_distance) {
            best_distance = d;
            best = at;
        }
        if (d >= 3 * UNIT_US) {
            break;
        }
    }
    return best;
}
