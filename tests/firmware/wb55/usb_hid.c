/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb_hid.c - a HID device that returns each report, and sleeps. usb_hid.yaml joins its reports
 * (serial2) with USART1 through another board, as for usb.c, and its host suspends a device that is
 * silent for 50 ms.
 */
#include "test.h"

#define INTERVAL 4 /* ms */
#define REPORT 64

static const uint8_t device_descriptor[] = {18,   1,    0x00, 0x02, 0, 0, 0, 64, 0x83,
                                            0x04, 0x41, 0x57, 0,    2, 0, 0, 0,  1};
static const uint8_t report_descriptor[] = {
    0x06,   0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, /* FIDO's usage page, as wallets have it */
    0x09,   0x20, 0x15, 0x00, 0x26, 0xff, 0x00,   0x75, 0x08, 0x95,
    REPORT, 0x81, 0x02, 0x09, 0x21, 0x95, REPORT, 0x91, 0x02, 0xc0,
};
static const uint8_t configuration[] = {
    9,  2,    41,   0,    1,      1,      0,    0xe0,
    50, /* configuration: remote wake-up */
    9,  4,    0,    0,    2,      3,      0,    0,
    0, /* HID */
    9,  0x21, 0x11, 1,    0,      1,      0x22, sizeof(report_descriptor),
    0,  7,    5,    0x81, 3,      REPORT, 0,    INTERVAL,
    7,  5,    0x01, 3,    REPORT, 0,      1,
};

#include "usb_device.h"

/* one register for each direction of endpoint 1 */
static const uint16_t endpoints[2] = {INTERRUPT | 1 | NAK_TX, INTERRUPT | 1 | VALID_RX};

static volatile bool idle_set, wakeup_enabled, report_read;
static volatile unsigned reports, sent;
static volatile unsigned sent_at[4]; /* frames */

static bool class_request(uint16_t request, uint16_t value, uint16_t length)
{
    switch (request) {
    case 0x0a21: /* SET_IDLE */
        idle_set = true;
        break;
    case 0x0300: /* SET_FEATURE of the device */
        wakeup_enabled = value == 1;
        break;
    case 0x0681: /* GET_DESCRIPTOR of an interface */
        report_read = value == 0x2200 && length == sizeof(report_descriptor);
        reply(report_descriptor, sizeof(report_descriptor), length);
        return true;
    default:
        return false;
    }
    send_packet(0, TX0, NULL, 0);
    return true;
}

static void class_data(unsigned length)
{
    (void)length;
}

static void on_endpoint(unsigned n)
{
    uint8_t data[REPORT];

    if (n == 1) {
        clear_ctr(1, CTR_TX);
        sent_at[sent++ % 4] = USB_FNR & 0x7ff;
        return;
    }
    clear_ctr(2, CTR_RX);
    reports++;
    for (unsigned i = 0; i < REPORT; i++) {
        data[i] = REG8(PMA + OUT1 + i) ^ 0x5a;
    }
    send_packet(1, IN1, data, REPORT);
    set_stat(2, STAT_RX, VALID_RX);
}

/* A report there and back, both as bytes of USART1. */
static unsigned exchange_report(uint8_t seed)
{
    unsigned right = 0;

    for (unsigned i = 0; i < REPORT; i++) {
        wait_until(&USART1_ISR, 0x80, 0x80, 1000);
        USART1_TDR = (uint8_t)(seed + i);
    }
    for (unsigned i = 0; i < REPORT; i++) {
        if (!wait_until(&USART1_ISR, 0x20, 0x20, 1000000)) {
            return 0;
        }
        right += USART1_RDR == ((uint8_t)(seed + i) ^ 0x5a);
    }
    return right;
}

static void suspend(void)
{
    unsigned before = suspends, missed;

    esofs = 0;
    CHECK("the host suspends", wait_ms(&suspends, before + 1, 200));
    missed = esofs;
    USB_CNTR |= CNTR_FSUSP;
    USB_CNTR |= CNTR_LP_MODE;
    CHECK_EQ("after three frames without SOF", missed, 3);
    CHECK_EQ("the line is idle", USB_FNR >> 14, 2);
}

static void remote_wakeup(void)
{
    unsigned before = wakeups, last;

    USB_CNTR &= ~CNTR_LP_MODE;
    USB_CNTR &= ~CNTR_FSUSP;
    USB_CNTR |= CNTR_RESUME;
    CHECK_EQ("resume shows on the line", USB_FNR >> 14, 1);
    delay_us(5000);
    USB_CNTR &= ~CNTR_RESUME;
    CHECK_EQ("the host goes on with it", USB_FNR >> 14, 1);
    last = frames;
    CHECK("then SOF comes", wait_ms(&frames, last + 1, 40));
    CHECK_EQ("no wake-up of ours", wakeups, before);
}

void test(void)
{
    clock_64mhz();
    clocks_on();
    GPIOD_MODER &= ~3u;
    GPIOD_PUPDR = (GPIOD_PUPDR & ~3u) | 1;
    uarts_on();
    if (!(GPIOD_IDR & 1)) {
        relay();
    }
    RCC_CRRCR |= 1; /* HSI48 */
    wait_until(&RCC_CRRCR, 2, 2, 100000);
    USB_CNTR = 1;
    USB_CNTR = 0;
    USB_ISTR = 0;
    irq_enable(IRQ_USB_LP);
    USB_CNTR = 0x9f00; /* CTR, WKUP, SUSP, RESET, SOF, ESOF */
    USB_BCDR = 0x8000;
    CHECK("bus reset comes", wait_ms(&resets, 1, 500));
    for (unsigned i = 0; i < 100 && !report_read; i++) {
        delay_us(1000);
    }
    CHECK("configured", configured);
    CHECK("SET_IDLE", idle_set);
    CHECK("report descriptor", report_read);
    CHECK("remote wake-up is enabled", wakeup_enabled);
    CHECK_EQ("bytes of a report that come back", exchange_report(1), REPORT);
    CHECK_EQ("and of another", exchange_report(0x80), REPORT);
    CHECK_EQ("reports", reports, 2);

    sent = 0;
    for (unsigned i = 0; i < 3; i++) {
        send_packet(1, IN1, (const uint8_t *)"?", 1);
        wait_ms(&sent, i + 1, 20);
    }
    CHECK_EQ("reports of one's own", sent, 3);
    CHECK_EQ("are taken at their interval", (sent_at[2] - sent_at[1]) & 0x7ff, INTERVAL);
    delay_us(2000);
    for (unsigned i = 0; i < 3; i++) { /* what the other board relayed of them */
        (void)USART1_RDR;
    }

    suspend();
    remote_wakeup();
    suspend();
    CHECK_EQ("a report wakes the device", exchange_report(0x40), REPORT);
    CHECK("and shows as a wake-up", wakeups > 0);
    CHECK_EQ("LP_MODE is cleared by it", USB_CNTR & CNTR_LP_MODE, 0);
    CHECK_EQ("one reset only", resets, 1);
    USART1_TDR = 0xff;
    delay_us(1000);
}
