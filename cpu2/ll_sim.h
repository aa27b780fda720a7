/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_sim.h - for the tests: several controllers in one process, on a simulated medium.
 *
 * ll_sim.c implements radio.h and the router's side of hci.h as docs/radio.md has the radio: a
 * discrete event loop in microseconds. Interrupts and the main loop come late by a seeded while.
 */
#ifndef CPU2_LL_SIM_H
#define CPU2_LL_SIM_H

#include "ll.h"

#define SIM_NODES 10
#define SIM_EVENTS 256 /* that a host keeps */

struct sim_event {
    uint8_t octets[HCI_EVENT_MAX];
    size_t len;
};

struct sim_node {
    struct link_layer controller;
    uint8_t address[6];

    /* radio */
    struct radio_tune tune;
    enum { RADIO_IDLE, RADIO_TX, RADIO_RX } command;
    uint64_t start, window_end;
    const uint8_t *tx;
    bool tx_read;
    uint8_t tx_pdu[RADIO_PDU_MAX];
    uint8_t *rx;
    uint32_t rx_max;
    int receiving, sending; /* packets, or -1 */
    bool alarm;
    uint64_t alarm_at;
    struct {
        bool pending;
        enum { IRQ_SENT, IRQ_RECEIVED, IRQ_NOTHING, IRQ_ALARM } what;
        uint64_t at;
        struct radio_packet packet;
    } irq[8];
    bool work;
    uint64_t work_at;

    /* host */
    struct sim_event event[SIM_EVENTS];
    unsigned events;
    bool host_full; /* takes neither events nor data */
    unsigned credits, completed;
    void (*on_acl)(struct sim_node *node, const uint8_t *packet, size_t len);
    uint64_t acl_octets, acl_packets;
    uint32_t acl_check;
    unsigned disconnections, connections;
};

extern struct sim_node sim[SIM_NODES];
extern uint64_t sim_us;
extern unsigned sim_loss;    /* in 1,000 packets */
extern unsigned sim_mutate;  /* in 1,000 packets: changed, with a good CRC */
extern unsigned sim_work_us; /* the main loop comes late by up to this */
extern uint64_t sim_packets;

void sim_start(unsigned nodes, uint32_t seed);
uint32_t sim_random(void);
void sim_run(uint64_t us);
/* Until the node's host has an event with this code (LE sub-event: 0x3E00 | code); NULL: it did not
 * come in time. The event is taken out. */
const uint8_t *sim_wait(struct sim_node *node, unsigned code, uint64_t us);
bool sim_has(const struct sim_node *node, unsigned code);
void sim_forget(struct sim_node *node); /* all events */
/* A command; its status, from Command Complete or Command Status. -1: no answer. */
int sim_command(struct sim_node *node, unsigned ogf, unsigned ocf, const void *parameters,
                size_t len);
extern uint8_t sim_reply[HCI_EVENT_MAX]; /* return parameters of the last */
bool sim_acl(struct sim_node *node, unsigned handle, unsigned flags, const uint8_t *data,
             size_t len);
/* One that the controller has not asked for. */
void sim_raw_command(struct sim_node *node, const uint8_t *command, size_t len);
void sim_work(struct sim_node *node);

#endif
