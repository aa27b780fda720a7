// SPDX-License-Identifier: Apache-2.0
#include "system.h"

#include <string.h>

#include "ipcc.h"
#include "mailbox.h"
#include "nvm.h"

/* What we are. The vendor's stacks count from 1 to 15; 0.x.y is none of theirs. */
#define VERSION(major, minor, sub, branch, build)                                                  \
    ((uint32_t)(major) << 24 | (minor) << 16 | (sub) << 8 | (branch) << 4 | (build))
/* Flash in 4 KiB (without the updater's), SRAM1, SRAM2a, SRAM2b in KiB, as SHCI_GetWirelessFwInfo()
 * takes it apart: cpu2.ld. */
#define MEMORY_SIZE (0x19u | 0u << 8 | 22u << 16 | 22u << 24)
#define STACK_BLE_FULL 0x01

#define EVENT_COMMAND_COMPLETE 0x0e
#define EVENT_VENDOR 0xff
#define SUBEVENT_READY 0x9200
#define READY_WIRELESS 0x00
#define SUBEVENT_BLE_NVM_RAM_UPDATE 0x9202
#define SUBEVENT_NVM_START_WRITE 0x9204 /* and what follows it: enum nvm_event */

#define OPCODE(ocf) (0x3f << 10 | (ocf))
enum {
    FUS_GET_STATE = OPCODE(0x52),
    FUS_FIRST = OPCODE(0x50),
    FUS_LAST = OPCODE(0x5f),
    BLE_INIT = OPCODE(0x66),
    THREAD_INIT = OPCODE(0x67),
    DEBUG_INIT = OPCODE(0x68),
    FLASH_ERASE_ACTIVITY = OPCODE(0x69),
    CONCURRENT_SET_MODE = OPCODE(0x6a),
    FLASH_STORE_DATA = OPCODE(0x6b),
    FLASH_ERASE_DATA = OPCODE(0x6c),
    RADIO_ALLOW_LOW_POWER = OPCODE(0x6d),
    MAC_802_15_4_INIT = OPCODE(0x6e),
    REINIT = OPCODE(0x6f),
    ZIGBEE_INIT = OPCODE(0x70),
    LLD_TESTS_INIT = OPCODE(0x71),
    EXTPA_CONFIG = OPCODE(0x72),
    SET_FLASH_ACTIVITY_CONTROL = OPCODE(0x73),
    BLE_LLD_INIT = OPCODE(0x74),
    CONFIG = OPCODE(0x75),
    CONCURRENT_GET_NEXT_BLE_EVT_TIME = OPCODE(0x76),
    CONCURRENT_ENABLE_NEXT_802154_EVT_NOTIFICATION = OPCODE(0x77),
    MAC_802_15_4_DEINIT = OPCODE(0x78),
    SET_SYSTEM_CLOCK = OPCODE(0x79),
};

enum {
    SUCCESS = 0x00,
    UNKNOWN_COMMAND = 0x01,
    UNSUPPORTED_FEATURE = 0x11,
    INVALID_PARAMETERS = 0x92, /* of stacks from 1.13.0 on */
    FUS_NOT_SUPPORTED = 0xff,
    FUS_STATE_ERROR = 0xff,
    FUS_ERROR_NOT_RUNNING = 0xfe,
};

void system_start(void)
{
    static const struct device_info info = {
        .safe_boot_version = VERSION(0, 0, 0, 0, 0),
        .fus_version = VERSION(1, 2, 0, 0, 0), /* vendor tools refuse older ones */
        .fus_memory = 6,
        .version = VERSION(0, 1, 0, 0, 1),
        .memory = MEMORY_SIZE,
        .stack = STACK_BLE_FULL,
    };
    static const uint8_t ready[] = {EVENT_VENDOR, 3, SUBEVENT_READY & 0xff, SUBEVENT_READY >> 8,
                                    READY_WIRELESS};

    mailbox_publish(&info);
    mailbox_system_event(ready, sizeof(ready));
}

