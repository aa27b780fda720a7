// SPDX-License-Identifier: Apache-2.0
#include "firmware.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "places.h"

/* What stm32wb55 has in the place of ST's boot loader, and st33 in its recovery ROM:
 * tests/firmware/bootrom/. */
#define SYSTEM_MEMORY "stm32wb55-bootrom.elf"
#define RECOVERY_ROM "st33-recovery.elf"
/* And on its CPU2, with `cpu2: builtin`: cpu2/. */
#define CPU2_BUILTIN "cpu2.elf"

/* ---- finding it ---- */

static bool fail_at(const struct manifest *m, const struct instance *inst, struct problem *why,
                    const char *what)
{
    return problem_at(why, m->file, inst->firmware_at, "firmware '%.200s' %s", inst->firmware,
                      what);
}

/* Where a name that is not absolute is looked up; a path that exists, or NULL. */
static char *look_up(struct manifest *m, const char *name, struct strings *where)
{
    char *path = NULL;

    for (size_t i = 0; i < where->count && !path; i++) {
        path = absolute_path(m->arena, arena_printf(m->arena, "%s/%s", where->items[i], name));
    }
    return path;
}

/* Ours, and nobody's who happens to have a file of that name. */
static bool find_builtin(struct manifest *m, struct instance *inst, struct problem *why)
{
    struct strings where = {0};

    firmware_directories(m->arena, &where);
    inst->firmware_path = look_up(m, CPU2_BUILTIN, &where);
    return inst->firmware_path ||
           fail_at(m, inst, why,
                   arena_printf(m->arena,
                                "(" CPU2_BUILTIN ") not found in %s; run ./bootstrap build",
                                strings_join(m->arena, &where, ", ")));
}

static bool find_file(struct manifest *m, struct instance *inst, struct problem *why)
{
    struct strings where = {0};

    if (inst->firmware[0] == '/') {
        inst->firmware_path = absolute_path(m->arena, inst->firmware);
        return inst->firmware_path || fail_at(m, inst, why, error_text(errno));
    }
    strings_add(m->arena, &where, m->directory);
    firmware_directories(m->arena, &where);
    inst->firmware_path = look_up(m, inst->firmware, &where);
    return inst->firmware_path ||
           fail_at(m, inst, why,
                   arena_printf(m->arena, "not found in %s", strings_join(m->arena, &where, ", ")));
}

/* ---- what it is ---- */

static bool has_suffix(const char *path, const char *suffix)
{
    size_t len = strlen(path), tail = strlen(suffix);

    return len > tail && !strcasecmp(path + len - tail, suffix);
}

/* The few machines of people who would mix them up; QEMU judges the others. */
static bool fits_target(unsigned machine, unsigned elf_class, const char *target)
{
    static const struct {
        const char *target;
        unsigned machine, elf_class;
    } known[] = {
        {"arm", EM_ARM, ELFCLASS32},       {"aarch64", EM_AARCH64, ELFCLASS64},
        {"aarch64", EM_ARM, ELFCLASS32},   {"riscv32", EM_RISCV, ELFCLASS32},
        {"riscv64", EM_RISCV, ELFCLASS64}, {"riscv64", EM_RISCV, ELFCLASS32},
        {"xtensa", EM_XTENSA, ELFCLASS32}, {"i386", EM_386, ELFCLASS32},
        {"x86_64", EM_X86_64, ELFCLASS64}, {"x86_64", EM_386, ELFCLASS32},
        {"avr", EM_AVR, ELFCLASS32},
    };
    bool judged = false;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strcmp(known[i].target, target)) {
            judged = true;
            if (known[i].machine == machine && known[i].elf_class == elf_class) {
                return true;
            }
        }
    }
    return !judged;
}

uint64_t elf_number(const uint8_t *p, unsigned size, bool big_endian)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)p[i] << 8 * (big_endian ? size - 1 - i : i);
    }
    return value;
}

static const char *check_elf(const uint8_t *head, size_t len, uint64_t size, const char *target)
{
    bool big = head[EI_DATA] == ELFDATA2MSB, wide = head[EI_CLASS] == ELFCLASS64;
    uint64_t table, entries, entry_size;

    if (len < (wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr))) {
        return "is a truncated ELF file";
    }
    table = wide ? elf_number(head + offsetof(Elf64_Ehdr, e_phoff), 8, big)
                 : elf_number(head + offsetof(Elf32_Ehdr, e_phoff), 4, big);
    entry_size = elf_number(
        head + (wide ? offsetof(Elf64_Ehdr, e_phentsize) : offsetof(Elf32_Ehdr, e_phentsize)), 2,
        big);
    entries = elf_number(
        head + (wide ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum)), 2, big);
    if (table > size || entries * entry_size > size - table) {
        return "is a truncated ELF file";
    }
    if (!entries) {
        return "is an ELF file with nothing to load (an object file?)";
    }
    if (!fits_target((unsigned)elf_number(head + offsetof(Elf32_Ehdr, e_machine), 2, big),
                     head[EI_CLASS], target)) {
        return "is an ELF file for another processor than the instance's target";
    }
    return NULL;
}

