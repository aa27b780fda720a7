/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - what a script asks of an instance, from its step, and what the answer means (script.c).
 * The instance's side is hw/orrery/probe.c; orrery.h has the formats.
 */
#ifndef ORRERY_BROKER_PROBE_H
#define ORRERY_BROKER_PROBE_H

#include "orrery.h"
#include "orrery.pb-c.h"

#define PROBE_REACTION_NS 1000u /* while an answer is awaited: script.h */
#define PROBE_TIMEOUT_NS                                                                           \
    UINT64_C(1000000) /* some instructions: only one that is off takes longer */
#define PROBE_TEXT 300

/* Can it be asked? */
bool orrery_probe_ok(const Orrery__ScriptStep *step);

/* Returns its octets. */
size_t orrery_probe_make(const Orrery__ScriptStep *step, bool at_pc, struct orrery_probe *probe);

/* An answer of any content. False: wrong has what was meant and what there is. pictures: Plan's. */
bool orrery_probe_judge(const Orrery__ScriptStep *step, const char *pictures,
                        const uint8_t *payload, size_t len, char wrong[PROBE_TEXT]);

#endif
