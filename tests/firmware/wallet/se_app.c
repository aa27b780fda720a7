// SPDX-License-Identifier: Apache-2.0
/*
 * se_app.c - the app: one screen after the other, as buttons are pressed. All of it is in memory
 * that is brought in when it is touched; the large table makes it more than there are entries.
 */
#include <stdbool.h>

#include "se_api.h"
#include "seproxyhal.h"

__attribute__((section(".entry"))) _Noreturn void app_entry(void);

static const uint8_t hci_reset[] = {0x01, 0x03, 0x0c, 0x00};
static uint8_t event[PACKET_MAX];
static uint8_t table[6 * 1024];
static unsigned presses;

static void title(const char *text, const char *below)
{
    unsigned len = 0;

    while (text[len]) {
        len++;
    }
    os(CALL_CLEAR, 0, 0, 0);
    os(CALL_DRAW, (128 - (18 * len - 3)) / 2, 16 | 3 << 8, (uint32_t)text);
    os(CALL_DRAW, 4, 52 | 1 << 8, (uint32_t)below);
    os(CALL_SHOW, 0, 0, 0);
}

/* Touches all of its pages again and again. */
static uint32_t work(void)
{
    uint32_t sum = 0;

    for (unsigned round = 0; round < 8; round++) {
        for (unsigned i = 0; i < sizeof(table); i += 64) {
            table[i] = (uint8_t)(table[i] + i + round);
            sum += table[i];
        }
        os(CALL_MORE_TIME, 0, 0, 0);
    }
    return sum;
}

static void pressed(unsigned mask)
{
    char count[] = "Button 0";

    if (mask & 1) {
        title("Bye", "");
        os(CALL_PRINT, (uint32_t) "left button: off", 0, 0);
        os(CALL_OFF, 0, 0, 0);
    }
    presses++;
    count[7] = (char)('0' + presses % 10);
    title("Hello", count);
    os(CALL_PRINT, (uint32_t) "right button", 0, 0);
}

static void bluetooth(const uint8_t *packet, unsigned len)
{
    bool good = len == 7 && packet[0] == 4 && packet[1] == 0x0e && packet[6] == 0;

    os(CALL_PRINT, (uint32_t)(good ? "Bluetooth is there" : "Bluetooth: what is this?"), 0, 0);
}

void app_entry(void)
{
    bool started = false;

    title("Orrery", "Right or Left");
    os(CALL_PRINT, (uint32_t) "app started", 0, 0);
    os(CALL_BLE_SEND, (uint32_t)hci_reset, sizeof(hci_reset), 0);
    for (;;) {
        uint32_t len = os(CALL_EXCHANGE, (uint32_t)event, sizeof(event), 0);

        if (event[0] == EVENT_BUTTON) {
            pressed(event[3]);
        } else if (event[0] == EVENT_BLE_RECV) {
            bluetooth(event + 3, len - 3);
        } else if (!started) {
            started = true;
            work();
            os(CALL_PRINT,
               (uint32_t)(os(CALL_FAULTS, 0, 0, 0) > 50 ? "worked in few pages" : "worked"), 0, 0);
        }
    }
}
