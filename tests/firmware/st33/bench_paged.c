/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_paged.c - for tests/bench: the same work (records, strings, branches, a little arithmetic)
 * in direct memory, and with -DPAGED=BITS with its code and data behind the MMU, in pages of 2^BITS
 * bytes. Nothing misses after the first round. With the machine's property mmu-callback=on each of
 * those accesses is an MMIO callback (-DDATA_ONLY: those of data).
 */
#include "test.h"

#ifndef ROUNDS
#define ROUNDS 16000000u
#endif

struct record {
    struct record *next;
    uint32_t kind, value;
    char text[32];
};

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

__attribute__((noinline)) static uint32_t work(struct record *records, uint32_t rounds)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < 4; i++) {
        records[i].next = &records[(i + 1) % 4];
    }
    for (uint32_t n = 0; n < rounds; n++) {
        sum += one_round(&records[n % 4], n);
    }
    return sum;
}

#ifdef PAGED
#define CODE_VA 0x10000000u
#define DATA_VA 0x20000000u
#define RIGHTS (MMU_V | MMU_PR | MMU_PW | MMU_PX)

/* All code at the same distance, so that calls from page to page stay behind the MMU. */
static void map_all(void)
{
    unsigned n = 0;

    MMU_CTRL = MMU_CTRL_PSZ(PAGED) | MMU_CTRL_EN;
    for (uint32_t at = 0; at < 12 * 1024; at += 1u << PAGED) {
        MMU_VA(n) = CODE_VA + at;
        MMU_PA(n++) = (FLASH_START + at) | RIGHTS;
    }
    MMU_VA(n) = DATA_VA;
    MMU_PA(n) = (RAM_START + 0x4000) | RIGHTS;
}
#endif

void test(void)
{
    uint32_t from;

#ifdef PAGED
#ifdef DATA_ONLY
    uint32_t code = (uint32_t)work;
#else
    uint32_t code = (uint32_t)work - FLASH_START + CODE_VA;
#endif
    struct record *records = (struct record *)DATA_VA;

    map_all();
#else
    uint32_t code = (uint32_t)work;
    struct record *records = (struct record *)(RAM_START + 0x4000);
#endif
    from = cycles();
    note_hex("sum", ((uint32_t(*)(struct record *, uint32_t))code)(records, ROUNDS));
    note_hex("cycles", cycles() - from);
    finish();
}
