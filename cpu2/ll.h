/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll.h - inside the BLE controller: its state, and where its files meet.
 *
 *     hci_controller.c hci_le.c   commands, main loop        ll_schedule.c  who has the radio when
 *     hci_events.c                events, main loop          ll_adv.c       advertiser
 *     ll_data.c                   ACL <-> PDUs, main loop    ll_scan.c      scanner
 *     ll_control.c ll_update.c    LL procedures, main loop   ll_init.c      initiator
 *     ll_encrypt.c                encryption, main loop      ll_conn.c      connection events
 *     crypto_aes.c crypto_p256.c  algorithms                 ll_channel.c   channel selection
 *
 * What is on the right runs in the radio's interrupt, which decides within 90 us, so it only moves
 * PDUs: what they mean, and all cryptography, waits for the main loop. The main loop
 * touches what the interrupt touches under radio_lock(). Queues between the two have one writer
 * each.
 *
 * Section numbers are of the Bluetooth Core Specification 5.2, Vol 6 Part B unless they say more.
 */
#ifndef CPU2_LL_H
#define CPU2_LL_H

#include <string.h>

#include "crypto.h"
#include "hci.h"
#include "radio.h"

#define LL_CONNECTIONS 8
#define LL_RX 10     /* received PDUs on their way to the main loop */
#define LL_ACL 8     /* ACL packets of the host's */
#define LL_TX 2      /* PDUs of a connection that are ready for the air; a power of two */
#define LL_CONTROL 4 /* control PDUs of a connection that wait for LL_TX */
#define LL_CONTROL_MAX 27
#define LL_FILTER 16    /* entries of the filter accept list */
#define LL_SEEN 32      /* advertisers that the duplicates filter remembers */
#define LL_BACKLOG 1024 /* octets of events that the router had no room for */

#define T_IFS_US 150
#define ADV_ACCESS_ADDRESS 0x8E89BED6u
#define ADV_CRC_INIT 0x555555u
#define DATA_OCTETS_MIN 27
#define DATA_OCTETS_MAX 251
#define DATA_TIME_MIN_US 328
#define DATA_TIME_MAX_US 2120
#define MIC_LEN 4

/* Company: "internal use"; this is nobody's product. Version 5.2. */
#define LL_VERSION 0x0B
#define LL_COMPANY 0xFFFF
#define LL_SUBVERSION 0x0001

/* Encryption, connection parameters request, extended reject, peripheral-initiated features
 * exchange, ping, data length extension; 2M PHY; channel selection algorithm #2. */
#define LL_FEATURES 0x413Fu

/* Vol 1 Part F */
enum {
    OK = 0x00,
    UNKNOWN_COMMAND = 0x01,
    UNKNOWN_CONNECTION = 0x02,
    AUTHENTICATION_FAILURE = 0x05,
    KEY_MISSING = 0x06,
    MEMORY_FULL = 0x07,
    CONNECTION_TIMEOUT = 0x08,
    CONNECTION_LIMIT = 0x09,
    COMMAND_DISALLOWED = 0x0C,
    UNSUPPORTED = 0x11,
    INVALID_PARAMETERS = 0x12,
    REMOTE_TERMINATED = 0x13,
    LOCAL_TERMINATED = 0x16,
    UNSUPPORTED_REMOTE = 0x1A,
    INVALID_LL_PARAMETERS = 0x1E,
    UNSPECIFIED = 0x1F,
    UNSUPPORTED_LL_PARAMETER = 0x20,
    RESPONSE_TIMEOUT = 0x22,
    COLLISION = 0x23,
    INSTANT_PASSED = 0x28,
    DIFFERENT_COLLISION = 0x2A,
    UNACCEPTABLE_PARAMETERS = 0x3B,
    ADVERTISING_TIMEOUT = 0x3C,
    MIC_FAILURE = 0x3D,
    NOT_ESTABLISHED = 0x3E,
};

enum { LLID_CONTINUE = 1, LLID_START = 2, LLID_CONTROL = 3 };

/* ---- ll_schedule.c ---- */

enum { ROLE_SCAN, ROLE_ADV, ROLE_CONN };

