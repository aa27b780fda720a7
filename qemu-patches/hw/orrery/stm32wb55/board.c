/*
 * STM32WB55 on a P-NUCLEO-WB55 board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * UM2435. -M stm32wb55[,pins=PC4=0:PA0=PA8] -kernel FIRMWARE
 *
 * QEMU interface, machine properties:
 *  + "pins": levels and wires outside the chip
 *  + "adc": voltages on analogue inputs
 *  + "boot-from": flash, system or sram: what BOOT0 and nBOOT1 say (RM0434 2.3)
 *  + "firmware-at": where a raw image goes (default: the start of the flash)
 *  + "flash-file", "flash-keep": where the flash's contents come from and, kept, go to
 *  + "spi-cs": SPI1=PA4:SPI2=PB12, pins that select the peripherals behind SPI (-device ...,bus=SPI1)
 *  + "oled": SPI1:PA4:PA3:PA2, an SSD1312 on that bus, and the pins to its CS#, D/C# and RES#
 *  + "system-memory": the program in the place of ST's boot loader
 *  + "cpu2-firmware": CPU2's firmware; the option bytes make its place CPU2's
 *  + "cpu2-firmware-at": where that goes when it is a raw image
 *  + "ordered-sram": ADDRESS+BYTES that both cores access in order (ordered_sram.c)
 *  + "shared": a file that CPU2's machine maps as well, which takes flash, OTP, option bytes and SRAMs
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "hw/core/split-irq.h"
#include "hw/qdev-properties-system.h"
#include "system/block-backend.h"
#include "system/blockdev.h"
#include "system/system.h"
#include "hw/orrery/net.h"
#include "hw/orrery/property.h"
#include "flash.h"
#include "load.h"
#include "shared.h"
#include "soc.h"

#define TYPE_STM32WB55_MACHINE MACHINE_TYPE_NAME("stm32wb55")
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wb55Machine, STM32WB55_MACHINE)

struct Stm32wb55Machine {
    MachineState parent_obj;

    char *pins; /* levels and wires */
    char *adc;  /* voltages */
    char *boot_from;
    char *flash_file;
    char *system_memory;
    char *spi_cs;
    char *oled;
    char *cpu2_firmware;
    char *shared;
    char *ordered_sram;
    bool flash_keep;
    uint32_t firmware_at;
    uint32_t cpu2_firmware_at;
    uint32_t usb_autosuspend_ms;
    bool rtc_battery;
};

/* UM2435: LEDs lit by a high level, buttons to ground. */
static void board_parts(Stm32wbPins *pins)
{
    static const unsigned buttons[] = {
        WB_PIN('C', 4), WB_PIN('D', 0), WB_PIN('D', 1)
    };

    stm32wb_pins_board_led(pins, WB_PIN('B', 5), "LD1");
    stm32wb_pins_board_led(pins, WB_PIN('B', 0), "LD2");
    stm32wb_pins_board_led(pins, WB_PIN('B', 1), "LD3");
    for (int i = 0; i < ARRAY_SIZE(buttons); i++) {
        stm32wb_pins_board_pull(pins, buttons[i], WB_PULL_UP);
    }
}

/* -serial, in this order: ST-LINK's port, the other, and the data of the USB device */
static void board_serial(Stm32wb55Soc *soc)
{
    static const char *const uarts[] = { "USART1", "LPUART1", "USB" };

    for (int i = 0; i < ARRAY_SIZE(uarts); i++) {
        qdev_prop_set_chr(DEVICE(stm32wb55_soc_block(soc, uarts[i])), "chardev",
                          serial_hd(i));
    }
}

/* 16 MiB of NOR on QUADSPI: erased, or a drive (-drive if=mtd) */
static void board_nor(Stm32wb55Soc *soc)
{
    DeviceState *nor = qdev_new("n25q128a13");
    DriveInfo *drive = drive_get(IF_MTD, 0, 0);
    BusState *bus = qdev_get_child_bus(
        DEVICE(stm32wb55_soc_block(soc, "QUADSPI")), "QUADSPI");

    qdev_prop_set_uint32(nor, "nonvolatile-cfg", 0xFFFF); /* as delivered */
    if (drive) {
        qdev_prop_set_drive(nor, "drive", blk_by_legacy_dinfo(drive));
    }
    qdev_realize_and_unref(nor, bus, &error_fatal);
}

