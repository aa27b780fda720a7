/*
 * STM32WB55 MCU debug component
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 41.8. The freeze bits are state: a core halted by a debugger (QEMU's gdbstub) halts
 * the virtual clock and everything that runs on it.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 */
#include "qemu/osdep.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qemu/module.h"
#include "block.h"

REG32(IDCODE, 0x00)
REG32(CR, 0x04)
REG32(APB1FZR1, 0x3c)
REG32(C2APB1FZR1, 0x40)
REG32(APB1FZR2, 0x44)
REG32(C2APB1FZR2, 0x48)
REG32(APB2FZR, 0x4c)
REG32(C2APB2FZR, 0x50)

#define DBGMCU_WORDS (A_C2APB2FZR / 4 + 1)

#define TYPE_STM32WB_DBGMCU "stm32wb-dbgmcu"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbDbgmcu, STM32WB_DBGMCU)

struct Stm32wbDbgmcu {
    Stm32wbBlock parent_obj;

    uint32_t regs[DBGMCU_WORDS];
};

static uint32_t writable(hwaddr offset)
{
    switch (offset) {
    case A_CR:
        return 0x10000027;
    case A_APB1FZR1:
        return 0x80A01C01;
    case A_C2APB1FZR1:
        return 0x80A01401;
    case A_APB1FZR2:
    case A_C2APB1FZR2:
        return 0x00000020;
    case A_APB2FZR:
    case A_C2APB2FZR:
        return 0x00060800;
    default:
        return 0;
    }
}

static uint32_t dbgmcu_read(Stm32wbBlock *b, hwaddr offset)
{
    if (offset == A_IDCODE || !writable(offset)) {
        return offset == A_IDCODE ? stm32wb_register_reset("DBGMCU", offset)
                                  : stm32wb_block_unmodelled_read(b, offset);
    }
    return STM32WB_DBGMCU(b)->regs[offset / 4];
}

static void dbgmcu_write(Stm32wbBlock *b, hwaddr offset, uint32_t value, uint32_t mask)
{
    Stm32wbDbgmcu *s = STM32WB_DBGMCU(b);

    if (!writable(offset)) {
        if (offset != A_IDCODE) {
            stm32wb_block_unmodelled_write(b, offset, value);
        }
        return;
    }
    mask &= writable(offset);
    s->regs[offset / 4] = stm32wb_merge(s->regs[offset / 4], value, mask);
}

static const VMStateDescription dbgmcu_vmstate = {
    .name = TYPE_STM32WB_DBGMCU,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbDbgmcu),
        VMSTATE_UINT32_ARRAY(regs, Stm32wbDbgmcu, DBGMCU_WORDS),
        VMSTATE_END_OF_LIST()
    },
};

/* No reset: only a power-on reset clears these registers (41.8.2). */
static void dbgmcu_power_lost(Stm32wbBlock *b)
{
    memset(STM32WB_DBGMCU(b)->regs, 0, sizeof(STM32WB_DBGMCU(b)->regs));
}

static void dbgmcu_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &dbgmcu_vmstate;
    bc->ungated = true;
    bc->read = dbgmcu_read;
    bc->write = dbgmcu_write;
    bc->power_lost = dbgmcu_power_lost;
}

static const TypeInfo dbgmcu_types[] = {
    {
        .name = TYPE_STM32WB_DBGMCU,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbDbgmcu),
        .class_init = dbgmcu_class_init,
    },
};

DEFINE_TYPES(dbgmcu_types)
