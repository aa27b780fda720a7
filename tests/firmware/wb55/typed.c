/* SPDX-License-Identifier: Apache-2.0 */
/* typed.c - USART1 at 9600 baud with seven bits and odd parity; answers what is typed, three by
 * three. For wb55_typed.sh. */
#include "test.h"

static void put(uint32_t character)
{
    while (!(USART1_ISR & (1u << 7))) {
    }
    USART1_TDR = character;
}

void test(void)
{
    uint8_t typed[3];
    unsigned count = 0;

    clocks_on();                                              /* the core stays at 4 MHz */
    GPIOB_MODER = (GPIOB_MODER & ~(0xfu << 12)) | 0xau << 12; /* PB6, PB7: USART1 */
    GPIOB_AFRL = 0x77u << 24;
    USART1_BRR = 4000000 / 9600;
    USART1_CR1 = 1u << 10 | 1u << 9 | 1u << 3 | 1u << 2 | 1u << 0; /* PCE, PS, TE, RE, UE */
    put('>');
    for (;;) {
        uint32_t isr = USART1_ISR;

        if (isr & 0xf) { /* PE, FE, NE, ORE */
            USART1_ICR = isr & 0xf;
            put('!');
            count = 4; /* no more */
        }
        if (count < 3 && isr & (1u << 5)) {
            typed[count++] = USART1_RDR & 0x7f;
        }
        if (count == 3) {
            put(typed[0]), put(typed[1]), put(typed[2]);
            count = 0;
        }
    }
}
