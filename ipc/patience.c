/* SPDX-License-Identifier: Apache-2.0 */
/* patience.c - how long to wait, in wall time, for a process that may only be waiting for a core.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "orrery.h"

/* How many want a core, for each core there is; at least 1. The mean of the last minute comes late
 * to a burst, and the number of this moment misses those that sleep for a moment: the greater. */
static double crowd(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    FILE *file = fopen("/proc/loadavg", "re");
    char text[80] = "", *word = text;
    double mean = 0, now = 0;

    if (file) {
        fgets(text, sizeof(text), file);
        fclose(file);
    }
    mean = strtod(word, &word); /* "mean mean5 mean15 running/all last" */
    (void)strtod(word, &word);
    (void)strtod(word, &word);
    now = strtod(word, &word);
    now = (mean > now ? mean : now) / (double)(cores > 0 ? cores : 1);
    return now > 1 ? now : 1;
}

uint64_t orrery_patience_ms(uint64_t ms)
{
    return (uint64_t)((double)ms * crowd());
}
