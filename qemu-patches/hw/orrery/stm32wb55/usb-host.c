/*
 * STM32WB55 USB: the host controller at the other end of the cable
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * USB 2.0 chapters 5, 7, 8 and 9. It debounces, resets, enumerates and configures, and then leaves
 * the device to its driver. Everything happens at virtual times: a start of frame each
 * millisecond, transactions as long as their bits. A device cannot see a NAK, so a refused
 * transaction is tried again when the firmware has written a register, and not over and over; an
 * interrupt endpoint is polled at its interval.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/orrery/trace.h"
#include "migration/vmstate.h"
#include "usb.h"

#define FRAME_NS 1000000
#define DEBOUNCE_NS 100000000 /* USB 2.0 7.1.7.3 */
#define RESET_NS 10000000
#define RECOVERY_NS 10000000
#define RESUME_NS 20000000 /* 7.1.7.7 */
#define ADDRESS_NS 2000000
#define OVERHEAD_BYTES 13 /* of a transaction: tokens, CRC, handshake, turn-around */
#define BYTE_NS 667       /* eight bits of 12 Mbit/s */
#define ADDRESS 1
#define REMOTE_WAKEUP 0x20 /* bmAttributes of a configuration */

enum { /* phase */
    UNPLUGGED,
    DEBOUNCE,
    RESET,
    RECOVERY,
    ACTIVE,
    SUSPENDED,
    RESUMING,
};
enum { NO_TRANSFER, SETUP, DATA, STATUS }; /* stage */

enum { /* step: enumeration, in this order */
    STEP_SIZE,
    STEP_ADDRESS,
    STEP_DEVICE,
    STEP_CONFIGURATION_HEAD,
    STEP_CONFIGURATION,
    STEP_LANGUAGES,
    STEP_SET_CONFIGURATION,
    STEP_REMOTE_WAKEUP,
    STEP_DONE,
    STEP_FAILED,
};

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void use_bus(WbUsbHost *h, unsigned bytes)
{
    h->used_ns = now_ns();
    h->busy_until = h->used_ns + (int64_t)(OVERHEAD_BYTES + bytes) * BYTE_NS;
}

/* ---- pipes ---- */

WbUsbPipe *stm32wb_usb_host_pipe(Stm32wbUsb *s, unsigned ep)
{
    return &s->host.pipes[(ep & 0xf) | (ep & 0x80) >> 3];
}

const uint8_t *stm32wb_usb_host_descriptor(Stm32wbUsb *s, unsigned *at)
{
    WbUsbHost *h = &s->host;
    const uint8_t *d = h->configuration + *at;

    if (*at + 2 > h->configuration_length || d[0] < 2 ||
        *at + d[0] > h->configuration_length) {
        return NULL;
    }
    *at += d[0];
    return d;
}

static void add_pipe(Stm32wbUsb *s, const uint8_t *d, unsigned interface)
{
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(s, d[2]);

    pipe->ep = d[2] & 0x8f;
    pipe->type = d[3] & 3;
    pipe->interface = interface;
    pipe->interval = MAX(d[6], 1);
    pipe->size = MIN(lduw_le_p(d + 4) & 0x7ff, WB_USB_PACKET_MAX - 1);
}

void stm32wb_usb_host_set_pipes(Stm32wbUsb *s, int interface)
{
    WbUsbHost *h = &s->host;
    unsigned at = 0, now = 0;
    bool chosen = false;
    const uint8_t *d;

    for (int i = 0; i < WB_USB_PIPES; i++) {
        if (interface < 0 || h->pipes[i].interface == interface) {
            h->pipes[i] = (WbUsbPipe){ 0 };
        }
    }
    while ((d = stm32wb_usb_host_descriptor(s, &at)) != NULL) {
        if (d[1] == WB_USB_DESC_INTERFACE && d[0] >= 9) {
            now = d[2];
            chosen = d[3] == h->alternate[now % ARRAY_SIZE(h->alternate)];
        } else if (d[1] == WB_USB_DESC_ENDPOINT && d[0] >= 7 && (d[2] & 0xf) &&
                   chosen && (interface < 0 || now == interface)) {
            add_pipe(s, d, now);
        }
    }
}

/* Interrupt and isochronous endpoints are asked once an interval, at the start of a frame. */
static bool is_due(WbUsbHost *h, WbUsbPipe *pipe)
{
    unsigned interval = pipe->type == WB_USB_ISO ? 1u << MIN(pipe->interval - 1, 15)
                                                 : pipe->interval;

    if (pipe->type == WB_USB_BULK) {
        return true;
    }
    if (pipe->polled || h->frames % interval) {
        return false;
    }
    pipe->polled = 1;
    return true;
}

