/* SPDX-License-Identifier: Apache-2.0 */
/*
 * att_server.c - Core, Vol 3 Part F: requests of the peer's, carried out on gatt_db.
 *
 * Where CPU1 wants to be asked (GATT_NOTIFY_..._WAIT_FOR_APPL_RESP) the request is kept, an event
 * goes out, and the answer waits for ACI_GATT_PERMIT_READ or _WRITE, 30 s at most.
 */
#include <string.h>

#include "smp.h"

#define PREPARED_OCTETS 1024
#define PREPARED_MAX 8 /* of all links; ROOM_FOR_ACL in host.c counts on it */

enum { ASK_WRITE = 2, ASK_READ = 4 }; /* of an attribute's events */

uint16_t att_max_mtu = HOST_MTU_MAX;

static struct prepared {
    struct link *link;
    uint16_t handle, offset, n, at;
} prepared[PREPARED_MAX];
static uint8_t prepared_count;
static uint8_t prepared_octets[PREPARED_OCTETS];
static uint16_t prepared_used;

void att_server_reset(void)
{
    prepared_count = 0;
    prepared_used = 0;
}

void att_send(struct link *link, const uint8_t *pdu, size_t n)
{
    l2cap_send(link, CID_ATT, pdu, n);
}

static void error(struct link *link, uint8_t opcode, uint16_t handle, uint8_t code)
{
    uint8_t b[5] = {ATT_ERROR, opcode, (uint8_t)handle, (uint8_t)(handle >> 8), code};

    att_send(link, b, sizeof b);
}

void att_timed_out(struct link *link)
{
    link->att_closed = true;
    link->permit.length = 0;
    link->permit.timer.on = link->indication.on = link->procedure.timer.on = false;
    link->procedure.kind = 0;
    event_link(EV_GATT_PROC_TIMEOUT, link, NULL, 0);
}

void att_server_timers(struct link *link, uint32_t now)
{
    if (timer_due(&link->permit.timer, now) || timer_due(&link->indication, now)) {
        att_timed_out(link);
    }
}

/* ---- permissions ---- */

static uint8_t security_missing(const struct link *link, const struct attribute *a, uint8_t need)
{
    /* need: the read bits, 1 authenticated, 2 authorized, 4 encrypted, 8 secure connections */
    if ((need & (1 | 4 | 8)) && !link->encrypted) {
        return link->bond >= 0 ? ATT_INSUFFICIENT_ENCRYPTION : ATT_INSUFFICIENT_AUTHENTICATION;
    }
    if (((need & 1) && !link->authenticated) || ((need & 8) && !link->secure)) {
        return ATT_INSUFFICIENT_AUTHENTICATION;
    }
    if ((need & (1 | 4 | 8)) && link->key_size < a->key_size) {
        return ATT_INSUFFICIENT_KEY_SIZE;
    }
    if ((need & 2) && link->authorized != 2) {
        return ATT_INSUFFICIENT_AUTHORIZATION;
    }
    return 0;
}

uint8_t att_permission(const struct link *link, const struct attribute *a, bool write)
{
    uint8_t s = a->security;

    if (write) {
        return security_missing(link, a, (uint8_t)((s >> 3 & 7) | (s & 0x80 ? 8 : 0)));
    }
    if (!(a->access & 1)) {
        return ATT_READ_NOT_PERMITTED;
    }
    return security_missing(link, a, (uint8_t)((s & 7) | (s & 0x40 ? 8 : 0)));
}

bool att_may_notify(const struct link *link, const struct attribute *a)
{
    uint8_t s = a->security;

    return security_missing(link, a, (uint8_t)((s & 7) | (s & 0x40 ? 8 : 0))) == 0;
}

/* ---- asking CPU1 ---- */

