/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gatt_db.c - the attribute database.
 *
 * Attributes lie in a table in the order of their handles; their UUIDs and values lie in one pool
 * of octets, which closes up when something is deleted. A service has a range of handles from its
 * declaration on (AN5270, ACI_GATT_ADD_SERVICE); what is added to it takes the next in the range.
 */
#include <string.h>

#include "host.h"

#define ATTRIBUTES_MAX 128
#define POOL_OCTETS 4096

static struct attribute table[ATTRIBUTES_MAX];
static uint16_t count, pool_used;
static uint8_t pool[POOL_OCTETS];
static uint8_t cccds[HOST_LINKS][CCCD_MAX]; /* 1 notify, 2 indicate */
static uint32_t cccds_taken;                /* bit n: index n belongs to an attribute */

void db_reset(void)
{
    count = pool_used = 0;
    cccds_taken = 0;
    memset(cccds, 0, sizeof cccds);
}

/* ---- look-up ---- */

struct attribute *db_from(uint16_t handle)
{
    for (uint16_t i = 0; i < count; i++) {
        if (table[i].handle >= handle) {
            return &table[i];
        }
    }
    return NULL;
}

struct attribute *db_find(uint16_t handle)
{
    struct attribute *a = handle ? db_from(handle) : NULL;

    return a && a->handle == handle ? a : NULL;
}

struct attribute *db_next(struct attribute *a)
{
    return a + 1 < table + count ? a + 1 : NULL;
}

struct attribute *db_service_of(uint16_t handle)
{
    for (uint16_t i = 0; i < count; i++) {
        if ((table[i].flags & ATTR_SERVICE) && handle >= table[i].handle &&
            handle <= table[i].max) {
            return &table[i];
        }
    }
    return NULL;
}

uint16_t db_characteristic_end(const struct attribute *declaration)
{
    const struct attribute *a = declaration + 1;

    while (a < table + count && !(a->flags & (ATTR_DECLARATION | ATTR_SERVICE))) {
        a++;
    }
    return a[-1].handle;
}

const uint8_t *db_uuid(const struct attribute *a)
{
    return pool + a->uuid;
}

bool db_uuid_is(const struct attribute *a, const uint8_t *uuid, uint8_t uuid_len)
{
    /* The Bluetooth base UUID, from which 16-bit ones are made (Core, Vol 3 Part B, 2.5.1). */
    static const uint8_t base[12] = {0xFB, 0x34, 0x9B, 0x5F, 0x80, 0x00,
                                     0x00, 0x80, 0x00, 0x10, 0x00, 0x00};
    const uint8_t *mine = db_uuid(a), *longer = uuid_len == 16 ? uuid : mine;
    const uint8_t *shorter = uuid_len == 16 ? mine : uuid;

    if (a->uuid_len == uuid_len) {
        return memcmp(mine, uuid, uuid_len) == 0;
    }
    return memcmp(longer, base, 12) == 0 && memcmp(longer + 12, shorter, 2) == 0 &&
           longer[14] == 0 && longer[15] == 0;
}

bool db_is(const struct attribute *a, uint16_t uuid16)
{
    return a->uuid_len == 2 && get16(db_uuid(a)) == uuid16;
}

struct attribute *db_cccd_of(uint16_t value_handle)
{
    struct attribute *a = db_find(value_handle);

    while (a && (a = db_next(a)) != NULL && !(a->flags & (ATTR_DECLARATION | ATTR_SERVICE))) {
        if (a->flags & ATTR_CCCD) {
            return a;
        }
    }
    return NULL;
}

/* ---- values ---- */

uint8_t *db_link_cccds(const struct link *link)
{
    return cccds[link_index(link)];
}

uint16_t db_cccd(const struct link *link, const struct attribute *cccd)
{
    return cccds[link_index(link)][cccd->value];
}

void db_set_cccd(const struct link *link, const struct attribute *cccd, uint16_t value)
{
    cccds[link_index(link)][cccd->value] = (uint8_t)(value & 3);
}

const uint8_t *db_value(const struct attribute *a, const struct link *link, uint16_t *n)
{
    static uint8_t cccd[2];

    *n = a->length;
    if (a->flags & ATTR_CCCD) {
        put16(cccd, link ? db_cccd(link, a) : 0);
        return cccd;
    }
    return pool + a->value;
}

void db_write(struct attribute *a, uint16_t offset, const uint8_t *p, uint16_t n, bool set_length)
{
    if (offset > a->max || n > a->max - offset) {
        return; /* the callers have checked */
    }
    if (n) {
        memcpy(pool + a->value + offset, p, n);
    }
    if (set_length && (a->flags & ATTR_VARIABLE)) {
        a->length = (uint16_t)(offset + n);
    }
}

/* ---- allocation ---- */

static uint16_t pool_put(const uint8_t *p, uint16_t n, uint16_t room)
{
    uint16_t at = pool_used;

    memset(pool + at, 0, room);
    if (p && n) {
        memcpy(pool + at, p, n);
    }
    pool_used = (uint16_t)(pool_used + room);
    return at;
}

