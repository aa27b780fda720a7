/*
 * STM32WB55 analog-to-digital converter: conversions in time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "ADC functional description". One conversion runs at a time: of the regular sequence,
 * or of the injected one, which interrupts the other. All times are whole cycles of the
 * converter's clock: the half cycles of sampling and conversion add up.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/orrery/trace.h"
#include "adc.h"
#include "factory.h"
#include "vrefbuf.h"

/* DS11929 "ADC characteristics": t_CAL, t_STAB (one conversion) */
#define CALIBRATION_CYCLES 116
#define STARTUP_CYCLES 15
#define CALIBRATION_FACTOR 0x40 /* of a converter without offset error */

static const char *name_of(Stm32wbAdc *s)
{
    return STM32WB_BLOCK(s)->name;
}

void stm32wb_adc_update_lines(Stm32wbAdc *s)
{
    qemu_set_irq(s->irq, (s->isr & s->ier) != 0);
    /* "the DMA requests are blocked until the software clears OVR" */
    qemu_set_irq(s->dma, s->unread && (s->cfgr & R_ADC_CFGR_DMAEN_MASK) &&
                             !(s->isr & R_ADC_ISR_OVR_MASK));
}

void stm32wb_adc_update_clock(Stm32wbAdc *s)
{
    static const uint16_t prescaler[16] = { 1,  2,  4,  6,   8,   10, 12,
                                            16, 32, 64, 128, 256, 256, 256,
                                            256, 256 };
    Stm32wbBlock *b = STM32WB_BLOCK(s);
    unsigned mode = FIELD_EX32(s->ccr, ADC_CCR, CKMODE);
    uint64_t period;

    if (mode) {
        period = clock_get(b->bus) << (mode - 1);
    } else {
        period = clock_get(b->kernel) *
                 prescaler[FIELD_EX32(s->ccr, ADC_CCR, PRESC)];
    }
    clock_set(s->clock, period);
    stm32wb_countdown_clock_changed(&s->countdown);
}

/* ---- voltages and codes ---- */

static int64_t vref_uv(Stm32wbAdc *s, int64_t now)
{
    int64_t uv = s->vrefbuf ? stm32wb_vrefbuf_uv(s->vrefbuf) : 0;

    return MAX(uv ? uv : wb_source_uv(&s->source[WB_ADC_VDDA], now), 1);
}

static int64_t channel_uv(Stm32wbAdc *s, unsigned channel, int64_t now)
{
    switch (channel) {
    case WB_ADC_VREFINT:
        return s->ccr & R_ADC_CCR_VREFEN_MASK ? WB_VREFINT_UV : 0;
    case WB_ADC_TEMPERATURE:
        return s->ccr & R_ADC_CCR_TSEN_MASK
                   ? WB_TS_30_UV + (s->temperature - INT64_C(30000000)) *
                                       WB_TS_SLOPE_UV / 1000000
                   : 0;
    case WB_ADC_VBAT:
        return s->ccr & R_ADC_CCR_VBATEN_MASK
                   ? wb_source_uv(&s->source[WB_ADC_VBAT], now) / 3
                   : 0;
    default:
        return channel < WB_ADC_CHANNELS
                   ? wb_source_uv(&s->source[channel], now)
                   : 0;
    }
}

static WbSource *board_source(Stm32wbBlock *b, unsigned channel)
{
    Stm32wbAdc *s = b ? (Stm32wbAdc *)object_dynamic_cast(OBJECT(b),
                                                          TYPE_STM32WB_ADC)
                      : NULL;

    return s && channel >= 1 && channel <= 16 ? &s->source[channel] : NULL;
}

int32_t stm32wb_adc_input_uv(Stm32wbBlock *b, unsigned channel)
{
    WbSource *source = board_source(b, channel);

    return source ? wb_source_uv(source, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL))
                  : 0;
}

bool stm32wb_adc_input_varies(Stm32wbBlock *b, unsigned channel)
{
    WbSource *source = board_source(b, channel);

    return source && (source->mhz || source->points);
}

static unsigned resolution(Stm32wbAdc *s)
{
    return 12 - 2 * FIELD_EX32(s->cfgr, ADC_CFGR, RES);
}

