// SPDX-License-Identifier: Apache-2.0
/* orrery screenshot: what an instance's display shows */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "commands.h"
#include "number.h"
#include "options.h"
#include "places.h"
#include "qmp.h"
#include "runs.h"

/* The form that the file's name says, as QEMU names it. */
static const char *format_of(const char *file, struct problem *why)
{
    const char *dot = strrchr(file, '.');

    if (dot && !strcmp(dot, ".png")) {
        return "png";
    }
    if (dot && !strcmp(dot, ".ppm")) {
        return "ppm";
    }
    problem_input(why, "'%.200s': a name ending in .png or .ppm was meant", file);
    return NULL;
}

/* Everybody at one virtual time; *was_running: resume() afterwards. */
static bool hold(const char *run, uint64_t *at_ns, bool *was_running, struct problem *why)
{
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    Orrery__Reply *reply = broker_call(run, ORRERY__REQUEST__CALL_STATUS, &empty, CALL_TIMEOUT_MS,
                                       why);

    if (!reply) {
        return false;
    }
    *was_running = reply->result_case == ORRERY__REPLY__RESULT_STATUS &&
                   strcmp(reply->status->state, "paused") != 0;
    orrery__reply__free_unpacked(reply, NULL);
    reply = broker_call(run, ORRERY__REQUEST__CALL_PAUSE, &empty, CALL_NO_TIMEOUT, why);
    if (!reply) {
        return false;
    }
    if (reply->result_case == ORRERY__REPLY__RESULT_STOPPED) {
        *at_ns = reply->stopped->at_ns;
    }
    orrery__reply__free_unpacked(reply, NULL);
    return true;
}

static bool resume(const char *run, struct problem *why)
{
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    Orrery__Reply *reply = broker_call(run, ORRERY__REQUEST__CALL_RESUME, &empty, CALL_TIMEOUT_MS,
                                       why);

    if (reply) {
        orrery__reply__free_unpacked(reply, NULL);
    }
    return reply != NULL;
}

/* In our words what QEMU says: no display, or no file. */
static bool fail_dump(const char *instance, const char *file, struct problem *why)
{
    const char *error = strrchr(why->text, ':');
    char reason[80];

    if (strstr(why->text, "no console")) {
        return problem_input(why, "instance '%s' has no display", instance);
    }
    if (error && (strstr(why->text, "open file") || strstr(why->text, "PNG creation"))) {
        snprintf(reason, sizeof(reason), "%s", error + 1);
        return problem_broke(why, "cannot write %.300s:%s", file, reason);
    }
    return false;
}

/* A file that cannot be there is no fault of the run. */
static bool check_directory(const char *file, struct arena *arena, struct problem *why)
{
    const char *slash = strrchr(file, '/'); /* it has one */
    char *directory = arena_copy_n(arena, file, (size_t)(slash - file) + 1);

    return !access(directory, W_OK) ||
           problem_input(why, "%.300s: %s", directory, error_text(errno));
}

static bool dump(const char *run, const char *instance, const char *file, const char *format,
                 struct arena *arena, struct problem *why)
{
    json_t *result;
    struct qmp q;

    if (!qmp_open(&q, run, instance, arena, why)) {
        return false;
    }
    result = qmp_execute(&q, "screendump",
                         json_pack("{ss, ss}", "filename", file, "format", format), why);
    qmp_close(&q);
    json_decref(result);
    return result || fail_dump(instance, file, why);
}

static bool shoot(const char *wanted, const struct words *words, struct arena *arena,
                  struct problem *why)
{
    const char *format = format_of(words->items[1], why), *directory, *file;
    struct record_instance instance;
    struct problem later = {0};
    char when[TIME_TEXT_SIZE], *run;
    uint64_t at_ns = 0;
    bool was_running, good;

    if (!format || !runs_find_instance(wanted, words->items[0], arena, &run, &instance, why)) {
        return false;
    }
    directory = absolute_path(arena, "."); /* QEMU has another one */
    if (!directory) {
        return problem_input(why, "the working directory: %s", error_text(errno));
    }
    file = words->items[1];
    file = file[0] == '/' ? file : arena_printf(arena, "%s/%s", directory, file);
    if (!check_directory(file, arena, why) || !hold(run, &at_ns, &was_running, why)) {
        return false;
    }
    good = dump(run, instance.name, file, format, arena, why);
    if (was_running && !resume(run, good ? why : &later)) {
        return false;
    }
    if (good) {
        printf("%s\n", format_time(at_ns, when));
    }
    return good;
}

static int screenshot_main(int argc, char **argv)
{
    const char *run = NULL;
    const struct option_def defs[] = {{"run", &run, NULL}};
    const struct option_rules rules = {.usage = "orrery screenshot INSTANCE FILE [--run RUN]",
                                       .defs = defs,
                                       .def_count = 1,
                                       .least = 2,
                                       .most = 2};
    struct arena arena = {0};
    struct words words;
    struct problem why = {0};
    bool good = options_parse(argc, argv, &rules, &words, &why) && shoot(run, &words, &arena, &why);

    arena_finish(&arena);
    return good ? EXIT_PASS : problem_report(&why);
}

const struct command screenshot_command = {
    "screenshot",
    "screenshot INSTANCE FILE [--run RUN]",
    "what its display shows, as PNG or PPM, and print when",
    "Everybody stands at that virtual time while the picture is taken.\n",
    screenshot_main,
};
