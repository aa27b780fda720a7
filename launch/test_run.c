// SPDX-License-Identifier: Apache-2.0
#include "test_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "orrery.h"

#define JITTER "7" /* of the second run of --twice */
#define LINE_MAX_BYTES 400
#define KILL_AFTER_MS 5000

const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_NONE] = "not run",
    [OUTCOME_PASSED] = "passed",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_INPUT] = "bad input",
    [OUTCOME_BROKE] = "broke",
    [OUTCOME_FLAKY] = "flaky",
    [OUTCOME_DIFFERS] = "not deterministic",
};

/* What is going on with a job that runs. */
struct worker {
    struct job *job; /* NULL: free */
    size_t index;
    pid_t pid;
    bool second;  /* run of --twice */
    bool stopped; /* it took too long, or we were interrupted */
    uint64_t started_ms, deadline_ms;
    char *first_out; /* of --twice */
};

struct pool {
    struct job *jobs;
    size_t count, next, reported;
    bool *done; /* [job] */
    const struct test_options *options;
    struct arena *arena;
    struct worker *workers;
    unsigned running;
    int signal_fd;
    bool interrupted, stop; /* stop: start no more */
    report_fn *report;
    void *opaque;
};

/* ---- one attempt ---- */

static void add_command(struct strings *argv, const char *command, const struct job *job,
                        const struct test_options *options, struct arena *arena)
{
    strings_add(arena, argv, command);
    strings_add(arena, argv, job->path);
    strings_addf(arena, argv, "--case=%zu", job->case_number);
    if (options->seed) {
        strings_addf(arena, argv, "--seed=%s", options->seed);
    }
}

char *test_command_line(const struct job *job, const struct test_options *options,
                        struct arena *arena)
{
    struct strings argv = {0};

    strings_add(arena, &argv, "orrery");
    add_command(&argv, "debug", job, options, arena);
    return strings_join(arena, &argv, " ");
}

static int create(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

static bool start_attempt(struct pool *pool, struct worker *worker, struct problem *why)
{
    struct strings argv = {0};
    struct child_spec spec = {.path = "/proc/self/exe", .dies_with_us = true};
    struct job *job = worker->job;
    const char *stem = arena_printf(pool->arena, "%s/%05zu%s", pool->options->results,
                                    worker->index + 1, worker->second ? ".again" : "");

    job->out = arena_printf(pool->arena, "%s.out", stem);
    job->err = arena_printf(pool->arena, "%s.err", stem);
    strings_add(pool->arena, &argv, "orrery");
    add_command(&argv, "run", job, pool->options, pool->arena);
    strings_add(pool->arena, &argv, "--trace-hash");
    strings_addf(pool->arena, &argv, "--pictures=%s", stem);
    if (worker->second) {
        strings_add(pool->arena, &argv, "--jitter=" JITTER);
    }
    spec.argv = argv.items;
    spec.out = create(job->out);
    spec.err = create(job->err);
    worker->pid = -1;
    if (spec.out < 0 || spec.err < 0) {
        problem_broke(why, "cannot write %s: %s", job->out, error_text(errno));
    } else {
        worker->pid = child_start(&spec, why);
    }
    if (spec.out >= 0) {
        close(spec.out);
    }
    if (spec.err >= 0) {
        close(spec.err);
    }
    job->attempts++;
    worker->started_ms = child_now_ms();
    worker->deadline_ms = worker->started_ms + pool->options->limit_ms;
    worker->stopped = false;
    return worker->pid > 0;
}

/* ---- what came of it ---- */

static enum outcome outcome_of(int status)
{
    if (!WIFEXITED(status)) {
        return OUTCOME_BROKE;
    }
    switch (WEXITSTATUS(status)) {
    case EXIT_PASS:
        return OUTCOME_PASSED;
    case EXIT_GUEST_FAILED:
        return OUTCOME_FAILED;
    case EXIT_BAD_INPUT:
        return OUTCOME_INPUT;
    default:
        return OUTCOME_BROKE;
    }
}

/* The last line of what it said on standard error, without "orrery: ". */
static char *last_line(const char *path, struct arena *arena)
{
    char line[LINE_MAX_BYTES], last[LINE_MAX_BYTES] = "";
    FILE *file = fopen(path, "re");

    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0]) {
            memcpy(last, line, sizeof(last));
        }
    }
    if (file) {
        fclose(file);
    }
    return arena_copy(arena, strncmp(last, "orrery: ", 8) == 0 ? last + 8 : last);
}

