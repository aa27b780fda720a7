/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test.h - what a test program for the machine stm32wb55 is made of.
 *
 * A program is one C file with an `void test(void)` that makes checks; each becomes a line
 * of TAP in tests/e2e/wb55.sh, which runs every program listed in tests/firmware/meson.build as
 * wb55_tests. Verdicts leave by semihosting (SYS_WRITE0), so that they need no peripheral.
 *
 * After reset nothing is set up but RAM: core on MSI at 4 MHz, no peripheral clock, interrupts
 * unmasked. Handlers are functions irq_NAME (registers.h) and exc_NAME (below); one that is not
 * defined ends the program with exit code 3.
 *
 * A program whose source has a file NAME.yaml beside it runs in that manifest instead of one with
 * a lone instance: see wb55.sh.
 */
#ifndef TEST_H
#define TEST_H

#include "check.h"
#include "registers.h"

#define TEST_IRQS WB55_IRQS

void clock_hse32(void); /* SYSCLK = HSE, 32 MHz */
void clock_64mhz(void); /* SYSCLK = PLL from HSE, 64 MHz; all prescalers 1 */
void clocks_on(void);   /* bus clock of every peripheral */
bool lse_on(void);      /* false: LSERDY did not come within 5 s */

#endif
