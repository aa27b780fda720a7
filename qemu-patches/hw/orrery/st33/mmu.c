/*
 * ST33: memory management unit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, MMU. The registers are ours. It stands on the core's bus, behind the MPU: target/arm asks it
 * when QEMU's TLB misses (ARMCPU.bus_translate), so that a mapped page is as fast as plain memory.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + properties "entries"; "least-page-bits"; "flash-size", "ram-size": what may be mapped
 *  + property "callback", for tests/bench only: every access to a virtual address is an MMIO callback
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "exec/cputlb.h"
#include "exec/target_page.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "target/arm/cpu.h"
#include "../trace.h"
#include "mmu.h"
#include "soc.h"

REG32(CTRL, 0x00)
    FIELD(CTRL, EN, 0, 1)
    FIELD(CTRL, PSZ, 8, 5)
REG32(CONF, 0x04)
    FIELD(CONF, ENTRIES, 0, 16)
    FIELD(CONF, LEAST, 16, 5)
    FIELD(CONF, MOST, 24, 5)
REG32(CTX, 0x08)
REG32(FDIRECT, 0x0C)
REG32(RDIRECT, 0x10)
REG32(FSTAT, 0x14)
    FIELD(FSTAT, VALID, 0, 1)
    FIELD(FSTAT, MISS, 1, 1)
    FIELD(FSTAT, ACCESS, 2, 3) /* one bit: read, write, fetch */
    FIELD(FSTAT, PRIV, 5, 1)
    FIELD(FSTAT, MORE, 6, 1)
    FIELD(FSTAT, ENTRY, 16, 8)
    FIELD(FSTAT, CTX, 24, 8)
REG32(FADDR, 0x18)
REG32(FCOUNT, 0x1C)
REG32(INVA, 0x20)
REG32(INVC, 0x24)
REG32(INVALL, 0x28)
REG32(FIND, 0x2C)
REG32(FRAME, 0x30)
    FIELD(FRAME, VALID, 0, 1)
REG32(FRAME0, 0x40)
REG32(FRAME7, 0x5C)
REG32(VA0, 0x800)
    FIELD(VA0, CTX, 0, 8)
REG32(PA0, 0x804)
    FIELD(PA0, V, 0, 1)
    FIELD(PA0, G, 1, 1)
    FIELD(PA0, PRIV, 2, 3) /* read, write, execute */
    FIELD(PA0, USER, 5, 3)

#define PAGE_BITS_MOST 16
#define FRAME_WORDS 8
#define NO_ENTRY UINT32_MAX

struct St33Mmu {
    Stm32wbBlock parent_obj;

    ARMCPU *cpu;
    MemoryRegion callbacks;

    uint32_t ctrl, ctx, fdirect, rdirect;
    uint32_t fstat, faddr, fcount;
    uint32_t find; /* what FIND shows */
    uint32_t frame, frame_words[FRAME_WORDS]; /* the last that was refused */
    uint32_t va[ST33_MMU_ENTRIES_MOST];
    uint32_t pa[ST33_MMU_ENTRIES_MOST];

    uint32_t entries;
    uint32_t least_page_bits;
    uint32_t flash_size, ram_size;
    bool callback;
};

/* ---- what an address is ---- */

static uint32_t offset_mask(const St33Mmu *s)
{
    return (1u << FIELD_EX32(s->ctrl, CTRL, PSZ)) - 1;
}

static bool is_direct(const St33Mmu *s, uint32_t address)
{
    return address < ST33_FLASH_BASE ||
           (address >= 0x40000000 && address < 0x60000000) ||
           address >= 0xE0000000 ||
           (address < (s->fdirect & ~offset_mask(s))) ||
           (address >= ST33_RAM_BASE && address < (s->rdirect & ~offset_mask(s)));
}

static bool in_flash(const St33Mmu *s, uint32_t physical)
{
    return physical - ST33_FLASH_BASE < s->flash_size;
}

static bool is_memory(const St33Mmu *s, uint32_t physical)
{
    return in_flash(s, physical) || physical - ST33_RAM_BASE < s->ram_size;
}

static bool maps(const St33Mmu *s, unsigned i, uint32_t address)
{
    return FIELD_EX32(s->pa[i], PA0, V) &&
           ((s->va[i] ^ address) & ~offset_mask(s)) == 0 &&
           (FIELD_EX32(s->pa[i], PA0, G) ||
            FIELD_EX32(s->va[i], VA0, CTX) == s->ctx);
}

