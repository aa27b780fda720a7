// SPDX-License-Identifier: Apache-2.0
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "rundir.h"

#define DEATH_MS 5000
#define PIPE_FD 3 /* the first that child.h passes */

bool keeper_start(struct keeper *keeper, struct problem *why)
{
    static char name[] = "orrery-keeper", command[] = "keep";
    char *argv[] = {name, command, NULL};
    int pipes[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct child_spec spec = {
        .path = "/proc/self/exe", .argv = argv, .out = null, .err = null, .pass_count = 1};

    keeper->pipe = -1;
    if (null < 0 || pipe2(pipes, O_CLOEXEC)) {
        problem_broke(why, "cannot start the keeper: %s", error_text(errno));
        if (null >= 0) {
            close(null);
        }
        return false;
    }
    spec.pass[0] = pipes[0];
    keeper->pid = child_start(&spec, why);
    close(pipes[0]);
    close(null);
    if (keeper->pid < 0) {
        close(pipes[1]);
        return false;
    }
    keeper->pipe = pipes[1];
    return true;
}

void keeper_dismiss(struct keeper *keeper)
{
    if (keeper->pipe < 0) {
        return;
    }
    /* Fails when somebody killed it, and then there is nobody to dismiss. */
    if (write(keeper->pipe, "", 1) == 1) {
        while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(keeper->pipe);
    keeper->pipe = -1;
}

/* A process that dies closes one descriptor after the other, and its locks with them; only then
 * are its children somebody else's. */
static void wait_for_death(pid_t launcher)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (unsigned i = 0; getppid() == launcher && i < DEATH_MS; i++) {
        nanosleep(&pause, NULL);
    }
}

int keeper_main(void)
{
    pid_t launcher = getppid();
    char byte;
    ssize_t n;

    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    do {
        n = read(PIPE_FD, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        wait_for_death(launcher);
        rundir_sweep();
    }
    return EXIT_PASS;
}
