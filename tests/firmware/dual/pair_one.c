/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair_one.c - the two cores of the chip: CPU2's start, memories, what is CPU2's alone, flash,
 * clocks, registers of both, events, low power and resets. CPU2 runs pair_two.c.
 */
#include "pair.h"

#include "test.h"

#define C2BOOT (1u << 15)
#define HSEM_R3 REG32(0x5800140c)
#define HSEM_RLR3 REG32(0x5800148c)
#define HSEM_MINE 0x80000400u
#define SR_BSY (1u << 16)
#define SR_WRPERR (1u << 4)
#define SCR_SLEEPDEEP (1u << 2)
#define EXTSCR_FLAGS 0xf00u
#define C2DS (1u << 15)
/* Outlives a reset; LIFE is the number of resets so far. */
#define LIFE REG32(0x2002ff00)
#define MAGIC 0x9a120000u

static volatile uint32_t c2sev, received;

void irq_C2SEV(void)
{
    EXTI_PR2 = 1u << 8;
    c2sev++;
}

void irq_IPCC_RX(void)
{
    received++;
    IPCC_C1SCR = 1;
}

static void start_order(enum order order, uint32_t a, uint32_t b, uint32_t c)
{
    PAIR->order = order;
    PAIR->a = a;
    PAIR->b = b;
    PAIR->c = c;
    IPCC_C1SCR = 1u << 16;
}

static bool is_done(void)
{
    return wait_until(&IPCC_C1TO2SR, 1, 0, 1000000);
}

static uint32_t order(enum order order, uint32_t a, uint32_t b, uint32_t c)
{
    start_order(order, a, b, c);
    return is_done() ? PAIR->result : 0xdeaddead;
}

static void boot(const char *life)
{
    CHECK_EQ(name(life, "C2BOOT is clear"), PWR_CR4 & C2BOOT, 0);
    PAIR->boots = 0;
    delay_us(1000);
    CHECK_EQ(name(life, "held until it is set"), PAIR->boots, 0);
    PWR_CR4 |= C2BOOT;
    CHECK_EQ(name(life, "its vectors are SBRV's"), order(ORDER_PING, 0, 0, 0), CPU2_FLASH);
    CHECK_EQ(name(life, "booted once"), PAIR->boots, 1);
    PWR_CR4 &= ~C2BOOT;
    PWR_CR4 |= C2BOOT;
    delay_us(1000);
    CHECK_EQ(name(life, "again has no effect"),
             order(ORDER_PING, 0, 0, 0) == CPU2_FLASH && PAIR->boots == 1, 1);
}

static void memories(void)
{
    static const struct {
        const char *name;
        uint32_t at;
    } words[] = {{"SRAM1:", 0x2002fe00}, {"SRAM2a:", 0x20030200}, {"SRAM2b:", 0x20038000}};

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        REG32(words[i].at) = 0x600d0000 + i;
        CHECK_EQ(name(words[i].name, "CPU2 reads it"), order(ORDER_READ, words[i].at, 0, 0),
                 0x600d0000 + i);
        order(ORDER_WRITE, words[i].at, 0xbead0000 + i, 0);
        CHECK_EQ(name(words[i].name, "and its own write is read"), REG32(words[i].at),
                 0xbead0000 + i);
    }
    CHECK_EQ("the same flash", order(ORDER_READ, 0x08000004, 0, 0), REG32(0x08000004));
    CHECK_EQ("the same identity", order(ORDER_READ, 0x1fff7580, 0, 0), REG32(0x1fff7580));
    CHECK("RNG is another", order(ORDER_READ, 0x58001000, 0, 0) == 0);
}

static void unlock_flash(void)
{
    FLASH_KEYR = 0x45670123;
    FLASH_KEYR = 0xcdef89ab;
}

static void program(uint32_t at, uint32_t low, uint32_t high)
{
    FLASH_CR = 1u << 1 | (at - 0x08000000) / 4096 << 3;
    FLASH_CR |= 1u << 16;
    wait_until(&FLASH_SR, SR_BSY, 0, 100000);
    FLASH_CR = 1;
    REG32(at) = low;
    REG32(at + 4) = high;
    wait_until(&FLASH_SR, SR_BSY, 0, 100000);
    FLASH_CR = 0;
}

static void secure(void)
{
    CHECK("CPU2 reads its flash", order(ORDER_READ, CPU2_FLASH, 0, 0) != 0);
    CHECK_EQ("CPU1 reads zero there", REG32(CPU2_FLASH), 0);
    CHECK("and not before", REG32(CPU2_FLASH - 4) == 0xffffffff);
    order(ORDER_WRITE, 0x20037000, 0x5ec2e7, 0);
    CHECK_EQ("SRAM2a of CPU2", REG32(0x20037000), 0);
    CHECK_EQ("by its other address", REG32(0x10007000), 0);
    REG32(0x20037000) = 1;
    CHECK_EQ("CPU1's write is ignored", order(ORDER_READ, 0x20037000, 0, 0), 0x5ec2e7);
    CHECK_EQ("SRAM2b of CPU2", (REG32(0x2003a800) = 1, REG32(0x2003a800)), 0);
    unlock_flash();
    FLASH_SR = 0xffff;
    FLASH_CR = 1;
    REG32(CPU2_FLASH + 0x20000) = 1;
    REG32(CPU2_FLASH + 0x20004) = 1;
    CHECK("programming it is an error", (FLASH_SR & SR_WRPERR) != 0);
    FLASH_SR = 0xffff;
    FLASH_CR = 0;
    CHECK_EQ("and does nothing", order(ORDER_READ, CPU2_FLASH + 0x20000, 0, 0), 0xffffffff);
}

