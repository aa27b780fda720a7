/*
 * STM32WB55 system on chip, as one of its cores sees it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 2.2 (memory map).
 *
 * The tables of soc_cpu1.c and soc_cpu2.c are the chip: a name, a type, an address, interrupts,
 * wake-up lines and DMA requests for each peripheral; then the wires between them. What they name
 * must exist. On CPU2's bus, what only CPU1's table names is CPU1's (foreign.c).
 *
 * QEMU interface:
 *  + children: one per row of the table, by the name of RM0434, "armv7m" and, CPU1's, "pins"
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "exec/tb-flush.h"
#include "hw/core/split-irq.h"
#include "hw/or-irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "target/arm/cpu.h"
#include "../power.h"
#include "flash.h"
#include "rcc.h"
#include "core-debug.h"
#include "soc.h"
#include "secure.h"
#include "shared.h"
#include "soc_view.h"

Stm32wbBlock *stm32wb55_soc_block(Stm32wb55Soc *s, const char *name)
{
    return STM32WB_BLOCK(object_resolve_path_component(OBJECT(s), name));
}

static const WbView *view_of(Stm32wb55Soc *s)
{
    return STM32WB55_SOC_GET_CLASS(s)->view;
}

static DeviceState *device(Stm32wb55Soc *s, const char *name)
{
    return DEVICE(object_resolve_path_component(OBJECT(s), name));
}

/* The core stands until a reset, from a watchdog say; whoever waits for its output wants to know. */
static void locked_up(void *opaque, int n, int level)
{
    Stm32wb55Soc *s = opaque;

    if (level) {
        warn_report("core locked up at 0x%08x: a fault that cannot become a "
                    "HardFault", s->armv7m.cpu->env.regs[15]);
    }
}

static void add_block(Stm32wb55Soc *s, const char *name, const char *type)
{
    DeviceState *dev = qdev_new(type);

    object_property_add_child(OBJECT(s), name, OBJECT(dev));
    object_unref(OBJECT(dev));
    if (object_dynamic_cast(OBJECT(dev), TYPE_STM32WB_BLOCK)) {
        qdev_prop_set_string(dev, "name", name);
        qdev_prop_set_uint8(dev, "core", view_of(s)->number);
    }
}

static void soc_init(Object *obj)
{
    Stm32wb55Soc *s = STM32WB55_SOC(obj);
    const WbView *view = view_of(s);

    s->shared_fd = -1;
    qdev_init_gpio_in_named(DEVICE(obj), locked_up, "lockup", 1);
    object_initialize_child(obj, "armv7m", &s->armv7m, TYPE_ARMV7M);
    if (view->number == 0) {
        object_initialize_child(obj, "pins", &s->pins, TYPE_STM32WB_PINS);
    }
    for (int i = 0; i < view->row_count; i++) {
        add_block(s, view->rows[i].name, view->rows[i].type);
    }
}

/* ---- memory ---- */

static bool map_ram(Stm32wb55Soc *s, MemoryRegion *mr, WbShared part,
                    const char *name, hwaddr base, uint64_t size, Error **errp)
{
    if (!memory_region_init_ram(mr, OBJECT(s), name, size, errp) ||
        !stm32wb_shared_map(s, mr, part, errp)) {
        return false;
    }
    memory_region_add_subregion(&s->memory, base, mr);
    return true;
}

static void map_alias(Stm32wb55Soc *s, MemoryRegion *alias, const char *name,
                      hwaddr base, MemoryRegion *of)
{
    memory_region_init_alias(alias, OBJECT(s), name, of, 0,
                             memory_region_size(of));
    memory_region_add_subregion(&s->memory, base, alias);
}

static bool map_memories(Stm32wb55Soc *s, Error **errp)
{
    memory_region_init(&s->memory, OBJECT(s), "stm32wb55", UINT64_MAX);
    memory_region_add_subregion_overlap(&s->memory, 0, get_system_memory(), -1);
    if (!map_ram(s, &s->sram1, WB_SHARED_SRAM1, "SRAM1", WB_SRAM1_BASE,
                 WB_SRAM1_SIZE, errp) ||
        !map_ram(s, &s->sram2a, WB_SHARED_SRAM2A, "SRAM2A", WB_SRAM2A_BASE,
                 WB_SRAM2_SIZE, errp) ||
        !map_ram(s, &s->sram2b, WB_SHARED_SRAM2B, "SRAM2B", WB_SRAM2B_BASE,
                 WB_SRAM2_SIZE, errp) ||
        !memory_region_init_rom(&s->system, OBJECT(s), "system-memory",
                                WB_SYSTEM_SIZE, errp)) {
        return false;
    }
    memory_region_add_subregion(&s->memory, WB_SYSTEM_BASE, &s->system);
    map_alias(s, &s->sram2a_code, "SRAM2A-code", WB_SRAM2A_CODE, &s->sram2a);
    map_alias(s, &s->sram2b_code, "SRAM2B-code", WB_SRAM2B_CODE, &s->sram2b);
    return true;
}

