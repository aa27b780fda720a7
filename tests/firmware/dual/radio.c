/* SPDX-License-Identifier: Apache-2.0 */
/*
 * radio.c - three radios that keep appointments: what docs/radio.md promises, to the microsecond.
 * NODE is A, B or C. On the way from A to B and to C 60 dB are lost, between B and C 85 (radio.sh).
 */
#include "radio.h"
#include "test.h"

enum { A, B, C };

#define FIRST 20000u /* us: the first appointment */
#define PERIOD 5000u /* to the next */
#define MAX_PDU 257u

static uint8_t out[MAX_PDU], in[MAX_PDU];
static uint32_t reset_mark __attribute__((section(".noinit")));

#define RESET_MARK 0x0FF0CAFEu

static void fill(unsigned payload, uint8_t seed)
{
    out[0] = seed;
    out[1] = (uint8_t)payload;
    for (unsigned i = 0; i < payload; i++) {
        out[2 + i] = (uint8_t)(seed + 7 * i);
    }
}

static bool arrived(unsigned payload, uint8_t seed)
{
    fill(payload, seed);
    for (unsigned i = 0; i < payload + 2; i++) {
        if (in[i] != out[i]) {
            return false;
        }
    }
    return true;
}

static void send(uint32_t start, unsigned payload, uint8_t seed)
{
    fill(payload, seed);
    transmit(start, out);
}

static void listen(uint32_t start, uint32_t window)
{
    for (unsigned i = 0; i < MAX_PDU; i++) {
        in[i] = 0xAA;
    }
    receive(start, window, in, MAX_PDU);
}

/* What became of listen(). */
static void expect_good(const char *what, uint32_t start, unsigned phy, unsigned payload,
                        uint8_t seed)
{
    uint32_t seen = radio_wait(RXDONE | RXTIMEOUT | LATE);

    CHECK_EQ(name(what, "received"), seen & (RXDONE | RXTIMEOUT | LATE | SYNC), RXDONE | SYNC);
    CHECK_EQ(name(what, "status"), RADIO_RXSTATUS, 1 | (payload + 2) << 16);
    CHECK_EQ(name(what, "began"), RADIO_RXTIME, start);
    CHECK_EQ(name(what, "ended"), RADIO_RXEND, start + air_us(phy, payload));
    CHECK(name(what, "content"), arrived(payload, seed));
}

static void expect_bad(const char *what, unsigned payload, uint8_t seed)
{
    uint32_t seen = radio_wait(RXDONE | RXTIMEOUT | LATE);

    CHECK_EQ(name(what, "synchronised"), seen & (RXDONE | RXTIMEOUT | LATE | SYNC), RXDONE | SYNC);
    CHECK_EQ(name(what, "CRC is wrong"), RADIO_RXSTATUS, (payload + 2) << 16);
    CHECK(name(what, "content is not what was sent"), !arrived(payload, seed));
}

static void expect_nothing(const char *what, uint32_t end)
{
    uint32_t seen = radio_wait(RXDONE | RXTIMEOUT | LATE), now = RADIO_TIME;

    CHECK_EQ(name(what, "not heard"), seen & (RXDONE | RXTIMEOUT | LATE | SYNC), RXTIMEOUT);
    CHECK_RANGE(name(what, "the window closes in time"), now, end, end + 1);
}

/* ---- one sends, one listens ---- */

static void plain(uint32_t t)
{
    uint32_t before, after, done;

    if (NODE == A) {
        send(t, 37, 1);
        wait_time(t - 61);
        before = RADIO_SR;
        wait_time(t - 59);
        after = RADIO_SR;
        radio_wait(TXDONE);
        done = RADIO_TIME;
        CHECK_EQ("plain: pending", before & TXBUSY, 0);
        CHECK_EQ("plain: busy from RAMP on", after & TXBUSY, TXBUSY);
        CHECK_EQ("plain: TXEND", RADIO_TXEND, t + air_us(0, 37));
        CHECK_RANGE("plain: TXDONE", done, t + air_us(0, 37), t + air_us(0, 37) + 1);
    } else if (NODE == B) {
        listen(t - 10, 100);
        radio_wait(SYNC);
        before = RADIO_TIME;
        after = RADIO_SR;
        radio_wait(RXDONE);
        done = RADIO_TIME;
        CHECK_RANGE("plain: SYNC", before, t + 40, t + 41);
        CHECK_EQ("plain: RXBUSY", after & RXBUSY, RXBUSY);
        CHECK_EQ("plain: RSSI", RADIO_RSSI, (uint32_t)-60);
        CHECK_EQ("plain: RXSTATUS", RADIO_RXSTATUS, 1 | 39 << 16);
        CHECK_EQ("plain: RXTIME", RADIO_RXTIME, t);
        CHECK_EQ("plain: RXEND", RADIO_RXEND, t + 376);
        CHECK_RANGE("plain: RXDONE", done, t + 376, t + 377);
        CHECK("plain: content", arrived(37, 1));
    }
}

