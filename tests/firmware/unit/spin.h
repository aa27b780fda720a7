/* SPDX-License-Identifier: Apache-2.0 */
/* spin.h - a loop that costs a known number of instructions and touches no memory. */
#ifndef SPIN_H
#define SPIN_H

#include <stdint.h>

#define SPIN_PASS_INSTRUCTIONS 8u

/* Executes passes x 8 instructions, plus a handful. Returns what it mixed, so that it is used. */
static inline uint32_t spin(uint32_t passes, uint32_t seed)
{
#ifdef __arm__
    uint32_t other = 0x9e3779b9;

    __asm__ volatile("1:\n\t"
                     "add %0, %0, %1\n\t"
                     "eor %1, %1, %0, ror #7\n\t"
                     "add %1, %1, #13\n\t"
                     "eor %0, %0, %1, lsr #3\n\t"
                     "sub %0, %0, %2\n\t"
                     "eor %1, %1, %0, lsl #5\n\t"
                     "subs %2, %2, #1\n\t"
                     "bne 1b"
                     : "+r"(seed), "+r"(other), "+r"(passes)::"cc");
#else
    uint32_t other = 0x9e3779b9;

    __asm__ volatile("1:\n\t"
                     "add %0, %0, %1\n\t"
                     "xor %1, %1, %0\n\t"
                     "slli %0, %0, 1\n\t"
                     "addi %1, %1, 13\n\t"
                     "xor %0, %0, %1\n\t"
                     "sub %0, %0, %2\n\t"
                     "addi %2, %2, -1\n\t"
                     "bnez %2, 1b"
                     : "+r"(seed), "+r"(other), "+r"(passes));
#endif
    return seed;
}

#endif
