/*
 * STM32WB55 extended interrupts and events (EXTI)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "Extended interrupts and events controller". Lines 0 to 48; the configurable ones have
 * edge selection and a pending bit, the direct ones only pass their level on. A pending bit is
 * latched only for a line that either core's interrupt mask lets through ("Masking functionality").
 *
 * QEMU interface:
 *  + see block.h
 *  + link "syscfg": the block with EXTICR and IMR
 *  + unnamed GPIO inputs 0 to 48: the lines; 0 to 15 come from "pin" instead
 *  + named GPIO inputs "pin": levels of all pins, by number (pins.h)
 *  + named GPIO input "sev": the core's TXEV
 *  + named GPIO outputs "line" 0 to 15: level of the selected pin, for DMAMUX1
 *  + sysbus IRQs: EXTI0, 1, 2, 3, 4, 9_5, 15_10, PVD, RTC_TAMP, RTC_WKUP, RTC_ALARM, COMP,
 *    and the other core's SEV
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "hw/core/cpu.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "target/arm/cpu.h"
#include "cores.h"
#include "exti.h"
#include "mirror.h"
#include "pins.h"
#include "hw/orrery/trace.h"

REG32(RTSR1, 0x00)
REG32(FTSR1, 0x04)
REG32(SWIER1, 0x08)
REG32(PR1, 0x0c)
REG32(RTSR2, 0x20)
REG32(FTSR2, 0x24)
REG32(SWIER2, 0x28)
REG32(PR2, 0x2c)
REG32(C1IMR1, 0x80)
REG32(C1EMR1, 0x84)
REG32(C1IMR2, 0x90)
REG32(C1EMR2, 0x94)
REG32(C2IMR1, 0xc0)
REG32(C2EMR1, 0xc4)
REG32(C2IMR2, 0xd0)
REG32(C2EMR2, 0xd4)
REG32(HWCFGR7, 0x3d8)

#define SYSCFG_EXTICR1 0x08
#define SYSCFG_IMR1 0x100
#define SYSCFG_IMR2 0x104

#define LINES 49
#define PIN_LINES 16
#define BIT_OF(line) (UINT64_C(1) << (line))
#define LINE_RANGE(from, to) (BIT_OF((to) + 1) - BIT_OF(from))
#define ALL_LINES LINE_RANGE(0, 48)
#define CONFIGURABLE                                                           \
    (LINE_RANGE(0, 21) | BIT_OF(31) | BIT_OF(33) | BIT_OF(40) | BIT_OF(41))
#define EVENT_LINES (LINE_RANGE(0, 15) | LINE_RANGE(17, 21) | BIT_OF(40) | BIT_OF(41))

enum { CPU1, CPU2, CPUS };

static DeviceRealize parent_realize;

#define TYPE_STM32WB_EXTI "stm32wb-exti"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbExti, STM32WB_EXTI)

/* A bit a line. */
struct Stm32wbExti {
    Stm32wbBlock parent_obj;

    Stm32wbBlock *syscfg;
    WbMirror mirror;
    uint64_t level;
    uint64_t edges; /* that have come, and are not yet in what both cores have */
    uint64_t rising, falling, pending;
    uint64_t imr[CPUS], emr[CPUS];
    uint8_t pins[WB_PINS];
    qemu_irq irq[13], line[PIN_LINES];
};

/* Lines that share an interrupt, in the order of the sysbus IRQs. */
static const uint64_t vectors[13] = {
    BIT_OF(0), BIT_OF(1), BIT_OF(2), BIT_OF(3), BIT_OF(4),
    LINE_RANGE(5, 9), LINE_RANGE(10, 15),
    BIT_OF(16) | BIT_OF(31) | BIT_OF(33),
    BIT_OF(18), BIT_OF(19), BIT_OF(17), BIT_OF(20) | BIT_OF(21), 0,
};

/* Where a core hears of the other's SEV, by its event mask or the last of its interrupts. */
static const unsigned sev_line[CPUS] = { 40, 41 };

