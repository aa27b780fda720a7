/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hci_controller.c - commands that are not LE's own (Vol 4 Part E 7.1, 7.3 to 7.5), and the
 * controller's main loop.
 */
#include "ll.h"

#define OPCODE(ogf, ocf) ((ogf) << 10 | (ocf))

enum {
    DISCONNECT = OPCODE(1, 0x06),
    READ_REMOTE_VERSION = OPCODE(1, 0x1D),
    SET_EVENT_MASK = OPCODE(3, 0x01),
    RESET = OPCODE(3, 0x03),
    READ_TRANSMIT_POWER = OPCODE(3, 0x2D),
    SET_HOST_FLOW_CONTROL = OPCODE(3, 0x31),
    HOST_BUFFER_SIZE = OPCODE(3, 0x33),
    HOST_COMPLETED_PACKETS = OPCODE(3, 0x35),
    SET_EVENT_MASK_2 = OPCODE(3, 0x63),
    READ_PAYLOAD_TIMEOUT = OPCODE(3, 0x7B),
    WRITE_PAYLOAD_TIMEOUT = OPCODE(3, 0x7C),
    READ_VERSION = OPCODE(4, 0x01),
    READ_COMMANDS = OPCODE(4, 0x02),
    READ_FEATURES = OPCODE(4, 0x03),
    READ_BUFFER_SIZE = OPCODE(4, 0x05),
    READ_BD_ADDR = OPCODE(4, 0x09),
    READ_RSSI = OPCODE(5, 0x05),
};

/* 6.27: octet and bit of each command that is there. */
static const uint8_t supported[][2] = {
    {0, 1 << 5},                             /* Disconnect */
    {2, 1 << 7},                             /* Read Remote Version */
    {5, 1 << 6 | 1 << 7},                    /* Set Event Mask, Reset */
    {10, 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7}, /* Transmit Power Level, host flow control */
    {14, 1 << 3 | 1 << 5 | 1 << 7},          /* version, features, buffer size */
    {15, 1 << 1 | 1 << 5},                   /* BD_ADDR, RSSI */
    {22, 1 << 2},                            /* Set Event Mask Page 2 */
    {25, 0xF7},                              /* LE masks to scan parameters */
    {26, 0xFF},                              /* scan enable to update */
    {27, 0xFF},                              /* host channels to encryption */
    {28, 0x0F},                              /* LTK replies, states; no direct test modes */
    {32, 1 << 4 | 1 << 5},                   /* payload timeout */
    {33, 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7}, /* parameter request replies, data length */
    {34, 1 << 0 | 1 << 1 | 1 << 2},          /* default data length, P-256, DHKey */
    {35, 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6}, /* maximum data length, PHYs */
};

void controller_set_address(const uint8_t address[6])
{
    memcpy(ll.public_address, address, 6);
}

void controller_set_tx_power(int8_t dbm)
{
    ll.power_dbm = dbm;
}

void controller_set_activity_mask(uint16_t mask)
{
    ll.activity_mask = mask;
}

/* All but the address and power to what a reset makes of it. */
static void reset(void)
{
    static const uint8_t event_mask[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0, 0};
    uint32_t lock = radio_lock();

    radio_stop();
    radio_alarm_off();
    ll.owner = NULL;
    memset((uint8_t *)&ll + offsetof(struct link_layer, random_address), 0,
           offsetof(struct link_layer, end_of_reset) - offsetof(struct link_layer, random_address));
    data_reset();
    ll.scan.activity.role = ROLE_SCAN;
    ll.adv.activity.role = ROLE_ADV;
    ll.adv.map = 7;
    ll.adv.interval_min = ll.adv.interval_max = 0x800;
    ll.scan.interval = ll.scan.window = 0x10;
    ll.scan.upper_limit = ll.scan.backoff = 1;
    memcpy(ll.event_mask, event_mask, 8);
    ll.le_event_mask[0] = 0x1F;
    memset(ll.host_channels, 0xFF, 5);
    ll.host_channels[4] = 0x1F;
    ll.default_tx_octets = DATA_OCTETS_MIN;
    ll.default_tx_time = DATA_TIME_MIN_US;
    ll.default_tx_phys = ll.default_rx_phys = PHY_1M | PHY_2M;
    radio_unlock(lock);
}

void controller_init(const uint8_t address[6])
{
    uint8_t noise[4];

    controller_set_address(address);
    random_octets(noise, 4);
    ll.noise = get32(noise) | 1;
    radio_init();
    reset();
}

/* ---- commands ---- */

static void answer(uint16_t opcode, uint8_t status)
{
    event_complete(opcode, &status, 1);
}

static bool is_reason(uint8_t reason)
{
    static const uint8_t reasons[] = {0x05, 0x13, 0x14, 0x15, 0x1A, 0x29, 0x3B};

    for (size_t i = 0; i < sizeof(reasons); i++) {
        if (reasons[i] == reason) {
            return true;
        }
    }
    return false;
}

