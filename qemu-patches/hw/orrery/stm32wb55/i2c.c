/*
 * STM32WB55 I2C1 and I2C3
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 34. Start, bytes with their acknowledge, and stop take the clocks that TIMINGR asks for.
 * SCL stretched is a phase without an end: whoever stretches it kicks the master on. What another
 * of our controllers that is wired to the same lines does as target is in i2c_target.c.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; sysbus IRQ 0: events, IRQ 1: errors
 *  + I2C bus of the block's name ("I2C1"): targets
 *  + GPIO output "wakeup": wakes the core from Stop on an address match (CR1.WUPEN)
 *  + GPIO outputs "rx", "tx": DMA requests
 *  + GPIO outputs "SCL", "SDA", inputs "SCL-in", "SDA-in", "SMBA-in": pins
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "migration/vmstate.h"
#include "i2c.h"

#define CR1_WRITABLE 0x00FFDFFF
#define CR2_WRITABLE 0x07FFFFFF
#define BIT_PARTS 16 /* sixteenths */
#define BYTE_BITS 9
#define SYNC_CLOCKS 4 /* tSYNC1 + tSYNC2 at least, without filters (34.4.9) */

/* ---- time ---- */

uint64_t i2c_bit(Stm32wbI2c *s)
{
    unsigned low = FIELD_EX32(s->timingr, TIMINGR, SCLL) + 1;
    unsigned high = FIELD_EX32(s->timingr, TIMINGR, SCLH) + 1;
    unsigned by = FIELD_EX32(s->timingr, TIMINGR, PRESC) + 1;
    unsigned sync = SYNC_CLOCKS + 2 * FIELD_EX32(s->cr1, CR1, DNF);

    return clock_get(s->parent_obj.kernel) * ((low + high) * by + sync);
}

static void enter(Stm32wbI2c *s, I2cPhase phase, WbTime from, unsigned bits)
{
    s->phase = phase;
    s->end = wb_after(from, i2c_bit(s), bits * BIT_PARTS);
    timer_mod(s->timer, wb_ns(s->end));
}

/* SCL stays low until somebody does something. 34.4.12: not for ever. */
static void hold(Stm32wbI2c *s)
{
    s->phase = I2C_HOLD;
    if (!timer_pending(s->timeout_timer)) {
        i2c_arm_timeout(s);
    }
}

/* ---- outputs ---- */

/* Bytes of the chunk that software must still put in TXDR */
static unsigned bytes_wanted(Stm32wbI2c *s)
{
    unsigned left = s->left;

    if (left && s->phase == I2C_TX) {
        left--;
    }
    if (left && i2c_pec_is_last(s)) {
        left--;
    }
    return left;
}

static bool txis(Stm32wbI2c *s)
{
    if (!(s->isr & R_ISR_TXE_MASK)) {
        return false;
    }
    if (s->target) {
        return i2c_target_wants_byte(s);
    }
    return s->addressed && !s->read && bytes_wanted(s) > 0;
}

static uint32_t status(Stm32wbI2c *s)
{
    return FIELD_DP32(s->isr, ISR, TXIS, s->txis_forced || txis(s));
}

enum { LINE_EVENT, LINE_ERROR, LINE_WAKEUP, LINE_RX, LINE_TX };

