/*
 * Orrery: virtual time under the lockstep
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rule for what happens when, written down once:
 *
 *   An instance acts only at instruction starts. At a start s, once the horizon is past s:
 *   first every message with arrival <= s is delivered, in (arrival, source, sequence) order;
 *   then QEMU's own timers <= s run; then instructions execute up to the first start at or
 *   past the horizon, the next arrival and the next timer. An idle vCPU's clock moves only to
 *   the time of a message or timer. Effects are stamped with the clock as the guest reads it
 *   inside the access: the time after the instruction. An instruction that was left half-way
 *   (ordered.h) goes on before anything else happens.
 *
 * Where a window ends is therefore invisible to the guest. Everything here runs in the vCPU
 * thread (a round-robin TCG thread with one vCPU) but kick(), timers_changed() and
 * guest_changed(). With ORRERY_STRICT=1 in the environment, whatever else touches the guest while
 * it runs aborts QEMU: the main loop has no place in virtual time.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-types-run-state.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/notify.h"
#include "qemu/timer.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "system/cpu-timers.h"
#include "system/cpus.h"
#include "system/icount-pacer.h"
#include "system/replay.h"
#include "system/reset.h"
#include "system/runstate-action.h"
#include "system/runstate.h"
#include "core.h"
#include "member.h"
#include "ordered.h"
#include "power.h"
#include "probe.h"
#include "trace.h"


/* The supply: a cut and a return each take effect by a reset in the main loop. */
typedef enum Power {
    POWER_ON,
    POWER_FAILING,   /* that reset is asked for */
    POWER_FAILED,    /* it is done: what it sends goes out at the boundary, and then we stand */
    POWER_OFF,
    POWER_RETURNING, /* the other reset is asked for */
} Power;

static struct {
    OrreryMember *m;
    struct orrery_member *lockstep;
    int64_t deadline;    /* absolute, of the earliest timer, as of the last begin() */
    int64_t stop;        /* end of the window that runs */
    bool timers_changed; /* then deadline is stale; atomic */
    bool stopped;        /* told the others that we stand still */
    bool over;           /* the run is over for us: never execute again */
    bool off;            /* the guest has switched itself off, or has no power */
    bool exited;         /* by itself: then QEMU has stopped the machine */
    Power power;
    bool power_wanted;   /* what the broker said last */
    bool reset_due;      /* the broker's time for a reset is now */
    bool strict;         /* abort when somebody else touches the guest */
    bool exit_pending;   /* main loop -> vCPU thread, under the BQL */
    int exit_code;
} pacer;

/* Absolute time of the earliest timer that the vCPU thread runs. */
static int64_t next_timer(int64_t now)
{
    int64_t delta =
        timerlist_deadline_ns(main_loop_tlg.tl[QEMU_CLOCK_VIRTUAL]);

    return delta < 0 ? ORRERY_TIME_INF : MIN(now + delta, ORRERY_TIME_INF);
}

/* Somebody wants the vCPU thread for something else than executing. */
static bool interrupted(CPUState *cpu)
{
    return qatomic_read(&cpu->stop) || qatomic_read(&cpu->exit_request) ||
           !cpu_work_list_empty(cpu);
}

/*
 * A reset or shutdown that the guest asked for happens in the main loop; from the request until
 * it is done the clock stands and nothing is delivered.
 */
static bool must_stand(void)
{
    return pacer.over || !runstate_is_running() ||
           qemu_reset_requested_get() || qemu_shutdown_requested_get();
}

/* The run is over: leave digests or an error, and let the main loop take us down. */
static void leave(enum orrery_wake why, int64_t now)
{
    struct orrery_segment *seg = pacer.m->seg;

    if (pacer.over) {
        return;
    }
    pacer.over = true;
    shutdown_action = SHUTDOWN_ACTION_POWEROFF;
    if (why == ORRERY_STATE_ENDED) {
        trace_orrery_leave("end", now);
        if (pacer.m->trace) {
            orrery_trace_finish(pacer.m->trace, orrery_end_time(seg), seg,
                                pacer.m->self);
        }
        orrery_done(pacer.lockstep);
        qemu_system_shutdown_request(SHUTDOWN_CAUSE_HOST_QMP_QUIT);
    } else {
        trace_orrery_leave("dead", now);
        qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_HOST_ERROR,
                                               EXIT_BROKEN);
    }
}

