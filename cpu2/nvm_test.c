// SPDX-License-Identifier: Apache-2.0
/*
 * nvm_test.c - nvm.c on a flash whose power is cut: at every operation, which then is done in part,
 * or just not at all. What was kept before is there afterwards, and of the record that was being
 * written either the old or the new.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hci.h"
#include "ipcc.h"
#include "nvm.h"

#define NEVER (~0u)

/* ---- the host ---- */

static struct {
    uint8_t octets[HOST_RECORD_MAX];
    size_t n;
} host[HOST_RECORDS], kept[HOST_RECORDS];

size_t host_record(unsigned n, uint8_t out[HOST_RECORD_MAX])
{
    memcpy(out, host[n].octets, host[n].n);
    return host[n].n;
}

void host_restore(unsigned n, const uint8_t *octets, size_t len)
{
    memcpy(host[n].octets, octets, len);
    host[n].n = len;
}

static void set(unsigned n, unsigned value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        host[n].octets[i] = (uint8_t)(value * 31 + i);
    }
    host[n].n = len;
    nvm_changed(n);
}

/* ---- the chip ---- */

static uint8_t flash[NVM_PAGES][NVM_PAGE], image[NVM_PAGES][NVM_PAGE];
static uint8_t ram[NVM_RAM_OCTETS];
static unsigned operations, cut_at, dice;
static bool running, held, cpu1_has_flash, cpu1_forbids, cpu1_has_ram, refuses;
static unsigned updates, begun[4];
static uint32_t update_address, update_octets;

/* The power goes away during the operation: true, if nothing more comes of it. */
static bool cut(void)
{
    return operations++ >= cut_at;
}

static unsigned draw(void)
{
    dice = dice * 1103515245u + 12345u;
    return dice >> 16;
}

const uint8_t *nvm_flash(unsigned page)
{
    return flash[page];
}

bool nvm_begin(void)
{
    assert_false(held);
    held = !cpu1_has_flash;
    return held;
}

void nvm_end(void)
{
    assert_true(held);
    held = false;
}

bool nvm_erase(unsigned page)
{
    bool half;

    assert_true(held && !running);
    if (cpu1_forbids) {
        return false;
    }
    half = operations == cut_at;
    if (!cut() || half) {
        memset(flash[page], 0xff, half ? draw() % NVM_PAGE : NVM_PAGE);
    }
    running = true;
    return true;
}

bool nvm_program(unsigned page, unsigned offset, const uint8_t octets[8])
{
    bool half;

    assert_true(held && !running && offset % 8 == 0 && offset < NVM_PAGE);
    if (cpu1_forbids) {
        return false;
    }
    half = operations == cut_at;
    if (!cut() || half) {
        for (int i = 0; i < 8; i++) {
            assert_true(operations > cut_at || flash[page][offset + i] == 0xff);
            flash[page][offset + i] &= (uint8_t)(octets[i] | (half ? draw() : 0));
        }
    }
    running = true;
    return true;
}

enum nvm_state nvm_operation(void)
{
    running = false;
    return refuses ? NVM_FAILED : NVM_DONE;
}

bool nvm_ram_begin(void)
{
    return !cpu1_has_ram;
}

void nvm_ram_end(void)
{
}

void *cpu1_memory(uint32_t address, uint32_t len, unsigned align)
{
    return address == 0x20031000 && len == sizeof(ram) && align == 4 ? ram : NULL;
}

void system_nvm_ram_update(uint32_t address, uint32_t octets)
{
    updates++;
    update_address = address;
    update_octets = octets;
}

void system_nvm_event(enum nvm_event what, uint32_t count)
{
    (void)count;
    begun[what]++;
}

/* ---- life ---- */

static void settle(void)
{
    for (int i = 0; i < 10000 && nvm_is_busy(); i++) {
        nvm_work();
    }
    assert_false(nvm_is_busy());
    assert_false(held);
}

/* As after a power cycle: the host's RAM is empty. */
static void start(uint32_t where)
{
    operations = 0;
    cut_at = NEVER;
    running = held = false;
    memset(host, 0, sizeof(host));
    nvm_place(where ? 0 : 0x20031000); /* another, so that it loads again */
    nvm_place(where);
    nvm_load();
}

static int setup(void **state)
{
    (void)state;
    memset(flash, 0xff, sizeof(flash));
    memset(ram, 0, sizeof(ram));
    memset(begun, 0, sizeof(begun));
    cpu1_has_flash = cpu1_forbids = cpu1_has_ram = refuses = false;
    dice = 1;
    start(0);
    return 0;
}

static void remember(void)
{
    memcpy(kept, host, sizeof(host));
}

static bool is_kept(unsigned n)
{
    return kept[n].n == host[n].n && memcmp(kept[n].octets, host[n].octets, kept[n].n) == 0;
}

