/*
 * STM32WB55: a block whose registers both cores have before them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RCC, PWR, EXTI, SYSCFG and FLASH are models in both processes, each with the whole state of the
 * block. A mirror keeps the words of that state in cells (cells.h): an access first brings the words
 * up to date, then the hardware up to the time of the access (settle), and leaves what it changed
 * in the cells. Between accesses a process follows by messages, a latency of the link later: then its
 * clocks, lines and so on change (changed).
 *
 * So an access sees all that the other core has written before, and nothing that hardware does by
 * itself after some time is ever written by a timer: it is computed from the time at which it happens.
 */
#ifndef HW_ORRERY_STM32WB55_MIRROR_H
#define HW_ORRERY_STM32WB55_MIRROR_H

#include "cells.h"

typedef void WbMirrorFn(Stm32wbBlock *b);

typedef struct WbMirror {
    WbCells cells;
    uint32_t *word[WB_CELLS_MAX]; /* of the device's state */
    unsigned count;
    WbMirrorFn *settle;
    WbMirrorFn *changed;
} WbMirror;

/* Before realize, in this order. The words are little-endian halves where they make a 64-bit number. */
void stm32wb_mirror_words(WbMirror *m, void *words, unsigned count);
void stm32wb_mirror_init(WbMirror *m, Stm32wbBlock *b, WbCellsOf which,
                         WbMirrorFn *settle, WbMirrorFn *changed);

/* Around an access, by block.c, and around what a reset or a timer does as one. */
void stm32wb_mirror_begin(WbMirror *m);
void stm32wb_mirror_end(WbMirror *m);

/* In the block's reset, when its words have their reset values: they are CPU1's to tell. */
void stm32wb_mirror_reset(WbMirror *m);

/* Are there two processes with this block? */
static inline bool stm32wb_mirror_shared(const WbMirror *m)
{
    return m->cells.block && stm32wb_cells_shared(&m->cells);
}

#endif
