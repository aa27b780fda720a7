/*
 * STM32WB55 USB: what a usbredir client asks for, carried out
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Transfers are tried in the order in which they came; those of one endpoint never overtake each other.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/orrery/trace.h"
#include "usb-redir.h"

/* What a client may have under way. */
#define TRANSFERS_MAX 256
#define TRANSFER_BYTES_MAX (1 << 20)
#define BYTES_MAX (4 << 20)

/* ---- transfers ---- */

static bool is_control(const Transfer *t)
{
    return t->kind <= ALTERNATE;
}

Transfer *wb_redir_add_transfer(WbUsbRedir *r, TransferKind kind, uint64_t id,
                                unsigned ep, uint32_t length)
{
    Transfer *t;

    if (r->count == TRANSFERS_MAX || length > TRANSFER_BYTES_MAX ||
        r->bytes + length > BYTES_MAX) {
        return NULL;
    }
    t = g_new0(Transfer, 1);
    t->kind = kind;
    t->id = id;
    t->ep = ep;
    t->length = length;
    t->data = length ? g_malloc0(length) : NULL;
    r->count++;
    r->bytes += length;
    QTAILQ_INSERT_TAIL(&r->transfers, t, next);
    return t;
}

static void remove_transfer(WbUsbRedir *r, Transfer *t)
{
    if (t == r->control) {
        r->control = NULL;
    }
    QTAILQ_REMOVE(&r->transfers, t, next);
    r->count--;
    r->bytes -= t->length;
    g_free(t->data);
    g_free(t);
}

void wb_redir_flush(WbUsbRedir *r)
{
    if (r->parser && usbredirparser_has_data_to_write(r->parser)) {
        usbredirparser_do_write(r->parser);
    }
}

/* Replies to an IN transfer bring data. */
static uint8_t *reply_data(Transfer *t)
{
    return t->ep & 0x80 ? t->data : NULL;
}

static int reply_length(Transfer *t)
{
    return t->ep & 0x80 ? t->done : 0;
}

void wb_redir_reply_configuration(WbUsbRedir *r, uint64_t id, int status)
{
    struct usb_redir_configuration_status_header header = {
        .status = status,
        .configuration = r->usb->host.configured,
    };

    usbredirparser_send_configuration_status(r->parser, id, &header);
}

void wb_redir_reply_alternate(WbUsbRedir *r, uint64_t id, unsigned interface,
                              int status)
{
    WbUsbHost *h = &r->usb->host;
    struct usb_redir_alt_setting_status_header header = {
        .status = status,
        .interface = interface,
        .alt = h->alternate[interface % ARRAY_SIZE(h->alternate)],
    };

    usbredirparser_send_alt_setting_status(r->parser, id, &header);
}

static void reply(WbUsbRedir *r, Transfer *t, int status)
{
    switch (t->kind) {
    case CONTROL:
        t->control.status = status;
        t->control.length = t->done;
        usbredirparser_send_control_packet(r->parser, t->id, &t->control,
                                           reply_data(t), reply_length(t));
        break;
    case BULK:
        t->bulk.status = status;
        t->bulk.length = t->done;
        t->bulk.length_high = t->done >> 16;
        usbredirparser_send_bulk_packet(r->parser, t->id, &t->bulk,
                                        reply_data(t), reply_length(t));
        break;
    case INTERRUPT:
        t->interrupt.status = status;
        t->interrupt.length = t->done;
        usbredirparser_send_interrupt_packet(r->parser, t->id, &t->interrupt,
                                             NULL, 0);
        break;
    case ISOCHRONOUS:
        break; /* nobody waits for it */
    case CONFIGURATION:
        wb_redir_reply_configuration(r, t->id, status);
        break;
    case ALTERNATE:
        wb_redir_reply_alternate(r, t->id, t->alternate.interface, status);
        break;
    }
}

void wb_redir_complete(WbUsbRedir *r, Transfer *t, int status)
{
    trace_stm32wb_usb_redir_complete(t->id, t->ep, t->done, status);
    reply(r, t, status);
    remove_transfer(r, t);
}