/* A line follows the level of a pin, as its input buffer sees it. */
static void follow_pin(Stm32wb55Soc *soc, unsigned pin, const char *name,
                       qemu_irq line)
{
    DeviceState *pins = DEVICE(&soc->pins);
    DeviceState *split = qdev_new(TYPE_SPLIT_IRQ);

    qdev_prop_set_uint16(split, "num-lines", 2);
    object_property_add_child(OBJECT(soc), name, OBJECT(split));
    object_unref(OBJECT(split));
    qdev_realize(split, NULL, &error_fatal);
    qdev_connect_gpio_out(split, 0, qdev_get_gpio_out_connector(pins, "pin", pin));
    qdev_connect_gpio_out(split, 1, line);
    qdev_connect_gpio_out_named(pins, "pin", pin, qdev_get_gpio_in(split, 0));
}

static bool is_spi(const char *name)
{
    return name && (!strcmp(name, "SPI1") || !strcmp(name, "SPI2"));
}

/* @text: "SPI1=PA4:SPI2=PB12", the pin that selects the peripheral with cs=0 of each bus */
static void board_chip_selects(Stm32wb55Soc *soc, const char *text)
{
    g_auto(GStrv) items = g_strsplit(text, ":", 0);

    for (int i = 0; items[i]; i++) {
        g_auto(GStrv) side = g_strsplit(items[i], "=", 2);
        int pin = side[0] && side[1] ? stm32wb_pin_parse(side[1]) : -1;

        if (pin < 0 || !is_spi(side[0])) {
            error_report("spi-cs: '%s': SPI1=PIN or SPI2=PIN was meant",
                         items[i]);
            exit(EXIT_FAILURE);
        }
        follow_pin(soc, pin, items[i],
                   qdev_get_gpio_in_named(
                       DEVICE(stm32wb55_soc_block(soc, side[0])), "cs", 0));
    }
}

/* @text: "SPI1:PA4:PA3:PA2", the bus of an SSD1312, and the pins to its CS#, D/C# and RES# */
static void board_oled(Stm32wb55Soc *soc, const char *text)
{
    static const char *const names[] = { "", "oled-cs", "oled-dc", "oled-res" };
    g_auto(GStrv) items = g_strsplit(text, ":", 5);
    DeviceState *oled, *spi;
    int pins[4];

    for (int i = 1; i < 4; i++) {
        pins[i] = g_strv_length(items) == 4 ? stm32wb_pin_parse(items[i]) : -1;
        if (pins[i] < 0 || !is_spi(items[0])) {
            error_report("oled: '%s': BUS:PIN:PIN:PIN was meant, for CS, D/C "
                         "and RES, like SPI1:PA4:PA3:PA2", text);
            exit(EXIT_FAILURE);
        }
    }
    spi = DEVICE(stm32wb55_soc_block(soc, items[0]));
    oled = qdev_new("ssd1312");
    qdev_realize_and_unref(oled, qdev_get_child_bus(spi, items[0]), &error_fatal);
    follow_pin(soc, pins[1], names[1], qdev_get_gpio_in_named(spi, "cs", 0));
    follow_pin(soc, pins[2], names[2], qdev_get_gpio_in_named(oled, "dc", 0));
    follow_pin(soc, pins[3], names[3], qdev_get_gpio_in_named(oled, "res", 0));
}

static bool load_cpu2(Stm32wb55Machine *m, Stm32wb55Soc *s, const WbExtent *cpu1,
                      Error **errp)
{
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(s, "FLASH"));
    const char *file = m->cpu2_firmware;
    WbExtent extent;

    if (!stm32wb55_load_image(s, file, m->cpu2_firmware_at, &extent, errp)) {
        return false;
    }
    if (!stm32wb_flash_install_cpu2(flash, extent.first)) {
        error_setg(errp, "firmware '%s': CPU2 cannot start at 0x%08x, which is "
                   "neither the start of a flash page nor in SRAM", file,
                   extent.first);
        return false;
    }
    if (cpu1->end > extent.first && cpu1->first < extent.end) {
        error_setg(errp, "firmware '%s': its 0x%08x to 0x%08x overlap CPU1's "
                   "firmware", file, extent.first, extent.end - 1);
        return false;
    }
    return true;
}

