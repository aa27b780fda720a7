/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aci_adv.c - the GAP modes of a peripheral and a broadcaster: legacy advertising.
 *
 * The host keeps the advertising data, so that ACI_GAP_UPDATE_ADV_DATA and _DELETE_AD_TYPE can
 * change single elements of it (Core Supplement, Part A).
 */
#include <string.h>

#include "host.h"

#define LIMITED_US 180000000u /* T_GAP(lim_adv_timeout) */

enum { ADV_IND = 0, ADV_DIRECT = 1, ADV_SCAN = 2, ADV_NONCONN = 3, ADV_DIRECT_LOW = 4 };
enum { AD_FLAGS = 0x01, AD_TX_POWER = 0x0A, AD_INTERVAL_RANGE = 0x12 };

static uint8_t ad[31], ad_len; /* as the controller has it */
static bool on;
static struct timer limited;

void adv_reset(void)
{
    ad_len = 0;
    on = false;
    limited.on = false;
}

bool adv_is_on(void)
{
    return on;
}

void adv_connected(void)
{
    on = false; /* legacy advertising ends with a connection, or its failure */
    limited.on = false;
}

static void limited_over(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg)
{
    (void)ret;
    (void)n;
    (void)arg;
    on = false;
    event_put(EV_GAP_LIMITED_DISCOVERABLE, &status, 0);
}

void adv_timers(uint32_t now)
{
    static const uint8_t off[1];

    if (timer_due(&limited, now)) {
        hci_send(HCI_LE_SET_ADV_ENABLE, off, 1, limited_over, 0);
    }
}

/* ---- advertising data ---- */

static void script_add_data(const uint8_t *data, uint8_t n)
{
    uint8_t b[32] = {n};

    memcpy(b + 1, data, n);
    script_add(HCI_LE_SET_ADV_DATA, b, sizeof b);
}

static void element(struct out *out, uint8_t type, const uint8_t *p, uint8_t n)
{
    out8(out, (uint8_t)(n + 1));
    out8(out, type);
    out_octets(out, p, n);
}

/* The element of this type: its offset, or n if there is none. */
static uint8_t find_type(const uint8_t *data, uint8_t n, uint8_t type)
{
    uint8_t at = 0;

    while (at + 1 < n && data[at] && data[at + 1] != type) {
        at = (uint8_t)(at + 1 + data[at] > n ? n : at + 1 + data[at]);
    }
    return at + 1 < n && data[at] ? at : n;
}

static void remove_type(uint8_t *data, uint8_t *n, uint8_t type)
{
    uint8_t at = find_type(data, *n, type), size;

    if (at < *n) {
        size = (uint8_t)min_size(1u + data[at], (size_t)(*n - at));
        memmove(data + at, data + at + size, (size_t)(*n - at - size));
        *n = (uint8_t)(*n - size);
    }
}

static uint8_t new_ad[31], new_ad_len;

static void data_done(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg)
{
    (void)ret;
    (void)n;
    (void)arg;
    if (status == ST_OK) {
        memcpy(ad, new_ad, sizeof ad);
        ad_len = new_ad_len;
    }
    aci_answer(status);
}

static uint16_t use_new_data(void)
{
    script_begin();
    script_add_data(new_ad, new_ad_len);
    script_end(data_done, 0);
    return ACI_LATER;
}

static uint16_t update_adv_data(struct in *in, struct out *ret)
{
    uint8_t n = in8(in), at = 0;
    const uint8_t *p = in_octets(in, n);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    memcpy(new_ad, ad, sizeof ad);
    new_ad_len = ad_len;
    while (at < n) {
        uint8_t size = (uint8_t)(p[at] + 1);

        if (p[at] == 0 || size > n - at) {
            return ST_INVALID_PARAMETERS;
        }
        remove_type(new_ad, &new_ad_len, p[at + 1]);
        if (size > sizeof new_ad - new_ad_len) {
            return ST_INVALID_PARAMETERS;
        }
        memcpy(new_ad + new_ad_len, p + at, size);
        new_ad_len = (uint8_t)(new_ad_len + size);
        at = (uint8_t)(at + size);
    }
    return use_new_data();
}

