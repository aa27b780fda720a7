// SPDX-License-Identifier: Apache-2.0
#include "suggest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LONGEST 63 /* letters; nobody mistypes a longer name */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours (restricted Damerau). */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned rows[3][LONGEST + 2];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t len_a = strlen(a), len_b = strlen(b);

    for (size_t j = 0; j <= len_b; j++) {
        last[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= len_a; i++) {
        unsigned *spare = before;

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= len_b; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[len_b];
}

void suggest_begin(struct suggestion *s, const char *typed)
{
    size_t len = strlen(typed);

    s->typed = typed;
    s->best = NULL;
    s->distance = len > LONGEST ? 0 : least((unsigned)(len + 2) / 3, 4) + 1;
}

void suggest_offer(struct suggestion *s, const char *candidate)
{
    unsigned distance;

    if (!s->distance || strlen(candidate) > LONGEST) {
        return;
    }
    distance = strcasecmp(s->typed, candidate) ? edit_distance(s->typed, candidate) : 1;
    if (distance < s->distance) {
        s->distance = distance;
        s->best = candidate;
    }
}

const char *suggest(const char *typed, const char *const *candidates, size_t count)
{
    struct suggestion s;

    suggest_begin(&s, typed);
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&s, candidates[i]);
    }
    return s.best;
}

const char *suggest_phrase(const char *best)
{
    static char phrase[LONGEST + 32];

    if (!best) {
        return "";
    }
    snprintf(phrase, sizeof(phrase), "; did you mean '%s'?", best);
    return phrase;
}
