/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmu.c - every kind of access that can miss: it faults where docs/st33.md says, with all registers
 * as before, is serviced, and runs again to the right end. Done with the smallest pages and with
 * larger ones.
 */
#include "stack.h"
#include "test.h"

#define DATA_VA 0x20000000u
#define DATA_PA (RAM_START + 0x4000u)
#define CODE_VA 0x10000000u
#define FLASH_PA 0x00300000u
#define ALL (MMU_V | MMU_PR | MMU_PW | MMU_PX | MMU_UR | MMU_UW | MMU_UX)
#define STKERR (1u << 12)
#define UNSTKERR (1u << 11)
#define BFARVALID (1u << 15)
#define PRECISERR (1u << 9)
#define IBUSERR (1u << 8)
#define VECTTBL (1u << 1)

static uint32_t page; /* bytes */
static unsigned next_entry;

/* --- the fault handler ---------------------------------------------------------------------- */

/* r0 to r12 before the instruction under test */
static uint32_t before[13];

static volatile struct {
    unsigned count;
    uint32_t cfsr, bfar, fstat, faddr;
    bool registers_kept;
} fault;

static bool watch_registers;
static volatile uint32_t refused_frame; /* where an exception's should have been */

static void map(uint32_t va, uint32_t pa, uint32_t rights)
{
    MMU_VA(next_entry) = (va & ~(page - 1)) | MMU_CTX;
    MMU_PA(next_entry) = (pa & ~(page - 1)) | rights;
    next_entry = (next_entry + 1) % 8;
}

/* The place of a virtual address: RAM behind DATA_VA, flash behind CODE_VA. */
static uint32_t place(uint32_t va)
{
    return va >= DATA_VA ? va - DATA_VA + DATA_PA : va - CODE_VA + FLASH_PA;
}

void service(uint32_t *frame, const uint32_t *high);

/* frame: r0-r3, r12, lr, pc, psr; high: r4-r11 */
static bool registers_kept(const uint32_t *frame, const uint32_t *high)
{
    bool same = frame[4] == before[12];

    for (unsigned i = 0; i < 4; i++) {
        same &= frame[i] == before[i];
    }
    for (unsigned i = 0; i < 8; i++) {
        same &= high[i] == before[4 + i];
    }
    return same;
}

/* Stacking failed: what should be there comes from the MMU. */
static void put_frame(void)
{
    volatile uint32_t *frame;

    refused_frame = MMU_FRAME & ~MMU_FRAME_VALID;
    frame = (volatile uint32_t *)refused_frame;
    for (unsigned i = 0; i < 2; i++) { /* it may lie in two pages */
        uint32_t at = refused_frame + 28 * i;

        MMU_INVA = at;
        map(at, place(at), ALL);
    }
    for (unsigned i = 0; i < 8; i++) {
        frame[i] = MMU_FRAME_WORD(i);
    }
    MMU_FRAME = 0;
}

void service(uint32_t *frame, const uint32_t *high)
{
    fault.registers_kept &= !watch_registers || registers_kept(frame, high);
    fault.count++;
    fault.cfsr |= SCB_CFSR;
    fault.bfar = SCB_BFAR;
    fault.fstat = MMU_FSTAT;
    fault.faddr = MMU_FADDR;
    if (fault.count > 20 || !(fault.fstat & MMU_FSTAT_VALID)) {
        unexpected_exception();
    }
    SCB_CFSR = SCB_CFSR;
    MMU_FSTAT = 0;
    MMU_INVA = fault.faddr;
    map(fault.faddr, place(fault.faddr), ALL);
    if (MMU_FRAME & MMU_FRAME_VALID) {
        put_frame();
    }
}

__attribute__((naked)) void exc_BusFault(void)
{
    __asm__ volatile("tst lr, #4\n\t"
                     "ite eq\n\t"
                     "mrseq r0, msp\n\t"
                     "mrsne r0, psp\n\t"
                     "push {r3-r11, lr}\n\t" /* r3: alignment */
                     "add r1, sp, #4\n\t"
                     "bl service\n\t"
                     "pop {r3-r11, pc}");
}

static void forget(void)
{
    MMU_INVALL = 0;
    fault.count = 0;
    fault.cfsr = fault.fstat = fault.faddr = fault.bfar = 0;
    fault.registers_kept = true;
}

/* --- instructions --------------------------------------------------------------------------- */

