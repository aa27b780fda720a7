// SPDX-License-Identifier: Apache-2.0
/* orrery pause, step, until, resume, reset, power, down */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "commands.h"
#include "number.h"
#include "options.h"
#include "orrery.h"
#include "runs.h"

#define DOWN_MS 3000

/* Ask, and print where everybody stands. */
static int ask(const char *wanted, Orrery__Request__CallCase what, void *message)
{
    struct arena arena = {0};
    struct problem why = {0};
    char *run;
    bool good = runs_choose(wanted, &arena, &run, &why) && broker_ask(run, what, message, &why);

    arena_finish(&arena);
    return good ? EXIT_PASS : problem_report(&why);
}

/* --run, and `count` words. */
static bool parse(int argc, char **argv, const char *usage, size_t count, const char **run,
                  struct words *words, struct problem *why)
{
    const struct option_def defs[] = {{"run", run, NULL}};
    const struct option_rules rules = {
        .usage = usage, .defs = defs, .def_count = 1, .least = count, .most = count};

    return options_parse(argc, argv, &rules, words, why);
}

static int pause_main(int argc, char **argv)
{
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    const char *run = NULL;
    struct words words;
    struct problem why = {0};

    if (!parse(argc, argv, "orrery pause [--run RUN]", 0, &run, &words, &why)) {
        return problem_report(&why);
    }
    return ask(run, ORRERY__REQUEST__CALL_PAUSE, &empty);
}

static int resume_main(int argc, char **argv)
{
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    const char *run = NULL;
    struct words words;
    struct problem why = {0};

    if (!parse(argc, argv, "orrery resume [--run RUN]", 0, &run, &words, &why)) {
        return problem_report(&why);
    }
    return ask(run, ORRERY__REQUEST__CALL_RESUME, &empty);
}

/* One time, and --run. */
static bool parse_with_time(int argc, char **argv, const char *usage, const char **run,
                            uint64_t *ns, struct problem *why)
{
    struct words words;
    const char *wrong;

    if (!parse(argc, argv, usage, 1, run, &words, why)) {
        return false;
    }
    wrong = parse_time(words.items[0], ns);
    return !wrong || problem_input(why, "%.60s: %s", words.items[0], wrong);
}

static int step_main(int argc, char **argv)
{
    Orrery__Step step = ORRERY__STEP__INIT;
    const char *run = NULL;
    struct problem why = {0};

    if (!parse_with_time(argc, argv, "orrery step TIME [--run RUN]", &run, &step.ns, &why)) {
        return problem_report(&why);
    }
    return ask(run, ORRERY__REQUEST__CALL_STEP, &step);
}

static int until_main(int argc, char **argv)
{
    Orrery__Until until = ORRERY__UNTIL__INIT;
    const char *run = NULL;
    struct problem why = {0};

    if (!parse_with_time(argc, argv, "orrery until TIME [--run RUN]", &run, &until.ns, &why)) {
        return problem_report(&why);
    }
    return ask(run, ORRERY__REQUEST__CALL_UNTIL, &until);
}

static int reset_main(int argc, char **argv)
{
    Orrery__Stimulus stimulus = ORRERY__STIMULUS__INIT;
    const char *run = NULL;
    struct words words;
    struct problem why = {0};

    if (!parse(argc, argv, "orrery reset INSTANCE [--run RUN]", 1, &run, &words, &why)) {
        return problem_report(&why);
    }
    stimulus.instance = (char *)words.items[0];
    stimulus.kind = ORRERY__STIMULUS__KIND__RESET;
    return ask(run, ORRERY__REQUEST__CALL_STIMULUS, &stimulus);
}

/* ---- power ---- */

static bool parse_power(const struct words *words, const char *length, Orrery__Stimulus *stimulus,
                        struct problem *why)
{
    bool on = !strcmp(words->items[0], "on");
    const char *wrong = length ? parse_time(length, &stimulus->for_ns) : NULL;

    if (!on && strcmp(words->items[0], "off") != 0) {
        return problem_input(why, "'%.40s': off or on was meant", words->items[0]);
    }
    if (length && on) {
        return problem_input(why, "--for goes with off");
    }
    if (wrong || (length && !stimulus->for_ns)) {
        return problem_input(why, "--for %.40s: %s", length, wrong ? wrong : "it takes some time");
    }
    stimulus->kind = ORRERY__STIMULUS__KIND__POWER;
    stimulus->level = on;
    stimulus->instance = (char *)words->items[1];
    return true;
}

