/*
 * STM32WB55 real-time clock: what time it is, and what happens when
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/clock.h"
#include "hw/orrery/trace.h"
#include "rtc-calendar.h"
#include "rtc.h"

/* ---- time ---- */

/* @cycles of RTCCLK have passed since @since. */
bool wb_rtc_passed(const Stm32wbRtc *s, int64_t since, unsigned cycles)
{
    if (since == INT64_MIN) {
        return true;
    }
    since = MAX(since, s->clock.anchor_ns); /* another clock counts from its start */
    return s->clock.hz &&
           wb_edges(&s->clock) >= wb_edges_at(&s->clock, since) + cycles;
}

bool wb_rtc_in_init(const Stm32wbRtc *s)
{
    return FIELD_EX32(s->regs[R_ISR], ISR, INIT) &&
           wb_rtc_passed(s, s->init_since, SYNC_CYCLES);
}

uint32_t wb_rtc_steps_a_second(const Stm32wbRtc *s)
{
    return FIELD_EX32(s->regs[R_PRER], PRER, PREDIV_S) + 1;
}

/* Of RTCCLK in 2^-20 (29.3.12) */
static uint32_t calibration(const Stm32wbRtc *s)
{
    uint32_t calr = s->regs[R_CALR];

    return CALIBRATION_ONE + FIELD_EX32(calr, CALR, CALP) * 512 -
           FIELD_EX32(calr, CALR, CALM);
}

static uint64_t parts_a_step(const Stm32wbRtc *s)
{
    return (uint64_t)(FIELD_EX32(s->regs[R_PRER], PRER, PREDIV_A) + 1) *
           CALIBRATION_ONE;
}

int64_t wb_rtc_now(const Stm32wbRtc *s)
{
    return s->step / wb_rtc_steps_a_second(s);
}

uint32_t wb_rtc_time_register(const Stm32wbRtc *s)
{
    return wb_rtc_tr(wb_rtc_now(s), FIELD_EX32(s->regs[R_CR], CR, FMT));
}

uint32_t wb_rtc_date_register(const Stm32wbRtc *s)
{
    return wb_rtc_dr(wb_rtc_now(s), s->first_weekday);
}

uint32_t wb_rtc_subsecond_register(const Stm32wbRtc *s)
{
    uint32_t n = wb_rtc_steps_a_second(s);

    return n - 1 - s->step % n;
}

/* ---- events ---- */

static bool wut_on_ck_spre(const Stm32wbRtc *s)
{
    return s->regs[R_CR] & 4; /* WUCKSEL */
}

static uint64_t wut_period(const Stm32wbRtc *s)
{
    uint32_t sel = FIELD_EX32(s->regs[R_CR], CR, WUCKSEL);
    uint64_t period = (s->regs[R_WUTR] & 0xFFFF) + 1;

    if (sel & 4) {
        return period + (sel & 2 ? 0x10000 : 0);
    }
    return period * (16 >> sel);
}

void wb_rtc_start_wut(Stm32wbRtc *s)
{
    s->wut_next = (wut_on_ck_spre(s) ? s->spre : s->tick) + wut_period(s);
}

static void run_wut(Stm32wbRtc *s)
{
    uint64_t count = wut_on_ck_spre(s) ? s->spre : s->tick;
    uint64_t period = wut_period(s);

    if (FIELD_EX32(s->regs[R_CR], CR, WUTE) && count >= s->wut_next) {
        s->wut_next += ((count - s->wut_next) / period + 1) * period;
        s->regs[R_ISR] |= R_ISR_WUTF_MASK;
        trace_stm32wb_rtc_event("wake-up timer");
    }
}

static void find_alarm(Stm32wbRtc *s, int n)
{
    const WbRtcAlarm alarm = {
        s->regs[R_ALRMAR + n],
        s->regs[R_ALRMASSR + n],
        FIELD_EX32(s->regs[R_CR], CR, FMT),
    };

    s->alarm_next[n] =
        s->regs[R_CR] & (R_CR_ALRAE_MASK << n)
        ? wb_rtc_alarm_next(&alarm, wb_rtc_steps_a_second(s) - 1, s->first_weekday, s->step)
        : WB_RTC_NEVER;
}

static void run_alarms(Stm32wbRtc *s)
{
    for (int n = 0; n < ALARMS; n++) {
        if (s->step >= s->alarm_next[n]) {
            s->regs[R_ISR] |= R_ISR_ALRAF_MASK << n;
            trace_stm32wb_rtc_event(n ? "alarm B" : "alarm A");
            find_alarm(s, n);
        }
    }
}

