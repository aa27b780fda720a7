/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hci_events.c - events to the host (Vol 4 Part E 7.7), their masks, and a backlog for when it has
 * no room.
 */
#include "ll.h"

enum {
    DISCONNECTION_COMPLETE = 0x05,
    ENCRYPTION_CHANGE = 0x08,
    REMOTE_VERSION = 0x0C,
    COMMAND_COMPLETE = 0x0E,
    COMMAND_STATUS = 0x0F,
    COMPLETED_PACKETS = 0x13,
    KEY_REFRESH = 0x30,
    LE_META = 0x3E,
    PAYLOAD_TIMEOUT = 0x57,
};

enum {
    LE_CONNECTION_COMPLETE = 0x01,
    LE_REPORT = 0x02,
    LE_UPDATE_COMPLETE = 0x03,
    LE_FEATURES = 0x04,
    LE_LTK_REQUEST = 0x05,
    LE_PARAM_REQUEST = 0x06,
    LE_DATA_LENGTH = 0x07,
    LE_PHY_UPDATE = 0x0C,
    LE_CHANNEL_ALGORITHM = 0x14,
};

#define RESERVE 300 /* octets of the backlog for what must not be lost */

/* ---- the way out ---- */

/* The router may come back with a command, whose events then queue up behind. */
bool event_flush(void)
{
    uint16_t done = 0;

    if (ll.flushing) {
        return false;
    }
    ll.flushing = true;
    while (done < ll.backlog_len) {
        size_t len = 2u + ll.backlog[done + 1];

        if (!router_event(ll.backlog + done, len)) {
            break;
        }
        done = (uint16_t)(done + len);
    }
    ll.flushing = false;
    if (done > ll.backlog_len) {
        return true; /* it came back with HCI_Reset */
    }
    ll.backlog_len = (uint16_t)(ll.backlog_len - done);
    memmove(ll.backlog, ll.backlog + done, ll.backlog_len);
    return ll.backlog_len == 0;
}

bool event_room(void)
{
    return ll.backlog_len < LL_BACKLOG - RESERVE;
}

/* In order. A host that takes nothing at all loses events in the end. */
void event_send(const uint8_t *event, size_t len)
{
    if (event_flush() && router_event(event, len)) {
        return;
    }
    if (len <= LL_BACKLOG - (size_t)ll.backlog_len) {
        memcpy(ll.backlog + ll.backlog_len, event, len);
        ll.backlog_len = (uint16_t)(ll.backlog_len + len);
    }
}

static bool is_masked(unsigned code)
{
    if (code >= 0x40) {
        return !(ll.event_mask_2[(code - 0x40) >> 3] >> ((code - 0x40) & 7) & 1);
    }
    return !(ll.event_mask[(code - 1) >> 3] >> ((code - 1) & 7) & 1);
}

static void event(uint8_t code, uint8_t *whole, size_t parameters)
{
    whole[0] = code;
    whole[1] = (uint8_t)parameters;
    if (!is_masked(code)) {
        event_send(whole, 2 + parameters);
    }
}

static bool le_wanted(unsigned subevent)
{
    return ll.le_event_mask[(subevent - 1) >> 3] >> ((subevent - 1) & 7) & 1;
}

static void le_event(uint8_t subevent, uint8_t *whole, size_t parameters)
{
    whole[2] = subevent;
    if (le_wanted(subevent)) {
        event(LE_META, whole, parameters);
    }
}

/* ST's, its time in its units of 625/256 us. */
void event_ended(const struct ended *ended)
{
    uint32_t at = (uint32_t)((uint64_t)ended->next_at * 256 / 625);
    const uint8_t e[12] = {0xFF,
                           10,
                           0x04,
                           0x00,
                           ended->last,
                           ended->next,
                           (uint8_t)at,
                           (uint8_t)(at >> 8),
                           (uint8_t)(at >> 16),
                           (uint8_t)(at >> 24),
                           ended->last_slot,
                           ended->next_slot};

    event_send(e, sizeof(e));
}

/* ---- of commands; never masked ---- */

/* An answer has its own buffer on the way to CPU1 and need not wait behind events that have none.
 */
static void answer_send(const uint8_t *event, size_t len)
{
    if (!router_event(event, len)) {
        event_send(event, len);
    }
}

void event_complete(uint16_t opcode, const uint8_t *parameters, size_t len)
{
    uint8_t e[HCI_EVENT_MAX] = {COMMAND_COMPLETE, (uint8_t)(3 + len), 1};

    put16(e + 3, opcode);
    memcpy(e + 5, parameters, len);
    answer_send(e, 5 + len);
}

void event_status(uint16_t opcode, uint8_t status)
{
    uint8_t e[6] = {COMMAND_STATUS, 4, status, 1};

    put16(e + 4, opcode);
    answer_send(e, sizeof(e));
}

/* ---- of connections ---- */

void event_connection(struct conn *c, uint8_t status)
{
    uint8_t e[21] = {0};

    e[3] = status;
    put16(e + 4, c->handle);
    e[6] = !c->central;
    e[7] = c->peer.random;
    memcpy(e + 8, c->peer.octets, 6);
    put16(e + 14, c->interval);
    put16(e + 16, c->latency);
    put16(e + 18, c->timeout);
    e[20] = c->central ? 0 : c->peer_sca_ppm_index;
    le_event(LE_CONNECTION_COMPLETE, e, 19);
}

