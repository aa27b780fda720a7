/*
 * STM32WB55: the radio of CPU2: what is on the air
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/radio.md, "The medium". A packet comes as one message, which arrives when its preamble begins
 * (struct orrery_radio_packet). Here stands the last one of every other radio; what overlaps is
 * settled when the later one begins.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/timer.h"
#include "migration/vmstate.h"
#include "../ipc/random.h"
#include "../trace.h"
#include "radio.h"

#define SENSITIVITY_DBM -95
#define CAPTURE_DB 10
#define CHANNELS 40
#define PHYS 2
/* a sender on a slow clock may be late by an instruction */
#define LATE_NS (WB_RADIO_RAMP_US * 1000)

static int64_t octet_ns(unsigned phy)
{
    return phy ? 4000 : 8000;
}

/* Preamble and access address. */
static int64_t sync_ns(unsigned phy)
{
    return (phy ? 2 + 4 : 1 + 4) * octet_ns(phy);
}

int64_t stm32wb_radio_duration(unsigned phy, unsigned octets)
{
    return sync_ns(phy) + octets * octet_ns(phy);
}

/* ---- sending ---- */

static void send_all(Stm32wbRadio *s, int64_t now, int64_t arrival,
                     const uint8_t *wire, size_t len)
{
    OrreryMember *m = orrery_member_get();

    for (unsigned i = 0; i < s->peer_count; i++) {
        uint32_t lane = s->peers[i].lanes->tx_lane;
        int64_t least = now + orrery_seg_lane_latency(m->seg, lane);

        if (arrival < least) {
            orrery_lane_count(m->seg, lane, ORRERY_LANE_TOO_FAST);
        }
        orrery_member_send(m, lane, now, MAX(arrival, least), wire, len);
    }
}

void stm32wb_radio_air_send(Stm32wbRadio *s, int64_t now, int64_t start_ns,
                            const uint8_t *pdu, unsigned length)
{
    uint8_t wire[ORRERY_RADIO_HEAD + WB_RADIO_PDU_MAX] = { 0 };

    stq_le_p(wire, start_ns);
    stl_le_p(wire + 8, s->used.access_address);
    stl_le_p(wire + 12, s->used.crc_init);
    wire[17] = s->used.channel;
    wire[18] = s->used.phy;
    wire[19] = s->used.whiten;
    wire[20] = s->used.power_dbm;
    stw_le_p(wire + 22, length);
    memcpy(wire + ORRERY_RADIO_HEAD, pdu, length);
    send_all(s, now, start_ns, wire, ORRERY_RADIO_HEAD + length);
    if (s->shown) {
        orrery_member_send(orrery_member_get(), s->shown->tx_lane, now, now,
                           wire, ORRERY_RADIO_HEAD + length);
    }
}

int64_t stm32wb_radio_air_cut(Stm32wbRadio *s, int64_t now)
{
    uint8_t wire[ORRERY_RADIO_HEAD] = { 0 };
    int64_t arrival = now;

    if (!s->peer_count) {
        return now;
    }
    arrival += orrery_seg_lane_latency(orrery_member_get()->seg,
                                       s->peers[0].lanes->tx_lane);
    stq_le_p(wire, s->sent_ns);
    wire[16] = ORRERY_RADIO_CUT;
    send_all(s, now, arrival, wire, sizeof(wire));
    return arrival;
}

/* ---- what is heard ---- */

static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Drawn anew for each packet and receiver, by nothing but seed, names and time. */
static bool is_lost(const Stm32wbRadio *s, const WbRadioPeer *peer,
                    int64_t start_ns)
{
    uint64_t draw = mix(mix(s->port->radio_seed ^ peer->salt) ^ start_ns);

    return orrery_happens(draw, s->port->radio_loss_ppb);
}

