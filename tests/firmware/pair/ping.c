/* SPDX-License-Identifier: Apache-2.0 */
/* ping.c - sends requests over the link and checks the answers and how long they took. */
#include "board.h"
#include "crc.h"
#include "frame.h"
#include "pair.h"
#include "print.h"
#include "uart.h"

#define ANSWER_TIMEOUT_NS (15 * NS_PER_MS)

extern const uint8_t __text_start[], __text_end[];

static struct frame_decoder decoder;
static uint64_t arrived_ns; /* when the last byte of the frame in `decoder` came */

/* Sum up the program, again and again, until the time has come. Returns how often. */
static unsigned work_until(uint64_t ns)
{
    static uint32_t sum = CRC32_INIT;
    unsigned passes = 0;

    for (; timer_now_ns() + 100 * NS_PER_US < ns; passes++) {
        sum = crc32(sum, __text_start, 256);
    }
    spin_until(ns);
    return passes;
}

/* Every exchange has a time of its own; every other one is awaited busy. */
static void wait_for_turn(unsigned counter)
{
    uint64_t due = counter * 20ull * NS_PER_MS + counter * counter % 7 * 333ull * NS_PER_US;

    if (counter % 2) {
        print("ping %2u: worked, %u sums, ", counter, work_until(due));
    } else {
        wait_until(due);
        print("ping %2u: slept, ", counter);
    }
}

static uint64_t send_request(unsigned counter, unsigned *bytes)
{
    struct frame f = {
        .type = REQUEST,
        .counter = (uint16_t)counter,
        .len = (uint8_t)(REQUEST_PATTERN + pattern_len(counter)),
    };
    uint8_t wire[FRAME_BYTES_MAX];
    uint64_t sent_ns;

    for (unsigned i = 0; i < pattern_len(counter); i++) {
        f.payload[REQUEST_PATTERN + i] = pattern_byte(counter, i);
    }
    put_u64(f.payload + REQUEST_SENT, timer_now_ns());
    *bytes = frame_encode(&f, wire);
    sent_ns = timer_now_ns();
    uart_write(LINK_UART, wire, *bytes);
    return sent_ns;
}

static bool receive_answer(uint64_t deadline_ns)
{
    struct uart_byte b;

    while (uart_wait(LINK_UART, deadline_ns)) {
        uart_read(LINK_UART, &b);
        switch (frame_decode(&decoder, b.byte)) {
        case FRAME_COMPLETE:
            arrived_ns = b.at_ns;
            return true;
        case FRAME_BROKEN:
            print("broken frame\n");
            return false;
        case FRAME_PENDING:
            break;
        }
    }
    print("no answer\n");
    return false;
}

static bool content_is_right(const struct frame *f, unsigned counter)
{
    if (f->type != ANSWER || f->counter != counter ||
        f->len != ANSWER_PATTERN + pattern_len(counter)) {
        print("answer of type %u, counter %u, length %u\n", f->type, f->counter, f->len);
        return false;
    }
    for (unsigned i = 0; i < pattern_len(counter); i++) {
        if ((f->payload[ANSWER_PATTERN + i] ^ pattern_byte(counter, i)) != 0xff) {
            print("byte %u of the answer is wrong\n", i);
            return false;
        }
    }
    return true;
}

/* Prints the rest of the line of this exchange. */
static bool times_are_right(const struct frame *f, uint64_t sent_ns, unsigned bytes)
{
    uint64_t received = get_u64(f->payload + ANSWER_RECEIVED);
    uint64_t thinking = get_u64(f->payload + ANSWER_SENT) - received;
    uint64_t trip = arrived_ns - sent_ns;
    int64_t slack = (int64_t)(trip - thinking - bytes * (uint64_t)LINK_FRAME_NS);
    bool right = thinking == thinking_ns(received);

    if (TIMING_CHECK) {
        right = right && slack >= SLACK_MIN_NS && slack <= SLACK_MAX_NS;
        print("round trip %llu ns = %u bytes + pong's %llu ns + %lld ns: %s\n", trip, bytes,
              thinking, slack, right ? "ok" : "WRONG");
    } else {
        print("%u bytes, pong's %llu ns: %s\n", bytes, thinking, right ? "ok" : "WRONG");
    }
    return right;
}

static bool exchange(unsigned counter)
{
    unsigned bytes;
    uint64_t sent_ns;

    wait_for_turn(counter);
    sent_ns = send_request(counter, &bytes);
    print("sent at %llu ns, ", sent_ns);
    if (!receive_answer(TIMING_CHECK ? sent_ns + ANSWER_TIMEOUT_NS : TIMER_NEVER)) {
        return false;
    }
    bytes += decoder.frame.len + FRAME_OVERHEAD;
    return content_is_right(&decoder.frame, counter) &&
           times_are_right(&decoder.frame, sent_ns, bytes);
}

int main(void)
{
    unsigned replies = 0, errors = 0;

    console_init();
    uart_init(LINK_UART, LINK_BAUD);
    print("ping: %s, %u requests\n", BOARD_NAME, EXCHANGES);
    for (unsigned counter = 1; counter <= EXCHANGES; counter++) {
        if (exchange(counter)) {
            replies++;
        } else {
            errors++;
        }
    }
    errors += uart_errors(LINK_UART) + decoder.noise;
    print("ping: %u replies, %u errors\n", replies, errors);
    return errors != 0 || replies != EXCHANGES;
}
