/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

uint32_t core_hz = 30000000;

void note_fault(void)
{
    note_hex("FADDR", MMU_FADDR);
    note_hex("FSTAT", MMU_FSTAT);
}
