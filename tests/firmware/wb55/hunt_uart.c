/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uart.c - a UART driver with a mistake that only a rare error of the line shows; uart.test.yaml
 * hunts for a seed that brings it about.
 *
 * A talker (-DTALKER) sends MESSAGES messages on USART1, 8E1: number, six bytes, their sum. The
 * other one's driver collects them by interrupt. A message with a byte of wrong parity or a wrong
 * sum is refused, and sent again. The mistake is marked below.
 */
#include "test.h"

#define MESSAGES 100u
#define SIZE 8u /* bytes of a message */
#define ACK 0x79
#define NAK 0x1f

#define ISR_PE (1u << 0)
#define ISR_RXNE (1u << 5)
#define ISR_TXE (1u << 7)

static void set_up(void)
{
    clock_hse32();
    clocks_on();
    USART1_BRR = 32000000u / 115200u;
    USART1_CR1 = 1u << 12 | 1u << 10 | 1u << 3 | 1u << 2 | 1u << 0; /* M0, PCE, TE, RE, UE: 8E1 */
    LPUART1_BRR = 32000000u / 115200u * 256u;
    LPUART1_CR1 = 1u << 3 | 1u << 0;
}

static void put(uint8_t byte)
{
    wait_until(&USART1_ISR, ISR_TXE, ISR_TXE, ~0u);
    USART1_TDR = byte;
}

static uint8_t sum_of(const volatile uint8_t *message)
{
    uint8_t sum = 0;

    for (unsigned i = 1; i < SIZE - 1; i++) {
        sum += message[i];
    }
    return sum;
}

#ifdef TALKER

static bool is_taken(unsigned number)
{
    uint8_t message[SIZE] = {(uint8_t)number};

    for (unsigned i = 1; i < SIZE - 1; i++) {
        message[i] = (uint8_t)(number * 37 + i * 101);
    }
    message[SIZE - 1] = sum_of(message);
    for (unsigned i = 0; i < SIZE; i++) {
        put(message[i]);
    }
    wait_until(&USART1_ISR, ISR_RXNE, ISR_RXNE, ~0u);
    return (uint8_t)USART1_RDR == ACK;
}

void test(void)
{
    set_up();
    for (volatile unsigned i = 0; i < 10000; i++) { /* until the other one listens */
    }
    for (unsigned number = 1; number <= MESSAGES; number++) {
        while (!is_taken(number)) {
        }
    }
}

#else

struct driver {
    uint8_t message[SIZE];
    unsigned count;
    bool bad; /* a byte of this message came with an error */
};
static volatile struct driver driver;
static volatile unsigned last; /* number of the last message that was taken */

static void say(const char *text)
{
    for (; *text; text++) {
        wait_until(&LPUART1_ISR, ISR_TXE, ISR_TXE, ~0u);
        LPUART1_TDR = (uint8_t)*text;
    }
}

static void say_number(unsigned value)
{
    char text[] = {(char)('0' + value / 100), (char)('0' + value / 10 % 10),
                   (char)('0' + value % 10), 0};

    say(text);
}

/* Here the driver's debugger stops. */
__attribute__((noinline)) static void wrong_number(unsigned number)
{
    say("uart: message ");
    say_number(number);
    say(" came after ");
    say_number(last);
    say("\n");
    for (;;) {
        wfi();
    }
}

static void take_message(void)
{
    if (driver.bad || driver.message[SIZE - 1] != sum_of(driver.message)) {
        put(NAK);
        return;
    }
    if (driver.message[0] == last + 1) {
        last++;
    } else if (driver.message[0] != last) { /* once more: our answer got lost */
        wrong_number(driver.message[0]);
    }
    put(ACK);
}

void irq_USART1(void)
{
    if (USART1_ISR & ISR_PE) {
        USART1_ICR = ISR_PE;
        driver.bad = true;
    }
    if (driver.count == 0) {
        driver.bad =
            false; /* the mistake: this belongs above, or an error of the first byte is lost */
    }
    driver.message[driver.count++] = (uint8_t)USART1_RDR;
    if (driver.count == SIZE) {
        driver.count = 0;
        take_message();
    }
}

void test(void)
{
    set_up();
    USART1_CR1 |= 1u << 5; /* RXNEIE */
    irq_enable(IRQ_USART1);
    while (last < MESSAGES) {
        wfi();
    }
    say("uart: 100 messages, each in its turn\n");
    wait_until(&LPUART1_ISR, 1u << 6, 1u << 6, ~0u);
}

#endif
