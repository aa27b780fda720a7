// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <string.h>

#define H4_COMMAND 1
#define H4_EVENT 4
#define EPOCH_S UINT64_C(1577836800) /* 2020-01-01, in seconds since 1970 */
#define NS_PER_S UINT64_C(1000000000)

/* btsnoop: big endian; times in us since the year 0 of the Gregorian calendar. */
#define BTSNOOP_H4 1002
#define BTSNOOP_1970_US UINT64_C(0x00dcddb30f2f8000)

/* pcapng: little endian here; LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR has the direction in front,
 * LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR how a packet was sent. */
#define LINKTYPE_H4_PHDR 201
#define LINKTYPE_LE_PHDR 256
#define LE_PHDR 10
#define LE_DEWHITENED 0x0001
#define LE_POWER_VALID 0x0002
#define LE_ADDRESS_VALID 0x0010
#define LE_CRC_CHECKED 0x0400
#define LE_CRC_GOOD 0x0800
#define LE_PHY_SHIFT 14
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define OPTION_TSRESOL 9
#define PACKET_BLOCK_HEAD 28

struct writer {
    uint8_t *at;
};

static void put_be(struct writer *w, uint64_t value, unsigned octets)
{
    while (octets--) {
        *w->at++ = (uint8_t)(value >> (8 * octets));
    }
}

static void put_le(struct writer *w, uint64_t value, unsigned octets)
{
    for (; octets--; value >>= 8) {
        *w->at++ = (uint8_t)value;
    }
}

static void put(struct writer *w, const void *bytes, size_t len)
{
    memcpy(w->at, bytes, len);
    w->at += len;
}

static void pcapng_head(struct writer *w, unsigned link_type)
{
    put_le(w, BLOCK_SECTION, 4);
    put_le(w, 28, 4);
    put_le(w, BYTE_ORDER_MAGIC, 4);
    put_le(w, 1, 2); /* version 1.0 */
    put_le(w, 0, 2);
    put_le(w, UINT64_MAX, 8); /* length of the section: not said */
    put_le(w, 28, 4);

    put_le(w, BLOCK_INTERFACE, 4);
    put_le(w, 32, 4);
    put_le(w, link_type, 2);
    put_le(w, 0, 2);
    put_le(w, 0, 4); /* no limit to a packet's length */
    put_le(w, OPTION_TSRESOL, 2);
    put_le(w, 1, 2);
    put_le(w, 9, 4); /* 10^-9 s, padded */
    put_le(w, 0, 4); /* end of options */
    put_le(w, 32, 4);
}

size_t orrery_capture_head(Orrery__Attach__Capture format, uint8_t out[CAPTURE_HEAD_MAX])
{
    struct writer w = {out};

    if (format == ORRERY__ATTACH__CAPTURE__BTSNOOP) {
        put(&w, "btsnoop", 8);
        put_be(&w, 1, 4); /* version */
        put_be(&w, BTSNOOP_H4, 4);
    } else {
        pcapng_head(&w,
                    format == ORRERY__ATTACH__CAPTURE__AIR ? LINKTYPE_LE_PHDR : LINKTYPE_H4_PHDR);
    }
    return (size_t)(w.at - out);
}

static void btsnoop_packet(struct writer *w, uint64_t at_ns, bool to_host, size_t whole,
                           const uint8_t *h4, size_t len)
{
    bool control = h4[0] == H4_COMMAND || h4[0] == H4_EVENT;

    put_be(w, whole, 4);
    put_be(w, len, 4);
    put_be(w, (control ? 2 : 0) | (to_host ? 1 : 0), 4);
    put_be(w, 0, 4); /* none was dropped */
    put_be(w, BTSNOOP_1970_US + EPOCH_S * 1000000 + at_ns / 1000, 8);
    put(w, h4, len);
}

