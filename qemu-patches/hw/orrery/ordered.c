/*
 * Orrery: guest accesses to state that several instances share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each access that a running instruction has completed stands in a log, keyed by their time, until
 * the next instruction makes one. When a later access of the same instruction
 * (LDM, STM, LDRD, a split access) must be abandoned, the instruction starts anew, and what it has
 * done comes from the log.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "exec/cpu-common.h"
#include "hw/core/cpu.h"
#include "system/cpu-timers.h"
#include "system/icount-pacer.h"
#include "member.h"
#include "ordered.h"
#include "trace.h"

#define ACCESSES_MAX 64 /* of one instruction: 16 registers, byte by byte */
#define LATER_MAX 16

struct OrreryState {
    const char *name;
    unsigned index;
    bool refused, unordered; /* said so */
};

static struct {
    OrreryAccess log[ACCESSES_MAX];
    unsigned done; /* entries of the log */
    unsigned next; /* that the instruction makes */
    int64_t t; /* of its effects: no other instruction has the same */
    int64_t pending; /* it has been left half-way: the time of its access; 0: it has not */
    vaddr pc; /* where it starts */
    int held_interrupts;
} insn;

static struct {
    OrreryState *state;
    OrreryOrderedFn *fn;
    void *opaque;
} later[LATER_MAX];
static unsigned later_count;

OrreryState *orrery_state_find(const char *name, void **bytes, size_t size)
{
    OrreryMember *m = orrery_member_get();
    size_t there;

    for (size_t i = 0; m && i < m->state_count; i++) {
        if (!strcmp(m->states[i].name, name)) {
            OrreryState *s = g_new0(OrreryState, 1);

            s->name = m->states[i].name;
            s->index = m->states[i].index;
            *bytes = orrery_state_bytes(m->seg, s->index, &there);
            if (there < size) {
                error_report("orrery-member: %s: shared state %s has %zu bytes"
                             " where %zu are needed", m->name, name, there, size);
                exit(3);
            }
            return s;
        }
    }
    return NULL;
}

/* ---- the log ---- */

static bool same_access(const OrreryAccess *a, const OrreryAccess *b)
{
    return a->write == b->write && a->size == b->size && a->addr == b->addr &&
           (!a->write || a->value == b->value);
}

/* Has the running instruction, whose effects are at @t, made this access before it was begun anew? */
static bool replay(OrreryAccess *a, int64_t t)
{
    if (t != insn.t || (insn.next < insn.done && !insn.pending)) {
        insn.t = t;
        insn.done = insn.next = 0;
    }
    if (insn.next >= insn.done) {
        return false;
    }
    if (!same_access(a, &insn.log[insn.next])) {
        insn.done = insn.next; /* a debugger has been at the registers */
        return false;
    }
    *a = insn.log[insn.next++];
    return true;
}

void orrery_ordered_end(const OrreryAccess *a)
{
    if (a->of_insn && insn.done < ACCESSES_MAX) {
        insn.log[insn.done++] = *a;
        insn.next = insn.done;
    }
}

/* ---- waiting ---- */

/* Leave the instruction; it starts anew at orrery_ordered_pending(). */
static G_NORETURN void abandon(CPUState *cpu, int64_t t)
{
    trace_orrery_ordered_abandon(t, insn.done);
    insn.next = 0;
    insn.pending = t;
    cpu_restore_state(cpu, cpu->mem_io_pc);
    insn.pc = cpu->cc->get_pc(cpu);
    cpu->exception_index = EXCP_INTERRUPT;
    cpu_loop_exit(cpu);
}

static enum orrery_wake wait_for_others(OrreryMember *m, OrreryState *s,
                                        int64_t t)
{
    enum orrery_wake why = orrery_ordered_try(m->lockstep, s->index, t);

    if (why == ORRERY_MESSAGE) { /* not yet */
        bql_unlock();
        why = orrery_ordered_wait(m->lockstep, s->index, t);
        bql_lock();
    }
    return why;
}

static void restarted(CPUState *cpu)
{
    insn.pending = 0;
    if (insn.held_interrupts) {
        cpu_interrupt(cpu, insn.held_interrupts);
        insn.held_interrupts = 0;
    }
}

static OrreryAccessStep refuse(OrreryState *s, OrreryAccess *a)
{
    if (!s->refused) {
        s->refused = true;
        qemu_log_mask(LOG_GUEST_ERROR, "%s: shared state accessed by a bus "
                      "master other than the core\n", s->name);
    }
    a->value = 0;
    a->result = MEMTX_OK;
    return ORRERY_ACCESS_REFUSED;
}

static void say_unordered(OrreryState *s)
{
    if (s && !s->unordered) {
        s->unordered = true;
        qemu_log_mask(LOG_GUEST_ERROR, "%s: instructions fetched from, or "
                      "registers stacked in shared state: not in order\n", s->name);
    }
}

OrreryAccessStep orrery_ordered_begin(OrreryState *s, OrreryAccess *a,
                                      MemTxAttrs attrs)
{
    CPUState *cpu = current_cpu;
    int64_t t;

    if (!cpu || !orrery_member_get()) {
        return ORRERY_ACCESS_GO; /* a monitor or debugger */
    }
    if (!cpu->running || attrs.unspecified) { /* DMA, or a timer */
        return s ? refuse(s, a) : ORRERY_ACCESS_GO;
    }
    /* the core stacks registers at an exception, or fetches: no instruction that could be restarted */
    if (cpu->exception_index >= 0 || !cpu->mem_io_pc) {
        say_unordered(s);
        return ORRERY_ACCESS_GO;
    }
    t = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    if (replay(a, t)) {
        return ORRERY_ACCESS_DONE;
    }
    if (s && wait_for_others(orrery_member_get(), s, t) != ORRERY_READY) {
        abandon(cpu, t);
    }
    if (insn.pending) {
        restarted(cpu);
    }
    a->of_insn = true;
    return ORRERY_ACCESS_GO;
}

/* ---- for the pacer ---- */

int64_t orrery_ordered_pending(void)
{
    return insn.pending;
}

void orrery_ordered_resume(CPUState *cpu)
{
    if (!insn.pending) {
        return;
    }
    if (cpu->cc->get_pc(cpu) != insn.pc) {
        warn_report("orrery-member: the program counter was moved in the middle"
                    " of an instruction: what it has done so far stands");
        icount_warp_to(MAX(insn.pending, icount_get()));
        insn.done = 0;
        restarted(cpu);
    } else if (insn.done) {
        insn.held_interrupts |= cpu->interrupt_request;
        cpu_reset_interrupt(cpu, insn.held_interrupts);
    }
}

void orrery_ordered_later(OrreryState *s, OrreryOrderedFn *fn, void *opaque)
{
    for (unsigned i = 0; i < later_count; i++) {
        if (later[i].fn == fn && later[i].opaque == opaque) {
            return;
        }
    }
    g_assert(later_count < LATER_MAX); /* one for each device that shares */
    later[later_count].state = s;
    later[later_count].fn = fn;
    later[later_count++].opaque = opaque;
    if (first_cpu) {
        qemu_cpu_kick(first_cpu);
    }
}

OrreryState *orrery_ordered_waiting(unsigned *index)
{
    if (!later_count) {
        return NULL;
    }
    *index = later[0].state->index;
    return later[0].state;
}

void orrery_ordered_run_waiting(void)
{
    OrreryOrderedFn *fn = later[0].fn;
    void *opaque = later[0].opaque;

    later_count--;
    memmove(&later[0], &later[1], later_count * sizeof(later[0]));
    fn(opaque);
}
