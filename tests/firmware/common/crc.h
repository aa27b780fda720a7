/* SPDX-License-Identifier: Apache-2.0 */
/* crc.h - check sums of frames and of whole runs. */
#ifndef CRC_H
#define CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xffff, not reflected, no final XOR. */
#define CRC16_INIT 0xffffu
uint16_t crc16_byte(uint16_t crc, uint8_t byte);
uint16_t crc16(uint16_t crc, const void *data, size_t len);

/* CRC-32 (IEEE 802.3), without the final inversion: start with CRC32_INIT, chain freely. */
#define CRC32_INIT 0xffffffffu
uint32_t crc32(uint32_t crc, const void *data, size_t len);
uint32_t crc32_u64(uint32_t crc, uint64_t value);

#endif
