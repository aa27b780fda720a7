/*
 * STM32WB55 clock recovery system
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 chapter 10. HSI48 is exact here, so TRIM moves but changes nothing: what software
 * sees is the error of its own RELOAD against the synchronisation period.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; sysbus IRQ 0
 *  + GPIO input "sof": pulsed by USB at a start of frame; "SYNC-in": the pin CRS_SYNC
 *  + clock input "kernel": HSI48; LSE's frequency comes from RCC
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "block.h"
#include "rcc.h"
#include "soc.h"

REG32(CR, 0x00)
    FIELD(CR, CEN, 5, 1)
    FIELD(CR, AUTOTRIMEN, 6, 1)
    FIELD(CR, SWSYNC, 7, 1)
    FIELD(CR, TRIM, 8, 6)
REG32(CFGR, 0x04)
    FIELD(CFGR, RELOAD, 0, 16)
    FIELD(CFGR, FELIM, 16, 8)
    FIELD(CFGR, SYNCDIV, 24, 3)
    FIELD(CFGR, SYNCSRC, 28, 2)
    FIELD(CFGR, SYNCPOL, 31, 1)
REG32(ISR, 0x08)
    FIELD(ISR, SYNCOKF, 0, 1)
    FIELD(ISR, SYNCWARNF, 1, 1)
    FIELD(ISR, ERRF, 2, 1)
    FIELD(ISR, ESYNCF, 3, 1)
    FIELD(ISR, SYNCERR, 8, 1)
    FIELD(ISR, SYNCMISS, 9, 1)
    FIELD(ISR, TRIMOVF, 10, 1)
    FIELD(ISR, FEDIR, 15, 1)
    FIELD(ISR, FECAP, 16, 16)
REG32(ICR, 0x0c)

#define CR_WRITABLE 0x00003F6F
#define CFGR_WRITABLE 0xB7FFFFFF
#define ISR_ERRORS (R_ISR_SYNCERR_MASK | R_ISR_SYNCMISS_MASK | R_ISR_TRIMOVF_MASK)
#define SOURCE_PIN 0
#define SOURCE_LSE 1
#define SOURCE_USB 2
#define TRIM_MAX 63

#define TYPE_STM32WB_CRS "stm32wb-crs"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbCrs, STM32WB_CRS)

struct Stm32wbCrs {
    Stm32wbBlock parent_obj;

    uint32_t cr, cfgr, isr;
    uint32_t divided;   /* synchronisation events that SYNCDIV has swallowed */
    int64_t start_ns;   /* the counter was reloaded */
    int64_t lse_ns;     /* LSE's next edge that counts */
    bool zero_passed;   /* and has counted down to zero, */
    bool missed;        /* and up to the limit */
    bool settled;       /* another LSE event would change nothing */
    bool pin;
    QEMUTimer *timer;
    qemu_irq irq;
};

static void update_irq(Stm32wbCrs *s)
{
    qemu_set_irq(s->irq, (s->isr & s->cr & 0xF) != 0);
}

static uint32_t limit(const Stm32wbCrs *s, unsigned times)
{
    return FIELD_EX32(s->cfgr, CFGR, FELIM) * times;
}

static bool counts(Stm32wbCrs *s)
{
    return FIELD_EX32(s->cr, CR, CEN) && stm32wb_block_hz(&s->parent_obj);
}

static int64_t ns_of(Stm32wbCrs *s, uint64_t ticks)
{
    return s->start_ns + clock_ticks_to_ns(s->parent_obj.kernel, ticks);
}

/* Of LSE's edges that count, the last one up to @now or the one after; INT64_MAX: there is none. */
static int64_t lse_edge(Stm32wbCrs *s, int64_t now, bool after)
{
    Stm32wb55Soc *soc = STM32WB55_SOC(OBJECT(s)->parent);
    uint64_t hz = STM32WB_RCC(stm32wb55_soc_block(soc, "RCC"))->hz[WB_CLK_LSE];
    uint32_t div = 1u << FIELD_EX32(s->cfgr, CFGR, SYNCDIV);
    uint64_t edge = muldiv64(now, hz, NANOSECONDS_PER_SECOND) / div * div;

    if (!hz || FIELD_EX32(s->cfgr, CFGR, SYNCSRC) != SOURCE_LSE) {
        return INT64_MAX;
    }
    return muldiv64_round_up(edge + (after ? div : 0), NANOSECONDS_PER_SECOND, hz);
}