/* NULL: the two files are equal. Else the first line of the second that differs, in words. */
static char *first_difference(const char *a, const char *b, struct arena *arena)
{
    char one[LINE_MAX_BYTES], other[LINE_MAX_BYTES], *difference = NULL;
    FILE *fa = fopen(a, "re"), *fb = fopen(b, "re");
    unsigned line = 0;

    while (fa && fb && !difference) {
        char *got_a = fgets(one, sizeof(one), fa), *got_b = fgets(other, sizeof(other), fb);

        line++;
        if (!got_a && !got_b) {
            break;
        }
        if (!got_a || !got_b || strcmp(one, other) != 0) {
            other[got_b ? strcspn(other, "\n") : 0] = 0;
            difference = arena_printf(arena, "with --jitter " JITTER " line %u was: %s", line,
                                      got_b ? other : "not there");
        }
    }
    if (!fa || !fb) {
        difference = arena_copy(arena, "its output cannot be read");
    }
    if (fa) {
        fclose(fa);
    }
    if (fb) {
        fclose(fb);
    }
    return difference;
}

static void settle_second(struct pool *pool, struct worker *worker, enum outcome outcome)
{
    struct job *job = worker->job;
    char *difference = outcome == OUTCOME_PASSED
                           ? first_difference(worker->first_out, job->out, pool->arena)
                           : arena_printf(pool->arena, "with --jitter " JITTER " it %s: %s",
                                          outcome_names[outcome], last_line(job->err, pool->arena));

    job->outcome = difference ? OUTCOME_DIFFERS : OUTCOME_PASSED;
    job->message = difference;
}

static void settle_first(struct pool *pool, struct worker *worker, enum outcome outcome)
{
    struct job *job = worker->job;

    if (outcome == OUTCOME_PASSED) {
        /* what failed before stays in the message */
        job->outcome = job->attempts > 1 ? OUTCOME_FLAKY : OUTCOME_PASSED;
        return;
    }
    job->outcome = outcome;
    job->message = worker->stopped
                       ? arena_printf(pool->arena, "it took more than %llu s of wall time",
                                      (unsigned long long)pool->options->limit_ms / 1000)
                       : last_line(job->err, pool->arena);
}

/* True: another attempt at the same job is to be made. */
static bool settle(struct pool *pool, struct worker *worker, int status)
{
    struct job *job = worker->job;
    enum outcome outcome = worker->stopped ? OUTCOME_BROKE : outcome_of(status);

    job->wall_s = (double)(child_now_ms() - worker->started_ms) / 1000;
    if (worker->second) {
        settle_second(pool, worker, outcome);
        return false;
    }
    settle_first(pool, worker, outcome);
    if (job->outcome == OUTCOME_PASSED && pool->options->twice) {
        worker->second = true;
        worker->first_out = job->out;
        return true;
    }
    return (job->outcome == OUTCOME_FAILED || job->outcome == OUTCOME_BROKE) &&
           job->attempts <= pool->options->retries;
}

static void report_in_order(struct pool *pool)
{
    while (pool->reported < pool->count && pool->done[pool->reported]) {
        pool->report(pool->opaque, &pool->jobs[pool->reported++]);
    }
}