static void pool_close(uint16_t at, uint16_t n)
{
    memmove(pool + at, pool + at + n, pool_used - at - n);
    pool_used = (uint16_t)(pool_used - n);
    for (uint16_t i = 0; i < count; i++) {
        if (table[i].uuid > at) {
            table[i].uuid = (uint16_t)(table[i].uuid - n);
        }
        if (!(table[i].flags & ATTR_CCCD) && table[i].value > at) {
            table[i].value = (uint16_t)(table[i].value - n);
        }
    }
}

static int cccd_allocate(void)
{
    for (int i = 0; i < CCCD_MAX; i++) {
        if (!(cccds_taken >> i & 1)) {
            cccds_taken |= 1u << i;
            for (int link = 0; link < HOST_LINKS; link++) {
                cccds[link][i] = 0;
            }
            return i;
        }
    }
    return -1;
}

static uint8_t insert(const struct new_attribute *a)
{
    uint16_t room = a->flags & (ATTR_CCCD | ATTR_SERVICE) ? a->length : a->max;
    struct attribute *at = table + count;
    int cccd = 0;

    if (a->flags & ATTR_CCCD) {
        room = 0;
    }
    if (count == ATTRIBUTES_MAX || POOL_OCTETS - pool_used < a->uuid_len + room) {
        return ST_OUT_OF_MEMORY;
    }
    if ((a->flags & ATTR_CCCD) && (cccd = cccd_allocate()) < 0) {
        return ST_OUT_OF_MEMORY;
    }
    while (at > table && at[-1].handle > a->handle) {
        *at = at[-1];
        at--;
    }
    count++;
    *at = (struct attribute){
        .handle = a->handle,
        .length = a->length,
        .max = a->max,
        .uuid_len = a->uuid_len,
        .security = a->security,
        .access = a->access,
        .events = a->events,
        .key_size = a->key_size,
        .flags = a->flags,
    };
    at->uuid = pool_put(a->uuid, a->uuid_len, a->uuid_len);
    at->value = a->flags & ATTR_CCCD ? (uint16_t)cccd : pool_put(a->value, a->length, room);
    return ST_OK;
}

/* The next handle of a service's range: after the last that is in it. 0: none is left. */
static uint16_t next_free(const struct attribute *service)
{
    const struct attribute *a = service;

    while (a + 1 < table + count && a[1].handle <= service->max) {
        a++;
    }
    return a->handle < service->max ? (uint16_t)(a->handle + 1) : 0;
}

uint8_t db_add(uint16_t service_handle, const struct new_attribute *a, uint16_t *handle)
{
    struct attribute *service = db_find(service_handle);
    struct new_attribute copy = *a;
    uint8_t status;

    if (!service || !(service->flags & ATTR_SERVICE)) {
        return ST_INVALID_HANDLE;
    }
    if (copy.handle == 0) {
        copy.handle = next_free(service);
    }
    if (copy.handle == 0) {
        return ST_OUT_OF_HANDLES;
    }
    status = insert(&copy);
    if (status == ST_OK && handle) {
        *handle = copy.handle;
    }
    return status;
}

uint8_t db_add_service(const uint8_t *uuid, uint8_t uuid_len, bool primary, uint8_t records,
                       uint16_t *handle)
{
    uint8_t type[2];
    uint32_t first = 1;
    struct new_attribute a = {
        .uuid = type,
        .uuid_len = 2,
        .value = uuid,
        .length = uuid_len,
        .access = 1,
        .flags = ATTR_SERVICE,
    };

    if (records == 0) {
        return ST_INVALID_PARAMETERS;
    }
    for (uint16_t i = 0; i < count; i++) {
        if ((table[i].flags & ATTR_SERVICE) && table[i].max >= first) {
            first = table[i].max + 1u;
        }
    }
    if (first + records - 1 > 0xFFFF) {
        return ST_OUT_OF_HANDLES;
    }
    put16(type, primary ? UUID_PRIMARY : UUID_SECONDARY);
    a.handle = (uint16_t)first;
    a.max = (uint16_t)(first + records - 1);
    *handle = a.handle;
    return insert(&a);
}

