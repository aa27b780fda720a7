/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_talk.h - the run most tests of the broker start from: a and b talk over their link and
 * tick on stdout. With cmocka's assertions: for test programs only.
 */
#ifndef ORRERY_BROKER_TEST_TALK_H
#define ORRERY_BROKER_TEST_TALK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_kit.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

#define TALK_A "period=200000 say=10"
#define TALK_B "period=330000 say=7"

struct test_run test_talk(uint64_t for_ns);
/* Start and finish within 30 s. VERBOSE=1 in the environment shows what it printed. */
void test_play(struct test_run *run);

/* It ended with this exit code; else shows why it did not. */
void test_ended(const struct test_run *run, int exit_code);

/* The hash and output of an undisturbed talk of 100 ms. */
extern char test_talk_hash[80], *test_talk_out;
void test_remember_talk(void);

/* Calls that must be answered; ns as step and until have it. */
Orrery__Reply *test_ask(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns);
void test_do(struct test_run *run, Orrery__Request__CallCase kind); /* and ignore the answer */
uint64_t test_stopped_at(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns);
void test_refused(struct test_run *run, Orrery__Request__CallCase kind, uint64_t ns,
                  const char *why);

/* main() of a test program: PROGRAM PATH-OF-ORRERY-BROKER [PATTERN] */
int test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#endif
