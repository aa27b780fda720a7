/* SPDX-License-Identifier: Apache-2.0 */
/*
 * l2cap.c - Core, Vol 3 Part A: the three fixed channels of LE over ACL fragments.
 *
 * SDUs to send wait in a pool, in their order; the controller takes as many packets as it has
 * buffers for, and says when it is done with them. The last of the pool is kept for answers, so
 * that notifications of CPU1's never starve them.
 */
#include <string.h>

#include "host.h"

#define POOL 16
#define POOL_FOR_ANSWERS 6
#define SIGNAL_TIMEOUT_US 30000000u /* AN5270, ACI_L2CAP_PROC_TIMEOUT_EVENT */

enum {
    SIGNAL_REJECT = 0x01,
    SIGNAL_UPDATE_REQ = 0x12,
    SIGNAL_UPDATE_RSP = 0x13,
    SIGNAL_CREDIT_REQ = 0x14,
    SIGNAL_CREDIT_RSP = 0x15,
};

struct sdu {
    struct link *link;
    uint16_t n, sent;
    uint8_t octets[HOST_SDU_MAX];
};

static struct sdu pool[POOL];
static uint8_t order[POOL],
    waiting; /* indices in pool: the first waiting of order wait, oldest first */
static uint16_t acl_length, acl_count, acl_used;
static bool room_wanted, pumping;

void l2cap_reset(void)
{
    for (uint8_t i = 0; i < POOL; i++) {
        order[i] = i;
    }
    waiting = 0;
    acl_length = acl_count = acl_used = 0;
    room_wanted = pumping = false;
}

void l2cap_buffers(uint16_t length, uint8_t count)
{
    acl_length = length > HCI_ACL_MAX - 4 ? HCI_ACL_MAX - 4 : length;
    acl_count = length ? count : 0;
    l2cap_pump();
}

/* ---- sending ---- */

size_t l2cap_room(void)
{
    size_t left = (size_t)(POOL - waiting);

    return left;
}

size_t l2cap_room_for_data(void)
{
    size_t left = (size_t)(POOL - waiting);

    return left > POOL_FOR_ANSWERS ? left - POOL_FOR_ANSWERS : 0;
}

void l2cap_want_room(void)
{
    room_wanted = true;
}

bool l2cap_send(struct link *link, uint16_t cid, const uint8_t *data, size_t n)
{
    struct sdu *sdu;

    if (waiting == POOL || n > HOST_MTU_MAX) {
        return false;
    }
    sdu = &pool[order[waiting++]];
    sdu->link = link;
    sdu->sent = 0;
    sdu->n = (uint16_t)(4 + n);
    put16(sdu->octets, (uint16_t)n);
    put16(sdu->octets + 2, cid);
    memcpy(sdu->octets + 4, data, n);
    l2cap_pump();
    return true;
}

static void forget(uint8_t at)
{
    uint8_t index = order[at];

    memmove(order + at, order + at + 1, (size_t)(POOL - 1 - at));
    order[POOL - 1] = index;
    waiting--;
}

/* The next fragment of an SDU. False: the controller has no room after all. */
static bool send_fragment(struct sdu *sdu)
{
    uint8_t packet[HCI_ACL_MAX];
    uint16_t n = (uint16_t)min_size((size_t)(sdu->n - sdu->sent), acl_length);

    /* Packet boundary: 00 the first, 01 a continuation (Core, Vol 4 Part E, 5.4.2). */
    put16(packet, (uint16_t)(sdu->link->handle | (sdu->sent ? 0x1000 : 0)));
    put16(packet + 2, n);
    memcpy(packet + 4, sdu->octets + sdu->sent, n);
    if (!router_host_acl(packet, 4u + n)) {
        return false;
    }
    sdu->sent = (uint16_t)(sdu->sent + n);
    acl_used++;
    sdu->link->in_controller++;
    return true;
}

static void tell_of_room(void)
{
    uint8_t b[4];
    size_t left = l2cap_room_for_data();

    if (room_wanted && left) {
        room_wanted = false;
        put16(b, 0); /* "Not used" */
        put16(b + 2, (uint16_t)left);
        event_put(EV_GATT_TX_POOL_AVAILABLE, b, sizeof b);
    }
}

