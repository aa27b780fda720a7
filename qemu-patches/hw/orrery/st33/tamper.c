/*
 * ST33: tamper and glitch inputs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, TAMPER. The registers are ours.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0
 *  + GPIO inputs "tamper"[4]: 1: pulled
 *  + GPIO outputs "nmi", "reset"
 *  + GPIO input "power-lost": the secret is gone
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/orrery/stm32wb55/block.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "soc.h"

REG32(STAT, 0x00)
REG32(RAW, 0x04)
REG32(IRQEN, 0x08)
REG32(NMIEN, 0x0C)
REG32(RSTEN, 0x10)
REG32(SECRET, 0x20)

#define ALL_INPUTS 0xF
#define SECRET_WORDS 8

#define TYPE_ST33_TAMPER "st33-tamper"
OBJECT_DECLARE_SIMPLE_TYPE(St33Tamper, ST33_TAMPER)

struct St33Tamper {
    Stm32wbBlock parent_obj;

    qemu_irq irq, nmi, reset_out;
    uint32_t stat, raw, irqen, nmien, rsten;
    uint32_t secret[SECRET_WORDS];
};

static void update_irq(St33Tamper *s)
{
    qemu_set_irq(s->irq, (s->stat & s->irqen) != 0);
    qemu_set_irq(s->nmi, (s->stat & s->nmien) != 0);
}

static void forget_secret(St33Tamper *s)
{
    memset(s->secret, 0, sizeof(s->secret));
}

static void pulled(void *opaque, int n, int level)
{
    St33Tamper *s = opaque;
    bool was = s->raw >> n & 1;

    s->raw = deposit32(s->raw, n, 1, level == 1);
    if (was || level != 1) {
        return;
    }
    trace_st33_tamper(n);
    s->stat |= 1u << n;
    forget_secret(s);
    update_irq(s);
    if (s->rsten >> n & 1) {
        qemu_irq_pulse(s->reset_out);
    }
}

static void power_lost(void *opaque, int n, int level)
{
    if (level) {
        forget_secret(opaque);
        ST33_TAMPER(opaque)->stat = 0;
    }
}

static uint32_t *secret_word(St33Tamper *s, hwaddr offset)
{
    return offset >= A_SECRET && offset < A_SECRET + 4 * SECRET_WORDS
               ? &s->secret[(offset - A_SECRET) / 4] : NULL;
}

static uint32_t tamper_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Tamper *s = ST33_TAMPER(b);

    switch (offset) {
    case A_STAT:
        return s->stat;
    case A_RAW:
        return s->raw;
    case A_IRQEN:
        return s->irqen;
    case A_NMIEN:
        return s->nmien;
    case A_RSTEN:
        return s->rsten;
    default:
        return secret_word(s, offset) ? *secret_word(s, offset)
                                      : stm32wb_block_unmodelled_read(b, offset);
    }
}

static void tamper_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                         uint32_t mask)
{
    St33Tamper *s = ST33_TAMPER(b);
    uint32_t *word = secret_word(s, offset);

    switch (offset) {
    case A_STAT:
        s->stat &= ~(value & mask);
        break;
    case A_RAW:
        break;
    case A_IRQEN:
        s->irqen = stm32wb_merge(s->irqen, value, mask) & ALL_INPUTS;
        break;
    case A_NMIEN:
        s->nmien = stm32wb_merge(s->nmien, value, mask) & ALL_INPUTS;
        break;
    case A_RSTEN:
        s->rsten |= value & mask & ALL_INPUTS;
        break;
    default:
        if (!word) {
            stm32wb_block_unmodelled_write(b, offset, value);
        } else if (!s->raw) {
            *word = stm32wb_merge(*word, value, mask);
        }
        break;
    }
    update_irq(s);
}

static void tamper_reset(Object *obj, ResetType type)
{
    St33Tamper *s = ST33_TAMPER(obj);

    s->irqen = s->nmien = s->rsten = 0;
}

static void tamper_reset_exit(Object *obj, ResetType type)
{
    update_irq(ST33_TAMPER(obj));
}

static void tamper_init(Object *obj)
{
    St33Tamper *s = ST33_TAMPER(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_in_named(dev, pulled, "tamper", ST33_TAMPERS);
    qdev_init_gpio_in_named(dev, power_lost, "power-lost", 1);
    qdev_init_gpio_out_named(dev, &s->nmi, "nmi", 1);
    qdev_init_gpio_out_named(dev, &s->reset_out, "reset", 1);
}

static const VMStateDescription tamper_vmstate = {
    .name = TYPE_ST33_TAMPER,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Tamper),
        VMSTATE_UINT32(stat, St33Tamper),
        VMSTATE_UINT32(raw, St33Tamper),
        VMSTATE_UINT32(irqen, St33Tamper),
        VMSTATE_UINT32(nmien, St33Tamper),
        VMSTATE_UINT32(rsten, St33Tamper),
        VMSTATE_UINT32_ARRAY(secret, St33Tamper, SECRET_WORDS),
        VMSTATE_END_OF_LIST()
    },
};

static void tamper_class_init(ObjectClass *klass, void *data)
{
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    DEVICE_CLASS(klass)->vmsd = &tamper_vmstate;
    rc->phases.hold = tamper_reset;
    rc->phases.exit = tamper_reset_exit;
    bc->privileged = true;
    bc->read = tamper_read;
    bc->write = tamper_write;
}

static const TypeInfo tamper_types[] = {
    {
        .name = TYPE_ST33_TAMPER,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Tamper),
        .instance_init = tamper_init,
        .class_init = tamper_class_init,
    },
};

DEFINE_TYPES(tamper_types)