static void arm(Stm32wbCrs *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint32_t reload = FIELD_EX32(s->cfgr, CFGR, RELOAD);
    int64_t next;

    if (!counts(s) || s->settled) {
        timer_del(s->timer);
        return;
    }
    s->lse_ns = lse_edge(s, now, true);
    next = s->lse_ns;
    if (!s->zero_passed) {
        next = MIN(next, ns_of(s, reload));
    } else if (!s->missed) {
        next = MIN(next, ns_of(s, reload + limit(s, 128)));
    }
    if (next == INT64_MAX) {
        timer_del(s->timer);
    } else {
        timer_mod(s->timer, MAX(next, now));
    }
}

static void reload(Stm32wbCrs *s, int64_t at)
{
    s->start_ns = at;
    s->zero_passed = false;
    s->missed = false;
}

/*
 * Something is going to change: LSE's edges that would have changed nothing, and were left out,
 * have reloaded the counter.
 */
static void unsettle(Stm32wbCrs *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (s->settled) {
        s->settled = false;
        reload(s, MIN(now, lse_edge(s, now, false)));
    }
}

static void trim(Stm32wbCrs *s, int by)
{
    int value = (int)FIELD_EX32(s->cr, CR, TRIM) + by;

    if (!FIELD_EX32(s->cr, CR, AUTOTRIMEN)) {
        return;
    }
    if (value < 0 || value > TRIM_MAX) {
        s->isr |= R_ISR_TRIMOVF_MASK | R_ISR_ERRF_MASK;
        value = value < 0 ? 0 : TRIM_MAX;
    }
    s->cr = FIELD_DP32(s->cr, CR, TRIM, value);
}

/* The frequency error, and what it means (10.4.4). */
static void evaluate(Stm32wbCrs *s, int64_t now)
{
    uint64_t ticks = clock_ns_to_ticks(s->parent_obj.kernel, now - s->start_ns);
    uint32_t target = FIELD_EX32(s->cfgr, CFGR, RELOAD);
    bool slow = ticks < target;
    uint64_t error = slow ? target - ticks : ticks - target;

    if (s->missed) {
        return; /* the counter had stopped */
    }
    s->isr = FIELD_DP32(s->isr, ISR, FECAP, MIN(error, 0xFFFF));
    s->isr = FIELD_DP32(s->isr, ISR, FEDIR, slow);
    if (error >= limit(s, 128)) {
        s->isr |= R_ISR_SYNCERR_MASK | R_ISR_ERRF_MASK;
    } else if (error >= limit(s, 3)) {
        s->isr |= R_ISR_SYNCWARNF_MASK;
        trim(s, slow ? 2 : -2);
    } else {
        s->isr |= R_ISR_SYNCOKF_MASK;
        if (error >= limit(s, 1)) {
            trim(s, slow ? 1 : -1);
        }
    }
}

static void synchronise(Stm32wbCrs *s, int64_t at)
{
    uint32_t isr = s->isr, cr = s->cr;

    if (!counts(s)) {
        return;
    }
    evaluate(s, at);
    reload(s, at);
    s->settled = s->isr == isr && s->cr == cr &&
                 FIELD_EX32(s->cfgr, CFGR, SYNCSRC) == SOURCE_LSE;
    update_irq(s);
    arm(s);
}

static void timed(void *opaque)
{
    Stm32wbCrs *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint32_t zero = FIELD_EX32(s->cfgr, CFGR, RELOAD);
    bool lse = now >= s->lse_ns;

    now = lse ? s->lse_ns : now; /* a timer may come an instruction late */
    if (!s->zero_passed && now >= ns_of(s, zero)) {
        s->zero_passed = true;
        s->isr |= R_ISR_ESYNCF_MASK;
    }
    if (!lse && !s->missed && now >= ns_of(s, zero + limit(s, 128))) {
        s->missed = true;
        s->isr |= R_ISR_SYNCMISS_MASK | R_ISR_ERRF_MASK;
    }
    update_irq(s);
    if (lse) {
        synchronise(s, now);
    } else {
        arm(s);
    }
}

