/* SPDX-License-Identifier: Apache-2.0 */
/* aci_sec.c - AN5270's ACI_GAP_* commands of security: pairing, bonds, lists of bonded devices. */
#include <string.h>

#include "smp.h"

/* ---- settings ---- */

static uint16_t set_io_capability(struct in *in, struct out *ret)
{
    uint8_t io = in8(in);

    (void)ret;
    if (!in_done(in) || io > 4) {
        return ST_BAD_HCI_PARAMETERS;
    }
    smp_settings.io = io;
    return ST_OK;
}

static uint16_t set_authentication_requirement(struct in *in, struct out *ret)
{
    struct smp_settings s = smp_settings;
    uint8_t no_fixed;

    (void)ret;
    s.bonding = in8(in);
    s.mitm = in8(in);
    s.sc = in8(in);
    s.keypress = in8(in);
    s.min_key = in8(in);
    s.max_key = in8(in);
    no_fixed = in8(in);
    s.pin = in32(in);
    s.identity_type = in8(in);
    s.fixed = no_fixed == 0;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (s.bonding > 1 || s.mitm > 2 || s.sc > 2 || s.keypress > 1 || s.min_key < 7 ||
        s.max_key > 16 || s.min_key > s.max_key || no_fixed > 1 || s.pin > 999999 ||
        s.identity_type > 1) {
        return ST_INVALID_PARAMETERS;
    }
    smp_settings = s;
    return ST_OK;
}

/* ---- a link's security ---- */

/* A command with a connection's handle and one octet. */
static struct link *handle_and_octet(struct in *in, uint8_t *octet, uint16_t *status)
{
    struct link *link = in_link(in, status);

    *octet = in8(in);
    if (!in_done(in)) {
        *status = ST_BAD_HCI_PARAMETERS;
        return NULL;
    }
    return link;
}

static struct link *handle_only(struct in *in, uint16_t *status)
{
    struct link *link = in_link(in, status);

    if (!in_done(in)) {
        *status = ST_BAD_HCI_PARAMETERS;
        return NULL;
    }
    return link;
}

static uint16_t set_authorization_requirement(struct in *in, struct out *ret)
{
    uint16_t status;
    uint8_t enable;
    struct link *link = handle_and_octet(in, &enable, &status);

    (void)ret;
    if (!link) {
        return status;
    }
    if (enable > 1) {
        return ST_INVALID_PARAMETERS;
    }
    link->authorized = enable;
    return ST_OK;
}

static uint16_t authorization_resp(struct in *in, struct out *ret)
{
    uint16_t status;
    uint8_t answer;
    struct link *link = handle_and_octet(in, &answer, &status);

    (void)ret;
    if (!link) {
        return status;
    }
    if (answer < 1 || answer > 2) {
        return ST_INVALID_PARAMETERS;
    }
    if (link->authorized == 0) {
        return ST_DISALLOWED;
    }
    link->authorized = answer == 1 ? 2 : 1;
    return ST_OK;
}

static uint16_t get_security_level(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = handle_only(in, &status);

    if (!link) {
        return status;
    }
    out8(ret, 1); /* Core, Vol 3 Part C, 10.2.1 */
    if (!link->encrypted) {
        out8(ret, 1);
    } else if (!link->authenticated) {
        out8(ret, 2);
    } else {
        out8(ret, link->secure && link->key_size == 16 ? 4 : 3);
    }
    return ST_OK;
}

/* ---- pairing ---- */

