/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adc.c - the converter: start-up, calibration, sequences of both groups, triggers, resolution,
 * alignment, offset, oversampling, watchdogs, DMA, overrun, internal channels, times.
 *
 * On the inputs (adc.yaml): IN1 0 V, IN2 3.3 V, IN5 1.2 V, IN6 0.3 V, IN7 a sine; VDDA 3.3 V.
 */
#include "test.h"

#define ADRDY 1u
#define EOSMP 2u
#define EOC 4u
#define EOS 8u
#define OVR 16u
#define JEOC 32u
#define JEOS 64u
#define AWD1 128u
#define AWD2 256u
#define AWD3 512u
#define JQOVF 1024u
#define ADEN 1u
#define ADDIS 2u
#define ADSTART 4u
#define JADSTART 8u
#define ADSTP 16u
#define JADSTP 32u
#define ADVREGEN (1u << 28)
#define DEEPPWD (1u << 29)
#define ADCALDIF (1u << 30)
#define ADCAL (1u << 31)
#define DMAEN 1u
#define DMACFG 2u
#define RES(n) ((n) << 3)
#define ALIGN (1u << 5)
#define EXTSEL(n) ((n) << 6)
#define RISING (1u << 10)
#define OVRMOD (1u << 12)
#define CONT (1u << 13)
#define AUTDLY (1u << 14)
#define DISCEN (1u << 16)
#define DISCNUM(n) (((n)-1) << 17)
#define JDISCEN (1u << 20)
#define AWD1SGL (1u << 22)
#define AWD1EN (1u << 23)
#define JAUTO (1u << 25)
#define AWD1CH(n) ((n) << 26)
#define JQDIS (1u << 31)

/* 1.2 V and 0.3 V of 3.3 V in 4096 steps */
#define CODE5 1489u
#define CODE6 372u
#define TOP 4095u

/* Everything as after enabling, with another CFGR. */
static void configure(uint32_t cfgr)
{
    if (ADC1_CR & ADSTART) {
        ADC1_CR |= ADSTP;
    }
    if (ADC1_CR & JADSTART) {
        ADC1_CR |= JADSTP;
    }
    ADC1_CFGR = cfgr;
    ADC1_CFGR2 = 0;
    ADC1_OFR1 = 0;
    ADC1_JSQR = 0;
    (void)ADC1_DR;
    ADC1_ISR = ~0u;
}

/* One channel */
static void one(unsigned channel)
{
    ADC1_SQR1 = channel << 6;
}

static uint32_t convert(void)
{
    ADC1_CR |= ADSTART;
    if (!wait_until(&ADC1_ISR, EOC, EOC, 100000)) {
        return ~0u;
    }
    return ADC1_DR;
}

static void start_up(void)
{
    CHECK_EQ("in deep power-down after reset", ADC1_CR, DEEPPWD);
    ADC1_CCR = 1u << 16; /* HCLK, 64 MHz */
    ADC1_CR = 0;
    ADC1_CR = ADEN;
    CHECK_EQ("no ADEN without the regulator", ADC1_CR, 0);
    ADC1_CR = ADVREGEN;
    delay_us(20);
    ADC1_CR |= ADCAL;
    CHECK_EQ("ADCAL stays for the calibration", ADC1_CR, ADVREGEN | ADCAL);
    CHECK("ADCAL ends", wait_until(&ADC1_CR, ADCAL, 0, 100000));
    CHECK("single-ended factor", (ADC1_CALFACT & 0x7f) != 0);
    ADC1_CR |= ADCALDIF;
    ADC1_CR |= ADCAL;
    CHECK("differential calibration ends", wait_until(&ADC1_CR, ADCAL, 0, 100000));
    CHECK("differential factor", (ADC1_CALFACT >> 16 & 0x7f) != 0);
    ADC1_CR &= ~ADCALDIF;
    CHECK_EQ("no flag before", ADC1_ISR, 0);
    ADC1_CR |= ADEN;
    CHECK("ADRDY", wait_until(&ADC1_ISR, ADRDY, ADRDY, 100000));
    ADC1_ISR = ADRDY;
    CHECK_EQ("ADRDY is cleared", ADC1_ISR, 0);
    CHECK_EQ("ADEN", ADC1_CR, ADVREGEN | ADEN);
}