/* Core, Vol 3 Part G, 3.3: declaration, value, and the descriptors in AN5270's order. */
uint8_t db_add_characteristic(uint16_t service, const struct new_characteristic *c,
                              uint16_t *handle)
{
    static const uint8_t declaration_uuid[2] = {0x03, 0x28}, sccd_uuid[2] = {0x03, 0x29},
                         cccd_uuid[2] = {0x02, 0x29}, extended_uuid[2] = {0x00, 0x29};
    uint8_t declaration[3 + 16] = {c->properties};
    struct attribute *s = db_find(service);
    uint8_t p = c->properties, status, wanted = 2;
    uint16_t first;

    wanted = (uint8_t)(2 + (p & 1) + ((p & 0x30) != 0) + (p >> 7));
    if (!s || !(s->flags & ATTR_SERVICE)) {
        return ST_INVALID_HANDLE;
    }
    first = next_free(s);
    if (first == 0 || s->max - first + 1 < wanted) {
        return ST_OUT_OF_HANDLES;
    }
    put16(declaration + 1, (uint16_t)(first + 1));
    memcpy(declaration + 3, c->uuid, c->uuid_len);

    /* Of a configuration CPU1 learns whatever the characteristic's mask says: so the services of
     * ST's expect it. */
    const struct new_attribute parts[] = {
        {0, declaration_uuid, 2, declaration, (uint16_t)(3 + c->uuid_len),
         (uint16_t)(3 + c->uuid_len), 0, 1, 0, 0, ATTR_DECLARATION},
        {0, c->uuid, c->uuid_len, NULL, c->variable ? 0 : c->max, c->max, c->security,
         (uint8_t)((p & 2 ? 1 : 0) | (p & 8 ? 2 : 0) | (p & 4 ? 4 : 0) | (p & 0x40 ? 8 : 0)),
         c->events, c->key_size, c->variable ? ATTR_VARIABLE : 0},
        {0, sccd_uuid, 2, NULL, 2, 2, c->security & 0xB8, 3, 1, c->key_size, 0},
        {0, cccd_uuid, 2, NULL, 2, 2, c->security & 0xB8, 3, 1, c->key_size, ATTR_CCCD},
        {0, extended_uuid, 2, NULL, 2, 2, 0, 1, 0, 0, 0},
    };
    const bool include[] = {true, true, p & 1, (p & 0x30) != 0, p & 0x80};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (include[i] && (status = db_add(service, &parts[i], i == 0 ? handle : NULL)) != ST_OK) {
            db_delete(first, (uint16_t)(first + wanted - 1));
            return status;
        }
    }
    return ST_OK;
}

uint8_t db_delete(uint16_t first, uint16_t last)
{
    uint16_t i = 0;

    while (i < count) {
        struct attribute a = table[i];

        if (a.handle < first || a.handle > last) {
            i++;
            continue;
        }
        memmove(&table[i], &table[i + 1], (size_t)(count - i - 1) * sizeof table[0]);
        count--;
        if (a.flags & ATTR_CCCD) {
            cccds_taken &= ~(1u << a.value);
        } else if (a.flags & ATTR_SERVICE) {
            pool_close(a.value, a.length);
        } else {
            pool_close(a.value, a.max);
        }
        pool_close(a.uuid, a.uuid_len); /* it lies before the value */
    }
    return ST_OK;
}

/* ---- ACI_GATT_INIT, ACI_GAP_INIT ---- */

void db_add_gatt_service(void)
{
    static const uint8_t service_uuid[2] = {0x01, 0x18}, changed_uuid[2] = {0x05, 0x2A};
    const struct new_characteristic changed = {
        .uuid = changed_uuid, .uuid_len = 2, .max = 4, .properties = 0x20, .key_size = 7};
    uint16_t service, handle;

    db_add_service(service_uuid, 2, true, 4, &service); /* handles 1 to 4 */
    db_add_characteristic(service, &changed, &handle);
}

uint8_t db_add_gap_service(uint8_t role, bool privacy, uint8_t name_len, uint16_t handles[3])
{
    static const uint8_t service_uuid[2] = {0x00, 0x18};
    static const uint8_t uuids[4][2] = {{0x00, 0x2A}, {0x01, 0x2A}, {0x04, 0x2A}, {0xA6, 0x2A}};
    /* Device Name (read, write), Appearance, Peripheral Preferred Connection Parameters (no
     * specific values) and Central Address Resolution (supported) */
    static const uint8_t preferred[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0xFF};
    static const uint8_t resolution[1] = {1};
    struct new_characteristic c[4] = {
        {uuids[0], 2, name_len, 0x0A, 0, 1, 7, true},
        {uuids[1], 2, 2, 0x02, 0, 0, 7, false},
        {uuids[2], 2, 8, 0x02, 0, 0, 7, false},
        {uuids[3], 2, 1, 0x02, 0, 0, 7, false},
    };
    const bool include[4] = {true, true, role & 1, privacy};
    uint8_t records = (uint8_t)(5 + 2 * include[2] + 2 * include[3]), status;
    uint16_t at[4] = {0};

    if (records + config.gap_records > 0xFF) {
        return ST_INVALID_PARAMETERS;
    }
    status = db_add_service(service_uuid, 2, true, (uint8_t)(records + config.gap_records),
                            &handles[0]);
    for (int i = 0; status == ST_OK && i < 4; i++) {
        if (include[i]) {
            status = db_add_characteristic(handles[0], &c[i], &at[i]);
        }
    }
    if (status == ST_OK && include[2]) {
        db_write(db_find((uint16_t)(at[2] + 1)), 0, preferred, 8, false);
    }
    if (status == ST_OK && include[3]) {
        db_write(db_find((uint16_t)(at[3] + 1)), 0, resolution, 1, false);
    }
    handles[1] = at[0];
    handles[2] = at[1];
    return status;
}
