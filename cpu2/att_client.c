/* SPDX-License-Identifier: Apache-2.0 */
/*
 * att_client.c - Core, Vol 3 Part G, 4: procedures of ours against the peer's server.
 *
 * One procedure at a time on a link. What a long write still has to send lies in one buffer of the
 * host's, so one link at a time makes one.
 */
#include <string.h>

#include "host.h"

static const struct link *long_writer;
static uint8_t long_value[255], long_length;

void att_client_reset(void)
{
    long_writer = NULL;
}

/* ---- requests ---- */

static uint8_t value_octets(const struct link *link, uint16_t done)
{
    return (uint8_t)min_size((size_t)(long_length - done), link->mtu - 5u);
}

static void request(struct link *link, const struct out *out)
{
    struct procedure *p = &link->procedure;

    p->opcode = out->p[0];
    timer_start(&p->timer, ATT_TIMEOUT_US);
    att_send(link, out->p, out->n);
}

static void ranged(struct out *out, const struct procedure *p, uint8_t opcode)
{
    out8(out, opcode);
    out16(out, p->start);
    out16(out, p->end);
}

static void typed(struct out *out, const struct procedure *p, uint8_t opcode, uint16_t type)
{
    ranged(out, p, opcode);
    out16(out, type);
}

/* The next part of a long write: start is where the whole began, offset where the part does. */
static void long_part(struct link *link, struct out *out)
{
    struct procedure *p = &link->procedure;
    uint16_t done = (uint16_t)(p->offset - p->start);

    if (done == long_length || p->failed) {
        out8(out, ATT_EXECUTE_REQ);
        out8(out, !p->failed);
        return;
    }
    out8(out, ATT_PREPARE_REQ);
    out16(out, p->handle);
    out16(out, p->offset);
    out_octets(out, long_value + done, value_octets(link, done));
}

/* The request that a procedure makes now. value: only for the first of some. */
static void next_request(struct link *link, const uint8_t *value, size_t n)
{
    struct procedure *p = &link->procedure;
    uint8_t b[HOST_MTU_MAX];
    struct out out = {.p = b, .max = link->mtu};

    switch (p->kind) {
    case PROC_MTU:
        out8(&out, ATT_MTU_REQ);
        out16(&out, att_max_mtu);
        break;
    case PROC_FIND_INFO:
    case PROC_DESCRIPTORS:
        ranged(&out, p, ATT_FIND_INFO_REQ);
        break;
    case PROC_FIND_VALUE:
        typed(&out, p, ATT_FIND_VALUE_REQ, get16(p->uuid));
        out_octets(&out, value, n);
        break;
    case PROC_SERVICE_BY_UUID:
        typed(&out, p, ATT_FIND_VALUE_REQ, UUID_PRIMARY);
        out_octets(&out, p->uuid, p->uuid_len);
        break;
    case PROC_READ_TYPE:
    case PROC_READ_BY_UUID:
        ranged(&out, p, ATT_READ_TYPE_REQ);
        out_octets(&out, p->uuid, p->uuid_len);
        break;
    case PROC_READ_GROUP:
        ranged(&out, p, ATT_GROUP_REQ);
        out_octets(&out, p->uuid, p->uuid_len);
        break;
    case PROC_SERVICES:
        typed(&out, p, ATT_GROUP_REQ, UUID_PRIMARY);
        break;
    case PROC_INCLUDED:
        typed(&out, p, ATT_READ_TYPE_REQ, UUID_INCLUDE);
        break;
    case PROC_CHARACTERISTICS:
    case PROC_CHARACTERISTIC_BY_UUID:
        typed(&out, p, ATT_READ_TYPE_REQ, UUID_CHARACTERISTIC);
        break;
    case PROC_READ:
        out8(&out, ATT_READ_REQ);
        out16(&out, p->handle);
        break;
    case PROC_READ_LONG:
        out8(&out, ATT_BLOB_REQ);
        out16(&out, p->handle);
        out16(&out, p->offset);
        break;
    case PROC_READ_MULTIPLE:
        out8(&out, p->offset ? ATT_MULTIPLE_VARIABLE_REQ : ATT_MULTIPLE_REQ);
        out_octets(&out, value, n);
        break;
    case PROC_WRITE:
        out8(&out, ATT_WRITE_REQ);
        out16(&out, p->handle);
        out_octets(&out, value, n);
        break;
    case PROC_PREPARE:
        out8(&out, ATT_PREPARE_REQ);
        out16(&out, p->handle);
        out16(&out, p->offset);
        out_octets(&out, value, n);
        break;
    case PROC_EXECUTE:
        out8(&out, ATT_EXECUTE_REQ);
        out8(&out, (uint8_t)p->offset);
        break;
    default: /* PROC_WRITE_LONG, PROC_WRITE_RELIABLE */
        long_part(link, &out);
        break;
    }
    request(link, &out);
}

