// SPDX-License-Identifier: Apache-2.0
#include "decode_7816.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define SILENCE_FRAMES 64

const char *const decoding_names[DECODE_COUNT] = {"raw", "seproxyhal", "hci", "7816"};

void decode_begin(const struct decoder *d, uint64_t at_ns)
{
    fprintf(d->to, "[%3" PRIu64 ".%09" PRIu64 "] %s > %s |", at_ns / NS_PER_S, at_ns % NS_PER_S,
            d->from_port, d->to_port);
}

void decode_hex(const struct decoder *d, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(d->to, " %02x", bytes[i]);
    }
}

/* ---- single messages ---- */

static void flags(const struct decoder *d, const struct orrery_uart_frame *frame)
{
    static const struct {
        uint8_t flag;
        const char *text;
    } texts[] = {{ORRERY_UART_BREAK, "break"},
                 {ORRERY_UART_PARITY_ERROR, "parity error"},
                 {ORRERY_UART_NOISE, "noise"},
                 {ORRERY_UART_NACK, "refused (NACK)"}};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (frame->flags & texts[i].flag) {
            fprintf(d->to, " %s", texts[i].text);
        }
    }
}

void decode_frame(const struct decoder *d, const struct orrery_uart_frame *frame, uint64_t at_ns)
{
    decode_begin(d, at_ns);
    if (!(frame->flags & (ORRERY_UART_BREAK | ORRERY_UART_NACK))) {
        fprintf(d->to, frame->data_bits > 8 ? " %03x" : " %02x", frame->data);
        if (frame->data < 128 && isprint(frame->data)) {
            fprintf(d->to, " '%c'", frame->data);
        }
    }
    flags(d, frame);
    if (d->decoding == DECODE_7816) { /* where the format matters */
        fprintf(d->to, "  %" PRIu32 " baud, %u%c%s", frame->baud, frame->data_bits,
                frame->parity ? frame->parity : '?',
                frame->stop_halves == 3   ? "1.5"
                : frame->stop_halves == 4 ? "2"
                                          : "1");
    }
    fputc('\n', d->to);
}

static void gpio(const struct decoder *d, const struct orrery_message *message)
{
    static const char *const levels[] = {"0", "1", "not driven"};
    static const char *const pulls[] = {"", ", pulled up", ", pulled down"};
    const uint8_t *p = message->payload;

    decode_begin(d, message->send_ns);
    if (message->len == sizeof(struct orrery_gpio) && p[0] < 3 && p[1] < 3) {
        fprintf(d->to, " %s%s\n", levels[p[0]], pulls[p[1]]);
    } else {
        fprintf(d->to, " ?\n");
    }
}

/* ---- packets ---- */

static const char *tag_name(uint8_t tag)
{
    static const struct {
        uint8_t tag;
        const char *name;
    } names[] = {
        {0x01, "session start"},
        {0x05, "button"},
        {0x0c, "finger"},
        {0x0d, "display processed"},
        {0x0e, "ticker"},
        {0x0f, "USB event"},
        {0x10, "USB transfer"},
        {0x15, "status event"},
        {0x16, "C-APDU"},
        {0x18, "BLE receive"},
        {0x19, "R-APDU event"},
        {0x1a, "UX"},
        {0x1b, "power button"},
        {0x1f, "SE ready"},
        {0x31, "MCU"},
        {0x38, "BLE send"},
        {0x44, "BLE radio power"},
        {0x46, "SE power off"},
        {0x4b, "device off"},
        {0x4c, "more time"},
        {0x4e, "ticker interval"},
        {0x4f, "USB config"},
        {0x50, "USB prepare"},
        {0x52, "request status"},
        {0x53, "R-APDU"},
        {0x5f, "printf"},
        {0x60, "general status"},
        {0x65, "display status"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].tag == tag) {
            return names[i].name;
        }
    }
    return "unknown tag";
}

/* Tag, length of two bytes, payload. */
static bool seproxyhal_whole(const uint8_t *bytes, size_t count)
{
    return count >= 3 && count >= 3u + (size_t)(bytes[1] << 8 | bytes[2]);
}

