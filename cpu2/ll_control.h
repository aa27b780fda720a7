/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_control.h - the PDUs of the control protocol (2.4.2).
 */
#ifndef CPU2_LL_CONTROL_H
#define CPU2_LL_CONTROL_H

#include "ll.h"

enum {
    CONNECTION_UPDATE_IND = 0x00,
    CHANNEL_MAP_IND,
    TERMINATE_IND,
    ENC_REQ,
    ENC_RSP,
    START_ENC_REQ,
    START_ENC_RSP,
    UNKNOWN_RSP,
    FEATURE_REQ,
    FEATURE_RSP,
    PAUSE_ENC_REQ,
    PAUSE_ENC_RSP,
    VERSION_IND,
    REJECT_IND,
    PERIPHERAL_FEATURE_REQ,
    CONNECTION_PARAM_REQ,
    CONNECTION_PARAM_RSP,
    REJECT_EXT_IND,
    PING_REQ,
    PING_RSP,
    LENGTH_REQ,
    LENGTH_RSP,
    PHY_REQ,
    PHY_RSP,
    PHY_UPDATE_IND,
};

#define FEATURE_ENCRYPTION 0x01
#define FEATURE_PARAM_REQ 0x02
#define FEATURE_REJECT_EXT 0x04
#define FEATURE_PING 0x10
#define FEATURE_LENGTH 0x20
#define FEATURE_2M 0x01 /* octet 1 */

#endif
