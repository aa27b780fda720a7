/*
 * STM32WB55 RTC: the calendar as arithmetic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Time is a count of seconds since 2000-01-01 00:00:00, or of steps: PREDIV_S + 1 of them a
 * second, as ck_apre goes. Registers hold BCD (RM0434 29.6.1, 29.6.2, 29.6.7).
 */
#ifndef HW_ORRERY_STM32WB55_RTC_CALENDAR_H
#define HW_ORRERY_STM32WB55_RTC_CALENDAR_H

#include "qemu/osdep.h"

#define WB_RTC_NEVER INT64_MAX

/* What TR and DR say; fields that are no BCD or no date are taken for the nearest that is. */
int64_t wb_rtc_seconds(uint32_t tr, uint32_t dr, bool twelve_hours);

/* TR and DR at @seconds. The week is free: weekday 1 to 7 is that of day 0 plus days. */
uint32_t wb_rtc_tr(int64_t seconds, bool twelve_hours);
uint32_t wb_rtc_dr(int64_t seconds, unsigned first_weekday);

/* The weekday of day 0 that makes DR's the weekday of @seconds. */
unsigned wb_rtc_first_weekday(int64_t seconds, uint32_t dr);

typedef struct WbRtcAlarm {
    uint32_t time; /* ALRMxR */
    uint32_t sub;  /* ALRMxSSR */
    bool twelve_hours;
} WbRtcAlarm;

/* The first step after step @after at which the alarm matches, or WB_RTC_NEVER. */
int64_t wb_rtc_alarm_next(const WbRtcAlarm *alarm, uint32_t prediv_s,
                          unsigned first_weekday, int64_t after);

#endif
