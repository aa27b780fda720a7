// SPDX-License-Identifier: Apache-2.0
/* orrery debug: a test up to where it fails, and gdb there */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "child.h"
#include "commands.h"
#include "options.h"
#include "record.h"
#include "rundir.h"

#define LOOK_MS 50
#define SAID_BYTES 4096

struct debug {
    struct arena arena;
    const char *case_number, *seed, *instance;
    struct words words; /* the test, then what gdb gets */
    pid_t run;
    int said_fd; /* what the run says on standard error */
    int status;  /* of the run, when it is over */
    char *run_dir;
};

static bool parse(int argc, char **argv, struct debug *d, struct problem *why)
{
    const struct option_def defs[] = {
        {"case", &d->case_number, NULL}, {"seed", &d->seed, NULL}, {"on", &d->instance, NULL}};
    const struct option_rules rules = {
        .usage = "orrery debug TEST [OPTION...] [-- GDB ARGUMENTS...]",
        .defs = defs,
        .def_count = sizeof(defs) / sizeof(defs[0]),
        .least = 1,
        .most = SIZE_MAX};

    return options_parse(argc, argv, &rules, &d->words, why);
}

static bool start_run(struct debug *d, struct problem *why)
{
    struct strings argv = {0};
    struct child_spec spec = {.path = "/proc/self/exe", .out = -1, .dies_with_us = true};

    strings_add(&d->arena, &argv, "orrery");
    strings_add(&d->arena, &argv, "run");
    strings_add(&d->arena, &argv, d->words.items[0]);
    strings_add(&d->arena, &argv, "--hold");
    if (d->case_number) {
        strings_addf(&d->arena, &argv, "--case=%s", d->case_number);
    }
    if (d->seed) {
        strings_addf(&d->arena, &argv, "--seed=%s", d->seed);
    }
    d->said_fd = spec.err = memfd_create("orrery-said", MFD_CLOEXEC);
    if (d->said_fd < 0) {
        return problem_broke(why, "memfd_create: %s", error_text(errno));
    }
    spec.argv = argv.items;
    d->run = child_start(&spec, why);
    return d->run > 0;
}

/* Its directory ends in its pid. */
static bool find_run(struct debug *d)
{
    struct strings runs = {0};
    const char *end = arena_printf(&d->arena, "-%d", (int)d->run);

    rundir_list(&d->arena, &runs);
    for (size_t i = 0; i < runs.count && !d->run_dir; i++) {
        const char *dash = strrchr(rundir_name(runs.items[i]), '-');

        if (dash && !strcmp(dash, end)) {
            d->run_dir = runs.items[i];
        }
    }
    return d->run_dir != NULL;
}

static bool stands(struct debug *d)
{
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    struct problem none = {0};
    Orrery__Reply *reply = find_run(d) ? broker_call(d->run_dir, ORRERY__REQUEST__CALL_STATUS,
                                                     &empty, CALL_TIMEOUT_MS, &none)
                                       : NULL;
    bool paused = reply && reply->result_case == ORRERY__REPLY__RESULT_STATUS &&
                  !strcmp(reply->status->state, "paused");

    if (reply) {
        orrery__reply__free_unpacked(reply, NULL);
    }
    return paused;
}

/* False: it is over instead. */
static bool wait_until_it_stands(struct debug *d)
{
    for (;;) {
        if (waitpid(d->run, &d->status, WNOHANG) == d->run) {
            return false;
        }
        if (stands(d)) {
            return true;
        }
        poll(NULL, 0, LOOK_MS);
    }
}

static char *what_it_said(struct debug *d)
{
    char *text = arena_alloc(&d->arena, SAID_BYTES);
    ssize_t n = pread(d->said_fd, text, SAID_BYTES - 1, 0);

    text[n > 0 ? n : 0] = 0;
    return text;
}

/* The one whose port the failure names ("x.test.yaml:7:5: mcu.serial0: ..."), else the first. */
static bool choose_instance(struct debug *d, const char *said, struct problem *why)
{
    struct record record;

    if (d->instance) {
        return true;
    }
    if (!record_read(d->run_dir, &record, &d->arena, why)) {
        return false;
    }
    for (size_t i = 0; i < record.instance_count; i++) {
        if (strstr(said, arena_printf(&d->arena, ": %s.", record.instances[i].name))) {
            d->instance = record.instances[i].name;
        }
    }
    if (!d->instance && record.instance_count) {
        d->instance = record.instances[0].name;
    }
    return d->instance || problem_broke(why, "the run has no instance");
}

/* gdb has the terminal: a child of our own group. */
static bool run_gdb(struct debug *d, struct problem *why)
{
    struct strings argv = {0};
    pid_t pid;

    strings_add(&d->arena, &argv, "orrery");
    strings_add(&d->arena, &argv, "gdb");
    strings_addf(&d->arena, &argv, "--run=%s", rundir_name(d->run_dir));
    strings_add(&d->arena, &argv, d->instance);
    strings_add(&d->arena, &argv, "--");
    for (size_t i = 1; i < d->words.count; i++) {
        strings_add(&d->arena, &argv, d->words.items[i]);
    }
    pid = fork();
    if (pid == 0) {
        execv("/proc/self/exe", argv.items);
        _exit(EXIT_BROKE);
    }
    if (pid < 0) {
        return problem_broke(why, "fork: %s", error_text(errno));
    }
    signal(SIGINT, SIG_IGN); /* ^C is gdb's */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return true;
}

static int debug_at_failure(struct debug *d, struct problem *why)
{
    char *said = what_it_said(d);
    bool good;

    fputs(said, stderr);
    good = choose_instance(d, said, why) && run_gdb(d, why);
    kill(d->run, SIGINT);
    while (waitpid(d->run, &d->status, 0) < 0 && errno == EINTR) {
    }
    return good ? EXIT_GUEST_FAILED : problem_report(why);
}

static int debug_main(int argc, char **argv)
{
    struct debug d = {.said_fd = -1};
    struct problem why = {0};
    int code;

    if (!parse(argc, argv, &d, &why) || !start_run(&d, &why)) {
        code = problem_report(&why);
    } else if (wait_until_it_stands(&d)) {
        code = debug_at_failure(&d, &why);
    } else {
        fputs(what_it_said(&d), stderr);
        code = WIFEXITED(d.status) ? WEXITSTATUS(d.status) : EXIT_BROKE;
    }
    if (d.said_fd >= 0) {
        close(d.said_fd);
    }
    arena_finish(&d.arena);
    return code;
}

const struct command debug_command = {
    "debug",
    "debug TEST [OPTION...] [-- GDB ARGUMENTS...]",
    "run a test up to where it fails, and gdb there",
    "  --case N             of a test with a matrix: its Nth case\n"
    "  --seed N             instead of the manifest's\n"
    "  --on INSTANCE        gdb there; else where the step that failed looked\n"
    "\n"
    "The run ends with gdb. A test that does not fail ends by itself, without gdb.\n",
    debug_main,
};