void i2c_update(Stm32wbI2c *s)
{
    uint32_t isr = status(s), on = 0;
    bool event, match = isr & R_ISR_ADDR_MASK;

    on = FIELD_DP32(on, ISR, TXIS, FIELD_EX32(s->cr1, CR1, TXIE));
    on = FIELD_DP32(on, ISR, RXNE, FIELD_EX32(s->cr1, CR1, RXIE));
    on = FIELD_DP32(on, ISR, ADDR, FIELD_EX32(s->cr1, CR1, ADDRIE));
    on = FIELD_DP32(on, ISR, NACKF, FIELD_EX32(s->cr1, CR1, NACKIE));
    on = FIELD_DP32(on, ISR, STOPF, FIELD_EX32(s->cr1, CR1, STOPIE));
    on = FIELD_DP32(on, ISR, TC, FIELD_EX32(s->cr1, CR1, TCIE));
    on = FIELD_DP32(on, ISR, TCR, FIELD_EX32(s->cr1, CR1, TCIE));
    event = isr & on;
    stm32wb_drive(&s->lines, LINE_EVENT, s->event, event);
    stm32wb_drive(&s->lines, LINE_ERROR, s->error,
                  FIELD_EX32(s->cr1, CR1, ERRIE) && (isr & I2C_ERRORS));
    stm32wb_drive(&s->lines, LINE_WAKEUP, s->wakeup,
                  match && FIELD_EX32(s->cr1, CR1, WUPEN));
    stm32wb_drive(&s->lines, LINE_RX, s->dma_rx,
                  FIELD_EX32(s->cr1, CR1, RXDMAEN) &&
                  (isr & R_ISR_RXNE_MASK));
    stm32wb_drive(&s->lines, LINE_TX, s->dma_tx,
                  FIELD_EX32(s->cr1, CR1, TXDMAEN) &&
                  FIELD_EX32(isr, ISR, TXIS));
}

/* ---- PEC (34.4.10): CRC-8 of all bytes since the start ---- */

void i2c_pec_add(Stm32wbI2c *s, uint8_t byte)
{
    if (!FIELD_EX32(s->cr1, CR1, PECEN)) {
        return;
    }
    s->pec ^= byte;
    for (int i = 0; i < 8; i++) {
        s->pec = s->pec << 1 ^ (s->pec & 0x80 ? 0x07 : 0);
    }
}

bool i2c_pec_is_last(Stm32wbI2c *s)
{
    return FIELD_EX32(s->cr1, CR1, PECEN) &&
           FIELD_EX32(s->cr2, CR2, PECBYTE) &&
           !FIELD_EX32(s->cr2, CR2, RELOAD);
}

/* ---- the master ---- */

static void begin_stop(Stm32wbI2c *s, WbTime from)
{
    s->cr2 |= R_CR2_STOP_MASK;
    s->isr &= ~(R_ISR_TC_MASK | R_ISR_TCR_MASK);
    enter(s, I2C_STOP, from, 1);
}

static void begin_start(Stm32wbI2c *s, WbTime from)
{
    unsigned bytes = 1;

    if (FIELD_EX32(s->cr2, CR2, ADD10)) {
        /* header and address; to read, a restart and the header again */
        bytes = !FIELD_EX32(s->cr2, CR2, RD_WRN) ? 2
                : FIELD_EX32(s->cr2, CR2, HEAD10R) ? 1 : 3;
    }
    if (!(s->isr & R_ISR_BUSY_MASK)) {
        s->pec = 0;
    }
    s->isr &= ~(R_ISR_TC_MASK | R_ISR_TCR_MASK);
    s->isr |= R_ISR_BUSY_MASK;
    s->read = FIELD_EX32(s->cr2, CR2, RD_WRN);
    s->left = FIELD_EX32(s->cr2, CR2, NBYTES);
    s->addressed = s->shift_full = s->undecided = false;
    enter(s, I2C_START, from, bytes == 3 ? 29 : 1 + bytes * BYTE_BITS);
}

static void begin_tx(Stm32wbI2c *s, WbTime from)
{
    if (s->left == 1 && i2c_pec_is_last(s)) {
        s->shift = s->pec;
    } else if (s->isr & R_ISR_TXE_MASK) {
        hold(s); /* TXIS asks for a byte */
        return;
    } else {
        s->shift = s->txdr;
        s->isr |= R_ISR_TXE_MASK;
    }
    enter(s, I2C_TX, from, BYTE_BITS);
}

static void chunk_done(Stm32wbI2c *s, WbTime from)
{
    if (FIELD_EX32(s->cr2, CR2, RELOAD)) {
        s->isr |= R_ISR_TCR_MASK;
        hold(s);
    } else if (FIELD_EX32(s->cr2, CR2, AUTOEND)) {
        begin_stop(s, from);
    } else {
        s->isr |= R_ISR_TC_MASK;
        hold(s);
    }
}

