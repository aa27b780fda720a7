/* SPDX-License-Identifier: Apache-2.0 */
/* hello.c - the machine st33 starts as docs/st33.md says. */
#include "test.h"

static uint32_t noinit __attribute__((section(".noinit")));

static volatile uint32_t ticks;

void exc_SysTick(void)
{
    ticks++;
}

static void check_map(void)
{
    uint32_t word = 0;

    CHECK_EQ("starts at 0x00200400", (uint32_t)test & 0xffe00000u, FLASH_START);
    CHECK_EQ("stack 0x00602000", *(volatile uint32_t *)PROGRAM_START, 0x00602000u);
    CHECK("vectors at 0 are those of flash",
          try_read(4, &word) && word == *(volatile uint32_t *)(PROGRAM_START + 4));
    CHECK("the vectors at 0 end after 1 KiB", !try_read(0x400, NULL));
    CHECK("vectors at 0 cannot be written", !try_write(0, 0));
    CHECK("nor flash", !try_write(FLASH_START + 0x1000, 0));
    CHECK("flash ends", try_read(FLASH_START + (SYS_CONF & 0xffff) * 1024 - 4, NULL) &&
                            !try_read(FLASH_START + (SYS_CONF & 0xffff) * 1024, NULL));
    CHECK("RAM ends", try_write(RAM_START + (SYS_CONF >> 16) * 1024 - 4, 1) &&
                          !try_write(RAM_START + (SYS_CONF >> 16) * 1024, 1));
    CHECK("nothing elsewhere", !try_read(0x20000000, NULL) && !try_read(0xc0de0000, NULL) &&
                                   !try_read(0x4000f000, NULL));
}

static void check_clock(void)
{
    uint32_t from;

    SYST_RVR = 30000 - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    from = cycles();
    while (ticks < 10) {
    }
    CHECK_RANGE("SysTick counts HCLK", cycles() - from, 299900, 300100);
    SYST_CSR = 0;
    TIM_ARR(0) = ~0u;
    TIM_EGR(0) = 1;
    TIM_CR1(0) = 1;
    from = TIM_CNT(0);
    delay_cycles(30000);
    CHECK_RANGE("30,000 cycles are 1 ms", TIM_CNT(0) - from, 30000, 30060);
    SYS_CLK = 0;
    from = TIM_CNT(0);
    delay_cycles(60000);
    CHECK_RANGE("60,000 cycles of 60 MHz are 1 ms", TIM_CNT(0) - from, 30000, 30060);
    SYS_CLK = 9;
    from = TIM_CNT(0);
    delay_cycles(6000);
    CHECK_RANGE("6,000 cycles of 6 MHz are 1 ms", TIM_CNT(0) - from, 30000, 30200);
}

/* Back to privileged: a handler may. */
void exc_SVCall(void)
{
    __asm__ volatile("mrs r0, control\n\tbic r0, #1\n\tmsr control, r0" ::: "r0");
}

static void check_privilege(void)
{
    static const uint32_t closed[] = {0x40000000, 0x40001000, 0x40002000, 0x40003000, 0x4000e000};
    static const uint32_t open[] = {0x40004000, 0x40005000, 0x40006000, 0x4000b000};
    unsigned refused = 0, answered = 0;

    __asm__ volatile("mrs r0, control\n\torr r0, #1\n\tmsr control, r0\n\tisb" ::: "r0");
    for (unsigned i = 0; i < 5; i++) {
        refused += !try_read(closed[i], NULL) && !try_write(closed[i], 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        answered += try_read(open[i], NULL);
    }
    __asm__ volatile("svc 0");
    CHECK_EQ("unprivileged: refused by SYS, MMU, FLASH, WDG, TAMPER", refused, 5);
    CHECK_EQ("unprivileged: answered by the others", answered, 4);
}

/* The second time it comes from its own reset. */
void test(void)
{
    if (SYS_CAUSE & SYS_CAUSE_SOFT) {
        CHECK_EQ("a reset has its cause, beside the old", SYS_CAUSE,
                 SYS_CAUSE_SOFT | SYS_CAUSE_POR);
        SYS_CAUSE = SYS_CAUSE_POR;
        CHECK_EQ("a cause can be cleared", SYS_CAUSE, SYS_CAUSE_SOFT);
        CHECK_EQ("RAM outlives it", noinit, 0x12345678);
        CHECK_EQ("the clock does not", SYS_CLK, 1);
        return;
    }
    CHECK_EQ("ID", SYS_ID, 0x53543333);
    CHECK_EQ("CPUID says Cortex-M3", SCB_CPUID & 0xff0ffff0u, 0x410fc230u);
    CHECK_EQ("2 MiB of flash, 64 KiB of RAM", SYS_CONF, 2048u | 64u << 16);
    CHECK_EQ("power-on", SYS_CAUSE, SYS_CAUSE_POR);
    CHECK("a number of its own", SYS_UID0 != 0 && SYS_UID1 != 0 && SYS_UID0 != SYS_UID1);
    CHECK_EQ("RAM is zero after power-on", noinit, 0);
    check_map();
    check_clock();
    check_privilege();
    noinit = 0x12345678;
    SYS_RESET = SYS_RESET_KEY;
    for (;;) {
    }
}
