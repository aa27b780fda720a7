/*
 * STM32WB55 QUADSPI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 15. A command is a header (instruction, address, alternate bytes, dummy cycles) and data.
 * Each part takes the clocks that its lines need; bytes cross the SSI bus, where QEMU's NOR counts a
 * dummy cycle as a byte, so that alternate bytes go there as the cycles that they take.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; region 1: the memory-mapped flash
 *  + sysbus IRQ 0: the interrupt
 *  + SSI bus "QUADSPI": the NOR, with chip select 0
 *  + GPIO output "fifo": DMA request
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "hw/ssi/ssi.h"
#include "migration/vmstate.h"
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
#define BURST 4 /* bytes of data that cross in one event */
#define CR_WRITABLE 0xFFDF0F1F
#define DCR_WRITABLE 0x001F0701
#define CCR_WRITABLE 0x9F7FFFFF
#define FLAGS (R_SR_TEF_MASK | R_SR_TCF_MASK | R_SR_SMF_MASK | R_SR_TOF_MASK)
#define MAPPED_SIZE (256 * MiB)
#define NO_LENGTH UINT32_MAX /* DLR: to the end of the flash */

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

static unsigned mode(Stm32wbQuadspi *s)
{
    return FIELD_EX32(s->ccr, CCR, FMODE);
}

/* ---- outputs ---- */

static bool fifo_threshold(Stm32wbQuadspi *s)
{
    unsigned threshold = FIELD_EX32(s->cr, CR, FTHRES) + 1;

    switch (mode(s)) {
    case INDIRECT_WRITE:
        return (s->armed || (s->phase != QSPI_IDLE && s->left > s->count)) &&
               FIFO_BYTES - s->count >= threshold;
    case INDIRECT_READ:
        /* the rest of a transfer, too, when nothing more comes */
        return s->count >= threshold || (s->count && !s->left);
    case POLLING:
        return false;
    default:
        return false;
    }
}

static uint32_t status(Stm32wbQuadspi *s)
{
    uint32_t sr = s->flags;
    bool reading = mode(s) == INDIRECT_READ && s->count;

    sr = FIELD_DP32(sr, SR, FTF, fifo_threshold(s));
    sr = FIELD_DP32(sr, SR, BUSY, s->phase != QSPI_IDLE || reading ||
                    (mode(s) == MAPPED && s->selected));
    sr = FIELD_DP32(sr, SR, FLEVEL, s->count);
    return sr;
}

static void update(Stm32wbQuadspi *s)
{
    uint32_t sr = status(s), on = 0;

    on = FIELD_DP32(on, SR, TEF, FIELD_EX32(s->cr, CR, TEIE));
    on = FIELD_DP32(on, SR, TCF, FIELD_EX32(s->cr, CR, TCIE));
    on = FIELD_DP32(on, SR, FTF, FIELD_EX32(s->cr, CR, FTIE));
    on = FIELD_DP32(on, SR, SMF, FIELD_EX32(s->cr, CR, SMIE));
    on = FIELD_DP32(on, SR, TOF, FIELD_EX32(s->cr, CR, TOIE));
    stm32wb_drive(&s->lines, 0, s->irq, sr & on);
    stm32wb_drive(&s->lines, 1, s->dma,
                  FIELD_EX32(s->cr, CR, EN) &&
                  FIELD_EX32(s->cr, CR, DMAEN) && FIELD_EX32(sr, SR, FTF));
}

/* ---- the flash ---- */

static void select_flash(Stm32wbQuadspi *s, bool on)
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

    select_flash(s, true);
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
    if (mode(s) == POLLING) {
        return MIN(s->dlr, 3) + 1;
    }
    if (s->dlr == NO_LENGTH) {
        return flash_size(s) > s->ar ? flash_size(s) - s->ar : 0;
    }
    return (uint64_t)s->dlr + 1;
}

static void stop(Stm32wbQuadspi *s)
{
    timer_del(s->timer);
    timer_del(s->quiet_timer);
    select_flash(s, false);
    s->phase = QSPI_IDLE;
    s->armed = false;
    s->left = 0;
}