static void print_seproxyhal(const struct decoder *d)
{
    fprintf(d->to, " %02x %s", d->bytes[0], tag_name(d->bytes[0]));
    if (d->bytes[0] == 0x5f) { /* text */
        fprintf(d->to, ":");
        for (size_t i = 3; i < d->count; i++) {
            fprintf(d->to, "%s%c", i == 3 ? " " : "",
                    isprint(d->bytes[i]) ? (char)d->bytes[i] : '.');
        }
    } else {
        decode_hex(d, d->bytes + 3, d->count - 3);
    }
    fputc('\n', d->to);
}

/* H4: type, then a head that has the length. */
static bool hci_whole(const uint8_t *bytes, size_t count)
{
    switch (bytes[0]) {
    case 1: /* command: opcode, length */
        return count >= 4 && count >= 4u + bytes[3];
    case 2: /* ACL: handle, length of two bytes */
        return count >= 5 && count >= 5u + (size_t)(bytes[3] | bytes[4] << 8);
    case 4: /* event: code, length */
        return count >= 3 && count >= 3u + bytes[2];
    default:
        return true;
    }
}

static void print_hci(const struct decoder *d)
{
    switch (d->bytes[0]) {
    case 1:
        fprintf(d->to, " command %04x", d->bytes[1] | d->bytes[2] << 8);
        decode_hex(d, d->bytes + 4, d->count - 4);
        break;
    case 2:
        fprintf(d->to, " ACL, handle %03x", (d->bytes[1] | d->bytes[2] << 8) & 0xfff);
        decode_hex(d, d->bytes + 5, d->count - 5);
        break;
    case 4:
        fprintf(d->to, " event %02x", d->bytes[1]);
        decode_hex(d, d->bytes + 3, d->count - 3);
        break;
    default:
        fprintf(d->to, " no packet: %02x", d->bytes[0]);
        break;
    }
    fputc('\n', d->to);
}

static void no_packet(struct decoder *d, uint64_t at_ns)
{
    decode_begin(d, at_ns);
    fprintf(d->to, " no packet: %zu bytes\n", d->count);
    d->count = 0;
}

/*
 * A packet has no gaps. So after a silence of many frames one begins, which is how a tap that was
 * opened in the middle of one finds its way.
 */
static void begin_after_silence(struct decoder *d, const struct orrery_uart_frame *frame,
                                uint64_t at_ns)
{
    uint64_t frame_ns = orrery_uart_frame_ns(frame->baud ? frame->baud : 1, 8, 'N', 2);

    if (d->count && at_ns - d->last_ns > SILENCE_FRAMES * frame_ns) {
        no_packet(d, d->last_ns);
    }
    d->last_ns = at_ns;
}

static void collect(struct decoder *d, const struct orrery_uart_frame *frame, uint64_t at_ns)
{
    bool hci = d->decoding == DECODE_HCI;

    begin_after_silence(d, frame, at_ns);
    d->bytes[d->count++] = (uint8_t)frame->data;
    if ((hci ? hci_whole : seproxyhal_whole)(d->bytes, d->count)) {
        decode_begin(d, at_ns);
        (hci ? print_hci : print_seproxyhal)(d);
        d->count = 0;
    } else if (d->count == sizeof(d->bytes)) {
        no_packet(d, at_ns);
    }
}

/* ---- ---- */

void decode(struct decoder *d, const struct orrery_message *message)
{
    struct orrery_uart_frame frame;

    if (d->kind == ORRERY__LINK__KIND__GPIO) {
        gpio(d, message);
        return;
    }
    if (d->kind != ORRERY__LINK__KIND__UART || message->len != sizeof(frame)) {
        decode_begin(d, message->send_ns);
        decode_hex(d, message->payload, message->len);
        fputc('\n', d->to);
        return;
    }
    memcpy(&frame, message->payload, sizeof(frame));
    if (d->decoding == DECODE_RAW || frame.flags) {
        decode_frame(d, &frame, message->arrival_ns);
    } else if (d->decoding == DECODE_7816) {
        decode_7816(d->card, d, &frame, message->arrival_ns);
    } else {
        collect(d, &frame, message->arrival_ns);
    }
}
