/*
 * STM32WB55: the radio of CPU2
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/radio.md: registers and commands. radio-air.c has the medium. Registers count microseconds;
 * everything inside is nanoseconds of the virtual clock. One timer waits for the next event, and events
 * take effect in the order of their times.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/registerfields.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "orrery.pb-c.h"
#include "../trace.h"
#include "radio.h"

REG32(ID, 0x00)
REG32(CR, 0x04)
FIELD(CR, EN, 0, 1)
REG32(SR, 0x08)
FIELD(SR, TXDONE, 0, 1)
FIELD(SR, RXDONE, 1, 1)
FIELD(SR, RXTIMEOUT, 2, 1)
FIELD(SR, LATE, 3, 1)
FIELD(SR, SYNC, 4, 1)
FIELD(SR, COMPARE, 8, 4)
FIELD(SR, TXBUSY, 16, 1)
FIELD(SR, RXBUSY, 17, 1)
REG32(IER, 0x0C)
REG32(TIME, 0x10)
REG32(RAMP, 0x14)
REG32(CCER, 0x18)
REG32(CCDR, 0x1C)
REG32(CCR0, 0x20)
REG32(CCR3, 0x2C)
REG32(CHANNEL, 0x30)
REG32(PHY, 0x34)
REG32(AA, 0x38)
REG32(CRCINIT, 0x3C)
REG32(WHITEN, 0x40)
REG32(POWER, 0x44)
REG32(TXPTR, 0x48)
REG32(RXPTR, 0x4C)
REG32(RXMAX, 0x50)
REG32(START, 0x54)
REG32(WINDOW, 0x58)
REG32(CMD, 0x5C)
REG32(RXTIME, 0x60)
REG32(RXEND, 0x64)
REG32(RSSI, 0x68)
REG32(RXSTATUS, 0x6C)
FIELD(RXSTATUS, CRCOK, 0, 1)
FIELD(RXSTATUS, OCTETS, 16, 9)
REG32(TXEND, 0x70)

#define ID_VALUE 0x4F524201
#define FLAGS (R_SR_TXDONE_MASK | R_SR_RXDONE_MASK | R_SR_RXTIMEOUT_MASK | \
               R_SR_LATE_MASK | R_SR_SYNC_MASK | R_SR_COMPARE_MASK)
#define COMPARES MAKE_64BIT_MASK(0, WB_RADIO_COMPARES)
#define CRC_OCTETS 3
#define RAMP_NS (WB_RADIO_RAMP_US * SCALE_US)

enum { CMD_TX = 1, CMD_RX = 2, CMD_STOP = 3 };

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* The time nearest to now whose microseconds end in @us. */
static int64_t nearest_ns(uint32_t us, int64_t now)
{
    int64_t now_us = now / SCALE_US;

    return (now_us + (int32_t)(us - (uint32_t)now_us)) * SCALE_US;
}

static void update_irq(Stm32wbRadio *s)
{
    qemu_set_irq(s->irq, (s->sr & s->ier) != 0);
}

static void bad_guest(const char *what)
{
    qemu_log_mask(LOG_GUEST_ERROR, TYPE_STM32WB_RADIO ": %s\n", what);
}

/* ---- transmission ---- */

/* At START - RAMP: from here on the packet goes out, whole or cut. */
static void tx_begin(Stm32wbRadio *s, int64_t now)
{
    uint8_t pdu[WB_RADIO_PDU_MAX];
    unsigned length;

    if (address_space_read(&s->as, s->used_txptr, MEMTXATTRS_UNSPECIFIED, pdu,
                           2) != MEMTX_OK ||
        address_space_read(&s->as, s->used_txptr + 2, MEMTXATTRS_UNSPECIFIED,
                           pdu + 2, pdu[1]) != MEMTX_OK) {
        bad_guest("TXPTR: no memory there");
        s->state = WB_RADIO_IDLE;
        s->sr |= R_SR_LATE_MASK;
        return;
    }
    length = 2 + pdu[1];
    s->state = WB_RADIO_TX;
    s->sent_ns = s->start_ns;
    s->sent_end_ns = s->start_ns +
                     stm32wb_radio_duration(s->used.phy, length + CRC_OCTETS);
    trace_stm32wb_radio_tx(s->used.channel, s->used.phy,
                           s->used.access_address, length, s->start_ns);
    stm32wb_radio_air_send(s, now, s->start_ns, pdu, length);
}

