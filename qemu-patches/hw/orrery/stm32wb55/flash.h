/*
 * STM32WB55: embedded flash memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 3. flash.c has the registers, flash_program.c operations and their times, flash_pcrop.c the
 * readout protection, flash_memory.c what is stored: main array, OTP, factory data, option bytes,
 * and the file that keeps them.
 */
#ifndef HW_ORRERY_STM32WB55_FLASH_H
#define HW_ORRERY_STM32WB55_FLASH_H

#include "qemu/timer.h"
#include "qemu/units.h"
#include "hw/orrery/flash-file.h"
#include "mirror.h"
#include "soc.h"

#define TYPE_STM32WB_FLASH "stm32wb-flash"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbFlash, STM32WB_FLASH)

#define WB_FLASH_PAGE (4 * KiB)
#define WB_FLASH_ROW 512
#define WB_FLASH_PAGES 256

/* Where the information block is, and what lies where in it. */
#define WB_INFO_BASE 0x1FFF7000
#define WB_INFO_SIZE (8 * KiB)
#define WB_OTP_SIZE (1 * KiB)
#define WB_OPTION_OFFSET 0x1000

/* Option words, in the order of their registers. */
typedef enum Stm32wbOption {
    WB_OPTR,
    WB_PCROP1ASR,
    WB_PCROP1AER,
    WB_WRP1AR,
    WB_WRP1BR,
    WB_PCROP1BSR,
    WB_PCROP1BER,
    WB_IPCCBR,
    WB_SFR,
    WB_SRRVR,
    WB_OPTIONS,
} Stm32wbOption;

/* SFR: the first page of CPU2's, no security. SRRVR, RM0434 3.10.20 */
#define WB_SFR_SFSA 0xFFu
#define WB_SFR_FSD (1u << 8)
#define WB_SRRVR_SBRV 0x3FFFFu
#define WB_SRRVR_SBRSA 18 /* 5 bits, 1 KiB pages of SRAM2a */
#define WB_SRRVR_BRSD (1u << 23)
#define WB_SRRVR_SNBRSA 25 /* 5 bits, of SRAM2b */
#define WB_SRRVR_NBRSD (1u << 30)
#define WB_SRRVR_C2OPT (1u << 31)

#define WB_CPU2_SRAM_PAGE 10u /* SRAM2a and SRAM2b are CPU2's from 10 KiB on (cpu2/cpu2.ld) */

#define WB_OPTR_IWDG_SW (1u << 16)
#define WB_OPTR_IWDG_STOP (1u << 17)
#define WB_OPTR_IWDG_STDBY (1u << 18)
#define WB_OPTR_WWDG_SW (1u << 19)
#define WB_OPTR_NRST_STOP (1u << 12)
#define WB_OPTR_NRST_STDBY (1u << 13)
#define WB_OPTR_NRST_SHDW (1u << 14)
#define WB_OPTR_ESE (1u << 8)
#define WB_OPTR_NBOOT1 (1u << 23)
#define WB_OPTR_SRAM2_RST (1u << 25)
#define WB_OPTR_NSWBOOT0 (1u << 26)
#define WB_OPTR_NBOOT0 (1u << 27)

typedef enum FlashOperation {
    FLASH_IDLE,
    FLASH_PROGRAM,
    FLASH_FAST,
    FLASH_ERASE,
    FLASH_MASS_ERASE,
    FLASH_OPTIONS,
} FlashOperation;

/* What each core has of its own: SR and CR of CPU1, C2SR and C2CR of CPU2. */
typedef struct FlashCore {
    uint32_t sr;
    uint32_t cr;
} FlashCore;

/* A PCROP area (flash_pcrop.c). */
typedef struct FlashWindow {
    Stm32wbFlash *flash;
    MemoryRegion mr;
    uint32_t offset;
} FlashWindow;

struct Stm32wbFlash {
    Stm32wbBlock parent_obj;

    MemoryRegion main;  /* sysbus MMIO region 1: the array, and windows over it */
    MemoryRegion array;
    FlashWindow window[2];
    MemoryRegion info;  /* region 2: OTP, factory data, option bytes */
    uint8_t *array_bytes;
    uint8_t *info_bytes;
    qemu_irq irq;
    qemu_irq option_reset;

    WbMirror mirror;
    uint32_t acr;
    uint32_t c2acr;
    uint32_t eccr;
    FlashCore core[2];
    uint32_t option[WB_OPTIONS]; /* the registers */
    uint32_t loaded[WB_OPTIONS]; /* what is in force since the option bytes were loaded */
    uint32_t key;                /* FlashKey of KEYR and OPTKEYR */
    uint32_t optkey;

