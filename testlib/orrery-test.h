/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orrery-test.h - tests in C of an ensemble of instances. examples/uart-pair_test.c is one.
 *
 * SYNOPSIS
 *     #include <orrery-test.h>
 *     cc $(pkg-config --cflags orrery-test) my_test.c $(pkg-config --libs orrery-test)
 *
 *     struct orrery_test *t;
 *     orrery_test_start(&t, "uart-pair.yaml", NULL);
 *     orrery_test_expect(t, "pong.serial1", "pong: lm3s6965evb", ORRERY_MS(100));
 *     orrery_test_end(t, NULL);
 *
 * DESCRIPTION
 *     orrery_test_start() starts `orrery run` on a manifest, or on a test file (NAME.test.yaml:
 *     its changes to the manifest, and its steps first). The calls that follow are the steps of a
 *     test file, made one at a time by a program that can decide on what came; docs/testing.md
 *     has their meaning. They go through the same engine, so the run is the one that a test file
 *     with the same steps gives, to the bit: all times are virtual, and none passes between two
 *     calls, however long the program takes.
 *
 *     Between two calls everybody stands. A step that waits for something is done at the time t
 *     at which that comes, and from t the next one counts; what acts (send, a line, a reset) does
 *     so then, or one reaction (10 ms, `clock: { reaction: ... }`) after the last thing that was
 *     observed, if that is later. orrery_test_time() is t.
 *
 *     Ports are INSTANCE.PORT, and must be attached in the manifest or test file. What they say
 *     goes to standard error, as `orrery run` prints it.
 *
 *     Any number of ensembles may run in one program and beside each other; each handle is for
 *     one thread at a time. A program that dies takes its ensembles along.
 *
 * RETURN VALUE
 *     ORRERY_TEST_OK, or another code; orrery_test_error() then has one line that says what, where
 *     and when. After ORRERY_TEST_FAILED and ORRERY_TEST_REFUSED the run goes on. Once it is over
 *     every call returns what the run came to, and does nothing else.
 *
 * ENVIRONMENT
 *     ORRERY   the orrery to run; else the one installed with this library, else `orrery` in PATH.
 */
#ifndef ORRERY_TEST_H
#define ORRERY_TEST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORRERY_US(n) ((uint64_t)(n)*1000u)
#define ORRERY_MS(n) ((uint64_t)(n)*1000000u)
#define ORRERY_S(n) ((uint64_t)(n)*1000000000u)

/* 0 to 3 are also the exit codes of `orrery run`. */
enum orrery_test_code {
    ORRERY_TEST_OK = 0,
    ORRERY_TEST_FAILED = 1,  /* what was expected did not come in time, or a guest failed */
    ORRERY_TEST_REFUSED = 2, /* bad input: a manifest, a step, a name; nothing has happened */
    ORRERY_TEST_BROKE = 3,   /* something broke at run time */
    ORRERY_TEST_OVER = 4,    /* the run has ended, and well: there is nothing to do it on */
};

struct orrery_test;

/*
 * Start an ensemble, and wait until it stands at virtual time 0, or after the test file's own steps
 * (which may have failed). options: more words for `orrery run`, such as "--seed=3" or "--case=2",
 * ending in NULL; or NULL. *test is set whatever comes of it, and to be given to orrery_test_end();
 * NULL only without memory.
 */
int orrery_test_start(struct orrery_test **test, const char *file, const char *const *options);

/* text has come on port, since what the step before used; at most within_ns of virtual time later.
 */
int orrery_test_expect(struct orrery_test *test, const char *port, const char *text,
                       uint64_t within_ns);
/* The same for a POSIX extended regular expression, within one line. */
int orrery_test_match(struct orrery_test *test, const char *port, const char *regex,
                      uint64_t within_ns);
/* What the last match captured: group 1 to 9, or 0 for all of it; "" where there is nothing. Good
 * until the next call. */
const char *orrery_test_captured(const struct orrery_test *test, unsigned group);

int orrery_test_send(struct orrery_test *test, const char *port, const char *text);

/* An input of a machine, as "mcu.gpio.PC4", is held at level 0 or 1; the reset button. */
int orrery_test_line(struct orrery_test *test, const char *line, unsigned level);
int orrery_test_reset(struct orrery_test *test, const char *instance);

/* For so long; until so long after the start. All stand at exactly that time (or at one reaction
 * after the last thing observed, if that is later). */
int orrery_test_wait(struct orrery_test *test, uint64_t ns);
int orrery_test_until(struct orrery_test *test, uint64_t at_ns);

/* Any step of a test file, on one line, as it stands there: "{ never: panic, port: mcu.serial0,
 * within: 5ms }", "{ memory: mcu.errors, is: 0 }". Printed as printf(3) does. (Steps that a test
 * file asks of one instance at one time, memory and the like, come one after the other here, 1 us
 * apart.) */
int orrery_test_step(struct orrery_test *test, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* When the last step was done, in ns after the start. */
uint64_t orrery_test_time(const struct orrery_test *test);

/* A counter of one direction of a link ("ping.serial0>pong.serial0"; the host's side is "broker"):
 * sent, delivered, overruns, framing_errors, too_fast, dropped, corrupted, delayed; where all stand
 * now. */
int orrery_test_counter(struct orrery_test *test, const char *lane, const char *counter,
                        uint64_t *value);

/* The line about the last call that did not return ORRERY_TEST_OK, or "". Good until the next one.
 */
const char *orrery_test_error(const struct orrery_test *test);

/*
 * End the run, wait until all its processes have gone, and free test (NULL is accepted). Returns
 * what `orrery run` did: ORRERY_TEST_OK when it ended well, whatever its steps came to. hash: 65
 * bytes for the trace hash of the run, "" when it broke; or NULL.
 */
#define ORRERY_TEST_HASH_SIZE 65
int orrery_test_end(struct orrery_test *test, char *hash);

#ifdef __cplusplus
}
#endif

#endif
