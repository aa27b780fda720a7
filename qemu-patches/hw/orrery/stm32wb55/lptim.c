/*
 * STM32WB55 low-power timer (LPTIM1, LPTIM2)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "Low-power timer". Counts on while the core's clocks are stopped, if its kernel clock
 * does. The counter is computed when somebody looks at it.
 *
 * QEMU interface:
 *  + see block.h; "kernel" is the counter's clock
 *  + pin signals OUT, IN1-in, IN2-in, ETR-in
 *  + named GPIO output "trigger": level of OUT, for DMAMUX1; input "trigger-wanted": somebody
 *    there listens
 *  + named GPIO inputs "trig" 1 to 7: the trigger sources of CFGR.TRIGSEL (RTC, COMP); 0 is ETR.
 *    COMP's serve OR too
 *  + named GPIO output "wakeup": as the interrupt
 *  + sysbus IRQ 0
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"
#include "ticks.h"

REG32(ISR, 0x00)
REG32(ICR, 0x04)
REG32(IER, 0x08)
REG32(CFGR, 0x0c)
    FIELD(CFGR, CKSEL, 0, 1)
    FIELD(CFGR, CKPOL, 1, 2)
    FIELD(CFGR, PRESC, 9, 3)
    FIELD(CFGR, TRIGSEL, 13, 3)
    FIELD(CFGR, TRIGEN, 17, 2)
    FIELD(CFGR, TIMOUT, 19, 1)
    FIELD(CFGR, WAVE, 20, 1)
    FIELD(CFGR, WAVPOL, 21, 1)
    FIELD(CFGR, PRELOAD, 22, 1)
    FIELD(CFGR, COUNTMODE, 23, 1)
    FIELD(CFGR, ENC, 24, 1)
REG32(CR, 0x10)
    FIELD(CR, ENABLE, 0, 1)
    FIELD(CR, SNGSTRT, 1, 1)
    FIELD(CR, CNTSTRT, 2, 1)
    FIELD(CR, COUNTRST, 3, 1)
    FIELD(CR, RSTARE, 4, 1)
REG32(CMP, 0x14)
REG32(ARR, 0x18)
REG32(CNT, 0x1c)
REG32(OR, 0x20)

/* ISR, ICR and IER */
enum { CMPM = 1, ARRM = 2, EXTTRIG = 4, CMPOK = 8, ARROK = 16, UP = 32, DOWN = 64 };

#define FLAGS 0x7f
#define CFGR_MASK 0x01feeedf
#define SYNC_CYCLES 3 /* of the kernel clock, for a write to arrive */
#define TRIGGERS 8
#define MIN_INTERVAL_NS 200
#define LATER_NS (INT64_MAX - 1) /* waits for the kernel clock */
#define MAX_EVENTS 64

enum { IN1, IN2, INPUTS };
#define TRIG_COMP 6 /* COMP1, COMP2 */

#define TYPE_STM32WB_LPTIM "stm32wb-lptim"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbLptim, STM32WB_LPTIM)

struct Stm32wbLptim {
    Stm32wbBlock parent_obj;

    QEMUTimer *timer;
    WbTicks ticks; /* of the kernel clock while it counts */
    int64_t last_ns;

    uint32_t isr, ier, cfgr, cr, or1;
    uint32_t cmp, arr;         /* as written */
    uint32_t cmp_now, arr_now; /* in force */
    uint32_t cnt, presc_count;
    bool started; /* by the software, and by the trigger if there is one */
    bool set;     /* set-once: the compare match has been */
    bool down;    /* encoder: the direction last seen */
    int64_t arr_ok_ns, cmp_ok_ns, reset_ns; /* writes under way; INT64_MAX: none */
    uint8_t pins;       /* levels of IN1 and IN2, a bit each */
    uint8_t in[INPUTS]; /* what counts: the pins, or what OR puts in their place */
    uint8_t trig; /* levels, a bit each */
    uint8_t routed, wanted;
    uint8_t out;
    qemu_irq irq, wakeup, out_pin, trigger;
};

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static bool enabled(const Stm32wbLptim *s)
{
    return FIELD_EX32(s->cr, CR, ENABLE);
}