/* Run one instruction with r0 to r12 from @regs, and give them back. */
#define INSTRUCTION(name, text)                                                                    \
    __attribute__((naked, noinline)) static void name(uint32_t *r __attribute__((unused)))         \
    {                                                                                              \
        __asm__ volatile("push {r0, r4-r11, lr}\n\t"                                               \
                         "mov lr, r0\n\t"                                                          \
                         "ldmia lr, {r0-r12}\n\t" text "\n\t"                                      \
                         "push {r0-r12}\n\t"                                                       \
                         "ldr r0, [sp, #52]\n\t"                                                   \
                         "mov r1, sp\n\t"                                                          \
                         "movs r2, #13\n"                                                          \
                         "1: ldr r3, [r1], #4\n\t"                                                 \
                         "str r3, [r0], #4\n\t"                                                    \
                         "subs r2, #1\n\t"                                                         \
                         "bne 1b\n\t"                                                              \
                         "add sp, #56\n\t"                                                         \
                         "pop {r4-r11, pc}");                                                      \
    }

INSTRUCTION(do_ldr, "ldr r5, [r1]")
INSTRUCTION(do_ldrb, "ldrb r5, [r1]")
INSTRUCTION(do_ldrsh, "ldrsh r5, [r1]")
INSTRUCTION(do_ldr_base, "ldr r1, [r1]")
INSTRUCTION(do_ldr_post, "ldr r5, [r1], #8")
INSTRUCTION(do_ldr_pre, "ldr r5, [r1, #8]!")
INSTRUCTION(do_str, "str r5, [r1]")
INSTRUCTION(do_strb, "strb r5, [r1]")
INSTRUCTION(do_strh_post, "strh r5, [r1], #2")
INSTRUCTION(do_ldrd, "ldrd r4, r5, [r1]")
INSTRUCTION(do_ldrd_base, "ldrd r1, r5, [r1]")
INSTRUCTION(do_ldrd_post, "ldrd r4, r5, [r1], #8")
INSTRUCTION(do_strd, "strd r4, r5, [r1]")
INSTRUCTION(do_ldm, "ldmia r1!, {r2-r9}")
INSTRUCTION(do_ldm_base, "ldmia r1, {r0-r9}")
INSTRUCTION(do_ldmdb, "ldmdb r1!, {r2-r9}")
INSTRUCTION(do_stm, "stmia r1!, {r2-r9}")
INSTRUCTION(do_stmdb, "stmdb r1!, {r2-r9}")
INSTRUCTION(do_ldrex, "ldrex r5, [r1]")
INSTRUCTION(do_swap, "ldrex r5, [r1]\n\tstrex r6, r4, [r1]")

/* What memory holds at a virtual address of DATA_VA. */
static uint32_t word_at(uint32_t va)
{
    return va * 2654435761u + 12345u;
}

#define DATA_WORDS 2048u

/* Through one direct look at all of RAM. */
static void fill_data(void)
{
    uint32_t limit = MMU_RDIRECT;

    MMU_RDIRECT = ~0u;
    for (uint32_t i = 0; i < DATA_WORDS; i++) {
        REG32(DATA_PA + 4 * i) = word_at(DATA_VA + 4 * i);
    }
    MMU_RDIRECT = limit;
}

static uint32_t data_now(uint32_t va)
{
    uint32_t limit = MMU_RDIRECT, value;

    MMU_RDIRECT = ~0u;
    value = REG32(place(va));
    MMU_RDIRECT = limit;
    return value;
}

static uint32_t regs[13];

/* Registers with numbers of their own, r1 = @base; run; leave what came of it in regs. */
static void run_with(void (*instruction)(uint32_t *), uint32_t base)
{
    for (unsigned i = 0; i < 13; i++) {
        regs[i] = before[i] = 0xa0a0a000u + 0x11u * i;
    }
    regs[1] = before[1] = base;
    forget();
    watch_registers = true;
    instruction(regs);
    watch_registers = false;
}

/* Registers that must hold what memory has; the rest as before. */
static bool others_kept(uint32_t changed)
{
    for (unsigned i = 0; i < 13; i++) {
        if (!(changed >> i & 1) && regs[i] != before[i]) {
            return false;
        }
    }
    return true;
}

static const char *mode_name;

static void data_fault(const char *what, void (*instruction)(uint32_t *), uint32_t base,
                       uint32_t changed, unsigned faults, uint32_t access, uint32_t last)
{
    fill_data();
    run_with(instruction, base);
    CHECK_EQ(name(name(mode_name, what), "faults"), fault.count, faults);
    CHECK(name(name(mode_name, what), "registers at the fault"), fault.registers_kept);
    CHECK(name(name(mode_name, what), "other registers after"), others_kept(changed));
    CHECK_EQ(name(name(mode_name, what), "CFSR"), fault.cfsr, PRECISERR | BFARVALID);
    CHECK_EQ(name(name(mode_name, what), "BFAR"), fault.bfar, last);
    CHECK_EQ(name(name(mode_name, what), "FADDR"), fault.faddr, last);
    CHECK_EQ(name(name(mode_name, what), "FSTAT"),
             fault.fstat & (MMU_FSTAT_MISS | MMU_FSTAT_READ | MMU_FSTAT_WRITE | MMU_FSTAT_FETCH),
             MMU_FSTAT_MISS | access);
}

