// SPDX-License-Identifier: Apache-2.0
#include "ensemble.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "obituary.h"
#include "places.h"
#include "qemu.h"
#include "record.h"

#define BROKER_READY_MS 30000
#define INTERRUPT_MS 1000 /* the broker's time to end the run after ^C */
#define CRASH_MS 100      /* the broker sees a crash of a member that had joined at once */
#define LEAVE_MS 1000     /* QEMU's time to leave by itself, then after SIGTERM */

/* ---- signals and deaths arrive at one descriptor ---- */

/* Did it die, or did it leave because the run is over? */
static bool is_first_dead(const struct ensemble *e, size_t index)
{
    char reason[8];

    if (e->first_dead >= 0 || !e->broker || e->interrupts || !e->seg) {
        return false;
    }
    switch (orrery_state(e->seg)) {
    case ORRERY_FORMING:
    case ORRERY_RUNNING:
        return true;
    case ORRERY_DEAD:
        return orrery_dead_reason(e->seg, reason, sizeof(reason)) == (int)index + 1;
    case ORRERY_ENDED:
        break;
    }
    return false;
}

static void note_death(struct ensemble *e, pid_t pid, int status)
{
    if (pid == e->broker) {
        e->broker = 0;
        e->broker_status = status;
        return;
    }
    for (size_t i = 0; i < e->manifest->instance_count; i++) {
        struct member_process *member = &e->members[i];

        if (member->pid == pid) {
            member->pid = 0;
            member->status = status;
            if (is_first_dead(e, i)) {
                e->first_dead = (int)i;
                e->deadline_ms = child_now_ms() + orrery_patience_ms(CRASH_MS);
            }
        }
    }
}

static void reap(struct ensemble *e)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        note_death(e, pid, status);
    }
}

static void kill_members(struct ensemble *e, int sig)
{
    for (size_t i = 0; i < e->manifest->instance_count; i++) {
        if (e->members[i].pid > 0) {
            kill(e->members[i].pid, sig);
        }
    }
}

static void kill_all(struct ensemble *e)
{
    if (e->broker > 0) {
        kill(e->broker, SIGKILL);
    }
    kill_members(e, SIGKILL);
}

/* The first interrupt asks the broker to end the run; the second is an order. */
static void interrupted(struct ensemble *e, int sig)
{
    e->interrupts++;
    if (e->interrupts > 1) {
        kill_all(e);
    } else if (e->broker > 0) {
        kill(e->broker, sig == SIGHUP ? SIGTERM : sig);
        e->deadline_ms = child_now_ms() + orrery_patience_ms(INTERRUPT_MS);
    }
}

/* Wait for a signal, readable input on fd (-1: none), who drives the run, or the time. True: fd is
 * readable. */
static bool wait_for_something(struct ensemble *e, int fd, uint64_t until_ms)
{
    struct pollfd fds[2 + DRIVER_FDS] = {{.fd = e->signal_fd, .events = POLLIN},
                                         {.fd = fd, .events = POLLIN}};
    struct signalfd_siginfo info;
    uint64_t now = child_now_ms();
    int ready;

    driver_fds(e->driver, fds + 2);
    ready = poll(fds, 2 + DRIVER_FDS, !until_ms ? -1 : until_ms <= now ? 0 : (int)(until_ms - now));
    if (ready > 0 && e->driver && !driver_serve(e->driver, fds + 2)) {
        interrupted(e, SIGTERM);
    }
    while (read(e->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD) {
            interrupted(e, (int)info.ssi_signo);
        }
    }
    reap(e);
    return fds[1].revents != 0;
}

/* ---- starting ---- */

