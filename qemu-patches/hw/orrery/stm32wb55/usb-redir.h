/*
 * STM32WB55 USB: the device handed to a usbredir client, between the two files of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * usb-redir.c has the connection and what the client asks for; usb-redir-transfer.c carries it out
 * and tells the client of the device.
 */
#ifndef HW_ORRERY_STM32WB55_USB_REDIR_H
#define HW_ORRERY_STM32WB55_USB_REDIR_H

#include "qemu/queue.h"
#include "usb.h"
#include <usbredirparser.h>

typedef enum TransferKind {
    CONTROL,
    CONFIGURATION,
    ALTERNATE,
    BULK,
    INTERRUPT,
    ISOCHRONOUS, /* a packet to the device */
} TransferKind;

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
    uint32_t streaming; /* isochronous endpoints, by pipe */
    uint32_t iso_id;
};

/* NULL: too much is under way. */
Transfer *wb_redir_add_transfer(WbUsbRedir *r, TransferKind kind, uint64_t id,
                                unsigned ep, uint32_t length);
void wb_redir_flush(WbUsbRedir *r);
/* Isochronous packets to @ep that are waiting are dropped. */
void wb_redir_drop_packets(WbUsbRedir *r, unsigned ep);
void wb_redir_reply_configuration(WbUsbRedir *r, uint64_t id, int status);
void wb_redir_reply_alternate(WbUsbRedir *r, uint64_t id, unsigned interface,
                              int status);
void wb_redir_complete(WbUsbRedir *r, Transfer *t, int status);
void wb_redir_forget_transfers(WbUsbRedir *r);
void wb_redir_attached(Stm32wbUsb *s);
void wb_redir_detached(Stm32wbUsb *s);
void wb_redir_device_gone(void *opaque);
void wb_redir_control_done(Stm32wbUsb *s, WbUsbAnswer answer);
void wb_redir_transact(Stm32wbUsb *s);

#endif