static void disconnect(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));

    if (!c) {
        event_status(opcode, UNKNOWN_CONNECTION);
    } else if (!is_reason(p[2])) {
        event_status(opcode, INVALID_PARAMETERS);
    } else if (c->terminate_reason) {
        event_status(opcode, COMMAND_DISALLOWED);
    } else {
        event_status(opcode, OK);
        c->terminate_reason = p[2];
        control_want(c, PROC_TERMINATE);
    }
}

void start_with_peer(uint16_t opcode, const uint8_t *p, enum procedure procedure)
{
    struct conn *c = conn_find(get16(p));

    event_status(opcode, c ? OK : UNKNOWN_CONNECTION);
    if (c) {
        control_want(c, procedure);
    }
}

static void set_host_flow_control(uint16_t opcode, const uint8_t *p)
{
    if (p[0] > 1) {
        answer(opcode, p[0] > 3 ? INVALID_PARAMETERS : UNSUPPORTED); /* no synchronous data */
        return;
    }
    if (p[0] && !ll.host_acl_octets) {
        answer(opcode, COMMAND_DISALLOWED); /* Host_Buffer_Size comes first */
        return;
    }
    ll.host_flow = p[0];
    answer(opcode, OK);
}

static void host_buffer_size(uint16_t opcode, const uint8_t *p)
{
    if (get16(p) < DATA_OCTETS_MIN || !get16(p + 3)) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    ll.host_acl_octets = get16(p);
    ll.host_acl_free = get16(p + 3);
    answer(opcode, OK);
}

/* No event answers it, unless it is wrong. */
static void host_completed_packets(uint16_t opcode, const uint8_t *p, size_t len)
{
    if (len < 1 || len != 1u + 4u * p[0]) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    for (unsigned i = 0; i < p[0]; i++) {
        struct conn *c = conn_find(get16(p + 1 + 4 * i));
        unsigned n = get16(p + 3 + 4 * i);

        if (!c || n > c->given) {
            answer(opcode, INVALID_PARAMETERS);
            return;
        }
        c->given = (uint16_t)(c->given - n);
        ll.host_acl_free = (uint16_t)(ll.host_acl_free + n);
    }
}

static void payload_timeout(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[5] = {c ? OK : UNKNOWN_CONNECTION, p[0], p[1]};

    if (opcode == READ_PAYLOAD_TIMEOUT) {
        put16(r + 3, c ? c->payload_timeout : 0);
        event_complete(opcode, r, 5);
        return;
    }
    if (c && !get16(p + 2)) {
        r[0] = INVALID_PARAMETERS;
    } else if (c) {
        c->payload_timeout = get16(p + 2);
        c->authenticated_at = now_us();
        c->payload_expired = false;
    }
    event_complete(opcode, r, 3);
}

static void read_rssi(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[4] = {c ? OK : UNKNOWN_CONNECTION, p[0], p[1], c ? (uint8_t)c->rssi : 0};

    event_complete(opcode, r, sizeof(r));
}

static void read_transmit_power(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[4] = {c ? OK : UNKNOWN_CONNECTION, p[0], p[1], (uint8_t)ll.power_dbm};

    event_complete(opcode, r, sizeof(r));
}

/* ---- what the controller is ---- */

static void read_version(uint16_t opcode)
{
    uint8_t r[9] = {OK, LL_VERSION};

    put16(r + 2, LL_SUBVERSION);
    r[4] = LL_VERSION;
    put16(r + 5, LL_COMPANY);
    put16(r + 7, LL_SUBVERSION);
    event_complete(opcode, r, sizeof(r));
}

static void read_commands(uint16_t opcode)
{
    uint8_t r[65] = {OK};

    for (size_t i = 0; i < sizeof(supported) / sizeof(*supported); i++) {
        r[1 + supported[i][0]] = supported[i][1];
    }
    event_complete(opcode, r, sizeof(r));
}

static void read_features(uint16_t opcode)
{
    const uint8_t r[9] = {OK, 0, 0, 0, 0, 0x60}; /* LE, and nothing else */

    event_complete(opcode, r, sizeof(r));
}

static void read_buffer_size(uint16_t opcode)
{
    uint8_t r[8] = {OK};

    put16(r + 1, DATA_OCTETS_MAX);
    put16(r + 4, LL_ACL);
    event_complete(opcode, r, sizeof(r));
}

static void read_address(uint16_t opcode)
{
    uint8_t r[7] = {OK};

    memcpy(r + 1, ll.public_address, 6);
    event_complete(opcode, r, sizeof(r));
}

static const struct {
    uint16_t opcode;
    uint8_t len;
} basic[] = {
    {DISCONNECT, 3},
    {READ_REMOTE_VERSION, 2},
    {SET_EVENT_MASK, 8},
    {RESET, 0},
    {READ_TRANSMIT_POWER, 3},
    {SET_HOST_FLOW_CONTROL, 1},
    {HOST_BUFFER_SIZE, 7},
    {SET_EVENT_MASK_2, 8},
    {READ_PAYLOAD_TIMEOUT, 2},
    {READ_VERSION, 0},
    {WRITE_PAYLOAD_TIMEOUT, 4},
    {READ_COMMANDS, 0},
    {READ_FEATURES, 0},
    {READ_BUFFER_SIZE, 0},
    {READ_BD_ADDR, 0},
    {READ_RSSI, 2},
};

