// SPDX-License-Identifier: Apache-2.0
/*
 * bond_client.c - a GATT client for bond_server.c: it pairs and subscribes if it has no bond, else
 * it only has the link encrypted; then it waits for a notification, and for the end of the
 * connection (tests/e2e/ble_bonds.sh).
 */
#include "central.h"
#include "pair.h"
#include "test.h"

static const uint8_t service_uuid[16] = PAIR_SERVICE;
static uint16_t configuration, first, last;

static void found(unsigned kind, const uint8_t *p)
{
    if (kind == EVENT_FIND_BY_TYPE && p[2]) {
        first = get16(p + 3);
        last = get16(p + 5);
    }
    for (unsigned at = 0; kind == EVENT_FIND_INFO && p[2] == 1 && at + 4 <= p[3]; at += 4) {
        if (get16(p + 4 + at + 2) == CCCD_UUID) {
            configuration = get16(p + 4 + at);
        }
    }
}

static void subscribe(uint16_t connection)
{
    static const uint8_t on[2] = {1, 0};

    central_procedure("service", aci_find_service(connection, service_uuid), found);
    central_procedure("descriptors", aci_find_descriptors(connection, first, last), found);
    need("no descriptor", !configuration);
    central_procedure("subscription", aci_write_descriptor(connection, configuration, on, 2), NULL);
    say("client: has subscribed\r\n");
}

static void drop_system_events(void)
{
    struct tl_packet *event;

    while ((event = tl_system_event(0))) {
        tl_release(event);
    }
}

/* One connection, until the server is gone. */
static void meet(void)
{
    uint8_t type, address[6];
    unsigned bonds = aci_bonds();
    struct tl_packet *event;
    uint16_t connection;

    central_find(PAIR_NAME, &type, address);
    connection = central_connect(type, address, 24);
    say("client: connected, bonds: ");
    say_number(bonds);
    say("\r\n");
    need("security", aci_pair(connection));
    event = wait_event(EVENT_PAIRED, 30000);
    need("pairing", event ? event_parameters(event)[2] : TL_TIMEOUT);
    tl_release(event);
    say(bonds ? "client: encrypted\r\n" : "client: has paired\r\n");
    if (!bonds) {
        subscribe(connection);
    }
    event = wait_event(EVENT_NOTIFICATION, 1000);
    need("no notification", !event);
    tl_release(event);
    say("client: was notified\r\n");
    while (!(event = wait_event(EVENT_DISCONNECTED, 100))) {
        drop_system_events();
    }
    tl_release(event);
    say("client: disconnected\r\n");
}

void test(void)
{
    struct gap_handles gap;

    program_name = "client";
    need("start of the stack", !tl_start_ble());
    say_init();
    need("GAP", aci_start(ROLE_CENTRAL, "client", &gap));
    need("security", aci_want_bonds());
    for (;;) {
        meet();
    }
}
