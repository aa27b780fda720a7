/*
 * STM32WB55 QUADSPI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 15. A command is a header (instruction, address, alternate bytes, dummy cycles) and data.
 * Each part takes the clocks that its lines need; bytes cross the SSI bus, where QEMU's NOR counts a
 * dummy cycle as a byte, so that alternate bytes go there as the cycles that they take.
 *
 * quadspi_command.c carries commands out; here are the registers and the device.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; region 1: the memory-mapped flash
 *  + sysbus IRQ 0: the interrupt
 *  + SSI bus "QUADSPI": the NOR, with chip select 0
 *  + GPIO output "fifo": DMA request
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "hw/irq.h"
#include "migration/vmstate.h"
#include "quadspi.h"

#define CR_WRITABLE 0xFFDF0F1F
#define DCR_WRITABLE 0x001F0701
#define CCR_WRITABLE 0x9F7FFFFF
#define FLAGS (R_SR_TEF_MASK | R_SR_TCF_MASK | R_SR_SMF_MASK | R_SR_TOF_MASK)
#define MAPPED_SIZE (256 * MiB)

/* ---- outputs ---- */

static bool fifo_threshold(Stm32wbQuadspi *s)
{
    unsigned threshold = FIELD_EX32(s->cr, CR, FTHRES) + 1;

    switch (quadspi_mode(s)) {
    case INDIRECT_WRITE:
        return (s->armed || (s->phase != QSPI_IDLE && s->left > s->count)) &&
               FIFO_BYTES - s->count >= threshold;
    case INDIRECT_READ:
        /* the rest of a transfer, too, when nothing more comes */
        return s->count >= threshold || (s->count && !s->left);
    case POLLING:
        return false;
    default:
        return false;
    }
}

uint32_t quadspi_status(Stm32wbQuadspi *s)
{
    uint32_t sr = s->flags;
    bool reading = quadspi_mode(s) == INDIRECT_READ && s->count;

    sr = FIELD_DP32(sr, SR, FTF, fifo_threshold(s));
    sr = FIELD_DP32(sr, SR, BUSY, s->phase != QSPI_IDLE || reading ||
                    (quadspi_mode(s) == MAPPED && s->selected));
    sr = FIELD_DP32(sr, SR, FLEVEL, s->count);
    return sr;
}

void quadspi_update(Stm32wbQuadspi *s)
{
    uint32_t sr = quadspi_status(s), on = 0;

    on = FIELD_DP32(on, SR, TEF, FIELD_EX32(s->cr, CR, TEIE));
    on = FIELD_DP32(on, SR, TCF, FIELD_EX32(s->cr, CR, TCIE));
    on = FIELD_DP32(on, SR, FTF, FIELD_EX32(s->cr, CR, FTIE));
    on = FIELD_DP32(on, SR, SMF, FIELD_EX32(s->cr, CR, SMIE));
    on = FIELD_DP32(on, SR, TOF, FIELD_EX32(s->cr, CR, TOIE));
    stm32wb_drive(&s->lines, 0, s->irq, sr & on);
    stm32wb_drive(&s->lines, 1, s->dma,
                  FIELD_EX32(s->cr, CR, EN) &&
                  FIELD_EX32(s->cr, CR, DMAEN) && FIELD_EX32(sr, SR, FTF));
}

/* ---- registers ---- */

static uint32_t read_dr(Stm32wbQuadspi *s)
{
    unsigned n = s->parent_obj.access_size;
    uint32_t data = 0;

    if (quadspi_mode(s) != INDIRECT_READ) {
        return 0;
    }
    while (s->count < n && s->left &&
           (s->phase == QSPI_HEADER || s->phase == QSPI_DATA)) {
        quadspi_hurry(s);
    }
    n = MIN(n, s->count);
    for (unsigned i = 0; i < n; i++) {
        data |= (uint32_t)s->fifo[i] << (8 * i);
    }
    s->count -= n;
    memmove(s->fifo, s->fifo + n, s->count);
    quadspi_resume(s);
    quadspi_update(s);
    return data;
}

