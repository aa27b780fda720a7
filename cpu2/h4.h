/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h4.h - HCI over the H4 port of docs/radio.md: a host outside in the place of CPU1's.
 */
#ifndef CPU2_H4_H
#define CPU2_H4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { H4_NOTHING = 0, H4_COMMAND = 1, H4_ACL = 2, H4_EVENT = 4 };

/* Is a host there? Then events and data go to it, and commands come from it. */
bool h4_connected(void);

/* Let what is received wake the main loop. */
void h4_start(void);

/*
 * The next packet from the host, without its type, once all of it is there; call until it returns
 * H4_NOTHING. After an octet that is no type, or a packet longer than size, it listens for an
 * HCI_Reset, as a host sends it that has lost step, and answers with a Hardware Error.
 */
uint8_t h4_receive(uint8_t *packet, size_t size, size_t *len);

/* The line takes everything. */
void h4_send(uint8_t type, const uint8_t *packet, size_t len);

#endif
