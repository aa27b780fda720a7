/* SPDX-License-Identifier: Apache-2.0 */
/* bench_work.h - what compilers' benchmarks do: records, strings, branches, a little arithmetic. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

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

/* Not specialised for its caller: the same instructions in every benchmark. */
__attribute__((noipa)) static uint32_t work(struct record *records, uint32_t rounds)
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

#endif
