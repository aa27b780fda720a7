/*
 * Orrery: guest accesses to state that several instances share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An access at virtual time t (the clock as the guest reads it in the access) happens after every
 * access at an earlier time and before every one at a later time, by whichever instance; ties go to
 * the lower member number. docs/lockstep.md, rule 6.
 *
 * A device's MMIO handler brackets what it does to the shared bytes:
 *
 *     OrreryAccess a = { .write = true, .addr = addr, .size = size, .value = value };
 *
 *     switch (orrery_ordered_begin(state, &a, attrs)) {
 *     case ORRERY_ACCESS_GO:
 *         a.result = ...;            // the access itself; must not wait, and must not fail
 *         orrery_ordered_end(&a);
 *         break;
 *     case ORRERY_ACCESS_DONE:       // this instruction has done it before it was begun anew
 *     case ORRERY_ACCESS_REFUSED:    // a bus master that cannot wait: no effect, reads as zero
 *         break;
 *     }
 *
 * begin() waits for the others, without the BQL. Where it must not go on waiting (a monitor or gdb
 * wants the thread; t is not below the horizon) it does not return: it leaves the instruction, which
 * starts anew later with nothing changed in between. So a handler does nothing that matters before,
 * and its region has disable_reentrancy_guard.
 */
#ifndef HW_ORRERY_ORDERED_H
#define HW_ORRERY_ORDERED_H

#include "exec/hwaddr.h"
#include "exec/memattrs.h"

typedef struct OrreryState OrreryState;

typedef struct OrreryAccess {
    bool write;
    bool of_insn; /* begin() says so: a running instruction's own */
    uint8_t size;
    hwaddr addr;
    uint64_t value; /* written, or read */
    MemTxResult result;
} OrreryAccess;

typedef enum OrreryAccessStep {
    ORRERY_ACCESS_GO,
    ORRERY_ACCESS_DONE, /* value and result are those of then */
    ORRERY_ACCESS_REFUSED,
} OrreryAccessStep;

/**
 * orrery_state_find - the shared state that this instance knows by @name
 *
 * NULL without a member or without such a state: the device then keeps the bytes to itself. @bytes
 * gets the shared bytes, at least @size of them, zero at the start of a run.
 */
OrreryState *orrery_state_find(const char *name, void **bytes, size_t size);

/*
 * @state NULL: the access touches nothing shared (a register that is this core's alone in a block
 * of which others are shared); it does not wait, but takes part in the replay.
 */
OrreryAccessStep orrery_ordered_begin(OrreryState *state, OrreryAccess *a,
                                      MemTxAttrs attrs);
void orrery_ordered_end(const OrreryAccess *a);

/**
 * orrery_ordered_later - touch shared state from where nobody can wait
 *
 * A reset or a timer: @fn is called in the vCPU thread before the next instruction, as an access at
 * that time. In the order of the calls; asked for twice before it runs, it runs once.
 */
typedef void OrreryOrderedFn(void *opaque);
void orrery_ordered_later(OrreryState *state, OrreryOrderedFn *fn,
                          void *opaque);

/* ---- for the pacer; vCPU thread only ---- */

/* Is an instruction half-way? Then the time of its access; else 0. */
int64_t orrery_ordered_pending(void);

/*
 * Before instructions run, with the BQL: does the half-done instruction still stand there? If
 * somebody has moved the program counter, or reset the core, it is forgotten and the clock moves to
 * the time that others have been told. An interrupt that it has raised waits for its end.
 */
void orrery_ordered_resume(CPUState *cpu);

/* The first of those called for by orrery_ordered_later(), or NULL. */
OrreryState *orrery_ordered_waiting(unsigned *index);
void orrery_ordered_run_waiting(void);

#endif
