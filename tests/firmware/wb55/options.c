/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - option bytes that change how the part behaves: nRST_STOP, IWDG_SW, SRAM2_RST,
 * IWDG_STOP. RM0434 3.4. */
#include "test.h"

#define CR_OPTSTRT (1u << 17)
#define CR_OBL_LAUNCH (1u << 27)
#define SR_BSY (1u << 16)
#define NRST_STOP (1u << 12)
#define IWDG_SW (1u << 16)
#define IWDG_STOP (1u << 17)
#define SRAM2_RST (1u << 25)

#define CSR_OBLRSTF (1u << 25)
#define CSR_IWDGRSTF (1u << 29)
#define CSR_LPWRRSTF (1u << 31)
#define CSR_RMVF (1u << 23)

#define FACTORY 0x3ffff1aau

static uint32_t stage __attribute__((section(".noinit")));

/* Store OPTR and load it: the part starts again, in that stage. */
static _Noreturn void launch(uint32_t optr, uint32_t next)
{
    FLASH_KEYR = 0x45670123;
    FLASH_KEYR = 0xcdef89ab;
    FLASH_OPTKEYR = 0x08192a3b;
    FLASH_OPTKEYR = 0x4c5d6e7f;
    FLASH_OPTR = optr;
    FLASH_CR = CR_OPTSTRT;
    while (FLASH_SR & SR_BSY) {
    }
    stage = next;
    RCC_CSR |= CSR_RMVF;
    FLASH_CR = CR_OBL_LAUNCH;
    for (;;) {
    }
}

static void stop_is_reset(void)
{
    CHECK("option loading resets", RCC_CSR & CSR_OBLRSTF);
    CHECK_EQ("the option is there", FLASH_OPTR, FACTORY & ~NRST_STOP);
    RCC_CSR |= CSR_RMVF;
    stage = 0x57a60002;
    irqs_off();
    SCB_SCR = 4;
    wfi();
    CHECK("nRST_STOP resets", false);
}

static void watchdog_runs(void)
{
    CHECK_EQ("SRAM2_RST: SRAM2 is kept", REG32(SRAM2B_MEMORY), 0x12345678);
    RCC_CSR |= CSR_RMVF;
    stage = 0x57a60004;
    delay_us(600000); /* 4096 * 4 cycles of 32 kHz: 512 ms */
    CHECK("IWDG_SW: the watchdog runs", false);
}

void irq_LPTIM1(void)
{
    LPTIM1_ICR = 2;
}

/* Stop of 100 ms with a watchdog of 50 ms */
static void stop_with_watchdog(void)
{
    RCC_CSR |= CSR_RMVF | 1u; /* LSI1 */
    RCC_APB1ENR1 |= 1u << 31;
    RCC_CCIPR |= 1u << 18;
    LPTIM1_IER = 2;
    LPTIM1_CR = 1;
    LPTIM1_ARR = 3199;
    LPTIM1_CR = 3;
    EXTI_C1IMR1 |= 1u << 29;
    irq_enable(IRQ_LPTIM1);
    IWDG_KR = 0xcccc;
    IWDG_KR = 0x5555;
    IWDG_RLR = 400; /* by 4 */
    wait_until(&IWDG_SR, 7, 0, 100000);
    IWDG_KR = 0xaaaa;
    SCB_SCR = 4;
    wfi();
    SCB_SCR = 0;
}

void test(void)
{
    switch (stage) {
    case 0x57a60001:
        stop_is_reset();
        break;
    case 0x57a60002:
        CHECK("nRST_STOP: LPWRRSTF", RCC_CSR & CSR_LPWRRSTF);
        REG32(SRAM2B_MEMORY) = 0x12345678;
        launch(FACTORY & ~IWDG_SW, 0x57a60003);
    case 0x57a60003:
        watchdog_runs();
        break;
    case 0x57a60004:
        CHECK("IWDG_SW: IWDGRSTF", RCC_CSR & CSR_IWDGRSTF);
        launch(FACTORY & ~SRAM2_RST, 0x57a60005);
    case 0x57a60005:
        CHECK_EQ("SRAM2_RST: SRAM2 is erased", REG32(SRAM2B_MEMORY), 0);
        launch(FACTORY & ~IWDG_STOP, 0x57a60006);
    case 0x57a60006:
        stop_with_watchdog();
        CHECK("IWDG_STOP = 0: the watchdog stands in Stop", true);
        stage = 0x57a60007;
        delay_us(100000);
        CHECK("and goes on after it", false);
        break;
    case 0x57a60007:
        CHECK("it goes on after Stop: IWDGRSTF", RCC_CSR & CSR_IWDGRSTF);
        launch(FACTORY, 0x57a60008);
    case 0x57a60008:
        stage = 0x57a60009;
        stop_with_watchdog();
        CHECK("IWDG_STOP = 1: the watchdog runs in Stop", false);
        break;
    case 0x57a60009:
        CHECK("IWDG_STOP = 1: IWDGRSTF", RCC_CSR & CSR_IWDGRSTF);
        break;
    default:
        launch(FACTORY & ~NRST_STOP, 0x57a60001);
    }
}
