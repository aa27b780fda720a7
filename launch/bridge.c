// SPDX-License-Identifier: Apache-2.0
#include "bridge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE_KEY 0x1d /* ^] */

int unix_connect(const char *path, const char *what, struct problem *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        problem_broke(why, "%s: the path %s is too long", what, path);
        return -1;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        problem_broke(why, "%s does not answer: %s", what, error_text(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static struct termios saved;
static volatile sig_atomic_t asked_to_end;

static void on_signal(int sig)
{
    (void)sig;
    asked_to_end = 1;
}

static bool make_raw(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll() returns */
    struct termios raw;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved)) {
        return false;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    raw = saved;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST | ONLCR; /* firmware that sends bare newlines stays readable */
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs("(^] leaves)\n", stderr);
    return true;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};

            if (asked_to_end) {
                return false;
            }
            poll(&wait, 1, -1);
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* -1: the end; 0: nothing more from this side; 1: go on. */
static int copy(int from, int to, bool raw)
{
    char bytes[4096];
    ssize_t n = read(from, bytes, sizeof(bytes));
    char *leave;

    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return 1;
    }
    if (n <= 0) {
        return 0;
    }
    leave = raw ? memchr(bytes, LEAVE_KEY, (size_t)n) : NULL;
    if (leave) {
        n = leave - bytes;
    }
    return write_all(to, bytes, (size_t)n) && !leave ? 1 : -1;
}

void bridge(int fd, int linger_ms)
{
    bool raw = make_raw();
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int more, ready;

    signal(SIGPIPE, SIG_IGN);
    while (!asked_to_end) {
        ready = poll(fds, 2, fds[0].fd < 0 ? linger_ms : -1);
        if (ready == 0) {
            break;
        }
        if (ready < 0) {
            continue;
        }
        if (fds[1].revents && copy(fd, STDOUT_FILENO, false) <= 0) {
            break;
        }
        if (fds[0].revents) {
            more = copy(STDIN_FILENO, fd, raw);
            if (more < 0) {
                break;
            }
            if (!more) {
                fds[0].fd = -1;
            }
        }
    }
    if (raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
        fputc('\n', stderr);
    }
}
