/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system.h - the system channel: what CPU2 says of itself, and the vendor's SHCI commands (AN5289;
 * the numbers are those of its shci.h).
 */
#ifndef CPU2_SYSTEM_H
#define CPU2_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fill the device information table and send the ready event. */
void system_start(void);
/* One command, answered before it returns; there are COMMAND_MAX octets, whatever len is. */
void system_command(const uint8_t *command, size_t len);

/* ---- what it calls (main.c) ---- */

/* The BLE init command's parameters that our stack heeds. */
struct ble_parameters {
    uint8_t links;
    uint16_t att_mtu;
    bool link_layer_only; /* no host on CPU2 */
};

void platform_start_ble(const struct ble_parameters *parameters);
/* Begin anew at CPU1's next event (SEV). */
void platform_reinit(void);
/* SYSCLK: 0 from HSE to PLL, 1 to HSE, 2 to HSE and the PLL off. */
void platform_set_clock(uint8_t how);

#endif
