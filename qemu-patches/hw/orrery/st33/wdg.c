/*
 * ST33: watchdog
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, WDG. The registers are ours.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + GPIO output "reset": resets the part
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/orrery/stm32wb55/block.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"

REG32(LOAD, 0x00)
REG32(START, 0x04)
REG32(KICK, 0x08)
REG32(LEFT, 0x0C)

#define KEY_START 0x57444721
#define KEY_KICK 0x4B
#define TICKS_HZ 1024

#define TYPE_ST33_WDG "st33-wdg"
OBJECT_DECLARE_SIMPLE_TYPE(St33Wdg, ST33_WDG)

struct St33Wdg {
    Stm32wbBlock parent_obj;

    qemu_irq reset_out;
    QEMUTimer *timer;
    uint32_t load;
    bool running;
};

static int64_t ticks_ns(uint32_t ticks)
{
    return (int64_t)ticks * NANOSECONDS_PER_SECOND / TICKS_HZ;
}

static void kick(St33Wdg *s)
{
    if (s->running) {
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                ticks_ns(MAX(s->load, 1)));
    }
}

static void expired(void *opaque)
{
    St33Wdg *s = opaque;

    qemu_irq_pulse(s->reset_out);
}

static uint32_t left(St33Wdg *s)
{
    int64_t ns;

    if (!s->running) {
        return s->load;
    }
    ns = timer_expire_time_ns(s->timer) - qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    return MAX(ns, 0) * TICKS_HZ / NANOSECONDS_PER_SECOND;
}

static uint32_t wdg_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Wdg *s = ST33_WDG(b);

    switch (offset) {
    case A_LOAD:
        return s->load;
    case A_START:
        return s->running;
    case A_KICK:
        return 0;
    case A_LEFT:
        return left(s);
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void wdg_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    St33Wdg *s = ST33_WDG(b);

    switch (offset) {
    case A_LOAD:
        s->load = stm32wb_merge(s->load, value, mask) & 0xFFFF;
        break;
    case A_START:
        if ((value & mask) == KEY_START && !s->running) {
            s->running = true;
            kick(s);
        }
        break;
    case A_KICK:
        if ((value & mask) == KEY_KICK) {
            kick(s);
        }
        break;
    case A_LEFT:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

static void wdg_reset(Object *obj, ResetType type)
{
    St33Wdg *s = ST33_WDG(obj);

    timer_del(s->timer);
    s->load = 0xFFFF;
    s->running = false;
}

static void wdg_init(Object *obj)
{
    St33Wdg *s = ST33_WDG(obj);

    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, expired, s);
    qdev_init_gpio_out_named(DEVICE(obj), &s->reset_out, "reset", 1);
}

static void wdg_finalize(Object *obj)
{
    timer_free(ST33_WDG(obj)->timer);
}

static const VMStateDescription wdg_vmstate = {
    .name = TYPE_ST33_WDG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Wdg),
        VMSTATE_TIMER_PTR(timer, St33Wdg),
        VMSTATE_UINT32(load, St33Wdg),
        VMSTATE_BOOL(running, St33Wdg),
        VMSTATE_END_OF_LIST()
    },
};

static void wdg_class_init(ObjectClass *klass, void *data)
{
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    DEVICE_CLASS(klass)->vmsd = &wdg_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = wdg_reset;
    bc->privileged = true;
    bc->read = wdg_read;
    bc->write = wdg_write;
}

static const TypeInfo wdg_types[] = {
    {
        .name = TYPE_ST33_WDG,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Wdg),
        .instance_init = wdg_init,
        .instance_finalize = wdg_finalize,
        .class_init = wdg_class_init,
    },
};

DEFINE_TYPES(wdg_types)
