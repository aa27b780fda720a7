/*
 * STM32WB55: the radio of CPU2
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ST does not publish the radio's registers; these are Orrery's own, and docs/radio.md is their
 * manual.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers (0x60000000 of CPU2)
 *  + sysbus IRQ 0: "BLE" (30 of CPU2)
 *  + link "memory": what the radio reads and writes packets in
 *  + property "port": the port of the instance that a radio link ends at, "radio" by default. Without
 *    an Orrery run, or without a link there, nobody hears the radio and it hears nobody. What it sends
 *    also goes to the port "air", if the manifest captures it
 */
#ifndef HW_ORRERY_STM32WB55_RADIO_H
#define HW_ORRERY_STM32WB55_RADIO_H

#include "exec/memory.h"
#include "hw/sysbus.h"
#include "qom/object.h"
#include "../member.h"

#define TYPE_STM32WB_RADIO "stm32wb-radio"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbRadio, STM32WB_RADIO)

#define WB_RADIO_RAMP_US 60
#define WB_RADIO_PDU_MAX 257
#define WB_RADIO_COMPARES 4
#define WB_RADIO_NEVER INT64_MAX

/* What both ends of a packet must agree on. */
typedef struct WbRadioSetup {
    uint32_t access_address;
    uint32_t crc_init;
    uint8_t channel;
    uint8_t phy;
    uint8_t whiten;
    int8_t power_dbm;
} WbRadioSetup;

/* A packet on the air, as it is heard here. */
typedef struct WbRadioAir {
    int64_t start_ns;
    int64_t end_ns;     /* of its last bit; earlier when the sender was cut */
    int64_t damaged_ns; /* from then on not as it was sent; NEVER */
    WbRadioSetup setup;
    uint32_t peer;
    int32_t rssi_dbm;
    uint32_t length;
    bool candidate;     /* the receiver was open for it when it began */
    uint8_t pdu[WB_RADIO_PDU_MAX];
} WbRadioAir;

typedef struct WbRadioPeer {
    Stm32wbRadio *radio;
    uint32_t index;
    const OrreryPeer *lanes;
    uint64_t salt; /* of the losses from there to here */
} WbRadioPeer;

typedef enum WbRadioState {
    WB_RADIO_IDLE,
    WB_RADIO_TX_PENDING, /* before START - RAMP */
    WB_RADIO_TX,
    WB_RADIO_RX_OPEN,    /* or opens at START */
    WB_RADIO_RX,         /* synchronised */
} WbRadioState;

struct Stm32wbRadio {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    MemoryRegion *memory;
    AddressSpace as;
    qemu_irq irq;
    QEMUTimer *timer; /* the next event of any kind */
    char *port_name;
    const OrreryPortInfo *port;
    const OrreryPortInfo *shown; /* where to show what is sent, or NULL */
    WbRadioPeer *peers;
    uint32_t peer_count;

    /* registers */
    uint32_t cr, sr, ier, ccer, ccr[WB_RADIO_COMPARES];
    WbRadioSetup setup;
    uint32_t txptr, rxptr, rxmax, start, window;
    uint32_t rxtime, rxend, rssi, rxstatus, txend;

    /* the command under way, with the registers it took */
    uint8_t state; /* WbRadioState */
    WbRadioSetup used;
    uint32_t used_txptr, used_rxptr, used_rxmax;
    int64_t start_ns, end_ns; /* of a receiver: when its window closes */
    int64_t sent_ns, sent_end_ns; /* the last packet sent */
    bool cut_due; /* a reset fell into it: the others hear so at the next event */

    WbRadioAir receiving;
    WbRadioAir *air; /* [peer]: the last of each; it may be over */
};

/* radio-air.c: what others send */

/* Register for the lanes of s->port. */
void stm32wb_radio_air_connect(Stm32wbRadio *s);
/* A packet of mine that begins at @start_ns, to all. */
void stm32wb_radio_air_send(Stm32wbRadio *s, int64_t now, int64_t start_ns,
                            const uint8_t *pdu, unsigned length);
/* My last packet ends as soon as others can know; returns when. */
int64_t stm32wb_radio_air_cut(Stm32wbRadio *s, int64_t now);
/* The next time at which the open receiver may synchronise, NEVER. */
int64_t stm32wb_radio_air_next_sync(const Stm32wbRadio *s);
/* The packet whose access address matches at @at, if one gets through. */
const WbRadioAir *stm32wb_radio_air_sync(Stm32wbRadio *s, int64_t at);
/* The receiver closed. */
void stm32wb_radio_air_forget(Stm32wbRadio *s);
/* Of a packet with @octets after the access address: from its first bit to its last. */
int64_t stm32wb_radio_duration(unsigned phy, unsigned octets);

/* radio.c: something arrived; the next event may be another. vCPU thread. */
void stm32wb_radio_changed(Stm32wbRadio *s);

extern const VMStateDescription stm32wb_radio_air_vmstate;
extern const VMStateDescription stm32wb_radio_setup_vmstate;

#endif