static bool encoder(const Stm32wbLptim *s)
{
    return FIELD_EX32(s->cfgr, CFGR, ENC);
}

/* IN1's edges count, not the kernel clock's. */
static bool by_edges(const Stm32wbLptim *s)
{
    return FIELD_EX32(s->cfgr, CFGR, CKSEL) ||
           FIELD_EX32(s->cfgr, CFGR, COUNTMODE) || encoder(s);
}

static void update_irq(Stm32wbLptim *s)
{
    bool on = s->isr & s->ier;

    qemu_set_irq(s->irq, on);
    qemu_set_irq(s->wakeup, on);
}

static void raise_flags(Stm32wbLptim *s, uint32_t flags)
{
    if (flags & ~s->isr) {
        s->isr |= flags;
        update_irq(s);
    }
}

/* PWM and one-pulse: high above CMP until the end of the period; set-once: it stays. */
static void update_out(Stm32wbLptim *s)
{
    bool high = FIELD_EX32(s->cfgr, CFGR, WAVE)
                ? s->set : s->started && s->cnt > s->cmp_now;
    unsigned level = enabled(s) ? high ^ FIELD_EX32(s->cfgr, CFGR, WAVPOL) : 0;

    if (s->out != level) {
        s->out = level;
        qemu_set_irq(s->out_pin, level);
        qemu_set_irq(s->trigger, level);
    }
}

/* ---- counting ---- */

static void load_preloaded(Stm32wbLptim *s)
{
    s->arr_now = s->arr;
    s->cmp_now = s->cmp;
}

static void compare(Stm32wbLptim *s, uint32_t cnt)
{
    if (cnt == s->cmp_now) {
        s->set = true;
        raise_flags(s, CMPM);
    }
    if (cnt == s->arr_now) {
        raise_flags(s, ARRM);
    }
}

/* The end of a period: single mode stops here, until the next trigger unless in set-once mode. */
static void wrap(Stm32wbLptim *s)
{
    s->cnt = 0;
    load_preloaded(s);
    if (!FIELD_EX32(s->cr, CR, CNTSTRT)) {
        s->started = false;
        if (!FIELD_EX32(s->cfgr, CFGR, TRIGEN) ||
            FIELD_EX32(s->cfgr, CFGR, WAVE)) {
            s->cr &= ~R_CR_SNGSTRT_MASK;
        }
    }
}

/* Counts to the next of: CMP, the one after (where OUT rises), ARR, the wrap. */
static uint64_t to_event(const Stm32wbLptim *s)
{
    uint32_t points[] = { s->cmp_now, s->cmp_now + 1, s->arr_now };
    uint64_t best = (s->cnt <= s->arr_now ? s->arr_now : 0xffff) - s->cnt + 1;

    for (int i = 0; i < ARRAY_SIZE(points); i++) {
        if (points[i] > s->cnt) {
            best = MIN(best, points[i] - s->cnt);
        }
    }
    return best;
}

static unsigned prescaler(const Stm32wbLptim *s)
{
    return 1 << FIELD_EX32(s->cfgr, CFGR, PRESC);
}

/*
 * A match is at the end of the count that matches: after ARR + 1 periods the flag comes, and the
 * counter is 0 by then. Of IN1's edges it is the one that makes the count.
 */
static void step(Stm32wbLptim *s, uint64_t counts)
{
    uint64_t top = s->cnt <= s->arr_now ? s->arr_now : 0xffff;

    if (!by_edges(s)) {
        compare(s, s->cnt + counts - 1);
    }
    if (s->cnt + counts > top) {
        wrap(s);
    } else {
        s->cnt += counts;
    }
    if (s->started && by_edges(s)) {
        compare(s, s->cnt);
    }
    update_out(s);
}

static void advance(Stm32wbLptim *s, uint64_t ticks)
{
    unsigned presc = prescaler(s), events = 0;

    while (ticks && s->started) {
        uint64_t counts = to_event(s);
        uint64_t need = counts * presc - s->presc_count;

        if (ticks < need) {
            uint64_t total = s->presc_count + ticks;

            s->cnt += total / presc;
            s->presc_count = total % presc;
            return;
        }
        ticks -= need;
        s->presc_count = 0;
        step(s, counts);
        if (++events >= MAX_EVENTS) {
            /* all flags stand: whole periods change nothing */
            ticks %= ((uint64_t)s->arr_now + 1) * presc;
            events = 0;
        }
    }
}

