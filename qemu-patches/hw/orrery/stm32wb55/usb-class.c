/*
 * STM32WB55 USB: the host's driver for CDC ACM and HID
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CDC PSTN 1.2, HID 1.11. The data is a chardev: the stream of a CDC device, or the reports of a
 * HID device as they are, one behind the other (what comes from the chardev makes a report each
 * time that the OUT endpoint's packet size is full). A device that has both shows its CDC function.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/orrery/trace.h"
#include "migration/vmstate.h"
#include "usb.h"

enum { NOTHING, CDC, HID }; /* kind */

enum {
    CLASS_CDC = 2,
    CLASS_HID = 3,
    CLASS_CDC_DATA = 10,
    CDC_SET_LINE_CODING = 0x20,
    CDC_SET_CONTROL_LINE_STATE = 0x22,
    HID_SET_IDLE = 10,
    DESC_HID = 0x21,
    DESC_REPORT = 0x22,
};

/* What is said before data flows; a device may refuse any of it. */
enum {
    STEP_LINE_CODING,
    STEP_LINE_STATE,
    STEP_IDLE,
    STEP_REPORT_DESCRIPTOR,
    STEP_DONE,
};

static void next_request(Stm32wbUsb *s)
{
    static const uint8_t line_coding[7] = { 0x00, 0xc2, 0x01, 0, 0, 0, 8 };
    WbUsbClass *c = &s->class;

    switch (c->step) {
    case STEP_LINE_CODING: /* 115200, 8N1 */
        memcpy(s->host.data, line_coding, sizeof(line_coding));
        stm32wb_usb_host_control(s, 0x21, CDC_SET_LINE_CODING, 0, c->interface,
                                 sizeof(line_coding));
        break;
    case STEP_LINE_STATE: /* DTR and RTS */
        stm32wb_usb_host_control(s, 0x21, CDC_SET_CONTROL_LINE_STATE, 3,
                                 c->interface, 0);
        break;
    case STEP_IDLE:
        stm32wb_usb_host_control(s, 0x21, HID_SET_IDLE, 0, c->interface, 0);
        break;
    case STEP_REPORT_DESCRIPTOR:
        stm32wb_usb_host_control(s, 0x81, WB_USB_GET_DESCRIPTOR,
                                 DESC_REPORT << 8, c->interface,
                                 c->report_length);
        break;
    default:
        trace_stm32wb_usb_class_ready(c->kind == CDC ? "CDC" : "HID", c->in,
                                      c->out);
        break;
    }
}

static void control_done(Stm32wbUsb *s, WbUsbAnswer answer)
{
    WbUsbClass *c = &s->class;

    c->step = c->step == STEP_LINE_STATE ? STEP_DONE : c->step + 1;
    next_request(s);
}

/* The interface descriptor @d: does it make the device one of @kind? */
static bool begins(const uint8_t *d, unsigned kind)
{
    return d[5] == (kind == CDC ? CLASS_CDC : CLASS_HID);
}

static void take_endpoint(WbUsbClass *c, const uint8_t *d, unsigned class)
{
    uint8_t *where = &c->notify;

    if (class == (c->kind == CDC ? CLASS_CDC_DATA : CLASS_HID)) {
        where = d[2] & 0x80 ? &c->in : &c->out;
    } else if (c->kind != CDC || class != CLASS_CDC) {
        return;
    }
    if (!*where) {
        *where = d[2] & 0x8f;
    }
}

/* The first function of that kind. */
static bool find_function(Stm32wbUsb *s, unsigned kind)
{
    WbUsbClass *c = &s->class;
    unsigned at = 0, functions = 0, class = 0;
    const uint8_t *d;

    c->kind = kind;
    c->in = c->out = c->notify = 0;
    while ((d = stm32wb_usb_host_descriptor(s, &at)) != NULL) {
        if (d[1] == WB_USB_DESC_INTERFACE && d[0] >= 9) {
            class = d[3] ? 0 : d[5]; /* not of another alternate setting */
            if (!d[3] && begins(d, kind) && functions++ == 0) {
                c->interface = d[2];
            }
        } else if (d[1] == DESC_HID && d[0] >= 9 && class == CLASS_HID &&
                   functions == 1) {
            c->report_length = MIN(lduw_le_p(d + 7), WB_USB_CONTROL_MAX);
        } else if (d[1] == WB_USB_DESC_ENDPOINT && d[0] >= 7 && functions == 1) {
            take_endpoint(c, d, class);
        }
    }
    return c->in;
}

