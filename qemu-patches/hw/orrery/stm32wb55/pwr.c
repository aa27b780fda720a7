/*
 * STM32WB55 power control
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 chapter 6. The supplies are constant (VDD 3.3 V, see "vdd-mv"), consumption is not
 * modelled; what is: which clocks run in a low-power mode, what wakes the part, what it forgets.
 *
 * The system enters the shallower of the two cores' modes when both sleep deep (6.4). Each process
 * knows of the other core's sleep by message. CPU1's does what the system does; a CPU2 that is not
 * there, or held, is taken for asleep as deep as C2CR1 lets it. SR1 and EXTSCR are each process's own.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0 to 2: PVD, PVM1, PVM3, to EXTI; 3: PWR_SOTF
 *  + GPIO output "pvd": the first of these again, to SYSCFG for the timers' break
 *  + GPIO outputs "backup-writable"[2] (CR1.DBP), "smps" (CR5.SMPSEN); "mode": the system's, as
 *    WbSystemMode (pwr.h), to IWDG
 *  + GPIO inputs "WKUP1-in" to "WKUP5-in": levels of the wake-up pins; "internal-wakeup": RTC
 *  + QOM property "vdd-mv"
 */
#include "qemu/osdep.h"
#include "hw/arm/armv7m.h"
#include "hw/irq.h"
#include "hw/orrery/core.h"
#include "hw/orrery/trace.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/visitor.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "target/arm/cpu.h"
#include "cores.h"
#include "mirror.h"
#include "flash.h"
#include "pwr.h"
#include "rcc.h"
#include "soc.h"

REG32(CR1, 0x00)
    FIELD(CR1, LPMS, 0, 3)
    FIELD(CR1, DBP, 8, 1)
    FIELD(CR1, VOS, 9, 2)
    FIELD(CR1, LPR, 14, 1)
REG32(CR2, 0x04)
    FIELD(CR2, PVDE, 0, 1)
    FIELD(CR2, PLS, 1, 3)
    FIELD(CR2, PVME1, 4, 1)
    FIELD(CR2, PVME3, 6, 1)
REG32(CR3, 0x08)
    FIELD(CR3, EWUP, 0, 5)
    FIELD(CR3, RRS, 9, 1)
    FIELD(CR3, EIWUL, 15, 1)
REG32(CR4, 0x0c)
    FIELD(CR4, WP, 0, 5)
    FIELD(CR4, C2BOOT, 15, 1)
REG32(SR1, 0x10)
    FIELD(SR1, WUF, 0, 5)
    FIELD(SR1, WUFI, 15, 1)
REG32(SR2, 0x14)
    FIELD(SR2, SMPSBF, 0, 1)
    FIELD(SR2, SMPSF, 1, 1)
    FIELD(SR2, REGLPS, 8, 1)
    FIELD(SR2, REGLPF, 9, 1)
    FIELD(SR2, VOSF, 10, 1)
    FIELD(SR2, PVDO, 11, 1)
    FIELD(SR2, PVMO1, 12, 1)
    FIELD(SR2, PVMO3, 14, 1)
REG32(SCR, 0x18)
REG32(CR5, 0x1c)
    FIELD(CR5, SMPSEN, 15, 1)
REG32(PUCRA, 0x20)
REG32(PDCRH, 0x5c)
REG32(C2CR1, 0x80)
    FIELD(C2CR1, LPMS, 0, 3)
REG32(C2CR3, 0x84)
REG32(EXTSCR, 0x88)
    FIELD(EXTSCR, C1CSSF, 0, 1)
    FIELD(EXTSCR, C2CSSF, 1, 1)
    FIELD(EXTSCR, C1SBF, 8, 1)
    FIELD(EXTSCR, C1STOPF, 9, 1)
    FIELD(EXTSCR, C2SBF, 10, 1)
    FIELD(EXTSCR, C2STOPF, 11, 1)
    FIELD(EXTSCR, C1DS, 14, 1)
    FIELD(EXTSCR, C2DS, 15, 1)