static void longest(uint32_t t)
{
    RADIO_PHY = 1;
    RADIO_CHANNEL = 39;
    RADIO_WHITEN = 39;
    if (NODE == A) {
        send(t, 255, 2);
        radio_wait(TXDONE);
        CHECK_EQ("2M: TXEND", RADIO_TXEND, t + air_us(1, 255));
    } else if (NODE == B) {
        listen(t, 25);
        expect_good("2M", t, 1, 255, 2);
    }
}

static void whitening(uint32_t t)
{
    if (NODE == A) {
        send(t, 10, 3);
    } else if (NODE == B) {
        RADIO_WHITEN = 38;
        listen(t, 100);
        expect_bad("whitening:", 10, 3);
    }
}

static void crc_init(uint32_t t)
{
    if (NODE == A) {
        send(t, 10, 3);
    } else if (NODE == B) {
        RADIO_CRCINIT = 0x555554;
        listen(t, 100);
        expect_bad("CRC init:", 10, 3);
    }
}

static void other_channel(uint32_t t)
{
    if (NODE == A) {
        send(t, 10, 3);
    } else if (NODE == B) {
        RADIO_CHANNEL = 1;
        listen(t - 10, 200);
        expect_nothing("another channel:", t + 190);
    }
}

static void other_aa(uint32_t t)
{
    if (NODE == A) {
        send(t, 10, 3);
    } else if (NODE == B) {
        RADIO_AA = ADVERTISING_AA ^ 1;
        listen(t - 10, 200);
        expect_nothing("another access address:", t + 190);
    }
}

static void other_phy(uint32_t t)
{
    if (NODE == A) {
        send(t, 10, 3);
    } else if (NODE == B) {
        RADIO_PHY = 1;
        listen(t - 10, 200);
        expect_nothing("another PHY:", t + 190);
    }
}

static void turnaround(uint32_t t)
{
    if (NODE == A) {
        send(t, 12, 4);
        radio_wait(TXDONE);
        listen(RADIO_TXEND + 150, 41);
        expect_good("answer after 150 us:", t + air_us(0, 12) + 150, 0, 20, 5);
    } else if (NODE == B) {
        listen(t - 5, 100);
        radio_wait(RXDONE);
        send(RADIO_RXEND + 150, 20, 5);
        CHECK_EQ("question: RXEND", RADIO_RXEND, t + air_us(0, 12));
        radio_wait(TXDONE);
    }
}

/* The access address must be complete before the window closes. */
static void window_edge(uint32_t t)
{
    if (NODE == A) {
        send(t, 4, 6);
        radio_wait(TXDONE);
        send(t + 1000, 4, 7);
        radio_wait(TXDONE);
        send(t + 2000, 4, 8);
    } else if (NODE == B) {
        listen(t, 40);
        expect_nothing("a window of 40 us:", t + 40);
        listen(t + 1000, 41);
        expect_good("a window of 41 us:", t + 1000, 0, 4, 7);
        listen(t + 2001, 1000);
        expect_nothing("opened 1 us late:", t + 3001);
    }
}

static void short_buffer(uint32_t t)
{
    if (NODE == A) {
        send(t, 30, 9);
    } else if (NODE == B) {
        listen(t, 100);
        RADIO_SR = ~0u;
        receive(t, 100, in, 10);
        radio_wait(RXDONE);
        CHECK_EQ("RXMAX: CRC counts", RADIO_RXSTATUS, 1 | 32 << 16);
        fill(30, 9);
        CHECK("RXMAX: what fits", in[9] == out[9] && in[10] == 0xAA);
    }
}

/* ---- several at once. At B, A is heard with -60 dBm, C with -85. ---- */

static void equals(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 10);
    } else if (NODE == C) {
        RADIO_POWER = 20;
        send(t, 20, 11);
    } else {
        listen(t - 10, 400);
        expect_nothing("two at once:", t + 390);
    }
}

