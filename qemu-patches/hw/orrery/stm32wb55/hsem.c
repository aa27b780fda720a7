/*
 * STM32WB55: hardware semaphores
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 38. Both cores' registers are cells (cells.h). Who accesses is known by the block's core; a
 * bus master that is neither core gets nothing of a shared HSEM (RM0434 38.3.8 lets it read all but
 * RLR).
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: a semaphore was freed, as this core asked to hear
 *  + GPIO output "wakeup": the same, for EXTI
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "block.h"
#include "cells.h"

REG32(R0, 0x000)
FIELD(R0, PROCID, 0, 8)
FIELD(R0, COREID, 8, 4)
FIELD(R0, LOCK, 31, 1)
REG32(RLR0, 0x080)
REG32(C1IER, 0x100)
REG32(C1MISR, 0x10C)
REG32(C2IER, 0x110)
REG32(C2MISR, 0x11C)
REG32(CR, 0x140)
FIELD(CR, COREID, 8, 4)
FIELD(CR, KEY, 16, 16)
REG32(KEYR, 0x144)
REG32(HWCFGR2, 0x3EC)

/* a core's four registers, from C1IER or C2IER on */
enum { IER, ICR, ISR, MISR };

#define SEMAPHORES 32

/* COREID on the bus, RM0434 38.3.4 */
static const unsigned core_id[] = { 4, 8 };

/* cells */
#define SEMAPHORE(n) (n) /* as R reads: LOCK, COREID, PROCID */
#define STATUS(core, n) (SEMAPHORES * (1 + (core)) + (n)) /* a bit of ISR */
#define ENABLED(core) (3 * SEMAPHORES + (core)) /* IER */
#define KEY (3 * SEMAPHORES + 2)

#define TYPE_STM32WB_HSEM "stm32wb-hsem"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbHsem, STM32WB_HSEM)

struct Stm32wbHsem {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    qemu_irq wakeup;
    WbCells cells;
};

static void update_irq(Stm32wbBlock *b)
{
    Stm32wbHsem *s = STM32WB_HSEM(b);
    uint32_t enabled = stm32wb_cell_view(&s->cells, ENABLED(b->core));
    bool level = false;

    for (unsigned n = 0; n < SEMAPHORES && enabled >> n; n++) {
        level |= (enabled >> n & 1) && stm32wb_cell_view(&s->cells, STATUS(b->core, n));
    }
    qemu_set_irq(s->irq, level);
    qemu_set_irq(s->wakeup, level);
}

/* ---- the semaphores ---- */

static uint32_t semaphore(Stm32wbHsem *s, unsigned n)
{
    return stm32wb_cell(&s->cells, SEMAPHORE(n));
}

static uint32_t holder(unsigned core, uint8_t process)
{
    return R_R0_LOCK_MASK | core_id[core] << R_R0_COREID_SHIFT | process;
}

/* Take it if it is free; what it is then. */
static uint32_t take(Stm32wbHsem *s, unsigned n, uint32_t who)
{
    if (!semaphore(s, n)) {
        stm32wb_cell_set(&s->cells, SEMAPHORE(n), who, false);
        trace_stm32wb_hsem_take(n, who);
    }
    return semaphore(s, n);
}

static void set_status(Stm32wbHsem *s, unsigned core, uint32_t which, bool status)
{
    for (; which; which &= which - 1) {
        stm32wb_cell_set(&s->cells, STATUS(core, ctz32(which)), status,
                         core != s->parent_obj.core);
    }
}

static void freed(Stm32wbHsem *s, uint32_t which)
{
    set_status(s, 0, which, true);
    set_status(s, 1, which, true);
    update_irq(&s->parent_obj);
}

static void give(Stm32wbHsem *s, unsigned n, uint32_t who)
{
    if (semaphore(s, n) == who) {
        stm32wb_cell_set(&s->cells, SEMAPHORE(n), 0, false);
        trace_stm32wb_hsem_give(n, who);
        freed(s, BIT(n));
    }
}

/* RM0434 38.3.6: all semaphores of a core, by key. */
static uint32_t give_all(Stm32wbHsem *s, unsigned id)
{
    uint32_t which = 0;

    for (unsigned n = 0; n < SEMAPHORES; n++) {
        if (semaphore(s, n) && FIELD_EX32(semaphore(s, n), R0, COREID) == id) {
            stm32wb_cell_set(&s->cells, SEMAPHORE(n), 0, false);
            which |= BIT(n);
        }
    }
    return which;
}

/* The two-step lock, and unlocking. A core cannot speak for another. */
static void write_semaphore(Stm32wbHsem *s, unsigned core, unsigned n,
                            uint32_t value)
{
    uint32_t who = holder(core, FIELD_EX32(value, R0, PROCID));

    if (FIELD_EX32(value, R0, COREID) != core_id[core]) {
        qemu_log_mask(LOG_GUEST_ERROR, "HSEM: R%u written with COREID %u\n", n,
                      FIELD_EX32(value, R0, COREID));
    } else if (value & R_R0_LOCK_MASK) {
        take(s, n, who);
    } else {
        give(s, n, who);
    }
}

/* ---- registers ---- */

static uint32_t status(Stm32wbHsem *s, unsigned core)
{
    uint32_t isr = 0;

    for (unsigned n = 0; n < SEMAPHORES; n++) {
        isr |= stm32wb_cell(&s->cells, STATUS(core, n)) ? BIT(n) : 0;
    }
    return isr;
}

