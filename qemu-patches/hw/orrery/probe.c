/*
 * Orrery: what a test asks of this instance
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A probe (struct orrery_probe) is a message of the broker's: it is delivered before the first
 * instruction that starts at or after its arrival, sees what has happened until then, and is
 * answered at that time. Memory is RAM and ROM as the core sees it, through its MMU or MPU as a
 * debugger would; registers have side effects and are left alone.
 *
 * ORRERY_PROBE_PC waits for the start of an instruction. It is a breakpoint that never stops: TCG
 * asks debug_check_breakpoint() at each start there, and executes the other instructions of its page
 * one by one. Without one it costs nothing. Single-stepped by gdb, the core passes it unseen.
 *
 * ORRERY_PROBE_AWAIT waits for a level of a pin, which the machine says has changed.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "accel/tcg/cpu-ops.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "exec/target_page.h"
#include "hw/core/cpu.h"
#include "system/cpu-timers.h"
#include "system/reset.h"
#include "member.h"
#include "picture.h"
#include "probe.h"
#include "trace.h"

#define AT_PC_MAX 64

static struct {
    OrreryMember *m;
    bool was_reset; /* at the start */
    uint64_t resets;
    /* the instruction that is waited for */
    bool waits;
    vaddr pc;
    int64_t last_ns; /* the start of the last one: it does not begin twice */
    CPUBreakpoint *bp; /* set, unless the core forgot it */
    TCGCPUOps ops; /* the core's, with our check */
    bool (*others)(CPUState *cpu);
    /* what happens there */
    struct orrery_probe at_pc[AT_PC_MAX];
    unsigned at_pc_count;
    /* the level that is waited for */
    bool awaits;
    struct orrery_probe level;
    QEMUTimer *look;
} probe;

static void answer(const struct orrery_probe *p, uint32_t failed, uint64_t value,
                   const uint8_t *bytes, size_t len)
{
    uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint8_t wire[sizeof(struct orrery_answer)] = { 0 };

    stl_le_p(wire, p->kind);
    stl_le_p(wire + 4, failed);
    stq_le_p(wire + 8, value);
    stl_le_p(wire + 16, len);
    if (len) {
        memcpy(wire + ORRERY_ANSWER_HEAD, bytes, len);
    }
    trace_orrery_probe(p->kind, p->address, failed, now);
    orrery_member_send(probe.m, probe.m->answer_lane, now, now, wire,
                       ORRERY_ANSWER_HEAD + len);
}

/* ---- memory ---- */

/* At most @len bytes of one page, at an address of the core's. 0: no memory there. */
static size_t access_page(CPUState *cpu, vaddr addr, uint8_t *bytes, size_t len,
                          bool write, bool really)
{
    size_t page_size = qemu_target_page_size(), in_page = addr & (page_size - 1);
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    hwaddr at, inside, most = MIN(len, page_size - in_page);
    AddressSpace *as;
    MemoryRegion *mr;

    at = cpu_get_phys_page_attrs_debug(cpu, addr - in_page, &attrs);
    if (at == -1) {
        return 0;
    }
    at += in_page;
    as = cpu_get_address_space(cpu, cpu_asidx_from_attrs(cpu, attrs));
    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(as, at, &inside, &most, false, attrs);
    if (!memory_region_is_ram(mr) && !memory_region_is_romd(mr)) {
        return 0;
    }
    if (really && write) {
        address_space_write_rom(as, at, attrs, bytes, most);
    } else if (really) {
        address_space_read(as, at, attrs, bytes, most);
    }
    return most;
}

static bool access_memory(vaddr addr, uint8_t *bytes, size_t len, bool write, bool really)
{
    size_t part;

    for (size_t done = 0; done < len; done += part) {
        part = access_page(first_cpu, addr + done, bytes + done, len - done, write, really);
        if (!part) {
            return false;
        }
    }
    return true;
}

/* All of it, or nothing. */
static void memory(const struct orrery_probe *p, bool write)
{
    uint8_t bytes[sizeof(p->bytes)];
    size_t len = p->length;

    memcpy(bytes, p->bytes, sizeof(bytes));
    if (len > sizeof(bytes) || !access_memory(p->address, bytes, len, write, false) ||
        !access_memory(p->address, bytes, len, write, true)) {
        answer(p, ORRERY_ANSWER_NO_MEMORY, 0, NULL, 0);
    } else {
        answer(p, ORRERY_ANSWER_DONE, 0, bytes, write ? 0 : len);
    }
}

