/*
 * STM32WB55: an event a number of clock cycles from now
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "countdown.h"

/* Beyond this no function goes; left must fit 64 bits. */
#define MAX_CYCLES UINT32_MAX

static void expired(void *opaque)
{
    Stm32wbCountdown *c = opaque;

    c->running = false;
    c->done(c->opaque);
}

void stm32wb_countdown_init(Stm32wbCountdown *c, Clock *clock, QEMUTimerCB *done,
                            void *opaque)
{
    c->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, expired, c);
    c->clock = clock;
    c->done = done;
    c->opaque = opaque;
}

void stm32wb_countdown_finish(Stm32wbCountdown *c)
{
    timer_free(c->timer);
    c->timer = NULL;
}

/* The end in ns and 2^-64 ns; false if it is centuries away. */
static bool end_of(const Stm32wbCountdown *c, int64_t *ns, uint64_t *frac)
{
    uint64_t whole;

    mulu64(frac, &whole, c->left, c->period);
    *frac += c->anchor_frac;
    whole += *frac < c->anchor_frac;
    if (!c->period || whole > INT64_MAX / 2) {
        return false;
    }
    *ns = c->anchor_ns + (int64_t)whole;
    return true;
}

static void arm(Stm32wbCountdown *c)
{
    int64_t ns;
    uint64_t frac;

    if (c->running && end_of(c, &ns, &frac)) {
        timer_mod_ns(c->timer, ns + (frac != 0));
    } else {
        timer_del(c->timer);
    }
}

static void begin(Stm32wbCountdown *c, uint64_t cycles)
{
    c->period = clock_get(c->clock);
    c->left = MIN(MAX(cycles, 1), MAX_CYCLES) << 32;
    c->running = true;
    arm(c);
}

void stm32wb_countdown_start(Stm32wbCountdown *c, uint64_t cycles)
{
    c->anchor_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    c->anchor_frac = 0;
    begin(c, cycles);
}

void stm32wb_countdown_continue(Stm32wbCountdown *c, uint64_t cycles)
{
    int64_t ns;
    uint64_t frac;

    if (end_of(c, &ns, &frac)) {
        c->anchor_ns = ns;
        c->anchor_frac = frac;
        begin(c, cycles);
    } else {
        stm32wb_countdown_start(c, cycles);
    }
}

void stm32wb_countdown_stop(Stm32wbCountdown *c)
{
    c->running = false;
    timer_del(c->timer);
}

/* Fold what has passed at the old rate into what is left; go on at the new one. */
void stm32wb_countdown_clock_changed(Stm32wbCountdown *c)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint64_t lo, hi;

    if (!c->running || c->period == clock_get(c->clock)) {
        return;
    }
    if (c->period && now > c->anchor_ns) {
        lo = 0 - c->anchor_frac;
        hi = (uint64_t)(now - c->anchor_ns) - (c->anchor_frac != 0);
        divu128(&lo, &hi, c->period);
        c->left = hi || lo >= c->left ? 1 : c->left - lo;
    }
    c->anchor_ns = now;
    c->anchor_frac = 0;
    c->period = clock_get(c->clock);
    arm(c);
}

const VMStateDescription stm32wb_countdown_vmstate = {
    .name = "stm32wb-countdown",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_TIMER_PTR(timer, Stm32wbCountdown),
        VMSTATE_UINT64(period, Stm32wbCountdown),
        VMSTATE_UINT64(left, Stm32wbCountdown),
        VMSTATE_INT64(anchor_ns, Stm32wbCountdown),
        VMSTATE_UINT64(anchor_frac, Stm32wbCountdown),
        VMSTATE_BOOL(running, Stm32wbCountdown),
        VMSTATE_END_OF_LIST()
    },
};
