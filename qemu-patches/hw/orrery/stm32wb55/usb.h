/*
 * STM32WB55 USB full-speed device, and the host at the other end of its cable
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   usb.c        the peripheral: registers, packet memory, what an endpoint answers
 *   usb-host.c   the host controller and hub: reset, frames, suspend, control transfers, enumeration
 *   usb-class.c  a driver of the host: CDC ACM or HID, whose data is a serial port
 *   usb-redir.c  another: hands the device to a usbredir client outside (usb-redir-transfer.c, too)
 */
#ifndef HW_ORRERY_STM32WB55_USB_H
#define HW_ORRERY_STM32WB55_USB_H

#include "chardev/char-fe.h"
#include "qemu/timer.h"
#include "block.h"

#define WB_USB_ENDPOINTS 8
#define WB_USB_PMA 1024
#define WB_USB_PIPES 32
#define WB_USB_CONTROL_MAX 4096
#define WB_USB_CONFIGURATION_MAX 1024
#define WB_USB_PACKET_MAX 1024
#define WB_USB_FIFO 1024

#define TYPE_STM32WB_USB "stm32wb-usb"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbUsb, STM32WB_USB)

/* What a device answers to a token. */
typedef enum WbUsbAnswer { USB_ACK, USB_NAK, USB_STALL, USB_SILENCE } WbUsbAnswer;

enum { WB_USB_CONTROL, WB_USB_ISO, WB_USB_BULK, WB_USB_INTERRUPT }; /* bmAttributes */

enum { /* requests and descriptors */
    WB_USB_CLEAR_FEATURE = 1,
    WB_USB_SET_FEATURE = 3,
    WB_USB_SET_ADDRESS = 5,
    WB_USB_GET_DESCRIPTOR = 6,
    WB_USB_SET_CONFIGURATION = 9,
    WB_USB_SET_INTERFACE = 11,
    WB_USB_DESC_DEVICE = 1,
    WB_USB_DESC_CONFIGURATION = 2,
    WB_USB_DESC_STRING = 3,
    WB_USB_DESC_INTERFACE = 4,
    WB_USB_DESC_ENDPOINT = 5,
};

/* An endpoint of the device, as the host has it. */
typedef struct WbUsbPipe {
    uint8_t ep; /* its address, bit 7: IN; 0: there is none */
    uint8_t type;
    uint8_t interface;
    uint8_t interval; /* bInterval: of an interrupt endpoint frames, of an isochronous one their log2 + 1 */
    uint8_t toggle;
    uint8_t polled; /* in this frame */
    uint16_t size;  /* of a packet */
} WbUsbPipe;

/* What uses the device once it is configured. */
typedef struct WbUsbDriver {
    bool (*plugged)(Stm32wbUsb *s); /* is there a cable? */
    void (*attached)(Stm32wbUsb *s);
    void (*detached)(Stm32wbUsb *s); /* by a reset of the bus too; also when it was not there */
    /* The control transfer that it began is over; @answer is USB_ACK or USB_STALL. */
    void (*control_done)(Stm32wbUsb *s, WbUsbAnswer answer);
    /* Try one transaction. */
    void (*transact)(Stm32wbUsb *s);
} WbUsbDriver;

typedef struct WbUsbHost {
    const WbUsbDriver *driver;
    QEMUTimer *timer; /* the next thing to do on the bus */
    QEMUTimer *frame; /* the next start of frame, or where it would be */
    uint8_t phase;
    int64_t busy_until; /* the bus, ns */
    int64_t used_ns;    /* the last transaction */
    uint32_t frames;

    uint8_t step;  /* of enumeration */
    uint8_t stage; /* of the control transfer */
    uint8_t address;
    uint8_t toggle;
    uint8_t setup[8];
    uint8_t data[WB_USB_CONTROL_MAX];
    uint16_t length, done;

    uint8_t size0; /* of endpoint 0's packets */
    uint8_t device[18];
    uint8_t configuration[WB_USB_CONFIGURATION_MAX];
    uint16_t configuration_length;
    uint8_t configured; /* bConfigurationValue */
    uint8_t alternate[32]; /* of each interface */
    WbUsbPipe pipes[WB_USB_PIPES];
} WbUsbHost;

/* The driver of CDC ACM and HID. */
typedef struct WbUsbClass {
    CharBackend chr;
    uint8_t kind;
    uint8_t step;
    uint8_t interface;
    uint8_t in, out, notify; /* endpoints; 0: none */
    uint16_t report_length; /* of HID's report descriptor */
    uint8_t fifo[WB_USB_FIFO]; /* from the chardev to OUT */
    uint32_t first, count;
} WbUsbClass;

typedef struct WbUsbRedir WbUsbRedir;

