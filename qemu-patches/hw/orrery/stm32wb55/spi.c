/*
 * STM32WB55 SPI1 and SPI2
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 38. As master each frame takes its bits' time, and crosses the SSI bus when it ends. As
 * slave we are clocked by the part's other SPI, where the board ties their pins (spi_slave.c).
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; sysbus IRQ 0: the interrupt
 *  + SSI bus of the block's name ("SPI1"): peripherals. Where none is selected, MISO is what the
 *    pin shows: the slave's or MOSI when they are wired together, else its level, ones when it
 *    floats
 *  + GPIO inputs "cs"[4]: level of the chip select of the peripheral with that index; NSS drives
 *    that of index 0 too
 *  + GPIO outputs "rx", "tx": DMA requests
 *  + GPIO outputs "NSS", "SCK", "MOSI", "MISO" (WB_PIN_FLOATING: not driven), inputs of these
 *    names and "-in": pins
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "migration/vmstate.h"
#include "spi.h"

/* ---- outputs ---- */

/* 38.4.9: 0, 1/4, 1/2 or more of the FIFO */
static unsigned level_code(unsigned count)
{
    return MIN(count, 3);
}

static uint32_t status(Stm32wbSpi *s)
{
    uint32_t sr = s->flags;

    sr = FIELD_DP32(sr, SR, RXNE, s->rx_count >=
                    (FIELD_EX32(s->cr2, CR2, FRXTH) ? 1 : 2));
    sr = FIELD_DP32(sr, SR, TXE, s->tx_count <= FIFO_BYTES / 2);
    sr = FIELD_DP32(sr, SR, BSY, s->shifting ||
                    (spi_is_master(s) && s->tx_count >= spi_frame_bytes(s)));
    sr = FIELD_DP32(sr, SR, FRLVL, level_code(s->rx_count));
    sr = FIELD_DP32(sr, SR, FTLVL, level_code(s->tx_count));
    return sr;
}

enum { LINE_IRQ, LINE_RX, LINE_TX };

void spi_drive_line(Stm32wbSpi *s, unsigned line, uint8_t level)
{
    if (s->level[line] != level) {
        s->level[line] = level;
        qemu_set_irq(s->line[line], level);
    }
}

static void select_peripheral(Stm32wbSpi *s, unsigned index, bool level)
{
    DeviceState *dev = ssi_get_cs(s->bus, index);

    if (dev && SSI_PERIPHERAL_GET_CLASS(dev)->cs_polarity != SSI_CS_NONE) {
        qemu_set_irq(qdev_get_gpio_in_named(dev, SSI_GPIO_CS, 0), level);
    }
}

/* 38.4.5: low while the master is on, which leaves it to a pull-up afterwards */
static void drive_nss(Stm32wbSpi *s, uint8_t level)
{
    bool was_low = s->level[SPI_NSS] == 0, low = level == 0;

    spi_drive_line(s, SPI_NSS, level);
    if (low != was_low) {
        select_peripheral(s, 0, !low);
    }
}

/* What a master drives; the data lines stay high between frames. */
static void drive_lines(Stm32wbSpi *s)
{
    bool master = spi_is_master(s);
    bool sends = master && !spi_receives_only(s);

    drive_nss(s, master && FIELD_EX32(s->cr2, CR2, SSOE) ? 0 : WB_PIN_FLOATING);
    spi_drive_line(s, SPI_SCK,
                   master ? FIELD_EX32(s->cr1, CR1, CPOL) : WB_PIN_FLOATING);
    spi_drive_line(s, SPI_MOSI, sends ? 1 : WB_PIN_FLOATING);
    spi_slave_changed(s);
}

