/*
 * Orrery: what a test asks of this instance
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_PROBE_H
#define HW_ORRERY_PROBE_H

#include "hw/core/cpu.h"
#include "member.h"

void orrery_probe_install(OrreryMember *m);

/* A message of the stimulus lane that is a probe. vCPU thread, with the BQL. */
void orrery_probe_deliver(OrreryMember *m, const struct orrery_message *msg);

/* The same, before instructions run. */
void orrery_probe_before_window(CPUState *cpu);

#endif