/* ---- the picture on its display ---- */

static void screen(const struct orrery_probe *p)
{
    char name[sizeof(p->bytes)];
    uint64_t size = 0;
    unsigned failed;

    if (p->length <= ORRERY_DIGEST_SIZE || p->length > sizeof(p->bytes)) {
        answer(p, ORRERY_ANSWER_UNKNOWN, 0, NULL, 0);
        return;
    }
    pstrcpy(name, p->length - ORRERY_DIGEST_SIZE, (const char *)p->bytes + ORRERY_DIGEST_SIZE);
    failed = orrery_picture_compare(p->bytes, probe.m->pictures, name, &size);
    answer(p, failed, size, NULL, 0);
}

/* ---- what the machine has logged of the guest's errors ---- */

/* Lines of the log file, which -d guest_errors -D has made for this. */
static void errors(const struct orrery_probe *p)
{
    FILE *log = qemu_log_trylock();
    g_autofree char *path = NULL, *text = NULL;
    uint64_t count = 0;
    size_t len = 0;

    if (!log || fileno(log) <= 2 || !qemu_loglevel_mask(LOG_GUEST_ERROR)) {
        qemu_log_unlock(log);
        answer(p, ORRERY_ANSWER_UNKNOWN, 0, NULL, 0);
        return;
    }
    fflush(log);
    path = g_strdup_printf("/proc/self/fd/%d", fileno(log));
    qemu_log_unlock(log);
    if (!g_file_get_contents(path, &text, &len, NULL)) {
        len = 0;
    }
    for (size_t i = 0; i < len; i++) {
        count += text[i] == '\n';
    }
    len = count ? strcspn(text, "\n") : 0;
    answer(p, ORRERY_ANSWER_DONE, count, (uint8_t *)text, MIN(len, sizeof(p->bytes)));
}

/* ---- the level of a pin ---- */

static int level_of(const struct orrery_probe *p)
{
    char line[ORRERY_LINE_MAX];

    if (!p->length || p->length >= sizeof(line) || !probe.m->get_level) {
        return -1;
    }
    pstrcpy(line, p->length + 1, (const char *)p->bytes);
    return probe.m->get_level(probe.m->set_line_opaque, line);
}

static void level(const struct orrery_probe *p)
{
    int now = level_of(p);

    answer(p, now < 0 ? ORRERY_ANSWER_UNKNOWN : ORRERY_ANSWER_DONE, MAX(now, 0), NULL, 0);
}

static void look(void *opaque)
{
    if (probe.awaits && level_of(&probe.level) == probe.level.address) {
        probe.awaits = false;
        level(&probe.level);
    }
}

static void await_level(const struct orrery_probe *p)
{
    if (level_of(p) < 0) {
        level(p);
        return;
    }
    probe.awaits = true;
    probe.level = *p;
    look(NULL);
}

