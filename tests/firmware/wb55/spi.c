/* SPDX-License-Identifier: Apache-2.0 */
/* spi.c - SPI1 looped back by a wire, and SPI2 with a NOR behind it. */
#include "test.h"

#define SLACK 60u

enum {
    CPHA = 1,
    MSTR = 4,
    SPE = 0x40,
    LSBFIRST = 0x80,
    SSI = 0x100,
    SSM = 0x200,
    RXONLY = 0x400,
    CRCNEXT = 0x1000,
    CRCEN = 0x2000,
    BIDIOE = 0x4000,
    BIDIMODE = 0x8000,
    RXDMAEN = 1,
    TXDMAEN = 2,
    SSOE = 4,
    NSSP = 8,
    ERRIE = 0x20,
    RXNEIE = 0x40,
    TXEIE = 0x80,
    FRXTH = 0x1000,
    RXNE = 1,
    TXE = 2,
    CRCERR = 0x10,
    MODF = 0x20,
    OVR = 0x40,
    BSY = 0x80,
};
#define BR(n) ((n) << 3)
#define DS(bits) (((bits)-1u) << 8)
#define FRLVL(sr) ((sr) >> 9 & 3)
#define FTLVL(sr) ((sr) >> 11 & 3)

static volatile uint32_t interrupts, flags_seen;
static uint8_t out[100], in[100];

void irq_SPI1(void)
{
    uint32_t sr = SPI1_SR;

    interrupts++;
    flags_seen |= sr;
    if (sr & RXNE) {
        (void)BYTE(SPI1_DR);
    }
    SPI1_CR2 &= ~(uint32_t)(TXEIE | ERRIE);
}

static void set_up(uint32_t cr1, uint32_t cr2)
{
    SPI1_CR1 = 0;
    while (FRLVL(SPI1_SR)) {
        (void)BYTE(SPI1_DR);
    }
    SPI1_CR2 = cr2;
    SPI1_CR1 = cr1;
    SPI1_CR1 = cr1 | SPE;
}

static void idle(void)
{
    wait_until(&SPI1_SR, BSY, 0, 100000);
}

static void pins(void)
{
    GPIOA_AFRL = 0x55u << 24; /* PA6 MISO, PA7 MOSI */
    GPIOA_MODER = (GPIOA_MODER & ~(0xfu << 12)) | 0xau << 12;
    GPIOB_ODR = 1 << 12;
    GPIOB_MODER = (GPIOB_MODER & ~(3u << 24)) | 1u << 24; /* PB12 selects the NOR */
}

static void frames(void)
{
    uint32_t from, taken;

    set_up(MSTR | SSM | SSI | BR(3), DS(8) | FRXTH); /* 32 MHz / 16 */
    from = cycles();
    BYTE(SPI1_DR) = 0xa5;
    wait_until(&SPI1_SR, RXNE, RXNE, 10000);
    taken = cycles() - from;
    CHECK_RANGE("8 bits", taken, 8 * 16, 8 * 16 + SLACK);
    CHECK_EQ("looped back", BYTE(SPI1_DR), 0xa5);
    CHECK_EQ("then idle", SPI1_SR & (BSY | RXNE | TXE), TXE);
    set_up(MSTR | SSM | SSI | BR(7), DS(13));
    from = cycles();
    HALF(SPI1_DR) = 0xffff;
    CHECK("BSY", SPI1_SR & BSY);
    wait_until(&SPI1_SR, RXNE, RXNE, 10000);
    taken = cycles() - from;
    CHECK_RANGE("13 bits", taken, 13 * 256, 13 * 256 + SLACK);
    CHECK_EQ("13 bits come back", HALF(SPI1_DR), 0x1fff);
    set_up(MSTR | SSM | SSI | BR(0) | LSBFIRST, DS(16));
    HALF(SPI1_DR) = 0x1234;
    idle();
    CHECK_EQ("16 bits, LSB first at both ends", HALF(SPI1_DR), 0x1234);
    SPI1_CR2 = DS(3);
    CHECK_EQ("DS below 4 bits becomes 8", SPI1_CR2, DS(8));
}

static void fifos(void)
{
    set_up(MSTR | SSM | SSI | BR(7), DS(8));
    HALF(SPI1_DR) = 0x2211; /* two frames */
    CHECK_EQ("one waits", FTLVL(SPI1_SR), 1);
    HALF(SPI1_DR) = 0x4433;
    CHECK_EQ("three wait: no TXE", SPI1_SR & TXE, 0);
    CHECK_EQ("FTLVL full", FTLVL(SPI1_SR), 3);
    wait_until(&SPI1_SR, 3u << 9, 1u << 9, 100000);
    CHECK("no RXNE at a quarter", !(SPI1_SR & RXNE));
    SPI1_CR2 |= FRXTH;
    CHECK("RXNE with FRXTH", SPI1_SR & RXNE);
    idle();
    CHECK_EQ("FRLVL full", FRLVL(SPI1_SR), 3);
    CHECK_EQ("two a halfword", HALF(SPI1_DR), 0x2211);
    CHECK_EQ("one a byte", BYTE(SPI1_DR), 0x33);
    CHECK_EQ("a lone one a halfword", HALF(SPI1_DR), 0x44);
    for (unsigned i = 0; i < 5; i++) {
        wait_until(&SPI1_SR, TXE, TXE, 100000);
        BYTE(SPI1_DR) = i;
    }
    idle();
    CHECK("OVR", SPI1_SR & OVR);
    CHECK_EQ("the first four stay", HALF(SPI1_DR) | (uint32_t)HALF(SPI1_DR) << 16, 0x03020100);
    (void)SPI1_SR;
    CHECK("OVR is cleared by DR, then SR", !(SPI1_SR & OVR));
}

