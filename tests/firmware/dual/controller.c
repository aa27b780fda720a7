/* SPDX-License-Identifier: Apache-2.0 */
/*
 * controller.c - cpu2/'s controller on the radio itself, three of them, each with a host of a few
 * lines in the same core. NODE 0 scans, connects to the other two, goes to long PDUs and 2M,
 * encrypts, and sends packets, which they send back. It is cpu2/'s ll_test.c once more, with the
 * real turn-around times: a START that came too late shows as LATE.
 */
#include <string.h>

#include "hci.h"
#include "test.h"

#define RADIO_SR REG32(0x60000008)
#define RADIO_TIME REG32(0x60000010)
#define RADIO_START REG32(0x60000054)
#define RADIO_RXEND REG32(0x60000064)
#define RADIO_RXDONE (1u << 1)
#define RADIO_LATE (1u << 3)
#define RADIO_IRQ 30
#define T_IFS 150
#define irq_RADIO irq_I2C1_EV /* the name that CPU1 has for this number */

#define PACKETS 100u
#define CREDITS 8u
#define EVENTS 32
#define LE(subevent) (0x3E00u | (subevent))
#define SECONDS(n) ((n)*1000000u)

static uint8_t events[EVENTS][HCI_EVENT_MAX];
static unsigned event_count, credits = CREDITS, echoed, wrong;
static volatile bool interrupted;
static volatile unsigned late, turns, slowest;
static uint32_t noise = 12345 + NODE;

/* ---- what cpu2/main.c has otherwise ---- */

uint32_t now_us(void)
{
    return RADIO_TIME;
}

void random_octets(uint8_t *out, size_t n)
{
    while (n--) {
        noise = noise * 1664525u + 1013904223u;
        *out++ = (uint8_t)(noise >> 24);
    }
}

/* How long after a packet's end the answer to it was decided. */
void irq_RADIO(void)
{
    uint32_t sr = RADIO_SR, end = RADIO_RXEND, took;

    late += !!(sr & RADIO_LATE);
    controller_interrupt();
    if (sr & RADIO_RXDONE && RADIO_START == end + T_IFS) {
        took = RADIO_TIME - end;
        turns++;
        slowest = took > slowest ? took : slowest;
    }
    interrupted = true;
}

static unsigned get16(const uint8_t *p)
{
    return p[0] | p[1] << 8;
}

bool router_event(const uint8_t *event, size_t len)
{
    if (event[0] == 0x13) {
        credits += get16(event + 5);
        return true;
    }
    if (event_count == EVENTS) {
        return false;
    }
    memcpy(events[event_count++], event, len);
    return true;
}

static uint8_t back[HCI_ACL_MAX];
static size_t back_len;

/* NODE 0 checks what comes back; the others send it back. */
bool router_acl(const uint8_t *packet, size_t len)
{
    if (NODE == 0) {
        for (size_t i = 5; i < len; i++) {
            wrong += packet[i] != (uint8_t)(packet[4] + i);
        }
        echoed++;
        return true;
    }
    if (back_len) {
        return false;
    }
    memcpy(back, packet, len);
    back[1] &= 0x0F; /* a first fragment, to a controller */
    back_len = len;
    return true;
}

static void send_back(void)
{
    if (back_len && credits) {
        credits--;
        wrong += !controller_acl(back, back_len);
        back_len = 0;
        echoed++;
    }
}

/* What is due; then sleep, unless that brought something. */
static void pump(void)
{
    unsigned known = event_count;

    interrupted = false;
    if (controller_work() || event_count != known) {
        return;
    }
    send_back();
    irqs_off();
    if (!interrupted && !back_len) {
        __asm__ volatile("wfi");
    }
    irqs_on();
}

/* ---- a host ---- */

static bool is(const uint8_t *event, unsigned code)
{
    return code > 0xFF ? event[0] == 0x3E && event[2] == (code & 0xFF) : event[0] == code;
}

/* The first event of that code; NULL: none in so many us. */
static const uint8_t *wait(unsigned code, uint32_t us)
{
    static uint8_t event[HCI_EVENT_MAX];
    uint32_t begun = now_us();

    while (now_us() - begun < us) {
        for (unsigned i = 0; i < event_count; i++) {
            if (is(events[i], code)) {
                memcpy(event, events[i], HCI_EVENT_MAX);
                memmove(events[i], events[i + 1], (--event_count - i) * HCI_EVENT_MAX);
                return event;
            }
        }
        if (event_count == EVENTS) {
            event_count = 0; /* nothing but reports */
        }
        pump();
    }
    return NULL;
}

