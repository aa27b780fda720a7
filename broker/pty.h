/* SPDX-License-Identifier: Apache-2.0 */
/* pty.h - a pseudo-terminal as a serial port: raw, and its settings are the wire's. */
#ifndef ORRERY_BROKER_PTY_H
#define ORRERY_BROKER_PTY_H

#include <stdint.h>

#include "plan.h"

struct pty {
    int master, slave;    /* slave stays open, so that the master never hangs up */
    char path[64];        /* of the slave */
    uint32_t cflag, baud; /* as we set them */
};

/* Make one, set to format. False with err filled. */
bool orrery_pty_open(struct pty *pty, const struct uart_format *format, struct orrery_error *err);
void orrery_pty_close(struct pty *pty);

/*
 * What the user's terminal program has set; format itself while nobody has set anything. Baud
 * and stop bits, that is: the kernel keeps no parity and no character size for a pty.
 */
struct uart_format orrery_pty_format(const struct pty *pty, const struct uart_format *format);

#endif
