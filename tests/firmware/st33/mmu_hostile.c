/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmu_hostile.c - the MMU where it is easy to get wrong: code at every distance from a page's end,
 * IT blocks, exclusives, unprivileged loads, stacks that are not there, the MPU in the middle of a
 * page, page after page of other code at the same address. All page sizes, each fault's frame and
 * status compared with DDI 0403E and docs/st33.md.
 */
#include "stack.h"
#include "test.h"

#define DATA_VA 0x20000000u
#define DATA_PA (RAM_START + 0x40000u) /* 256 KiB of it */
#define DATA_BYTES 0x40000u
#define ALIAS_VA 0x10000000u
#define ALL (MMU_V | MMU_PR | MMU_PW | MMU_PX | MMU_UR | MMU_UW | MMU_UX)
#define STACK_VA (DATA_VA + DATA_BYTES - page)

#define EXC_HARD 3u
#define EXC_MEM 4u
#define EXC_BUS 5u
#define EXC_USAGE 6u
#define MSTKERR (1u << 4)
#define DACCVIOL (1u << 1)
#define IBUSERR (1u << 8)
#define PRECISERR (1u << 9)
#define UNSTKERR (1u << 11)
#define STKERR (1u << 12)
#define BFARVALID (1u << 15)
#define UNALIGNED (1u << 24)
#define FORCED (1u << 30)

static uint32_t page; /* bytes */

/* --- memory --------------------------------------------------------------------------------- */

/* Entries 0 to 15 are the fault handler's, the others the tests'. */
static unsigned next_entry;

static uint32_t place(uint32_t va)
{
    return DATA_PA + (va & (DATA_BYTES - 1));
}

static void put_entry(unsigned n, uint32_t va, uint32_t pa, uint32_t rights)
{
    MMU_VA(n) = (va & ~(page - 1)) | MMU_CTX;
    MMU_PA(n) = (pa & ~(page - 1)) | rights;
}

static void map(uint32_t va, uint32_t rights)
{
    put_entry(next_entry, va, place(va), rights);
    next_entry = (next_entry + 1) % 16;
}

/* Through a direct look at all of RAM. */
static void poke16(uint32_t va, uint16_t value)
{
    uint32_t limit = MMU_RDIRECT;

    MMU_RDIRECT = ~0u;
    REG16(place(va)) = value;
    MMU_RDIRECT = limit;
}

static void poke(uint32_t va, uint32_t value)
{
    poke16(va, (uint16_t)value);
    poke16(va + 2, (uint16_t)(value >> 16));
}

static uint32_t peek(uint32_t va)
{
    uint32_t limit = MMU_RDIRECT, value;

    MMU_RDIRECT = ~0u;
    value = REG32(place(va));
    MMU_RDIRECT = limit;
    return value;
}

/* --- faults --------------------------------------------------------------------------------- */

struct fault {
    uint32_t exception, cfsr, hfsr, bfar, fstat, faddr, frame;
    uint32_t pc, psr, lr;
};

#define FAULTS_MOST 40u

static volatile struct fault faults[FAULTS_MOST];
static volatile unsigned fault_count;
static void (*volatile mend)(uint32_t *); /* instead of a page, if set */

static volatile bool keep_fstat;

static void put_frame(void)
{
    uint32_t at = MMU_FRAME & ~MMU_FRAME_VALID;

    for (unsigned i = 0; i < 2; i++) { /* it may lie in two pages */
        MMU_INVA = at + 28 * i;
        map(at + 28 * i, ALL);
    }
    for (unsigned i = 0; i < 8; i++) {
        REG32(at + 4 * i) = MMU_FRAME_WORD(i);
    }
    MMU_FRAME = 0;
}

void service(uint32_t *frame);

void service(uint32_t *frame)
{
    volatile struct fault *f = &faults[fault_count];
    uint32_t ipsr, count = fault_count + 1;

    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    *f = (struct fault){ipsr & 0x1ff, SCB_CFSR,  SCB_HFSR, SCB_BFAR, MMU_FSTAT,
                        MMU_FADDR,    MMU_FRAME, 0,        0,        0};
    fault_count = count;
    if (count == FAULTS_MOST) {
        unexpected_exception();
    }
    SCB_CFSR = f->cfsr;
    SCB_HFSR = f->hfsr;
    if (!keep_fstat) {
        MMU_FSTAT = 0;
    }
    if (MMU_FRAME & MMU_FRAME_VALID) {
        put_frame();
    }
    if (mend) {
        mend(frame);
        return;
    }
    if (!(f->fstat & MMU_FSTAT_VALID)) {
        unexpected_exception();
    }
    MMU_INVA = f->faddr;
    map(f->faddr, ALL);
    if (!(f->cfsr & UNSTKERR)) {
        f->pc = frame[6];
        f->psr = frame[7];
        f->lr = frame[5];
    }
}

