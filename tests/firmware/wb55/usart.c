/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usart.c - USART1 and LPUART1: frame times, formats, errors from the line, FIFO, DMA, modes.
 *
 * Two boards run this. The one whose button PD0 is down helps: a byte on LPUART1 tells it what to
 * send on USART1 (enum deed).
 */
#include "test.h"

#define HZ 32000000u
#define BRR_115200 278u /* 115107.9 baud */
#define FRAME (10 * BRR_115200)
#define SLACK 60u /* instructions around a measurement */

enum {
    CR1_UE = 1,
    CR1_UESM = 2,
    CR1_RE = 4,
    CR1_TE = 8,
    CR1_IDLEIE = 0x10,
    CR1_RXNEIE = 0x20,
    CR1_TCIE = 0x40,
    CR1_TXEIE = 0x80,
    CR1_PEIE = 0x100,
    CR1_PS = 0x200,
    CR1_PCE = 0x400,
    CR1_WAKE = 0x800,
    CR1_M0 = 0x1000,
    CR1_MME = 0x2000,
    CR1_CMIE = 0x4000,
    CR1_OVER8 = 0x8000,
    CR1_RTOIE = 1 << 26,
    CR1_M1 = 1 << 28,
    CR1_FIFOEN = 1 << 29,
    CR2_LBDL = 0x20,
    CR2_LINEN = 0x4000,
    CR2_MSBFIRST = 1 << 19,
    CR2_ABREN = 1 << 20,
    CR2_RTOEN = 1 << 23,
    CR3_EIE = 1,
    CR3_HDSEL = 8,
    CR3_NACK = 0x10,
    CR3_SCEN = 0x20,
    CR3_DMAR = 0x40,
    CR3_DMAT = 0x80,
    CR3_CTSE = 0x200,
    CR3_OVRDIS = 0x1000,
    CR3_DEM = 0x4000,
    ISR_PE = 1,
    ISR_FE = 2,
    ISR_NE = 4,
    ISR_ORE = 8,
    ISR_IDLE = 0x10,
    ISR_RXNE = 0x20,
    ISR_TC = 0x40,
    ISR_TXE = 0x80,
    ISR_LBDF = 0x100,
    ISR_CTSIF = 0x200,
    ISR_CTS = 0x400,
    ISR_RTOF = 0x800,
    ISR_ABRE = 0x4000,
    ISR_ABRF = 0x8000,
    ISR_CMF = 1 << 17,
    ISR_SBKF = 1 << 18,
    ISR_RWU = 1 << 19,
    ISR_TEACK = 1 << 21,
    ISR_REACK = 1 << 22,
    ISR_TXFE = 1 << 23,
    ISR_RXFF = 1 << 24,
    ISR_RXFT = 1 << 26,
    ISR_TXFT = 1 << 27,
};
#define ON (CR1_UE | CR1_TE | CR1_RE)

enum deed {
    DEED_U = 1, /* 'U' as it stands */
    DEED_ODD,   /* 'A' with odd parity */
    DEED_SLOW,  /* 'U' at 9600 baud */
    DEED_BREAK,
    DEED_LIN_BREAK,
    DEED_THREE, /* "abc" without a pause */
    DEED_ECHO,  /* the next character, twice */
    DEED_SYNC,  /* 0x7F at 57600 baud, then 'x' */
    DEED_ADDRESSED,
    DEED_TWENTY, /* 0 to 19 without a pause */
    DEED_MANY,   /* 64 bytes, by DMA */
    DEED_REVERSED,
    DEED_REFUSE, /* receives as a smartcard, with the wrong parity */
    DEED_OK,     /* done with that */
    DEED_LATER,  /* 'w' after 2 ms */
    DEED_END,
};

static volatile uint32_t interrupts, flags_seen;
static volatile uint8_t received;

static uint8_t buffer[64];

/* --- both sides ----------------------------------------------------------------------------- */

static void set_up(uint32_t brr, uint32_t cr1, uint32_t cr2, uint32_t cr3)
{
    USART1_CR1 = 0;
    USART1_CR2 = cr2;
    USART1_CR3 = cr3;
    USART1_BRR = brr;
    USART1_PRESC = 0;
    USART1_CR1 = cr1 | CR1_UE;
}