static uint32_t find(const St33Mmu *s, uint32_t address)
{
    for (unsigned i = 0; i < s->entries; i++) {
        if (maps(s, i, address)) {
            return i;
        }
    }
    return NO_ENTRY;
}

/* PAGE_READ and so on */
static int rights(const St33Mmu *s, unsigned i, bool user)
{
    int prot = user ? FIELD_EX32(s->pa[i], PA0, USER)
                    : FIELD_EX32(s->pa[i], PA0, PRIV);

    QEMU_BUILD_BUG_ON(PAGE_READ != 1 || PAGE_WRITE != 2 || PAGE_EXEC != 4);
    return in_flash(s, s->pa[i]) ? prot & ~PAGE_WRITE : prot;
}

/* ---- a translation ---- */

static void record_fault(St33Mmu *s, uint32_t address, MMUAccessType access,
                         bool user, uint32_t entry)
{
    bool more = FIELD_EX32(s->fstat, FSTAT, VALID);

    s->fstat = R_FSTAT_VALID_MASK;
    s->fstat = FIELD_DP32(s->fstat, FSTAT, MISS, entry == NO_ENTRY);
    s->fstat = FIELD_DP32(s->fstat, FSTAT, ACCESS, 1u << access);
    s->fstat = FIELD_DP32(s->fstat, FSTAT, PRIV, !user);
    s->fstat = FIELD_DP32(s->fstat, FSTAT, MORE, more);
    s->fstat = FIELD_DP32(s->fstat, FSTAT, ENTRY, entry == NO_ENTRY ? 0 : entry);
    s->fstat = FIELD_DP32(s->fstat, FSTAT, CTX, s->ctx);
    s->faddr = address;
    s->fcount++;
    trace_st33_mmu_fault(address, s->fstat);
}

/* The entry that allows it, or NO_ENTRY: a fault. */
static uint32_t look_up(St33Mmu *s, uint32_t address, MMUAccessType access,
                        bool user, bool debug)
{
    uint32_t entry = find(s, address);

    if (entry != NO_ENTRY && (rights(s, entry, user) >> access & 1)) {
        return entry;
    }
    if (!debug) {
        record_fault(s, address, access, user, entry);
    }
    return NO_ENTRY;
}

static uint32_t physical(const St33Mmu *s, uint32_t entry, uint32_t address)
{
    return (s->pa[entry] & ~offset_mask(s)) | (address & offset_mask(s));
}

static bool translate(ARMCPU *cpu, vaddr address, MMUAccessType access,
                      bool debug, CPUTLBEntryFull *full)
{
    St33Mmu *s = cpu->bus_translate_opaque;
    uint32_t entry;

    if (!FIELD_EX32(s->ctrl, CTRL, EN) || is_direct(s, address) || s->callback) {
        return true;
    }
    /* a debugger may look at what the code may not */
    entry = debug ? find(s, address)
                  : look_up(s, address, access, full->attrs.user, false);
    if (entry == NO_ENTRY) {
        return false;
    }
    full->phys_addr = physical(s, entry, address);
    if (!debug) {
        full->prot &= rights(s, entry, full->attrs.user);
    }
    return true;
}

/*
 * An exception found no room for its frame. The core abandons the frame (DDI0403E B1.5.6), so what
 * it would have been is kept here for the handler, if it was the MMU that refused and not the MPU.
 */
static void frame_lost(ARMCPU *cpu, uint32_t sp, uint32_t xpsr)
{
    St33Mmu *s = cpu->bus_translate_opaque;
    const uint32_t *r = cpu->env.regs;
    const uint32_t words[FRAME_WORDS] = { r[0], r[1], r[2], r[3], r[12], r[14], r[15], xpsr };

    if ((cpu->env.v7m.cfsr[M_REG_NS] & R_V7M_CFSR_STKERR_MASK) &&
        FIELD_EX32(s->fstat, FSTAT, VALID) && s->faddr - sp < sizeof(words)) {
        s->frame = sp | R_FRAME_VALID_MASK;
        memcpy(s->frame_words, words, sizeof(words));
        trace_st33_mmu_frame(sp, r[15]);
    }
}

void st33_mmu_attach(St33Mmu *s, ARMCPU *cpu)
{
    s->cpu = cpu;
    cpu->bus_translate_opaque = s;
    cpu->bus_translate = translate;
    cpu->bus_frame_lost = frame_lost;
}

/* ---- the bench's other way ---- */

