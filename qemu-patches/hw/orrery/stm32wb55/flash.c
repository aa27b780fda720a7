/*
 * STM32WB55: embedded flash memory interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 3.3 (operations), 3.10 (registers); times of DS11929, flash memory characteristics.
 *
 * The array is a ROM device: the core reads and executes it as memory, writes come here. An
 * operation changes the contents when it starts and holds BSY for its time. What stalls the
 * bus on the part (reading the flash or writing it or CR during an operation) does not stall
 * here: a read sees the new contents, a write ends the operation early and goes on.
 *
 * QEMU interface:
 *  + property "file": what the flash holds at the start; empty without
 *  + property "keep": changes go to the file, which is locked and created if need be
 *  + sysbus MMIO region 0: the registers
 *  + sysbus MMIO region 1: the main array; region 2: OTP, factory data and option bytes
 *  + sysbus IRQ 0: EOP, OPERR, RDERR or ECCC, as enabled by this core
 *  + GPIO output "option-reset": pulses when OBL_LAUNCH asks RCC for a reset
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "../trace.h"
#include "cores.h"
#include "flash_registers.h"
#include "secure.h"
#include "shared.h"

#define ACR_WRITABLE 0x00019F07
#define C2ACR_WRITABLE 0x00008B00
#define ACR_RESET 0x00000600

#define FAST_LIMIT_NS 7000000 /* RM0434 3.3.9, FASTERR */

enum FlashKey { KEY_NONE, KEY_FIRST, KEY_OPEN, KEY_REFUSED };

/* ---- state that several registers show ---- */

bool flash_is_suspended(Stm32wbFlash *s)
{
    return (s->acr | s->c2acr) & R_ACR_PES_MASK;
}

void flash_update_irq(Stm32wbFlash *s)
{
    const FlashCore *core = &s->core[s->parent_obj.core];
    uint32_t sr = core->sr, cr = core->cr;

    qemu_set_irq(s->irq,
                 (FIELD_EX32(sr, SR, EOP) && FIELD_EX32(cr, CR, EOPIE)) ||
                 (FIELD_EX32(sr, SR, OPERR) && FIELD_EX32(cr, CR, ERRIE)) ||
                 (FIELD_EX32(sr, SR, RDERR) && FIELD_EX32(cr, CR, RDERRIE)));
}

void flash_raise_error(Stm32wbFlash *s, uint32_t owner, uint32_t flag)
{
    FlashCore *core = &s->core[owner];

    trace_stm32wb_flash_error(flag);
    core->sr |= flag;
    if (FIELD_EX32(core->cr, CR, ERRIE)) {
        core->sr |= R_SR_OPERR_MASK;
    }
    flash_update_irq(s);
}

static uint32_t read_status(Stm32wbFlash *s, uint32_t owner)
{
    uint32_t sr = s->core[owner].sr;

    sr = FIELD_DP32(sr, SR, BSY, s->operation != FLASH_IDLE);
    sr = FIELD_DP32(sr, SR, CFGBSY, s->operation != FLASH_IDLE || s->half);
    return FIELD_DP32(sr, SR, PESD, flash_is_suspended(s));
}

/* ---- keys ---- */

/* RM0434 3.3.5: a wrong sequence shuts the lock until the next reset, and is a bus error. */
static void offer_key(Stm32wbFlash *s, uint32_t *key, uint32_t value,
                      uint32_t first, uint32_t second)
{
    if (*key == KEY_OPEN) {
        return;
    }
    if (*key == KEY_NONE && value == first) {
        *key = KEY_FIRST;
    } else if (*key == KEY_FIRST && value == second) {
        *key = KEY_OPEN;
    } else {
        *key = KEY_REFUSED;
        s->parent_obj.bus_error = true;
        qemu_log_mask(LOG_GUEST_ERROR, "FLASH: wrong key 0x%x: locked\n", value);
    }
}

static void write_keyr(Stm32wbFlash *s, uint32_t value)
{
    offer_key(s, &s->key, value, 0x45670123, 0xCDEF89AB);
    if (s->key == KEY_OPEN) {
        s->core[0].cr &= ~R_CR_LOCK_MASK;
    }
}

