/* SPDX-License-Identifier: Apache-2.0 */
/* power.c - regulators, Sleep, Stop, Standby, Shutdown: what stops, what wakes, what is forgotten;
 * RM0434 6. */
#include "test.h"

#define RCC_CR_MSION (1u << 0)
#define RCC_CR_HSION (1u << 8)
#define RCC_CR_HSEON (1u << 16)
#define CFGR_STOPWUCK (1u << 15)
#define CSR_BORRSTF (1u << 27)
#define CSR_RMVF (1u << 23)
#define CSR_FLAGS 0xfe000000u
#define CR1_STANDBY 3u
#define CR1_SHUTDOWN 4u
#define CR1_DBP (1u << 8)
#define CR1_LPR (1u << 14)
#define CR3_RRS (1u << 9)
#define CR3_EIWUL (1u << 15)
#define SR1_WUFI (1u << 15)
#define SR2_REGLPF (1u << 9)
#define SR2_VOSF (1u << 10)
#define EXTSCR_C1SBF (1u << 8)
#define EXTSCR_C1STOPF (1u << 9)
#define SCR_SLEEPDEEP (1u << 2)
#define RTC_WUTE (1u << 10)
#define RTC_WUTIE (1u << 14)
#define RTC_WUTF (1u << 10)
#define EXTI_WAKEUP (1u << 19)
#define LIFE RTC_BKP0R
#define MARK 0x5ca1ab1e
#define MARK_1 REG32(SRAM1_MEMORY + 0x20000)
#define MARK_2A REG32(SRAM2A_MEMORY + 0x4000)
#define MARK_2B REG32(SRAM2B_MEMORY + 0x4000)

static volatile uint32_t wakeups, ticks;

void exc_SysTick(void)
{
    ticks++;
}

void irq_RTC_WKUP(void)
{
    wakeups++;
    RTC_CR &= ~(RTC_WUTE | RTC_WUTIE);
    RTC_ISR = ~(RTC_WUTF | 1u << 7);
    EXTI_PR1 = EXTI_WAKEUP;
}

static void regulators(void)
{
    CHECK_EQ("range 1 after reset", PWR_CR1 >> 9 & 3, 1);
    PWR_CR1 |= 3u << 9;
    CHECK_EQ("a range that is not there", PWR_CR1 >> 9 & 3, 1);
    PWR_CR1 = (PWR_CR1 & ~(3u << 9)) | 2u << 9;
    PWR_CR1 = (PWR_CR1 & ~(3u << 9)) | 1u << 9;
    CHECK_EQ("VOSF on the way to range 1", PWR_SR2 & SR2_VOSF, SR2_VOSF);
    CHECK("VOSF clears", wait_until(&PWR_SR2, SR2_VOSF, 0, 1000));
    PWR_CR1 |= CR1_LPR;
    CHECK_EQ("REGLPF in low-power run", PWR_SR2 & SR2_REGLPF, SR2_REGLPF);
    PWR_CR1 &= ~CR1_LPR;
    CHECK("REGLPF clears", wait_until(&PWR_SR2, SR2_REGLPF, 0, 1000));
}

static void rtc_on(void)
{
    RCC_APB1ENR1 |= 1u << 10;
    PWR_CR1 |= CR1_DBP;
    lse_on();
    RCC_BDCR |= 1u << 8 | 1u << 15;
    EXTI_RTSR1 |= EXTI_WAKEUP;
    EXTI_C1IMR1 |= EXTI_WAKEUP;
    irq_enable(IRQ_RTC_WKUP);
}

/* An interrupt of the RTC in `ms`. */
static void alarm_in(uint32_t ms)
{
    RTC_WPR = 0xca;
    RTC_WPR = 0x53;
    RTC_CR &= ~(RTC_WUTE | RTC_WUTIE);
    RTC_ISR = ~(RTC_WUTF | 1u << 7);
    wait_until(&RTC_ISR, 1u << 2, 1u << 2, 10000);
    RTC_WUTR = ms * 32768 / 2000 - 1;
    RTC_CR = (RTC_CR & ~7u) | 3u | RTC_WUTE | RTC_WUTIE;
}

static void sleep_ms(uint32_t ms)
{
    irqs_off();
    alarm_in(ms);
    wfi();
    irqs_on();
}

/* Core cycles, HCLK1 ticks of SysTick and of TIM2 that pass in 100 ms of low power. */
struct passed {
    uint32_t cycles, systick, tim2;
};

static struct passed pass_100ms(void)
{
    struct passed p;
    uint32_t core = cycles(), tim2 = TIM2_CNT, systick;

    ticks = 0;
    SYST_CVR = 0;
    systick = SYST_CVR;
    sleep_ms(100);
    p.cycles = cycles() - core;
    p.tim2 = TIM2_CNT - tim2;
    p.systick = (systick - SYST_CVR) & 0xffffff;
    return p;
}

static void sleep(void)
{
    struct passed p;

    RCC_APB1ENR1 |= 1u;
    TIM2_ARR = 0xffffffff;
    TIM2_CR1 = 1;
    SYST_RVR = 0xffffff;
    SYST_CSR = 5;
    p = pass_100ms();
    CHECK_RANGE("Sleep: the cycle counter stands", p.cycles, 1, 20000);
    CHECK_RANGE("Sleep: SysTick runs", p.systick, 399000, 420000);
    CHECK_RANGE("Sleep: TIM2 runs", p.tim2, 399000, 420000);
    RCC_APB1SMENR1 &= ~1u;
    p = pass_100ms();
    CHECK_RANGE("Sleep: TIM2 stands without TIM2SMEN", p.tim2, 1, 20000);
    RCC_APB1SMENR1 |= 1u;
}

