/*
 * STM32WB55 USART1 and LPUART1: what usart.c, usart_tx.c and usart_rx.c share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_USART_H
#define HW_ORRERY_STM32WB55_USART_H

#include "hw/registerfields.h"
#include "qemu/timer.h"
#include "chardev/char-fe.h"
#include "hw/irq.h"
#include "hw/orrery/port.h"
#include "block.h"
#include "timing.h"

#define TYPE_STM32WB_USART "stm32wb-usart"
OBJECT_DECLARE_TYPE(Stm32wbUsart, Stm32wbUsartClass, STM32WB_USART)

struct Stm32wbUsartClass {
    Stm32wbBlockClass parent_class;

    DeviceRealize parent_realize;
};

/* RM0434 35.8 (USART), 36.7 (LPUART) */
REG32(CR1, 0x00)
    FIELD(CR1, UE, 0, 1)
    FIELD(CR1, UESM, 1, 1)
    FIELD(CR1, RE, 2, 1)
    FIELD(CR1, TE, 3, 1)
    FIELD(CR1, IDLEIE, 4, 1)
    FIELD(CR1, RXNEIE, 5, 1)
    FIELD(CR1, TCIE, 6, 1)
    FIELD(CR1, TXEIE, 7, 1)
    FIELD(CR1, PEIE, 8, 1)
    FIELD(CR1, PS, 9, 1)
    FIELD(CR1, PCE, 10, 1)
    FIELD(CR1, WAKE, 11, 1)
    FIELD(CR1, M0, 12, 1)
    FIELD(CR1, MME, 13, 1)
    FIELD(CR1, CMIE, 14, 1)
    FIELD(CR1, OVER8, 15, 1)
    FIELD(CR1, DEDT, 16, 5)
    FIELD(CR1, DEAT, 21, 5)
    FIELD(CR1, RTOIE, 26, 1)
    FIELD(CR1, EOBIE, 27, 1)
    FIELD(CR1, M1, 28, 1)
    FIELD(CR1, FIFOEN, 29, 1)
    FIELD(CR1, TXFEIE, 30, 1)
    FIELD(CR1, RXFFIE, 31, 1)
REG32(CR2, 0x04)
    FIELD(CR2, ADDM7, 4, 1)
    FIELD(CR2, LBDL, 5, 1)
    FIELD(CR2, LBDIE, 6, 1)
    FIELD(CR2, CLKEN, 11, 1)
    FIELD(CR2, STOP, 12, 2)
    FIELD(CR2, LINEN, 14, 1)
    FIELD(CR2, DATAINV, 18, 1)
    FIELD(CR2, MSBFIRST, 19, 1)
    FIELD(CR2, ABREN, 20, 1)
    FIELD(CR2, ABRMOD, 21, 2)
    FIELD(CR2, RTOEN, 23, 1)
    FIELD(CR2, ADD, 24, 8)
REG32(CR3, 0x08)
    FIELD(CR3, EIE, 0, 1)
    FIELD(CR3, HDSEL, 3, 1)
    FIELD(CR3, NACK, 4, 1)
    FIELD(CR3, SCEN, 5, 1)
    FIELD(CR3, DMAR, 6, 1)
    FIELD(CR3, DMAT, 7, 1)
    FIELD(CR3, RTSE, 8, 1)
    FIELD(CR3, CTSE, 9, 1)
    FIELD(CR3, CTSIE, 10, 1)
    FIELD(CR3, ONEBIT, 11, 1)
    FIELD(CR3, OVRDIS, 12, 1)
    FIELD(CR3, DDRE, 13, 1)
    FIELD(CR3, DEM, 14, 1)
    FIELD(CR3, DEP, 15, 1)
    FIELD(CR3, SCARCNT, 17, 3)
    FIELD(CR3, WUS, 20, 2)
    FIELD(CR3, WUFIE, 22, 1)
    FIELD(CR3, TXFTIE, 23, 1)
    FIELD(CR3, TCBGTIE, 24, 1)
    FIELD(CR3, RXFTCFG, 25, 3)
    FIELD(CR3, RXFTIE, 28, 1)
    FIELD(CR3, TXFTCFG, 29, 3)
