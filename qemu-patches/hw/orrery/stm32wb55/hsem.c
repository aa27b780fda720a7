/*
 * STM32WB55: hardware semaphores
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 38. The semaphores themselves are words that one step changes (WbSemaphores), apart from
 * what each core sees of them, so that two cores can share them.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: a semaphore was freed, as CPU1 asked to hear
 *  + GPIO output "wakeup": the same, for EXTI
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "block.h"

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
#define CPU1 0
#define CPU2 1

/* COREID on the bus, RM0434 38.3.4 */
static const unsigned core_id[] = { 4, 8 };

#define TYPE_STM32WB_HSEM "stm32wb-hsem"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbHsem, STM32WB_HSEM)

/* What the cores share. */
typedef struct WbSemaphores {
    uint32_t r[SEMAPHORES]; /* as R reads: LOCK, COREID, PROCID */
    uint32_t key;
} WbSemaphores;

typedef struct WbHsemCore {
    uint32_t ier;
    uint32_t isr;
} WbHsemCore;

struct Stm32wbHsem {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    qemu_irq wakeup;
    WbSemaphores shared;
    WbHsemCore core[2];
};

static void update_irq(Stm32wbHsem *s)
{
    bool level = s->core[CPU1].isr & s->core[CPU1].ier;

    qemu_set_irq(s->irq, level);
    qemu_set_irq(s->wakeup, level);
}

/* ---- the semaphores ---- */

static uint32_t holder(unsigned core, uint8_t process)
{
    return R_R0_LOCK_MASK | core_id[core] << R_R0_COREID_SHIFT | process;
}

/* Take it if it is free; what it is then. */
static uint32_t take(Stm32wbHsem *s, unsigned n, uint32_t who)
{
    if (!s->shared.r[n]) {
        s->shared.r[n] = who;
        trace_stm32wb_hsem_take(n, who);
    }
    return s->shared.r[n];
}

static void freed(Stm32wbHsem *s, uint32_t which)
{
    for (int i = 0; i < 2; i++) {
        s->core[i].isr |= which;
    }
    update_irq(s);
}

static void give(Stm32wbHsem *s, unsigned n, uint32_t who)
{
    if (s->shared.r[n] == who) {
        s->shared.r[n] = 0;
        trace_stm32wb_hsem_give(n, who);
        freed(s, BIT(n));
    }
}

/* RM0434 38.3.6: all semaphores of a core, by key. */
static void give_all(Stm32wbHsem *s, unsigned id)
{
    uint32_t which = 0;

    for (unsigned n = 0; n < SEMAPHORES; n++) {
        if (s->shared.r[n] && FIELD_EX32(s->shared.r[n], R0, COREID) == id) {
            s->shared.r[n] = 0;
            which |= BIT(n);
        }
    }
    if (which) {
        freed(s, which);
    }
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

static uint32_t read_core(WbHsemCore *core, unsigned reg)
{
    switch (reg) {
    case IER:
        return core->ier;
    case ISR:
        return core->isr;
    case MISR:
        return core->isr & core->ier;
    default:
        return 0;
    }
}

static uint32_t hsem_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbHsem *s = STM32WB_HSEM(b);

    switch (offset) {
    case A_R0 ... A_RLR0 - 4:
        return s->shared.r[offset / 4];
    case A_RLR0 ... A_C1IER - 4:
        return take(s, (offset - A_RLR0) / 4, holder(CPU1, 0));
    case A_C1IER ... A_C1MISR:
        return read_core(&s->core[CPU1], (offset - A_C1IER) / 4);
    case A_C2IER ... A_C2MISR:
        return read_core(&s->core[CPU2], (offset - A_C2IER) / 4);
    case A_CR:
        return 0;
    case A_KEYR:
        return s->shared.key << R_CR_KEY_SHIFT;
    case A_HWCFGR2 ... 0x3FC:
        return stm32wb_register_reset(b->name, offset);
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_core(Stm32wbHsem *s, WbHsemCore *core, unsigned reg,
                       uint32_t value, uint32_t mask)
{
    if (reg == IER) {
        core->ier = (value & mask) | (core->ier & ~mask);
    } else if (reg == ICR) {
        core->isr &= ~(value & mask);
    }
    update_irq(s);
}

static void hsem_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    Stm32wbHsem *s = STM32WB_HSEM(b);

    switch (offset) {
    case A_R0 ... A_RLR0 - 4:
        write_semaphore(s, CPU1, offset / 4, value & mask);
        break;
    case A_C1IER ... A_C1MISR:
        write_core(s, &s->core[CPU1], (offset - A_C1IER) / 4, value, mask);
        break;
    case A_C2IER ... A_C2MISR:
        write_core(s, &s->core[CPU2], (offset - A_C2IER) / 4, value, mask);
        break;
    case A_CR:
        if (FIELD_EX32(value & mask, CR, KEY) == s->shared.key) {
            give_all(s, FIELD_EX32(value & mask, CR, COREID));
        }
        break;
    case A_KEYR:
        s->shared.key = FIELD_EX32(value & mask, CR, KEY);
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

static void hsem_reset(Object *obj, ResetType type)
{
    Stm32wbHsem *s = STM32WB_HSEM(obj);

    memset(&s->shared, 0, sizeof(s->shared));
    memset(s->core, 0, sizeof(s->core));
}

static void hsem_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_HSEM(obj));
}

static void hsem_init(Object *obj)
{
    Stm32wbHsem *s = STM32WB_HSEM(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->wakeup, "wakeup", 1);
}

static const VMStateDescription hsem_core_vmstate = {
    .name = "stm32wb-hsem-core",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(ier, WbHsemCore),
        VMSTATE_UINT32(isr, WbHsemCore),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription hsem_vmstate = {
    .name = TYPE_STM32WB_HSEM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbHsem),
        VMSTATE_UINT32_ARRAY(shared.r, Stm32wbHsem, SEMAPHORES),
        VMSTATE_UINT32(shared.key, Stm32wbHsem),
        VMSTATE_STRUCT_ARRAY(core, Stm32wbHsem, 2, 1, hsem_core_vmstate,
                             WbHsemCore),
        VMSTATE_END_OF_LIST()
    },
};

static void hsem_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &hsem_vmstate;
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