static void write_optkeyr(Stm32wbFlash *s, uint32_t value)
{
    if (s->core[0].cr & R_CR_LOCK_MASK) {
        s->parent_obj.bus_error = true;
        return;
    }
    offer_key(s, &s->optkey, value, 0x08192A3B, 0x4C5D6E7F);
    if (s->optkey == KEY_OPEN) {
        s->core[0].cr &= ~R_CR_OPTLOCK_MASK;
    }
}

/* ---- control registers ---- */

static void start_erase(Stm32wbFlash *s, uint32_t owner)
{
    FlashCore *core = &s->core[owner];
    unsigned page = FIELD_EX32(core->cr, CR, PNB);
    bool per = FIELD_EX32(core->cr, CR, PER), mer = FIELD_EX32(core->cr, CR, MER);
    uint32_t error = 0;

    if (mer && owner == 0) {
        s->parent_obj.bus_error = true; /* RM0434 3.3.7: ignored for CPU1 */
    } else if (!mer && !per) {
        qemu_log_mask(LOG_GUEST_ERROR, "FLASH: STRT with nothing to erase\n");
    } else if (core->sr & SR_PROGRAM_ERRORS || (mer && per) ||
               core->cr & (R_CR_PG_MASK | R_CR_FSTPG_MASK)) {
        error = R_SR_PGSERR_MASK;
    } else if (mer) {
        flash_begin(s, owner, FLASH_MASS_ERASE, 0);
        return;
    } else if (flash_page_is_protected(s, owner, page)) {
        error = R_SR_WRPERR_MASK;
    } else {
        flash_begin(s, owner, FLASH_ERASE, page);
        return;
    }
    core->cr &= ~R_CR_STRT_MASK;
    if (error) {
        flash_raise_error(s, owner, error);
    }
}

static void start_options(Stm32wbFlash *s)
{
    if ((s->loaded[WB_OPTR] & 0xFF) == RDP_LEVEL_2 ||
        s->core[0].sr & SR_PROGRAM_ERRORS) {
        s->core[0].cr &= ~R_CR_OPTSTRT_MASK;
        flash_raise_error(s, 0, s->core[0].sr & SR_PROGRAM_ERRORS
                              ? R_SR_PGSERR_MASK : R_SR_WRPERR_MASK);
        return;
    }
    flash_begin(s, 0, FLASH_OPTIONS, 0);
}

static void load_options(Stm32wbFlash *s)
{
    if (!flash_options_load(s)) {
        s->core[0].sr |= R_SR_OPTVERR_MASK;
    }
    flash_pcrop_update(s);
    stm32wb_secure_update(STM32WB55_SOC(OBJECT(s)->parent));
    s->acr = FIELD_DP32(s->acr, ACR, EMPTY,
                        flash_is_blank(s, WB_FLASH_BASE, 4));
}

static void launch_options(Stm32wbFlash *s)
{
    trace_stm32wb_flash_option_load();
    load_options(s);
    qemu_irq_pulse(s->option_reset);
}

static void watch_fast(Stm32wbFlash *s, uint32_t was, uint32_t is)
{
    if (!(is & R_CR_FSTPG_MASK)) {
        timer_del(s->fast_limit);
        if (was & R_CR_FSTPG_MASK && s->operation == FLASH_FAST) {
            flash_operation_ended(s);
        }
    } else if (!(was & R_CR_FSTPG_MASK)) {
        timer_mod(s->fast_limit,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + FAST_LIMIT_NS);
    }
}

static void fast_limit_reached(void *opaque)
{
    Stm32wbFlash *s = opaque;

    if (s->operation == FLASH_FAST) {
        flash_abort_fast(s, 0);
    } else {
        flash_raise_error(s, 0, R_SR_FASTERR_MASK);
    }
}

