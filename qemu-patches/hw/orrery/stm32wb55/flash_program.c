/*
 * STM32WB55: operations of the flash, and what a write to it does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 3.3.6 to 3.3.9; times of DS11929, flash memory characteristics.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "../trace.h"
#include "flash_registers.h"

/* Typical times, DS11929 table "Flash memory characteristics". */
#define PROGRAM_NS 81700
#define FAST_NS 59375 /* 3.8 ms a row of 64 */
#define PAGE_ERASE_NS 22000000
#define MASS_ERASE_NS 22100000
#define OPTIONS_NS (PAGE_ERASE_NS + 16 * PROGRAM_NS)
#define ROW_DOUBLE_WORDS (WB_FLASH_ROW / 8)

/* ---- an operation ---- */

static void change_contents(Stm32wbFlash *s)
{
    switch (s->operation) {
    case FLASH_PROGRAM:
        flash_put(s, s->target, s->data);
        break;
    case FLASH_ERASE:
        flash_erase_page(s, s->target);
        break;
    case FLASH_MASS_ERASE:
        flash_erase_user(s);
        break;
    case FLASH_OPTIONS:
        /* RM0434 3.5.2: leaving RDP level 1 erases what it protected */
        if ((s->loaded[WB_OPTR] & 0xFF) != RDP_LEVEL_0 &&
            (s->option[WB_OPTR] & 0xFF) == RDP_LEVEL_0) {
            flash_erase_user(s);
        }
        flash_options_store(s);
        break;
    default:
        break;
    }
}

static int64_t duration(uint32_t operation)
{
    switch (operation) {
    case FLASH_PROGRAM:
        return PROGRAM_NS;
    case FLASH_ERASE:
        return PAGE_ERASE_NS;
    case FLASH_MASS_ERASE:
        return MASS_ERASE_NS;
    default:
        return OPTIONS_NS;
    }
}

void flash_start_if_allowed(Stm32wbFlash *s)
{
    if (s->operation == FLASH_IDLE || s->started || flash_is_suspended(s)) {
        return;
    }
    s->started = true;
    trace_stm32wb_flash_start(s->operation, s->target);
    change_contents(s);
    s->end_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + duration(s->operation);
    timer_mod(s->end, s->end_ns);
}

void flash_begin(Stm32wbFlash *s, uint32_t owner, FlashOperation operation,
                  uint32_t target)
{
    s->operation = operation;
    s->owner = owner;
    s->target = target;
    s->started = false;
    flash_start_if_allowed(s);
}

static void finish(Stm32wbFlash *s)
{
    FlashCore *core = &s->core[s->owner];

    timer_del(s->end);
    if (s->operation == FLASH_OPTIONS) {
        core->cr &= ~R_CR_OPTSTRT_MASK;
    }
    core->cr &= ~R_CR_STRT_MASK;
    s->operation = FLASH_IDLE;
    if (FIELD_EX32(core->cr, CR, EOPIE)) {
        core->sr |= R_SR_EOP_MASK;
    }
    flash_update_irq(s);
}

/* RM0434 3.3.9: a row must come without a break. */
void flash_abort_fast(Stm32wbFlash *s, uint32_t flags)
{
    timer_del(s->end);
    s->operation = FLASH_IDLE;
    s->half = false;
    flash_raise_error(s, s->owner, flags | R_SR_FASTERR_MASK);
}

void flash_operation_ended(void *opaque)
{
    Stm32wbFlash *s = opaque;

    if (s->operation == FLASH_FAST && s->fast_done < ROW_DOUBLE_WORDS) {
        flash_abort_fast(s, R_SR_MISERR_MASK);
    } else if (s->operation != FLASH_IDLE) {
        finish(s);
    }
}

/* What would stall the bus until the operation has ended. */
void flash_wait_for_end(Stm32wbFlash *s)
{
    if (s->operation == FLASH_IDLE ||
        (s->operation == FLASH_FAST && s->fast_done < ROW_DOUBLE_WORDS)) {
        return;
    }
    if (!s->started) {
        s->started = true;
        change_contents(s);
    }
    finish(s);
}

/* ---- programming ---- */

/* The error that a write to the flash makes, or 0. RM0434 3.3.9. */
static uint32_t judge_write(Stm32wbFlash *s, uint32_t owner, uint32_t address,
                            unsigned size)
{
    FlashCore *core = &s->core[owner];
    bool pg = FIELD_EX32(core->cr, CR, PG), fast = FIELD_EX32(core->cr, CR, FSTPG);

    if (core->sr & SR_PROGRAM_ERRORS || pg == fast ||
        core->cr & (R_CR_PER_MASK | R_CR_MER_MASK)) {
        return R_SR_PGSERR_MASK;
    }
    if (size != 4) {
        return R_SR_SIZERR_MASK;
    }
    if (s->half ? address != s->half_address + 4 : address % 8) {
        return R_SR_PGAERR_MASK;
    }
    if (flash_is_protected(s, owner, address)) {
        return R_SR_WRPERR_MASK;
    }
    return 0;
}