/* NULL: good. Otherwise what is wrong with it. */
static const char *judge(struct instance *inst, const uint8_t *head, size_t len, uint64_t size)
{
    if (len >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG)) {
        inst->firmware_kind = FIRMWARE_ELF;
        return check_elf(head, len, size, inst->target);
    }
    if (!len) {
        return "is empty";
    }
    if (has_suffix(inst->firmware_path, ".hex") || has_suffix(inst->firmware_path, ".ihex")) {
        inst->firmware_kind = FIRMWARE_HEX;
        return head[0] == ':' ? NULL : "is not Intel HEX: its lines begin with ':'";
    }
    if (has_suffix(inst->firmware_path, ".bin")) {
        inst->firmware_kind = FIRMWARE_BIN;
        return NULL;
    }
    return "is neither ELF nor Intel HEX (.hex) nor a raw image (.bin)";
}

static bool check_file(struct manifest *m, struct instance *inst, struct problem *why)
{
    uint8_t head[sizeof(Elf64_Ehdr)] = {0};
    const char *wrong;
    struct stat st;
    ssize_t len;
    /* O_NONBLOCK: a FIFO must not hold us up before we see that it is one. */
    int fd = open(inst->firmware_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return fail_at(m, inst, why, error_text(errno));
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return fail_at(m, inst, why, "is not a regular file");
    }
    len = pread(fd, head, sizeof(head), 0);
    close(fd);
    if (len < 0) {
        return fail_at(m, inst, why, error_text(errno));
    }
    wrong = judge(inst, head, (size_t)len, (uint64_t)st.st_size);
    return !wrong || fail_at(m, inst, why, wrong);
}

/* ---- CPU2's place in the flash of a stm32wb55 ---- */

#define FLASH_BASE 0x08000000u
#define FLASH_SIZE 0x00100000u
#define SRAM_BASE 0x20000000u
#define SRAM_SIZE 0x00040000u
#define FLASH_PAGE 0x1000u
#define CPU2_PLACE 0x080DB000u /* of a raw image that does not say */

/* Where an image is loaded: in the flash, or, with nothing there, in SRAM. */
struct extent {
    uint64_t first, end;
};

static void extend(struct extent *e, uint64_t first, uint64_t len)
{
    e->first = !e->end || first < e->first ? first : e->first;
    e->end = first + len > e->end ? first + len : e->end;
}

/* A 32-bit little-endian ELF file whose header was checked. False: not all of it is in memory. */
static bool elf_extent(int fd, struct extent *extent)
{
    struct extent flash = {0}, sram = {0};
    Elf32_Ehdr head;
    Elf32_Phdr segment;

    if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head)) {
        return false;
    }
    for (unsigned i = 0; i < head.e_phnum; i++) {
        off_t at = (off_t)head.e_phoff + (off_t)i * head.e_phentsize;

        if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment)) {
            return false;
        }
        if (segment.p_type != PT_LOAD || !segment.p_filesz) {
            continue;
        }
        if (segment.p_paddr - FLASH_BASE < FLASH_SIZE &&
            segment.p_filesz <= FLASH_SIZE - (segment.p_paddr - FLASH_BASE)) {
            extend(&flash, segment.p_paddr, segment.p_filesz);
        } else if (segment.p_paddr - SRAM_BASE < SRAM_SIZE &&
                   segment.p_filesz <= SRAM_SIZE - (segment.p_paddr - SRAM_BASE)) {
            extend(&sram, segment.p_paddr, segment.p_filesz);
        } else {
            return false;
        }
    }
    *extent = flash.end ? flash : sram;
    return true;
}

