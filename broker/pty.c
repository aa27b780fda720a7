/* SPDX-License-Identifier: Apache-2.0 */
#include "pty.h"

/* For termios2, which has any baud rate; it cannot be mixed with termios.h. */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_FLAGS (CSIZE | PARENB | PARODD | CSTOPB)

static uint32_t flags_of(const struct uart_format *format)
{
    uint32_t flags = format->data_bits <= 5   ? CS5
                     : format->data_bits == 6 ? CS6
                     : format->data_bits == 7 ? CS7
                                              : CS8;

    flags |= format->parity == 'N' ? 0 : PARENB;
    flags |= format->parity == 'O' ? PARODD : 0;
    flags |= format->stop_halves > 2 ? CSTOPB : 0;
    return flags;
}

/* Its own constant where there is one: stty shows 0 for the others. */
static uint32_t speed_of(uint32_t baud)
{
    static const struct {
        uint32_t baud, flag;
    } known[] = {
        {1200, B1200},     {2400, B2400},     {4800, B4800},     {9600, B9600},
        {19200, B19200},   {38400, B38400},   {57600, B57600},   {115200, B115200},
        {230400, B230400}, {460800, B460800}, {921600, B921600},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].baud == baud) {
            return known[i].flag;
        }
    }
    return BOTHER;
}

static bool set_line(struct pty *pty, const struct uart_format *format)
{
    struct termios2 termios;

    if (ioctl(pty->slave, TCGETS2, &termios) < 0) {
        return false;
    }
    termios.c_iflag = 0;
    termios.c_oflag = 0;
    termios.c_lflag = 0;
    termios.c_cc[VMIN] = 1;
    termios.c_cc[VTIME] = 0;
    termios.c_cflag = flags_of(format) | CREAD | CLOCAL | speed_of(format->baud);
    termios.c_ispeed = termios.c_ospeed = format->baud;
    if (ioctl(pty->slave, TCSETS2, &termios) < 0 || ioctl(pty->slave, TCGETS2, &termios) < 0) {
        return false;
    }
    pty->cflag = termios.c_cflag & LINE_FLAGS; /* the kernel may have changed some */
    pty->baud = termios.c_ospeed;
    return true;
}

bool orrery_pty_open(struct pty *pty, const struct uart_format *format, struct orrery_error *err)
{
    pty->slave = -1;
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (pty->master < 0 || grantpt(pty->master) < 0 || unlockpt(pty->master) < 0 ||
        ptsname_r(pty->master, pty->path, sizeof(pty->path)) != 0) {
        goto error;
    }
    pty->slave = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->slave < 0 || !set_line(pty, format)) {
        goto error;
    }
    return true;

error:
    snprintf(err->text, sizeof(err->text), "pseudo-terminal: %s", strerror(errno));
    orrery_pty_close(pty);
    return false;
}

void orrery_pty_close(struct pty *pty)
{
    if (pty->slave >= 0) {
        close(pty->slave);
    }
    if (pty->master >= 0) {
        close(pty->master);
    }
    pty->master = pty->slave = -1;
}

struct uart_format orrery_pty_format(const struct pty *pty, const struct uart_format *format)
{
    struct uart_format line = *format;
    struct termios2 termios;

    /* On the master this asks for the slave's. */
    if (ioctl(pty->master, TCGETS2, &termios) < 0 ||
        ((termios.c_cflag & LINE_FLAGS) == pty->cflag && termios.c_ospeed == pty->baud)) {
        return line;
    }
    if (termios.c_ospeed != 0) { /* B0 hangs up a modem; a wire has no such thing */
        line.baud = termios.c_ospeed;
        line.open_baud = false;
    }
    /* Linux answers CS8 without parity whatever is set on a pseudo-terminal (pty_set_termios()):
     * then the link's own stands. */
    switch (termios.c_cflag & CSIZE) {
    case CS5:
        line.data_bits = 5;
        break;
    case CS6:
        line.data_bits = 6;
        break;
    case CS7:
        line.data_bits = 7;
        break;
    default:
        break;
    }
    if (termios.c_cflag & PARENB) {
        line.parity = termios.c_cflag & PARODD ? 'O' : 'E';
    }
    line.stop_halves = termios.c_cflag & CSTOPB ? 4 : 2;
    return line;
}
