// SPDX-License-Identifier: Apache-2.0
/*
 * firmware.h - find each instance's firmware and see that it is something QEMU can load.
 */
#ifndef LAUNCH_FIRMWARE_H
#define LAUNCH_FIRMWARE_H

#include "manifest.h"

/*
 * Fill firmware_path and firmware_kind of every instance. A name is looked up beside the
 * manifest, then in firmware_directories(). It must be a regular file: an ELF that is whole and
 * for the instance's target, an Intel HEX file (.hex), or anything not empty called .bin.
 */
bool firmware_resolve(struct manifest *m, struct problem *why);

/* A number in an ELF file. */
uint64_t elf_number(const uint8_t *p, unsigned size, bool big_endian);

#endif
