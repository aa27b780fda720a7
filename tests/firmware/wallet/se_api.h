/* SPDX-License-Identifier: Apache-2.0 */
/* se_api.h - what the OS of the secure element does for an app: `svc 0`, number in r0. */
#ifndef SE_API_H
#define SE_API_H

#include <stddef.h>
#include <stdint.h>

enum call {
    CALL_EXCHANGE,  /* buffer, room: give the turn back, wait for the next event: its length */
    CALL_CLEAR,     /* the picture */
    CALL_DRAW,      /* x, y | scale << 8, text */
    CALL_SHOW,      /* the picture on the screen */
    CALL_PRINT,     /* text */
    CALL_MORE_TIME, /* the MCU waits on */
    CALL_BLE_SEND,  /* packet with type octet, length */
    CALL_SIGN,      /* 16 octets, where 16 go */
    CALL_FAULTS,    /* pages brought in so far */
    CALL_OFF,       /* switch the device off */
};

static inline uint32_t os(enum call call, uint32_t a, uint32_t b, uint32_t c)
{
    register uint32_t r0 __asm__("r0") = call;
    register uint32_t r1 __asm__("r1") = a;
    register uint32_t r2 __asm__("r2") = b;
    register uint32_t r3 __asm__("r3") = c;

    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3) : "memory");
    return r0;
}

#endif
