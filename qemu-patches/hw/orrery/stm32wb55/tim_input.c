/*
 * STM32WB55 timers: what goes in
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "Advanced-control timers": "Input capture mode", "Encoder interface mode", "Timers and
 * external trigger synchronization", "Using the break function". Input filters are accepted and
 * add no delay.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "tim.h"

enum { SMS_OFF, SMS_ENCODER1, SMS_ENCODER2, SMS_ENCODER3, SMS_RESET, SMS_GATED,
       SMS_TRIGGER, SMS_EXTERNAL1, SMS_RESET_TRIGGER };
enum { TS_TI1_EDGES = 4, TS_TI1, TS_TI2, TS_ETR };

static bool bit(uint32_t word, unsigned n)
{
    return word >> n & 1;
}

static bool is_tim1(const Stm32wbTim *s)
{
    return s->kind->slave && s->kind->brk;
}

static bool is_tim2(const Stm32wbTim *s)
{
    return s->kind->slave && !s->kind->brk;
}

/* A channel's pin, or what OR puts in its place: "TIMx option register". */
static bool channel_level(const Stm32wbTim *s, uint32_t in, unsigned n)
{
    if (n == 0 && is_tim1(s) && FIELD_EX32(s->or1, OR, TIM1_TI1_RMP)) {
        return bit(in, TIM_IN_COMP);
    }
    if (n == 3 && is_tim2(s) && FIELD_EX32(s->or1, OR, TIM2_TI4_RMP)) {
        return extract32(in, TIM_IN_COMP, 2) & FIELD_EX32(s->or1, OR, TIM2_TI4_RMP);
    }
    if (n == 0 && !s->kind->slave && FIELD_EX32(s->or1, OR, TIM16_17_TI1_RMP)) {
        return FIELD_EX32(s->or1, OR, TIM16_17_TI1_RMP) == 3 && bit(in, TIM_IN_RTC);
    }
    return bit(in, n);
}

/* TI1 to TI4; TI1 may be the exclusive or of three channels (CR2.TI1S). */
static bool ti_level(const Stm32wbTim *s, uint32_t in, unsigned n)
{
    if (n == 0 && FIELD_EX32(s->cr2, CR2, TI1S)) {
        return channel_level(s, in, 0) ^ bit(in, 1) ^ bit(in, 2);
    }
    return channel_level(s, in, n);
}

/* TIxFPx: inverted by CCxP */
static bool ti_filtered(const Stm32wbTim *s, uint32_t in, unsigned n)
{
    return ti_level(s, in, n) ^ bit(s->ccer, 4 * n + 1);
}

/* ETR's pin, or in its place a comparator (AF1) or a watchdog of the ADC (OR). */
static bool etr_source(const Stm32wbTim *s, uint32_t in)
{
    unsigned select = FIELD_EX32(s->af1, AF1, ETRSEL);
    unsigned watchdog = is_tim1(s) ? FIELD_EX32(s->or1, OR, TIM1_ETR_ADC1_RMP) : 0;

    if (select) {
        return select <= 2 && bit(in, TIM_IN_COMP + select - 1);
    }
    if (watchdog) {
        return bit(in, TIM_IN_AWD + watchdog - 1);
    }
    if (is_tim2(s) && FIELD_EX32(s->or1, OR, TIM2_ETR_RMP)) {
        return false; /* a clock: tim_etr_clock_period() */
    }
    return bit(in, TIM_IN_ETR);
}

static bool etr_level(const Stm32wbTim *s, uint32_t in)
{
    return etr_source(s, in) ^ FIELD_EX32(s->smcr, SMCR, ETP);
}

bool tim_etr_level(const Stm32wbTim *s)
{
    return s->kind->slave && etr_level(s, s->seen);
}

static bool trigger_level(const Stm32wbTim *s, uint32_t in)
{
    unsigned ts = FIELD_EX32(s->smcr, SMCR, TS);

    switch (ts) {
    case TS_TI1_EDGES:
        return false; /* pulses: see trigger_edge() */
    case TS_TI1:
    case TS_TI2:
        return ti_filtered(s, in, ts - TS_TI1);
    case TS_ETR:
        return etr_level(s, in);
    case 1: /* of TIM2: USB's start of frame, if OR lets it */
        return bit(in, TIM_IN_ITR + ts) &&
               (is_tim1(s) || FIELD_EX32(s->or1, OR, TIM2_ITR1_RMP));
    default:
        return bit(in, TIM_IN_ITR + ts);
    }
}

