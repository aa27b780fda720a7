/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.c - what a step of the lockstep costs, without QEMU.
 *
 *   sync-bench [--json] [--fifo] [--quick]
 *
 * The members are forked processes that do nothing but keep the rules, so the figures are the
 * price of synchronisation alone. Each measurement is repeated; on a machine that does other
 * things too, the minimum and the median are the ones to look at.
 */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "orrery.h"

#define MAX_BUSY 4
#define LATENCY_NS 1000
#define REPETITIONS 9

/* What the member does; all of them also take whatever arrives. */
enum role {
    BUSY,    /* computes all the time: one window of L after the other */
    TICKING, /* sleeps, wakes for 100 ns every millisecond */
    ASKING,  /* sends, sleeps until it is answered, sends again */
    ANSWERING,
    SENDING, /* busy, a message every 100 ns */
    LISTENING,
    BARE, /* the yardstick: stores its word, spins until the peer's is as far, and that is all */
};

struct bench {
    const char *name, *unit;
    unsigned members; /* without the broker */
    enum role roles[MAX_BUSY];
    int cpus[MAX_BUSY]; /* -1: wherever the kernel likes */
    uint64_t steps;     /* of L, or messages, or ticks */
    uint64_t step_ns;   /* virtual length of a step */
    double scale;       /* host ns per step -> unit; 0: per second */
    double target;      /* 0: none */
};

static const struct bench benches[] = {
    {"bare step: two words, no rules", "ns", 2, {BARE, BARE}, {0, 1}, 1000000, 1, 1, 0},
    {"step, 2 busy, own cores", "ns", 2, {BUSY, BUSY}, {0, 1}, 1000000, LATENCY_NS, 1, 100},
    {"step, 2 busy, unpinned", "ns", 2, {BUSY, BUSY}, {-1, -1}, 300000, LATENCY_NS, 1, 0},
    {"step, 2 busy, one core", "us", 2, {BUSY, BUSY}, {0, 0}, 10000, LATENCY_NS, 1e-3, 0},
    {"step, 4 busy, 2 cores",
     "us",
     4,
     {BUSY, BUSY, BUSY, BUSY},
     {-1, -1, -1, -1},
     5000,
     LATENCY_NS,
     1e-3,
     20},
    {"step, 2 pairs, a core each",
     "us",
     4,
     {BUSY, BUSY, BUSY, BUSY},
     {0, 0, 1, 1},
     5000,
     LATENCY_NS,
     1e-3,
     20},
    {"round trip, own cores", "ns", 2, {ASKING, ANSWERING}, {0, 1}, 200000, 2 * LATENCY_NS, 1, 0},
    {"round trip, one core", "us", 2, {ASKING, ANSWERING}, {0, 0}, 10000, 2 * LATENCY_NS, 1e-3, 0},
    {"messages one way", "/s", 2, {SENDING, LISTENING}, {0, 1}, 1000000, 100, 0, 0},
    {"1 ms tick beside a busy one", "ns", 2, {BUSY, TICKING}, {0, 1}, 10000, 1000000, 1, 0},
};

static bool use_fifo;

static uint64_t host_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "sync-bench: %s\n", what);
    exit(3);
}

/* ---- a member ---- */

struct actor {
    struct orrery_member *m;
    enum role role;
    unsigned lane; /* mine to the peer */
    uint64_t now, timer, length;
};

static void act_message(struct actor *a)
{
    struct orrery_message msg;
    uint64_t payload = 0;

    while (orrery_take(a->m, a->now, &msg)) {
        if (a->role == ASKING || a->role == ANSWERING) {
            orrery_send(a->m, a->lane, a->now, a->now + LATENCY_NS, &payload, sizeof(payload));
        }
    }
}

