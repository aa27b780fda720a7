/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h - inside the ACI host: what its files share. hci.h is its border.
 *
 *     aci_commands.c   CPU1's vendor commands: the table, the answers
 *       aci_gap.c, aci_adv.c, aci_sec.c, aci_gatt.c, aci_client.c, aci_hal.c
 *     gatt_db.c        attributes: allocation, look-up, values, CCCDs
 *     att_server.c     requests of the peer's against gatt_db
 *     att_client.c     procedures of ours against the peer's
 *     l2cap.c          SDUs over ACL fragments, flow control, the signalling channel
 *     smp.c            pairing; smp_phase2.c its exchange, smp_crypto.c its functions;
 *     bonds.c          the bonding table
 *     host.c           links, events, the queue of HCI commands, timers
 *
 * Layouts and names of commands and events are those of ST's AN5270 (and "STM32WB BLE Wireless
 * Interface"); "Core" is the Bluetooth Core Specification 5.4.
 *
 * Nothing here blocks. An HCI command of ours is queued with a function that gets the answer;
 * an ACI command that needs several is a script (script_*), which ends with the first error.
 */
#ifndef CPU2_HOST_H
#define CPU2_HOST_H

#include "hci.h"

#define HOST_LINKS 8
#define HOST_MTU_MIN 23
#define HOST_MTU_MAX 247
#define HOST_SDU_MAX (4 + HOST_MTU_MAX) /* L2CAP header and payload */
#define HOST_BONDS HOST_RECORDS
#define ATT_TIMEOUT_US 30000000u /* Core, Vol 3 Part F, 3.3.3 */

/* Status codes of ACI commands, AN5270's annex. Those below 0x46 are HCI's. */
enum {
    ST_OK = 0x00,
    ST_UNKNOWN_COMMAND = 0x01,
    ST_UNKNOWN_CONNECTION = 0x02,
    ST_DISALLOWED = 0x0C,
    ST_UNSUPPORTED = 0x11,
    ST_BAD_HCI_PARAMETERS = 0x12,
    ST_DEVICE_NOT_FOUND = 0x5C,
    ST_NOT_BONDED = 0x5E,
    ST_INVALID_HANDLE = 0x60,
    ST_OUT_OF_HANDLES = 0x61,
    ST_INVALID_OPERATION = 0x62,
    ST_NO_RESOURCES = 0x64,
    ST_SECURITY = 0x65,
    ST_NOT_RESOLVED = 0x70,
    ST_FAILED = 0x91,
    ST_INVALID_PARAMETERS = 0x92,
    ST_BUSY = 0x93,
    ST_OUT_OF_MEMORY = 0x98,
};

