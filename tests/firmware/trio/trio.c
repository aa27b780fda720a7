/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trio.c - three nodes in a triangle; two tokens go round it, one each way, LAPS times.
 *
 *          node 0                      clockwise token: 0 -> 1 -> 2 -> 0
 *       lm3s6965evb                    the other one:   0 -> 2 -> 1 -> 0
 *      UART0   UART1
 *       /         \
 *   UART0         bus2
 *   node 1 ----- node 2
 *  b-l475e UART1 - bus1 virt
 *
 * A token is a frame: its counter counts hops, its payload is the lap and one entry for each hop
 * of it. A node holds a token for a time that depends on its own timer, and writes into the entry
 * when the token came and how long it was held. Node 0 started both, so it knows how long a lap
 * must take: the frames on the wires plus what the others say that they held it. Everybody sums up
 * all that came, and when, by its own timer: the same run prints the same three sums.
 *
 * Built once a node, with -DNODE=0, 1 or 2.
 */
#include "board.h"
#include "crc.h"
#include "frame.h"
#include "print.h"
#include "uart.h"

#ifndef LAPS
#define LAPS 50
#endif
#ifndef TIMING_CHECK
#define TIMING_CHECK 1
#endif

#define NODES 3
#define LINK_BAUD 115200
#define LINK_FRAME_NS 86806u

/*
 * Instructions between taking a time and the first byte on the wire, and from an arrival to the
 * handler's time, for three hops; and the rounding of three timers (100 ns on virt). A node that
 * is busy with one token may make the other wait a little, but says so in its hold.
 */
#define LAP_SLACK_MIN_NS (-1000)
#define LAP_SLACK_MAX_NS 60000
#define SILENCE_NS NS_PER_S

#if NODE == 0
#define UART_TO_NEXT 0
#define UART_TO_PREVIOUS 1
#elif NODE == 1
#define UART_TO_NEXT 1
#define UART_TO_PREVIOUS 0
#else
#define UART_TO_NEXT 2
#define UART_TO_PREVIOUS 1
#endif

enum { CLOCKWISE, COUNTERCLOCKWISE, DIRECTIONS };

/* Payload: lap (2), hops (1), then an entry a hop: node (1), came at (8), held for (4). */
#define TOKEN_LAP 0
#define TOKEN_HOPS 2
#define TOKEN_ENTRIES 3
#define ENTRY_NODE 0
#define ENTRY_CAME 1
#define ENTRY_HELD 9
#define ENTRY_BYTES 13

_Static_assert(TOKEN_ENTRIES + NODES * ENTRY_BYTES <= FRAME_PAYLOAD_MAX, "a token fits");

struct direction {
    const char *name;
    unsigned uart_in, uart_out;
    struct frame_decoder decoder;
    struct frame token;   /* held now */
    uint64_t came_ns;     /* when it came */
    uint64_t due_ns;      /* when it goes on; TIMER_NEVER if there is none */
    uint64_t lap_from_ns; /* node 0: when this lap began */
    unsigned tokens;      /* seen so far */
};

static struct direction directions[DIRECTIONS] = {
    {.name = "clockwise", .uart_in = UART_TO_PREVIOUS, .uart_out = UART_TO_NEXT},
    {.name = "counterclockwise", .uart_in = UART_TO_NEXT, .uart_out = UART_TO_PREVIOUS},
};

static unsigned errors;
static uint32_t sum = CRC32_INIT;

static unsigned hops_of(const struct frame *f)
{
    return f->payload[TOKEN_HOPS];
}

static uint8_t *entry_of(struct frame *f, unsigned hop)
{
    return f->payload + TOKEN_ENTRIES + hop * ENTRY_BYTES;
}

static unsigned frame_bytes(unsigned hops)
{
    return FRAME_OVERHEAD + TOKEN_ENTRIES + hops * ENTRY_BYTES;
}

static void complain(const struct direction *d, const char *what)
{
    print("trio%u: %s token %u: %s\n", NODE, d->name, d->tokens, what);
    errors++;
}

/* The node that adds the entry of this hop. */
static unsigned node_at(const struct direction *d, unsigned hop)
{
    return d == &directions[CLOCKWISE] ? hop % NODES : (NODES - hop) % NODES;
}

/* The entries are those of node 0 and of everybody between there and here. */
static bool token_is_right(struct direction *d, struct frame *f)
{
    unsigned hops = hops_of(f);
    unsigned lap = d->tokens + (NODE != 0);

    if (f->len != TOKEN_ENTRIES + hops * ENTRY_BYTES || hops == 0 || hops > NODES ||
        get_u16(f->payload + TOKEN_LAP) != lap || f->counter != (lap - 1) * NODES + hops ||
        node_at(d, hops) != NODE) {
        return false;
    }
    for (unsigned hop = 0; hop < hops; hop++) {
        if (entry_of(f, hop)[ENTRY_NODE] != node_at(d, hop)) {
            return false;
        }
    }
    return true;
}

/* Take the token over: 200 to 950 us, by the microseconds of this node's timer. */
static void hold(struct direction *d, uint64_t came_ns)
{
    d->came_ns = came_ns;
    d->due_ns = came_ns + (200 + (uint32_t)(came_ns / 1000) % 16 * 50) * NS_PER_US;
}

