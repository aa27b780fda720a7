/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_control.c - the link layer's control protocol (5.1), in the main loop: what comes, and which
 * procedure of ours is next. Feature exchange, versions, data length, ping and termination are
 * here.
 */
#include "ll_control.h"

#define TIMEOUT_US 40000000u /* 5.2 */

/* Octets of each PDU, opcode included. */
static const uint8_t lengths[] = {
    [CONNECTION_UPDATE_IND] = 12,
    [CHANNEL_MAP_IND] = 8,
    [TERMINATE_IND] = 2,
    [ENC_REQ] = 23,
    [ENC_RSP] = 13,
    [START_ENC_REQ] = 1,
    [START_ENC_RSP] = 1,
    [UNKNOWN_RSP] = 2,
    [FEATURE_REQ] = 9,
    [FEATURE_RSP] = 9,
    [PAUSE_ENC_REQ] = 1,
    [PAUSE_ENC_RSP] = 1,
    [VERSION_IND] = 6,
    [REJECT_IND] = 2,
    [PERIPHERAL_FEATURE_REQ] = 9,
    [CONNECTION_PARAM_REQ] = 24,
    [CONNECTION_PARAM_RSP] = 24,
    [REJECT_EXT_IND] = 3,
    [PING_REQ] = 1,
    [PING_RSP] = 1,
    [LENGTH_REQ] = 9,
    [LENGTH_RSP] = 9,
    [PHY_REQ] = 3,
    [PHY_RSP] = 3,
    [PHY_UPDATE_IND] = 5,
};

/* ---- sending ---- */

/* False: four wait already. A peer that asks on and on, and acknowledges nothing, loses us. */
bool control_send(struct conn *c, const uint8_t *pdu, unsigned len, unsigned flags)
{
    struct control_pdu *control = &c->control[c->control_count];

    if (c->control_count >= LL_CONTROL) {
        conn_close(c, INVALID_LL_PARAMETERS);
        return false;
    }
    control->flags = (uint8_t)(flags | (c->tx_encrypted ? TX_ENCRYPT : 0));
    control->len = (uint8_t)len;
    memcpy(control->pdu, pdu, len);
    c->control_count++;
    data_send(c);
    return true;
}

void control_reject(struct conn *c, uint8_t opcode, uint8_t reason)
{
    const uint8_t simple[] = {REJECT_IND, reason}, extended[] = {REJECT_EXT_IND, opcode, reason};

    if (opcode >= CONNECTION_PARAM_REQ ||
        (c->features_known && c->features[0] & FEATURE_REJECT_EXT)) {
        control_send(c, extended, sizeof(extended), 0);
    } else {
        control_send(c, simple, sizeof(simple), 0);
    }
}

static void features_put(uint8_t *p)
{
    memset(p, 0, 8);
    put16(p, LL_FEATURES);
}

static void send_features(struct conn *c, uint8_t opcode)
{
    uint8_t pdu[9] = {opcode};

    features_put(pdu + 1);
    control_send(c, pdu, sizeof(pdu), 0);
}

static void send_version(struct conn *c)
{
    uint8_t pdu[6] = {VERSION_IND, LL_VERSION};

    put16(pdu + 2, LL_COMPANY);
    put16(pdu + 4, LL_SUBVERSION);
    c->version_sent = true;
    control_send(c, pdu, sizeof(pdu), 0);
}

static void send_length(struct conn *c, uint8_t opcode)
{
    uint8_t pdu[9] = {opcode};

    put16(pdu + 1, c->max.rx_octets);
    put16(pdu + 3, c->max.rx_time);
    put16(pdu + 5, c->max.tx_octets);
    put16(pdu + 7, c->max.tx_time);
    control_send(c, pdu, sizeof(pdu), 0);
}

static void send_terminate(struct conn *c)
{
    const uint8_t pdu[] = {TERMINATE_IND, c->terminate_reason};

    c->terminating = true;
    c->local_deadline = now_us() + c->timeout * 10000u;
    control_send(c, pdu, sizeof(pdu), TX_TERMINATE);
}

static void send_ping(struct conn *c)
{
    const uint8_t pdu[] = {PING_REQ};

    control_send(c, pdu, sizeof(pdu), 0);
}

/* ---- procedures of ours ---- */

void control_want(struct conn *c, enum procedure procedure)
{
    c->wanted |= 1u << procedure;
}

void control_done(struct conn *c)
{
    c->local = PROC_NONE;
}

static bool is_wanted(const struct conn *c, enum procedure procedure)
{
    return c->wanted >> procedure & 1;
}

