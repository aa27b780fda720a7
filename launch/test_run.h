// SPDX-License-Identifier: Apache-2.0
/*
 * test_run.h - many scenarios at once, for cmd_test.c.
 *
 * A job is one case of one scenario. Each attempt at it is an `orrery run` of its own, with its
 * output in files; several run side by side, results come in the order of the jobs.
 */
#ifndef LAUNCH_TEST_RUN_H
#define LAUNCH_TEST_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "arena.h"
#include "problem.h"

enum outcome {
    OUTCOME_NONE, /* did not run */
    OUTCOME_PASSED,
    OUTCOME_FAILED,  /* an expectation did not come true, or a guest failed */
    OUTCOME_INPUT,   /* the scenario or its files are wrong */
    OUTCOME_BROKE,   /* something broke at run time, or took too long */
    OUTCOME_FLAKY,   /* failed, and passed when tried again */
    OUTCOME_DIFFERS, /* --twice: the second run was another */
    OUTCOME_COUNT
};
extern const char *const outcome_names[OUTCOME_COUNT];

struct job {
    const char *path;
    size_t case_number; /* from 1 */
    const char *name;   /* "path", or "path [seed=3]" */
    unsigned round;     /* --repeat */
    enum outcome outcome;
    unsigned attempts;
    double wall_s;   /* of the last attempt */
    char *out, *err; /* files of the last attempt */
    char *message;   /* one line, or NULL */
};

struct test_options {
    const char *seed;
    unsigned jobs, retries;
    uint64_t limit_ms; /* wall time of an attempt; more on a busy host, unless it was given */
    bool limit_given, twice, fail_fast, until_fail;
    const char *results; /* absolute directory */
};

/* Called when a job is done; jobs are reported in order. */
typedef void report_fn(void *opaque, const struct job *job);

/* Run them. False: interrupted, or why has a line. */
bool test_run(struct job *jobs, size_t count, const struct test_options *options,
              struct arena *arena, report_fn *report, void *opaque, struct problem *why);

/* The command that runs it again. */
char *test_command_line(const struct job *job, const struct test_options *options,
                        struct arena *arena);

/* DIR/junit.xml and DIR/results.json. */
bool test_write_results(const struct job *jobs, size_t count, const struct test_options *options,
                        struct arena *arena, struct problem *why);

/* In a hosted CI that says so (GITHUB_ACTIONS): a line that puts a failure beside its place in the
 * file. */
void test_annotate(FILE *to, const struct job *job);

#define TEST_TAIL_LINES 10 /* of what a failed one said */
/* The last lines of a file, each after `prefix`. */
void test_print_tail(FILE *to, const char *path, unsigned lines, const char *prefix);

#endif
