/*
 * STM32WB55 on a P-NUCLEO-WB55 board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * UM2435. -M stm32wb55[,pins=PC4=0:PA0=PA8]
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "hw/qdev-properties-system.h"
#include "system/system.h"
#include "soc.h"

#define TYPE_STM32WB55_MACHINE MACHINE_TYPE_NAME("stm32wb55")
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wb55Machine, STM32WB55_MACHINE)

struct Stm32wb55Machine {
    MachineState parent_obj;

    char *pins; /* levels and wires */
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

/* -serial, in this order: ST-LINK's port, and the other */
static void board_serial(Stm32wb55Soc *soc)
{
    static const char *const uarts[] = { "USART1", "LPUART1" };

    for (int i = 0; i < ARRAY_SIZE(uarts); i++) {
        qdev_prop_set_chr(DEVICE(stm32wb55_soc_block(soc, uarts[i])), "chardev",
                          serial_hd(i));
    }
}

static void board_init(MachineState *machine)
{
    Stm32wb55Machine *m = STM32WB55_MACHINE(machine);
    Object *soc = object_new(TYPE_STM32WB55_SOC);

    object_property_add_child(OBJECT(machine), "soc", soc);
    object_unref(soc);
    board_serial(STM32WB55_SOC(soc));
    sysbus_realize(SYS_BUS_DEVICE(soc), &error_fatal);
    board_parts(&STM32WB55_SOC(soc)->pins);
    if (m->pins) {
        stm32wb_pins_board_parse(&STM32WB55_SOC(soc)->pins, m->pins,
                                 &error_fatal);
    }
    armv7m_load_kernel(STM32WB55_SOC(soc)->armv7m.cpu, machine->kernel_filename,
                       WB_FLASH_BASE, WB_FLASH_SIZE);
}

static char *get_pins(Object *obj, Error **errp)
{
    return g_strdup(STM32WB55_MACHINE(obj)->pins);
}

static void set_pins(Object *obj, const char *value, Error **errp)
{
    g_free(STM32WB55_MACHINE(obj)->pins);
    STM32WB55_MACHINE(obj)->pins = g_strdup(value);
}

static void board_finalize(Object *obj)
{
    g_free(STM32WB55_MACHINE(obj)->pins);
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
}

static const TypeInfo board_types[] = {
    {
        .name = TYPE_STM32WB55_MACHINE,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(Stm32wb55Machine),
        .instance_finalize = board_finalize,
        .class_init = board_class_init,
    },
};

DEFINE_TYPES(board_types)
