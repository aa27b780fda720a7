/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp.h - security: the Security Manager's functions, the bonding table, pairing for ACI commands.
 *
 * Core, Vol 3 Part H. Keys, random numbers, addresses are least significant octet first, as on
 * the air and in HCI.
 */
#ifndef CPU2_SMP_H
#define CPU2_SMP_H

#include "host.h"

/* ---- functions of Core, Vol 3 Part H, 2.2 (smp_crypto.c) ---- */

void smp_e(const uint8_t key[16], const uint8_t plain[16], uint8_t out[16]);
/* 2.2.3: preq and pres are the PDUs; the addresses are those of the initiator and the responder. */
void smp_c1(const uint8_t k[16], const uint8_t r[16], const uint8_t preq[7], const uint8_t pres[7],
            const struct address *ia, const struct address *ra, uint8_t out[16]);
void smp_s1(const uint8_t k[16], const uint8_t r1[16], const uint8_t r2[16], uint8_t out[16]);
void smp_f4(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], uint8_t z,
            uint8_t out[16]);
void smp_f5(const uint8_t w[32], const uint8_t n1[16], const uint8_t n2[16],
            const struct address *a1, const struct address *a2, uint8_t mac_key[16],
            uint8_t ltk[16]);
/* io_cap: IO capability, OOB flag, AuthReq, as in the PDU. */
void smp_f6(const uint8_t w[16], const uint8_t n1[16], const uint8_t n2[16], const uint8_t r[16],
            const uint8_t io_cap[3], const struct address *a1, const struct address *a2,
            uint8_t out[16]);
uint32_t smp_g2(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], const uint8_t y[16]);
uint32_t smp_ah(const uint8_t irk[16], const uint8_t r[3]);
/* The identity resolving key that an identity root makes (appendix B.2). */
void smp_irk(const uint8_t ir[16], uint8_t out[16]);
/* RFC 4493; message: most significant octet first. */
void smp_cmac(const uint8_t key[16], const uint8_t *message, size_t n, uint8_t out[16]);

/* ---- the bonding table (bonds.c) ---- */

struct bond_key {
    bool valid;
    uint8_t ltk[16], rand[8];
    uint16_t ediv;
};

struct bond {
    bool used;
    struct address identity;
    bool has_irk;
    uint8_t irk[16];
    struct bond_key ours,
        theirs; /* used when we are the peripheral, the central; the same with SC */
    uint8_t key_size;
    bool authenticated, secure;
    uint8_t cccds[CCCD_MAX];
};

extern struct bond bonds[HOST_BONDS];
/* The bond of a peer with this address, resolvable or not: its index, -1 if there is none. */
int bond_find(const struct address *address);
int bond_store(const struct bond *bond);
/* Its CCCDs may be others now. */
void bond_subscribed(const struct link *link);
void bonds_clear(void);
bool bonds_any(void);
void bond_remove(int index);
/* With privacy, to the controller's resolving list; one that has none refuses, and the host
 * resolves. */
void bond_to_resolving_list(const struct bond *bond);

/* ---- pairing, for CPU1's commands (smp.c) ---- */

struct smp_settings {
    uint8_t io, bonding, mitm, sc, keypress, min_key, max_key, identity_type;
    bool fixed;
    uint32_t pin;
};
extern struct smp_settings smp_settings;
uint16_t smp_pair(struct link *link, bool force);
uint16_t smp_security_request(struct link *link);
uint16_t smp_passkey(struct link *link, uint32_t passkey);
uint16_t smp_confirm_numeric(struct link *link, bool yes);
uint16_t smp_keypress(struct link *link, uint8_t type);
uint16_t smp_allow_rebond(struct link *link);
uint16_t smp_reply(struct link *link, bool accept);

#endif