/* Count up to the present. */
void wb_rtc_catch_up(Stm32wbRtc *s)
{
    uint64_t tick = wb_edges(&s->clock);
    unsigned __int128 parts;
    int64_t before = wb_rtc_now(s);

    if (!wb_rtc_in_init(s)) {
        parts = (unsigned __int128)(tick - s->tick) * calibration(s) + s->part;
        s->step += parts / parts_a_step(s);
        s->part = parts % parts_a_step(s);
        s->spre += wb_rtc_now(s) - before;
    }
    s->tick = tick;
    run_wut(s);
    run_alarms(s);
}

void wb_rtc_update_irq(Stm32wbRtc *s)
{
    uint32_t cr = s->regs[R_CR], isr = s->regs[R_ISR];
    uint32_t tampcr = s->regs[R_TAMPCR];
    /* flags and enables of both alarms lie side by side */
    bool alarm = (isr >> 8) & (cr >> 12) & 3;
    bool wakeup = (isr & R_ISR_WUTF_MASK) && FIELD_EX32(cr, CR, WUTIE);
    bool tamper = (isr & (R_ISR_TSF_MASK | R_ISR_ITSF_MASK)) &&
                  FIELD_EX32(cr, CR, TSIE);

    for (int n = 0; n < TAMPERS; n++) {
        tamper |= (isr & (R_ISR_TAMP1F_MASK << n)) &&
                  (tampcr & (TAMP_IE(n) | R_TAMPCR_TAMPIE_MASK));
    }
    tamper |= s->lse_css;
    for (int n = 0; n < ALARMS; n++) {
        qemu_set_irq(s->alarm_out[n], (isr & (R_ISR_ALRAF_MASK << n)) != 0);
    }
    for (int n = 0; n < TAMPERS; n++) {
        qemu_set_irq(s->tamper_out[n], (isr & (R_ISR_TAMP1F_MASK << n)) != 0);
    }
    qemu_set_irq(s->wakeup_out, wakeup);
    qemu_set_irq(s->alarm_irq, alarm);
    qemu_set_irq(s->wakeup_irq, wakeup);
    qemu_set_irq(s->tamper_irq, tamper);
    qemu_set_irq(s->internal_wakeup, alarm || wakeup || tamper);
}

/* RTCCLK ticks until @step */
static uint64_t tick_of_step(const Stm32wbRtc *s, int64_t step)
{
    unsigned __int128 parts =
        (unsigned __int128)(step - s->step) * parts_a_step(s) - s->part;

    return s->tick + (uint64_t)((parts + calibration(s) - 1) / calibration(s));
}

/*
 * When the timer has to look: only for flags that are not set; the wake-up timer's matters if it
 * interrupts, an alarm's may trigger an LPTIM.
 */
static void arm_timer(Stm32wbRtc *s)
{
    uint32_t cr = s->regs[R_CR], isr = s->regs[R_ISR];
    uint64_t tick = UINT64_MAX;

    for (int n = 0; n < ALARMS; n++) {
        if (!(isr & (R_ISR_ALRAF_MASK << n)) &&
            s->alarm_next[n] != WB_RTC_NEVER && !wb_rtc_in_init(s)) {
            tick = MIN(tick, tick_of_step(s, s->alarm_next[n]));
        }
    }
    if ((cr & R_CR_WUTIE_MASK) && (cr & R_CR_WUTE_MASK) &&
        !(isr & R_ISR_WUTF_MASK)) {
        uint64_t next = s->wut_next;

        if (wut_on_ck_spre(s)) {
            next = wb_rtc_in_init(s) ? UINT64_MAX
                   : tick_of_step(s, (wb_rtc_now(s) + (int64_t)(next - s->spre)) *
                                     wb_rtc_steps_a_second(s));
        }
        tick = MIN(tick, next);
    }
    if (s->clock.hz && tick != UINT64_MAX) {
        timer_mod(s->timer, wb_edges_ns(&s->clock, tick));
    } else {
        timer_del(s->timer);
    }
}

/* After anything has changed; wb_rtc_catch_up() came before the change. */
void wb_rtc_update(Stm32wbRtc *s)
{
    for (int n = 0; n < ALARMS; n++) {
        find_alarm(s, n);
    }
    wb_rtc_update_irq(s);
    arm_timer(s);
}

void wb_rtc_event_due(void *opaque)
{
    Stm32wbRtc *s = opaque;

    wb_rtc_catch_up(s);
    wb_rtc_update_irq(s);
    arm_timer(s);
}

void wb_rtc_clock_changed(Stm32wbBlock *b)
{
    Stm32wbRtc *s = STM32WB_RTC(b);
    uint64_t hz = stm32wb_block_hz(b);

    if (hz == s->clock.hz) {
        return;
    }
    wb_rtc_catch_up(s);
    wb_edges_set_hz(&s->clock, hz);
    arm_timer(s);
}

