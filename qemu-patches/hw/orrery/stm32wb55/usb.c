/*
 * STM32WB55 USB full-speed device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Universal serial bus full-speed device interface (USB)".
 *
 * QEMU interface:
 *  + a block (block.h): registers, and the packet memory 0x400 bytes above them
 *  + property "chardev": the data of a CDC ACM or HID device, as the host's driver has it
 *  + property "redir": a usbredir client that has the device instead (usb-redir.c); without either
 *    no cable is plugged in
 *  + property "autosuspend": the host suspends the device after that many ms without data; 0: never
 *  + sysbus IRQ 0: high-priority interrupt, 1: low-priority interrupt
 *  + GPIO output "wakeup": for EXTI; "sof": a pulse at each start of frame, for CRS
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "usb.h"

REG32(EP0R, 0x00)
    FIELD(EP0R, EA, 0, 4)
    FIELD(EP0R, STAT_TX, 4, 2)
    FIELD(EP0R, DTOG_TX, 6, 1)
    FIELD(EP0R, CTR_TX, 7, 1)
    FIELD(EP0R, EP_KIND, 8, 1)
    FIELD(EP0R, EP_TYPE, 9, 2)
    FIELD(EP0R, SETUP, 11, 1)
    FIELD(EP0R, STAT_RX, 12, 2)
    FIELD(EP0R, DTOG_RX, 14, 1)
    FIELD(EP0R, CTR_RX, 15, 1)
REG32(EP7R, 0x1c)
REG32(CNTR, 0x40)
    FIELD(CNTR, FRES, 0, 1)
    FIELD(CNTR, PDWN, 1, 1)
    FIELD(CNTR, LP_MODE, 2, 1)
    FIELD(CNTR, FSUSP, 3, 1)
    FIELD(CNTR, RESUME, 4, 1)
REG32(ISTR, 0x44)
    FIELD(ISTR, EP_ID, 0, 4)
    FIELD(ISTR, DIR, 4, 1)
    FIELD(ISTR, ESOF, 8, 1)
    FIELD(ISTR, SOF, 9, 1)
    FIELD(ISTR, RESET, 10, 1)
    FIELD(ISTR, SUSP, 11, 1)
    FIELD(ISTR, WKUP, 12, 1)
    FIELD(ISTR, CTR, 15, 1)
REG32(FNR, 0x48)
    FIELD(FNR, FN, 0, 11)
    FIELD(FNR, LCK, 13, 1)
    FIELD(FNR, RXDM, 14, 1)
    FIELD(FNR, RXDP, 15, 1)
REG32(DADDR, 0x4c)
    FIELD(DADDR, ADD, 0, 7)
    FIELD(DADDR, EF, 7, 1)
REG32(BTABLE, 0x50)
REG32(LPMCSR, 0x54)
REG32(BCDR, 0x58)
    FIELD(BCDR, DCDEN, 1, 1)
    FIELD(BCDR, DCDET, 4, 1)
    FIELD(BCDR, DPPU, 15, 1)

#define EP_TOGGLES                                                             \
    (R_EP0R_STAT_TX_MASK | R_EP0R_DTOG_TX_MASK | R_EP0R_STAT_RX_MASK |         \
     R_EP0R_DTOG_RX_MASK)
#define EP_FLAGS (R_EP0R_CTR_TX_MASK | R_EP0R_CTR_RX_MASK)
#define EP_STORED (R_EP0R_EA_MASK | R_EP0R_EP_KIND_MASK | R_EP0R_EP_TYPE_MASK)
#define CNTR_STORED 0xffbf
#define CNTR_RESET 0x0003
#define ISTR_FLAGS 0x7f80 /* cleared by writing 0; CTR, DIR and EP_ID follow the endpoints */
#define BTABLE_STORED 0xfff8
#define LPMCSR_STORED 0x0003
#define BCDR_STORED 0x800f
#define PMA_BASE 0x400