static void write_dr(Stm32wbQuadspi *s, uint32_t value)
{
    unsigned n = s->parent_obj.access_size;

    if (quadspi_mode(s) != INDIRECT_WRITE || (!s->armed && s->phase == QSPI_IDLE)) {
        return;
    }
    if (s->armed) {
        quadspi_begin(s, wb_now());
    }
    if (s->count + n > FIFO_BYTES) {
        quadspi_hurry(s);
        quadspi_hurry(s);
    }
    for (unsigned i = 0; i < n && s->count < FIFO_BYTES; i++) {
        s->fifo[s->count++] = value >> (8 * i);
    }
    quadspi_resume(s);
}

static uint32_t quadspi_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(b);

    switch (offset) {
    case A_CR:
        return s->cr;
    case A_DCR:
        return s->dcr;
    case A_SR:
        return quadspi_status(s);
    case A_FCR:
        return 0;
    case A_DLR:
        return s->dlr;
    case A_CCR:
        return s->ccr;
    case A_AR:
        return s->ar;
    case A_ABR:
        return s->abr;
    case A_DR:
        return read_dr(s);
    case A_PSMKR:
        return s->psmkr;
    case A_PSMAR:
        return s->psmar;
    case A_PIR:
        return s->pir;
    case A_LPTR:
        return s->lptr;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_cr(Stm32wbQuadspi *s, uint32_t value)
{
    bool was_on = FIELD_EX32(s->cr, CR, EN);
    bool busy = FIELD_EX32(quadspi_status(s), SR, BUSY) || s->armed;

    s->cr = value & CR_WRITABLE & ~R_CR_ABORT_MASK;
    if (FIELD_EX32(value, CR, ABORT) && was_on) {
        quadspi_stop(s);
        s->count = 0;
        if (busy) {
            s->flags |= R_SR_TCF_MASK;
        }
    }
    if (!FIELD_EX32(s->cr, CR, EN)) {
        quadspi_stop(s);
        s->count = 0;
    }
}

/* 15.5: these hold what a running command uses. */
static bool locked(Stm32wbQuadspi *s, hwaddr offset)
{
    if (s->phase == QSPI_IDLE) {
        return false;
    }
    switch (offset) {
    case A_DCR:
    case A_DLR:
    case A_CCR:
    case A_AR:
    case A_ABR:
    case A_PSMKR:
    case A_PSMAR:
    case A_PIR:
    case A_LPTR:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "QUADSPI: 0x%02" HWADDR_PRIx " written while busy\n",
                      offset);
        return true;
    default:
        return false;
    }
}

static void write_ccr(Stm32wbQuadspi *s, uint32_t value)
{
    quadspi_stop(s); /* ends memory-mapped mode */
    s->ccr = value & CCR_WRITABLE;
    quadspi_maybe_begin(s, false);
}

static void write_masked(uint32_t *reg, uint32_t value, uint32_t mask)
{
    *reg = stm32wb_merge(*reg, value, mask);
}

static void quadspi_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                          uint32_t mask)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(b);

    if (locked(s, offset)) {
        return;
    }
    switch (offset) {
    case A_CR:
        write_cr(s, stm32wb_merge(s->cr, value, mask));
        break;
    case A_DCR:
        write_masked(&s->dcr, value, mask & DCR_WRITABLE);
        break;
    case A_FCR:
        s->flags &= ~(value & FLAGS);
        break;
    case A_DLR:
        write_masked(&s->dlr, value, mask);
        break;
    case A_CCR:
        write_ccr(s, stm32wb_merge(s->ccr, value, mask));
        break;
    case A_AR:
        if (quadspi_mode(s) != MAPPED) {
            write_masked(&s->ar, value, mask);
            quadspi_maybe_begin(s, true);
        }
        break;
    case A_ABR:
        write_masked(&s->abr, value, mask);
        break;
    case A_DR:
        write_dr(s, value);
        break;
    case A_PSMKR:
        write_masked(&s->psmkr, value, mask);
        break;
    case A_PSMAR:
        write_masked(&s->psmar, value, mask);
        break;
    case A_PIR:
        write_masked(&s->pir, value, mask & 0xFFFF);
        break;
    case A_LPTR:
        write_masked(&s->lptr, value, mask & 0xFFFF);
        break;
    case A_SR:
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    quadspi_update(s);
}

/* ---- the device ---- */

