// SPDX-License-Identifier: Apache-2.0
#include "aci.h"

#include "test.h"

void *memcpy(void *restrict to, const void *restrict from, size_t len);

/* opcodes */
#define GATT_INIT 0xfd01
#define GATT_ADD_SERVICE 0xfd02
#define GATT_ADD_CHAR 0xfd04
#define GATT_UPDATE_CHAR_VALUE 0xfd06
#define GATT_EXCHANGE_CONFIG 0xfd0b
#define GATT_DISC_PRIMARY_SERVICE_BY_UUID 0xfd13
#define GATT_DISC_ALL_CHAR_OF_SERVICE 0xfd15
#define GATT_DISC_ALL_CHAR_DESC 0xfd17
#define GATT_WRITE_CHAR_VALUE 0xfd1c
#define GATT_WRITE_CHAR_DESC 0xfd21
#define GAP_SET_DISCOVERABLE 0xfc83
#define GAP_SET_IO_CAPABILITY 0xfc85
#define GAP_SET_AUTHENTICATION_REQUIREMENT 0xfc86
#define GAP_INIT 0xfc8a
#define GAP_TERMINATE 0xfc93
#define GAP_START_GENERAL_DISCOVERY 0xfc97
#define GAP_CREATE_CONNECTION 0xfc9c
#define GAP_TERMINATE_PROCEDURE 0xfc9d
#define GAP_SEND_PAIRING_REQ 0xfc9f
#define GAP_GET_BONDED_DEVICES 0xfca3

#define UUID_128 2
#define PRIMARY_SERVICE 1
#define GENERAL_DISCOVERY 2
#define USER_TERMINATED 0x13

/* ---- commands, octet by octet ---- */

static uint8_t out[255];
static size_t out_len;

static void put8(uint8_t value)
{
    out[out_len++] = value;
}

static void put16(uint16_t value)
{
    put8((uint8_t)value);
    put8((uint8_t)(value >> 8));
}

static void put(const void *octets, size_t len)
{
    memcpy(out + out_len, octets, len);
    out_len += len;
}

static unsigned send(unsigned opcode, void *answer, size_t room)
{
    size_t len = out_len;

    out_len = 0;
    return hci(opcode, out, len, answer, room);
}

static size_t length(const char *text)
{
    size_t len = 0;

    while (text[len]) {
        len++;
    }
    return len;
}

static unsigned send_for_handle(unsigned opcode, uint16_t *handle)
{
    uint8_t answer[2] = {0};
    unsigned status = send(opcode, answer, sizeof(answer));

    *handle = get16(answer);
    return status;
}

unsigned aci_start(uint8_t role, const char *name, struct gap_handles *gap)
{
    uint8_t answer[6] = {0};
    unsigned status;

    status = send(HCI_RESET, NULL, 0);
    status = status ? status : send(GATT_INIT, NULL, 0);
    if (status) {
        return status;
    }
    put8(role);
    put8(0); /* no privacy */
    put8((uint8_t)length(name));
    status = send(GAP_INIT, answer, sizeof(answer));
    gap->service = get16(answer);
    gap->name = get16(answer + 2);
    gap->appearance = get16(answer + 4);
    return status ? status : aci_update(gap->service, gap->name, name, (uint8_t)length(name));
}

unsigned aci_add_service(const uint8_t uuid[16], uint8_t records, uint16_t *handle)
{
    put8(UUID_128);
    put(uuid, 16);
    put8(PRIMARY_SERVICE);
    put8(records);
    return send_for_handle(GATT_ADD_SERVICE, handle);
}

unsigned aci_add_char(uint16_t service, const uint8_t uuid[16], uint8_t size, uint8_t properties,
                      uint8_t events, uint16_t *handle)
{
    put16(service);
    put8(UUID_128);
    put(uuid, 16);
    put16(size);
    put8(properties);
    put8(0); /* no security */
    put8(events);
    put8(10); /* size of an encryption key, at least 7 */
    put8(1);  /* variable length */
    return send_for_handle(GATT_ADD_CHAR, handle);
}

unsigned aci_update(uint16_t service, uint16_t characteristic, const void *value, uint8_t len)
{
    put16(service);
    put16(characteristic);
    put8(0);
    put8(len);
    put(value, len);
    return send(GATT_UPDATE_CHAR_VALUE, NULL, 0);
}

unsigned aci_set_discoverable(const char *name)
{
    put8(0); /* ADV_IND */
    put16(0x80);
    put16(0xa0);
    put8(0); /* public address */
    put8(0); /* any */
    put8((uint8_t)(1 + length(name)));
    put8(0x09); /* complete local name */
    put(name, length(name));
    put8(0);
    put16(0);
    put16(0);
    return send(GAP_SET_DISCOVERABLE, NULL, 0);
}

unsigned aci_discover(void)
{
    put16(0x30);
    put16(0x30);
    put8(0);
    put8(1); /* every device once */
    return send(GAP_START_GENERAL_DISCOVERY, NULL, 0);
}

unsigned aci_stop_discovery(void)
{
    put8(GENERAL_DISCOVERY);
    return send(GAP_TERMINATE_PROCEDURE, NULL, 0);
}

unsigned aci_connect(uint8_t address_type, const uint8_t address[6], uint16_t interval)
{
    put16(0x30);
    put16(0x30);
    put8(address_type);
    put(address, 6);
    put8(0);
    put16(interval);
    put16(interval);
    put16(0);    /* latency */
    put16(0x64); /* supervision timeout: 1 s */
    put16(0);
    put16(0xffff);
    return send(GAP_CREATE_CONNECTION, NULL, 0);
}

unsigned aci_terminate(uint16_t connection)
{
    put16(connection);
    put8(USER_TERMINATED);
    return send(GAP_TERMINATE, NULL, 0);
}

