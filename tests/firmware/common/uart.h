/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uart.h - received bytes, from the interrupt handlers to the programs.
 *
 * Every byte is kept with the time at which its interrupt handler began. One writer (the
 * handler), one reader (the program), so the ring needs no lock on a single core.
 */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uart_byte {
    uint64_t at_ns;
    uint8_t byte;
};

/* For the board's interrupt handlers. */
void uart_received(unsigned n, uint8_t byte, uint64_t at_ns);
void uart_line_error(unsigned n);

bool uart_readable(unsigned n);
bool uart_read(unsigned n, struct uart_byte *out);

/* The oldest byte received, or -1. */
int uart_getc(unsigned n);

/* Bytes lost for want of room here, plus overruns and framing errors that the hardware saw. */
unsigned uart_errors(unsigned n);

void uart_write(unsigned n, const uint8_t *data, size_t len);

/* Sleep until there is something to read on UART n (true) or the deadline has passed (false). */
bool uart_wait(unsigned n, uint64_t deadline_ns);

/* The same for any UART of the set; bit n of `set` stands for UART n. */
bool uart_wait_any(unsigned set, uint64_t deadline_ns);

/* Sleep in WFI until the time has come. Interrupts are served meanwhile. */
void wait_until(uint64_t ns);

/* Burn instructions until the time has come. */
void spin_until(uint64_t ns);

#endif