static void interrupted(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 10);
    } else if (NODE == C) {
        RADIO_POWER = 20;
        send(t + 41, 20, 11);
    } else {
        listen(t - 10, 400);
        expect_bad("a second one within 10 dB:", 20, 10);
    }
}

static void elsewhere(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 10);
    } else if (NODE == C) {
        RADIO_POWER = 20;
        RADIO_CHANNEL = 1;
        send(t + 41, 20, 11);
    } else {
        listen(t - 10, 400);
        expect_good("a second one on another channel:", t, 0, 20, 10);
    }
}

static void weaker(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 12);
    } else if (NODE == C) {
        send(t + 20, 20, 13);
    } else {
        listen(t - 10, 400);
        expect_good("a weaker one meanwhile:", t, 0, 20, 12);
        CHECK_EQ("a weaker one meanwhile: RSSI", RADIO_RSSI, (uint32_t)-60);
    }
}

static void stronger_early(uint32_t t)
{
    if (NODE == A) {
        send(t + 20, 20, 12);
    } else if (NODE == C) {
        send(t, 20, 13);
    } else {
        listen(t - 10, 400);
        expect_good("a stronger one before the access address:", t + 20, 0, 20, 12);
    }
}

static void stronger_late(uint32_t t)
{
    if (NODE == A) {
        send(t + 60, 20, 12);
    } else if (NODE == C) {
        send(t, 20, 13);
    } else {
        listen(t - 10, 400);
        expect_bad("a stronger one after it:", 20, 13);
    }
}

static void too_far(uint32_t t)
{
    if (NODE == C) {
        RADIO_POWER = (uint32_t)-11;
        send(t, 6, 14);
    } else if (NODE == B) {
        listen(t - 10, 400);
        expect_nothing("-96 dBm:", t + 390);
    } else {
        listen(t - 10, 400);
        expect_good("-71 dBm:", t, 0, 6, 14);
        CHECK_EQ("-71 dBm: RSSI", RADIO_RSSI, (uint32_t)-71);
    }
}

static void just_near(uint32_t t)
{
    if (NODE == C) {
        RADIO_POWER = (uint32_t)-10;
        send(t, 6, 14);
    } else if (NODE == B) {
        listen(t - 10, 400);
        expect_good("-95 dBm:", t, 0, 6, 14);
    }
}

/* ---- ends before the end ---- */

/* Power goes at t + 100; 50 us later nothing is on the air. */
static void power_off(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 15);
        wait_time(t + 100);
        RADIO_CR = 0;
        CHECK_EQ("power off: not busy", RADIO_SR & TXBUSY, 0);
        wait_time(t + 400);
        CHECK_EQ("power off: no TXDONE", RADIO_SR & TXDONE, 0);
    } else if (NODE == B) {
        listen(t - 10, 400);
        expect_bad("power off:", 20, 15);
        CHECK_EQ("power off: received to its length", RADIO_RXEND, t + air_us(0, 20));
    } else {
        /* what comes after the end is not disturbed */
        send(t + 160, 5, 16);
    }
}

static void power_off_late(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 15);
        wait_time(t + air_us(0, 20) - 45);
        RADIO_CR = 0;
    } else if (NODE == B) {
        listen(t - 10, 400);
        expect_good("power off in the last 50 us:", t, 0, 20, 15);
    }
}

static void stopped(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 17);
        wait_time(t - 70);
        RADIO_CMD = STOP;
        wait_time(t + 300);
        CHECK_EQ("stopped before RAMP: nothing done", RADIO_SR, 0);
    } else if (NODE == B) {
        listen(t - 10, 400);
        wait_time(t + 100);
        RADIO_CMD = STOP;
        wait_time(t + 500);
        CHECK_EQ("receiver stopped: nothing done", RADIO_SR, 0);
    }
}

static void replaced(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 17);
        wait_time(t - 100);
        send(t + 100, 5, 18);
        radio_wait(TXDONE);
        CHECK_EQ("replaced: TXEND", RADIO_TXEND, t + 100 + air_us(0, 5));
    } else if (NODE == B) {
        listen(t - 10, 400);
        expect_good("replaced:", t + 100, 0, 5, 18);
    }
}

