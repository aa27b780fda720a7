/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp.c - pairing, Core, Vol 3 Part H: legacy and secure connections, one peer at a time.
 *
 *     initiator  request ->            confirm, random ...            -> encrypt   keys
 *     responder          <- response   (smp_phase2.c)                              keys
 *
 * This file has phases 1 and 3, encryption with keys of the bonding table, and CPU1's part.
 */
#include <string.h>

#include "smp_pairing.h"

struct smp_settings smp_settings;
struct pairing pairing;

void smp_reset(void)
{
    memset(&pairing, 0, sizeof pairing);
    smp_phase2_reset();
    smp_settings = (struct smp_settings){.io = 3, .min_key = 7, .max_key = 16, .sc = 1};
}

uint8_t smp_identity_type(void)
{
    return smp_settings.identity_type;
}

void smp_own_hash(const uint8_t prand[3], uint8_t hash[3])
{
    uint8_t irk[16];
    uint32_t h;

    smp_irk(config.ir, irk);
    h = smp_ah(irk, prand);
    hash[0] = (uint8_t)h;
    put16(hash + 1, (uint16_t)(h >> 8));
}

/* ---- sending, ending ---- */

void smp_send(const uint8_t *pdu, size_t n)
{
    timer_start(&pairing.timer, SMP_TIMEOUT_US);
    l2cap_send(pairing.link, CID_SMP, pdu, n);
}

void smp_send_code(uint8_t code, const uint8_t *p, size_t n)
{
    uint8_t b[65] = {code};

    memcpy(b + 1, p, n);
    smp_send(b, 1 + n);
}

static void complete(uint8_t status, uint8_t reason)
{
    struct link *link = pairing.link;
    uint8_t b[2] = {status, reason};

    memset(&pairing, 0, sizeof pairing);
    event_link(EV_GAP_PAIRING_COMPLETE, link, b, sizeof b);
    if (status == 0 && link->authorized == 1) {
        event_link(EV_GAP_AUTHORIZATION_REQ, link, NULL, 0);
    }
}

void smp_fail(uint8_t reason)
{
    smp_send_code(SMP_FAILED, &reason, 1);
    complete(2, reason);
}

static void refuse(struct link *link, uint8_t reason)
{
    uint8_t b[2] = {SMP_FAILED, reason};

    l2cap_send(link, CID_SMP, b, sizeof b);
}

void smp_timers(struct link *link, uint32_t now)
{
    if (pairing.link == link && timer_due(&pairing.timer, now)) {
        link->smp_closed = true; /* Core, Vol 3 Part H, 3.4 */
        complete(1, 0);
    }
}

/* ---- phase 1: features ---- */

enum { AUTH_BOND = 1, AUTH_MITM = 4, AUTH_SC = 8, AUTH_KEYPRESS = 0x10 };
enum { KEY_ENC = 1, KEY_ID = 2 };

static uint8_t auth_req(void)
{
    return (uint8_t)((smp_settings.bonding ? AUTH_BOND : 0) | (smp_settings.mitm ? AUTH_MITM : 0) |
                     (smp_settings.sc ? AUTH_SC : 0) | (smp_settings.keypress ? AUTH_KEYPRESS : 0));
}

static void features(uint8_t pdu[7], uint8_t code)
{
    uint8_t keys = smp_settings.bonding ? KEY_ENC | KEY_ID : 0;
    const uint8_t b[7] = {code, smp_settings.io, 0, auth_req(), smp_settings.max_key, keys, keys};

    memcpy(pdu, b, 7);
}

static bool begin(struct link *link, bool initiator)
{
    static uint8_t serial;

    if (pairing.link) {
        return false;
    }
    memset(&pairing, 0, sizeof pairing);
    pairing.serial = ++serial;
    pairing.link = link;
    pairing.initiator = initiator;
    pairing.local = link->local;
    pairing.peer = link->peer;
    return true;
}

static bool keyboard(uint8_t io)
{
    return io == 2 || io == 4;
}

static bool yes_no(uint8_t io)
{
    return io == 1 || io == 4;
}

