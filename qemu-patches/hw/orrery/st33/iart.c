/*
 * ST33: IART, a serial line as UART or by ISO 7816-3
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, IART; ISO/IEC 7816-3 chapter 7 (character frame) and 10.2 (T=0). The registers are ours.
 *
 * A frame goes to the line when it starts and arrives when it ends. A link brings the error signal of a
 * refused character one latency after the frame, so a transmitter that listens for it pauses that long.
 * A frame's start is not announced: the waiting time's end is known when a frame that began in time
 * would have ended.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0
 *  + property "chardev": the line. A port of a link (-chardev orrery-port) carries whole frames,
 *    with format, baud and errors; any other backend carries bytes, one a frame time
 *  + clock input "kernel": PCLK; "clk-pin": the CLK contact
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "chardev/char-fe.h"
#include "hw/irq.h"
#include "hw/orrery/port.h"
#include "hw/orrery/stm32wb55/block.h"
#include "hw/orrery/stm32wb55/timing.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"

REG32(CTRL, 0x00)
    FIELD(CTRL, EN, 0, 1)
    FIELD(CTRL, ISO, 1, 1)
    FIELD(CTRL, PARITY, 2, 2)
    FIELD(CTRL, STOP2, 4, 1)
    FIELD(CTRL, NACK, 5, 1)
    FIELD(CTRL, REPEAT, 6, 3)
    FIELD(CTRL, INVERSE, 9, 1)
    FIELD(CTRL, CLKPIN, 10, 1)
REG32(STAT, 0x04)
    FIELD(STAT, RXNE, 0, 1)
    FIELD(STAT, TXE, 1, 1)
    FIELD(STAT, TC, 2, 1)
    FIELD(STAT, PE, 3, 1)
    FIELD(STAT, FE, 4, 1)
    FIELD(STAT, OVR, 5, 1)
    FIELD(STAT, NAK, 6, 1)
    FIELD(STAT, WTO, 7, 1)
    FIELD(STAT, COLL, 8, 1)
    FIELD(STAT, BRK, 9, 1)
    FIELD(STAT, RXLEVEL, 16, 5)
    FIELD(STAT, TXLEVEL, 24, 5)
REG32(IRQEN, 0x08)
REG32(DATA, 0x0C)
REG32(ETU, 0x10)
REG32(GUARD, 0x14)
REG32(WAIT, 0x18)

#define CTRL_KEPT 0x7FF
#define STAT_STICKY 0x3F8
#define STAT_IRQS 0x3FF
#define ETU_RESET (372 * 16)
#define ETU_LEAST 16
#define FIFO 16
#define SECOND_Q32 ((uint64_t)NANOSECONDS_PER_SECOND << 32)

#define TYPE_ST33_IART "st33-iart"
OBJECT_DECLARE_SIMPLE_TYPE(St33Iart, ST33_IART)

typedef enum IartPhase {
    IART_IDLE,
    IART_FRAME,
    IART_NACK, /* until an error signal could have come */
    IART_GUARD,
    IART_PHASES,
} IartPhase;

struct St33Iart {
    Stm32wbBlock parent_obj;

    CharBackend chr;
    OrreryPort *port; /* chr, when it is a port of a link */
    Clock *clk_pin;
    qemu_irq irq;
    QEMUTimer *tx_timer, *wait_timer, *accept_timer;

    uint32_t ctrl, flags, irqen, etu, guard, wait;
    uint8_t tx[FIFO], rx[FIFO];
    uint8_t tx_count, rx_count;
    uint8_t phase; /* IartPhase */
    uint8_t shift; /* the character on the line */
    uint8_t repeats;
    bool nacked;
    bool waiting;
    WbTime tx_end;    /* of the phase */
    int64_t last_end; /* of the last character in either direction */
    int64_t rx_free;  /* a chardev's next byte: not before */
};

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static bool enabled(St33Iart *s)
{
    return FIELD_EX32(s->ctrl, CTRL, EN);
}

static bool iso(St33Iart *s)
{
    return FIELD_EX32(s->ctrl, CTRL, ISO);
}

/* ---- format ---- */