static void refused(uint32_t t)
{
    uint32_t busy;

    if (NODE != A) {
        return;
    }
    RADIO_START = RADIO_TIME + 59;
    RADIO_CMD = TX;
    CHECK_EQ("59 us ahead: LATE", RADIO_SR, LATE);
    RADIO_SR = LATE;
    RADIO_START = RADIO_TIME + 62;
    RADIO_CMD = TX;
    CHECK_EQ("62 us ahead: not LATE", RADIO_SR & LATE, 0);
    radio_wait(TXDONE);
    send(t, 20, 19);
    wait_time(t);
    listen(t + 500, 10);
    busy = RADIO_SR;
    radio_wait(TXDONE);
    CHECK_EQ("while a packet is on the air: LATE", busy, LATE | TXBUSY);
    CHECK_EQ("and the packet goes on", RADIO_TXEND, t + air_us(0, 20));
    RADIO_CR = 0;
    RADIO_START = RADIO_TIME + 100;
    RADIO_CMD = RX;
    CHECK_EQ("without power: LATE", RADIO_SR, LATE);
    RADIO_SR = LATE;
}

static void registers(uint32_t t)
{
    uint32_t first, second, armed;

    if (NODE != A) {
        return;
    }
    CHECK_EQ("ID", RADIO_ID, 0x4F524201);
    CHECK_EQ("RAMP", RADIO_RAMP, 60);
    RADIO_CHANNEL = 40;
    RADIO_PHY = 2;
    RADIO_WHITEN = 40;
    CHECK_EQ("CHANNEL has a range", RADIO_CHANNEL, 0);
    CHECK_EQ("PHY has a range", RADIO_PHY, 0);
    CHECK_EQ("WHITEN has a range", RADIO_WHITEN, 37);
    RADIO_CCR(2) = t;
    RADIO_CCR(0) = t - 100;
    RADIO_CCER = 1 << 2 | 1 << 0;
    CHECK_EQ("COMPARE: not before its time", RADIO_SR, 0);
    radio_wait(COMPARE(0));
    first = RADIO_TIME;
    armed = RADIO_CCER;
    radio_wait(COMPARE(2));
    second = RADIO_TIME;
    CHECK_RANGE("COMPARE0: in time", first, t - 100, t - 99);
    CHECK_EQ("COMPARE0: disarmed", armed, 1 << 2);
    CHECK_RANGE("COMPARE2: in time", second, t, t + 1);
    RADIO_CCR(3) = t;
    RADIO_CCER = 1 << 3;
    CHECK_EQ("COMPARE3: at once when it is past", RADIO_SR, COMPARE(3));
    RADIO_SR = COMPARE(3);
}

/* B sleeps; only the interrupt wakes it. */
static void interrupt(uint32_t t)
{
    if (NODE == A) {
        send(t, 8, 20);
    } else if (NODE == B) {
        listen(t - 10, 400);
        RADIO_IER = RXDONE;
        irqs_off();
        irq_clear(RADIO_IRQ);
        irq_enable(RADIO_IRQ);
        wfi();
        CHECK_RANGE("interrupt: wakes at the end", RADIO_TIME, t + air_us(0, 8),
                    t + air_us(0, 8) + 1);
        CHECK("interrupt: pending", irq_pending(RADIO_IRQ));
        RADIO_SR = ~0u;
        irq_clear(RADIO_IRQ);
        CHECK("interrupt: lowered by SR", !irq_pending(RADIO_IRQ));
        irq_disable(RADIO_IRQ);
        irqs_on();
        RADIO_IER = 0;
    }
}

/* The last: A does not come back from here, but as from power-on. */
static void reset(uint32_t t)
{
    if (NODE == A) {
        send(t, 20, 21);
        wait_time(t + 50);
        reset_mark = RESET_MARK;
        SCB_AIRCR = 0x05FA0004;
        for (;;) {
        }
    } else if (NODE == B) {
        listen(t - 10, 400);
        expect_bad("reset of the sender:", 20, 21);
    }
}

void test(void)
{
    static void (*const all[])(uint32_t t) = {
        plain,     longest,        whitening,      crc_init,      other_channel, other_aa,
        other_phy, turnaround,     window_edge,    short_buffer,  equals,        interrupted,
        elsewhere, weaker,         stronger_early, stronger_late, too_far,       just_near,
        power_off, power_off_late, stopped,        replaced,      refused,       registers,
        interrupt, reset,
    };

    if (NODE == A && reset_mark == RESET_MARK) {
        reset_mark = 0;
        CHECK_EQ("reset: registers are as at power-on", RADIO_CR | RADIO_SR | RADIO_AA, 0);
        return;
    }
    clock_64mhz();
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        radio_setup();
        all[i](FIRST + i * PERIOD);
        wait_time(FIRST + i * PERIOD + PERIOD - 1000);
        RADIO_CMD = STOP;
        RADIO_SR = ~0u;
    }
}
