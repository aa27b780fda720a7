/*
 * STM32WB55: voltages on the board's analogue inputs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A source says what voltage an input has at a virtual time:
 *
 *     1.2V, 800mV            constant
 *     sine:50Hz/1.65V/1V     frequency, offset, amplitude
 *     file:NAME              lines of a time and a voltage ("1.5ms 0.3V"), in order of time; a
 *                            voltage lasts until the next line's time; # starts a comment
 */
#ifndef HW_ORRERY_STM32WB55_ANALOG_H
#define HW_ORRERY_STM32WB55_ANALOG_H

#include "qapi/error.h"

typedef struct WbSourcePoint {
    int64_t ns;
    int32_t uv;
} WbSourcePoint;

typedef struct WbSource {
    int32_t uv;        /* constant, or offset of the sine */
    int32_t amplitude; /* uV */
    uint64_t mhz;      /* millihertz; 0: no sine */
    GArray *points;    /* of WbSourcePoint; or NULL */
} WbSource;

/* Parse @text into @s, which is zeroed or was parsed before. */
bool wb_source_parse(WbSource *s, const char *text, Error **errp);
void wb_source_finish(WbSource *s);

/* Microvolts at @ns of virtual time. */
int32_t wb_source_uv(const WbSource *s, int64_t ns);

/* "1.2V", "25C", "50Hz"... with an optional m, u, n, k or M: in millionths; false: not that. */
bool wb_quantity_parse(const char *text, const char *unit, int64_t *micro);

#endif