static void program_fast(Stm32wbFlash *s, uint32_t owner, uint32_t address,
                         uint64_t data)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    bool first = s->operation != FLASH_FAST;

    if (first) {
        if (!flash_is_blank(s, address & ~(WB_FLASH_ROW - 1), WB_FLASH_ROW)) {
            flash_raise_error(s, owner, R_SR_PGSERR_MASK);
            return;
        }
        s->operation = FLASH_FAST;
        s->owner = owner;
        s->target = address & ~(WB_FLASH_ROW - 1);
        s->started = true;
        s->fast_done = 0;
        s->fast_end_ns = now;
    } else if ((address & ~(WB_FLASH_ROW - 1)) != s->target ||
               address < s->fast_next) {
        flash_abort_fast(s, R_SR_PGAERR_MASK);
        return;
    }
    flash_put(s, address, data);
    s->fast_next = address + 8;
    s->fast_done++;
    s->fast_end_ns = MAX(s->fast_end_ns, now) + FAST_NS;
    s->end_ns = s->fast_end_ns;
    timer_mod(s->end, s->end_ns);
}

static void program(Stm32wbFlash *s, uint32_t owner, uint32_t address,
                    uint64_t data)
{
    if (FIELD_EX32(s->core[owner].cr, CR, FSTPG)) {
        program_fast(s, owner, address, data);
        return;
    }
    /* zero may go over anything but in OTP */
    if (!flash_is_blank(s, address, 8) && (data || address >= WB_INFO_BASE)) {
        flash_raise_error(s, owner, R_SR_PROGERR_MASK);
        return;
    }
    s->data = data;
    flash_begin(s, owner, FLASH_PROGRAM, address);
}

void flash_write_word(Stm32wbFlash *s, uint32_t address, uint32_t value,
                      unsigned size)
{
    uint32_t owner = s->parent_obj.core; /* whose bus it is, and CPU1's DMA's */
    uint32_t error;

    flash_wait_for_end(s);
    error = judge_write(s, owner, address, size);
    if (error) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "FLASH: write of %u bytes to 0x%x refused: SR 0x%x\n",
                      size, address, error);
        s->half = false;
        if (s->operation == FLASH_FAST) {
            flash_abort_fast(s, error);
        } else {
            flash_raise_error(s, owner, error);
        }
        return;
    }
    if (!s->half) {
        s->half = true;
        s->half_address = address;
        s->half_word = value;
        return;
    }
    s->half = false;
    program(s, owner, s->half_address, (uint64_t)value << 32 | s->half_word);
}

MemTxResult flash_write_memory(Stm32wbFlash *s, uint32_t address, uint64_t value,
                               unsigned size, MemTxAttrs attrs)
{
    OrreryAccess a = { .write = true, .addr = address, .size = size, .value = value };

    if (flash_access_begin(s, &a, attrs)) {
        flash_write_word(s, address, value, size);
        flash_access_end(s, &a);
    }
    return MEMTX_OK;
}

void flash_refuse_read(Stm32wbFlash *s)
{
    s->core[0].sr |= R_SR_RDERR_MASK;
    flash_update_irq(s);
}

/* Only when reads do not go to memory: RDP level 1, not started from flash (RM0434 3.5.2). */
static MemTxResult refuse_read(void *opaque, hwaddr addr, uint64_t *value,
                               unsigned size, MemTxAttrs attrs)
{
    *value = 0;
    return MEMTX_ERROR;
}

static MemTxResult array_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size, MemTxAttrs attrs)
{
    return flash_write_memory(opaque, WB_FLASH_BASE + addr, value, size, attrs);
}

static MemTxResult info_write(void *opaque, hwaddr addr, uint64_t value,
                              unsigned size, MemTxAttrs attrs)
{
    return flash_write_memory(opaque, WB_INFO_BASE + addr, value, size, attrs);
}

const MemoryRegionOps flash_array_ops = {
    .read_with_attrs = refuse_read,
    .write_with_attrs = array_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.max_access_size = 4,
    .impl.unaligned = true,
};

const MemoryRegionOps flash_info_ops = {
    .read_with_attrs = refuse_read,
    .write_with_attrs = info_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.max_access_size = 4,
    .impl.unaligned = true,
};
