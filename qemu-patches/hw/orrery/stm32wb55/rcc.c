/*
 * STM32WB55 reset and clock control
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 chapter 8. Oscillators take their start-up time (datasheet DS11929, typical values)
 * in virtual time; prescalers take effect at once, so their flags always read as applied.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; sysbus IRQ 0: ready and LSE failure interrupt
 *  + GPIO output "nmi": HSE failure (clock security system)
 *  + GPIO output "lse-css": LSE failure, to RTC's tamper line
 *  + GPIO output "backup-reset": BDCR.BDRST, to RTC
 *  + GPIO inputs "reset"[n]: ask for a system reset whose cause is bit n of CSR
 *  + GPIO input "sysresetreq": of the core
 *  + GPIO inputs "backup-writable" (PWR_CR1.DBP), "smps" (PWR_CR5.SMPSEN), "iwdg-running"
 *  + clock outputs "<BLOCK>.bus", "<BLOCK>.kernel" for each peripheral of rcc-tree.c, and
 *    "hclk1", "hclk2", "systick" and "systick2" (an eighth of them), "sysclk", "msi", "hsi16", "hse", "hse-div32", "hsi48",
 *    "lse", "lsi", "rtc", "clk48", "mco"
 *  + property "battery": when the power comes LSE runs already, and drives RTC
 *  + QOM properties "hse-fault", "lse-fault": the crystal stands still
 */
#include "qemu/osdep.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "rcc.h"
#include "rcc-registers.h"
#include "soc.h"
#include "hw/orrery/trace.h"

#define HSECR_KEY 0xCAFECAFE
#define CSR_FLAGS 0xFE000000u
/* LSI and what RTC may run on outlive a reset */
#define CSR_ALWAYS (R_CSR_LSI1ON_MASK | R_CSR_LSI1RDY_MASK | R_CSR_LSI2ON_MASK | R_CSR_LSI2RDY_MASK)
/* what a reset of the backup domain leaves (8.4.32) */
#define BDCR_LSCO (R_BDCR_LSCOEN_MASK | R_BDCR_LSCOSEL_MASK)

static DeviceRealize parent_realize;

/* ---- oscillators ---- */

/* Where an oscillator's bits are. DS11929 6.3.8 to 6.3.10 for the times. */
static const struct {
    const char *name;
    uint16_t reg;
    uint32_t on;
    uint32_t ready;
    uint32_t flag; /* in CIER and CIFR */
    uint32_t startup_ns;
} oscillators[WB_OSC_COUNT] = {
    [WB_OSC_MSI] = { "MSI", A_CR, R_CR_MSION_MASK, R_CR_MSIRDY_MASK,
                     R_CIFR_MSIRDYF_MASK, 2500 },
    [WB_OSC_HSI] = { "HSI16", A_CR, R_CR_HSION_MASK, R_CR_HSIRDY_MASK,
                     R_CIFR_HSIRDYF_MASK, 3000 },
    [WB_OSC_HSE] = { "HSE", A_CR, R_CR_HSEON_MASK, R_CR_HSERDY_MASK,
                     R_CIFR_HSERDYF_MASK, 250000 },
    [WB_OSC_HSI48] = { "HSI48", A_CRRCR, R_CRRCR_HSI48ON_MASK,
                       R_CRRCR_HSI48RDY_MASK, R_CIFR_HSI48RDYF_MASK, 2500 },
    /* the datasheet's 2 s is its pessimism about crystals; boards show a tenth of it */
    [WB_OSC_LSE] = { "LSE", A_BDCR, R_BDCR_LSEON_MASK, R_BDCR_LSERDY_MASK,
                     R_CIFR_LSERDYF_MASK, 200000000 },
    [WB_OSC_LSI1] = { "LSI1", A_CSR, R_CSR_LSI1ON_MASK, R_CSR_LSI1RDY_MASK,
                      R_CIFR_LSI1RDYF_MASK, 80000 },
    [WB_OSC_LSI2] = { "LSI2", A_CSR, R_CSR_LSI2ON_MASK, R_CSR_LSI2RDY_MASK,
                      R_CIFR_LSI2RDYF_MASK, 1000000 },
    [WB_OSC_PLL] = { "PLL", A_CR, R_CR_PLLON_MASK, R_CR_PLLRDY_MASK,
                     R_CIFR_PLLRDYF_MASK, 15000 },
    [WB_OSC_PLLSAI1] = { "PLLSAI1", A_CR, R_CR_PLLSAI1ON_MASK,
                         R_CR_PLLSAI1RDY_MASK, R_CIFR_PLLSAI1RDYF_MASK, 15000 },
};

