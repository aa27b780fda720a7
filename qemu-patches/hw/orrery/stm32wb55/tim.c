/*
 * STM32WB55 timers (TIM1, TIM2, TIM16, TIM17): registers and the device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "Advanced-control timers (TIM1)", "General-purpose timer (TIM2)", "General-purpose
 * timers (TIM16/TIM17)". What an instance has follows from its name.
 *
 * QEMU interface:
 *  + see block.h; "kernel" is the counter's clock
 *  + clock inputs "ti1-1" to "ti1-3": what OR1.TI1_RMP selects for TI1 (TIM16, TIM17)
 *  + pin signals CH1 to CH4, CH1N to CH3N, CHn-in, ETR-in, BKIN-in, BKIN2-in
 *  + clock input "etr": what OR.ETR_RMP selects (TIM2)
 *  + GPIO inputs "COMP-in": the comparators; "AWD-in": ADC1's watchdogs; "RTC-in": its wake-up timer;
 *    "system-break": of SYSCFG, of the clock security system
 *  + named GPIO outputs "trgo", "trgo2", and "cc" 0 to 3: OCxREFC of channels
 *    with CCxE; named GPIO inputs "itr" 0 to 3
 *  + DMA requests "ch1" to "ch4", "up", "trig", "com"
 *  + sysbus IRQs: TIM1's break, update, trigger and commutation, capture/compare; of the others
 *    all in the first
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "migration/vmstate.h"
#include "tim.h"

static const char *const tim_dma_names[TIM_DMA_COUNT] = {
    "ch1", "ch2", "ch3", "ch4", "up", "trig", "com"
};
static const char *const tim_pin_names[TIM_PINS] = {
    "CH1", "CH2", "CH3", "CH4", NULL, NULL, "CH1N", "CH2N", "CH3N"
};

#define TIM16_17(timer)                                                        \
    {                                                                          \
        .name = timer, .max = 0xffff, .channels = 1, .inputs = 1,              \
        .complementary = 1, .brk = true, .repeat = true, .cr1 = 0xb8f,         \
        .cr2 = 0x30d, .dier = 0x3a3, .sr = 0x2a3, .egr = 0xa3,                 \
        .ccmr1 = 0x000100ff, .ccer = 0xf, .rcr = 0xff, .bdtr = 0x1000ffff,     \
        .or1 = 3, .af1 = 0xe07, .tisel = 0xf,                                  \
    }

/* Masks: the bits there are. */
static const TimKind kinds[] = {
    {
        .name = "TIM1", .max = 0xffff, .channels = 6, .inputs = 4,
        .complementary = 3, .slave = true, .brk = true, .repeat = true,
        .cr1 = 0xbff, .cr2 = 0xf57ffd, .smcr = 0x1ffff, .dier = 0x7fff,
        .sr = 0x33fff, .egr = 0x1ff, .ccmr1 = 0x0101ffff, .ccer = 0x33bfff,
        .rcr = 0xffff, .bdtr = 0x33ffffff, .or1 = 0x13, .af1 = 0x1ce07,
        .af2 = 0xe07,
    },
    {
        .name = "TIM2", .max = UINT32_MAX, .channels = 4, .inputs = 4,
        .slave = true, .cr1 = 0xbff, .cr2 = 0xf8, .smcr = 0x1ffff,
        .dier = 0x1f5f, .sr = 0x1e5f, .egr = 0x5f, .ccmr1 = 0x0101ffff,
        .ccer = 0xbbbb, .or1 = 0xf, .af1 = 0x1c000,
    },
    TIM16_17("TIM16"),
    TIM16_17("TIM17"),
};

/* ---- registers: reading ---- */

static uint32_t ccr_read(Stm32wbTim *s, unsigned n)
{
    if (tim_cc_select(s, n)) {
        s->sr &= ~TIM_CCIF(n); /* reading a capture clears its flag */
        tim_update_irq(s);
    }
    return s->ccr[n];
}

static uint32_t cnt_read(const Stm32wbTim *s)
{
    if (FIELD_EX32(s->cr1, CR1, UIFREMAP)) {
        return deposit32(s->cnt, 31, 1, s->sr & TIM_UIF);
    }
    return s->cnt;
}