void spi_update(Stm32wbSpi *s)
{
    uint32_t sr = status(s);
    bool error = sr & (R_SR_CRCERR_MASK | R_SR_MODF_MASK | R_SR_OVR_MASK);

    stm32wb_drive(&s->lines, LINE_IRQ, s->irq,
                  (FIELD_EX32(s->cr2, CR2, RXNEIE) && FIELD_EX32(sr, SR, RXNE)) ||
                      (FIELD_EX32(s->cr2, CR2, TXEIE) && FIELD_EX32(sr, SR, TXE)) ||
                      (FIELD_EX32(s->cr2, CR2, ERRIE) && error));
    stm32wb_drive(&s->lines, LINE_RX, s->dma_rx,
                  FIELD_EX32(s->cr2, CR2, RXDMAEN) && FIELD_EX32(sr, SR, RXNE));
    stm32wb_drive(&s->lines, LINE_TX, s->dma_tx,
                  FIELD_EX32(s->cr2, CR2, TXDMAEN) && FIELD_EX32(sr, SR, TXE));
    drive_lines(s);
}

/* ---- FIFOs ---- */

static void take(uint8_t *fifo, uint8_t *count, unsigned n)
{
    *count -= n;
    memmove(fifo, fifo + n, *count);
}

static void receive(Stm32wbSpi *s, uint32_t data)
{
    unsigned n = spi_frame_bytes(s);

    if (s->rx_count + n > FIFO_BYTES) {
        s->flags |= R_SR_OVR_MASK;
        s->ovr_dr_read = false;
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        s->rx[s->rx_count++] = data >> (8 * i);
    }
}

/* ---- CRC (38.4.14) ---- */

static uint32_t crc_add(Stm32wbSpi *s, uint32_t crc, uint32_t data)
{
    unsigned top = FIELD_EX32(s->cr1, CR1, CRCL) ? 15 : 7;

    for (int i = spi_frame_bits(s) - 1; i >= 0; i--) {
        bool feed = (crc >> top ^ data >> i) & 1;

        crc = crc << 1 ^ (feed ? s->crcpr : 0);
    }
    return crc & MAKE_64BIT_MASK(0, top + 1);
}

static unsigned crc_frames(Stm32wbSpi *s)
{
    return FIELD_EX32(s->cr1, CR1, CRCL) && spi_frame_bytes(s) == 1 ? 2 : 1;
}

/* The CRC follows what is in the FIFO: because software said so, or DMA has no more. */
static bool crc_is_next(Stm32wbSpi *s)
{
    return FIELD_EX32(s->cr1, CR1, CRCEN) && !s->tx_count &&
           (FIELD_EX32(s->cr1, CR1, CRCNEXT) ||
            (FIELD_EX32(s->cr2, CR2, TXDMAEN) && s->sent));
}

static uint32_t crc_part(Stm32wbSpi *s, uint32_t crc)
{
    return s->crc_left == 2 ? crc >> 8 & 0xFF : crc;
}

static void check_crc(Stm32wbSpi *s, uint32_t data)
{
    uint32_t mask = MAKE_64BIT_MASK(0, MIN(spi_frame_bits(s), 16));

    if ((data ^ crc_part(s, s->rxcrc)) & mask & (spi_frame_bytes(s) == 1 ? 0xFF : 0xFFFF)) {
        s->flags |= R_SR_CRCERR_MASK;
    }
}

/* ---- the wire ---- */

static bool selected(Stm32wbSpi *s)
{
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(s->bus)->children, sibling) {
        SSIPeripheral *dev = SSI_PERIPHERAL(kid->child);
        SSICSMode polarity = dev->spc->cs_polarity;

        if (polarity == SSI_CS_NONE || dev->cs == (polarity == SSI_CS_HIGH)) {
            return true;
        }
    }
    return false;
}

uint32_t spi_reversed(uint32_t data, unsigned bits)
{
    return revbit32(data) >> (32 - bits);
}

