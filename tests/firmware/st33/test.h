/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test.h - what a test program for the machine st33 is made of: ../common/check.h.
 *
 * After reset nothing is set up but RAM: core at 30 MHz, MMU off, interrupts unmasked. Handlers are
 * functions irq_NAME (registers.h) and exc_NAME (check.h); one that is not defined ends the program
 * with exit code 3. tests/e2e/st33.sh runs each program that tests/firmware/meson.build names in
 * st33_tests; one whose source has a file NAME.yaml beside it in that manifest.
 */
#ifndef TEST_H
#define TEST_H

#include "check.h"
#include "registers.h"

#define TEST_IRQS ST33_IRQS

#endif
