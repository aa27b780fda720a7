/*
 * Orrery: the end of a UART link, for any serial device of upstream
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -chardev orrery-port,id=PORT
 *
 * The id is the port's name in the manifest (serial0, bus1). Upstream UARTs write their
 * transmit register to the chardev at once, so the port is the shift register: it accepts every
 * byte and serialises it, start = max(now, end of the previous frame). A receiver that has no
 * room when a frame arrives loses it: an overrun, counted. Baud and format travel with the
 * frame where the device tells us its own (CHR_IOCTL_SERIAL_SET_PARAMS).
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/queue.h"
#include "qemu/timer.h"
#include "chardev/char.h"
#include "chardev/char-serial.h"
#include "hw/core/cpu.h"
#include "ipc/random.h"
#include "system/cpus.h"
#include "fault.h"
#include "member.h"
#include "port.h"
#include "power.h"
#include "trace.h"

#define TYPE_CHARDEV_ORRERY_PORT "chardev-orrery-port"
OBJECT_DECLARE_SIMPLE_TYPE(OrreryPort, CHARDEV_ORRERY_PORT)

#define FRAME_BYTES 12 /* struct orrery_uart_frame on the wire, little endian */

#define LATE_MAX 65536 /* frames; more are lost */

/* A frame that came, and is held back. */
typedef struct LateFrame {
    struct orrery_uart_frame frame;
    uint64_t due_ns;
    QSIMPLEQ_ENTRY(LateFrame) next;
} LateFrame;

struct OrreryPort {
    Chardev parent;

    OrreryMember *member;
    const OrreryPortInfo *info;
    /* the device's own setting; baud 0: it never said */
    QEMUSerialSetParams own;
    uint64_t tx_end; /* of the frame on the wire */
    OrreryFaults faults;
    QSIMPLEQ_HEAD(, LateFrame) late; /* in the order of their times */
    unsigned late_count;
    uint64_t late_ns; /* when the last of them is due */
    QEMUTimer *late_timer;
    Notifier power;
    OrreryPortFrameFn *receive; /* of a model that takes whole frames */
    void *receive_opaque;
    bool warned;
    QSLIST_ENTRY(OrreryPort) next;
};

static QSLIST_HEAD(, OrreryPort) all_ports = QSLIST_HEAD_INITIALIZER(all_ports);

const char *orrery_port_unused(void)
{
    OrreryPort *p;

    QSLIST_FOREACH(p, &all_ports, next) {
        if (!CHARDEV(p)->be) {
            return p->info->name;
        }
    }
    return NULL;
}

static unsigned stop_halves(const OrreryPort *p)
{
    return p->own.speed ? 2 * p->own.stop_bits : p->info->stop_halves;
}

static uint64_t frame_ns(OrreryPort *p)
{
    uint64_t least = orrery_seg_lane_latency(p->member->seg, p->info->tx_lane);
    uint64_t ns;

    if (!p->own.speed) {
        ns = orrery_uart_frame_ns(p->info->baud, p->info->data_bits,
                                  p->info->parity, p->info->stop_halves);
    } else {
        ns = orrery_uart_frame_ns(p->own.speed, p->own.data_bits,
                                  p->own.parity, stop_halves(p));
    }
    if (ns < least) {
        orrery_lane_count(p->member->seg, p->info->tx_lane,
                          ORRERY_LANE_TOO_FAST);
        return least;
    }
    return ns;
}

static void put_frame(OrreryPort *p, const struct orrery_uart_frame *frame,
                      uint64_t now)
{
    uint8_t wire[FRAME_BYTES] = { 0 };

    stl_le_p(wire, frame->baud);
    stw_le_p(wire + 4, frame->data);
    wire[6] = frame->data_bits;
    wire[7] = frame->parity;
    wire[8] = frame->stop_halves;
    wire[9] = frame->flags;
    trace_orrery_port_tx(p->info->name, frame->data, now, p->tx_end);
    orrery_member_send(p->member, p->info->tx_lane, now, p->tx_end,
                       wire, sizeof(wire));
}

