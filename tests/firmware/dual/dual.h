/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dual.h - litmus programs for the two cores of an STM32WB55.
 *
 * A program is one C file, built twice: with CORE=1 for CPU1, on wb55/test.h, and with CORE=2 for
 * CPU2, on cpu2/start.c. Both run work(); what it finds goes to *result. Then CPU1 gets both
 * results in judge(), which makes the checks (tests/e2e/dual.sh), and ends the run.
 */
#ifndef DUAL_H
#define DUAL_H

#include <stdbool.h>
#include <stdint.h>

#if CORE == 1
#include "test.h"
#else
#include "chip.h"
#endif

#define HSEM_R(n) REG32(0x58001400 + 4 * (n))
#define HSEM_RLR(n) REG32(0x58001480 + 4 * (n))
#define HSEM_IER REG32(0x58001400 + (CORE == 1 ? 0x100 : 0x110))
#define HSEM_ICR REG32(0x58001404 + (CORE == 1 ? 0x100 : 0x110))
#define HSEM_MISR REG32(0x5800140c + (CORE == 1 ? 0x100 : 0x110))
#define HSEM_LOCK (1u << 31)
#define HSEM_OWNER ((CORE == 1 ? 4u : 8u) << 8)

/* IPCC's registers of this core; what it sends, what it receives */
#define MY_CR REG32(0x58000c00 + (CORE == 1 ? 0 : 0x10))
#define MY_MR REG32(0x58000c04 + (CORE == 1 ? 0 : 0x10))
#define MY_SCR REG32(0x58000c08 + (CORE == 1 ? 0 : 0x10))
#define SENT_SR REG32(0x58000c0c + (CORE == 1 ? 0 : 0x10))
#define RECEIVED_SR REG32(0x58000c0c + (CORE == 1 ? 0x10 : 0))
#define CHANNEL(n) (1u << ((n)-1))

/* SRAM2a, at its start */
struct result {
    uint32_t counts[8];
};

struct shared {
    struct result result[2];
    uint32_t done;        /* bit CORE: its result stands there; under semaphore RESULTS */
    uint32_t memory[512]; /* the program's */
};

#define SHARED ((volatile struct shared *)0x20030000)
#define RESULTS 31

/* The program. */
void work(struct result *result);
#if CORE == 1
void before_boot(void); /* may be left out: CPU2 is still in reset, shared memory not yet zero */
void judge(const struct result *one, const struct result *two);
#endif

/* Semaphore n: in one step by RLR, or in two with a process number. */
static inline bool try_lock(unsigned n)
{
    return HSEM_RLR(n) == (HSEM_LOCK | HSEM_OWNER);
}

static inline bool try_lock_as(unsigned n, uint8_t process)
{
    HSEM_R(n) = HSEM_LOCK | HSEM_OWNER | process;
    return HSEM_R(n) == (HSEM_LOCK | HSEM_OWNER | process);
}

static inline void unlock(unsigned n, uint8_t process)
{
    HSEM_R(n) = HSEM_OWNER | process;
}

/* Wait for semaphore n, asleep until it is freed. */
void lock(unsigned n);

/* About 3 cycles each. */
void pause_for(uint32_t rounds);

#endif
