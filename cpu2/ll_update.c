/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_update.c - connection update and parameter request, channel map, PHY: what takes effect at an
 * instant (5.1.1, 5.1.2, 5.1.7, 5.1.10, 5.5). In the main loop; the interrupt keeps the instants.
 */
#include "ll_control.h"

#define TIMEOUT_US 40000000u
#define INSTANT_EVENTS 8u /* at least 6 */

static uint16_t new_instant(const struct conn *c)
{
    return (uint16_t)(c->event + INSTANT_EVENTS + c->latency);
}

/* Is the event whose counter an instant names still to come? */
static bool is_ahead(const struct conn *c, uint16_t instant)
{
    return (int16_t)(instant - c->event) > 0;
}

static bool has_instant(const struct conn *c)
{
    return c->update_pending || c->map_pending || c->phy_pending;
}

/* ---- connection update ---- */

static bool is_sane(const struct update *u)
{
    return u->interval >= 6 && u->interval <= 3200 && u->latency <= 499 && u->timeout >= 10 &&
           u->timeout <= 3200 && u->timeout * 4u > (1u + u->latency) * u->interval &&
           u->window_size >= 1 && u->window_size <= 8 && u->window_size < u->interval &&
           u->window_offset <= u->interval;
}

/* Under lock: a new instant, or the end if it has passed. */
static void expect_update(struct conn *c, const struct update *update)
{
    conn_wake(c);
    if (!is_ahead(c, update->instant)) {
        conn_close(c, INSTANT_PASSED);
        return;
    }
    c->update = *update;
    c->update_pending = true;
}

static void update_came(struct conn *c, const uint8_t *p)
{
    struct update update = {
        .window_size = p[0],
        .window_offset = get16(p + 1),
        .interval = get16(p + 3),
        .latency = get16(p + 5),
        .timeout = get16(p + 7),
        .instant = get16(p + 9),
    };
    uint32_t lock;

    if (!is_sane(&update)) {
        conn_close(c, INVALID_LL_PARAMETERS);
        return;
    }
    if (c->remote_proc == PROC_UPDATE) {
        c->remote_proc = PROC_NONE;
        c->param_requested = false;
    }
    lock = radio_lock();
    expect_update(c, &update);
    radio_unlock(lock);
}

/* Where the event of an instant would start as things are. */
static uint32_t time_of(const struct conn *c, uint16_t instant)
{
    return c->anchor + (uint16_t)(instant - c->event) * c->interval * 1250u;
}

/* As central: parameters are interval min, max, latency, timeout. */
static void send_update(struct conn *c, const uint8_t *parameters)
{
    uint8_t pdu[12] = {CONNECTION_UPDATE_IND, 1};
    struct update update = {
        .window_size = 1,
        .interval = get16(parameters + 2),
        .latency = get16(parameters + 4),
        .timeout = get16(parameters + 6),
    };
    uint32_t lock = radio_lock(), from;

    update.instant = new_instant(c);
    from = time_of(c, update.instant);
    radio_unlock(lock);
    update.window_offset = (uint16_t)((conn_free_anchor(update.interval, from, c) - from) / 1250u);
    put16(pdu + 2, update.window_offset);
    put16(pdu + 4, update.interval);
    put16(pdu + 6, update.latency);
    put16(pdu + 8, update.timeout);
    put16(pdu + 10, update.instant);
    lock = radio_lock();
    expect_update(c, &update);
    radio_unlock(lock);
    control_send(c, pdu, sizeof(pdu), 0);
}

void update_start(struct conn *c)
{
    uint8_t pdu[24] = {CONNECTION_PARAM_REQ};

    if (c->central) {
        send_update(c, c->want_update);
        return;
    }
    if (c->features_known && !(c->features[0] & FEATURE_PARAM_REQ)) {
        control_done(c);
        update_refused(c, PROC_UPDATE, UNSUPPORTED_REMOTE);
        return;
    }
    memcpy(pdu + 1, c->want_update, 8);
    pdu[9] = 0; /* no preferred periodicity, no offsets */
    put16(pdu + 10, c->event);
    memset(pdu + 12, 0xFF, 12);
    control_send(c, pdu, sizeof(pdu), 0);
}