static uint8_t *callback_at(St33Mmu *s, uint32_t address, MMUAccessType access,
                            bool user)
{
    St33Soc *soc = ST33_SOC(OBJECT(s)->parent);
    uint32_t entry = look_up(s, address, access, user, false);
    uint32_t at;

    if (entry == NO_ENTRY) {
        return NULL;
    }
    at = physical(s, entry, address);
    if (in_flash(s, at)) {
        SysBusDevice *flash = SYS_BUS_DEVICE(st33_soc_block(soc, "FLASH"));

        return (uint8_t *)memory_region_get_ram_ptr(
                   sysbus_mmio_get_region(flash, 1)) + (at - ST33_FLASH_BASE);
    }
    return (uint8_t *)memory_region_get_ram_ptr(&soc->ram) + (at - ST33_RAM_BASE);
}

static MemTxResult callback_read(void *opaque, hwaddr addr, uint64_t *value,
                                 unsigned size, MemTxAttrs attrs)
{
    uint8_t *from = callback_at(opaque, addr, MMU_DATA_LOAD, attrs.user);

    *value = from ? ldn_le_p(from, size) : 0;
    return from ? MEMTX_OK : MEMTX_ERROR;
}

static MemTxResult callback_write(void *opaque, hwaddr addr, uint64_t value,
                                  unsigned size, MemTxAttrs attrs)
{
    uint8_t *to = callback_at(opaque, addr, MMU_DATA_STORE, attrs.user);

    if (to) {
        stn_le_p(to, size, value);
    }
    return to ? MEMTX_OK : MEMTX_ERROR;
}

static const MemoryRegionOps callback_ops = {
    .read_with_attrs = callback_read,
    .write_with_attrs = callback_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.max_access_size = 8,
    .impl.max_access_size = 8,
};

MemoryRegion *st33_mmu_callbacks(St33Mmu *s)
{
    if (!s->callback) {
        return NULL;
    }
    memory_region_init_io(&s->callbacks, OBJECT(s), &callback_ops, s,
                          "st33-mmu-callbacks", UINT64_C(1) << 32);
    return &s->callbacks;
}

/* ---- what the TLB may know no longer ---- */

static void flush(CPUState *cpu, run_on_cpu_data data)
{
    tlb_flush(cpu);
}

/*
 * Before the next instruction, not now: a full flush may give the TLB another size, and the access
 * that asks for it, when it is one of several of an instruction, still looks at its old entry.
 */
static void forget_all(St33Mmu *s)
{
    if (s->cpu) {
        async_run_on_cpu(CPU(s->cpu), flush, RUN_ON_CPU_NULL);
    }
}

static void forget_entry(St33Mmu *s, unsigned i)
{
    uint32_t from = s->va[i] & ~offset_mask(s), size = offset_mask(s) + 1;

    if (!FIELD_EX32(s->pa[i], PA0, V) || !s->cpu ||
        !(FIELD_EX32(s->pa[i], PA0, G) ||
          FIELD_EX32(s->va[i], VA0, CTX) == s->ctx)) {
        return; /* was not in force */
    }
    for (uint32_t at = 0; at < size; at += qemu_target_page_size()) {
        tlb_flush_page(CPU(s->cpu), from + at);
    }
}

static void invalidate(St33Mmu *s, unsigned i)
{
    forget_entry(s, i);
    s->pa[i] &= ~R_PA0_V_MASK;
}

static void invalidate_all(St33Mmu *s)
{
    for (unsigned i = 0; i < s->entries; i++) {
        s->pa[i] &= ~R_PA0_V_MASK;
    }
    forget_all(s);
}

static void invalidate_context(St33Mmu *s, uint32_t ctx)
{
    for (unsigned i = 0; i < s->entries; i++) {
        if (FIELD_EX32(s->va[i], VA0, CTX) == ctx &&
            !FIELD_EX32(s->pa[i], PA0, G)) {
            invalidate(s, i);
        }
    }
}

static void invalidate_address(St33Mmu *s, uint32_t address)
{
    for (unsigned i = 0; i < s->entries; i++) {
        if (maps(s, i, address)) {
            invalidate(s, i);
        }
    }
}

/* ---- registers ---- */