/* Written by another process: believe nothing. */
static bool parse(WbRadioAir *air, const struct orrery_message *msg)
{
    const uint8_t *wire = msg->payload;
    int64_t start_ns = ldq_le_p(wire);

    air->start_ns = start_ns;
    air->setup.access_address = ldl_le_p(wire + 8);
    air->setup.crc_init = ldl_le_p(wire + 12);
    air->setup.channel = wire[17];
    air->setup.phy = wire[18];
    air->setup.whiten = wire[19];
    air->setup.power_dbm = (int8_t)wire[20];
    air->length = lduw_le_p(wire + 22);
    if (air->setup.channel >= CHANNELS || air->setup.phy >= PHYS ||
        air->length < 2 || air->length > WB_RADIO_PDU_MAX ||
        msg->len != ORRERY_RADIO_HEAD + air->length ||
        start_ns > (int64_t)msg->arrival_ns ||
        start_ns < (int64_t)msg->arrival_ns - LATE_NS) {
        return false;
    }
    memcpy(air->pdu, wire + ORRERY_RADIO_HEAD, air->length);
    air->end_ns = start_ns + stm32wb_radio_duration(air->setup.phy,
                                                    air->length + 3);
    air->damaged_ns = WB_RADIO_NEVER;
    return true;
}

/* @from reaches into @on from @at on. */
static void disturb(WbRadioAir *on, const WbRadioAir *from, int64_t at)
{
    if (on->rssi_dbm < from->rssi_dbm + CAPTURE_DB) {
        on->damaged_ns = MIN(on->damaged_ns, at);
    }
}

static void collide(WbRadioAir *earlier, WbRadioAir *later)
{
    if (earlier->end_ns > later->start_ns &&
        earlier->setup.channel == later->setup.channel) {
        disturb(earlier, later, later->start_ns);
        disturb(later, earlier, later->start_ns);
    }
}

static void packet(WbRadioPeer *peer, WbRadioAir *air)
{
    Stm32wbRadio *s = peer->radio;

    air->peer = peer->index;
    air->rssi_dbm = air->setup.power_dbm - (int)peer->lanes->path_db;
    if (air->rssi_dbm < SENSITIVITY_DBM || is_lost(s, peer, air->start_ns)) {
        trace_stm32wb_radio_unheard(peer->lanes->name, air->start_ns,
                                    air->rssi_dbm);
        return;
    }
    for (unsigned i = 0; i < s->peer_count; i++) {
        collide(&s->air[i], air);
    }
    if (s->state == WB_RADIO_RX) {
        /* its own place may have been taken by now: a sender that was cut sends again */
        collide(&s->receiving, air);
    }
    air->candidate = s->state == WB_RADIO_RX_OPEN &&
                     s->start_ns <= air->start_ns &&
                     s->used.channel == air->setup.channel &&
                     s->used.phy == air->setup.phy &&
                     s->used.access_address == air->setup.access_address;
    trace_stm32wb_radio_heard(peer->lanes->name, air->start_ns, air->rssi_dbm,
                              air->candidate);
    s->air[peer->index] = *air;
    stm32wb_radio_changed(s);
}

static void cut(WbRadioAir *air, int64_t start_ns, int64_t at)
{
    if (air->start_ns == start_ns && air->end_ns > at) {
        air->end_ns = at;
        air->damaged_ns = MIN(air->damaged_ns, at);
    }
}

static void deliver(void *opaque, const struct orrery_message *msg)
{
    WbRadioPeer *peer = opaque;
    Stm32wbRadio *s = peer->radio;
    WbRadioAir air = { };

    if (msg->len < ORRERY_RADIO_HEAD) {
        return;
    }
    if (msg->payload[16] & ORRERY_RADIO_CUT) {
        int64_t start_ns = ldq_le_p(msg->payload);

        trace_stm32wb_radio_cut(peer->lanes->name, start_ns, msg->arrival_ns);
        cut(&s->air[peer->index], start_ns, msg->arrival_ns);
        if (s->receiving.peer == peer->index) {
            cut(&s->receiving, start_ns, msg->arrival_ns);
        }
        return;
    }
    /* one packet at a time from each */
    if (parse(&air, msg) && air.start_ns >= s->air[peer->index].end_ns) {
        packet(peer, &air);
    } else {
        orrery_lane_count(orrery_member_get()->seg, msg->lane,
                          ORRERY_LANE_FRAMING);
    }
}

