/*
 * STM32WB55 public key accelerator (PKA)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Public key accelerator (PKA)". Operands are in the PKA's RAM; START runs the
 * operation that MODE selects for about the time of the manual's tables, in AHB cycles, and
 * PROCENDF tells the end. The RAM belongs to the core meanwhile: an access raises RAMERRF.
 *
 * QEMU interface:
 *  + a block (block.h): registers, clocks, "name"
 *  + sysbus IRQ 0: the interrupt
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "hw/orrery/trace.h"
#include "migration/vmstate.h"
#include "block.h"
#include "countdown.h"
#include "pka-math.h"

REG32(CR, 0x00)
    FIELD(CR, EN, 0, 1)
    FIELD(CR, START, 1, 1)
    FIELD(CR, MODE, 8, 6)
    FIELD(CR, PROCENDIE, 17, 1)
    FIELD(CR, RAMERRIE, 19, 1)
    FIELD(CR, ADDRERRIE, 20, 1)
REG32(SR, 0x04)
    FIELD(SR, BUSY, 16, 1)
    FIELD(SR, PROCENDF, 17, 1)
    FIELD(SR, RAMERRF, 19, 1)
    FIELD(SR, ADDRERRF, 20, 1)
REG32(CLRFR, 0x08)
REG32(VERR, 0x1ff4)

#define RAM_END (PKA_RAM_BASE + PKA_RAM_WORDS * 4)
/* the enables of CR sit where the flags of SR do */
#define FLAGS (R_SR_PROCENDF_MASK | R_SR_RAMERRF_MASK | R_SR_ADDRERRF_MASK)

#define TYPE_STM32WB_PKA "stm32wb-pka"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbPka, STM32WB_PKA)

struct Stm32wbPka {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    Stm32wbCountdown operation;

    uint32_t cr;
    uint32_t flags;
    uint32_t ram[PKA_RAM_WORDS];
};

static void update_irq(Stm32wbPka *s)
{
    qemu_set_irq(s->irq, (s->cr & s->flags & FLAGS) != 0);
}

static void set_flag(Stm32wbPka *s, uint32_t flag)
{
    s->flags |= flag;
    update_irq(s);
}

static void done(void *opaque)
{
    Stm32wbPka *s = opaque;
    unsigned mode = FIELD_EX32(s->cr, CR, MODE);

    if (!pka_check(s->ram, mode)) {
        pka_run(s->ram, mode);
    }
    set_flag(s, R_SR_PROCENDF_MASK);
}

static void start(Stm32wbPka *s)
{
    unsigned mode = FIELD_EX32(s->cr, CR, MODE);
    const char *wrong = pka_check(s->ram, mode);
    uint64_t cycles = wrong ? 1 : pka_cycles(s->ram, mode);

    if (wrong) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: mode 0x%x: %s\n",
                      STM32WB_BLOCK(s)->name, mode, wrong);
    }
    trace_stm32wb_pka_start(mode, cycles);
    stm32wb_countdown_start(&s->operation, cycles);
}

static void write_cr(Stm32wbPka *s, uint32_t value)
{
    bool busy = s->operation.running;

    if (busy) {
        value = FIELD_DP32(value, CR, MODE, FIELD_EX32(s->cr, CR, MODE));
    }
    s->cr = value & (R_CR_EN_MASK | R_CR_MODE_MASK | FLAGS);
    if (!(value & R_CR_EN_MASK)) {
        stm32wb_countdown_stop(&s->operation);
    } else if ((value & R_CR_START_MASK) && !busy) {
        start(s);
    }
    update_irq(s);
}

/* The RAM's word at @offset, if it is the bus's to use now. */
static uint32_t *ram_word(Stm32wbPka *s, hwaddr offset)
{
    if (offset >= RAM_END) {
        set_flag(s, R_SR_ADDRERRF_MASK);
        return NULL;
    }
    if (s->operation.running) {
        set_flag(s, R_SR_RAMERRF_MASK);
        return NULL;
    }
    return &s->ram[(offset - PKA_RAM_BASE) / 4];
}

static uint32_t pka_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbPka *s = STM32WB_PKA(b);
    uint32_t *word;

    if (b->access_size != 4) {
        b->bus_error = true; /* RM0434: word accesses only */
        return 0;
    }
    switch (offset) {
    case A_CR:
        return s->cr;
    case A_SR:
        return s->flags | (s->operation.running ? R_SR_BUSY_MASK : 0);
    case A_CLRFR:
        return 0;
    }
    if (offset >= A_VERR) {
        return stm32wb_register_reset(b->name, offset);
    }
    if (offset < PKA_RAM_BASE) {
        return stm32wb_block_unmodelled_read(b, offset);
    }
    word = ram_word(s, offset);
    return word ? *word : 0;
}

static void pka_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbPka *s = STM32WB_PKA(b);
    uint32_t *word;

    if (b->access_size != 4) {
        b->bus_error = true; /* RM0434: word accesses only */
        return;
    }
    switch (offset) {
    case A_CR:
        write_cr(s, value);
        return;
    case A_SR:
        return; /* read only */
    case A_CLRFR:
        s->flags &= ~(value & FLAGS);
        update_irq(s);
        return;
    }
    if (offset >= A_VERR) {
        return;
    }
    if (offset < PKA_RAM_BASE) {
        stm32wb_block_unmodelled_write(b, offset, value);
        return;
    }
    word = ram_word(s, offset);
    if (word) {
        *word = value;
    }
}

static void pka_clock_changed(Stm32wbBlock *b)
{
    stm32wb_countdown_clock_changed(&STM32WB_PKA(b)->operation);
}

static void pka_reset_hold(Object *obj, ResetType type)
{
    Stm32wbPka *s = STM32WB_PKA(obj);

    s->cr = 0;
    s->flags = 0;
    memset(s->ram, 0, sizeof(s->ram));
    stm32wb_countdown_stop(&s->operation);
}

static void pka_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_PKA(obj));
}

static const VMStateDescription pka_vmstate = {
    .name = TYPE_STM32WB_PKA,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbPka),
        VMSTATE_STM32WB_COUNTDOWN(operation, Stm32wbPka),
        VMSTATE_UINT32(cr, Stm32wbPka),
        VMSTATE_UINT32(flags, Stm32wbPka),
        VMSTATE_UINT32_ARRAY(ram, Stm32wbPka, PKA_RAM_WORDS),
        VMSTATE_END_OF_LIST()
    },
};

static void pka_init(Object *obj)
{
    Stm32wbPka *s = STM32WB_PKA(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    stm32wb_countdown_init(&s->operation, STM32WB_BLOCK(obj)->bus, done, s);
}

static void pka_finalize(Object *obj)
{
    stm32wb_countdown_finish(&STM32WB_PKA(obj)->operation);
}

static void pka_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &pka_vmstate;
    rc->phases.hold = pka_reset_hold;
    rc->phases.exit = pka_reset_exit;
    bc->window = 0x2000;
    bc->read = pka_read;
    bc->write = pka_write;
    bc->clock_changed = pka_clock_changed;
}

static const TypeInfo pka_types[] = {
    {
        .name = TYPE_STM32WB_PKA,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbPka),
        .instance_init = pka_init,
        .instance_finalize = pka_finalize,
        .class_init = pka_class_init,
    },
};

DEFINE_TYPES(pka_types)
