// SPDX-License-Identifier: Apache-2.0
/*
 * number.h - times and numbers as people write them, exactly.
 *
 * Each parser takes the whole text or nothing. It returns NULL when all is well, else what is
 * wrong, as a phrase that fits after "TEXT: ".
 */
#ifndef LAUNCH_NUMBER_H
#define LAUNCH_NUMBER_H

#include <stdint.h>

/* "2s", "1.5s", "10us", "86806ns": digits, perhaps a fraction, a unit (ns us ms s). No sign, no
 * space, no exponent. At most 13 days, the range of virtual time (ORRERY_TIME_INF). */
const char *parse_time(const char *text, uint64_t *ns);

/* 42, 0x2a, 0o52: what YAML calls an integer, from 0 to 2^64 - 1. */
const char *parse_u64(const char *text, uint64_t *value);

/* A pace: 0 (as fast as it goes), or from 0.001 to 1000 times real time. */
const char *parse_pace(const char *text, double *value);

/* A probability, from 0 to 1 with at most nine decimals, in parts of 10^9. */
const char *parse_probability(const char *text, uint32_t *ppb);

/* Seconds with nine decimals, "1.500000000", into a buffer of TIME_TEXT_SIZE. Returns it. */
#define TIME_TEXT_SIZE 32
char *format_time(uint64_t ns, char *buf);

#endif
