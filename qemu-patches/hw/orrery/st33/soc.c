/*
 * ST33: system on chip
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md. The tables below are the chip: a name, a type, an address and an interrupt for each block;
 * then the wires between them. Several blocks are those of the STM32WB55, whose names in registers.h.inc
 * differ from their names here.
 *
 * QEMU interface:
 *  + children: one per row of the table, by the name of docs/st33.md, and "armv7m"
 *  + properties "flash-size", "ram-size": bytes
 *  + clock "clk-pin": of the IART's CLK contact
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "target/arm/cpu.h"
#include "hw/orrery/stm32wb55/core-debug.h"
#include "flash.h"
#include "gpio.h"
#include "mmu.h"
#include "soc.h"
#include "sys.h"

#define NO_IRQ (-1)

static const struct {
    const char *name;
    const char *type;
    const char *model; /* its name as a block of the STM32WB55; NULL: its own */
    hwaddr base;
    int irq; /* of sysbus IRQ 0 */
} rows[] = {
    /* what others are wired to comes first */
    { "FLASH", TYPE_ST33_FLASH, NULL, 0x40002000, 0 },
    { "SYS", "st33-sys", NULL, 0x40000000, NO_IRQ },
    { "MMU", TYPE_ST33_MMU, NULL, 0x40001000, NO_IRQ },
    { "WDG", "st33-wdg", NULL, 0x40003000, NO_IRQ },
    { "TIM0", "stm32wb-tim", "TIM2", 0x40004000, 3 },
    { "TIM1", "stm32wb-tim", "TIM2", 0x40004400, 4 },
    { "GPIO", TYPE_ST33_GPIO, NULL, 0x40005000, 1 },
    { "IART", "st33-iart", NULL, 0x40006000, 2 },
    { "SPI", "stm32wb-spi", "SPI1", 0x40007000, 5 },
    { "RNG", "stm32wb-rng", "RNG", 0x40008000, 6 },
    { "CRC", "stm32wb-crc", "CRC", 0x40009000, NO_IRQ },
    { "AES", "stm32wb-aes", "AES1", 0x4000A000, 7 },
    { "HASH", "st33-hash", NULL, 0x4000B000, 9 },
    { "PKA", "stm32wb-pka", "PKA", 0x4000C000, 8 },
    { "TAMPER", "st33-tamper", NULL, 0x4000E000, 10 },
};

static const struct {
    const char *from; /* NULL: the core */
    const char *output;
    const char *to; /* NULL: the core */
    const char *input;
    int n; /* of the input */
} wires[] = {
    { NULL, "SYSRESETREQ", "SYS", "reset", ST33_RESET_SOFTWARE },
    { "WDG", "reset", "SYS", "reset", ST33_RESET_WATCHDOG },
    { "TAMPER", "reset", "SYS", "reset", ST33_RESET_TAMPER },
    { "TAMPER", "nmi", NULL, "NMI", 0 },
};

DeviceState *st33_soc_block(St33Soc *s, const char *name)
{
    return DEVICE(object_resolve_path_component(OBJECT(s), name));
}

/* The core stands until a reset, from a watchdog say; whoever waits for its output wants to know. */
static void locked_up(void *opaque, int n, int level)
{
    St33Soc *s = opaque;

    if (level) {
        warn_report("core locked up at 0x%08x: a fault that cannot become a "
                    "HardFault", s->armv7m.cpu->env.regs[15]);
    }
}

static void lose_power(void *opaque, int n, int level)
{
    St33Soc *s = opaque;

    if (level) {
        qemu_irq_pulse(qdev_get_gpio_in_named(st33_soc_block(s, "FLASH"),
                                              "power-lost", 0));
        qemu_irq_pulse(qdev_get_gpio_in_named(st33_soc_block(s, "TAMPER"),
                                              "power-lost", 0));
        address_space_set(cpu_get_address_space(CPU(s->armv7m.cpu), 0),
                          ST33_RAM_BASE, 0, s->ram_size,
                          MEMTXATTRS_UNSPECIFIED);
    }
}

static void soc_init(Object *obj)
{
    St33Soc *s = ST33_SOC(obj);

    s->pclk = clock_new(obj, "pclk");
    clock_set_hz(s->pclk, ST33_PCLK_HZ);
    s->clk_pin = clock_new(obj, "clk-pin");
    qdev_init_gpio_in_named(DEVICE(obj), locked_up, "lockup", 1);
    qdev_init_gpio_in_named(DEVICE(obj), lose_power, "power-lost", 1);
    object_initialize_child(obj, "armv7m", &s->armv7m, TYPE_ARMV7M);
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        DeviceState *dev = qdev_new(rows[i].type);

        object_property_add_child(obj, rows[i].name, OBJECT(dev));
        object_unref(OBJECT(dev));
        qdev_prop_set_string(dev, "name",
                             rows[i].model ? rows[i].model : rows[i].name);
    }
}

/* ---- memory ---- */

static bool map_memories(St33Soc *s, Error **errp)
{
    memory_region_init(&s->memory, OBJECT(s), "st33", UINT64_MAX);
    memory_region_add_subregion_overlap(&s->memory, 0, get_system_memory(), -1);
    if (!memory_region_init_ram(&s->ram, OBJECT(s), "st33-ram", s->ram_size,
                                errp)) {
        return false;
    }
    memory_region_add_subregion(&s->memory, ST33_RAM_BASE, &s->ram);
    return true;
}

static void map_flash(St33Soc *s)
{
    SysBusDevice *flash = SYS_BUS_DEVICE(st33_soc_block(s, "FLASH"));
    MemoryRegion *array = sysbus_mmio_get_region(flash, 1);

    memory_region_add_subregion(&s->memory, ST33_FLASH_BASE, array);
    memory_region_init_alias(&s->vectors, OBJECT(s), "st33-vectors", array,
                             ST33_BOOT_OFFSET, ST33_VECTORS);
    memory_region_add_subregion(&s->memory, 0, &s->vectors);
}