static void work_on(Stm32wbFlash *s, uint32_t owner, uint32_t value)
{
    FlashCore *core = &s->core[owner];
    uint32_t was = core->cr;

    core->cr = (was & ~CR_WORK) | (value & CR_WORK);
    if (!(core->cr & (R_CR_PG_MASK | R_CR_FSTPG_MASK))) {
        s->half = false;
    }
    watch_fast(s, was, core->cr);
    if (value & R_CR_STRT_MASK && s->operation == FLASH_IDLE) {
        core->cr |= R_CR_STRT_MASK;
        start_erase(s, owner);
    }
    flash_update_irq(s);
}

static void write_cr(Stm32wbFlash *s, uint32_t value)
{
    FlashCore *core = &s->core[0];
    bool options = !(core->cr & R_CR_OPTLOCK_MASK);

    if (core->cr & R_CR_LOCK_MASK) {
        qemu_log_mask(LOG_GUEST_ERROR, "FLASH: CR written while locked\n");
        return;
    }
    if (value & (R_CR_STRT_MASK | R_CR_OPTSTRT_MASK | R_CR_OBL_LAUNCH_MASK) &
        ~core->cr) {
        flash_wait_for_end(s);
    }
    work_on(s, 0, value);
    if (options && value & R_CR_OPTSTRT_MASK && s->operation == FLASH_IDLE) {
        core->cr |= R_CR_OPTSTRT_MASK;
        start_options(s);
    }
    if (options && value & R_CR_OBL_LAUNCH_MASK) {
        launch_options(s);
    }
    if (value & R_CR_OPTLOCK_MASK) {
        core->cr |= R_CR_OPTLOCK_MASK;
        s->optkey = KEY_NONE;
    }
    if (value & R_CR_LOCK_MASK) {
        core->cr |= R_CR_LOCK_MASK | R_CR_OPTLOCK_MASK;
        s->key = KEY_NONE;
        s->optkey = KEY_NONE;
    }
}

static void write_status(Stm32wbFlash *s, uint32_t owner, uint32_t value)
{
    s->core[owner].sr &= ~(value & SR_FLAGS);
    flash_update_irq(s);
}

static void write_option(Stm32wbFlash *s, unsigned i, uint32_t value)
{
    const struct FlashOptionWord *word = &stm32wb_flash_option_words[i];
    uint32_t writable = s->parent_obj.core == 0 ? word->writable : ~word->ones;

    if (s->core[0].cr & R_CR_OPTLOCK_MASK || !writable) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "FLASH: option register 0x%x is %s\n", word->offset,
                      writable ? "locked" : "CPU2's");
        return;
    }
    /* PCROP_RDP can be set, and is cleared by nothing but a regression (RM0434 3.10.10) */
    if (i == WB_PCROP1AER) {
        value |= s->option[i] & BIT(31);
    }
    s->option[i] = (value & writable) | (s->option[i] & ~writable);
}

/* ---- access ---- */

static int find_option(hwaddr offset)
{
    for (int i = 0; i < WB_OPTIONS; i++) {
        if (stm32wb_flash_option_words[i].offset == offset) {
            return i;
        }
    }
    return -1;
}

