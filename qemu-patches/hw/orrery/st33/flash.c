/*
 * ST33: FLASH and NVM counters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * docs/st33.md, FLASH. The registers are ours.
 *
 * A file that keeps the contents is the array and 256 bytes: identity, counters, debug lock, each little
 * endian, with a checksum (the table below).
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers; region 1: the array
 *  + sysbus IRQ 0
 *  + properties "size", "file", "keep"
 *  + GPIO input "power-lost": what runs is torn, as by a reset
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "qemu/guest-random.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "system/system.h"
#include "../ipc/random.h"
#include "../trace.h"
#include "flash.h"
#include "soc.h"

REG32(KEY, 0x00)
REG32(CMD, 0x04)
REG32(ADDR, 0x08)
REG32(COUNT, 0x0C)
REG32(STAT, 0x10)
    FIELD(STAT, BUSY, 0, 1)
    FIELD(STAT, DONE, 1, 1)
    FIELD(STAT, EKEY, 2, 1)
    FIELD(STAT, EADDR, 3, 1)
    FIELD(STAT, EPROT, 4, 1)
    FIELD(STAT, EVERIFY, 5, 1)
    FIELD(STAT, ESEQ, 6, 1)
REG32(IRQEN, 0x14)
    FIELD(IRQEN, DONE, 1, 1)
    FIELD(IRQEN, ERROR, 2, 1)
REG32(PROT, 0x18)
REG32(CADDR, 0x1C)
REG32(BUF, 0x100)
REG32(NVC, 0x200)

#define KEY 0x464C5348
#define ERRORS (R_STAT_EKEY_MASK | R_STAT_EADDR_MASK | R_STAT_EPROT_MASK | \
                R_STAT_EVERIFY_MASK | R_STAT_ESEQ_MASK)
#define ERASE_NS 1000000
#define SETUP_NS 30000
#define WORD_NS 4000
#define COUNT_NS 1000000
#define PAGES_MOST 64
#define WORDS (ST33_PAGE / 4)

/* The tail of the file. */
#define TAIL 256
#define TAIL_MAGIC "ORRST33\n"
#define TAIL_SIZE 8 /* of the array */
#define TAIL_UID 12
#define TAIL_LOCK 20
#define TAIL_COUNTERS 32
#define TAIL_CRC 252

enum { NOTHING, PROGRAM, ERASE, REPLACE, COUNT_UP };

/* ---- the file's tail ---- */

static void keep_tail(St33Flash *s)
{
    uint8_t tail[TAIL] = TAIL_MAGIC;

    stl_le_p(tail + TAIL_SIZE, s->size);
    stl_le_p(tail + TAIL_UID, s->nvm.uid[0]);
    stl_le_p(tail + TAIL_UID + 4, s->nvm.uid[1]);
    stl_le_p(tail + TAIL_LOCK, s->nvm.debug_lock);
    for (int i = 0; i < ST33_COUNTERS; i++) {
        stl_le_p(tail + TAIL_COUNTERS + 4 * i, s->nvm.counter[i]);
    }
    stl_le_p(tail + TAIL_CRC, crc32c(0, tail, TAIL_CRC));
    orrery_flash_file_changed(&s->kept, s->size, tail, TAIL);
}

static bool read_tail(St33Flash *s, Error **errp)
{
    uint8_t tail[TAIL] = { 0 };

    if (!orrery_flash_file_read(&s->kept, s->size, tail, TAIL, errp)) {
        return false;
    }
    if (memcmp(tail, TAIL_MAGIC, 8) || ldl_le_p(tail + TAIL_SIZE) != s->size ||
        ldl_le_p(tail + TAIL_CRC) != crc32c(0, tail, TAIL_CRC)) {
        error_setg(errp, "flash file '%s' is corrupt: its last %d bytes are not "
                   "those of an st33", s->file, TAIL);
        return false;
    }
    s->nvm.uid[0] = ldl_le_p(tail + TAIL_UID);
    s->nvm.uid[1] = ldl_le_p(tail + TAIL_UID + 4);
    s->nvm.debug_lock = ldl_le_p(tail + TAIL_LOCK);
    for (int i = 0; i < ST33_COUNTERS; i++) {
        s->nvm.counter[i] = ldl_le_p(tail + TAIL_COUNTERS + 4 * i);
    }
    return true;
}

