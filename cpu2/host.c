/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c - the ACI host's middle: connections, events to CPU1, HCI commands of its own, timers.
 *
 * The queue to CPU1 keeps the order of events: what the controller says goes in before what the
 * host makes of it. While it is fuller than ROOM_FOR_ACL leaves, the router keeps ACL packets back
 * (host_has_room()), so a peer cannot make the host lose an event.
 */
#include <string.h>

#include "host.h"

#define TO_CPU1_OCTETS 3072
/* What one ACL packet can cause at most: an execute write of 8 prepared parts (att_server.c). */
#define ROOM_FOR_ACL 1200
/* Advertising reports leave so much to events that matter. */
#define ROOM_FOR_REPORT 1500
#define COMMANDS_OCTETS 1024
#define PARAMETERS_MAX 64 /* of a command of ours: LE_Generate_DHKey */

struct link links[HOST_LINKS];
uint16_t gap_event_mask;
uint32_t gatt_event_mask;

static bool active;
static uint8_t to_cpu1_octets[TO_CPU1_OCTETS], commands_octets[COMMANDS_OCTETS];
static struct fifo to_cpu1, commands;

/* ---- events to CPU1 ---- */

void event_raw(const uint8_t *event, size_t n)
{
    fifo_put(&to_cpu1, event, n, NULL, 0);
}

static bool to_cpu1_pump(void)
{
    uint8_t event[HCI_EVENT_MAX];
    bool moved = false;
    size_t n;

    while ((n = fifo_peek(&to_cpu1, event, sizeof event)) != 0 && host_to_cpu1(event, n)) {
        fifo_drop(&to_cpu1);
        moved = true;
    }
    return moved;
}

/* Which bit of which mask of CPU1's an event has, AN5270: ACI_GATT_SET_EVENT_MASK, _GAP_. */
bool event_wanted(uint16_t ecode)
{
    static const uint16_t gap[] = {
        EV_GAP_LIMITED_DISCOVERABLE,
        EV_GAP_PAIRING_COMPLETE,
        EV_GAP_PASS_KEY_REQ,
        EV_GAP_AUTHORIZATION_REQ,
        0,
        EV_GAP_BOND_LOST,
        0,
        EV_GAP_PROC_COMPLETE,
        EV_L2CAP_UPDATE_REQ,
        EV_L2CAP_UPDATE_RESP,
        EV_L2CAP_PROC_TIMEOUT,
        EV_GAP_ADDR_NOT_RESOLVED,
    };
    static const uint16_t gatt[] = {
        EV_GATT_ATTRIBUTE_MODIFIED,
        EV_GATT_PROC_TIMEOUT,
        EV_ATT_EXCHANGE_MTU_RESP,
        EV_ATT_FIND_INFO_RESP,
        EV_ATT_FIND_BY_TYPE_VALUE_RESP,
        EV_ATT_READ_BY_TYPE_RESP,
        EV_ATT_READ_RESP,
        EV_ATT_READ_BLOB_RESP,
        EV_ATT_READ_MULTIPLE_RESP,
        EV_ATT_READ_BY_GROUP_TYPE_RESP,
        0,
        EV_ATT_PREPARE_WRITE_RESP,
        EV_ATT_EXEC_WRITE_RESP,
        EV_GATT_INDICATION,
        EV_GATT_NOTIFICATION,
        EV_GATT_ERROR_RESP,
        EV_GATT_PROC_COMPLETE,
        EV_GATT_DISC_READ_CHAR_BY_UUID_RESP,
        EV_GATT_TX_POOL_AVAILABLE,
        0,
        EV_GATT_READ_EXT,
        EV_GATT_INDICATION_EXT,
        EV_GATT_NOTIFICATION_EXT,
    };

    for (size_t i = 0; i < sizeof gap / sizeof gap[0]; i++) {
        if (gap[i] == ecode) {
            return gap_event_mask >> i & 1;
        }
    }
    for (size_t i = 0; i < sizeof gatt / sizeof gatt[0]; i++) {
        if (gatt[i] == ecode) {
            return gatt_event_mask >> i & 1;
        }
    }
    return true;
}

void event_put(uint16_t ecode, const uint8_t *parameters, size_t n)
{
    uint8_t header[4];

    if (n > EVENT_PARAMETERS_MAX || !event_wanted(ecode)) {
        return;
    }
    header[0] = 0xFF;
    header[1] = (uint8_t)(n + 2);
    put16(header + 2, ecode);
    fifo_put(&to_cpu1, header, sizeof header, parameters, n);
    to_cpu1_pump();
}