#define TYPE_STM32WB_PWR "stm32wb-pwr"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbPwr, STM32WB_PWR)

#define PWR_WORDS (A_EXTSCR / 4 + 1)
#define WAKEUP_PINS 5
#define VOS_RANGE_1 1
#define VOS_RANGE_2 2
/* from range 2 to range 1, and out of low-power run (DS11929 6.3.6: 20 us typical) */
#define REGULATOR_NS 20000

/* LPMS, from the shallowest; 4 to 7 are all Shutdown */
enum { STOP0, STOP1, STOP2, STANDBY, SHUTDOWN };

typedef struct WakeupPin {
    Stm32wbPwr *pwr;
    int n;
} WakeupPin;

struct Stm32wbPwr {
    Stm32wbBlock parent_obj;

    Stm32wb55Soc *soc;
    Stm32wbRcc *rcc;

    WbMirror mirror;
    uint32_t regs[PWR_WORDS];
    int64_t range_ready;      /* when VOSF clears */
    int64_t main_regulator;   /* when REGLPF clears */
    uint32_t vdd_mv;
    uint8_t pins;             /* levels of the wake-up pins */
    WakeupPin wakeup_pin[WAKEUP_PINS];
    uint8_t state;            /* WbSystemMode */
    bool deep;                /* this core is in CStop, or in Standby's */
    bool other_deep;          /* the other is, as it has told */
    bool cpu2_runs;           /* CPU1's: it has been booted since the last reset */
    bool waking;              /* the next reset is the end of Standby */
    bool powered;
    qemu_irq pvd, pvm1, pvm3, sotf;
    qemu_irq pvd_break;
    qemu_irq mode_out;
    qemu_irq backup_writable[2];
    qemu_irq smps;
    QEMUTimer *after_reset;   /* CPU1's: CPU2 is told of a reset as the first thing after it */
};

static DeviceRealize parent_realize;

/* ---- supplies ---- */

static bool below_pvd(const Stm32wbPwr *s)
{
    /* 6.6.2; level 7 compares the pin PVD_IN, which is not there */
    static const uint16_t falling_mv[8] = { 2000, 2200, 2400, 2500, 2600, 2800, 2900, 0 };

    return FIELD_EX32(s->regs[R_CR2], CR2, PVDE) &&
           s->vdd_mv < falling_mv[FIELD_EX32(s->regs[R_CR2], CR2, PLS)];
}

static void update_outputs(Stm32wbPwr *s)
{
    bool dbp = FIELD_EX32(s->regs[R_CR1], CR1, DBP);

    /* VDDUSB and VDDA are VDD: above PVM1's 1.2 V and PVM3's 1.65 V */
    qemu_set_irq(s->pvd, below_pvd(s));
    qemu_set_irq(s->pvd_break, below_pvd(s));
    qemu_set_irq(s->pvm1, 0);
    qemu_set_irq(s->pvm3, 0);
    qemu_set_irq(s->sotf, 0);
    qemu_set_irq(s->backup_writable[0], dbp);
    qemu_set_irq(s->backup_writable[1], dbp);
    qemu_set_irq(s->smps, FIELD_EX32(s->regs[R_CR5], CR5, SMPSEN));
}

/* ---- low-power modes ---- */

/* HCLK stops and SysTick with it; QEMU's would disable itself without a clock. */
static void freeze_systick(Stm32wbPwr *s, bool freeze)
{
    SysTickState *systick = &s->soc->armv7m.systick[M_REG_NS];

    ptimer_transaction_begin(systick->ptimer);
    if (freeze) {
        ptimer_stop(systick->ptimer);
    } else if (systick->control & 1) {
        ptimer_run(systick->ptimer, 0);
    }
    ptimer_transaction_commit(systick->ptimer);
}

static int deepest_allowed(const Stm32wbPwr *s)
{
    uint32_t c1 = FIELD_EX32(s->regs[R_CR1], CR1, LPMS);
    uint32_t c2 = FIELD_EX32(s->regs[R_C2CR1], C2CR1, LPMS);

    return MIN(MIN(c1, c2), SHUTDOWN);
}

