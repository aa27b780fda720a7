/* SPDX-License-Identifier: Apache-2.0 */
/* rtc.c - calendar, alarms, wake-up timer, calibration, protection, backup registers; RM0434 29. */
#include "test.h"

#define CR_BYPSHAD (1u << 5)
#define CR_FMT (1u << 6)
#define CR_ALRAE (1u << 8)
#define CR_ALRBE (1u << 9)
#define CR_WUTE (1u << 10)
#define CR_ALRAIE (1u << 12)
#define CR_ALRBIE (1u << 13)
#define CR_WUTIE (1u << 14)
#define CR_ADD1H (1u << 16)
#define CR_SUB1H (1u << 17)
#define ISR_ALRAWF (1u << 0)
#define ISR_WUTWF (1u << 2)
#define ISR_INITS (1u << 4)
#define ISR_RSF (1u << 5)
#define ISR_INITF (1u << 6)
#define ISR_INIT (1u << 7)
#define ISR_ALRAF (1u << 8)
#define ISR_ALRBF (1u << 9)
#define ISR_WUTF (1u << 10)
#define ALARM_MASK_ALL 0x80808080u
#define LIFE REG32(SRAM2B_MEMORY + 0x7ff0)
#define SECOND_LIFE 0x5ec0d11f
#define EXTI_ALARM (1u << 17)
#define EXTI_WAKEUP (1u << 19)

static volatile uint32_t alarms, wakeups, first, last;

void irq_RTC_ALARM(void)
{
    alarms |= RTC_ISR & (ISR_ALRAF | ISR_ALRBF);
    last = cycles();
    RTC_ISR = ~(ISR_ALRAF | ISR_ALRBF | ISR_INIT);
    EXTI_PR1 = EXTI_ALARM;
}

void irq_RTC_WKUP(void)
{
    last = cycles();
    if (!wakeups++) {
        first = last;
    }
    RTC_ISR = ~(ISR_WUTF | ISR_INIT);
    EXTI_PR1 = EXTI_WAKEUP;
}

static void unlock(void)
{
    RTC_WPR = 0xca;
    RTC_WPR = 0x53;
}

static bool init_mode(void)
{
    RTC_ISR |= ISR_INIT;
    return wait_until(&RTC_ISR, ISR_INITF, ISR_INITF, 100000);
}

static void run_mode(void)
{
    RTC_ISR &= ~ISR_INIT;
    wait_until(&RTC_ISR, ISR_RSF, ISR_RSF, 100000);
}

static void set(uint32_t tr, uint32_t dr)
{
    init_mode();
    RTC_PRER = 127u << 16 | 255;
    RTC_TR = tr;
    RTC_DR = dr;
    run_mode();
}

static void wait_second(void)
{
    uint32_t tr = RTC_TR;

    while (RTC_TR == tr) {
    }
    (void)RTC_DR;
}

static void protection(void)
{
    RTC_BKP0R = 1;
    CHECK_EQ("DBP protects the backup registers", RTC_BKP0R, 0);
    PWR_CR1 |= 1u << 8;
    RTC_BKP0R = 1;
    CHECK_EQ("a backup register", RTC_BKP0R, 1);
    CHECK("LSE", lse_on());
    RCC_BDCR |= 1u << 8 | 1u << 15;
    RTC_ISR |= ISR_INIT;
    CHECK_EQ("the keys protect ISR", RTC_ISR & ISR_INIT, 0);
    RTC_WPR = 0xca;
    RTC_WPR = 0x54;
    RTC_ISR |= ISR_INIT;
    CHECK_EQ("a wrong key", RTC_ISR & ISR_INIT, 0);
    unlock();
    CHECK_EQ("INITS of a new calendar", RTC_ISR & ISR_INITS, 0);
    CHECK("initialisation mode", init_mode());
    run_mode();
}

static void calendar(void)
{
    uint32_t from;

    set(0x235958, 0x23e228); /* 2023-02-28, a "Sunday" */
    CHECK_EQ("INITS", RTC_ISR & ISR_INITS, ISR_INITS);
    CHECK_EQ("time as set", RTC_TR, 0x235958);
    CHECK_EQ("date as set", RTC_DR, 0x23e228);
    wait_second();
    from = cycles();
    wait_second();
    CHECK_RANGE("a second", ns_since(from) / 1000, 999900, 1000100);
    CHECK_EQ("midnight", RTC_TR, 0);
    CHECK_EQ("March after 28 February; Monday", RTC_DR, 0x232301);
    set(0x235959, 0x242228);
    wait_second();
    CHECK_EQ("29 February of a leap year", RTC_DR & 0xff1f3f, 0x240229);
    set(0x235959, 0x993231);
    wait_second();
    CHECK_EQ("the century wraps", RTC_DR & 0xff1f3f, 0x000101);
    set(0x100000, 0x242101);
    RTC_CR |= CR_ADD1H;
    CHECK_EQ("summer time", RTC_TR, 0x110000);
    (void)RTC_DR;
    RTC_CR |= CR_SUB1H;
    CHECK_EQ("winter time", RTC_TR, 0x100000);
    (void)RTC_DR;
}