static void single(void)
{
    configure(JQDIS);
    one(5);
    CHECK_EQ("1.2 V", convert(), CODE5);
    CHECK_EQ("flags of one conversion", ADC1_ISR, EOSMP | EOS);
    CHECK_EQ("ADSTART falls", ADC1_CR, ADVREGEN | ADEN);
    one(1);
    CHECK_EQ("0 V", convert(), 0);
    one(2);
    CHECK_EQ("VDDA", convert(), TOP);

    for (unsigned res = 1; res < 4; res++) {
        static const char *const names[] = {"", "10 bits", "8 bits", "6 bits"};

        configure(JQDIS | RES(res));
        one(5);
        CHECK_EQ(names[res], convert(), CODE5 >> (2 * res));
    }
    configure(JQDIS | ALIGN);
    CHECK_EQ("left-aligned", convert(), CODE5 << 4);
    configure(JQDIS | ALIGN | RES(3));
    CHECK_EQ("left-aligned 6 bits", convert(), CODE5 >> 6 << 2);
    configure(JQDIS);
    ADC1_OFR1 = 1u << 31 | 5u << 26 | 2000;
    CHECK_EQ("offset, below zero", convert(), (CODE5 - 2000) & 0xffff);
    configure(JQDIS);

    ADC1_CR |= ADDIS;
    CHECK("ADDIS ends", wait_until(&ADC1_CR, ADDIS | ADEN, 0, 1000));
    ADC1_DIFSEL = 1u << 5;
    ADC1_CR |= ADEN;
    wait_until(&ADC1_ISR, ADRDY, ADRDY, 100000);
    /* IN5 - IN6 = 0.9 V */
    CHECK_EQ("differential", convert(), 2048 + 558);
    ADC1_CR |= ADDIS;
    ADC1_DIFSEL = 0;
    ADC1_CR |= ADEN;
    wait_until(&ADC1_ISR, ADRDY, ADRDY, 100000);
}

static void sequences(void)
{
    uint32_t got[4], flags;

    configure(JQDIS);
    ADC1_SMPR1 = 7u << 15 | 7u << 18 | 7u << 6;    /* slow enough to look on */
    ADC1_SQR1 = 2 | 5u << 6 | 6u << 12 | 2u << 18; /* IN5, IN6, IN2 */
    got[0] = convert();
    flags = ADC1_ISR;
    wait_until(&ADC1_ISR, EOC, EOC, 10000);
    got[1] = ADC1_DR;
    wait_until(&ADC1_ISR, EOC, EOC, 10000);
    got[2] = ADC1_DR;
    CHECK_EQ("sequence: first", got[0], CODE5);
    CHECK("sequence: EOS is not yet", !(flags & EOS));
    CHECK_EQ("sequence: second", got[1], CODE6);
    CHECK_EQ("sequence: third", got[2], TOP);
    CHECK("sequence: EOS", ADC1_ISR & EOS);
    CHECK_EQ("sequence: ends", ADC1_CR & ADSTART, 0);

    configure(JQDIS | DISCEN | DISCNUM(1));
    CHECK_EQ("discontinuous: first", convert(), CODE5);
    CHECK_EQ("discontinuous: stops", ADC1_CR & ADSTART, 0);
    CHECK_EQ("discontinuous: second", convert(), CODE6);
    CHECK("discontinuous: EOS is not yet", !(ADC1_ISR & EOS));
    CHECK_EQ("discontinuous: third", convert(), TOP);
    CHECK("discontinuous: EOS", ADC1_ISR & EOS);
    CHECK_EQ("discontinuous: from the start again", convert(), CODE5);
    convert();
    convert();

    configure(JQDIS | CONT | AUTDLY);
    ADC1_CR |= ADSTP;
    for (unsigned i = 0; i < 4; i++) {
        got[i] = i ? ADC1_DR : convert();
        wait_until(&ADC1_ISR, EOC, EOC, 10000);
        delay_us(50);
    }
    CHECK("AUTDLY: waits for the reader", !(ADC1_ISR & OVR));
    CHECK_EQ("AUTDLY: first", got[0], CODE5);
    CHECK_EQ("AUTDLY: second", got[1], CODE6);
    CHECK_EQ("AUTDLY: third", got[2], TOP);
    CHECK_EQ("continuous: goes round", got[3], CODE5);
    CHECK("continuous: goes on", ADC1_CR & ADSTART);
    ADC1_CR |= ADSTP;
    CHECK("ADSTP ends", wait_until(&ADC1_CR, ADSTP | ADSTART, 0, 1000));

    ADC1_SMPR1 = 0;
    configure(JQDIS | CONT);
    ADC1_CR |= ADSTART;
    CHECK("overrun", wait_until(&ADC1_ISR, OVR, OVR, 10000));
    CHECK_EQ("overrun: the old value stays", ADC1_DR, CODE5);
    configure(JQDIS | CONT | OVRMOD);
    one(7);
    ADC1_CR |= ADSTART;
    CHECK("OVRMOD: overrun", wait_until(&ADC1_ISR, OVR, OVR, 10000));
    ADC1_CR |= ADSTP;
    (void)ADC1_DR;
}