struct Stm32wbUsb {
    Stm32wbBlock parent_obj;

    qemu_irq irq[2]; /* high and low priority */
    qemu_irq wakeup;
    qemu_irq sof;
    uint16_t ep[WB_USB_ENDPOINTS];
    uint16_t cntr, istr, fnr, daddr, btable, lpmcsr, bcdr;
    uint8_t missed; /* frames without a start, up to 3 */
    bool k_state;   /* the host signals resume */
    uint8_t pma[WB_USB_PMA];

    uint32_t autosuspend_ms; /* 0: never */
    WbUsbHost host;
    WbUsbClass class;
    CharBackend redir_chr;
    WbUsbRedir *redir;
};

/* ---- usb.c, for the host ---- */

/* The pull-up shows on the cable: somebody is there. */
bool stm32wb_usb_connected(Stm32wbUsb *s);
void stm32wb_usb_bus_reset(Stm32wbUsb *s);
void stm32wb_usb_start_of_frame(Stm32wbUsb *s, unsigned number);
/* A millisecond without a start of frame. */
void stm32wb_usb_missed_frame(Stm32wbUsb *s);
/* Would the device notice another one? */
bool stm32wb_usb_counts_missed(Stm32wbUsb *s);
/* The host signals resume, until it is called with false. */
void stm32wb_usb_resume(Stm32wbUsb *s, bool on);

WbUsbAnswer stm32wb_usb_setup(Stm32wbUsb *s, unsigned address,
                              const uint8_t *data);
WbUsbAnswer stm32wb_usb_out(Stm32wbUsb *s, unsigned address, unsigned ep,
                            bool toggle, const uint8_t *data, unsigned length);
/* @data has room for WB_USB_PACKET_MAX bytes. */
WbUsbAnswer stm32wb_usb_in(Stm32wbUsb *s, unsigned address, unsigned ep,
                           bool *toggle, uint8_t *data, unsigned *length);

/* ---- usb-host.c, for the device ---- */

void stm32wb_usb_host_init(Stm32wbUsb *s);
void stm32wb_usb_host_finish(Stm32wbUsb *s);
void stm32wb_usb_host_reset(Stm32wbUsb *s);
/* The device may answer otherwise now, or has come or gone; or the driver has something to do. */
void stm32wb_usb_host_look(Stm32wbUsb *s);
/* The device signals resume (RM0434 "Suspend/resume events"). */
void stm32wb_usb_host_remote_wakeup(Stm32wbUsb *s);

extern const VMStateDescription stm32wb_usb_host_vmstate;

/* ---- usb-host.c, for its driver ---- */

/* The pipe of endpoint @ep; its member ep is 0 if the configuration has no such endpoint. */
WbUsbPipe *stm32wb_usb_host_pipe(Stm32wbUsb *s, unsigned ep);
/* Pipes of the chosen alternate settings; toggles start anew where @interface is, -1: everywhere */
void stm32wb_usb_host_set_pipes(Stm32wbUsb *s, int interface);
/* The next descriptor after @at bytes of the configuration, or NULL. */
const uint8_t *stm32wb_usb_host_descriptor(Stm32wbUsb *s, unsigned *at);
/* Begin a control transfer: @length bytes from or to host.data, by the direction in @type. */
void stm32wb_usb_host_control(Stm32wbUsb *s, uint8_t type, uint8_t code,
                              uint16_t value, uint16_t index, uint16_t length);
bool stm32wb_usb_host_control_busy(Stm32wbUsb *s);
void stm32wb_usb_host_control_abort(Stm32wbUsb *s);
/* One transaction; of what is not USB_ACK nor USB_STALL the device has seen nothing. */
WbUsbAnswer stm32wb_usb_host_in(Stm32wbUsb *s, unsigned ep, uint8_t *data,
                                unsigned *length);
WbUsbAnswer stm32wb_usb_host_out(Stm32wbUsb *s, unsigned ep,
                                 const uint8_t *data, unsigned length);
/* Configured, not suspended: the driver may work. Wakes a suspended device. */
bool stm32wb_usb_host_ready(Stm32wbUsb *s);
/* Reset and enumerate once more; the driver hears of it as detached and attached. */
void stm32wb_usb_host_reset_bus(Stm32wbUsb *s);

/* ---- the drivers ---- */

extern const WbUsbDriver stm32wb_usb_class_driver;
extern const VMStateDescription stm32wb_usb_class_vmstate;
void stm32wb_usb_class_realize(Stm32wbUsb *s);

extern const WbUsbDriver stm32wb_usb_redir_driver;
void stm32wb_usb_redir_realize(Stm32wbUsb *s);
void stm32wb_usb_redir_finish(Stm32wbUsb *s);

#endif
