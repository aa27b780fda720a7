/*
 * STM32WB55: registers that both cores affect
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A cell is one such register, or one flag of it. Where there is another core, the cells of a block
 * lie in the shared state "cores" and the block's accesses are ordered (block.h); otherwise they lie
 * in the device.
 *
 * What a core's interrupt lines follow is its view of the cells. Its own changes are in its view at
 * once; the other's come as messages, a latency of the link later, with the cell's generation: one
 * that this core has changed meanwhile is out of date and is dropped. So a line never rises for
 * a flag that has been cleared.
 */
#ifndef HW_ORRERY_STM32WB55_CELLS_H
#define HW_ORRERY_STM32WB55_CELLS_H

#include "block.h"

#define WB_CELLS_MAX 128 /* of a block */

/* The blocks that have cells: their place in the shared state. */
typedef enum WbCellsOf {
    WB_CELLS_HSEM,
    WB_CELLS_IPCC,
    WB_CELLS_RCC,
    WB_CELLS_PWR,
    WB_CELLS_EXTI,
    WB_CELLS_SYSCFG,
    WB_CELLS_FLASH,
    WB_CELLS_BLOCKS = 8,
} WbCellsOf;

typedef struct WbCell {
    uint32_t value;
    uint32_t generation; /* of its changes */
} WbCell;

typedef struct WbCells {
    Stm32wbBlock *block;
    WbCell *cell; /* in the shared state, or own */
    WbCell own[WB_CELLS_MAX];
    WbCell view[WB_CELLS_MAX];
    void (*changed)(Stm32wbBlock *b); /* the view has: the lines may */
    void (*reset)(Stm32wbBlock *b);
    uint8_t which;
} WbCells;

/*
 * At the block's realize, before its parent's. @changed: see above. @reset: give the cells that
 * belong to this core (all of them, when it is alone) their reset values; an ordered access.
 */
void stm32wb_cells_init(WbCells *c, Stm32wbBlock *b, WbCellsOf which,
                        void (*changed)(Stm32wbBlock *b),
                        void (*reset)(Stm32wbBlock *b));

/* At the block's reset, hold phase: calls reset(), if need be before the next instruction. */
void stm32wb_cells_reset(WbCells *c);

/* At a reset, too: the lines are to follow @i, an enable register, no longer. */
static inline void stm32wb_cells_mask(WbCells *c, unsigned i)
{
    c->view[i].value = 0;
}

/* Is there another core that has part in the cells? */
static inline bool stm32wb_cells_shared(const WbCells *c)
{
    return c->block->state;
}

/* In an access: what the cell is. */
static inline uint32_t stm32wb_cell(const WbCells *c, unsigned i)
{
    return c->cell[i].value;
}

/* What this core's lines know of it. */
static inline uint32_t stm32wb_cell_view(const WbCells *c, unsigned i)
{
    return c->view[i].value;
}

/* In an access: change it. @tell: the other core's lines depend on it. */
void stm32wb_cell_set(WbCells *c, unsigned i, uint32_t value, bool tell);

extern const VMStateDescription stm32wb_cells_vmstate;
#define VMSTATE_STM32WB_CELLS(_field, _state)                                  \
    VMSTATE_STRUCT(_field, _state, 1, stm32wb_cells_vmstate, WbCells)

#endif
