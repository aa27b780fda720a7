/*
 * STM32WB55: system configuration controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 10. EXTI reads EXTICR and IMR here and is told when they change.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; VREFBUF's two are another block's
 *  + link "exti"
 *  + GPIO inputs "lockup", "pvd"; output "break": the system break of the timers, as CFGR2 lets it be
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "exti.h"
#include "flash.h"
#include "mirror.h"
#include "soc.h"

REG32(MEMRMP, 0x00)
FIELD(MEMRMP, MEM_MODE, 0, 3)
REG32(CFGR1, 0x04)
REG32(EXTICR1, 0x08)
REG32(EXTICR4, 0x14)
REG32(SCSR, 0x18)
FIELD(SCSR, SRAM2ER, 0, 1)
FIELD(SCSR, SRAM2BSY, 1, 1)
REG32(CFGR2, 0x1C)
FIELD(CFGR2, CLL, 0, 1)
FIELD(CFGR2, PVDL, 2, 1)
FIELD(CFGR2, SPF, 8, 1)
REG32(SWPR, 0x20)
REG32(SKR, 0x24)
REG32(SWPR2, 0x28)
REG32(IMR1, 0x100)
REG32(IMR2, 0x104)
REG32(C2IMR1, 0x108)
REG32(C2IMR2, 0x10C)
REG32(SIPCR, 0x110)

#define CFGR1_RESET 0x7C000001
#define CFGR1_WRITABLE 0xFC5F0300
#define CFGR2_LOCKS 0x0000000F
#define IMR1_WRITABLE 0xFFE0E000
#define IMR1_TIMERS 0x0000E000
#define IMR2_WRITABLE 0x00150000
#define C2IMR1_WRITABLE 0xFFFF1F79
#define C2IMR2_WRITABLE 0x0075FF7F

#define SRAM2_PAGE 1024
#define SRAM2_PAGES 32 /* each of the two */
#define ERASE_CYCLES (2 * WB_SRAM2_SIZE / 4) /* a word a cycle */

#define TYPE_STM32WB_SYSCFG "stm32wb-syscfg"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbSyscfg, STM32WB_SYSCFG)

struct Stm32wbSyscfg {
    Stm32wbBlock parent_obj;

    Stm32wbBlock *exti;
    WbMirror mirror;
    uint32_t memrmp;
    uint32_t cfgr1;
    uint32_t exticr[4];
    uint32_t cfgr2;
    uint32_t swpr[2];
    uint32_t imr[4]; /* IMR1, IMR2, C2IMR1, C2IMR2 */
    uint8_t key;     /* how much of SKR's key has come; 2: SRAM2ER is open */
    QEMUTimer *erase;
    bool lockup, pvd;
    qemu_irq brk;

    /* a read-only view of a protected page, at both of its addresses; made when first needed */
    MemoryRegion *guard[2][SRAM2_PAGES][2];
};

static DeviceRealize parent_realize;

static Stm32wb55Soc *soc_of(Stm32wbSyscfg *s)
{
    return STM32WB55_SOC(OBJECT(s)->parent);
}

/* ---- the timers' system break: there is no parity nor ECC error ---- */

static void update_break(Stm32wbSyscfg *s)
{
    qemu_set_irq(s->brk, (s->lockup && FIELD_EX32(s->cfgr2, CFGR2, CLL)) ||
                             (s->pvd && FIELD_EX32(s->cfgr2, CFGR2, PVDL)));
}

static void set_lockup(void *opaque, int n, int level)
{
    Stm32wbSyscfg *s = opaque;

    s->lockup |= level; /* a pulse: the core leaves it by a reset only */
    update_break(s);
}

static void set_pvd(void *opaque, int n, int level)
{
    Stm32wbSyscfg *s = opaque;

    s->pvd = level;
    update_break(s);
}

/* ---- SRAM2: erase and write protection (RM0434 10.2.6 to 10.2.9) ---- */

