/* SPDX-License-Identifier: Apache-2.0 */
/* dma.c - DMA1, DMA2 and DMAMUX1: widths, modes, priorities, errors, generators, synchronisation.
 */
#include "test.h"

/* one channel of a controller */
struct channel {
    volatile uint32_t ccr, cndtr, cpar, cmar, gap;
};
#define DMA1_CHANNEL(n) ((struct channel *)(DMA1_BASE + 8) + ((n)-1))
#define DMA2_CHANNEL(n) ((struct channel *)(DMA2_BASE + 8) + ((n)-1))
#define MUX(channel) REG32(DMAMUX1_BASE + 4 * (channel))

enum {
    EN = 1,
    TCIE = 2,
    HTIE = 4,
    TEIE = 8,
    FROM_MEMORY = 16,
    CIRC = 32,
    PINC = 64,
    MINC = 128,
    P16 = 1 << 8,
    P32 = 2 << 8,
    M16 = 1 << 10,
    M32 = 2 << 10,
    MEM2MEM = 1 << 14,
};
#define PL(level) ((level) << 12)
#define TC(n) (2u << (4 * ((n)-1)))
#define HT(n) (4u << (4 * ((n)-1)))
#define TE(n) (8u << (4 * ((n)-1)))

static uint32_t source[64], target[64];
static volatile unsigned interrupts;
static volatile uint32_t flags_seen;

void irq_DMA1_CH3(void)
{
    interrupts++;
    flags_seen |= DMA1_ISR;
    DMA1_IFCR = 0xfu << 8;
}

void irq_DMAMUX1(void)
{
    interrupts++;
    DMAMUX1_RGCFR = 0xf;
    DMAMUX1_CFR = 0x3fff;
}

static void start(struct channel *c, const volatile void *peripheral, const volatile void *memory,
                  unsigned count, uint32_t ccr)
{
    c->ccr = 0;
    c->cpar = (uint32_t)peripheral;
    c->cmar = (uint32_t)memory;
    c->cndtr = count;
    c->ccr = ccr | EN;
}

static void fill(void)
{
    for (unsigned i = 0; i < 64; i++) {
        source[i] = 0x80818283u + 0x04040404u * i;
        target[i] = 0;
    }
}

static void copies(void)
{
    struct channel *c = DMA1_CHANNEL(1);
    const uint8_t *bytes = (const uint8_t *)target;
    bool same = true;
    uint32_t from;

    fill();
    from = cycles();
    start(c, source, target, 64, MEM2MEM | PINC | MINC | P32 | M32);
    CHECK("CNDTR counts down live", c->cndtr <= 64 && c->cndtr > 32);
    while (!(DMA1_ISR & TC(1))) {
    }
    CHECK_RANGE("64 beats take 5 cycles each", cycles() - from, 64 * 5, 64 * 5 + 60);
    for (unsigned i = 0; i < 64; i++) {
        same &= target[i] == source[i];
    }
    CHECK("memory to memory, words", same);
    CHECK_EQ("CNDTR is 0 at the end", c->cndtr, 0);
    CHECK_EQ("half, complete and global flags", DMA1_ISR, 7);
    CHECK_EQ("CPAR stays as written", c->cpar, (uint32_t)source);
    DMA1_IFCR = 1;
    CHECK_EQ("the global flag clears the others", DMA1_ISR, 0);

    fill();
    start(c, source, target, 4, MEM2MEM | PINC | MINC | M32); /* bytes to words */
    delay_us(20);
    CHECK("bytes to words, zero extended", target[0] == 0x83 && target[3] == 0x80);
    fill();
    start(c, source, target, 4, MEM2MEM | PINC | MINC | P32); /* words to bytes */
    delay_us(20);
    CHECK("words to bytes, truncated",
          bytes[0] == 0x83 && bytes[1] == 0x87 && bytes[3] == 0x8f && bytes[4] == 0);
    fill();
    start(c, source, (uint8_t *)target + 1, 2, MEM2MEM | PINC | MINC | P16 | M16);
    delay_us(20);
    CHECK_EQ("the address is aligned to the size", target[0], source[0]);
    fill();
    start(c, target, source, 4, MEM2MEM | FROM_MEMORY | MINC | P32 | M32);
    delay_us(20);
    CHECK("DIR: from memory, fixed target", target[0] == source[3] && target[1] == 0);
    c->ccr = 0;
    DMA1_IFCR = 0x0fffffff;
}