/* What MISO brought while MOSI carried @data. Peripherals work in bytes. */
static uint32_t exchange(Stm32wbSpi *s, uint32_t data)
{
    unsigned bits = spi_frame_bits(s);
    uint32_t mask = MAKE_64BIT_MASK(0, bits);
    bool lsb = FIELD_EX32(s->cr1, CR1, LSBFIRST);

    data &= mask;
    if (!selected(s) && !s->peer_hears && !s->peer_heard) {
        return s->wired ? data : s->line_in[SPI_MISO] ? mask : 0;
    }
    data = lsb ? spi_reversed(data, bits) : data;
    if (s->peer_hears || s->peer_heard) {
        data = spi_slave_exchange(s, data, bits);
    } else if (bits == 16) {
        uint32_t high = ssi_transfer(s->bus, data >> 8) & 0xFF;

        data = high << 8 | (ssi_transfer(s->bus, data & 0xFF) & 0xFF);
    } else {
        data = ssi_transfer(s->bus, data) & mask;
    }
    return lsb ? spi_reversed(data, bits) : data;
}

/* Is MISO tied to MOSI? Asked when the master is switched on. */
static void probe_wire(Stm32wbSpi *s)
{
    bool low;

    spi_drive_line(s, SPI_MOSI, 0);
    low = s->line_in[SPI_MISO];
    spi_drive_line(s, SPI_MOSI, 1);
    s->wired = !low && s->line_in[SPI_MISO];
}

static void load_shift(Stm32wbSpi *s)
{
    unsigned n = spi_frame_bytes(s);

    s->shift = s->tx[0] | (n == 2 ? s->tx[1] << 8 : 0);
    take(s->tx, &s->tx_count, n);
    if (FIELD_EX32(s->cr1, CR1, CRCEN)) {
        s->txcrc = crc_add(s, s->txcrc, s->shift);
        s->sent = true;
    }
}

bool spi_load_next(Stm32wbSpi *s)
{
    s->crc_frame = false;
    if (s->crc_left) {
        s->crc_frame = true;
        s->shift = crc_part(s, s->txcrc);
    } else if (spi_receives_only(s)) {
        s->shift = UINT32_MAX;
    } else if (s->tx_count >= spi_frame_bytes(s)) {
        load_shift(s);
    } else {
        return false;
    }
    return true;
}

/* The next frame, from @from on, if there is one. */
static void next_frame(Stm32wbSpi *s, WbTime from)
{
    uint64_t bit = clock_get(s->parent_obj.kernel)
                   << (FIELD_EX32(s->cr1, CR1, BR) + 1);
    bool pulse = FIELD_EX32(s->cr2, CR2, NSSP);

    if (!spi_is_master(s) || !bit || !spi_load_next(s)) {
        return;
    }
    s->shifting = true;
    spi_slave_begin(s);
    s->end = wb_after(from, bit, (spi_frame_bits(s) + pulse) * 16);
    timer_mod(s->timer, wb_ns(s->end));
}

static void kick(Stm32wbSpi *s)
{
    if (!s->shifting && spi_is_master(s)) {
        drive_lines(s); /* a receiver starts as it is switched on */
        spi_slave_find(s);
        next_frame(s, wb_now());
    }
}

static void end_crc_frame(Stm32wbSpi *s, uint32_t data)
{
    check_crc(s, data);
    if (--s->crc_left == 0) {
        s->cr1 &= ~R_CR1_CRCNEXT_MASK;
        s->sent = false;
    }
}

/* A frame has crossed, and brought @data: of a master and of a slave. */
void spi_frame_done(Stm32wbSpi *s, uint32_t data)
{
    s->shifting = false;
    if (s->crc_frame) {
        end_crc_frame(s, data);
    } else if (FIELD_EX32(s->cr1, CR1, CRCEN)) {
        s->rxcrc = crc_add(s, s->rxcrc, data);
    }
    if (!spi_transmits_only(s)) {
        receive(s, data);
    }
    spi_update(s); /* DMA may bring more before the CRC is due */
    if (!s->crc_frame && crc_is_next(s)) {
        s->crc_left = crc_frames(s);
    }
}

static void frame_end(void *opaque)
{
    Stm32wbSpi *s = opaque;

    spi_frame_done(s, exchange(s, s->shift));
    if (FIELD_EX32(s->cr2, CR2, NSSP) && FIELD_EX32(s->cr2, CR2, SSOE)) {
        drive_nss(s, 1);
    }
    next_frame(s, s->end);
    spi_update(s);
}