static void stop(const char *mode, uint32_t lpms)
{
    struct passed p;

    wakeups = 0;
    clock_hse32();
    PWR_CR1 = (PWR_CR1 & ~7u) | lpms;
    PWR_C2CR1 = 7;
    PWR_EXTSCR = 1;
    SCB_SCR = SCR_SLEEPDEEP;
    p = pass_100ms();
    SCB_SCR = 0;
    CHECK_EQ(name(mode, "wakes by EXTI"), wakeups, 1);
    CHECK_EQ(name(mode, "wakes on MSI"), RCC_CFGR & 0xf, 0);
    CHECK_EQ(name(mode, "leaves HSE off"), RCC_CR & (3u << 16), 0);
    CHECK_EQ(name(mode, "sets C1STOPF"), PWR_EXTSCR & EXTSCR_C1STOPF, EXTSCR_C1STOPF);
    CHECK_RANGE(name(mode, "stops SysTick"), p.systick, 1, 20000);
    CHECK_RANGE(name(mode, "stops TIM2"), p.tim2, 1, 20000);
    core_hz = 4000000;
    PWR_EXTSCR = 1;
    CHECK_EQ(name(mode, "C1STOPF cleared"), PWR_EXTSCR & EXTSCR_C1STOPF, 0);
}

static void stop_modes(void)
{
    stop("Stop 0", 0);
    stop("Stop 1", 1);
    stop("Stop 2", 2);
    RCC_CFGR |= CFGR_STOPWUCK;
    SCB_SCR = SCR_SLEEPDEEP;
    sleep_ms(10);
    SCB_SCR = 0;
    CHECK_EQ("STOPWUCK: wakes on HSI16", RCC_CFGR & 0xf, 5);
    RCC_CFGR = 0;
    RCC_CR |= RCC_CR_MSION;
    wait_until(&RCC_CFGR, 0xc, 0, 10000);
    PWR_C2CR1 = 0;
    PWR_CR1 = (PWR_CR1 & ~7u) | CR1_STANDBY;
    SCB_SCR = SCR_SLEEPDEEP;
    sleep_ms(10);
    SCB_SCR = 0;
    CHECK("CPU2's mode keeps the system from Standby", true);
    RCC_CSR |= CSR_RMVF;
}

static _Noreturn void power_down(uint32_t lpms, uint32_t cr3)
{
    MARK_1 = MARK_2A = MARK_2B = MARK;
    LIFE = LIFE + 1;
    PWR_C2CR1 = 7;
    PWR_CR1 = (PWR_CR1 & ~7u) | lpms;
    PWR_CR3 = CR3_EIWUL | cr3;
    SCB_SCR = SCR_SLEEPDEEP;
    irqs_off();
    alarm_in(100);
    irq_disable(IRQ_RTC_WKUP);
    wfi();
    CHECK("nobody gets here", false);
    finish();
}

void test(void)
{
    uint32_t flags = RCC_CSR & CSR_FLAGS, sr1 = PWR_SR1, extscr = PWR_EXTSCR;

    RCC_APB1ENR1 |= 1u << 10;
    switch (LIFE) {
    case 0:
        regulators();
        rtc_on();
        sleep();
        stop_modes();
        power_down(CR1_STANDBY, CR3_RRS);
    case 1:
        CHECK_EQ("Standby sets C1SBF", extscr & EXTSCR_C1SBF, EXTSCR_C1SBF);
        CHECK_EQ("Standby ends by RTC: WUFI", sr1 & SR1_WUFI, SR1_WUFI);
        CHECK_EQ("Standby leaves no reset flag", flags, 0);
        CHECK_EQ("Standby keeps CR3", PWR_CR3, CR3_EIWUL | CR3_RRS);
        CHECK_EQ("Standby resets CR1", PWR_CR1, 0x200);
        CHECK_EQ("Standby keeps SRAM2a with RRS", MARK_2A, MARK);
        CHECK("Standby loses SRAM2b", MARK_2B != MARK);
        CHECK("Standby loses SRAM1", MARK_1 != MARK);
        rtc_on();
        power_down(CR1_STANDBY, 0);
    case 2:
        CHECK("Standby without RRS loses SRAM2a", MARK_2A != MARK);
        CHECK_EQ("Standby again", extscr & EXTSCR_C1SBF, EXTSCR_C1SBF);
        rtc_on();
        PWR_EXTSCR = 1;
        IWDG_KR = 0xcccc;
        IWDG_KR = 0x5555;
        IWDG_RLR = 400; /* 50 ms, the Shutdown 100 ms */
        wait_until(&IWDG_SR, 7, 0, 100000);
        IWDG_KR = 0xaaaa;
        power_down(CR1_SHUTDOWN, CR3_RRS);
    default:
        CHECK_EQ("Shutdown: no C1SBF", extscr & EXTSCR_C1SBF, 0);
        CHECK_EQ("Shutdown resets as power-on does", flags & CSR_BORRSTF, CSR_BORRSTF);
        CHECK_EQ("Shutdown stops IWDG", flags & 1u << 29, 0);
        CHECK_EQ("Shutdown resets CR3", PWR_CR3, 0x8000);
        CHECK("Shutdown loses SRAM2a", MARK_2A != MARK);
        CHECK_EQ("Shutdown keeps the backup registers", LIFE, 3);
        break;
    }
}
