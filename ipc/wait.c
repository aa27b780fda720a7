/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.c - waiting and waking (R7). A waiter writes what it needs, sets its flag, and looks
 * once more; whoever changes something looks at the flag after its store. Both sides use the
 * total order, so one of them always sees the other.
 *
 * How long to spin before sleeping is a matter of who else wants the cores: a futex hand-over
 * to a halted core costs tens of microseconds, spinning on a core that the peer needs costs a
 * scheduler tick.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "layout.h"

#define SPIN_NS UINT64_C(50000)         /* longest spin when every member has a core */
#define CROWDED_NS UINT64_C(10000000)   /* when others take our core, no spinning for so long */
#define LOOK_EVERY_NS UINT64_C(1000000) /* how often to ask the kernel about that */
#define CROWDED_PART 4                  /* of the time, spent queueing for a core */
#define FREE_LOOKS 32u
#define EAGER_LOOKS 16u /* without a pause, which can take longer than the whole step */

uint64_t host_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void futex_wait(uint32_t *word, int64_t timeout_us)
{
    struct timespec ts = {timeout_us / 1000000, timeout_us % 1000000 * 1000};

    syscall(SYS_futex, word, FUTEX_WAIT, 1, timeout_us < 0 ? NULL : &ts, NULL, 0);
}

/* ---- waking ---- */

/* Add one to, or take one from, the instances that want a core. The broker is not counted: its
 * sleep is in its event loop, not here. */
static void count_awake(struct orrery_segment *seg, unsigned member, uint32_t one)
{
    int32_t cpu = load_relaxed(&seg->members[member].counted);

    if (member != ORRERY_BROKER) {
        add_total(&seg->header->running, one);
        if (cpu >= 0 && cpu < MAX_CPUS) {
            add_total(&seg->header->pinned[cpu], one);
        }
    }
}

/*
 * The caller's store comes first, in the total order; pairs with arm(). Whoever takes the flag
 * counts the sleeper as awake: it wants a core from now on, not from when it has got one.
 */
