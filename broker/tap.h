/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.h - who reads along on which port (orrery tap). A tap is a process of its own that reads the
 * lanes; when it ends, however it ends, its lanes are closed for it. Io loop's thread only.
 */
#ifndef ORRERY_BROKER_TAP_H
#define ORRERY_BROKER_TAP_H

#include "broker.h"

struct call;
struct taps;

struct taps *orrery_taps_create(struct broker *broker);
void orrery_taps_destroy(struct taps *taps); /* accepts NULL */

/* Answers the call. */
void orrery_taps_add(struct taps *taps, struct call *call, const Orrery__Tap *request);

#endif