static void begin(Stm32wbQuadspi *s, WbTime from)
{
    s->armed = false;
    s->left = data_length(s);
    if (FIELD_EX32(s->ccr, CCR, ADMODE) && mode(s) != POLLING &&
        s->ar + s->left > flash_size(s)) {
        s->flags |= R_SR_TEF_MASK; /* 15.3.10: beyond the flash */
        s->left = 0;
        return;
    }
    enter(s, QSPI_HEADER, from, send_header(s, s->ar));
}

/* 15.3.5: the last register that the command needs starts it. */
static void maybe_begin(Stm32wbQuadspi *s, bool address_written)
{
    bool needs_data = mode(s) == INDIRECT_WRITE &&
                      FIELD_EX32(s->ccr, CCR, DMODE);

    if (!FIELD_EX32(s->cr, CR, EN) || mode(s) == MAPPED) {
        return;
    }
    if (needs_data) { /* data it is that starts it, whenever the address came */
        s->armed = true;
        s->count = 0;
        s->left = data_length(s);
    } else if ((FIELD_EX32(s->ccr, CCR, ADMODE) != 0) == address_written) {
        s->count = 0;
        begin(s, wb_now());
    }
}

static void complete(Stm32wbQuadspi *s)
{
    stop(s);
    s->flags |= R_SR_TCF_MASK;
}

static void next_poll(Stm32wbQuadspi *s)
{
    select_flash(s, false);
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
        stop(s);
    } else {
        next_poll(s);
    }
}

/* Bytes that can cross now */
static unsigned ready(Stm32wbQuadspi *s)
{
    unsigned room = mode(s) == INDIRECT_WRITE ? s->count : FIFO_BYTES - s->count;

    return MIN(MIN(s->left, BURST), room);
}