/* TIM16 and TIM17 have fewer registers, and TIM2 others than TIM1. */
static bool has_register(const Stm32wbTim *s, hwaddr offset)
{
    const TimKind *k = s->kind;

    switch (offset) {
    case A_SMCR:
        return k->slave;
    case A_CCMR2:
        return k->channels > 2;
    case A_CCMR3:
    case A_CCR5:
    case A_CCR6:
        return k->channels > 4;
    case A_RCR:
        return k->repeat;
    case A_BDTR:
        return k->brk;
    case A_AF2:
        return k->af2;
    case A_TISEL:
        return k->tisel;
    default:
        return offset < A_CCR1 || offset > A_CCR4 ||
               (offset - A_CCR1) / 4 < k->inputs;
    }
}

static uint32_t register_read(Stm32wbTim *s, hwaddr offset)
{
    switch (offset) {
    case A_CR1:
        return s->cr1;
    case A_CR2:
        return s->cr2;
    case A_SMCR:
        return s->smcr;
    case A_DIER:
        return s->dier;
    case A_SR:
        return s->sr;
    case A_EGR:
        return 0;
    case A_CCMR1:
    case A_CCMR2:
        return s->ccmr[(offset - A_CCMR1) / 4];
    case A_CCER:
        return s->ccer;
    case A_CNT:
        return cnt_read(s);
    case A_PSC:
        return s->psc;
    case A_ARR:
        return s->arr;
    case A_RCR:
        return s->rcr;
    case A_CCR1 ... A_CCR4:
        return ccr_read(s, (offset - A_CCR1) / 4);
    case A_BDTR:
        return s->bdtr;
    case A_DCR:
        return s->dcr;
    case A_OR:
        return s->or1;
    case A_CCMR3:
        return s->ccmr[2];
    case A_CCR5:
    case A_CCR6:
        return s->ccr[4 + (offset - A_CCR5) / 4];
    case A_AF1:
        return s->af1;
    case A_AF2:
        return s->af2;
    case A_TISEL:
        return s->tisel;
    default:
        return stm32wb_block_unmodelled_read(&s->parent_obj, offset);
    }
}

/* ---- registers: writing ---- */

static void write_cr1(Stm32wbTim *s, uint32_t value)
{
    unsigned sms = s->kind->slave ? tim_sms(s) : 0;

    value &= s->kind->cr1;
    if (tim_centre(s) || (sms >= 1 && sms <= 3)) {
        value = FIELD_DP32(value, CR1, DIR, FIELD_EX32(s->cr1, CR1, DIR));
    }
    s->cr1 = value;
}

/* OCxM, CCxE and CCxNE wait for a commutation event while CCPC is set. */
static void apply_preload(Stm32wbTim *s)
{
    static const uint32_t waiting[3] = { 0x01017070, 0x00010070, 0 };
    bool wait = FIELD_EX32(s->cr2, CR2, CCPC);

    for (int i = 0; i < 3; i++) {
        uint32_t keep = wait ? waiting[i] : 0;

        s->ccmr_now[i] = (s->ccmr_now[i] & keep) | (s->ccmr[i] & ~keep);
    }
    s->ccer_now = wait ? (s->ccer_now & 0x555) | (s->ccer & ~0x555) : s->ccer;
}

/* BDTR.LOCK: levels 1, 2 and 3 each freeze more, until reset. */
static uint32_t locked(const Stm32wbTim *s, hwaddr offset)
{
    unsigned lock = FIELD_EX32(s->bdtr, BDTR, LOCK);
    uint32_t bits = 0;

    switch (offset) {
    case A_CR2:
        return lock >= 1 ? R_CR2_OIS_MASK : 0;
    case A_CCER:
        return lock >= 2 ? 0x222aaa : 0;
    case A_CCMR1:
    case A_CCMR2:
        return lock >= 3 ? 0x01017878 : 0;
    case A_BDTR:
        if (lock >= 1) {
            bits |= 0x03ff0000 | R_BDTR_DTG_MASK | R_BDTR_BKE_MASK |
                    R_BDTR_BKP_MASK | R_BDTR_AOE_MASK | R_BDTR_LOCK_MASK;
        }
        if (lock >= 2) {
            bits |= R_BDTR_OSSI_MASK | R_BDTR_OSSR_MASK;
        }
        return bits;
    default:
        return 0;
    }
}