    /* the operation that BSY stands for */
    uint32_t operation; /* FlashOperation */
    uint32_t owner;     /* core[] that asked */
    uint32_t started;   /* 0: held back by PES */
    uint32_t target;    /* address or page */
    uint64_t data;
    uint64_t end_ns;    /* when it ends, once started */
    QEMUTimer *end;

    /* half of a double word, on this core's bus */
    bool half;
    uint32_t half_address;
    uint32_t half_word;

    /* fast programming */
    uint32_t fast_next; /* the lowest address that may follow */
    uint32_t fast_done; /* double words of the row */
    int64_t fast_end_ns; /* of the double words received so far */
    QEMUTimer *fast_limit;

    char *file;
    bool keep;
    OrreryFlashFile kept;
};

/* The option word in force (its effect changes when option bytes are loaded). */
uint32_t stm32wb_flash_option(Stm32wbFlash *s, Stm32wbOption option);

/* The firmware is in: load the option bytes and see whether the array is empty. */
bool stm32wb_flash_power_on(Stm32wbFlash *s, Error **errp);

/*
 * CPU2's firmware is at @address, as ST's updater (FUS) would leave it: its area and boot vector in
 * the option bytes. In flash: at the start of a page. False: CPU2 cannot start there.
 */
bool stm32wb_flash_install_cpu2(Stm32wbFlash *s, uint32_t address);

/* nBOOT1 as the board wants it: clear for SRAM. */
void stm32wb_flash_strap(Stm32wbFlash *s, bool sram);

/* Where the part starts, RM0434 2.3. */
Stm32wbBoot stm32wb_flash_boot(Stm32wbFlash *s, bool boot0);

/* ---- between flash.c, flash_memory.c and flash_pcrop.c ---- */

/* An access to the memory as one to the registers: after all earlier ones of the other core. */
bool flash_access_begin(Stm32wbFlash *s, OrreryAccess *a, MemTxAttrs attrs);
void flash_access_end(Stm32wbFlash *s, OrreryAccess *a);

/* What is there has changed, by the other core: forget code, and keep the contents. */
void flash_changed_elsewhere(Stm32wbFlash *s, uint32_t address, uint32_t bytes);

/* A write to the array or the information block. */
void flash_write_word(Stm32wbFlash *s, uint32_t address, uint32_t value,
                      unsigned size);
MemTxResult flash_write_memory(Stm32wbFlash *s, uint32_t address, uint64_t value,
                               unsigned size, MemTxAttrs attrs);
/* The core fetches, in the access that is being served. */
bool flash_is_fetch(void);
/* A read that PCROP forbids: RDERR. */
void flash_refuse_read(Stm32wbFlash *s);

void flash_pcrop_init(Stm32wbFlash *s);
/* As the option bytes in force say. */
void flash_pcrop_update(Stm32wbFlash *s);

extern const struct FlashOptionWord {
    uint16_t offset;   /* of the register */
    uint16_t place;    /* in the option bytes */
    uint32_t writable; /* by CPU1 */
    uint32_t ones;     /* reserved bits, which read as one */
    uint32_t factory;  /* as the part is delivered */
} stm32wb_flash_option_words[WB_OPTIONS];

/* Is this CPU2's view of memories that CPU1's process fills, maybe later than this looks at them? */
bool flash_is_filled_by_cpu1(Stm32wbFlash *s);

/* Fill memories with what the factory, then the file gives. */
bool flash_memory_open(Stm32wbFlash *s, Error **errp);
bool flash_memory_keep(Stm32wbFlash *s, Error **errp);
void flash_memory_close(Stm32wbFlash *s);

/* Is the word at @address (in the array or the information block) refused to this core? */
bool flash_is_protected(Stm32wbFlash *s, uint32_t owner, uint32_t address);
bool flash_page_is_protected(Stm32wbFlash *s, uint32_t owner, unsigned page);
bool flash_is_blank(Stm32wbFlash *s, uint32_t address, unsigned bytes);

void flash_put(Stm32wbFlash *s, uint32_t address, uint64_t data);
void flash_erase_page(Stm32wbFlash *s, unsigned page);
/* All pages that CPU1 may have, but for those of PCROP areas to be kept. */
void flash_erase_user(Stm32wbFlash *s);

/* Option registers into option bytes; and back, false when a word is corrupt. */
void flash_options_store(Stm32wbFlash *s);
bool flash_options_load(Stm32wbFlash *s);

#endif
