/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.h - the memory that CPU1 and CPU2 talk through (AN5289, "Memory mapping" and "Mailbox").
 *
 * CPU1 puts a reference table at the address in FLASH.IPCCBR: ten pointers to tables that it has
 * filled, which point to its buffers, queues and pools. Nothing of it is CPU2's, so every pointer
 * is checked where it is used, each time.
 *
 * A packet is two links (next, prev), a type octet as in H4, then the HCI packet. Commands and ACL
 * data have one buffer each; an answer to a command overwrites the command's buffer; other events
 * and ACL data to CPU1 travel in slots of CPU1's pool, which it gives back through the release
 * channel. A queue is CPU1's while its channel's flag is set, CPU2's while it is clear.
 */
#ifndef CPU2_MAILBOX_H
#define CPU2_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IPCC channels, from 0 */
enum {
    CHANNEL_BLE = 0,    /* to CPU2: commands; to CPU1: events and ACL data */
    CHANNEL_SYSTEM = 1, /* to CPU2: commands (answered in place); to CPU1: events */
    CHANNEL_RELEASE = 3,
    CHANNEL_TRACES = 3,
    CHANNEL_ACL = 5,
};

/* the type octets of the vendor's tl.h */
enum {
    PACKET_COMMAND = 0x01,
    PACKET_ACL = 0x02,
    PACKET_EVENT = 0x04,
    PACKET_SYSTEM_COMMAND = 0x10,
    PACKET_SYSTEM_RESPONSE = 0x11,
    PACKET_SYSTEM_EVENT = 0x12,
    PACKET_TRACE = 0x41,
};

#define COMMAND_MAX 258 /* opcode, length, 255 octets of parameters */

/* The device information table; mailbox_publish() writes it. */
struct device_info {
    uint32_t safe_boot_version;
    uint32_t fus_version, fus_memory, fus_info;
    uint32_t version, memory, stack, reserved;
};

/* False: CPU1 has no tables; there is nobody to talk to. */
bool mailbox_init(void);
void mailbox_publish(const struct device_info *info);

/*
 * What came in: a command or ACL packet without type octet, copied to `packet`; its length, or 0 if
 * there is none or its buffer cannot be. The channel stays occupied: answer a system command by
 * mailbox_system_response(), end the others by mailbox_taken(). Of a system command the whole
 * buffer is copied, COMMAND_MAX octets: CPU1's code may give a length that is too small.
 */
size_t mailbox_receive(unsigned channel, uint8_t *packet, size_t room);
void mailbox_taken(unsigned channel);
void mailbox_system_response(const uint8_t *event, size_t len);

/* To CPU1. False: no room now, nothing was done; room may come with the next mailbox_work(). */
bool mailbox_ble_event(const uint8_t *event, size_t len);
bool mailbox_acl(const uint8_t *packet, size_t len);
bool mailbox_system_event(const uint8_t *event, size_t len);
/* Text for CPU1's trace output. Lost if there is no room, and before mailbox_traces_on(). */
void mailbox_trace(const char *text);
void mailbox_traces_on(void);

/* Serve releases and freed channels: events as ipcc_take() has them. */
void mailbox_work(uint32_t events);

#endif