static void update_irq(Stm32wbRcc *s)
{
    uint32_t f = s->regs[R_CIFR];

    qemu_set_irq(s->irq, (f & s->regs[R_CIER]) != 0);
    qemu_set_irq(s->nmi, (f & R_CIFR_HSECSSF_MASK) != 0);
    qemu_set_irq(s->lse_css, (f & s->regs[R_CIER] & R_CIFR_LSECSSF_MASK) != 0);
}

/* The input of the PLLs, which start only when it is there. */
static bool pll_source_ready(const Stm32wbRcc *s)
{
    switch (FIELD_EX32(s->regs[R_PLLCFGR], PLLCFGR, PLLSRC)) {
    case 1:
        return s->osc[WB_OSC_MSI].ready;
    case 2:
        return s->osc[WB_OSC_HSI].ready;
    case 3:
        return s->osc[WB_OSC_HSE].ready;
    default:
        return false;
    }
}

static bool oscillates(const Stm32wbRcc *s, WbOscillator o)
{
    uint32_t on = oscillators[o].on;

    switch (o) {
    case WB_OSC_HSI:
        on |= R_CR_HSIKERON_MASK;
        break;
    case WB_OSC_HSE:
        if (s->hse_fault) {
            return false;
        }
        break;
    case WB_OSC_LSE:
        if (s->lse_fault) {
            return false;
        }
        break;
    case WB_OSC_LSI1:
        if (s->iwdg_running) { /* 33.3: it cannot be disabled */
            return true;
        }
        break;
    case WB_OSC_PLL:
    case WB_OSC_PLLSAI1:
        if (!pll_source_ready(s)) {
            return false;
        }
        break;
    default:
        break;
    }
    return s->regs[oscillators[o].reg / 4] & on;
}

static void set_ready(Stm32wbRcc *s, WbOscillator o, bool ready)
{
    uint32_t *reg = &s->regs[oscillators[o].reg / 4];

    s->osc[o].ready = ready;
    if (ready) {
        *reg |= oscillators[o].ready;
    } else {
        *reg &= ~oscillators[o].ready;
    }
    trace_stm32wb_rcc_oscillator(oscillators[o].name, ready);
}

/* Start and stop oscillators as their bits say; @now may be in the past (see settle). */
static void update_oscillators_at(Stm32wbRcc *s, uint64_t now)
{
    for (int o = 0; o < WB_OSC_COUNT; o++) {
        WbOscillatorState *osc = &s->osc[o];

        if (!oscillates(s, o)) {
            timer_del(osc->timer);
            osc->ready_at = 0;
            if (osc->ready) {
                set_ready(s, o, false);
            }
        } else if (!osc->ready) {
            if (!osc->ready_at) {
                osc->ready_at = now + oscillators[o].startup_ns;
            }
            timer_mod(osc->timer, osc->ready_at);
        }
    }
}