static void tx_end(Stm32wbRadio *s)
{
    s->state = WB_RADIO_IDLE;
    s->txend = s->sent_end_ns / SCALE_US;
    s->sr |= R_SR_TXDONE_MASK;
}

/* ---- reception ---- */

static void rx_sync(Stm32wbRadio *s, int64_t at)
{
    const WbRadioAir *air = stm32wb_radio_air_sync(s, at);

    if (!air) {
        return;
    }
    s->receiving = *air;
    stm32wb_radio_air_forget(s);
    s->state = WB_RADIO_RX;
    s->rxtime = air->start_ns / SCALE_US;
    s->rssi = air->rssi_dbm;
    s->sr |= R_SR_SYNC_MASK;
}

static void rx_timeout(Stm32wbRadio *s)
{
    stm32wb_radio_air_forget(s);
    s->state = WB_RADIO_IDLE;
    s->sr |= R_SR_RXTIMEOUT_MASK;
}

/* By its length; a sender that was cut leaves noise to receive. */
static int64_t rx_end_ns(const Stm32wbRadio *s)
{
    const WbRadioAir *air = &s->receiving;

    return air->start_ns + stm32wb_radio_duration(air->setup.phy,
                                                  air->length + CRC_OCTETS);
}

static void rx_end(Stm32wbRadio *s)
{
    WbRadioAir *air = &s->receiving;
    bool good = air->damaged_ns == WB_RADIO_NEVER &&
                air->setup.whiten == s->used.whiten &&
                air->setup.crc_init == s->used.crc_init;

    for (unsigned i = 0; i < air->length && !good; i++) {
        air->pdu[i] ^= 0xFF; /* noise */
    }
    if (address_space_write(&s->as, s->used_rxptr, MEMTXATTRS_UNSPECIFIED,
                            air->pdu,
                            MIN(air->length, s->used_rxmax)) != MEMTX_OK) {
        bad_guest("RXPTR: no memory there");
    }
    trace_stm32wb_radio_rx(air->start_ns, air->length, good);
    s->state = WB_RADIO_IDLE;
    s->rxend = rx_end_ns(s) / SCALE_US;
    s->rxstatus = FIELD_DP32(good, RXSTATUS, OCTETS, air->length);
    s->sr |= R_SR_RXDONE_MASK;
}

/* ---- events ---- */

static int64_t next_compare(const Stm32wbRadio *s, int64_t now)
{
    int64_t next = WB_RADIO_NEVER;

    for (int i = 0; i < WB_RADIO_COMPARES; i++) {
        if (s->ccer & 1u << i) {
            next = MIN(next, nearest_ns(s->ccr[i], now));
        }
    }
    return next;
}

static void match_compares(Stm32wbRadio *s, int64_t now)
{
    for (int i = 0; i < WB_RADIO_COMPARES; i++) {
        if (s->ccer & 1u << i && nearest_ns(s->ccr[i], now) <= now) {
            s->ccer &= ~(1u << i);
            s->sr |= 1u << (R_SR_COMPARE_SHIFT + i);
        }
    }
}

/* When something happens to the command under way. */
static int64_t next_step(const Stm32wbRadio *s)
{
    switch (s->state) {
    case WB_RADIO_TX_PENDING:
        return s->start_ns - RAMP_NS;
    case WB_RADIO_TX:
        return s->sent_end_ns;
    case WB_RADIO_RX_OPEN:
        return MIN(s->end_ns, stm32wb_radio_air_next_sync(s));
    case WB_RADIO_RX:
        return rx_end_ns(s);
    default:
        return WB_RADIO_NEVER;
    }
}

static void step(Stm32wbRadio *s, int64_t at, int64_t now)
{
    switch (s->state) {
    case WB_RADIO_TX_PENDING:
        tx_begin(s, now);
        break;
    case WB_RADIO_TX:
        tx_end(s);
        break;
    case WB_RADIO_RX_OPEN:
        if (at >= s->end_ns) {
            rx_timeout(s);
        } else {
            rx_sync(s, at);
        }
        break;
    case WB_RADIO_RX:
        rx_end(s);
        break;
    }
}

