// SPDX-License-Identifier: Apache-2.0
/* ipcc.c - mailbox.c's view of the chip: RM0434 37 (IPCC), 3.10 (option bytes), 2.2 (memory). */
#include "ipcc.h"

#include "chip.h"

extern uint8_t __cpu2_ram_a[], __cpu2_ram_b[]; /* cpu2.ld: where CPU1's SRAM2a and SRAM2b end */

#define SRAM1 0x20000000u
#define SRAM2B 0x20038000u

static volatile uint32_t events;

void ipcc_init(void)
{
    RCC_C2AHB3ENR |= RCC_AHB3_IPCC;
    IPCC_C2MR = ~0u;
    IPCC_C2CR = IPCC_CR_RXOIE | IPCC_CR_TXFIE;
    irq_enable(IRQ_IPCC_HSEM);
}

/* The lines are levels: what is reported is masked. */
void irq_IPCC_HSEM(void)
{
    uint32_t mask = IPCC_C2MR;
    uint32_t found = (IPCC_C1TOC2SR | (~IPCC_C2TOC1SR & 0x3f) << 16) & ~mask;

    events |= found;
    IPCC_C2MR = mask | found;
    semaphore_interrupt();
}

uint32_t ipcc_take(void)
{
    uint32_t primask = irqs_off();
    uint32_t found = events;

    events = 0;
    irqs_restore(primask);
    return found;
}

void ipcc_listen(uint32_t which)
{
    uint32_t primask = irqs_off();

    IPCC_C2MR &= ~which;
    irqs_restore(primask);
}

bool ipcc_is_free(unsigned channel)
{
    return !(IPCC_C2TOC1SR >> channel & 1);
}

void ipcc_send(unsigned channel)
{
    barrier();
    IPCC_C2SCR = IPCC_FREE(channel);
}

void ipcc_taken(unsigned channel)
{
    barrier();
    IPCC_C2SCR = IPCC_RECEIVED(channel);
}

uint32_t ipcc_table_address(void)
{
    return 0x20030000u + 4 * (FLASH_IPCCBR & 0x3fff);
}

/* SRAM1 and SRAM2a are neighbours; SRAM2b follows, but what is CPU2's of SRAM2a lies between. */
void *cpu1_memory(uint32_t address, uint32_t len, unsigned align)
{
    uint32_t end_a = (uint32_t)__cpu2_ram_a, end_b = (uint32_t)__cpu2_ram_b;

    if (address % align) {
        return NULL;
    }
    if (address >= SRAM1 && address < end_a && len <= end_a - address) {
        return (void *)address;
    }
    if (address >= SRAM2B && address < end_b && len <= end_b - address) {
        return (void *)address;
    }
    return NULL;
}