void stm32wb55_soc_remap(Stm32wb55Soc *s, Stm32wbBoot what)
{
    if (view_of(s)->number != 0) {
        return; /* it is CPU1's address 0 */
    }
    memory_region_transaction_begin();
    memory_region_set_enabled(&s->boot_flash, what == WB_BOOT_FLASH);
    memory_region_set_enabled(&s->boot_system, what == WB_BOOT_SYSTEM);
    memory_region_set_enabled(&s->boot_sram, what == WB_BOOT_SRAM);
    memory_region_set_enabled(&s->boot_quadspi, what == WB_BOOT_QUADSPI);
    memory_region_transaction_commit();
}

static int lose_power(Object *child, void *opaque)
{
    Stm32wbBlock *b = (Stm32wbBlock *)object_dynamic_cast(child, TYPE_STM32WB_BLOCK);

    if (b && STM32WB_BLOCK_GET_CLASS(b)->power_lost) {
        STM32WB_BLOCK_GET_CLASS(b)->power_lost(b);
    }
    return 0;
}

static void lose_all_sram(void *opaque)
{
    Stm32wb55Soc *s = opaque;
    MemoryRegion *const all[] = { &s->sram1, &s->sram2a, &s->sram2b };

    for (int i = 0; i < ARRAY_SIZE(all); i++) {
        memset(memory_region_get_ram_ptr(all[i]), 0, memory_region_size(all[i]));
    }
    tb_flush(first_cpu);
}

/* Of two cores CPU1 does it for both, once CPU2 has done all that it did before. */
static void power_changes(Notifier *n, void *data)
{
    Stm32wb55Soc *s = container_of(n, Stm32wb55Soc, power);
    OrreryState *state = stm32wb55_soc_block(s, "SYSCFG")->state;
    OrreryPower *event = data;

    if (!event->on) {
        return;
    }
    event->keeps_ram = true;
    object_child_foreach(OBJECT(s), lose_power, NULL);
    if (!state) {
        lose_all_sram(s);
    } else if (view_of(s)->number == 0) {
        orrery_ordered_later(state, lose_all_sram, s);
    }
}

void stm32wb55_soc_lose_sram(Stm32wb55Soc *s, bool keep_2a)
{
    AddressSpace *as = cpu_get_address_space(CPU(s->armv7m.cpu), 0);

    address_space_set(as, WB_SRAM1_BASE, 0, WB_SRAM1_SIZE,
                      MEMTXATTRS_UNSPECIFIED);
    address_space_set(as, WB_SRAM2B_BASE, 0, WB_SRAM2_SIZE,
                      MEMTXATTRS_UNSPECIFIED);
    if (!keep_2a) {
        address_space_set(as, WB_SRAM2A_BASE, 0, WB_SRAM2_SIZE,
                          MEMTXATTRS_UNSPECIFIED);
    }
}

/* FLASH brings the array (region 1) and the information block (region 2). */
static void map_flash(Stm32wb55Soc *s)
{
    SysBusDevice *flash = SYS_BUS_DEVICE(device(s, "FLASH"));

    memory_region_add_subregion(&s->memory, WB_FLASH_BASE,
                                sysbus_mmio_get_region(flash, 1));
    memory_region_add_subregion(&s->memory, WB_INFO_BASE,
                                sysbus_mmio_get_region(flash, 2));
}

/* What CPU1 may see at 0; CPU2 starts at its vector table and has nothing there. */
static void map_boot(Stm32wb55Soc *s)
{
    MemoryRegion *array =
        sysbus_mmio_get_region(SYS_BUS_DEVICE(device(s, "FLASH")), 1);

    /* the mapped flash is QUADSPI's second region */
    memory_region_add_subregion(
        &s->memory, WB_QUADSPI_BASE,
        sysbus_mmio_get_region(SYS_BUS_DEVICE(device(s, "QUADSPI")), 1));
    map_alias(s, &s->boot_flash, "boot-flash", 0, array);
    map_alias(s, &s->boot_system, "boot-system", 0, &s->system);
    map_alias(s, &s->boot_sram, "boot-sram", 0, &s->sram1);
    memory_region_init_alias(&s->boot_quadspi, OBJECT(s), "boot-quadspi",
                             &s->memory, WB_QUADSPI_BASE, 128 * MiB);
    memory_region_add_subregion(&s->memory, 0, &s->boot_quadspi);
    stm32wb55_soc_remap(s, WB_BOOT_FLASH);
}