static void send_frame(OrreryPort *p, unsigned data, unsigned flags)
{
    uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    const struct orrery_uart_frame frame = {
        .baud = p->own.speed ? p->own.speed : p->info->baud,
        .data = data,
        .data_bits = p->own.speed ? p->own.data_bits : p->info->data_bits,
        .parity = p->own.speed ? p->own.parity : p->info->parity,
        .stop_halves = stop_halves(p),
        .flags = flags,
    };

    p->tx_end = MAX(now, p->tx_end) + frame_ns(p);
    put_frame(p, &frame, now);
}

/*
 * Only the guest's own accesses and timers send: a write from the main loop (a reset, a monitor
 * command) has no place in virtual time.
 */
static bool in_guest_time(OrreryPort *p)
{
    if (qemu_in_vcpu_thread()) {
        return true;
    }
    if (!p->warned) {
        p->warned = true;
        warn_report("orrery-port %s: dropped output from outside the vCPU",
                    p->info->name);
    }
    return false;
}

static int orrery_port_write(Chardev *chr, const uint8_t *buf, int len)
{
    OrreryPort *p = CHARDEV_ORRERY_PORT(chr);

    if (in_guest_time(p)) {
        for (int i = 0; i < len; i++) {
            send_frame(p, buf[i], 0);
        }
    }
    return len;
}

static bool frame_garbled(OrreryPort *p, uint32_t baud, char parity)
{
    uint32_t own = p->own.speed ? p->own.speed : p->info->baud;

    if (baud && orrery_uart_baud_differs(baud, own)) {
        trace_orrery_port_framing(p->info->name, baud, own);
        return true;
    }
    return p->own.speed && parity && (parity == 'N') != (p->own.parity == 'N');
}

