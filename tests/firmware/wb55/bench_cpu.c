/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_cpu.c - for tests/bench: what compilers' benchmarks do (records, strings, branches, a
 * little arithmetic), with -DPERIOD=N also an interrupt every N cycles of SysTick. It touches
 * nothing but the core, so that any Cortex-M with this memory map runs it.
 */
#include "test.h"

#define ROUNDS 4000000u

struct record {
    struct record *next;
    uint32_t kind, value;
    char text[32];
};

static struct record records[4];
static volatile uint32_t interrupts;

void exc_SysTick(void)
{
    interrupts++;
}

static uint32_t compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++, b++;
    }
    return (uint32_t)(*a - *b);
}

static void copy(char *to, const char *from)
{
    while ((*to++ = *from++)) {
    }
}

static uint32_t one_round(struct record *r, uint32_t n)
{
    struct record *next = r->next;

    next->kind = r->kind ^ (n & 3);
    next->value = r->value * 7 / (n % 5 + 1) + n;
    switch (next->kind) {
    case 0:
        copy(next->text, "a string of the first kind");
        break;
    case 1:
        next->value += compare(r->text, next->text);
        break;
    default:
        next->value ^= next->value >> 3;
    }
    return next->value;
}

void test(void)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < 4; i++) {
        records[i].next = &records[(i + 1) % 4];
    }
#ifdef PERIOD
    SYST_RVR = PERIOD - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
#endif
    for (uint32_t n = 0; n < ROUNDS; n++) {
        sum += one_round(&records[n % 4], n);
    }
    SYST_CSR = 0;
    note_hex("sum", sum);
    finish();
}
