/* SPDX-License-Identifier: Apache-2.0 */
/* iart.c - the IART with a stm32wb55's USART at the other end (reader.c, iart.yaml). */
#include "iart_times.h"
#include "test.h"

#define UART (IART_CTRL_EN)
#define ISO (IART_CTRL_EN | IART_CTRL_ISO | IART_CTRL_CLKPIN | IART_CTRL_NACK | IART_CTRL_REPEAT(3))
#define ETU_93750_PCLK (30000000u * 16 / 93750)
#define ETU_93750_CLK (4000000u * 16 / 93750 + 1)

static uint32_t start;

static uint32_t us_now(void)
{
    return (uint32_t)(ns_since(start) / 1000);
}

static void until(uint32_t ms)
{
    while (us_now() < ms * 1000) {
    }
}

static uint32_t level(void)
{
    return IART_STAT >> 16 & 0x1f;
}

static bool received(void)
{
    return wait_until(&IART_STAT, IART_RXNE, IART_RXNE, 20000);
}

/* Bytes that come back plus one. */
static unsigned exchange(uint8_t first, unsigned count)
{
    unsigned good = 0;

    for (unsigned i = 0; i < count; i++) {
        IART_DATA = (uint8_t)(first + i);
        good += received() && IART_DATA == (uint8_t)(first + i + 1);
    }
    return good;
}

static void set(uint32_t ctrl, uint32_t etu)
{
    IART_CTRL = 0;
    IART_ETU = etu;
    IART_STAT = ~0u;
    IART_CTRL = ctrl;
}

static volatile bool interrupted;

void irq_IART(void)
{
    interrupted = true;
    irq_disable(IRQ_IART);
}

static void as_uart(void)
{
    uint32_t from;

    CHECK_EQ("372 cycles a bit after reset", IART_ETU, 5952);
    set(UART, ETU_93750_PCLK);
    CHECK_EQ("nothing at first", IART_STAT, IART_TXE | IART_TC);
    until(UART_AT);
    CHECK_EQ("UART: bytes there and back", exchange(0x20, 30), 30);
    from = cycles();
    for (unsigned i = 0; i < 10; i++) {
        IART_DATA = i;
    }
    CHECK_EQ("UART: nine wait", IART_STAT >> 24 & 0x1f, 9);
    wait_until(&IART_STAT, IART_TC, IART_TC, 100000);
    CHECK_RANGE("UART: ten frames of ten bits, in us", (uint32_t)(ns_since(from) / 1000), 1066,
                1068);
    until(OVERRUN_AT - 2);
    IART_CTRL = 0;
    IART_STAT = ~0u;
    IART_CTRL = UART;
    until(OVERRUN_AT + 10);
    CHECK_EQ("UART: 16 of 20 bytes are kept", level(), 16);
    CHECK("UART: and OVR says so", IART_STAT & IART_OVR);
    CHECK_EQ("UART: the first", IART_DATA, 0x40);
    IART_IRQEN = IART_RXNE;
    irq_enable(IRQ_IART);
    CHECK("UART: interrupt", interrupted);
    IART_IRQEN = 0;
    set(UART, ETU_93750_PCLK * 105 / 100);
    until(BAUD_AT + 5);
    CHECK("UART: 5 % off is a framing error", IART_STAT & IART_FE);
    set(UART | IART_CTRL_EVEN, ETU_93750_PCLK);
    until(PARITY_AT + 5);
    CHECK_EQ("UART: both are received", level(), 2);
    CHECK("UART: one with a parity error", IART_STAT & IART_PE);
    set(UART, ETU_93750_PCLK);
    until(BREAK_AT + 5);
    CHECK("UART: a break", IART_STAT & IART_BRK);
    CHECK_EQ("UART: and no byte", level(), 0);
}