/* ---- wires ---- */

static void connect_clock(Stm32wb55Soc *s, DeviceState *dev, const char *input,
                          const char *name, const char *suffix)
{
    g_autofree char *output = g_strdup_printf("%s.%s", name, suffix);
    DeviceState *rcc = device(s, "RCC");

    /* not of RCC, PWR, EXTI, VREFBUF and DBGMCU, which are never gated */
    if (object_property_find(OBJECT(rcc), output)) {
        qdev_connect_clock_in(dev, input, qdev_get_clock_out(rcc, output));
    }
}

/* The NVIC's input for @irq; several sources of one interrupt are ORed. */
static qemu_irq nvic_input(Stm32wb55Soc *s, int irq)
{
    g_autofree char *name = g_strdup_printf("irq%d", irq);
    qemu_irq nvic = qdev_get_gpio_in(DEVICE(&s->armv7m), irq);
    const WbView *view = view_of(s);
    int users = 0;
    Object *gate;

    for (int i = 0; i < view->row_count; i++) {
        for (int n = 0; n < ARRAY_SIZE(view->rows[i].irq); n++) {
            users += view->rows[i].irq[n] == WB_IRQ(irq);
        }
    }
    if (users == 1) {
        return nvic;
    }
    gate = object_resolve_path_component(OBJECT(s), name);
    if (!gate) {
        gate = object_new(TYPE_OR_IRQ);
        object_property_add_child(OBJECT(s), name, gate);
        object_unref(gate);
        object_property_set_int(gate, "num-lines", users, &error_abort);
        qdev_realize(DEVICE(gate), NULL, &error_abort);
        qdev_connect_gpio_out(DEVICE(gate), 0, nvic);
    }
    return qdev_get_gpio_in(DEVICE(gate), s->shared_irq[irq]++);
}

static void connect_irqs(Stm32wb55Soc *s, const WbRow *row)
{
    SysBusDevice *busdev = SYS_BUS_DEVICE(device(s, row->name));
    DeviceState *exti = device(s, "EXTI");

    for (int n = 0; n < ARRAY_SIZE(row->irq) && row->irq[n] != WB_NO_IRQ; n++) {
        if (row->irq[n] < WB_EXTI(0)) {
            sysbus_connect_irq(busdev, n, nvic_input(s, row->irq[n] - WB_IRQ(0)));
        } else if (row->irq[n] < WB_IRQ_NOWHERE) {
            sysbus_connect_irq(busdev, n,
                               qdev_get_gpio_in(exti, row->irq[n] - WB_EXTI(0)));
        }
    }
}

static void connect_row(Stm32wb55Soc *s, const WbRow *row)
{
    DeviceState *dev = device(s, row->name);
    DeviceState *exti = device(s, "EXTI");

    connect_irqs(s, row);
    if (row->wakeup) {
        qdev_connect_gpio_out_named(dev, "wakeup", 0,
                                    qdev_get_gpio_in(exti, row->wakeup));
    }
    for (int i = 0; i < ARRAY_SIZE(row->dma) && row->dma[i].line; i++) {
        qdev_connect_gpio_out_named(
            dev, row->dma[i].line, 0,
            qdev_get_gpio_in_named(device(s, "DMAMUX1"), "request",
                                   row->dma[i].request));
    }
}

/* An output that is connected already gets a splitter. */
static void connect_wire(DeviceState *from, const char *output, int n,
                         qemu_irq to)
{
    qemu_irq before = qdev_get_gpio_out_connector(from, output, n);
    DeviceState *split;

    if (before) {
        split = qdev_new(TYPE_SPLIT_IRQ);
        qdev_prop_set_uint32(split, "num-lines", 2);
        qdev_realize_and_unref(split, NULL, &error_abort);
        qdev_connect_gpio_out(split, 0, before);
        qdev_connect_gpio_out(split, 1, to);
        to = qdev_get_gpio_in(split, 0);
    }
    qdev_connect_gpio_out_named(from, output, n, to);
}

