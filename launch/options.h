// SPDX-License-Identifier: Apache-2.0
/*
 * options.h - the command line of one command: --name, --name VALUE, --name=VALUE, -n VALUE for
 * names of one letter, and words.
 */
#ifndef LAUNCH_OPTIONS_H
#define LAUNCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "problem.h"

struct option_def {
    const char *name;   /* without the dashes */
    const char **value; /* takes one; else: */
    bool *flag;
};

struct words {
    char **items;
    size_t count;
};

/*
 * Sort argv (without the command's own name) into options and words. At most `most` words and
 * at least `least`; usage is "orrery run MANIFEST [OPTION]" for messages. Everything after "--"
 * is a word, and so is everything after the first word when rest_is_words.
 */
struct option_rules {
    const char *usage;
    const struct option_def *defs;
    size_t def_count;
    size_t least, most;
    bool rest_is_words;
};
bool options_parse(int argc, char **argv, const struct option_rules *rules, struct words *words,
                   struct problem *why);

#endif