static void injected(void)
{
    configure(JQDIS);
    one(2);
    ADC1_JSQR = 1 | 5u << 8 | 6u << 14; /* IN5, IN6 by software */
    ADC1_CR |= JADSTART;
    CHECK("injected: JEOS", wait_until(&ADC1_ISR, JEOS, JEOS, 10000));
    CHECK("injected: JEOC", ADC1_ISR & JEOC);
    CHECK_EQ("injected: first", ADC1_JDR1, CODE5);
    CHECK_EQ("injected: second", ADC1_JDR2, CODE6);
    CHECK_EQ("injected: ends", ADC1_CR & JADSTART, 0);
    CHECK("injected: no EOC", !(ADC1_ISR & EOC));

    configure(JQDIS | JDISCEN);
    ADC1_JSQR = 1 | 6u << 8 | 5u << 14;
    ADC1_CR |= JADSTART;
    wait_until(&ADC1_ISR, JEOC, JEOC, 10000);
    CHECK("injected, discontinuous: not through", !(ADC1_ISR & JEOS));
    CHECK_EQ("injected, discontinuous: first", ADC1_JDR1, CODE6);
    ADC1_CR |= JADSTART;
    CHECK("injected, discontinuous: through", wait_until(&ADC1_ISR, JEOS, JEOS, 10000));

    configure(JQDIS);
    ADC1_SMPR1 = 7u << 6; /* IN2: 640.5 cycles */
    ADC1_JSQR = 5u << 8;
    ADC1_CR |= ADSTART;
    ADC1_CR |= JADSTART;
    CHECK("injected interrupts regular",
          wait_until(&ADC1_ISR, JEOS, JEOS, 100) && !(ADC1_ISR & EOC));
    CHECK("which comes afterwards", wait_until(&ADC1_ISR, EOC, EOC, 10000));
    CHECK_EQ("with its value", ADC1_DR, TOP);
    ADC1_SMPR1 = 0;

    configure(JQDIS | JAUTO);
    ADC1_JSQR = 6u << 8;
    CHECK_EQ("JAUTO: regular", convert(), TOP);
    CHECK("JAUTO: injected follows", wait_until(&ADC1_ISR, JEOS, JEOS, 10000));
    CHECK_EQ("JAUTO: injected value", ADC1_JDR1, CODE6);

    configure(0);                  /* a queue of contexts */
    ADC1_JSQR = 5u << 8 | 1u << 6; /* by TIM1_TRGO, which does not come */
    ADC1_CR |= JADSTART;
    ADC1_JSQR = 6u << 8 | 1u << 6;
    CHECK("queue: takes a second context", !(ADC1_ISR & JQOVF));
    ADC1_JSQR = 2u << 8 | 1u << 6;
    CHECK("queue: overflows with a third", ADC1_ISR & JQOVF);
    configure(JQDIS);
}

static void oversampling(void)
{
    configure(JQDIS);
    one(5);
    ADC1_CFGR2 = 1u | 3u << 2; /* 16 times */
    CHECK_EQ("16 times: the sum", convert(), CODE5 * 16);
    ADC1_CFGR2 = 1u | 3u << 2 | 4u << 5;
    CHECK_EQ("16 times, shifted by 4", convert(), CODE5);
    ADC1_CFGR2 = 1u | 7u << 2 | 4u << 5;
    CHECK_EQ("256 times, shifted by 4", convert(), CODE5 * 16);
    ADC1_CFGR2 = 2u | 1u << 2;
    ADC1_JSQR = 6u << 8;
    ADC1_CR |= JADSTART;
    wait_until(&ADC1_ISR, JEOS, JEOS, 10000);
    CHECK_EQ("injected, 4 times", ADC1_JDR1, CODE6 * 4);
}

