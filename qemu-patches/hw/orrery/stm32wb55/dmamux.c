/*
 * STM32WB55 DMA request multiplexer (DMAMUX1)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "DMA request multiplexer". Channels 0 to 6 feed DMA1, 7 to 13 DMA2. Requests 1 to 4 are
 * the mux's own generators.
 *
 * QEMU interface:
 *  + see block.h
 *  + named GPIO inputs "request": by request number, as block.h says of DMA requests
 *  + named GPIO inputs "sync": synchronisation and trigger inputs; 0 to 15: EXTI lines, 16 and
 *    17: events of channels 0 and 1 (our own, not to be connected), 18 and 19: LPTIM1, LPTIM2
 *  + named GPIO outputs "channel", named GPIO inputs "ack": by mux channel
 *  + named GPIO outputs "lptim-wanted" 0 and 1: some channel or generator listens to that timer
 *  + sysbus IRQ 0: overrun
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"

REG32(C0CR, 0x000)
    FIELD(CCR, DMAREQ_ID, 0, 6)
    FIELD(CCR, SOIE, 8, 1)
    FIELD(CCR, EGE, 9, 1)
    FIELD(CCR, SE, 16, 1)
    FIELD(CCR, SPOL, 17, 2)
    FIELD(CCR, NBREQ, 19, 5)
    FIELD(CCR, SYNC_ID, 24, 5)
REG32(CSR, 0x080)
REG32(CFR, 0x084)
REG32(RG0CR, 0x100)
    FIELD(RGCR, SIG_ID, 0, 5)
    FIELD(RGCR, OIE, 8, 1)
    FIELD(RGCR, GE, 16, 1)
    FIELD(RGCR, GPOL, 17, 2)
    FIELD(RGCR, GNBREQ, 19, 5)
REG32(RGSR, 0x140)
REG32(RGCFR, 0x144)

#define CHANNELS 14
#define GENERATORS 4
#define REQUESTS 64
#define FIRST_GENERATED 1 /* request number of generator 0 */
#define SYNCS 20
#define SYNC_CHANNEL_EVENT 16
#define SYNC_LPTIM 18
#define LPTIMS 2
#define EVENT_CHANNELS 2
#define CCR_MASK 0x1fff033f
#define RGCR_MASK 0x00ff011f
#define RISING 1 /* SPOL, GPOL */
#define FALLING 2

#define TYPE_STM32WB_DMAMUX "stm32wb-dmamux"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbDmamux, STM32WB_DMAMUX)

struct Stm32wbDmamux {
    Stm32wbBlock parent_obj;

    uint32_t ccr[CHANNELS], rgcr[GENERATORS];
    uint32_t overrun, generator_overrun; /* CSR, RGSR */
    uint8_t count[CHANNELS]; /* requests until the counter runs out */
    uint8_t open[CHANNELS];  /* with SE: synchronised, requests pass */
    uint8_t held[CHANNELS];  /* a request of one transfer waits for that */
    uint8_t left[GENERATORS]; /* requests still to generate */
    uint8_t level[REQUESTS];
    uint32_t sync_level;
    qemu_irq irq, channel[CHANNELS], lptim_wanted[LPTIMS];
};

static void sync_edge(Stm32wbDmamux *s, unsigned input, unsigned edge);

static void update_irq(Stm32wbDmamux *s)
{
    bool on = false;

    for (int n = 0; n < CHANNELS; n++) {
        on |= (s->overrun >> n & 1) && FIELD_EX32(s->ccr[n], CCR, SOIE);
    }
    for (int g = 0; g < GENERATORS; g++) {
        on |= (s->generator_overrun >> g & 1) &&
              FIELD_EX32(s->rgcr[g], RGCR, OIE);
    }
    qemu_set_irq(s->irq, on);
}

static bool passes(const Stm32wbDmamux *s, int n)
{
    return !FIELD_EX32(s->ccr[n], CCR, SE) || s->open[n];
}

static unsigned request_level(const Stm32wbDmamux *s, unsigned request)
{
    unsigned g = request - FIRST_GENERATED;

    return g < GENERATORS ? s->left[g] > 0 : s->level[request];
}

static void update_channel(Stm32wbDmamux *s, int n)
{
    unsigned request = FIELD_EX32(s->ccr[n], CCR, DMAREQ_ID);

    if (passes(s, n) && s->held[n]) {
        s->held[n] = 0;
        qemu_set_irq(s->channel[n], WB_DMA_ONCE);
    }
    qemu_set_irq(s->channel[n],
                 request && passes(s, n) && request_level(s, request));
}