/* Wait for a horizon past @need. The BQL is held unless @unlocked. */
static enum orrery_wake wait_past(int64_t now, int64_t own_next, int64_t need,
                                  bool unlocked)
{
    enum orrery_wake why;

    trace_orrery_wait(now, need);
    if (!unlocked) {
        bql_unlock();
    }
    why = orrery_wait(pacer.lockstep, now, own_next, need);
    if (!unlocked) {
        bql_lock();
    }
    return why;
}

static bool is_over(enum orrery_wake why)
{
    return why == ORRERY_STATE_ENDED || why == ORRERY_STATE_DEAD;
}

/*
 * The promise of the lockstep, checked at every delivery: no instruction that started at or
 * after the arrival has been executed.
 */
static bool in_time(const struct orrery_message *msg, int64_t now)
{
    if (now == 0 ||
        (int64_t)msg->arrival_ns > now - orrery_core_longest_insn_ns()) {
        return true;
    }
    orrery_mark_dead(pacer.m->seg, pacer.m->self,
                     "executed past a message (lockstep broken)");
    return false;
}

static void deliver(const struct orrery_message *msg, int64_t now)
{
    const OrreryLane *lane = &pacer.m->lanes[msg->lane];

    trace_orrery_deliver(msg->lane, msg->source, msg->send_ns,
                         msg->arrival_ns, now);
    if (in_time(msg, now) && lane->deliver) {
        lane->deliver(lane->opaque, msg);
    }
}

/* ---- the supply ---- */

static void ask_for_reset(void)
{
    pacer.reset_due = true;
    qemu_system_reset_request(SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET);
}

/* The BQL is held: the clock stands until the reset is done. */
static void power_returns(void)
{
    if (pacer.exited) {
        orrery_power_changes(false);
    }
    orrery_power_changes(true);
    pacer.power = POWER_RETURNING;
    pacer.off = false;
    ask_for_reset();
}

void orrery_pacer_power(bool on)
{
    bool failed = orrery_is_failed(pacer.m->seg, pacer.m->self, NULL, NULL);

    pacer.power_wanted = on;
    if (on) {
        orrery_power_on(pacer.lockstep);
        if (pacer.off && !failed) {
            power_returns();
        }
    } else if (pacer.power == POWER_ON && !pacer.off) {
        orrery_power_changes(false);
        pacer.power = POWER_FAILING;
        ask_for_reset();
    }
}

bool orrery_pacer_is_off(void)
{
    return pacer.off;
}

static void machine_goes_on(void *opaque)
{
    vm_start();
}

/* Main loop, in a reset. */
static void machine_was_reset(void *opaque)
{
    if (pacer.power == POWER_FAILING) {
        pacer.power = POWER_FAILED;
    } else if (pacer.power == POWER_RETURNING) {
        pacer.power = POWER_ON;
        if (pacer.exited) {
            pacer.exited = false;
            aio_bh_schedule_oneshot(qemu_get_aio_context(), machine_goes_on, NULL);
        }
    }
}

/* Off: what arrives is dropped at its time (R10), but for what tells of the world outside. */
static void stand_off(int64_t now)
{
    int64_t target = MAX(now, (int64_t)orrery_next_arrival(pacer.lockstep));
    enum orrery_wake why = wait_past(now, ORRERY_TIME_INF, target, false);
    struct orrery_message msg;

    if (is_over(why)) {
        leave(why, now);
    }
    if (why != ORRERY_READY) {
        return;
    }
    icount_warp_to(target);
    while (pacer.off && orrery_take(pacer.lockstep, target, &msg)) {
        if (pacer.m->lanes[msg.lane].heard_when_off) {
            deliver(&msg, target);
        }
    }
}

/* ---- boundaries ---- */

