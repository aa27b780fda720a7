/*
 * STM32WB55: the debug units of CPU1 that software uses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Arm DDI 0403E C1 (ITM C1.7, DWT C1.8, debug registers C1.6, TPIU C1.10, FPB C1.11). The cycle
 * counter is exact: an instruction takes a cycle, none pass in Sleep. Comparators, profiling
 * counters and trace ports are state only; what is written to an ITM port goes to the trace
 * event stm32wb_itm.
 *
 * QEMU interface:
 *  + sysbus MMIO regions: 0 ITM, 1 DWT, 2 FPB, 3 TPIU (4 KiB each), 4: DHCSR to DEMCR (16 bytes)
 *  + property "core": the armv7m container
 */
#include "qemu/osdep.h"
#include "hw/arm/armv7m.h"
#include "hw/orrery/trace.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "system/cpu-timers.h"
#include "target/arm/cpu.h"
#include "core-debug.h"

/* ITM */
#define ITM_PORTS 32
REG32(ITM_STIM0, 0x000)
REG32(ITM_TER, 0xe00)
REG32(ITM_TPR, 0xe40)
REG32(ITM_TCR, 0xe80)

REG32(DWT_CTRL, 0x000)
    FIELD(DWT_CTRL, CYCCNTENA, 0, 1)
REG32(DWT_CYCCNT, 0x004)
REG32(DWT_CPICNT, 0x008)
REG32(DWT_FOLDCNT, 0x018)
REG32(DWT_PCSR, 0x01c)
REG32(DWT_COMP0, 0x020)
REG32(DWT_LAST, 0x05c)

REG32(FP_CTRL, 0x000)
REG32(FP_COMP7, 0x024)

REG32(TPIU_SSPSR, 0x000)
REG32(TPIU_FFSR, 0x300)
REG32(TPIU_FFCR, 0x304)
REG32(TPIU_LAST, 0x3fc)


REG32(DHCSR, 0x0)
    FIELD(DHCSR, S_REGRDY, 16, 1)
    FIELD(DHCSR, S_RETIRE_ST, 24, 1)
    FIELD(DHCSR, S_RESET_ST, 25, 1)
REG32(DCRSR, 0x4)
REG32(DCRDR, 0x8)
REG32(DEMCR, 0xc)
    FIELD(DEMCR, MON_EN, 16, 1)
    FIELD(DEMCR, MON_PEND, 17, 1)
    FIELD(DEMCR, TRCENA, 24, 1)

#define DWT_CTRL_RESET 0x40000000 /* four comparators */
#define FP_CTRL_RESET 0x00000260  /* six for code, two for literals */
#define UNIT_SIZE 0x1000
#define UNIT_WORDS (0x400 / 4) /* registers with state are in the first KiB */

struct CoreDebug {
    SysBusDevice parent_obj;

    MemoryRegion itm_mmio, dwt_mmio, fpb_mmio, tpiu_mmio, scs_mmio;
    ARMv7MState *core;
    uint32_t itm_ter, itm_tpr, itm_tcr;
    uint32_t dwt[R_DWT_LAST + 1];
    uint32_t fpb[R_FP_COMP7 + 1];
    uint32_t tpiu[UNIT_WORDS];
    uint32_t dcrdr, demcr;
    bool was_reset;
    bool counting;
    uint64_t cycles; /* at the start of counting: cycle number zero of CYCCNT */
};

/* ---- the cycle counter ---- */

