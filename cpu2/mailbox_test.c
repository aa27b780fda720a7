// SPDX-License-Identifier: Apache-2.0
/*
 * mailbox_test.c - mailbox.c and system.c against a CPU1 that lays its memory out as the vendor's
 * tl_mbox.c does. RAM is an array, the IPCC two words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipcc.h"
#include "mailbox.h"
#include "nvm.h"
#include "system.h"

#define RAM 0x20000000u
#define CPU2_RAM 0x20032800u /* from here on it is not CPU1's */
#define TABLES_WRONG 0x3de96f61u

/* where this CPU1 has its things */
enum {
    REFERENCE = 0x20030000,
    DEVICE = 0x20030100,
    BLE = 0x20030140,
    SYSTEM = 0x20030160,
    MEMORY = 0x20030180,
    TRACES = 0x200301a0,
    FREE_QUEUE = 0x200301c0,
    EVENT_QUEUE = 0x200301c8,
    SYSTEM_QUEUE = 0x200301d0,
    TRACES_QUEUE = 0x200301d8,
    STATUS_BUFFER = 0x200301e0,
    BLE_BUFFER = 0x20030200,
    SYSTEM_BUFFER = 0x20030400,
    ACL_BUFFER = 0x20030600,
    SPARE_BLE = 0x20030800,
    SPARE_SYSTEM = 0x20030a00,
    POOL = 0x20030c00,
    POOL_SIZE = 3 * 268,
    TRACES_POOL = 0x20031400,
    TRACES_POOL_SIZE = 268,
};

static uint8_t ram[256 * 1024];
static uint32_t to_cpu1, to_cpu2; /* C2TOC1SR, C1TOC2SR */
static uint32_t listened, reported;
static unsigned sends;

static uint32_t nvm_at;
static struct ble_parameters started;
static unsigned starts, reinits;

/* ---- the chip ---- */

void nvm_place(uint32_t ram_address)
{
    nvm_at = ram_address;
}

void ipcc_init(void)
{
    listened = reported = 0;
}

uint32_t ipcc_take(void)
{
    uint32_t found = (to_cpu2 | (~to_cpu1 & 0x3f) << 16) & listened;

    listened &= ~found;
    return found;
}

void ipcc_listen(uint32_t events)
{
    listened |= events;
}

bool ipcc_is_free(unsigned channel)
{
    return !(to_cpu1 >> channel & 1);
}

void ipcc_send(unsigned channel)
{
    to_cpu1 |= 1u << channel;
    sends++;
}

void ipcc_taken(unsigned channel)
{
    to_cpu2 &= ~(1u << channel);
}

uint32_t ipcc_table_address(void)
{
    return REFERENCE;
}

void *cpu1_memory(uint32_t address, uint32_t len, unsigned align)
{
    if (address % align || address < RAM || address >= CPU2_RAM || len > CPU2_RAM - address) {
        return NULL;
    }
    return ram + (address - RAM);
}

void platform_start_ble(const struct ble_parameters *parameters)
{
    started = *parameters;
    starts++;
}

void platform_reinit(void)
{
    reinits++;
}

void platform_set_clock(uint8_t how)
{
}

/* ---- CPU1 ---- */

static uint32_t get(uint32_t address)
{
    uint32_t value;

    memcpy(&value, ram + (address - RAM), 4);
    return value;
}

static void put(uint32_t address, uint32_t value)
{
    memcpy(ram + (address - RAM), &value, 4);
}

static uint8_t *at(uint32_t address)
{
    return ram + (address - RAM);
}

static void empty_queue(uint32_t head)
{
    put(head, head);
    put(head + 4, head);
}

static uint32_t remove_head(uint32_t head)
{
    uint32_t node = get(head);

    if (node == head) {
        return 0;
    }
    put(head, get(node));
    put(get(node) + 4, head);
    return node;
}

static void insert_tail(uint32_t head, uint32_t node)
{
    uint32_t last = get(head + 4);

    put(node, head);
    put(node + 4, last);
    put(last, node);
    put(head + 4, node);
}

