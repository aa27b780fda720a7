/* SPDX-License-Identifier: Apache-2.0 */
/* sleep.c - sleeps in WFI for good, with no timer running. Only the end of the run ends it. */
#include "board.h"
#include "print.h"

int main(void)
{
    console_init();
    print("sleep: nothing will wake me\n");
    for (;;) {
        cpu_wfi();
    }
}
