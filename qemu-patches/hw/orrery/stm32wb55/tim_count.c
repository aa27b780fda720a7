/*
 * STM32WB55 timers: the counter and its time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "Advanced-control timers", "Counter modes" and "Repetition counter". The counter goes
 * from event to event (overflow, turn, compare match); what lies between is arithmetic. Nothing
 * runs while nobody notices: then a look at a register catches up, whole periods at a time.
 */
#include "qemu/osdep.h"
#include "tim.h"

/* Events one by one before whole periods are skipped. */
#define MAX_EVENTS 64
/* Nothing is noticed more often than this: a timer at full speed must not stop the guest. */
#define MIN_INTERVAL_NS 200

static bool down(const Stm32wbTim *s)
{
    return FIELD_EX32(s->cr1, CR1, DIR);
}

static void set_down(Stm32wbTim *s, bool value)
{
    s->cr1 = FIELD_DP32(s->cr1, CR1, DIR, value);
}

unsigned tim_dead_time(const Stm32wbTim *s)
{
    unsigned dtg = FIELD_EX32(s->bdtr, BDTR, DTG);
    unsigned t;

    if (!(dtg & 0x80)) {
        t = dtg;
    } else if (!(dtg & 0x40)) {
        t = (64 + (dtg & 0x3f)) * 2;
    } else {
        t = (32 + (dtg & 0x1f)) * (dtg & 0x20 ? 16 : 8);
    }
    return t << MIN(2, FIELD_EX32(s->cr1, CR1, CKD));
}

/* ---- events ---- */

/* An overflow or underflow that the repetition counter lets through, or UG. */
static void update_event(Stm32wbTim *s, bool flag)
{
    if (FIELD_EX32(s->cr1, CR1, UDIS)) {
        return;
    }
    s->psc_now = s->psc;
    s->arr_now = s->arr;
    s->repeat = s->rcr & s->kind->rcr;
    for (unsigned n = 0; n < s->kind->channels; n++) {
        s->ccr_now[n] = s->ccr[n] & s->kind->max;
    }
    if (!tim_etr_level(s)) {
        s->cleared = 0;
    }
    if (FIELD_EX32(s->bdtr, BDTR, AOE) && !tim_break_active(s)) {
        s->bdtr |= R_BDTR_MOE_MASK;
    }
    if (FIELD_EX32(s->cr1, CR1, OPM)) {
        s->cr1 &= ~R_CR1_CEN_MASK;
    }
    if (flag) {
        tim_raise(s, TIM_UIF);
        tim_update_effects(s);
    }
}

static void overflow(Stm32wbTim *s)
{
    if (s->kind->repeat && s->repeat) {
        s->repeat--;
    } else {
        update_event(s, true);
    }
}

void tim_reinit(Stm32wbTim *s)
{
    s->psc_count = 0;
    if (tim_centre(s)) {
        set_down(s, false);
    }
    update_event(s, !FIELD_EX32(s->cr1, CR1, URS));
    s->cnt = down(s) ? s->arr_now : 0;
    tim_outputs(s);
}

/* The channel's match counts in this direction: CMS 1 when counting down, 2 up, 3 both. */
static bool matches_now(const Stm32wbTim *s, bool was_down)
{
    unsigned cms = FIELD_EX32(s->cr1, CR1, CMS);

    return cms == 0 || (cms & (was_down ? 1 : 2));
}

/*
 * The counter leaves @left. Like an overflow, a match counts at the end of its count: a value that is
 * written equal to the counter still matches, and a flag cleared within that count comes all the same.
 * The manual does not say so, but its figures of overflows show it, and drivers that pass their tests on
 * parts need it (RIOT's timer_set: CCR1 = CNT + 1, clear CC1IF, was CNT faster?).
 */
static void compare(Stm32wbTim *s, uint32_t left, bool wraps, bool was_down)
{
    for (unsigned n = 0; n < s->kind->channels; n++) {
        bool beyond = wraps && s->ccr_now[n] > s->arr_now;

        if (tim_cc_select(s, n) == 0 && (left == s->ccr_now[n] || beyond) &&
            matches_now(s, was_down)) {
            tim_match(s, n);
        }
    }
}