/* All that is due at the instruction start @now; the horizon is past it. */
static void run_boundary(int64_t now)
{
    struct orrery_message msg;

    while (orrery_take(pacer.lockstep, now, &msg)) {
        deliver(&msg, now);
    }
    qatomic_set(&pacer.timers_changed, false);
    if (next_timer(now) <= now) {
        qemu_clock_run_timers(QEMU_CLOCK_VIRTUAL);
        if (next_timer(now) <= now) {
            qemu_clock_notify(QEMU_CLOCK_VIRTUAL);
        }
    }
}

/*
 * What devices owe to shared state (orrery_ordered_later), at the boundary @now; the horizon is past
 * it. False: look at everything again.
 */
static bool run_later(int64_t now)
{
    unsigned state;

    while (orrery_ordered_waiting(&state)) {
        enum orrery_wake why = orrery_ordered_try(pacer.lockstep, state, now);

        if (why == ORRERY_MESSAGE) { /* not yet */
            bql_unlock();
            why = orrery_ordered_wait(pacer.lockstep, state, now);
            bql_lock();
        }
        if (is_over(why)) {
            leave(why, now);
        }
        if (why != ORRERY_READY) {
            return false;
        }
        orrery_ordered_run_waiting();
    }
    return true;
}

/* We execute or idle again after a stop. */
static void going(void)
{
    if (pacer.stopped) {
        pacer.stopped = false;
        orrery_resumed(pacer.lockstep);
    }
}

/* Instructions from @now to the nearest of window end, next arrival and next timer; 0: none. */
static int64_t budget(int64_t now, int64_t window)
{
    int64_t stop = MIN(window, (int64_t)orrery_next_arrival(pacer.lockstep));

    stop = MIN(stop, MIN(pacer.deadline, (int64_t)orrery_horizon(pacer.lockstep)));
    if (stop <= now) {
        return 0;
    }
    trace_orrery_window(now, stop, orrery_horizon(pacer.lockstep));
    pacer.stop = stop;
    return icount_until(stop);
}

/* The end of the boundary at @now: a cut is complete, unless power is back already. */
static void finish_cut(int64_t now)
{
    if (pacer.power != POWER_FAILED || must_stand()) {
        return;
    }
    if (pacer.power_wanted) {
        power_returns();
    } else {
        pacer.power = POWER_OFF;
        pacer.off = true;
        trace_orrery_leave("power off", now);
        orrery_power_off(pacer.lockstep, now, 0);
    }
}

/* All that comes before the instruction at @now. False: look at everything again. */
static bool boundary(int64_t now)
{
    unsigned state;

    if (orrery_ordered_pending()) {
        return true; /* it has begun: nothing comes before it */
    }
    if (!run_later(now)) {
        return false;
    }
    run_boundary(now);
    if (orrery_ordered_waiting(&state)) {
        return false;
    }
    finish_cut(now);
    return !pacer.off;
}

static int64_t pacer_begin(CPUState *cpu)
{
    if (!cpu->halted || cpu_has_work(cpu)) {
        orrery_core_sleeps(false);
    }
    while (!interrupted(cpu) && !must_stand()) {
        uint64_t horizon;
        int64_t now, need, window, insns;

        going();
        if (pacer.off) {
            stand_off(icount_get());
            continue;
        }
        orrery_ordered_resume(cpu);
        now = icount_get();
        need = MAX(now, orrery_ordered_pending());
        window = orrery_window(pacer.lockstep, now, &horizon);
        if ((int64_t)horizon > need) {
            if (!boundary(now)) {
                continue;
            }
            if (interrupted(cpu) || must_stand()) {
                break;
            }
            pacer.deadline = next_timer(now);
            insns = budget(now, window);
            if (insns > 0) {
                orrery_publish(pacer.lockstep, now, now);
                orrery_probe_before_window(cpu);
                return insns;
            }
            continue;
        }
        enum orrery_wake why = wait_past(now, now, need, false);

        if (is_over(why)) {
            leave(why, now);
        }
    }
    return 0;
}

