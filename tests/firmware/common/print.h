/* SPDX-License-Identifier: Apache-2.0 */
/* print.h - readable lines on the console UART. */
#ifndef PRINT_H
#define PRINT_H

/* Bring up the console UART at 115200 8N1. */
void console_init(void);

/*
 * A printf of %c %s %d %u %x and %%, with l and ll, a width and a leading 0; \n becomes \r\n on
 * the wire. Polled; not for interrupt handlers.
 */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

#endif