static void next_burst(Stm32wbQuadspi *s, WbTime from)
{
    if (!s->left) {
        if (mode(s) == POLLING) {
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
    if (mode(s) == INDIRECT_WRITE) {
        n = MIN(n, s->count);
        for (unsigned i = 0; i < n; i++) {
            exchange(s, s->fifo[i]);
        }
        s->count -= n;
        memmove(s->fifo, s->fifo + n, s->count);
    } else {
        n = MIN(n, FIFO_BYTES - s->count);
        if (mode(s) == POLLING && s->count == 0) {
            memset(s->fifo, 0, 4);
        }
        for (unsigned i = 0; i < n; i++) {
            s->fifo[s->count++] = exchange(s, 0xFF);
        }
    }
    s->left -= MIN(n, s->left);
}

static void phase_end(void *opaque)
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
    update(s);
}

static void resume(Stm32wbQuadspi *s)
{
    if (s->phase == QSPI_HOLD) {
        next_burst(s, wb_now());
    }
}

/* The bus waits for what DR needs (15.5.8): what is under way happens now. */
static void hurry(Stm32wbQuadspi *s)
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

static void quiet(void *opaque)
{
    Stm32wbQuadspi *s = opaque;

    if (mode(s) == MAPPED) {
        select_flash(s, false);
        s->flags |= R_SR_TOF_MASK;
        update(s);
    }
}

static MemTxResult mapped_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    Stm32wbQuadspi *s = opaque;

    *data = 0;
    if (!FIELD_EX32(s->cr, CR, EN) || mode(s) != MAPPED ||
        addr + size > flash_size(s) || !flash_clock(s)) {
        return MEMTX_ERROR;
    }
    if (!s->selected || s->next_mapped != addr) {
        select_flash(s, false);
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

static const MemoryRegionOps mapped_ops = {
    .read_with_attrs = mapped_read,
    .write_with_attrs = mapped_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

/* ---- registers ---- */

static uint32_t read_dr(Stm32wbQuadspi *s)
{
    unsigned n = s->parent_obj.access_size;
    uint32_t data = 0;

    if (mode(s) != INDIRECT_READ) {
        return 0;
    }
    while (s->count < n && s->left &&
           (s->phase == QSPI_HEADER || s->phase == QSPI_DATA)) {
        hurry(s);
    }
    n = MIN(n, s->count);
    for (unsigned i = 0; i < n; i++) {
        data |= (uint32_t)s->fifo[i] << (8 * i);
    }
    s->count -= n;
    memmove(s->fifo, s->fifo + n, s->count);
    resume(s);
    update(s);
    return data;
}

static void write_dr(Stm32wbQuadspi *s, uint32_t value)
{
    unsigned n = s->parent_obj.access_size;

    if (mode(s) != INDIRECT_WRITE || (!s->armed && s->phase == QSPI_IDLE)) {
        return;
    }
    if (s->armed) {
        begin(s, wb_now());
    }
    if (s->count + n > FIFO_BYTES) {
        hurry(s);
        hurry(s);
    }
    for (unsigned i = 0; i < n && s->count < FIFO_BYTES; i++) {
        s->fifo[s->count++] = value >> (8 * i);
    }
    resume(s);
}

static uint32_t quadspi_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(b);

    switch (offset) {
    case A_CR:
        return s->cr;
    case A_DCR:
        return s->dcr;
    case A_SR:
        return status(s);
    case A_FCR:
        return 0;
    case A_DLR:
        return s->dlr;
    case A_CCR:
        return s->ccr;
    case A_AR:
        return s->ar;
    case A_ABR:
        return s->abr;
    case A_DR:
        return read_dr(s);
    case A_PSMKR:
        return s->psmkr;
    case A_PSMAR:
        return s->psmar;
    case A_PIR:
        return s->pir;
    case A_LPTR:
        return s->lptr;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_cr(Stm32wbQuadspi *s, uint32_t value)
{
    bool was_on = FIELD_EX32(s->cr, CR, EN);
    bool busy = FIELD_EX32(status(s), SR, BUSY) || s->armed;

    s->cr = value & CR_WRITABLE & ~R_CR_ABORT_MASK;
    if (FIELD_EX32(value, CR, ABORT) && was_on) {
        stop(s);
        s->count = 0;
        if (busy) {
            s->flags |= R_SR_TCF_MASK;
        }
    }
    if (!FIELD_EX32(s->cr, CR, EN)) {
        stop(s);
        s->count = 0;
    }
}

/* 15.5: these hold what a running command uses. */
static bool locked(Stm32wbQuadspi *s, hwaddr offset)
{
    if (s->phase == QSPI_IDLE) {
        return false;
    }
    switch (offset) {
    case A_DCR:
    case A_DLR:
    case A_CCR:
    case A_AR:
    case A_ABR:
    case A_PSMKR:
    case A_PSMAR:
    case A_PIR:
    case A_LPTR:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "QUADSPI: 0x%02" HWADDR_PRIx " written while busy\n",
                      offset);
        return true;
    default:
        return false;
    }
}

static void write_ccr(Stm32wbQuadspi *s, uint32_t value)
{
    stop(s); /* ends memory-mapped mode */
    s->ccr = value & CCR_WRITABLE;
    maybe_begin(s, false);
}

static void write_masked(uint32_t *reg, uint32_t value, uint32_t mask)
{
    *reg = stm32wb_merge(*reg, value, mask);
}

static void quadspi_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                          uint32_t mask)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(b);

    if (locked(s, offset)) {
        return;
    }
    switch (offset) {
    case A_CR:
        write_cr(s, stm32wb_merge(s->cr, value, mask));
        break;
    case A_DCR:
        write_masked(&s->dcr, value, mask & DCR_WRITABLE);
        break;
    case A_FCR:
        s->flags &= ~(value & FLAGS);
        break;
    case A_DLR:
        write_masked(&s->dlr, value, mask);
        break;
    case A_CCR:
        write_ccr(s, stm32wb_merge(s->ccr, value, mask));
        break;
    case A_AR:
        if (mode(s) != MAPPED) {
            write_masked(&s->ar, value, mask);
            maybe_begin(s, true);
        }
        break;
    case A_ABR:
        write_masked(&s->abr, value, mask);
        break;
    case A_DR:
        write_dr(s, value);
        break;
    case A_PSMKR:
        write_masked(&s->psmkr, value, mask);
        break;
    case A_PSMAR:
        write_masked(&s->psmar, value, mask);
        break;
    case A_PIR:
        write_masked(&s->pir, value, mask & 0xFFFF);
        break;
    case A_LPTR:
        write_masked(&s->lptr, value, mask & 0xFFFF);
        break;
    case A_SR:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    update(s);
}

/* ---- the device ---- */

static void quadspi_reset_hold(Object *obj, ResetType type)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);

    s->cr = s->dcr = s->dlr = s->ccr = s->ar = s->abr = 0;
    s->psmkr = s->psmar = s->pir = s->lptr = s->flags = 0;
    s->count = s->burst = 0;
    s->next_mapped = 0;
    timer_del(s->timer);
    timer_del(s->quiet_timer);
    s->phase = QSPI_IDLE;
    s->armed = false;
    s->left = 0;
}