static void begin(Stm32wbLptim *s)
{
    s->cnt = s->presc_count = 0;
    s->started = true;
    s->set = false;
    load_preloaded(s);
}

/* ---- time ---- */

static void writes_arrive(Stm32wbLptim *s, int64_t now)
{
    if (now >= s->arr_ok_ns) {
        s->arr_ok_ns = INT64_MAX;
        raise_flags(s, ARROK);
    }
    if (now >= s->cmp_ok_ns) {
        s->cmp_ok_ns = INT64_MAX;
        raise_flags(s, CMPOK);
    }
    if (now >= s->reset_ns) {
        s->reset_ns = INT64_MAX;
        s->cr &= ~R_CR_COUNTRST_MASK;
        s->cnt = s->presc_count = 0;
    }
}

static void lptim_sync(Stm32wbLptim *s)
{
    int64_t now = now_ns();

    advance(s, wb_ticks_take(&s->ticks, now));
    writes_arrive(s, now);
}

/* Counts to what somebody notices, or earlier; 0: nobody does. */
static uint64_t next_noticed(const Stm32wbLptim *s)
{
    bool flags = s->ier & ~s->isr & (CMPM | ARRM);

    if (!flags && !s->routed && !s->wanted) {
        return 0;
    }
    return to_event(s) * prescaler(s) - s->presc_count;
}

static void rearm(Stm32wbLptim *s)
{
    bool counts = s->started && enabled(s) && !by_edges(s);
    int64_t when = INT64_MAX;
    uint64_t ticks;

    wb_ticks_run(&s->ticks, now_ns(), counts ? clock_get(s->parent_obj.kernel) : 0);
    ticks = s->ticks.period ? next_noticed(s) : 0;
    if (ticks) {
        when = wb_ticks_when(&s->ticks, ticks);
    }
    if (s->ier & ARROK) {
        when = MIN(when, s->arr_ok_ns);
    }
    if (s->ier & CMPOK) {
        when = MIN(when, s->cmp_ok_ns);
    }
    when = MIN(when, s->reset_ns);
    if (when >= LATER_NS) {
        timer_del(s->timer);
    } else {
        timer_mod(s->timer, MAX(when, s->last_ns + MIN_INTERVAL_NS));
    }
}

static void timer_event(void *opaque)
{
    Stm32wbLptim *s = opaque;

    s->last_ns = now_ns();
    lptim_sync(s);
    rearm(s);
}

/* When a write made now has crossed into the kernel clock's domain. */
static int64_t arrival(Stm32wbLptim *s)
{
    Clock *kernel = s->parent_obj.kernel;

    return clock_is_enabled(kernel)
           ? now_ns() + clock_ticks_to_ns(kernel, SYNC_CYCLES) : LATER_NS;
}

static void lptim_clock_changed(Stm32wbBlock *b)
{
    Stm32wbLptim *s = STM32WB_LPTIM(b);
    int64_t later = arrival(s);

    lptim_sync(s);
    s->arr_ok_ns = s->arr_ok_ns == INT64_MAX ? INT64_MAX : later;
    s->cmp_ok_ns = s->cmp_ok_ns == INT64_MAX ? INT64_MAX : later;
    s->reset_ns = s->reset_ns == INT64_MAX ? INT64_MAX : later;
    rearm(s);
}

/* ---- inputs ---- */

/* TRIGEN, CKPOL: does an edge to @level count? @mode 1 rising, 2 falling, 3 both. */
static bool edge_counts(unsigned mode, bool level)
{
    return mode & (level ? 1 : 2);
}

/* RM0434, table "Encoder counting scenarios" */
static void encoder_edge(Stm32wbLptim *s, int input)
{
    bool same = s->in[IN1] == s->in[IN2];
    bool down = input == IN1 ? same : !same;

    s->cnt = down ? (s->cnt ? s->cnt - 1 : s->arr_now)
                  : (s->cnt < s->arr_now ? s->cnt + 1 : 0);
    if (s->down != down) {
        s->down = down;
        raise_flags(s, down ? DOWN : UP);
    }
    if (s->cnt == s->cmp_now) {
        raise_flags(s, CMPM);
    }
    if (s->cnt == s->arr_now) {
        raise_flags(s, ARRM);
    }
}