void wake_member(struct orrery_segment *seg, unsigned member)
{
    struct seg_member *who = &seg->members[member];

    if (load_total(&who->futex) && exchange_total(&who->futex, 0)) {
        count_awake(seg, member, 1);
        syscall(SYS_futex, &who->futex, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

void wake_everybody(struct orrery_segment *seg)
{
    for (unsigned i = 0; i < seg->member_count; i++) {
        wake_member(seg, i);
    }
}

static bool crossed(const struct orrery_segment *seg, unsigned by, unsigned sleeper,
                    uint64_t from_ns, uint64_t to_ns)
{
    const struct seg_member *who = &seg->members[sleeper];
    uint64_t dist = seg_dist(seg, by, sleeper);
    uint64_t need = load_total(&who->need);

    if (load_total(&who->need_kind) == NEED_ORDERED) {
        return from_ns <= need;
    }
    return time_add(from_ns, dist) <= need && time_add(to_ns, dist) > need;
}

/* My word went from from_ns to to_ns: wake those whose need lies between. */
void wake_crossed(struct orrery_member *m, uint64_t from_ns, uint64_t to_ns)
{
    struct orrery_segment *seg = m->seg;

    if (seg->mode == ORRERY_TURNS) {
        turns_wake_next(m);
        wake_member(seg, ORRERY_BROKER);
        return;
    }
    for (size_t i = 0; i < m->sleeper_count; i++) {
        unsigned j = m->sleepers[i];

        if (load_total(&seg->members[j].futex) && crossed(seg, m->self, j, from_ns, to_ns)) {
            wake_member(seg, j);
        }
    }
}

void orrery_kick(struct orrery_member *m)
{
    store_total(&m->kicked, 1);
    wake_member(m->seg, m->self);
}

/* ---- how to wait ---- */

/* Which CPUs may this thread use? It is pinned and unpinned by others while it runs. */
static void look_at_cpus(struct waiter *w)
{
    cpu_set_t set;

    w->cpus = w->cores;
    w->pinned = -1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        w->cpus = CPU_COUNT(&set);
        for (int cpu = 0; w->cpus == 1 && cpu < CPU_SETSIZE; cpu++) {
            w->pinned = CPU_ISSET(cpu, &set) ? cpu % MAX_CPUS : w->pinned;
        }
    }
}

void waiter_init(struct orrery_member *m)
{
    m->waiter.cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    look_at_cpus(&m->waiter);
    store_relaxed(&m->me->counted, m->waiter.pinned);
    count_awake(m->seg, m->self, 1);
}

void waiter_finish(struct orrery_member *m)
{
    if (m->waiter.cores) { /* it was initialised */
        count_awake(m->seg, m->self, -1u);
    }
    if (m->waiter.schedstat > 0) {
        close(m->waiter.schedstat);
    }
}

/* How long this thread has been runnable without a core, ns; 0 when the kernel does not say. */
static uint64_t queued_ns(struct waiter *w)
{
    char text[96];
    char *queued = text;
    ssize_t n;

    if (!w->schedstat) {
        int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

        w->schedstat = fd >= 0 ? fd : -1;
    }
    n = w->schedstat > 0 ? pread(w->schedstat, text, sizeof(text) - 1, 0) : 0;
    text[n > 0 ? n : 0] = 0;
    (void)strtoull(text, &queued, 10); /* "ran queued slices" */
    return strtoull(queued, NULL, 10);
}

/*
 * Did we queue for a core for a good part of the time since the last look? Then a spin would
 * only steal it from a peer. A short preemption, by a kernel thread say, does not count.
 */
static void look_around(struct orrery_member *m, uint64_t now)
{
    struct waiter *w = &m->waiter;

    if (now - w->looked_at > LOOK_EVERY_NS) {
        uint64_t queued = queued_ns(w);

        if (w->looked_at && queued - w->queued_ns > (now - w->looked_at) / CROWDED_PART) {
            w->crowded_until = now + CROWDED_NS;
        }
        w->queued_ns = queued;
        w->looked_at = now;
        look_at_cpus(w);
    }
    w->crowded = now < w->crowded_until;
}

/* Is there a core for every instance that is awake? */
static bool may_spin(const struct orrery_member *m)
{
    const struct seg_header *header = m->seg->header;
    const struct waiter *w = &m->waiter;
    int running = (int)load_relaxed(&header->running);

    if (w->crowded) {
        return false;
    }
    if (w->pinned >= 0) {
        return running <= w->cores && load_relaxed(&header->pinned[w->pinned]) <= 1;
    }
    return running <= w->cpus;
}

/* Say what I need and that I am about to sleep. Pairs with wake_member() and crossed(). */
static void arm(struct orrery_member *m, enum need_kind kind, uint64_t need_ns)
{
    store_total(&m->me->need_kind, kind);
    store_total(&m->me->need, need_ns);
    store_total(&m->me->futex, 1);
}

static void disarm(struct orrery_member *m)
{
    if (!exchange_total(&m->me->futex, 0)) {
        count_awake(m->seg, m->self, -1u); /* a waker counted me, though I never slept */
    }
}

static void sleep_armed(struct orrery_member *m, int64_t timeout_us)
{
    count(&m->me->stats.sleeps);
    store_relaxed(&m->me->waits_for, m->origin);
    count_awake(m->seg, m->self, -1u);
    futex_wait(&m->me->futex, timeout_us);
    if (exchange_total(&m->me->futex, 0)) {
        count_awake(m->seg, m->self, 1); /* the time was up, or a signal came */
    }
    look_around(m, host_ns());
    if (m->waiter.pinned != load_relaxed(&m->me->counted)) { /* moved since */
        count_awake(m->seg, m->self, -1u);
        store_relaxed(&m->me->counted, m->waiter.pinned);
        count_awake(m->seg, m->self, 1);
    }
}

/* One wait, whatever for. poll() says whether it is over. */
struct wait {
    struct orrery_member *m;
    uint64_t now_ns, own_next_ns, need_ns;
    unsigned state; /* ordered access */
};

typedef bool (*poll_fn)(const struct wait *wait, enum orrery_wake *why);

/* Is the run over, or did somebody kick? The loads pair with the stores before a wake. */
static bool poll_run(const struct wait *wait, enum orrery_wake *why)
{
    struct orrery_member *m = wait->m;
    enum orrery_run_state state = orrery_state(m->seg);

    if (state == ORRERY_ENDED || state == ORRERY_DEAD) {
        *why = state == ORRERY_ENDED ? ORRERY_STATE_ENDED : ORRERY_STATE_DEAD;
        return true;
    }
    if (load_total(&m->kicked) && exchange_total(&m->kicked, 0)) {
        *why = ORRERY_KICK;
        return true;
    }
    return false;
}

static bool poll_horizon(const struct wait *wait, enum orrery_wake *why)
{
    struct orrery_member *m = wait->m;
    bool parked;

    if (poll_run(wait, why)) {
        return true;
    }
    orrery_publish(m, wait->now_ns, wait->own_next_ns);
    parked = park_check(m, wait->now_ns);
    m->horizon = 0;
    if (!parked && orrery_state(m->seg) == ORRERY_RUNNING) {
        m->horizon = member_horizon(m); /* R1: snapshot, then drain */
    }
    ring_drain(m);
    /* Inside an abandoned access (R6) nothing is delivered, so a message does not matter. */
    if (time_max(orrery_next_arrival(m), time_max(wait->now_ns, m->access_ns)) < wait->need_ns) {
        *why = ORRERY_MESSAGE;
        return true;
    }
    *why = ORRERY_READY;
    return m->horizon > wait->need_ns && !m->backlog;
}

static bool poll_ordered(const struct wait *wait, enum orrery_wake *why)
{
    struct orrery_member *m = wait->m;

    if (poll_run(wait, why)) {
        return true;
    }
    if (load_total(&m->seg->header->park)) {
        *why = ORRERY_KICK; /* R9: at park nobody waits inside an access */
        m->horizon = 0;
        return true;
    }
    ring_drain(m);
    if (!m->backlog || backlog_flush(m)) {
        raise_word(m, wait->need_ns); /* R2: raised again if a sender lowered it below t */
    }
    *why = ORRERY_READY;
    return !m->backlog && ordered_ready(m, wait->state, wait->need_ns);
}

/* Shall I look again at once, after i looks? Else: sleep. */
static bool spin(struct orrery_member *m, unsigned i, uint64_t *until)
{
    uint64_t now;

    if (i < FREE_LOOKS) { /* without a look at the clock, which costs more than a step */
        return may_spin(m);
    }
    if (i % FREE_LOOKS != 0) {
        return true;
    }
    now = host_ns();
    if (i == FREE_LOOKS) {
        *until = now + SPIN_NS;
        look_around(m, now);
    }
    return now < *until && may_spin(m);
}

/* Look again and again, as long as that is cheaper than to sleep. */
static bool spin_until(const struct wait *wait, poll_fn poll, enum orrery_wake *why)
{
    uint64_t until = 0;

    for (unsigned i = 1;; i++) {
        if (poll(wait, why)) {
            return true;
        }
        if (!spin(wait->m, i, &until)) {
            return false;
        }
        if (i > EAGER_LOOKS) {
            cpu_relax();
        }
        count(&wait->m->me->stats.spins);
    }
}

static enum orrery_wake wait_until(const struct wait *wait, poll_fn poll, enum need_kind kind)
{
    struct orrery_member *m = wait->m;
    enum orrery_wake why = ORRERY_READY;
    bool over = poll(wait, &why);

    if (over) {
        return why;
    }
    count(&m->me->stats.waits);
    over = spin_until(wait, poll, &why);
    while (!over) {
        arm(m, kind, wait->need_ns);
        over = poll(wait, &why); /* once more before sleeping */
        if (over) {
            disarm(m);
        } else {
            sleep_armed(m, -1);
            over = poll(wait, &why);
        }
    }
    store_relaxed(&m->me->waits_for, -1);
    return why;
}

/* One sleep, at most timeout_us, unless over(m) is seen once everybody can see me asleep. */
void sleep_unless(struct orrery_member *m, bool (*over)(const struct orrery_member *m),
                  int64_t timeout_us)
{
    arm(m, NEED_HORIZON, ORRERY_TIME_INF);
    if (over(m)) {
        disarm(m);
    } else {
        sleep_armed(m, timeout_us);
    }
}

enum orrery_wake orrery_wait(struct orrery_member *m, uint64_t now_ns, uint64_t own_next_ns,
                             uint64_t need_ns)
{
    struct wait wait = {m, now_ns, own_next_ns, need_ns, 0};

    return wait_until(&wait, poll_horizon, NEED_HORIZON);
}

bool orrery_spin(struct orrery_member *m, uint64_t now_ns, uint64_t own_next_ns, uint64_t need_ns)
{
    struct wait wait = {m, now_ns, own_next_ns, need_ns, 0};
    enum orrery_wake why = ORRERY_READY;

    /* whoever kicked or parked us finds that out at the next look */
    return spin_until(&wait, poll_horizon, &why) && why == ORRERY_READY;
}

/* ABANDON or KICK: leave it at that. With jitter some accesses are kicked at random (R6: that may
 * happen at any moment, and nobody is to see it). */
static enum orrery_wake ordered_begin(struct orrery_member *m, uint64_t t_ns)
{
    m->access_ns = t_ns; /* R2: the floor of my word, also when the access is abandoned */
    if (t_ns >= m->horizon) {
        orrery_publish(m, t_ns, t_ns);
        return ORRERY_ABANDON;
    }
    m->last_stamp = time_max(m->last_stamp, t_ns);
    return jitter_kicks(m) ? ORRERY_KICK : ORRERY_READY;
}

enum orrery_wake orrery_ordered_wait(struct orrery_member *m, unsigned state, uint64_t t_ns)
{
    struct wait wait = {m, t_ns, t_ns, t_ns, state};
    enum orrery_wake why = ordered_begin(m, t_ns);

    return why == ORRERY_READY ? wait_until(&wait, poll_ordered, NEED_ORDERED) : why;
}

enum orrery_wake orrery_ordered_try(struct orrery_member *m, unsigned state, uint64_t t_ns)
{
    struct wait wait = {m, t_ns, t_ns, t_ns, state};
    enum orrery_wake why = ordered_begin(m, t_ns);

    return why == ORRERY_READY && !poll_ordered(&wait, &why) ? ORRERY_MESSAGE : why;
}

/* Is there anything the broker should look at? */
static bool poll_broker(const struct wait *wait, enum orrery_wake *why)
{
    struct orrery_member *m = wait->m;

    if (m->backlog) {
        ceiling_apply(m);
    }
    /* In ENDED only what members leave behind matters: digests, done, output. */
    if (orrery_state(m->seg) != ORRERY_ENDED) {
        if (poll_run(wait, why)) {
            return true;
        }
        if (orrery_lower_bound(m) >= wait->need_ns) {
            *why = ORRERY_READY;
            return true;
        }
    }
    *why = ORRERY_MESSAGE;
    return ring_pressing(m);
}

enum orrery_wake orrery_broker_wait(struct orrery_member *m, uint64_t need_ns, int64_t timeout_us)
{
    struct wait wait = {m, 0, 0, need_ns, 0};
    enum orrery_wake why;

    if (poll_broker(&wait, &why)) {
        return why;
    }
    /* wake when a word crosses to >= need; crossed() tests > */
    arm(m, NEED_HORIZON, need_ns ? need_ns - 1 : 0);
    if (!poll_broker(&wait, &why)) {
        sleep_armed(m, timeout_us);
        /* Whatever it was, the caller looks at everything. */
        if (!poll_broker(&wait, &why)) {
            why = orrery_state(m->seg) == ORRERY_ENDED ? ORRERY_STATE_ENDED : ORRERY_MESSAGE;
        }
        return why;
    }
    disarm(m);
    return why;
}
