/* SPDX-License-Identifier: Apache-2.0 */
/* uart.c - the receive rings, and waiting for them. */
#include "uart.h"

#include "board.h"

/* A power of two. At 115200 baud 256 bytes are 22 ms of unread input. */
#define RING_SIZE 256u

struct ring {
    volatile uint32_t head; /* next to write; free-running */
    volatile uint32_t tail; /* next to read */
    volatile unsigned errors;
    struct uart_byte slot[RING_SIZE];
};

static struct ring rings[BOARD_UARTS];

void uart_received(unsigned n, uint8_t byte, uint64_t at_ns)
{
    struct ring *r = &rings[n];
    uint32_t head = r->head;

    if (head - r->tail == RING_SIZE) {
        r->errors++;
        return;
    }
    r->slot[head % RING_SIZE] = (struct uart_byte){.at_ns = at_ns, .byte = byte};
    __asm__ volatile("" ::: "memory"); /* the slot before the head that announces it */
    r->head = head + 1;
}

void uart_line_error(unsigned n)
{
    rings[n].errors++;
}

bool uart_readable(unsigned n)
{
    return rings[n].head != rings[n].tail;
}

bool uart_read(unsigned n, struct uart_byte *out)
{
    struct ring *r = &rings[n];
    uint32_t tail = r->tail;

    if (tail == r->head) {
        return false;
    }
    *out = r->slot[tail % RING_SIZE];
    __asm__ volatile("" ::: "memory"); /* the copy before the slot is given back */
    r->tail = tail + 1;
    return true;
}

int uart_getc(unsigned n)
{
    struct uart_byte b;

    return uart_read(n, &b) ? b.byte : -1;
}

unsigned uart_errors(unsigned n)
{
    return rings[n].errors;
}

void uart_write(unsigned n, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uart_putc(n, data[i]);
    }
}

static bool any_readable(unsigned set)
{
    for (unsigned n = 0; n < BOARD_UARTS; n++) {
        if ((set & (1u << n)) && uart_readable(n)) {
            return true;
        }
    }
    return false;
}

bool uart_wait_any(unsigned set, uint64_t deadline_ns)
{
    for (;;) {
        unsigned state = irq_save();
        bool ready = any_readable(set);

        if (ready || timer_now_ns() >= deadline_ns) {
            irq_restore(state);
            return ready;
        }
        timer_sleep_until(deadline_ns);
        irq_restore(state);
    }
}

bool uart_wait(unsigned n, uint64_t deadline_ns)
{
    return uart_wait_any(1u << n, deadline_ns);
}

void wait_until(uint64_t ns)
{
    (void)uart_wait_any(0, ns);
}

void spin_until(uint64_t ns)
{
    while (timer_now_ns() < ns) {
    }
}