static void twelve_hours(void)
{
    init_mode();
    RTC_CR |= CR_FMT;
    RTC_TR = 0x115959;
    run_mode();
    CHECK_EQ("11:59:59 a.m.", RTC_TR, 0x115959);
    (void)RTC_DR;
    wait_second();
    CHECK_EQ("12 p.m.", RTC_TR, 0x520000);
    (void)RTC_DR;
    init_mode();
    RTC_CR &= ~CR_FMT;
    RTC_TR = 0x130000;
    run_mode();
}

static void shadows(void)
{
    uint32_t ssr, tr;

    wait_second();
    ssr = RTC_SSR;
    CHECK_RANGE("SSR counts down from PREDIV_S", ssr, 253, 255);
    tr = RTC_TR;
    delay_us(1100000);
    CHECK_EQ("TR is frozen until DR is read", RTC_TR, tr);
    (void)RTC_DR;
    CHECK("and goes on then", RTC_TR != tr);
    (void)RTC_DR;
    RTC_ISR &= ~(ISR_RSF | ISR_INIT);
    CHECK_EQ("RSF cleared", RTC_ISR & ISR_RSF, 0);
    CHECK("RSF comes", wait_until(&RTC_ISR, ISR_RSF, ISR_RSF, 10000));
    RTC_CR |= CR_BYPSHAD;
    CHECK_EQ("BYPSHAD: no RSF", RTC_ISR & ISR_RSF, 0);
    tr = RTC_TR;
    delay_us(1100000);
    CHECK("BYPSHAD: nothing is frozen", RTC_TR != tr);
    RTC_CR &= ~CR_BYPSHAD;
}

static void alarm(void)
{
    irq_enable(IRQ_RTC_ALARM);
    EXTI_RTSR1 |= EXTI_ALARM;
    EXTI_C1IMR1 |= EXTI_ALARM;
    set(0x125957, 0x242101);
    RTC_ALRMAR = 0x80130000; /* any day at 13:00:00 */
    RTC_ALRMASSR = 0;
    RTC_CR |= CR_ALRAE | CR_ALRAIE;
    CHECK_EQ("an enabled alarm is not for writing", RTC_ISR & ISR_ALRAWF, 0);
    while (!alarms) {
        wfi();
    }
    CHECK_EQ("alarm A", alarms, ISR_ALRAF);
    CHECK_EQ("at its time", RTC_TR, 0x130000);
    (void)RTC_DR;
    RTC_CR &= ~(CR_ALRAE | CR_ALRAIE);
    CHECK("an alarm that is off is for writing",
          wait_until(&RTC_ISR, ISR_ALRAWF, ISR_ALRAWF, 10000));

    alarms = 0;
    RTC_ALRMBR = ALARM_MASK_ALL;
    RTC_ALRMBSSR = 7u << 24 | 100; /* SSR 228 and 100: twice a second */
    RTC_CR |= CR_ALRBE | CR_ALRBIE;
    for (unsigned i = 0; i < 2; i++) {
        alarms = 0;
        while (!alarms) {
            wfi();
        }
        CHECK_EQ(i ? "alarm B by subsecond, again" : "alarm B by subsecond", RTC_SSR & 0x7f, 100);
        (void)RTC_DR;
    }
    CHECK_EQ("alarm B", alarms, ISR_ALRBF);
    RTC_CR &= ~(CR_ALRBE | CR_ALRBIE);

    set(0x235959, 0x246201);                       /* a Wednesday (3), the 1st */
    RTC_ALRMAR = 1u << 30 | 4u << 24 | 0x00000000; /* Thursday at midnight */
    RTC_CR |= CR_ALRAE;
    CHECK_EQ("not yet Thursday", RTC_ISR & ISR_ALRAF, 0);
    wait_second();
    CHECK_EQ("alarm on a weekday, polled", RTC_ISR & ISR_ALRAF, ISR_ALRAF);
    RTC_CR &= ~CR_ALRAE;
    RTC_ISR = ~(ISR_ALRAF | ISR_INIT);

    RTC_ALRMAR = 1; /* a vendor time base: everything 0 but a second of 1 */
    RTC_CR |= CR_ALRAE;
    set(0, 0);
    wait_second();
    CHECK_EQ("an alarm on the date 0 of a calendar set to 0", RTC_ISR & ISR_ALRAF, ISR_ALRAF);
    RTC_CR &= ~CR_ALRAE;
    RTC_ISR = ~(ISR_ALRAF | ISR_INIT);
}

