/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipcc.h - what mailbox.c needs of the chip: the IPCC's flags and CPU1's memory.
 *
 * ipcc.c is the chip; mailbox_test.c is a host's memory. Channels are 0..5 for the manual's 1..6.
 * Two kinds of events wait in ipcc_take(): "received" on a channel (CPU1 set its flag) and "free"
 * (CPU1 cleared ours). An event is reported once and then masked until ipcc_listen() asks for it
 * again.
 */
#ifndef CPU2_IPCC_H
#define CPU2_IPCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPCC_RECEIVED(channel) (1u << (channel))
#define IPCC_FREE(channel) (1u << (16 + (channel)))

void ipcc_init(void);
/* Events since the last call, of those that were listened for. */
uint32_t ipcc_take(void);
void ipcc_listen(uint32_t events);
/* May we send on a channel: has CPU1 taken what was sent before? */
bool ipcc_is_free(unsigned channel);
/* Tell CPU1 that there is something for it. What was written to memory before comes first. */
void ipcc_send(unsigned channel);
/* CPU1's message on a channel was taken. */
void ipcc_taken(unsigned channel);

/* Where FLASH.IPCCBR says that the reference table is. */
uint32_t ipcc_table_address(void);
/* A semaphore that is waited for was freed (nvm_flash.c); HSEM has the interrupt with IPCC. */
void semaphore_interrupt(void);
/*
 * len octets of CPU1's at an address: NULL if they are not all in RAM that CPU1 may use, or the
 * address is not a multiple of align (1, 2 or 4).
 */
void *cpu1_memory(uint32_t address, uint32_t len, unsigned align);

#endif
