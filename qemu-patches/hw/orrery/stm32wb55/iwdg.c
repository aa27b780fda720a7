/*
 * STM32WB55 independent watchdog
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 chapter 33. Started by software or by option byte. It stands in Stop and Standby if the
 * option bytes say so (33.3.5), and in Shutdown, which has no LSI (6.4).
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + GPIO output "running": the LSI cannot be off; "reset": resets the system
 *  + GPIO input "mode": the system's, of PWR
 *  + clock input "kernel": LSI
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/orrery/trace.h"
#include "hw/registerfields.h"
#include "qemu/module.h"
#include "block.h"
#include "edges.h"
#include "flash.h"
#include "pwr.h"

REG32(KR, 0x00)
REG32(PR, 0x04)
REG32(RLR, 0x08)
REG32(SR, 0x0c)
    FIELD(SR, PVU, 0, 1)
    FIELD(SR, RVU, 1, 1)
    FIELD(SR, WVU, 2, 1)
REG32(WINR, 0x10)

#define KEY_RELOAD 0xAAAA
#define KEY_ACCESS 0x5555
#define KEY_START 0xCCCC
#define RELOAD_MAX 0xFFF
/* An update takes up to five cycles of LSI (33.4.5). */
#define UPDATE_CYCLES 5

#define TYPE_STM32WB_IWDG "stm32wb-iwdg"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbIwdg, STM32WB_IWDG)

struct Stm32wbIwdg {
    Stm32wbBlock parent_obj;

    uint32_t prescaler, reload, window;
    WbEdges lsi;
    uint64_t loaded;      /* the tick of the last load... */
    uint32_t load;        /* ...and what was loaded */
    uint64_t updated[3];  /* the tick at which PR, RLR, WINR are taken over */
    bool running;
    bool unlocked;
    uint8_t mode; /* WbSystemMode */
    QEMUTimer *timer;
    qemu_irq running_out;
    qemu_irq reset_out;
};

static uint32_t divider(const Stm32wbIwdg *s)
{
    return 4 << MIN(s->prescaler, 6);
}

static uint32_t count(const Stm32wbIwdg *s)
{
    uint64_t steps = (wb_edges(&s->lsi) - s->loaded) / divider(s);

    if (!s->running) {
        return s->load;
    }
    return s->load - MIN(steps, s->load);
}

static void arm(Stm32wbIwdg *s)
{
    if (s->running && s->lsi.hz) {
        timer_mod(s->timer,
                  wb_edges_ns(&s->lsi, s->loaded + (uint64_t)(s->load + 1) * divider(s)));
    } else {
        timer_del(s->timer);
    }
}

static void load(Stm32wbIwdg *s, uint32_t value)
{
    s->loaded = wb_edges(&s->lsi);
    s->load = value;
    arm(s);
}

static void expire(Stm32wbIwdg *s, const char *why)
{
    trace_stm32wb_watchdog("IWDG", why);
    timer_del(s->timer);
    s->running = false;
    qemu_irq_pulse(s->reset_out);
}

static void timed_out(void *opaque)
{
    expire(opaque, "timeout");
}

static void refresh(Stm32wbIwdg *s)
{
    if (s->running && count(s) > s->window) {
        expire(s, "refreshed too early");
        return;
    }
    load(s, s->reload);
}

static uint32_t options(Stm32wbIwdg *s)
{
    Object *soc = OBJECT(s)->parent;

    return stm32wb_flash_option(
        STM32WB_FLASH(stm32wb55_soc_block(STM32WB55_SOC(soc), "FLASH")), WB_OPTR);
}

static bool frozen(Stm32wbIwdg *s)
{
    switch (s->mode) {
    case IN_STOP:
        return !(options(s) & WB_OPTR_IWDG_STOP);
    case IN_STANDBY:
        return !(options(s) & WB_OPTR_IWDG_STDBY);
    default:
        return s->mode == IN_SHUTDOWN;
    }
}

static void iwdg_clock_changed(Stm32wbBlock *b)
{
    Stm32wbIwdg *s = STM32WB_IWDG(b);
    uint64_t hz = frozen(s) ? 0 : stm32wb_block_hz(b);

    if (hz != s->lsi.hz) {
        wb_edges_set_hz(&s->lsi, hz);
        arm(s);
    }
}

static void set_mode(void *opaque, int n, int level)
{
    Stm32wbIwdg *s = STM32WB_IWDG(opaque);

    s->mode = level;
    iwdg_clock_changed(STM32WB_BLOCK(s));
}