/* Vendor events (code 0xFF) that the host sends to CPU1. */
enum {
    EV_GAP_LIMITED_DISCOVERABLE = 0x0400,
    EV_GAP_PAIRING_COMPLETE = 0x0401,
    EV_GAP_PASS_KEY_REQ = 0x0402,
    EV_GAP_AUTHORIZATION_REQ = 0x0403,
    EV_GAP_BOND_LOST = 0x0405,
    EV_GAP_PROC_COMPLETE = 0x0407,
    EV_GAP_ADDR_NOT_RESOLVED = 0x0408,
    EV_GAP_NUMERIC_COMPARISON = 0x0409,
    EV_GAP_KEYPRESS = 0x040A,
    EV_GAP_PAIRING_REQUEST = 0x040B,
    EV_L2CAP_UPDATE_RESP = 0x0800,
    EV_L2CAP_PROC_TIMEOUT = 0x0801,
    EV_L2CAP_UPDATE_REQ = 0x0802,
    EV_L2CAP_COMMAND_REJECT = 0x080A,
    EV_GATT_ATTRIBUTE_MODIFIED = 0x0C01,
    EV_GATT_PROC_TIMEOUT = 0x0C02,
    EV_ATT_EXCHANGE_MTU_RESP = 0x0C03,
    EV_ATT_FIND_INFO_RESP = 0x0C04,
    EV_ATT_FIND_BY_TYPE_VALUE_RESP = 0x0C05,
    EV_ATT_READ_BY_TYPE_RESP = 0x0C06,
    EV_ATT_READ_RESP = 0x0C07,
    EV_ATT_READ_BLOB_RESP = 0x0C08,
    EV_ATT_READ_MULTIPLE_RESP = 0x0C09,
    EV_ATT_READ_BY_GROUP_TYPE_RESP = 0x0C0A,
    EV_ATT_PREPARE_WRITE_RESP = 0x0C0C,
    EV_ATT_EXEC_WRITE_RESP = 0x0C0D,
    EV_GATT_INDICATION = 0x0C0E,
    EV_GATT_NOTIFICATION = 0x0C0F,
    EV_GATT_PROC_COMPLETE = 0x0C10,
    EV_GATT_ERROR_RESP = 0x0C11,
    EV_GATT_DISC_READ_CHAR_BY_UUID_RESP = 0x0C12,
    EV_GATT_WRITE_PERMIT_REQ = 0x0C13,
    EV_GATT_READ_PERMIT_REQ = 0x0C14,
    EV_GATT_READ_MULTI_PERMIT_REQ = 0x0C15,
    EV_GATT_TX_POOL_AVAILABLE = 0x0C16,
    EV_GATT_SERVER_CONFIRMATION = 0x0C17,
    EV_GATT_PREPARE_WRITE_PERMIT_REQ = 0x0C18,
    EV_GATT_MULT_NOTIFICATION = 0x0C1A,
    EV_GATT_NOTIFICATION_COMPLETE = 0x0C1B,
    EV_GATT_READ_EXT = 0x0C1D,
    EV_GATT_INDICATION_EXT = 0x0C1E,
    EV_GATT_NOTIFICATION_EXT = 0x0C1F,
};

/* ---- octets (bytes.c) ---- */

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}
static inline void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, (uint16_t)v);
    put16(p + 2, (uint16_t)(v >> 16));
}
static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What is left of a packet. Taking more than there is sets bad and gives zeros. */
struct in {
    const uint8_t *p;
    size_t left;
    bool bad;
};
uint8_t in8(struct in *in);
uint16_t in16(struct in *in);
uint32_t in32(struct in *in);
/* NULL and bad if there are not n. */
const uint8_t *in_octets(struct in *in, size_t n);
/* All was there, and nothing more. */
bool in_done(const struct in *in);

/* A packet that grows. What does not fit sets full and is left out. */
struct out {
    uint8_t *p;
    size_t n, max;
    bool full;
};
void out8(struct out *out, uint8_t v);
void out16(struct out *out, uint16_t v);
void out32(struct out *out, uint32_t v);
void out_octets(struct out *out, const void *p, size_t n);

/* Records of octets in a ring: first in, first out. */
struct fifo {
    uint8_t *mem;
    uint16_t size, head, used;
};
size_t fifo_room(const struct fifo *f); /* for one record's octets */
bool fifo_put(struct fifo *f, const void *a, size_t na, const void *b, size_t nb);
/* The oldest record, copied to out (at most max octets): its length, 0 if there is none. */
size_t fifo_peek(const struct fifo *f, uint8_t *out, size_t max);
void fifo_drop(struct fifo *f);

/* ---- links (host.c) ---- */

struct address {
    uint8_t type; /* 0 public, 1 random */
    uint8_t octets[6];
};

struct timer {
    bool on;
    uint32_t at_us;
};
void timer_start(struct timer *t, uint32_t after_us);

/* A request that CPU1 has to permit, kept as it came. */
struct permit {
    uint8_t length; /* 0: none */
    uint8_t pdu[64];
    bool granted; /* CPU1 said yes: the request is being carried out */
    struct timer timer;
};

