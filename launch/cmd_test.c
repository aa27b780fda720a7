// SPDX-License-Identifier: Apache-2.0
/* orrery test */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "firmware.h"
#include "number.h"
#include "options.h"
#include "places.h"
#include "scenario.h"
#include "test_run.h"

#define DEEPEST_DIRECTORY 16
#define MOST_JOBS 1000000
#define DEFAULT_LIMIT_S 600
#define JOB_BYTES (UINT64_C(200) << 20) /* a generous guess of what an ensemble takes */

struct test_words {
    const char *jobs, *shard, *pattern, *tag, *repeat, *retry, *seed, *results, *timeout;
    bool list, twice, fail_fast, until_fail;
};

struct selection {
    struct strings files;
    struct job *jobs;
    size_t count, capacity;
    uint64_t shard, shards, rounds;
};

/* ---- which ---- */

static bool find_files(const char *path, unsigned depth, struct arena *arena, struct strings *files,
                       struct problem *why)
{
    struct strings names = {0};
    struct dirent *entry;
    struct stat st;
    DIR *dir;

    if (stat(path, &st)) {
        return problem_input(why, "%s: %s", path, error_text(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        strings_add(arena, files, path);
        return true;
    }
    dir = opendir(path);
    if (!dir) {
        return problem_input(why, "%s: %s", path, error_text(errno));
    }
    while ((entry = readdir(dir)) != NULL) {
        char *name = arena_printf(arena, "%s/%s", path, entry->d_name);

        if (entry->d_name[0] != '.' &&
            (is_scenario(name) || (!stat(name, &st) && S_ISDIR(st.st_mode)))) {
            strings_add(arena, &names, name);
        }
    }
    closedir(dir);
    strings_sort(&names);
    for (size_t i = 0; i < names.count && depth < DEEPEST_DIRECTORY; i++) {
        if (!find_files(names.items[i], depth + 1, arena, files, why)) {
            return false;
        }
    }
    return true;
}

static void add_job(struct selection *sel, const struct job *job, struct arena *arena)
{
    if (sel->count == sel->capacity) {
        size_t capacity = sel->capacity ? 2 * sel->capacity : 64;
        struct job *jobs = arena_array(arena, capacity, sizeof(*jobs));

        if (sel->count) {
            memcpy(jobs, sel->jobs, sel->count * sizeof(*jobs));
        }
        sel->jobs = jobs;
        sel->capacity = capacity;
    }
    sel->jobs[sel->count++] = *job;
}

static bool has_tag(const struct scenario *s, const char *tag)
{
    for (size_t i = 0; i < s->tags.count; i++) {
        if (!strcmp(s->tags.items[i], tag)) {
            return true;
        }
    }
    return false;
}

/* The cases of a file that are wanted. seen: counts all wanted cases, for the shards. */
static bool add_cases(struct selection *sel, const struct test_words *o, const char *path,
                      uint64_t *seen, struct arena *arena, struct problem *why)
{
    struct scenario s;

    if (!is_scenario(path)) {
        return problem_input(why, "%s: a test is named NAME.test.yaml", path);
    }
    if (!scenario_open(&s, path, arena, why)) {
        return false;
    }
    for (size_t i = 0; i < s.case_count && (!o->tag || has_tag(&s, o->tag)); i++) {
        char *values = scenario_case_name(&s, i, arena);
        struct job job = {.path = arena_copy(arena, path), .case_number = i + 1};

        job.name = *values ? arena_printf(arena, "%s [%s]", path, values) : job.path;
        if ((!o->pattern || strstr(job.name, o->pattern)) &&
            (*seen)++ % sel->shards + 1 == sel->shard) {
            add_job(sel, &job, arena);
        }
    }
    scenario_close(&s);
    return true;
}

static bool select_jobs(struct selection *sel, const struct test_words *o,
                        const struct words *words, struct arena *arena, struct problem *why)
{
    uint64_t seen = 0;
    size_t once;

    for (size_t i = 0; i < words->count; i++) {
        if (!find_files(words->items[i], 0, arena, &sel->files, why)) {
            return false;
        }
    }
    for (size_t i = 0; i < sel->files.count; i++) {
        if (!add_cases(sel, o, sel->files.items[i], &seen, arena, why)) {
            return false;
        }
    }
    if (!sel->count) {
        return problem_input(why, seen ? "no test falls to this shard" : "no test matches");
    }
    once = sel->count;
    if (sel->rounds > MOST_JOBS / once) {
        return problem_input(why, "more than %d runs", MOST_JOBS);
    }
    for (unsigned round = 1; round < sel->rounds; round++) {
        for (size_t i = 0; i < once; i++) {
            struct job job = sel->jobs[i];

            job.round = round;
            add_job(sel, &job, arena);
        }
    }
    return true;
}

/* ---- options ---- */

static bool take_count(const char *option, const char *value, uint64_t least, uint64_t most,
                       uint64_t *out, struct problem *why)
{
    if (value && (parse_u64(value, out) || *out < least || *out > most)) {
        return problem_input(why, "--%s %.60s: a number from %llu to %llu was meant", option, value,
                             (unsigned long long)least, (unsigned long long)most);
    }
    return true;
}

static bool take_shard(const char *value, struct selection *sel, struct problem *why)
{
    char *end = NULL;

    sel->shard = sel->shards = 1;
    if (!value) {
        return true;
    }
    sel->shard = strtoull(value, &end, 10);
    if (*end == '/') {
        sel->shards = strtoull(end + 1, &end, 10);
    }
    return (*end == 0 && sel->shard >= 1 && sel->shard <= sel->shards && sel->shards <= 10000) ||
           problem_input(why, "--shard %.60s: 1/4 to 4/4 was meant, say", value);
}

/* As many as there are cores, and memory for. */
static uint64_t default_jobs(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_AVPHYS_PAGES);
    uint64_t fit = pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) / JOB_BYTES : 1;
    uint64_t jobs = cores > 0 ? (uint64_t)cores : 1;

