// SPDX-License-Identifier: Apache-2.0
#include "symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware.h"
#include "problem.h"
#include "suggest.h"

struct elf {
    const uint8_t *bytes;
    uint64_t size;
    bool big, wide;
    unsigned machine;
};

/* A table of the file, all of it there. */
struct table {
    const uint8_t *bytes;
    uint64_t size;
};

#define AT(type, field) offsetof(type, field), sizeof(((type *)NULL)->field)

/* A field of a structure that is there in two widths. */
#define FIELD(elf, p, type, field)                                                                 \
    ((elf)->wide ? number(elf, p, AT(Elf64_##type, field))                                         \
                 : number(elf, p, AT(Elf32_##type, field)))

static uint64_t number(const struct elf *elf, const uint8_t *p, size_t offset, size_t size)
{
    return elf_number(p + offset, (unsigned)size, elf->big);
}

static bool is_inside(const struct elf *elf, uint64_t offset, uint64_t size)
{
    return offset <= elf->size && size <= elf->size - offset;
}

static bool take_table(const struct elf *elf, const uint8_t *section, struct table *out)
{
    uint64_t offset = FIELD(elf, section, Shdr, sh_offset);

    out->size = FIELD(elf, section, Shdr, sh_size);
    out->bytes = elf->bytes + offset;
    return is_inside(elf, offset, out->size);
}

/* The symbols and their names. False: there are none. */
static bool find_tables(const struct elf *elf, struct table *symbols, struct table *names)
{
    size_t entry = elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    uint64_t first = FIELD(elf, elf->bytes, Ehdr, e_shoff);
    uint64_t count = FIELD(elf, elf->bytes, Ehdr, e_shnum);

    if (!first || FIELD(elf, elf->bytes, Ehdr, e_shentsize) != entry ||
        !is_inside(elf, first, count * entry)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *section = elf->bytes + first + i * entry;
        uint64_t link = FIELD(elf, section, Shdr, sh_link);

        if (FIELD(elf, section, Shdr, sh_type) == SHT_SYMTAB) {
            return link < count && take_table(elf, section, symbols) &&
                   take_table(elf, elf->bytes + first + link * entry, names) && names->size &&
                   !names->bytes[names->size - 1];
        }
    }
    return false;
}

static bool is_wanted(unsigned type, uint64_t section)
{
    return section != SHN_UNDEF && (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC);
}

/* Its name, or NULL: not something with an address. */
static const char *read_symbol(const struct elf *elf, const uint8_t *p, const struct table *names,
                               struct symbol *out, bool *is_global)
{
    uint64_t name = FIELD(elf, p, Sym, st_name), info = FIELD(elf, p, Sym, st_info);

    if (!is_wanted(ELF32_ST_TYPE(info), FIELD(elf, p, Sym, st_shndx)) || name >= names->size ||
        !names->bytes[name] || names->bytes[name] == '$') { /* $t, $d: of the Arm ELF ABI */
        return NULL;
    }
    out->address = FIELD(elf, p, Sym, st_value);
    out->size = FIELD(elf, p, Sym, st_size);
    out->is_thumb = elf->machine == EM_ARM && ELF32_ST_TYPE(info) == STT_FUNC && (out->address & 1);
    *is_global = ELF32_ST_BIND(info) != STB_LOCAL;
    return (const char *)names->bytes + name;
}

/* A global one counts before local ones of its name; of these there may be only one. */
static const char *search(const struct elf *elf, const char *name, struct symbol *out,
                          struct arena *arena)
{
    size_t entry = elf->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    struct table symbols, names;
    struct suggestion near;
    unsigned found = 0;

    if (!find_tables(elf, &symbols, &names)) {
        return "is looked up in vain: its firmware has no symbol table (stripped?)";
    }
    suggest_begin(&near, name);
    for (uint64_t at = 0; symbols.size - at >= entry; at += entry) {
        struct symbol symbol;
        bool is_global;
        const char *its = read_symbol(elf, symbols.bytes + at, &names, &symbol, &is_global);

        if (its && !strcmp(its, name)) {
            if (is_global) {
                *out = symbol;
                return NULL;
            }
            found += !found || symbol.address != out->address;
            *out = symbol;
        } else if (its) {
            suggest_offer(&near, its);
        }
    }
    if (found == 1) {
        return NULL;
    }
    return found ? "is there more than once, each local to its file; give the address"
                 : arena_printf(arena, "is not in its firmware%s", suggest_phrase(near.best));
}

static const char *search_bytes(const uint8_t *bytes, uint64_t size, const char *name,
                                struct symbol *out, struct arena *arena)
{
    struct elf elf = {.bytes = bytes, .size = size};

    elf.wide = size > EI_CLASS && bytes[EI_CLASS] == ELFCLASS64;
    if (size < (elf.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) ||
        memcmp(bytes, ELFMAG, SELFMAG) != 0) {
        return "is looked up in vain: its firmware is not a whole ELF file";
    }
    elf.big = bytes[EI_DATA] == ELFDATA2MSB;
    elf.machine = (unsigned)FIELD(&elf, bytes, Ehdr, e_machine);
    return search(&elf, name, out, arena);
}

const char *symbol_find(const char *path, const char *name, struct symbol *out, struct arena *arena)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *wrong;
    struct stat st;
    void *bytes;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
        wrong = arena_printf(arena, "is looked up in vain: %s: %s", path, error_text(errno));
        if (fd >= 0) {
            close(fd);
        }
        return wrong;
    }
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        return arena_printf(arena, "is looked up in vain: %s: %s", path, error_text(errno));
    }
    wrong = search_bytes(bytes, (uint64_t)st.st_size, name, out, arena);
    munmap(bytes, (size_t)st.st_size);
    return wrong;
}
