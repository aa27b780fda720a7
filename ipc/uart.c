/* SPDX-License-Identifier: Apache-2.0 */
/* uart.c - arithmetic of UART frames, shared by the broker, the launcher and QEMU. */
#include "orrery.h"

uint64_t orrery_uart_frame_ns(uint32_t baud, unsigned data_bits, char parity, unsigned stop_halves)
{
    /* in half bits: start, data, parity, stop */
    uint64_t halves = 2 + 2 * (uint64_t)data_bits + (parity == 'N' ? 0 : 2) + stop_halves;

    if (baud == 0) {
        return 0;
    }
    return (halves * UINT64_C(1000000000) + baud) / (2 * (uint64_t)baud);
}
