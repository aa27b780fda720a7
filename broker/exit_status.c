/* SPDX-License-Identifier: Apache-2.0 */
#include "exit_status.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* From linux/pidfd.h of Linux 6.15, which Debian 12 and 13 do not ship yet. */
struct pidfd_exit_info {
    uint64_t mask, cgroupid;
    uint32_t ids[11];
    int32_t exit_code;
};
#define GET_INFO _IOWR(0xff, 11, struct pidfd_exit_info)
#define INFO_EXIT (UINT64_C(1) << 3)

/* Until its parent has reaped it: field 52 of /proc/PID/stat. */
static bool ask_zombie(pid_t pid, int *status)
{
    char path[64], text[1024], *at;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0) {
        return false;
    }
    text[n] = '\0';
    at = strrchr(text, ')'); /* the name may hold anything */
    if (!at || at[1] != ' ' || (at[2] != 'Z' && at[2] != 'X')) {
        return false;
    }
    at = strrchr(at, ' ');                      /* the last field */
    return at && sscanf(at, "%d", status) == 1; /* NOLINT(cert-err34-c): the kernel's format */
}

/* Afterwards: only the pidfd remembers, on new kernels. */
static bool ask_pidfd(int pidfd, int *status)
{
    struct pidfd_exit_info info = {.mask = INFO_EXIT};

    if (ioctl(pidfd, GET_INFO, &info) < 0 || !(info.mask & INFO_EXIT)) {
        return false;
    }
    *status = info.exit_code;
    return true;
}

void orrery_exit_status(int pidfd, pid_t pid, char *buf, size_t size)
{
    int status = 0;

    /* Twice the pidfd: it may be reaped between the two questions. */
    if (!ask_pidfd(pidfd, &status) && !ask_zombie(pid, &status) && !ask_pidfd(pidfd, &status)) {
        snprintf(buf, size, "it is gone");
    } else if (WIFSIGNALED(status)) {
        snprintf(buf, size, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        snprintf(buf, size, "exit status %d", WEXITSTATUS(status));
    }
}