    jobs = fit < jobs ? fit : jobs;
    return jobs ? jobs : 1;
}

static bool take_options(const struct test_words *o, struct selection *sel,
                         struct test_options *options, struct problem *why)
{
    uint64_t jobs = default_jobs(), retries = 0, limit_ns = DEFAULT_LIMIT_S * UINT64_C(1000000000);
    const char *wrong = o->timeout ? parse_time(o->timeout, &limit_ns) : NULL;

    sel->rounds = o->until_fail ? 1000 : 1;
    if (!take_count("j", o->jobs, 1, 1000, &jobs, why) ||
        !take_count("retry", o->retry, 0, 100, &retries, why) ||
        !take_count("repeat", o->repeat, 1, MOST_JOBS, &sel->rounds, why) ||
        !take_shard(o->shard, sel, why)) {
        return false;
    }
    if (wrong || limit_ns < 1000000) {
        return problem_input(why, "--timeout %.60s: %s", o->timeout,
                             wrong ? wrong : "more than 1ms was meant");
    }
    options->jobs = (unsigned)jobs;
    options->retries = (unsigned)retries;
    options->limit_ms = limit_ns / 1000000;
    options->limit_given = o->timeout != NULL;
    options->seed = o->seed;
    options->twice = o->twice;
    options->fail_fast = o->fail_fast;
    options->until_fail = o->until_fail;
    return true;
}

/* Where the results go, once there is something to run. */
static bool open_results(const struct test_words *o, struct test_options *options,
                         struct arena *arena, struct problem *why)
{
    char template[] = "/tmp/orrery-test-XXXXXX";
    const char *path = o->results ? o->results : template;

    if ((o->results ? mkdir(path, 0777) && errno != EEXIST : !mkdtemp(template)) ||
        !(options->results = absolute_path(arena, path))) {
        return problem_input(why, "--results %s: %s", path, error_text(errno));
    }
    return true;
}

/* ---- telling ---- */

struct teller {
    const struct test_options *options;
    struct arena *arena;
    size_t number;
    unsigned counts[OUTCOME_COUNT];
};

static void tell(void *opaque, const struct job *job)
{
    struct teller *teller = opaque;
    bool passed = job->outcome == OUTCOME_PASSED;

    teller->counts[job->outcome]++;
    printf("%s %zu - %s", passed ? "ok" : "not ok", ++teller->number, job->name);
    if (job->round) {
        printf(" #%u", job->round + 1);
    }
    printf(" (%.2f s)\n", job->wall_s);
    if (!passed) {
        printf("# %s: %s\n", outcome_names[job->outcome], job->message ? job->message : "");
        printf("# the last it said:\n");
        test_print_tail(stdout, job->out, TEST_TAIL_LINES, "#   ");
        printf("# all of it: %s\n", job->out);
        printf("# again: %s\n", test_command_line(job, teller->options, teller->arena));
        test_annotate(stdout, job);
    }
    fflush(stdout);
}

