/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_sim.c - the medium, radios and hosts of the link layer's tests.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ll_sim.h"

#define PACKETS 16
#define NEVER UINT64_MAX

struct packet {
    bool used;
    struct radio_tune tune;
    uint64_t start, end;
    uint8_t pdu[RADIO_PDU_MAX];
    bool spoilt;
    unsigned from;
};

struct sim_node sim[SIM_NODES];
uint64_t sim_us;
unsigned sim_loss, sim_mutate, sim_work_us;
uint64_t sim_packets;
uint8_t sim_reply[HCI_EVENT_MAX];
static struct packet packets[PACKETS];
static unsigned nodes;
static uint32_t noise;
static struct sim_node *current;

uint32_t sim_random(void)
{
    noise ^= noise << 13;
    noise ^= noise >> 17;
    noise ^= noise << 5;
    return noise;
}

static void enter(struct sim_node *node)
{
    current = node;
    ll_now = &node->controller;
}

/* ---- radio.h ---- */

uint32_t now_us(void)
{
    return (uint32_t)sim_us;
}

void random_octets(uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(sim_random() >> 8);
    }
}

uint32_t radio_lock(void)
{
    return 0;
}

void radio_unlock(uint32_t state)
{
}

void radio_init(void)
{
    radio_stop();
}

void radio_tune(const struct radio_tune *tune)
{
    current->tune = *tune;
}

static void interrupt(struct sim_node *node, int what, const struct radio_packet *packet)
{
    for (unsigned i = 0; i < 8; i++) {
        if (!node->irq[i].pending) {
            node->irq[i].pending = true;
            node->irq[i].what = what;
            node->irq[i].at = sim_us + 2 + sim_random() % 20;
            if (packet) {
                node->irq[i].packet = *packet;
            }
            return;
        }
    }
    abort();
}

/* START is 32 bits: the 64 bits near now that it means. */
static uint64_t near(uint32_t time)
{
    return sim_us + (uint64_t)(int64_t)(int32_t)(time - (uint32_t)sim_us);
}

static bool prepare(uint32_t start)
{
    if (current->sending >= 0 || current->receiving >= 0) {
        fprintf(stderr, "# command while a packet is on the air\n");
        abort();
    }
    current->command = RADIO_IDLE;
    current->start = near(start);
    if (current->start < sim_us + RADIO_RAMP_US) {
        interrupt(current, IRQ_NOTHING, NULL);
        return false;
    }
    return true;
}

void radio_send(uint32_t start, const uint8_t *pdu)
{
    if (prepare(start)) {
        current->command = RADIO_TX;
        current->tx = pdu;
        current->tx_read = false;
    }
}

void radio_listen(uint32_t start, uint32_t window, uint8_t *pdu, uint32_t max)
{
    if (prepare(start)) {
        current->command = RADIO_RX;
        current->rx = pdu;
        current->rx_max = max;
        current->window_end = current->start + window;
    }
}

void radio_stop(void)
{
    if (current->sending >= 0) {
        packets[current->sending].spoilt = true;
    }
    current->command = RADIO_IDLE;
    current->sending = -1;
    current->receiving = -1;
    for (unsigned i = 0; i < 8; i++) {
        if (current->irq[i].what != IRQ_ALARM) {
            current->irq[i].pending = false;
        }
    }
}

void radio_alarm(uint32_t when)
{
    current->alarm = true;
    current->alarm_at = near(when);
}

void radio_alarm_off(void)
{
    current->alarm = false;
    for (unsigned i = 0; i < 8; i++) {
        if (current->irq[i].what == IRQ_ALARM) {
            current->irq[i].pending = false;
        }
    }
}

/* ---- the router ---- */

bool router_event(const uint8_t *event, size_t len)
{
    struct sim_event *slot;

    if (current->host_full) {
        return false;
    }
    if (event[0] == 0x13) { /* completed packets */
        current->credits += get16(event + 5);
        current->completed += get16(event + 5);
        return true;
    }
    if (event[0] == 0x05) {
        current->disconnections++;
    }
    if (event[0] == 0x3E && event[2] == 0x01 && event[3] == 0) {
        current->connections++;
    }
    if (current->events == SIM_EVENTS) {
        memmove(current->event, current->event + 1, (SIM_EVENTS - 1) * sizeof(*slot));
        current->events--;
    }
    slot = &current->event[current->events++];
    memcpy(slot->octets, event, len);
    slot->len = len;
    return true;
}

bool router_acl(const uint8_t *packet, size_t len)
{
    if (current->host_full) {
        return false;
    }
    current->acl_packets++;
    current->acl_octets += len - 4;
    if (current->on_acl) {
        current->on_acl(current, packet, len);
    }
    return true;
}

/* ---- the medium ---- */

static bool loses(unsigned in_1000)
{
    return in_1000 && sim_random() % 1000 < in_1000;
}

