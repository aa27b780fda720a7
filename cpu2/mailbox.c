// SPDX-License-Identifier: Apache-2.0
#include "mailbox.h"

#include <string.h>

#include "ipcc.h"

/* pointers of the reference table */
enum {
    TABLE_DEVICE,
    TABLE_BLE,
    TABLE_THREAD,
    TABLE_SYSTEM,
    TABLE_MEMORY,
    TABLE_TRACES,
    TABLES = 10
};
/* pointers and sizes of the tables */
enum { BLE_COMMAND, BLE_STATUS, BLE_EVENTS, BLE_ACL };
enum { SYSTEM_COMMAND, SYSTEM_EVENTS };
enum {
    MEMORY_SPARE_BLE,
    MEMORY_SPARE_SYSTEM,
    MEMORY_POOL,
    MEMORY_POOL_SIZE,
    MEMORY_RELEASED,
    MEMORY_TRACES,
    MEMORY_TRACES_SIZE,
};
enum { TRACES_EVENTS };

/* What CPU2 writes when the tables are where it cannot use them (AN5289). */
#define TABLES_WRONG 0x3de96f61u

#define EVENT_COMMAND_COMPLETE 0x0e
#define EVENT_COMMAND_STATUS 0x0f
#define EVENT_VENDOR 0xff

#define LINKS 8 /* octets in front of every packet's type: next, prev */
/* Links, type and an HCI event's 257 octets, in words: as CPU1's vendor code divides its pool. */
#define SLOT 268u
#define SLOTS_MAX 32u
#define NODES_MAX (2 * SLOTS_MAX)
#define RELEASES_MAX 256 /* of one message; a longer list is a broken one */

#define STATUS_LEN 6 /* of a Command Status event */

static bool command_open; /* a BLE command came and has no answer yet */
static bool traces_on;

/* ---- CPU1's tables ---- */

static bool read_word(uint32_t address, uint32_t *value)
{
    const volatile uint32_t *word = cpu1_memory(address, 4, 4);

    if (word) {
        *value = *word;
    }
    return word;
}

/* 0 where there is none. */
static uint32_t table_address(unsigned t)
{
    uint32_t address;

    return read_word(ipcc_table_address() + 4 * t, &address) ? address : 0;
}

/* Word n of table t; 0 if it cannot be read. */
static uint32_t table_word(unsigned t, unsigned n)
{
    uint32_t value;

    return read_word(table_address(t) + 4 * n, &value) ? value : 0;
}

/* ---- CPU1's pools ---- */

enum { POOL_EVENTS, POOL_TRACES, SPARE_BLE, SPARE_SYSTEM, POOLS };

static struct pool {
    uint32_t base;
    unsigned count;
    uint32_t used; /* a bit a slot */
} pools[POOLS];

static void pool_init(struct pool *pool, uint32_t base, uint32_t size)
{
    uint32_t count = size / SLOT;

    count = count < SLOTS_MAX ? count : SLOTS_MAX;
    pool->base = base;
    pool->used = 0;
    pool->count = count && cpu1_memory(base, count * SLOT, 4) ? count : 0;
}

/* The address of a free slot, 0 if there is none. */
static uint32_t slot_take(struct pool *pool)
{
    for (unsigned i = 0; i < pool->count; i++) {
        if (!(pool->used & 1u << i)) {
            pool->used |= 1u << i;
            return pool->base + i * SLOT;
        }
    }
    return 0;
}

/* Some hosts give back the command's buffer, too: what is no slot of ours in use is let go. */
static void slot_release(uint32_t address)
{
    for (unsigned p = 0; p < POOLS; p++) {
        uint32_t offset = address - pools[p].base;

        if (offset < pools[p].count * SLOT && offset % SLOT == 0) {
            pools[p].used &= ~(1u << offset / SLOT);
        }
    }
}

/* ---- queues ---- */

/* Packets that wait for their channel to be free, so that the queue is CPU2's to change. */
static struct queue {
    unsigned channel;
    unsigned table, head; /* where the pointer to the queue's head is */
    unsigned first, count;
    uint32_t node[NODES_MAX];
} ble_queue = {CHANNEL_BLE, TABLE_BLE, BLE_EVENTS, 0, 0, {0}},
  system_queue = {CHANNEL_SYSTEM, TABLE_SYSTEM, SYSTEM_EVENTS, 0, 0, {0}},
  traces_queue = {CHANNEL_TRACES, TABLE_TRACES, TRACES_EVENTS, 0, 0, {0}};

static volatile uint32_t *links_of(uint32_t address)
{
    return cpu1_memory(address, LINKS, 4);
}