static bool wakeup_flag(const Stm32wbPwr *s)
{
    return s->regs[R_SR1] & (R_SR1_WUF_MASK | R_SR1_WUFI_MASK);
}

static void set_state(Stm32wbPwr *s, WbSystemMode state)
{
    s->state = state;
    qemu_set_irq(s->mode_out, state);
}

/* The reset at the end of Standby and Shutdown; what is lost is lost by then (6.4.9, 6.4.10). */
static void power_up(Stm32wbPwr *s)
{
    bool shutdown = s->state == IN_SHUTDOWN;
    bool keep_2a = !shutdown && FIELD_EX32(s->regs[R_CR3], CR3, RRS);

    if (s->waking) {
        return;
    }
    trace_stm32wb_pwr_wake(s->state);
    s->waking = true;
    stm32wb55_soc_lose_sram(s->soc, keep_2a);
    stm32wb_rcc_system_reset(s->rcc, shutdown ? WB_RESET_BROWN_OUT : WB_RESET_STANDBY);
}

static void power_down(Stm32wbPwr *s, int mode)
{
    set_state(s, mode == STANDBY ? IN_STANDBY : IN_SHUTDOWN);
    if (mode == STANDBY) {
        s->regs[R_EXTSCR] |= R_EXTSCR_C1SBF_MASK | R_EXTSCR_C2SBF_MASK;
    }
    s->soc->armv7m.cpu->power_state = PSCI_OFF; /* no interrupt wakes it */
    stm32wb_cores_send(WB_CORES_RESET, NULL, 0);
    if (wakeup_flag(s)) {
        power_up(s); /* 6.4.9: a flag that is still set wakes at once */
    }
}

/* nRST_STOP, nRST_STDBY and nRST_SHDW turn a low-power mode into a reset (6.4, 3.4.1). */
static bool option_forbids(Stm32wbPwr *s, int mode)
{
    Stm32wbBlock *flash = stm32wb55_soc_block(s->soc, "FLASH");
    uint32_t allowed = mode >= SHUTDOWN ? WB_OPTR_NRST_SHDW
                       : mode == STANDBY ? WB_OPTR_NRST_STDBY
                                         : WB_OPTR_NRST_STOP;

    return !(stm32wb_flash_option(STM32WB_FLASH(flash), WB_OPTR) & allowed);
}

/* CPU1 sleeps deep. Does the system? */
static void enter_stop(Stm32wbPwr *s)
{
    int mode = deepest_allowed(s);

    if (s->state != AWAKE || (s->cpu2_runs && !s->other_deep)) {
        stm32wb_rcc_set_mode(s->rcc, WB_MODE_SLEEP);
        return;
    }
    if (option_forbids(s, mode)) {
        stm32wb_rcc_system_reset(s->rcc, WB_RESET_LOW_POWER);
        return;
    }
    trace_stm32wb_pwr_deep_sleep(mode);
    set_state(s, IN_STOP);
    stm32wb_rcc_set_mode(s->rcc, WB_MODE_STOP);
    if (mode >= STANDBY) {
        power_down(s, mode);
    }
}

static void leave_stop(Stm32wbPwr *s)
{
    if (s->state == IN_STOP) {
        trace_stm32wb_pwr_wake(s->state);
        set_state(s, AWAKE);
        s->regs[R_EXTSCR] |= R_EXTSCR_C1STOPF_MASK | R_EXTSCR_C2STOPF_MASK;
    }
}

static void tell_sleep(Stm32wbPwr *s)
{
    uint8_t body = s->deep;

    if (s->parent_obj.core == 1 || s->cpu2_runs) {
        stm32wb_cores_send(WB_CORES_SLEEP, &body, 1);
    }
}