/* Keeps the request until CPU1 permits it. False: it cannot be kept. */
static bool ask(struct link *link, const uint8_t *pdu, size_t n)
{
    if (n > sizeof link->permit.pdu) {
        return false;
    }
    memcpy(link->permit.pdu, pdu, n);
    link->permit.length = (uint8_t)n;
    timer_start(&link->permit.timer, ATT_TIMEOUT_US);
    return true;
}

static void ask_read(struct link *link, const uint8_t *pdu, size_t n, uint16_t handle,
                     uint16_t offset)
{
    uint8_t b[4];

    if (!ask(link, pdu, n)) {
        error(link, pdu[0], handle, ATT_INSUFFICIENT_RESOURCES);
        return;
    }
    put16(b, handle);
    put16(b + 2, offset);
    event_link(EV_GATT_READ_PERMIT_REQ, link, b, sizeof b);
}

static bool asks_read(const struct link *link, const struct attribute *a)
{
    return (a->events & ASK_READ) && !link->permit.granted;
}

uint8_t att_permit_read(struct link *link, uint8_t code, uint16_t handle)
{
    uint8_t pdu[sizeof link->permit.pdu], n = link->permit.length;

    if (n == 0 || link->permit.pdu[0] == ATT_WRITE_REQ || link->permit.pdu[0] == ATT_PREPARE_REQ) {
        return ST_DISALLOWED;
    }
    memcpy(pdu, link->permit.pdu, n);
    link->permit.length = 0;
    link->permit.timer.on = false;
    if (code) {
        error(link, pdu[0], handle ? handle : get16(pdu + 1), code);
        return ST_OK;
    }
    link->permit.granted = true;
    att_server_request(link, pdu, n);
    link->permit.granted = false;
    return ST_OK;
}

/* ---- finding ---- */

static void exchange_mtu(struct link *link, const uint8_t *pdu, size_t n)
{
    uint8_t b[3] = {ATT_MTU_RSP};
    uint16_t theirs;

    if (n != 3) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return;
    }
    theirs = get16(pdu + 1);
    put16(b + 1, att_max_mtu);
    att_send(link, b, sizeof b);
    if (theirs < HOST_MTU_MIN) {
        theirs = HOST_MTU_MIN;
    }
    link->mtu = theirs < att_max_mtu ? theirs : att_max_mtu;
    put16(b, link->mtu);
    /* ST's BLE_DataThroughput waits for it on either side, whoever asked */
    event_link(EV_ATT_EXCHANGE_MTU_RESP, link, b, 2);
}

/* The range that most requests begin with. False: it was answered with an error. */
static bool range(struct link *link, const uint8_t *pdu, size_t n, size_t least)
{
    if (n < least) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return false;
    }
    if (get16(pdu + 1) == 0 || get16(pdu + 1) > get16(pdu + 3)) {
        error(link, pdu[0], get16(pdu + 1), ATT_INVALID_HANDLE);
        return false;
    }
    return true;
}

static void find_information(struct link *link, const uint8_t *pdu, size_t n)
{
    uint8_t b[HOST_MTU_MAX] = {ATT_FIND_INFO_RSP}, size = 0;
    struct out out = {.p = b, .n = 2, .max = link->mtu};

    if (n != 5) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return;
    }
    if (!range(link, pdu, n, 5)) {
        return;
    }
    for (struct attribute *a = db_from(get16(pdu + 1)); a && a->handle <= get16(pdu + 3);
         a = db_next(a)) {
        if (size == 0) {
            size = a->uuid_len;
        }
        if (a->uuid_len != size || out.max - out.n < 2u + size) {
            break;
        }
        out16(&out, a->handle);
        out_octets(&out, db_uuid(a), size);
    }
    if (out.n == 2) {
        error(link, pdu[0], get16(pdu + 1), ATT_NOT_FOUND);
        return;
    }
    b[1] = size == 2 ? 1 : 2;
    att_send(link, b, out.n);
}

/* Last handle of the group that an attribute begins (else its own). */
static uint16_t group_end(const struct attribute *a)
{
    return a->flags & ATTR_SERVICE       ? a->max
           : a->flags & ATTR_DECLARATION ? db_characteristic_end(a)
                                         : a->handle;
}

