/*
 * STM32WB55 USART1 and LPUART1: reception
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 35.5.6. A frame comes when it has ended, with the baud and format of its sender. We sample
 * it where our own settings put our samples: what parity and framing errors there are come of that.
 *
 * A frame's start is not announced, so that the line was idle (IDLE, RTO, wake-up from mute) is only
 * known when a frame that began in time would have ended: these flags come one frame later than on
 * the part, though never for a line that was not idle.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "usart.h"

#define SECOND_Q32 ((uint64_t)NANOSECONDS_PER_SECOND << 32)

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static int64_t span_ns(Stm32wbUsart *s, uint32_t sixteenths)
{
    return wb_ns(wb_after((WbTime){ 0 }, usart_bit(s), sixteenths));
}

static int64_t frame_ns(Stm32wbUsart *s)
{
    return span_ns(s, usart_frame_halves(s) * 8);
}

/* ---- the line as its sender made it ---- */

/* What a port leaves open is as our own; while we measure it, as the link's. */
static void complete_format(Stm32wbUsart *s, struct orrery_uart_frame *f)
{
    const struct orrery_uart_frame own = {
        .baud = s->measuring && s->port ? orrery_port_baud(s->port) : usart_baud(s),
        .data_bits = usart_data_bits(s),
        .parity = usart_wire_parity(s),
    };

    orrery_uart_complete(f, &own);
}

/* The sender's bit in the middle of our bit @n. */
static unsigned sample(Stm32wbUsart *s, const struct orrery_uart_frame *f,
                       unsigned n)
{
    uint64_t low, high;

    mulu64(&low, &high, usart_bit(s), (2 * n + 1) * (uint64_t)f->baud);
    if (high >= SECOND_Q32) {
        return 16; /* long idle */
    }
    divu128(&low, &high, SECOND_Q32);
    return MIN(low / 2, 16);
}

/* Our bits between start and stop, and errors. */
static unsigned sample_word(Stm32wbUsart *s, const struct orrery_uart_frame *f,
                            uint32_t *errors)
{
    bool garbled = orrery_uart_baud_differs(f->baud, usart_baud(s));
    unsigned bits = usart_word_bits(s);
    bool inverted = FIELD_EX32(s->cr2, CR2, DATAINV) && bits % 2;
    unsigned word = 0;

    for (unsigned i = 0; i < bits; i++) {
        word |= orrery_uart_level(f, garbled ? sample(s, f, i + 1) : i + 1) << i;
    }
    if (garbled || !orrery_uart_level(f, bits + 1)) {
        *errors |= R_ISR_FE_MASK;
    }
    if ((f->flags & ORRERY_UART_NOISE) && !FIELD_EX32(s->cr3, CR3, ONEBIT)) {
        *errors |= R_ISR_NE_MASK;
    }
    if (FIELD_EX32(s->cr1, CR1, PCE) &&
        (orrery_uart_odd(word) ^ inverted) != FIELD_EX32(s->cr1, CR1, PS)) {
        *errors |= R_ISR_PE_MASK;
    }
    return word;
}

/* RDR shows parity where it stands, above the data (35.5.10). */
static uint16_t to_rdr(Stm32wbUsart *s, unsigned word)
{
    unsigned bits = usart_data_bits(s);

    return (word >> bits << bits) | usart_wire_order(s, word & ((1u << bits) - 1));
}

/* ---- auto baud rate (35.5.9) ---- */

/* Sender's bits from the start bit's edge to the @nth falling edge after it, or 0. */
static unsigned falling_edge(const struct orrery_uart_frame *f, unsigned nth)
{
    for (unsigned i = 1; i <= 10; i++) {
        if (orrery_uart_level(f, i - 1) && !orrery_uart_level(f, i) && --nth == 0) {
            return i;
        }
    }
    return 0;
}

static unsigned rising_edge(const struct orrery_uart_frame *f)
{
    unsigned i = 1;

    while (!orrery_uart_level(f, i)) {
        i++;
    }
    return i;
}

