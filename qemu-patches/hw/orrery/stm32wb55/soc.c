/*
 * STM32WB55 system on chip, as CPU1 sees it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 2.2 (memory map), 12.3 (vectors), 11.3 (DMAMUX requests).
 *
 * The tables below are the chip: a name, a type, an address, interrupts, wake-up lines and DMA
 * requests for each peripheral; then the wires between them. What they name must exist.
 *
 * QEMU interface:
 *  + children: one per row of the table, by the name of RM0434, "armv7m" and "pins"
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/core/split-irq.h"
#include "hw/or-irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "target/arm/cpu.h"
#include "flash.h"
#include "rcc.h"
#include "core-debug.h"
#include "soc.h"

#define EXTI(n) (0x100 + (n)) /* an interrupt that reaches the NVIC through EXTI */
#define NO_IRQ 0 /* end of a list; IRQ 0 is written as IRQ(0) */
#define IRQ(n) ((n) + 1)

typedef struct Row {
    const char *name;
    const char *type;
    hwaddr base;
    int irq[13];   /* of sysbus IRQ 0, 1...: IRQ(n) or EXTI(n) */
    int wakeup;    /* EXTI direct line that the GPIO output "wakeup" drives, or 0 */
    struct {
        const char *line;
        int request; /* DMAMUX1 request number */
    } dma[7];
} Row;