/* Something that wants the radio at a time. */
struct activity {
    uint32_t at;     /* when its radio event starts */
    uint16_t length; /* what it needs at least, us */
    uint8_t role;
    uint8_t missed; /* events in a row that others had the radio */
    bool armed;
};

/* What is due may begin; it has the radio until ll_release(). Interrupt, or locked. */
void ll_schedule(void);
void ll_release(struct activity *a);
void ll_arm(struct activity *a, uint32_t at);
void ll_disarm(struct activity *a); /* takes the radio from it too */
/* When others that matter more than scanning want the radio; at most a second from now. */
uint32_t ll_free_until(const struct activity *a);
uint32_t ll_random(void); /* for what is not secret; works in interrupts */
/* The radio to an advertising channel. */
void ll_tune_advertising(uint8_t channel);

static inline bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

/* ---- ll_channel.c ---- */

struct channels {
    uint8_t map[5];
    uint8_t used[37];
    uint8_t count;
};

bool ll_channels_set(struct channels *channels, const uint8_t map[5]); /* false: fewer than two */
uint8_t ll_channel_1(const struct channels *channels, unsigned unmapped);
uint8_t ll_channel_2(const struct channels *channels, uint32_t access_address, uint16_t event);

/* ---- advertising PDUs ---- */

enum {
    ADV_IND,
    ADV_DIRECT_IND,
    ADV_NONCONN_IND,
    SCAN_REQ,
    SCAN_RSP,
    CONNECT_IND,
    ADV_SCAN_IND,
};
#define ADV_TYPE 0x0F
#define ADV_CHSEL 0x20
#define ADV_TXADD 0x40
#define ADV_RXADD 0x80

struct address {
    uint8_t octets[6];
    uint8_t random; /* 0 or 1 */
};

/* An activity gave the radio back; what comes next, as far as is known. */
struct ended {
    uint8_t last, next, last_slot, next_slot; /* of ACI_HAL_END_OF_RADIO_ACTIVITY_EVENT */
    uint32_t next_at;
};
#define LL_ENDED 4 /* that wait to be told; what finds no place is not */
/* The oldest one, taken out. False: there is none. Main loop. */
bool ll_take_ended(struct ended *ended);

struct advertiser {
    struct activity activity;
    bool enabled;
    uint8_t step, channel, type;
    uint8_t map, filter_policy, own_type, direct_type;
    uint16_t interval_min, interval_max;
    uint8_t direct[6];
    uint8_t data[31], data_len, response[31], response_len;
    uint32_t interval_us, give_up; /* give_up: of high duty cycle directed advertising */
    bool ends;                     /* has such an end */
    uint8_t which;                 /* the one of each pair that is on the air */
    uint8_t pdu[2][39], response_pdu[2][39];
    uint8_t handle; /* connection set aside for a connectable one */
};

struct scanner {
    struct activity activity;
    bool enabled, active, filter_duplicates;
    uint8_t filter_policy, own_type;
    uint16_t interval, window; /* 625 us */
    uint8_t step, channel;
    uint32_t begin, end; /* of the window */
    uint8_t request[14];
    uint8_t advertiser[7]; /* of the SCAN_REQ under way: address and its type */
    uint8_t upper_limit, backoff, failures, successes; /* 4.4.3.2 */
    struct {
        uint8_t address[6], kind;
    } seen[LL_SEEN];
    uint8_t seen_count, seen_next;
};

struct initiator {
    bool enabled;
    bool by_list;
    uint16_t interval, window;
    struct address peer;
    uint8_t own_type;
    uint8_t handle;      /* connection set aside */
    uint8_t pdu[36];     /* CONNECT_IND */
    uint8_t sending[36]; /* the one for the advertiser that was heard */
    uint16_t conn_interval;
    uint32_t free_anchor; /* an anchor that keeps clear of other connections */
};

/* ---- connections ---- */

enum { CONN_FREE, CONN_RESERVED, CONN_CREATED, CONN_ESTABLISHED, CONN_CLOSED };
enum { TX_CONTROL = 1, TX_LAST = 2, TX_TERMINATE = 4, TX_ENCRYPT = 8 };

struct tx_pdu {
    uint8_t flags;
    uint8_t pdu[2 + DATA_OCTETS_MAX + MIC_LEN];
};

