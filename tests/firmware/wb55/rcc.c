/* SPDX-License-Identifier: Apache-2.0 */
/* rcc.c - clock tree, ready flags and interrupts, gates, resets, write protection; RM0434
 * chapter 8. */
#include "test.h"

#define CR_MSIRDY (1u << 1)
#define CR_HSION (1u << 8)
#define CR_HSIRDY (1u << 10)
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define CR_PLLSAI1ON (1u << 26)
#define CR_PLLSAI1RDY (1u << 27)
#define CFGR_SWS (3u << 2)
#define BDCR_LSEON (1u << 0)
#define BDCR_LSERDY (1u << 1)
#define BDCR_BDRST (1u << 16)
#define CSR_LSI1ON (1u << 0)
#define CSR_RMVF (1u << 23)
#define CSR_FLAGS 0xfe000000u
#define CSR_SFTRSTF (1u << 28)
#define CSR_PINRSTF (1u << 26)
#define CR1_DBP (1u << 8)
#define IT_LSI1 (1u << 0)
#define IT_HSI (1u << 3)
#define IT_PLL (1u << 5)

/* Left by the program's first life for its second; start.c does not touch the end of SRAM2b. */
#define LIFE REG32(SRAM2B_MEMORY + 0x7ff0)
#define SECOND_LIFE 0x5ec0d11f

static volatile uint32_t interrupts, flags;

void irq_RCC(void)
{
    interrupts++;
    flags |= RCC_CIFR;
    RCC_CICR = RCC_CIFR;
}

static uint32_t ready_us(volatile uint32_t *reg, uint32_t on, uint32_t ready)
{
    uint32_t from = cycles();

    *reg |= on;
    while (!(*reg & ready)) {
    }
    return ns_since(from) / 1000;
}

static void startup(void)
{
    CHECK_EQ("CR after reset", RCC_CR, 0x63);
    CHECK_EQ("CFGR after reset", RCC_CFGR, 0x00070000);
    CHECK_EQ("EXTCFGR after reset", RCC_EXTCFGR, 0x00030000);
    CHECK_RANGE("HSI16 starts in microseconds", ready_us(&RCC_CR, CR_HSION, CR_HSIRDY), 2, 20);
    CHECK_RANGE("HSE starts", ready_us(&RCC_CR, CR_HSEON, CR_HSERDY), 200, 300);
    CHECK_RANGE("HSI48 starts", ready_us(&RCC_CRRCR, 1, 2), 1, 20);
    CHECK_RANGE("LSI1 starts", ready_us(&RCC_CSR, 1, 2), 70, 140);
    CHECK_RANGE("LSI2 starts", ready_us(&RCC_CSR, 4, 8), 900, 2000);
    RCC_CR &= ~CR_HSION;
    CHECK_EQ("HSI16 stops", RCC_CR & CR_HSIRDY, 0);
    RCC_CR &= ~1u;
    CHECK_EQ("MSI does not stop as SYSCLK", RCC_CR & 3, 3);
}

static void ready_interrupts(void)
{
    irq_enable(IRQ_RCC);
    RCC_CSR &= ~CSR_LSI1ON;
    RCC_CIER = IT_LSI1 | IT_HSI;
    RCC_CSR |= CSR_LSI1ON;
    RCC_CR |= CR_HSION;
    delay_us(300);
    CHECK_EQ("ready interrupts", interrupts, 2);
    CHECK_EQ("ready interrupts name their source", flags, IT_LSI1 | IT_HSI);
    RCC_CIER = 0;
    RCC_CR &= ~CR_HSION;
    RCC_CR |= CR_HSION;
    delay_us(50);
    CHECK_EQ("no flag without its enable bit", RCC_CIFR, 0);
}

static void prescalers(void)
{
    RCC_CFGR = 8u << 4; /* HCLK = SYSCLK / 2 */
    CHECK_EQ("HPRE applied", RCC_CFGR & (15u << 4 | 1u << 16), 8u << 4 | 1u << 16);
    RCC_CFGR = 4u << 8 | 5u << 11;
    CHECK_EQ("PPRE applied", RCC_CFGR & (3u << 17), 3u << 17);
    RCC_CFGR = 0;
    RCC_EXTCFGR = 0x88;
    CHECK_EQ("SHDHPRE, C2HPRE applied", RCC_EXTCFGR, 0x00030088);
    RCC_EXTCFGR = 0;
}

