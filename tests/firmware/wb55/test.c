/* SPDX-License-Identifier: Apache-2.0 */
/* test.c - verdicts, clocks and time of the test programs. See test.h. */
#include "test.h"

_Noreturn void run_test(void);

uint32_t core_hz = 4000000;

static unsigned checks, failures;

/* --- semihosting ---------------------------------------------------------------------------- */

/* Arm 100863: BKPT 0xab, operation in r0, its argument in r1. */
#define SYS_WRITE0 0x04u
#define SYS_EXIT_EXTENDED 0x20u
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

static void semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

_Noreturn void exit_with(unsigned code)
{
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, code};

    semihosting(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

/* --- lines ---------------------------------------------------------------------------------- */

/* A line is put together here and leaves as a whole. */
static char line[200];
static unsigned line_len;

static void put(const char *text)
{
    while (*text && line_len < sizeof(line) - 2) {
        line[line_len++] = *text++;
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char text[21];
    unsigned at = sizeof(text) - 1;

    text[at] = 0;
    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put(text + at);
}

static void put_both(uint64_t value)
{
    put_number(value, 10);
    if (value > 9) {
        put(" (0x");
        put_number(value, 16);
        put(")");
    }
}

static void end_line(void)
{
    line[line_len++] = '\n';
    line[line_len] = 0;
    semihosting(SYS_WRITE0, line);
    line_len = 0;
}

void note(const char *text)
{
    put("# ");
    put(text);
    end_line();
}

void note_hex(const char *text, uint32_t value)
{
    put("# ");
    put(text);
    put(" 0x");
    put_number(value, 16);
    end_line();
}

/* --- checks --------------------------------------------------------------------------------- */

static void begin_verdict(const char *what, bool pass)
{
    checks++;
    failures += !pass;
    put(pass ? "PASS " : "FAIL ");
    put(what);
}

void check(const char *what, bool pass, const char *condition)
{
    begin_verdict(what, pass);
    if (!pass) {
        put(": not true: ");
        put(condition);
    }
    end_line();
}

void check_eq(const char *what, uint64_t got, uint64_t wanted)
{
    begin_verdict(what, got == wanted);
    if (got != wanted) {
        put(": got ");
        put_both(got);
        put(", wanted ");
        put_both(wanted);
    }
    end_line();
}

void check_range(const char *what, uint64_t got, uint64_t low, uint64_t high)
{
    bool pass = got >= low && got <= high;

    begin_verdict(what, pass);
    if (!pass) {
        put(": got ");
        put_number(got, 10);
        put(", wanted ");
        put_number(low, 10);
        put(" to ");
        put_number(high, 10);
    }
    end_line();
}

const char *name(const char *first, const char *second)
{
    static char text[100];
    const char *const parts[] = {first, " ", second};
    unsigned len = 0;

    for (unsigned i = 0; i < 3; i++) {
        for (const char *p = parts[i]; *p && len < sizeof(text) - 1;) {
            text[len++] = *p++;
        }
    }
    text[len] = 0;
    return text;
}

_Noreturn void finish(void)
{
    put("END ");
    put_number(checks, 10);
    put(" checks, ");
    put_number(failures, 10);
    put(" failures");
    end_line();
    exit_with(failures != 0);
}

_Noreturn void run_test(void)
{
    DEMCR |= 1u << 24; /* TRCENA */
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1u << 0; /* CYCCNTENA */
    test();
    finish();
}

/* --- accesses that may fault ---------------------------------------------------------------- */

static volatile bool fault_expected, fault_seen;

void expected_fault(uint32_t *frame);

/* Go on behind the access, which is a 16-bit instruction; frame[6] is the return address. */
void expected_fault(uint32_t *frame)
{
    if (!fault_expected) {
        unexpected_exception();
    }
    fault_seen = true;
    frame[6] += 2;
    SCB_CFSR = SCB_CFSR;
    SCB_HFSR = SCB_HFSR;
}

__attribute__((naked, weak)) void exc_HardFault(void)
{
    __asm__ volatile("mrs r0, msp\n\tb expected_fault");
}

bool try_read(uint32_t address, uint32_t *value)
{
    register uint32_t r0 __asm__("r0") = address;

    fault_seen = false;
    fault_expected = true;
    __asm__ volatile("ldr.n r0, [r0]\n\tdsb" : "+r"(r0)::"memory");
    fault_expected = false;
    if (value) {
        *value = r0;
    }
    return !fault_seen;
}

bool try_write(uint32_t address, uint32_t value)
{
    register uint32_t r0 __asm__("r0") = address;
    register uint32_t r1 __asm__("r1") = value;

    fault_seen = false;
    fault_expected = true;
    __asm__ volatile("str.n r1, [r0]\n\tdsb" ::"r"(r0), "r"(r1) : "memory");
    fault_expected = false;
    return !fault_seen;
}

/* --- clocks and time ------------------------------------------------------------------------ */

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

uint64_t ns_since(uint32_t from)
{
    return (uint64_t)(cycles() - from) * 1000000000u / core_hz;
}

void delay_cycles(uint32_t count)
{
    uint32_t from = cycles();

    while (cycles() - from < count) {
    }
}

void delay_us(uint32_t us)
{
    delay_cycles((uint32_t)((uint64_t)us * core_hz / 1000000u));
}

bool wait_until(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t limit)
{
    while (limit--) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}
