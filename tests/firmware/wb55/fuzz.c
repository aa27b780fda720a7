/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.c - random accesses of all sizes and alignments to every peripheral: the machine survives,
 * and does the same each time.
 *
 * What is written may well reset the machine (a watchdog, the option loader); the state of the
 * generator lives through that in memory that start.c leaves alone. Clocks are put right after
 * each write to RCC, so that the run does not crawl; registers that unlock flash are left out, as
 * the program is in there. Faults are counted and passed by.
 */
#include "test.h"

#ifndef FUZZ_ACCESSES
#define FUZZ_ACCESSES 200000u
#endif
#ifndef FUZZ_SEED
#define FUZZ_SEED 0x0123456789abcdefull
#endif

#define MAGIC 0x66757a7au
/* All peripherals are reset by RCC that often: few registers stay locked or running for long. */
#define RESET_EVERY 2048u
/* A machine that resets without end is a failure. */
#define MOST_RESETS (FUZZ_ACCESSES / 16u + 100u)

struct state {
    uint32_t magic;
    uint64_t random;
    uint32_t done;
    uint32_t faults;
    uint32_t resets;
    uint32_t digest; /* of all that was read */
    uint32_t check;
};

static struct state state;
/* Written in turn: a reset may come in the middle of a write. */
static struct state saved[2] __attribute__((section(".noinit")));

struct window {
    uint32_t base;
    uint32_t size;
};

static const struct window windows[] = {
    {TIM2_BASE, 0x400},    {LCD_BASE, 0x400},      {RTC_BASE, 0x400},     {WWDG_BASE, 0x400},
    {IWDG_BASE, 0x400},    {SPI2_BASE, 0x400},     {I2C1_BASE, 0x400},    {I2C3_BASE, 0x400},
    {CRS_BASE, 0x400},     {USB_BASE, 0x400},      {0x40006c00, 0x400},   {LPTIM1_BASE, 0x400},
    {LPUART1_BASE, 0x400}, {LPTIM2_BASE, 0x400},   {SYSCFG_BASE, 0x200},  {COMP_BASE, 0x200},
    {TIM1_BASE, 0x400},    {SPI1_BASE, 0x400},     {USART1_BASE, 0x400},  {TIM16_BASE, 0x400},
    {TIM17_BASE, 0x400},   {SAI1_BASE, 0x400},     {DMA1_BASE, 0x400},    {DMA2_BASE, 0x400},
    {DMAMUX1_BASE, 0x400}, {CRC_BASE, 0x400},      {TSC_BASE, 0x400},     {GPIOA_BASE, 0x400},
    {GPIOB_BASE, 0x400},   {GPIOC_BASE, 0x400},    {GPIOD_BASE, 0x400},   {GPIOE_BASE, 0x400},
    {GPIOH_BASE, 0x400},   {ADC1_BASE, 0x400},     {AES1_BASE, 0x400},    {RCC_BASE, 0x400},
    {PWR_BASE, 0x400},     {EXTI_BASE, 0x400},     {IPCC_BASE, 0x400},    {RNG_BASE, 0x400},
    {HSEM_BASE, 0x400},    {AES2_BASE, 0x400},     {PKA_BASE, 0x2000},    {FLASH_BASE, 0x400},
    {QUADSPI_BASE, 0x400}, {0x90000000, 0x100000}, {DBGMCU_BASE, 0x400},  {SYSTEM_MEMORY, 0x8000},
    {0x40015800, 0x400},   {0x58004400, 0x400},    {0x30000000, 0x100000}};

#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

/* xorshift64* */
static uint32_t random32(void)
{
    state.random ^= state.random >> 12;
    state.random ^= state.random << 25;
    state.random ^= state.random >> 27;
    return (uint32_t)(state.random * 0x2545f4914f6cdd1dull >> 32);
}

static uint32_t below(uint32_t limit)
{
    return (uint32_t)((uint64_t)random32() * limit >> 32);
}

/* ---- state that outlives a reset ---- */

