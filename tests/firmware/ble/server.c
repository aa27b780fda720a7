// SPDX-License-Identifier: Apache-2.0
/*
 * server.c - a GATT server of the vendor's kind, for examples/ble-pair.yaml: it advertises a
 * service, and whoever connects, subscribes and writes a number is notified as often. Then it waits
 * for the end of the connection.
 */
#include "aci.h"
#include "pair.h"
#include "test.h"

static const uint8_t service_uuid[16] = PAIR_SERVICE, order_uuid[16] = PAIR_ORDER,
                     count_uuid[16] = PAIR_COUNT;
static uint16_t service, order, count;
static unsigned ordered;
static bool subscribed, disconnected;

/* The value of a characteristic is the attribute behind its handle, its configuration the next. */
static void modified(const uint8_t *p, size_t len)
{
    uint16_t attribute = get16(p + 2);

    if (len < 10 || get16(p + 6) < 2) {
        return;
    }
    if (attribute == order + 1) {
        ordered = get16(p + 8);
    } else if (attribute == count + 2) {
        subscribed = p[8] & 1;
    }
}

/* One event within a time; its kind, 0 if none came. */
static unsigned serve(uint32_t ms)
{
    struct tl_packet *event = tl_event(ms * 1000);
    unsigned kind = event ? event_kind(event) : 0;

    if (kind == EVENT_MODIFIED) {
        modified(event_parameters(event), event_len(event));
    } else if (kind == EVENT_DISCONNECTED) {
        disconnected = true;
    }
    if (event) {
        tl_release(event);
    }
    return kind;
}

static void notify(uint32_t number)
{
    uint8_t value[PAIR_VALUE_LEN];
    unsigned status;

    for (unsigned i = 0; i < sizeof(value); i++) {
        value[i] = (uint8_t)(i < 4 ? number >> 8 * i : number);
    }
    while ((status = aci_update(service, count, value, sizeof(value))) == INSUFFICIENT_RESOURCES) {
        while (serve(1000) != EVENT_TX_POOL && !disconnected) {
        }
        if (disconnected) {
            return;
        }
    }
    need("notification", status);
}

static void set_up(void)
{
    struct gap_handles gap;

    program_name = "server";
    need("start of the stack", !tl_start_ble());
    say_init();
    need("GAP", aci_start(ROLE_PERIPHERAL, PAIR_NAME, &gap));
    need("service", aci_add_service(service_uuid, 8, &service));
    need("characteristic",
         aci_add_char(service, order_uuid, 2, PROPERTY_WRITE, TELL_WRITES, &order));
    need("characteristic",
         aci_add_char(service, count_uuid, PAIR_VALUE_LEN, PROPERTY_NOTIFY, TELL_WRITES, &count));
    need("advertising", aci_set_discoverable(PAIR_NAME));
    say("server: advertising " PAIR_NAME "\r\n");
}

void test(void)
{
    struct tl_packet *event;

    set_up();
    event = wait_event(EVENT_CONNECTED, 60000);
    need("connection", event ? event_parameters(event)[0] : 1);
    say("server: connected to ");
    say_address(event_parameters(event) + 5);
    say("\r\n");
    tl_release(event);
    while (!(ordered && subscribed) && !disconnected) {
        serve(1000);
    }
    for (unsigned i = 0; i < ordered && !disconnected; i++) {
        notify(i);
    }
    say(disconnected ? "server: lost the client\r\n" : "server: all notifications sent\r\n");
    while (!disconnected) {
        serve(1000);
    }
    say("server: disconnected\r\n");
    say_flush();
}
