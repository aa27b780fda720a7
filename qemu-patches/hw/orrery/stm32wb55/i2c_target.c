/*
 * STM32WB55 I2C1 and I2C3: a controller as the target of another one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 34.4.8. Two controllers whose SCL and SDA pins are wired together hear each other.
 */
#include "qemu/osdep.h"
#include "i2c.h"

#define CONTROLLERS 4

static Stm32wbI2c *controllers[CONTROLLERS];

void i2c_target_announce(Stm32wbI2c *s)
{
    for (int i = 0; i < CONTROLLERS; i++) {
        if (!controllers[i]) {
            controllers[i] = s;
            return;
        }
    }
}

void i2c_target_forget(Stm32wbI2c *s)
{
    for (int i = 0; i < CONTROLLERS; i++) {
        if (controllers[i] == s) {
            controllers[i] = NULL;
        }
    }
}

/* Does @t hear line @n of @s? Pull it low and see. */
static bool follows(Stm32wbI2c *s, Stm32wbI2c *t, int n)
{
    bool high = t->line_in[n], low;

    qemu_set_irq(s->line[n], 0);
    low = !t->line_in[n];
    qemu_set_irq(s->line[n], 1);
    return high && low;
}

void i2c_find_peer(Stm32wbI2c *s)
{
    s->wired = NULL;
    for (int i = 0; i < CONTROLLERS; i++) {
        Stm32wbI2c *t = controllers[i];

        if (t && t != s && FIELD_EX32(t->cr1, CR1, PE) && t->phase == I2C_IDLE &&
            follows(s, t, I2C_SCL) && follows(s, t, I2C_SDA)) {
            s->wired = t;
        }
    }
}

/* 34.4.8: own addresses, OA2 with OA2MSK low bits left out, general call, SMBus defaults */
static bool matches(Stm32wbI2c *t, uint8_t first, int second)
{
    unsigned oa1 = FIELD_EX32(t->oar1, OAR1, OA1);
    uint8_t address = first >> 1;
    unsigned masked = FIELD_EX32(t->oar2, OAR2, OA2MSK);

    if (FIELD_EX32(t->oar1, OAR1, OA1EN)) {
        if (FIELD_EX32(t->oar1, OAR1, OA1MODE)) {
            if ((first & 0xF8) == 0xF0 && second >= 0 &&
                oa1 == ((first >> 1 & 3) << 8 | second)) {
                return true;
            }
        } else if (address == (oa1 >> 1 & 0x7F)) {
            return true;
        }
    }
    if (FIELD_EX32(t->oar2, OAR2, OA2EN)) {
        bool reserved = (address & 0x78) == 0 || (address & 0x78) == 0x78;

        if (masked == 7 ? !reserved
                        : address >> masked ==
                              FIELD_EX32(t->oar2, OAR2, OA2) >> masked) {
            return true;
        }
    }
    if (first == 0 && FIELD_EX32(t->cr1, CR1, GCEN)) {
        return true;
    }
    return (FIELD_EX32(t->cr1, CR1, SMBHEN) && address == 0x08) ||
           (FIELD_EX32(t->cr1, CR1, SMBDEN) && address == 0x61);
}

/* Slave byte control (34.4.8): NBYTES counts, and with RELOAD software answers after them. */
static bool counts_bytes(const Stm32wbI2c *t)
{
    return FIELD_EX32(t->cr1, CR1, SBC);
}

static bool pec_is_next(Stm32wbI2c *t)
{
    return counts_bytes(t) && t->left == 1 && i2c_pec_is_last(t);
}

bool i2c_target_called(Stm32wbI2c *t, Stm32wbI2c *master, uint8_t first,
                       int second)
{
    if (!FIELD_EX32(t->cr1, CR1, PE) || !matches(t, first, second)) {
        return false;
    }
    if (!t->target) {
        t->pec = 0;
    }
    i2c_pec_add(t, first);
    t->target = true;
    t->refuses = false;
    t->cr2 &= ~R_CR2_PECBYTE_MASK;
    t->master = master;
    t->isr |= R_ISR_ADDR_MASK | R_ISR_BUSY_MASK;
    t->isr = FIELD_DP32(t->isr, ISR, DIR, first & 1);
    t->isr = FIELD_DP32(t->isr, ISR, ADDCODE, first >> 1);
    i2c_update(t);
    return true;
}

static bool sends(Stm32wbI2c *t)
{
    return FIELD_EX32(t->isr, ISR, DIR);
}

bool i2c_target_wants_byte(Stm32wbI2c *t)
{
    return sends(t) && !(t->isr & R_ISR_ADDR_MASK) && !t->refuses &&
           (!counts_bytes(t) || (t->left && !pec_is_next(t)));
}

bool i2c_target_stretches(Stm32wbI2c *t)
{
    if (FIELD_EX32(t->cr1, CR1, NOSTRETCH)) {
        return false;
    }
    if (t->isr & R_ISR_ADDR_MASK) {
        return true;
    }
    if (!sends(t)) {
        return t->shift_full;
    }
    if (counts_bytes(t) && (pec_is_next(t) || (!t->left && !FIELD_EX32(t->cr2, CR2, RELOAD)))) {
        return false;
    }
    return !t->refuses && (t->isr & R_ISR_TXE_MASK);
}

