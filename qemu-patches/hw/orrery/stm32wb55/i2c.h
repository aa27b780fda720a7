/*
 * STM32WB55 I2C1 and I2C3: what i2c.c and i2c_target.c share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_I2C_H
#define HW_ORRERY_STM32WB55_I2C_H

#include "hw/i2c/i2c.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "block.h"
#include "timing.h"

#define TYPE_STM32WB_I2C "stm32wb-i2c"
OBJECT_DECLARE_TYPE(Stm32wbI2c, Stm32wbI2cClass, STM32WB_I2C)

/* RM0434 34.7 */
REG32(CR1, 0x00)
    FIELD(CR1, PE, 0, 1)
    FIELD(CR1, TXIE, 1, 1)
    FIELD(CR1, RXIE, 2, 1)
    FIELD(CR1, ADDRIE, 3, 1)
    FIELD(CR1, NACKIE, 4, 1)
    FIELD(CR1, STOPIE, 5, 1)
    FIELD(CR1, TCIE, 6, 1)
    FIELD(CR1, ERRIE, 7, 1)
    FIELD(CR1, DNF, 8, 4)
    FIELD(CR1, TXDMAEN, 14, 1)
    FIELD(CR1, RXDMAEN, 15, 1)
    FIELD(CR1, SBC, 16, 1)
    FIELD(CR1, NOSTRETCH, 17, 1)
    FIELD(CR1, WUPEN, 18, 1)
    FIELD(CR1, GCEN, 19, 1)
    FIELD(CR1, SMBHEN, 20, 1)
    FIELD(CR1, SMBDEN, 21, 1)
    FIELD(CR1, ALERTEN, 22, 1)
    FIELD(CR1, PECEN, 23, 1)
REG32(CR2, 0x04)
    FIELD(CR2, SADD, 0, 10)
    FIELD(CR2, RD_WRN, 10, 1)
    FIELD(CR2, ADD10, 11, 1)
    FIELD(CR2, HEAD10R, 12, 1)
    FIELD(CR2, START, 13, 1)
    FIELD(CR2, STOP, 14, 1)
    FIELD(CR2, NACK, 15, 1)
    FIELD(CR2, NBYTES, 16, 8)
    FIELD(CR2, RELOAD, 24, 1)
    FIELD(CR2, AUTOEND, 25, 1)
    FIELD(CR2, PECBYTE, 26, 1)
REG32(OAR1, 0x08)
    FIELD(OAR1, OA1, 0, 10)
    FIELD(OAR1, OA1MODE, 10, 1)
    FIELD(OAR1, OA1EN, 15, 1)
REG32(OAR2, 0x0C)
    FIELD(OAR2, OA2, 1, 7)
    FIELD(OAR2, OA2MSK, 8, 3)
    FIELD(OAR2, OA2EN, 15, 1)
REG32(TIMINGR, 0x10)
    FIELD(TIMINGR, SCLL, 0, 8)
    FIELD(TIMINGR, SCLH, 8, 8)
    FIELD(TIMINGR, PRESC, 28, 4)
REG32(TIMEOUTR, 0x14)
    FIELD(TIMEOUTR, TIMEOUTA, 0, 12)
    FIELD(TIMEOUTR, TIDLE, 12, 1)
    FIELD(TIMEOUTR, TIMOUTEN, 15, 1)
    FIELD(TIMEOUTR, TIMEOUTB, 16, 12)
    FIELD(TIMEOUTR, TEXTEN, 31, 1)
REG32(ISR, 0x18)
    FIELD(ISR, TXE, 0, 1)
    FIELD(ISR, TXIS, 1, 1)
    FIELD(ISR, RXNE, 2, 1)
    FIELD(ISR, ADDR, 3, 1)
    FIELD(ISR, NACKF, 4, 1)
    FIELD(ISR, STOPF, 5, 1)
    FIELD(ISR, TC, 6, 1)
    FIELD(ISR, TCR, 7, 1)
    FIELD(ISR, BERR, 8, 1)
    FIELD(ISR, ARLO, 9, 1)
    FIELD(ISR, OVR, 10, 1)
    FIELD(ISR, PECERR, 11, 1)
    FIELD(ISR, TIMEOUT, 12, 1)
    FIELD(ISR, ALERT, 13, 1)
    FIELD(ISR, BUSY, 15, 1)
    FIELD(ISR, DIR, 16, 1)
    FIELD(ISR, ADDCODE, 17, 7)