WbUsbAnswer stm32wb_usb_host_in(Stm32wbUsb *s, unsigned ep, uint8_t *data,
                                unsigned *length)
{
    WbUsbHost *h = &s->host;
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(s, ep | 0x80);
    bool toggle = false;
    WbUsbAnswer answer;

    *length = 0;
    if (!pipe->ep || !is_due(h, pipe)) {
        return USB_NAK;
    }
    answer = stm32wb_usb_in(s, h->address, ep & 0xf, &toggle, data, length);
    if (answer == USB_ACK || answer == USB_STALL) {
        use_bus(h, *length);
    }
    if (pipe->type == WB_USB_ISO) {
        return answer; /* always DATA0 */
    }
    if (answer == USB_ACK && toggle != pipe->toggle) {
        return USB_NAK; /* a repetition, to be dropped */
    }
    pipe->toggle ^= answer == USB_ACK;
    return answer;
}

WbUsbAnswer stm32wb_usb_host_out(Stm32wbUsb *s, unsigned ep,
                                 const uint8_t *data, unsigned length)
{
    WbUsbHost *h = &s->host;
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(s, ep & 0xf);
    WbUsbAnswer answer;

    if (!pipe->ep || !is_due(h, pipe)) {
        return USB_NAK;
    }
    answer = stm32wb_usb_out(s, h->address, ep & 0xf, pipe->toggle, data,
                             length);
    if (answer == USB_ACK || answer == USB_STALL) {
        use_bus(h, length);
    }
    pipe->toggle ^= answer == USB_ACK;
    return answer;
}

/* ---- control transfers ---- */

void stm32wb_usb_host_control(Stm32wbUsb *s, uint8_t type, uint8_t code,
                              uint16_t value, uint16_t index, uint16_t length)
{
    WbUsbHost *h = &s->host;

    assert(length <= WB_USB_CONTROL_MAX);
    h->setup[0] = type;
    h->setup[1] = code;
    stw_le_p(h->setup + 2, value);
    stw_le_p(h->setup + 4, index);
    stw_le_p(h->setup + 6, length);
    h->length = length;
    h->done = 0;
    h->stage = SETUP;
}

bool stm32wb_usb_host_control_busy(Stm32wbUsb *s)
{
    return s->host.stage != NO_TRANSFER;
}

void stm32wb_usb_host_control_abort(Stm32wbUsb *s)
{
    s->host.stage = NO_TRANSFER;
}

static bool data_in(const WbUsbHost *h)
{
    return h->setup[0] & 0x80;
}

static void run_setup(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    if (stm32wb_usb_setup(s, h->address, h->setup) == USB_ACK) {
        use_bus(h, 8);
        h->toggle = 1;
        h->stage = h->length ? DATA : STATUS;
    }
}

static WbUsbAnswer run_data_in(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    uint8_t packet[WB_USB_PACKET_MAX];
    unsigned length = 0, room = h->length - h->done;
    bool toggle = false;
    WbUsbAnswer answer =
        stm32wb_usb_in(s, h->address, 0, &toggle, packet, &length);

    if (answer == USB_ACK) {
        use_bus(h, length);
        if (toggle == h->toggle) {
            memcpy(h->data + h->done, packet, MIN(length, room));
            h->done += MIN(length, room);
            h->toggle ^= 1;
            h->stage = h->done == h->length || length < h->size0 ? STATUS : DATA;
        }
    }
    return answer;
}

static WbUsbAnswer run_data_out(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    unsigned length = MIN(h->length - h->done, h->size0);
    WbUsbAnswer answer = stm32wb_usb_out(s, h->address, 0, h->toggle,
                                         h->data + h->done, length);

    if (answer == USB_ACK) {
        use_bus(h, length);
        h->done += length;
        h->toggle ^= 1;
        h->stage = h->done == h->length ? STATUS : DATA;
    }
    return answer;
}

static void control_done(Stm32wbUsb *s, WbUsbAnswer answer);

static WbUsbAnswer run_status(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    uint8_t packet[WB_USB_PACKET_MAX];
    unsigned length = 0;
    bool toggle;
    WbUsbAnswer answer;

    if (data_in(h) && h->length) {
        answer = stm32wb_usb_out(s, h->address, 0, true, NULL, 0);
    } else {
        answer = stm32wb_usb_in(s, h->address, 0, &toggle, packet, &length);
    }
    if (answer == USB_ACK) {
        use_bus(h, 0);
        control_done(s, USB_ACK);
    }
    return answer;
}

