/*
 * Orrery: the file that a part's flash comes from and, kept, goes to
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_FLASH_FILE_H
#define HW_ORRERY_FLASH_FILE_H

#include "qapi/error.h"

typedef struct OrreryFlashFile {
    int fd; /* -1: none */
    bool keep;
    const char *name; /* the caller's */
} OrreryFlashFile;

/*
 * Open and lock @name; with @keep it is made if need be, and can be written. At most @most bytes long:
 * the length, or -1 and *@errp. Without @keep nobody else may keep it meanwhile.
 */
int64_t orrery_flash_file_open(OrreryFlashFile *f, const char *name, bool keep,
                               int64_t most, Error **errp);
void orrery_flash_file_close(OrreryFlashFile *f);

/* Bytes beyond the end of the file are left as they are in @to. */
bool orrery_flash_file_read(OrreryFlashFile *f, int64_t where, void *to,
                            size_t len, Error **errp);
/* Does nothing without a file to keep. */
bool orrery_flash_file_write(OrreryFlashFile *f, int64_t where,
                             const void *from, size_t len, Error **errp);
/* The same while the guest runs: a failure is said once, and nothing is kept from then on. */
void orrery_flash_file_changed(OrreryFlashFile *f, int64_t where,
                               const void *from, size_t len);

#endif