static uint32_t checksum(const struct state *s)
{
    return s->magic ^ (uint32_t)s->random ^ (uint32_t)(s->random >> 32) ^ s->done ^ s->faults * 3 ^
           s->resets * 5 ^ s->digest * 7;
}

static void save(void)
{
    state.check = checksum(&state);
    saved[state.done % 2] = state;
}

static bool restore(void)
{
    const struct state *best = NULL;

    for (unsigned i = 0; i < 2; i++) {
        const struct state *s = &saved[i];

        if (s->magic == MAGIC && s->check == checksum(s) && (!best || s->done > best->done)) {
            best = s;
        }
    }
    if (best) {
        state = *best;
    }
    return best;
}

static void begin(void)
{
    state.magic = MAGIC;
    state.random = FUZZ_SEED;
    state.done = state.faults = state.resets = 0;
    state.digest = 0x811c9dc5;
}

/* ---- accesses ---- */

static volatile bool faulted;

void fuzz_fault(uint32_t *frame);

/* Behind the instruction that faulted: loads and stores here are 32 bits wide. */
void fuzz_fault(uint32_t *frame)
{
    faulted = true;
    frame[6] += 4;
    SCB_CFSR = SCB_CFSR;
    SCB_HFSR = SCB_HFSR;
}

__attribute__((naked)) void exc_HardFault(void)
{
    __asm__ volatile("mrs r0, msp\n\tb fuzz_fault");
}

static uint64_t load(uint32_t address, unsigned size)
{
    uint32_t low = 0, high = 0;

    switch (size) {
    case 0:
        __asm__ volatile("ldrb.w %0, [%1]" : "+r"(low) : "r"(address) : "memory");
        break;
    case 1:
        __asm__ volatile("ldrh.w %0, [%1]" : "+r"(low) : "r"(address) : "memory");
        break;
    case 2:
        __asm__ volatile("ldr.w %0, [%1]" : "+r"(low) : "r"(address) : "memory");
        break;
    default:
        __asm__ volatile("ldrd %0, %1, [%2]" : "+r"(low), "+r"(high) : "r"(address) : "memory");
        break;
    }
    return low | (uint64_t)high << 32;
}

static void store(uint32_t address, unsigned size, uint32_t value)
{
    switch (size) {
    case 0:
        __asm__ volatile("strb.w %0, [%1]" ::"r"(value), "r"(address) : "memory");
        break;
    case 1:
        __asm__ volatile("strh.w %0, [%1]" ::"r"(value), "r"(address) : "memory");
        break;
    case 2:
        __asm__ volatile("str.w %0, [%1]" ::"r"(value), "r"(address) : "memory");
        break;
    default:
        __asm__ volatile("strd %0, %1, [%2]" ::"r"(value), "r"(~value), "r"(address) : "memory");
        break;
    }
}

/*
 * An access to what the program itself needs: FLASH_KEYR and OPTKEYR, which would let it be erased;
 * FLASH_ACR, whose EMPTY makes a reset boot from system memory; SYSCFG_MEMRMP, which would show
 * SRAM1 at 0, where DMA often goes.
 */
static bool forbidden(uint32_t address, unsigned size)
{
    uint32_t end = address + (1u << size);

    return (address < FLASH_BASE + 0x10 && end > FLASH_BASE) ||
           (address < SYSCFG_BASE + 0x04 && end > SYSCFG_BASE);
}

/* Often what means something: few bits, all bits, keys, an address for DMA, a small number. */
static uint32_t value(void)
{
    static const uint32_t keys[] = {0xcccc, 0xaaaa, 0x5555, 0xca, 0x53, 0xcafecafe, 0x1acce551};
    uint32_t v = random32();

    switch (below(8)) {
    case 0:
        return 1u << (v & 31);
    case 1:
        return ~0u << (v & 31);
    case 2:
        return keys[v % (sizeof(keys) / sizeof(keys[0]))];
    case 3:
        return SRAM2A_MEMORY + (v & 0xffff);
    case 4:
        return windows[v % WINDOWS].base + (v >> 16 & 0x7c);
    case 5:
        return v & 0xff;
    default:
        return v;
    }
}