/* Core, Vol 3 Part H, 2.3.5.1. */
static uint8_t choose_method(const uint8_t *preq, const uint8_t *pres, bool sc)
{
    if (!((preq[3] | pres[3]) & AUTH_MITM) || preq[1] == 3 || pres[1] == 3) {
        return JUST_WORKS;
    }
    if (sc && yes_no(preq[1]) && yes_no(pres[1])) {
        return NUMERIC;
    }
    return keyboard(preq[1]) || keyboard(pres[1]) ? PASSKEY : JUST_WORKS;
}

/* SMP mode's bits 4, 5 and 7 forbid an association model (AN5270, annex). */
static bool method_forbidden(uint8_t method)
{
    uint8_t bit = method == JUST_WORKS ? 4 : method == PASSKEY ? 5 : 7;

    return config.smp_mode >> bit & 1;
}

/* Both PDUs are known: phase 2, or why not. */
static void agree(void)
{
    const uint8_t *theirs = pairing.initiator ? pairing.pres : pairing.preq;
    uint8_t both = pairing.preq[3] & pairing.pres[3];

    pairing.sc = (both & AUTH_SC) != 0;
    pairing.bonding = (both & AUTH_BOND) != 0;
    pairing.keypress = (both & AUTH_KEYPRESS) != 0;
    pairing.method = choose_method(pairing.preq, pairing.pres, pairing.sc);
    pairing.key_size = theirs[4] < smp_settings.max_key ? theirs[4] : smp_settings.max_key;
    pairing.initiator_keys = pairing.preq[5] & pairing.pres[5] & (KEY_ENC | KEY_ID);
    pairing.responder_keys = pairing.preq[6] & pairing.pres[6] & (KEY_ENC | KEY_ID);
    if (pairing.sc) { /* both have the LTK already */
        pairing.initiator_keys &= KEY_ID;
        pairing.responder_keys &= KEY_ID;
    }
    if ((smp_settings.sc == 2 && !pairing.sc) ||
        (smp_settings.mitm == 1 && pairing.method == JUST_WORKS) ||
        method_forbidden(pairing.method)) {
        smp_fail(0x03);
    } else if (pairing.key_size < smp_settings.min_key) {
        smp_fail(0x06);
    } else {
        smp_phase2();
    }
}

static bool features_valid(const uint8_t *pdu, size_t n)
{
    return n == 7 && pdu[1] <= 4 && pdu[2] <= 1 && pdu[4] >= 7 && pdu[4] <= 16;
}

static void respond(void)
{
    features(pairing.pres, SMP_RESPONSE);
    pairing.pres[5] &= pairing.preq[5];
    pairing.pres[6] &= pairing.preq[6];
    smp_send(pairing.pres, 7);
    agree();
}

static void ask_pairing_request(struct link *link, uint8_t auth)
{
    uint8_t b[2] = {link->bond >= 0, auth};

    pairing.state = ASKED_CPU1;
    timer_start(&pairing.timer, SMP_TIMEOUT_US);
    event_link(EV_GAP_PAIRING_REQUEST, link, b, sizeof b);
}

static void got_request(struct link *link, const uint8_t *pdu, size_t n)
{
    if (link->role != 1 || pairing.link == link) {
        refuse(link, 0x08);
        return;
    }
    if (!features_valid(pdu, n)) {
        refuse(link, 0x0A);
        return;
    }
    if (!begin(link, false)) {
        refuse(link, 0x08); /* another peer is at it */
        return;
    }
    memcpy(pairing.preq, pdu, 7);
    if (config.smp_mode & 8) {
        ask_pairing_request(link, pdu[3]);
    } else if (link->bond >= 0) {
        pairing.state = BOND_LOST;
        timer_start(&pairing.timer, SMP_TIMEOUT_US);
        event_link(EV_GAP_BOND_LOST, link, NULL, 0);
    } else {
        respond();
    }
}

static void request(void)
{
    features(pairing.preq, SMP_REQUEST);
    pairing.state = SENT_REQUEST;
    smp_send(pairing.preq, 7);
}

