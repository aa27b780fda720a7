/*
 * STM32WB55 voltage reference buffer (VREFBUF)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Voltage reference buffer (VREFBUF)". The two registers lie in SYSCFG's window, and
 * are clocked with it.
 *
 * QEMU interface:
 *  + a block (block.h): registers, "name"
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "vrefbuf.h"

REG32(CSR, 0x00)
    FIELD(CSR, ENVR, 0, 1)
    FIELD(CSR, HIZ, 1, 1)
    FIELD(CSR, VRS, 2, 1)
    FIELD(CSR, VRR, 3, 1)
REG32(CCR, 0x04)
    FIELD(CCR, TRIM, 0, 6)

#define CSR_STORED (R_CSR_ENVR_MASK | R_CSR_HIZ_MASK | R_CSR_VRS_MASK)
#define TRIM_RESET 0x20 /* a trimming value of the factory's */
/* DS11929: t_START with 0.5 uF, typical */
#define START_NS 300000

#define TYPE_STM32WB_VREFBUF "stm32wb-vrefbuf"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbVrefbuf, STM32WB_VREFBUF)

struct Stm32wbVrefbuf {
    Stm32wbBlock parent_obj;

    uint32_t csr;
    uint32_t ccr;
    int64_t ready_ns; /* when the output is there, if it is on */
};

static bool ready(Stm32wbVrefbuf *s)
{
    return (s->csr & R_CSR_ENVR_MASK) && !(s->csr & R_CSR_HIZ_MASK) &&
           qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >= s->ready_ns;
}

uint32_t stm32wb_vrefbuf_uv(Stm32wbBlock *b)
{
    Stm32wbVrefbuf *s =
        (Stm32wbVrefbuf *)object_dynamic_cast(OBJECT(b), TYPE_STM32WB_VREFBUF);

    if (!s || !ready(s)) {
        return 0;
    }
    return s->csr & R_CSR_VRS_MASK ? 2500000 : 2048000;
}

static uint32_t vrefbuf_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbVrefbuf *s = STM32WB_VREFBUF(b);

    return offset == A_CCR ? s->ccr : FIELD_DP32(s->csr, CSR, VRR, ready(s));
}

static void vrefbuf_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                          uint32_t mask)
{
    Stm32wbVrefbuf *s = STM32WB_VREFBUF(b);
    uint32_t old = s->csr;

    if (offset == A_CCR) {
        mask &= R_CCR_TRIM_MASK;
        s->ccr = stm32wb_merge(s->ccr, value, mask);
        return;
    }
    mask &= CSR_STORED;
    s->csr = stm32wb_merge(s->csr, value, mask);
    if ((s->csr & R_CSR_ENVR_MASK) && !(s->csr & R_CSR_HIZ_MASK) &&
        (old ^ s->csr)) {
        s->ready_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + START_NS;
    }
}

static void vrefbuf_reset_hold(Object *obj, ResetType type)
{
    Stm32wbVrefbuf *s = STM32WB_VREFBUF(obj);

    s->csr = R_CSR_HIZ_MASK;
    s->ccr = TRIM_RESET;
    s->ready_ns = 0;
}

static const VMStateDescription vrefbuf_vmstate = {
    .name = TYPE_STM32WB_VREFBUF,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbVrefbuf),
        VMSTATE_UINT32(csr, Stm32wbVrefbuf),
        VMSTATE_UINT32(ccr, Stm32wbVrefbuf),
        VMSTATE_INT64(ready_ns, Stm32wbVrefbuf),
        VMSTATE_END_OF_LIST()
    },
};

static void vrefbuf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &vrefbuf_vmstate;
    rc->phases.hold = vrefbuf_reset_hold;
    bc->window = 8;
    bc->apb = true;
    bc->read = vrefbuf_read;
    bc->write = vrefbuf_write;
}

static const TypeInfo vrefbuf_types[] = {
    {
        .name = TYPE_STM32WB_VREFBUF,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbVrefbuf),
        .class_init = vrefbuf_class_init,
    },
};

DEFINE_TYPES(vrefbuf_types)
