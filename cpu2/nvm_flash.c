// SPDX-License-Identifier: Apache-2.0
/*
 * nvm_flash.c - nvm.c's view of the chip: RM0434 3.3 (flash operations), 38 (HSEM); the semaphores
 * that AN5289 gives to flash and to the buffer in SRAM.
 */
#include "nvm.h"

#include "chip.h"
#include "ipcc.h"

enum { /* semaphores */
       FLASH_INTERFACE = 2,
       CPU1_WANTS_NO_FLASH_OPERATION = 6,
       BLE_NVM_SRAM = 8,
};

extern uint8_t __nvm[]; /* cpu2.ld */

static bool was_unlocked;         /* by CPU1, which asked for no semaphore */
static volatile uint32_t awaited; /* bit n: semaphore n, by interrupt */

/* ---- semaphores ---- */

static void give(unsigned semaphore)
{
    HSEM_R(semaphore) = HSEM_CPU2;
}

/* False: CPU1 has it, and the interrupt will tell when it is free. */
static bool take(unsigned semaphore)
{
    RCC_C2AHB3ENR |= RCC_AHB3_HSEM;
    if (HSEM_RLR(semaphore) == (HSEM_LOCK | HSEM_CPU2)) {
        return true;
    }
    awaited = 1u << semaphore;
    HSEM_C2ICR = awaited;
    HSEM_C2IER = awaited;
    if (HSEM_RLR(semaphore) != (HSEM_LOCK | HSEM_CPU2)) {
        return false;
    }
    HSEM_C2IER = awaited = 0;
    return true;
}

void semaphore_interrupt(void)
{
    if (awaited & HSEM_C2MISR) {
        HSEM_C2IER = awaited = 0;
    }
}

/* ---- flash ---- */

const uint8_t *nvm_flash(unsigned page)
{
    return __nvm + page * NVM_PAGE;
}

bool nvm_begin(void)
{
    if (!take(FLASH_INTERFACE)) {
        return false;
    }
    was_unlocked = !(FLASH_CR & FLASH_CR_LOCK);
    if (!was_unlocked) {
        FLASH_KEYR = FLASH_KEY1;
        FLASH_KEYR = FLASH_KEY2;
    }
    FLASH_C2SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    irq_enable(IRQ_RCC_FLASH_C1SEV);
    return true;
}

void nvm_end(void)
{
    FLASH_C2CR = 0;
    if (!was_unlocked) {
        FLASH_CR |= FLASH_CR_LOCK;
    }
    give(FLASH_INTERFACE);
}

/* The start of an operation is CPU1's to forbid, not its end. */
static bool begin_operation(uint32_t control)
{
    if (!take(CPU1_WANTS_NO_FLASH_OPERATION)) {
        return false;
    }
    while (FLASH_C2SR & FLASH_SR_BSY) {
    }
    FLASH_C2CR = control | FLASH_CR_EOPIE;
    return true;
}

bool nvm_erase(unsigned page)
{
    uint32_t number = ((uint32_t)nvm_flash(page) - FLASH_BASE) / NVM_PAGE;

    if (!begin_operation(FLASH_CR_PER | number << FLASH_CR_PNB)) {
        return false;
    }
    FLASH_C2CR |= FLASH_CR_STRT;
    give(CPU1_WANTS_NO_FLASH_OPERATION);
    return true;
}

/* Both words at once: an interrupt between them would leave a half. */
bool nvm_program(unsigned page, unsigned offset, const uint8_t octets[8])
{
    volatile uint32_t *to = (volatile uint32_t *)(nvm_flash(page) + offset);
    uint32_t word[2], primask;

    if (!begin_operation(FLASH_CR_PG)) {
        return false;
    }
    for (int i = 0; i < 2; i++, octets += 4) {
        word[i] = octets[0] | (uint32_t)octets[1] << 8 | (uint32_t)octets[2] << 16 |
                  (uint32_t)octets[3] << 24;
    }
    primask = irqs_off();
    to[0] = word[0];
    to[1] = word[1];
    irqs_restore(primask);
    give(CPU1_WANTS_NO_FLASH_OPERATION);
    return true;
}

enum nvm_state nvm_operation(void)
{
    uint32_t status = FLASH_C2SR;

    if (status & FLASH_SR_BSY) {
        return NVM_RUNS;
    }
    FLASH_C2CR = 0;
    return status & FLASH_SR_ERRORS ? NVM_FAILED : NVM_DONE;
}

void irq_RCC_FLASH_C1SEV(void)
{
    FLASH_C2SR = FLASH_SR_EOP;
}

/* ---- CPU1's buffer ---- */

bool nvm_ram_begin(void)
{
    return take(BLE_NVM_SRAM);
}

void nvm_ram_end(void)
{
    barrier();
    give(BLE_NVM_SRAM);
}