static uint32_t flash_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbFlash *s = STM32WB_FLASH(b);
    int option = find_option(offset);

    if (option >= 0) {
        return s->option[option];
    }
    switch (offset) {
    case A_ACR:
        return s->acr;
    case A_KEYR:
    case A_OPTKEYR:
        return 0;
    case A_SR:
        return read_status(s, 0);
    case A_CR:
        return s->core[0].cr;
    case A_ECCR:
        return s->eccr;
    case A_C2ACR:
        return s->c2acr;
    case A_C2SR:
        return read_status(s, 1);
    case A_C2CR:
        return s->core[1].cr;
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void flash_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                        uint32_t mask)
{
    Stm32wbFlash *s = STM32WB_FLASH(b);
    int option = find_option(offset);

    if (mask != UINT32_MAX) {
        uint32_t keep = offset == A_SR || offset == A_C2SR || offset == A_KEYR ||
                        offset == A_OPTKEYR ? 0 : flash_read(b, offset) & ~mask;

        value = (value & mask) | keep;
    }
    if (option >= 0) {
        write_option(s, option, value);
        return;
    }
    switch (offset) {
    case A_ACR:
        s->acr = value & ACR_WRITABLE;
        flash_start_if_allowed(s);
        break;
    case A_KEYR:
        write_keyr(s, value);
        break;
    case A_OPTKEYR:
        write_optkeyr(s, value);
        break;
    case A_SR:
        write_status(s, 0, value);
        break;
    case A_CR:
        write_cr(s, value);
        break;
    case A_ECCR:
        s->eccr = value & R_ECCR_ECCCIE_MASK; /* no bit ever fails */
        break;
    case A_C2ACR:
        s->c2acr = value & C2ACR_WRITABLE;
        flash_start_if_allowed(s);
        break;
    case A_C2SR:
        write_status(s, 1, value);
        break;
    case A_C2CR:
        if (!(s->core[0].cr & R_CR_LOCK_MASK)) { /* CPU2 unlocks through CR, too */
            work_on(s, 1, value);
        }
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

/* ---- between the cores ---- */

bool flash_access_begin(Stm32wbFlash *s, OrreryAccess *a, MemTxAttrs attrs)
{
    if (!s->parent_obj.state) {
        return true;
    }
    if (orrery_ordered_begin(s->parent_obj.state, a, attrs) != ORRERY_ACCESS_GO) {
        return false;
    }
    stm32wb_mirror_begin(&s->mirror);
    return true;
}

void flash_access_end(Stm32wbFlash *s, OrreryAccess *a)
{
    if (s->parent_obj.state) {
        stm32wb_mirror_end(&s->mirror);
        orrery_ordered_end(a);
    }
}

static void settle(Stm32wbBlock *b)
{
    Stm32wbFlash *s = STM32WB_FLASH(b);

    if (s->operation != FLASH_IDLE && s->started &&
        (uint64_t)qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >= s->end_ns) {
        flash_operation_ended(s);
    }
}

static void mirror_changed(Stm32wbBlock *b)
{
    Stm32wbFlash *s = STM32WB_FLASH(b);

    if (s->operation != FLASH_IDLE && s->started) {
        timer_mod(s->end, s->end_ns);
    } else {
        timer_del(s->end);
    }
    flash_update_irq(s);
}

static void other_core_wrote(void *opaque, const uint8_t *body, unsigned len)
{
    if (len == 8) {
        flash_changed_elsewhere(opaque, ldl_le_p(body), ldl_le_p(body + 4));
    }
}

static void join_cores(Stm32wbFlash *s)
{
    WbMirror *m = &s->mirror;

    stm32wb_mirror_words(m, &s->acr, 1);
    stm32wb_mirror_words(m, &s->c2acr, 1);
    stm32wb_mirror_words(m, &s->eccr, 1);
    stm32wb_mirror_words(m, s->core, 4);
    stm32wb_mirror_words(m, s->option, WB_OPTIONS);
    stm32wb_mirror_words(m, &s->key, 1);
    stm32wb_mirror_words(m, &s->optkey, 1);
    stm32wb_mirror_words(m, &s->operation, 1);
    stm32wb_mirror_words(m, &s->owner, 1);
    stm32wb_mirror_words(m, &s->started, 1);
    stm32wb_mirror_words(m, &s->target, 1);
    stm32wb_mirror_words(m, &s->data, 2);
    stm32wb_mirror_words(m, &s->end_ns, 2);
    stm32wb_mirror_words(m, &s->fast_next, 1);
    stm32wb_mirror_words(m, &s->fast_done, 1);
    stm32wb_mirror_words(m, &s->fast_end_ns, 2);
    stm32wb_mirror_init(m, STM32WB_BLOCK(s), WB_CELLS_FLASH, settle, mirror_changed);
    stm32wb_cores_on(WB_CORES_FLASH, other_core_wrote, s);
}

/* ---- where the part starts ---- */

bool stm32wb_flash_power_on(Stm32wbFlash *s, Error **errp)
{
    load_options(s);
    return flash_memory_keep(s, errp);
}

void stm32wb_flash_strap(Stm32wbFlash *s, bool sram)
{
    if (sram) {
        s->loaded[WB_OPTR] &= ~WB_OPTR_NBOOT1;
        s->option[WB_OPTR] = s->loaded[WB_OPTR];
    }
}

Stm32wbBoot stm32wb_flash_boot(Stm32wbFlash *s, bool boot0)
{
    uint32_t optr = s->loaded[WB_OPTR];
    Stm32wbBoot boot;

    if (!(optr & WB_OPTR_NSWBOOT0)) {
        boot0 = !(optr & WB_OPTR_NBOOT0);
    }
    if (boot0) {
        boot = optr & WB_OPTR_NBOOT1 ? WB_BOOT_SYSTEM : WB_BOOT_SRAM;
    } else {
        boot = FIELD_EX32(s->acr, ACR, EMPTY) ? WB_BOOT_SYSTEM : WB_BOOT_FLASH;
    }
    memory_region_rom_device_set_romd(&s->array,
                                      boot == WB_BOOT_FLASH ||
                                      (optr & 0xFF) == RDP_LEVEL_0);
    return boot;
}

/* Option bytes are loaded anew. */
static void flash_power_lost(Stm32wbBlock *b)
{
    if (b->core == 0 || !stm32wb_cores_linked()) {
        load_options(STM32WB_FLASH(b));
    }
}

/* ---- life ---- */

static void flash_reset_enter(Object *obj, ResetType type)
{
    Stm32wbFlash *s = STM32WB_FLASH(obj);
    uint32_t empty = s->acr & R_ACR_EMPTY_MASK;
    uint32_t optverr = s->core[0].sr & R_SR_OPTVERR_MASK;

    timer_del(s->end);
    timer_del(s->fast_limit);
    s->operation = FLASH_IDLE;
    s->half = false;
    s->acr = ACR_RESET | empty; /* looked at when options are loaded */
    s->c2acr = ACR_RESET;
    s->eccr = 0;
    s->core[0] = (FlashCore){ .sr = optverr,
                              .cr = R_CR_LOCK_MASK | R_CR_OPTLOCK_MASK };
    s->core[1] = (FlashCore){ 0 };
    s->key = KEY_NONE;
    s->optkey = KEY_NONE;
    memcpy(s->option, s->loaded, sizeof(s->option));
    stm32wb_mirror_reset(&s->mirror);
}

static void flash_reset_exit(Object *obj, ResetType type)
{
    flash_update_irq(STM32WB_FLASH(obj));
}

static void flash_init(Object *obj)
{
    Stm32wbFlash *s = STM32WB_FLASH(obj);

    s->kept.fd = -1;
    s->end = timer_new_ns(QEMU_CLOCK_VIRTUAL, flash_operation_ended, s);
    s->fast_limit = timer_new_ns(QEMU_CLOCK_VIRTUAL, fast_limit_reached, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->option_reset, "option-reset", 1);
}

static void flash_realize(DeviceState *dev, Error **errp)
{
    ERRP_GUARD();
    Stm32wbFlash *s = STM32WB_FLASH(dev);
    Stm32wb55Soc *soc = STM32WB55_SOC(OBJECT(dev)->parent);
    DeviceClass *parent =
        DEVICE_CLASS(object_class_by_name(TYPE_STM32WB_BLOCK));

    join_cores(s);
    parent->realize(dev, errp);
    if (*errp ||
        !memory_region_init_rom_device(&s->array, OBJECT(dev), &flash_array_ops, s,
                                       "flash", WB_FLASH_SIZE, errp) ||
        !memory_region_init_rom_device(&s->info, OBJECT(dev), &flash_info_ops, s,
                                       "flash-info", WB_INFO_SIZE, errp) ||
        !stm32wb_shared_map(soc, &s->array, WB_SHARED_FLASH, errp) ||
        !stm32wb_shared_map(soc, &s->info, WB_SHARED_INFO, errp)) {
        return;
    }
    /* as block.c says of the registers */
    s->array.disable_reentrancy_guard = s->parent_obj.state != NULL;
    s->info.disable_reentrancy_guard = s->parent_obj.state != NULL;
    memory_region_init(&s->main, OBJECT(dev), "flash-main", WB_FLASH_SIZE);
    memory_region_add_subregion(&s->main, 0, &s->array);
    flash_pcrop_init(s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->main);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->info);
    if (flash_memory_open(s, errp) && !flash_is_filled_by_cpu1(s)) {
        load_options(s);
    }
}

static void flash_finalize(Object *obj)
{
    Stm32wbFlash *s = STM32WB_FLASH(obj);

    flash_memory_close(s);
    timer_free(s->end);
    timer_free(s->fast_limit);
}

static const VMStateDescription flash_core_vmstate = {
    .name = "stm32wb-flash-core",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(sr, FlashCore),
        VMSTATE_UINT32(cr, FlashCore),
        VMSTATE_END_OF_LIST()
    },
};