enum { BULK, CONTROL, ISO, INTERRUPT };          /* EP_TYPE */
enum { DISABLED, STALL, NAK, VALID };            /* STAT_TX, STAT_RX */
enum { ADDR_TX = 0, COUNT_TX = 2, ADDR_RX = 4, COUNT_RX = 6 }; /* buffer table */

/* ---- lines ---- */

static bool double_buffered(uint16_t ep)
{
    unsigned type = FIELD_EX32(ep, EP0R, EP_TYPE);

    return type == ISO || (type == BULK && (ep & R_EP0R_EP_KIND_MASK));
}

/* ISTR with the endpoint that comes first: isochronous and double-buffered ones, then by number */
static uint32_t status(Stm32wbUsb *s)
{
    int first = -1;

    for (int i = WB_USB_ENDPOINTS - 1; i >= 0; i--) {
        if ((s->ep[i] & EP_FLAGS) &&
            (first < 0 || double_buffered(s->ep[i]) ||
             !double_buffered(s->ep[first]))) {
            first = i;
        }
    }
    if (first < 0) {
        return s->istr;
    }
    return s->istr | R_ISTR_CTR_MASK | first |
           (s->ep[first] & R_EP0R_CTR_RX_MASK ? R_ISTR_DIR_MASK : 0);
}

static void update(Stm32wbUsb *s)
{
    uint32_t istr = status(s);
    bool ctr = istr & s->cntr & R_ISTR_CTR_MASK;
    bool high = ctr && double_buffered(s->ep[FIELD_EX32(istr, ISTR, EP_ID)]);

    qemu_set_irq(s->irq[0], high);
    qemu_set_irq(s->irq[1],
                 (istr & s->cntr & (ISTR_FLAGS | R_ISTR_CTR_MASK)) != 0);
    qemu_set_irq(s->wakeup, (istr & R_ISTR_WKUP_MASK) != 0);
}

/* ---- packet memory ---- */

static uint16_t pma_half(Stm32wbUsb *s, unsigned at)
{
    return lduw_le_p(s->pma + (at & (WB_USB_PMA - 2)));
}

static void pma_set_half(Stm32wbUsb *s, unsigned at, uint16_t value)
{
    stw_le_p(s->pma + (at & (WB_USB_PMA - 2)), value);
}

static unsigned table(Stm32wbUsb *s, unsigned n, unsigned field)
{
    return s->btable + 8 * n + field;
}

/* The bytes of a packet wrap at the end of the memory. */
static void pma_write(Stm32wbUsb *s, unsigned at, const uint8_t *data,
                      unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        s->pma[(at + i) & (WB_USB_PMA - 1)] = data[i];
    }
}

static void pma_read(Stm32wbUsb *s, unsigned at, uint8_t *data, unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        data[i] = s->pma[(at + i) & (WB_USB_PMA - 1)];
    }
}

/* COUNT_RX: what the buffer holds at most */
static unsigned capacity(uint16_t count)
{
    unsigned blocks = extract32(count, 10, 5);

    return count & 0x8000 ? (blocks + 1) * 32 : blocks * 2;
}

/* Store a packet in the buffer whose table fields are at @addr and @count; false: too long. */
static bool store_packet(Stm32wbUsb *s, unsigned addr, unsigned count,
                         const uint8_t *data, unsigned length)
{
    uint16_t old = pma_half(s, count);

    if (length > capacity(old)) {
        return false;
    }
    pma_write(s, pma_half(s, addr) & ~1, data, length);
    pma_set_half(s, count, (old & 0xfc00) | length);
    return true;
}

/* ---- tokens ---- */

/* The pull-up may outlive the clock (in Stop): then nobody answers. */
static bool answers(Stm32wbUsb *s, unsigned address)
{
    return stm32wb_usb_connected(s) && clock_is_enabled(s->parent_obj.kernel) &&
           !(s->cntr & R_CNTR_FSUSP_MASK) && (s->daddr & R_DADDR_EF_MASK) &&
           FIELD_EX32(s->daddr, DADDR, ADD) == address;
}