static void update_request(Stm32wbDmamux *s, unsigned request)
{
    for (int n = 0; n < CHANNELS; n++) {
        if (FIELD_EX32(s->ccr[n], CCR, DMAREQ_ID) == request) {
            update_channel(s, n);
        }
    }
}

static void request_changed(void *opaque, int request, int level)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(opaque);

    if (level != WB_DMA_ONCE) {
        if (s->level[request] != level) {
            s->level[request] = level;
            update_request(s, request);
        }
        return;
    }
    for (int n = 0; n < CHANNELS; n++) {
        if (request && FIELD_EX32(s->ccr[n], CCR, DMAREQ_ID) == request) {
            if (passes(s, n)) {
                qemu_set_irq(s->channel[n], WB_DMA_ONCE);
            } else {
                s->held[n] = 1;
            }
        }
    }
}

/* A beat of the channel's DMA has served its request. */
static void ack(void *opaque, int n, int level)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(opaque);
    unsigned request = FIELD_EX32(s->ccr[n], CCR, DMAREQ_ID);
    unsigned g = request - FIRST_GENERATED;

    if (!level) {
        return;
    }
    if (s->count[n]) {
        s->count[n]--;
    } else {
        s->count[n] = FIELD_EX32(s->ccr[n], CCR, NBREQ);
        s->open[n] = 0;
        if (FIELD_EX32(s->ccr[n], CCR, EGE) && n < EVENT_CHANNELS) {
            sync_edge(s, SYNC_CHANNEL_EVENT + n, RISING);
            sync_edge(s, SYNC_CHANNEL_EVENT + n, FALLING);
        }
    }
    if (g < GENERATORS && s->left[g]) {
        s->left[g]--;
        update_request(s, request);
    }
    update_channel(s, n);
}

/* An edge on a synchronisation input: RISING or FALLING. */
static void sync_edge(Stm32wbDmamux *s, unsigned input, unsigned edge)
{
    for (int n = 0; n < CHANNELS; n++) {
        uint32_t ccr = s->ccr[n];

        if (!FIELD_EX32(ccr, CCR, SE) ||
            FIELD_EX32(ccr, CCR, SYNC_ID) != input ||
            !(FIELD_EX32(ccr, CCR, SPOL) & edge)) {
            continue;
        }
        if (s->open[n]) {
            s->overrun |= 1u << n;
        }
        s->open[n] = 1;
        update_channel(s, n);
    }
    for (int g = 0; g < GENERATORS; g++) {
        uint32_t rgcr = s->rgcr[g];

        if (!FIELD_EX32(rgcr, RGCR, GE) ||
            FIELD_EX32(rgcr, RGCR, SIG_ID) != input ||
            !(FIELD_EX32(rgcr, RGCR, GPOL) & edge)) {
            continue;
        }
        if (s->left[g]) {
            s->generator_overrun |= 1u << g;
        } else {
            s->left[g] = FIELD_EX32(rgcr, RGCR, GNBREQ) + 1;
            update_request(s, FIRST_GENERATED + g);
        }
    }
    update_irq(s);
}

static void sync_changed(void *opaque, int input, int level)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(opaque);

    if ((s->sync_level >> input & 1) != (level == 1)) {
        s->sync_level ^= 1u << input;
        sync_edge(s, input, level == 1 ? RISING : FALLING);
    }
}

/* ---- registers ---- */

static void update_wanted(Stm32wbDmamux *s)
{
    uint32_t inputs = 0;

    for (int n = 0; n < CHANNELS; n++) {
        if (FIELD_EX32(s->ccr[n], CCR, SE)) {
            inputs |= 1u << FIELD_EX32(s->ccr[n], CCR, SYNC_ID);
        }
    }
    for (int g = 0; g < GENERATORS; g++) {
        if (FIELD_EX32(s->rgcr[g], RGCR, GE)) {
            inputs |= 1u << FIELD_EX32(s->rgcr[g], RGCR, SIG_ID);
        }
    }
    for (int i = 0; i < LPTIMS; i++) {
        qemu_set_irq(s->lptim_wanted[i], inputs >> (SYNC_LPTIM + i) & 1);
    }
}

