// SPDX-License-Identifier: Apache-2.0
#include "se_ble.h"

#include "phone.h"
#include "se_api.h"
#include "seproxyhal.h"

#define HCI_RESET 0x0c03
#define GATT_INIT 0xfd01
#define GATT_ADD_SERVICE 0xfd02
#define GATT_ADD_CHAR 0xfd04
#define GATT_UPDATE 0xfd06
#define GAP_SET_DISCOVERABLE 0xfc83
#define GAP_INIT 0xfc8a

#define EVENT_DISCONNECTED 0x05
#define EVENT_COMMAND_COMPLETE 0x0e
#define EVENT_VENDOR 0xff
#define ATTRIBUTE_MODIFIED 0x0c01

static uint16_t service, apdu, answer;

/* ---- commands ---- */

static uint8_t command[80], event[PACKET_MAX];
static unsigned len;

static void begin(unsigned opcode)
{
    command[0] = 1;
    command[1] = (uint8_t)opcode;
    command[2] = (uint8_t)(opcode >> 8);
    len = 4;
}

static void put8(unsigned value)
{
    command[len++] = (uint8_t)value;
}

static void put16(unsigned value)
{
    put8(value);
    put8(value >> 8);
}

static void put(const uint8_t *octets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        put8(octets[i]);
    }
}

/* Until it is complete. *handle (may be NULL): the first it returns. */
static bool send(uint16_t *handle)
{
    command[3] = (uint8_t)(len - 4);
    os(CALL_BLE_SEND, (uint32_t)command, len, 0);
    for (;;) {
        uint32_t count = os(CALL_EXCHANGE, (uint32_t)event, sizeof(event), 0);
        const uint8_t *packet = event + 3;

        if (event[0] == EVENT_BLE_RECV && count >= 10 && packet[1] == EVENT_COMMAND_COMPLETE &&
            packet[4] == command[1] && packet[5] == command[2]) {
            if (handle && count >= 12) {
                *handle = (uint16_t)(packet[7] | packet[8] << 8);
            }
            return packet[6] == 0;
        }
    }
}

static bool add_char(const uint8_t *uuid, unsigned properties, uint16_t *handle)
{
    begin(GATT_ADD_CHAR);
    put16(service);
    put8(2); /* UUID of 128 bits */
    put(uuid, 16);
    put16(20);
    put8(properties);
    put8(0);
    put8(1); /* tell of writes */
    put8(10);
    put8(1);
    return send(handle);
}

bool ble_advertise(void)
{
    static const uint8_t name[] = WALLET_NAME;

    begin(GAP_SET_DISCOVERABLE);
    put8(0);
    put16(0x80);
    put16(0xa0);
    put16(0);
    put8(sizeof(name)); /* type and name */
    put8(0x09);
    put(name, sizeof(name) - 1);
    put8(0);
    put16(0);
    put16(0);
    return send(NULL);
}

bool ble_start(void)
{
    static const uint8_t service_uuid[] = WALLET_SERVICE, apdu_uuid[] = WALLET_APDU,
                         answer_uuid[] = WALLET_ANSWER;
    bool good;

    begin(HCI_RESET);
    good = send(NULL);
    begin(GATT_INIT);
    good = good && send(NULL);
    begin(GAP_INIT);
    put8(1); /* peripheral */
    put8(0);
    put8(sizeof(WALLET_NAME) - 1);
    good = good && send(NULL);
    begin(GATT_ADD_SERVICE);
    put8(2);
    put(service_uuid, 16);
    put8(1);
    put8(8);
    good = good && send(&service);
    return good && add_char(apdu_uuid, 0x08, &apdu) && add_char(answer_uuid, 0x10, &answer) &&
           ble_advertise();
}

/* ---- events ---- */

/* Vendor's event: code, connection, attribute, offset, length, octets. */
unsigned ble_written(const uint8_t *packet, unsigned count, uint8_t *data, unsigned room)
{
    unsigned octets;

    if (count < 13 || packet[1] != EVENT_VENDOR ||
        (packet[3] | packet[4] << 8) != ATTRIBUTE_MODIFIED ||
        (packet[7] | packet[8] << 8) != apdu + 1) {
        return 0;
    }
    octets = packet[11];
    if (octets > room || octets > count - 13) {
        return 0;
    }
    for (unsigned i = 0; i < octets; i++) {
        data[i] = packet[13 + i];
    }
    return octets;
}

bool ble_is_disconnected(const uint8_t *packet, unsigned count)
{
    return count >= 3 && packet[1] == EVENT_DISCONNECTED;
}

bool ble_answer(const uint8_t *data, unsigned count)
{
    begin(GATT_UPDATE);
    put16(service);
    put16(answer);
    put8(0);
    put8(count);
    put(data, count);
    return send(NULL);
}
