// SPDX-License-Identifier: Apache-2.0
#include "races.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "number.h"

#define HEAD_BYTES 26 /* send, arrival, sequence, length: hw/orrery/trace.c */
#define JITTER_SEED 1 /* unless --jitter says another */

enum { PARALLEL, TURNS, RUNS };

static const char *const run_names[RUNS] = {"in parallel", "in turns"};

/* ---- the two runs ---- */

static _Noreturn void run_child(struct ensemble *e, struct manifest *m, int run, const char *dir,
                                struct problem *why)
{
    e->plan.trace_dir = dir;
    e->plan.trace_hash = true;
    if (run == TURNS) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        m->clock.turns = true;
        e->plan.jitter_seed = 0;
        dup2(null, STDOUT_FILENO); /* it says what the first has said */
    } else {
        m->clock.turns = false;
        e->plan.jitter_seed = e->plan.jitter_seed ? e->plan.jitter_seed : JITTER_SEED;
    }
    run = ensemble_run(e, why);
    fflush(NULL);
    _exit(run);
}

/* Its exit code, or -1. ^C is the child's; we only wait for it. */
static int run_once(struct ensemble *e, struct manifest *m, int run, const char *dir,
                    struct problem *why)
{
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid < 0) {
        problem_broke(why, "fork: %s", error_text(errno));
        return -1;
    }
    if (pid == 0) {
        run_child(e, m, run, dir, why);
    }
    signal(SIGINT, SIG_IGN);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    signal(SIGINT, SIG_DFL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BROKE;
}

/* ---- their traces ---- */

/* One lane's file in one run. */
struct lane_trace {
    FILE *file; /* NULL: nothing was sent */
    uint64_t send_ns;
    uint8_t head[HEAD_BYTES], payload[ORRERY_MAX_PAYLOAD];
    size_t len;
    bool there; /* a message stands in head and payload */
};

struct difference {
    uint64_t at_ns; /* UINT64_MAX: none */
    char text[400];
};

static uint64_t get_le(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    while (count--) {
        value = value << 8 | bytes[count];
    }
    return value;
}

static void open_lane(struct lane_trace *t, const char *dir, const char *lane, char *name,
                      size_t size)
{
    char path[256], line[2 * ORRERY_NAME_MAX];

    memset(t, 0, sizeof(*t));
    snprintf(path, sizeof(path), "%s/%s", dir, lane);
    t->file = fopen(path, "re");
    if (t->file && fgets(line, sizeof(line), t->file)) {
        snprintf(name, size, "%.*s", (int)strcspn(line, "\n"), line);
    }
}

static void next_message(struct lane_trace *t)
{
    t->there = t->file && fread(t->head, HEAD_BYTES, 1, t->file) == 1;
    t->len = t->there ? (size_t)get_le(t->head + 24, 2) : 0;
    if (t->len > sizeof(t->payload) || (t->len && fread(t->payload, t->len, 1, t->file) != 1)) {
        t->there = false;
    }
    t->send_ns = t->there ? get_le(t->head, 8) : UINT64_MAX;
}

static void close_lane(struct lane_trace *t)
{
    if (t->file) {
        fclose(t->file);
    }
}

static bool same_message(const struct lane_trace *a, const struct lane_trace *b)
{
    return a->there == b->there && (!a->there || (!memcmp(a->head, b->head, HEAD_BYTES) &&
                                                  !memcmp(a->payload, b->payload, a->len)));
}

/* "4 bytes 01020304 at 0.001234567" */
static void describe(const struct lane_trace *t, char *buf, size_t size)
{
    char when[TIME_TEXT_SIZE], hex[2 * 16 + 1] = "";

    if (!t->there) {
        snprintf(buf, size, "nothing more");
        return;
    }
    for (size_t i = 0; i < t->len && i < 16; i++) {
        snprintf(hex + 2 * i, 3, "%02x", t->payload[i]);
    }
    format_time(t->send_ns, when);
    snprintf(buf, size, "%zu bytes %s%s at %s", t->len, hex, t->len > 16 ? "..." : "", when);
}