static void input_changed(Stm32wbLptim *s, int input, bool level)
{
    unsigned polarity = FIELD_EX32(s->cfgr, CFGR, CKPOL) + 1;

    if (s->in[input] == level) {
        return;
    }
    lptim_sync(s);
    s->in[input] = level;
    if (enabled(s) && s->started && by_edges(s) && edge_counts(polarity, level)) {
        if (encoder(s)) {
            encoder_edge(s, input);
        } else if (input == IN1) {
            advance(s, 1);
        }
    }
    rearm(s);
}

/* OR: of LPTIM1 a bit is an input from its comparator; of LPTIM2 both are for IN1, ORed. */
static void select_inputs(Stm32wbLptim *s)
{
    unsigned comp = s->trig >> TRIG_COMP & s->or1;
    bool both = !strcmp(s->parent_obj.name, "LPTIM2");
    unsigned in1_by = both ? 3 : 1, in2_by = both ? 0 : 2;

    input_changed(s, IN1, (s->or1 & in1_by ? comp & in1_by : s->pins & 1) != 0);
    input_changed(s, IN2, (s->or1 & in2_by ? comp & in2_by : s->pins & 2) != 0);
}

static void set_pin(Stm32wbLptim *s, int input, int level)
{
    s->pins = deposit32(s->pins, input, 1, level == 1);
    select_inputs(s);
}

static void in1(void *opaque, int n, int level)
{
    set_pin(STM32WB_LPTIM(opaque), IN1, level);
}

static void in2(void *opaque, int n, int level)
{
    set_pin(STM32WB_LPTIM(opaque), IN2, level);
}

/* A trigger starts the counter, or with TIMOUT starts it again. */
static void trigger_changed(Stm32wbLptim *s, int n, int level)
{
    bool is = level == 1, was = s->trig >> n & 1;

    s->trig = deposit32(s->trig, n, 1, is);
    if (is == was || !enabled(s) ||
        FIELD_EX32(s->cfgr, CFGR, TRIGSEL) != n ||
        !edge_counts(FIELD_EX32(s->cfgr, CFGR, TRIGEN), is)) {
        return;
    }
    lptim_sync(s);
    raise_flags(s, EXTTRIG);
    if ((s->cr & (R_CR_CNTSTRT_MASK | R_CR_SNGSTRT_MASK)) &&
        (!s->started || FIELD_EX32(s->cfgr, CFGR, TIMOUT))) {
        begin(s);
        wb_ticks_run(&s->ticks, now_ns(), 0); /* a new grid */
    }
    update_out(s);
    rearm(s);
}

static void etr(void *opaque, int n, int level)
{
    trigger_changed(STM32WB_LPTIM(opaque), 0, level);
}

static void trig(void *opaque, int n, int level)
{
    trigger_changed(STM32WB_LPTIM(opaque), n, level);
    if (n >= TRIG_COMP) {
        select_inputs(STM32WB_LPTIM(opaque));
    }
}

static void set_routed(void *opaque, int n, int level)
{
    Stm32wbLptim *s = STM32WB_LPTIM(opaque);

    lptim_sync(s);
    s->routed = level;
    rearm(s);
}

static void set_wanted(void *opaque, int n, int level)
{
    Stm32wbLptim *s = STM32WB_LPTIM(opaque);

    lptim_sync(s);
    s->wanted = level;
    rearm(s);
}

/* ---- registers ---- */

static uint32_t read_cnt(Stm32wbLptim *s)
{
    uint32_t cnt = s->cnt;

    if (FIELD_EX32(s->cr, CR, RSTARE)) {
        s->cnt = s->presc_count = 0;
        wb_ticks_run(&s->ticks, now_ns(), 0);
    }
    return cnt;
}

