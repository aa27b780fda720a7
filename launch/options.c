// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "suggest.h"

static const struct option_def *find_option(const struct option_rules *rules, const char *name,
                                            size_t len)
{
    for (size_t i = 0; i < rules->def_count; i++) {
        if (strlen(rules->defs[i].name) == len && !memcmp(rules->defs[i].name, name, len)) {
            return &rules->defs[i];
        }
    }
    return NULL;
}

static bool fail_unknown(const struct option_rules *rules, const char *arg, struct problem *why)
{
    struct suggestion near;
    const char *phrase = "";
    char dashed[64];

    suggest_begin(&near, arg + strspn(arg, "-"));
    for (size_t i = 0; i < rules->def_count; i++) {
        suggest_offer(&near, rules->defs[i].name);
    }
    if (near.best) {
        snprintf(dashed, sizeof(dashed), near.best[1] ? "--%s" : "-%s", near.best);
        phrase = suggest_phrase(dashed);
    }
    return problem_input(why, "unknown option '%.60s'%s", arg, phrase);
}

/* -j 4 and -j4: options whose name is one letter. */
static bool take_short(const struct option_rules *rules, int argc, char **argv, int *index,
                       struct problem *why)
{
    char *arg = argv[*index];
    const struct option_def *def = find_option(rules, arg + 1, 1);

    if (!def || (def->flag && arg[2])) {
        return fail_unknown(rules, arg, why);
    }
    if (def->flag) {
        *def->flag = true;
        return true;
    }
    if (!arg[2] && *index + 1 >= argc) {
        return problem_input(why, "-%s needs a value", def->name);
    }
    *def->value = arg[2] ? arg + 2 : argv[++*index];
    return true;
}

/* Takes one option; *index moves on when its value is the next argument. */
static bool take_option(const struct option_rules *rules, int argc, char **argv, int *index,
                        struct problem *why)
{
    char *arg = argv[*index], *name = arg + 2, *equals;
    const struct option_def *def;
    size_t len;

    if (arg[1] != '-') {
        return take_short(rules, argc, argv, index, why);
    }
    equals = strchr(name, '=');
    len = equals ? (size_t)(equals - name) : strlen(name);
    def = len > 1 ? find_option(rules, name, len) : NULL;
    if (!def) {
        return fail_unknown(rules, arg, why);
    }
    if (def->flag) {
        *def->flag = true;
        return !equals || problem_input(why, "--%s takes no value", def->name);
    }
    if (!equals && *index + 1 >= argc) {
        return problem_input(why, "--%s needs a value", def->name);
    }
    *def->value = equals ? equals + 1 : argv[++*index];
    return true;
}

bool options_parse(int argc, char **argv, const struct option_rules *rules, struct words *words,
                   struct problem *why)
{
    bool only_words = false;

    words->items = argv; /* words move to the front, over options that were read */
    words->count = 0;
    for (int i = 0; i < argc; i++) {
        if (!only_words && !strcmp(argv[i], "--")) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
            if (!take_option(rules, argc, argv, &i, why)) {
                return false;
            }
        } else {
            words->items[words->count++] = argv[i];
            only_words |= rules->rest_is_words;
        }
    }
    if (words->count < rules->least || words->count > rules->most) {
        return problem_input(why, "usage: %s", rules->usage);
    }
    return true;
}