static void start_features(struct conn *c)
{
    if (c->features_known) {
        event_features(c, OK);
        control_done(c);
    } else {
        send_features(c, c->central ? FEATURE_REQ : PERIPHERAL_FEATURE_REQ);
    }
}

static void start_version(struct conn *c)
{
    if (c->version_known) {
        event_version(c, OK);
        control_done(c);
    } else if (!c->version_sent) {
        send_version(c);
    }
}

/* The next in the order of this list, once the one before is over. */
static void start_next(struct conn *c)
{
    static const uint8_t order[] = {PROC_ENCRYPT, PROC_VERSION, PROC_FEATURES, PROC_LENGTH,
                                    PROC_PHY,     PROC_UPDATE,  PROC_MAP,      PROC_PING};
    unsigned i = 0;

    while (i < sizeof(order) && !is_wanted(c, order[i])) {
        i++;
    }
    if (i == sizeof(order) || c->enc_step) {
        return;
    }
    if (order[i] == PROC_ENCRYPT && (c->remote_proc || !encrypt_start(c))) {
        return;
    }
    if ((order[i] == PROC_UPDATE || order[i] == PROC_MAP || order[i] == PROC_PHY) &&
        (c->remote_proc || c->update_pending || c->map_pending || c->phy_pending)) {
        return; /* one procedure with an instant at a time (5.3) */
    }
    c->wanted &= ~(1u << order[i]);
    c->local = order[i];
    c->local_deadline = now_us() + TIMEOUT_US;
    switch (c->local) {
    case PROC_FEATURES:
        start_features(c);
        break;
    case PROC_VERSION:
        start_version(c);
        break;
    case PROC_LENGTH:
        if (c->no_length) {
            control_done(c);
        } else {
            send_length(c, LENGTH_REQ);
        }
        break;
    case PROC_PHY:
        update_phy_start(c);
        break;
    case PROC_UPDATE:
        update_start(c);
        break;
    case PROC_MAP:
        update_map_start(c);
        break;
    case PROC_PING:
        send_ping(c);
        break;
    default:
        break;
    }
}

/* The peer does not do it, or not now. */
static void refused(struct conn *c, enum procedure procedure, uint8_t reason)
{
    if (c->local != procedure) {
        return;
    }
    control_done(c);
    switch (procedure) {
    case PROC_FEATURES:
        event_features(c, reason);
        break;
    case PROC_LENGTH:
        c->no_length = reason == UNSUPPORTED_REMOTE;
        break;
    case PROC_UPDATE:
    case PROC_PHY:
        update_refused(c, procedure, reason);
        break;
    case PROC_ENCRYPT:
        encrypt_refused(c, reason);
        break;
    default:
        break;
    }
}

static enum procedure procedure_of(uint8_t opcode)
{
    switch (opcode) {
    case FEATURE_REQ:
    case PERIPHERAL_FEATURE_REQ:
        return PROC_FEATURES;
    case LENGTH_REQ:
        return PROC_LENGTH;
    case CONNECTION_PARAM_REQ:
        return PROC_UPDATE;
    case PHY_REQ:
        return PROC_PHY;
    case ENC_REQ:
        return PROC_ENCRYPT;
    case PING_REQ:
        return PROC_PING;
    default:
        return PROC_NONE;
    }
}

/* ---- what comes ---- */

static void terminated(struct conn *c, uint8_t reason)
{
    uint32_t lock = radio_lock();

    if (c->ack_due || ll.owner == &c->activity) {
        c->closing = reason ? reason : REMOTE_TERMINATED;
        conn_wake(c);
    } else {
        conn_close(c, reason ? reason : REMOTE_TERMINATED);
    }
    radio_unlock(lock);
}

static void features_came(struct conn *c, const uint8_t *features)
{
    uint8_t ours[8];

    features_put(ours);
    memcpy(c->features, features, 8);
    c->features[0] &= ours[0];
    c->features_known = true;
}

static void lengths_came(struct conn *c, const uint8_t *p)
{
    struct data_length said = {.rx_octets = get16(p),
                               .rx_time = get16(p + 2),
                               .tx_octets = get16(p + 4),
                               .tx_time = get16(p + 6)};

    if (said.rx_octets >= DATA_OCTETS_MIN && said.rx_time >= DATA_TIME_MIN_US &&
        said.tx_octets >= DATA_OCTETS_MIN && said.tx_time >= DATA_TIME_MIN_US) {
        c->remote = said;
        data_effective(c);
    }
}

static void version_came(struct conn *c, const uint8_t *p)
{
    if (!c->version_known) {
        memcpy(c->version, p, 5);
        c->version_known = true;
        if (!c->version_sent) {
            send_version(c);
        }
    }
    if (c->local == PROC_VERSION) {
        control_done(c);
        event_version(c, OK);
    }
}

