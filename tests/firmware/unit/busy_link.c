/* SPDX-License-Identifier: Apache-2.0 */
/*
 * busy_link.c - as busy.c, and every millisecond one byte to a peer that does the same.
 *
 * The bytes count up from 1, sent by the tick's handler; what comes must do so too. The two need
 * not end at the same time, and one alone is content: it prints how many came. Exit code 1 if a
 * byte was lost or wrong.
 */
#include "board.h"
#include "print.h"
#include "spin.h"
#include "uart.h"

#ifndef BUSY_INSTRUCTIONS
#define BUSY_INSTRUCTIONS 805306368u
#endif
#define LINK_UART 0

/* Look at what came about every 13 ms. */
#define CHUNK_INSTRUCTIONS (1u << 20)

static volatile bool sending;
static volatile unsigned sent;

void board_tick(void)
{
    if (sending) {
        sent++;
        uart_putc(LINK_UART, (uint8_t)sent);
    }
}

static unsigned received, errors;

static void check_received(void)
{
    int byte;

    while ((byte = uart_getc(LINK_UART)) >= 0) {
        received++;
        errors += byte != (uint8_t)received;
    }
}

int main(void)
{
    uint32_t mix = 1;

    console_init();
    uart_init(LINK_UART, 115200);
    sending = true;
    for (uint32_t left = BUSY_INSTRUCTIONS; left;) {
        uint32_t chunk = left < CHUNK_INSTRUCTIONS ? left : CHUNK_INSTRUCTIONS;

        mix = spin(chunk / SPIN_PASS_INSTRUCTIONS, mix);
        left -= chunk;
        check_received();
    }
    sending = false;
    check_received();
    errors += uart_errors(LINK_UART);
    print("busy_link: sent %u, received %u, %u errors, %08lx\n", sent, received, errors,
          (unsigned long)mix);
    return errors != 0;
}