static void got_response(const uint8_t *pdu, size_t n)
{
    if (!features_valid(pdu, n) || (pdu[5] & ~pairing.preq[5]) || (pdu[6] & ~pairing.preq[6])) {
        smp_fail(0x0A);
        return;
    }
    memcpy(pairing.pres, pdu, 7);
    agree();
}

/* ---- encryption ---- */

void smp_encrypt(const uint8_t key[16], const uint8_t rand[8], uint16_t ediv)
{
    uint8_t b[28];

    pairing.state = ENCRYPTING;
    timer_start(&pairing.timer, SMP_TIMEOUT_US);
    put16(b, pairing.link->handle);
    memcpy(b + 2, rand, 8);
    put16(b + 10, ediv);
    memcpy(b + 12, key, 16);
    hci_send(HCI_LE_ENABLE_ENCRYPTION, b, sizeof b, NULL, 0);
}

/* With the key of a bond instead of pairing anew. False: there is none. */
static bool encrypt_bonded(struct link *link)
{
    const struct bond *bond = link->bond >= 0 ? &bonds[link->bond] : NULL;

    if (!bond || !bond->theirs.valid || link->role != 0 || !begin(link, true)) {
        return false;
    }
    pairing.from_bond = true;
    smp_encrypt(bond->theirs.ltk, bond->theirs.rand, bond->theirs.ediv);
    return true;
}

void smp_ltk_request(struct link *link, const uint8_t rand[8], uint16_t ediv)
{
    static const uint8_t zero[8];
    const struct bond *bond = link->bond >= 0 ? &bonds[link->bond] : NULL;
    const uint8_t *key = NULL;
    uint8_t b[18];

    if (pairing.link == link && pairing.state == ENCRYPTING && !pairing.from_bond) {
        key = ediv == 0 && memcmp(rand, zero, 8) == 0 ? pairing.ltk : NULL;
    } else if (bond && bond->ours.valid && bond->ours.ediv == ediv &&
               memcmp(bond->ours.rand, rand, 8) == 0) {
        key = bond->ours.ltk;
        link->key_from_bond = true;
    }
    put16(b, link->handle);
    if (key) {
        memcpy(b + 2, key, 16);
    }
    hci_send(key ? HCI_LE_LTK_REPLY : HCI_LE_LTK_NEGATIVE_REPLY, b, key ? 18 : 2, NULL, 0);
}

static void secured_by_bond(struct link *link)
{
    const struct bond *bond = &bonds[link->bond];

    link->encrypted = true;
    link->authenticated = bond->authenticated;
    link->secure = bond->secure;
    link->key_size = bond->key_size;
    memcpy(db_link_cccds(link), bond->cccds, CCCD_MAX);
}

void smp_encryption_changed(struct link *link, uint8_t status, bool on)
{
    bool ours = pairing.link == link && pairing.state == ENCRYPTING;

    if (status != 0 || !on) {
        link->encrypted = link->authenticated = link->secure = false;
        if (ours) {
            complete(3, 0);
        }
        return;
    }
    if (link->bond >= 0 && ((ours && pairing.from_bond) || link->key_from_bond)) {
        secured_by_bond(link);
        if (ours) {
            complete(0, 0);
        } else if (pairing.link != link) { /* the central used our bond's key */
            event_link(EV_GAP_PAIRING_COMPLETE, link, (const uint8_t[]){0, 0}, 2);
        }
    } else if (ours) {
        link->encrypted = true;
        link->authenticated = pairing.method != JUST_WORKS;
        link->secure = pairing.sc;
        link->key_size = pairing.key_size;
        smp_phase3();
    }
    link->key_from_bond = false;
}

/* ---- phase 3: keys, Core, Vol 3 Part H, 3.6 ---- */

