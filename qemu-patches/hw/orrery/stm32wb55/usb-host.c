/*
 * STM32WB55 USB: the host at the other end of the cable
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * USB 2.0 chapters 5, 8, 9; CDC PSTN 1.2. It debounces, resets, enumerates, and is the driver of
 * a CDC ACM device: what the device sends goes to the chardev, what comes from there goes to the
 * device. Everything happens at virtual times: a start of frame each millisecond, transactions
 * as long as their bits. A device cannot see a NAK, so a refused transaction is tried again when
 * the firmware has written a register, and not over and over.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/orrery/trace.h"
#include "migration/vmstate.h"
#include "usb.h"

#define FRAME_NS 1000000
#define DEBOUNCE_NS 100000000 /* USB 2.0 7.1.7.3 */
#define RESET_NS 10000000
#define RECOVERY_NS 10000000
#define ADDRESS_NS 2000000
#define IDLE_NS 3000000
#define OVERHEAD_BYTES 13 /* of a transaction: tokens, CRC, handshake, turn-around */
#define BYTE_NS 667       /* eight bits of 12 Mbit/s */
#define ADDRESS 1

enum { UNPLUGGED, DEBOUNCE, RESET, RECOVERY, ACTIVE }; /* phase */
enum { NO_TRANSFER, SETUP, DATA, STATUS };             /* stage */

enum { /* requests and descriptors */
    GET_DESCRIPTOR = 6,
    SET_ADDRESS = 5,
    SET_CONFIGURATION = 9,
    SET_LINE_CODING = 0x20,
    SET_CONTROL_LINE_STATE = 0x22,
    DESC_DEVICE = 1,
    DESC_CONFIGURATION = 2,
    DESC_STRING = 3,
    DESC_INTERFACE = 4,
    DESC_ENDPOINT = 5,
    CLASS_CDC = 2,
    CLASS_CDC_DATA = 10,
};

/* Enumeration, in this order */
enum {
    STEP_SIZE,
    STEP_ADDRESS,
    STEP_DEVICE,
    STEP_CONFIGURATION_HEAD,
    STEP_CONFIGURATION,
    STEP_LANGUAGES,
    STEP_SET_CONFIGURATION,
    STEP_LINE_CODING,
    STEP_LINE_STATE,
    STEP_DONE,
    STEP_FAILED,
};

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void use_bus(WbUsbHost *h, unsigned bytes)
{
    h->busy_until = now_ns() + (int64_t)(OVERHEAD_BYTES + bytes) * BYTE_NS;
}

/* ---- control transfers ---- */

static void request(WbUsbHost *h, uint8_t type, uint8_t code, uint16_t value,
                    uint16_t index, uint16_t length)
{
    h->setup[0] = type;
    h->setup[1] = code;
    stw_le_p(h->setup + 2, value);
    stw_le_p(h->setup + 4, index);
    stw_le_p(h->setup + 6, length);
    h->length = length;
    h->done = 0;
    h->stage = SETUP;
}

static void next_request(WbUsbHost *h)
{
    static const uint8_t line_coding[7] = { 0x00, 0xc2, 0x01, 0, 0, 0, 8 };

    switch (h->step) {
    case STEP_SIZE:
        request(h, 0x80, GET_DESCRIPTOR, DESC_DEVICE << 8, 0, 8);
        break;
    case STEP_ADDRESS:
        h->new_address = ADDRESS;
        request(h, 0x00, SET_ADDRESS, ADDRESS, 0, 0);
        break;
    case STEP_DEVICE:
        request(h, 0x80, GET_DESCRIPTOR, DESC_DEVICE << 8, 0, 18);
        break;
    case STEP_CONFIGURATION_HEAD:
        request(h, 0x80, GET_DESCRIPTOR, DESC_CONFIGURATION << 8, 0, 9);
        break;
    case STEP_CONFIGURATION:
        request(h, 0x80, GET_DESCRIPTOR, DESC_CONFIGURATION << 8, 0, h->total);
        break;
    case STEP_LANGUAGES:
        request(h, 0x80, GET_DESCRIPTOR, DESC_STRING << 8, 0, 255);
        break;
    case STEP_SET_CONFIGURATION:
        request(h, 0x00, SET_CONFIGURATION, h->configuration, 0, 0);
        break;
    case STEP_LINE_CODING: /* 115200, 8N1 */
        memcpy(h->data, line_coding, sizeof(line_coding));
        request(h, 0x21, SET_LINE_CODING, 0, h->interface, sizeof(line_coding));
        break;
    case STEP_LINE_STATE: /* DTR and RTS */
        request(h, 0x21, SET_CONTROL_LINE_STATE, 3, h->interface, 0);
        break;
    }
}