static void mutate(struct packet *p)
{
    unsigned n = 1 + sim_random() % 3;

    while (n--) {
        unsigned at = sim_random() % (2u + p->pdu[1]);

        p->pdu[at] = (uint8_t)sim_random();
        if (sim_random() % 4 == 0) {
            p->pdu[1] = (uint8_t)sim_random();
        }
        if (sim_random() % 4 == 0) {
            p->pdu[2] = sim_random() % 0x1A;
        }
    }
}

static void on_air(struct sim_node *node)
{
    unsigned slot = 0;
    struct packet *p;

    while (packets[slot].used) {
        if (++slot == PACKETS) {
            abort();
        }
    }
    sim_packets++;
    p = &packets[slot];
    *p = (struct packet){.used = true, .tune = node->tune, .from = (unsigned)(node - sim)};
    memcpy(p->pdu, node->tx_pdu, RADIO_PDU_MAX);
    if (loses(sim_mutate)) {
        mutate(p);
    }
    p->start = sim_us;
    p->end = sim_us + radio_air_us(p->tune.phy, p->pdu[1]);
    for (unsigned i = 0; i < PACKETS; i++) {
        if (&packets[i] != p && packets[i].used && packets[i].tune.channel == p->tune.channel) {
            packets[i].spoilt = p->spoilt = true;
        }
    }
    node->sending = (int)slot;
    node->command = RADIO_IDLE;
    for (unsigned i = 0; i < nodes; i++) {
        struct sim_node *n = &sim[i];

        if (n != node && n->command == RADIO_RX && n->receiving < 0 && n->start <= sim_us &&
            n->tune.channel == p->tune.channel && n->tune.phy == p->tune.phy &&
            n->tune.access_address == p->tune.access_address &&
            sim_us + radio_sync_us(p->tune.phy) <= n->window_end && !loses(sim_loss / 2)) {
            n->receiving = (int)slot;
        }
    }
}

static void off_air(unsigned slot)
{
    struct packet *p = &packets[slot];

    for (unsigned i = 0; i < nodes; i++) {
        struct sim_node *n = &sim[i];

        if (n->sending == (int)slot) {
            struct radio_packet done = {.end = (uint32_t)p->end};

            n->sending = -1;
            interrupt(n, IRQ_SENT, &done);
        }
        if (n->receiving == (int)slot) {
            struct radio_packet done = {
                .start = (uint32_t)p->start,
                .end = (uint32_t)p->end,
                .len = 2u + p->pdu[1],
                .rssi = -40,
                .crc_good = !p->spoilt && p->tune.crc_init == n->tune.crc_init &&
                            !loses(sim_loss / 2),
            };

            n->receiving = -1;
            n->command = RADIO_IDLE;
            memcpy(n->rx, p->pdu, done.len < n->rx_max ? done.len : n->rx_max);
            interrupt(n, IRQ_RECEIVED, &done);
        }
    }
    p->used = false;
}

/* ---- the loop ---- */

static void earlier(uint64_t *a, uint64_t b)
{
    *a = b < *a ? b : *a;
}

static uint64_t next_time(void)
{
    uint64_t at = NEVER;

    for (unsigned i = 0; i < PACKETS; i++) {
        if (packets[i].used) {
            earlier(&at, packets[i].end);
        }
    }
    for (unsigned i = 0; i < nodes; i++) {
        struct sim_node *n = &sim[i];

        if (n->command == RADIO_TX) {
            earlier(&at, n->tx_read ? n->start : n->start - RADIO_RAMP_US);
        }
        if (n->command == RADIO_RX && n->receiving < 0) {
            earlier(&at, n->window_end + 1);
        }
        if (n->alarm) {
            earlier(&at, n->alarm_at);
        }
        if (n->work) {
            earlier(&at, n->work_at);
        }
        for (unsigned j = 0; j < 8; j++) {
            if (n->irq[j].pending) {
                earlier(&at, n->irq[j].at);
            }
        }
    }
    return at;
}

static void want_work(struct sim_node *n)
{
    if (!n->work) {
        n->work = true;
        n->work_at = sim_us + (sim_work_us ? sim_random() % sim_work_us : 0);
    }
}

static void serve(struct sim_node *n)
{
    for (unsigned j = 0; j < 8; j++) {
        struct radio_packet packet;

        if (!n->irq[j].pending || n->irq[j].at > sim_us) {
            continue;
        }
        n->irq[j].pending = false;
        packet = n->irq[j].packet;
        enter(n);
        switch (n->irq[j].what) {
        case IRQ_SENT:
            ll_radio_sent(packet.end);
            break;
        case IRQ_RECEIVED:
            ll_radio_received(&packet);
            break;
        case IRQ_NOTHING:
            ll_radio_nothing();
            break;
        case IRQ_ALARM:
            ll_radio_alarm();
            break;
        }
        want_work(n);
    }
}