static void write_ctrl(St33Mmu *s, uint32_t value)
{
    uint32_t bits = FIELD_EX32(value, CTRL, PSZ);

    if (bits < s->least_page_bits || bits > PAGE_BITS_MOST) {
        qemu_log_mask(LOG_GUEST_ERROR, "MMU: pages of 2^%u bytes: 2^%u to 2^%u "
                      "was meant\n", bits, s->least_page_bits, PAGE_BITS_MOST);
        bits = FIELD_EX32(s->ctrl, CTRL, PSZ);
    }
    if (bits != FIELD_EX32(s->ctrl, CTRL, PSZ)) {
        invalidate_all(s);
    }
    s->ctrl = FIELD_DP32(value & R_CTRL_EN_MASK, CTRL, PSZ, bits);
    forget_all(s);
}

static void write_va(St33Mmu *s, unsigned i, uint32_t value)
{
    invalidate(s, i);
    s->va[i] = value;
}

/* A page that was missing needs no flush: QEMU's TLB does not keep misses. */
static void write_pa(St33Mmu *s, unsigned i, uint32_t value)
{
    uint32_t last = value | offset_mask(s);

    invalidate(s, i);
    if (FIELD_EX32(value, PA0, V) &&
        !(is_memory(s, value & ~offset_mask(s)) && is_memory(s, last))) {
        qemu_log_mask(LOG_GUEST_ERROR, "MMU: entry %u: no memory at 0x%08x\n", i,
                      value & ~offset_mask(s));
        value &= ~R_PA0_V_MASK;
    }
    s->pa[i] = value;
    /* it may hide one of a higher number */
    if (FIELD_EX32(value, PA0, V)) {
        for (unsigned n = i + 1; n < s->entries; n++) {
            if (((s->va[n] ^ s->va[i]) & ~offset_mask(s)) == 0) {
                forget_entry(s, n);
            }
        }
    }
    trace_st33_mmu_map(i, s->va[i], s->pa[i]);
}

static uint32_t mmu_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Mmu *s = ST33_MMU(b);
    unsigned i = (offset - A_VA0) / 8;

    switch (offset) {
    case A_CTRL:
        return s->ctrl;
    case A_CONF:
        return s->entries | s->least_page_bits << R_CONF_LEAST_SHIFT |
               PAGE_BITS_MOST << R_CONF_MOST_SHIFT;
    case A_CTX:
        return s->ctx;
    case A_FDIRECT:
        return s->fdirect;
    case A_RDIRECT:
        return s->rdirect;
    case A_FSTAT:
        return s->fstat;
    case A_FADDR:
        return s->faddr;
    case A_FCOUNT:
        return s->fcount;
    case A_FIND:
        return s->find;
    case A_FRAME:
        return s->frame;
    case A_FRAME0 ... A_FRAME7:
        return s->frame_words[(offset - A_FRAME0) / 4];
    case A_INVA:
    case A_INVC:
    case A_INVALL:
        return 0;
    }
    if (offset < A_VA0 || i >= s->entries) {
        return stm32wb_block_unmodelled_read(b, offset);
    }
    return offset % 8 ? s->pa[i] : s->va[i];
}

static void write_entry(St33Mmu *s, hwaddr offset, uint32_t value, uint32_t mask)
{
    unsigned i = (offset - A_VA0) / 8;

    if (offset < A_VA0 || i >= s->entries) {
        stm32wb_block_unmodelled_write(&s->parent_obj, offset, value);
    } else if (offset % 8) {
        write_pa(s, i, stm32wb_merge(s->pa[i], value, mask));
    } else {
        write_va(s, i, stm32wb_merge(s->va[i], value, mask));
    }
}

static void mmu_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    St33Mmu *s = ST33_MMU(b);

    switch (offset) {
    case A_CTRL:
        write_ctrl(s, stm32wb_merge(s->ctrl, value, mask));
        break;
    case A_CTX:
        value = stm32wb_merge(s->ctx, value, mask) & 0xFF;
        if (s->ctx != value) {
            s->ctx = value;
            forget_all(s);
        }
        break;
    case A_FDIRECT:
        s->fdirect = MIN(stm32wb_merge(s->fdirect, value, mask),
                         ST33_FLASH_BASE + s->flash_size);
        forget_all(s);
        break;
    case A_RDIRECT:
        s->rdirect = MIN(stm32wb_merge(s->rdirect, value, mask),
                         ST33_RAM_BASE + s->ram_size);
        forget_all(s);
        break;
    case A_FSTAT:
        s->fstat = 0;
        break;
    case A_FRAME:
        s->frame = 0;
        break;
    case A_INVA:
        invalidate_address(s, value & mask);
        break;
    case A_INVC:
        invalidate_context(s, value & mask);
        break;
    case A_INVALL:
        invalidate_all(s);
        break;
    case A_FIND:
        s->find = find(s, value & mask);
        break;
    case A_CONF:
    case A_FADDR:
    case A_FCOUNT:
    case A_FRAME0 ... A_FRAME7:
        break;
    default:
        write_entry(s, offset, value, mask);
        break;
    }
}

