/*
 * STM32WB55 serial audio interface (SAI1)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Serial audio interface (SAI)". Nothing is connected to the audio pins: a transmitter's
 * words go nowhere and a receiver hears zeros, but both at the rate of the audio clock, slot by
 * slot, with FIFO levels, underrun and overrun. A slave has no clock and stands still, unless it
 * is synchronous with the other sub-block.
 *
 * QEMU interface:
 *  + a block (block.h): registers, clocks, "name"
 *  + sysbus IRQ 0: the interrupt
 *  + GPIO outputs "a", "b": DMA requests
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"
#include "countdown.h"

REG32(GCR, 0x00)
/* of a sub-block; A's are at 0x04, B's at 0x24 */
REG32(CR1, 0x00)
    FIELD(CR1, MODE, 0, 2)
    FIELD(CR1, SYNCEN, 10, 2)
    FIELD(CR1, SAIEN, 16, 1)
    FIELD(CR1, DMAEN, 17, 1)
    FIELD(CR1, NODIV, 19, 1)
    FIELD(CR1, MCKDIV, 20, 6)
    FIELD(CR1, OSR, 26, 1)
REG32(CR2, 0x04)
    FIELD(CR2, FTH, 0, 3)
    FIELD(CR2, FFLUSH, 3, 1)
REG32(FRCR, 0x08)
    FIELD(FRCR, FRL, 0, 8)
REG32(SLOTR, 0x0c)
    FIELD(SLOTR, NBSLOT, 8, 4)
    FIELD(SLOTR, SLOTEN, 16, 16)
REG32(IM, 0x10)
REG32(SR, 0x14)
    FIELD(SR, OVRUDR, 0, 1)
    FIELD(SR, FREQ, 3, 1)
    FIELD(SR, FLVL, 16, 3)
REG32(CLRFR, 0x18)
REG32(DR, 0x1c)
REG32(PDMCR, 0x44)
REG32(PDMDLY, 0x48)

#define CR1_STORED 0x0ffb3fef
#define CR1_RESET 0x00000040
#define CR2_STORED 0x0000fff7
#define FRCR_STORED 0x00077fff
#define FRCR_RESET 0x00000007
#define SLOTR_STORED 0xffff0fdf
#define IM_STORED 0x7f
#define CLEARABLE 0x77
#define PDMCR_STORED 0x00000f31
#define PDMDLY_STORED 0x77777777
#define FIFO_WORDS 8
#define FULL 5 /* of FLVL */
#define MIN_SLOT_CYCLES 8 /* bits; with less the configuration is not allowed */

#define TYPE_STM32WB_SAI "stm32wb-sai"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbSai, STM32WB_SAI)

typedef struct SaiHalf {
    Stm32wbSai *sai;
    qemu_irq dma;
    Stm32wbCountdown slot_end;

    uint32_t cr1, cr2, frcr, slotr, im;
    uint32_t flags;
    uint32_t fifo[FIFO_WORDS];
    uint8_t first, level;
    uint8_t slot;
} SaiHalf;

struct Stm32wbSai {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    uint32_t gcr, pdmcr, pdmdly;
    SaiHalf half[2];
};

static bool receives(const SaiHalf *h)
{
    return h->cr1 & 1; /* MODE: master or slave, transmitter or receiver */
}

static bool slave(const SaiHalf *h)
{
    return FIELD_EX32(h->cr1, CR1, MODE) >= 2;
}

static bool enabled(const SaiHalf *h)
{
    return h->cr1 & R_CR1_SAIEN_MASK;
}

/* In quarters of the FIFO, as FLVL counts them: towards full for one, towards empty for the other */
static unsigned fifo_level(const SaiHalf *h)
{
    if (h->level == 0 || h->level == FIFO_WORDS) {
        return h->level ? FULL : 0;
    }
    return receives(h) ? h->level / 2 + 1 : (h->level + 1) / 2;
}

static bool wants_service(const SaiHalf *h)
{
    unsigned threshold = MIN(FIELD_EX32(h->cr2, CR2, FTH), 4);
    unsigned level = fifo_level(h);

    if (receives(h)) {
        return level >= threshold + 1;
    }
    return threshold == 0 ? level == 0 : level < threshold + 1;
}

static uint32_t status(const SaiHalf *h)
{
    uint32_t sr = h->flags;

    sr = FIELD_DP32(sr, SR, FREQ, wants_service(h));
    return FIELD_DP32(sr, SR, FLVL, fifo_level(h));
}

static void update(Stm32wbSai *s)
{
    bool level = false;

    for (int i = 0; i < 2; i++) {
        SaiHalf *h = &s->half[i];

        level |= (status(h) & h->im & IM_STORED) != 0;
        qemu_set_irq(h->dma,
                     (h->cr1 & R_CR1_DMAEN_MASK) && wants_service(h));
    }
    qemu_set_irq(s->irq, level);
}

