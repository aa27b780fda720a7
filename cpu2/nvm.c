// SPDX-License-Identifier: Apache-2.0
#include "nvm.h"

#include <string.h>

#include "hci.h"
#include "ipcc.h"

#define MAGIC 0x314d564eu /* "NVM1" */
#define HEADER 8
#define PADDED(n) (((n) + 7u) & ~7u)
#define RECORD_MAX (HEADER + PADDED(HOST_RECORD_MAX))
#define ALL ((1u << HOST_RECORDS) - 1)
#define NO_PAGE NVM_PAGES

static uint32_t ram_address;       /* 0: flash */
static bool loaded, broken;        /* broken: flash refuses, so records stay in RAM */
static uint32_t changed;           /* bit n: record n is to be written */
static uint8_t record[RECORD_MAX]; /* that is being written */

/* ---- octets ---- */

static uint32_t word(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_word(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> 8 * i);
    }
}

/* CRC-32 (IEEE 802.3) */
static uint32_t crc(uint32_t c, const uint8_t *p, size_t n)
{
    c = ~c;
    while (n--) {
        c ^= *p++;
        for (int i = 0; i < 8; i++) {
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        }
    }
    return ~c;
}

static uint32_t record_crc(const uint8_t *p)
{
    return crc(crc(0, p, 4), p + HEADER, p[1]);
}

/* Record n as the host has it now; its length, header and all. */
static unsigned make_record(unsigned n, uint8_t out[RECORD_MAX])
{
    memset(out, 0, RECORD_MAX);
    out[0] = (uint8_t)n;
    out[1] = (uint8_t)host_record(n, out + HEADER);
    put_word(out + 4, record_crc(out));
    return HEADER + PADDED(out[1]);
}

/* Its length, header and all; 0: there is none. */
static unsigned judge_record(const uint8_t *p, unsigned room)
{
    unsigned n;

    if (room < HEADER || p[0] >= HOST_RECORDS || p[1] > HOST_RECORD_MAX) {
        return 0;
    }
    n = HEADER + PADDED(p[1]);
    return n <= room && word(p + 4) == record_crc(p) ? n : 0;
}

static bool is_blank(const uint8_t *p, unsigned n)
{
    while (n && *p == 0xff) {
        p++;
        n--;
    }
    return n == 0;
}

/* ---- in CPU1's SRAM: a magic word and a place for each record ---- */

/* The first record, NULL if the buffer is nowhere. */
static uint8_t *ram_records(void)
{
    uint8_t *buffer = cpu1_memory(ram_address, NVM_RAM_OCTETS, 4);

    _Static_assert(HEADER + HOST_RECORDS * RECORD_MAX <= NVM_RAM_OCTETS, "the buffer is too small");
    return buffer ? buffer + HEADER : NULL;
}

static void load_ram(void)
{
    const uint8_t *records = ram_records();
    uint8_t copy[RECORD_MAX];

    if (!records || word(records - HEADER) != MAGIC) {
        changed = records ? ALL : 0;
        return;
    }
    for (unsigned n = 0; n < HOST_RECORDS; n++) {
        memcpy(copy, records + n * RECORD_MAX, sizeof(copy)); /* CPU1 may write there */
        if (judge_record(copy, sizeof(copy)) && copy[0] == n) {
            host_restore(n, copy + HEADER, copy[1]);
        } else {
            changed |= 1u << n;
        }
    }
}

/* CPU1 is told of one range, since each event takes a slot of its pool. */
static void write_ram(uint8_t *records)
{
    uint32_t from = NVM_RAM_OCTETS, to = 0;

    if (word(records - HEADER) != MAGIC) {
        memset(records - HEADER, 0, HEADER);
        put_word(records - HEADER, MAGIC);
        from = 0;
        to = HEADER;
    }
    for (unsigned n = 0; n < HOST_RECORDS; n++) {
        uint32_t at = HEADER + n * RECORD_MAX;

        if (changed >> n & 1) {
            make_record(n, record);
            memcpy(records + n * RECORD_MAX, record, sizeof(record));
            from = from < at ? from : at;
            to = at + RECORD_MAX;
        }
    }
    system_nvm_ram_update(ram_address + from, to - from);
}

static void work_ram(void)
{
    uint8_t *records = ram_records();

    if (changed && records && nvm_ram_begin()) {
        write_ram(records);
        changed = 0;
        nvm_ram_end();
    }
}

/* ---- in flash ---- */

static unsigned page = NO_PAGE; /* the one that counts */
static uint32_t sequence;       /* of it */
static unsigned end;            /* where its next record goes */

static enum {
    RESTS,
    ASKS,    /* for the flash interface */
    ERASES,  /* the other page */
    WRITES,  /* a record */
    SEALS,   /* the other page's header */
    CHOOSES, /* what to do next */
} step;
static bool running;                                /* an operation */
static bool waits;                                  /* for a semaphore */
static bool moving;                                 /* to the other page: target */
static uint32_t to_move;                            /* bit n: record n is not there yet */
static unsigned target;                             /* the page that is written */
static unsigned record_at, record_len, record_done; /* octets; the first 8 last */

/* Where the page's records end: NVM_PAGE if there is something that is none. */
static unsigned scan(const uint8_t *p, const uint8_t *last[HOST_RECORDS])
{
    unsigned at = HEADER, n;

    for (; (n = judge_record(p + at, NVM_PAGE - at)); at += n) {
        last[p[at]] = p + at;
    }
    return is_blank(p + at, NVM_PAGE - at) ? at : NVM_PAGE;
}