static const Row rows[] = {
    /* what others are wired to comes first */
    { "RCC", "stm32wb-rcc", 0x58000000, { IRQ(5) } },
    { "PWR", "stm32wb-pwr", 0x58000400, { EXTI(16), EXTI(31), EXTI(33), IRQ(43) } },
    /* RM0434 12.3: EXTI0..4, 9_5, 15_10, PVD, RTC_TAMP, RTC_WKUP, RTC_ALARM, COMP, C2SEV */
    { "EXTI", "stm32wb-exti", 0x58000800,
      { IRQ(6), IRQ(7), IRQ(8), IRQ(9), IRQ(10), IRQ(23), IRQ(40), IRQ(1),
        IRQ(2), IRQ(3), IRQ(41), IRQ(22), IRQ(21) } },
    { "FLASH", "stm32wb-flash", 0x58004000, { IRQ(4) } },
    { "SYSCFG", "stm32wb-syscfg", 0x40010000 },
    { "VREFBUF", "stm32wb-vrefbuf", 0x40010030 }, /* within SYSCFG: the later row shows */
    { "DMAMUX1", "stm32wb-dmamux", 0x40020800, { IRQ(62) } },
    { "DMA1", "stm32wb-dma", 0x40020000,
      { IRQ(11), IRQ(12), IRQ(13), IRQ(14), IRQ(15), IRQ(16), IRQ(17) } },
    { "DMA2", "stm32wb-dma", 0x40020400,
      { IRQ(55), IRQ(56), IRQ(57), IRQ(58), IRQ(59), IRQ(60), IRQ(61) } },
    { "GPIOA", "stm32wb-gpio", 0x48000000 },
    { "GPIOB", "stm32wb-gpio", 0x48000400 },
    { "GPIOC", "stm32wb-gpio", 0x48000800 },
    { "GPIOD", "stm32wb-gpio", 0x48000C00 },
    { "GPIOE", "stm32wb-gpio", 0x48001000 },
    { "GPIOH", "stm32wb-gpio", 0x48001C00 },

    { "TIM2", "stm32wb-tim", 0x40000000, { IRQ(28) }, 0,
      { { "ch1", 28 }, { "ch2", 29 }, { "ch3", 30 }, { "ch4", 31 }, { "up", 32 } } },
    { "LCD", "stm32wb-lcd", 0x40002400, { IRQ(49) }, 43 },
    { "RTC", "stm32wb-rtc", 0x40002800, { EXTI(17), EXTI(18), EXTI(19) } },
    { "WWDG", "stm32wb-wwdg", 0x40002C00, { IRQ(0) } },
    { "IWDG", "stm32wb-iwdg", 0x40003000 },
    { "SPI2", "stm32wb-spi", 0x40003800, { IRQ(35) }, 0, { { "rx", 8 }, { "tx", 9 } } },
    { "I2C1", "stm32wb-i2c", 0x40005400, { IRQ(30), IRQ(31) }, 22,
      { { "rx", 10 }, { "tx", 11 } } },
    { "I2C3", "stm32wb-i2c", 0x40005C00, { IRQ(32), IRQ(33) }, 23,
      { { "rx", 12 }, { "tx", 13 } } },
    { "CRS", "stm32wb-crs", 0x40006000, { IRQ(42) } },
    { "USB", "stm32wb-usb", 0x40006800, { IRQ(19), IRQ(20) }, 28 },
    { "LPTIM1", "stm32wb-lptim", 0x40007C00, { IRQ(47) }, 29 },
    { "LPUART1", "stm32wb-usart", 0x40008000, { IRQ(37) }, 25,
      { { "rx", 16 }, { "tx", 17 } } },
    { "LPTIM2", "stm32wb-lptim", 0x40009400, { IRQ(48) }, 30 },
    { "COMP", "stm32wb-comp", 0x40010200, { EXTI(20), EXTI(21) } },
    { "TIM1", "stm32wb-tim", 0x40012C00, { IRQ(24), IRQ(25), IRQ(26), IRQ(27) }, 0,
      { { "ch1", 21 }, { "ch2", 22 }, { "ch3", 23 }, { "ch4", 24 }, { "up", 25 },
        { "trig", 26 }, { "com", 27 } } },
    { "SPI1", "stm32wb-spi", 0x40013000, { IRQ(34) }, 0, { { "rx", 6 }, { "tx", 7 } } },
    { "USART1", "stm32wb-usart", 0x40013800, { IRQ(36) }, 24,
      { { "rx", 14 }, { "tx", 15 } } },
    { "TIM16", "stm32wb-tim", 0x40014400, { IRQ(25) }, 0, { { "ch1", 33 }, { "up", 34 } } },
    { "TIM17", "stm32wb-tim", 0x40014800, { IRQ(26) }, 0, { { "ch1", 35 }, { "up", 36 } } },
    { "SAI1", "stm32wb-sai", 0x40015400, { IRQ(38) }, 0, { { "a", 18 }, { "b", 19 } } },
    { "CRC", "stm32wb-crc", 0x40023000 },
    { "TSC", "stm32wb-tsc", 0x40024000, { IRQ(39) } },
    { "ADC1", "stm32wb-adc", 0x50040000, { IRQ(18) }, 0, { { "adc", 5 } } },
    { "AES1", "stm32wb-aes", 0x50060000, { IRQ(51) }, 0, { { "in", 37 }, { "out", 38 } } },
    /* receive (the other core's flag) and transmit (one's own is free): RM0434 37.3 */
    { "IPCC", "stm32wb-ipcc", 0x58000C00, { IRQ(44), IRQ(45) }, 36 },
    { "RNG", "stm32wb-rng", 0x58001000, { IRQ(53) } },
    { "HSEM", "stm32wb-hsem", 0x58001400, { IRQ(46) }, 38 },
    { "AES2", "stm32wb-aes", 0x58001800, { IRQ(52) }, 0, { { "in", 39 }, { "out", 40 } } },
    { "PKA", "stm32wb-pka", 0x58002000, { IRQ(29) } },
    { "QUADSPI", "stm32wb-quadspi", 0xA0001000, { IRQ(50) }, 0, { { "fifo", 20 } } },
    /* in the core's private peripheral bus: mapped over armv7m's default region */
    { "DBGMCU", "stm32wb-dbgmcu", 0xE0042000 },
};

Stm32wbBlock *stm32wb55_soc_block(Stm32wb55Soc *s, const char *name)
{
    return STM32WB_BLOCK(object_resolve_path_component(OBJECT(s), name));
}

static DeviceState *row_device(Stm32wb55Soc *s, const Row *row)
{
    return DEVICE(stm32wb55_soc_block(s, row->name));
}