/* Length of a bit in 2^-32 ns. */
static uint64_t bit_period(St33Iart *s)
{
    Clock *clock = FIELD_EX32(s->ctrl, CTRL, CLKPIN) ? s->clk_pin
                                                     : s->parent_obj.kernel;

    return clock_get(clock) * MAX(s->etu, ETU_LEAST) / 16;
}

static uint32_t baud(St33Iart *s)
{
    uint64_t bit = bit_period(s);

    return bit ? MAX((SECOND_Q32 + bit / 2) / bit, 1) : 0;
}

/* In the inverse convention all levels are inverted, so that the ones on the line are odd. */
static char parity(St33Iart *s)
{
    static const char names[] = { 'N', 'E', 'O', 'N' };

    if (iso(s)) {
        return FIELD_EX32(s->ctrl, CTRL, INVERSE) ? 'O' : 'E';
    }
    return names[FIELD_EX32(s->ctrl, CTRL, PARITY)];
}

static unsigned stop_halves(St33Iart *s)
{
    return iso(s) ? 3 : FIELD_EX32(s->ctrl, CTRL, STOP2) ? 4 : 2;
}

static unsigned frame_halves(St33Iart *s)
{
    return 2 + 16 + (parity(s) == 'N' ? 0 : 2) + stop_halves(s);
}

static int64_t span_ns(St33Iart *s, uint32_t halves)
{
    return wb_ns(wb_after((WbTime){ 0 }, bit_period(s), halves * 8));
}

/* ISO 7816-3, 8.1: the inverse convention sends the most significant bit first, inverted. */
static uint8_t wire_order(St33Iart *s, uint8_t data)
{
    return iso(s) && FIELD_EX32(s->ctrl, CTRL, INVERSE) ? ~revbit8(data) : data;
}

static struct orrery_uart_frame format(St33Iart *s)
{
    return (struct orrery_uart_frame){
        .baud = baud(s),
        .data_bits = 8,
        .parity = parity(s),
        .stop_halves = stop_halves(s),
    };
}

/* ---- interrupt ---- */

static uint32_t status(St33Iart *s)
{
    uint32_t stat = s->flags;

    stat = FIELD_DP32(stat, STAT, RXNE, s->rx_count != 0);
    stat = FIELD_DP32(stat, STAT, TXE, s->tx_count < FIFO);
    stat = FIELD_DP32(stat, STAT, TC, !s->tx_count && s->phase == IART_IDLE);
    stat = FIELD_DP32(stat, STAT, RXLEVEL, s->rx_count);
    return FIELD_DP32(stat, STAT, TXLEVEL, s->tx_count);
}

static void update(St33Iart *s)
{
    qemu_set_irq(s->irq, (status(s) & s->irqen & STAT_IRQS) != 0);
}

/* ---- waiting time ---- */

static int64_t wait_end(St33Iart *s)
{
    return s->last_end + wb_ns(wb_after((WbTime){ 0 }, bit_period(s), s->wait * 16));
}

static void begin_wait(St33Iart *s, int64_t from)
{
    int64_t frame = span_ns(s, frame_halves(s));

    s->last_end = from;
    s->waiting = s->wait && enabled(s) && bit_period(s);
    if (s->waiting) {
        timer_mod(s->wait_timer, wait_end(s) + frame + frame / 32);
    } else {
        timer_del(s->wait_timer);
    }
}

static void waited(void *opaque)
{
    St33Iart *s = opaque;

    if (s->waiting) {
        s->waiting = false;
        s->flags |= R_STAT_WTO_MASK;
        update(s);
    }
}

/* ---- transmission ---- */

static void enter(St33Iart *s, IartPhase phase, WbTime from, uint32_t halves)
{
    s->phase = phase;
    s->tx_end = wb_after(from, bit_period(s), halves * 8);
    timer_mod(s->tx_timer, wb_ns(s->tx_end));
}

static void begin_frame(St33Iart *s, WbTime from)
{
    struct orrery_uart_frame frame = format(s);

    frame.data = wire_order(s, s->shift);
    s->nacked = false;
    enter(s, IART_FRAME, from, frame_halves(s));
    trace_st33_iart_send(s->shift, s->repeats);
    if (s->port) {
        orrery_port_check_mode(s->port, iso(s), NULL);
        orrery_port_send(s->port, &frame, wb_ns(s->tx_end));
    } else {
        qemu_chr_fe_write_all(&s->chr, &s->shift, 1);
    }
}

