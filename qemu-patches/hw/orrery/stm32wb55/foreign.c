/*
 * STM32WB55: a peripheral that belongs to the other core
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * On the part either core may use any peripheral. Here each has one owner (docs/fidelity.md); on the
 * other core's bus there is this in its place: it reads as zero, ignores writes, and says so once.
 *
 * QEMU interface:
 *  + property "window": bytes of the register window
 *  + sysbus MMIO region 0: the registers
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/qdev-properties.h"
#include "block.h"

#define TYPE_STM32WB_FOREIGN "stm32wb-foreign"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbForeign, STM32WB_FOREIGN)

struct Stm32wbForeign {
    Stm32wbBlock parent_obj;

    bool said;
};

static void say(Stm32wbBlock *b)
{
    Stm32wbForeign *s = STM32WB_FOREIGN(b);

    if (!s->said) {
        s->said = true;
        qemu_log_mask(LOG_UNIMP, "%s: belongs to CPU%d; this core's accesses do nothing\n",
                      b->name, b->core == 0 ? 2 : 1);
    }
}

static uint32_t foreign_read(Stm32wbBlock *b, hwaddr offset)
{
    say(b);
    return 0;
}

static void foreign_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                          uint32_t mask)
{
    say(b);
}

static const Property foreign_properties[] = {
    DEFINE_PROP_UINT32("window", Stm32wbForeign, parent_obj.window, 0x400),
};

static void foreign_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    device_class_set_props(dc, foreign_properties);
    bc->ungated = true;
    bc->read = foreign_read;
    bc->write = foreign_write;
}

static const TypeInfo foreign_types[] = {
    {
        .name = TYPE_STM32WB_FOREIGN,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbForeign),
        .class_init = foreign_class_init,
    },
};

DEFINE_TYPES(foreign_types)
