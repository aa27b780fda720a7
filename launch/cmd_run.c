// SPDX-License-Identifier: Apache-2.0
/* orrery run, orrery validate */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "commands.h"
#include "ensemble.h"
#include "firmware.h"
#include "number.h"
#include "options.h"
#include "places.h"
#include "qemu.h"
#include "races.h"

struct run_options {
    const char *for_time, *only, *log, *jitter, *pace, *seed, *join_timeout, *vnc, *case_number,
        *drive, *pictures;
    bool dry_run, trace_hash, turns, hold, paused, check_races;
};

static bool parse_options(int argc, char **argv, struct run_options *o, struct words *words,
                          struct problem *why)
{
    const struct option_def defs[] = {
        {"for", &o->for_time, NULL},
        {"only", &o->only, NULL},
        {"dry-run", NULL, &o->dry_run},
        {"trace-hash", NULL, &o->trace_hash},
        {"log", &o->log, NULL},
        {"jitter", &o->jitter, NULL},
        {"turns", NULL, &o->turns},
        {"pace", &o->pace, NULL},
        {"seed", &o->seed, NULL},
        {"vnc", &o->vnc, NULL},
        {"join-timeout", &o->join_timeout, NULL},
        {"case", &o->case_number, NULL},
        {"hold", NULL, &o->hold},
        {"drive", &o->drive, NULL},
        {"paused", NULL, &o->paused},
        {"check-races", NULL, &o->check_races},
        {"pictures", &o->pictures, NULL},
    };
    const struct option_rules rules = {.usage = "orrery run MANIFEST [OPTION...]",
                                       .defs = defs,
                                       .def_count = sizeof(defs) / sizeof(defs[0]),
                                       .least = 1,
                                       .most = 1};

    return options_parse(argc, argv, &rules, words, why);
}

static bool check_value(const char *option, const char *value, const char *wrong,
                        struct problem *why)
{
    return !wrong || problem_input(why, "--%s %.60s: %s", option, value, wrong);
}

static bool take_time(const char *option, const char *value, uint64_t *ns, struct problem *why)
{
    const char *wrong = value ? parse_time(value, ns) : NULL;

    if (value && !wrong && !*ns) {
        wrong = "more than 0 was meant";
    }
    return check_value(option, value, wrong, why);
}

static bool take_number(const char *option, const char *value, uint64_t *number,
                        struct problem *why)
{
    return check_value(option, value, value ? parse_u64(value, number) : NULL, why);
}

static bool apply_options(const struct run_options *o, struct manifest *m, struct run_plan *plan,
                          struct problem *why)
{
    uint64_t join_ns = 0;

    if (!take_time("for", o->for_time, &m->clock.for_ns, why) ||
        !take_number("seed", o->seed, &m->clock.seed, why) ||
        !take_number("jitter", o->jitter, &plan->jitter_seed, why) ||
        !take_time("join-timeout", o->join_timeout, &join_ns, why)) {
        return false;
    }
    if (o->pace) {
        m->clock.pace_given = true;
        if (!check_value("pace", o->pace, parse_pace(o->pace, &m->clock.pace), why)) {
            return false;
        }
    }
    m->clock.turns |= o->turns;
    plan->trace_hash = o->trace_hash;
    plan->paused = o->paused;
    join_ns = join_ns && join_ns < UINT64_C(1000000) ? 1 : join_ns / 1000000;
    plan->join_timeout_ms = join_ns > INT32_MAX ? INT32_MAX : (uint32_t)join_ns;
    return (!o->only || manifest_keep_only(m, o->only, why)) &&
           (!o->vnc || manifest_show(m, o->vnc, why));
}

static bool make_log_dir(const char *path, struct arena *arena, struct run_plan *plan,
                         struct problem *why)
{
    if (!path) {
        return true;
    }
    if (!mkdir(path, 0777) || errno == EEXIST) {
        plan->log_dir = absolute_path(arena, path);
    }
    if (plan->log_dir) {
        return true;
    }
    return errno == ENOSPC || errno == EDQUOT
               ? problem_broke(why, "cannot write %s: %s", path, error_text(errno))
               : problem_input(why, "--log %s: %s", path, error_text(errno));
}

