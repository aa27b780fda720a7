/*
 * STM32WB55: an HCI UART for CPU2
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Not on the part: a serial line of Orrery's own, over which a Bluetooth host outside (Linux, say) talks
 * H4 to the controller in CPU2. docs/radio.md has its registers. What is sent leaves at the rate of the
 * link, however fast it is written; what is received waits in a FIFO.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers (0x60000400 of CPU2)
 *  + sysbus IRQ 0: 31 of CPU2
 *  + property "chardev": where the host is
 */
#include "qemu/osdep.h"
#include "qemu/fifo8.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "chardev/char-fe.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/registerfields.h"
#include "hw/resettable.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "../trace.h"

REG32(ID, 0x00)
REG32(SR, 0x04)
FIELD(SR, CONNECTED, 0, 1)
FIELD(SR, RXNE, 1, 1)
REG32(IER, 0x08)
REG32(DR, 0x0C)

#define ID_VALUE 0x4F524801
#define FIFO_BYTES 1024

#define TYPE_STM32WB_H4 "stm32wb-h4"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbH4, STM32WB_H4)

struct Stm32wbH4 {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    CharBackend chr;
    qemu_irq irq;
    Fifo8 received;
    uint32_t ier;
};

static uint32_t status(Stm32wbH4 *s)
{
    return (qemu_chr_fe_backend_connected(&s->chr) ? R_SR_CONNECTED_MASK : 0) |
           (fifo8_is_empty(&s->received) ? 0 : R_SR_RXNE_MASK);
}

static void update_irq(Stm32wbH4 *s)
{
    qemu_set_irq(s->irq, (status(s) & s->ier) != 0);
}

static uint64_t h4_read(void *opaque, hwaddr offset, unsigned size)
{
    Stm32wbH4 *s = opaque;
    uint32_t value = 0;

    switch (offset) {
    case A_ID:
        value = ID_VALUE;
        break;
    case A_SR:
        value = status(s);
        break;
    case A_IER:
        value = s->ier;
        break;
    case A_DR:
        if (!fifo8_is_empty(&s->received)) {
            value = fifo8_pop(&s->received);
            update_irq(s);
            qemu_chr_fe_accept_input(&s->chr);
        }
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, TYPE_STM32WB_H4 ": no register at 0x%"
                      HWADDR_PRIx "\n", offset);
    }
    trace_stm32wb_h4_read(offset, value);
    return value;
}

static void h4_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    Stm32wbH4 *s = opaque;
    uint8_t byte = value;

    trace_stm32wb_h4_write(offset, value);
    switch (offset) {
    case A_IER:
        s->ier = value & R_SR_RXNE_MASK;
        break;
    case A_DR:
        qemu_chr_fe_write_all(&s->chr, &byte, 1);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, TYPE_STM32WB_H4 ": no writable register "
                      "at 0x%" HWADDR_PRIx "\n", offset);
    }
    update_irq(s);
}

static const MemoryRegionOps h4_ops = {
    .read = h4_read,
    .write = h4_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

static int can_receive(void *opaque)
{
    return fifo8_num_free(&STM32WB_H4(opaque)->received);
}

static void receive(void *opaque, const uint8_t *bytes, int count)
{
    Stm32wbH4 *s = opaque;

    fifo8_push_all(&s->received, bytes, count);
    update_irq(s);
}

static void h4_reset(Object *obj, ResetType type)
{
    Stm32wbH4 *s = STM32WB_H4(obj);

    fifo8_reset(&s->received);
    s->ier = 0;
}

static void h4_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_H4(obj));
}

static void h4_realize(DeviceState *dev, Error **errp)
{
    Stm32wbH4 *s = STM32WB_H4(dev);

    fifo8_create(&s->received, FIFO_BYTES);
    qemu_chr_fe_set_handlers(&s->chr, can_receive, receive, NULL, NULL, s,
                             NULL, true);
}

static void h4_init(Object *obj)
{
    Stm32wbH4 *s = STM32WB_H4(obj);

    memory_region_init_io(&s->mmio, obj, &h4_ops, s, TYPE_STM32WB_H4, 0x400);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static const VMStateDescription h4_vmstate = {
    .name = TYPE_STM32WB_H4,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_FIFO8(received, Stm32wbH4),
        VMSTATE_UINT32(ier, Stm32wbH4),
        VMSTATE_END_OF_LIST()
    },
};

static const Property h4_properties[] = {
    DEFINE_PROP_CHR("chardev", Stm32wbH4, chr),
};

static void h4_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = h4_realize;
    dc->vmsd = &h4_vmstate;
    dc->user_creatable = false; /* the SoC maps it */
    device_class_set_props(dc, h4_properties);
    rc->phases.hold = h4_reset;
    rc->phases.exit = h4_reset_exit;
}

static const TypeInfo h4_types[] = {
    {
        .name = TYPE_STM32WB_H4,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(Stm32wbH4),
        .instance_init = h4_init,
        .class_init = h4_class_init,
    },
};

DEFINE_TYPES(h4_types)
