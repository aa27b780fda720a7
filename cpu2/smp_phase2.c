/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp_phase2.c - Core, Vol 3 Part H, 2.3.5.5 and 2.3.5.6: the exchange that authenticates.
 *
 *     legacy      confirm, confirm, random, random: with the passkey as temporary key
 *     SC          public keys; then
 *       just works, numeric    responder's confirm, random, random, (the user compares)
 *       passkey                20 times confirm, confirm, random, random: a bit of it each
 *                 then the check of the Diffie-Hellman key, both ways
 */
#include <string.h>

#include "smp_pairing.h"

static const uint8_t zero[16];

static const uint8_t *initiator_key(void)
{
    return pairing.initiator ? pairing.key : pairing.peer_key;
}

static const uint8_t *responder_key(void)
{
    return pairing.initiator ? pairing.peer_key : pairing.key;
}

/* ---- CPU1's passkey ---- */

static void passkey_known(uint32_t passkey)
{
    put32(pairing.tk, passkey);
    pairing.has_passkey = true;
}

static void ask_passkey(void)
{
    if (pairing.method != PASSKEY) {
        pairing.has_passkey = true; /* none is needed: zero */
    } else if (smp_settings.fixed) {
        passkey_known(smp_settings.pin);
    } else {
        event_link(EV_GAP_PASS_KEY_REQ, pairing.link, NULL, 0);
    }
}

/* ---- confirm values ---- */

/* The bit of this round, as f4 takes it. */
static uint8_t passkey_bit(void)
{
    if (pairing.method != PASSKEY) {
        return 0;
    }
    return 0x80 | (get32(pairing.tk) >> pairing.round & 1);
}

/* The confirm value over a random number, of our own or of the peer's. */
static void confirm_value(bool of_peer, const uint8_t random[16], uint8_t out[16])
{
    const struct address *ia = pairing.initiator ? &pairing.local : &pairing.peer;
    const struct address *ra = pairing.initiator ? &pairing.peer : &pairing.local;

    if (!pairing.sc) {
        smp_c1(pairing.tk, random, pairing.preq, pairing.pres, ia, ra, out);
    } else if (of_peer) {
        smp_f4(pairing.peer_key, pairing.key, random, passkey_bit(), out);
    } else {
        smp_f4(pairing.key, pairing.peer_key, random, passkey_bit(), out);
    }
}

static void send_confirm(void)
{
    uint8_t value[16];

    random_octets(pairing.random, 16);
    confirm_value(false, pairing.random, value);
    smp_send_code(SMP_CONFIRM, value, 16);
}

static void send_random(void)
{
    smp_send_code(SMP_RANDOM, pairing.random, 16);
}

/* Just works and numeric comparison of SC: only the responder commits itself. */
static bool one_confirm(void)
{
    return pairing.sc && pairing.method != PASSKEY;
}

/* Sends our confirm value as soon as its time has come. */
static void confirm_go_on(void)
{
    if (pairing.state != CONFIRM || !pairing.has_passkey || one_confirm()) {
        return;
    }
    if (pairing.initiator) {
        if (!pairing.has_confirm) {
            send_confirm();
        }
    } else if (pairing.has_confirm) {
        send_confirm();
        pairing.state = RANDOM;
    }
}

static void next_round(void)
{
    pairing.has_confirm = false;
    pairing.state = CONFIRM;
    confirm_go_on();
}

/* ---- the end of secure connections: f5, f6 ---- */

static void check_go_on(void)
{
    const struct address *a = pairing.initiator ? &pairing.local : &pairing.peer;
    const struct address *b = pairing.initiator ? &pairing.peer : &pairing.local;
    const uint8_t *na = pairing.initiator ? pairing.random : pairing.peer_random;
    const uint8_t *nb = pairing.initiator ? pairing.peer_random : pairing.random;
    uint8_t mac_key[16], ea[16], eb[16];

    if (pairing.state != CHECK || !pairing.has_dhkey || !pairing.user_agrees) {
        return;
    }
    smp_f5(pairing.dhkey, na, nb, a, b, mac_key, pairing.ltk);
    memset(pairing.ltk + pairing.key_size, 0, 16u - pairing.key_size);
    smp_f6(mac_key, na, nb, pairing.tk, pairing.preq + 1, a, b, ea);
    smp_f6(mac_key, nb, na, pairing.tk, pairing.pres + 1, b, a, eb);
    if (pairing.initiator && !pairing.has_check) {
        smp_send_code(SMP_DHKEY_CHECK, ea, 16);
        return;
    }
    if (!pairing.has_check) {
        return;
    }
    if (memcmp(pairing.peer_check, pairing.initiator ? eb : ea, 16) != 0) {
        smp_fail(0x0B);
    } else if (pairing.initiator) {
        smp_encrypt(pairing.ltk, zero, 0);
    } else {
        smp_send_code(SMP_DHKEY_CHECK, eb, 16);
        pairing.state = ENCRYPTING;
    }
}