/* What is on the air is over as soon as the others can know. */
static void cut(Stm32wbRadio *s, int64_t now)
{
    s->cut_due = false;
    if (s->sent_end_ns > now) {
        s->sent_end_ns = MIN(s->sent_end_ns, stm32wb_radio_air_cut(s, now));
    }
}

/* All that is due, in its order; then wait for the next. Also where a register was written. */
void stm32wb_radio_changed(Stm32wbRadio *s)
{
    int64_t now = now_ns(), next;

    if (s->cut_due) {
        cut(s, now);
    }
    while ((next = next_step(s)) <= now) {
        step(s, next, now);
    }
    match_compares(s, now);
    next = MIN(next, next_compare(s, now));
    if (next == WB_RADIO_NEVER) {
        timer_del(s->timer);
    } else {
        timer_mod_ns(s->timer, next);
    }
    update_irq(s);
}

static void timer_fired(void *opaque)
{
    stm32wb_radio_changed(opaque);
}

/* ---- commands ---- */

static void stop(Stm32wbRadio *s)
{
    if (s->state == WB_RADIO_TX) {
        cut(s, now_ns());
    }
    stm32wb_radio_air_forget(s);
    s->state = WB_RADIO_IDLE;
}

/* False: nothing is done, and SR says so. */
static bool can_start(Stm32wbRadio *s, int64_t start_ns, int64_t now)
{
    if (!(s->cr & R_CR_EN_MASK)) {
        bad_guest("a command without CR.EN");
    } else if (s->state == WB_RADIO_TX || s->state == WB_RADIO_RX) {
        bad_guest("a command while a packet is on the air");
    } else if (start_ns >= now + RAMP_NS) {
        return true;
    }
    s->sr |= R_SR_LATE_MASK;
    return false;
}

static void command(Stm32wbRadio *s, uint32_t cmd)
{
    int64_t now = now_ns();
    int64_t start_ns = nearest_ns(s->start, now);

    if (cmd == CMD_STOP) {
        stop(s);
        return;
    }
    if (cmd != CMD_TX && cmd != CMD_RX) {
        bad_guest("CMD: no such command");
        return;
    }
    if (!can_start(s, start_ns, now)) {
        return;
    }
    stop(s); /* what was pending */
    s->used = s->setup;
    s->used_txptr = s->txptr;
    s->used_rxptr = s->rxptr;
    s->used_rxmax = s->rxmax;
    s->start_ns = start_ns;
    s->end_ns = start_ns + (int64_t)s->window * SCALE_US;
    s->state = cmd == CMD_TX ? WB_RADIO_TX_PENDING : WB_RADIO_RX_OPEN;
}

static void write_cr(Stm32wbRadio *s, uint32_t value)
{
    s->cr = value & R_CR_EN_MASK;
    if (!s->cr) {
        stop(s);
    }
}

/* ---- registers ---- */

static uint32_t status(const Stm32wbRadio *s)
{
    return s->sr | (s->state == WB_RADIO_TX ? R_SR_TXBUSY_MASK : 0) |
           (s->state == WB_RADIO_RX ? R_SR_RXBUSY_MASK : 0);
}

/* What a register does not more than hold. */
static uint32_t *held(Stm32wbRadio *s, hwaddr offset)
{
    switch (offset) {
    case A_IER:
        return &s->ier;
    case A_CCR0 ... A_CCR3:
        return &s->ccr[(offset - A_CCR0) / 4];
    case A_AA:
        return &s->setup.access_address;
    case A_CRCINIT:
        return &s->setup.crc_init;
    case A_TXPTR:
        return &s->txptr;
    case A_RXPTR:
        return &s->rxptr;
    case A_RXMAX:
        return &s->rxmax;
    case A_START:
        return &s->start;
    case A_WINDOW:
        return &s->window;
    default:
        return NULL;
    }
}

