/*
 * STM32WB55 timers: what comes out
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "Advanced-control timers": "PWM mode", "Asymmetric", "Combined", "Complementary outputs and
 * dead-time insertion", table "Output control bits"; TRGO of "Master mode selection".
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "tim.h"

/* Master modes that are events; 1 and from 4 on they are levels */
enum { MMS_RESET, MMS_ENABLE, MMS_UPDATE, MMS_COMPARE, MMS_OC1REF };

enum { OC_FROZEN, OC_ACTIVE, OC_INACTIVE, OC_TOGGLE, OC_LOW, OC_HIGH, OC_PWM1,
       OC_PWM2, OC_RETRIGGER1, OC_RETRIGGER2, OC_COMBINED1 = 12, OC_COMBINED2,
       OC_ASYMMETRIC1, OC_ASYMMETRIC2 };

void tim_update_irq(Stm32wbTim *s)
{
    uint32_t on = s->sr & s->dier & 0xff;
    bool brk = (on & TIM_BIF) ||
               ((s->sr & (TIM_B2IF | TIM_SBIF)) && (s->dier & TIM_BIF));

    if (!s->kind->slave || !s->kind->brk) {
        qemu_set_irq(s->irq[0], on || brk);
        return;
    }
    qemu_set_irq(s->irq[0], brk);
    qemu_set_irq(s->irq[1], (on & TIM_UIF) != 0);
    qemu_set_irq(s->irq[2], (on & (TIM_TIF | TIM_COMIF)) != 0);
    qemu_set_irq(s->irq[3], (on & 0x1e) != 0);
}

void tim_raise(Stm32wbTim *s, uint32_t flags)
{
    flags &= s->kind->sr;
    if (flags & ~s->sr) {
        s->sr |= flags;
        tim_update_irq(s);
    }
}

/* One transfer, or the first of a burst through DMAR. */
void tim_request(Stm32wbTim *s, int request)
{
    s->burst_index = 0;
    s->burst_request = request;
    qemu_set_irq(s->dma[request], WB_DMA_ONCE);
}

void tim_trgo_event(Stm32wbTim *s, unsigned mms)
{
    if (FIELD_EX32(s->cr2, CR2, MMS) == mms) {
        qemu_irq_pulse(s->trgo_out);
    }
    if (FIELD_EX32(s->cr2, CR2, MMS2) == mms) {
        qemu_irq_pulse(s->trgo2_out);
    }
}

void tim_update_effects(Stm32wbTim *s)
{
    if (FIELD_EX32(s->dier, DIER, UDE)) {
        tim_request(s, TIM_DMA_UP);
    }
    for (unsigned n = 0; FIELD_EX32(s->cr2, CR2, CCDS) && n < 4; n++) {
        if (s->dier & TIM_CCDE(n)) {
            tim_request(s, TIM_DMA_CH1 + n);
        }
    }
    tim_trgo_event(s, MMS_UPDATE);
}

void tim_match(Stm32wbTim *s, unsigned n)
{
    switch (tim_oc_mode(s, n)) {
    case OC_ACTIVE:
        s->ref |= 1 << n;
        break;
    case OC_INACTIVE:
        s->ref &= ~(1 << n);
        break;
    case OC_TOGGLE:
        s->ref ^= 1 << n;
        break;
    }
    if (n == 0 && !(s->sr & TIM_CCIF(0))) {
        tim_trgo_event(s, MMS_COMPARE);
    }
    tim_raise(s, TIM_CCIF(n));
    if (n < 4 && (s->dier & TIM_CCDE(n)) && !FIELD_EX32(s->cr2, CR2, CCDS)) {
        tim_request(s, TIM_DMA_CH1 + n);
    }
}

/* CCxE, CCxNE and OCxM written while CCPC is set come into force together. */
void tim_com_event(Stm32wbTim *s)
{
    tim_keep_references(s);
    s->ccer_now = s->ccer;
    memcpy(s->ccmr_now, s->ccmr, sizeof(s->ccmr_now));
    tim_raise(s, TIM_COMIF);
    if (FIELD_EX32(s->dier, DIER, COMDE)) {
        tim_request(s, TIM_DMA_COM);
    }
}

/* ---- reference signals ---- */

bool tim_follows_counter(const Stm32wbTim *s, unsigned n)
{
    return tim_oc_mode(s, n) >= OC_PWM1;
}

/* OCxREF */
static bool reference(const Stm32wbTim *s, unsigned n)
{
    bool pwm1 = FIELD_EX32(s->cr1, CR1, DIR) ? s->cnt <= s->ccr_now[n]
                                             : s->cnt < s->ccr_now[n];

    if (s->cleared & (1 << n)) {
        return false;
    }
    switch (tim_oc_mode(s, n)) {
    case OC_LOW:
        return false;
    case OC_HIGH:
        return true;
    case OC_PWM1:
    case OC_RETRIGGER1:
    case OC_COMBINED1:
    case OC_ASYMMETRIC1:
        return pwm1;
    case OC_PWM2:
    case OC_RETRIGGER2:
    case OC_COMBINED2:
    case OC_ASYMMETRIC2:
        return !pwm1;
    default:
        return s->ref >> n & 1;
    }
}