static void quadspi_reset_exit(Object *obj, ResetType type)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);

    select_flash(s, false);
    update(s);
}

static int quadspi_post_load(void *opaque, int version_id)
{
    return STM32WB_QUADSPI(opaque)->count <= FIFO_BYTES ? 0 : -1;
}

static void quadspi_init(Object *obj)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);
    DeviceState *dev = DEVICE(obj);

    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, phase_end, s);
    s->quiet_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, quiet, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(dev, &s->dma, "fifo", 1);
}

static void quadspi_finalize(Object *obj)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);

    timer_free(s->timer);
    timer_free(s->quiet_timer);
}

static void quadspi_realize(DeviceState *dev, Error **errp)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(dev);

    STM32WB_QUADSPI_GET_CLASS(dev)->parent_realize(dev, errp);
    if (*errp) {
        return;
    }
    memory_region_init_io(&s->mapped, OBJECT(dev), &mapped_ops, s,
                          "QUADSPI-mapped", MAPPED_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->mapped);
    s->bus = ssi_create_bus(dev, s->parent_obj.name);
}

static const VMStateDescription quadspi_vmstate = {
    .name = TYPE_STM32WB_QUADSPI,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = quadspi_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbQuadspi),
        VMSTATE_TIMER_PTR(timer, Stm32wbQuadspi),
        VMSTATE_TIMER_PTR(quiet_timer, Stm32wbQuadspi),
        VMSTATE_UINT32(cr, Stm32wbQuadspi),
        VMSTATE_UINT32(dcr, Stm32wbQuadspi),
        VMSTATE_UINT32(dlr, Stm32wbQuadspi),
        VMSTATE_UINT32(ccr, Stm32wbQuadspi),
        VMSTATE_UINT32(ar, Stm32wbQuadspi),
        VMSTATE_UINT32(abr, Stm32wbQuadspi),
        VMSTATE_UINT32(psmkr, Stm32wbQuadspi),
        VMSTATE_UINT32(psmar, Stm32wbQuadspi),
        VMSTATE_UINT32(pir, Stm32wbQuadspi),
        VMSTATE_UINT32(lptr, Stm32wbQuadspi),
        VMSTATE_UINT32(flags, Stm32wbQuadspi),
        VMSTATE_UINT8_ARRAY(fifo, Stm32wbQuadspi, FIFO_BYTES),
        VMSTATE_UINT8(count, Stm32wbQuadspi),
        VMSTATE_UINT8(phase, Stm32wbQuadspi),
        VMSTATE_BOOL(armed, Stm32wbQuadspi),
        VMSTATE_UINT64(left, Stm32wbQuadspi),
        VMSTATE_UINT8(burst, Stm32wbQuadspi),
        VMSTATE_INT64(end.ns, Stm32wbQuadspi),
        VMSTATE_UINT32(end.frac, Stm32wbQuadspi),
        VMSTATE_BOOL(selected, Stm32wbQuadspi),
        VMSTATE_UINT32(next_mapped, Stm32wbQuadspi),
        VMSTATE_UINT8(lines, Stm32wbQuadspi),
        VMSTATE_END_OF_LIST()
    },
};

static void quadspi_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    device_class_set_parent_realize(
        dc, quadspi_realize, &STM32WB_QUADSPI_CLASS(klass)->parent_realize);
    dc->vmsd = &quadspi_vmstate;
    rc->phases.hold = quadspi_reset_hold;
    rc->phases.exit = quadspi_reset_exit;
    bc->read = quadspi_read;
    bc->write = quadspi_write;
}

static const TypeInfo quadspi_types[] = {
    {
        .name = TYPE_STM32WB_QUADSPI,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbQuadspi),
        .class_size = sizeof(Stm32wbQuadspiClass),
        .instance_init = quadspi_init,
        .instance_finalize = quadspi_finalize,
        .class_init = quadspi_class_init,
    },
};

DEFINE_TYPES(quadspi_types)