REG32(BRR, 0x0C)
REG32(GTPR, 0x10)
    FIELD(GTPR, PSC, 0, 8)
    FIELD(GTPR, GT, 8, 8)
REG32(RTOR, 0x14)
    FIELD(RTOR, RTO, 0, 24)
    FIELD(RTOR, BLEN, 24, 8)
REG32(RQR, 0x18)
    FIELD(RQR, ABRRQ, 0, 1)
    FIELD(RQR, SBKRQ, 1, 1)
    FIELD(RQR, MMRQ, 2, 1)
    FIELD(RQR, RXFRQ, 3, 1)
    FIELD(RQR, TXFRQ, 4, 1)
REG32(ISR, 0x1C)
    FIELD(ISR, PE, 0, 1)
    FIELD(ISR, FE, 1, 1)
    FIELD(ISR, NE, 2, 1)
    FIELD(ISR, ORE, 3, 1)
    FIELD(ISR, IDLE, 4, 1)
    FIELD(ISR, RXNE, 5, 1)
    FIELD(ISR, TC, 6, 1)
    FIELD(ISR, TXE, 7, 1)
    FIELD(ISR, LBDF, 8, 1)
    FIELD(ISR, CTSIF, 9, 1)
    FIELD(ISR, CTS, 10, 1)
    FIELD(ISR, RTOF, 11, 1)
    FIELD(ISR, EOBF, 12, 1)
    FIELD(ISR, UDR, 13, 1)
    FIELD(ISR, ABRE, 14, 1)
    FIELD(ISR, ABRF, 15, 1)
    FIELD(ISR, BUSY, 16, 1)
    FIELD(ISR, CMF, 17, 1)
    FIELD(ISR, SBKF, 18, 1)
    FIELD(ISR, RWU, 19, 1)
    FIELD(ISR, WUF, 20, 1)
    FIELD(ISR, TEACK, 21, 1)
    FIELD(ISR, REACK, 22, 1)
    FIELD(ISR, TXFE, 23, 1)
    FIELD(ISR, RXFF, 24, 1)
    FIELD(ISR, TCBGT, 25, 1)
    FIELD(ISR, RXFT, 26, 1)
    FIELD(ISR, TXFT, 27, 1)
REG32(ICR, 0x20)
REG32(RDR, 0x24)
REG32(TDR, 0x28)
REG32(PRESC, 0x2C)
    FIELD(PRESC, PRESCALER, 0, 4)

#define USART_FIFO 8            /* entries; reception has RDR besides (35.5.4) */
#define USART_RX_ROOM (USART_FIFO + 1)
#define USART_ERRORS (R_ISR_PE_MASK | R_ISR_FE_MASK | R_ISR_NE_MASK)
#define USART_ERROR_SHIFT 12    /* of PE, FE, NE beside a character in the FIFO */

typedef enum UsartTxPhase {
    USART_TX_IDLE,
    USART_TX_PREAMBLE, /* the idle frame after TE was set */
    USART_TX_DE_LEAD,
    USART_TX_FRAME,
    USART_TX_BREAK,
    USART_TX_NACK, /* until a NACK could have come */
    USART_TX_GUARD,
    USART_TX_DE_TRAIL,
} UsartTxPhase;

struct Stm32wbUsart {
    Stm32wbBlock parent_obj;

    CharBackend chr;
    OrreryPort *port; /* chr, when it is a port of a link */
    QEMUTimer *tx_timer, *rx_timer, *accept_timer;
    qemu_irq irq, wakeup, dma_rx, dma_tx, rts;
    bool lpuart;

