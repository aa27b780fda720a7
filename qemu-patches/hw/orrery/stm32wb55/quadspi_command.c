/*
 * STM32WB55 QUADSPI: commands, and memory-mapped reads, on their way to the flash
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 15.3.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "quadspi.h"

#define BURST 4 /* bytes of data that cross in one event */
#define NO_LENGTH UINT32_MAX /* DLR: to the end of the flash */

/* ---- the flash ---- */

void quadspi_select_flash(Stm32wbQuadspi *s, bool on)
{
    DeviceState *dev = ssi_get_cs(s->bus, 0);

    s->selected = on;
    if (dev && SSI_PERIPHERAL_GET_CLASS(dev)->cs_polarity != SSI_CS_NONE) {
        qemu_set_irq(qdev_get_gpio_in_named(dev, SSI_GPIO_CS, 0), !on);
    }
}

static uint8_t exchange(Stm32wbQuadspi *s, uint8_t byte)
{
    if (!ssi_get_cs(s->bus, 0)) {
        return 0xFF; /* nobody drives the lines */
    }
    return ssi_transfer(s->bus, byte);
}

/* xMODE: none, 1, 2 or 4 lines; clocks for @bits */
static unsigned clocks(unsigned lines_code, unsigned bits)
{
    return lines_code ? bits >> (lines_code - 1) : 0;
}

static uint64_t flash_size(Stm32wbQuadspi *s)
{
    return 2ull << FIELD_EX32(s->dcr, DCR, FSIZE);
}

/*
 * D2 is the N25Q's dual fast program whose address is on two lines, too. An SSI bus has no lines, and
 * QEMU's N25Q knows it as A2.
 */
static uint8_t instruction(Stm32wbQuadspi *s)
{
    uint8_t code = FIELD_EX32(s->ccr, CCR, INSTRUCTION);

    return code == 0xD2 && FIELD_EX32(s->ccr, CCR, ADMODE) == 2 ? 0xA2 : code;
}

/* Sends instruction to dummy cycles; returns the clocks that they take. */
static unsigned send_header(Stm32wbQuadspi *s, uint32_t address)
{
    unsigned imode = FIELD_EX32(s->ccr, CCR, IMODE);
    unsigned admode = FIELD_EX32(s->ccr, CCR, ADMODE);
    unsigned abmode = FIELD_EX32(s->ccr, CCR, ABMODE);
    unsigned ab_bits = 8 * (FIELD_EX32(s->ccr, CCR, ABSIZE) + 1);
    unsigned ad_bytes = FIELD_EX32(s->ccr, CCR, ADSIZE) + 1;
    unsigned dummies = FIELD_EX32(s->ccr, CCR, DCYC);
    unsigned n, total = 0;

    quadspi_select_flash(s, true);
    if (imode) {
        exchange(s, instruction(s));
        total += clocks(imode, 8);
    }
    if (admode) {
        for (int i = ad_bytes - 1; i >= 0; i--) {
            exchange(s, address >> (8 * i));
        }
        n = clocks(admode, 8 * ad_bytes);
        total += FIELD_EX32(s->ccr, CCR, DDRM) ? n / 2 : n;
    }
    n = clocks(abmode, ab_bits);
    n = FIELD_EX32(s->ccr, CCR, DDRM) ? n / 2 : n;
    for (unsigned i = 0; i < n + dummies; i++) {
        exchange(s, i == 0 ? s->abr : 0xFF);
    }
    return total + n + dummies;
}

static unsigned data_clocks(Stm32wbQuadspi *s, unsigned bytes)
{
    unsigned n = clocks(FIELD_EX32(s->ccr, CCR, DMODE), 8 * bytes);

    return FIELD_EX32(s->ccr, CCR, DDRM) ? n / 2 : n;
}

static uint64_t flash_clock(Stm32wbQuadspi *s)
{
    return clock_get(s->parent_obj.kernel) *
           (FIELD_EX32(s->cr, CR, PRESCALER) + 1);
}

static void enter(Stm32wbQuadspi *s, QspiPhase phase, WbTime from,
                  unsigned cycles)
{
    s->phase = phase;
    s->end = wb_after(from, flash_clock(s), MAX(cycles, 1) * 16);
    timer_mod(s->timer, wb_ns(s->end));
}

/* ---- a command ---- */

static uint64_t data_length(Stm32wbQuadspi *s)
{
    if (!FIELD_EX32(s->ccr, CCR, DMODE)) {
        return 0;
    }
    if (quadspi_mode(s) == POLLING) {
        return MIN(s->dlr, 3) + 1;
    }
    if (s->dlr == NO_LENGTH) {
        return flash_size(s) > s->ar ? flash_size(s) - s->ar : 0;
    }
    return (uint64_t)s->dlr + 1;
}

void quadspi_stop(Stm32wbQuadspi *s)
{
    timer_del(s->timer);
    timer_del(s->quiet_timer);
    quadspi_select_flash(s, false);
    s->phase = QSPI_IDLE;
    s->armed = false;
    s->left = 0;
}

void quadspi_begin(Stm32wbQuadspi *s, WbTime from)
{
    s->armed = false;
    s->left = data_length(s);
    if (FIELD_EX32(s->ccr, CCR, ADMODE) && quadspi_mode(s) != POLLING &&
        s->ar + s->left > flash_size(s)) {
        s->flags |= R_SR_TEF_MASK; /* 15.3.10: beyond the flash */
        s->left = 0;
        return;
    }
    enter(s, QSPI_HEADER, from, send_header(s, s->ar));
}