static void card_sends(void)
{
    uint32_t from;

    set(ISO, ETU_93750_CLK);
    until(ISO_AT);
    CHECK_EQ("ISO: characters there and back", exchange(0x3b, 10), 10);
    CHECK_EQ("ISO: no error", IART_STAT & 0x3f8, 0);
    until(REFUSED_AT);
    set(ISO, ETU_93750_CLK);
    from = cycles();
    IART_DATA = 0x3b;
    IART_DATA = 0x3c;
    CHECK("ISO: refused in the end", wait_until(&IART_STAT, IART_NAK, IART_NAK, 1000000));
    CHECK_RANGE("ISO: after four times, in us", (uint32_t)(ns_since(from) / 1000), 1000, 1100);
    wait_until(&IART_STAT, IART_TC, IART_TC, 100000);
    CHECK_EQ("ISO: the next is not sent", level(), 0);
    until(AGAIN_AT);
    set(ISO | IART_CTRL_REPEAT(7), ETU_93750_CLK);
    from = cycles();
    IART_DATA = 0x3b;
    CHECK("ISO: refused, repeated, given back", received() && IART_DATA == 0x3c);
    CHECK("ISO: it was repeated", ns_since(from) / 1000 > 500);
    CHECK_EQ("ISO: no NAK", IART_STAT & IART_NAK, 0);
}

static void card_receives(void)
{
    /* wrong on purpose: the inverse convention has the other parity on the line */
    until(REFUSE_AT - 5);
    set(ISO | IART_CTRL_INVERSE, ETU_93750_CLK);
    until(REFUSE_AT + 8);
    CHECK_EQ("ISO: what is refused is not received", level(), 0);
    set(ISO, ETU_93750_CLK);
    CHECK("ISO: the reader knows that it was refused", received() && IART_DATA == 1);
    until(TAKEN_AT - 5);
    set((ISO | IART_CTRL_INVERSE) & ~IART_CTRL_NACK, ETU_93750_CLK);
    until(TAKEN_AT + 5);
    CHECK_EQ("ISO: without NACK it is received", level(), 1);
    CHECK("ISO: and PE says so", IART_STAT & IART_PE);
    CHECK_EQ("ISO: inverted, from the other end", IART_DATA, 0xa5);
    set(ISO, ETU_93750_CLK);
    while (us_now() < CLASH_AT * 1000 + 350) {
    }
    IART_DATA = 0x77;
    until(CLASH_AT + 5);
    CHECK("ISO: both at once", IART_STAT & IART_COLL);
    CHECK_EQ("ISO: is no character", level(), 0);
}

static void times(void)
{
    uint32_t from;

    until(QUIET_AT);
    set(ISO, ETU_93750_CLK);
    from = cycles();
    IART_WAIT = 100;
    CHECK("ISO: the waiting time ends", wait_until(&IART_STAT, IART_WTO, IART_WTO, 100000));
    CHECK_RANGE("ISO: 100 bits, and a frame that could have begun in time, in us",
                (uint32_t)(ns_since(from) / 1000), 1180, 1210);
    IART_WAIT = 0;
    set(ISO & ~IART_CTRL_NACK, ETU_93750_CLK);
    IART_GUARD = 20;
    from = cycles();
    for (unsigned i = 0; i < 10; i++) {
        IART_DATA = i;
    }
    wait_until(&IART_STAT, IART_TC, IART_TC, 1000000);
    CHECK_RANGE("ISO: ten frames of 11.5 bits and 20 of guard time, in us",
                (uint32_t)(ns_since(from) / 1000), 3355, 3370);
}

static void inverse(void)
{
    IART_GUARD = 0;
    until(INVERSE_AT);
    set(ISO | IART_CTRL_INVERSE, ETU_93750_CLK);
    CHECK_EQ("ISO: the inverse convention, there and back", exchange(0x3f, 10), 10);
    CHECK_EQ("ISO: inverse, no error", IART_STAT & 0x3f8, 0);
}

void test(void)
{
    start = cycles();
    as_uart();
    card_sends();
    card_receives();
    times();
    inverse();
}
