/*
 * STM32WB55: what passes between the Bluetooth host and its controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All that is read here belongs to the guest: addresses may lead anywhere, queues may be circles.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/timer.h"
#include "orrery.pb-c.h"
#include "../trace.h"
#include "flash.h"
#include "hci.h"

#define IPCCDBA 0x3FFF  /* FLASH_IPCCBR: words from the start of SRAM2a */
#define LINKS 8         /* a packet's next and previous one, before its type */
#define QUEUE_MAX 64    /* packets; a longer queue is none */
#define H4_MAX sizeof_field(struct orrery_hci_packet, h4)

enum { CPU1, CPU2 };
enum { CHANNEL_BLE = 0, CHANNEL_SYSTEM = 1, CHANNEL_ACL = 5 };

/* pointers of the reference table, and of two of its tables */
enum { TABLE_BLE = 1, TABLE_SYSTEM = 3 };
enum { BLE_COMMAND = 0, BLE_EVENTS = 2, BLE_ACL = 3 };
enum { SYSTEM_COMMAND = 0, SYSTEM_EVENTS = 1 };

/* the type in front of a packet: H4's, and the vendor's for the system channel */
enum {
    H4_COMMAND = 1, H4_ACL = 2, H4_EVENT = 4,
    SYSTEM_COMMAND_TYPE = 0x10, SYSTEM_RESPONSE_TYPE, SYSTEM_EVENT_TYPE,
};

/* @len octets of SRAM at @address, or NULL. */
static const uint8_t *sram(const WbHci *h, uint32_t address, uint32_t len)
{
    const struct {
        uint32_t base;
        MemoryRegion *mr;
    } parts[] = {
        { WB_SRAM1_BASE, &h->soc->sram1 },
        { WB_SRAM2A_BASE, &h->soc->sram2a },
        { WB_SRAM2B_BASE, &h->soc->sram2b },
    };

    for (int i = 0; i < ARRAY_SIZE(parts); i++) {
        uint64_t size = memory_region_size(parts[i].mr);
        uint32_t offset = address - parts[i].base;

        if (offset < size && len <= size - offset) {
            return (uint8_t *)memory_region_get_ram_ptr(parts[i].mr) + offset;
        }
    }
    return NULL;
}

/* 0: there is none, which is no address of SRAM either. */
static uint32_t word(const WbHci *h, uint32_t address)
{
    const uint8_t *at = sram(h, address, 4);

    return at ? ldl_le_p(at) : 0;
}

/* Word @n of table @table. */
static uint32_t table_word(const WbHci *h, unsigned table, unsigned n)
{
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(h->soc, "FLASH"));
    uint32_t ipccbr = stm32wb_flash_option(flash, WB_IPCCBR);
    uint32_t reference = WB_SRAM2A_BASE + (ipccbr & IPCCDBA) * 4;

    return word(h, word(h, reference + 4 * table) + 4 * n);
}

/* H4's name for a type; 0: not a packet that HCI knows. */
static uint8_t h4_type(uint8_t type)
{
    switch (type) {
    case H4_COMMAND:
    case SYSTEM_COMMAND_TYPE:
        return H4_COMMAND;
    case H4_ACL:
        return H4_ACL;
    case H4_EVENT:
    case SYSTEM_RESPONSE_TYPE:
    case SYSTEM_EVENT_TYPE:
        return H4_EVENT;
    default:
        return 0;
    }
}

/* Octets of a packet of @type, which begins with @head: type, header and payload. */
static unsigned h4_length(uint8_t type, const uint8_t *head)
{
    switch (type) {
    case H4_COMMAND:
        return 1 + 3 + head[3];
    case H4_ACL:
        return 1 + 4 + lduw_le_p(head + 3);
    default:
        return 1 + 2 + head[2];
    }
}

