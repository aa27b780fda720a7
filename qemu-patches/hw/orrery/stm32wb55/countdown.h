/*
 * STM32WB55: an event a number of clock cycles from now
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For functions that take "n cycles of this clock" and then raise a flag. The count survives a
 * change of the clock's rate, and a stop of the clock, without losing a fraction of a cycle;
 * one countdown that follows another starts exactly where that ended.
 */
#ifndef HW_ORRERY_STM32WB55_COUNTDOWN_H
#define HW_ORRERY_STM32WB55_COUNTDOWN_H

#include "hw/clock.h"
#include "migration/vmstate.h"
#include "qemu/timer.h"

typedef struct Stm32wbCountdown {
    QEMUTimer *timer;
    Clock *clock; /* owned by the device */
    QEMUTimerCB *done;
    void *opaque;
    uint64_t period; /* in force since the anchor: 2^-32 ns; 0: stopped */
    uint64_t left;   /* to go at the anchor: 2^-32 cycles */
    int64_t anchor_ns;
    uint64_t anchor_frac; /* 2^-64 ns */
    bool running;
} Stm32wbCountdown;

/* @done runs in virtual time; the countdown is no longer running then. */
void stm32wb_countdown_init(Stm32wbCountdown *c, Clock *clock, QEMUTimerCB *done,
                            void *opaque);
void stm32wb_countdown_finish(Stm32wbCountdown *c);

/* @cycles from now; a new start replaces an old one. 0 counts as 1. */
void stm32wb_countdown_start(Stm32wbCountdown *c, uint64_t cycles);
/* @cycles from the end of the last countdown; only from within @done. */
void stm32wb_countdown_continue(Stm32wbCountdown *c, uint64_t cycles);
void stm32wb_countdown_stop(Stm32wbCountdown *c);
/* To be called when the clock's rate has changed. */
void stm32wb_countdown_clock_changed(Stm32wbCountdown *c);

extern const VMStateDescription stm32wb_countdown_vmstate;
#define VMSTATE_STM32WB_COUNTDOWN(_field, _state)                              \
    VMSTATE_STRUCT(_field, _state, 1, stm32wb_countdown_vmstate,               \
                   Stm32wbCountdown)

#endif