static void find_by_type_value(struct link *link, const uint8_t *pdu, size_t n)
{
    uint8_t b[HOST_MTU_MAX] = {ATT_FIND_VALUE_RSP};
    struct out out = {.p = b, .n = 1, .max = link->mtu};

    if (!range(link, pdu, n, 7)) {
        return;
    }
    for (struct attribute *a = db_from(get16(pdu + 1)); a && a->handle <= get16(pdu + 3);
         a = db_next(a)) {
        uint16_t length;
        const uint8_t *value = db_value(a, link, &length);

        if (!db_is(a, get16(pdu + 5)) || length != n - 7 || memcmp(value, pdu + 7, n - 7) != 0 ||
            att_permission(link, a, false) != 0) {
            continue;
        }
        if (out.max - out.n < 4) {
            break;
        }
        out16(&out, a->handle);
        out16(&out, group_end(a));
    }
    if (out.n == 1) {
        error(link, pdu[0], get16(pdu + 1), ATT_NOT_FOUND);
        return;
    }
    att_send(link, b, out.n);
}

/* Read By Type, and Read By Group Type, which has the group's end in each entry. */
static void read_by_type(struct link *link, const uint8_t *pdu, size_t n, bool group)
{
    uint8_t b[HOST_MTU_MAX] = {group ? ATT_GROUP_RSP : ATT_READ_TYPE_RSP};
    struct out out = {.p = b, .n = 2, .max = link->mtu};
    uint8_t uuid_len = (uint8_t)(n - 5), head = group ? 4 : 2, code = ATT_NOT_FOUND;
    uint16_t size = 0, culprit = n >= 3 ? get16(pdu + 1) : 0;

    if (n != 7 && n != 21) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return;
    }
    if (!range(link, pdu, n, 7)) {
        return;
    }
    if (group &&
        (uuid_len != 2 || (get16(pdu + 5) != UUID_PRIMARY && get16(pdu + 5) != UUID_SECONDARY))) {
        error(link, pdu[0], culprit, ATT_UNSUPPORTED_GROUP);
        return;
    }
    for (struct attribute *a = db_from(get16(pdu + 1)); a && a->handle <= get16(pdu + 3);
         a = db_next(a)) {
        uint16_t length;
        const uint8_t *value;

        if (!db_uuid_is(a, pdu + 5, uuid_len)) {
            continue;
        }
        if ((code = att_permission(link, a, false)) != 0) {
            culprit = a->handle; /* counts only if it is the first */
            break;
        }
        if (asks_read(link, a)) {
            if (size == 0) {
                ask_read(link, pdu, n, a->handle, 0);
                return;
            }
            break;
        }
        value = db_value(a, link, &length);
        length = (uint16_t)min_size(length, min_size(255u - head, link->mtu - 2u - head));
        if (size == 0) {
            size = (uint16_t)(head + length);
        }
        if (head + length != size || out.max - out.n < size) {
            break;
        }
        out16(&out, a->handle);
        if (group) {
            out16(&out, group_end(a));
        }
        out_octets(&out, value, length);
    }
    if (size == 0) {
        error(link, pdu[0], culprit, code ? code : ATT_NOT_FOUND);
        return;
    }
    b[1] = (uint8_t)size;
    att_send(link, b, out.n);
}

/* ---- reading ---- */

