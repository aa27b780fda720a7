/*
 * STM32WB55 clock tree: what runs at which frequency
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 8.2 (figure 16). Frequencies are computed from registers and ready flags after each
 * change, all of them, before anybody is told of any: nobody sees half a change.
 */
#include "qemu/osdep.h"
#include "hw/orrery/core.h"
#include "hw/qdev-clock.h"
#include "rcc.h"
#include "rcc-registers.h"
#include "soc.h"
#include "hw/orrery/trace.h"

#define KERNEL_SOURCES 4

/* A peripheral's clocks and where RCC_xxxENR has its bit */
struct WbClockGate {
    const char *block;
    uint16_t enable;  /* offset of the enable register; 0: always on */
    uint8_t bit;
    uint8_t bus;      /* WbClockNode */
    int8_t select;    /* lowest of two bits in CCIPR; -1: the first source only */
    uint8_t sources[KERNEL_SOURCES];
    bool own_enable;  /* the kernel clock has another enable bit than the bus clock */
};

#define AHB1(name, bit) { name, A_AHB1ENR, bit, WB_CLK_HCLK1, -1, { WB_CLK_HCLK1 } }
#define AHB2(name, bit) { name, A_AHB2ENR, bit, WB_CLK_HCLK1, -1, { WB_CLK_HCLK1 } }
#define SHARED(name, bit) { name, A_AHB3ENR, bit, WB_CLK_HCLK4, -1, { WB_CLK_HCLK4 } }
#define TIMER(name, en, bit, pclk, clk) { name, en, bit, pclk, -1, { clk } }
#define SELECTED(name, en, bit, bus, select, ...) \
    { name, en, bit, bus, select, { __VA_ARGS__ } }

static const WbClockGate gates[] = {
    AHB1("DMA1", 0),
    AHB1("DMA2", 1),
    AHB1("DMAMUX1", 2),
    AHB1("CRC", 12),
    AHB1("TSC", 16),
    AHB2("GPIOA", 0),
    AHB2("GPIOB", 1),
    AHB2("GPIOC", 2),
    AHB2("GPIOD", 3),
    AHB2("GPIOE", 4),
    AHB2("GPIOH", 7),
    SELECTED("ADC1", A_AHB2ENR, 13, WB_CLK_HCLK1, 28, WB_CLK_NONE,
             WB_CLK_PLLSAI1R, WB_CLK_PLLP, WB_CLK_SYSCLK),
    AHB2("AES1", 16),
    { "QUADSPI", A_AHB3ENR, 8, WB_CLK_HCLK1, -1, { WB_CLK_HCLK1 } },
    SHARED("PKA", 16),
    SHARED("AES2", 17),
    SELECTED("RNG", A_AHB3ENR, 18, WB_CLK_HCLK4, 30, WB_CLK_RNG48, WB_CLK_LSI,
             WB_CLK_LSE, WB_CLK_NONE),
    SHARED("HSEM", 19),
    SHARED("IPCC", 20),
    SHARED("FLASH", 25),
    TIMER("TIM2", A_APB1ENR1, 0, WB_CLK_PCLK1, WB_CLK_APB1_TIM),
    SELECTED("LCD", A_APB1ENR1, 9, WB_CLK_PCLK1, -1, WB_CLK_RTC),
    { "RTC", A_APB1ENR1, 10, WB_CLK_PCLK1, -1, { WB_CLK_RTC }, true },
    SELECTED("WWDG", A_APB1ENR1, 11, WB_CLK_PCLK1, -1, WB_CLK_PCLK1),
    { "IWDG", 0, 0, WB_CLK_PCLK1, -1, { WB_CLK_LSI }, true },
    SELECTED("SPI2", A_APB1ENR1, 14, WB_CLK_PCLK1, -1, WB_CLK_PCLK1),
    SELECTED("I2C1", A_APB1ENR1, 21, WB_CLK_PCLK1, 12, WB_CLK_PCLK1,
             WB_CLK_SYSCLK, WB_CLK_HSI_KERNEL, WB_CLK_NONE),
    SELECTED("I2C3", A_APB1ENR1, 23, WB_CLK_PCLK1, 16, WB_CLK_PCLK1,
             WB_CLK_SYSCLK, WB_CLK_HSI_KERNEL, WB_CLK_NONE),
    SELECTED("CRS", A_APB1ENR1, 24, WB_CLK_PCLK1, -1, WB_CLK_HSI48),
    SELECTED("USB", A_APB1ENR1, 26, WB_CLK_PCLK1, -1, WB_CLK_CLK48),
    SELECTED("LPTIM1", A_APB1ENR1, 31, WB_CLK_PCLK1, 18, WB_CLK_PCLK1,
             WB_CLK_LSI, WB_CLK_HSI_KERNEL, WB_CLK_LSE),
    SELECTED("LPUART1", A_APB1ENR2, 0, WB_CLK_PCLK1, 10, WB_CLK_PCLK1,
             WB_CLK_SYSCLK, WB_CLK_HSI_KERNEL, WB_CLK_LSE),
    SELECTED("LPTIM2", A_APB1ENR2, 5, WB_CLK_PCLK1, 20, WB_CLK_PCLK1,
             WB_CLK_LSI, WB_CLK_HSI_KERNEL, WB_CLK_LSE),
    { "SYSCFG", 0, 0, WB_CLK_PCLK2, -1, { WB_CLK_PCLK2 } },
    { "COMP", 0, 0, WB_CLK_PCLK2, -1, { WB_CLK_PCLK2 } },
    TIMER("TIM1", A_APB2ENR, 11, WB_CLK_PCLK2, WB_CLK_APB2_TIM),
    SELECTED("SPI1", A_APB2ENR, 12, WB_CLK_PCLK2, -1, WB_CLK_PCLK2),
    SELECTED("USART1", A_APB2ENR, 14, WB_CLK_PCLK2, 0, WB_CLK_PCLK2,
             WB_CLK_SYSCLK, WB_CLK_HSI_KERNEL, WB_CLK_LSE),
    TIMER("TIM16", A_APB2ENR, 17, WB_CLK_PCLK2, WB_CLK_APB2_TIM),
    TIMER("TIM17", A_APB2ENR, 18, WB_CLK_PCLK2, WB_CLK_APB2_TIM),
    SELECTED("SAI1", A_APB2ENR, 21, WB_CLK_PCLK2, 22, WB_CLK_PLLSAI1P,
             WB_CLK_PLLP, WB_CLK_HSI_KERNEL, WB_CLK_NONE),
};

