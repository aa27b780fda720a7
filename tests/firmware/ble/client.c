// SPDX-License-Identifier: Apache-2.0
/*
 * client.c - a GATT client of the vendor's kind, for examples/ble-pair.yaml: it scans for server.c
 * by name, connects, finds the service, its characteristics and the descriptor, subscribes, asks
 * for 1,000 notifications (a test may write another number to `wanted`), checks each of them, and
 * disconnects.
 */
#include "central.h"
#include "pair.h"
#include "test.h"

static const uint8_t service_uuid[16] = PAIR_SERVICE, order_uuid[16] = PAIR_ORDER,
                     count_uuid[16] = PAIR_COUNT;
static volatile uint16_t wanted = NOTIFICATIONS;
static uint16_t connection, first, last, order_value, count_value, configuration;

/* ---- connecting ---- */

static void connect(void)
{
    uint8_t type, address[6];
    int8_t rssi = central_find(PAIR_NAME, &type, address);

    say("client: found " PAIR_NAME ", ");
    say_address(address);
    say(", RSSI -");
    say_number((uint32_t)-rssi);
    say(" dBm\r\n");
    connection = central_connect(type, address, 6); /* 7.5 ms */
    say("client: connected\r\n");
}

/* ---- discovery ---- */

static void found_service(const uint8_t *p)
{
    if (p[2]) {
        first = get16(p + 3);
        last = get16(p + 5);
    }
}

/* Declarations: handle, properties, value's handle, UUID. */
static void found_chars(const uint8_t *p)
{
    for (unsigned at = 0; p[2] == 21 && at + 21 <= p[3]; at += 21) {
        const uint8_t *declaration = p + 4 + at;

        if (same(declaration + 5, order_uuid, 16)) {
            order_value = get16(declaration + 3);
        } else if (same(declaration + 5, count_uuid, 16)) {
            count_value = get16(declaration + 3);
        }
    }
}

static void found_descriptors(const uint8_t *p)
{
    for (unsigned at = 0; p[2] == 1 && at + 4 <= p[3]; at += 4) {
        if (get16(p + 4 + at + 2) == CCCD_UUID) {
            configuration = get16(p + 4 + at);
        }
    }
}

static void found(unsigned kind, const uint8_t *p)
{
    if (kind == EVENT_FIND_BY_TYPE) {
        found_service(p);
    } else if (kind == EVENT_READ_BY_TYPE) {
        found_chars(p);
    } else if (kind == EVENT_FIND_INFO) {
        found_descriptors(p);
    }
}

static void procedure(const char *what, unsigned status)
{
    central_procedure(what, status, found);
}

static void discover(void)
{
    procedure("exchange of MTU", aci_exchange_mtu(connection));
    procedure("service", aci_find_service(connection, service_uuid));
    need("no service", !first);
    procedure("characteristics", aci_find_chars(connection, first, last));
    need("no characteristics", !order_value || !count_value);
    procedure("descriptors", aci_find_descriptors(connection, count_value, last));
    need("no descriptor", !configuration);
    say("client: service at ");
    say_number(first);
    say(" to ");
    say_number(last);
    say("\r\n");
}

/* ---- notifications ---- */

static bool is_right(const uint8_t *p, uint32_t number)
{
    if (get16(p + 2) != count_value || p[4] != PAIR_VALUE_LEN) {
        return false;
    }
    for (unsigned i = 0; i < PAIR_VALUE_LEN; i++) {
        if (p[5 + i] != (uint8_t)(i < 4 ? number >> 8 * i : number)) {
            return false;
        }
    }
    return true;
}

static void be_notified(void)
{
    static const uint8_t on[2] = {1, 0};
    const uint8_t number[2] = {wanted & 0xff, (uint8_t)(wanted >> 8)};
    uint64_t start = tl_us();

    procedure("subscription", aci_write_descriptor(connection, configuration, on, 2));
    need("order", aci_write(connection, order_value, number, 2));
    for (uint32_t i = 0; i < wanted; i++) {
        struct tl_packet *event = wait_event(EVENT_NOTIFICATION, 5000);

        need("no notification", !event);
        need("wrong notification", !is_right(event_parameters(event), i));
        tl_release(event);
    }
    say("client: ");
    say_number(wanted);
    say(" notifications in ");
    say_number((uint32_t)(tl_us() - start) / 1000);
    say(" ms, all right\r\n");
}

void test(void)
{
    struct gap_handles gap;
    struct tl_packet *event;

    program_name = "client";
    need("start of the stack", !tl_start_ble());
    say_init();
    need("GAP", aci_start(ROLE_CENTRAL, "client", &gap));
    connect();
    discover();
    be_notified();
    need("disconnection", aci_terminate(connection));
    event = wait_event(EVENT_DISCONNECTED, 5000);
    need("no disconnection", !event);
    tl_release(event);
    say("client: disconnected\r\n");
    say_flush();
}
