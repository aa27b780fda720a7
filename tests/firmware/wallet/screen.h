/* SPDX-License-Identifier: Apache-2.0 */
/* screen.h - the wallet's OLED, an SSD1312 on SPI. */
#ifndef SCREEN_H
#define SCREEN_H

void screen_start(void); /* pins, bus, the controller: dark */
void screen_clear(void); /* the picture in memory */
void screen_draw(unsigned x, unsigned y, unsigned scale, const char *text);
void screen_show(void); /* the picture to the panel, and on */

#endif