static uint32_t dmamux_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(b);

    if (offset < A_C0CR + 4 * CHANNELS) {
        return s->ccr[offset / 4];
    }
    if (offset >= A_RG0CR && offset < A_RG0CR + 4 * GENERATORS) {
        return s->rgcr[(offset - A_RG0CR) / 4];
    }
    switch (offset) {
    case A_CSR:
        return s->overrun;
    case A_RGSR:
        return s->generator_overrun;
    case A_CFR:
    case A_RGCFR:
        return 0;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_ccr(Stm32wbDmamux *s, int n, uint32_t value)
{
    uint32_t before = s->ccr[n];

    s->ccr[n] = value & CCR_MASK;
    if (FIELD_EX32(before ^ value, CCR, DMAREQ_ID)) {
        s->held[n] = 0;
    }
    if (FIELD_EX32(before ^ value, CCR, SE) ||
        FIELD_EX32(before ^ value, CCR, NBREQ)) {
        s->count[n] = FIELD_EX32(value, CCR, NBREQ);
        s->open[n] = 0;
    }
    update_channel(s, n);
}

static void write_rgcr(Stm32wbDmamux *s, int g, uint32_t value)
{
    s->rgcr[g] = value & RGCR_MASK;
    if (!FIELD_EX32(value, RGCR, GE)) {
        s->left[g] = 0;
        update_request(s, FIRST_GENERATED + g);
    }
}

static void dmamux_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                         uint32_t mask)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(b);

    value &= mask;
    if (offset < A_C0CR + 4 * CHANNELS) {
        write_ccr(s, offset / 4, (s->ccr[offset / 4] & ~mask) | value);
    } else if (offset >= A_RG0CR && offset < A_RG0CR + 4 * GENERATORS) {
        int g = (offset - A_RG0CR) / 4;

        write_rgcr(s, g, (s->rgcr[g] & ~mask) | value);
    } else if (offset == A_CFR) {
        s->overrun &= ~value;
    } else if (offset == A_RGCFR) {
        s->generator_overrun &= ~value;
    } else if (offset != A_CSR && offset != A_RGSR) {
        stm32wb_block_unmodelled_write(b, offset, value);
    }
    update_wanted(s);
    update_irq(s);
}

/* ---- the device ---- */

static void dmamux_reset_hold(Object *obj, ResetType type)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(obj);

    memset(s->ccr, 0, sizeof(s->ccr));
    memset(s->rgcr, 0, sizeof(s->rgcr));
    memset(s->count, 0, sizeof(s->count));
    memset(s->open, 0, sizeof(s->open));
    memset(s->held, 0, sizeof(s->held));
    memset(s->left, 0, sizeof(s->left));
    s->overrun = s->generator_overrun = 0;
}

static void dmamux_reset_exit(Object *obj, ResetType type)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(obj);

    for (int n = 0; n < CHANNELS; n++) {
        update_channel(s, n);
    }
    update_wanted(s);
    update_irq(s);
}

static void dmamux_init(Object *obj)
{
    Stm32wbDmamux *s = STM32WB_DMAMUX(obj);
    DeviceState *dev = DEVICE(obj);

    qdev_init_gpio_in_named(dev, request_changed, "request", REQUESTS);
    qdev_init_gpio_in_named(dev, sync_changed, "sync", SYNCS);
    qdev_init_gpio_in_named(dev, ack, "ack", CHANNELS);
    qdev_init_gpio_out_named(dev, s->channel, "channel", CHANNELS);
    qdev_init_gpio_out_named(dev, s->lptim_wanted, "lptim-wanted", LPTIMS);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static const VMStateDescription dmamux_vmstate = {
    .name = TYPE_STM32WB_DMAMUX,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbDmamux),
        VMSTATE_UINT32_ARRAY(ccr, Stm32wbDmamux, CHANNELS),
        VMSTATE_UINT32_ARRAY(rgcr, Stm32wbDmamux, GENERATORS),
        VMSTATE_UINT32(overrun, Stm32wbDmamux),
        VMSTATE_UINT32(generator_overrun, Stm32wbDmamux),
        VMSTATE_UINT8_ARRAY(count, Stm32wbDmamux, CHANNELS),
        VMSTATE_UINT8_ARRAY(open, Stm32wbDmamux, CHANNELS),
        VMSTATE_UINT8_ARRAY(held, Stm32wbDmamux, CHANNELS),
        VMSTATE_UINT8_ARRAY(left, Stm32wbDmamux, GENERATORS),
        VMSTATE_UINT8_ARRAY(level, Stm32wbDmamux, REQUESTS),
        VMSTATE_UINT32(sync_level, Stm32wbDmamux),
        VMSTATE_END_OF_LIST()
    },
};

static void dmamux_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &dmamux_vmstate;
    rc->phases.hold = dmamux_reset_hold;
    rc->phases.exit = dmamux_reset_exit;
    bc->read = dmamux_read;
    bc->write = dmamux_write;
}

static const TypeInfo dmamux_types[] = {
    {
        .name = TYPE_STM32WB_DMAMUX,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbDmamux),
        .instance_init = dmamux_init,
        .class_init = dmamux_class_init,
    },
};

DEFINE_TYPES(dmamux_types)
