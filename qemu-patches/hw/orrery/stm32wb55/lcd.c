/*
 * STM32WB55 LCD controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Liquid crystal display controller (LCD)". There is no glass: what is modelled are
 * frames, at the rate that LCDCLK (RTC's clock), PS, DIV and DUTY make, and the flags that
 * software waits for. UDR copies the RAM to the display at the next frame.
 *
 * QEMU interface:
 *  + a block (block.h): registers, clocks, "name"
 *  + sysbus IRQ 0: the interrupt; GPIO output "wakeup": the same, for EXTI
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/orrery/trace.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"
#include "countdown.h"

REG32(CR, 0x00)
    FIELD(CR, LCDEN, 0, 1)
    FIELD(CR, DUTY, 2, 3)
REG32(FCR, 0x04)
    FIELD(FCR, SOFIE, 1, 1)
    FIELD(FCR, UDDIE, 3, 1)
    FIELD(FCR, DIV, 18, 4)
    FIELD(FCR, PS, 22, 4)
REG32(SR, 0x08)
    FIELD(SR, ENS, 0, 1)
    FIELD(SR, SOF, 1, 1)
    FIELD(SR, UDR, 2, 1)
    FIELD(SR, UDD, 3, 1)
    FIELD(SR, RDY, 4, 1)
    FIELD(SR, FCRSF, 5, 1)
REG32(CLR, 0x0c)
REG32(RAM, 0x14)

#define CR_STORED 0x000001ff
#define FCR_STORED 0x03fffffb
#define RAM_WORDS 16 /* two for each of eight commons; 44 segments */
#define SYNC_CYCLES 3 /* of LCDCLK, until FCR is taken over */
#define STEP_UP_CYCLES 64 /* until the step-up converter is ready: 2 ms */

#define TYPE_STM32WB_LCD "stm32wb-lcd"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbLcd, STM32WB_LCD)

struct Stm32wbLcd {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    qemu_irq wakeup;
    Stm32wbCountdown frame, sync, step_up;

    uint32_t cr;
    uint32_t fcr;
    uint32_t sr;
    uint32_t ram[RAM_WORDS];
};

static void update_irq(Stm32wbLcd *s)
{
    bool level = s->sr & s->fcr & (R_SR_SOF_MASK | R_SR_UDD_MASK);

    qemu_set_irq(s->irq, level);
    qemu_set_irq(s->wakeup, level);
}

static uint64_t frame_cycles(Stm32wbLcd *s)
{
    static const uint8_t commons[8] = { 1, 2, 3, 4, 8, 8, 8, 8 };

    return (uint64_t)(16 + FIELD_EX32(s->fcr, FCR, DIV)) *
               commons[FIELD_EX32(s->cr, CR, DUTY)]
           << FIELD_EX32(s->fcr, FCR, PS);
}

static void frame_started(void *opaque)
{
    Stm32wbLcd *s = opaque;

    s->sr |= R_SR_SOF_MASK;
    if (s->sr & R_SR_UDR_MASK) {
        s->sr &= ~R_SR_UDR_MASK;
        s->sr |= R_SR_UDD_MASK;
        trace_stm32wb_lcd_update(s->ram[0], s->ram[2], s->ram[4], s->ram[6]);
    }
    stm32wb_countdown_continue(&s->frame, frame_cycles(s));
    update_irq(s);
}

static void synchronised(void *opaque)
{
    Stm32wbLcd *s = opaque;

    s->sr |= R_SR_FCRSF_MASK;
}

static void stepped_up(void *opaque)
{
    Stm32wbLcd *s = opaque;

    s->sr |= R_SR_RDY_MASK;
}

static void write_cr(Stm32wbLcd *s, uint32_t value)
{
    bool on = s->cr & R_CR_LCDEN_MASK;

    value &= CR_STORED;
    if (on) { /* the other fields are locked */
        value = (s->cr & ~R_CR_LCDEN_MASK) | (value & R_CR_LCDEN_MASK);
    }
    s->cr = value;
    if (!on && (value & R_CR_LCDEN_MASK)) {
        s->sr |= R_SR_ENS_MASK;
        stm32wb_countdown_start(&s->step_up, STEP_UP_CYCLES);
        stm32wb_countdown_start(&s->frame, frame_cycles(s));
    } else if (on && !(value & R_CR_LCDEN_MASK)) {
        s->sr &= ~(R_SR_ENS_MASK | R_SR_RDY_MASK);
        stm32wb_countdown_stop(&s->step_up);
        stm32wb_countdown_stop(&s->frame);
    }
}