static bool loaded(unsigned first, unsigned count, uint32_t va)
{
    for (unsigned i = 0; i < count; i++) {
        if (regs[first + i] != word_at(va + 4 * i)) {
            return false;
        }
    }
    return true;
}

static bool stored(unsigned first, unsigned count, uint32_t va)
{
    for (unsigned i = 0; i < count; i++) {
        if (data_now(va + 4 * i) != before[first + i]) {
            return false;
        }
    }
    return true;
}

#define BIT(n) (1u << (n))
#define R_CHECK(what, condition) CHECK(name(name(mode_name, what), "result"), condition)

static void loads(void)
{
    uint32_t a = DATA_VA + 0x40, edge = DATA_VA + page, r = MMU_FSTAT_READ;

    data_fault("ldr", do_ldr, a, BIT(5), 1, r, a);
    R_CHECK("ldr", regs[5] == word_at(a));
    data_fault("ldrb", do_ldrb, a, BIT(5), 1, r, a);
    R_CHECK("ldrb", regs[5] == (word_at(a) & 0xff));
    data_fault("ldrsh", do_ldrsh, a, BIT(5), 1, r, a);
    R_CHECK("ldrsh", regs[5] == (uint32_t)(int16_t)word_at(a));
    data_fault("ldr into its base", do_ldr_base, a, BIT(1), 1, r, a);
    R_CHECK("ldr into its base", regs[1] == word_at(a));
    data_fault("ldr post", do_ldr_post, a, BIT(1) | BIT(5), 1, r, a);
    R_CHECK("ldr post", regs[5] == word_at(a) && regs[1] == a + 8);
    data_fault("ldr pre", do_ldr_pre, a, BIT(1) | BIT(5), 1, r, a + 8);
    R_CHECK("ldr pre", regs[5] == word_at(a + 8) && regs[1] == a + 8);
    data_fault("ldr over two pages", do_ldr, edge - 2, BIT(5), 2, r, edge);
    R_CHECK("ldr over two pages", regs[5] == (word_at(edge - 4) >> 16 | word_at(edge) << 16));
    data_fault("ldrd", do_ldrd, a, BIT(4) | BIT(5), 1, r, a);
    R_CHECK("ldrd", loaded(4, 2, a));
    data_fault("ldrd over two pages", do_ldrd, edge - 4, BIT(4) | BIT(5), 2, r, edge);
    R_CHECK("ldrd over two pages", loaded(4, 2, edge - 4));
    data_fault("ldrd into its base", do_ldrd_base, edge - 4, BIT(1) | BIT(5), 2, r, edge);
    R_CHECK("ldrd into its base", regs[1] == word_at(edge - 4) && regs[5] == word_at(edge));
    data_fault("ldrd post", do_ldrd_post, edge - 4, BIT(1) | BIT(4) | BIT(5), 2, r, edge);
    R_CHECK("ldrd post", loaded(4, 2, edge - 4) && regs[1] == edge + 4);
    data_fault("ldm", do_ldm, edge - 16, 0x3fe, 2, r, edge);
    R_CHECK("ldm", loaded(2, 8, edge - 16) && regs[1] == edge + 16);
    data_fault("ldm with its base", do_ldm_base, edge - 16, 0x3ff, 2, r, edge);
    R_CHECK("ldm with its base", loaded(0, 10, edge - 16));
    data_fault("ldmdb", do_ldmdb, edge + 16, 0x3fe, 2, r, edge);
    R_CHECK("ldmdb", loaded(2, 8, edge - 16) && regs[1] == edge - 16);
    data_fault("ldrex", do_ldrex, a, BIT(5), 1, r, a);
    R_CHECK("ldrex", regs[5] == word_at(a));
}

static void stores(void)
{
    uint32_t a = DATA_VA + 0x40, edge = DATA_VA + page, w = MMU_FSTAT_WRITE;

    data_fault("str", do_str, a, 0, 1, w, a);
    R_CHECK("str", stored(5, 1, a));
    data_fault("strb", do_strb, a, 0, 1, w, a);
    R_CHECK("strb", data_now(a) == ((word_at(a) & ~0xffu) | (before[5] & 0xff)));
    data_fault("strh post", do_strh_post, a, BIT(1), 1, w, a);
    R_CHECK("strh post",
            data_now(a) == ((word_at(a) & ~0xffffu) | (before[5] & 0xffff)) && regs[1] == a + 2);
    data_fault("str over two pages", do_str, edge - 2, 0, 2, w, edge);
    R_CHECK("str over two pages",
            data_now(edge - 4) == ((word_at(edge - 4) & 0xffff) | before[5] << 16) &&
                data_now(edge) == ((word_at(edge) & 0xffff0000u) | before[5] >> 16));
    data_fault("strd over two pages", do_strd, edge - 4, 0, 2, w, edge);
    R_CHECK("strd over two pages", stored(4, 2, edge - 4));
    data_fault("stm", do_stm, edge - 16, BIT(1), 2, w, edge);
    R_CHECK("stm", stored(2, 8, edge - 16) && regs[1] == edge + 16);
    data_fault("stmdb", do_stmdb, edge + 16, BIT(1), 2, w, edge);
    R_CHECK("stmdb", stored(2, 8, edge - 16) && regs[1] == edge - 16);
    fill_data();
    run_with(do_swap, a);
    R_CHECK("ldrex, strex", regs[5] == word_at(a) && data_now(a) == before[4]);
}

