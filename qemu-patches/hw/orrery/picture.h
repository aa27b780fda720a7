/*
 * Orrery: what a display shows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_PICTURE_H
#define HW_ORRERY_PICTURE_H

/*
 * Is the first graphic console's picture that with this digest: SHA-256 of it as a PPM file of 8
 * bits a colour? Else it goes to @prefix@name, as PNG. ORRERY_ANSWER_*; @size: width, and height << 32.
 */
unsigned orrery_picture_compare(const uint8_t *digest, const char *prefix, const char *name,
                                uint64_t *size);

#endif