static uint32_t syscfg_read(Stm32wbExti *s, hwaddr offset)
{
    return s->syscfg
           ? STM32WB_BLOCK_GET_CLASS(s->syscfg)->read(s->syscfg, offset) : 0;
}

/* EXTICR1..4 have four bits a line: 0 to 4 is port A to E, 7 is H. */
static unsigned selected_pin(Stm32wbExti *s, unsigned line)
{
    uint32_t exticr = syscfg_read(s, SYSCFG_EXTICR1 + line / 4 * 4);

    return extract32(exticr, line % 4 * 4, 3) * 16 + line;
}

/* RM0434, SYSCFG_IMR1 and IMR2: CPU1's further masks. */
static uint64_t masked_by_syscfg(Stm32wbExti *s)
{
    uint32_t imr1 = syscfg_read(s, SYSCFG_IMR1);
    uint32_t imr2 = syscfg_read(s, SYSCFG_IMR2);

    return (uint64_t)extract32(imr1, 21, 11) << 5 |
           (uint64_t)extract32(imr2, 16, 1) << 31 |
           (uint64_t)extract32(imr2, 18, 1) << 33 |
           (uint64_t)extract32(imr2, 20, 1) << 16;
}

static void update_irq(Stm32wbExti *s)
{
    unsigned core = s->parent_obj.core;
    uint64_t on = s->pending & s->imr[core];
    uint64_t to_nvic = on && core == CPU1 ? on & ~masked_by_syscfg(s) : on;

    for (int i = 0; i < ARRAY_SIZE(vectors); i++) {
        uint64_t lines = i == ARRAY_SIZE(vectors) - 1 ? BIT_OF(sev_line[core]) : vectors[i];

        qemu_set_irq(s->irq[i], (to_nvic & lines) != 0);
    }
}

/* This core's RXEV: it sets the event register. */
static void send_event(void)
{
    if (first_cpu) {
        ARM_CPU(first_cpu)->env.v7m.event = 1;
        qemu_cpu_kick(first_cpu);
    }
}

static void other_core_event(void *opaque, const uint8_t *body, unsigned len)
{
    send_event();
}

static void latch(Stm32wbExti *s, uint64_t lines)
{
    s->pending |= lines & (s->imr[CPU1] | s->imr[CPU2]);
    update_irq(s);
}

/* Configurable lines on which a selected edge has come. */
static void trigger(Stm32wbExti *s, uint64_t lines)
{
    unsigned core = s->parent_obj.core;

    if (lines & s->emr[core]) {
        send_event();
    }
    if (lines & s->emr[!core]) {
        stm32wb_cores_send(WB_CORES_EVENT, NULL, 0);
    }
    latch(s, lines);
}

/* What was not written but came from a line: an access, if both cores are to see it. */
static void latch_edges(void *opaque)
{
    Stm32wbExti *s = opaque;

    stm32wb_mirror_begin(&s->mirror);
    latch(s, s->edges);
    s->edges = 0;
    stm32wb_mirror_end(&s->mirror);
}

static void edge(Stm32wbExti *s, uint64_t line)
{
    trigger(s, line);
    if (stm32wb_mirror_shared(&s->mirror)) {
        s->edges |= line;
        orrery_ordered_later(s->parent_obj.state, latch_edges, s);
    }
}

static void set_level(Stm32wbExti *s, unsigned line, bool level)
{
    uint64_t bit = BIT_OF(line);
    bool before = s->level & bit;

    if (before == level) {
        return;
    }
    s->level ^= bit;
    if (!(bit & CONFIGURABLE)) {
        update_irq(s);
    } else if (bit & (level ? s->rising : s->falling)) {
        trace_stm32wb_exti(line, level);
        edge(s, bit);
    }
}

static void line_changed(void *opaque, int line, int level)
{
    if (line >= PIN_LINES) {
        set_level(STM32WB_EXTI(opaque), line, level);
    }
}