    uint64_t last_period; /* of the kernel clock, while it ran */
    uint32_t cr1, cr2, cr3, brr, gtpr, rtor, presc;
    uint32_t flags; /* of ISR, those that stay until cleared */
    uint32_t tdr;
    uint8_t lines; /* levels of our outputs */

    uint16_t tx[USART_FIFO];
    uint8_t tx_count;
    uint8_t tx_phase; /* UsartTxPhase */
    WbTime tx_end; /* of the phase */
    uint16_t tx_shift; /* the character on the wire */
    uint8_t tx_repeats; /* of that character, after NACKs */
    bool tx_nacked;
    bool preamble, break_asked, de;
    bool cts; /* level of the pin; low lets us send */

    uint16_t rx[USART_RX_ROOM]; /* with its errors above USART_ERROR_SHIFT */
    uint8_t rx_count;
    uint16_t rdr; /* what was read last */
    uint8_t rx_repeats; /* parity errors of one character (smartcard) */
    uint16_t block_count; /* characters of the block (EOBF) */
    bool rx_idle_due, rx_rto_due; /* not yet seen since the last character */
    bool measuring; /* auto baud rate: the next character */
    int64_t rx_end; /* of the last character */
    int64_t rx_free; /* a chardev's next byte: not before */
};

/* Length of a bit in 2^-32 ns; 0: no clock, or BRR out of range. */
uint64_t usart_bit(Stm32wbUsart *s);
/* Of the clock that BRR divides (after PRESC), in 2^-32 ns; 0: stopped. */
uint64_t usart_input_period(Stm32wbUsart *s);
/* Bits between start and stop: data, and parity if any. */
unsigned usart_word_bits(Stm32wbUsart *s);
unsigned usart_data_bits(Stm32wbUsart *s);
/* 'N', 'E' or 'O' */
char usart_parity(Stm32wbUsart *s);
/* The same of the levels on the line. */
char usart_wire_parity(Stm32wbUsart *s);
/* Half bits of a character, with start and stop. */
unsigned usart_frame_halves(Stm32wbUsart *s);
uint32_t usart_baud(Stm32wbUsart *s);
/* Interrupts, DMA requests, wake-up and RTS as the registers have them now. */
void usart_update(Stm32wbUsart *s);
/* MSB first and inversion of the data bits, in either direction. */
uint16_t usart_wire_order(Stm32wbUsart *s, uint16_t data);

/* Baud and format of a frame of ours; data 0. */
void usart_format(Stm32wbUsart *s, struct orrery_uart_frame *frame);

/* usart_tx.c */
void usart_tx_kick(Stm32wbUsart *s); /* something that transmission waits for has changed */
void usart_tx_abort(Stm32wbUsart *s);
void usart_tx_nacked(Stm32wbUsart *s);
void usart_tx_timer(void *opaque);

/* usart_rx.c */
void usart_rx_frame(void *opaque, const struct orrery_uart_frame *frame,
                    uint64_t end_ns);
void usart_rx_read(Stm32wbUsart *s); /* RDR was read */
void usart_rx_flush(Stm32wbUsart *s);
void usart_rx_line_quiet(Stm32wbUsart *s); /* RTO or format changed: when next? */
void usart_rx_timer(void *opaque);
void usart_rx_accept(void *opaque);
int usart_chr_can_receive(void *opaque);
void usart_chr_receive(void *opaque, const uint8_t *buf, int size);
void usart_chr_event(void *opaque, QEMUChrEvent event);

static inline bool usart_rx_on(Stm32wbUsart *s)
{
    return FIELD_EX32(s->cr1, CR1, UE) && FIELD_EX32(s->cr1, CR1, RE);
}

static inline unsigned usart_rx_room(Stm32wbUsart *s)
{
    return FIELD_EX32(s->cr1, CR1, FIFOEN) ? USART_RX_ROOM : 1;
}

static inline unsigned usart_tx_room(Stm32wbUsart *s)
{
    return FIELD_EX32(s->cr1, CR1, FIFOEN) ? USART_FIFO : 1;
}

#endif
