/*
 * Orrery: load a firmware image into the memories of a part
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_IMAGE_H
#define HW_ORRERY_IMAGE_H

#include "qapi/error.h"

/* Memory that a programmer can write. */
typedef struct OrreryImageArea {
    const char *name;
    uint64_t base, size;
    uint8_t *bytes;
} OrreryImageArea;

/* What was written of an area, as offsets in it; end 0: nothing */
typedef struct OrreryImageExtent {
    uint64_t first, end;
} OrreryImageExtent;

typedef struct OrreryImageTarget {
    const OrreryImageArea *areas;
    unsigned count;
    const char *memories; /* "flash or SRAM" */
    OrreryImageExtent *written; /* may be NULL: one an area, filled in */
} OrreryImageTarget;

/*
 * Load @file once, as a programmer would before power-on: ELF by its program headers, Intel HEX
 * by its records, anything else raw at @at. The file itself is only read.
 */
bool orrery_load_image(const OrreryImageTarget *t, const char *file,
                       uint32_t at, Error **errp);

#endif
