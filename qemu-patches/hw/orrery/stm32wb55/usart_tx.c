/*
 * STM32WB55 USART1 and LPUART1: transmission
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 35.5.5. The shift register goes through phases, each with its exact end; the next begins
 * where the one before has ended, so that a stream does not drift however late a timer runs. A
 * frame goes to the line when it starts, and arrives when it ends.
 */
#include "qemu/osdep.h"
#include "chardev/char-serial.h"
#include "usart.h"

#define BIT_PARTS 16 /* sixteenths */
#define LIN_BREAK_BITS 13 /* 35.5.13 */
#define BREAK_STOP_BITS 2

static void enter(Stm32wbUsart *s, UsartTxPhase phase, WbTime from,
                  uint64_t unit, uint32_t sixteenths)
{
    s->tx_phase = phase;
    s->tx_end = wb_after(from, unit, sixteenths);
    timer_mod(s->tx_timer, wb_ns(s->tx_end));
}

/* DEAT and DEDT count sample times; the LPUART has none and counts kernel clocks (36.7.2). */
static void enter_de(Stm32wbUsart *s, UsartTxPhase phase, WbTime from,
                     unsigned count)
{
    if (s->lpuart) {
        enter(s, phase, from, clock_get(s->parent_obj.kernel), count * 16);
    } else {
        enter(s, phase, from, usart_bit(s),
              FIELD_EX32(s->cr1, CR1, OVER8) ? count * 2 : count);
    }
}

static void to_line(Stm32wbUsart *s, const struct orrery_uart_frame *frame,
                    int64_t end_ns)
{
    uint8_t byte = frame->data;
    int breaking = 1;

    if (s->port) {
        orrery_port_check_mode(s->port, FIELD_EX32(s->cr3, CR3, SCEN), NULL);
        orrery_port_send(s->port, frame, end_ns);
    } else if (frame->flags & ORRERY_UART_BREAK) {
        qemu_chr_fe_ioctl(&s->chr, CHR_IOCTL_SERIAL_SET_BREAK, &breaking);
        breaking = 0;
        qemu_chr_fe_ioctl(&s->chr, CHR_IOCTL_SERIAL_SET_BREAK, &breaking);
    } else {
        qemu_chr_fe_write_all(&s->chr, &byte, 1);
    }
}

static void own_frame(Stm32wbUsart *s, struct orrery_uart_frame *frame)
{
    usart_format(s, frame);
    frame->data = usart_wire_order(s, s->tx_shift);
}

static void begin_frame(Stm32wbUsart *s, WbTime from)
{
    uint64_t bit = usart_bit(s);
    uint32_t length = usart_frame_halves(s) * BIT_PARTS / 2;
    struct orrery_uart_frame frame;

    own_frame(s, &frame);
    s->tx_nacked = false;
    enter(s, USART_TX_FRAME, from, bit, length);
    to_line(s, &frame, wb_ns(s->tx_end));
}

static void next_frame(Stm32wbUsart *s, WbTime from)
{
    s->tx_shift = s->tx[0];
    s->tx_count--;
    memmove(s->tx, s->tx + 1, s->tx_count * sizeof(s->tx[0]));
    if (s->tx_count == 0) {
        s->flags |= R_ISR_TXFE_MASK;
    }
    s->tx_repeats = 0;
    begin_frame(s, from);
}

/* 35.5.5: as long as a character, all low; in LIN mode 13 bits. Then two bits of stop. */
static void begin_break(Stm32wbUsart *s, WbTime from)
{
    unsigned low = FIELD_EX32(s->cr2, CR2, LINEN) ? LIN_BREAK_BITS
                                                  : usart_word_bits(s) + 2;
    uint64_t bit = usart_bit(s);
    struct orrery_uart_frame frame;

    s->break_asked = false;
    usart_format(s, &frame);
    frame.flags = ORRERY_UART_BREAK;
    frame.data = low;
    enter(s, USART_TX_BREAK, from, bit, (low + BREAK_STOP_BITS) * BIT_PARTS);
    to_line(s, &frame, wb_ns(wb_after(from, bit, low * BIT_PARTS)));
}

static bool may_send(Stm32wbUsart *s)
{
    return s->tx_count && !(FIELD_EX32(s->cr3, CR3, CTSE) && s->cts);
}

