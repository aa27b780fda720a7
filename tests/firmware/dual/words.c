/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.c - SRAM2a made ordered: what one instruction reads or writes, of whatever width, happens
 * at once. CPU1 writes four equal words, CPU2 reads them and never sees a mixture; bytes, halfwords
 * and unaligned words get where they belong; the other address of SRAM2a and its bit-band alias are
 * the same memory.
 */
#include "dual.h"

#define TURNS 3000u
#define BLOCK (&SHARED->memory[0])
#define BYTES ((volatile uint8_t *)&SHARED->memory[8])

enum { TURN, MIXED, SEEN, WRONG };

static inline void write_four(volatile uint32_t *to, uint32_t value)
{
    register uint32_t a __asm__("r4") = value, b __asm__("r5") = value;
    register uint32_t c __asm__("r6") = value, d __asm__("r7") = value;

    __asm__ volatile("stmia %0!, {%1, %2, %3, %4}"
                     : "+l"(to)
                     : "l"(a), "l"(b), "l"(c), "l"(d)
                     : "memory");
}

static inline uint32_t read_four(volatile uint32_t *from, bool *mixed)
{
    register uint32_t a __asm__("r4"), b __asm__("r5");
    register uint32_t c __asm__("r6"), d __asm__("r7");

    __asm__ volatile("ldmia %0!, {%1, %2, %3, %4}"
                     : "+l"(from), "=l"(a), "=l"(b), "=l"(c), "=l"(d)
                     :
                     : "memory");
    *mixed = a != b || b != c || c != d;
    return a;
}

#if CORE == 1

/* 32 bits of SRAM2a are 32 words in the alias of bit-band. */
#define BIT(address, n) REG32(0x22000000u + ((uint32_t)(address)-0x20000000u) * 32 + 4 * (n))

static uint32_t wrong_widths(void)
{
    volatile uint32_t *words = (volatile uint32_t *)BYTES;
    uint32_t wrong = 0;
    uint64_t pair = 0x1122334455667788u;

    words[0] = words[1] = 0;
    BYTES[1] = 0xab;
    *(volatile uint16_t *)(BYTES + 2) = 0xcdef;
    wrong += words[0] != 0xcdefab00u;
    *(volatile uint32_t *)(BYTES + 1) = 0x01020304;
    wrong += words[0] != 0x02030400u || words[1] != 1;
    wrong += *(volatile uint32_t *)(BYTES + 3) != 0x00000102u;
    __asm__ volatile("strd %Q0, %R0, [%1]" ::"r"(pair), "r"(words) : "memory");
    wrong += words[0] != 0x55667788u || words[1] != 0x11223344u;
    wrong += REG32((uint32_t)words - 0x10030000u) != 0x55667788u; /* SRAM2a at 0x10000000 */
    BIT(words, 0) = 1;
    BIT(words, 3) = 0;
    wrong += words[0] != 0x55667781u || BIT(words, 31) != 0 || BIT(words, 30) != 1;
    return wrong;
}

void work(struct result *r)
{
    r->counts[WRONG] = wrong_widths();
    for (uint32_t i = 1; i <= TURNS; i++) {
        write_four(BLOCK, i);
        pause_for(i % 7);
    }
    r->counts[TURN] = TURNS;
}

void judge(const struct result *one, const struct result *two)
{
    CHECK_EQ("every width", one->counts[WRONG], 0);
    CHECK_EQ("no mixture of two writes", two->counts[MIXED], 0);
    CHECK_EQ("CPU2 saw the last", two->counts[TURN], TURNS);
    CHECK_RANGE("and many before", two->counts[SEEN], TURNS / 10, TURNS);
}

#else

void work(struct result *r)
{
    uint32_t last = 0;

    while (last != TURNS) {
        bool mixed;
        uint32_t now = read_four(BLOCK, &mixed);

        r->counts[MIXED] += mixed || now < last;
        r->counts[SEEN] += now != last;
        last = now;
    }
    r->counts[TURN] = last;
}

#endif
