/*
 * STM32WB55 real-time clock, tamper inputs and backup registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 chapter 29. Nothing ticks: the calendar is computed from the virtual clock when
 * somebody looks, and one timer waits for the next event that an interrupt is enabled for.
 *
 * The prescalers, and with them calendar and alarms, count steps of ck_apre; smooth calibration
 * is its average over 32 s, not the pattern of single pulses. Tamper inputs act on edges and
 * levels without filter. The outputs (calibration, alarm) are state only.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0 to 2, to EXTI: alarms; tamper, timestamp, LSE failure; wake-up timer
 *  + GPIO inputs: "backup-writable" (PWR_CR1.DBP), "backup-reset" (RCC_BDCR.BDRST), "lse-css",
 *    "TS-in", "TAMP1-in" to "TAMP3-in" (levels of the pins)
 *  + GPIO output "internal-wakeup": any of the above, to PWR
 *  + GPIO outputs "alarm" A and B, "tamper" 1 to 3: their flags, to LPTIMs; "wakeup-timer": its
 *    interrupt, to TIM16
 *  + clock input "kernel": RTCCLK
 *  + property "battery": when the power comes the calendar runs already, at -rtc's time
 */
#include "qemu/osdep.h"
#include "hw/orrery/trace.h"
#include "migration/vmstate.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hw/qdev-properties.h"
#include "system/rtc.h"
#include "rtc-calendar.h"
#include "rtc.h"

/* ---- timestamp and tamper ---- */

static void take_timestamp(Stm32wbRtc *s)
{
    if (FIELD_EX32(s->regs[R_ISR], ISR, TSF)) {
        s->regs[R_ISR] |= R_ISR_TSOVF_MASK;
        return;
    }
    s->regs[R_ISR] |= R_ISR_TSF_MASK;
    s->regs[R_TSTR] = wb_rtc_time_register(s);
    s->regs[R_TSDR] = wb_rtc_date_register(s) & 0x0000FF3F; /* no year */
    s->regs[R_TSSSR] = wb_rtc_subsecond_register(s);
    trace_stm32wb_rtc_event("timestamp");
}

static void tamper(Stm32wbRtc *s, int n)
{
    uint32_t tampcr = s->regs[R_TAMPCR];

    trace_stm32wb_rtc_event("tamper");
    if (!(tampcr & TAMP_MASK_FLAG(n))) {
        s->regs[R_ISR] |= R_ISR_TAMP1F_MASK << n;
    }
    if (!(tampcr & (TAMP_MASK_FLAG(n) | TAMP_NO_ERASE(n)))) {
        memset(&s->regs[R_BKP0R], 0, 20 * 4);
    }
    if (tampcr & R_TAMPCR_TAMPTS_MASK) {
        take_timestamp(s);
    }
}

static void set_tamper_pin(void *opaque, int line, int level)
{
    const WbTamperPin *pin = opaque;
    Stm32wbRtc *s = pin->rtc;
    int n = pin->n;
    uint32_t tampcr = s->regs[R_TAMPCR];
    bool was = extract32(s->pins, n, 1);
    bool is = level == 1;
    bool triggers = tampcr & TAMP_TRIGGER(n);

    s->pins = deposit32(s->pins, n, 1, is);
    /* TAMPFLT = 0: TRG chooses the falling edge; otherwise the high level */
    triggers ^= FIELD_EX32(tampcr, TAMPCR, TAMPFLT) == 0;
    if ((tampcr & TAMP_ENABLE(n)) && is != was && is == triggers) {
        wb_rtc_catch_up(s);
        tamper(s, n);
        wb_rtc_update(s);
    }
}