static DeviceState *device(Stm32wb55Soc *s, const char *name)
{
    return DEVICE(stm32wb55_soc_block(s, name));
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

static void soc_init(Object *obj)
{
    Stm32wb55Soc *s = STM32WB55_SOC(obj);

    qdev_init_gpio_in_named(DEVICE(obj), locked_up, "lockup", 1);

    object_initialize_child(obj, "armv7m", &s->armv7m, TYPE_ARMV7M);
    object_initialize_child(obj, "pins", &s->pins, TYPE_STM32WB_PINS);
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        DeviceState *dev = qdev_new(rows[i].type);

        object_property_add_child(obj, rows[i].name, OBJECT(dev));
        object_unref(OBJECT(dev));
        qdev_prop_set_string(dev, "name", rows[i].name);
    }
}

/* ---- memory ---- */

static bool map_ram(Stm32wb55Soc *s, MemoryRegion *mr, const char *name,
                    hwaddr base, uint64_t size, Error **errp)
{
    if (!memory_region_init_ram(mr, OBJECT(s), name, size, errp)) {
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
    if (!map_ram(s, &s->sram1, "SRAM1", WB_SRAM1_BASE, WB_SRAM1_SIZE, errp) ||
        !map_ram(s, &s->sram2a, "SRAM2A", WB_SRAM2A_BASE, WB_SRAM2_SIZE, errp) ||
        !map_ram(s, &s->sram2b, "SRAM2B", WB_SRAM2B_BASE, WB_SRAM2_SIZE, errp) ||
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
    memory_region_transaction_begin();
    memory_region_set_enabled(&s->boot_flash, what == WB_BOOT_FLASH);
    memory_region_set_enabled(&s->boot_system, what == WB_BOOT_SYSTEM);
    memory_region_set_enabled(&s->boot_sram, what == WB_BOOT_SRAM);
    memory_region_set_enabled(&s->boot_quadspi, what == WB_BOOT_QUADSPI);
    memory_region_transaction_commit();
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
static void map_boot(Stm32wb55Soc *s)
{
    SysBusDevice *flash = SYS_BUS_DEVICE(device(s, "FLASH"));
    MemoryRegion *array = sysbus_mmio_get_region(flash, 1);

    memory_region_add_subregion(&s->memory, WB_FLASH_BASE, array);
    memory_region_add_subregion(&s->memory, WB_INFO_BASE,
                                sysbus_mmio_get_region(flash, 2));
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
    int users = 0;
    Object *gate;

    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        for (int n = 0; n < ARRAY_SIZE(rows[i].irq); n++) {
            users += rows[i].irq[n] == IRQ(irq);
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

static void connect_irqs(Stm32wb55Soc *s, const Row *row)
{
    SysBusDevice *busdev = SYS_BUS_DEVICE(row_device(s, row));
    DeviceState *exti = device(s, "EXTI");

    for (int n = 0; n < ARRAY_SIZE(row->irq) && row->irq[n] != NO_IRQ; n++) {
        if (row->irq[n] < EXTI(0)) {
            sysbus_connect_irq(busdev, n, nvic_input(s, row->irq[n] - IRQ(0)));
        } else {
            sysbus_connect_irq(busdev, n,
                               qdev_get_gpio_in(exti, row->irq[n] - EXTI(0)));
        }
    }
}

static void connect_row(Stm32wb55Soc *s, const Row *row)
{
    DeviceState *dev = row_device(s, row);
    DeviceState *exti = device(s, "EXTI");
    DeviceState *mux = device(s, "DMAMUX1");

    connect_irqs(s, row);
    if (row->wakeup) {
        qdev_connect_gpio_out_named(dev, "wakeup", 0,
                                    qdev_get_gpio_in(exti, row->wakeup));
    }
    for (int i = 0; i < ARRAY_SIZE(row->dma) && row->dma[i].line; i++) {
        qdev_connect_gpio_out_named(
            dev, row->dma[i].line, 0,
            qdev_get_gpio_in_named(mux, "request", row->dma[i].request));
    }
}

/* Signals between blocks other than interrupts, DMA requests and clocks */
static const struct {
    const char *from; /* NULL: the core; likewise below */
    const char *output;
    int n;
    const char *to;
    const char *input;
    int m;
    int count; /* of lines from n and m on; 0 means 1 */
} wires[] = {
    { NULL, "SYSRESETREQ", 0, "RCC", "sysresetreq", 0 },
    { "RCC", "nmi", 0, NULL, "NMI", 0 },
    { "RCC", "backup-reset", 0, "RTC", "backup-reset", 0 },
    { "RCC", "lse-css", 0, "RTC", "lse-css", 0 },
    { "PWR", "backup-writable", 0, "RCC", "backup-writable", 0 },
    { "PWR", "backup-writable", 1, "RTC", "backup-writable", 0 },
    { "PWR", "smps", 0, "RCC", "smps", 0 },
    { "RTC", "internal-wakeup", 0, "PWR", "internal-wakeup", 0 },
    /* RM0434 3.4.2: loading option bytes resets the system */
    { "FLASH", "option-reset", 0, "RCC", "reset", WB_RESET_OPTION_BYTES },
    { "IWDG", "reset", 0, "RCC", "reset", 29 },
    { "IWDG", "running", 0, "RCC", "iwdg-running", 0 },
    { "WWDG", "reset", 0, "RCC", "reset", 30 },
    { "EXTI", "line", 0, "DMAMUX1", "sync", 0, 16 },
    /* RM0434, tables "TIM1 / TIM2 internal trigger connection" */
    { "TIM2", "trgo", 0, "TIM1", "itr", 1 },
    { "TIM17", "cc", 0, "TIM1", "itr", 3 },
    { "TIM1", "trgo", 0, "TIM2", "itr", 0 },
    { "EXTI", "line", 11, "ADC1", "EXTI11", 0 },
    { "EXTI", "line", 15, "ADC1", "EXTI15", 0 },
    { "TIM1", "trgo", 0, "ADC1", "TIM1_TRGO", 0 },
    { "TIM1", "trgo2", 0, "ADC1", "TIM1_TRGO2", 0 },
    { "TIM1", "cc", 0, "ADC1", "TIM1_CC1", 0 },
    { "TIM1", "cc", 1, "ADC1", "TIM1_CC2", 0 },
    { "TIM1", "cc", 2, "ADC1", "TIM1_CC3", 0 },
    { "TIM1", "cc", 3, "ADC1", "TIM1_CC4", 0 },
    { "TIM2", "trgo", 0, "ADC1", "TIM2_TRGO", 0 },
    { "TIM2", "cc", 0, "ADC1", "TIM2_CC1", 0 },
    { "TIM2", "cc", 1, "ADC1", "TIM2_CC2", 0 },
    { "LPTIM1", "trigger", 0, "DMAMUX1", "sync", 18 },
    { "LPTIM2", "trigger", 0, "DMAMUX1", "sync", 19 },
    { "DMAMUX1", "lptim-wanted", 0, "LPTIM1", "trigger-wanted", 0 },
    { "DMAMUX1", "lptim-wanted", 1, "LPTIM2", "trigger-wanted", 0 },
    { "DMAMUX1", "channel", 0, "DMA1", "request", 0, 7 },
    { "DMAMUX1", "channel", 7, "DMA2", "request", 0, 7 },
    { "DMA1", "ack", 0, "DMAMUX1", "ack", 0, 7 },
    { "DMA2", "ack", 0, "DMAMUX1", "ack", 7, 7 },
};

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

    for (int i = 0; i < ARRAY_SIZE(wires); i++) {
        DeviceState *from = wires[i].from ? device(s, wires[i].from) : core;
        DeviceState *to = wires[i].to ? device(s, wires[i].to) : core;

        for (int k = 0; k < MAX(1, wires[i].count); k++) {
            connect_wire(
                from, wires[i].output, wires[i].n + k,
                qdev_get_gpio_in_named(to, wires[i].input, wires[i].m + k));
        }
    }
    qdev_connect_gpio_out_named(core, "LOCKUP", 0,
                                qdev_get_gpio_in_named(DEVICE(s), "lockup", 0));
}

/* Clocks that a block looks at besides its own: RCC's output, by the block's input */
static const struct {
    const char *block;
    const char *input;
    const char *output;
} further_clocks[] = {
    { "TIM16", "ti1-1", "lsi" },
    { "TIM16", "ti1-2", "lse" },
    { "TIM17", "ti1-1", "msi" },
    { "TIM17", "ti1-2", "hse-div32" },
    { "TIM17", "ti1-3", "mco" },
};

static void connect_further_clocks(Stm32wb55Soc *s, DeviceState *dev,
                                   const char *name)
{
    DeviceState *rcc = device(s, "RCC");

    for (int i = 0; i < ARRAY_SIZE(further_clocks); i++) {
        if (!strcmp(further_clocks[i].block, name)) {
            qdev_connect_clock_in(
                dev, further_clocks[i].input,
                qdev_get_clock_out(rcc, further_clocks[i].output));
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
    const struct {
        const char *name;
        Object *target;
    } links[] = {
        { "memory", OBJECT(&s->memory) },
        { "pins", OBJECT(&s->pins) },
        { "syscfg", OBJECT(device(s, "SYSCFG")) },
        { "exti", OBJECT(device(s, "EXTI")) },
        { "vrefbuf", OBJECT(device(s, "VREFBUF")) },
        { "adc", OBJECT(device(s, "ADC1")) },
    };

    for (int i = 0; i < ARRAY_SIZE(links); i++) {
        if (object_property_find(OBJECT(block), links[i].name)) {
            object_property_set_link(OBJECT(block), links[i].name,
                                     links[i].target, &error_abort);
        }
    }
}

/* ---- the core ---- */

static bool realize_core(Stm32wb55Soc *s, Error **errp)
{
    DeviceState *armv7m = DEVICE(&s->armv7m);
    DeviceState *rcc = device(s, "RCC");

    qdev_prop_set_uint32(armv7m, "num-irq", WB_NVIC_LINES);
    qdev_prop_set_uint8(armv7m, "num-prio-bits", 4);
    qdev_prop_set_string(armv7m, "cpu-type", ARM_CPU_TYPE_NAME("cortex-m4"));
    qdev_prop_set_bit(armv7m, "enable-bitband", true);
    qdev_connect_clock_in(armv7m, "cpuclk", qdev_get_clock_out(rcc, "hclk1"));
    qdev_connect_clock_in(armv7m, "refclk", qdev_get_clock_out(rcc, "systick"));
    object_property_set_link(OBJECT(armv7m), "memory", OBJECT(&s->memory),
                             &error_abort);
    if (!sysbus_realize(SYS_BUS_DEVICE(armv7m), errp)) {
        return false;
    }
    s->armv7m.cpu->midr = WB_CPUID;
    return true;
}

static bool in_private_bus(hwaddr base)
{
    return base >= 0xE0000000;
}

static void soc_realize(DeviceState *dev, Error **errp)
{
    Stm32wb55Soc *s = STM32WB55_SOC(dev);

    if (!map_memories(s, errp) ||
        !sysbus_realize(SYS_BUS_DEVICE(&s->pins), errp)) {
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        DeviceState *block = row_device(s, &rows[i]);

        set_links(s, block);
        connect_clock(s, block, "bus", rows[i].name, "bus");
        connect_clock(s, block, "kernel", rows[i].name, "kernel");
        connect_further_clocks(s, block, rows[i].name);
        if (!sysbus_realize(SYS_BUS_DEVICE(block), errp)) {
            return;
        }
    }
    map_boot(s);
    if (!realize_core(s, errp) || !core_debug_create(OBJECT(s), &s->armv7m, errp)) {
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        SysBusDevice *block = SYS_BUS_DEVICE(row_device(s, &rows[i]));

        memory_region_add_subregion_overlap(
            in_private_bus(rows[i].base) ? &s->armv7m.container : &s->memory,
            rows[i].base, sysbus_mmio_get_region(block, 0),
            in_private_bus(rows[i].base) ? 2 : 0);
        connect_row(s, &rows[i]);
    }
    connect_wires(s);
    stm32wb_pins_connect(&s->pins, find_device, s);
}

static void soc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = soc_realize;
    dc->user_creatable = false; /* the board maps it */
}

static const TypeInfo soc_types[] = {
    {
        .name = TYPE_STM32WB55_SOC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(Stm32wb55Soc),
        .instance_init = soc_init,
        .class_init = soc_class_init,
    },
};

DEFINE_TYPES(soc_types)
