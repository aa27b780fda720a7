/* SPDX-License-Identifier: Apache-2.0 */
/*
 * radio_loss.c - one radio sends COUNT packets, two listen; each says how many it missed, and a
 * check sum over which. NODE 0 sends.
 */
#include "radio.h"
#include "test.h"

#define COUNT 1000u
#define FIRST 20000u
#define PERIOD 1000u

static uint8_t pdu[32] = {1, 4};

void test(void)
{
    uint32_t missed = 0, which = 2166136261u;

    radio_setup();
    for (unsigned i = 0; i < COUNT; i++) {
        if (NODE == 0) {
            transmit(FIRST + i * PERIOD, pdu);
            radio_wait(TXDONE);
        } else {
            receive(FIRST + i * PERIOD - 10, 100, pdu, sizeof(pdu));
            if (radio_wait(RXDONE | RXTIMEOUT) & RXTIMEOUT) {
                missed++;
                which = (which ^ i) * 16777619u;
            }
        }
    }
    if (NODE) {
        /* a mean of 50, a standard deviation of 6.9 */
        CHECK_RANGE("lost, of 1000 with loss: 0.05", missed, 25, 80);
        note_hex("missed", missed);
        note_hex("which", which);
    }
}
