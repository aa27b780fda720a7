/* SPDX-License-Identifier: Apache-2.0 */
/* iart_times.h - what card and reader do when, in ms from their start. */
#ifndef IART_TIMES_H
#define IART_TIMES_H

#define UART_AT 10    /* the reader gives each byte back, plus one */
#define OVERRUN_AT 30 /* 20 bytes from the reader */
#define BAUD_AT 50    /* a byte */
#define PARITY_AT 60  /* 0x01 and 0x03 without parity */
#define BREAK_AT 70
#define ISO_AT 80      /* both as ISO 7816-3; the reader gives back */
#define REFUSED_AT 110 /* the reader refuses for ever */
#define AGAIN_AT 130   /* the reader refuses for 300 us, then gives back */
#define REFUSE_AT 150  /* a byte, which the card refuses; then 1 if the reader knows it */
#define TAKEN_AT 170   /* a byte, which the card takes though its parity is wrong */
#define CLASH_AT 180   /* a byte, while the card sends, too */
#define QUIET_AT 190
#define INVERSE_AT 220 /* the reader gives back, in the inverse convention */
#define END_AT 240

#endif
