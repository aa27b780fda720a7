// SPDX-License-Identifier: Apache-2.0
/*
 * bond_server.c - a GATT server whose one value is told to a bonded client as soon as the link is
 * encrypted: whether it has subscribed is for CPU2 to know, from the bond (tests/e2e/ble_bonds.sh).
 *
 * With button 1 (PC4) held at its start, CPU2 keeps its bonds in SRAM, which outlives resets.
 */
#include "aci.h"
#include "pair.h"
#include "test.h"

static const uint8_t service_uuid[16] = PAIR_SERVICE, count_uuid[16] = PAIR_COUNT;
static uint32_t nvm[TL_NVM_OCTETS / 4] __attribute__((section(".noinit")));
static uint16_t service, count;

static void say_what_was_written(void)
{
    struct tl_packet *event;

    while ((event = tl_system_event(0))) {
        const uint8_t *e = event->data;

        if (get16(e + 2) == 0x9205 || get16(e + 2) == 0x9202) {
            say(e[2] == 5 ? "server: CPU2 has written to flash\r\n"
                          : "server: CPU2 has written to SRAM\r\n");
        }
        tl_release(event);
    }
}

static void set_up(void)
{
    struct gap_handles gap;

    program_name = "server";
    RCC_AHB2ENR |= 1u << 2;
    GPIOC_MODER &= ~(3u << 8);
    GPIOC_PUPDR |= 1u << 8;
    tl_nvm = GPIOC_IDR >> 4 & 1 ? NULL : nvm;
    need("start of the stack", !tl_start_ble());
    say_init();
    need("GAP", aci_start(ROLE_PERIPHERAL, PAIR_NAME, &gap));
    need("security", aci_want_bonds());
    need("service", aci_add_service(service_uuid, 8, &service));
    need("characteristic",
         aci_add_char(service, count_uuid, 1, PROPERTY_NOTIFY, TELL_WRITES, &count));
    say("server: bonds: ");
    say_number(aci_bonds());
    say("\r\n");
}

/* One connection. */
static void serve(void)
{
    unsigned kind = 0;

    while (kind != EVENT_DISCONNECTED) {
        struct tl_packet *event = tl_event(10000);

        kind = event ? event_kind(event) : 0;
        if (kind == EVENT_PAIRED) {
            need("pairing", event_parameters(event)[2]);
        }
        if (kind == EVENT_PAIRED || kind == EVENT_MODIFIED) {
            static uint8_t value;

            value++;
            need("notification", aci_update(service, count, &value, 1));
        }
        if (event) {
            tl_release(event);
        }
        say_what_was_written();
    }
    say("server: disconnected\r\n");
}

void test(void)
{
    set_up();
    for (;;) {
        need("advertising", aci_set_discoverable(PAIR_NAME));
        say("server: advertises\r\n");
        serve();
    }
}