/* The hot path: no BQL, no allocation, no system call while peers keep up. */
static int64_t pacer_turn(CPUState *cpu)
{
    while (!interrupted(cpu) && !pacer.over &&
           !qatomic_read(&pacer.timers_changed)) {
        int64_t now = icount_get();
        uint64_t horizon;
        int64_t window;
        unsigned state;

        if (now >= pacer.deadline || orrery_ordered_pending() ||
            orrery_ordered_waiting(&state)) {
            return 0;
        }
        orrery_publish(pacer.lockstep, now, now);
        window = orrery_window(pacer.lockstep, now, &horizon);
        if ((int64_t)orrery_next_arrival(pacer.lockstep) <= now) {
            return 0;
        }
        if ((int64_t)horizon > now) {
            return budget(now, window);
        }
        if (wait_past(now, now, now, true) != ORRERY_READY) {
            return 0;
        }
    }
    return 0;
}

/* The budget from a start between two TBs; 0 and an exit when nothing may be executed. */
static int64_t budget_between(CPUState *cpu, int64_t now)
{
    uint64_t horizon;
    int64_t window = orrery_window(pacer.lockstep, now, &horizon);

    if ((int64_t)horizon <= now) {
        cpu_exit(cpu); /* R9: parked here, so not one instruction more; or the run is over */
        return 0;
    }
    return budget(now, window);
}

/*
 * Between two TBs, near the end of a window: where nothing is due before the next TB ends,
 * publish and go on without leaving the translated code's loop. At the horizon a short wait is
 * cheaper than a TB cut in two, which is a detour through cold code.
 */
static int64_t pacer_extend(CPUState *cpu, int64_t tb_insns)
{
    int64_t now = icount_get();
    uint64_t horizon;
    int64_t insns;
    unsigned state;

    if (interrupted(cpu) || pacer.over || now >= pacer.deadline ||
        orrery_ordered_waiting(&state) || qatomic_read(&pacer.timers_changed)) {
        return 0;
    }
    orrery_publish(pacer.lockstep, now, now);
    insns = budget_between(cpu, now);
    horizon = orrery_horizon(pacer.lockstep);
    if (insns > 0 && insns < tb_insns && pacer.stop == (int64_t)horizon) {
        orrery_spin(pacer.lockstep, now, now, horizon);
        insns = budget_between(cpu, now);
    }
    return insns;
}

static void guest_exit(int64_t now)
{
    pacer.exit_pending = false;
    pacer.off = pacer.exited = true;
    going();
    trace_orrery_leave("guest exit", now);
    if (pacer.exit_code == 0) {
        orrery_power_off(pacer.lockstep, now, 0);
    } else {
        orrery_fail(pacer.lockstep, now, pacer.exit_code);
    }
}

/* Stopped by gdb, a monitor or a reset in progress: stand still and say so. */
static bool idle_standing(int64_t now)
{
    if (!pacer.stopped && !pacer.over) {
        pacer.stopped = true;
        orrery_stopped(pacer.lockstep, now);
    }
    return false;
}

static bool pacer_idle(CPUState *cpu)
{
    int64_t now = icount_get();
    int64_t own_next, target;
    enum orrery_wake why;
    unsigned state;

    if (pacer.exit_pending) {
        guest_exit(now);
    }
    if (pacer.off && !pacer.over && !qemu_reset_requested_get()) {
        stand_off(now);
        return true;
    }
    /* single-stepped without timers, the clock is disabled: its deadline means nothing */
    if (must_stand() || cpu_is_stopped(cpu) ||
        (cpu->singlestep_enabled & SSTEP_NOTIMER)) {
        return idle_standing(now);
    }
    going();
    orrery_core_sleeps(true);
    own_next = orrery_ordered_waiting(&state) || pacer.power == POWER_FAILED
               ? now : next_timer(now);
    target = MAX(now, MIN(own_next,
                          (int64_t)orrery_next_arrival(pacer.lockstep)));
    why = wait_past(now, MAX(own_next, now), target, false);
    if (is_over(why)) {
        leave(why, now);
    } else if (why == ORRERY_READY && !must_stand() &&
               !qatomic_read(&cpu->stop) && cpu_work_list_empty(cpu)) {
        if (target > now) {
            trace_orrery_warp(now, target);
            icount_warp_to(target);
        }
        if (run_later(target)) {
            run_boundary(target);
            if (!orrery_ordered_waiting(&state)) {
                finish_cut(target);
            }
        }
    }
    return true;
}

