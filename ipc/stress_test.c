/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_test.c - the lockstep under a synthetic guest, as processes and as threads.
 *
 * Each member runs a seeded event machine that computes, idles, sends, replies, forwards and
 * appends to ordered shared state; what it receives and reads steers what it does next, so any
 * difference in order grows. The broker sends stimuli, reacts to what it is told at t + D, and
 * parks. Whatever the host does (jitter, kicks, parks, one core, threads or processes, turns),
 * every run must leave the same trace as the first.
 *
 * ORRERY_FULL=1: minutes instead of seconds.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "orrery.h"
#include "random.h"

#define MAX_MEMBERS 10
#define MAX_LANES 64
#define STATES 2
#define REACTION_NS 20000
#define RUN_LIMIT_NS (UINT64_C(30) * 1000000000)
#define FNV_START UINT64_C(0xcbf29ce484222325)

/* ---- what a run is ---- */

struct plan {
    const char *name;
    size_t members; /* with the broker */
    struct orrery_lane_spec lanes[MAX_LANES];
    size_t lane_count;
    uint64_t end_ns;
};

struct conditions {
    bool threads, kicks, parks, one_core, turns, silent_broker;
    uint64_t jitter;
};

/* What a run leaves behind. */
struct trace {
    uint64_t lanes[MAX_LANES], logs[STATES], accesses, to_broker;
};

/* Ordered shared state: a log that remembers its hash, and whether it was ever out of order. */
struct ordered_log {
    uint64_t count, hash, last_ns, last_member, disorder;
};

