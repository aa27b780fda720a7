/*
 * STM32WB55 direct memory access controller (DMA1, DMA2)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "Direct memory access controller". Seven channels take turns, one beat (a read and a
 * write) at a time, by priority level, then by number. A beat takes BEAT_CYCLES of HCLK1 from the
 * request or the end of the beat before; both accesses happen at its end.
 *
 * QEMU interface:
 *  + see block.h
 *  + link "memory": what the controller sees
 *  + sysbus IRQs 0 to 6: channels 1 to 7
 *  + named GPIO inputs "request" 0 to 6: as block.h says of DMA requests
 *  + named GPIO outputs "ack" 0 to 6: a pulse for each beat that served a request
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"
#include "hw/orrery/trace.h"

REG32(ISR, 0x00)
REG32(IFCR, 0x04)
/* of channel 1; the others follow every 0x14 */
REG32(CCR, 0x08)
    FIELD(CCR, EN, 0, 1)
    FIELD(CCR, TCIE, 1, 1)
    FIELD(CCR, HTIE, 2, 1)
    FIELD(CCR, TEIE, 3, 1)
    FIELD(CCR, DIR, 4, 1)
    FIELD(CCR, CIRC, 5, 1)
    FIELD(CCR, PINC, 6, 1)
    FIELD(CCR, MINC, 7, 1)
    FIELD(CCR, PSIZE, 8, 2)
    FIELD(CCR, MSIZE, 10, 2)
    FIELD(CCR, PL, 12, 2)
    FIELD(CCR, MEM2MEM, 14, 1)
REG32(CNDTR, 0x0c)
REG32(CPAR, 0x10)
REG32(CMAR, 0x14)

#define CHANNELS 7
#define CHANNEL_STRIDE 0x14
#define BEAT_CYCLES 5
#define CCR_MASK 0x7fff
#define CCR_INTERRUPTS (R_CCR_TCIE_MASK | R_CCR_HTIE_MASK | R_CCR_TEIE_MASK)

/* ISR, four bits a channel */
enum { FLAG_G = 1, FLAG_TC = 2, FLAG_HT = 4, FLAG_TE = 8 };

#define TYPE_STM32WB_DMA "stm32wb-dma"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbDma, STM32WB_DMA)

typedef struct Channel {
    uint32_t ccr, cpar, cmar;
    uint32_t left;   /* CNDTR as it reads */
    uint32_t total;  /* as written */
    uint32_t offset; /* beats done since the addresses were taken */
    uint8_t flags;
    uint8_t requested; /* level of the request line */
    uint8_t once;      /* a request of one transfer waits */
    uint32_t epoch;    /* of enables: tells whether a beat's own access changed the channel */
} Channel;

struct Stm32wbDma {
    Stm32wbBlock parent_obj;

    MemoryRegion *memory;
    AddressSpace as;
    Channel channels[CHANNELS];
    QEMUTimer *beat; /* end of the beat under way */
    qemu_irq irq[CHANNELS], ack[CHANNELS];
};

static bool field(const Channel *c, uint32_t mask)
{
    return c->ccr & mask;
}

static void update_irq(Stm32wbDma *s, int n)
{
    const Channel *c = &s->channels[n];

    /* TC, HT, TE are at the same bits in CCR as in a channel's part of ISR */
    qemu_set_irq(s->irq[n], (c->flags & c->ccr & CCR_INTERRUPTS) != 0);
}

static bool wants_beat(const Channel *c)
{
    return field(c, R_CCR_EN_MASK) && c->left &&
           (c->requested || c->once || field(c, R_CCR_MEM2MEM_MASK));
}

/* Of those that want a beat, the highest priority; the lowest number among equals. */
static int arbitrate(Stm32wbDma *s)
{
    int best = -1;

    for (int n = 0; n < CHANNELS; n++) {
        const Channel *c = &s->channels[n];

        if (wants_beat(c) &&
            (best < 0 || FIELD_EX32(c->ccr, CCR, PL) >
                             FIELD_EX32(s->channels[best].ccr, CCR, PL))) {
            best = n;
        }
    }
    return best;
}

