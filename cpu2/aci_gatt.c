/* SPDX-License-Identifier: Apache-2.0 */
/* aci_gatt.c - AN5270's ACI_GATT_* commands of a server. */
#include <string.h>

#include "host.h"

#define VALUE_MAX 512 /* Core, Vol 3 Part F, 3.2.9 */

static uint16_t gatt_init(struct in *in, struct out *ret)
{
    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    db_reset();
    gap_reset();
    db_add_gatt_service();
    return host_activate() ? ACI_LATER : ST_NO_RESOURCES;
}

/* Tells subscribers that the database changed; with nobody connected there is nobody to tell. */
static uint16_t changed(uint16_t first, uint16_t last)
{
    att_notify_service_changed(first, last);
    return ST_OK;
}

static uint16_t add_service(struct in *in, struct out *ret)
{
    uint8_t uuid[16], uuid_len = in_uuid(in, uuid), type = in8(in), records = in8(in);
    uint16_t handle, status;

    if (!in_done(in) || type < 1 || type > 2) {
        return ST_BAD_HCI_PARAMETERS;
    }
    status = db_add_service(uuid, uuid_len, type == 1, records, &handle);
    if (status == ST_OK) {
        out16(ret, handle);
        changed(handle, (uint16_t)(handle + records - 1));
    }
    return status;
}

static uint16_t include_service(struct in *in, struct out *ret)
{
    static const uint8_t include[2] = {0x02, 0x28};
    uint16_t service = in16(in), first = in16(in), last = in16(in), handle, status;
    uint8_t uuid[16], uuid_len = in_uuid(in, uuid), value[6];
    struct new_attribute a = {.uuid = include, .uuid_len = 2, .value = value, .access = 1};
    struct attribute *included = db_find(first);

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!included || !(included->flags & ATTR_SERVICE) || included->max != last) {
        return ST_INVALID_HANDLE;
    }
    put16(value, first);
    put16(value + 2, last);
    memcpy(value + 4, uuid, 2);
    a.length = a.max = uuid_len == 2 ? 6 : 4; /* Core, Vol 3 Part G, 3.2 */
    status = db_add(service, &a, &handle);
    if (status == ST_OK) {
        out16(ret, handle);
        changed(handle, handle);
    }
    return status;
}

static uint16_t add_char(struct in *in, struct out *ret)
{
    uint16_t service = in16(in), handle, status;
    uint8_t uuid[16];
    struct new_characteristic c = {.uuid = uuid};

    c.uuid_len = in_uuid(in, uuid);
    c.max = in16(in);
    c.properties = in8(in);
    c.security = in8(in);
    c.events = in8(in);
    c.key_size = in8(in);
    c.variable = in8(in) & 1;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (c.max > VALUE_MAX || c.key_size > 16 || (c.events & 0xF0)) {
        return ST_INVALID_PARAMETERS;
    }
    status = db_add_characteristic(service, &c, &handle);
    if (status == ST_OK) {
        out16(ret, handle);
        changed(handle, db_characteristic_end(db_find(handle)));
    }
    return status;
}

static struct attribute *declaration_in(uint16_t service, uint16_t handle)
{
    struct attribute *a = db_find(handle), *s = db_find(service);

    if (!a || !(a->flags & ATTR_DECLARATION) || !s || !(s->flags & ATTR_SERVICE) ||
        handle > s->max || handle < s->handle) {
        return NULL;
    }
    return a;
}

static uint16_t add_char_desc(struct in *in, struct out *ret)
{
    uint16_t service = in16(in), characteristic = in16(in), handle, status;
    uint8_t uuid[16], uuid_len = in_uuid(in, uuid), max = in8(in), length = in8(in);
    const uint8_t *value = in_octets(in, length);
    struct new_attribute a = {.uuid = uuid, .uuid_len = uuid_len, .value = value, .max = max};
    bool variable;

    a.security = in8(in);
    a.access = in8(in);
    a.events = in8(in);
    a.key_size = in8(in);
    variable = in8(in) & 1;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (length > max || a.key_size > 16 || (a.events & 0xF8)) {
        return ST_INVALID_PARAMETERS;
    }
    if (!declaration_in(service, characteristic)) {
        return ST_INVALID_HANDLE;
    }
    a.length = variable ? length : max;
    a.flags = variable ? ATTR_VARIABLE : 0;
    uint8_t whole[255] = {0};
    memcpy(whole, value, length);
    a.value = whole;
    status = db_add(service, &a, &handle);
    if (status == ST_OK) {
        out16(ret, handle);
        changed(handle, handle);
    }
    return status;
}