static uint16_t delete_ad_type(struct in *in, struct out *ret)
{
    uint8_t type = in8(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    memcpy(new_ad, ad, sizeof ad);
    new_ad_len = ad_len;
    remove_type(new_ad, &new_ad_len, type);
    return use_new_data();
}

/* ---- starting and stopping ---- */

struct mode {
    uint8_t type, own, filter;
    uint16_t low, high; /* interval, in 0.625 ms */
    struct address peer;
    bool set_data;
};

static void started(uint8_t status, const uint8_t *ret, size_t n, uint32_t limited_too)
{
    (void)ret;
    (void)n;
    if (status == ST_OK) {
        on = true;
        limited.on = false;
        if (limited_too) {
            timer_start(&limited, LIMITED_US);
        }
    } else {
        gap_forget_random();
    }
    data_done(status, NULL, 0, 0);
}

/* Core, Vol 4 Part E, 7.8.5: parameters, data, enable. */
static uint16_t start(const struct mode *m, bool limited_too)
{
    static const uint8_t enable[1] = {1};
    uint8_t b[15], own;

    if (!gap_ready) {
        return ST_DISALLOWED;
    }
    if (on) {
        return ST_DISALLOWED;
    }
    if (m->low > m->high || m->low < 0x20 || m->high > 0x4000) {
        return ST_BAD_HCI_PARAMETERS;
    }
    script_begin();
    own = gap_own_address(m->own);
    gap_used_own(1, own);
    put16(b, m->low);
    put16(b + 2, m->high);
    b[4] = m->type;
    b[5] = own;
    b[6] = m->peer.type;
    memcpy(b + 7, m->peer.octets, 6);
    b[13] = 7; /* all three channels */
    b[14] = m->filter;
    script_add(HCI_LE_SET_ADV_PARAMETERS, b, sizeof b);
    if (m->set_data) {
        script_add_data(new_ad, new_ad_len);
    } else {
        memcpy(new_ad, ad, sizeof ad);
        new_ad_len = ad_len;
    }
    script_add(HCI_LE_SET_ADV_ENABLE, enable, 1);
    script_end(started, limited_too);
    return ACI_LATER;
}

static bool own_valid(uint8_t own, bool connectable)
{
    return own <= (connectable ? 2 : 3);
}

/* Flags (Core Supplement, Part A, 1.3) and transmit power lead the data. */
static void begin_data(struct out *out, uint8_t flags)
{
    uint8_t power = (uint8_t)config.tx_power_dbm;

    flags |= 4; /* no BR/EDR */
    element(out, AD_FLAGS, &flags, 1);
    element(out, AD_TX_POWER, &power, 1);
}

static uint16_t set_discoverable_as(struct in *in, bool limited_too)
{
    struct mode m = {.set_data = true};
    struct out out = {.p = new_ad, .max = sizeof new_ad};
    uint8_t name_len, uuids_len, interval[4];
    const uint8_t *name, *uuids;

    m.type = in8(in);
    m.low = in16(in);
    m.high = in16(in);
    m.own = in8(in);
    m.filter = in8(in);
    name_len = in8(in);
    name = in_octets(in, name_len);
    uuids_len = in8(in);
    uuids = in_octets(in, uuids_len);
    put16(interval, in16(in));
    put16(interval + 2, in16(in));
    if (!in_done(in) || m.type == ADV_DIRECT || m.type > ADV_NONCONN || m.filter > 3 ||
        !own_valid(m.own, m.type == ADV_IND)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (m.low == 0 && m.high == 0) { /* 250 to 500, 30 to 60, 100 to 150 ms */
        m.low = limited_too ? 0x190 : m.type == ADV_IND ? 0x30 : 0xA0;
        m.high = limited_too ? 0x320 : m.type == ADV_IND ? 0x60 : 0xF0;
    }
    begin_data(&out, limited_too ? 1 : 2);
    if (name_len > 1) {
        element(&out, name[0], name + 1, (uint8_t)(name_len - 1));
    }
    if (uuids_len > 1) {
        element(&out, uuids[0], uuids + 1, (uint8_t)(uuids_len - 1));
    }
    if (get16(interval) && get16(interval + 2)) {
        element(&out, AD_INTERVAL_RANGE, interval, 4);
    }
    if (out.full) {
        return ST_INVALID_PARAMETERS;
    }
    new_ad_len = (uint8_t)out.n;
    return start(&m, limited_too);
}

static uint16_t set_discoverable(struct in *in, struct out *ret)
{
    (void)ret;
    return set_discoverable_as(in, false);
}

static uint16_t set_limited_discoverable(struct in *in, struct out *ret)
{
    (void)ret;
    return set_discoverable_as(in, true);
}

static void stopped(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg)
{
    (void)ret;
    (void)n;
    (void)arg;
    if (status == ST_OK) {
        adv_connected();
    }
    aci_answer(status);
}

static uint16_t set_non_discoverable(struct in *in, struct out *ret)
{
    static const uint8_t disable[1];

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!on) {
        return ST_DISALLOWED;
    }
    script_begin();
    script_add(HCI_LE_SET_ADV_ENABLE, disable, 1);
    script_end(stopped, 0);
    return ACI_LATER;
}

static uint16_t set_direct_connectable(struct in *in, struct out *ret)
{
    struct mode m = {0};
    const uint8_t *p;

    (void)ret;
    m.own = in8(in);
    m.type = in8(in);
    m.peer.type = in8(in);
    p = in_octets(in, 6);
    m.low = in16(in);
    m.high = in16(in);
    if (!in_done(in) || m.peer.type > 1 || (m.type != ADV_DIRECT && m.type != ADV_DIRECT_LOW) ||
        !own_valid(m.own, true)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    memcpy(m.peer.octets, p, 6);
    if (m.type == ADV_DIRECT) { /* it has no interval (Core, Vol 6 Part B, 4.4.2.4.3) */
        m.low = m.high = 0x20;
    }
    return start(&m, false);
}

static uint16_t set_non_connectable(struct in *in, struct out *ret)
{
    struct mode m = {.low = 0xA0, .high = 0xF0};

    (void)ret;
    m.type = in8(in);
    m.own = in8(in);
    if (!in_done(in) || (m.type != ADV_SCAN && m.type != ADV_NONCONN) || !own_valid(m.own, false)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return start(&m, false);
}

static uint16_t set_undirected_connectable(struct in *in, struct out *ret)
{
    struct mode m = {.type = ADV_IND, .set_data = true};
    struct out out = {.p = new_ad, .max = sizeof new_ad};

    (void)ret;
    m.low = in16(in);
    m.high = in16(in);
    m.own = in8(in);
    m.filter = in8(in);
    if (!in_done(in) || (m.filter != 0 && m.filter != 3) || !own_valid(m.own, true)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    begin_data(&out, 0); /* connectable, but not discoverable */
    new_ad_len = (uint8_t)out.n;
    return start(&m, false);
}

static uint16_t set_broadcast_mode(struct in *in, struct out *ret)
{
    struct mode m = {.set_data = true};
    uint8_t n, data_len;
    const uint8_t *data;

    (void)ret;
    m.low = in16(in);
    m.high = in16(in);
    m.type = in8(in);
    m.own = in8(in);
    data_len = in8(in);
    data = in_octets(in, data_len);
    n = in8(in);
    in_octets(in, 7u * n);
    if (!in_done(in) || (m.type != ADV_SCAN && m.type != ADV_NONCONN) || data_len > 31 ||
        !own_valid(m.own, false)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (n) { /* an accept list for scan requests: CPU1 can fill one by HCI */
        return ST_UNSUPPORTED;
    }
    memcpy(new_ad, data, data_len);
    new_ad_len = data_len;
    return start(&m, false);
}

static uint16_t additional_beacon(struct in *in, struct out *ret)
{
    (void)in;
    (void)ret;
    return ST_UNSUPPORTED;
}

const struct aci_command aci_adv_commands[] = {
    {0xFC81, false, set_non_discoverable},
    {0xFC82, true, set_limited_discoverable},
    {0xFC83, false, set_discoverable},
    {0xFC84, false, set_direct_connectable},
    {0xFC8B, false, set_non_connectable},
    {0xFC8C, false, set_undirected_connectable},
    {0xFC8E, false, update_adv_data},
    {0xFC8F, false, delete_ad_type},
    {0xFCA1, false, set_broadcast_mode},
    {0xFCB0, false, additional_beacon},
    {0xFCB1, false, additional_beacon},
    {0xFCB2, false, additional_beacon},
    {0, false, NULL},
};
