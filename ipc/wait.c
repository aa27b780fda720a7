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
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "layout.h"

#define SPIN_NS UINT64_C(50000)       /* longest spin when every member has a core */
#define CROWDED_NS UINT64_C(20000000) /* after being preempted, no spinning for so long */
#define SWITCHES_EVERY_NS UINT64_C(1000000)

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

void wake_member(struct orrery_segment *seg, unsigned member)
{
    struct seg_member *who = &seg->members[member];

    /* Pairs with arm(): the caller's store comes first, in the total order. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (load_total(&who->futex) && exchange_total(&who->futex, 0)) {
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

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* as in wake_member() */
    if (seg->mode == ORRERY_TURNS) {
        turns_wake_next(m);
        if (load_total(&seg->members[ORRERY_BROKER].futex)) {
            wake_member(seg, ORRERY_BROKER);
        }
        return;
    }
    for (unsigned j = 0; j < seg->member_count; j++) {
        if (j != m->self && load_total(&seg->members[j].futex) &&
            crossed(seg, m->self, j, from_ns, to_ns)) {
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

void waiter_init(struct orrery_member *m)
{
    cpu_set_t set;

    m->waiter.cpus = 1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        m->waiter.cpus = CPU_COUNT(&set);
    }
}

/* Have others taken the core from us lately? Then a spin would only steal theirs. */
static bool crowded(struct orrery_member *m, uint64_t now)
{
    struct waiter *w = &m->waiter;

    if (now - w->switches_at > SWITCHES_EVERY_NS) {
        struct rusage usage;

        getrusage(RUSAGE_THREAD, &usage);
        if (usage.ru_nivcsw != w->switches && w->switches_at) {
            w->crowded_until = now + CROWDED_NS;
        }
        w->switches = usage.ru_nivcsw;
        w->switches_at = now;
    }
    return now < w->crowded_until;
}

static uint64_t spin_limit(struct orrery_member *m)
{
    uint64_t now;

    if ((int)load_relaxed(&m->seg->header->running) > m->waiter.cpus) {
        return 0;
    }
    now = host_ns();
    return crowded(m, now) ? 0 : now + SPIN_NS;
}

/* Say what I need and that I am about to sleep. Pairs with wake_member() and crossed(). */
static void arm(struct orrery_member *m, enum need_kind kind, uint64_t need_ns)
{
    store_total(&m->me->need_kind, kind);
    store_total(&m->me->need, need_ns);
    store_total(&m->me->futex, 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void disarm(struct orrery_member *m)
{
    store_total(&m->me->futex, 0);
}

static void sleep_armed(struct orrery_member *m, int64_t timeout_us)
{
    add_relaxed(&m->me->stats.sleeps, 1);
    __atomic_sub_fetch(&m->seg->header->running, 1, __ATOMIC_SEQ_CST);
    futex_wait(&m->me->futex, timeout_us);
    add_total(&m->seg->header->running, 1);
}

/* One wait, whatever for. poll() says whether it is over. */
struct wait {
    struct orrery_member *m;
    uint64_t now_ns, own_next_ns, need_ns;
    unsigned state; /* ordered access */
};

typedef bool (*poll_fn)(const struct wait *wait, enum orrery_wake *why);

static bool poll_run(const struct wait *wait, enum orrery_wake *why)
{
    struct orrery_member *m = wait->m;
    enum orrery_run_state state = orrery_state(m->seg);

    if (state == ORRERY_ENDED || state == ORRERY_DEAD) {
        *why = state == ORRERY_ENDED ? ORRERY_STATE_ENDED : ORRERY_STATE_DEAD;
        return true;
    }
    if (load_relaxed(&m->kicked) && exchange_total(&m->kicked, 0)) {
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
    if (time_max(orrery_next_arrival(m), wait->now_ns) < wait->need_ns) {
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
        return true;
    }
    ring_drain(m);
    if (!m->backlog || backlog_flush(m)) {
        raise_word(m, wait->need_ns); /* R2: raised again if a sender lowered it below t */
    }
    *why = ORRERY_READY;
    return !m->backlog && ordered_ready(m, wait->state, wait->need_ns);
}

static enum orrery_wake wait_until(const struct wait *wait, poll_fn poll, enum need_kind kind)
{
    struct orrery_member *m = wait->m;
    enum orrery_wake why = ORRERY_READY;
    uint64_t spin_until;
    bool armed = false;

    if (poll(wait, &why)) {
        return why;
    }
    add_relaxed(&m->me->stats.waits, 1);
    spin_until = wait->need_ns == ORRERY_TIME_INF ? 0 : spin_limit(m);
    for (unsigned i = 1;; i++) {
        if (poll(wait, &why)) {
            break;
        }
        if (spin_until) {
            cpu_relax();
            add_relaxed(&m->me->stats.spins, 1);
            if (i % 16 == 0 && host_ns() >= spin_until) {
                spin_until = 0;
            }
        } else if (!armed) {
            arm(m, kind, wait->need_ns);
            armed = true; /* and look once more before sleeping */
        } else {
            sleep_armed(m, -1);
            armed = false;
        }
    }
    if (armed) {
        disarm(m);
    }
    return why;
}

enum orrery_wake orrery_wait(struct orrery_member *m, uint64_t now_ns, uint64_t own_next_ns,
                             uint64_t need_ns)
{
    struct wait wait = {m, now_ns, own_next_ns, need_ns, 0};

    return wait_until(&wait, poll_horizon, NEED_HORIZON);
}

enum orrery_wake orrery_ordered_wait(struct orrery_member *m, unsigned state, uint64_t t_ns)
{
    struct wait wait = {m, t_ns, t_ns, t_ns, state};

    if (t_ns >= m->horizon) {
        return ORRERY_ABANDON;
    }
    m->last_stamp = time_max(m->last_stamp, t_ns);
    return wait_until(&wait, poll_ordered, NEED_ORDERED);
}

enum orrery_wake orrery_broker_wait(struct orrery_member *m, uint64_t need_ns, int64_t timeout_us)
{
    enum orrery_wake why;
    struct wait wait = {m, 0, 0, need_ns, 0};

    /* need: wake when a word crosses to >= need; crossed() tests > */
    for (bool armed = false;; armed = true) {
        bool ended = orrery_state(m->seg) == ORRERY_ENDED;

        if (!ended && poll_run(&wait, &why)) {
            break;
        }
        if (!ended && orrery_lower_bound(m) >= need_ns) {
            why = ORRERY_READY;
            break;
        }
        if (armed) {
            sleep_armed(m, timeout_us);
            /* whatever it was: the caller looks at everything */
            why = ended ? ORRERY_STATE_ENDED : ORRERY_MESSAGE;
            break;
        }
        arm(m, NEED_HORIZON, need_ns ? need_ns - 1 : 0);
    }
    disarm(m);
    if (load_relaxed(&m->kicked) && exchange_total(&m->kicked, 0)) {
        why = ORRERY_KICK;
    }
    return why;
}
