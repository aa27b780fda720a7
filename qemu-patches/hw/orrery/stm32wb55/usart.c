/*
 * STM32WB55 USART1 and LPUART1: registers, interrupts and requests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 35 (USART), 36 (LPUART). Frames take their time: transmission is in usart_tx.c, reception
 * in usart_rx.c.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: the interrupt
 *  + property "chardev": the line. A port of a link (-chardev orrery-port) carries whole frames,
 *    with format, baud and errors; any other backend carries bytes, one a frame time
 *  + GPIO output "wakeup": wakes the core from Stop (CR1.UESM)
 *  + GPIO outputs "rx", "tx": DMA requests
 *  + GPIO output "RTS": the pin (RTS, or DE in RS-485 mode); GPIO input "CTS-in": the pin
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "chardev/char-serial.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "usart.h"

#define BIT_MAX ((uint64_t)1 << 62) /* no frame lasts more than some seconds */

/* Writable bits: the LPUART has no smartcard, LIN, IrDA, synchronous mode, timeout, OVER8 */
static const struct {
    uint32_t cr1, cr2, cr3, brr;
} writable[] = {
    { 0xFFFFFFFF, 0xFFFFFF79, 0xFFFEFFFF, 0x0000FFFF },
    { 0xF3FF7FFF, 0xFF0FB010, 0xFEF0F7C9, 0x000FFFFF },
};

/* ---- the frame that the registers ask for ---- */

/* 35.8.12: an input divider before BRR */
static unsigned prescaler(Stm32wbUsart *s)
{
    static const uint16_t by[16] = { 1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128,
                                     256, 256, 256, 256, 256 };

    return by[FIELD_EX32(s->presc, PRESC, PRESCALER)];
}

/* USARTDIV (35.5.7), and how many input clocks @per bit it counts in */
static uint32_t divider(Stm32wbUsart *s, unsigned *per)
{
    *per = 1;
    if (s->lpuart) {
        *per = 256;
        return s->brr < 0x300 ? 0 : s->brr;
    }
    if (FIELD_EX32(s->cr1, CR1, OVER8)) {
        uint32_t div = (s->brr & 0xFFF0) | (s->brr & 7) << 1;

        *per = 2;
        return div < 16 ? 0 : div;
    }
    return s->brr < 16 ? 0 : s->brr;
}

/*
 * 35.6: in Stop, a USART that runs on HSI16 or LSE and may wake the core (UESM) asks for its clock
 * when a start bit comes.
 */
uint64_t usart_input_period(Stm32wbUsart *s)
{
    uint64_t period = clock_get(s->parent_obj.kernel);
    bool on_request = s->last_period == CLOCK_PERIOD_FROM_HZ(16000000) ||
                      s->last_period == CLOCK_PERIOD_FROM_HZ(32768);

    if (!period && FIELD_EX32(s->cr1, CR1, UESM) && on_request) {
        period = s->last_period;
    }
    return period * prescaler(s);
}

uint64_t usart_bit(Stm32wbUsart *s)
{
    unsigned per;
    uint32_t div = divider(s, &per);
    uint64_t low, high;

    mulu64(&low, &high, usart_input_period(s), div);
    if (high >= per) {
        return BIT_MAX;
    }
    divu128(&low, &high, per);
    return MIN(low, BIT_MAX);
}

uint32_t usart_baud(Stm32wbUsart *s)
{
    uint64_t bit = usart_bit(s);
    uint64_t second = (uint64_t)NANOSECONDS_PER_SECOND << 32;

    return bit ? MAX((second + bit / 2) / bit, 1) : 0;
}

unsigned usart_word_bits(Stm32wbUsart *s)
{
    if (FIELD_EX32(s->cr1, CR1, M1)) {
        return FIELD_EX32(s->cr1, CR1, M0) ? 8 : 7;
    }
    return FIELD_EX32(s->cr1, CR1, M0) ? 9 : 8;
}

