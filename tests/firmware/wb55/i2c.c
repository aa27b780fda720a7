/* SPDX-License-Identifier: Apache-2.0 */
/* i2c.c - I2C1 with a thermometer and a memory, and I2C3 as its target. */
#include "test.h"

#define I2C3_CR2 REG32(0x40005c04)
#define I2C3_OAR1 REG32(0x40005c08)
#define I2C3_ISR REG32(0x40005c18)
#define I2C3_ICR REG32(0x40005c1c)
#define I2C3_RXDR REG32(0x40005c24)
#define I2C3_TXDR REG32(0x40005c28)

/* 32 MHz / 4, low and high 20 of these: (2 * 20 * 4 + 4) clocks, 195 kHz */
#define TIMING (3u << 28 | 19 << 8 | 19)
#define BIT 164u
#define SLACK 60u

enum {
    PE = 1,
    TXIE = 2,
    RXIE = 4,
    ADDRIE = 8,
    NACKIE = 0x10,
    STOPIE = 0x20,
    TCIE = 0x40,
    ERRIE = 0x80,
    TXDMAEN = 1 << 14,
    RXDMAEN = 1 << 15,
    SBC = 1 << 16,
    PECEN = 1 << 23,
    RD = 1 << 10,
    START = 1 << 13,
    STOP = 1 << 14,
    RELOAD = 1 << 24,
    AUTOEND = 1 << 25,
    PECBYTE = 1 << 26,
    TXE = 1,
    TXIS = 2,
    RXNE = 4,
    ADDR = 8,
    NACKF = 0x10,
    STOPF = 0x20,
    TC = 0x40,
    TCR = 0x80,
    PECERR = 0x800,
    TIMEOUT = 0x1000,
    BUSY = 0x8000,
    NACK = 0x8000, /* of CR2 */
    DIR = 0x10000,
};
#define NBYTES(n) ((uint32_t)(n) << 16)
#define TMP105 (0x48 << 1)
#define MEMORY (0x50 << 1)
#define TARGET (0x2a << 1)

static volatile uint32_t interrupts, flags_seen;
static uint8_t buffer[32];

static void pins(void)
{
    /* PB8 SCL, PB9 SDA: AF4; PC0, PC1 the same of I2C3; open drain, pulled up */
    GPIOB_AFRH = 0x44;
    GPIOB_OTYPER |= 3 << 8;
    GPIOB_PUPDR |= 5 << 16;
    GPIOB_MODER = (GPIOB_MODER & ~(0xfu << 16)) | 0xau << 16;
    GPIOC_AFRL = 0x44;
    GPIOC_OTYPER |= 3;
    GPIOC_PUPDR |= 5;
    GPIOC_MODER = (GPIOC_MODER & ~0xfu) | 0xau;
}

static void set_up(uint32_t cr1)
{
    I2C1_CR1 = 0;
    I2C1_TIMINGR = TIMING;
    I2C1_CR1 = cr1 | PE;
}

static bool wait_flag(uint32_t flag)
{
    return wait_until(&I2C1_ISR, flag, flag, 100000);
}

static void stopped(void)
{
    wait_flag(STOPF);
    I2C1_ICR = 0x3f38;
}

static void write_bytes(uint32_t address, const uint8_t *data, unsigned count)
{
    I2C1_CR2 = address | NBYTES(count) | AUTOEND | START;
    for (unsigned i = 0; i < count; i++) {
        wait_flag(TXIS);
        I2C1_TXDR = data[i];
    }
    stopped();
}

/* Write the register's number, restart, read. */
static void read_bytes(uint32_t address, uint8_t reg, uint8_t *data, unsigned count)
{
    I2C1_CR2 = address | NBYTES(1) | START;
    wait_flag(TXIS);
    I2C1_TXDR = reg;
    wait_flag(TC);
    I2C1_CR2 = address | NBYTES(count) | AUTOEND | RD | START;
    for (unsigned i = 0; i < count; i++) {
        wait_flag(RXNE);
        data[i] = (uint8_t)I2C1_RXDR;
    }
    stopped();
}

static void thermometer(void)
{
    uint8_t limit[] = {3, 0x5a, 0x80};
    uint8_t got[2] = {0};

    set_up(0);
    read_bytes(TMP105, 3, got, 2);
    CHECK_EQ("THIGH after reset: 80 degrees", got[0] << 8 | got[1], 0x5000);
    write_bytes(TMP105, limit, 3);
    read_bytes(TMP105, 3, got, 2);
    CHECK_EQ("THIGH written", got[0] << 8 | got[1], 0x5a80);
}

