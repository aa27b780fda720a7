/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aci_gap.c - ACI_GAP_INIT, and the GAP procedures of a central and an observer: one at a time
 * scans or initiates, and ends with ACI_GAP_PROC_COMPLETE_EVENT.
 */
#include <string.h>

#include "host.h"

#define DISCOVERY_US 10240000u /* T_GAP(gen_disc_scan_min), AN5270: "fixed at 10.24 s" */

/* Procedure codes of AN5270; those that scan, and those that initiate. */
enum {
    LIMITED_DISCOVERY = 0x01,
    GENERAL_DISCOVERY = 0x02,
    AUTO_CONNECTION = 0x08,
    GENERAL_CONNECTION = 0x10,
    SELECTIVE_CONNECTION = 0x20,
    DIRECT_CONNECTION = 0x40,
    OBSERVATION = 0x80,
    SCANS = 0x01 | 0x02 | 0x10 | 0x20 | 0x80,
};

bool gap_ready, gap_privacy;
uint16_t gap_name_handle;

static uint8_t role, procedure; /* procedure: the one under way, or 0 */
static struct timer discovery;
static uint8_t last_own[2];
static uint8_t random_set[6]; /* the random address that the controller has */

void gap_reset(void)
{
    gap_ready = gap_privacy = false;
    gap_name_handle = 0;
    role = procedure = 0;
    discovery.on = false;
    memset(random_set, 0, sizeof random_set);
}

bool gap_scans(void)
{
    return (procedure & SCANS) != 0;
}

static void complete(uint8_t code, uint8_t status)
{
    uint8_t b[3] = {code, status, 0};

    procedure = 0;
    discovery.on = false;
    event_put(EV_GAP_PROC_COMPLETE, b, sizeof b);
}

/* ---- ACI_GAP_INIT, addresses ---- */