static void unknown(struct conn *c, uint8_t opcode)
{
    const uint8_t pdu[] = {UNKNOWN_RSP, opcode};

    control_send(c, pdu, sizeof(pdu), 0);
}

/* True: it was one of the simple ones. */
static bool simple(struct conn *c, const uint8_t *pdu)
{
    switch (pdu[0]) {
    case FEATURE_REQ:
    case PERIPHERAL_FEATURE_REQ:
        if ((pdu[0] == FEATURE_REQ) == c->central) {
            unknown(c, pdu[0]);
            return true;
        }
        features_came(c, pdu + 1);
        send_features(c, FEATURE_RSP);
        return true;
    case FEATURE_RSP:
        features_came(c, pdu + 1);
        if (c->local == PROC_FEATURES) {
            control_done(c);
            event_features(c, OK);
        }
        return true;
    case VERSION_IND:
        version_came(c, pdu + 1);
        return true;
    case LENGTH_REQ:
        lengths_came(c, pdu + 1);
        send_length(c, LENGTH_RSP);
        return true;
    case LENGTH_RSP:
        if (c->local == PROC_LENGTH) {
            control_done(c);
            lengths_came(c, pdu + 1);
        }
        return true;
    case PING_REQ: {
        const uint8_t reply[] = {PING_RSP};

        control_send(c, reply, sizeof(reply), 0);
        return true;
    }
    case PING_RSP:
        if (c->local == PROC_PING) {
            control_done(c);
        }
        return true;
    default:
        return false;
    }
}

/* A request that crossed our LL_ENC_REQ: between that and the end of the procedure we may not
 * answer. */
static bool is_deferred(struct conn *c, const uint8_t *pdu, unsigned len)
{
    bool request = pdu[0] == VERSION_IND || pdu[0] == PERIPHERAL_FEATURE_REQ ||
                   pdu[0] == CONNECTION_PARAM_REQ || pdu[0] == PING_REQ || pdu[0] == LENGTH_REQ ||
                   pdu[0] == PHY_REQ;

    if (!request || !c->central || !c->enc_step) {
        return false;
    }
    if (c->deferred_len) {
        conn_close(c, INVALID_LL_PARAMETERS);
    } else {
        memcpy(c->deferred, pdu, len);
        c->deferred_len = (uint8_t)len;
    }
    return true;
}

void control_received(struct conn *c, const uint8_t *pdu, unsigned len)
{
    if (len < 1) {
        return;
    }
    if (pdu[0] >= sizeof(lengths)) {
        unknown(c, pdu[0]);
        return;
    }
    if (lengths[pdu[0]] != len) {
        if (pdu[0] != UNKNOWN_RSP && pdu[0] != REJECT_IND && pdu[0] != REJECT_EXT_IND) {
            unknown(c, pdu[0]);
        }
        return;
    }
    switch (pdu[0]) {
    case TERMINATE_IND:
        terminated(c, pdu[1]);
        return;
    case UNKNOWN_RSP:
        refused(c, procedure_of(pdu[1]), UNSUPPORTED_REMOTE);
        return;
    case REJECT_IND:
        refused(c, c->local, pdu[1] ? pdu[1] : UNSPECIFIED);
        return;
    case REJECT_EXT_IND:
        refused(c, procedure_of(pdu[1]), pdu[2] ? pdu[2] : UNSPECIFIED);
        return;
    default:
        break;
    }
    if (!c->terminating && !is_deferred(c, pdu, len) && !simple(c, pdu) &&
        !update_received(c, pdu)) {
        encrypt_received(c, pdu);
    }
}

/* ---- what is due ---- */

void control_work(struct conn *c)
{
    uint32_t now = now_us();

    update_instants(c);
    if (c->terminating) {
        if (!before(now, c->local_deadline)) {
            conn_close(c, LOCAL_TERMINATED);
        }
        return;
    }
    if ((c->local && !before(now, c->local_deadline)) ||
        (c->remote_proc && !before(now, c->remote_deadline))) {
        conn_close(c, RESPONSE_TIMEOUT);
        return;
    }
    encrypt_timers(c);
    if (c->deferred_len && !c->enc_step) {
        uint8_t len = c->deferred_len;

        c->deferred_len = 0;
        control_received(c, c->deferred, len);
    }
    if (is_wanted(c, PROC_TERMINATE) && c->control_count < LL_CONTROL) {
        send_terminate(c);
    } else if (!c->local && c->wanted && c->control_count < LL_CONTROL) {
        start_next(c);
    }
}