/* ---- from event to event ---- */

/* Counts to the next turn: overflow, underflow, or top and bottom in centre-aligned mode. */
static uint64_t to_turn(const Stm32wbTim *s)
{
    if (tim_centre(s)) {
        return down(s) ? MAX(1, s->cnt)
                       : s->cnt < s->arr_now ? s->arr_now - s->cnt : 1;
    }
    if (down(s)) {
        return (uint64_t)s->cnt + 1;
    }
    return (s->cnt <= s->arr_now ? s->arr_now : (uint64_t)s->kind->max) -
           s->cnt + 1;
}

/* Counts until the counter is channel @n's value; 0: it will not be before the turn. */
static uint64_t to_value(const Stm32wbTim *s, unsigned n)
{
    uint32_t v = s->ccr_now[n];

    return down(s) ? (v < s->cnt ? s->cnt - v : 0) : (v > s->cnt ? v - s->cnt : 0);
}

/* Counts until channel @n's match counts, or so many that the turn comes before. */
static uint64_t to_match(const Stm32wbTim *s, unsigned n)
{
    uint64_t counts = to_value(s, n);

    return counts || s->cnt == s->ccr_now[n] ? counts + 1 : UINT64_MAX;
}

/* Counts to the next thing that any channel does before the turn, else to the turn. */
static uint64_t to_event(const Stm32wbTim *s)
{
    uint64_t best = to_turn(s);

    for (unsigned n = 0; n < s->kind->channels; n++) {
        best = MIN(best, to_value(s, n) ?: to_match(s, n));
    }
    return best;
}

static uint64_t count_to_ticks(const Stm32wbTim *s, uint64_t counts)
{
    uint64_t left = s->psc_count <= s->psc_now ? s->psc_now - s->psc_count : 0;

    return (counts - 1) * ((uint64_t)s->psc_now + 1) + left + 1;
}

/* Move @counts on, at most to the next event, which then happens. */
static void step(Stm32wbTim *s, uint64_t counts)
{
    bool was_down = down(s);
    bool turn = counts >= to_turn(s);

    compare(s, was_down ? s->cnt - (counts - 1) : s->cnt + (counts - 1), turn, was_down);
    if (!turn) {
        s->cnt += was_down ? -counts : counts;
    } else if (tim_centre(s)) {
        s->cnt = was_down ? 0 : s->arr_now;
        set_down(s, !was_down);
        overflow(s);
    } else {
        s->cnt = 0;
        overflow(s);
        if (was_down) {
            s->cnt = s->arr_now;
        }
    }
    tim_outputs(s);
}

/* Skip whole periods that nobody notices; flags stand, shadows are loaded. */
static uint64_t skip_periods(Stm32wbTim *s, uint64_t ticks)
{
    uint64_t counts = tim_centre(s) ? 2 * (uint64_t)s->arr_now
                                    : (uint64_t)s->arr_now + 1;
    uint64_t period = counts * ((uint64_t)s->psc_now + 1);
    uint64_t n = ticks / period;
    uint64_t overflows = tim_centre(s) ? 2 * n : n;

    if (!n || FIELD_EX32(s->cr1, CR1, OPM)) {
        return ticks;
    }
    if (s->kind->repeat) {
        uint64_t cycle = (uint64_t)(s->rcr & s->kind->rcr) + 1;

        overflows %= cycle;
        s->repeat = (s->repeat + cycle - overflows) % cycle;
    }
    if ((n & 1) && !tim_centre(s)) {
        for (unsigned c = 0; c < s->kind->channels; c++) {
            if (tim_oc_mode(s, c) == 3 && tim_cc_select(s, c) == 0) {
                s->ref ^= 1 << c;
            }
        }
    }
    return ticks % period;
}