static int setup(void **state)
{
    memset(ram, 0xa5, sizeof(ram));
    to_cpu1 = to_cpu2 = sends = starts = reinits = 0;
    put(REFERENCE + 0, DEVICE);
    put(REFERENCE + 4, BLE);
    put(REFERENCE + 12, SYSTEM);
    put(REFERENCE + 16, MEMORY);
    put(REFERENCE + 20, TRACES);
    put(BLE + 0, BLE_BUFFER);
    put(BLE + 4, STATUS_BUFFER);
    put(BLE + 8, EVENT_QUEUE);
    put(BLE + 12, ACL_BUFFER);
    put(SYSTEM + 0, SYSTEM_BUFFER);
    put(SYSTEM + 4, SYSTEM_QUEUE);
    put(MEMORY + 0, SPARE_BLE);
    put(MEMORY + 4, SPARE_SYSTEM);
    put(MEMORY + 8, POOL);
    put(MEMORY + 12, POOL_SIZE);
    put(MEMORY + 16, FREE_QUEUE);
    put(MEMORY + 20, TRACES_POOL);
    put(MEMORY + 24, TRACES_POOL_SIZE);
    put(TRACES, TRACES_QUEUE);
    empty_queue(FREE_QUEUE);
    empty_queue(EVENT_QUEUE);
    empty_queue(SYSTEM_QUEUE);
    empty_queue(TRACES_QUEUE);
    return !mailbox_init();
}

/* CPU1 takes the first packet of a queue whose flag is set; the flag goes when the queue is empty.
 */
static uint32_t receive(unsigned channel, uint32_t queue)
{
    uint32_t node;

    assert_true(to_cpu1 >> channel & 1);
    node = remove_head(queue);
    assert_int_not_equal(node, 0);
    if (get(queue) == queue) {
        to_cpu1 &= ~(1u << channel);
    }
    return node;
}

static void give_back(uint32_t node)
{
    insert_tail(FREE_QUEUE, node);
    to_cpu2 |= 1u << CHANNEL_RELEASE;
}

static void work(void)
{
    mailbox_work(ipcc_take());
}

/* len is of the parameters */
static void write_command(uint32_t buffer, unsigned type, unsigned opcode,
                          const uint8_t *parameters, uint8_t len)
{
    uint8_t *to = at(buffer) + 8;

    to[0] = (uint8_t)type;
    to[1] = (uint8_t)opcode;
    to[2] = (uint8_t)(opcode >> 8);
    to[3] = len;
    if (len > 0) { /* memcpy() wants a pointer all the same */
        memcpy(to + 4, parameters, len);
    }
}

static uint8_t buffer[300];

static size_t ble_command(unsigned opcode, const uint8_t *parameters, uint8_t len)
{
    size_t got;

    write_command(BLE_BUFFER, PACKET_COMMAND, opcode, parameters, len);
    to_cpu2 |= 1u << CHANNEL_BLE;
    assert_true(ipcc_take() & IPCC_RECEIVED(CHANNEL_BLE));
    got = mailbox_receive(CHANNEL_BLE, buffer, sizeof(buffer));
    mailbox_taken(CHANNEL_BLE);
    return got;
}

static const uint8_t event[] = {0x3e, 3, 1, 2, 3};

/* ---- start ---- */

static void test_start(void **state)
{
    uint32_t node;

    system_start();
    node = receive(CHANNEL_SYSTEM, SYSTEM_QUEUE);
    assert_int_equal(node, POOL);
    assert_memory_equal(at(node) + 8, "\x12\xff\x03\x00\x92\x00", 6);
    /* SHCI_GetWirelessFwInfo(): version 0.1.0, 22 KiB each of SRAM2b and SRAM2a, 0x19 sectors, BLE
     */
    assert_int_equal(get(DEVICE + 16), 0x00010001);
    assert_int_equal(get(DEVICE + 20), 0x16160019);
    assert_int_equal(get(DEVICE + 24) & 0xff, 1);
    assert_int_not_equal(get(DEVICE), 0xa94656b9);
}

static void test_start_without_tables(void **state)
{
    put(SYSTEM + 4, CPU2_RAM);
    assert_false(mailbox_init());
    assert_int_equal(get(DEVICE), TABLES_WRONG);
    put(REFERENCE, 0xffffffff);
    put(REFERENCE + 12, 2);
    assert_false(mailbox_init());
    memset(at(REFERENCE), 0, 40);
    assert_false(mailbox_init());
}

static void test_ready_without_pool(void **state)
{
    put(MEMORY + 12, 0);
    assert_true(mailbox_init());
    system_start();
    assert_int_equal(receive(CHANNEL_SYSTEM, SYSTEM_QUEUE), SPARE_SYSTEM);
}

/* ---- commands ---- */