/* A queue whose links lead nowhere is begun anew. */
static void append(uint32_t head_address, uint32_t node_address)
{
    volatile uint32_t *head = links_of(head_address), *node = links_of(node_address);
    volatile uint32_t *last = head ? links_of(head[1]) : NULL;

    if (!head || !node) {
        return;
    }
    if (!last) {
        head[1] = head_address;
        last = head;
    }
    node[0] = head_address;
    node[1] = head[1];
    last[0] = node_address;
    head[1] = node_address;
}

static void flush(struct queue *q)
{
    uint32_t head;

    if (!q->count) {
        return;
    }
    head = table_word(q->table, q->head);
    if (!head) {
        return;
    }
    if (!ipcc_is_free(q->channel)) {
        ipcc_listen(IPCC_FREE(q->channel));
        return;
    }
    for (; q->count; q->count--) {
        append(head, q->node[q->first]);
        q->first = (q->first + 1) % NODES_MAX;
    }
    ipcc_send(q->channel);
}

/* Put a packet into a node and send the node; there is always room for it in the ring: see
 * NODES_MAX. */
static bool post(struct queue *q, uint32_t node, uint8_t type, const uint8_t *packet, size_t len)
{
    uint8_t *to = node ? cpu1_memory(node, LINKS + 1 + len, 4) : NULL;

    if (!to || q->count == NODES_MAX) {
        return false;
    }
    to[LINKS] = type;
    memcpy(to + LINKS + 1, packet, len);
    q->node[(q->first + q->count++) % NODES_MAX] = node;
    flush(q);
    return true;
}

static bool post_slot(struct queue *q, struct pool *pool, struct pool *spare, uint8_t type,
                      const uint8_t *packet, size_t len)
{
    uint32_t slot;

    if (len > SLOT - LINKS - 1) {
        return true; /* no event is as long */
    }
    slot = slot_take(pool);
    if (!slot && spare) {
        slot = slot_take(spare);
    }
    if (slot && !post(q, slot, type, packet, len)) {
        slot_release(slot);
        slot = 0;
    }
    return slot;
}

/* ---- releases ---- */

static void take_releases(void)
{
    uint32_t head_address = table_word(TABLE_MEMORY, MEMORY_RELEASED);
    volatile uint32_t *head = links_of(head_address);

    if (head) {
        uint32_t at = head[0];

        for (unsigned i = 0; i < RELEASES_MAX && at != head_address; i++) {
            volatile uint32_t *node = links_of(at);

            if (!node) {
                break;
            }
            slot_release(at);
            at = node[0];
        }
        head[0] = head[1] = head_address;
    }
    ipcc_taken(CHANNEL_RELEASE);
    ipcc_listen(IPCC_RECEIVED(CHANNEL_RELEASE));
}

/* ---- the interface ---- */

/* The tables that the start needs. That of BLE may come with the BLE init command. */
static bool tables_are_right(void)
{
    return links_of(table_word(TABLE_SYSTEM, SYSTEM_EVENTS)) &&
           cpu1_memory(table_word(TABLE_SYSTEM, SYSTEM_COMMAND), LINKS + 1 + COMMAND_MAX, 1) &&
           cpu1_memory(table_address(TABLE_DEVICE), sizeof(struct device_info), 4);
}

bool mailbox_init(void)
{
    ipcc_init();
    if (!tables_are_right()) {
        uint32_t *state = cpu1_memory(table_address(TABLE_DEVICE), 4, 4);

        if (state) {
            *state = TABLES_WRONG;
        }
        return false;
    }
    pool_init(&pools[POOL_EVENTS], table_word(TABLE_MEMORY, MEMORY_POOL),
              table_word(TABLE_MEMORY, MEMORY_POOL_SIZE));
    pool_init(&pools[POOL_TRACES], table_word(TABLE_MEMORY, MEMORY_TRACES),
              table_word(TABLE_MEMORY, MEMORY_TRACES_SIZE));
    pool_init(&pools[SPARE_BLE], table_word(TABLE_MEMORY, MEMORY_SPARE_BLE), SLOT);
    pool_init(&pools[SPARE_SYSTEM], table_word(TABLE_MEMORY, MEMORY_SPARE_SYSTEM), SLOT);
    ble_queue.count = system_queue.count = traces_queue.count = 0;
    command_open = traces_on = false;
    ipcc_listen(IPCC_RECEIVED(CHANNEL_BLE) | IPCC_RECEIVED(CHANNEL_SYSTEM) |
                IPCC_RECEIVED(CHANNEL_RELEASE) | IPCC_RECEIVED(CHANNEL_ACL));
    return true;
}

void mailbox_publish(const struct device_info *info)
{
    void *to = cpu1_memory(table_address(TABLE_DEVICE), sizeof(*info), 4);

    if (to) {
        memcpy(to, info, sizeof(*info));
    }
}

