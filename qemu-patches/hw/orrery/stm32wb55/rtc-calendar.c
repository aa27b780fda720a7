/*
 * STM32WB55 RTC: the calendar as arithmetic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/registerfields.h"
#include "rtc-calendar.h"

REG32(TR, 0x00)
    FIELD(TR, SEC, 0, 7)
    FIELD(TR, MIN, 8, 7)
    FIELD(TR, HOUR, 16, 6)
    FIELD(TR, PM, 22, 1)
REG32(DR, 0x04)
    FIELD(DR, DATE, 0, 6)
    FIELD(DR, MONTH, 8, 5)
    FIELD(DR, WDU, 13, 3)
    FIELD(DR, YEAR, 16, 8)
REG32(ALRMR, 0x1c)
    FIELD(ALRMR, MSK1, 7, 1)
    FIELD(ALRMR, MSK2, 15, 1)
    FIELD(ALRMR, MSK3, 23, 1)
    FIELD(ALRMR, DAY, 24, 6)
    FIELD(ALRMR, WDSEL, 30, 1)
    FIELD(ALRMR, MSK4, 31, 1)
REG32(ALRMSSR, 0x44)
    FIELD(ALRMSSR, SS, 0, 15)
    FIELD(ALRMSSR, MASKSS, 24, 4)

#define DAY_S 86400
#define CENTURY_DAYS 36525 /* years 00 to 99, every fourth a leap year */
/* the longest way from one 31st to the next, and a day for the time of day */
#define SEARCH_DAYS 63

static unsigned from_bcd(uint32_t bcd)
{
    return (bcd >> 4) * 10 + (bcd & 0xF);
}

static uint32_t to_bcd(unsigned n)
{
    return (n / 10) << 4 | n % 10;
}

/* 24 hours from either format; what is out of range stays so. */
static unsigned hour_of(uint32_t tr, bool twelve_hours)
{
    unsigned hour = from_bcd(FIELD_EX32(tr, TR, HOUR));

    if (twelve_hours) {
        return hour % 12 + (FIELD_EX32(tr, TR, PM) ? 12 : 0);
    }
    return hour;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30,
                                      31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && year % 4 == 0);
}

static int64_t days_before_year(unsigned year)
{
    return year * 365 + (year + 3) / 4;
}

typedef struct Date {
    unsigned year, month, day;
} Date;

static Date date_of(int64_t seconds)
{
    unsigned day = seconds / DAY_S % CENTURY_DAYS;
    Date d = { .year = day / 366, .month = 1 };

    while (d.year < 99 && days_before_year(d.year + 1) <= day) {
        d.year++;
    }
    day -= days_before_year(d.year);
    while (day >= days_in_month(d.year, d.month)) {
        day -= days_in_month(d.year, d.month++);
    }
    d.day = day + 1;
    return d;
}

int64_t wb_rtc_seconds(uint32_t tr, uint32_t dr, bool twelve_hours)
{
    unsigned year = MIN(from_bcd(FIELD_EX32(dr, DR, YEAR)), 99);
    unsigned month = from_bcd(FIELD_EX32(dr, DR, MONTH));
    unsigned day = from_bcd(FIELD_EX32(dr, DR, DATE));
    int64_t days = days_before_year(year);

    month = MIN(MAX(month, 1), 12);
    day = MIN(MAX(day, 1), days_in_month(year, month));
    for (unsigned m = 1; m < month; m++) {
        days += days_in_month(year, m);
    }
    return (days + day - 1) * DAY_S + MIN(hour_of(tr, twelve_hours), 23) * 3600 +
           MIN(from_bcd(FIELD_EX32(tr, TR, MIN)), 59) * 60 +
           MIN(from_bcd(FIELD_EX32(tr, TR, SEC)), 59);
}

uint32_t wb_rtc_tr(int64_t seconds, bool twelve_hours)
{
    unsigned hour = seconds / 3600 % 24;
    uint32_t tr = 0;

    if (twelve_hours) {
        tr = FIELD_DP32(tr, TR, PM, hour >= 12);
        hour = hour % 12 ? hour % 12 : 12;
    }
    tr = FIELD_DP32(tr, TR, HOUR, to_bcd(hour));
    tr = FIELD_DP32(tr, TR, MIN, to_bcd(seconds / 60 % 60));
    return FIELD_DP32(tr, TR, SEC, to_bcd(seconds % 60));
}

