/*
 * STM32WB55: true random number generator
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 22. Numbers come from the run's seed. A number is ready some cycles of the kernel clock
 * after the last was read; there is one, where the part's buffer has four.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0
 */
#include "qemu/osdep.h"
#include "qemu/guest-random.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "block.h"

REG32(CR, 0x00)
FIELD(CR, RNGEN, 2, 1)
FIELD(CR, IE, 3, 1)
FIELD(CR, CED, 5, 1)
REG32(SR, 0x04)
FIELD(SR, DRDY, 0, 1)
FIELD(SR, CECS, 1, 1)
FIELD(SR, SECS, 2, 1)
FIELD(SR, CEIS, 5, 1)
FIELD(SR, SEIS, 6, 1)
REG32(DR, 0x08)

#define CR_KEPT 0x0000006C
#define FIRST_CYCLES 412 /* start-up tests and conditioning */
#define NEXT_CYCLES 42
#define SLOWEST 32 /* the kernel clock is at least HCLK / 32, RM0434 22.3.6 */

#define TYPE_STM32WB_RNG "stm32wb-rng"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbRng, STM32WB_RNG)

struct Stm32wbRng {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    QEMUTimer *ready;
    uint32_t cr;
    uint32_t flags; /* CEIS and SEIS */
    bool drdy;
    uint32_t number;
};

static bool clock_is_wrong(Stm32wbRng *s)
{
    return FIELD_EX32(s->cr, CR, RNGEN) && !FIELD_EX32(s->cr, CR, CED) &&
           stm32wb_block_hz(&s->parent_obj) * SLOWEST <
               clock_get_hz(s->parent_obj.bus);
}

static void update_irq(Stm32wbRng *s)
{
    qemu_set_irq(s->irq, FIELD_EX32(s->cr, CR, IE) && (s->drdy || s->flags));
}

static void generate(Stm32wbRng *s, unsigned cycles)
{
    uint64_t hz = stm32wb_block_hz(&s->parent_obj);

    if (!FIELD_EX32(s->cr, CR, RNGEN) || clock_is_wrong(s) || !hz) {
        timer_del(s->ready);
        return;
    }
    timer_mod(s->ready, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              (int64_t)(cycles * NANOSECONDS_PER_SECOND / hz) + 1);
}

static void number_ready(void *opaque)
{
    Stm32wbRng *s = opaque;

    qemu_guest_getrandom_nofail(&s->number, sizeof(s->number));
    s->drdy = true;
    update_irq(s);
}

static void check_clock(Stm32wbRng *s)
{
    if (clock_is_wrong(s) && !(s->flags & R_SR_CEIS_MASK)) {
        trace_stm32wb_rng_clock_error();
        s->flags |= R_SR_CEIS_MASK;
    }
}

static void rng_clock_changed(Stm32wbBlock *b)
{
    Stm32wbRng *s = STM32WB_RNG(b);

    check_clock(s);
    if (!s->drdy) {
        generate(s, NEXT_CYCLES);
    }
    update_irq(s);
}

static uint32_t take_number(Stm32wbRng *s)
{
    uint32_t number = s->number;

    if (!s->drdy) {
        return 0;
    }
    s->drdy = false;
    s->number = 0;
    generate(s, NEXT_CYCLES);
    update_irq(s);
    return number;
}

static uint32_t rng_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbRng *s = STM32WB_RNG(b);

    switch (offset) {
    case A_CR:
        return s->cr;
    case A_SR:
        return s->flags | FIELD_DP32(0, SR, DRDY, s->drdy) |
               FIELD_DP32(0, SR, CECS, clock_is_wrong(s));
    case A_DR:
        return take_number(s);
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_cr(Stm32wbRng *s, uint32_t value)
{
    bool was = FIELD_EX32(s->cr, CR, RNGEN), is;

    s->cr = value & CR_KEPT;
    is = FIELD_EX32(s->cr, CR, RNGEN);
    check_clock(s);
    if (!is) {
        s->drdy = false;
        timer_del(s->ready);
    } else if (!was || (!s->drdy && !timer_pending(s->ready))) {
        generate(s, FIRST_CYCLES);
    }
    update_irq(s);
}

static void rng_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbRng *s = STM32WB_RNG(b);

    switch (offset) {
    case A_CR:
        write_cr(s, (value & mask) | (s->cr & ~mask));
        break;
    case A_SR: /* writing 0 clears */
        s->flags &= value | ~mask;
        update_irq(s);
        break;
    case A_DR:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

static void rng_reset(Object *obj, ResetType type)
{
    Stm32wbRng *s = STM32WB_RNG(obj);

    timer_del(s->ready);
    s->cr = 0;
    s->flags = 0;
    s->drdy = false;
    s->number = 0;
}

static void rng_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_RNG(obj));
}

static void rng_init(Object *obj)
{
    Stm32wbRng *s = STM32WB_RNG(obj);

    s->ready = timer_new_ns(QEMU_CLOCK_VIRTUAL, number_ready, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static void rng_finalize(Object *obj)
{
    timer_free(STM32WB_RNG(obj)->ready);
}

static const VMStateDescription rng_vmstate = {
    .name = TYPE_STM32WB_RNG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbRng),
        VMSTATE_TIMER_PTR(ready, Stm32wbRng),
        VMSTATE_UINT32(cr, Stm32wbRng),
        VMSTATE_UINT32(flags, Stm32wbRng),
        VMSTATE_BOOL(drdy, Stm32wbRng),
        VMSTATE_UINT32(number, Stm32wbRng),
        VMSTATE_END_OF_LIST()
    },
};

static void rng_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &rng_vmstate;
    rc->phases.hold = rng_reset;
    rc->phases.exit = rng_reset_exit;
    bc->read = rng_read;
    bc->write = rng_write;
    bc->clock_changed = rng_clock_changed;
}

static const TypeInfo rng_types[] = {
    {
        .name = TYPE_STM32WB_RNG,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbRng),
        .instance_init = rng_init,
        .instance_finalize = rng_finalize,
        .class_init = rng_class_init,
    },
};

DEFINE_TYPES(rng_types)
