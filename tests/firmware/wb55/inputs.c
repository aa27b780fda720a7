/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.c - pins that somebody outside holds, at the times of inputs.yaml. */
#include "test.h"

#define MS 64000u

/* When the level comes, by TIM2, which counts 64 MHz since some time before `test`; 0: never. */
static uint32_t when(volatile uint32_t *idr, unsigned pin, unsigned level)
{
    while ((*idr >> pin & 1) != level) {
        if (TIM2_CNT > 200 * MS) {
            return 0;
        }
    }
    return TIM2_CNT;
}

void test(void)
{
    uint32_t pressed, let_go;

    clock_64mhz();
    clocks_on();
    TIM2_ARR = 0xffffffff;
    TIM2_CR1 = 1;
    GPIOC_MODER &= ~(3u << 8);
    GPIOD_MODER &= ~3u;
    GPIOB_MODER &= ~(0xfu << 8); /* PB4, PB5 */
    GPIOB_PUPDR = (GPIOB_PUPDR & ~(0xfu << 8)) | 2u << 8;

    CHECK_EQ("a button that is not pressed", GPIOC_IDR >> 4 & 1, 1);
    pressed = when(&GPIOC_IDR, 4, 0);
    let_go = when(&GPIOC_IDR, 4, 1);
    /* one loop is some ten cycles */
    CHECK_RANGE("a press of 10 ms", let_go - pressed, 10 * MS - 20, 10 * MS + 20);
    CHECK_RANGE("10 ms later a click", when(&GPIOD_IDR, 0, 0) - let_go, 10 * MS - 20, 10 * MS + 20);
    CHECK_RANGE("of 5 ms", when(&GPIOD_IDR, 0, 1) - let_go, 15 * MS - 20, 15 * MS + 20);
    CHECK_EQ("a pin that is pulled down", GPIOB_IDR >> 4 & 1, 0);
    CHECK_RANGE("held at 1", when(&GPIOB_IDR, 4, 1) - let_go, 30 * MS - 20, 30 * MS + 20);
    GPIOB_BRR = 1u << 4;
    GPIOB_MODER |= 1u << 8;
    CHECK_EQ("it wins over an output", GPIOB_IDR >> 4 & 1, 1);
    CHECK_RANGE("and over the manifest's level", when(&GPIOB_IDR, 5, 0) - let_go, 40 * MS - 20,
                40 * MS + 20);
    CHECK_RANGE("which comes back", when(&GPIOB_IDR, 5, 1) - let_go, 50 * MS - 20, 50 * MS + 20);
}
