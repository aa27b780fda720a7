/* SPDX-License-Identifier: Apache-2.0 */
/* flash.c - FLASH: keys, programming, erasing, errors, times, option bytes. RM0434 3. */
#include "test.h"

#define SR_EOP (1u << 0)
#define SR_OPERR (1u << 1)
#define SR_PROGERR (1u << 3)
#define SR_WRPERR (1u << 4)
#define SR_PGAERR (1u << 5)
#define SR_SIZERR (1u << 6)
#define SR_PGSERR (1u << 7)
#define SR_MISERR (1u << 8)
#define SR_FASTERR (1u << 9)
#define SR_RDERR (1u << 14)
#define SR_BSY (1u << 16)
#define SR_CFGBSY (1u << 18)
#define SR_PESD (1u << 19)
#define SR_ERRORS 0x3fau
#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_MER (1u << 2)
#define CR_STRT (1u << 16)
#define CR_OPTSTRT (1u << 17)
#define CR_FSTPG (1u << 18)
#define CR_EOPIE (1u << 24)
#define CR_ERRIE (1u << 25)
#define CR_RDERRIE (1u << 26)
#define CR_OBL_LAUNCH (1u << 27)
#define CR_OPTLOCK (1u << 30)
#define CR_LOCK (1u << 31)
#define ACR_PES (1u << 15)

#define PAGE 100u
#define PAGE_ADDRESS (FLASH_MEMORY + PAGE * 4096u)
#define PROTECTED 101u
#define PROTECTED_ADDRESS (FLASH_MEMORY + PROTECTED * 4096u)

/* Survives a reset, not the start-up code's clearing: behind .bss would be cleared, SRAM2a is not.
 */
#define STAGE REG32(SRAM2A_MEMORY + 0x100)
#define STAGE_AFTER_LAUNCH 0x57a6e002u
#define STAGE_AFTER_LOCKUP 0x57a6e003u

static volatile unsigned interrupts;
static volatile uint32_t interrupt_sr;

void irq_FLASH(void)
{
    interrupts++;
    interrupt_sr = FLASH_SR;
    FLASH_SR = interrupt_sr & 0xffff;
}

static uint32_t wait(void)
{
    while (FLASH_SR & SR_BSY) {
    }
    return FLASH_SR;
}

static uint32_t take_errors(void)
{
    uint32_t sr = wait() & SR_ERRORS;

    FLASH_SR = 0xffff;
    return sr;
}

static void unlock(void)
{
    FLASH_KEYR = 0x45670123;
    FLASH_KEYR = 0xcdef89ab;
}

static void write_pair(uint32_t address, uint32_t low, uint32_t high)
{
    REG32(address) = low;
    REG32(address + 4) = high;
}

static void erase(unsigned page)
{
    FLASH_CR = CR_PER | page << 3;
    FLASH_CR |= CR_STRT;
    wait();
    FLASH_CR = 0;
}

static void registers(void)
{
    CHECK_EQ("ACR after reset", FLASH_ACR & 0xffff, 0x600);
    FLASH_ACR = 0x600 | 3;
    CHECK_EQ("latency reads back", FLASH_ACR & 7, 3);
    FLASH_ACR = 0x700;
    CHECK_EQ("prefetch and caches read back", FLASH_ACR & 0x1f07, 0x700);
    CHECK_EQ("CR is locked", FLASH_CR, CR_LOCK | CR_OPTLOCK);
    FLASH_CR = CR_PG;
    CHECK_EQ("CR ignores writes while locked", FLASH_CR, CR_LOCK | CR_OPTLOCK);
    REG32(PAGE_ADDRESS) = 0;
    CHECK_EQ("a write without PG: PGSERR", FLASH_SR, SR_PGSERR);
    FLASH_SR = SR_PGSERR;
    unlock();
    CHECK_EQ("keys unlock CR", FLASH_CR, CR_OPTLOCK);
    FLASH_CR = CR_LOCK;
    CHECK_EQ("LOCK locks again", FLASH_CR, CR_LOCK | CR_OPTLOCK);
    unlock();
    CHECK_EQ("and keys unlock again", FLASH_CR, CR_OPTLOCK);
}