void wb_redir_forget_transfers(WbUsbRedir *r)
{
    Transfer *t, *after;

    QTAILQ_FOREACH_SAFE(t, &r->transfers, next, after) {
        remove_transfer(r, t);
    }
    r->receiving = r->streaming = 0;
}

void wb_redir_drop_packets(WbUsbRedir *r, unsigned ep)
{
    Transfer *t, *after;

    QTAILQ_FOREACH_SAFE(t, &r->transfers, next, after) {
        if (t->kind == ISOCHRONOUS && t->ep == ep) {
            remove_transfer(r, t);
        }
    }
}

/* ---- what the client learns of the device ---- */

static void send_endpoints(WbUsbRedir *r)
{
    Stm32wbUsb *s = r->usb;
    struct usb_redir_ep_info_header header = { 0 };

    for (int i = 0; i < WB_USB_PIPES; i++) {
        WbUsbPipe *pipe = &s->host.pipes[i];

        header.type[i] = usb_redir_type_invalid;
        if (pipe->ep) {
            header.type[i] = pipe->type;
            header.interval[i] = pipe->interval;
            header.interface[i] = pipe->interface;
            header.max_packet_size[i] = pipe->size;
        }
    }
    for (int i = 0; i < WB_USB_PIPES; i += WB_USB_PIPES / 2) {
        header.type[i] = usb_redir_type_control;
        header.max_packet_size[i] = s->host.size0;
    }
    usbredirparser_send_ep_info(r->parser, &header);
}

static void send_interfaces(WbUsbRedir *r)
{
    Stm32wbUsb *s = r->usb;
    struct usb_redir_interface_info_header header = { 0 };
    unsigned at = 0, n = 0;
    const uint8_t *d;

    while (s->host.configured && n < ARRAY_SIZE(header.interface) &&
           (d = stm32wb_usb_host_descriptor(s, &at)) != NULL) {
        if (d[1] == WB_USB_DESC_INTERFACE && d[0] >= 9 &&
            d[3] == s->host.alternate[d[2] % ARRAY_SIZE(s->host.alternate)]) {
            header.interface[n] = d[2];
            header.interface_class[n] = d[5];
            header.interface_subclass[n] = d[6];
            header.interface_protocol[n] = d[7];
            n++;
        }
    }
    header.interface_count = n;
    usbredirparser_send_interface_info(r->parser, &header);
}

static void send_device(WbUsbRedir *r)
{
    const uint8_t *d = r->usb->host.device;
    struct usb_redir_device_connect_header header = {
        .speed = usb_redir_speed_full,
        .device_class = d[4],
        .device_subclass = d[5],
        .device_protocol = d[6],
        .vendor_id = lduw_le_p(d + 8),
        .product_id = lduw_le_p(d + 10),
        .device_version_bcd = lduw_le_p(d + 12),
    };

    usbredirparser_send_device_connect(r->parser, &header);
}

void wb_redir_attached(Stm32wbUsb *s)
{
    WbUsbRedir *r = s->redir;

    if (!r->announced) {
        send_interfaces(r);
        send_endpoints(r);
        send_device(r);
        r->announced = true;
        wb_redir_flush(r);
    }
}

