/*
 * STM32WB55: messages between the processes of its two cores
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPU1 and CPU2 are machines of two QEMUs, joined by one link of kind CORES whose ports are named
 * "cores". What one core does and the other's process must hear of (a boot, a reset, a clock that
 * changed, an interrupt) is a timed message on it. Its first byte is its kind; the rest is of that
 * kind and may be anything: a handler checks what it gets.
 *
 * Without that link (CPU1 alone, as with `cpu2: none`, or QEMU started by hand) nothing is sent.
 */
#ifndef HW_ORRERY_STM32WB55_CORES_H
#define HW_ORRERY_STM32WB55_CORES_H

#define WB_CORES_PORT "cores"
#define WB_CORES_BODY_MAX 63 /* bytes after the kind */

/* Kinds; the body in brackets, little endian. Old numbers are not used again. */
typedef enum WbCoresKind {
    WB_CORES_BOOT = 1,  /* to CPU2: C2BOOT was set [] */
    WB_CORES_RESET = 2, /* to CPU2: it is reset; to CPU1: CPU2 asks for a system reset [cause] */
    WB_CORES_CELL = 3,  /* a register that both affect has changed: cells.c */
    WB_CORES_SLEEP = 5, /* this core sleeps deep, or no longer [1, 0] */
    WB_CORES_EVENT = 6, /* sets the event register, as EXTI is told [] */
    WB_CORES_FLASH = 7, /* contents of the flash changed [address, bytes] */
    WB_CORES_MIRROR = 4, /* registers that both have before them have changed: mirror.c */
    WB_CORES_KINDS = 32,
} WbCoresKind;

/* Called in the vCPU thread with the BQL, between instructions, at the message's time. */
typedef void WbCoresFn(void *opaque, const uint8_t *body, unsigned len);

/* Is there another core? */
bool stm32wb_cores_linked(void);

/* The link's latency in ns; 0 without a link. */
uint64_t stm32wb_cores_latency(void);

/* Who gets messages of @kind: one handler each. */
void stm32wb_cores_on(WbCoresKind kind, WbCoresFn *fn, void *opaque);

/*
 * To the other core, to arrive at now + latency. vCPU thread only: from an access, a timer or a
 * message, never from a reset (see stm32wb_cores_linked and a timer at the current time).
 */
void stm32wb_cores_send(WbCoresKind kind, const void *body, unsigned len);

#endif