/* The packet whose type is at @address. */
static void show(const WbHci *h, uint32_t address, bool to_host)
{
    uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint8_t wire[ORRERY_HCI_HEAD + H4_MAX];
    const uint8_t *packet = sram(h, address, 5); /* the longest header */
    uint8_t type = packet ? h4_type(packet[0]) : 0;
    unsigned length, seen;

    if (!type) {
        trace_stm32wb_hci_unknown(address, to_host);
        return;
    }
    length = h4_length(type, packet);
    seen = MIN(length, H4_MAX);
    packet = sram(h, address, seen);
    if (!packet) {
        trace_stm32wb_hci_unknown(address, to_host);
        return;
    }
    trace_stm32wb_hci_packet(to_host, type, length);
    wire[0] = to_host;
    wire[1] = 0;
    stw_le_p(wire + 2, length);
    memcpy(wire + ORRERY_HCI_HEAD, packet, seen);
    wire[ORRERY_HCI_HEAD] = type;
    orrery_member_send(orrery_member_get(), h->port->tx_lane, now, now, wire,
                       ORRERY_HCI_HEAD + seen);
}

/*
 * What CPU2 has added to the queue at @head since the last look: all of it when CPU1 had taken what
 * there was (it empties a queue before it clears the flag), otherwise what follows the packet that was
 * seen last.
 */
static void show_queue(WbHci *h, unsigned queue, uint32_t head, bool was_set)
{
    uint32_t nodes[QUEUE_MAX];
    unsigned count = 0, from = 0;

    for (uint32_t node = word(h, head); node != head && count < QUEUE_MAX;
         node = word(h, node)) {
        if (!sram(h, node, LINKS)) {
            break;
        }
        if (was_set && node == h->last[queue]) {
            from = count + 1;
        }
        nodes[count++] = node;
    }
    for (unsigned i = from; i < count; i++) {
        show(h, nodes[i] + LINKS, true);
    }
    h->last[queue] = count ? nodes[count - 1] : 0;
}

void stm32wb_hci_sent(WbHci *h, unsigned core, unsigned channel, bool was_set)
{
    if (!h->port) {
        return;
    }
    if (core == CPU1 && channel == CHANNEL_BLE) {
        show(h, table_word(h, TABLE_BLE, BLE_COMMAND) + LINKS, false);
    } else if (core == CPU1 && channel == CHANNEL_ACL) {
        show(h, table_word(h, TABLE_BLE, BLE_ACL) + LINKS, false);
    } else if (core == CPU1 && channel == CHANNEL_SYSTEM) {
        show(h, table_word(h, TABLE_SYSTEM, SYSTEM_COMMAND) + LINKS, false);
    } else if (core == CPU2 && channel == CHANNEL_BLE) {
        show_queue(h, 0, table_word(h, TABLE_BLE, BLE_EVENTS), was_set);
    } else if (core == CPU2 && channel == CHANNEL_SYSTEM) {
        show_queue(h, 1, table_word(h, TABLE_SYSTEM, SYSTEM_EVENTS), was_set);
    }
}

/* The answer to a system command lies in its buffer, without links, when CPU2 clears the flag. */
void stm32wb_hci_taken(WbHci *h, unsigned core, unsigned channel)
{
    if (h->port && core == CPU2 && channel == CHANNEL_SYSTEM) {
        show(h, table_word(h, TABLE_SYSTEM, SYSTEM_COMMAND), true);
    }
}

void stm32wb_hci_init(WbHci *h, Stm32wb55Soc *soc)
{
    OrreryMember *m = orrery_member_get();
    const OrreryPortInfo *port = m ? orrery_member_port(m, "hci") : NULL;

    h->soc = soc;
    if (port && port->kind == ORRERY__LINK__KIND__HCI) {
        h->port = port; /* otherwise it is H4's */
    }
}

const VMStateDescription stm32wb_hci_vmstate = {
    .name = "stm32wb-hci",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32_ARRAY(last, WbHci, 2),
        VMSTATE_END_OF_LIST()
    },
};