unsigned usart_data_bits(Stm32wbUsart *s)
{
    return usart_word_bits(s) - FIELD_EX32(s->cr1, CR1, PCE);
}

char usart_parity(Stm32wbUsart *s)
{
    if (!FIELD_EX32(s->cr1, CR1, PCE)) {
        return 'N';
    }
    return FIELD_EX32(s->cr1, CR1, PS) ? 'O' : 'E';
}

/* 35.8.3 DATAINV inverts the parity bit, too: of the ones on the line, seen with an even number of data bits. */
char usart_wire_parity(Stm32wbUsart *s)
{
    char parity = usart_parity(s);

    if (parity == 'N' || !FIELD_EX32(s->cr2, CR2, DATAINV) ||
        usart_data_bits(s) % 2) {
        return parity;
    }
    return parity == 'E' ? 'O' : 'E';
}

static unsigned stop_halves(Stm32wbUsart *s)
{
    static const uint8_t halves[] = { 2, 1, 4, 3 };

    return halves[FIELD_EX32(s->cr2, CR2, STOP)];
}

unsigned usart_frame_halves(Stm32wbUsart *s)
{
    return 2 + 2 * usart_word_bits(s) + stop_halves(s);
}

void usart_format(Stm32wbUsart *s, struct orrery_uart_frame *frame)
{
    *frame = (struct orrery_uart_frame){
        .baud = usart_baud(s),
        .data_bits = usart_data_bits(s),
        .parity = usart_wire_parity(s),
        .stop_halves = stop_halves(s),
    };
}

uint16_t usart_wire_order(Stm32wbUsart *s, uint16_t data)
{
    unsigned bits = usart_data_bits(s);
    uint16_t mask = (1u << bits) - 1;

    if (FIELD_EX32(s->cr2, CR2, DATAINV)) {
        data ^= mask;
    }
    if (FIELD_EX32(s->cr2, CR2, MSBFIRST)) {
        uint16_t reversed = 0;

        for (unsigned i = 0; i < bits; i++) {
            reversed |= (data >> i & 1) << (bits - 1 - i);
        }
        data = reversed;
    }
    return data & mask;
}

/* Another serial line wants to know baud and format too. */
static void tell_backend(Stm32wbUsart *s)
{
    QEMUSerialSetParams params = {
        .speed = usart_baud(s),
        .data_bits = usart_data_bits(s),
        .parity = usart_parity(s),
        .stop_bits = stop_halves(s) > 2 ? 2 : 1,
    };

    if (!s->port && params.speed) {
        qemu_chr_fe_ioctl(&s->chr, CHR_IOCTL_SERIAL_SET_PARAMS, &params);
    }
}

/* ---- what the registers say to the rest of the chip ---- */

/* 35.8.4 RXFTCFG, TXFTCFG: entries filled, or free */
static unsigned threshold(unsigned code)
{
    static const uint8_t entries[8] = { 1, 2, 4, 6, 7, 8, 8, 8 };

    return entries[code];
}

static uint32_t fifo_flags(Stm32wbUsart *s)
{
    uint32_t isr = 0;

    isr = FIELD_DP32(isr, ISR, RXFF, s->rx_count == USART_RX_ROOM);
    isr = FIELD_DP32(isr, ISR, RXFT, s->rx_count >=
                     threshold(FIELD_EX32(s->cr3, CR3, RXFTCFG)));
    isr = FIELD_DP32(isr, ISR, TXFT, USART_FIFO - s->tx_count >=
                     threshold(FIELD_EX32(s->cr3, CR3, TXFTCFG)));
    return isr;
}

