/*
 * ST33: SYS, clock, resets, power, identity, debug lock
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, SYS. The registers are ours.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + clock output "hclk": the core's
 *  + GPIO inputs "reset"[n]: ask for a reset with cause n (St33Reset)
 *  + GPIO input "nrst": the reset pin; the core stands while it is low
 *  + GPIO input "power": supply; RAM is lost and the core stands while it is low
 *  + GPIO output "power-lost": pulsed when the supply goes: contents that power keeps are lost
 *  + property "debug-lock" (read only): 0 open, 1 until power-on, 2 for ever
 *  + link property "flash": keeps what outlives power
 */
#include "qemu/osdep.h"
#include "qapi/visitor.h"
#include "qemu/units.h"
#include "hw/irq.h"
#include "hw/core/cpu.h"
#include "hw/orrery/core.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "target/arm/cpu.h"
#include "../trace.h"
#include "flash.h"
#include "soc.h"
#include "sys.h"

REG32(ID, 0x00)
REG32(CONF, 0x04)
REG32(UID0, 0x08)
REG32(UID1, 0x0C)
REG32(CLK, 0x10)
    FIELD(CLK, DIV, 0, 4)
REG32(CAUSE, 0x14)
REG32(RESET, 0x18)
REG32(POWER, 0x1C)
REG32(DBG, 0x20)
    FIELD(DBG, LOCK, 0, 2)

#define ID 0x53543333
#define OSCILLATOR_HZ 60000000
#define DIV_AT_RESET 1
#define KEY_RESET 0x52535421
#define KEY_OFF 0x4F464621
#define LOCKED_FOR_EVER 2

#define TYPE_ST33_SYS "st33-sys"
OBJECT_DECLARE_SIMPLE_TYPE(St33Sys, ST33_SYS)

struct St33Sys {
    Stm32wbBlock parent_obj;

    Clock *hclk;
    qemu_irq power_lost;
    St33Flash *flash;
    uint32_t clk;
    uint32_t cause;   /* CAUSE */
    uint32_t pending; /* causes of the reset that is coming */
    uint32_t lock;    /* until power-on */
    bool powered, nrst; /* levels */
    bool off;         /* by POWER */
    bool begun;       /* the first reset has been */
};

static uint32_t debug_lock(St33Sys *s)
{
    return MAX(s->lock, st33_flash_debug_lock(s->flash));
}

static void set_clock(St33Sys *s)
{
    uint64_t hz = OSCILLATOR_HZ / (FIELD_EX32(s->clk, CLK, DIV) + 1);

    clock_update_hz(s->hclk, hz);
    orrery_core_hz(hz);
}

/* ---- resets and power ---- */

/*
 * The reset itself happens in the main loop; the core must not execute until then, whoever asks
 * for it: the core itself, a timer or a pin.
 */
static void ask_for_reset(St33Sys *s, unsigned cause)
{
    s->pending |= 1u << cause;
    trace_st33_reset(cause);
    first_cpu->start_powered_off = !s->powered || !s->nrst || s->off;
    qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    first_cpu->stop = true;
    cpu_exit(first_cpu);
}

static void reset_requested(void *opaque, int cause, int level)
{
    if (level) {
        ask_for_reset(opaque, cause);
    }
}

static void set_nrst(void *opaque, int n, int level)
{
    St33Sys *s = opaque;

    if (s->nrst != !!level) {
        s->nrst = level;
        s->off = false;
        ask_for_reset(s, ST33_RESET_PIN);
    }
}

static void lose_power(St33Sys *s)
{
    s->lock = s->cause = s->pending = 0;
    qemu_irq_pulse(s->power_lost);
}

static void set_power(void *opaque, int n, int level)
{
    St33Sys *s = opaque;

    if (s->powered == !!level) {
        return;
    }
    s->powered = level;
    s->off = false;
    if (!level) {
        lose_power(s);
    }
    ask_for_reset(s, ST33_RESET_POWER);
}

static void switch_off(St33Sys *s)
{
    s->off = true;
    lose_power(s);
    ask_for_reset(s, ST33_RESET_POWER);
}

/* ---- registers ---- */

