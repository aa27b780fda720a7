/*
 * STM32WB55 power control: what others hear of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_PWR_H
#define HW_ORRERY_STM32WB55_PWR_H

/* Of the system, which is in Stop or deeper when both cores are; the level of PWR's output "mode". */
typedef enum { AWAKE, IN_STOP, IN_STANDBY, IN_SHUTDOWN } WbSystemMode;

#endif