static void write_ccmr(Stm32wbTim *s, unsigned i, uint32_t value)
{
    tim_keep_references(s);
    /* CCMR3: channels 5 and 6 are outputs only */
    s->ccmr[i] = value & (i == 2 ? 0x0101fcfc : s->kind->ccmr1);
    apply_preload(s);
}

static void write_ccr(Stm32wbTim *s, unsigned n, uint32_t value)
{
    bool preload = extract32(s->ccmr[n / 2], n % 2 * 8 + 3, 1);

    if (tim_cc_select(s, n)) {
        return; /* a capture register is read-only */
    }
    s->ccr[n] = value & (s->kind->max | (n == 4 ? 0xe0000000 : 0));
    if (!preload) {
        s->ccr_now[n] = s->ccr[n] & s->kind->max;
    }
}

static void write_bdtr(Stm32wbTim *s, uint32_t value)
{
    s->bdtr = value & s->kind->bdtr;
    if (tim_break_active(s)) {
        tim_break(s, 0); /* MOE stays clear */
    }
}

static void write_egr(Stm32wbTim *s, uint32_t value)
{
    value &= s->kind->egr;
    if (value & TIM_UIF) {
        tim_reinit(s);
        tim_trgo_event(s, 0);
    }
    for (unsigned n = 0; n < s->kind->inputs; n++) {
        if (!(value & TIM_CCIF(n))) {
            continue;
        }
        if (tim_cc_select(s, n)) {
            tim_capture(s, n);
        } else {
            tim_raise(s, TIM_CCIF(n));
            if (s->dier & TIM_CCDE(n)) {
                tim_request(s, TIM_DMA_CH1 + n);
            }
        }
    }
    if (value & TIM_COMIF) {
        tim_com_event(s);
    }
    if (value & TIM_TIF) {
        tim_raise(s, TIM_TIF);
        if (FIELD_EX32(s->dier, DIER, TDE)) {
            tim_request(s, TIM_DMA_TRIG);
        }
    }
    if (value & (TIM_BIF | TIM_B2IF)) {
        tim_break(s, value & (TIM_BIF | TIM_B2IF));
    }
}

/* TI1 from a clock begins a new grid of edges when it is selected or its rate changes. */
static void select_ti1(Stm32wbTim *s)
{
    unsigned source = s->kind->tisel ? s->or1 & 3 : 0;
    uint64_t period = source && clock_is_enabled(s->source[source])
                      ? clock_get(s->source[source]) : 0;

    wb_ticks_run(&s->ti1, tim_now(), period);
}

static void register_write(Stm32wbTim *s, hwaddr offset, uint32_t value)
{
    const TimKind *k = s->kind;
    uint32_t keep = locked(s, offset);

    if (keep) {
        value = (value & ~keep) | (register_read(s, offset) & keep);
    }
    switch (offset) {
    case A_CR1:
        write_cr1(s, value);
        break;
    case A_CR2:
        s->cr2 = value & k->cr2;
        apply_preload(s);
        break;
    case A_SMCR:
        s->smcr = value & k->smcr;
        break;
    case A_DIER:
        s->dier = value & k->dier;
        break;
    case A_SR:
        s->sr &= value; /* flags are cleared by 0 */
        break;
    case A_EGR:
        write_egr(s, value);
        break;
    case A_CCMR1:
    case A_CCMR2:
        write_ccmr(s, (offset - A_CCMR1) / 4, value);
        break;
    case A_CCER:
        s->ccer = value & k->ccer;
        apply_preload(s);
        break;
    case A_CNT:
        s->cnt = value & k->max;
        break;
    case A_PSC:
        s->psc = value & 0xffff;
        break;
    case A_ARR:
        s->arr = value & k->max;
        if (!FIELD_EX32(s->cr1, CR1, ARPE)) {
            s->arr_now = s->arr;
        }
        break;
    case A_RCR:
        s->rcr = value & k->rcr;
        break;
    case A_CCR1 ... A_CCR4:
        write_ccr(s, (offset - A_CCR1) / 4, value);
        break;
    case A_BDTR:
        write_bdtr(s, value);
        break;
    case A_DCR:
        s->dcr = value & 0x1f1f;
        s->burst_index = 0;
        break;
    case A_OR:
        s->or1 = value & k->or1;
        select_ti1(s);
        break;
    case A_CCMR3:
        write_ccmr(s, 2, value);
        break;
    case A_CCR5:
    case A_CCR6:
        write_ccr(s, 4 + (offset - A_CCR5) / 4, value);
        break;
    case A_AF1:
        s->af1 = value & k->af1;
        tim_breaks(s);
        break;
    case A_AF2:
        s->af2 = value & k->af2;
        tim_breaks(s);
        break;
    case A_TISEL:
        s->tisel = value & k->tisel;
        break;
    default:
        stm32wb_block_unmodelled_write(&s->parent_obj, offset, value);
    }
}