/* ---- registers ---- */

static uint32_t read_dr(Stm32wbSpi *s)
{
    unsigned n = spi_frame_bytes(s) == 2 || s->parent_obj.access_size > 1 ? 2 : 1;
    uint32_t data = s->rx[0];

    n = MIN(n, s->rx_count);
    if (n == 0) {
        return data;
    }
    if (n == 2) {
        data |= s->rx[1] << 8;
    }
    take(s->rx, &s->rx_count, n);
    s->ovr_dr_read = true;
    spi_update(s);
    return data;
}

static uint32_t spi_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbSpi *s = STM32WB_SPI(b);
    uint32_t sr;

    switch (offset) {
    case A_CR1:
        return s->cr1;
    case A_CR2:
        return s->cr2;
    case A_SR:
        sr = status(s);
        if (s->ovr_dr_read && (s->flags & R_SR_OVR_MASK)) {
            s->flags &= ~R_SR_OVR_MASK; /* 38.4.11: DR, then SR */
            spi_update(s);
        }
        s->modf_sr_read = s->flags & R_SR_MODF_MASK;
        return sr;
    case A_DR:
        if (s->rx_count == 0) {
            s->ovr_dr_read = true;
        }
        return read_dr(s);
    case A_CRCPR:
        return s->crcpr;
    case A_RXCRCR:
        return s->rxcrc;
    case A_TXCRCR:
        return s->txcrc;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_dr(Stm32wbSpi *s, uint32_t value)
{
    /* 38.4.9: a halfword holds two frames of up to 8 bits */
    unsigned n = s->parent_obj.access_size > 1 || spi_frame_bytes(s) == 2 ? 2 : 1;

    if (s->tx_count + n > FIFO_BYTES) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: DR written with a full FIFO\n",
                      s->parent_obj.name);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        s->tx[s->tx_count++] = value >> (8 * i);
    }
    kick(s);
}

/* 38.4.11: another master pulls NSS low */
static void mode_fault(Stm32wbSpi *s)
{
    bool low = FIELD_EX32(s->cr1, CR1, SSM) ? !FIELD_EX32(s->cr1, CR1, SSI)
               : !FIELD_EX32(s->cr2, CR2, SSOE) && !s->line_in[SPI_NSS];

    if (spi_is_master(s) && low && !FIELD_EX32(s->cr2, CR2, FRF)) {
        s->flags |= R_SR_MODF_MASK;
        s->cr1 &= ~(R_CR1_SPE_MASK | R_CR1_MSTR_MASK);
    }
}

static void write_cr1(Stm32wbSpi *s, uint32_t value)
{
    uint32_t old = s->cr1;

    value &= 0xFFFF;
    if (s->modf_sr_read) {
        s->flags &= ~R_SR_MODF_MASK; /* cleared by SR's read and this write */
        s->modf_sr_read = false;
    }
    if (s->flags & R_SR_MODF_MASK) {
        value &= ~(R_CR1_SPE_MASK | R_CR1_MSTR_MASK);
    }
    s->cr1 = value;
    if (value & ~old & R_CR1_CRCEN_MASK) {
        s->rxcrc = s->txcrc = 0;
        s->sent = false;
    }
    if (old & ~value & R_CR1_SPE_MASK) {
        timer_del(s->timer);
        s->shifting = s->peer_hears = s->peer_heard = false;
        s->tx_count = 0;
        s->crc_left = 0;
    }
    mode_fault(s);
    if (spi_is_master(s) && (s->cr1 & ~old & R_CR1_SPE_MASK)) {
        probe_wire(s);
    }
    if (!s->shifting && crc_is_next(s) && (value & ~old & R_CR1_CRCNEXT_MASK)) {
        s->crc_left = crc_frames(s);
    }
    kick(s);
}

static void write_cr2(Stm32wbSpi *s, uint32_t value)
{
    s->cr2 = value & CR2_WRITABLE;
    if (FIELD_EX32(s->cr2, CR2, DS) < 3) {
        s->cr2 = FIELD_DP32(s->cr2, CR2, DS, 7); /* 38.6.2: not used, forced */
    }
    mode_fault(s);
    kick(s);
}