struct control_pdu {
    uint8_t flags, len;
    uint8_t pdu[LL_CONTROL_MAX];
};

struct update { /* LL_CONNECTION_UPDATE_IND */
    uint16_t window_offset, interval, latency, timeout, instant;
    uint8_t window_size;
};

struct data_length {
    uint16_t tx_octets, tx_time, rx_octets, rx_time;
};

struct conn {
    struct activity activity;
    uint8_t state, handle;
    bool central, announce, csa2, synced;
    uint8_t reason; /* of its end */
    uint8_t own_type;
    struct address peer;

    /* the radio's side */
    uint32_t access_address, crc_init;
    struct channels channels;
    uint16_t interval, latency, timeout; /* 1.25 ms, events, 10 ms */
    uint16_t event;                      /* the next or current one */
    uint16_t events_without;             /* sync, while CONN_CREATED */
    uint8_t hop, unmapped, channel, peer_sca_ppm_index;
    uint32_t anchor;    /* where event starts */
    uint32_t window_us; /* transmit window, or 0 */
    uint32_t synced_at; /* last anchor heard, or the start of the transmit window */
    uint32_t heard_at;  /* last good packet */
    uint8_t step, crc_errors;
    uint8_t sn, nesn;
    bool more, peer_more, ack_due, heard_in_event;
    uint8_t skipped; /* events that latency lets us skip before this one */
    uint8_t tx_phy, rx_phy;
    int8_t rssi;
    uint8_t sending; /* 0 nothing unacknowledged, 1 an empty PDU, 2 the oldest of tx */
    uint8_t empty[2];

    /* from the main loop to the interrupt */
    struct tx_pdu tx[LL_TX];
    volatile uint8_t tx_in, tx_out; /* free running */
    volatile uint8_t closing;       /* a reason: end it once what was received is acknowledged */
    volatile bool close_now;
    volatile bool update_pending, map_pending, phy_pending;
    struct update update;
    struct channels new_channels;
    uint16_t map_instant, phy_instant;
    uint8_t new_tx_phy, new_rx_phy;
    bool update_applied, phy_applied;   /* to the next event, which is the instant's */
    volatile bool updated, phy_updated; /* the instant came: tell the host */

    /* main loop */
    volatile uint8_t completed; /* ACL packets acknowledged: interrupt counts up */
    uint8_t completed_told;
    uint8_t acl[LL_ACL], acl_count; /* indices of ll.acl, oldest first */
    uint16_t acl_offset;
    uint16_t given; /* ACL packets that the host has yet to return (host flow control) */
    struct control_pdu control[LL_CONTROL];
    uint8_t control_count;
    struct data_length max, remote; /* connMax..., what the peer said */
    struct data_length effective, told;

    /* procedures */
    uint32_t wanted;     /* bits of enum procedure that wait for their turn */
    uint8_t local;       /* procedure of ours under way */
    uint8_t remote_proc; /* procedure of the peer's under way that waits for more */
    uint32_t local_deadline, remote_deadline;
    bool terminating;
    bool features_known, version_known, version_sent;
    bool features_wanted, version_wanted, phy_wanted, update_wanted; /* the host waits for it */
    bool no_length; /* the peer has no such procedure */
    uint8_t terminate_reason;
    uint8_t features[8], version[5];
    uint8_t want_update[8];  /* interval min, max, latency, timeout */
    uint8_t param_update[8]; /* the same, of the peer's request */
    uint8_t param_offsets[14];
    bool param_requested; /* the host has not replied yet */
    uint8_t want_tx_phys, want_rx_phys;

    /* encryption */
    bool tx_encrypted, rx_encrypted, hold_data, key_refresh;
    uint8_t enc_step;
    uint8_t deferred[24], deferred_len; /* a request of the peer's that came in the midst of it */
    uint8_t ltk[16], random_ediv[10], skd[16], iv[8];
    struct aes_key session;
    uint64_t tx_counter, rx_counter;
    uint16_t payload_timeout; /* authenticated, 10 ms */
    uint32_t authenticated_at;
    bool payload_expired;
};

/* ---- received, for the main loop ---- */

