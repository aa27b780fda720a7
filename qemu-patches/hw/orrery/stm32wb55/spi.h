/*
 * STM32WB55 SPI1 and SPI2: what spi.c and spi_slave.c share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_SPI_H
#define HW_ORRERY_STM32WB55_SPI_H

#include "hw/registerfields.h"
#include "hw/ssi/ssi.h"
#include "block.h"
#include "pins.h"
#include "timing.h"

#define TYPE_STM32WB_SPI "stm32wb-spi"
OBJECT_DECLARE_TYPE(Stm32wbSpi, Stm32wbSpiClass, STM32WB_SPI)

/* RM0434 38.6 */
REG32(CR1, 0x00)
    FIELD(CR1, CPOL, 1, 1)
    FIELD(CR1, MSTR, 2, 1)
    FIELD(CR1, BR, 3, 3)
    FIELD(CR1, SPE, 6, 1)
    FIELD(CR1, LSBFIRST, 7, 1)
    FIELD(CR1, SSI, 8, 1)
    FIELD(CR1, SSM, 9, 1)
    FIELD(CR1, RXONLY, 10, 1)
    FIELD(CR1, CRCL, 11, 1)
    FIELD(CR1, CRCNEXT, 12, 1)
    FIELD(CR1, CRCEN, 13, 1)
    FIELD(CR1, BIDIOE, 14, 1)
    FIELD(CR1, BIDIMODE, 15, 1)
REG32(CR2, 0x04)
    FIELD(CR2, RXDMAEN, 0, 1)
    FIELD(CR2, TXDMAEN, 1, 1)
    FIELD(CR2, SSOE, 2, 1)
    FIELD(CR2, NSSP, 3, 1)
    FIELD(CR2, FRF, 4, 1)
    FIELD(CR2, ERRIE, 5, 1)
    FIELD(CR2, RXNEIE, 6, 1)
    FIELD(CR2, TXEIE, 7, 1)
    FIELD(CR2, DS, 8, 4)
    FIELD(CR2, FRXTH, 12, 1)
REG32(SR, 0x08)
    FIELD(SR, RXNE, 0, 1)
    FIELD(SR, TXE, 1, 1)
    FIELD(SR, CRCERR, 4, 1)
    FIELD(SR, MODF, 5, 1)
    FIELD(SR, OVR, 6, 1)
    FIELD(SR, BSY, 7, 1)
    FIELD(SR, FRE, 8, 1)
    FIELD(SR, FRLVL, 9, 2)
    FIELD(SR, FTLVL, 11, 2)
REG32(DR, 0x0C)
REG32(CRCPR, 0x10)
REG32(RXCRCR, 0x14)
REG32(TXCRCR, 0x18)

#define FIFO_BYTES 4
#define CR2_WRITABLE 0x7FFF
#define CS_LINES 4

enum { SPI_NSS, SPI_SCK, SPI_MOSI, SPI_MISO, SPI_LINES };

struct Stm32wbSpi {
    Stm32wbBlock parent_obj;

    SSIBus *bus;
    QEMUTimer *timer;
    qemu_irq irq, dma_rx, dma_tx, line[SPI_LINES];

    uint32_t cr1, cr2, crcpr, rxcrc, txcrc;
    uint32_t flags; /* of SR, those that stay: CRCERR, MODF, OVR */
    uint8_t rx[FIFO_BYTES], tx[FIFO_BYTES];
    uint8_t rx_count, tx_count;
    bool ovr_dr_read; /* DR was read since OVR: SR's read clears it */
    bool modf_sr_read;
    bool shifting;
    bool crc_frame;   /* the frame on the wire is of the CRC */
    uint8_t crc_left; /* frames of the CRC still to send */
    bool sent;        /* frames since CRCEN was set */
    uint32_t shift;
    WbTime end; /* of the frame on the wire */
    uint8_t level[SPI_LINES]; /* that we drive: 0, 1 or WB_PIN_FLOATING */
    bool line_in[SPI_LINES];  /* floating reads as ones */
    bool wired;               /* MISO follows MOSI */

    /* as master */
    bool peer_hears, peer_heard; /* the other SPI is on our wires: which data lines */

    /* as slave */
    bool loaded;    /* a frame is in shift */
    uint8_t passed; /* bits of it that have crossed */
    uint32_t heard; /* so far */
    uint8_t cs_low; /* chip selects that the board holds low */
    uint8_t lines;
};

struct Stm32wbSpiClass {
    Stm32wbBlockClass parent_class;

    DeviceRealize parent_realize;
};

/* ---- settings ---- */

static inline unsigned spi_frame_bits(Stm32wbSpi *s)
{
    return FIELD_EX32(s->cr2, CR2, DS) + 1;
}

/* Bytes that a frame takes in a FIFO */
static inline unsigned spi_frame_bytes(Stm32wbSpi *s)
{
    return spi_frame_bits(s) > 8 ? 2 : 1;
}

static inline bool spi_is_master(Stm32wbSpi *s)
{
    return FIELD_EX32(s->cr1, CR1, SPE) && FIELD_EX32(s->cr1, CR1, MSTR);
}

/* 38.4.9: the clock runs as long as SPI is on */
static inline bool spi_receives_only(Stm32wbSpi *s)
{
    return FIELD_EX32(s->cr1, CR1, BIDIMODE) ? !FIELD_EX32(s->cr1, CR1, BIDIOE)
                                             : FIELD_EX32(s->cr1, CR1, RXONLY);
}

static inline bool spi_transmits_only(Stm32wbSpi *s)
{
    return FIELD_EX32(s->cr1, CR1, BIDIMODE) && FIELD_EX32(s->cr1, CR1, BIDIOE);
}

/* spi.c */
void spi_update(Stm32wbSpi *s);
void spi_drive_line(Stm32wbSpi *s, unsigned line, uint8_t level);
bool spi_load_next(Stm32wbSpi *s); /* the frame to send now, into shift */
void spi_frame_done(Stm32wbSpi *s, uint32_t data);
uint32_t spi_reversed(uint32_t data, unsigned bits);

/* spi_slave.c: one SPI as the slave of the other, whose pins the board ties to its own */
void spi_slave_announce(Stm32wbSpi *s);
void spi_slave_forget(Stm32wbSpi *s);
/* Who is on the same SCK now? Sets s->peer_hears, peer_heard. */
void spi_slave_find(Stm32wbSpi *s);
void spi_slave_begin(Stm32wbSpi *s);
/* What the slave gives while it is given @data, @bits of it, the highest first. */
uint32_t spi_slave_exchange(Stm32wbSpi *s, uint32_t data, unsigned bits);
/* Lines and the frame under way, after NSS or a register changed. */
void spi_slave_changed(Stm32wbSpi *s);

#endif