static bool start_broker(struct ensemble *e, struct problem *why)
{
    char *path = find_broker(e->arena);
    struct strings argv = {0};
    struct child_spec spec = {.out = -1, .err = -1, .pass_count = 2};
    int ready[2], plan_fd;
    pid_t pid;

    if (!path) {
        return problem_broke(why, "orrery-broker is not beside orrery nor in ../libexec/orrery");
    }
    strings_add(e->arena, &argv, path);
    strings_add(e->arena, &argv, "--plan-fd");
    strings_add(e->arena, &argv, "3");
    strings_add(e->arena, &argv, "--ready-fd");
    strings_add(e->arena, &argv, "4");
    plan_fd = plan_write(&e->plan, e->arena, why);
    if (plan_fd < 0) {
        return false;
    }
    if (pipe2(ready, O_CLOEXEC)) {
        close(plan_fd);
        return problem_broke(why, "pipe: %s", error_text(errno));
    }
    spec.argv = argv.items;
    spec.pass[0] = plan_fd;
    spec.pass[1] = ready[1];
    pid = child_start(&spec, why);
    close(plan_fd);
    close(ready[1]);
    e->ready_fd = ready[0];
    e->broker = pid > 0 ? pid : 0;
    return pid > 0;
}

/* The segment shows who left when, also when the broker cannot tell any more. */
static bool attach_segment(struct ensemble *e, struct problem *why)
{
    int fd = obituary_find_segment(e->broker);
    struct orrery_error error;

    if (fd < 0) {
        return problem_broke(why, "cannot find the broker's segment in /proc/%d/fd",
                             (int)e->broker);
    }
    e->seg = orrery_segment_attach(fd, e->plan.run_id, &error);
    close(fd);
    return e->seg || problem_broke(why, "%s", error.text);
}

static bool wait_until_ready(struct ensemble *e, struct problem *why)
{
    uint64_t from = child_now_ms(), deadline = from + BROKER_READY_MS;
    char line[64];

    while (!wait_for_something(e, e->ready_fd, deadline)) {
        if (!e->broker || e->interrupts) {
            return true; /* what it said is all there is to say */
        }
        if (child_now_ms() < deadline) {
            continue;
        }
        deadline = from + orrery_patience_ms(BROKER_READY_MS);
        if (child_now_ms() >= deadline) {
            return problem_broke(why, "the broker did not get ready in %u s",
                                 (unsigned)((child_now_ms() - from) / 1000));
        }
    }
    if (read(e->ready_fd, line, sizeof(line)) > 0) {
        return attach_segment(e, why);
    }
    while (e->broker && child_now_ms() < deadline) { /* it closed the pipe: it is about to leave */
        wait_for_something(e, -1, deadline);
    }
    return true;
}

static bool fail_log(const struct member_process *member, struct problem *why)
{
    return problem_broke(why, "cannot write %s: %s", member->log_path, error_text(errno));
}

/* The log opens with the command, which also tells at once whether there is room for it. */
static bool open_log(struct ensemble *e, size_t index, const struct strings *argv,
                     struct problem *why)
{
    struct member_process *member = &e->members[index];
    const char *name = e->manifest->instances[index].name;
    char *first = arena_printf(e->arena, "+ %s\n", shell_command(e->arena, argv));
    size_t len = strlen(first);
    ssize_t n;

    member->log_path = e->plan.log_dir
                           ? arena_printf(e->arena, "%s/%s.qemu.log", e->plan.log_dir, name)
                           : arena_printf(e->arena, "%s/%s.log", e->dir.path, name);
    member->log_fd = open(member->log_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
                          0600);
    if (member->log_fd < 0) {
        return fail_log(member, why);
    }
    n = write(member->log_fd, first, len);
    if (n >= 0 && (size_t)n < len) {
        errno = ENOSPC;
    }
    return n == (ssize_t)len || fail_log(member, why);
}

/* The memories that the two cores of a chip share: made for the first, descriptor 3 of both. */
static bool share_memory(struct ensemble *e, size_t index, struct child_spec *spec,
                         struct problem *why)
{
    struct member_process *member = &e->members[index];
    unsigned core = e->manifest->instances[index].core;