/* RCC resets the semaphores of both cores. */
static void reset_semaphores(void)
{
    CHECK_EQ("CPU2 takes a semaphore", order(ORDER_READ, 0x580014a4, 0, 0), 0x80000800);
    CHECK_EQ("CPU1 another", HSEM_RLR3, HSEM_MINE);
    CHECK_EQ("CPU1 sees CPU2's", HSEM_R9, 0x80000800);
    RCC_AHB3RSTR |= 1u << 19;
    RCC_AHB3RSTR &= ~(1u << 19);
    CHECK_EQ("a reset by RCC frees both", HSEM_R9 | HSEM_R3, 0);
    CHECK_EQ("for CPU2, too", order(ORDER_READ, 0x580014a4, 0, 0), 0x80000800);
    order(ORDER_WRITE, 0x58001424, 0x800, 0);
    CHECK_EQ("which gives it back", HSEM_R9, 0);
}

static uint32_t call(uint32_t at)
{
    return ((uint32_t(*)(void))(uintptr_t)(at | 1))();
}

static void flash(void)
{
    program(PAGE_A, RETURNS(1), 0);
    CHECK_EQ("CPU2 runs what CPU1 programmed", order(ORDER_CALL, PAGE_A, 0, 0), 1);
    program(PAGE_A, RETURNS(2), 0);
    CHECK_EQ("and what it programmed over it", order(ORDER_CALL, PAGE_A, 0, 0), 2);
    program(PAGE_B, RETURNS(3), 0);
    CHECK_EQ("CPU1 runs its own", call(PAGE_B), 3);
    FLASH_CR = 1u << 31;
    CHECK_EQ("CPU2 programs", order(ORDER_PROGRAM, PAGE_B, RETURNS(4), 0) & 0xffff, 0);
    delay_us(10);
    CHECK_EQ("CPU1 runs that", call(PAGE_B), 4);
    CHECK("the lock is one", (FLASH_CR >> 31) == 1);
}

static uint32_t spin_cycles(uint32_t rounds)
{
    uint32_t from = cycles();

    order(ORDER_SPIN, rounds, 0, 0);
    return cycles() - from;
}

static void toggle(uint32_t times)
{
    uint32_t wrong = 0, mine = RCC_AHB2ENR & 1;

    RCC_AHB2ENR &= ~2u;
    start_order(ORDER_TOGGLE, times, 0, 0);
    while (times--) {
        while (HSEM_RLR3 != HSEM_MINE) {
        }
        wrong += (RCC_AHB2ENR & 1) != mine;
        RCC_AHB2ENR ^= 1;
        mine ^= 1;
        HSEM_R3 = 0x400;
        for (volatile uint32_t i = times % 7; i; i--) {
        }
    }
    CHECK("CPU2 has toggled, too", is_done());
    CHECK_EQ("no write of CPU1's was lost", wrong, 0);
    CHECK_EQ("nor of CPU2's", PAIR->result, 0);
}

static void clocks(void)
{
    uint32_t full, quarter;

    RCC_EXTCFGR = 0;
    full = spin_cycles(3000);
    RCC_EXTCFGR = 9u << 4; /* C2HPRE: 4 */
    delay_us(10);
    quarter = spin_cycles(3000);
    RCC_EXTCFGR = 8u << 4;
    CHECK("CPU2 runs at HCLK2", quarter > full * 7 / 2 && quarter < full * 9 / 2);
    CHECK_EQ("it reads CPU1's clock", order(ORDER_READ, 0x58000008, 0, 0), RCC_CFGR);
    RCC_CRRCR = 1;
    CHECK_EQ("HSI48 is not ready at once", order(ORDER_READ, 0x58000098, 0, 0) & 1, 1);
    CHECK("and then both see it",
          wait_until(&RCC_CRRCR, 2, 2, 1000) && (order(ORDER_READ, 0x58000098, 0, 0) & 2));
    order(ORDER_WRITE, 0x58000098, 0, 0);
    CHECK_EQ("CPU2 stops it", RCC_CRRCR & 3, 0);
    toggle(300);
}

