/*
 * Orrery: load a firmware image into the memories of a part
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU's own loaders keep images as ROM blobs and write them again at each reset, which would
 * undo what the guest programmed. Here an image is written once.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "elf.h"
#include "image.h"

static void note_written(const OrreryImageTarget *t, unsigned area, uint64_t at,
                         uint64_t len)
{
    OrreryImageExtent *e = t->written ? &t->written[area] : NULL;

    if (e && len) {
        e->first = e->end ? MIN(e->first, at) : at;
        e->end = MAX(e->end, at + len);
    }
}

/* Where the bytes go; NULL and *@errp when they are of another part, or too many. */
static uint8_t *place(const OrreryImageTarget *t, uint64_t address, uint64_t len,
                      Error **errp)
{
    for (unsigned i = 0; i < t->count; i++) {
        const OrreryImageArea *area = &t->areas[i];
        uint64_t at = address - area->base;

        if (address < area->base || at >= area->size) {
            continue;
        }
        if (len <= area->size - at) {
            note_written(t, i, at, len);
            return area->bytes + at;
        }
        error_setg(errp, "%" PRIu64 " bytes at 0x%08" PRIx64 " are too many: "
                   "%s ends at 0x%08" PRIx64, len, address, area->name,
                   area->base + area->size - 1);
        return NULL;
    }
    error_setg(errp, "%" PRIu64 " bytes at 0x%08" PRIx64 " are not in %s of "
               "this part", len, address, t->memories);
    return NULL;
}

static bool put(const OrreryImageTarget *t, uint64_t address,
                const uint8_t *bytes, uint64_t len, Error **errp)
{
    uint8_t *to = place(t, address, len, errp);

    if (to) {
        memcpy(to, bytes, len);
    }
    return to != NULL;
}

/* ---- ELF ---- */

static bool load_segment(const OrreryImageTarget *t, const uint8_t *file, size_t size,
                         const uint8_t *header, Error **errp)
{
    uint32_t offset = ldl_le_p(header + offsetof(Elf32_Phdr, p_offset));
    uint32_t bytes = ldl_le_p(header + offsetof(Elf32_Phdr, p_filesz));

    if (ldl_le_p(header + offsetof(Elf32_Phdr, p_type)) != PT_LOAD || !bytes) {
        return true;
    }
    if (offset > size || bytes > size - offset) {
        error_setg(errp, "truncated ELF file");
        return false;
    }
    return put(t, ldl_le_p(header + offsetof(Elf32_Phdr, p_paddr)),
               file + offset, bytes, errp);
}

static bool load_elf_image(const OrreryImageTarget *t, const uint8_t *file, size_t size,
                           Error **errp)
{
    uint32_t table, stride, count;

    if (size < sizeof(Elf32_Ehdr) || file[EI_CLASS] != ELFCLASS32 ||
        file[EI_DATA] != ELFDATA2LSB ||
        lduw_le_p(file + offsetof(Elf32_Ehdr, e_machine)) != EM_ARM) {
        error_setg(errp, "not an ELF file for a 32-bit Arm core");
        return false;
    }
    table = ldl_le_p(file + offsetof(Elf32_Ehdr, e_phoff));
    stride = lduw_le_p(file + offsetof(Elf32_Ehdr, e_phentsize));
    count = lduw_le_p(file + offsetof(Elf32_Ehdr, e_phnum));
    if (stride < sizeof(Elf32_Phdr) || table > size ||
        (uint64_t)stride * count > size - table) {
        error_setg(errp, "truncated ELF file");
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!load_segment(t, file, size, file + table + i * stride, errp)) {
            return false;
        }
    }
    return true;
}

/* ---- Intel HEX ---- */

typedef struct HexReader {
    const uint8_t *next, *end;
    unsigned line;
    uint32_t base; /* of record types 02 and 04 */
} HexReader;

/* One record without its colon: length, address, type, data, checksum. -1: not a record. */
static int read_record(HexReader *r, uint8_t *record)
{
    int len = 0, need = 5;
    uint8_t sum = 0;

    while (len < need) {
        int high, low;

        if (r->end - r->next < 2) {
            return -1;
        }
        high = g_ascii_xdigit_value(r->next[0]);
        low = g_ascii_xdigit_value(r->next[1]);
        if (high < 0 || low < 0) {
            return -1;
        }
        record[len] = high << 4 | low;
        sum += record[len];
        if (len == 0) {
            need += record[0];
        }
        len++;
        r->next += 2;
    }
    return sum ? -1 : record[0];
}

/* 1: the end of the file; 0: go on; -1: failed. */
static int load_record(const OrreryImageTarget *t, HexReader *r, Error **errp)
{
    uint8_t record[5 + 255];
    int len = read_record(r, record);
    uint32_t address;

    if (len < 0) {
        error_setg(errp, "line %u: not an Intel HEX record, or its checksum is wrong",
                   r->line);
        return -1;
    }
    address = lduw_be_p(record + 1);
    switch (record[3]) {
    case 0:
        return !len || put(t, (uint64_t)r->base + address, record + 4, len, errp)
               ? 0 : -1;
    case 1:
        return 1;
    case 2:
    case 4:
        if (len == 2) {
            r->base = lduw_be_p(record + 4) << (record[3] == 2 ? 4 : 16);
            return 0;
        }
        break;
    case 3:
    case 5:
        return 0; /* where to start: the core starts at its vector table */
    }
    error_setg(errp, "line %u: unknown Intel HEX record type %u", r->line,
               record[3]);
    return -1;
}

static bool load_hex_image(const OrreryImageTarget *t, const uint8_t *file, size_t size,
                           Error **errp)
{
    HexReader r = { .next = file, .end = file + size, .line = 1 };

    while (r.next < r.end) {
        uint8_t c = *r.next++;

        if (c == ':') {
            int end = load_record(t, &r, errp);

            if (end) {
                return end > 0;
            }
        } else if (c == '\n') {
            r.line++;
        } else if (!g_ascii_isspace(c)) {
            error_setg(errp, "line %u: an Intel HEX record begins with ':'",
                       r.line);
            return false;
        }
    }
    error_setg(errp, "Intel HEX file without an end record");
    return false;
}

/* ---- any ---- */

static bool is_hex_name(const char *file)
{
    const char *dot = strrchr(file, '.');

    return dot && (!g_ascii_strcasecmp(dot, ".hex") ||
                   !g_ascii_strcasecmp(dot, ".ihex"));
}

bool orrery_load_image(const OrreryImageTarget *t, const char *file,
                       uint32_t at, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(GError) gerr = NULL;
    g_autofree char *bytes = NULL;
    gsize size;
    bool good;

    if (!g_file_get_contents(file, &bytes, &size, &gerr)) {
        error_setg(errp, "%s", gerr->message);
        return false;
    }
    if (size >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG)) {
        good = load_elf_image(t, (uint8_t *)bytes, size, errp);
    } else if (is_hex_name(file)) {
        good = load_hex_image(t, (uint8_t *)bytes, size, errp);
    } else {
        good = put(t, at, (uint8_t *)bytes, size, errp);
    }
    if (!good) {
        error_prepend(errp, "firmware '%s': ", file);
    }
    return good;
}
