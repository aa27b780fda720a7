/*
 * STM32WB55 on a P-NUCLEO-WB55 board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * UM2435. -M stm32wb55
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "soc.h"

static void board_init(MachineState *machine)
{
    Object *soc = object_new(TYPE_STM32WB55_SOC);

    object_property_add_child(OBJECT(machine), "soc", soc);
    object_unref(soc);
    sysbus_realize(SYS_BUS_DEVICE(soc), &error_fatal);
    armv7m_load_kernel(STM32WB55_SOC(soc)->armv7m.cpu, machine->kernel_filename,
                       WB_FLASH_BASE, WB_FLASH_SIZE);
}

static void board_machine_init(MachineClass *mc)
{
    static const char *const valid_cpu_types[] = {
        ARM_CPU_TYPE_NAME("cortex-m4"), NULL
    };

    mc->desc = "STM32WB55 on a P-NUCLEO-WB55 (Cortex-M4, CPU1)";
    mc->init = board_init;
    mc->valid_cpu_types = valid_cpu_types;
    mc->max_cpus = 1;
}

DEFINE_MACHINE("stm32wb55", board_machine_init)
