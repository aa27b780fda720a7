/*
 * STM32WB55: CPU2, the Cortex-M0+ of the radio
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -M stm32wb55-cpu2,shared=FILE: the other core of a -M stm32wb55 with the same file, which holds their
 * memories; CPU1's machine fills it (firmware, option bytes). CPU2 is held in reset until CPU1 sets
 * PWR_CR4.C2BOOT, then starts at the vector table that the option bytes name (RM0434 2.3, 3.4.1).
 *
 * -M stm32wb55-cpu2 -kernel FIRMWARE without a link to CPU1: CPU2 alone. It has memories of its own and
 * starts at once.
 *
 * QEMU interface, machine properties:
 *  + "shared", "ordered-sram": see board.c
 *  + "firmware-at": where a raw image goes (default: the start of CPU2's flash)
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "exec/tb-flush.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "hw/qdev-properties.h"
#include "target/arm/cpu.h"
#include "../property.h"
#include "../trace.h"
#include "cores.h"
#include "flash.h"
#include "load.h"
#include "shared.h"
#include "soc.h"

#define TYPE_STM32WB55_CPU2_MACHINE MACHINE_TYPE_NAME("stm32wb55-cpu2")
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wb55Cpu2Machine, STM32WB55_CPU2_MACHINE)

struct Stm32wb55Cpu2Machine {
    MachineState parent_obj;

    Stm32wb55Soc *soc;
    char *shared;
    char *ordered_sram;
    uint32_t firmware_at;
};

/* Where CPU2's vector table is: C2OPT and SBRV, RM0434 3.10.20. */
static uint32_t vector_table(Stm32wb55Soc *soc)
{
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(soc, "FLASH"));
    uint32_t srrvr = stm32wb_flash_option(flash, WB_SRRVR);

    return (srrvr & WB_SRRVR_C2OPT ? WB_FLASH_BASE : WB_SRAM1_BASE) +
           (srrvr & WB_SRRVR_SBRV) * 4;
}

/* C2BOOT was set: once CPU2 runs, only a reset holds it again. */
static void boot(void *opaque, const uint8_t *body, unsigned len)
{
    Stm32wb55Cpu2Machine *m = opaque;
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(m->soc, "FLASH"));
    ARMCPU *cpu = m->soc->armv7m.cpu;

    if (cpu->power_state != PSCI_OFF) {
        return;
    }
    stm32wb_flash_power_on(flash, &error_abort);
    cpu->init_nsvtor = vector_table(m->soc);
    trace_stm32wb_cpu2_boot(cpu->init_nsvtor);
    tb_flush(CPU(cpu)); /* CPU1 has written code since */
    cpu_reset(CPU(cpu));
    cpu->power_state = PSCI_ON;
    CPU(cpu)->halted = 0;
}

/* CPU2 without CPU1: the updater's part is done here, and nobody holds the core. */
static bool load_alone(Stm32wb55Cpu2Machine *m, const char *firmware, Error **errp)
{
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(m->soc, "FLASH"));
    WbExtent extent;

    if (!stm32wb55_load_image(m->soc, firmware, m->firmware_at, &extent, errp)) {
        return false;
    }
    if (!stm32wb_flash_install_cpu2(flash, extent.first)) {
        error_setg(errp, "firmware '%s': CPU2 cannot start at 0x%08x", firmware,
                   extent.first);
        return false;
    }
    return stm32wb_flash_power_on(flash, errp);
}

static void machine_init(MachineState *machine)
{
    Stm32wb55Cpu2Machine *m = STM32WB55_CPU2_MACHINE(machine);
    Object *soc = object_new(TYPE_STM32WB55_CPU2);
    bool linked = stm32wb_cores_linked();

    object_property_add_child(OBJECT(machine), "soc", soc);
    object_unref(soc);
    m->soc = STM32WB55_SOC(soc);
    if (m->shared) {
        stm32wb_shared_open(m->soc, m->shared, &error_fatal);
    }
    if (linked && (!m->shared || machine->kernel_filename)) {
        error_report("CPU2 has CPU1's memory: 'shared' is needed, and no firmware");
        exit(EXIT_FAILURE);
    }
    qdev_prop_set_bit(DEVICE(&m->soc->armv7m), "start-powered-off", linked);
    sysbus_realize(SYS_BUS_DEVICE(soc), &error_fatal);
    if (m->ordered_sram) {
        stm32wb55_soc_order_sram(m->soc, m->ordered_sram, &error_fatal);
    }
    if (!linked) {
        if (machine->kernel_filename) {
            load_alone(m, machine->kernel_filename, &error_fatal);
        }
        m->soc->armv7m.cpu->init_nsvtor = vector_table(m->soc);
    }
    stm32wb_cores_on(WB_CORES_BOOT, boot, m);
    armv7m_load_kernel(m->soc->armv7m.cpu, NULL, 0, 0);
}

ORRERY_STRING_PROPERTY(STM32WB55_CPU2_MACHINE, shared)
ORRERY_STRING_PROPERTY(STM32WB55_CPU2_MACHINE, ordered_sram)

static void machine_instance_init(Object *obj)
{
    Stm32wb55Cpu2Machine *m = STM32WB55_CPU2_MACHINE(obj);

    m->firmware_at = WB_CPU2_FIRMWARE;
    object_property_add_uint32_ptr(obj, "firmware-at", &m->firmware_at,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void machine_finalize(Object *obj)
{
    g_free(STM32WB55_CPU2_MACHINE(obj)->shared);
    g_free(STM32WB55_CPU2_MACHINE(obj)->ordered_sram);
}

static void machine_class_init(ObjectClass *oc, void *data)
{
    static const char *const valid_cpu_types[] = {
        ARM_CPU_TYPE_NAME("cortex-m0"), NULL
    };
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "STM32WB55: its other core (Cortex-M0+, CPU2)";
    mc->init = machine_init;
    mc->valid_cpu_types = valid_cpu_types;
    mc->max_cpus = 1;
    object_class_property_add_str(oc, "ordered-sram", get_ordered_sram, set_ordered_sram);
    object_class_property_set_description(
        oc, "ordered-sram", "ADDRESS+BYTES of SRAM that both cores access in order");
    object_class_property_add_str(oc, "shared", get_shared, set_shared);
    object_class_property_set_description(
        oc, "shared", "file of the memories that CPU1's machine maps, too");
}

static const TypeInfo machine_types[] = {
    {
        .name = TYPE_STM32WB55_CPU2_MACHINE,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(Stm32wb55Cpu2Machine),
        .instance_init = machine_instance_init,
        .instance_finalize = machine_finalize,
        .class_init = machine_class_init,
    },
};

DEFINE_TYPES(machine_types)