static uint64_t fnv(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t rnd(uint64_t *state)
{
    return orrery_random(state) >> 16;
}

static uint64_t host_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static bool full(void)
{
    return getenv("ORRERY_FULL") != NULL;
}

/* In a member's thread or process cmocka's asserts cannot jump: the run is marked dead. */
static void blame(struct orrery_member *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void blame(struct orrery_member *m, const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    orrery_mark_dead(orrery_segment_of(m), (int)orrery_self(m), text);
}

/* ---- the guest ---- */

enum kind { COMPUTE, SEND, BURST, ACCESS, IDLE };

struct guest {
    struct orrery_member *m;
    const struct plan *plan;
    unsigned self;
    uint64_t rng, now, timer;
    uint64_t boundary; /* messages were delivered up to here */
    uint64_t idle_since;
    bool busy;
    /* the instruction being executed; an ordered access may interrupt it */
    bool begun;
    enum kind kind;
    uint64_t duration;
    unsigned state, accesses, accessed;
    unsigned out[MAX_LANES], out_count;
    uint64_t hashes[MAX_LANES];
};

static void guest_send(struct guest *g, unsigned lane, uint64_t stamp)
{
    const struct orrery_lane_spec *spec = &g->plan->lanes[lane];
    uint64_t latency = spec->dst == ORRERY_BROKER ? 0 : spec->latency_ns;
    uint64_t arrival = stamp + latency;
    uint8_t payload[ORRERY_MAX_PAYLOAD];
    size_t len = 1 + rnd(&g->rng) % spec->payload_max;
    uint64_t head[3];

    if (latency && rnd(&g->rng) % 2) {
        arrival += rnd(&g->rng) % (3 * latency);
    }
    for (size_t i = 0; i < len; i++) {
        payload[i] = (uint8_t)rnd(&g->rng);
    }
    if (!orrery_send(g->m, lane, stamp, arrival, payload, len)) {
        blame(g->m, "send refused on lane %u at %llu", lane, (unsigned long long)stamp);
        return;
    }
    if (stamp < g->plan->end_ns) {
        head[0] = stamp;
        head[1] = arrival;
        head[2] = orrery_last_seq(g->m);
        g->hashes[lane] = fnv(fnv(g->hashes[lane], head, sizeof(head)), payload, len);
    }
}

static void guest_answer(struct guest *g, const struct orrery_message *msg)
{
    unsigned lane = g->out[rnd(&g->rng) % g->out_count];

    for (unsigned i = 0; rnd(&g->rng) % 2 && i < g->out_count; i++) {
        if (g->plan->lanes[g->out[i]].dst == msg->source) {
            lane = g->out[i];
        }
    }
    if (rnd(&g->rng) % 8 < 3) {
        guest_send(g, lane, g->now);
    }
}

static void guest_deliver(struct guest *g)
{
    struct orrery_message msg;

    while (orrery_take(g->m, g->now, &msg)) {
        uint64_t head[] = {msg.send_ns, msg.arrival_ns, msg.seq, msg.lane};

        if (msg.arrival_ns <= g->boundary && g->boundary) {
            blame(g->m, "message of %llu delivered after %llu", (unsigned long long)msg.arrival_ns,
                  (unsigned long long)g->boundary);
        }
        if (!g->busy && msg.arrival_ns != g->now && g->now != g->idle_since) {
            blame(g->m, "idle, yet a message of %llu from %u came at %llu",
                  (unsigned long long)msg.arrival_ns, msg.source, (unsigned long long)g->now);
        }
        g->rng = fnv(fnv(g->rng, head, sizeof(head)), msg.payload, msg.len) | 1;
        g->busy = true;
        guest_answer(g, &msg);
    }
    g->boundary = g->now;
}

static void guest_decode(struct guest *g)
{
    static const uint64_t durations[] = {16, 16, 16, 32, 48, 200, 1000, 3000};
    uint64_t dice = rnd(&g->rng) % 32;

    g->begun = true;
    g->duration = durations[rnd(&g->rng) % 8];
    g->kind = dice < 17   ? COMPUTE
              : dice < 21 ? SEND
              : dice < 22 ? BURST
              : dice < 26 ? ACCESS
                          : IDLE;
    g->accesses = 1 + rnd(&g->rng) % 2;
    g->accessed = 0;
    /* the second state is shared by members 1 and 2 only */
    g->state = g->self <= 2 ? rnd(&g->rng) % STATES : 0;
}

static enum orrery_wake guest_access(struct guest *g)
{
    uint64_t stamp = g->now + g->duration; /* as QEMU's clock reads inside an access */

    while (g->accessed < g->accesses) {
        enum orrery_wake why = orrery_ordered_wait(g->m, g->state, stamp);
        struct ordered_log *log;
        uint64_t entry[] = {stamp, g->self, g->rng};

        if (why != ORRERY_READY) {
            return why;
        }
        log = orrery_state_bytes(orrery_segment_of(g->m), g->state, NULL);
        if (stamp < log->last_ns || (stamp == log->last_ns && g->self < log->last_member)) {
            log->disorder++;
        }
        log->last_ns = stamp;
        log->last_member = g->self;
        if (stamp < g->plan->end_ns) { /* turn mode runs on to the end of the window */
            log->count++;
            log->hash = fnv(log->hash, entry, sizeof(entry));
        }
        g->rng = fnv(g->rng, &log->hash, sizeof(log->hash)) | 1;
        g->accessed++;
    }
    return ORRERY_READY;
}

/* One instruction. Anything but READY: it was abandoned and is to be done again from now. */
static enum orrery_wake guest_execute(struct guest *g)
{
    if (!g->begun) {
        guest_decode(g);
    }
    if (g->kind == ACCESS) {
        enum orrery_wake why = guest_access(g);

        if (why != ORRERY_READY) {
            return why;
        }
    }
    for (unsigned i = g->kind == SEND ? 1 : g->kind == BURST ? 5 : 0; i > 0; i--) {
        guest_send(g, g->out[rnd(&g->rng) % g->out_count], g->now + g->duration);
    }
    g->now += g->duration;
    g->begun = false;
    if (g->kind == IDLE) {
        g->busy = false;
        g->idle_since = g->now;
        g->timer = rnd(&g->rng) % 8 ? g->now + rnd(&g->rng) % 8000 : g->now + 40000;
    }
    return ORRERY_READY;
}

static uint64_t own_next(const struct guest *g)
{
    return g->busy ? g->now : g->timer;
}

/* When something happens to me next, for all I know. */
static uint64_t guest_next(const struct guest *g)
{
    uint64_t arrival = orrery_next_arrival(g->m), own = own_next(g);

    if (g->begun || own <= arrival) {
        return own;
    }
    return arrival > g->now ? arrival : g->now;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Execute what lies in the window, publish. READY: go on; else what ordered_wait said. */
static enum orrery_wake guest_window(struct guest *g)
{
    uint64_t limit = orrery_window(g->m, g->now, NULL), next;

    while ((next = guest_next(g)) < least(limit, orrery_horizon(g->m))) {
        enum orrery_wake why;

        g->now = next;
        if (!g->begun) {
            guest_deliver(g);
        }
        if (!g->busy && g->timer <= g->now) {
            g->busy = true;
        }
        if (g->busy && (why = guest_execute(g)) != ORRERY_READY) {
            return why;
        }
    }
    orrery_publish(g->m, g->now, own_next(g));
    return ORRERY_READY;
}

static enum orrery_wake guest_run(struct guest *g)
{
    enum orrery_wake why = ORRERY_READY;

    while (why != ORRERY_STATE_ENDED && why != ORRERY_STATE_DEAD) {
        why = guest_window(g);
        if (why == ORRERY_ABANDON) {
            why = orrery_wait(g->m, g->now, g->now, g->now + g->duration);
        } else if (why == ORRERY_READY && guest_next(g) >= orrery_horizon(g->m)) {
            why = orrery_wait(g->m, g->now, own_next(g), guest_next(g));
        } else if (why == ORRERY_READY) {
            orrery_publish(g->m, g->now, own_next(g));
        }
    }
    return why;
}

/* ---- kicks ---- */

struct kicker {
    struct orrery_member *m;
    pthread_t thread;
    int stop;
    uint64_t rng;
};

static void *kicker_main(void *arg)
{
    struct kicker *kicker = arg;

    while (!__atomic_load_n(&kicker->stop, __ATOMIC_ACQUIRE)) {
        struct timespec pause = {0, (long)(rnd(&kicker->rng) % 300000)};

        nanosleep(&pause, NULL); /* a rate, not a synchronisation */
        orrery_kick(kicker->m);
    }
    return NULL;
}

/* ---- a member ---- */

struct seat {
    struct orrery_segment *seg;
    const struct plan *plan;
    const struct conditions *conditions;
    unsigned self;
};

static void *seat_main(void *arg)
{
    struct seat *seat = arg;
    struct orrery_error err;
    struct guest g = {.plan = seat->plan, .self = seat->self, .timer = ORRERY_TIME_INF};
    struct kicker kicker = {.rng = 77 + seat->self};

    g.m = orrery_member_create(seat->seg, seat->self, &err);
    if (!g.m) {
        orrery_mark_dead(seat->seg, (int)seat->self, err.text);
        return NULL;
    }
    g.rng = 1 + seat->self * UINT64_C(0x9e3779b97f4a7c15);
    g.busy = true;
    for (unsigned i = 0; i < seat->plan->lane_count; i++) {
        g.hashes[i] = FNV_START;
        if (seat->plan->lanes[i].src == seat->self) {
            g.out[g.out_count++] = i;
        }
    }
    kicker.m = g.m;
    if (seat->conditions->kicks) {
        pthread_create(&kicker.thread, NULL, kicker_main, &kicker);
    }
    if (guest_run(&g) == ORRERY_STATE_ENDED) {
        for (unsigned i = 0; i < g.out_count; i++) {
            uint8_t digest[ORRERY_DIGEST_SIZE] = {0};

            memcpy(digest, &g.hashes[g.out[i]], sizeof(g.hashes[0]));
            orrery_lane_set_digest(seat->seg, g.out[i], digest);
        }
        orrery_done(g.m);
    }
    if (seat->conditions->kicks) {
        __atomic_store_n(&kicker.stop, 1, __ATOMIC_RELEASE);
        pthread_join(kicker.thread, NULL);
    }
    orrery_member_destroy(g.m);
    return NULL;
}

/* ---- the broker: stimuli, reactions (R8), parks (R9) ---- */

struct action {
    uint64_t at_ns;
    unsigned member;
    uint8_t what;
};

struct broker {
    struct orrery_member *m;
    struct orrery_segment *seg;
    const struct plan *plan;
    const struct conditions *conditions;
    uint64_t rng; /* of the host's whims; must not matter */
    struct action actions[256];
    size_t action_count;
    uint64_t stimulus_ns, stimuli, raised_ns, hash, parks;
    unsigned lane_to[MAX_MEMBERS];
};

static void broker_plan(struct broker *b, uint64_t at_ns, unsigned member, uint8_t what)
{
    size_t i = b->action_count++;

    assert_true(b->action_count <= 256);
    for (; i > 0 && b->actions[i - 1].at_ns > at_ns; i--) {
        b->actions[i] = b->actions[i - 1];
    }
    b->actions[i] = (struct action){at_ns, member, what};
}

/*
 * Process what was said before P, in order; every report is answered at exactly t + D, and
 * what is said in answer to that must not be passed: P falls to it. Returns P.
 */
static uint64_t broker_listen(struct broker *b, uint64_t p_ns)
{
    struct orrery_message msg;

    orrery_broker_drain(b->m);
    while (p_ns > 0 && orrery_take(b->m, p_ns - 1, &msg)) {
        uint64_t head[] = {msg.send_ns, msg.seq, msg.source};

        if (msg.arrival_ns >= b->plan->end_ns) {
            continue;
        }
        b->hash = fnv(fnv(b->hash, head, sizeof(head)), msg.payload, msg.len);
        if (b->lane_to[msg.source]) {
            broker_plan(b, msg.arrival_ns + REACTION_NS, msg.source, msg.payload[0]);
            p_ns = least(p_ns, msg.arrival_ns + REACTION_NS);
        }
    }
    return p_ns;
}

/* Push whatever lies below the ceiling to come, then raise it. */
static void broker_raise(struct broker *b, uint64_t to_ns)
{
    size_t done = 0;

    while (b->stimulus_ns < to_ns) {
        unsigned member = 1 + (unsigned)(b->stimuli % (b->plan->members - 1));

        broker_plan(b, b->stimulus_ns, member, (uint8_t)b->stimuli++);
        b->stimulus_ns += 37000;
    }
    for (; done < b->action_count && b->actions[done].at_ns < to_ns; done++) {
        const struct action *action = &b->actions[done];

        if (b->lane_to[action->member] &&
            !orrery_send(b->m, b->lane_to[action->member] - 1, action->at_ns, action->at_ns,
                         &action->what, 1)) {
            fail_msg("broker's send refused at %llu", (unsigned long long)action->at_ns);
        }
    }
    memmove(b->actions, b->actions + done, (b->action_count - done) * sizeof(b->actions[0]));
    b->action_count -= done;
    b->raised_ns = to_ns > b->raised_ns ? to_ns : b->raised_ns;
    orrery_raise_ceiling(b->m, to_ns);
}

/* Everybody must stand below C, and stay there: TSan would see a touch of the log. */
static void broker_park(struct broker *b)
{
    uint64_t c_ns = 0;
    int culprit = -1;

    if (!orrery_park(b->m, 20000, &c_ns, &culprit)) {
        char reason[200] = "";

        if (orrery_state(b->seg) == ORRERY_DEAD) {
            orrery_dead_reason(b->seg, reason, sizeof(reason));
        }
        fail_msg("%s: member %d did not park: %s", b->plan->name, culprit, reason);
    }
    assert_true(c_ns < b->raised_ns + orrery_seg_turn_ns(b->seg));
    assert_true(orrery_ceiling(b->seg) <= c_ns); /* less while a ring to somebody is full */
    while (!orrery_all_reached(b->m, c_ns) && orrery_state(b->seg) == ORRERY_RUNNING) {
        orrery_broker_drain(b->m);
        orrery_broker_wait(b->m, c_ns, 100000);
    }
    for (unsigned i = 0; i < STATES && orrery_state(b->seg) == ORRERY_RUNNING; i++) {
        const struct ordered_log *log = orrery_state_bytes(b->seg, i, NULL);

        assert_true(log->count == 0 || log->last_ns < c_ns);
    }
    b->parks++;
}

static void broker_dump(struct broker *b, const char *what)
{
    char reason[200] = "";

    if (orrery_state(b->seg) == ORRERY_DEAD) {
        orrery_dead_reason(b->seg, reason, sizeof(reason));
    }
    for (unsigned i = 0; i < b->plan->members; i++) {
        struct orrery_member_stats stats;

        orrery_member_stats(b->seg, i, &stats);
        print_message("  member %u word %llu waits for %d windows %llu waits %llu sleeps %llu\n", i,
                      (unsigned long long)orrery_word(b->seg, i), orrery_waits_for(b->seg, i),
                      (unsigned long long)stats.windows, (unsigned long long)stats.waits,
                      (unsigned long long)stats.sleeps);
    }
    orrery_mark_dead(b->seg, -1, what);
    fail_msg("%s: %s: %s", b->plan->name, what, reason);
}

static uint64_t broker_ceiling(struct broker *b, uint64_t p_ns)
{
    uint64_t to_ns = least(p_ns + REACTION_NS, b->plan->end_ns), w = orrery_seg_turn_ns(b->seg);

    if (b->conditions->silent_broker) {
        to_ns = b->plan->end_ns;
    } else if (b->conditions->parks && rnd(&b->rng) % 4 == 0) {
        to_ns = least(to_ns, p_ns + 1 + rnd(&b->rng) % REACTION_NS);
    }
    /* A ceiling is rounded up in turn mode, and must not pass P + D: round down. */
    return to_ns == b->plan->end_ns ? to_ns : to_ns - to_ns % w;
}

/* Nobody will ever say anything about the time before this: not even in answer to me. */
static uint64_t broker_bound(const struct broker *b)
{
    uint64_t p_ns = least(orrery_lower_bound(b->m), b->stimulus_ns);

    return b->action_count ? least(p_ns, b->actions[0].at_ns) : p_ns;
}

static void broker_run(struct broker *b)
{
    uint64_t started = host_ns(), p_ns;

    orrery_start(b->m);
    while ((p_ns = broker_bound(b)) < b->plan->end_ns) {
        uint64_t to_ns;

        if (orrery_state(b->seg) == ORRERY_DEAD) {
            broker_dump(b, "the run died");
        }
        if (host_ns() - started > RUN_LIMIT_NS) {
            broker_dump(b, "stuck");
        }
        p_ns = broker_listen(b, p_ns);
        to_ns = broker_ceiling(b, p_ns);
        broker_raise(b, to_ns);
        if (b->conditions->parks && rnd(&b->rng) % 16 == 0) {
            broker_park(b);
        } else {
            orrery_broker_wait(b->m, least(p_ns + 1 + REACTION_NS / 2, to_ns), 200000);
        }
    }
    broker_listen(b, p_ns);
    orrery_end(b->m, b->plan->end_ns);
    for (unsigned i = 1; i < b->plan->members; i++) {
        while (!orrery_is_done(b->seg, i)) {
            orrery_broker_drain(b->m);
            orrery_broker_wait(b->m, ORRERY_TIME_INF, 1000);
            if (host_ns() - started > RUN_LIMIT_NS) {
                broker_dump(b, "not done");
            }
        }
    }
}

/* ---- one run ---- */

static struct orrery_segment *lay_down(const struct plan *plan, const struct conditions *conditions,
                                       int *fd)
{
    struct orrery_member_spec members[MAX_MEMBERS] = {{"broker"}};
    struct orrery_state_spec states[STATES] = {{.name = "common"}, {.name = "pair"}};
    struct orrery_topology topo = {
        .run_id = 1234,
        .mode = conditions->turns ? ORRERY_TURNS : ORRERY_PARALLEL,
        .reaction_ns = REACTION_NS,
        .jitter_seed = conditions->jitter,
        .members = members,
        .member_count = plan->members,
        .lanes = plan->lanes,
        .lane_count = plan->lane_count,
        .states = states,
        .state_count = STATES,
    };
    struct orrery_error err = {""};
    struct orrery_segment *seg;

    for (unsigned i = 1; i < plan->members; i++) {
        snprintf(members[i].name, sizeof(members[i].name), "m%u", i);
        states[0].touchers[states[0].toucher_count++] = (uint16_t)i;
        if (i <= 2) {
            states[1].touchers[states[1].toucher_count++] = (uint16_t)i;
        }
    }
    states[0].size = states[1].size = sizeof(struct ordered_log);
    *fd = memfd_create("stress", MFD_CLOEXEC);
    seg = orrery_segment_format(*fd, &topo, &err);
    if (!seg) {
        fail_msg("%s: %s", plan->name, err.text);
    }
    return seg;
}

static void bind_to(int cpus)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int i = 0; i < cpus; i++) {
        CPU_SET(i, &set);
    }
    sched_setaffinity(0, sizeof(set), &set);
}

static pid_t fork_seat(struct seat *seat, int fd)
{
    pid_t parent = getpid(), child;
    struct orrery_error err;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        seat->seg = orrery_segment_attach(fd, 1234, &err);
        seat_main(seat);
        orrery_segment_detach(seat->seg);
        _exit(0);
    }
    return child;
}