static uint32_t lcd_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbLcd *s = STM32WB_LCD(b);

    switch (offset) {
    case A_CR:
        return s->cr;
    case A_FCR:
        return s->fcr;
    case A_SR:
        return s->sr;
    case A_CLR:
        return 0;
    case A_RAM ... A_RAM + 4 * RAM_WORDS - 4:
        return s->ram[(offset - A_RAM) / 4];
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void lcd_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbLcd *s = STM32WB_LCD(b);

    switch (offset) {
    case A_CR:
        write_cr(s, value);
        break;
    case A_FCR:
        s->fcr = value & FCR_STORED;
        s->sr &= ~R_SR_FCRSF_MASK;
        stm32wb_countdown_start(&s->sync, SYNC_CYCLES);
        break;
    case A_SR: /* UDR is set by writing 1 */
        s->sr |= value & R_SR_UDR_MASK;
        break;
    case A_CLR:
        s->sr &= ~(value & (R_SR_SOF_MASK | R_SR_UDD_MASK));
        break;
    case A_RAM ... A_RAM + 4 * RAM_WORDS - 4:
        if (!(s->sr & R_SR_UDR_MASK)) { /* write-protected until UDD */
            s->ram[(offset - A_RAM) / 4] = value;
        }
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    update_irq(s);
}

static void lcd_clock_changed(Stm32wbBlock *b)
{
    Stm32wbLcd *s = STM32WB_LCD(b);

    stm32wb_countdown_clock_changed(&s->frame);
    stm32wb_countdown_clock_changed(&s->sync);
    stm32wb_countdown_clock_changed(&s->step_up);
}

static void lcd_reset_hold(Object *obj, ResetType type)
{
    Stm32wbLcd *s = STM32WB_LCD(obj);

    s->cr = s->fcr = 0;
    s->sr = R_SR_FCRSF_MASK;
    memset(s->ram, 0, sizeof(s->ram));
    stm32wb_countdown_stop(&s->frame);
    stm32wb_countdown_stop(&s->sync);
    stm32wb_countdown_stop(&s->step_up);
}

static void lcd_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_LCD(obj));
}

static const VMStateDescription lcd_vmstate = {
    .name = TYPE_STM32WB_LCD,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbLcd),
        VMSTATE_STM32WB_COUNTDOWN(frame, Stm32wbLcd),
        VMSTATE_STM32WB_COUNTDOWN(sync, Stm32wbLcd),
        VMSTATE_STM32WB_COUNTDOWN(step_up, Stm32wbLcd),
        VMSTATE_UINT32(cr, Stm32wbLcd),
        VMSTATE_UINT32(fcr, Stm32wbLcd),
        VMSTATE_UINT32(sr, Stm32wbLcd),
        VMSTATE_UINT32_ARRAY(ram, Stm32wbLcd, RAM_WORDS),
        VMSTATE_END_OF_LIST()
    },
};

static void lcd_init(Object *obj)
{
    Stm32wbLcd *s = STM32WB_LCD(obj);
    Clock *clock = STM32WB_BLOCK(obj)->kernel;

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->wakeup, "wakeup", 1);
    stm32wb_countdown_init(&s->frame, clock, frame_started, s);
    stm32wb_countdown_init(&s->sync, clock, synchronised, s);
    stm32wb_countdown_init(&s->step_up, clock, stepped_up, s);
}

static void lcd_finalize(Object *obj)
{
    Stm32wbLcd *s = STM32WB_LCD(obj);

    stm32wb_countdown_finish(&s->frame);
    stm32wb_countdown_finish(&s->sync);
    stm32wb_countdown_finish(&s->step_up);
}

static void lcd_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &lcd_vmstate;
    rc->phases.hold = lcd_reset_hold;
    rc->phases.exit = lcd_reset_exit;
    bc->apb = true;
    bc->read = lcd_read;
    bc->write = lcd_write;
    bc->clock_changed = lcd_clock_changed;
}

static const TypeInfo lcd_types[] = {
    {
        .name = TYPE_STM32WB_LCD,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbLcd),
        .instance_init = lcd_init,
        .instance_finalize = lcd_finalize,
        .class_init = lcd_class_init,
    },
};

DEFINE_TYPES(lcd_types)