/* One that did not come about: cancelled, or nobody answered. */
void event_connection_failed(uint8_t status, uint8_t role)
{
    uint8_t e[21] = {0};

    e[3] = status;
    e[6] = role;
    le_event(LE_CONNECTION_COMPLETE, e, 19);
}

void event_csa(const struct conn *c)
{
    uint8_t e[6];

    put16(e + 3, c->handle);
    e[5] = c->csa2;
    le_event(LE_CHANNEL_ALGORITHM, e, 4);
}

void event_disconnected(uint16_t handle, uint8_t reason)
{
    uint8_t e[6] = {0};

    put16(e + 3, handle);
    e[5] = reason;
    event(DISCONNECTION_COMPLETE, e, 4);
}

/* PDUs and HCI number the kinds of advertising differently. */
void event_report(const struct rx_pdu *rx)
{
    static const uint8_t kinds[] = {[ADV_IND] = 0,
                                    [ADV_DIRECT_IND] = 1,
                                    [ADV_NONCONN_IND] = 3,
                                    [SCAN_RSP] = 4,
                                    [ADV_SCAN_IND] = 2};
    const uint8_t *pdu = rx->pdu;
    uint8_t e[2 + 12 + 31] = {0}, type = pdu[0] & ADV_TYPE;
    uint8_t len = type == ADV_DIRECT_IND ? 0 : pdu[1] - 6;

    if (!ll.scan.enabled) {
        return;
    }
    e[3] = 1;
    e[4] = kinds[type];
    e[5] = !!(pdu[0] & ADV_TXADD);
    memcpy(e + 6, pdu + 2, 6);
    e[12] = len;
    memcpy(e + 13, pdu + 8, len);
    e[13 + len] = (uint8_t)rx->rssi;
    le_event(LE_REPORT, e, 12u + len);
}

void event_completed(uint16_t handle, uint16_t count)
{
    uint8_t e[7] = {COMPLETED_PACKETS, 5, 1};

    put16(e + 3, handle);
    put16(e + 5, count);
    event_send(e, sizeof(e)); /* not maskable */
}

void event_update(const struct conn *c, uint8_t status)
{
    uint8_t e[12];

    e[3] = status;
    put16(e + 4, c->handle);
    put16(e + 6, c->interval);
    put16(e + 8, c->latency);
    put16(e + 10, c->timeout);
    le_event(LE_UPDATE_COMPLETE, e, 10);
}

void event_data_length(const struct conn *c)
{
    uint8_t e[13];

    put16(e + 3, c->handle);
    put16(e + 5, c->effective.tx_octets);
    put16(e + 7, c->effective.tx_time);
    put16(e + 9, c->effective.rx_octets);
    put16(e + 11, c->effective.rx_time);
    le_event(LE_DATA_LENGTH, e, 11);
}

void event_phy(const struct conn *c, uint8_t status)
{
    uint8_t e[8];

    e[3] = status;
    put16(e + 4, c->handle);
    e[6] = c->tx_phy;
    e[7] = c->rx_phy;
    le_event(LE_PHY_UPDATE, e, 6);
}

void event_features(const struct conn *c, uint8_t status)
{
    uint8_t e[14];

    e[3] = status;
    put16(e + 4, c->handle);
    memcpy(e + 6, c->features, 8);
    le_event(LE_FEATURES, e, 12);
}

void event_version(const struct conn *c, uint8_t status)
{
    uint8_t e[10];

    e[2] = status;
    put16(e + 3, c->handle);
    memcpy(e + 5, c->version, 5);
    event(REMOTE_VERSION, e, 8);
}

void event_encryption(const struct conn *c, uint8_t status, bool on)
{
    uint8_t e[6];

    e[2] = status;
    put16(e + 3, c->handle);
    e[5] = on;
    event(ENCRYPTION_CHANGE, e, 4);
}

void event_key_refresh(const struct conn *c, uint8_t status)
{
    uint8_t e[5];

    e[2] = status;
    put16(e + 3, c->handle);
    event(KEY_REFRESH, e, 3);
}

void event_ltk_request(const struct conn *c)
{
    uint8_t e[15];

    put16(e + 3, c->handle);
    memcpy(e + 5, c->random_ediv, 10);
    le_event(LE_LTK_REQUEST, e, 13);
}

void event_param_request(const struct conn *c)
{
    uint8_t e[13];

    put16(e + 3, c->handle);
    memcpy(e + 5, c->param_update, 8);
    le_event(LE_PARAM_REQUEST, e, 11);
}

void event_payload_timeout(const struct conn *c)
{
    uint8_t e[4];

    put16(e + 2, c->handle);
    event(PAYLOAD_TIMEOUT, e, 2);
}

void event_p256(uint8_t subevent, uint8_t status, const uint8_t *data, size_t len)
{
    uint8_t e[2 + 2 + 64];

    e[3] = status;
    memcpy(e + 4, data, len);
    le_event(subevent, e, 2 + len);
}