unsigned aci_want_bonds(void)
{
    unsigned status;

    put8(3); /* no input, no output */
    status = send(GAP_SET_IO_CAPABILITY, NULL, 0);
    put8(1);  /* bonding */
    put8(0);  /* no MITM protection */
    put8(1);  /* Secure Connections, optional */
    put8(0);  /* no keypress notifications */
    put8(7);  /* key size */
    put8(16); /* at most */
    put8(1);  /* no fixed PIN */
    put16(0);
    put16(0);
    put8(0); /* public identity address */
    return status ? status : send(GAP_SET_AUTHENTICATION_REQUIREMENT, NULL, 0);
}

unsigned aci_pair(uint16_t connection)
{
    put16(connection);
    put8(0); /* not anew */
    return send(GAP_SEND_PAIRING_REQ, NULL, 0);
}

unsigned aci_bonds(void)
{
    uint8_t answer[1] = {0};

    need("bonded devices", send(GAP_GET_BONDED_DEVICES, answer, sizeof(answer)));
    return answer[0];
}

unsigned aci_exchange_mtu(uint16_t connection)
{
    put16(connection);
    return send(GATT_EXCHANGE_CONFIG, NULL, 0);
}

unsigned aci_find_service(uint16_t connection, const uint8_t uuid[16])
{
    put16(connection);
    put8(UUID_128);
    put(uuid, 16);
    return send(GATT_DISC_PRIMARY_SERVICE_BY_UUID, NULL, 0);
}

static unsigned send_range(unsigned opcode, uint16_t connection, uint16_t first, uint16_t last)
{
    put16(connection);
    put16(first);
    put16(last);
    return send(opcode, NULL, 0);
}

unsigned aci_find_chars(uint16_t connection, uint16_t first, uint16_t last)
{
    return send_range(GATT_DISC_ALL_CHAR_OF_SERVICE, connection, first, last);
}

unsigned aci_find_descriptors(uint16_t connection, uint16_t first, uint16_t last)
{
    return send_range(GATT_DISC_ALL_CHAR_DESC, connection, first, last);
}

static unsigned send_write(unsigned opcode, uint16_t connection, uint16_t attribute,
                           const void *value, uint8_t len)
{
    put16(connection);
    put16(attribute);
    put8(len);
    put(value, len);
    return send(opcode, NULL, 0);
}

unsigned aci_write(uint16_t connection, uint16_t attribute, const void *value, uint8_t len)
{
    return send_write(GATT_WRITE_CHAR_VALUE, connection, attribute, value, len);
}

unsigned aci_write_descriptor(uint16_t connection, uint16_t attribute, const void *value,
                              uint8_t len)
{
    return send_write(GATT_WRITE_CHAR_DESC, connection, attribute, value, len);
}

/* ---- events ---- */

#define CODE_LE 0x3e
#define CODE_VENDOR 0xff

static size_t head_len(const struct tl_packet *event)
{
    return event->data[0] == CODE_LE ? 1 : event->data[0] == CODE_VENDOR ? 2 : 0;
}

unsigned event_kind(const struct tl_packet *event)
{
    switch (event->data[0]) {
    case CODE_LE:
        return CODE_LE << 8 | event->data[2];
    case CODE_VENDOR:
        return get16(event->data + 2);
    default:
        return event->data[0];
    }
}

const uint8_t *event_parameters(const struct tl_packet *event)
{
    return event->data + 2 + head_len(event);
}

size_t event_len(const struct tl_packet *event)
{
    return event->data[1] - head_len(event);
}

struct tl_packet *wait_event(unsigned kind, uint32_t ms)
{
    uint64_t end = tl_us() + 1000ull * ms;
    uint64_t now;

    while ((now = tl_us()) < end) {
        struct tl_packet *event = tl_event((uint32_t)(end - now));

        if (event && event_kind(event) == kind) {
            return event;
        }
        if (event) {
            tl_release(event);
        }
    }
    return NULL;
}

/* ---- text ---- */

#define BAUD 115200u

/* PB6 is USART1's transmitter (alternate function 7). */
void say_init(void)
{
    RCC_AHB2ENR |= 1u << 1;
    GPIOB_MODER = (GPIOB_MODER & ~(3u << 12)) | 2u << 12;
    GPIOB_AFRL |= 7u << 24;
    RCC_APB2ENR |= 1u << 14;
    USART1_BRR = (core_hz + BAUD / 2) / BAUD;
    USART1_CR1 = 1u << 0 | 1u << 3; /* UE, TE */
}

void say(const char *text)
{
    for (; *text; text++) {
        wait_until(&USART1_ISR, 1u << 7, 1u << 7, ~0u); /* TXFNF */
        USART1_TDR = (uint8_t)*text;
    }
}

void say_number(uint32_t number)
{
    char text[11];
    unsigned at = sizeof(text) - 1;

    text[at] = 0;
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    say(text + at);
}

void say_address(const uint8_t address[6])
{
    for (int i = 5; i >= 0; i--) {
        const char text[] = {"0123456789abcdef"[address[i] >> 4],
                             "0123456789abcdef"[address[i] & 15], i ? ':' : 0, 0};

        say(text);
    }
}

void say_flush(void)
{
    wait_until(&USART1_ISR, 1u << 6, 1u << 6, ~0u); /* TC */
}

const char *program_name = "?";

void need(const char *what, unsigned status)
{
    if (status) {
        say(program_name);
        say(": ");
        say(what);
        say(": status ");
        say_number(status);
        say("\r\n");
        say_flush();
        exit_with(1);
    }
}

bool same(const uint8_t *a, const void *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (a[i] != ((const uint8_t *)b)[i]) {
            return false;
        }
    }
    return true;
}
