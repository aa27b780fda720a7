/*
 * STM32WB55 system on chip
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_SOC_H
#define HW_ORRERY_STM32WB55_SOC_H

#include "hw/arm/armv7m.h"
#include "hw/sysbus.h"
#include "qom/object.h"
#include "block.h"
#include "pins.h"

#define WB_FLASH_BASE 0x08000000
#define WB_FLASH_SIZE (1 * MiB)
#define WB_SRAM1_BASE 0x20000000
#define WB_SRAM1_SIZE (192 * KiB)
#define WB_SRAM2A_BASE 0x20030000
#define WB_SRAM2B_BASE 0x20038000
#define WB_SRAM2A_CODE 0x10000000
#define WB_SRAM2B_CODE 0x10008000
#define WB_SRAM2_SIZE (32 * KiB) /* each of the two */
#define WB_SYSTEM_BASE 0x1FFF0000
#define WB_SYSTEM_SIZE (28 * KiB)
#define WB_CPU2_FIRMWARE 0x080DB000 /* where CPU2's firmware is, unless it says otherwise */
#define WB_QUADSPI_BASE 0x90000000
#define WB_NVIC_LINES 64

/* What address 0 shows: SYSCFG_MEMRMP.MEM_MODE (RM0434 9.2.1) */
typedef enum Stm32wbBoot {
    WB_BOOT_FLASH = 0,
    WB_BOOT_SYSTEM = 1,
    WB_BOOT_SRAM = 3,
    WB_BOOT_QUADSPI = 6,
} Stm32wbBoot;

#define TYPE_STM32WB55_SOC "stm32wb55-soc" /* abstract */
#define TYPE_STM32WB55_CPU1 "stm32wb55-cpu1-soc"
#define TYPE_STM32WB55_CPU2 "stm32wb55-cpu2-soc"
OBJECT_DECLARE_TYPE(Stm32wb55Soc, Stm32wb55SocClass, STM32WB55_SOC)

/* What one core sees; soc_view.h */
typedef struct WbView WbView;

struct Stm32wb55SocClass {
    SysBusDeviceClass parent_class;

    const WbView *view;
};

/* An area that CPU1 must not see; secure.c */
typedef struct Stm32wbSecureArea {
    MemoryRegion mr;
    hwaddr base;
    struct Stm32wbFlash *flash; /* NULL: of SRAM2 */
    bool said;
} Stm32wbSecureArea;

struct Stm32wb55Soc {
    SysBusDevice parent_obj;

    ARMv7MState armv7m;
    Stm32wbPins pins;
    MemoryRegion memory; /* what the bus matrix sees */
    MemoryRegion sram1;
    MemoryRegion sram2a;
    MemoryRegion sram2b;
    MemoryRegion sram2a_code; /* 0x10000000 */
    MemoryRegion sram2b_code;
    MemoryRegion system;      /* ROM */
    MemoryRegion boot_flash, boot_system, boot_sram, boot_quadspi; /* at 0, one enabled */
    Stm32wbSecureArea secure[5]; /* in use if secured */
    bool secured;
    MemoryRegion scr; /* CPU2's */
    Notifier power;
    bool boot0; /* the pin's level at reset */
    int shared_fd; /* of the memories that the other core sees, too, or -1 (shared.h) */
    uint8_t shared_irq[WB_NVIC_LINES]; /* inputs used of an interrupt's OR gate */
};

/* The block of that name ("USART1"); aborts if there is none. */
Stm32wbBlock *stm32wb55_soc_block(Stm32wb55Soc *s, const char *name);

/* ordered_sram.c: from now on the cores' accesses to @range, "ADDRESS+BYTES", are ordered. */
bool stm32wb55_soc_order_sram(Stm32wb55Soc *s, const char *range, Error **errp);

/* Show @what at address 0. */
void stm32wb55_soc_remap(Stm32wb55Soc *s, Stm32wbBoot what);

/* The SRAMs were without power, but SRAM2a if @keep_2a: they read as zero. */
void stm32wb55_soc_lose_sram(Stm32wb55Soc *s, bool keep_2a);

#endif
