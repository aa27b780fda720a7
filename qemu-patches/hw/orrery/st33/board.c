/*
 * ST33 secure element
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md. -M st33[,flash-size=2M,ram-size=64K...] -kernel FIRMWARE
 *
 * QEMU interface, machine properties:
 *  + "flash-size", "ram-size": of the part
 *  + "firmware-at": where a raw image goes (default: where execution starts)
 *  + "flash-file", "flash-keep": where the flash's contents come from and, kept, go to
 *  + "mmu-entries": of the MMU; "mmu-callback": for tests/bench, see mmu.c
 *  + "iart-clk": frequency at the IART's CLK contact
 *  + "recovery": an image of the recovery ROM, and the part starts there
 *  + "oled": an SSD1312 is on SPI
 *  + -serial: the IART
 *
 * The machine st33-p256 differs in its MMU's least page, and in QEMU's page, which cannot be
 * larger than that one: code that crosses pages of 256 bytes is slower.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "hw/orrery/image.h"
#include "hw/orrery/property.h"
#include "hw/qdev-properties-system.h"
#include "system/system.h"
#include "flash.h"
#include "outside.h"
#include "soc.h"

#define TYPE_ST33_MACHINE MACHINE_TYPE_NAME("st33-common")
OBJECT_DECLARE_TYPE(St33Machine, St33MachineClass, ST33_MACHINE)

struct St33MachineClass {
    MachineClass parent_class;

    uint32_t least_page_bits; /* of the MMU */
};

struct St33Machine {
    MachineState parent_obj;

    St33Soc *soc;
    char *flash_file, *recovery;
    bool flash_keep, mmu_callback;
    bool oled;
    uint32_t firmware_at, mmu_entries, iart_clk;
    uint64_t flash_size, ram_size;
};

static bool check_size(const char *name, uint64_t size, uint64_t least,
                       uint64_t most, Error **errp)
{
    if (size < least || size > most || size % (64 * KiB > least ? least : 64 * KiB)) {
        error_setg(errp, "%s: %" PRIu64 " KiB: %" PRIu64 " to %" PRIu64
                   " KiB in steps of %" PRIu64 " was meant", name, size / KiB,
                   least / KiB, most / KiB, least / KiB);
        return false;
    }
    return true;
}

static bool load_firmware(St33Machine *m, Error **errp)
{
    St33Soc *s = m->soc;
    St33Flash *flash = ST33_FLASH(st33_soc_block(s, "FLASH"));
    const OrreryImageArea areas[] = {
        { "flash", ST33_FLASH_BASE, s->flash_size, flash->bytes },
        { "RAM", ST33_RAM_BASE, s->ram_size, memory_region_get_ram_ptr(&s->ram) },
    };
    const OrreryImageTarget target = { areas, ARRAY_SIZE(areas), "flash or RAM" };
    const char *firmware = MACHINE(m)->kernel_filename;

    return (!firmware ||
            orrery_load_image(&target, firmware, m->firmware_at, errp)) &&
           st33_flash_power_on(flash, errp);
}

static bool load_recovery(St33Machine *m, Error **errp)
{
    uint8_t *bytes = st33_soc_recover(m->soc, errp);
    const OrreryImageArea area = {
        "recovery ROM", ST33_ROM_BASE, ST33_ROM_SIZE, bytes
    };
    const OrreryImageTarget target = { &area, 1, "the recovery ROM" };

    return bytes && orrery_load_image(&target, m->recovery, ST33_ROM_BASE, errp);
}

static void board_init(MachineState *machine)
{
    St33Machine *m = ST33_MACHINE(machine);
    DeviceState *flash, *mmu;

    if (!check_size("flash-size", m->flash_size, 64 * KiB, ST33_FLASH_MAX,
                    &error_fatal) ||
        !check_size("ram-size", m->ram_size, 8 * KiB, ST33_RAM_MAX,
                    &error_fatal)) {
        return;
    }
    m->soc = ST33_SOC(object_new(TYPE_ST33_SOC));
    object_property_add_child(OBJECT(machine), "soc", OBJECT(m->soc));
    object_unref(OBJECT(m->soc));
    qdev_prop_set_uint32(DEVICE(m->soc), "flash-size", m->flash_size);
    qdev_prop_set_uint32(DEVICE(m->soc), "ram-size", m->ram_size);
    flash = st33_soc_block(m->soc, "FLASH");
    if (m->flash_file) {
        qdev_prop_set_string(flash, "file", m->flash_file);
        qdev_prop_set_bit(flash, "keep", m->flash_keep);
    }
    if (m->iart_clk < 1000000 || m->iart_clk > 20000000) {
        error_report("iart-clk: %u: 1000000 to 20000000 Hz was meant",
                     m->iart_clk);
        exit(EXIT_FAILURE);
    }
    clock_set_hz(m->soc->clk_pin, m->iart_clk);
    qdev_prop_set_chr(st33_soc_block(m->soc, "IART"), "chardev", serial_hd(0));
    mmu = st33_soc_block(m->soc, "MMU");
    qdev_prop_set_uint32(mmu, "entries", m->mmu_entries);
    qdev_prop_set_bit(mmu, "callback", m->mmu_callback);
    qdev_prop_set_uint32(mmu, "least-page-bits",
                         ST33_MACHINE_GET_CLASS(m)->least_page_bits);
    sysbus_realize(SYS_BUS_DEVICE(m->soc), &error_fatal);
    st33_board_outside(m->soc, m->oled);
    load_firmware(m, &error_fatal);
    if (m->recovery) {
        load_recovery(m, &error_fatal);
    }
    /* for the core's reset only: images are loaded above */
    armv7m_load_kernel(m->soc->armv7m.cpu, NULL, 0, 0);
}