static bool open_file(St33Flash *s, Error **errp)
{
    int64_t len = orrery_flash_file_open(&s->kept, s->file, s->keep,
                                         s->size + TAIL, errp);

    if (len < 0) {
        return false;
    }
    if (len == 0 && s->keep) {
        return true; /* a new part */
    }
    if (len != s->size + TAIL) {
        error_setg(errp, "flash file '%s' is corrupt or of another part: %" PRId64
                   " bytes, an st33 with %" PRIu64 " KiB of flash has %u",
                   s->file, len, s->size / KiB, s->size + TAIL);
        return false;
    }
    return read_tail(s, errp) &&
           orrery_flash_file_read(&s->kept, 0, s->bytes, s->size, errp);
}

bool st33_flash_power_on(St33Flash *s, Error **errp)
{
    if (!orrery_flash_file_write(&s->kept, 0, s->bytes, s->size, errp)) {
        return false;
    }
    keep_tail(s);
    return true;
}

uint32_t st33_flash_uid(St33Flash *s, unsigned n)
{
    return s->nvm.uid[n];
}

uint32_t st33_flash_debug_lock(St33Flash *s)
{
    return s->nvm.debug_lock;
}

void st33_flash_lock_debug(St33Flash *s, uint32_t lock)
{
    s->nvm.debug_lock = lock;
    keep_tail(s);
}

/* ---- contents ---- */

static void changed(St33Flash *s, uint32_t offset, uint32_t len)
{
    memory_region_flush_rom_device(&s->array, offset, len);
    orrery_flash_file_changed(&s->kept, offset, s->bytes + offset, len);
}

/* Which bits of a word have been written already. */
static uint32_t some_bits(St33Flash *s)
{
    return orrery_random(&s->dice) >> 32;
}

/* The first @words of the page are erased; of the next @torn says that some bits are. */
static void erase_words(St33Flash *s, unsigned words, bool torn)
{
    uint32_t page = s->target & ~(ST33_PAGE - 1);
    uint8_t *bytes = s->bytes + page;

    memset(bytes, 0xFF, words * 4);
    if (torn && words < WORDS) {
        stl_le_p(bytes + 4 * words, ldl_le_p(bytes + 4 * words) | some_bits(s));
    }
    changed(s, page, ST33_PAGE);
}

static void program_words(St33Flash *s, unsigned words, bool torn)
{
    uint8_t *bytes = s->bytes + s->target;
    unsigned all = s->left / 4;

    for (unsigned i = 0; i < words; i++) {
        uint32_t now = ldl_le_p(bytes + 4 * i) & s->data[i];

        if (now != s->data[i]) {
            s->stat |= R_STAT_EVERIFY_MASK;
        }
        stl_le_p(bytes + 4 * i, now);
    }
    if (torn && words < all) {
        stl_le_p(bytes + 4 * words, ldl_le_p(bytes + 4 * words) &
                                        (s->data[words] | some_bits(s)));
    }
    changed(s, s->target, s->left);
}

/* ---- operations ---- */

static void update_irq(St33Flash *s)
{
    qemu_set_irq(s->irq,
                 (FIELD_EX32(s->irqen, IRQEN, DONE) &&
                  FIELD_EX32(s->stat, STAT, DONE)) ||
                 (FIELD_EX32(s->irqen, IRQEN, ERROR) && (s->stat & ERRORS)));
}

static int64_t duration(St33Flash *s)
{
    switch (s->command) {
    case PROGRAM:
        return SETUP_NS + s->left / 4 * WORD_NS;
    case REPLACE:
        return ERASE_NS + SETUP_NS + s->left / 4 * WORD_NS;
    case ERASE:
        return ERASE_NS;
    default:
        return COUNT_NS;
    }
}