void event_link(uint16_t ecode, const struct link *link, const uint8_t *more, size_t n)
{
    uint8_t b[EVENT_PARAMETERS_MAX];

    n = min_size(n, sizeof b - 2);
    put16(b, link->handle);
    if (n) {
        memcpy(b + 2, more, n);
    }
    event_put(ecode, b, n + 2);
}

bool host_has_room(void)
{
    return fifo_room(&to_cpu1) >= ROOM_FOR_ACL && l2cap_room() >= 2;
}

/* ---- HCI commands of the host's ---- */

struct pending {
    hci_done *done;
    uint32_t arg;
    uint16_t opcode;
    uint8_t kind;
};
enum { PLAIN, IN_SCRIPT, SCRIPT_END };

static struct pending running; /* opcode 0: none */
static bool pumping, script_open;
static uint8_t script_status;

static void commands_pump(void)
{
    uint8_t b[sizeof(struct pending) + 3 + PARAMETERS_MAX];
    struct pending next;
    size_t n;

    if (pumping) {
        return; /* a command was answered inside router_host_command(): the loop below goes on */
    }
    pumping = true;
    while (running.opcode == 0 && (n = fifo_peek(&commands, b, sizeof b)) != 0) {
        memcpy(&next, b, sizeof next);
        fifo_drop(&commands);
        if (next.kind == SCRIPT_END) {
            script_open = false;
            next.done(script_status, NULL, 0, next.arg);
        } else if (next.kind != IN_SCRIPT || script_status == ST_OK) {
            running = next;
            router_host_command(b + sizeof next, n - sizeof next);
        }
    }
    pumping = false;
}

static bool command_queue(struct pending p, const uint8_t *parameters, size_t n)
{
    uint8_t head[sizeof p + 3];

    if (n > PARAMETERS_MAX) {
        return false;
    }
    memcpy(head, &p, sizeof p);
    put16(head + sizeof p, p.opcode);
    head[sizeof p + 2] = (uint8_t)n;
    return fifo_put(&commands, head, sizeof head, parameters, n);
}

bool hci_send(uint16_t opcode, const uint8_t *parameters, size_t n, hci_done *done, uint32_t arg)
{
    struct pending p = {.done = done, .arg = arg, .opcode = opcode, .kind = PLAIN};

    if (!command_queue(p, parameters, n)) {
        return false;
    }
    commands_pump();
    return true;
}

void script_begin(void)
{
    script_open = true;
    script_status = ST_OK;
}

void script_add(uint16_t opcode, const uint8_t *parameters, size_t n)
{
    struct pending p = {.opcode = opcode, .kind = IN_SCRIPT};

    /* Kept back until script_end(), so that its commands stay together. */
    if (!command_queue(p, parameters, n) && script_status == ST_OK) {
        script_status = ST_NO_RESOURCES;
    }
}

void script_end(hci_done *done, uint32_t arg)
{
    struct pending p = {.done = done, .arg = arg, .kind = SCRIPT_END};

    if (!command_queue(p, NULL, 0)) {
        done(ST_NO_RESOURCES, NULL, 0, arg);
        return;
    }
    commands_pump();
}

/* The answer to the command that is running, if it is one. */
static bool command_answered(uint16_t opcode, uint8_t status, const uint8_t *ret, size_t n)
{
    struct pending was = running;

    if (was.opcode == 0 || was.opcode != opcode) {
        return false;
    }
    running.opcode = 0;
    if (was.kind == IN_SCRIPT) {
        script_status = status;
    } else if (was.done) {
        was.done(status, ret, n, was.arg);
    }
    commands_pump();
    return true;
}

/* ---- connections ---- */

struct link *link_find(uint16_t handle)
{
    for (int i = 0; i < HOST_LINKS; i++) {
        if (links[i].used && links[i].handle == handle) {
            return &links[i];
        }
    }
    return NULL;
}

static struct link *link_open(uint16_t handle)
{
    struct link *link = link_find(handle);

    for (int i = 0; !link && i < HOST_LINKS; i++) {
        if (!links[i].used) {
            link = &links[i];
        }
    }
    if (link) {
        memset(link, 0, sizeof *link);
        link->used = true;
        link->handle = handle;
        link->mtu = HOST_MTU_MIN;
        link->bond = -1;
    }
    return link;
}

static void link_close(struct link *link)
{
    smp_disconnected(link); /* first: it keeps the CCCDs of a bonded peer */
    att_server_disconnected(link);
    att_client_disconnected(link);
    l2cap_disconnected(link);
    memset(link, 0, sizeof *link);
}

/* LE Connection Complete (0x01) and LE Enhanced Connection Complete (0x0A), Core, Vol 4 Part E,
 * 7.7.65.1 and .10: the same but for two resolvable addresses. */
