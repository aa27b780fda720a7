/*
 * Orrery: what a machine tells the pacer about its core, and what it hears
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_CORE_H
#define HW_ORRERY_CORE_H

#include "qemu/osdep.h"

/**
 * orrery_core_hz - from the next instruction on, the core executes @hz a second
 *
 * In the vCPU thread (an MMIO access, a timer, a reset) with the BQL. Exact: 64 MHz is 125 / 8 ns
 * each. Does nothing without -icount, or for 0: a core without a clock does not execute.
 */
void orrery_core_hz(uint64_t hz);

/**
 * orrery_core_on_sleep - hear when the core sleeps in WFI or WFE, and when it wakes
 *
 * @changed: called in the vCPU thread with the BQL, between instructions: @asleep is true before
 *           the idle core's clock moves, false before the first instruction after the wake-up.
 *           It may move clocks and raise interrupts. SCR.SLEEPDEEP is the caller's to look at.
 * One listener; needs a pacer (an orrery-member).
 */
typedef void OrreryCoreSleepFn(void *opaque, bool asleep);
void orrery_core_on_sleep(OrreryCoreSleepFn *changed, void *opaque);

/* ---- for the pacer ---- */

/* Tell the listener, if that is news. */
void orrery_core_sleeps(bool asleep);

/* Of the current rate and the one before, the longer instruction, rounded up. */
int64_t orrery_core_longest_insn_ns(void);

#endif
