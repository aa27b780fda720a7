// SPDX-License-Identifier: Apache-2.0
/*
 * picture.h - a PNG file, by its pixels.
 */
#ifndef LAUNCH_PICTURE_H
#define LAUNCH_PICTURE_H

#include <stdint.h>

#define PICTURE_DIGEST 32

/* SHA-256 of it as a PPM file of 8 bits a colour. NULL, or what is wrong; good until the next call.
 */
const char *picture_digest(const char *path, uint8_t digest[PICTURE_DIGEST]);

#endif
