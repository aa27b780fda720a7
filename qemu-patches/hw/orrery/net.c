/*
 * Orrery: a net of pins that several instances share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A message is struct orrery_gpio: what its end puts on the wire from its send time on. See net.h
 * for how a level comes of it.
 *
 * QEMU interface:
 *  + "level" (read only): as this end sees it; 2 floats
 *  + "contentions" (read only): how often drivers disagreed
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/qdev-core.h"
#include "migration/vmstate.h"
#include "orrery.pb-c.h"
#include "system/cpus.h"
#include "member.h"
#include "net.h"
#include "trace.h"

#define ENDS_MAX 64

typedef struct Drive {
    uint8_t level, pull;
    int64_t since; /* when it began, at that end */
} Drive;

struct OrreryNet {
    DeviceState parent_obj;

    const OrreryPortInfo *port;
    OrreryNetFn *changed;
    void *opaque;
    QEMUTimer *send_timer, *contention_timer;

    /* [0] is this end; the others are in the order of the port's peers */
    Drive drives[ENDS_MAX + 1];
    uint8_t level;
    bool in_contention; /* as seen from here; perhaps only because the news is late */
    bool reported;
    uint64_t contentions;
};

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static uint64_t latency(const OrreryNet *net)
{
    return orrery_seg_lane_latency(orrery_member_get()->seg,
                                   net->port->peers[0].tx_lane);
}

/* ---- the level ---- */

/* Of two that disagree, 0 wins: what pulls down is the stronger in most parts. */
static unsigned merge(unsigned level, unsigned with, bool *conflict)
{
    if (level == ORRERY_NET_Z || with == ORRERY_NET_Z || level == with) {
        return level == ORRERY_NET_Z ? with : level;
    }
    *conflict = true;
    return 0;
}

static unsigned pulled(unsigned pull)
{
    return pull == ORRERY_NET_PULL_UP ? 1 : pull == ORRERY_NET_PULL_DOWN ? 0 : ORRERY_NET_Z;
}

static unsigned resolve(const OrreryNet *net, bool *conflict)
{
    unsigned driven = ORRERY_NET_Z, held = ORRERY_NET_Z;
    bool ignored;

    *conflict = false;
    for (size_t i = 0; i <= net->port->peer_count; i++) {
        driven = merge(driven, net->drives[i].level, conflict);
        held = merge(held, pulled(net->drives[i].pull), &ignored);
    }
    if (driven != ORRERY_NET_Z) {
        return driven;
    }
    return net->port->pull ? pulled(net->port->pull) : held;
}

/* ---- contention ---- */

/* Since when all that drive have done so. */
static int64_t overlap_start(const OrreryNet *net)
{
    int64_t start = 0;

    for (size_t i = 0; i <= net->port->peer_count; i++) {
        if (net->drives[i].level != ORRERY_NET_Z) {
            start = MAX(start, net->drives[i].since);
        }
    }
    return start;
}

static void report_contention(OrreryNet *net)
{
    if (net->reported) {
        return;
    }
    net->reported = true;
    net->contentions++;
    trace_orrery_net_contention(net->port->name, now_ns());
    qemu_log_mask(LOG_GUEST_ERROR, "%s: driven high and low at once\n",
                  net->port->name);
    if (net->contentions == 1) {
        warn_report("%s.%s: driven high and low at once, at %" PRId64
                    " ns for the first time; it reads as 0",
                    orrery_member_get()->name, net->port->name, overlap_start(net));
    }
}

/* By now all that was sent when the overlap began is here. */
static void contention_is_true(void *opaque)
{
    report_contention(opaque);
}

/*
 * One end lets go and another drives a moment later: who has not heard of the first sees both for
 * a while. Contention it is if their times at their own ends overlap: when that of an end that I
 * hear of goes on past the start of the overlap, or nothing is heard of it for a latency.
 */
static void judge(OrreryNet *net, bool conflict)
{
    if (conflict && !net->in_contention) {
        net->reported = false;
        timer_mod(net->contention_timer, overlap_start(net) + latency(net) + 1);
    } else if (!conflict) {
        timer_del(net->contention_timer);
    }
    net->in_contention = conflict;
}

/* @end puts this on the wire, since @at. */
static void set_drive(OrreryNet *net, size_t end, unsigned level, unsigned pull,
                      int64_t at)
{
    Drive *drive = &net->drives[end];
    bool conflict;

    if (end > 0 && net->in_contention && at > overlap_start(net)) {
        report_contention(net);
    }
    if (drive->level != level) {
        drive->since = at;
    }
    drive->level = level;
    drive->pull = pull;
    net->level = resolve(net, &conflict);
    judge(net, conflict);
}

/* ---- messages ---- */

static void send_to_all(OrreryNet *net)
{
    OrreryMember *m = orrery_member_get();
    const struct orrery_gpio message = {
        .level = net->drives[0].level,
        .pull = net->drives[0].pull,
    };
    uint64_t now = now_ns();

    trace_orrery_net_drive(net->port->name, message.level, message.pull, now);
    for (size_t i = 0; i < net->port->peer_count; i++) {
        uint32_t lane = net->port->peers[i].tx_lane;

        orrery_member_send(m, lane, now,
                           now + orrery_seg_lane_latency(m->seg, lane),
                           &message, sizeof(message));
    }
}

static void send_later(void *opaque)
{
    send_to_all(opaque);
}