static void set_timestamp_pin(void *opaque, int n, int level)
{
    Stm32wbRtc *s = opaque;
    bool was = extract32(s->pins, TAMPERS, 1);
    bool is = level == 1;

    s->pins = deposit32(s->pins, TAMPERS, 1, is);
    if (FIELD_EX32(s->regs[R_CR], CR, TSE) && is != was &&
        was == FIELD_EX32(s->regs[R_CR], CR, TSEDGE)) {
        wb_rtc_catch_up(s);
        take_timestamp(s);
        wb_rtc_update(s);
    }
}

/* ---- reading ---- */

static bool synchronised(const Stm32wbRtc *s)
{
    return !FIELD_EX32(s->regs[R_CR], CR, BYPSHAD) &&
           !FIELD_EX32(s->regs[R_ISR], ISR, INIT) &&
           wb_rtc_passed(s, s->rsf_since, SYNC_CYCLES);
}

static uint32_t read_isr(Stm32wbRtc *s)
{
    uint32_t isr = s->regs[R_ISR];
    uint32_t cr = s->regs[R_CR];

    for (int n = 0; n <= ALARMS; n++) { /* ALRAWF, ALRBWF, WUTWF */
        isr = deposit32(isr, n, 1, !(cr & (R_CR_ALRAE_MASK << n)) &&
                                   wb_rtc_passed(s, s->writable_since[n], SYNC_CYCLES));
    }
    isr = FIELD_DP32(isr, ISR, INITS, FIELD_EX32(wb_rtc_date_register(s), DR, YEAR) != 0);
    isr = FIELD_DP32(isr, ISR, RSF, synchronised(s));
    isr = FIELD_DP32(isr, ISR, INITF, wb_rtc_in_init(s));
    return FIELD_DP32(isr, ISR, RECALPF, !wb_rtc_passed(s, s->recal_since, SYNC_CYCLES));
}

/*
 * The shadow registers: reading SSR freezes TR and DR, reading TR freezes DR, until DR is read
 * (29.3.9).
 */
static uint32_t read_calendar(Stm32wbRtc *s, hwaddr offset)
{
    uint32_t tr = wb_rtc_time_register(s), dr = wb_rtc_date_register(s);

    if (FIELD_EX32(s->regs[R_ISR], ISR, INIT)) {
        return offset == A_TR ? (wb_rtc_in_init(s) ? s->regs[R_TR] : tr)
                              : (wb_rtc_in_init(s) ? s->regs[R_DR] : dr);
    }
    if (FIELD_EX32(s->regs[R_CR], CR, BYPSHAD)) {
        return offset == A_TR ? tr : dr;
    }
    if (s->shadow_reset && !synchronised(s)) {
        tr = stm32wb_register_reset("RTC", A_TR);
        dr = stm32wb_register_reset("RTC", A_DR);
    }
    if (s->tr_locked) {
        tr = s->shadow_tr;
    }
    if (s->dr_locked) {
        dr = s->shadow_dr;
    }
    if (offset == A_TR) {
        s->shadow_dr = dr;
        s->dr_locked = true;
        return tr;
    }
    s->tr_locked = false;
    s->dr_locked = false;
    return dr;
}

static uint32_t read_ssr(Stm32wbRtc *s)
{
    if (!FIELD_EX32(s->regs[R_CR], CR, BYPSHAD) && !s->tr_locked) {
        s->shadow_tr = wb_rtc_time_register(s);
        s->shadow_dr = s->dr_locked ? s->shadow_dr : wb_rtc_date_register(s);
        s->tr_locked = true;
        s->dr_locked = true;
    }
    return wb_rtc_subsecond_register(s);
}