static void randoms_done(void)
{
    const uint8_t *na = pairing.initiator ? pairing.random : pairing.peer_random;
    const uint8_t *nb = pairing.initiator ? pairing.peer_random : pairing.random;
    uint8_t b[4];

    pairing.state = CHECK;
    if (pairing.method == NUMERIC) {
        put32(b, smp_g2(initiator_key(), responder_key(), na, nb) % 1000000);
        event_link(EV_GAP_NUMERIC_COMPARISON, pairing.link, b, sizeof b);
    } else {
        pairing.user_agrees = true;
    }
    check_go_on();
}

/* ---- public keys ---- */

/* The controller works on one at a time, and goes on when the pairing that asked is long over. */
static bool key_running, dhkey_running;
static uint8_t dhkey_serial; /* of the pairing that it is for */

void smp_phase2_reset(void)
{
    key_running = dhkey_running = false;
}

bool smp_wants_key_events(void)
{
    return key_running || dhkey_running;
}

static void refused(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg)
{
    (void)ret;
    (void)n;
    (void)arg;
    if (status != ST_OK) {
        key_running = dhkey_running = false;
        if (pairing.key_asked || pairing.dhkey_asked) {
            smp_fail(0x08);
        }
    }
}

static void ask_controller(void)
{
    if (key_running || dhkey_running) {
        return;
    }
    if (pairing.key_asked) {
        key_running = true;
        hci_send(HCI_LE_READ_P256_KEY, NULL, 0, refused, 0);
    } else if (pairing.dhkey_asked) {
        dhkey_running = true;
        dhkey_serial = pairing.serial;
        hci_send(HCI_LE_GENERATE_DHKEY, pairing.peer_key, 64, refused, 0);
    }
}

static void keys_exchanged(void)
{
    pairing.state = CONFIRM;
    if (one_confirm() && !pairing.initiator) {
        send_confirm();
        pairing.state = RANDOM;
    }
    pairing.dhkey_asked = true;
    ask_controller();
    confirm_go_on();
}

static void keys_go_on(void)
{
    if (!pairing.has_key || !pairing.has_peer_key) {
        return;
    }
    /* Core, Vol 3 Part H, 2.3.5.6.1: a key that reflects ours is refused */
    if (memcmp(pairing.key, pairing.peer_key, 32) == 0) {
        smp_fail(0x0A);
        return;
    }
    if (!pairing.initiator) {
        smp_send_code(SMP_PUBLIC_KEY, pairing.key, 64);
    }
    keys_exchanged();
}

void smp_public_key(uint8_t status, const uint8_t key[64])
{
    key_running = false;
    if (!pairing.key_asked) {
        return;
    }
    pairing.key_asked = false;
    if (status != ST_OK) {
        smp_fail(0x08);
        return;
    }
    memcpy(pairing.key, key, 64);
    pairing.has_key = true;
    if (pairing.initiator) {
        smp_send_code(SMP_PUBLIC_KEY, pairing.key, 64);
    }
    keys_go_on();
}

void smp_dhkey(uint8_t status, const uint8_t key[32])
{
    dhkey_running = false;
    if (!pairing.dhkey_asked || dhkey_serial != pairing.serial) {
        ask_controller(); /* for the pairing that waited behind it */
        return;
    }
    pairing.dhkey_asked = false;
    if (status != ST_OK) { /* the peer's key is no point of the curve */
        smp_fail(0x0B);
        return;
    }
    memcpy(pairing.dhkey, key, 32);
    pairing.has_dhkey = true;
    check_go_on();
}

void smp_phase2(void)
{
    if (pairing.sc) {
        pairing.state = PUBLIC_KEYS;
        pairing.key_asked = true;
        ask_passkey();
        ask_controller();
    } else {
        pairing.state = CONFIRM;
        ask_passkey();
        confirm_go_on();
    }
}

/* ---- what the peer sends ---- */

/* X of the debug key (Core, Vol 3 Part H, 2.3.5.6.1). */
static bool is_debug_key(const uint8_t key[64])
{
    static const uint8_t x[32] = {0xE6, 0x9D, 0x35, 0x0E, 0x48, 0x01, 0x03, 0xCC, 0xDB, 0xFD, 0xF4,
                                  0xAC, 0x11, 0x91, 0xF4, 0xEF, 0xB9, 0xA5, 0xF9, 0xE9, 0xA7, 0x83,
                                  0x2C, 0x5E, 0x2C, 0xBE, 0x97, 0xF2, 0xD2, 0x03, 0xB0, 0x20};

    return memcmp(key, x, 32) == 0;
}

