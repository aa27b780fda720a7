/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_encrypt.c - starting, pausing and refreshing encryption (5.1.3), and the authenticated payload
 * timeout (5.4). In the main loop.
 */
#include "ll_control.h"

#define TIMEOUT_US 40000000u

enum {
    ENC_IDLE,
    /* central */
    ENC_WAIT_RSP,
    ENC_WAIT_START_REQ,
    ENC_WAIT_START_RSP, /* peripheral too */
    ENC_WAIT_PAUSE_RSP, /* peripheral too */
    /* peripheral */
    ENC_WAIT_LTK,
    ENC_WAIT_REQ, /* paused */
};

/* Octets of a PDU or a parameter, least significant first, to those of AES, and back. */
static void reverse16(uint8_t to[16], const uint8_t from[16])
{
    for (int i = 0; i < 16; i++) {
        to[i] = from[15 - i];
    }
}

static void make_session_key(struct conn *c)
{
    uint8_t key[16], skd[16], session[16];

    reverse16(key, c->ltk);
    reverse16(skd, c->skd);
    aes_expand(&c->session, key);
    aes_encrypt(&c->session, skd, session);
    aes_expand(&c->session, session);
    c->tx_counter = 0;
    c->rx_counter = 0;
}

static void send(struct conn *c, uint8_t opcode)
{
    control_send(c, &opcode, 1, 0);
}

static void send_request(struct conn *c)
{
    uint8_t pdu[23] = {ENC_REQ};

    random_octets(c->skd, 8);
    random_octets(c->iv, 4);
    memcpy(pdu + 1, c->random_ediv, 10);
    memcpy(pdu + 11, c->skd, 8);
    memcpy(pdu + 19, c->iv, 4);
    c->enc_step = ENC_WAIT_RSP;
    control_send(c, pdu, sizeof(pdu), 0);
}

/* As central, when everything that was on its way is acknowledged. */
bool encrypt_start(struct conn *c)
{
    c->hold_data = true;
    if (!data_idle(c)) {
        return false;
    }
    c->key_refresh = c->tx_encrypted;
    if (c->key_refresh) {
        c->enc_step = ENC_WAIT_PAUSE_RSP;
        send(c, PAUSE_ENC_REQ);
    } else {
        send_request(c);
    }
    return true;
}

static void finished(struct conn *c, uint8_t status)
{
    c->enc_step = ENC_IDLE;
    c->hold_data = false;
    c->remote_proc = PROC_NONE;
    if (c->local == PROC_ENCRYPT) {
        control_done(c);
    }
    c->authenticated_at = now_us();
    if (c->key_refresh) {
        event_key_refresh(c, status);
    } else {
        event_encryption(c, status, status == OK);
    }
}

/* The peer has no key, or no encryption. After a pause there is no way back. */
void encrypt_refused(struct conn *c, uint8_t reason)
{
    bool refresh = c->key_refresh;

    finished(c, reason);
    if (refresh) {
        c->terminate_reason = reason;
        control_want(c, PROC_TERMINATE);
    }
}

bool encrypt_forbids_data(const struct conn *c)
{
    return c->enc_step != ENC_IDLE && c->enc_step != ENC_WAIT_RSP &&
           !(c->central && c->enc_step == ENC_WAIT_PAUSE_RSP) && !c->rx_encrypted;
}

/* ---- peripheral ---- */

static void requested(struct conn *c, const uint8_t *pdu)
{
    uint8_t reply[13] = {ENC_RSP};

    if (c->enc_step != ENC_IDLE && c->enc_step != ENC_WAIT_REQ) {
        return;
    }
    if (c->enc_step == ENC_IDLE && c->tx_encrypted) {
        control_reject(c, ENC_REQ, COMMAND_DISALLOWED);
        return;
    }
    c->hold_data = true;
    c->key_refresh = c->enc_step == ENC_WAIT_REQ;
    memcpy(c->random_ediv, pdu + 1, 10);
    memcpy(c->skd, pdu + 11, 8);
    memcpy(c->iv, pdu + 19, 4);
    random_octets(c->skd + 8, 8);
    random_octets(c->iv + 4, 4);
    memcpy(reply + 1, c->skd + 8, 8);
    memcpy(reply + 9, c->iv + 4, 4);
    c->enc_step = ENC_WAIT_LTK;
    control_send(c, reply, sizeof(reply), 0);
    if (ll.le_event_mask[0] & 0x10) {
        event_ltk_request(c);
    } else {
        encrypt_reply(c, NULL);
    }
}

