// SPDX-License-Identifier: Apache-2.0
#include "counters.h"

/* As broker/counter.c. */
const char *const counter_names[COUNTERS] = {"sent",     "delivered", "overruns",  "framing_errors",
                                             "too_fast", "dropped",   "corrupted", "delayed"};
