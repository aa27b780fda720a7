/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board_virt.c - QEMU's riscv32 virt machine in M-mode: CLINT timer, PLIC, the 16550 of the
 * machine and, if there is one, the two of a pci-serial-2x.
 *
 * Section numbers of CSRs are those of the RISC-V Privileged Architecture, version 20211203.
 */
#include "board.h"
#include "print.h"
#include "uart.h"

#define MSTATUS_MIE (1u << 3) /* 3.1.6 */
#define MIE_MTIE (1u << 7)    /* 3.1.9 */
#define MIE_MEIE (1u << 11)
#define MCAUSE_TIMER 0x80000007u /* 3.1.15 */
#define MCAUSE_EXTERNAL 0x8000000bu

#define IO_PORTS 0x1000u /* where BAR 0 of the serial card goes, in I/O space */

static struct {
    uint32_t base; /* 0: not there */
    uint32_t clock_hz;
    unsigned irq;
} uarts[BOARD_UARTS];

int main(void);
void virt_main(void);
void semihosting_call(uint32_t operation, const void *argument);

/* --- CPU ----------------------------------------------------------------------------------- */

unsigned irq_save(void)
{
    unsigned mstatus;

    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(mstatus)::"memory");
    return mstatus & MSTATUS_MIE;
}

void irq_restore(unsigned state)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(state) : "memory");
}

void cpu_wfi(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

_Noreturn void board_exit(unsigned code)
{
    const uint32_t block[2] = {0x20026, code}; /* ADP_Stopped_ApplicationExit */

    semihosting_call(0x20, block); /* SYS_EXIT_EXTENDED */
    for (;;) {
        cpu_wfi();
    }
}

_Noreturn void board_panic(const char *why)
{
    print("panic: %s\n", why);
    board_exit(3);
}

/* --- time ---------------------------------------------------------------------------------- */

static uint64_t mtime(void)
{
    uint32_t high, low;

    do {
        high = CLINT_MTIME_HIGH;
        low = CLINT_MTIME_LOW;
    } while (CLINT_MTIME_HIGH != high);
    return (uint64_t)high << 32 | low;
}

uint64_t timer_now_ns(void)
{
    return mtime() * MTIME_NS;
}

/* Privileged Architecture 3.2.1: never let a value in between be in the past. */
static void set_mtimecmp(uint64_t value)
{
    CLINT_MTIMECMP_HIGH = UINT32_MAX;
    CLINT_MTIMECMP_LOW = (uint32_t)value;
    CLINT_MTIMECMP_HIGH = (uint32_t)(value >> 32);
}

/*
 * The timer is off unless somebody sleeps until a time. Setting it to the end of all time instead
 * would do on a board, but `-icount sleep=off` without a peer jumps there when the CPU is idle.
 */
static void alarm_enable(bool on)
{
    if (on) {
        __asm__ volatile("csrs mie, %0" ::"r"(MIE_MTIE));
    } else {
        __asm__ volatile("csrc mie, %0" ::"r"(MIE_MTIE));
    }
}

void timer_sleep_until(uint64_t ns)
{
    if (ns != TIMER_NEVER) {
        set_mtimecmp((ns + MTIME_NS - 1) / MTIME_NS);
        alarm_enable(true);
    }
    cpu_wfi();
}

/* --- UARTs --------------------------------------------------------------------------------- */

static void add_uart(unsigned n, uint32_t base, uint32_t clock_hz, unsigned irq)
{
    uarts[n].base = base;
    uarts[n].clock_hz = clock_hz;
    uarts[n].irq = irq;
}

/* Bus 0 is all there is. The card's eight registers a port are consecutive in BAR 0. */
static void find_serial_card(void)
{
    for (uint32_t device = 0; device < 32; device++) {
        unsigned irq;

        if (REG32(PCIE_ECAM(device, PCI_VENDOR_ID)) != PCI_ID_SERIAL_2X) {
            continue;
        }
        irq = PCIE_IRQ + (device + REG8(PCIE_ECAM(device, PCI_PIN)) - 1u) % 4;
        REG32(PCIE_ECAM(device, PCI_BAR0)) = IO_PORTS;
        REG16(PCIE_ECAM(device, PCI_COMMAND)) = PCI_COMMAND_IO;
        add_uart(1, PCIE_IO_BASE + IO_PORTS, PCI_UART_CLOCK_HZ, irq);
        add_uart(2, PCIE_IO_BASE + IO_PORTS + 8, PCI_UART_CLOCK_HZ, irq);
        return;
    }
}

/* No FIFO: an interrupt a byte, no character time-out. */
void uart_init(unsigned n, uint32_t baud)
{
    uint32_t base = uarts[n].base;
    uint32_t divisor;

    if (!base) {
        board_panic("no such UART: is there a -device pci-serial-2x?");
    }
    divisor = (uarts[n].clock_hz / 16 + baud / 2) / baud;
    NS16550_IER(base) = 0;
    NS16550_LCR(base) = NS16550_LCR_DLAB;
    NS16550_DLL(base) = (uint8_t)divisor;
    NS16550_DLM(base) = (uint8_t)(divisor >> 8);
    NS16550_LCR(base) = NS16550_LCR_8N1;
    NS16550_FCR(base) = 0;
    NS16550_MCR(base) = NS16550_MCR_OUT2;
    NS16550_IER(base) = NS16550_IER_RDI;
    PLIC_PRIORITY(uarts[n].irq) = 1;
    PLIC_ENABLE(uarts[n].irq) |= 1u << (uarts[n].irq % 32);
}

void uart_putc(unsigned n, uint8_t byte)
{
    while (!(NS16550_LSR(uarts[n].base) & NS16550_LSR_THRE)) {
    }
    NS16550_THR(uarts[n].base) = byte;
}

static void uart_irq(unsigned n, uint64_t now)
{
    uint32_t base = uarts[n].base;

    for (;;) {
        uint8_t lsr = NS16550_LSR(base);

        if (lsr & NS16550_LSR_ERRORS) {
            uart_line_error(n);
        }
        if (!(lsr & NS16550_LSR_DR)) {
            return;
        }
        uart_received(n, NS16550_RBR(base), now);
    }
}

/* --- interrupts ---------------------------------------------------------------------------- */

/* The two ports of the card share a line. */
static void external_interrupt(void)
{
    uint64_t now = timer_now_ns();
    uint32_t irq;

    while ((irq = PLIC_CLAIM)) {
        for (unsigned n = 0; n < BOARD_UARTS; n++) {
            if (uarts[n].base && uarts[n].irq == irq) {
                uart_irq(n, now);
            }
        }
        PLIC_CLAIM = irq;
    }
}

__attribute__((interrupt("machine"), aligned(4))) static void trap(void)
{
    uint32_t mcause;

    __asm__ volatile("csrr %0, mcause" : "=r"(mcause));
    switch (mcause) {
    case MCAUSE_TIMER:
        alarm_enable(false); /* it has woken whoever slept */
        break;
    case MCAUSE_EXTERNAL:
        external_interrupt();
        break;
    default:
        board_panic("unexpected trap");
    }
}

void board_clock_init(void)
{
}

void board_init(void)
{
    add_uart(0, UART0_BASE, UART0_CLOCK_HZ, UART0_IRQ);
    find_serial_card();
    PLIC_THRESHOLD = 0;
    __asm__ volatile("csrw mtvec, %0" ::"r"(trap));
    __asm__ volatile("csrw mie, %0" ::"r"(MIE_MEIE));
}

void virt_main(void)
{
    board_init();
    irq_restore(MSTATUS_MIE);
    board_exit((unsigned)main());
}
