/*
 * Orrery: a UART link, for device models of our own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A chardev carries bytes. A model that shifts frames itself (and has a chardev property, so that
 * any other backend works too) asks whether that chardev is a port of a link, and then sends and
 * receives whole frames: baud, format, parity, break and noise travel with them.
 */
#ifndef HW_ORRERY_PORT_H
#define HW_ORRERY_PORT_H

#include "qemu/host-utils.h"
#include "chardev/char.h"
#include "ipc/orrery.h"

typedef struct OrreryPort OrreryPort;

/* Called in the vCPU thread with the BQL when the frame ends, at @end_ns. */
typedef void OrreryPortFrameFn(void *opaque, const struct orrery_uart_frame *frame,
                               uint64_t end_ns);

/* @chr as a port, or NULL when it is something else (or NULL). */
OrreryPort *orrery_port_of(Chardev *chr);

/* Frames go to @receive from now on, not to the chardev's frontend. */
void orrery_port_on_frame(OrreryPort *p, OrreryPortFrameFn *receive,
                          void *opaque);

/*
 * A frame that starts now and ends at @end_ns. A frame shorter than the link's minimum latency
 * still takes that, and is counted (when by more than 3 %). vCPU thread only.
 */
void orrery_port_send(OrreryPort *p, const struct orrery_uart_frame *frame,
                      uint64_t end_ns);

/*
 * This end is set to ISO 7816-3, or to UART. Where the link is of the other mode, or the other end by
 * what @came from it (NULL: nothing), no frame can be read: the run ends with a line that says so.
 */
void orrery_port_check_mode(OrreryPort *p, bool iso7816,
                            const struct orrery_uart_frame *came);

/* No frame arrives sooner than this after its start. */
uint64_t orrery_port_latency(OrreryPort *p);
/* Baud of the link, which a sender that leaves its own open has. */
uint32_t orrery_port_baud(OrreryPort *p);

/* ---- what a receiver makes of a frame ---- */

static inline bool orrery_uart_odd(unsigned bits)
{
    return ctpop32(bits) & 1;
}

/* The level during the sender's bit @n; 0 is the start bit. */
static inline bool orrery_uart_level(const struct orrery_uart_frame *f, unsigned n)
{
    if (n == 0) {
        return false;
    }
    if (n <= f->data_bits) {
        return f->data >> (n - 1) & 1;
    }
    if (n == f->data_bits + 1 && f->parity != 'N') {
        return orrery_uart_odd(f->data) ^ (f->parity == 'O') ^
               !!(f->flags & ORRERY_UART_PARITY_ERROR);
    }
    return true;
}

/* More than 3 % apart, and the last samples leave their bits. */
static inline bool orrery_uart_baud_differs(uint32_t a, uint32_t b)
{
    uint32_t high = MAX(a, b), low = MIN(a, b);

    return (uint64_t)(high - low) * 100 > (uint64_t)high * 3;
}

/* What a port leaves open is as the receiver's @own. */
static inline void orrery_uart_complete(struct orrery_uart_frame *f,
                                        const struct orrery_uart_frame *own)
{
    f->baud = f->baud ? f->baud : own->baud;
    if (!f->data_bits || f->data_bits > 9) {
        f->data_bits = own->data_bits;
    }
    if (f->parity != 'N' && f->parity != 'E' && f->parity != 'O') {
        f->parity = own->parity;
    }
    f->data &= (1u << f->data_bits) - 1;
}

/* The receiver had no room, or the frame was of another baud or format: count it. */
void orrery_port_count(OrreryPort *p, enum orrery_lane_event what);

#endif
