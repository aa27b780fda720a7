// SPDX-License-Identifier: Apache-2.0
/* counters.h - what is counted of each direction of a link, by the names that people use. */
#ifndef LAUNCH_COUNTERS_H
#define LAUNCH_COUNTERS_H

#define COUNTERS 8
extern const char *const counter_names[COUNTERS]; /* call.h: lane_counter() has their values */

#endif
