/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pingpong.c - two nodes throw BLOCK bytes (one) to and fro, BOUNCES times, asleep while they fly.
 *
 * -DFIRST makes the node that begins. Each checks that the byte counts up. The link is full of
 * latency and nothing else: one round trip takes two frames and some instructions.
 */
#include "board.h"
#include "print.h"
#include "uart.h"

#ifndef BOUNCES
#define BOUNCES 10000u
#endif
#ifndef BLOCK
#define BLOCK 1u
#endif

#ifdef FIRST
#define NAME "pingpong_a"
#else
#define NAME "pingpong_b"
#endif

#ifdef BOARD_VIRT
#define LINK_UART 1
#else
#define LINK_UART 0
#endif

static unsigned errors;

static void throw_block(unsigned first)
{
    for (unsigned i = 0; i < BLOCK; i++) {
        uart_putc(LINK_UART, (uint8_t)(first + i));
    }
}

static void catch_block(unsigned first)
{
    for (unsigned i = 0; i < BLOCK; i++) {
        while (!uart_wait(LINK_UART, TIMER_NEVER)) {
        }
        errors += uart_getc(LINK_UART) != (uint8_t)(first + i);
    }
}

int main(void)
{
    uint64_t from_ns = 0, took_us;

    console_init();
    uart_init(LINK_UART, 115200);
#ifdef FIRST
    wait_until(2 * NS_PER_MS); /* by then the other one has its receiver on */
#endif
    for (unsigned i = 1; i <= BOUNCES; i++) {
#ifdef FIRST
        from_ns = from_ns ? from_ns : timer_now_ns();
        throw_block(i);
        catch_block(i);
#else
        catch_block(i);
        from_ns = from_ns ? from_ns : timer_now_ns();
        throw_block(i);
#endif
    }
    errors += uart_errors(LINK_UART);
    took_us = (timer_now_ns() - from_ns) / NS_PER_US;
    print(NAME ": %u bounces in %llu us, %llu a second, %u errors\n", BOUNCES, took_us,
          BOUNCES * 1000000ull / took_us, errors);
    return errors != 0;
}