static uint32_t sample(Stm32wbAdc *s, unsigned channel, int64_t now)
{
    int64_t vref = vref_uv(s, now);
    int64_t full = INT64_C(1) << resolution(s);
    int64_t uv = channel_uv(s, channel, now);
    int64_t code;

    if (s->difsel >> channel & 1) { /* against the next input; 0 is in the middle */
        uv -= channel_uv(s, channel + 1, now);
        code = (uv + vref) * full / (2 * vref);
    } else {
        code = uv * full / vref;
    }
    return MIN(MAX(code, 0), full - 1);
}

/* ---- the sequences ---- */

static unsigned channel_of(Stm32wbAdc *s, WbAdcGroup group)
{
    unsigned n;

    if (group == ADC_INJECTED) {
        return extract32(s->jsqr, 8 + 6 * s->injected_rank, 5);
    }
    n = s->rank + 1; /* SQR1's first field is L */
    return extract32(s->sqr[n / 5], n % 5 * 6, 5);
}

/* Cycles of the sampling phase (rounded down) and of all of a conversion. */
static void conversion_cycles(Stm32wbAdc *s, unsigned channel,
                              unsigned *sampling, unsigned *all)
{
    static const uint16_t times[8] = { 2, 6, 12, 24, 47, 92, 247, 640 };
    unsigned smp = 0;

    if (channel < 10) {
        smp = extract32(s->smpr[0], channel * 3, 3);
    } else if (channel < WB_ADC_CHANNELS) {
        smp = extract32(s->smpr[1], (channel - 10) * 3, 3);
    }

    *sampling = times[smp];
    *all = times[smp] + 1 + resolution(s);
}

static void convert(Stm32wbAdc *s, WbAdcGroup group, bool chained)
{
    unsigned channel = channel_of(s, group);
    unsigned sampling, all;

    conversion_cycles(s, channel, &sampling, &all);
    s->group = group;
    /* the end of sampling is an event of its own only if it interrupts */
    s->job = s->ier & R_ADC_ISR_EOSMP_MASK ? ADC_SAMPLING : ADC_CONVERTING;
    if (s->job == ADC_SAMPLING) {
        all = sampling;
    }
    if (chained) {
        stm32wb_countdown_continue(&s->countdown, all);
    } else {
        stm32wb_countdown_start(&s->countdown, all);
    }
}

/* Begin the next conversion, if there is one and the converter is free. */
static void go_on(Stm32wbAdc *s, bool chained)
{
    bool waits = (s->cfgr & R_ADC_CFGR_AUTDLY_MASK) &&
                 (s->isr & R_ADC_ISR_EOC_MASK);

    if (s->job != ADC_IDLE) {
        return;
    }
    if (s->injected_on) {
        convert(s, ADC_INJECTED, chained);
    } else if (s->regular_on && !waits) {
        convert(s, ADC_REGULAR, chained);
    } else {
        s->group = ADC_NONE;
    }
}

static void begin_regular(Stm32wbAdc *s)
{
    if (s->regular_on) {
        return;
    }
    s->regular_on = true;
    if (s->left == 0) {
        s->left = FIELD_EX32(s->cfgr, ADC_CFGR, DISCNUM) + 1;
    }
    go_on(s, false);
}

static void abort_conversion(Stm32wbAdc *s)
{
    s->job = ADC_IDLE;
    s->group = ADC_NONE;
    stm32wb_countdown_stop(&s->countdown);
}

static void begin_injected(Stm32wbAdc *s)
{
    if (s->injected_on || s->contexts == 0) {
        return;
    }
    s->injected_on = true;
    if (s->group == ADC_REGULAR) {
        abort_conversion(s); /* it starts anew afterwards */
        if (s->cfgr2 & R_ADC_CFGR2_ROVSM_MASK) {
            s->samples[0] = 0;
            s->sum[0] = 0;
        }
    }
    go_on(s, false);
}

/* ---- results ---- */

/* The flag stays; the line to the timer is that of the last guarded conversion. */
static void watched(Stm32wbAdc *s, int n, bool outside)
{
    if (outside) {
        s->isr |= R_ADC_ISR_AWD1_MASK << n;
    }
    stm32wb_drive(&s->awd_levels, n, s->awd[n], outside);
}