static void memory(void)
{
    uint8_t page[9] = {16};
    bool same = true;

    for (unsigned i = 1; i < 9; i++) {
        page[i] = (uint8_t)(i * 17);
    }
    write_bytes(MEMORY, page, 9);
    read_bytes(MEMORY, 16, buffer, 8);
    for (unsigned i = 0; i < 8; i++) {
        same = same && buffer[i] == page[i + 1];
    }
    CHECK("the memory keeps a page", same);
    /* the same in two chunks */
    I2C1_CR2 = MEMORY | NBYTES(1) | RELOAD | START;
    wait_flag(TXIS);
    I2C1_TXDR = 32;
    CHECK("TCR", wait_flag(TCR));
    CHECK("no TC", !(I2C1_ISR & TC));
    I2C1_CR2 = MEMORY | NBYTES(2) | AUTOEND;
    CHECK("TCR is cleared by NBYTES", !(I2C1_ISR & TCR));
    wait_flag(TXIS);
    I2C1_TXDR = 0xbe;
    wait_flag(TXIS);
    I2C1_TXDR = 0xef;
    stopped();
    read_bytes(MEMORY, 32, buffer, 2);
    CHECK_EQ("reloaded", buffer[0] << 8 | buffer[1], 0xbeef);
}

static void nobody(void)
{
    set_up(0);
    I2C1_CR2 = (0x33 << 1) | NBYTES(1) | AUTOEND | START;
    CHECK("NACKF", wait_flag(NACKF));
    CHECK("then STOPF", wait_flag(STOPF));
    CHECK("no TXIS", !(I2C1_ISR & TXIS));
    CHECK("not busy", !(I2C1_ISR & BUSY));
    CHECK_EQ("START is cleared", I2C1_CR2 & START, 0);
    I2C1_ICR = NACKF | STOPF;
    CHECK_EQ("flags cleared", I2C1_ISR, TXE);
    I2C1_CR2 = (1 << 11) | 0x2a5 | NBYTES(1) | AUTOEND | START; /* ten bits */
    CHECK("NACKF of a 10-bit address", wait_flag(NACKF));
    stopped();
}

static void times(void)
{
    uint32_t from, taken;

    set_up(0);
    from = cycles();
    I2C1_CR2 = MEMORY | AUTOEND | START; /* no data */
    wait_flag(STOPF);
    taken = cycles() - from;
    I2C1_ICR = STOPF;
    CHECK_RANGE("start, address, stop", taken, 11 * BIT, 11 * BIT + SLACK);
    from = cycles();
    I2C1_CR2 = MEMORY | NBYTES(2) | AUTOEND | START;
    wait_flag(TXIS);
    I2C1_TXDR = 0;
    wait_flag(TXIS);
    I2C1_TXDR = 0;
    wait_flag(STOPF);
    taken = cycles() - from;
    I2C1_ICR = STOPF;
    CHECK_RANGE("two bytes more", taken, 29 * BIT, 29 * BIT + SLACK);
}

void irq_I2C1_EV(void)
{
    static unsigned sent;
    uint32_t isr = I2C1_ISR;

    interrupts++;
    flags_seen |= isr;
    if (isr & TXIS) {
        I2C1_TXDR = sent++;
    }
    if (isr & RXNE) {
        (void)I2C1_RXDR;
    }
    I2C1_ICR = isr & (NACKF | STOPF);
}

void irq_I2C1_ER(void)
{
    flags_seen |= I2C1_ISR;
    I2C1_ICR = TIMEOUT;
}