    if (!core) {
        return true;
    }
    if (core == 1) {
        member->shared_fd = memfd_create("orrery-memory", MFD_CLOEXEC);
    } else {
        member->shared_fd = member[-1].shared_fd;
        member[-1].shared_fd = -1;
    }
    spec->pass[0] = member->shared_fd;
    spec->pass_count = 1;
    return member->shared_fd >= 0 || problem_broke(why, "memfd_create: %s", error_text(errno));
}

static void forget_memory(struct member_process *member)
{
    if (member->shared_fd >= 0) {
        close(member->shared_fd);
        member->shared_fd = -1;
    }
}

static bool start_member(struct ensemble *e, size_t index, struct problem *why)
{
    struct strings argv = {0};
    struct child_spec spec = {.dies_with_us = true};
    pid_t pid;

    qemu_command(e->manifest, (unsigned)index, e->dir.path, e->plan.run_id, e->arena, &argv);
    if (!open_log(e, index, &argv, why)) {
        return false;
    }
    spec.argv = argv.items;
    spec.out = spec.err = e->members[index].log_fd;
    if (!share_memory(e, index, &spec, why)) {
        return false;
    }
    pid = child_start(&spec, why);
    if (e->manifest->instances[index].core != 1) {
        forget_memory(&e->members[index]);
    }
    e->members[index].pid = pid > 0 ? pid : 0;
    if (pid > 0 && e->manifest->instances[index].vnc) {
        fprintf(stderr, "orrery: %s's display is at %s/%s.vnc\n",
                e->manifest->instances[index].name, e->dir.path,
                e->manifest->instances[index].name);
    }
    return pid > 0;
}

static bool start_all(struct ensemble *e, struct problem *why)
{
    if (!start_broker(e, why) || !wait_until_ready(e, why)) {
        return false;
    }
    for (size_t i = 0; i < e->manifest->instance_count; i++) {
        if (e->broker && !e->interrupts && !start_member(e, i, why)) {
            return false;
        }
    }
    return !e->driver || !e->broker || driver_connect(e->driver, e->dir.path, why);
}

/* ---- the run ---- */

/* The broker watches who has joined. Who left before that, nobody but us can tell it. */
static void tell_broker(struct ensemble *e)
{
    char status[CHILD_STATUS_SIZE];

    child_status_text(e->members[e->first_dead].status, status);
    orrery_mark_dead(e->seg, e->first_dead + 1,
                     arena_printf(e->arena, "its QEMU %s before it joined", status));
    kill(e->broker, SIGTERM); /* wakes it */
    e->told_broker = true;
    e->deadline_ms = child_now_ms() + orrery_patience_ms(2 * LEAVE_MS);
}

static void lose_patience(struct ensemble *e)
{
    e->deadline_ms = 0;
    if (e->interrupts || e->told_broker) {
        kill_all(e);
    } else if (e->seg && orrery_state(e->seg) == ORRERY_FORMING) {
        tell_broker(e);
    }
}

static void wait_for_broker(struct ensemble *e)
{
    while (e->broker) {
        wait_for_something(e, -1, e->deadline_ms);
        if (e->broker && e->deadline_ms && child_now_ms() >= e->deadline_ms) {
            lose_patience(e);
        }
    }
}

static bool any_member_left(const struct ensemble *e)
{
    for (size_t i = 0; i < e->manifest->instance_count; i++) {
        if (e->members[i].pid > 0) {
            return true;
        }
    }
    return false;
}

static void give_members(struct ensemble *e, uint64_t ms)
{
    uint64_t until = child_now_ms() + orrery_patience_ms(ms);

    while (any_member_left(e) && child_now_ms() < until && e->interrupts < 2) {
        wait_for_something(e, -1, until);
    }
}

static void end_members(struct ensemble *e, bool well)
{
    if (well) {
        give_members(e, LEAVE_MS);
    }
    kill_members(e, SIGTERM);
    kill_members(e, SIGCONT);
    give_members(e, well ? LEAVE_MS : LEAVE_MS / 2);
    kill_members(e, SIGKILL);
    while (any_member_left(e)) {
        wait_for_something(e, -1, 0);
    }
}