/* The octets that the first request has beside the value. */
static size_t overhead(uint8_t kind)
{
    switch (kind) {
    case PROC_FIND_VALUE:
        return 7;
    case PROC_PREPARE:
        return 5;
    case PROC_WRITE:
        return 3;
    default:
        return 1;
    }
}

uint16_t att_client_start(struct link *link, const struct procedure *what, const uint8_t *p,
                          size_t n)
{
    bool is_long = what->kind == PROC_WRITE_LONG || what->kind == PROC_WRITE_RELIABLE;

    if (link->att_closed || link->procedure.kind) {
        return ST_DISALLOWED;
    }
    if (what->kind == PROC_MTU && link->mtu_done) {
        return ST_DISALLOWED; /* once a connection (Core, Vol 3 Part F, 3.4.2.1) */
    }
    if (is_long ? n > sizeof long_value : n + overhead(what->kind) > link->mtu) {
        return ST_INVALID_PARAMETERS;
    }
    if (is_long && long_writer) {
        return ST_BUSY;
    }
    if (l2cap_room() == 0) {
        return ST_NO_RESOURCES;
    }
    link->procedure = *what;
    if (is_long) {
        long_writer = link;
        long_length = (uint8_t)n;
        memcpy(long_value, p, n);
        link->procedure.start = what->offset;
    }
    next_request(link, p, n);
    return ST_OK;
}

uint16_t att_client_command(struct link *link, uint16_t handle, const uint8_t *p, size_t n)
{
    uint8_t b[HOST_MTU_MAX] = {ATT_WRITE_COMMAND};

    if (link->att_closed) {
        return ST_DISALLOWED;
    }
    if (n + 3 > link->mtu) {
        return ST_INVALID_PARAMETERS;
    }
    if (l2cap_room_for_data() == 0) {
        l2cap_want_room();
        return ST_NO_RESOURCES;
    }
    put16(b + 1, handle);
    memcpy(b + 3, p, n);
    att_send(link, b, 3 + n);
    return ST_OK;
}

uint16_t att_client_confirm(struct link *link)
{
    static const uint8_t pdu[1] = {ATT_CONFIRMATION};

    if (!link->confirm_due) {
        return ST_DISALLOWED;
    }
    link->confirm_due = false;
    att_send(link, pdu, sizeof pdu);
    return ST_OK;
}

/* ---- ends ---- */

static void release(const struct link *link)
{
    if (long_writer == link) {
        long_writer = NULL;
    }
}

static void complete(struct link *link, uint8_t status)
{
    link->procedure.kind = PROC_NONE;
    link->procedure.timer.on = false;
    release(link);
    event_link(EV_GATT_PROC_COMPLETE, link, &status, 1);
}

void att_client_disconnected(struct link *link)
{
    release(link);
}

void att_client_timers(struct link *link, uint32_t now)
{
    if (timer_due(&link->procedure.timer, now)) {
        release(link);
        att_timed_out(link);
    }
}

/* ---- answers ---- */

static bool discovers(uint8_t kind)
{
    return kind >= PROC_SERVICES && kind <= PROC_DESCRIPTORS;
}

/* Goes on behind the last handle found, if the range is not used up. */
static void go_on(struct link *link, uint16_t last)
{
    struct procedure *p = &link->procedure;

    if (!discovers(p->kind) || last == 0xFFFF || last >= p->end) {
        complete(link, ST_OK);
    } else if (last < p->start) {
        complete(link, ST_FAILED); /* the peer goes back: no end would come */
    } else {
        p->start = (uint16_t)(last + 1);
        next_request(link, NULL, 0);
    }
}

static void got_error(struct link *link, const uint8_t *pdu, size_t n)
{
    struct procedure *p = &link->procedure;

    if (n != 5 || pdu[1] != p->opcode) {
        return;
    }
    event_link(EV_GATT_ERROR_RESP, link, pdu + 1, 4);
    if ((p->kind == PROC_WRITE_LONG || p->kind == PROC_WRITE_RELIABLE) && !p->failed &&
        pdu[1] == ATT_PREPARE_REQ) { /* what was prepared is given up */
        p->failed = true;
        next_request(link, NULL, 0);
        return;
    }
    /* Discovery ends so (Core, Vol 3 Part G, 4.4.1). */
    complete(link, discovers(p->kind) && pdu[4] == ATT_NOT_FOUND ? ST_OK : ST_FAILED);
}

static void got_mtu(struct link *link, const uint8_t *pdu)
{
    uint16_t theirs = get16(pdu + 1), mtu = theirs < att_max_mtu ? theirs : att_max_mtu;

    link->mtu = mtu < HOST_MTU_MIN ? HOST_MTU_MIN : mtu;
    link->mtu_done = true;
    event_link(EV_ATT_EXCHANGE_MTU_RESP, link, pdu + 1, 2);
    complete(link, ST_OK);
}