/* Two registers may share an address, each for one direction: @enabled is that direction's STAT. */
static int find_endpoint(Stm32wbUsb *s, unsigned address, unsigned number,
                         uint16_t enabled)
{
    for (int i = 0; answers(s, address) && i < WB_USB_ENDPOINTS; i++) {
        if (FIELD_EX32(s->ep[i], EP0R, EA) == number && (s->ep[i] & enabled)) {
            return i;
        }
    }
    return -1;
}

WbUsbAnswer stm32wb_usb_setup(Stm32wbUsb *s, unsigned address,
                              const uint8_t *data)
{
    int n = find_endpoint(s, address, 0, R_EP0R_STAT_RX_MASK);

    /* a SETUP is lost only if the last packet has not been taken */
    if (n < 0 || FIELD_EX32(s->ep[n], EP0R, EP_TYPE) != CONTROL ||
        (s->ep[n] & R_EP0R_CTR_RX_MASK) ||
        !store_packet(s, table(s, n, ADDR_RX), table(s, n, COUNT_RX), data, 8)) {
        return USB_SILENCE;
    }
    s->ep[n] = FIELD_DP32(s->ep[n], EP0R, STAT_RX, NAK);
    s->ep[n] = FIELD_DP32(s->ep[n], EP0R, STAT_TX, NAK);
    s->ep[n] |= R_EP0R_SETUP_MASK | R_EP0R_CTR_RX_MASK | R_EP0R_DTOG_RX_MASK |
                R_EP0R_DTOG_TX_MASK;
    update(s);
    return USB_ACK;
}

/* Both buffers are for one direction: the toggle chooses, software has the other (SW_BUF). */
static WbUsbAnswer out_double(Stm32wbUsb *s, int n, bool toggle,
                              const uint8_t *data, unsigned length)
{
    bool iso = FIELD_EX32(s->ep[n], EP0R, EP_TYPE) == ISO;
    bool now = s->ep[n] & R_EP0R_DTOG_RX_MASK;
    bool software = s->ep[n] & R_EP0R_DTOG_TX_MASK;

    if (!iso && now == software) {
        return USB_NAK;
    }
    if (!iso && toggle != now) {
        return USB_ACK; /* a repetition */
    }
    if (!store_packet(s, table(s, n, now ? ADDR_RX : ADDR_TX),
                      table(s, n, now ? COUNT_RX : COUNT_TX), data, length)) {
        return iso ? USB_ACK : USB_STALL;
    }
    s->ep[n] ^= R_EP0R_DTOG_RX_MASK;
    s->ep[n] |= R_EP0R_CTR_RX_MASK;
    update(s);
    return USB_ACK;
}

WbUsbAnswer stm32wb_usb_out(Stm32wbUsb *s, unsigned address, unsigned ep,
                            bool toggle, const uint8_t *data, unsigned length)
{
    int n = find_endpoint(s, address, ep, R_EP0R_STAT_RX_MASK);

    if (n < 0) {
        return USB_SILENCE;
    }
    switch (FIELD_EX32(s->ep[n], EP0R, STAT_RX)) {
    case DISABLED:
        return USB_SILENCE;
    case STALL:
        return USB_STALL;
    case NAK:
        return USB_NAK;
    }
    if (double_buffered(s->ep[n])) {
        return out_double(s, n, toggle, data, length);
    }
    if (toggle != FIELD_EX32(s->ep[n], EP0R, DTOG_RX)) {
        return USB_ACK; /* a repetition */
    }
    /* STATUS_OUT: a control endpoint takes nothing but an empty packet */
    if ((FIELD_EX32(s->ep[n], EP0R, EP_TYPE) == CONTROL &&
         (s->ep[n] & R_EP0R_EP_KIND_MASK) && length) ||
        !store_packet(s, table(s, n, ADDR_RX), table(s, n, COUNT_RX), data,
                      length)) {
        s->ep[n] = FIELD_DP32(s->ep[n], EP0R, STAT_RX, STALL);
        return USB_STALL;
    }
    s->ep[n] = FIELD_DP32(s->ep[n], EP0R, STAT_RX, NAK);
    s->ep[n] &= ~R_EP0R_SETUP_MASK;
    s->ep[n] ^= R_EP0R_DTOG_RX_MASK;
    s->ep[n] |= R_EP0R_CTR_RX_MASK;
    update(s);
    return USB_ACK;
}

