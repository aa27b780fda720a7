/* SPDX-License-Identifier: Apache-2.0 */
/*
 * se_ble.h - the app's Bluetooth: a GATT server by the vendor's commands (AN5270), which travel
 * over the link to the MCU and from there to CPU2.
 */
#ifndef SE_BLE_H
#define SE_BLE_H

#include <stdbool.h>
#include <stdint.h>

/* The service, and advertising. False: a command failed. */
bool ble_start(void);

/* What an event of EVENT_BLE_RECV (without its head) says: octets written to the APDU
 * characteristic, 0 if it is something else. */
unsigned ble_written(const uint8_t *packet, unsigned len, uint8_t *data, unsigned room);
/* The link was lost or ended: be found again. */
bool ble_is_disconnected(const uint8_t *packet, unsigned len);
bool ble_advertise(void);

bool ble_answer(const uint8_t *data, unsigned len);

#endif
