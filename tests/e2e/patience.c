/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patience.c - for LD_PRELOAD: a program that takes a terminal for dead after some tenths of a
 * second of wall time (VTIME) waits the longer the busier the host is, four times as long at least.
 */
#include <dlfcn.h>
#include <termios.h>

#include "orrery.h"

int tcsetattr(int fd, int when, const struct termios *wanted)
{
    int (*next)(int, int, const struct termios *) =
        (int (*)(int, int, const struct termios *))dlsym(RTLD_NEXT, "tcsetattr");
    struct termios termios = *wanted;
    uint64_t tenths = 4 * orrery_patience_ms(termios.c_cc[VTIME]);

    termios.c_cc[VTIME] = (cc_t)(tenths < 255 ? tenths : 255);
    return next(fd, when, &termios);
}