static void pins(void)
{
    /* PB6 TX, PB7 RX: AF7; PA11 CTS, PA12 RTS: AF7; PC6 drives CTS */
    GPIOB_AFRL = 0x77u << 24;
    GPIOB_MODER = (GPIOB_MODER & ~(0xfu << 12)) | 0xau << 12;
    GPIOA_AFRH = 0x77u << 12;
    GPIOA_MODER = (GPIOA_MODER & ~(0xfu << 22)) | 0xau << 22;
    GPIOC_ODR = 0;
    GPIOC_MODER = (GPIOC_MODER & ~(3u << 12)) | 1u << 12;
}

static bool wait_flag(uint32_t flag)
{
    return wait_until(&USART1_ISR, flag, flag, 200000);
}

static void send(uint32_t data)
{
    wait_flag(ISR_TXE);
    USART1_TDR = data;
}

static void finish_sending(void)
{
    wait_flag(ISR_TC);
}

static void control_on(void)
{
    LPUART1_CR1 = 0;
    LPUART1_BRR = HZ / 100 * 256 / 1152; /* 115200 */
    LPUART1_CR1 = ON;
}

static uint32_t control_get(void)
{
    while (!(LPUART1_ISR & ISR_RXNE)) {
    }
    return LPUART1_RDR;
}

/* --- the helper ----------------------------------------------------------------------------- */

static void dma_send(void)
{
    for (unsigned i = 0; i < sizeof(buffer); i++) {
        buffer[i] = (uint8_t)(3 * i);
    }
    DMAMUX1_C0CR = 15; /* USART1_TX */
    DMA1_CPAR1 = (uint32_t)&USART1_TDR;
    DMA1_CMAR1 = (uint32_t)buffer;
    DMA1_CNDTR1 = sizeof(buffer);
    DMA1_CCR1 = 1 << 7 | 1 << 4 | 1;
    USART1_CR3 |= CR3_DMAT;
    wait_until(&DMA1_ISR, 2, 2, 1000000);
    DMA1_CCR1 = 0;
    DMA1_IFCR = 0xf;
}

static void do_deed(uint32_t deed)
{
    static const uint16_t addressed[] = {0x105, 0x11, 0x106, 0x22, 0x105, 0x33};

    set_up(BRR_115200, CR1_TE | CR1_RE, 0, 0);
    switch (deed) {
    case DEED_U:
        send('U');
        break;
    case DEED_ODD:
        set_up(BRR_115200, CR1_TE | CR1_PCE | CR1_PS | CR1_M0, 0, 0);
        send('A');
        break;
    case DEED_SLOW:
        set_up(HZ / 9600, CR1_TE, 0, 0);
        send('U');
        break;
    case DEED_LIN_BREAK:
        USART1_CR1 = 0;
        USART1_CR2 = CR2_LINEN;
        USART1_CR1 = CR1_UE | CR1_TE;
        /* fall through */
    case DEED_BREAK:
        USART1_RQR = 2;
        wait_until(&USART1_ISR, ISR_SBKF, 0, 100000);
        break;
    case DEED_THREE:
        for (unsigned i = 0; i < 3; i++) {
            send('a' + i);
        }
        break;
    case DEED_ECHO: {
        wait_flag(ISR_RXNE);
        uint32_t data = USART1_RDR;

        send(data);
        send(data);
        break;
    }
    case DEED_SYNC:
        set_up(HZ / 57600, CR1_TE, 0, 0);
        send(0x7f);
        send('x');
        break;
    case DEED_ADDRESSED:
        set_up(BRR_115200, CR1_TE | CR1_M0, 0, 0);
        for (unsigned i = 0; i < 6; i++) {
            send(addressed[i]);
        }
        break;
    case DEED_TWENTY:
        for (unsigned i = 0; i < 20; i++) {
            send(i);
        }
        break;
    case DEED_MANY:
        dma_send();
        break;
    case DEED_REVERSED:
        set_up(BRR_115200, CR1_TE, CR2_MSBFIRST, 0);
        send(0x12);
        break;
    case DEED_LATER:
        delay_us(2000);
        send('w');
        break;
    case DEED_REFUSE:
        set_up(BRR_115200, CR1_RE | CR1_PCE | CR1_PS | CR1_M0, 3 << 12, CR3_SCEN | CR3_NACK);
        control_get();
        break;
    }
    finish_sending();
}