/* ---- the end ---- */

static bool close_logs(struct ensemble *e, struct problem *why)
{
    char status[CHILD_STATUS_SIZE];
    bool good = true;

    for (size_t i = 0; i < e->manifest->instance_count; i++) {
        struct member_process *member = &e->members[i];

        forget_memory(member); /* of a pair whose second did not start */
        if (member->log_fd < 0) {
            continue;
        }
        child_status_text(member->status, status);
        if (e->plan.log_dir && dprintf(member->log_fd, "+ %s\n", status) < 0 && good) {
            good = fail_log(member, why);
        }
        close(member->log_fd);
    }
    return good;
}

static int broker_exit_code(struct ensemble *e)
{
    if (WIFEXITED(e->broker_status) && WEXITSTATUS(e->broker_status) <= EXIT_BROKE) {
        return WEXITSTATUS(e->broker_status);
    }
    if (e->interrupts) {
        fputs("orrery: interrupted; the run was killed\n", stderr);
    } else {
        obituary_of_broker(e->seg, e->broker_status);
    }
    return EXIT_BROKE;
}

/* The broker says who died and when; how its QEMU ended is for us to say. */
static int report_first_dead(struct ensemble *e, int code)
{
    const struct member_process *member = &e->members[e->first_dead];
    const struct instance *inst = &e->manifest->instances[e->first_dead];
    bool crashed = WIFSIGNALED(member->status) || WEXITSTATUS(member->status);

    if (code == EXIT_BAD_INPUT || (!e->told_broker && (!crashed || code == EXIT_GUEST_FAILED))) {
        return code;
    }
    obituary_of_member(e->manifest->file, inst, member->status, member->log_fd);
    return EXIT_BROKE;
}

static void tidy_up(struct ensemble *e)
{
    if (e->ready_fd >= 0) {
        close(e->ready_fd);
    }
    orrery_segment_detach(e->seg);
    if (e->signal_fd >= 0) {
        close(e->signal_fd);
    }
    rundir_remove(&e->dir);
    keeper_dismiss(&e->keeper);
}

static int run_to_end(struct ensemble *e, struct problem *why)
{
    int code;

    if (!start_all(e, why)) {
        code = problem_report(why);
        kill_all(e);
        wait_for_broker(e);
        end_members(e, false);
        close_logs(e, why);
        return code;
    }
    wait_for_broker(e);
    code = broker_exit_code(e);
    end_members(e, code == EXIT_PASS);
    if (e->first_dead >= 0) {
        code = report_first_dead(e, code);
    }
    if (!close_logs(e, why)) {
        code = problem_report(why);
    }
    return code;
}

int ensemble_run(struct ensemble *e, struct problem *why)
{
    int code;

    e->ready_fd = e->signal_fd = -1;
    e->keeper.pipe = -1;
    e->first_dead = -1;
    e->dir.fd = -1;
    e->members = arena_array(e->arena, e->manifest->instance_count, sizeof(*e->members));
    for (size_t i = 0; i < e->manifest->instance_count; i++) {
        e->members[i].log_fd = -1;
        e->members[i].shared_fd = -1;
    }
    rundir_sweep();
    signal(SIGPIPE, SIG_IGN);
    e->signal_fd = child_signals(why);
    if (e->signal_fd < 0 || !keeper_start(&e->keeper, why) ||
        !rundir_create(&e->dir, e->manifest->name, why)) {
        keeper_dismiss(&e->keeper);
        return problem_report(why);
    }
    e->plan.run_dir = e->dir.path;
    if (!record_write(e->dir.path, e->manifest, why)) {
        code = problem_report(why);
    } else {
        code = run_to_end(e, why);
    }
    if (e->driver) {
        driver_over(e->driver, e->dir.path, code, *why->text ? why->text : NULL);
    }
    tidy_up(e);
    return code;
}