static void fall_asleep(Stm32wbPwr *s)
{
    CPUARMState *env = &s->soc->armv7m.cpu->env;
    bool first = s->parent_obj.core == 0;

    if (env->v7m.scr[M_REG_NS] & R_V7M_SCR_SLEEPDEEP_MASK) {
        s->deep = true;
        freeze_systick(s, true);
        tell_sleep(s);
        if (first) {
            enter_stop(s);
        } else if (s->other_deep) {
            set_state(s, IN_STOP);
        }
    } else if (first) {
        stm32wb_rcc_set_mode(s->rcc, WB_MODE_SLEEP);
    }
}

static void wake_up(Stm32wbPwr *s)
{
    leave_stop(s);
    if (s->parent_obj.core == 0) {
        stm32wb_rcc_set_mode(s->rcc, WB_MODE_RUN);
    }
    if (s->deep) {
        s->deep = false;
        freeze_systick(s, false);
        tell_sleep(s);
    }
}

/* From the other core: it has fallen asleep deep, or woken from that. */
static void other_sleeps(void *opaque, const uint8_t *body, unsigned len)
{
    Stm32wbPwr *s = opaque;

    if (len != 1 || s->state >= IN_STANDBY) {
        return;
    }
    s->other_deep = body[0];
    if (!s->deep) {
        return;
    }
    if (s->parent_obj.core == 0) {
        if (!s->other_deep) {
            leave_stop(s);
        }
        enter_stop(s);
    } else if (s->other_deep) {
        set_state(s, IN_STOP);
    } else {
        leave_stop(s);
    }
}

static void core_sleeps(void *opaque, bool asleep)
{
    Stm32wbPwr *s = opaque;

    if (s->soc->armv7m.cpu->power_state == PSCI_OFF) {
        return; /* Standby; or CPU2 is held in reset */
    }
    if (asleep) {
        fall_asleep(s);
    } else {
        wake_up(s);
    }
}

static void raise_wakeup(Stm32wbPwr *s, uint32_t flag)
{
    s->regs[R_SR1] |= flag;
    if (s->state >= IN_STANDBY) {
        power_up(s);
    }
}

static void set_wakeup_pin(void *opaque, int line, int level)
{
    const WakeupPin *pin = opaque;
    Stm32wbPwr *s = pin->pwr;
    int n = pin->n;
    bool was = extract32(s->pins, n, 1);
    bool falling = extract32(s->regs[R_CR4], n, 1);

    s->pins = deposit32(s->pins, n, 1, level == 1);
    if (was != (level == 1) && was == falling &&
        extract32(s->regs[R_CR3], n, 1)) {
        raise_wakeup(s, 1u << n);
    }
}

/* A level, of which the flag is a view: its cause is cleared in RTC (6.6.5). */
static void set_internal_wakeup(void *opaque, int n, int level)
{
    Stm32wbPwr *s = opaque;

    s->regs[R_SR1] = FIELD_DP32(s->regs[R_SR1], SR1, WUFI, 0);
    if (level && FIELD_EX32(s->regs[R_CR3], CR3, EIWUL)) {
        raise_wakeup(s, R_SR1_WUFI_MASK);
    }
}

/* ---- registers ---- */

/* Bits that software can write; 0: a register with rules of its own, or none. */
static uint32_t plain_bits(hwaddr offset)
{
    static const uint32_t pulls[] = {
        0xBFFF, 0x5FFF, 0xFFFF, 0xFFEF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF,
        0x001F, 0x001F, 0, 0, 0, 0, 0x000B, 0x000B,
    };

    switch (offset) {
    case A_CR2:
        return 0x0000045F;
    case A_CR3:
        return 0x0000FF1F;
    case A_CR4:
        return 0x0000831F;
    case A_PUCRA ... A_PDCRH:
        return pulls[(offset - A_PUCRA) / 4];
    case A_C2CR1:
        return 0x0000C037;
    case A_C2CR3:
        return 0x0000961F;
    default:
        return 0;
    }
}

static uint32_t status2(const Stm32wbPwr *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint32_t v = s->regs[R_SR2];
    bool lpr = FIELD_EX32(s->regs[R_CR1], CR1, LPR);

    v = FIELD_DP32(v, SR2, VOSF, now < s->range_ready);
    v = FIELD_DP32(v, SR2, REGLPF, lpr || now < s->main_regulator);
    return FIELD_DP32(v, SR2, PVDO, below_pvd(s));
}