static uint32_t lptim_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbLptim *s = STM32WB_LPTIM(b);
    uint32_t value;

    lptim_sync(s);
    switch (offset) {
    case A_ISR:
        value = s->isr;
        break;
    case A_ICR:
        value = 0;
        break;
    case A_IER:
        value = s->ier;
        break;
    case A_CFGR:
        value = s->cfgr;
        break;
    case A_CR:
        value = s->cr;
        break;
    case A_CMP:
        value = s->cmp;
        break;
    case A_ARR:
        value = s->arr;
        break;
    case A_CNT:
        value = read_cnt(s);
        break;
    case A_OR:
        value = s->or1;
        break;
    default:
        value = stm32wb_block_unmodelled_read(b, offset);
    }
    rearm(s);
    return value;
}

static void write_cr(Stm32wbLptim *s, uint32_t value)
{
    uint32_t starts = R_CR_CNTSTRT_MASK | R_CR_SNGSTRT_MASK;

    if (!(value & R_CR_ENABLE_MASK)) {
        /* RM0434: disabled, the counter and the start bits are reset */
        s->cr = 0;
        s->cnt = s->presc_count = 0;
        s->started = s->set = s->down = false;
        s->arr_ok_ns = s->cmp_ok_ns = s->reset_ns = INT64_MAX;
        return;
    }
    if (!enabled(s)) {
        value &= ~(starts | R_CR_COUNTRST_MASK); /* only once it is enabled */
    }
    s->cr = (s->cr & (starts | R_CR_COUNTRST_MASK)) |
            (value & (starts | R_CR_ENABLE_MASK | R_CR_RSTARE_MASK |
                      R_CR_COUNTRST_MASK));
    if (value & R_CR_CNTSTRT_MASK) {
        s->cr &= ~R_CR_SNGSTRT_MASK;
    } else if (value & R_CR_SNGSTRT_MASK) {
        s->cr &= ~R_CR_CNTSTRT_MASK; /* stops at the end of this period */
    }
    if ((value & R_CR_COUNTRST_MASK) && s->reset_ns == INT64_MAX) {
        s->reset_ns = arrival(s);
    }
    if ((value & starts) && !s->started &&
        !FIELD_EX32(s->cfgr, CFGR, TRIGEN)) {
        begin(s);
    }
}

/* CMP and ARR are written only while the timer is enabled. */
static void write_value(Stm32wbLptim *s, uint32_t *reg, uint32_t value,
                        int64_t *ok_ns)
{
    if (!enabled(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: CMP or ARR written while disabled\n",
                      s->parent_obj.name);
        return;
    }
    *reg = value & 0xffff;
    *ok_ns = arrival(s);
    if (!FIELD_EX32(s->cfgr, CFGR, PRELOAD) || !s->started) {
        load_preloaded(s);
    }
}

static void lptim_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                        uint32_t mask)
{
    Stm32wbLptim *s = STM32WB_LPTIM(b);

    lptim_sync(s);
    switch (offset) {
    case A_ISR:
    case A_CNT:
        break; /* read only */
    case A_ICR:
        s->isr &= ~value;
        break;
    case A_IER:
        s->ier = value & FLAGS;
        break;
    case A_CFGR:
        if (enabled(s)) {
            qemu_log_mask(LOG_GUEST_ERROR, "%s: CFGR written while enabled\n",
                          b->name);
        }
        s->cfgr = value & CFGR_MASK;
        break;
    case A_CR:
        write_cr(s, value);
        break;
    case A_CMP:
        write_value(s, &s->cmp, value, &s->cmp_ok_ns);
        break;
    case A_ARR:
        write_value(s, &s->arr, value, &s->arr_ok_ns);
        break;
    case A_OR:
        s->or1 = value & 3;
        select_inputs(s);
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
    }
    s->presc_count %= prescaler(s);
    update_out(s);
    update_irq(s);
    rearm(s);
}

/* ---- the device ---- */

static void lptim_reset_hold(Object *obj, ResetType type)
{
    Stm32wbLptim *s = STM32WB_LPTIM(obj);

    timer_del(s->timer);
    s->ticks.period = 0;
    s->isr = s->ier = s->cfgr = s->cr = s->or1 = 0;
    s->cmp = s->cmp_now = s->cnt = s->presc_count = 0;
    s->arr = s->arr_now = 1;
    s->started = s->set = s->down = false;
    s->arr_ok_ns = s->cmp_ok_ns = s->reset_ns = INT64_MAX;
}