void wb_redir_detached(Stm32wbUsb *s)
{
    WbUsbRedir *r = s->redir;
    Transfer *t, *after;

    QTAILQ_FOREACH_SAFE(t, &r->transfers, next, after) {
        if (r->resetting && r->parser) {
            wb_redir_complete(r, t, usb_redir_ioerror);
        } else {
            remove_transfer(r, t);
        }
    }
    r->receiving = r->streaming = 0;
    if (!r->resetting) { /* perhaps a reset of the machine, which must not send */
        timer_mod_ns(r->gone, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

void wb_redir_device_gone(void *opaque)
{
    WbUsbRedir *r = opaque;

    if (r->parser && r->announced) {
        r->announced = false;
        usbredirparser_send_device_disconnect(r->parser);
        wb_redir_flush(r);
    }
}

/* ---- control transfers ---- */

static void set_configured(WbUsbRedir *r, unsigned value)
{
    WbUsbHost *h = &r->usb->host;

    h->configured = value;
    r->streaming = 0;
    memset(h->alternate, 0, sizeof(h->alternate));
    if (value) {
        stm32wb_usb_host_set_pipes(r->usb, -1);
    } else {
        memset(h->pipes, 0, sizeof(h->pipes));
    }
    send_interfaces(r);
    send_endpoints(r);
}

/* Of endpoints that are no longer there. */
static void stop_streams(WbUsbRedir *r)
{
    for (int i = 0; i < WB_USB_PIPES; i++) {
        if (!r->usb->host.pipes[i].ep) {
            r->streaming &= ~(1u << i);
        }
    }
}

static void set_alternate(WbUsbRedir *r, unsigned interface, unsigned setting)
{
    WbUsbHost *h = &r->usb->host;

    h->alternate[interface % ARRAY_SIZE(h->alternate)] = setting;
    stm32wb_usb_host_set_pipes(r->usb, interface);
    stop_streams(r);
    send_interfaces(r);
    send_endpoints(r);
}

static void begin_control(WbUsbRedir *r, Transfer *t)
{
    Stm32wbUsb *s = r->usb;
    const struct usb_redir_control_packet_header *c = &t->control;

    r->control = t;
    switch (t->kind) {
    case CONFIGURATION:
        stm32wb_usb_host_control(s, 0x00, WB_USB_SET_CONFIGURATION,
                                 t->configuration, 0, 0);
        break;
    case ALTERNATE:
        stm32wb_usb_host_control(s, 0x01, WB_USB_SET_INTERFACE,
                                 t->alternate.setting, t->alternate.interface, 0);
        break;
    default:
        if (!(t->ep & 0x80) && t->length) {
            memcpy(s->host.data, t->data, t->length);
        }
        stm32wb_usb_host_control(s, c->requesttype, c->request, c->value,
                                 c->index, t->length);
        break;
    }
}

/* The device did as it was told; so does the host's view of it. */
static void take_effect(WbUsbRedir *r, Transfer *t)
{
    Stm32wbUsb *s = r->usb;

    t->done = s->host.done;
    switch (t->kind) {
    case CONFIGURATION:
        set_configured(r, t->configuration);
        break;
    case ALTERNATE:
        set_alternate(r, t->alternate.interface, t->alternate.setting);
        break;
    default:
        if ((t->ep & 0x80) && t->done) {
            memcpy(t->data, s->host.data, t->done);
        } else if (t->control.requesttype == 0x02 &&
                   t->control.request == WB_USB_CLEAR_FEATURE) {
            stm32wb_usb_host_pipe(s, t->control.index)->toggle = 0;
        }
        break;
    }
}

void wb_redir_control_done(Stm32wbUsb *s, WbUsbAnswer answer)
{
    WbUsbRedir *r = s->redir;
    Transfer *t = r->control;

    if (!t) {
        return;
    }
    if (answer == USB_ACK) {
        take_effect(r, t);
    }
    wb_redir_complete(r, t, answer == USB_ACK ? usb_redir_success : usb_redir_stall);
    wb_redir_flush(r);
}

/* ---- data ---- */

/* These return true if the bus was used. */
static bool run_in(WbUsbRedir *r, Transfer *t)
{
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(r->usb, t->ep);
    uint8_t packet[WB_USB_PACKET_MAX];
    unsigned length, room = t->length - t->done;
    WbUsbAnswer answer =
        stm32wb_usb_host_in(r->usb, t->ep, packet, &length);

    if (answer == USB_STALL) {
        wb_redir_complete(r, t, usb_redir_stall);
    } else if (answer == USB_ACK) {
        if (room) {
            memcpy(t->data + t->done, packet, MIN(length, room));
        }
        t->done += MIN(length, room);
        if (length > room) {
            wb_redir_complete(r, t, usb_redir_babble);
        } else if (length < pipe->size || t->done == t->length) {
            wb_redir_complete(r, t, usb_redir_success);
        }
    }
    return answer == USB_ACK || answer == USB_STALL;
}

static bool run_out(WbUsbRedir *r, Transfer *t)
{
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(r->usb, t->ep);
    unsigned length = MIN(t->length - t->done, pipe->size);
    WbUsbAnswer answer =
        stm32wb_usb_host_out(r->usb, t->ep, t->data + t->done, length);

    if (answer == USB_STALL) {
        wb_redir_complete(r, t, usb_redir_stall);
    } else if (answer == USB_ACK) {
        t->done += length;
        if (t->done == t->length) {
            wb_redir_complete(r, t, usb_redir_success);
        }
    }
    return answer == USB_ACK || answer == USB_STALL;
}

static bool receive_interrupts(WbUsbRedir *r)
{
    struct usb_redir_interrupt_packet_header header = { 0 };
    uint8_t packet[WB_USB_PACKET_MAX];
    unsigned length;

    for (unsigned n = 1; n < 16; n++) {
        WbUsbAnswer answer = USB_NAK;

        if (r->receiving >> n & 1) {
            answer = stm32wb_usb_host_in(r->usb, n | 0x80, packet, &length);
        }
        if (answer == USB_ACK || answer == USB_STALL) {
            header.endpoint = n | 0x80;
            header.length = length;
            header.status = answer == USB_ACK ? usb_redir_success : usb_redir_stall;
            r->receiving &= answer == USB_ACK ? ~0u : ~(1u << n);
            usbredirparser_send_interrupt_packet(r->parser, r->interrupt_id++,
                                                 &header, packet, length);
            return true;
        }
    }
    return false;
}

static bool receive_packet(WbUsbRedir *r, unsigned ep)
{
    struct usb_redir_iso_packet_header header = { .endpoint = ep };
    uint8_t packet[WB_USB_PACKET_MAX];
    unsigned length;

    if (stm32wb_usb_host_in(r->usb, ep, packet, &length) != USB_ACK) {
        return false; /* of a packet that did not come, the client does not hear */
    }
    header.length = length;
    usbredirparser_send_iso_packet(r->parser, r->iso_id++, &header, packet, length);
    return true;
}

static bool send_iso_packet(WbUsbRedir *r, unsigned ep)
{
    Transfer *t;

    QTAILQ_FOREACH(t, &r->transfers, next) {
        if (t->kind == ISOCHRONOUS && t->ep == ep) {
            WbUsbAnswer answer =
                stm32wb_usb_host_out(r->usb, ep, t->data, t->length);

            if (answer == USB_ACK) {
                remove_transfer(r, t);
            }
            return answer == USB_ACK;
        }
    }
    return false;
}

/* The streams come first in a frame. */
static bool run_streams(WbUsbRedir *r)
{
    for (int i = 0; i < WB_USB_PIPES; i++) {
        WbUsbPipe *pipe = &r->usb->host.pipes[i];

        if ((r->streaming >> i & 1) && pipe->type == WB_USB_ISO &&
            (pipe->ep & 0x80 ? receive_packet(r, pipe->ep)
                             : send_iso_packet(r, pipe->ep))) {
            return true;
        }
    }
    return false;
}

static bool run_data(WbUsbRedir *r)
{
    Transfer *t, *after;
    uint32_t tried = 0; /* pipes: the transfers of one come in order */

    QTAILQ_FOREACH_SAFE(t, &r->transfers, next, after) {
        uint32_t bit = 1u << ((t->ep & 0xf) | (t->ep & 0x80) >> 3);

        if (is_control(t) || t->kind == ISOCHRONOUS || (tried & bit)) {
            continue;
        }
        tried |= bit;
        if (t->ep & 0x80 ? run_in(r, t) : run_out(r, t)) {
            return true;
        }
    }
    return receive_interrupts(r);
}

void wb_redir_transact(Stm32wbUsb *s)
{
    WbUsbRedir *r = s->redir;
    Transfer *t;

    if (!r->parser) {
        return;
    }
    if (run_streams(r)) {
        wb_redir_flush(r);
        return;
    }
    QTAILQ_FOREACH(t, &r->transfers, next) {
        if (is_control(t) && !stm32wb_usb_host_control_busy(s)) {
            begin_control(r, t);
            return;
        }
    }
    if (run_data(r)) {
        wb_redir_flush(r);
    }
}
