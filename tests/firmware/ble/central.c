// SPDX-License-Identifier: Apache-2.0
#include "central.h"
#include "test.h"

/* Is there an AD structure with that name? */
static bool has_name(const uint8_t *data, size_t len, const char *name)
{
    for (size_t at = 0; at + 1 < len && data[at] && at + 1 + data[at] <= len; at += 1u + data[at]) {
        if (data[at + 1] == 0x09) {
            size_t said = data[at] - 1u;

            return same(data + at + 2, name, said) && !name[said];
        }
    }
    return false;
}

/* A report: number of reports (1), type, address type, address, length, data, RSSI. */
int8_t central_find(const char *name, uint8_t *type, uint8_t address[6])
{
    int8_t rssi = 0;
    bool found = false;

    need("scan", aci_discover());
    while (!found) {
        struct tl_packet *event = wait_event(EVENT_REPORT, 30000);
        const uint8_t *p;

        need("no such device", !event);
        p = event_parameters(event);
        found = p[1] == 0 && has_name(p + 10, p[9], name);
        rssi = (int8_t)p[10 + p[9]];
        *type = p[2];
        for (unsigned i = 0; i < 6; i++) {
            address[i] = p[3 + i];
        }
        tl_release(event);
    }
    need("end of scan", aci_stop_discovery());
    tl_release(wait_event(EVENT_GAP_PROCEDURE, 1000));
    return rssi;
}

uint16_t central_connect(uint8_t type, const uint8_t address[6], uint16_t interval)
{
    struct tl_packet *event;
    uint16_t connection;

    need("connecting", aci_connect(type, address, interval));
    event = wait_event(EVENT_CONNECTED, 10000);
    need("connection", event ? event_parameters(event)[0] : TL_TIMEOUT);
    connection = get16(event_parameters(event) + 1);
    tl_release(event);
    return connection;
}

void central_procedure(const char *what, unsigned status,
                       void (*found)(unsigned kind, const uint8_t *parameters))
{
    unsigned kind = 0;

    need(what, status);
    while (kind != EVENT_GATT_PROCEDURE) {
        struct tl_packet *event = tl_event(31000000);
        const uint8_t *p;

        need(what, event ? 0 : TL_TIMEOUT);
        kind = event_kind(event);
        p = event_parameters(event);
        if (kind == EVENT_GATT_PROCEDURE) {
            need(what, p[2]);
        } else if (kind == EVENT_DISCONNECTED) {
            need("disconnected", p[3]);
        } else if (found) {
            found(kind, p);
        }
        tl_release(event);
    }
}
