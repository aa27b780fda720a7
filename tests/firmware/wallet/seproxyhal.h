/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seproxyhal.h - the dialogue of a wallet's MCU and secure element: tag (1), length (2, big
 * endian), payload.
 *
 * The MCU sends an event; the SE may send commands, then one status, which gives the turn back.
 * Tags of status have both bits of TAG_STATUS. Numbers are those that the public SDK of such a
 * product documents.
 */
#ifndef SEPROXYHAL_H
#define SEPROXYHAL_H

#include <stdint.h>

#define PACKET_MAX 300 /* with its head of 3 */
#define LINK_BAUD 921600

#define TAG_STATUS 0x60
static inline int is_status(uint8_t tag)
{
    return (tag & TAG_STATUS) == TAG_STATUS;
}

/* MCU to SE */
#define EVENT_SESSION_START 0x01
#define EVENT_BUTTON 0x05 /* mask; made in the SE, whose buttons these are */
#define EVENT_TICKER 0x0e
#define EVENT_BLE_RECV 0x18

/* SE to MCU */
#define COMMAND_BLE_SEND 0x38
#define COMMAND_DEVICE_OFF 0x4b
#define COMMAND_MORE_TIME 0x4c
#define COMMAND_TICKER 0x4e /* interval in ms, 2 bytes */
#define COMMAND_PRINTF 0x5f
#define STATUS_GENERAL 0x60 /* 2 bytes, 0: last command done */

#endif
