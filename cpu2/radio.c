/* SPDX-License-Identifier: Apache-2.0 */
/*
 * radio.c - the registers of docs/radio.md.
 */
#include "radio.h"
#include "hci.h"

#define RADIO 0x60000000u
#define RADIO_IRQ 30
#define NVIC_ISER 0xE000E100u
#define NVIC_ICER 0xE000E180u

enum reg {
    R_CR = 0x04,
    R_SR = 0x08,
    R_IER = 0x0C,
    R_CCER = 0x18,
    R_CCDR = 0x1c,
    R_CCR0 = 0x20,
    R_CHANNEL = 0x30,
    R_PHY = 0x34,
    R_AA = 0x38,
    R_CRCINIT = 0x3C,
    R_WHITEN = 0x40,
    R_POWER = 0x44,
    R_TXPTR = 0x48,
    R_RXPTR = 0x4C,
    R_RXMAX = 0x50,
    R_START = 0x54,
    R_WINDOW = 0x58,
    R_CMD = 0x5C,
    R_RXTIME = 0x60,
    R_RXEND = 0x64,
    R_RSSI = 0x68,
    R_RXSTATUS = 0x6C,
    R_TXEND = 0x70,
};

#define SR_TXDONE (1u << 0)
#define SR_RXDONE (1u << 1)
#define SR_RXTIMEOUT (1u << 2)
#define SR_LATE (1u << 3)
#define SR_COMPARE0 (1u << 8)
#define SR_PACKET (SR_TXDONE | SR_RXDONE | SR_RXTIMEOUT | SR_LATE)

enum { CMD_TX = 1, CMD_RX = 2, CMD_STOP = 3 };

static volatile uint32_t *word(uintptr_t address)
{
    return (volatile uint32_t *)address;
}

static uint32_t get(enum reg reg)
{
    return *word(RADIO + reg);
}

static void set(enum reg reg, uint32_t value)
{
    *word(RADIO + reg) = value;
}

/* COMPARE3 is the router's. */
void radio_init(void)
{
    set(R_CR, 0);
    set(R_SR, SR_PACKET | SR_COMPARE0);
    set(R_CR, 1);
    set(R_IER, get(R_IER) | SR_PACKET | SR_COMPARE0);
}

static uint32_t rf_channel(unsigned index)
{
    switch (index) {
    case 37:
        return 0;
    case 38:
        return 12;
    case 39:
        return 39;
    default:
        return index < 11 ? index + 1 : index + 2;
    }
}

void radio_tune(const struct radio_tune *tune)
{
    set(R_CHANNEL, rf_channel(tune->channel));
    set(R_WHITEN, tune->channel);
    set(R_PHY, tune->phy == PHY_2M);
    set(R_AA, tune->access_address);
    set(R_CRCINIT, tune->crc_init);
    set(R_POWER, (uint8_t)tune->power_dbm);
}

void radio_send(uint32_t start, const uint8_t *pdu)
{
    set(R_TXPTR, (uint32_t)(uintptr_t)pdu);
    set(R_START, start);
    set(R_CMD, CMD_TX);
}

void radio_listen(uint32_t start, uint32_t window, uint8_t *pdu, uint32_t max)
{
    set(R_RXPTR, (uint32_t)(uintptr_t)pdu);
    set(R_RXMAX, max);
    set(R_START, start);
    set(R_WINDOW, window);
    set(R_CMD, CMD_RX);
}

/* Also forgets what the stopped command had to tell. */
void radio_stop(void)
{
    set(R_CMD, CMD_STOP);
    set(R_SR, SR_PACKET);
}

void radio_alarm_off(void)
{
    set(R_CCDR, 1);
    set(R_SR, SR_COMPARE0);
}

void radio_alarm(uint32_t when)
{
    radio_alarm_off();
    set(R_CCR0, when);
    set(R_CCER, 1);
}

/* State: was it enabled? Nothing else of CPU2's is held up. */
uint32_t radio_lock(void)
{
    uint32_t state = *word(NVIC_ISER) & 1u << RADIO_IRQ;

    *word(NVIC_ICER) = 1u << RADIO_IRQ;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    return state;
}

void radio_unlock(uint32_t state)
{
    __asm__ volatile("dmb" ::: "memory");
    *word(NVIC_ISER) = state;
}

static void received(void)
{
    uint32_t status = get(R_RXSTATUS);
    struct radio_packet packet = {
        .start = get(R_RXTIME),
        .end = get(R_RXEND),
        .len = (status >> 16) & 0x1FF,
        .rssi = (int8_t)get(R_RSSI),
        .crc_good = status & 1,
    };

    ll_radio_received(&packet);
}

/* A packet's end first: what it starts has 90 us, the alarm's business has more. */
void controller_interrupt(void)
{
    uint32_t sr = get(R_SR);

    set(R_SR, sr & SR_PACKET);
    if (sr & SR_TXDONE) {
        ll_radio_sent(get(R_TXEND));
    }
    if (sr & SR_RXDONE) {
        received();
    }
    if (sr & (SR_RXTIMEOUT | SR_LATE)) {
        ll_radio_nothing();
    }
    if (get(R_SR) & SR_COMPARE0) {
        set(R_SR, SR_COMPARE0);
        ll_radio_alarm();
    }
}