void tim_advance(Stm32wbTim *s, uint64_t ticks)
{
    unsigned events = 0;

    /* RM0434: the counter is blocked while the auto-reload value is null */
    while (ticks && s->arr_now && FIELD_EX32(s->cr1, CR1, CEN)) {
        uint64_t counts = to_event(s);
        uint64_t need = count_to_ticks(s, counts);

        if (ticks < need) {
            uint64_t total = s->psc_count + ticks;
            uint64_t moved = total / ((uint64_t)s->psc_now + 1);

            s->psc_count = total % ((uint64_t)s->psc_now + 1);
            s->cnt += down(s) ? -moved : moved;
            return;
        }
        ticks -= need;
        s->psc_count = 0;
        step(s, counts);
        if (++events >= MAX_EVENTS && s->arr_now) {
            ticks = skip_periods(s, ticks);
            events = 0;
        }
    }
}

/* ---- time ---- */

/* Of what the counter counts by itself; 0: nothing, or edges of an input. */
static uint64_t counted_period(const Stm32wbTim *s)
{
    if (!FIELD_EX32(s->cr1, CR1, CEN) || !s->arr_now ||
        (tim_sms(s) == 5 && !tim_trigger_level(s))) {
        return 0;
    }
    return tim_external_clock(s) ? tim_etr_clock_period(s)
                                 : clock_get(s->parent_obj.kernel);
}

void tim_sync(Stm32wbTim *s)
{
    int64_t now = tim_now();

    tim_ti1_sync(s, now);
    tim_advance(s, wb_ticks_take(&s->ticks, now));
}

/* Does anybody notice what happens at overflows and matches? */
static bool update_noticed(const Stm32wbTim *s)
{
    unsigned mms = FIELD_EX32(s->cr2, CR2, MMS);

    return (s->dier & ~s->sr & TIM_UIF) || FIELD_EX32(s->dier, DIER, UDE) ||
           (FIELD_EX32(s->cr2, CR2, CCDS) && (s->dier & 0x1e00)) ||
           mms == 2 || FIELD_EX32(s->cr2, CR2, MMS2) == 2 ||
           (FIELD_EX32(s->cr1, CR1, OPM) && mms == 1);
}

static bool match_noticed(const Stm32wbTim *s, unsigned n)
{
    return (s->dier & ~s->sr & TIM_CCIF(n) & 0x1e) ||
           (n < 4 && (s->dier & TIM_CCDE(n))) ||
           (n == 0 && FIELD_EX32(s->cr2, CR2, MMS) == 3);
}

/* Kernel ticks to the next thing that somebody notices (or earlier); 0: there is none. */
static uint64_t next_noticed(const Stm32wbTim *s)
{
    bool outputs = tim_outputs_seen(s);
    bool any = outputs || update_noticed(s);
    uint64_t best = to_turn(s);

    for (unsigned n = 0; n < s->kind->channels; n++) {
        if (outputs && tim_follows_counter(s, n) && to_value(s, n)) {
            best = MIN(best, to_value(s, n));
        } else if (outputs || match_noticed(s, n)) {
            any = true;
            best = MIN(best, to_match(s, n));
        }
    }
    return any ? count_to_ticks(s, best) : 0;
}

void tim_rearm(Stm32wbTim *s)
{
    int64_t now = tim_now();
    int64_t when = INT64_MAX;
    uint64_t ticks;

    wb_ticks_run(&s->ticks, now, counted_period(s));
    if (s->ticks.period) {
        ticks = next_noticed(s);
        if (ticks) {
            when = wb_ticks_when(&s->ticks, ticks);
        }
    }
    for (unsigned n = 0; n < s->kind->complementary; n++) {
        if (s->dead_until[n] > now) {
            when = MIN(when, s->dead_until[n]);
        }
    }
    when = MIN(when, tim_ti1_next(s));
    if (when != INT64_MAX) {
        when = MAX(when, s->last_ns + MIN_INTERVAL_NS);
    }
    if (s->raw != s->seen) {
        when = now + 1; /* inputs that changed while we were busy */
    }
    if (when == INT64_MAX) {
        timer_del(s->timer);
    } else if (!timer_pending(s->timer) ||
               timer_expire_time_ns(s->timer) != when) {
        timer_mod(s->timer, when);
    }
}