static void spi_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbSpi *s = STM32WB_SPI(b);

    switch (offset) {
    case A_CR1:
        write_cr1(s, value);
        break;
    case A_CR2:
        write_cr2(s, value);
        break;
    case A_SR:
        s->flags &= value | ~R_SR_CRCERR_MASK;
        break;
    case A_DR:
        write_dr(s, value);
        break;
    case A_CRCPR:
        s->crcpr = value & 0xFFFF;
        break;
    case A_RXCRCR:
    case A_TXCRCR:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    spi_update(s);
}

/* The frame on the wire ends when it was going to; without a clock none begins. */
static void spi_clock_changed(Stm32wbBlock *b)
{
    Stm32wbSpi *s = STM32WB_SPI(b);

    kick(s);
    spi_update(s);
}

static void set_nss(void *opaque, int n, int level)
{
    Stm32wbSpi *s = opaque;

    s->line_in[SPI_NSS] = level != 0;
    mode_fault(s);
    spi_update(s);
}

static void set_sck(void *opaque, int n, int level)
{
    STM32WB_SPI(opaque)->line_in[SPI_SCK] = level != 0;
}

static void set_mosi(void *opaque, int n, int level)
{
    STM32WB_SPI(opaque)->line_in[SPI_MOSI] = level != 0;
}

static void set_miso(void *opaque, int n, int level)
{
    STM32WB_SPI(opaque)->line_in[SPI_MISO] = level != 0;
}

static void set_cs(void *opaque, int n, int level)
{
    Stm32wbSpi *s = opaque;

    s->cs_low = deposit32(s->cs_low, n, 1, level == 0);
    select_peripheral(s, n, level != 0);
}

/* ---- the device ---- */

static void spi_reset_hold(Object *obj, ResetType type)
{
    Stm32wbSpi *s = STM32WB_SPI(obj);

    timer_del(s->timer);
    s->cr1 = 0;
    s->cr2 = 0x700;
    s->crcpr = 7;
    s->rxcrc = s->txcrc = s->flags = 0;
    s->rx_count = s->tx_count = s->crc_left = 0;
    memset(s->rx, 0, sizeof(s->rx));
    s->shifting = s->crc_frame = s->sent = s->wired = false;
    s->ovr_dr_read = s->modf_sr_read = false;
    s->peer_hears = s->peer_heard = s->loaded = false;
    s->passed = 0;
}

static void spi_reset_exit(Object *obj, ResetType type)
{
    Stm32wbSpi *s = STM32WB_SPI(obj);

    spi_update(s);
    for (unsigned i = 0; i < CS_LINES; i++) {
        select_peripheral(s, i, !(s->cs_low >> i & 1));
    }
}

static int spi_post_load(void *opaque, int version_id)
{
    Stm32wbSpi *s = opaque;

    return s->rx_count <= FIFO_BYTES && s->tx_count <= FIFO_BYTES &&
           s->crc_left <= 2 && s->passed < 16 ? 0 : -1;
}

static void spi_init(Object *obj)
{
    Stm32wbSpi *s = STM32WB_SPI(obj);
    DeviceState *dev = DEVICE(obj);
    static const char *const names[] = { "NSS", "SCK", "MOSI", "MISO" };

    for (unsigned i = 0; i < SPI_LINES; i++) {
        s->line_in[i] = true;
        s->level[i] = WB_PIN_FLOATING;
        qdev_init_gpio_out_named(dev, &s->line[i], names[i], 1);
    }
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, frame_end, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(dev, &s->dma_rx, "rx", 1);
    qdev_init_gpio_out_named(dev, &s->dma_tx, "tx", 1);
    qdev_init_gpio_in_named(dev, set_nss, "NSS-in", 1);
    qdev_init_gpio_in_named(dev, set_sck, "SCK-in", 1);
    qdev_init_gpio_in_named(dev, set_mosi, "MOSI-in", 1);
    qdev_init_gpio_in_named(dev, set_miso, "MISO-in", 1);
    qdev_init_gpio_in_named(dev, set_cs, "cs", CS_LINES);
}

