/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_real.h - the real controllers (ll_sim.h) under the hosts of host_world.h. In a file of its
 * own, since host.h and ll.h have the same names for different things.
 */
#ifndef HOST_REAL_H
#define HOST_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What goes up to host k. */
typedef void real_packet(int k, bool acl, const uint8_t *packet, size_t n);

void real_start(real_packet *up);
const uint8_t *real_address(int k);
void real_command(int k, const uint8_t *command, size_t n);
bool real_acl(int k, const uint8_t *packet, size_t n);
/* Lets this much time pass; the time then. */
uint32_t real_run(uint32_t us);

#endif
