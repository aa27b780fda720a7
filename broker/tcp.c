/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void orrery_tcp_init(struct tcp *tcp)
{
    *tcp = (struct tcp){.listener = -1, .client = -1};
}

static void came(void *opaque, unsigned events)
{
    struct tcp *tcp = opaque;
    int one = 1, fd = accept4(tcp->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    if (tcp->client >= 0) {
        close(fd); /* a serial port has one other end */
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    tcp->client = fd;
    tcp->fn(tcp->opaque, fd);
}

bool orrery_tcp_listen(struct tcp *tcp, struct io *io, unsigned port, tcp_fn fn, void *opaque,
                       struct orrery_error *err)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int one = 1;

    tcp->fn = fn;
    tcp->opaque = opaque;
    tcp->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (tcp->listener < 0 ||
        setsockopt(tcp->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(tcp->listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        listen(tcp->listener, 4) < 0 ||
        getsockname(tcp->listener, (struct sockaddr *)&addr, &len) < 0) {
        snprintf(err->text, sizeof(err->text), "127.0.0.1:%u: %s", port, strerror(errno));
        orrery_tcp_close(tcp);
        return false;
    }
    tcp->port = ntohs(addr.sin_port);
    tcp->watch = orrery_io_watch(io, tcp->listener, IO_IN, came, tcp);
    return true;
}

void orrery_tcp_hang_up(struct tcp *tcp)
{
    if (tcp->client >= 0) {
        close(tcp->client);
        tcp->client = -1;
    }
}

void orrery_tcp_close(struct tcp *tcp)
{
    orrery_tcp_hang_up(tcp);
    orrery_io_unwatch(tcp->watch);
    tcp->watch = NULL;
    if (tcp->listener >= 0) {
        close(tcp->listener);
        tcp->listener = -1;
    }
}
