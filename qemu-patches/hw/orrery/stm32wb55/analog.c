/*
 * STM32WB55: voltages on the board's analogue inputs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "analog.h"
#include <math.h>

#define MAX_UV 1000000000 /* 1 kV */

/* Digits with at most one point, in millionths; advances *@text. */
static bool parse_decimal(const char **text, int64_t *micro)
{
    const char *p = *text;
    bool negative = *p == '-', digits = false, point = false;
    int64_t value = 0;
    int decimals = 0;

    for (p += negative; g_ascii_isdigit(*p) || (*p == '.' && !point); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        digits = true;
        if (point && ++decimals > 6) {
            continue;
        }
        if (value > INT64_MAX / 10000000000) {
            return false;
        }
        value = value * 10 + (*p - '0');
    }
    for (int i = MIN(decimals, 6); i < 6; i++) {
        value *= 10;
    }
    *micro = negative ? -value : value;
    *text = p;
    return digits;
}

bool wb_quantity_parse(const char *text, const char *unit, int64_t *micro)
{
    int64_t value;

    if (!parse_decimal(&text, &value)) {
        return false;
    }
    if (strcmp(text, unit) != 0) {
        switch (*text++) {
        case 'm':
            value /= 1000;
            break;
        case 'u':
            value /= 1000000;
            break;
        case 'k':
            value = MIN(value, INT64_MAX / 1000) * 1000;
            break;
        case 'M':
            value = MIN(value, INT64_MAX / 1000000) * 1000000;
            break;
        default:
            return false;
        }
        if (strcmp(text, unit) != 0) {
            return false;
        }
    }
    *micro = value;
    return true;
}

static bool parse_uv(const char *text, int32_t *uv)
{
    int64_t micro;

    if (!wb_quantity_parse(text, "V", &micro) || micro > MAX_UV ||
        micro < -MAX_UV) {
        return false;
    }
    *uv = micro;
    return true;
}

/* "1.5ms" in ns */
static bool parse_time(const char *text, int64_t *ns)
{
    int64_t scale = 1000000000;

    if (!parse_decimal(&text, ns) || *ns < 0) {
        return false;
    }
    if (g_str_equal(text, "ms")) {
        scale = 1000000;
    } else if (g_str_equal(text, "us")) {
        scale = 1000;
    } else if (g_str_equal(text, "ns")) {
        scale = 1;
    } else if (!g_str_equal(text, "s") && *text) {
        return false;
    }
    if (*ns > INT64_MAX / 2 / scale) {
        return false;
    }
    *ns = *ns * scale / 1000000;
    return true;
}

static bool parse_sine(WbSource *s, const char *text, Error **errp)
{
    g_auto(GStrv) part = g_strsplit(text, "/", -1);
    int64_t frequency;

    if (g_strv_length(part) != 3 ||
        !wb_quantity_parse(part[0], "Hz", &frequency) || frequency < 1000 ||
        frequency / 1000 > UINT32_MAX || !parse_uv(part[1], &s->uv) ||
        !parse_uv(part[2], &s->amplitude)) {
        error_setg(errp, "'sine:%s': a frequency, an offset and an amplitude "
                   "were meant, e.g. sine:50Hz/1.65V/1V", text);
        return false;
    }
    s->mhz = frequency / 1000;
    return true;
}

static bool parse_line(WbSource *s, char *line)
{
    g_auto(GStrv) word = NULL;
    WbSourcePoint point, *last = NULL;

    if (strchr(line, '#')) {
        *strchr(line, '#') = 0;
    }
    g_strdelimit(line, "\t\r,", ' ');
    while (strstr(line, "  ")) {
        memmove(strstr(line, "  "), strstr(line, "  ") + 1,
                strlen(strstr(line, "  ")));
    }
    g_strstrip(line);
    if (!*line) {
        return true;
    }
    word = g_strsplit(line, " ", -1);
    if (s->points->len) {
        last = &g_array_index(s->points, WbSourcePoint, s->points->len - 1);
    }
    if (g_strv_length(word) != 2 || !parse_time(word[0], &point.ns) ||
        !parse_uv(word[1], &point.uv) || (last && point.ns <= last->ns)) {
        return false;
    }
    g_array_append_val(s->points, point);
    return true;
}

static bool parse_file(WbSource *s, const char *name, Error **errp)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) line = NULL;
    g_autoptr(GError) err = NULL;

    if (!g_file_get_contents(name, &text, NULL, &err)) {
        error_setg(errp, "%s", err->message);
        return false;
    }
    s->points = g_array_new(false, false, sizeof(WbSourcePoint));
    line = g_strsplit(text, "\n", -1);
    for (int i = 0; line[i]; i++) {
        if (!parse_line(s, line[i])) {
            error_setg(errp, "%s:%d: a later time and a voltage were meant, "
                       "e.g. 1.5ms 0.3V", name, i + 1);
            return false;
        }
    }
    if (!s->points->len) {
        error_setg(errp, "%s: no line with a time and a voltage", name);
        return false;
    }
    return true;
}

bool wb_source_parse(WbSource *s, const char *text, Error **errp)
{
    wb_source_finish(s);
    if (g_str_has_prefix(text, "sine:")) {
        return parse_sine(s, text + strlen("sine:"), errp);
    }
    if (g_str_has_prefix(text, "file:")) {
        return parse_file(s, text + strlen("file:"), errp);
    }
    if (!parse_uv(text, &s->uv)) {
        error_setg(errp, "'%s': a voltage (1.2V), sine:... or file:... was "
                   "meant", text);
        return false;
    }
    return true;
}

void wb_source_finish(WbSource *s)
{
    if (s->points) {
        g_array_free(s->points, true);
    }
    memset(s, 0, sizeof(*s));
}

/* Millihertz times ns is 10^-12 turns; only the fraction of a turn goes through sin(). */
static int32_t sine_uv(const WbSource *s, int64_t ns)
{
    uint64_t lo, hi, rest;

    mulu64(&lo, &hi, ns, s->mhz);
    rest = divu128(&lo, &hi, 1000000000000);
    return s->uv + (int32_t)lrint(s->amplitude *
                                  sin(2 * M_PI * (rest / 1000000000000.0)));
}

static int32_t point_uv(const WbSource *s, int64_t ns)
{
    guint low = 0, high = s->points->len;

    while (high - low > 1) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(s->points, WbSourcePoint, middle).ns <= ns) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return g_array_index(s->points, WbSourcePoint, low).uv;
}

int32_t wb_source_uv(const WbSource *s, int64_t ns)
{
    if (s->points) {
        return point_uv(s, ns);
    }
    return s->mhz ? sine_uv(s, MAX(ns, 0)) : s->uv;
}