static void test_command_complete(void **state)
{
    static const uint8_t complete[] = {0x0e, 4, 1, 3, 0x0c, 0};

    for (int i = 0; i < 3; i++) {
        assert_int_equal(ble_command(0x0c03, NULL, 0), 3);
        assert_memory_equal(buffer, "\x03\x0c\x00", 3);
        assert_true(mailbox_ble_event(complete, sizeof(complete)));
        assert_int_equal(receive(CHANNEL_BLE, EVENT_QUEUE), BLE_BUFFER);
        assert_memory_equal(at(BLE_BUFFER) + 8, "\x04\x0e\x04\x01\x03\x0c\x00", 7);
    }
    /* nobody asked: an event in a slot, which CPU1 gives back */
    assert_true(mailbox_ble_event(complete, sizeof(complete)));
    assert_int_equal(receive(CHANNEL_BLE, EVENT_QUEUE), POOL);
}

static void test_command_status(void **state)
{
    static const uint8_t status[] = {0x0f, 4, 0, 1, 0x0d, 0x20};

    ble_command(0x200d, event, sizeof(event));
    assert_true(mailbox_ble_event(status, sizeof(status)));
    assert_int_equal(receive(CHANNEL_BLE, EVENT_QUEUE), STATUS_BUFFER);
    assert_memory_equal(at(STATUS_BUFFER) + 8, "\x04\x0f\x04\x00\x01\x0d\x20", 7);
}

static void test_longest_command(void **state)
{
    uint8_t parameters[255];

    memset(parameters, 0x5a, sizeof(parameters));
    assert_int_equal(ble_command(0xfc0c, parameters, 255), COMMAND_MAX);
    assert_memory_equal(buffer + 3, parameters, 255);
}

/* One that reaches into CPU2's memory is not looked at. */
static void test_command_out_of_memory(void **state)
{
    put(BLE + 0, CPU2_RAM - 12);
    at(CPU2_RAM - 12)[11] = 200;
    assert_int_equal(mailbox_receive(CHANNEL_BLE, buffer, sizeof(buffer)), 0);
    put(BLE + 0, CPU2_RAM - 8);
    assert_int_equal(mailbox_receive(CHANNEL_BLE, buffer, sizeof(buffer)), 0);
}

/* ---- events ---- */

static void test_order_while_busy(void **state)
{
    uint8_t e[] = {0x3e, 1, 0};

    assert_true(mailbox_ble_event(event, sizeof(event)));
    for (uint8_t i = 0; i < 2; i++) {
        e[2] = i;
        assert_true(mailbox_ble_event(e, sizeof(e)));
    }
    assert_int_equal(sends, 1); /* the queue is CPU1's until it clears the flag */
    assert_int_equal(get(POOL), EVENT_QUEUE);
    assert_int_equal(receive(CHANNEL_BLE, EVENT_QUEUE), POOL);
    work();
    assert_int_equal(sends, 2);
    for (uint8_t i = 0; i < 2; i++) {
        uint32_t node = receive(CHANNEL_BLE, EVENT_QUEUE);

        assert_int_equal(at(node)[11], i);
    }
    work();
    assert_int_equal(sends, 2);
}

static void test_exhausted_and_released(void **state)
{
    uint32_t node[4];

    for (int i = 0; i < 4; i++) { /* three slots and the spare one */
        assert_true(mailbox_ble_event(event, sizeof(event)));
        node[i] = receive(CHANNEL_BLE, EVENT_QUEUE);
    }
    assert_int_equal(node[3], SPARE_BLE);
    assert_false(mailbox_ble_event(event, sizeof(event)));
    assert_false(mailbox_acl((const uint8_t *)"\x01\x20\x01\x00\x55", 5));
    give_back(node[1]);
    give_back(node[3]);
    work();
    assert_int_equal(to_cpu2, 0);
    assert_int_equal(get(FREE_QUEUE), FREE_QUEUE);
    assert_true(mailbox_acl((const uint8_t *)"\x01\x20\x01\x00\x55", 5));
    assert_int_equal(receive(CHANNEL_BLE, EVENT_QUEUE), node[1]);
    assert_memory_equal(at(node[1]) + 8, "\x02\x01\x20\x01\x00\x55", 6);
    assert_false(mailbox_acl((const uint8_t *)"\x01\x20\x01\x00\x55", 5)); /* spare is for events */
    assert_true(mailbox_ble_event(event, sizeof(event)));
    assert_int_equal(receive(CHANNEL_BLE, EVENT_QUEUE), SPARE_BLE);
}

/* Zephyr's driver gives back the command's buffer, too. */
static void test_foreign_release(void **state)
{
    give_back(BLE_BUFFER);
    give_back(POOL + 4);
    work();
    for (int i = 0; i < 4; i++) {
        assert_true(mailbox_ble_event(event, sizeof(event)));
    }
    assert_false(mailbox_ble_event(event, sizeof(event)));
}