/* Somebody's reset, too, may change one: the vCPU thread looks, at the next boundary. */
void orrery_member_level_changed(void)
{
    if (probe.awaits) {
        timer_mod(probe.look, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

/* ---- all of them ---- */

static void wait_for_pc(vaddr pc);

static void perform(const struct orrery_probe *p)
{
    switch (p->kind) {
    case ORRERY_PROBE_READ:
        memory(p, false);
        break;
    case ORRERY_PROBE_WRITE:
        memory(p, true);
        break;
    case ORRERY_PROBE_PC:
        wait_for_pc(p->address);
        break;
    case ORRERY_PROBE_SCREEN:
        screen(p);
        break;
    case ORRERY_PROBE_RESETS:
        answer(p, ORRERY_ANSWER_DONE, probe.resets, NULL, 0);
        break;
    case ORRERY_PROBE_ERRORS:
        errors(p);
        break;
    case ORRERY_PROBE_LEVEL:
        level(p);
        break;
    case ORRERY_PROBE_AWAIT:
        await_level(p);
        break;
    default:
        answer(p, ORRERY_ANSWER_UNKNOWN, 0, NULL, 0);
        break;
    }
}

void orrery_probe_deliver(OrreryMember *m, const struct orrery_message *msg)
{
    struct orrery_probe p = { 0 };

    if (!m->answer_lane || msg->len < ORRERY_PROBE_HEAD || msg->len > sizeof(p)) {
        return;
    }
    memcpy(&p, msg->payload, msg->len);
    p.kind = le32_to_cpu(p.kind);
    p.length = le32_to_cpu(p.length);
    p.address = le64_to_cpu(p.address);
    if (!p.at_pc) { /* what an earlier step has waited for is past */
        probe.at_pc_count = 0;
        probe.waits = probe.awaits = false;
        perform(&p);
    } else if (probe.waits && probe.at_pc_count < AT_PC_MAX) {
        probe.at_pc[probe.at_pc_count++] = p;
    } else {
        answer(&p, ORRERY_ANSWER_UNKNOWN, 0, NULL, 0);
    }
}

/* ---- the start of an instruction ---- */

/*
 * Between two TBs, without the BQL: does the instruction really begin now? Not where the budget is
 * used up or an exit is due: then others come first, and TCG asks again.
 */
static bool begins_now(CPUState *cpu)
{
    return !qatomic_read(&cpu->neg.icount_decr.u16.high) &&
           cpu->neg.icount_decr.u16.low + cpu->icount_extra > 0;
}

/* What was to happen there, up to the next instruction that is waited for. */
static void perform_at_pc(void)
{
    unsigned done = 0;

    while (done < probe.at_pc_count && !probe.waits) {
        perform(&probe.at_pc[done++]);
    }
    probe.at_pc_count -= done;
    memmove(&probe.at_pc[0], &probe.at_pc[done], probe.at_pc_count * sizeof(probe.at_pc[0]));
}

static bool check_breakpoint(CPUState *cpu)
{
    static const struct orrery_probe pc = { .kind = ORRERY_PROBE_PC };

    if (probe.waits && cpu->cc->get_pc(cpu) == probe.pc && begins_now(cpu) &&
        icount_get() != probe.last_ns) {
        BQL_LOCK_GUARD();
        probe.waits = false;
        probe.last_ns = icount_get();
        answer(&pc, ORRERY_ANSWER_DONE, 0, NULL, 0);
        perform_at_pc();
        cpu_exit(cpu); /* to orrery_probe_before_window(): not in the middle of the list */
    }
    return probe.others ? probe.others(cpu) : false;
}

static bool is_set(CPUState *cpu)
{
    CPUBreakpoint *bp;

    QTAILQ_FOREACH(bp, &cpu->breakpoints, entry) {
        if (bp == probe.bp) {
            return true;
        }
    }
    return false;
}

void orrery_probe_before_window(CPUState *cpu)
{
    if (probe.bp && !is_set(cpu)) {
        probe.bp = NULL; /* a reset of the core forgets them */
    }
    if (probe.bp && (!probe.waits || probe.bp->pc != probe.pc)) {
        cpu_breakpoint_remove_by_ref(cpu, probe.bp);
        probe.bp = NULL;
    }
    if (probe.waits && !probe.bp) {
        cpu_breakpoint_insert(cpu, probe.pc, BP_CPU, &probe.bp);
    }
}

static void wait_for_pc(vaddr pc)
{
    CPUState *cpu = first_cpu;

    if (!probe.ops.initialize) {
        probe.ops = *cpu->cc->tcg_ops;
        probe.others = probe.ops.debug_check_breakpoint;
        probe.ops.debug_check_breakpoint = check_breakpoint;
        cpu->cc->tcg_ops = &probe.ops; /* the process has one core */
    }
    probe.pc = pc;
    probe.waits = true;
}

/* ---- resets ---- */

static void reset(void *opaque)
{
    probe.resets += probe.was_reset;
    probe.was_reset = true;
}

void orrery_probe_install(OrreryMember *m)
{
    probe.m = m;
    probe.last_ns = -1;
    probe.look = timer_new_ns(QEMU_CLOCK_VIRTUAL, look, NULL);
    qemu_register_reset(reset, NULL);
}
