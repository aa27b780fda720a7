/*
 * STM32WB55: the flash interface's registers, and what flash.c and flash_program.c share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 3.10.
 */
#ifndef HW_ORRERY_STM32WB55_FLASH_REGISTERS_H
#define HW_ORRERY_STM32WB55_FLASH_REGISTERS_H

#include "hw/registerfields.h"
#include "flash.h"

REG32(ACR, 0x00)
FIELD(ACR, PES, 15, 1)
FIELD(ACR, EMPTY, 16, 1)
REG32(KEYR, 0x08)
REG32(OPTKEYR, 0x0C)
REG32(SR, 0x10)
FIELD(SR, EOP, 0, 1)
FIELD(SR, OPERR, 1, 1)
FIELD(SR, PROGERR, 3, 1)
FIELD(SR, WRPERR, 4, 1)
FIELD(SR, PGAERR, 5, 1)
FIELD(SR, SIZERR, 6, 1)
FIELD(SR, PGSERR, 7, 1)
FIELD(SR, MISERR, 8, 1)
FIELD(SR, FASTERR, 9, 1)
FIELD(SR, RDERR, 14, 1)
FIELD(SR, OPTVERR, 15, 1)
FIELD(SR, BSY, 16, 1)
FIELD(SR, CFGBSY, 18, 1)
FIELD(SR, PESD, 19, 1)
REG32(CR, 0x14)
FIELD(CR, PG, 0, 1)
FIELD(CR, PER, 1, 1)
FIELD(CR, MER, 2, 1)
FIELD(CR, PNB, 3, 8)
FIELD(CR, STRT, 16, 1)
FIELD(CR, OPTSTRT, 17, 1)
FIELD(CR, FSTPG, 18, 1)
FIELD(CR, EOPIE, 24, 1)
FIELD(CR, ERRIE, 25, 1)
FIELD(CR, RDERRIE, 26, 1)
FIELD(CR, OBL_LAUNCH, 27, 1)
FIELD(CR, OPTLOCK, 30, 1)
FIELD(CR, LOCK, 31, 1)
REG32(ECCR, 0x18)
FIELD(ECCR, ECCCIE, 24, 1)
REG32(C2ACR, 0x5C)
REG32(C2SR, 0x60)
REG32(C2CR, 0x64)


#define SR_PROGRAM_ERRORS                                                     \
    (R_SR_PROGERR_MASK | R_SR_WRPERR_MASK | R_SR_PGAERR_MASK |                \
     R_SR_SIZERR_MASK | R_SR_PGSERR_MASK | R_SR_MISERR_MASK |                 \
     R_SR_FASTERR_MASK)
/* the flags that writing 1 clears */
#define SR_FLAGS                                                              \
    (SR_PROGRAM_ERRORS | R_SR_EOP_MASK | R_SR_OPERR_MASK |                    \
     R_SR_RDERR_MASK | R_SR_OPTVERR_MASK)

#define CR_WORK (R_CR_PG_MASK | R_CR_PER_MASK | R_CR_MER_MASK | R_CR_PNB_MASK | \
                 R_CR_FSTPG_MASK | R_CR_EOPIE_MASK | R_CR_ERRIE_MASK |        \
                 R_CR_RDERRIE_MASK)


#define RDP_LEVEL_0 0xAA
#define RDP_LEVEL_2 0xCC

/* ---- flash.c ---- */

bool flash_is_suspended(Stm32wbFlash *s);
void flash_update_irq(Stm32wbFlash *s);
/* Flags of SR, and OPERR where the core asked for errors. */
void flash_raise_error(Stm32wbFlash *s, uint32_t owner, uint32_t flag);

/* ---- flash_program.c ---- */

extern const MemoryRegionOps flash_array_ops, flash_info_ops;

/* Start an operation now, or when nobody suspends it any more. */
void flash_begin(Stm32wbFlash *s, uint32_t owner, FlashOperation operation,
                 uint32_t target);
void flash_start_if_allowed(Stm32wbFlash *s);
/* End it now where the part would stall the bus until its end. */
void flash_wait_for_end(Stm32wbFlash *s);
void flash_operation_ended(void *opaque);
void flash_abort_fast(Stm32wbFlash *s, uint32_t flags);

#endif