/* Find Information Response: format, then handles with UUIDs. */
static void got_information(struct link *link, const uint8_t *pdu, size_t n)
{
    size_t size = pdu[1] == 1 ? 4 : 18;
    uint8_t b[EVENT_PARAMETERS_MAX - 2];

    if (pdu[1] < 1 || pdu[1] > 2 || (n - 2) % size != 0) {
        complete(link, ST_FAILED);
        return;
    }
    b[0] = pdu[1];
    b[1] = (uint8_t)(n - 2);
    memcpy(b + 2, pdu + 2, n - 2);
    event_link(EV_ATT_FIND_INFO_RESP, link, b, n);
    go_on(link, get16(pdu + n - size));
}

static void got_found_values(struct link *link, const uint8_t *pdu, size_t n)
{
    uint8_t b[EVENT_PARAMETERS_MAX - 2];

    if ((n - 1) % 4 != 0) {
        complete(link, ST_FAILED);
        return;
    }
    b[0] = (uint8_t)((n - 1) / 4);
    memcpy(b + 1, pdu + 1, n - 1);
    event_link(EV_ATT_FIND_BY_TYPE_VALUE_RESP, link, b, n);
    go_on(link, get16(pdu + n - 2));
}

/* One entry of a Read By Type Response, as an event of its own. */
static void entry_event(struct link *link, const uint8_t *entry, size_t size)
{
    uint8_t b[EVENT_PARAMETERS_MAX - 2];
    size_t n = min_size(size - 2, sizeof b - 3);

    memcpy(b, entry, 2);
    b[2] = (uint8_t)n;
    memcpy(b + 3, entry + 2, n);
    event_link(EV_GATT_DISC_READ_CHAR_BY_UUID_RESP, link, b, 3 + n);
}

static bool entry_is(const struct procedure *p, const uint8_t *entry, size_t size)
{
    return size == 5u + p->uuid_len && memcmp(entry + 5, p->uuid, p->uuid_len) == 0;
}

/* Read By Type and Read By Group Type Response: the size of an entry, entries. */
static void got_list(struct link *link, const uint8_t *pdu, size_t n)
{
    struct procedure *p = &link->procedure;
    bool group = pdu[0] == ATT_GROUP_RSP;
    size_t size = pdu[1];
    uint8_t b[EVENT_PARAMETERS_MAX - 2];

    if (size < (group ? 4u : 2u) || (n - 2) % size != 0) {
        complete(link, ST_FAILED);
        return;
    }
    if (p->kind == PROC_READ_BY_UUID || p->kind == PROC_CHARACTERISTIC_BY_UUID) {
        for (size_t at = 2; at < n; at += size) {
            if (p->kind == PROC_READ_BY_UUID || entry_is(p, pdu + at, size)) {
                entry_event(link, pdu + at, size);
            }
        }
    } else {
        b[0] = pdu[1];
        b[1] = (uint8_t)(n - 2);
        memcpy(b + 2, pdu + 2, n - 2);
        event_link(group ? EV_ATT_READ_BY_GROUP_TYPE_RESP : EV_ATT_READ_BY_TYPE_RESP, link, b, n);
    }
    go_on(link, get16(pdu + n - size + (group ? 2 : 0)));
}

/* A value read: one event, or with the extended event CPU1 asked for, that. */
static void value_event(struct link *link, uint16_t ecode, uint16_t offset, const uint8_t *p,
                        size_t n)
{
    uint8_t b[EVENT_PARAMETERS_MAX - 2];

    if (event_wanted(EV_GATT_READ_EXT)) {
        put16(b, offset);
        put16(b + 2, (uint16_t)n);
        memcpy(b + 4, p, n);
        event_link(EV_GATT_READ_EXT, link, b, 4 + n);
        return;
    }
    b[0] = (uint8_t)n;
    memcpy(b + 1, p, n);
    event_link(ecode, link, b, 1 + n);
}

static void got_blob(struct link *link, const uint8_t *pdu, size_t n)
{
    struct procedure *p = &link->procedure;

    value_event(link, EV_ATT_READ_BLOB_RESP, p->offset, pdu + 1, n - 1);
    if (n < link->mtu || p->offset + (n - 1) > 512) {
        complete(link, ST_OK);
        return;
    }
    p->offset = (uint16_t)(p->offset + n - 1);
    next_request(link, NULL, 0);
}