/* What happens at a->now; busy members jump over the window in one go. */
static void act(struct actor *a, uint64_t limit)
{
    uint64_t payload = 0;

    act_message(a);
    switch (a->role) {
    case BUSY:
        a->now = limit;
        break;
    case SENDING:
        orrery_send(a->m, a->lane, a->now, a->now + LATENCY_NS, &payload, sizeof(payload));
        a->now += a->length;
        break;
    case TICKING:
        if (a->now >= a->timer) {
            a->timer += a->length;
        }
        break;
    case ASKING:
        if (a->timer < ORRERY_TIME_INF) { /* the first question */
            a->timer = ORRERY_TIME_INF;
            orrery_send(a->m, a->lane, a->now, a->now + LATENCY_NS, &payload, sizeof(payload));
        }
        break;
    default:
        break;
    }
}

static uint64_t own_next(const struct actor *a)
{
    return a->role == BUSY || a->role == SENDING ? a->now : a->timer;
}

static uint64_t next_of(const struct actor *a)
{
    uint64_t own = own_next(a), arrival = orrery_next_arrival(a->m);

    own = arrival < own ? arrival : own;
    return own > a->now ? own : a->now;
}

static void act_until_ended(struct actor *a)
{
    for (;;) {
        uint64_t limit = orrery_window(a->m, a->now, NULL), next;

        while ((next = next_of(a)) < limit && next < orrery_horizon(a->m)) {
            uint64_t arrival = orrery_next_arrival(a->m);

            a->now = next;
            act(a, arrival > next && arrival < limit ? arrival : limit);
        }
        if (next < orrery_horizon(a->m)) {
            orrery_publish(a->m, a->now, own_next(a));
        } else if (orrery_wait(a->m, a->now, own_next(a), next) >= ORRERY_ABANDON) {
            return;
        }
    }
}

static void bind_to(int cpu)
{
    cpu_set_t set;

    if (cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        sched_setaffinity(0, sizeof(set), &set);
    }
    if (use_fifo && sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){10}) < 0) {
        die("--fifo: not allowed here");
    }
}

static void member_main(int fd, const struct bench *bench, unsigned index)
{
    struct orrery_error err;
    struct orrery_segment *seg = orrery_segment_attach(fd, 0, &err);
    struct actor a = {.role = bench->roles[index],
                      .now = 1,
                      .timer = ORRERY_TIME_INF,
                      .lane = index,
                      .length = bench->step_ns};

    bind_to(bench->cpus[index]);
    a.m = seg ? orrery_member_create(seg, index + 1, &err) : NULL;
    if (!a.m) {
        die(err.text);
    }
    if (a.role == TICKING || a.role == ASKING) {
        a.timer = 1;
    }
    /* Say that I am here by leaving 0; the broker starts when all have. */
    orrery_publish(a.m, a.now, a.now);
    act_until_ended(&a);
    orrery_done(a.m);
    _exit(0);
}

/* ---- the broker ---- */

static int lay_down(const struct bench *bench, struct orrery_segment **seg)
{
    struct orrery_member_spec members[MAX_BUSY + 1] = {{"broker"}};
    struct orrery_lane_spec lanes[MAX_BUSY];
    struct orrery_topology topo = {.run_id = 1, .members = members, .lanes = lanes};
    struct orrery_error err;
    int fd = memfd_create("sync-bench", MFD_CLOEXEC);

    topo.member_count = bench->members + 1;
    topo.lane_count = bench->members;
    for (unsigned i = 0; i < bench->members;
         i++) { /* pairs: 1-2, 3-4 ... when pinned, else a ring */
        bool ring = bench->members > 2 && bench->cpus[0] < 0;
        unsigned dst = ring ? (i + 1) % bench->members : i ^ 1;

        snprintf(members[i + 1].name, sizeof(members[0].name), "m%u", i + 1);
        lanes[i] = (struct orrery_lane_spec){.src = (uint16_t)(i + 1),
                                             .dst = (uint16_t)(dst + 1),
                                             .latency_ns = LATENCY_NS,
                                             .slots = 1024,
                                             .payload_max = 8};
        snprintf(lanes[i].name, sizeof(lanes[i].name), "l%u", i);
    }
    *seg = orrery_segment_format(fd, &topo, &err);
    if (!*seg) {
        die(err.text);
    }
    return fd;
}

/* Two processes, a cache line each: what one exchange costs on this machine, whatever the protocol.
 */
