/* SPDX-License-Identifier: Apache-2.0 */
/* stack.h - functions called on a stack of the test's choice, PSP. */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

extern const uint8_t came_back[]; /* where it returns to */

/* On the stack at @psp call @function; what it returned. SP must be as before. */
__attribute__((naked, noinline)) static uint32_t call_on(uint32_t psp __attribute__((unused)),
                                                         uint32_t argument __attribute__((unused)),
                                                         uint32_t (*function)(uint32_t)
                                                             __attribute__((unused)))
{
    __asm__ volatile("push {r4-r6, lr}\n\t"
                     "mov r6, r0\n\t"
                     "msr psp, r0\n\t"
                     "mrs r4, control\n\t"
                     "orr r3, r4, #2\n\t"
                     "msr control, r3\n\t"
                     "isb\n\t"
                     "mov r0, r1\n\t"
                     "blx r2\n\t"
                     ".global came_back\n"
                     "came_back: mov r5, sp\n\t"
                     "msr control, r4\n\t"
                     "isb\n\t"
                     "cmp r5, r6\n\t"
                     "it ne\n\t"
                     "movne r0, #0\n\t"
                     "pop {r4-r6, pc}");
}

#endif