/* One GATT procedure of ours on a link. */
struct procedure {
    uint8_t kind;   /* enum procedure_kind of att_client.c; 0: none */
    uint8_t opcode; /* of the request that awaits its response */
    uint16_t start, end, handle, offset;
    uint8_t uuid_len, uuid[16];
    bool failed; /* a reliable write whose echo differed */
    struct timer timer;
};

struct link {
    bool used;
    uint16_t handle;
    uint8_t role;            /* 0 central, 1 peripheral */
    struct address peer;     /* on the air */
    struct address local;    /* on the air */
    struct address identity; /* of the peer, if known; else as peer */
    /* L2CAP */
    uint8_t rx[HOST_SDU_MAX];
    uint16_t rx_len; /* octets of rx so far */
    bool rx_skip;    /* the SDU is too long or broken: what follows of it is dropped */
    uint16_t in_controller;
    uint8_t signal_id;
    uint8_t update_id; /* of our parameter update request; 0: none */
    struct timer update_timer;
    /* ATT */
    uint16_t mtu;
    bool mtu_done;           /* our own request for it was answered */
    bool att_closed;         /* after a time-out (Core, Vol 3 Part F, 3.3.3) */
    bool confirm_due;        /* CPU1 owes the peer a confirmation */
    struct timer indication; /* on: the peer owes us one */
    struct permit permit;
    struct procedure procedure;
    uint16_t last_indicated;
    uint16_t notified; /* CPU1 wants to know when this value's notification has gone; 0: none */
    /* security */
    bool encrypted, authenticated, secure; /* secure: by LE Secure Connections */
    uint8_t key_size;
    uint8_t authorized; /* 0 not needed, 1 needed, 2 given */
    int8_t bond;        /* index in the bonding table, -1 */
    bool key_from_bond; /* the controller was given it */
    bool smp_closed;    /* after a time-out (Core, Vol 3 Part H, 3.4) */
};

/* ACI_GATT_INIT: sets the controller up for the host, then answers the command. */
bool host_activate(void);
/* LE_Set_Event_Mask as the host wants it. */
void host_le_mask(uint8_t mask[8]);

extern struct link links[HOST_LINKS];
struct link *link_find(uint16_t handle); /* NULL: no such connection */
static inline uint8_t link_index(const struct link *link)
{
    return (uint8_t)(link - links);
}

/* ---- events to CPU1 (host.c) ---- */

#define EVENT_PARAMETERS_MAX 253 /* of a vendor event, without its code */
/* Any event, header and all, behind those that wait. */
void event_raw(const uint8_t *event, size_t n);
/* A vendor event. What finds no room is lost: host_has_room() keeps that from happening. */
void event_put(uint16_t ecode, const uint8_t *parameters, size_t n);
/* A vendor event with one link's handle, then n octets. */
void event_link(uint16_t ecode, const struct link *link, const uint8_t *more, size_t n);
extern uint16_t gap_event_mask;
extern uint32_t gatt_event_mask;
/* False: CPU1 has masked this event. */
bool event_wanted(uint16_t ecode);

/* ---- HCI commands of the host's (host.c) ---- */

/* status 0 and the return parameters after it, or another status. arg as given. */
typedef void hci_done(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg);
bool hci_send(uint16_t opcode, const uint8_t *parameters, size_t n, hci_done *done, uint32_t arg);

/* A script: commands one after the other; the first that fails ends it. One at a time. */
void script_begin(void);
void script_add(uint16_t opcode, const uint8_t *parameters, size_t n);
/* done gets the status once all is over (at once if there was nothing to do). */
void script_end(hci_done *done, uint32_t arg);