/* RM0434: the instruction SEV is a pulse on a line of the other core's. */
static void sev(void *opaque, int n, int level)
{
    Stm32wbExti *s = STM32WB_EXTI(opaque);

    set_level(s, sev_line[!s->parent_obj.core], level);
}

static void set_pin_line(Stm32wbExti *s, unsigned line, bool level)
{
    set_level(s, line, level);
    qemu_set_irq(s->line[line], level);
}

static void pin_changed(void *opaque, int pin, int level)
{
    Stm32wbExti *s = STM32WB_EXTI(opaque);

    s->pins[pin] = level;
    if (selected_pin(s, pin % 16) == pin) {
        set_pin_line(s, pin % 16, level);
    }
}

void stm32wb_exti_syscfg_changed(Stm32wbBlock *exti)
{
    Stm32wbExti *s = STM32WB_EXTI(exti);

    for (unsigned line = 0; line < PIN_LINES; line++) {
        set_pin_line(s, line, s->pins[selected_pin(s, line)]);
    }
    update_irq(s);
}

/* ---- registers ---- */

/* The register of 64 lines that @offset is half of; NULL: not one. @valid: bits there are. */
static uint64_t *find(Stm32wbExti *s, hwaddr offset, uint64_t *valid)
{
    *valid = CONFIGURABLE;
    switch (offset) {
    case A_RTSR1:
    case A_RTSR2:
        return &s->rising;
    case A_FTSR1:
    case A_FTSR2:
        return &s->falling;
    case A_PR1:
    case A_PR2:
        return &s->pending;
    case A_C1IMR1:
    case A_C1IMR2:
        *valid = ALL_LINES;
        return &s->imr[CPU1];
    case A_C2IMR1:
    case A_C2IMR2:
        *valid = ALL_LINES;
        return &s->imr[CPU2];
    case A_C1EMR1:
    case A_C1EMR2:
        *valid = EVENT_LINES;
        return &s->emr[CPU1];
    case A_C2EMR1:
    case A_C2EMR2:
        *valid = EVENT_LINES;
        return &s->emr[CPU2];
    default:
        return NULL;
    }
}

/* Where the high half of a pair is: at 0x20 for the triggers, at 0x10 for the masks. */
static unsigned half_shift(hwaddr offset)
{
    return offset < A_C1IMR1 ? (offset & 0x20 ? 32 : 0) : (offset & 0x10 ? 32 : 0);
}

static uint32_t exti_read(Stm32wbBlock *b, hwaddr offset)
{
    uint64_t valid;
    uint64_t *reg = find(STM32WB_EXTI(b), offset, &valid);

    if (reg) {
        return *reg >> half_shift(offset);
    }
    if (offset == A_SWIER1 || offset == A_SWIER2) {
        return 0; /* cleared as soon as set */
    }
    if (offset >= A_HWCFGR7) {
        return stm32wb_register_reset(b->name, offset); /* constants */
    }
    return stm32wb_block_unmodelled_read(b, offset);
}

static void exti_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                       uint32_t mask)
{
    Stm32wbExti *s = STM32WB_EXTI(b);
    unsigned shift = half_shift(offset);
    uint64_t bits = (uint64_t)(value & mask) << shift;
    uint64_t where = (uint64_t)mask << shift;
    uint64_t valid;
    uint64_t *reg = find(s, offset, &valid);

    if (offset == A_SWIER1 || offset == A_SWIER2) {
        trigger(s, bits & CONFIGURABLE);
    } else if (reg == &s->pending) {
        s->pending &= ~bits;
        update_irq(s);
    } else if (reg) {
        where &= valid;
        *reg = (*reg & ~where) | (bits & where);
        update_irq(s);
    } else if (offset < A_HWCFGR7) {
        stm32wb_block_unmodelled_write(b, offset, value);
    }
}

static void settle(Stm32wbBlock *b)
{
    Stm32wbExti *s = STM32WB_EXTI(b);

    s->pending |= s->edges & (s->imr[CPU1] | s->imr[CPU2]);
}

static void mirror_changed(Stm32wbBlock *b)
{
    update_irq(STM32WB_EXTI(b));
}

