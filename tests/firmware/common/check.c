/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - verdicts and time of the test programs. See check.h. */
#include "check.h"

_Noreturn void run_test(void);

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
#ifndef __ARM_ARCH_6M__ /* which has no DWT */
    DEMCR |= 1u << 24;  /* TRCENA */
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1u << 0; /* CYCCNTENA */
#endif
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

/* --- time ----------------------------------------------------------------------------------- */

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
