/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c - two slots for an image; the power fails at some point of each update (update.yaml),
 * and what starts next is the old image or the new one, whole.
 */
#include "test.h"

#define PAGES 4u /* the last has the header */
#define SLOT(n) (0x00300000u + 0x1000u * (n))
#define MAGIC 0x696d6167u
#define BOOTS 60u /* that came as far as to count themselves */

static uint32_t word_of(uint32_t version, uint32_t i)
{
    return (version * 2654435761u) ^ (i * 40503u);
}

static void wait_done(void)
{
    wait_until(&FLASH_STAT, FLASH_BUSY, 0, 10000000);
}

/* 0: no image there */
static uint32_t version_in(unsigned slot)
{
    uint32_t header = SLOT(slot) + (PAGES - 1) * FLASH_PAGE, version = REG32(header + 4);
    uint32_t sum = 0;

    for (uint32_t i = 0; i < (PAGES - 1) * FLASH_PAGE / 4; i++) {
        sum = sum * 31 + REG32(SLOT(slot) + 4 * i);
    }
    return REG32(header) == MAGIC && REG32(header + 8) == sum && REG32(header + 12) == ~version
               ? version
               : 0;
}

static bool image_is(unsigned slot, uint32_t version)
{
    for (uint32_t i = 0; i < (PAGES - 1) * FLASH_PAGE / 4; i++) {
        if (REG32(SLOT(slot) + 4 * i) != word_of(version, i)) {
            return false;
        }
    }
    return true;
}

static void program_page(uint32_t address)
{
    FLASH_ADDR = address;
    FLASH_COUNT = FLASH_PAGE;
    FLASH_CMD = FLASH_PROGRAM;
    wait_done();
}

/* The header comes last: a slot without it has no image. */
static void install(unsigned slot, uint32_t version)
{
    uint32_t sum = 0;

    FLASH_KEY = FLASH_KEY_VALUE;
    FLASH_ADDR = SLOT(slot) + (PAGES - 1) * FLASH_PAGE;
    FLASH_COUNT = 1;
    FLASH_CMD = FLASH_ERASE;
    wait_done();
    FLASH_ADDR = SLOT(slot);
    FLASH_COUNT = PAGES - 1;
    FLASH_CMD = FLASH_ERASE;
    wait_done();
    for (uint32_t p = 0; p < PAGES - 1; p++) {
        for (uint32_t i = 0; i < 64; i++) {
            FLASH_BUF(i) = word_of(version, p * 64 + i);
            sum = sum * 31 + word_of(version, p * 64 + i);
        }
        program_page(SLOT(slot) + p * FLASH_PAGE);
    }
    for (uint32_t i = 0; i < 64; i++) {
        FLASH_BUF(i) = ~0u;
    }
    FLASH_BUF(0) = MAGIC;
    FLASH_BUF(1) = version;
    FLASH_BUF(2) = sum;
    FLASH_BUF(3) = ~version;
    program_page(SLOT(slot) + (PAGES - 1) * FLASH_PAGE);
    FLASH_KEY = 0;
}

static void count(unsigned counter)
{
    FLASH_NVC(counter) = FLASH_NVC(counter) + 1;
    wait_done();
}

/* Counter 0: boots; 1: the version that started last. */
void test(void)
{
    uint32_t a = version_in(0), b = version_in(1), now = a > b ? a : b;
    unsigned slot = a > b ? 0 : 1;

    if (FLASH_NVC(0) == 0) {
        install(0, 1);
        count(1);
        now = 1;
        slot = 0;
    }
    count(0);
    if (now != FLASH_NVC(1) && now != FLASH_NVC(1) + 1) {
        note_hex("version", now);
        CHECK("the old image or the new one", false);
        finish();
    }
    if (!image_is(slot, now)) {
        CHECK("whole", false);
        finish();
    }
    if (FLASH_NVC(0) == BOOTS) {
        CHECK("always the old image or the new one, whole", true);
        CHECK_RANGE("some updates came to their end", now, 5, BOOTS - 5);
        finish();
    }
    if (now > FLASH_NVC(1)) {
        count(1);
    }
    install(1 - slot, now + 1);
    for (;;) {
        wfi();
    }
}