/* --- rights and contexts -------------------------------------------------------------------- */

static void put_entry(unsigned n, uint32_t va, uint32_t context, uint32_t pa, uint32_t rights)
{
    MMU_VA(n) = va | context;
    MMU_PA(n) = pa | rights;
}

/* One access to what entry 9 maps with @rights; what FSTAT says, 0: no fault. */
static uint32_t try_with(void (*instruction)(uint32_t *), uint32_t pa, uint32_t rights)
{
    for (unsigned i = 0; i < 13; i++) {
        regs[i] = before[i] = 0x5000 + i;
    }
    regs[1] = before[1] = DATA_VA + 0x40;
    forget();
    put_entry(9, DATA_VA, 0, pa, MMU_V | rights);
    instruction(regs);
    return fault.count
               ? fault.fstat & (MMU_FSTAT_VALID | MMU_FSTAT_MISS | MMU_FSTAT_READ |
                                MMU_FSTAT_WRITE | MMU_FSTAT_FETCH | MMU_FSTAT_PRIV | 0xff0000)
               : 0;
}

static void rights(bool privileged)
{
    const uint32_t r = privileged ? MMU_PR : MMU_UR, w = privileged ? MMU_PW : MMU_UW;
    const uint32_t other = privileged ? MMU_UR | MMU_UW | MMU_UX : MMU_PR | MMU_PW | MMU_PX;
    const uint32_t violation = MMU_FSTAT_VALID | 9u << 16 | (privileged ? MMU_FSTAT_PRIV : 0);

    CHECK_EQ(name(mode_name, "read allowed"), try_with(do_ldr, DATA_PA, r), 0);
    CHECK_EQ(name(mode_name, "write allowed"), try_with(do_str, DATA_PA, w), 0);
    CHECK_EQ(name(mode_name, "read forbidden"), try_with(do_ldr, DATA_PA, w | other),
             violation | MMU_FSTAT_READ);
    CHECK_EQ(name(mode_name, "write forbidden"), try_with(do_str, DATA_PA, r | other),
             violation | MMU_FSTAT_WRITE);
    CHECK_EQ(name(mode_name, "write to flash"), try_with(do_str, FLASH_PA, r | w),
             violation | MMU_FSTAT_WRITE);
}

static void contexts(void)
{
    uint32_t v;

    forget();
    put_entry(10, DATA_VA, 1, DATA_PA, ALL);
    put_entry(11, DATA_VA, 2, DATA_PA + page, ALL);
    put_entry(12, DATA_VA + page, 0, DATA_PA + 2 * page, ALL | MMU_G);
    MMU_CTX = 1;
    REG32(DATA_VA) = 111;
    REG32(DATA_VA + page) = 333;
    MMU_CTX = 2;
    REG32(DATA_VA) = 222;
    CHECK_EQ("an entry of all contexts", REG32(DATA_VA + page), 333);
    MMU_CTX = 1;
    CHECK_EQ("context 1", REG32(DATA_VA), 111);
    MMU_CTX = 2;
    CHECK_EQ("context 2", REG32(DATA_VA), 222);
    MMU_FIND = DATA_VA + 4;
    CHECK_EQ("FIND", MMU_FIND, 11);
    MMU_INVC = 1;
    CHECK_EQ("INVC leaves other contexts", REG32(DATA_VA), 222);
    MMU_CTX = 1;
    MMU_FIND = DATA_VA;
    CHECK_EQ("INVC", MMU_FIND, ~0u);
    CHECK_EQ("INVC leaves G", REG32(DATA_VA + page), 333);
    CHECK_EQ("no fault so far", fault.count, 0);
    v = REG32(DATA_VA);
    CHECK_EQ("an entry of another context is none", fault.count, 1);
    (void)v;
    MMU_CTX = 2;
    MMU_INVA = DATA_VA + page + 8;
    v = REG32(DATA_VA);
    CHECK_EQ("INVA leaves other pages", fault.count, 1);
    v = REG32(DATA_VA + page);
    CHECK_EQ("INVA", fault.count, 2);
    MMU_INVALL = 1;
    v = REG32(DATA_VA + page);
    CHECK_EQ("INVALL", fault.count, 3);
    MMU_CTX = 0;
    forget();
    put_entry(20, DATA_VA, 0, DATA_PA, ALL);
    CHECK_EQ("the higher entry", REG32(DATA_VA), data_now(DATA_VA));
    REG32(DATA_VA) = 1;
    put_entry(15, DATA_VA, 0, DATA_PA + page, ALL);
    REG32(DATA_VA) = 2;
    CHECK_EQ("the lower entry counts", data_now(DATA_VA), 1);
    MMU_INVALL = 0;
    put_entry(3, DATA_VA, 0, 0x00700000, ALL);
    CHECK_EQ("no entry without memory", MMU_PA(3) & MMU_V, 0);
    put_entry(3, DATA_VA, 0, 0xfffffc00, ALL);
    CHECK_EQ("nor at the end of the world", MMU_PA(3) & MMU_V, 0);
}