bool l2cap_pump(void)
{
    bool moved = false, full = false;

    if (pumping) {
        return false;
    }
    pumping = true;
    while (!full && waiting && acl_used < acl_count) {
        struct sdu *sdu = &pool[order[0]];

        full = !send_fragment(sdu);
        moved |= !full;
        if (sdu->sent == sdu->n) {
            forget(0);
        }
    }
    pumping = false;
    tell_of_room();
    return moved;
}

void l2cap_completed(uint16_t handle, uint16_t packets)
{
    struct link *link = link_find(handle);
    uint16_t n = link && packets > link->in_controller ? link->in_controller : packets;

    if (link) {
        link->in_controller = (uint16_t)(link->in_controller - n);
        acl_used = (uint16_t)(acl_used - n);
        gatt_sent(link);
    }
}

void l2cap_disconnected(struct link *link)
{
    uint8_t at = 0;

    while (at < waiting) {
        if (pool[order[at]].link == link) {
            forget(at);
        } else {
            at++;
        }
    }
    /* What the controller held of this link it has dropped (Core, Vol 4 Part E, 4.3). */
    acl_used = (uint16_t)(acl_used - link->in_controller);
    link->in_controller = 0;
    gatt_sent(link);
}

bool l2cap_idle(const struct link *link)
{
    for (uint8_t at = 0; at < waiting; at++) {
        if (pool[order[at]].link == link) {
            return false;
        }
    }
    return link->in_controller == 0;
}

/* ---- the signalling channel, Core, Vol 3 Part A, 4 ---- */

static void signal_send(struct link *link, uint8_t code, uint8_t id, const uint8_t *p, uint8_t n)
{
    uint8_t b[4 + 16] = {code, id, n, 0};

    memcpy(b + 4, p, n);
    l2cap_send(link, CID_SIGNAL, b, 4u + n);
}

static void signal_reject(struct link *link, uint8_t id)
{
    static const uint8_t not_understood[2] = {0, 0};

    signal_send(link, SIGNAL_REJECT, id, not_understood, sizeof not_understood);
}

/* Core, Vol 3 Part A, 4.20: what a connection's parameters may be. */
static bool parameters_valid(const uint8_t p[8])
{
    uint32_t low = get16(p), high = get16(p + 2), latency = get16(p + 4), timeout = get16(p + 6);

    return low >= 6 && high <= 3200 && low <= high && latency <= 499 && timeout >= 10 &&
           timeout <= 3200 && timeout * 4 > (1 + latency) * high;
}

static void update_result(struct link *link, uint8_t id, bool accept)
{
    uint8_t result[2] = {accept ? 0 : 1, 0};

    signal_send(link, SIGNAL_UPDATE_RSP, id, result, sizeof result);
}

static void update_requested(struct link *link, uint8_t id, const uint8_t *p, size_t n)
{
    uint8_t b[11];

    if (link->role != 0 || n != 8) { /* only the central takes one */
        signal_reject(link, id);
        return;
    }
    if (!parameters_valid(p) || !event_wanted(EV_L2CAP_UPDATE_REQ)) {
        update_result(link, id, false);
        return;
    }
    link->signal_id = id;
    b[0] = id;
    put16(b + 1, 8);
    memcpy(b + 3, p, 8);
    event_link(EV_L2CAP_UPDATE_REQ, link, b, sizeof b);
}

bool l2cap_update_response(struct link *link, uint8_t id, bool accept)
{
    if (id == 0 || link->signal_id != id) {
        return false;
    }
    link->signal_id = 0;
    update_result(link, id, accept);
    return true;
}

uint16_t l2cap_update_request(struct link *link, const uint8_t parameters[8])
{
    static uint8_t id;

    if (link->role != 1) {
        return ST_DISALLOWED;
    }
    if (!parameters_valid(parameters)) {
        return ST_INVALID_PARAMETERS;
    }
    if (link->update_id) {
        return ST_BUSY;
    }
    if (l2cap_room() == 0) {
        return ST_NO_RESOURCES;
    }
    id = id == 0xFF ? 1 : (uint8_t)(id + 1);
    link->update_id = id;
    timer_start(&link->update_timer, SIGNAL_TIMEOUT_US);
    signal_send(link, SIGNAL_UPDATE_REQ, id, parameters, 8);
    return ST_OK;
}

