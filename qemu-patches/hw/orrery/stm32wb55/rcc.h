/*
 * STM32WB55 reset and clock control
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_RCC_H
#define HW_ORRERY_STM32WB55_RCC_H

#include "hw/irq.h"
#include "qemu/timer.h"
#include "mirror.h"

#define TYPE_STM32WB_RCC "stm32wb-rcc"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbRcc, STM32WB_RCC)

#define WB_RCC_WORDS 0x64 /* registers up to 0x18C */

/* Points of the clock tree that have a frequency (RM0434 figure 16). */
typedef enum WbClockNode {
    WB_CLK_NONE,
    WB_CLK_MSI,
    WB_CLK_HSI,
    WB_CLK_HSI_KERNEL, /* as a peripheral's kernel clock: on request in Stop mode */
    WB_CLK_HSE,
    WB_CLK_HSE_DIV32,
    WB_CLK_HSI48,
    WB_CLK_LSE,
    WB_CLK_LSI,
    WB_CLK_LSI1,
    WB_CLK_LSI2,
    WB_CLK_PLLP,
    WB_CLK_PLLQ,
    WB_CLK_PLLR,
    WB_CLK_PLLSAI1P,
    WB_CLK_PLLSAI1Q,
    WB_CLK_PLLSAI1R,
    WB_CLK_SYSCLK,
    WB_CLK_HCLK1, /* CPU1, AHB1, AHB2, AHB3 */
    WB_CLK_HCLK2, /* CPU2 */
    WB_CLK_HCLK4, /* shared bus: Flash, SRAM2, AHB4 */
    WB_CLK_PCLK1,
    WB_CLK_PCLK2,
    WB_CLK_APB1_TIM, /* timers of APB1 */
    WB_CLK_APB2_TIM, /* timers of APB2 */
    WB_CLK_SYSTICK,
    WB_CLK_SYSTICK2,
    WB_CLK_CLK48,
    WB_CLK_RNG48, /* CLK48 / 3 */
    WB_CLK_RTC,
    WB_CLK_MCO,
    WB_CLK_COUNT
} WbClockNode;

/* Oscillators and PLLs, which take their time to get ready. */
typedef enum WbOscillator {
    WB_OSC_MSI,
    WB_OSC_HSI,
    WB_OSC_HSE,
    WB_OSC_HSI48,
    WB_OSC_LSE,
    WB_OSC_LSI1,
    WB_OSC_LSI2,
    WB_OSC_PLL,
    WB_OSC_PLLSAI1,
    WB_OSC_COUNT
} WbOscillator;

/* What CPU1 leaves running. */
typedef enum WbPowerMode {
    WB_MODE_RUN,
    WB_MODE_SLEEP, /* its clock stops, and those without a sleep-mode enable bit */
    WB_MODE_STOP,  /* only LSE, LSI, and HSI16 for who asks */
} WbPowerMode;

/* CSR bits that tell the cause of a reset; index of RCC's GPIO input "reset" */
enum {
    WB_RESET_STANDBY = 0, /* leaves no flag */
    WB_RESET_OPTION_BYTES = 25,
    WB_RESET_PIN = 26,
    WB_RESET_BROWN_OUT = 27,
    WB_RESET_SOFTWARE = 28,
    WB_RESET_IWDG = 29,
    WB_RESET_WWDG = 30,
    WB_RESET_LOW_POWER = 31,
    WB_RESET_CAUSES = 32,
};

typedef struct WbOscillatorState {
    Stm32wbRcc *rcc;
    QEMUTimer *timer; /* pending: starting up */
    uint64_t ready_at; /* ns; 0: it is off */
    bool ready;
} WbOscillatorState;

/* A peripheral's row in the table of rcc-tree.c */
typedef struct WbClockGate WbClockGate;

struct Stm32wbRcc {
    Stm32wbBlock parent_obj;

    WbMirror mirror;
    uint32_t regs[WB_RCC_WORDS];
    WbOscillatorState osc[WB_OSC_COUNT];
    uint64_t hz[WB_CLK_COUNT];
    uint32_t mode;         /* WbPowerMode */
    uint32_t next_mode;    /* what an ordered access is to make of it */
    uint32_t reset_cause;  /* CSR flags to set at the reset that was asked for */
    bool powered;          /* has been through its power-on reset */
    bool battery; /* of the backup domain (rtc-battery) */
    bool backup_writable;  /* PWR_CR1.DBP */
    bool smps_enabled;     /* PWR_CR5.SMPSEN */
    uint32_t iwdg_running; /* LSI1 is on whatever LSI1ON says */
    bool hse_fault;        /* the crystal does not oscillate */
    bool lse_fault;
    qemu_irq irq;
    qemu_irq nmi;
    qemu_irq lse_css;
    qemu_irq backup_reset;
    Clock **bus_out;       /* by row of the table of rcc-tree.c */
    Clock **kernel_out;
    Clock *node_out[WB_CLK_COUNT];
};

/* The same from a block of the SoC: ask for a system reset with that cause (a bit of CSR). */
void stm32wb_rcc_system_reset(Stm32wbRcc *s, unsigned cause);

/* Entering or leaving a low-power mode; PWR calls it. */
void stm32wb_rcc_set_mode(Stm32wbRcc *s, WbPowerMode mode);

/* ---- inside RCC ---- */

/* rcc-reset.c: its GPIO inputs; and, at realize, the other core */
void stm32wb_rcc_reset_init(Stm32wbRcc *s);
void stm32wb_rcc_reset_link(Stm32wbRcc *s);

/* rcc-tree.c */
void stm32wb_rcc_tree_init(Stm32wbRcc *s);
void stm32wb_rcc_tree_finalize(Stm32wbRcc *s);
/* Frequencies from registers and ready flags; clocks follow, and tell their users if @propagate */
void stm32wb_rcc_tree_update(Stm32wbRcc *s, bool propagate);
/* Bits of an enable register (its offset) whose clocks CPU1's Sleep mode stops. */
uint32_t stm32wb_rcc_gated_in_sleep(const Stm32wbRcc *s, hwaddr enable);
/* Reset the blocks of the reset register at @offset whose bits are in @bits. */
void stm32wb_rcc_reset_blocks(Stm32wbRcc *s, hwaddr offset, uint32_t bits);

#endif