static void modes(void)
{
    set_up(MSTR | SSM | SSI | BR(3) | BIDIMODE | BIDIOE, DS(8) | FRXTH);
    BYTE(SPI1_DR) = 1;
    idle();
    CHECK("one line, sending: nothing comes", !(SPI1_SR & RXNE));
    set_up(MSTR | SSM | SSI | BR(3) | RXONLY, DS(8) | FRXTH);
    CHECK("receive only: the clock runs by itself", wait_until(&SPI1_SR, OVR, OVR, 100000));
    set_up(MSTR | SSM | BR(3), DS(8));
    CHECK_EQ("MODF", SPI1_SR & MODF, MODF);
    CHECK_EQ("no master any more", SPI1_CR1 & (MSTR | SPE), 0);
    SPI1_CR1 = SSM | SSI;
    CHECK_EQ("MODF is cleared by SR, then CR1", SPI1_SR & MODF, 0);
}

static void crc(void)
{
    SPI1_CRCPR = 0x07;
    set_up(MSTR | SSM | SSI | BR(3) | CRCEN, DS(8) | FRXTH);
    for (unsigned i = '1'; i <= '9'; i++) {
        BYTE(SPI1_DR) = i;
        if (i == '9') {
            SPI1_CR1 |= CRCNEXT;
        }
        wait_until(&SPI1_SR, RXNE, RXNE, 100000);
        (void)BYTE(SPI1_DR);
    }
    wait_until(&SPI1_SR, RXNE, RXNE, 100000);
    CHECK_EQ("CRC-8 of 123456789 goes out", BYTE(SPI1_DR), 0xf4);
    CHECK_EQ("TXCRCR", SPI1_TXCRCR, 0xf4);
    CHECK_EQ("RXCRCR", SPI1_RXCRCR, 0xf4);
    CHECK("no CRCERR", !(SPI1_SR & CRCERR));
}

static void by_interrupt(void)
{
    irq_enable(IRQ_SPI1);
    set_up(MSTR | SSM | SSI | BR(3), DS(8) | FRXTH | RXNEIE);
    interrupts = flags_seen = 0;
    BYTE(SPI1_DR) = 1;
    delay_us(20);
    CHECK("RXNE interrupts", interrupts == 1 && (flags_seen & RXNE));
    SPI1_CR2 |= TXEIE;
    delay_us(1);
    CHECK_EQ("TXE interrupts", interrupts, 2);
    flags_seen = 0;
    set_up(MSTR | SSM | BR(3), DS(8) | ERRIE);
    delay_us(1);
    CHECK("MODF interrupts", interrupts == 3 && (flags_seen & MODF));
    (void)SPI1_SR;
    SPI1_CR1 = SSM | SSI;
    irq_disable(IRQ_SPI1);
}

static void by_dma(void)
{
    uint32_t from, taken;
    bool same = true;

    for (unsigned i = 0; i < sizeof(out); i++) {
        out[i] = (uint8_t)(7 * i);
    }
    set_up(MSTR | SSM | SSI | BR(3), DS(8) | FRXTH | RXDMAEN);
    DMAMUX1_C0CR = 6;
    DMAMUX1_C1CR = 7;
    DMA1_CPAR1 = DMA1_CPAR2 = (uint32_t)&SPI1_DR;
    DMA1_CMAR1 = (uint32_t)in;
    DMA1_CMAR2 = (uint32_t)out;
    DMA1_CNDTR1 = DMA1_CNDTR2 = sizeof(out);
    DMA1_CCR1 = 1 << 7 | 1;
    DMA1_CCR2 = 1 << 7 | 1 << 4 | 1;
    from = cycles();
    SPI1_CR2 |= TXDMAEN;
    wait_until(&DMA1_ISR, 2, 2, 100000);
    taken = cycles() - from;
    for (unsigned i = 0; i < sizeof(out); i++) {
        same = same && in[i] == out[i];
    }
    CHECK("100 bytes there and back by DMA", same);
    CHECK_RANGE("without a gap", taken, 100 * 128, 100 * 128 + SLACK);
    DMA1_CCR1 = DMA1_CCR2 = 0;
}

static uint32_t exchange2(uint32_t byte)
{
    BYTE(SPI2_DR) = (uint8_t)byte;
    wait_until(&SPI2_SR, RXNE, RXNE, 100000);
    return BYTE(SPI2_DR);
}

static void nor(void)
{
    uint32_t id = 0;

    SPI2_CR2 = DS(8) | FRXTH;
    SPI2_CR1 = MSTR | SSM | SSI | BR(1) | SPE;
    CHECK_EQ("nothing selected: ones", exchange2(0x9f), 0xff);
    GPIOB_BSRR = 1u << 28;
    exchange2(0x9f);
    for (unsigned i = 0; i < 3; i++) {
        id = id << 8 | exchange2(0);
    }
    GPIOB_BSRR = 1 << 12;
    CHECK_EQ("the NOR's identification", id, 0xc22016);
    CHECK_EQ("and ones again", exchange2(0), 0xff);
}

void test(void)
{
    clock_hse32();
    clocks_on();
    pins();
    frames();
    fifos();
    modes();
    crc();
    by_interrupt();
    by_dma();
    nor();
}