/* From the pin or USB: every 2^SYNCDIV-th counts. */
static void divide(Stm32wbCrs *s, uint32_t source)
{
    if (FIELD_EX32(s->cfgr, CFGR, SYNCSRC) == source && counts(s) &&
        ++s->divided >> FIELD_EX32(s->cfgr, CFGR, SYNCDIV)) {
        s->divided = 0;
        synchronise(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

static void set_sof(void *opaque, int n, int level)
{
    if (level) {
        divide(opaque, SOURCE_USB);
    }
}

static void set_pin(void *opaque, int n, int level)
{
    Stm32wbCrs *s = opaque;
    bool was = s->pin;

    s->pin = level == 1;
    if (s->pin != was && was == FIELD_EX32(s->cfgr, CFGR, SYNCPOL)) {
        divide(s, SOURCE_PIN);
    }
}

static void crs_clock_changed(Stm32wbBlock *b)
{
    Stm32wbCrs *s = STM32WB_CRS(b);

    s->settled = false;
    reload(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    arm(s);
}

static uint32_t crs_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbCrs *s = STM32WB_CRS(b);

    switch (offset) {
    case A_CR:
        return s->cr;
    case A_CFGR:
        return s->cfgr;
    case A_ISR:
        return s->isr;
    case A_ICR:
        return 0;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_cr(Stm32wbCrs *s, uint32_t value)
{
    uint32_t old = s->cr;
    uint32_t bits = CR_WRITABLE;

    if (FIELD_EX32(value, CR, AUTOTRIMEN)) {
        bits &= ~R_CR_TRIM_MASK; /* hardware's (10.7.1) */
    }
    s->cr = (old & ~bits) | (value & bits);
    if (FIELD_EX32(s->cr, CR, CEN) && !FIELD_EX32(old, CR, CEN)) {
        reload(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
        s->divided = 0;
    }
    if (FIELD_EX32(value, CR, SWSYNC)) {
        synchronise(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

static void crs_write(Stm32wbBlock *b, hwaddr offset, uint32_t value, uint32_t mask)
{
    Stm32wbCrs *s = STM32WB_CRS(b);

    unsettle(s);
    switch (offset) {
    case A_CR:
        write_cr(s, value);
        break;
    case A_CFGR:
        if (!FIELD_EX32(s->cr, CR, CEN)) {
            s->cfgr = value & CFGR_WRITABLE;
        }
        break;
    case A_ISR:
        break;
    case A_ICR:
        s->isr &= ~(value & 0xF);
        if (FIELD_EX32(value, ISR, ERRF)) {
            s->isr &= ~ISR_ERRORS;
        }
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    update_irq(s);
    arm(s);
}

static void crs_reset_hold(Object *obj, ResetType type)
{
    Stm32wbCrs *s = STM32WB_CRS(obj);

    timer_del(s->timer);
    s->cr = stm32wb_register_reset("CRS", A_CR);
    s->cfgr = stm32wb_register_reset("CRS", A_CFGR);
    s->isr = 0;
    s->divided = 0;
    s->lse_ns = INT64_MAX;
    s->zero_passed = false;
    s->missed = false;
    s->settled = false;
}

static void crs_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_CRS(obj));
}

static void crs_init(Object *obj)
{
    Stm32wbCrs *s = STM32WB_CRS(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_in_named(DEVICE(obj), set_sof, "sof", 1);
    qdev_init_gpio_in_named(DEVICE(obj), set_pin, "SYNC-in", 1);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timed, s);
}

static void crs_finalize(Object *obj)
{
    timer_free(STM32WB_CRS(obj)->timer);
}

static const VMStateDescription crs_vmstate = {
    .name = TYPE_STM32WB_CRS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbCrs),
        VMSTATE_UINT32(cr, Stm32wbCrs),
        VMSTATE_UINT32(cfgr, Stm32wbCrs),
        VMSTATE_UINT32(isr, Stm32wbCrs),
        VMSTATE_UINT32(divided, Stm32wbCrs),
        VMSTATE_INT64(start_ns, Stm32wbCrs),
        VMSTATE_INT64(lse_ns, Stm32wbCrs),
        VMSTATE_BOOL(zero_passed, Stm32wbCrs),
        VMSTATE_BOOL(missed, Stm32wbCrs),
        VMSTATE_BOOL(settled, Stm32wbCrs),
        VMSTATE_BOOL(pin, Stm32wbCrs),
        VMSTATE_TIMER_PTR(timer, Stm32wbCrs),
        VMSTATE_END_OF_LIST()
    },
};

static void crs_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &crs_vmstate;
    rc->phases.hold = crs_reset_hold;
    rc->phases.exit = crs_reset_exit;
    bc->apb = true;
    bc->read = crs_read;
    bc->write = crs_write;
    bc->clock_changed = crs_clock_changed;
}

static const TypeInfo crs_types[] = {
    {
        .name = TYPE_STM32WB_CRS,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbCrs),
        .instance_init = crs_init,
        .instance_finalize = crs_finalize,
        .class_init = crs_class_init,
    },
};

DEFINE_TYPES(crs_types)
