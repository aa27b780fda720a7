/*
 * STM32WB55: CRC calculation unit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 6 (CRC). A result is there at once; the part stalls the bus for its cycles.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"

REG32(DR, 0x00)
REG32(IDR, 0x04)
REG32(CR, 0x08)
FIELD(CR, RESET, 0, 1)
FIELD(CR, POLYSIZE, 3, 2)
FIELD(CR, REV_IN, 5, 2)
FIELD(CR, REV_OUT, 7, 1)
REG32(INIT, 0x10)
REG32(POL, 0x14)

#define CR_KEPT 0x000000F8

#define TYPE_STM32WB_CRC "stm32wb-crc"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbCrc, STM32WB_CRC)

struct Stm32wbCrc {
    Stm32wbBlock parent_obj;

    uint32_t crc;
    uint32_t idr;
    uint32_t cr;
    uint32_t init;
    uint32_t pol;
};

static unsigned polynomial_bits(Stm32wbCrc *s)
{
    static const unsigned bits[] = { 32, 16, 8, 7 };

    return bits[FIELD_EX32(s->cr, CR, POLYSIZE)];
}

/* The low @bits of @value, mirrored. */
static uint32_t mirror(uint32_t value, unsigned bits)
{
    return revbit32(value) >> (32 - bits);
}

/* REV_IN mirrors each byte, halfword or word, as far as the data is that wide. */
static uint32_t mirror_input(Stm32wbCrc *s, uint32_t data, unsigned bits)
{
    static const unsigned units[] = { 0, 8, 16, 32 };
    unsigned unit = MIN(units[FIELD_EX32(s->cr, CR, REV_IN)], bits);
    uint32_t out = 0;

    if (!unit) {
        return data;
    }
    for (unsigned i = 0; i < bits; i += unit) {
        out |= mirror(extract32(data, i, unit), unit) << i;
    }
    return out;
}

static void feed(Stm32wbCrc *s, uint32_t data, unsigned bits)
{
    unsigned width = polynomial_bits(s);
    uint32_t top = BIT(width - 1);

    data = mirror_input(s, data, bits);
    for (int i = bits - 1; i >= 0; i--) {
        bool carry = !!(s->crc & top) ^ extract32(data, i, 1);

        s->crc = (s->crc << 1) ^ (carry ? s->pol : 0);
    }
    s->crc = extract32(s->crc, 0, width);
}

static void restart(Stm32wbCrc *s)
{
    s->crc = extract32(s->init, 0, polynomial_bits(s));
}

static uint32_t crc_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbCrc *s = STM32WB_CRC(b);

    switch (offset) {
    case A_DR:
        return FIELD_EX32(s->cr, CR, REV_OUT)
               ? mirror(s->crc, polynomial_bits(s)) : s->crc;
    case A_IDR:
        return s->idr;
    case A_CR:
        return s->cr;
    case A_INIT:
        return s->init;
    case A_POL:
        return s->pol;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void crc_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbCrc *s = STM32WB_CRC(b);

    if (offset == A_DR) { /* the width of the access is the width of the data */
        feed(s, (value & mask) >> ctz32(mask), ctpop32(mask));
        return;
    }
    value = (value & mask) | (crc_read(b, offset) & ~mask);
    switch (offset) {
    case A_IDR:
        s->idr = value;
        break;
    case A_CR:
        s->cr = value & CR_KEPT;
        if (value & R_CR_RESET_MASK) {
            restart(s);
        }
        break;
    case A_INIT:
        s->init = value;
        restart(s);
        break;
    case A_POL:
        s->pol = value;
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

static void crc_reset(Object *obj, ResetType type)
{
    Stm32wbCrc *s = STM32WB_CRC(obj);

    s->crc = UINT32_MAX;
    s->idr = 0;
    s->cr = 0;
    s->init = UINT32_MAX;
    s->pol = 0x04C11DB7;
}

static const VMStateDescription crc_vmstate = {
    .name = TYPE_STM32WB_CRC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbCrc),
        VMSTATE_UINT32(crc, Stm32wbCrc),
        VMSTATE_UINT32(idr, Stm32wbCrc),
        VMSTATE_UINT32(cr, Stm32wbCrc),
        VMSTATE_UINT32(init, Stm32wbCrc),
        VMSTATE_UINT32(pol, Stm32wbCrc),
        VMSTATE_END_OF_LIST()
    },
};

static void crc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &crc_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = crc_reset;
    bc->read = crc_read;
    bc->write = crc_write;
}

static const TypeInfo crc_types[] = {
    {
        .name = TYPE_STM32WB_CRC,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbCrc),
        .class_init = crc_class_init,
    },
};

DEFINE_TYPES(crc_types)
