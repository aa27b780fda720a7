/*
 * STM32WB55 system on chip: the tables by which soc.c builds what one core sees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * soc_cpu1.c and soc_cpu2.c have one view each.
 */
#ifndef HW_ORRERY_STM32WB55_SOC_VIEW_H
#define HW_ORRERY_STM32WB55_SOC_VIEW_H

#include "exec/hwaddr.h"
#include "soc.h"

#define WB_EXTI(n) (0x100 + (n)) /* an interrupt that reaches the NVIC through EXTI */
#define WB_NO_IRQ 0 /* end of a list; IRQ 0 is written as WB_IRQ(0) */
#define WB_IRQ(n) ((n) + 1)
#define WB_IRQ_NOWHERE 0x200 /* this core does not get it */

/* A peripheral */
typedef struct WbRow {
    const char *name;
    const char *type;
    hwaddr base;
    int irq[13];   /* of sysbus IRQ 0, 1...: WB_IRQ(n) or WB_EXTI(n) */
    int wakeup;    /* EXTI direct line that the GPIO output "wakeup" drives, or 0 */
    struct {
        const char *line;
        int request; /* DMAMUX1 request number */
    } dma[7];
} WbRow;

/* A signal between blocks other than an interrupt, a DMA request or a clock */
typedef struct WbWire {
    const char *from; /* NULL: the core; likewise below */
    const char *output;
    int n;
    const char *to;
    const char *input;
    int m;
    int count; /* of lines from n and m on; 0 means 1 */
} WbWire;

/* A clock that a block looks at besides its own: RCC's output, by the block's input */
typedef struct WbFurtherClock {
    const char *block;
    const char *input;
    const char *output;
} WbFurtherClock;

struct WbView {
    const char *core;
    uint32_t midr;          /* 0: as QEMU has it */
    const char *core_clock; /* outputs of RCC */
    const char *tick_clock;
    unsigned irqs;
    unsigned priority_bits;
    bool bitband;
    uint8_t number; /* 0: CPU1, which has the pins, address 0 and QUADSPI's memory; 1: CPU2 */
    const WbRow *rows;
    unsigned row_count;
    const WbWire *wires;
    unsigned wire_count;
    const WbFurtherClock *further_clocks;
    unsigned further_clock_count;
};

extern const WbView stm32wb55_cpu1_view, stm32wb55_cpu2_view;

#endif
