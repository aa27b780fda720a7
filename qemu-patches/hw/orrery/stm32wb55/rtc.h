/*
 * STM32WB55 real-time clock: registers and state
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_RTC_H
#define HW_ORRERY_STM32WB55_RTC_H

#include "hw/irq.h"
#include "hw/registerfields.h"
#include "qemu/timer.h"
#include "block.h"
#include "edges.h"

REG32(TR, 0x00)
REG32(DR, 0x04)
    FIELD(DR, YEAR, 16, 8)
REG32(CR, 0x08)
    FIELD(CR, WUCKSEL, 0, 3)
    FIELD(CR, TSEDGE, 3, 1)
    FIELD(CR, REFCKON, 4, 1)
    FIELD(CR, BYPSHAD, 5, 1)
    FIELD(CR, FMT, 6, 1)
    FIELD(CR, ALRAE, 8, 1)
    FIELD(CR, WUTE, 10, 1)
    FIELD(CR, TSE, 11, 1)
    FIELD(CR, ALRAIE, 12, 1)
    FIELD(CR, WUTIE, 14, 1)
    FIELD(CR, TSIE, 15, 1)
    FIELD(CR, ADD1H, 16, 1)
    FIELD(CR, SUB1H, 17, 1)
REG32(ISR, 0x0c)
    FIELD(ISR, ALRAWF, 0, 1)
    FIELD(ISR, ALRBWF, 1, 1)
    FIELD(ISR, WUTWF, 2, 1)
    FIELD(ISR, INITS, 4, 1)
    FIELD(ISR, RSF, 5, 1)
    FIELD(ISR, INITF, 6, 1)
    FIELD(ISR, INIT, 7, 1)
    FIELD(ISR, ALRAF, 8, 1)
    FIELD(ISR, WUTF, 10, 1)
    FIELD(ISR, TSF, 11, 1)
    FIELD(ISR, TSOVF, 12, 1)
    FIELD(ISR, TAMP1F, 13, 1)
    FIELD(ISR, RECALPF, 16, 1)
    FIELD(ISR, ITSF, 17, 1)
REG32(PRER, 0x10)
    FIELD(PRER, PREDIV_S, 0, 15)
    FIELD(PRER, PREDIV_A, 16, 7)
REG32(WUTR, 0x14)
REG32(ALRMAR, 0x1c)
REG32(ALRMBR, 0x20)
REG32(WPR, 0x24)
REG32(SSR, 0x28)
REG32(SHIFTR, 0x2c)
    FIELD(SHIFTR, SUBFS, 0, 15)
    FIELD(SHIFTR, ADD1S, 31, 1)
REG32(TSTR, 0x30)
REG32(TSDR, 0x34)
REG32(TSSSR, 0x38)
REG32(CALR, 0x3c)
    FIELD(CALR, CALM, 0, 9)
    FIELD(CALR, CALP, 15, 1)
REG32(TAMPCR, 0x40)
    FIELD(TAMPCR, TAMPIE, 2, 1)
    FIELD(TAMPCR, TAMPTS, 7, 1)
    FIELD(TAMPCR, TAMPFLT, 11, 2)
REG32(ALRMASSR, 0x44)
REG32(ALRMBSSR, 0x48)
REG32(OR, 0x4c)
REG32(BKP0R, 0x50)
REG32(BKP19R, 0x9c)

#define TYPE_STM32WB_RTC "stm32wb-rtc"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbRtc, STM32WB_RTC)

#define RTC_WORDS (A_BKP19R / 4 + 1)
#define ALARMS 2
#define TAMPERS 3
#define ISR_FLAGS 0x0002FF00u /* cleared by writing 0 */
#define CALIBRATION_ONE (1 << 20)
/* synchronisation between PCLK and RTCCLK takes two of RTCCLK (29.3.7) */
#define SYNC_CYCLES 2

/* TAMPCR of input n (0 to 2) */
#define TAMP_ENABLE(n) (1u << (2 * (n) + ((n) ? 1 : 0)))
#define TAMP_TRIGGER(n) (TAMP_ENABLE(n) << 1)
#define TAMP_IE(n) (1u << (16 + 3 * (n)))
#define TAMP_NO_ERASE(n) (1u << (17 + 3 * (n)))
#define TAMP_MASK_FLAG(n) (1u << (18 + 3 * (n)))

typedef struct WbTamperPin {
    Stm32wbRtc *rtc;
    int n;
} WbTamperPin;

struct Stm32wbRtc {
    Stm32wbBlock parent_obj;

    uint32_t regs[RTC_WORDS];

    WbEdges clock; /* RTCCLK */
    uint64_t tick;      /* up to here everything below has been counted */

    uint64_t part;      /* of a step, in 2^-20 of a calibrated RTCCLK */
    int64_t step;       /* since 2000, PREDIV_S + 1 a second */
    uint32_t first_weekday;
    uint64_t spre;      /* edges of ck_spre */
    uint64_t wut_next;  /* tick or edge of ck_spre at which the wake-up timer is through */
    int64_t alarm_next[ALARMS];

    /* waits for synchronisation: when they began; INT64_MIN: long ago */
    int64_t init_since, rsf_since, recal_since;
    int64_t writable_since[ALARMS + 1]; /* ALRAWF, ALRBWF, WUTWF */
    uint32_t shadow_tr, shadow_dr;
    bool tr_locked, dr_locked;
    bool shadow_reset;  /* by a system reset, until synchronised */
    uint8_t keys;       /* of WPR: how many were right; 2: unlocked */
    uint8_t pins;       /* levels: tamper 1 to 3, timestamp */
    WbTamperPin tamper_pin[TAMPERS];
    bool backup_writable;
    bool lse_css;
    bool powered;
    bool battery; /* it has been set, and ran on it (rtc-battery) */

    QEMUTimer *timer;
    qemu_irq alarm_irq, tamper_irq, wakeup_irq, internal_wakeup;
    qemu_irq alarm_out[ALARMS], tamper_out[TAMPERS], wakeup_out; /* to timers */
};

/* ---- rtc-time.c ---- */

static inline int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Count up to the present; before anything is read or changed. */
void wb_rtc_catch_up(Stm32wbRtc *s);
/* After a change: find the next events, set the lines. */
void wb_rtc_update(Stm32wbRtc *s);
void wb_rtc_update_irq(Stm32wbRtc *s);
void wb_rtc_event_due(void *opaque);
void wb_rtc_clock_changed(Stm32wbBlock *b);

/* @cycles of RTCCLK have passed since @since. */
bool wb_rtc_passed(const Stm32wbRtc *s, int64_t since, unsigned cycles);
bool wb_rtc_in_init(const Stm32wbRtc *s);
uint32_t wb_rtc_steps_a_second(const Stm32wbRtc *s);
int64_t wb_rtc_now(const Stm32wbRtc *s);
uint32_t wb_rtc_time_register(const Stm32wbRtc *s);
uint32_t wb_rtc_date_register(const Stm32wbRtc *s);
uint32_t wb_rtc_subsecond_register(const Stm32wbRtc *s);
void wb_rtc_start_wut(Stm32wbRtc *s);

#endif
