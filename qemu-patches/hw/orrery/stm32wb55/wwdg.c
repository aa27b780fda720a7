/*
 * STM32WB55 system window watchdog
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 chapter 34. The counter starts with WDGA; on the part it runs freely before.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; sysbus IRQ 0: early wake-up
 *  + GPIO output "reset": resets the system
 *  + clock input "kernel": PCLK1
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/orrery/trace.h"
#include "hw/registerfields.h"
#include "qemu/module.h"
#include "block.h"
#include "edges.h"

REG32(CR, 0x00)
    FIELD(CR, T, 0, 7)
    FIELD(CR, WDGA, 7, 1)
REG32(CFR, 0x04)
    FIELD(CFR, W, 0, 7)
    FIELD(CFR, EWI, 9, 1)
    FIELD(CFR, WDGTB, 11, 3)
REG32(SR, 0x08)
    FIELD(SR, EWIF, 0, 1)

#define PRESCALER 4096
#define EARLY 0x40 /* EWIF comes here; one step later the reset */

#define TYPE_STM32WB_WWDG "stm32wb-wwdg"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbWwdg, STM32WB_WWDG)

struct Stm32wbWwdg {
    Stm32wbBlock parent_obj;

    uint32_t cfr;
    uint32_t load;      /* T as it was written... */
    uint64_t loaded;    /* ...at this tick of PCLK1 */
    bool active;        /* WDGA */
    bool early;         /* EWIF */
    WbEdges pclk;
    QEMUTimer *timer;   /* the step to 0x40, or the one to 0x3F */
    qemu_irq irq;
    qemu_irq reset_out;
};

static uint64_t step(const Stm32wbWwdg *s)
{
    return (uint64_t)PRESCALER << FIELD_EX32(s->cfr, CFR, WDGTB);
}

static uint64_t steps(const Stm32wbWwdg *s)
{
    return s->active ? (wb_edges(&s->pclk) - s->loaded) / step(s) : 0;
}

static uint32_t count(const Stm32wbWwdg *s)
{
    return (s->load - steps(s)) & R_CR_T_MASK;
}

static void update_irq(Stm32wbWwdg *s)
{
    qemu_set_irq(s->irq, s->early && FIELD_EX32(s->cfr, CFR, EWI));
}

static void expire(Stm32wbWwdg *s, const char *why)
{
    trace_stm32wb_watchdog("WWDG", why);
    timer_del(s->timer);
    s->active = false;
    qemu_irq_pulse(s->reset_out);
}

/* T has bit 6 set: every other value has been dealt with when it was written. */
static void arm(Stm32wbWwdg *s)
{
    uint64_t to_early = s->load - EARLY;
    uint64_t n = steps(s) < to_early ? to_early : to_early + 1;

    if (s->active && s->pclk.hz) {
        timer_mod(s->timer, wb_edges_ns(&s->pclk, s->loaded + n * step(s)));
    } else {
        timer_del(s->timer);
    }
}

static void timed_out(void *opaque)
{
    Stm32wbWwdg *s = opaque;

    if (count(s) < EARLY) {
        expire(s, "timeout");
        return;
    }
    s->early = true;
    update_irq(s);
    arm(s);
}

static void wwdg_clock_changed(Stm32wbBlock *b)
{
    Stm32wbWwdg *s = STM32WB_WWDG(b);

    wb_edges_set_hz(&s->pclk, stm32wb_block_hz(b));
    arm(s);
}

static uint32_t wwdg_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbWwdg *s = STM32WB_WWDG(b);

    switch (offset) {
    case A_CR:
        return FIELD_DP32(count(s), CR, WDGA, s->active);
    case A_CFR:
        return s->cfr;
    case A_SR:
        return s->early;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void load(Stm32wbWwdg *s, uint32_t t)
{
    s->load = t;
    s->loaded = wb_edges(&s->pclk);
}

static void write_cr(Stm32wbWwdg *s, uint32_t value)
{
    uint32_t t = FIELD_EX32(value, CR, T);

    if (s->active && count(s) > FIELD_EX32(s->cfr, CFR, W)) {
        expire(s, "refreshed too early");
        return;
    }
    load(s, t);
    if (FIELD_EX32(value, CR, WDGA) && !s->active) {
        s->active = true; /* until the next reset */
        trace_stm32wb_watchdog("WWDG", "start");
    }
    if (s->active && t < EARLY) {
        expire(s, "T6 cleared");
        return;
    }
    if (s->active && t == EARLY) {
        s->early = true;
        update_irq(s);
    }
    arm(s);
}

static void write_cfr(Stm32wbWwdg *s, uint32_t value)
{
    uint32_t now = count(s);
    uint32_t ewi = s->cfr & R_CFR_EWI_MASK; /* cleared by a reset only */

    s->cfr = (value & (R_CFR_W_MASK | R_CFR_EWI_MASK | R_CFR_WDGTB_MASK)) | ewi;
    if (s->active && now < EARLY) { /* the timer is about to say so */
        return;
    }
    load(s, now);
    update_irq(s);
    arm(s);
}

static void wwdg_write(Stm32wbBlock *b, hwaddr offset, uint32_t value, uint32_t mask)
{
    Stm32wbWwdg *s = STM32WB_WWDG(b);

    switch (offset) {
    case A_CR:
        write_cr(s, value);
        break;
    case A_CFR:
        write_cfr(s, value);
        break;
    case A_SR:
        s->early &= value & R_SR_EWIF_MASK;
        update_irq(s);
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

static void wwdg_reset_hold(Object *obj, ResetType type)
{
    Stm32wbWwdg *s = STM32WB_WWDG(obj);

    timer_del(s->timer);
    s->cfr = R_CFR_W_MASK;
    s->load = R_CR_T_MASK;
    s->loaded = 0;
    s->active = false;
    s->early = false;
}

static void wwdg_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_WWDG(obj));
}

static void wwdg_init(Object *obj)
{
    Stm32wbWwdg *s = STM32WB_WWDG(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->reset_out, "reset", 1);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timed_out, s);
}

static void wwdg_finalize(Object *obj)
{
    timer_free(STM32WB_WWDG(obj)->timer);
}

static const VMStateDescription wwdg_vmstate = {
    .name = TYPE_STM32WB_WWDG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbWwdg),
        VMSTATE_UINT32(cfr, Stm32wbWwdg),
        VMSTATE_UINT32(load, Stm32wbWwdg),
        VMSTATE_UINT64(loaded, Stm32wbWwdg),
        VMSTATE_BOOL(active, Stm32wbWwdg),
        VMSTATE_BOOL(early, Stm32wbWwdg),
        VMSTATE_WB_EDGES(pclk, Stm32wbWwdg),
        VMSTATE_TIMER_PTR(timer, Stm32wbWwdg),
        VMSTATE_END_OF_LIST()
    },
};

static void wwdg_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &wwdg_vmstate;
    rc->phases.hold = wwdg_reset_hold;
    rc->phases.exit = wwdg_reset_exit;
    bc->apb = true;
    bc->read = wwdg_read;
    bc->write = wwdg_write;
    bc->clock_changed = wwdg_clock_changed;
}

static const TypeInfo wwdg_types[] = {
    {
        .name = TYPE_STM32WB_WWDG,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbWwdg),
        .instance_init = wwdg_init,
        .instance_finalize = wwdg_finalize,
        .class_init = wwdg_class_init,
    },
};

DEFINE_TYPES(wwdg_types)
