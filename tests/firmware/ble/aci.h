/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aci.h - the vendor's GAP and GATT commands (AN5270) that the programs here use, over tl.h, and a
 * line of text for a person on USART1.
 *
 * Functions that return a status wait for the command's answer; 0 is good. What a command starts is
 * reported by events, which wait_event() waits for: those that are not wanted it throws away.
 */
#ifndef ACI_H
#define ACI_H

#include "tl.h"

#define HCI_RESET 0x0c03

/* events: HCI codes, 0x3e00 | subevent of LE, or the vendor's codes */
#define EVENT_DISCONNECTED 0x05
#define EVENT_CONNECTED 0x3e01
#define EVENT_REPORT 0x3e02
#define EVENT_PAIRED 0x0401
#define EVENT_GAP_PROCEDURE 0x0407
#define EVENT_MODIFIED 0x0c01
#define EVENT_FIND_INFO 0x0c04
#define EVENT_FIND_BY_TYPE 0x0c05
#define EVENT_READ_BY_TYPE 0x0c06
#define EVENT_NOTIFICATION 0x0c0f
#define EVENT_GATT_PROCEDURE 0x0c10
#define EVENT_TX_POOL 0x0c16

#define INSUFFICIENT_RESOURCES 0x64

#define ROLE_PERIPHERAL 1
#define ROLE_CENTRAL 4
#define PROPERTY_WRITE 0x08
#define PROPERTY_NOTIFY 0x10
#define TELL_WRITES 0x01

struct gap_handles {
    uint16_t service, name, appearance;
};

unsigned aci_start(uint8_t role, const char *name, struct gap_handles *gap);
unsigned aci_add_service(const uint8_t uuid[16], uint8_t records, uint16_t *handle);
unsigned aci_add_char(uint16_t service, const uint8_t uuid[16], uint8_t size, uint8_t properties,
                      uint8_t events, uint16_t *handle);
unsigned aci_update(uint16_t service, uint16_t characteristic, const void *value, uint8_t len);
unsigned aci_set_discoverable(const char *name);
unsigned aci_discover(void);
unsigned aci_stop_discovery(void);
unsigned aci_connect(uint8_t address_type, const uint8_t address[6], uint16_t interval);
unsigned aci_terminate(uint16_t connection);
/* Just works, with bonding. aci_pair(): with the keys of a bond, if there is one. */
unsigned aci_want_bonds(void);
unsigned aci_pair(uint16_t connection);
/* How many bonded devices there are. */
unsigned aci_bonds(void);
unsigned aci_exchange_mtu(uint16_t connection);
unsigned aci_find_service(uint16_t connection, const uint8_t uuid[16]);
unsigned aci_find_chars(uint16_t connection, uint16_t first, uint16_t last);
unsigned aci_find_descriptors(uint16_t connection, uint16_t first, uint16_t last);
unsigned aci_write(uint16_t connection, uint16_t attribute, const void *value, uint8_t len);
unsigned aci_write_descriptor(uint16_t connection, uint16_t attribute, const void *value,
                              uint8_t len);

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* What an event is, as above; its parameters (behind LE's or the vendor's sub-code) and their
 * length. */
unsigned event_kind(const struct tl_packet *event);
const uint8_t *event_parameters(const struct tl_packet *event);
size_t event_len(const struct tl_packet *event);
/* The next event of this kind, to be released; NULL: none within so many milliseconds. */
struct tl_packet *wait_event(unsigned kind, uint32_t ms);

/* USART1 at 115200 baud, after tl_init(). say_number() is decimal. */
void say_init(void);
void say(const char *text);
void say_number(uint32_t number);
void say_address(const uint8_t address[6]);
/* Until the last bit is out. */
void say_flush(void);

/* status 0, or the program ends with a line that begins with this name. */
extern const char *program_name;
void need(const char *what, unsigned status);

bool same(const uint8_t *a, const void *b, size_t len);

#endif