/* Outputs that are not a peripheral's */
static const struct {
    const char *name;
    WbClockNode node;
} nodes[] = {
    { "systick", WB_CLK_SYSTICK }, { "hclk1", WB_CLK_HCLK1 },
    { "systick2", WB_CLK_SYSTICK2 }, { "hclk2", WB_CLK_HCLK2 },
    { "sysclk", WB_CLK_SYSCLK }, { "msi", WB_CLK_MSI },
    { "hsi16", WB_CLK_HSI },     { "hse", WB_CLK_HSE },
    { "hse-div32", WB_CLK_HSE_DIV32 }, { "hsi48", WB_CLK_HSI48 },
    { "lse", WB_CLK_LSE },       { "lsi", WB_CLK_LSI },
    { "rtc", WB_CLK_RTC },       { "clk48", WB_CLK_CLK48 },
    { "mco", WB_CLK_MCO },
};

/* ---- frequencies ---- */

static uint32_t field(const Stm32wbRcc *s, hwaddr reg, int start, int length)
{
    return extract32(s->regs[reg / 4], start, length);
}

#define GET(s, reg, f) \
    field(s, A_##reg, R_##reg##_##f##_SHIFT, R_##reg##_##f##_LENGTH)

static uint64_t msi_hz(const Stm32wbRcc *s)
{
    static const uint32_t ranges[16] = {
        100000, 200000, 400000, 800000, 1000000, 2000000,
        4000000, 8000000, 16000000, 24000000, 32000000, 48000000,
    };

    return ranges[GET(s, CR, MSIRANGE)];
}

static uint64_t oscillator(const Stm32wbRcc *s, WbOscillator o, uint64_t hz)
{
    return s->osc[o].ready ? hz : 0;
}

/* One output of a PLL: @pll is its configuration register. */
static uint64_t pll_hz(const Stm32wbRcc *s, WbOscillator o, hwaddr pll,
                       int enable, int shift, int length)
{
    const WbClockNode sources[] = { WB_CLK_NONE, WB_CLK_MSI, WB_CLK_HSI,
                                    WB_CLK_HSE };
    uint32_t cfg = s->regs[pll / 4];
    uint64_t in = s->hz[sources[GET(s, PLLCFGR, PLLSRC)]];
    uint32_t m = GET(s, PLLCFGR, PLLM) + 1;

    if (!s->osc[o].ready || !extract32(cfg, enable, 1)) {
        return 0;
    }
    if (GET(s, PLLCFGR, PLLSRC) == 3 && GET(s, CR, HSEPRE)) {
        in /= 2;
    }
    return in * FIELD_EX32(cfg, PLLCFGR, PLLN) /
           (m * (extract32(cfg, shift, length) + 1));
}

static void update_plls(Stm32wbRcc *s)
{
    static const struct {
        WbClockNode node;
        WbOscillator osc;
        uint16_t reg;
        uint8_t enable, shift, length;
    } outputs[] = {
        { WB_CLK_PLLP, WB_OSC_PLL, A_PLLCFGR, 16, 17, 5 },
        { WB_CLK_PLLQ, WB_OSC_PLL, A_PLLCFGR, 24, 25, 3 },
        { WB_CLK_PLLR, WB_OSC_PLL, A_PLLCFGR, 28, 29, 3 },
        { WB_CLK_PLLSAI1P, WB_OSC_PLLSAI1, A_PLLSAI1CFGR, 16, 17, 5 },
        { WB_CLK_PLLSAI1Q, WB_OSC_PLLSAI1, A_PLLSAI1CFGR, 24, 25, 3 },
        { WB_CLK_PLLSAI1R, WB_OSC_PLLSAI1, A_PLLSAI1CFGR, 28, 29, 3 },
    };

    for (int i = 0; i < ARRAY_SIZE(outputs); i++) {
        s->hz[outputs[i].node] =
            pll_hz(s, outputs[i].osc, outputs[i].reg, outputs[i].enable,
                   outputs[i].shift, outputs[i].length);
    }
}

static void update_oscillators(Stm32wbRcc *s)
{
    uint64_t *hz = s->hz;

    hz[WB_CLK_MSI] = oscillator(s, WB_OSC_MSI, msi_hz(s));
    hz[WB_CLK_HSI] = oscillator(s, WB_OSC_HSI, 16000000);
    /* USART, I2C... turn HSI16 on themselves when they need it in Stop mode (8.2.3) */
    hz[WB_CLK_HSI_KERNEL] =
        s->mode == WB_MODE_STOP ? 16000000 : hz[WB_CLK_HSI];
    hz[WB_CLK_HSE] = oscillator(s, WB_OSC_HSE, 32000000);
    hz[WB_CLK_HSE_DIV32] = hz[WB_CLK_HSE] / 32;
    hz[WB_CLK_HSI48] = oscillator(s, WB_OSC_HSI48, 48000000);
    hz[WB_CLK_LSE] = oscillator(s, WB_OSC_LSE, 32768);
    hz[WB_CLK_LSI1] = oscillator(s, WB_OSC_LSI1, 32000);
    hz[WB_CLK_LSI2] = oscillator(s, WB_OSC_LSI2, 32000);
    hz[WB_CLK_LSI] = MAX(hz[WB_CLK_LSI1], hz[WB_CLK_LSI2]);
}

/* HPRE, C2HPRE, SHDHPRE */
static uint32_t ahb_divider(uint32_t code)
{
    static const uint16_t dividers[16] = { 1, 3, 5, 1, 1, 6, 10, 32,
                                           2, 4, 8, 16, 64, 128, 256, 512 };

    return dividers[code];
}

static uint32_t apb_divider(uint32_t code)
{
    return code < 4 ? 1 : 2 << (code - 4);
}

static void update_buses(Stm32wbRcc *s)
{
    uint64_t *hz = s->hz;
    uint32_t ppre1 = apb_divider(GET(s, CFGR, PPRE1));
    uint32_t ppre2 = apb_divider(GET(s, CFGR, PPRE2));

    hz[WB_CLK_HCLK1] = hz[WB_CLK_SYSCLK] / ahb_divider(GET(s, CFGR, HPRE));
    hz[WB_CLK_HCLK2] = hz[WB_CLK_SYSCLK] / ahb_divider(GET(s, EXTCFGR, C2HPRE));
    hz[WB_CLK_HCLK4] = hz[WB_CLK_SYSCLK] / ahb_divider(GET(s, EXTCFGR, SHDHPRE));
    hz[WB_CLK_SYSTICK] = hz[WB_CLK_HCLK1] / 8;
    hz[WB_CLK_SYSTICK2] = hz[WB_CLK_HCLK2] / 8;
    hz[WB_CLK_PCLK1] = hz[WB_CLK_HCLK1] / ppre1;
    hz[WB_CLK_PCLK2] = hz[WB_CLK_HCLK1] / ppre2;
    /* timers count at twice PCLK unless the prescaler is 1 (8.2.16) */
    hz[WB_CLK_APB1_TIM] = hz[WB_CLK_PCLK1] * (ppre1 == 1 ? 1 : 2);
    hz[WB_CLK_APB2_TIM] = hz[WB_CLK_PCLK2] * (ppre2 == 1 ? 1 : 2);
}

static void update_selected(Stm32wbRcc *s)
{
    static const WbClockNode rtc[] = { WB_CLK_NONE, WB_CLK_LSE, WB_CLK_LSI,
                                       WB_CLK_HSE_DIV32 };
    static const WbClockNode clk48[] = { WB_CLK_HSI48, WB_CLK_PLLSAI1Q,
                                         WB_CLK_PLLQ, WB_CLK_MSI };
    static const WbClockNode mco[16] = {
        WB_CLK_NONE, WB_CLK_SYSCLK, WB_CLK_MSI, WB_CLK_HSI, WB_CLK_HSE,
        WB_CLK_PLLR, WB_CLK_LSI1, WB_CLK_LSI2, WB_CLK_LSE, WB_CLK_HSI48,
        [12] = WB_CLK_HSE,
    };
    uint64_t *hz = s->hz;

    hz[WB_CLK_RTC] = GET(s, BDCR, RTCEN) ? hz[rtc[GET(s, BDCR, RTCSEL)]] : 0;
    hz[WB_CLK_CLK48] = hz[clk48[GET(s, CCIPR, CLK48SEL)]];
    hz[WB_CLK_RNG48] = hz[WB_CLK_CLK48] / 3;
    hz[WB_CLK_MCO] = hz[mco[GET(s, CFGR, MCOSEL)]] >>
                     MIN(GET(s, CFGR, MCOPRE), 4);
}

static void update_nodes(Stm32wbRcc *s)
{
    uint64_t *hz = s->hz;

    update_oscillators(s);
    update_plls(s);
    switch (GET(s, CFGR, SWS)) {
    case WB_SW_MSI:
        hz[WB_CLK_SYSCLK] = hz[WB_CLK_MSI];
        break;
    case WB_SW_HSI:
        hz[WB_CLK_SYSCLK] = hz[WB_CLK_HSI];
        break;
    case WB_SW_HSE:
        hz[WB_CLK_SYSCLK] = hz[WB_CLK_HSE] >> GET(s, CR, HSEPRE);
        break;
    case WB_SW_PLL:
        hz[WB_CLK_SYSCLK] = hz[WB_CLK_PLLR];
        break;
    }
    if (s->mode == WB_MODE_STOP) {
        hz[WB_CLK_SYSCLK] = 0;
    }
    update_buses(s);
    update_selected(s);
}

/* ---- peripherals ---- */

/*
 * Bits that the sleep-mode enable registers have (8.4.26 to 8.4.31). What has none, IPCC and HSEM,
 * goes on in Sleep and Stop.
 */
static uint32_t has_sleep_bits(hwaddr enable)
{
    switch (enable) {
    case A_AHB1ENR:
        return 0x00011207;
    case A_AHB2ENR:
        return 0x0001209F;
    case A_AHB3ENR:
        return 0x03070100;
    case A_APB1ENR1:
        return 0x85A04E01;
    case A_APB1ENR2:
        return 0x00000021;
    case A_APB2ENR:
        return 0x00265800;
    default:
        return 0;
    }
}

uint32_t stm32wb_rcc_gated_in_sleep(const Stm32wbRcc *s, hwaddr enable)
{
    return has_sleep_bits(enable) & ~s->regs[(enable + WB_RCC_EN_TO_SMEN) / 4];
}

/* Either core may have asked for the clock (8.2.19). */
static bool is_enabled(const Stm32wbRcc *s, const WbClockGate *g)
{
    uint32_t c1, c2;

    if (!g->enable) {
        return true;
    }
    c1 = s->regs[g->enable / 4];
    c2 = s->regs[(g->enable + WB_RCC_EN_TO_C2EN) / 4];
    if (s->mode != WB_MODE_RUN) {
        c1 &= ~stm32wb_rcc_gated_in_sleep(s, g->enable);
    }
    if (s->mode == WB_MODE_STOP) { /* CPU2 sleeps as well */
        c2 &= s->regs[(g->enable + WB_RCC_EN_TO_C2EN + WB_RCC_EN_TO_SMEN) / 4] |
              ~has_sleep_bits(g->enable);
    }
    return (c1 | c2) & (1u << g->bit);
}

static uint64_t kernel_hz(const Stm32wbRcc *s, const WbClockGate *g)
{
    int source = 0;

    if (!g->own_enable && !is_enabled(s, g)) {
        return 0;
    }
    if (g->select >= 0) {
        source = extract32(s->regs[R_CCIPR], g->select, 2);
    }
    return s->hz[g->sources[source]];
}

static void set_clock(Clock *clk, uint64_t hz, bool propagate)
{
    if (clk && clock_set_hz(clk, hz) && propagate) {
        clock_propagate(clk);
    }
}

void stm32wb_rcc_tree_update(Stm32wbRcc *s, bool propagate)
{
    WbClockNode core = s->parent_obj.core == 0 ? WB_CLK_HCLK1 : WB_CLK_HCLK2;
    uint64_t core_hz = s->hz[core];

    update_nodes(s);
    if (s->hz[core] != core_hz && propagate) {
        trace_stm32wb_rcc_core(s->hz[WB_CLK_SYSCLK], s->hz[core]);
        orrery_core_hz(s->hz[core]);
    }
    /* a block that is told of its own change may look at these */
    for (int i = 0; i < ARRAY_SIZE(nodes); i++) {
        set_clock(s->node_out[nodes[i].node], s->hz[nodes[i].node], propagate);
    }
    for (int i = 0; i < ARRAY_SIZE(gates); i++) {
        const WbClockGate *g = &gates[i];

        set_clock(s->bus_out[i], is_enabled(s, g) ? s->hz[g->bus] : 0, propagate);
        set_clock(s->kernel_out[i], kernel_hz(s, g), propagate);
    }
}

void stm32wb_rcc_reset_blocks(Stm32wbRcc *s, hwaddr offset, uint32_t bits)
{
    Object *soc = OBJECT(s)->parent;

    for (int i = 0; i < ARRAY_SIZE(gates); i++) {
        const WbClockGate *g = &gates[i];

        if (g->enable && g->enable + WB_RCC_EN_TO_RST == offset &&
            (bits & (1u << g->bit))) {
            Object *block = object_resolve_path_component(soc, g->block);

            trace_stm32wb_rcc_reset_block(g->block);
            if (object_dynamic_cast(block, TYPE_STM32WB_BLOCK)) {
                STM32WB_BLOCK(block)->reset_by_rcc = true;
            }
            device_cold_reset(DEVICE(block));
        }
    }
}

static Clock *clock_out(Stm32wbRcc *s, const char *block, const char *suffix)
{
    g_autofree char *name = g_strdup_printf("%s.%s", block, suffix);

    return qdev_init_clock_out(DEVICE(s), name);
}

void stm32wb_rcc_tree_init(Stm32wbRcc *s)
{
    s->bus_out = g_new0(Clock *, ARRAY_SIZE(gates));
    s->kernel_out = g_new0(Clock *, ARRAY_SIZE(gates));
    for (int i = 0; i < ARRAY_SIZE(nodes); i++) {
        s->node_out[nodes[i].node] =
            qdev_init_clock_out(DEVICE(s), nodes[i].name);
    }
    for (int i = 0; i < ARRAY_SIZE(gates); i++) {
        s->bus_out[i] = clock_out(s, gates[i].block, "bus");
        s->kernel_out[i] = clock_out(s, gates[i].block, "kernel");
    }
}

void stm32wb_rcc_tree_finalize(Stm32wbRcc *s)
{
    g_free(s->bus_out);
    g_free(s->kernel_out);
}