static void help(void)
{
    for (uint32_t deed = control_get(); deed != DEED_END; deed = control_get()) {
        do_deed(deed);
    }
}

/* --- the checks ----------------------------------------------------------------------------- */

static void ask(uint32_t deed)
{
    while (!(LPUART1_ISR & ISR_TXE)) {
    }
    LPUART1_TDR = deed;
    while (!(LPUART1_ISR & ISR_TC)) {
    }
}

void irq_USART1(void)
{
    uint32_t isr = USART1_ISR;

    interrupts++;
    flags_seen |= isr;
    if (isr & ISR_RXNE) {
        received = (uint8_t)USART1_RDR;
    }
    USART1_ICR = isr & 0x121b5f;
    if (isr & ISR_TXE) {
        USART1_CR1 &= ~(uint32_t)CR1_TXEIE;
    }
}

/* Cycles from the write of one character to the end of its frame. */
static uint32_t frame_cycles(uint32_t data)
{
    uint32_t from;

    finish_sending();
    from = cycles();
    USART1_TDR = data;
    finish_sending();
    return cycles() - from;
}

static void frame_times(void)
{
    uint32_t from;

    set_up(BRR_115200, CR1_TE, 0, 0);
    from = cycles();
    USART1_TDR = 'i';
    finish_sending();
    CHECK_RANGE("an idle frame comes first", cycles() - from, 2 * FRAME - SLACK, 2 * FRAME + SLACK);
    CHECK_EQ("TEACK, REACK", USART1_ISR & (ISR_TEACK | ISR_REACK), ISR_TEACK);
    CHECK_RANGE("8N1", frame_cycles('a'), FRAME, FRAME + SLACK);
    from = cycles();
    for (unsigned i = 0; i < 100; i++) {
        send(i);
    }
    finish_sending();
    CHECK_RANGE("100 frames do not drift", cycles() - from, 100 * FRAME, 100 * FRAME + SLACK);
    USART1_CR1 = 0;
    USART1_CR2 = 2 << 12;
    USART1_CR1 = CR1_UE | CR1_TE | CR1_PCE | CR1_M0;
    finish_sending();
    frame_cycles(0);
    CHECK_RANGE("8E2", frame_cycles('a'), 12 * BRR_115200, 12 * BRR_115200 + SLACK);
    set_up(BRR_115200, CR1_TE | CR1_M1, 0, 0);
    frame_cycles(0);
    CHECK_RANGE("7N1", frame_cycles('a'), 9 * BRR_115200, 9 * BRR_115200 + SLACK);
    set_up(0x223, CR1_TE | CR1_OVER8, 0, 0); /* 0x226 / 2 */
    frame_cycles(0);
    CHECK_RANGE("OVER8", frame_cycles('a'), 10 * 0x226 / 2, 10 * 0x226 / 2 + SLACK);
    set_up(BRR_115200 / 4, CR1_TE, 0, 0);
    USART1_CR1 = 0;
    USART1_PRESC = 2;
    USART1_CR1 = CR1_UE | CR1_TE;
    frame_cycles(0);
    CHECK_RANGE("PRESC", frame_cycles('a'), 40 * (BRR_115200 / 4), 40 * (BRR_115200 / 4) + SLACK);
}

static void lpuart_time(void)
{
    uint32_t from;

    LPUART1_CR1 = 0;
    LPUART1_BRR = 0x30000; /* 32 MHz * 256 / 196608: 768 clocks a bit */
    LPUART1_CR1 = CR1_UE | CR1_TE;
    LPUART1_TDR = 0xf0;
    while (!(LPUART1_ISR & ISR_TC)) {
    }
    from = cycles();
    LPUART1_TDR = 0xf0;
    while (!(LPUART1_ISR & ISR_TC)) {
    }
    CHECK_RANGE("LPUART: BRR / 256 clocks a bit", cycles() - from, 7680, 7680 + SLACK);
    CHECK_EQ("LPUART has no GTPR", (REG32(0x40008010) = 0xffff, REG32(0x40008010)), 0);
    LPUART1_CR1 = ~0u & ~1u;
    CHECK_EQ("LPUART's CR1", LPUART1_CR1, 0xf3ff7ffe);
}