/* ---- properties ---- */

ORRERY_STRING_PROPERTY(ST33_MACHINE, flash_file)
ORRERY_STRING_PROPERTY(ST33_MACHINE, recovery)

static bool get_flash_keep(Object *obj, Error **errp)
{
    return ST33_MACHINE(obj)->flash_keep;
}

static void set_flash_keep(Object *obj, bool value, Error **errp)
{
    ST33_MACHINE(obj)->flash_keep = value;
}

static bool get_oled(Object *obj, Error **errp)
{
    return ST33_MACHINE(obj)->oled;
}

static void set_oled(Object *obj, bool value, Error **errp)
{
    ST33_MACHINE(obj)->oled = value;
}

static bool get_mmu_callback(Object *obj, Error **errp)
{
    return ST33_MACHINE(obj)->mmu_callback;
}

static void set_mmu_callback(Object *obj, bool value, Error **errp)
{
    ST33_MACHINE(obj)->mmu_callback = value;
}

/* @opaque: offset of a uint64_t in the machine. */
static void get_size(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    visit_type_size(v, name, (uint64_t *)((char *)obj + (uintptr_t)opaque), errp);
}

static void set_size(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    visit_type_size(v, name, (uint64_t *)((char *)obj + (uintptr_t)opaque), errp);
}

static void board_instance_init(Object *obj)
{
    St33Machine *m = ST33_MACHINE(obj);

    m->firmware_at = ST33_FLASH_BASE + ST33_BOOT_OFFSET;
    m->flash_size = 2 * MiB;
    m->ram_size = 64 * KiB;
    m->mmu_entries = 64;
    m->iart_clk = 4000000;
    object_property_add_uint32_ptr(obj, "iart-clk", &m->iart_clk,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "mmu-entries", &m->mmu_entries,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "firmware-at", &m->firmware_at,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void board_finalize(Object *obj)
{
    g_free(ST33_MACHINE(obj)->flash_file);
    g_free(ST33_MACHINE(obj)->recovery);
}

static void add_size(ObjectClass *oc, const char *name, size_t offset,
                     const char *description)
{
    object_class_property_add(oc, name, "size", get_size, set_size, NULL,
                              (void *)offset);
    object_class_property_set_description(oc, name, description);
}

static void board_class_init(ObjectClass *oc, void *data)
{
    static const char *const valid_cpu_types[] = {
        ARM_CPU_TYPE_NAME("cortex-m3"), NULL
    };
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->init = board_init;
    mc->valid_cpu_types = valid_cpu_types;
    mc->max_cpus = 1;
    add_size(oc, "flash-size", offsetof(St33Machine, flash_size),
             "bytes of flash");
    add_size(oc, "ram-size", offsetof(St33Machine, ram_size), "bytes of RAM");
    object_class_property_add_str(oc, "flash-file", get_flash_file,
                                  set_flash_file);
    object_class_property_set_description(
        oc, "flash-file", "contents of the flash at the start");
    object_class_property_add_str(oc, "recovery", get_recovery, set_recovery);
    object_class_property_set_description(
        oc, "recovery", "start in the recovery ROM, which has this image");
    object_class_property_add_bool(oc, "oled", get_oled, set_oled);
    object_class_property_set_description(
        oc, "oled", "an SSD1312 on SPI: CS is pin 4, D/C pin 5, RES pin 6");
    object_class_property_add_bool(oc, "flash-keep", get_flash_keep,
                                   set_flash_keep);
    object_class_property_set_description(
        oc, "flash-keep", "write changes of the flash to flash-file");
    object_class_property_add_bool(oc, "mmu-callback", get_mmu_callback,
                                   set_mmu_callback);
    object_class_property_set_description(
        oc, "mmu-callback", "slow: for comparison only");
}

static void st33_class_init(ObjectClass *oc, void *data)
{
    MACHINE_CLASS(oc)->desc =
        "ST33 secure element (Cortex-M3 and MMU; registers ours)";
    ST33_MACHINE_CLASS(oc)->least_page_bits = 10;
}

static void p256_class_init(ObjectClass *oc, void *data)
{
    MACHINE_CLASS(oc)->desc = "ST33 whose MMU has pages of 256 bytes and more";
    MACHINE_CLASS(oc)->minimum_page_bits = 8;
    ST33_MACHINE_CLASS(oc)->least_page_bits = 8;
}

static const TypeInfo board_types[] = {
    {
        .name = TYPE_ST33_MACHINE,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(St33Machine),
        .instance_init = board_instance_init,
        .instance_finalize = board_finalize,
        .class_size = sizeof(St33MachineClass),
        .class_init = board_class_init,
        .abstract = true,
    },
    {
        .name = MACHINE_TYPE_NAME("st33"),
        .parent = TYPE_ST33_MACHINE,
        .class_init = st33_class_init,
    },
    {
        .name = MACHINE_TYPE_NAME("st33-p256"),
        .parent = TYPE_ST33_MACHINE,
        .class_init = p256_class_init,
    },
};

DEFINE_TYPES(board_types)