static uint32_t isr(Stm32wbUsart *s)
{
    uint32_t isr = s->flags;
    bool clocked = usart_input_period(s) != 0;

    if (!FIELD_EX32(s->cr1, CR1, UE)) {
        return R_ISR_TC_MASK | R_ISR_TXE_MASK;
    }
    if (FIELD_EX32(s->cr1, CR1, FIFOEN)) {
        isr |= fifo_flags(s);
    } else {
        isr &= ~R_ISR_TXFE_MASK;
    }
    isr = FIELD_DP32(isr, ISR, RXNE, s->rx_count > 0);
    isr = FIELD_DP32(isr, ISR, TXE, s->tx_count < usart_tx_room(s));
    isr = FIELD_DP32(isr, ISR, CTS,
                     FIELD_EX32(s->cr3, CR3, CTSE) && !s->cts);
    isr = FIELD_DP32(isr, ISR, TEACK,
                     clocked && FIELD_EX32(s->cr1, CR1, TE));
    isr = FIELD_DP32(isr, ISR, REACK,
                     clocked && FIELD_EX32(s->cr1, CR1, RE));
    return isr;
}

/* 35.7: each flag with its enable */
static bool interrupt(Stm32wbUsart *s, uint32_t isr)
{
    uint32_t on = 0;
    bool eie = FIELD_EX32(s->cr3, CR3, EIE);
    bool rxneie = FIELD_EX32(s->cr1, CR1, RXNEIE);

    on = FIELD_DP32(on, ISR, PE, FIELD_EX32(s->cr1, CR1, PEIE));
    on = FIELD_DP32(on, ISR, FE, eie);
    on = FIELD_DP32(on, ISR, NE, eie);
    on = FIELD_DP32(on, ISR, UDR, eie);
    on = FIELD_DP32(on, ISR, ORE, eie || rxneie);
    on = FIELD_DP32(on, ISR, IDLE, FIELD_EX32(s->cr1, CR1, IDLEIE));
    on = FIELD_DP32(on, ISR, RXNE, rxneie);
    on = FIELD_DP32(on, ISR, TC, FIELD_EX32(s->cr1, CR1, TCIE));
    on = FIELD_DP32(on, ISR, TXE, FIELD_EX32(s->cr1, CR1, TXEIE));
    on = FIELD_DP32(on, ISR, LBDF, FIELD_EX32(s->cr2, CR2, LBDIE));
    on = FIELD_DP32(on, ISR, CTSIF, FIELD_EX32(s->cr3, CR3, CTSIE));
    on = FIELD_DP32(on, ISR, RTOF, FIELD_EX32(s->cr1, CR1, RTOIE));
    on = FIELD_DP32(on, ISR, EOBF, FIELD_EX32(s->cr1, CR1, EOBIE));
    on = FIELD_DP32(on, ISR, CMF, FIELD_EX32(s->cr1, CR1, CMIE));
    on = FIELD_DP32(on, ISR, WUF, FIELD_EX32(s->cr3, CR3, WUFIE));
    on = FIELD_DP32(on, ISR, TXFE, FIELD_EX32(s->cr1, CR1, TXFEIE));
    on = FIELD_DP32(on, ISR, RXFF, FIELD_EX32(s->cr1, CR1, RXFFIE));
    on = FIELD_DP32(on, ISR, TCBGT, FIELD_EX32(s->cr3, CR3, TCBGTIE));
    on = FIELD_DP32(on, ISR, RXFT, FIELD_EX32(s->cr3, CR3, RXFTIE));
    on = FIELD_DP32(on, ISR, TXFT, FIELD_EX32(s->cr3, CR3, TXFTIE));
    return isr & on;
}

enum { LINE_IRQ, LINE_WAKEUP, LINE_RX, LINE_TX, LINE_RTS };

/* Only changes travel: DMA and pins are not free. */
/* 35.5.20 (flow control), 35.5.21 (RS-485) */
static bool rts_level(Stm32wbUsart *s)
{
    if (FIELD_EX32(s->cr3, CR3, DEM)) {
        return s->de != FIELD_EX32(s->cr3, CR3, DEP);
    }
    return FIELD_EX32(s->cr3, CR3, RTSE) &&
           (!usart_rx_on(s) || s->rx_count >= usart_rx_room(s));
}

