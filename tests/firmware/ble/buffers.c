// SPDX-License-Identifier: Apache-2.0
/*
 * buffers.c - CPU1's pool of event buffers: used up, CPU2 waits and loses nothing; given back, it
 * goes on. The events are public keys, which need nobody on the air; commands are answered all the
 * while.
 */
#include "aci.h"
#include "test.h"

#define HCI_SET_EVENT_MASK 0x0c01
#define HCI_READ_BD_ADDR 0x1009
#define HCI_LE_SET_EVENT_MASK 0x2001
#define HCI_LE_READ_LOCAL_P256_PUBLIC_KEY 0x2025
#define EVENT_PUBLIC_KEY 0x3e08
#define KEY_MS 5000

#define ROUNDS 10u
#define HELD (TL_POOL_SLOTS + 1) /* and the spare one */

static struct tl_packet *held[HELD];

static void masks(void)
{
    static const uint8_t all[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f};

    CHECK_EQ("reset", hci(HCI_RESET, NULL, 0, NULL, 0), 0);
    CHECK_EQ("event mask", hci(HCI_SET_EVENT_MASK, all, 8, NULL, 0), 0);
    CHECK_EQ("LE event mask", hci(HCI_LE_SET_EVENT_MASK, all, 8, NULL, 0), 0);
}

static unsigned ask_for_key(void)
{
    return hci(HCI_LE_READ_LOCAL_P256_PUBLIC_KEY, NULL, 0, NULL, 0);
}

static unsigned use_up(void)
{
    unsigned count = 0;

    while (count < HELD) {
        if (ask_for_key()) {
            break;
        }
        held[count] = wait_event(EVENT_PUBLIC_KEY, KEY_MS);
        if (!held[count]) {
            break;
        }
        count++;
    }
    return count;
}

static bool all_differ(void)
{
    for (unsigned i = 0; i < HELD; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (held[i] == held[j]) {
                return false;
            }
        }
    }
    return true;
}

static unsigned go_round(void)
{
    unsigned rounds = 0;

    while (rounds < ROUNDS && !ask_for_key()) {
        struct tl_packet *event = wait_event(EVENT_PUBLIC_KEY, KEY_MS);

        if (!event) {
            break;
        }
        tl_release(event);
        rounds++;
    }
    return rounds;
}

void test(void)
{
    uint8_t address[6];
    struct tl_packet *late;

    CHECK("the stack starts", tl_start_ble());
    masks();
    CHECK_EQ("events until the pool is empty", use_up(), HELD);
    CHECK("each in a buffer of its own", all_differ());
    CHECK_EQ("one more: the command is taken", ask_for_key(), 0);
    CHECK("one more: its event waits", !wait_event(EVENT_PUBLIC_KEY, KEY_MS));
    CHECK_EQ("a command is answered meanwhile", hci(HCI_READ_BD_ADDR, NULL, 0, address, 6), 0);
    tl_release(held[2]);
    late = wait_event(EVENT_PUBLIC_KEY, KEY_MS);
    CHECK("a buffer given back: the event comes", late);
    CHECK("in that buffer", late == held[2]);
    for (unsigned i = 0; i < HELD; i++) {
        tl_release(held[i]);
    }
    CHECK_EQ("and all goes on", go_round(), ROUNDS);
}
