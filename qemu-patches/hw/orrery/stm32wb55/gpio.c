/*
 * STM32WB55 general-purpose I/O port (GPIOA to GPIOE, GPIOH)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "General-purpose I/Os". The registers only: levels are pins.c's.
 *
 * QEMU interface:
 *  + see block.h
 *  + link "pins": where the port's pins are
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "pins.h"

REG32(MODER, 0x00)
REG32(OTYPER, 0x04)
REG32(OSPEEDR, 0x08)
REG32(PUPDR, 0x0c)
REG32(IDR, 0x10)
REG32(ODR, 0x14)
REG32(BSRR, 0x18)
REG32(LCKR, 0x1c)
    FIELD(LCKR, LCKK, 16, 1)
REG32(AFRL, 0x20)
REG32(AFRH, 0x24)
REG32(BRR, 0x28)

#define TYPE_STM32WB_GPIO "stm32wb-gpio"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbGpio, STM32WB_GPIO)

struct Stm32wbGpio {
    Stm32wbBlock parent_obj;

    Stm32wbPins *pins;
    uint32_t moder, otyper, ospeedr, pupdr, odr, lckr;
    uint32_t afr[2];
    uint8_t lock_step; /* writes of the lock sequence done so far */
};

static unsigned first_pin(const Stm32wbGpio *s)
{
    return WB_PIN(s->parent_obj.name[4], 0) % WB_PINS;
}

/* RM0434 table of ports: bits that are there. */
static uint32_t present(const Stm32wbGpio *s)
{
    switch (s->parent_obj.name[4]) {
    case 'E':
        return 0x001f;
    case 'H':
        return 0x000b;
    default:
        return 0xffff;
    }
}

/* One bit a pin to @width (2 or 4) bits a pin, for pins @from and up. */
static uint32_t spread(uint32_t bits, unsigned from, unsigned width)
{
    uint32_t out = 0;

    for (unsigned i = 0; i < 32 / width; i++) {
        if (bits >> (from + i) & 1) {
            out |= ((1u << width) - 1) << i * width;
        }
    }
    return out;
}

static void update_pin(Stm32wbGpio *s, unsigned n)
{
    Stm32wbPinConfig config = {
        .mode = extract32(s->moder, 2 * n, 2),
        .function = extract32(s->afr[n / 8], n % 8 * 4, 4),
        .pull = extract32(s->pupdr, 2 * n, 2),
        .open_drain = extract32(s->otyper, n, 1),
        .output = extract32(s->odr, n, 1),
    };

    if (s->pins) {
        stm32wb_pins_configure(s->pins, first_pin(s) + n, config);
    }
}

static void update_pins(Stm32wbGpio *s, uint32_t which)
{
    for (which &= present(s); which; which &= which - 1) {
        update_pin(s, ctz32(which));
    }
}

static uint32_t gpio_idr(const Stm32wbGpio *s)
{
    uint32_t idr = 0;

    for (uint32_t which = present(s); s->pins && which; which &= which - 1) {
        idr |= (uint32_t)stm32wb_pins_input(s->pins, first_pin(s) + ctz32(which))
               << ctz32(which);
    }
    return idr;
}