static void load_images(Stm32wb55Machine *m, Stm32wb55Soc *s, Error **errp)
{
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(s, "FLASH"));
    const char *firmware = MACHINE(m)->kernel_filename;
    WbExtent extent = { 0 };

    if ((m->system_memory &&
         !stm32wb55_load_image(s, m->system_memory, WB_SYSTEM_BASE, NULL, errp)) ||
        (firmware &&
         !stm32wb55_load_image(s, firmware, m->firmware_at, &extent, errp)) ||
        (m->cpu2_firmware && !load_cpu2(m, s, &extent, errp))) {
        return;
    }
    if (!stm32wb_flash_power_on(flash, errp)) {
        return;
    }
    stm32wb_flash_strap(flash, m->boot_from && !strcmp(m->boot_from, "sram"));
    s->boot0 = m->boot_from && strcmp(m->boot_from, "flash") != 0;
}

static void board_init(MachineState *machine)
{
    Stm32wb55Machine *m = STM32WB55_MACHINE(machine);
    Object *soc = object_new(TYPE_STM32WB55_CPU1);
    Object *flash = OBJECT(stm32wb55_soc_block(STM32WB55_SOC(soc), "FLASH"));

    object_property_add_child(OBJECT(machine), "soc", soc);
    object_unref(soc);
    board_serial(STM32WB55_SOC(soc));
    if (m->shared) {
        stm32wb_shared_open(STM32WB55_SOC(soc), m->shared, &error_fatal);
    }
    if (m->flash_file) {
        object_property_set_str(flash, "file", m->flash_file, &error_abort);
        object_property_set_bool(flash, "keep", m->flash_keep, &error_abort);
    }
    if (m->adc) {
        object_property_set_str(
            OBJECT(stm32wb55_soc_block(STM32WB55_SOC(soc), "ADC1")), "inputs",
            m->adc, &error_fatal);
    }
    qdev_prop_set_uint32(DEVICE(stm32wb55_soc_block(STM32WB55_SOC(soc), "USB")),
                         "autosuspend", m->usb_autosuspend_ms);
    qdev_prop_set_bit(DEVICE(stm32wb55_soc_block(STM32WB55_SOC(soc), "RTC")),
                      "battery", m->rtc_battery);
    qdev_prop_set_bit(DEVICE(stm32wb55_soc_block(STM32WB55_SOC(soc), "RCC")),
                      "battery", m->rtc_battery);
    sysbus_realize(SYS_BUS_DEVICE(soc), &error_fatal);
    if (m->ordered_sram) {
        stm32wb55_soc_order_sram(STM32WB55_SOC(soc), m->ordered_sram, &error_fatal);
    }
    board_nor(STM32WB55_SOC(soc));
    board_parts(&STM32WB55_SOC(soc)->pins);
    if (m->spi_cs) {
        board_chip_selects(STM32WB55_SOC(soc), m->spi_cs);
    }
    if (m->oled) {
        board_oled(STM32WB55_SOC(soc), m->oled);
    }
    if (m->pins) {
        stm32wb_pins_board_parse(&STM32WB55_SOC(soc)->pins, m->pins,
                                 &error_fatal);
    }
    stm32wb_pins_board_links(&STM32WB55_SOC(soc)->pins, &error_fatal);
    load_images(m, STM32WB55_SOC(soc), &error_fatal);
    /* for the core's reset only: images are loaded above */
    armv7m_load_kernel(STM32WB55_SOC(soc)->armv7m.cpu, NULL, 0, 0);
    orrery_net_reset_pin("gpio.NRST", OBJECT(soc));
}

/* ---- properties ---- */

ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, pins)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, adc)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, boot_from)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, flash_file)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, system_memory)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, spi_cs)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, oled)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, cpu2_firmware)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, shared)
ORRERY_STRING_PROPERTY(STM32WB55_MACHINE, ordered_sram)

static void choose_boot(Object *obj, const char *value, Error **errp)
{
    if (strcmp(value, "flash") != 0 && strcmp(value, "system") != 0 &&
        strcmp(value, "sram") != 0) {
        error_setg(errp, "boot-from: '%s': flash, system or sram was meant",
                   value);
        return;
    }
    set_boot_from(obj, value, errp);
}

static bool get_flash_keep(Object *obj, Error **errp)
{
    return STM32WB55_MACHINE(obj)->flash_keep;
}

static void set_flash_keep(Object *obj, bool value, Error **errp)
{
    STM32WB55_MACHINE(obj)->flash_keep = value;
}

static bool get_rtc_battery(Object *obj, Error **errp)
{
    return STM32WB55_MACHINE(obj)->rtc_battery;
}

static void set_rtc_battery(Object *obj, bool value, Error **errp)
{
    STM32WB55_MACHINE(obj)->rtc_battery = value;
}

