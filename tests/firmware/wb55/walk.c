/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - every register after reset: its value, and which of its bits can be written.
 *
 * A register that stores is written with two patterns and put back to its reset value after each;
 * twice, as some fields can only be written once an enable bit beside them is clear.
 */
#include "test.h"

enum kind { BLOCK_NAME, STORES, READ_ONLY, WRITE_ONLY, VALUE_ONLY };

struct entry {
    const char *name;
    volatile uint32_t *reg;
    uint32_t reset, stored, but;
    enum kind kind;
};

#define BLOCK(block) {#block, NULL, 0, 0, 0, BLOCK_NAME},
#define RW(reg, reset, stored) {#reg, &reg, reset, stored, 0, STORES},
#define RW_BUT(reg, reset, stored, but) {#reg, &reg, reset, stored, but, STORES},
#define RO(reg, reset) {#reg, &reg, reset, 0, 0, READ_ONLY},
#define RO_BUT(reg, reset, but) {#reg, &reg, reset, 0, but, READ_ONLY},
#define WO(reg) {#reg, &reg, 0, 0, 0, WRITE_ONLY},
#define VALUE(reg, reset, why) {#reg, &reg, reset, 0, 0, VALUE_ONLY},
#define NOT(reg, why)

static const struct entry table[] = {
#include "walk_table.h"
};

static const unsigned table_len = sizeof(table) / sizeof(table[0]);

static void differ(const struct entry *e, const char *when, uint32_t got, uint32_t wanted)
{
    note(name(e->name, when));
    note_hex("    got   ", got);
    note_hex("    wanted", wanted);
}

static unsigned check_value(const struct entry *e)
{
    uint32_t got = *e->reg;

    if ((got ^ e->reset) & ~e->but) {
        differ(e, "after reset", got, e->reset);
        return 1;
    }
    return 0;
}

static bool stores(const struct entry *e, uint32_t pattern)
{
    uint32_t wanted = (e->reset & ~e->stored) | (pattern & e->stored);
    uint32_t got;

    *e->reg = wanted;
    got = *e->reg;
    *e->reg = e->reset;
    *e->reg = e->reset;
    if ((got ^ wanted) & ~e->but) {
        differ(e, "after a write", got, wanted);
        return false;
    }
    return true;
}

/* Every bit once set and once clear, the others left as they are; then all that should not store.
 */
static bool is_writable(const struct entry *e)
{
    return stores(e, 0xaaaaaaaa) && stores(e, 0x55555555);
}

static bool ignores_writes(const struct entry *e)
{
    uint32_t before = *e->reg, after;

    *e->reg = ~before;
    after = *e->reg;
    if ((before ^ after) & ~e->but) {
        differ(e, "is read-only, after a write", after, before);
        return false;
    }
    return true;
}

static unsigned check_access(const struct entry *e)
{
    switch (e->kind) {
    case STORES:
        return !is_writable(e);
    case READ_ONLY:
        return !ignores_writes(e);
    default:
        return 0;
    }
}

/* The entries of a block, from behind its name; gives the index of the next one. */
static unsigned walk_block(unsigned first)
{
    const char *block = table[first - 1].name;
    unsigned end = first, bad = 0;

    for (; end < table_len && table[end].kind != BLOCK_NAME; end++) {
        bad += check_value(&table[end]);
    }
    CHECK_EQ(name(block, "reset values: differing registers"), bad, 0);
    bad = 0;
    for (unsigned i = first; i < end; i++) {
        bad += check_access(&table[i]);
    }
    CHECK_EQ(name(block, "access rights: differing registers"), bad, 0);
    return end;
}

void test(void)
{
    /* RCC is the first block: its enable bits are as after reset */
    unsigned next = walk_block(1);

    clocks_on();
    RCC_APB1ENR1 |= 1u << 11; /* WWDG: not activated, so it does not bite */
    PWR_CR1 |= 1u << 8;       /* DBP: RTC's backup registers */
    while (next < table_len) {
        if (table[next + 1].reg == &PWR_CR1) {
            PWR_CR1 &= ~(1u << 8);
        }
        next = walk_block(next + 1);
        PWR_CR1 |= 1u << 8;
    }
}