static uint32_t iwdg_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbIwdg *s = STM32WB_IWDG(b);
    uint32_t sr = 0;

    switch (offset) {
    case A_KR:
        return 0;
    case A_PR:
        return s->prescaler;
    case A_RLR:
        return s->reload;
    case A_SR:
        for (int i = 0; i < ARRAY_SIZE(s->updated); i++) {
            sr |= (wb_edges(&s->lsi) < s->updated[i]) << i;
        }
        return sr;
    case A_WINR:
        return s->window;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_key(Stm32wbIwdg *s, uint32_t key)
{
    s->unlocked = key == KEY_ACCESS;
    if (key == KEY_START && !s->running) {
        s->running = true;
        trace_stm32wb_watchdog("IWDG", "start");
        qemu_set_irq(s->running_out, 1);
        load(s, s->load); /* 33.3.1: the reset value, if no refresh came before */
    } else if (key == KEY_RELOAD) {
        refresh(s);
    }
}

/* PR, RLR, WINR: index 0 to 2, and whether it may be written now */
static bool update_starts(Stm32wbIwdg *s, int index)
{
    uint64_t now = wb_edges(&s->lsi);

    if (!s->unlocked || now < s->updated[index]) {
        return false;
    }
    s->updated[index] = now + UPDATE_CYCLES;
    return true;
}

static void write_prescaler(Stm32wbIwdg *s, uint32_t value)
{
    uint32_t now = count(s);

    s->prescaler = value & 7;
    load(s, now); /* the count goes on */
}

static void iwdg_write(Stm32wbBlock *b, hwaddr offset, uint32_t value, uint32_t mask)
{
    Stm32wbIwdg *s = STM32WB_IWDG(b);

    switch (offset) {
    case A_KR:
        write_key(s, value & 0xFFFF);
        break;
    case A_PR:
        if (update_starts(s, 0)) {
            write_prescaler(s, value);
        }
        break;
    case A_RLR:
        if (update_starts(s, 1)) {
            s->reload = value & RELOAD_MAX;
        }
        break;
    case A_SR:
        break;
    case A_WINR:
        if (update_starts(s, 2)) {
            s->window = value & RELOAD_MAX;
            if (s->running) {
                load(s, s->reload); /* 33.4.5 */
            }
        }
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

static void iwdg_reset_hold(Object *obj, ResetType type)
{
    Stm32wbIwdg *s = STM32WB_IWDG(obj);

    timer_del(s->timer);
    s->prescaler = 0;
    s->reload = RELOAD_MAX;
    s->window = RELOAD_MAX;
    s->running = false;
    s->unlocked = false;
    s->load = RELOAD_MAX;
    s->loaded = 0;
    memset(s->updated, 0, sizeof(s->updated));
}

static void iwdg_reset_exit(Object *obj, ResetType type)
{
    Stm32wbIwdg *s = STM32WB_IWDG(obj);

    qemu_set_irq(s->running_out, 0);
    if (!(options(s) & WB_OPTR_IWDG_SW)) {
        write_key(s, KEY_START); /* 33.3.3: started by the part itself */
    }
}

static void iwdg_init(Object *obj)
{
    Stm32wbIwdg *s = STM32WB_IWDG(obj);

    qdev_init_gpio_out_named(DEVICE(obj), &s->running_out, "running", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->reset_out, "reset", 1);
    qdev_init_gpio_in_named(DEVICE(obj), set_mode, "mode", 1);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timed_out, s);
}

static void iwdg_finalize(Object *obj)
{
    timer_free(STM32WB_IWDG(obj)->timer);
}

static const VMStateDescription iwdg_vmstate = {
    .name = TYPE_STM32WB_IWDG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbIwdg),
        VMSTATE_UINT32(prescaler, Stm32wbIwdg),
        VMSTATE_UINT32(reload, Stm32wbIwdg),
        VMSTATE_UINT32(window, Stm32wbIwdg),
        VMSTATE_WB_EDGES(lsi, Stm32wbIwdg),
        VMSTATE_UINT64(loaded, Stm32wbIwdg),
        VMSTATE_UINT32(load, Stm32wbIwdg),
        VMSTATE_UINT64_ARRAY(updated, Stm32wbIwdg, 3),
        VMSTATE_BOOL(running, Stm32wbIwdg),
        VMSTATE_BOOL(unlocked, Stm32wbIwdg),
        VMSTATE_UINT8(mode, Stm32wbIwdg),
        VMSTATE_TIMER_PTR(timer, Stm32wbIwdg),
        VMSTATE_END_OF_LIST()
    },
};

static void iwdg_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &iwdg_vmstate;
    rc->phases.hold = iwdg_reset_hold;
    rc->phases.exit = iwdg_reset_exit;
    bc->apb = true;
    bc->read = iwdg_read;
    bc->write = iwdg_write;
    bc->clock_changed = iwdg_clock_changed;
}

static const TypeInfo iwdg_types[] = {
    {
        .name = TYPE_STM32WB_IWDG,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbIwdg),
        .instance_init = iwdg_init,
        .instance_finalize = iwdg_finalize,
        .class_init = iwdg_class_init,
    },
};

DEFINE_TYPES(iwdg_types)