static void reception(void)
{
    uint32_t from, first, second, data;

    set_up(BRR_115200, CR1_RE | CR1_TE, 0, 0);
    finish_sending();
    ask(DEED_ECHO);
    delay_us(1000);
    from = cycles();
    USART1_TDR = 'e';
    wait_flag(ISR_RXNE);
    first = cycles() - from;
    data = USART1_RDR;
    wait_flag(ISR_RXNE);
    second = cycles() - from;
    CHECK_RANGE("an echo takes two frames", first, 2 * FRAME, 2 * FRAME + 200);
    CHECK_RANGE("the second follows", second - first, FRAME - SLACK, FRAME + SLACK);
    CHECK_EQ("the echo", data, 'e');
    CHECK_EQ("the second echo", USART1_RDR, 'e');
    CHECK("RXNE is clear after a read", !(USART1_ISR & ISR_RXNE));
    CHECK("no errors", !(USART1_ISR & 0xf));
    CHECK("no IDLE yet", !(USART1_ISR & ISR_IDLE));
    CHECK("IDLE in the end", wait_flag(ISR_IDLE));
    USART1_ICR = ISR_IDLE;
    delay_us(2000);
    CHECK("IDLE once", !(USART1_ISR & ISR_IDLE));
}

static void line_errors(void)
{
    set_up(BRR_115200, CR1_RE | CR1_PCE | CR1_M0, 0, 0);
    ask(DEED_ODD);
    CHECK("odd where even is due", wait_flag(ISR_RXNE));
    CHECK_EQ("PE", USART1_ISR & 0xf, ISR_PE);
    CHECK_EQ("parity is read as bit 8", USART1_RDR, 0x100 | 'A');
    USART1_ICR = ISR_PE;
    CHECK_EQ("PE cleared", USART1_ISR & 0xf, 0);

    set_up(BRR_115200, CR1_RE, 0, 0);
    ask(DEED_SLOW);
    CHECK("9600 baud where 115200 is due", wait_flag(ISR_RXNE));
    CHECK_EQ("FE", USART1_ISR & 0xf, ISR_FE);
    (void)USART1_RDR;
    USART1_ICR = ISR_FE;

    set_up(BRR_115200, CR1_RE, 0, 0);
    ask(DEED_BREAK);
    CHECK("a break", wait_flag(ISR_RXNE));
    CHECK_EQ("a break is FE", USART1_ISR & (0xf | ISR_LBDF), ISR_FE);
    CHECK_EQ("a break reads as 0", USART1_RDR, 0);

    set_up(BRR_115200, CR1_RE, CR2_LINEN | CR2_LBDL, 0);
    ask(DEED_LIN_BREAK);
    CHECK("LIN break", wait_flag(ISR_LBDF));
    USART1_ICR = ISR_LBDF | 0xf;
    CHECK("LBDF cleared", !(USART1_ISR & ISR_LBDF));
    (void)USART1_RDR;
    ask(DEED_BREAK);
    wait_flag(ISR_RXNE);
    CHECK("10 bits are no LIN break of 11", !(USART1_ISR & ISR_LBDF));

    set_up(BRR_115200, CR1_RE, 0, 0);
    ask(DEED_THREE);
    CHECK("overrun", wait_flag(ISR_ORE));
    delay_us(300);
    CHECK_EQ("the first stays", USART1_RDR, 'a');
    CHECK("and no other", !(USART1_ISR & ISR_RXNE));
    set_up(BRR_115200, CR1_RE, 0, CR3_OVRDIS);
    ask(DEED_THREE);
    delay_us(1000);
    CHECK_EQ("OVRDIS: the last stays", USART1_RDR, 'c');
    CHECK("OVRDIS: no ORE", !(USART1_ISR & ISR_ORE));

    set_up(BRR_115200, CR1_RE, 0, 0);
    ask(DEED_REVERSED);
    wait_flag(ISR_RXNE);
    CHECK_EQ("MSB first, read LSB first", USART1_RDR, 0x48);
    set_up(BRR_115200, CR1_RE, CR2_MSBFIRST, 0);
    ask(DEED_REVERSED);
    wait_flag(ISR_RXNE);
    CHECK_EQ("MSB first at both ends", USART1_RDR, 0x12);
}