static uint32_t read_register(Stm32wbRadio *s, hwaddr offset)
{
    switch (offset) {
    case A_ID:
        return ID_VALUE;
    case A_CR:
        return s->cr;
    case A_SR:
        return status(s);
    case A_TIME:
        return now_ns() / SCALE_US;
    case A_RAMP:
        return WB_RADIO_RAMP_US;
    case A_CHANNEL:
        return s->setup.channel;
    case A_PHY:
        return s->setup.phy;
    case A_WHITEN:
        return s->setup.whiten;
    case A_POWER:
        return s->setup.power_dbm;
    case A_CCER:
        return s->ccer;
    case A_CCDR:
    case A_CMD:
        return 0;
    case A_RXTIME:
        return s->rxtime;
    case A_RXEND:
        return s->rxend;
    case A_RSSI:
        return s->rssi;
    case A_RXSTATUS:
        return s->rxstatus;
    case A_TXEND:
        return s->txend;
    }
    if (held(s, offset)) {
        return *held(s, offset);
    }
    bad_guest("a register that is not there");
    return 0;
}

static uint64_t radio_read(void *opaque, hwaddr offset, unsigned size)
{
    uint32_t value = read_register(opaque, offset);

    trace_stm32wb_radio_read(offset, value);
    return value;
}

/* A setting with a range; a value beyond it changes nothing. */
static void write_setting(uint8_t *to, uint32_t value, unsigned most,
                          const char *what)
{
    if (value > most) {
        bad_guest(what);
    } else {
        *to = value;
    }
}

/* Bits that a held register has. */
static uint32_t held_mask(hwaddr offset)
{
    switch (offset) {
    case A_IER:
        return FLAGS;
    case A_CRCINIT:
        return 0xFFFFFF;
    default:
        return UINT32_MAX;
    }
}

static void radio_write(void *opaque, hwaddr offset, uint64_t value,
                        unsigned size)
{
    Stm32wbRadio *s = opaque;

    trace_stm32wb_radio_write(offset, value);
    switch (offset) {
    case A_CR:
        write_cr(s, value);
        break;
    case A_SR:
        s->sr &= ~value;
        break;
    case A_CCER:
        s->ccer |= value & COMPARES;
        break;
    case A_CCDR:
        s->ccer &= ~value;
        break;
    case A_CHANNEL:
        write_setting(&s->setup.channel, value, 39, "CHANNEL: 0 to 39");
        break;
    case A_PHY:
        write_setting(&s->setup.phy, value, 1, "PHY: 0 or 1");
        break;
    case A_WHITEN:
        write_setting(&s->setup.whiten, value, 39, "WHITEN: 0 to 39");
        break;
    case A_POWER:
        s->setup.power_dbm = value;
        break;
    case A_CMD:
        command(s, value);
        break;
    default:
        if (held(s, offset)) {
            *held(s, offset) = value & held_mask(offset);
        } else {
            bad_guest("a write to a register that is read only or not there");
        }
        break;
    }
    stm32wb_radio_changed(s);
}

static const MemoryRegionOps radio_ops = {
    .read = radio_read,
    .write = radio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

/* ---- life ---- */

/* The air does not end with a reset of one radio: air, and sent_* until it is cut, stay. */
static void radio_reset(Object *obj, ResetType type)
{
    Stm32wbRadio *s = STM32WB_RADIO(obj);

    s->cr = s->sr = s->ier = s->ccer = 0;
    memset(s->ccr, 0, sizeof(s->ccr));
    s->setup = (WbRadioSetup){ 0 };
    s->txptr = s->rxptr = s->rxmax = s->start = s->window = 0;
    s->rxtime = s->rxend = s->rssi = s->rxstatus = s->txend = 0;
    s->cut_due = s->state == WB_RADIO_TX;
    s->state = WB_RADIO_IDLE;
    stm32wb_radio_air_forget(s);
    timer_del(s->timer);
    if (s->cut_due) {
        timer_mod_ns(s->timer, now_ns()); /* a reset is outside of virtual time */
    }
}

static void radio_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_RADIO(obj));
}

static void radio_init(Object *obj)
{
    Stm32wbRadio *s = STM32WB_RADIO(obj);

    memory_region_init_io(&s->mmio, obj, &radio_ops, s, TYPE_STM32WB_RADIO,
                          0x400);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_fired, s);
}

