/* SPDX-License-Identifier: Apache-2.0 */
/* aci_client.c - AN5270's ACI_GATT_* and ACI_ATT_* commands of a client: each starts a procedure.
 */
#include <string.h>

#include "host.h"

/* What comes before a procedure's own parameters, and what comes after. */
static uint16_t start(struct in *in, struct link *link, uint16_t status,
                      const struct procedure *what, const uint8_t *p, size_t n)
{
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? att_client_start(link, what, p, n) : status;
}

/* Procedures without parameters, or with a range of handles, or a range and a UUID. */
enum { WHOLE, RANGE, RANGE_UUID, UUID };

static uint16_t discover(struct in *in, uint8_t kind, int form)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = kind, .start = 1, .end = 0xFFFF};

    if (form == RANGE || form == RANGE_UUID) {
        what.start = in16(in);
        what.end = in16(in);
    }
    if (form == RANGE_UUID || form == UUID) {
        what.uuid_len = in_uuid(in, what.uuid);
    }
    if (what.start == 0 || what.start > what.end) {
        return ST_INVALID_PARAMETERS;
    }
    return start(in, link, status, &what, NULL, 0);
}

static uint16_t exchange_config(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_MTU, WHOLE);
}

static uint16_t find_info(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_FIND_INFO, RANGE);
}

static uint16_t find_by_type_value(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = PROC_FIND_VALUE, .uuid_len = 2};
    uint8_t n;
    const uint8_t *p;

    (void)ret;
    what.start = in16(in);
    what.end = in16(in);
    put16(what.uuid, in16(in));
    n = in8(in);
    p = in_octets(in, n);
    return start(in, link, status, &what, p, n);
}

static uint16_t read_by_type(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_READ_TYPE, RANGE_UUID);
}

static uint16_t read_by_group_type(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_READ_GROUP, RANGE_UUID);
}

static uint16_t execute_write(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = PROC_EXECUTE};

    (void)ret;
    what.offset = in8(in);
    if (what.offset > 1) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return start(in, link, status, &what, NULL, 0);
}

static uint16_t primary_services(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_SERVICES, WHOLE);
}

static uint16_t service_by_uuid(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_SERVICE_BY_UUID, UUID);
}

static uint16_t included_services(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_INCLUDED, RANGE);
}

static uint16_t characteristics(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_CHARACTERISTICS, RANGE);
}

static uint16_t characteristic_by_uuid(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_CHARACTERISTIC_BY_UUID, RANGE_UUID);
}

/* The first handle is the value's; what describes it comes behind. */
static uint16_t descriptors(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = PROC_DESCRIPTORS};

    (void)ret;
    what.start = (uint16_t)(in16(in) + 1);
    what.end = in16(in);
    if (what.start < 2 || what.start > what.end) {
        return ST_INVALID_PARAMETERS;
    }
    return start(in, link, status, &what, NULL, 0);
}

static uint16_t read_using_uuid(struct in *in, struct out *ret)
{
    (void)ret;
    return discover(in, PROC_READ_BY_UUID, RANGE_UUID);
}

static uint16_t read_value(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = PROC_READ};

    (void)ret;
    what.handle = in16(in);
    return start(in, link, status, &what, NULL, 0);
}

static uint16_t read_long(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = PROC_READ_LONG};

    (void)ret;
    what.handle = in16(in);
    what.offset = in16(in);
    return start(in, link, status, &what, NULL, 0);
}

static uint16_t read_handles(struct in *in, bool variable)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = PROC_READ_MULTIPLE, .offset = variable};
    uint8_t n = in8(in);
    const uint8_t *p = in_octets(in, 2u * n);

    if (n < 2) {
        return ST_INVALID_PARAMETERS;
    }
    return start(in, link, status, &what, p, 2u * n);
}

static uint16_t read_multiple(struct in *in, struct out *ret)
{
    (void)ret;
    return read_handles(in, false);
}

static uint16_t read_multiple_variable(struct in *in, struct out *ret)
{
    (void)ret;
    return read_handles(in, true);
}

static uint16_t write(struct in *in, uint8_t kind)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    struct procedure what = {.kind = kind};
    uint8_t n;
    const uint8_t *p;

    what.handle = in16(in);
    if (kind != PROC_WRITE) {
        what.offset = in16(in);
    }
    n = in8(in);
    p = in_octets(in, n);
    return start(in, link, status, &what, p, n);
}

static uint16_t write_value(struct in *in, struct out *ret)
{
    (void)ret;
    return write(in, PROC_WRITE);
}

static uint16_t write_long(struct in *in, struct out *ret)
{
    (void)ret;
    return write(in, PROC_WRITE_LONG);
}

static uint16_t write_reliable(struct in *in, struct out *ret)
{
    (void)ret;
    return write(in, PROC_WRITE_RELIABLE);
}

static uint16_t prepare_write(struct in *in, struct out *ret)
{
    (void)ret;
    return write(in, PROC_PREPARE);
}

static uint16_t write_without_resp(struct in *in, struct out *ret)
{
    uint16_t status, handle;
    struct link *link = in_link(in, &status);
    uint8_t n;
    const uint8_t *p;

    (void)ret;
    handle = in16(in);
    n = in8(in);
    p = in_octets(in, n);
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? att_client_command(link, handle, p, n) : status;
}

static uint16_t confirm_indication(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? att_client_confirm(link) : status;
}

/* Signatures (CSRK) are left out, and so are values in an "extra data" buffer. */
static uint16_t unsupported(struct in *in, struct out *ret)
{
    (void)in;
    (void)ret;
    return ST_UNSUPPORTED;
}

const struct aci_command aci_client_commands[] = {
    {0xFD0B, true, exchange_config},
    {0xFD0C, true, find_info},
    {0xFD0D, true, find_by_type_value},
    {0xFD0E, true, read_by_type},
    {0xFD0F, true, read_by_group_type},
    {0xFD10, true, prepare_write},
    {0xFD11, true, execute_write},
    {0xFD12, true, primary_services},
    {0xFD13, true, service_by_uuid},
    {0xFD14, true, included_services},
    {0xFD15, true, characteristics},
    {0xFD16, true, characteristic_by_uuid},
    {0xFD17, true, descriptors},
    {0xFD18, true, read_value},
    {0xFD19, true, read_using_uuid},
    {0xFD1A, true, read_long},
    {0xFD1B, true, read_multiple},
    {0xFD1C, true, write_value},
    {0xFD1D, true, write_long},
    {0xFD1E, true, write_reliable},
    {0xFD1F, true, write_long}, /* ..._DESC, as older headers have them */
    {0xFD20, true, read_long},
    {0xFD21, true, write_value},
    {0xFD22, true, read_value},
    {0xFD23, false, write_without_resp},
    {0xFD24, false, unsupported}, /* SIGNED_WRITE_WITHOUT_RESP */
    {0xFD25, false, confirm_indication},
    {0xFD32, true, read_multiple_variable},
    {0xFD40, false, unsupported}, /* WRITE_WITHOUT_RESP_EXT */
    {0xFD41, true, unsupported},  /* WRITE_WITH_RESP_EXT */
    {0, false, NULL},
};
