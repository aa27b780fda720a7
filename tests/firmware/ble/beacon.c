// SPDX-License-Identifier: Apache-2.0
/*
 * beacon.c - advertises every 100 ms and listens half of the time, ten seconds long, by HCI only;
 * then says how many others it heard. For tests/bench/ble-beacons.yaml, where there are eight of
 * it.
 */
#include "aci.h"
#include "test.h"

#define SET_EVENT_MASK 0x0c01
#define LE_SET_ADVERTISING_PARAMETERS 0x2006
#define LE_SET_ADVERTISING_DATA 0x2008
#define LE_SET_ADVERTISING_ENABLE 0x200a
#define LE_SET_SCAN_PARAMETERS 0x200b
#define LE_SET_SCAN_ENABLE 0x200c

#define RUN_US 10000000u
#define PEERS_MAX 32u

#ifndef PEERS
#define PEERS 7u
#endif

static uint8_t peer[PEERS_MAX][6];
static unsigned peers, reports;

static void heard(const uint8_t *address)
{
    reports++;
    for (unsigned i = 0; i < peers; i++) {
        if (same(peer[i], address, 6)) {
            return;
        }
    }
    for (unsigned i = 0; peers < PEERS_MAX && i < 6; i++) {
        peer[peers][i] = address[i];
    }
    peers += peers < PEERS_MAX;
}

static unsigned start(void)
{
    /* 100 ms, not connectable, public address, all channels */
    static const uint8_t parameters[15] = {0xa0, 0, 0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0};
    static const uint8_t data[32] = {3, 2, 1, 6};
    /* passive, every 60 ms 30 ms long */
    static const uint8_t scan[7] = {0, 0x60, 0, 0x30, 0, 0, 0};
    static const uint8_t on[2] = {1, 0};

    /* LE's events are masked after a reset (Core, Vol 4 Part E 7.3.1) */
    static const uint8_t mask[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f};

    return hci(HCI_RESET, NULL, 0, NULL, 0) | hci(SET_EVENT_MASK, mask, 8, NULL, 0) |
           hci(LE_SET_ADVERTISING_PARAMETERS, parameters, sizeof(parameters), NULL, 0) |
           hci(LE_SET_ADVERTISING_DATA, data, sizeof(data), NULL, 0) |
           hci(LE_SET_SCAN_PARAMETERS, scan, sizeof(scan), NULL, 0) |
           hci(LE_SET_ADVERTISING_ENABLE, on, 1, NULL, 0) | hci(LE_SET_SCAN_ENABLE, on, 2, NULL, 0);
}

void test(void)
{
    CHECK("the stack starts", tl_start_ble());
    CHECK_EQ("advertising and scanning", start(), 0);
    say_init();
    while (tl_us() < RUN_US) {
        struct tl_packet *event = wait_event(EVENT_REPORT, 100);

        if (event) {
            heard(event_parameters(event) + 3);
            tl_release(event);
        }
    }
    say("beacon: ");
    say_number(reports);
    say(" reports of ");
    say_number(peers);
    say("\r\n");
    say_flush();
    CHECK_EQ("others", peers, PEERS);
}