static void run_control(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    WbUsbAnswer answer = USB_NAK;

    switch (h->stage) {
    case SETUP:
        run_setup(s);
        break;
    case DATA:
        answer = data_in(h) ? run_data_in(s) : run_data_out(s);
        break;
    case STATUS:
        answer = run_status(s);
        break;
    }
    if (answer == USB_STALL) {
        use_bus(h, 0);
        control_done(s, USB_STALL);
    }
}

/* ---- enumeration ---- */

static void get_descriptor(Stm32wbUsb *s, uint8_t type, uint16_t length)
{
    stm32wb_usb_host_control(s, 0x80, WB_USB_GET_DESCRIPTOR, type << 8, 0, length);
}

static void next_request(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    uint16_t total = lduw_le_p(h->configuration + 2);

    switch (h->step) {
    case STEP_SIZE:
        get_descriptor(s, WB_USB_DESC_DEVICE, 8);
        break;
    case STEP_ADDRESS:
        stm32wb_usb_host_control(s, 0x00, WB_USB_SET_ADDRESS, ADDRESS, 0, 0);
        break;
    case STEP_DEVICE:
        get_descriptor(s, WB_USB_DESC_DEVICE, 18);
        break;
    case STEP_CONFIGURATION_HEAD:
        get_descriptor(s, WB_USB_DESC_CONFIGURATION, 9);
        break;
    case STEP_CONFIGURATION:
        get_descriptor(s, WB_USB_DESC_CONFIGURATION, total);
        break;
    case STEP_LANGUAGES:
        get_descriptor(s, WB_USB_DESC_STRING, 255);
        break;
    case STEP_SET_CONFIGURATION:
        stm32wb_usb_host_control(s, 0x00, WB_USB_SET_CONFIGURATION,
                                 h->configuration[5], 0, 0);
        break;
    case STEP_REMOTE_WAKEUP:
        stm32wb_usb_host_control(s, 0x00, WB_USB_SET_FEATURE, 1, 0, 0);
        break;
    }
}

static void fail(WbUsbHost *h, const char *why)
{
    trace_stm32wb_usb_host_failed(h->step, why);
    h->step = STEP_FAILED;
}

static void ready(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    h->step = STEP_DONE;
    trace_stm32wb_usb_host_ready(h->configured, now_ns());
    h->driver->attached(s);
}

/* What a step brought. False: enumeration has failed. */
static bool step_done(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    unsigned total;

    switch (h->step) {
    case STEP_SIZE:
        h->size0 = h->done < 8 ? 0 : h->data[7];
        if (h->size0 < 8 || h->size0 > 64) {
            return false;
        }
        break;
    case STEP_ADDRESS:
        h->address = ADDRESS;
        h->busy_until = now_ns() + ADDRESS_NS;
        break;
    case STEP_DEVICE:
        if (h->done < sizeof(h->device)) {
            return false;
        }
        memcpy(h->device, h->data, sizeof(h->device));
        trace_stm32wb_usb_host_device(lduw_le_p(h->device + 8),
                                      lduw_le_p(h->device + 10), now_ns());
        break;
    case STEP_CONFIGURATION_HEAD:
        total = lduw_le_p(h->data + 2);
        if (h->done < 9 || total < 9 || total > WB_USB_CONFIGURATION_MAX) {
            return false;
        }
        memcpy(h->configuration, h->data, 9);
        break;
    case STEP_CONFIGURATION:
        memcpy(h->configuration, h->data, h->done);
        h->configuration_length = h->done;
        break;
    case STEP_SET_CONFIGURATION:
        h->configured = h->configuration[5];
        stm32wb_usb_host_set_pipes(s, -1);
        break;
    }
    return true;
}

static void enumerate_on(Stm32wbUsb *s, WbUsbAnswer answer)
{
    WbUsbHost *h = &s->host;

    if (answer == USB_STALL && h->step != STEP_LANGUAGES &&
        h->step != STEP_REMOTE_WAKEUP) { /* a device may do without these */
        fail(h, "stall");
        return;
    }
    if (!step_done(s)) {
        fail(h, "descriptor");
        return;
    }
    h->step++;
    if (h->step == STEP_REMOTE_WAKEUP &&
        !(s->autosuspend_ms && (h->configuration[7] & REMOTE_WAKEUP))) {
        h->step++;
    }
    if (h->step == STEP_DONE) {
        ready(s);
    } else {
        next_request(s);
    }
}