/* Nothing is on the wire from @from on: what comes next? */
static void next(Stm32wbUsart *s, WbTime from)
{
    s->tx_phase = USART_TX_IDLE;
    if (!FIELD_EX32(s->cr1, CR1, UE) || !FIELD_EX32(s->cr1, CR1, TE) ||
        !usart_bit(s)) {
        s->de = false;
    } else if (s->preamble) {
        s->preamble = false;
        enter(s, USART_TX_PREAMBLE, from, usart_bit(s),
              usart_frame_halves(s) * BIT_PARTS / 2);
    } else if (!s->break_asked && !may_send(s)) {
        if (s->de) {
            enter_de(s, USART_TX_DE_TRAIL, from, FIELD_EX32(s->cr1, CR1, DEDT));
        }
    } else if (FIELD_EX32(s->cr3, CR3, DEM) && !s->de) {
        s->de = true;
        enter_de(s, USART_TX_DE_LEAD, from, FIELD_EX32(s->cr1, CR1, DEAT));
    } else if (s->break_asked) {
        begin_break(s, from);
    } else {
        next_frame(s, from);
    }
}

void usart_tx_kick(Stm32wbUsart *s)
{
    if (s->tx_phase == USART_TX_IDLE && FIELD_EX32(s->cr1, CR1, UE)) {
        next(s, wb_now());
    }
}

/* UE cleared: all stops at once, though what is on a link already arrives. */
void usart_tx_abort(Stm32wbUsart *s)
{
    timer_del(s->tx_timer);
    s->tx_phase = USART_TX_IDLE;
    s->tx_count = 0;
    s->tx_repeats = 0;
    s->tx_nacked = false;
    s->preamble = s->break_asked = s->de = false;
}

/* ---- the end of a phase ---- */

static void complete(Stm32wbUsart *s)
{
    if (!s->tx_count && !s->break_asked) {
        s->flags |= R_ISR_TC_MASK;
    }
}

/* 35.5.15: the line is one's own too; a clocked slave that is not there sends ones. */
static void hear_oneself(Stm32wbUsart *s)
{
    struct orrery_uart_frame frame;

    own_frame(s, &frame);
    if (FIELD_EX32(s->cr3, CR3, HDSEL)) {
        usart_rx_frame(s, &frame, wb_ns(s->tx_end));
    } else if (FIELD_EX32(s->cr2, CR2, CLKEN) && !s->port) {
        frame.data = (1u << frame.data_bits) - 1;
        usart_rx_frame(s, &frame, wb_ns(s->tx_end));
    }
}

/*
 * 35.5.17: a card refuses a character during its guard time. The link brings that one latency after
 * the frame, so a smartcard's transmitter waits as long before it goes on.
 */
static void end_of_smartcard_frame(Stm32wbUsart *s)
{
    unsigned guard = FIELD_EX32(s->gtpr, GTPR, GT);

    if (s->tx_phase == USART_TX_FRAME && s->port) {
        uint64_t latency = orrery_port_latency(s->port);

        /* the other side acts at the next start of an instruction */
        s->tx_phase = USART_TX_NACK;
        s->tx_end.ns += latency + latency / 4;
        timer_mod(s->tx_timer, wb_ns(s->tx_end));
        return;
    }
    if (s->tx_nacked) {
        s->tx_nacked = false;
        if (s->tx_repeats < FIELD_EX32(s->cr3, CR3, SCARCNT)) {
            s->tx_repeats++;
            begin_frame(s, s->tx_end);
            return;
        }
        s->flags |= R_ISR_FE_MASK;
    }
    s->flags |= R_ISR_TCBGT_MASK;
    enter(s, USART_TX_GUARD, s->tx_end, usart_bit(s), guard * BIT_PARTS);
}

void usart_tx_nacked(Stm32wbUsart *s)
{
    s->tx_nacked = s->tx_phase == USART_TX_NACK;
}

void usart_tx_timer(void *opaque)
{
    Stm32wbUsart *s = opaque;

    switch (s->tx_phase) {
    case USART_TX_FRAME:
        hear_oneself(s);
        if (FIELD_EX32(s->cr3, CR3, SCEN)) {
            end_of_smartcard_frame(s);
            usart_update(s);
            return;
        }
        complete(s);
        break;
    case USART_TX_NACK:
        end_of_smartcard_frame(s);
        usart_update(s);
        return;
    case USART_TX_BREAK:
        if (!s->break_asked) {
            s->flags &= ~R_ISR_SBKF_MASK;
        }
        /* fall through */
    case USART_TX_GUARD:
        complete(s);
        break;
    case USART_TX_DE_TRAIL:
        s->de = false;
        break;
    default:
        break;
    }
    next(s, s->tx_end);
    usart_update(s);
}
