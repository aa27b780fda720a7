/* SPDX-License-Identifier: Apache-2.0 */
/* test.c - clocks for the test programs of the machine stm32wb55. See test.h. */
#include "test.h"

/* One unit: whoever links test.c has the checks. */
#include "../common/check.c"

uint32_t core_hz = 4000000;

#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR_SW 3u
#define RCC_CFGR_SWS (3u << 2)
#define SW_HSE 2u
#define SW_PLL 3u

static void flash_latency(uint32_t wait_states)
{
    FLASH_ACR = (FLASH_ACR & ~7u) | wait_states;
    wait_until(&FLASH_ACR, 7, wait_states, 1000);
}

static void switch_to(uint32_t source, uint32_t hz)
{
    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_SW) | source;
    wait_until(&RCC_CFGR, RCC_CFGR_SWS, source << 2, 1000);
    core_hz = hz;
}

void clock_hse32(void)
{
    flash_latency(3);
    RCC_CR |= RCC_CR_HSEON;
    wait_until(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY, 1000000);
    switch_to(SW_HSE, 32000000);
}

/* VCO = 32 MHz / 2 * 8 = 128 MHz; PLLRCLK = VCO / 2 (RM0434 8.4.4) */
void clock_64mhz(void)
{
    clock_hse32();
    RCC_CR &= ~RCC_CR_PLLON;
    wait_until(&RCC_CR, RCC_CR_PLLRDY, 0, 1000000);
    RCC_PLLCFGR = 3u | 1u << 4 | 8u << 8 | 1u << 28 | 1u << 29;
    RCC_CR |= RCC_CR_PLLON;
    wait_until(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, 1000000);
    switch_to(SW_PLL, 64000000);
}

void clocks_on(void)
{
    RCC_AHB1ENR = RCC_AHB2ENR = RCC_AHB3ENR = ~0u;
    RCC_APB1ENR1 = ~(1u << 11); /* WWDG stays off: it could not be turned off again */
    RCC_APB1ENR2 = RCC_APB2ENR = ~0u;
    (void)RCC_APB2ENR; /* the clock is there two cycles after the write (RM0434 8.2.20) */
}

bool lse_on(void)
{
    uint32_t polls = core_hz; /* a poll takes some cycles: more than 5 s */

    RCC_APB1ENR1 |= 1u << 10; /* RTCAPB */
    PWR_CR1 |= 1u << 8;       /* DBP */
    RCC_BDCR |= 1u;
    return wait_until(&RCC_BDCR, 2, 2, polls);
}
