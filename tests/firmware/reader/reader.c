/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - for a stm32wb55: the other end of ../st33/iart.c's line. */
#include "../st33/iart_times.h"
#include "test.h"

enum {
    CR1_UE = 1,
    CR1_RE = 4,
    CR1_TE = 8,
    CR1_PS = 0x200,
    CR1_PCE = 0x400,
    CR1_M0 = 0x1000,
    CR3_NACK = 0x10,
    CR3_SCEN = 0x20,
    ISR_FE = 2,
    ISR_RXNE = 0x20,
    ISR_TC = 0x40,
};
#define BRR_93750 (64000000u / 93750u)
#define SCARCNT(n) ((uint32_t)(n) << 17)

static uint32_t start;

static bool before_us(uint32_t us)
{
    return ns_since(start) < (uint64_t)us * 1000;
}

static void until(uint32_t ms)
{
    while (before_us(ms * 1000)) {
    }
}

static void as_uart(void)
{
    USART1_CR1 = 0;
    USART1_CR2 = USART1_CR3 = 0;
    USART1_BRR = BRR_93750;
    USART1_CR1 = CR1_UE | CR1_RE | CR1_TE;
}

/* ISO 7816-3: 1.5 stop bits; @odd: the wrong parity */
static void as_reader(bool odd, unsigned repetitions)
{
    USART1_CR1 = 0;
    USART1_CR2 = 3 << 12;
    USART1_CR3 = CR3_SCEN | CR3_NACK | SCARCNT(repetitions);
    USART1_GTPR = 2 << 8 | 1;
    USART1_BRR = BRR_93750;
    USART1_CR1 = CR1_UE | CR1_RE | CR1_TE | CR1_PCE | CR1_M0 | (odd ? CR1_PS : 0);
}

static void send(uint8_t byte)
{
    USART1_TDR = byte;
    wait_until(&USART1_ISR, ISR_TC, ISR_TC, 1000000);
}

static void give_back(uint32_t until_ms)
{
    while (before_us(until_ms * 1000)) {
        if (USART1_ISR & ISR_RXNE) {
            USART1_TDR = (USART1_RDR + 1) & 0xff;
        }
    }
}

void test(void)
{
    bool refused;

    start = cycles();
    clock_64mhz();
    clocks_on();
    /* what has passed at the slower clocks: below half a millisecond */
    start = cycles();
    as_uart();
    give_back(OVERRUN_AT);
    for (unsigned i = 0; i < 20; i++) {
        send(0x40 + i);
    }
    until(BAUD_AT);
    send(0x55);
    until(PARITY_AT);
    send(0x01);
    send(0x03);
    until(BREAK_AT);
    USART1_RQR = 2;
    until(ISO_AT - 5);
    as_reader(false, 3);
    give_back(REFUSED_AT - 2);
    as_reader(true, 7);
    until(REFUSED_AT + 10);
    as_reader(true, 7);
    while (before_us(AGAIN_AT * 1000 + 300)) {
    }
    USART1_CR1 &= ~(uint32_t)CR1_UE;
    as_reader(false, 7);
    give_back(REFUSE_AT);
    as_reader(false, 2);
    send(0x5a);
    refused = USART1_ISR & ISR_FE;
    USART1_ICR = ~0u;
    until(REFUSE_AT + 10);
    send(refused);
    until(TAKEN_AT);
    send(0x5a);
    until(CLASH_AT);
    send(0x66);
    until(QUIET_AT + 20);
    as_reader(false, 3);
    USART1_CR1 &= ~(uint32_t)CR1_UE;
    USART1_CR2 |= 3 << 18; /* DATAINV, MSBFIRST */
    USART1_CR1 |= CR1_UE;
    give_back(END_AT);
    finish();
}