bool tim_trigger_level(const Stm32wbTim *s)
{
    return s->kind->slave && trigger_level(s, s->seen);
}

bool tim_external_clock(const Stm32wbTim *s)
{
    unsigned sms = tim_sms(s);

    return s->kind->slave &&
           (FIELD_EX32(s->smcr, SMCR, ECE) || sms == SMS_EXTERNAL1 ||
            (sms >= SMS_ENCODER1 && sms <= SMS_ENCODER3));
}

uint64_t tim_etr_clock_period(const Stm32wbTim *s)
{
    bool counts = FIELD_EX32(s->smcr, SMCR, ECE) ||
                  (tim_sms(s) == SMS_EXTERNAL1 &&
                   FIELD_EX32(s->smcr, SMCR, TS) == TS_ETR);

    if (!is_tim2(s) || !counts || FIELD_EX32(s->af1, AF1, ETRSEL) ||
        !FIELD_EX32(s->or1, OR, TIM2_ETR_RMP)) {
        return 0;
    }
    return clock_get(s->etr_clock) << FIELD_EX32(s->smcr, SMCR, ETPS);
}

/* ---- captures ---- */

void tim_capture(Stm32wbTim *s, unsigned n)
{
    s->ccr[n] = s->ccr_now[n] = s->cnt;
    if (s->sr & TIM_CCIF(n)) {
        tim_raise(s, TIM_CCOF(n));
    }
    tim_raise(s, TIM_CCIF(n));
    if ((s->dier & TIM_CCDE(n)) && !FIELD_EX32(s->cr2, CR2, CCDS)) {
        tim_request(s, TIM_DMA_CH1 + n);
    }
}

/* An active edge on the input of channel @n, before its prescaler (ICxPSC). */
static void capture_edge(Stm32wbTim *s, unsigned n)
{
    unsigned every = 1 << extract32(s->ccmr[n / 2], n % 2 * 8 + 2, 2);

    if (++s->ic_count[n] >= every) {
        s->ic_count[n] = 0;
        tim_capture(s, n);
    }
}

/* CCxP and CCxNP: 00 rising, 01 falling, 11 both */
static bool edge_selected(const Stm32wbTim *s, unsigned n, bool level)
{
    bool p = bit(s->ccer, 4 * n + 1), np = bit(s->ccer, 4 * n + 3);

    return (p && np) || level != p;
}

static void captures(Stm32wbTim *s, uint32_t before, uint32_t in)
{
    for (unsigned n = 0; n < s->kind->inputs; n++) {
        unsigned select = tim_cc_select(s, n);
        unsigned source = select == 1 ? n : n ^ 1;
        bool level = ti_level(s, in, source);

        if ((select == 1 || select == 2) && bit(s->ccer, 4 * n) &&
            level != ti_level(s, before, source) && edge_selected(s, n, level)) {
            capture_edge(s, n);
        }
    }
}

/* ---- triggers ---- */

static void trigger_event(Stm32wbTim *s)
{
    unsigned sms = tim_sms(s);

    for (unsigned n = 0; n < s->kind->inputs; n++) {
        if (tim_cc_select(s, n) == 3 && bit(s->ccer, 4 * n)) {
            capture_edge(s, n); /* TRC */
        }
    }
    if (sms == SMS_RESET || sms == SMS_RESET_TRIGGER) {
        tim_reinit(s);
        tim_trgo_event(s, 0);
    }
    if (sms == SMS_TRIGGER || sms == SMS_RESET_TRIGGER) {
        s->cr1 |= R_CR1_CEN_MASK;
    }
    if (sms == SMS_EXTERNAL1) {
        tim_advance(s, 1);
    }
    if (FIELD_EX32(s->cr2, CR2, CCPC) && FIELD_EX32(s->cr2, CR2, CCUS)) {
        tim_com_event(s);
    }
    if (sms >= SMS_RESET) {
        tim_raise(s, TIM_TIF);
        if (FIELD_EX32(s->dier, DIER, TDE)) {
            tim_request(s, TIM_DMA_TRIG);
        }
    }
}

static void triggers(Stm32wbTim *s, uint32_t before, uint32_t in)
{
    bool was = trigger_level(s, before), is = trigger_level(s, in);
    bool pulse = FIELD_EX32(s->smcr, SMCR, TS) == TS_TI1_EDGES &&
                 ti_level(s, before, 0) != ti_level(s, in, 0);

    if ((is && !was) || pulse) {
        trigger_event(s);
    } else if (was && !is && tim_sms(s) == SMS_GATED) {
        tim_raise(s, TIM_TIF); /* gated mode: at the stop too */
    }
}

