/* SPDX-License-Identifier: Apache-2.0 */
/* board_b_l475e.c - B-L475E-IOT01A: clock tree, USART1 to 3, sleeping by SysTick. */
#include "board.h"
#include "uart.h"

/* On PB6/7 (the ST-LINK's virtual COM port), PD5/6 and PD8/9; all alternate function 7. */
static const struct usart {
    uint32_t base;
    uint32_t gpio;
    uint8_t tx_pin, rx_pin;
    uint8_t irq; /* RM0351 table 58 */
} usarts[BOARD_UARTS] = {
    {0x40013800, GPIOB_BASE, 6, 7, 37},
    {0x40004400, GPIOD_BASE, 5, 6, 38},
    {0x40004800, GPIOD_BASE, 8, 9, 39},
};

/* MSI, 4 MHz after reset, x 40 / 2 = 80 MHz for SYSCLK, HCLK, PCLK1 and PCLK2 (RM0351 6.2). */
void board_clock_init(void)
{
    FLASH_ACR = FLASH_ACR_LATENCY_4WS;
    RCC_PLLCFGR = RCC_PLLCFGR_PLLREN | RCC_PLLCFGR_PLLN(40) | RCC_PLLCFGR_PLLSRC_MSI;
    RCC_CR |= RCC_CR_PLLON;
    while (!(RCC_CR & RCC_CR_PLLRDY)) {
    }
    RCC_CFGR = RCC_CFGR_SW_PLL;
    while ((RCC_CFGR & RCC_CFGR_SWS_MASK) != RCC_CFGR_SWS_PLL) {
    }
}

void board_init(void)
{
    RCC_AHB2ENR |= RCC_AHB2ENR_GPIOBEN | RCC_AHB2ENR_GPIODEN;
    RCC_APB2ENR |= RCC_APB2ENR_USART1EN;
    RCC_APB1ENR1 |= RCC_APB1ENR1_USART2EN | RCC_APB1ENR1_USART3EN;
}

/* With nothing but the tick to wake us, sleep only if a tick comes in time. */
void timer_sleep_until(uint64_t ns)
{
    if (timebase_next_tick_ns() <= ns) {
        cpu_wfi();
    }
}

static void pin_to_usart(uint32_t gpio, unsigned pin)
{
    GPIO_MODER(gpio) = (GPIO_MODER(gpio) & ~(3u << 2 * pin)) | GPIO_MODE_AF << 2 * pin;
    GPIO_AFR(gpio, pin) = (GPIO_AFR(gpio, pin) & ~(15u << 4 * (pin % 8))) | 7u << 4 * (pin % 8);
}

void uart_init(unsigned n, uint32_t baud)
{
    const struct usart *u = &usarts[n];

    pin_to_usart(u->gpio, u->tx_pin);
    pin_to_usart(u->gpio, u->rx_pin);
    USART_CR1(u->base) = 0;
    USART_BRR(u->base) = (BOARD_SYSCLK_HZ + baud / 2) / baud;
    USART_CR1(u->base) = USART_CR1_UE;
    USART_CR1(u->base) = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    nvic_enable(u->irq);
}

void uart_putc(unsigned n, uint8_t byte)
{
    uint32_t base = usarts[n].base;

    while (!(USART_ISR(base) & USART_ISR_TXE)) {
    }
    USART_TDR(base) = byte;
}

static void usart_irq(unsigned n)
{
    uint64_t now = timer_now_ns();
    uint32_t base = usarts[n].base;
    uint32_t isr = USART_ISR(base);

    if (isr & USART_ISR_ERRORS) {
        USART_ICR(base) = isr & USART_ISR_ERRORS;
        uart_line_error(n);
    }
    if (isr & USART_ISR_RXNE) {
        uart_received(n, (uint8_t)USART_RDR(base), now);
    }
}

void board_irq(unsigned irq)
{
    for (unsigned n = 0; n < BOARD_UARTS; n++) {
        if (usarts[n].irq == irq) {
            usart_irq(n);
            return;
        }
    }
    board_panic("unexpected interrupt");
}
