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

/* pcapng: little endian here; LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR has the direction in front. */
#define LINKTYPE_H4_PHDR 201
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

static void pcapng_head(struct writer *w)
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
    put_le(w, LINKTYPE_H4_PHDR, 2);
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
        pcapng_head(&w);
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

static void pcapng_packet(struct writer *w, uint64_t at_ns, bool to_host, size_t whole,
                          const uint8_t *h4, size_t len)
{
    uint64_t time = EPOCH_S * NS_PER_S + at_ns;
    size_t padding = -len & 3, block = PACKET_BLOCK_HEAD + 4 + len + padding + 4;

    put_le(w, BLOCK_PACKET, 4);
    put_le(w, block, 4);
    put_le(w, 0, 4); /* interface */
    put_le(w, time >> 32, 4);
    put_le(w, time & UINT32_MAX, 4);
    put_le(w, 4 + len, 4);
    put_le(w, 4 + whole, 4);
    put_be(w, to_host, 4);
    put(w, h4, len);
    put_le(w, 0, (unsigned)padding);
    put_le(w, block, 4);
}

size_t orrery_capture_packet(Orrery__Attach__Capture format, uint64_t at_ns, const uint8_t *packet,
                             size_t len, uint8_t out[CAPTURE_RECORD_MAX])
{
    struct writer w = {out};
    const uint8_t *h4 = packet + ORRERY_HCI_HEAD;
    bool to_host = packet[0] & 1;
    size_t whole = packet[2] | (size_t)packet[3] << 8;

    len -= ORRERY_HCI_HEAD;
    whole = whole > len ? whole : len;
    if (format == ORRERY__ATTACH__CAPTURE__BTSNOOP) {
        btsnoop_packet(&w, at_ns, to_host, whole, h4, len);
    } else {
        pcapng_packet(&w, at_ns, to_host, whole, h4, len);
    }
    return (size_t)(w.at - out);
}
