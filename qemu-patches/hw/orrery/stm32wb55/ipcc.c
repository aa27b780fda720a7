/*
 * STM32WB55: inter-processor communication controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 37. Six channels each way. All registers are cells (cells.h); the interrupts of the
 * other core's flags come a latency of the link later.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: this core's, receive channel occupied; IRQ 1: transmit channel free
 *  + GPIO output "wakeup": IRQ 0, for EXTI
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "block.h"
#include "cells.h"
#include "hci.h"

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
#define CHANNELS 6

/* cells */
#define FLAG(sender, channel) (CHANNELS * (sender) + (channel))
#define CONTROL(core) (2 * CHANNELS + (core))
#define MASK(core) (2 * CHANNELS + 2 + (core))

#define TYPE_STM32WB_IPCC "stm32wb-ipcc"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbIpcc, STM32WB_IPCC)

struct Stm32wbIpcc {
    Stm32wbBlock parent_obj;

    qemu_irq rx;
    qemu_irq tx;
    qemu_irq wakeup;
    WbCells cells;
    WbHci hci; /* who looks at what the flags mean */
};

/* The channels that a core has occupied, by @get. */
static uint32_t flags(const WbCells *c, unsigned sender,
                      uint32_t (*get)(const WbCells *c, unsigned i))
{
    uint32_t occupied = 0;

    for (unsigned n = 0; n < CHANNELS; n++) {
        occupied |= get(c, FLAG(sender, n)) ? BIT(n) : 0;
    }
    return occupied;
}

static void update_irq(Stm32wbBlock *b)
{
    Stm32wbIpcc *s = STM32WB_IPCC(b);
    uint32_t control = stm32wb_cell_view(&s->cells, CONTROL(b->core));
    uint32_t mask = stm32wb_cell_view(&s->cells, MASK(b->core));
    uint32_t received = flags(&s->cells, !b->core, stm32wb_cell_view) &
                        ~FIELD_EX32(mask, C1MR, CHOM);
    uint32_t free = ~flags(&s->cells, b->core, stm32wb_cell_view) &
                    ~FIELD_EX32(mask, C1MR, CHFM) & MAKE_64BIT_MASK(0, CHANNELS);
    bool rx = FIELD_EX32(control, C1CR, RXOIE) && received;

    qemu_set_irq(s->rx, rx);
    qemu_set_irq(s->wakeup, rx);
    qemu_set_irq(s->tx, FIELD_EX32(control, C1CR, TXFIE) && free);
}

/* A core sets flags that it sends and clears those that it has received. */
static void write_flags(Stm32wbIpcc *s, unsigned core, uint32_t value)
{
    uint32_t set = FIELD_EX32(value, C1SCR, CHS);
    uint32_t clear = FIELD_EX32(value, C1SCR, CHC);
    bool own = core == s->parent_obj.core;

    trace_stm32wb_ipcc_flags(core + 1, set, clear);
    for (unsigned n = 0; n < CHANNELS; n++) {
        if (set >> n & 1) {
            if (own) {
                stm32wb_hci_sent(&s->hci, core, n,
                                 stm32wb_cell(&s->cells, FLAG(core, n)));
            }
            stm32wb_cell_set(&s->cells, FLAG(core, n), true, true);
        }
        if (clear >> n & 1) {
            if (own && stm32wb_cell(&s->cells, FLAG(!core, n))) {
                stm32wb_hci_taken(&s->hci, core, n);
            }
            stm32wb_cell_set(&s->cells, FLAG(!core, n), false, true);
        }
    }
}

/* Either core may write the other's: its lines follow a latency later. */
static void write_own(Stm32wbIpcc *s, unsigned core, unsigned cell, uint32_t value)
{
    stm32wb_cell_set(&s->cells, cell, value, core != s->parent_obj.core);
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
        return stm32wb_cell(&s->cells, CONTROL(core));
    case MR:
        return stm32wb_cell(&s->cells, MASK(core));
    case SR:
        return flags(&s->cells, core, stm32wb_cell);
    default:
        return 0;
    }
}

static void ipcc_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    Stm32wbIpcc *s = STM32WB_IPCC(b);
    unsigned core = offset / A_C2CR;
    uint32_t old;

    if (offset > A_C2TOC1SR) {
        if (offset < A_HWCFGR) {
            stm32wb_block_unmodelled_write(b, offset, value);
        }
        return;
    }
    switch (offset / 4 % 4) {
    case CR:
        old = stm32wb_cell(&s->cells, CONTROL(core));
        write_own(s, core, CONTROL(core), stm32wb_merge(old, value, mask) & CR_KEPT);
        break;
    case MR:
        old = stm32wb_cell(&s->cells, MASK(core));
        write_own(s, core, MASK(core), stm32wb_merge(old, value, mask) |
                  ~(R_C1MR_CHOM_MASK | R_C1MR_CHFM_MASK));
        break;
    case SCR:
        write_flags(s, core, value & mask);
        break;
    }
    update_irq(b);
}

/* A reset of the system takes both cores, and each process has its core's part in it. */
static void reset_core(Stm32wbIpcc *s, unsigned core)
{
    for (unsigned n = 0; n < CHANNELS; n++) {
        stm32wb_cell_set(&s->cells, FLAG(core, n), false, true);
    }
    stm32wb_cell_set(&s->cells, CONTROL(core), 0, core != s->parent_obj.core);
    stm32wb_cell_set(&s->cells, MASK(core), UINT32_MAX, core != s->parent_obj.core);
}

static void reset_cells(Stm32wbBlock *b)
{
    Stm32wbIpcc *s = STM32WB_IPCC(b);

    reset_core(s, b->core);
    if (!stm32wb_cells_shared(&s->cells) || b->reset_by_rcc) {
        reset_core(s, !b->core);
    }
    b->reset_by_rcc = false;
}

static void ipcc_reset(Object *obj, ResetType type)
{
    Stm32wbIpcc *s = STM32WB_IPCC(obj);

    stm32wb_cells_mask(&s->cells, CONTROL(s->parent_obj.core));
    stm32wb_cells_reset(&s->cells);
}

static void ipcc_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_BLOCK(obj));
}

static DeviceRealize parent_realize;

static void ipcc_realize(DeviceState *dev, Error **errp)
{
    Stm32wbIpcc *s = STM32WB_IPCC(dev);

    stm32wb_cells_init(&s->cells, STM32WB_BLOCK(dev), WB_CELLS_IPCC, update_irq,
                       reset_cells);
    stm32wb_hci_init(&s->hci, STM32WB55_SOC(OBJECT(dev)->parent));
    parent_realize(dev, errp);
}

static void ipcc_init(Object *obj)
{
    Stm32wbIpcc *s = STM32WB_IPCC(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->rx);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->tx);
    qdev_init_gpio_out_named(DEVICE(obj), &s->wakeup, "wakeup", 1);
}

static const VMStateDescription ipcc_vmstate = {
    .name = TYPE_STM32WB_IPCC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbIpcc),
        VMSTATE_STM32WB_CELLS(cells, Stm32wbIpcc),
        VMSTATE_STRUCT(hci, Stm32wbIpcc, 1, stm32wb_hci_vmstate, WbHci),
        VMSTATE_END_OF_LIST()
    },
};

static void ipcc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &ipcc_vmstate;
    device_class_set_parent_realize(dc, ipcc_realize, &parent_realize);
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
