/*
 * STM32WB55: a block whose registers both cores have before them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cores.h"
#include "mirror.h"

/*
 * A message: block, whether it is the last of an access, then cells: index, value, generation. The
 * other core's hardware follows when it has all of them.
 */
#define HEAD_BYTES 2
#define CELL_BYTES 9
#define CELLS_IN_MESSAGE ((WB_CORES_BODY_MAX - HEAD_BYTES) / CELL_BYTES)

static WbMirror *all[WB_CELLS_BLOCKS];

void stm32wb_mirror_words(WbMirror *m, void *words, unsigned count)
{
    uint32_t *word = words;

    assert(m->count + count <= WB_CELLS_MAX);
    while (count--) {
        m->word[m->count++] = word++;
    }
}

/* A cell that nobody has written since power-on has the block's reset value. */
static void take_view(WbMirror *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (m->cells.view[i].generation) {
            *m->word[i] = m->cells.view[i].value;
        }
    }
}

static void follow(WbMirror *m)
{
    take_view(m);
    m->settle(m->cells.block);
    m->changed(m->cells.block);
}

static void deliver(void *opaque, const uint8_t *body, unsigned len)
{
    WbMirror *m = len > HEAD_BYTES && body[0] < WB_CELLS_BLOCKS ? all[body[0]] : NULL;

    for (const uint8_t *p = body + HEAD_BYTES; m && p + CELL_BYTES <= body + len;
         p += CELL_BYTES) {
        WbCell *view = p[0] < m->count ? &m->cells.view[p[0]] : NULL;

        if (view && (int32_t)(ldl_le_p(p + 5) - view->generation) > 0) {
            view->value = ldl_le_p(p + 1);
            view->generation = ldl_le_p(p + 5);
        }
    }
    if (m && body[1]) {
        follow(m);
    }
}

static void send_cells(WbMirror *m, const uint8_t *changed, unsigned count)
{
    uint8_t body[WB_CORES_BODY_MAX];

    for (unsigned done = 0; done < count;) {
        uint8_t *p = body + HEAD_BYTES;

        for (unsigned k = 0; k < CELLS_IN_MESSAGE && done < count; k++, done++) {
            const WbCell *cell = &m->cells.cell[changed[done]];

            p[0] = changed[done];
            stl_le_p(p + 1, cell->value);
            stl_le_p(p + 5, cell->generation);
            p += CELL_BYTES;
        }
        body[0] = m->cells.which;
        body[1] = done == count;
        stm32wb_cores_send(WB_CORES_MIRROR, body, p - body);
    }
}

void stm32wb_mirror_begin(WbMirror *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        m->cells.view[i] = m->cells.cell[i];
    }
    take_view(m);
    m->settle(m->cells.block);
}

void stm32wb_mirror_end(WbMirror *m)
{
    uint8_t changed[WB_CELLS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < m->count; i++) {
        if (m->cells.cell[i].value != *m->word[i]) {
            stm32wb_cell_set(&m->cells, i, *m->word[i], false);
            changed[count++] = i;
        }
    }
    send_cells(m, changed, count);
}

/* CPU1's, before the next instruction: from now on the cells are what its reset left. */
static void tell_reset(Stm32wbBlock *b)
{
    WbMirror *m = b->mirror;

    if (b->core == 0) {
        m->settle(b);
        stm32wb_mirror_end(m);
        for (unsigned i = 0; i < m->count; i++) {
            m->cells.cell[i].generation += !m->cells.cell[i].generation;
        }
    }
}

static void nothing(Stm32wbBlock *b)
{
    /* a mirror's cells change by its own messages */
}

void stm32wb_mirror_init(WbMirror *m, Stm32wbBlock *b, WbCellsOf which,
                         WbMirrorFn *settle, WbMirrorFn *changed)
{
    b->mirror = m;
    m->settle = settle;
    m->changed = changed;
    all[which] = m;
    stm32wb_cells_init(&m->cells, b, which, nothing, tell_reset);
    if (stm32wb_cells_shared(&m->cells)) {
        stm32wb_cores_on(WB_CORES_MIRROR, deliver, NULL);
    }
}

void stm32wb_mirror_reset(WbMirror *m)
{
    Stm32wbBlock *b = m->cells.block;

    if (!stm32wb_cells_shared(&m->cells)) {
        return;
    }
    if (b->core == 0) {
        stm32wb_cells_reset(&m->cells);
    } else {
        take_view(m);
    }
}
