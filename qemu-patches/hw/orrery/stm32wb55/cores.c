/*
 * STM32WB55: messages between the processes of its two cores
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "system/cpus.h"
#include "../member.h"
#include "../trace.h"
#include "cores.h"

static struct {
    bool looked;
    OrreryMember *member;
    const OrreryPortInfo *port; /* NULL: no link */
    struct {
        WbCoresFn *fn;
        void *opaque;
    } handler[WB_CORES_KINDS];
} cores;

static void deliver(void *opaque, const struct orrery_message *msg)
{
    unsigned kind = msg->len ? msg->payload[0] : 0;

    if (kind < WB_CORES_KINDS && cores.handler[kind].fn) {
        trace_stm32wb_cores_receive(kind, msg->len - 1);
        cores.handler[kind].fn(cores.handler[kind].opaque, msg->payload + 1,
                               msg->len - 1);
    }
}

bool stm32wb_cores_linked(void)
{
    if (!cores.looked) {
        cores.looked = true;
        cores.member = orrery_member_get();
        cores.port = cores.member
                     ? orrery_member_port(cores.member, WB_CORES_PORT) : NULL;
        if (cores.port) {
            orrery_member_on_message(cores.member, cores.port->rx_lane, deliver,
                                     NULL);
            /* both cores lose power at once, and what each knows of the other stays true */
            orrery_member_hear_when_off(cores.member, cores.port->rx_lane);
        }
    }
    return cores.port != NULL;
}

uint64_t stm32wb_cores_latency(void)
{
    return stm32wb_cores_linked()
           ? orrery_seg_lane_latency(cores.member->seg, cores.port->tx_lane) : 0;
}

void stm32wb_cores_on(WbCoresKind kind, WbCoresFn *fn, void *opaque)
{
    stm32wb_cores_linked(); /* from the first handler on we listen */
    cores.handler[kind].fn = fn;
    cores.handler[kind].opaque = opaque;
}

void stm32wb_cores_send(WbCoresKind kind, const void *body, unsigned len)
{
    uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint8_t payload[1 + WB_CORES_BODY_MAX];

    if (!stm32wb_cores_linked()) {
        return;
    }
    if (!qemu_in_vcpu_thread()) {
        /* a monitor's doing: it has no place in virtual time */
        warn_report_once("stm32wb55: the other core is not told of what a monitor does");
        return;
    }
    assert(len <= WB_CORES_BODY_MAX);
    payload[0] = kind;
    if (len) {
        memcpy(payload + 1, body, len);
    }
    trace_stm32wb_cores_send(kind, len);
    orrery_member_send(cores.member, cores.port->tx_lane, now,
                       now + stm32wb_cores_latency(), payload, 1 + len);
}
