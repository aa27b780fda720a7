/* SPDX-License-Identifier: Apache-2.0 */
/* patience.c - how long to wait, in wall time, for a process that may only be waiting for a core.
 */
#include <stdio.h>
#include <unistd.h>

#include "orrery.h"

/* How many want a core, for each core there is; at least 1. The mean of the last minute comes late
 * to a burst, and the number of this moment misses those that sleep for a moment: the greater. */
static double crowd(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    FILE *file = fopen("/proc/loadavg", "re");
    double mean = 0, now = 0;

    if (file && fscanf(file, "%lf %*s %*s %lf", &mean, &now) < 2) {
        now = mean;
    }
    if (file) {
        fclose(file);
    }
    now = (mean > now ? mean : now) / (double)(cores > 0 ? cores : 1);
    return now > 1 ? now : 1;
}

uint64_t orrery_patience_ms(uint64_t ms)
{
    return (uint64_t)((double)ms * crowd());
}
