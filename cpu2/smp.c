/* SPDX-License-Identifier: Apache-2.0 */
/* smp.c - so far: refuses to pair. */
#include <string.h>

#include "host.h"

void smp_reset(void)
{
}

uint8_t smp_identity_type(void)
{
    return 0;
}

void smp_receive(struct link *link, const uint8_t *pdu, size_t n)
{
    static const uint8_t failed[2] = {0x05, 0x05}; /* Pairing Not Supported */

    if (n && (pdu[0] == 0x01)) {
        l2cap_send(link, CID_SMP, failed, sizeof failed);
    }
}

void smp_connected(struct link *link)
{
}

void smp_disconnected(struct link *link)
{
}

void smp_timers(struct link *link, uint32_t now)
{
}

void smp_ltk_request(struct link *link, const uint8_t rand[8], uint16_t ediv)
{
    uint8_t b[2];

    put16(b, link->handle);
    hci_send(HCI_LE_LTK_NEGATIVE_REPLY, b, 2, NULL, 0);
}

void smp_encryption_changed(struct link *link, uint8_t status, bool on)
{
}

void smp_public_key(uint8_t status, const uint8_t key[64])
{
}

void smp_dhkey(uint8_t status, const uint8_t key[32])
{
}

bool smp_wants_key_events(void)
{
    return false;
}

const struct aci_command aci_sec_commands[] = {
    {0, false, NULL},
};