static uint64_t core_cycles(CoreDebug *s)
{
    if (icount_enabled()) {
        return icount_get_raw();
    }
    return clock_ns_to_ticks(s->core->cpuclk,
                             qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

/* dwt[R_DWT_CYCCNT] is the count while it stands still. */
static uint32_t cycle_count(CoreDebug *s)
{
    return s->counting ? core_cycles(s) - s->cycles : s->dwt[R_DWT_CYCCNT];
}

static void set_cycle_count(CoreDebug *s, uint32_t value)
{
    s->dwt[R_DWT_CYCCNT] = value;
    s->counting = FIELD_EX32(s->demcr, DEMCR, TRCENA) &&
                  FIELD_EX32(s->dwt[R_DWT_CTRL], DWT_CTRL, CYCCNTENA);
    s->cycles = s->counting ? core_cycles(s) - value : 0;
}

/* ---- units ---- */

static uint64_t itm_read(void *opaque, hwaddr addr, unsigned size)
{
    CoreDebug *s = opaque;

    switch (addr & ~3) {
    case A_ITM_STIM0 ... A_ITM_STIM0 + 4 * ITM_PORTS - 1:
        return 1; /* the FIFO has room */
    case A_ITM_TER:
        return s->itm_ter;
    case A_ITM_TPR:
        return s->itm_tpr;
    case A_ITM_TCR:
        return s->itm_tcr;
    default:
        return 0;
    }
}

static void itm_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    CoreDebug *s = opaque;

    switch (addr & ~3) {
    case A_ITM_STIM0 ... A_ITM_STIM0 + 4 * ITM_PORTS - 1:
        if ((s->itm_tcr & 1) && FIELD_EX32(s->demcr, DEMCR, TRCENA) &&
            extract32(s->itm_ter, addr / 4, 1)) {
            trace_stm32wb_itm(addr / 4, size, value);
        }
        break;
    case A_ITM_TER:
        s->itm_ter = value;
        break;
    case A_ITM_TPR:
        s->itm_tpr = value & 0xF;
        break;
    case A_ITM_TCR:
        s->itm_tcr = value & 0x007F0F1F;
        break;
    }
}

static uint64_t dwt_read(void *opaque, hwaddr addr, unsigned size)
{
    CoreDebug *s = opaque;

    switch (addr) {
    case A_DWT_CYCCNT:
        return cycle_count(s);
    case A_DWT_PCSR:
        return UINT32_MAX; /* no sample */
    case A_DWT_CTRL:
    case A_DWT_CPICNT ... A_DWT_FOLDCNT:
    case A_DWT_COMP0 ... A_DWT_LAST:
        return s->dwt[addr / 4];
    default:
        return 0;
    }
}

static void dwt_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    CoreDebug *s = opaque;
    uint32_t now;

    switch (addr) {
    case A_DWT_CTRL:
        now = cycle_count(s);
        s->dwt[R_DWT_CTRL] = DWT_CTRL_RESET | (value & 0x007F1FFF);
        set_cycle_count(s, now);
        break;
    case A_DWT_CYCCNT:
        set_cycle_count(s, value);
        break;
    case A_DWT_CPICNT ... A_DWT_FOLDCNT:
        s->dwt[addr / 4] = value & 0xFF;
        break;
    case A_DWT_COMP0 ... A_DWT_LAST:
        s->dwt[addr / 4] = value;
        break;
    }
}

static uint64_t fpb_read(void *opaque, hwaddr addr, unsigned size)
{
    CoreDebug *s = opaque;

    return addr <= A_FP_COMP7 ? s->fpb[addr / 4] : 0;
}

static void fpb_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    CoreDebug *s = opaque;

    if (addr == A_FP_CTRL) {
        if (value & 2) { /* KEY */
            s->fpb[0] = FP_CTRL_RESET | (value & 1);
        }
    } else if (addr <= A_FP_COMP7) {
        if (value & 1) {
            qemu_log_mask(LOG_UNIMP, "FPB: comparators are not modelled\n");
        }
        s->fpb[addr / 4] = value;
    }
}

static uint64_t tpiu_read(void *opaque, hwaddr addr, unsigned size)
{
    CoreDebug *s = opaque;

    return addr <= A_TPIU_LAST ? s->tpiu[addr / 4] : 0;
}

static void tpiu_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    CoreDebug *s = opaque;

    if (addr <= A_TPIU_LAST && addr != A_TPIU_SSPSR && addr != A_TPIU_FFSR) {
        s->tpiu[addr / 4] = value;
    }
}

/* ---- debug registers ---- */

static uint64_t scs_read(void *opaque, hwaddr addr, unsigned size)
{
    CoreDebug *s = opaque;
    uint32_t v;

    switch (addr) {
    case A_DHCSR: /* no debugger: C_DEBUGEN is clear */
        v = R_DHCSR_S_REGRDY_MASK | R_DHCSR_S_RETIRE_ST_MASK;
        v = FIELD_DP32(v, DHCSR, S_RESET_ST, s->was_reset);
        s->was_reset = false;
        return v;
    case A_DCRDR:
        return s->dcrdr;
    case A_DEMCR:
        return s->demcr;
    default:
        return 0;
    }
}

static void write_demcr(CoreDebug *s, uint32_t value)
{
    uint32_t now = cycle_count(s);
    bool pend = FIELD_EX32(value, DEMCR, MON_PEND);

    s->demcr = value & 0x010D07F1;
    s->core->nvic.vectors[ARMV7M_EXCP_DEBUG].enabled =
        FIELD_EX32(value, DEMCR, MON_EN);
    if (pend && FIELD_EX32(value, DEMCR, MON_EN)) {
        armv7m_nvic_set_pending(&s->core->nvic, ARMV7M_EXCP_DEBUG, false);
    }
    set_cycle_count(s, now);
}

static void scs_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    CoreDebug *s = opaque;

    switch (addr) {
    case A_DCRDR:
        s->dcrdr = value;
        break;
    case A_DEMCR:
        write_demcr(s, value);
        break;
    }
}

/* ---- device ---- */

#define UNIT_OPS(name, min)                                               \
    static const MemoryRegionOps name##_ops = {                                \
        .read = name##_read,                                                   \
        .write = name##_write,                                                 \
        .endianness = DEVICE_LITTLE_ENDIAN,                                    \
        .valid.min_access_size = 1,                                            \
        .valid.max_access_size = 4,                                            \
        .impl.min_access_size = min,                                           \
        .impl.max_access_size = 4,                                             \
    }