struct rx_pdu {
    uint8_t handle; /* connection, or RX_ADV */
    int8_t rssi;
    uint8_t told; /* octets of its payload that the host has */
    uint8_t pdu[RADIO_PDU_MAX];
};
#define RX_ADV 0xFF

struct ring {
    volatile uint8_t in, out; /* free running */
    uint8_t slot[16];
};

struct acl {
    uint16_t len;
    uint8_t flags;
    uint8_t data[DATA_OCTETS_MAX];
};

struct link_layer {
    uint8_t public_address[6];
    int8_t power_dbm;
    uint32_t noise;
    struct activity *owner; /* of the radio */

    /* from here on a reset clears it */
    uint8_t random_address[6];
    bool random_address_set;
    bool adv_timed_out;
    struct advertiser adv;
    struct scanner scan;
    struct initiator init;
    struct conn conn[LL_CONNECTIONS];
    struct {
        uint8_t type, address[6];
    } filter[LL_FILTER];
    uint8_t filter_count;
    uint8_t host_channels[5];
    uint16_t activity_mask;
    struct ended ended[LL_ENDED];
    uint8_t ended_first, ended_count;

    uint8_t event_mask[8], event_mask_2[8], le_event_mask[8];
    uint16_t backlog_len;
    bool flushing;
    bool host_flow;
    uint16_t host_acl_octets, host_acl_free;
    uint16_t default_tx_octets, default_tx_time;
    uint8_t default_tx_phys, default_rx_phys;
    struct p256_job p256;
    uint8_t p256_private[32];
    bool p256_private_valid;
    uint8_t p256_for; /* sub-event code that the job ends in, or 0 */
    uint8_t end_of_reset;

    struct rx_pdu rx[LL_RX];
    struct ring rx_free, rx_done;
    uint8_t rx_now;                /* the radio receives into this one */
    uint8_t out[LL_RX], out_count; /* received data that the host has no room for yet */
    struct acl acl[LL_ACL];
    uint16_t acl_used; /* bits */
    uint8_t backlog[LL_BACKLOG];
};

#ifdef CPU2_ON_HOST
extern struct link_layer *ll_now; /* tests have several controllers in a process */
#define ll (*ll_now)
#else
extern struct link_layer ll;
#endif

/* ---- roles: interrupt ---- */

void adv_begin(void);
void adv_lost(void);
void adv_sent(uint32_t end);
void adv_received(const struct radio_packet *packet);
void adv_nothing(void);
void scan_begin(void);
void scan_lost(void);
void scan_sent(uint32_t end);
void scan_received(const struct radio_packet *packet);
void scan_nothing(void);
void conn_begin(struct conn *c);
void conn_lost(struct conn *c);
void conn_sent(struct conn *c, uint32_t end);
void conn_received(struct conn *c, const struct radio_packet *packet);
void conn_nothing(struct conn *c);

/* ll_adv.c, ll_scan.c, ll_init.c: main loop */
bool adv_enable(void);
void adv_disable(void);
void adv_build(void);
void scan_restart(void); /* after any change of scanner or initiator */
bool init_start(const uint8_t *parameters);
void init_stop(void);

/* ll_init.c: interrupt. True: a CONNECT_IND goes out. */
bool init_heard(const uint8_t *pdu, unsigned len, uint32_t end);
void init_connected(uint32_t end);

/* ll_conn.c */
struct conn *conn_find(unsigned handle); /* one that the host knows */
struct conn *conn_reserve(void);
void conn_unreserve(unsigned handle);
void conn_start(struct conn *c, const uint8_t *connect_ind, uint32_t end, bool central);
void conn_close(struct conn *c, uint8_t reason); /* at once; main loop or interrupt */
void conn_wake(struct conn *c);                  /* has something to send: do not skip events */
/* The first time from `from` on that keeps anchors of this interval clear of other connections; it
 * may take milliseconds to find. */
uint32_t conn_free_anchor(uint16_t interval, uint32_t from, const struct conn *except);