static void radio(struct sim_node *n)
{
    if (n->command == RADIO_TX && !n->tx_read && n->start - RADIO_RAMP_US <= sim_us) {
        memcpy(n->tx_pdu, n->tx, 2u + n->tx[1]);
        n->tx_read = true;
    }
    if (n->command == RADIO_TX && n->tx_read && n->start <= sim_us) {
        on_air(n);
    }
    if (n->command == RADIO_RX && n->receiving < 0 && n->window_end < sim_us) {
        n->command = RADIO_IDLE;
        interrupt(n, IRQ_NOTHING, NULL);
    }
    if (n->alarm && n->alarm_at <= sim_us) {
        n->alarm = false;
        interrupt(n, IRQ_ALARM, NULL);
    }
}

static void tick(void)
{
    for (unsigned i = 0; i < PACKETS; i++) {
        if (packets[i].used && packets[i].end <= sim_us) {
            off_air(i);
        }
    }
    for (unsigned i = 0; i < nodes; i++) {
        radio(&sim[i]);
    }
    for (unsigned i = 0; i < nodes; i++) {
        serve(&sim[i]);
        if (sim[i].work && sim[i].work_at <= sim_us) {
            sim[i].work = false;
            sim_work(&sim[i]);
        }
    }
}

void sim_work(struct sim_node *node)
{
    enter(node);
    if (controller_work()) {
        want_work(node);
    }
}

void sim_run(uint64_t us)
{
    uint64_t end = sim_us + us;

    while (next_time() <= end) {
        uint64_t at = next_time();

        sim_us = at > sim_us ? at : sim_us;
        tick();
    }
    sim_us = end;
}

void sim_start(unsigned n, uint32_t seed)
{
    memset(sim, 0, sizeof(sim));
    memset(packets, 0, sizeof(packets));
    nodes = n;
    noise = seed * 2654435761u | 1;
    sim_us = 0xFFF00000; /* the 32 bits wrap in each test */
    sim_loss = 0;
    sim_mutate = 0;
    sim_work_us = 300;
    sim_packets = 0;
    for (unsigned i = 0; i < n; i++) {
        const uint8_t address[6] = {(uint8_t)(i + 1), 0x11, 0x22, 0x33, 0x44, 0x55};

        sim[i].sending = sim[i].receiving = -1;
        sim[i].credits = LL_ACL;
        memcpy(sim[i].address, address, 6);
        enter(&sim[i]);
        controller_init(address);
    }
}

/* ---- hosts ---- */

static bool is(const struct sim_event *e, unsigned code)
{
    return code > 0xFF ? e->octets[0] == 0x3E && e->octets[2] == (code & 0xFF)
                       : e->octets[0] == code;
}

bool sim_has(const struct sim_node *node, unsigned code)
{
    for (unsigned i = 0; i < node->events; i++) {
        if (is(&node->event[i], code)) {
            return true;
        }
    }
    return false;
}

void sim_forget(struct sim_node *node)
{
    node->events = 0;
}

const uint8_t *sim_wait(struct sim_node *node, unsigned code, uint64_t us)
{
    static uint8_t copy[HCI_EVENT_MAX];
    uint64_t end = sim_us + us;

    for (;;) {
        for (unsigned i = 0; i < node->events; i++) {
            if (is(&node->event[i], code)) {
                memcpy(copy, node->event[i].octets, sizeof(copy));
                node->events--;
                memmove(node->event + i, node->event + i + 1,
                        (node->events - i) * sizeof(*node->event));
                return copy;
            }
        }
        if (sim_us >= end) {
            return NULL;
        }
        sim_run(500);
    }
}

void sim_raw_command(struct sim_node *node, const uint8_t *command, size_t len)
{
    enter(node);
    controller_command(command, len);
    want_work(node);
}

static int answered(struct sim_node *node, uint16_t opcode)
{
    for (unsigned i = node->events; i-- > 0;) {
        const uint8_t *e = node->event[i].octets;
        int status = -1;

        if (e[0] == 0x0E && get16(e + 3) == opcode) {
            memcpy(sim_reply, e + 5, e[1] - 3u);
            status = e[5];
        } else if (e[0] == 0x0F && get16(e + 4) == opcode) {
            status = e[2];
        }
        if (status >= 0) {
            node->events--;
            memmove(node->event + i, node->event + i + 1,
                    (node->events - i) * sizeof(*node->event));
            return status;
        }
    }
    return -1;
}

int sim_command(struct sim_node *node, unsigned ogf, unsigned ocf, const void *parameters,
                size_t len)
{
    uint8_t command[258];
    uint16_t opcode = (uint16_t)(ogf << 10 | ocf);

    put16(command, opcode);
    command[2] = (uint8_t)len;
    if (len) {
        memcpy(command + 3, parameters, len);
    }
    sim_raw_command(node, command, 3 + len);
    return answered(node, opcode);
}

bool sim_acl(struct sim_node *node, unsigned handle, unsigned flags, const uint8_t *data,
             size_t len)
{
    uint8_t packet[HCI_ACL_MAX + 8];
    bool taken;

    put16(packet, handle | flags << 12);
    put16(packet + 2, (uint32_t)len);
    memcpy(packet + 4, data, len);
    enter(node);
    taken = controller_acl(packet, 4 + len);
    want_work(node);
    return taken;
}