static unsigned weekday_of(int64_t seconds, unsigned first_weekday)
{
    return (seconds / DAY_S + first_weekday - 1) % 7 + 1;
}

uint32_t wb_rtc_dr(int64_t seconds, unsigned first_weekday)
{
    Date d = date_of(seconds);
    uint32_t dr = FIELD_DP32(0, DR, YEAR, to_bcd(d.year));

    dr = FIELD_DP32(dr, DR, MONTH, to_bcd(d.month));
    dr = FIELD_DP32(dr, DR, DATE, to_bcd(d.day));
    return FIELD_DP32(dr, DR, WDU, weekday_of(seconds, first_weekday));
}

unsigned wb_rtc_first_weekday(int64_t seconds, uint32_t dr)
{
    unsigned weekday = MAX(FIELD_EX32(dr, DR, WDU), 1);

    return (weekday - 1 + 7 - seconds / DAY_S % 7) % 7 + 1;
}

/* ---- alarms ---- */

/* A date or weekday of 0 counts as 1, as it does when the calendar is set. */
static bool day_matches(uint32_t alarm, unsigned first_weekday, int64_t seconds)
{
    if (FIELD_EX32(alarm, ALRMR, MSK4)) {
        return true;
    }
    if (FIELD_EX32(alarm, ALRMR, WDSEL)) {
        return MAX(FIELD_EX32(alarm, ALRMR, DAY) & 0xF, 1) ==
               weekday_of(seconds, first_weekday);
    }
    return MAX(from_bcd(FIELD_EX32(alarm, ALRMR, DAY)), 1) == date_of(seconds).day;
}

/* The first second of the day from @start that matches, or DAY_S. */
static int time_matches(uint32_t alarm, bool twelve_hours, int start)
{
    int t = start;

    while (t < DAY_S) {
        if (!FIELD_EX32(alarm, ALRMR, MSK3) && t / 3600 != hour_of(alarm, twelve_hours)) {
            t = (t / 3600 + 1) * 3600;
        } else if (!FIELD_EX32(alarm, ALRMR, MSK2) &&
                   t / 60 % 60 != from_bcd(FIELD_EX32(alarm, TR, MIN))) {
            t = (t / 60 + 1) * 60;
        } else if (!FIELD_EX32(alarm, ALRMR, MSK1) &&
                   t % 60 != from_bcd(FIELD_EX32(alarm, TR, SEC))) {
            t++;
        } else {
            return t;
        }
    }
    return DAY_S;
}

static int64_t next_second(const WbRtcAlarm *a, unsigned first_weekday, int64_t from)
{
    int64_t day = from / DAY_S;
    int start = from % DAY_S;

    for (int i = 0; i < SEARCH_DAYS; i++, day++, start = 0) {
        int t;

        if (!day_matches(a->time, first_weekday, day * DAY_S)) {
            continue;
        }
        t = time_matches(a->time, a->twelve_hours, start);
        if (t < DAY_S) {
            return day * DAY_S + t;
        }
    }
    return WB_RTC_NEVER;
}

/*
 * The first step of a second from @start at which the low MASKSS bits of SSR, which counts down
 * from @prediv_s, are those of SS; without MASKSS the second's first.
 */
static int64_t next_step(uint32_t sub, uint32_t prediv_s, uint32_t start)
{
    uint32_t bits = FIELD_EX32(sub, ALRMSSR, MASKSS);
    uint32_t mask = (1u << bits) - 1;
    uint32_t step = 0;

    if (bits) {
        step = (prediv_s - FIELD_EX32(sub, ALRMSSR, SS)) & mask;
        if (step < start) {
            step += ROUND_UP(start - step, mask + 1);
        }
    }
    return step >= start && step <= prediv_s ? step : WB_RTC_NEVER;
}

int64_t wb_rtc_alarm_next(const WbRtcAlarm *alarm, uint32_t prediv_s,
                          unsigned first_weekday, int64_t after)
{
    int64_t a_second = (int64_t)prediv_s + 1;
    int64_t from = after + 1;
    int64_t second = from / a_second;
    int64_t step = next_step(alarm->sub, prediv_s, from % a_second);

    if (step == WB_RTC_NEVER ||
        next_second(alarm, first_weekday, second) != second) {
        step = next_step(alarm->sub, prediv_s, 0);
        second = next_second(alarm, first_weekday, second + 1);
        if (step == WB_RTC_NEVER || second == WB_RTC_NEVER) {
            return WB_RTC_NEVER;
        }
    }
    return second * a_second + step;
}