/* ll_data.c: main loop */
void data_reset(void);
bool data_received(void); /* true: there is more */
void data_send(struct conn *c);
void data_new(struct conn *c);
void data_drop(struct conn *c);
void data_completed(struct conn *c);
bool data_idle(const struct conn *c); /* nothing of ours is on its way to the air */
/* The most that fits into a PDU of so much air time. */
unsigned data_octets(unsigned phy, unsigned octets, unsigned time_us);
void data_effective(struct conn *c); /* lengths or PHY changed */
bool own_address(uint8_t type, struct address *address);
bool filter_has(uint8_t random, const uint8_t address[6]); /* interrupt too */
uint8_t *rx_buffer(void);
bool rx_pass(uint8_t handle, int8_t rssi, unsigned keep);

/* ll_control.c: main loop */
enum procedure {
    PROC_NONE,
    PROC_FEATURES,
    PROC_VERSION,
    PROC_LENGTH,
    PROC_UPDATE, /* LL_CONNECTION_UPDATE_IND or LL_CONNECTION_PARAM_REQ */
    PROC_MAP,
    PROC_PHY,
    PROC_ENCRYPT,
    PROC_PING,
    PROC_TERMINATE,
};
void control_received(struct conn *c, const uint8_t *pdu, unsigned len);
void control_work(struct conn *c);
void control_want(struct conn *c, enum procedure procedure);
bool control_send(struct conn *c, const uint8_t *pdu, unsigned len, unsigned flags);
void control_reject(struct conn *c, uint8_t opcode, uint8_t reason);
void control_done(struct conn *c); /* our procedure is over */

/* ll_update.c: procedures that end in an instant, and what the instant did */
void update_start(struct conn *c);
void update_map_start(struct conn *c);
void update_phy_start(struct conn *c);
/* True: it was one of theirs. */
bool update_received(struct conn *c, const uint8_t *pdu);
void update_refused(struct conn *c, enum procedure procedure, uint8_t reason);
void update_instants(struct conn *c);
void update_param_reply(struct conn *c, const uint8_t *parameters); /* of the host's; NULL: no */

/* ll_encrypt.c */
bool encrypt_start(struct conn *c); /* false: not yet */
bool encrypt_received(struct conn *c, const uint8_t *pdu);
void encrypt_refused(struct conn *c, uint8_t reason);
bool encrypt_forbids_data(const struct conn *c);
bool encrypt_reply(struct conn *c, const uint8_t *ltk); /* NULL: no key */
void encrypt_timers(struct conn *c);

/* hci_events.c: main loop */
void event_send(const uint8_t *event, size_t len);
bool event_flush(void); /* true: nothing waits */
bool event_room(void);
void event_complete(uint16_t opcode, const uint8_t *parameters, size_t len);
void event_status(uint16_t opcode, uint8_t status);
/* A command whose only parameter is a connection: its status, and the procedure with the peer
 * begins. */
void start_with_peer(uint16_t opcode, const uint8_t *p, enum procedure procedure);
void event_connection(struct conn *c, uint8_t status);
void event_csa(const struct conn *c);
void event_disconnected(uint16_t handle, uint8_t reason);
void event_report(const struct rx_pdu *rx);
void event_completed(uint16_t handle, uint16_t count);
void event_connection_failed(uint8_t status, uint8_t role);
void event_ended(const struct ended *ended);
void event_update(const struct conn *c, uint8_t status);
void event_data_length(const struct conn *c);
void event_phy(const struct conn *c, uint8_t status);
void event_features(const struct conn *c, uint8_t status);
void event_version(const struct conn *c, uint8_t status);
void event_encryption(const struct conn *c, uint8_t status, bool on);
void event_key_refresh(const struct conn *c, uint8_t status);
void event_ltk_request(const struct conn *c);
void event_param_request(const struct conn *c);
void event_payload_timeout(const struct conn *c);
void event_p256(uint8_t subevent, uint8_t status, const uint8_t *data, size_t len);

/* hci_le.c */
bool le_command(uint16_t opcode, const uint8_t *parameters, size_t len); /* false: unknown */
bool le_p256_work(void);                                                 /* true: there is more */
bool connection_parameters_valid(const uint8_t *p); /* interval min, max, latency, timeout */

/* Main loop and interrupt share a core: only the compiler may reorder what they share. */
static inline void in_order(void)
{
    __asm__ volatile("" ::: "memory");
}

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static inline void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void put32(uint8_t *p, uint32_t value)
{
    put16(p, value);
    put16(p + 2, value >> 16);
}

#endif
