/* SPDX-License-Identifier: Apache-2.0 */
/* dual.c - what both cores of a litmus program do. See dual.h. */
#include "dual.h"

#define PWR_CR4_C2BOOT (1u << 15)
#define RCC_EXTCFGR REG32(0x58000108)
#define RCC_AHB3_HSEM_IPCC (3u << 19)

static volatile uint32_t freed;

void pause_for(uint32_t rounds)
{
    while (rounds--) {
        __asm__ volatile("");
    }
}

static void hsem_freed(void)
{
    uint32_t which = HSEM_MISR;

    HSEM_ICR = which;
    freed |= which;
}

void lock(unsigned n)
{
    const uint32_t bit = 1u << n;

    while (!try_lock(n)) {
        __asm__ volatile("cpsid i" ::: "memory");
        freed &= ~bit;
        HSEM_ICR = bit;
        HSEM_IER = bit;
        if (try_lock(n)) {
            HSEM_IER = 0;
            __asm__ volatile("cpsie i" ::: "memory");
            return;
        }
        while (!(freed & bit)) {
            wfi();
            __asm__ volatile("cpsie i\n\tisb\n\tcpsid i" ::: "memory");
        }
        HSEM_IER = 0;
        __asm__ volatile("cpsie i" ::: "memory");
    }
}

static void publish(const struct result *result)
{
    lock(RESULTS);
    SHARED->result[CORE - 1] = *result;
    SHARED->done |= 1u << CORE;
    unlock(RESULTS, 0);
}

#if CORE == 1

void irq_HSEM(void)
{
    hsem_freed();
}

static bool both_done(struct result *one, struct result *two)
{
    bool done;

    lock(RESULTS);
    done = SHARED->done == (1u << 1 | 1u << 2);
    *one = SHARED->result[0];
    *two = SHARED->result[1];
    unlock(RESULTS, 0);
    return done;
}

__attribute__((weak)) void before_boot(void)
{
}

void test(void)
{
    struct result one = {{0}}, two;

    clock_64mhz();
    clocks_on();
    before_boot();
    RCC_EXTCFGR = 8u << 4; /* C2HPRE: CPU2 at 32 MHz */
    for (unsigned i = 0; i < sizeof(*SHARED) / 4; i++) {
        ((volatile uint32_t *)SHARED)[i] = 0;
    }
    irq_enable(IRQ_HSEM);
    PWR_CR4 |= PWR_CR4_C2BOOT;
    work(&one);
    publish(&one);
#ifdef ALONE /* there is no other core */
    SHARED->done |= 1u << 2;
#endif
    while (!both_done(&one, &two)) {
        pause_for(1000);
    }
    judge(&one, &two);
}

#else

static void (*ipcc_handler)(void);
void on_ipcc(void (*handler)(void));
int main(void);

void on_ipcc(void (*handler)(void))
{
    ipcc_handler = handler;
}

void irq_IPCC_HSEM(void)
{
    hsem_freed();
    if (ipcc_handler) {
        ipcc_handler();
    }
}

int main(void)
{
    struct result two = {{0}};

    RCC_C2AHB3ENR |= RCC_AHB3_HSEM_IPCC;
    irq_enable(IRQ_IPCC_HSEM);
    work(&two);
    publish(&two);
    for (;;) {
        wfi();
    }
}

#endif