void usart_update(Stm32wbUsart *s)
{
    uint32_t now = isr(s);
    bool on = FIELD_EX32(s->cr1, CR1, UE);
    bool irq = on && interrupt(s, now);
    /* 35.8.4 DDRE: no request while an error flag is set */
    bool held = FIELD_EX32(s->cr3, CR3, DDRE) &&
                (now & (USART_ERRORS | R_ISR_ORE_MASK));

    stm32wb_drive(&s->lines, LINE_IRQ, s->irq, irq);
    stm32wb_drive(&s->lines, LINE_WAKEUP, s->wakeup,
                  irq && FIELD_EX32(s->cr1, CR1, UESM));
    stm32wb_drive(&s->lines, LINE_RX, s->dma_rx,
                  on && FIELD_EX32(s->cr3, CR3, DMAR) &&
                  s->rx_count && !held);
    stm32wb_drive(&s->lines, LINE_TX, s->dma_tx,
                  on && FIELD_EX32(s->cr3, CR3, DMAT) &&
                  FIELD_EX32(s->cr1, CR1, TE) && FIELD_EX32(now, ISR, TXE));
    stm32wb_drive(&s->lines, LINE_RTS, s->rts, rts_level(s));
}

/* ---- registers ---- */

static uint32_t usart_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbUsart *s = STM32WB_USART(b);

    switch (offset) {
    case A_CR1:
        return s->cr1;
    case A_CR2:
        return s->cr2;
    case A_CR3:
        return s->cr3;
    case A_BRR:
        return s->brr;
    case A_PRESC:
        return s->presc;
    case A_RQR:
    case A_ICR:
        return 0;
    case A_ISR:
        return isr(s);
    case A_RDR:
        usart_rx_read(s);
        return s->rdr;
    case A_TDR:
        return s->tdr;
    case A_GTPR:
        return s->lpuart ? stm32wb_block_unmodelled_read(b, offset) : s->gtpr;
    case A_RTOR:
        return s->lpuart ? stm32wb_block_unmodelled_read(b, offset) : s->rtor;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void switch_off(Stm32wbUsart *s)
{
    usart_tx_abort(s);
    usart_rx_flush(s);
    timer_del(s->rx_timer);
    s->rx_idle_due = s->rx_rto_due = false;
    s->flags = R_ISR_TC_MASK | R_ISR_TXFE_MASK;
    s->measuring = false;
}

static void write_cr1(Stm32wbUsart *s, uint32_t value)
{
    uint32_t old = s->cr1;
    uint32_t rose = value & ~old;

    s->cr1 = value;
    if (!FIELD_EX32(value, CR1, UE)) {
        switch_off(s);
        return;
    }
    if (FIELD_EX32(rose, CR1, UE)) {
        if (FIELD_EX32(s->cr3, CR3, SCEN)) {
            s->flags |= R_ISR_TCBGT_MASK;
        }
        s->measuring = FIELD_EX32(s->cr2, CR2, ABREN);
        tell_backend(s);
    }
    if ((FIELD_EX32(rose, CR1, UE) || FIELD_EX32(rose, CR1, TE)) &&
        FIELD_EX32(value, CR1, TE)) {
        s->preamble = true;
    }
    if (!FIELD_EX32(value, CR1, RE)) {
        timer_del(s->rx_timer);
        s->rx_idle_due = s->rx_rto_due = false;
        s->block_count = 0;
    }
    if (!FIELD_EX32(value, CR1, UESM)) {
        s->flags &= ~R_ISR_WUF_MASK;
    }
    if (!FIELD_EX32(value, CR1, MME)) {
        s->flags &= ~R_ISR_RWU_MASK;
    }
    /* FIFOEN may only change with UE clear; nothing may overflow if it does */
    s->rx_count = MIN(s->rx_count, usart_rx_room(s));
    s->tx_count = MIN(s->tx_count, usart_tx_room(s));
    usart_tx_kick(s);
    usart_rx_accept(s);
}

static void write_cr2(Stm32wbUsart *s, uint32_t value)
{
    uint32_t rose = value & ~s->cr2;

    s->cr2 = value;
    if (FIELD_EX32(rose, CR2, ABREN)) {
        s->measuring = true;
    } else if (!FIELD_EX32(value, CR2, ABREN)) {
        s->measuring = false;
        s->flags &= ~(R_ISR_ABRE_MASK | R_ISR_ABRF_MASK);
    }
    usart_rx_line_quiet(s);
}

static void write_rqr(Stm32wbUsart *s, uint32_t value)
{
    if (!FIELD_EX32(s->cr1, CR1, UE)) {
        return;
    }
    if (FIELD_EX32(value, RQR, ABRRQ) && FIELD_EX32(s->cr2, CR2, ABREN)) {
        s->flags &= ~(R_ISR_ABRE_MASK | R_ISR_ABRF_MASK);
        s->measuring = true;
    }
    if (FIELD_EX32(value, RQR, SBKRQ)) {
        s->flags |= R_ISR_SBKF_MASK;
        s->break_asked = true;
    }
    if (FIELD_EX32(value, RQR, MMRQ) && FIELD_EX32(s->cr1, CR1, MME)) {
        s->flags |= R_ISR_RWU_MASK;
    }
    if (FIELD_EX32(value, RQR, RXFRQ)) {
        usart_rx_flush(s);
        usart_rx_accept(s);
    }
    /* 35.8.8: without FIFO, only a smartcard's transmission is discarded */
    if (FIELD_EX32(value, RQR, TXFRQ) &&
        (FIELD_EX32(s->cr1, CR1, FIFOEN) || FIELD_EX32(s->cr3, CR3, SCEN))) {
        s->tx_count = 0;
        s->flags |= R_ISR_TXFE_MASK;
    }
    usart_tx_kick(s);
}

/* 35.8.10: flags are cleared at their own position, but for three */
static void write_icr(Stm32wbUsart *s, uint32_t value)
{
    uint32_t clear = value & (USART_ERRORS | R_ISR_ORE_MASK | R_ISR_IDLE_MASK |
                              R_ISR_TC_MASK | R_ISR_LBDF_MASK |
                              R_ISR_CTSIF_MASK | R_ISR_RTOF_MASK |
                              R_ISR_EOBF_MASK | R_ISR_UDR_MASK |
                              R_ISR_CMF_MASK | R_ISR_WUF_MASK);

    if (value & (1u << 5)) {
        clear |= R_ISR_TXFE_MASK;
    }
    if (value & (1u << 7)) {
        clear |= R_ISR_TCBGT_MASK;
    }
    if (clear & R_ISR_EOBF_MASK) {
        s->block_count = 0;
    }
    s->flags &= ~clear;
}

static void write_tdr(Stm32wbUsart *s, uint32_t value)
{
    s->tdr = value & 0x1FF;
    if (!FIELD_EX32(s->cr1, CR1, UE)) {
        return;
    }
    if (s->tx_count < usart_tx_room(s)) {
        s->tx[s->tx_count++] = s->tdr;
    } else if (!FIELD_EX32(s->cr1, CR1, FIFOEN)) {
        s->tx[0] = s->tdr; /* TXE was clear: the character before is lost */
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: TDR written with a full FIFO\n",
                      s->parent_obj.name);
    }
    s->flags &= ~(R_ISR_TC_MASK | R_ISR_TXFE_MASK);
    usart_tx_kick(s);
}

