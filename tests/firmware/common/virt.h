/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virt.h - QEMU's riscv32 `virt` machine: addresses (docs/system/riscv/virt.rst, and the device
 * tree that the machine writes with -machine dumpdtb=) and the registers of its parts.
 */
#ifndef VIRT_H
#define VIRT_H

#include <stdint.h>

#define BOARD_NAME "riscv32 virt"
#define BOARD_UARTS 3u

#define REG8(address) (*(volatile uint8_t *)(address))
#define REG16(address) (*(volatile uint16_t *)(address))
#define REG32(address) (*(volatile uint32_t *)(address))

/* CLINT; mtime counts at 10 MHz (/cpus/timebase-frequency). */
#define CLINT_MTIMECMP_LOW REG32(0x02004000)
#define CLINT_MTIMECMP_HIGH REG32(0x02004004)
#define CLINT_MTIME_LOW REG32(0x0200bff8)
#define CLINT_MTIME_HIGH REG32(0x0200bffc)
#define MTIME_NS 100u

/* RISC-V PLIC specification 1.0.0; context 0 is M-mode of hart 0. */
#define PLIC_PRIORITY(irq) REG32(0x0c000000 + 4 * (irq))
#define PLIC_ENABLE(irq) REG32(0x0c002000 + 4 * ((irq) / 32))
#define PLIC_THRESHOLD REG32(0x0c200000)
#define PLIC_CLAIM REG32(0x0c200004)

/* The generic PCIe host: configuration space, and the window that I/O port 0 is at. */
#define PCIE_ECAM(device, offset) (0x30000000 + ((device) << 15) + (offset))
#define PCIE_IO_BASE 0x03000000
#define PCIE_IRQ 32u /* INTA of device 0; the four pins rotate with the device number */

/* PCI Local Bus Specification 3.0, chapter 6 */
#define PCI_VENDOR_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_COMMAND_IO 1u
#define PCI_BAR0 0x10
#define PCI_PIN 0x3d
#define PCI_ID_SERIAL_2X 0x00031b36u /* docs/specs/pci-serial.rst: 1b36:0003 */

/* 16550 UART; every register is a byte */
#define UART0_BASE 0x10000000
#define UART0_IRQ 10u
#define UART0_CLOCK_HZ 3686400u /* /soc/serial@10000000/clock-frequency */
#define PCI_UART_CLOCK_HZ 1843200u
#define NS16550_RBR(base) REG8((base) + 0)
#define NS16550_THR(base) REG8((base) + 0)
#define NS16550_DLL(base) REG8((base) + 0)
#define NS16550_IER(base) REG8((base) + 1)
#define NS16550_IER_RDI 1u
#define NS16550_DLM(base) REG8((base) + 1)
#define NS16550_FCR(base) REG8((base) + 2)
#define NS16550_LCR(base) REG8((base) + 3)
#define NS16550_LCR_8N1 3u
#define NS16550_LCR_DLAB 0x80u
#define NS16550_MCR(base) REG8((base) + 4)
#define NS16550_MCR_OUT2 8u /* gates the interrupt on a PC; harmless here */
#define NS16550_LSR(base) REG8((base) + 5)
#define NS16550_LSR_THRE 0x20u
#define NS16550_LSR_ERRORS 0x0eu /* framing, parity, overrun */
#define NS16550_LSR_DR 0x01u

#endif