WbUsbAnswer stm32wb_usb_in(Stm32wbUsb *s, unsigned address, unsigned ep,
                           bool *toggle, uint8_t *data, unsigned *length)
{
    int n = find_endpoint(s, address, ep, R_EP0R_STAT_TX_MASK);
    bool pair, iso, second;

    if (n < 0) {
        return USB_SILENCE;
    }
    switch (FIELD_EX32(s->ep[n], EP0R, STAT_TX)) {
    case DISABLED:
        return USB_SILENCE;
    case STALL:
        return USB_STALL;
    case NAK:
        return USB_NAK;
    }
    pair = double_buffered(s->ep[n]);
    iso = FIELD_EX32(s->ep[n], EP0R, EP_TYPE) == ISO;
    *toggle = s->ep[n] & R_EP0R_DTOG_TX_MASK;
    second = pair && *toggle;
    if (pair && !iso && *toggle == FIELD_EX32(s->ep[n], EP0R, DTOG_RX)) {
        return USB_NAK; /* software has not filled the buffer */
    }
    *length = pma_half(s, table(s, n, second ? COUNT_RX : COUNT_TX)) & 0x3ff;
    pma_read(s, pma_half(s, table(s, n, second ? ADDR_RX : ADDR_TX)) & ~1, data,
             *length);
    if (!pair) {
        s->ep[n] = FIELD_DP32(s->ep[n], EP0R, STAT_TX, NAK);
    }
    s->ep[n] ^= R_EP0R_DTOG_TX_MASK;
    s->ep[n] |= R_EP0R_CTR_TX_MASK;
    update(s);
    return USB_ACK;
}

/* ---- the bus ---- */

bool stm32wb_usb_connected(Stm32wbUsb *s)
{
    return (s->bcdr & R_BCDR_DPPU_MASK) &&
           !(s->cntr & (R_CNTR_PDWN_MASK | R_CNTR_FRES_MASK));
}

/* Something stirs on a suspended bus. */
static void wake_up(Stm32wbUsb *s)
{
    if (s->cntr & R_CNTR_FSUSP_MASK) {
        s->istr |= R_ISTR_WKUP_MASK;
        s->cntr &= ~R_CNTR_LP_MODE_MASK;
    }
}

void stm32wb_usb_bus_reset(Stm32wbUsb *s)
{
    for (int i = 0; i < WB_USB_ENDPOINTS; i++) {
        s->ep[i] &= EP_FLAGS;
    }
    s->daddr = 0;
    s->missed = 0;
    s->k_state = false;
    wake_up(s);
    s->istr |= R_ISTR_RESET_MASK;
    update(s);
}

void stm32wb_usb_start_of_frame(Stm32wbUsb *s, unsigned number)
{
    s->missed = 0;
    wake_up(s);
    if (!clock_is_enabled(s->parent_obj.kernel)) {
        return;
    }
    s->fnr = R_FNR_LCK_MASK | FIELD_DP32(0, FNR, FN, number);
    s->istr |= R_ISTR_SOF_MASK;
    update(s);
    qemu_irq_pulse(s->sof);
}

void stm32wb_usb_missed_frame(Stm32wbUsb *s)
{
    if (!clock_is_enabled(s->parent_obj.kernel)) {
        return;
    }
    s->fnr &= R_FNR_FN_MASK;
    s->istr |= R_ISTR_ESOF_MASK;
    if (++s->missed == 3) {
        s->missed = 0;
        if (!(s->cntr & R_CNTR_FSUSP_MASK)) {
            s->istr |= R_ISTR_SUSP_MASK;
        }
    }
    update(s);
}

