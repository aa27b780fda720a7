/* SPDX-License-Identifier: Apache-2.0 */
/* pong.c - answers requests after a delay that depends on its own timer. */
#include "board.h"
#include "frame.h"
#include "pair.h"
#include "print.h"
#include "uart.h"

/* ping is silent for 20 ms at most; much longer, and it is gone. */
#define SILENCE_NS NS_PER_S

static struct frame_decoder decoder;
static unsigned errors;

static bool receive_request(uint64_t *received_ns)
{
    struct uart_byte b;

    while (uart_wait(LINK_UART, TIMING_CHECK ? timer_now_ns() + SILENCE_NS : TIMER_NEVER)) {
        uart_read(LINK_UART, &b);
        *received_ns = b.at_ns;
        switch (frame_decode(&decoder, b.byte)) {
        case FRAME_COMPLETE:
            return true;
        case FRAME_BROKEN:
            print("pong: broken frame at %llu ns\n", b.at_ns);
            errors++;
            break;
        case FRAME_PENDING:
            break;
        }
    }
    return false;
}

static bool request_is_right(const struct frame *f, unsigned counter)
{
    bool right = f->type == REQUEST && f->counter == counter &&
                 f->len == REQUEST_PATTERN + pattern_len(f->counter);

    for (unsigned i = 0; right && i < pattern_len(f->counter); i++) {
        right = f->payload[REQUEST_PATTERN + i] == pattern_byte(f->counter, i);
    }
    return right;
}

/* The answer is built before the delay, so that it leaves at the instant that it names. */
static size_t build_answer(const struct frame *f, uint64_t received_ns, uint64_t send_ns,
                           uint8_t *wire)
{
    unsigned pattern = f->len - REQUEST_PATTERN;
    struct frame answer = {
        .type = ANSWER,
        .counter = f->counter,
        .len = (uint8_t)(ANSWER_PATTERN + pattern),
    };

    put_u64(answer.payload + ANSWER_RECEIVED, received_ns);
    put_u64(answer.payload + ANSWER_SENT, send_ns);
    for (unsigned i = 0; i < pattern; i++) {
        answer.payload[ANSWER_PATTERN + i] = (uint8_t)~f->payload[REQUEST_PATTERN + i];
    }
    return frame_encode(&answer, wire);
}

static void answer(const struct frame *f, uint64_t received_ns)
{
    uint64_t send_ns = received_ns + thinking_ns(received_ns);
    uint8_t wire[FRAME_BYTES_MAX];
    size_t len = build_answer(f, received_ns, send_ns, wire);

    if (f->counter % 3) {
        wait_until(send_ns);
    } else {
        spin_until(send_ns);
    }
    uart_write(LINK_UART, wire, len);
    print("pong %2u: request of %u bytes at %llu ns, answered at %llu ns\n", f->counter, f->len,
          received_ns, send_ns);
}

int main(void)
{
    unsigned requests = 0;
    uint64_t received_ns = 0;

    console_init();
    uart_init(LINK_UART, LINK_BAUD);
    print("pong: %s\n", BOARD_NAME);
    while (requests < EXCHANGES && receive_request(&received_ns)) {
        requests++;
        if (!request_is_right(&decoder.frame, requests)) {
            print("pong %2u: wrong request\n", requests);
            errors++;
            continue;
        }
        answer(&decoder.frame, received_ns);
    }
    errors += uart_errors(LINK_UART) + decoder.noise;
    print("pong: %u requests, %u errors\n", requests, errors);
    return errors != 0 || requests != EXCHANGES;
}
