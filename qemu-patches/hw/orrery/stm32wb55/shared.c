/*
 * STM32WB55: the memories that both cores see, in one file
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include <sys/mman.h>
#include "flash.h"
#include "shared.h"

static const struct {
    off_t offset;
    size_t size;
} parts[] = {
    [WB_SHARED_FLASH] = { 0, WB_FLASH_SIZE },
    [WB_SHARED_INFO] = { 1 * MiB, WB_INFO_SIZE },
    [WB_SHARED_SRAM1] = { 1 * MiB + 64 * KiB, WB_SRAM1_SIZE },
    [WB_SHARED_SRAM2A] = { 1 * MiB + 256 * KiB, WB_SRAM2_SIZE },
    [WB_SHARED_SRAM2B] = { 1 * MiB + 288 * KiB, WB_SRAM2_SIZE },
};
#define FILE_SIZE (1 * MiB + 320 * KiB)

bool stm32wb_shared_open(Stm32wb55Soc *s, const char *path, Error **errp)
{
    struct stat st;

    s->shared_fd = qemu_open_old(path, O_RDWR | O_CLOEXEC);
    if (s->shared_fd < 0) {
        error_setg_errno(errp, errno, "shared memory '%s'", path);
        return false;
    }
    if (fstat(s->shared_fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        (st.st_size < FILE_SIZE && ftruncate(s->shared_fd, FILE_SIZE) < 0)) {
        error_setg(errp, "shared memory '%s' is not a file of %d bytes", path,
                   (int)FILE_SIZE);
        return false;
    }
    return true;
}

/* Over the memory that QEMU allocated: ROM devices and RAM alike, and nothing else has to know. */
bool stm32wb_shared_map(Stm32wb55Soc *s, MemoryRegion *mr, WbShared part, Error **errp)
{
    void *at;

    if (s->shared_fd < 0) {
        return true;
    }
    assert(memory_region_size(mr) == parts[part].size);
    at = memory_region_get_ram_ptr(mr);
    if (mmap(at, parts[part].size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             s->shared_fd, parts[part].offset) != at) {
        error_setg_errno(errp, errno, "shared memory: cannot map %s",
                         memory_region_name(mr));
        return false;
    }
    return true;
}