static uint32_t gpio_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbGpio *s = STM32WB_GPIO(b);

    switch (offset) {
    case A_MODER:
        return s->moder;
    case A_OTYPER:
        return s->otyper;
    case A_OSPEEDR:
        return s->ospeedr;
    case A_PUPDR:
        return s->pupdr;
    case A_IDR:
        return gpio_idr(s);
    case A_ODR:
        return s->odr;
    case A_BSRR:
    case A_BRR:
        return 0; /* write only */
    case A_LCKR:
        if (s->lock_step == 3) {
            s->lckr |= R_LCKR_LCKK_MASK;
        }
        s->lock_step = 0;
        return s->lckr;
    case A_AFRL:
        return s->afr[0];
    case A_AFRH:
        return s->afr[1];
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

/*
 * The lock: LCKK 1, 0, 1 with the same LCK bits as words, then a read; anything else aborts it.
 * Once locked, nothing changes until reset.
 */
static void write_lckr(Stm32wbGpio *s, uint32_t value, uint32_t mask)
{
    uint32_t bits = value & present(s);
    bool key = value & R_LCKR_LCKK_MASK;

    if (s->lckr & R_LCKR_LCKK_MASK) {
        return;
    }
    if (mask != UINT32_MAX || key != (s->lock_step != 1) ||
        (s->lock_step > 0 && bits != s->lckr)) {
        s->lock_step = 0;
    } else {
        s->lock_step = s->lock_step < 3 ? s->lock_step + 1 : 0;
    }
    s->lckr = (s->lckr & ~mask) | (bits & mask);
    if (!s->lock_step && key && mask == UINT32_MAX) {
        s->lock_step = 1;
    }
}

/* Replace the bits of @reg that are there and not locked; @width bits a pin from @from on. */
static void write_config(Stm32wbGpio *s, uint32_t *reg, unsigned from,
                         unsigned width, uint32_t value, uint32_t mask)
{
    uint32_t pins = present(s);
    uint32_t changed;

    if (s->lckr & R_LCKR_LCKK_MASK) {
        pins &= ~s->lckr;
    }
    mask &= width == 1 ? pins : spread(pins, from, width);
    changed = (*reg ^ value) & mask;
    *reg ^= changed;
    for (unsigned n = 0; changed && n < 32 / width && from + n < 16; n++) {
        if (extract32(changed, n * width, width)) {
            update_pin(s, from + n);
        }
    }
}

static void write_odr(Stm32wbGpio *s, uint32_t odr)
{
    uint32_t changed = (odr ^ s->odr) & present(s);

    s->odr ^= changed;
    update_pins(s, changed);
}

static void gpio_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    Stm32wbGpio *s = STM32WB_GPIO(b);
    uint32_t bits = value & mask;

    switch (offset) {
    case A_MODER:
        write_config(s, &s->moder, 0, 2, value, mask);
        break;
    case A_OTYPER:
        write_config(s, &s->otyper, 0, 1, value, mask);
        break;
    case A_OSPEEDR:
        write_config(s, &s->ospeedr, 0, 2, value, mask);
        break;
    case A_PUPDR:
        write_config(s, &s->pupdr, 0, 2, value, mask);
        break;
    case A_IDR:
        break; /* read only */
    case A_ODR:
        write_odr(s, (s->odr & ~mask) | bits);
        break;
    case A_BSRR: /* set wins over reset */
        write_odr(s, (s->odr & ~(bits >> 16)) | (bits & 0xffff));
        break;
    case A_BRR:
        write_odr(s, s->odr & ~bits);
        break;
    case A_LCKR:
        write_lckr(s, value, mask);
        break;
    case A_AFRL:
        write_config(s, &s->afr[0], 0, 4, value, mask);
        break;
    case A_AFRH:
        write_config(s, &s->afr[1], 8, 4, value, mask);
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
    }
}

static void gpio_reset_hold(Object *obj, ResetType type)
{
    Stm32wbGpio *s = STM32WB_GPIO(obj);
    const char *name = s->parent_obj.name;

    s->moder = stm32wb_register_reset(name, A_MODER);
    s->ospeedr = stm32wb_register_reset(name, A_OSPEEDR);
    s->pupdr = stm32wb_register_reset(name, A_PUPDR);
    s->otyper = s->odr = s->lckr = s->afr[0] = s->afr[1] = 0;
    s->lock_step = 0;
}

static void gpio_reset_exit(Object *obj, ResetType type)
{
    update_pins(STM32WB_GPIO(obj), UINT32_MAX);
}

static const VMStateDescription gpio_vmstate = {
    .name = TYPE_STM32WB_GPIO,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbGpio),
        VMSTATE_UINT32(moder, Stm32wbGpio),
        VMSTATE_UINT32(otyper, Stm32wbGpio),
        VMSTATE_UINT32(ospeedr, Stm32wbGpio),
        VMSTATE_UINT32(pupdr, Stm32wbGpio),
        VMSTATE_UINT32(odr, Stm32wbGpio),
        VMSTATE_UINT32(lckr, Stm32wbGpio),
        VMSTATE_UINT32_ARRAY(afr, Stm32wbGpio, 2),
        VMSTATE_UINT8(lock_step, Stm32wbGpio),
        VMSTATE_END_OF_LIST()
    },
};

static const Property gpio_properties[] = {
    DEFINE_PROP_LINK("pins", Stm32wbGpio, pins, TYPE_STM32WB_PINS,
                     Stm32wbPins *),
};

static void gpio_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &gpio_vmstate;
    device_class_set_props(dc, gpio_properties);
    rc->phases.hold = gpio_reset_hold;
    rc->phases.exit = gpio_reset_exit;
    bc->read = gpio_read;
    bc->write = gpio_write;
}

static const TypeInfo gpio_types[] = {
    {
        .name = TYPE_STM32WB_GPIO,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbGpio),
        .class_init = gpio_class_init,
    },
};

DEFINE_TYPES(gpio_types)
