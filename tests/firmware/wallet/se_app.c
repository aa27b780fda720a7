// SPDX-License-Identifier: Apache-2.0
/*
 * se_app.c - the app: one screen after the other as buttons are pressed; a request that comes over
 * Bluetooth is shown, and signed if the right button says so. All of it is in memory that is
 * brought in when it is touched; the large table makes it more than there are entries.
 */
#include <stdbool.h>

#include "phone.h"
#include "se_api.h"
#include "se_ble.h"
#include "seproxyhal.h"

__attribute__((section(".entry"))) _Noreturn void app_entry(void);

#define APDU_MAX 16
enum { LEFT = 1, RIGHT = 2 };

static uint8_t event[PACKET_MAX], request[APDU_MAX];
static uint8_t table[6 * 1024];
static unsigned presses, request_len;

static void print(const char *text)
{
    os(CALL_PRINT, (uint32_t)text, 0, 0);
}

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

/* ---- requests ---- */

static void answer(unsigned status, unsigned len, uint8_t *data)
{
    data[len] = (uint8_t)(status >> 8);
    data[len + 1] = (uint8_t)status;
    if (!ble_answer(data, len + 2)) {
        print("the answer was not taken");
    }
}

static void decide(bool yes)
{
    uint8_t data[APDU_MAX + 2];

    request_len = 0;
    if (yes) {
        os(CALL_SIGN, (uint32_t)request, (uint32_t)data, 0);
        answer(SW_OK, APDU_MAX, data);
        title("Done", "");
        print("signed");
    } else {
        answer(SW_REFUSED, 0, data);
        title("No", "");
        print("refused");
    }
}

static void bluetooth(const uint8_t *packet, unsigned len)
{
    unsigned got;

    if (ble_is_disconnected(packet, len)) {
        print(ble_advertise() ? "disconnected" : "disconnected, and lost");
        return;
    }
    got = ble_written(packet, len, request, sizeof(request));
    if (got < 5 || request[1] != SIGN_INS) {
        return;
    }
    for (unsigned i = got; i < sizeof(request); i++) {
        request[i] = 0;
    }
    request_len = got;
    title("Sign", "Right or Left");
    print("a request");
}

/* ---- ---- */

static void pressed(unsigned mask)
{
    char count[] = "Button 0";

    if (request_len) {
        decide(mask & RIGHT);
        return;
    }
    if (mask & LEFT) {
        title("Bye", "");
        print("left button: off");
        os(CALL_OFF, 0, 0, 0);
    }
    presses++;
    count[7] = (char)('0' + presses % 10);
    title("Hello", count);
    print("right button");
}

void app_entry(void)
{
    title("Orrery", "Right or Left");
    print("app started");
    work();
    print(os(CALL_FAULTS, 0, 0, 0) > 50 ? "worked in few pages" : "worked");
    print(ble_start() ? "Bluetooth is there" : "Bluetooth failed");
    for (;;) {
        uint32_t len = os(CALL_EXCHANGE, (uint32_t)event, sizeof(event), 0);

        if (event[0] == EVENT_BUTTON) {
            pressed(event[3]);
        } else if (event[0] == EVENT_BLE_RECV) {
            bluetooth(event + 3, len - 3);
        }
    }
}