static void read_value(struct link *link, const uint8_t *pdu, size_t n)
{
    bool blob = pdu[0] == ATT_BLOB_REQ;
    uint8_t b[HOST_MTU_MAX] = {blob ? ATT_BLOB_RSP : ATT_READ_RSP}, code;
    uint16_t handle, offset, length;
    struct attribute *a;
    const uint8_t *value;

    if (n != (blob ? 5u : 3u)) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return;
    }
    handle = get16(pdu + 1);
    offset = blob ? get16(pdu + 3) : 0;
    a = db_find(handle);
    code = a ? att_permission(link, a, false) : ATT_INVALID_HANDLE;
    if (code) {
        error(link, pdu[0], handle, code);
        return;
    }
    if (asks_read(link, a)) {
        ask_read(link, pdu, n, handle, offset);
        return;
    }
    value = db_value(a, link, &length);
    if (offset > length) {
        error(link, pdu[0], handle, ATT_INVALID_OFFSET);
        return;
    }
    length = (uint16_t)min_size((size_t)(length - offset), link->mtu - 1u);
    memcpy(b + 1, value + offset, length);
    att_send(link, b, 1u + length);
}

/* True: at least one of them is CPU1's to permit, and it was asked. */
static bool ask_multiple(struct link *link, const uint8_t *pdu, size_t n)
{
    uint8_t b[1 + 64];
    bool wanted = false;

    for (size_t i = 1; i + 1 < n; i += 2) {
        struct attribute *a = db_find(get16(pdu + i));

        wanted |= a && asks_read(link, a);
    }
    if (!wanted) {
        return false;
    }
    if (!ask(link, pdu, n)) {
        error(link, pdu[0], get16(pdu + 1), ATT_INSUFFICIENT_RESOURCES);
        return true;
    }
    b[0] = (uint8_t)((n - 1) / 2);
    memcpy(b + 1, pdu + 1, n - 1);
    event_link(EV_GATT_READ_MULTI_PERMIT_REQ, link, b, n);
    return true;
}

static void read_multiple(struct link *link, const uint8_t *pdu, size_t n)
{
    bool variable = pdu[0] == ATT_MULTIPLE_VARIABLE_REQ;
    uint8_t b[HOST_MTU_MAX] = {variable ? ATT_MULTIPLE_VARIABLE_RSP : ATT_MULTIPLE_RSP};
    struct out out = {.p = b, .n = 1, .max = link->mtu};

    if (n < 5 || n % 2 == 0) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return;
    }
    for (size_t i = 1; i < n; i += 2) {
        struct attribute *a = db_find(get16(pdu + i));
        uint8_t code = a ? att_permission(link, a, false) : ATT_INVALID_HANDLE;

        if (code) {
            error(link, pdu[0], get16(pdu + i), code);
            return;
        }
    }
    if (ask_multiple(link, pdu, n)) {
        return;
    }
    for (size_t i = 1; i < n; i += 2) {
        uint16_t length;
        const uint8_t *value = db_value(db_find(get16(pdu + i)), link, &length);

        if (variable && out.max - out.n >= 2) {
            out16(&out, length);
        }
        out_octets(&out, value, min_size(length, out.max - out.n));
    }
    att_send(link, b, out.n);
}

/* ---- writing ---- */

static void modified(struct link *link, const struct attribute *a, uint16_t offset,
                     const uint8_t *p, uint16_t n)
{
    uint8_t b[EVENT_PARAMETERS_MAX - 2];
    const uint16_t most = sizeof b - 6;

    if (!(a->events & 1)) {
        return;
    }
    do { /* what does not fit one event goes on in the next: bit 15 of the offset says so */
        uint16_t part = n < most ? n : most;

        put16(b, a->handle);
        put16(b + 2, (uint16_t)((offset & 0x7FFF) | (part < n ? 0x8000 : 0)));
        put16(b + 4, part);
        memcpy(b + 6, p, part);
        event_link(EV_GATT_ATTRIBUTE_MODIFIED, link, b, 6u + part);
        offset = (uint16_t)(offset + part);
        p += part;
        n = (uint16_t)(n - part);
    } while (n);
}

static uint8_t length_error(const struct attribute *a, uint16_t offset, size_t n)
{
    if (offset > ((a->flags & ATTR_VARIABLE) ? a->max : a->length)) {
        return ATT_INVALID_OFFSET;
    }
    return n > (size_t)(a->max - offset) ? ATT_INVALID_LENGTH : 0;
}