void orrery_net_drive(OrreryNet *net, unsigned level, OrreryNetPull pull)
{
    const Drive *own = &net->drives[0];

    if (own->level == level && own->pull == pull) {
        return;
    }
    set_drive(net, 0, level, pull, now_ns());
    if (qemu_in_vcpu_thread()) {
        send_to_all(net);
    } else { /* a reset, or before the start: the clock stands, and the vCPU thread sends */
        timer_mod(net->send_timer, now_ns());
    }
}

static void deliver(void *opaque, const struct orrery_message *msg)
{
    OrreryNet *net = opaque;
    struct orrery_gpio message;
    unsigned before = net->level;

    if (msg->len != sizeof(message)) {
        return;
    }
    memcpy(&message, msg->payload, sizeof(message));
    if (message.level > ORRERY_NET_Z || message.pull > ORRERY_NET_PULL_DOWN) {
        return;
    }
    for (size_t i = 0; i < net->port->peer_count; i++) {
        if (net->port->peers[i].rx_lane == msg->lane) {
            set_drive(net, i + 1, message.level, message.pull, msg->send_ns);
        }
    }
    trace_orrery_net_level(net->port->name, net->level, now_ns());
    if (net->level != before && net->changed) {
        net->changed(net->opaque, net->level);
    }
}

unsigned orrery_net_level(const OrreryNet *net)
{
    return net->level;
}

/* ---- ports ---- */

static OrreryNet *nets[ENDS_MAX];
static unsigned net_count;

const char *orrery_net_port(unsigned index)
{
    OrreryMember *m = orrery_member_get();

    for (size_t i = 0; m && i < m->port_count; i++) {
        if (m->ports[i].kind == ORRERY__LINK__KIND__GPIO && index-- == 0) {
            return m->ports[i].name;
        }
    }
    return NULL;
}

static OrreryNet *opened(const char *port)
{
    for (unsigned i = 0; i < net_count; i++) {
        if (!strcmp(nets[i]->port->name, port)) {
            return nets[i];
        }
    }
    return NULL;
}

OrreryNet *orrery_net_open(const char *port, Object *parent, OrreryNetFn *changed,
                           void *opaque)
{
    OrreryMember *m = orrery_member_get();
    const OrreryPortInfo *info = m ? orrery_member_port(m, port) : NULL;
    OrreryNet *net;

    if (!info || info->kind != ORRERY__LINK__KIND__GPIO ||
        info->peer_count > ENDS_MAX || net_count == ARRAY_SIZE(nets) ||
        opened(port)) {
        return NULL;
    }
    net = ORRERY_NET(qdev_new(TYPE_ORRERY_NET));
    object_property_add_child(parent, port, OBJECT(net));
    net->port = info;
    net->changed = changed;
    net->opaque = opaque;
    net->level = info->pull ? pulled(info->pull) : ORRERY_NET_Z;
    for (size_t i = 0; i < info->peer_count; i++) {
        orrery_member_on_message(m, info->peers[i].rx_lane, deliver, net);
        orrery_member_hear_when_off(m, info->peers[i].rx_lane);
    }
    nets[net_count++] = net;
    qdev_realize_and_unref(DEVICE(net), NULL, &error_fatal);
    return net;
}

/* ---- the device ---- */

static void net_init(Object *obj)
{
    OrreryNet *net = ORRERY_NET(obj);

    net->level = ORRERY_NET_Z;
    for (size_t i = 0; i < ARRAY_SIZE(net->drives); i++) {
        net->drives[i].level = ORRERY_NET_Z;
    }
    net->send_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, send_later, net);
    net->contention_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL,
                                         contention_is_true, net);
    object_property_add_uint8_ptr(obj, "level", &net->level,
                                  OBJ_PROP_FLAG_READ);
    object_property_add_uint64_ptr(obj, "contentions", &net->contentions,
                                   OBJ_PROP_FLAG_READ);
}

static void net_finalize(Object *obj)
{
    OrreryNet *net = ORRERY_NET(obj);

    timer_free(net->send_timer);
    timer_free(net->contention_timer);
}

static const VMStateDescription drive_vmstate = {
    .name = TYPE_ORRERY_NET "/drive",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT8(level, Drive),
        VMSTATE_UINT8(pull, Drive),
        VMSTATE_INT64(since, Drive),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription net_vmstate = {
    .name = TYPE_ORRERY_NET,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STRUCT_ARRAY(drives, OrreryNet, ENDS_MAX + 1, 1, drive_vmstate,
                             Drive),
        VMSTATE_UINT8(level, OrreryNet),
        VMSTATE_BOOL(in_contention, OrreryNet),
        VMSTATE_BOOL(reported, OrreryNet),
        VMSTATE_UINT64(contentions, OrreryNet),
        VMSTATE_TIMER_PTR(send_timer, OrreryNet),
        VMSTATE_TIMER_PTR(contention_timer, OrreryNet),
        VMSTATE_END_OF_LIST()
    },
};

static void net_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->vmsd = &net_vmstate;
    dc->user_creatable = false;
}

static const TypeInfo net_types[] = {
    {
        .name = TYPE_ORRERY_NET,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(OrreryNet),
        .instance_init = net_init,
        .instance_finalize = net_finalize,
        .class_init = net_class_init,
    },
};

DEFINE_TYPES(net_types)