static void board_instance_init(Object *obj)
{
    Stm32wb55Machine *m = STM32WB55_MACHINE(obj);

    m->firmware_at = WB_FLASH_BASE;
    object_property_add_uint32_ptr(obj, "firmware-at", &m->firmware_at,
                                   OBJ_PROP_FLAG_READWRITE);
    m->cpu2_firmware_at = WB_CPU2_FIRMWARE;
    object_property_add_uint32_ptr(obj, "cpu2-firmware-at", &m->cpu2_firmware_at,
                                   OBJ_PROP_FLAG_READWRITE);
    /* ms without data after which USB's host suspends the device; 0: never */
    object_property_add_uint32_ptr(obj, "usb-autosuspend", &m->usb_autosuspend_ms,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void board_finalize(Object *obj)
{
    Stm32wb55Machine *m = STM32WB55_MACHINE(obj);

    g_free(m->pins);
    g_free(m->adc);
    g_free(m->boot_from);
    g_free(m->flash_file);
    g_free(m->system_memory);
    g_free(m->spi_cs);
    g_free(m->oled);
    g_free(m->cpu2_firmware);
    g_free(m->shared);
    g_free(m->ordered_sram);
}

static void board_class_init(ObjectClass *oc, void *data)
{
    static const char *const valid_cpu_types[] = {
        ARM_CPU_TYPE_NAME("cortex-m4"), NULL
    };
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "STM32WB55 on a P-NUCLEO-WB55 (Cortex-M4, CPU1)";
    mc->init = board_init;
    mc->valid_cpu_types = valid_cpu_types;
    mc->max_cpus = 1;
    object_class_property_add_str(oc, "pins", get_pins, set_pins);
    object_class_property_set_description(
        oc, "pins", "levels and wires outside the chip, e.g. PC4=0:PA0=PA8");
    object_class_property_add_str(oc, "adc", get_adc, set_adc);
    object_class_property_set_description(
        oc, "adc", "voltages, e.g. IN5=1.2V;IN6=sine:50Hz/1.65V/1V");
    object_class_property_add_str(oc, "boot-from", get_boot_from, choose_boot);
    object_class_property_set_description(oc, "boot-from",
                                          "flash, system or sram");
    object_class_property_add_str(oc, "flash-file", get_flash_file,
                                  set_flash_file);
    object_class_property_set_description(
        oc, "flash-file", "contents of the flash at the start");
    object_class_property_add_bool(oc, "flash-keep", get_flash_keep,
                                   set_flash_keep);
    object_class_property_set_description(
        oc, "flash-keep", "write changes of the flash to flash-file");
    object_class_property_add_bool(oc, "rtc-battery", get_rtc_battery,
                                   set_rtc_battery);
    object_class_property_set_description(
        oc, "rtc-battery", "the RTC has been set before, and has -rtc's time");
    object_class_property_add_str(oc, "spi-cs", get_spi_cs, set_spi_cs);
    object_class_property_set_description(
        oc, "spi-cs", "pins that select SPI peripherals: SPI1=PA4:SPI2=PB12");
    object_class_property_add_str(oc, "oled", get_oled, set_oled);
    object_class_property_set_description(
        oc, "oled", "an SSD1312 and its CS, D/C, RES: SPI1:PA4:PA3:PA2");
    object_class_property_add_str(oc, "system-memory", get_system_memory,
                                  set_system_memory);
    object_class_property_set_description(
        oc, "system-memory", "program in the place of ST's boot loader");
    object_class_property_add_str(oc, "cpu2-firmware", get_cpu2_firmware,
                                  set_cpu2_firmware);
    object_class_property_set_description(oc, "cpu2-firmware",
                                          "what CPU2's machine runs");
    object_class_property_add_str(oc, "ordered-sram", get_ordered_sram, set_ordered_sram);
    object_class_property_set_description(
        oc, "ordered-sram", "ADDRESS+BYTES of SRAM that both cores access in order");
    object_class_property_add_str(oc, "shared", get_shared, set_shared);
    object_class_property_set_description(
        oc, "shared", "file of the memories that CPU2's machine maps, too");
}

static const TypeInfo board_types[] = {
    {
        .name = TYPE_STM32WB55_MACHINE,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(Stm32wb55Machine),
        .instance_init = board_instance_init,
        .instance_finalize = board_finalize,
        .class_init = board_class_init,
    },
};

DEFINE_TYPES(board_types)