/* The bulk endpoints of CDC's data interface; no other class is driven. */
static void parse_configuration(WbUsbHost *h)
{
    uint8_t class = 0;

    h->configuration = h->data[5];
    for (unsigned i = 0; i + 2 <= h->done && h->data[i] >= 2 &&
                         i + h->data[i] <= h->done; i += h->data[i]) {
        const uint8_t *d = h->data + i;

        if (d[1] == DESC_INTERFACE && d[0] >= 9) {
            class = d[5];
            if (class == CLASS_CDC) {
                h->interface = d[2];
            }
        } else if (d[1] == DESC_ENDPOINT && d[0] >= 7 && class == CLASS_CDC_DATA &&
                   (d[3] & 3) == 2) {
            WbUsbPipe *pipe = d[2] & 0x80 ? &h->in : &h->out;

            pipe->ep = d[2] & 0xf;
            pipe->toggle = 0;
            pipe->size = MIN(lduw_le_p(d + 4), 64);
        }
    }
}

static void fail(WbUsbHost *h, const char *why)
{
    trace_stm32wb_usb_host_failed(h->step, why);
    h->step = STEP_FAILED;
    h->stage = NO_TRANSFER;
}

/* What a transfer brought; on to the next step. */
static void transfer_done(WbUsbHost *h)
{
    h->stage = NO_TRANSFER;
    switch (h->step) {
    case STEP_SIZE:
        if (h->done < 8 || h->data[7] < 8 || h->data[7] > 64) {
            fail(h, "device descriptor");
            return;
        }
        h->size0 = h->data[7];
        break;
    case STEP_ADDRESS:
        h->address = h->new_address;
        h->busy_until = now_ns() + ADDRESS_NS;
        break;
    case STEP_DEVICE:
        trace_stm32wb_usb_host_device(lduw_le_p(h->data + 8),
                                      lduw_le_p(h->data + 10), now_ns());
        break;
    case STEP_CONFIGURATION_HEAD:
        h->total = lduw_le_p(h->data + 2);
        if (h->done < 9 || h->total < 9 || h->total > WB_USB_CONTROL_MAX) {
            fail(h, "configuration descriptor");
            return;
        }
        break;
    case STEP_CONFIGURATION:
        parse_configuration(h);
        break;
    case STEP_SET_CONFIGURATION:
        if (!h->in.ep || !h->out.ep) { /* configured, but of no class we drive */
            h->step = STEP_DONE;
            return;
        }
        break;
    }
    h->step++;
    if (h->step == STEP_DONE) {
        trace_stm32wb_usb_host_ready(h->in.ep, h->out.ep, now_ns());
    }
    next_request(h);
}

static void transfer_stalled(WbUsbHost *h)
{
    if (h->step == STEP_LANGUAGES || h->step >= STEP_LINE_CODING) {
        h->done = 0; /* a device may do without */
        transfer_done(h);
    } else {
        fail(h, "stall");
    }
}

static bool data_in(const WbUsbHost *h)
{
    return h->setup[0] & 0x80;
}

/* true: the bus was used */
static bool settle(WbUsbHost *h, WbUsbAnswer answer, unsigned bytes)
{
    if (answer == USB_STALL) {
        use_bus(h, bytes);
        transfer_stalled(h);
        return true;
    }
    if (answer == USB_ACK) {
        use_bus(h, bytes);
        return true;
    }
    return false;
}

static bool run_data_in(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    uint8_t packet[1024];
    unsigned length = 0;
    bool toggle = false;
    WbUsbAnswer answer =
        stm32wb_usb_in(s, h->address, 0, &toggle, packet, &length);

    if (!settle(h, answer, length)) {
        return false;
    }
    if (answer == USB_ACK && toggle == h->toggle) {
        unsigned room = h->length - h->done;

        memcpy(h->data + h->done, packet, MIN(length, room));
        h->done += MIN(length, room);
        h->toggle ^= 1;
        if (h->done == h->length || length < h->size0) {
            h->stage = STATUS;
        }
    }
    return true;
}

