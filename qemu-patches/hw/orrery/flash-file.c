/*
 * Orrery: the file that a part's flash comes from and, kept, goes to
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "flash-file.h"

int64_t orrery_flash_file_open(OrreryFlashFile *f, const char *name, bool keep,
                               int64_t most, Error **errp)
{
    struct stat st;

    f->name = name;
    f->keep = keep;
    f->fd = qemu_open_old(name, keep ? O_RDWR | O_CREAT : O_RDONLY, 0666);
    if (f->fd < 0) {
        error_setg_errno(errp, errno, "flash file '%s'", name);
        return -1;
    }
    if (qemu_lock_fd(f->fd, 0, 0, keep) < 0) {
        error_setg(errp, "flash file '%s' is in use by another instance", name);
        return -1;
    }
    if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > most) {
        error_setg(errp, "flash file '%s' is not a file of up to %" PRId64
                   " bytes", name, most);
        return -1;
    }
    return st.st_size;
}

void orrery_flash_file_close(OrreryFlashFile *f)
{
    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
    }
}

bool orrery_flash_file_read(OrreryFlashFile *f, int64_t where, void *to,
                            size_t len, Error **errp)
{
    uint8_t *next = to;

    while (len) {
        ssize_t got = pread(f->fd, next, len, where);

        if (got < 0) {
            error_setg_errno(errp, errno, "flash file '%s'", f->name);
            return false;
        }
        if (got == 0) {
            return true;
        }
        next += got;
        where += got;
        len -= got;
    }
    return true;
}

bool orrery_flash_file_write(OrreryFlashFile *f, int64_t where,
                             const void *from, size_t len, Error **errp)
{
    if (f->fd >= 0 && f->keep && pwrite(f->fd, from, len, where) != (ssize_t)len) {
        error_setg_errno(errp, errno, "flash file '%s'", f->name);
        return false;
    }
    return true;
}

void orrery_flash_file_changed(OrreryFlashFile *f, int64_t where,
                               const void *from, size_t len)
{
    Error *err = NULL;

    if (!orrery_flash_file_write(f, where, from, len, &err)) {
        error_report_err(err);
        f->keep = false;
    }
}
