/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wfe.c - the event register of Armv7-M, and what wakes WFE (DDI 0403E, B1.5.18).
 *
 * For lm3s6965evb; timer 0 is the alarm. A processor that has the event register passes a WFE once
 * for each event. Stock QEMU takes WFE for a yield and passes it at once: a wait of 1 ms then
 * counts thousands of them, and the tests that expect to sleep say FAIL. Exit code 0 if all pass.
 */
#include "board.h"
#include "print.h"
#include "uart.h"

#define WAIT_NS NS_PER_MS
#define AT_ONCE_NS (20 * NS_PER_US)

/* A wait may be passed early once, by an event that is left over. */
#define FEW 2u

static volatile unsigned handled;
static unsigned failures;

static void sev(void)
{
    __asm__ volatile("sev" ::: "memory");
}

static void wfe(void)
{
    __asm__ volatile("wfe" ::: "memory");
}

/* Leave the event register clear: set it, so that the WFE passes whatever it was. */
static void clear_event(void)
{
    sev();
    wfe();
}

void pendsv_handler(void)
{
    handled++;
}

static void alarm_in(uint32_t ns)
{
    GPTM_CTL(TIMER0_BASE) = 0;
    GPTM_TAILR(TIMER0_BASE) = ns / (BOARD_SYSTICK_HALF_NS / 2u);
    GPTM_CTL(TIMER0_BASE) = GPTM_CTL_TAEN;
}

/* One-shot: the timer has stopped itself when the alarm has come. */
static bool alarm_came(void)
{
    return !(GPTM_CTL(TIMER0_BASE) & GPTM_CTL_TAEN);
}

static void verdict(const char *name, bool pass, unsigned passed, uint64_t took_ns)
{
    print("%s %s: %u WFE in %llu ns\n", pass ? "PASS" : "FAIL", name, passed, took_ns);
    failures += !pass;
}

/* WFE until the alarm; counts how often it was passed. */
static unsigned wait_for_alarm(void)
{
    unsigned passed = 0;

    while (!alarm_came()) {
        wfe();
        passed++;
    }
    return passed;
}

static void expect_no_sleep(const char *name)
{
    uint64_t from = timer_now_ns();

    wfe();
    verdict(name, timer_now_ns() - from < AT_ONCE_NS, 1, timer_now_ns() - from);
}

static void expect_sleep(const char *name)
{
    uint64_t from = timer_now_ns(), took;
    unsigned passed;

    alarm_in(WAIT_NS);
    passed = wait_for_alarm();
    took = timer_now_ns() - from;
    verdict(name, passed >= 1 && passed <= FEW && took >= WAIT_NS && took < WAIT_NS + AT_ONCE_NS,
            passed, took);
}

static void test_sev(void)
{
    clear_event();
    sev();
    expect_no_sleep("WFE after SEV does not sleep");
    sev();
    sev();
    expect_no_sleep("WFE after two SEVs does not sleep");
    expect_sleep("two SEVs are one event: the next WFE sleeps until an interrupt");
}

/* Exception entry and return set the event register (B1.5.6, B1.5.8). */
static void test_exception(void)
{
    clear_event();
    handled = 0;
    SCB_ICSR = SCB_ICSR_PENDSVSET;
    cpu_dsb();
    cpu_isb();
    verdict("PendSV is taken", handled == 1, 0, 0);
    expect_no_sleep("WFE after an exception does not sleep");
    expect_sleep("and the one after it does");
}

/* An interrupt that is off in the NVIC becomes pending: an event only with SEVONPEND. */
static void test_sevonpend(void)
{
    NVIC_ICER(0) = 1u << IRQ_TIMER0A;
    SCB_SCR |= SCB_SCR_SEVONPEND;
    cpu_dsb();
    clear_event();
    expect_sleep("with SEVONPEND a disabled interrupt wakes WFE");
    GPTM_ICR(TIMER0_BASE) = GPTM_INT_TATO;
    NVIC_ICPR(0) = 1u << IRQ_TIMER0A;
    SCB_SCR &= ~SCB_SCR_SEVONPEND;
    nvic_enable(IRQ_TIMER0A);
}

/* Masked by PRIMASK it is not taken, but with SEVONPEND it wakes all the same. */
static void test_primask(void)
{
    unsigned state = irq_save();

    SCB_SCR |= SCB_SCR_SEVONPEND;
    cpu_dsb();
    clear_event();
    expect_sleep("with SEVONPEND a masked interrupt wakes WFE");
    SCB_SCR &= ~SCB_SCR_SEVONPEND;
    GPTM_ICR(TIMER0_BASE) = GPTM_INT_TATO;
    NVIC_ICPR(0) = 1u << IRQ_TIMER0A;
    irq_restore(state);
}

int main(void)
{
    console_init();
    test_sev();
    test_exception();
    test_sevonpend();
    test_primask();
    print("wfe: %s, %u failures\n", failures ? "FAIL" : "PASS", failures);
    return failures != 0;
}
