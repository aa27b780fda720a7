/*
 * STM32WB55: what every peripheral has in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "block.h"
#include "mirror.h"

#define DEFAULT_WINDOW 0x400

static const struct {
    const char *block;
    const char *name;
    uint32_t reset;
    uint16_t offset;
} registers[] = {
#define WB_REG(block, name, offset, bits, access, reset)                       \
    {#block, #name, reset, offset},
#include "registers.h.inc"
#undef WB_REG
};

static int find_register(const char *block, hwaddr offset)
{
    for (int i = 0; i < ARRAY_SIZE(registers); i++) {
        if (registers[i].offset == offset &&
            strcmp(registers[i].block, block) == 0) {
            return i;
        }
    }
    return -1;
}

uint32_t stm32wb_register_reset(const char *block, hwaddr offset)
{
    int i = find_register(block, offset);

    return i < 0 ? 0 : registers[i].reset;
}

static void say_unmodelled(Stm32wbBlock *b, hwaddr offset, const char *what)
{
    int i = find_register(b->name, offset);

    if (test_and_set_bit(offset / 4, b->logged)) {
        return;
    }
    if (i < 0) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: %s of reserved offset 0x%" HWADDR_PRIx "\n",
                      b->name, what, offset);
    } else {
        qemu_log_mask(LOG_UNIMP, "%s: %s of %s, which is not modelled\n",
                      b->name, what, registers[i].name);
    }
}

uint32_t stm32wb_block_unmodelled_read(Stm32wbBlock *b, hwaddr offset)
{
    say_unmodelled(b, offset, "read");
    return stm32wb_register_reset(b->name, offset);
}

void stm32wb_block_unmodelled_write(Stm32wbBlock *b, hwaddr offset,
                                    uint32_t value)
{
    say_unmodelled(b, offset, "write");
}

static bool gated(Stm32wbBlock *b)
{
    if (STM32WB_BLOCK_GET_CLASS(b)->ungated || clock_is_enabled(b->bus) ||
        !clock_has_source(b->bus)) {
        return false;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: accessed without its bus clock\n",
                  b->name);
    return true;
}

static bool forbidden(Stm32wbBlock *b, MemTxAttrs attrs)
{
    return STM32WB_BLOCK_GET_CLASS(b)->privileged && attrs.user;
}

static MemTxResult finish_access(Stm32wbBlock *b)
{
    bool refused = b->bus_error;

    b->bus_error = false;
    return refused ? MEMTX_ERROR : MEMTX_OK;
}

static MemTxResult read_now(Stm32wbBlock *b, hwaddr addr, uint64_t *value,
                            unsigned size, MemTxAttrs attrs)
{
    unsigned shift = (addr & 3) * 8;

    *value = 0;
    if (forbidden(b, attrs)) {
        return MEMTX_ERROR;
    }
    if (gated(b)) {
        return MEMTX_OK;
    }
    b->access_size = size;
    b->access_offset = addr;
    *value = extract64(STM32WB_BLOCK_GET_CLASS(b)->read(b, addr & ~(hwaddr)3),
                       shift, size * 8);
    return finish_access(b);
}

static MemTxResult write_now(Stm32wbBlock *b, hwaddr addr, uint64_t value,
                             unsigned size, MemTxAttrs attrs)
{
    const Stm32wbBlockClass *bc = STM32WB_BLOCK_GET_CLASS(b);
    unsigned shift = (addr & 3) * 8;
    uint32_t mask = MAKE_64BIT_MASK(shift, size * 8);

    if (forbidden(b, attrs)) {
        return MEMTX_ERROR;
    }
    if (gated(b)) {
        return MEMTX_OK;
    }
    b->access_size = size;
    b->access_offset = addr;
    if (bc->apb && size < 4) {
        value = size == 1 ? (uint8_t)value * 0x01010101u
                          : (uint16_t)value * 0x00010001u;
        mask = UINT32_MAX;
    } else {
        value <<= shift;
    }
    bc->write(b, addr & ~(hwaddr)3, value, mask);
    return finish_access(b);
}

/* One access, after all earlier ones of the other core. */
static void ordered(Stm32wbBlock *b, OrreryAccess *a, MemTxAttrs attrs)
{
    const Stm32wbBlockClass *bc = STM32WB_BLOCK_GET_CLASS(b);
    hwaddr addr = a->addr - b->mmio.addr;
    bool shared = !bc->is_shared || bc->is_shared(b, addr & ~(hwaddr)3);

    if (orrery_ordered_begin(shared ? b->state : NULL, a, attrs) !=
        ORRERY_ACCESS_GO) {
        return;
    }
    if (b->mirror && shared) {
        stm32wb_mirror_begin(b->mirror);
    }
    a->result = a->write ? write_now(b, addr, a->value, a->size, attrs)
                         : read_now(b, addr, &a->value, a->size, attrs);
    if (b->mirror && shared) {
        stm32wb_mirror_end(b->mirror);
    }
    orrery_ordered_end(a);
}

