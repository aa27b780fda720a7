/* SPDX-License-Identifier: Apache-2.0 */
/* string.h - what mem.c has of it; there is no C library on CPU2. */
#ifndef CPU2_STRING_H
#define CPU2_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);

#endif
