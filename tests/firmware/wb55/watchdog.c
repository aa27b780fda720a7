/* SPDX-License-Identifier: Apache-2.0 */
/* watchdog.c - IWDG and WWDG: times, windows, early wake-up, resets and their flags; RM0434 33, 34.
 */
#include "test.h"

#define CSR_IWDGRSTF (1u << 29)
#define CSR_WWDGRSTF (1u << 30)
#define CSR_PINRSTF (1u << 26)
#define CSR_RMVF (1u << 23)
#define CSR_FLAGS 0xfe000000u
/* Outlive the resets: which life this is, when the last began, and cycles it lasted at least. */
#define LIFE REG32(SRAM2B_MEMORY + 0x7ff0)
#define LIFE_MAGIC 0x11fe0000u
#define LASTED REG32(SRAM2B_MEMORY + 0x7ff4)

static volatile uint32_t early;

void irq_WWDG(void)
{
    early = cycles();
    WWDG_SR = 0;
}

static _Noreturn void live_on(void)
{
    for (;;) {
        LASTED = cycles();
    }
}

static void iwdg_set(uint32_t prescaler, uint32_t reload)
{
    IWDG_KR = 0xcccc;
    IWDG_KR = 0x5555;
    IWDG_PR = prescaler;
    IWDG_RLR = reload;
    wait_until(&IWDG_SR, 7, 0, 100000);
    IWDG_KR = 0xaaaa;
}

static void iwdg_timeout(void)
{
    uint32_t from;

    IWDG_RLR = 1;
    CHECK_EQ("RLR is protected", IWDG_RLR, 0xfff);
    IWDG_KR = 0xcccc;
    IWDG_KR = 0x5555;
    IWDG_RLR = 0xffe;
    CHECK_EQ("SR shows the update", IWDG_SR, 2);
    CHECK("and its end", wait_until(&IWDG_SR, 7, 0, 100000));
    iwdg_set(1, 99); /* 100 steps of 250 us */
    for (unsigned i = 0; i < 3; i++) {
        delay_us(20000);
        IWDG_KR = 0xaaaa;
    }
    from = cycles();
    CHECK("refreshed three times", true);
    LASTED = 0;
    for (;;) {
        LASTED = cycles() - from;
    }
}

static void iwdg_window(void)
{
    iwdg_set(1, 99);
    IWDG_KR = 0x5555;
    IWDG_WINR = 50;
    wait_until(&IWDG_SR, 7, 0, 100000);
    delay_us(15000);
    IWDG_KR = 0xaaaa; /* at 40: in the window */
    delay_us(5000);
    CHECK("IWDG: a refresh in the window", true);
    LASTED = 0;
    IWDG_KR = 0xaaaa; /* at 80: too early */
    live_on();
}

/* A refresh loads the counter whether or not it runs. */
static void iwdg_start_last(void)
{
    IWDG_KR = 0x5555;
    IWDG_PR = 1;
    IWDG_RLR = 99;
    IWDG_KR = 0xaaaa;
    IWDG_KR = 0xcccc;
    live_on();
}

static void wwdg_timeout(void)
{
    uint32_t from;

    RCC_APB1ENR1 |= 1u << 11;
    irq_enable(IRQ_WWDG);
    WWDG_CFR = 1u << 11 | 1u << 9 | 0x7f; /* 4 MHz / 4096 / 2: 2.048 ms a step */
    WWDG_CR = 0x80 | 0x4a;
    from = cycles();
    WWDG_CR = 0x7f;
    CHECK_EQ("WDGA stays", WWDG_CR & 0x80, 0x80);
    WWDG_CR = 0x4a;
    while (!early) {
    }
    CHECK_RANGE("early wake-up after 10 steps", (early - from) / 4, 20480 - 50, 20480 + 50);
    CHECK_EQ("T then", WWDG_CR, 0xc0);
    from = early;
    LASTED = 0;
    for (;;) {
        LASTED = cycles() - from;
    }
}

static void wwdg_window(void)
{
    RCC_APB1ENR1 |= 1u << 11;
    WWDG_CFR = 0x50;
    WWDG_CR = 0x80 | 0x60;
    delay_us(17000); /* T = 0x4f */
    WWDG_CR = 0x60;
    CHECK("WWDG: a refresh in the window", true);
    LASTED = 0;
    WWDG_CR = 0x60;
    live_on();
}

static void wwdg_t6(void)
{
    RCC_APB1ENR1 |= 1u << 11;
    LASTED = 0;
    WWDG_CR = 0x80 | 0x3f;
    live_on();
}

void test(void)
{
    uint32_t life = (LIFE & 0xffff0000u) == LIFE_MAGIC ? LIFE & 0xffff : 0;
    uint32_t flags = RCC_CSR & CSR_FLAGS;

    RCC_CSR |= CSR_RMVF;
    LIFE = LIFE_MAGIC | (life + 1);
    switch (life) {
    case 0:
        iwdg_timeout();
        break;
    case 1:
        CHECK_EQ("reset by IWDG", flags, CSR_IWDGRSTF | CSR_PINRSTF);
        CHECK_RANGE("after 25 ms", LASTED / 4, 24800, 25100);
        CHECK_EQ("IWDG_RLR is reset", IWDG_RLR, 0xfff);
        iwdg_window();
        break;
    case 2:
        CHECK_EQ("an early refresh: reset by IWDG", flags, CSR_IWDGRSTF | CSR_PINRSTF);
        CHECK_EQ("IWDG: a refresh too early, at once", LASTED, 0);
        wwdg_timeout();
        break;
    case 3:
        CHECK_EQ("reset by WWDG", flags, CSR_WWDGRSTF | CSR_PINRSTF);
        CHECK_RANGE("one step after the early wake-up", LASTED / 4, 2048 - 50, 2048 + 50);
        RCC_APB1ENR1 |= 1u << 11;
        CHECK_EQ("WWDG_CR is reset", WWDG_CR, 0x7f);
        wwdg_window();
        break;
    case 4:
        CHECK_EQ("an early refresh: reset by WWDG", flags, CSR_WWDGRSTF | CSR_PINRSTF);
        CHECK_EQ("WWDG: a refresh too early, at once", LASTED, 0);
        wwdg_t6();
        break;
    case 5:
        CHECK_EQ("T6 cleared: reset by WWDG", flags, CSR_WWDGRSTF | CSR_PINRSTF);
        CHECK_EQ("WWDG: T6 cleared, at once", LASTED, 0);
        iwdg_start_last();
        break;
    default:
        CHECK_EQ("set up and refreshed before the start: reset by IWDG", flags,
                 CSR_IWDGRSTF | CSR_PINRSTF);
        CHECK_RANGE("after 25 ms, not the reset value's time", LASTED / 4, 24800, 25300);
        LIFE = 0;
        break;
    }
}