static uint32_t rtc_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbRtc *s = STM32WB_RTC(b);

    wb_rtc_catch_up(s);
    switch (offset) {
    case A_TR:
    case A_DR:
        return read_calendar(s, offset);
    case A_SSR:
        return read_ssr(s);
    case A_ISR:
        return read_isr(s);
    case A_WPR:
    case A_SHIFTR:
        return 0;
    case A_CR:
    case A_PRER:
    case A_WUTR:
    case A_ALRMAR:
    case A_ALRMBR:
    case A_TSTR ... A_BKP19R:
        return s->regs[offset / 4];
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

/* ---- writing ---- */

static void write_wpr(Stm32wbRtc *s, uint8_t key)
{
    static const uint8_t keys[] = { 0xCA, 0x53 };

    if (s->keys < 2 && key == keys[s->keys]) {
        s->keys++;
    } else {
        s->keys = key == keys[0];
    }
}

static void change_hour(Stm32wbRtc *s, uint32_t value)
{
    int64_t hour = (int64_t)3600 * wb_rtc_steps_a_second(s);

    if (FIELD_EX32(value, CR, ADD1H)) {
        s->step += hour;
    }
    if (FIELD_EX32(value, CR, SUB1H) && wb_rtc_now(s) / 3600 % 24) {
        s->step -= hour;
    }
}

static void write_cr(Stm32wbRtc *s, uint32_t value)
{
    uint32_t old = s->regs[R_CR];
    uint32_t bits = 0x01FCFF2F; /* with BKP to ITSE; ADD1H and SUB1H read as zero */
    uint32_t off;

    bits &= ~(R_CR_ADD1H_MASK | R_CR_SUB1H_MASK | R_CR_REFCKON_MASK);
    if (wb_rtc_in_init(s)) {
        bits |= R_CR_FMT_MASK | R_CR_REFCKON_MASK;
    } else {
        change_hour(s, value);
    }
    if (FIELD_EX32(old, CR, WUTE)) {
        bits &= ~R_CR_WUCKSEL_MASK;
    }
    s->regs[R_CR] = (old & ~bits) | (value & bits);
    off = old & ~s->regs[R_CR];
    for (int n = 0; n <= ALARMS; n++) { /* ALRAE, ALRBE, WUTE */
        if (off & (R_CR_ALRAE_MASK << n)) {
            s->writable_since[n] = now_ns();
        }
    }
    if (~old & s->regs[R_CR] & R_CR_WUTE_MASK) {
        wb_rtc_start_wut(s);
    }
}

static void enter_init(Stm32wbRtc *s)
{
    s->init_since = now_ns();
    s->regs[R_TR] = wb_rtc_time_register(s);
    s->regs[R_DR] = wb_rtc_date_register(s);
    s->tr_locked = false;
    s->dr_locked = false;
}

static void leave_init(Stm32wbRtc *s)
{
    bool was = wb_rtc_in_init(s);

    s->rsf_since = now_ns();
    s->shadow_reset = false;
    if (was) {
        int64_t at = wb_rtc_seconds(s->regs[R_TR], s->regs[R_DR], FIELD_EX32(s->regs[R_CR], CR, FMT));

        s->first_weekday = wb_rtc_first_weekday(at, s->regs[R_DR]);
        s->step = at * wb_rtc_steps_a_second(s);
        s->part = 0;
    }
}

static void write_isr(Stm32wbRtc *s, uint32_t value)
{
    uint32_t old = s->regs[R_ISR];
    bool init = FIELD_EX32(value, ISR, INIT);

    s->regs[R_ISR] &= value | ~ISR_FLAGS;
    if (!FIELD_EX32(s->regs[R_ISR], ISR, TSF)) {
        s->regs[R_TSTR] = 0;
        s->regs[R_TSDR] = 0;
        s->regs[R_TSSSR] = 0;
    }
    if (s->keys < 2) {
        return; /* the rest is protected (29.3.7) */
    }
    if (!FIELD_EX32(value, ISR, RSF)) {
        s->rsf_since = now_ns();
    }
    if (init && !FIELD_EX32(old, ISR, INIT)) {
        enter_init(s);
    } else if (!init && FIELD_EX32(old, ISR, INIT)) {
        leave_init(s);
    }
    s->regs[R_ISR] = FIELD_DP32(s->regs[R_ISR], ISR, INIT, init);
}

/* A new PREDIV_S changes what a step is, not what time it is. */
static void write_prer(Stm32wbRtc *s, uint32_t value)
{
    int64_t at = wb_rtc_now(s);

    s->regs[R_PRER] = value & (R_PRER_PREDIV_S_MASK | R_PRER_PREDIV_A_MASK);
    s->step = at * wb_rtc_steps_a_second(s);
    s->part = 0;
}

/* SUBFS steps back, ADD1S a second ahead (29.3.10). */
static void write_shiftr(Stm32wbRtc *s, uint32_t value)
{
    int64_t before = wb_rtc_now(s);

    if (FIELD_EX32(value, SHIFTR, ADD1S)) {
        s->step += wb_rtc_steps_a_second(s);
    }
    s->step -= FIELD_EX32(value, SHIFTR, SUBFS);
    s->step = MAX(s->step, 0);
    s->rsf_since = now_ns();
    s->spre += MAX(wb_rtc_now(s) - before, 0);
}

static void write_alarm(Stm32wbRtc *s, hwaddr offset, int n, uint32_t value)
{
    if (!FIELD_EX32(s->regs[R_ISR], ISR, INIT) &&
        (s->regs[R_CR] & (R_CR_ALRAE_MASK << n))) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTC: write of an enabled alarm\n");
        return;
    }
    s->regs[offset / 4] = value;
}

