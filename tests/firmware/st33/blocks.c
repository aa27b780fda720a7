/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.c - the peripherals of the st33 that have no program of their own. */
#include "test.h"

static volatile uint32_t interrupts;

#define COUNT(name)                                                                                \
    void irq_##name(void)                                                                          \
    {                                                                                              \
        interrupts |= 1u << IRQ_##name;                                                            \
        irq_disable(IRQ_##name);                                                                   \
    }
COUNT(HASH)
COUNT(RNG)
COUNT(AES)
COUNT(PKA)
COUNT(TIM0)
COUNT(TIM1)
COUNT(SPI)
COUNT(GPIO)
COUNT(TAMPER)

static bool interrupted(enum irq n)
{
    irq_enable(n);
    for (unsigned i = 0; i < 100000 && !(interrupts >> n & 1); i++) {
    }
    return interrupts >> n & 1;
}

/* --- hash ----------------------------------------------------------------------------------- */

static bool digest_is(const char *hex)
{
    for (unsigned i = 0; hex[2 * i]; i++) {
        uint8_t byte = HASH_DIGEST(i / 4) >> 8 * (i % 4);

        if ("0123456789abcdef"[byte >> 4] != hex[2 * i] ||
            "0123456789abcdef"[byte & 15] != hex[2 * i + 1]) {
            return false;
        }
    }
    return true;
}

static void finish_hash(void)
{
    HASH_CTRL = HASH_FINISH;
    wait_until(&HASH_STAT, HASH_DONE, HASH_DONE, 10000);
}

static void hash(void)
{
    HASH_CTRL = HASH_START;
    HASH_DATA8 = 'a';
    HASH_DATA8 = 'b';
    HASH_DATA8 = 'c';
    HASH_CTRL = HASH_FINISH | 8;
    CHECK("HASH: interrupt", interrupted(IRQ_HASH));
    CHECK("SHA-256 of abc",
          digest_is("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    HASH_CTRL = HASH_START | HASH_WIDE;
    HASH_DATA8 = 'a';
    HASH_DATA8 = 'b';
    HASH_DATA8 = 'c';
    finish_hash();
    CHECK("SHA-512 of abc",
          digest_is("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"));
    HASH_CTRL = HASH_START;
    finish_hash();
    CHECK("SHA-256 of nothing",
          digest_is("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    for (unsigned wide = 0; wide < 2; wide++) {
        HASH_CTRL = HASH_START | (wide ? HASH_WIDE : 0);
        for (unsigned i = 0; i < 1000000 / 4; i++) {
            HASH_DATA = 0x61616161;
        }
        finish_hash();
        CHECK(wide ? "SHA-512 of a million a" : "SHA-256 of a million a",
              digest_is(wide ? "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                               "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"
                             : "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    }
}

/* --- the STM32WB55's blocks: they are there, and interrupt ------------------------------------ */

static void rng(void)
{
    uint32_t first;

    RNG_CR = 4;
    wait_until(&RNG_SR, 1, 1, 10000);
    first = RNG_DR;
    RNG_CR = 4 | 8;
    CHECK("RNG: interrupt", interrupted(IRQ_RNG));
    CHECK("RNG: another number", RNG_DR != first && first != 0);
}

/* FIPS 197, appendix C.1 */
static void aes(void)
{
    static const uint32_t plain[] = {0x00112233, 0x44556677, 0x8899aabb, 0xccddeeff};
    static const uint32_t cipher[] = {0x69c4e0d8, 0x6a7b0430, 0xd8cdb780, 0x70b4c55a};
    bool good = true;

    for (unsigned i = 0; i < 4; i++) {
        AES_KEYR(3 - i) = 0x00010203 + 0x04040404 * i;
    }
    AES_CR = 1 | 1u << 9; /* EN, CCFIE */
    for (unsigned i = 0; i < 4; i++) {
        AES_DINR = plain[i];
    }
    CHECK("AES: interrupt", interrupted(IRQ_AES));
    for (unsigned i = 0; i < 4; i++) {
        good &= AES_DOUTR == cipher[i];
    }
    CHECK("AES: FIPS 197", good);
}

/* RM0434 23.4.x, arithmetic addition: length at 0x404, operands at 0x8b4 and 0xa44, sum at 0xbd0 */
static void pka(void)
{
    PKA_CR = 1;
    wait_until(&PKA_CR, 1, 1, 10000);
    REG32(0x4000c404) = 64;
    REG32(0x4000c8b4) = 0xffffffff;
    REG32(0x4000c8b8) = 0;
    REG32(0x4000ca44) = 2;
    REG32(0x4000ca48) = 1;
    PKA_CR = 1 | 2 | 9u << 8 | 1u << 17;
    CHECK("PKA: interrupt", interrupted(IRQ_PKA));
    CHECK_EQ("PKA: low word of a sum", REG32(0x4000cbd0), 1);
    CHECK_EQ("PKA: high word", REG32(0x4000cbd4), 2);
}

static void timers(void)
{
    for (unsigned n = 0; n < 2; n++) {
        TIM_PSC(n) = 29;
        TIM_ARR(n) = 100000 * (n + 1) - 1;
        TIM_EGR(n) = 1;
        TIM_SR(n) = 0;
        TIM_DIER(n) = 1;
        TIM_CR1(n) = 1;
    }
    irq_enable(IRQ_TIM0);
    irq_enable(IRQ_TIM1);
    delay_us(99000);
    CHECK_EQ("timers: not yet", interrupts & (1u << IRQ_TIM0 | 1u << IRQ_TIM1), 0);
    delay_us(2000);
    CHECK_EQ("TIM0 after 100 ms", interrupts & (1u << IRQ_TIM0 | 1u << IRQ_TIM1), 1u << IRQ_TIM0);
    delay_us(100000);
    CHECK("TIM1 after 200 ms", interrupts >> IRQ_TIM1 & 1);
    TIM_CR1(0) = TIM_CR1(1) = 0;
}

static void spi(void)
{
    SPI_CR2 = 7u << 8 | 1u << 12 | 1u << 6; /* RXNEIE */
    SPI_CR1 = 1u << 2 | 3u << 8;
    SPI_CR1 |= 1u << 6;
    SPI_DR8 = 0x5a;
    CHECK("SPI: a byte goes and one comes", interrupted(IRQ_SPI));
    (void)SPI_DR8;
    SPI_CR1 = 0;
}

static void crc(void)
{
    CRC_CR = 1;
    CRC_DR = 0;
    CHECK_EQ("CRC of a zero word", CRC_DR, 0xc704dd7b);
}

/* --- pins ----------------------------------------------------------------------------------- */

static void gpio(void)
{
    CHECK_EQ("pins: the board pulls CS and reset of the OLED", GPIO_IN, 0x50);
    GPIO_PU = 3;
    CHECK_EQ("pins: pull up", GPIO_IN, 0x53);
    GPIO_DIR = 0x300;
    GPIO_RISE = 0x100;
    GPIO_FALL = 0x200;
    GPIO_OUT = 0x200;
    CHECK_EQ("pins: an output is seen", GPIO_IN & 0x300, 0x200);
    GPIO_SET = 0x100;
    CHECK_EQ("pins: a rising edge", GPIO_FLAG, 0x100);
    CHECK("GPIO: interrupt", interrupted(IRQ_GPIO));
    GPIO_FLAG = 0x100;
    GPIO_CLR = 0x300;
    CHECK_EQ("pins: a falling edge", GPIO_FLAG, 0x200);
    GPIO_FLAG = ~0u;
    GPIO_OD = 0x100;
    GPIO_SET = 0x100;
    CHECK_EQ("pins: open drain lets go", GPIO_IN & 0x100, 0);
    GPIO_PU = 0x103;
    CHECK_EQ("pins: and a pull wins", GPIO_IN & 0x100, 0x100);
    GPIO_FLAG = ~0u;
    GPIO_RISE = 0;
    GPIO_FALL = 0;
}

/* --- life ----------------------------------------------------------------------------------- */

static volatile unsigned nmis;

void exc_NMI(void)
{
    nmis++;
    TAMPER_NMIEN = 0;
}

/* A step further; counters outlive everything. */
static void step(unsigned from)
{
    FLASH_NVC(0) = from + 1;
    wait_until(&FLASH_STAT, FLASH_BUSY, 0, 100000);
}

static void first_life(void)
{
    hash();
    rng();
    aes();
    pka();
    timers();
    spi();
    crc();
    gpio();
    SYS_DBG = 1;
    CHECK_EQ("debug port locked", SYS_DBG, 1);
    SYS_DBG = 0;
    CHECK_EQ("and not unlocked", SYS_DBG, 1);
    WDG_LOAD = 1024;
    WDG_START = WDG_START_KEY;
    for (unsigned i = 0; i < 2; i++) {
        delay_us(300000);
        CHECK_RANGE("the watchdog runs down", WDG_LEFT, 700, 720);
        WDG_KICK = WDG_KICK_KEY;
    }
    step(0);
    for (;;) {
    }
}

/* From the watchdog: until somebody opens the shield, presses the button, cuts the power. */
static void second_life(void)
{
    CHECK_EQ("the watchdog resets", SYS_CAUSE, SYS_CAUSE_POR | SYS_CAUSE_WDG);
    CHECK_EQ("a lock outlives a reset", SYS_DBG, 1);
    TAMPER_SECRET(0) = 0x5ec2e7;
    TAMPER_SECRET(7) = 0x1234;
    TAMPER_NMIEN = 2;
    TAMPER_IRQEN = 2;
    CHECK_EQ("a secret", TAMPER_SECRET(0), 0x5ec2e7);
    CHECK("tamper: interrupt", interrupted(IRQ_TAMPER) || (wfi(), interrupted(IRQ_TAMPER)));
    CHECK_EQ("tamper: NMI", nmis, 1);
    CHECK_EQ("tamper: which", TAMPER_STAT, 2);
    CHECK_EQ("tamper: still open", TAMPER_RAW, 2);
    CHECK_EQ("tamper: the secret is gone", TAMPER_SECRET(0) | TAMPER_SECRET(7), 0);
    GPIO_PU = 1;
    GPIO_FALL = 1;
    GPIO_RISE = 1;
    irq_enable(IRQ_GPIO);
    while (!(interrupts >> IRQ_GPIO & 1)) {
        wfi();
    }
    CHECK_EQ("the button is pressed", GPIO_IN & 1, 0);
    GPIO_FLAG = 1;
    interrupts = 0;
    irq_clear(IRQ_GPIO);
    irq_enable(IRQ_GPIO);
    while (!(interrupts >> IRQ_GPIO & 1)) {
        wfi();
    }
    CHECK_EQ("and released", GPIO_IN & 1, 1);
    TAMPER_SECRET(0) = 0x5ec2e7;
    REG32(RAM_START + 0x8000) = 0x1234;
    step(1);
    for (;;) {
        wfi();
    }
}

static void third_life(void)
{
    CHECK_EQ("power-on again", SYS_CAUSE, SYS_CAUSE_POR);
    CHECK_EQ("RAM is lost", REG32(RAM_START + 0x8000), 0);
    CHECK_EQ("so is the secret", TAMPER_SECRET(0), 0);
    CHECK_EQ("and the lock that is until power-on", SYS_DBG, 0);
    SYS_DBG = 2;
    step(2);
    SYS_RESET = SYS_RESET_KEY;
    for (;;) {
    }
}

void test(void)
{
    switch (FLASH_NVC(0)) {
    case 0:
        first_life();
        break;
    case 1:
        second_life();
        break;
    case 2:
        third_life();
        break;
    case 3:
        CHECK_EQ("locked for ever", SYS_DBG, 2);
        CHECK_EQ("a reset by software", SYS_CAUSE, SYS_CAUSE_POR | SYS_CAUSE_SOFT);
        step(3);
        SYS_POWER = SYS_POWER_KEY;
        for (;;) {
        }
    default:
        CHECK_EQ("off, and back by the reset button", SYS_CAUSE, SYS_CAUSE_POR | SYS_CAUSE_PIN);
    }
}