static void connection_complete(const uint8_t *p, size_t n, bool enhanced)
{
    static const uint8_t none[6];
    struct link *link = NULL;
    uint8_t status;

    if (n < (enhanced ? 31u : 19u)) {
        return;
    }
    status = p[1];
    adv_connected();
    if (status == 0) {
        link = link_open(get16(p + 2) & 0x0FFF);
    }
    if (link) {
        link->role = p[4];
        link->identity.type = p[5] & 1;
        memcpy(link->identity.octets, p + 6, 6);
        link->peer = link->identity;
        link->local = (struct address){.type = 0xFF};
        if (enhanced && memcmp(p + 12, none, 6) != 0) {
            link->local.type = 1;
            memcpy(link->local.octets, p + 12, 6);
        }
        if (enhanced && memcmp(p + 18, none, 6) != 0) {
            link->peer.type = 1;
            memcpy(link->peer.octets, p + 18, 6);
        }
        smp_connected(link);
    }
    gap_connected(link, status, p[4]);
}

static bool le_event(const uint8_t *p, size_t n)
{
    struct link *link;

    switch (p[0]) {
    case 0x05: /* Long Term Key Request */
        if (config.smp_mode & 1) {
            return false; /* "bypass": CPU1 wants it */
        }
        if (n >= 13 && (link = link_find(get16(p + 1) & 0x0FFF)) != NULL) {
            smp_ltk_request(link, p + 3, get16(p + 11));
        }
        return true;
    case 0x08: /* Read Local P-256 Public Key Complete */
        if (!smp_wants_key_events()) {
            return false;
        }
        if (n >= 66) {
            smp_public_key(p[1], p + 2);
        }
        return true;
    case 0x09: /* Generate DHKey Complete */
        if (!smp_wants_key_events()) {
            return false;
        }
        if (n >= 34) {
            smp_dhkey(p[1], p + 2);
        }
        return true;
    default:
        return false;
    }
}

/* What the host does about an event after CPU1 was given it. */
static void after_event(const uint8_t *event, size_t n)
{
    const uint8_t *p = event + 2;
    struct link *link;

    switch (event[0]) {
    case 0x05: /* Disconnection Complete */
        if (n >= 6 && p[0] == 0 && (link = link_find(get16(p + 1) & 0x0FFF)) != NULL) {
            link_close(link);
        }
        break;
    case 0x08: /* Encryption Change */
        if (n >= 6 && (link = link_find(get16(p + 1) & 0x0FFF)) != NULL) {
            smp_encryption_changed(link, p[0], p[3] != 0);
        }
        break;
    case 0x30: /* Encryption Key Refresh Complete */
        if (n >= 5 && (link = link_find(get16(p + 1) & 0x0FFF)) != NULL) {
            smp_encryption_changed(link, p[0], true);
        }
        break;
    case 0x3E:
        connection_complete(p, n - 2, p[0] == 0x0A);
        break;
    default:
        break;
    }
}

static bool concerns_host(const uint8_t *event, size_t n)
{
    return event[0] == 0x05 || event[0] == 0x08 || event[0] == 0x30 ||
           (event[0] == 0x3E && n >= 3 && (event[2] == 0x01 || event[2] == 0x0A));
}

static void completed_packets(const uint8_t *p, size_t n)
{
    for (size_t i = 0; n >= 1 && i < p[0] && 1 + 4 * i + 4 <= n; i++) {
        l2cap_completed(get16(p + 1 + 4 * i) & 0x0FFF, get16(p + 3 + 4 * i));
    }
    l2cap_pump();
}

/* Command Complete and Command Status: ours stay here; a reset of CPU1's resets the host too. */
static bool answer_event(const uint8_t *event, size_t n)
{
    uint16_t opcode;
    bool ours;

    if (event[0] == 0x0F) {
        return n >= 6 && command_answered(get16(event + 4), event[2], NULL, 0);
    }
    if (n < 5) {
        return false;
    }
    opcode = get16(event + 3);
    ours = command_answered(opcode, n >= 6 ? event[5] : 0, event + 6, n >= 6 ? n - 6 : 0);
    if (!ours && opcode == HCI_RESET && n >= 6 && event[5] == 0) {
        host_init(config.address);
    }
    return ours;
}

bool host_takes_event(const uint8_t *event, size_t n)
{
    if (n < 2 || n > HCI_EVENT_MAX || (size_t)event[1] + 2 != n) {
        return active; /* broken: CPU1 is spared it */
    }
    if ((event[0] == 0x0E || event[0] == 0x0F) && answer_event(event, n)) {
        return true;
    }
    if (!active) {
        return false;
    }
    if (event[0] == 0x13) { /* Number Of Completed Packets: the host's own business */
        completed_packets(event + 2, n - 2);
        return true;
    }
    if (event[0] == 0x3E && n >= 3 && le_event(event + 2, n - 2)) {
        return true;
    }
    if (event[0] == 0x3E && n >= 3 && event[2] == 0x02 && gap_filters_report(event + 2, n - 2)) {
        return true;
    }
    if (!concerns_host(event, n)) {
        if (to_cpu1.used == 0) {
            return false; /* nothing to overtake */
        }
        if (event[0] != 0x3E || event[2] != 0x02 || fifo_room(&to_cpu1) >= ROOM_FOR_REPORT) {
            event_raw(event, n);
        }
        to_cpu1_pump();
        return true;
    }
    event_raw(event, n);
    after_event(event, n);
    to_cpu1_pump();
    return true;
}

