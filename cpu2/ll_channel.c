/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_channel.c - data channel selection, algorithms #1 and #2 (4.5.8).
 */
#include "ll.h"

bool ll_channels_set(struct channels *channels, const uint8_t map[5])
{
    uint8_t count = 0;

    for (uint8_t i = 0; i < 37; i++) {
        if (map[i >> 3] >> (i & 7) & 1) {
            channels->used[count++] = i;
        }
    }
    memcpy(channels->map, map, 5);
    channels->map[4] &= 0x1F;
    channels->count = count;
    return count >= 2;
}

static bool is_used(const struct channels *channels, unsigned channel)
{
    return channels->map[channel >> 3] >> (channel & 7) & 1;
}

uint8_t ll_channel_1(const struct channels *channels, unsigned unmapped)
{
    return is_used(channels, unmapped) ? (uint8_t)unmapped
                                       : channels->used[unmapped % channels->count];
}

/* The bits of each octet reversed. */
static uint16_t perm(uint16_t v)
{
    v = (uint16_t)((v & 0xAAAA) >> 1 | (v & 0x5555) << 1);
    v = (uint16_t)((v & 0xCCCC) >> 2 | (v & 0x3333) << 2);
    return (uint16_t)((v & 0xF0F0) >> 4 | (v & 0x0F0F) << 4);
}

uint8_t ll_channel_2(const struct channels *channels, uint32_t access_address, uint16_t event)
{
    uint16_t id = (uint16_t)(access_address >> 16 ^ access_address);
    uint16_t prn = event ^ id;
    unsigned unmapped;

    for (int i = 0; i < 3; i++) {
        prn = (uint16_t)(perm(prn) * 17u + id);
    }
    prn ^= id;
    unmapped = prn % 37u;
    return is_used(channels, unmapped) ? (uint8_t)unmapped
                                       : channels->used[(uint32_t)channels->count * prn >> 16];
}
