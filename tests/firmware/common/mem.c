/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c - the two library functions that gcc may call whatever we write. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memset(void *to, int value, size_t len);

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    while (len--) {
        *t++ = *f++;
    }
    return to;
}

void *memset(void *to, int value, size_t len)
{
    uint8_t *t = to;

    while (len--) {
        *t++ = (uint8_t)value;
    }
    return to;
}