/*
 * DMAR stands for the register at DBA plus the number of accesses since the request; the request
 * repeats until DBL + 1 are done.
 */
static hwaddr burst_register(Stm32wbTim *s)
{
    unsigned index = s->burst_index;
    hwaddr offset = 4 * (FIELD_EX32(s->dcr, DCR, DBA) + index);

    if (index >= FIELD_EX32(s->dcr, DCR, DBL)) {
        s->burst_index = 0;
        s->burst_request = -1;
    } else {
        s->burst_index++;
        if (s->burst_request >= 0) {
            qemu_set_irq(s->dma[s->burst_request], WB_DMA_ONCE);
        }
    }
    return offset == A_DMAR ? A_EGR : offset; /* itself: no effect */
}

static uint32_t tim_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbTim *s = STM32WB_TIM(b);
    uint32_t value;

    if (s->busy) {
        return 0;
    }
    s->busy = true;
    tim_sync(s);
    if (offset == A_DMAR) {
        offset = burst_register(s);
    }
    value = has_register(s, offset) ? register_read(s, offset)
                                    : stm32wb_block_unmodelled_read(b, offset);
    s->busy = false;
    tim_rearm(s);
    return value;
}

static void tim_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbTim *s = STM32WB_TIM(b);

    if (s->busy) {
        return;
    }
    s->busy = true;
    tim_sync(s);
    if (offset == A_DMAR) {
        offset = burst_register(s);
        value = offset == A_EGR ? 0 : value;
    }
    if (has_register(s, offset)) {
        register_write(s, offset, value);
    } else {
        stm32wb_block_unmodelled_write(b, offset, value);
    }
    tim_outputs(s);
    tim_update_irq(s);
    s->busy = false;
    tim_rearm(s);
}

/* ---- time, clocks, routes ---- */

static void timer_event(void *opaque)
{
    Stm32wbTim *s = opaque;

    s->last_ns = tim_now();
    s->busy = true;
    tim_sync(s);
    tim_inputs(s);
    tim_outputs(s);
    s->busy = false;
    tim_rearm(s);
}

static void tim_clock_changed(Stm32wbBlock *b)
{
    Stm32wbTim *s = STM32WB_TIM(b);

    if (!s->kind) {
        return; /* before realize */
    }
    /* what the old rate brought first: ticks keeps it until rearm */
    s->busy = true;
    tim_sync(s);
    s->busy = false;
    tim_rearm(s);
}

static void source_changed(void *opaque, ClockEvent event)
{
    Stm32wbTim *s = opaque;

    if (s->kind) {
        s->busy = true;
        tim_sync(s);
        select_ti1(s);
        s->busy = false;
        tim_rearm(s);
    }
}

/* A pin shows an output, or no longer: see tim_outputs_seen(). */
static void set_routed(Stm32wbTim *s, unsigned pin, int level)
{
    s->busy = true;
    tim_sync(s);
    s->routed = deposit32(s->routed, pin, 1, level != 0);
    tim_outputs(s);
    s->busy = false;
    tim_rearm(s);
}

#define ROUTED(pin)                                                            \
    static void routed_##pin(void *opaque, int n, int level)                   \
    {                                                                          \
        set_routed(STM32WB_TIM(opaque), pin, level);                           \
    }
ROUTED(0)
ROUTED(1)
ROUTED(2)
ROUTED(3)
ROUTED(6)
ROUTED(7)
ROUTED(8)

