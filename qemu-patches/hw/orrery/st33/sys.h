/*
 * ST33: SYS, clock, resets and power
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_ST33_SYS_H
#define HW_ORRERY_ST33_SYS_H

/* Bits of SYS_CAUSE, and numbers of the GPIO input "reset" */
typedef enum St33Reset {
    ST33_RESET_POWER,
    ST33_RESET_PIN,
    ST33_RESET_SOFTWARE,
    ST33_RESET_WATCHDOG,
    ST33_RESET_TAMPER,
    ST33_RESETS,
} St33Reset;

#endif