/* --- fetches -------------------------------------------------------------------------------- */

/* movw r0, #0x1234; movs r1, #1; bx lr: 4, 2, 2 bytes */
static const uint16_t code[] = {0xf241, 0x2034, 0x2101, 0x4770};

static void put_code(uint32_t va, const uint16_t *from, unsigned count)
{
    uint32_t limit = MMU_RDIRECT;

    MMU_RDIRECT = ~0u;
    for (unsigned i = 0; i < count; i++) {
        REG16(place(va) + 2 * i) = from[i];
    }
    MMU_RDIRECT = limit;
}

static uint32_t call(uint32_t va)
{
    return ((uint32_t(*)(void))(va | 1))();
}

static void fetches(void)
{
    uint32_t edge = DATA_VA + 2 * page;

    for (unsigned back = 0; back <= 8; back += 2) {
        static const char *const where[] = {"at a page's start", "over the edge by 2",
                                            "4 before the edge", "6 before the edge",
                                            "8 before the edge"};
        bool two = back > 0 && back < 8;

        put_code(edge - back, code, 4);
        forget();
        CHECK_EQ(name("fetch", where[back / 2]), call(edge - back), 0x1234);
        CHECK_EQ(name("fetch faults", where[back / 2]), fault.count, two ? 2 : 1);
        CHECK_EQ(name("fetch CFSR", where[back / 2]), fault.cfsr, IBUSERR);
        CHECK_EQ(name("fetch FADDR", where[back / 2]), fault.faddr, two ? edge : edge - back);
        CHECK_EQ(name("fetch FSTAT", where[back / 2]), fault.fstat & 0xff,
                 MMU_FSTAT_VALID | MMU_FSTAT_MISS | MMU_FSTAT_FETCH | MMU_FSTAT_PRIV);
    }
    /* the second half goes away after it has run */
    put_code(edge - 2, code, 4);
    forget();
    call(edge - 2);
    call(edge - 2);
    fault.count = 0;
    MMU_INVA = edge;
    CHECK_EQ("a second half that went away", call(edge - 2), 0x1234);
    CHECK_EQ("is missed", fault.count, 1);
    CHECK_EQ("alone", fault.faddr, edge);
    forget();
    put_code(DATA_VA, code, 4);
    put_entry(9, DATA_VA, 0, DATA_PA, ALL & ~MMU_PX);
    CHECK_EQ("execute forbidden", call(DATA_VA), 0x1234);
    CHECK_EQ("is a violation", fault.fstat,
             MMU_FSTAT_VALID | MMU_FSTAT_FETCH | MMU_FSTAT_PRIV | 9u << 16);
}

/* --- code that changes ---------------------------------------------------------------------- */

static void flash_command(uint32_t command, uint32_t address, uint32_t count)
{
    FLASH_ADDR = address;
    FLASH_COUNT = count;
    FLASH_CMD = command;
    while (FLASH_STAT & FLASH_BUSY) {
    }
}

static void program_code(uint32_t pa, unsigned value)
{
    FLASH_KEY = FLASH_KEY_VALUE;
    FLASH_BUF(0) = 0x47702000u | value; /* movs r0, #value; bx lr */
    flash_command(FLASH_ERASE, pa, 1);
    flash_command(FLASH_PROGRAM, pa, 4);
    FLASH_KEY = 0;
}

static void changing_code(void)
{
    uint16_t return_7[] = {0x2007, 0x4770};
    bool good = true;

    program_code(FLASH_PA + 0x100, 1);
    forget();
    CHECK_EQ("code in flash, paged", call(CODE_VA + 0x100), 1);
    CHECK_EQ("a fault for it", fault.count, 1);
    program_code(FLASH_PA + 0x100, 2);
    CHECK_EQ("programmed again, runs anew", call(CODE_VA + 0x100), 2);
    CHECK_EQ("without a fault", fault.count, 1);
    forget();
    put_entry(9, DATA_VA, 0, DATA_PA, ALL);
    put_entry(10, DATA_VA + 0x100000, 0, DATA_PA, ALL);
    put_code(DATA_VA, return_7, 2);
    for (unsigned i = 0; i < 50; i++) {
        REG8(DATA_VA) = i;
        good &= call(DATA_VA + 0x100000) == i;
    }
    CHECK("written at one address, executed at another", good && !fault.count);
    for (unsigned i = 0; i < 10; i++) {
        put_entry(9, DATA_VA, 0, DATA_PA + (i & 1) * page, ALL);
        REG16(DATA_VA) = 0x2000 + i;
        REG16(DATA_VA + 2) = 0x4770;
        good &= call(DATA_VA) == i;
    }
    CHECK("another page at the same address", good && !fault.count);
}