/* The bus is ours, SCL is low, and nothing is on the wire from @from on: what comes next? */
static void advance(Stm32wbI2c *s, WbTime from)
{
    if (!i2c_bit(s)) {
        hold(s);
        return;
    }
    if (s->shift_full && !(s->isr & R_ISR_RXNE_MASK)) {
        s->rxdr = s->shift;
        s->isr |= R_ISR_RXNE_MASK;
        s->shift_full = false;
    }
    if (s->shift_full || (s->peer && i2c_target_stretches(s->peer))) {
        hold(s);
    } else if (FIELD_EX32(s->cr2, CR2, STOP)) {
        begin_stop(s, from);
    } else if (FIELD_EX32(s->cr2, CR2, START)) {
        begin_start(s, from);
    } else if (s->left == 0) {
        chunk_done(s, from);
    } else if (s->read) {
        if (s->peer) {
            i2c_target_load(s->peer);
        }
        enter(s, I2C_RX, from, BYTE_BITS);
    } else {
        begin_tx(s, from);
    }
    if (s->phase != I2C_HOLD) {
        timer_del(s->timeout_timer);
    }
}

static void answered(Stm32wbI2c *s, I2cAnswer answer, WbTime from);

void i2c_kick(Stm32wbI2c *s)
{
    if (!FIELD_EX32(s->cr1, CR1, PE)) {
        return;
    }
    if (s->phase == I2C_HOLD && s->undecided) {
        I2cAnswer answer = s->peer ? i2c_target_decision(s->peer) : I2C_REFUSED;

        if (answer != I2C_UNDECIDED) {
            answered(s, answer, wb_now());
        }
    } else if (s->phase == I2C_HOLD) {
        advance(s, wb_now());
    } else if (s->phase == I2C_IDLE && !s->target && i2c_bit(s) &&
               FIELD_EX32(s->cr2, CR2, START)) {
        i2c_find_peer(s);
        timer_del(s->timeout_timer);
        begin_start(s, wb_now());
    }
}

/* Someone who answers to the byte after a start; peers come before QEMU's devices. */
static bool call(Stm32wbI2c *s, uint8_t first, int second)
{
    bool read = first & 1;

    i2c_pec_add(s, first);
    if (s->wired && i2c_target_called(s->wired, s, first, second)) {
        s->peer = s->wired;
        return true;
    }
    if (s->on_bus >= 0 && s->on_bus != first >> 1) {
        i2c_end_transfer(s->bus); /* QEMU's restart stays with the same device */
    }
    s->on_bus = first >> 1;
    return i2c_start_transfer(s->bus, first >> 1, read) == 0;
}

static bool call_target(Stm32wbI2c *s)
{
    unsigned sadd = FIELD_EX32(s->cr2, CR2, SADD);
    uint8_t header = 0xF0 | (sadd >> 8 & 3) << 1;

    if (s->peer) {
        i2c_target_restart(s->peer);
        s->peer = NULL;
    }
    if (!FIELD_EX32(s->cr2, CR2, ADD10)) {
        return call(s, (sadd & 0xFE) | s->read, -1);
    }
    if (s->read && FIELD_EX32(s->cr2, CR2, HEAD10R)) {
        return call(s, header | 1, s->second);
    }
    s->second = sadd & 0xFF;
    i2c_pec_add(s, s->second);
    if (!call(s, header, s->second) ||
        (!s->peer && i2c_send(s->bus, s->second) != 0)) {
        return false;
    }
    return !s->read || call(s, header | 1, s->second);
}

/* 34.4.9: after a NACK the master frees the bus */
static void refused(Stm32wbI2c *s, WbTime from)
{
    s->isr |= R_ISR_NACKF_MASK;
    s->addressed = false;
    begin_stop(s, from);
}

static void start_end(Stm32wbI2c *s)
{
    s->cr2 &= ~R_CR2_START_MASK;
    if (!call_target(s)) {
        refused(s, s->end);
        return;
    }
    s->addressed = true;
    advance(s, s->end);
}

static void answered(Stm32wbI2c *s, I2cAnswer answer, WbTime from)
{
    s->undecided = answer == I2C_UNDECIDED;
    if (answer == I2C_ACKED) {
        advance(s, from);
    } else if (answer == I2C_REFUSED) {
        timer_del(s->timeout_timer);
        refused(s, from);
    } else {
        hold(s);
    }
}