/* Begin a beat if there is one to do and none is under way. */
static void kick(Stm32wbDma *s)
{
    Stm32wbBlock *b = &s->parent_obj;

    if (timer_pending(s->beat) || arbitrate(s) < 0 ||
        (clock_has_source(b->bus) && !clock_is_enabled(b->bus))) {
        return;
    }
    timer_mod(s->beat, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                           MAX(1, clock_ticks_to_ns(b->bus, BEAT_CYCLES)));
}

/* ---- a beat ---- */

static void set_flags(Stm32wbDma *s, int n, unsigned flags)
{
    s->channels[n].flags |= flags | FLAG_G;
    update_irq(s, n);
}

/* The address of the next beat; the low bits that the size makes superfluous are ignored. */
static hwaddr beat_address(const Channel *c, uint32_t base, bool increment,
                           unsigned size)
{
    return (uint32_t)(base + (increment ? c->offset << size : 0)) &
           ~((1u << size) - 1);
}

/* RM0434 "programmable data width": narrower is zero extended, wider is truncated. */
static bool move_data(Stm32wbDma *s, const Channel *c)
{
    unsigned psize = MIN(2, FIELD_EX32(c->ccr, CCR, PSIZE));
    unsigned msize = MIN(2, FIELD_EX32(c->ccr, CCR, MSIZE));
    hwaddr peripheral =
        beat_address(c, c->cpar, field(c, R_CCR_PINC_MASK), psize);
    hwaddr memory = beat_address(c, c->cmar, field(c, R_CCR_MINC_MASK), msize);
    bool out = field(c, R_CCR_DIR_MASK); /* read from memory */
    uint8_t data[4] = { 0 };

    return address_space_read(&s->as, out ? memory : peripheral,
                              MEMTXATTRS_UNSPECIFIED, data,
                              1 << (out ? msize : psize)) == MEMTX_OK &&
           address_space_write(&s->as, out ? peripheral : memory,
                               MEMTXATTRS_UNSPECIFIED, data,
                               1 << (out ? psize : msize)) == MEMTX_OK;
}

static void count_beat(Stm32wbDma *s, int n)
{
    Channel *c = &s->channels[n];
    unsigned flags = 0;

    c->left--;
    c->offset++;
    if (c->left == c->total / 2) {
        flags |= FLAG_HT;
    }
    if (c->left == 0) {
        flags |= FLAG_TC;
        if (field(c, R_CCR_CIRC_MASK) && !field(c, R_CCR_MEM2MEM_MASK)) {
            c->left = c->total;
            c->offset = 0;
        }
        trace_stm32wb_dma_complete(s->parent_obj.name, n + 1, c->total);
    }
    if (flags) {
        set_flags(s, n, flags);
    }
}

static void beat_done(void *opaque)
{
    Stm32wbDma *s = opaque;
    int n = arbitrate(s);
    uint32_t epoch;
    Channel *c;
    bool ok;

    if (n < 0) {
        return; /* the request was taken back */
    }
    c = &s->channels[n];
    c->once = 0;
    epoch = c->epoch;
    ok = move_data(s, c);
    if (c->epoch != epoch) {
        /* the access was to our own registers, and turned the channel off or on */
    } else if (!ok) {
        c->ccr &= ~R_CCR_EN_MASK;
        trace_stm32wb_dma_error(s->parent_obj.name, n + 1);
        set_flags(s, n, FLAG_TE);
    } else if (field(c, R_CCR_EN_MASK)) {
        count_beat(s, n);
        qemu_irq_pulse(s->ack[n]);
    }
    kick(s);
}

static void request_changed(void *opaque, int n, int level)
{
    Stm32wbDma *s = STM32WB_DMA(opaque);
    Channel *c = &s->channels[n];

    if (level == WB_DMA_ONCE) {
        c->once = field(c, R_CCR_EN_MASK);
    } else {
        c->requested = level;
    }
    kick(s);
}