static void connect_wires(Stm32wb55Soc *s)
{
    DeviceState *core = DEVICE(&s->armv7m);
    const WbView *view = view_of(s);

    for (int i = 0; i < view->wire_count; i++) {
        const WbWire *wire = &view->wires[i];
        DeviceState *from = wire->from ? device(s, wire->from) : core;
        DeviceState *to = wire->to ? device(s, wire->to) : core;

        for (int k = 0; k < MAX(1, wire->count); k++) {
            connect_wire(from, wire->output, wire->n + k,
                         qdev_get_gpio_in_named(to, wire->input, wire->m + k));
        }
    }
    connect_wire(core, "LOCKUP", 0,
                 qdev_get_gpio_in_named(DEVICE(s), "lockup", 0));
    qdev_connect_gpio_out_named(core, "TXEV", 0,
                                qdev_get_gpio_in_named(device(s, "EXTI"), "sev", 0));
}

static void connect_further_clocks(Stm32wb55Soc *s, DeviceState *dev,
                                   const char *name)
{
    DeviceState *rcc = device(s, "RCC");
    const WbView *view = view_of(s);

    for (int i = 0; i < view->further_clock_count; i++) {
        const WbFurtherClock *clock = &view->further_clocks[i];

        if (!strcmp(clock->block, name)) {
            qdev_connect_clock_in(dev, clock->input,
                                  qdev_get_clock_out(rcc, clock->output));
        }
    }
}

static DeviceState *find_device(void *opaque, const char *name)
{
    return device(opaque, name);
}

/* A block's link properties say by their names what it wants to know. */
static void set_links(Stm32wb55Soc *s, DeviceState *block)
{
    static const struct {
        const char *name;
        const char *target; /* a block */
    } links[] = {
        { "syscfg", "SYSCFG" }, { "exti", "EXTI" }, { "vrefbuf", "VREFBUF" },
        { "adc", "ADC1" },
    };

    if (object_property_find(OBJECT(block), "memory")) {
        object_property_set_link(OBJECT(block), "memory", OBJECT(&s->memory),
                                 &error_abort);
    }
    if (object_property_find(OBJECT(block), "pins")) {
        object_property_set_link(OBJECT(block), "pins", OBJECT(&s->pins),
                                 &error_abort);
    }
    for (int i = 0; i < ARRAY_SIZE(links); i++) {
        if (object_property_find(OBJECT(block), links[i].name)) {
            object_property_set_link(OBJECT(block), links[i].name,
                                     OBJECT(device(s, links[i].target)),
                                     &error_abort);
        }
    }
}

/* ---- the core ---- */

static bool realize_core(Stm32wb55Soc *s, Error **errp)
{
    DeviceState *armv7m = DEVICE(&s->armv7m);
    DeviceState *rcc = device(s, "RCC");
    const WbView *view = view_of(s);
    g_autofree char *type = g_strdup_printf(ARM_CPU_TYPE_NAME("%s"), view->core);

    qdev_prop_set_uint32(armv7m, "num-irq", view->irqs);
    qdev_prop_set_uint8(armv7m, "num-prio-bits", view->priority_bits);
    qdev_prop_set_string(armv7m, "cpu-type", type);
    qdev_prop_set_bit(armv7m, "enable-bitband", view->bitband);
    qdev_connect_clock_in(armv7m, "cpuclk",
                          qdev_get_clock_out(rcc, view->core_clock));
    qdev_connect_clock_in(armv7m, "refclk",
                          qdev_get_clock_out(rcc, view->tick_clock));
    object_property_set_link(OBJECT(armv7m), "memory", OBJECT(&s->memory),
                             &error_abort);
    if (!sysbus_realize(SYS_BUS_DEVICE(armv7m), errp)) {
        return false;
    }
    s->armv7m.cpu->midr = view->midr;
    return true;
}

/* QEMU's ARMv6-M cores have no System Control Register; DDI0419 B3.2.7 has these bits. */
#define SCR_ADDRESS 0xE000ED10
#define SCR_WRITABLE                                                          \
    (R_V7M_SCR_SLEEPONEXIT_MASK | R_V7M_SCR_SLEEPDEEP_MASK | R_V7M_SCR_SEVONPEND_MASK)

static uint64_t scr_read(void *opaque, hwaddr addr, unsigned size)
{
    Stm32wb55Soc *s = opaque;

    return s->armv7m.cpu->env.v7m.scr[M_REG_NS];
}

static void scr_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    Stm32wb55Soc *s = opaque;

    s->armv7m.cpu->env.v7m.scr[M_REG_NS] = value & SCR_WRITABLE;
}