/* BRR for a bit of @found / @expected bits of the sender's; false: out of range. */
static bool set_baud(Stm32wbUsart *s, uint32_t baud, unsigned found,
                     unsigned expected)
{
    uint64_t unit = usart_input_period(s);
    uint64_t div;

    if (baud < 16 || !unit) {
        return false;
    }
    div = (SECOND_Q32 / baud * found / expected + unit / 2) / unit;
    if (FIELD_EX32(s->cr1, CR1, OVER8)) {
        div = (SECOND_Q32 / baud * found * 2 / expected + unit / 2) / unit;
    }
    if (div < 16 || div > 0xFFFF) {
        return false;
    }
    s->brr = FIELD_EX32(s->cr1, CR1, OVER8) ? (div & 0xFFF0) | (div & 0xF) >> 1
                                            : div;
    return true;
}

static bool measure(Stm32wbUsart *s, const struct orrery_uart_frame *f)
{
    unsigned expected = 1, found = 0;

    switch (FIELD_EX32(s->cr2, CR2, ABRMOD)) {
    case 0: /* the start bit, before a 1 */
        found = rising_edge(f);
        break;
    case 1: /* from falling edge to falling edge, a start bit and a 1 */
        expected = 2;
        found = falling_edge(f, 1);
        break;
    case 2: /* 0x7F */
        expected = 8;
        found = falling_edge(f, 1);
        break;
    case 3: /* 0x55 */
        expected = 8;
        found = falling_edge(f, 4);
        break;
    }
    if (!found || (expected == 8 && found != 8)) {
        return false;
    }
    return set_baud(s, f->baud, found, expected);
}

/* ---- into RDR or the FIFO ---- */

static void show_head_errors(Stm32wbUsart *s)
{
    if (s->rx_count) {
        s->flags |= s->rx[0] >> USART_ERROR_SHIFT;
    }
}

static void push(Stm32wbUsart *s, uint16_t data, uint32_t errors)
{
    uint16_t entry = data | errors << USART_ERROR_SHIFT;

    if (s->rx_count < usart_rx_room(s)) {
        s->rx[s->rx_count++] = entry;
    } else if (FIELD_EX32(s->cr3, CR3, OVRDIS)) {
        s->rx[s->rx_count - 1] = entry;
    } else {
        s->flags |= R_ISR_ORE_MASK;
        if (s->port) {
            orrery_port_count(s->port, ORRERY_LANE_OVERRUN);
        }
        return;
    }
    if (s->rx_count == 1) {
        show_head_errors(s);
    }
    if (FIELD_EX32(s->cr1, CR1, UESM) && FIELD_EX32(s->cr3, CR3, WUS) == 3) {
        s->flags |= R_ISR_WUF_MASK;
    }
}

void usart_rx_read(Stm32wbUsart *s)
{
    if (!s->rx_count) {
        return;
    }
    s->rdr = s->rx[0] & 0x1FF;
    s->rx_count--;
    memmove(s->rx, s->rx + 1, s->rx_count * sizeof(s->rx[0]));
    show_head_errors(s);
    usart_update(s);
    usart_rx_accept(s);
}

void usart_rx_flush(Stm32wbUsart *s)
{
    s->rx_count = 0;
}

/* ---- addresses and mute mode (35.5.8) ---- */

static bool matches(Stm32wbUsart *s, uint16_t data)
{
    unsigned bits = usart_data_bits(s);
    uint8_t add = FIELD_EX32(s->cr2, CR2, ADD);

    if (!FIELD_EX32(s->cr1, CR1, MME) || !FIELD_EX32(s->cr1, CR1, WAKE)) {
        return ((data ^ add) & MAKE_64BIT_MASK(0, MIN(bits, 8))) == 0;
    }
    if (FIELD_EX32(s->cr2, CR2, ADDM7)) {
        return ((data ^ add) & MAKE_64BIT_MASK(0, MIN(bits - 1, 7))) == 0;
    }
    return ((data ^ add) & 0xF) == 0;
}

