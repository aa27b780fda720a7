/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvm.h - what outlives a reset and a power cycle: the host's records, a bond each.
 *
 * nvm.c keeps them where SHCI_C2_Config says (AN5289): in two pages of CPU2's flash, or in a buffer
 * in CPU1's SRAM2, which CPU1 stores. nvm_flash.c is the chip; nvm_test.c is a flash that is cut.
 *
 * A record is an octet of number, one of length, two of zero, a CRC over number, length and octets,
 * then the octets, filled up to double words; length 0: none. In flash, records follow a page's
 * header (magic, sequence) in the order in which they were written, and the last with a number
 * counts. A full page is left for the other one: erased, all records, then its header, so that a
 * cut at any time leaves a page that is whole. Within a record the first double word is written
 * last.
 */
#ifndef CPU2_NVM_H
#define CPU2_NVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NVM_PAGE 4096
#define NVM_PAGES 2
#define NVM_RAM_OCTETS (507 * 4) /* of CPU1's buffer: BLE_NVM_SRAM_SIZE of the vendor's shci.h */

/* Where, from the next nvm_load() on: 0 is flash, else the buffer's address. */
void nvm_place(uint32_t ram_address);
/* Gives the host its records, host_restore(); once for a place. */
void nvm_load(void);
/* Record n of the host's is another now. */
void nvm_changed(unsigned n);
/* Goes on with writing; called by the main loop. */
void nvm_work(void);
/* An operation runs, or a semaphore is waited for: an interrupt will come. */
bool nvm_is_busy(void);
/* Before everything begins anew: ends what is under way, or lets go of it. */
void nvm_finish(void);

/* ---- the chip ---- */

enum nvm_state { NVM_RUNS, NVM_DONE, NVM_FAILED };

const uint8_t *nvm_flash(unsigned page);
/* Have the flash interface for us. False: CPU1 has it; an interrupt tells when to try again. */
bool nvm_begin(void);
void nvm_end(void);
/* One operation. False: CPU1 wants none now; as above. */
bool nvm_erase(unsigned page);
bool nvm_program(unsigned page, unsigned offset, const uint8_t octets[8]);
enum nvm_state nvm_operation(void);
/* The semaphore of the buffer in CPU1's SRAM. */
bool nvm_ram_begin(void);
void nvm_ram_end(void);

/* ---- events to CPU1 (system.c) ---- */

void system_nvm_ram_update(uint32_t address, uint32_t octets);
enum nvm_event { NVM_WRITE_BEGINS, NVM_WRITE_ENDS, NVM_ERASE_BEGINS, NVM_ERASE_ENDS };
void system_nvm_event(enum nvm_event what, uint32_t count);

#endif