void mailbox_work(uint32_t events)
{
    if (events & IPCC_RECEIVED(CHANNEL_RELEASE)) {
        take_releases();
    }
    if (events & IPCC_FREE(CHANNEL_BLE)) {
        flush(&ble_queue);
    }
    if (events & IPCC_FREE(CHANNEL_SYSTEM)) {
        flush(&system_queue);
    }
    if (events & IPCC_FREE(CHANNEL_TRACES)) {
        flush(&traces_queue);
    }
}

/* The packet that starts behind links and type, with a header whose length octets are the last of
 * it. */
static size_t copy_in(uint32_t buffer, size_t header, unsigned length_octets, uint8_t *to,
                      size_t room)
{
    const uint8_t *from = cpu1_memory(buffer, LINKS + 1 + header, 1);
    size_t len;

    if (!from) {
        return 0;
    }
    from += LINKS + 1;
    len = header + from[header - length_octets];
    if (length_octets == 2) {
        len += (size_t)from[header - 1] << 8;
    }
    if (len > room || !cpu1_memory(buffer, LINKS + 1 + len, 1)) {
        return 0;
    }
    memcpy(to, from, len);
    return len;
}

/* All of the buffer, whatever the length says: see mailbox.h. */
static size_t copy_system(uint32_t buffer, uint8_t *to, size_t room)
{
    const uint8_t *from = cpu1_memory(buffer, LINKS + 1 + COMMAND_MAX, 1);

    if (!from || room < COMMAND_MAX) {
        return 0;
    }
    memcpy(to, from + LINKS + 1, COMMAND_MAX);
    return 3u + to[2];
}

size_t mailbox_receive(unsigned channel, uint8_t *packet, size_t room)
{
    switch (channel) {
    case CHANNEL_BLE:
        command_open = true;
        return copy_in(table_word(TABLE_BLE, BLE_COMMAND), 3, 1, packet, room);
    case CHANNEL_SYSTEM:
        return copy_system(table_word(TABLE_SYSTEM, SYSTEM_COMMAND), packet, room);
    case CHANNEL_ACL:
        return copy_in(table_word(TABLE_BLE, BLE_ACL), 4, 2, packet, room);
    default:
        return 0;
    }
}

void mailbox_taken(unsigned channel)
{
    ipcc_taken(channel);
    ipcc_listen(IPCC_RECEIVED(channel));
}

/* Alone of all packets, the answer to a system command has no links. */
void mailbox_system_response(const uint8_t *event, size_t len)
{
    uint8_t *to = cpu1_memory(table_word(TABLE_SYSTEM, SYSTEM_COMMAND), 1 + len, 1);

    if (to) {
        to[0] = PACKET_SYSTEM_RESPONSE;
        memcpy(to + 1, event, len);
    }
    mailbox_taken(CHANNEL_SYSTEM);
}

/*
 * CPU1's code does not give back the buffer of an answer: it is the command's own, or for a status
 * one that only this is for. With no command open it is an event like others.
 */
static bool post_answer(uint8_t code, const uint8_t *event, size_t len)
{
    uint32_t node = table_word(TABLE_BLE, code == EVENT_COMMAND_STATUS ? BLE_STATUS : BLE_COMMAND);

    if (!post(&ble_queue, node, PACKET_EVENT, event, len)) {
        return false;
    }
    command_open = false;
    return true;
}

bool mailbox_ble_event(const uint8_t *event, size_t len)
{
    if (command_open && (event[0] == EVENT_COMMAND_COMPLETE ||
                         (event[0] == EVENT_COMMAND_STATUS && len == STATUS_LEN))) {
        return post_answer(event[0], event, len);
    }
    return post_slot(&ble_queue, &pools[POOL_EVENTS], &pools[SPARE_BLE], PACKET_EVENT, event, len);
}

bool mailbox_acl(const uint8_t *packet, size_t len)
{
    return post_slot(&ble_queue, &pools[POOL_EVENTS], NULL, PACKET_ACL, packet, len);
}

bool mailbox_system_event(const uint8_t *event, size_t len)
{
    return post_slot(&system_queue, &pools[POOL_EVENTS], &pools[SPARE_SYSTEM], PACKET_SYSTEM_EVENT,
                     event, len);
}

void mailbox_traces_on(void)
{
    traces_on = true;
}

/* A vendor event whose sub-code nobody reads, as the vendor's trace printer expects it. */
void mailbox_trace(const char *text)
{
    uint8_t event[4 + 200] = {EVENT_VENDOR};
    size_t len = strlen(text);

    if (traces_on) {
        len = len < sizeof(event) - 4 ? len : sizeof(event) - 4;
        event[1] = (uint8_t)(2 + len);
        memcpy(event + 4, text, len);
        post_slot(&traces_queue, &pools[POOL_TRACES], NULL, PACKET_TRACE, event, 4 + len);
    }
}