static void rejected(struct link *link, uint8_t id, const uint8_t *p, size_t n)
{
    uint8_t b[4 + 4] = {id};

    if (n < 2 || n > 6 || id == 0 || id != link->update_id) {
        return;
    }
    link->update_id = 0;
    link->update_timer.on = false;
    memcpy(b + 1, p, 2);
    b[3] = (uint8_t)(n - 2);
    memcpy(b + 4, p + 2, n - 2);
    event_link(EV_L2CAP_COMMAND_REJECT, link, b, 4 + n - 2);
}

static void signal_receive(struct link *link, const uint8_t *p, size_t n)
{
    /* no such service (result 0x0002): connection-oriented channels are left out */
    static const uint8_t refused[10] = {0, 0, 0, 0, 0, 0, 0, 0, 2, 0};

    if (n < 4 || get16(p + 2) != n - 4 || p[1] == 0) {
        return;
    }
    switch (p[0]) {
    case SIGNAL_REJECT:
        rejected(link, p[1], p + 4, n - 4);
        break;
    case SIGNAL_UPDATE_REQ:
        update_requested(link, p[1], p + 4, n - 4);
        break;
    case SIGNAL_UPDATE_RSP:
        if (n == 6 && p[1] == link->update_id) {
            link->update_id = 0;
            link->update_timer.on = false;
            event_link(EV_L2CAP_UPDATE_RESP, link, p + 4, 2);
        }
        break;
    case SIGNAL_CREDIT_REQ:
        signal_send(link, SIGNAL_CREDIT_RSP, p[1], refused, sizeof refused);
        break;
    case 0x03: /* answers to what was never asked */
    case 0x05:
    case 0x07:
    case 0x09:
    case 0x0B:
    case SIGNAL_CREDIT_RSP:
    case 0x18:
    case 0x1A:
        break;
    default:
        signal_reject(link, p[1]);
        break;
    }
}

void l2cap_timers(struct link *link, uint32_t now)
{
    static const uint8_t no_data[1] = {0};

    if (timer_due(&link->update_timer, now)) {
        link->update_id = 0;
        event_link(EV_L2CAP_PROC_TIMEOUT, link, no_data, sizeof no_data);
    }
}

/* ---- receiving ---- */

static void deliver(struct link *link)
{
    const uint8_t *payload = link->rx + 4;
    size_t n = get16(link->rx);

    switch (get16(link->rx + 2)) {
    case CID_ATT:
        att_receive(link, payload, n);
        break;
    case CID_SIGNAL:
        signal_receive(link, payload, n);
        break;
    case CID_SMP:
        smp_receive(link, payload, n);
        break;
    default: /* a channel that does not exist: dropped (Core, Vol 3 Part A, 2.1) */
        break;
    }
}

void l2cap_receive(struct link *link, uint8_t boundary, const uint8_t *data, size_t n)
{
    if (boundary != 1) {
        link->rx_len = 0; /* an SDU that was not finished is dropped */
        link->rx_skip = false;
    }
    if (link->rx_skip || (boundary == 1 && link->rx_len == 0)) {
        return;
    }
    if (n > sizeof link->rx - link->rx_len) {
        link->rx_skip = true;
        return;
    }
    memcpy(link->rx + link->rx_len, data, n);
    link->rx_len = (uint16_t)(link->rx_len + n);
    if (link->rx_len < 4) {
        return;
    }
    if (link->rx_len - 4 > get16(link->rx) || get16(link->rx) > HOST_MTU_MAX) {
        link->rx_skip = true; /* longer than it says, or than we take */
    } else if (link->rx_len - 4 == get16(link->rx)) {
        link->rx_len = 0;
        link->rx_skip = true; /* until the next one begins */
        deliver(link);
    }
}