static void note_difference(struct difference *d, const char *name, uint64_t number,
                            const struct lane_trace runs[RUNS])
{
    uint64_t at_ns = runs[0].send_ns < runs[1].send_ns ? runs[0].send_ns : runs[1].send_ns;
    char what[RUNS][90];

    if (at_ns >= d->at_ns) {
        return;
    }
    d->at_ns = at_ns;
    for (int run = 0; run < RUNS; run++) {
        describe(&runs[run], what[run], sizeof(what[run]));
    }
    snprintf(d->text, sizeof(d->text), "%.120s, message %" PRIu64 ": %s %s, %s %s", name, number,
             what[PARALLEL], run_names[PARALLEL], what[TURNS], run_names[TURNS]);
}

/* Returns how many messages were the same. */
static uint64_t compare_lane(char dirs[RUNS][64], const char *lane, struct difference *d)
{
    struct lane_trace runs[RUNS];
    char name[2 * ORRERY_NAME_MAX] = "";
    uint64_t number = 0;

    for (int run = 0; run < RUNS; run++) {
        open_lane(&runs[run], dirs[run], lane, name, sizeof(name));
    }
    do {
        number++;
        next_message(&runs[PARALLEL]);
        next_message(&runs[TURNS]);
    } while (runs[PARALLEL].there && same_message(&runs[PARALLEL], &runs[TURNS]));
    if (!same_message(&runs[PARALLEL], &runs[TURNS])) {
        note_difference(d, name, number, runs);
    }
    close_lane(&runs[PARALLEL]);
    close_lane(&runs[TURNS]);
    return number - 1;
}

static uint64_t compare(char dirs[RUNS][64], struct difference *d)
{
    uint64_t same = 0;
    char lane[16];

    for (unsigned i = 0; i < ORRERY_MAX_LANES; i++) {
        snprintf(lane, sizeof(lane), "%u", i);
        same += compare_lane(dirs, lane, d);
    }
    return same;
}

static void remove_traces(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir) {
        closedir(dir);
    }
    rmdir(path);
}

/* ---- all of it ---- */

static int judge(const int codes[RUNS], char dirs[RUNS][64])
{
    struct difference d = {.at_ns = UINT64_MAX};
    uint64_t same = compare(dirs, &d);

    if (d.text[0]) {
        fprintf(stderr, "orrery: race: %s\n", d.text);
        return EXIT_GUEST_FAILED;
    }
    if (codes[PARALLEL] != codes[TURNS]) {
        fprintf(stderr, "orrery: race: exit code %d %s, %d %s\n", codes[PARALLEL],
                run_names[PARALLEL], codes[TURNS], run_names[TURNS]);
        return EXIT_GUEST_FAILED;
    }
    fprintf(stderr, "orrery: no race seen: %" PRIu64 " messages are the same %s and %s\n", same,
            run_names[PARALLEL], run_names[TURNS]);
    return codes[PARALLEL];
}

static bool may_run_twice(const struct manifest *m, struct problem *why)
{
    for (size_t i = 0; i < m->instance_count; i++) {
        if (m->instances[i].flash_keep) {
            return problem_input(why,
                                 "--check-races: %s keeps its flash: the second run would find "
                                 "what the first has left",
                                 m->instances[i].name);
        }
    }
    return true;
}

int races_check(struct ensemble *e, struct manifest *m, struct problem *why)
{
    char dirs[RUNS][64] = {"/tmp/orrery-races.XXXXXX", "/tmp/orrery-races.XXXXXX"};
    int codes[RUNS] = {0, 0}, code = EXIT_BROKE;
    int made = 0;

    if (!may_run_twice(m, why)) {
        return problem_report(why);
    }
    for (; made < RUNS && mkdtemp(dirs[made]); made++) {
        codes[made] = run_once(e, m, made, dirs[made], why);
        if (codes[made] < 0 || codes[made] >= EXIT_BAD_INPUT) {
            code = codes[made] < 0 ? problem_report(why) : codes[made];
            made++;
            break;
        }
        if (made == TURNS) {
            code = judge(codes, dirs);
        }
    }
    for (int run = 0; run < made; run++) {
        remove_traces(dirs[run]);
    }
    return code;
}