bool stm32wb_usb_counts_missed(Stm32wbUsb *s)
{
    return clock_is_enabled(s->parent_obj.kernel) &&
           (!(s->istr & R_ISTR_ESOF_MASK) ||
            (!(s->istr & R_ISTR_SUSP_MASK) && !(s->cntr & R_CNTR_FSUSP_MASK)));
}

void stm32wb_usb_resume(Stm32wbUsb *s, bool on)
{
    s->k_state = on;
    if (on) {
        wake_up(s);
        update(s);
    }
}

/* ---- registers ---- */

static void write_endpoint(Stm32wbUsb *s, unsigned n, uint16_t value)
{
    uint16_t ep = s->ep[n];

    ep = (ep & ~EP_STORED) | (value & EP_STORED);
    ep ^= value & EP_TOGGLES;
    ep &= value | ~EP_FLAGS;
    s->ep[n] = ep;
}

static void write_cntr(Stm32wbUsb *s, uint16_t value)
{
    bool reset = (value & ~s->cntr) & R_CNTR_FRES_MASK;
    bool resume = (value & ~s->cntr) & R_CNTR_RESUME_MASK;

    s->cntr = value & CNTR_STORED;
    if (resume) {
        stm32wb_usb_host_remote_wakeup(s);
    }
    if (reset) {
        stm32wb_usb_bus_reset(s);
    }
}

/* D+ is high while the pull-up has the line, D- while somebody signals resume. */
static uint32_t read_fnr(Stm32wbUsb *s)
{
    if (!stm32wb_usb_connected(s)) {
        return s->fnr;
    }
    return s->fnr | (s->k_state || (s->cntr & R_CNTR_RESUME_MASK)
                         ? R_FNR_RXDM_MASK
                         : R_FNR_RXDP_MASK);
}

static uint32_t usb_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbUsb *s = STM32WB_USB(b);

    if (offset >= PMA_BASE) {
        return ldl_le_p(s->pma + (offset - PMA_BASE));
    }
    switch (offset) {
    case A_EP0R ... A_EP7R:
        return s->ep[(offset - A_EP0R) / 4];
    case A_CNTR:
        return s->cntr;
    case A_ISTR:
        return status(s);
    case A_FNR:
        return read_fnr(s);
    case A_DADDR:
        return s->daddr;
    case A_BTABLE:
        return s->btable;
    case A_LPMCSR:
        return s->lpmcsr;
    case A_BCDR: /* a host without charging */
        return s->bcdr | ((s->bcdr & R_BCDR_DCDEN_MASK) &&
                                  s->host.driver->plugged(s)
                              ? R_BCDR_DCDET_MASK
                              : 0);
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void usb_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbUsb *s = STM32WB_USB(b);

    if (offset >= PMA_BASE) {
        uint8_t *at = s->pma + (offset - PMA_BASE);

        stl_le_p(at, stm32wb_merge(ldl_le_p(at), value, mask));
        return;
    }
    switch (offset) {
    case A_EP0R ... A_EP7R:
        write_endpoint(s, (offset - A_EP0R) / 4, value);
        break;
    case A_CNTR:
        write_cntr(s, value);
        break;
    case A_ISTR:
        s->istr &= value;
        break;
    case A_DADDR:
        s->daddr = value & (R_DADDR_ADD_MASK | R_DADDR_EF_MASK);
        break;
    case A_BTABLE:
        s->btable = value & BTABLE_STORED;
        break;
    case A_LPMCSR:
        s->lpmcsr = value & LPMCSR_STORED;
        break;
    case A_BCDR:
        s->bcdr = value & BCDR_STORED;
        break;
    case A_FNR:
        break; /* read only */
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        return;
    }
    update(s);
    stm32wb_usb_host_look(s);
}

/* ---- device ---- */

static void usb_clock_changed(Stm32wbBlock *b)
{
    stm32wb_usb_host_look(STM32WB_USB(b));
}

static void usb_reset_hold(Object *obj, ResetType type)
{
    Stm32wbUsb *s = STM32WB_USB(obj);

    memset(s->ep, 0, sizeof(s->ep));
    memset(s->pma, 0, sizeof(s->pma));
    s->cntr = CNTR_RESET;
    s->istr = s->fnr = s->daddr = s->btable = s->lpmcsr = s->bcdr = 0;
    s->missed = 0;
    s->k_state = false;
    stm32wb_usb_host_reset(s);
}