static void watch(Stm32wbAdc *s, WbAdcGroup group, unsigned channel,
                  uint32_t raw)
{
    uint32_t enable = group == ADC_REGULAR ? R_ADC_CFGR_AWD1EN_MASK
                                           : R_ADC_CFGR_JAWD1EN_MASK;
    uint32_t code = raw << (12 - resolution(s));

    if ((s->cfgr & enable) &&
        (!(s->cfgr & R_ADC_CFGR_AWD1SGL_MASK) ||
         FIELD_EX32(s->cfgr, ADC_CFGR, AWD1CH) == channel)) {
        watched(s, 0, code < extract32(s->tr[0], 0, 12) ||
                      code > extract32(s->tr[0], 16, 12));
    }
    for (int i = 0; i < 2; i++) {
        if (s->awdcr[i] >> channel & 1) {
            watched(s, 1 + i, code >> 4 < extract32(s->tr[1 + i], 0, 8) ||
                              code >> 4 > extract32(s->tr[1 + i], 16, 8));
        }
    }
}

/* Offset and alignment: RM0434 "Data register, data alignment and offset". */
static uint32_t align(Stm32wbAdc *s, unsigned channel, uint32_t raw)
{
    unsigned res = FIELD_EX32(s->cfgr, ADC_CFGR, RES);
    int32_t value = raw;
    bool is_signed = false;

    for (int i = 0; i < 4; i++) {
        if ((s->ofr[i] & R_ADC_OFR1_EN_MASK) &&
            FIELD_EX32(s->ofr[i], ADC_OFR1, CH) == channel) {
            value -= FIELD_EX32(s->ofr[i], ADC_OFR1, OFFSET) >> (2 * res);
            is_signed = true;
            break;
        }
    }
    if (s->cfgr & R_ADC_CFGR_ALIGN_MASK) {
        /* six bits are aligned to a byte; a sign takes a bit */
        value = res == 3 ? value * (is_signed ? 2 : 4)
                         : value * (1 << ((is_signed ? 3 : 4) + 2 * res));
    }
    return value & 0xffff;
}

/*
 * Add a sample to an oversampled conversion; false: more are needed. The sum is shifted with
 * rounding and cut to 16 bits; offset and alignment do not apply.
 */
static bool oversample(Stm32wbAdc *s, WbAdcGroup group, uint32_t raw,
                       uint32_t *value)
{
    int i = group == ADC_INJECTED;
    unsigned shift = MIN(FIELD_EX32(s->cfgr2, ADC_CFGR2, OVSS), 8);

    s->sum[i] += raw;
    if (++s->samples[i] < 2u << FIELD_EX32(s->cfgr2, ADC_CFGR2, OVSR)) {
        return false;
    }
    *value = ((s->sum[i] + (shift ? 1u << (shift - 1) : 0)) >> shift) & 0xffff;
    s->sum[i] = 0;
    s->samples[i] = 0;
    return true;
}

static void store_regular(Stm32wbAdc *s, uint32_t value)
{
    if (s->isr & R_ADC_ISR_EOC_MASK) {
        s->isr |= R_ADC_ISR_OVR_MASK;
        if (!(s->cfgr & R_ADC_CFGR_OVRMOD_MASK)) {
            return;
        }
    }
    s->dr = value;
    s->unread = true;
    s->isr |= R_ADC_ISR_EOC_MASK;
}

/* The sequence, or a subgroup of it, is through. */
static void end_regular(Stm32wbAdc *s)
{
    s->regular_on = false;
    s->left = 0;
    if (FIELD_EX32(s->cfgr, ADC_CFGR, EXTEN) == 0) {
        s->cr &= ~R_ADC_CR_ADSTART_MASK;
    }
}

static void regular_done(Stm32wbAdc *s, uint32_t value)
{
    bool discontinuous = s->cfgr & R_ADC_CFGR_DISCEN_MASK;
    bool last = s->rank >= FIELD_EX32(s->sqr[0], ADC_SQR1, L);

    store_regular(s, value);
    s->rank = last ? 0 : s->rank + 1;
    if (last) {
        s->isr |= R_ADC_ISR_EOS_MASK;
        if (!(s->cfgr & R_ADC_CFGR_CONT_MASK) || discontinuous) {
            end_regular(s);
        }
        if (s->cfgr & R_ADC_CFGR_JAUTO_MASK) {
            s->injected_on = s->contexts > 0;
        }
    } else if (discontinuous && --s->left == 0) {
        end_regular(s);
    }
}