static uint16_t del_char(struct in *in, struct out *ret)
{
    uint16_t service = in16(in), handle = in16(in), last;
    struct attribute *a;

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    a = declaration_in(service, handle);
    if (!a) {
        return ST_INVALID_HANDLE;
    }
    last = db_characteristic_end(a);
    db_delete(handle, last);
    return changed(handle, last);
}

static uint16_t del_service(struct in *in, struct out *ret)
{
    uint16_t handle = in16(in), last;
    struct attribute *a = db_find(handle);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!a || !(a->flags & ATTR_SERVICE)) {
        return ST_INVALID_HANDLE;
    }
    last = a->max;
    db_delete(handle, last);
    return changed(handle, last);
}

static uint16_t del_include_service(struct in *in, struct out *ret)
{
    uint16_t service = in16(in), handle = in16(in);
    struct attribute *a = db_find(handle), *s = db_service_of(handle);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!a || !db_is(a, UUID_INCLUDE) || !s || s->handle != service) {
        return ST_INVALID_HANDLE;
    }
    db_delete(handle, handle);
    return changed(handle, handle);
}

static uint16_t set_event_mask(struct in *in, struct out *ret)
{
    uint32_t mask = in32(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    gatt_event_mask = mask;
    return ST_OK;
}

/* ---- values, and telling those who subscribed ---- */

struct update {
    struct attribute *value;
    uint16_t only;           /* one connection's handle, or 0 for all */
    uint8_t kinds;           /* 1 notifications, 2 indications: as bits of a CCCD */
    uint16_t offset, length; /* length: of the whole value afterwards, if it is variable */
    const uint8_t *p;
    uint8_t n;
};

/* What a subscriber gets: 0 nothing, 1 a notification, 2 an indication. */
static uint8_t due(const struct link *link, const struct update *u, const struct attribute *cccd)
{
    uint16_t on;

    if (!link->used || link->att_closed || !cccd || (u->only && link->handle != u->only)) {
        return 0;
    }
    on = db_cccd(link, cccd) & u->kinds;
    return (on & 1) ? 1 : (uint8_t)(on & 2);
}

static uint16_t update(const struct update *u)
{
    const struct attribute *cccd = db_cccd_of(u->value->handle);
    struct attribute *a = u->value;
    uint16_t status = ST_OK;
    size_t needed = 0;

    for (int i = 0; i < HOST_LINKS; i++) { /* all or nothing: so look first */
        uint8_t kind = due(&links[i], u, cccd);

        if (kind == 2 && links[i].indication.on) {
            return ST_DISALLOWED;
        }
        if (kind && (a->events & 8) && links[i].notified) {
            return ST_BUSY;
        }
        needed += kind != 0;
    }
    if (needed > l2cap_room_for_data()) {
        l2cap_want_room();
        return ST_NO_RESOURCES;
    }
    db_write(a, u->offset, u->p, u->n, false);
    if (a->flags & ATTR_VARIABLE) {
        a->length = u->length;
    }
    for (int i = 0; i < HOST_LINKS; i++) {
        uint8_t kind = due(&links[i], u, cccd);

        if (kind && !att_may_notify(&links[i], a)) {
            status = ST_SECURITY;
        } else if (kind) {
            links[i].notified = kind == 1 && (a->events & 8) ? a->handle : 0;
            att_notify(&links[i], a, kind == 2);
        }
    }
    return status;
}

void gatt_sent(struct link *link)
{
    uint16_t handle = link->notified;
    uint8_t b[2];

    if (handle == 0 || !l2cap_idle(link)) {
        return;
    }
    link->notified = 0;
    for (int i = 0; i < HOST_LINKS; i++) {
        if (links[i].used && links[i].notified == handle) {
            return;
        }
    }
    put16(b, handle);
    event_put(EV_GATT_NOTIFICATION_COMPLETE, b, sizeof b);
}

static uint16_t update_char_value(struct in *in, struct out *ret)
{
    uint16_t service = in16(in), characteristic = in16(in);
    uint8_t offset = in8(in);
    struct update u = {.kinds = 3, .offset = offset};
    struct attribute *declaration;

    (void)ret;
    u.n = in8(in);
    u.p = in_octets(in, u.n);
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    declaration = declaration_in(service, characteristic);
    if (!declaration || !(u.value = db_next(declaration))) {
        return ST_INVALID_HANDLE;
    }
    if ((uint32_t)offset + u.n > u.value->max) {
        return ST_INVALID_PARAMETERS;
    }
    u.length = offset ? u.value->max : u.n; /* so AN5270 has it */
    return update(&u);
}

static uint16_t update_char_value_ext(struct in *in, struct out *ret)
{
    uint16_t only = in16(in), service = in16(in), characteristic = in16(in);
    uint8_t kind = in8(in);
    struct update u = {.only = only, .kinds = kind};
    struct attribute *declaration;

    (void)ret;
    u.length = in16(in);
    u.offset = in16(in);
    u.n = in8(in);
    u.p = in_octets(in, u.n);
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    declaration = declaration_in(service, characteristic);
    if (!declaration || !(u.value = db_next(declaration))) {
        return ST_INVALID_HANDLE;
    }
    if (only && !link_find(only)) {
        return ST_UNKNOWN_CONNECTION;
    }
    if (kind > 3 || (uint32_t)u.offset + u.n > u.value->max ||
        ((u.value->flags & ATTR_VARIABLE) && u.length > u.value->max)) {
        return ST_INVALID_PARAMETERS;
    }
    return update(&u);
}

static uint16_t set_desc_value(struct in *in, struct out *ret)
{
    uint16_t service = in16(in), characteristic = in16(in), handle = in16(in), offset = in16(in);
    uint8_t n = in8(in);
    const uint8_t *p = in_octets(in, n);
    struct attribute *a = db_find(handle), *declaration;

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    declaration = declaration_in(service, characteristic);
    if (!declaration || !a || handle < characteristic + 2 ||
        handle > db_characteristic_end(declaration) || (a->flags & ATTR_CCCD)) {
        return ST_INVALID_HANDLE;
    }
    if ((uint32_t)offset + n > a->max) {
        return ST_INVALID_PARAMETERS;
    }
    db_write(a, offset, p, n, true);
    return ST_OK;
}

static uint16_t read_handle_value(struct in *in, struct out *ret)
{
    uint16_t handle = in16(in), offset = in16(in), most = in16(in), length, n;
    struct attribute *a = db_find(handle);
    const uint8_t *value;

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!a) {
        return ST_INVALID_HANDLE;
    }
    value = db_value(a, NULL, &length);
    if (offset > length) {
        return ST_INVALID_PARAMETERS;
    }
    n = (uint16_t)min_size((size_t)(length - offset), most);
    n = (uint16_t)min_size(n, ret->max - 4);
    out16(ret, length);
    out16(ret, n);
    out_octets(ret, value + offset, n);
    return ST_OK;
}