static void load_flash(void)
{
    const uint8_t *last[HOST_RECORDS] = {NULL};

    page = NO_PAGE;
    for (unsigned i = 0; i < NVM_PAGES; i++) {
        const uint8_t *p = nvm_flash(i);

        if (word(p) == MAGIC && (page == NO_PAGE || (int32_t)(word(p + 4) - sequence) > 0)) {
            page = i;
            sequence = word(p + 4);
        }
    }
    end = page == NO_PAGE ? NVM_PAGE : scan(nvm_flash(page), last);
    for (unsigned n = 0; n < HOST_RECORDS; n++) {
        if (last[n] && last[n][1]) {
            host_restore(n, last[n] + HEADER, last[n][1]);
        }
    }
}

static unsigned lowest(uint32_t bits)
{
    unsigned n = 0;

    while (!(bits >> n & 1)) {
        n++;
    }
    return n;
}

static void begin_record(unsigned n)
{
    changed &= ~(1u << n);
    to_move &= ~(1u << n);
    record_len = make_record(n, record);
    record_done = HEADER;
    record_at = end;
    end += record_len;
    step = WRITES;
    system_nvm_event(NVM_WRITE_BEGINS, record_len / 8);
}

/* Records that are nothing need not move. */
static bool next_to_move(void)
{
    while (to_move) {
        unsigned n = lowest(to_move);

        if (host_record(n, record)) {
            begin_record(n);
            return true;
        }
        to_move &= ~(1u << n);
        changed &= ~(1u << n);
    }
    return false;
}

static void move(void)
{
    moving = true;
    to_move = ALL;
    target = page == NO_PAGE ? 0 : (page + 1) % NVM_PAGES;
    end = HEADER;
    step = is_blank(nvm_flash(target), NVM_PAGE) ? CHOOSES : ERASES;
    if (step == ERASES) {
        system_nvm_event(NVM_ERASE_BEGINS, 1);
    }
}

static void choose(void)
{
    if (moving) {
        step = next_to_move() ? WRITES : SEALS;
    } else if (!changed) {
        step = RESTS;
        nvm_end();
    } else if (end + RECORD_MAX > NVM_PAGE) {
        move();
    } else {
        begin_record(lowest(changed));
    }
}

/* The operation that ended was the last of its step, or not. */
static void advance(void)
{
    if (step == ERASES) {
        step = CHOOSES;
        system_nvm_event(NVM_ERASE_ENDS, 0);
    } else if (step == SEALS) {
        page = target;
        sequence++;
        moving = false;
        step = CHOOSES;
    } else if (record_done == 0) {
        step = CHOOSES;
        system_nvm_event(NVM_WRITE_ENDS, 0);
    } else {
        record_done += 8;
        record_done = record_done < record_len ? record_done : 0;
    }
}

/* False: CPU1 wants no operation now. */
static bool begin_operation(void)
{
    uint8_t header[HEADER];

    switch (step) {
    case ERASES:
        return nvm_erase(target);
    case SEALS:
        put_word(header, MAGIC);
        put_word(header + 4, sequence + 1);
        return nvm_program(target, 0, header);
    default:
        record_done = record_done < record_len ? record_done : 0;
        return nvm_program(target, record_at + record_done, record + record_done);
    }
}

static void give_up(void)
{
    broken = true;
    moving = false;
    step = RESTS;
    nvm_end();
}

static void work_flash(void)
{
    for (;;) {
        if (running) {
            enum nvm_state state = nvm_operation();

            if (state == NVM_RUNS) {
                return;
            }
            running = false;
            if (state == NVM_FAILED) {
                give_up();
                return;
            }
            advance();
        }
        if (step == RESTS) {
            if (!changed) {
                return;
            }
            step = ASKS;
        }
        if (step == ASKS) {
            waits = !nvm_begin();
            if (waits) {
                return;
            }
            target = page;
            step = CHOOSES;
        }
        while (step == CHOOSES) {
            choose();
        }
        if (step == RESTS) {
            return;
        }
        running = begin_operation();
        waits = !running;
        if (waits) {
            return;
        }
    }
}

/* ---- for the others ---- */

void nvm_place(uint32_t address)
{
    if (address != ram_address) {
        nvm_finish();
        ram_address = address;
        loaded = false;
    }
}

void nvm_load(void)
{
    if (loaded) {
        return;
    }
    loaded = true;
    changed = 0;
    if (ram_address) {
        load_ram();
    } else {
        load_flash();
    }
}

void nvm_changed(unsigned n)
{
    changed |= 1u << n;
}

void nvm_work(void)
{
    if (!loaded || broken) {
        return;
    }
    if (ram_address) {
        work_ram();
    } else {
        work_flash();
    }
}

bool nvm_is_busy(void)
{
    return loaded && !broken && (running || waits || changed || step != RESTS);
}

void nvm_finish(void)
{
    while (nvm_is_busy()) {
        nvm_work();
        if (waits || (ram_address && changed)) { /* CPU1 may wait for us, too */
            break;
        }
    }
    if (step != RESTS && step != ASKS) {
        nvm_end();
    }
    step = RESTS;
    moving = false;
}
