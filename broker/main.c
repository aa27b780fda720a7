/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orrery-broker --plan-fd N --ready-fd N - one process an ensemble. Reads a packed Plan from
 * one inherited descriptor, writes a line to the other when it can be called, and lives as
 * long as the run. Its exit code is the run's: 0 all ended well, 1 a guest failed, 2 bad
 * input, 3 something broke.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker.h"
#include "conductor.h"
#include "control.h"
#include "exit_status.h"
#include "host.h"
#include "input.h"
#include "members.h"
#include "output.h"
#include "script.h"
#include "run_dir.h"
#include "say.h"
#include "tap.h"
#include "trace.h"

#define FLUSH_MS 300
#define DONE_MS 10000
#define GRACE_MS 300    /* members that said done leave by themselves */
#define SIGTERM_MS 1000 /* to those that do not; then SIGKILL */

/* What only main.c needs. */
struct program {
    struct broker broker;
    int plan_fd, ready_fd;
    int signal_fd, launcher_fd;
    struct io_watch *signal_watch, *launcher_watch;
    bool launcher_died;
    bool hurry; /* somebody wants us gone: do not wait for a slow reader of stdout */
};

/* ---- callbacks of the io loop ---- */

static void poked(void *opaque)
{
    struct program *program = opaque;

    orrery_control_serve(program->broker.control);
    orrery_host_serve(program->broker.host);
    if (orrery_conductor_is_over(program->broker.conductor)) {
        orrery_io_stop(program->broker.io);
    }
}

static void signalled(void *opaque, unsigned events)
{
    struct program *program = opaque;
    struct signalfd_siginfo info;

    if (read(program->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        program->hurry = orrery_conductor_is_over(program->broker.conductor);
        orrery_conductor_command(program->broker.conductor, COMMAND_DOWN, 0, NULL);
    }
}

static void launcher_died(void *opaque, unsigned events)
{
    struct program *program = opaque;
    struct broker *broker = &program->broker;
    pid_t pid = broker->plan->launcher_pid;
    char how[80], when[ORRERY_TIME_TEXT];

    orrery_io_unwatch(program->launcher_watch);
    program->launcher_watch = NULL;
    program->launcher_died = program->hurry = true;
    orrery_exit_status(program->launcher_fd, pid, how, sizeof(how));
    orrery_run_break(&broker->run, -1, "the launcher (pid %d) died at virtual time %s: %s",
                     (int)pid, orrery_time_text(when, atomic_load(&broker->run.bound_ns)), how);
    orrery_members_signal(broker->members, SIGKILL);
    orrery_conductor_wake(broker->conductor);
}

/* ---- setting up ---- */

static bool watch_signals(struct program *program, struct orrery_error *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    /* Before any thread is made: all inherit it. */
    program->signal_fd = pthread_sigmask(SIG_BLOCK, &set, NULL) == 0
                             ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)
                             : -1;
    if (program->signal_fd < 0) {
        snprintf(err->text, sizeof(err->text), "signals: %s", strerror(errno));
        return false;
    }
    program->signal_watch = orrery_io_watch(program->broker.io, program->signal_fd, IO_IN,
                                            signalled, program);
    return true;
}

static bool watch_launcher(struct program *program, struct orrery_error *err)
{
    pid_t pid = program->broker.plan->launcher_pid;

    if (pid == 0) {
        return true;
    }
    program->launcher_fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (program->launcher_fd < 0) {
        snprintf(err->text, sizeof(err->text), "the launcher (pid %d) is not there: %s", (int)pid,
                 strerror(errno));
        return false;
    }
    program->launcher_watch = orrery_io_watch(program->broker.io, program->launcher_fd, IO_IN,
                                              launcher_died, program);
    return true;
}