/* 15.3.5: the last register that the command needs starts it. */
void quadspi_maybe_begin(Stm32wbQuadspi *s, bool address_written)
{
    bool needs_data = quadspi_mode(s) == INDIRECT_WRITE &&
                      FIELD_EX32(s->ccr, CCR, DMODE);

    if (!FIELD_EX32(s->cr, CR, EN) || quadspi_mode(s) == MAPPED) {
        return;
    }
    if (needs_data) { /* data it is that starts it, whenever the address came */
        s->armed = true;
        s->count = 0;
        s->left = data_length(s);
    } else if ((FIELD_EX32(s->ccr, CCR, ADMODE) != 0) == address_written) {
        s->count = 0;
        quadspi_begin(s, wb_now());
    }
}

static void complete(Stm32wbQuadspi *s)
{
    quadspi_stop(s);
    s->flags |= R_SR_TCF_MASK;
}

static void next_poll(Stm32wbQuadspi *s)
{
    quadspi_select_flash(s, false);
    enter(s, QSPI_INTERVAL, s->end, s->pir);
}

static void check_poll(Stm32wbQuadspi *s)
{
    uint32_t value = ldl_le_p(s->fifo);
    uint32_t same = ~(value ^ s->psmar) & s->psmkr;
    bool match = FIELD_EX32(s->cr, CR, PMM) ? same : same == s->psmkr;

    s->count = 0;
    if (match) {
        s->flags |= R_SR_SMF_MASK;
    }
    if (match && FIELD_EX32(s->cr, CR, APMS)) {
        quadspi_stop(s);
    } else {
        next_poll(s);
    }
}

/* Bytes that can cross now */
static unsigned ready(Stm32wbQuadspi *s)
{
    unsigned room = quadspi_mode(s) == INDIRECT_WRITE ? s->count : FIFO_BYTES - s->count;

    return MIN(MIN(s->left, BURST), room);
}

static void next_burst(Stm32wbQuadspi *s, WbTime from)
{
    if (!s->left) {
        if (quadspi_mode(s) == POLLING) {
            check_poll(s);
        } else {
            complete(s);
        }
        return;
    }
    s->burst = ready(s);
    if (s->burst) {
        enter(s, QSPI_DATA, from, data_clocks(s, s->burst));
    } else {
        s->phase = QSPI_HOLD;
    }
}

static void cross(Stm32wbQuadspi *s, unsigned n)
{
    if (quadspi_mode(s) == INDIRECT_WRITE) {
        n = MIN(n, s->count);
        for (unsigned i = 0; i < n; i++) {
            exchange(s, s->fifo[i]);
        }
        s->count -= n;
        memmove(s->fifo, s->fifo + n, s->count);
    } else {
        n = MIN(n, FIFO_BYTES - s->count);
        if (quadspi_mode(s) == POLLING && s->count == 0) {
            memset(s->fifo, 0, 4);
        }
        for (unsigned i = 0; i < n; i++) {
            s->fifo[s->count++] = exchange(s, 0xFF);
        }
    }
    s->left -= MIN(n, s->left);
}

void quadspi_phase_end(void *opaque)
{
    Stm32wbQuadspi *s = opaque;

    switch (s->phase) {
    case QSPI_HEADER:
        next_burst(s, s->end);
        break;
    case QSPI_DATA:
        cross(s, s->burst);
        next_burst(s, s->end);
        break;
    case QSPI_INTERVAL:
        s->left = data_length(s);
        enter(s, QSPI_HEADER, s->end, send_header(s, s->ar));
        break;
    default:
        break;
    }
    quadspi_update(s);
}

void quadspi_resume(Stm32wbQuadspi *s)
{
    if (s->phase == QSPI_HOLD) {
        next_burst(s, wb_now());
    }
}

void quadspi_hurry(Stm32wbQuadspi *s)
{
    if (s->phase == QSPI_HEADER || s->phase == QSPI_DATA) {
        unsigned n;

        timer_del(s->timer);
        n = s->phase == QSPI_DATA ? s->burst : ready(s);
        cross(s, n);
        next_burst(s, wb_now());
    }
}

/* ---- memory-mapped mode (15.3.8) ---- */

void quadspi_quiet(void *opaque)
{
    Stm32wbQuadspi *s = opaque;

    if (quadspi_mode(s) == MAPPED) {
        quadspi_select_flash(s, false);
        s->flags |= R_SR_TOF_MASK;
        quadspi_update(s);
    }
}

static MemTxResult mapped_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    Stm32wbQuadspi *s = opaque;

    *data = 0;
    if (!FIELD_EX32(s->cr, CR, EN) || quadspi_mode(s) != MAPPED ||
        addr + size > flash_size(s) || !flash_clock(s)) {
        return MEMTX_ERROR;
    }
    if (!s->selected || s->next_mapped != addr) {
        quadspi_select_flash(s, false);
        send_header(s, addr);
    }
    for (unsigned i = 0; i < size; i++) {
        *data |= (uint64_t)exchange(s, 0xFF) << (8 * i);
    }
    s->next_mapped = addr + size;
    if (FIELD_EX32(s->cr, CR, TCEN)) {
        timer_mod(s->quiet_timer,
                  wb_ns(wb_after(wb_now(), flash_clock(s),
                                 MAX(s->lptr, 1) * 16)));
    }
    return MEMTX_OK;
}

static MemTxResult mapped_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    return MEMTX_ERROR;
}

const MemoryRegionOps quadspi_mapped_ops = {
    .read_with_attrs = mapped_read,
    .write_with_attrs = mapped_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};