static uint16_t gap_init(struct in *in, struct out *ret)
{
    uint8_t roles = in8(in), privacy = in8(in), name_len = in8(in), mask[8], on[1] = {1};
    uint16_t handles[3], status;

    if (!in_done(in) || roles == 0 || roles > 15 || (privacy != 0 && privacy != 2)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (gap_ready) {
        return ST_DISALLOWED;
    }
    status = db_add_gap_service(roles, privacy != 0, name_len, handles);
    if (status != ST_OK) {
        return status;
    }
    role = roles;
    gap_ready = true;
    gap_privacy = privacy != 0;
    gap_name_handle = handles[1];
    out16(ret, handles[0]);
    out16(ret, handles[1]);
    out16(ret, handles[2]);
    if (gap_privacy) {
        host_le_mask(mask);
        hci_send(HCI_LE_SET_EVENT_MASK, mask, sizeof mask, NULL, 0);
        hci_send(HCI_LE_SET_RESOLUTION_ENABLE, on, 1, NULL, 0); /* may be refused */
    }
    return ST_OK;
}

/* A script failed: what the controller has now is not known. */
void gap_forget_random(void)
{
    memset(random_set, 0, sizeof random_set);
}

static void script_set_random(const uint8_t address[6])
{
    if (memcmp(random_set, address, 6) != 0) {
        memcpy(random_set, address, 6);
        script_add(HCI_LE_SET_RANDOM_ADDRESS, address, 6);
    }
}

/* AN5270's own address types: 0 public, 1 static random, 2 resolvable, 3 non-resolvable. Private
 * ones are made anew whenever something starts (Core, Vol 6 Part B, 1.3.2.2). */
uint8_t gap_own_address(uint8_t type)
{
    uint8_t a[6];

    if (type == 0) {
        return 0;
    }
    if (type == 1) {
        script_set_random(config.random_address);
        return 1;
    }
    random_octets(a, sizeof a);
    a[5] &= 0x3F;
    if (type == 2) {
        a[5] |= 0x40;
        smp_own_hash(a + 3, a);
    }
    script_set_random(a);
    return 1;
}

void gap_own_identity(struct address *own)
{
    own->type = smp_identity_type();
    memcpy(own->octets, own->type ? config.random_address : config.address, 6);
}

/* What connections are made with: of us as central, as peripheral. HCI's types: odd is random. */
void gap_used_own(uint8_t as, uint8_t own)
{
    last_own[as & 1] = own & 1;
}

void gap_air_address(struct link *link)
{
    if (link->local.type == 0xFF) {
        link->local.type = last_own[link->role & 1];
        memcpy(link->local.octets, link->local.type ? random_set : config.address, 6);
    }
}

/* ---- scanning ---- */

struct scan {
    uint8_t code, type, own, policy, duplicates;
    uint16_t interval, window;
};

static void scan_started(uint8_t status, const uint8_t *ret, size_t n, uint32_t code)
{
    (void)ret;
    (void)n;
    if (status == ST_OK) {
        procedure = (uint8_t)code;
        if (code == LIMITED_DISCOVERY || code == GENERAL_DISCOVERY) {
            timer_start(&discovery, DISCOVERY_US);
        }
    } else {
        gap_forget_random();
    }
    aci_answer(status);
}

static bool may_start(uint8_t needed_role)
{
    return gap_ready && (role & needed_role) && procedure == 0;
}

static void script_accept_list(const uint8_t *peers, uint8_t n)
{
    script_add(HCI_LE_CLEAR_ACCEPT_LIST, NULL, 0);
    for (uint8_t i = 0; i < n; i++) {
        script_add(HCI_LE_ADD_TO_ACCEPT_LIST, peers + 7 * i, 7);
    }
}

/* Within a script that has been begun. Core, Vol 4 Part E, 7.8.10 and 7.8.11. */
static uint16_t scan(const struct scan *s)
{
    uint8_t b[7], enable[2] = {1, s->duplicates};

    b[0] = s->type;
    put16(b + 1, s->interval);
    put16(b + 3, s->window);
    b[5] = gap_own_address(s->own);
    b[6] = s->policy;
    script_add(HCI_LE_SET_SCAN_PARAMETERS, b, sizeof b);
    script_add(HCI_LE_SET_SCAN_ENABLE, enable, sizeof enable);
    script_end(scan_started, s->code);
    return ACI_LATER;
}

static bool scan_valid(const struct scan *s)
{
    return s->interval >= 4 && s->interval <= 0x4000 && s->window >= 4 &&
           s->window <= s->interval && s->own <= 3 && s->type <= 1 && s->policy <= 3 &&
           s->duplicates <= 1;
}

/* All parameters have been read. peers: for the accept list, or NULL. */
static uint16_t scan_as(const struct in *in, const struct scan *s, uint8_t roles,
                        const uint8_t *peers, uint8_t n)
{
    if (!in_done(in) || !scan_valid(s)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!may_start(roles)) {
        return ST_DISALLOWED;
    }
    script_begin();
    if (peers) {
        script_accept_list(peers, n);
    }
    return scan(s);
}

static uint16_t discovery_proc(struct in *in, uint8_t code)
{
    struct scan s = {.code = code, .type = 1};

    s.interval = in16(in);
    s.window = in16(in);
    s.own = in8(in);
    s.duplicates = in8(in);
    return scan_as(in, &s, 4 | 8, NULL, 0);
}

static uint16_t limited_discovery(struct in *in, struct out *ret)
{
    (void)ret;
    return discovery_proc(in, LIMITED_DISCOVERY);
}

static uint16_t general_discovery(struct in *in, struct out *ret)
{
    (void)ret;
    return discovery_proc(in, GENERAL_DISCOVERY);
}

static struct scan in_scan(struct in *in, uint8_t code)
{
    struct scan s = {.code = code};

    s.type = in8(in);
    s.interval = in16(in);
    s.window = in16(in);
    s.own = in8(in);
    s.policy = in8(in);
    s.duplicates = in8(in);
    return s;
}

static uint16_t general_connection(struct in *in, struct out *ret)
{
    struct scan s = in_scan(in, GENERAL_CONNECTION);

    (void)ret;
    return scan_as(in, &s, 4, NULL, 0);
}

static uint16_t selective_connection(struct in *in, struct out *ret)
{
    struct scan s = in_scan(in, SELECTIVE_CONNECTION);
    uint8_t n = in8(in);
    const uint8_t *peers = in_octets(in, 7u * n);

    (void)ret;
    return scan_as(in, &s, 4, peers, n);
}

static uint16_t observation(struct in *in, struct out *ret)
{
    struct scan s = {.code = OBSERVATION};

    (void)ret;
    s.interval = in16(in);
    s.window = in16(in);
    s.type = in8(in);
    s.own = in8(in);
    s.duplicates = in8(in);
    s.policy = in8(in);
    return scan_as(in, &s, 8, NULL, 0);
}

/* A report of one advertiser whose flags do not say limited discoverable. */
bool gap_filters_report(const uint8_t *p, size_t n)
{
    size_t at = 11, end;

    if (procedure != LIMITED_DISCOVERY || n < 12 || p[1] != 1) {
        return false;
    }
    end = min_size(at + p[10], n - 1);
    while (at + 2 < end && p[at] && p[at + 1] != 1) {
        at += 1u + p[at];
    }
    return !(at + 2 < end && p[at] >= 2 && p[at + 1] == 1 && (p[at + 2] & 1));
}

/* ---- connecting ---- */

static void initiating(uint8_t status, const uint8_t *ret, size_t n, uint32_t code)
{
    (void)ret;
    (void)n;
    procedure = status == ST_OK ? (uint8_t)code : 0;
    if (status != ST_OK) {
        gap_forget_random();
    }
    aci_answer(status);
}

struct connect {
    uint8_t code, own;
    const uint8_t *peer; /* type and address, or NULL: the accept list */
    uint16_t interval, window;
    const uint8_t *parameters; /* 12 octets: interval, latency, time-out, event length */
};

/* Within a script that has been begun. Core, Vol 4 Part E, 7.8.12. */
static uint16_t connect(const struct connect *c)
{
    uint8_t b[25] = {0};

    put16(b, c->interval);
    put16(b + 2, c->window);
    b[4] = c->peer == NULL;
    if (c->peer) {
        memcpy(b + 5, c->peer, 7);
    }
    b[12] = gap_own_address(c->own);
    gap_used_own(0, b[12]);
    memcpy(b + 13, c->parameters, 12);
    script_add(HCI_LE_CREATE_CONNECTION, b, sizeof b);
    script_end(initiating, c->code);
    return ACI_LATER;
}

/* General and selective establishment scan until the connection is asked for. */
static bool may_connect(void)
{
    return gap_ready && (role & 4) &&
           (procedure == 0 || procedure == GENERAL_CONNECTION || procedure == SELECTIVE_CONNECTION);
}

static uint16_t create_connection(struct in *in, struct out *ret)
{
    static const uint8_t stop[2];
    struct connect c = {.code = DIRECT_CONNECTION};

    (void)ret;
    c.interval = in16(in);
    c.window = in16(in);
    c.peer = in_octets(in, 7);
    c.own = in8(in);
    c.parameters = in_octets(in, 12);
    if (!in_done(in) || c.own > 2 || c.peer[0] > 1) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!may_connect()) {
        return ST_DISALLOWED;
    }
    script_begin();
    if (procedure) {
        script_add(HCI_LE_SET_SCAN_ENABLE, stop, sizeof stop);
    }
    return connect(&c);
}