/* ---- the receiver ---- */

int64_t stm32wb_radio_air_next_sync(const Stm32wbRadio *s)
{
    int64_t next = WB_RADIO_NEVER;

    for (unsigned i = 0; i < s->peer_count && s->state == WB_RADIO_RX_OPEN; i++) {
        if (s->air[i].candidate) {
            next = MIN(next, s->air[i].start_ns + sync_ns(s->air[i].setup.phy));
        }
    }
    return next;
}

const WbRadioAir *stm32wb_radio_air_sync(Stm32wbRadio *s, int64_t at)
{
    const WbRadioAir *found = NULL;

    for (unsigned i = 0; i < s->peer_count; i++) {
        WbRadioAir *air = &s->air[i];

        if (air->candidate && air->start_ns + sync_ns(air->setup.phy) <= at) {
            air->candidate = false;
            if (air->damaged_ns >= at && !found) {
                found = air;
            }
        }
    }
    return found;
}

void stm32wb_radio_air_forget(Stm32wbRadio *s)
{
    for (unsigned i = 0; i < s->peer_count; i++) {
        s->air[i].candidate = false;
    }
}

static uint64_t salt_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (; *text; text++) {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

void stm32wb_radio_air_connect(Stm32wbRadio *s)
{
    OrreryMember *m = orrery_member_get();

    s->peer_count = s->port ? s->port->peer_count : 0;
    s->peers = g_new0(WbRadioPeer, s->peer_count);
    s->air = g_new0(WbRadioAir, s->peer_count);
    for (unsigned i = 0; i < s->peer_count; i++) {
        WbRadioPeer *peer = &s->peers[i];

        peer->radio = s;
        peer->index = i;
        peer->lanes = &s->port->peers[i];
        peer->salt = salt_of(orrery_seg_lane_name(m->seg,
                                                  peer->lanes->rx_lane));
        orrery_member_on_message(m, peer->lanes->rx_lane, deliver, peer);
    }
}

const VMStateDescription stm32wb_radio_setup_vmstate = {
    .name = "stm32wb-radio-setup",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(access_address, WbRadioSetup),
        VMSTATE_UINT32(crc_init, WbRadioSetup),
        VMSTATE_UINT8(channel, WbRadioSetup),
        VMSTATE_UINT8(phy, WbRadioSetup),
        VMSTATE_UINT8(whiten, WbRadioSetup),
        VMSTATE_INT8(power_dbm, WbRadioSetup),
        VMSTATE_END_OF_LIST()
    },
};

static int air_post_load(void *opaque, int version_id)
{
    const WbRadioAir *air = opaque;

    return air->length <= WB_RADIO_PDU_MAX ? 0 : -EINVAL;
}

const VMStateDescription stm32wb_radio_air_vmstate = {
    .name = "stm32wb-radio-air",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = air_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_INT64(start_ns, WbRadioAir),
        VMSTATE_INT64(end_ns, WbRadioAir),
        VMSTATE_INT64(damaged_ns, WbRadioAir),
        VMSTATE_STRUCT(setup, WbRadioAir, 1, stm32wb_radio_setup_vmstate,
                       WbRadioSetup),
        VMSTATE_UINT32(peer, WbRadioAir),
        VMSTATE_INT32(rssi_dbm, WbRadioAir),
        VMSTATE_UINT32(length, WbRadioAir),
        VMSTATE_BOOL(candidate, WbRadioAir),
        VMSTATE_UINT8_ARRAY(pdu, WbRadioAir, WB_RADIO_PDU_MAX),
        VMSTATE_END_OF_LIST()
    },
};