static void pll(void)
{
    uint32_t cfgr = 3u | (2u - 1) << 4 | 8u << 8 | 1u << 28 | 1u << 29; /* 32 / 2 * 8 / 2 */

    RCC_PLLCFGR = 0;
    RCC_CR |= CR_PLLON;
    delay_us(60);
    CHECK_EQ("PLL without a source does not lock", RCC_CR & CR_PLLRDY, 0);
    RCC_CR &= ~CR_PLLON;
    RCC_PLLCFGR = cfgr;
    CHECK_RANGE("PLL locks", ready_us(&RCC_CR, CR_PLLON, CR_PLLRDY), 14, 50);
    RCC_PLLCFGR = cfgr + (1u << 8);
    CHECK_EQ("PLLN is fixed while it runs", RCC_PLLCFGR, cfgr);
    RCC_CFGR = 3;
    CHECK_EQ("SYSCLK from PLL", RCC_CFGR & CFGR_SWS, CFGR_SWS);
    RCC_CR &= ~(CR_PLLON | CR_HSEON);
    CHECK_EQ("nor do PLL and HSE stop as SYSCLK", RCC_CR & (CR_PLLON | CR_HSEON),
             CR_PLLON | CR_HSEON);
    RCC_PLLSAI1CFGR = 6u << 8 | 1u << 24 | 1u << 25;
    ready_us(&RCC_CR, CR_PLLSAI1ON, CR_PLLSAI1RDY);
    CHECK("PLLSAI1 locks", RCC_CR & CR_PLLSAI1RDY);
    RCC_CFGR = 0;
    CHECK_EQ("SYSCLK back from MSI", RCC_CFGR & CFGR_SWS, 0);
    RCC_CR &= ~(CR_PLLON | CR_PLLSAI1ON | CR_HSEON);
    CHECK_EQ("and then they stop", RCC_CR & (CR_PLLRDY | CR_HSERDY | CR_PLLSAI1RDY), 0);
    RCC_CFGR = 2;
    CHECK_EQ("a switch to a stopped HSE waits", RCC_CFGR & CFGR_SWS, 0);
    RCC_CR |= CR_HSEON;
    delay_us(300);
    CHECK_EQ("and happens when it is ready", RCC_CFGR & CFGR_SWS, 2u << 2);
    RCC_CFGR = 0;
}

/* Core cycles that a tick of SysTick takes, in hundredths. */
static uint32_t cycles_a_tick(void)
{
    uint32_t from = cycles(), ticks = SYST_CVR;

    delay_cycles(80000);
    ticks -= SYST_CVR;
    return (cycles() - from) * 100 / ticks;
}

static void systick(void)
{
    SYST_RVR = 0xffffff;
    SYST_CVR = 0;
    SYST_CSR = 1;
    delay_cycles(100); /* the first tick loads it */
    CHECK_RANGE("SysTick on HCLK / 8", cycles_a_tick(), 790, 810);
    RCC_CFGR = 9u << 4;
    CHECK_RANGE("SysTick on HCLK / 8, slower", cycles_a_tick(), 790, 810);
    SYST_CSR = 5;
    CHECK_RANGE("SysTick on HCLK", cycles_a_tick(), 99, 101);
    RCC_CFGR = 0;
    CHECK_RANGE("SysTick on HCLK, faster", cycles_a_tick(), 99, 101);
    SYST_CSR = 0;
}

static void msi_ranges(void)
{
    RCC_CR = (RCC_CR & ~0xf0u) | 11u << 4;
    CHECK_EQ("MSI range 48 MHz", RCC_CR >> 4 & 15, 11);
    RCC_CR |= 0xf0;
    CHECK_EQ("a range that is not there is not taken", RCC_CR >> 4 & 15, 11);
    RCC_CR = (RCC_CR & ~0xf0u) | 6u << 4;
}