static void tx_end(Stm32wbI2c *s)
{
    I2cAnswer answer = s->peer ? i2c_target_take(s->peer, s->shift)
                       : i2c_send(s->bus, s->shift) == 0 ? I2C_ACKED
                                                         : I2C_REFUSED;

    i2c_pec_add(s, s->shift);
    s->left--;
    answered(s, answer, s->end);
}

static void rx_end(Stm32wbI2c *s)
{
    bool pec = s->left == 1 && i2c_pec_is_last(s);
    bool last = s->left == 1 && !FIELD_EX32(s->cr2, CR2, RELOAD);

    s->shift = s->peer ? i2c_target_give(s->peer, last) : i2c_recv(s->bus);
    if (last && !s->peer) {
        i2c_nack(s->bus);
    }
    if (pec && s->shift != s->pec) {
        s->isr |= R_ISR_PECERR_MASK;
    }
    i2c_pec_add(s, s->shift);
    s->left--;
    s->shift_full = true;
    advance(s, s->end);
}

static void release(Stm32wbI2c *s)
{
    if (s->peer) {
        i2c_target_stopped(s->peer);
        s->peer = NULL;
    }
    if (s->on_bus >= 0) {
        i2c_end_transfer(s->bus);
        s->on_bus = -1;
    }
    s->wired = NULL;
    s->phase = I2C_IDLE;
    s->addressed = s->shift_full = s->undecided = false;
    s->isr &= ~R_ISR_BUSY_MASK;
    timer_del(s->timer);
    timer_del(s->timeout_timer);
}

static void stop_end(Stm32wbI2c *s)
{
    bool full = s->shift_full;

    release(s);
    if (full && !(s->isr & R_ISR_RXNE_MASK)) {
        s->rxdr = s->shift;
        s->isr |= R_ISR_RXNE_MASK;
    }
    s->isr |= R_ISR_STOPF_MASK;
    s->cr2 &= ~(R_CR2_STOP_MASK | R_CR2_PECBYTE_MASK);
    i2c_arm_timeout(s);
    i2c_kick(s); /* a start that waited */
}

static void phase_end(void *opaque)
{
    Stm32wbI2c *s = opaque;

    switch (s->phase) {
    case I2C_START:
        start_end(s);
        break;
    case I2C_TX:
        tx_end(s);
        break;
    case I2C_RX:
        rx_end(s);
        break;
    case I2C_STOP:
        stop_end(s);
        break;
    default:
        break;
    }
    i2c_update(s);
}

/* ---- timeouts (34.4.12) ---- */

/* What TIMEOUTR makes of the state of the lines now. */
void i2c_arm_timeout(Stm32wbI2c *s)
{
    uint64_t period = clock_get(s->parent_obj.kernel);
    uint32_t a = FIELD_EX32(s->timeoutr, TIMEOUTR, TIMEOUTA) + 1;
    uint32_t b = FIELD_EX32(s->timeoutr, TIMEOUTR, TIMEOUTB) + 1;
    bool tidle = FIELD_EX32(s->timeoutr, TIMEOUTR, TIDLE);
    uint32_t clocks = UINT32_MAX;

    if (s->phase == I2C_HOLD) {
        if (FIELD_EX32(s->timeoutr, TIMEOUTR, TIMOUTEN) && !tidle) {
            clocks = a * 2048;
        }
        if (FIELD_EX32(s->timeoutr, TIMEOUTR, TEXTEN)) {
            clocks = MIN(clocks, b * 2048);
        }
    } else if (s->phase == I2C_IDLE && tidle &&
               FIELD_EX32(s->timeoutr, TIMEOUTR, TIMOUTEN)) {
        clocks = a * 4;
    }
    if (clocks == UINT32_MAX || !period || !FIELD_EX32(s->cr1, CR1, PE)) {
        timer_del(s->timeout_timer);
        return;
    }
    timer_mod(s->timeout_timer, wb_ns(wb_after(wb_now(), period, clocks * 16)));
}