static void distribute(uint8_t keys)
{
    struct bond_key *ours = &pairing.bond.ours;
    struct address own;
    uint8_t b[16];

    if (keys & KEY_ENC) {
        random_octets(ours->ltk, 16);
        memset(ours->ltk + pairing.key_size, 0, 16u - pairing.key_size);
        random_octets(ours->rand, 8);
        random_octets(b, 2);
        ours->ediv = get16(b);
        ours->valid = true;
        smp_send_code(SMP_ENC_INFO, ours->ltk, 16);
        memcpy(b + 2, ours->rand, 8);
        smp_send_code(SMP_CENTRAL_ID, b, 10);
    }
    if (keys & KEY_ID) {
        smp_irk(config.ir, b);
        smp_send_code(SMP_ID_INFO, b, 16);
        gap_own_identity(&own);
        b[0] = own.type;
        memcpy(b + 1, own.octets, 6);
        smp_send_code(SMP_ID_ADDRESS, b, 7);
    }
}

static void paired(void)
{
    struct link *link = pairing.link;
    struct bond *bond = &pairing.bond;

    if (pairing.bonding) {
        bond->key_size = pairing.key_size;
        bond->authenticated = link->authenticated;
        bond->secure = pairing.sc;
        if (pairing.sc) {
            bond->ours.valid = bond->theirs.valid = true;
            memcpy(bond->ours.ltk, pairing.ltk, 16);
            memcpy(bond->theirs.ltk, pairing.ltk, 16);
        }
        if (!pairing.got_identity) {
            bond->identity = link->identity;
        }
        link->identity = bond->identity;
        memcpy(bond->cccds, db_link_cccds(link), CCCD_MAX);
        link->bond = (int8_t)bond_store(bond);
        bond_to_resolving_list(bond);
    }
    complete(0, 0);
}

/* What the peer still has to send is in pairing.expected. */
static void keys_go_on(void)
{
    if (pairing.expected == 0 && pairing.initiator && !pairing.sent_keys) {
        pairing.sent_keys = true;
        distribute(pairing.initiator_keys);
    }
    if (pairing.expected == 0 && pairing.sent_keys) {
        paired();
    }
}

void smp_phase3(void)
{
    uint8_t theirs = pairing.initiator ? pairing.responder_keys : pairing.initiator_keys;

    pairing.state = KEYS;
    /* 1 encryption information, 2 its identification, 4 IRK, 8 identity address */
    pairing.expected = (uint8_t)((theirs & KEY_ENC ? 3 : 0) | (theirs & KEY_ID ? 12 : 0));
    if (!pairing.initiator) { /* the responder begins */
        pairing.sent_keys = true;
        distribute(pairing.responder_keys);
    }
    keys_go_on();
}

static void got_key(const uint8_t *pdu, size_t n)
{
    static const uint8_t sizes[4] = {17, 11, 17, 8};
    uint8_t index = (uint8_t)(pdu[0] - SMP_ENC_INFO), bit = (uint8_t)(1 << index);
    struct bond *bond = &pairing.bond;

    if (pairing.state != KEYS || !(pairing.expected & bit) || (pairing.expected & (bit - 1u)) ||
        n != sizes[index]) {
        smp_fail(pairing.state == KEYS ? 0x0A : 0x08);
        return;
    }
    switch (pdu[0]) {
    case SMP_ENC_INFO:
        memcpy(bond->theirs.ltk, pdu + 1, 16);
        break;
    case SMP_CENTRAL_ID:
        bond->theirs.ediv = get16(pdu + 1);
        memcpy(bond->theirs.rand, pdu + 3, 8);
        bond->theirs.valid = true;
        break;
    case SMP_ID_INFO:
        memcpy(bond->irk, pdu + 1, 16);
        bond->has_irk = true;
        break;
    default:
        bond->identity.type = pdu[1] & 1;
        memcpy(bond->identity.octets, pdu + 2, 6);
        pairing.got_identity = true;
        break;
    }
    pairing.expected &= (uint8_t)~bit;
    timer_start(&pairing.timer, SMP_TIMEOUT_US);
    keys_go_on();
}

/* ---- what the peer sends ---- */

static void got_security_request(struct link *link, const uint8_t *pdu, size_t n)
{
    if (link->role != 0 || n != 2 || pairing.link) {
        return;
    }
    if (encrypt_bonded(link)) {
        return;
    }
    begin(link, true);
    if (config.smp_mode & 8) {
        ask_pairing_request(link, pdu[1]);
    } else {
        request();
    }
}