/* The queue of contexts: RM0434 "Queue of context for injected conversions". */
static void next_context(Stm32wbAdc *s)
{
    if (s->cfgr & R_ADC_CFGR_JQDIS_MASK) {
        return;
    }
    if (s->contexts == 2) {
        s->jsqr = s->jsqr_next;
        s->contexts = 1;
    } else if (s->cfgr & R_ADC_CFGR_JQM_MASK) {
        s->contexts = 0;
        s->jsqr = 0;
    }
}

static void injected_done(Stm32wbAdc *s, uint32_t value)
{
    bool last = s->injected_rank >= FIELD_EX32(s->jsqr, ADC_JSQR, JL);

    s->jdr[s->injected_rank] = value;
    s->isr |= R_ADC_ISR_JEOC_MASK;
    s->injected_rank = last ? 0 : s->injected_rank + 1;
    if (last) {
        s->isr |= R_ADC_ISR_JEOS_MASK;
    }
    if (last || (s->cfgr & R_ADC_CFGR_JDISCEN_MASK)) {
        s->injected_on = false;
        if (FIELD_EX32(s->jsqr, ADC_JSQR, JEXTEN) == 0) {
            s->cr &= ~R_ADC_CR_JADSTART_MASK;
        }
    }
    if (last) {
        next_context(s);
    }
}

static void conversion_done(Stm32wbAdc *s)
{
    WbAdcGroup group = s->group;
    unsigned channel = channel_of(s, group);
    bool injected = group == ADC_INJECTED;
    uint32_t raw = sample(s, channel, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    uint32_t value;

    if (!(s->ier & R_ADC_ISR_EOSMP_MASK)) { /* else sampling_done() did it */
        s->isr |= R_ADC_ISR_EOSMP_MASK;
    }
    trace_stm32wb_adc_conversion(injected, channel, raw);
    if (s->cfgr2 &
        (injected ? R_ADC_CFGR2_JOVSE_MASK : R_ADC_CFGR2_ROVSE_MASK)) {
        if (!oversample(s, group, raw, &value)) {
            if (!injected && (s->cfgr2 & R_ADC_CFGR2_TROVS_MASK)) {
                s->regular_on = false; /* a trigger a sample */
            }
            return;
        }
        watch(s, group, channel, value >> 4 >> (12 - resolution(s)));
    } else {
        watch(s, group, channel, raw);
        value = align(s, channel, raw);
    }
    if (injected) {
        injected_done(s, value);
    } else {
        regular_done(s, value);
    }
}

static void sampling_done(Stm32wbAdc *s)
{
    unsigned sampling, all;

    conversion_cycles(s, channel_of(s, s->group), &sampling, &all);
    s->isr |= R_ADC_ISR_EOSMP_MASK;
    s->job = ADC_CONVERTING;
    stm32wb_countdown_continue(&s->countdown, all - sampling);
}

static void calibrated(Stm32wbAdc *s)
{
    s->cr &= ~R_ADC_CR_ADCAL_MASK;
    if (s->cr & R_ADC_CR_ADCALDIF_MASK) {
        s->calfact = deposit32(s->calfact, 16, 7, CALIBRATION_FACTOR);
    } else {
        s->calfact = deposit32(s->calfact, 0, 7, CALIBRATION_FACTOR);
    }
}

void stm32wb_adc_job_done(void *opaque)
{
    Stm32wbAdc *s = opaque;
    WbAdcJob job = s->job;

    s->job = ADC_IDLE;
    switch (job) {
    case ADC_ENABLING:
        s->isr |= R_ADC_ISR_ADRDY_MASK;
        go_on(s, false);
        break;
    case ADC_CALIBRATING:
        calibrated(s);
        break;
    case ADC_SAMPLING:
        sampling_done(s);
        break;
    default:
        conversion_done(s);
        go_on(s, true);
        break;
    }
    stm32wb_adc_update_lines(s);
}

/* ---- what the registers start ---- */

void stm32wb_adc_calibrate(Stm32wbAdc *s)
{
    s->cr |= R_ADC_CR_ADCAL_MASK;
    s->job = ADC_CALIBRATING;
    stm32wb_countdown_start(&s->countdown, CALIBRATION_CYCLES);
}

void stm32wb_adc_enable(Stm32wbAdc *s)
{
    s->cr |= R_ADC_CR_ADEN_MASK;
    s->job = ADC_ENABLING;
    stm32wb_countdown_start(&s->countdown, STARTUP_CYCLES);
}

void stm32wb_adc_disable(Stm32wbAdc *s)
{
    abort_conversion(s);
    s->cr &= ~(R_ADC_CR_ADEN_MASK | R_ADC_CR_ADSTART_MASK |
               R_ADC_CR_JADSTART_MASK | R_ADC_CR_ADCAL_MASK);
    s->regular_on = false;
    s->injected_on = false;
    s->rank = 0;
    s->injected_rank = 0;
    s->left = 0;
    memset(s->samples, 0, sizeof(s->samples));
    memset(s->sum, 0, sizeof(s->sum));
}

void stm32wb_adc_start(Stm32wbAdc *s, WbAdcGroup group)
{
    if (group == ADC_REGULAR) {
        s->cr |= R_ADC_CR_ADSTART_MASK;
        if (FIELD_EX32(s->cfgr, ADC_CFGR, EXTEN) == 0) {
            begin_regular(s);
        }
    } else if (s->cfgr & R_ADC_CFGR_JAUTO_MASK) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: JADSTART with JAUTO\n",
                      name_of(s));
    } else {
        s->cr |= R_ADC_CR_JADSTART_MASK;
        if (FIELD_EX32(s->jsqr, ADC_JSQR, JEXTEN) == 0) {
            begin_injected(s);
        }
    }
}

