// SPDX-License-Identifier: Apache-2.0
/* What a tap makes of frames: packets, a card's dialogue, and whatever else may come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode_7816.h"

#define FRAME_NS 12478 /* of 921600 baud, 8E1.5 */

struct line {
    struct decoder card, reader;
    struct card_line state;
    char *text;
    size_t size;
    uint64_t now_ns;
};

static void line_open(struct line *l, enum decoding decoding)
{
    memset(l, 0, sizeof(*l));
    l->card = (struct decoder){.from_port = "c",
                               .to_port = "r",
                               .kind = ORRERY__LINK__KIND__UART,
                               .decoding = decoding,
                               .card = &l->state};
    l->reader = l->card;
    l->reader.from_port = "r";
    l->reader.to_port = "c";
    l->card.to = l->reader.to = open_memstream(&l->text, &l->size);
    assert_non_null(l->card.to);
}

static void line_close(struct line *l)
{
    fclose(l->card.to);
    free(l->text);
}

static void send(struct line *l, struct decoder *from, uint8_t byte)
{
    const struct orrery_uart_frame frame = {
        .baud = 921600, .data = byte, .data_bits = 8, .parity = 'E', .stop_halves = 3};
    struct orrery_message message = {.payload = (const uint8_t *)&frame, .len = sizeof(frame)};

    l->now_ns += FRAME_NS;
    message.arrival_ns = l->now_ns;
    decode(from, &message);
}

static void send_all(struct line *l, struct decoder *from, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        send(l, from, (uint8_t)bytes[i]);
    }
}
#define SEND(l, from, bytes) send_all((l), (from), (bytes), sizeof(bytes) - 1)

/* Is this in a line that was printed? Or, not: in none? */
static void expect(struct line *l, const char *text)
{
    fflush(l->card.to);
    if (!strstr(l->text, text)) {
        fail_msg("no \"%s\" in\n%s", text, l->text);
    }
}

static void expect_none(struct line *l, const char *text)
{
    fflush(l->card.to);
    if (strstr(l->text, text)) {
        fail_msg("\"%s\" in\n%s", text, l->text);
    }
}

static void test_a_packet_that_began_before(void **state)
{
    struct line l;

    line_open(&l, DECODE_SEPROXYHAL);
    SEND(&l, &l.card, "\xff\xff\x01"); /* the tap was opened in its middle: not a head */
    l.now_ns += 100 * FRAME_NS;
    SEND(&l, &l.card, "\x60\x00\x02\x00\x00");
    SEND(&l, &l.card, "\x5f\x00\x02hi");
    expect(&l, "no packet: 3 bytes");
    expect(&l, "60 general status 00 00");
    expect(&l, "5f printf: hi");
    line_close(&l);
}

static void test_card(void **state)
{
    struct line l;

    line_open(&l, DECODE_7816);
    SEND(&l, &l.reader, "\x55");
    l.now_ns += 100 * FRAME_NS;
    SEND(&l, &l.card,
         "\x3b\x12\x11"
         "ok");
    SEND(&l, &l.reader, "\x00\xa4\x04\x00\x02");
    SEND(&l, &l.card, "\x60\xa4");
    SEND(&l, &l.reader, "ab");
    SEND(&l, &l.card, "\x90\x00");
    SEND(&l, &l.reader, "\x00\xb0\x00\x00\x00");
    SEND(&l, &l.card, "\xb0");
    for (unsigned i = 0; i < 256; i++) {
        send(&l, &l.card, (uint8_t)i);
    }
    SEND(&l, &l.card, "\x61\x05");
    expect(&l, "r > c | 55 'U'");
    expect(&l, "c > r | ATR 3b 12 11 6f 6b: direct convention, F/D 372/1, \"ok\"");
    expect(&l, "r > c | command: CLA 00 INS a4 P1 04 P2 00 P3 02");
    expect(&l, "procedure byte: 60, NULL");
    expect(&l, "procedure byte: a4, ACK: all bytes");
    expect(&l, "r > c | data 61 62\n");
    expect(&l, "c > r | SW 9000");
    expect(&l, "c > r | data 00 01 02 03");
    expect(&l, "c > r | SW 6105");
    line_close(&l);
}

/* 3F 00 in the inverse convention: all bits inverted, and in the other order. */
static void test_inverse(void **state)
{
    struct line l;

    line_open(&l, DECODE_7816);
    SEND(&l, &l.card, "\x03\xff");
    SEND(&l, &l.reader, "\xff\xdf\xff\xff\xff"); /* INS 04 */
    SEND(&l, &l.card, "\xf6\xff");               /* 90 00 */
    expect(&l, "ATR 3f 00: inverse convention\n");
    expect(&l, "command: CLA 00 INS 04 P1 00 P2 00 P3 00");
    expect(&l, "SW 9000");
    line_close(&l);
}

static void test_reset_and_check(void **state)
{
    struct line l;

    line_open(&l, DECODE_7816);
    SEND(&l, &l.card, "\x3b\x80\x81\x01\x00"); /* T=1 by TD2: TCK, right */
    expect(&l, "ATR 3b 80 81 01 00: direct convention\n");
    expect_none(&l, "TCK");
    SEND(&l, &l.reader, "\x00\xa4\x04\x00\x02");
    SEND(&l, &l.card, "\xa4");
    SEND(&l, &l.reader, "a"); /* and it is reset: its answer has a wrong TCK */
    SEND(&l, &l.card, "\x3b\x80\x81\x01\x01");
    expect(&l, "r > c | so far: 61");
    expect(&l, "TCK is wrong");
    SEND(&l, &l.reader, "\xff\x10\x18\xf7");
    SEND(&l, &l.card, "\xff\x00\xfe");
    expect(&l, "r > c | PPS request ff 10 18 f7: T=0, F/D 372/12\n");
    expect(&l, "c > r | PPS answer ff 00 fe: T=0, PCK is wrong");
    line_close(&l);
}

static void test_anything(void **state)
{
    static const uint8_t likely[] = {0x3b, 0x03, 0xff, 0x60, 0xa4, 0x5b, 0x90, 0x00};
    uint32_t seed = 1;

    for (unsigned decoding = 0; decoding < DECODE_COUNT; decoding++) {
        struct line l;

        line_open(&l, (enum decoding)decoding);
        for (unsigned i = 0; i < 200000; i++) {
            seed = seed * 1664525 + 1013904223;
            l.now_ns += seed >> 8 & 1023 ? 0 : 1000 * FRAME_NS;
            send(&l, seed >> 18 & 15 ? &l.card : &l.reader,
                 seed >> 22 & 1 ? likely[seed >> 23 & 7] : (uint8_t)(seed >> 24));
        }
        line_close(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_packet_that_began_before),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_reset_and_check),
        cmocka_unit_test(test_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