/* External clock mode 2: ETRF, after its prescaler */
static void etr_clock(Stm32wbTim *s, uint32_t before, uint32_t in)
{
    bool is = etr_level(s, in);

    if (is && !etr_level(s, before)) {
        if (FIELD_EX32(s->smcr, SMCR, ECE) &&
            ++s->etr_count >= 1 << FIELD_EX32(s->smcr, SMCR, ETPS)) {
            s->etr_count = 0;
            tim_advance(s, 1);
        }
        for (unsigned n = 0; n < 6; n++) {
            if (bit(s->ccmr[n / 2], n % 2 * 8 + 7) && tim_cc_select(s, n) == 0 &&
                FIELD_EX32(s->smcr, SMCR, OCCS)) {
                s->cleared |= 1 << n; /* OCxCE */
            }
        }
    }
}

/* RM0434, table "Counting direction versus encoder signals" */
static void encoder(Stm32wbTim *s, uint32_t before, uint32_t in)
{
    unsigned sms = tim_sms(s);
    bool a = ti_filtered(s, in, 0), b = ti_filtered(s, in, 1);
    bool a_edge = a != ti_filtered(s, before, 0);
    bool b_edge = b != ti_filtered(s, before, 1);

    if (sms < SMS_ENCODER1 || sms > SMS_ENCODER3) {
        return;
    }
    if (a_edge && sms != SMS_ENCODER2) {
        s->cr1 = FIELD_DP32(s->cr1, CR1, DIR, a == b);
        tim_advance(s, 1);
    }
    if (b_edge && sms != SMS_ENCODER1) {
        s->cr1 = FIELD_DP32(s->cr1, CR1, DIR, a != b);
        tim_advance(s, 1);
    }
}

/* ---- break ---- */

/*
 * An application break, RM0434 figure "Break and Break2 circuitry overview": the pin and the
 * comparators, each by its enable and polarity, are ORed, and BKP says which level breaks.
 */
static bool break_input(const Stm32wbTim *s, uint32_t in, unsigned input)
{
    uint32_t af = input == TIM_IN_BKIN ? s->af1 : s->af2;
    bool enabled = FIELD_EX32(s->bdtr, BDTR, BKE);
    bool polarity = FIELD_EX32(s->bdtr, BDTR, BKP);
    uint32_t sources = (bit(in, input) << 0 | bit(in, TIM_IN_COMP) << 1 |
                        bit(in, TIM_IN_COMP + 1) << 2) ^
                       extract32(af, R_AF1_BKINP_SHIFT, 3);
    uint32_t chosen = extract32(af, R_AF1_BKINE_SHIFT, 3);

    if (input == TIM_IN_BKIN2) {
        enabled = FIELD_EX32(s->bdtr, BDTR, BK2E);
        polarity = FIELD_EX32(s->bdtr, BDTR, BK2P);
    }
    return enabled && chosen && ((sources & chosen) != 0) == polarity;
}

/* A system break: lockup and supply by SYSCFG_CFGR2, and the clock security system. */
static bool system_break(const Stm32wbTim *s, uint32_t in)
{
    return FIELD_EX32(s->bdtr, BDTR, BKE) && extract32(in, TIM_IN_SYSTEM, 2);
}

bool tim_break_active(const Stm32wbTim *s)
{
    return s->kind->brk && (break_input(s, s->seen, TIM_IN_BKIN) ||
                            break_input(s, s->seen, TIM_IN_BKIN2) ||
                            system_break(s, s->seen));
}

void tim_break(Stm32wbTim *s, uint32_t flag)
{
    s->bdtr &= ~R_BDTR_MOE_MASK;
    tim_raise(s, flag);
    tim_outputs(s);
}

void tim_breaks(Stm32wbTim *s)
{
    if (!s->kind->brk) {
        return;
    }
    if (break_input(s, s->seen, TIM_IN_BKIN)) {
        tim_break(s, TIM_BIF);
    }
    if (break_input(s, s->seen, TIM_IN_BKIN2)) {
        tim_break(s, TIM_B2IF);
    }
    if (system_break(s, s->seen)) {
        tim_break(s, s->kind->sr & TIM_SBIF ? TIM_SBIF : TIM_BIF);
    }
}

/* ---- all of them ---- */

void tim_inputs(Stm32wbTim *s)
{
    uint32_t before = s->seen, in = s->raw;

    if (before == in) {
        return;
    }
    s->seen = in;
    captures(s, before, in);
    if (s->kind->slave) {
        triggers(s, before, in);
        etr_clock(s, before, in);
        encoder(s, before, in);
    }
    tim_breaks(s);
    tim_outputs(s);
}