/* Registers behind the keys */
static void write_protected(Stm32wbRtc *s, hwaddr offset, uint32_t value)
{
    switch (offset) {
    case A_TR:
        if (wb_rtc_in_init(s)) {
            s->regs[R_TR] = value & 0x007F7F7F;
        }
        break;
    case A_DR:
        if (wb_rtc_in_init(s)) {
            s->regs[R_DR] = value & 0x00FFFF3F;
        }
        break;
    case A_CR:
        write_cr(s, value);
        break;
    case A_PRER:
        if (wb_rtc_in_init(s)) {
            write_prer(s, value);
        }
        break;
    case A_WUTR:
        if (!FIELD_EX32(s->regs[R_CR], CR, WUTE)) {
            s->regs[R_WUTR] = value & 0xFFFF;
        }
        break;
    case A_ALRMAR:
    case A_ALRMBR:
        write_alarm(s, offset, (offset - A_ALRMAR) / 4, value);
        break;
    case A_ALRMASSR:
    case A_ALRMBSSR:
        write_alarm(s, offset, (offset - A_ALRMASSR) / 4, value & 0x0F007FFF);
        break;
    case A_SHIFTR:
        write_shiftr(s, value);
        break;
    case A_CALR:
        s->regs[R_CALR] = value & 0x0000E1FF;
        s->recal_since = now_ns();
        break;
    }
}

static bool is_protected(hwaddr offset)
{
    switch (offset) {
    case A_TR:
    case A_DR:
    case A_CR:
    case A_PRER:
    case A_WUTR:
    case A_ALRMAR:
    case A_ALRMBR:
    case A_SHIFTR:
    case A_CALR:
    case A_ALRMASSR:
    case A_ALRMBSSR:
        return true;
    default:
        return false;
    }
}

static void rtc_write(Stm32wbBlock *b, hwaddr offset, uint32_t value, uint32_t mask)
{
    Stm32wbRtc *s = STM32WB_RTC(b);

    if (!s->backup_writable || (is_protected(offset) && s->keys < 2)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RTC: write of offset 0x%" HWADDR_PRIx " while protected\n",
                      offset);
        return;
    }
    wb_rtc_catch_up(s);
    switch (offset) {
    case A_ISR:
        write_isr(s, value);
        break;
    case A_WPR:
        write_wpr(s, value);
        return;
    case A_SSR:
    case A_TSTR ... A_TSSSR:
        return;
    case A_TAMPCR:
        s->regs[R_TAMPCR] = value & 0x01FFFFFF;
        break;
    case A_OR:
        s->regs[R_OR] = value & 3;
        return;
    case A_BKP0R ... A_BKP19R:
        s->regs[offset / 4] = value;
        return;
    default:
        if (!is_protected(offset)) {
            stm32wb_block_unmodelled_write(b, offset, value);
            return;
        }
        write_protected(s, offset, value);
        break;
    }
    wb_rtc_update(s);
}

