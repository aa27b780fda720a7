/*
 * ST33: GPIO
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_ST33_GPIO_H
#define HW_ORRERY_ST33_GPIO_H

#include "hw/orrery/net.h"
#include "hw/orrery/stm32wb55/block.h"

#define ST33_PINS 16

#define TYPE_ST33_GPIO "st33-gpio"
OBJECT_DECLARE_SIMPLE_TYPE(St33Gpio, ST33_GPIO)

/* The gpio link at that port of the manifest ends at pin @n. */
void st33_gpio_join(St33Gpio *s, unsigned n, const char *port);

/* The level of pin @n. */
bool st33_gpio_level(const St33Gpio *s, unsigned n);

#endif
