/*
 * STM32WB55 QUADSPI: what quadspi.c and quadspi_command.c share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_QUADSPI_H
#define HW_ORRERY_STM32WB55_QUADSPI_H

#include "hw/registerfields.h"
#include "hw/ssi/ssi.h"
#include "block.h"
#include "timing.h"

#define TYPE_STM32WB_QUADSPI "stm32wb-quadspi"
OBJECT_DECLARE_TYPE(Stm32wbQuadspi, Stm32wbQuadspiClass, STM32WB_QUADSPI)

/* RM0434 15.5 */
REG32(CR, 0x00)
    FIELD(CR, EN, 0, 1)
    FIELD(CR, ABORT, 1, 1)
    FIELD(CR, DMAEN, 2, 1)
    FIELD(CR, TCEN, 3, 1)
    FIELD(CR, FTHRES, 8, 4)
    FIELD(CR, TEIE, 16, 1)
    FIELD(CR, TCIE, 17, 1)
    FIELD(CR, FTIE, 18, 1)
    FIELD(CR, SMIE, 19, 1)
    FIELD(CR, TOIE, 20, 1)
    FIELD(CR, APMS, 22, 1)
    FIELD(CR, PMM, 23, 1)
    FIELD(CR, PRESCALER, 24, 8)
REG32(DCR, 0x04)
    FIELD(DCR, CSHT, 8, 3)
    FIELD(DCR, FSIZE, 16, 5)
REG32(SR, 0x08)
    FIELD(SR, TEF, 0, 1)
    FIELD(SR, TCF, 1, 1)
    FIELD(SR, FTF, 2, 1)
    FIELD(SR, SMF, 3, 1)
    FIELD(SR, TOF, 4, 1)
    FIELD(SR, BUSY, 5, 1)
    FIELD(SR, FLEVEL, 8, 5)
REG32(FCR, 0x0C)
REG32(DLR, 0x10)
REG32(CCR, 0x14)
    FIELD(CCR, INSTRUCTION, 0, 8)
    FIELD(CCR, IMODE, 8, 2)
    FIELD(CCR, ADMODE, 10, 2)
    FIELD(CCR, ADSIZE, 12, 2)
    FIELD(CCR, ABMODE, 14, 2)
    FIELD(CCR, ABSIZE, 16, 2)
    FIELD(CCR, DCYC, 18, 5)
    FIELD(CCR, DMODE, 24, 2)
    FIELD(CCR, FMODE, 26, 2)
    FIELD(CCR, SIOO, 28, 1)
    FIELD(CCR, DDRM, 31, 1)
REG32(AR, 0x18)
REG32(ABR, 0x1C)
REG32(DR, 0x20)
REG32(PSMKR, 0x24)
REG32(PSMAR, 0x28)
REG32(PIR, 0x2C)
REG32(LPTR, 0x30)

#define FIFO_BYTES 16

enum { INDIRECT_WRITE, INDIRECT_READ, POLLING, MAPPED }; /* FMODE */

typedef enum QspiPhase {
    QSPI_IDLE,
    QSPI_HEADER,
    QSPI_DATA,
    QSPI_HOLD,     /* the FIFO is full, or empty: the clock stands */
    QSPI_INTERVAL, /* between two polls */
} QspiPhase;

struct Stm32wbQuadspi {
    Stm32wbBlock parent_obj;

    MemoryRegion mapped;
    SSIBus *bus;
    QEMUTimer *timer, *quiet_timer;
    qemu_irq irq, dma;

    uint32_t cr, dcr, dlr, ccr, ar, abr, psmkr, psmar, pir, lptr;
    uint32_t flags; /* of SR */
    uint8_t fifo[FIFO_BYTES];
    uint8_t count;
    uint8_t phase; /* QspiPhase */
    bool armed;    /* an indirect write waits for its first data */
    uint64_t left; /* bytes of data still to cross */
    uint8_t burst; /* bytes of the running event */
    WbTime end;
    bool selected;
    uint32_t next_mapped; /* address that follows what was read last */
    uint8_t lines;
};

struct Stm32wbQuadspiClass {
    Stm32wbBlockClass parent_class;

    DeviceRealize parent_realize;
};

static inline unsigned quadspi_mode(const Stm32wbQuadspi *s)
{
    return FIELD_EX32(s->ccr, CCR, FMODE);
}

/* quadspi.c */
uint32_t quadspi_status(Stm32wbQuadspi *s); /* SR */
void quadspi_update(Stm32wbQuadspi *s);     /* interrupt and DMA request */

/* quadspi_command.c */
extern const MemoryRegionOps quadspi_mapped_ops;
void quadspi_select_flash(Stm32wbQuadspi *s, bool on);
/* CCR or AR has been written. */
void quadspi_maybe_begin(Stm32wbQuadspi *s, bool address_written);
void quadspi_begin(Stm32wbQuadspi *s, WbTime from);
void quadspi_stop(Stm32wbQuadspi *s);
/* The FIFO has room again, or data. */
void quadspi_resume(Stm32wbQuadspi *s);
/* The bus waits for what DR needs (15.5.8): what is under way happens now. */
void quadspi_hurry(Stm32wbQuadspi *s);
void quadspi_phase_end(void *opaque); /* of the timers */
void quadspi_quiet(void *opaque);

#endif