void orrery_pacer_sent(void)
{
    if (current_cpu && current_cpu->running &&
        (int64_t)orrery_horizon(pacer.lockstep) < pacer.stop) {
        cpu_exit(current_cpu); /* R3: end the window after this instruction */
    }
}

static void pacer_kick(void)
{
    orrery_kick(pacer.lockstep);
}

static void pacer_timers_changed(void)
{
    qatomic_set(&pacer.timers_changed, true);
}

static void pacer_guest_changed(const char *how)
{
    if (pacer.strict && !qemu_in_vcpu_thread() && !cpu_is_stopped(first_cpu)) {
        error_report("orrery-member: %s: %s from outside the vCPU thread",
                     pacer.m->name, how);
        abort();
    }
}

/*
 * A monitor's reset (R11): the broker gives it a virtual time, as the others may be ahead of where
 * an idle instance stands. One that a debugger stopped in mid-execution is reset where it stands.
 */
static bool pacer_reset(ShutdownCause reason)
{
    Error *err = NULL;

    if (reason != SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET || pacer.reset_due || pacer.over ||
        orrery_state(pacer.m->seg) != ORRERY_RUNNING ||
        (cpu_is_stopped(first_cpu) &&
         (int64_t)orrery_word(pacer.m->seg, pacer.m->self) <= icount_get())) {
        pacer.reset_due = false;
        return false;
    }
    if (!orrery_control_reset(pacer.m, &err)) {
        warn_report_err(err);
    }
    return true;
}

void orrery_pacer_reset(void)
{
    if (!pacer.off) {
        ask_for_reset();
    }
}

static const IcountPacer orrery_pacer = {
    .begin = pacer_begin,
    .turn = pacer_turn,
    .extend = pacer_extend,
    .idle = pacer_idle,
    .kick = pacer_kick,
    .timers_changed = pacer_timers_changed,
    .guest_changed = pacer_guest_changed,
    .reset = pacer_reset,
};

/* Main loop: a vCPU that a debugger stopped does not see that the run is over. */
static void leave_stopped(void)
{
    enum orrery_run_state state = orrery_state(pacer.m->seg);

    if (cpu_is_stopped(first_cpu) &&
        (state == ORRERY_ENDED || state == ORRERY_DEAD)) {
        leave(state == ORRERY_ENDED ? ORRERY_STATE_ENDED : ORRERY_STATE_DEAD,
              icount_get());
    }
}

/* Main loop: the guest asked to be switched off, or exited by semihosting. */
static void guest_shutdown(Notifier *notifier, void *data)
{
    ShutdownCause cause = *(ShutdownCause *)data;

    if (cause == SHUTDOWN_CAUSE_HOST_SIGNAL) {
        leave_stopped();
    }
    if (shutdown_action != SHUTDOWN_ACTION_PAUSE || !shutdown_caused_by_guest(cause)) {
        return;
    }
    pacer.exit_code = cause == SHUTDOWN_CAUSE_GUEST_PANIC
                      ? 1 : qemu_shutdown_exit_code_get();
    pacer.exit_pending = true;
    qemu_cpu_kick(first_cpu);
}

static Notifier shutdown_notifier = { .notify = guest_shutdown };

void orrery_pacer_install(OrreryMember *m)
{
    pacer.m = m;
    pacer.lockstep = m->lockstep;
    pacer.strict = getenv("ORRERY_STRICT") != NULL;
    icount_pacer = &orrery_pacer;
    qemu_register_shutdown_notifier(&shutdown_notifier);
    qemu_register_reset(machine_was_reset, NULL);
}

/* The machine stands, its vCPU thread still waits for the first start. */
void orrery_pacer_machine_ready(OrreryMember *m)
{
    if (icount_enabled() != ICOUNT_PRECISE) {
        error_report("orrery-member: %s: needs -icount shift=N,sleep=off",
                     m->name);
        exit(EXIT_BROKEN);
    }
    if (!first_cpu || CPU_NEXT(first_cpu)) {
        error_report("orrery-member: %s: an instance has exactly one vCPU",
                     m->name);
        exit(EXIT_BROKEN);
    }
    pacer.stopped = true;
    orrery_stopped(m->lockstep, 0);
}
