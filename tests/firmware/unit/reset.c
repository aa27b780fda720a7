/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reset.c - resets itself RESETS times, by the watchdog and by AIRCR.SYSRESETREQ in turn.
 *
 * For lm3s6965evb. The count lives in RAM that start-up code leaves alone. In each life one byte,
 * the low bits of the count, goes over the link, and the reset comes well after the byte's frame
 * has ended. The watchdog's reset finds the processor in WFI, the other one finds it running.
 */
#include "board.h"
#include "print.h"
#include "uart.h"

#ifndef RESETS
#define RESETS 1000u
#endif
#define LINK_UART 0
#define MAGIC 0x0441e711u

/* The watchdog interrupts when it has run out once, and resets when it has run out twice. */
#define WATCHDOG_NS (50 * NS_PER_US)

enum kind { NONE, WATCHDOG, SYSRESETREQ, KINDS };

__attribute__((section(".noinit"))) static struct {
    uint32_t magic;
    uint32_t resets;
    uint32_t by_kind[KINDS];
    uint32_t expected; /* the kind of the reset that is under way */
} lives;

static void count_this_life(void)
{
    if (lives.magic != MAGIC) {
        lives.magic = MAGIC;
        lives.resets = 0;
        for (unsigned i = 0; i < KINDS; i++) {
            lives.by_kind[i] = 0;
        }
    } else {
        lives.resets++;
        lives.by_kind[lives.expected]++;
    }
    lives.expected = NONE;
}

static _Noreturn void reset_by_watchdog(void)
{
    lives.expected = WATCHDOG;
    SYSCTL_RCGC0 |= SYSCTL_RCGC0_WDT;
    WDT_LOAD = WATCHDOG_NS / (BOARD_SYSTICK_HALF_NS / 2u);
    WDT_CTL = WDT_CTL_RESEN | WDT_CTL_INTEN; /* its interrupt stays off in the NVIC */
    for (;;) {
        cpu_wfi();
    }
}

static _Noreturn void reset_by_request(void)
{
    lives.expected = SYSRESETREQ;
    cpu_system_reset();
}

int main(void)
{
    count_this_life();
    uart_init(LINK_UART, 115200);
    uart_putc(LINK_UART, (uint8_t)lives.resets);
    spin_until(timer_now_ns() + 100 * NS_PER_US);
    if (lives.resets < RESETS) {
        if (lives.resets % 2) {
            reset_by_request();
        }
        reset_by_watchdog();
    }
    console_init();
    print("reset: %lu resets, %lu by watchdog, %lu by request, %lu unexpected\n",
          (unsigned long)lives.resets, (unsigned long)lives.by_kind[WATCHDOG],
          (unsigned long)lives.by_kind[SYSRESETREQ], (unsigned long)lives.by_kind[NONE]);
    return lives.by_kind[NONE] != 0;
}
