// SPDX-License-Identifier: Apache-2.0
#include "h4.h"

#include "chip.h"

#define H4_ID REG32(0x60000400)
#define H4_SR REG32(0x60000404)
#define H4_SR_CONNECTED (1u << 0)
#define H4_SR_RXNE (1u << 1)
#define H4_IER REG32(0x60000408)
#define H4_DR REG32(0x6000040c)

#define HARDWARE_ERROR 0x10
#define LOST_STEP 0x01 /* our code in that event */
#define HEADER_MAX 4   /* of ACL data */

static uint8_t type;
static uint8_t header[HEADER_MAX];
static size_t have,
    want;         /* octets of the packet, without its type; want is 0: the header is not whole */
static bool lost; /* in step no longer */

static const uint8_t reset[] = {H4_COMMAND, 0x03, 0x0c, 0x00};
static size_t matched; /* of reset[], while lost */

bool h4_connected(void)
{
    return H4_SR & H4_SR_CONNECTED;
}

void h4_start(void)
{
    H4_IER = H4_SR_RXNE;
    irq_enable(IRQ_H4);
}

/* The main loop takes the octets; until it has, they do not ask again. */
void irq_H4(void)
{
    H4_IER = 0;
}

void h4_send(uint8_t h4_type, const uint8_t *packet, size_t len)
{
    H4_DR = h4_type;
    for (size_t i = 0; i < len; i++) {
        H4_DR = packet[i];
    }
}

static size_t header_length(void)
{
    return type == H4_ACL ? 4 : 3;
}

static size_t payload_length(void)
{
    return type == H4_ACL ? header[2] | (size_t)header[3] << 8 : header[2];
}

static void lose_step(void)
{
    static const uint8_t event[] = {HARDWARE_ERROR, 1, LOST_STEP};

    lost = true;
    matched = 0;
    type = H4_NOTHING;
    h4_send(H4_EVENT, event, sizeof(event));
}

/* True: a whole HCI_Reset has gone by. */
static bool find_reset(uint8_t octet)
{
    if (octet != reset[matched]) {
        matched = 0;
    }
    matched += octet == reset[matched];
    if (matched < sizeof(reset)) {
        return false;
    }
    lost = false;
    return true;
}

static uint8_t take_reset(uint8_t *packet, size_t *len)
{
    *len = sizeof(reset) - 1;
    for (size_t i = 0; i < *len; i++) {
        packet[i] = reset[i + 1];
    }
    return H4_COMMAND;
}

/* One octet of a packet that has begun; false: it will not fit. */
static bool take_octet(uint8_t octet, uint8_t *packet, size_t size)
{
    if (have < header_length()) {
        header[have] = octet;
    }
    packet[have++] = octet;
    if (have == header_length()) {
        want = have + payload_length();
    }
    return want <= size;
}

uint8_t h4_receive(uint8_t *packet, size_t size, size_t *len)
{
    uint8_t whole;

    while (H4_SR & H4_SR_RXNE) {
        uint8_t octet = (uint8_t)H4_DR;

        if (lost) {
            if (find_reset(octet)) {
                return take_reset(packet, len);
            }
        } else if (type == H4_NOTHING) {
            type = octet;
            have = want = 0;
            if (type != H4_COMMAND && type != H4_ACL) {
                lose_step();
            }
        } else if (!take_octet(octet, packet, size)) {
            lose_step();
        } else if (have == want) {
            whole = type;
            type = H4_NOTHING;
            *len = have;
            return whole;
        }
    }
    H4_IER = H4_SR_RXNE;
    return H4_NOTHING;
}