/* ---- the device ---- */

static void mmu_reset(Object *obj, ResetType type)
{
    St33Mmu *s = ST33_MMU(obj);

    s->ctrl = s->least_page_bits << R_CTRL_PSZ_SHIFT;
    s->ctx = s->fstat = s->faddr = s->fcount = s->frame = 0;
    memset(s->frame_words, 0, sizeof(s->frame_words));
    s->find = NO_ENTRY;
    s->fdirect = ST33_FLASH_BASE + s->flash_size;
    s->rdirect = ST33_RAM_BASE + s->ram_size;
    memset(s->va, 0, sizeof(s->va));
    memset(s->pa, 0, sizeof(s->pa));
    forget_all(s);
}

static void mmu_realize(DeviceState *dev, Error **errp)
{
    St33Mmu *s = ST33_MMU(dev);
    DeviceClass *parent =
        DEVICE_CLASS(object_class_by_name(TYPE_STM32WB_BLOCK));

    if (s->entries < 1 || s->entries > ST33_MMU_ENTRIES_MOST) {
        error_setg(errp, "mmu-entries: %u: 1 to %u was meant", s->entries,
                   ST33_MMU_ENTRIES_MOST);
        return;
    }
    parent->realize(dev, errp);
}

static int mmu_post_load(void *opaque, int version_id)
{
    St33Mmu *s = opaque;
    uint32_t bits = FIELD_EX32(s->ctrl, CTRL, PSZ);

    if (bits < s->least_page_bits || bits > PAGE_BITS_MOST) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < s->entries; i++) {
        if (FIELD_EX32(s->pa[i], PA0, V) &&
            !(is_memory(s, s->pa[i] & ~offset_mask(s)) &&
              is_memory(s, s->pa[i] | offset_mask(s)))) {
            return -EINVAL;
        }
    }
    forget_all(s);
    return 0;
}

static const VMStateDescription mmu_vmstate = {
    .name = TYPE_ST33_MMU,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = mmu_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Mmu),
        VMSTATE_UINT32(ctrl, St33Mmu),
        VMSTATE_UINT32(ctx, St33Mmu),
        VMSTATE_UINT32(fdirect, St33Mmu),
        VMSTATE_UINT32(rdirect, St33Mmu),
        VMSTATE_UINT32(fstat, St33Mmu),
        VMSTATE_UINT32(faddr, St33Mmu),
        VMSTATE_UINT32(fcount, St33Mmu),
        VMSTATE_UINT32(find, St33Mmu),
        VMSTATE_UINT32(frame, St33Mmu),
        VMSTATE_UINT32_ARRAY(frame_words, St33Mmu, FRAME_WORDS),
        VMSTATE_UINT32_ARRAY(va, St33Mmu, ST33_MMU_ENTRIES_MOST),
        VMSTATE_UINT32_ARRAY(pa, St33Mmu, ST33_MMU_ENTRIES_MOST),
        VMSTATE_END_OF_LIST()
    },
};

static const Property mmu_properties[] = {
    DEFINE_PROP_UINT32("entries", St33Mmu, entries, 64),
    DEFINE_PROP_UINT32("least-page-bits", St33Mmu, least_page_bits, 10),
    DEFINE_PROP_UINT32("flash-size", St33Mmu, flash_size, 2 * MiB),
    DEFINE_PROP_UINT32("ram-size", St33Mmu, ram_size, 64 * KiB),
    DEFINE_PROP_BOOL("callback", St33Mmu, callback, false),
};

static void mmu_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->realize = mmu_realize;
    dc->vmsd = &mmu_vmstate;
    device_class_set_props(dc, mmu_properties);
    rc->phases.hold = mmu_reset;
    bc->window = 4 * KiB;
    bc->privileged = true;
    bc->read = mmu_read;
    bc->write = mmu_write;
}

static const TypeInfo mmu_types[] = {
    {
        .name = TYPE_ST33_MMU,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Mmu),
        .class_init = mmu_class_init,
    },
};

DEFINE_TYPES(mmu_types)