static int power_main(int argc, char **argv)
{
    Orrery__Stimulus stimulus = ORRERY__STIMULUS__INIT;
    const char *run = NULL, *length = NULL;
    const struct option_def defs[] = {{"run", &run, NULL}, {"for", &length, NULL}};
    const struct option_rules rules = {.usage = "orrery power off|on INSTANCE [--run RUN]",
                                       .defs = defs,
                                       .def_count = 2,
                                       .least = 2,
                                       .most = 2};
    struct words words;
    struct problem why = {0};

    if (!options_parse(argc, argv, &rules, &words, &why) ||
        !parse_power(&words, length, &stimulus, &why)) {
        return problem_report(&why);
    }
    return ask(run, ORRERY__REQUEST__CALL_STIMULUS, &stimulus);
}

/* ---- down ---- */

static bool has_left(int pidfd)
{
    struct pollfd fd = {.fd = pidfd, .events = POLLIN};

    return poll(&fd, 1, (int)orrery_patience_ms(DOWN_MS)) > 0;
}

/* The broker's way, then the launcher's, then the kernel's. */
static bool bring_down(const char *run, struct arena *arena, struct problem *why)
{
    static const int signals[] = {SIGTERM, SIGKILL};
    char reason[] = "orrery down";
    Orrery__Down down = ORRERY__DOWN__INIT;
    struct record record;
    Orrery__Reply *reply;
    int pidfd;
    bool left;

    if (!record_read(run, &record, arena, why)) {
        return false;
    }
    pidfd = (int)syscall(SYS_pidfd_open, record.launcher, 0);
    if (pidfd < 0) {
        return true; /* gone already */
    }
    down.reason = reason;
    reply = broker_call(run, ORRERY__REQUEST__CALL_DOWN, &down, CALL_TIMEOUT_MS, why);
    left = reply && has_left(pidfd);
    if (reply) {
        orrery__reply__free_unpacked(reply, NULL);
    }
    for (unsigned i = 0; i < 2 && !left; i++) {
        syscall(SYS_pidfd_send_signal, pidfd, signals[i], NULL, 0);
        left = has_left(pidfd);
    }
    close(pidfd);
    return left || problem_broke(why, "run %s does not go away", run);
}

static int down_main(int argc, char **argv)
{
    const char *run = NULL;
    const struct option_def defs[] = {{"run", &run, NULL}};
    const struct option_rules rules = {
        .usage = "orrery down [RUN]", .defs = defs, .def_count = 1, .most = 1};
    struct arena arena = {0};
    struct words words;
    struct problem why = {0};
    char *path;
    bool good;

    if (!options_parse(argc, argv, &rules, &words, &why)) {
        return problem_report(&why);
    }
    good = runs_choose(words.count ? words.items[0] : run, &arena, &path, &why) &&
           bring_down(path, &arena, &why);
    arena_finish(&arena);
    return good ? EXIT_PASS : problem_report(&why);
}

const struct command pause_command = {
    "pause", "pause [--run RUN]", "stop every instance at one virtual time and print it",
    NULL,    pause_main,
};
const struct command step_command = {
    "step",
    "step TIME [--run RUN]",
    "go on for TIME, stop, and print where",
    "Every instance then stands at exactly that virtual time.\n",
    step_main,
};
const struct command until_command = {
    "until",
    "until TIME [--run RUN]",
    "go on until virtual time TIME, stop, and print where",
    NULL,
    until_main,
};
const struct command resume_command = {
    "resume", "resume [--run RUN]", "go on after pause, step or until", NULL, resume_main,
};
const struct command reset_command = {
    "reset",
    "reset INSTANCE [--run RUN]",
    "reset an instance, as its reset button does, and print when",
    "Where everybody is paused, it happens when the run goes on.\n",
    reset_main,
};
const struct command power_command = {
    "power",
    "power off|on INSTANCE [--run RUN]",
    "cut an instance's power or put it on, and print when",
    "A cut loses what RAM holds and keeps what flash holds; what flash has under way is torn.\n"
    "off --for TIME puts it on again so much later. Cores of one chip have one supply. Where\n"
    "everybody is paused, it happens when the run goes on.\n",
    power_main,
};
const struct command down_command = {
    "down", "down [RUN]", "end a run", "Its `orrery run` ends with exit code 3.\n", down_main,
};
