/*
 * Orrery: the supply of this instance
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_POWER_H
#define HW_ORRERY_POWER_H

#include "qemu/notify.h"

/* What a listener is notified with, in the vCPU thread with the BQL, before the reset. */
typedef struct OrreryPower {
    bool on;
    bool keeps_ram; /* a listener says: this machine's RAM is my business, now or later */
} OrreryPower;

/* For what outlives a reset, but not this. */
void orrery_on_power(Notifier *listener);

/* For the pacer: tell the listeners, and lose what RAM holds. */
void orrery_power_changes(bool on);

#endif
