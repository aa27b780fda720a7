/*
 * ST33: what is around the chip: gpio links, buttons, the OLED
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_ST33_OUTSIDE_H
#define HW_ORRERY_ST33_OUTSIDE_H

#include "soc.h"

/* Once the chip is realized: join the manifest's gpio links, hear of buttons, and connect an OLED. */
void st33_board_outside(St33Soc *soc, bool oled);

#endif