static void update_oscillators(Stm32wbRcc *s)
{
    update_oscillators_at(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static bool sysclk_source_ready(const Stm32wbRcc *s, uint32_t sw)
{
    static const WbOscillator of[] = { WB_OSC_MSI, WB_OSC_HSI, WB_OSC_HSE,
                                       WB_OSC_PLL };

    /* without PLLREN the PLL gives SYSCLK nothing: the switch never completes */
    return s->osc[of[sw]].ready &&
           (sw != WB_SW_PLL ||
            FIELD_EX32(s->regs[R_PLLCFGR], PLLCFGR, PLLREN));
}

/* Read-only bits that follow from others. */
static void update_status(Stm32wbRcc *s)
{
    uint32_t *cr = &s->regs[R_CR];
    uint32_t sw = FIELD_EX32(s->regs[R_CFGR], CFGR, SW);
    uint32_t smps = FIELD_EX32(s->regs[R_SMPSCR], SMPSCR, SMPSSEL);
    uint32_t range = FIELD_EX32(*cr, CR, MSIRANGE);
    const bool smps_ready[] = { s->osc[WB_OSC_HSI].ready,
                                s->osc[WB_OSC_MSI].ready && range >= 8,
                                s->osc[WB_OSC_HSE].ready, false };

    if (sysclk_source_ready(s, sw)) {
        s->regs[R_CFGR] = FIELD_DP32(s->regs[R_CFGR], CFGR, SWS, sw);
    }
    *cr = FIELD_DP32(*cr, CR, HSIKERDY,
                     s->osc[WB_OSC_HSI].ready && FIELD_EX32(*cr, CR, HSIKERON));
    s->regs[R_SMPSCR] =
        FIELD_DP32(s->regs[R_SMPSCR], SMPSCR, SMPSSWS,
                   s->smps_enabled && smps_ready[smps] ? smps : 3);
    s->regs[R_CSR] = FIELD_DP32(s->regs[R_CSR], CSR, RFRSTS,
                                FIELD_EX32(s->regs[R_APB3RSTR], APB3RSTR, RFRST));
}

/* After any change. */
static void update(Stm32wbRcc *s)
{
    update_oscillators(s);
    update_status(s);
    update_irq(s);
    stm32wb_rcc_tree_update(s, true);
}

static void start_oscillator(Stm32wbRcc *s, WbOscillator o)
{
    timer_del(s->osc[o].timer);
    set_ready(s, o, true);
    /* 8.4.7: the flag is set only if the interrupt is enabled */
    s->regs[R_CIFR] |= s->regs[R_CIER] & oscillators[o].flag;
}

static void oscillator_started(void *opaque)
{
    WbOscillatorState *osc = opaque;
    Stm32wbRcc *s = osc->rcc;

    start_oscillator(s, osc - s->osc);
    update(s);
}

/* The ready flags are what the registers say; then oscillators start as time has passed, in order. */
static void settle(Stm32wbBlock *b)
{
    Stm32wbRcc *s = STM32WB_RCC(b);
    uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    for (int o = 0; o < WB_OSC_COUNT; o++) {
        s->osc[o].ready = s->regs[oscillators[o].reg / 4] & oscillators[o].ready;
    }
    for (;;) {
        int first = -1;

        for (int o = 0; o < WB_OSC_COUNT; o++) {
            if (!s->osc[o].ready && s->osc[o].ready_at && s->osc[o].ready_at <= now &&
                (first < 0 || s->osc[o].ready_at < s->osc[first].ready_at)) {
                first = o;
            }
        }
        if (first < 0) {
            break;
        }
        start_oscillator(s, first);
        update_oscillators_at(s, s->osc[first].ready_at);
        update_status(s);
    }
}

static void view_changed(Stm32wbBlock *b)
{
    update(STM32WB_RCC(b));
}

/* ---- clock security ---- */

static void fall_back_to_internal(Stm32wbRcc *s)
{
    bool hsi = FIELD_EX32(s->regs[R_CFGR], CFGR, STOPWUCK);
    uint32_t sw = hsi ? WB_SW_HSI : WB_SW_MSI;
    int o = hsi ? WB_OSC_HSI : WB_OSC_MSI;

    s->regs[R_CR] |= oscillators[o].on;
    timer_del(s->osc[o].timer);
    if (!s->osc[o].ready) {
        set_ready(s, o, true); /* the core runs on: it is there at once */
    }
    s->regs[R_CFGR] = FIELD_DP32(s->regs[R_CFGR], CFGR, SW, sw);
    s->regs[R_CFGR] = FIELD_DP32(s->regs[R_CFGR], CFGR, SWS, sw);
}

static bool pll_from_hse(const Stm32wbRcc *s)
{
    return FIELD_EX32(s->regs[R_PLLCFGR], PLLCFGR, PLLSRC) == 3;
}

/* 8.2.10 */
static void hse_failed(Stm32wbRcc *s)
{
    uint32_t sws = FIELD_EX32(s->regs[R_CFGR], CFGR, SWS);

    if (!s->osc[WB_OSC_HSE].ready ||
        !FIELD_EX32(s->regs[R_CR], CR, CSSON)) {
        return;
    }
    if (sws == WB_SW_HSE || (sws == WB_SW_PLL && pll_from_hse(s))) {
        fall_back_to_internal(s);
        if (pll_from_hse(s)) {
            s->regs[R_CR] &= ~R_CR_PLLON_MASK;
        }
    }
    s->regs[R_CR] &= ~R_CR_HSEON_MASK;
    s->regs[R_CIFR] |= R_CIFR_HSECSSF_MASK;
}

/* 8.2.11 */
static void lse_failed(Stm32wbRcc *s)
{
    if (!s->osc[WB_OSC_LSE].ready ||
        !FIELD_EX32(s->regs[R_BDCR], BDCR, LSECSSON)) {
        return;
    }
    s->regs[R_BDCR] |= R_BDCR_LSECSSD_MASK;
    s->regs[R_CIFR] |= R_CIFR_LSECSSF_MASK;
}

/* ---- low-power modes ---- */

/* 8.2: what enters Stop mode off comes out of it off. */
static void enter_stop(Stm32wbRcc *s)
{
    fall_back_to_internal(s);
    s->regs[R_CR] &= ~(R_CR_HSEON_MASK | R_CR_PLLON_MASK | R_CR_PLLSAI1ON_MASK |
                       R_CR_CSSON_MASK);
    if (FIELD_EX32(s->regs[R_CFGR], CFGR, STOPWUCK)) {
        s->regs[R_CR] &= ~R_CR_MSION_MASK;
    } else if (!FIELD_EX32(s->regs[R_CR], CR, HSIASFS)) {
        s->regs[R_CR] &= ~R_CR_HSION_MASK;
    }
    s->regs[R_CRRCR] &= ~R_CRRCR_HSI48ON_MASK;
}

/* Hardly ever: the sleep-mode enable bits are set at reset, and an idling RTOS is in a hurry. */
static bool sleep_gates_a_clock(const Stm32wbRcc *s)
{
    for (hwaddr enable = A_AHB1ENR; enable <= A_APB2ENR; enable += 4) {
        if (s->regs[enable / 4] & stm32wb_rcc_gated_in_sleep(s, enable)) {
            return true;
        }
    }
    return false;
}

static void change_mode(Stm32wbRcc *s)
{
    if (s->next_mode == WB_MODE_STOP) {
        enter_stop(s);
    }
    s->mode = s->next_mode;
    update(s);
}

/* Registers change with it: an access, if CPU2 is to see them. */
static void change_mode_ordered(void *opaque)
{
    Stm32wbRcc *s = opaque;

    stm32wb_mirror_begin(&s->mirror);
    change_mode(s);
    stm32wb_mirror_end(&s->mirror);
}

void stm32wb_rcc_set_mode(Stm32wbRcc *s, WbPowerMode mode)
{
    if (s->mode == mode && s->next_mode == mode) {
        return;
    }
    s->next_mode = mode;
    if (mode != WB_MODE_STOP && s->mode != WB_MODE_STOP && !sleep_gates_a_clock(s)) {
        s->mode = mode;
    } else if (stm32wb_mirror_shared(&s->mirror) && mode == WB_MODE_STOP) {
        orrery_ordered_later(s->parent_obj.state, change_mode_ordered, s);
    } else {
        change_mode(s);
    }
}

/* ---- resets ---- */

static void set_backup_writable(void *opaque, int n, int level)
{
    STM32WB_RCC(opaque)->backup_writable = level;
}

static void set_smps(void *opaque, int n, int level)
{
    Stm32wbRcc *s = opaque;

    s->smps_enabled = level;
    update_status(s);
}

/* LSI1 follows: an access, if CPU2 is to see it. */
static void start_lsi1_ordered(void *opaque)
{
    Stm32wbRcc *s = opaque;

    stm32wb_mirror_begin(&s->mirror);
    s->iwdg_running = true;
    update(s);
    stm32wb_mirror_end(&s->mirror);
}

/* Once it runs, only a reset stops it. */
static void set_iwdg_running(void *opaque, int n, int level)
{
    Stm32wbRcc *s = opaque;

    if (level && stm32wb_mirror_shared(&s->mirror)) {
        orrery_ordered_later(s->parent_obj.state, start_lsi1_ordered, s);
        return;
    }
    s->iwdg_running = level;
    update(s);
}

static void rcc_reset_hold(Object *obj, ResetType type)
{
    Stm32wbRcc *s = STM32WB_RCC(obj);
    uint32_t bdcr = s->regs[R_BDCR];
    uint32_t csr = s->regs[R_CSR];
    bool powered = s->powered;

    for (int i = 0; i < WB_RCC_WORDS; i++) {
        s->regs[i] = stm32wb_register_reset("RCC", i * 4);
    }
    if (s->powered) {
        /* every system reset also pulls NRST, so its flag is set with any (8.1.2) */
        s->regs[R_BDCR] = bdcr;
        s->regs[R_CSR] = (csr & (CSR_FLAGS | CSR_ALWAYS)) |
                         (s->reset_cause & CSR_FLAGS);
        if (!(s->reset_cause & (1u << WB_RESET_STANDBY))) {
            s->regs[R_CSR] |= 1u << WB_RESET_PIN;
        }
    } else if (s->battery) {
        s->regs[R_BDCR] = R_BDCR_LSEON_MASK | R_BDCR_RTCEN_MASK |
                          FIELD_DP32(0, BDCR, RTCSEL, 1);
    }
    s->powered = true;
    s->reset_cause = 0;
    s->mode = WB_MODE_RUN;
    s->next_mode = WB_MODE_RUN;
    s->smps_enabled = false;
    s->backup_writable = false;
    s->iwdg_running = false;
    for (int o = 0; o < WB_OSC_COUNT; o++) {
        if (!oscillates(s, o)) {
            timer_del(s->osc[o].timer);
            s->osc[o].ready = false;
            s->osc[o].ready_at = 0;
        }
    }
    timer_del(s->osc[WB_OSC_MSI].timer);
    set_ready(s, WB_OSC_MSI, true); /* the core runs on it */
    if (!powered && s->battery) {
        set_ready(s, WB_OSC_LSE, true); /* and RTC all the time */
    }
    stm32wb_mirror_reset(&s->mirror);
}

static void rcc_power_lost(Stm32wbBlock *b)
{
    STM32WB_RCC(b)->powered = false;
}

static void rcc_reset_exit(Object *obj, ResetType type)
{
    update(STM32WB_RCC(obj));
}

/* ---- registers ---- */

/* Bits that software can write, for registers without side effects; 0: not this kind. */
static uint32_t plain_bits(hwaddr offset)
{
    static const struct {
        uint16_t offset;
        uint32_t bits;
    } plain[] = {
        { A_ICSCR, 0x7F00FF00 },   { A_CIER, 0x00000E7F },
        { A_SMPSCR, 0x00000033 },  { A_AHB1ENR, 0x00011007 },
        { A_AHB2ENR, 0x0001209F }, { A_AHB3ENR, 0x021F0100 },
        { A_APB1ENR2, 0x00000021 }, { A_APB2ENR, 0x00265800 },
        { 0x068, 0x00011207 },     { 0x06C, 0x0001209F },
        { 0x070, 0x03070100 },     { 0x078, 0x85A04E01 },
        { 0x07C, 0x00000021 },     { 0x080, 0x00265800 },
        { A_CCIPR, 0xFCFF3C03 },
        { A_CRRCR, R_CRRCR_HSI48ON_MASK },
        { A_EXTCFGR, 0x001000FF },
        { 0x148, 0x00011207 },     { 0x14C, 0x0001209F },
        { 0x150, 0x021F0000 },     { 0x158, 0x85A04601 },
        { 0x15C, 0x00000021 },     { 0x160, 0x00265800 },
        { 0x164, 0x00000003 },     { 0x168, 0x00011207 },
        { 0x16C, 0x0001209F },     { 0x170, 0x03070000 },
        { 0x178, 0x85A04601 },     { 0x17C, 0x00000021 },
        { 0x180, 0x00265800 },     { A_C2APB3SMENR, 0x00000003 },
    };

    for (int i = 0; i < ARRAY_SIZE(plain); i++) {
        if (plain[i].offset == offset) {
            return plain[i].bits;
        }
    }
    return 0;
}

/* Bits of CR that SYSCLK depends on cannot be cleared (8.4.1). */
static uint32_t needed_by_sysclk(const Stm32wbRcc *s)
{
    static const uint32_t on[] = { R_CR_MSION_MASK, R_CR_HSION_MASK,
                                   R_CR_HSEON_MASK, R_CR_PLLON_MASK };
    uint32_t sws = FIELD_EX32(s->regs[R_CFGR], CFGR, SWS);
    uint32_t src = FIELD_EX32(s->regs[R_PLLCFGR], PLLCFGR, PLLSRC);
    uint32_t needed = on[sws];

    if (sws == WB_SW_PLL && src) {
        needed |= on[src - 1];
    }
    return needed;
}

static void write_cr(Stm32wbRcc *s, uint32_t value, uint32_t mask)
{
    uint32_t old = s->regs[R_CR];
    uint32_t range;

    mask &= R_CR_MSION_MASK | R_CR_MSIPLLEN_MASK | R_CR_MSIRANGE_MASK |
            R_CR_HSION_MASK | R_CR_HSIKERON_MASK | R_CR_HSIASFS_MASK |
            R_CR_HSEON_MASK | R_CR_HSEBYP_MASK | R_CR_CSSON_MASK |
            R_CR_HSEPRE_MASK | R_CR_PLLON_MASK | R_CR_PLLSAI1ON_MASK;
    value = stm32wb_merge(old, value, mask) | (old & needed_by_sysclk(s));
    range = FIELD_EX32(value, CR, MSIRANGE);
    if (range >= WB_MSI_RANGES ||
        (FIELD_EX32(old, CR, MSION) && !FIELD_EX32(old, CR, MSIRDY))) {
        value = FIELD_DP32(value, CR, MSIRANGE, FIELD_EX32(old, CR, MSIRANGE));
    }
    value |= old & R_CR_CSSON_MASK; /* only a reset or a failure clears it */
    if (FIELD_EX32(old, CR, HSEON)) { /* bypass is chosen with the oscillator off */
        value = (value & ~R_CR_HSEBYP_MASK) | (old & R_CR_HSEBYP_MASK);
    }
    s->regs[R_CR] = value;
}

static void write_cfgr(Stm32wbRcc *s, uint32_t value, uint32_t mask)
{
    mask &= R_CFGR_SW_MASK | R_CFGR_HPRE_MASK | R_CFGR_PPRE1_MASK |
            R_CFGR_PPRE2_MASK | R_CFGR_STOPWUCK_MASK | R_CFGR_MCOSEL_MASK |
            R_CFGR_MCOPRE_MASK;
    s->regs[R_CFGR] = stm32wb_merge(s->regs[R_CFGR], value, mask);
}

/* Factors are fixed while their PLL runs, outputs can be switched (8.4.4, 8.4.5). */
static void write_pll(Stm32wbRcc *s, hwaddr offset, uint32_t value, uint32_t mask)
{
    uint32_t enables = R_PLLCFGR_PLLPEN_MASK | R_PLLCFGR_PLLQEN_MASK |
                       R_PLLCFGR_PLLREN_MASK;
    uint32_t input = R_PLLCFGR_PLLSRC_MASK | R_PLLCFGR_PLLM_MASK;
    uint32_t factors = R_PLLCFGR_PLLN_MASK | R_PLLCFGR_PLLP_MASK |
                       R_PLLCFGR_PLLQ_MASK | R_PLLCFGR_PLLR_MASK;
    bool main_pll = offset == A_PLLCFGR;
    bool on = s->regs[R_CR] &
              (main_pll ? R_CR_PLLON_MASK : R_CR_PLLSAI1ON_MASK);
    bool any_on = s->regs[R_CR] & (R_CR_PLLON_MASK | R_CR_PLLSAI1ON_MASK);

    if (main_pll && FIELD_EX32(s->regs[R_CFGR], CFGR, SWS) == WB_SW_PLL) {
        enables &= ~R_PLLCFGR_PLLREN_MASK;
    }
    mask &= enables | (on ? 0 : factors) | (main_pll && !any_on ? input : 0);
    s->regs[offset / 4] = stm32wb_merge(s->regs[offset / 4], value, mask);
}

static void write_rstr(Stm32wbRcc *s, hwaddr offset, uint32_t value, uint32_t mask)
{
    static const uint32_t bits[] = { 0x00011007, 0x0001209F, 0x021F0100, 0,
                                     0x85A04201, 0x00000021, 0x00265800,
                                     0x00000001 };
    uint32_t *reg = &s->regs[offset / 4];
    uint32_t old = *reg;

    mask &= bits[(offset - A_AHB1RSTR) / 4];
    *reg = stm32wb_merge(old, value, mask);
    /* at both edges: what was written to a block in reset is lost as well */
    stm32wb_rcc_reset_blocks(s, offset, old ^ *reg);
}

/* WWDG's clock, once on, goes off with a reset only (8.4.20). */
static void write_apb1enr1(Stm32wbRcc *s, uint32_t value, uint32_t mask)
{
    uint32_t old = s->regs[R_APB1ENR1];

    s->regs[R_APB1ENR1] = stm32wb_merge(old, value, mask & 0x85A04E01) |
                          (old & R_APB1ENR1_WWDGEN_MASK);
}

static void write_bdcr(Stm32wbRcc *s, uint32_t value, uint32_t mask)
{
    uint32_t old = s->regs[R_BDCR];

    if (!s->backup_writable) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RCC: write of BDCR with PWR_CR1.DBP clear\n");
        return;
    }
    mask &= R_BDCR_LSEON_MASK | R_BDCR_LSEBYP_MASK | R_BDCR_LSEDRV_MASK |
            R_BDCR_LSECSSON_MASK | R_BDCR_RTCSEL_MASK | R_BDCR_RTCEN_MASK |
            R_BDCR_BDRST_MASK | BDCR_LSCO;
    if (FIELD_EX32(old, BDCR, RTCSEL) && !FIELD_EX32(old, BDCR, LSECSSD)) {
        mask &= ~R_BDCR_RTCSEL_MASK; /* until the next backup domain reset */
    }
    if (FIELD_EX32(old, BDCR, LSEON)) {
        mask &= ~R_BDCR_LSEBYP_MASK;
    }
    if (!FIELD_EX32(old, BDCR, LSECSSD)) {
        value |= old & R_BDCR_LSECSSON_MASK;
    }
    value = stm32wb_merge(old, value, mask);
    if (FIELD_EX32(value, BDCR, BDRST)) {
        value &= R_BDCR_BDRST_MASK | BDCR_LSCO;
    }
    s->regs[R_BDCR] = value;
    if (FIELD_EX32(value, BDCR, BDRST) && !FIELD_EX32(old, BDCR, BDRST)) {
        update(s); /* LSE is off before RTC hears of it */
        qemu_irq_pulse(s->backup_reset);
    }
}

static void write_csr(Stm32wbRcc *s, uint32_t value, uint32_t mask)
{
    if (value & mask & R_CSR_RMVF_MASK) {
        s->regs[R_CSR] &= ~CSR_FLAGS;
    }
    /* LSI1ON, LSI2ON, LSI2TRIMEN, LSI2BW, RFWKPSEL; RMVF is cleared by hardware */
    s->regs[R_CSR] = stm32wb_merge(s->regs[R_CSR], value, mask & 0x0000CF15);
}

/* Takes one write after the key (8.4.35). */
static void write_hsecr(Stm32wbRcc *s, uint32_t value, uint32_t mask)
{
    uint32_t *reg = &s->regs[R_HSECR];

    if (!FIELD_EX32(*reg, HSECR, UNLOCKED)) {
        if (mask == UINT32_MAX && value == HSECR_KEY) {
            *reg |= R_HSECR_UNLOCKED_MASK;
        }
        return;
    }
    *reg = stm32wb_merge(*reg, value, mask & 0x00003F78) & ~R_HSECR_UNLOCKED_MASK;
}

static uint32_t rcc_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbRcc *s = STM32WB_RCC(b);

    switch (offset) {
    case A_CR ... A_PLLSAI1CFGR:
    case A_CIER:
    case A_CIFR:
    case A_SMPSCR ... 0x030:
    case 0x038 ... A_APB3RSTR:
    case A_BDCR ... A_HSECR:
    case A_APB1ENR1:
        return s->regs[offset / 4];
    case A_CICR:
        return 0;
    default:
        if (plain_bits(offset)) {
            return s->regs[offset / 4];
        }
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void rcc_write(Stm32wbBlock *b, hwaddr offset, uint32_t value, uint32_t mask)
{
    Stm32wbRcc *s = STM32WB_RCC(b);
    uint32_t bits = plain_bits(offset);

    switch (offset) {
    case A_CR:
        write_cr(s, value, mask);
        break;
    case A_CFGR:
        write_cfgr(s, value, mask);
        break;
    case A_PLLCFGR:
    case A_PLLSAI1CFGR:
        write_pll(s, offset, value, mask);
        break;
    case A_CIFR:
        return;
    case A_CICR:
        s->regs[R_CIFR] &= ~(value & mask);
        break;
    case A_AHB1RSTR ... 0x030:
    case 0x038 ... A_APB3RSTR:
        write_rstr(s, offset, value, mask);
        break;
    case A_APB1ENR1:
        write_apb1enr1(s, value, mask);
        break;
    case A_BDCR:
        write_bdcr(s, value, mask);
        break;
    case A_CSR:
        write_csr(s, value, mask);
        break;
    case A_HSECR:
        write_hsecr(s, value, mask);
        return;
    default:
        if (!bits) {
            stm32wb_block_unmodelled_write(b, offset, value);
            return;
        }
        s->regs[offset / 4] = stm32wb_merge(s->regs[offset / 4], value, mask & bits);
        break;
    }
    update(s);
}

/* ---- device ---- */

static bool get_hse_fault(Object *obj, Error **errp)
{
    return STM32WB_RCC(obj)->hse_fault;
}

static void set_hse_fault(Object *obj, bool value, Error **errp)
{
    Stm32wbRcc *s = STM32WB_RCC(obj);

    s->hse_fault = value;
    if (value) {
        hse_failed(s);
    }
    update(s);
}

static bool get_lse_fault(Object *obj, Error **errp)
{
    return STM32WB_RCC(obj)->lse_fault;
}

static void set_lse_fault(Object *obj, bool value, Error **errp)
{
    Stm32wbRcc *s = STM32WB_RCC(obj);

    s->lse_fault = value;
    if (value) {
        lse_failed(s);
    }
    update(s);
}

static void rcc_init(Object *obj)
{
    Stm32wbRcc *s = STM32WB_RCC(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(dev, &s->nmi, "nmi", 1);
    qdev_init_gpio_out_named(dev, &s->lse_css, "lse-css", 1);
    qdev_init_gpio_out_named(dev, &s->backup_reset, "backup-reset", 1);
    qdev_init_gpio_in_named(dev, set_backup_writable, "backup-writable", 1);
    qdev_init_gpio_in_named(dev, set_smps, "smps", 1);
    qdev_init_gpio_in_named(dev, set_iwdg_running, "iwdg-running", 1);
    for (int o = 0; o < WB_OSC_COUNT; o++) {
        s->osc[o].rcc = s;
        s->osc[o].timer =
            timer_new_ns(QEMU_CLOCK_VIRTUAL, oscillator_started, &s->osc[o]);
    }
    stm32wb_rcc_reset_init(s);
    stm32wb_rcc_tree_init(s);
}

static void rcc_realize(DeviceState *dev, Error **errp)
{
    Stm32wbRcc *s = STM32WB_RCC(dev);

    stm32wb_mirror_words(&s->mirror, s->regs, WB_RCC_WORDS);
    for (int o = 0; o < WB_OSC_COUNT; o++) {
        stm32wb_mirror_words(&s->mirror, &s->osc[o].ready_at, 2);
    }
    stm32wb_mirror_words(&s->mirror, &s->iwdg_running, 1);
    stm32wb_mirror_init(&s->mirror, STM32WB_BLOCK(s), WB_CELLS_RCC, settle,
                        view_changed);
    stm32wb_rcc_reset_link(s);
    parent_realize(dev, errp);
}

static void rcc_finalize(Object *obj)
{
    Stm32wbRcc *s = STM32WB_RCC(obj);

    for (int o = 0; o < WB_OSC_COUNT; o++) {
        timer_free(s->osc[o].timer);
    }
    stm32wb_rcc_tree_finalize(s);
}

/* The users of the clocks have saved what they see. */
static int rcc_post_load(void *opaque, int version_id)
{
    stm32wb_rcc_tree_update(opaque, false);
    return 0;
}

static const VMStateDescription oscillator_vmstate = {
    .name = "stm32wb-rcc-oscillator",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_BOOL(ready, WbOscillatorState),
        VMSTATE_UINT64(ready_at, WbOscillatorState),
        VMSTATE_TIMER_PTR(timer, WbOscillatorState),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription rcc_vmstate = {
    .name = TYPE_STM32WB_RCC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = rcc_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbRcc),
        VMSTATE_STM32WB_CELLS(mirror.cells, Stm32wbRcc),
        VMSTATE_UINT32_ARRAY(regs, Stm32wbRcc, WB_RCC_WORDS),
        VMSTATE_STRUCT_ARRAY(osc, Stm32wbRcc, WB_OSC_COUNT, 1,
                             oscillator_vmstate, WbOscillatorState),
        VMSTATE_UINT32(mode, Stm32wbRcc),
        VMSTATE_UINT32(next_mode, Stm32wbRcc),
        VMSTATE_UINT32(reset_cause, Stm32wbRcc),
        VMSTATE_BOOL(powered, Stm32wbRcc),
        VMSTATE_BOOL(backup_writable, Stm32wbRcc),
        VMSTATE_BOOL(smps_enabled, Stm32wbRcc),
        VMSTATE_UINT32(iwdg_running, Stm32wbRcc),
        VMSTATE_BOOL(hse_fault, Stm32wbRcc),
        VMSTATE_BOOL(lse_fault, Stm32wbRcc),
        VMSTATE_END_OF_LIST()
    },
};

static const Property rcc_properties[] = {
    DEFINE_PROP_BOOL("battery", Stm32wbRcc, battery, false),
};

static void rcc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    device_class_set_parent_realize(dc, rcc_realize, &parent_realize);
    dc->vmsd = &rcc_vmstate;
    rc->phases.hold = rcc_reset_hold;
    rc->phases.exit = rcc_reset_exit;
    bc->power_lost = rcc_power_lost;
    bc->ungated = true;
    bc->read = rcc_read;
    bc->write = rcc_write;
    device_class_set_props(dc, rcc_properties);
    object_class_property_add_bool(klass, "hse-fault", get_hse_fault,
                                   set_hse_fault);
    object_class_property_add_bool(klass, "lse-fault", get_lse_fault,
                                   set_lse_fault);
}

static const TypeInfo rcc_types[] = {
    {
        .name = TYPE_STM32WB_RCC,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbRcc),
        .instance_init = rcc_init,
        .instance_finalize = rcc_finalize,
        .class_init = rcc_class_init,
    },
};

DEFINE_TYPES(rcc_types)
