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
 * Not there: bulk streams, buffered bulk receiving, other configurations than
 * the first (and none).
 */
#include "qemu/osdep.h"
#include "hw/orrery/trace.h"
#include "usb-redir.h"

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
        wb_redir_reply_configuration(r, id, usb_redir_success);
        return;
    }
    t = value && value != first ? NULL
                                : wb_redir_add_transfer(r, CONFIGURATION, id, 0, 0);
    if (!t) {
        wb_redir_reply_configuration(r, id, usb_redir_inval);
        return;
    }
    t->configuration = value;
}

static void on_get_configuration(void *priv, uint64_t id)
{
    wb_redir_reply_configuration(priv, id, usb_redir_success);
}

static void on_set_alternate(void *priv, uint64_t id,
                             struct usb_redir_set_alt_setting_header *h)
{
    WbUsbRedir *r = priv;
    Transfer *t = h->interface < ARRAY_SIZE(r->usb->host.alternate)
                      ? wb_redir_add_transfer(r, ALTERNATE, id, 0, 0)
                      : NULL;

    if (!t) {
        wb_redir_reply_alternate(r, id, h->interface, usb_redir_inval);
        return;
    }
    t->alternate.interface = h->interface;
    t->alternate.setting = h->alt;
}

static void on_get_alternate(void *priv, uint64_t id,
                             struct usb_redir_get_alt_setting_header *h)
{
    wb_redir_reply_alternate(priv, id, h->interface, usb_redir_success);
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
            wb_redir_complete(r, t, usb_redir_cancelled);
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
        t = wb_redir_add_transfer(r, CONTROL, id, h->endpoint, h->length);
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
    t = wb_redir_add_transfer(r, kind, id, ep, length);
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

/* ---- isochronous streams: a packet an interval, as long as they run ---- */

#define ISO_PACKETS_MAX 64 /* on their way to an endpoint */

/* The endpoint's bit of @streaming; 0: it is not isochronous. */
static uint32_t stream_bit(WbUsbRedir *r, unsigned ep)
{
    WbUsbPipe *pipe = stm32wb_usb_host_pipe(r->usb, ep);

    return pipe->ep == ep && pipe->type == WB_USB_ISO
               ? 1u << (pipe - r->usb->host.pipes)
               : 0;
}

static void reply_stream(WbUsbRedir *r, uint64_t id, unsigned ep, int status)
{
    struct usb_redir_iso_stream_status_header header = {
        .status = status,
        .endpoint = ep,
    };

    usbredirparser_send_iso_stream_status(r->parser, id, &header);
}

static void on_start_iso(void *priv, uint64_t id,
                         struct usb_redir_start_iso_stream_header *h)
{
    WbUsbRedir *r = priv;
    uint32_t bit = stream_bit(r, h->endpoint);

    r->streaming |= bit;
    reply_stream(r, id, h->endpoint, bit ? usb_redir_success : usb_redir_inval);
}

static void on_stop_iso(void *priv, uint64_t id,
                        struct usb_redir_stop_iso_stream_header *h)
{
    WbUsbRedir *r = priv;
    uint32_t bit = stream_bit(r, h->endpoint);

    r->streaming &= ~bit;
    wb_redir_drop_packets(r, h->endpoint);
    reply_stream(r, id, h->endpoint, bit ? usb_redir_success : usb_redir_inval);
}

static unsigned packets_waiting(WbUsbRedir *r, unsigned ep)
{
    unsigned n = 0;
    Transfer *t;

    QTAILQ_FOREACH(t, &r->transfers, next) {
        n += t->kind == ISOCHRONOUS && t->ep == ep;
    }
    return n;
}

static void on_iso(void *priv, uint64_t id,
                   struct usb_redir_iso_packet_header *h, uint8_t *data,
                   int data_len)
{
    WbUsbRedir *r = priv;
    Transfer *t = NULL;

    /* what is too much is lost, as on the bus */
    if ((r->streaming & stream_bit(r, h->endpoint)) && !(h->endpoint & 0x80) &&
        data_len == h->length &&
        data_len <= stm32wb_usb_host_pipe(r->usb, h->endpoint)->size &&
        packets_waiting(r, h->endpoint) < ISO_PACKETS_MAX) {
        t = wb_redir_add_transfer(r, ISOCHRONOUS, id, h->endpoint, data_len);
    }
    if (t && data_len > 0) {
        memcpy(t->data, data, data_len);
    }
    usbredirparser_free_packet_data(r->parser, data);
}

/* ---- what is not there ---- */

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
    wb_redir_forget_transfers(r);
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
    wb_redir_flush(r);
    if (r->count || r->streaming) {
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
    r->gone = timer_new_ns(QEMU_CLOCK_VIRTUAL, wb_redir_device_gone, r);
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
    .attached = wb_redir_attached,
    .detached = wb_redir_detached,
    .control_done = wb_redir_control_done,
    .transact = wb_redir_transact,
};