static void test_broken_release(void **state)
{
    put(FREE_QUEUE, POOL);
    put(POOL, POOL); /* a loop without the head */
    to_cpu2 |= 1u << CHANNEL_RELEASE;
    work();
    assert_int_equal(to_cpu2, 0);
    put(FREE_QUEUE, 0xfffffff0);
    to_cpu2 |= 1u << CHANNEL_RELEASE;
    work();
    assert_int_equal(get(FREE_QUEUE), FREE_QUEUE);
    put(MEMORY + 16, 1);
    to_cpu2 |= 1u << CHANNEL_RELEASE;
    work();
    assert_int_equal(to_cpu2, 0);
}

static void test_broken_queue(void **state)
{
    put(EVENT_QUEUE + 4, CPU2_RAM);
    assert_true(mailbox_ble_event(event, sizeof(event)));
    assert_int_equal(receive(CHANNEL_BLE, EVENT_QUEUE), POOL);
}

/* No BLE table yet: events wait for it. */
static void test_late_ble_table(void **state)
{
    put(BLE + 8, 0);
    assert_true(mailbox_ble_event(event, sizeof(event)));
    assert_int_equal(sends, 0);
    put(BLE + 8, EVENT_QUEUE);
    assert_true(mailbox_ble_event(event, sizeof(event)));
    receive(CHANNEL_BLE, EVENT_QUEUE);
    receive(CHANNEL_BLE, EVENT_QUEUE);
}

static void test_acl_in(void **state)
{
    memcpy(at(ACL_BUFFER) + 8, "\x02\x01\x20\x02\x00\xaa\xbb", 7);
    assert_int_equal(mailbox_receive(CHANNEL_ACL, buffer, sizeof(buffer)), 6);
    assert_memory_equal(buffer, "\x01\x20\x02\x00\xaa\xbb", 6);
    memcpy(at(ACL_BUFFER) + 8, "\x02\x01\x20\xff\xff", 5);
    assert_int_equal(mailbox_receive(CHANNEL_ACL, buffer, sizeof(buffer)), 0);
}

static void test_traces(void **state)
{
    uint32_t node;

    mailbox_trace("lost");
    mailbox_traces_on();
    mailbox_trace("hello");
    mailbox_trace("no room");
    node = receive(CHANNEL_TRACES, TRACES_QUEUE);
    assert_int_equal(node, TRACES_POOL);
    assert_memory_equal(at(node) + 8, "\x41\xff\x07\x00\x00hello", 10);
    assert_int_equal(get(TRACES_QUEUE), TRACES_QUEUE);
    give_back(node);
    work();
    mailbox_trace("again");
    receive(CHANNEL_TRACES, TRACES_QUEUE);
}

/* ---- the system channel ---- */

/* The answer is where the command was, without links; its status. */
static uint8_t system_ask(unsigned opcode, const uint8_t *parameters, uint8_t len)
{
    const uint8_t *answer = at(SYSTEM_BUFFER);
    size_t got;

    write_command(SYSTEM_BUFFER, PACKET_SYSTEM_COMMAND, opcode, parameters, len);
    to_cpu2 |= 1u << CHANNEL_SYSTEM;
    assert_int_equal(ipcc_take(), IPCC_RECEIVED(CHANNEL_SYSTEM));
    got = mailbox_receive(CHANNEL_SYSTEM, buffer, sizeof(buffer));
    system_command(buffer, got);
    assert_int_equal(to_cpu2, 0);
    assert_int_equal(answer[0], PACKET_SYSTEM_RESPONSE);
    assert_int_equal(answer[1], 0x0e);
    assert_int_equal(answer[4] | answer[5] << 8, opcode);
    return answer[6];
}

static void test_system_commands(void **state)
{
    static const uint8_t one[] = {1}, zero[12] = {11};

    assert_int_equal(system_ask(0xfc52, NULL, 0), 0xff); /* FUS state: it does not run */
    assert_int_equal(at(SYSTEM_BUFFER)[2], 5);
    assert_int_equal(at(SYSTEM_BUFFER)[7], 0xfe);
    assert_int_equal(system_ask(0xfc54, NULL, 0), 0xff);
    assert_int_equal(system_ask(0xfc67, NULL, 0), 0x11); /* Thread */
    assert_int_equal(system_ask(0xfc69, one, 1), 0);     /* flash erase activity */
    assert_int_equal(system_ask(0xfc69, NULL, 0), 0x92);
    assert_int_equal(system_ask(0xfc73, one, 1), 0); /* flash activity control */
    assert_int_equal(system_ask(0xfc75, zero, 12), 0);
    assert_int_equal(system_ask(0xfc75, zero, 11), 0x92);
    assert_int_equal(nvm_at, 0);
    assert_int_equal(system_ask(0xfc68, zero, 12), 0);
    assert_int_equal(system_ask(0xfc6f, NULL, 0), 0);
    assert_int_equal(reinits, 1);
    assert_int_equal(system_ask(0xfc7f, NULL, 0), 0x01); /* unknown */
    assert_int_equal(system_ask(0x0c03, NULL, 0), 0x01);
}

