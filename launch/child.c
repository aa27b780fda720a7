// SPDX-License-Identifier: Apache-2.0
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PASSED 3
#define OUT_OF_THE_WAY 16 /* above everything that dup2() may overwrite */

/* ---- in the child, between fork() and execve(): async-signal-safe calls only ---- */

static void reset_signals(void)
{
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++) {
        if (sig != SIGTTOU) {
            signal(sig, SIG_DFL);
        }
    }
    /* In the background of its terminal, and still allowed to write there (stty tostop). */
    signal(SIGTTOU, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_on_exec_from(int first)
{
    if (!syscall(SYS_close_range, first, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */)) {
        return;
    }
    for (int fd = first; fd < 1024; fd++) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

static bool place(int fd, int at)
{
    if (fd == at) {
        return !fcntl(fd, F_SETFD, 0);
    }
    return fd < 0 || dup2(fd, at) == at;
}

/* Descriptors first move up, so that none is overwritten before it is placed. */
static bool arrange_descriptors(const struct child_spec *spec, int *report)
{
    int out = spec->out < 0 ? -1 : fcntl(spec->out, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    int err = spec->err < 0 ? -1 : fcntl(spec->err, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int moved[CHILD_PASS_MAX];

    *report = fcntl(*report, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    for (unsigned i = 0; i < spec->pass_count; i++) {
        moved[i] = fcntl(spec->pass[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    }
    if (null < 0 || !place(null, 0) || !place(out, 1) || !place(err, 2)) {
        return false;
    }
    for (unsigned i = 0; i < spec->pass_count; i++) {
        if (moved[i] < 0 || !place(moved[i], FIRST_PASSED + (int)i)) {
            return false;
        }
    }
    close_on_exec_from(FIRST_PASSED + (int)spec->pass_count);
    return true;
}

static const char *program(const struct child_spec *spec)
{
    return spec->path ? spec->path : spec->argv[0];
}

static _Noreturn void become(const struct child_spec *spec, pid_t parent, int report)
{
    int error;

    setpgid(0, 0);
    if (spec->dies_with_us) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(EXIT_BROKE); /* it died before we asked */
        }
    }
    reset_signals();
    if (arrange_descriptors(spec, &report)) {
        execv(program(spec), spec->argv);
    }
    error = errno;
    if (write(report, &error, sizeof(error)) < 0) {
        _exit(EXIT_BROKE);
    }
    _exit(EXIT_BROKE);
}

/* ---- in the parent ---- */

static pid_t fail_start(const struct child_spec *spec, struct problem *why, int error)
{
    problem_broke(why, "cannot start %s: %s", program(spec), error_text(error));
    return -1;
}

pid_t child_start(const struct child_spec *spec, struct problem *why)
{
    pid_t parent = getpid(), pid;
    int report[2], error = 0;
    ssize_t got;

    if (pipe2(report, O_CLOEXEC)) {
        return fail_start(spec, why, errno);
    }
    pid = fork();
    if (pid == 0) {
        become(spec, parent, report[1]);
    }
    error = errno;
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        return fail_start(spec, why, error);
    }
    do {
        got = read(report[0], &error, sizeof(error));
    } while (got < 0 && errno == EINTR);
    close(report[0]);
    if (got == (ssize_t)sizeof(error)) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        return fail_start(spec, why, error);
    }
    return pid;
}

int child_signals(struct problem *why)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        problem_broke(why, "signalfd: %s", error_text(errno));
    }
    return fd;
}

uint64_t child_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const char *child_status_text(int status, char *buf)
{
    if (WIFSIGNALED(status)) {
        snprintf(buf, CHILD_STATUS_SIZE, "was killed by signal %d", WTERMSIG(status));
    } else {
        snprintf(buf, CHILD_STATUS_SIZE, "exited with status %d", WEXITSTATUS(status));
    }
    return buf;
}
