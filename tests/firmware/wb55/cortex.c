/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cortex.c - what RTOSes ask of the core: sleeping and waking, short interrupt windows, RETTOBASE,
 * lazy stacking of FP registers, SysTick to the cycle at every rate, and Lockup. DDI 0403E, PM0214.
 */
#include "test.h"

#define SCR_SLEEPONEXIT (1u << 1)
#define ICSR_RETTOBASE (1u << 11)
#define FPCCR REG32(0xe000ef34)
#define FPCAR REG32(0xe000ef38)
#define FPCCR_LSPACT 1u
/* Outlives the reset that ends the Lockup. */
#define LIFE REG32(SRAM2B_MEMORY + 0x7ff0)
#define LIFE_LOCKED 0x10c4ed01u

static volatile unsigned ticks, low_priority_runs, last_ticks;
static volatile uint32_t ret_to_base, nested_ret_to_base, tick_at[4], lspact_before, lspact_after;
static volatile bool use_fpu, locking;

void exc_SysTick(void)
{
    if (ticks < 4) {
        tick_at[ticks] = cycles();
    }
    ticks++;
    ret_to_base = SCB_ICSR & ICSR_RETTOBASE;
    if (ticks == last_ticks) {
        SYST_CSR = 0;
        SCB_SCR = 0;
    }
    if (use_fpu) {
        lspact_before = FPCCR & FPCCR_LSPACT;
        __asm__ volatile(".fpu fpv4-sp-d16\n\tvmov.f32 s0, #2.0\n\tvmov.f32 s15, #3.0" ::
                             : "memory");
        lspact_after = FPCCR & FPCCR_LSPACT;
    }
}

void irq_TIM2(void)
{
    low_priority_runs++;
    nested_ret_to_base = 0xffffffffu;
    SYST_RVR = 200;
    SYST_CVR = 0;
    ticks = 0;
    last_ticks = 1;
    SYST_CSR = 7;
    while (ticks == 0) {
    }
    nested_ret_to_base = ret_to_base;
}

void exc_PendSV(void)
{
    low_priority_runs++;
}

static void systick(uint32_t period, unsigned count)
{
    ticks = 0;
    last_ticks = count;
    SYST_RVR = period - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
}

static void sleeping(void)
{
    unsigned turns = 0;

    SCB_SCR = SCR_SLEEPONEXIT;
    systick(4000, 3);
    while (ticks < 3) {
        wfi();
        turns++;
    }
    CHECK_EQ("SLEEPONEXIT: thread mode waits for the third tick", turns, 1);

    __asm__ volatile("cpsid i");
    systick(4000, 1);
    wfi(); /* wakes, though the interrupt is not taken */
    CHECK_EQ("WFI wakes with PRIMASK set", ticks, 0);
    __asm__ volatile("cpsie i\n\tcpsid i\n\tisb");
    CHECK_EQ("taken between cpsie and cpsid", ticks, 1);
    __asm__ volatile("cpsie i");

    __asm__ volatile("sev");
    wfe(); /* if this sleeps, nothing wakes it */
    CHECK("SEV before WFE", true);
}

static void priorities(void)
{
    low_priority_runs = 0;
    NVIC_IPR(IRQ_TIM2) = 0x80; /* SysTick stays at 0 */
    irq_enable(IRQ_TIM2);
    NVIC_STIR = IRQ_TIM2;
    __asm__ volatile("isb");
    CHECK_EQ("STIR runs an interrupt", low_priority_runs, 1);
    CHECK_EQ("RETTOBASE is clear in a nested handler", nested_ret_to_base, 0);
    irq_disable(IRQ_TIM2);
    systick(400, 1);
    while (ticks == 0) {
    }
    CHECK_EQ("and set in one alone", ret_to_base, ICSR_RETTOBASE);
}

static void lazy_stacking(void)
{
    uint32_t s0, s15;

    SCB_CPACR |= 0xfu << 20;
    __asm__ volatile("dsb\n\tisb");
    CHECK_EQ("FPCCR: automatic and lazy", FPCCR >> 30, 3);
    use_fpu = true;
    systick(4000, 1);
    __asm__ volatile(".fpu fpv4-sp-d16\n\tvmov.f32 s0, #1.0\n\tvmov.f32 s15, #5.0" ::: "memory");
    while (ticks == 0) {
    }
    __asm__ volatile(".fpu fpv4-sp-d16\n\tvmov %0, s0\n\tvmov %1, s15" : "=r"(s0), "=r"(s15));
    use_fpu = false;
    CHECK_EQ("LSPACT before the handler uses the FPU", lspact_before, FPCCR_LSPACT);
    CHECK_EQ("and after", lspact_after, 0);
    CHECK_EQ("s0 comes back", s0, 0x3f800000);
    CHECK_EQ("s15 comes back", s15, 0x40a00000);
}

/* Three periods of SysTick in cycles, and the same in the time of TIM2. */
static void rates(const char *what, uint32_t period)
{
    uint32_t from, to;

    RCC_APB1ENR1 |= 1u << 0;
    TIM2_CR1 = 0;
    TIM2_PSC = 0;
    TIM2_ARR = ~0u;
    TIM2_EGR = 1;
    TIM2_CR1 = 1;
    systick(period, 4);
    while (ticks < 1) {
    }
    from = TIM2_CNT;
    while (ticks < 4) {
    }
    to = TIM2_CNT;
    TIM2_CR1 = 0;
    CHECK_EQ(name(what, "SysTick's period in cycles, three times"), tick_at[3] - tick_at[0],
             3 * period);
    CHECK_RANGE(name(what, "TIM2 counts as many"), to - from, 3 * period - 20, 3 * period + 20);
}

void exc_HardFault(void)
{
    if (locking) {
        (void)*(volatile uint32_t *)0x30000000; /* cannot escalate from here */
    }
    unexpected_exception();
}

/* Nothing is left but the watchdog. */
static void lock_up(void)
{
    LIFE = LIFE_LOCKED;
    RCC_CSR |= 1u << 23; /* RMVF */
    IWDG_KR = 0xcccc;
    IWDG_KR = 0x5555;
    IWDG_PR = 0;
    IWDG_RLR = 40;
    locking = true;
    (void)*(volatile uint32_t *)0x30000000;
    CHECK("a fault", false);
}

void test(void)
{
    if (LIFE == LIFE_LOCKED) {
        LIFE = 0;
        CHECK("IWDG ends the Lockup", RCC_CSR & (1u << 29));
        return;
    }
    sleeping();
    priorities();
    lazy_stacking();
    rates("4 MHz:", 5000);
    clock_64mhz();
    rates("64 MHz:", 12345);
    lock_up();
}