void smp_receive(struct link *link, const uint8_t *pdu, size_t n)
{
    bool ours = pairing.link == link;

    if (n == 0 || link->smp_closed || (config.smp_mode & 1)) {
        return;
    }
    if (pdu[0] == SMP_REQUEST) {
        got_request(link, pdu, n);
    } else if (pdu[0] == SMP_SECURITY_REQUEST) {
        got_security_request(link, pdu, n);
    } else if (!ours) {
        if (pdu[0] != SMP_FAILED && pdu[0] <= SMP_KEYPRESS) {
            refuse(link, 0x08); /* no pairing is under way */
        }
    } else if (pdu[0] == SMP_FAILED) {
        complete(2, n == 2 ? pdu[1] : 0x08);
    } else if (pdu[0] == SMP_RESPONSE && pairing.initiator && pairing.state == SENT_REQUEST) {
        got_response(pdu, n);
    } else if (pdu[0] >= SMP_ENC_INFO && pdu[0] <= SMP_ID_ADDRESS) {
        got_key(pdu, n);
    } else if (pdu[0] == SMP_KEYPRESS) {
        if (n == 2 && pdu[1] <= 4 && pairing.method == PASSKEY) {
            timer_start(&pairing.timer, SMP_TIMEOUT_US);
            event_link(EV_GAP_KEYPRESS, link, pdu + 1, 1);
        }
    } else if (!smp_phase2_receive(pdu, n)) {
        smp_fail(pdu[0] > SMP_KEYPRESS || pdu[0] == 0 || pdu[0] == 0x0A ? 0x07 : 0x08);
    }
}

/* ---- connections ---- */

void smp_connected(struct link *link)
{
    int known;

    gap_air_address(link);
    known = bond_find(&link->identity);
    if (known >= 0) {
        link->bond = (int8_t)known;
        link->identity = bonds[known].identity;
    } else if (gap_privacy && link->role == 1 && link->peer.type == 1 &&
               (link->peer.octets[5] & 0xC0) == 0x40) {
        if (bonds_any()) {
            event_link(EV_GAP_ADDR_NOT_RESOLVED, link, NULL, 0);
        }
    }
}

void smp_disconnected(struct link *link)
{
    bond_subscribed(link);
    if (pairing.link == link) {
        complete(2, 0x08);
    }
}

/* ---- what CPU1 says ---- */

uint16_t smp_pair(struct link *link, bool force)
{
    if (link->role != 0 || link->smp_closed) {
        return ST_DISALLOWED;
    }
    if (pairing.link) {
        return ST_BUSY;
    }
    if (!force && encrypt_bonded(link)) {
        return ST_OK;
    }
    begin(link, true);
    request();
    return ST_OK;
}

uint16_t smp_security_request(struct link *link)
{
    uint8_t b[2] = {SMP_SECURITY_REQUEST, auth_req()};

    if (link->role != 1 || link->smp_closed) {
        return ST_DISALLOWED;
    }
    if (l2cap_room() == 0) {
        return ST_NO_RESOURCES;
    }
    l2cap_send(link, CID_SMP, b, sizeof b);
    return ST_OK;
}

uint16_t smp_allow_rebond(struct link *link)
{
    if (pairing.link != link || pairing.state != BOND_LOST) {
        return ST_DISALLOWED;
    }
    respond();
    return ST_OK;
}

uint16_t smp_reply(struct link *link, bool accept)
{
    if (pairing.link != link || pairing.state != ASKED_CPU1) {
        return ST_DISALLOWED;
    }
    if (!accept) {
        smp_fail(0x05);
    } else if (pairing.initiator) {
        request();
    } else {
        respond();
    }
    return ST_OK;
}

uint16_t smp_keypress(struct link *link, uint8_t type)
{
    if (pairing.link != link || pairing.method != PASSKEY || !pairing.keypress) {
        return ST_DISALLOWED;
    }
    smp_send_code(SMP_KEYPRESS, &type, 1);
    return ST_OK;
}