static uint16_t auto_connection(struct in *in, struct out *ret)
{
    struct connect c = {.code = AUTO_CONNECTION};
    const uint8_t *peers;
    uint8_t n;

    (void)ret;
    c.interval = in16(in);
    c.window = in16(in);
    c.own = in8(in);
    c.parameters = in_octets(in, 12);
    n = in8(in);
    peers = in_octets(in, 7u * n);
    if (!in_done(in) || c.own > 2) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!may_start(4)) {
        return ST_DISALLOWED;
    }
    script_begin();
    script_accept_list(peers, n);
    return connect(&c);
}

void gap_connected(const struct link *link, uint8_t status, uint8_t as)
{
    (void)link;
    if ((procedure == DIRECT_CONNECTION || procedure == AUTO_CONNECTION) &&
        (status != ST_OK || as == 0)) {
        complete(procedure, status);
    }
}

/* ---- ending ---- */

static void terminated(uint8_t status, const uint8_t *ret, size_t n, uint32_t code)
{
    (void)ret;
    (void)n;
    aci_answer(status);
    if (status == ST_OK && (code & SCANS) && procedure == code) {
        complete((uint8_t)code, ST_OK);
    }
}

static uint16_t terminate_gap_proc(struct in *in, struct out *ret)
{
    static const uint8_t stop[2];
    uint8_t code = in8(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (code == 0 || procedure != code) {
        return ST_INVALID_PARAMETERS;
    }
    script_begin();
    if (code & SCANS) {
        script_add(HCI_LE_SET_SCAN_ENABLE, stop, sizeof stop);
    } else { /* a connection complete with status 0x02 follows, and ends the procedure */
        script_add(HCI_LE_CREATE_CONNECTION_CANCEL, NULL, 0);
    }
    script_end(terminated, code);
    return ACI_LATER;
}

static void discovery_over(uint8_t status, const uint8_t *ret, size_t n, uint32_t code)
{
    (void)ret;
    (void)n;
    if (procedure == code) {
        complete((uint8_t)code, status);
    }
}

void gap_timers(uint32_t now)
{
    static const uint8_t stop[2];

    if (timer_due(&discovery, now)) {
        hci_send(HCI_LE_SET_SCAN_ENABLE, stop, sizeof stop, discovery_over, procedure);
    }
}

static uint16_t one_command(uint16_t opcode, const uint8_t *parameters, size_t n)
{
    script_begin();
    script_add(opcode, parameters, n);
    script_end(aci_script_done, 0);
    return ACI_LATER;
}

static uint16_t terminate(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    uint8_t b[3] = {0};

    (void)ret;
    b[2] = in8(in);
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!link) {
        return status;
    }
    put16(b, link->handle);
    return one_command(HCI_DISCONNECT, b, sizeof b);
}

static uint16_t start_connection_update(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    const uint8_t *parameters = in_octets(in, 12);
    uint8_t b[14];

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!link) {
        return status;
    }
    if (link->role != 0) {
        return ST_DISALLOWED; /* "only when role is Central" */
    }
    put16(b, link->handle);
    memcpy(b + 2, parameters, 12);
    return one_command(HCI_LE_CONNECTION_UPDATE, b, sizeof b);
}

static uint16_t set_event_mask(struct in *in, struct out *ret)
{
    uint16_t mask = in16(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    gap_event_mask = mask;
    return ST_OK;
}

const struct aci_command aci_gap_commands[] = {
    {0xFC8A, false, gap_init},
    {0xFC91, false, set_event_mask},
    {0xFC93, true, terminate},
    {0xFC96, true, limited_discovery},
    {0xFC97, true, general_discovery},
    {0xFC99, true, auto_connection},
    {0xFC9A, true, general_connection},
    {0xFC9B, true, selective_connection},
    {0xFC9C, true, create_connection},
    {0xFC9D, false, terminate_gap_proc},
    {0xFC9E, true, start_connection_update},
    {0xFCA2, true, observation},
    {0, false, NULL},
};
