// SPDX-License-Identifier: Apache-2.0
/*
 * symbols.h - where a program's names are: the symbol table of an ELF file.
 */
#ifndef LAUNCH_SYMBOLS_H
#define LAUNCH_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

struct symbol {
    uint64_t address, size; /* size 0: it does not say */
    bool is_thumb;          /* a function in Thumb code: bit 0 of address says so */
};

/* NULL: found. Else what is wrong, to be read after the name. */
const char *symbol_find(const char *path, const char *name, struct symbol *out,
                        struct arena *arena);

#endif
