// SPDX-License-Identifier: Apache-2.0
/* idle.c - boots CPU2, which serves a host outside (tests/e2e/hci.sh), and sleeps. */
#include "test.h"
#include "tl.h"

void test(void)
{
    tl_init();
    tl_enable();
    for (;;) {
        wfi();
    }
}