static void usart_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                        uint32_t mask)
{
    Stm32wbUsart *s = STM32WB_USART(b);

    switch (offset) {
    case A_CR1:
        write_cr1(s, value & writable[s->lpuart].cr1);
        break;
    case A_CR2:
        write_cr2(s, value & writable[s->lpuart].cr2);
        break;
    case A_CR3:
        s->cr3 = value & writable[s->lpuart].cr3;
        usart_tx_kick(s);
        break;
    case A_BRR:
        s->brr = value & writable[s->lpuart].brr;
        tell_backend(s);
        usart_tx_kick(s);
        break;
    case A_PRESC:
        s->presc = value & R_PRESC_PRESCALER_MASK;
        usart_tx_kick(s);
        break;
    case A_RQR:
        write_rqr(s, value);
        break;
    case A_ICR:
        write_icr(s, value);
        break;
    case A_TDR:
        write_tdr(s, value);
        break;
    case A_ISR:
    case A_RDR:
        break;
    case A_GTPR:
    case A_RTOR:
        if (!s->lpuart) {
            *(offset == A_GTPR ? &s->gtpr : &s->rtor) =
                offset == A_GTPR ? value & 0xFFFF : value;
            usart_rx_line_quiet(s);
            break;
        }
        /* fall through */
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    usart_update(s);
}

/*
 * The frame on the wire ends when it was going to; what waits starts once there is a clock. (In
 * Stop the core's clocks go before the frame has ended only if software did not wait for TC.)
 */
static void usart_clock_changed(Stm32wbBlock *b)
{
    Stm32wbUsart *s = STM32WB_USART(b);

    if (clock_is_enabled(b->kernel)) {
        s->last_period = clock_get(b->kernel);
    }
    usart_tx_kick(s);
    usart_rx_line_quiet(s);
    usart_rx_accept(s);
    usart_update(s);
}

static void cts_changed(void *opaque, int n, int level)
{
    Stm32wbUsart *s = opaque;

    if (s->cts == (level == 1)) {
        return;
    }
    s->cts = level == 1; /* not driven: the pull-down lets us send */
    if (FIELD_EX32(s->cr1, CR1, UE) && FIELD_EX32(s->cr3, CR3, CTSE)) {
        s->flags |= R_ISR_CTSIF_MASK;
        usart_tx_kick(s);
        usart_update(s);
    }
}

/* ---- the device ---- */

static void usart_reset_hold(Object *obj, ResetType type)
{
    Stm32wbUsart *s = STM32WB_USART(obj);

    s->cr1 = s->cr2 = s->cr3 = s->brr = 0;
    s->gtpr = s->rtor = s->presc = s->tdr = s->rdr = 0;
    s->rx_repeats = 0;
    s->block_count = 0;
    s->rx_end = s->rx_free = 0;
    timer_del(s->accept_timer);
    switch_off(s);
}

static void usart_reset_exit(Object *obj, ResetType type)
{
    usart_update(STM32WB_USART(obj));
}

static int usart_post_load(void *opaque, int version_id)
{
    Stm32wbUsart *s = opaque;

    return s->rx_count <= USART_RX_ROOM && s->tx_count <= USART_FIFO ? 0 : -1;
}

static void usart_init(Object *obj)
{
    Stm32wbUsart *s = STM32WB_USART(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(dev, &s->wakeup, "wakeup", 1);
    qdev_init_gpio_out_named(dev, &s->dma_rx, "rx", 1);
    qdev_init_gpio_out_named(dev, &s->dma_tx, "tx", 1);
    qdev_init_gpio_out_named(dev, &s->rts, "RTS", 1);
    qdev_init_gpio_in_named(dev, cts_changed, "CTS-in", 1);
    s->tx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, usart_tx_timer, s);
    s->rx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, usart_rx_timer, s);
    s->accept_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, usart_rx_accept, s);
}

