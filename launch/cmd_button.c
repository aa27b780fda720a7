// SPDX-License-Identifier: Apache-2.0
/* orrery button: hold an input of an instance at a level */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "commands.h"
#include "manifest.h"
#include "number.h"
#include "options.h"
#include "runs.h"
#include "suggest.h"

struct button_options {
    const char *run, *level, *length;
};

static bool fail_no_instance(const struct record *record, const char *text, struct problem *why)
{
    const char *dot = strchr(text, '.');
    char name[80];
    struct suggestion near;

    if (!dot || dot == text) {
        return problem_input(why, "'%.80s': INSTANCE.PIN was meant, like %s.gpio.PC4", text,
                             record->instance_count ? record->instances[0].name : "mcu");
    }
    snprintf(name, sizeof(name), "%.*s", (int)(dot - text), text);
    suggest_begin(&near, name);
    for (size_t i = 0; i < record->instance_count; i++) {
        suggest_offer(&near, record->instances[i].name);
    }
    return problem_input(why, "no instance '%s'%s", name, suggest_phrase(near.best));
}

/* INSTANCE.LINE: the instance with the longest name that fits. */
static bool split(const struct record *record, const char *text, const char **line,
                  const struct record_instance **instance, struct problem *why)
{
    const char *meant;
    size_t longest = 0;

    for (size_t i = 0; i < record->instance_count; i++) {
        const char *name = record->instances[i].name;
        size_t len = strlen(name);

        if (len > longest && !strncmp(name, text, len) && text[len] == '.') {
            longest = len;
            *line = text + len + 1;
            *instance = &record->instances[i];
        }
    }
    if (!longest) {
        return fail_no_instance(record, text, why);
    }
    meant = *line;
    *line = machine_line((*instance)->machine, meant);
    return *line || problem_input(why, "instance '%s': machine '%.60s' has no input '%.60s'%s",
                                  (*instance)->name, (*instance)->machine, meant,
                                  machine_near_line((*instance)->machine, meant));
}

static bool parse_verb(const char *verb, const struct button_options *options,
                       Orrery__Stimulus *stimulus, struct problem *why)
{
    bool click = !strcmp(verb, "click"), release = !strcmp(verb, "release");
    const char *wrong = NULL;
    uint64_t level = 0;

    if (!click && !release && strcmp(verb, "press") != 0) {
        return problem_input(why, "'%.40s': press, release or click was meant", verb);
    }
    if ((options->level && release) || (options->length && !click)) {
        return problem_input(why, "--level goes with press and click, --for with click");
    }
    if (options->level && (parse_u64(options->level, &level) || level > 1)) {
        return problem_input(why, "--level %.40s: 0 or 1 was meant", options->level);
    }
    stimulus->for_ns = click ? DEFAULT_CLICK_NS : 0;
    if (options->length) {
        wrong = parse_time(options->length, &stimulus->for_ns);
    }
    if (wrong || (click && !stimulus->for_ns)) {
        return problem_input(why, "--for %.40s: %s", options->length,
                             wrong ? wrong : "a click takes some time");
    }
    stimulus->level = release ? LINE_FREE : (int32_t)level;
    return true;
}

static bool press(const struct button_options *options, const struct words *words,
                  struct arena *arena, struct problem *why)
{
    Orrery__Stimulus stimulus = ORRERY__STIMULUS__INIT;
    const struct record_instance *instance = NULL;
    struct record record;
    const char *line = NULL;
    char *run;

    if (!parse_verb(words->items[1], options, &stimulus, why) ||
        !runs_choose(options->run, arena, &run, why) || !record_read(run, &record, arena, why) ||
        !split(&record, words->items[0], &line, &instance, why)) {
        return false;
    }
    stimulus.instance = instance->name;
    stimulus.kind = ORRERY__STIMULUS__KIND__LINE;
    stimulus.line = arena_copy(arena, line);
    return broker_ask(run, ORRERY__REQUEST__CALL_STIMULUS, &stimulus, why);
}

static int button_main(int argc, char **argv)
{
    struct button_options options = {0};
    const struct option_def defs[] = {{"run", &options.run, NULL},
                                      {"level", &options.level, NULL},
                                      {"for", &options.length, NULL}};
    const struct option_rules rules = {.usage = "orrery button INSTANCE.PIN press|release|click",
                                       .defs = defs,
                                       .def_count = 3,
                                       .least = 2,
                                       .most = 2};
    struct arena arena = {0};
    struct words words;
    struct problem why = {0};
    bool good = options_parse(argc, argv, &rules, &words, &why) &&
                press(&options, &words, &arena, &why);

    arena_finish(&arena);
    return good ? EXIT_PASS : problem_report(&why);
}

const struct command button_command = {
    "button",
    "button INSTANCE.PIN press|release|click",
    "hold a pin at a level from outside, and print when",
    "A press holds the pin at 0, as a button to ground does, or at --level 1, against whatever\n"
    "drives it; a release lets go. A click lasts --for TIME, 100ms by default. Where everybody is\n"
    "paused, it happens when the run goes on. The key inputs of the manifest does the same at a\n"
    "time that is known beforehand.\n",
    button_main,
};