bool encrypt_reply(struct conn *c, const uint8_t *ltk)
{
    if (c->enc_step != ENC_WAIT_LTK) {
        return false;
    }
    if (!ltk) {
        control_reject(c, ENC_REQ, KEY_MISSING);
        c->enc_step = ENC_IDLE;
        c->hold_data = false;
        return true;
    }
    memcpy(c->ltk, ltk, 16);
    make_session_key(c);
    send(c, START_ENC_REQ);
    c->rx_encrypted = true;
    c->enc_step = ENC_WAIT_START_RSP;
    c->remote_proc = PROC_ENCRYPT;
    c->remote_deadline = now_us() + TIMEOUT_US;
    return true;
}

static void pause_requested(struct conn *c)
{
    if (c->enc_step != ENC_IDLE || !c->tx_encrypted) {
        return;
    }
    c->hold_data = true;
    send(c, PAUSE_ENC_RSP);
    c->tx_encrypted = false; /* from the next PDU on */
    c->rx_encrypted = false;
    c->enc_step = ENC_WAIT_PAUSE_RSP;
    c->remote_proc = PROC_ENCRYPT;
    c->remote_deadline = now_us() + TIMEOUT_US;
}

/* ---- central ---- */

static void responded(struct conn *c, const uint8_t *pdu)
{
    if (c->enc_step == ENC_WAIT_RSP) {
        memcpy(c->skd + 8, pdu + 1, 8);
        memcpy(c->iv + 4, pdu + 9, 4);
        make_session_key(c);
        c->enc_step = ENC_WAIT_START_REQ;
    }
}

static void start_requested(struct conn *c)
{
    if (c->enc_step == ENC_WAIT_START_REQ) {
        c->tx_encrypted = true;
        c->rx_encrypted = true;
        c->enc_step = ENC_WAIT_START_RSP;
        send(c, START_ENC_RSP);
    }
}

/* ---- both ---- */

static void start_responded(struct conn *c)
{
    if (c->enc_step != ENC_WAIT_START_RSP) {
        return;
    }
    if (!c->central) {
        c->tx_encrypted = true;
        send(c, START_ENC_RSP);
    }
    finished(c, OK);
}

static void paused(struct conn *c)
{
    if (c->enc_step != ENC_WAIT_PAUSE_RSP) {
        return;
    }
    if (c->central) {
        c->tx_encrypted = false;
        c->rx_encrypted = false;
        send(c, PAUSE_ENC_RSP);
        send_request(c);
    } else {
        c->enc_step = ENC_WAIT_REQ;
    }
}

bool encrypt_received(struct conn *c, const uint8_t *pdu)
{
    switch (pdu[0]) {
    case ENC_REQ:
        if (!c->central) {
            requested(c, pdu);
        }
        return true;
    case PAUSE_ENC_REQ:
        if (!c->central) {
            pause_requested(c);
        }
        return true;
    case ENC_RSP:
        if (c->central) {
            responded(c, pdu);
        }
        return true;
    case START_ENC_REQ:
        if (c->central) {
            start_requested(c);
        }
        return true;
    case START_ENC_RSP:
        start_responded(c);
        return true;
    case PAUSE_ENC_RSP:
        paused(c);
        return true;
    default:
        return false;
    }
}

/* A peer that is silent for half the time is asked; one that stays so is reported, once. */
void encrypt_timers(struct conn *c)
{
    uint32_t silent = now_us() - c->authenticated_at, timeout = c->payload_timeout * 10000u;

    if (!c->rx_encrypted || c->enc_step) {
        return;
    }
    if (silent >= timeout / 2 && c->local != PROC_PING) {
        control_want(c, PROC_PING);
    }
    if (silent >= timeout && !c->payload_expired) {
        c->payload_expired = true;
        event_payload_timeout(c);
    }
}