/* ---- registers ---- */

static uint32_t dma_isr(Stm32wbDma *s)
{
    uint32_t isr = 0;

    for (int n = 0; n < CHANNELS; n++) {
        isr |= s->channels[n].flags << 4 * n;
    }
    return isr;
}

static void clear_flags(Stm32wbDma *s, uint32_t value)
{
    for (int n = 0; n < CHANNELS; n++) {
        unsigned clear = extract32(value, 4 * n, 4);
        Channel *c = &s->channels[n];

        c->flags &= clear & FLAG_G ? 0 : ~clear;
        if (!(c->flags & ~FLAG_G)) {
            c->flags = 0; /* the global flag is the or of the others */
        }
        update_irq(s, n);
    }
}

/* The configuration is read-only while the channel is enabled; EN waits for TEIF to be cleared. */
static void write_ccr(Stm32wbDma *s, int n, uint32_t value)
{
    Channel *c = &s->channels[n];
    bool was = field(c, R_CCR_EN_MASK);

    value &= CCR_MASK;
    if (was && (value & R_CCR_EN_MASK)) {
        value = (c->ccr & ~CCR_INTERRUPTS) | (value & CCR_INTERRUPTS);
    } else if (!was && (c->flags & FLAG_TE)) {
        value &= ~R_CCR_EN_MASK;
    }
    c->ccr = value;
    if (!was && field(c, R_CCR_EN_MASK)) {
        c->offset = 0;
        c->epoch++;
        trace_stm32wb_dma_enable(s->parent_obj.name, n + 1, c->left, c->cpar,
                                 c->cmar);
    } else if (was && !field(c, R_CCR_EN_MASK)) {
        c->once = 0;
        c->epoch++;
    }
    update_irq(s, n);
    kick(s);
}

/* Which channel, and which register of it as for channel 1; false: none. */
static bool decode(hwaddr offset, int *n, hwaddr *reg)
{
    if (offset < A_CCR || offset >= A_CCR + CHANNELS * CHANNEL_STRIDE) {
        return false;
    }
    *n = (offset - A_CCR) / CHANNEL_STRIDE;
    *reg = A_CCR + (offset - A_CCR) % CHANNEL_STRIDE;
    return *reg <= A_CMAR;
}

static uint32_t dma_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbDma *s = STM32WB_DMA(b);
    hwaddr reg;
    int n;

    if (offset == A_ISR) {
        return dma_isr(s);
    }
    if (offset == A_IFCR) {
        return 0;
    }
    if (!decode(offset, &n, &reg)) {
        return stm32wb_block_unmodelled_read(b, offset);
    }
    switch (reg) {
    case A_CCR:
        return s->channels[n].ccr;
    case A_CNDTR:
        return s->channels[n].left;
    case A_CPAR:
        return s->channels[n].cpar;
    default:
        return s->channels[n].cmar;
    }
}

static void write_channel(Stm32wbDma *s, int n, hwaddr reg, uint32_t value,
                          uint32_t mask)
{
    Channel *c = &s->channels[n];

    switch (reg) {
    case A_CCR:
        write_ccr(s, n, stm32wb_merge(c->ccr, value, mask));
        break;
    case A_CNDTR:
        if (!field(c, R_CCR_EN_MASK)) {
            c->left = stm32wb_merge(c->left, value, mask) & 0xffff;
            c->total = c->left;
        }
        break;
    case A_CPAR:
        c->cpar = stm32wb_merge(c->cpar, value, mask);
        break;
    default:
        c->cmar = stm32wb_merge(c->cmar, value, mask);
    }
}

static void dma_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbDma *s = STM32WB_DMA(b);
    hwaddr reg;
    int n;

    if (offset == A_IFCR) {
        clear_flags(s, value & mask);
    } else if (offset == A_ISR) {
        return; /* read only */
    } else if (decode(offset, &n, &reg)) {
        write_channel(s, n, reg, value, mask);
    } else {
        stm32wb_block_unmodelled_write(b, offset, value);
    }
}