static void backup_domain(void)
{
    RCC_BDCR |= BDCR_LSEON;
    CHECK_EQ("BDCR is protected", RCC_BDCR, 0);
    PWR_CR1 |= CR1_DBP;
    CHECK_RANGE("LSE starts", ready_us(&RCC_BDCR, BDCR_LSEON, BDCR_LSERDY), 190000, 2100000);
    RCC_BDCR |= 1u << 8 | 1u << 15;
    RCC_BDCR = (RCC_BDCR & ~(3u << 8)) | 2u << 8;
    CHECK_EQ("RTCSEL is chosen once", RCC_BDCR >> 8 & 3, 1);
    RCC_BDCR |= BDCR_BDRST;
    CHECK_EQ("a backup domain reset stops LSE", RCC_BDCR, BDCR_BDRST);
    RCC_BDCR = 0;
    RCC_BDCR = BDCR_LSEON;
}

static void gates(void)
{
    RCC_APB1ENR1 &= ~1u;
    TIM2_ARR = 0x1234;
    CHECK_EQ("no bus clock: reads as zero", TIM2_ARR, 0);
    RCC_AHB2ENR |= 1u << 1;
    GPIOB_ODR = 0x5a;
    CHECK_EQ("bus clock on", GPIOB_ODR, 0x5a);
    RCC_AHB2RSTR = 1u << 1;
    RCC_AHB2RSTR = 0;
    CHECK_EQ("a peripheral's reset", GPIOB_ODR, 0);
    GPIOB_ODR = 0x5a;
    RCC_AHB2ENR &= ~(1u << 1);
    CHECK_EQ("bus clock off", GPIOB_ODR, 0);
    RCC_C2AHB2ENR |= 1u << 1;
    CHECK_EQ("on for CPU2", GPIOB_ODR, 0x5a);
    RCC_C2AHB2ENR = 0;
    RCC_APB1ENR1 |= 1u << 11;
    RCC_APB1ENR1 &= ~(1u << 11);
    CHECK_EQ("WWDG's clock stays on", RCC_APB1ENR1 >> 11 & 1, 1);
    CHECK_EQ("sleep-mode enables after reset", RCC_AHB1SMENR, 0x11207);
}

static void hsecr(void)
{
    RCC_HSECR = 0x1010;
    CHECK_EQ("HSECR is locked", RCC_HSECR, 0x30);
    RCC_HSECR = 0xcafecafe;
    CHECK_EQ("HSECR unlocked", RCC_HSECR, 0x31);
    RCC_HSECR = 0x1010;
    CHECK_EQ("HSECR takes one write", RCC_HSECR, 0x1010);
}

static void second_life(void)
{
    LIFE = 0;
    CHECK_EQ("reset flags of a software reset", RCC_CSR & CSR_FLAGS, CSR_SFTRSTF | CSR_PINRSTF);
    CHECK_EQ("CR is reset", RCC_CR, 0x63);
    CHECK_EQ("enable bits are reset", RCC_AHB1ENR, 0);
    CHECK_EQ("LSE goes on", RCC_BDCR & BDCR_LSERDY, BDCR_LSERDY);
    CHECK_EQ("LSI goes on", RCC_CSR & 3, 3);
    CHECK_EQ("DBP is reset", PWR_CR1 & CR1_DBP, 0);
}

void test(void)
{
    if (LIFE == SECOND_LIFE) {
        second_life();
        return;
    }
    CHECK_EQ("reset flags of a power-on", RCC_CSR & CSR_FLAGS, 0x0c000000);
    startup();
    ready_interrupts();
    prescalers();
    systick();
    pll();
    msi_ranges();
    gates();
    hsecr();
    backup_domain();
    while (!(RCC_BDCR & BDCR_LSERDY)) {
    }
    RCC_CSR |= CSR_RMVF;
    CHECK_EQ("RMVF clears the reset flags", RCC_CSR & (CSR_FLAGS | CSR_RMVF), 0);
    LIFE = SECOND_LIFE;
    SCB_AIRCR = 0x05fa0004;
    for (;;) {
    }
}
