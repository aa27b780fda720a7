/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pager.c - random accesses to more pages than the MMU has entries, in four contexts: each miss
 * evicts somebody. What is read must be what was last written there.
 */
#include "test.h"

#ifndef FAULTS
#define FAULTS 100000u
#endif

#define DATA_VA 0x20000000u
#define PAGES_PA (RAM_START + 0x4000u)
#define PAGES 48u
#define ENTRIES 12u
#define CONTEXTS 4u
#define RIGHTS (MMU_V | MMU_PR | MMU_PW)

static uint32_t page, bits;
static uint32_t seed = 1;
static volatile uint32_t faults, wrong_faults;
static uint32_t written[PAGES];

static uint32_t dice(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* Which page of memory context @c has at its page @n: another one in each. */
static uint32_t place(uint32_t c, uint32_t n)
{
    return (n * 7 + c * 13) % PAGES;
}

void exc_BusFault(void)
{
    uint32_t va = MMU_FADDR, n = (va - DATA_VA) >> bits, victim = dice() % ENTRIES;

    faults++;
    if (n >= PAGES || !(MMU_FSTAT & MMU_FSTAT_MISS) || SCB_BFAR != va) {
        unexpected_exception();
    }
    SCB_CFSR = SCB_CFSR;
    MMU_FSTAT = 0;
    MMU_VA(victim) = (va & ~(page - 1)) | MMU_CTX;
    MMU_PA(victim) = (PAGES_PA + (place(MMU_CTX, n) << bits)) | RIGHTS;
}

void test(void)
{
    uint32_t wrong = 0, accesses = 0;

    bits = MMU_CONF >> 16 & 0x1f;
    page = 1u << bits;
    SCB_SHCSR |= 1u << 17;
    MMU_FDIRECT = FLASH_START + 0x40000;
    MMU_RDIRECT = RAM_START + 0x2000;
    MMU_CTRL |= MMU_CTRL_EN;
    while (faults < FAULTS) {
        uint32_t roll = dice(), n = roll % PAGES, context = MMU_CTX;
        volatile uint32_t *word =
            (volatile uint32_t *)(DATA_VA + (n << bits) + (roll >> 8) % page / 4 * 4);
        uint32_t *last = &written[place(context, n)];

        accesses++;
        if ((roll >> 20) % 64 == 0) {
            MMU_CTX = (roll >> 26) % CONTEXTS;
        } else if (roll >> 31) {
            /* the page's first word says what is in it */
            *(volatile uint32_t *)(DATA_VA + (n << bits)) = *last = roll;
            *word = *last;
        } else {
            wrong += *(volatile uint32_t *)(DATA_VA + (n << bits)) != *last;
            (void)*word;
        }
    }
    CHECK_EQ("nothing but what was written", wrong, 0);
    CHECK_EQ("faults counted", MMU_FCOUNT, faults);
    note_hex("accesses", accesses);
    note_hex("faults", faults);
}
