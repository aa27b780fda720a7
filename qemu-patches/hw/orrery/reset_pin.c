/*
 * Orrery: the reset pin of an Arm machine, on a gpio link
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "target/arm/cpu.h"
#include "net.h"

static void reset_pin_changed(void *opaque, unsigned level)
{
    CPUState *cpu = first_cpu;

    if (level == 0) {
        cpu->start_powered_off = true; /* from the reset on, until the pin rises */
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    } else if (cpu->start_powered_off) {
        cpu->start_powered_off = false;
        ARM_CPU(cpu)->power_state = PSCI_ON;
        cpu->halted = 0;
        qemu_cpu_kick(cpu);
    }
}

void orrery_net_reset_pin(const char *port, Object *parent)
{
    OrreryNet *net = orrery_net_open(port, parent, reset_pin_changed, NULL);

    if (net) {
        orrery_net_drive(net, ORRERY_NET_Z, ORRERY_NET_PULL_UP);
        first_cpu->start_powered_off = orrery_net_level(net) == 0; /* of the link's pull */
    }
}