static void finish_job(struct pool *pool, struct worker *worker)
{
    const struct test_options *o = pool->options;

    pool->done[worker->index] = true;
    if (worker->job->outcome != OUTCOME_PASSED && (o->fail_fast || o->until_fail)) {
        pool->stop = true;
    }
    worker->job = NULL;
    pool->running--;
    report_in_order(pool);
}

/* ---- all of them ---- */

static bool start_next(struct pool *pool, struct worker *worker, struct problem *why)
{
    *worker = (struct worker){.job = &pool->jobs[pool->next], .index = pool->next};
    pool->next++;
    pool->running++;
    return start_attempt(pool, worker, why);
}

static bool fill(struct pool *pool, struct problem *why)
{
    for (unsigned i = 0; i < pool->options->jobs; i++) {
        if (!pool->workers[i].job && pool->next < pool->count && !pool->stop &&
            !start_next(pool, &pool->workers[i], why)) {
            return false;
        }
    }
    return true;
}

static bool reap(struct pool *pool, struct problem *why)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (unsigned i = 0; i < pool->options->jobs; i++) {
            struct worker *worker = &pool->workers[i];

            if (!worker->job || worker->pid != pid) {
                continue;
            }
            if (!pool->interrupted && settle(pool, worker, status)) {
                if (!start_attempt(pool, worker, why)) {
                    return false;
                }
            } else if (pool->interrupted) {
                worker->job = NULL;
                pool->running--;
            } else {
                finish_job(pool, worker);
            }
        }
    }
    return true;
}

static void signal_all(struct pool *pool, int sig)
{
    for (unsigned i = 0; i < pool->options->jobs; i++) {
        if (pool->workers[i].job && pool->workers[i].pid > 0) {
            kill(pool->workers[i].pid, sig);
        }
    }
}

/* An attempt that takes too long is interrupted, then killed. */
static void check_limits(struct pool *pool)
{
    uint64_t now = child_now_ms();

    for (unsigned i = 0; i < pool->options->jobs; i++) {
        struct worker *worker = &pool->workers[i];

        if (!worker->job || now < worker->deadline_ms) {
            continue;
        }
        if (!worker->stopped && !pool->options->limit_given) {
            worker->deadline_ms = worker->started_ms + orrery_patience_ms(pool->options->limit_ms);
            if (now < worker->deadline_ms) {
                continue;
            }
        }
        kill(worker->pid, worker->stopped ? SIGKILL : SIGINT);
        worker->stopped = true;
        worker->deadline_ms = now + orrery_patience_ms(KILL_AFTER_MS);
    }
}

static void wait_for_something(struct pool *pool)
{
    struct pollfd fd = {.fd = pool->signal_fd, .events = POLLIN};
    struct signalfd_siginfo info;

    poll(&fd, 1, 500);
    while (read(pool->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD) {
            signal_all(pool, pool->interrupted ? SIGKILL : SIGINT);
            pool->interrupted = pool->stop = true;
        }
    }
    check_limits(pool);
}

bool test_run(struct job *jobs, size_t count, const struct test_options *options,
              struct arena *arena, report_fn *report, void *opaque, struct problem *why)
{
    struct pool pool = {.jobs = jobs,
                        .count = count,
                        .options = options,
                        .arena = arena,
                        .report = report,
                        .opaque = opaque};
    bool good;

    pool.done = arena_array(arena, count + 1, sizeof(*pool.done));
    pool.workers = arena_array(arena, options->jobs, sizeof(*pool.workers));
    pool.signal_fd = child_signals(why);
    if (pool.signal_fd < 0) {
        return false;
    }
    good = fill(&pool, why);
    while (good && pool.running) {
        wait_for_something(&pool);
        good = reap(&pool, why) && fill(&pool, why);
    }
    if (!good) {
        signal_all(&pool, SIGKILL);
    }
    close(pool.signal_fd);
    return good && (!pool.interrupted || problem_broke(why, "interrupted"));
}