/* ---- device ---- */

static void reset_backup_domain(Stm32wbRtc *s)
{
    for (int i = 0; i < RTC_WORDS; i++) {
        s->regs[i] = stm32wb_register_reset("RTC", i * 4);
    }
    s->regs[R_ISR] = 0;
    s->tick = s->tick;
    s->part = 0;
    s->step = wb_rtc_steps_a_second(s) - 1; /* SSR reads 0 */
    s->first_weekday = wb_rtc_first_weekday(0, s->regs[R_DR]);
    s->spre = 0;
    s->wut_next = 0;
    s->init_since = INT64_MIN;
    s->recal_since = INT64_MIN;
    for (int n = 0; n <= ALARMS; n++) {
        s->writable_since[n] = INT64_MIN;
    }
    for (int n = 0; n < ALARMS; n++) {
        s->alarm_next[n] = WB_RTC_NEVER;
    }
    s->keys = 0;
}

/* As somebody has set it before, on LSE (RCC sees to that) with the prescalers as they are. */
static void set_calendar(Stm32wbRtc *s)
{
    struct tm first = { .tm_year = 100, .tm_mday = 1 }, now;
    int64_t seconds;

    qemu_get_timedate(&now, 0);
    seconds = mktimegm(&now) - mktimegm(&first);
    s->step = seconds * wb_rtc_steps_a_second(s);
    s->first_weekday = 6; /* 2000-01-01 was a Saturday */
}

static void backup_reset(void *opaque, int n, int level)
{
    Stm32wbRtc *s = opaque;

    if (level) {
        trace_stm32wb_rtc_event("backup domain reset");
        reset_backup_domain(s);
        s->rsf_since = now_ns();
        wb_rtc_update(s);
    }
}

static void set_backup_writable(void *opaque, int n, int level)
{
    STM32WB_RTC(opaque)->backup_writable = level;
}

static void set_lse_css(void *opaque, int n, int level)
{
    Stm32wbRtc *s = opaque;

    s->lse_css = level;
    wb_rtc_update_irq(s);
}

/* A system reset leaves the backup domain alone; initialisation mode and the shadows go. */
static void rtc_reset_hold(Object *obj, ResetType type)
{
    Stm32wbRtc *s = STM32WB_RTC(obj);

    if (!s->powered) {
        reset_backup_domain(s);
        if (s->battery) {
            set_calendar(s);
        }
    }
    wb_rtc_catch_up(s);
    s->powered = true;
    s->regs[R_ISR] &= ~R_ISR_INIT_MASK;
    s->rsf_since = now_ns();
    s->shadow_reset = true;
    s->tr_locked = false;
    s->dr_locked = false;
    s->backup_writable = false;
    s->lse_css = false;
}

static void rtc_power_lost(Stm32wbBlock *b)
{
    STM32WB_RTC(b)->powered = false;
}

static void rtc_reset_exit(Object *obj, ResetType type)
{
    wb_rtc_update(STM32WB_RTC(obj));
}

