/*
 * Orrery: a net of pins that several instances share, for device models of our own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each end of a gpio link tells all others what it puts on the wire: a level or nothing, and a
 * pull. They hear it one latency later; each end then works out the net's level for itself, as
 * follows. Drivers that agree give their level; drivers that disagree give 0 (and are reported); with
 * no driver the link's pull counts, then those of the ends (0 if they disagree); with none the wire
 * floats. What an end itself does it sees at once.
 */
#ifndef HW_ORRERY_NET_H
#define HW_ORRERY_NET_H

#include "qom/object.h"

#define TYPE_ORRERY_NET "orrery-net"
OBJECT_DECLARE_SIMPLE_TYPE(OrreryNet, ORRERY_NET)

/* Levels are 0, 1 and this: nobody drives, or the wire floats. */
#define ORRERY_NET_Z 2

typedef enum OrreryNetPull {
    ORRERY_NET_PULL_NONE,
    ORRERY_NET_PULL_UP,
    ORRERY_NET_PULL_DOWN,
} OrreryNetPull;

/* The level is another one, because of another end. In the vCPU thread with the BQL. */
typedef void OrreryNetFn(void *opaque, unsigned level);

/* The @index-th port of this instance that ends a gpio link, e.g. "gpio.PC12"; NULL: no more. */
const char *orrery_net_port(unsigned index);

/*
 * orrery_net_open - take that port, before the machine starts
 *
 * NULL when no gpio link of the manifest ends there. Owned by @parent, as a child of the port's
 * name. Nothing is driven or pulled at first.
 */
OrreryNet *orrery_net_open(const char *port, Object *parent, OrreryNetFn *changed,
                           void *opaque);

/* What this end puts on the wire from now on. Does not call @changed: ask for the level. */
void orrery_net_drive(OrreryNet *net, unsigned level, OrreryNetPull pull);

/* The level as seen here: 0, 1, or ORRERY_NET_Z when it floats. */
unsigned orrery_net_level(const OrreryNet *net);

/*
 * orrery_net_reset_pin - take that port as the reset pin (low active, pulled up) of the machine
 *
 * A low level resets the machine and holds the core; when it rises the core starts. Nothing when
 * no link ends there. After the core is realized.
 */
void orrery_net_reset_pin(const char *port, Object *parent);

#endif