static void param_request(struct conn *c, const uint8_t *p)
{
    if (!connection_parameters_valid(p)) {
        control_reject(c, CONNECTION_PARAM_REQ, INVALID_LL_PARAMETERS);
        return;
    }
    if (c->central && (c->local == PROC_UPDATE || c->local == PROC_MAP || c->local == PROC_PHY ||
                       has_instant(c))) {
        control_reject(c, CONNECTION_PARAM_REQ,
                       c->local == PROC_UPDATE ? COLLISION : DIFFERENT_COLLISION);
        return;
    }
    if (!(ll.le_event_mask[0] & 0x20)) {
        control_reject(c, CONNECTION_PARAM_REQ, UNSUPPORTED_REMOTE);
        return;
    }
    c->remote_proc = PROC_UPDATE;
    c->remote_deadline = now_us() + TIMEOUT_US;
    c->param_requested = true;
    memcpy(c->param_update, p, 8);
    memcpy(c->param_offsets, p + 9, 14);
    event_param_request(c);
}

void update_param_reply(struct conn *c, const uint8_t *parameters)
{
    uint8_t pdu[24] = {CONNECTION_PARAM_RSP};

    c->remote_proc = PROC_NONE;
    c->param_requested = false;
    if (!parameters) {
        control_reject(c, CONNECTION_PARAM_REQ, UNACCEPTABLE_PARAMETERS);
        return;
    }
    if (c->central) {
        c->local = PROC_UPDATE;
        c->local_deadline = now_us() + TIMEOUT_US;
        send_update(c, parameters);
        return;
    }
    memcpy(pdu + 1, parameters, 8);
    memcpy(pdu + 10, c->param_offsets, 14);
    c->remote_proc = PROC_UPDATE; /* until LL_CONNECTION_UPDATE_IND */
    c->remote_deadline = now_us() + TIMEOUT_US;
    control_send(c, pdu, sizeof(pdu), 0);
}

/* ---- channel map ---- */

/* Under lock. */
static void expect_map(struct conn *c, const uint8_t map[5], uint16_t instant)
{
    conn_wake(c);
    if (!is_ahead(c, instant)) {
        conn_close(c, INSTANT_PASSED);
        return;
    }
    ll_channels_set(&c->new_channels, map);
    c->map_instant = instant;
    c->map_pending = true;
}

static void map_came(struct conn *c, const uint8_t *p)
{
    struct channels channels;
    uint32_t lock;

    if (!ll_channels_set(&channels, p)) {
        conn_close(c, INVALID_LL_PARAMETERS);
        return;
    }
    lock = radio_lock();
    expect_map(c, p, get16(p + 5));
    radio_unlock(lock);
}

void update_map_start(struct conn *c)
{
    uint8_t pdu[8] = {CHANNEL_MAP_IND};
    uint32_t lock = radio_lock();
    uint16_t instant = new_instant(c);

    memcpy(pdu + 1, ll.host_channels, 5);
    put16(pdu + 6, instant);
    expect_map(c, ll.host_channels, instant);
    radio_unlock(lock);
    control_send(c, pdu, sizeof(pdu), 0);
}

/* ---- PHY ---- */

static void phy_over(struct conn *c, uint8_t status, bool changed)
{
    if (c->local == PROC_PHY) {
        control_done(c);
    }
    if (changed || c->phy_wanted) {
        c->phy_wanted = false;
        event_phy(c, status);
    }
}

/* Under lock: tx and rx are PHYs, or 0 to keep what there is. */
static void expect_phy(struct conn *c, uint8_t tx, uint8_t rx, uint16_t instant)
{
    conn_wake(c);
    if (!is_ahead(c, instant)) {
        conn_close(c, INSTANT_PASSED);
        return;
    }
    c->new_tx_phy = tx ? tx : c->tx_phy;
    c->new_rx_phy = rx ? rx : c->rx_phy;
    c->phy_instant = instant;
    c->phy_pending = true;
}

/* The best that both allow; 0: keep. Bits of PHYs and PHYs have the same numbers. */
static uint8_t choose(uint8_t ours, uint8_t theirs, uint8_t now)
{
    uint8_t both = ours & theirs & 3;
    uint8_t best = both & PHY_2M ? PHY_2M : both;

    return best == now ? 0 : best;
}

