/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bonds.c - the bonding table: keys of peers, and what they subscribed to. In RAM: it outlives
 * resets of the stack, not of the part (docs/fidelity.md).
 */
#include <string.h>

#include "smp.h"

struct bond bonds[HOST_BONDS];

static bool resolves(const struct bond *bond, const struct address *a)
{
    /* a resolvable private address: hash, prand with 01 on top (Core, Vol 6 Part B, 1.3.2.2) */
    return bond->has_irk && a->type == 1 && (a->octets[5] & 0xC0) == 0x40 &&
           smp_ah(bond->irk, a->octets + 3) == (get32(a->octets) & 0xFFFFFF);
}

int bond_find(const struct address *a)
{
    for (int i = 0; i < HOST_BONDS; i++) {
        if (bonds[i].used && bonds[i].identity.type == a->type &&
            memcmp(bonds[i].identity.octets, a->octets, 6) == 0) {
            return i;
        }
    }
    for (int i = 0; i < HOST_BONDS; i++) {
        if (bonds[i].used && resolves(&bonds[i], a)) {
            return i;
        }
    }
    return -1;
}

void bond_remove(int index)
{
    memset(&bonds[index], 0, sizeof bonds[index]);
    for (int i = 0; i < HOST_LINKS; i++) {
        if (links[i].bond == index) {
            links[i].bond = -1;
        }
    }
}

bool bonds_any(void)
{
    bool any = false;

    for (int i = 0; i < HOST_BONDS; i++) {
        any |= bonds[i].used;
    }
    return any;
}

void bonds_clear(void)
{
    for (int i = 0; i < HOST_BONDS; i++) {
        bond_remove(i);
    }
}

int bond_store(const struct bond *bond)
{
    int at = bond_find(&bond->identity);

    for (int i = 0; at < 0 && i < HOST_BONDS; i++) {
        if (!bonds[i].used) {
            at = i;
        }
    }
    if (at < 0) { /* so AN5270 has it, ACI_GAP_CLEAR_SECURITY_DB */
        bonds_clear();
        at = 0;
    }
    bonds[at] = *bond;
    bonds[at].used = true;
    return at;
}

void bond_to_resolving_list(const struct bond *bond)
{
    uint8_t b[39];

    if (gap_privacy && bond->has_irk) { /* Core, Vol 4 Part E, 7.8.38 */
        b[0] = bond->identity.type;
        memcpy(b + 1, bond->identity.octets, 6);
        memcpy(b + 7, bond->irk, 16);
        smp_irk(config.ir, b + 23);
        hci_send(HCI_LE_ADD_TO_RESOLVING_LIST, b, sizeof b, NULL, 0);
    }
}
