/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hci.h - where the parts of the CPU2 firmware meet.
 *
 *     CPU1 <-> mailbox.c (IPCC)  <->  router (main.c)  <->  controller: HCI + link layer (ll_*.c,
 * hci_*.c) |                       | ACI host: GAP, GATT      radio.c: the registers of
 * docs/radio.md (aci_*.c, att_*.c ...)
 *
 * Everything here runs in the main loop (thread mode); interrupts only move packets and wake it.
 * Packets are as the Bluetooth Core Specification, Vol 4 Part E has them, without the H4 type
 * octet:
 *
 *   command  opcode (2, little endian), length of parameters (1), parameters
 *   event    code (1), length of parameters (1), parameters
 *   ACL      handle and flags (2), length (2), data
 *
 * Lengths are checked by whoever receives: len is what is really there.
 */
#ifndef CPU2_HCI_H
#define CPU2_HCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HCI_EVENT_MAX 257 /* octets, header included */
#define HCI_ACL_MAX 255   /* octets, header included: LE ACL data length 251 */

/* ---- the controller, for the router ---- */

/* Power-on state, as after HCI_Reset. address: public BD_ADDR, little endian. */
void controller_init(const uint8_t address[6]);
/* One command: answers by Command Complete or Command Status. Not for OGF 0x3F. */
void controller_command(const uint8_t *command, size_t len);
/* One ACL packet from the host. False: no buffer (the host broke flow control): dropped. */
bool controller_acl(const uint8_t *packet, size_t len);
/* Deferred work; called by the main loop whenever an interrupt was served. True: call again. */
bool controller_work(void);
/* The radio's interrupt, called by the router's handler. COMPARE3 is the router's own (the host's
 * alarm). */
void controller_interrupt(void);
/* Nothing to send or hear, now or later, until a command comes: CPU2 may sleep deep. */
bool controller_is_idle(void);
/* What HCI has no command for and ST's has (the host calls these): the public BD_ADDR, and the
 * transmit power of everything sent from now on. */
void controller_set_address(const uint8_t address[6]);
void controller_set_tx_power(int8_t dbm);
/* After which of the radio's activities CPU1 gets ACI_HAL_END_OF_RADIO_ACTIVITY_EVENT: bits of
 * AN5270's ACI_HAL_SET_RADIO_ACTIVITY_MASK. HCI_Reset clears it. */
void controller_set_activity_mask(uint16_t mask);

/* ---- what the controller calls (the router provides) ---- */

/* False: no room now; the controller keeps it and tries again at the next controller_work(). */
bool router_event(const uint8_t *event, size_t len);
bool router_acl(const uint8_t *packet, size_t len);

/* ---- the ACI host, for the router ---- */

void host_init(const uint8_t address[6]);
/* A vendor command (OGF 0x3F) of CPU1's. Answers through host_to_cpu1(). */
void host_command(const uint8_t *command, size_t len);
/* Events and data of the controller's pass the host first. True: it keeps it to itself. */
bool host_takes_event(const uint8_t *event, size_t len);
bool host_takes_acl(const uint8_t *packet, size_t len);
/* False: CPU1 is slow to take events, so no ACL packet now (router_acl() says false meanwhile). */
bool host_has_room(void);
/* The ATT_MTU that SHCI_C2_BLE_Init asks for; 23 to 247, 247 if never called. */
void host_set_max_mtu(uint16_t mtu);
/* Once CPU1 has used a GAP or GATT command the host owns the controller; before, CPU1's own host
 * does. */
bool host_is_active(void);
bool host_work(void);
/* Timers of the host: called with microseconds of virtual time; when it wants to be called next. */
uint32_t host_next_us(uint32_t now_us, bool *wanted);

/* What the host wants kept over a power cycle, in records (its bonds): the octets of one, their
 * number (0: none); and one from before, whose octets anybody may have written. */
#define HOST_RECORDS 8
#define HOST_RECORD_MAX 109
size_t host_record(unsigned n, uint8_t out[HOST_RECORD_MAX]);
void host_restore(unsigned n, const uint8_t *octets, size_t len);

/* ---- what the host calls ---- */

/* To the controller, of the host's own accord; its answers come through host_takes_event(). */
void router_host_command(const uint8_t *command, size_t len);
bool router_host_acl(const uint8_t *packet, size_t len);
/* An event to CPU1. False: no room now. */
bool host_to_cpu1(const uint8_t *event, size_t len);
/* A record is another now. */
void router_record_changed(unsigned n);

/* ---- for all ---- */

uint32_t now_us(void);                      /* the radio's TIME */
void random_octets(uint8_t *out, size_t n); /* from CPU2's RNG */

#endif