/* SHCI_C2_Config: where bonds are kept, and what CPU1 hears of it */
static void test_nvm(void **state)
{
    uint8_t parameters[16] = {15, 1, 0xff, 0, 0, 0x10, 0x03, 0x20};

    assert_int_equal(system_ask(0xfc75, parameters, sizeof(parameters)), 0);
    assert_int_equal(nvm_at, 0x20031000);
    parameters[5] = 0x28; /* it ends in what is CPU2's */
    assert_int_equal(system_ask(0xfc75, parameters, sizeof(parameters)), 0x92);
    assert_int_equal(nvm_at, 0x20031000);
    system_nvm_ram_update(0x20031008, 0x78);
    receive(CHANNEL_SYSTEM, SYSTEM_QUEUE);
    assert_memory_equal(at(POOL) + 8, "\x12\xff\x0a\x02\x92\x08\x10\x03\x20\x78\0\0\0", 13);
    system_nvm_event(NVM_WRITE_BEGINS, 15);
    receive(CHANNEL_SYSTEM, SYSTEM_QUEUE);
    assert_memory_equal(at(POOL + 268) + 8, "\x12\xff\x06\x04\x92\x0f\0\0\0", 9);
    system_nvm_event(NVM_ERASE_ENDS, 0);
    receive(CHANNEL_SYSTEM, SYSTEM_QUEUE);
    assert_memory_equal(at(POOL + 2 * 268) + 8, "\x12\xff\x02\x07\x92", 5);
    parameters[1] = parameters[2] = 0;
    assert_int_equal(system_ask(0xfc75, parameters, sizeof(parameters)), 0);
    assert_int_equal(nvm_at, 0);
    system_nvm_event(NVM_WRITE_ENDS, 0);
    system_nvm_ram_update(0x20031008, 0x78);
    assert_false(to_cpu1 & 1u << CHANNEL_SYSTEM);
}

/* as MicroPython sends it: 36 octets, to the old structure */
static void test_ble_init(void **state)
{
    uint8_t parameters[36] = {[8] = 68, [10] = 8, [12] = 0x40, [14] = 2, [18] = 0x9c, [31] = 1};

    assert_int_equal(system_ask(0xfc66, parameters, sizeof(parameters)), 0);
    assert_int_equal(starts, 1);
    assert_int_equal(started.links, 2);
    assert_int_equal(started.att_mtu, 156);
    assert_true(started.link_layer_only);
    /* as NuttX does: all parameters are there, but the length is the header's */
    at(SYSTEM_BUFFER)[12 + 14] = 3;
    assert_int_equal(system_ask(0xfc66, parameters, 3), 0);
    assert_int_equal(started.links, 3);
    parameters[14] = 9;
    assert_int_equal(system_ask(0xfc66, parameters, sizeof(parameters)), 0x92);
    assert_int_equal(starts, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_start, setup),
        cmocka_unit_test_setup(test_start_without_tables, setup),
        cmocka_unit_test_setup(test_ready_without_pool, setup),
        cmocka_unit_test_setup(test_command_complete, setup),
        cmocka_unit_test_setup(test_command_status, setup),
        cmocka_unit_test_setup(test_longest_command, setup),
        cmocka_unit_test_setup(test_command_out_of_memory, setup),
        cmocka_unit_test_setup(test_order_while_busy, setup),
        cmocka_unit_test_setup(test_exhausted_and_released, setup),
        cmocka_unit_test_setup(test_foreign_release, setup),
        cmocka_unit_test_setup(test_broken_release, setup),
        cmocka_unit_test_setup(test_broken_queue, setup),
        cmocka_unit_test_setup(test_late_ble_table, setup),
        cmocka_unit_test_setup(test_acl_in, setup),
        cmocka_unit_test_setup(test_traces, setup),
        cmocka_unit_test_setup(test_system_commands, setup),
        cmocka_unit_test_setup(test_nvm, setup),
        cmocka_unit_test_setup(test_ble_init, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