static void by_interrupt(void)
{
    irq_enable(IRQ_USART1);
    set_up(BRR_115200, CR1_RE | CR1_TE | CR1_RXNEIE | CR1_IDLEIE, 0, 0);
    interrupts = flags_seen = 0;
    ask(DEED_U);
    delay_us(2000);
    CHECK_EQ("RXNE and IDLE interrupt", interrupts, 2);
    CHECK("their flags", (flags_seen & (ISR_RXNE | ISR_IDLE)) == (ISR_RXNE | ISR_IDLE));
    CHECK_EQ("received", received, 'U');
    USART1_CR1 = 0;
    set_up(BRR_115200, CR1_TE, 0, 0);
    interrupts = flags_seen = 0;
    USART1_CR1 |= CR1_TXEIE;
    delay_us(1);
    CHECK_EQ("TXE interrupts at once", interrupts, 1);
    USART1_TDR = 1;
    USART1_CR1 |= CR1_TCIE;
    delay_us(100);
    CHECK_EQ("no TC yet", interrupts, 1);
    delay_us(100);
    CHECK_EQ("TC interrupts", interrupts, 2);
    set_up(BRR_115200, CR1_RE | CR1_PEIE | CR1_PCE | CR1_M0, 0, CR3_EIE);
    interrupts = flags_seen = 0;
    ask(DEED_ODD);
    delay_us(300);
    CHECK("PE interrupts", interrupts == 1 && (flags_seen & ISR_PE));
    set_up(BRR_115200, CR1_RE | CR1_RTOIE, CR2_RTOEN, 0);
    USART1_RTOR = 40;
    interrupts = flags_seen = 0;
    ask(DEED_U);
    delay_us(2000);
    CHECK("RTO interrupts", interrupts == 1 && (flags_seen & ISR_RTOF));
    set_up(BRR_115200, CR1_RE | CR1_CMIE, 'U' << 24, 0);
    interrupts = flags_seen = 0;
    ask(DEED_U);
    delay_us(300);
    CHECK("CM interrupts", interrupts == 1 && (flags_seen & ISR_CMF));
    irq_disable(IRQ_USART1);
}

static void addresses(void)
{
    set_up(BRR_115200, CR1_RE | CR1_M0 | CR1_MME | CR1_WAKE, 5 << 24, 0);
    USART1_RQR = 4; /* MMRQ */
    CHECK("muted", USART1_ISR & ISR_RWU);
    ask(DEED_ADDRESSED);
    wait_flag(ISR_RXNE);
    CHECK_EQ("woken by its address", USART1_RDR, 0x105);
    CHECK("CMF", USART1_ISR & ISR_CMF);
    wait_flag(ISR_RXNE);
    CHECK_EQ("what follows", USART1_RDR, 0x11);
    wait_flag(ISR_RXNE);
    CHECK_EQ("the other's is left out", USART1_RDR, 0x105);
    wait_flag(ISR_RXNE);
    CHECK_EQ("then its own", USART1_RDR, 0x33);

    set_up(BRR_115200, CR1_RE | CR1_MME, 0, 0);
    USART1_RQR = 4;
    ask(DEED_THREE);
    delay_us(1000);
    CHECK("muted until idle: nothing came", !(USART1_ISR & (ISR_RXNE | ISR_RWU)));
    ask(DEED_U);
    CHECK("awake after idle", wait_flag(ISR_RXNE));
}

static void auto_baud(void)
{
    set_up(0x1000, CR1_RE, CR2_ABREN | 2 << 21, 0); /* 0x7F */
    ask(DEED_SYNC);
    CHECK("ABRF", wait_flag(ISR_ABRF));
    CHECK("no ABRE", !(USART1_ISR & ISR_ABRE));
    CHECK_RANGE("BRR is measured", USART1_BRR, 554, 557);
    CHECK_EQ("0x7F is received", USART1_RDR, 0x7f);
    CHECK("what follows", wait_flag(ISR_RXNE) && USART1_RDR == 'x');
    set_up(0x1000, CR1_RE, CR2_ABREN | 1 << 21, 0); /* falling edge to falling edge */
    ask(DEED_U);
    wait_flag(ISR_ABRF);
    CHECK_RANGE("mode 1: BRR", USART1_BRR, BRR_115200 - 1, BRR_115200 + 1);
    set_up(0x1000, CR1_RE, CR2_ABREN | 2 << 21, 0);
    ask(DEED_U);
    wait_flag(ISR_ABRF);
    CHECK("0x55 is no 0x7F: ABRE and FE",
          (USART1_ISR & (ISR_ABRE | ISR_FE)) == (ISR_ABRE | ISR_FE));
}