static void check_kept(void)
{
    for (unsigned n = 0; n < HOST_RECORDS; n++) {
        assert_true(is_kept(n));
    }
}

static void test_kept(void **state)
{
    (void)state;
    set(0, 1, HOST_RECORD_MAX);
    set(7, 2, 1);
    settle();
    remember();
    start(0);
    check_kept();
    assert_false(nvm_is_busy()); /* nothing to do */
    set(0, 0, 0);
    settle();
    remember();
    start(0);
    check_kept();
    assert_int_equal(host[0].n, 0);
    assert_int_equal(begun[NVM_WRITE_BEGINS], begun[NVM_WRITE_ENDS]);
}

/* Many pages full, with waits for CPU1's semaphores. */
static void test_long(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        set(draw() % HOST_RECORDS, i, draw() % (HOST_RECORD_MAX + 1));
        if (i % 3 == 0) {
            cpu1_has_flash = true;
            nvm_work();
            cpu1_has_flash = false;
        }
        for (unsigned j = draw() % 40; j > 0; j--) {
            cpu1_forbids = draw() % 4 == 0;
            nvm_work();
        }
        cpu1_forbids = false;
        if (i % 7 == 0) {
            settle();
            remember();
            start(0);
            check_kept();
        }
    }
    assert_true(begun[NVM_ERASE_BEGINS] > 20);
}

/* Record 3 is written over what is in image, with a cut at each operation. */
static void cut_everywhere(unsigned value)
{
    unsigned total;

    start(0);
    remember();
    set(3, value, 50);
    settle();
    total = operations;
    assert_true(total >= 8);
    for (unsigned at = 0; at <= total; at++) {
        memcpy(flash, image, sizeof(image));
        start(0);
        check_kept();
        cut_at = at;
        set(3, value, 50);
        settle();
        start(0);
        for (unsigned n = 0; n < HOST_RECORDS; n++) {
            assert_true(n == 3 || is_kept(n));
        }
        assert_true(is_kept(3) ? at < total
                               : host[3].n == 50 && host[3].octets[0] == (uint8_t)(value * 31));
        set(4, 1000, 60); /* it goes on from there */
        settle();
        start(0);
        assert_int_equal(host[4].n, 60);
        assert_true(is_kept(0) && is_kept(5));
    }
}

/* Over more than a page: records, moves to the other page. */
static void test_cut(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 6; n++) {
        set(n, n, HOST_RECORD_MAX);
    }
    settle();
    for (unsigned i = 0; i < 40; i++) {
        memcpy(image, flash, sizeof(image));
        cut_everywhere(100 + i);
        memcpy(flash, image, sizeof(image));
        start(0);
        set(i % 6, i, HOST_RECORD_MAX - 1);
        settle();
    }
    assert_true(begun[NVM_ERASE_BEGINS] > 0);
}

/* Whatever is there, it does no harm. */
static void test_nonsense(void **state)
{
    (void)state;
    set(0, 1, HOST_RECORD_MAX);
    settle();
    memcpy(image, flash, sizeof(image));
    for (unsigned i = 0; i < 20000; i++) {
        memcpy(flash, image, sizeof(image));
        for (unsigned j = draw() % 4; j > 0; j--) {
            flash[draw() % NVM_PAGES][draw() % (draw() % 2 ? NVM_PAGE : 160)] = (uint8_t)draw();
        }
        start(0);
        set(1, i, 5);
        settle();
        remember();
        start(0);
        check_kept();
    }
}

static void test_refused(void **state)
{
    (void)state;
    refuses = true;
    set(0, 1, 8);
    settle();
    start(0);
    assert_int_equal(host[0].n, 0);
}

static void test_ram(void **state)
{
    (void)state;
    start(0x20031000);
    updates = 0;
    settle();
    assert_int_equal(updates, 1);
    assert_int_equal(update_address, 0x20031000);
    set(2, 5, HOST_RECORD_MAX);
    cpu1_has_ram = true;
    nvm_work();
    assert_true(nvm_is_busy());
    cpu1_has_ram = false;
    settle();
    assert_int_equal(updates, 2);
    assert_int_equal(update_address, 0x20031000 + 8 + 2 * 120);
    assert_int_equal(update_octets, 120);
    remember();
    start(0x20031000);
    check_kept();
    assert_int_equal(updates, 2);
    ram[8 + 2 * 120 + 20] ^= 1; /* not as it was */
    start(0x20031000);
    assert_int_equal(host[2].n, 0);
    assert_true(operations == 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_kept, setup), cmocka_unit_test_setup(test_long, setup),
        cmocka_unit_test_setup(test_cut, setup),  cmocka_unit_test_setup(test_nonsense, setup),
        cmocka_unit_test_setup(test_ram, setup),  cmocka_unit_test_setup(test_refused, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
