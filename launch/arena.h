// SPDX-License-Identifier: Apache-2.0
/*
 * arena.h - memory that is freed all at once.
 *
 * A manifest and the command lines made of it are many small pieces with one lifetime. Memory
 * is zeroed. Nothing here returns NULL: a machine without memory for a manifest cannot run an
 * ensemble, so orrery says "out of memory" and leaves with EXIT_BROKE (its children die with
 * it, see ensemble.h).
 */
#ifndef LAUNCH_ARENA_H
#define LAUNCH_ARENA_H

#include <stddef.h>

struct arena_block;

/* {0} is an empty arena. */
struct arena {
    struct arena_block *blocks;
};

void *arena_alloc(struct arena *arena, size_t size);
/* count objects of size bytes; a product that overflows is out of memory. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* count pointers, all NULL. */
void *arena_pointers(struct arena *arena, size_t count);
char *arena_copy(struct arena *arena, const char *text);
char *arena_copy_n(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Free everything that came from it. The arena is empty again. */
void arena_finish(struct arena *arena);

void out_of_memory(void) __attribute__((noreturn));

/* A NULL-terminated list of strings that grows, as exec(3) wants it. {0} is empty. */
struct strings {
    char **items;
    size_t count, capacity;
};

void strings_add(struct arena *arena, struct strings *list, const char *text);
void strings_addf(struct arena *arena, struct strings *list, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* By bytes. */
void strings_sort(struct strings *list);
/* All of it in one text. */
char *strings_join(struct arena *arena, const struct strings *list, const char *between);

#endif