static void erase_sram2(Stm32wb55Soc *soc)
{
    AddressSpace *as = cpu_get_address_space(CPU(soc->armv7m.cpu), 0);

    address_space_set(as, WB_SRAM2A_BASE, 0, 2 * WB_SRAM2_SIZE,
                      MEMTXATTRS_UNSPECIFIED);
}

static void start_erase(Stm32wbSyscfg *s)
{
    uint64_t hz = clock_get_hz(s->parent_obj.bus);

    erase_sram2(soc_of(s));
    timer_mod(s->erase, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              (int64_t)(ERASE_CYCLES * NANOSECONDS_PER_SECOND / MAX(hz, 1000000)));
}

static void erase_ended(void *opaque)
{
    /* SRAM2BSY and SRAM2ER are whether the timer runs */
}

static void write_scsr(Stm32wbSyscfg *s, uint32_t value)
{
    if (value & R_SCSR_SRAM2ER_MASK && s->key == 2) {
        s->key = 0;
        start_erase(s);
    }
}

static void write_key(Stm32wbSyscfg *s, uint8_t key)
{
    if (key == 0xCA) {
        s->key = 1;
    } else {
        s->key = s->key == 1 && key == 0x53 ? 2 : 0;
    }
}

static MemoryRegion *make_guard(Stm32wbSyscfg *s, int bank, int page, bool code)
{
    Stm32wb55Soc *soc = soc_of(s);
    g_autofree char *name = g_strdup_printf("SRAM2%c-page-%d%s", "AB"[bank],
                                            page, code ? "-code" : "");
    MemoryRegion *mr = g_new0(MemoryRegion, 1);
    hwaddr base = code ? (bank ? WB_SRAM2B_CODE : WB_SRAM2A_CODE)
                       : (bank ? WB_SRAM2B_BASE : WB_SRAM2A_BASE);

    memory_region_init_alias(mr, OBJECT(s), name,
                             bank ? &soc->sram2b : &soc->sram2a,
                             page * SRAM2_PAGE, SRAM2_PAGE);
    memory_region_set_readonly(mr, true);
    memory_region_add_subregion_overlap(&soc->memory, base + page * SRAM2_PAGE,
                                        mr, 1);
    return mr;
}

/* Bring the views in line with SWPR and SWPR2. */
static void guard_pages(Stm32wbSyscfg *s)
{
    memory_region_transaction_begin();
    for (int i = 0; i < 2 * SRAM2_PAGES * 2; i++) {
        int bank = i / (SRAM2_PAGES * 2), page = i / 2 % SRAM2_PAGES, code = i % 2;
        bool protected = s->swpr[bank] >> page & 1;
        MemoryRegion **guard = &s->guard[bank][page][code];

        if (protected && !*guard) {
            *guard = make_guard(s, bank, page, code);
        } else if (*guard) {
            memory_region_set_enabled(*guard, protected);
        }
    }
    memory_region_transaction_commit();
}

/* ---- registers ---- */

static void remap(Stm32wbSyscfg *s, uint32_t mode)
{
    if (mode != WB_BOOT_FLASH && mode != WB_BOOT_SYSTEM &&
        mode != WB_BOOT_SRAM && mode != WB_BOOT_QUADSPI) {
        qemu_log_mask(LOG_GUEST_ERROR, "SYSCFG: reserved MEM_MODE %u\n", mode);
        return;
    }
    trace_stm32wb_syscfg_remap(mode);
    s->memrmp = mode;
    stm32wb55_soc_remap(soc_of(s), mode);
}

static uint32_t read_scsr(Stm32wbSyscfg *s)
{
    bool busy = timer_pending(s->erase);

    return busy ? R_SCSR_SRAM2BSY_MASK | R_SCSR_SRAM2ER_MASK : 0;
}