/* --- modes ---------------------------------------------------------------------------------- */

static void (*svc_body)(void);

__attribute__((naked)) void exc_SVCall(void)
{
    __asm__ volatile("push {r4, lr}\n\t"
                     "bl run_svc\n\t"
                     "pop {r4, pc}");
}

void run_svc(void);

void run_svc(void)
{
    uint32_t control;

    if (svc_body) {
        svc_body();
        return;
    }
    /* back to privileged */
    __asm__ volatile("mrs %0, control" : "=r"(control));
    __asm__ volatile("msr control, %0\n\tisb" ::"r"(control & ~1u));
}

static void in_handler(void (*body)(void))
{
    svc_body = body;
    __asm__ volatile("svc 0" ::: "memory");
    svc_body = NULL;
}

static void handler_body(void)
{
    loads();
    stores();
    rights(true);
}

/* Only the instruction itself; the rest needs the MMU's registers. */
static void (*unprivileged_instruction)(uint32_t *);

static void unprivileged(uint32_t *r)
{
    uint32_t control;

    __asm__ volatile("mrs %0, control" : "=r"(control));
    __asm__ volatile("msr control, %0\n\tisb" ::"r"(control | 1u));
    unprivileged_instruction(r);
    __asm__ volatile("svc 0" ::: "memory");
}

static uint32_t try_unprivileged(void (*instruction)(uint32_t *), uint32_t rights_)
{
    unprivileged_instruction = instruction;
    return try_with(unprivileged, DATA_PA, rights_);
}

static void unprivileged_mode(void)
{
    uint32_t edge = DATA_VA + page;

    mode_name = "unprivileged:";
    CHECK_EQ("unprivileged: read allowed", try_unprivileged(do_ldr, MMU_UR), 0);
    CHECK_EQ("unprivileged: read forbidden", try_unprivileged(do_ldr, ALL & ~MMU_UR),
             MMU_FSTAT_VALID | MMU_FSTAT_READ | 9u << 16);
    CHECK_EQ("unprivileged: write forbidden", try_unprivileged(do_str, ALL & ~MMU_UW),
             MMU_FSTAT_VALID | MMU_FSTAT_WRITE | 9u << 16);
    unprivileged_instruction = do_ldm;
    data_fault("ldm", unprivileged, edge - 16, 0x3fe, 2, MMU_FSTAT_READ, edge);
    R_CHECK("ldm", loaded(2, 8, edge - 16) && regs[1] == edge + 16);
    unprivileged_instruction = do_strd;
    data_fault("strd", unprivileged, edge - 4, 0, 2, MMU_FSTAT_WRITE, edge);
    R_CHECK("strd", stored(4, 2, edge - 4));
}

/* --- stacking, unstacking, vectors ---------------------------------------------------------- */

static volatile unsigned software_irqs;
static bool drop_stack; /* as the handler's last act */

void irq_SOFTWARE(void)
{
    software_irqs++;
    if (drop_stack) {
        MMU_INVALL = 0;
    }
}

/* After the interrupt: r0-r3, r12, lr, flags, sp */
static uint32_t resumed[8];

/* A thread on PSP, in a page that may not be there, which is interrupted. */
__attribute__((naked, noinline)) static void
interrupted_thread(uint32_t psp __attribute__((unused)), uint32_t *after __attribute__((unused)))
{
    __asm__ volatile("push {r4-r11, lr}\n\t"
                     "mov r6, r1\n\t"
                     "msr psp, r0\n\t"
                     "mrs r7, control\n\t"
                     "orr r7, #2\n\t"
                     "msr control, r7\n\t"
                     "isb\n\t"
                     "ldr r4, =0xe000e200\n\t"
                     "mov r5, #0x80000000\n\t"
                     "movw r0, #0x1000\n\t"
                     "movw r1, #0x1111\n\t"
                     "movw r2, #0x2222\n\t"
                     "movw r3, #0x3333\n\t"
                     "movw r12, #0xcccc\n\t"
                     "movw lr, #0xeeee\n\t"
                     "mov r7, #0xa8000000\n\t" /* N, C, Q */
                     "msr apsr_nzcvq, r7\n\t"
                     "str r5, [r4]\n\t" /* ISPR: the software interrupt */
                     "dsb\n\t"
                     "isb\n\t"
                     "mrs r7, apsr\n\t"
                     "stmia r6!, {r0-r3, r12, lr}\n\t"
                     "str r7, [r6]\n\t"
                     "mov r7, sp\n\t"
                     "str r7, [r6, #4]\n\t"
                     "mrs r7, control\n\t"
                     "bic r7, #2\n\t"
                     "msr control, r7\n\t"
                     "isb\n\t"
                     "pop {r4-r11, pc}\n\t"
                     ".ltorg");
}