static void programming(void)
{
    uint32_t start;

    FLASH_CR = CR_PG;
    REG32(PAGE_ADDRESS) = 0x11223344;
    CHECK_EQ("first word: CFGBSY", FLASH_SR, SR_CFGBSY);
    CHECK_EQ("first word: nothing stored yet", REG32(PAGE_ADDRESS), 0xffffffff);
    start = cycles();
    REG32(PAGE_ADDRESS + 4) = 0x55667788;
    CHECK_EQ("second word: BSY", FLASH_SR, SR_BSY | SR_CFGBSY);
    wait();
    CHECK_RANGE("a double word takes 81.7 us", ns_since(start), 81700, 86000);
    CHECK_EQ("no flag without EOPIE", FLASH_SR, 0);
    CHECK_EQ("low word stored", REG32(PAGE_ADDRESS), 0x11223344);
    CHECK_EQ("high word stored, seen at the alias at 0", REG32(PAGE * 4096u + 4), 0x55667788);

    write_pair(PAGE_ADDRESS, 1, 2);
    CHECK_EQ("not erased: PROGERR", take_errors(), SR_PROGERR);
    CHECK_EQ("not erased: unchanged", REG32(PAGE_ADDRESS), 0x11223344);
    write_pair(PAGE_ADDRESS, 0, 0);
    CHECK_EQ("zero goes over anything", take_errors(), 0);
    CHECK_EQ("zero is stored", REG32(PAGE_ADDRESS), 0);

    HALF(REG32(PAGE_ADDRESS + 8)) = 1;
    CHECK_EQ("a halfword: SIZERR", take_errors(), SR_SIZERR);
    BYTE(REG32(PAGE_ADDRESS + 8)) = 1;
    CHECK_EQ("a byte: SIZERR", take_errors(), SR_SIZERR);
    REG32(PAGE_ADDRESS + 12) = 1;
    CHECK_EQ("begins in the middle: PGAERR", take_errors(), SR_PGAERR);
    REG32(PAGE_ADDRESS + 8) = 1;
    REG32(PAGE_ADDRESS + 20) = 1;
    CHECK_EQ("goes on elsewhere: PGAERR", FLASH_SR & SR_ERRORS, SR_PGAERR);
    write_pair(PAGE_ADDRESS + 8, 1, 2);
    CHECK_EQ("an error not cleared: PGSERR, too", take_errors(), SR_PGAERR | SR_PGSERR);
    FLASH_CR = CR_PG | CR_PER;
    REG32(PAGE_ADDRESS + 8) = 1;
    CHECK_EQ("PG with PER: PGSERR", take_errors(), SR_PGSERR);
    FLASH_CR = 0;
    CHECK_EQ("nothing of that was stored", REG32(PAGE_ADDRESS + 8), 0xffffffff);
}

static void erasing(void)
{
    uint32_t start;

    FLASH_CR = CR_PER | PAGE << 3;
    start = cycles();
    FLASH_CR |= CR_STRT;
    CHECK("STRT stays while busy", FLASH_CR & CR_STRT);
    CHECK_EQ("erase: BSY", FLASH_SR, SR_BSY | SR_CFGBSY);
    wait();
    CHECK_RANGE("a page takes 22 ms", ns_since(start), 22000000, 22010000);
    CHECK("STRT clears", !(FLASH_CR & CR_STRT));
    CHECK_EQ("page is erased", REG32(PAGE_ADDRESS), 0xffffffff);
    FLASH_CR = CR_PER | CR_PG | PAGE << 3;
    FLASH_CR |= CR_STRT;
    CHECK_EQ("erase with PG: PGSERR", take_errors(), SR_PGSERR);
    FLASH_CR = CR_PER | 0xffu << 3;
    FLASH_CR |= CR_STRT;
    CHECK_EQ("erase of CPU2's page: WRPERR", take_errors(), SR_WRPERR);
    FLASH_CR = CR_MER;
    CHECK("mass erase by CPU1: bus error", !try_write(0x58004014, CR_MER | CR_STRT));
    FLASH_CR = 0;
}

static void suspend(void)
{
    FLASH_ACR |= ACR_PES;
    CHECK_EQ("PES: PESD", FLASH_SR, SR_PESD);
    FLASH_CR = CR_PG;
    write_pair(PAGE_ADDRESS, 3, 4);
    delay_us(500);
    CHECK_EQ("PES holds an operation", FLASH_SR, SR_PESD | SR_BSY | SR_CFGBSY);
    CHECK_EQ("PES: nothing stored", REG32(PAGE_ADDRESS), 0xffffffff);
    FLASH_ACR &= ~ACR_PES;
    wait();
    CHECK_EQ("then it is done", REG32(PAGE_ADDRESS), 3);
    FLASH_C2ACR |= ACR_PES;
    CHECK_EQ("CPU2's PES shows, too", FLASH_SR, SR_PESD);
    FLASH_C2ACR &= ~ACR_PES;
    FLASH_CR = 0;
    erase(PAGE);
}

static void row_write(unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        REG32(PAGE_ADDRESS + 4 * i) = i;
    }
}