/* As central, knowing what both want. */
static void send_phy_update(struct conn *c, uint8_t peer_tx, uint8_t peer_rx)
{
    uint8_t tx = choose(c->want_tx_phys, peer_rx, c->tx_phy);
    uint8_t rx = choose(c->want_rx_phys, peer_tx, c->rx_phy);
    uint8_t pdu[5] = {PHY_UPDATE_IND, tx, rx};
    uint32_t lock = radio_lock();

    if (tx || rx) {
        put16(pdu + 3, new_instant(c));
        expect_phy(c, tx, rx, get16(pdu + 3));
    }
    radio_unlock(lock);
    control_send(c, pdu, sizeof(pdu), 0);
    if (!tx && !rx) {
        phy_over(c, OK, false);
    }
}

void update_phy_start(struct conn *c)
{
    const uint8_t pdu[] = {PHY_REQ, c->want_tx_phys, c->want_rx_phys};

    if (c->features_known && !(c->features[1] & FEATURE_2M)) {
        phy_over(c, UNSUPPORTED_REMOTE, false);
        return;
    }
    control_send(c, pdu, sizeof(pdu), 0);
}

static void phy_request(struct conn *c, const uint8_t *p)
{
    const uint8_t reply[] = {PHY_RSP, c->want_tx_phys, c->want_rx_phys};

    if (!c->central) {
        c->remote_proc = PROC_PHY;
        c->remote_deadline = now_us() + TIMEOUT_US;
        control_send(c, reply, sizeof(reply), 0);
    } else if (c->local == PROC_PHY || c->local == PROC_UPDATE || c->local == PROC_MAP ||
               has_instant(c)) {
        control_reject(c, PHY_REQ, c->local == PROC_PHY ? COLLISION : DIFFERENT_COLLISION);
    } else {
        send_phy_update(c, p[0], p[1]);
    }
}

static void phy_update_came(struct conn *c, const uint8_t *p)
{
    uint8_t rx = p[0], tx = p[1]; /* of central to peripheral, of peripheral to central */
    uint32_t lock;

    if (c->remote_proc == PROC_PHY) {
        c->remote_proc = PROC_NONE;
    }
    if (tx > PHY_2M || rx > PHY_2M) {
        conn_close(c, INVALID_LL_PARAMETERS);
    } else if (!tx && !rx) {
        phy_over(c, OK, false);
    } else {
        lock = radio_lock();
        expect_phy(c, tx, rx, get16(p + 2));
        radio_unlock(lock);
    }
}

/* ---- for all ---- */

/* One instant at a time; a central that breaks this breaks the connection. */
static bool may_expect(struct conn *c)
{
    if (has_instant(c)) {
        conn_close(c, DIFFERENT_COLLISION);
        return false;
    }
    return true;
}

static void for_peripheral(struct conn *c, const uint8_t *pdu)
{
    if (c->central || !may_expect(c)) {
        return;
    }
    switch (pdu[0]) {
    case CONNECTION_UPDATE_IND:
        update_came(c, pdu + 1);
        break;
    case CHANNEL_MAP_IND:
        map_came(c, pdu + 1);
        break;
    default:
        phy_update_came(c, pdu + 1);
        break;
    }
}

bool update_received(struct conn *c, const uint8_t *pdu)
{
    switch (pdu[0]) {
    case CONNECTION_UPDATE_IND:
    case CHANNEL_MAP_IND:
    case PHY_UPDATE_IND:
        for_peripheral(c, pdu);
        return true;
    case CONNECTION_PARAM_REQ:
        param_request(c, pdu + 1);
        return true;
    case CONNECTION_PARAM_RSP:
        return true; /* as central we do not ask */
    case PHY_REQ:
        phy_request(c, pdu + 1);
        return true;
    case PHY_RSP:
        if (c->central && c->local == PROC_PHY && !has_instant(c)) {
            send_phy_update(c, pdu[1], pdu[2]);
        }
        return true;
    default:
        return false;
    }
}

void update_refused(struct conn *c, enum procedure procedure, uint8_t reason)
{
    if (procedure == PROC_PHY) {
        phy_over(c, reason, false);
    } else if (c->update_wanted) {
        c->update_wanted = false;
        event_update(c, reason);
    }
}

/* What the interrupt did at an instant. */
void update_instants(struct conn *c)
{
    if (c->updated) {
        c->updated = false;
        c->update_wanted = false;
        if (c->local == PROC_UPDATE) {
            control_done(c);
        }
        event_update(c, OK);
    }
    if (c->local == PROC_MAP && !c->map_pending) {
        control_done(c);
    }
    if (c->phy_updated) {
        c->phy_updated = false;
        phy_over(c, OK, true);
    }
}