/* Is this character for us? Sets CMF, RWU and WUF. */
static bool addressed(Stm32wbUsart *s, uint16_t data)
{
    bool by_address = FIELD_EX32(s->cr1, CR1, MME) &&
                      FIELD_EX32(s->cr1, CR1, WAKE);
    bool is_address = !by_address || data >> (usart_data_bits(s) - 1) & 1;

    if (is_address && matches(s, data)) {
        s->flags |= R_ISR_CMF_MASK;
        if (by_address) {
            s->flags &= ~R_ISR_RWU_MASK;
        }
        if (FIELD_EX32(s->cr1, CR1, UESM) && FIELD_EX32(s->cr3, CR3, WUS) == 0) {
            s->flags |= R_ISR_WUF_MASK;
        }
    } else if (by_address && is_address) {
        s->flags |= R_ISR_RWU_MASK;
    }
    return !(s->flags & R_ISR_RWU_MASK);
}

/* ---- smartcard (35.5.17) ---- */

/* A character that came wrong is asked for again; false: not to be received. */
static bool accept_from_card(Stm32wbUsart *s, uint32_t errors)
{
    if (FIELD_EX32(s->cr3, CR3, NACK) && (errors & R_ISR_PE_MASK)) {
        struct orrery_uart_frame nack;

        usart_format(s, &nack);
        nack.flags = ORRERY_UART_NACK;
        if (s->port) {
            orrery_port_send(s->port, &nack,
                             now_ns() + orrery_port_latency(s->port));
        }
        if (s->rx_repeats < FIELD_EX32(s->cr3, CR3, SCARCNT)) {
            s->rx_repeats++;
            return false;
        }
    }
    s->rx_repeats = 0;
    /* 35.8.6 BLEN: the block has BLEN + 4 characters, prologue and epilogue included */
    if (++s->block_count == FIELD_EX32(s->rtor, RTOR, BLEN) + 4) {
        s->flags |= R_ISR_EOBF_MASK;
    }
    return true;
}

/* ---- a quiet line ---- */

/* Not before this can one know that no frame began in the time until @quiet. */
static int64_t known(Stm32wbUsart *s, int64_t quiet)
{
    int64_t frame = frame_ns(s);

    return quiet + frame + frame / 32;
}

static int64_t idle_at(Stm32wbUsart *s)
{
    return s->rx_end + frame_ns(s);
}

/* 35.8.6: RTO bits from the end of the last stop bit (from its start with 1.5 stop bits) */
static int64_t timeout_at(Stm32wbUsart *s)
{
    return s->rx_end + span_ns(s, FIELD_EX32(s->rtor, RTOR, RTO) * 16);
}

static void see_idle(Stm32wbUsart *s)
{
    s->rx_idle_due = false;
    if (!(s->flags & R_ISR_RWU_MASK)) {
        s->flags |= R_ISR_IDLE_MASK;
    } else if (!FIELD_EX32(s->cr1, CR1, WAKE)) {
        s->flags &= ~R_ISR_RWU_MASK;
    }
}

static void see_timeout(Stm32wbUsart *s)
{
    s->rx_rto_due = false;
    s->flags |= R_ISR_RTOF_MASK;
}

static bool timeout_due(Stm32wbUsart *s)
{
    return s->rx_rto_due && FIELD_EX32(s->cr2, CR2, RTOEN);
}

void usart_rx_line_quiet(Stm32wbUsart *s)
{
    int64_t next = INT64_MAX;

    if (!usart_rx_on(s) || !usart_bit(s)) {
        timer_del(s->rx_timer);
        return;
    }
    if (s->rx_idle_due) {
        next = known(s, idle_at(s));
    }
    if (timeout_due(s)) {
        next = MIN(next, known(s, timeout_at(s)));
    }
    if (next == INT64_MAX) {
        timer_del(s->rx_timer);
    } else {
        timer_mod(s->rx_timer, next);
    }
}

void usart_rx_timer(void *opaque)
{
    Stm32wbUsart *s = opaque;
    int64_t now = now_ns();

    if (s->rx_idle_due && now >= known(s, idle_at(s))) {
        see_idle(s);
    }
    if (timeout_due(s) && now >= known(s, timeout_at(s))) {
        see_timeout(s);
    }
    usart_rx_line_quiet(s);
    usart_update(s);
}

/* The line was quiet from the last character to the start of this one. */
static void quiet_until(Stm32wbUsart *s, int64_t start)
{
    if (s->rx_idle_due && start >= idle_at(s)) {
        see_idle(s);
    }
    if (timeout_due(s) && start >= timeout_at(s)) {
        see_timeout(s);
    }
}

