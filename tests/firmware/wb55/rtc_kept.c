/* SPDX-License-Identifier: Apache-2.0 */
/* rtc_kept.c - a calendar that was set before, and ran on its battery (rtc_kept.yaml). */
#include "test.h"

#define LSEON 1u
#define LSERDY 2u
#define RTCEN 0x8000u

void test(void)
{
    clock_64mhz();
    clocks_on();
    CHECK_EQ("LSE drives RTC", RCC_BDCR & 0x8303u, RTCEN | 0x100 | LSERDY | LSEON);
    CHECK("INITS", RTC_ISR & 0x10);
    CHECK("RSF", wait_until(&RTC_ISR, 0x20, 0x20, 100000));
    CHECK_EQ("time", RTC_TR, 0x235958);
    CHECK_EQ("date: a Thursday", RTC_DR, 0x248229);
    delay_us(2000000);
    CHECK_EQ("time after two seconds", RTC_TR, 0);
    CHECK_EQ("date: a Friday", RTC_DR, 0x24a301);
}
