/*
 * STM32WB55 touch sensing controller (TSC)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Touch sensing controller (TSC)". The board has no electrodes: the sampling capacitors
 * never reach the threshold, so an acquisition lasts for the maximum count of charge transfers
 * and ends with MCEF; with no group enabled it ends at once.
 *
 * QEMU interface:
 *  + a block (block.h): registers, clocks, "name"
 *  + sysbus IRQ 0: the interrupt
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"
#include "countdown.h"

REG32(CR, 0x00)
    FIELD(CR, TSCE, 0, 1)
    FIELD(CR, START, 1, 1)
    FIELD(CR, AM, 2, 1)
    FIELD(CR, MCV, 5, 3)
    FIELD(CR, PGPSC, 12, 3)
    FIELD(CR, CTPL, 24, 4)
    FIELD(CR, CTPH, 28, 4)
REG32(IER, 0x04)
REG32(ICR, 0x08)
REG32(ISR, 0x0c)
    FIELD(ISR, EOAF, 0, 1)
    FIELD(ISR, MCEF, 1, 1)
REG32(IOHCR, 0x10)
REG32(IOASCR, 0x18)
REG32(IOSCR, 0x20)
REG32(IOCCR, 0x28)
REG32(IOGCSR, 0x30)
    FIELD(IOGCSR, GE, 0, 7)
    FIELD(IOGCSR, GS, 16, 7)
REG32(IOG1CR, 0x34)
REG32(IOG7CR, 0x4c)

#define CR_STORED 0xfffff0ff
#define IO_STORED 0x0fffffff
/* states between the charge and the transfer pulse, and after it */
#define DEAD_CYCLES 2

#define TYPE_STM32WB_TSC "stm32wb-tsc"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbTsc, STM32WB_TSC)

struct Stm32wbTsc {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    Stm32wbCountdown acquisition;

    uint32_t cr;
    uint32_t ier;
    uint32_t isr;
    uint32_t io[4]; /* IOHCR, IOASCR, IOSCR, IOCCR */
    uint32_t groups;
};

static void update_irq(Stm32wbTsc *s)
{
    qemu_set_irq(s->irq, (s->isr & s->ier) != 0);
}

static void acquired(void *opaque)
{
    Stm32wbTsc *s = opaque;

    s->cr &= ~R_CR_START_MASK;
    s->isr |= R_ISR_EOAF_MASK | (s->groups ? R_ISR_MCEF_MASK : 0);
    update_irq(s);
}

static void start(Stm32wbTsc *s)
{
    unsigned mcv = MIN(FIELD_EX32(s->cr, CR, MCV), 6);
    uint64_t count = (256u << mcv) - 1;
    uint64_t pulse = FIELD_EX32(s->cr, CR, CTPH) + 1 +
                     FIELD_EX32(s->cr, CR, CTPL) + 1 + DEAD_CYCLES;

    s->isr = 0;
    update_irq(s);
    if (s->cr & R_CR_AM_MASK) {
        qemu_log_mask(LOG_UNIMP, "%s: acquisition by the SYNC pin\n",
                      STM32WB_BLOCK(s)->name);
        return;
    }
    stm32wb_countdown_start(
        &s->acquisition,
        s->groups ? (count * pulse) << FIELD_EX32(s->cr, CR, PGPSC) : 1);
}

static void write_cr(Stm32wbTsc *s, uint32_t value, uint32_t mask)
{
    bool started = s->cr & R_CR_START_MASK;

    mask &= CR_STORED;
    s->cr = stm32wb_merge(s->cr, value, mask);
    if (!(s->cr & R_CR_TSCE_MASK)) {
        s->cr &= ~R_CR_START_MASK;
    }
    if (!(s->cr & R_CR_START_MASK)) {
        stm32wb_countdown_stop(&s->acquisition); /* clearing START stops it */
    } else if (!started) {
        start(s);
    }
}