I2cAnswer i2c_target_decision(Stm32wbI2c *t)
{
    bool refused = FIELD_EX32(t->cr2, CR2, NACK);

    if (t->isr & R_ISR_TCR_MASK) {
        return I2C_UNDECIDED;
    }
    t->cr2 &= ~R_CR2_NACK_MASK;
    return refused ? I2C_REFUSED : I2C_ACKED;
}

/* The last of a counted chunk has crossed: software is to write NBYTES. */
static void chunk_crossed(Stm32wbI2c *t)
{
    if (counts_bytes(t) && !t->left && FIELD_EX32(t->cr2, CR2, RELOAD)) {
        t->isr |= R_ISR_TCR_MASK;
    }
}

static void count_byte(Stm32wbI2c *t)
{
    if (counts_bytes(t) && t->left) {
        t->left--;
    }
}

I2cAnswer i2c_target_take(Stm32wbI2c *t, uint8_t byte)
{
    bool pec = pec_is_next(t), right = byte == t->pec;

    i2c_pec_add(t, byte);
    if (!(t->isr & R_ISR_RXNE_MASK)) {
        t->rxdr = byte;
        t->isr |= R_ISR_RXNE_MASK;
    } else if (FIELD_EX32(t->cr1, CR1, NOSTRETCH)) {
        t->isr |= R_ISR_OVR_MASK;
    } else {
        t->shift = byte;
        t->shift_full = true;
    }
    count_byte(t);
    chunk_crossed(t);
    if (pec) { /* 34.4.11: it is answered by what it is */
        t->isr |= right ? 0 : R_ISR_PECERR_MASK;
        t->cr2 = FIELD_DP32(t->cr2 & ~R_CR2_PECBYTE_MASK, CR2, NACK, !right);
    }
    i2c_update(t);
    return i2c_target_decision(t);
}

void i2c_target_load(Stm32wbI2c *t)
{
    if (pec_is_next(t)) {
        t->shift = t->pec;
        t->cr2 &= ~R_CR2_PECBYTE_MASK;
    } else if (t->isr & R_ISR_TXE_MASK) {
        t->shift = 0xFF; /* without stretching (34.4.8, underrun), or all bytes have been sent */
        if (FIELD_EX32(t->cr1, CR1, NOSTRETCH)) {
            t->isr |= R_ISR_OVR_MASK;
        }
    } else {
        t->shift = t->txdr;
        t->isr |= R_ISR_TXE_MASK;
    }
    count_byte(t);
    i2c_update(t);
}

uint8_t i2c_target_give(Stm32wbI2c *t, bool last)
{
    i2c_pec_add(t, t->shift);
    if (last) {
        t->isr |= R_ISR_NACKF_MASK;
        t->refuses = true;
    } else {
        chunk_crossed(t);
    }
    i2c_update(t);
    return t->shift;
}

void i2c_target_restart(Stm32wbI2c *t)
{
    t->target = false;
    t->master = NULL;
    i2c_update(t);
}

void i2c_target_stopped(Stm32wbI2c *t)
{
    t->isr |= R_ISR_STOPF_MASK;
    t->isr &= ~R_ISR_BUSY_MASK;
    t->cr2 &= ~R_CR2_PECBYTE_MASK;
    i2c_target_restart(t);
    i2c_kick(t); /* a start of its own has waited */
    i2c_update(t);
}

void i2c_target_leave(Stm32wbI2c *s)
{
    Stm32wbI2c *master = s->master;

    s->target = s->refuses = s->shift_full = false;
    s->master = NULL;
    for (int i = 0; i < CONTROLLERS; i++) {
        if (controllers[i] && controllers[i]->wired == s) {
            controllers[i]->wired = controllers[i]->peer = NULL;
        }
    }
    if (master) {
        i2c_kick(master);
        i2c_update(master);
    }
}

void i2c_target_kick(Stm32wbI2c *s)
{
    if (!s->target || !s->master) {
        return;
    }
    if (s->shift_full && !(s->isr & R_ISR_RXNE_MASK)) {
        s->rxdr = s->shift;
        s->isr |= R_ISR_RXNE_MASK;
        s->shift_full = false;
    }
    i2c_kick(s->master);
    i2c_update(s->master);
}

/* ---- pointers to each other, saved as numbers ---- */

static uint8_t number(const Stm32wbI2c *s)
{
    for (int i = 0; s && i < CONTROLLERS; i++) {
        if (controllers[i] == s) {
            return i + 1;
        }
    }
    return 0;
}

static Stm32wbI2c *by_number(uint8_t n)
{
    return n && n <= CONTROLLERS ? controllers[n - 1] : NULL;
}

int i2c_target_pre_save(void *opaque)
{
    Stm32wbI2c *s = opaque;

    s->saved[0] = number(s->wired);
    s->saved[1] = number(s->peer);
    s->saved[2] = number(s->master);
    return 0;
}

int i2c_target_post_load(void *opaque, int version_id)
{
    Stm32wbI2c *s = opaque;

    s->wired = by_number(s->saved[0]);
    s->peer = by_number(s->saved[1]);
    s->master = by_number(s->saved[2]);
    return 0;
}