/* A pulse that both rises and falls while we are busy is lost: a loop of triggers ends there. */
static void input_changed(Stm32wbTim *s, unsigned input, int level)
{
    s->raw = deposit32(s->raw, input, 1, level == 1);
    if (s->raw == s->seen) {
        return;
    }
    if (s->busy) {
        tim_rearm(s);
        return;
    }
    s->busy = true;
    tim_sync(s);
    tim_inputs(s);
    s->busy = false;
    tim_rearm(s);
}

static void channel_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), n, level);
}

static void ch1_in(void *opaque, int n, int level)
{
    channel_in(opaque, 0, level);
}

static void ch2_in(void *opaque, int n, int level)
{
    channel_in(opaque, 1, level);
}

static void ch3_in(void *opaque, int n, int level)
{
    channel_in(opaque, 2, level);
}

static void ch4_in(void *opaque, int n, int level)
{
    channel_in(opaque, 3, level);
}

static void etr_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_ETR, level);
}

static void itr_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_ITR + n, level);
}

static void bkin_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_BKIN, level);
}

static void bkin2_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_BKIN2, level);
}

static void comp_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_COMP + n, level);
}

static void system_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_SYSTEM + n, level);
}

static void awd_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_AWD + n, level);
}

static void rtc_in(void *opaque, int n, int level)
{
    input_changed(STM32WB_TIM(opaque), TIM_IN_RTC, level);
}

void tim_init_inputs(Stm32wbTim *s)
{
    DeviceState *dev = DEVICE(s);

    qdev_init_gpio_in_named(dev, ch1_in, "CH1-in", 1);
    qdev_init_gpio_in_named(dev, ch2_in, "CH2-in", 1);
    qdev_init_gpio_in_named(dev, ch3_in, "CH3-in", 1);
    qdev_init_gpio_in_named(dev, ch4_in, "CH4-in", 1);
    qdev_init_gpio_in_named(dev, etr_in, "ETR-in", 1);
    qdev_init_gpio_in_named(dev, itr_in, "itr", 4);
    qdev_init_gpio_in_named(dev, bkin_in, "BKIN-in", 1);
    qdev_init_gpio_in_named(dev, bkin2_in, "BKIN2-in", 1);
    qdev_init_gpio_in_named(dev, comp_in, "COMP-in", 2);
    qdev_init_gpio_in_named(dev, system_in, "system-break", 2);
    qdev_init_gpio_in_named(dev, awd_in, "AWD-in", 3);
    qdev_init_gpio_in_named(dev, rtc_in, "RTC-in", 1);
}

/* ---- TI1 from a clock (TIM16, TIM17) ---- */

/* Only rising edges are made, whatever the polarity: the period is what is measured. */
static bool ti1_captured(const Stm32wbTim *s)
{
    return s->ti1.period && bit(s->ccer, 0) && tim_cc_select(s, 0) == 1;
}

static unsigned ti1_every(const Stm32wbTim *s)
{
    return 1 << extract32(s->ccmr[0], 2, 2);
}

/*
 * Captures at the edges until @now. Of many, only the last two show (a flag and an overcapture), so
 * the others are passed by; the counter stands at each edge's own time.
 */
void tim_ti1_sync(Stm32wbTim *s, int64_t now)
{
    uint64_t every = ti1_every(s), total, captures_due;

    if (!ti1_captured(s)) {
        wb_ticks_take(&s->ti1, now);
        return;
    }
    total = wb_ticks_total(&s->ti1, now);
    captures_due = total / every - s->ti1.done / every;
    if (captures_due > 2) {
        s->ti1.done = (total / every - 2) * every;
    }
    while (total / every > s->ti1.done / every) {
        uint64_t n = every - s->ti1.done % every;
        int64_t at = wb_ticks_when(&s->ti1, n);

        s->ti1.done += n;
        tim_advance(s, wb_ticks_take(&s->ticks, MIN(at, now)));
        tim_capture(s, 0);
    }
    s->ti1.done = MAX(s->ti1.done, total);
}

int64_t tim_ti1_next(const Stm32wbTim *s)
{
    bool noticed = (s->dier & ~s->sr & TIM_CCIF(0)) || (s->dier & TIM_CCDE(0));

    if (!ti1_captured(s) || !noticed) {
        return INT64_MAX;
    }
    return wb_ticks_when(&s->ti1, ti1_every(s) - s->ti1.done % ti1_every(s));
}