static void wakeup(uint32_t select, uint32_t reload)
{
    RTC_CR &= ~CR_WUTE;
    wait_until(&RTC_ISR, ISR_WUTWF, ISR_WUTWF, 10000);
    RTC_WUTR = reload;
    RTC_CR = (RTC_CR & ~7u) | select;
    wakeups = 0;
    RTC_CR |= CR_WUTE | CR_WUTIE;
}

static void wakeup_timer(void)
{
    irq_enable(IRQ_RTC_WKUP);
    EXTI_RTSR1 |= EXTI_WAKEUP;
    EXTI_C1IMR1 |= EXTI_WAKEUP;
    wakeup(3, 1638); /* RTCCLK / 2: 100.04 ms */
    while (wakeups < 6) {
        wait_until(&RTC_ISR, 0, 0, 1);
    }
    CHECK_RANGE("wake-up timer on RTCCLK / 2", ((last - first) / 5 * 1000000ull) / core_hz, 100000,
                100060);
    wakeup(0, 2047); /* RTCCLK / 16: 1 s */
    while (wakeups < 2) {
    }
    CHECK_RANGE("wake-up timer on RTCCLK / 16", (last - first) * 1000000ull / core_hz, 999900,
                1000100);
    wakeup(4, 1); /* ck_spre: 2 s */
    while (wakeups < 2) {
    }
    CHECK_RANGE("wake-up timer on ck_spre", (last - first) * 1000000ull / core_hz, 1999900,
                2000100);
    RTC_CR &= ~(CR_WUTE | CR_WUTIE);
}

static void shift_and_calibration(void)
{
    uint32_t from;

    set(0x100000, 0x242101);
    delay_us(500000);
    RTC_SHIFTR = 64; /* a quarter of a second back */
    CHECK_RANGE("shifted back", RTC_SSR, 255 - 64 - 3, 255 - 64 + 3);
    (void)RTC_DR;
    RTC_SHIFTR = 1u << 31;
    RTC_ISR &= ~(ISR_RSF | ISR_INIT);
    wait_until(&RTC_ISR, ISR_RSF, ISR_RSF, 10000);
    CHECK_EQ("a second added", RTC_TR, 0x100001);
    (void)RTC_DR;
    RTC_CALR = 511; /* 487 ppm slower */
    wait_second();
    from = cycles();
    wait_second();
    CHECK_RANGE("calibrated slower", ns_since(from) / 1000, 1000440, 1000540);
    RTC_CALR = 1u << 15; /* 488 ppm faster */
    wait_second();
    from = cycles();
    wait_second();
    CHECK_RANGE("calibrated faster", ns_since(from) / 1000, 999460, 999560);
    RTC_CALR = 0;
}

static void second_life(void)
{
    uint32_t tr;

    LIFE = 0;
    CHECK_EQ("the backup registers outlive a reset", RTC_BKP19R, 0xbac0ff19);
    CHECK_EQ("RTCSEL outlives a reset", RCC_BDCR >> 8 & 0x83, 0x81);
    wait_until(&RTC_ISR, ISR_RSF, ISR_RSF, 10000);
    tr = RTC_TR;
    CHECK_RANGE("so does the time", tr, 0x200000, 0x200002);
    (void)RTC_DR;
    PWR_CR1 |= 1u << 8;
    RCC_BDCR |= 1u << 16;
    RCC_BDCR &= ~(1u << 16);
    CHECK_EQ("not so a backup domain reset", RTC_BKP19R, 0);
    CHECK_EQ("calendar after it", RTC_DR, 0x2101);
}

void test(void)
{
    RCC_APB1ENR1 |= 1u << 10;
    if (LIFE == SECOND_LIFE) {
        second_life();
        return;
    }
    protection();
    calendar();
    twelve_hours();
    shadows();
    alarm();
    wakeup_timer();
    shift_and_calibration();
    set(0x200000, 0x242101);
    RTC_BKP19R = 0xbac0ff19;
    LIFE = SECOND_LIFE;
    SCB_AIRCR = 0x05fa0004;
    for (;;) {
    }
}