/* Interrupted with its stack at @psp: everything is as before. */
static bool resumes(uint32_t psp)
{
    static const uint32_t as_before[] = {0x1000, 0x1111, 0x2222,    0x3333,
                                         0xcccc, 0xeeee, 0xa8000000};
    bool same = true;

    software_irqs = 0;
    interrupted_thread(psp, resumed);
    for (unsigned i = 0; i < 7; i++) {
        same &= resumed[i] == as_before[i];
    }
    return same && resumed[7] == psp && software_irqs == 1;
}

static void stacking(void)
{
    forget();
    CHECK("stacking: all is as before", resumes(DATA_VA + page + 16)); /* over two pages */
    CHECK_EQ("stacking: STKERR", fault.cfsr, STKERR);
    CHECK_EQ("stacking: once", fault.count, 1);
    CHECK_EQ("stacking: FADDR", fault.faddr, DATA_VA + page - 16);
    CHECK_EQ("stacking: FSTAT", fault.fstat & 0x3f,
             MMU_FSTAT_VALID | MMU_FSTAT_MISS | MMU_FSTAT_WRITE | MMU_FSTAT_PRIV);
    CHECK_EQ("stacking: FRAME", refused_frame, DATA_VA + page - 16);

    forget();
    map(DATA_VA, DATA_PA, ALL);
    CHECK("stacking: the second page only", resumes(DATA_VA + page + 20)); /* realigned */
    CHECK_EQ("stacking: the second page: FADDR", fault.faddr, DATA_VA + page);
    CHECK_EQ("stacking: the second page: FRAME", refused_frame, DATA_VA + page - 16);

    forget();
    NVIC_IPR(IRQ_SOFTWARE) = 0;
    SCB_SHPR1 = 0x8000; /* BusFault's */
    CHECK("stacking: the interrupt goes first", resumes(DATA_VA + page));
    CHECK_EQ("stacking: the interrupt goes first: STKERR", fault.cfsr, STKERR);
    SCB_SHPR1 = 0;
    NVIC_IPR(IRQ_SOFTWARE) = 0x80;
}

static void unstacking(void)
{
    forget();
    map(DATA_VA, DATA_PA, ALL);
    drop_stack = true;
    CHECK("unstacking: registers are those before", resumes(DATA_VA + 0x80));
    drop_stack = false;
    CHECK_EQ("unstacking: UNSTKERR", fault.cfsr, UNSTKERR);
    CHECK_EQ("unstacking: FADDR", fault.faddr, DATA_VA + 0x60);
    CHECK_EQ("unstacking: FSTAT", fault.fstat & 0x3f,
             MMU_FSTAT_VALID | MMU_FSTAT_MISS | MMU_FSTAT_READ | MMU_FSTAT_PRIV);
}

static uint32_t sum_to(uint32_t n)
{
    volatile uint32_t room[24];

    for (unsigned i = 0; i < 24; i++) {
        room[i] = n;
    }
    return n ? sum_to(n - 1) + room[n % 24] : 0;
}

/* A store below the stack's last page: neither it nor the frame of its fault have a page. */
static void growing_stack(void)
{
    uint32_t n = page / 48;

    forget();
    CHECK_EQ("a stack that grows into pages on demand", call_on(DATA_VA + 4 * page, n, sum_to),
             n * (n + 1) / 2);
    CHECK_EQ("a stack that grows: stores and stacking", fault.cfsr & ~BFARVALID,
             PRECISERR | STKERR);
    CHECK("a stack that grows: a fault or two a page", fault.count >= 3 && fault.count <= 8);
}

static void stacks(void)
{
    irq_enable(IRQ_SOFTWARE);
    stacking();
    unstacking();
    growing_stack();
}

static volatile unsigned hard_faults;
static volatile uint32_t hfsr;

/* try_read() and try_write() are not used here. */
void exc_HardFault(void)
{
    hfsr = SCB_HFSR;
    if (++hard_faults > 3) {
        unexpected_exception();
    }
    SCB_HFSR = hfsr;
    fault.faddr = MMU_FADDR;
    fault.fstat = MMU_FSTAT;
    MMU_FSTAT = 0;
    map(fault.faddr, place(fault.faddr), ALL);
}