/* ---- permissions ---- */

static struct attribute *in_attribute_of(struct in *in)
{
    uint16_t service = in16(in), handle = in16(in);
    struct attribute *a = db_find(handle), *s = db_service_of(handle);

    return a && s && s->handle == service ? a : NULL;
}

static uint16_t set_security_permission(struct in *in, struct out *ret)
{
    struct attribute *a = in_attribute_of(in);
    uint8_t permission = in8(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!a) {
        return ST_INVALID_HANDLE;
    }
    a->security = permission;
    return ST_OK;
}

static uint16_t set_access_permission(struct in *in, struct out *ret)
{
    struct attribute *a = in_attribute_of(in);
    uint8_t access = in8(in);

    (void)ret;
    if (!in_done(in) || (access & 0xF0)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!a) {
        return ST_INVALID_HANDLE;
    }
    a->access = access;
    return ST_OK;
}

static uint16_t permit_write(struct in *in, struct out *ret)
{
    uint16_t status, handle;
    struct link *link = in_link(in, &status);
    uint8_t denied, code, n;
    const uint8_t *p;

    (void)ret;
    handle = in16(in);
    denied = in8(in);
    code = in8(in);
    n = in8(in);
    p = in_octets(in, n);
    if (!in_done(in) || denied > 1) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? att_permit_write(link, handle, denied ? (code ? code : ATT_UNLIKELY) : 0, p, n)
                : status;
}

