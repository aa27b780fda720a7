/*
 * ST33: FLASH and NVM counters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_ST33_FLASH_H
#define HW_ORRERY_ST33_FLASH_H

#include "hw/orrery/flash-file.h"
#include "hw/orrery/stm32wb55/block.h"
#include "qemu/notify.h"

#define ST33_PAGE 256 /* bytes */
#define ST33_COUNTERS 8

#define TYPE_ST33_FLASH "st33-flash"
OBJECT_DECLARE_SIMPLE_TYPE(St33Flash, ST33_FLASH)

/* What is kept besides the array. */
typedef struct St33Nvm {
    uint32_t uid[2];
    uint32_t debug_lock;
    uint32_t counter[ST33_COUNTERS];
} St33Nvm;

struct St33Flash {
    Stm32wbBlock parent_obj;

    MemoryRegion array;
    uint8_t *bytes;
    St33Nvm nvm;
    uint64_t dice; /* for words that are torn */
    qemu_irq irq;
    QEMUTimer *end;
    Notifier exit;

    uint32_t stat, irqen, prot, addr, count;
    bool unlocked;
    uint32_t buffer[ST33_PAGE / 4];

    /* what runs */
    uint32_t command; /* 0: nothing */
    uint32_t target;  /* offset in flash, or number of the counter */
    uint32_t left;    /* bytes to program, or pages to erase */
    uint32_t data[ST33_PAGE / 4]; /* the buffer when it began */
    int64_t since_ns; /* of the page */

    char *file;
    bool keep;
    uint32_t size;
    OrreryFlashFile kept;
};

uint32_t st33_flash_uid(St33Flash *s, unsigned n);
uint32_t st33_flash_debug_lock(St33Flash *s);
void st33_flash_lock_debug(St33Flash *s, uint32_t lock);

/* The firmware is in: what is kept goes to the file. */
bool st33_flash_power_on(St33Flash *s, Error **errp);

#endif