static void run(St33Flash *s, int64_t from_ns)
{
    s->since_ns = from_ns;
    s->stat |= R_STAT_BUSY_MASK;
    trace_st33_flash_start(s->command, s->target, s->left);
    timer_mod(s->end, from_ns + duration(s));
}

static void stop(St33Flash *s)
{
    timer_del(s->end);
    s->command = NOTHING;
    s->stat &= ~R_STAT_BUSY_MASK;
}

static void operation_ended(void *opaque)
{
    St33Flash *s = opaque;
    int64_t end = s->since_ns + duration(s);

    switch (s->command) {
    case PROGRAM:
        program_words(s, s->left / 4, false);
        break;
    case REPLACE:
        erase_words(s, WORDS, false);
        program_words(s, WORDS, false);
        break;
    case ERASE:
        erase_words(s, WORDS, false);
        s->target += ST33_PAGE;
        if (--s->left) {
            run(s, end);
            return;
        }
        break;
    case COUNT_UP:
        s->nvm.counter[s->target]++;
        keep_tail(s);
        break;
    }
    stop(s);
    s->stat |= R_STAT_DONE_MASK;
    update_irq(s);
}

/* Reset or power failure: as far as it has come, and one word between. A counter never tears. */
static void tear(St33Flash *s)
{
    int64_t passed = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - s->since_ns;

    if (s->command == NOTHING) {
        return;
    }
    trace_st33_flash_torn(s->command, s->target, passed);
    if ((s->command == ERASE || s->command == REPLACE)) {
        erase_words(s, MIN(passed, ERASE_NS) * WORDS / ERASE_NS, true);
        passed -= ERASE_NS;
    }
    if ((s->command == PROGRAM || s->command == REPLACE) && passed > SETUP_NS) {
        program_words(s, MIN((passed - SETUP_NS) / WORD_NS, s->left / 4), true);
    }
    stop(s);
}

static void fail(St33Flash *s, uint32_t flag)
{
    qemu_log_mask(LOG_GUEST_ERROR, "FLASH: command refused, STAT 0x%x\n", flag);
    s->stat |= flag;
    update_irq(s);
}

/* Of a command that nothing else is wrong with: 0, or the error flag. */
static uint32_t judge(St33Flash *s, uint32_t command, uint32_t offset,
                      uint32_t len)
{
    if (offset >= s->size || len > s->size - offset || offset % 4) {
        return R_STAT_EADDR_MASK;
    }
    if (command == PROGRAM &&
        (len == 0 || len % 4 || offset % ST33_PAGE + (uint64_t)len > ST33_PAGE)) {
        return R_STAT_EADDR_MASK;
    }
    return ST33_FLASH_BASE + offset < s->prot ? R_STAT_EPROT_MASK : 0;
}