static int print_commands(const struct manifest *m, struct arena *arena, struct problem *why)
{
    struct rundir dir;

    if (!rundir_preview(&dir, m->name, why)) {
        return problem_report(why);
    }
    for (size_t i = 0; i < m->instance_count; i++) {
        struct strings argv = {0};

        qemu_command(m, (unsigned)i, dir.path, 0, arena, &argv);
        puts(shell_command(arena, &argv));
    }
    return EXIT_PASS;
}

/* What is not at the other end, of links that have no host port (--only). */
static void say_open(const struct manifest *m)
{
    for (size_t i = 0; i < m->open_count; i++) {
        const struct open_end *open = &m->open[i];
        const char *name = m->instances[open->end.instance].name, *port = open->end.port;

        if (open->kind == LINK_RADIO) {
            fprintf(stderr, "orrery: %s.%s is alone on its medium\n", name, port);
        } else if (strstr(port, "RST")) { /* gpio.RST, gpio.NRST */
            fprintf(stderr, "orrery: %s.%s is open; `orrery reset %s` resets it\n", name, port,
                    name);
        } else {
            fprintf(stderr, "orrery: %s.%s is open; `orrery button %s.%s` drives it\n", name, port,
                    name, port);
        }
    }
}

static uint64_t random_id(void)
{
    uint64_t id = 0;

    while (!id && getrandom(&id, sizeof(id), 0) < 0 && errno == EINTR) {
    }
    return id ? id : 1;
}

/* A manifest, or one case of a scenario. */
static bool read_input(const struct run_options *o, const char *path, struct arena *arena,
                       struct manifest *m, struct scenario *scenario, struct script *script,
                       struct problem *why)
{
    uint64_t number = 1;
    bool good;

    script->open = o->drive != NULL;
    if (!is_scenario(path)) {
        return o->case_number || o->hold
                   ? problem_input(why, "--case and --hold are for scenarios (NAME.test.yaml)")
                   : manifest_read(m, path, arena, why);
    }
    if (!take_number("case", o->case_number, &number, why) ||
        !scenario_open(scenario, path, arena, why)) {
        return false;
    }
    good = number >= 1 && number <= scenario->case_count
               ? scenario_case(scenario, (size_t)number - 1, arena, m, script, why)
               : problem_input(why, "--case: %s has cases 1 to %zu", path, scenario->case_count);
    scenario_close(scenario);
    script->hold = o->hold;
    return good;
}

/* Where pictures go that a test did not mean: NAME.line7.png. */
static char *pictures_path(const struct run_options *o, const char *name, struct arena *arena)
{
    const char *path = o->pictures ? o->pictures : name;
    char *here = absolute_path(arena, ".");

    return path[0] == '/' || !here ? arena_printf(arena, "%s.", path)
                                   : arena_printf(arena, "%s/%s.", here, path);
}

static int run_with(const struct run_options *o, const struct words *words, struct driver *driver,
                    struct arena *arena, struct problem *why)
{
    struct ensemble e = {.arena = arena};
    struct manifest m;
    struct scenario scenario = {.within_ns = DEFAULT_WITHIN_NS};
    struct script script = {0};

    if (!read_input(o, words->items[0], arena, &m, &scenario, &script, why) ||
        !apply_options(o, &m, &e.plan, why) || !firmware_resolve(&m, why) ||
        !script_resolve(&script, words->items[0], &m, arena, why) || !qemu_resolve(&m, why)) {
        return problem_report(why);
    }
    manifest_choose_pace(&m);
    if (o->dry_run) {
        return print_commands(&m, arena, why);
    }
    for (size_t i = 0; i < m.instance_count; i++) {
        m.instances[i].logs_errors |= script.open;
    }
    say_open(&m);
    e.plan.pictures = pictures_path(o, m.name, arena);
    if (!make_log_dir(o->log, arena, &e.plan, why)) {
        return problem_report(why);
    }
    e.manifest = e.plan.manifest = &m;
    e.plan.script = script.steps || script.open ? &script : NULL;
    e.plan.run_id = random_id();
    driver_knows(driver, &scenario, &m);
    e.driver = driver->fd >= 0 ? driver : NULL;
    return o->check_races ? races_check(&e, &m, why) : ensemble_run(&e, why);
}

