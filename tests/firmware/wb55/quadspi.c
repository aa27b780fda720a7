/* SPDX-License-Identifier: Apache-2.0 */
/* quadspi.c - QUADSPI and the board's NOR: indirect, polling and memory-mapped. */
#include "test.h"

#define MAPPED 0x90000000u
#define SLACK 60u

enum {
    EN = 1,
    ABORT = 2,
    DMAEN = 4,
    TCEN = 8,
    TEIE = 1 << 16,
    TCIE = 1 << 17,
    FTIE = 1 << 18,
    SMIE = 1 << 19,
    APMS = 1 << 22,
    TEF = 1,
    TCF = 2,
    FTF = 4,
    SMF = 8,
    TOF = 16,
    BUSY = 32,
    I1 = 1 << 8, /* instruction on one line */
    A1 = 1 << 10,
    A2 = 2 << 10,
    A4 = 3 << 10,
    A24 = 2 << 12,
    D1 = 1 << 24,
    D2 = 2 << 24,
    D4 = 3 << 24,
    READ = 1 << 26,
    POLL = 2 << 26,
    MAP = 3 << 26,
};
#define DUMMIES(n) ((uint32_t)(n) << 18)
#define FTHRES(n) (((n)-1u) << 8)

static volatile uint32_t interrupts, flags_seen;
static uint8_t buffer[256];

void irq_QUADSPI(void)
{
    interrupts++;
    flags_seen |= QUADSPI_SR;
    QUADSPI_CR &= ~(uint32_t)(TEIE | TCIE | FTIE | SMIE);
}

static bool wait_flag(uint32_t flag)
{
    return wait_until(&QUADSPI_SR, flag, flag, 1000000);
}

static void done(void)
{
    wait_flag(TCF);
    QUADSPI_FCR = TCF;
    wait_until(&QUADSPI_SR, BUSY, 0, 1000000);
}

static void command(uint32_t instruction)
{
    QUADSPI_CCR = I1 | instruction;
    done();
}

/* Wait with automatic polling until the NOR has done what it was told. */
static void ready(void)
{
    QUADSPI_PSMKR = 1;
    QUADSPI_PSMAR = 0;
    QUADSPI_PIR = 16;
    QUADSPI_DLR = 0;
    QUADSPI_CR |= APMS;
    QUADSPI_CCR = I1 | D1 | POLL | 0x05;
    wait_flag(SMF);
    QUADSPI_FCR = SMF;
}

static void identify(void)
{
    uint32_t from, taken;

    QUADSPI_DCR = 23 << 16; /* 16 MiB */
    QUADSPI_CR = 3u << 24 | EN;
    CHECK_EQ("idle", QUADSPI_SR, 0);
    QUADSPI_DLR = 2;
    from = cycles();
    QUADSPI_CCR = I1 | D1 | READ | 0x9f;
    CHECK("BUSY", QUADSPI_SR & BUSY);
    wait_flag(TCF);
    taken = cycles() - from;
    CHECK_RANGE("32 bits at 8 MHz", taken, 32 * 4, 32 * 4 + SLACK + 300);
    CHECK_EQ("FLEVEL", QUADSPI_SR >> 8, 3);
    CHECK("FTF for the rest", QUADSPI_SR & FTF);
    CHECK_EQ("identification", BYTE(QUADSPI_DR) << 16 | HALF(QUADSPI_DR), 0x20 << 16 | 0x18ba);
    CHECK_EQ("then idle", QUADSPI_SR, TCF);
    QUADSPI_FCR = TCF;
}

static void write_enable(void)
{
    command(0x06);
}

static void program(void)
{
    write_enable();
    QUADSPI_DLR = 63;
    QUADSPI_CR = (QUADSPI_CR & ~0xf00u) | FTHRES(4);
    QUADSPI_CCR = I1 | A1 | A24 | D1 | 0x02;
    QUADSPI_AR = 0x1000;
    QUADSPI_CCR = I1 | A1 | A24 | D1 | 0x02; /* as vendor drivers do: the address stays */
    CHECK("FTF: data, please", wait_flag(FTF));
    for (unsigned i = 0; i < 16; i++) {
        wait_flag(FTF);
        QUADSPI_DR = 0x03020100u + 0x04040404u * i;
    }
    done();
    ready();
    QUADSPI_DLR = 63;
    QUADSPI_CCR = I1 | A1 | A24 | D1 | READ | 0x03;
    QUADSPI_AR = 0x1000;
    for (unsigned i = 0; i < 64; i++) {
        wait_until(&QUADSPI_SR, FTF, FTF, 100000);
        buffer[i] = BYTE(QUADSPI_DR);
    }
    done();
    CHECK("programmed", buffer[0] == 0 && buffer[1] == 1 && buffer[63] == 63);
}

/* The N25Q's fast programs by two lines: data only (A2), and address, too (D2). */
static void program_dual(uint32_t header, uint32_t at)
{
    write_enable();
    QUADSPI_DLR = 3;
    QUADSPI_CCR = I1 | A24 | D2 | header;
    QUADSPI_AR = at;
    wait_flag(FTF);
    QUADSPI_DR = 0x600df00du;
    done();
    ready();
    QUADSPI_DLR = 3;
    QUADSPI_CCR = I1 | A1 | A24 | D1 | READ | 0x03;
    QUADSPI_AR = at;
    wait_flag(TCF);
    CHECK_EQ("programmed by two lines", QUADSPI_DR, 0x600df00du);
    done();
}