static void configuration(void)
{
    struct channel *c = DMA2_CHANNEL(7);

    start(c, source, target, 10, MINC);
    c->ccr = EN | PINC | TCIE;
    CHECK_EQ("while enabled only interrupt enables change", c->ccr, EN | MINC | TCIE);
    c->cndtr = 3;
    CHECK_EQ("CNDTR is read-only then", c->cndtr, 10);
    c->ccr = 0;
    c->cndtr = 0x12345;
    CHECK_EQ("CNDTR has 16 bits", c->cndtr, 0x2345);
    c->cndtr = 0;
}

/* Wire generator 0 (triggered by EXTI line 0, pin PA0) to a mux channel. */
static void generate(unsigned mux_channel, unsigned requests)
{
    MUX(mux_channel) = 1;
    DMAMUX1_RG0CR = 0;
    DMAMUX1_RG0CR = (requests - 1) << 19 | 1 << 17 | 1 << 16;
}

static void trigger(void)
{
    GPIOA_BSRR = 1;
    GPIOA_BRR = 1;
    delay_cycles(100);
}

static void generators(void)
{
    struct channel *c = DMA1_CHANNEL(3);

    GPIOA_MODER = (GPIOA_MODER & ~3u) | 1;
    irq_enable(IRQ_DMA1_CH3);
    irq_enable(IRQ_DMAMUX1);
    fill();
    interrupts = flags_seen = 0;
    generate(2, 2);
    start(c, source, target, 4, PINC | MINC | P32 | M32 | TCIE | HTIE);
    CHECK_EQ("nothing moves without a request", c->cndtr, 4);
    trigger();
    CHECK_EQ("two requests a trigger", c->cndtr, 2);
    CHECK_EQ("half transfer interrupt", flags_seen & (HT(3) | TC(3)), HT(3));
    trigger();
    CHECK_EQ("complete", c->cndtr, 0);
    CHECK_EQ("transfer complete interrupt", flags_seen & (HT(3) | TC(3)), HT(3) | TC(3));
    CHECK_EQ("one interrupt each", interrupts, 2);

    interrupts = 0;
    DMAMUX1_RG0CR |= 1 << 8;
    trigger(); /* channel complete: requests stay */
    trigger();
    CHECK_EQ("a trigger before the last was served: overrun interrupt", interrupts, 1);
    DMAMUX1_RG0CR = 0;
    c->ccr = 0;

    generate(2, 1);
    start(c, source, target, 3, CIRC | PINC | MINC | P32 | M32);
    for (unsigned i = 0; i < 4; i++) {
        trigger();
    }
    CHECK_EQ("circular: reloaded", c->cndtr, 2);
    c->ccr = 0;
    DMA1_IFCR = 0x0fffffff;
    DMAMUX1_RG0CR = 0;
}