static void tell_ready(struct program *program)
{
    static const char line[] = "ready\n";

    /* Nobody reads: the launcher is dead, as its pidfd will tell, and one line is enough. */
    if (write(program->ready_fd, line, sizeof(line) - 1) < 0 && errno != EPIPE) {
        orrery_say("ready-fd: %s", strerror(errno));
    }
    close(program->ready_fd);
    program->ready_fd = -1;
}

/* 0, or the exit code with err filled. */
static int set_up(struct program *program, struct orrery_error *err)
{
    struct broker *broker = &program->broker;

    broker->plan = orrery_plan_read(program->plan_fd, err);
    if (!broker->plan) {
        return EXIT_RUN_INPUT;
    }
    broker->identity = broker->plan->trace_hash ? orrery_trace_identity(broker->plan) : NULL;
    broker->layout = orrery_layout_create(broker->plan);
    broker->seg = orrery_layout_segment(broker->layout, broker->plan, &broker->segment_fd, err);
    if (!broker->seg) {
        return EXIT_RUN_INPUT;
    }
    orrery_run_init(&broker->run, broker->seg);
    broker->io = orrery_io_create(IO_ANY, err);
    if (!broker->io || !watch_signals(program, err) || !watch_launcher(program, err)) {
        return EXIT_RUN_BROKE;
    }
    broker->members = orrery_members_create(broker);
    broker->input = orrery_input_create(broker->layout);
    broker->output = orrery_output_create(broker->io);
    if (broker->plan->script) {
        broker->script = orrery_script_create(broker->plan, broker->layout,
                                              orrery_layout_reaction_ns(broker->plan), err);
        if (!broker->script) {
            return EXIT_RUN_INPUT;
        }
    }
    broker->conductor = orrery_conductor_create(broker, err);
    broker->host = broker->conductor ? orrery_host_create(broker, err) : NULL;
    if (!broker->host) {
        return EXIT_RUN_INPUT;
    }
    broker->taps = orrery_taps_create(broker);
    orrery_io_on_poke(broker->io, poked, program);
    broker->control = orrery_control_create(broker, err);
    if (!broker->control) {
        return EXIT_RUN_BROKE;
    }
    if (!orrery_conductor_run(broker->conductor)) {
        snprintf(err->text, sizeof(err->text), "cannot start a thread");
        return EXIT_RUN_BROKE;
    }
    return 0;
}

static void tear_down(struct program *program)
{
    struct broker *broker = &program->broker;

    orrery_control_destroy(broker->control, 100);
    orrery_taps_destroy(broker->taps);
    orrery_host_destroy(broker->host);
    orrery_conductor_destroy(broker->conductor);
    orrery_script_destroy(broker->script);
    orrery_output_destroy(broker->output);
    orrery_input_destroy(broker->input);
    orrery_members_destroy(broker->members);
    orrery_io_unwatch(program->launcher_watch);
    orrery_io_unwatch(program->signal_watch);
    orrery_io_destroy(broker->io);
    if (broker->seg) {
        orrery_run_finish(&broker->run);
        orrery_segment_detach(broker->seg);
        close(broker->segment_fd);
    }
    if (program->launcher_died) {
        orrery_run_dir_remove(broker->plan->run_dir);
    }
    orrery_layout_destroy(broker->layout);
    if (broker->plan) {
        orrery__plan__free_unpacked(broker->plan, NULL);
        g_free(broker->identity);
    }
    if (program->launcher_fd >= 0) {
        close(program->launcher_fd);
    }
    if (program->signal_fd >= 0) {
        close(program->signal_fd);
    }
}

/* ---- the end of a run ---- */

/* NULL: none is wanted, or to be had. */
static char *print_hash(struct broker *broker)
{
    unsigned member = orrery_members_done(broker->members, DONE_MS);
    char *hash = NULL, *line;

    if (member) {
        orrery_run_break(&broker->run, (int)member, "%s left without finishing its trace",
                         broker->layout->members[member].name);
    } else if (broker->plan->trace_hash) {
        hash = orrery_trace_hash(broker->seg, broker->identity);
        line = g_strdup_printf("trace-hash: %s\n", hash);
        orrery_host_print(broker->host, line);
        g_free(line);
    }
    return hash;
}