static double measure_bare(const struct bench *bench, uint64_t steps)
{
    struct line {
        _Alignas(64) uint64_t word;
        uint64_t took_ns;
    } *lines = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t took;

    if (lines == MAP_FAILED) {
        die("mmap");
    }
    for (unsigned i = 0; i < 2; i++) {
        if (fork() == 0) {
            uint64_t started = 0;

            bind_to(bench->cpus[i]);
            for (uint64_t step = 1; step <= steps + 1; step++) {
                __atomic_store_n(&lines[i].word, step, __ATOMIC_SEQ_CST);
                while (__atomic_load_n(&lines[!i].word, __ATOMIC_ACQUIRE) < step) {
                }
                started = step == 1 ? host_ns() : started;
            }
            lines[i].took_ns = host_ns() - started;
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    took = lines[0].took_ns;
    munmap(lines, 4096);
    return (double)took / (double)steps;
}

/* Host ns per step. */
static double measure(const struct bench *bench, uint64_t steps)
{
    struct orrery_segment *seg;
    struct orrery_error err;
    int fd = lay_down(bench, &seg);
    struct orrery_member *broker = orrery_member_create(seg, ORRERY_BROKER, &err);
    uint64_t started, ended, end_ns = steps * bench->step_ns;
    pid_t children[MAX_BUSY], parent = getpid();

    for (unsigned i = 0; i < bench->members; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent) {
                member_main(fd, bench, i);
            }
            _exit(1);
        }
    }
    for (unsigned i = 1; i <= bench->members; i++) {
        while (orrery_word(seg, i) == 0) {
            sched_yield();
        }
    }
    orrery_raise_ceiling(broker, end_ns);
    started = host_ns();
    orrery_start(broker);
    while (!orrery_all_reached(broker, end_ns)) {
        if (orrery_broker_wait(broker, end_ns, -1) == ORRERY_STATE_DEAD) {
            char reason[200];

            orrery_dead_reason(seg, reason, sizeof(reason));
            die(reason);
        }
    }
    ended = host_ns();
    orrery_end(broker, end_ns);
    for (unsigned i = 0; i < bench->members; i++) {
        waitpid(children[i], NULL, 0);
    }
    orrery_member_destroy(broker);
    orrery_segment_detach(seg);
    close(fd);
    return (double)(ended - started) / (double)steps;
}

/* ---- the table ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void report(const struct bench *bench, const double *v, unsigned n, bool json, bool last)
{
    if (json) {
        printf("  {\"name\": \"%s\", \"unit\": \"%s\", \"min\": %.1f, \"median\": %.1f, "
               "\"max\": %.1f, \"target\": %.0f, \"repetitions\": %u}%s\n",
               bench->name, bench->unit, v[0], v[n / 2], v[n - 1], bench->target, n,
               last ? "" : ",");
        return;
    }
    printf("%-30s %12.1f %12.1f %12.1f  %-3s", bench->name, v[0], v[n / 2], v[n - 1], bench->unit);
    printf(bench->target != 0 ? "  (target %.0f)\n" : "\n", bench->target);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    size_t count = sizeof(benches) / sizeof(benches[0]);
    bool json = false;
    unsigned n = REPETITIONS;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--fifo") == 0) {
            use_fifo = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            n = 3;
        } else {
            fprintf(stderr, "usage: sync-bench [--json] [--fifo] [--quick]\n");
            return 2;
        }
    }
    if (json) {
        printf("[\n");
    } else {
        printf("%-30s %12s %12s %12s\n", "", "min", "median", "max");
    }
    for (size_t i = 0; i < count; i++) {
        double v[REPETITIONS];

        for (unsigned k = 0; k < n; k++) {
            uint64_t steps = benches[i].steps / (n < REPETITIONS ? 4 : 1);
            double ns = benches[i].roles[0] == BARE ? measure_bare(&benches[i], steps)
                                                    : measure(&benches[i], steps);

            v[k] = benches[i].scale != 0 ? ns * benches[i].scale : 1e9 / ns;
        }
        qsort(v, n, sizeof(v[0]), by_value);
        report(&benches[i], v, n, json, i + 1 == count);
    }
    if (json) {
        printf("]\n");
    }
    return 0;
}