REG32(ICR, 0x1C)
REG32(PECR, 0x20)
REG32(RXDR, 0x24)
REG32(TXDR, 0x28)

#define I2C_ERRORS 0x3F00 /* BERR, ARLO, OVR, PECERR, TIMEOUT, ALERT */

typedef enum I2cPhase {
    I2C_IDLE,
    I2C_START, /* with the address */
    I2C_TX,
    I2C_RX,
    I2C_STOP,
    I2C_HOLD, /* SCL is low: software, or the target, has something to do first */
} I2cPhase;

/* Of a target to a byte; undecided: its software will say (CR1.SBC). */
typedef enum I2cAnswer { I2C_ACKED, I2C_REFUSED, I2C_UNDECIDED } I2cAnswer;

enum { I2C_SCL, I2C_SDA };

struct Stm32wbI2c {
    Stm32wbBlock parent_obj;

    I2CBus *bus;
    QEMUTimer *timer, *timeout_timer;
    qemu_irq event, error, wakeup, dma_rx, dma_tx, line[2];

    uint32_t cr1, cr2, oar1, oar2, timingr, timeoutr;
    uint32_t isr; /* all but TXIS */
    uint8_t pec, rxdr, txdr;
    uint8_t lines; /* levels of our outputs */
    bool txis_forced;

    /* as master */
    uint8_t phase; /* I2cPhase */
    WbTime end;    /* of the phase */
    uint8_t shift;
    uint8_t left;    /* bytes of the chunk (NBYTES) to come (of a target's with SBC too) */
    uint8_t second;  /* byte of the last 10-bit address */
    bool read;       /* direction of the transfer */
    bool addressed;  /* the target has answered */
    bool undecided;  /* the byte sent last has no answer yet */
    bool shift_full; /* received, and RXDR is not free (as target too) */
    int16_t on_bus;  /* address called on the QEMU bus, or -1 */
    Stm32wbI2c *wired; /* controller on the same lines, or NULL */
    Stm32wbI2c *peer;  /* the same, as long as it answers */

    /* as target */
    bool target;  /* called, until stop or restart */
    bool refuses; /* the master has refused a byte: no more */
    Stm32wbI2c *master;

    bool smba, line_in[2];
    uint8_t saved[3]; /* of wired, peer, master: index + 1 */
};

struct Stm32wbI2cClass {
    Stm32wbBlockClass parent_class;

    DeviceRealize parent_realize;
};

/* i2c.c */
uint64_t i2c_bit(Stm32wbI2c *s); /* period of SCL in 2^-32 ns; 0: no clock */
void i2c_update(Stm32wbI2c *s);
void i2c_kick(Stm32wbI2c *s); /* what the master waits for may have come */
void i2c_arm_timeout(Stm32wbI2c *s);
void i2c_pec_add(Stm32wbI2c *s, uint8_t byte);
bool i2c_pec_is_last(Stm32wbI2c *s);

/* i2c_target.c: controllers that are wired to each other */
void i2c_target_announce(Stm32wbI2c *s);
void i2c_target_forget(Stm32wbI2c *s);
/* Who is on the same SCL and SDA now? Sets s->wired. */
void i2c_find_peer(Stm32wbI2c *s);
/* The byte after a start (and the next, of a 10-bit address, or -1); true: acknowledged. */
bool i2c_target_called(Stm32wbI2c *t, Stm32wbI2c *master, uint8_t first,
                       int second);
bool i2c_target_stretches(Stm32wbI2c *t);
bool i2c_target_wants_byte(Stm32wbI2c *t); /* TXIS, TXDR being empty */
I2cAnswer i2c_target_take(Stm32wbI2c *t, uint8_t byte);
I2cAnswer i2c_target_decision(Stm32wbI2c *t); /* of one that was undecided */
void i2c_target_load(Stm32wbI2c *t);               /* a byte to the master begins */
uint8_t i2c_target_give(Stm32wbI2c *t, bool last); /* ... and ends */
void i2c_target_restart(Stm32wbI2c *t);
void i2c_target_stopped(Stm32wbI2c *t);
void i2c_target_leave(Stm32wbI2c *s); /* switched off */
void i2c_target_kick(Stm32wbI2c *s);  /* the master may go on */
int i2c_target_pre_save(void *opaque);
int i2c_target_post_load(void *opaque, int version_id);

#endif