static void fifo(void)
{
    set_up(BRR_115200, CR1_RE | CR1_TE | CR1_FIFOEN, 0, 2u << 25 | 2u << 29); /* halves */
    CHECK_EQ("empty", USART1_ISR & (ISR_TXFE | ISR_TXFT | ISR_RXFT | ISR_RXFF),
             ISR_TXFE | ISR_TXFT);
    ask(DEED_TWENTY);
    delay_us(300);
    CHECK_EQ("below the threshold", USART1_ISR & (ISR_RXNE | ISR_RXFT), ISR_RXNE);
    CHECK("threshold", wait_flag(ISR_RXFT));
    CHECK("full", wait_flag(ISR_RXFF));
    CHECK("not overrun", !(USART1_ISR & ISR_ORE));
    CHECK("overrun", wait_flag(ISR_ORE));
    delay_us(1500);
    for (unsigned i = 0; i < 9; i++) {
        if (USART1_RDR != i) {
            CHECK_EQ("in order", 0, i);
        }
    }
    CHECK("nine in all", !(USART1_ISR & ISR_RXNE));
    finish_sending();
    for (unsigned i = 0; i < 8; i++) {
        USART1_TDR = i;
    }
    CHECK("room for one more: one is on the line", USART1_ISR & ISR_TXE);
    USART1_TDR = 8;
    CHECK_EQ("full", USART1_ISR & (ISR_TXE | ISR_TXFT | ISR_TXFE), 0);
    CHECK("half", wait_flag(ISR_TXFT));
    CHECK("empty", wait_flag(ISR_TXFE));
    CHECK("TC", wait_flag(ISR_TC));
}

static void by_dma(void)
{
    uint32_t from;

    for (unsigned i = 0; i < sizeof(buffer); i++) {
        buffer[i] = 0;
    }
    set_up(BRR_115200, CR1_RE, 0, CR3_DMAR);
    DMAMUX1_C1CR = 14; /* USART1_RX */
    DMA1_CPAR2 = (uint32_t)&USART1_RDR;
    DMA1_CMAR2 = (uint32_t)buffer;
    DMA1_CNDTR2 = sizeof(buffer);
    DMA1_CCR2 = 1 << 7 | 1;
    ask(DEED_MANY);
    CHECK("64 by DMA", wait_until(&DMA1_ISR, 0x20, 0x20, 1000000));
    for (unsigned i = 0; i < sizeof(buffer); i++) {
        if (buffer[i] != (uint8_t)(3 * i)) {
            CHECK_EQ("by DMA: content", buffer[i], 3 * i);
        }
    }
    CHECK("by DMA: no overrun", !(USART1_ISR & ISR_ORE));
    DMA1_CCR2 = 0;
    set_up(BRR_115200, CR1_TE, 0, 0);
    frame_cycles(0);
    from = cycles();
    dma_send();
    USART1_ICR = ISR_TC;
    finish_sending();
    CHECK_RANGE("64 sent by DMA without a gap", cycles() - from, 64 * FRAME, 64 * FRAME + 1000);
}