/* Core, Vol 3 Part G, 3.3.3.3. */
static uint8_t write_cccd(struct link *link, struct attribute *a, uint16_t offset, const uint8_t *p,
                          size_t n)
{
    uint16_t value;

    if (offset || n != 2) {
        return ATT_INVALID_LENGTH;
    }
    value = get16(p);
    if (value & ~3u) {
        return 0x13; /* Value Not Allowed */
    }
    db_set_cccd(link, a, value);
    bond_subscribed(link);
    modified(link, a, 0, p, 2);
    return 0;
}

static uint8_t store(struct link *link, struct attribute *a, uint16_t offset, const uint8_t *p,
                     uint16_t n)
{
    if (a->flags & ATTR_CCCD) {
        return write_cccd(link, a, offset, p, n);
    }
    db_write(a, offset, p, n, true);
    modified(link, a, offset, p, n);
    return 0;
}

static void write_value(struct link *link, const uint8_t *pdu, size_t n)
{
    bool command = pdu[0] == ATT_WRITE_COMMAND;
    struct attribute *a;
    uint8_t code, b[EVENT_PARAMETERS_MAX], done = ATT_WRITE_RSP;
    size_t length = n - 3;

    if (n < 3) {
        if (!command) {
            error(link, pdu[0], 0, ATT_INVALID_PDU);
        }
        return;
    }
    a = db_find(get16(pdu + 1));
    code = !a                                 ? ATT_INVALID_HANDLE
           : !(a->access & (command ? 4 : 2)) ? ATT_WRITE_NOT_PERMITTED
                                              : att_permission(link, a, true);
    if (!code && !(a->flags & ATTR_CCCD)) {
        code = length_error(a, 0, length);
    }
    if (!code && (a->events & ASK_WRITE)) {
        if (command || ask(link, pdu, 3)) {
            put16(b, a->handle);
            b[2] = (uint8_t)length;
            memcpy(b + 3, pdu + 3, length);
            event_link(EV_GATT_WRITE_PERMIT_REQ, link, b, 3 + length);
        }
        return;
    }
    if (!code) {
        code = store(link, a, 0, pdu + 3, (uint16_t)length);
    }
    if (!command && code) {
        error(link, pdu[0], get16(pdu + 1), code);
    } else if (!command) {
        att_send(link, &done, 1);
    }
}

static bool prepare(struct link *link, uint16_t handle, uint16_t offset, const uint8_t *p,
                    uint16_t n)
{
    struct prepared *q = &prepared[prepared_count];

    if (prepared_count == PREPARED_MAX || n > PREPARED_OCTETS - prepared_used) {
        return false;
    }
    *q = (struct prepared){link, handle, offset, n, prepared_used};
    if (n) {
        memcpy(prepared_octets + q->at, p, n);
    }
    prepared_used = (uint16_t)(prepared_used + n);
    prepared_count++;
    return true;
}

static void prepare_write(struct link *link, const uint8_t *pdu, size_t n)
{
    uint8_t code, b[EVENT_PARAMETERS_MAX];
    struct attribute *a;
    uint16_t length = (uint16_t)(n - 5);

    if (n < 5) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return;
    }
    a = db_find(get16(pdu + 1));
    code = !a                 ? ATT_INVALID_HANDLE
           : !(a->access & 2) ? ATT_WRITE_NOT_PERMITTED
                              : att_permission(link, a, true);
    if (!code && (a->events & ASK_WRITE)) {
        ask(link, pdu, 5);
        memcpy(b, pdu + 1, 4);
        b[4] = (uint8_t)length;
        memcpy(b + 5, pdu + 5, length);
        event_link(EV_GATT_PREPARE_WRITE_PERMIT_REQ, link, b, 5u + length);
        return;
    }
    if (!code && !prepare(link, get16(pdu + 1), get16(pdu + 3), pdu + 5, length)) {
        code = ATT_QUEUE_FULL;
    }
    if (code) {
        error(link, pdu[0], get16(pdu + 1), code);
        return;
    }
    memcpy(b, pdu, n); /* the answer echoes it */
    b[0] = ATT_PREPARE_RSP;
    att_send(link, b, n);
}

