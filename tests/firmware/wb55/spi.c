/* SPDX-License-Identifier: Apache-2.0 */
/* spi.c - SPI1 looped back by a wire, SPI2 with a NOR behind it, and as the slave of SPI1. */
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

/* ---- SPI2 as the slave of SPI1, by other pins ---- */

static void slave_pins(void)
{
    GPIOB_AFRL = (GPIOB_AFRL & 0xff000fffu) | 0x555u << 12; /* PB3 SCK, PB4 MISO, PB5 MOSI of 1 */
    GPIOB_AFRH = (GPIOB_AFRH & 0x00fff00fu) |
                 0x55000550u; /* PB9 NSS, PB10 SCK, PB14 MISO, PB15 MOSI of 2 */
    GPIOA_AFRH = (GPIOA_AFRH & 0x0fffffffu) | 5u << 28; /* PA15 NSS of 1 */
    GPIOA_MODER = (GPIOA_MODER & ~(0xfu << 12 | 3u << 30)) | 2u << 30 | 0xfu << 12;
    GPIOB_PUPDR |= 1u << 18; /* 1's NSS floats while it is off */
    GPIOB_MODER = (GPIOB_MODER & ~(0x3fu << 6 | 0xfu << 18 | 0xfu << 28)) | 0x2au << 6 |
                  0xau << 18 | 0xau << 28;
}

static void slave(uint32_t cr1, uint32_t cr2)
{
    SPI1_CR1 = 0;
    SPI2_CR1 = 0;
    while (FRLVL(SPI2_SR)) {
        (void)BYTE(SPI2_DR);
    }
    SPI2_CR2 = cr2;
    SPI2_CR1 = cr1;
    SPI2_CR1 = cr1 | SPE;
}

static uint32_t exchange1(uint32_t byte)
{
    BYTE(SPI1_DR) = (uint8_t)byte;
    wait_until(&SPI1_SR, RXNE, RXNE, 100000);
    return BYTE(SPI1_DR);
}

static void slave_frames(void)
{
    slave(SSM, DS(8) | FRXTH);
    BYTE(SPI2_DR) = 0x5a;
    BYTE(SPI2_DR) = 0xc3;
    CHECK_EQ("a slave waits for its clock", SPI2_SR & (BSY | RXNE | TXE), TXE);
    set_up(MSTR | SSM | SSI | BR(7), DS(8) | FRXTH);
    BYTE(SPI1_DR) = 0x81;
    CHECK_EQ("which takes a frame out of its FIFO", SPI2_SR & (BSY | 3u << 11), BSY | 1u << 11);
    wait_until(&SPI1_SR, RXNE, RXNE, 100000);
    CHECK_EQ("slave to master", BYTE(SPI1_DR), 0x5a);
    CHECK_EQ("RXNE of the slave", SPI2_SR & (BSY | RXNE), RXNE);
    CHECK_EQ("master to slave", BYTE(SPI2_DR), 0x81);
    CHECK_EQ("its second frame", exchange1(0x7e), 0xc3);
    for (unsigned i = 0; i < 4; i++) {
        exchange1(i);
    }
    CHECK("OVR of a slave that nobody reads", SPI2_SR & OVR);
    slave(SSM | LSBFIRST, DS(16));
    HALF(SPI2_DR) = 0x1234;
    set_up(MSTR | SSM | SSI | BR(3), DS(8) | FRXTH);
    CHECK_EQ("LSB first against MSB first", exchange1(0x0f), 0x2c);
    CHECK("half a frame is none", !(SPI2_SR & RXNE));
    CHECK_EQ("two frames of the master make one of the slave", exchange1(0x01), 0x48);
    CHECK_EQ("to the bit", HALF(SPI2_DR), 0x80f0);
}

static void slave_select(void)
{
    slave(0, DS(8) | FRXTH);
    BYTE(SPI2_DR) = 0x11;
    set_up(MSTR | SSM | SSI | BR(3), DS(8) | FRXTH);
    CHECK_EQ("NSS high: MISO floats", exchange1(0), 0xff);
    CHECK("and nothing is heard", !(SPI2_SR & RXNE));
    set_up(MSTR | BR(3), DS(8) | FRXTH | SSOE);
    CHECK_EQ("NSS low, by the master's SSOE", exchange1(0x22), 0x11);
    CHECK_EQ("it hears", BYTE(SPI2_DR), 0x22);
}

