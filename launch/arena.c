// SPDX-License-Identifier: Apache-2.0
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

struct arena_block {
    struct arena_block *next;
    max_align_t data[];
};

void out_of_memory(void)
{
    fputs("orrery: out of memory\n", stderr);
    _Exit(EXIT_BROKE);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block;

    if (size > SIZE_MAX - sizeof(*block)) {
        out_of_memory();
    }
    block = calloc(1, sizeof(*block) + size);
    if (!block) {
        out_of_memory();
    }
    block->next = arena->blocks;
    arena->blocks = block;
    return block->data;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        out_of_memory();
    }
    return arena_alloc(arena, count * size);
}

void *arena_pointers(struct arena *arena, size_t count)
{
    return arena_array(arena, count, sizeof(void *));
}

char *arena_copy_n(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);

    memcpy(copy, text, len);
    return copy;
}

char *arena_copy(struct arena *arena, const char *text)
{
    return arena_copy_n(arena, text, strlen(text));
}

static char *format_text(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static char *format_text(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    int len;
    char *text;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0) {
        out_of_memory();
    }
    text = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = format_text(arena, format, args);
    va_end(args);
    return text;
}

void arena_finish(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->next;
        free(block);
    }
}

/* The old array stays in the arena: lists are short, and the whole goes at once. */
static void strings_push(struct arena *arena, struct strings *list, char *text)
{
    if (list->count + 2 > list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        char **items = arena_array(arena, capacity, sizeof(*items));

        if (list->count) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

void strings_add(struct arena *arena, struct strings *list, const char *text)
{
    strings_push(arena, list, arena_copy(arena, text));
}

void strings_addf(struct arena *arena, struct strings *list, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    strings_push(arena, list, format_text(arena, format, args));
    va_end(args);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strings_sort(struct strings *list)
{
    if (list->count) {
        qsort(list->items, list->count, sizeof(*list->items), by_bytes);
    }
}

char *strings_join(struct arena *arena, const struct strings *list, const char *between)
{
    size_t len = 1;
    char *text, *p;

    for (size_t i = 0; i < list->count; i++) {
        len += strlen(list->items[i]) + strlen(between);
    }
    p = text = arena_alloc(arena, len);
    for (size_t i = 0; i < list->count; i++) {
        p = stpcpy(p, i ? between : "");
        p = stpcpy(p, list->items[i]);
    }
    return text;
}