/* Around a packet of len octets, of which there were whole. */
static size_t begin_packet(struct writer *w, uint64_t at_ns, size_t len, size_t whole)
{
    uint64_t time = EPOCH_S * NS_PER_S + at_ns;
    size_t block = PACKET_BLOCK_HEAD + len + (-len & 3) + 4;

    put_le(w, BLOCK_PACKET, 4);
    put_le(w, block, 4);
    put_le(w, 0, 4); /* interface */
    put_le(w, time >> 32, 4);
    put_le(w, time & UINT32_MAX, 4);
    put_le(w, len, 4);
    put_le(w, whole, 4);
    return block;
}

static void end_packet(struct writer *w, size_t len, size_t block)
{
    put_le(w, 0, (unsigned)(-len & 3));
    put_le(w, block, 4);
}

static void hci_packet(struct writer *w, uint64_t at_ns, bool to_host, size_t whole,
                       const uint8_t *h4, size_t len)
{
    size_t block = begin_packet(w, at_ns, 4 + len, 4 + whole);

    put_be(w, to_host, 4);
    put(w, h4, len);
    end_packet(w, 4 + len, block);
}

/* Core Specification Vol 6 Part B 3.1.1, the register turned round: its bit 0 goes out first. */
static uint32_t crc24(uint32_t init, const uint8_t *pdu, size_t len)
{
    uint32_t state = 0;

    for (unsigned i = 0; i < 24; i++) {
        state |= (init >> i & 1) << (23 - i);
    }
    for (size_t i = 0; i < len; i++) {
        state ^= pdu[i];
        for (unsigned k = 0; k < 8; k++) {
            state = state >> 1 ^ (state & 1 ? 0xda6000 : 0);
        }
    }
    return state;
}

static uint32_t get_le(const uint8_t *at, unsigned octets)
{
    uint32_t value = 0;

    while (octets--) {
        value = value << 8 | at[octets];
    }
    return value;
}

/* As it left the antenna: who hears it, and how, is each receiver's own. */
static void air_packet(struct writer *w, const uint8_t *packet, size_t len)
{
    const uint8_t *pdu = packet + offsetof(struct orrery_radio_packet, pdu);
    uint64_t start_ns = get_le(packet, 4) | (uint64_t)get_le(packet + 4, 4) << 32;
    uint32_t access_address = get_le(packet + 8, 4), crc_init = get_le(packet + 12, 4);
    unsigned phy = packet[18] & 1;
    size_t pdu_len = len - ORRERY_RADIO_HEAD, all = LE_PHDR + 4 + pdu_len + 3;
    size_t block = begin_packet(w, start_ns, all, all);

    put_le(w, packet[17], 1); /* RF channel */
    put_le(w, packet[20], 1); /* dBm */
    put_le(w, 0, 2);          /* noise, errors in the access address: not said */
    put_le(w, access_address, 4);
    put_le(w,
           LE_DEWHITENED | LE_POWER_VALID | LE_ADDRESS_VALID | LE_CRC_CHECKED | LE_CRC_GOOD |
               phy << LE_PHY_SHIFT,
           2);
    put_le(w, access_address, 4);
    put(w, pdu, pdu_len);
    put_le(w, crc24(crc_init, pdu, pdu_len), 3);
    end_packet(w, all, block);
}

static void put_hci(struct writer *w, Orrery__Attach__Capture format, uint64_t at_ns,
                    const uint8_t *packet, size_t len)
{
    const uint8_t *h4 = packet + ORRERY_HCI_HEAD;
    bool to_host = packet[0] & 1;
    size_t whole = get_le(packet + 2, 2);

    len -= ORRERY_HCI_HEAD;
    whole = whole > len ? whole : len;
    if (format == ORRERY__ATTACH__CAPTURE__BTSNOOP) {
        btsnoop_packet(w, at_ns, to_host, whole, h4, len);
    } else {
        hci_packet(w, at_ns, to_host, whole, h4, len);
    }
}

size_t orrery_capture_packet(Orrery__Attach__Capture format, uint64_t at_ns, const uint8_t *packet,
                             size_t len, uint8_t out[CAPTURE_RECORD_MAX])
{
    struct writer w = {out};

    if (format == ORRERY__ATTACH__CAPTURE__AIR) {
        air_packet(&w, packet, len);
    } else {
        put_hci(&w, format, at_ns, packet, len);
    }
    return (size_t)(w.at - out);
}
