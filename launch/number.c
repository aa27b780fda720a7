// SPDX-License-Identifier: Apache-2.0
#include "number.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orrery.h"

/* isdigit() and strtod() ask the locale; a manifest means the same everywhere. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool accumulate(uint64_t *value, unsigned base, unsigned digit)
{
    return !__builtin_mul_overflow(*value, base, value) &&
           !__builtin_add_overflow(*value, digit, value);
}

static uint64_t unit_ns(const char *unit)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
        {"ns", 1},
        {"us", 1000},
        {"ms", 1000000},
        {"s", 1000000000},
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!strcmp(unit, units[i].name)) {
            return units[i].ns;
        }
    }
    return 0;
}

const char *parse_time(const char *text, uint64_t *ns)
{
    static const char not_a_time[] = "not a time; write it like 2s, 1.5s, 10us or 86806ns";
    static const char too_long[] = "longer than virtual time lasts (13 days)";
    const char *p = text, *fraction = NULL;
    uint64_t whole = 0, scale, value;

    if (!is_digit(*p)) {
        return not_a_time;
    }
    for (; is_digit(*p); p++) {
        if (!accumulate(&whole, 10, (unsigned)(*p - '0'))) {
            return too_long;
        }
    }
    if (*p == '.') {
        fraction = ++p;
        if (!is_digit(*p)) {
            return not_a_time;
        }
        p += strspn(p, "0123456789");
    }
    if (!*p) {
        return "a time needs a unit: 2s, 10ms, 10us or 86806ns";
    }
    scale = unit_ns(p);
    if (!scale) {
        return not_a_time;
    }
    if (__builtin_mul_overflow(whole, scale, &value) || value >= ORRERY_TIME_INF) {
        return too_long;
    }
    for (; fraction && is_digit(*fraction); fraction++) {
        scale /= 10;
        if (!scale && *fraction != '0') {
            return "finer than a nanosecond";
        }
        value += scale * (uint64_t)(*fraction - '0');
    }
    if (value >= ORRERY_TIME_INF) {
        return too_long;
    }
    *ns = value;
    return NULL;
}

static unsigned digit_value(char c)
{
    if (is_digit(c)) {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A') + 10;
    }
    return 99;
}

const char *parse_u64(const char *text, uint64_t *value)
{
    unsigned base = 10;
    uint64_t sum = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
        base = text[1] == 'x' ? 16 : 8;
        text += 2;
    } else if (text[0] == '-' && is_digit(text[1])) {
        return "negative";
    }
    if (!*text) {
        return "not a whole number";
    }
    for (; *text; text++) {
        unsigned digit = digit_value(*text);

        if (digit >= base) {
            return "not a whole number";
        }
        if (!accumulate(&sum, base, digit)) {
            return "more than 64 bits";
        }
    }
    *value = sum;
    return NULL;
}

const char *parse_pace(const char *text, double *value)
{
    static const char not_a_pace[] = "not a pace; 1.0 is real time, 0 as fast as it goes";
    size_t whole = strspn(text, "0123456789");
    const char *end = text + whole;
    double pace;

    if (*end == '.') {
        end += 1 + strspn(end + 1, "0123456789");
    }
    if (!whole || *end || strlen(text) > 20) {
        return not_a_pace;
    }
    pace = strtod(text, NULL); /* orrery never calls setlocale(): a point is a point */
    if (pace != 0 && (pace < 0.001 || pace > 1000)) {
        return "a pace is 0, or from 0.001 to 1000";
    }
    *value = pace;
    return NULL;
}

const char *parse_probability(const char *text, uint32_t *ppb)
{
    static const char not_one[] = "a probability from 0 to 1 was meant, like 0.05";
    uint32_t scale = 1000000000, value;
    const char *p = text;

    if ((*p != '0' && *p != '1') || (p[1] && p[1] != '.')) {
        return not_one;
    }
    value = *p == '1' ? scale : 0;
    for (p += p[1] ? 2 : 1; is_digit(*p); p++) {
        scale /= 10;
        if (!scale && *p != '0') {
            return "finer than 0.000000001";
        }
        value += scale * (uint32_t)(*p - '0');
    }
    if (*p || value > 1000000000) {
        return not_one;
    }
    *ppb = value;
    return NULL;
}

char *format_time(uint64_t ns, char *buf)
{
    snprintf(buf, TIME_TEXT_SIZE, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
    return buf;
}