static uint32_t syscfg_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbSyscfg *s = STM32WB_SYSCFG(b);

    switch (offset) {
    case A_MEMRMP:
        return s->memrmp;
    case A_CFGR1:
        return s->cfgr1;
    case A_EXTICR1 ... A_EXTICR4:
        return s->exticr[(offset - A_EXTICR1) / 4];
    case A_SCSR:
        return read_scsr(s);
    case A_CFGR2:
        return s->cfgr2;
    case A_SWPR:
        return s->swpr[0];
    case A_SWPR2:
        return s->swpr[1];
    case A_IMR1 ... A_C2IMR2:
        return s->imr[(offset - A_IMR1) / 4];
    case A_SKR:
    case A_SIPCR:
        return 0;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void write_imr(Stm32wbSyscfg *s, unsigned i, uint32_t value)
{
    static const uint32_t writable[] = {
        IMR1_WRITABLE, IMR2_WRITABLE, C2IMR1_WRITABLE, C2IMR2_WRITABLE
    };

    s->imr[i] = value & writable[i];
    if (i == 0 && value & IMR1_TIMERS) {
        qemu_log_mask(LOG_UNIMP, "SYSCFG: IMR1 does not mask timers\n");
    }
    if (i < 2) {
        stm32wb_exti_syscfg_changed(s->exti);
    }
}

static void syscfg_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                         uint32_t mask)
{
    Stm32wbSyscfg *s = STM32WB_SYSCFG(b);

    switch (offset) {
    case A_MEMRMP:
        if (b->core != 0) {
            qemu_log_mask(LOG_UNIMP, "SYSCFG: MEMRMP is CPU1's\n");
            break;
        }
        remap(s, FIELD_EX32(value, MEMRMP, MEM_MODE));
        break;
    case A_CFGR1:
        s->cfgr1 = (value & CFGR1_WRITABLE) | (s->cfgr1 & ~CFGR1_WRITABLE);
        break;
    case A_EXTICR1 ... A_EXTICR4:
        s->exticr[(offset - A_EXTICR1) / 4] = value & 0x7777;
        stm32wb_exti_syscfg_changed(s->exti);
        break;
    case A_SCSR:
        write_scsr(s, value);
        break;
    case A_CFGR2: /* locks stay until reset; SPF never comes */
        s->cfgr2 |= value & CFGR2_LOCKS;
        update_break(s);
        break;
    case A_SWPR:
    case A_SWPR2:
        s->swpr[offset == A_SWPR2] |= value;
        guard_pages(s);
        break;
    case A_SKR:
        write_key(s, value);
        break;
    case A_IMR1 ... A_C2IMR2:
        write_imr(s, (offset - A_IMR1) / 4, value);
        break;
    case A_SIPCR:
        qemu_log_mask(LOG_GUEST_ERROR, "SYSCFG: SIPCR is CPU2's\n");
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

/* MEMRMP is what CPU1 sees, the erase of SRAM2 who started it; the rest both cores have. */
static bool syscfg_is_shared(Stm32wbBlock *b, hwaddr offset)
{
    return offset != A_MEMRMP && offset != A_SCSR && offset != A_SKR;
}

static void settle(Stm32wbBlock *b)
{
}

static void mirror_changed(Stm32wbBlock *b)
{
    Stm32wbSyscfg *s = STM32WB_SYSCFG(b);

    guard_pages(s);
    update_break(s);
    stm32wb_exti_syscfg_changed(s->exti);
}

/* ---- life ---- */

/* Before any core's reset reads its vectors at 0. */
static void syscfg_reset_enter(Object *obj, ResetType type)
{
    Stm32wbSyscfg *s = STM32WB_SYSCFG(obj);
    Stm32wb55Soc *soc = soc_of(s);
    Stm32wbFlash *flash = STM32WB_FLASH(stm32wb55_soc_block(soc, "FLASH"));

    timer_del(s->erase);
    s->key = 0;
    s->lockup = false;
    s->cfgr1 = CFGR1_RESET;
    s->cfgr2 = 0;
    memset(s->exticr, 0, sizeof(s->exticr));
    memset(s->imr, 0, sizeof(s->imr));
    memset(s->swpr, 0, sizeof(s->swpr));
    stm32wb_mirror_reset(&s->mirror);
    guard_pages(s);
    if (s->parent_obj.core != 0) {
        return; /* address 0 and the SRAMs are CPU1's to set up */
    }
    remap(s, stm32wb_flash_boot(flash, soc->boot0));
    if (!(stm32wb_flash_option(flash, WB_OPTR) & WB_OPTR_SRAM2_RST)) {
        erase_sram2(soc);
    }
}

static void syscfg_reset_exit(Object *obj, ResetType type)
{
    update_break(STM32WB_SYSCFG(obj));
}

static void syscfg_realize(DeviceState *dev, Error **errp)
{
    Stm32wbSyscfg *s = STM32WB_SYSCFG(dev);

    stm32wb_mirror_words(&s->mirror, &s->cfgr1, 1);
    stm32wb_mirror_words(&s->mirror, s->exticr, ARRAY_SIZE(s->exticr));
    stm32wb_mirror_words(&s->mirror, &s->cfgr2, 1);
    stm32wb_mirror_words(&s->mirror, s->swpr, ARRAY_SIZE(s->swpr));
    stm32wb_mirror_words(&s->mirror, s->imr, ARRAY_SIZE(s->imr));
    stm32wb_mirror_init(&s->mirror, STM32WB_BLOCK(s), WB_CELLS_SYSCFG, settle,
                        mirror_changed);
    parent_realize(dev, errp);
}

static void syscfg_init(Object *obj)
{
    Stm32wbSyscfg *s = STM32WB_SYSCFG(obj);

    qdev_init_gpio_in_named(DEVICE(obj), set_lockup, "lockup", 1);
    qdev_init_gpio_in_named(DEVICE(obj), set_pvd, "pvd", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->brk, "break", 1);
    s->erase = timer_new_ns(QEMU_CLOCK_VIRTUAL, erase_ended, s);
}

static void syscfg_finalize(Object *obj)
{
    timer_free(STM32WB_SYSCFG(obj)->erase);
}

static int syscfg_post_load(void *opaque, int version_id)
{
    Stm32wbSyscfg *s = opaque;

    remap(s, s->memrmp);
    guard_pages(s);
    return 0;
}

static const VMStateDescription syscfg_vmstate = {
    .name = TYPE_STM32WB_SYSCFG,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = syscfg_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbSyscfg),
        VMSTATE_STM32WB_CELLS(mirror.cells, Stm32wbSyscfg),
        VMSTATE_UINT32(memrmp, Stm32wbSyscfg),
        VMSTATE_UINT32(cfgr1, Stm32wbSyscfg),
        VMSTATE_UINT32_ARRAY(exticr, Stm32wbSyscfg, 4),
        VMSTATE_UINT32(cfgr2, Stm32wbSyscfg),
        VMSTATE_UINT32_ARRAY(swpr, Stm32wbSyscfg, 2),
        VMSTATE_UINT32_ARRAY(imr, Stm32wbSyscfg, 4),
        VMSTATE_UINT8(key, Stm32wbSyscfg),
        VMSTATE_BOOL(lockup, Stm32wbSyscfg),
        VMSTATE_BOOL(pvd, Stm32wbSyscfg),
        VMSTATE_TIMER_PTR(erase, Stm32wbSyscfg),
        VMSTATE_END_OF_LIST()
    },
};

static const Property syscfg_properties[] = {
    DEFINE_PROP_LINK("exti", Stm32wbSyscfg, exti, TYPE_STM32WB_BLOCK,
                     Stm32wbBlock *),
};

static void syscfg_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &syscfg_vmstate;
    device_class_set_props(dc, syscfg_properties);
    rc->phases.enter = syscfg_reset_enter;
    rc->phases.exit = syscfg_reset_exit;
    bc->apb = true;
    device_class_set_parent_realize(dc, syscfg_realize, &parent_realize);
    bc->is_shared = syscfg_is_shared;
    bc->read = syscfg_read;
    bc->write = syscfg_write;
}

static const TypeInfo syscfg_types[] = {
    {
        .name = TYPE_STM32WB_SYSCFG,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbSyscfg),
        .instance_init = syscfg_init,
        .instance_finalize = syscfg_finalize,
        .class_init = syscfg_class_init,
    },
};

DEFINE_TYPES(syscfg_types)
