/*
 * Orrery: this QEMU as a member of a lockstep
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -object orrery-member,id=ID,broker=ipc://PATH,name=NAME[,run-id=HEX]
 *
 * Joins the ensemble whose broker listens at the URL as the instance NAME: says hello, maps the
 * segment, puts the virtual clock under the pacer (pacer.c), and says ready when the machine
 * stands. Ports attach by -chardev orrery-port (port.c) or from device models.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/notify.h"
#include "qemu/timer.h"
#include "qom/object_interfaces.h"
#include "system/cpu-timers.h"
#include "system/system.h"
#include "member.h"
#include "probe.h"
#include "trace.h"

static OrreryMember *the_member;

OrreryMember *orrery_member_get(void)
{
    return the_member;
}

static OrreryPortInfo *find_port(OrreryMember *m, const char *name)
{
    for (size_t i = 0; i < m->port_count; i++) {
        if (!strcmp(m->ports[i].name, name)) {
            return &m->ports[i];
        }
    }
    return NULL;
}

const OrreryPortInfo *orrery_member_port(OrreryMember *m, const char *name)
{
    OrreryPortInfo *port = find_port(m, name);

    if (port) {
        port->used = true;
    }
    return port;
}

void orrery_member_on_fault(OrreryMember *m, const char *port, OrreryFaultFn *set_fault,
                            void *opaque)
{
    OrreryPortInfo *info = find_port(m, port);

    info->set_fault = set_fault;
    info->set_fault_opaque = opaque;
}

void orrery_member_on_message(OrreryMember *m, uint32_t lane,
                              OrreryDeliver *deliver, void *opaque)
{
    m->lanes[lane].deliver = deliver;
    m->lanes[lane].opaque = opaque;
}

void orrery_member_hear_when_off(OrreryMember *m, uint32_t lane)
{
    m->lanes[lane].heard_when_off = true;
}

void orrery_member_on_line(OrreryMember *m, OrreryLineFn *set_line, OrreryLevelFn *get_level,
                           void *opaque)
{
    m->set_line = set_line;
    m->get_level = get_level;
    m->set_line_opaque = opaque;
}

static void set_line(OrreryMember *m, const struct orrery_stimulus *what)
{
    if (!m->set_line || !m->set_line(m->set_line_opaque, what->line, what->level)) {
        warn_report("orrery-member: %s: no input '%s'", m->name, what->line);
    }
}

static void set_fault(OrreryMember *m, const struct orrery_stimulus *what)
{
    OrreryPortInfo *port = find_port(m, what->line);

    if (port && port->set_fault && what->level >= 0 &&
        what->level < ORRERY_FAULT_COUNT) {
        port->set_fault(port->set_fault_opaque, what);
    } else {
        warn_report("orrery-member: %s: no faults on port '%s'", m->name, what->line);
    }
}

static void stimulus(void *opaque, const struct orrery_message *msg)
{
    OrreryMember *m = opaque;
    struct orrery_stimulus what;

    if (msg->len >= 4 && ldl_le_p(msg->payload) >= ORRERY_PROBE_READ) {
        orrery_probe_deliver(m, msg);
        return;
    }
    if (msg->len != sizeof(struct orrery_stimulus)) {
        return;
    }
    memcpy(&what, msg->payload, sizeof(what)); /* little endian on the wire */
    what.level = ldl_le_p(&what.level);
    what.rate_ppb = le32_to_cpu(what.rate_ppb);
    what.count = le32_to_cpu(what.count);
    what.delay_ns = le64_to_cpu(what.delay_ns);
    what.line[sizeof(what.line) - 1] = '\0';
    switch (le32_to_cpu(what.kind)) {
    case ORRERY_STIMULUS_RESET:
        orrery_pacer_reset();
        break;
    case ORRERY_STIMULUS_POWER:
        orrery_pacer_power(what.level != 0);
        break;
    case ORRERY_STIMULUS_LINE:
        set_line(m, &what);
        break;
    case ORRERY_STIMULUS_FAULT:
        set_fault(m, &what);
        break;
    }
}

static void trace_record(OrreryMember *m, uint32_t lane, uint64_t now,
                         uint64_t arrival, uint64_t seq, const void *payload,
                         size_t len)
{
    if (!m->trace) {
        return;
    }
    orrery_trace_add(m->trace, lane, now, arrival, seq, payload, len);
    if (orrery_trace_wants_fold(m->trace)) {
        orrery_trace_fold(m->trace, orrery_lower_bound(m->lockstep));
    }
}

void orrery_member_send(OrreryMember *m, uint32_t lane, uint64_t now,
                        uint64_t arrival, const void *payload, size_t len)
{
    if (orrery_pacer_is_off()) {
        return;
    }
    if (!orrery_send(m->lockstep, lane, now, arrival, payload, len)) {
        return; /* the run is over: marked dead with the reason */
    }
    orrery_pacer_sent();
    trace_record(m, lane, now, arrival, orrery_last_seq(m->lockstep), payload,
                 len);
}

void orrery_member_note(const char *text)
{
    uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (the_member && the_member->port_count) {
        trace_record(the_member, the_member->ports[0].tx_lane, now, now,
                     UINT64_MAX, text, strlen(text));
    }
}

static bool is_own(OrreryMember *m, const OrreryPeer *peer)
{
    size_t lanes = orrery_seg_lanes(m->seg);

    return peer->tx_lane < lanes && peer->rx_lane < lanes &&
           orrery_seg_lane_src(m->seg, peer->tx_lane) == m->self &&
           orrery_seg_lane_dst(m->seg, peer->rx_lane) == m->self;
}