static void timed_out(void *opaque)
{
    Stm32wbI2c *s = opaque;

    s->isr |= R_ISR_TIMEOUT_MASK;
    if (s->phase == I2C_HOLD) {
        s->left = 0;
        s->shift_full = s->undecided = false;
        begin_stop(s, wb_now());
    }
    i2c_update(s);
}

/* ---- registers ---- */

static uint32_t read_rxdr(Stm32wbI2c *s)
{
    uint8_t data = s->rxdr; /* the next may follow at once */

    if (s->isr & R_ISR_RXNE_MASK) {
        s->isr &= ~R_ISR_RXNE_MASK;
        i2c_target_kick(s);
        i2c_kick(s);
        i2c_update(s);
    }
    return data;
}

static uint32_t i2c_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbI2c *s = STM32WB_I2C(b);

    switch (offset) {
    case A_CR1:
        return s->cr1;
    case A_CR2:
        return s->cr2;
    case A_OAR1:
        return s->oar1;
    case A_OAR2:
        return s->oar2;
    case A_TIMINGR:
        return s->timingr;
    case A_TIMEOUTR:
        return s->timeoutr;
    case A_ISR:
        return status(s);
    case A_ICR:
        return 0;
    case A_PECR:
        return s->pec;
    case A_RXDR:
        return read_rxdr(s);
    case A_TXDR:
        return s->txdr;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

/* 34.4.6: PE clear is a reset of all but the settings */
static void software_reset(Stm32wbI2c *s)
{
    if (s->phase != I2C_IDLE || s->on_bus >= 0) {
        release(s);
    }
    i2c_target_leave(s);
    timer_del(s->timeout_timer);
    s->isr = R_ISR_TXE_MASK;
    s->cr2 &= ~(R_CR2_START_MASK | R_CR2_STOP_MASK | R_CR2_NACK_MASK |
                R_CR2_PECBYTE_MASK);
    s->left = 0;
    s->pec = 0;
    s->txis_forced = false;
}

static void write_cr1(Stm32wbI2c *s, uint32_t value)
{
    s->cr1 = value & CR1_WRITABLE;
    if (!FIELD_EX32(s->cr1, CR1, PE)) {
        software_reset(s);
    }
}

static void write_cr2(Stm32wbI2c *s, uint32_t value)
{
    uint32_t sticky = R_CR2_START_MASK | R_CR2_STOP_MASK | R_CR2_NACK_MASK |
                      R_CR2_PECBYTE_MASK;

    /* writing 0 to these has no effect */
    s->cr2 = (value & CR2_WRITABLE) | (s->cr2 & sticky);
    if (!FIELD_EX32(s->cr1, CR1, PE)) {
        s->cr2 &= ~sticky;
        return;
    }
    if (s->phase == I2C_IDLE) {
        s->cr2 &= ~R_CR2_STOP_MASK; /* nothing to stop */
    }
    if (!s->target) {
        s->cr2 &= ~R_CR2_NACK_MASK; /* 34.6.2: only for targets */
    }
    if ((s->isr & R_ISR_TCR_MASK) && FIELD_EX32(s->cr2, CR2, NBYTES)) {
        s->isr &= ~R_ISR_TCR_MASK;
        s->left = FIELD_EX32(s->cr2, CR2, NBYTES);
    }
    if ((s->isr & (R_ISR_TC_MASK | R_ISR_TCR_MASK)) &&
        !(s->cr2 & (R_CR2_START_MASK | R_CR2_STOP_MASK))) {
        return; /* it is still to be decided what comes */
    }
    if (s->target) {
        i2c_target_kick(s);
    }
    i2c_kick(s);
}

static void write_isr(Stm32wbI2c *s, uint32_t value)
{
    if (value & R_ISR_TXE_MASK) {
        s->isr |= R_ISR_TXE_MASK; /* flush TXDR */
    }
    if ((value & R_ISR_TXIS_MASK) && FIELD_EX32(s->cr1, CR1, NOSTRETCH)) {
        s->txis_forced = true;
    }
}

static void write_icr(Stm32wbI2c *s, uint32_t value)
{
    s->isr &= ~(value & (I2C_ERRORS | R_ISR_STOPF_MASK | R_ISR_NACKF_MASK |
                         R_ISR_ADDR_MASK));
    if (value & R_ISR_ADDR_MASK) {
        if (s->target) {
            s->left = FIELD_EX32(s->cr2, CR2, NBYTES); /* counted with SBC */
        }
        i2c_target_kick(s);
    }
}

static void write_txdr(Stm32wbI2c *s, uint32_t value)
{
    s->txdr = value & 0xFF;
    s->txis_forced = false;
    if (FIELD_EX32(s->cr1, CR1, PE)) {
        s->isr &= ~R_ISR_TXE_MASK;
        i2c_target_kick(s);
        i2c_kick(s);
    }
}

static void i2c_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbI2c *s = STM32WB_I2C(b);

    switch (offset) {
    case A_CR1:
        write_cr1(s, value);
        break;
    case A_CR2:
        write_cr2(s, value);
        break;
    case A_OAR1:
        s->oar1 = value & 0x87FF;
        break;
    case A_OAR2:
        s->oar2 = value & 0x87FE;
        break;
    case A_TIMINGR:
        s->timingr = value & 0xF0FFFFFF;
        break;
    case A_TIMEOUTR:
        s->timeoutr = value & 0x8FFF9FFF;
        i2c_arm_timeout(s);
        break;
    case A_ISR:
        write_isr(s, value);
        break;
    case A_ICR:
        write_icr(s, value);
        break;
    case A_TXDR:
        write_txdr(s, value);
        break;
    case A_PECR:
    case A_RXDR:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    i2c_update(s);
}

static void i2c_clock_changed(Stm32wbBlock *b)
{
    Stm32wbI2c *s = STM32WB_I2C(b);

    if (!(s->isr & (R_ISR_TC_MASK | R_ISR_TCR_MASK))) {
        i2c_kick(s);
    }
    i2c_update(s);
}

/* 34.4.11: an alert from a target, to the host that wants to hear it */
static void set_smba(void *opaque, int n, int level)
{
    Stm32wbI2c *s = opaque;

    if (s->smba && !level && FIELD_EX32(s->cr1, CR1, ALERTEN) &&
        FIELD_EX32(s->cr1, CR1, SMBHEN)) {
        s->isr |= R_ISR_ALERT_MASK;
        i2c_update(s);
    }
    s->smba = level != 0;
}

static void set_line(void *opaque, int n, int level)
{
    STM32WB_I2C(opaque)->line_in[n] = level != 0;
}

static void set_scl(void *opaque, int n, int level)
{
    set_line(opaque, I2C_SCL, level);
}

static void set_sda(void *opaque, int n, int level)
{
    set_line(opaque, I2C_SDA, level);
}

/* ---- the device ---- */

static void i2c_reset_hold(Object *obj, ResetType type)
{
    Stm32wbI2c *s = STM32WB_I2C(obj);

    s->cr1 = 0;
    software_reset(s);
    s->cr2 = s->oar1 = s->oar2 = s->timingr = s->timeoutr = 0;
    s->rxdr = s->txdr = s->shift = 0;
    s->second = 0;
}

static void i2c_reset_exit(Object *obj, ResetType type)
{
    Stm32wbI2c *s = STM32WB_I2C(obj);

    qemu_set_irq(s->line[I2C_SCL], 1);
    qemu_set_irq(s->line[I2C_SDA], 1);
    i2c_update(s);
}

static void i2c_init(Object *obj)
{
    Stm32wbI2c *s = STM32WB_I2C(obj);
    DeviceState *dev = DEVICE(obj);

    s->on_bus = -1;
    s->smba = s->line_in[I2C_SCL] = s->line_in[I2C_SDA] = true;
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, phase_end, s);
    s->timeout_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timed_out, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->event);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->error);
    qdev_init_gpio_out_named(dev, &s->wakeup, "wakeup", 1);
    qdev_init_gpio_out_named(dev, &s->dma_rx, "rx", 1);
    qdev_init_gpio_out_named(dev, &s->dma_tx, "tx", 1);
    qdev_init_gpio_out_named(dev, &s->line[I2C_SCL], "SCL", 1);
    qdev_init_gpio_out_named(dev, &s->line[I2C_SDA], "SDA", 1);
    qdev_init_gpio_in_named(dev, set_scl, "SCL-in", 1);
    qdev_init_gpio_in_named(dev, set_sda, "SDA-in", 1);
    qdev_init_gpio_in_named(dev, set_smba, "SMBA-in", 1);
}