/* The entry names the time just before the frame goes out; building it is part of the slack. */
static void send_on(struct direction *d)
{
    struct frame *f = &d->token;
    unsigned hops = hops_of(f);
    uint8_t wire[FRAME_BYTES_MAX];
    uint8_t *entry = entry_of(f, hops);
    uint64_t now = timer_now_ns();

    entry[ENTRY_NODE] = NODE;
    put_u64(entry + ENTRY_CAME, d->came_ns);
    put_u32(entry + ENTRY_HELD, (uint32_t)(now - d->came_ns));
    f->payload[TOKEN_HOPS] = (uint8_t)(hops + 1);
    f->len = (uint8_t)(f->len + ENTRY_BYTES);
    f->counter++;
    d->lap_from_ns = now;
    d->due_ns = TIMER_NEVER;
    uart_write(d->uart_out, wire, frame_encode(f, wire));
}

/* --- node 0: laps --------------------------------------------------------------------------- */

static void start_lap(struct direction *d, unsigned lap, uint64_t from_ns)
{
    d->token = (struct frame){
        .type = (uint8_t)(d - directions),
        .counter = (uint16_t)((lap - 1) * NODES),
        .len = TOKEN_ENTRIES,
    };
    put_u16(d->token.payload + TOKEN_LAP, (uint16_t)lap);
    hold(d, from_ns);
}

static void check_lap(struct direction *d, struct frame *f, uint64_t came_ns)
{
    uint64_t held = 0;
    unsigned bytes = 0;
    int64_t slack;

    for (unsigned hop = 1; hop < NODES; hop++) {
        held += get_u32(entry_of(f, hop) + ENTRY_HELD);
    }
    for (unsigned hops = 1; hops <= NODES; hops++) {
        bytes += frame_bytes(hops);
    }
    slack = (int64_t)(came_ns - d->lap_from_ns - held - bytes * (uint64_t)LINK_FRAME_NS);
    if (!TIMING_CHECK) {
        print("trio0: %s lap %u, %u bytes, held for %llu ns\n", d->name, d->tokens, bytes, held);
        return;
    }
    print("trio0: %s lap %u, %u bytes, held for %llu ns, slack %lld ns\n", d->name, d->tokens,
          bytes, held, slack);
    if (slack < LAP_SLACK_MIN_NS || slack > LAP_SLACK_MAX_NS) {
        complain(d, "the lap took too long or too short");
    }
}

static void end_lap(struct direction *d, struct frame *f, uint64_t came_ns)
{
    check_lap(d, f, came_ns);
    if (d->tokens < LAPS) {
        start_lap(d, d->tokens + 1, came_ns);
    }
}

/* --- every node ------------------------------------------------------------------------------ */

static void token_came(struct direction *d, uint64_t came_ns)
{
    struct frame *f = &d->decoder.frame;
    bool right;

#if NODE == 0
    d->tokens++;
    right = token_is_right(d, f);
#else
    right = token_is_right(d, f);
    d->tokens++;
#endif
    sum = crc32_u64(crc32(sum, f->payload, f->len), came_ns);
    if (!right) {
        complain(d, "wrong content");
        return;
    }
    if (NODE == 0) {
        end_lap(d, f, came_ns);
    } else {
        d->token = *f;
        hold(d, came_ns);
    }
}

static void read_link(struct direction *d)
{
    struct uart_byte b;

    while (uart_read(d->uart_in, &b)) {
        switch (frame_decode(&d->decoder, b.byte)) {
        case FRAME_COMPLETE:
            token_came(d, b.at_ns);
            break;
        case FRAME_BROKEN:
            complain(d, "broken frame");
            break;
        case FRAME_PENDING:
            break;
        }
    }
}

static bool finished(void)
{
    for (unsigned i = 0; i < DIRECTIONS; i++) {
        if (directions[i].tokens < LAPS || directions[i].due_ns != TIMER_NEVER) {
            return false;
        }
    }
    return true;
}

static uint64_t next_due_ns(void)
{
    uint64_t a = directions[CLOCKWISE].due_ns;
    uint64_t b = directions[COUNTERCLOCKWISE].due_ns;

    return a < b ? a : b;
}

/* Returns false if nothing has come for so long that nothing will. */
static bool step(void)
{
    uint64_t due_ns = next_due_ns();
    bool holding = due_ns != TIMER_NEVER;
    bool readable;

    if (!holding && TIMING_CHECK) {
        due_ns = timer_now_ns() + SILENCE_NS;
    }
    readable = uart_wait_any(1u << UART_TO_NEXT | 1u << UART_TO_PREVIOUS, due_ns);
    for (unsigned i = 0; i < DIRECTIONS; i++) {
        struct direction *d = &directions[i];

        read_link(d);
        if (d->due_ns != TIMER_NEVER && timer_now_ns() >= d->due_ns) {
            send_on(d);
        }
    }
    return readable || holding;
}

int main(void)
{
    console_init();
    uart_init(UART_TO_NEXT, LINK_BAUD);
    uart_init(UART_TO_PREVIOUS, LINK_BAUD);
    print("trio%u: %s, %u laps each way\n", NODE, BOARD_NAME, LAPS);
    for (unsigned i = 0; i < DIRECTIONS; i++) {
        directions[i].due_ns = TIMER_NEVER;
        if (NODE == 0) {
            start_lap(&directions[i], 1, 5 * NS_PER_MS + i * 777 * NS_PER_US);
        }
    }
    while (!finished() && !errors) {
        if (!step()) {
            print("trio%u: nothing has come for %u ms\n", NODE, SILENCE_NS / NS_PER_MS);
            errors++;
        }
    }
    errors += uart_errors(UART_TO_NEXT) + uart_errors(UART_TO_PREVIOUS);
    print("trio%u: %u tokens, %u errors, sum %08lx\n", NODE,
          directions[CLOCKWISE].tokens + directions[COUNTERCLOCKWISE].tokens, errors,
          (unsigned long)sum);
    return errors != 0;
}