/* A frame ends. */
static void arrive(OrreryPort *p, const struct orrery_uart_frame *frame, uint64_t end_ns)
{
    Chardev *chr = CHARDEV(p);
    uint8_t data = frame->data;

    if (p->receive) {
        trace_orrery_port_rx(p->info->name, frame->data,
                             qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
        p->receive(p->receive_opaque, frame, end_ns);
        return;
    }
    if (frame->flags & ORRERY_UART_BREAK) {
        qemu_chr_be_event(chr, CHR_EVENT_BREAK);
        return;
    }
    if (frame_garbled(p, frame->baud, frame->parity) ||
        (frame->flags & ORRERY_UART_PARITY_ERROR)) {
        /* a chardev cannot carry an error flag: the frame is lost, and counted */
        orrery_port_count(p, ORRERY_LANE_FRAMING);
        return;
    }
    if (qemu_chr_be_can_write(chr) < 1) {
        orrery_port_count(p, ORRERY_LANE_OVERRUN);
        return;
    }
    trace_orrery_port_rx(p->info->name, data,
                         qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    qemu_chr_be_write(chr, &data, 1);
}

/* ---- faults of the wire ---- */

/* Counted, and part of the trace. */
static void tell_fault(OrreryPort *p, enum orrery_lane_event what,
                       const struct orrery_uart_frame *frame)
{
    g_autofree char *text = g_strdup_printf("%s fault %d: 0x%02x", p->info->name, what,
                                            frame->data);

    orrery_port_count(p, what);
    orrery_member_note(text);
}

static void turn_bit(OrreryPort *p, struct orrery_uart_frame *frame)
{
    unsigned bits = frame->data_bits >= 5 && frame->data_bits <= 9 ? frame->data_bits : 8;

    frame->data ^= 1u << (orrery_random(&p->faults.random) >> 32) % bits;
    if (frame->parity == 'E' || frame->parity == 'O') {
        frame->flags |= ORRERY_UART_PARITY_ERROR;
    }
}

/* What the wire makes of a frame. False: nothing is left of it. */
static bool survives(OrreryPort *p, struct orrery_uart_frame *frame)
{
    if (orrery_faults_hit(&p->faults, ORRERY_FAULT_DISCONNECT) ||
        orrery_faults_hit(&p->faults, ORRERY_FAULT_DROP)) {
        tell_fault(p, ORRERY_LANE_DROPPED, frame);
        return false;
    }
    if (!(frame->flags & (ORRERY_UART_BREAK | ORRERY_UART_NACK)) &&
        orrery_faults_hit(&p->faults, ORRERY_FAULT_CORRUPT)) {
        turn_bit(p, frame);
        tell_fault(p, ORRERY_LANE_CORRUPTED, frame);
    }
    return true;
}

/* Is it held back? A frame never passes one that came before. */
static bool is_late(OrreryPort *p, const struct orrery_uart_frame *frame, uint64_t end_ns)
{
    bool hit = orrery_faults_hit(&p->faults, ORRERY_FAULT_DELAY);
    LateFrame *late;

    if (!hit && QSIMPLEQ_EMPTY(&p->late)) {
        return false;
    }
    if (hit) {
        tell_fault(p, ORRERY_LANE_DELAYED, frame);
        end_ns += p->faults.delay_ns;
    }
    p->late_ns = QSIMPLEQ_EMPTY(&p->late) ? end_ns : MAX(end_ns, p->late_ns);
    if (p->late_count == LATE_MAX || p->late_ns >= ORRERY_TIME_INF) {
        tell_fault(p, ORRERY_LANE_DROPPED, frame);
        return true;
    }
    trace_orrery_port_late(p->info->name, frame->data, p->late_ns);
    late = g_new(LateFrame, 1);
    *late = (LateFrame){ .frame = *frame, .due_ns = p->late_ns };
    QSIMPLEQ_INSERT_TAIL(&p->late, late, next);
    p->late_count++;
    timer_mod(p->late_timer, QSIMPLEQ_FIRST(&p->late)->due_ns);
    return true;
}

static LateFrame *take_late(OrreryPort *p)
{
    LateFrame *late = QSIMPLEQ_FIRST(&p->late);

    QSIMPLEQ_REMOVE_HEAD(&p->late, next);
    p->late_count--;
    return late;
}

static void late_frames(void *opaque)
{
    OrreryPort *p = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    while (!QSIMPLEQ_EMPTY(&p->late) && QSIMPLEQ_FIRST(&p->late)->due_ns <= now) {
        g_autofree LateFrame *late = take_late(p);

        arrive(p, &late->frame, late->due_ns);
    }
    if (!QSIMPLEQ_EMPTY(&p->late)) {
        timer_mod(p->late_timer, QSIMPLEQ_FIRST(&p->late)->due_ns);
    }
}

/* What comes without power is lost; so is what was on its way. */
static void power_changes(Notifier *n, void *data)
{
    OrreryPort *p = container_of(n, OrreryPort, power);

    while (!QSIMPLEQ_EMPTY(&p->late)) {
        g_free(take_late(p));
    }
    timer_del(p->late_timer);
}

static void orrery_port_deliver(void *opaque, const struct orrery_message *msg)
{
    OrreryPort *p = opaque;
    struct orrery_uart_frame frame;

    if (msg->len != FRAME_BYTES) {
        return;
    }
    frame = (struct orrery_uart_frame) {
        .baud = ldl_le_p(msg->payload),
        .data = lduw_le_p(msg->payload + 4),
        .data_bits = msg->payload[6],
        .parity = msg->payload[7],
        .stop_halves = msg->payload[8],
        .flags = msg->payload[9],
    };
    if (survives(p, &frame) && !is_late(p, &frame, msg->arrival_ns)) {
        arrive(p, &frame, msg->arrival_ns);
    }
}

static int orrery_port_ioctl(Chardev *chr, int cmd, void *arg)
{
    OrreryPort *p = CHARDEV_ORRERY_PORT(chr);

    switch (cmd) {
    case CHR_IOCTL_SERIAL_SET_PARAMS: {
        const QEMUSerialSetParams *params = arg;

        if (params->speed <= 0) {
            return -EINVAL;
        }
        p->own = *params;
        return 0;
    }
    case CHR_IOCTL_SERIAL_SET_BREAK:
        if (*(int *)arg && in_guest_time(p)) {
            send_frame(p, 0, ORRERY_UART_BREAK);
        }
        return 0;
    default:
        return -ENOTSUP;
    }
}

OrreryPort *orrery_port_of(Chardev *chr)
{
    return chr ? (OrreryPort *)object_dynamic_cast(OBJECT(chr), TYPE_CHARDEV_ORRERY_PORT)
               : NULL;
}

void orrery_port_on_frame(OrreryPort *p, OrreryPortFrameFn *receive,
                          void *opaque)
{
    p->receive = receive;
    p->receive_opaque = opaque;
}

uint64_t orrery_port_latency(OrreryPort *p)
{
    return orrery_seg_lane_latency(p->member->seg, p->info->tx_lane);
}

uint32_t orrery_port_baud(OrreryPort *p)
{
    return p->info->baud;
}

void orrery_port_check_mode(OrreryPort *p, bool iso7816,
                            const struct orrery_uart_frame *came)
{
    static const char *const modes[] = { "UART", "ISO 7816-3" };
    /* a port whose device never says what it is set to leaves these open */
    bool known = came && came->parity && came->stop_halves;
    bool other = known && came->parity != 'N' && came->stop_halves == 3 &&
                 came->data_bits == 8;

    if (p->info->iso7816 && !iso7816) {
        error_report("port %s: the firmware set it to UART, but the link is "
                     "iso7816", p->info->name);
    } else if (known && other != iso7816 && !p->info->iso7816) {
        error_report("port %s: the firmware set it to %s, but the other end of "
                     "the line is set to %s", p->info->name, modes[iso7816],
                     modes[other]);
    } else {
        return;
    }
    exit(EXIT_BROKEN);
}

void orrery_port_send(OrreryPort *p, const struct orrery_uart_frame *frame,
                      uint64_t end_ns)
{
    uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint64_t least = now + orrery_port_latency(p);

    if (!in_guest_time(p)) {
        return;
    }
    /* a timer that ran some instructions late, or a rounded divider, is not worth a word */
    if (end_ns + orrery_port_latency(p) / 32 < least) {
        orrery_lane_count(p->member->seg, p->info->tx_lane,
                          ORRERY_LANE_TOO_FAST);
    }
    p->tx_end = MAX(end_ns, least);
    put_frame(p, frame, now);
}

void orrery_port_count(OrreryPort *p, enum orrery_lane_event what)
{
    if (what == ORRERY_LANE_OVERRUN) {
        trace_orrery_port_overrun(p->info->name);
    }
    orrery_lane_count(p->member->seg, p->info->rx_lane, what);
}

static void orrery_port_open(Chardev *chr, ChardevBackend *backend,
                             bool *be_opened, Error **errp)
{
    OrreryPort *p = CHARDEV_ORRERY_PORT(chr);

    p->member = orrery_member_get();
    if (!p->member) {
        error_setg(errp, "orrery-port %s: needs -object orrery-member",
                   chr->label);
        return;
    }
    p->info = orrery_member_port(p->member, chr->label);
    if (!p->info) {
        error_setg(errp, "orrery-port %s: no link of the manifest ends here",
                   chr->label);
        return;
    }
    QSIMPLEQ_INIT(&p->late);
    p->late_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, late_frames, p);
    p->power.notify = power_changes;
    orrery_on_power(&p->power);
    orrery_faults_init(&p->faults, p->info);
    orrery_member_on_message(p->member, p->info->rx_lane,
                             orrery_port_deliver, p);
    QSLIST_INSERT_HEAD(&all_ports, p, next);
}

static void orrery_port_class_init(ObjectClass *oc, void *data)
{
    ChardevClass *cc = CHARDEV_CLASS(oc);

    cc->open = orrery_port_open;
    cc->chr_write = orrery_port_write;
    cc->chr_ioctl = orrery_port_ioctl;
}

static const TypeInfo orrery_port_info = {
    .name = TYPE_CHARDEV_ORRERY_PORT,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(OrreryPort),
    .class_init = orrery_port_class_init,
};

static void register_types(void)
{
    type_register_static(&orrery_port_info);
}

type_init(register_types)