static void (*const routed_handlers[TIM_PINS])(void *, int, int) = {
    routed_0, routed_1, routed_2, routed_3, NULL, NULL,
    routed_6, routed_7, routed_8,
};

/* ---- the device ---- */

static void tim_reset_hold(Object *obj, ResetType type)
{
    Stm32wbTim *s = STM32WB_TIM(obj);

    timer_del(s->timer);
    s->ticks.period = 0;
    s->ti1.period = 0;
    s->cr1 = s->cr2 = s->smcr = s->dier = s->sr = s->bdtr = s->dcr = 0;
    s->or1 = s->tisel = 0;
    s->af1 = s->kind->af1 & 1;
    s->af2 = s->kind->af2 & 1;
    memset(s->ccmr, 0, sizeof(s->ccmr));
    memset(s->ccmr_now, 0, sizeof(s->ccmr_now));
    memset(s->ccr, 0, sizeof(s->ccr));
    memset(s->ccr_now, 0, sizeof(s->ccr_now));
    memset(s->dead_until, 0, sizeof(s->dead_until));
    memset(s->ic_count, 0, sizeof(s->ic_count));
    s->ccer = s->ccer_now = s->psc = s->psc_now = s->psc_count = 0;
    s->arr = s->arr_now = s->kind->max;
    s->rcr = s->repeat = s->cnt = 0;
    s->ref = s->cleared = s->driven = s->etr_count = 0;
    s->seen = s->raw;
    s->burst_index = 0;
    s->burst_request = -1;
}

static void tim_reset_exit(Object *obj, ResetType type)
{
    Stm32wbTim *s = STM32WB_TIM(obj);

    s->busy = true;
    s->shown = true;
    tim_outputs(s);
    tim_update_irq(s);
    s->busy = false;
    qemu_set_irq(s->trgo_out, 0);
    qemu_set_irq(s->trgo2_out, 0);
}

static void tim_init(Object *obj)
{
    Stm32wbTim *s = STM32WB_TIM(obj);
    DeviceState *dev = DEVICE(obj);

    for (int i = 0; i < ARRAY_SIZE(s->irq); i++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[i]);
    }
    for (int i = 0; i < TIM_DMA_COUNT; i++) {
        qdev_init_gpio_out_named(dev, &s->dma[i], tim_dma_names[i], 1);
    }
    for (int i = 0; i < TIM_PINS; i++) {
        s->pin_level[i] = WB_PIN_FLOATING;
        if (tim_pin_names[i]) {
            g_autofree char *routed =
                g_strdup_printf("%s-routed", tim_pin_names[i]);

            qdev_init_gpio_out_named(dev, &s->pin[i], tim_pin_names[i], 1);
            qdev_init_gpio_in_named(dev, routed_handlers[i], routed, 1);
        }
    }
    qdev_init_gpio_out_named(dev, &s->trgo_out, "trgo", 1);
    qdev_init_gpio_out_named(dev, &s->trgo2_out, "trgo2", 1);
    qdev_init_gpio_out_named(dev, s->cc_out, "cc", TIM_INPUT_CHANNELS);
    tim_init_inputs(s);
    s->etr_clock = qdev_init_clock_in(dev, "etr", source_changed, s, ClockUpdate);
    for (int i = 1; i < ARRAY_SIZE(s->source); i++) {
        g_autofree char *name = g_strdup_printf("ti1-%d", i);

        s->source[i] = qdev_init_clock_in(dev, name, source_changed, s,
                                          ClockUpdate);
    }
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_event, s);
}

static void tim_finalize(Object *obj)
{
    timer_free(STM32WB_TIM(obj)->timer);
}

static void tim_realize(DeviceState *dev, Error **errp)
{
    Stm32wbTim *s = STM32WB_TIM(dev);

    for (int i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (g_strcmp0(kinds[i].name, s->parent_obj.name) == 0) {
            s->kind = &kinds[i];
        }
    }
    if (!s->kind) {
        error_setg(errp, TYPE_STM32WB_TIM ": there is no timer '%s'",
                   s->parent_obj.name);
        return;
    }
    DEVICE_CLASS(object_class_get_parent(OBJECT_CLASS(DEVICE_GET_CLASS(dev))))
        ->realize(dev, errp);
}