static uint32_t sys_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Sys *s = ST33_SYS(b);
    St33Soc *soc = ST33_SOC(OBJECT(b)->parent);

    switch (offset) {
    case A_ID:
        return ID;
    case A_CONF:
        return soc->flash_size / KiB | soc->ram_size / KiB << 16;
    case A_UID0:
    case A_UID1:
        return st33_flash_uid(s->flash, offset == A_UID1);
    case A_CLK:
        return s->clk;
    case A_CAUSE:
        return s->cause;
    case A_RESET:
    case A_POWER:
        return 0;
    case A_DBG:
        return debug_lock(s);
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void sys_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    St33Sys *s = ST33_SYS(b);

    value &= mask;
    switch (offset) {
    case A_ID:
    case A_CONF:
    case A_UID0:
    case A_UID1:
        break;
    case A_CLK:
        s->clk = value & R_CLK_DIV_MASK;
        set_clock(s);
        break;
    case A_CAUSE:
        s->cause &= ~value;
        break;
    case A_RESET:
        if (value == KEY_RESET) {
            ask_for_reset(s, ST33_RESET_SOFTWARE);
        }
        break;
    case A_POWER:
        if (value == KEY_OFF) {
            switch_off(s);
        }
        break;
    case A_DBG:
        value = MIN(FIELD_EX32(value, DBG, LOCK), LOCKED_FOR_EVER);
        s->lock = MAX(s->lock, value);
        if (value == LOCKED_FOR_EVER) {
            st33_flash_lock_debug(s->flash, LOCKED_FOR_EVER);
        }
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

/* ---- the device ---- */

/*
 * The first reset is power-on. Another that nobody here asked for is the button's ("orrery reset", a
 * monitor's), which is on the reset pin.
 */
static void sys_reset_enter(Object *obj, ResetType type)
{
    St33Sys *s = ST33_SYS(obj);

    if (s->begun && !s->pending) {
        s->off = false;
        s->pending = 1u << ST33_RESET_PIN;
        first_cpu->start_powered_off = !s->powered || !s->nrst;
    }
    s->begun = true;
}

static void sys_reset(Object *obj, ResetType type)
{
    St33Sys *s = ST33_SYS(obj);

    s->cause |= s->pending ? s->pending : 1u << ST33_RESET_POWER;
    s->pending = 0;
    s->clk = DIV_AT_RESET;
}

static void sys_reset_exit(Object *obj, ResetType type)
{
    set_clock(ST33_SYS(obj));
}

static void get_debug_lock(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    uint32_t value = debug_lock(ST33_SYS(obj));

    visit_type_uint32(v, name, &value, errp);
}

static void sys_init(Object *obj)
{
    St33Sys *s = ST33_SYS(obj);
    DeviceState *dev = DEVICE(obj);

    s->powered = s->nrst = true;
    s->hclk = qdev_init_clock_out(dev, "hclk");
    qdev_init_gpio_in_named(dev, reset_requested, "reset", ST33_RESETS);
    qdev_init_gpio_in_named(dev, set_nrst, "nrst", 1);
    qdev_init_gpio_in_named(dev, set_power, "power", 1);
    qdev_init_gpio_out_named(dev, &s->power_lost, "power-lost", 1);
    object_property_add(obj, "debug-lock", "uint32", get_debug_lock, NULL, NULL,
                        NULL);
}

static const VMStateDescription sys_vmstate = {
    .name = TYPE_ST33_SYS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Sys),
        VMSTATE_CLOCK(hclk, St33Sys),
        VMSTATE_UINT32(clk, St33Sys),
        VMSTATE_UINT32(cause, St33Sys),
        VMSTATE_UINT32(pending, St33Sys),
        VMSTATE_UINT32(lock, St33Sys),
        VMSTATE_BOOL(powered, St33Sys),
        VMSTATE_BOOL(nrst, St33Sys),
        VMSTATE_BOOL(off, St33Sys),
        VMSTATE_END_OF_LIST()
    },
};

static const Property sys_properties[] = {
    DEFINE_PROP_LINK("flash", St33Sys, flash, TYPE_ST33_FLASH, St33Flash *),
};

static void sys_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &sys_vmstate;
    device_class_set_props(dc, sys_properties);
    rc->phases.enter = sys_reset_enter;
    rc->phases.hold = sys_reset;
    rc->phases.exit = sys_reset_exit;
    bc->privileged = true;
    bc->read = sys_read;
    bc->write = sys_write;
}

static const TypeInfo sys_types[] = {
    {
        .name = TYPE_ST33_SYS,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Sys),
        .instance_init = sys_init,
        .class_init = sys_class_init,
    },
};

DEFINE_TYPES(sys_types)
