/*
 * STM32WB55: what the flash memory stores
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 3.3.1 (organisation), 3.4 (option bytes), 3.5 (protections), 38 (device signature);
 * DS11929 for the calibration values.
 *
 * A file that keeps the contents is the array, then the OTP area, then the option bytes; what
 * a shorter file lacks is as the factory delivers it.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/error-report.h"
#include "qemu/guest-random.h"
#include "qemu/units.h"
#include "cores.h"
#include "factory.h"
#include "flash.h"

#define OPTION_BYTES 0x80
#define FILE_OTP WB_FLASH_SIZE
#define FILE_OPTIONS (FILE_OTP + WB_OTP_SIZE)
#define FILE_SIZE (FILE_OPTIONS + OPTION_BYTES)

#define PCROP_UNIT (2 * KiB)
#define PCROP_RDP BIT(31)

/* As delivered: FUS in the last 12 pages, security on, no protection (AN5185). */
const struct FlashOptionWord stm32wb_flash_option_words[WB_OPTIONS] = {
    [WB_OPTR] = { 0x20, 0x00, 0xEF8F7EFF, 0x10708000, 0x3FFFF1AA },
    [WB_PCROP1ASR] = { 0x24, 0x08, 0x000001FF, 0xFFFFFE00, 0xFFFFFFFF },
    [WB_PCROP1AER] = { 0x28, 0x10, 0x800001FF, 0x7FFFFE00, 0xFFFFFE00 },
    [WB_WRP1AR] = { 0x2C, 0x18, 0x00FF00FF, 0xFF00FF00, 0xFF00FFFF },
    [WB_WRP1BR] = { 0x30, 0x20, 0x00FF00FF, 0xFF00FF00, 0xFF00FFFF },
    [WB_PCROP1BSR] = { 0x34, 0x28, 0x000001FF, 0xFFFFFE00, 0xFFFFFFFF },
    [WB_PCROP1BER] = { 0x38, 0x30, 0x000001FF, 0xFFFFFE00, 0xFFFFFE00 },
    [WB_IPCCBR] = { 0x3C, 0x68, 0x00003FFF, 0xFFFFC000, 0xFFFFC000 },
    [WB_SFR] = { 0x80, 0x70, 0, 0xFFFFEE00, 0xFFFFEEF4 },
    [WB_SRRVR] = { 0x84, 0x78, 0, 0x01000000, 0x9F2BD000 },
};

/* ---- protection ---- */

static bool in_pcrop(Stm32wbFlash *s, uint32_t offset)
{
    uint32_t unit = offset / PCROP_UNIT;
    uint32_t a = extract32(s->loaded[WB_PCROP1ASR], 0, 9);
    uint32_t b = extract32(s->loaded[WB_PCROP1BSR], 0, 9);

    return (unit >= a && unit <= extract32(s->loaded[WB_PCROP1AER], 0, 9)) ||
           (unit >= b && unit <= extract32(s->loaded[WB_PCROP1BER], 0, 9));
}

static bool in_wrp(uint32_t word, unsigned page)
{
    return page >= extract32(word, 0, 8) && page <= extract32(word, 16, 8);
}

/* RM0434 3.5.3: pages from SFSA on are CPU2's, unless security is off (FSD). */
static bool is_secure(Stm32wbFlash *s, unsigned page)
{
    return !(s->loaded[WB_SFR] & BIT(8)) &&
           page >= extract32(s->loaded[WB_SFR], 0, 8);
}

bool flash_page_is_protected(Stm32wbFlash *s, uint32_t owner, unsigned page)
{
    return in_wrp(s->loaded[WB_WRP1AR], page) ||
           in_wrp(s->loaded[WB_WRP1BR], page) ||
           in_pcrop(s, page * WB_FLASH_PAGE) ||
           in_pcrop(s, page * WB_FLASH_PAGE + PCROP_UNIT) ||
           (owner == 0 && is_secure(s, page));
}

bool flash_is_protected(Stm32wbFlash *s, uint32_t owner, uint32_t address)
{
    uint32_t offset = address - WB_FLASH_BASE;

    if (address >= WB_INFO_BASE) {
        return address >= WB_INFO_BASE + WB_OTP_SIZE; /* of ST, or by OPTSTRT */
    }
    return in_wrp(s->loaded[WB_WRP1AR], offset / WB_FLASH_PAGE) ||
           in_wrp(s->loaded[WB_WRP1BR], offset / WB_FLASH_PAGE) ||
           in_pcrop(s, offset) ||
           (owner == 0 && is_secure(s, offset / WB_FLASH_PAGE));
}

/* ---- contents ---- */

static uint8_t *at(Stm32wbFlash *s, uint32_t address)
{
    return address >= WB_INFO_BASE ? s->info_bytes + (address - WB_INFO_BASE)
                                   : s->array_bytes + (address - WB_FLASH_BASE);
}

