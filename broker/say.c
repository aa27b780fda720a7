/* SPDX-License-Identifier: Apache-2.0 */
#include "say.h"

#include <glib.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "orrery.h"

void orrery_say(const char *format, ...)
{
    char line[1024];
    int start = snprintf(line, sizeof(line), "orrery: "), n;
    va_list args;

    va_start(args, format);
    n = vsnprintf(line + start, sizeof(line) - (size_t)start - 1, format, args);
    va_end(args);
    if (n < 0) {
        return;
    }
    n += start;
    if (n > (int)sizeof(line) - 2) {
        n = (int)sizeof(line) - 2;
    }
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0) {
        return; /* nobody is left to tell */
    }
}

const char *orrery_time_text(char buf[ORRERY_TIME_TEXT], uint64_t ns)
{
    if (ns >= ORRERY_TIME_INF) {
        snprintf(buf, ORRERY_TIME_TEXT, "never");
    } else {
        snprintf(buf, ORRERY_TIME_TEXT, "%" PRIu64 ".%09" PRIu64, ns / UINT64_C(1000000000),
                 ns % UINT64_C(1000000000));
    }
    return buf;
}

uint64_t orrery_host_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

size_t orrery_utf8(const char *text, size_t len)
{
    gunichar c = g_utf8_get_char_validated(text, (gssize)len);

    return c == (gunichar)-1 || c == (gunichar)-2 || g_unichar_iscntrl(c)
               ? 0
               : (size_t)(g_utf8_next_char(text) - text);
}
