/*
 * STM32WB55: registers that both cores affect
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "cells.h"
#include "cores.h"

/* which, index, value, generation */
#define MESSAGE_BYTES 10

static WbCells *all[WB_CELLS_BLOCKS];

static void deliver(void *opaque, const uint8_t *body, unsigned len)
{
    WbCells *c = len == MESSAGE_BYTES && body[0] < WB_CELLS_BLOCKS ? all[body[0]] : NULL;
    WbCell *view;
    uint32_t generation;

    if (!c || body[1] >= WB_CELLS_MAX) {
        return;
    }
    view = &c->view[body[1]];
    generation = ldl_le_p(body + 6);
    if ((int32_t)(generation - view->generation) > 0) {
        view->value = ldl_le_p(body + 2);
        view->generation = generation;
        c->changed(c->block);
    }
}

void stm32wb_cell_set(WbCells *c, unsigned i, uint32_t value, bool tell)
{
    WbCell *cell = &c->cell[i];
    uint8_t body[MESSAGE_BYTES];

    if (cell->value != value) {
        cell->value = value;
        cell->generation++;
        if (tell && stm32wb_cells_shared(c)) {
            body[0] = c->which;
            body[1] = i;
            stl_le_p(body + 2, value);
            stl_le_p(body + 6, cell->generation);
            stm32wb_cores_send(WB_CORES_CELL, body, sizeof(body));
        }
    }
    c->view[i] = *cell;
}

void stm32wb_cells_init(WbCells *c, Stm32wbBlock *b, WbCellsOf which,
                        void (*changed)(Stm32wbBlock *b),
                        void (*reset)(Stm32wbBlock *b))
{
    void *bytes = NULL;

    c->block = b;
    c->which = which;
    c->changed = changed;
    c->reset = reset;
    b->state = stm32wb_cores_linked()
               ? orrery_state_find(WB_CORES_PORT, &bytes,
                                   WB_CELLS_BLOCKS * sizeof(c->own)) : NULL;
    c->cell = b->state ? (WbCell *)bytes + which * WB_CELLS_MAX : c->own;
    if (b->state) {
        all[which] = c;
        stm32wb_cores_on(WB_CORES_CELL, deliver, NULL);
    }
}

static void reset_now(void *opaque)
{
    WbCells *c = opaque;

    c->reset(c->block);
    c->changed(c->block);
}

void stm32wb_cells_reset(WbCells *c)
{
    if (stm32wb_cells_shared(c)) {
        orrery_ordered_later(c->block->state, reset_now, c);
    } else {
        c->reset(c->block);
    }
}

/* ---- life ---- */

/* CPU1's instance saves and loads for both. */
static int cells_pre_save(void *opaque)
{
    WbCells *c = opaque;

    if (c->cell != c->own) {
        memcpy(c->own, c->cell, sizeof(c->own));
    }
    return 0;
}

static int cells_post_load(void *opaque, int version)
{
    WbCells *c = opaque;

    if (c->cell != c->own && c->block->core == 0) {
        memcpy(c->cell, c->own, sizeof(c->own));
    }
    return 0;
}

static const VMStateDescription cell_vmstate = {
    .name = "stm32wb-cell",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(value, WbCell),
        VMSTATE_UINT32(generation, WbCell),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription stm32wb_cells_vmstate = {
    .name = "stm32wb-cells",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = cells_pre_save,
    .post_load = cells_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STRUCT_ARRAY(own, WbCells, WB_CELLS_MAX, 1, cell_vmstate, WbCell),
        VMSTATE_STRUCT_ARRAY(view, WbCells, WB_CELLS_MAX, 1, cell_vmstate, WbCell),
        VMSTATE_END_OF_LIST()
    },
};