static void spi_finalize(Object *obj)
{
    spi_slave_forget(STM32WB_SPI(obj));
    timer_free(STM32WB_SPI(obj)->timer);
}

static void spi_realize(DeviceState *dev, Error **errp)
{
    Stm32wbSpi *s = STM32WB_SPI(dev);

    STM32WB_SPI_GET_CLASS(dev)->parent_realize(dev, errp);
    if (!*errp) {
        s->bus = ssi_create_bus(dev, s->parent_obj.name);
        spi_slave_announce(s);
    }
}

static const VMStateDescription spi_vmstate = {
    .name = TYPE_STM32WB_SPI,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = spi_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbSpi),
        VMSTATE_TIMER_PTR(timer, Stm32wbSpi),
        VMSTATE_UINT32(cr1, Stm32wbSpi),
        VMSTATE_UINT32(cr2, Stm32wbSpi),
        VMSTATE_UINT32(crcpr, Stm32wbSpi),
        VMSTATE_UINT32(rxcrc, Stm32wbSpi),
        VMSTATE_UINT32(txcrc, Stm32wbSpi),
        VMSTATE_UINT32(flags, Stm32wbSpi),
        VMSTATE_UINT8_ARRAY(rx, Stm32wbSpi, FIFO_BYTES),
        VMSTATE_UINT8_ARRAY(tx, Stm32wbSpi, FIFO_BYTES),
        VMSTATE_UINT8(rx_count, Stm32wbSpi),
        VMSTATE_UINT8(tx_count, Stm32wbSpi),
        VMSTATE_BOOL(ovr_dr_read, Stm32wbSpi),
        VMSTATE_BOOL(modf_sr_read, Stm32wbSpi),
        VMSTATE_BOOL(shifting, Stm32wbSpi),
        VMSTATE_BOOL(crc_frame, Stm32wbSpi),
        VMSTATE_UINT8(crc_left, Stm32wbSpi),
        VMSTATE_BOOL(sent, Stm32wbSpi),
        VMSTATE_UINT32(shift, Stm32wbSpi),
        VMSTATE_INT64(end.ns, Stm32wbSpi),
        VMSTATE_UINT32(end.frac, Stm32wbSpi),
        VMSTATE_UINT8_ARRAY(level, Stm32wbSpi, SPI_LINES),
        VMSTATE_BOOL_ARRAY(line_in, Stm32wbSpi, SPI_LINES),
        VMSTATE_BOOL(wired, Stm32wbSpi),
        VMSTATE_BOOL(peer_hears, Stm32wbSpi),
        VMSTATE_BOOL(peer_heard, Stm32wbSpi),
        VMSTATE_BOOL(loaded, Stm32wbSpi),
        VMSTATE_UINT8(passed, Stm32wbSpi),
        VMSTATE_UINT32(heard, Stm32wbSpi),
        VMSTATE_UINT8(cs_low, Stm32wbSpi),
        VMSTATE_UINT8(lines, Stm32wbSpi),
        VMSTATE_END_OF_LIST()
    },
};

static void spi_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    device_class_set_parent_realize(dc, spi_realize,
                                    &STM32WB_SPI_CLASS(klass)->parent_realize);
    dc->vmsd = &spi_vmstate;
    rc->phases.hold = spi_reset_hold;
    rc->phases.exit = spi_reset_exit;
    bc->apb = true;
    bc->read = spi_read;
    bc->write = spi_write;
    bc->clock_changed = spi_clock_changed;
}

static const TypeInfo spi_types[] = {
    {
        .name = TYPE_STM32WB_SPI,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbSpi),
        .class_size = sizeof(Stm32wbSpiClass),
        .instance_init = spi_init,
        .instance_finalize = spi_finalize,
        .class_init = spi_class_init,
    },
};

DEFINE_TYPES(spi_types)