#define HANDLER(name)                                                                              \
    __attribute__((naked)) void name(void)                                                         \
    {                                                                                              \
        __asm__ volatile("tst lr, #4\n\t"                                                          \
                         "ite eq\n\t"                                                              \
                         "mrseq r0, msp\n\t"                                                       \
                         "mrsne r0, psp\n\t"                                                       \
                         "push {r4, lr}\n\t"                                                       \
                         "bl service\n\t"                                                          \
                         "pop {r4, pc}");                                                          \
    }

HANDLER(exc_HardFault)
HANDLER(exc_MemManage)
HANDLER(exc_BusFault)
HANDLER(exc_UsageFault)

static void forget(void)
{
    MMU_INVALL = 0;
    MMU_FSTAT = 0;
    MMU_FRAME = 0;
    fault_count = 0;
    mend = NULL;
    for (unsigned i = 0; i < FAULTS_MOST; i++) {
        faults[i] = (struct fault){0};
    }
}

/* The instruction is left out, be it long or short. */
static void skip_instruction(uint32_t *frame)
{
    uint32_t first = REG16(frame[6]);

    frame[6] += first >> 11 >= 0x1d ? 4 : 2;
    frame[7] &= ~0x0600fc00u; /* no instruction here is one of several in an IT block */
}

#define MISS(access) (MMU_FSTAT_VALID | MMU_FSTAT_MISS | (access))
#define FSTAT_LOW (MMU_FSTAT_VALID | MMU_FSTAT_MISS | 7u << 2 | MMU_FSTAT_PRIV | MMU_FSTAT_MORE)

static void one_fault(const char *what, uint32_t cfsr, uint32_t fstat, uint32_t faddr)
{
    CHECK_EQ(name(what, "one fault"), fault_count, 1);
    CHECK_EQ(name(what, "CFSR"), faults[0].cfsr, cfsr);
    CHECK_EQ(name(what, "FSTAT"), faults[0].fstat & FSTAT_LOW, fstat);
    CHECK_EQ(name(what, "FADDR"), faults[0].faddr, faddr);
}

/* --- code at every distance from a page's end ------------------------------------------------ */

/* r0 in, r0 out; r1: two words of data, somewhere else. All of it may move. */
extern const uint16_t blob_start[], blob_end[];

__asm__(".thumb\n\t.syntax unified\n\t.align 2\n\t.global blob_start, blob_end\n"
        "blob_start:\n\t"
        "push {r4-r7, lr}\n\t"
        "movw r2, #0x1234\n\t"
        "movt r2, #0x5678\n\t"
        "eors r2, r0\n\t"
        "adds r3, r2, r2\n\t"
        "itete cs\n\t"
        "addcs.w r2, r2, #0x100\n\t"
        "subcc r2, #3\n\t"
        "ldrcs.w r4, [r1]\n\t"
        "ldrcc r4, [r1, #4]\n\t"
        "mrs r5, apsr\n\t"
        "eor.w r2, r2, r5, lsr #28\n\t"
        "and.w r5, r2, #3\n\t"
        "tbb [pc, r5]\n"
        "1: .byte (2f-1b)/2, (3f-1b)/2, (4f-1b)/2, (5f-1b)/2\n"
        "2: adds r2, #1\n\t"
        "b.w 6f\n"
        "3: add.w r2, r2, #0x200\n\t"
        "b 6f\n"
        "4: ldr.w r6, 7f\n\t"
        "eors r2, r6\n\t"
        "b 6f\n"
        "5: bl 8f\n"
        "6: ldrd r6, r7, 7f\n\t"
        "adds r6, r7\n\t"
        "mla r2, r2, r6, r4\n\t"
        "it mi\n\t"
        "mvnmi r2, r2\n\t"
        "mov r0, r2\n\t"
        "pop {r4-r7, pc}\n"
        "8: rev r2, r2\n\t"
        "bx lr\n\t"
        ".align 2\n"
        "7: .word 0x9e3779b1, 0x85ebca6b\n"
        ".align 2\n"
        "blob_end:\n");

static uint32_t run_code(uint32_t va, uint32_t argument, uint32_t data)
{
    return ((uint32_t(*)(uint32_t, uint32_t))(va | 1))(argument, data);
}

static void put_code(uint32_t va, const uint16_t *from, const uint16_t *to)
{
    for (unsigned i = 0; from + i < to; i++) {
        poke16(va + 2 * i, from[i]);
    }
}

/* Is each fault what a fetch from, or a read of, a missing page is? */
static bool good_faults(uint32_t edge, uint32_t at, uint32_t bytes)
{
    bool good = true;

    for (unsigned i = 0; i < fault_count; i++) {
        const volatile struct fault *f = &faults[i];
        bool fetch = f->cfsr == IBUSERR, read = f->cfsr == (PRECISERR | BFARVALID);

        good &= f->exception == EXC_BUS && (fetch || read) && f->pc >= at && f->pc < at + bytes;
        good &= (f->fstat & FSTAT_LOW) ==
                (MISS(fetch ? MMU_FSTAT_FETCH : MMU_FSTAT_READ) | MMU_FSTAT_PRIV);
        good &= !fetch || f->faddr >= edge || (i == 0 && f->faddr == at);
        good &= !fetch || f->pc == f->faddr || (f->pc + 2 == edge && f->faddr == edge);
        good &= !read || f->faddr == f->bfar;
    }
    return good;
}