/* ---- the device ---- */

static void exti_reset_hold(Object *obj, ResetType type)
{
    Stm32wbExti *s = STM32WB_EXTI(obj);
    uint64_t direct = stm32wb_register_reset("EXTI", A_C1IMR1) |
                      (uint64_t)stm32wb_register_reset("EXTI", A_C1IMR2) << 32;

    s->rising = s->falling = s->pending = 0;
    for (int cpu = 0; cpu < CPUS; cpu++) {
        s->imr[cpu] = direct; /* RM0434: the direct lines' are set */
        s->emr[cpu] = 0;
    }
    s->edges = 0;
    stm32wb_mirror_reset(&s->mirror);
}

static void exti_reset_exit(Object *obj, ResetType type)
{
    update_irq(STM32WB_EXTI(obj));
}

static void exti_realize(DeviceState *dev, Error **errp)
{
    Stm32wbExti *s = STM32WB_EXTI(dev);

    stm32wb_mirror_words(&s->mirror, &s->rising, 2);
    stm32wb_mirror_words(&s->mirror, &s->falling, 2);
    stm32wb_mirror_words(&s->mirror, &s->pending, 2);
    stm32wb_mirror_words(&s->mirror, s->imr, 2 * CPUS);
    stm32wb_mirror_words(&s->mirror, s->emr, 2 * CPUS);
    stm32wb_mirror_init(&s->mirror, STM32WB_BLOCK(s), WB_CELLS_EXTI, settle,
                        mirror_changed);
    stm32wb_cores_on(WB_CORES_EVENT, other_core_event, NULL);
    parent_realize(dev, errp);
}

static void exti_init(Object *obj)
{
    Stm32wbExti *s = STM32WB_EXTI(obj);
    DeviceState *dev = DEVICE(obj);

    qdev_init_gpio_in(dev, line_changed, LINES);
    qdev_init_gpio_in_named(dev, pin_changed, "pin", WB_PINS);
    qdev_init_gpio_in_named(dev, sev, "sev", 1);
    qdev_init_gpio_out_named(dev, s->line, "line", PIN_LINES);
    for (int i = 0; i < ARRAY_SIZE(s->irq); i++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[i]);
    }
}

static const VMStateDescription exti_vmstate = {
    .name = TYPE_STM32WB_EXTI,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbExti),
        VMSTATE_STM32WB_CELLS(mirror.cells, Stm32wbExti),
        VMSTATE_UINT64(edges, Stm32wbExti),
        VMSTATE_UINT64(level, Stm32wbExti),
        VMSTATE_UINT64(rising, Stm32wbExti),
        VMSTATE_UINT64(falling, Stm32wbExti),
        VMSTATE_UINT64(pending, Stm32wbExti),
        VMSTATE_UINT64_ARRAY(imr, Stm32wbExti, CPUS),
        VMSTATE_UINT64_ARRAY(emr, Stm32wbExti, CPUS),
        VMSTATE_UINT8_ARRAY(pins, Stm32wbExti, WB_PINS),
        VMSTATE_END_OF_LIST()
    },
};

static const Property exti_properties[] = {
    DEFINE_PROP_LINK("syscfg", Stm32wbExti, syscfg, TYPE_STM32WB_BLOCK,
                     Stm32wbBlock *),
};

static void exti_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    device_class_set_parent_realize(dc, exti_realize, &parent_realize);
    dc->vmsd = &exti_vmstate;
    device_class_set_props(dc, exti_properties);
    rc->phases.hold = exti_reset_hold;
    rc->phases.exit = exti_reset_exit;
    bc->ungated = true; /* RM0434: EXTI has no enable bit in RCC */
    bc->read = exti_read;
    bc->write = exti_write;
}

static const TypeInfo exti_types[] = {
    {
        .name = TYPE_STM32WB_EXTI,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbExti),
        .instance_init = exti_init,
        .class_init = exti_class_init,
    },
};

DEFINE_TYPES(exti_types)