static const VMStateDescription tim_vmstate = {
    .name = TYPE_STM32WB_TIM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbTim),
        VMSTATE_TIMER_PTR(timer, Stm32wbTim),
        VMSTATE_WB_TICKS(ticks, Stm32wbTim),
        VMSTATE_WB_TICKS(ti1, Stm32wbTim),
        VMSTATE_INT64(last_ns, Stm32wbTim),
        VMSTATE_UINT32(cr1, Stm32wbTim),
        VMSTATE_UINT32(cr2, Stm32wbTim),
        VMSTATE_UINT32(smcr, Stm32wbTim),
        VMSTATE_UINT32(dier, Stm32wbTim),
        VMSTATE_UINT32(sr, Stm32wbTim),
        VMSTATE_UINT32(bdtr, Stm32wbTim),
        VMSTATE_UINT32(dcr, Stm32wbTim),
        VMSTATE_UINT32(or1, Stm32wbTim),
        VMSTATE_UINT32(af1, Stm32wbTim),
        VMSTATE_UINT32(af2, Stm32wbTim),
        VMSTATE_UINT32(tisel, Stm32wbTim),
        VMSTATE_UINT32_ARRAY(ccmr, Stm32wbTim, 3),
        VMSTATE_UINT32_ARRAY(ccmr_now, Stm32wbTim, 3),
        VMSTATE_UINT32(ccer, Stm32wbTim),
        VMSTATE_UINT32(ccer_now, Stm32wbTim),
        VMSTATE_UINT32(psc, Stm32wbTim),
        VMSTATE_UINT32(psc_now, Stm32wbTim),
        VMSTATE_UINT32(psc_count, Stm32wbTim),
        VMSTATE_UINT32(arr, Stm32wbTim),
        VMSTATE_UINT32(arr_now, Stm32wbTim),
        VMSTATE_UINT32(rcr, Stm32wbTim),
        VMSTATE_UINT32(repeat, Stm32wbTim),
        VMSTATE_UINT32_ARRAY(ccr, Stm32wbTim, TIM_CHANNELS),
        VMSTATE_UINT32_ARRAY(ccr_now, Stm32wbTim, TIM_CHANNELS),
        VMSTATE_UINT32(cnt, Stm32wbTim),
        VMSTATE_UINT8(ref, Stm32wbTim),
        VMSTATE_UINT8(cleared, Stm32wbTim),
        VMSTATE_INT64_ARRAY(dead_until, Stm32wbTim, TIM_COMPLEMENTARY),
        VMSTATE_UINT8(driven, Stm32wbTim),
        VMSTATE_UINT32(raw, Stm32wbTim),
        VMSTATE_UINT32(seen, Stm32wbTim),
        VMSTATE_UINT8_ARRAY(ic_count, Stm32wbTim, TIM_INPUT_CHANNELS),
        VMSTATE_UINT8(etr_count, Stm32wbTim),
        VMSTATE_UINT16(routed, Stm32wbTim),
        VMSTATE_UINT8(burst_index, Stm32wbTim),
        VMSTATE_INT8(burst_request, Stm32wbTim),
        VMSTATE_UINT8_ARRAY(pin_level, Stm32wbTim, TIM_PINS),
        VMSTATE_BOOL(shown, Stm32wbTim),
        VMSTATE_CLOCK(etr_clock, Stm32wbTim),
        VMSTATE_CLOCK(source[1], Stm32wbTim),
        VMSTATE_CLOCK(source[2], Stm32wbTim),
        VMSTATE_CLOCK(source[3], Stm32wbTim),
        VMSTATE_END_OF_LIST()
    },
};

static void tim_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->realize = tim_realize;
    dc->vmsd = &tim_vmstate;
    rc->phases.hold = tim_reset_hold;
    rc->phases.exit = tim_reset_exit;
    bc->apb = true;
    bc->read = tim_read;
    bc->write = tim_write;
    bc->clock_changed = tim_clock_changed;
}

static const TypeInfo tim_types[] = {
    {
        .name = TYPE_STM32WB_TIM,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbTim),
        .instance_init = tim_init,
        .instance_finalize = tim_finalize,
        .class_init = tim_class_init,
    },
};

DEFINE_TYPES(tim_types)