uint8_t *st33_soc_recover(St33Soc *s, Error **errp)
{
    if (!memory_region_init_rom(&s->rom, OBJECT(s), "st33-recovery",
                                ST33_ROM_SIZE, errp)) {
        return NULL;
    }
    memory_region_add_subregion(&s->memory, ST33_ROM_BASE, &s->rom);
    memory_region_init_alias(&s->rom_vectors, OBJECT(s), "st33-rom-vectors",
                             &s->rom, 0, ST33_VECTORS);
    memory_region_add_subregion_overlap(&s->memory, 0, &s->rom_vectors, 1);
    return memory_region_get_ram_ptr(&s->rom);
}

/* ---- wires ---- */

static bool realize_core(St33Soc *s, Error **errp)
{
    DeviceState *armv7m = DEVICE(&s->armv7m);

    qdev_prop_set_uint32(armv7m, "num-irq", ST33_IRQS);
    qdev_prop_set_uint8(armv7m, "num-prio-bits", 3);
    qdev_prop_set_string(armv7m, "cpu-type", ARM_CPU_TYPE_NAME("cortex-m3"));
    qdev_connect_clock_in(armv7m, "cpuclk",
                          qdev_get_clock_out(st33_soc_block(s, "SYS"), "hclk"));
    object_property_set_link(OBJECT(armv7m), "memory", OBJECT(&s->memory),
                             &error_abort);
    return sysbus_realize(SYS_BUS_DEVICE(armv7m), errp);
}

static bool realize_block(St33Soc *s, int row, Error **errp)
{
    DeviceState *dev = st33_soc_block(s, rows[row].name);

    if (object_property_find(OBJECT(dev), "flash")) {
        object_property_set_link(OBJECT(dev), "flash",
                                 OBJECT(st33_soc_block(s, "FLASH")),
                                 &error_abort);
    }
    qdev_connect_clock_in(dev, "bus", s->pclk);
    qdev_connect_clock_in(dev, "kernel", s->pclk);
    if (g_str_equal(rows[row].name, "IART")) {
        qdev_connect_clock_in(dev, "clk-pin", s->clk_pin);
    }
    return sysbus_realize(SYS_BUS_DEVICE(dev), errp);
}

static void connect_wires(St33Soc *s)
{
    DeviceState *core = DEVICE(&s->armv7m);

    for (int i = 0; i < ARRAY_SIZE(wires); i++) {
        DeviceState *from = wires[i].from ? st33_soc_block(s, wires[i].from) : core;
        DeviceState *to = wires[i].to ? st33_soc_block(s, wires[i].to) : core;

        qdev_connect_gpio_out_named(
            from, wires[i].output, 0,
            qdev_get_gpio_in_named(to, wires[i].input, wires[i].n));
    }
    qdev_connect_gpio_out_named(core, "LOCKUP", 0,
                                qdev_get_gpio_in_named(DEVICE(s), "lockup", 0));
    qdev_connect_gpio_out_named(
        st33_soc_block(s, "SYS"), "power-lost", 0,
        qdev_get_gpio_in_named(DEVICE(s), "power-lost", 0));
}

static void set_sizes(St33Soc *s)
{
    DeviceState *mmu = st33_soc_block(s, "MMU");

    qdev_prop_set_uint32(st33_soc_block(s, "FLASH"), "size", s->flash_size);
    qdev_prop_set_uint32(mmu, "flash-size", s->flash_size);
    qdev_prop_set_uint32(mmu, "ram-size", s->ram_size);
}

static void attach_mmu(St33Soc *s)
{
    St33Mmu *mmu = ST33_MMU(st33_soc_block(s, "MMU"));
    MemoryRegion *callbacks = st33_mmu_callbacks(mmu);

    st33_mmu_attach(mmu, s->armv7m.cpu);
    if (callbacks) {
        memory_region_add_subregion_overlap(&s->memory, 0, callbacks, -2);
    }
}

static void soc_realize(DeviceState *dev, Error **errp)
{
    St33Soc *s = ST33_SOC(dev);
    DeviceState *armv7m = DEVICE(&s->armv7m);

    if (!map_memories(s, errp)) {
        return;
    }
    set_sizes(s);
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!realize_block(s, i, errp)) {
            return;
        }
    }
    map_flash(s);
    if (!realize_core(s, errp) ||
        !core_debug_create(OBJECT(s), &s->armv7m, errp)) {
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        SysBusDevice *block = SYS_BUS_DEVICE(st33_soc_block(s, rows[i].name));

        memory_region_add_subregion(&s->memory, rows[i].base,
                                    sysbus_mmio_get_region(block, 0));
        if (rows[i].irq != NO_IRQ) {
            sysbus_connect_irq(block, 0,
                               qdev_get_gpio_in(armv7m, rows[i].irq));
        }
    }
    connect_wires(s);
    attach_mmu(s);
}

static const Property soc_properties[] = {
    DEFINE_PROP_UINT32("flash-size", St33Soc, flash_size, 2 * MiB),
    DEFINE_PROP_UINT32("ram-size", St33Soc, ram_size, 64 * KiB),
};

static void soc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = soc_realize;
    dc->user_creatable = false; /* the board maps it */
    device_class_set_props(dc, soc_properties);
}

static const TypeInfo soc_types[] = {
    {
        .name = TYPE_ST33_SOC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(St33Soc),
        .instance_init = soc_init,
        .class_init = soc_class_init,
    },
};

DEFINE_TYPES(soc_types)