/* ---- slots ---- */

static void push(SaiHalf *h, uint32_t value)
{
    h->fifo[(h->first + h->level) % FIFO_WORDS] = value;
    h->level++;
}

static uint32_t pop(SaiHalf *h)
{
    uint32_t value = h->fifo[h->first];

    h->first = (h->first + 1) % FIFO_WORDS;
    h->level--;
    return value;
}

/* One slot has gone by on the line. */
static void pass_slot(SaiHalf *h)
{
    bool active = FIELD_EX32(h->slotr, SLOTR, SLOTEN) >> h->slot & 1;

    h->slot = h->slot >= FIELD_EX32(h->slotr, SLOTR, NBSLOT) ? 0 : h->slot + 1;
    if (!active) {
        return;
    }
    if (receives(h)) {
        if (h->level == FIFO_WORDS) {
            h->flags |= R_SR_OVRUDR_MASK;
        } else {
            push(h, 0);
        }
    } else if (h->level == 0) {
        h->flags |= R_SR_OVRUDR_MASK;
    } else {
        pop(h);
    }
}

/* Kernel clock cycles of a frame: RM0434 "SAI clock generator" */
static uint64_t frame_cycles(const SaiHalf *h)
{
    unsigned div = MAX(FIELD_EX32(h->cr1, CR1, MCKDIV), 1);

    if (h->cr1 & R_CR1_NODIV_MASK) {
        return (uint64_t)div * (FIELD_EX32(h->frcr, FRCR, FRL) + 1);
    }
    return (uint64_t)div * (256 << FIELD_EX32(h->cr1, CR1, OSR));
}

/* The slots of a frame share its cycles without loss. */
static uint64_t slot_cycles(const SaiHalf *h)
{
    unsigned slots = FIELD_EX32(h->slotr, SLOTR, NBSLOT) + 1;
    uint64_t frame = frame_cycles(h);

    return MAX(frame * (h->slot + 1) / slots - frame * h->slot / slots,
               MIN_SLOT_CYCLES);
}

static void slot_ended(void *opaque)
{
    SaiHalf *h = opaque;
    SaiHalf *other = &h->sai->half[h == &h->sai->half[0]];

    pass_slot(h);
    if (enabled(other) && slave(other) &&
        FIELD_EX32(other->cr1, CR1, SYNCEN) == 1) {
        pass_slot(other);
    }
    stm32wb_countdown_continue(&h->slot_end, slot_cycles(h));
    update(h->sai);
}

/* ---- registers ---- */

static void write_cr1(SaiHalf *h, uint32_t value)
{
    bool was = enabled(h);

    h->cr1 = value & CR1_STORED;
    if (enabled(h) == was) {
        return;
    }
    h->slot = 0;
    if (!enabled(h)) {
        stm32wb_countdown_stop(&h->slot_end);
    } else if (!slave(h)) {
        stm32wb_countdown_start(&h->slot_end, slot_cycles(h));
    } else if (FIELD_EX32(h->cr1, CR1, SYNCEN) != 1) {
        qemu_log_mask(LOG_UNIMP, "%s: a slave has no clock here\n",
                      STM32WB_BLOCK(h->sai)->name);
    }
}

static void write_half(SaiHalf *h, hwaddr offset, uint32_t value)
{
    switch (offset) {
    case A_CR1:
        write_cr1(h, value);
        break;
    case A_CR2:
        if (value & R_CR2_FFLUSH_MASK) {
            h->level = 0;
        }
        h->cr2 = value & CR2_STORED;
        break;
    case A_FRCR:
        h->frcr = value & FRCR_STORED;
        break;
    case A_SLOTR:
        h->slotr = value & SLOTR_STORED;
        break;
    case A_IM:
        h->im = value & IM_STORED;
        break;
    case A_CLRFR:
        h->flags &= ~(value & CLEARABLE);
        break;
    case A_DR:
        if (!receives(h) && h->level < FIFO_WORDS) {
            push(h, value);
        }
        break;
    }
}

static uint32_t read_half(SaiHalf *h, hwaddr offset)
{
    switch (offset) {
    case A_CR1:
        return h->cr1;
    case A_CR2:
        return h->cr2;
    case A_FRCR:
        return h->frcr;
    case A_SLOTR:
        return h->slotr;
    case A_IM:
        return h->im;
    case A_SR:
        return status(h);
    case A_DR:
        return receives(h) && h->level ? pop(h) : 0;
    default:
        return 0;
    }
}