enum {
    HCI_DISCONNECT = 0x0406,
    HCI_SET_EVENT_MASK = 0x0C01,
    HCI_RESET = 0x0C03,
    HCI_LE_SET_EVENT_MASK = 0x2001,
    HCI_LE_READ_BUFFER_SIZE = 0x2002,
    HCI_LE_SET_RANDOM_ADDRESS = 0x2005,
    HCI_LE_SET_ADV_PARAMETERS = 0x2006,
    HCI_LE_SET_ADV_DATA = 0x2008,
    HCI_LE_SET_ADV_ENABLE = 0x200A,
    HCI_LE_SET_SCAN_PARAMETERS = 0x200B,
    HCI_LE_SET_SCAN_ENABLE = 0x200C,
    HCI_LE_CREATE_CONNECTION = 0x200D,
    HCI_LE_CREATE_CONNECTION_CANCEL = 0x200E,
    HCI_LE_CLEAR_ACCEPT_LIST = 0x2010,
    HCI_LE_ADD_TO_ACCEPT_LIST = 0x2011,
    HCI_LE_CONNECTION_UPDATE = 0x2013,
    HCI_LE_ENABLE_ENCRYPTION = 0x2019,
    HCI_LE_LTK_REPLY = 0x201A,
    HCI_LE_LTK_NEGATIVE_REPLY = 0x201B,
    HCI_LE_READ_P256_KEY = 0x2025,
    HCI_LE_GENERATE_DHKEY = 0x2026,
    HCI_LE_ADD_TO_RESOLVING_LIST = 0x2027,
    HCI_LE_CLEAR_RESOLVING_LIST = 0x2029,
    HCI_LE_SET_RESOLUTION_ENABLE = 0x202D,
};

/* ---- configuration, as ACI_HAL_WRITE_CONFIG_DATA sets it (aci_hal.c) ---- */

struct config {
    uint8_t address[6], random_address[6];
    uint8_t er[16], ir[16];
    uint8_t gap_records, key_type, smp_mode;
    int8_t tx_power_dbm;
};
extern struct config config;

/* ---- ACI commands (aci_commands.c) ---- */

/* A handler takes its parameters from in. It says what the answer's status is, or ACI_LATER:
 * then aci_answer() is called once the script that it started is over. */
#define ACI_LATER 0x100
/* Return parameters after the status go to *ret. */
typedef uint16_t aci_handler(struct in *in, struct out *ret);
struct aci_command {
    uint16_t opcode;
    bool answers_by_status; /* Command Status instead of Command Complete */
    aci_handler *handler;
};
/* The tables, one a file, each ended by opcode 0. */
extern const struct aci_command aci_adv_commands[], aci_gap_commands[], aci_sec_commands[],
    aci_gatt_commands[], aci_client_commands[], aci_hal_commands[];
void aci_answer(uint8_t status);
void aci_answer_to(uint16_t opcode, uint8_t status); /* after a reset */
void aci_reset(void);
/* As hci_done, for script_end(): answers the command that is being carried out. */
void aci_script_done(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg);
/* Common parameters; they set in->bad. */
struct link *in_link(struct in *in, uint16_t *status);
/* A UUID type (1: 16 bits, 2: 128) and the UUID: its length, 0 if bad. */
uint8_t in_uuid(struct in *in, uint8_t uuid[16]);

/* ---- GAP (aci_gap.c, aci_adv.c) ---- */

void gap_reset(void);
void adv_reset(void);
extern bool gap_ready, gap_privacy;
extern uint16_t gap_name_handle;
/* Puts what an own address type of GAP's needs into the script; the type for HCI. */
uint8_t gap_own_address(uint8_t gap_type);
void gap_forget_random(void);
/* Our identity address, and the random address that was last given to the controller. */
void gap_own_identity(struct address *own);
/* Fills in what is not known of a new connection's address of ours. */
void gap_air_address(struct link *link);
void gap_used_own(uint8_t role, uint8_t own);
void gap_connected(const struct link *link, uint8_t status, uint8_t role);
/* True: CPU1 does not get this advertising report. */
bool gap_filters_report(const uint8_t *report, size_t n);
void gap_timers(uint32_t now);
void adv_timers(uint32_t now);
void adv_connected(void);
bool adv_is_on(void);
bool gap_scans(void);

