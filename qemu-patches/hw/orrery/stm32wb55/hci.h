/*
 * STM32WB55: what passes between the Bluetooth host and its controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPU1 and CPU2 exchange packets through a mailbox in SRAM: a reference table, which FLASH_IPCCBR points
 * to, buffers, and linked queues (AN5289, "Mailbox"; STM32_WPAN's mbox_def.h is its other half). A flag in
 * IPCC says that there is something new. So whoever wrote the firmware of either core, the process of
 * the core that sets a flag can see the packets that it means. Each goes, with its time, to the instance's
 * port "hci", if the manifest attaches one; otherwise nothing is looked at. Nothing is ever written.
 */
#ifndef HW_ORRERY_STM32WB55_HCI_H
#define HW_ORRERY_STM32WB55_HCI_H

#include "migration/vmstate.h"
#include "../member.h"
#include "soc.h"

typedef struct WbHci {
    Stm32wb55Soc *soc;
    const OrreryPortInfo *port; /* NULL: nobody watches */
    uint32_t last[2]; /* of a queue that CPU2 sends: the packet that was seen last */
} WbHci;

void stm32wb_hci_init(WbHci *h, Stm32wb55Soc *soc);

/* Core @core (0: CPU1) sets the flag of @channel (from 0); @was_set: it was. */
void stm32wb_hci_sent(WbHci *h, unsigned core, unsigned channel, bool was_set);

/* Core @core clears the other's flag of @channel. */
void stm32wb_hci_taken(WbHci *h, unsigned core, unsigned channel);

extern const VMStateDescription stm32wb_hci_vmstate;

#endif