static void got_prepared(struct link *link, const uint8_t *pdu, size_t n)
{
    struct procedure *p = &link->procedure;
    uint8_t b[EVENT_PARAMETERS_MAX - 2];
    uint16_t done;
    uint8_t sent;

    memcpy(b, pdu + 1, 4);
    b[4] = (uint8_t)(n - 5);
    memcpy(b + 5, pdu + 5, n - 5);
    event_link(EV_ATT_PREPARE_WRITE_RESP, link, b, n);
    if (p->kind == PROC_PREPARE) {
        complete(link, ST_OK);
        return;
    }
    done = (uint16_t)(p->offset - p->start);
    sent = value_octets(link, done);
    if (p->kind == PROC_WRITE_RELIABLE) { /* Core, Vol 3 Part G, 4.9.5: the echo is compared */
        p->failed = get16(pdu + 1) != p->handle || get16(pdu + 3) != p->offset || n - 5 != sent ||
                    memcmp(pdu + 5, long_value + done, sent) != 0;
    }
    p->offset = (uint16_t)(p->offset + sent);
    next_request(link, NULL, 0);
}

static void got_executed(struct link *link)
{
    bool failed = link->procedure.failed;

    event_link(EV_ATT_EXEC_WRITE_RESP, link, NULL, 0);
    complete(link, failed ? ST_FAILED : ST_OK);
}

/* The least that each response has. */
static size_t least(uint8_t opcode)
{
    switch (opcode) {
    case ATT_MTU_RSP:
        return 3;
    case ATT_FIND_INFO_RSP:
        return 6;
    case ATT_FIND_VALUE_RSP:
        return 5;
    case ATT_READ_TYPE_RSP:
        return 4;
    case ATT_GROUP_RSP:
        return 8;
    case ATT_PREPARE_RSP:
        return 5;
    default:
        return 1;
    }
}

void att_client_response(struct link *link, const uint8_t *pdu, size_t n)
{
    if (link->procedure.kind == PROC_NONE) {
        return; /* nothing was asked */
    }
    if (pdu[0] == ATT_ERROR) {
        got_error(link, pdu, n);
        return;
    }
    if (pdu[0] != link->procedure.opcode + 1) {
        return;
    }
    if (n < least(pdu[0])) {
        complete(link, ST_FAILED);
        return;
    }
    switch (pdu[0]) {
    case ATT_MTU_RSP:
        got_mtu(link, pdu);
        break;
    case ATT_FIND_INFO_RSP:
        got_information(link, pdu, n);
        break;
    case ATT_FIND_VALUE_RSP:
        got_found_values(link, pdu, n);
        break;
    case ATT_READ_TYPE_RSP:
    case ATT_GROUP_RSP:
        got_list(link, pdu, n);
        break;
    case ATT_READ_RSP:
        value_event(link, EV_ATT_READ_RESP, 0, pdu + 1, n - 1);
        complete(link, ST_OK);
        break;
    case ATT_BLOB_RSP:
        got_blob(link, pdu, n);
        break;
    case ATT_MULTIPLE_RSP:
    case ATT_MULTIPLE_VARIABLE_RSP:
        value_event(link, EV_ATT_READ_MULTIPLE_RESP, 0, pdu + 1, n - 1);
        complete(link, ST_OK);
        break;
    case ATT_PREPARE_RSP:
        got_prepared(link, pdu, n);
        break;
    case ATT_EXECUTE_RSP:
        got_executed(link);
        break;
    default: /* Write Response */
        complete(link, ST_OK);
        break;
    }
}

/* ---- values that the peer's server sends ---- */

void att_client_value(struct link *link, const uint8_t *pdu, size_t n)
{
    bool indication = pdu[0] == ATT_INDICATION;
    uint16_t ext = indication ? EV_GATT_INDICATION_EXT : EV_GATT_NOTIFICATION_EXT;
    uint8_t b[EVENT_PARAMETERS_MAX - 2];

    if (pdu[0] == ATT_MULTIPLE_NOTIFICATION) {
        put16(b, 0);
        put16(b + 2, (uint16_t)(n - 1));
        memcpy(b + 4, pdu + 1, n - 1);
        event_link(EV_GATT_MULT_NOTIFICATION, link, b, 4 + n - 1);
        return;
    }
    if (n < 3) {
        return;
    }
    if (indication) {
        if (link->confirm_due) {
            return; /* the peer has to wait for the confirmation */
        }
        link->confirm_due = true;
    }
    memcpy(b, pdu + 1, 2);
    if (event_wanted(ext)) {
        put16(b + 2, 0);
        put16(b + 4, (uint16_t)(n - 3));
        memcpy(b + 6, pdu + 3, n - 3);
        event_link(ext, link, b, 6 + n - 3);
    } else {
        b[2] = (uint8_t)(n - 3);
        memcpy(b + 3, pdu + 3, n - 3);
        event_link(indication ? EV_GATT_INDICATION : EV_GATT_NOTIFICATION, link, b, 3 + n - 3);
    }
}