/* ---- timers (host.c) ---- */

/* Due: it is switched off, true. Else it is noted for host_next_us(). */
bool timer_due(struct timer *t, uint32_t now);

/* ---- L2CAP (l2cap.c) ---- */

enum { CID_ATT = 4, CID_SIGNAL = 5, CID_SMP = 6 };
void l2cap_reset(void);
void l2cap_buffers(uint16_t length, uint8_t count); /* the controller's */
void l2cap_receive(struct link *link, uint8_t boundary, const uint8_t *data, size_t n);
/* One SDU. False: no room in the pool, nothing sent. */
bool l2cap_send(struct link *link, uint16_t cid, const uint8_t *data, size_t n);
size_t l2cap_room(void); /* SDUs of any length that would find room */
void l2cap_completed(uint16_t handle, uint16_t packets);
void l2cap_disconnected(struct link *link);
/* Nothing of this link's waits, here or in the controller. */
bool l2cap_idle(const struct link *link);
bool l2cap_pump(void);
void l2cap_timers(struct link *link, uint32_t now);
/* CPU1's command met a full pool: it will be told when there is room. */
void l2cap_want_room(void);
size_t l2cap_room_for_data(void); /* as above, less what is kept for answers */
uint16_t l2cap_update_request(struct link *link, const uint8_t parameters[8]);
bool l2cap_update_response(struct link *link, uint8_t id, bool accept);

/* ---- the attribute database (gatt_db.c) ---- */

struct attribute {
    uint16_t handle;
    uint16_t uuid; /* offset in the pool of octets */
    uint16_t value;
    uint16_t length, max;
    uint8_t uuid_len;
    uint8_t security; /* ATTR_PERMISSION_*: 0x01 authenticated read ... 0x80 SC write */
    uint8_t access;   /* 1 read, 2 write, 4 write without response, 8 signed write */
    uint8_t events;   /* GATT_NOTIFY_* */
    uint8_t key_size;
    uint8_t flags;
};
enum {
    ATTR_VARIABLE = 1,
    ATTR_CCCD = 2,    /* value is an index into the CCCDs of each link */
    ATTR_SERVICE = 4, /* a service's declaration; max holds its last handle */
    ATTR_DECLARATION = 8,
};
enum {
    UUID_PRIMARY = 0x2800,
    UUID_SECONDARY = 0x2801,
    UUID_INCLUDE = 0x2802,
    UUID_CHARACTERISTIC = 0x2803,
    UUID_EXTENDED = 0x2900,
    UUID_CCCD = 0x2902,
    UUID_SCCD = 0x2903,
};
#define CCCD_MAX 32

struct new_attribute {
    uint16_t handle; /* 0: the service's next free one */
    const uint8_t *uuid;
    uint8_t uuid_len;
    const uint8_t *value;
    uint16_t length, max;
    uint8_t security, access, events, key_size, flags;
};

void db_reset(void);
/* The services that ACI_GATT_INIT and ACI_GAP_INIT add. */
void db_add_gatt_service(void);
uint8_t db_add_gap_service(uint8_t role, bool privacy, uint8_t name_len, uint16_t handles[3]);
uint8_t db_add_service(const uint8_t *uuid, uint8_t uuid_len, bool primary, uint8_t records,
                       uint16_t *handle);
uint8_t db_add(uint16_t service, const struct new_attribute *a, uint16_t *handle);
/* A characteristic with its value and the descriptors that its properties ask for. */
struct new_characteristic {
    const uint8_t *uuid;
    uint8_t uuid_len;
    uint16_t max;
    uint8_t properties, security, events, key_size;
    bool variable;
};
uint8_t db_add_characteristic(uint16_t service, const struct new_characteristic *c,
                              uint16_t *handle);
