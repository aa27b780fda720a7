/*
 * STM32WB55: what every peripheral has in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A block is a window of registers behind a bus. Its base class splits and joins accesses the
 * way the part's buses do (RM0434 2.2: an APB bridge repeats narrow data to fill the word),
 * honours the bus clock's enable bit, and answers for registers that the model leaves out: they
 * read as their reset value and each is logged once by name.
 *
 * QEMU interface:
 *  + property "name": the instance's name in RM0434 and in registers.h.inc, e.g. "USART1"
 *  + property "core": which core's bus this is, 0: CPU1, 1: CPU2
 *  + sysbus MMIO region 0: the registers
 *  + clock input "bus": stopped when RCC's enable bit is clear; registers then read as zero
 *    and ignore writes
 *  + clock input "kernel": what the function runs on (baud rate, counter...)
 *  + sysbus IRQs, DMA requests (see below) and pins: of the derived type
 *
 * A DMA request is a named GPIO output ("rx", "tx", "up"...), wired to DMAMUX1 by the SoC.
 * Its level is 0: none; 1: as long as it stays; WB_DMA_ONCE: one transfer, however short.
 *
 * A pin signal is a named GPIO in either direction, wired to the pins by the alternate-function
 * table pins_table.h.inc, e.g. output "CH1" of TIM1 (a level, or WB_PIN_FLOATING), input "CH1-in"
 * (the pin's level; WB_PIN_FLOATING while no pin selects it), input "CH1-routed" (1 while some pin
 * shows the output, so that its edges matter). Each is optional.
 *
 * Link properties "memory" (what the bus matrix sees), "pins", "syscfg" and "exti" are set by the
 * SoC on a type that has them.
 */
#ifndef HW_ORRERY_STM32WB55_BLOCK_H
#define HW_ORRERY_STM32WB55_BLOCK_H

#include "hw/clock.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "qom/object.h"
#include "../ordered.h"

#define WB_DMA_ONCE 2
#define WB_PIN_FLOATING 2

#define TYPE_STM32WB_BLOCK "stm32wb-block"
OBJECT_DECLARE_TYPE(Stm32wbBlock, Stm32wbBlockClass, STM32WB_BLOCK)

struct Stm32wbBlock {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    Clock *bus;
    Clock *kernel;
    char *name;
    uint8_t core; /* 0: CPU1, 1: CPU2 */
    OrreryState *state; /* registers that both cores affect (cells.h); NULL: there are none */
    bool reset_by_rcc; /* this block alone, and so both cores' parts of it */
    struct WbMirror *mirror; /* of all its registers (mirror.h), or NULL */
    /* the access being served: bytes (1, 2, 4), and offset in the block before alignment */
    unsigned access_size;
    hwaddr access_offset;
    bool bus_error; /* the handler refuses the access: the core takes a precise BusFault */
    unsigned long *logged; /* one bit a word: said that it is not modelled */
    uint32_t window; /* bytes */
};

struct Stm32wbBlockClass {
    SysBusDeviceClass parent_class;

    uint32_t window; /* bytes of the register window; 0 means 0x400 */
    bool apb;        /* narrow writes arrive repeated over the word, mask all ones */
    bool ungated;    /* answers without a bus clock (PWR, RCC, DBGMCU...) */
    bool privileged; /* an unprivileged access is a bus error */

    /**
     * @read: the word at @offset (a multiple of 4).
     * @write: bits of @mask in the word at @offset become those of @value.
     * Both call stm32wb_block_unmodelled_* for what they do not handle.
     */
    uint32_t (*read)(Stm32wbBlock *b, hwaddr offset);
    void (*write)(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                  uint32_t mask);
    /*
     * Of a block with a state: may an access at @offset touch it, or is the register this core's
     * alone? NULL: all may.
     */
    bool (*is_shared)(Stm32wbBlock *b, hwaddr offset);
    /* the rate of "bus" or "kernel" has changed; may be NULL */
    void (*clock_changed)(Stm32wbBlock *b);
    /* power was lost and is back; a reset follows. For what outlives other resets; may be NULL */
    void (*power_lost)(Stm32wbBlock *b);
};

/* The reset value from the table; logs LOG_UNIMP once per register. */
uint32_t stm32wb_block_unmodelled_read(Stm32wbBlock *b, hwaddr offset);
void stm32wb_block_unmodelled_write(Stm32wbBlock *b, hwaddr offset,
                                    uint32_t value);

/* Reset value that registers.h.inc gives; 0 when it does not know the offset. */
uint32_t stm32wb_register_reset(const char *block, hwaddr offset);

/* @old with the bits of @mask from @value: a register that was written in part. */
static inline uint32_t stm32wb_merge(uint32_t old, uint32_t value, uint32_t mask)
{
    return (old & ~mask) | (value & mask);
}

/* Frequency that the function runs on now; 0: stopped. */
static inline uint64_t stm32wb_block_hz(Stm32wbBlock *b)
{
    return clock_get_hz(b->kernel);
}

/* Output @n of a block, whose levels are the bits of @levels: tell the other end of changes only. */
static inline void stm32wb_drive(uint8_t *levels, unsigned n, qemu_irq line,
                                 bool level)
{
    if ((*levels >> n & 1) != level) {
        *levels ^= 1u << n;
        qemu_set_irq(line, level);
    }
}

/* VMState of the base class; a derived VMState lists it first. */
extern const VMStateDescription stm32wb_block_vmstate;
#define VMSTATE_STM32WB_BLOCK(_field, _state)                                  \
    VMSTATE_STRUCT(_field, _state, 1, stm32wb_block_vmstate, Stm32wbBlock)

#endif
