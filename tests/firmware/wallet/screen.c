// SPDX-License-Identifier: Apache-2.0
#include "screen.h"

#include "font.h"
#include "test.h"

enum { PIN_CS = 4, PIN_DC = 5, PIN_RES = 6 };

#define COLUMNS 128
#define PAGES 8

static uint8_t picture[PAGES][COLUMNS];

static void send(bool data, const uint8_t *bytes, unsigned count)
{
    if (data) {
        GPIO_SET = 1u << PIN_DC;
    } else {
        GPIO_CLR = 1u << PIN_DC;
    }
    GPIO_CLR = 1u << PIN_CS;
    for (unsigned i = 0; i < count; i++) {
        while (!(SPI_SR & 2)) {
        }
        SPI_DR8 = bytes[i];
    }
    while (SPI_SR & (1u << 7)) {
    }
    GPIO_SET = 1u << PIN_CS;
}

void screen_start(void)
{
    /* horizontal addressing, all columns and pages, contrast */
    static const uint8_t commands[] = {0xae, 0x20, 0x00, 0x21, 0, 127, 0x22, 0, 7, 0x81, 0xcf};

    GPIO_SET = 1u << PIN_CS;
    GPIO_CLR = 1u << PIN_RES;
    GPIO_DIR |= 1u << PIN_CS | 1u << PIN_DC | 1u << PIN_RES;
    delay_cycles(300); /* 3 us and more */
    GPIO_SET = 1u << PIN_RES;
    delay_cycles(300);
    SPI_CR2 = 7u << 8 | 1u << 12;
    SPI_CR1 = 1u << 2 | 3u << 8 | 1u << 3; /* master, PCLK / 4 */
    SPI_CR1 |= 1u << 6;
    send(false, commands, sizeof(commands));
}

void screen_clear(void)
{
    for (unsigned i = 0; i < sizeof(picture); i++) {
        (&picture[0][0])[i] = 0;
    }
}

static void dot(unsigned x, unsigned y)
{
    if (x < COLUMNS && y < 8 * PAGES) {
        picture[y / 8][x] |= (uint8_t)(1u << y % 8);
    }
}

static void letter(unsigned x, unsigned y, unsigned scale, const uint8_t *columns)
{
    for (unsigned i = 0; i < FONT_COLUMNS * scale; i++) {
        for (unsigned k = 0; k < 7 * scale; k++) {
            if (columns[i / scale] >> (k / scale) & 1) {
                dot(x + i, y + k);
            }
        }
    }
}

void screen_draw(unsigned x, unsigned y, unsigned scale, const char *text)
{
    for (; *text; text++) {
        for (unsigned i = 0; i < sizeof(font) / sizeof(font[0]); i++) {
            if (font[i].letter == *text) {
                letter(x, y, scale, font[i].columns);
            }
        }
        x += (FONT_COLUMNS + 1) * scale;
    }
}

void screen_show(void)
{
    static const uint8_t on = 0xaf;

    send(true, &picture[0][0], sizeof(picture));
    send(false, &on, 1);
}
