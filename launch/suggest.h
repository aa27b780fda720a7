// SPDX-License-Identifier: Apache-2.0
/*
 * suggest.h - "did you mean".
 */
#ifndef LAUNCH_SUGGEST_H
#define LAUNCH_SUGGEST_H

#include <stddef.h>

/* The candidate nearest to what was typed, or NULL when none is near: at most one edit in three
 * letters; swapped letters and wrong case count as one. */
const char *suggest(const char *typed, const char *const *candidates, size_t count);

/* The same one candidate at a time, for lists that are not arrays of strings. */
struct suggestion {
    const char *typed, *best;
    unsigned distance;
};
void suggest_begin(struct suggestion *s, const char *typed);
void suggest_offer(struct suggestion *s, const char *candidate);

/* "; did you mean 'X'?" or "", for the end of a message. Good until the next call. */
const char *suggest_phrase(const char *best);

#endif