static unsigned command(unsigned ogf, unsigned ocf, const void *parameters, size_t len)
{
    uint8_t packet[3 + 64] = {(uint8_t)ocf, (uint8_t)(ogf << 2), (uint8_t)len};
    const uint8_t *e;

    memcpy(packet + 3, parameters, len);
    event_count = 0;
    controller_command(packet, 3 + len);
    for (;;) {
        if (event_count && events[0][0] == 0x0E) {
            e = wait(0x0E, SECONDS(1));
            return e[5];
        }
        if (event_count && events[0][0] == 0x0F) {
            e = wait(0x0F, SECONDS(1));
            return e[2];
        }
        return 0x100;
    }
}

static const uint8_t key[16] = "sixteen octets.";

static void start(void)
{
    const uint8_t address[6] = {NODE, 1, 2, 3, 4, 5};
    const uint8_t all[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F};
    const uint8_t length[4] = {251, 0, 0x48, 0x08};

    clock_hse32();
    clocks_on();
    irq_enable(RADIO_IRQ);
    controller_init(address);
    CHECK_EQ("HCI_Reset", command(3, 0x03, "", 0), 0);
    command(3, 0x01, all, 8);
    command(8, 0x01, all, 8);
    CHECK_EQ("default data length", command(8, 0x24, length, 4), 0);
}

/* ---- NODE 1 and 2 ---- */

static void peripheral(void)
{
    const uint8_t parameters[15] = {0x30, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0};
    const uint8_t data[32] = {3, 2, 1, 6};
    const uint8_t *e;
    uint8_t reply[18] = {0};

    CHECK_EQ("advertising parameters", command(8, 0x06, parameters, 15), 0);
    CHECK_EQ("advertising data", command(8, 0x08, data, 32), 0);
    CHECK_EQ("advertising", command(8, 0x0A, "\1", 1), 0);
    e = wait(LE(0x01), SECONDS(20)); /* the other may have to try again */
    CHECK("connected", e && e[3] == 0 && e[6] == 1 && e[8] == 0);
    e = wait(LE(0x05), SECONDS(20));
    CHECK("asked for the key", e != NULL);
    memcpy(reply + 2, key, 16);
    CHECK_EQ("key given", command(8, 0x1A, reply, 18), 0);
    e = wait(0x08, SECONDS(5));
    CHECK("encrypted", e && e[2] == 0 && e[5] == 1);
    e = wait(0x05, SECONDS(40));
    CHECK("disconnected by the other", e && e[5] == 0x13);
    CHECK_EQ("packets sent back", echoed, PACKETS);
    CHECK_EQ("none refused", wrong, 0);
}

/* ---- NODE 0 ---- */

static void find_both(void)
{
    const uint8_t parameters[7] = {1, 0x30, 0, 0x30, 0, 0, 0};
    unsigned seen = 0;

    CHECK_EQ("scan parameters", command(8, 0x0B, parameters, 7), 0);
    CHECK_EQ("scan", command(8, 0x0C, "\1\0", 2), 0);
    for (int i = 0; i < 100 && seen != 0xF; i++) {
        const uint8_t *e = wait(LE(0x02), SECONDS(1));

        if (e && (e[4] == 0 || e[4] == 4)) { /* advertisement or scan response */
            seen |= (e[4] ? 2u : 1u) << 2 * (e[6] - 1);
        }
    }
    CHECK_EQ("both found, and both answered", seen, 0xF);
    CHECK_EQ("scan off", command(8, 0x0C, "\0\0", 2), 0);
}

/* Nobody repeats a CONNECT_IND: where packets are lost, a connection may not come about. */
static unsigned join(uint8_t node)
{
    uint8_t p[25] = {0x30, 0, 0x30, 0, 0, 0, node, 1, 2, 3, 4, 5, 0, 24, 0, 24, 0, 0, 0, 200, 0};
    const uint8_t *e;
    unsigned handle, tries = 0;

    do {
        CHECK_EQ(name("create", node == 1 ? "1" : "2"), command(8, 0x0D, p, 25), 0);
        e = wait(LE(0x01), SECONDS(5));
        CHECK(name("connected", node == 1 ? "1" : "2"), e && e[3] == 0 && e[8] == node);
        handle = e ? get16(e + 4) : 0;
        e = wait(LE(0x07), SECONDS(2));
    } while (!e && ++tries < 8 && wait(0x05, 1000));
    CHECK(name("251 octets", node == 1 ? "1" : "2"),
          e && get16(e + 5) == 251 && get16(e + 9) == 251);
    return handle;
}