static void by_interrupt(void)
{
    irq_enable(IRQ_I2C1_EV);
    irq_enable(IRQ_I2C1_ER);
    set_up(TXIE | RXIE | NACKIE | STOPIE | TCIE | ERRIE);
    interrupts = flags_seen = 0;
    I2C1_CR2 = MEMORY | NBYTES(2) | AUTOEND | START;
    delay_us(400);
    CHECK_EQ("TXIS twice, STOPF", interrupts, 3);
    CHECK_EQ("their flags", flags_seen & (TXIS | STOPF), TXIS | STOPF);
    interrupts = flags_seen = 0;
    I2C1_CR2 = MEMORY | NBYTES(2) | AUTOEND | RD | START;
    delay_us(400);
    CHECK("RXNE twice, STOPF", interrupts == 3 && (flags_seen & RXNE));
    flags_seen = 0;
    I2C1_CR2 = (0x33 << 1) | AUTOEND | START;
    delay_us(400);
    CHECK("NACKF interrupts", flags_seen & NACKF);
    /* SCL low for too long: nobody writes TXDR */
    set_up(ERRIE);
    I2C1_TIMEOUTR = 1 << 15 | 1; /* 2 * 2048 clocks: 128 us */
    flags_seen = 0;
    I2C1_CR2 = MEMORY | NBYTES(1) | AUTOEND | START;
    delay_us(100);
    CHECK("no timeout yet", !(flags_seen & TIMEOUT));
    delay_us(150);
    CHECK("TIMEOUT interrupts", flags_seen & TIMEOUT);
    I2C1_TIMEOUTR = 0;
    irq_disable(IRQ_I2C1_EV);
    irq_disable(IRQ_I2C1_ER);
}

static void by_dma(void)
{
    static uint8_t out[9] = {64, 1, 2, 4, 8, 16, 32, 64, 128};
    bool same = true;

    set_up(TXDMAEN | RXDMAEN);
    DMAMUX1_C0CR = 11; /* I2C1_TX */
    DMA1_CPAR1 = (uint32_t)&I2C1_TXDR;
    DMA1_CMAR1 = (uint32_t)out;
    DMA1_CNDTR1 = 9;
    DMA1_CCR1 = 1 << 7 | 1 << 4 | 1;
    I2C1_CR2 = MEMORY | NBYTES(9) | AUTOEND | START;
    stopped();
    CHECK_EQ("nine sent by DMA", DMA1_CNDTR1, 0);
    DMA1_CCR1 = 0;
    set_up(RXDMAEN);
    DMAMUX1_C0CR = 10; /* I2C1_RX */
    DMA1_CPAR1 = (uint32_t)&I2C1_RXDR;
    DMA1_CMAR1 = (uint32_t)buffer;
    DMA1_CNDTR1 = 8;
    DMA1_CCR1 = 1 << 7 | 1;
    I2C1_CR2 = MEMORY | NBYTES(1) | START;
    wait_flag(TXIS);
    I2C1_TXDR = 64;
    wait_flag(TC);
    I2C1_CR2 = MEMORY | NBYTES(8) | AUTOEND | RD | START;
    stopped();
    for (unsigned i = 0; i < 8; i++) {
        same = same && buffer[i] == 1u << i;
    }
    CHECK("eight received by DMA", same);
    DMA1_CCR1 = 0;
}

/* I2C3 as the target of I2C1 */
static void target(void)
{
    set_up(PECEN);
    I2C3_OAR1 = 1 << 15 | TARGET;
    I2C3_CR1 = PE;
    I2C1_CR2 = TARGET | NBYTES(2) | AUTOEND | START;
    CHECK("ADDR", wait_until(&I2C3_ISR, ADDR, ADDR, 10000));
    CHECK_EQ("its address, to be written", I2C3_ISR >> 16, 0x2a << 1);
    I2C1_TXDR = 0x11;
    delay_us(200);
    CHECK("stretched until ADDRCF", !(I2C3_ISR & RXNE));
    I2C3_ICR = ADDR;
    CHECK("RXNE", wait_until(&I2C3_ISR, RXNE, RXNE, 10000));
    wait_flag(TXIS);
    I2C1_TXDR = 0x22;
    delay_us(200);
    CHECK_EQ("the first", I2C3_RXDR, 0x11);
    CHECK("the second", wait_until(&I2C3_ISR, RXNE, RXNE, 10000) && I2C3_RXDR == 0x22);
    CHECK("STOPF at the target", wait_until(&I2C3_ISR, STOPF, STOPF, 10000));
    CHECK("and at the master", wait_flag(STOPF));
    CHECK_EQ("PEC of 54 11 22", I2C1_PECR, 0x23);
    I2C1_ICR = I2C3_ICR = STOPF;
    I2C1_CR2 = TARGET | NBYTES(1) | AUTOEND | RD | START;
    wait_until(&I2C3_ISR, ADDR, ADDR, 10000);
    CHECK("DIR", I2C3_ISR & DIR);
    I2C3_ICR = ADDR;
    CHECK("TXIS at the target", I2C3_ISR & TXIS);
    delay_us(200);
    CHECK("the master waits", !(I2C1_ISR & RXNE));
    I2C3_TXDR = 0x77;
    CHECK("and reads", wait_flag(RXNE) && I2C1_RXDR == 0x77);
    CHECK("NACKF at the target", wait_until(&I2C3_ISR, NACKF, NACKF, 10000));
    stopped();
}