static bool run_data_out(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    unsigned length = MIN(h->length - h->done, h->size0);
    WbUsbAnswer answer = stm32wb_usb_out(s, h->address, 0, h->toggle,
                                         h->data + h->done, length);

    if (!settle(h, answer, length)) {
        return false;
    }
    if (answer == USB_ACK) {
        h->done += length;
        h->toggle ^= 1;
        if (h->done == h->length) {
            h->stage = STATUS;
        }
    }
    return true;
}

static bool run_status(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    uint8_t packet[1024];
    unsigned length = 0;
    bool toggle;
    WbUsbAnswer answer;

    if (data_in(h)) {
        answer = stm32wb_usb_out(s, h->address, 0, true, NULL, 0);
    } else {
        answer = stm32wb_usb_in(s, h->address, 0, &toggle, packet, &length);
    }
    if (!settle(h, answer, 0)) {
        return false;
    }
    if (answer == USB_ACK) {
        transfer_done(h);
    }
    return true;
}

static bool run_control(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    switch (h->stage) {
    case SETUP:
        if (!settle(h, stm32wb_usb_setup(s, h->address, h->setup), 8)) {
            return false;
        }
        h->toggle = 1;
        h->stage = h->length ? DATA : STATUS;
        return true;
    case DATA:
        return data_in(h) ? run_data_in(s) : run_data_out(s);
    case STATUS:
        return run_status(s);
    default:
        return false;
    }
}

/* ---- the CDC stream ---- */

static bool run_out(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    uint8_t packet[64];
    unsigned length = MIN(h->count, h->out.size);

    if (h->step != STEP_DONE || !length) {
        return false;
    }
    for (unsigned i = 0; i < length; i++) {
        packet[i] = h->fifo[(h->first + i) % WB_USB_FIFO];
    }
    if (stm32wb_usb_out(s, h->address, h->out.ep, h->out.toggle, packet,
                        length) != USB_ACK) {
        return false;
    }
    use_bus(h, length);
    h->out.toggle ^= 1;
    h->first = (h->first + length) % WB_USB_FIFO;
    h->count -= length;
    qemu_chr_fe_accept_input(&h->chr);
    return true;
}

static bool run_in(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    uint8_t packet[1024];
    unsigned length = 0;
    bool toggle = false;

    if (h->step != STEP_DONE || !h->in.ep ||
        stm32wb_usb_in(s, h->address, h->in.ep, &toggle, packet, &length) !=
            USB_ACK) {
        return false;
    }
    use_bus(h, length);
    if (toggle == h->in.toggle) {
        h->in.toggle ^= 1;
        qemu_chr_fe_write_all(&h->chr, packet, length);
    }
    return true;
}

static int can_receive(void *opaque)
{
    WbUsbHost *h = &STM32WB_USB(opaque)->host;

    return WB_USB_FIFO - h->count;
}

static void receive(void *opaque, const uint8_t *data, int size)
{
    Stm32wbUsb *s = opaque;
    WbUsbHost *h = &s->host;

    for (int i = 0; i < size && h->count < WB_USB_FIFO; i++) {
        h->fifo[(h->first + h->count++) % WB_USB_FIFO] = data[i];
    }
    stm32wb_usb_host_look(s);
}

/* ---- the bus ---- */

static bool plugged(Stm32wbUsb *s)
{
    return qemu_chr_fe_backend_connected(&s->host.chr);
}

static void forget_device(WbUsbHost *h)
{
    h->step = STEP_SIZE;
    h->stage = NO_TRANSFER;
    h->address = h->new_address = 0;
    h->size0 = 8;
    h->in.ep = h->out.ep = 0;
    h->done = h->length = 0;
    h->total = 0;
    h->interface = h->configuration = 0;
}

static void frame(void *opaque)
{
    Stm32wbUsb *s = opaque;
    WbUsbHost *h = &s->host;

    if (h->phase < RECOVERY) {
        return;
    }
    h->frame_number = (h->frame_number + 1) & 0x7ff;
    stm32wb_usb_start_of_frame(s, h->frame_number);
    timer_mod_ns(h->frame, now_ns() + FRAME_NS);
}

/* One transaction, if one can be made. */
static void transact(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    if (h->stage != NO_TRANSFER ? run_control(s) : run_in(s) || run_out(s)) {
        timer_mod_ns(h->timer, h->busy_until);
    }
}

