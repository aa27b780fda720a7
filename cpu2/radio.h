/* SPDX-License-Identifier: Apache-2.0 */
/*
 * radio.h - the radio of docs/radio.md as the link layer sees it.
 *
 * radio.c drives the registers; in the tests sim.c puts the same functions on a simulated medium.
 * The link layer calls the first group from the radio's interrupt or with that interrupt locked
 * out; the radio calls the second group from the interrupt. Times are now_us()'s.
 */
#ifndef CPU2_RADIO_H
#define CPU2_RADIO_H

#include <stdbool.h>
#include <stdint.h>

#define RADIO_RAMP_US 60 /* a command is given at least so long before its start */
#define RADIO_PDU_MAX 257

enum { PHY_1M = 1, PHY_2M = 2 };

struct radio_tune {
    uint32_t access_address;
    uint32_t crc_init;
    uint8_t channel; /* index of the Core Specification: 37 to 39 are for advertising */
    uint8_t phy;
    int8_t power_dbm;
};

struct radio_packet {
    uint32_t start; /* of the preamble */
    uint32_t end;
    uint16_t len; /* octets of PDU that were received, header included */
    int8_t rssi;
    bool crc_good;
};

void radio_init(void);
void radio_tune(const struct radio_tune *tune);
/* pdu is read at start - RADIO_RAMP_US: it stays as it is until then. */
void radio_send(uint32_t start, const uint8_t *pdu);
/* The access address must have been matched before start + window. */
void radio_listen(uint32_t start, uint32_t window, uint8_t *pdu, uint32_t max);
void radio_stop(void);
/* One alarm; a new one replaces it. */
void radio_alarm(uint32_t when);
void radio_alarm_off(void);
/* Lock the radio's interrupt out, for some microseconds only. Nests. */
uint32_t radio_lock(void);
void radio_unlock(uint32_t state);

/* What the link layer does about it; controller_interrupt() calls them. */
void ll_radio_sent(uint32_t end);
void ll_radio_received(const struct radio_packet *packet);
void ll_radio_nothing(void); /* the window closed, or the command came too late */
void ll_radio_alarm(void);

/* Air time of a PDU with so many octets of payload. */
static inline uint32_t radio_air_us(unsigned phy, unsigned payload)
{
    return phy == PHY_2M ? (2 + 4 + 2 + payload + 3) * 4 : (1 + 4 + 2 + payload + 3) * 8;
}

/* From the start of the preamble to the match of the access address. */
static inline uint32_t radio_sync_us(unsigned phy)
{
    return phy == PHY_2M ? 24 : 40;
}

#endif
