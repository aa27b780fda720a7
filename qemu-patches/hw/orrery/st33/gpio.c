/*
 * ST33: GPIO
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, GPIO. The registers are ours.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0
 *  + GPIO inputs "pin"[16]: what drives the pin from outside: 0, 1, or WB_PIN_FLOATING (at first)
 *  + GPIO outputs "drive"[16]: what this chip drives it with: 0, 1, or WB_PIN_FLOATING
 *  + GPIO outputs "level"[16]: the pin's level, 0 or 1
 *  + a gpio link on a pin (st33_gpio_join)
 *  + property "board-pull-up": pins that the board pulls up, one bit each
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../member.h"
#include "../trace.h"
#include "gpio.h"

REG32(DIR, 0x00)
REG32(OUT, 0x04)
REG32(SET, 0x08)
REG32(CLR, 0x0C)
REG32(IN, 0x10)
REG32(OD, 0x14)
REG32(PU, 0x18)
REG32(PD, 0x1C)
REG32(RISE, 0x20)
REG32(FALL, 0x24)
REG32(FLAG, 0x28)

#define ALL_PINS 0xFFFF
/* Of the OLED, which must not listen before somebody has set the pins up: chip select and reset. */
#define BOARD_PULL_UP 0x0050

struct St33Gpio {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    qemu_irq out[ST33_PINS], level_out[ST33_PINS];
    uint32_t dir, output, od, pu, pd, rise, fall, flag;
    uint32_t level; /* IN */
    uint8_t outside[ST33_PINS];
    uint8_t drive[ST33_PINS]; /* of the chip */
    uint32_t contention;      /* said */
    uint32_t board_pull_up;
    OrreryNet *links[ST33_PINS];
};

static void update_irq(St33Gpio *s)
{
    qemu_set_irq(s->irq, s->flag != 0);
}

static unsigned drive_of(St33Gpio *s, unsigned n)
{
    bool high = s->output >> n & 1;

    if (!(s->dir >> n & 1) || (high && (s->od >> n & 1))) {
        return WB_PIN_FLOATING;
    }
    return high;
}

static bool pulled_up(St33Gpio *s, unsigned n)
{
    return (s->pu | s->board_pull_up) >> n & 1;
}

static OrreryNetPull pull_of(St33Gpio *s, unsigned n)
{
    if (pulled_up(s, n)) {
        return ORRERY_NET_PULL_UP;
    }
    return s->pd >> n & 1 ? ORRERY_NET_PULL_DOWN : ORRERY_NET_PULL_NONE;
}

/* Who drives from outside is stronger than who drives inside; a pull is weaker than both. */
static bool level_of(St33Gpio *s, unsigned n)
{
    unsigned level;
    bool fight = s->outside[n] != WB_PIN_FLOATING &&
                 s->drive[n] != WB_PIN_FLOATING && s->outside[n] != s->drive[n];

    if (fight && !(s->contention >> n & 1)) {
        qemu_log_mask(LOG_GUEST_ERROR, "GPIO: pin %u is driven %u, and from "
                      "outside %u\n", n, s->drive[n], s->outside[n]);
    }
    s->contention = deposit32(s->contention, n, 1, fight);
    level = s->outside[n] != WB_PIN_FLOATING ? s->outside[n] : s->drive[n];
    if (s->links[n]) {
        orrery_net_drive(s->links[n], level, pull_of(s, n));
        level = orrery_net_level(s->links[n]);
    }
    return level != WB_PIN_FLOATING ? level : pulled_up(s, n);
}

static void update_pin(St33Gpio *s, unsigned n)
{
    unsigned drive = drive_of(s, n);
    bool was = s->level >> n & 1, is;

    if (s->drive[n] != drive) {
        s->drive[n] = drive;
        qemu_set_irq(s->out[n], drive);
    }
    is = level_of(s, n);
    if (was != is) {
        s->level = deposit32(s->level, n, 1, is);
        s->flag |= (is ? s->rise : s->fall) & (1u << n);
        trace_st33_gpio_level(n, is);
        qemu_set_irq(s->level_out[n], is);
        orrery_member_level_changed();
    }
}

bool st33_gpio_level(const St33Gpio *s, unsigned n)
{
    return s->level >> n & 1;
}

static void update(St33Gpio *s)
{
    for (unsigned n = 0; n < ST33_PINS; n++) {
        update_pin(s, n);
    }
    update_irq(s);
}