static void every_distance(void)
{
    static const uint32_t arguments[] = {0, 1, 2, 3, 0x80000000u, 0xdeadbeefu};
    const uint32_t bytes = 2 * (uint32_t)(blob_end - blob_start), edge = DATA_VA + page;
    static uint32_t words[2] = {0x01020304, 0xa0b0c0d0};
    uint32_t data = DATA_VA + 2 * page + 0x20; /* two words there, where no page is */
    bool right = true, kept = true;

    for (uint32_t back = 0; back <= bytes; back += 4) {
        uint32_t at = edge - back; /* ldrd's literal wants 4 */

        put_code(at, blob_start, blob_end);
        poke(data, words[0]);
        poke(data + 4, words[1]);
        for (unsigned i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
            uint32_t wanted = run_code((uint32_t)blob_start, arguments[i], (uint32_t)words);

            forget();
            right &= run_code(at, arguments[i], data) == wanted;
            kept &= good_faults(edge, at, bytes) && fault_count >= 2 && fault_count <= 3;
        }
    }
    CHECK("code over a page's end: does what it does elsewhere", right);
    CHECK("code over a page's end: each fault is precise", kept);
}

/* Its second half may not be executed, or is there for others only. */
static void half_forbidden(void)
{
    static const uint16_t code[] = {0xf241, 0x2034, 0x4770}; /* movw r0, #0x1234; bx lr */
    uint32_t edge = DATA_VA + page;

    put_code(edge - 2, code, code + 3);
    forget();
    put_entry(20, edge - 2, place(edge - 2), ALL);
    put_entry(21, edge, place(edge), ALL & ~MMU_PX);
    CHECK_EQ("half of it may not be executed", run_code(edge - 2, 0, 0), 0x1234);
    one_fault("half of it may not be executed:", IBUSERR,
              MMU_FSTAT_VALID | MMU_FSTAT_FETCH | MMU_FSTAT_PRIV, edge);
    CHECK_EQ("half of it may not be executed: the entry", faults[0].fstat >> 16 & 0xff, 21);
    CHECK_EQ("half of it may not be executed: the frame's PC", faults[0].pc, edge - 2);
    /* the first half is moved while the second is there */
    poke16(edge + page - 2, 0xf645); /* movw r0, #0x5a34 with the same second half */
    put_entry(20, edge - 2, place(edge + page - 2), ALL);
    CHECK("another first half", run_code(edge - 2, 0, 0) != 0x1234);
    CHECK_EQ("another first half: no fault", fault_count, 1);
}

/* --- IT blocks -------------------------------------------------------------------------------- */

__attribute__((naked, noinline)) static uint32_t it_loads(uint32_t a __attribute__((unused)),
                                                          uint32_t b __attribute__((unused)))
{
    __asm__ volatile("movs r2, #0\n\t"
                     "movs r3, #7\n\t"
                     "cmp r2, #0\n\t"
                     "itete eq\n\t"
                     "ldreq r2, [r0]\n\t"
                     "ldrne r3, [r0]\n\t"
                     "ldreq r0, [r1]\n\t"
                     "movne r3, #9\n\t"
                     "add r0, r2\n\t"
                     "add r0, r3\n\t"
                     "bx lr");
}

static uint32_t itstate(uint32_t psr)
{
    return (psr >> 25 & 3) | (psr >> 8 & 0xfc);
}

static void it_blocks(void)
{
    uint32_t a = DATA_VA + 8, b = DATA_VA + page + 8;

    poke(a, 1000);
    poke(b, 30000);
    forget();
    CHECK_EQ("IT: result", it_loads(a, b), 31007);
    CHECK_EQ("IT: faults", fault_count, 2);
    CHECK_EQ("IT: state at the first", itstate(faults[0].psr), 0x0b);
    CHECK_EQ("IT: state at the third", itstate(faults[1].psr), 0x0c);
}

/* --- loads, stores, exclusives -----------------------------------------------------------------
 */

extern const uint8_t landed[];

/* r1 is the base; what the base has become. */
__attribute__((naked, noinline)) static uint32_t ldm_with_pc(uint32_t base __attribute__((unused)))
{
    __asm__ volatile("push {r4-r6, lr}\n\t"
                     "ldmia r0!, {r3-r5, pc}\n\t"
                     "movs r0, #0\n\t"
                     "pop {r4-r6, pc}\n\t"
                     ".global landed\n"
                     "landed: eors r0, r3\n\t"
                     "eors r0, r4\n\t"
                     "eors r0, r5\n\t"
                     "pop {r4-r6, pc}");
}

__attribute__((naked, noinline)) static uint32_t table_branch(uint32_t table
                                                              __attribute__((unused)))
{
    __asm__ volatile("movs r1, #2\n\t"
                     "tbh_here: tbh [r0, r1, lsl #1]\n\t"
                     "movs r0, #0\n\t"
                     "bx lr\n\t"
                     "movs r0, #77\n\t" /* 2 halfwords after it */
                     "bx lr");
}

