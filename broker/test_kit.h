/* SPDX-License-Identifier: Apache-2.0 */
/* test_kit.h - start a real broker with a plan and members, call it, and see how it ends. */
#ifndef ORRERY_BROKER_TEST_KIT_H
#define ORRERY_BROKER_TEST_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "orrery.pb-c.h"

#define TEST_MEMBERS 2

/* A run of two members, a and b, joined by a.serial0 - b.serial0. */
struct test_run {
    /* set before test_start(); zero is fine */
    uint64_t for_ns;
    double pace;
    bool turns, no_uring, watch_launcher, no_link;
    bool launcher_is_dead; /* with watch_launcher: before the broker is there */
    uint64_t jitter_seed;
    uint32_t join_timeout_ms;
    const char *log_dir;
    int attach_to;   /* Orrery__Attach__To of a.serial1; -1: not attached */
    int attach_b_to; /* and of b.serial1 */
    const char *file_path;
    int stdout_fd;                     /* the broker's; 0: a file that is read at the end */
    const char *options[TEST_MEMBERS]; /* of the players, separated by spaces; NULL: none starts */

    /* then */
    char run_dir[64];
    pid_t broker, members[TEST_MEMBERS], launcher;
    int out_fd, err_fd;

    /* after test_finish() */
    int exit_code; /* -1: it did not end in time and was killed */
    double wall_s; /* from test_start() to the end */
    char *out, *err;
    char hash[80]; /* "": none printed */
    uint64_t started_ns;
};

void test_program(const char *self, const char *broker); /* paths, once */

bool test_start(struct test_run *run); /* the broker listens and the members are on their way */
void test_start_member(struct test_run *run, int index);
/* Wait for the broker at most timeout_s; collect what it printed; reap the members. */
void test_finish(struct test_run *run, double timeout_s);
/* Free, and remove the run directory if it is still there. True: it was empty or gone, and no
 * member was left alive. */
bool test_clean(struct test_run *run);

/* One call; NULL: no answer within 20 s. Free with orrery__reply__free_unpacked(). */
Orrery__Reply *test_call(const char *run_dir, Orrery__Request *request);
/* The same without anything decoded: bytes there, packed Reply back. */
Orrery__Reply *test_call_bytes(const char *run_dir, const void *bytes, size_t len, int timeout_ms);

uint64_t test_now_ns(void);
/* Wall time since then; more of it on a busy host. */
bool test_within(uint64_t from_ns, double seconds);
void test_sleep_ms(unsigned ms);
unsigned test_cpu_ms(pid_t pid); /* processor time it has used */
/* Wait until the run's state in Status is so. */
bool test_wait_state(struct test_run *run, const char *state);

/* Run the broker on these bytes as its plan: its exit code, its stderr in *err (free()). */
int test_plan_bytes(const void *bytes, size_t len, char **err);

#endif