bool flash_is_blank(Stm32wbFlash *s, uint32_t address, unsigned bytes)
{
    const uint8_t *p = at(s, address);

    for (unsigned i = 0; i < bytes; i++) {
        if (p[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

/* Drop code that was translated from there. Only a region that reads as memory may be flushed. */
static void forget_code(MemoryRegion *mr, hwaddr offset, unsigned bytes)
{
    bool readable = memory_region_is_romd(mr);

    memory_region_rom_device_set_romd(mr, true);
    memory_region_flush_rom_device(mr, offset, bytes);
    memory_region_rom_device_set_romd(mr, readable);
}

/* In this process: forget code that was translated from there, and keep the contents. */
static void follow_change(Stm32wbFlash *s, uint32_t address, unsigned bytes)
{
    uint32_t offset = address - WB_FLASH_BASE;

    if (address < WB_INFO_BASE) {
        forget_code(&s->array, offset, bytes);
        orrery_flash_file_changed(&s->kept, offset, at(s, address), bytes);
        return;
    }
    offset = address - WB_INFO_BASE;
    forget_code(&s->info, offset, bytes);
    orrery_flash_file_changed(&s->kept,
                              offset < WB_OTP_SIZE
                                  ? FILE_OTP + offset
                                  : FILE_OPTIONS + offset - WB_OPTION_OFFSET,
                              at(s, address), bytes);
}

static void changed(Stm32wbFlash *s, uint32_t address, unsigned bytes)
{
    uint8_t body[8];

    follow_change(s, address, bytes);
    if (stm32wb_mirror_shared(&s->mirror)) {
        stl_le_p(body, address);
        stl_le_p(body + 4, bytes);
        stm32wb_cores_send(WB_CORES_FLASH, body, sizeof(body));
    }
}

static bool lies_in(uint32_t address, uint32_t bytes, uint32_t base, uint32_t size)
{
    return address >= base && address - base < size && bytes <= size - (address - base);
}

void flash_changed_elsewhere(Stm32wbFlash *s, uint32_t address, uint32_t bytes)
{
    if (bytes && (lies_in(address, bytes, WB_FLASH_BASE, WB_FLASH_SIZE) ||
                  lies_in(address, bytes, WB_INFO_BASE, WB_OTP_SIZE) ||
                  lies_in(address, bytes, WB_INFO_BASE + WB_OPTION_OFFSET, OPTION_BYTES))) {
        follow_change(s, address, bytes);
    }
}

void flash_put(Stm32wbFlash *s, uint32_t address, uint64_t data)
{
    stq_le_p(at(s, address), data);
    changed(s, address, 8);
}

void flash_erase_page(Stm32wbFlash *s, unsigned page)
{
    uint32_t address = WB_FLASH_BASE + page * WB_FLASH_PAGE;

    memset(at(s, address), 0xFF, WB_FLASH_PAGE);
    changed(s, address, WB_FLASH_PAGE);
}

void flash_erase_user(Stm32wbFlash *s)
{
    bool keep_pcrop = !(s->loaded[WB_PCROP1AER] & PCROP_RDP);

    for (unsigned page = 0; page < WB_FLASH_PAGES && !is_secure(s, page);
         page++) {
        uint32_t offset = page * WB_FLASH_PAGE;

        if (!keep_pcrop ||
            !(in_pcrop(s, offset) || in_pcrop(s, offset + PCROP_UNIT))) {
            flash_erase_page(s, page);
        }
    }
}

/* ---- option bytes: a word and its complement ---- */

static void put_option(Stm32wbFlash *s, Stm32wbOption i, uint32_t word)
{
    uint32_t place = WB_OPTION_OFFSET + stm32wb_flash_option_words[i].place;

    stl_le_p(s->info_bytes + place, word);
    stl_le_p(s->info_bytes + place + 4, ~word);
}

void flash_options_store(Stm32wbFlash *s)
{
    for (int i = 0; i < WB_OPTIONS; i++) {
        put_option(s, i, s->option[i]);
    }
    changed(s, WB_INFO_BASE + WB_OPTION_OFFSET, OPTION_BYTES);
}

/* RM0434 3.4.2: a word that disagrees with its complement loads as all ones (RDP level 1). */
bool flash_options_load(Stm32wbFlash *s)
{
    bool good = true;

    for (int i = 0; i < WB_OPTIONS; i++) {
        const uint8_t *p = s->info_bytes + WB_OPTION_OFFSET +
                           stm32wb_flash_option_words[i].place;
        uint32_t word = ldl_le_p(p);
        bool whole = word == ~(uint32_t)ldl_le_p(p + 4);

        s->loaded[i] = (whole ? word : UINT32_MAX) |
                       stm32wb_flash_option_words[i].ones;
        s->option[i] = s->loaded[i];
        good &= whole;
    }
    return good;
}

bool stm32wb_flash_install_cpu2(Stm32wbFlash *s, uint32_t address)
{
    uint32_t srrvr = WB_CPU2_SRAM_PAGE << WB_SRRVR_SBRSA |
                     WB_CPU2_SRAM_PAGE << WB_SRRVR_SNBRSA;

    if (address >= WB_FLASH_BASE && address - WB_FLASH_BASE < WB_FLASH_SIZE &&
        address % WB_FLASH_PAGE == 0) {
        uint32_t offset = address - WB_FLASH_BASE;

        s->option[WB_SFR] &= ~WB_SFR_SFSA;
        s->option[WB_SFR] |= offset / WB_FLASH_PAGE;
        s->option[WB_SRRVR] = srrvr | WB_SRRVR_C2OPT | offset / 4;
    } else if (address >= WB_SRAM1_BASE && address % 256 == 0 &&
               address - WB_SRAM1_BASE < WB_SRAM1_SIZE + 2 * WB_SRAM2_SIZE) {
        s->option[WB_SRRVR] = srrvr | (address - WB_SRAM1_BASE) / 4;
    } else {
        return false;
    }
    put_option(s, WB_SFR, s->option[WB_SFR]);
    put_option(s, WB_SRRVR, s->option[WB_SRRVR]);
    return true;
}

uint32_t stm32wb_flash_option(Stm32wbFlash *s, Stm32wbOption option)
{
    return s->loaded[option];
}

/* ---- as delivered ---- */

/* RM0434 38: a number of one's own, from the run's seed. */
static void write_identity(Stm32wbFlash *s)
{
    uint8_t *factory = s->info_bytes;
    uint32_t dice[2];

    qemu_guest_getrandom_nofail(dice, sizeof(dice));
    stl_le_p(factory + WB_UID64, dice[0]);
    stl_le_p(factory + WB_UID64 + 4, WB_ST_COMPANY_ID << 8 | WB_ST_DEVICE);
    /* X and Y on the wafer in BCD; wafer and lot in ASCII */
    stw_le_p(factory + WB_UID96, (dice[1] % 9) << 4 | (dice[1] >> 8) % 10);
    stw_le_p(factory + WB_UID96 + 2, ((dice[1] >> 16) % 9) << 4 | (dice[1] >> 24) % 10);
    factory[WB_UID96 + 4] = 1 + dice[0] % 25;
    for (int i = 0; i < 7; i++) {
        factory[WB_UID96 + 5 + i] = '0' + (dice[i / 4] >> 8 * (i % 4)) % 10;
    }
}

static void write_factory(Stm32wbFlash *s)
{
    uint8_t *factory = s->info_bytes;

    memset(s->array_bytes, 0xFF, WB_FLASH_SIZE);
    memset(factory, 0xFF, WB_INFO_SIZE);
    write_identity(s);
    stl_le_p(factory + WB_PACKAGE, 0xFFFFFF00 | WB_PACKAGE_VFQFPN68);
    stl_le_p(factory + WB_FLASH_KIB, WB_FLASH_SIZE / KiB);
    stw_le_p(factory + WB_TS_CAL1, WB_TS_CAL1_VALUE);
    stw_le_p(factory + WB_TS_CAL2, WB_TS_CAL2_VALUE);
    stw_le_p(factory + WB_VREFINT_CAL, WB_VREFINT_CAL_VALUE);
    for (int i = 0; i < WB_OPTIONS; i++) {
        put_option(s, i, stm32wb_flash_option_words[i].factory);
    }
}

/* ---- the file ---- */

bool flash_memory_keep(Stm32wbFlash *s, Error **errp)
{
    const struct {
        off_t where;
        const uint8_t *bytes;
        size_t len;
    } parts[] = {
        { 0, s->array_bytes, WB_FLASH_SIZE },
        { FILE_OTP, s->info_bytes, WB_OTP_SIZE },
        { FILE_OPTIONS, s->info_bytes + WB_OPTION_OFFSET, OPTION_BYTES },
    };

    for (int i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!orrery_flash_file_write(&s->kept, parts[i].where, parts[i].bytes,
                                     parts[i].len, errp)) {
            return false;
        }
    }
    return true;
}

bool flash_is_filled_by_cpu1(Stm32wbFlash *s)
{
    return s->parent_obj.core == 1 &&
           STM32WB55_SOC(OBJECT(s)->parent)->shared_fd >= 0;
}

bool flash_memory_open(Stm32wbFlash *s, Error **errp)
{
    OrreryFlashFile *f = &s->kept;

    s->array_bytes = memory_region_get_ram_ptr(&s->array);
    s->info_bytes = memory_region_get_ram_ptr(&s->info);
    if (flash_is_filled_by_cpu1(s)) {
        return true;
    }
    write_factory(s);
    if (!s->file) {
        return true;
    }
    return orrery_flash_file_open(f, s->file, s->keep, FILE_SIZE, errp) >= 0 &&
           orrery_flash_file_read(f, 0, s->array_bytes, WB_FLASH_SIZE, errp) &&
           orrery_flash_file_read(f, FILE_OTP, s->info_bytes, WB_OTP_SIZE,
                                  errp) &&
           orrery_flash_file_read(f, FILE_OPTIONS,
                                  s->info_bytes + WB_OPTION_OFFSET,
                                  OPTION_BYTES, errp);
}

void flash_memory_close(Stm32wbFlash *s)
{
    orrery_flash_file_close(&s->kept);
}
