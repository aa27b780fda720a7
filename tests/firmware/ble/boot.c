// SPDX-License-Identifier: Apache-2.0
/*
 * boot.c - from C2BOOT to a BLE stack that answers: what CPU2 says of itself, the system channel,
 * the HCI commands that every host begins with.
 */
#include "test.h"
#include "tl.h"

#define UID64_LOW REG32(0x1fff7580)
#define UID64_HIGH REG32(0x1fff7584)

#define HCI_RESET 0x0c03
#define HCI_READ_LOCAL_VERSION 0x1001
#define HCI_READ_BD_ADDR 0x1009
#define HCI_LE_READ_BUFFER_SIZE 0x2002
#define HCI_NO_SUCH_COMMAND 0x1fff
#define COMMAND_DISALLOWED 0x0c
#define UNKNOWN_COMMAND 0x01

static void ready_event(void)
{
    struct tl_packet *ready;
    uint64_t start;

    tl_init();
    CHECK("no event before C2BOOT", !tl_system_event(5000));
    start = tl_us();
    tl_enable();
    ready = tl_system_event(1000000);
    CHECK("ready event", ready);
    if (!ready) {
        finish();
    }
    CHECK_RANGE("ready event within, us", tl_us() - start, 1, 100000);
    CHECK_EQ("ready event: type", ready->type, 0x12);
    CHECK_EQ("ready event: vendor event", ready->data[0], 0xff);
    CHECK_EQ("ready event: length", ready->data[1], 3);
    CHECK_EQ("ready event: sub-code", ready->data[2] | ready->data[3] << 8, 0x9200);
    CHECK_EQ("ready event: wireless firmware", ready->data[4], 0);
    tl_release(ready);
    CHECK("no second event", !tl_system_event(5000));
}

static void firmware_info(void)
{
    struct tl_info info;

    tl_info(&info);
    CHECK_EQ("wireless firmware: a stack for BLE", info.stack & 0xff, 1);
    CHECK_RANGE("wireless firmware: version", info.version, 1, 0x7fffffff);
    CHECK_RANGE("wireless firmware: KiB of SRAM2a", info.memory >> 16 & 0xff, 1, 22);
    CHECK_RANGE("wireless firmware: KiB of SRAM2b", info.memory >> 24, 1, 32);
    CHECK_RANGE("wireless firmware: sectors of flash", info.memory & 0xff, 1, 0x24);
    CHECK_RANGE("FUS version", info.fus_version >> 24, 1, 15);
}

static void system_commands(void)
{
    static const uint8_t on = 1, config[16] = {15};
    uint8_t error = 0;

    CHECK_EQ("FUS state: an error", shci(0x52, NULL, 0, &error, 1), 0xff);
    CHECK_EQ("FUS state: not running", error, 0xfe);
    CHECK_EQ("config", shci(0x75, config, sizeof(config), NULL, 0), 0);
    CHECK_EQ("flash activity control: semaphore 7", shci(0x73, &on, 1, NULL, 0), 0);
    CHECK_EQ("flash erase activity", shci(0x69, &on, 1, NULL, 0), 0);
    CHECK_EQ("Thread: not supported", shci(0x67, NULL, 0, NULL, 0), 0x11);
    CHECK_EQ("MAC 802.15.4: not supported", shci(0x6e, NULL, 0, NULL, 0), 0x11);
    CHECK_EQ("unknown command", shci(0x7f, NULL, 0, NULL, 0), UNKNOWN_COMMAND);
}

static void hci_start(void)
{
    const uint8_t wanted[6] = {UID64_LOW & 0xff,       UID64_LOW >> 8 & 0xff,   UID64_HIGH & 0xff,
                               UID64_HIGH >> 8 & 0xff, UID64_HIGH >> 16 & 0xff, UID64_HIGH >> 24};
    uint8_t answer[16] = {0};
    unsigned same = 0;

    tl_init_ble();
    CHECK_EQ("HCI before BLE init", hci(HCI_RESET, NULL, 0, NULL, 0), COMMAND_DISALLOWED);
    CHECK_EQ("BLE init", shci_ble_init(), 0);
    CHECK_EQ("HCI: reset", hci(HCI_RESET, NULL, 0, NULL, 0), 0);
    CHECK_EQ("HCI: local version", hci(HCI_READ_LOCAL_VERSION, NULL, 0, answer, 8), 0);
    CHECK_EQ("HCI: local version: length", hci_answer_len, 8);
    CHECK_RANGE("HCI: Bluetooth 5.0 or later", answer[0], 9, 15);
    CHECK_EQ("HCI: public address", hci(HCI_READ_BD_ADDR, NULL, 0, answer, 6), 0);
    for (unsigned i = 0; i < 6; i++) {
        same += answer[i] == wanted[i];
    }
    CHECK_EQ("HCI: public address is the unit's", same, 6);
    CHECK_EQ("HCI: buffers", hci(HCI_LE_READ_BUFFER_SIZE, NULL, 0, answer, 3), 0);
    CHECK_RANGE("HCI: buffers: octets", answer[0] | answer[1] << 8, 27, 251);
    CHECK_RANGE("HCI: buffers: number", answer[2], 1, 255);
    CHECK_EQ("HCI: unknown command", hci(HCI_NO_SUCH_COMMAND, NULL, 0, NULL, 0), UNKNOWN_COMMAND);
    CHECK_EQ("BLE init again", shci_ble_init(), 0);
    CHECK_EQ("HCI: reset again", hci(HCI_RESET, NULL, 0, NULL, 0), 0);
}

void test(void)
{
    ready_event();
    firmware_info();
    system_commands();
    hci_start();
}