void stm32wb_adc_stop(Stm32wbAdc *s, WbAdcGroup group)
{
    int i = group == ADC_INJECTED;

    if (s->group == group) {
        abort_conversion(s);
    }
    s->samples[i] = 0;
    s->sum[i] = 0;
    if (group == ADC_REGULAR) {
        s->cr &= ~R_ADC_CR_ADSTART_MASK;
        s->regular_on = false;
        s->rank = 0;
        s->left = 0;
    }
    if (group == ADC_INJECTED || (s->cfgr & R_ADC_CFGR_JAUTO_MASK)) {
        s->cr &= ~R_ADC_CR_JADSTART_MASK;
        s->injected_on = false;
        s->injected_rank = 0;
        if (!(s->cfgr & R_ADC_CFGR_JQDIS_MASK)) { /* the queue is flushed */
            s->contexts = s->cfgr & R_ADC_CFGR_JQM_MASK ? 0 : 1;
        }
    }
    go_on(s, false);
}

void stm32wb_adc_write_jsqr(Stm32wbAdc *s, uint32_t value)
{
    if ((s->cfgr & R_ADC_CFGR_JQDIS_MASK) || s->contexts == 0 ||
        (s->contexts == 1 && !(s->cr & R_ADC_CR_JADSTART_MASK))) {
        s->jsqr = value;
        s->contexts = 1;
    } else if (s->contexts == 1) {
        s->jsqr_next = value;
        s->contexts = 2;
    } else {
        s->isr |= R_ADC_ISR_JQOVF_MASK;
    }
}

void stm32wb_adc_trigger(Stm32wbAdc *s, WbAdcGroup group, int input, bool level)
{
    bool regular = group == ADC_REGULAR;
    unsigned edges = regular ? FIELD_EX32(s->cfgr, ADC_CFGR, EXTEN)
                             : FIELD_EX32(s->jsqr, ADC_JSQR, JEXTEN);
    unsigned selected = regular ? FIELD_EX32(s->cfgr, ADC_CFGR, EXTSEL)
                                : FIELD_EX32(s->jsqr, ADC_JSQR, JEXTSEL);
    uint32_t armed = regular ? R_ADC_CR_ADSTART_MASK : R_ADC_CR_JADSTART_MASK;

    if (s->level[!regular][input] == level) {
        return;
    }
    s->level[!regular][input] = level;
    if (input != selected || !(s->cr & armed) || !(edges & (level ? 1 : 2))) {
        return;
    }
    if (regular) {
        begin_regular(s);
    } else {
        begin_injected(s);
    }
}

void stm32wb_adc_data_taken(Stm32wbAdc *s)
{
    go_on(s, false);
}