static void fast(void)
{
    uint32_t start, wrong = 0;

    FLASH_CR = CR_FSTPG;
    start = cycles();
    row_write(128);
    wait();
    CHECK_RANGE("a fast row takes 3.8 ms", ns_since(start), 3800000, 3810000);
    CHECK_EQ("fast: no error", take_errors(), 0);
    for (unsigned i = 0; i < 128; i++) {
        wrong += REG32(PAGE_ADDRESS + 4 * i) != i;
    }
    CHECK_EQ("fast: the row is stored", wrong, 0);
    FLASH_CR = 0;
    FLASH_CR = CR_FSTPG;
    row_write(128);
    CHECK("fast: row not erased: PGSERR", take_errors() & SR_PGSERR);
    FLASH_CR = 0;
    erase(PAGE);
    FLASH_CR = CR_FSTPG;
    row_write(64);
    CHECK_EQ("fast: a gap: MISERR and FASTERR", take_errors(), SR_MISERR | SR_FASTERR);
    FLASH_CR = 0;
    erase(PAGE);
    FLASH_CR = CR_FSTPG;
    row_write(2);
    write_pair(PAGE_ADDRESS, 1, 1);
    CHECK("fast: backwards: PGAERR and FASTERR",
          (take_errors() & (SR_PGAERR | SR_FASTERR)) == (SR_PGAERR | SR_FASTERR));
    FLASH_CR = 0;
    erase(PAGE);
    FLASH_CR = CR_FSTPG;
    delay_us(7100);
    CHECK_EQ("fast: more than 7 ms: FASTERR", take_errors(), SR_FASTERR);
    FLASH_CR = 0;
}

static void interrupt(void)
{
    irq_enable(IRQ_FLASH);
    FLASH_CR = CR_PG | CR_EOPIE | CR_ERRIE;
    write_pair(PAGE_ADDRESS, 5, 6);
    delay_us(200);
    CHECK_EQ("EOP interrupt", interrupts, 1);
    CHECK_EQ("EOP flag", interrupt_sr, SR_EOP);
    HALF(REG32(PAGE_ADDRESS)) = 0;
    delay_us(10);
    CHECK_EQ("error interrupt", interrupts, 2);
    CHECK_EQ("OPERR and its cause", interrupt_sr, SR_OPERR | SR_SIZERR);
    FLASH_CR = 0;
    irq_disable(IRQ_FLASH);
}

/* A function that the core has run, replaced: what it runs next is the new one. */
static void new_code(void)
{
    int (*code)(void) = (int (*)(void))(PAGE_ADDRESS | 1u);

    erase(PAGE);
    FLASH_CR = CR_PG;
    write_pair(PAGE_ADDRESS, 0x47702001, 0xffffffff); /* movs r0, #1; bx lr */
    wait();
    CHECK_EQ("code in flash runs", (uint32_t)code(), 1);
    erase(PAGE);
    FLASH_CR = CR_PG;
    write_pair(PAGE_ADDRESS, 0x47702002, 0xffffffff);
    wait();
    CHECK_EQ("new code in its place runs", (uint32_t)code(), 2);
    write_pair(PROTECTED_ADDRESS, 0x47702001, 0xffffffff);
    wait();
    FLASH_CR = 0;
}

static void otp(void)
{
    FLASH_CR = CR_PG;
    write_pair(0x1fff7000, 0x12345678, 0x9abcdef0);
    CHECK_EQ("OTP is written", take_errors(), 0);
    CHECK_EQ("OTP reads", REG32(0x1fff7004), 0x9abcdef0);
    write_pair(0x1fff7000, 0, 0);
    CHECK_EQ("OTP is written once", take_errors(), SR_PROGERR);
    REG32(0x1fff7580) = 0;
    CHECK_EQ("factory data is not written", take_errors(), SR_WRPERR);
    FLASH_CR = 0;
}

static void factory(void)
{
    CHECK_EQ("flash size", REG32(0x1fff75e0) & 0xffff, 1024);
    CHECK_EQ("package", REG32(0x1fff7500) & 0x1f, 0x13);
    CHECK_EQ("UID64: company and device", REG32(0x1fff7584), 0x0080e126);
    CHECK("UID96 is not blank", REG32(0x1fff7590) != 0xffffffff);
    CHECK_RANGE("TS_CAL1", REG16(0x1fff75a8), 1000, 1100);
    CHECK_RANGE("TS_CAL2", REG16(0x1fff75ca), 1300, 1450);
    CHECK_RANGE("VREFINT", REG16(0x1fff75aa), 1300, 1450);
}