static int sum_up(const struct teller *teller, const struct selection *sel)
{
    const unsigned *n = teller->counts;
    unsigned not_run = (unsigned)(sel->count - teller->number);

    printf("1..%zu\n# %u passed, %u failed", teller->number, n[OUTCOME_PASSED],
           n[OUTCOME_FAILED] + n[OUTCOME_DIFFERS]);
    if (n[OUTCOME_FLAKY]) {
        printf(", %u flaky", n[OUTCOME_FLAKY]);
    }
    if (n[OUTCOME_INPUT] + n[OUTCOME_BROKE]) {
        printf(", %u broke", n[OUTCOME_INPUT] + n[OUTCOME_BROKE]);
    }
    if (not_run) {
        printf(", %u not run", not_run);
    }
    printf("; results in %s\n", teller->options->results);
    return n[OUTCOME_BROKE]                                            ? EXIT_BROKE
           : n[OUTCOME_INPUT]                                          ? EXIT_BAD_INPUT
           : n[OUTCOME_FAILED] + n[OUTCOME_FLAKY] + n[OUTCOME_DIFFERS] ? EXIT_GUEST_FAILED
                                                                       : EXIT_PASS;
}

/* ---- the command ---- */

static int test_with(int argc, char **argv, struct arena *arena)
{
    struct test_words o = {0};
    const struct option_def defs[] = {
        {"j", &o.jobs, NULL},
        {"shard", &o.shard, NULL},
        {"k", &o.pattern, NULL},
        {"tag", &o.tag, NULL},
        {"repeat", &o.repeat, NULL},
        {"retry", &o.retry, NULL},
        {"seed", &o.seed, NULL},
        {"results", &o.results, NULL},
        {"timeout", &o.timeout, NULL},
        {"list", NULL, &o.list},
        {"twice", NULL, &o.twice},
        {"fail-fast", NULL, &o.fail_fast},
        {"until-fail", NULL, &o.until_fail},
    };
    const struct option_rules rules = {.usage = "orrery test PATH... [OPTION...]",
                                       .defs = defs,
                                       .def_count = sizeof(defs) / sizeof(defs[0]),
                                       .least = 1,
                                       .most = SIZE_MAX};
    struct selection sel = {.shard = 1, .shards = 1, .rounds = 1};
    struct test_options options = {0};
    struct teller teller = {.options = &options, .arena = arena};
    struct words words;
    struct problem why = {0};
    bool good;

    if (!options_parse(argc, argv, &rules, &words, &why) ||
        !take_options(&o, &sel, &options, &why) || !select_jobs(&sel, &o, &words, arena, &why)) {
        return problem_report(&why);
    }
    if (o.list) {
        for (size_t i = 0; i < sel.count; i++) {
            puts(sel.jobs[i].name);
        }
        return EXIT_PASS;
    }
    if (!open_results(&o, &options, arena, &why)) {
        return problem_report(&why);
    }
    good = test_run(sel.jobs, sel.count, &options, arena, tell, &teller, &why);
    if (!test_write_results(sel.jobs, sel.count, &options, arena, &why) || !good) {
        return problem_report(&why);
    }
    return sum_up(&teller, &sel);
}

static int test_main(int argc, char **argv)
{
    struct arena arena = {0};
    int code = test_with(argc, argv, &arena);

    arena_finish(&arena);
    return code;
}

const struct command test_command = {
    "test",
    "test PATH... [OPTION...]",
    "run tests (NAME.test.yaml), all of a directory, side by side",
    "  -j N                 so many at once (as many as there are cores and memory for)\n"
    "  -k TEXT              those whose name contains it\n"
    "  --tag TAG            those with this tag\n"
    "  --shard I/N          the Ith of N parts\n"
    "  --list               only their names\n"
    "  --seed N             instead of the manifest's\n"
    "  --repeat N           each N times\n"
    "  --until-fail         again and again, until one fails (1000 rounds)\n"
    "  --fail-fast          start no more once one has failed\n"
    "  --retry N            a failed one up to N times more; then it counts as flaky, not as "
    "passed\n"
    "  --twice              each twice, the second with --jitter; a difference is a failure\n"
    "  --timeout TIME       wall time of one run (600s, more on a busy host)\n"
    "  --results DIR        junit.xml, results.json and all output (a directory in /tmp)\n"
    "\n"
    "TAP on standard output. Exit codes: 0 all passed, 1 some failed, 2 bad input, 3 something\n"
    "broke at run time.\n",
    test_main,
};
