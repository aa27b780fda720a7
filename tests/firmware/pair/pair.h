/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair.h - what ping and pong agreed on.
 *
 * ping sends EXCHANGES requests, one every 20 ms and a bit. pong answers each after a delay that
 * it derives from its own timer, and says when, by that timer, the request had come and the answer
 * went. From this ping knows to the microsecond how long the round trip must take:
 *
 *     (bytes of the request + bytes of the answer) x one frame + pong's own time
 *
 * and anything beyond a few microseconds of instructions on top is an error of the link.
 */
#ifndef PAIR_H
#define PAIR_H

#include <stdint.h>

#include "board.h"

#define LINK_UART 0
#define LINK_BAUD 115200
#define EXCHANGES 20

/* 10 bits at 115200 baud, rounded to the next nanosecond. */
#define LINK_FRAME_NS 86806u

/*
 * Off, the programs check everything but times and wait without end: for two QEMUs that share no
 * clock.
 */
#ifndef TIMING_CHECK
#define TIMING_CHECK 1
#endif

/*
 * What the two programs may add to a round trip: instructions of 16 ns between taking a time and
 * writing the first byte, from the last byte's arrival to the time its interrupt handler takes,
 * for pong to wake at the instant it announced; and the clocks that timers are rounded to (12.5 ns
 * and 20 ns). None of it makes a trip shorter, except the rounding.
 */
#define SLACK_MIN_NS (-100)
#define SLACK_MAX_NS 6000

enum frame_type { REQUEST = 1, ANSWER = 2 };

/* Request: ping's time (8), then a pattern. Answer: the two times of pong, the pattern inverted. */
#define REQUEST_SENT 0
#define REQUEST_PATTERN 8
#define ANSWER_RECEIVED 0
#define ANSWER_SENT 8
#define ANSWER_PATTERN 16

static inline unsigned pattern_len(unsigned counter)
{
    return 1 + counter * 5 % 13;
}

static inline uint8_t pattern_byte(unsigned counter, unsigned i)
{
    return (uint8_t)(counter * 37 + i * 101 + 0x7e); /* start bytes among them */
}

/* How long pong thinks about a request that came at this time of its own: 0.25 to 2.125 ms. */
static inline uint64_t thinking_ns(uint64_t received_ns)
{
    return 250 * NS_PER_US + received_ns / 20 % 16 * 125 * NS_PER_US;
}

#endif
