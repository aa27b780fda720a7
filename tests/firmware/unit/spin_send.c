/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spin_send.c - never sleeps, sends a byte every 100 us for 2 s, and sums up all that comes.
 *
 * The sum (CRC-32) takes in every byte received and the time its interrupt handler read, and every
 * byte sent is taken from the sum: one nanosecond of difference anywhere spreads through both
 * nodes and shows in both of the sums printed at the end.
 */
#include "board.h"
#include "crc.h"
#include "print.h"
#include "spin.h"
#include "uart.h"

#ifndef RUN_NS
#define RUN_NS (2ull * NS_PER_S)
#endif
#define PERIOD_NS (100 * NS_PER_US)

#ifdef BOARD_VIRT
#define LINK_UART 1
#else
#define LINK_UART 0
#endif

static uint32_t sum = CRC32_INIT;
static unsigned sent, received;

static void take_received(void)
{
    struct uart_byte b;

    while (uart_read(LINK_UART, &b)) {
        received++;
        sum = crc32(sum, &b.byte, 1);
        sum = crc32_u64(sum, b.at_ns);
    }
}

int main(void)
{
    uint64_t due_ns = NS_PER_MS;

    console_init();
    uart_init(LINK_UART, 115200);
    while (due_ns < RUN_NS) {
        take_received();
        spin(20, sum);
        if (timer_now_ns() >= due_ns) {
            uart_putc(LINK_UART, (uint8_t)sum);
            sent++;
            due_ns += PERIOD_NS;
        }
    }
    take_received();
    print("spin_send: sent %u, received %u, crc %08lx, %u errors\n", sent, received,
          (unsigned long)sum, uart_errors(LINK_UART));
    return uart_errors(LINK_UART) != 0;
}
