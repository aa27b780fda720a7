/* SPDX-License-Identifier: Apache-2.0 */
/* flash.c - commands, times and errors of FLASH; what a reset in the middle leaves; counters. */
#include "test.h"

#define PLACE 0x00300000u

static struct {
    uint32_t magic, round;
} noinit __attribute__((section(".noinit")));

static volatile bool interrupted;

void irq_FLASH(void)
{
    interrupted = true;
    irq_disable(IRQ_FLASH);
}

static uint32_t at(unsigned word)
{
    return REG32(PLACE + 4 * word);
}

/* Words @from to @to - 1 of the page all are @value. */
static bool all_are(uint32_t value, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        if (at(i) != value) {
            return false;
        }
    }
    return true;
}

static void fill_buffer(uint32_t value)
{
    for (unsigned i = 0; i < 64; i++) {
        FLASH_BUF(i) = value;
    }
}

static void command(uint32_t what, uint32_t address, uint32_t count)
{
    FLASH_STAT = ~0u;
    FLASH_ADDR = address;
    FLASH_COUNT = count;
    FLASH_CMD = what;
}

/* To its end: how long it took. */
static uint32_t us_of(uint32_t what, uint32_t address, uint32_t count)
{
    uint32_t from = cycles();

    command(what, address, count);
    wait_until(&FLASH_STAT, FLASH_BUSY, 0, 10000000);
    return (uint32_t)(ns_since(from) / 1000);
}

static void commands(void)
{
    CHECK("erased at first", all_are(~0u, 0, 64));
    FLASH_KEY = FLASH_KEY_VALUE;
    fill_buffer(0x12345678);
    CHECK_RANGE("a page takes 286 us", us_of(FLASH_PROGRAM, PLACE, 256), 286, 288);
    CHECK_EQ("done", FLASH_STAT, FLASH_DONE);
    CHECK("programmed", all_are(0x12345678, 0, 64));
    CHECK_EQ("not the next page", at(64), ~0u);
    fill_buffer(0xffff0000);
    CHECK_RANGE("a word takes 34 us", us_of(FLASH_PROGRAM, PLACE + 8, 4), 34, 36);
    CHECK_EQ("bits only become 0, and that shows", FLASH_STAT, FLASH_DONE | FLASH_EVERIFY);
    CHECK_EQ("a word over a word", at(2), 0x12340000);
    command(FLASH_REPLACE, PLACE, 0);
    CHECK_EQ("old while it runs", at(0), 0x12345678);
    CHECK_EQ("and busy", FLASH_STAT, FLASH_BUSY);
    CHECK_EQ("at", FLASH_CADDR, PLACE);
    command(FLASH_ERASE, PLACE, 1);
    CHECK_EQ("one at a time", FLASH_STAT, FLASH_BUSY | FLASH_ESEQ);
    wait_until(&FLASH_STAT, FLASH_BUSY, 0, 10000000);
    CHECK("replaced", all_are(0xffff0000, 0, 64));
    command(FLASH_PROGRAM, PLACE + 1024, 256);
    wait_until(&FLASH_STAT, FLASH_BUSY, 0, 10000000);
    FLASH_IRQEN = 2;
    irq_clear(IRQ_FLASH);
    irq_enable(IRQ_FLASH);
    CHECK_RANGE("five pages are erased in 5 ms", us_of(FLASH_ERASE, PLACE, 5), 5000, 5003);
    CHECK("erased", all_are(~0u, 0, 5 * 64));
    CHECK("interrupt", interrupted);
    FLASH_IRQEN = 0;
}

static uint32_t error_of(uint32_t what, uint32_t address, uint32_t count)
{
    us_of(what, address, count);
    return FLASH_STAT;
}

