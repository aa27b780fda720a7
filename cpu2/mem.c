/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c - what gcc may call whatever we write, and what our files use of string.h. */
#include <string.h>

#include <stdint.h>

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

void *memmove(void *to, const void *from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t <= f) {
        return memcpy(to, from, len);
    }
    while (len--) {
        t[len] = f[len];
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *p = a, *q = b;

    for (; len && *p == *q; len--) {
        p++;
        q++;
    }
    return len ? *p - *q : 0;
}

size_t strlen(const char *text)
{
    size_t len = 0;

    while (text[len]) {
        len++;
    }
    return len;
}