static unsigned get16(const uint8_t *p)
{
    return p[0] | p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/*
 * SHCI_C2_Ble_Init_Cmd_Param_t. Later versions of the vendor's header have more behind; what sizes
 * ST's memory (attributes, services, blocks) does not size ours. ST's firmware does not look at the
 * command's length: NuttX gives 3, and starts there.
 */
static uint8_t ble_init(const uint8_t *p)
{
    enum { LINKS = 14, ATT_MTU = 18, OPTIONS = 31, OPTION_LL_ONLY = 1 };
    struct ble_parameters parameters;

    if (p[LINKS] < 1 || p[LINKS] > 8) {
        return INVALID_PARAMETERS;
    }
    parameters.links = p[LINKS];
    parameters.att_mtu = (uint16_t)get16(p + ATT_MTU);
    parameters.link_layer_only = p[OPTIONS] & OPTION_LL_ONLY;
    platform_start_ble(&parameters);
    return SUCCESS;
}

static uint8_t set_clock(const uint8_t *p, size_t len)
{
    if (len < 1 || p[0] > 2) {
        return INVALID_PARAMETERS;
    }
    platform_set_clock(p[0]);
    return SUCCESS;
}

/* ---- SHCI_C2_Config, and the events that it asks for ---- */

/* bits of EvtMask1 */
enum { MASK_BLE_NVM_RAM_UPDATE = 1u << 1, MASK_NVM = 3 /* shift of the first enum nvm_event */ };

static uint8_t event_mask;

/* Its first octet is how much follows; 11 in the oldest versions. */
static uint8_t config(const uint8_t *p, size_t len)
{
    enum { CONFIG1 = 1, EVT_MASK1 = 2, BLE_NVM_RAM = 4, CONFIG1_BLE_NVM_TO_SRAM = 1 };
    uint32_t ram_address;

    if (len < 12 || p[0] < 11 || p[0] >= len) {
        return INVALID_PARAMETERS;
    }
    ram_address = p[CONFIG1] & CONFIG1_BLE_NVM_TO_SRAM ? get32(p + BLE_NVM_RAM) : 0;
    if (p[CONFIG1] & CONFIG1_BLE_NVM_TO_SRAM && !cpu1_memory(ram_address, NVM_RAM_OCTETS, 4)) {
        return INVALID_PARAMETERS;
    }
    event_mask = p[EVT_MASK1];
    nvm_place(ram_address);
    return SUCCESS;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> 8 * i);
    }
}

void system_nvm_ram_update(uint32_t address, uint32_t octets)
{
    uint8_t event[] = {EVENT_VENDOR, 10, SUBEVENT_BLE_NVM_RAM_UPDATE & 0xff,
                       SUBEVENT_BLE_NVM_RAM_UPDATE >> 8, [11] = 0};

    if (event_mask & MASK_BLE_NVM_RAM_UPDATE) {
        put32(event + 4, address);
        put32(event + 8, octets);
        mailbox_system_event(event, sizeof(event));
    }
}

void system_nvm_event(enum nvm_event what, uint32_t count)
{
    bool begins = what == NVM_WRITE_BEGINS || what == NVM_ERASE_BEGINS;
    uint8_t event[] = {EVENT_VENDOR, begins ? 6 : 2, (SUBEVENT_NVM_START_WRITE + what) & 0xff,
                       SUBEVENT_NVM_START_WRITE >> 8, [7] = 0};

    if (event_mask >> MASK_NVM >> what & 1) {
        put32(event + 4, count);
        mailbox_system_event(event, 2u + event[1]);
    }
}

/* For commands whose one octet may be 0 or 1 and changes nothing in a CPU2 that never stops for
 * CPU1's flash operations. */
static uint8_t flag(const uint8_t *p, size_t len)
{
    return len >= 1 && p[0] <= 1 ? SUCCESS : INVALID_PARAMETERS;
}

static uint8_t execute(unsigned opcode, const uint8_t *p, size_t len)
{
    switch (opcode) {
    case BLE_INIT:
        return ble_init(p);
    case DEBUG_INIT:
        mailbox_traces_on();
        return SUCCESS;
    case FLASH_ERASE_ACTIVITY:
    case SET_FLASH_ACTIVITY_CONTROL:
        return flag(p, len);
    case RADIO_ALLOW_LOW_POWER:
        return len >= 2 ? SUCCESS : INVALID_PARAMETERS;
    case CONFIG:
        return config(p, len);
    case SET_SYSTEM_CLOCK:
        return set_clock(p, len);
    case REINIT:
        return SUCCESS;
    case THREAD_INIT:
    case CONCURRENT_SET_MODE:
    case FLASH_STORE_DATA:
    case FLASH_ERASE_DATA:
    case MAC_802_15_4_INIT:
    case ZIGBEE_INIT:
    case LLD_TESTS_INIT:
    case EXTPA_CONFIG:
    case BLE_LLD_INIT:
    case CONCURRENT_GET_NEXT_BLE_EVT_TIME:
    case CONCURRENT_ENABLE_NEXT_802154_EVT_NOTIFICATION:
    case MAC_802_15_4_DEINIT:
        return UNSUPPORTED_FEATURE;
    default:
        return opcode >= FUS_FIRST && opcode <= FUS_LAST ? FUS_NOT_SUPPORTED : UNKNOWN_COMMAND;
    }
}

void system_command(const uint8_t *command, size_t len)
{
    unsigned opcode = get16(command);
    uint8_t event[6 + 4] = {EVENT_COMMAND_COMPLETE, 4, 1, command[0], command[1]};

    if (opcode == FUS_GET_STATE) {
        event[5] = FUS_STATE_ERROR;
        event[6] = FUS_ERROR_NOT_RUNNING;
        event[1] += 1;
    } else {
        event[5] = execute(opcode, command + 3, len - 3);
        /* its callers read a time, whatever the status */
        event[1] += opcode == CONCURRENT_GET_NEXT_BLE_EVT_TIME ? 4 : 0;
    }
    mailbox_system_response(event, 2 + event[1]);
    if (opcode == REINIT) {
        platform_reinit();
    }
}