static void usb_reset_exit(Object *obj, ResetType type)
{
    update(STM32WB_USB(obj));
}

static const VMStateDescription usb_vmstate = {
    .name = TYPE_STM32WB_USB,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbUsb),
        VMSTATE_UINT16_ARRAY(ep, Stm32wbUsb, WB_USB_ENDPOINTS),
        VMSTATE_UINT16(cntr, Stm32wbUsb),
        VMSTATE_UINT16(istr, Stm32wbUsb),
        VMSTATE_UINT16(fnr, Stm32wbUsb),
        VMSTATE_UINT16(daddr, Stm32wbUsb),
        VMSTATE_UINT16(btable, Stm32wbUsb),
        VMSTATE_UINT16(lpmcsr, Stm32wbUsb),
        VMSTATE_UINT16(bcdr, Stm32wbUsb),
        VMSTATE_UINT8(missed, Stm32wbUsb),
        VMSTATE_BOOL(k_state, Stm32wbUsb),
        VMSTATE_BUFFER(pma, Stm32wbUsb),
        VMSTATE_STRUCT(host, Stm32wbUsb, 1, stm32wb_usb_host_vmstate,
                       WbUsbHost),
        VMSTATE_STRUCT(class, Stm32wbUsb, 1, stm32wb_usb_class_vmstate,
                       WbUsbClass),
        VMSTATE_END_OF_LIST()
    },
};

static void usb_init(Object *obj)
{
    Stm32wbUsb *s = STM32WB_USB(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[0]);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[1]);
    qdev_init_gpio_out_named(DEVICE(obj), &s->wakeup, "wakeup", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->sof, "sof", 1);
    stm32wb_usb_host_init(s);
}

static DeviceRealize parent_realize;

static void usb_realize(DeviceState *dev, Error **errp)
{
    Stm32wbUsb *s = STM32WB_USB(dev);
    bool redir = qemu_chr_fe_backend_connected(&s->redir_chr);

    if (redir && qemu_chr_fe_backend_connected(&s->class.chr)) {
        error_setg(errp, "USB: one cable only: a device that usbredir has is "
                         "not on the third serial port");
        return;
    }
    s->host.driver = redir ? &stm32wb_usb_redir_driver
                           : &stm32wb_usb_class_driver;
    stm32wb_usb_class_realize(s);
    stm32wb_usb_redir_realize(s);
    parent_realize(dev, errp);
}

static void usb_finalize(Object *obj)
{
    Stm32wbUsb *s = STM32WB_USB(obj);

    stm32wb_usb_host_finish(s);
    stm32wb_usb_redir_finish(s);
    qemu_chr_fe_deinit(&s->class.chr, false);
    qemu_chr_fe_deinit(&s->redir_chr, false);
}

static const Property usb_properties[] = {
    DEFINE_PROP_CHR("chardev", Stm32wbUsb, class.chr),
    DEFINE_PROP_CHR("redir", Stm32wbUsb, redir_chr),
    DEFINE_PROP_UINT32("autosuspend", Stm32wbUsb, autosuspend_ms, 0),
};

static void usb_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &usb_vmstate;
    device_class_set_parent_realize(dc, usb_realize, &parent_realize);
    device_class_set_props(dc, usb_properties);
    rc->phases.hold = usb_reset_hold;
    rc->phases.exit = usb_reset_exit;
    bc->window = PMA_BASE + WB_USB_PMA;
    bc->read = usb_read;
    bc->write = usb_write;
    bc->clock_changed = usb_clock_changed;
}

static const TypeInfo usb_types[] = {
    {
        .name = TYPE_STM32WB_USB,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbUsb),
        .instance_init = usb_init,
        .instance_finalize = usb_finalize,
        .class_init = usb_class_init,
    },
};

DEFINE_TYPES(usb_types)