static void begin(St33Flash *s, uint32_t command)
{
    uint32_t offset = s->addr - ST33_FLASH_BASE;
    uint32_t page = offset & ~(ST33_PAGE - 1);
    uint32_t len = s->count, error;

    if (s->command != NOTHING || !s->unlocked) {
        fail(s, s->unlocked ? R_STAT_ESEQ_MASK : R_STAT_EKEY_MASK);
        return;
    }
    switch (command) {
    case PROGRAM:
        s->left = len;
        break;
    case ERASE:
        offset = page;
        s->left = len;
        len = MIN(len, PAGES_MOST + 1) * ST33_PAGE;
        break;
    case REPLACE:
        offset = page;
        s->left = len = ST33_PAGE;
        break;
    default:
        fail(s, R_STAT_ESEQ_MASK);
        return;
    }
    error = judge(s, command, offset, len);
    if (command == ERASE && (s->left == 0 || s->left > PAGES_MOST)) {
        error = R_STAT_EADDR_MASK;
    }
    if (error) {
        fail(s, error);
        return;
    }
    s->command = command;
    s->target = offset;
    memcpy(s->data, s->buffer, sizeof(s->data));
    run(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static void count_up(St33Flash *s, unsigned n, uint32_t value)
{
    if (s->command != NOTHING) {
        fail(s, R_STAT_ESEQ_MASK);
    } else if (value != s->nvm.counter[n] + 1) {
        fail(s, R_STAT_EADDR_MASK);
    } else {
        s->command = COUNT_UP;
        s->target = n;
        run(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

/* ---- registers ---- */

static uint32_t flash_read(Stm32wbBlock *b, hwaddr offset)
{
    St33Flash *s = ST33_FLASH(b);

    switch (offset) {
    case A_KEY:
        return s->unlocked;
    case A_CMD:
        return s->command;
    case A_ADDR:
        return s->addr;
    case A_COUNT:
        return s->count;
    case A_STAT:
        return s->stat;
    case A_IRQEN:
        return s->irqen;
    case A_PROT:
        return s->prot;
    case A_CADDR:
        return s->command ? ST33_FLASH_BASE + s->target : 0;
    case A_BUF ... A_BUF + ST33_PAGE - 4:
        return s->buffer[(offset - A_BUF) / 4];
    case A_NVC ... A_NVC + 4 * ST33_COUNTERS - 4:
        return s->nvm.counter[(offset - A_NVC) / 4];
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void flash_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                        uint32_t mask)
{
    St33Flash *s = ST33_FLASH(b);
    uint32_t *word;

    switch (offset) {
    case A_KEY:
        s->unlocked = value == KEY;
        break;
    case A_CMD:
        begin(s, value & mask);
        break;
    case A_ADDR:
        s->addr = stm32wb_merge(s->addr, value, mask);
        break;
    case A_COUNT:
        s->count = stm32wb_merge(s->count, value, mask);
        break;
    case A_STAT:
        s->stat &= ~(value & mask & (ERRORS | R_STAT_DONE_MASK));
        update_irq(s);
        break;
    case A_IRQEN:
        s->irqen = value & mask & (R_IRQEN_DONE_MASK | R_IRQEN_ERROR_MASK);
        update_irq(s);
        break;
    case A_PROT:
        s->prot = MAX(s->prot, value & mask);
        break;
    case A_CADDR:
        break;
    case A_BUF ... A_BUF + ST33_PAGE - 4:
        word = &s->buffer[(offset - A_BUF) / 4];
        *word = stm32wb_merge(*word, value, mask);
        break;
    case A_NVC ... A_NVC + 4 * ST33_COUNTERS - 4:
        count_up(s, (offset - A_NVC) / 4, value & mask);
        break;
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
}

/* The array itself is written through the registers only. */
static MemTxResult refuse_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size, MemTxAttrs attrs)
{
    return MEMTX_ERROR;
}

static MemTxResult never_read(void *opaque, hwaddr addr, uint64_t *value,
                              unsigned size, MemTxAttrs attrs)
{
    return MEMTX_ERROR; /* reads go to memory */
}

static const MemoryRegionOps array_ops = {
    .read_with_attrs = never_read,
    .write_with_attrs = refuse_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

/* ---- the device ---- */

static void power_lost(void *opaque, int n, int level)
{
    if (level) {
        tear(opaque);
    }
}

/* The end of a run is a power failure. */
static void at_exit(Notifier *n, void *data)
{
    tear(container_of(n, St33Flash, exit));
}

static void flash_reset(Object *obj, ResetType type)
{
    St33Flash *s = ST33_FLASH(obj);

    tear(s);
    s->stat = s->irqen = s->prot = s->addr = s->count = 0;
    s->unlocked = false;
    memset(s->buffer, 0xFF, sizeof(s->buffer));
}

static void flash_reset_exit(Object *obj, ResetType type)
{
    update_irq(ST33_FLASH(obj));
}

static void flash_realize(DeviceState *dev, Error **errp)
{
    ERRP_GUARD();
    St33Flash *s = ST33_FLASH(dev);
    DeviceClass *parent =
        DEVICE_CLASS(object_class_by_name(TYPE_STM32WB_BLOCK));

    parent->realize(dev, errp);
    if (*errp ||
        !memory_region_init_rom_device(&s->array, OBJECT(dev), &array_ops, s,
                                       "st33-flash", s->size, errp)) {
        return;
    }
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->array);
    s->bytes = memory_region_get_ram_ptr(&s->array);
    memset(s->bytes, 0xFF, s->size);
    qemu_guest_getrandom_nofail(s->nvm.uid, sizeof(s->nvm.uid));
    qemu_guest_getrandom_nofail(&s->dice, sizeof(s->dice));
    s->dice |= 1;
    if (s->file && !open_file(s, errp)) {
        return;
    }
    s->exit.notify = at_exit;
    qemu_add_exit_notifier(&s->exit);
}

static void flash_init(Object *obj)
{
    St33Flash *s = ST33_FLASH(obj);

    s->kept.fd = -1;
    s->end = timer_new_ns(QEMU_CLOCK_VIRTUAL, operation_ended, s);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_in_named(DEVICE(obj), power_lost, "power-lost", 1);
}

static void flash_finalize(Object *obj)
{
    St33Flash *s = ST33_FLASH(obj);

    if (s->exit.notify) {
        qemu_remove_exit_notifier(&s->exit);
    }
    orrery_flash_file_close(&s->kept);
    timer_free(s->end);
}

static bool fits(St33Flash *s)
{
    switch (s->command) {
    case NOTHING:
        return true;
    case COUNT_UP:
        return s->target < ST33_COUNTERS;
    case ERASE:
        return s->left <= PAGES_MOST && s->target % ST33_PAGE == 0 &&
               s->target < s->size &&
               s->left * ST33_PAGE <= s->size - s->target;
    default:
        return s->left <= ST33_PAGE && s->left % 4 == 0 && s->target % 4 == 0 &&
               s->target < s->size && s->left <= s->size - s->target &&
               s->command <= COUNT_UP;
    }
}

static int flash_post_load(void *opaque, int version_id)
{
    return fits(opaque) ? 0 : -EINVAL;
}

static const VMStateDescription nvm_vmstate = {
    .name = "st33-nvm",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32_ARRAY(uid, St33Nvm, 2),
        VMSTATE_UINT32(debug_lock, St33Nvm),
        VMSTATE_UINT32_ARRAY(counter, St33Nvm, ST33_COUNTERS),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription flash_vmstate = {
    .name = TYPE_ST33_FLASH,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = flash_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, St33Flash),
        VMSTATE_STRUCT(nvm, St33Flash, 1, nvm_vmstate, St33Nvm),
        VMSTATE_UINT64(dice, St33Flash),
        VMSTATE_TIMER_PTR(end, St33Flash),
        VMSTATE_UINT32(stat, St33Flash),
        VMSTATE_UINT32(irqen, St33Flash),
        VMSTATE_UINT32(prot, St33Flash),
        VMSTATE_UINT32(addr, St33Flash),
        VMSTATE_UINT32(count, St33Flash),
        VMSTATE_BOOL(unlocked, St33Flash),
        VMSTATE_UINT32_ARRAY(buffer, St33Flash, WORDS),
        VMSTATE_UINT32(command, St33Flash),
        VMSTATE_UINT32(target, St33Flash),
        VMSTATE_UINT32(left, St33Flash),
        VMSTATE_UINT32_ARRAY(data, St33Flash, WORDS),
        VMSTATE_INT64(since_ns, St33Flash),
        VMSTATE_END_OF_LIST()
    },
};

static const Property flash_properties[] = {
    DEFINE_PROP_STRING("file", St33Flash, file),
    DEFINE_PROP_BOOL("keep", St33Flash, keep, false),
    DEFINE_PROP_UINT32("size", St33Flash, size, 2 * MiB),
};

static void flash_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->realize = flash_realize;
    dc->vmsd = &flash_vmstate;
    device_class_set_props(dc, flash_properties);
    rc->phases.hold = flash_reset;
    rc->phases.exit = flash_reset_exit;
    bc->privileged = true;
    bc->read = flash_read;
    bc->write = flash_write;
}

static const TypeInfo flash_types[] = {
    {
        .name = TYPE_ST33_FLASH,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(St33Flash),
        .instance_init = flash_init,
        .instance_finalize = flash_finalize,
        .class_init = flash_class_init,
    },
};

DEFINE_TYPES(flash_types)