static void watchdogs(void)
{
    configure(JQDIS | AWD1EN | AWD1SGL | AWD1CH(5));
    one(5);
    ADC1_TR1 = 2000u << 16 | 1000;
    convert();
    CHECK("watchdog 1: within", !(ADC1_ISR & AWD1));
    ADC1_TR1 = 1400u << 16 | 1000;
    convert();
    CHECK("watchdog 1: above", ADC1_ISR & AWD1);
    ADC1_ISR = AWD1;
    ADC1_TR1 = 2000u << 16 | 1600;
    convert();
    CHECK("watchdog 1: below", ADC1_ISR & AWD1);
    ADC1_ISR = AWD1;
    one(6);
    convert();
    CHECK("watchdog 1: another channel", !(ADC1_ISR & AWD1));
    ADC1_AWD2CR = 1u << 6;
    ADC1_TR2 = 0xffu << 16 | 0x20;
    ADC1_AWD3CR = 1u << 6;
    ADC1_TR3 = 0x40u << 16;
    convert();
    CHECK_EQ("watchdog 2 below, 3 within", ADC1_ISR & (AWD2 | AWD3), AWD2);
    ADC1_AWD2CR = 0;
    ADC1_AWD3CR = 0;
    ADC1_TR1 = 0x0fff0000;
}

static volatile unsigned interrupts;
static volatile uint32_t seen;

void irq_ADC1(void)
{
    interrupts++;
    seen = ADC1_ISR & ADC1_IER;
    ADC1_ISR = seen;
}

static void interrupt(void)
{
    configure(JQDIS);
    one(5);
    ADC1_IER = EOS;
    irq_enable(IRQ_ADC1);
    ADC1_CR |= ADSTART;
    delay_us(20);
    CHECK_EQ("one interrupt", interrupts, 1);
    CHECK_EQ("of EOS", seen, EOS);
    (void)ADC1_DR;
    ADC1_ISR = ~0u;
    ADC1_IER = EOSMP;
    ADC1_CR |= ADSTART;
    delay_us(20);
    CHECK_EQ("one interrupt more", interrupts, 2);
    CHECK_EQ("of EOSMP", seen, EOSMP);
    ADC1_IER = 0;
    irq_disable(IRQ_ADC1);
}

static uint16_t buffer[64];

static void dma_start(unsigned count, uint32_t circular)
{
    DMA1_CCR1 = 0;
    DMA1_IFCR = ~0u;
    DMAMUX1_C0CR = 5;
    DMA1_CPAR1 = (uint32_t)&ADC1_DR;
    DMA1_CMAR1 = (uint32_t)buffer;
    DMA1_CNDTR1 = count;
    DMA1_CCR1 = 1u << 10 | 1u << 8 | 1u << 7 | circular | 1u;
}

static void dma(void)
{
    configure(JQDIS | DMAEN | CONT);
    ADC1_SMPR1 = 2u << 15 | 2u << 18 | 2u << 6;
    ADC1_SQR1 = 2 | 5u << 6 | 6u << 12 | 2u << 18;
    dma_start(6, 0);
    ADC1_CR |= ADSTART;
    CHECK("DMA: six values", wait_until(&DMA1_ISR, 2, 2, 100000));
    CHECK("DMA: in order", buffer[0] == CODE5 && buffer[1] == CODE6 && buffer[2] == TOP &&
                               buffer[3] == CODE5 && buffer[4] == CODE6 && buffer[5] == TOP);
    CHECK("DMA: then an overrun", wait_until(&ADC1_ISR, OVR, OVR, 10000));
    configure(JQDIS | DMAEN | DMACFG | CONT);
    dma_start(4, 1u << 5);
    ADC1_CR |= ADSTART;
    for (unsigned i = 0; i < 3; i++) {
        CHECK(i == 0   ? "DMA circular: first round"
              : i == 1 ? "second"
                       : "third",
              wait_until(&DMA1_ISR, 2, 2, 100000));
        DMA1_IFCR = ~0u;
    }
    CHECK("DMA circular: no overrun", !(ADC1_ISR & OVR));
    ADC1_CR |= ADSTP;
    DMA1_CCR1 = 0;
    configure(JQDIS);
}

/* Conversions a second: sampling and conversion, 64 MHz. */
static void timing(void)
{
    uint32_t start;

    configure(JQDIS | CONT);
    one(5);
    ADC1_SMPR1 = 6u << 15; /* 247.5 + 12.5 cycles: 4.0625 us */
    DMA1_CCR1 = 0;
    configure(JQDIS | CONT | DMAEN);
    dma_start(64, 0);
    start = cycles();
    ADC1_CR |= ADSTART;
    wait_until(&DMA1_ISR, 2, 2, 100000);
    CHECK_RANGE("ns of 64 conversions", ns_since(start), 64 * 260 * 1000 / 64,
                64 * 260 * 1000 / 64 + 4000);
    configure(JQDIS);
    ADC1_CCR = 0; /* asynchronous clock: none is selected */
    ADC1_CR |= ADSTART;
    delay_us(20);
    CHECK("no conversion without a clock", !(ADC1_ISR & EOC));
    RCC_CCIPR = (RCC_CCIPR & ~(3u << 28)) | 3u << 28; /* SYSCLK */
    ADC1_CCR = 2u << 18;                              /* by 4 */
    start = cycles();
    wait_until(&ADC1_ISR, EOC, EOC, 10000);
    CHECK_RANGE("ns of a conversion at 16 MHz", ns_since(start), 15500, 18500);
    ADC1_CCR = 1u << 16;
    (void)ADC1_DR;
}