/* OCxREFC: with the neighbour (combined, asymmetric) and channel 5 (CCR5.GC5Cx) */
static bool combined_reference(const Stm32wbTim *s, unsigned n)
{
    bool own = reference(s, n);

    switch (n < 4 ? tim_oc_mode(s, n) : 0) {
    case OC_COMBINED1:
        own = own || reference(s, n ^ 1);
        break;
    case OC_COMBINED2:
        own = own && reference(s, n ^ 1);
        break;
    case OC_ASYMMETRIC1:
    case OC_ASYMMETRIC2:
        own = FIELD_EX32(s->cr1, CR1, DIR) ? reference(s, n ^ 1) : own;
        break;
    }
    if (n < 3 && (s->ccr[4] >> (29 + n) & 1)) {
        own = own && reference(s, 4);
    }
    return own;
}

void tim_keep_references(Stm32wbTim *s)
{
    for (unsigned n = 0; n < s->kind->channels; n++) {
        s->ref = deposit32(s->ref, n, 1, reference(s, n));
    }
}

/* ---- output stage ---- */

static void set_pin(Stm32wbTim *s, unsigned pin, unsigned level)
{
    if (s->pin_level[pin] != level) {
        s->pin_level[pin] = level;
        qemu_set_irq(s->pin[pin], level);
    }
}

static bool idle_level(const Stm32wbTim *s, unsigned n, bool complement)
{
    /* OIS1, OIS1N, OIS2, ... from bit 8 */
    return s->cr2 >> (8 + 2 * n + complement) & 1;
}

/* RM0434, table "Output control bits for complementary OCx and OCxN channels" */
static void drive(Stm32wbTim *s, unsigned n, bool ref, bool dead)
{
    unsigned ccer = s->ccer_now >> (4 * n) & 0xf;
    bool e = ccer & 1, p = ccer & 2, ne = ccer & 4, np = ccer & 8;
    bool has_n = n < s->kind->complementary;
    unsigned out = WB_PIN_FLOATING, out_n = WB_PIN_FLOATING;

    if (!s->kind->brk) {
        out = e ? ref ^ p : WB_PIN_FLOATING;
    } else if (FIELD_EX32(s->bdtr, BDTR, MOE)) {
        bool off_state = FIELD_EX32(s->bdtr, BDTR, OSSR);
        bool both = e && ne && has_n;

        out = e ? (ref && !(both && dead)) ^ p
                : off_state && ne ? p : WB_PIN_FLOATING;
        out_n = ne ? ((both ? !ref && !dead : ref)) ^ np
                   : off_state && e ? np : WB_PIN_FLOATING;
    } else if (FIELD_EX32(s->bdtr, BDTR, OSSI) && (e || (ne && has_n))) {
        out = idle_level(s, n, false);
        out_n = n < 3 && idle_level(s, n, true);
    }
    set_pin(s, n, out);
    if (has_n) {
        set_pin(s, TIM_CHANNELS + n, out_n);
    }
}

/* Both outputs of a pair rest for the dead time after each change of the reference. */
static bool in_dead_time(Stm32wbTim *s, unsigned n, bool ref)
{
    unsigned ticks = tim_dead_time(s);
    int64_t now = tim_now();

    if (n >= s->kind->complementary || (s->ccer_now >> 4 * n & 5) != 5 || !ticks) {
        return false;
    }
    if ((s->driven >> n & 1) != ref) {
        s->driven ^= 1 << n;
        s->dead_until[n] =
            now + clock_ticks_to_ns(s->parent_obj.kernel, ticks);
    }
    return now < s->dead_until[n];
}

/* ADC or another timer hears the channel: while it is enabled, as they cannot say so. */
static bool cc_seen(const Stm32wbTim *s)
{
    for (unsigned n = 0; n < TIM_INPUT_CHANNELS; n++) {
        if (s->cc_out[n] && (s->ccer_now >> 4 * n & 1) &&
            tim_cc_select(s, n) == 0) {
            return true;
        }
    }
    return false;
}

bool tim_outputs_seen(const Stm32wbTim *s)
{
    return s->routed || FIELD_EX32(s->cr2, CR2, MMS) >= MMS_OC1REF ||
           FIELD_EX32(s->cr2, CR2, MMS2) >= MMS_OC1REF || cc_seen(s);
}

static void update_trgo(Stm32wbTim *s, unsigned refs)
{
    unsigned mms = FIELD_EX32(s->cr2, CR2, MMS);

    if (mms == MMS_ENABLE) {
        qemu_set_irq(s->trgo_out, FIELD_EX32(s->cr1, CR1, CEN));
    } else if (mms >= MMS_OC1REF) {
        qemu_set_irq(s->trgo_out, refs >> (mms - MMS_OC1REF) & 1);
    } else {
        qemu_set_irq(s->trgo_out, 0);
    }
    mms = FIELD_EX32(s->cr2, CR2, MMS2);
    if (mms >= MMS_OC1REF && mms < MMS_OC1REF + TIM_CHANNELS) {
        qemu_set_irq(s->trgo2_out, refs >> (mms - MMS_OC1REF) & 1);
    }
}

void tim_outputs(Stm32wbTim *s)
{
    bool seen = tim_outputs_seen(s) || FIELD_EX32(s->cr2, CR2, MMS) == MMS_ENABLE;
    unsigned refs = 0;

    if (!seen && !s->shown) {
        return;
    }
    s->shown = seen;
    for (unsigned n = 0; n < s->kind->channels; n++) {
        if (tim_cc_select(s, n) == 0) {
            bool ref = combined_reference(s, n);

            refs |= ref << n;
            drive(s, n, ref, in_dead_time(s, n, ref));
        } else {
            set_pin(s, n, WB_PIN_FLOATING);
        }
    }
    update_trgo(s, refs);
    for (unsigned n = 0; n < TIM_INPUT_CHANNELS; n++) {
        qemu_set_irq(s->cc_out[n], (refs >> n & 1) && (s->ccer_now >> 4 * n & 1));
    }
}