/* ---- a frame ---- */

/* 35.5.13: a break is a character of zeros without a stop bit; LIN tells it by its length too. */
static void receive_break(Stm32wbUsart *s, unsigned low)
{
    unsigned least = FIELD_EX32(s->cr2, CR2, LBDL) ? 11 : 10;
    uint32_t errors = R_ISR_FE_MASK;

    if (FIELD_EX32(s->cr2, CR2, LINEN) && (!low || low >= least)) {
        s->flags |= R_ISR_LBDF_MASK;
    }
    if (usart_parity(s) == 'O') {
        errors |= R_ISR_PE_MASK;
    }
    if (!(s->flags & R_ISR_RWU_MASK)) {
        push(s, 0, errors);
    }
}

static void receive(Stm32wbUsart *s, const struct orrery_uart_frame *f)
{
    uint32_t errors = 0;
    uint16_t data;

    if (s->measuring) {
        s->measuring = false;
        s->flags |= R_ISR_ABRF_MASK;
        if (!measure(s, f)) {
            s->flags |= R_ISR_ABRE_MASK;
            errors |= R_ISR_FE_MASK;
        }
    }
    data = to_rdr(s, sample_word(s, f, &errors));
    if ((errors & R_ISR_FE_MASK) && s->port) {
        orrery_port_count(s->port, ORRERY_LANE_FRAMING);
    }
    if (FIELD_EX32(s->cr3, CR3, SCEN) && !accept_from_card(s, errors)) {
        return;
    }
    if (addressed(s, data & ((1u << usart_data_bits(s)) - 1))) {
        push(s, data, errors);
    }
}

void usart_rx_frame(void *opaque, const struct orrery_uart_frame *frame,
                    uint64_t end_ns)
{
    Stm32wbUsart *s = opaque;
    struct orrery_uart_frame f = *frame;

    if (f.flags & ORRERY_UART_NACK) {
        usart_tx_nacked(s);
        return;
    }
    if (!usart_rx_on(s) || !usart_bit(s)) {
        return; /* nobody listens */
    }
    if (s->port) {
        orrery_port_check_mode(s->port, FIELD_EX32(s->cr3, CR3, SCEN), &f);
    }
    complete_format(s, &f);
    quiet_until(s, (int64_t)end_ns - frame_ns(s));
    if (FIELD_EX32(s->cr1, CR1, UESM) && FIELD_EX32(s->cr3, CR3, WUS) == 2) {
        s->flags |= R_ISR_WUF_MASK;
    }
    if (f.flags & ORRERY_UART_BREAK) {
        receive_break(s, frame->data);
    } else {
        receive(s, &f);
    }
    s->rx_end = end_ns;
    s->rx_idle_due = s->rx_rto_due = true;
    usart_rx_line_quiet(s);
    usart_update(s);
}

/* ---- any other chardev: bytes, no faster than the line would bring them ---- */

int usart_chr_can_receive(void *opaque)
{
    Stm32wbUsart *s = opaque;

    if (!usart_rx_on(s) || !usart_bit(s) || s->rx_count >= usart_rx_room(s)) {
        return 0;
    }
    if (now_ns() < s->rx_free) {
        timer_mod(s->accept_timer, s->rx_free);
        return 0;
    }
    return 1;
}

void usart_chr_receive(void *opaque, const uint8_t *buf, int size)
{
    Stm32wbUsart *s = opaque;
    struct orrery_uart_frame frame;
    int64_t now = now_ns();

    usart_format(s, &frame);
    frame.data = buf[0];
    s->rx_free = now + frame_ns(s);
    usart_rx_frame(s, &frame, now);
}

void usart_chr_event(void *opaque, QEMUChrEvent event)
{
    Stm32wbUsart *s = opaque;
    struct orrery_uart_frame frame;

    if (event == CHR_EVENT_BREAK) {
        usart_format(s, &frame);
        frame.flags = ORRERY_UART_BREAK;
        usart_rx_frame(s, &frame, now_ns());
    }
}

void usart_rx_accept(void *opaque)
{
    Stm32wbUsart *s = opaque;

    if (!s->port) {
        qemu_chr_fe_accept_input(&s->chr);
    }
}