/* Both channels have a lasting request; the one with the higher level is served first. */
static void priorities(void)
{
    struct channel *low = DMA1_CHANNEL(1), *high = DMA1_CHANNEL(5);

    fill();
    low->cpar = high->cpar = (uint32_t)source;
    low->cmar = (uint32_t)target;
    high->cmar = (uint32_t)(target + 32);
    low->cndtr = high->cndtr = 30;
    low->ccr = EN | MEM2MEM | PINC | MINC | P32 | M32;
    high->ccr = EN | MEM2MEM | PINC | MINC | P32 | M32 | PL(3);
    while (!(DMA1_ISR & TC(5))) {
    }
    CHECK("a higher priority level goes first", low->cndtr > 20);
    low->ccr = high->ccr = 0;
    DMA1_IFCR = 0x0fffffff;
    low->cndtr = high->cndtr = 30;
    high->ccr = EN | MEM2MEM | PINC | MINC | P32 | M32;
    low->ccr = EN | MEM2MEM | PINC | MINC | P32 | M32;
    while (!(DMA1_ISR & TC(1))) {
    }
    CHECK("then the lower number", high->cndtr > 20);
    low->ccr = high->ccr = 0;
    DMA1_IFCR = 0x0fffffff;
}

static void errors(void)
{
    struct channel *c = DMA1_CHANNEL(3);

    interrupts = flags_seen = 0;
    start(c, (void *)0x30000000, target, 4, MEM2MEM | TEIE | TCIE);
    delay_us(20);
    CHECK_EQ("an access to nowhere: transfer error", flags_seen & (TE(3) | TC(3)), TE(3));
    CHECK_EQ("the channel is off", c->ccr & EN, 0);
    irq_disable(IRQ_DMA1_CH3);
    start(c, (void *)0x30000000, target, 4, MEM2MEM);
    delay_us(20);
    c->ccr |= EN;
    CHECK_EQ("and stays off until the flag is cleared", c->ccr & EN, 0);
    DMA1_IFCR = 0x0fffffff;
}

/* Channel 1 of the mux passes three requests of generator 0 for each edge on EXTI line 1 (PA1). */
static void synchronisation(void)
{
    struct channel *c = DMA1_CHANNEL(2);

    GPIOA_MODER = (GPIOA_MODER & ~0xcu) | 4;
    GPIOA_BRR = 3;
    generate(1, 8);
    MUX(1) = 1u << 24 | 2u << 19 | 1u << 17 | 1u << 16 | 1u << 9 | 1;
    start(c, source, target, 20, PINC | MINC | P32 | M32);
    trigger();
    CHECK_EQ("requests wait for the synchronisation", c->cndtr, 20);
    GPIOA_BSRR = 2;
    GPIOA_BRR = 2;
    delay_cycles(100);
    CHECK_EQ("three pass", c->cndtr, 17);
    GPIOA_BSRR = 2;
    GPIOA_BRR = 2;
    GPIOA_BSRR = 2;
    GPIOA_BRR = 2;
    delay_cycles(100);
    CHECK_EQ("two edges at once: an overrun", DMAMUX1_CSR, 2);
    DMAMUX1_CFR = 2;
    CHECK_EQ("cleared", DMAMUX1_CSR, 0);
    c->ccr = 0;
    DMAMUX1_RG0CR = 0;
    MUX(1) = 0;
}

/* The event of mux channel 0 (each 2 requests) triggers generator 1, which feeds mux channel 7. */
static void chained(void)
{
    struct channel *first = DMA1_CHANNEL(1), *second = DMA2_CHANNEL(1);

    GPIOA_BRR = 1;
    generate(0, 4);
    MUX(0) = 1u << 19 | 1u << 9 | 1;
    MUX(7) = 2;
    DMAMUX1_RG1CR = 1u << 17 | 1u << 16 | 16;
    start(second, source, target, 10, MINC | M32 | P32);
    start(first, source, target + 32, 10, MINC | M32 | P32);
    trigger();
    CHECK_EQ("four requests", first->cndtr, 6);
    CHECK_EQ("two events, each a request of DMA2's channel 1", second->cndtr, 8);
    first->ccr = second->ccr = 0;
    DMAMUX1_RG0CR = DMAMUX1_RG1CR = 0;
    MUX(0) = MUX(7) = 0;
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    copies();
    configuration();
    generators();
    priorities();
    errors();
    synchronisation();
    chained();
}