static void lptim_reset_exit(Object *obj, ResetType type)
{
    Stm32wbLptim *s = STM32WB_LPTIM(obj);

    select_inputs(s);
    s->out = 0;
    qemu_set_irq(s->out_pin, 0);
    qemu_set_irq(s->trigger, 0);
    update_irq(s);
}

static void lptim_init(Object *obj)
{
    Stm32wbLptim *s = STM32WB_LPTIM(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(dev, &s->wakeup, "wakeup", 1);
    qdev_init_gpio_out_named(dev, &s->out_pin, "OUT", 1);
    qdev_init_gpio_out_named(dev, &s->trigger, "trigger", 1);
    qdev_init_gpio_in_named(dev, in1, "IN1-in", 1);
    qdev_init_gpio_in_named(dev, in2, "IN2-in", 1);
    qdev_init_gpio_in_named(dev, etr, "ETR-in", 1);
    qdev_init_gpio_in_named(dev, trig, "trig", TRIGGERS);
    qdev_init_gpio_in_named(dev, set_routed, "OUT-routed", 1);
    qdev_init_gpio_in_named(dev, set_wanted, "trigger-wanted", 1);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_event, s);
    s->arr_ok_ns = s->cmp_ok_ns = s->reset_ns = INT64_MAX;
}

static void lptim_finalize(Object *obj)
{
    timer_free(STM32WB_LPTIM(obj)->timer);
}

static const VMStateDescription lptim_vmstate = {
    .name = TYPE_STM32WB_LPTIM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbLptim),
        VMSTATE_TIMER_PTR(timer, Stm32wbLptim),
        VMSTATE_WB_TICKS(ticks, Stm32wbLptim),
        VMSTATE_INT64(last_ns, Stm32wbLptim),
        VMSTATE_UINT32(isr, Stm32wbLptim),
        VMSTATE_UINT32(ier, Stm32wbLptim),
        VMSTATE_UINT32(cfgr, Stm32wbLptim),
        VMSTATE_UINT32(cr, Stm32wbLptim),
        VMSTATE_UINT32(or1, Stm32wbLptim),
        VMSTATE_UINT32(cmp, Stm32wbLptim),
        VMSTATE_UINT32(arr, Stm32wbLptim),
        VMSTATE_UINT32(cmp_now, Stm32wbLptim),
        VMSTATE_UINT32(arr_now, Stm32wbLptim),
        VMSTATE_UINT32(cnt, Stm32wbLptim),
        VMSTATE_UINT32(presc_count, Stm32wbLptim),
        VMSTATE_BOOL(started, Stm32wbLptim),
        VMSTATE_BOOL(set, Stm32wbLptim),
        VMSTATE_BOOL(down, Stm32wbLptim),
        VMSTATE_INT64(arr_ok_ns, Stm32wbLptim),
        VMSTATE_INT64(cmp_ok_ns, Stm32wbLptim),
        VMSTATE_INT64(reset_ns, Stm32wbLptim),
        VMSTATE_UINT8(pins, Stm32wbLptim),
        VMSTATE_UINT8_ARRAY(in, Stm32wbLptim, INPUTS),
        VMSTATE_UINT8(trig, Stm32wbLptim),
        VMSTATE_UINT8(routed, Stm32wbLptim),
        VMSTATE_UINT8(wanted, Stm32wbLptim),
        VMSTATE_UINT8(out, Stm32wbLptim),
        VMSTATE_END_OF_LIST()
    },
};

static void lptim_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &lptim_vmstate;
    rc->phases.hold = lptim_reset_hold;
    rc->phases.exit = lptim_reset_exit;
    bc->apb = true;
    bc->read = lptim_read;
    bc->write = lptim_write;
    bc->clock_changed = lptim_clock_changed;
}

static const TypeInfo lptim_types[] = {
    {
        .name = TYPE_STM32WB_LPTIM,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbLptim),
        .instance_init = lptim_init,
        .instance_finalize = lptim_finalize,
        .class_init = lptim_class_init,
    },
};

DEFINE_TYPES(lptim_types)
