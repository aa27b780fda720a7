/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_paged.c - for tests/bench: the same work in direct memory, and with -DPAGED=BITS with its
 * code and data behind the MMU, in pages of 2^BITS bytes. Nothing misses after the first round.
 * With the machine's property mmu-callback=on each of those accesses is an MMIO callback
 * (-DDATA_ONLY: those of data).
 */
#include "bench_work.h"
#include "test.h"

#ifndef ROUNDS
#define ROUNDS 16000000u
#endif

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
