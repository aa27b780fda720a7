/* SPDX-License-Identifier: Apache-2.0 */
/* central.h - what a GATT client does before its own business: find a device by its name, connect,
 * discover. */
#ifndef CENTRAL_H
#define CENTRAL_H

#include "aci.h"

#define CCCD_UUID 0x2902

/* Scans until it hears of a device of that name; returns the RSSI. */
int8_t central_find(const char *name, uint8_t *type, uint8_t address[6]);

/* The connection's handle. interval: in 1.25 ms. */
uint16_t central_connect(uint8_t type, const uint8_t address[6], uint16_t interval);

/* Until the procedure that `status` began is over; found (may be NULL) gets every event meanwhile.
 */
void central_procedure(const char *what, unsigned status,
                       void (*found)(unsigned kind, const uint8_t *parameters));

#endif