uint8_t db_delete(uint16_t first, uint16_t last); /* attributes; a service with all its own */
struct attribute *db_find(uint16_t handle);
/* The first with a handle >= this; NULL at the end. */
struct attribute *db_from(uint16_t handle);
struct attribute *db_next(struct attribute *a);
/* The service that a handle lies in. */
struct attribute *db_service_of(uint16_t handle);
/* Last handle of a characteristic whose declaration this is. */
uint16_t db_characteristic_end(const struct attribute *declaration);
const uint8_t *db_uuid(const struct attribute *a);
bool db_uuid_is(const struct attribute *a, const uint8_t *uuid, uint8_t uuid_len);
bool db_is(const struct attribute *a, uint16_t uuid16);
/* The value as this link sees it; NULL link: the local one. Length in *n. */
const uint8_t *db_value(const struct attribute *a, const struct link *link, uint16_t *n);
void db_write(struct attribute *a, uint16_t offset, const uint8_t *p, uint16_t n, bool set_length);
uint16_t db_cccd(const struct link *link, const struct attribute *cccd);
void db_set_cccd(const struct link *link, const struct attribute *cccd, uint16_t value);
/* The descriptor of the characteristic whose value has this handle; NULL. */
struct attribute *db_cccd_of(uint16_t value_handle);
uint8_t *db_link_cccds(const struct link *link); /* CCCD_MAX octets */

/* ---- ATT ---- */

enum {
    ATT_ERROR = 0x01,
    ATT_MTU_REQ = 0x02,
    ATT_MTU_RSP = 0x03,
    ATT_FIND_INFO_REQ = 0x04,
    ATT_FIND_INFO_RSP = 0x05,
    ATT_FIND_VALUE_REQ = 0x06,
    ATT_FIND_VALUE_RSP = 0x07,
    ATT_READ_TYPE_REQ = 0x08,
    ATT_READ_TYPE_RSP = 0x09,
    ATT_READ_REQ = 0x0A,
    ATT_READ_RSP = 0x0B,
    ATT_BLOB_REQ = 0x0C,
    ATT_BLOB_RSP = 0x0D,
    ATT_MULTIPLE_REQ = 0x0E,
    ATT_MULTIPLE_RSP = 0x0F,
    ATT_GROUP_REQ = 0x10,
    ATT_GROUP_RSP = 0x11,
    ATT_WRITE_REQ = 0x12,
    ATT_WRITE_RSP = 0x13,
    ATT_PREPARE_REQ = 0x16,
    ATT_PREPARE_RSP = 0x17,
    ATT_EXECUTE_REQ = 0x18,
    ATT_EXECUTE_RSP = 0x19,
    ATT_NOTIFICATION = 0x1B,
    ATT_INDICATION = 0x1D,
    ATT_CONFIRMATION = 0x1E,
    ATT_MULTIPLE_VARIABLE_REQ = 0x20,
    ATT_MULTIPLE_VARIABLE_RSP = 0x21,
    ATT_MULTIPLE_NOTIFICATION = 0x23,
    ATT_WRITE_COMMAND = 0x52,
    ATT_SIGNED_WRITE = 0xD2,
};
enum {
    ATT_INVALID_HANDLE = 0x01,
    ATT_READ_NOT_PERMITTED = 0x02,
    ATT_WRITE_NOT_PERMITTED = 0x03,
    ATT_INVALID_PDU = 0x04,
    ATT_INSUFFICIENT_AUTHENTICATION = 0x05,
    ATT_NOT_SUPPORTED = 0x06,
    ATT_INVALID_OFFSET = 0x07,
    ATT_INSUFFICIENT_AUTHORIZATION = 0x08,
    ATT_QUEUE_FULL = 0x09,
    ATT_NOT_FOUND = 0x0A,
    ATT_NOT_LONG = 0x0B,
    ATT_INSUFFICIENT_KEY_SIZE = 0x0C,
    ATT_INVALID_LENGTH = 0x0D,
    ATT_UNLIKELY = 0x0E,
    ATT_INSUFFICIENT_ENCRYPTION = 0x0F,
    ATT_UNSUPPORTED_GROUP = 0x10,
    ATT_INSUFFICIENT_RESOURCES = 0x11,
};