static void control_done(Stm32wbUsb *s, WbUsbAnswer answer)
{
    WbUsbHost *h = &s->host;

    h->stage = NO_TRANSFER;
    if (h->step == STEP_DONE) {
        h->driver->control_done(s, answer);
    } else {
        enumerate_on(s, answer);
    }
}

static void forget_device(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    h->driver->detached(s);
    h->step = STEP_SIZE;
    h->stage = NO_TRANSFER;
    h->address = 0;
    h->size0 = 8;
    h->done = h->length = 0;
    h->configured = 0;
    h->configuration_length = 0;
    memset(h->alternate, 0, sizeof(h->alternate));
    memset(h->pipes, 0, sizeof(h->pipes));
}

/* ---- the bus ---- */

/* One transaction, if one can be made. */
static void transact(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    bool waits = h->stage != NO_TRANSFER;

    if (waits) {
        run_control(s);
    }
    if (h->step == STEP_DONE && h->busy_until <= now_ns()) {
        h->driver->transact(s);
        if (!waits && h->stage != NO_TRANSFER) { /* one that it has begun */
            run_control(s);
        }
    }
    if (h->busy_until > now_ns()) {
        timer_mod_ns(h->timer, h->busy_until);
    }
}

static bool wants_suspend(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    return s->autosuspend_ms && h->step == STEP_DONE && h->stage == NO_TRANSFER &&
           !timer_pending(h->timer) &&
           now_ns() - h->used_ns >= (int64_t)s->autosuspend_ms * FRAME_NS;
}

static void start_frame(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    h->frames++;
    for (int i = 0; i < WB_USB_PIPES; i++) {
        h->pipes[i].polled = 0;
    }
    stm32wb_usb_start_of_frame(s, h->frames & 0x7ff);
    if (wants_suspend(s)) {
        trace_stm32wb_usb_host_suspend(now_ns());
        h->phase = SUSPENDED;
    } else if (h->phase == ACTIVE && !timer_pending(h->timer)) {
        transact(s);
    }
}

static void frame(void *opaque)
{
    Stm32wbUsb *s = opaque;
    WbUsbHost *h = &s->host;

    switch (h->phase) {
    case RECOVERY:
    case ACTIVE:
        start_frame(s);
        break;
    case RESET:
    case RESUMING:
        return; /* what ends it starts the frames */
    default:
        stm32wb_usb_missed_frame(s);
        if (!stm32wb_usb_counts_missed(s)) {
            return;
        }
        break;
    }
    timer_mod_ns(h->frame, now_ns() + FRAME_NS);
}

static void reset_bus(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    h->phase = RESET;
    timer_del(h->frame);
    stm32wb_usb_bus_reset(s);
    timer_mod_ns(h->timer, now_ns() + RESET_NS);
}

void stm32wb_usb_host_reset_bus(Stm32wbUsb *s)
{
    forget_device(s);
    reset_bus(s);
}

static void recover(Stm32wbUsb *s)
{
    s->host.phase = RECOVERY;
    timer_mod_ns(s->host.timer, now_ns() + RECOVERY_NS);
    frame(s);
}

static void proceed(void *opaque)
{
    Stm32wbUsb *s = opaque;
    WbUsbHost *h = &s->host;

    switch (h->phase) {
    case DEBOUNCE:
        forget_device(s);
        reset_bus(s);
        break;
    case RESET:
        recover(s);
        break;
    case RESUMING:
        stm32wb_usb_resume(s, false);
        recover(s);
        break;
    case RECOVERY:
        h->phase = ACTIVE;
        h->used_ns = now_ns();
        if (h->step == STEP_SIZE) {
            next_request(s);
        }
        transact(s);
        break;
    case ACTIVE:
        transact(s);
        break;
    }
}

static void resume(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    trace_stm32wb_usb_host_resume(now_ns());
    h->phase = RESUMING;
    timer_del(h->frame);
    timer_mod_ns(h->timer, now_ns() + RESUME_NS);
    stm32wb_usb_resume(s, true);
}

void stm32wb_usb_host_remote_wakeup(Stm32wbUsb *s)
{
    if (s->host.phase == SUSPENDED) {
        resume(s);
    }
}

bool stm32wb_usb_host_ready(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    if (h->phase == SUSPENDED) {
        resume(s);
    }
    return h->phase == ACTIVE && h->step == STEP_DONE;
}