static bool got_public_key(const uint8_t *pdu, size_t n)
{
    if (pairing.state != PUBLIC_KEYS || n != 65 || pairing.has_peer_key) {
        return false;
    }
    memcpy(pairing.peer_key, pdu + 1, 64);
    pairing.has_peer_key = true;
    if ((config.smp_mode & 4) && is_debug_key(pairing.peer_key)) {
        smp_fail(0x0A);
        return true;
    }
    keys_go_on();
    return true;
}

static bool got_confirm(const uint8_t *pdu, size_t n)
{
    if (pairing.state != CONFIRM || n != 17 || pairing.has_confirm ||
        (one_confirm() && !pairing.initiator)) {
        return false;
    }
    if (pairing.initiator && !pairing.has_passkey) {
        return false; /* it answers a confirm value that we have not sent */
    }
    memcpy(pairing.peer_confirm, pdu + 1, 16);
    pairing.has_confirm = true;
    if (!pairing.initiator) {
        confirm_go_on();
        return true;
    }
    if (one_confirm()) {
        random_octets(pairing.random, 16);
    }
    pairing.state = RANDOM;
    send_random();
    return true;
}

static void legacy_done(void)
{
    const uint8_t *mine = pairing.random, *theirs = pairing.peer_random;

    smp_s1(pairing.tk, pairing.initiator ? theirs : mine, pairing.initiator ? mine : theirs,
           pairing.ltk);
    memset(pairing.ltk + pairing.key_size, 0, 16u - pairing.key_size);
    if (pairing.initiator) {
        smp_encrypt(pairing.ltk, zero, 0);
    } else {
        pairing.state = ENCRYPTING;
    }
}

static bool got_random(const uint8_t *pdu, size_t n)
{
    uint8_t value[16];

    if (pairing.state != RANDOM || n != 17) {
        return false;
    }
    memcpy(pairing.peer_random, pdu + 1, 16);
    if (!(one_confirm() && !pairing.initiator)) { /* there is a commitment to check it by */
        confirm_value(true, pairing.peer_random, value);
        if (memcmp(value, pairing.peer_confirm, 16) != 0) {
            smp_fail(0x04);
            return true;
        }
    }
    if (!pairing.initiator) {
        send_random();
    }
    if (!pairing.sc) {
        legacy_done();
    } else if (pairing.method == PASSKEY && ++pairing.round < 20) {
        next_round();
    } else {
        randoms_done();
    }
    return true;
}

static bool got_check(const uint8_t *pdu, size_t n)
{
    bool early = pairing.initiator && !(pairing.has_dhkey && pairing.user_agrees);

    if (pairing.state != CHECK || n != 17 || pairing.has_check || early) {
        return false;
    }
    memcpy(pairing.peer_check, pdu + 1, 16);
    pairing.has_check = true;
    check_go_on();
    return true;
}

bool smp_phase2_receive(const uint8_t *pdu, size_t n)
{
    timer_start(&pairing.timer, SMP_TIMEOUT_US);
    switch (pdu[0]) {
    case SMP_PUBLIC_KEY:
        return got_public_key(pdu, n);
    case SMP_CONFIRM:
        return got_confirm(pdu, n);
    case SMP_RANDOM:
        return got_random(pdu, n);
    case SMP_DHKEY_CHECK:
        return got_check(pdu, n);
    default:
        return false;
    }
}

/* ---- what CPU1 says ---- */

uint16_t smp_passkey(struct link *link, uint32_t passkey)
{
    if (pairing.link != link || pairing.method != PASSKEY || pairing.has_passkey ||
        pairing.state < PUBLIC_KEYS || pairing.state > CONFIRM) {
        return ST_DISALLOWED;
    }
    if (passkey > 999999) {
        return ST_INVALID_PARAMETERS;
    }
    passkey_known(passkey);
    confirm_go_on();
    return ST_OK;
}

uint16_t smp_confirm_numeric(struct link *link, bool yes)
{
    if (pairing.link != link || pairing.state != CHECK || pairing.method != NUMERIC ||
        pairing.user_agrees) {
        return ST_DISALLOWED;
    }
    if (!yes) {
        smp_fail(0x0C);
        return ST_OK;
    }
    pairing.user_agrees = true;
    check_go_on();
    return ST_OK;
}