static void prepared_forget(const struct link *link)
{
    uint8_t kept = 0;
    uint16_t used = 0;

    for (uint8_t i = 0; i < prepared_count; i++) {
        struct prepared q = prepared[i];

        if (q.link != link) {
            memmove(prepared_octets + used, prepared_octets + q.at, q.n);
            q.at = used;
            used = (uint16_t)(used + q.n);
            prepared[kept++] = q;
        }
    }
    prepared_count = kept;
    prepared_used = used;
}

static void execute_write(struct link *link, const uint8_t *pdu, size_t n)
{
    uint8_t code = 0, done = ATT_EXECUTE_RSP;
    uint16_t culprit = 0;

    if (n != 2 || pdu[1] > 1) {
        error(link, pdu[0], 0, ATT_INVALID_PDU);
        return;
    }
    /* All are checked before any is written. */
    for (uint8_t pass = 0; pass < 2 && pdu[1] == 1 && !code; pass++) {
        for (uint8_t i = 0; i < prepared_count && !code; i++) {
            struct prepared *q = &prepared[i];
            struct attribute *a = q->link == link ? db_find(q->handle) : NULL;

            if (q->link != link) {
                continue;
            }
            culprit = q->handle;
            if (pass == 0) {
                code = a ? length_error(a, q->offset, q->n) : ATT_INVALID_HANDLE;
            } else {
                code = store(link, a, q->offset, prepared_octets + q->at, q->n);
            }
        }
    }
    prepared_forget(link);
    if (code) {
        error(link, pdu[0], culprit, code);
    } else {
        att_send(link, &done, 1);
    }
}

uint8_t att_permit_write(struct link *link, uint16_t handle, uint8_t code, const uint8_t *value,
                         uint8_t n)
{
    uint8_t pdu[sizeof link->permit.pdu], b[5 + 255], done = ATT_WRITE_RSP;
    struct attribute *a = db_find(handle);
    bool asked = link->permit.length && get16(link->permit.pdu + 1) == handle &&
                 (link->permit.pdu[0] == ATT_WRITE_REQ || link->permit.pdu[0] == ATT_PREPARE_REQ);

    if (!a) {
        return ST_INVALID_HANDLE;
    }
    if (!asked) { /* it was a command: nobody waits for an answer */
        if (!(a->events & ASK_WRITE)) {
            return ST_DISALLOWED;
        }
        if (!code && !length_error(a, 0, n)) {
            db_write(a, 0, value, n, true);
        }
        return ST_OK;
    }
    memcpy(pdu, link->permit.pdu, sizeof pdu);
    if (!code && pdu[0] == ATT_WRITE_REQ) {
        if (length_error(a, 0, n)) {
            return ST_INVALID_PARAMETERS;
        }
        db_write(a, 0, value, n, true);
    } else if (!code && (n > link->mtu - 5 || !prepare(link, handle, get16(pdu + 3), value, n))) {
        code = ATT_QUEUE_FULL;
    }
    link->permit.length = 0;
    link->permit.timer.on = false;
    if (code) {
        error(link, pdu[0], handle, code);
    } else if (pdu[0] == ATT_WRITE_REQ) {
        att_send(link, &done, 1);
    } else {
        memcpy(b, pdu, 5);
        b[0] = ATT_PREPARE_RSP;
        memcpy(b + 5, value, n);
        att_send(link, b, 5u + n);
    }
    return ST_OK;
}

/* ---- notifications and indications ---- */

void att_notify(struct link *link, const struct attribute *a, bool indicate)
{
    uint8_t b[HOST_MTU_MAX] = {indicate ? ATT_INDICATION : ATT_NOTIFICATION};
    uint16_t length;
    const uint8_t *value = db_value(a, link, &length);

    length = (uint16_t)min_size(length, link->mtu - 3u);
    put16(b + 1, a->handle);
    memcpy(b + 3, value, length);
    if (indicate) {
        timer_start(&link->indication, ATT_TIMEOUT_US);
        link->last_indicated = a->handle;
    }
    att_send(link, b, 3u + length);
}

