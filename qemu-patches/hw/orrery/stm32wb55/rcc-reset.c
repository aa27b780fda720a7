/*
 * STM32WB55 reset and clock control: resets of the system
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 8.1. A reset takes both cores: CPU1's process does it and tells CPU2's (pwr.c); CPU2's asks.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "target/arm/cpu.h"
#include "hw/orrery/trace.h"
#include "cores.h"
#include "flash.h"
#include "rcc.h"
#include "soc.h"

/* 8.1.2: either core resets the system. CPU1's process does it; until then CPU2 stands. */
static void ask_cpu1_for_reset(Stm32wbRcc *s, unsigned cause)
{
    uint8_t body = cause;

    trace_stm32wb_rcc_system_reset(cause);
    stm32wb_cores_send(WB_CORES_RESET, &body, 1);
    ARM_CPU(first_cpu)->power_state = PSCI_OFF;
    first_cpu->halted = 1;
    cpu_exit(first_cpu);
}

/*
 * The reset itself happens in the main loop; the core must not execute until then, whoever asks
 * for it: the core itself, or a watchdog's timer.
 */
void stm32wb_rcc_system_reset(Stm32wbRcc *s, unsigned cause)
{
    if (s->parent_obj.core == 1 && stm32wb_cores_linked()) {
        ask_cpu1_for_reset(s, cause);
        return;
    }
    s->reset_cause |= 1u << cause;
    trace_stm32wb_rcc_system_reset(cause);
    qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    first_cpu->stop = true;
    cpu_exit(first_cpu);
}

/* CPU1: CPU2 wants a reset. CPU2: CPU1 has reset the system, and holds CPU2 from now on. */
static void other_core_reset(void *opaque, const uint8_t *body, unsigned len)
{
    Stm32wbRcc *s = opaque;
    Stm32wb55Soc *soc = STM32WB55_SOC(OBJECT(s)->parent);

    if (s->parent_obj.core == 1) {
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
        first_cpu->stop = true;
        cpu_exit(first_cpu);
    } else if (len == 1 && body[0] < WB_RESET_CAUSES) {
        if (body[0] == WB_RESET_OPTION_BYTES) {
            stm32wb_flash_power_on(STM32WB_FLASH(stm32wb55_soc_block(soc, "FLASH")),
                                   &error_warn);
        }
        stm32wb_rcc_system_reset(s, body[0]);
    }
}

static void reset_requested(void *opaque, int cause, int level)
{
    if (level) {
        stm32wb_rcc_system_reset(opaque, cause);
    }
}

static void sysresetreq(void *opaque, int n, int level)
{
    if (level) {
        stm32wb_rcc_system_reset(opaque, WB_RESET_SOFTWARE);
    }
}

void stm32wb_rcc_reset_init(Stm32wbRcc *s)
{
    DeviceState *dev = DEVICE(s);

    qdev_init_gpio_in_named(dev, reset_requested, "reset", WB_RESET_CAUSES);
    qdev_init_gpio_in_named(dev, sysresetreq, "sysresetreq", 1);
}

void stm32wb_rcc_reset_link(Stm32wbRcc *s)
{
    stm32wb_cores_on(WB_CORES_RESET, other_core_reset, s);
}