void stm32wb_usb_host_look(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    bool there = stm32wb_usb_connected(s);
    bool plugged = there && h->driver->plugged(s);

    if (!plugged && h->phase != UNPLUGGED) {
        forget_device(s);
        h->phase = UNPLUGGED;
        timer_del(h->timer);
    }
    if (!there) {
        timer_del(h->frame);
        return;
    }
    if (plugged && h->phase == UNPLUGGED) {
        h->phase = DEBOUNCE;
        timer_mod_ns(h->timer, now_ns() + DEBOUNCE_NS);
    } else if (h->phase == ACTIVE && !timer_pending(h->timer)) {
        /* not within this access: the firmware is not to find the answer at once */
        timer_mod_ns(h->timer,
                     MAX(h->busy_until, now_ns() + OVERHEAD_BYTES * BYTE_NS));
    }
    if (!timer_pending(h->frame) && h->phase != RESET && h->phase != RESUMING &&
        stm32wb_usb_counts_missed(s)) {
        timer_mod_ns(h->frame, now_ns() + FRAME_NS);
    }
}

/* ---- life ---- */

void stm32wb_usb_host_init(Stm32wbUsb *s)
{
    s->host.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, proceed, s);
    s->host.frame = timer_new_ns(QEMU_CLOCK_VIRTUAL, frame, s);
}

void stm32wb_usb_host_finish(Stm32wbUsb *s)
{
    timer_free(s->host.timer);
    timer_free(s->host.frame);
}

void stm32wb_usb_host_reset(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    timer_del(h->timer);
    timer_del(h->frame);
    h->phase = UNPLUGGED;
    h->busy_until = h->used_ns = 0;
    forget_device(s);
}

static int host_post_load(void *opaque, int version_id)
{
    WbUsbHost *h = opaque;

    if (h->length > WB_USB_CONTROL_MAX || h->done > h->length ||
        h->configuration_length > WB_USB_CONFIGURATION_MAX || h->size0 < 8 ||
        h->size0 > 64) {
        return -EINVAL;
    }
    for (int i = 0; i < WB_USB_PIPES; i++) {
        if (h->pipes[i].size >= WB_USB_PACKET_MAX ||
            (h->pipes[i].ep && !h->pipes[i].interval)) {
            return -EINVAL;
        }
    }
    if (h->driver == &stm32wb_usb_redir_driver && h->phase != UNPLUGGED) {
        /* the client is another one: it finds the cable unplugged */
        Stm32wbUsb *s = container_of(h, Stm32wbUsb, host);

        h->step = STEP_SIZE;
        h->phase = UNPLUGGED;
        forget_device(s);
        timer_del(h->timer);
    }
    return 0;
}

static const VMStateDescription pipe_vmstate = {
    .name = "stm32wb-usb-pipe",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT8(ep, WbUsbPipe),
        VMSTATE_UINT8(type, WbUsbPipe),
        VMSTATE_UINT8(interface, WbUsbPipe),
        VMSTATE_UINT8(interval, WbUsbPipe),
        VMSTATE_UINT8(toggle, WbUsbPipe),
        VMSTATE_UINT8(polled, WbUsbPipe),
        VMSTATE_UINT16(size, WbUsbPipe),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription stm32wb_usb_host_vmstate = {
    .name = "stm32wb-usb-host",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = host_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_TIMER_PTR(timer, WbUsbHost),
        VMSTATE_TIMER_PTR(frame, WbUsbHost),
        VMSTATE_UINT8(phase, WbUsbHost),
        VMSTATE_INT64(busy_until, WbUsbHost),
        VMSTATE_INT64(used_ns, WbUsbHost),
        VMSTATE_UINT32(frames, WbUsbHost),
        VMSTATE_UINT8(step, WbUsbHost),
        VMSTATE_UINT8(stage, WbUsbHost),
        VMSTATE_UINT8(address, WbUsbHost),
        VMSTATE_UINT8(toggle, WbUsbHost),
        VMSTATE_BUFFER(setup, WbUsbHost),
        VMSTATE_BUFFER(data, WbUsbHost),
        VMSTATE_UINT16(length, WbUsbHost),
        VMSTATE_UINT16(done, WbUsbHost),
        VMSTATE_UINT8(size0, WbUsbHost),
        VMSTATE_BUFFER(device, WbUsbHost),
        VMSTATE_BUFFER(configuration, WbUsbHost),
        VMSTATE_UINT16(configuration_length, WbUsbHost),
        VMSTATE_UINT8(configured, WbUsbHost),
        VMSTATE_BUFFER(alternate, WbUsbHost),
        VMSTATE_STRUCT_ARRAY(pipes, WbUsbHost, WB_USB_PIPES, 1, pipe_vmstate,
                             WbUsbPipe),
        VMSTATE_END_OF_LIST()
    },
};
