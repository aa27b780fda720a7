/*
 * STM32WB55 SPI1 and SPI2: one as the slave of the other
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 38.4. Bits cross when the master's frame ends; the two frame sizes need not be the same.
 */
#include "qemu/osdep.h"
#include "spi.h"

#define BLOCKS 2

static Stm32wbSpi *blocks[BLOCKS];

void spi_slave_announce(Stm32wbSpi *s)
{
    for (int i = 0; i < BLOCKS; i++) {
        if (!blocks[i]) {
            blocks[i] = s;
            return;
        }
    }
}

void spi_slave_forget(Stm32wbSpi *s)
{
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i] == s) {
            blocks[i] = NULL;
        }
    }
}

static Stm32wbSpi *other(const Stm32wbSpi *s)
{
    return blocks[0] == s ? blocks[1] : blocks[0];
}

static bool is_slave(const Stm32wbSpi *t)
{
    return FIELD_EX32(t->cr1, CR1, SPE) && !FIELD_EX32(t->cr1, CR1, MSTR);
}

/* 38.4.5 */
static bool is_selected(const Stm32wbSpi *t)
{
    return is_slave(t) && (FIELD_EX32(t->cr1, CR1, SSM) ? !FIELD_EX32(t->cr1, CR1, SSI)
                                                       : !t->line_in[SPI_NSS]);
}

/* 38.4.3: on one line a slave uses MISO, a master MOSI. */
static bool one_line(const Stm32wbSpi *s)
{
    return FIELD_EX32(s->cr1, CR1, BIDIMODE);
}

void spi_slave_changed(Stm32wbSpi *s)
{
    bool selected = is_selected(s);

    spi_drive_line(s, SPI_MISO, selected && !spi_receives_only(s) ? 1 : WB_PIN_FLOATING);
    if (!spi_is_master(s) && !selected && (s->loaded || s->passed)) {
        s->loaded = s->shifting = false;
        s->passed = 0;
    }
}

/* Does @in of @t hear @line of @s? Pull it, and see. */
static bool follows(Stm32wbSpi *s, unsigned line, Stm32wbSpi *t, unsigned in)
{
    uint8_t was = s->level[line];
    bool high, low;

    if (was == WB_PIN_FLOATING) {
        return false;
    }
    spi_drive_line(s, line, !was);
    high = t->line_in[in] == !was;
    spi_drive_line(s, line, was);
    low = t->line_in[in] == was;
    return high && low;
}

void spi_slave_find(Stm32wbSpi *s)
{
    Stm32wbSpi *t = other(s);

    s->peer_hears = s->peer_heard = false;
    if (t && is_slave(t) && follows(s, SPI_SCK, t, SPI_SCK)) {
        s->peer_hears = follows(s, SPI_MOSI, t, one_line(t) ? SPI_MISO : SPI_MOSI);
        s->peer_heard = follows(t, SPI_MISO, s, one_line(s) ? SPI_MOSI : SPI_MISO);
    }
}

/* 38.4.9: with nothing to send it repeats itself; the manual does not say what goes out. */
static void load(Stm32wbSpi *t)
{
    spi_load_next(t);
    t->loaded = t->shifting = true;
    spi_update(t);
}

void spi_slave_begin(Stm32wbSpi *s)
{
    Stm32wbSpi *t = other(s);

    if ((s->peer_hears || s->peer_heard) && t && is_selected(t) && !t->loaded) {
        load(t);
    }
}

static bool slave_bit(Stm32wbSpi *t, bool in)
{
    unsigned bits = spi_frame_bits(t);
    bool lsb = FIELD_EX32(t->cr1, CR1, LSBFIRST), out;

    if (!t->loaded) {
        load(t);
    }
    out = t->shift >> (lsb ? t->passed : bits - 1 - t->passed) & 1;
    t->heard = t->heard << 1 | in;
    if (++t->passed >= bits) {
        uint32_t data = t->heard & MAKE_64BIT_MASK(0, bits);

        t->passed = 0;
        t->loaded = false;
        spi_frame_done(t, lsb ? spi_reversed(data, bits) : data);
        spi_update(t);
    }
    return out;
}

uint32_t spi_slave_exchange(Stm32wbSpi *s, uint32_t data, unsigned bits)
{
    Stm32wbSpi *t = other(s);
    bool there = t && is_selected(t);
    uint32_t result = 0;

    for (int i = bits - 1; i >= 0; i--) {
        bool out = there ? slave_bit(t, s->peer_hears ? data >> i & 1 : 1) : 1;

        result = result << 1 | (s->peer_heard ? out : 1);
    }
    return result;
}