static void attached(Stm32wbUsb *s)
{
    WbUsbClass *c = &s->class;

    c->report_length = 0;
    if (find_function(s, CDC)) {
        c->step = STEP_LINE_CODING;
    } else if (find_function(s, HID)) {
        c->step = STEP_IDLE;
    } else {
        c->kind = NOTHING; /* configured, but of no class we drive */
        return;
    }
    next_request(s);
}

static void detached(Stm32wbUsb *s)
{
    s->class.kind = NOTHING;
}

/* ---- data ---- */

static bool run_in(Stm32wbUsb *s, unsigned ep, bool wanted)
{
    uint8_t packet[WB_USB_PACKET_MAX];
    unsigned length;
    WbUsbAnswer answer = stm32wb_usb_host_in(s, ep, packet, &length);

    if (answer == USB_ACK && wanted) {
        qemu_chr_fe_write_all(&s->class.chr, packet, length);
    }
    return answer == USB_ACK;
}

static unsigned next_length(Stm32wbUsb *s)
{
    WbUsbClass *c = &s->class;
    unsigned size = stm32wb_usb_host_pipe(s, c->out)->size;

    if (!c->out || (c->kind == HID && c->count < size)) {
        return 0;
    }
    return MIN(c->count, size);
}

static bool run_out(Stm32wbUsb *s)
{
    WbUsbClass *c = &s->class;
    uint8_t packet[WB_USB_PACKET_MAX];
    unsigned length = next_length(s);

    for (unsigned i = 0; i < length; i++) {
        packet[i] = c->fifo[(c->first + i) % WB_USB_FIFO];
    }
    if (!length ||
        stm32wb_usb_host_out(s, c->out, packet, length) != USB_ACK) {
        return false;
    }
    c->first = (c->first + length) % WB_USB_FIFO;
    c->count -= length;
    qemu_chr_fe_accept_input(&c->chr);
    return true;
}

static void transact(Stm32wbUsb *s)
{
    WbUsbClass *c = &s->class;

    if (c->kind == NOTHING) {
        return;
    }
    if (!run_in(s, c->in, true) && !run_out(s) && c->notify) {
        run_in(s, c->notify, false);
    }
}

static bool plugged(Stm32wbUsb *s)
{
    return qemu_chr_fe_backend_connected(&s->class.chr);
}

static int can_receive(void *opaque)
{
    return WB_USB_FIFO - STM32WB_USB(opaque)->class.count;
}

static void receive(void *opaque, const uint8_t *data, int size)
{
    Stm32wbUsb *s = opaque;
    WbUsbClass *c = &s->class;

    for (int i = 0; i < size && c->count < WB_USB_FIFO; i++) {
        c->fifo[(c->first + c->count++) % WB_USB_FIFO] = data[i];
    }
    if (next_length(s) && stm32wb_usb_host_ready(s)) {
        stm32wb_usb_host_look(s);
    }
}

void stm32wb_usb_class_realize(Stm32wbUsb *s)
{
    qemu_chr_fe_set_handlers(&s->class.chr, can_receive, receive, NULL, NULL, s,
                             NULL, true);
}

const WbUsbDriver stm32wb_usb_class_driver = {
    .plugged = plugged,
    .attached = attached,
    .detached = detached,
    .control_done = control_done,
    .transact = transact,
};

static int class_post_load(void *opaque, int version_id)
{
    WbUsbClass *c = opaque;

    return c->count > WB_USB_FIFO || c->first >= WB_USB_FIFO ||
                   c->report_length > WB_USB_CONTROL_MAX
               ? -EINVAL
               : 0;
}

const VMStateDescription stm32wb_usb_class_vmstate = {
    .name = "stm32wb-usb-class",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = class_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_UINT8(kind, WbUsbClass),
        VMSTATE_UINT8(step, WbUsbClass),
        VMSTATE_UINT8(interface, WbUsbClass),
        VMSTATE_UINT8(in, WbUsbClass),
        VMSTATE_UINT8(out, WbUsbClass),
        VMSTATE_UINT8(notify, WbUsbClass),
        VMSTATE_UINT16(report_length, WbUsbClass),
        VMSTATE_BUFFER(fifo, WbUsbClass),
        VMSTATE_UINT32(first, WbUsbClass),
        VMSTATE_UINT32(count, WbUsbClass),
        VMSTATE_END_OF_LIST()
    },
};