static void proceed(void *opaque)
{
    Stm32wbUsb *s = opaque;
    WbUsbHost *h = &s->host;

    switch (h->phase) {
    case UNPLUGGED: /* nobody drives the bus: it idles */
        if (stm32wb_usb_connected(s)) {
            stm32wb_usb_idle(s);
        }
        break;
    case DEBOUNCE:
        h->phase = RESET;
        forget_device(h);
        stm32wb_usb_bus_reset(s);
        timer_mod_ns(h->timer, now_ns() + RESET_NS);
        break;
    case RESET:
        h->phase = RECOVERY;
        timer_mod_ns(h->timer, now_ns() + RECOVERY_NS);
        frame(s);
        break;
    case RECOVERY:
        h->phase = ACTIVE;
        next_request(h);
        transact(s);
        break;
    default:
        transact(s);
        break;
    }
}

void stm32wb_usb_host_look(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;
    bool there = stm32wb_usb_connected(s);

    if (!there) {
        if (h->phase != UNPLUGGED || timer_pending(h->timer)) {
            h->phase = UNPLUGGED;
            timer_del(h->timer);
            timer_del(h->frame);
        }
        return;
    }
    if (h->phase == UNPLUGGED && !timer_pending(h->timer) &&
        !(s->istr & (1u << 11)) && !(s->cntr & (1u << 3))) {
        h->phase = plugged(s) ? DEBOUNCE : UNPLUGGED;
        timer_mod_ns(h->timer,
                     now_ns() + (plugged(s) ? DEBOUNCE_NS : IDLE_NS));
    } else if (h->phase == ACTIVE && !timer_pending(h->timer)) {
        /* not within this access: the firmware is not to find the answer at once */
        timer_mod_ns(h->timer,
                     MAX(h->busy_until, now_ns() + OVERHEAD_BYTES * BYTE_NS));
    }
}

/* ---- life ---- */

void stm32wb_usb_host_init(Stm32wbUsb *s)
{
    s->host.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, proceed, s);
    s->host.frame = timer_new_ns(QEMU_CLOCK_VIRTUAL, frame, s);
}

void stm32wb_usb_host_realize(Stm32wbUsb *s)
{
    qemu_chr_fe_set_handlers(&s->host.chr, can_receive, receive, NULL, NULL, s,
                             NULL, true);
}

void stm32wb_usb_host_finish(Stm32wbUsb *s)
{
    timer_free(s->host.timer);
    timer_free(s->host.frame);
    qemu_chr_fe_deinit(&s->host.chr, false);
}

void stm32wb_usb_host_reset(Stm32wbUsb *s)
{
    WbUsbHost *h = &s->host;

    timer_del(h->timer);
    timer_del(h->frame);
    h->phase = UNPLUGGED;
    h->busy_until = 0;
    forget_device(h);
}

static int host_post_load(void *opaque, int version_id)
{
    WbUsbHost *h = opaque;

    if (h->count > WB_USB_FIFO || h->first >= WB_USB_FIFO ||
        h->length > WB_USB_CONTROL_MAX || h->done > h->length ||
        h->in.size > 64 || h->out.size > 64) {
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription pipe_vmstate = {
    .name = "stm32wb-usb-pipe",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT8(ep, WbUsbPipe),
        VMSTATE_UINT8(toggle, WbUsbPipe),
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
        VMSTATE_UINT16(frame_number, WbUsbHost),
        VMSTATE_UINT8(step, WbUsbHost),
        VMSTATE_UINT8(stage, WbUsbHost),
        VMSTATE_UINT8(address, WbUsbHost),
        VMSTATE_UINT8(new_address, WbUsbHost),
        VMSTATE_UINT8(toggle, WbUsbHost),
        VMSTATE_BUFFER(setup, WbUsbHost),
        VMSTATE_BUFFER(data, WbUsbHost),
        VMSTATE_UINT16(length, WbUsbHost),
        VMSTATE_UINT16(done, WbUsbHost),
        VMSTATE_UINT8(size0, WbUsbHost),
        VMSTATE_UINT8(configuration, WbUsbHost),
        VMSTATE_UINT8(interface, WbUsbHost),
        VMSTATE_UINT16(total, WbUsbHost),
        VMSTATE_STRUCT(in, WbUsbHost, 1, pipe_vmstate, WbUsbPipe),
        VMSTATE_STRUCT(out, WbUsbHost, 1, pipe_vmstate, WbUsbPipe),
        VMSTATE_BUFFER(fifo, WbUsbHost),
        VMSTATE_UINT32(first, WbUsbHost),
        VMSTATE_UINT32(count, WbUsbHost),
        VMSTATE_END_OF_LIST()
    },
};
