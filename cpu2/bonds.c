/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bonds.c - the bonding table: keys of peers, and what they subscribed to. It outlives resets of
 * the stack, and, as nvm.c keeps it, those of the part.
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
    if (bonds[index].used) {
        router_record_changed((unsigned)index);
    }
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
    router_record_changed((unsigned)at);
    return at;
}

void bond_subscribed(const struct link *link)
{
    const uint8_t *now = db_link_cccds(link);
    uint8_t *kept = link->bond >= 0 ? bonds[link->bond].cccds : NULL;

    if (kept && link->encrypted && memcmp(kept, now, CCCD_MAX) != 0) {
        memcpy(kept, now, CCCD_MAX);
        router_record_changed((unsigned)link->bond);
    }
}

/* ---- as octets ---- */

enum { HAS_IRK = 1, OURS = 2, THEIRS = 4, AUTHENTICATED = 8, SECURE = 16 };

static void out_key(struct out *out, const struct bond_key *key)
{
    out_octets(out, key->ltk, sizeof key->ltk);
    out_octets(out, key->rand, sizeof key->rand);
    out16(out, key->ediv);
}

size_t host_record(unsigned n, uint8_t octets[HOST_RECORD_MAX])
{
    const struct bond *b = &bonds[n];
    struct out out = {.p = octets, .max = HOST_RECORD_MAX};

    if (!b->used) {
        return 0;
    }
    out8(&out, (uint8_t)((b->has_irk ? HAS_IRK : 0) | (b->ours.valid ? OURS : 0) |
                         (b->theirs.valid ? THEIRS : 0) | (b->authenticated ? AUTHENTICATED : 0) |
                         (b->secure ? SECURE : 0)));
    out8(&out, b->key_size);
    out8(&out, b->identity.type);
    out_octets(&out, b->identity.octets, 6);
    out_octets(&out, b->irk, sizeof b->irk);
    out_key(&out, &b->ours);
    out_key(&out, &b->theirs);
    out_octets(&out, b->cccds, CCCD_MAX);
    return out.n;
}

static void in_copy(struct in *in, uint8_t *to, size_t n)
{
    const uint8_t *from = in_octets(in, n);

    if (from) {
        memcpy(to, from, n);
    }
}

static void in_key(struct in *in, struct bond_key *key, bool valid)
{
    in_copy(in, key->ltk, sizeof key->ltk);
    in_copy(in, key->rand, sizeof key->rand);
    key->ediv = in16(in);
    key->valid = valid;
}

void host_restore(unsigned n, const uint8_t *octets, size_t len)
{
    struct in in = {.p = octets, .left = len};
    struct bond b = {.used = true};
    uint8_t flags = in8(&in);

    b.has_irk = flags & HAS_IRK;
    b.authenticated = flags & AUTHENTICATED;
    b.secure = flags & SECURE;
    b.key_size = in8(&in);
    b.identity.type = in8(&in);
    in_copy(&in, b.identity.octets, 6);
    in_copy(&in, b.irk, sizeof b.irk);
    in_key(&in, &b.ours, flags & OURS);
    in_key(&in, &b.theirs, flags & THEIRS);
    in_copy(&in, b.cccds, CCCD_MAX);
    if (n < HOST_BONDS && in_done(&in) && b.identity.type <= 1 && b.key_size >= 7 &&
        b.key_size <= 16) {
        bonds[n] = b;
    }
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