static void radio_realize(DeviceState *dev, Error **errp)
{
    Stm32wbRadio *s = STM32WB_RADIO(dev);
    OrreryMember *m = orrery_member_get();

    if (!s->memory) {
        error_setg(errp, TYPE_STM32WB_RADIO ": the link memory is not set");
        return;
    }
    address_space_init(&s->as, s->memory, TYPE_STM32WB_RADIO);
    s->port = m ? orrery_member_port(m, s->port_name ?: "radio") : NULL;
    if (s->port && s->port->kind != ORRERY__LINK__KIND__RADIO) {
        error_setg(errp, TYPE_STM32WB_RADIO ": port %s is not of a radio link",
                   s->port->name);
        return;
    }
    s->shown = m ? orrery_member_port(m, "air") : NULL;
    stm32wb_radio_air_connect(s);
}

static const VMStateDescription radio_vmstate = {
    .name = TYPE_STM32WB_RADIO,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(cr, Stm32wbRadio),
        VMSTATE_UINT32(sr, Stm32wbRadio),
        VMSTATE_UINT32(ier, Stm32wbRadio),
        VMSTATE_UINT32(ccer, Stm32wbRadio),
        VMSTATE_UINT32_ARRAY(ccr, Stm32wbRadio, WB_RADIO_COMPARES),
        VMSTATE_STRUCT(setup, Stm32wbRadio, 1, stm32wb_radio_setup_vmstate,
                       WbRadioSetup),
        VMSTATE_UINT32(txptr, Stm32wbRadio),
        VMSTATE_UINT32(rxptr, Stm32wbRadio),
        VMSTATE_UINT32(rxmax, Stm32wbRadio),
        VMSTATE_UINT32(start, Stm32wbRadio),
        VMSTATE_UINT32(window, Stm32wbRadio),
        VMSTATE_UINT32(rxtime, Stm32wbRadio),
        VMSTATE_UINT32(rxend, Stm32wbRadio),
        VMSTATE_UINT32(rssi, Stm32wbRadio),
        VMSTATE_UINT32(rxstatus, Stm32wbRadio),
        VMSTATE_UINT32(txend, Stm32wbRadio),
        VMSTATE_UINT8(state, Stm32wbRadio),
        VMSTATE_STRUCT(used, Stm32wbRadio, 1, stm32wb_radio_setup_vmstate,
                       WbRadioSetup),
        VMSTATE_UINT32(used_txptr, Stm32wbRadio),
        VMSTATE_UINT32(used_rxptr, Stm32wbRadio),
        VMSTATE_UINT32(used_rxmax, Stm32wbRadio),
        VMSTATE_INT64(start_ns, Stm32wbRadio),
        VMSTATE_INT64(end_ns, Stm32wbRadio),
        VMSTATE_INT64(sent_ns, Stm32wbRadio),
        VMSTATE_INT64(sent_end_ns, Stm32wbRadio),
        VMSTATE_BOOL(cut_due, Stm32wbRadio),
        VMSTATE_STRUCT(receiving, Stm32wbRadio, 1, stm32wb_radio_air_vmstate,
                       WbRadioAir),
        VMSTATE_UINT32_EQUAL(peer_count, Stm32wbRadio, NULL),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(air, Stm32wbRadio, peer_count,
                                             stm32wb_radio_air_vmstate,
                                             WbRadioAir),
        VMSTATE_TIMER_PTR(timer, Stm32wbRadio),
        VMSTATE_END_OF_LIST()
    },
};

static const Property radio_properties[] = {
    DEFINE_PROP_STRING("port", Stm32wbRadio, port_name),
    DEFINE_PROP_LINK("memory", Stm32wbRadio, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void radio_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = radio_realize;
    dc->vmsd = &radio_vmstate;
    dc->user_creatable = false; /* the SoC maps it */
    device_class_set_props(dc, radio_properties);
    rc->phases.hold = radio_reset;
    rc->phases.exit = radio_reset_exit;
}

static const TypeInfo radio_types[] = {
    {
        .name = TYPE_STM32WB_RADIO,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(Stm32wbRadio),
        .instance_init = radio_init,
        .class_init = radio_class_init,
    },
};

DEFINE_TYPES(radio_types)
