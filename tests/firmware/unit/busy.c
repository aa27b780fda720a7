/* SPDX-License-Identifier: Apache-2.0 */
/*
 * busy.c - executes BUSY_INSTRUCTIONS and ends; no timer runs, no link is used.
 *
 * 12.9 s of virtual time at 16 ns an instruction. Exit code 0.
 */
#include "board.h"
#include "print.h"
#include "spin.h"

#ifndef BUSY_INSTRUCTIONS
#define BUSY_INSTRUCTIONS 805306368u
#endif

int main(void)
{
    uint32_t mix = spin((uint32_t)(BUSY_INSTRUCTIONS / SPIN_PASS_INSTRUCTIONS), 1);

    console_init();
    print("busy: %llu instructions, %08lx\n", (unsigned long long)BUSY_INSTRUCTIONS,
          (unsigned long)mix);
    return 0;
}
