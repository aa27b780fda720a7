/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patience.c - for LD_PRELOAD: a program that takes a terminal for dead after some tenths of a
 * second of wall time (VTIME) waits as long as a terminal can, 25.5 s. On a busy host the other
 * side needs it.
 */
#include <dlfcn.h>
#include <termios.h>

int tcsetattr(int fd, int when, const struct termios *wanted)
{
    int (*next)(int, int, const struct termios *) =
        (int (*)(int, int, const struct termios *))dlsym(RTLD_NEXT, "tcsetattr");
    struct termios termios = *wanted;

    if (termios.c_cc[VTIME]) {
        termios.c_cc[VTIME] = 255;
    }
    return next(fd, when, &termios);
}