static void next(St33Iart *s, WbTime from)
{
    s->phase = IART_IDLE;
    if (!enabled(s) || !s->tx_count || !bit_period(s)) {
        return;
    }
    s->shift = s->tx[0];
    s->tx_count--;
    memmove(s->tx, s->tx + 1, s->tx_count);
    s->repeats = 0;
    begin_frame(s, from);
}

/* The error signal could have come: repeat (7.3), give up, or go on. */
static void judge_sent(St33Iart *s)
{
    if (s->nacked && s->repeats < FIELD_EX32(s->ctrl, CTRL, REPEAT)) {
        s->repeats++;
        begin_frame(s, s->tx_end);
        return;
    }
    if (s->nacked) {
        s->flags |= R_STAT_NAK_MASK;
        s->tx_count = 0;
    }
    enter(s, IART_GUARD, s->tx_end, 2 * s->guard);
}

static void phase_ended(void *opaque)
{
    St33Iart *s = opaque;

    switch (s->phase) {
    case IART_FRAME:
        begin_wait(s, wb_ns(s->tx_end));
        if (iso(s) && FIELD_EX32(s->ctrl, CTRL, NACK) && s->port) {
            uint64_t latency = orrery_port_latency(s->port);

            /* the other side acts at the next start of an instruction */
            s->phase = IART_NACK;
            s->tx_end.ns += latency + latency / 4;
            timer_mod(s->tx_timer, wb_ns(s->tx_end));
        } else {
            enter(s, IART_GUARD, s->tx_end, 2 * s->guard);
        }
        break;
    case IART_NACK:
        judge_sent(s);
        break;
    case IART_GUARD:
        next(s, s->tx_end);
        break;
    default:
        break;
    }
    update(s);
}

static void stop_sending(St33Iart *s)
{
    timer_del(s->tx_timer);
    s->phase = IART_IDLE;
    s->tx_count = 0;
    s->nacked = false;
}

static void write_data(St33Iart *s, uint8_t data)
{
    if (!enabled(s) || s->tx_count == FIFO) {
        return;
    }
    s->tx[s->tx_count++] = data;
    if (s->phase == IART_IDLE) {
        next(s, wb_now());
    }
}

/* ---- reception ---- */

static uint32_t sample(St33Iart *s, const struct orrery_uart_frame *f,
                       uint8_t *data)
{
    char own = parity(s);
    uint32_t errors = 0;

    *data = 0;
    for (unsigned i = 0; i < 8; i++) {
        *data |= orrery_uart_level(f, i + 1) << i;
    }
    if (own != 'N' && orrery_uart_level(f, 9) != (orrery_uart_odd(*data) ^ (own == 'O'))) {
        errors |= R_STAT_PE_MASK;
    }
    if (orrery_uart_baud_differs(f->baud, baud(s)) ||
        !orrery_uart_level(f, own == 'N' ? 9 : 10) ||
        (f->flags & ORRERY_UART_NOISE)) {
        errors |= R_STAT_FE_MASK;
        if (s->port) {
            orrery_port_count(s->port, ORRERY_LANE_FRAMING);
        }
    }
    *data = wire_order(s, *data);
    return errors;
}

static void refuse(St33Iart *s)
{
    struct orrery_uart_frame nack = format(s);

    nack.flags = ORRERY_UART_NACK;
    trace_st33_iart_refuse();
    if (s->port) {
        orrery_port_send(s->port, &nack,
                         now_ns() + orrery_port_latency(s->port));
    }
}

static void receive(St33Iart *s, const struct orrery_uart_frame *f)
{
    uint8_t data;
    uint32_t errors = sample(s, f, &data);

    if (iso(s) && (errors & R_STAT_PE_MASK) && FIELD_EX32(s->ctrl, CTRL, NACK)) {
        refuse(s);
        return;
    }
    s->flags |= errors;
    if (s->rx_count == FIFO) {
        s->flags |= R_STAT_OVR_MASK;
        if (s->port) {
            orrery_port_count(s->port, ORRERY_LANE_OVERRUN);
        }
        return;
    }
    s->rx[s->rx_count++] = data;
}

