/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - what the broker tells people: one `orrery: ...` line on stderr, and times. */
#ifndef ORRERY_BROKER_SAY_H
#define ORRERY_BROKER_SAY_H

#include <stddef.h>
#include <stdint.h>

#define ORRERY_TIME_TEXT 32

/* "orrery: " + text + newline to stderr, in one write. */
__attribute__((format(printf, 1, 2))) void orrery_say(const char *format, ...);

/* Virtual time in seconds with 9 decimals; "never" for ORRERY_TIME_INF. Returns buf. */
const char *orrery_time_text(char buf[ORRERY_TIME_TEXT], uint64_t ns);

/* Length of the UTF-8 character at text; 0: it is none, or a control character, which a terminal
 * would obey: ESC, and those above 0x7f as well. */
size_t orrery_utf8(const char *text, size_t len);

/* Monotonic host time in ns. */
uint64_t orrery_host_ns(void);

#endif