static uint32_t read_core(Stm32wbHsem *s, unsigned core, unsigned reg)
{
    uint32_t ier = stm32wb_cell(&s->cells, ENABLED(core));

    switch (reg) {
    case IER:
        return ier;
    case ISR:
        return status(s, core);
    case MISR:
        return status(s, core) & ier;
    default:
        return 0;
    }
}

static uint32_t hsem_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbHsem *s = STM32WB_HSEM(b);

    switch (offset) {
    case A_R0 ... A_RLR0 - 4:
        return semaphore(s, offset / 4);
    case A_RLR0 ... A_C1IER - 4:
        return take(s, (offset - A_RLR0) / 4, holder(b->core, 0));
    case A_C1IER ... A_C1MISR:
        return read_core(s, 0, (offset - A_C1IER) / 4);
    case A_C2IER ... A_C2MISR:
        return read_core(s, 1, (offset - A_C2IER) / 4);
    case A_CR:
        return 0;
    case A_KEYR:
        return stm32wb_cell(&s->cells, KEY) << R_CR_KEY_SHIFT;
    case A_HWCFGR2 ... 0x3FC:
        return stm32wb_register_reset(b->name, offset);
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

/* Either core may write the other's: its line follows a latency later. */
static void write_core(Stm32wbHsem *s, unsigned core, unsigned reg,
                       uint32_t value, uint32_t mask)
{
    Stm32wbBlock *b = &s->parent_obj;

    if (reg == IER) {
        uint32_t old = stm32wb_cell(&s->cells, ENABLED(core));

        stm32wb_cell_set(&s->cells, ENABLED(core), stm32wb_merge(old, value, mask),
                         core != b->core);
    } else if (reg == ICR) {
        set_status(s, core, value & mask, false);
    }
    update_irq(b);
}

static void write_clear(Stm32wbHsem *s, uint32_t value)
{
    if (FIELD_EX32(value, CR, KEY) == stm32wb_cell(&s->cells, KEY)) {
        freed(s, give_all(s, FIELD_EX32(value, CR, COREID)));
    }
}

static void hsem_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    Stm32wbHsem *s = STM32WB_HSEM(b);

    switch (offset) {
    case A_R0 ... A_RLR0 - 4:
        write_semaphore(s, b->core, offset / 4, value & mask);
        break;
    case A_C1IER ... A_C1MISR:
        write_core(s, 0, (offset - A_C1IER) / 4, value, mask);
        break;
    case A_C2IER ... A_C2MISR:
        write_core(s, 1, (offset - A_C2IER) / 4, value, mask);
        break;
    case A_CR:
        write_clear(s, value & mask);
        break;
    case A_KEYR:
        stm32wb_cell_set(&s->cells, KEY, FIELD_EX32(value & mask, CR, KEY), false);
        break;
    case A_RLR0 ... A_C1IER - 4:
    case A_HWCFGR2 ... 0x3FC:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

/* ---- life ---- */

/* A reset of the system takes both cores, and each process has its core's part in it. */
static void reset_core(Stm32wbHsem *s, unsigned core)
{
    give_all(s, core_id[core]);
    set_status(s, core, UINT32_MAX, false);
    stm32wb_cell_set(&s->cells, ENABLED(core), 0, core != s->parent_obj.core);
}

static void reset_cells(Stm32wbBlock *b)
{
    Stm32wbHsem *s = STM32WB_HSEM(b);

    reset_core(s, b->core);
    if (!stm32wb_cells_shared(&s->cells) || b->reset_by_rcc) {
        reset_core(s, !b->core);
    }
    if (b->core == 0 || b->reset_by_rcc) {
        stm32wb_cell_set(&s->cells, KEY, 0, false);
    }
    b->reset_by_rcc = false;
}

static void hsem_reset(Object *obj, ResetType type)
{
    Stm32wbHsem *s = STM32WB_HSEM(obj);

    stm32wb_cells_mask(&s->cells, ENABLED(s->parent_obj.core));
    stm32wb_cells_reset(&s->cells);
}

static void hsem_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_BLOCK(obj));
}

static DeviceRealize parent_realize;

static void hsem_realize(DeviceState *dev, Error **errp)
{
    stm32wb_cells_init(&STM32WB_HSEM(dev)->cells, STM32WB_BLOCK(dev),
                       WB_CELLS_HSEM, update_irq, reset_cells);
    parent_realize(dev, errp);
}

static void hsem_init(Object *obj)
{
    Stm32wbHsem *s = STM32WB_HSEM(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->wakeup, "wakeup", 1);
}

static const VMStateDescription hsem_vmstate = {
    .name = TYPE_STM32WB_HSEM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbHsem),
        VMSTATE_STM32WB_CELLS(cells, Stm32wbHsem),
        VMSTATE_END_OF_LIST()
    },
};

static void hsem_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &hsem_vmstate;
    device_class_set_parent_realize(dc, hsem_realize, &parent_realize);
    rc->phases.hold = hsem_reset;
    rc->phases.exit = hsem_reset_exit;
    bc->read = hsem_read;
    bc->write = hsem_write;
}

static const TypeInfo hsem_types[] = {
    {
        .name = TYPE_STM32WB_HSEM,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbHsem),
        .instance_init = hsem_init,
        .class_init = hsem_class_init,
    },
};

DEFINE_TYPES(hsem_types)