static bool find_extent(const struct instance *inst, uint32_t place, struct extent *extent)
{
    struct stat st;
    int fd = open(inst->firmware_path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && !fstat(fd, &st);

    if (good && inst->firmware_kind == FIRMWARE_BIN) {
        extent->first = inst->load ? inst->load_address : place;
        extent->end = extent->first + (uint64_t)st.st_size;
        good = extent->first - FLASH_BASE < FLASH_SIZE && extent->end <= FLASH_BASE + FLASH_SIZE;
    } else if (good && inst->firmware_kind == FIRMWARE_ELF) {
        good = elf_extent(fd, extent);
    }
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

/* It starts at the beginning of a flash page, or in SRAM, and where CPU1's firmware is not. */
static bool check_cpu2(struct manifest *m, struct instance *cpu2, struct problem *why)
{
    const struct instance *cpu1 = cpu2 - 1;
    struct extent second = {0}, first = {0};

    if (cpu2->firmware_kind == FIRMWARE_HEX) {
        return true; /* QEMU reads it */
    }
    if (!find_extent(cpu2, CPU2_PLACE, &second) || !second.end) {
        return fail_at(m, cpu2, why,
                       "is not all in CPU2's memory: flash from 0x08000000 to "
                       "0x080FFFFF or SRAM");
    }
    if (second.first < SRAM_BASE && second.first % FLASH_PAGE) {
        return fail_at(m, cpu2, why,
                       arena_printf(m->arena,
                                    "begins at 0x%08x: CPU2's part of the flash begins with a page "
                                    "of 4 KiB",
                                    (unsigned)second.first));
    }
    if (cpu1->firmware_path && cpu1->firmware_kind != FIRMWARE_HEX &&
        find_extent(cpu1, FLASH_BASE, &first) && first.end > second.first &&
        first.first < second.end) {
        return fail_at(
            m, cpu2, why,
            arena_printf(m->arena, "and CPU1's firmware are both at 0x%08x",
                         (unsigned)(first.first > second.first ? first.first : second.first)));
    }
    return true;
}

/* ---- flash and system memory ---- */

static bool fail_flash(const struct manifest *m, const struct instance *inst, struct problem *why,
                       const char *what)
{
    return problem_at(why, m->file, inst->flash_at, "flash '%.200s': %s", inst->flash, what);
}

/* A file to be kept need not be there yet, but its directory must. */
static bool find_flash(struct manifest *m, struct instance *inst, struct problem *why)
{
    const char *path = path_beside(m, inst->flash);
    const char *slash = strrchr(path, '/');
    struct stat st;

    inst->flash_path = absolute_path(m->arena, path);
    if (!inst->flash_path && errno == ENOENT && inst->flash_keep && slash[1]) {
        char *directory = absolute_path(m->arena,
                                        arena_copy_n(m->arena, path, (size_t)(slash - path + 1)));

        inst->flash_path = directory ? arena_printf(m->arena, "%s/%s", directory, slash + 1) : NULL;
        return inst->flash_path || fail_flash(m, inst, why, error_text(errno));
    }
    if (!inst->flash_path) {
        return fail_flash(m, inst, why, error_text(errno));
    }
    if (stat(inst->flash_path, &st) < 0 || !S_ISREG(st.st_mode)) {
        return fail_flash(m, inst, why, "not a regular file");
    }
    return !access(inst->flash_path, inst->flash_keep ? R_OK | W_OK : R_OK) ||
           fail_flash(m, inst, why, error_text(errno));
}

static bool check_flash_is_alone(struct manifest *m, size_t index, struct problem *why)
{
    const struct instance *inst = &m->instances[index];

    for (size_t i = 0; i < index; i++) {
        const struct instance *other = &m->instances[i];

        if (other->flash_path && (other->flash_keep || inst->flash_keep) &&
            !strcmp(other->flash_path, inst->flash_path)) {
            return fail_flash(m, inst, why,
                              arena_printf(m->arena,
                                           "instance '%s' has it, too, and one of the "
                                           "two keeps it",
                                           other->name));
        }
    }
    return true;
}

/* ---- what the ADC hears ---- */

static bool find_adc_files(struct manifest *m, struct instance *inst, struct problem *why)
{
    for (size_t i = 0; i < inst->adc_count; i++) {
        struct adc_input *input = &inst->adc[i];

        if (!input->file) {
            continue;
        }
        input->path = absolute_path(m->arena, path_beside(m, input->file));
        if (!input->path) {
            return problem_at(why, m->file, input->at, "adc: '%.200s': %s", input->file,
                              error_text(errno));
        }
        if (strchr(input->path, ';')) {
            return problem_at(why, m->file, input->at, "adc: '%.200s': a semicolon in its path",
                              input->file);
        }
    }
    return true;
}

/* The stm32wb55 always has its boot loader; a run that starts there cannot do without. */
static bool find_system(struct manifest *m, struct instance *inst, struct problem *why)
{
    const char *name = is_stm32wb55(inst) ? SYSTEM_MEMORY : RECOVERY_ROM;
    struct strings where = {0};

    firmware_directories(m->arena, &where);
    inst->system_path = look_up(m, name, &where);
    return inst->system_path || !boots_from_system(inst) ||
           problem_at(why, m->file, inst->at, "instance '%s': no %s in %s; run ./bootstrap build",
                      inst->name, name, strings_join(m->arena, &where, ", "));
}

static bool resolve(struct manifest *m, size_t index, struct problem *why)
{
    struct instance *inst = &m->instances[index];

    if (inst->firmware &&
        (!(inst->builtin ? find_builtin(m, inst, why) : find_file(m, inst, why)) ||
         !check_file(m, inst, why))) {
        return false;
    }
    if (inst->load && inst->firmware_kind != FIRMWARE_BIN) {
        return fail_at(m, inst, why, "says itself where it goes: `at` is for a raw image (.bin)");
    }
    if (inst->flash && (!find_flash(m, inst, why) || !check_flash_is_alone(m, index, why))) {
        return false;
    }
    if (inst->core == 2 && !check_cpu2(m, inst, why)) {
        return false;
    }
    return find_adc_files(m, inst, why) &&
           (!(is_stm32wb55(inst) || boots_from_system(inst)) || find_system(m, inst, why));
}

bool firmware_resolve(struct manifest *m, struct problem *why)
{
    for (size_t i = 0; i < m->instance_count; i++) {
        if (!resolve(m, i, why)) {
            return false;
        }
    }
    return true;
}