static void rtc_init(Object *obj)
{
    Stm32wbRtc *s = STM32WB_RTC(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(sbd, &s->alarm_irq);
    sysbus_init_irq(sbd, &s->tamper_irq);
    sysbus_init_irq(sbd, &s->wakeup_irq);
    qdev_init_gpio_out_named(dev, &s->internal_wakeup, "internal-wakeup", 1);
    qdev_init_gpio_out_named(dev, s->alarm_out, "alarm", ALARMS);
    qdev_init_gpio_out_named(dev, s->tamper_out, "tamper", TAMPERS);
    qdev_init_gpio_out_named(dev, &s->wakeup_out, "wakeup-timer", 1);
    qdev_init_gpio_in_named(dev, set_backup_writable, "backup-writable", 1);
    qdev_init_gpio_in_named(dev, backup_reset, "backup-reset", 1);
    qdev_init_gpio_in_named(dev, set_lse_css, "lse-css", 1);
    qdev_init_gpio_in_named(dev, set_timestamp_pin, "TS-in", 1);
    for (int i = 0; i < TAMPERS; i++) {
        g_autofree char *name = g_strdup_printf("TAMP%d-in", i + 1);

        s->tamper_pin[i] = (WbTamperPin){ s, i };
        qdev_init_gpio_in_named_with_opaque(dev, set_tamper_pin,
                                            &s->tamper_pin[i], name, 1);
    }
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, wb_rtc_event_due, s);
}

static void rtc_finalize(Object *obj)
{
    timer_free(STM32WB_RTC(obj)->timer);
}

static const VMStateDescription rtc_vmstate = {
    .name = TYPE_STM32WB_RTC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbRtc),
        VMSTATE_UINT32_ARRAY(regs, Stm32wbRtc, RTC_WORDS),
        VMSTATE_WB_EDGES(clock, Stm32wbRtc),
        VMSTATE_UINT64(tick, Stm32wbRtc),
        VMSTATE_UINT64(part, Stm32wbRtc),
        VMSTATE_INT64(step, Stm32wbRtc),
        VMSTATE_UINT32(first_weekday, Stm32wbRtc),
        VMSTATE_UINT64(spre, Stm32wbRtc),
        VMSTATE_UINT64(wut_next, Stm32wbRtc),
        VMSTATE_INT64_ARRAY(alarm_next, Stm32wbRtc, ALARMS),
        VMSTATE_INT64(init_since, Stm32wbRtc),
        VMSTATE_INT64(rsf_since, Stm32wbRtc),
        VMSTATE_INT64(recal_since, Stm32wbRtc),
        VMSTATE_INT64_ARRAY(writable_since, Stm32wbRtc, ALARMS + 1),
        VMSTATE_UINT32(shadow_tr, Stm32wbRtc),
        VMSTATE_UINT32(shadow_dr, Stm32wbRtc),
        VMSTATE_BOOL(tr_locked, Stm32wbRtc),
        VMSTATE_BOOL(dr_locked, Stm32wbRtc),
        VMSTATE_BOOL(shadow_reset, Stm32wbRtc),
        VMSTATE_UINT8(keys, Stm32wbRtc),
        VMSTATE_UINT8(pins, Stm32wbRtc),
        VMSTATE_BOOL(backup_writable, Stm32wbRtc),
        VMSTATE_BOOL(lse_css, Stm32wbRtc),
        VMSTATE_BOOL(powered, Stm32wbRtc),
        VMSTATE_TIMER_PTR(timer, Stm32wbRtc),
        VMSTATE_END_OF_LIST()
    },
};

static const Property rtc_properties[] = {
    DEFINE_PROP_BOOL("battery", Stm32wbRtc, battery, false),
};

static void rtc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &rtc_vmstate;
    device_class_set_props(dc, rtc_properties);
    rc->phases.hold = rtc_reset_hold;
    rc->phases.exit = rtc_reset_exit;
    bc->power_lost = rtc_power_lost;
    bc->apb = true;
    bc->read = rtc_read;
    bc->write = rtc_write;
    bc->clock_changed = wb_rtc_clock_changed;
}

static const TypeInfo rtc_types[] = {
    {
        .name = TYPE_STM32WB_RTC,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbRtc),
        .instance_init = rtc_init,
        .instance_finalize = rtc_finalize,
        .class_init = rtc_class_init,
    },
};

DEFINE_TYPES(rtc_types)
