/* SPDX-License-Identifier: Apache-2.0 */
/* smp_pairing.h - the pairing that is under way, for smp.c and smp_phase2.c. */
#ifndef CPU2_SMP_PAIRING_H
#define CPU2_SMP_PAIRING_H

#include "smp.h"

#define SMP_TIMEOUT_US 30000000u /* Core, Vol 3 Part H, 3.4 */

enum { /* codes of PDUs */
       SMP_REQUEST = 0x01,
       SMP_RESPONSE = 0x02,
       SMP_CONFIRM = 0x03,
       SMP_RANDOM = 0x04,
       SMP_FAILED = 0x05,
       SMP_ENC_INFO = 0x06,
       SMP_CENTRAL_ID = 0x07,
       SMP_ID_INFO = 0x08,
       SMP_ID_ADDRESS = 0x09,
       SMP_SECURITY_REQUEST = 0x0B,
       SMP_PUBLIC_KEY = 0x0C,
       SMP_DHKEY_CHECK = 0x0D,
       SMP_KEYPRESS = 0x0E,
};

enum pairing_state {
    IDLE,
    ASKED_CPU1,   /* may this pairing be? */
    BOND_LOST,    /* waits for ACI_GAP_ALLOW_REBOND */
    SENT_REQUEST, /* waits for the response */
    PUBLIC_KEYS,  /* waits for the peer's public key, or our own */
    CONFIRM,      /* waits for the peer's confirm value, or CPU1's passkey */
    RANDOM,       /* waits for the peer's random number */
    CHECK,        /* waits for the DHKey, the user, the peer's check */
    ENCRYPTING,
    KEYS,
};

enum { JUST_WORKS, PASSKEY, NUMERIC };

struct pairing {
    struct link *link; /* NULL: none is under way */
    enum pairing_state state;
    bool initiator, sc, bonding, keypress, from_bond;
    uint8_t method, key_size, initiator_keys, responder_keys;
    struct timer timer;
    struct address local, peer;
    uint8_t preq[7], pres[7];
    /* phase 2 */
    bool has_passkey, has_confirm, has_key, has_peer_key, has_dhkey, has_check, user_agrees;
    bool key_asked, dhkey_asked; /* of the controller */
    uint8_t serial;              /* tells this pairing from those before */
    uint8_t round;               /* bit of the passkey, secure connections */
    uint8_t tk[16];
    uint8_t random[16], peer_random[16], peer_confirm[16], peer_check[16];
    uint8_t key[64], peer_key[64], dhkey[32];
    uint8_t ltk[16]; /* what the link is encrypted with: STK or LTK */
    /* phase 3 */
    bool sent_keys, got_identity;
    uint8_t expected;
    struct bond bond;
};

extern struct pairing pairing;

void smp_send(const uint8_t *pdu, size_t n);
void smp_send_code(uint8_t code, const uint8_t *p, size_t n);
/* Tells the peer and CPU1 why, and ends the pairing. */
void smp_fail(uint8_t reason);
void smp_encrypt(const uint8_t key[16], const uint8_t rand[8], uint16_t ediv);

void smp_phase2(void);
void smp_phase2_reset(void);
/* False: this PDU does not belong here. */
bool smp_phase2_receive(const uint8_t *pdu, size_t n);
void smp_phase3(void);

#endif