static void i2c_finalize(Object *obj)
{
    Stm32wbI2c *s = STM32WB_I2C(obj);

    i2c_target_forget(s);
    timer_free(s->timer);
    timer_free(s->timeout_timer);
}

static void i2c_realize(DeviceState *dev, Error **errp)
{
    Stm32wbI2c *s = STM32WB_I2C(dev);

    STM32WB_I2C_GET_CLASS(dev)->parent_realize(dev, errp);
    if (!*errp) {
        s->bus = i2c_init_bus(dev, s->parent_obj.name);
        i2c_target_announce(s);
    }
}

static const VMStateDescription i2c_vmstate = {
    .name = TYPE_STM32WB_I2C,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = i2c_target_pre_save,
    .post_load = i2c_target_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbI2c),
        VMSTATE_TIMER_PTR(timer, Stm32wbI2c),
        VMSTATE_TIMER_PTR(timeout_timer, Stm32wbI2c),
        VMSTATE_UINT32(cr1, Stm32wbI2c),
        VMSTATE_UINT32(cr2, Stm32wbI2c),
        VMSTATE_UINT32(oar1, Stm32wbI2c),
        VMSTATE_UINT32(oar2, Stm32wbI2c),
        VMSTATE_UINT32(timingr, Stm32wbI2c),
        VMSTATE_UINT32(timeoutr, Stm32wbI2c),
        VMSTATE_UINT32(isr, Stm32wbI2c),
        VMSTATE_UINT8(pec, Stm32wbI2c),
        VMSTATE_UINT8(rxdr, Stm32wbI2c),
        VMSTATE_UINT8(txdr, Stm32wbI2c),
        VMSTATE_UINT8(shift, Stm32wbI2c),
        VMSTATE_UINT8(second, Stm32wbI2c),
        VMSTATE_UINT8(left, Stm32wbI2c),
        VMSTATE_UINT8(phase, Stm32wbI2c),
        VMSTATE_INT64(end.ns, Stm32wbI2c),
        VMSTATE_UINT32(end.frac, Stm32wbI2c),
        VMSTATE_BOOL(read, Stm32wbI2c),
        VMSTATE_BOOL(addressed, Stm32wbI2c),
        VMSTATE_BOOL(undecided, Stm32wbI2c),
        VMSTATE_BOOL(shift_full, Stm32wbI2c),
        VMSTATE_BOOL(txis_forced, Stm32wbI2c),
        VMSTATE_INT16(on_bus, Stm32wbI2c),
        VMSTATE_BOOL(target, Stm32wbI2c),
        VMSTATE_BOOL(refuses, Stm32wbI2c),
        VMSTATE_BOOL(smba, Stm32wbI2c),
        VMSTATE_BOOL_ARRAY(line_in, Stm32wbI2c, 2),
        VMSTATE_UINT8_ARRAY(saved, Stm32wbI2c, 3),
        VMSTATE_UINT8(lines, Stm32wbI2c),
        VMSTATE_END_OF_LIST()
    },
};

static void i2c_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    device_class_set_parent_realize(dc, i2c_realize,
                                    &STM32WB_I2C_CLASS(klass)->parent_realize);
    dc->vmsd = &i2c_vmstate;
    rc->phases.hold = i2c_reset_hold;
    rc->phases.exit = i2c_reset_exit;
    bc->apb = true;
    bc->read = i2c_read;
    bc->write = i2c_write;
    bc->clock_changed = i2c_clock_changed;
}

static const TypeInfo i2c_types[] = {
    {
        .name = TYPE_STM32WB_I2C,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbI2c),
        .class_size = sizeof(Stm32wbI2cClass),
        .instance_init = i2c_init,
        .instance_finalize = i2c_finalize,
        .class_init = i2c_class_init,
    },
};

DEFINE_TYPES(i2c_types)
