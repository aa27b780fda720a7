/*
 * STM32WB55: inter-processor communication controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 37. Six channels each way. The flags are what two cores share (occupied[]); the rest is
 * each core's own.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: CPU1, receive channel occupied; IRQ 1: CPU1, transmit channel free
 *  + GPIO output "wakeup": IRQ 0, for EXTI
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "block.h"

REG32(C1CR, 0x00)
FIELD(C1CR, RXOIE, 0, 1)
FIELD(C1CR, TXFIE, 16, 1)
REG32(C1MR, 0x04)
FIELD(C1MR, CHOM, 0, 6)
FIELD(C1MR, CHFM, 16, 6)
REG32(C1SCR, 0x08)
FIELD(C1SCR, CHC, 0, 6)
FIELD(C1SCR, CHS, 16, 6)
REG32(C1TOC2SR, 0x0C)
REG32(C2CR, 0x10)
REG32(C2TOC1SR, 0x1C)
REG32(HWCFGR, 0x3F0)

/* a core's four registers */
enum { CR, MR, SCR, SR };

#define CR_KEPT 0x00010001
#define CHANNELS 0x3F
#define CPU1 0
#define CPU2 1

#define TYPE_STM32WB_IPCC "stm32wb-ipcc"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbIpcc, STM32WB_IPCC)

typedef struct WbIpccCore {
    uint32_t cr;
    uint32_t mr;
} WbIpccCore;

struct Stm32wbIpcc {
    Stm32wbBlock parent_obj;

    qemu_irq rx;
    qemu_irq tx;
    qemu_irq wakeup;
    uint32_t occupied[2]; /* by sender: C1TOC2SR, C2TOC1SR */
    WbIpccCore core[2];
};

static void update_irq(Stm32wbIpcc *s)
{
    WbIpccCore *core = &s->core[CPU1];
    uint32_t received = s->occupied[CPU2] & ~FIELD_EX32(core->mr, C1MR, CHOM);
    uint32_t free = ~s->occupied[CPU1] & ~FIELD_EX32(core->mr, C1MR, CHFM) &
                    CHANNELS;
    bool rx = FIELD_EX32(core->cr, C1CR, RXOIE) && received;

    qemu_set_irq(s->rx, rx);
    qemu_set_irq(s->wakeup, rx);
    qemu_set_irq(s->tx, FIELD_EX32(core->cr, C1CR, TXFIE) && free);
}

/* A core sets flags that it sends and clears those that it has received. */
static void write_flags(Stm32wbIpcc *s, unsigned core, uint32_t value)
{
    uint32_t set = FIELD_EX32(value, C1SCR, CHS);
    uint32_t clear = FIELD_EX32(value, C1SCR, CHC);

    trace_stm32wb_ipcc_flags(core + 1, set, clear);
    s->occupied[core] |= set;
    s->occupied[!core] &= ~clear;
    update_irq(s);
}

static uint32_t ipcc_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbIpcc *s = STM32WB_IPCC(b);
    unsigned core = offset / A_C2CR;

    if (offset >= A_HWCFGR) {
        return stm32wb_register_reset(b->name, offset);
    }
    if (offset > A_C2TOC1SR) {
        return stm32wb_block_unmodelled_read(b, offset);
    }
    switch (offset / 4 % 4) {
    case CR:
        return s->core[core].cr;
    case MR:
        return s->core[core].mr;
    case SR:
        return s->occupied[core];
    default:
        return 0;
    }
}

static void ipcc_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    Stm32wbIpcc *s = STM32WB_IPCC(b);
    unsigned core = offset / A_C2CR;

    if (offset > A_C2TOC1SR) {
        if (offset < A_HWCFGR) {
            stm32wb_block_unmodelled_write(b, offset, value);
        }
        return;
    }
    switch (offset / 4 % 4) {
    case CR:
        s->core[core].cr = ((value & mask) | (s->core[core].cr & ~mask)) & CR_KEPT;
        break;
    case MR:
        s->core[core].mr = (value & mask) | (s->core[core].mr & ~mask) |
                           ~(R_C1MR_CHOM_MASK | R_C1MR_CHFM_MASK);
        break;
    case SCR:
        write_flags(s, core, value & mask);
        break;
    }
    update_irq(s);
}

static void ipcc_reset(Object *obj, ResetType type)
{
    Stm32wbIpcc *s = STM32WB_IPCC(obj);

    for (int i = 0; i < 2; i++) {
        s->occupied[i] = 0;
        s->core[i] = (WbIpccCore){ .mr = UINT32_MAX };
    }
}

static void ipcc_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_IPCC(obj));
}

static void ipcc_init(Object *obj)
{
    Stm32wbIpcc *s = STM32WB_IPCC(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->rx);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->tx);
    qdev_init_gpio_out_named(DEVICE(obj), &s->wakeup, "wakeup", 1);
}

static const VMStateDescription ipcc_core_vmstate = {
    .name = "stm32wb-ipcc-core",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(cr, WbIpccCore),
        VMSTATE_UINT32(mr, WbIpccCore),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription ipcc_vmstate = {
    .name = TYPE_STM32WB_IPCC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbIpcc),
        VMSTATE_UINT32_ARRAY(occupied, Stm32wbIpcc, 2),
        VMSTATE_STRUCT_ARRAY(core, Stm32wbIpcc, 2, 1, ipcc_core_vmstate,
                             WbIpccCore),
        VMSTATE_END_OF_LIST()
    },
};

static void ipcc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &ipcc_vmstate;
    rc->phases.hold = ipcc_reset;
    rc->phases.exit = ipcc_reset_exit;
    bc->read = ipcc_read;
    bc->write = ipcc_write;
}

static const TypeInfo ipcc_types[] = {
    {
        .name = TYPE_STM32WB_IPCC,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbIpcc),
        .instance_init = ipcc_init,
        .class_init = ipcc_class_init,
    },
};

DEFINE_TYPES(ipcc_types)
