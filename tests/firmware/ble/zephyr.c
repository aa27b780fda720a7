// SPDX-License-Identifier: Apache-2.0
/*
 * zephyr.c - what Zephyr's driver for this mailbox (ipm_stm32wb) and its host do to open and close
 * the controller. It differs from the vendor's code: BLE's tables are there before C2BOOT, the
 * buffers of answers are given back, closing waits for CPU2's deep sleep; it opens again by Reinit
 * and SEV.
 */
#include "aci.h"
#include "test.h"

#define ACI_RESET 0xff00
#define ACI_HAL_WRITE_CONFIG_DATA 0xfc0c
#define ACI_HAL_SET_TX_POWER_LEVEL 0xfc0f
#define HCI_READ_BD_ADDR 0x1009
#define HCI_LE_RAND 0x2018

#define ROUNDS 100u

static const uint8_t address[6] = {1, 2, 3, 0x26, 0xe1, 0x80};

static bool c2_sleeps_deep(void)
{
    uint64_t end = tl_us() + 100000;

    while (tl_us() < end) {
        if (PWR_EXTSCR & 1u << 15) {
            return true;
        }
    }
    return false;
}

static bool c2_reset(void)
{
    struct tl_packet *ready;

    tl_init();
    tl_init_ble();
    tl_enable();
    ready = tl_system_event(500000);
    if (!ready) {
        return false;
    }
    tl_release(ready);
    return !shci_ble_init();
}

static void open(const char *when)
{
    uint8_t config[8] = {0, 6};
    static const uint8_t power[3] = {0x0f, 0x18, 0x01}; /* one octet too long, as Zephyr sends it */

    for (unsigned i = 0; i < 6; i++) {
        config[2 + i] = address[i];
    }
    CHECK_EQ(name(when, "address"), hci(ACI_HAL_WRITE_CONFIG_DATA, config, 8, NULL, 0), 0);
    CHECK_EQ(name(when, "transmit power"), hci(ACI_HAL_SET_TX_POWER_LEVEL, power, 3, NULL, 0), 0);
}

/* hci_core.c's bt_init(): each must succeed; with the least length of what it returns. */
static void host_init(const char *when)
{
    static const uint8_t octets[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f};
    static const struct {
        const char *what;
        uint16_t opcode;
        uint8_t len, answer;
    } commands[] = {
        {"reset", HCI_RESET, 0, 0},
        {"local features", 0x1003, 0, 8},
        {"local version", 0x1001, 0, 8},
        {"supported commands", 0x1002, 0, 64},
        {"LE features", 0x2003, 0, 8},
        {"LE buffers", 0x2002, 0, 3},
        {"LE states", 0x201c, 0, 8},
        {"LE white list", 0x200f, 0, 1},
        {"LE greatest data length", 0x202f, 0, 8},
        {"LE event mask", 0x2001, 8, 0},
        {"event mask", 0x0c01, 8, 0},
        {"LE random", HCI_LE_RAND, 0, 8},
    };
    uint8_t answer[6];

    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        unsigned status = hci(commands[i].opcode, octets, commands[i].len, NULL, 0);

        CHECK_EQ(name(when, commands[i].what), status, 0);
        CHECK_EQ(name(name(when, commands[i].what), "length"), hci_answer_len, commands[i].answer);
    }
    CHECK_EQ(name(when, "public address"), hci(HCI_READ_BD_ADDR, NULL, 0, answer, 6), 0);
    CHECK(name(when, "public address: as set"), answer[0] == 1 && answer[5] == 0x80);
}

/* The command's buffer is in the queue of what is given back while it carries the next command. */
static unsigned many(void)
{
    uint8_t random[8];
    unsigned good = 0;

    while (good < ROUNDS && !hci(HCI_LE_RAND, NULL, 0, random, sizeof(random))) {
        good++;
    }
    return good;
}

static void close(const char *when)
{
    static const uint8_t options[5];

    CHECK_EQ(name(when, "reset"), hci(ACI_RESET, options, sizeof(options), NULL, 0), 0);
    CHECK(name(when, "CPU2 sleeps deep"), c2_sleeps_deep());
}

static void reopen(const char *when)
{
    CHECK_EQ(name(when, "Reinit"), shci(0x6f, NULL, 0, NULL, 0), 0);
    CHECK(name(when, "CPU2 waits for SEV"), c2_sleeps_deep());
    CHECK(name(when, "C2 starts again"), c2_reset());
    open(when);
    host_init(when);
    CHECK_EQ(name(when, "commands one after the other"), many(), ROUNDS);
}

void test(void)
{
    hci_release_answers = true;
    CHECK("C2 starts", c2_reset());
    open("open:");
    host_init("open:");
    CHECK_EQ("commands one after the other", many(), ROUNDS);
    close("close:");
    reopen("open again:");
    close("close again:");
    reopen("open a third time:");
    close("close a third time:");
}