static void vectors(void)
{
    uint32_t table = DATA_VA + page - 0x80; /* the interrupts from 16 on are in the next page */
    uint32_t limit = MMU_RDIRECT;

    MMU_RDIRECT = ~0u;
    for (unsigned i = 0; i < 48; i++) {
        REG32(place(table) + 4 * i) = REG32(4 * i);
    }
    MMU_RDIRECT = limit;
    forget();
    map(DATA_VA, DATA_PA, ALL);
    software_irqs = 0;
    SCB_VTOR = table;
    NVIC_ISPR(0) = 1u << IRQ_SOFTWARE;
    __asm__ volatile("dsb\n\tisb");
    SCB_VTOR = 0;
    CHECK_EQ("vector: HardFault", hard_faults, 1);
    CHECK("vector: VECTTBL", (hfsr & VECTTBL) != 0);
    CHECK_EQ("vector: FADDR", fault.faddr, table + 4 * (16 + IRQ_SOFTWARE));
    CHECK_EQ("vector: FSTAT", fault.fstat & 0x3f,
             MMU_FSTAT_VALID | MMU_FSTAT_MISS | MMU_FSTAT_READ | MMU_FSTAT_PRIV);
    CHECK_EQ("vector: the interrupt comes afterwards", software_irqs, 1);
    irq_disable(IRQ_SOFTWARE);
}

/* --- the MPU before it ---------------------------------------------------------------------- */

#define APP_VA 0xc0de0000u /* where the core executes nothing by itself */

static volatile unsigned mpu_faults;
static volatile uint32_t mpu_cfsr;

/* The MPU goes off, and the access comes again. */
void exc_MemManage(void)
{
    mpu_faults++;
    mpu_cfsr = SCB_CFSR & 0xff;
    SCB_CFSR = SCB_CFSR;
    MPU_CTRL = 0;
    __asm__ volatile("dsb\n\tisb");
}

/* 1 MiB at APP_VA */
static void mpu_on(uint32_t access, bool execute_never)
{
    MPU_RNR = 0;
    MPU_RBAR = APP_VA & ~0xfffffu;
    MPU_RASR = (execute_never ? 1u << 28 : 0) | access << 24 | 19u << 1 | 1;
    MPU_CTRL = 5; /* ENABLE, PRIVDEFENA */
    __asm__ volatile("dsb\n\tisb");
}

static void mpu(void)
{
    uint32_t count;

    program_code(FLASH_PA, 42);
    forget();
    put_entry(9, APP_VA, 0, FLASH_PA, ALL);
    SCB_SHCSR |= 1u << 16; /* MEMFAULTENA */
    mpu_on(3, false);
    CHECK_EQ("MPU: code at 0xC0DE0000", call(APP_VA), 42);
    CHECK_EQ("MPU: no fault", mpu_faults + fault.count, 0);
    count = MMU_FCOUNT;
    MMU_INVALL = 0;
    put_entry(9, APP_VA, 0, DATA_PA, ALL);
    mpu_on(0, true);
    (void)REG32(APP_VA);
    CHECK_EQ("MPU: it judges first", mpu_faults, 1);
    CHECK_EQ("MPU: MemManage", mpu_cfsr, 0x82); /* DACCVIOL, MMARVALID */
    CHECK_EQ("MPU: the MMU hears nothing of it", MMU_FCOUNT, count);
    MPU_CTRL = 0;
}

static void with_pages(unsigned bits)
{
    page = 1u << bits;
    MMU_CTRL = MMU_CTRL_PSZ(bits) | MMU_CTRL_EN;
    mode_name = "thread:";
    loads();
    stores();
    rights(true);
    fetches();
    changing_code();
    contexts();
    mode_name = "handler:";
    in_handler(handler_body);
    unprivileged_mode();
    stacks();
    hard_faults = 0;
    vectors();
    mpu_faults = 0;
    mpu();
}

void test(void)
{
    uint32_t least = MMU_CONF >> 16 & 0x1f;

    SCB_SHCSR |= 1u << 17;   /* BUSFAULTENA */
    SCB_SHPR2 = 0x80u << 24; /* SVCall below BusFault */
    NVIC_IPR(IRQ_SOFTWARE) = 0x80;
    SCB_CCR |= 1u << 9; /* STKALIGN */
    CHECK_EQ("off after reset", MMU_CTRL, MMU_CTRL_PSZ(least));
    CHECK_EQ("64 entries, pages up to 64 KiB", MMU_CONF & 0xff00ffff, 0x10000040);
    MMU_FDIRECT = FLASH_START + 0x40000;
    MMU_RDIRECT = RAM_START + 0x2000;
    with_pages(least);
    with_pages(least + 2);
    MMU_CTRL = MMU_CTRL_PSZ(7) | MMU_CTRL_EN;
    CHECK_EQ("no smaller pages", MMU_CTRL >> 8 & 0x1f, least + 2);
}