bool host_takes_acl(const uint8_t *packet, size_t n)
{
    struct link *link;

    if (!active) {
        return false;
    }
    if (n >= 4 && get16(packet + 2) == n - 4 && (link = link_find(get16(packet) & 0x0FFF))) {
        l2cap_receive(link, packet[1] >> 4 & 3, packet + 4, n - 4);
        l2cap_pump();
    }
    return true;
}

/* ---- becoming active ---- */

bool host_is_active(void)
{
    return active;
}

static void got_buffers(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg)
{
    (void)arg;
    if (status == ST_OK && n >= 3) {
        l2cap_buffers(get16(ret), ret[2]);
    }
    aci_answer(status);
}

/* Core, Vol 4 Part E, 7.8.1. What ST's stack has on by default and this controller may have: and
 * those of P-256 (bits 7, 8) besides; the enhanced connection complete (9) only with privacy. */
void host_le_mask(uint8_t mask[8])
{
    static const uint8_t on[8] = {0xDF, 0x09, 0x08};

    memcpy(mask, on, sizeof on);
    if (gap_privacy) {
        mask[1] |= 0x02;
    }
}

bool host_activate(void)
{
    static const uint8_t mask[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x20};
    uint8_t le_mask[8];

    active = true;
    host_le_mask(le_mask);
    return hci_send(HCI_SET_EVENT_MASK, mask, sizeof mask, NULL, 0) &&
           hci_send(HCI_LE_SET_EVENT_MASK, le_mask, sizeof le_mask, NULL, 0) &&
           hci_send(HCI_LE_READ_BUFFER_SIZE, NULL, 0, got_buffers, 0);
}

void host_init(const uint8_t address[6])
{
    uint8_t keep[6];

    memcpy(keep, address, sizeof keep); /* it may be config's own */
    active = false;
    memset(links, 0, sizeof links);
    to_cpu1 = (struct fifo){.mem = to_cpu1_octets, .size = sizeof to_cpu1_octets};
    commands = (struct fifo){.mem = commands_octets, .size = sizeof commands_octets};
    running = (struct pending){0};
    script_open = false;
    gap_event_mask = 0xFFFF;
    gatt_event_mask = 0x0007FFFF; /* the extended events are off (AN5270) */
    memset(&config, 0, sizeof config);
    memcpy(config.address, keep, sizeof keep);
    config.tx_power_dbm = 6; /* "the maximum value" */
    aci_reset();
    l2cap_reset();
    db_reset();
    att_server_reset();
    att_client_reset();
    gap_reset();
    adv_reset();
    smp_reset();
}

void host_set_max_mtu(uint16_t mtu)
{
    att_max_mtu = mtu < HOST_MTU_MIN ? HOST_MTU_MIN : mtu > HOST_MTU_MAX ? HOST_MTU_MAX : mtu;
}

bool host_work(void)
{
    bool moved = to_cpu1_pump();

    commands_pump();
    return l2cap_pump() || moved;
}

/* ---- timers ---- */

static bool next_wanted, fired;
static uint32_t next_at;

void timer_start(struct timer *t, uint32_t after_us)
{
    t->on = true;
    t->at_us = now_us() + after_us;
}

bool timer_due(struct timer *t, uint32_t now)
{
    if (!t->on) {
        return false;
    }
    if ((int32_t)(t->at_us - now) <= 0) {
        t->on = false;
        fired = true;
        return true;
    }
    if (!next_wanted || (int32_t)(t->at_us - next_at) < 0) {
        next_wanted = true;
        next_at = t->at_us;
    }
    return false;
}

uint32_t host_next_us(uint32_t now, bool *wanted)
{
    do { /* again if one went off, since it may have started another */
        next_wanted = fired = false;
        for (int i = 0; i < HOST_LINKS; i++) {
            if (links[i].used) {
                l2cap_timers(&links[i], now);
                att_server_timers(&links[i], now);
                att_client_timers(&links[i], now);
                smp_timers(&links[i], now);
            }
        }
        adv_timers(now);
        gap_timers(now);
    } while (fired);
    *wanted = next_wanted;
    return next_at;
}