static void wires(void)
{
    uint32_t from, high, sent, released;

    set_up(BRR_115200, CR1_RE | CR1_TE, 0, CR3_HDSEL);
    frame_cycles('h');
    CHECK_EQ("half duplex hears itself", USART1_RDR, 'h');

    set_up(BRR_115200, CR1_TE, 0, CR3_CTSE);
    finish_sending();
    CHECK("CTS", USART1_ISR & ISR_CTS);
    GPIOC_ODR = 1 << 6;
    CHECK_EQ("CTS off", USART1_ISR & (ISR_CTS | ISR_CTSIF), ISR_CTSIF);
    USART1_TDR = 1;
    delay_us(300);
    CHECK("held by CTS", !(USART1_ISR & (ISR_TC | ISR_TXE)));
    from = cycles();
    GPIOC_ODR = 0;
    finish_sending();
    CHECK_RANGE("let go by CTS", cycles() - from, FRAME, FRAME + SLACK);

    set_up(BRR_115200, CR1_TE | 16 << 21 | 8 << 16, 0, CR3_DEM);
    delay_us(200);
    CHECK("DE is low", !(GPIOA_IDR & 1 << 12));
    from = cycles();
    USART1_TDR = 1;
    high = GPIOA_IDR;
    finish_sending();
    sent = cycles() - from;
    high &= GPIOA_IDR;
    wait_until(&GPIOA_IDR, 1 << 12, 0, 10000);
    released = cycles() - from;
    CHECK("DE is high", high & 1 << 12);
    CHECK_RANGE("a bit of DEAT first", sent, 11 * BRR_115200, 11 * BRR_115200 + SLACK);
    CHECK_RANGE("half a bit of DEDT after", released, 23 * BRR_115200 / 2,
                23 * BRR_115200 / 2 + SLACK);
}

static void smartcard(void)
{
    uint32_t taken;

    ask(DEED_REFUSE);
    delay_us(300);
    set_up(BRR_115200, CR1_TE | CR1_PCE | CR1_M0, 3 << 12, CR3_SCEN | CR3_NACK | 2 << 17);
    USART1_GTPR = 4 << 8 | 1;
    finish_sending();
    taken = frame_cycles('s'); /* the idle frame before it */
    CHECK("refused in the end", USART1_ISR & ISR_FE);
    CHECK_RANGE("sent three times", taken, 3 * 12 * BRR_115200, 8 * 12 * BRR_115200);
    ask(DEED_OK);
}

/* HSI16 comes on by itself for a frame, and RXNE wakes the core. */
static void wake_up(void)
{
    RCC_CR |= 1 << 8; /* HSION */
    wait_until(&RCC_CR, 1 << 10, 1 << 10, 100000);
    RCC_CCIPR = (RCC_CCIPR & ~3u) | 2;                    /* USART1 on HSI16 */
    set_up(139, CR1_RE | CR1_UESM, 0, 3 << 20 | 1 << 22); /* WUS = RXNE, WUFIE */
    ask(DEED_LATER);
    irq_clear(IRQ_USART1);
    irq_enable(IRQ_USART1);
    interrupts = flags_seen = 0;
    EXTI_C1IMR1 |= 1 << 24;
    PWR_C2CR1 = (PWR_C2CR1 & ~7u) | 4; /* CPU2 does not keep the chip awake */
    PWR_CR1 = (PWR_CR1 & ~7u) | 1;     /* Stop 1 */
    SCB_SCR |= 4;
    irqs_off();
    wfi();
    irqs_on();
    SCB_SCR &= ~4u;
    clock_hse32();
    delay_us(10);
    irq_disable(IRQ_USART1);
    CHECK("woken from Stop", interrupts > 0 && (flags_seen & 1 << 20));
    CHECK_EQ("by what came", received, 'w');
    RCC_CCIPR &= ~3u;
}

static void off(void)
{
    set_up(BRR_115200, CR1_RE | CR1_TE, 0, 0);
    USART1_TDR = 1;
    USART1_TDR = 2;
    USART1_CR1 &= ~1u;
    CHECK_EQ("UE clear: flags as after reset", USART1_ISR, ISR_TC | ISR_TXE);
    USART1_CR1 |= 1;
    delay_us(200);
    CHECK("nothing is left to send", USART1_ISR & ISR_TC);
}

void test(void)
{
    clock_hse32();
    clocks_on();
    GPIOD_MODER &= ~3u; /* an input: the button */
    if (!(GPIOD_IDR & 1)) {
        pins();
        control_on();
        help();
        return;
    }
    pins();
    frame_times();
    lpuart_time();
    control_on();
    reception();
    line_errors();
    by_interrupt();
    addresses();
    auto_baud();
    fifo();
    by_dma();
    wires();
    smartcard();
    off();
    wake_up();
    control_on();
    ask(DEED_END);
}