static void slave_one_line(void)
{
    slave(SSM | BIDIMODE, DS(8) | FRXTH);
    GPIOB_MODER |= 0xfu << 28; /* its MISO is PC2 now, tied to 1's MOSI */
    GPIOC_AFRL = (GPIOC_AFRL & ~0xf00u) | 5u << 8;
    GPIOC_MODER = (GPIOC_MODER & ~(3u << 4)) | 2u << 4;
    set_up(MSTR | SSM | SSI | BR(3) | BIDIMODE | BIDIOE, DS(8) | FRXTH);
    BYTE(SPI1_DR) = 0x69;
    CHECK("one line, master to slave", wait_until(&SPI2_SR, RXNE, RXNE, 100000));
    CHECK_EQ("the byte", BYTE(SPI2_DR), 0x69);
    slave(SSM | BIDIMODE | BIDIOE, DS(8) | FRXTH);
    BYTE(SPI2_DR) = 0x96;
    set_up(MSTR | SSM | SSI | BR(3) | BIDIMODE, DS(8) | FRXTH);
    CHECK("one line, slave to master", wait_until(&SPI1_SR, RXNE, RXNE, 100000));
    CHECK_EQ("the byte", BYTE(SPI1_DR), 0x96);
    SPI1_CR1 = 0;
}

static void slave_dma_and_crc(void)
{
    bool same = true;

    GPIOC_MODER |= 3u << 4;
    slave_pins();
    SPI2_CRCPR = 0x07;
    slave(SSM, DS(8) | FRXTH | RXDMAEN);
    for (unsigned i = 0; i < sizeof(in); i++) {
        in[i] = 0;
    }
    DMA1_IFCR = 0xff;
    DMAMUX1_C0CR = 8; /* SPI2_RX */
    DMA1_CPAR1 = (uint32_t)&SPI2_DR;
    DMA1_CMAR1 = (uint32_t)in;
    DMA1_CNDTR1 = sizeof(in);
    DMA1_CCR1 = 1 << 7 | 1;
    DMA1_CCR2 = 0;
    DMAMUX1_C1CR = 7;
    DMA1_CPAR2 = (uint32_t)&SPI1_DR;
    DMA1_CMAR2 = (uint32_t)out;
    DMA1_CNDTR2 = sizeof(out);
    DMA1_CCR2 = 1 << 7 | 1 << 4 | 1;
    set_up(MSTR | SSM | SSI | BR(3), DS(8) | FRXTH | TXDMAEN);
    wait_until(&DMA1_ISR, 2, 2, 100000);
    for (unsigned i = 0; i < sizeof(out); i++) {
        same = same && in[i] == out[i];
    }
    CHECK("100 bytes to the slave's DMA", same);
    DMA1_CCR1 = DMA1_CCR2 = 0;
    slave(SSM | CRCEN, DS(8) | FRXTH);
    set_up(MSTR | SSM | SSI | BR(3) | CRCEN, DS(8) | FRXTH);
    for (unsigned i = '1'; i <= '9'; i++) {
        BYTE(SPI2_DR) = (uint8_t)i;
        exchange1(i);
        (void)BYTE(SPI2_DR);
    }
    SPI2_CR1 |= CRCNEXT;
    SPI1_CR1 |= CRCNEXT;
    wait_until(&SPI1_SR, RXNE, RXNE, 100000);
    CHECK_EQ("the slave's CRC", BYTE(SPI1_DR), 0xf4);
    CHECK_EQ("no CRCERR at either end", (SPI1_SR | SPI2_SR) & CRCERR, 0);
    SPI1_CR1 = SPI2_CR1 = 0;
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
    slave_pins();
    slave_frames();
    slave_select();
    slave_one_line();
    slave_dma_and_crc();
}