/* ACI_GATT_PERMIT_READ, and ACI_GATT_ALLOW_READ that it grew from: the handle alone. */
static uint16_t permit_read(struct in *in, struct out *ret)
{
    uint16_t status, handle = 0;
    struct link *link = in_link(in, &status);
    uint8_t denied = 0, code = 0;

    (void)ret;
    if (in->left) {
        denied = in8(in);
        code = in8(in);
        handle = in16(in);
    }
    if (!in_done(in) || denied > 1) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? att_permit_read(link, denied ? (code ? code : ATT_UNLIKELY) : 0, handle) : status;
}

static uint16_t deny_read(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    uint8_t code = in8(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? att_permit_read(link, code ? code : ATT_UNLIKELY, 0) : status;
}

/* Nothing to do: the database of a bonded peer lies in RAM (docs/fidelity.md). */
static uint16_t store_db(struct in *in, struct out *ret)
{
    (void)ret;
    return in_done(in) ? ST_OK : ST_BAD_HCI_PARAMETERS;
}

/* Core, Vol 3 Part F, 3.4.7.4. */
static uint16_t send_mult_notification(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    uint8_t b[HOST_MTU_MAX] = {ATT_MULTIPLE_NOTIFICATION}, n = in8(in);
    struct out out = {.p = b, .n = 1, .max = link ? link->mtu : HOST_MTU_MIN};
    const uint8_t *p = in_octets(in, 2u * n);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!link) {
        return status;
    }
    for (uint8_t i = 0; i < n; i++) {
        struct attribute *a = db_find((uint16_t)(get16(p + 2 * i) + 1)), *cccd;
        uint16_t length;
        const uint8_t *value;

        cccd = a ? db_cccd_of(a->handle) : NULL;
        if (!cccd) {
            return ST_INVALID_HANDLE;
        }
        if (!(db_cccd(link, cccd) & 1)) {
            return ST_INVALID_OPERATION;
        }
        if (!att_may_notify(link, a)) {
            return ST_SECURITY;
        }
        value = db_value(a, link, &length);
        if (out.max - out.n < 4u + length) {
            return ST_INVALID_PARAMETERS;
        }
        out16(&out, a->handle);
        out16(&out, length);
        out_octets(&out, value, length);
    }
    if (l2cap_room_for_data() == 0) {
        l2cap_want_room();
        return ST_NO_RESOURCES;
    }
    att_send(link, b, out.n);
    return ST_OK;
}

const struct aci_command aci_gatt_commands[] = {
    {0xFD01, false, gatt_init},
    {0xFD02, false, add_service},
    {0xFD03, false, include_service},
    {0xFD04, false, add_char},
    {0xFD05, false, add_char_desc},
    {0xFD06, false, update_char_value},
    {0xFD07, false, del_char},
    {0xFD08, false, del_service},
    {0xFD09, false, del_include_service},
    {0xFD0A, false, set_event_mask},
    {0xFD26, false, permit_write},
    {0xFD27, false, permit_read},
    {0xFD28, false, set_security_permission},
    {0xFD29, false, set_desc_value},
    {0xFD2A, false, read_handle_value},
    {0xFD2C, false, update_char_value_ext},
    {0xFD2D, false, deny_read},
    {0xFD2E, false, set_access_permission},
    {0xFD30, false, store_db},
    {0xFD31, false, send_mult_notification},
    {0, false, NULL},
};