static void quad_time(void)
{
    uint32_t from, taken;

    QUADSPI_DLR = 255;
    DMAMUX1_C0CR = 20;
    DMA1_CPAR1 = (uint32_t)&QUADSPI_DR;
    DMA1_CMAR1 = (uint32_t)buffer;
    DMA1_CNDTR1 = 64;
    DMA1_CCR1 = 2 << 10 | 2 << 8 | 1 << 7 | 1;
    QUADSPI_CR |= DMAEN;
    QUADSPI_CCR = I1 | A4 | A24 | D4 | DUMMIES(10) | READ | 0xeb;
    from = cycles();
    QUADSPI_AR = 0x1000;
    wait_until(&DMA1_ISR, 2, 2, 100000);
    taken = cycles() - from;
    CHECK_RANGE("256 bytes on four lines by DMA", taken, (8 + 6 + 10 + 512) * 4,
                (8 + 6 + 10 + 512) * 4 + SLACK);
    CHECK("their content", buffer[1] == 1 && buffer[63] == 63 && buffer[64] == 0xff);
    DMA1_CCR1 = 0;
    QUADSPI_CR &= ~(uint32_t)DMAEN;
    done();
}

static void mapped(void)
{
    uint32_t value;

    CHECK("a bus fault while not mapped", !try_read(MAPPED, &value));
    QUADSPI_CR |= TCEN;
    QUADSPI_LPTR = 100;
    QUADSPI_CCR = I1 | A1 | A24 | D1 | MAP | 0x03;
    CHECK_EQ("mapped", REG32(MAPPED + 0x1004), 0x07060504);
    CHECK_EQ("and on", REG32(MAPPED + 0x1008), 0x0b0a0908);
    CHECK_EQ("a byte", REG8(MAPPED + 0x103f), 0x3f);
    CHECK_EQ("erased", REG32(MAPPED + 0xfffffc), 0xffffffff);
    CHECK("a bus fault beyond the flash", !try_read(MAPPED + 0x1000000, &value));
    CHECK("a bus fault on a write", !try_write(MAPPED, 0));
    (void)REG32(MAPPED);
    CHECK("TOF", wait_flag(TOF));
    QUADSPI_FCR = TOF;
    QUADSPI_CR |= ABORT;
    QUADSPI_CR &= ~(uint32_t)TCEN;
    wait_until(&QUADSPI_CR, ABORT, 0, 1000);
    QUADSPI_FCR = TCF;
}

static void errors(void)
{
    QUADSPI_DLR = 15;
    QUADSPI_CCR = I1 | A1 | A24 | D1 | READ | 0x03;
    QUADSPI_AR = 0xfffff8;
    CHECK_EQ("TEF beyond the flash", QUADSPI_SR & (TEF | BUSY), TEF);
    QUADSPI_FCR = TEF;
    CHECK_EQ("TEF cleared", QUADSPI_SR & TEF, 0);
    QUADSPI_AR = 0x1000;
    wait_until(&QUADSPI_SR, 31u << 8, 16u << 8, 10000);
    CHECK_EQ("16 wait", QUADSPI_SR >> 8 & 31, 16);
    QUADSPI_CR |= ABORT;
    CHECK_EQ("ABORT empties the FIFO", QUADSPI_SR & ~(uint32_t)TCF, 0);
    QUADSPI_FCR = TCF;
}

static void by_interrupt(void)
{
    irq_enable(IRQ_QUADSPI);
    interrupts = flags_seen = 0;
    QUADSPI_DLR = 2;
    QUADSPI_CR |= TCIE;
    QUADSPI_CCR = I1 | D1 | READ | 0x9f;
    delay_us(20);
    CHECK("TC interrupts", interrupts == 1 && (flags_seen & TCF));
    while (QUADSPI_SR & 31u << 8) {
        (void)BYTE(QUADSPI_DR);
    }
    QUADSPI_FCR = TCF;
    flags_seen = 0;
    /* erase, and hear of its end */
    write_enable();
    QUADSPI_CCR = I1 | A1 | A24 | 0x20;
    QUADSPI_AR = 0x1000;
    done();
    QUADSPI_DLR = 0;
    QUADSPI_CR |= SMIE;
    QUADSPI_CCR = I1 | D1 | POLL | 0x05;
    delay_us(1000);
    CHECK("a match interrupts", interrupts == 2 && (flags_seen & SMF));
    QUADSPI_FCR = SMF;
    QUADSPI_CCR = I1 | A1 | A24 | D1 | MAP | 0x03;
    CHECK_EQ("erased", REG32(MAPPED + 0x1004), 0xffffffff);
    QUADSPI_CR |= ABORT;
    irq_disable(IRQ_QUADSPI);
}

void test(void)
{
    clock_hse32();
    clocks_on();
    identify();
    program();
    program_dual(A1 | 0xa2, 0x1080);
    program_dual(A2 | 0xd2, 0x10c0);
    quad_time();
    mapped();
    errors();
    by_interrupt();
}