static void errors(void)
{
    CHECK_EQ("over a page's end", error_of(FLASH_PROGRAM, PLACE + 128, 132), FLASH_EADDR);
    CHECK_EQ("nothing to program", error_of(FLASH_PROGRAM, PLACE, 0), FLASH_EADDR);
    CHECK_EQ("half a word", error_of(FLASH_PROGRAM, PLACE, 2), FLASH_EADDR);
    CHECK_EQ("between words", error_of(FLASH_PROGRAM, PLACE + 2, 4), FLASH_EADDR);
    CHECK_EQ("beyond flash", error_of(FLASH_ERASE, 0x00400000, 1), FLASH_EADDR);
    CHECK_EQ("over the end of flash", error_of(FLASH_ERASE, 0x003fff00, 2), FLASH_EADDR);
    CHECK_EQ("before flash", error_of(FLASH_ERASE, 0x001fff00, 2), FLASH_EADDR);
    CHECK_EQ("too many pages", error_of(FLASH_ERASE, PLACE, 65), FLASH_EADDR);
    CHECK_EQ("a huge count", error_of(FLASH_ERASE, PLACE, ~0u), FLASH_EADDR);
    CHECK_EQ("a huge length", error_of(FLASH_PROGRAM, PLACE, ~3u), FLASH_EADDR);
    CHECK_EQ("no such command", error_of(9, PLACE, 4), FLASH_ESEQ);
    FLASH_PROT = PLACE + 256;
    FLASH_PROT = 0;
    CHECK_EQ("protected", error_of(FLASH_ERASE, PLACE, 1), FLASH_EPROT);
    CHECK_EQ("protected, by its last page only", error_of(FLASH_ERASE, PLACE + 256, 1), FLASH_DONE);
    FLASH_KEY = 0;
    CHECK_EQ("without the key", error_of(FLASH_ERASE, PLACE + 512, 1), FLASH_EKEY);
}

static void counters(void)
{
    CHECK_EQ("a counter starts at 0", FLASH_NVC(3), 0);
    FLASH_NVC(3) = 1;
    CHECK_EQ("and takes its time", FLASH_NVC(3), 0);
    wait_until(&FLASH_STAT, FLASH_BUSY, 0, 10000000);
    CHECK_EQ("to count", FLASH_NVC(3), 1);
    FLASH_STAT = ~0u;
    FLASH_NVC(3) = 1;
    CHECK_EQ("it does not stand", FLASH_STAT, FLASH_EADDR);
    FLASH_STAT = ~0u;
    FLASH_NVC(3) = 0;
    CHECK_EQ("nor go back", FLASH_STAT, FLASH_EADDR);
    FLASH_STAT = ~0u;
    FLASH_NVC(3) = 3;
    CHECK_EQ("nor jump", FLASH_STAT, FLASH_EADDR);
}

/* Reset some time after a replacement began. */
static _Noreturn void cut(uint32_t us)
{
    FLASH_KEY = FLASH_KEY_VALUE;
    command(FLASH_REPLACE, PLACE, 0);
    delay_us(us);
    SYS_RESET = SYS_RESET_KEY;
    for (;;) {
    }
}

/* A page of @before was to become @after: words that are done, one between, words that are not. */
static void check_torn(const char *what, uint32_t before, uint32_t after, unsigned low,
                       unsigned high)
{
    unsigned done = 0;

    while (done < 64 && at(done) == after) {
        done++;
    }
    CHECK_RANGE(name(what, "words done"), done, low, high);
    CHECK(name(what, "the rest is as before"), all_are(before, done + 1, 64));
    CHECK(name(what, "and one between"), ((at(done) ^ before) & ~(before ^ after)) == 0 &&
                                             ((at(done) ^ after) & ~(before ^ after)) == 0);
}

static void after_reset(void)
{
    switch (noinit.round++) {
    case 0:
        CHECK_EQ("protection ends with a reset", FLASH_PROT, 0);
        FLASH_KEY = FLASH_KEY_VALUE;
        fill_buffer(0xa5a5a5a5);
        us_of(FLASH_REPLACE, PLACE, 0);
        cut(500);
    case 1:
        check_torn("erase", 0xa5a5a5a5, ~0u, 30, 34);
        fill_buffer(0x5a5a5a5a);
        cut(1000 + 30 + 128);
    case 2:
        check_torn("program", ~0u, 0x5a5a5a5a, 30, 34);
        fill_buffer(0x12345678);
        cut(1400);
    default:
        CHECK("whole", all_are(0x12345678, 0, 64));
        CHECK_EQ("a counter outlives resets", FLASH_NVC(3), 1);
    }
}

void test(void)
{
    if (noinit.magic == 0x0badcafe) {
        after_reset();
        return;
    }
    commands();
    errors();
    counters();
    noinit.magic = 0x0badcafe;
    SYS_RESET = SYS_RESET_KEY;
    for (;;) {
    }
}