/* ---- the device ---- */

static void dma_clock_changed(Stm32wbBlock *b)
{
    Stm32wbDma *s = STM32WB_DMA(b);

    if (clock_has_source(b->bus) && !clock_is_enabled(b->bus)) {
        timer_del(s->beat); /* the beat begins anew when the clock is back */
    } else {
        kick(s);
    }
}

static void dma_reset_hold(Object *obj, ResetType type)
{
    Stm32wbDma *s = STM32WB_DMA(obj);

    timer_del(s->beat);
    for (int n = 0; n < CHANNELS; n++) {
        const Channel *c = &s->channels[n];

        s->channels[n] = (Channel){ .requested = c->requested,
                                    .epoch = c->epoch + 1 };
    }
}

static void dma_reset_exit(Object *obj, ResetType type)
{
    for (int n = 0; n < CHANNELS; n++) {
        update_irq(STM32WB_DMA(obj), n);
    }
}

static void dma_init(Object *obj)
{
    Stm32wbDma *s = STM32WB_DMA(obj);

    qdev_init_gpio_in_named(DEVICE(obj), request_changed, "request", CHANNELS);
    qdev_init_gpio_out_named(DEVICE(obj), s->ack, "ack", CHANNELS);
    for (int n = 0; n < CHANNELS; n++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[n]);
    }
    s->beat = timer_new_ns(QEMU_CLOCK_VIRTUAL, beat_done, s);
}

static void dma_finalize(Object *obj)
{
    timer_free(STM32WB_DMA(obj)->beat);
}

static void dma_realize(DeviceState *dev, Error **errp)
{
    Stm32wbDma *s = STM32WB_DMA(dev);

    if (!s->memory) {
        error_setg(errp, TYPE_STM32WB_DMA ": the link memory is not set");
        return;
    }
    address_space_init(&s->as, s->memory, s->parent_obj.name);
    DEVICE_CLASS(object_class_get_parent(OBJECT_CLASS(DEVICE_GET_CLASS(dev))))
        ->realize(dev, errp);
}

static const VMStateDescription channel_vmstate = {
    .name = TYPE_STM32WB_DMA "/channel",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(ccr, Channel),
        VMSTATE_UINT32(cpar, Channel),
        VMSTATE_UINT32(cmar, Channel),
        VMSTATE_UINT32(left, Channel),
        VMSTATE_UINT32(total, Channel),
        VMSTATE_UINT32(offset, Channel),
        VMSTATE_UINT8(flags, Channel),
        VMSTATE_UINT8(requested, Channel),
        VMSTATE_UINT8(once, Channel),
        VMSTATE_UINT32(epoch, Channel),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription dma_vmstate = {
    .name = TYPE_STM32WB_DMA,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbDma),
        VMSTATE_STRUCT_ARRAY(channels, Stm32wbDma, CHANNELS, 1,
                             channel_vmstate, Channel),
        VMSTATE_TIMER_PTR(beat, Stm32wbDma),
        VMSTATE_END_OF_LIST()
    },
};

static const Property dma_properties[] = {
    DEFINE_PROP_LINK("memory", Stm32wbDma, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void dma_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->realize = dma_realize;
    dc->vmsd = &dma_vmstate;
    device_class_set_props(dc, dma_properties);
    rc->phases.hold = dma_reset_hold;
    rc->phases.exit = dma_reset_exit;
    bc->read = dma_read;
    bc->write = dma_write;
    bc->clock_changed = dma_clock_changed;
}

static const TypeInfo dma_types[] = {
    {
        .name = TYPE_STM32WB_DMA,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbDma),
        .instance_init = dma_init,
        .instance_finalize = dma_finalize,
        .class_init = dma_class_init,
    },
};

DEFINE_TYPES(dma_types)