static void events(void)
{
    irq_enable(IRQ_C2SEV);
    EXTI_RTSR2 |= 3u << 8;
    EXTI_C1IMR2 |= 1u << 8;
    EXTI_C2IMR2 |= 1u << 9;
    order(ORDER_WRITE, 0x58000828, 1u << 8, 0);
    delay_us(20);
    CHECK_EQ("CPU2's line 40 interrupts CPU1", c2sev, 1);
    EXTI_SWIER2 = 1u << 9;
    delay_us(20);
    CHECK_EQ("CPU1's line 41 interrupts CPU2", order(ORDER_EVENT, 0, 0, 0), 1);
    CHECK_EQ("each cleared its own", EXTI_PR2, 0);
    EXTI_C2IMR2 &= ~(1u << 9);
    GPIOA_MODER = (GPIOA_MODER & ~3u) | 1;
    EXTI_RTSR1 |= 1;
    EXTI_C2IMR1 |= 1;
    for (unsigned i = 0; i < 3; i++) {
        GPIOA_BSRR = 1;
        delay_us(20);
        GPIOA_BSRR = 1u << 16;
    }
    CHECK_EQ("edges of a pin of CPU1's interrupt CPU2", order(ORDER_EVENT, 0, 0, 0), 0x301);
    CHECK_EQ("which cleared them", EXTI_PR1, 0);
}

static void sleep_deep(void)
{
    SCB_SCR |= SCR_SLEEPDEEP;
    __asm__ volatile("dsb\n\twfi" ::: "memory");
    SCB_SCR &= ~SCR_SLEEPDEEP;
}

static void low_power(void)
{
    PWR_CR1 = (PWR_CR1 & ~7u) | 1; /* Stop 1 */
    PWR_C2CR1 = 1;
    PWR_EXTSCR = 3;
    IPCC_C1CR = 1;
    IPCC_C1MR &= ~1u;
    irq_enable(IRQ_IPCC_RX);
    order(ORDER_DEEP, 0, 0, 0);
    delay_us(100);
    CHECK("CPU2 is seen asleep", (PWR_EXTSCR & C2DS) != 0);
    order(ORDER_PING, 0, 0, 0);
    delay_us(100);
    CHECK_EQ("and awake, but for Sleep", PWR_EXTSCR & (C2DS | EXTSCR_FLAGS), 0);
    order(ORDER_SEND, 20000, 0, 0);
    sleep_deep();
    CHECK_EQ("CPU2 has woken CPU1", received, 1);
    CHECK_EQ("the system did not stop while it ran", PWR_EXTSCR & EXTSCR_FLAGS, 0);
    CHECK_EQ("nor its clock", RCC_CFGR >> 2 & 3, 3);
    order(ORDER_NAP, 5000, 0, 0);
    sleep_deep();
    CHECK_EQ("the radio has woken CPU2, and that CPU1", received, 2);
    CHECK_EQ("the system was in Stop", PWR_EXTSCR & EXTSCR_FLAGS, 0xa00);
    CHECK_EQ("and CPU1 on MSI", RCC_CFGR >> 2 & 3, 0);
    CHECK_EQ("as CPU2", order(ORDER_READ, 0x58000008, 0, 0) >> 2 & 3, 0);
    clock_64mhz();
}

static _Noreturn void reset_self(void)
{
    LIFE++;
    SCB_AIRCR = 0x05fa0004;
    for (;;) {
    }
}

void test(void)
{
    static const char *const lives[] = {
        "power-on:", "CPU1's reset:", "CPU2's reset:", "option bytes:", "IWDG:"};

    if ((LIFE & 0xffff0000u) != MAGIC) {
        LIFE = MAGIC;
    }
    clock_64mhz();
    clocks_on();
    boot(LIFE - MAGIC < 5 ? lives[LIFE - MAGIC] : "one too many:");
    switch (LIFE) {
    case MAGIC:
        memories();
        secure();
        flash();
        clocks();
        reset_semaphores();
        events();
        low_power();
        reset_self();
    case MAGIC + 1:
        CHECK("CPU1's reset held CPU2", (RCC_CSR & (1u << 28)) != 0);
        RCC_CSR |= 1u << 23;
        LIFE++;
        start_order(ORDER_RESET, 0, 0, 0);
        delay_us(1000);
        CHECK("CPU2's reset resets CPU1", false);
        break;
    case MAGIC + 2:
        CHECK("as a software reset", (RCC_CSR & (1u << 28)) != 0);
        RCC_CSR |= 1u << 23;
        LIFE++;
        unlock_flash();
        FLASH_OPTKEYR = 0x08192a3b;
        FLASH_OPTKEYR = 0x4c5d6e7f;
        FLASH_CR = 1u << 27; /* OBL_LAUNCH */
        delay_us(1000);
        CHECK("option bytes reset", false);
        break;
    case MAGIC + 3:
        CHECK("by option bytes", (RCC_CSR & (1u << 25)) != 0);
        RCC_CSR |= 1u << 23;
        LIFE++;
        IWDG_KR = 0xcccc;
        IWDG_KR = 0x5555;
        IWDG_RLR = 10;
        wait_until(&IWDG_SR, 7, 0, 100000);
        IWDG_KR = 0xaaaa;
        delay_us(100000);
        CHECK("IWDG resets", false);
        break;
    case MAGIC + 4:
        CHECK("by IWDG", (RCC_CSR & (1u << 29)) != 0);
        break;
    default:
        CHECK_EQ("resets", LIFE, MAGIC + 4);
    }
}