/* TIM2's update, 1 kHz, starts a regular conversion; TIM1's an injected one. */
static void triggers(void)
{
    uint32_t start, first;

    configure(JQDIS | EXTSEL(11) | RISING);
    one(5);
    TIM2_PSC = 63;
    TIM2_ARR = 999;
    TIM2_CR2 = 2u << 4; /* TRGO: update */
    TIM2_EGR = 1;
    ADC1_CR |= ADSTART;
    delay_us(100);
    CHECK("no conversion before the trigger", !(ADC1_ISR & EOC));
    start = cycles();
    TIM2_CR1 = 1;
    wait_until(&ADC1_ISR, EOC, EOC, 100000);
    first = ADC1_DR;
    for (unsigned i = 0; i < 9; i++) {
        wait_until(&ADC1_ISR, EOC, EOC, 100000);
        (void)ADC1_DR;
    }
    CHECK_RANGE("us of ten conversions by TIM2", ns_since(start) / 1000, 9990, 10040);
    CHECK_EQ("value by trigger", first, CODE5);
    CHECK("ADSTART stays", ADC1_CR & ADSTART);
    CHECK("no overrun", !(ADC1_ISR & OVR));
    TIM2_CR1 = 0;
    configure(JQDIS);
    ADC1_JSQR = 6u << 8 | 1u << 6; /* JEXTSEL 0: TIM1_TRGO, rising */
    TIM1_CR2 = 2u << 4;
    ADC1_CR |= JADSTART;
    TIM1_EGR = 1;
    TIM1_EGR = 1;
    CHECK("TIM1_TRGO starts the injected group", wait_until(&ADC1_ISR, JEOS, JEOS, 1000));
    CHECK_EQ("injected value", ADC1_JDR1, CODE6);
    configure(JQDIS);
}

static void internal_channels(void)
{
    uint32_t code, mv, kelvin10;
    uint32_t cal1 = HALF(REG32(0x1fff75a8)), cal2 = HALF(REG32(0x1fff75ca));

    configure(JQDIS);
    one(0);
    CHECK_EQ("VREFINT is off", convert(), 0);
    ADC1_CCR |= 7u << 22;
    code = convert();
    mv = HALF(REG32(0x1fff75aa)) * 3600 / code;
    CHECK_RANGE("VDDA by VREFINT, mV", mv, 3285, 3315);
    one(17);
    code = convert() * 3300 / 3000;
    kelvin10 = 300 + (code - cal1) * 1000 / (cal2 - cal1);
    CHECK_RANGE("temperature by the calibration, 0.1 degrees", kelvin10, 785, 815);
    one(18);
    CHECK_EQ("VBAT / 3", convert(), 1365);
    ADC1_CCR = 1u << 16;

    VREFBUF_CSR = 1u | 4u; /* 2.5 V */
    CHECK("VREFBUF: VRR", wait_until(&VREFBUF_CSR, 8, 8, 100000));
    one(5);
    CHECK_EQ("1.2 V of 2.5 V", convert(), 1966);
    VREFBUF_CSR = 2;
    CHECK_EQ("VREFBUF: off", VREFBUF_CSR, 2);
}

/* A period of the sine: 16 samples, 62.5 us apart. */
static void sine(void)
{
    uint32_t low = ~0u, high = 0, sum = 0;

    configure(JQDIS);
    one(7);
    for (unsigned i = 0; i < 32; i++) {
        uint32_t start = cycles();
        uint32_t code = convert();

        low = code < low ? code : low;
        high = code > high ? code : high;
        sum += code;
        while (cycles() - start < 64 * 125 / 2) {
        }
    }
    CHECK_RANGE("sine: lowest", low, 806, 850);
    CHECK_RANGE("sine: highest", high, 3240, 3290);
    CHECK_RANGE("sine: mean", sum / 32, 2028, 2068);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    start_up();
    single();
    sequences();
    injected();
    oversampling();
    watchdogs();
    interrupt();
    dma();
    timing();
    triggers();
    internal_channels();
    sine();
}
