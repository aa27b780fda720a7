// SPDX-License-Identifier: Apache-2.0
/*
 * reset.c - CPU1's reset is CPU2's, too: twenty lives, each from C2BOOT to a stack that advertises,
 * ended by SYSRESETREQ at different moments of CPU2's work.
 */
#include "aci.h"
#include "test.h"

#define LIVES 20u
#define MAGIC 0x52534554u

static volatile struct {
    uint32_t magic, lives, failures;
} kept __attribute__((section(".noinit")));

static _Noreturn void reset(void)
{
    SCB_AIRCR = 0x05fa0004;
    for (;;) {
    }
}

/* The nth life ends in the midst of the start, of a command, or of advertising. */
static bool live(unsigned n)
{
    struct gap_handles gap;

    if (n % 4 == 1) {
        tl_init();
        tl_enable();
        return true;
    }
    if (!tl_start_ble()) {
        return false;
    }
    if (n % 4 == 2) {
        hci_send(HCI_RESET, NULL, 0);
        return true;
    }
    if (aci_start(ROLE_PERIPHERAL, "reset", &gap) || aci_set_discoverable("reset")) {
        return false;
    }
    delay_us(n % 4 == 3 ? 777 : 50000);
    return true;
}

void test(void)
{
    if (kept.magic != MAGIC) {
        kept.magic = MAGIC;
        kept.lives = kept.failures = 0;
    }
    if (kept.lives < LIVES) {
        kept.failures += !live(kept.lives++);
        reset();
    }
    CHECK_EQ("lives that failed", kept.failures, 0);
    CHECK("and one more", live(0));
}
