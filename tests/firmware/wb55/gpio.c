/* SPDX-License-Identifier: Apache-2.0 */
/* gpio.c - ports, levels of pins, the lock, EXTI. Needs gpio.yaml: PC4 is held low, PA0 - PA1
 * wired. */
#include "test.h"

#define PIN2(n, value) ((uint32_t)(value) << (2 * (n)))

static volatile uint32_t exti0, exti9_5, exti15_10;

void irq_EXTI0(void)
{
    exti0++;
    EXTI_PR1 = 1;
}

void irq_EXTI5_9(void)
{
    exti9_5 |= EXTI_PR1;
    EXTI_PR1 = 0x3e0;
}

void irq_EXTI10_15(void)
{
    exti15_10 |= EXTI_PR1;
    EXTI_PR1 = 0xfc00;
}

static void set_mode(volatile uint32_t *moder, unsigned pin, unsigned mode)
{
    *moder = (*moder & ~PIN2(pin, 3)) | PIN2(pin, mode);
}

static void registers(void)
{
    CHECK_EQ("port A after reset: debug pins", GPIOA_MODER, 0xabffffff);
    CHECK_EQ("their pulls", GPIOA_PUPDR, 0x64000000);
    CHECK_EQ("and levels", GPIOA_IDR, 0xa000);
    GPIOB_ODR = 0;
    GPIOB_BSRR = 0x00070001u << 3; /* set bit 3, reset 3 to 5: set wins */
    CHECK_EQ("BSRR: set wins over reset", GPIOB_ODR, 1u << 3);
    GPIOB_BRR = 1u << 3;
    CHECK_EQ("BRR", GPIOB_ODR, 0);
    HALF(GPIOB_BSRR) = 0x8000;
    CHECK_EQ("BSRR by halfword", GPIOB_ODR, 0x8000);
    BYTE(GPIOB_ODR) = 0x5a;
    CHECK_EQ("ODR by byte", GPIOB_ODR, 0x805a);
    GPIOB_ODR = 0;
    CHECK_EQ("BSRR reads as 0", GPIOB_BSRR, 0);
    GPIOE_PUPDR = 0xffffffff;
    CHECK_EQ("port E has five pins", GPIOE_PUPDR, 0x3ff);
    GPIOE_PUPDR = 0;
}

static void levels(void)
{
    set_mode(&GPIOC_MODER, 4, 0);
    set_mode(&GPIOD_MODER, 0, 0);
    CHECK_EQ("PC4 is held low by the manifest", GPIOC_IDR & 0x10, 0);
    CHECK_EQ("PD0, a released button, is high", GPIOD_IDR & 1, 1);
    set_mode(&GPIOD_MODER, 0, 3);
    CHECK_EQ("an analogue pin reads as 0", GPIOD_IDR & 1, 0);

    set_mode(&GPIOB_MODER, 8, 0);
    GPIOB_PUPDR |= PIN2(8, 1);
    CHECK_EQ("pull-up", GPIOB_IDR & 0x100, 0x100);
    GPIOB_PUPDR = (GPIOB_PUPDR & ~PIN2(8, 3)) | PIN2(8, 2);
    CHECK_EQ("pull-down", GPIOB_IDR & 0x100, 0);
    GPIOB_BSRR = 0x100;
    set_mode(&GPIOB_MODER, 8, 1);
    CHECK_EQ("an output against its pull-down", GPIOB_IDR & 0x100, 0x100);
    GPIOB_OTYPER |= 0x100;
    CHECK_EQ("open drain at 1 leaves it to the pull", GPIOB_IDR & 0x100, 0);

    set_mode(&GPIOA_MODER, 1, 0);
    set_mode(&GPIOA_MODER, 0, 1);
    GPIOA_BSRR = 1;
    CHECK_EQ("PA1 hears PA0 through the wire: 1", GPIOA_IDR & 3, 3);
    GPIOA_BRR = 1;
    CHECK_EQ("PA1 hears PA0 through the wire: 0", GPIOA_IDR & 3, 0);
}