static void collect(struct broker *b, struct trace *trace)
{
    uint8_t digest[ORRERY_DIGEST_SIZE];

    memset(trace, 0, sizeof(*trace));
    for (unsigned i = 0; i < b->plan->lane_count; i++) {
        orrery_lane_digest(b->seg, i, digest);
        memcpy(&trace->lanes[i], digest, sizeof(trace->lanes[i]));
    }
    for (unsigned i = 0; i < STATES; i++) {
        const struct ordered_log *log = orrery_state_bytes(b->seg, i, NULL);

        assert_int_equal(log->disorder, 0);
        trace->logs[i] = log->hash;
        trace->accesses += log->count;
    }
    trace->to_broker = b->hash;
}

static void run(const struct plan *plan, const struct conditions *conditions, struct trace *trace)
{
    struct seat seats[MAX_MEMBERS];
    pthread_t threads[MAX_MEMBERS];
    pid_t children[MAX_MEMBERS];
    struct orrery_error err = {""};
    struct broker b = {.plan = plan, .conditions = conditions, .hash = FNV_START};
    int fd;

    b.seg = lay_down(plan, conditions, &fd);
    b.rng = host_ns() | 1;
    b.stimulus_ns = conditions->silent_broker ? ORRERY_TIME_INF : 5000;
    for (unsigned i = 0; i < plan->lane_count && !conditions->silent_broker; i++) {
        if (plan->lanes[i].src == ORRERY_BROKER) {
            b.lane_to[plan->lanes[i].dst] = i + 1;
        }
    }
    if (conditions->one_core) {
        bind_to(1);
    }
    b.m = orrery_member_create(b.seg, ORRERY_BROKER, &err);
    assert_non_null(b.m);
    for (unsigned i = 1; i < plan->members; i++) {
        seats[i] = (struct seat){b.seg, plan, conditions, i};
        if (conditions->threads) {
            assert_int_equal(pthread_create(&threads[i], NULL, seat_main, &seats[i]), 0);
        } else {
            children[i] = fork_seat(&seats[i], fd);
        }
    }
    broker_run(&b);
    for (unsigned i = 1; i < plan->members; i++) {
        int status = 0;

        if (conditions->threads) {
            pthread_join(threads[i], NULL);
        } else {
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
    }
    collect(&b, trace);
    if (conditions->one_core) {
        bind_to(CPU_SETSIZE);
    }
    orrery_member_destroy(b.m);
    orrery_segment_detach(b.seg);
    close(fd);
}

/* ---- topologies ---- */

static void add_lane(struct plan *plan, unsigned src, unsigned dst, uint64_t latency_ns,
                     uint32_t slots)
{
    struct orrery_lane_spec *lane = &plan->lanes[plan->lane_count++];

    snprintf(lane->name, sizeof(lane->name), "%u-%u", src, dst);
    lane->src = (uint16_t)src;
    lane->dst = (uint16_t)dst;
    lane->latency_ns = latency_ns;
    lane->slots = slots;
    lane->payload_max = 1 + (src * 7 + dst * 3) % 40;
}

static void add_broker_lanes(struct plan *plan)
{
    for (unsigned i = 1; i < plan->members; i++) {
        if (i % 2) {
            add_lane(plan, i, ORRERY_BROKER, 0, 4);
        }
        add_lane(plan, ORRERY_BROKER, i, 0, 2);
    }
}

static void plan_pair(struct plan *plan)
{
    *plan = (struct plan){.name = "pair", .members = 3};
    add_lane(plan, 1, 2, 1000, 2);
    add_lane(plan, 2, 1, 700, 8);
}

static void plan_ring(struct plan *plan)
{
    *plan = (struct plan){.name = "ring", .members = 4};
    add_lane(plan, 1, 2, 500, 4);
    add_lane(plan, 2, 3, 1500, 2);
    add_lane(plan, 3, 1, 800, 4);
}

static void plan_triangle(struct plan *plan)
{
    *plan = (struct plan){.name = "triangle", .members = 4};
    for (unsigned i = 1; i <= 3; i++) {
        for (unsigned j = 1; j <= 3; j++) {
            if (i != j) {
                add_lane(plan, i, j, 400 + 300 * ((i + 2 * j) % 3), i == 1 ? 2 : 8);
            }
        }
    }
}

static void plan_star(struct plan *plan)
{
    *plan = (struct plan){.name = "star", .members = 6};
    for (unsigned i = 2; i <= 5; i++) {
        add_lane(plan, 1, i, 300 * i, 4);
        add_lane(plan, i, 1, 2000 - 300 * i, 2);
    }
}

static void plan_eight(struct plan *plan)
{
    *plan = (struct plan){.name = "eight", .members = 9};
    for (unsigned i = 1; i <= 8; i++) {
        add_lane(plan, i, i % 8 + 1, 900 + 100 * i, 4);
        add_lane(plan, i, (i + 2) % 8 + 1, 2500 + 10 * i, 2);
    }
}

/* ---- tests ---- */

static void check_same(const struct plan *plan, const struct trace *want, const struct trace *got,
                       const char *under)
{
    for (unsigned i = 0; i < plan->lane_count; i++) {
        if (want->lanes[i] != got->lanes[i]) {
            fail_msg("%s, %s: lane %s differs", plan->name, under, plan->lanes[i].name);
        }
    }
    for (unsigned i = 0; i < STATES; i++) {
        if (want->logs[i] != got->logs[i]) {
            fail_msg("%s, %s: ordered log %u differs", plan->name, under, i);
        }
    }
    if (want->to_broker != got->to_broker) {
        fail_msg("%s, %s: what the broker heard differs", plan->name, under);
    }
}

static void run_all(void (*make)(struct plan *), uint64_t end_ns, uint64_t full_end_ns)
{
    static const struct {
        const char *name;
        struct conditions conditions;
    } under[] = {
        {"threads", {.threads = true}},
        {"threads, jitter", {.threads = true, .jitter = 1}},
        {"threads, jitter, kicks, parks",
         {.threads = true, .jitter = 2, .kicks = true, .parks = true}},
        {"threads, turns, jitter, kicks, parks",
         {.threads = true, .turns = true, .jitter = 3, .kicks = true, .parks = true}},
#ifndef __SANITIZE_THREAD__
        {"processes", {.threads = false}},
        {"processes, jitter", {.jitter = 4}},
        {"processes, kicks", {.kicks = true}},
        {"processes, parks", {.parks = true}},
        {"processes, jitter, kicks, parks", {.jitter = 5, .kicks = true, .parks = true}},
        {"processes, one core", {.one_core = true, .jitter = 6, .kicks = true, .parks = true}},
        {"processes, turns", {.turns = true}},
        {"processes, turns, jitter, kicks, parks",
         {.turns = true, .jitter = 7, .kicks = true, .parks = true}},
#endif
    };
    struct trace want, got;
    struct plan plan;

    make(&plan);
    add_broker_lanes(&plan);
    plan.end_ns = full() ? full_end_ns : end_ns;
    run(&plan, &(struct conditions){.threads = true, .turns = true}, &want);
    assert_true(want.accesses > 20);
    for (unsigned round = 0; round < (full() ? 15u : 2u); round++) {
        for (size_t i = 0; i < sizeof(under) / sizeof(under[0]); i++) {
            struct conditions conditions = under[i].conditions;
            uint64_t started = host_ns();

            conditions.jitter += conditions.jitter ? 100 * round : 0;
            run(&plan, &conditions, &got);
            if (getenv("ORRERY_VERBOSE")) {
                print_message("%s, %s: %.3f s\n", plan.name, under[i].name,
                              (double)(host_ns() - started) / 1e9);
            }
            check_same(&plan, &want, &got, under[i].name);
        }
    }
}

static void test_pair(void **state)
{
    run_all(plan_pair, 3000000, 20000000);
}

static void test_ring(void **state)
{
    run_all(plan_ring, 2000000, 15000000);
}

static void test_triangle(void **state)
{
    run_all(plan_triangle, 2000000, 10000000);
}

static void test_star(void **state)
{
    run_all(plan_star, 1000000, 8000000);
}

static void test_eight(void **state)
{
    run_all(plan_eight, 500000, 5000000);
}

/* A member is killed: the parent sees it and everybody else is out within a second. */
static void test_death(void **state)
{
    static const struct conditions conditions = {.kicks = false};
    struct seat seats[MAX_MEMBERS];
    pid_t children[MAX_MEMBERS];
    struct orrery_error err;
    struct orrery_member *broker;
    struct orrery_segment *seg;
    struct plan plan;
    uint64_t killed;
    int fd, status;

    plan_triangle(&plan);
    plan.end_ns = ORRERY_TIME_INF - 1;
    seg = lay_down(&plan, &conditions, &fd);
    broker = orrery_member_create(seg, ORRERY_BROKER, &err);
    for (unsigned i = 1; i < plan.members; i++) {
        seats[i] = (struct seat){seg, &plan, &conditions, i};
        children[i] = fork_seat(&seats[i], fd);
    }
    orrery_raise_ceiling(broker, ORRERY_TIME_INF);
    orrery_start(broker);
    while (!orrery_all_reached(broker, 200000)) {
        assert_int_equal(orrery_state(seg), ORRERY_RUNNING);
        orrery_broker_wait(broker, 200000, 100000);
    }
    kill(children[2], SIGKILL);
    waitpid(children[2], &status, 0);
    killed = host_ns();
    orrery_mark_dead(seg, 2, "m2 was killed");
    assert_int_equal(waitpid(children[1], &status, 0), children[1]);
    assert_int_equal(waitpid(children[3], &status, 0), children[3]);
    assert_true(host_ns() - killed < UINT64_C(1000000000));
    assert_int_equal(orrery_broker_wait(broker, ORRERY_TIME_INF, -1), ORRERY_STATE_DEAD);
    orrery_member_destroy(broker);
    orrery_segment_detach(seg);
    close(fd);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair), cmocka_unit_test(test_triangle), cmocka_unit_test(test_ring),
        cmocka_unit_test(test_star), cmocka_unit_test(test_eight),    cmocka_unit_test(test_death),
    };

    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