/* Who told an open script its steps hears of the end from the launcher: RUN_DIR/end has the trace
 * hash, or -, and the line about the run. */
static void leave_word(const struct broker *broker, const char *hash)
{
    char *path = g_strdup_printf("%s/end", broker->plan->run_dir);
    char *text = g_strdup_printf("%s\n%s\n", hash ? hash : "-", broker->run.line);

    g_file_set_contents(path, text, -1, NULL); /* without it the line is on standard error */
    g_free(text);
    g_free(path);
}

static void end_members(struct broker *broker, bool ended_well)
{
    if (ended_well && orrery_members_gone(broker->members, GRACE_MS)) {
        return;
    }
    orrery_members_signal(broker->members, SIGTERM);
    orrery_members_signal(broker->members, SIGCONT); /* so that a stopped one gets it */
    if (!orrery_members_gone(broker->members, SIGTERM_MS)) {
        orrery_members_signal(broker->members, SIGKILL);
        orrery_members_gone(broker->members, SIGTERM_MS);
    }
}

static int finish(struct program *program)
{
    struct broker *broker = &program->broker;
    bool ended_well = orrery_conductor_ended_well(broker->conductor);
    char *hash;

    orrery_conductor_join(broker->conductor);
    orrery_members_release(broker->members);
    orrery_host_finish(broker->host);
    hash = ended_well ? print_hash(broker) : NULL;
    if (broker->plan->script && broker->plan->script->open) {
        leave_word(broker, hash);
    }
    g_free(hash);
    orrery_io_drain(broker->io, FLUSH_MS);
    if (broker->run.line[0]) {
        orrery_say("%s", broker->run.line);
        broker->run.line[0] = '\0';
    }
    end_members(broker, ended_well);
    while (ended_well && !program->hurry && !orrery_io_drain(broker->io, FLUSH_MS)) {
        /* somebody reads slowly: a pager */
    }
    if (broker->run.line[0]) { /* the last of it could not be written */
        orrery_say("%s", broker->run.line);
    }
    return broker->run.exit_code;
}

static int parse_fd(const char *text)
{
    char *end;
    long fd = strtol(text, &end, 10);

    return *text && !*end && fd > STDERR_FILENO && fd < 1 << 20 ? (int)fd : -1;
}

static bool parse_args(struct program *program, int argc, char **argv)
{
    static const struct option options[] = {
        {"plan-fd", required_argument, NULL, 'p'},
        {"ready-fd", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'p') {
            program->plan_fd = parse_fd(optarg);
        } else if (option == 'r') {
            program->ready_fd = parse_fd(optarg);
        } else {
            return false;
        }
    }
    return optind == argc && program->plan_fd >= 0 && program->ready_fd >= 0;
}

/* So that no descriptor of ours becomes anybody's stdout. */
static void hold_standard_fds(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    struct program program = {.plan_fd = -1, .ready_fd = -1, .signal_fd = -1, .launcher_fd = -1};
    struct orrery_error err = {""};
    int code;

    hold_standard_fds();
    if (!parse_args(&program, argc, argv)) {
        orrery_say("usage: orrery-broker --plan-fd N --ready-fd N");
        return EXIT_RUN_INPUT;
    }
    fcntl(program.plan_fd, F_SETFD, FD_CLOEXEC);
    fcntl(program.ready_fd, F_SETFD, FD_CLOEXEC);
    code = set_up(&program, &err);
    if (code != 0) {
        orrery_say("%s", err.text);
        tear_down(&program);
        return code;
    }
    close(program.plan_fd);
    orrery_members_expect(program.broker.members);
    tell_ready(&program);
    orrery_io_run(program.broker.io);
    code = finish(&program);
    tear_down(&program);
    return code;
}