static uint32_t sai_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbSai *s = STM32WB_SAI(b);
    uint32_t value;

    switch (offset) {
    case A_GCR:
        return s->gcr;
    case 0x04 ... 0x43:
        value = read_half(&s->half[offset >= 0x24], (offset - 4) % 0x20);
        update(s);
        return value;
    case A_PDMCR:
        return s->pdmcr;
    case A_PDMDLY:
        return s->pdmdly;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void sai_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbSai *s = STM32WB_SAI(b);

    switch (offset) {
    case A_GCR:
        s->gcr = value & 0x33;
        break;
    case 0x04 ... 0x43:
        write_half(&s->half[offset >= 0x24], (offset - 4) % 0x20, value);
        break;
    case A_PDMCR:
        s->pdmcr = value & PDMCR_STORED;
        if (value & 1) {
            qemu_log_mask(LOG_UNIMP, "%s: PDM microphones\n", b->name);
        }
        break;
    case A_PDMDLY:
        s->pdmdly = value & PDMDLY_STORED;
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    update(s);
}

static void sai_clock_changed(Stm32wbBlock *b)
{
    Stm32wbSai *s = STM32WB_SAI(b);

    for (int i = 0; i < 2; i++) {
        stm32wb_countdown_clock_changed(&s->half[i].slot_end);
    }
}

static void sai_reset_hold(Object *obj, ResetType type)
{
    Stm32wbSai *s = STM32WB_SAI(obj);

    s->gcr = s->pdmcr = s->pdmdly = 0;
    for (int i = 0; i < 2; i++) {
        SaiHalf *h = &s->half[i];

        h->cr1 = CR1_RESET;
        h->frcr = FRCR_RESET;
        h->cr2 = h->slotr = h->im = h->flags = 0;
        h->first = h->level = h->slot = 0;
        memset(h->fifo, 0, sizeof(h->fifo));
        stm32wb_countdown_stop(&h->slot_end);
    }
}

static void sai_reset_exit(Object *obj, ResetType type)
{
    update(STM32WB_SAI(obj));
}

static int sai_post_load(void *opaque, int version_id)
{
    Stm32wbSai *s = opaque;

    for (int i = 0; i < 2; i++) {
        if (s->half[i].first >= FIFO_WORDS || s->half[i].level > FIFO_WORDS ||
            s->half[i].slot > 15) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription half_vmstate = {
    .name = "stm32wb-sai-half",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_COUNTDOWN(slot_end, SaiHalf),
        VMSTATE_UINT32(cr1, SaiHalf),
        VMSTATE_UINT32(cr2, SaiHalf),
        VMSTATE_UINT32(frcr, SaiHalf),
        VMSTATE_UINT32(slotr, SaiHalf),
        VMSTATE_UINT32(im, SaiHalf),
        VMSTATE_UINT32(flags, SaiHalf),
        VMSTATE_UINT32_ARRAY(fifo, SaiHalf, FIFO_WORDS),
        VMSTATE_UINT8(first, SaiHalf),
        VMSTATE_UINT8(level, SaiHalf),
        VMSTATE_UINT8(slot, SaiHalf),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription sai_vmstate = {
    .name = TYPE_STM32WB_SAI,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = sai_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbSai),
        VMSTATE_UINT32(gcr, Stm32wbSai),
        VMSTATE_UINT32(pdmcr, Stm32wbSai),
        VMSTATE_UINT32(pdmdly, Stm32wbSai),
        VMSTATE_STRUCT_ARRAY(half, Stm32wbSai, 2, 1, half_vmstate, SaiHalf),
        VMSTATE_END_OF_LIST()
    },
};

static void sai_init(Object *obj)
{
    Stm32wbSai *s = STM32WB_SAI(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    for (int i = 0; i < 2; i++) {
        s->half[i].sai = s;
        qdev_init_gpio_out_named(DEVICE(obj), &s->half[i].dma, i ? "b" : "a",
                                 1);
        stm32wb_countdown_init(&s->half[i].slot_end, STM32WB_BLOCK(obj)->kernel,
                               slot_ended, &s->half[i]);
    }
}

static void sai_finalize(Object *obj)
{
    for (int i = 0; i < 2; i++) {
        stm32wb_countdown_finish(&STM32WB_SAI(obj)->half[i].slot_end);
    }
}

static void sai_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &sai_vmstate;
    rc->phases.hold = sai_reset_hold;
    rc->phases.exit = sai_reset_exit;
    bc->apb = true;
    bc->read = sai_read;
    bc->write = sai_write;
    bc->clock_changed = sai_clock_changed;
}

static const TypeInfo sai_types[] = {
    {
        .name = TYPE_STM32WB_SAI,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbSai),
        .instance_init = sai_init,
        .instance_finalize = sai_finalize,
        .class_init = sai_class_init,
    },
};

DEFINE_TYPES(sai_types)
