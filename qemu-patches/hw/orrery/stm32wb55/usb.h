/*
 * STM32WB55 USB full-speed device, and the host at the other end of its cable
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * usb.c is the peripheral: registers, packet memory, what an endpoint answers. usb-host.c is the
 * host: frames, transfers, enumeration and a driver for CDC ACM.
 */
#ifndef HW_ORRERY_STM32WB55_USB_H
#define HW_ORRERY_STM32WB55_USB_H

#include "chardev/char-fe.h"
#include "qemu/timer.h"
#include "block.h"

#define WB_USB_ENDPOINTS 8
#define WB_USB_PMA 1024
#define WB_USB_CONTROL_MAX 512
#define WB_USB_FIFO 1024

#define TYPE_STM32WB_USB "stm32wb-usb"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbUsb, STM32WB_USB)

/* What a device answers to a token. */
typedef enum WbUsbAnswer { USB_ACK, USB_NAK, USB_STALL, USB_SILENCE } WbUsbAnswer;

/* A bulk pipe of the driver. */
typedef struct WbUsbPipe {
    uint8_t ep; /* 0: none */
    uint8_t toggle;
    uint16_t size; /* of a packet */
} WbUsbPipe;

typedef struct WbUsbHost {
    CharBackend chr;  /* the serial stream of the CDC device; without it no host is there */
    QEMUTimer *timer; /* the next thing to do on the bus */
    QEMUTimer *frame; /* the next start of frame */
    uint8_t phase;
    int64_t busy_until; /* the bus, ns */
    uint16_t frame_number;

    uint8_t step; /* of enumeration */
    uint8_t stage; /* of the control transfer */
    uint8_t address, new_address;
    uint8_t toggle;
    uint8_t setup[8];
    uint8_t data[WB_USB_CONTROL_MAX];
    uint16_t length, done;

    uint8_t size0; /* of endpoint 0's packets */
    uint8_t configuration;
    uint8_t interface; /* CDC's */
    uint16_t total; /* length of the configuration descriptor */
    WbUsbPipe in, out;
    uint8_t fifo[WB_USB_FIFO]; /* from the chardev to OUT */
    uint32_t first, count;
} WbUsbHost;

struct Stm32wbUsb {
    Stm32wbBlock parent_obj;

    qemu_irq irq[2]; /* high and low priority */
    qemu_irq wakeup;
    uint16_t ep[WB_USB_ENDPOINTS];
    uint16_t cntr, istr, fnr, daddr, btable, lpmcsr, bcdr;
    uint8_t pma[WB_USB_PMA];
    WbUsbHost host;
};

/* ---- usb.c, for the host ---- */

/* The pull-up shows on the cable: somebody is there. */
bool stm32wb_usb_connected(Stm32wbUsb *s);
void stm32wb_usb_bus_reset(Stm32wbUsb *s);
void stm32wb_usb_start_of_frame(Stm32wbUsb *s, unsigned number);
void stm32wb_usb_idle(Stm32wbUsb *s); /* for 3 ms */

WbUsbAnswer stm32wb_usb_setup(Stm32wbUsb *s, unsigned address,
                              const uint8_t *data);
WbUsbAnswer stm32wb_usb_out(Stm32wbUsb *s, unsigned address, unsigned ep,
                            bool toggle, const uint8_t *data, unsigned length);
/* @data has room for 1023 bytes. */
WbUsbAnswer stm32wb_usb_in(Stm32wbUsb *s, unsigned address, unsigned ep,
                           bool *toggle, uint8_t *data, unsigned *length);

/* ---- usb-host.c ---- */

void stm32wb_usb_host_init(Stm32wbUsb *s);
void stm32wb_usb_host_realize(Stm32wbUsb *s);
void stm32wb_usb_host_finish(Stm32wbUsb *s);
void stm32wb_usb_host_reset(Stm32wbUsb *s);
/* The device may answer otherwise now, or has come or gone. */
void stm32wb_usb_host_look(Stm32wbUsb *s);

extern const VMStateDescription stm32wb_usb_host_vmstate;

#endif
