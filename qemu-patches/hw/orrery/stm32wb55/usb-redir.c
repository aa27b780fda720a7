/*
 * STM32WB55 USB: the device handed to a usbredir client
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host side of the usbredir protocol (docs/usb-redirection-protocol.md of usbredir), on a
 * chardev: a client, such as QEMU's usb-redir device with any system in it, is the one that uses
 * the device. Its hello plugs the cable in; a break on the chardev says that it has gone, or that
 * another has come. Enumeration and the first configuration are the host controller's (usb-host.c),
 * then transfers are the client's. What the client sends has its virtual time when it comes here.
 *
 * Not there: isochronous transfers, bulk streams, buffered bulk receiving, other configurations than
 * the first (and none).
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/queue.h"
#include "hw/orrery/trace.h"
#include "usb.h"
#include <usbredirparser.h>

/* What a client may have under way. */
#define TRANSFERS_MAX 256
#define TRANSFER_BYTES_MAX (1 << 20)
#define BYTES_MAX (4 << 20)

typedef enum TransferKind { CONTROL, CONFIGURATION, ALTERNATE, BULK, INTERRUPT } TransferKind;

typedef struct Transfer {
    TransferKind kind;
    uint64_t id;
    union {
        struct usb_redir_control_packet_header control;
        struct usb_redir_bulk_packet_header bulk;
        struct usb_redir_interrupt_packet_header interrupt;
        uint8_t configuration;
        struct {
            uint8_t interface, setting;
        } alternate;
    };
    uint8_t ep;
    uint32_t length, done;
    uint8_t *data; /* of @length bytes, or NULL */
    QTAILQ_ENTRY(Transfer) next;
} Transfer;

struct WbUsbRedir {
    Stm32wbUsb *usb;
    struct usbredirparser *parser; /* NULL: nobody is there */
    const uint8_t *input; /* being parsed */
    int input_left;
    bool greeted;   /* by the client */
    bool announced; /* to the client */
    bool resetting; /* now, as the client asked */
    QEMUTimer *gone; /* tell the client that the device has gone */

    QTAILQ_HEAD(, Transfer) transfers;
    unsigned count;
    uint32_t bytes;
    Transfer *control; /* on the bus */
    uint32_t receiving; /* interrupt IN endpoints, by number */
    uint64_t interrupt_id;
};

/* ---- transfers ---- */

static bool is_control(const Transfer *t)
{
    return t->kind <= ALTERNATE;
}

/* NULL: too much is under way. */
static Transfer *add_transfer(WbUsbRedir *r, TransferKind kind, uint64_t id,
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

static void flush(WbUsbRedir *r)
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

static void reply_configuration(WbUsbRedir *r, uint64_t id, int status)
{
    struct usb_redir_configuration_status_header header = {
        .status = status,
        .configuration = r->usb->host.configured,
    };

    usbredirparser_send_configuration_status(r->parser, id, &header);
}

static void reply_alternate(WbUsbRedir *r, uint64_t id, unsigned interface,
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
    case CONFIGURATION:
        reply_configuration(r, t->id, status);
        break;
    case ALTERNATE:
        reply_alternate(r, t->id, t->alternate.interface, status);
        break;
    }
}

static void complete(WbUsbRedir *r, Transfer *t, int status)
{
    trace_stm32wb_usb_redir_complete(t->id, t->ep, t->done, status);
    reply(r, t, status);
    remove_transfer(r, t);
}