static void branches(void)
{
    uint32_t edge = DATA_VA + page;

    for (unsigned i = 0; i < 3; i++) {
        poke(edge - 12 + 4 * i, 0x111u << 4 * i);
    }
    poke(edge, (uint32_t)landed | 1);
    forget();
    CHECK_EQ("ldm with pc over a page's end", ldm_with_pc(edge - 12),
             (edge + 4) ^ 0x111 ^ 0x1110 ^ 0x11100);
    CHECK_EQ("ldm with pc: faults", fault_count, 2);
    CHECK_EQ("ldm with pc: the last", faults[1].bfar, edge);
    poke(edge, 2);
    forget();
    CHECK_EQ("tbh from a missing table", table_branch(edge - 4), 77);
    one_fault("tbh:", PRECISERR | BFARVALID, MISS(MMU_FSTAT_READ) | MMU_FSTAT_PRIV, edge);
    forget();
    __asm__ volatile("pld [%0]" ::"r"(edge));
    CHECK_EQ("pld asks for nothing", fault_count + MMU_FSTAT, 0);
}

static uint32_t ldrex(uint32_t at)
{
    uint32_t value;

    __asm__ volatile("ldrex %0, [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static uint32_t strex(uint32_t value, uint32_t at)
{
    uint32_t failed;

    __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(value), "r"(at) : "memory");
    return failed;
}

/* An exception clears the monitor (B3.2.1 of the exclusives' rules), so what was interrupted fails.
 */
static void exclusives(void)
{
    uint32_t at = DATA_VA + 0x30;

    poke(at, 5);
    forget();
    put_entry(20, at, place(at), ALL & ~MMU_PW);
    CHECK_EQ("ldrex from a page that is read only", ldrex(at), 5);
    CHECK_EQ("strex to it: after the fault it fails", strex(6, at), 1);
    one_fault("strex to it:", PRECISERR | BFARVALID,
              MMU_FSTAT_VALID | MMU_FSTAT_WRITE | MMU_FSTAT_PRIV, at);
    CHECK_EQ("strex to it: and has written nothing", peek(at), 5);
    CHECK_EQ("ldrex again", ldrex(at), 5);
    CHECK_EQ("strex again", strex(6, at), 0);
    CHECK_EQ("strex again: written", peek(at), 6);
    forget();
    CHECK_EQ("strex without ldrex", strex(7, at), 1);
    CHECK_EQ("strex without ldrex: nothing written", peek(at), 6);
    map(at, ALL);
    fault_count = 0;
    (void)ldrex(at);
    MMU_INVA = at;
    CHECK_EQ("strex to a page that went away: fails", strex(8, at), 1);
    CHECK_EQ("strex to a page that went away: nothing written", peek(at), 6);
    CHECK_EQ("strex to a page that went away: BFAR", faults[0].bfar, at);
}

/* With the rights that are not those of who runs. */
static void unprivileged_accesses(void)
{
    uint32_t at = DATA_VA + 0x10, value;

    poke(at, 0x89abcdef);
    forget();
    put_entry(20, at, place(at), MMU_V | MMU_PR | MMU_PW);
    __asm__ volatile("ldrt %0, [%1]" : "=r"(value) : "r"(at) : "memory");
    CHECK_EQ("ldrt: where privileged code may", value, 0x89abcdef);
    one_fault("ldrt:", PRECISERR | BFARVALID, MMU_FSTAT_VALID | MMU_FSTAT_READ, at);
    forget();
    put_entry(20, at, place(at), MMU_V | MMU_PR | MMU_PW);
    __asm__ volatile("strbt %0, [%1]" ::"r"(0x12), "r"(at) : "memory");
    one_fault("strbt:", PRECISERR | BFARVALID, MMU_FSTAT_VALID | MMU_FSTAT_WRITE, at);
    CHECK_EQ("strbt: written then", peek(at), 0x89abcd12);
    forget();
    put_entry(20, at, place(at), MMU_V | MMU_UR);
    __asm__ volatile("ldrsht %0, [%1]" : "=r"(value) : "r"(at) : "memory");
    CHECK_EQ("ldrsht: where only others may", value, 0xffffcd12);
    CHECK_EQ("ldrsht: no fault", fault_count, 0);
    CHECK_EQ("ldr there", REG32(at), 0x89abcd12);
    one_fault("ldr there:", PRECISERR | BFARVALID,
              MMU_FSTAT_VALID | MMU_FSTAT_READ | MMU_FSTAT_PRIV, at);
    /* nor do they reach the MMU, of which it is no fault */
    forget();
    mend = skip_instruction;
    __asm__ volatile("strt %0, [%1]" ::"r"(0), "r"(&MMU_CTRL) : "memory");
    one_fault("strt to the MMU:", PRECISERR | BFARVALID, 0, faults[0].faddr);
    CHECK_EQ("strt to the MMU: BFAR", faults[0].bfar, (uint32_t)&MMU_CTRL);
    CHECK("strt to the MMU: is not done", (MMU_CTRL & MMU_CTRL_EN) != 0);
}

/* What the core refuses by itself comes before the MMU (A3.2.1, B1.5.14). */
static void unaligned(void)
{
    uint32_t at = DATA_VA + 2, count = MMU_FCOUNT, limit = RAM_START + 0x20000, value;

    forget();
    mend = skip_instruction;
    __asm__ volatile("ldmia %0, {r2, r3}" ::"r"(at) : "r2", "r3", "memory");
    __asm__ volatile("ldrd r2, r3, [%0]" ::"r"(at) : "r2", "r3", "memory");
    __asm__ volatile("ldrex r2, [%0]" ::"r"(at) : "r2", "memory");
    CHECK_EQ("unaligned ldm, ldrd, ldrex on a missing page", fault_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const which[] = {"ldm", "ldrd", "ldrex"};

        CHECK_EQ(name("unaligned:", which[i]), faults[i].cfsr, UNALIGNED);
        CHECK_EQ(name("unaligned: exception:", which[i]), faults[i].exception, EXC_USAGE);
    }
    CHECK_EQ("unaligned: the MMU hears nothing of it", MMU_FCOUNT, count);
    /* out of direct memory into what is not there, and nothing of it is written */
    forget();
    MMU_RDIRECT = limit;
    REG32(limit - 4) = 0x11223344;
    mend = skip_instruction;
    __asm__ volatile("str %0, [%1]" ::"r"(0xffffffff), "r"(limit - 2) : "memory");
    one_fault("out of direct memory:", PRECISERR | BFARVALID,
              MISS(MMU_FSTAT_WRITE) | MMU_FSTAT_PRIV, limit);
    CHECK_EQ("out of direct memory: nothing written", REG32(limit - 4), 0x11223344);
    MMU_RDIRECT = limit - page;
    value = fault_count;
    (void)REG32(limit - 4);
    CHECK_EQ("less direct memory: at once", fault_count, value + 1);
    MMU_RDIRECT = RAM_START + 0x20000;
}

/* --- stacks ---------------------------------------------------------------------------------- */

static volatile uint32_t svc_number, svc_argument;

void take_svc(const uint32_t *frame);

void take_svc(const uint32_t *frame)
{
    svc_number = REG8(frame[6] - 2);
    svc_argument = frame[0];
}

__attribute__((naked)) void exc_SVCall(void)
{
    __asm__ volatile("mrs r0, psp\n\t"
                     "b take_svc");
}

static volatile unsigned irqs;
static void (*volatile in_irq)(void);

void irq_SOFTWARE(void)
{
    irqs++;
    if (in_irq) {
        in_irq();
    }
}

__attribute__((naked, noinline)) static uint32_t call_svc(uint32_t n __attribute__((unused)))
{
    __asm__ volatile("svc 0x5a\n\t"
                     "adds r0, #1\n\t"
                     "bx lr");
}

__attribute__((naked, noinline)) static uint32_t push_pop(uint32_t n __attribute__((unused)))
{
    __asm__ volatile("push {r4-r11, lr}\n\t"
                     "mov r4, r0\n\t"
                     "mov r5, #0\n\t"
                     "mov r11, #3\n\t"
                     "push {r0, r4, r5, r11}\n\t"
                     "ldr r6, =0x40001028\n\t" /* INVALL: all of it goes away again */
                     "str r6, [r6]\n\t"
                     "pop {r0, r7, r8, r9}\n\t"
                     "add r0, r9\n\t"
                     "pop {r4-r11, pc}\n\t"
                     ".ltorg");
}

__attribute__((naked, noinline)) static uint32_t call_irq(uint32_t n __attribute__((unused)))
{
    __asm__ volatile("ldr r3, =0xe000e200\n\t"
                     "mov r2, #0x80000000\n\t"
                     "str r2, [r3]\n\t"
                     "dsb\n\t"
                     "isb\n\t"
                     "add r0, r0, r2, lsr #31\n\t"
                     "bx lr\n\t"
                     ".ltorg");
}

static void drop_all(void)
{
    MMU_INVALL = 0;
}

static void drop_second(void)
{
    MMU_INVA = STACK_VA;
}

static void stacks(void)
{
    uint32_t top = STACK_VA;

    forget();
    svc_number = 0;
    CHECK_EQ("svc on a missing stack", call_on(top, 41, call_svc), 42);
    CHECK_EQ("svc on a missing stack: its number", svc_number, 0x5a);
    CHECK_EQ("svc on a missing stack: its argument", svc_argument, 41);
    one_fault("svc on a missing stack:", STKERR, MISS(MMU_FSTAT_WRITE) | MMU_FSTAT_PRIV, top - 32);
    CHECK_EQ("svc on a missing stack: FRAME", faults[0].frame, (top - 32) | MMU_FRAME_VALID);
    for (uint32_t up = 0; up <= 48; up += 4) {
        bool good = true;

        forget();
        good &= call_on(top + up, 100, push_pop) == 103;
        for (unsigned i = 0; i < fault_count; i++) {
            good &= (faults[i].cfsr & ~(BFARVALID | PRECISERR | STKERR | UNSTKERR)) == 0;
        }
        if (!good || fault_count < 2) {
            note_hex("push and pop: failed with SP above a page by", up);
            check("push and pop on a stack that comes and goes", false, "");
        }
    }
    CHECK("push and pop on a stack that comes and goes: lived", true);
    /* half of the frame goes away before it is unstacked */
    irqs = 0;
    forget();
    map(top, ALL);
    map(top - 4, ALL);
    in_irq = drop_second;
    CHECK_EQ("half a frame is gone", call_on(top + 16, 7, call_irq), 8);
    one_fault("half a frame is gone:", UNSTKERR, MISS(MMU_FSTAT_READ) | MMU_FSTAT_PRIV, top);
    in_irq = NULL;
    CHECK_EQ("half a frame is gone: one interrupt", irqs, 1);
}

/* The code that was interrupted has gone, and its stack with it. */
static void gone_code(void)
{
    static const uint16_t code[] = {0x4b03, 0x4a03, 0x601a,         /* ldr r3, ldr r2, str: ISPR */
                                    0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f, /* dsb, isb */
                                    0x4770, 0xe200, 0xe000, 0x0000, 0x8000};
    uint32_t at = DATA_VA + 2 * page + 0x20, both;

    put_code(at, code, code + 12);
    forget();
    in_irq = drop_all;
    irqs = 0;
    CHECK_EQ("code and stack gone", call_on(STACK_VA + 64, 9, (uint32_t(*)(uint32_t))(at | 1)), 9);
    CHECK_EQ("code and stack gone: the interrupt", irqs, 1);
    in_irq = NULL;
    both = 0;
    for (unsigned i = 0; i < fault_count; i++) {
        both |= faults[i].cfsr;
    }
    CHECK_EQ("code and stack gone: of each kind", both, IBUSERR | STKERR | UNSTKERR);
    CHECK_EQ("code and stack missing: at once", faults[0].cfsr, IBUSERR | STKERR);
    CHECK_EQ("code and stack missing: the last counts, and there is MORE",
             faults[0].fstat & FSTAT_LOW, MISS(MMU_FSTAT_WRITE) | MMU_FSTAT_PRIV | MMU_FSTAT_MORE);
    CHECK_EQ("code and stack missing: the frame's PC", faults[0].pc, at);
}

/* --- what becomes of a BusFault that cannot be ------------------------------------------------ */

static void escalation(void)
{
    uint32_t at = DATA_VA + 0x44;

    poke(at, 99);
    forget();
    SCB_SHCSR &= ~(1u << 17);
    CHECK_EQ("BusFault not enabled", REG32(at), 99);
    SCB_SHCSR |= 1u << 17;
    one_fault("BusFault not enabled:", PRECISERR | BFARVALID, MISS(MMU_FSTAT_READ) | MMU_FSTAT_PRIV,
              at);
    CHECK_EQ("BusFault not enabled: HardFault", faults[0].exception, EXC_HARD);
    CHECK_EQ("BusFault not enabled: FORCED", faults[0].hfsr, FORCED);
    forget();
    irqs_off();
    CHECK_EQ("PRIMASK", REG32(at), 99);
    irqs_on();
    CHECK_EQ("PRIMASK: HardFault", faults[0].exception, EXC_HARD);
    CHECK_EQ("PRIMASK: FORCED", faults[0].hfsr, FORCED);
}

/* --- the MPU, before it ----------------------------------------------------------------------- */

/* Region 0: all of DATA_VA, full access; region 1 from @at on. */
static void mpu_on(uint32_t at, uint32_t attributes)
{
    MPU_RNR = 0;
    MPU_RBAR = DATA_VA;
    MPU_RASR = 3u << 24 | 19u << 1 | 1;
    MPU_RNR = 1;
    MPU_RBAR = at;
    MPU_RASR = attributes | 1;
    MPU_CTRL = 5; /* ENABLE, PRIVDEFENA */
    __asm__ volatile("dsb\n\tisb");
}

static void mpu_off(uint32_t *frame)
{
    (void)frame;
    MPU_CTRL = 0;
    __asm__ volatile("dsb\n\tisb");
}

#define BYTES_32 (4u << 1)
#define BYTES_256 (7u << 1)

static void mpu(void)
{
    static const uint16_t code[] = {0x2007, 0x4770}; /* movs r0, #7; bx lr */
    uint32_t at = DATA_VA + 0x60, count;

    for (unsigned i = 0; i < 64; i++) {
        poke(DATA_VA + 4 * i, i);
    }
    forget();
    map(at, ALL);
    mpu_on(at, 0u << 24 | BYTES_32);
    CHECK_EQ("MPU: below 32 bytes that are not for us", REG32(at - 4), 0x17);
    CHECK_EQ("MPU: above them", REG32(at + 32), 0x20);
    count = MMU_FCOUNT;
    mend = mpu_off;
    CHECK_EQ("MPU: in them", REG32(at + 28), 0x1f);
    CHECK_EQ("MPU: MemManage", faults[0].exception, EXC_MEM);
    CHECK_EQ("MPU: the MMU hears nothing of it", MMU_FCOUNT, count);
    forget();
    mpu_on(at, 6u << 24 | BYTES_32); /* read only */
    CHECK_EQ("MPU: read only, read, page missing", REG32(at), 0x18);
    one_fault("MPU: read only:", PRECISERR | BFARVALID, MISS(MMU_FSTAT_READ) | MMU_FSTAT_PRIV, at);
    mend = mpu_off;
    REG32(at) = 1;
    CHECK_EQ("MPU: read only, write", faults[1].cfsr, DACCVIOL | 1u << 7);
    forget();
    put_code(at, code, code + 2);
    mpu_on(at, 1u << 28 | 3u << 24 | BYTES_32); /* execute never */
    mend = mpu_off;
    MMU_INVA = at;
    count = MMU_FCOUNT;
    map(at, ALL);
    CHECK_EQ("MPU: 32 bytes not to be executed", run_code(at, 0, 0), 7);
    CHECK_EQ("MPU: 32 bytes not to be executed: IACCVIOL", faults[0].cfsr, 1);
    CHECK_EQ("MPU: 32 bytes not to be executed: not asked", MMU_FCOUNT, count);
    forget();
    mpu_on(at, 3u << 24 | BYTES_32);
    CHECK_EQ("MPU: 32 bytes to be executed, page missing", run_code(at, 0, 0), 7);
    poke16(at, 0x2008);
    CHECK_EQ("MPU: 32 bytes to be executed, changed", run_code(at, 0, 0), 8);
    CHECK_EQ("MPU: 32 bytes to be executed: a fault", fault_count, 1);
    forget();
    map(DATA_VA, ALL);
    poke(DATA_VA, 5);
    poke(DATA_VA + 32, 8);
    mpu_on(DATA_VA, 0u << 24 | 0xfeu << 8 | BYTES_256); /* only its first eighth */
    CHECK_EQ("MPU: beside a subregion", REG32(DATA_VA + 32), 8);
    mend = mpu_off;
    CHECK_EQ("MPU: in a subregion", REG32(DATA_VA), 5);
    CHECK_EQ("MPU: in a subregion: DACCVIOL", faults[0].cfsr, DACCVIOL | 1u << 7);
    mpu_off(NULL);
}

/* MSTKERR: the frame is lost, also when the MMU's last fault is one of those addresses. */

/* The thread goes on where what it called would have returned. */
static void abandon(uint32_t *frame)
{
    static const uint32_t words[8] = {55, 0, 0, 0, 0, 0, 0, 1u << 24};

    if (faults[fault_count - 1].exception == EXC_BUS) { /* leaves its trace */
        skip_instruction(frame);
        return;
    }
    mpu_off(NULL);
    map(STACK_VA, ALL);
    for (unsigned i = 0; i < 8; i++) {
        frame[i] = words[i];
    }
    frame[6] = (uint32_t)came_back;
}

static void mpu_stack(void)
{
    uint32_t top = STACK_VA + 64;

    forget();
    keep_fstat = true;
    mend = abandon;
    (void)REG32(top - 16);
    CHECK_EQ("MPU: a fault of the MMU's before", faults[0].faddr, top - 16);
    MPU_RNR = 1;
    MPU_RASR = 0;
    MPU_RNR = 0;
    MPU_RASR = 0;
    MPU_RBAR = STACK_VA;
    MPU_RASR = 6u << 24 | BYTES_256 | 1; /* read only */
    MPU_CTRL = 5;
    __asm__ volatile("dsb\n\tisb");
    CHECK_EQ("MPU: a stack that is read only", call_on(top, 7, call_irq), 55);
    CHECK_EQ("MPU: a stack that is read only: MSTKERR", faults[1].cfsr, MSTKERR);
    CHECK_EQ("MPU: a stack that is read only: no FRAME", faults[1].frame, 0);
    keep_fstat = false;
}

/* --- other code at the same address ------------------------------------------------------------
 */

static void remaps(void)
{
    static const uint16_t code[] = {0x2000, 0x4770};
    /* strh r0, [pc, #4]; dsb; isb; movs r0, #0 (which becomes what r0 was); bx lr */
    static const uint16_t changes_itself[] = {0xa102, 0x8008, 0xf3bf, 0x8f4f,
                                              0xf3bf, 0x8f6f, 0x2000, 0x4770};
    uint32_t at = DATA_VA + 0x80, alias = ALIAS_VA + 0x80;
    bool good = true;

    for (unsigned i = 0; i < 3; i++) {
        put_code(at + i * page, code, code + 2);
        poke16(at + i * page, (uint16_t)(0x2010 + i));
    }
    forget();
    for (unsigned i = 0; i < 60; i++) {
        put_entry(20, at, place(at + i % 3 * page), ALL & ~(MMU_PW | MMU_UW));
        good &= run_code(at, 0, 0) == 0x10 + i % 3;
    }
    CHECK("another page of code at an address, 60 times", good && !fault_count);
    for (unsigned i = 0; i < 60; i++) { /* what is not mapped now is changed by an alias */
        put_entry(21, alias, place(at + i % 3 * page), ALL);
        REG16(alias) = (uint16_t)(0x2040 + i);
        put_entry(20, at, place(at + i % 3 * page), ALL & ~(MMU_PW | MMU_UW));
        good &= run_code(at, 0, 0) == 0x40 + i;
        MMU_PA(20) = 0;
    }
    CHECK("and changed by another address while it was away", good && !fault_count);
    put_code(at, changes_itself, changes_itself + 8);
    put_entry(20, at, place(at), ALL);
    for (unsigned i = 0; i < 20; i++) {
        good &= run_code(at, 0x2060 + i, 0) == 0x60 + i;
    }
    CHECK("code that changes itself", good && !fault_count);
    put_entry(17, at, place(at + page), ALL); /* a lower number counts */
    CHECK_EQ("covered by a lower entry", run_code(at, 0, 0), (peek(at + page) & 0xff));
    MMU_PA(17) = 0;
    CHECK_EQ("uncovered", run_code(at, 0x2033, 0), 0x33);
    MMU_VA(20) = at; /* any write to VAn */
    fault_count = 0;
    (void)REG32(at);
    CHECK_EQ("a write to VAn makes it invalid", fault_count, 1);
}

/* One virtual address, a page of code in each context, and code that switches in a page of all. */
static void contexts(void)
{
    /* movw r2, #0x1000; movt r2, #0x4000; str r1, [r2, #8]; isb; bx r0 */
    static const uint16_t switches[] = {0xf241, 0x0200, 0xf2c4, 0x0200,
                                        0x6091, 0xf3bf, 0x8f6f, 0x4700};
    static const uint16_t code[] = {0x2000, 0x4770};
    uint32_t at = DATA_VA + 0x40, gate = DATA_VA + 3 * page - 8; /* over a page's end */
    bool good = true;

    for (unsigned c = 0; c < 3; c++) {
        uint32_t pa = at + (c == 2 ? 3 : c) * page;

        put_code(pa, code, code + 2);
        poke16(pa, (uint16_t)(0x2070 + c));
    }
    put_code(gate, switches, switches + 8);
    forget();
    for (unsigned c = 0; c < 3; c++) {
        MMU_CTX = c;
        put_entry(30 + c, at, place(at + (c == 2 ? 3 : c) * page), ALL);
    }
    put_entry(40, gate, place(gate), ALL | MMU_G);
    put_entry(41, gate + 8, place(gate + 8), ALL | MMU_G);
    for (unsigned i = 0; i < 100; i++) {
        good &= run_code(gate, at | 1, i * 7 % 3) == 0x70 + i * 7 % 3;
    }
    CHECK("100 switches of context by paged code", good && !fault_count);
    MMU_CTX = 1;
    MMU_INVC = 2;
    good = run_code(gate, at | 1, 0) == 0x70 && run_code(gate, at | 1, 1) == 0x71;
    CHECK("INVC of another context", good && !fault_count);
    MMU_INVC = 1;
    MMU_INVC = 0;
    CHECK_EQ("INVC of the one that runs: a miss", (run_code(gate, at | 1, 1), fault_count), 1);
    CHECK_EQ("FSTAT tells the context", faults[0].fstat >> 24, 1);
    MMU_CTX = 0;
}

/* Where another Cortex-M3 has its bit bands. */
static void bit_band(void)
{
    forget();
    put_entry(20, 0x22000000, place(DATA_VA), ALL);
    REG32(0x22000004) = 0xaabbccdd;
    CHECK_EQ("no bit band: 0x22000000 is memory", peek(DATA_VA + 4), 0xaabbccdd);
    mend = skip_instruction;
    (void)REG32(0x42000000);
    CHECK_EQ("no bit band: nothing at 0x42000000", fault_count, 1);
    CHECK_EQ("no bit band: nor is that the MMU's", faults[0].fstat, 0);
}

static void with_pages(unsigned bits)
{
    static char title[] = "pages of 2^00";

    title[11] = (char)('0' + bits / 10);
    title[12] = (char)('0' + bits % 10);
    note(title);
    page = 1u << bits;
    MMU_CTRL = MMU_CTRL_PSZ(bits) | MMU_CTRL_EN;
    every_distance();
    half_forbidden();
    it_blocks();
    branches();
    exclusives();
    unprivileged_accesses();
    unaligned();
    stacks();
    gone_code();
    escalation();
    mpu();
    mpu_stack();
    remaps();
    contexts();
    bit_band();
}

void test(void)
{
    uint32_t least = MMU_CONF >> 16 & 0x1f;

    SCB_SHCSR |= 7u << 16;   /* MemManage, BusFault, UsageFault */
    SCB_SHPR2 = 0x80u << 24; /* SVCall below BusFault */
    NVIC_IPR(IRQ_SOFTWARE) = 0x80;
    SCB_CCR |= 1u << 9; /* STKALIGN */
    irq_enable(IRQ_SOFTWARE);
    MMU_FDIRECT = FLASH_START + 0x40000;
    MMU_RDIRECT = RAM_START + 0x20000;
    for (unsigned bits = least; bits <= 16; bits++) {
        with_pages(bits);
    }
}