static const MemoryRegionOps scr_ops = {
    .read = scr_read,
    .write = scr_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void map_scr(Stm32wb55Soc *s)
{
    memory_region_init_io(&s->scr, OBJECT(s), &scr_ops, s, "SCR", 4);
    memory_region_add_subregion_overlap(&s->armv7m.container, SCR_ADDRESS,
                                        &s->scr, 2);
}

static bool in_private_bus(hwaddr base)
{
    return base >= 0xE0000000;
}

static bool realize_block(Stm32wb55Soc *s, const char *name, Error **errp)
{
    DeviceState *block = device(s, name);

    set_links(s, block);
    connect_clock(s, block, "bus", name, "bus");
    connect_clock(s, block, "kernel", name, "kernel");
    connect_further_clocks(s, block, name);
    return sysbus_realize(SYS_BUS_DEVICE(block), errp);
}

static void map_row(Stm32wb55Soc *s, const WbRow *row)
{
    SysBusDevice *block = SYS_BUS_DEVICE(device(s, row->name));

    memory_region_add_subregion_overlap(
        in_private_bus(row->base) ? &s->armv7m.container : &s->memory,
        row->base, sysbus_mmio_get_region(block, 0),
        in_private_bus(row->base) ? 2 : 0);
}

/* CPU1's blocks on CPU2's bus */
static bool map_foreign(Stm32wb55Soc *s, Error **errp)
{
    const WbView *view = &stm32wb55_cpu1_view;

    for (int i = 0; i < view->row_count; i++) {
        const WbRow *row = &view->rows[i];
        Stm32wbBlockClass *bc;

        if (object_resolve_path_component(OBJECT(s), row->name) ||
            in_private_bus(row->base)) {
            continue;
        }
        bc = STM32WB_BLOCK_CLASS(object_class_by_name(row->type));
        add_block(s, row->name, "stm32wb-foreign");
        if (bc->window) {
            qdev_prop_set_uint32(device(s, row->name), "window", bc->window);
        }
        if (!sysbus_realize(SYS_BUS_DEVICE(device(s, row->name)), errp)) {
            return false;
        }
        map_row(s, row);
    }
    return true;
}

static void realize_parts(Stm32wb55Soc *s, Error **errp)
{
    const WbView *view = view_of(s);
    bool first = view->number == 0;

    s->power.notify = power_changes;
    orrery_on_power(&s->power);
    if (!map_memories(s, errp) ||
        (first && !sysbus_realize(SYS_BUS_DEVICE(&s->pins), errp))) {
        return;
    }
    for (int i = 0; i < view->row_count; i++) {
        if (!realize_block(s, view->rows[i].name, errp)) {
            return;
        }
    }
    map_flash(s);
    if (first) {
        map_boot(s);
        stm32wb_secure_init(s);
    }
    if (!realize_core(s, errp) || (first && !core_debug_create(OBJECT(s), &s->armv7m, errp))) {
        return;
    }
    for (int i = 0; i < view->row_count; i++) {
        map_row(s, &view->rows[i]);
        connect_row(s, &view->rows[i]);
    }
    connect_wires(s);
    if (first) {
        stm32wb_pins_connect(&s->pins, find_device, s);
    } else {
        map_scr(s);
        map_foreign(s, errp);
    }
}

static void soc_realize(DeviceState *dev, Error **errp)
{
    /* One map in the end: each of the 150 regions would have it made anew. */
    memory_region_transaction_begin();
    realize_parts(STM32WB55_SOC(dev), errp);
    memory_region_transaction_commit();
}

static void soc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = soc_realize;
    dc->user_creatable = false; /* the board maps it */
}

static void view_class_init(ObjectClass *klass, void *data)
{
    STM32WB55_SOC_CLASS(klass)->view = data;
}

static const TypeInfo soc_types[] = {
    {
        .name = TYPE_STM32WB55_SOC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(Stm32wb55Soc),
        .instance_init = soc_init,
        .class_size = sizeof(Stm32wb55SocClass),
        .class_init = soc_class_init,
        .abstract = true,
    },
    {
        .name = TYPE_STM32WB55_CPU1,
        .parent = TYPE_STM32WB55_SOC,
        .class_init = view_class_init,
        .class_data = (void *)&stm32wb55_cpu1_view,
    },
    {
        .name = TYPE_STM32WB55_CPU2,
        .parent = TYPE_STM32WB55_SOC,
        .class_init = view_class_init,
        .class_data = (void *)&stm32wb55_cpu2_view,
    },
};

DEFINE_TYPES(soc_types)