/* The broker's lanes are checked against the segment: both must be mine. */
static bool check_ports(OrreryMember *m, Error **errp)
{
    for (size_t i = 0; i < m->port_count; i++) {
        for (size_t k = 0; k < m->ports[i].peer_count; k++) {
            if (!is_own(m, &m->ports[i].peers[k])) {
                error_setg(errp, "orrery-member: port %s: lanes that are not "
                           "its own", m->ports[i].name);
                return false;
            }
        }
    }
    return true;
}

static bool check_states(OrreryMember *m, Error **errp)
{
    for (size_t i = 0; i < m->state_count; i++) {
        if (!orrery_seg_touches(m->seg, m->states[i].index, m->self)) {
            error_setg(errp, "orrery-member: state %s is not its own",
                       m->states[i].name);
            return false;
        }
    }
    return true;
}

static bool map_segment(OrreryMember *m, const char *path, Error **errp)
{
    struct orrery_error err = { "" };
    int fd = qemu_open_old(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        error_setg_errno(errp, errno, "orrery-member: segment %s", path);
        return false;
    }
    m->seg = orrery_segment_attach(fd, m->run_id, &err);
    close(fd);
    if (m->seg && m->self > 0 && m->self < orrery_seg_members(m->seg)) {
        m->lockstep = orrery_member_create(m->seg, m->self, &err);
    }
    if (!m->lockstep) {
        error_setg(errp, "orrery-member: %s",
                   err.text[0] ? err.text : "member number out of range");
        return false;
    }
    m->lanes = g_new0(OrreryLane, orrery_seg_lanes(m->seg) + 1);
    if (orrery_seg_trace_hash(m->seg)) {
        m->trace = orrery_trace_new(m->seg, m->trace_dir);
    }
    if (m->stimulus_lane >= orrery_seg_lanes(m->seg) ||
        orrery_seg_lane_dst(m->seg, m->stimulus_lane) != m->self) {
        error_setg(errp, "orrery-member: a stimulus lane that is not its own");
        return false;
    }
    if (m->answer_lane && (m->answer_lane >= orrery_seg_lanes(m->seg) ||
                           orrery_seg_lane_src(m->seg, m->answer_lane) != m->self)) {
        error_setg(errp, "orrery-member: an answer lane that is not its own");
        return false;
    }
    orrery_member_on_message(m, m->stimulus_lane, stimulus, m);
    orrery_member_hear_when_off(m, m->stimulus_lane);
    return check_ports(m, errp) && check_states(m, errp);
}

static const char *port_unused(const OrreryMember *m)
{
    for (size_t i = 0; i < m->port_count; i++) {
        if (!m->ports[i].used) {
            return m->ports[i].name;
        }
    }
    return orrery_port_unused();
}

static void machine_ready(Notifier *notifier, void *data)
{
    Error *err = NULL;

    orrery_pacer_machine_ready(the_member);
    if (!orrery_control_ready(the_member, port_unused(the_member), &err)) {
        error_report_err(err);
        exit(EXIT_BROKEN);
    }
}

static Notifier machine_ready_notifier = { .notify = machine_ready };

static void orrery_member_complete(UserCreatable *uc, Error **errp)
{
    OrreryMember *m = ORRERY_MEMBER(uc);
    g_autofree char *path = NULL;

    if (the_member) {
        error_setg(errp, "orrery-member: there is one already");
        return;
    }
    if (!m->broker || !m->name) {
        error_setg(errp, "orrery-member: broker and name are needed");
        return;
    }
    m->control = orrery_control_open(m, errp);
    if (!m->control || !orrery_control_hello(m, &path, errp) ||
        !map_segment(m, path, errp)) {
        return;
    }
    orrery_pacer_install(m);
    orrery_probe_install(m);
    the_member = m;
    trace_orrery_join(m->name, m->self);
    qemu_add_machine_init_done_notifier(&machine_ready_notifier);
}

static void set_broker(Object *obj, const char *value, Error **errp)
{
    g_free(ORRERY_MEMBER(obj)->broker);
    ORRERY_MEMBER(obj)->broker = g_strdup(value);
}

static void set_name(Object *obj, const char *value, Error **errp)
{
    g_free(ORRERY_MEMBER(obj)->name);
    ORRERY_MEMBER(obj)->name = g_strdup(value);
}

static void set_run_id(Object *obj, const char *value, Error **errp)
{
    if (qemu_strtou64(value, NULL, 16, &ORRERY_MEMBER(obj)->run_id) < 0) {
        error_setg(errp, "orrery-member: run-id is not hexadecimal");
    }
}

static void orrery_member_class_init(ObjectClass *oc, void *data)
{
    UserCreatableClass *ucc = USER_CREATABLE_CLASS(oc);

    ucc->complete = orrery_member_complete;
    object_class_property_add_str(oc, "broker", NULL, set_broker);
    object_class_property_add_str(oc, "name", NULL, set_name);
    object_class_property_add_str(oc, "run-id", NULL, set_run_id);
}

static void orrery_member_finalize(Object *obj)
{
    OrreryMember *m = ORRERY_MEMBER(obj);

    orrery_control_close(m->control);
    g_free(m->broker);
    g_free(m->name);
}

static const TypeInfo orrery_member_info = {
    .name = TYPE_ORRERY_MEMBER,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(OrreryMember),
    .instance_finalize = orrery_member_finalize,
    .class_init = orrery_member_class_init,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_USER_CREATABLE },
        { }
    },
};

static void register_types(void)
{
    type_register_static(&orrery_member_info);
}

type_init(register_types)