static uint32_t *io_register(Stm32wbTsc *s, hwaddr offset)
{
    switch (offset) {
    case A_IOHCR:
    case A_IOASCR:
    case A_IOSCR:
    case A_IOCCR:
        return &s->io[(offset - A_IOHCR) / 8];
    default:
        return NULL;
    }
}

static uint32_t tsc_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbTsc *s = STM32WB_TSC(b);
    uint32_t *io = io_register(s, offset);

    if (io) {
        return *io;
    }
    switch (offset) {
    case A_CR:
        return s->cr;
    case A_IER:
        return s->ier;
    case A_ICR:
        return 0;
    case A_ISR:
        return s->isr;
    case A_IOGCSR:
        return s->groups; /* no group's acquisition completes: GxS stay clear */
    case A_IOG1CR ... A_IOG7CR:
        return 0;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void tsc_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbTsc *s = STM32WB_TSC(b);
    uint32_t *io = io_register(s, offset);

    if (io) {
        mask &= IO_STORED;
        *io = stm32wb_merge(*io, value, mask);
        return;
    }
    switch (offset) {
    case A_CR:
        write_cr(s, value, mask);
        break;
    case A_IER:
        mask &= R_ISR_EOAF_MASK | R_ISR_MCEF_MASK;
        s->ier = stm32wb_merge(s->ier, value, mask);
        break;
    case A_ICR:
        s->isr &= ~(value & mask);
        break;
    case A_IOGCSR:
        mask &= R_IOGCSR_GE_MASK;
        s->groups = stm32wb_merge(s->groups, value, mask);
        break;
    case A_ISR:
    case A_IOG1CR ... A_IOG7CR:
        break; /* read only */
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    update_irq(s);
}

static void tsc_clock_changed(Stm32wbBlock *b)
{
    stm32wb_countdown_clock_changed(&STM32WB_TSC(b)->acquisition);
}

static void tsc_reset_hold(Object *obj, ResetType type)
{
    Stm32wbTsc *s = STM32WB_TSC(obj);

    s->cr = s->ier = s->isr = s->groups = 0;
    memset(s->io, 0, sizeof(s->io));
    s->io[0] = UINT32_MAX;
    stm32wb_countdown_stop(&s->acquisition);
}

static void tsc_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_TSC(obj));
}

static const VMStateDescription tsc_vmstate = {
    .name = TYPE_STM32WB_TSC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbTsc),
        VMSTATE_STM32WB_COUNTDOWN(acquisition, Stm32wbTsc),
        VMSTATE_UINT32(cr, Stm32wbTsc),
        VMSTATE_UINT32(ier, Stm32wbTsc),
        VMSTATE_UINT32(isr, Stm32wbTsc),
        VMSTATE_UINT32_ARRAY(io, Stm32wbTsc, 4),
        VMSTATE_UINT32(groups, Stm32wbTsc),
        VMSTATE_END_OF_LIST()
    },
};

static void tsc_init(Object *obj)
{
    Stm32wbTsc *s = STM32WB_TSC(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    stm32wb_countdown_init(&s->acquisition, STM32WB_BLOCK(obj)->bus, acquired,
                           s);
}

static void tsc_finalize(Object *obj)
{
    stm32wb_countdown_finish(&STM32WB_TSC(obj)->acquisition);
}

static void tsc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &tsc_vmstate;
    rc->phases.hold = tsc_reset_hold;
    rc->phases.exit = tsc_reset_exit;
    bc->read = tsc_read;
    bc->write = tsc_write;
    bc->clock_changed = tsc_clock_changed;
}

static const TypeInfo tsc_types[] = {
    {
        .name = TYPE_STM32WB_TSC,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbTsc),
        .instance_init = tsc_init,
        .instance_finalize = tsc_finalize,
        .class_init = tsc_class_init,
    },
};

DEFINE_TYPES(tsc_types)
