/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oled.c - draws on an SSD1312 at SPI1 (CS PA4, D/C PA3, RES PA2), one picture after each press of
 * PC4. For screenshot.sh, which has the pictures.
 */
#include "test.h"

static void out(unsigned pin, unsigned level)
{
    GPIOA_BSRR = level ? 1u << pin : 0x10000u << pin;
}

static void send(unsigned dc, uint8_t byte)
{
    out(3, dc);
    out(4, 0);
    BYTE(SPI1_DR) = byte;
    while (SPI1_SR & (1u << 7)) {
    }
    out(4, 1);
}

static void command(const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        send(0, bytes[i]);
    }
}

#define COMMAND(...) command((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void fill(uint8_t byte, unsigned count)
{
    while (count--) {
        send(1, byte);
    }
}

void irq_EXTI4(void)
{
    EXTI_PR1 = 1u << 4;
}

/* Asleep, so that the host has nothing to do. */
static void wait_for_level(unsigned level)
{
    __asm__ volatile("cpsid i");
    while ((GPIOC_IDR >> 4 & 1) != level) {
        wfi();
        __asm__ volatile("cpsie i\n\tisb\n\tcpsid i");
    }
    __asm__ volatile("cpsie i");
}

static void press(void)
{
    wait_for_level(0);
    delay_us(1000);
    wait_for_level(1);
}

static void set_up(void)
{
    GPIOA_MODER = (GPIOA_MODER & ~0xfff0u) | 0x8950u; /* PA2 to PA4 outputs, PA5 SCK, PA7 MOSI */
    GPIOA_AFRL = 0x50500000;
    GPIOC_MODER &= ~(3u << 8);
    SYSCFG_EXTICR2 = 2; /* EXTI4: PC4, both edges */
    EXTI_RTSR1 = EXTI_FTSR1 = 1u << 4;
    EXTI_C1IMR1 |= 1u << 4;
    irq_enable(IRQ_EXTI4);
    out(4, 1);
    out(2, 0);
    delay_us(10);
    out(2, 1);
    SPI1_CR2 = 7u << 8 | 1u << 12;
    SPI1_CR1 = 1u << 2 | 3u << 8 | 1u << 6;
}

/* A frame by horizontal addressing, an F-like figure by page addressing: tells all ways of turning.
 */
static void first(void)
{
    COMMAND(0x20, 0x00, 0x21, 0, 127, 0x22, 0, 7);
    for (unsigned page = 0; page < 8; page++) {
        send(1, 0xff);
        fill(page == 0 ? 0x01 : page == 7 ? 0x80 : 0x00, 126);
        send(1, 0xff);
    }
    COMMAND(0x20, 0x02, 0xb1, 0x04, 0x10); /* page 1, column 4 */
    fill(0xff, 2);
    fill(0x11, 6);
    COMMAND(0xb2, 0x04, 0x10);
    fill(0xff, 2);
    COMMAND(0xaf);
}

/* Vertical addressing in a window: bars of one pixel more each. */
static void second(void)
{
    COMMAND(0x20, 0x01, 0x21, 40, 47, 0x22, 3, 4);
    for (unsigned i = 0; i < 8; i++) {
        send(1, (uint8_t)((1u << (i + 1)) - 1));
        send(1, (uint8_t)(0x80u >> i));
    }
    COMMAND(0x81, 0xff);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    set_up();
    first();
    press();
    second();
    press();
    COMMAND(0xa1,
            0xc8); /* what there is turns upside down only; what is written, left to right, too */
    COMMAND(0x20, 0x02, 0xb5, 0x00, 0x10);
    fill(0x3c, 4);
    press();
    COMMAND(0xc0, 0xa7, 0x43, 0xa8, 47); /* inverse, three lines up, 48 rows */
    press();
    COMMAND(0xa6, 0x40, 0xa8, 63, 0x26, 0, 3, 7, 4, 0, 0xff,
            0x2f); /* pages 3, 4: right, each 2 frames */
    press();
    COMMAND(0x2e);
    press();
    out(2, 0); /* reset: dark, the memory stays */
    delay_us(10);
    out(2, 1);
    press();
    COMMAND(0xaf);
    press();
    /* what is not there takes its bytes; columns 8 to 23 of pages 1 and 2 go left, each 2 frames */
    COMMAND(0x20, 0x02, 0x23, 0x00, 0xd6, 0x00, 0x2c, 0, 1, 1, 2, 8, 23, 0xb2, 0x00, 0x10);
    COMMAND(0xb5, 0x20, 0x00, 0x22, 2, 0xff, 0x21, 0, 127); /* of 0xff three bits count */
    for (unsigned i = 0; i < 64; i++) {
        send(1, (uint8_t)i);
    }
    COMMAND(0x27, 0, 1, 7, 2, 8, 23, 0x2f);
    press();
}
