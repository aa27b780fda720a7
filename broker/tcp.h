/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.h - a serial port on loopback TCP: one client at a time. */
#ifndef ORRERY_BROKER_TCP_H
#define ORRERY_BROKER_TCP_H

#include "io.h"

typedef void (*tcp_fn)(void *opaque, int fd);

struct tcp {
    int listener, client; /* -1: none */
    struct io_watch *watch;
    unsigned port;
    tcp_fn fn;
    void *opaque;
};

void orrery_tcp_init(struct tcp *tcp);
/* port 0: any free one. fn: a client came, fd is nonblocking and stays tcp's. */
bool orrery_tcp_listen(struct tcp *tcp, struct io *io, unsigned port, tcp_fn fn, void *opaque,
                       struct orrery_error *err);
/* The client is gone, or to go: the next may come. Its fd must not be watched any more. */
void orrery_tcp_hang_up(struct tcp *tcp);
void orrery_tcp_close(struct tcp *tcp);

#endif