#define NO_COMMAND 0x100

static unsigned basic_len(uint16_t opcode)
{
    for (size_t i = 0; i < sizeof(basic) / sizeof(*basic); i++) {
        if (basic[i].opcode == opcode) {
            return basic[i].len;
        }
    }
    return NO_COMMAND;
}

static void of_connection(uint16_t opcode, const uint8_t *p)
{
    switch (opcode) {
    case DISCONNECT:
        disconnect(opcode, p);
        break;
    case READ_REMOTE_VERSION:
        start_with_peer(opcode, p, PROC_VERSION);
        break;
    case READ_TRANSMIT_POWER:
        read_transmit_power(opcode, p);
        break;
    case READ_RSSI:
        read_rssi(opcode, p);
        break;
    default:
        payload_timeout(opcode, p);
        break;
    }
}

static void basic_command(uint16_t opcode, const uint8_t *p)
{
    switch (opcode) {
    case RESET:
        reset();
        answer(opcode, OK);
        break;
    case SET_EVENT_MASK:
        memcpy(ll.event_mask, p, 8);
        answer(opcode, OK);
        break;
    case SET_EVENT_MASK_2:
        memcpy(ll.event_mask_2, p, 8);
        answer(opcode, OK);
        break;
    case SET_HOST_FLOW_CONTROL:
        set_host_flow_control(opcode, p);
        break;
    case HOST_BUFFER_SIZE:
        host_buffer_size(opcode, p);
        break;
    case READ_VERSION:
        read_version(opcode);
        break;
    case READ_COMMANDS:
        read_commands(opcode);
        break;
    case READ_FEATURES:
        read_features(opcode);
        break;
    case READ_BUFFER_SIZE:
        read_buffer_size(opcode);
        break;
    case READ_BD_ADDR:
        read_address(opcode);
        break;
    default:
        of_connection(opcode, p);
        break;
    }
}

void controller_command(const uint8_t *command, size_t len)
{
    uint16_t opcode;
    unsigned expected;

    if (len < 3) {
        return;
    }
    opcode = get16(command);
    if (command[2] != len - 3) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    if (opcode == HOST_COMPLETED_PACKETS) {
        host_completed_packets(opcode, command + 3, len - 3);
        return;
    }
    expected = basic_len(opcode);
    if (expected == NO_COMMAND) {
        if (!le_command(opcode, command + 3, len - 3)) {
            event_status(opcode, UNKNOWN_COMMAND);
        }
    } else if (expected == len - 3) {
        basic_command(opcode, command + 3);
    } else {
        answer(opcode, INVALID_PARAMETERS);
    }
}

/* ---- the main loop ---- */

/* Connections that the interrupt made. */
static void announce(void)
{
    for (unsigned i = 0; i < LL_CONNECTIONS; i++) {
        struct conn *c = &ll.conn[i];

        if (c->announce) {
            c->announce = false;
            event_connection(c, OK);
            event_csa(c);
            data_new(c);
        }
    }
    if (ll.adv_timed_out) {
        ll.adv_timed_out = false;
        conn_unreserve(ll.adv.handle);
        event_connection_failed(ADVERTISING_TIMEOUT, 1);
    }
}

/* After all that was received has gone to the host. */
static void bury(struct conn *c)
{
    data_completed(c);
    data_drop(c);
    if (c->enc_step && c->central) {
        event_encryption(c, c->reason, false);
    }
    event_disconnected(c->handle, c->reason);
    memset(&c->session, 0, sizeof(c->session));
    memset(c->ltk, 0, sizeof(c->ltk));
    c->state = CONN_FREE;
}

static bool in_out(const struct conn *c)
{
    for (unsigned i = 0; i < ll.out_count; i++) {
        if (ll.rx[ll.out[i]].handle == c->handle) {
            return true;
        }
    }
    return false;
}

/* True: there is more to do. */
static bool connection_work(struct conn *c, bool all_received)
{
    if (c->announce) {
        return true; /* it came after announce() */
    }
    if (c->state == CONN_CLOSED && all_received && !in_out(c)) {
        bury(c);
    } else if (c->state == CONN_CREATED || c->state == CONN_ESTABLISHED) {
        data_completed(c);
        control_work(c);
        data_send(c);
        return c->state == CONN_CLOSED;
    }
    return false;
}

bool controller_work(void)
{
    struct ended ended;
    bool unread, more;

    if (!event_flush()) {
        return false;
    }
    while (event_room() && ll_take_ended(&ended)) {
        event_ended(&ended);
    }
    announce();
    unread = more = data_received();
    for (unsigned i = 0; i < LL_CONNECTIONS; i++) {
        more |= connection_work(&ll.conn[i], !unread);
    }
    more |= le_p256_work();
    return more;
}