static void lock(void)
{
    uint32_t bits = 1u << 7;

    GPIOC_LCKR = 0x10000 | bits;
    GPIOC_LCKR = 0x10000 | bits;
    GPIOC_LCKR = 0x10000 | bits;
    CHECK_EQ("a wrong sequence does not lock", GPIOC_LCKR & 0x10000, 0);
    GPIOC_LCKR = 0x10000 | bits;
    GPIOC_LCKR = bits;
    GPIOC_LCKR = 0x10000 | bits;
    (void)GPIOC_LCKR;
    CHECK_EQ("the right one does", GPIOC_LCKR, 0x10000 | bits);
    GPIOC_MODER &= ~(PIN2(7, 3) | PIN2(8, 3));
    CHECK_EQ("the locked pin stays, another does not", GPIOC_MODER & (PIN2(7, 3) | PIN2(8, 3)),
             PIN2(7, 3));
    GPIOC_AFRL = 0xffffffff;
    CHECK_EQ("nor its AFRL", GPIOC_AFRL, 0x0fffffff);
    GPIOC_AFRL = 0;
    GPIOC_BSRR = bits;
    CHECK_EQ("its output can", GPIOC_ODR & bits, bits);
    GPIOC_BRR = bits;
}

static void edges(void)
{
    irq_enable(IRQ_EXTI0);
    irq_enable(IRQ_EXTI5_9);
    irq_enable(IRQ_EXTI10_15);
    EXTI_RTSR1 |= 1;
    GPIOA_BSRR = 1;
    CHECK_EQ("a masked line latches nothing", EXTI_PR1 & 1, 0);
    GPIOA_BRR = 1;
    EXTI_C1IMR1 |= 1;
    GPIOA_BSRR = 1;
    CHECK_EQ("a rising edge", exti0, 1);
    GPIOA_BRR = 1;
    CHECK_EQ("a falling one is not selected", exti0, 1);
    EXTI_FTSR1 |= 1;
    GPIOA_BSRR = 1;
    GPIOA_BRR = 1;
    CHECK_EQ("both", exti0, 3);
    EXTI_SWIER1 = 1;
    CHECK_EQ("by software", exti0, 4);
    CHECK_EQ("SWIER reads as 0", EXTI_SWIER1, 0);
    EXTI_C1IMR1 &= ~1u;

    /* line 8 from port B by SYSCFG_EXTICR3 */
    EXTI_C1IMR1 |= 1u << 8;
    EXTI_RTSR1 |= 1u << 8;
    GPIOB_BRR = 0x100;
    GPIOB_OTYPER &= ~0x100u;
    GPIOB_BSRR = 0x100;
    CHECK_EQ("line 8 is port A's by default", exti9_5, 0);
    SYSCFG_EXTICR3 = 1;
    GPIOB_BRR = 0x100;
    GPIOB_BSRR = 0x100;
    CHECK_EQ("line 8 from PB8", exti9_5, 1u << 8);
    SYSCFG_EXTICR3 = 0;
    EXTI_C1IMR1 &= ~(1u << 8);

    EXTI_C1IMR1 |= 1u << 13;
    EXTI_SWIER1 = 1u << 13;
    CHECK_EQ("line 13 to EXTI10_15", exti15_10, 1u << 13);
    EXTI_C1IMR1 &= ~(1u << 13);
    EXTI_SWIER1 = 1u << 22;
    CHECK_EQ("a direct line has no SWIER", EXTI_PR1, 0);
}

static void masks(void)
{
    CHECK_EQ("direct lines are unmasked", EXTI_C1IMR1, 0x7fc00000);
    CHECK_EQ("and the upper ones", EXTI_C1IMR2, 0x0001fcfd);
    EXTI_C2IMR1 |= 1u << 3;
    EXTI_SWIER1 = 1u << 3;
    CHECK_EQ("CPU2's mask latches too", EXTI_PR1, 1u << 3);
    EXTI_PR1 = 1u << 3;
    CHECK_EQ("cleared by 1", EXTI_PR1, 0);
    EXTI_C2IMR1 &= ~(1u << 3);
    EXTI_RTSR1 = 0xffffffff;
    CHECK_EQ("RTSR1 has the configurable lines", EXTI_RTSR1, 0x803fffff);
    EXTI_RTSR1 = 0;
    EXTI_RTSR2 = 0xffffffff;
    CHECK_EQ("RTSR2", EXTI_RTSR2, 0x302);
    EXTI_RTSR2 = 0;
}

/* EMR: an event sets the event register, so WFE goes through once. */
static void events(void)
{
    uint32_t from;

    EXTI_C1EMR1 |= 1u << 2;
    __asm__ volatile("sev\n\twfe");
    EXTI_SWIER1 = 1u << 2;
    from = cycles();
    wfe();
    CHECK("an event lets WFE pass", cycles() - from < 1000);
    CHECK_EQ("and nothing is pending", EXTI_PR1, 0);
    EXTI_C1EMR1 = 0;
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    masks();
    registers();
    levels();
    lock();
    edges();
    events();
}