static int run_main(int argc, char **argv)
{
    struct arena arena = {0};
    struct run_options o = {0};
    struct driver driver = {.fd = -1};
    struct words words;
    struct problem why = {0};
    int code;

    if (!parse_options(argc, argv, &o, &words, &why) || !driver_open(&driver, o.drive, &why) ||
        (o.drive && (o.check_races || o.dry_run) &&
         !problem_input(&why, "--drive goes with a run"))) {
        code = problem_report(&why);
    } else {
        code = run_with(&o, &words, &driver, &arena, &why);
    }
    driver_over(&driver, NULL, code, why.text); /* if it did not come to a run */
    arena_finish(&arena);
    return code;
}

const struct command run_command = {
    "run",
    "run MANIFEST [OPTION...]",
    "run an ensemble to its end, or a test (NAME.test.yaml) by itself",
    "  --for TIME           end at this virtual time\n"
    "  --only NAME          one instance; its links become pseudo-terminals\n"
    "  --dry-run            print the QEMU command lines and stop\n"
    "  --trace-hash         print one SHA-256 of everything that went over the links\n"
    "  --log DIR            keep logs there, one for each instance\n"
    "  --turns              one instance at a time: slower, and deterministic even for\n"
    "                       firmware with data races\n"
    "  --check-races        run it in parallel, with jitter, and then in turns: is all that is "
    "sent\n"
    "                       the same? Names the first message that is not; exit code 1\n"
    "  --pace X             1.0: real time; 0: as fast as it goes\n"
    "  --vnc NAME           what that instance's display shows, for a VNC viewer, on a Unix "
    "socket\n"
    "  --seed N             instead of the manifest's\n"
    "  --jitter SEED        end windows early at random; nothing may change (for tests)\n"
    "  --case N             of a test with a matrix: its Nth case\n"
    "  --paused             everybody stands at 0 until `orrery resume`, step or until\n"
    "  --hold               where a test fails everybody stands, for `orrery gdb`, until\n"
    "                       `orrery down`\n"
    "  --drive FD           its steps come from a program at that socket, one by one "
    "(docs/testing.md)\n"
    "  --pictures PATH      where a screen that a test did not mean is kept, as PATH.lineN.png\n"
    "  --join-timeout TIME  how long QEMUs may take to join, wall time (30s, more on a\n"
    "                       busy host)\n"
    "\n"
    "^C ends the run; a second ^C kills everything. Exit codes: 0 pass, 1 a guest failed,\n"
    "2 bad input, 3 something broke at run time.\n",
    run_main,
};

/* ---- validate ---- */

static int validate_main(int argc, char **argv)
{
    const struct option_rules rules = {
        .usage = "orrery validate MANIFEST...", .least = 1, .most = SIZE_MAX};
    struct words words;
    struct problem why = {0};
    int code = EXIT_PASS;

    if (!options_parse(argc, argv, &rules, &words, &why)) {
        return problem_report(&why);
    }
    for (size_t i = 0; i < words.count; i++) {
        const struct run_options first = {0};
        struct arena arena = {0};
        struct scenario scenario = {0};
        struct script script = {0};
        struct manifest m;

        if (!read_input(&first, words.items[i], &arena, &m, &scenario, &script, &why) ||
            !firmware_resolve(&m, &why) ||
            !script_resolve(&script, words.items[i], &m, &arena, &why)) {
            code = problem_report(&why);
        }
        arena_finish(&arena);
    }
    return code;
}

const struct command validate_command = {
    "validate",
    "validate MANIFEST...",
    "check manifests, or the first case of tests, and their firmware; run nothing",
    NULL,
    validate_main,
};