static MemTxResult block_read(void *opaque, hwaddr addr, uint64_t *value,
                              unsigned size, MemTxAttrs attrs)
{
    Stm32wbBlock *b = opaque;

    if (b->state) {
        OrreryAccess a = { .addr = b->mmio.addr + addr, .size = size };

        ordered(b, &a, attrs);
        *value = a.value;
        return a.result;
    }
    return read_now(b, addr, value, size, attrs);
}

static MemTxResult block_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size, MemTxAttrs attrs)
{
    Stm32wbBlock *b = opaque;

    if (b->state) {
        OrreryAccess a = { .write = true, .addr = b->mmio.addr + addr,
                           .size = size, .value = value };

        ordered(b, &a, attrs);
        return a.result;
    }
    return write_now(b, addr, value, size, attrs);
}

static const MemoryRegionOps block_ops = {
    .read_with_attrs = block_read,
    .write_with_attrs = block_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

static void clock_changed(void *opaque, ClockEvent event)
{
    Stm32wbBlock *b = opaque;
    const Stm32wbBlockClass *bc = STM32WB_BLOCK_GET_CLASS(b);

    if (bc->clock_changed) {
        bc->clock_changed(b);
    }
}

static void block_instance_init(Object *obj)
{
    Stm32wbBlock *b = STM32WB_BLOCK(obj);
    const Stm32wbBlockClass *bc = STM32WB_BLOCK_GET_CLASS(b);

    b->window = bc->window ? bc->window : DEFAULT_WINDOW;
    b->logged = bitmap_new(b->window / 4);
    b->bus = qdev_init_clock_in(DEVICE(obj), "bus", clock_changed, b,
                                ClockUpdate);
    b->kernel = qdev_init_clock_in(DEVICE(obj), "kernel", clock_changed, b,
                                   ClockUpdate);
}

/* Not in instance_init: the name belongs to the region. */
static void block_realize(DeviceState *dev, Error **errp)
{
    Stm32wbBlock *b = STM32WB_BLOCK(dev);

    if (!b->name) {
        error_setg(errp, "stm32wb-block: the property name is not set");
        return;
    }
    memory_region_init_io(&b->mmio, OBJECT(dev), &block_ops, b, b->name,
                          b->window);
    /* an ordered access may leave the handler for good, and lets others in while it waits */
    b->mmio.disable_reentrancy_guard = b->state != NULL;
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &b->mmio);
}

static void block_finalize(Object *obj)
{
    g_free(STM32WB_BLOCK(obj)->logged);
}

const VMStateDescription stm32wb_block_vmstate = {
    .name = TYPE_STM32WB_BLOCK,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_CLOCK(bus, Stm32wbBlock),
        VMSTATE_CLOCK(kernel, Stm32wbBlock),
        VMSTATE_END_OF_LIST()
    },
};

static const Property block_properties[] = {
    DEFINE_PROP_STRING("name", Stm32wbBlock, name),
    DEFINE_PROP_UINT8("core", Stm32wbBlock, core, 0),
};

static void block_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = block_realize;
    device_class_set_props(dc, block_properties);
}

static const TypeInfo block_types[] = {
    {
        .name = TYPE_STM32WB_BLOCK,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(Stm32wbBlock),
        .instance_init = block_instance_init,
        .instance_finalize = block_finalize,
        .class_size = sizeof(Stm32wbBlockClass),
        .class_init = block_class_init,
        .abstract = true,
    },
};

DEFINE_TYPES(block_types)