/* CPARx or CMARx: an address of DMA. */
static bool is_dma_address(uint32_t address)
{
    uint32_t offset = (address & 0x3ff) - 0x08;

    return address >= DMA1_BASE && address < DMA2_BASE + 0x400 && offset < 7 * 0x14 &&
           offset % 0x14 >= 0x08 && offset % 0x14 < 0x10;
}

/*
 * DMA from there on, 256 KiB at most or up to a gap between peripherals, would not reach SRAM1,
 * where this program's variables are, nor what forbidden() keeps.
 */
static bool is_harmless(uint32_t address)
{
    return !(address >= SRAM1_MEMORY - 0x40000 && address < SRAM2A_MEMORY) &&
           !(address >= SYSCFG_BASE && address < SYSCFG_BASE + 0x04) &&
           !(address >= PKA_BASE && address < FLASH_BASE + 0x10);
}

/* MSI at 48 MHz drives the core, nothing is divided. */
static void sane_clocks(void)
{
    RCC_CR = (RCC_CR & ~0xffu) | 0xb9;
    RCC_CFGR = 0;
}

static void reset_peripherals(void)
{
    volatile uint32_t *const resets[] = {&RCC_AHB1RSTR,  &RCC_AHB2RSTR, &RCC_APB1RSTR1,
                                         &RCC_APB1RSTR2, &RCC_APB2RSTR, &RCC_APB3RSTR};

    for (unsigned i = 0; i < sizeof(resets) / sizeof(resets[0]); i++) {
        *resets[i] = ~0u;
        *resets[i] = 0;
    }
    RCC_AHB3RSTR = ~(1u << 25); /* not FLASH */
    RCC_AHB3RSTR = 0;
    clocks_on();
    PWR_CR1 |= 1u << 8; /* DBP */
}

static void one_access(void)
{
    uint32_t choice = random32();
    const struct window *w = &windows[choice % WINDOWS];
    /* mostly the first registers */
    uint32_t offset = below(choice >> 8 & 3 ? (w->size < 0x80 ? w->size : 0x80) : w->size);
    uint32_t address = w->base + offset;
    unsigned size = choice >> 10 & 7;
    bool write = choice >> 13 & 1;

    size = size > 3 ? 2 : size;
    if (size == 3 || choice >> 14 & 3) {
        address &= ~((1u << (size == 3 ? 2 : size)) - 1);
    }
    if (write && is_dma_address(address)) {
        address &= ~3u;
        size = 2;
    }
    faulted = false;
    if (write && !(size == 3 && is_dma_address(address + 4)) && !forbidden(address, size)) {
        uint32_t v = value();

        if (is_dma_address(address) && !is_harmless(v)) {
            v = SRAM2A_MEMORY;
        }
        /* a reset may come of it: be ready */
        state.done++;
        save();
        store(address, size, v);
        if (w->base == RCC_BASE) {
            sane_clocks();
        }
    } else if (!write) {
        uint64_t got = load(address, size);

        state.done++;
        state.digest = (state.digest ^ (uint32_t)got ^ (uint32_t)(got >> 32)) * 0x01000193u;
    } else {
        state.done++;
    }
    state.faults += faulted;
}

static void fuzz(void)
{
    while (state.done < FUZZ_ACCESSES) {
        if (state.done % RESET_EVERY == 0) {
            reset_peripherals();
        }
        one_access();
    }
}

void test(void)
{
    irqs_off();
    SCB_VTOR = FLASH_MEMORY; /* what shows at 0 will change */
    if (restore()) {
        state.resets++;
    } else {
        begin();
    }
    save();
    if (state.resets < MOST_RESETS) {
        reset_peripherals();
        fuzz();
    }
    CHECK_EQ("all accesses done", state.done, FUZZ_ACCESSES);
    note_hex("resets", state.resets);
    note_hex("faults", state.faults);
    note_hex("digest of what was read", state.digest);
}