static void frame_came(void *opaque, const struct orrery_uart_frame *frame,
                       uint64_t end_ns)
{
    St33Iart *s = opaque;
    struct orrery_uart_frame f = *frame, own;

    if (f.flags & ORRERY_UART_NACK) {
        s->nacked = s->phase == IART_NACK;
        return;
    }
    if (!enabled(s) || !bit_period(s)) {
        return; /* nobody listens */
    }
    if (s->port) {
        orrery_port_check_mode(s->port, iso(s), &f);
    }
    own = format(s);
    orrery_uart_complete(&f, &own);
    if (s->waiting && (int64_t)end_ns - span_ns(s, frame_halves(s)) > wait_end(s)) {
        s->flags |= R_STAT_WTO_MASK;
    }
    if (iso(s) && s->phase == IART_FRAME) {
        s->flags |= R_STAT_COLL_MASK; /* neither can be read */
    } else if (f.flags & ORRERY_UART_BREAK) {
        s->flags |= R_STAT_BRK_MASK;
    } else {
        receive(s, &f);
    }
    begin_wait(s, end_ns);
    update(s);
}

/* ---- any other chardev: bytes, no faster than the line would bring them ---- */

static int can_receive(void *opaque)
{
    St33Iart *s = opaque;

    if (!enabled(s) || !bit_period(s) || s->rx_count == FIFO) {
        return 0;
    }
    if (now_ns() < s->rx_free) {
        timer_mod(s->accept_timer, s->rx_free);
        return 0;
    }
    return 1;
}

static void byte_came(void *opaque, const uint8_t *buf, int size)
{
    St33Iart *s = opaque;
    struct orrery_uart_frame frame = format(s);

    frame.data = wire_order(s, buf[0]);
    s->rx_free = now_ns() + span_ns(s, frame_halves(s));
    frame_came(s, &frame, now_ns());
}

static void accept_more(void *opaque)
{
    St33Iart *s = opaque;

    if (!s->port) {
        qemu_chr_fe_accept_input(&s->chr);
    }
}

/* ---- registers ---- */

static uint32_t take_data(St33Iart *s)
{
    uint32_t data = s->rx[0];

    if (!s->rx_count) {
        return 0;
    }
    s->rx_count--;
    memmove(s->rx, s->rx + 1, s->rx_count);
    update(s);
    accept_more(s);
    return data;
}

static uint32_t iart_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Iart *s = ST33_IART(b);

    switch (offset) {
    case A_CTRL:
        return s->ctrl;
    case A_STAT:
        return status(s);
    case A_IRQEN:
        return s->irqen;
    case A_DATA:
        return take_data(s);
    case A_ETU:
        return s->etu;
    case A_GUARD:
        return s->guard;
    case A_WAIT:
        return s->wait;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_ctrl(St33Iart *s, uint32_t value)
{
    s->ctrl = value & CTRL_KEPT;
    if (!enabled(s)) {
        stop_sending(s);
        s->rx_count = 0;
        s->waiting = false;
        timer_del(s->wait_timer);
    }
    accept_more(s);
}

static void iart_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    St33Iart *s = ST33_IART(b);

    switch (offset) {
    case A_CTRL:
        write_ctrl(s, stm32wb_merge(s->ctrl, value, mask));
        break;
    case A_STAT:
        s->flags &= ~(value & mask & STAT_STICKY);
        break;
    case A_IRQEN:
        s->irqen = stm32wb_merge(s->irqen, value, mask) & STAT_IRQS;
        break;
    case A_DATA:
        write_data(s, value);
        break;
    case A_ETU:
        s->etu = stm32wb_merge(s->etu, value, mask) & 0xFFFFFF;
        break;
    case A_GUARD:
        s->guard = stm32wb_merge(s->guard, value, mask) & 0xFF;
        break;
    case A_WAIT:
        s->wait = stm32wb_merge(s->wait, value, mask) & 0xFFFFFF;
        begin_wait(s, now_ns());
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    update(s);
}

/* ---- the device ---- */

static void iart_reset(Object *obj, ResetType type)
{
    St33Iart *s = ST33_IART(obj);

    stop_sending(s);
    timer_del(s->wait_timer);
    timer_del(s->accept_timer);
    s->ctrl = s->flags = s->irqen = s->guard = s->wait = 0;
    s->etu = ETU_RESET;
    s->rx_count = 0;
    s->waiting = false;
    s->rx_free = 0;
}

static void iart_reset_exit(Object *obj, ResetType type)
{
    update(ST33_IART(obj));
}

static void iart_init(Object *obj)
{
    St33Iart *s = ST33_IART(obj);

    s->tx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, phase_ended, s);
    s->wait_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, waited, s);
    s->accept_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, accept_more, s);
    s->clk_pin = qdev_init_clock_in(DEVICE(obj), "clk-pin", NULL, NULL, 0);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static void iart_finalize(Object *obj)
{
    St33Iart *s = ST33_IART(obj);

    timer_free(s->tx_timer);
    timer_free(s->wait_timer);
    timer_free(s->accept_timer);
}