static void forget_transfers(WbUsbRedir *r)
{
    Transfer *t, *after;

    QTAILQ_FOREACH_SAFE(t, &r->transfers, next, after) {
        remove_transfer(r, t);
    }
    r->receiving = 0;
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

static void redir_attached(Stm32wbUsb *s)
{
    WbUsbRedir *r = s->redir;

    if (!r->announced) {
        send_interfaces(r);
        send_endpoints(r);
        send_device(r);
        r->announced = true;
        flush(r);
    }
}

static void redir_detached(Stm32wbUsb *s)
{
    WbUsbRedir *r = s->redir;
    Transfer *t, *after;

    QTAILQ_FOREACH_SAFE(t, &r->transfers, next, after) {
        if (r->resetting && r->parser) {
            complete(r, t, usb_redir_ioerror);
        } else {
            remove_transfer(r, t);
        }
    }
    r->receiving = 0;
    if (!r->resetting) { /* perhaps a reset of the machine, which must not send */
        timer_mod_ns(r->gone, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

static void device_gone(void *opaque)
{
    WbUsbRedir *r = opaque;

    if (r->parser && r->announced) {
        r->announced = false;
        usbredirparser_send_device_disconnect(r->parser);
        flush(r);
    }
}

/* ---- control transfers ---- */

static void set_configured(WbUsbRedir *r, unsigned value)
{
    WbUsbHost *h = &r->usb->host;

    h->configured = value;
    memset(h->alternate, 0, sizeof(h->alternate));
    if (value) {
        stm32wb_usb_host_set_pipes(r->usb, -1);
    } else {
        memset(h->pipes, 0, sizeof(h->pipes));
    }
    send_interfaces(r);
    send_endpoints(r);
}

static void set_alternate(WbUsbRedir *r, unsigned interface, unsigned setting)
{
    WbUsbHost *h = &r->usb->host;

    h->alternate[interface % ARRAY_SIZE(h->alternate)] = setting;
    stm32wb_usb_host_set_pipes(r->usb, interface);
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

static void redir_control_done(Stm32wbUsb *s, WbUsbAnswer answer)
{
    WbUsbRedir *r = s->redir;
    Transfer *t = r->control;

    if (!t) {
        return;
    }
    if (answer == USB_ACK) {
        take_effect(r, t);
    }
    complete(r, t, answer == USB_ACK ? usb_redir_success : usb_redir_stall);
    flush(r);
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
        complete(r, t, usb_redir_stall);
    } else if (answer == USB_ACK) {
        if (room) {
            memcpy(t->data + t->done, packet, MIN(length, room));
        }
        t->done += MIN(length, room);
        if (length > room) {
            complete(r, t, usb_redir_babble);
        } else if (length < pipe->size || t->done == t->length) {
            complete(r, t, usb_redir_success);
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
        complete(r, t, usb_redir_stall);
    } else if (answer == USB_ACK) {
        t->done += length;
        if (t->done == t->length) {
            complete(r, t, usb_redir_success);
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

static bool run_data(WbUsbRedir *r)
{
    Transfer *t, *after;
    uint32_t tried = 0; /* pipes: the transfers of one come in order */

    QTAILQ_FOREACH_SAFE(t, &r->transfers, next, after) {
        uint32_t bit = 1u << ((t->ep & 0xf) | (t->ep & 0x80) >> 3);

        if (is_control(t) || (tried & bit)) {
            continue;
        }
        tried |= bit;
        if (t->ep & 0x80 ? run_in(r, t) : run_out(r, t)) {
            return true;
        }
    }
    return receive_interrupts(r);
}

static void redir_transact(Stm32wbUsb *s)
{
    WbUsbRedir *r = s->redir;
    Transfer *t;

    if (!r->parser) {
        return;
    }
    QTAILQ_FOREACH(t, &r->transfers, next) {
        if (is_control(t) && !stm32wb_usb_host_control_busy(s)) {
            begin_control(r, t);
            return;
        }
    }
    if (run_data(r)) {
        flush(r);
    }
}

/* ---- requests of the client ---- */

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    WbUsbRedir *r = priv;

    trace_stm32wb_usb_redir_client("hello");
    r->greeted = true;
}

static void on_reset(void *priv)
{
    WbUsbRedir *r = priv;

    if (r->announced && r->usb->host.configured) {
        r->resetting = true;
        stm32wb_usb_host_reset_bus(r->usb);
        r->resetting = false;
    }
}

static void on_set_configuration(void *priv, uint64_t id,
                                 struct usb_redir_set_configuration_header *h)
{
    WbUsbRedir *r = priv;
    uint8_t value = h->configuration, first = r->usb->host.configuration[5];
    Transfer *t;

    if (value == r->usb->host.configured) { /* as usbredirhost has it */
        reply_configuration(r, id, usb_redir_success);
        return;
    }
    t = value && value != first ? NULL
                                : add_transfer(r, CONFIGURATION, id, 0, 0);
    if (!t) {
        reply_configuration(r, id, usb_redir_inval);
        return;
    }
    t->configuration = value;
}

static void on_get_configuration(void *priv, uint64_t id)
{
    reply_configuration(priv, id, usb_redir_success);
}

static void on_set_alternate(void *priv, uint64_t id,
                             struct usb_redir_set_alt_setting_header *h)
{
    WbUsbRedir *r = priv;
    Transfer *t = h->interface < ARRAY_SIZE(r->usb->host.alternate)
                      ? add_transfer(r, ALTERNATE, id, 0, 0)
                      : NULL;

    if (!t) {
        reply_alternate(r, id, h->interface, usb_redir_inval);
        return;
    }
    t->alternate.interface = h->interface;
    t->alternate.setting = h->alt;
}

static void on_get_alternate(void *priv, uint64_t id,
                             struct usb_redir_get_alt_setting_header *h)
{
    reply_alternate(priv, id, h->interface, usb_redir_success);
}

static void on_start_interrupt(
    void *priv, uint64_t id,
    struct usb_redir_start_interrupt_receiving_header *h)
{
    WbUsbRedir *r = priv;
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(r->usb, h->endpoint);
    bool fits = (h->endpoint & 0x80) && pipe->ep == h->endpoint &&
                pipe->type == WB_USB_INTERRUPT;
    struct usb_redir_interrupt_receiving_status_header status = {
        .status = fits ? usb_redir_success : usb_redir_inval,
        .endpoint = h->endpoint,
    };

    if (fits) {
        r->receiving |= 1u << (h->endpoint & 0xf);
    }
    usbredirparser_send_interrupt_receiving_status(r->parser, id, &status);
}

static void on_stop_interrupt(
    void *priv, uint64_t id,
    struct usb_redir_stop_interrupt_receiving_header *h)
{
    WbUsbRedir *r = priv;
    struct usb_redir_interrupt_receiving_status_header status = {
        .status = usb_redir_success,
        .endpoint = h->endpoint,
    };

    r->receiving &= ~(1u << (h->endpoint & 0xf));
    usbredirparser_send_interrupt_receiving_status(r->parser, id, &status);
}

static void on_cancel(void *priv, uint64_t id)
{
    WbUsbRedir *r = priv;
    Transfer *t;

    QTAILQ_FOREACH(t, &r->transfers, next) {
        if (t->id == id) {
            if (t == r->control) {
                stm32wb_usb_host_control_abort(r->usb);
            }
            complete(r, t, usb_redir_cancelled);
            return;
        }
    }
}

static void on_control(void *priv, uint64_t id,
                       struct usb_redir_control_packet_header *h, uint8_t *data,
                       int data_len)
{
    WbUsbRedir *r = priv;
    bool in = h->endpoint & 0x80;
    Transfer *t = NULL;

    if (!(h->endpoint & 0xf) && in == (bool)(h->requesttype & 0x80) &&
        h->length <= WB_USB_CONTROL_MAX && data_len == (in ? 0 : h->length)) {
        t = add_transfer(r, CONTROL, id, h->endpoint, h->length);
    }
    if (t) {
        t->control = *h;
        if (data_len > 0) {
            memcpy(t->data, data, data_len);
        }
    } else {
        h->status = usb_redir_inval;
        h->length = 0;
        usbredirparser_send_control_packet(r->parser, id, h, NULL, 0);
    }
    usbredirparser_free_packet_data(r->parser, data);
}

static Transfer *add_data(WbUsbRedir *r, TransferKind kind, uint64_t id,
                          unsigned ep, uint32_t length, const uint8_t *data,
                          int data_len)
{
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(r->usb, ep);
    unsigned type = kind == BULK ? WB_USB_BULK : WB_USB_INTERRUPT;
    bool in = ep & 0x80;
    Transfer *t;

    if (!pipe->ep || pipe->ep != ep || pipe->type != type ||
        data_len != (in ? 0 : length)) {
        return NULL;
    }
    t = add_transfer(r, kind, id, ep, length);
    if (t && data_len > 0) {
        memcpy(t->data, data, data_len);
    }
    return t;
}

static void on_bulk(void *priv, uint64_t id,
                    struct usb_redir_bulk_packet_header *h, uint8_t *data,
                    int data_len)
{
    WbUsbRedir *r = priv;
    uint32_t length = h->length;
    Transfer *t;

    if (usbredirparser_peer_has_cap(r->parser,
                                    usb_redir_cap_32bits_bulk_length)) {
        length |= (uint32_t)h->length_high << 16;
    }
    t = add_data(r, BULK, id, h->endpoint, length, data, data_len);
    if (t) {
        t->bulk = *h;
    } else {
        h->status = usb_redir_inval;
        h->length = h->length_high = 0;
        usbredirparser_send_bulk_packet(r->parser, id, h, NULL, 0);
    }
    usbredirparser_free_packet_data(r->parser, data);
}

static void on_interrupt(void *priv, uint64_t id,
                         struct usb_redir_interrupt_packet_header *h,
                         uint8_t *data, int data_len)
{
    WbUsbRedir *r = priv;
    Transfer *t = NULL;

    if (!(h->endpoint & 0x80)) {
        t = add_data(r, INTERRUPT, id, h->endpoint, h->length, data, data_len);
    }
    if (t) {
        t->interrupt = *h;
    } else {
        h->status = usb_redir_inval;
        h->length = 0;
        usbredirparser_send_interrupt_packet(r->parser, id, h, NULL, 0);
    }
    usbredirparser_free_packet_data(r->parser, data);
}

/* ---- what is not there ---- */

static void on_start_iso(void *priv, uint64_t id,
                         struct usb_redir_start_iso_stream_header *h)
{
    struct usb_redir_iso_stream_status_header status = {
        .status = usb_redir_inval,
        .endpoint = h->endpoint,
    };

    usbredirparser_send_iso_stream_status(((WbUsbRedir *)priv)->parser, id,
                                          &status);
}

static void on_stop_iso(void *priv, uint64_t id,
                        struct usb_redir_stop_iso_stream_header *h)
{
}

static void on_iso(void *priv, uint64_t id,
                   struct usb_redir_iso_packet_header *h, uint8_t *data,
                   int data_len)
{
    usbredirparser_free_packet_data(((WbUsbRedir *)priv)->parser, data);
}

static void on_alloc_streams(void *priv, uint64_t id,
                             struct usb_redir_alloc_bulk_streams_header *h)
{
}

static void on_free_streams(void *priv, uint64_t id,
                            struct usb_redir_free_bulk_streams_header *h)
{
}

static void on_start_bulk(void *priv, uint64_t id,
                          struct usb_redir_start_bulk_receiving_header *h)
{
}

static void on_stop_bulk(void *priv, uint64_t id,
                         struct usb_redir_stop_bulk_receiving_header *h)
{
}

static void on_reject(void *priv)
{
    trace_stm32wb_usb_redir_client("refuses the device");
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int count)
{
    free(rules);
}

static void on_disconnect_ack(void *priv)
{
}

/* ---- the connection ---- */

static void say(void *priv, int level, const char *message)
{
    if (level <= usbredirparser_warning) {
        trace_stm32wb_usb_redir_client(message);
    }
}

static int take_input(void *priv, uint8_t *data, int count)
{
    WbUsbRedir *r = priv;

    count = MIN(count, r->input_left);
    memcpy(data, r->input, count);
    r->input += count;
    r->input_left -= count;
    return count;
}

static int put_output(void *priv, uint8_t *data, int count)
{
    WbUsbRedir *r = priv;

    qemu_chr_fe_write_all(&r->usb->redir_chr, data, count);
    return count;
}

static void set_callbacks(struct usbredirparser *p)
{
    p->log_func = say;
    p->read_func = take_input;
    p->write_func = put_output;
    p->hello_func = on_hello;
    p->reset_func = on_reset;
    p->set_configuration_func = on_set_configuration;
    p->get_configuration_func = on_get_configuration;
    p->set_alt_setting_func = on_set_alternate;
    p->get_alt_setting_func = on_get_alternate;
    p->start_interrupt_receiving_func = on_start_interrupt;
    p->stop_interrupt_receiving_func = on_stop_interrupt;
    p->cancel_data_packet_func = on_cancel;
    p->control_packet_func = on_control;
    p->bulk_packet_func = on_bulk;
    p->interrupt_packet_func = on_interrupt;
    p->start_iso_stream_func = on_start_iso;
    p->stop_iso_stream_func = on_stop_iso;
    p->iso_packet_func = on_iso;
    p->alloc_bulk_streams_func = on_alloc_streams;
    p->free_bulk_streams_func = on_free_streams;
    p->start_bulk_receiving_func = on_start_bulk;
    p->stop_bulk_receiving_func = on_stop_bulk;
    p->filter_reject_func = on_reject;
    p->filter_filter_func = on_filter;
    p->device_disconnect_ack_func = on_disconnect_ack;
}

static void open_connection(WbUsbRedir *r)
{
    static const uint8_t capabilities[] = {
        usb_redir_cap_connect_device_version,
        usb_redir_cap_device_disconnect_ack,
        usb_redir_cap_ep_info_max_packet_size,
        usb_redir_cap_64bits_ids,
        usb_redir_cap_32bits_bulk_length,
    };
    uint32_t caps[USB_REDIR_CAPS_SIZE] = { 0 };

    r->parser = usbredirparser_create();
    if (!r->parser) {
        return;
    }
    r->parser->priv = r;
    set_callbacks(r->parser);
    for (int i = 0; i < ARRAY_SIZE(capabilities); i++) {
        usbredirparser_caps_set_cap(caps, capabilities[i]);
    }
    usbredirparser_init(r->parser, "Orrery stm32wb55", caps,
                        USB_REDIR_CAPS_SIZE, usbredirparser_fl_usb_host);
}

static void close_connection(WbUsbRedir *r)
{
    forget_transfers(r);
    r->greeted = r->announced = false;
    r->interrupt_id = 0;
    if (r->parser) {
        usbredirparser_destroy(r->parser);
        r->parser = NULL;
    }
}

static bool redir_plugged(Stm32wbUsb *s)
{
    return s->redir && s->redir->greeted;
}

static int redir_can_receive(void *opaque)
{
    return 4096;
}

static void redir_receive(void *opaque, const uint8_t *data, int size)
{
    Stm32wbUsb *s = opaque;
    WbUsbRedir *r = s->redir;

    if (!r->parser) {
        open_connection(r);
    }
    r->input = data;
    r->input_left = size;
    while (r->parser && r->input_left > 0 &&
           usbredirparser_do_read(r->parser) != usbredirparser_read_io_error) {
        /* what does not parse is skipped */
    }
    flush(r);
    if (r->count) {
        stm32wb_usb_host_ready(s); /* wakes it */
    }
    stm32wb_usb_host_look(s);
}

static void redir_event(void *opaque, QEMUChrEvent event)
{
    Stm32wbUsb *s = opaque;

    if (event == CHR_EVENT_BREAK) {
        trace_stm32wb_usb_redir_client("has come or gone");
        close_connection(s->redir);
        stm32wb_usb_host_look(s);
    }
}

void stm32wb_usb_redir_realize(Stm32wbUsb *s)
{
    WbUsbRedir *r;

    if (!qemu_chr_fe_backend_connected(&s->redir_chr)) {
        return;
    }
    r = s->redir = g_new0(WbUsbRedir, 1);
    r->usb = s;
    r->gone = timer_new_ns(QEMU_CLOCK_VIRTUAL, device_gone, r);
    QTAILQ_INIT(&r->transfers);
    qemu_chr_fe_set_handlers(&s->redir_chr, redir_can_receive, redir_receive,
                             redir_event, NULL, s, NULL, true);
}

void stm32wb_usb_redir_finish(Stm32wbUsb *s)
{
    if (s->redir) {
        close_connection(s->redir);
        timer_free(s->redir->gone);
        g_free(s->redir);
        s->redir = NULL;
    }
}

const WbUsbDriver stm32wb_usb_redir_driver = {
    .plugged = redir_plugged,
    .attached = redir_attached,
    .detached = redir_detached,
    .control_done = redir_control_done,
    .transact = redir_transact,
};