static void improve(unsigned handle, const char *which)
{
    const uint8_t phy[7] = {(uint8_t)handle, 0, 0, 2, 2, 0, 0};
    uint8_t encrypt[28] = {(uint8_t)handle};
    const uint8_t *e;

    CHECK_EQ(name("set PHY", which), command(8, 0x32, phy, 7), 0);
    e = wait(LE(0x0C), SECONDS(2));
    CHECK(name("2M", which), e && e[3] == 0 && e[6] == 2 && e[7] == 2);
    memcpy(encrypt + 12, key, 16);
    CHECK_EQ(name("encrypt", which), command(8, 0x19, encrypt, 28), 0);
    e = wait(0x08, SECONDS(5));
    CHECK(name("encrypted", which), e && e[2] == 0 && e[5] == 1);
}

static void talk(const unsigned handle[2])
{
    uint32_t begun = now_us();
    unsigned sent = 0;

    while ((sent < 2 * PACKETS || echoed < 2 * PACKETS) && now_us() - begun < SECONDS(30)) {
        if (credits && sent < 2 * PACKETS) {
            uint8_t packet[HCI_ACL_MAX] = {(uint8_t)handle[sent % 2], 0};
            size_t len = 20 + sent % 231;

            packet[2] = (uint8_t)len;
            packet[4] = (uint8_t)sent;
            for (size_t i = 5; i < 4 + len; i++) {
                packet[i] = (uint8_t)(packet[4] + i);
            }
            credits--;
            sent++;
            wrong += !controller_acl(packet, 4 + len);
        } else {
            pump();
        }
    }
    CHECK_EQ("packets that came back", echoed, 2 * PACKETS);
    CHECK_EQ("and were right", wrong, 0);
    note_hex("us for them", now_us() - begun);
}

/* What the link layers negotiate besides. */
static void negotiate(unsigned handle)
{
    const uint8_t h[2] = {(uint8_t)handle}, map[5] = {0xFF, 0x0F, 0, 0xF0, 0x1F};
    const uint8_t update[14] = {(uint8_t)handle, 0, 12, 0, 12, 0, 0, 0, 100};
    const uint8_t *e;

    CHECK_EQ("read remote features", command(8, 0x16, h, 2), 0);
    e = wait(LE(0x04), SECONDS(2));
    CHECK("2M, #2, and those of 4.2", e && e[3] == 0 && get16(e + 6) == 0x413F);
    CHECK_EQ("read remote version", command(1, 0x1D, h, 2), 0);
    e = wait(0x0C, SECONDS(2));
    CHECK("version 5.2", e && e[2] == 0 && e[5] == 11);
    CHECK_EQ("connection update", command(8, 0x13, update, 14), 0);
    e = wait(LE(0x03), SECONDS(2));
    CHECK("interval 15 ms", e && e[3] == 0 && get16(e + 6) == 12);
    CHECK_EQ("channel classification", command(8, 0x14, map, 5), 0);
    wait(0xFFFF, SECONDS(1));
    CHECK_EQ("read RSSI", command(5, 0x05, h, 2), 0);
}

static void central(void)
{
    unsigned handle[2];
    const uint8_t *e;

    find_both();
    handle[0] = join(1);
    handle[1] = join(2);
    negotiate(handle[1]);
    improve(handle[0], "1");
    improve(handle[1], "2");
    talk(handle);
    for (int i = 0; i < 2; i++) {
        const uint8_t p[3] = {(uint8_t)handle[i], 0, 0x13};

        CHECK_EQ(name("disconnect", i ? "2" : "1"), command(1, 0x06, p, 3), 0);
        e = wait(0x05, SECONDS(3));
        /* 0x08: its acknowledgement was lost, and nobody is there to repeat it */
        CHECK(name("disconnected", i ? "2" : "1"), e && (e[5] == 0x16 || e[5] == 0x08));
    }
}

/* Octets in which P-256 comes out, and how long it takes with the radio idle. */
static void keys(void)
{
    uint32_t begun = now_us();
    const uint8_t *e;

    CHECK_EQ("read P-256 key", command(8, 0x25, "", 0), 0);
    e = wait(LE(0x08), SECONDS(5));
    CHECK("P-256 key", e && e[3] == 0);
    note_hex("us for a P-256 key", now_us() - begun);
}

void test(void)
{
    start();
    if (NODE == 0) {
        central();
        keys();
    } else {
        peripheral();
    }
    CHECK_EQ("commands that came too late for the radio", late, 0);
    CHECK_RANGE("slowest answer to a packet, us", slowest, 0, 90);
    note_hex("us, of", slowest);
    note_hex("answers", turns);
}