static void iart_realize(DeviceState *dev, Error **errp)
{
    St33Iart *s = ST33_IART(dev);
    DeviceClass *parent =
        DEVICE_CLASS(object_class_by_name(TYPE_STM32WB_BLOCK));

    parent->realize(dev, errp);
    s->port = orrery_port_of(qemu_chr_fe_get_driver(&s->chr));
    if (s->port) {
        orrery_port_on_frame(s->port, frame_came, s);
    } else {
        qemu_chr_fe_set_handlers(&s->chr, can_receive, byte_came, NULL, NULL, s,
                                 NULL, true);
    }
}

static int iart_post_load(void *opaque, int version_id)
{
    St33Iart *s = opaque;

    return s->tx_count <= FIFO && s->rx_count <= FIFO && s->phase < IART_PHASES
               ? 0 : -EINVAL;
}

static const VMStateDescription iart_vmstate = {
    .name = TYPE_ST33_IART,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = iart_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Iart),
        VMSTATE_CLOCK(clk_pin, St33Iart),
        VMSTATE_TIMER_PTR(tx_timer, St33Iart),
        VMSTATE_TIMER_PTR(wait_timer, St33Iart),
        VMSTATE_TIMER_PTR(accept_timer, St33Iart),
        VMSTATE_UINT32(ctrl, St33Iart),
        VMSTATE_UINT32(flags, St33Iart),
        VMSTATE_UINT32(irqen, St33Iart),
        VMSTATE_UINT32(etu, St33Iart),
        VMSTATE_UINT32(guard, St33Iart),
        VMSTATE_UINT32(wait, St33Iart),
        VMSTATE_UINT8_ARRAY(tx, St33Iart, FIFO),
        VMSTATE_UINT8_ARRAY(rx, St33Iart, FIFO),
        VMSTATE_UINT8(tx_count, St33Iart),
        VMSTATE_UINT8(rx_count, St33Iart),
        VMSTATE_UINT8(phase, St33Iart),
        VMSTATE_UINT8(shift, St33Iart),
        VMSTATE_UINT8(repeats, St33Iart),
        VMSTATE_BOOL(nacked, St33Iart),
        VMSTATE_BOOL(waiting, St33Iart),
        VMSTATE_INT64(tx_end.ns, St33Iart),
        VMSTATE_UINT32(tx_end.frac, St33Iart),
        VMSTATE_INT64(last_end, St33Iart),
        VMSTATE_INT64(rx_free, St33Iart),
        VMSTATE_END_OF_LIST()
    },
};

static const Property iart_properties[] = {
    DEFINE_PROP_CHR("chardev", St33Iart, chr),
};

static void iart_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->realize = iart_realize;
    dc->vmsd = &iart_vmstate;
    device_class_set_props(dc, iart_properties);
    rc->phases.hold = iart_reset;
    rc->phases.exit = iart_reset_exit;
    bc->read = iart_read;
    bc->write = iart_write;
}

static const TypeInfo iart_types[] = {
    {
        .name = TYPE_ST33_IART,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Iart),
        .instance_init = iart_init,
        .instance_finalize = iart_finalize,
        .class_init = iart_class_init,
    },
};

DEFINE_TYPES(iart_types)
