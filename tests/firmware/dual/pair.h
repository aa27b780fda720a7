/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair.h - what pair_one.c (CPU1, which judges) and pair_two.c (CPU2, which does as it is told)
 * agree on. An order lies in SRAM2a and is given by IPCC: CPU1 sets its channel 1, CPU2 clears it
 * when done.
 */
#ifndef PAIR_H
#define PAIR_H

#include <stdint.h>

enum order {
    ORDER_PING = 1, /* -> VTOR */
    ORDER_READ,     /* word at a */
    ORDER_WRITE,    /* word at a: b */
    ORDER_CALL,     /* what the function at a returns */
    ORDER_PROGRAM,  /* erase the page of a, program b and c there -> C2SR */
    ORDER_SPIN,     /* a rounds of nothing */
    ORDER_TOGGLE, /* a times under semaphore 3: bit 1 of AHB2ENR -> how often it was not as left */
    ORDER_DEEP,   /* done at once; then sleep deep until the next order */
    ORDER_SEND,   /* done at once; after a rounds: channel 1 to CPU1 */
    ORDER_NAP,    /* done at once; sleep deep for a us; then channel 1 to CPU1 */
    ORDER_RESET,  /* SYSRESETREQ; never done */
    ORDER_EVENT,  /* interrupts so far of line 41, and of line 0 times 256 */
};

struct pair {
    uint32_t order, a, b, c, result;
    uint32_t boots; /* of CPU2 since CPU1 cleared it */
};

#define PAIR ((volatile struct pair *)0x20030100)
#define CPU2_FLASH 0x080db000u
#define PAGE_A 0x08064000u
#define PAGE_B 0x08065000u

/* movs r0, #n; bx lr */
#define RETURNS(n) (0x47702000u | (n))

#endif