/* The target is called, and will count these bytes. */
static void count(uint32_t cr2)
{
    wait_until(&I2C3_ISR, ADDR, ADDR, 10000);
    I2C3_CR2 = cr2;
    I2C3_ICR = ADDR;
}

static void send(uint8_t byte)
{
    wait_flag(TXIS);
    I2C1_TXDR = byte;
}

static bool flag3(uint32_t flag)
{
    return wait_until(&I2C3_ISR, flag, flag, 10000);
}

/* CR1.SBC, as SMBus devices use it: the target's software answers each byte. */
static void byte_control(void)
{
    I2C3_CR1 = 0;
    set_up(0);
    I2C3_CR1 = PE | SBC;
    I2C1_CR2 = TARGET | NBYTES(2) | AUTOEND | START;
    count(NBYTES(1) | RELOAD);
    send(0x31);
    CHECK("SBC: TCR after a byte", flag3(TCR | RXNE));
    delay_us(200);
    CHECK("SBC: SCL is low until it is answered",
          !(I2C1_ISR & (NACKF | STOPF)) && (I2C1_ISR & BUSY));
    CHECK_EQ("SBC: the byte", I2C3_RXDR, 0x31);
    send(0x32);
    delay_us(200);
    CHECK_EQ("SBC: reading it is no answer", I2C3_ISR & (RXNE | TCR), TCR);
    I2C3_CR2 = NBYTES(1) | RELOAD;
    CHECK("SBC: the next one", flag3(TCR | RXNE) && I2C3_RXDR == 0x32);
    CHECK_EQ("SBC: the first was acknowledged", I2C1_ISR & NACKF, 0);
    I2C3_CR2 = NBYTES(1) | RELOAD | NACK;
    CHECK("SBC: refused", wait_flag(NACKF) && flag3(STOPF));
    wait_flag(STOPF);
    I2C1_ICR = NACKF | STOPF;
    I2C3_ICR = STOPF;
}

static void with_pec(void)
{
    I2C3_CR1 = 0;
    set_up(PECEN);
    I2C3_CR1 = PE | SBC | PECEN;
    I2C1_CR2 = TARGET | NBYTES(3) | PECBYTE | AUTOEND | START;
    count(NBYTES(3) | PECBYTE);
    send(0x11);
    flag3(RXNE);
    (void)I2C3_RXDR;
    send(0x22);
    flag3(RXNE);
    (void)I2C3_RXDR;
    CHECK("PEC: the target has it as a byte", flag3(RXNE) && I2C3_RXDR == 0x23);
    flag3(STOPF);
    wait_flag(STOPF);
    CHECK_EQ("PEC: right", (I2C3_ISR & PECERR) | (I2C1_ISR & NACKF), 0);
    I2C1_ICR = I2C3_ICR = STOPF;

    I2C1_CR2 = TARGET | NBYTES(2) | AUTOEND | START;
    count(NBYTES(2) | PECBYTE);
    send(0x11);
    flag3(RXNE);
    (void)I2C3_RXDR;
    send(0x22);
    CHECK("PEC: wrong, refused", wait_flag(NACKF) && (I2C3_ISR & PECERR));
    (void)I2C3_RXDR;
    flag3(STOPF);
    wait_flag(STOPF);
    I2C1_ICR = NACKF | STOPF;
    I2C3_ICR = STOPF | PECERR;

    I2C1_CR2 = TARGET | NBYTES(2) | PECBYTE | RD | AUTOEND | START;
    count(NBYTES(2) | PECBYTE);
    CHECK_EQ("PEC: the target sends", I2C3_ISR & TXIS, TXIS);
    I2C3_TXDR = 0x44;
    wait_flag(RXNE);
    CHECK_EQ("PEC: and is asked for no second byte", I2C3_ISR & TXIS, 0);
    (void)I2C1_RXDR;
    CHECK("PEC: it comes by itself, and is right", wait_flag(STOPF) && !(I2C1_ISR & PECERR));
    (void)I2C1_RXDR;
}

void test(void)
{
    clock_hse32();
    clocks_on();
    pins();
    thermometer();
    memory();
    nobody();
    times();
    by_interrupt();
    by_dma();
    target();
    byte_control();
    with_pec();
}
