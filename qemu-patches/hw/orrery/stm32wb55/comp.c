/*
 * STM32WB55 comparators (COMP1, COMP2)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Comparator (COMP)". The inputs are the board's voltages on the pins that are channels
 * of the ADC too; the others are at 0 V. An output changes when a register is written, or read,
 * or, as long as an input changes by itself, within STEP_NS of the crossing.
 *
 * QEMU interface:
 *  + a block (block.h): registers, "name"
 *  + link "adc": has the board's voltages
 *  + sysbus IRQ 0 and 1: outputs of COMP1 and COMP2, for EXTI
 *  + GPIO outputs "out": the same, for the timers' breaks
 *  + GPIO outputs "OUT1" and "OUT2": the same, for the pins
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "adc.h"
#include "factory.h"

REG32(CSR, 0x00)
    FIELD(CSR, EN, 0, 1)
    FIELD(CSR, INMSEL, 4, 3)
    FIELD(CSR, INPSEL, 7, 2)
    FIELD(CSR, WINMODE, 9, 1)
    FIELD(CSR, POLARITY, 15, 1)
    FIELD(CSR, BRGEN, 22, 1)
    FIELD(CSR, SCALEN, 23, 1)
    FIELD(CSR, INMESEL, 25, 2)
    FIELD(CSR, VALUE, 30, 1)
    FIELD(CSR, LOCK, 31, 1)

#define COMPARATORS 2
#define STEP_NS 10000

static const uint32_t stored[COMPARATORS] = { 0x86df81fd, 0x86df83bd };

#define TYPE_STM32WB_COMP "stm32wb-comp"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbComp, STM32WB_COMP)

struct Stm32wbComp {
    Stm32wbBlock parent_obj;

    Stm32wbBlock *adc;
    qemu_irq out[COMPARATORS];
    qemu_irq tim[COMPARATORS];
    qemu_irq pin[COMPARATORS];
    uint8_t levels; /* what the timers and the pins see */
    QEMUTimer *timer;
    uint32_t csr[COMPARATORS];
};

/* Channel of the ADC on the same pin, or 0: PC5, PB2, PA1; PB4, PB6, PA3 */
static unsigned plus_channel(Stm32wbComp *s, int n)
{
    static const uint8_t channel[COMPARATORS][4] = { { 14, 0, 6, 0 },
                                                     { 0, 0, 8, 0 } };

    if (n == 1 && (s->csr[1] & R_CSR_WINMODE_MASK)) {
        n = 0;
    }
    return channel[n][FIELD_EX32(s->csr[n], CSR, INPSEL)];
}

/* INMSEL 7: PC4, PA0, PA4, PA5; PB7, PA2, PA4, PA5. Others are internal, or pins without ADC. */
static unsigned minus_channel(Stm32wbComp *s, int n)
{
    static const uint8_t channel[COMPARATORS][4] = { { 13, 5, 9, 10 },
                                                     { 0, 7, 9, 10 } };

    return FIELD_EX32(s->csr[n], CSR, INMSEL) == 7
               ? channel[n][FIELD_EX32(s->csr[n], CSR, INMESEL)]
               : 0;
}

static int32_t minus_uv(Stm32wbComp *s, int n)
{
    unsigned select = FIELD_EX32(s->csr[n], CSR, INMSEL);

    if (select < 4) { /* quarters of VREFINT, by the scaler and its bridge */
        if (!(s->csr[n] & R_CSR_SCALEN_MASK)) {
            return 0;
        }
        return s->csr[n] & R_CSR_BRGEN_MASK
                   ? WB_VREFINT_UV / 4 * (int32_t)(select + 1)
                   : WB_VREFINT_UV;
    }
    return stm32wb_adc_input_uv(s->adc, minus_channel(s, n));
}

static void evaluate(Stm32wbComp *s)
{
    bool varies = false;

    for (int n = 0; n < COMPARATORS; n++) {
        bool on = s->csr[n] & R_CSR_EN_MASK;
        unsigned plus = plus_channel(s, n), minus = minus_channel(s, n);
        bool value =
            on && (stm32wb_adc_input_uv(s->adc, plus) > minus_uv(s, n)) !=
                      FIELD_EX32(s->csr[n], CSR, POLARITY);

        s->csr[n] = FIELD_DP32(s->csr[n], CSR, VALUE, value);
        qemu_set_irq(s->out[n], value);
        stm32wb_drive(&s->levels, n, s->tim[n], value);
        stm32wb_drive(&s->levels, COMPARATORS + n, s->pin[n], value);
        varies |= on && (stm32wb_adc_input_varies(s->adc, plus) ||
                         stm32wb_adc_input_varies(s->adc, minus));
    }
    if (!varies) {
        timer_del(s->timer);
    } else if (!timer_pending(s->timer)) {
        timer_mod_ns(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + STEP_NS);
    }
}

static void step(void *opaque)
{
    evaluate(opaque);
}

static uint32_t comp_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbComp *s = STM32WB_COMP(b);

    if (offset / 4 >= COMPARATORS) {
        return stm32wb_block_unmodelled_read(b, offset);
    }
    evaluate(s);
    return s->csr[offset / 4];
}

static void comp_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    Stm32wbComp *s = STM32WB_COMP(b);
    unsigned n = offset / 4;

    if (n >= COMPARATORS) {
        stm32wb_block_unmodelled_write(b, offset, value);
        return;
    }
    if (s->csr[n] & R_CSR_LOCK_MASK) {
        return; /* until a reset */
    }
    mask &= stored[n];
    s->csr[n] = stm32wb_merge(s->csr[n], value, mask);
    evaluate(s);
}

static void comp_reset_hold(Object *obj, ResetType type)
{
    Stm32wbComp *s = STM32WB_COMP(obj);

    memset(s->csr, 0, sizeof(s->csr));
    timer_del(s->timer);
}

static void comp_reset_exit(Object *obj, ResetType type)
{
    evaluate(STM32WB_COMP(obj));
}

static const VMStateDescription comp_vmstate = {
    .name = TYPE_STM32WB_COMP,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbComp),
        VMSTATE_TIMER_PTR(timer, Stm32wbComp),
        VMSTATE_UINT32_ARRAY(csr, Stm32wbComp, COMPARATORS),
        VMSTATE_UINT8(levels, Stm32wbComp),
        VMSTATE_END_OF_LIST()
    },
};

static void comp_init(Object *obj)
{
    Stm32wbComp *s = STM32WB_COMP(obj);

    for (int n = 0; n < COMPARATORS; n++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->out[n]);
    }
    qdev_init_gpio_out_named(DEVICE(obj), s->tim, "out", COMPARATORS);
    qdev_init_gpio_out_named(DEVICE(obj), &s->pin[0], "OUT1", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->pin[1], "OUT2", 1);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, step, s);
}

static void comp_finalize(Object *obj)
{
    timer_free(STM32WB_COMP(obj)->timer);
}

static const Property comp_properties[] = {
    DEFINE_PROP_LINK("adc", Stm32wbComp, adc, TYPE_STM32WB_BLOCK,
                     Stm32wbBlock *),
};

static void comp_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &comp_vmstate;
    device_class_set_props(dc, comp_properties);
    rc->phases.hold = comp_reset_hold;
    rc->phases.exit = comp_reset_exit;
    bc->apb = true;
    bc->read = comp_read;
    bc->write = comp_write;
}

static const TypeInfo comp_types[] = {
    {
        .name = TYPE_STM32WB_COMP,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbComp),
        .instance_init = comp_init,
        .instance_finalize = comp_finalize,
        .class_init = comp_class_init,
    },
};

DEFINE_TYPES(comp_types)