extern uint16_t att_max_mtu;
void att_receive(struct link *link, const uint8_t *pdu, size_t n);
void att_send(struct link *link, const uint8_t *pdu, size_t n);
void att_server_reset(void);
void att_server_request(struct link *link, const uint8_t *pdu, size_t n);
void att_server_disconnected(struct link *link);
void att_server_timers(struct link *link, uint32_t now);
/* May this link write (else read) the attribute? 0, or the error for it. */
uint8_t att_permission(const struct link *link, const struct attribute *a, bool write);
bool att_may_notify(const struct link *link, const struct attribute *a);
uint8_t att_permit_write(struct link *link, uint16_t handle, uint8_t error, const uint8_t *value,
                         uint8_t n);
uint8_t att_permit_read(struct link *link, uint8_t error, uint16_t handle);
/* Sends a value to one subscriber; no room has been made sure of before. */
void att_notify(struct link *link, const struct attribute *value, bool indicate);
void att_notify_service_changed(uint16_t first, uint16_t last);
/* Packets of this link left the controller, or it is gone: a notification may be complete. */
void gatt_sent(struct link *link);
void att_timed_out(struct link *link);

/* Procedures of a client: what each sends, and what it makes of the answer. */
enum procedure_kind {
    PROC_NONE,
    PROC_MTU,
    PROC_FIND_INFO,  /* one request */
    PROC_FIND_VALUE, /* one request */
    PROC_READ_TYPE,  /* one request */
    PROC_READ_GROUP, /* one request */
    PROC_PREPARE,    /* one request */
    PROC_EXECUTE,    /* one request */
    PROC_SERVICES,   /* discovery, to the end of the range */
    PROC_SERVICE_BY_UUID,
    PROC_INCLUDED,
    PROC_CHARACTERISTICS,
    PROC_CHARACTERISTIC_BY_UUID,
    PROC_DESCRIPTORS,
    PROC_READ,
    PROC_READ_BY_UUID,
    PROC_READ_LONG,
    PROC_READ_MULTIPLE,
    PROC_WRITE,
    PROC_WRITE_LONG,
    PROC_WRITE_RELIABLE,
};
/* Starts one, its fields as given; p: the value to write, the handles to read. A status. */
uint16_t att_client_start(struct link *link, const struct procedure *what, const uint8_t *p,
                          size_t n);
uint16_t att_client_command(struct link *link, uint16_t handle, const uint8_t *p, size_t n);
uint16_t att_client_confirm(struct link *link);
void att_client_reset(void);
void att_client_response(struct link *link, const uint8_t *pdu, size_t n);
void att_client_value(struct link *link, const uint8_t *pdu, size_t n);
void att_client_disconnected(struct link *link);
void att_client_timers(struct link *link, uint32_t now);

/* ---- security (smp.c, bonds.c) ---- */

void smp_reset(void);
/* The hash part of an address that our IRK resolves. */
void smp_own_hash(const uint8_t prand[3], uint8_t hash[3]);
uint8_t smp_identity_type(void); /* of our own, as ACI_GAP_SET_AUTHENTICATION_REQUIREMENT says */
void smp_receive(struct link *link, const uint8_t *pdu, size_t n);
void smp_connected(struct link *link);
void smp_disconnected(struct link *link);
void smp_timers(struct link *link, uint32_t now);
/* Events of the controller's that belong to it. */
void smp_ltk_request(struct link *link, const uint8_t rand[8], uint16_t ediv);
void smp_encryption_changed(struct link *link, uint8_t status, bool on);
void smp_public_key(uint8_t status, const uint8_t key[64]);
void smp_dhkey(uint8_t status, const uint8_t key[32]);
bool smp_wants_key_events(void);

#endif
