/* SPDX-License-Identifier: Apache-2.0 */
/* board_lm3s6965.c - LM3S6965 evaluation board: clock, UART0 to 2, sleeping by timer 0. */
#include "board.h"
#include "uart.h"

/* Data sheet table 17-2: U0 on PA0/1, U1 on PD2/3, U2 on PG0/1. */
static const struct uart {
    uint32_t base;
    uint32_t gpio;
    uint8_t pins;
    uint8_t irq;
} uarts[BOARD_UARTS] = {
    {UART_BASE(0), 0x40004000, 3u << 0, 5},
    {UART_BASE(1), 0x40007000, 3u << 2, 6},
    {UART_BASE(2), 0x40026000, 3u << 0, 33},
};

/* Data sheet 5.2.4.4, the order in which a program goes over to the PLL. */
void board_clock_init(void)
{
    uint32_t rcc = SYSCTL_RCC;

    rcc = (rcc | SYSCTL_RCC_BYPASS) & ~(SYSCTL_RCC_USESYSDIV | SYSCTL_RCC_MOSCDIS);
    SYSCTL_RCC = rcc;
    rcc &= ~(SYSCTL_RCC_XTAL_MASK | SYSCTL_RCC_OSCSRC_MASK | SYSCTL_RCC_PWRDN |
             SYSCTL_RCC_SYSDIV_MASK);
    rcc |= SYSCTL_RCC_XTAL_8MHZ | SYSCTL_RCC_USESYSDIV | SYSCTL_RCC_SYSDIV(BOARD_SYSCLK_DIV);
    SYSCTL_RCC = rcc;
    while (!(SYSCTL_RIS & SYSCTL_RIS_PLLLRIS)) {
    }
    SYSCTL_RCC = rcc & ~SYSCTL_RCC_BYPASS;
}

void board_init(void)
{
    SYSCTL_RCGC1 |= SYSCTL_RCGC1_TIMER0 | SYSCTL_RCGC1_UARTS;
    SYSCTL_RCGC2 |= SYSCTL_RCGC2_GPIOA | SYSCTL_RCGC2_GPIOD | SYSCTL_RCGC2_GPIOG;
    GPTM_CFG(TIMER0_BASE) = GPTM_CFG_32BIT;
    GPTM_TAMR(TIMER0_BASE) = GPTM_TAMR_ONE_SHOT;
    GPTM_IMR(TIMER0_BASE) = GPTM_INT_TATO;
    nvic_enable(IRQ_TIMER0A);
}

static void alarm_in(uint64_t delta_ns)
{
    uint32_t ns = delta_ns > NS_PER_S ? NS_PER_S : (uint32_t)delta_ns;

    GPTM_TAILR(TIMER0_BASE) = ns / (BOARD_SYSTICK_HALF_NS / 2u) + 1u;
    GPTM_CTL(TIMER0_BASE) = GPTM_CTL_TAEN;
}

void timer_sleep_until(uint64_t ns)
{
    uint64_t now;

    if (ns == TIMER_NEVER) {
        cpu_wfi();
        return;
    }
    now = timer_now_ns();
    if (now < ns) {
        alarm_in(ns - now);
        cpu_wfi();
        GPTM_CTL(TIMER0_BASE) = 0;
    }
}

/*
 * No FIFO: the receiver then interrupts at each byte, and a byte is never held back by a trigger
 * level or a time-out. The handler takes less than a hundredth of a frame at 115200 baud.
 */
void uart_init(unsigned n, uint32_t baud)
{
    const struct uart *u = &uarts[n];
    uint32_t divisor = (BOARD_SYSCLK_HZ / 16u * 64u + baud / 2u) / baud; /* 12.4.1, in 1/64 */

    GPIO_AFSEL(u->gpio) |= u->pins;
    GPIO_DEN(u->gpio) |= u->pins;
    UART_CTL(u->base) = 0;
    UART_IBRD(u->base) = divisor / 64u;
    UART_FBRD(u->base) = divisor % 64u;
    UART_LCRH(u->base) = UART_LCRH_WLEN_8;
    UART_IM(u->base) = UART_INT_RX | UART_INT_OE;
    UART_CTL(u->base) = UART_CTL_RXE | UART_CTL_TXE | UART_CTL_UARTEN;
    nvic_enable(u->irq);
}

void uart_putc(unsigned n, uint8_t byte)
{
    while (UART_FR(uarts[n].base) & UART_FR_TXFF) {
    }
    UART_DR(uarts[n].base) = byte;
}

static void uart_irq(unsigned n)
{
    uint64_t now = timer_now_ns();
    uint32_t base = uarts[n].base;

    UART_ICR(base) = UART_INT_OE;
    while (!(UART_FR(base) & UART_FR_RXFE)) {
        uint32_t dr = UART_DR(base);

        if (dr & UART_DR_ERRORS) {
            uart_line_error(n);
        }
        uart_received(n, (uint8_t)dr, now);
    }
}

void board_irq(unsigned irq)
{
    for (unsigned n = 0; n < BOARD_UARTS; n++) {
        if (uarts[n].irq == irq) {
            uart_irq(n);
            return;
        }
    }
    if (irq != IRQ_TIMER0A) {
        board_panic("unexpected interrupt");
    }
    GPTM_ICR(TIMER0_BASE) = GPTM_INT_TATO; /* it has woken whoever slept */
}