static uint16_t pass_key_resp(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    uint32_t passkey = in32(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? smp_passkey(link, passkey) : status;
}

static uint16_t numeric_confirm(struct in *in, struct out *ret)
{
    uint16_t status;
    uint8_t yes;
    struct link *link = handle_and_octet(in, &yes, &status);

    (void)ret;
    return !link ? status : yes > 1 ? ST_INVALID_PARAMETERS : smp_confirm_numeric(link, yes);
}

static uint16_t passkey_input(struct in *in, struct out *ret)
{
    uint16_t status;
    uint8_t type;
    struct link *link = handle_and_octet(in, &type, &status);

    (void)ret;
    return !link ? status : type > 4 ? ST_INVALID_PARAMETERS : smp_keypress(link, type);
}

static uint16_t pairing_request_reply(struct in *in, struct out *ret)
{
    uint16_t status;
    uint8_t accept;
    struct link *link = handle_and_octet(in, &accept, &status);

    (void)ret;
    return !link ? status : accept > 1 ? ST_INVALID_PARAMETERS : smp_reply(link, accept);
}

static uint16_t send_pairing_req(struct in *in, struct out *ret)
{
    uint16_t status;
    uint8_t force;
    struct link *link = handle_and_octet(in, &force, &status);

    (void)ret;
    return link ? smp_pair(link, force == 1) : status;
}

static uint16_t peripheral_security_req(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = handle_only(in, &status);

    (void)ret;
    return link ? smp_security_request(link) : status;
}

static uint16_t allow_rebond(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = handle_only(in, &status);

    (void)ret;
    return link ? smp_allow_rebond(link) : status;
}

/* Out of band data is left out. */
static uint16_t unsupported(struct in *in, struct out *ret)
{
    (void)in;
    (void)ret;
    return ST_UNSUPPORTED;
}

/* ---- the bonding table ---- */

static uint16_t clear_security_db(struct in *in, struct out *ret)
{
    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    bonds_clear();
    return ST_OK;
}

static uint16_t get_bonded_devices(struct in *in, struct out *ret)
{
    uint8_t n = 0;

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    out8(ret, 0);
    for (int i = 0; i < HOST_BONDS; i++) {
        if (bonds[i].used) {
            out8(ret, bonds[i].identity.type);
            out_octets(ret, bonds[i].identity.octets, 6);
            n++;
        }
    }
    ret->p[0] = n;
    return ST_OK;
}

static bool in_address(struct in *in, struct address *a)
{
    const uint8_t *p;

    a->type = in8(in);
    p = in_octets(in, 6);
    if (!p || a->type > 1) {
        return false;
    }
    memcpy(a->octets, p, 6);
    return true;
}

/* ACI_GAP_CHECK_BONDED_DEVICE; older headers call it IS_DEVICE_BONDED and take the status alone. */
static uint16_t check_bonded_device(struct in *in, struct out *ret)
{
    struct address a;
    int at;

    if (!in_address(in, &a) || !in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    at = bond_find(&a);
    if (at < 0) {
        return ST_NOT_BONDED;
    }
    out8(ret, bonds[at].identity.type);
    out_octets(ret, bonds[at].identity.octets, 6);
    return ST_OK;
}

static uint16_t resolve_private_addr(struct in *in, struct out *ret)
{
    const uint8_t *p = in_octets(in, 6);
    struct address a = {.type = 1};
    int at;

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    memcpy(a.octets, p, 6);
    at = bond_find(&a);
    if (at < 0) {
        return ST_NOT_RESOLVED;
    }
    out_octets(ret, bonds[at].identity.octets, 6);
    return ST_OK;
}

static uint16_t remove_bonded_device(struct in *in, struct out *ret)
{
    struct address a;
    int at;

    (void)ret;
    if (!in_address(in, &a) || !in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    at = bond_find(&a);
    if (at < 0) {
        return ST_DEVICE_NOT_FOUND;
    }
    bond_remove(at);
    return ST_OK;
}

/* ---- the controller's lists ---- */

static void script_accept(const struct address *a)
{
    uint8_t b[7] = {a->type};

    memcpy(b + 1, a->octets, 6);
    script_add(HCI_LE_ADD_TO_ACCEPT_LIST, b, sizeof b);
}

static uint16_t configure_filter_accept_list(struct in *in, struct out *ret)
{
    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    for (int i = 0; i < HOST_BONDS; i++) {
        if (bonds[i].used) {
            bond_to_resolving_list(&bonds[i]);
        }
    }
    script_begin();
    script_add(HCI_LE_CLEAR_ACCEPT_LIST, NULL, 0);
    for (int i = 0; i < HOST_BONDS; i++) {
        if (bonds[i].used) {
            script_accept(&bonds[i].identity);
        }
    }
    script_end(aci_script_done, 0);
    return ACI_LATER;
}

enum { LIST_CLEAR = 1, LIST_ACCEPT_ONLY = 2, LIST_BOTH = 4 }; /* bits of Mode */

static struct address in_entry(const uint8_t *p)
{
    struct address a = {.type = p[0] & 1};

    memcpy(a.octets, p + 1, 6);
    return a;
}

static uint16_t add_to_lists(const uint8_t *entries, uint8_t n, uint8_t mode)
{
    bool resolving = !(mode & LIST_ACCEPT_ONLY), accept = mode & (LIST_ACCEPT_ONLY | LIST_BOTH);

    if ((mode & LIST_CLEAR) && resolving && gap_privacy) {
        hci_send(HCI_LE_CLEAR_RESOLVING_LIST, NULL, 0, NULL, 0);
    }
    for (uint8_t i = 0; resolving && i < n; i++) {
        struct address a = in_entry(entries + 7 * i);
        int at = bond_find(&a);

        if (at >= 0) {
            bond_to_resolving_list(&bonds[at]);
        }
    }
    script_begin();
    if ((mode & LIST_CLEAR) && accept) {
        script_add(HCI_LE_CLEAR_ACCEPT_LIST, NULL, 0);
    }
    for (uint8_t i = 0; accept && i < n; i++) {
        struct address a = in_entry(entries + 7 * i);

        script_accept(&a);
    }
    script_end(aci_script_done, 0);
    return ACI_LATER;
}

static uint16_t add_devices_to_list(struct in *in, struct out *ret)
{
    uint8_t n = in8(in), mode;
    const uint8_t *entries = in_octets(in, 7u * n);

    (void)ret;
    mode = in8(in);
    if (!in_done(in) || mode > 7) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return add_to_lists(entries, n, mode);
}

static uint16_t add_devices_to_resolving_list(struct in *in, struct out *ret)
{
    uint8_t n = in8(in), clear;
    const uint8_t *entries = in_octets(in, 7u * n);

    (void)ret;
    clear = in8(in);
    if (!in_done(in) || clear > 1) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return add_to_lists(entries, n, clear);
}

const struct aci_command aci_sec_commands[] = {
    {0xFC85, false, set_io_capability},
    {0xFC86, false, set_authentication_requirement},
    {0xFC87, false, set_authorization_requirement},
    {0xFC88, false, pass_key_resp},
    {0xFC89, false, authorization_resp},
    {0xFC8D, true, peripheral_security_req},
    {0xFC90, false, get_security_level},
    {0xFC92, false, configure_filter_accept_list},
    {0xFC94, false, clear_security_db},
    {0xFC95, false, allow_rebond},
    {0xFC9F, true, send_pairing_req},
    {0xFCA0, false, resolve_private_addr},
    {0xFCA3, false, get_bonded_devices},
    {0xFCA4, false, check_bonded_device},
    {0xFCA5, false, numeric_confirm},
    {0xFCA6, false, passkey_input},
    {0xFCA7, false, unsupported}, /* GET_OOB_DATA */
    {0xFCA8, false, unsupported}, /* SET_OOB_DATA */
    {0xFCA9, false, add_devices_to_resolving_list},
    {0xFCAA, false, remove_bonded_device},
    {0xFCAB, false, add_devices_to_list},
    {0xFCAD, false, pairing_request_reply},
    {0, false, NULL},
};
