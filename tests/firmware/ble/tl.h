/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tl.h - CPU1's side of the mailbox, for test programs of the pair CPU1 and CPU2.
 *
 * Ours, but what it does to the IPCC, the tables, the queues and the buffers, and in which order,
 * is what the vendor's start code, hw_ipcc.c, tl_mbox.c, shci_tl.c and hci_tl.c do (AN5289): so
 * what works here works for programs that use those. Interrupts move packets, the program waits in
 * WFI.
 *
 * Packets are as in HCI without type octet. Functions that ask return the answer's status, or
 * TL_TIMEOUT if CPU2 did not answer in time.
 */
#ifndef TL_H
#define TL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TL_TIMEOUT 0x100

/* An event or ACL packet of CPU2's, in a buffer of CPU1's pool until tl_release(). */
struct tl_packet {
    uint32_t next, prev;
    uint8_t type;      /* 2 ACL, 4 event, 0x12 system event, 0x41 trace */
    uint8_t data[259]; /* event: code, length, parameters */
} __attribute__((packed, aligned(4)));

/* As SHCI_GetWirelessFwInfo() takes it apart. */
struct tl_info {
    uint32_t version, memory, stack, fus_version;
};

/* Clocks, IPCC, the tables; then C2BOOT. tl_enable() alone is what starts CPU2. */
void tl_init(void);
void tl_enable(void);
/* The tables and queues of BLE; the vendor's applications do it once CPU2 is ready. */
void tl_init_ble(void);
void tl_info(struct tl_info *info);

/* Microseconds since tl_init(). */
uint64_t tl_us(void);
/* Asleep for that long, and to the next tick of 1 ms. */
void tl_sleep_us(uint32_t us);

/* A system command (opcode 0xfc00 | ocf): what follows the status goes to `answer`, up to `room`.
 */
unsigned shci(unsigned ocf, const void *parameters, size_t len, void *answer, size_t room);
/* The BLE init command with the parameters of the vendor's applications. */
unsigned shci_ble_init(void);
/* Where CPU2 shall keep its bonds, for tl_start_ble(): CPU1's buffer of TL_NVM_OCTETS, NULL: in
 * flash. */
extern void *tl_nvm;
#define TL_NVM_OCTETS (507 * 4)
/* What an application does from start to a stack that takes commands: ready event, config, BLE
 * init. */
bool tl_start_ble(void);

/* A BLE command. The return parameters behind the status go to `answer`; *len, if any, is how many.
 */
unsigned hci(unsigned opcode, const void *parameters, size_t len, void *answer, size_t room);
extern size_t hci_answer_len;
/* Give the buffers of answers back, too, which are none of the pool: Zephyr's driver does. */
extern bool hci_release_answers;
/* The same without waiting. */
void hci_send(unsigned opcode, const void *parameters, size_t len);

/* The oldest event that is no answer, NULL if none came within so many microseconds. */
struct tl_packet *tl_event(uint32_t us);
struct tl_packet *tl_system_event(uint32_t us);
void tl_release(struct tl_packet *packet);

/* False: CPU2 has not yet taken the one before. */
bool tl_send_acl(const void *packet, size_t len);

/* Packets in use of the pool: those that tl_event() gave and nobody released. */
#define TL_POOL_SLOTS 5

#endif
