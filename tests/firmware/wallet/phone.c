// SPDX-License-Identifier: Apache-2.0
/*
 * phone.c - the other side of the wallet's Bluetooth, for examples/wallet-phone.yaml: finds it by
 * name, asks for a signature, checks it, and disconnects.
 */
#include "central.h"
#include "phone.h"
#include "test.h"

static const uint8_t service_uuid[16] = WALLET_SERVICE, apdu_uuid[16] = WALLET_APDU,
                     answer_uuid[16] = WALLET_ANSWER;
static const uint8_t request[] = {0xe0, SIGN_INS, 0, 0, 6, 'p', 'a', 'y', ' ', '5', '0'};
static uint16_t connection, first, last, apdu, answer, configuration;

/* ---- finding it ---- */

static void connect(void)
{
    uint8_t type, address[6];

    central_find(WALLET_NAME, &type, address);
    connection = central_connect(type, address, 24); /* 30 ms */
    say("phone: connected to " WALLET_NAME "\r\n");
}

/* ---- its service ---- */

static void found(unsigned kind, const uint8_t *p)
{
    if (kind == EVENT_FIND_BY_TYPE && p[2]) {
        first = get16(p + 3);
        last = get16(p + 5);
    }
    for (unsigned at = 4; kind == EVENT_READ_BY_TYPE && p[2] == 21 && at + 17 <= p[3]; at += 21) {
        apdu = same(p + at + 5, apdu_uuid, 16) ? get16(p + at + 3) : apdu;
        answer = same(p + at + 5, answer_uuid, 16) ? get16(p + at + 3) : answer;
    }
    for (unsigned at = 4; kind == EVENT_FIND_INFO && p[2] == 1 && at <= p[3]; at += 4) {
        configuration = get16(p + at + 2) == CCCD_UUID ? get16(p + at) : configuration;
    }
}

static void procedure(const char *what, unsigned status)
{
    central_procedure(what, status, found);
}

static void discover(void)
{
    static const uint8_t on[2] = {1, 0};

    procedure("service", aci_find_service(connection, service_uuid));
    need("no service", !first);
    procedure("characteristics", aci_find_chars(connection, first, last));
    need("no characteristics", !apdu || !answer);
    procedure("descriptors", aci_find_descriptors(connection, answer, last));
    need("no descriptor", !configuration);
    procedure("subscription", aci_write_descriptor(connection, configuration, on, 2));
}

/* ---- a request ---- */

/* What the wallet must answer. */
static void expected(uint8_t out[16])
{
    static const uint32_t key[4] = WALLET_KEY;
    uint32_t word = 0;

    RCC_AHB2ENR |= 1u << 16; /* AES1 */
    AES1_CR = 0;
    AES1_KEYR0 = key[0];
    AES1_KEYR1 = key[1];
    AES1_KEYR2 = key[2];
    AES1_KEYR3 = key[3];
    AES1_CR = 1;
    for (unsigned i = 0; i < 16; i++) {
        word = word << 8 | (i < sizeof(request) ? request[i] : 0);
        if (i % 4 == 3) {
            AES1_DINR = word;
        }
    }
    while (!(AES1_SR & 1)) {
    }
    for (unsigned i = 0; i < 16; i++) {
        word = i % 4 ? word : AES1_DOUTR;
        out[i] = (uint8_t)(word >> (24 - i % 4 * 8));
    }
    AES1_CR = 0;
}

/* Notification: connection, attribute, length, octets. */
static void ask(void)
{
    struct tl_packet *event;
    const uint8_t *p;
    uint8_t right[16];
    unsigned status;

    say("phone: asks for a signature\r\n");
    procedure("request", aci_write(connection, apdu, request, sizeof(request)));
    event = wait_event(EVENT_NOTIFICATION, 60000);
    need("no answer", !event);
    p = event_parameters(event);
    need("another answer", get16(p + 2) != answer || p[4] < 2);
    status = (unsigned)p[3 + p[4]] << 8 | p[4 + p[4]];
    expected(right);
    if (status == SW_OK) {
        need("a wrong signature", p[4] != 18 || !same(p + 5, right, 16));
        say("phone: signed, and the signature is right\r\n");
    } else {
        need("neither yes nor no", status != SW_REFUSED);
        say("phone: refused\r\n");
    }
    tl_release(event);
}

void test(void)
{
    struct gap_handles gap;
    struct tl_packet *event;

    program_name = "phone";
    need("start of the stack", !tl_start_ble());
    say_init();
    need("GAP", aci_start(ROLE_CENTRAL, "phone", &gap));
    connect();
    discover();
    ask();
    need("disconnection", aci_terminate(connection));
    event = wait_event(EVENT_DISCONNECTED, 5000);
    need("no disconnection", !event);
    tl_release(event);
    say("phone: disconnected\r\n");
    say_flush();
}