static void quadspi_reset_hold(Object *obj, ResetType type)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);

    s->cr = s->dcr = s->dlr = s->ccr = s->ar = s->abr = 0;
    s->psmkr = s->psmar = s->pir = s->lptr = s->flags = 0;
    s->count = s->burst = 0;
    s->next_mapped = 0;
    timer_del(s->timer);
    timer_del(s->quiet_timer);
    s->phase = QSPI_IDLE;
    s->armed = false;
    s->left = 0;
}

static void quadspi_reset_exit(Object *obj, ResetType type)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);

    quadspi_select_flash(s, false);
    quadspi_update(s);
}

static int quadspi_post_load(void *opaque, int version_id)
{
    return STM32WB_QUADSPI(opaque)->count <= FIFO_BYTES ? 0 : -1;
}

static void quadspi_init(Object *obj)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);
    DeviceState *dev = DEVICE(obj);

    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, quadspi_phase_end, s);
    s->quiet_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, quadspi_quiet, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(dev, &s->dma, "fifo", 1);
}

static void quadspi_finalize(Object *obj)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(obj);

    timer_free(s->timer);
    timer_free(s->quiet_timer);
}

static void quadspi_realize(DeviceState *dev, Error **errp)
{
    Stm32wbQuadspi *s = STM32WB_QUADSPI(dev);

    STM32WB_QUADSPI_GET_CLASS(dev)->parent_realize(dev, errp);
    if (*errp) {
        return;
    }
    memory_region_init_io(&s->mapped, OBJECT(dev), &quadspi_mapped_ops, s,
                          "QUADSPI-mapped", MAPPED_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->mapped);
    s->bus = ssi_create_bus(dev, s->parent_obj.name);
}

static const VMStateDescription quadspi_vmstate = {
    .name = TYPE_STM32WB_QUADSPI,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = quadspi_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbQuadspi),
        VMSTATE_TIMER_PTR(timer, Stm32wbQuadspi),
        VMSTATE_TIMER_PTR(quiet_timer, Stm32wbQuadspi),
        VMSTATE_UINT32(cr, Stm32wbQuadspi),
        VMSTATE_UINT32(dcr, Stm32wbQuadspi),
        VMSTATE_UINT32(dlr, Stm32wbQuadspi),
        VMSTATE_UINT32(ccr, Stm32wbQuadspi),
        VMSTATE_UINT32(ar, Stm32wbQuadspi),
        VMSTATE_UINT32(abr, Stm32wbQuadspi),
        VMSTATE_UINT32(psmkr, Stm32wbQuadspi),
        VMSTATE_UINT32(psmar, Stm32wbQuadspi),
        VMSTATE_UINT32(pir, Stm32wbQuadspi),
        VMSTATE_UINT32(lptr, Stm32wbQuadspi),
        VMSTATE_UINT32(flags, Stm32wbQuadspi),
        VMSTATE_UINT8_ARRAY(fifo, Stm32wbQuadspi, FIFO_BYTES),
        VMSTATE_UINT8(count, Stm32wbQuadspi),
        VMSTATE_UINT8(phase, Stm32wbQuadspi),
        VMSTATE_BOOL(armed, Stm32wbQuadspi),
        VMSTATE_UINT64(left, Stm32wbQuadspi),
        VMSTATE_UINT8(burst, Stm32wbQuadspi),
        VMSTATE_INT64(end.ns, Stm32wbQuadspi),
        VMSTATE_UINT32(end.frac, Stm32wbQuadspi),
        VMSTATE_BOOL(selected, Stm32wbQuadspi),
        VMSTATE_UINT32(next_mapped, Stm32wbQuadspi),
        VMSTATE_UINT8(lines, Stm32wbQuadspi),
        VMSTATE_END_OF_LIST()
    },
};

static void quadspi_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    device_class_set_parent_realize(
        dc, quadspi_realize, &STM32WB_QUADSPI_CLASS(klass)->parent_realize);
    dc->vmsd = &quadspi_vmstate;
    rc->phases.hold = quadspi_reset_hold;
    rc->phases.exit = quadspi_reset_exit;
    bc->read = quadspi_read;
    bc->write = quadspi_write;
}

static const TypeInfo quadspi_types[] = {
    {
        .name = TYPE_STM32WB_QUADSPI,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbQuadspi),
        .class_size = sizeof(Stm32wbQuadspiClass),
        .instance_init = quadspi_init,
        .instance_finalize = quadspi_finalize,
        .class_init = quadspi_class_init,
    },
};

DEFINE_TYPES(quadspi_types)