static void usart_finalize(Object *obj)
{
    Stm32wbUsart *s = STM32WB_USART(obj);

    timer_free(s->tx_timer);
    timer_free(s->rx_timer);
    timer_free(s->accept_timer);
}

static void usart_realize(DeviceState *dev, Error **errp)
{
    Stm32wbUsart *s = STM32WB_USART(dev);

    STM32WB_USART_GET_CLASS(dev)->parent_realize(dev, errp);
    if (*errp) {
        return;
    }
    s->lpuart = g_str_has_prefix(s->parent_obj.name, "LPUART");
    s->port = orrery_port_of(qemu_chr_fe_get_driver(&s->chr));
    if (s->port) {
        orrery_port_on_frame(s->port, usart_rx_frame, s);
    } else {
        qemu_chr_fe_set_handlers(&s->chr, usart_chr_can_receive,
                                 usart_chr_receive, usart_chr_event, NULL, s,
                                 NULL, true);
    }
}

static const Property usart_properties[] = {
    DEFINE_PROP_CHR("chardev", Stm32wbUsart, chr),
};

static const VMStateDescription usart_vmstate = {
    .name = TYPE_STM32WB_USART,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = usart_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbUsart),
        VMSTATE_TIMER_PTR(tx_timer, Stm32wbUsart),
        VMSTATE_TIMER_PTR(rx_timer, Stm32wbUsart),
        VMSTATE_TIMER_PTR(accept_timer, Stm32wbUsart),
        VMSTATE_UINT64(last_period, Stm32wbUsart),
        VMSTATE_UINT32(cr1, Stm32wbUsart),
        VMSTATE_UINT32(cr2, Stm32wbUsart),
        VMSTATE_UINT32(cr3, Stm32wbUsart),
        VMSTATE_UINT32(brr, Stm32wbUsart),
        VMSTATE_UINT32(gtpr, Stm32wbUsart),
        VMSTATE_UINT32(rtor, Stm32wbUsart),
        VMSTATE_UINT32(presc, Stm32wbUsart),
        VMSTATE_UINT32(flags, Stm32wbUsart),
        VMSTATE_UINT32(tdr, Stm32wbUsart),
        VMSTATE_UINT8(lines, Stm32wbUsart),
        VMSTATE_UINT16_ARRAY(tx, Stm32wbUsart, USART_FIFO),
        VMSTATE_UINT8(tx_count, Stm32wbUsart),
        VMSTATE_UINT8(tx_phase, Stm32wbUsart),
        VMSTATE_INT64(tx_end.ns, Stm32wbUsart),
        VMSTATE_UINT32(tx_end.frac, Stm32wbUsart),
        VMSTATE_UINT16(tx_shift, Stm32wbUsart),
        VMSTATE_UINT8(tx_repeats, Stm32wbUsart),
        VMSTATE_BOOL(tx_nacked, Stm32wbUsart),
        VMSTATE_BOOL(preamble, Stm32wbUsart),
        VMSTATE_BOOL(break_asked, Stm32wbUsart),
        VMSTATE_BOOL(de, Stm32wbUsart),
        VMSTATE_BOOL(cts, Stm32wbUsart),
        VMSTATE_UINT16_ARRAY(rx, Stm32wbUsart, USART_RX_ROOM),
        VMSTATE_UINT8(rx_count, Stm32wbUsart),
        VMSTATE_UINT16(rdr, Stm32wbUsart),
        VMSTATE_UINT8(rx_repeats, Stm32wbUsart),
        VMSTATE_UINT16(block_count, Stm32wbUsart),
        VMSTATE_BOOL(rx_idle_due, Stm32wbUsart),
        VMSTATE_BOOL(rx_rto_due, Stm32wbUsart),
        VMSTATE_BOOL(measuring, Stm32wbUsart),
        VMSTATE_INT64(rx_end, Stm32wbUsart),
        VMSTATE_INT64(rx_free, Stm32wbUsart),
        VMSTATE_END_OF_LIST()
    },
};

static void usart_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    device_class_set_parent_realize(dc, usart_realize,
                                    &STM32WB_USART_CLASS(klass)->parent_realize);
    device_class_set_props(dc, usart_properties);
    dc->vmsd = &usart_vmstate;
    rc->phases.hold = usart_reset_hold;
    rc->phases.exit = usart_reset_exit;
    bc->apb = true;
    bc->read = usart_read;
    bc->write = usart_write;
    bc->clock_changed = usart_clock_changed;
}

static const TypeInfo usart_types[] = {
    {
        .name = TYPE_STM32WB_USART,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbUsart),
        .class_size = sizeof(Stm32wbUsartClass),
        .instance_init = usart_init,
        .instance_finalize = usart_finalize,
        .class_init = usart_class_init,
    },
};

DEFINE_TYPES(usart_types)