static void outside_changed(void *opaque, int n, int level)
{
    St33Gpio *s = opaque;

    s->outside[n] = level == 0 || level == 1 ? level : WB_PIN_FLOATING;
    update_pin(s, n);
    update_irq(s);
}

static void link_changed(void *opaque, unsigned level)
{
    update(opaque);
}

void st33_gpio_join(St33Gpio *s, unsigned n, const char *port)
{
    s->links[n] = orrery_net_open(port, OBJECT(s), link_changed, s);
    update_pin(s, n);
}

static uint32_t *plain_register(St33Gpio *s, hwaddr offset)
{
    switch (offset) {
    case A_DIR:
        return &s->dir;
    case A_OUT:
        return &s->output;
    case A_OD:
        return &s->od;
    case A_PU:
        return &s->pu;
    case A_PD:
        return &s->pd;
    case A_RISE:
        return &s->rise;
    case A_FALL:
        return &s->fall;
    default:
        return NULL;
    }
}

static uint32_t gpio_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Gpio *s = ST33_GPIO(b);
    uint32_t *plain = plain_register(s, offset);

    if (plain) {
        return *plain;
    }
    switch (offset) {
    case A_SET:
    case A_CLR:
        return 0;
    case A_IN:
        return s->level;
    case A_FLAG:
        return s->flag;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void gpio_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    St33Gpio *s = ST33_GPIO(b);
    uint32_t *plain = plain_register(s, offset);

    value &= ALL_PINS;
    if (plain) {
        *plain = stm32wb_merge(*plain, value, mask);
        update(s);
        return;
    }
    switch (offset) {
    case A_SET:
        s->output |= value & mask;
        break;
    case A_CLR:
        s->output &= ~(value & mask);
        break;
    case A_FLAG:
        s->flag &= ~(value & mask);
        break;
    case A_IN:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        return;
    }
    update(s);
}

/* ---- the device ---- */

static void gpio_reset(Object *obj, ResetType type)
{
    St33Gpio *s = ST33_GPIO(obj);

    s->dir = s->output = s->od = s->pu = s->pd = s->rise = s->fall = 0;
    s->flag = 0;
}

static void gpio_reset_exit(Object *obj, ResetType type)
{
    update(ST33_GPIO(obj));
}

static void gpio_init(Object *obj)
{
    St33Gpio *s = ST33_GPIO(obj);
    DeviceState *dev = DEVICE(obj);

    memset(s->outside, WB_PIN_FLOATING, sizeof(s->outside));
    memset(s->drive, WB_PIN_FLOATING, sizeof(s->drive));
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_in_named(dev, outside_changed, "pin", ST33_PINS);
    qdev_init_gpio_out_named(dev, s->out, "drive", ST33_PINS);
    qdev_init_gpio_out_named(dev, s->level_out, "level", ST33_PINS);
}

static const VMStateDescription gpio_vmstate = {
    .name = TYPE_ST33_GPIO,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Gpio),
        VMSTATE_UINT32(dir, St33Gpio),
        VMSTATE_UINT32(output, St33Gpio),
        VMSTATE_UINT32(od, St33Gpio),
        VMSTATE_UINT32(pu, St33Gpio),
        VMSTATE_UINT32(pd, St33Gpio),
        VMSTATE_UINT32(rise, St33Gpio),
        VMSTATE_UINT32(fall, St33Gpio),
        VMSTATE_UINT32(flag, St33Gpio),
        VMSTATE_UINT32(level, St33Gpio),
        VMSTATE_UINT8_ARRAY(outside, St33Gpio, ST33_PINS),
        VMSTATE_UINT8_ARRAY(drive, St33Gpio, ST33_PINS),
        VMSTATE_UINT32(contention, St33Gpio),
        VMSTATE_END_OF_LIST()
    },
};

static const Property gpio_properties[] = {
    DEFINE_PROP_UINT32("board-pull-up", St33Gpio, board_pull_up, BOARD_PULL_UP),
};

static void gpio_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &gpio_vmstate;
    device_class_set_props(dc, gpio_properties);
    rc->phases.hold = gpio_reset;
    rc->phases.exit = gpio_reset_exit;
    bc->read = gpio_read;
    bc->write = gpio_write;
}

static const TypeInfo gpio_types[] = {
    {
        .name = TYPE_ST33_GPIO,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Gpio),
        .instance_init = gpio_init,
        .class_init = gpio_class_init,
    },
};

DEFINE_TYPES(gpio_types)