UNIT_OPS(itm, 1);
UNIT_OPS(dwt, 4);
UNIT_OPS(fpb, 4);
UNIT_OPS(tpiu, 4);
UNIT_OPS(scs, 4);

static void core_debug_reset_hold(Object *obj, ResetType type)
{
    CoreDebug *s = CORE_DEBUG(obj);

    s->itm_ter = 0;
    s->itm_tpr = 0;
    s->itm_tcr = 0;
    memset(s->dwt, 0, sizeof(s->dwt));
    s->dwt[R_DWT_CTRL] = DWT_CTRL_RESET;
    memset(s->fpb, 0, sizeof(s->fpb));
    s->fpb[R_FP_CTRL] = FP_CTRL_RESET;
    memset(s->tpiu, 0, sizeof(s->tpiu));
    s->tpiu[R_TPIU_SSPSR] = 0xF;
    s->tpiu[R_TPIU_FFSR] = 0x8;
    s->tpiu[R_TPIU_FFCR] = 0x102;
    s->dcrdr = 0;
    s->demcr = 0;
    s->was_reset = true;
    s->counting = false;
    s->cycles = 0;
}

static void core_debug_init(Object *obj)
{
    CoreDebug *s = CORE_DEBUG(obj);
    const struct {
        MemoryRegion *mr;
        const MemoryRegionOps *ops;
        const char *name;
        uint64_t size;
    } units[] = {
        { &s->itm_mmio, &itm_ops, "ITM", UNIT_SIZE },
        { &s->dwt_mmio, &dwt_ops, "DWT", UNIT_SIZE },
        { &s->fpb_mmio, &fpb_ops, "FPB", UNIT_SIZE },
        { &s->tpiu_mmio, &tpiu_ops, "TPIU", UNIT_SIZE },
        { &s->scs_mmio, &scs_ops, "core-debug", 0x10 },
    };

    for (int i = 0; i < ARRAY_SIZE(units); i++) {
        memory_region_init_io(units[i].mr, obj, units[i].ops, s, units[i].name,
                              units[i].size);
        sysbus_init_mmio(SYS_BUS_DEVICE(obj), units[i].mr);
    }
}

static void core_debug_realize(DeviceState *dev, Error **errp)
{
    if (!CORE_DEBUG(dev)->core) {
        error_setg(errp, "core-debug: the property core is not set");
    }
}

bool core_debug_create(Object *owner, ARMv7MState *core, Error **errp)
{
    static const hwaddr base[] = { 0xE0000000, 0xE0001000, 0xE0002000,
                                   0xE0040000, 0xE000EDF0 };
    DeviceState *dev = qdev_new(TYPE_CORE_DEBUG);

    object_property_add_child(owner, "core-debug", OBJECT(dev));
    object_unref(OBJECT(dev));
    object_property_set_link(OBJECT(dev), "core", OBJECT(core),
                             &error_abort);
    if (!sysbus_realize(SYS_BUS_DEVICE(dev), errp)) {
        return false;
    }
    for (int i = 0; i < ARRAY_SIZE(base); i++) {
        memory_region_add_subregion_overlap(
            &core->container, base[i],
            sysbus_mmio_get_region(SYS_BUS_DEVICE(dev), i), 2);
    }
    return true;
}

static const VMStateDescription core_debug_vmstate = {
    .name = TYPE_CORE_DEBUG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(itm_ter, CoreDebug),
        VMSTATE_UINT32(itm_tpr, CoreDebug),
        VMSTATE_UINT32(itm_tcr, CoreDebug),
        VMSTATE_UINT32_ARRAY(dwt, CoreDebug, R_DWT_LAST + 1),
        VMSTATE_UINT32_ARRAY(fpb, CoreDebug, R_FP_COMP7 + 1),
        VMSTATE_UINT32_ARRAY(tpiu, CoreDebug, UNIT_WORDS),
        VMSTATE_UINT32(dcrdr, CoreDebug),
        VMSTATE_UINT32(demcr, CoreDebug),
        VMSTATE_BOOL(was_reset, CoreDebug),
        VMSTATE_BOOL(counting, CoreDebug),
        VMSTATE_UINT64(cycles, CoreDebug),
        VMSTATE_END_OF_LIST()
    },
};

static const Property core_debug_properties[] = {
    DEFINE_PROP_LINK("core", CoreDebug, core, TYPE_ARMV7M, ARMv7MState *),
};

static void core_debug_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = core_debug_realize;
    dc->vmsd = &core_debug_vmstate;
    device_class_set_props(dc, core_debug_properties);
    rc->phases.hold = core_debug_reset_hold;
}

static const TypeInfo core_debug_types[] = {
    {
        .name = TYPE_CORE_DEBUG,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(CoreDebug),
        .instance_init = core_debug_init,
        .class_init = core_debug_class_init,
    },
};

DEFINE_TYPES(core_debug_types)