static void options(void)
{
    CHECK_EQ("OPTR as delivered", FLASH_OPTR, 0x3ffff1aa);
    CHECK_EQ("option byte and its complement", REG32(0x1fff8000), ~REG32(0x1fff8004));
    FLASH_WRP1AR = PAGE | PAGE << 16;
    CHECK_EQ("option registers are locked", FLASH_WRP1AR, 0xff00ffff);
    FLASH_OPTKEYR = 0x08192a3b;
    FLASH_OPTKEYR = 0x4c5d6e7f;
    CHECK_EQ("OPTKEYR unlocks", FLASH_CR, 0);
    FLASH_WRP1AR = PAGE | PAGE << 16;
    FLASH_PCROP1BSR = 2 * PROTECTED;
    FLASH_PCROP1BER = 2 * PROTECTED;
    FLASH_SFR = 0;
    CHECK_EQ("SFSA is CPU2's", FLASH_SFR & 0xff, 0xf4);
    FLASH_CR |= CR_OPTSTRT;
    CHECK("OPTSTRT: BSY", FLASH_SR & SR_BSY);
    wait();
    CHECK_EQ("option byte in memory", REG32(0x1fff8018), 0xff00ff00 | PAGE | PAGE << 16);
    erase(PAGE);
    CHECK_EQ("in force only when loaded", take_errors(), 0);
    STAGE = STAGE_AFTER_LAUNCH;
    FLASH_CR |= CR_OBL_LAUNCH;
    delay_us(100);
    CHECK("OBL_LAUNCH resets", false);
}

/* RM0434 3.5.4: 2 KiB that run and do not read. */
static void readout_protection(void)
{
    int (*code)(void) = (int (*)(void))(PROTECTED_ADDRESS | 1u);

    CHECK_EQ("PCROP: code runs", (uint32_t)code(), 1);
    CHECK_EQ("PCROP: fetching is no error", FLASH_SR & SR_RDERR, 0);
    CHECK_EQ("PCROP: nothing is read", REG32(PROTECTED_ADDRESS), 0);
    CHECK_EQ("PCROP: RDERR", FLASH_SR & SR_RDERR, SR_RDERR);
    irq_enable(IRQ_FLASH);
    interrupts = 0;
    FLASH_CR = CR_RDERRIE;
    delay_cycles(10);
    CHECK_EQ("PCROP: interrupt", interrupts, 1);
    irq_disable(IRQ_FLASH);
    FLASH_CR = CR_PG;
    REG32(PROTECTED_ADDRESS + 8) = 1;
    CHECK_EQ("PCROP: WRPERR", take_errors(), SR_WRPERR);
    FLASH_CR = 0;
    CHECK_EQ("the other half of the page reads", REG32(PROTECTED_ADDRESS + 2048), 0xffffffff);
}

static void after_launch(void)
{
    CHECK_EQ("OBL_LAUNCH: OBLRSTF", RCC_CSR >> 25 & 1, 1);
    CHECK_EQ("the new option is in its register", FLASH_WRP1AR, 0xff00ff00 | PAGE | PAGE << 16);
    CHECK("flash survived the reset", REG32(FLASH_MEMORY) != 0xffffffff);
    CHECK_EQ("OTP survived the reset", REG32(0x1fff7000), 0x12345678);
    unlock();
    readout_protection();
    FLASH_CR = CR_PER | PAGE << 3;
    FLASH_CR |= CR_STRT;
    CHECK_EQ("erase of a protected page: WRPERR", take_errors(), SR_WRPERR);
    FLASH_CR = CR_PG;
    REG32(PAGE_ADDRESS + 8) = 1;
    CHECK_EQ("write to a protected page: WRPERR", take_errors(), SR_WRPERR);
    FLASH_CR = CR_LOCK;
    CHECK("a wrong key: bus error", !try_write(0x58004008, 0x12345678));
    try_write(0x58004008, 0x45670123);
    try_write(0x58004008, 0xcdef89ab);
    CHECK("a wrong key locks for good", FLASH_CR & CR_LOCK);
    STAGE = STAGE_AFTER_LOCKUP;
    SCB_AIRCR = 0x05fa0004;
    delay_us(100);
    CHECK("SYSRESETREQ resets", false);
}

void test(void)
{
    if (STAGE == STAGE_AFTER_LAUNCH) {
        after_launch();
        return;
    }
    if (STAGE == STAGE_AFTER_LOCKUP) {
        unlock();
        CHECK_EQ("until the next reset", FLASH_CR, CR_OPTLOCK);
        return;
    }
    registers();
    programming();
    erasing();
    suspend();
    fast();
    interrupt();
    new_code();
    otp();
    factory();
    options();
}