static int flash_post_load(void *opaque, int version_id)
{
    Stm32wbFlash *s = opaque;

    if (s->operation > FLASH_OPTIONS || s->owner > 1) {
        return -EINVAL;
    }
    flash_pcrop_update(s);
    stm32wb_secure_update(STM32WB55_SOC(OBJECT(s)->parent));
    return 0;
}

static const VMStateDescription flash_vmstate = {
    .name = TYPE_STM32WB_FLASH,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = flash_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbFlash),
        VMSTATE_STM32WB_CELLS(mirror.cells, Stm32wbFlash),
        VMSTATE_UINT32(acr, Stm32wbFlash),
        VMSTATE_UINT32(c2acr, Stm32wbFlash),
        VMSTATE_UINT32(eccr, Stm32wbFlash),
        VMSTATE_STRUCT_ARRAY(core, Stm32wbFlash, 2, 1, flash_core_vmstate,
                             FlashCore),
        VMSTATE_UINT32_ARRAY(option, Stm32wbFlash, WB_OPTIONS),
        VMSTATE_UINT32_ARRAY(loaded, Stm32wbFlash, WB_OPTIONS),
        VMSTATE_UINT32(key, Stm32wbFlash),
        VMSTATE_UINT32(optkey, Stm32wbFlash),
        VMSTATE_UINT32(operation, Stm32wbFlash),
        VMSTATE_UINT32(owner, Stm32wbFlash),
        VMSTATE_UINT32(started, Stm32wbFlash),
        VMSTATE_UINT64(end_ns, Stm32wbFlash),
        VMSTATE_UINT32(target, Stm32wbFlash),
        VMSTATE_UINT64(data, Stm32wbFlash),
        VMSTATE_TIMER_PTR(end, Stm32wbFlash),
        VMSTATE_BOOL(half, Stm32wbFlash),
        VMSTATE_UINT32(half_address, Stm32wbFlash),
        VMSTATE_UINT32(half_word, Stm32wbFlash),
        VMSTATE_UINT32(fast_next, Stm32wbFlash),
        VMSTATE_UINT32(fast_done, Stm32wbFlash),
        VMSTATE_INT64(fast_end_ns, Stm32wbFlash),
        VMSTATE_TIMER_PTR(fast_limit, Stm32wbFlash),
        VMSTATE_END_OF_LIST()
    },
};

static const Property flash_properties[] = {
    DEFINE_PROP_STRING("file", Stm32wbFlash, file),
    DEFINE_PROP_BOOL("keep", Stm32wbFlash, keep, false),
};

static void flash_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->realize = flash_realize;
    dc->vmsd = &flash_vmstate;
    device_class_set_props(dc, flash_properties);
    rc->phases.enter = flash_reset_enter;
    rc->phases.exit = flash_reset_exit;
    bc->power_lost = flash_power_lost;
    bc->read = flash_read;
    bc->write = flash_write;
}

static const TypeInfo flash_types[] = {
    {
        .name = TYPE_STM32WB_FLASH,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbFlash),
        .instance_init = flash_init,
        .instance_finalize = flash_finalize,
        .class_init = flash_class_init,
    },
};

DEFINE_TYPES(flash_types)