/* Who reads is awake. */
static uint32_t deep_sleep_bits(const Stm32wbPwr *s)
{
    if (!s->other_deep) {
        return 0;
    }
    return s->parent_obj.core == 0 ? R_EXTSCR_C2DS_MASK : R_EXTSCR_C1DS_MASK;
}

static uint32_t pwr_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbPwr *s = STM32WB_PWR(b);

    switch (offset) {
    case A_SR2:
        return status2(s);
    case A_SCR:
        return 0;
    case A_EXTSCR:
        return s->regs[R_EXTSCR] | deep_sleep_bits(s);
    case A_CR1:
    case A_SR1:
    case A_CR5:
        return s->regs[offset / 4];
    default:
        return plain_bits(offset) ? s->regs[offset / 4]
                                  : stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_cr1(Stm32wbPwr *s, uint32_t value, uint32_t mask)
{
    int64_t ready = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + REGULATOR_NS;
    uint32_t old = s->regs[R_CR1];
    uint32_t vos;

    mask &= 0x00004737;
    value = stm32wb_merge(old, value, mask);
    vos = FIELD_EX32(value, CR1, VOS);
    if (vos != VOS_RANGE_1 && vos != VOS_RANGE_2) { /* not taken (6.6.1) */
        value = FIELD_DP32(value, CR1, VOS, FIELD_EX32(old, CR1, VOS));
    } else if (vos == VOS_RANGE_1 && FIELD_EX32(old, CR1, VOS) != vos) {
        s->range_ready = ready;
    }
    if (FIELD_EX32(value, CR1, LPR)) {
        s->regs[R_SR2] |= R_SR2_REGLPS_MASK;
    } else if (FIELD_EX32(old, CR1, LPR)) {
        s->main_regulator = ready;
    }
    s->regs[R_CR1] = value;
}

static void write_cr5(Stm32wbPwr *s, uint32_t value, uint32_t mask)
{
    uint32_t old = s->regs[R_CR5];
    bool on;

    mask &= 0x0000817F;
    s->regs[R_CR5] = stm32wb_merge(old, value, mask);
    on = FIELD_EX32(s->regs[R_CR5], CR5, SMPSEN);
    s->regs[R_SR2] = FIELD_DP32(s->regs[R_SR2], SR2, SMPSF, on);
    s->regs[R_SR2] = FIELD_DP32(s->regs[R_SR2], SR2, SMPSBF, !on);
}

static void write_extscr(Stm32wbPwr *s, uint32_t value)
{
    if (value & R_EXTSCR_C1CSSF_MASK) {
        s->regs[R_EXTSCR] &= ~(R_EXTSCR_C1SBF_MASK | R_EXTSCR_C1STOPF_MASK);
    }
    if (value & R_EXTSCR_C2CSSF_MASK) {
        s->regs[R_EXTSCR] &= ~(R_EXTSCR_C2SBF_MASK | R_EXTSCR_C2STOPF_MASK);
    }
}

/* Once it runs, C2BOOT does nothing until the next reset. */
static void boot_cpu2(Stm32wbPwr *s)
{
    if (s->parent_obj.core == 1) {
        return;
    }
    if (!stm32wb_cores_linked()) {
        qemu_log_mask(LOG_UNIMP, "PWR: CR4.C2BOOT: there is no CPU2 in this run\n");
        return;
    }
    s->cpu2_runs = true;
    stm32wb_cores_send(WB_CORES_BOOT, NULL, 0);
}

/* CPU1's: at the time of the reset, before the first instruction. */
static void tell_reset(void *opaque)
{
    Stm32wbPwr *s = opaque;

    stm32wb_cores_send(WB_CORES_RESET, NULL, 0);
    if (FIELD_EX32(s->regs[R_CR4], CR4, C2BOOT)) { /* kept in Standby */
        boot_cpu2(s);
    }
}

/* SR1, SCR and EXTSCR are not in the mirror. */
static bool pwr_is_shared(Stm32wbBlock *b, hwaddr offset)
{
    return offset != A_SR1 && offset != A_SCR && offset != A_EXTSCR;
}

static void settle(Stm32wbBlock *b)
{
    /* what changes by itself is read from the clock */
}

static void mirror_changed(Stm32wbBlock *b)
{
    update_outputs(STM32WB_PWR(b));
}

static void pwr_write(Stm32wbBlock *b, hwaddr offset, uint32_t value, uint32_t mask)
{
    Stm32wbPwr *s = STM32WB_PWR(b);
    uint32_t bits = plain_bits(offset);
    uint32_t old;

    switch (offset) {
    case A_CR1:
        write_cr1(s, value, mask);
        break;
    case A_SR1:
    case A_SR2:
        return;
    case A_SCR:
        s->regs[R_SR1] &= ~(value & mask & 0x00007F9F);
        return;
    case A_CR5:
        write_cr5(s, value, mask);
        break;
    case A_EXTSCR:
        write_extscr(s, value & mask);
        return;
    default:
        if (!bits) {
            stm32wb_block_unmodelled_write(b, offset, value);
            return;
        }
        old = s->regs[offset / 4];
        s->regs[offset / 4] = (old & ~(mask & bits)) | (value & mask & bits);
        if (offset == A_CR4 && (~old & s->regs[R_CR4] & R_CR4_C2BOOT_MASK)) {
            boot_cpu2(s);
        }
        break;
    }
    update_outputs(s);
}

/* ---- device ---- */

/* What the end of Standby and a system reset leave (6.6: "not reset when exiting Standby"). */
static void pwr_reset_hold(Object *obj, ResetType type)
{
    Stm32wbPwr *s = STM32WB_PWR(obj);
    bool standby = s->waking && s->state == IN_STANDBY;
    bool flags = s->powered && s->state != IN_SHUTDOWN;

    for (int i = 0; i < PWR_WORDS; i++) {
        bool kept = i == R_SR1 || i == R_EXTSCR
                    ? flags
                    : standby && (i == R_CR3 || i == R_CR4 || i == R_CR5 ||
                                  i == R_C2CR3 ||
                                  (i >= R_PUCRA && i <= R_PDCRH));

        if (!kept) {
            s->regs[i] = stm32wb_register_reset("PWR", i * 4);
        }
    }
    if (s->powered && s->parent_obj.core == 0 && stm32wb_cores_linked()) {
        timer_mod(s->after_reset, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
    s->deep = false;
    s->other_deep = false;
    s->cpu2_runs = false;
    s->range_ready = 0;
    s->main_regulator = 0;
    s->state = AWAKE;
    s->waking = false;
    s->powered = true;
    stm32wb_mirror_reset(&s->mirror);
}

static void pwr_power_lost(Stm32wbBlock *b)
{
    STM32WB_PWR(b)->powered = false;
}

static void pwr_reset_exit(Object *obj, ResetType type)
{
    Stm32wbPwr *s = STM32WB_PWR(obj);

    update_outputs(s);
    qemu_set_irq(s->mode_out, s->state);
}

static void get_vdd(Object *obj, Visitor *v, const char *name, void *opaque,
                    Error **errp)
{
    visit_type_uint32(v, name, &STM32WB_PWR(obj)->vdd_mv, errp);
}

static void set_vdd(Object *obj, Visitor *v, const char *name, void *opaque,
                    Error **errp)
{
    Stm32wbPwr *s = STM32WB_PWR(obj);

    if (visit_type_uint32(v, name, &s->vdd_mv, errp)) {
        update_outputs(s);
    }
}

static void pwr_init(Object *obj)
{
    Stm32wbPwr *s = STM32WB_PWR(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);
    DeviceState *dev = DEVICE(obj);

    s->vdd_mv = 3300;
    sysbus_init_irq(sbd, &s->pvd);
    sysbus_init_irq(sbd, &s->pvm1);
    sysbus_init_irq(sbd, &s->pvm3);
    sysbus_init_irq(sbd, &s->sotf);
    qdev_init_gpio_out_named(dev, s->backup_writable, "backup-writable", 2);
    qdev_init_gpio_out_named(dev, &s->smps, "smps", 1);
    qdev_init_gpio_out_named(dev, &s->pvd_break, "pvd", 1);
    qdev_init_gpio_out_named(dev, &s->mode_out, "mode", 1);
    s->after_reset = timer_new_ns(QEMU_CLOCK_VIRTUAL, tell_reset, s);
    for (int i = 0; i < WAKEUP_PINS; i++) {
        g_autofree char *name = g_strdup_printf("WKUP%d-in", i + 1);

        s->wakeup_pin[i] = (WakeupPin){ s, i };
        qdev_init_gpio_in_named_with_opaque(dev, set_wakeup_pin,
                                            &s->wakeup_pin[i], name, 1);
    }
    qdev_init_gpio_in_named(dev, set_internal_wakeup, "internal-wakeup", 1);
}

static void mirror_words(Stm32wbPwr *s)
{
    stm32wb_mirror_words(&s->mirror, s->regs, R_SR1);
    stm32wb_mirror_words(&s->mirror, &s->regs[R_SR2], R_EXTSCR - R_SR2);
    stm32wb_mirror_words(&s->mirror, &s->range_ready, 2);
    stm32wb_mirror_words(&s->mirror, &s->main_regulator, 2);
    stm32wb_mirror_init(&s->mirror, STM32WB_BLOCK(s), WB_CELLS_PWR, settle,
                        mirror_changed);
}

static void pwr_realize(DeviceState *dev, Error **errp)
{
    Stm32wbPwr *s = STM32WB_PWR(dev);

    mirror_words(s);
    parent_realize(dev, errp);
    s->soc = STM32WB55_SOC(OBJECT(dev)->parent);
    s->rcc = STM32WB_RCC(stm32wb55_soc_block(s->soc, "RCC"));
    orrery_core_on_sleep(core_sleeps, s);
    stm32wb_cores_on(WB_CORES_SLEEP, other_sleeps, s);
}

static const VMStateDescription pwr_vmstate = {
    .name = TYPE_STM32WB_PWR,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbPwr),
        VMSTATE_STM32WB_CELLS(mirror.cells, Stm32wbPwr),
        VMSTATE_UINT32_ARRAY(regs, Stm32wbPwr, PWR_WORDS),
        VMSTATE_INT64(range_ready, Stm32wbPwr),
        VMSTATE_INT64(main_regulator, Stm32wbPwr),
        VMSTATE_UINT32(vdd_mv, Stm32wbPwr),
        VMSTATE_UINT8(pins, Stm32wbPwr),
        VMSTATE_UINT8(state, Stm32wbPwr),
        VMSTATE_BOOL(waking, Stm32wbPwr),
        VMSTATE_BOOL(deep, Stm32wbPwr),
        VMSTATE_BOOL(other_deep, Stm32wbPwr),
        VMSTATE_BOOL(cpu2_runs, Stm32wbPwr),
        VMSTATE_TIMER_PTR(after_reset, Stm32wbPwr),
        VMSTATE_BOOL(powered, Stm32wbPwr),
        VMSTATE_END_OF_LIST()
    },
};

static void pwr_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    device_class_set_parent_realize(dc, pwr_realize, &parent_realize);
    dc->vmsd = &pwr_vmstate;
    rc->phases.hold = pwr_reset_hold;
    rc->phases.exit = pwr_reset_exit;
    bc->power_lost = pwr_power_lost;
    bc->ungated = true;
    bc->is_shared = pwr_is_shared;
    bc->read = pwr_read;
    bc->write = pwr_write;
    object_class_property_add(klass, "vdd-mv", "uint32", get_vdd, set_vdd, NULL,
                              NULL);
}

static const TypeInfo pwr_types[] = {
    {
        .name = TYPE_STM32WB_PWR,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbPwr),
        .instance_init = pwr_init,
        .class_init = pwr_class_init,
    },
};

DEFINE_TYPES(pwr_types)
