/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - files of Bluetooth packets that Wireshark reads: HCI's as btsnoop and pcapng, each
 * with H4 packets; those on the air as pcapng. Their times are virtual: the run starts at
 * 2020-01-01 00:00:00 UTC, as its instances' clocks do.
 */
#ifndef ORRERY_BROKER_CAPTURE_H
#define ORRERY_BROKER_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "orrery.h"
#include "orrery.pb-c.h"

#define CAPTURE_HEAD_MAX 128
#define CAPTURE_RECORD_MAX (ORRERY_MAX_PAYLOAD + 64)

/* What the file begins with. Returns its length. */
size_t orrery_capture_head(Orrery__Attach__Capture format, uint8_t out[CAPTURE_HEAD_MAX]);

/*
 * One packet: a struct orrery_hci_packet of which len octets are there, more than ORRERY_HCI_HEAD
 * and up to ORRERY_MAX_PAYLOAD. Returns the length of its record.
 */
size_t orrery_capture_packet(Orrery__Attach__Capture format, uint64_t at_ns, const uint8_t *packet,
                             size_t len, uint8_t out[CAPTURE_RECORD_MAX]);

#endif
