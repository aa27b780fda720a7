/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supply.c - power is cut twice (supply.yaml): what is lost, what is kept, and what flash has of a
 * page that was being erased. RM0434 8.1.1, 3.3.
 */
#include "test.h"

#define CSR_BORRSTF (1u << 27)
#define SR_BSY (1u << 16)
#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_STRT (1u << 16)
#define CR_LOCK (1u << 31)
#define DBP (1u << 8)

#define PAGE 100u
#define DIARY ((volatile uint32_t *)(FLASH_MEMORY + PAGE * 4096u)) /* two words for each life */
#define LIVES (DIARY[0] == ~0u ? 0u : DIARY[2] == ~0u ? 1u : 2u)

/* Words that the start-up code leaves alone. */
#define IN_SRAM1 REG32(0x20018000)
#define IN_SRAM2A REG32(SRAM2A_MEMORY + 0x100)
#define MARK 0x57a6e001u

static void write_diary(unsigned life)
{
    FLASH_KEYR = 0x45670123;
    FLASH_KEYR = 0xcdef89ab;
    FLASH_CR = CR_PG;
    DIARY[2 * life] = MARK + life;
    DIARY[2 * life + 1] = 0;
    while (FLASH_SR & SR_BSY) {
    }
    FLASH_SR = 0xffff;
    FLASH_CR = CR_LOCK;
}

static void check_fresh(const char *life)
{
    note(life);
    CHECK_EQ("the cause is a brown-out", RCC_CSR & CSR_BORRSTF, CSR_BORRSTF);
    CHECK_EQ("SRAM1 is lost", IN_SRAM1, 0);
    CHECK_EQ("SRAM2a is lost", IN_SRAM2A, 0);
    CHECK_EQ("RTC: the backup registers are lost", RTC_BKP0R, 0);
    CHECK_EQ("RCC: the backup domain is as new", RCC_BDCR, 0);
    CHECK_EQ("DBGMCU is as new", DBGMCU_CR, 0);
    CHECK_EQ("PWR is as new", PWR_CR1 & DBP, 0);
}

/* All that a reset would not clear. */
static void leave_traces(void)
{
    RCC_CSR |= 1u << 23; /* RMVF: forget the causes */
    RCC_CSR &= ~(1u << 23);
    IN_SRAM1 = IN_SRAM2A = MARK;
    PWR_CR1 |= DBP;
    RCC_BDCR = 1u << 15 | 2u << 8; /* RTCEN, from LSI */
    RCC_APB1ENR1 |= 1u << 10;
    RTC_BKP0R = MARK;
    DBGMCU_CR = 7;
    CHECK_EQ("RTC: a backup register", RTC_BKP0R, MARK);
    CHECK_EQ("DBGMCU", DBGMCU_CR, 7);
}

void test(void)
{
    unsigned life = LIVES;

    switch (life) {
    case 0:
        check_fresh("first life");
        leave_traces();
        write_diary(life);
        for (;;) {
            __asm__ volatile("wfi"); /* the cut comes while the core sleeps */
        }
    case 1:
        check_fresh("second life");
        CHECK_EQ("flash is kept", DIARY[0], MARK);
        leave_traces();
        write_diary(life);
        FLASH_KEYR = 0x45670123; /* and now while flash is being erased */
        FLASH_KEYR = 0xcdef89ab;
        for (;;) {
            FLASH_CR = CR_PER | (PAGE + 1) << 3;
            FLASH_CR |= CR_STRT;
            while (FLASH_SR & SR_BSY) {
            }
        }
    default:
        check_fresh("third life");
        CHECK_EQ("flash is kept, twice", DIARY[2], MARK + 1);
        CHECK_EQ("FLASH is idle", FLASH_SR & SR_BSY, 0);
        break;
    }
}
