/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.c - STREAM_BYTES bytes one way, back to back: no gap between frames on the wire.
 *
 * -DSENDER makes the sender. It keeps the wire busy the way a FIFO of 16 would: bursts of 16
 * bytes, each written while the last frame of the one before is still being sent. The receiver
 * knows what must come, and that the last byte comes STREAM_BYTES - 1 frames after the first.
 */
#include "board.h"
#include "crc.h"
#include "print.h"
#include "uart.h"

#ifndef STREAM_BYTES
#define STREAM_BYTES 10000u
#endif
#ifndef TIMING_CHECK
#define TIMING_CHECK 1
#endif

#ifdef BOARD_VIRT
#define LINK_UART 1
#else
#define LINK_UART 0
#endif
#define LINK_FRAME_NS 86806u
#define BURST 16u

/* Handlers, and the timers they read. */
#define TOLERANCE_NS 2000

static uint8_t stream_byte(unsigned i)
{
    return (uint8_t)(i * 167 + (i >> 8) * 13 + 1);
}

#ifdef SENDER

int main(void)
{
    uint64_t from_ns;
    unsigned i = 0;

    console_init();
    uart_init(LINK_UART, 115200);
    wait_until(2 * NS_PER_MS);
    from_ns = timer_now_ns();
    while (i < STREAM_BYTES) {
        uart_putc(LINK_UART, stream_byte(i));
        if (++i % BURST == 0) {
            wait_until(from_ns + (i - 1) * (uint64_t)LINK_FRAME_NS);
        }
    }
    wait_until(from_ns + STREAM_BYTES * (uint64_t)LINK_FRAME_NS);
    print("stream_tx: %u bytes\n", STREAM_BYTES);
    return 0;
}

#else

static bool duration_is_right(uint64_t took_ns)
{
    int64_t off = (int64_t)(took_ns - (STREAM_BYTES - 1) * (uint64_t)LINK_FRAME_NS);

    return !TIMING_CHECK || (off >= -TOLERANCE_NS && off <= TOLERANCE_NS);
}

int main(void)
{
    struct uart_byte b;
    uint64_t first_ns = 0, took_ns;
    uint32_t crc = CRC32_INIT;
    unsigned errors = 0;

    console_init();
    uart_init(LINK_UART, 115200);
    for (unsigned i = 0; i < STREAM_BYTES; i++) {
        while (!uart_wait(LINK_UART, TIMER_NEVER)) {
        }
        uart_read(LINK_UART, &b);
        first_ns = i ? first_ns : b.at_ns;
        errors += b.byte != stream_byte(i);
        crc = crc32(crc, &b.byte, 1);
    }
    took_ns = b.at_ns - first_ns;
    errors += uart_errors(LINK_UART) + !duration_is_right(took_ns);
    print("stream_rx: %u bytes in %llu ns, crc %08lx, %u errors\n", STREAM_BYTES, took_ns,
          (unsigned long)crc, errors);
    return errors != 0;
}

#endif