/* Core, Vol 3 Part G, 7.1: the value of Service Changed is what changed. */
void att_notify_service_changed(uint16_t first, uint16_t last)
{
    struct attribute *value = db_find(3), *cccd = db_cccd_of(3);
    uint8_t span[4];

    if (!value || !cccd || !db_is(value, 0x2A05)) {
        return;
    }
    put16(span, first);
    put16(span + 2, last);
    db_write(value, 0, span, sizeof span, false);
    for (int i = 0; i < HOST_LINKS; i++) {
        struct link *link = &links[i];

        if (link->used && !link->att_closed && (db_cccd(link, cccd) & 2) && !link->indication.on) {
            att_notify(link, value, true);
        }
    }
}

static void confirmed(struct link *link)
{
    if (link->indication.on) {
        link->indication.on = false;
        if (link->last_indicated != 3) { /* Service Changed is the host's own */
            event_link(EV_GATT_SERVER_CONFIRMATION, link, NULL, 0);
        }
    }
}

void att_server_disconnected(struct link *link)
{
    prepared_forget(link);
    memset(db_link_cccds(link), 0, CCCD_MAX);
}

/* ---- which PDU it is ---- */

void att_server_request(struct link *link, const uint8_t *pdu, size_t n)
{
    switch (pdu[0]) {
    case ATT_MTU_REQ:
        exchange_mtu(link, pdu, n);
        break;
    case ATT_FIND_INFO_REQ:
        find_information(link, pdu, n);
        break;
    case ATT_FIND_VALUE_REQ:
        find_by_type_value(link, pdu, n);
        break;
    case ATT_READ_TYPE_REQ:
    case ATT_GROUP_REQ:
        read_by_type(link, pdu, n, pdu[0] == ATT_GROUP_REQ);
        break;
    case ATT_READ_REQ:
    case ATT_BLOB_REQ:
        read_value(link, pdu, n);
        break;
    case ATT_MULTIPLE_REQ:
    case ATT_MULTIPLE_VARIABLE_REQ:
        read_multiple(link, pdu, n);
        break;
    case ATT_WRITE_REQ:
    case ATT_WRITE_COMMAND:
        write_value(link, pdu, n);
        break;
    case ATT_PREPARE_REQ:
        prepare_write(link, pdu, n);
        break;
    case ATT_EXECUTE_REQ:
        execute_write(link, pdu, n);
        break;
    case ATT_CONFIRMATION:
        confirmed(link);
        break;
    default: /* a command that is not known is ignored, a request is refused */
        if (!(pdu[0] & 0x40)) {
            error(link, pdu[0], 0, ATT_NOT_SUPPORTED);
        }
        break;
    }
}

/* A bearer's PDUs: answers and values of the peer's server go to our client, the rest is asked
 * of our server. A request while one waits for CPU1 breaks the protocol and is ignored. */
void att_receive(struct link *link, const uint8_t *pdu, size_t n)
{
    if (n == 0 || n > link->mtu || link->att_closed) {
        return;
    }
    switch (pdu[0]) {
    case ATT_NOTIFICATION:
    case ATT_INDICATION:
    case ATT_MULTIPLE_NOTIFICATION:
        att_client_value(link, pdu, n);
        return;
    case ATT_CONFIRMATION:
    case ATT_WRITE_COMMAND:
        break;
    default:
        if (pdu[0] < 0x40 && (pdu[0] & 1)) { /* responses have odd opcodes */
            att_client_response(link, pdu, n);
            return;
        }
        if (!(pdu[0] & 0x40) && link->permit.length) {
            return;
        }
        break;
    }
    att_server_request(link, pdu, n);
}
